"""Societal risk by API and as a diagram."""

from __future__ import annotations

import math
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from app.fn_diagram import HEIGHT, WIDTH, fn_diagram
from app.societal import limits

SVG = "{http://www.w3.org/2000/svg}"
ROW: dict[str, Any] = {
    "enterprise_id": "E1", "name": "甲<厂>", "pll_per_year": 2e-3, "clause": "GB 36894-2018 图1", "limits": limits(),
    "curve": [{"n": 1, "f": 1e-3, "day": 4e-4, "night": 6e-4}, {"n": 100, "f": 1e-5, "day": 1e-5, "night": 0.0}],
}  # fmt: skip


def lines(svg: str) -> list[list[tuple[float, float]]]:
    """Places of every line of a drawing."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    return [[(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())] for line in found]


def test_a_curve_along_the_upper_line_is_drawn_on_it() -> None:
    """F = 1e-3/N is the line itself: its ends lie on the curve's."""
    drawn = lines(fn_diagram(ROW))
    upper = next(line for line in drawn if len(line) == len(ROW["limits"]))
    assert any(line == [upper[0], upper[2]] for line in drawn)


def test_everything_stays_inside_the_drawing() -> None:
    wild = {**ROW, "curve": [{"n": 1, "f": 10.0, "day": 0.0, "night": 10.0}, {"n": 40_000, "f": 1e-14, "day": 0.0, "night": 1e-14}]}
    for line in lines(fn_diagram(wild, lang="en")):
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT and math.isfinite(x + y) for x, y in line)


@pytest.mark.parametrize(("lang", "words"), [("zh", ("不可接受区", "可接受区", "夜间", "筛查")), ("en", ("unacceptable", "ALARP", "by night", "screening"))])
def test_words_are_of_the_language_and_names_cannot_break_it(lang: str, words: tuple[str, ...]) -> None:
    texts = " ".join(ElementTree.fromstring(fn_diagram(ROW, lang=lang)).itertext())
    assert all(word in texts for word in words) and "甲<厂>" in texts


def test_a_diagram_with_what_is_planned_says_so() -> None:
    assert "含拟建" in fn_diagram({**ROW, "installation": "new"}) and "含拟建" not in fn_diagram({**ROW, "installation": "in_service"})


def test_nobody_around_is_said_and_draws_no_curve() -> None:
    svg = fn_diagram({**ROW, "curve": []})
    assert "影响范围内没有已知的人口" in svg and len([line for line in lines(svg) if len(line) == len(ROW["limits"])]) == 2


def test_an_edition_without_societal_risk_says_so(client: FlaskClient) -> None:
    told = client.get("/api/societal-risk").json
    assert told["enterprises"] == [] == told["not_covered"] and told["limits"][0]["unacceptable_above"] == 1e-3
    missing = client.get("/api/societal-risk/E1")
    assert missing.status_code == 404 and "E1" in missing.json["error"]["message_en"]
    assert client.get("/api/societal-risk/E1/diagram.svg?lang=fr").status_code == 400
    assert client.get("/api/societal-risk/E1?installation=new").status_code == 404
    assert client.get("/api/societal-risk/E1?installation=old").status_code == 400
    assert client.get("/api/features/enterprises/E1").json["properties"]["diagrams"] == []
