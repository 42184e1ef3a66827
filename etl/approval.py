"""What a load may do only after a person agreed: change or close much of a source, or put older data over newer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from layers.errors import ApprovalNeededError

LARGE_LOSS_PCT = 20.0
LEAST_LARGE_LOSS = 5
"""Where a load closes or changes more than this share of a source's features, and no fewer, it says so loudly."""


def loss(counts: Mapping[str, int]) -> dict[str, Any]:
    """How much of what a source held before is changed or gone with a load.

    >>> loss({"n_unchanged": 70, "n_changed": 10, "n_gone": 20})
    {'n_before': 100, 'n_lost': 30, 'share_pct': 30.0, 'is_large': True}
    >>> loss({"n_unchanged": 0, "n_changed": 0, "n_gone": 0})["is_large"]
    False
    """
    n_lost = counts.get("n_changed", 0) + counts.get("n_gone", 0)
    n_before = n_lost + counts.get("n_unchanged", 0)
    share_pct = round(100 * n_lost / n_before, 1) if n_before else 0.0
    return {"n_before": n_before, "n_lost": n_lost, "share_pct": share_pct,
            "is_large": share_pct > LARGE_LOSS_PCT and n_lost >= LEAST_LARGE_LOSS}


def newer_held(connection: sa.Connection, source_id: str, as_of: date | None) -> date | None:
    """Date of the data that a source holds already, where it is later than `as_of`; None where nothing newer is held."""
    found = connection.execute(
        sa.text("SELECT max(as_of) FROM ops.loads_in_force WHERE source_id = :source_id AND as_of > :as_of"),
        {"source_id": source_id, "as_of": as_of},
    ).scalar_one()
    return found if found is None else date.fromisoformat(str(found))


def require_approval(connection: sa.Connection, source_id: str, as_of: date | None, counts: Mapping[str, int]) -> None:
    """Stop a load that nobody has agreed to in so many words; what it did so far is left with the transaction.

    Raises
    ------
    ApprovalNeededError
        The source loses or changes much, or its data are older than those held.
    """
    lost, newer = loss(counts), newer_held(connection, source_id, as_of)
    asked = []
    if lost["is_large"]:
        asked.append(f"原有 {lost['n_before']} 个要素中有 {lost['n_lost']} 个({lost['share_pct']} %)将变更或消失 "
                     f"{lost['n_lost']} of {lost['n_before']} features ({lost['share_pct']} %) would change or go")
    if newer is not None:
        asked.append(f"资料截至 {as_of},早于已入库的 {newer} the data are of {as_of}, older than those held, of {newer}")
    if asked:
        raise ApprovalNeededError(source_id, asked)
