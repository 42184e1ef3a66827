"""Which datum the coordinates of a delivery are in: every plausible one tried against what is known of the area.

A proposal with its evidence, for a person to confirm; nothing is ever turned by it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DatumProposal:
    """One datum, 0 to 1, with what speaks for it."""

    crs: str
    score: float
    median_distance_m: float | None
    n_compared: int
    evidence_zh: str
    evidence_en: str
    accuracy_m: float
    axis_order: str = "xy"
