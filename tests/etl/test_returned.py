"""Refused rows go back to the supplier marked and explained; mended, they load through the same manifest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from openpyxl.comments import Comment

from etl.load import SourceResult, load_area_data
from etl.manifest import load_manifests
from etl.recognise import recognise
from etl.returned import MARKED, return_refused
from etl.status import status_of
from etl.work.tasks import _checked
from layers.catalog import load_catalog
from layers.errors import AtlasError, NotFoundError, TooManyRefusedError
from tests.conftest import SAMPLE_SOURCES
from tests.etl import small_area
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, write_area, write_enterprises

BAD = ("E2,乙厂,未知类,3,2001-01-01,105.05,29.05", "E3,丙厂,一般,-3,2001-01-01,105.05,29.05", "=E4,丁厂,一般,3,去年,105.05,29.05")
MENDED = {"RQ05": ("C", "一般"), "RQ04": ("D", "3"), "RQ06": ("E", "2001-01-01")}


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        small_area.empty_database(connection)


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
        "类别:代码不在代码表中(“未知类”)", "类别:请改为代码表中的值或提出新增申请:一般、危化生产", "RQ05",
    ]
    assert "代码不在代码表中" in sheet.cell(first_line, 3).comment.text
    assert sheet.cell(first_line + 2, 1).data_type != "f"
    (data / "enterprises.csv").unlink()
    for line in range(first_line, first_line + 3):
        column, value = MENDED[sheet.cell(line, 10).value]
        sheet[f"{column}{line}"] = value
    book.save(target)
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 0
    assert names(engine) == ["=E4", "E1", "E2", "E3"]
    assert status_of(engine, load_catalog())["layers"]["enterprises"]["features"] == 4, "all that the register holds, whoever mended how many"


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
    result = load(engine, sources, data, home)["enterprises"]
    assert result.counts["n_refused"] == 2 and names(engine) == ["E1", "E2"]
    on_page = [_checked(entry, {"counts": entry.counts}, {"enterprises": "max_refused_pct = 60.0"}) for entry in (result, replace(result, refused_pct=66.7))]
    assert [entry["is_blocked"] for entry in on_page] == [False, True]  # nor does the page stop what the command loads


@pytest.mark.parametrize("job", ["", 'distinct = true\n'])
def test_returned_workbook_beside_a_delivery_does_not_lift_its_limit(engine: sa.Engine, tmp_path: Path, home: Path, job: str) -> None:
    text = ENTERPRISES_TOML.replace('["enterprises.csv"]', '["enterprises*"]').replace('reader = "table"\n', 'reader = "table"\n' + job)
    sources, data = write_area(tmp_path, enterprises=text.replace("= 60", "= 80"))
    write_enterprises(data, GOOD, *BAD)
    load(engine, sources, data, home)
    return_refused(engine, load_catalog(), home, data / "enterprises-mended.xlsx", source_id="enterprises")
    together = load(engine, sources, data, home)["enterprises"]
    assert (together.counts["n_read"], together.counts["n_refused"], together.refused_pct) == (7, 6, 75.0), "of the delivery alone"
    (sources / "enterprises.toml").write_text(text.replace("= 60", "= 74"), encoding="utf-8")
    with pytest.raises(TooManyRefusedError, match="3 of 4 rows refused"):
        load(engine, sources, data, home)


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


EVERYTHING_WRONG = "E2,,未知类,-3,去年,29.05,105.05"
"""No name, an unknown kind, a negative number, no date, coordinates exchanged."""
FAULTS = [("RQ02", "name"), ("RQ04", "n_persons"), ("RQ05", "kind"), ("RQ06", "in_service_on"), ("RQ10", "geometry")]
RIGHT = ["乙厂", "一般", 3, "2001-01-01", 105.05, 29.05]
TWO_HEADS = ENTERPRISES_TOML.replace('.csv"]', '.xlsx"]').replace('encoding = "gb18030"\n', "header_rows = 2\n").replace(
    '"经度"', '"坐标/经度"').replace('"纬度"', '"坐标/纬度"')


def write_two_heads(path: Path, *rows: str) -> None:
    """The registry as a workbook whose heading has two rows, with merged cells."""
    book = openpyxl.Workbook()
    for row in (["编号", "名称", "类别", "人数", "投产", "坐标"], [None] * 5 + ["经度", "纬度"], *(row.split(",") for row in rows)):
        book.active.append(row)
    for area in ("F1:G1", "A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:E2"):
        book.active.merge_cells(area)
    book.save(path)


@pytest.mark.parametrize("with_all_rows", [False, True])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_all_faults_of_a_row_are_told_and_mended_at_once(
    engine: sa.Engine, tmp_path: Path, home: Path, kind: str, with_all_rows: bool
) -> None:
    text = (ENTERPRISES_TOML if kind == "csv" else TWO_HEADS).replace("= 60", "= 90")
    sources, data = write_area(tmp_path, enterprises=text)
    if kind == "csv":
        write_enterprises(data, GOOD, EVERYTHING_WRONG)
    else:
        write_two_heads(data / "enterprises.xlsx", GOOD, EVERYTHING_WRONG)
    first = load(engine, sources, data, home)["enterprises"]
    assert (first.counts["n_read"], first.counts["n_refused"]) == (2, 1)
    assert first.refused_by_rule == {rule: 1 for rule, _ in FAULTS}
    with engine.connect() as connection:
        told = connection.execute(sa.text("SELECT rule_id, field FROM ops.refused ORDER BY rule_id")).all()
    assert [tuple(row) for row in told] == FAULTS
    target = tmp_path / "back.xlsx"
    assert return_refused(engine, load_catalog(), home, target, source_id="enterprises", with_all_rows=with_all_rows).n_refused == 1
    book = openpyxl.load_workbook(target)
    sheet, line = book.active, (2 if kind == "csv" else 3) + with_all_rows
    assert marked(sheet) == [f"{column}{line}" for column in "BCDEFG"]
    reasons, rules = sheet.cell(line, 8).value.split("\n"), sheet.cell(line, 10).value.split("\n")
    assert sorted(rules) == [rule for rule, _ in FAULTS]
    assert {reason.split(":")[0] for reason in reasons} == {"名称", "类别", "人数", "投产", "经度、纬度" if kind == "csv" else "坐标/经度、坐标/纬度"}
    assert ["缺少必填字段" in sheet.cell(line, column).comment.text for column in (2, 3)] == [True, False]
    for column, value in enumerate(RIGHT, start=2):
        sheet.cell(line, column).value = value
    (data / f"enterprises.{kind}").unlink()
    book.save(data / "enterprises.xlsx")
    second = load(engine, sources, data, home)["enterprises"]
    assert (second.counts["n_refused"], second.refused_by_rule) == (0, {})
    assert names(engine) == ["E1", "E2"]


def test_second_return_takes_back_the_marks_of_the_first_and_keeps_the_suppliers_notes(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=TWO_HEADS.replace("= 60", "= 90"))
    workbook = data / "enterprises.xlsx"
    write_two_heads(workbook, GOOD, BAD[0].replace(",3,", ",-3,"))
    book = openpyxl.load_workbook(workbook)
    book.active["D4"].comment = Comment("人数待核", "填报人")
    book.save(workbook)
    for cells in (["C4", "D4"], ["D4"]):
        load(engine, sources, data, home)
        return_refused(engine, load_catalog(), home, workbook, source_id="enterprises", with_all_rows=True)
        book = openpyxl.load_workbook(workbook)
        assert marked(book.active) == cells
        assert [cell.coordinate for row in book.active.iter_rows() for cell in row if cell.comment] == cells
        book.active["C4"] = "一般"
        book.save(workbook)
    assert book.active["D4"].comment.text.startswith("人数待核\n【退回】")


def test_field_that_could_not_be_read_is_not_told_as_missing_too(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    text = ENTERPRISES_TOML.replace('name = "名称"', 'name = { column = "名称", codes = { "甲厂" = "甲厂" } }').replace("= 60", "= 90")
    sources, data = write_area(tmp_path, enterprises=text)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,,东经,29.05")
    assert load(engine, sources, data, home)["enterprises"].refused_by_rule == {"RQ05": 1, "RQ08": 1}


def test_faulty_row_is_told_that_its_number_is_taken(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("= 60", "= 90"))
    write_enterprises(data, "E1,乙厂,未知类,3,,105.05,29.05", GOOD, "E3,丙厂,未知类,3,,105.05,29.05", "E3,丁厂,未知类,3,,105.05,29.05")
    result = load(engine, sources, data, home)["enterprises"]
    assert (result.counts["n_refused"], result.refused_by_rule) == (3, {"RQ05": 3, "RQ13": 2})
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT source_row FROM ops.refused WHERE rule_id = 'RQ13' ORDER BY 1")).scalars()
        assert list(rows) == [2, 5]


def test_repeated_number_sent_back_as_it_was_replaces_nothing(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD, GOOD.replace("甲厂", "乙厂"))
    assert load(engine, sources, data, home)["enterprises"].refused_by_rule == {"RQ13": 1}
    target = data / "enterprises.xlsx"
    return_refused(engine, load_catalog(), home, target, source_id="enterprises")
    (data / "enterprises.csv").unlink()
    assert load(engine, sources, data, home)["enterprises"].refused_by_rule == {"RQ13": 1}
    book = openpyxl.load_workbook(target)
    book.active["A2"] = "E2"
    book.save(target)
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 0
    book.active["B2"] = "乙新厂"
    book.save(target)
    assert load(engine, sources, data, home)["enterprises"].counts["n_changed"] == 1
    assert names(engine) == ["E1", "E2"]


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
    return_refused(engine, load_catalog(), home, source.with_suffix(".xlsx"), source_id="enterprises")
    mend(source.with_suffix(".xlsx"))
    second = load(engine, SAMPLE_SOURCES, data, home)["enterprises"].counts
    assert (first["n_refused"], second["n_read"], second["n_gone"], second["n_refused"]) == (10, 10, 0, 0)
    with engine.connect() as connection:
        n_current = connection.execute(
            sa.text("SELECT count(*) FROM register.enterprises WHERE to_load IS NULL AND source_id = 'enterprises'")
        ).scalar_one()
    assert n_current == first["n_read"]


@pytest.mark.parametrize("with_all_rows", [False, True])
def test_returned_workbook_is_recognised_as_its_source_without_a_question(engine: sa.Engine, tmp_path: Path, home: Path, with_all_rows: bool) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD, BAD[1])
    load(engine, sources, data, home)
    return_refused(engine, load_catalog(), home, data / "enterprises.xlsx", source_id="enterprises", with_all_rows=with_all_rows)
    area, manifests = load_manifests(sources, load_catalog())
    [found] = recognise(data / "enterprises.xlsx", area=area, catalog=load_catalog(), manifests=manifests, engine=None).as_dict()["datasets"]
    assert (found["known_source"], found["known_fit"], found["questions"]) == ("enterprises", "exact", [])
    assert ["退回表" in remark["zh"] for remark in found["warnings"]] == [True] * (not with_all_rows)


def test_load_without_refused_rows_has_nothing_to_return(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    load(engine, sources, data, home)
    with pytest.raises(NotFoundError, match="refused no row"):
        return_refused(engine, load_catalog(), home, tmp_path / "x.xlsx", source_id="enterprises")
    with pytest.raises(NotFoundError, match="no such load"):
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


@pytest.mark.parametrize("with_all_rows", [False, True])
@pytest.mark.parametrize("sheets", ['["*"]', '["东镇", "西乡"]'])
def test_rows_of_several_sheets_come_back_on_their_sheets(
    engine: sa.Engine, tmp_path: Path, home: Path, sheets: str, with_all_rows: bool
) -> None:
    text = ENTERPRISES_TOML.replace('.csv"]', '.xlsx"]').replace('encoding = "gb18030"\n', f"sheets = {sheets}\n").replace("= 60", "= 80")
    sources, data = write_area(tmp_path, enterprises=text)
    book = openpyxl.Workbook()
    book.remove(book.active)
    rows = {"东镇": [GOOD, BAD[0], BAD[1]], "西乡": [GOOD.replace("E1", "E5"), GOOD.replace("E1", "E6")]}
    for name, lines in rows.items():
        sheet = book.create_sheet(name)
        for row in (HEAD, *lines):
            sheet.append(row.split(","))
    book["西乡"].append("E7,庚厂,一般,-3,2001-01-01,105.05,29.05".split(","))
    book.save(data / "enterprises.xlsx")
    assert load(engine, sources, data, home)["enterprises"].refused_by_rule == {"RQ04": 2, "RQ05": 1}
    target = tmp_path / "back.xlsx"
    found = return_refused(engine, load_catalog(), home, target, source_id="enterprises", with_all_rows=with_all_rows)
    assert (found.n_refused, found.file) == (3, "enterprises.xlsx")
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["东镇", "西乡"]
    assert [marked(book[name]) for name in book.sheetnames] == ([["C3", "D4"], ["D4"]] if with_all_rows else [["C2", "D3"], ["D2"]])
    for sheet in book:
        for row in sheet.iter_rows(min_row=2):
            for cell in row:
                if cell.fill.start_color.rgb == MARKED.start_color.rgb:
                    cell.value = {"C": "一般", "D": 3}[cell.column_letter]
    book.save(data / "enterprises.xlsx")
    assert load(engine, sources, data, home)["enterprises"].counts["n_refused"] == 0
    assert names(engine) == ["E1", "E2", "E3", "E5", "E6", "E7"]
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT source_file FROM register.enterprises WHERE feature_id = 'E7'")).scalars().first() == "enterprises.xlsx › 西乡"
