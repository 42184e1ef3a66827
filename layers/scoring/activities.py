"""Kinds of third-party works that a dig notice may name, in both languages."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from layers.errors import RuleTableError

RULES = Path(__file__).parent / "rules"


@dataclass(frozen=True)
class Activity:
    """A kind of works: `activity`, the word of the rules; the group under which a form lists it; the wider kind that it is a method of."""

    activity: str
    activity_group: str
    title_zh: str
    title_en: str
    part_of: str


@dataclass(frozen=True)
class ActivityGroup:
    """Works that a form lists together; the title names the articles that speak of most of them."""

    activity_group: str
    title_zh: str
    title_en: str


@lru_cache(maxsize=1)
def activities() -> dict[str, Activity]:
    """Every kind of works by its word, in the order of the form; raises `RuleTableError` for one of no known group.

    >>> activities()["blasting"].title_zh
    '爆破'
    """
    groups = activity_groups()
    found = {row["activity"]: Activity(**row) for row in _rows("activities.csv")}
    for kind in found.values():
        if kind.activity_group not in groups:
            raise RuleTableError(f"activities.csv, {kind.activity}: no group {kind.activity_group!r} in activity_groups.csv")
    return found


@lru_cache(maxsize=1)
def activity_groups() -> dict[str, ActivityGroup]:
    """The groups of works by their word, in the order of the form.

    >>> list(activity_groups())[0]
    'crossing'
    """
    return {row["activity_group"]: ActivityGroup(**row) for row in _rows("activity_groups.csv")}


def with_wider_kinds(kinds: Iterable[str]) -> set[str]:
    """Kinds of works with the wider kinds that they are methods of: what binds blasting binds each way of blasting.

    >>> sorted(with_wider_kinds(["blasting_deep_hole"]))
    ['blasting', 'blasting_deep_hole']
    """
    named = set(kinds)
    return named | {entry.part_of for name in named if (entry := activities().get(name)) and entry.part_of}


def methods_of(kind: str) -> set[str]:
    """The methods of a kind of works that the form lists beside it: those for which the rules have figures of their own."""
    group = activities()[kind].activity_group
    return {entry.activity for entry in activities().values() if entry.part_of == kind and entry.activity_group == group}


def _rows(name: str) -> list[dict[str, str]]:
    with (RULES / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
