"""Map sheets over the API: the file that was asked for, and clear refusals."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

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
