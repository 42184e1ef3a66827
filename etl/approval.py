"""What a load may do only after a person agreed: change or close much of a source, or put older or undated data over newer."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from layers.catalog import Layer
from layers.tables import register_table, value_columns

LARGE_LOSS_PCT = 20.0
LEAST_LARGE_LOSS = 5
"""Where a load closes or changes more than this share of a source's features, and no fewer, it says so loudly; always where it closes all."""


@dataclass(frozen=True)
class Gained:
    """Features that a load changed in nothing but fields which their source had never stated, and those fields."""

    n: int = 0
    fields: tuple[str, ...] = ()

    def told(self) -> str:
        """In words: what is counted as changed and asks nobody."""
        names = ", ".join(self.fields)
        return f"其中 {self.n:,} 个只新得从前没有的字段,不须同意 {self.n:,} of them only gain fields not stated before, which asks nobody: {names}"


def loss(counts: Mapping[str, int], gained: Gained = Gained()) -> dict[str, Any]:
    """How much of what a source held before is changed or gone with a load; what is only `gained` is neither.

    >>> loss({"n_unchanged": 70, "n_changed": 10, "n_gone": 20})
    {'n_before': 100, 'n_lost': 30, 'share_pct': 30.0, 'is_large': True, 'n_gained': 0}
    >>> loss({"n_unchanged": 0, "n_changed": 10, "n_gone": 0}, Gained(9, ("fire_class",)))
    {'n_before': 10, 'n_lost': 1, 'share_pct': 10.0, 'is_large': False, 'n_gained': 9}
    >>> [loss({"n_unchanged": n, "n_changed": 0, "n_gone": 3 - n})["is_large"] for n in range(4)]
    [True, False, False, False]
    >>> loss({"n_unchanged": 0, "n_changed": 0, "n_gone": 0})["is_large"]
    False
    """
    n_before = sum(counts.get(name, 0) for name in ("n_changed", "n_gone", "n_unchanged"))
    n_lost = counts.get("n_changed", 0) + counts.get("n_gone", 0) - gained.n
    share_pct = round(100 * n_lost / n_before, 1) if n_before else 0.0
    is_all_gone = bool(n_before) and counts.get("n_gone", 0) == n_before
    return {"n_before": n_before, "n_lost": n_lost, "share_pct": share_pct,
            "is_large": is_all_gone or (share_pct > LARGE_LOSS_PCT and n_lost >= LEAST_LARGE_LOSS), "n_gained": gained.n}


def gained(connection: sa.Connection, layer: Layer, source_id: str, load_id: int, counts: Mapping[str, int]) -> Gained:
    """What a load did to features in fields alone that their source had never stated; looked for only where much changes.

    After an update of the program a layer may have fields that nobody read before: what they now say replaces nothing.
    """
    if not layer.has_table or not counts.get("n_changed") or not loss(counts)["is_large"]:
        return Gained()
    register = register_table(layer, 0)
    names = [entry.name for entry in layer.fields]
    stated = connection.execute(
        sa.select(*(sa.func.count(register.c[name]).label(name) for name in names))
        .where(register.c.source_id == source_id, register.c.from_load < load_id)
    ).mappings().one()
    fresh = [name for name in names if not stated[name]]
    if not fresh:
        return Gained()
    before, after = register.alias("before"), register.alias("after")
    same = [before.c[name].is_not_distinct_from(after.c[name]) for name in value_columns(layer) if name not in fresh]
    changed = before.join(after, sa.and_(before.c.feature_id == after.c.feature_id, after.c.from_load == load_id))
    # The load's own rows are not in the table's statistics yet: row by row the two would be compared as often as n squared.
    connection.execute(sa.text("SELECT set_config('enable_nestloop', 'off', TRUE)"))
    found = connection.execute(
        sa.select(sa.func.count(), *(sa.func.count(after.c[name]).label(name) for name in fresh)).select_from(changed)
        .where(before.c.to_load == load_id, before.c.source_id == source_id, *same)
    ).one()
    connection.execute(sa.text("SELECT set_config('enable_nestloop', 'on', TRUE)"))
    return Gained(int(found[0]), tuple(name for name, n in zip(fresh, found[1:], strict=True) if n))


NEWER_HELD = """
WITH base AS (  -- the newest delivery of all the source has: what came before it is not held any more
    SELECT coalesce(max(load_id), 0) AS load_id FROM ops.loads_in_force
    WHERE source_id = :source_id AND coalesce(CAST(notes ->> 'is_full' AS boolean), TRUE) AND (as_of IS NOT NULL OR CAST(:as_of AS date) IS NULL)
)
SELECT max(as_of) FROM ops.loads_in_force
WHERE source_id = :source_id AND load_id >= (SELECT load_id FROM base) AND (CAST(:as_of AS date) IS NULL OR as_of > CAST(:as_of AS date))
"""


def newer_held(connection: sa.Connection, source_id: str, as_of: date | None) -> date | None:
    """Date of the data that a source holds before a load, where it is later than `as_of` or that is unknown; None where none are.

    A person who agreed to undated or older data is not asked again for those that follow them: they are what is held. Data with a
    date are compared with the newest that had one.
    """
    found = connection.execute(sa.text(NEWER_HELD), {"source_id": source_id, "as_of": as_of}).scalar_one()
    return found if found is None else date.fromisoformat(str(found))


@dataclass(frozen=True)
class Agreed:
    """What a person saw of a source and agreed to, by default nothing: features lost, their share, and the date of newer data held."""

    n_lost: int = 0
    share_pct: float = 0.0
    newer_held: date | None = None

    @classmethod
    def to_seen(cls, seen: Mapping[str, Any]) -> Agreed:
        """Agreement to the figures of a check, as an approval of the page carries them.

        >>> Agreed.to_seen({"n_lost": 10, "share_pct": 50.0, "newer_held": "2026-06-30"})
        Agreed(n_lost=10, share_pct=50.0, newer_held=datetime.date(2026, 6, 30))
        """
        held = seen["newer_held"]
        return cls(seen["n_lost"], seen["share_pct"], date.fromisoformat(held) if held else None)


ANYTHING = Agreed(sys.maxsize, 100.0, date.max)
"""What a person agrees to who names a source and no figures."""


def questions(lost: Mapping[str, Any], as_of: date | None, newer: date | None, agreed: Agreed = Agreed()) -> list[str]:
    """What is still to be asked of a source, in words: nothing where no figure is worse than those agreed to.

    `lost` as of `loss`, `as_of` the date of the data, `newer` as of `newer_held`.
    """
    asked = []
    if lost["is_large"] and (lost["n_lost"] > agreed.n_lost or lost["share_pct"] > agreed.share_pct):
        asked.append(f"原有 {lost['n_before']:,} 个要素中有 {lost['n_lost']:,} 个({lost['share_pct']} %)将变更或消失 "
                     f"{lost['n_lost']:,} of {lost['n_before']:,} features ({lost['share_pct']} %) would change or go")
    if newer is not None and (agreed.newer_held is None or newer > agreed.newer_held):
        asked.append(
            f"资料没有注明日期,已入库的截至 {newer} the date of the data is unknown, those held are of {newer}" if as_of is None
            else f"资料截至 {as_of},早于已入库的 {newer} the data are of {as_of}, older than those held, of {newer}"
        )
    return asked
