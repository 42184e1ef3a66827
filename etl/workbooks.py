"""Excel workbooks (.xlsx, .xlsm, .xls) as rows of text: the values people see, merged heads joined."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import pandas as pd
import xlrd
from openpyxl.utils.exceptions import InvalidFileException

from etl.archives import check_workbook
from etl.batch import ROW, cell_text
from etl.manifest import Manifest
from etl.text_files import headings, joined_heading, without_empty
from layers.errors import SourceFileError

MAX_CELLS = 30_000_000
BROKEN_BOOK = (
    OSError, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError, NotImplementedError, OverflowError,
    AssertionError, RecursionError, MemoryError, zipfile.BadZipFile, zlib.error, ParseError, InvalidFileException,
    xlrd.XLRDError, struct.error, xlrd.compdoc.CompDocError,
)
"""What the two readers raise on a damaged workbook; they have no error of their own for it."""
Rows = list[list[str]]
MergedArea = tuple[int, int, int, int]
"""First row, last row, first column, last column, counted from 0, all included."""


def read_workbook(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One sheet as text columns.

    Raises
    ------
    SourceFileError
        No workbook, no such sheet, several filled sheets and none chosen, a formula without its value.
    """
    read = _read_xls if path.suffix.lower() == ".xls" else _read_xlsx
    rows, merged = read(path, manifest)
    if manifest.columns:
        return _without_heading(rows, manifest, path)
    first = manifest.skip_rows + manifest.header_rows
    if len(rows) < first or not rows:
        raise SourceFileError(path, f"{len(rows)} rows", f"{first} heading rows")
    heads = _merged_values(rows, merged, first)
    names = [
        joined_heading(tuple(heads.get((row, column), rows[row][column]) for row in range(manifest.skip_rows, first)))
        for column in range(len(rows[0]))
    ]
    frame = pd.DataFrame(rows[first:], columns=headings(names, path), dtype=object)
    frame[ROW] = np.arange(len(frame)) + first + 1
    return without_empty(frame)


def _without_heading(rows: Rows, manifest: Manifest, path: Path) -> pd.DataFrame:
    """A sheet whose columns the manifest names; a first row that repeats those names is no row of data."""
    names, width = list(manifest.columns), max((len(row) for row in rows), default=0)
    has_heading = bool(rows) and rows[0][: len(names)] == names
    full = rows[0] if has_heading else names + [""] * (width - len(names))
    first = manifest.skip_rows + (1 if has_heading else 0)
    frame = pd.DataFrame(rows[first:], columns=headings(full, path), dtype=object)
    frame[ROW] = np.arange(len(frame)) + first + 1
    return without_empty(frame)


def _merged_values(rows: Rows, merged: list[MergedArea], n_rows: int) -> dict[tuple[int, int], str]:
    """Text of merged heading cells for every cell they cover."""
    values: dict[tuple[int, int], str] = {}
    for top, bottom, left, right in merged:
        for row in range(top, min(bottom + 1, n_rows)):
            for column in range(left, min(right + 1, len(rows[row]))):
                values[row, column] = rows[top][left]
    return values


def _chosen(path: Path, manifest: Manifest, names: list[str], filled: list[str]) -> str:
    """The sheet to read: the one named, else the only one with content."""
    if manifest.sheet:
        if manifest.sheet not in names:
            raise SourceFileError(path, f"sheets {', '.join(names)}", f"a sheet {manifest.sheet}")
        return manifest.sheet
    if len(filled) > 1:
        raise SourceFileError(path, f"filled sheets {', '.join(filled)}", "`sheet` in the manifest, naming one of them")
    return filled[0] if filled else names[0]


def _check_size(path: Path, n_rows: int, n_columns: int) -> None:
    if n_rows * n_columns > MAX_CELLS:
        raise SourceFileError(path, f"{n_rows:,} rows of {n_columns:,} columns", f"at most {MAX_CELLS:,} cells")


def _read_xlsx(path: Path, manifest: Manifest) -> tuple[Rows, list[MergedArea]]:
    check_workbook(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, data_only=True)
            sheets = {sheet.title: sheet for sheet in book.worksheets}
            filled = [name for name, sheet in sheets.items() if sheet.max_row > 1]
            sheet = sheets[_chosen(path, manifest, list(sheets), filled)]
            _check_size(path, sheet.max_row, sheet.max_column)
            rows = [[cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
            merged = [(a.min_row - 1, a.max_row - 1, a.min_col - 1, a.max_col - 1) for a in sheet.merged_cells.ranges]
            _refuse_open_formulas(path, sheet.title, rows)
    except BROKEN_BOOK as error:
        raise SourceFileError(path, f"no workbook ({error})"[:500], "an .xlsx file") from error
    return rows, merged


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return any(b"<f>" in text or b"<f " in text for text in map(archive.read, sheets))


def _refuse_open_formulas(path: Path, title: str, rows: Rows) -> None:
    """A formula is read by the value last computed; one that was never computed would be an empty cell."""
    if not _has_formulas(path):
        return
    sheet = openpyxl.load_workbook(path, data_only=False)[title]
    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "f" and rows[cell.row - 1][cell.column - 1] == "":
                raise SourceFileError(
                    path, f"a formula without its value at {cell.coordinate} ({str(cell.value)[:80]})",
                    "computed values: open the workbook in Excel or WPS and save it again",
                )


def _read_xls(path: Path, manifest: Manifest) -> tuple[Rows, list[MergedArea]]:
    try:
        book = xlrd.open_workbook(path, formatting_info=True, logfile=_Nowhere())
        filled = [sheet.name for sheet in book.sheets() if sheet.nrows > 1]
        sheet = book.sheet_by_name(_chosen(path, manifest, book.sheet_names(), filled))
        _check_size(path, sheet.nrows, sheet.ncols)
        rows = [[_xls_text(cell, book) for cell in sheet.row(number)] for number in range(sheet.nrows)]
        rows = [row + [""] * (sheet.ncols - len(row)) for row in rows]
        merged = [(top, end - 1, left, right - 1) for top, end, left, right in sheet.merged_cells]
    except BROKEN_BOOK as error:
        raise SourceFileError(path, f"no workbook ({error})"[:500], "an .xls file of Excel 97 to 2003") from error
    return rows, merged


def _xls_text(cell: Any, book: Any) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return cell_text(xlrd.xldate_as_datetime(cell.value, book.datemode))
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return str(bool(cell.value))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    return cell_text(cell.value)


class _Nowhere:
    """Takes the remarks that xlrd would print."""

    def write(self, text: str) -> None:
        """Forget a remark."""

    def flush(self) -> None:
        """Nothing is kept."""
