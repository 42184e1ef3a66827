"""What makes a stretch of pipeline a high consequence area: one finding a rule and stretch, along a route."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.scoring.dwellings import Dwellings
from layers.scoring.high_consequence_rules import HcaRule, HcaRules
from layers.scoring.measure import Floats, Geometries, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.pipelines import potential_impact_radius_m
from layers.scoring.routes import (
    Route,
    Spans,
    merged,
    sliding_windows,
    spans_of_buildings,
    spans_of_ground,
)

GROUND_LAYERS = ("roads", "railways", "water", "water_source_zones", "nature_areas")
"""What lies along a line rather than beside it: the stretch within reach counts, and no edge is added."""


@dataclass(frozen=True)
class Finding:
    """One rule that holds on one stretch of a route, metres from the route's beginning."""

    rule: HcaRule
    from_m: float
    to_m: float
    n_households: int | None = None
    names: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    is_estimated: bool = False
    location_class: int | None = None


@dataclass
class Findings:
    """What was found along one route, and how many dwellings beside it have no number of households."""

    graded: list[Finding] = field(default_factory=list)
    classes: list[Finding] = field(default_factory=list)
    n_unknown: int = 0


def findings_along(
    subject_class: str,
    route: Route,
    lines: Members,
    houses: Dwellings,
    settlements: Dwellings,
    table: HcaRules,
    index: ClassIndex,
) -> Findings:
    """Everything that the rules for oil or for gas lines find along one route of `lines`."""
    found = Findings()
    _by_households(subject_class, route, houses, table, index, found)
    for rule in table.of(subject_class, "settlement"):
        found.graded += _by_settlement(rule, route, settlements, table, index)
    for rule in table.of(subject_class, "object"):
        found.graded += _by_object(rule, route, lines, table, index)
    found.graded = _outside_dense_classes(found)
    return found


def _near(
    route: Route, things: Geometries, reach_m: float, index: ClassIndex
) -> tuple[NDArray[np.intp], Geometries, Floats]:
    """Positions of the things within reach of a route, the point of each that is nearest, and how far that is."""
    line = np.empty(1, object)
    line[0] = shapely.multilinestrings(route.along.parts)
    pairs = near_pairs(line, things, reach_m=np.array([reach_m]), crs=index.crs)
    return pairs.object, shapely.get_point(pairs.line, -1), pairs.distance_m


def _by_households(
    subject_class: str, route: Route, houses: Dwellings, table: HcaRules, index: ClassIndex, found: Findings
) -> None:
    """Stretches by number of households in the sliding window, and where tall houses prevail among them."""
    window_rules = table.of(subject_class, "households", "storeys", "location")
    strip_m = max(rule.strip_m for rule in window_rules)
    near, nearest, _ = _near(route, houses.geometry, strip_m, index)
    beside = houses.take(near)
    found.n_unknown = int(np.isnan(beside.n_households).sum())
    is_known = ~np.isnan(beside.n_households)
    beside, nearest = beside.take(is_known), nearest[is_known]
    if not len(beside):
        return
    spans = spans_of_buildings(route, beside.geometry, nearest, strip_m)
    for rule in window_rules:
        if rule.at_least > 0:
            target = found.classes if rule.test == "location" else found.graded
            target += _windows(rule, spans, beside, table.edge_m)


def _windows(rule: HcaRule, spans: Spans, houses: Dwellings, edge_m: float) -> list[Finding]:
    total, first_m, last_m = sliding_windows(spans.from_m, spans.to_m, houses.n_households, rule.window_m)
    is_meant = total >= rule.at_least
    if rule.status == "suggested":
        is_tall = np.nan_to_num(houses.n_storeys) >= rule.storeys_from
        tall, _, _ = sliding_windows(
            spans.from_m, spans.to_m, np.where(is_tall, houses.n_households, 0.0), rule.window_m
        )
        is_meant &= tall >= rule.share_from * total
    if not is_meant.any():
        return []
    first_m, last_m, total = first_m[is_meant], last_m[is_meant], total[is_meant]
    found = []
    for start, stop in merged(first_m - edge_m, last_m + edge_m, gap_m=0.0):
        is_in = (first_m - edge_m >= start) & (last_m + edge_m <= stop)
        is_beside = (spans.to_m >= start) & (spans.from_m <= stop)
        found.append(
            Finding(
                rule,
                start,
                stop,
                n_households=round(float(total[is_in].max())),
                is_estimated=bool(houses.is_estimated[is_beside].any()),
                location_class=rule.location_class,
            )
        )
    return found


def _by_settlement(
    rule: HcaRule, route: Route, settlements: Dwellings, table: HcaRules, index: ClassIndex
) -> list[Finding]:
    large = settlements.take(settlements.n_households >= rule.at_least)
    near, nearest, _ = _near(route, large.geometry, rule.strip_m, index)
    if not len(near):
        return []
    beside = large.take(near)
    spans = spans_of_buildings(route, beside.geometry, nearest, rule.strip_m)
    return [
        Finding(
            rule,
            float(spans.from_m[i]) - table.edge_m,
            float(spans.to_m[i]) + table.edge_m,
            n_households=round(float(beside.n_households[i])),
            names=(str(beside.name[i]),),
            objects=(f"protection_targets:{beside.feature_id[i]}",),
            is_estimated=bool(beside.is_estimated[i]),
        )
        for i in range(len(beside))
    ]


def _by_object(
    rule: HcaRule, route: Route, lines: Members, table: HcaRules, index: ClassIndex
) -> list[Finding]:
    """Places, sites, roads and waters within the rule's reach of those lines of the route that the rule is for."""
    things = _undecided(rule, _foreign(rule.object_class, index, set(lines.feature_id[list(route.lines)])), table, index)
    if not len(things):
        return []
    found = []
    for position, low, high in zip(route.lines, route.bounds_m[:-1], route.bounds_m[1:], strict=True):
        reach_m, is_estimated = _reach_m(rule, lines, position, index, table)
        if reach_m is None:
            continue
        for finding in _objects_beside(rule, route, things, reach_m, is_estimated, table, index):
            # the object belongs to the line it lies beside; its edge may run on to the next
            if finding.to_m > low and finding.from_m < high:
                found.append(finding)
    return list(dict.fromkeys(found))


def _undecided(rule: HcaRule, things: Members, table: HcaRules, index: ClassIndex) -> Members:
    """For a rule that only suggests: the things that no judged rule of the same item is about."""
    if rule.status != "suggested":
        return things
    judged = {
        name
        for other in table.of(rule.subject_class, "object")
        if other.status == "judged" and other.clause == rule.clause
        for name in index.members(other.object_class).feature_id.astype(str)
    }
    return things.take(~np.isin(things.feature_id.astype(str), list(judged)))


def _foreign(class_id: str, index: ClassIndex, pipeline_ids: set[str]) -> Members:
    """Members of a class but for the stations of the line itself."""
    members = index.members(class_id)
    stations = index.frame("pipeline_stations")
    if "pipeline_id" not in stations:
        return members
    own = set(stations.loc[stations["pipeline_id"].isin(pipeline_ids), "feature_id"])
    return members.take(
        ~((members.layer == "pipeline_stations") & np.isin(members.feature_id.astype(str), list(own)))
    )


def _reach_m(
    rule: HcaRule, lines: Members, position: int, index: ClassIndex, table: HcaRules
) -> tuple[float | None, bool]:
    """How far the rule looks from a line, None where it is not for that line; whether size had to be guessed."""
    diameter_mm, pressure_mpa = size_of(lines, position)
    if rule.has_size:
        is_meant = rule.admits(diameter_mm, pressure_mpa)
        return (
            potential_impact_radius_m(diameter_mm, pressure_mpa, index.rules) if is_meant else None
        ), False
    others = [
        other for other in table.of(rule.subject_class, "object")
        if other.has_size and other.object_class == rule.object_class
    ]  # fmt: skip
    if any(other.admits(diameter_mm, pressure_mpa) for other in others):
        return None, False
    return rule.strip_m, bool(others) and math.isnan(diameter_mm + pressure_mpa)


def size_of(lines: Members, position: int) -> tuple[float, float]:
    return float(lines.numbers["diameter_mm"][position]), float(lines.numbers["pressure_mpa"][position])


def _objects_beside(
    rule: HcaRule,
    route: Route,
    things: Members,
    reach_m: float,
    is_estimated: bool,
    table: HcaRules,
    index: ClassIndex,
) -> list[Finding]:
    is_ground = np.isin(things.layer.astype(str), GROUND_LAYERS)
    found = []
    ground = things.take(is_ground)
    if len(ground):
        found += _object_findings(
            rule, spans_of_ground(route, ground.geometry, reach_m), ground, 0.0, is_estimated
        )
    places = things.take(~is_ground)
    near, nearest, _ = _near(route, places.geometry, reach_m, index)
    if len(near):
        beside = places.take(near)
        spans = spans_of_buildings(route, beside.geometry, nearest, reach_m)
        found += _object_findings(rule, spans, beside, table.edge_m, is_estimated)
    return found


def _object_findings(
    rule: HcaRule, spans: Spans, things: Members, edge_m: float, is_estimated: bool
) -> list[Finding]:
    found = []
    for thing, start, stop in zip(spans.thing.tolist(), spans.from_m, spans.to_m, strict=True):
        is_reservoir = things.layer[thing] == "water" and things.category[thing] == "reservoir"
        is_assumed = is_reservoir or things.layer[thing] == "water_source_zones"
        found.append(
            Finding(
                rule,
                float(start) - edge_m,
                float(stop) + edge_m,
                names=(str(things.name[thing] or things.feature_id[thing]),),
                objects=(f"{things.layer[thing]}:{things.feature_id[thing]}",),
                is_estimated=is_estimated or is_assumed,
            )
        )
    return found


def _outside_dense_classes(found: Findings) -> list[Finding]:
    """Fuel stations and depots count outside location classes 3 and 4 only (table 2 f)."""
    dense = [entry for entry in found.classes if (entry.location_class or 0) >= 3]
    return [
        entry for entry in found.graded
        if entry.rule.object_class != "flammable_site"
        or not any(area.from_m <= entry.from_m and entry.to_m <= area.to_m for area in dense)
    ]  # fmt: skip
