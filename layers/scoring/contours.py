"""Tests protection targets against official individual-risk contours (GB 36894), which are authoritative while valid.

Distances are signed: negative inside the contour, by how far the deepest part of the target must move to be outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.columns import Columns, numbers
from layers.scoring.measure import Floats, Geometries, largest_scale, signed_distance
from layers.scoring.object_classes import ClassIndex, Members, no_members, valid_days
from layers.scoring.rules import Rule
from layers.scoring.separation import Findings, falls_short, is_placed_well, of_target_class

SAME_VALUE = 1 - 1e-9
"""A contour drawn at the limit itself is written with rounding; inside it the risk is above the limit."""


@dataclass(frozen=True)
class Contours:
    """The valid contours, one entry a contour. `is_new`: the installation is planned, so the stricter limit holds."""

    members: Members
    risk_per_year: Floats
    is_new: NDArray[np.bool_]


def valid_contours(index: ClassIndex, on: date) -> tuple[Contours, int]:
    """Contours that may be used on a date, and how many may not (expired, or without a date of validity)."""
    table = index.table("official_contours")
    if not table.n:
        return Contours(no_members(), np.empty(0), np.empty(0, bool)), 0
    is_valid = is_valid_on(table, on)
    members = index.chosen("official_contours", f"valid on {on}", lambda columns: is_valid_on(columns, on))
    risk = numbers(table, "risk_per_year")[is_valid]
    return Contours(members, risk, _is_new(index, members)), int((~is_valid).sum())


def unused_distances(index: ClassIndex, on: date) -> int:
    """How many distances of official reports may not be used on a date: the report is over, or states no validity."""
    rows = index.rows("official_distances")
    if rows is None:
        return int(is_unused(index.table("official_distances"), on).sum())
    key = f"unused distances on {on}"
    found: NDArray[np.bool_] | None = index.whole.kept.get(key)
    if found is None:
        found = index.whole.kept[key] = is_unused(index.whole.table("official_distances"), on)
    return int(found[rows].sum())


def is_unused(distances: Columns, on: date) -> NDArray[np.bool_]:
    """Which distances of official reports may not be used on a date."""
    return ~is_valid_on(distances, on) if distances.n else np.zeros(0, bool)


def settled_owners(index: ClassIndex, contours: Contours) -> frozenset[str]:
    """Enterprises for which a valid official report states a contour or a distance."""
    found = set(contours.members.enterprise_id)
    for class_id in sorted({rule.subject_class for rule in index.rules.rules if rule.formula == "official_distance"}):
        found |= set(index.members(class_id).enterprise_id)
    return frozenset(name for name in found if name)


def is_valid_on(contours: pd.DataFrame | Columns, on: date) -> NDArray[np.bool_]:
    """Which contours may be used on a date: drawn, and their report's validity stated and not over."""
    is_valid = valid_days(np.asarray(contours["valid_until_on"], object), on)
    return np.asarray(is_valid & ~shapely.is_missing(np.asarray(contours["geometry"], object)), bool)


def _is_new(index: ClassIndex, contours: Members) -> NDArray[np.bool_]:
    """New and in service mean the installation: planned is new, anything else, unknown included, is in service."""
    enterprises = index.table("enterprises")
    if not enterprises.n or not len(contours):
        return np.zeros(len(contours), bool)
    planned = set(enterprises["enterprise_id"][enterprises["status"] == "planned"]) - {None}
    return np.fromiter((owner in planned for owner in contours.enterprise_id), bool, len(contours))


def contour_findings(rule: Rule, contours: Contours, targets: Members, index: ClassIndex) -> Findings:
    """Targets of the rule's classes inside (or within error of) a contour whose value their limit forbids.

    Of the nested contours of one enterprise only the one that reaches farthest beyond the target counts.
    `required_m` is 0 and `actual_m` the signed distance to the contour, negative inside.
    """
    limit = np.where(contours.is_new, rule.limit_new_per_year or 0.0, rule.limit_in_service_per_year or 0.0)
    binding = np.flatnonzero(contours.risk_per_year >= limit * SAME_VALUE)
    chosen = np.flatnonzero(of_target_class(rule, targets) & is_placed_well(targets))
    areas, places = contours.members.geometry[binding], targets.geometry[chosen]
    if not len(binding) or not len(chosen):
        return _findings(
            rule, np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0), areas[:0], targets
        )
    reach = np.hypot(contours.members.accuracy_m[binding], targets.accuracy_m.max(initial=0.0))
    scale = largest_scale(index.crs, areas)
    area, place = shapely.STRtree(places).query(areas, predicate="dwithin", distance=reach * scale)
    actual_m, line = signed_distance(areas[area], places[place], index.crs)
    contour, target = binding[area], chosen[place]
    enterprise = contours.members.enterprise_id[contour].astype(str)
    order = np.lexsort((contours.members.feature_id[contour].astype(str), actual_m, target, enterprise))
    first = np.ones(len(order), bool)
    first[1:] = (enterprise[order][1:] != enterprise[order][:-1]) | (target[order][1:] != target[order][:-1])
    kept = order[first]
    error_m = np.hypot(contours.members.accuracy_m[contour[kept]], targets.accuracy_m[target[kept]])
    return _findings(rule, contour[kept], target[kept], actual_m[kept], error_m, line[kept], targets)


def _findings(
    rule: Rule,
    contour: NDArray[np.intp],
    target: NDArray[np.intp],
    actual_m: Floats,
    error_m: Floats,
    line: Geometries,
    targets: Members,
) -> Findings:
    required_m = np.zeros(len(contour))
    findings = Findings(
        rule,
        contour,
        target,
        required_m,
        actual_m,
        error_m,
        falls_short(actual_m + error_m, required_m, rule),
        targets.is_point[target],
        line,
    )
    return findings.take(falls_short(actual_m - error_m, required_m, rule))
