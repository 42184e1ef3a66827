"""Map sheets over the API: the file that was asked for, and clear refusals."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.errors import MissingError
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
