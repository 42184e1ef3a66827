"""Accidents of an enterprise in its state of control: direct red by 应急〔2018〕19号, and a project convention for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.scoring.declarations import date_of
from layers.scoring.policy import RATED
from layers.scoring.rule_tables import RULES_DIR, read_rules, require, rows_of

Row = dict[str, Any]
GRADES = ("ordinary", "larger", "severe", "extraordinary")
"""Grades of accidents of Order 493, the mildest first."""
USES = ("statutory", "control")


@lru_cache(maxsize=16)
def load_accident_rules(folder: Path = RULES_DIR, on: date | None = None) -> tuple[Row, ...]:
    """The rules, the worst level first; raises `RuleTableError` where the table is not consistent."""
    path = folder / "accident_rules.csv"
    table = read_rules(
        path,
        texts=("use", "grades", "kinds", "level", "title_zh", "title_en"),
        numbers=("n_at_least", "within_years"),
        flags=("fatal_only",),
        codes={"use": USES, "level": RATED},
        on=on,
        drops=True,
    )
    unknown = {grade for cell in table.grades for grade in cell.split("|")} - set(GRADES)
    require(not unknown, path, f"unknown grades {sorted(unknown)}")
    require(bool(table.n_at_least.ge(1).all() and table.within_years.gt(0).all()), path, "at least one, within some years")
    return tuple(sorted(rows_of(table), key=lambda row: (USES.index(row["use"]), RATED.index(row["level"]))))


def fulfilled(
    accidents: Iterable[Mapping[str, Any]], *, kind: str, on: date, rules: tuple[Row, ...] | None = None
) -> list[tuple[Row, list[str], date]]:
    """Rules that an enterprise's accidents fulfil on a day, each with the numbers of the accidents and the day from which
    too few of them count.

    An accident counts from the day it happened to the day before its anniversary, `within_years` later.
    """
    rows = list(accidents)
    found = []
    for rule in rules if rules is not None else load_accident_rules(on=on):
        if rule["kinds"] and kind not in rule["kinds"].split("|"):
            continue
        mine = [row for row in rows if _counts(row, rule, on)]
        if len(mine) >= rule["n_at_least"]:
            days = sorted(_years_before(date_of(row["occurred_on"]) or on, -int(rule["within_years"])) for row in mine)
            until = days[len(mine) - int(rule["n_at_least"])]
            found.append((rule, sorted(str(row["accident_id"]) for row in mine), until))
    return found


def _counts(row: Mapping[str, Any], rule: Row, on: date) -> bool:
    happened = date_of(row.get("occurred_on"))
    if happened is None or happened > on or _years_before(on, int(rule["within_years"])) >= happened:
        return False
    deaths = row.get("n_deaths")
    is_fatal = bool(pd.notna(deaths) and int(deaths or 0) > 0)
    return row.get("grade") in rule["grades"].split("|") and (is_fatal or not rule["fatal_only"])


def _years_before(day: date, years: int) -> date:
    """The same day some years earlier (later, where negative); of 29 February the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
