"""Loading: what is accepted, what is refused and why, and that nothing changes where nothing should."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from etl.code_files import ROOT, code_files
from etl.load import SourceResult, load_area_data
from etl.rollback import rollback_load
from etl.score import score_register
from layers.catalog import load_catalog
from layers.errors import (
    AtlasError,
    CatalogError,
    EditionError,
    NotFoundError,
    SourceFileError,
    TooManyRefusedError,
)
from layers.load_changes import load_changes
from tests.etl import small_area
from tests.etl.small_area import (
    ENTERPRISES_TOML,
    GOOD,
    HEAD,
    write_area,
    write_enterprises,
)


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        small_area.empty_database(connection)


def load(engine: sa.Engine, folder: Path, *, home: Path, is_dry_run: bool = False) -> SourceResult:
    results = load_area_data(engine, load_catalog(), folder / "sources", folder / "data", home=home, is_dry_run=is_dry_run)
    return results[0]


def rules_of(engine: sa.Engine) -> list[tuple[int, str]]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT source_row, rule_id FROM ops.refused ORDER BY source_row"))
        return [(row.source_row, row.rule_id) for row in rows]


def current(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT feature_id, name FROM register.enterprises WHERE to_load IS NULL"))
        return {row.feature_id: row.name for row in rows}


@pytest.mark.parametrize(
    ("row", "rule_id"),
    [
        (",无编号,一般,1,2001-01-01,105.05,29.05", "RQ01"),
        ("E2,,一般,1,2001-01-01,105.05,29.05", "RQ02"),
        ("E2,乙厂,一般,十二,2001-01-01,105.05,29.05", "RQ03"),
        ("E2,乙厂,一般,-3,2001-01-01,105.05,29.05", "RQ04"),
        ("E2,乙厂,未知类,3,2001-01-01,105.05,29.05", "RQ05"),
        ("E2,乙厂,一般,3,去年,105.05,29.05", "RQ06"),
        ("E2,乙厂,一般,3,2001-01-01,东经,29.05", "RQ08"),
        ("E2,乙厂,一般,3,2001-01-01,105.05,", "RQ08"),
        ("E2,乙厂,一般,3,2001-01-01,106.05,29.05", "RQ09"),
        ("E2,乙厂,一般,3,2001-01-01,29.05,105.05", "RQ10"),
        ("E1,丙厂,一般,3,2001-01-01,105.06,29.06", "RQ13"),
        ("E2,锟斤拷,一般,3,2001-01-01,105.06,29.06", "RQ15"),
        ("E2,乙厂,一般,1e19,2001-01-01,105.05,29.05", "RQ04"),
    ],
)
def test_bad_row_is_refused_with_its_rule_and_kept(
    engine: sa.Engine, tmp_path: Path, home: Path, row: str, rule_id: str
) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD, row)
    result = load(engine, tmp_path, home=home)
    assert (result.counts["n_read"], result.counts["n_accepted"], result.counts["n_refused"]) == (2, 1, 1)
    assert rules_of(engine) == [(3, rule_id)]


def test_row_without_position_is_accepted_and_counted_unplaced(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,2001-01-01,,")
    result = load(engine, tmp_path, home=home)
    assert (result.counts["n_accepted"], result.counts["n_unplaced"]) == (2, 1)


def test_same_file_again_changes_nothing_and_says_so(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, tmp_path, home=home)
    assert load(engine, tmp_path, home=home).state == "unchanged"


def test_new_delivery_counts_added_changed_and_gone(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,,105.06,29.06", "E3,丙厂,一般,3,,105.07,29.06")
    load(engine, tmp_path, home=home)
    write_enterprises(data, GOOD, "E2,乙新厂,一般,3,,105.06,29.06", "E4,丁厂,一般,3,,105.07,29.06")
    counts = load(engine, tmp_path, home=home).counts
    assert [counts[name] for name in ("n_added", "n_changed", "n_gone", "n_unchanged")] == [1, 1, 1, 1]
    assert current(engine) == {"E1": "甲厂", "E2": "乙新厂", "E4": "丁厂"}


def test_feature_whose_new_row_is_refused_keeps_its_former_state(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,,105.06,29.06", "E3,丙厂,一般,3,,105.07,29.06")
    load(engine, tmp_path, home=home)
    write_enterprises(data, GOOD, "E2,乙厂,一般,-3,,105.06,29.06")
    counts = load(engine, tmp_path, home=home).counts
    assert [counts[name] for name in ("n_refused", "n_held", "n_gone", "n_unchanged")] == [1, 1, 1, 1]
    with engine.connect() as connection:
        told = connection.execute(sa.text("SELECT feature_id, file, source_row, rule_id FROM ops.warnings")).all()
        newest = connection.execute(sa.text("SELECT max(load_id) FROM ops.loads")).scalar_one()
        changes = load_changes(connection, load_catalog()["enterprises"], newest, moved_m=50.0, most=10)
    assert told == [("E2", "enterprises.csv", 3, "RC25")]
    assert {kind: [row["feature_id"] for row in found["features"]] for kind, found in changes.items()} == {
        "added": [], "changed": [], "moved": [], "gone": ["E3"], "held": ["E2"],
    }
    assert current(engine) == {"E1": "甲厂", "E2": "乙厂"}
    write_enterprises(data, GOOD, "E2,乙新厂,一般,3,,105.06,29.06")
    counts = load(engine, tmp_path, home=home).counts
    assert [counts[name] for name in ("n_held", "n_changed", "n_gone")] == [0, 1, 0]
    assert current(engine) == {"E1": "甲厂", "E2": "乙新厂"}


def test_refused_row_keeps_the_place_it_was_read_at(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    good = [f"G{number},好厂,一般,3,,105.0{number},29.05" for number in range(1, 4)]
    write_enterprises(data, GOOD, "E2,乙厂,一般,-3,,105.06,29.06", "E3,丙厂,一般,3,,120.5,29.06", "E4,丁厂,一般,3,,29.06,105.06", "E5,戊厂,一般,3,,甲,29.06", *good)
    load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT source_row, rule_id, lon, lat FROM ops.refused ORDER BY source_row")).all()
    assert rows == [(3, "RQ04", 105.06, 29.06), (4, "RQ09", 120.5, 29.06), (5, "RQ10", None, None), (6, "RQ08", None, None)]


def test_dry_run_tells_the_difference_and_writes_nothing(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, tmp_path, home=home)
    write_enterprises(data, "E9,新厂,一般,3,,105.06,29.06")
    counts = load(engine, tmp_path, home=home, is_dry_run=True).counts
    assert (counts["n_added"], counts["n_gone"]) == (1, 1)
    assert current(engine) == {"E1": "甲厂"}


def test_rollback_restores_exactly_and_refuses_out_of_order(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,,105.06,29.06")
    load(engine, tmp_path, home=home)
    before = current(engine)
    write_enterprises(data, "E1,改名厂,一般,12,2001-05-06,105.05,29.05")
    load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        first, second = connection.execute(sa.text("SELECT load_id FROM ops.loads ORDER BY load_id")).scalars()
    with pytest.raises(AtlasError, match=f"roll {second} back first"):
        rollback_load(engine, load_catalog(), first)
    rollback_load(engine, load_catalog(), second)
    assert current(engine) == before


def test_too_many_refused_rows_stop_the_load_and_change_nothing(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    text = ENTERPRISES_TOML.replace("max_refused_pct = 60", "max_refused_pct = 10")
    (sources / "enterprises.toml").write_text(text, encoding="utf-8")
    write_enterprises(data, GOOD, "E2,乙厂,一般,-3,,105.05,29.05")
    with pytest.raises(TooManyRefusedError, match="1 of 2 rows refused"):
        load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one() == 0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "an empty file"),
        ((HEAD + "\n").encode("gb18030"), "no rows"),
        ((HEAD + "\n" + GOOD + "\n").encode("utf-16"), "not gb18030|binary|columns"),
        ("编号,名称\nE1,甲\n".encode("gb18030"), "also"),
        ((HEAD + ",新栏\n" + GOOD + ",x\n").encode("gb18030"), "map or ignore 新栏"),
    ],
)
def test_unusable_file_stops_before_anything_is_written(
    engine: sa.Engine, tmp_path: Path, home: Path, content: bytes, expected: str
) -> None:
    _, data = write_area(tmp_path)
    (data / "enterprises.csv").write_bytes(content)
    with pytest.raises(SourceFileError, match=expected):
        load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one() == 0


def test_wrong_encoding_names_the_byte(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    text = ENTERPRISES_TOML.replace("gb18030", "utf-8-sig")
    (sources / "enterprises.toml").write_text(text, encoding="utf-8")
    write_enterprises(data, GOOD)
    with pytest.raises(SourceFileError, match="not utf-8-sig"):
        load(engine, tmp_path, home=home)


def test_manifest_without_crs_is_refused(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    text = ENTERPRISES_TOML.replace('crs = "EPSG:4490"\n', "")
    (sources / "enterprises.toml").write_text(text, encoding="utf-8")
    write_enterprises(data, GOOD)
    with pytest.raises(CatalogError, match="crs is missing"):
        load(engine, tmp_path, home=home)


def test_geopackage_that_is_a_renamed_pdf_is_refused(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    manifest = (
        'id = "parks"\nlayer = "park_boundaries"\ntitle_zh = "园区"\nsupplier = "x"\nfiles = ["parks.gpkg"]\n'
        'reader = "vector"\ncrs = "EPSG:4490"\n[fields]\npark_id = "id"\nname = "name"\n'
    )
    _, data = write_area(tmp_path, parks=manifest)
    (data / "parks.gpkg").write_bytes(b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" * 50)
    with pytest.raises(SourceFileError, match=r"parks\.gpkg"):
        load(engine, tmp_path, home=home)


def test_another_area_in_the_same_database_is_refused(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, tmp_path, home=home)
    area = (sources / "area.toml").read_text(encoding="utf-8").replace('id = "small"', 'id = "other"')
    (sources / "area.toml").write_text(area, encoding="utf-8")
    with pytest.raises(AtlasError, match="holds the area 'small'"):
        load(engine, tmp_path, home=home)


def test_warned_row_is_accepted_and_kept_with_its_rule(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    (sources / "enterprises.toml").write_text(ENTERPRISES_TOML + 'credit_code = "代码"\n', encoding="utf-8")
    write_enterprises(data, GOOD + ",91350100M000100Y44", head=HEAD + ",代码")
    result = load(engine, tmp_path, home=home)
    assert (result.counts["n_accepted"], result.counts["n_warned"], result.warned_by_rule) == (1, 1, {"RC02": 1})
    with engine.connect() as connection:
        row = connection.execute(sa.text("SELECT feature_id, source_row, field, value FROM ops.warnings")).one()
    assert tuple(row) == ("E1", 2, "credit_code", "91350100M000100Y44")


@pytest.mark.parametrize(("east_deg", "n_moved"), [(105.0504, 0), (105.0506, 1)])
def test_feature_moved_by_more_than_fifty_metres_is_counted(
    engine: sa.Engine, tmp_path: Path, home: Path, east_deg: float, n_moved: int
) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, tmp_path, home=home)
    write_enterprises(data, GOOD.replace("105.05,", f"{east_deg},"))
    tried = load(engine, tmp_path, home=home, is_dry_run=True).counts
    assert (tried["n_changed"], tried["n_moved"]) == (1, n_moved)
    assert load(engine, tmp_path, home=home).counts["n_moved"] == n_moved


def test_rollback_of_an_overtaken_load_is_refused_with_advice(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    other = "E2,乙厂,一般,3,,105.06,29.06"
    for rows in ((GOOD, other), (GOOD,), (GOOD, other)):
        write_enterprises(data, *rows)
        load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        loads = list(connection.execute(sa.text("SELECT load_id FROM ops.loads ORDER BY load_id")).scalars())
    with pytest.raises(AtlasError, match=f"roll {loads[2]} back first"):
        rollback_load(engine, load_catalog(), loads[1], approved_by="张三", reason="错")
    assert current(engine) == {"E1": "甲厂", "E2": "乙厂"}
    rollback_load(engine, load_catalog(), loads[2], approved_by="李四", reason="重报")
    with engine.connect() as connection:
        named = connection.execute(sa.text("SELECT rolled_back_by, rolled_back_reason FROM ops.loads ORDER BY load_id")).all()
    assert named == [("", ""), ("", ""), ("李四", "重报")]  # a deed that was refused bears nobody's name


def test_rolled_back_load_stays_in_the_ledger_and_its_file_loads_again(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    _, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, tmp_path, home=home)
    with engine.connect() as connection:
        load_id = connection.execute(sa.text("SELECT max(load_id) FROM ops.loads")).scalar_one()
    rollback_load(engine, load_catalog(), load_id)
    assert current(engine) == {}
    with pytest.raises(NotFoundError):
        rollback_load(engine, load_catalog(), load_id)
    assert load(engine, tmp_path, home=home).state == "loaded"
    assert current(engine) == {"E1": "甲厂"}


UNITS_TOML = """
id = "units"
layer = "hazard_units"
title_zh = "单元"
supplier = "应急局"
files = ["units.csv"]
reader = "table"
crs = "EPSG:4490"
x = "经度"
y = "纬度"
max_refused_pct = 100
[fields]
unit_id = "单元"
enterprise_id = "企业"
name = "名称"
"""


def test_children_refused_for_a_missing_parent_come_in_with_the_mended_parent(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS register.hazard_units"))
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, units=UNITS_TOML)
    (data / "units.csv").write_text("单元,企业,名称,经度,纬度\nU1,E1,罐区,105.05,29.05\nU2,E2,罐区,105.06,29.05\n", "utf-8")
    write_enterprises(data, GOOD, "E2,乙厂,一般,-1,,105.06,29.05")
    first = load_area_data(engine, load_catalog(), sources, data, home=home)
    assert first[1].refused_by_rule == {"RQ14": 1}
    write_enterprises(data, GOOD, "E2,乙厂,一般,1,,105.06,29.05")
    second = load_area_data(engine, load_catalog(), sources, data, home=home)
    assert (second[1].state, second[1].counts["n_added"]) == ("loaded", 1)


def test_feature_of_two_sources_stays_when_the_first_gives_it_up(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    second = ENTERPRISES_TOML.replace('id = "enterprises"', 'id = "zz_other"').replace("enterprises.csv", "other.csv")
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, zz_other=second)
    both = "E2,乙厂,一般,3,,105.06,29.06"
    (data / "other.csv").write_text(f"{HEAD}\n{both}\n", "gb18030")
    write_enterprises(data, GOOD, both)
    load_area_data(engine, load_catalog(), sources, data, home=home)
    write_enterprises(data, GOOD)
    load_area_data(engine, load_catalog(), sources, data, home=home)
    assert current(engine) == {"E1": "甲厂", "E2": "乙厂"}


def test_half_a_delivery_is_not_scored_without_saying_so(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, units=UNITS_TOML)
    write_enterprises(data, GOOD)
    with pytest.raises(SourceFileError):
        load_area_data(engine, load_catalog(), sources, data, home=home)
    with pytest.raises(EditionError, match="not loaded to its end"):
        score_register(engine, load_catalog(), home=home)


@pytest.mark.parametrize("pattern", ["/etc/passwd", "../other/*.csv", "", "a/../../b.csv", "**x/*.csv"])
def test_manifest_that_names_files_elsewhere_is_refused_with_a_reason(
    engine: sa.Engine, tmp_path: Path, home: Path, pattern: str
) -> None:
    write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("enterprises.csv", pattern))
    with pytest.raises(CatalogError, match="below the data folder"):
        load(engine, tmp_path, home=home)


def test_code_that_decides_what_is_accepted_is_all_known() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in code_files("etl.load")}
    assert names >= {
        "layers/crs.py", "layers/tables.py", "etl/recognise_files.py", "etl/recognise_columns.py", "etl/checks.py", "etl/topology.py",
        "etl/mojibake.py", "etl/merge.py",
    }
