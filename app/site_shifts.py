"""What would take the reasons of a kept siting case away: trial shifts, computed and tried, never kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts
from app.pipeline_conflicts import rules_date
from app.site_checks import bounds_of, site_context
from app.site_requests import SiteRequest
from app.surroundings import SurroundingsMemory
from app.texts import Text
from layers.scoring.siting import SitePart, check_parts
from layers.scoring.siting_shift import (
    MOST_SHIFT_M,
    Judge,
    Shift,
    shift_for,
    shift_for_all,
)
from layers.scoring.siting_terms import Reason

MOST_REASONS = 12
"""So many reasons, the gravest first, are each tried alone."""
NOTE = Text("试算,不作为结论;只移动整个场址,最远 {most_m:.0f} m,已在移动后的位置重新检查。", most_m=MOST_SHIFT_M)


def shifts_of(
    connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, *, asked: SiteRequest
) -> dict[str, Any]:
    """For each of the gravest reasons, and for all together, the smallest shift that takes them away; None where there is none."""
    near = surroundings.around(connection, facts, bounds_of(asked), margin_m=MOST_SHIFT_M)
    context = site_context(facts, near)
    grounds = [part.geometry for part in asked.parts]

    def judge(east_m: float, north_m: float) -> Sequence[Reason]:
        moved = [SitePart(_moved(part.geometry, east_m, north_m), part.project) for part in asked.parts]
        return check_parts(moved, context=context, rules=surroundings.rules, on=rules_date(facts)).whole.reasons

    reasons = judge(0.0, 0.0)
    outside = _outside(facts, grounds)
    given: dict[str, Any] = {"outside": outside, "judge": judge, "crs": facts.metric_crs}
    single = [shift_for(reason, grounds, **given) for reason in reasons[:MOST_REASONS]]
    together = shift_for_all(reasons, grounds, **given)
    return {
        "shifts": [_told(facts, reason, shift, grounds) for reason, shift in zip(reasons, single, strict=False)],
        "together": _shift(facts, together, grounds) if together else None,
        "left": [_named(reason) for reason in _left(reasons, together, judge)],
        "n_untried": max(0, len(reasons) - MOST_REASONS),
        "edition": facts.edition.number,
        **NOTE.fields("note"),
    }


def _left(reasons: Sequence[Reason], together: Shift | None, judge: Judge) -> Sequence[Reason]:
    """Reasons that stay where the site is moved for all."""
    return judge(together.east_m, together.north_m) if together else [reason for reason in reasons if reason.obstacle is None]


def _moved(geometry: shapely.Geometry, east_m: float, north_m: float) -> shapely.Geometry:
    return shapely.transform(geometry, lambda xy: xy + np.array([east_m, north_m]))


def _outside(facts: EditionFacts, grounds: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """What a shifted site must not touch: the ground beyond the area's outline."""
    west, south, east, north = shapely.total_bounds(list(grounds))
    reach = 2 * MOST_SHIFT_M
    return shapely.difference(shapely.box(west - reach, south - reach, east + reach, north + reach), facts.boundary_m)


def _named(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind, "rule_id": reason.rule_id, "title_zh": reason.title_zh, "title_en": reason.title_en, "gravity": reason.gravity,
        "object": {"layer": reason.object_layer, "id": reason.object_id, "name": reason.object_name} if reason.object_layer else None,
        "part": reason.part,
    }  # fmt: skip


def _told(facts: EditionFacts, reason: Reason, shift: Shift | None, grounds: Sequence[shapely.Geometry]) -> dict[str, Any]:
    return _named(reason) | {"shift": _shift(facts, shift, grounds) if shift else None}


def _shift(facts: EditionFacts, shift: Shift, grounds: Sequence[shapely.Geometry]) -> dict[str, Any]:
    moved = [facts.in_degrees(_moved(ground, shift.east_m, shift.north_m)) for ground in grounds]
    return {
        "metres": shift.metres,
        "bearing_deg": shift.bearing_deg,
        "east_m": round(shift.east_m, 2),
        "north_m": round(shift.north_m, 2),
        "parts": [shapely.geometry.mapping(shapely.set_precision(part, 1e-8, mode="pointwise")) for part in moved],
    }
