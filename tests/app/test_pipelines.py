"""Pipelines and what stands near them, over the API."""

from __future__ import annotations

import io

import openpyxl
import pytest
import shapely
import sqlalchemy as sa
from docx import Document
from flask.testing import FlaskClient

from app.conflict_list import conflict_list
from app.frames import boxes_along
from layers.store import engine_from_url


def test_pipelines_are_listed_with_length_and_chainages(client: FlaskClient) -> None:
    pipeline = client.get("/api/pipelines").json["pipelines"][0]
    assert (pipeline["id"], pipeline["name"]) == ("P1", "东西输气管道")
    # 0.2 degrees of longitude at 30.05° on GRS 80: 0.2 (π a cos φ / 180) / √(1 - e² sin² φ) = 19,287.6 m.
    assert pipeline["length_m"] == pytest.approx(19_287.6, abs=0.5)
    assert pipeline["end_chainage_m"] - pipeline["start_chainage_m"] == pytest.approx(pipeline["length_m"])


def test_conflicts_come_in_chainage_order_with_line_and_clause(client: FlaskClient) -> None:
    told = client.get("/api/pipelines/P1/conflicts?buffer_m=200").json
    buildings = [entry for entry in told["conflicts"] if entry["object"]["layer"] == "buildings"]
    assert [entry["object"]["id"] for entry in buildings] == ["B0", "B1", "B2"]
    first = buildings[0]
    # 0.05 degrees east of the start at K1+000, and 0.00005 degrees of latitude (5.54 m) to the north; a line due
    # east in degrees bends from the straight one of the projection by up to 0.3 m between its ends.
    assert first["chainage_m"] == pytest.approx(1000 + 4822, abs=10)
    assert first["distance_m"] < 10
    # The county's list holds this house as a certain violation with its own number: the line's list says the same.
    assert (first["violation_id"], first["verdict_zh"], first["certainty"]) == ("V1", "禁止", "certain")
    assert [entry["verdict"] for entry in buildings[1:]] == ["possibly_prohibited"] * 2
    assert first["clause"]
    assert first["line"]["type"] == "LineString"
    assert (told["counts"]["prohibited"], told["counts"]["possibly_prohibited"]) == (1, 2)
    assert told["bands"] == [5, 50, 200]
    assert [band["distance_m"] for band in told["permit_bands"]] == [0, 50, 100, 200, 500]
    assert first["works_rules"] == ["PIPE-L35-2a", "PIPE-L35-3a"]
    assert "不代替现场探测" in told["warning_zh"]


def test_stretch_leaves_out_what_lies_beyond_it(client: FlaskClient) -> None:
    told = client.get("/api/pipelines/P1/conflicts?from_m=5000&to_m=6200").json
    assert {entry["object"]["id"] for entry in told["conflicts"]} == {"B0"}


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("none/conflicts", 404, None), ("P1'--/conflicts", 404, None), ("P1/conflicts?buffer_m=0", 400, "buffer_m"),
        ("P1/conflicts?buffer_m=1001", 400, "buffer_m"), ("P1/conflicts?buffer_m=nan", 400, "buffer_m"),
        ("P1/conflicts?from_m=-1", 400, "from_m"), ("P1/conflicts?from_m=x", 400, "from_m"),
        ("P1/conflicts?from_m=9000&to_m=8000", 400, "from_m"), ("P1/conflicts?to_m=1e9", 400, "to_m"),
        ("P1/conflicts?from_m=K99%2B000", 400, "from_m"), ("P1/place?at=K999%2B000", 400, "chainage_m"),
        ("P1/place?at=K1x", 400, "at"), ("P1/place?lon=120", 400, "lat"), ("P1/place", 400, "lon"), ("none/place?at=1", 404, None),
    ],
)  # fmt: skip
def test_wrong_query_is_refused(client: FlaskClient, path: str, status: int, field: str | None) -> None:
    answer = client.get(f"/api/pipelines/{path}")
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)


def test_place_of_a_chainage_and_chainage_of_a_place_are_inverse(client: FlaskClient) -> None:
    (place,) = client.get("/api/pipelines/P1/place?at=K6%2B820").json["places"]
    assert (place["written"], place["side"]) == ("K6+820", None)
    (back,) = client.get(f"/api/pipelines/P1/place?lon={place['lon']}&lat={place['lat'] + 0.0001}").json["places"]
    assert back["chainage_m"] == pytest.approx(6820, abs=0.01) and back["side"] == "left"
    assert back["distance_m"] == pytest.approx(11.09, abs=0.02)


def test_boxes_along_a_line_hold_all_that_is_near_it() -> None:
    line = shapely.from_wkt("MULTILINESTRING ((0 0, 3000 10, 3000 2500), (9000 0, 9100 0))")
    boxes = shapely.union_all([shapely.box(*box) for box in boxes_along(line, 200.0)])
    assert shapely.covers(boxes, shapely.buffer(line, 200.0, cap_style="flat"))
    assert not shapely.intersects(boxes, shapely.Point(6000, 0))


def test_line_of_an_assumed_kind_says_so_with_every_answer(client: FlaskClient, database_url: str) -> None:
    engine = engine_from_url(database_url)
    change = sa.text("UPDATE edition_1.pipelines SET is_kind_assumed = :is_assumed WHERE feature_id = 'P1'")
    with engine.begin() as connection:
        connection.execute(change, {"is_assumed": True})
    told = client.get("/api/pipelines/P1/conflicts").get_json()
    with engine.begin() as connection:
        connection.execute(change, {"is_assumed": None})
    engine.dispose()
    assert "假设" in told["warning_zh"] and "assumption" in told["warning_en"]


def test_crossings_come_in_chainage_order_with_angle_and_place(client: FlaskClient) -> None:
    told = client.get("/api/pipelines/P1/crossings").json
    chainages = [entry["chainage_m"] for entry in told["crossings"]]
    assert chainages == sorted(chainages)
    assert all(entry["object"]["id"] != "P1" for entry in told["crossings"])
    assert all(entry["angle_deg"] is None or 0 <= entry["angle_deg"] <= 90 for entry in told["crossings"])
    assert client.get("/api/pipelines/none/crossings").status_code == 404


def test_list_on_paper_has_the_rows_asked_for_with_warning_and_entry(client: FlaskClient) -> None:
    book = openpyxl.load_workbook(io.BytesIO(client.get("/api/pipelines/P1/conflict-list?format=xlsx&bands=200").data))
    assert not [row for row in book.active.iter_rows(values_only=True) if row[0] == 1]
    told = client.get("/api/pipelines/P1/conflict-list?format=xlsx&from_m=K5%2B000&to_m=6200")
    rows = list(openpyxl.load_workbook(io.BytesIO(told.data)).active.iter_rows(values_only=True))
    listed = [row for row in rows if isinstance(row[0], int)]
    assert [(row[1][:4], row[9]) for row in listed] == [("K5+8", "禁止")] and any("不代替现场探测" in str(row[0]) for row in rows)
    paper = Document(io.BytesIO(client.get("/api/pipelines/P1/conflict-list?lang=en").data))
    assert paper.sections[0].page_width > paper.sections[0].page_height
    assert len(paper.tables[0].rows) == 4 and "Prohibited 1    Possibly prohibited 2" in paper.paragraphs[3].text


@pytest.mark.parametrize(("query", "field"), [("format=pdf", "format"), ("bands=5,far", "bands"), ("bands=2000", "bands"), ("lang=fr", "lang")])
def test_list_that_cannot_be_is_refused_by_field(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/api/pipelines/P1/conflict-list?{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


@pytest.mark.parametrize(("lang", "known", "in_doubt"), [("zh", "左", "左(存疑)"), ("en", "left", "left (in doubt)")])
def test_side_is_in_doubt_where_the_error_exceeds_the_distance(lang: str, known: str, in_doubt: str) -> None:
    common = {
        "chainage_m": 100.0, "object": {"name": "甲", "id": "B1", "category": None}, "required_m": 5.0, "clause": None, "rule_id": None,
        "verdict_zh": "禁止", "verdict_en": "prohibited", "verdict": "prohibited", "certainty": None, "is_historic": False, "entry": None,
    }
    places = [("left", 9.4, 100.5), ("left", 100.6, 100.5), ("left", 9.4, None), ("on", 0.0, 3.0)]
    rows = [common | {"side": side, "distance_m": distance_m, "error_m": error_m} for side, distance_m, error_m in places]
    answer = {"pipeline": {"name": "线", "id": "P1"}, "warning_zh": "", "warning_en": ""}
    made = conflict_list(answer, rows, asked="", edition="", as_of="", lang=lang)
    assert [str(row[2]).lower() for row in made.rows][:3] == [in_doubt, known, known]
    assert in_doubt not in str(made.rows[3][2]).lower()
