"""The attribute table as a workbook: a head that says what was filtered, of which edition and when, then the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from app.attribute_table import Column
from app.texts import Text

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YES, NO = Text("是"), Text("否")
FIXED_TITLES = (Text("编号"), Text("经度"), Text("纬度"))
LONGEST_TITLE = 31
UNUSABLE_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
FORMULA_SIGNS = ("=", "+", "-", "@")
NUMBER_WIDTH, TEXT_WIDTH = 12, 20


@dataclass(frozen=True)
class Head:
    """What stands above the rows: title of the layer, lines of filter, edition and time."""

    title: str
    lines: Sequence[str]


def workbook(head: Head, columns: Sequence[Column], rows: Iterable[Sequence[Any]], lang: str, layers: Mapping[str, str]) -> bytes:
    """A workbook of one sheet; each row begins with number, longitude and latitude of the feature; `layers` are titles of layers by id."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(head.title.translate(UNUSABLE_IN_TITLES)[:LONGEST_TITLE])
    titles = _titles(columns, lang)
    for n, column in enumerate([None, None, None, *columns], start=1):
        is_number = column is None or column.field.type in ("integer", "number")
        sheet.column_dimensions[get_column_letter(n)].width = NUMBER_WIDTH if is_number else TEXT_WIDTH
    sheet.freeze_panes = f"B{len(head.lines) + 3}"
    sheet.append([_bold(sheet, head.title)])
    for line in head.lines:
        sheet.append([_text(sheet, line)])
    sheet.append([_bold(sheet, title) for title in titles])
    for row in rows:
        sheet.append([_cell(sheet, value, column, lang, layers) for value, column in zip(row, [None, None, None, *columns], strict=True)])
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def _titles(columns: Sequence[Column], lang: str) -> list[str]:
    return [title[lang] for title in FIXED_TITLES] + [_title(column, lang) for column in columns]


def _title(column: Column, lang: str) -> str:
    title = column.field.title_zh if lang == "zh" else column.field.title_en
    return f"{title} ({column.field.unit})" if column.field.unit else title


def _cell(sheet: Any, value: Any, column: Column | None, lang: str, layers: Mapping[str, str]) -> Any:
    if isinstance(value, bool):
        return (YES if value else NO)[lang]
    if isinstance(value, str):
        is_layer = column is not None and column.field.names_layer
        return _text(sheet, layers.get(value, value) if is_layer else _word(value, column, lang))
    return value


def _word(value: str, column: Column | None, lang: str) -> str:
    """The title of a code, any other text as it is."""
    codes = column.field.codes if column else ()
    return next((code.zh if lang == "zh" else code.en for code in codes if code.code == value), value)


def _text(sheet: Any, text: str) -> WriteOnlyCell:
    """A cell that stays text: a name that begins like a formula is none."""
    cell = WriteOnlyCell(sheet, value=text)
    if text.startswith(FORMULA_SIGNS):
        cell.data_type = "s"
    return cell


def _bold(sheet: Any, text: str) -> WriteOnlyCell:
    cell = _text(sheet, text)
    cell.font = Font(bold=True)
    return cell
