"""Rows of an .xlsx a piece at a time: a look through its XML tells what reading by pieces must know beforehand.

Memory is that of a piece and of the book's table of texts. Sheets whose XML is written in another way than by Excel, WPS,
LibreOffice and the usual libraries (cells or rows without their places) are read whole by `read_workbook`.
"""

from __future__ import annotations

import itertools
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils import column_index_from_string, range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from etl.archives import check_workbook
from etl.batch import ROW, SHEET, cell_text
from etl.manifest import Manifest
from etl.text_files import without_empty
from etl.workbooks import (
    MAX_CELLS,
    MergedArea,
    Sheet,
    chosen_sheets,
    column_names,
    no_workbook,
    open_formula,
    read_workbook,
    refuse_other_headings,
    sheets_of,
)
from layers.errors import SourceFileError

LARGEST_ODD_BYTES = 32 * 2**20
"""Of a workbook that must be read whole: it takes some fifty times as much memory."""
PIECE_BYTES = 2**22
CELL, PLACE = re.compile(rb"<(?:\w+:)?c[\s>/]"), re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3})(\d+)"')
LINE, NUMBER = re.compile(rb"<(?:\w+:)?row[\s>/]"), re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d+)"')
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?\bref="([A-Z]{1,3}\d+:[A-Z]{1,3}\d+)"')
FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


@dataclass(frozen=True)
class Extent:
    """What a look through the XML of a sheet tells; `is_plain`: every cell and row says its place, rows in their order."""

    n_rows: int
    n_columns: int
    merged: list[MergedArea]
    has_formulas: bool
    is_plain: bool


def extent_of(archive: zipfile.ZipFile, member: str) -> Extent:
    """How far the cells of a sheet reach; reads its XML once, in pieces."""
    last, n_rows, letters, merged, has_formulas, is_plain = 0, 0, {b"A"}, [], False, True
    with archive.open(member) as stream:
        rest, is_open = b"", True
        while is_open:
            piece = stream.read(PIECE_BYTES)
            is_open = bool(piece)
            text, rest = _whole_tags(rest + piece) if is_open else (rest, b"")
            places, numbers = PLACE.findall(text), [last, *map(int, NUMBER.findall(text))]
            is_plain &= len(CELL.findall(text)) == len(places) and len(LINE.findall(text)) == len(numbers) - 1
            is_plain &= bool(np.all(np.diff(numbers) > 0))
            last, n_rows = numbers[-1], int(places[-1][1]) if places else n_rows
            letters.update(column for column, _ in places)
            merged += [_area(found.decode()) for found in MERGED.findall(text)]
            has_formulas = has_formulas or FORMULA.search(text) is not None
    n_columns = max(column_index_from_string(name.decode()) for name in letters)
    return Extent(n_rows, n_columns, merged, has_formulas, is_plain)


def _whole_tags(text: bytes) -> tuple[bytes, bytes]:
    """Text up to the last tag that may be cut off, and what follows."""
    at = text.rfind(b"<")
    return (text[:at], text[at:]) if at >= 0 else (b"", text)


def _area(reference: str) -> MergedArea:
    left, top, right, bottom = range_boundaries(reference)
    return top - 1, bottom - 1, left - 1, right - 1


@dataclass(frozen=True)
class Streamed:
    """A sheet of an open workbook, read from its beginning as often as asked."""

    path: Path
    sheet: ReadOnlyWorksheet
    extent: Extent

    def texts(self) -> Iterator[list[str]]:
        """Rows of text, all of one width; what a merged cell covers is empty, as people see it."""
        coming, covering = sorted(self.extent.merged, reverse=True), []
        for number, values in enumerate(self._values()):
            while coming and coming[-1][0] <= number:
                covering.append(coming.pop())
            covering = [area for area in covering if area[1] >= number]
            yield _uncovered([cell_text(value) for value in values], number, covering)

    def _values(self) -> Iterator[tuple[object, ...]]:
        n_rows, n_columns = self.extent.n_rows, self.extent.n_columns
        if n_rows * n_columns > MAX_CELLS:
            raise SourceFileError(self.path, f"{n_rows:,} rows of {n_columns:,} columns", f"at most {MAX_CELLS:,} cells")
        self.sheet.reset_dimensions()
        given = self.sheet.iter_rows(max_col=n_columns, max_row=n_rows, values_only=True)
        while True:
            with no_workbook(self.path):
                values = next(given, None)
            if values is None:
                return
            yield values

    def seen(self, n_first: int) -> Sheet:
        """The sheet as far as its first rows."""
        return Sheet(
            self.path, self.sheet.title, self.extent.n_rows, self.extent.n_columns, self.extent.merged,
            lambda: list(itertools.islice(self.texts(), n_first)),
        )


def _uncovered(texts: list[str], number: int, areas: list[MergedArea]) -> list[str]:
    """A row without the texts that merged cells hide."""
    for top, _, left, right in areas:
        for column in range(left, min(right + 1, len(texts))):
            if (number, column) != (top, left):
                texts[column] = ""
    return texts


def workbook_batches(path: Path, manifest: Manifest, *, rows: int) -> Iterator[pd.DataFrame]:
    """The sheets that `read_workbook` reads, `rows` rows at a time, with the same rows, columns and refusals."""
    check_workbook(path)
    n_heading = 1 if manifest.columns else manifest.skip_rows + manifest.header_rows
    with ExitStack() as stack:
        sheets = _streamed(path, stack)
        chosen = chosen_sheets(path, manifest, [sheet.seen(n_heading) for sheet in sheets.values()])
        streamed = [sheets[sheet.name] for sheet in chosen]
        if not all(sheet.extent.is_plain for sheet in streamed):
            yield _read_whole(path, manifest)
            return
        names = [column_names(sheet, manifest, path) for sheet in chosen]
        refuse_other_headings(path, manifest, dict(zip((sheet.name for sheet in chosen), (set(n) for n, _ in names), strict=True)))
        if any(sheet.extent.has_formulas for sheet in streamed):
            _refuse_open_formulas(path, streamed, _opened(path, stack, data_only=False))
        for sheet, (columns, first) in zip(streamed, names, strict=True):
            for frame in _frames(sheet, columns, first, rows):
                frame = without_empty(frame, wanted=manifest.used_columns | set(manifest.ignore))
                yield frame.assign(**{SHEET: sheet.sheet.title}) if manifest.sheets else frame


def sheets_seen(path: Path, n_first: int) -> list[Sheet]:
    """All sheets of a workbook as `sheets_of` gives them, but each as far as its first rows only."""
    if path.suffix.lower() == ".xls":
        return sheets_of(path)
    check_workbook(path)
    with ExitStack() as stack:
        sheets = _streamed(path, stack)
        if not all(sheet.extent.is_plain for sheet in sheets.values()):
            return sheets_of(path)
        seen = [sheet.seen(n_first) for sheet in sheets.values()]
        return [sheet for sheet in seen if sheet.rows is not None]  # read while the book is open


def _streamed(path: Path, stack: ExitStack) -> dict[str, Streamed]:
    """The sheets of a workbook by name, open as long as the stack is."""
    book, archive = _opened(path, stack, data_only=True), stack.enter_context(zipfile.ZipFile(path))
    with no_workbook(path):
        return {s.title: Streamed(path, s, extent_of(archive, s._worksheet_path)) for s in book.worksheets}


def _opened(path: Path, stack: ExitStack, *, data_only: bool) -> openpyxl.Workbook:
    with no_workbook(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return stack.enter_context(closing(openpyxl.load_workbook(path, data_only=data_only, read_only=True)))


def _read_whole(path: Path, manifest: Manifest) -> pd.DataFrame:
    n_bytes = path.stat().st_size
    if n_bytes > LARGEST_ODD_BYTES:
        raise SourceFileError(
            path, f"{n_bytes / 2**20:,.0f} MB of cells that do not say their places",
            f"at most {LARGEST_ODD_BYTES / 2**20:,.0f} MB of such; open the workbook in Excel or WPS and save it again",
        )
    return read_workbook(path, manifest)


def _frames(sheet: Streamed, columns: list[str], first: int, rows: int) -> Iterator[pd.DataFrame]:
    texts = itertools.islice(sheet.texts(), first, None)
    while piece := list(itertools.islice(texts, rows)):
        frame = pd.DataFrame(piece, columns=columns, dtype=object)
        frame[ROW] = np.arange(len(frame)) + first + 1
        first += len(frame)
        yield frame


def _refuse_open_formulas(path: Path, sheets: list[Streamed], book: openpyxl.Workbook) -> None:
    """What `read_workbook` refuses: a formula whose value was never computed."""
    for sheet in sheets:
        formulas = book[sheet.sheet.title]
        formulas.reset_dimensions()
        with no_workbook(path):
            for texts, cells in zip(sheet.texts(), formulas.iter_rows(max_col=sheet.extent.n_columns), strict=False):
                for text, cell in zip(texts, cells, strict=True):
                    if cell.data_type == "f" and text == "":
                        raise open_formula(path, cell.coordinate, cell.value)
