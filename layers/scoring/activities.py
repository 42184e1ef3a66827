"""Kinds of third-party works that a dig notice may name, in both languages."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = Path(__file__).parent / "rules" / "activities.csv"


@dataclass(frozen=True)
class Activity:
    """A kind of works; `activity` is the word of the rules."""

    activity: str
    title_zh: str
    title_en: str


@lru_cache(maxsize=1)
def activities() -> dict[str, Activity]:
    """Every kind of works by its word, in the order of the form.

    >>> activities()["blasting"].title_zh
    '爆破'
    """
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["activity"]: Activity(**row) for row in csv.DictReader(lines)}
