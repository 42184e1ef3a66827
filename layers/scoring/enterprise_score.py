"""The diagnostic score of 应急〔2018〕19号 from its deduction table: 100 less what each item loses, plus bonuses.

An item never loses more than its cap, and its bonuses count beyond it. A list that leaves items out is a score of *at
best* that much: what is missing can only take more away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.scoring.rule_tables import RULES_DIR, read_rules, require, rows_of

Row = dict[str, Any]
FULL_SCORE = 100.0
BONUS_ONLY = ("own_fire_brigade",)
"""Items that can only add: leaving them out leaves nothing open."""
NOTHING_LOST = "none"
"""Entry of an item that was examined and loses nothing, as a blank one."""
DECIMALS = 6


@dataclass(frozen=True)
class ScoreTable:
    """Entries by item and name, and the cap of every item in points."""

    entries: dict[tuple[str, str], Row]
    caps: dict[str, float]


@dataclass(frozen=True)
class ItemScore:
    """One item: `lost` points (negative: gained), at most the cap; `entries` names what made it."""

    item: str
    title_zh: str
    title_en: str
    lost: float
    cap: float
    entries: tuple[str, ...]


@dataclass(frozen=True)
class EnterpriseScore:
    """A score with its items, the largest loss first; `refused` are rows that the table does not know.

    The items' losses sum to 100 - `score`. `missing_items` were not stated: the score is at best this.
    """

    score: float
    items: tuple[ItemScore, ...]
    missing_items: tuple[str, ...]
    refused: tuple[str, ...]

    @property
    def is_upper_bound(self) -> bool:
        return bool(self.missing_items or self.refused)


@lru_cache(maxsize=16)
def load_score_table(folder: Path = RULES_DIR, on: date | None = None) -> ScoreTable:
    """The deduction table; raises `RuleTableError` where it is not consistent."""
    path = folder / "enterprise_score_items.csv"
    table = read_rules(
        path,
        texts=("item_group", "item", "item_zh", "item_en", "entry", "entry_kind", "title_zh", "title_en"),
        numbers=("cap", "entry_points"),
        codes={"entry_kind": ("deduction", "bonus")},
        on=on,
    )
    require(not table.duplicated(["item", "entry"]).any(), path, "an entry stands twice")
    require(bool((table.groupby("item")["cap"].nunique() == 1).all()), path, "an item has two caps")
    require(bool((table.entry_points > 0).all()), path, "points must be positive; the kind tells their sign")
    rows = rows_of(table)
    return ScoreTable({(row["item"], row["entry"]): row for row in rows}, {row["item"]: row["cap"] for row in rows})


def enterprise_score(items: Iterable[Mapping[str, Any]], table: ScoreTable | None = None) -> EnterpriseScore | None:
    """The score that rows of `score_items` of one enterprise add up to; None without any row.

    Parameters
    ----------
    items : rows
        ``item``, ``entry`` (blank or ``none``: the item was examined and loses nothing), ``n`` (how often; blank is once).

    >>> enterprise_score([{"item": "equipment", "entry": "no_dual_power", "n": 1}]).score
    95.0
    """
    table = table or load_score_table()
    lost: dict[str, float] = {}
    named: dict[str, list[str]] = {}
    refused = []
    rows = list(items)
    for row in rows:
        item, entry, n = str(row.get("item") or ""), _entry(row.get("entry")), _count(row.get("n"))
        known = table.entries.get((item, entry))
        if item not in table.caps or (entry and known is None) or not n >= 0:
            refused.append(f"{item}/{entry}: {row.get('n')}")
            continue
        lost.setdefault(item, 0.0)
        if known:
            lost[item] += n * known["entry_points"] * (1 if known["entry_kind"] == "deduction" else -1)
            named.setdefault(item, []).append(entry)
    if not rows:
        return None
    found = [_item(table, item, points, named.get(item, [])) for item, points in lost.items()]
    score = round(FULL_SCORE - sum(entry.lost for entry in found), DECIMALS)
    missing = tuple(item for item in table.caps if item not in lost and item not in BONUS_ONLY)
    return EnterpriseScore(score, tuple(sorted(found, key=lambda entry: (-entry.lost, entry.item))), missing, tuple(refused))


def _item(table: ScoreTable, item: str, points: float, entries: list[str]) -> ItemScore:
    row = next(row for (name, _), row in table.entries.items() if name == item)
    return ItemScore(
        item, row["item_zh"], row["item_en"], round(min(points, table.caps[item]), DECIMALS), table.caps[item], tuple(entries)
    )


def _entry(value: Any) -> str:
    """An entry's name, empty where the item loses nothing."""
    name = value.strip() if isinstance(value, str) else ""
    return "" if name == NOTHING_LOST else name


def _count(value: Any) -> float:
    """How often an entry applies; blank is once."""
    if value is None or pd.isna(value):
        return 1.0
    return float(value)
