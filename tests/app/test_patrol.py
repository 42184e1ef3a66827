"""Where inspectors go first, over the API."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.openapi import SCHEMAS
from layers.store import engine_from_url


@pytest.fixture(autouse=True, scope="module")
def dangers(database_url: str) -> Iterator[None]:
    """Two hidden dangers of E1, one of them remedied; a part of E1 that is orange, with a conflict; a town for all."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO edition_1.hidden_dangers (feature_id, danger_id, enterprise_id, severity, description, deadline_on, status)"
            " VALUES ('H1', 'H1', 'E1', 'major', '泄漏报警停用', '2026-05-31', 'open'),"
            " ('H2', 'H2', 'E1', 'general', '标志缺失', '2026-08-31', 'open'),"
            " ('H3', 'H3', 'E1', 'general', '台账不全', '2026-05-31', 'closed')"
        ))  # fmt: skip
        connection.execute(sa.text("UPDATE edition_1.risk_points SET town_name = '东镇'"))
        connection.execute(sa.text(
            "INSERT INTO edition_1.risk_points (feature_id, point_id, source_layer, source_feature_id, enterprise_id, name, level,"
            " basis, town_name) VALUES ('R3', 'R3', 'hazard_units', 'U1', 'E1', '甲醇罐区', 'orange', 'computed', '东镇')"
        ))  # fmt: skip
        connection.execute(sa.text("UPDATE edition_1.distance_violations SET subject_layer = 'hazard_units', subject_feature_id = 'U1'"))
    yield
    engine.dispose()


def test_answer_is_as_documented(client: FlaskClient) -> None:
    schema = {"$ref": "#/components/schemas/Patrol", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(schema).validate(client.get("/api/patrol").json)


def test_enterprise_is_one_place_at_its_worst_level_with_all_its_conflicts(client: FlaskClient) -> None:
    told = client.get("/api/patrol").json
    assert [(place["name"], place["level"]) for place in told["sources"]] == [("红星化工有限公司", "red")]
    place = told["sources"][0]
    assert [(source["id"], source["level"]) for source in place["reasons"]] == [("E1", "red"), ("U1", "orange")]
    assert (place["reason_zh"], place["n_sources"], place["n_conflicts"]) == ("一级重大危险源", 2, 1)
    assert (place["address"], place["lon"], place["lat"]) == ("园区路1号", 120.1, 30.1)


def test_open_dangers_are_listed_major_first_and_overdue_ones_told(client: FlaskClient) -> None:
    dangers = client.get("/api/patrol").json["sources"][0]["open_dangers"]
    assert [(danger["danger_id"], danger["is_overdue"]) for danger in dangers] == [("H1", True), ("H2", False)]


def test_towns_count_every_place_once_whatever_is_listed(client: FlaskClient) -> None:
    towns = client.get("/api/patrol?town=nowhere").json["towns"]
    assert [(town["town_name"], town["n_places"]) for town in towns] == [("东镇", 2)]
    assert towns[0]["counts"] == {"red": 1, "orange": 0, "yellow": 0, "blue": 0, "unrated": 1}
    assert 120 < towns[0]["lon"] < 120.2


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("level=unrated", ["食品厂"]), ("level=unrated,red", ["红星化工有限公司", "食品厂"]), ("level=yellow", []),
        ("town=东镇", ["红星化工有限公司"]), ("town=西镇", []), ("town=x' OR '1'='1", []),
        ("level=red,unrated&limit=1", ["红星化工有限公司"]),
    ],
)  # fmt: skip
def test_list_is_narrowed_by_level_town_and_number(client: FlaskClient, query: str, names: list[str]) -> None:
    assert [place["name"] for place in client.get(f"/api/patrol?{query}").json["sources"]] == names


def test_number_found_is_told_beyond_the_limit(client: FlaskClient) -> None:
    assert client.get("/api/patrol?level=red,unrated&limit=1").json["n_found"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [("level=purple", "level"), ("level=", "level"), ("limit=0", "limit"), ("limit=1001", "limit"), ("town=%00", "town")],
)
def test_wrong_query_is_refused(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/api/patrol?{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
