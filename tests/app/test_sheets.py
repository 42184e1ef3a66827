"""Map sheets over the API: the file that was asked for, and clear refusals."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pypdf
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.atlas import Given, frame_of, last_page
from app.atlas_pages import atlas_pages
from app.errors import MissingError, RequestError
from app.export.canvas import Canvas
from app.export.layout import sheet_layout
from app.export.sheet import draw_sheet
from app.frames import FrameMemory
from app.pinned import pinned_edition
from app.sheets import sheet_data, sheet_spec, whole_area
from layers.catalog import load_catalog
from layers.store import engine_from_url

ASKED = {
    "title": "小样县安全风险四色图", "layers": ["risk_zones", "pipelines", "enterprises"],
    "extent": [120.0, 30.0, 120.2, 30.2],
}  # fmt: skip


@pytest.mark.parametrize(
    ("file_format", "mimetype", "begins"),
    [("pdf", "application/pdf", b"%PDF"), ("png", "image/png", b"\x89PNG"), ("svg", "image/svg+xml", b"<?xml")],
)
def test_sheet_comes_in_the_format_asked_for(
    client: FlaskClient, file_format: str, mimetype: str, begins: bytes
) -> None:
    answer = client.post("/api/sheets", json=ASKED | {"format": file_format})
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == mimetype
    assert answer.data.startswith(begins)
    assert f".{file_format}" in answer.headers["Content-Disposition"]


def test_sheet_is_of_the_edition_and_says_so(client: FlaskClient) -> None:
    answer = client.post("/api/sheets", json=ASKED | {"paper": "A3"})
    page = pypdf.PdfReader(io.BytesIO(answer.data)).pages[0]
    assert page.mediabox.width / 72 * 25.4 == pytest.approx(420, abs=0.5)
    assert "2026Q2" in page.extract_text().replace("年第2季度", "Q2")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"paper": "A0"}, "paper"), ({"format": "exe"}, "format"), ({"orientation": "up"}, "orientation"),
        ({"lang": "fr"}, "lang"), ({"layers": []}, "layers"), ({"layers": ["nothing"]}, "layers"),
        ({"layers": "enterprises"}, "layers"), ({"layers": ["population"]}, "layers"), ({"layers": [["a"]]}, "layers"),
        ({"extent": [0, 0, 1]}, "extent"), ({"extent": [120.2, 30, 120, 30.2]}, "extent"),
        ({"extent": [1, 1, 2, 2]}, "extent"), ({"extent": [-180, -90, 180, 90]}, "extent"),
        ({"extent": [120, 30, "x", 30.2]}, "extent"), ({"center": [120.1, 30.1]}, "extent"), ({"scale": 0}, "scale"),
        ({"scale": True}, "scale"), ({"title": "x" * 61}, "title"), ({"title": None}, "title"),
        ({"colour": "pink"}, "colour"), ({"policy": "none"}, "policy"),
    ],
)  # fmt: skip
def test_sheet_that_cannot_be_is_refused(client: FlaskClient, change: dict[str, Any], field: str) -> None:
    answer = client.post("/api/sheets", json=ASKED | change)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_centre_and_scale_do_instead_of_an_extent(client: FlaskClient) -> None:
    asked = {key: value for key, value in ASKED.items() if key != "extent"} | {"center": [120.1, 30.1]}
    assert client.post("/api/sheets", json=asked).json["error"]["field"] == "scale"
    assert client.post("/api/sheets", json=asked | {"scale": 10000}).status_code == 200


def test_sheet_of_another_jurisdiction_says_so(client: FlaskClient, database_url: str) -> None:
    engine = engine_from_url(database_url)
    change = sa.text(
        "UPDATE edition_1.meta SET value = jsonb_set(value, '{jurisdiction}', to_jsonb(CAST(:law AS text))) "
        "WHERE key = 'area'"
    )
    with engine.begin() as connection:
        connection.execute(change, {"law": "TW"})
    content = client.post("/api/sheets", json=ASKED | {"format": "pdf"}).data
    with engine.begin() as connection:
        connection.execute(change, {"law": "CN"})
    engine.dispose()
    text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    assert "非当地法律" in text


def test_check_tells_scale_frame_and_layers_that_would_be_missing(client: FlaskClient) -> None:
    wanted = {**ASKED, "layers": ["risk_zones", "buildings"], "scale": 500_000}
    answer = client.post("/api/sheets/check", json=wanted).json
    assert (answer["scale"], [layer["id"] for layer in answer["hidden"]]) == (500_000, ["buildings"])
    assert answer["frame"]["type"] == "Polygon"
    public = client.post("/api/sheets/check", json={**wanted, "layers": ["risk_zones", "pipelines"], "secrecy": "公开", "approval_number": "S1"})
    assert [layer["id"] for layer in public.json["not_public"]] == ["pipelines"]


def test_public_sheet_needs_its_number_and_never_shows_a_pipeline(client: FlaskClient) -> None:
    wish = ASKED | {"secrecy": "公开"}
    refused = client.post("/api/sheets", json=wish)
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "approval_number")
    text = pypdf.PdfReader(io.BytesIO(client.post("/api/sheets", json=wish | {"approval_number": "川S01"}).data)).pages[0].extract_text()
    assert "川S01" in text and "东西输气管道" not in text and "红星" not in text


@pytest.mark.parametrize(("lang", "secrecy", "printed"), [("zh", "内部使用", "内部使用"), ("en", "内部使用", "Internal use"), ("en", "公开", "Public")])
def test_handling_mark_is_printed_in_the_language_of_the_sheet(client: FlaskClient, lang: str, secrecy: str, printed: str) -> None:
    wish = ASKED | {"format": "pdf", "lang": lang, "secrecy": secrecy, "approval_number": "S1"}
    words = pypdf.PdfReader(io.BytesIO(client.post("/api/sheets", json=wish).data)).pages[0].extract_text()
    assert [mark for mark in ("内部使用", "Internal use", "公开", "Public") if mark in words] == [printed]


def test_figure_brings_its_caption_along(client: FlaskClient) -> None:
    answer = client.post("/api/sheets", json=ASKED | {"kind": "figure", "format": "png", "dpi": 72})
    assert answer.data.startswith(b"\x89PNG")
    assert "1%3A" in answer.headers["Sheet-Caption"]


@pytest.mark.parametrize(
    ("change", "field"),
    [({"marks": ["dragon"]}, "marks"), ({"turn_deg": 999}, "turn_deg"), ({"background": "pink"}, "background"),
     ({"hatch": "yes"}, "hatch"), ({"date": "today"}, "date"), ({"kind": "poster"}, "kind"), ({"secrecy": "绝密"}, "secrecy")],
)  # fmt: skip
def test_wish_that_cannot_be_is_named(client: FlaskClient, change: dict[str, Any], field: str) -> None:
    answer = client.post("/api/sheets", json=ASKED | change)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


ATLAS = {"title": "图册", "layers": ["risk_zones", "towns"], "paper": "A4"}


def test_atlas_is_a_job_that_can_be_taken_back_and_made_again(client: FlaskClient) -> None:
    asked = client.post("/api/atlases", json=ATLAS)
    assert (asked.status_code, asked.json["state"], asked.json["n_pages"]) == (202, "waiting", 5)
    job = asked.json["job_id"]
    assert [entry["job_id"] for entry in client.get("/api/atlases").json["atlases"]] == [job]
    assert client.get(f"/api/atlases/{job}/file").status_code == 409
    assert client.post(f"/api/atlases/{job}/cancel").json["state"] == "cancelled"
    again = client.post(f"/api/atlases/{job}/again")
    assert (again.status_code, again.json["edition"]) == (202, 1)
    assert client.get("/api/atlases/999999").status_code == 404
    assert client.post("/api/atlases", json=ATLAS | {"towns": ["无此镇"]}).json["error"]["field"] == "towns"


def test_atlas_has_a_page_for_each_row_that_was_ticked(server: Flask) -> None:
    catalog = load_catalog()
    with server.test_request_context(), pinned_edition() as pinned:
        given = Given(pinned.connection, pinned.facts, catalog, FrameMemory(catalog))
        rows = {"layer": "enterprises", "ids": ["E2", "E1", "E2"]}
        pages = atlas_pages(catalog, {"rows": rows}, lambda layer_id: frame_of(given, layer_id))
        with pytest.raises(RequestError):
            atlas_pages(catalog, {"rows": rows, "towns": ["东镇"]}, lambda layer_id: frame_of(given, layer_id))
    assert [page.name for page in pages] == ['O\'Neil "50%" 食品厂', "红星化工有限公司"]
    assert all(page.mark is not None and shapely.contains(page.outline, page.mark) for page in pages)


@pytest.mark.parametrize(
    "rows", [{"layer": "enterprises", "ids": ["NOBODY"]}, {"layer": "enterprises", "ids": ["E1", "E/3"]}, {"layer": "nothing", "ids": ["1"]}, {"layer": "enterprises", "ids": []},
             {"layer": "enterprises", "ids": [1]}, {"layer": "enterprises"}, ["1"], {"layer": "relief", "ids": ["1"]}],
)  # fmt: skip
def test_rows_that_cannot_be_pages_are_refused(client: FlaskClient, rows: Any) -> None:
    answer = client.post("/api/atlases", json=ATLAS | {"rows": rows})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "rows")


def test_worker_draws_the_atlas_that_was_asked_for(client: FlaskClient, engine: sa.Engine, tmp_path: Path) -> None:
    from app.atlas import atlas_job, forget_old, kept_atlas

    told: list[tuple[int, int]] = []
    result = atlas_job(engine, load_catalog(), tmp_path, lambda n, of: told.append((n, of)), edition=1, request=ATLAS)
    assert told == [(n, 5) for n in range(5)]
    path = kept_atlas(tmp_path, result["file"])
    assert len(pypdf.PdfReader(path).pages) == 5
    forget_old(tmp_path / "sheets", now=path.stat().st_mtime + 31 * 86400)
    with pytest.raises(MissingError):
        kept_atlas(tmp_path, result["file"])


def drawn_ids(connection: sa.Connection, facts: Any, flt: str, layers: list[str]) -> dict[str, set[str]]:
    """Features of a sheet by layer."""
    catalog = load_catalog()
    spec = sheet_spec(facts, catalog, ASKED | {"layers": layers, "flt": flt}, rules_version="r")
    data = sheet_data(connection, facts, catalog, FrameMemory(catalog), spec, [whole_area(facts)])
    return {layer_id: set(frame["feature_id"]) for layer_id, frame in data.layers.items()}


def test_atlas_counts_all_that_is_not_rated_however_many() -> None:
    points = pd.DataFrame({"name": [f"厂{n}" for n in range(1000)] + ["甲厂"], "level": ["unrated"] * 1000 + ["red"]})
    facts = SimpleNamespace(policies=[{"id": "p"}], policy="p", area={}, meta={})
    given = SimpleNamespace(connection=None, facts=facts, frames=SimpleNamespace(within=lambda *asked: {"risk_points": points}))
    assert len(last_page(cast(Given, given), "zh", (0.0, 0.0, 1.0, 1.0)).unrated) == 1000


def test_sheet_draws_what_the_filter_of_the_screen_leaves(server: Flask) -> None:
    with server.test_request_context("/"), pinned_edition() as pinned:
        def drawn(flt: str) -> dict[str, set[str]]:
            return drawn_ids(pinned.connection, pinned.facts, flt, ["risk_zones", "enterprises", "risk_points"])

        assert drawn("")["risk_points"] == {"R1", "R2"}
        assert drawn("risk_points.level:red") == drawn("") | {"risk_points": {"R1"}}
        assert drawn("risk_zones.class:1")["risk_zones"] == {"Z1"}
        by_source = drawn("enterprises.kind:general")
        assert (by_source["enterprises"], by_source["risk_points"]) == ({"E2"}, {"R2"})


def test_sheet_says_that_it_is_filtered_and_the_check_says_how(client: FlaskClient) -> None:
    asked = ASKED | {"layers": ["risk_points", "pipelines"], "flt": "risk_points.level:red,orange", "lang": "en"}
    assert client.post("/api/sheets/check", json=asked).json["filter"] == "Risk points Risk level=Major/High"
    text = pypdf.PdfReader(io.BytesIO(client.post("/api/sheets", json=asked).data)).pages[0].extract_text()
    assert "Filtered, drawn are only:" in text and "Major/High" in text


def test_numbers_that_paper_leaves_out_are_told_where_the_screen_has_them(client: FlaskClient) -> None:
    def told(**change: Any) -> list[str]:
        asked = ASKED | {"layers": ["risk_points"], "center": [120.1, 30.1]} | change
        asked.pop("extent")
        return [layer["id"] for layer in client.post("/api/sheets/check", json=asked).json["gathered"]]

    assert told(scale=300_000) == ["risk_points"]
    assert told(scale=50_000) == []
    assert told(scale=300_000, flt="risk_points.level:blue") == []


@pytest.mark.parametrize("flt", ["risk_points", "nothing.level:red", "unit_chemicals.cas:1", "risk_points.secret:1"])
def test_filter_that_cannot_be_is_refused(client: FlaskClient, flt: str) -> None:
    answer = client.post("/api/sheets", json=ASKED | {"layers": ["risk_points"], "flt": flt})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "flt")


def test_filtered_points_are_drawn_singly_at_every_scale_as_on_the_screen(server: Flask) -> None:
    catalog = load_catalog()

    def n_symbols(flt: str) -> int:
        asked = {"title": "x", "layers": ["risk_points"], "center": [120.1, 30.1], "scale": 400_000, "format": "svg", "flt": flt}
        spec = sheet_spec(pinned.facts, catalog, asked, rules_version="r")
        data = sheet_data(pinned.connection, pinned.facts, catalog, FrameMemory(catalog), spec, [whole_area(pinned.facts)])
        canvas = Canvas(sheet_layout(spec.paper, spec.orientation)["page"], file_format="svg")
        return len(draw_sheet(canvas, spec, data).content.icon_boxes)

    with server.test_request_context("/"), pinned_edition() as pinned:
        assert n_symbols("") == 1, "the unrated one is not drawn singly at this scale"
        assert n_symbols("risk_points.level:unrated,red") == 2
