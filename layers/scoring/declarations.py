"""Which office declared which level for an enterprise, and whose word decides where they differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from layers.scoring.level_rules import Row
from layers.scoring.policy import RATED


@dataclass(frozen=True)
class Declaration:
    """A level that somebody declared. `counts` is False for an enterprise's own word that nobody confirmed."""

    office: str | None
    level: str
    declared_on: date | None
    counts: bool
    rule: Row | None = None


def text_of(value: object) -> str | None:
    """A cell's text, or None where it is missing or blank."""
    return value.strip() or None if isinstance(value, str) else None


def date_of(value: object) -> date | None:
    """A cell's date, or None where it is missing."""
    return value if isinstance(value, date) and not pd.isna(value) else None


def declarations_of(
    enterprise: Mapping[str, Any],
    others: Iterable[Mapping[str, Any]],
    *,
    declarers: tuple[Row, ...],
    on: date,
) -> list[Declaration]:
    """Levels declared until a day: the enterprise's own row and its rows of `declared_levels`.

    Of one office only the latest holds. Sorted by office, so that the same delivery gives the same answer.
    """
    given = [(enterprise.get("declared_by"), enterprise.get("declared_level"), enterprise.get("declared_on"))]
    given += [(row.get("office"), row.get("level"), row.get("declared_on")) for row in others]
    latest: dict[str | None, Declaration] = {}
    for who, level, when in given:
        office, declared_on = text_of(who), date_of(when)
        if level not in RATED or (declared_on and declared_on > on):
            continue
        counts, rule = _counts(office, text_of(enterprise.get("name")), declarers)
        entry = Declaration(office, str(level), declared_on, counts, rule)
        known = latest.get(office)
        if known is None or _recency(entry) >= _recency(known):
            latest[office] = entry
    return sorted(latest.values(), key=lambda entry: (entry.office or "", entry.level))


def _recency(entry: Declaration) -> tuple[date, int]:
    return entry.declared_on or date.min, -RATED.index(entry.level)


def _counts(
    office: str | None, enterprise_name: str | None, declarers: tuple[Row, ...]
) -> tuple[bool, Row | None]:
    if office is None:
        return True, None
    for rule in declarers:
        if re.search(rule["pattern"], office):
            return bool(rule["counts"]), rule
    return office != enterprise_name, None


def same_office(one: str | None, other: str | None) -> bool:
    """Whether two spellings name one office: 应急管理局 is 某县应急管理局."""
    return bool(one and other and (one.endswith(other) or other.endswith(one)))


def deciding(declared: list[Declaration], responsible_office: str | None) -> Declaration | None:
    """The declaration that decides: the responsible office's, else the worst; None where none counts."""
    counted = [entry for entry in declared if entry.counts]
    own = [entry for entry in counted if same_office(entry.office, responsible_office)]
    return min(own or counted, key=lambda entry: RATED.index(entry.level), default=None)
