"""Reads the rule tables and checks them before a number of theirs is used; a table that fails is not used in part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from layers.errors import RuleTableError

RULES_DIR = Path(__file__).parent / "rules"
ORIGIN_COLUMNS = ("rule_id", "standard_id", "clause", "source_type", "confidence")
"""What every row of a rule table carries, so that a colour can be followed to a clause."""
VALIDITY_COLUMNS = ("valid_from", "valid_to")
"""First and last day of a row's validity; any table may have them."""
SOURCE_TYPES = ("law_text", "secondary_page", "code_reproduction", "derived", "project_policy", "none")
CONFIDENCES = ("high", "medium", "low")


def is_in_force(begin: date | None, end: date | None, on: date) -> bool:
    """Whether a validity holds on a day: both ends belong to it, and an open end is unlimited. Every choice of a rule asks here.

    >>> is_in_force(date(2026, 5, 1), None, date(2026, 4, 30)), is_in_force(date(2026, 5, 1), None, date(2026, 5, 1))
    (False, True)
    """
    return (begin is None or begin <= on) and (end is None or end >= on)


@dataclass(frozen=True)
class Standard:
    """A standard or law with the days from and to which it is in force (None where it states none)."""

    standard_id: str
    number: str
    valid_from: date | None
    valid_to: date | None

    def is_in_force(self, on: date) -> bool:
        return is_in_force(self.valid_from, self.valid_to, on)

    def transition(self, on: date) -> str:
        """What a clause says that is used although its standard is not in force on a day; empty where it is."""
        if self.valid_from and on < self.valid_from:
            return f"({self.valid_from}起施行,过渡采用)"
        return f"({self.valid_to}止,过渡采用)" if self.valid_to and on > self.valid_to else ""


@lru_cache(maxsize=8)
def standards(folder: Path = RULES_DIR) -> Mapping[str, Standard]:
    """The standards of `standards.csv` by identifier."""
    path = folder / "standards.csv"
    rows = _read_text(path).itertuples()
    return {str(row.standard_id): Standard(str(row.standard_id), str(row.number), _day(path, row.valid_from), _day(path, row.valid_to)) for row in rows}


def standard_ids() -> frozenset[str]:
    """Identifiers of `standards.csv`; no rule may cite another."""
    return frozenset(standards())


def not_in_force(name: str, on: date, folder: Path = RULES_DIR) -> tuple[Standard, ...]:
    """Standards that a rule table cites and that are not in force on a day, in the order of their numbers; none of a table without standards.

    Rows that state dates of their own speak for themselves and are left out.
    """
    paths = sorted(folder.rglob(f"{name}.csv"))
    table = _read_text(paths[0]) if paths else pd.DataFrame()
    if "standard_id" not in table or name == "standards" or set(VALIDITY_COLUMNS) <= set(table.columns):
        return ()
    known = standards(folder)
    found = {known[entry] for entry in table.standard_id if entry in known and not known[entry].is_in_force(on)}
    return tuple(sorted(found, key=lambda one: one.number))


def rules_of_day(names: Iterable[str], on: date, folder: Path = RULES_DIR) -> str:
    """Which rows of some tables hold on a day, and what their clauses say of it: equal for two days when nothing differs.

    >>> rules_of_day(["blast_limits"], date(2026, 6, 30)) == rules_of_day(["blast_limits"], date(2026, 7, 1))
    True
    """
    told = []
    for name in sorted(names):
        path = sorted(folder.rglob(f"{name}.csv"))[0]
        table = _read_text(path)
        has_dates = bool(set(VALIDITY_COLUMNS) & set(table.columns))
        held = _in_force(path, table, on) if has_dates else _by_standard(path, table, on, drops=False)
        told.append(f"{name}\n{held.to_csv(index=False)}")
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def table_digests(folder: Path = RULES_DIR) -> dict[str, str]:
    """SHA-256 of every rule table and policy by the name of its file: an edition records what it was made with."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".csv", ".toml"))
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _read_text(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise RuleTableError(f"{path.name}: {error}") from error


def read_rules(
    path: Path,
    *,
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
    optional_numbers: Sequence[str] = (),
    flags: Sequence[str] = (),
    codes: Mapping[str, Iterable[str]] | None = None,
    on: date | None = None,
    drops: bool = False,
) -> pd.DataFrame:
    """A checked rule table: exactly the columns named, besides `ORIGIN_COLUMNS`, an optional ``note`` and `VALIDITY_COLUMNS`.

    Of a table with validity dates the rows in force on a day are given, both ends closed and an empty one unlimited, as
    for distance rules; without a day those whose validity has no end. A row without dates of its own has those of its
    standard: on a day when that is not in force the row is left out where `drops` (rules of which any may be missing); else,
    for nothing else is there to judge by, it stands as a transition and its clause says so.

    Numbers become floats (an empty optional one NaN), flags booleans, texts stay as they are. Raises
    `RuleTableError` for unknown or missing columns, values outside `codes`, a number that is none or is
    negative, and a standard that `standards.csv` does not list.
    """
    table = _read_text(path)
    has_dates = bool(set(VALIDITY_COLUMNS) & set(table.columns))
    table = _in_force(path, table, on) if has_dates else _by_standard(path, table, on, drops=drops)
    declared = {*ORIGIN_COLUMNS, *texts, *numbers, *optional_numbers, *flags}
    _refuse(path, "columns not declared", set(table.columns) - declared - {"note"})
    _refuse(path, "columns missing", declared - set(table.columns))
    closed = {"standard_id": standard_ids(), "source_type": SOURCE_TYPES, "confidence": CONFIDENCES}
    for column, known in {**closed, **dict.fromkeys(flags, ("true", "false")), **(codes or {})}.items():
        _refuse(path, f"unknown values in {column}", set(table[column]) - set(known))
    _refuse(
        path, "rows without a rule_id or clause", table.index[(table.rule_id == "") | (table.clause == "")]
    )
    for column in (*numbers, *optional_numbers):
        table[column] = _numbers(path, table[column], is_optional=column in optional_numbers)
    for column in flags:
        table[column] = table[column] == "true"
    return table


def _in_force(path: Path, table: pd.DataFrame, on: date | None) -> pd.DataFrame:
    """The rows in force on a day, without the columns that say so."""
    _refuse(path, "columns missing", set(VALIDITY_COLUMNS) - set(table.columns))
    begins, ends = ([_day(path, value) for value in table[name]] for name in VALIDITY_COLUMNS)
    _refuse(path, "valid_from after valid_to in", [
        rule for rule, begin, end in zip(table.rule_id, begins, ends, strict=True) if begin and end and begin > end
    ])  # fmt: skip
    holds = [end is None if on is None else is_in_force(begin, end, on) for begin, end in zip(begins, ends, strict=True)]
    return table[np.array(holds, dtype=bool)].drop(columns=list(VALIDITY_COLUMNS)).reset_index(drop=True)


def _by_standard(path: Path, table: pd.DataFrame, on: date | None, *, drops: bool) -> pd.DataFrame:
    """Rows of standards that are not in force on a day left out, or marked in their clause."""
    if on is None or not {"standard_id", "clause"} <= set(table.columns):
        return table
    known = standards(path.parent if (path.parent / "standards.csv").is_file() else RULES_DIR)
    told = [known[entry].transition(on) if entry in known else "" for entry in table.standard_id]
    is_open = np.array([not words for words in told], dtype=bool)
    if drops:
        return table[is_open].reset_index(drop=True)
    return table if is_open.all() else table.assign(clause=[f"{clause}{words}" if clause else clause for clause, words in zip(table.clause, told, strict=True)])


def _day(path: Path, value: str) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise RuleTableError(f"{path.name}: {value!r} is no date such as 2026-07-01") from error


def _numbers(path: Path, column: pd.Series[str], *, is_optional: bool) -> pd.Series[float]:
    values = pd.to_numeric(column.replace("", "nan"), errors="coerce").astype(float)
    wrong = values.isna() & ~((column == "") & is_optional) | (values < 0) | np.isinf(values)
    _refuse(path, f"not a number of zero or more in {column.name}", column[wrong].unique())
    return values


def _refuse(path: Path, problem: str, found: Iterable[object]) -> None:
    values = sorted(map(str, found))
    if values:
        raise RuleTableError(f"{path.name}: {problem}: {', '.join(values)}")


def require(condition: bool, path: Path, problem: str) -> None:
    """Raise `RuleTableError` naming the table unless the condition holds."""
    if not condition:
        raise RuleTableError(f"{path.name}: {problem}")


def require_bands(path: Path, lower: pd.Series[float], upper: pd.Series[float], *, step: float = 0.0) -> None:
    """Bands must begin at zero, end open, and follow each other without gap or overlap.

    `upper` is NaN in the last band. With `step` 0 a band includes its lower bound and ends below the next
    one's; with `step` 1 both bounds are whole numbers and included.
    """
    require(len(lower) > 0, path, "no band is in force")
    order = np.argsort(lower.to_numpy(), kind="stable")
    low, high = lower.to_numpy()[order], upper.to_numpy()[order]
    require(bool(low[0] == 0), path, "bands must begin at 0")
    require(bool(np.isnan(high[-1])) and not np.isnan(high[:-1]).any(), path, "only the last band is open")
    require(bool((high[:-1] + step == low[1:]).all()), path, "bands leave a gap or overlap")
    require(bool((high[:-1] >= low[:-1]).all()), path, "a band ends before it begins")


def origin(row: Mapping[str, object] | pd.Series[object]) -> dict[str, object]:
    """The part of a rule row that a reason carries."""
    return {column: row[column] for column in ORIGIN_COLUMNS}


def rows_of(table: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    """The rows of a rule table as dictionaries, in its order."""
    return tuple({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
