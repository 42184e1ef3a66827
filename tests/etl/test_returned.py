"""Refused rows go back to the supplier marked and explained; mended, they load through the same manifest."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from etl.load import SourceResult, load_area_data
from etl.returned import MARKED, return_refused
from layers.catalog import load_catalog
from layers.errors import AtlasError, NotFoundError
from tests.conftest import SAMPLE_SOURCES
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, write_area, write_enterprises

BAD = ("E2,乙厂,未知类,3,2001-01-01,105.05,29.05", "E3,丙厂,一般,-3,2001-01-01,105.05,29.05", "=E4,丁厂,一般,3,去年,105.05,29.05")
MENDED = {"RQ05": ("C", "一般"), "RQ04": ("D", "3"), "RQ06": ("E", "2001-01-01")}


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for table in ("ops.refused", "ops.repaired", "ops.warnings", "ops.loads", "ops.files", "ops.area", "ops.deliveries", "register.rasters"):
            connection.execute(sa.text(f"TRUNCATE {table} CASCADE"))
        for (name,) in connection.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'register'")).all():
            if name != "rasters":
                connection.execute(sa.text(f'DROP TABLE register."{name}"'))


def load(engine: sa.Engine, sources: Path, data: Path, home: Path) -> dict[str, SourceResult]:
    return {result.source_id: result for result in load_area_data(engine, load_catalog(), sources, data, home=home)}


def names(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT feature_id FROM register.enterprises WHERE to_load IS NULL ORDER BY 1"))
        return list(rows.scalars())


def marked(sheet: object) -> list[str]:
    return sorted(cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.start_color.rgb == MARKED.start_color.rgb)


@pytest.mark.parametrize(("with_all_rows", "cells", "first_line"), [(False, ["C2", "D3", "E4"], 2), (True, ["C3", "D4", "E5"], 3)])
def test_rows_of_a_csv_come_back_marked_and_load_again_when_mended(
    engine: sa.Engine, tmp_path: Path, home: Path, with_all_rows: bool, cells: list[str], first_line: int
) -> None:
    sources, data = write_area(tmp_path)
    (sources / "enterprises.toml").write_text(ENTERPRISES_TOML.replace("= 60", "= 80"), encoding="utf-8")
    write_enterprises(data, GOOD, *BAD)
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 3
    target = data / "enterprises.xlsx"
    found = return_refused(engine, load_catalog(), home, target, source_id="enterprises", with_all_rows=with_all_rows)
    assert (found.n_refused, found.file) == (3, "enterprises.csv")
    book = openpyxl.load_workbook(target)
    sheet = book.active
    assert marked(sheet) == cells
    assert [cell.value for cell in sheet[1]][:10] == [*HEAD.split(","), "错误说明", "应为", "规则号"]
    assert [cell.value for cell in sheet[first_line]][7:10] == [
        "代码不在代码表中(“未知类”)", "请改为代码表中的值或提出新增申请:一般、危化生产", "RQ05",
    ]
    assert sheet.cell(first_line + 2, 1).data_type != "f"
    (data / "enterprises.csv").unlink()
    for line in range(first_line, first_line + 3):
        column, value = MENDED[sheet.cell(line, 10).value]
        sheet[f"{column}{line}"] = value
    book.save(target)
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 0
    assert names(engine) == ["=E4", "E1", "E2", "E3"]


def test_half_mended_rows_keep_the_rest_refused(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    (sources / "enterprises.toml").write_text(ENTERPRISES_TOML.replace("= 60", "= 80"), encoding="utf-8")
    write_enterprises(data, GOOD, *BAD)
    load(engine, sources, data, home)
    target = data / "enterprises.xlsx"
    return_refused(engine, load_catalog(), home, target, source_id="enterprises")
    (data / "enterprises.csv").unlink()
    book = openpyxl.load_workbook(target)
    book.active["C2"] = "一般"
    book.save(target)
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 2
    assert names(engine) == ["E1", "E2"]


def test_workbook_of_the_supplier_keeps_its_other_sheets(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    text = ENTERPRISES_TOML.replace('.csv"]', '.xlsx"]').replace('encoding = "gb18030"\n', 'sheet = "企业"\nskip_rows = 1\nheader_rows = 2\n')
    text = text.replace("= 60", "= 70").replace('"经度"', '"坐标/经度"').replace('"纬度"', '"坐标/纬度"')
    sources, data = write_area(tmp_path, enterprises=text)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "企业"
    for row in (["台账"], ["编号", "名称", "类别", "人数", "投产", "坐标"], [None] * 5 + ["经度", "纬度"], GOOD.split(","), BAD[0].split(","), ["E9", "己厂", "一般", 3, "2001-01-01", 29.05, 105.05]):
        sheet.append(row)
    for area in ("F2:G2", "A2:A3", "B2:B3", "C2:C3", "D2:D3", "E2:E3"):
        sheet.merge_cells(area)
    book.create_sheet("说明")["A1"] = "填报说明"
    book.save(data / "enterprises.xlsx")
    assert load(engine, sources, data, home)["enterprises"].refused_by_rule == {"RQ05": 1, "RQ10": 1}
    for with_all_rows in (True, False):
        target = tmp_path / f"back_{with_all_rows}.xlsx"
        return_refused(engine, load_catalog(), home, target, source_id="enterprises", with_all_rows=with_all_rows)
        back = openpyxl.load_workbook(target)
        first = 5 if with_all_rows else 4
        assert marked(back["企业"]) == [f"C{first}", f"F{first + 1}", f"G{first + 1}"]
        assert ("说明" in back.sheetnames) is with_all_rows
        back["企业"][f"C{first}"], back["企业"][f"F{first + 1}"], back["企业"][f"G{first + 1}"] = "一般", 105.05, 29.05
        back.save(tmp_path / f"mended_{with_all_rows}.xlsx")
    shutil.copy(tmp_path / "mended_False.xlsx", data / "enterprises.xlsx")
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 0
    shutil.copy(tmp_path / "mended_True.xlsx", data / "enterprises.xlsx")
    result = load(engine, sources, data, home)["enterprises"]
    assert (result.counts["n_refused"], result.counts["n_unchanged"]) == (0, 3)
    assert names(engine) == ["E1", "E2", "E9"]


def mend(workbook: Path) -> None:
    """Put sensible values into every marked cell of a returned registry (title, heading, rows)."""
    book = openpyxl.load_workbook(workbook)
    sheet = book.active
    right = {"经度": "105.256918", "纬度": "29.405646", "企业名称": "新厂", "风险等级": "低风险", "从业人数": "3", "核定日期": "2025-08-08"}
    for line in range(3, sheet.max_row + 1):
        for cell in sheet[line]:
            if cell.fill.start_color.rgb == MARKED.start_color.rgb:
                cell.value = right.get(sheet.cell(2, cell.column).value, f"NEW{line}")
    book.save(workbook)


def test_registry_of_the_sample_county_goes_back_and_comes_in_mended(
    engine: sa.Engine, tiny_sample: Path, tmp_path: Path, home: Path
) -> None:
    data = tmp_path / "delivery"
    shutil.copytree(tiny_sample / "2026Q1", data)
    first = load(engine, SAMPLE_SOURCES, data, home)["enterprises"].counts
    source = data / "应急管理局" / "企业台账.csv"
    source.unlink()
    n_refused = [first["n_refused"]]
    while n_refused[-1]:
        return_refused(engine, load_catalog(), home, source.with_suffix(".xlsx"), source_id="enterprises")
        mend(source.with_suffix(".xlsx"))
        counts = load(engine, SAMPLE_SOURCES, data, home)["enterprises"].counts
        assert (counts["n_read"], counts["n_gone"]) == (n_refused[-1], 0)
        n_refused.append(counts["n_refused"])
    assert n_refused == [10, 1, 0]
    with engine.connect() as connection:
        n_current = connection.execute(
            sa.text("SELECT count(*) FROM register.enterprises WHERE to_load IS NULL AND source_id = 'enterprises'")
        ).scalar_one()
    assert n_current == first["n_read"]


def test_load_without_refused_rows_has_nothing_to_return(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, sources, data, home)
    with pytest.raises(NotFoundError, match="refused no row"):
        return_refused(engine, load_catalog(), home, tmp_path / "x.xlsx", source_id="enterprises")
    with pytest.raises(NotFoundError, match="no load"):
        return_refused(engine, load_catalog(), home, tmp_path / "x.xlsx", load_id=999)


def test_rows_of_two_files_ask_which(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    text = ENTERPRISES_TOML.replace('"enterprises.csv"', '"e*.csv"').replace("= 60", "= 100")
    sources, data = write_area(tmp_path, enterprises=text)
    for name, row in (("e1.csv", BAD[0]), ("e2.csv", BAD[1])):
        (data / name).write_text(f"{HEAD}\n{row}\n", encoding="gb18030")
    load(engine, sources, data, home)
    with pytest.raises(AtlasError, match=r"e1\.csv, e2\.csv"):
        return_refused(engine, load_catalog(), home, tmp_path / "x.xlsx", source_id="enterprises")
    assert return_refused(engine, load_catalog(), home, tmp_path / "x.xlsx", source_id="enterprises", file="e2.csv").n_refused == 1
