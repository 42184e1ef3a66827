"""A workbook read in pieces is the workbook read whole, and never more of it is held than a piece."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

import etl.workbook_batches
from etl.read import read_batches, read_file
from etl.workbook_batches import extent_of, sheets_seen, workbook_batches
from etl.workbooks import read_workbook, sheets_of
from layers.errors import SourceFileError
from tests.etl.test_read_batches import manifest, same_in_pieces

N = 23


def book_of(path: Path, sheets: tuple[str, ...] = ("东镇",), n_rows: int = N) -> Path:
    """Sheets with a merged heading of two rows, blank rows, merged cells among the data, dates, numbers and signs of styling."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title in sheets:
        sheet = book.create_sheet(title)
        sheet.append(["编号", "地址", None, "日期", None])
        sheet.append([None, "镇", "路", None, None])
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")
        for number in range(n_rows):
            day = dt.datetime(2025, 1, 2) + dt.timedelta(days=number)
            sheet.append([f"{title}{number}", number / 4, "路\n口" if number % 3 else None, day, None] if number % 6 else [])
        sheet.cell(n_rows + 4, 7).font = Font(bold=True)
        sheet.merge_cells("B5:C7")
    book.save(path)
    return path


def rewritten(path: Path, target: Path, pattern: bytes, by: bytes) -> Path:
    """The workbook with the XML of its sheets changed."""
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(target, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            made.writestr(name, re.sub(pattern, by, content) if name.startswith("xl/worksheets/") else content)
    return target


def test_pieces_are_the_rows_of_the_whole(tmp_path: Path) -> None:
    source = manifest(reader="table", header_rows=2, crs="")
    same_in_pieces([book_of(tmp_path / "a.xlsx")], source)
    whole = read_workbook(tmp_path / "a.xlsx", source)
    assert list(whole["编号"][:2]) == ["东镇1", "东镇2"] and whole["地址/路"].iloc[1] == ""  # under a merged cell


def test_pieces_of_several_sheets_name_them(tmp_path: Path) -> None:
    same_in_pieces([book_of(tmp_path / "a.xlsx", ("东镇", "西乡"))], manifest(reader="table", header_rows=2, crs="", sheets=("*",)))


def test_pieces_of_several_workbooks(tmp_path: Path) -> None:
    files = [book_of(tmp_path / "a.xlsx"), book_of(tmp_path / "b.xlsx", ("西乡",))]
    same_in_pieces(files, manifest(reader="table", header_rows=2, crs=""))


def test_columns_that_the_manifest_names(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for number in range(N):
        book.active.append([f"A{number}", number])
    book.save(tmp_path / "a.xlsx")
    same_in_pieces([tmp_path / "a.xlsx"], manifest(reader="table", columns=("编号", "数"), crs=""))


def test_a_lying_dimension_hides_no_row(tmp_path: Path) -> None:
    path = book_of(tmp_path / "a.xlsx")
    lying = rewritten(path, tmp_path / "b.xlsx", rb'<dimension ref="[^"]*"', b'<dimension ref="A1:A3"')
    source = manifest(reader="table", header_rows=2, crs="")
    assert sum(len(frame) for frame in workbook_batches(lying, source, rows=5)) == len(read_workbook(path, source)) == 19


def test_cells_without_places_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = book_of(tmp_path / "a.xlsx")
    odd = rewritten(path, tmp_path / "b.xlsx", rb'<c r="A(\d+)"', b"<c")
    source = manifest(reader="table", header_rows=2, crs="")
    (frame,) = workbook_batches(odd, source, rows=5)
    assert list(frame["编号"]) == list(read_workbook(path, source)["编号"])
    monkeypatch.setattr(etl.workbook_batches, "LARGEST_ODD_BYTES", 100)
    with pytest.raises(SourceFileError, match="do not say their places"):
        next(workbook_batches(odd, source, rows=5))


def test_formula_without_value_is_refused_as_in_the_whole(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["编号", "数"], ["A1", 1], ["A2", "=B2*2"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    for read in (read_file, lambda path, source: list(read_batches([path], source, path.parent))):
        with pytest.raises(SourceFileError, match="formula without its value at B3"):
            read(tmp_path / "a.xlsx", manifest(reader="table", crs=""))


@pytest.mark.parametrize("piece_bytes", [64, 1000, 2**22])
def test_extent_is_the_same_however_the_xml_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece_bytes: int) -> None:
    monkeypatch.setattr(etl.workbook_batches, "PIECE_BYTES", piece_bytes)
    with zipfile.ZipFile(book_of(tmp_path / "a.xlsx")) as archive:
        found = extent_of(archive, "xl/worksheets/sheet1.xml")
    assert (found.n_rows, found.n_columns, found.has_formulas, found.is_plain) == (N + 4, 7, False, True)
    assert sorted(found.merged) == [(0, 0, 1, 2), (0, 1, 0, 0), (4, 6, 1, 2)]


def test_cells_far_apart_are_refused_before_they_are_filled_up(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"], book.active["XFD1048576"] = "编号", "甲", "远"
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceFileError, match="columns"):
        list(workbook_batches(tmp_path / "a.xlsx", manifest(reader="table", crs=""), rows=5))


def test_first_rows_of_every_sheet_are_those_of_the_whole(tmp_path: Path) -> None:
    path = book_of(tmp_path / "a.xlsx", ("东镇", "西乡"))
    whole, seen = sheets_of(path), sheets_seen(path, 9)
    assert [(sheet.name, sheet.n_rows, sheet.n_columns, sorted(sheet.merged)) for sheet in seen] == [
        (sheet.name, sheet.n_rows, sheet.n_columns, sorted(sheet.merged)) for sheet in whole]
    assert [sheet.rows for sheet in seen] == [sheet.rows[:9] for sheet in whole]
    odd = rewritten(path, tmp_path / "b.xlsx", rb'<c r="A(\d+)"', b"<c")
    assert [sheet.rows for sheet in sheets_seen(odd, 9)] == [sheet.rows for sheet in sheets_of(odd)]
