"""Excel workbooks (.xlsx, .xlsm, .xls) as rows of text: the values people see, merged heads joined."""

from __future__ import annotations

import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import pandas as pd
import xlrd
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from etl.archives import check_workbook
from etl.batch import ROW, SHEET, cell_text
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
ALL_SHEETS = ("*",)
Rows = list[list[str]]
MergedArea = tuple[int, int, int, int]
"""First row, last row, first column, last column, counted from 0, all included."""


@dataclass
class Sheet:
    """One sheet as people see it; its cells are turned into text when first asked for."""

    path: Path
    name: str
    n_rows: int
    n_columns: int
    merged: list[MergedArea]
    give_rows: Callable[[], Rows]

    @cached_property
    def rows(self) -> Rows:
        """Rows of text, all of one width."""
        if self.n_rows * self.n_columns > MAX_CELLS:
            raise SourceFileError(
                self.path, f"{self.n_rows:,} rows of {self.n_columns:,} columns", f"at most {MAX_CELLS:,} cells"
            )
        with no_workbook(self.path):
            return self.give_rows()


@contextmanager
def no_workbook(path: Path) -> Iterator[None]:
    """What the readers raise on a damaged workbook becomes a `SourceFileError`."""
    try:
        yield
    except BROKEN_BOOK as error:
        raise SourceFileError(path, f"no workbook ({error})"[:500], "an .xlsx file, or an .xls file of Excel 97 to 2003") from error


def read_workbook(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One sheet as text columns, or several with the same heading one below the other.

    With `sheets` in the manifest each row also says its sheet in the column ``_sheet``.

    Raises
    ------
    SourceFileError
        No workbook, no such sheet, several filled sheets and none chosen, sheets of different headings, a formula
        without its value.
    """
    chosen = chosen_sheets(path, manifest, sheets_of(path))
    _refuse_open_formulas(path, chosen)
    frames = [_sheet_rows(sheet, manifest, path) for sheet in chosen]
    if not manifest.sheets:
        return frames[0]
    refuse_other_headings(path, manifest, {sheet.name: set(frame.columns) for sheet, frame in zip(chosen, frames, strict=True)})
    return pd.concat([frame.assign(**{SHEET: sheet.name}) for sheet, frame in zip(chosen, frames, strict=True)], ignore_index=True)


def refuse_other_headings(path: Path, manifest: Manifest, columns: dict[str, set[str]]) -> None:
    """Sheets that are read one below the other must have the columns of the first, by name of sheet."""
    first = next(iter(columns))
    for name, found in columns.items() if manifest.sheets else ():
        differing = sorted(found ^ columns[first])
        if differing:
            differs = f"sheet {name} and sheet {first} that differ in {', '.join(differing)}"
            raise SourceFileError(path, differs, "sheets of one heading, or a source for each")


def _sheet_rows(sheet: Sheet, manifest: Manifest, path: Path) -> pd.DataFrame:
    names, first = column_names(sheet, manifest, path)
    frame = pd.DataFrame(sheet.rows[first:], columns=names, dtype=object)
    frame[ROW] = np.arange(len(frame)) + first + 1
    return without_empty(frame)


def column_names(sheet: Sheet, manifest: Manifest, path: Path) -> tuple[list[str], int]:
    """Names of a sheet's columns, and the number of rows before its data.

    Where the manifest names the columns, a first row that repeats those names is no row of data.
    """
    if not manifest.columns:
        first = manifest.skip_rows + manifest.header_rows
        if len(sheet.rows) < first or not sheet.rows:
            raise SourceFileError(path, f"{len(sheet.rows)} rows", f"{first} heading rows")
        return headings(joined_heads(sheet, manifest.skip_rows, manifest.header_rows), path), first
    names = list(manifest.columns)
    has_heading = bool(sheet.rows) and sheet.rows[0][: len(names)] == names
    full = sheet.rows[0] if has_heading else names + [""] * (sheet.n_columns - len(names))
    return headings(full, path), manifest.skip_rows + (1 if has_heading else 0)


def joined_heads(sheet: Sheet, skip_rows: int, header_rows: int) -> list[str]:
    """Heading of each column, the rows of a merged heading joined as ``group/column``."""
    first = skip_rows + header_rows
    heads = _merged_values(sheet.rows, sheet.merged, first)
    return [
        joined_heading(tuple(heads.get((row, column), sheet.rows[row][column]) for row in range(skip_rows, first)))
        for column in range(len(sheet.rows[0]))
    ]


def _merged_values(rows: Rows, merged: list[MergedArea], n_rows: int) -> dict[tuple[int, int], str]:
    """Text of merged heading cells for every cell they cover."""
    values: dict[tuple[int, int], str] = {}
    for top, bottom, left, right in merged:
        for row in range(top, min(bottom + 1, n_rows)):
            for column in range(left, min(right + 1, len(rows[row]))):
                values[row, column] = rows[top][left]
    return values


def chosen_sheets(path: Path, manifest: Manifest, sheets: list[Sheet]) -> list[Sheet]:
    """The sheets to read: those named (``*``: all filled ones), else the only one with content."""
    filled = [sheet for sheet in sheets if sheet.n_rows > 1]
    wanted = (manifest.sheet,) if manifest.sheet else manifest.sheets
    if wanted == ALL_SHEETS:
        wanted = tuple(sheet.name for sheet in filled)
    if wanted:
        by_name = {sheet.name: sheet for sheet in sheets}
        missing = [name for name in wanted if name not in by_name]
        if missing:
            raise SourceFileError(path, f"sheets {', '.join(by_name)}", f"a sheet {', '.join(missing)}")
        return [by_name[name] for name in wanted]
    if len(filled) > 1:
        names = ", ".join(sheet.name for sheet in filled)
        raise SourceFileError(path, f"filled sheets {names}", "`sheet` in the manifest, naming one of them, or `sheets`")
    return filled or sheets[:1]


def sheets_of(path: Path) -> list[Sheet]:
    """All sheets of a workbook, in its order; raises `SourceFileError` where it is none."""
    return _xls_sheets(path) if path.suffix.lower() == ".xls" else _xlsx_sheets(path)


def _xlsx_sheets(path: Path) -> list[Sheet]:
    check_workbook(path)
    with no_workbook(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, data_only=True)
        return [
            Sheet(path, sheet.title, sheet.max_row, sheet.max_column,
                  [(a.min_row - 1, a.max_row - 1, a.min_col - 1, a.max_col - 1) for a in sheet.merged_cells.ranges],
                  partial(_xlsx_rows, sheet))
            for sheet in book.worksheets
        ]


def _xlsx_rows(sheet: Worksheet) -> Rows:
    return [[cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        return any(b"<f>" in text or b"<f " in text for text in map(archive.read, sheets))


def _refuse_open_formulas(path: Path, sheets: list[Sheet]) -> None:
    """A formula is read by the value last computed; one that was never computed would be an empty cell."""
    with no_workbook(path):
        if path.suffix.lower() == ".xls" or not _has_formulas(path):
            return
        book = openpyxl.load_workbook(path, data_only=False)
        formulas = [(s, cell) for s in sheets for row in book[s.name].iter_rows() for cell in row if cell.data_type == "f"]
    for sheet, cell in formulas:
        if sheet.rows[cell.row - 1][cell.column - 1] == "":
            raise open_formula(path, cell.coordinate, cell.value)


def open_formula(path: Path, coordinate: str, formula: object) -> SourceFileError:
    """The refusal of a formula without its value."""
    return SourceFileError(
        path, f"a formula without its value at {coordinate} ({str(formula)[:80]})",
        "computed values: open the workbook in Excel or WPS and save it again",
    )


def _xls_sheets(path: Path) -> list[Sheet]:
    with no_workbook(path):
        book = xlrd.open_workbook(path, formatting_info=True, logfile=_Nowhere())
        return [
            Sheet(path, sheet.name, sheet.nrows, sheet.ncols,
                  [(top, end - 1, left, right - 1) for top, end, left, right in sheet.merged_cells],
                  partial(_xls_rows, sheet, book))
            for sheet in book.sheets()
        ]


def _xls_rows(sheet: Any, book: Any) -> Rows:
    rows = [[_xls_text(cell, book) for cell in sheet.row(number)] for number in range(sheet.nrows)]
    return [row + [""] * (sheet.ncols - len(row)) for row in rows]


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
