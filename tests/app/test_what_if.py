"""What-if questions over the API and by command: answered in full, refused by field, nothing kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.cli import what_if_command
from app.parts import parts
from app.pinned import pinned_edition
from layers.store import Place, engine_from_url

CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def atlas(atlas_database: str, home: Path) -> Iterator[Flask]:
    app = create_app({"DATABASE_URL": atlas_database, "HOME": home})
    yield app
    app.extensions["riskatlas"].database.engine.dispose()


@pytest.fixture
def client(atlas: Flask) -> FlaskClient:
    return atlas.test_client()


@pytest.fixture(scope="module")
def unit(atlas_database: str) -> Any:
    """A placed unit with one chemical, and a place in the county."""
    engine = engine_from_url(atlas_database)
    with engine.connect() as connection:
        row = connection.execute(sa.text(
            "SELECT unit_id, enterprise_id, min(chemical_name) AS chemical, ST_X(ST_Centroid(geom)) AS lon, ST_Y(ST_Centroid(geom)) AS lat "
            "FROM edition_2.hazard_units JOIN edition_2.unit_chemicals USING (unit_id) WHERE geom IS NOT NULL "
            "GROUP BY 1, 2, 4, 5 HAVING count(*) = 1 ORDER BY 1 LIMIT 1"
        )).one()
    engine.dispose()
    return row


def test_county_takes_the_buildings_that_siting_holds_in_memory(atlas: Flask) -> None:
    with atlas.test_request_context(), pinned_edition() as pinned:
        county = parts().counties.county(pinned.connection, pinned.facts)
        held = parts().frames.whole(pinned.connection, pinned.facts, ["buildings", "roads"])
    assert all(county.frames[name] is held[name] and len(held[name]) for name in ("buildings", "roads"))


def test_new_unit_gains_area_and_is_told_with_its_reason(client: FlaskClient, unit: Any) -> None:
    edit = {"action": "add", "chemical": "氯", "amount_t": 60, "lon": unit.lon + 0.03, "lat": unit.lat}
    answer = client.post("/api/what-if", json={"edits": [edit]}).get_json()
    [source] = answer["sources"]
    assert source["before"] is None and source["after"]["level"] == "red" and source["after"]["reason_zh"]
    before, after = (sum(row[f"area_{side}_km2"] for row in answer["levels"] if row["level"] != "unrated") for side in ("before", "after"))
    assert after > before and answer["changes"]["features"] and answer["zones"]["after"]["features"]
    assert 0 < answer["cells"]["computed"] < answer["cells"]["all"]


@pytest.mark.parametrize("policy", ["weighted_index_2026A", "grid_maximum_2026A", "individual_risk_2026A"])
def test_a_chemical_that_no_table_knows_gains_ground_without_rating(client: FlaskClient, unit: Any, policy: str) -> None:
    edit = {"action": "add", "chemical": "某新化学品", "amount_t": 60, "lon": unit.lon + 0.03, "lat": unit.lat}
    answer = client.post("/api/what-if", json={"edits": [edit], "policy": policy}).get_json()
    [source] = answer["sources"]
    *coloured, unrated = answer["levels"]
    assert source["after"]["level"] == "unrated" and "表1" in source["after"]["reason_zh"]
    assert all(row["area_after_km2"] == row["area_before_km2"] for row in coloured)
    assert unrated["level"] == "unrated" and unrated["area_after_km2"] > unrated["area_before_km2"] > 0
    assert unrated["persons_after"] >= unrated["persons_before"] > 0
    [left_out] = answer["societal"]["not_judged"]
    assert "无法判定" in left_out["reason_zh"]


@pytest.mark.parametrize("policy", ["weighted_index_2026A", "grid_maximum_2026A", "individual_risk_2026A"])
def test_every_policy_tells_contours_and_crossed_criteria(client: FlaskClient, unit: Any, policy: str) -> None:
    edit = {"action": "add", "chemical": "氯", "amount_t": 60, "lon": unit.lon + 0.03, "lat": unit.lat}
    answer = client.post("/api/what-if", json={"edits": [edit], "policy": policy}).get_json()
    risk = answer["risk"]
    new = [row for row in risk["contours"] if row["installation"] == "new"]
    assert answer["policy"] == policy and new and all(row["area_before_km2"] == 0 < row["area_after_km2"] for row in new)
    assert new[0]["before"] is None and new[0]["after"]["type"] == "MultiPolygon"
    assert all({"target_id", "limit_per_year", "risk_after", "is_above", "clause"} <= row.keys() for row in risk["crossed"])
    assert "不作为外部安全防护距离" in risk["note_zh"] and risk["not_assessed"] == []


def test_societal_risk_of_a_new_plant_is_told_before_and_after_with_the_criterion(client: FlaskClient, unit: Any) -> None:
    edit = {"action": "add", "chemical": "氯", "amount_t": 60, "lon": unit.lon + 0.03, "lat": unit.lat}
    societal = client.post("/api/what-if", json={"edits": [edit]}).get_json()["societal"]
    [row] = societal["enterprises"]
    assert row["before"] is None and row["after"]["pll_per_year"] > 0 and row["after"]["curve"][0]["n"] == 1
    assert row["is_crossed"] and row["is_above"] == (row["after"]["band"] == "unacceptable") and "GB 36894" in row["after"]["clause"]
    assert [anchor["n_deaths"] for anchor in societal["limits"]] == [1, 10, 100, 1000] and "筛查" in societal["note_zh"]
    gone = {"edits": [{"action": "remove", "layer": "enterprises", "id": unit.enterprise_id}]}
    assert all(row["after"] is None for row in client.post("/api/what-if", json=gone).get_json()["societal"]["enterprises"])
    policy = client.post("/api/what-if", json={"edits": [], "policy_after": "grid_maximum_2026A"}).get_json()
    assert policy["societal"] is None


def test_unknown_chemical_is_unrated_and_not_harmless(client: FlaskClient, unit: Any) -> None:
    edit = {"action": "add", "chemical": "无此化学品", "amount_t": 900, "lon": unit.lon + 0.03, "lat": unit.lat}
    answer = client.post("/api/what-if", json={"edits": [edit]}).get_json()
    (source,) = answer["sources"]
    assert source["before"] is None and source["after"]["level"] == "unrated" and source["after"]["missing"]


def test_source_is_told_with_the_amounts_that_can_change(client: FlaskClient, unit: Any) -> None:
    told = client.get(f"/api/what-if/enterprises/{unit.enterprise_id}").get_json()
    assert unit.unit_id in [entry["id"] for entry in told["units"]]
    assert client.get("/api/what-if").get_json()["policies"][0]["id"] == "weighted_index_2026A"


def test_question_changes_nothing_that_is_kept(client: FlaskClient, unit: Any, atlas_database: str) -> None:
    body = {"edits": [{"action": "remove", "layer": "enterprises", "id": unit.enterprise_id}]}
    first = client.post("/api/what-if", json=body)
    assert first.status_code == 200 and first.data == client.post("/api/what-if", json=body).data
    assert unit.unit_id in [entry["id"] for entry in client.get(f"/api/what-if/enterprises/{unit.enterprise_id}").get_json()["units"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "edits"),
        ({"edits": [{"action": "explode"}]}, "edits.0.action"),
        ({"edits": [{"action": "amount", "id": "nobody", "amount_t": 5}]}, "edits.0.id"),
        ({"edits": [{"action": "amount", "id": "nobody", "amount_t": -5}]}, "edits.0.amount_t"),
        ({"edits": [{"action": "amount", "id": "nobody", "amount_t": "1e999"}]}, "edits.0.amount_t"),
        ({"edits": [{"action": "add", "chemical": "氯", "amount_t": 1, "lon": 0, "lat": 0}]}, "edits.0.lon"),
        ({"edits": [{"action": "remove", "layer": "roads", "id": "x"}]}, "edits.0.layer"),
        ({"edits": [{"action": "remove", "id": "x", "colour": "red"}]}, "edits.0.colour"),
        ({"edits": [], "policy_after": "my_policy"}, "policy_after"),
        ({"edits": {}}, "edits"),
    ],
)
def test_wrong_question_names_its_field(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/api/what-if", json=body)
    assert answer.status_code == 400 and answer.get_json()["error"]["field"] == field


def test_command_answers_as_the_api_does(client: FlaskClient, unit: Any, atlas_database: str, home: Path, tmp_path: Path) -> None:
    body = {"edits": [{"action": "remove", "id": unit.unit_id}]}
    file = tmp_path / "question.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    place = Place(home, lambda: atlas_database)
    said = CliRunner().invoke(what_if_command, [str(file), "--json"], obj=place)
    assert json.loads(said.output) == client.post("/api/what-if", json=body).get_json()
    lines = CliRunner().invoke(what_if_command, [str(file)], obj=place).output.splitlines()
    assert len([line for line in lines if "km²" in line]) == 5
    english = CliRunner().invoke(what_if_command, [str(file), "--lang", "en"], obj=place).output
    without_names = "\n".join(line.partition("\t")[2] for line in english.splitlines() if " -> " in line and "km²" in line)
    assert "persons" in without_names and not CHINESE.search(without_names)


def site_of(unit: Any, **more: Any) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [unit.lon + 0.03, unit.lat]}
    return {"geometry": place, "project_type": "hazchem", "is_new": True, **more}


def test_hazardous_project_is_told_what_it_would_endanger(client: FlaskClient, unit: Any) -> None:
    answer = client.post("/api/site-checks", json=site_of(unit, chemical="氯", amount_t=60)).get_json()
    asked = {"action": "add", "chemical": "氯", "amount_t": 60, "lon": unit.lon + 0.03, "lat": unit.lat}
    question = client.post("/api/what-if", json={"edits": [asked]}).get_json()
    assert answer["verdict"]["id"] and answer["endangers"]["levels"] == question["levels"]
    assert answer["endangers"]["changes"] == question["changes"]
    kept = client.get(f"/api/site-checks/{answer['ref']}").get_json()
    assert kept["endangers"]["levels"] == answer["endangers"]["levels"]
    assert "endangers" not in client.post("/api/site-checks", json=site_of(unit)).get_json()


@pytest.mark.parametrize(
    ("more", "field"),
    [({"chemical": "氯"}, "amount_t"), ({"amount_t": 5}, "chemical"), ({"chemical": "氯", "amount_t": 5, "project_type": "residential"}, "chemical")],
)
def test_half_told_danger_of_a_site_names_its_field(client: FlaskClient, unit: Any, more: dict[str, Any], field: str) -> None:
    answer = client.post("/api/site-checks", json=site_of(unit, **more))
    assert answer.status_code == 400 and answer.get_json()["error"]["field"] == field
