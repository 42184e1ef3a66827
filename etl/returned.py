"""Refused rows back to their supplier: the delivered table as a workbook with the wrong cells marked and explained.

The mended workbook is delivered under the same name and loads through the same manifest: the columns added here are
left out, and a workbook of refused rows only adds to what was accepted instead of replacing it.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from etl.batch import ERROR_COLUMN, EXPECTED_COLUMN, RETURNED_ROW_COLUMN, ROW, RULE_COLUMN, SHEET, file_and_sheet
from etl.ledger import kept_file, kept_manifest
from etl.manifest import Manifest, template_columns
from etl.read import read_file
from etl.text_files import decoded, joined_heading
from etl.workbooks import ALL_SHEETS, sheets_of
from layers.catalog import Catalog, Layer
from layers.errors import AtlasError, NotFoundError

MARKED = PatternFill("solid", start_color="FFFFC7CE", end_color="FFFFC7CE")
MARKED_FONT = Font(color="FF9C0006", bold=True)
ADDED = (ERROR_COLUMN, EXPECTED_COLUMN, RULE_COLUMN)
ADDED_WIDTHS = (36, 44, 10)
EXCEL_ROWS = 1_048_576
COMMENT_AUTHOR = "安全风险一张图"
COMMENT_BEGIN = "【退回】"
"""Where our part of a comment begins: what the supplier noted on the cell stands before it and stays."""
COMMENT_CHARACTERS = 2000
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
Grid = list[list[Any]]
Notes = dict[str, "list[Note]"]
"""Notes by sheet; a source of one table has them under the empty name."""


@dataclass(frozen=True)
class Fault:
    """One fault of a row: the delivered columns at fault and the words for the supplier."""

    columns: tuple[str, ...]
    rule_id: str
    reason: str
    expected: str


@dataclass(frozen=True)
class Note:
    """Everything that is wrong with one row."""

    row: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Returned:
    """What was written: source, delivered file, rows in the workbook."""

    load_id: int
    source_id: str
    file: str
    n_refused: int
    path: str


def return_refused(
    engine: sa.Engine, catalog: Catalog, home: Path, target: Path, *, load_id: int | None = None, source_id: str | None = None,
    file: str | None = None, with_all_rows: bool = False,
) -> Returned:
    """Write the refused rows of a load, or of the newest load of a source, as a workbook.

    Raises
    ------
    NotFoundError
        No such load, or nothing was refused in it.
    AtlasError
        Rows of several files were refused and `file` names none of them; the table is too long for a workbook.
    """
    with engine.connect() as connection:
        load = _load_row(connection, load_id, source_id)
        with restored(home, load.files) as folder:
            return write_returned(
                connection, catalog, folder, target, load_id=load.load_id, file=file, with_all_rows=with_all_rows
            )


def write_returned(
    connection: sa.Connection, catalog: Catalog, folder: Path, target: Path, *, load_id: int, file: str | None = None,
    with_all_rows: bool = False,
) -> Returned:
    """The same for a load that may still be open on `connection` (a dry run); `folder` holds its files by their names."""
    load = _load_row(connection, load_id, None)
    refused = connection.execute(
        sa.text("SELECT * FROM ops.refused WHERE load_id = :id AND source_row IS NOT NULL ORDER BY file, source_row"),
        {"id": load.load_id},
    ).all()
    manifest = kept_manifest(load.notes)
    name = _chosen_file({file_and_sheet(row.file)[0] for row in refused}, file, load.load_id)
    layer = catalog[manifest.layer]
    notes = _notes([row for row in refused if file_and_sheet(row.file)[0] == name], manifest, layer)
    book = _workbook(folder / name, manifest, notes, with_all_rows=with_all_rows)
    target.parent.mkdir(parents=True, exist_ok=True)
    book.save(target)
    return Returned(load.load_id, manifest.id, name, sum(map(len, notes.values())), str(target))


def _load_row(connection: sa.Connection, load_id: int | None, source_id: str | None) -> sa.Row[Any]:
    row = connection.execute(
        sa.text(
            "SELECT load_id, files, notes FROM ops.loads_in_force "
            "WHERE load_id = COALESCE(:load_id, load_id) AND source_id = COALESCE(:source_id, source_id) "
            "ORDER BY load_id DESC LIMIT 1"
        ),
        {"load_id": load_id, "source_id": source_id},
    ).one_or_none()
    if row is None:
        asked = " ".join([*([str(load_id)] if load_id else []), *([source_id] if source_id else [])])
        raise NotFoundError(f"没有这一批入库({asked}) no such load ({asked})")
    return row


def _chosen_file(names: set[str], wanted: str | None, load_id: int) -> str:
    if wanted in names:
        return str(wanted)
    if wanted or len(names) > 1:
        of = ", ".join(sorted(names)) or "—"
        raise AtlasError(f"有退回行的文件:{of};请用 --file 选一个 rows were refused of {of}; choose one of them with --file")
    if not names:
        raise NotFoundError(f"第 {load_id} 批没有退回的行 load {load_id} refused no row")
    return next(iter(names))


@contextmanager
def restored(home: Path, files: list[dict[str, str]]) -> Iterator[Path]:
    """Delivered files of a load under their own names, from those kept by hash, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-returned-") as name:
        folder = Path(name)
        for entry in files:
            kept, target = kept_file(home, entry["sha256"]), folder / entry["name"]
            if kept.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(kept)
        yield folder


def _notes(refused: list[sa.Row[Any]], manifest: Manifest, layer: Layer) -> Notes:
    """The faults row by row, in the order of the table, by sheet; of a file without sheets under no name."""
    by_sheet: dict[str, dict[int, list[Fault]]] = {}
    for row in refused:
        columns = [name for part in str(row.field or "").split(",") for name in delivered_columns(part, manifest, layer)]
        fault = Fault(tuple(columns), row.rule_id, _reason(row), _expected(row, manifest, layer))
        by_sheet.setdefault(file_and_sheet(row.file)[1], {}).setdefault(row.source_row, []).append(fault)
    return {sheet: [Note(number, tuple(faults)) for number, faults in rows.items()] for sheet, rows in by_sheet.items()}


def _reason(row: sa.Row[Any]) -> str:
    return f"{row.reason_zh}(“{row.value[:80]}”)" if row.value else str(row.reason_zh)


def delivered_columns(name: str, manifest: Manifest, layer: Layer) -> list[str]:
    """Delivered columns behind one of our fields, a position, a key, or a delivered column itself."""
    if name == "geometry":
        return [column for column in (manifest.x, manifest.y, manifest.wkt) if column]
    if name == "feature_id":
        return [column for key in layer.key for column in delivered_columns(key, manifest, layer)]
    source = manifest.fields.get(name)
    if source is None:
        return [name] if name in manifest.used_columns else []
    return [source.column] if source.column else template_columns(source.template or "")


def _expected(row: sa.Row[Any], manifest: Manifest, layer: Layer) -> str:
    """The rule's advice, with the values or bounds that the field allows."""
    advice = str(row.advice_zh or "")
    entry = next((field for field in layer.fields if field.name == row.field), None)
    source = manifest.fields.get(row.field or "")
    if row.rule_id == "RQ05" and entry:
        allowed = list(source.codes) if source and source.codes else sorted(entry.code_values)
        return f"{advice}:{'、'.join(allowed)}"
    if row.rule_id == "RQ04" and entry:
        return f"{advice}:{'' if entry.min is None else f'{entry.min:g}'} 至 {'' if entry.max is None else f'{entry.max:g}'} {entry.unit or ''}"
    return advice


def _workbook(path: Path, manifest: Manifest, notes: Notes, *, with_all_rows: bool) -> openpyxl.Workbook:
    suffix = path.suffix.lower()
    is_plain = manifest.reader == "table" and not manifest.job
    if is_plain and suffix in (".xlsx", ".xlsm") and with_all_rows:
        return _marked_in_place(path, manifest, notes)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in _sheets_to_write(path, manifest, notes, with_all_rows=with_all_rows):
        one = dataclasses.replace(manifest, sheet=name, sheets=()) if name else manifest
        is_table = is_plain and suffix in (*TEXT_SUFFIXES, ".xlsx", ".xlsm")
        grid, n_heads = _grid(path, one) if is_table else (_grid_of_frame(path, one), 1)
        sheet = book.create_sheet(one.sheet or "退回数据")
        _write(sheet, grid, n_heads, one, notes.get(name, []), with_all_rows=with_all_rows)
    return book


def _sheets_to_write(path: Path, manifest: Manifest, notes: Notes, *, with_all_rows: bool) -> list[str]:
    """Sheets of a source of several; those that the manifest names are all there, or the workbook would not load."""
    if not manifest.sheets:
        return [""]
    if manifest.sheets != ALL_SHEETS:
        return list(manifest.sheets)
    return [sheet.name for sheet in sheets_of(path) if sheet.n_rows > 1] if with_all_rows else list(notes)


def _grid(path: Path, manifest: Manifest) -> tuple[Grid, int]:
    """Every cell of a delivered table, in its rows; and how many of them stand above the data."""
    if path.suffix.lower() in TEXT_SUFFIXES:
        separator = "\t" if manifest.separator in ("\\t", "\t") else manifest.separator
        try:
            grid: Grid = list(csv.reader(io.StringIO(decoded(path, manifest.encoding or "utf-8-sig"), newline=""), delimiter=separator))
        except csv.Error as error:
            raise AtlasError(f"{path.name} cannot be returned as a workbook: {error}") from error
    else:
        book = openpyxl.load_workbook(path, data_only=True)
        sheet = book[manifest.sheet] if manifest.sheet else book.worksheets[0]
        grid = [list(row) for row in sheet.iter_rows(values_only=True)]
        for (row, column), value in _merged(sheet).items():
            if manifest.skip_rows < row <= manifest.skip_rows + manifest.header_rows:
                grid[row - 1][column - 1] = value
    if manifest.columns:
        return [list(manifest.columns), *grid], 1
    return grid, manifest.skip_rows + manifest.header_rows


def _grid_of_frame(path: Path, manifest: Manifest) -> Grid:
    """Attributes of any other kind of file: a list to look at; such a file is mended where it comes from."""
    frame = read_file(path, manifest)
    names = [name for name in frame.columns if name not in (ROW, SHEET, "geometry")]
    rows: Grid = [[] for _ in range(int(frame[ROW].max()))]
    for number, values in zip(frame[ROW], frame[names].itertuples(index=False), strict=True):
        rows[number - 1] = list(values)
    return [names, *rows]


def _write(
    sheet: Worksheet, grid: Grid, n_heads: int, manifest: Manifest, notes: list[Note], *, with_all_rows: bool
) -> None:
    """All rows, or those refused, on a sheet; `row` of a note counts as the loader counted it."""
    shift = 0 if manifest.reader == "table" and not manifest.job and not manifest.columns else 1
    by_row = {note.row + shift: note for note in notes}
    wanted = [number for number in range(n_heads + 1, len(grid) + 1) if with_all_rows or number in by_row]
    if len(wanted) + n_heads > EXCEL_ROWS:
        raise AtlasError(f"{len(wanted):,} rows are more than a workbook holds; return the refused rows only")
    grid = _without_added(grid, n_heads)
    width = max((len(row) for row in grid), default=0)
    for line, number in enumerate([*range(1, n_heads + 1), *wanted], start=1):
        for column, value in enumerate(grid[number - 1], start=1):
            _put(sheet.cell(line, column), value)
    heads = _heads(sheet, manifest, n_heads, width)
    _added_heads(sheet, n_heads, width, is_partial=not with_all_rows)
    for line, number in enumerate(wanted, start=n_heads + 1):
        if number in by_row:
            _explain(sheet, line, width, by_row[number], heads)
        if not with_all_rows:
            _put(sheet.cell(line, width + len(ADDED) + 1), number - shift)
    sheet.freeze_panes = sheet.cell(n_heads + 1, 1)


def _marked_in_place(path: Path, manifest: Manifest, notes: Notes) -> openpyxl.Workbook:
    """The supplier's own workbook, all sheets and styles kept, with the wrong cells marked."""
    book = openpyxl.load_workbook(path)
    for name, found in notes.items():
        chosen = name or manifest.sheet
        _mark_sheet(book[chosen] if chosen else book.worksheets[0], manifest, found)
    return book


def _mark_sheet(sheet: Worksheet, manifest: Manifest, notes: list[Note]) -> None:
    n_heads = manifest.skip_rows + manifest.header_rows
    for column in range(sheet.max_column, 0, -1):
        if sheet.cell(n_heads, column).value in (*ADDED, RETURNED_ROW_COLUMN):
            sheet.delete_cols(column)
    _unmark(sheet)
    width = sheet.max_column
    heads = _heads(sheet, manifest, n_heads, width)
    _added_heads(sheet, n_heads, width, is_partial=False)
    for note in notes:
        _explain(sheet, note.row, width, note, heads)


def _unmark(sheet: Worksheet) -> None:
    """Take away the marks of an earlier return: what is mended must not stay red."""
    for row in sheet.iter_rows():
        for cell in row:
            if cell.fill.start_color.rgb == MARKED.start_color.rgb:
                cell.fill, cell.font = PatternFill(), Font()
            if cell.comment and COMMENT_BEGIN in cell.comment.text:
                theirs = cell.comment.text.partition(COMMENT_BEGIN)[0].strip()
                cell.comment = Comment(theirs, cell.comment.author) if theirs else None


def _without_added(grid: Grid, n_heads: int) -> Grid:
    """The table without the columns that an earlier return added."""
    added = {place for place, name in enumerate(grid[n_heads - 1]) if name in (*ADDED, RETURNED_ROW_COLUMN)} if grid else set()
    return [[value for place, value in enumerate(row) if place not in added] for row in grid] if added else grid


def _put(cell: Cell, value: Any) -> None:
    """A value as itself; a text never becomes a formula."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _merged(sheet: Worksheet) -> dict[tuple[int, int], Any]:
    """Value of merged cells for every row and column they cover, counted from 1."""
    return {
        (row, column): sheet.cell(area.min_row, area.min_col).value
        for area in sheet.merged_cells.ranges
        for row in range(area.min_row, area.max_row + 1)
        for column in range(area.min_col, area.max_col + 1)
    }


def _heads(sheet: Worksheet, manifest: Manifest, n_heads: int, width: int) -> dict[str, int]:
    """Column name as the loader joins it -> column of the sheet."""
    merged = _merged(sheet)
    rows = range(1 if manifest.columns else manifest.skip_rows + 1, n_heads + 1)
    if manifest.reader != "table" or manifest.job:
        rows = range(1, n_heads + 1)
    return {
        joined_heading(tuple(merged.get((row, column), sheet.cell(row, column).value) or "" for row in rows)): column
        for column in range(1, width + 1)
    }


def _added_heads(sheet: Worksheet, n_heads: int, width: int, *, is_partial: bool) -> None:
    names = [*ADDED, RETURNED_ROW_COLUMN] if is_partial else list(ADDED)
    for place, name in enumerate(names, start=1):
        sheet.cell(n_heads, width + place, name).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(width + place)].width = (*ADDED_WIDTHS, 10)[place - 1]


def _explain(sheet: Worksheet, line: int, width: int, note: Note, heads: dict[str, int]) -> None:
    """Mark every wrong cell, with its own reason as a comment, and tell all faults of the row at its end."""
    for fault in note.faults:
        for name in fault.columns:
            if name in heads:
                _mark(sheet.cell(line, heads[name]), f"{fault.reason}\n{fault.expected}({fault.rule_id})")
    names = ["、".join(dict.fromkeys(fault.columns)) for fault in note.faults]
    texts = (
        [_headed(name, fault.reason) for name, fault in zip(names, note.faults, strict=True)],
        [_headed(name, fault.expected) for name, fault in zip(names, note.faults, strict=True)],
        [fault.rule_id for fault in note.faults],
    )
    for place, lines in enumerate(texts, start=1):
        cell = sheet.cell(line, width + place)
        _put(cell, "\n".join(lines))
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _headed(name: str, text: str) -> str:
    return f"{name}:{text}" if name else text


def _mark(cell: Cell, text: str) -> None:
    cell.fill, cell.font = MARKED, MARKED_FONT
    before, author = (cell.comment.text, cell.comment.author) if cell.comment else ("", COMMENT_AUTHOR)
    both = f"{before}\n{text}" if COMMENT_BEGIN in before else f"{before}\n{COMMENT_BEGIN}{text}".lstrip()
    cell.comment = Comment(both[:COMMENT_CHARACTERS], author, height=90, width=280)
