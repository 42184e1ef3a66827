"""Rule tables as people read them: what belongs together in one cell, in words, in the language of the page.

Which columns share a cell, and the words around a value there, stand in ``rule_cells.csv``; a column that is not named has a
cell of its own. Columns that are empty in the whole table are left out; nothing else is.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.config import CODE_DIR
from app.rule_words import ANY_TABLE, told
from app.texts import Bilingual, DataText
from layers.scoring.separation import LIQUID_GROUPS

CELLS = CODE_DIR / "app" / "rule_cells.csv"
CELL_TITLES = CODE_DIR / "app" / "rule_cell_titles.csv"
LIQUID, JUDGED = "liquid:", "judged:"
"""Before columns that say something else there: bounds of volume, which for liquids (GB 50016 table 4.2.1) are closed below and
open above, unlike those of other rules; what is missing, which of a rule that is assessed tells when it is not."""
OTHER_LANGUAGE = {"zh": "en", "en": "zh"}
CHINESE = re.compile(r"[\u3400-\u9fff]")
LONG_WORDS, SHORT_WORDS = 60, 14
"""Characters from which a cell is wide, and up to which it is narrow."""
ID_COLUMN = "rule_id"
BRIEF = ("proof", "beta")
"""Cells whose statements are a word or two each and stand in one line."""
Row = Mapping[str, str]
TellTitle = Callable[[str], str]


@dataclass(frozen=True)
class Line:
    """One statement of a cell; `lang` where it stays in another language than the page, `title` what explains it."""

    text: str
    lang: str = ""
    title: str = ""


@dataclass(frozen=True)
class Column:
    """A column that is shown, of one or several columns of the table; `size`: ``narrow``, ``middle``, ``wide`` or ``id``."""

    name: str
    title: str
    columns: tuple[str, ...]
    size: str

    @property
    def is_brief(self) -> bool:
        return self.name in BRIEF


@dataclass(frozen=True)
class Shown:
    """A table to be read: its columns, and each row as lines by column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[tuple[Line, ...], ...], ...]


@dataclass(frozen=True)
class Phrase:
    """What is said of one or two columns in a cell, with a mark for each value."""

    cell: str
    columns: tuple[str, ...]
    words: Bilingual


def shown(table: str, columns: Sequence[str], rows: Sequence[Row], lang: str, *, title: TellTitle, write: Callable[[str], str]) -> Shown:
    """A rule table as it is read in a language.

    Parameters
    ----------
    columns : those that hold anything
    title : what a column of the table is called
    write : a number as people write it
    """
    kept = _of_language(columns, lang)
    cells: dict[str, list[str]] = {}
    for column in kept:
        cells.setdefault(cell_of(table, column), []).append(column)
    told_rows = [[_lines(table, cell, tuple(held), row, lang, write) for cell, held in cells.items()] for row in rows]
    heads = [
        Column(cell, title(held[0]) if len(held) == 1 else cell_titles()[cell][lang], tuple(held), _size(held, [row[at] for row in told_rows]))
        for at, (cell, held) in enumerate(cells.items())
    ]
    order = sorted(range(len(heads)), key=lambda at: _place(heads[at].name))
    return Shown(tuple(heads[at] for at in order), tuple(tuple(row[at] for at in order) for row in told_rows))


def _of_language(columns: Sequence[str], lang: str) -> list[str]:
    """Columns without those that say in the other language what another one says in this."""
    other = f"_{OTHER_LANGUAGE[lang]}"
    return [name for name in columns if not (name.endswith(other) and name[:-3] + f"_{lang}" in columns)]


def cell_of(table: str, column: str) -> str:
    """The cell in which a column of a table is told: one that it shares, or its own."""
    for name in (table, ANY_TABLE):
        if (name, column) in _cell_columns():
            return _cell_columns()[name, column]
    return column


def _place(cell: str) -> int:
    """What a rule rests on, how far it was verified and the notes stand last, whatever their place in the file."""
    last = ("basis", "proof", "note")
    return last.index(cell) + 1 if cell in last else 0


def _lines(table: str, cell: str, columns: tuple[str, ...], row: Row, lang: str, write: Callable[[str], str]) -> tuple[Line, ...]:
    """What a row says in one cell, each thing once."""
    if len(columns) == 1 and cell == columns[0]:
        return (_line(table, cell, row, DataText("{}", "{}"), (cell,), lang, write),) if row[cell] else ()
    told_columns: set[str] = set()
    lines: dict[str, Line] = {}
    for phrase in _phrases(table, cell):
        named = tuple(map(_plain, phrase.columns))
        is_meant = phrase.columns[0] == _in_this_row(named[0], row)
        if is_meant and not told_columns & {*named} and all(name in columns and row[name] for name in named):
            told_columns |= {*named}
            line = _line(table, cell, row, phrase.words, named, lang, write)
            lines.setdefault(line.text, line)
    return tuple(lines.values())


def _in_this_row(column: str, row: Row) -> str:
    """A column with what stands before it where it says something else in such a row."""
    if column.startswith("volume_m3") and row.get("item_group") in LIQUID_GROUPS:
        return LIQUID + column
    return JUDGED + column if column.startswith("unassessed_") and row.get("status") == "judged" else column


def _plain(column: str) -> str:
    return column.removeprefix(LIQUID).removeprefix(JUDGED)


def _line(table: str, cell: str, row: Row, words: Bilingual, columns: tuple[str, ...], lang: str, write: Callable[[str], str]) -> Line:
    values = [write(told(table, name, row[name], row)[lang]) for name in columns]
    same = len(values) == 2 and values[0] == values[1]
    text = words[lang].format(*values)
    text = text.replace(f"{values[0]}–{values[0]}", values[0]) if same else text
    return Line(text, "zh-CN" if lang == "en" and CHINESE.search(text) else "", row["standard_id"] if columns == ("standard_id",) else "")


def _size(columns: Sequence[str], cells: Iterable[tuple[Line, ...]]) -> str:
    if list(columns) == [ID_COLUMN]:
        return "id"
    longest = max((len(line.text) for lines in cells for line in lines), default=0)
    return "wide" if longest > LONG_WORDS else "middle" if longest > SHORT_WORDS else "narrow"


@cache
def _cell_columns() -> dict[tuple[str, str], str]:
    return {(table, _plain(name)): phrase.cell for table, phrases in _declared().items() for phrase in phrases for name in phrase.columns}


@cache
def _phrases(table: str, cell: str) -> tuple[Phrase, ...]:
    """What may be said in a cell, two columns at once before each of them alone."""
    found = [phrase for name in (table, ANY_TABLE) for phrase in _declared().get(name, ()) if phrase.cell == cell]
    return tuple(found)


@cache
def _declared() -> dict[str, tuple[Phrase, ...]]:
    found: dict[str, list[Phrase]] = {}
    with CELLS.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["table"], []).append(Phrase(row["cell"], tuple(row["columns"].split()), DataText(row["zh"], row["en"])))
    return {table: tuple(phrases) for table, phrases in found.items()}


@cache
def cell_titles() -> dict[str, dict[str, str]]:
    """What cells of several columns are called in Chinese and English, by name."""
    with CELL_TITLES.open(encoding="utf-8", newline="") as stream:
        return {row["cell"]: {"zh": row["zh"], "en": row["en"]} for row in csv.DictReader(stream)}
