"""An edition holds what the checks say of its rows now, what was decided about them, and every load it was made from."""

from __future__ import annotations

import re
from pathlib import Path

import pyproj
import pytest
import sqlalchemy as sa

from etl.area import declared_area
from etl.edition import create_edition, fill_loaded_layers
from etl.load import load_area_data
from etl.manifest import load_manifests
from layers.catalog import load_catalog
from layers.history import feature_states
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, write_area, write_enterprises

CATALOG = load_catalog()
FUTURE = GOOD.replace("2001-05-06", "2199-01-01")
"""In service in a time to come: told by RC05."""


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.loads, ops.area, ops.deliveries, ops.place_decisions CASCADE"))
        connection.execute(sa.text("DROP TABLE IF EXISTS register.enterprises"))


def told(engine: sa.Engine, query: str) -> list[tuple[object, ...]]:
    """Rows of an edition made now, which is thrown away again."""
    with engine.connect() as connection, connection.begin() as transaction:
        area, _ = declared_area(connection)
        create_edition(connection, 9)
        fill_loaded_layers(connection, CATALOG, area, 9)
        rows = [tuple(row) for row in connection.execute(sa.text(query))]
        transaction.rollback()
    return rows


FINDINGS = "SELECT feature_id, rule_id, severity FROM edition_9.findings ORDER BY 1, 2"


def test_warning_is_told_until_a_delivery_without_it(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    found = []
    for row in (FUTURE, GOOD):
        write_enterprises(data, row)
        load_area_data(engine, CATALOG, sources, data, home=home)
        found.append(told(engine, FINDINGS))
    assert found == [[("E1", "RC05", "warn")], []]


def test_days_far_off_are_loaded_and_told_as_days(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    days = ("0001-01-01", "1600-01-01", "2199-01-01", "9999-12-31")
    write_enterprises(data, *(GOOD.replace("E1", f"E{number}").replace("2001-05-06", day) for number, day in enumerate(days, start=1)))
    load_area_data(engine, CATALOG, sources, data, home=home)
    assert [str(row[0]) for row in told(engine, "SELECT in_service_on::text FROM edition_9.enterprises ORDER BY feature_id")] == list(days)
    with engine.connect() as connection:
        values = connection.execute(sa.text("SELECT value FROM ops.warnings WHERE rule_id = 'RC05' ORDER BY feature_id")).scalars().all()
    assert values == ["2199-01-01", "9999-12-31"]


def test_mended_rows_leave_what_was_said_of_the_others(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, FUTURE, FUTURE.replace("E1", "E2").replace("一般", "未知类"))
    load_area_data(engine, CATALOG, sources, data, home=home)
    rows = [f"{HEAD},退回行号", FUTURE.replace("E1", "E2") + ",3"]
    (data / "enterprises.csv").write_text("\n".join(rows), encoding="gb18030")
    load_area_data(engine, CATALOG, sources, data, home=home)
    assert told(engine, FINDINGS) == [("E1", "RC05", "warn"), ("E2", "RC05", "warn")]
    assert told(engine, "SELECT is_full, conversions -> 0 ->> 'from' FROM edition_9.loads ORDER BY load_id") == [(True, "EPSG:4490"), (False, "EPSG:4490")]


def test_kilometres_that_values_say_stand_among_the_conversions(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("EPSG:4490", "EPSG:4544"))
    east_m, north_m = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4544", always_xy=True).transform(105.05, 29.05)
    in_m, in_km = f"{east_m:.3f},{north_m:.3f}", f"{east_m / 1000:.6f}公里,{north_m:.3f}"
    write_enterprises(data, GOOD.replace("105.05,29.05", in_m), GOOD.replace("E1", "E2").replace("105.05,29.05", in_km))
    load_area_data(engine, CATALOG, sources, data, home=home)
    rows = told(engine, "SELECT feature_id, round(ST_X(geom)::numeric, 6), round(ST_Y(geom)::numeric, 6) FROM edition_9.enterprises ORDER BY 1")
    assert [tuple(map(str, row)) for row in rows] == [("E1", "105.050000", "29.050000"), ("E2", "105.050000", "29.050000")]
    conversions = told(engine, "SELECT conversions FROM edition_9.loads")[0][0]
    assert isinstance(conversions, list)
    assert conversions[0] == {"kind": "unit", "column": "经度", "from": "km", "to": "m", "factor": 1000.0, "is_said_by_values": True}
    assert [entry["kind"] for entry in conversions].count("unit") == 1, "no value of the other column says so"


def test_decisions_are_fixed_in_the_edition(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML)
    write_enterprises(data, GOOD)
    load_area_data(engine, CATALOG, sources, data, home=home)
    with engine.begin() as connection:
        connection.execute(sa.text(
            "INSERT INTO ops.place_decisions (layer, feature_id, decision, by_name, basis, accuracy_m) "
            "VALUES ('enterprises', 'E1', 'accept', '张三', '某路1号', 40)"
        ))
    rows = told(engine, "SELECT feature_id, kind, decision, by_name, reason_zh FROM edition_9.decisions")
    assert rows == [("E1", "place", "accept", "张三", "按地名地址定位,精度 40 m")]


ENGLISH = 'title_en = "List of enterprises"\nsupplier_en = "Small county emergency office"\n'


@pytest.mark.parametrize(("more", "names"), [(ENGLISH, ("List of enterprises", "Small county emergency office")), ("", (None, None))])
def test_english_names_of_a_source_are_kept_with_its_load(
    engine: sa.Engine, tmp_path: Path, home: Path, more: str, names: tuple[str | None, str | None]
) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("[fields]", f"{more}[fields]"))
    write_enterprises(data, GOOD)
    load_area_data(engine, CATALOG, sources, data, home=home)
    assert told(engine, "SELECT nullif(title_en, ''), nullif(supplier_en, '') FROM edition_9.loads") == [names]
    with engine.connect() as connection:
        state = feature_states(connection, CATALOG["enterprises"], "E1")[0]
    assert (state["title_en"], state["supplier_en"]) == names
    assert (state["title_zh"], state["supplier"]) == ("企业名录", "小县应急管理局")


def test_english_names_given_later_are_those_of_what_came_before(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    for manifest in (ENTERPRISES_TOML, ENTERPRISES_TOML.replace("[fields]", f"{ENGLISH}[fields]")):
        (sources / "enterprises.toml").write_text(manifest, encoding="utf-8")
        load_area_data(engine, CATALOG, sources, data, home=home)
    query = "SELECT f.load_id < (SELECT max(load_id) FROM edition_9.loads), l.title_en, l.supplier_en FROM edition_9.enterprises AS f JOIN edition_9.loads AS l USING (load_id)"
    assert told(engine, query) == [(True, "List of enterprises", "Small county emergency office")]


def test_every_source_of_the_product_has_english_names() -> None:
    areas = Path(__file__).resolve().parents[2] / "data" / "sources"
    manifests = [manifest for area in ("sample", "kaohsiung") for manifest in load_manifests(areas / area, CATALOG)[1]]
    assert [entry.id for entry in manifests if not (entry.title_en and entry.supplier_en)] == []
    assert [entry.id for entry in manifests if re.search("[\u3400-\u9fff]", entry.title_en + entry.supplier_en)] == []
