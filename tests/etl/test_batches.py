"""A load comes to the same whatever the size of its batches, in the register, the lists and the counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.load import load_area_data
from layers.catalog import load_catalog
from layers.errors import TooManyRefusedError
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, write_area, write_enterprises

CATALOG = load_catalog()
LISTS = ("ops.refused", "ops.warnings", "ops.repaired")
MANIFEST = ENTERPRISES_TOML.replace("max_refused_pct = 60", "max_refused_pct = 100").replace(
    'in_service_on = "投产"', 'in_service_on = "投产"\ncredit_code = "名称"'
)
ROWS = st.lists(
    st.tuples(st.sampled_from(["E1", "E2", "E3", "E4", ""]), st.sampled_from(["甲厂", "乙厂", ""]),
              st.sampled_from(["3", "-3"]), st.sampled_from(["105.05", "106.05", ""])),
    min_size=1, max_size=14,
)


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    clear(engine)


def clear(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.loads, ops.files, ops.area, ops.deliveries CASCADE"))
        connection.execute(sa.text("DROP TABLE IF EXISTS register.enterprises"))


def outcome(engine: sa.Engine) -> dict[str, list[str]]:
    """Every row that a load left, as text, but for the numbers of loads and rows."""
    tables = {table: "to_jsonb(t) - 'load_id'" for table in LISTS}
    tables["register.enterprises"] = "to_jsonb(t) - 'row_id' - 'from_load' - 'to_load' || jsonb_build_object('is_current', t.to_load IS NULL)"
    with engine.connect() as connection:
        return {
            table: sorted(connection.execute(sa.text(f"SELECT ({what})::text FROM {table} AS t")).scalars())
            for table, what in tables.items()
        }


@pytest.mark.parametrize("is_distinct", [False, True])
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, size=st.integers(1, 5), has_register=st.booleans())
def test_size_of_a_batch_changes_nothing(
    engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, home: Path,
    is_distinct: bool, rows: list[tuple[str, ...]], size: int, has_register: bool,
) -> None:
    folder = tmp_path_factory.mktemp("batches")
    sources, data = write_area(folder, enterprises=MANIFEST)
    if is_distinct:
        text = (sources / "enterprises.toml").read_text("utf-8").replace("[fields]", "distinct = true\n[fields]")
        (sources / "enterprises.toml").write_text(text, encoding="utf-8")
    found = []
    for batch_rows in (1000, size):
        clear(engine)
        monkeypatch.setattr("etl.intake.BATCH_ROWS", batch_rows)
        if has_register:
            write_enterprises(data, GOOD.replace("甲厂", "老厂"), "E9,老厂,一般,1,,105.05,29.05")
            load_area_data(engine, CATALOG, sources, data, home=home)
        write_enterprises(data, *(f"{key},{name},一般,{number},,{x},{29.05 if x else ''}" for key, name, number, x in rows))
        counts = load_area_data(engine, CATALOG, sources, data, home=home)[0].counts
        found.append((outcome(engine), {name: n for name, n in counts.items() if n}))
    assert found[0] == found[1]


def test_too_many_refused_rows_over_all_batches_stop_the_load(
    engine: sa.Engine, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("max_refused_pct = 60", "max_refused_pct = 49"))
    write_enterprises(data, GOOD, "E2,乙厂,一般,-3,,105.05,29.05", "E3,丙厂,一般,-3,,105.05,29.05", GOOD.replace("E1", "E4"))
    monkeypatch.setattr("etl.intake.BATCH_ROWS", 1)
    with pytest.raises(TooManyRefusedError, match="2 of 4 rows refused .*'RQ04': 2.*first: enterprises.csv row 3"):
        load_area_data(engine, CATALOG, sources, data, home=home)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one() == 0
