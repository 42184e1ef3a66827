"""Every feature tells its file, row, load, conversions, checks and decisions; its history ends where the edition does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from psycopg2 import sql

from app import create_app
from app.openapi import SCHEMAS
from layers.store import engine_from_url

@pytest.fixture(scope="module")
def engine(atlas_database: str) -> Iterator[sa.Engine]:
    made = engine_from_url(atlas_database)
    with made.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO edition_2.findings (layer, feature_id, source_id, load_id, rule_id, severity) "
            "SELECT 'enterprises', max(feature_id), 'enterprises', 9999, 'RC25', 'warn' FROM edition_1.enterprises"
        ))
        connection.execute(sa.text(
            "INSERT INTO edition_2.decisions VALUES ('enterprises', 'YC000001', 'match', 'accept', '张三', now(), '确认与 hazard_units U-1 为同一单位:enterprises', 'same place as hazard_units U-1: enterprises')"
        ))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def client(engine: sa.Engine, atlas_database: str, home: Path) -> Iterator[FlaskClient]:
    app = create_app({"DATABASE_URL": atlas_database, "HOME": home})
    yield app.test_client()
    app.extensions["riskatlas"].database.engine.dispose()


def one(engine: sa.Engine, query: str | sa.Select[Any]) -> Any:
    with engine.connect() as connection:
        return connection.execute(sa.text(query) if isinstance(query, str) else query).scalar_one()


def first_feature(engine: sa.Engine, layer: str, *conditions: sa.ColumnElement[bool], newest: bool = False) -> str:
    """A feature of edition 2, of the oldest load or of the newest."""
    table = sa.table(layer, sa.column("feature_id"), sa.column("load_id"), schema="edition_2")
    order = table.c.load_id.desc() if newest else table.c.load_id
    return str(one(engine, sa.select(table.c.feature_id).where(*conditions).order_by(order, table.c.feature_id).limit(1)))


def answered(client: FlaskClient, path: str, schema: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/api/features/{path}").get_json()
    given = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(given).validate(answer)
    return answer


def provenance(client: FlaskClient, path: str) -> dict[str, Any]:
    told: dict[str, Any] = answered(client, path, "Feature")["properties"]["provenance"]
    return told


def delivered_file(tiny_sample: Path, told: dict[str, Any]) -> Path:
    return tiny_sample / told["delivery"] / told["file"]


@pytest.mark.parametrize("layer", ["enterprises", "buildings", "pipelines", "fire_stations", "park_boundaries", "road_accidents", "hazard_units"])
def test_file_of_every_state_is_the_one_that_was_delivered(
    client: FlaskClient, engine: sa.Engine, tiny_sample: Path, layer: str
) -> None:
    for newest in (False, True):
        told = provenance(client, f"{layer}/{first_feature(engine, layer, newest=newest)}")
        content = delivered_file(tiny_sample, told).read_bytes()
        assert hashlib.sha256(content).hexdigest() == told["sha256"]


def test_row_of_a_table_is_the_row_of_its_file(client: FlaskClient, engine: sa.Engine, tiny_sample: Path) -> None:
    feature_id = one(engine, "SELECT min(feature_id) FROM edition_2.enterprises WHERE source_id = 'enterprises'")
    told = provenance(client, f"enterprises/{feature_id}")
    lines = delivered_file(tiny_sample, told).read_bytes().decode("gb18030").splitlines()
    assert feature_id in lines[told["row"] - 1]


def test_unchanged_feature_names_the_delivery_that_held_it_still(client: FlaskClient, engine: sa.Engine) -> None:
    is_old = sa.text("load_id <= (SELECT max(load_id) FROM edition_1.loads)")
    is_new = sa.text("load_id > (SELECT max(load_id) FROM edition_1.loads)")
    own = sa.column("source_id") == "enterprises"
    old = provenance(client, f"enterprises/{first_feature(engine, 'enterprises', own, is_old)}")
    new = provenance(client, f"enterprises/{first_feature(engine, 'enterprises', own, is_new)}")
    assert (old["delivery"], new["delivery"]) == ("2026Q1", "2026Q2")
    assert (old["confirmed"]["delivery"], new["confirmed"]) == ("2026Q2", None)


def test_feature_whose_new_row_was_refused_is_confirmed_by_nobody(client: FlaskClient, engine: sa.Engine) -> None:
    held = one(engine, "SELECT max(feature_id) FROM edition_1.enterprises")
    told = provenance(client, f"enterprises/{held}")
    assert (told["delivery"], told["confirmed"]) == ("2026Q1", None)
    assert "RC25" in [entry["rule_id"] for entry in told["checks"]]


def test_conversions_that_were_made_are_told(client: FlaskClient, engine: sa.Engine) -> None:
    station = provenance(client, f"fire_stations/{one(engine, 'SELECT min(feature_id) FROM edition_2.fire_stations')}")
    assert [(entry["kind"], entry.get("from"), entry.get("to")) for entry in station["conversions"]][0] == ("datum", "GCJ-02", "EPSG:4490")
    assert "GCJ-02" in station["conversions"][0]["text_zh"] and "±1 m" in station["conversions"][0]["text_zh"]
    park = provenance(client, f"park_boundaries/{one(engine, 'SELECT min(feature_id) FROM edition_2.park_boundaries')}")
    assert {(entry["kind"], entry.get("field")) for entry in park["conversions"]} == {
        ("datum", None), ("job", None), ("extracted", "park_id"), ("extracted", "name"), ("extracted", "kind"), ("codes", "kind"),
    }
    assert all(entry["text_zh"] and entry["text_en"] for entry in park["conversions"])


def test_repairs_and_warnings_are_told_with_the_feature(client: FlaskClient, engine: sa.Engine) -> None:
    repaired = one(engine, "SELECT min(feature_id) FROM ops.repaired WHERE layer = 'park_boundaries'")
    assert [(entry["rule_id"], entry["severity"]) for entry in provenance(client, f"park_boundaries/{repaired}")["checks"]] == [("RC01", "repair")]
    warned = one(engine, "SELECT min(feature_id) FROM ops.warnings WHERE rule_id = 'RC13'")
    found = provenance(client, f"pipelines/{warned}")["checks"]
    assert found and all(entry["reason_zh"] and entry["advice_en"] and entry["detail"] for entry in found)
    assert provenance(client, "enterprises/YC000002")["checks"] == []


def test_decisions_about_a_feature_are_told(client: FlaskClient) -> None:
    decisions = provenance(client, "enterprises/YC000001")["decisions"]
    assert [(entry["kind"], entry["by_name"]) for entry in decisions] == [("match", "张三")]
    assert decisions[0]["reason_zh"] == "确认与 危险化学品单元 U-1 为同一单位:enterprises", "layers by their titles, people's words as they are"
    assert decisions[0]["reason_en"] == "same place as Hazard units U-1: enterprises"


def test_feature_placed_by_its_address_was_not_converted(client: FlaskClient, engine: sa.Engine) -> None:
    feature_id = one(engine, "SELECT min(feature_id) FROM edition_2.enterprises WHERE positioned = 'delivered'")
    before = {entry["kind"] for entry in provenance(client, f"enterprises/{feature_id}")["conversions"]}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_2.enterprises SET positioned = 'gazetteer' WHERE feature_id = :id"), {"id": feature_id})
    after = {entry["kind"] for entry in provenance(client, f"enterprises/{feature_id}")["conversions"]}
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_2.enterprises SET positioned = 'delivered' WHERE feature_id = :id"), {"id": feature_id})
    assert before - after == {"datum"} and before - {"datum"} == after


def test_computed_feature_has_no_delivery(client: FlaskClient, engine: sa.Engine) -> None:
    zone = one(engine, "SELECT min(feature_id) FROM edition_2.risk_zones")
    told = provenance(client, f"risk_zones/{zone}")
    assert (told["file"], told["load_id"], told["checks"], told["positioned"]) == (None, None, [], "derived")
    assert client.get(f"/api/features/risk_zones/{zone}/history").status_code == 404


def test_history_ends_where_the_edition_does(client: FlaskClient, engine: sa.Engine) -> None:
    changed = one(
        engine,
        "SELECT min(feature_id) FROM register.enterprises WHERE from_load > (SELECT max(load_id) FROM edition_1.loads) "
        "AND feature_id IN (SELECT feature_id FROM edition_1.enterprises)",
    )
    now = answered(client, f"enterprises/{changed}/history", "History")["states"]
    before = answered(client, f"enterprises/{changed}/history?ed=1", "History")["states"]
    assert [state["delivery"] for state in now] == ["2026Q1", "2026Q2"]
    assert now[1]["changes"] and now[0]["to_load"] == now[1]["from_load"]
    assert [(state["delivery"], state["to_load"]) for state in before] == [("2026Q1", None)]
    assert now[1]["sha256"] != now[0]["sha256"]


@pytest.mark.parametrize("path", ["enterprises/NOBODY/history", "risk_zones/1/history", "relief/1/history", "nothing/1/history"])
def test_history_of_what_was_never_delivered_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/features/{path}")
    assert (answer.status_code, set(answer.get_json()["error"])) == (404, {"code", "message_zh", "message_en", "field"})


@contextmanager
def hidden(engine: sa.Engine, *names: str) -> Iterator[None]:
    """Edition 1 as a version wrote it that kept no such tables."""
    for before, after in (("edition_1", "public"), ("public", "edition_1")):
        with engine.begin() as connection:
            for name in names:
                words = sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(before, name), sql.Identifier(after))
                connection.exec_driver_sql(words.as_string(connection.connection.dbapi_connection))
        if after == "public":
            yield


def test_edition_that_keeps_no_loads_is_told_by_the_ledger(
    client: FlaskClient, engine: sa.Engine, atlas_database: str, home: Path, tiny_sample: Path
) -> None:
    feature_id = one(engine, "SELECT min(feature_id) FROM edition_1.enterprises")
    with hidden(engine, "loads", "findings", "decisions"):
        app = create_app({"DATABASE_URL": atlas_database, "HOME": home})
        told = provenance(app.test_client(), f"enterprises/{feature_id}?ed=1")
        app.extensions["riskatlas"].database.engine.dispose()
    assert hashlib.sha256(delivered_file(tiny_sample, told).read_bytes()).hexdigest() == told["sha256"]
    assert (told["conversions"], told["checks"], told["decisions"]) == (None, [], [])
