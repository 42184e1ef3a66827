"""Applies one rule to many pairs: from which edge it measures, how far it requires, which pairs fall short.

The same functions judge standing objects, the objects along a pipeline and a proposed site.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from layers.scoring.alongside import LAND_BOUNDARIES, alongside_pairs
from layers.scoring.downstream import DOWNSTREAM, downstream_pairs
from layers.scoring.flow_paths import ALONG_PATH, reached
from layers.scoring.measure import (
    Floats,
    Geometries,
    Integers,
    Pairs,
    SearchIndex,
    depths,
    near_pairs,
    shortened,
    shortened_back,
)
from layers.scoring.object_classes import Members
from layers.scoring.rules import AssumedOffset, Rule, RuleSet
from layers.scoring.targets import TARGET_CLASSES

Booleans = NDArray[np.bool_]

TOLERANCE_M = 0.001
"""Below the centimetre the distances are exact to: a pair exactly at the required distance complies in spite of rounding."""
MAX_ERROR_M = 100.0
"""A position known no better supports no distance of these rules; such features are counted, not judged."""
ASSUMED_PIPE = AssumedOffset(0.2, 0.2)
"""Half the outside diameter of a town gas pipe whose diameter is unknown, metres."""
ASSUMED_RAILWAY = AssumedOffset(6.0, 6.0)
"""Embankment toe, cutting top or bridge edge from the centre of a railway that states none, metres."""
EDGED_OBJECTS = ("road_edge", "offsite_road_edge", "expressway_class1_road", "other_road", "railway_or_expressway", "overhead_line",
                 "expressway_main_road", "secondary_road_branch", "park_main_road", "park_minor_road", "onsite_main_road", "onsite_minor_road",
                 "hv_line_or_permanent_facility")  # fmt: skip
"""Classes of lines that a rule measures to at their outer edge; the roads among them state the width of their carriageway."""
STATED_CONDITIONS = ("station_grade", "vapour_recovery", "item_group")
ESTIMATED_EDGES = ("charge_centre", "river_shoreline", "along_river", DOWNSTREAM)
"""Edges that the map stands for: the middle of a store, the edge of the water, metres along a river as the crow flies."""
RAILWAY_AREAS = ("city_urban", "city_suburb_residential", "village_town_residential", "other")
DENSE_AREA = "dense"
"""Ground of plants, on which the clearance after the greatest sway of the conductors decides."""
OUTSIDE_OF = "airport_fence"
"""Edge of ground whose own buildings a rule does not mean: only what lies outside, or across the edge, is held against it."""
LIQUID_GROUPS = ("class_A_B_liquid", "class_C_liquid")
MM_PER_M = 1000.0


@dataclass(frozen=True)
class Edges:
    """Where a rule starts to measure, one entry a subject: metres out from the geometry, its error, whether assumed."""

    offset_m: Floats
    error_m: Floats
    is_estimated: Booleans


@dataclass(frozen=True)
class Findings:
    """Pairs that fall short of one rule, or may do so within the error of their positions.

    `subject` and `object` are positions in the members judged. Distances are in metres, edge to edge; `line` runs
    from the edge the rule measures from to the object, a point where they touch. `is_certain`: short by more than
    `error_m`, the root of the sum of squares of both positions' accuracies and of an assumed edge.
    """

    rule: Rule
    subject: Integers
    object: Integers
    required_m: Floats
    actual_m: Floats
    error_m: Floats
    is_certain: Booleans
    is_estimated: Booleans
    line: Geometries

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, chosen: Any) -> Findings:
        return Findings(rule=self.rule, **{name: getattr(self, name)[chosen] for name in ARRAYS})


ARRAYS = tuple(entry.name for entry in fields(Findings) if entry.name != "rule")


def joined(parts: list[Findings]) -> Findings:
    """Findings of one rule whose subjects were judged in parts, in their order."""
    if len(parts) == 1:
        return parts[0]
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ARRAYS
    }
    return Findings(rule=parts[0].rule, **arrays)


def under_rule(rule: Rule, subjects: Members) -> Booleans:
    """Which subjects a rule's conditions cover; an unknown voltage, pressure or class is covered by no row."""
    mask = np.ones(len(subjects), bool)
    if rule.road_class:
        mask &= np.logical_or.reduce([subjects.road_class == name for name in rule.road_class])
    voltage, pressure = subjects.numbers["voltage_kv"], subjects.numbers["pressure_mpa"]
    if rule.voltage_kv_min is not None:
        mask &= voltage >= rule.voltage_kv_min
    if rule.voltage_kv_max is not None:
        mask &= voltage <= rule.voltage_kv_max
    if rule.pressure_mpa_above is not None:
        mask &= pressure > rule.pressure_mpa_above
    if rule.pressure_mpa_up_to is not None:
        mask &= pressure <= rule.pressure_mpa_up_to
    for name in STATED_CONDITIONS:
        wanted = getattr(rule, name)
        if wanted:
            mask &= _states(subjects, name, wanted)
    if rule.area_kind == DENSE_AREA:
        mask &= np.isfinite(subjects.numbers["sway_m"])
    if rule.area_kind in RAILWAY_AREAS:
        mask &= _states(subjects, "area_kind", rule.area_kind)
    if rule.volume_m3_above is not None or rule.volume_m3_up_to is not None:
        mask &= _holds(rule, subjects.numbers["volume_m3"])
    if rule.formula == "scaled_distance":
        mask &= subjects.numbers["tnt_kg"] > 0
    if rule.formula == "official_distance":
        mask &= subjects.numbers["distance_m"] > 0
    return mask


def without_sway(rule: Rule, subjects: Members) -> Booleans:
    """Which lines a rule of plants would cover if they stated their greatest sway."""
    if rule.area_kind != DENSE_AREA:
        return np.zeros(len(subjects), bool)
    return under_rule(replace(rule, area_kind=""), subjects) & ~np.isfinite(subjects.numbers["sway_m"])


def line_zone_reach(rule: Rule, lines: Members, rules: RuleSet, on: date) -> Floats:
    """How far from each line its general zone may reach, metres: the zone in plants is no wider, whatever the sway."""
    edges = measured_edges(replace(rule, measured_from="outer_conductor_horizontal"), lines, rules, on)
    return zone_width(rule.subject_class, lines, rules, on) + edges.offset_m + edges.error_m + lines.accuracy_m


def _states(subjects: Members, name: str, wanted: str) -> Booleans:
    """Which subjects state this very word; one that states none is covered by no row."""
    stated = subjects.texts.get(name)
    return np.zeros(len(subjects), bool) if stated is None else np.asarray(stated == wanted, bool)


def _holds(rule: Rule, volume_m3: Floats) -> Booleans:
    """Volumes within the bounds of a row: open below and closed above, for liquids (table 4.2.1) the other way round."""
    low = -np.inf if rule.volume_m3_above is None else rule.volume_m3_above
    high = np.inf if rule.volume_m3_up_to is None else rule.volume_m3_up_to
    if rule.item_group in LIQUID_GROUPS:
        return np.asarray((volume_m3 >= low) & (volume_m3 < high), bool)
    return np.asarray((volume_m3 > low) & (volume_m3 <= high), bool)


def is_placed_well(members: Members) -> Booleans:
    """Which positions are known well enough to hold a distance against a rule."""
    return members.accuracy_m <= MAX_ERROR_M


def of_target_class(rule: Rule, objects: Members) -> Booleans:
    """Which objects a rule's target classes cover; a class that size leaves open counts as the mildest possible."""
    if not rule.target_class:
        return np.ones(len(objects), bool)
    is_meant = np.array([name in rule.target_class for name in TARGET_CLASSES])
    return np.asarray(is_meant[objects.mildest], bool)


def required_distance(rule: Rule, subjects: Members, rules: RuleSet, on: date) -> Floats:
    """Metres required of each subject.

    ESD-BLAST: coefficient x cube root of the TNT mass in kg. Works in a line's zone: the width of that zone. A distance
    that a report states: that very distance.
    """
    if rule.formula == "scaled_distance":
        return (rule.coefficient or 0.0) * np.cbrt(subjects.numbers["tnt_kg"])
    if rule.formula == "official_distance":
        return subjects.numbers["distance_m"]
    if rule.formula == "power_zone":
        return zone_width(rule.subject_class, subjects, rules, on)
    return np.full(len(subjects), rule.distance_m or 0.0)


def measured_edges(rule: Rule, subjects: Members, rules: RuleSet, on: date) -> Edges:
    """The edge `rule` measures from: pipe wall, outer edge of highway land, outermost conductor, a zone's edge."""
    n = len(subjects)
    plain = Edges(np.zeros(n), np.zeros(n), subjects.is_point | (rule.measured_from in ESTIMATED_EDGES))
    if rule.measured_from == "pipe_outer_edge":
        return _known_or(subjects.numbers["diameter_mm"] / MM_PER_M / 2, [ASSUMED_PIPE] * n)
    if rule.measured_from == "embankment_toe_or_cutting_top_or_bridge_outer_edge":
        return _known_or(subjects.numbers["outer_offset_m"], [ASSUMED_RAILWAY] * n)
    if rule.subject_class == "highway":
        land = _known_or(
            subjects.numbers["land_width_m"] / 2, [rules.road_land.get(name) for name in subjects.road_class]
        )
        if rule.measured_from != "outer_edge_of_building_control_zone":
            return land
        return replace(land, offset_m=land.offset_m + zone_width("highway", subjects, rules, on))
    if rule.subject_class == "overhead_power_line":
        assumed = [_conductor(rules, kv) for kv in subjects.numbers["voltage_kv"]]
        outermost = _known_or(subjects.numbers["outer_offset_m"], assumed)
        is_swaying = rule.measured_from == "outer_conductor_after_max_sway"
        return replace(outermost, offset_m=outermost.offset_m + subjects.numbers["sway_m"]) if is_swaying else outermost
    return plain


def object_edges(rule: Rule, objects: Members, rules: RuleSet) -> Edges | None:
    """The edge that a rule measures to, where it is not that of the map: of land, a carriageway, an embankment, a conductor; else None."""
    numbers = objects.numbers
    if rule.measured_from in LAND_BOUNDARIES:
        return _known_or(numbers["land_width_m"] / 2, [rules.road_land.get(name) for name in objects.road_class])
    if rule.object_class not in EDGED_OBJECTS:
        return None
    offset_m = np.select(
        [objects.layer == "roads", np.isin(objects.layer.astype(str), ("railways", "power_lines"))],
        [numbers["carriageway_width_m"] / 2, numbers["outer_offset_m"]],
        0.0,  # the map shows the edge itself
    )
    lines = objects.layer == "power_lines"
    assumed = [_conductor(rules, kv) if is_line else ASSUMED_RAILWAY for is_line, kv in zip(lines, numbers["voltage_kv"], strict=True)]
    return _known_or(offset_m, assumed)


def _conductor(rules: RuleSet, voltage_kv: float) -> AssumedOffset | None:
    bands = (row.offset for row in rules.conductors if row.voltage_kv_min <= voltage_kv <= row.voltage_kv_max)
    return next(bands, None)


def _known_or(offset_m: Floats, assumed: Iterable[AssumedOffset | None]) -> Edges:
    is_known = np.isfinite(offset_m)
    instead = [(row.offset_m, row.error_m) if row else (0.0, 0.0) for row in assumed]
    pairs = np.array(instead, float).reshape(-1, 2)
    return Edges(np.where(is_known, offset_m, pairs[:, 0]), np.where(is_known, 0.0, pairs[:, 1]), ~is_known)


def zone_width(subject_class: str, subjects: Members, rules: RuleSet, on: date) -> Floats:
    """Width in metres of the zone in which building is prohibited beside each subject, 0 where it has none."""
    width = np.zeros(len(subjects))
    for rule in rules.by_subject.get(subject_class, ()):
        is_zone = rule.kind == "prohibited" and rule.object_class == "building_or_structure"
        if is_zone and rule.status == "judged" and rule.is_in_force(on, rule.jurisdiction):
            width[under_rule(rule, subjects)] = rule.distance_m
    return width


def search_reach(
    rule: Rule, subjects: Members, objects: Members, rules: RuleSet, on: date
) -> tuple[Floats, Edges]:
    """How far from each subject's geometry a pair may lie and still fall short within its error, metres."""
    edges = measured_edges(rule, subjects, rules, on)
    farthest = float(objects.accuracy_m[is_placed_well(objects)].max(initial=0.0))
    theirs = object_edges(rule, objects, rules)
    widest_m = 0.0 if theirs is None else float((theirs.offset_m + theirs.error_m).max(initial=0.0))
    error_m = np.sqrt(subjects.accuracy_m**2 + edges.error_m**2 + farthest**2)
    required_m = subjects.numbers["width_m"] / 2 if rule.formula == ALONG_PATH else required_distance(rule, subjects, rules, on)
    reach = required_m + edges.offset_m + error_m + widest_m
    return np.where(under_rule(rule, subjects), reach, 0.0), edges


@dataclass(frozen=True)
class Measured:
    """Pairs of subjects with objects that were measured before, as far as `reach_m` metres."""

    pairs: Pairs
    reach_m: float


def apply_rule(
    rule: Rule,
    subjects: Members,
    objects: Members,
    *,
    rules: RuleSet,
    on: date,
    crs: pyproj.CRS,
    index: SearchIndex | None = None,
    measured: Measured | None = None,
) -> Findings:
    """Pairs of one rule that fall short, certainly or possibly.

    A pair exactly at the required distance complies unless the row says otherwise (`exact_complies` false).
    Features whose position is worse than `MAX_ERROR_M` have no pair.
    """
    covered = np.flatnonzero(under_rule(rule, subjects) & is_placed_well(subjects))
    chosen = subjects if len(covered) == len(subjects) else subjects.take(covered)
    reach_m, edges = search_reach(rule, chosen, objects, rules, on)
    if measured is None or reach_m.max(initial=0.0) > measured.reach_m:
        pairs = near_pairs(chosen.geometry, objects.geometry, reach_m=reach_m, crs=crs, index=index)
    else:
        pairs = _pairs_among(measured.pairs, covered, len(subjects), reach_m)
    pairs = _meant_pairs(rule, pairs, chosen, objects, reach_m, crs)
    theirs = object_edges(rule, objects, rules)
    actual_m, line = _between_edges(rule, pairs, chosen, objects, (edges, theirs), crs)
    error_m = _error_m(pairs, chosen, objects, (edges, theirs))
    required_m = required_distance(rule, chosen, rules, on)[pairs.subject]
    findings = Findings(
        rule,
        pairs.subject,
        pairs.object,
        required_m,
        actual_m,
        error_m,
        falls_short(actual_m + error_m, required_m, rule),
        edges.is_estimated[pairs.subject] | (objects.is_point if theirs is None else objects.is_point | theirs.is_estimated)[pairs.object],
        line,
    )
    if rule.formula == ALONG_PATH:
        findings = _along_paths(findings, chosen, objects, crs)
    findings = findings.take(falls_short(findings.actual_m - findings.error_m, findings.required_m, rule))
    return replace(findings, subject=covered[findings.subject])


def _meant_pairs(rule: Rule, pairs: Pairs, subjects: Members, objects: Members, reach_m: Floats, crs: pyproj.CRS) -> Pairs:
    """The pairs that a rule means: objects of its classes, placed well, outside a fence; downstream of a bridge or alongside a way, and measured there."""
    pairs = pairs.take((of_target_class(rule, objects) & is_placed_well(objects))[pairs.object])
    ours, others = subjects.geometry[pairs.subject], objects.geometry[pairs.object]
    if rule.measured_from == OUTSIDE_OF:
        return pairs.take(~shapely.covered_by(others, ours))
    if rule.measured_from in LAND_BOUNDARIES:
        return alongside_pairs(pairs, ours, others, reach_m[pairs.subject], crs)
    if rule.measured_from == DOWNSTREAM:
        return downstream_pairs(pairs, ours, others, subjects.numbers["flow_deg"][pairs.subject], reach_m[pairs.subject], crs)
    return pairs


def _between_edges(
    rule: Rule, pairs: Pairs, subjects: Members, objects: Members, edges: tuple[Edges, Edges | None], crs: pyproj.CRS
) -> tuple[Floats, Geometries]:
    """Metres and shortest lines between the edges that a rule measures from and to, of the subjects and of the objects."""
    ours, theirs = edges
    actual_m, line = shortened(pairs, ours.offset_m[pairs.subject])
    if theirs is not None:
        actual_m, line = shortened_back(pairs, actual_m, line, theirs.offset_m[pairs.object])
    if rule.distance_m == 0:
        actual_m, line = depths(subjects.geometry[pairs.subject], objects.geometry[pairs.object], actual_m, line, crs)
    return actual_m, line


def _error_m(pairs: Pairs, subjects: Members, objects: Members, edges: tuple[Edges, Edges | None]) -> Floats:
    """Error of the distance of each pair, metres: of both positions and of the edges that are assumed."""
    ours, theirs = edges
    return np.sqrt(
        subjects.accuracy_m[pairs.subject] ** 2
        + ours.error_m[pairs.subject] ** 2
        + objects.accuracy_m[pairs.object] ** 2
        + (0.0 if theirs is None else theirs.error_m[pairs.object] ** 2)
    )


def _along_paths(findings: Findings, subjects: Members, objects: Members, crs: pyproj.CRS) -> Findings:
    """The findings that the width of their path meets, or may meet within the error, by the metres along the path."""
    half_m = subjects.numbers["width_m"][findings.subject] / 2
    places = objects.geometry[findings.object]
    found = reached(subjects.geometry[findings.subject], places, half_m, findings.error_m, crs)
    is_certain = falls_short(found.along_m + findings.error_m, findings.required_m, findings.rule) & found.is_sure
    return replace(findings, actual_m=found.along_m, line=found.stretch, is_certain=is_certain).take(found.is_possible)


def _pairs_among(pairs: Pairs, covered: Integers, n_subjects: int, reach_m: Floats) -> Pairs:
    """The pairs of some subjects within the reach of each; subjects by their place in `covered`."""
    at, reach_of = np.zeros(n_subjects, np.intp), np.full(n_subjects, -1.0)
    at[covered], reach_of[covered] = np.arange(len(covered)), reach_m
    found = pairs.take(pairs.distance_m <= reach_of[pairs.subject])
    return replace(found, subject=at[found.subject])


def binds_works(rule: Rule, activities: Iterable[str]) -> bool:
    """Whether a rule about works binds any of these activities; a row that names none binds all construction."""
    if rule.object_class not in ("activity", "construction"):
        return False
    return not rule.activities or not set(rule.activities).isdisjoint(activities)


def falls_short(actual_m: Floats, required_m: Floats, rule: Rule) -> Booleans:
    """Whether a distance breaks the rule; closed or open at the required distance as the row states."""
    if rule.exact_complies:
        return actual_m < required_m - TOLERANCE_M
    return actual_m <= required_m + TOLERANCE_M


def is_historic(objects: Members, transition_on: date | None) -> NDArray[np.object_]:
    """True, False or None (unknown) for each object: did it stand before the rule took effect?

    A year alone does not settle it when the rule took effect within that year.
    """
    historic = np.full(len(objects), None, object)
    if transition_on is None:
        return historic
    year = objects.built_year
    historic[year < transition_on.year] = True
    historic[year > transition_on.year] = False
    for position, built_on in enumerate(objects.built_on):
        if built_on is not None:
            day = built_on.date() if isinstance(built_on, datetime) else built_on
            historic[position] = day < transition_on
    return historic
