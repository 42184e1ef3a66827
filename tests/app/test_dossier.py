"""One page for one place: every office's values, what differs, and only what the edition fixed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.openapi import SCHEMAS
from etl.edition_links import linked_records_table, record_links_table
from layers.store import engine_from_url


@pytest.fixture(scope="module", autouse=True)
def linked(database_url: str) -> Iterator[None]:
    """A second office's record of E1 in the edition, linked by a person; accidents nearby."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        run = connection.exec_driver_sql
        run("INSERT INTO edition_1.regulated_sources (feature_id, source_number, name, address, n_persons, positioned, accuracy_m, geom)"
            " VALUES ('W1', 'W1', '红星化工(股)公司', '园区路 1 号', 55, 'gazetteer', 80, 'SRID=4490;POINT(120.1001 30.1)')")
        run("INSERT INTO edition_1.road_accidents (feature_id, accident_id, occurred_at, severity, positioned, geom) VALUES"
            " ('A1', 'A1', '2026-01-02', 'fatal', 'delivered', 'SRID=4490;POINT(120.102 30.1)'), ('A2', 'A2', '2026-01-03', 'injury', 'delivered', 'SRID=4490;POINT(120.15 30.1)')")
        records, links = linked_records_table(1), record_links_table(1)
        records.create(connection)
        links.create(connection)
        entity = {"entity_id": "enterprises/E1"}
        connection.execute(sa.insert(records), [{"layer": "enterprises", "feature_id": "E1"} | entity, {"layer": "regulated_sources", "feature_id": "W1"} | entity])
        connection.execute(sa.insert(links), {"layer_a": "enterprises", "feature_a": "E1", "layer_b": "regulated_sources", "feature_b": "W1",
                                              "score": 0.97, "basis": "accepted", "by_name": "张三", "reason": "", "evidence": [],
                                              "linked_at": datetime(2026, 10, 1, 9, 30, tzinfo=UTC)})  # fmt: skip
    engine.dispose()
    yield


def dossier(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(f"/api/dossiers/{path}")
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Dossier", "components": {"schemas": SCHEMAS}}).validate(found)
    return found


def test_every_office_keeps_its_values_side_by_side(client: FlaskClient) -> None:
    found = dossier(client, "enterprises/E1")
    assert [(record["layer"], record["id"]) for record in found["records"]] == [("enterprises", "E1"), ("regulated_sources", "W1")]
    row = {entry["name"]: entry for entry in found["comparison"]}
    assert row["name"]["values"] == ["红星化工有限公司", "红星化工(股)公司"]
    assert row["name"]["differs"] is True
    assert row["address"]["differs"] is False, "blanks make no difference"
    assert row["kind"]["is_held"] == [True, False]


def test_the_dossier_is_the_same_place_from_either_record(client: FlaskClient) -> None:
    own, other = dossier(client, "enterprises/E1"), dossier(client, "regulated_sources/W1")
    assert {record["id"] for record in own["records"]} == {record["id"] for record in other["records"]}
    assert own["level"] == other["level"] == "red"
    assert other["records"][0]["id"] == "W1"


def test_units_bring_their_chemicals(client: FlaskClient) -> None:
    units = next(part for part in dossier(client, "enterprises/E1")["parts"] if part["layer"] == "hazard_units")
    chemicals = units["features"][0]["related"][0]
    assert (units["of_id"], chemicals["layer"], chemicals["features"][0]["chemical_name"]) == ("E1", "unit_chemicals", "甲醇")


def test_links_and_positions_are_told_with_who_and_how(client: FlaskClient) -> None:
    found = dossier(client, "enterprises/E1")
    link = found["links"][0]
    assert (link["basis"], link["by_name"], datetime.fromisoformat(link["linked_at"])) == ("accepted", "张三", datetime(2026, 10, 1, 9, 30, tzinfo=UTC))
    assert found["records"][1]["provenance"]["positioned"] == "gazetteer"


def test_events_nearby_are_counted_within_500_m(client: FlaskClient) -> None:
    near = next(group for group in dossier(client, "enterprises/E1")["near"] if group["layer"] == "road_accidents")
    assert (near["n"], [row["id"] for row in near["features"]], near["within_m"]) == (1, ["A1"], 500.0)
    assert near["features"][0]["distance_m"] == pytest.approx(192.6, abs=1)


def test_a_feature_without_links_or_position_has_a_dossier_too(client: FlaskClient) -> None:
    found = dossier(client, "enterprises/E/3")
    assert (len(found["records"]), found["links"], found["near"], found["level"]) == (1, [], [], None)
    assert dossier(client, "pipelines/P1")["title"] == "东西输气管道"


def test_history_begins_with_the_first_edition(client: FlaskClient) -> None:
    states = dossier(client, "enterprises/E2")["history"][0]["states"]
    assert [(state["label"], state["is_first"]) for state in states] == [("2026Q2", True)]


def test_what_does_not_exist_is_said(client: FlaskClient) -> None:
    assert client.get("/api/dossiers/enterprises/nobody").status_code == 404
    assert client.get("/api/dossiers/nothing/E1").status_code == 404
    assert client.get("/features/enterprises/E1", headers={"Accept": "text/html"}).status_code == 200
