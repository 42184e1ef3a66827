"""What a load may do only after a person agreed: change or close much of a source, or put older data over newer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from layers.catalog import Layer
from layers.errors import ApprovalNeededError
from layers.tables import register_table, value_columns

LARGE_LOSS_PCT = 20.0
LEAST_LARGE_LOSS = 5
"""Where a load closes or changes more than this share of a source's features, and no fewer, it says so loudly."""


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
    >>> loss({"n_unchanged": 0, "n_changed": 0, "n_gone": 0})["is_large"]
    False
    """
    n_before = sum(counts.get(name, 0) for name in ("n_changed", "n_gone", "n_unchanged"))
    n_lost = counts.get("n_changed", 0) + counts.get("n_gone", 0) - gained.n
    share_pct = round(100 * n_lost / n_before, 1) if n_before else 0.0
    return {"n_before": n_before, "n_lost": n_lost, "share_pct": share_pct,
            "is_large": share_pct > LARGE_LOSS_PCT and n_lost >= LEAST_LARGE_LOSS, "n_gained": gained.n}


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
    found = connection.execute(
        sa.select(sa.func.count(), *(sa.func.count(after.c[name]).label(name) for name in fresh)).select_from(changed)
        .where(before.c.to_load == load_id, before.c.source_id == source_id, *same)
    ).one()
    return Gained(int(found[0]), tuple(name for name, n in zip(fresh, found[1:], strict=True) if n))


def newer_held(connection: sa.Connection, source_id: str, as_of: date | None) -> date | None:
    """Date of the data that a source holds already, where it is later than `as_of`; None where nothing newer is held."""
    found = connection.execute(
        sa.text("SELECT max(as_of) FROM ops.loads_in_force WHERE source_id = :source_id AND as_of > :as_of"),
        {"source_id": source_id, "as_of": as_of},
    ).scalar_one()
    return found if found is None else date.fromisoformat(str(found))


def require_approval(
    connection: sa.Connection, source_id: str, as_of: date | None, counts: Mapping[str, int], only_gained: Gained = Gained()
) -> None:
    """Stop a load that nobody has agreed to in so many words; what it did so far is left with the transaction.

    Raises
    ------
    ApprovalNeededError
        The source loses or changes much, or its data are older than those held.
    """
    lost, newer = loss(counts, only_gained), newer_held(connection, source_id, as_of)
    asked = []
    if lost["is_large"]:
        asked.append(f"原有 {lost['n_before']} 个要素中有 {lost['n_lost']} 个({lost['share_pct']} %)将变更或消失 "
                     f"{lost['n_lost']} of {lost['n_before']} features ({lost['share_pct']} %) would change or go")
    if newer is not None:
        asked.append(f"资料截至 {as_of},早于已入库的 {newer} the data are of {as_of}, older than those held, of {newer}")
    if asked:
        raise ApprovalNeededError(source_id, asked)
