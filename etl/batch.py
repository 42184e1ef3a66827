"""What every reader hands on: rows of one source as delivered, and rows turned away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from etl.shapes import Shapes
from layers.history import SHEET_MARK

ROW, FILE = "_row", "_file"
SHEET = "_sheet"
"""Column that says the sheet of a row, where a source reads several sheets of a workbook."""
HEIGHTS = "_heights"
"""Column that says whether a geometry came with heights or measures, which no layer holds; only where one did."""
ERROR_COLUMN, EXPECTED_COLUMN, RULE_COLUMN, RETURNED_ROW_COLUMN = "错误说明", "应为", "规则号", "退回行号"
"""Columns that a returned workbook adds; the last one only where it holds refused rows alone."""
RETURNED_COLUMNS = (ERROR_COLUMN, EXPECTED_COLUMN, RULE_COLUMN, RETURNED_ROW_COLUMN)


@dataclass(frozen=True)
class Refusal:
    """One row that is not accepted, with what was found and what would be right."""

    file: str
    row: int | None
    field: str | None
    value: str | None
    rule_id: str
    reason_zh: str
    reason_en: str
    advice_zh: str = ""
    advice_en: str = ""
    lon: float | None = None
    lat: float | None = None
    """Middle of the row's geometry in degrees of the storage CRS, where it could be read."""


@dataclass
class Batch:
    """Rows of one source on their way in.

    `frame` has the delivered columns, ``_row`` (1-based row of the file, heading included for tables) and
    ``_file``; a ``geometry`` column for vectors. `n_merged` counts rows folded into others; `is_partial` says that
    these are mended rows alone, which replace nothing else; `returned` names the files that came back mended and
    `n_returned` counts their rows among those read.
    """

    frame: pd.DataFrame
    n_read: int
    n_merged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    is_partial: bool = False
    returned: frozenset[str] = frozenset()
    n_returned: int = 0
    shapes: Shapes | None = None
    """The geometries, in place of the frame's column, where a reader hands them on as bytes."""


def with_sheet(file: str, sheet: str) -> str:
    """A delivered file with the sheet of it that a row stands on: 台账.xlsx › 东镇."""
    return f"{file}{SHEET_MARK}{sheet}"


def file_and_sheet(name: str) -> tuple[str, str]:
    """The two parts again; no sheet where the file has a single table.

    >>> file_and_sheet("台账.xlsx › 东镇"), file_and_sheet("台账.csv")
    (('台账.xlsx', '东镇'), ('台账.csv', ''))
    """
    file, _, sheet = name.partition(SHEET_MARK)
    return file, sheet


def cell_text(value: object) -> str:
    """A cell of a workbook or an attribute as text: empty for nothing, whole numbers without a point.

    >>> [cell_text(value) for value in (None, 12.0, 0.5, "甲")]
    ['', '12', '0.5', '甲']
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("T00:00:00", "")
    return str(value)


def each_value(values: pd.Series, turn: Callable[[Any], Any]) -> pd.Series:
    """What `turn` makes of each value, computed once for values that are equal; missing values stay missing, as None.

    >>> each_value(pd.Series(["a", None, "a"], dtype=object), str.upper).tolist()
    ['A', None, 'A']
    """
    places, distinct = pd.factorize(values)
    made = np.empty(len(distinct) + 1, dtype=object)
    made[:-1] = [turn(value) for value in distinct]
    made[-1] = None
    return pd.Series(made[places], index=values.index, dtype=object)


def same_text(text: str, index: pd.Index) -> pd.Series:
    """A column that says the same in every row."""
    return pd.Series(pa.repeat(pa.scalar(text, pa.large_string()), len(index)), index=index, dtype="str")


def column_letters(position: int) -> str:
    """Name of a spreadsheet column; `position` counts from 0.

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
