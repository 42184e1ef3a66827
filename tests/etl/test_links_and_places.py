"""Searches, decisions and editions on a small county of two offices: nothing merged, nothing silent, all reversible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from etl.area import declared_area
from etl.edition import create_edition, fill_loaded_layers
from etl.edition_links import decisions_stamp, write_links
from etl.load import load_area_data
from etl.matching.search import match_register
from etl.places.search import place_register
from etl.postgis.cluster import Cluster
from layers.catalog import load_catalog
from layers.errors import InputError, NotFoundError
from layers.links import Decision, Pair, decide_pair, decide_place
from layers.store import engine_from_url
from tests.etl.small_area import write_area

CATALOG = load_catalog()
CODE, OTHER_CODE = "91999901MAX900013R", "91999901MAX900021L"
OWN_TOML = """
id = "enterprises"
layer = "enterprises"
title_zh = "企业名录"
supplier = "应急管理局"
files = ["enterprises.csv"]
reader = "table"
crs = "EPSG:4490"
x = "x"
y = "y"
max_refused_pct = 60
[fields]
enterprise_id = "id"
name = "name"
credit_code = "code"
address = "address"
"""
OTHER_TOML = OWN_TOML.replace("enterprises", "regulated_sources").replace("应急管理局", "生态环境局").replace("enterprise_id", "source_number")
HEAD = "id,name,code,address,x,y"
STREET = [f"E{number},小县第{number}号机械厂,,小县文化路{number}号,{105.02 + number * 1e-4:.6f},29.05" for number in range(1, 90, 4)]
FIRM = f"F1,小县盛川化工有限公司,{CODE},小县青云路8号,105.06,29.06"
TWIN = f"W1,盛川化工有限责任公司,{CODE},小县青云路8号,105.0601,29.06"
LIKELY = "W2,小县第1号机械厂,,小县文化路1号,105.0201,29.05"
LOST = "L1,小县瑞泽食品有限公司,,小县文化路7号,,"
EVERYBODY = Decision("accept", "张三", "电话核实")


def write(data: Path, own: list[str], other: list[str]) -> None:
    (data / "enterprises.csv").write_text("\n".join([HEAD, *own]) + "\n", encoding="utf-8")
    (data / "regulated_sources.csv").write_text("\n".join([HEAD, *other]) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def county(engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Sources, data and home of a county of two lists, loaded once."""
    folder = tmp_path_factory.mktemp("county")
    sources, data = write_area(folder, enterprises=OWN_TOML, regulated_sources=OTHER_TOML)
    write(data, [*STREET, FIRM, LOST], [TWIN, LIKELY])
    load_area_data(engine, CATALOG, sources, data, home=folder / "home")
    return sources, data, folder / "home"


@pytest.fixture
def changing(cluster: Cluster, template: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[sa.Engine, Path, Path]]:
    """Engine, sources and data of a county of the test's own, which it may load again."""
    name = f"changing_{abs(hash(request.node.name)) % 10**8}"
    engine = engine_from_url(cluster.create_database(name, template))
    sources, data = write_area(tmp_path, enterprises=OWN_TOML, regulated_sources=OTHER_TOML)
    write(data, [*STREET, FIRM, LOST], [TWIN, LIKELY])
    load_area_data(engine, CATALOG, sources, data, home=data.parent / "home")
    yield engine, sources, data
    engine.dispose()
    cluster.drop_database(name)


@pytest.fixture
def connection(engine: sa.Engine, county: tuple[Path, Path, Path]) -> Iterator[sa.Connection]:
    """A connection after both searches whose changes are rolled back."""
    match_register(engine, CATALOG)
    place_register(engine, CATALOG)
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def rows(connection: sa.Connection, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(sa.text(query)).mappings()]


CERTAIN = Pair.of(("enterprises", "F1"), ("regulated_sources", "W1"))
PROBABLE = Pair.of(("enterprises", "E1"), ("regulated_sources", "W2"))
LOST_KEY = ("enterprises", "L1")


def links(connection: sa.Connection) -> set[tuple[str, str]]:
    return {(row["feature_a"], row["feature_b"]) for row in rows(connection, "SELECT * FROM ops.links_in_force")}


def test_the_same_register_again_changes_nothing(engine: sa.Engine, county: tuple[Path, Path, Path]) -> None:
    match_register(engine, CATALOG)
    place_register(engine, CATALOG)
    assert match_register(engine, CATALOG).is_unchanged
    assert place_register(engine, CATALOG).is_unchanged


def test_only_the_equal_code_links_by_itself(connection: sa.Connection) -> None:
    assert links(connection) == {("F1", "W1")}
    bands = {row["feature_b"]: row["band"] for row in rows(connection, "SELECT * FROM ops.match_pairs")}
    assert bands == {"W1": "certain", "W2": "probable"}


def test_evidence_tells_every_comparison(connection: sa.Connection) -> None:
    found = rows(connection, "SELECT evidence FROM ops.match_pairs WHERE feature_b = 'W1'")[0]["evidence"]
    assert {entry["comparison"]: entry["level"] for entry in found} == {"code": "equal", "name": "same", "address": "same_door", "distance": "within_30_m"}


def test_a_confirmed_pair_is_linked_and_taken_back(connection: sa.Connection) -> None:
    decide_pair(connection, PROBABLE, EVERYBODY)
    assert ("E1", "W2") in links(connection)
    decide_pair(connection, PROBABLE, Decision("undo", "李四"))
    assert ("E1", "W2") not in links(connection)
    kept = rows(connection, "SELECT decision, by_name FROM ops.match_decisions ORDER BY decision_id")
    assert [(row["decision"], row["by_name"]) for row in kept] == [("accept", "张三"), ("undo", "李四")]


def test_a_rejected_certain_pair_is_no_link(connection: sa.Connection) -> None:
    decide_pair(connection, CERTAIN, Decision("reject", "张三", "同名不同厂"))
    assert links(connection) == set()
    assert rows(connection, "SELECT * FROM ops.linked_records") == []


def test_decisions_about_nothing_are_refused(connection: sa.Connection) -> None:
    with pytest.raises(NotFoundError):
        decide_pair(connection, Pair.of(("enterprises", "E1"), ("enterprises", "E5")), EVERYBODY)
    with pytest.raises(InputError, match="take back"):
        decide_pair(connection, PROBABLE, Decision("undo", "张三"))
    with pytest.raises(NotFoundError):
        decide_place(connection, ("enterprises", "E1"), EVERYBODY)
    with pytest.raises(InputError):
        Decision("maybe", "张三")
    with pytest.raises(InputError):
        Decision("accept", "  ")


def test_a_row_without_position_gets_a_proposal_and_no_position(connection: sa.Connection) -> None:
    proposal = rows(connection, "SELECT * FROM ops.place_proposals WHERE feature_id = 'L1'")[0]
    assert proposal["method"] == "interpolated"
    assert proposal["lon"] == pytest.approx(105.0207, abs=2e-5)
    assert proposal["accuracy_m"] > 0
    assert rows(connection, "SELECT geom FROM register.enterprises WHERE feature_id = 'L1'")[0]["geom"] is None
    assert edition_row(connection, "L1")["positioned"] == "unplaced"


def edition_row(connection: sa.Connection, feature_id: str) -> dict[str, Any]:
    """A feature as the next edition would hold it."""
    area, _ = declared_area(connection)
    create_edition(connection, 1)
    fill_loaded_layers(connection, CATALOG, area, 1)
    write_links(connection, CATALOG, 1)
    found = rows(connection, "SELECT feature_id, positioned, accuracy_m, ST_X(geom) AS lon FROM edition_1.enterprises")
    return next(row for row in found if row["feature_id"] == feature_id)


def test_a_confirmed_position_stands_in_the_next_edition_and_is_taken_back(connection: sa.Connection) -> None:
    before = decisions_stamp(connection)
    decide_place(connection, LOST_KEY, EVERYBODY)
    assert decisions_stamp(connection) != before
    row = edition_row(connection, "L1")
    assert (row["positioned"], round(row["lon"], 4)) == ("gazetteer", 105.0207)
    assert row["accuracy_m"] == rows(connection, "SELECT accuracy_m FROM ops.place_decisions")[0]["accuracy_m"]
    decide_place(connection, LOST_KEY, Decision("undo", "张三"))
    assert edition_row(connection, "L1")["positioned"] == "unplaced"
    assert decisions_stamp(connection) == before


def test_an_edition_holds_links_of_records_that_it_has(connection: sa.Connection) -> None:
    edition_row(connection, "L1")
    members = rows(connection, "SELECT layer, feature_id, entity_id FROM edition_1.linked_records ORDER BY layer")
    assert [(row["layer"], row["feature_id"]) for row in members] == [("enterprises", "F1"), ("regulated_sources", "W1")]
    assert len({row["entity_id"] for row in members}) == 1
    assert rows(connection, "SELECT basis FROM edition_1.record_links") == [{"basis": "certain"}]


def test_decisions_are_told_for_each_feature(connection: sa.Connection) -> None:
    decide_pair(connection, PROBABLE, EVERYBODY)
    decide_place(connection, LOST_KEY, EVERYBODY)
    told = rows(connection, "SELECT * FROM ops.feature_decisions ORDER BY kind, feature_id")
    by_feature = {(row["feature_id"], row["kind"]): row for row in told}
    assert set(by_feature) == {("F1", "match"), ("W1", "match"), ("E1", "match"), ("W2", "match"), ("L1", "place")}
    assert "电话核实" in by_feature["W2", "match"]["reason_zh"]
    assert by_feature["F1", "match"]["decision"] == "auto"


def test_another_load_keeps_decisions_and_never_loses_a_row(changing: tuple[sa.Engine, Path, Path]) -> None:
    engine, sources, data = changing
    home = data.parent / "home"
    match_register(engine, CATALOG)
    place_register(engine, CATALOG)
    with engine.begin() as connection:
        decide_pair(connection, PROBABLE, EVERYBODY)
        decide_place(connection, LOST_KEY, EVERYBODY)
    write(data, [*STREET, FIRM, LOST.replace("瑞泽", "瑞泽绿色")], [TWIN, LIKELY, "W9,新厂,,,105.07,29.07"])
    load_area_data(engine, CATALOG, sources, data, home=home)
    assert not match_register(engine, CATALOG).is_unchanged
    with engine.begin() as connection:
        assert {("E1", "W2"), ("F1", "W1")} <= links(connection)
        assert edition_row(connection, "L1")["positioned"] == "gazetteer"
        assert len(rows(connection, "SELECT * FROM edition_1.enterprises")) == len(STREET) + 2
    write(data, [*STREET, FIRM, LOST.replace("文化路7号", "文化路77号")], [TWIN, LIKELY])
    load_area_data(engine, CATALOG, sources, data, home=home)
    with engine.begin() as connection:
        assert edition_row(connection, "L1")["positioned"] == "unplaced", "another address is another question"


def test_a_policy_of_the_manifest_places_without_asking_and_says_so(changing: tuple[sa.Engine, Path, Path]) -> None:
    engine, sources, data = changing
    home = data.parent / "home"
    write(data, [*STREET, FIRM, LOST.replace("L1", "L2"), LOST.replace("L1", "L3").replace("文化路7号", "无名路7号")], [TWIN, LIKELY])
    load_area_data(engine, CATALOG, sources, data, home=home)
    result = place_register(engine, CATALOG, policies={"enterprises": 0.5})
    assert result.counts["placed_by_policy"] == 1
    with engine.begin() as connection:
        decided = rows(connection, "SELECT by_name, reason, evidence FROM ops.place_decisions WHERE feature_id = 'L2'")
        assert (decided[0]["by_name"], decided[0]["reason"]) == ("manifest:enterprises", "place_by_gazetteer min_score 0.5")
        assert json.dumps(decided[0]["evidence"], ensure_ascii=False).count("文化路") >= 1
        assert edition_row(connection, "L2")["positioned"] == "gazetteer"
        decide_place(connection, ("enterprises", "L2"), Decision("reject", "张三"))
    assert place_register(engine, CATALOG, policies={"enterprises": 0.5, "x": 0.9}).counts["placed_by_policy"] == 0, "a person's word holds"
