"""Answers whether a project may stand on a site, in four verdicts, with every reason and everything not checked.

Pure: the caller hands in what lies near the site. The words of the verdicts and their order are those of the siting
form; the answer is a screening of data and never an approval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError
from layers.scoring.nearby import index_of
from layers.scoring.rules import RuleSet
from layers.scoring.separation import MAX_ERROR_M
from layers.scoring.siting_checks import run_checks
from layers.scoring.siting_services import RIVER_RULES, SPOT_LAYERS, service_rules
from layers.scoring.siting_terms import (
    NOT_ENOUGH,
    NOTHING_FOUND,
    VERDICTS,
    NotAssessed,
    Passed,
    Project,
    Reason,
    SiteContext,
    SiteVerdict,
)
from layers.scoring.siting_zones import ZONE_KINDS

MAX_AREA_M2 = 100e6
EDGE_TOLERANCE_M = 1.0
FARTHEST_M = 5000.0
"""No layer is read farther around a site than this, whatever its errors."""
FUEL_STATION_M = 100.0
"""As far as a small dangerous project is held against buildings (`screening_radius_m` of a filling station, twice)."""
SITE_TYPES = {"Point": 0, "Polygon": 2, "MultiPolygon": 3}
"""GeoJSON types of a site, with how deep their positions are nested."""


@dataclass(frozen=True)
class SitePart:
    """One part of a site: its ground in the metric CRS and what is to be built there."""

    geometry: BaseGeometry
    project: Project


@dataclass(frozen=True)
class WholeVerdict:
    """The verdict on a site of several parts; the worst part decides."""

    whole: SiteVerdict
    parts: tuple[SiteVerdict, ...]


def check_parts(
    parts: Sequence[SitePart], *, context: SiteContext, rules: RuleSet, on: date
) -> WholeVerdict:
    """The verdict on every part and on all of them together; parts that endanger each other are a reason too.

    Raises
    ------
    InputError
        As `check_site`; `field` names the part, such as ``parts.1.geometry``, where there are several.
    """
    verdicts = [_part_verdict(parts, number, context=context, rules=rules, on=on) for number in range(len(parts))]
    within = [replace(reason, part=number) for number, verdict in enumerate(verdicts) for reason in verdict.reasons]
    reasons = sorted((*within, *_between_parts(parts, rules)), key=_gravest_first)
    broken = {reason.rule_id for reason in reasons}
    passed = {entry.rule_id: entry for verdict in verdicts for entry in verdict.passed if entry.rule_id not in broken}
    unsaid = {(entry.topic, entry.zh): entry for verdict in verdicts for entry in verdict.not_assessed}
    whole = _verdict(tuple(reasons), tuple(unsaid.values()), tuple(passed.values()), rules)
    return WholeVerdict(whole, tuple(verdicts))


def _part_verdict(
    parts: Sequence[SitePart], number: int, *, context: SiteContext, rules: RuleSet, on: date
) -> SiteVerdict:
    part = parts[number]
    try:
        return check_site(part.geometry, project=part.project, context=context, rules=rules, on=on)
    except InputError as error:
        if len(parts) == 1:
            raise
        raise InputError(f"parts.{number}.{error.field}", error.words) from error


def _between_parts(parts: Sequence[SitePart], rules: RuleSet) -> Iterator[Reason]:
    """A dangerous part beside another one of the same project: no rule with metres tells how far they must be apart."""
    kinds = [part.project.type(rules) for part in parts]
    for number, (part, kind) in enumerate(zip(parts, kinds, strict=True)):
        for other, (beside, its_kind) in enumerate(zip(parts, kinds, strict=True)):
            distance_m = float(part.geometry.distance(beside.geometry))
            if other != number and kind.is_hazardous and its_kind.target_category and distance_m <= kind.screening_radius_m:
                yield Reason(
                    "missing_input",
                    NOT_ENOUGH,
                    "项目各部分之间的距离未作判断",
                    "Distances between the parts of the project not judged",
                    f"第 {number + 1} 部分({kind.title_zh})距第 {other + 1} 部分({its_kind.title_zh}){distance_m:.0f} m, "
                    "须按行业标准评价确定距离",
                    f"part {number + 1} ({kind.title_en}) is {distance_m:.0f} m from part {other + 1} ({its_kind.title_en}); "
                    "the distance follows from an assessment",
                    actual_m=distance_m,
                    part=number,
                )


def check_site(
    site: BaseGeometry, *, project: Project, context: SiteContext, rules: RuleSet, on: date
) -> SiteVerdict:
    """The verdict on a project and a site.

    Parameters
    ----------
    site : Point, Polygon or MultiPolygon in `context.crs`, valid (see `valid_site`)
    on : the date whose rules and contours apply

    Raises
    ------
    InputError
        Unknown project type, a site over 100 km² or not wholly inside the area's boundary.
    """
    kind = project.type(rules)
    _require_within(site, context)
    index = index_of(context.layers, rules, context.crs, on)
    found = run_checks(site, project=project, kind=kind, context=context, index=index, on=on)
    reasons = sorted(found.reasons, key=_gravest_first)
    return _verdict(tuple(reasons), tuple(found.not_assessed.values()), tuple(found.passed), rules)


def _verdict(
    reasons: tuple[Reason, ...],
    not_assessed: tuple[NotAssessed, ...],
    passed: tuple[Passed, ...],
    rules: RuleSet,
) -> SiteVerdict:
    rank = min((reason.gravity for reason in reasons), default=NOTHING_FOUND)
    verdict_id, zh, en = VERDICTS[rank]
    return SiteVerdict(verdict_id, rank, zh, en, reasons, not_assessed, passed, rules.version)


def _gravest_first(reason: Reason) -> tuple[int, bool, float, str, str]:
    possible = reason.certainty == "possible"
    return (
        reason.gravity,
        possible,
        -(reason.shortfall_m or 0.0),
        reason.rule_id or "~",
        reason.object_id or "",
    )


def _require_within(site: BaseGeometry, context: SiteContext) -> None:
    if site.is_empty or site.geom_type not in SITE_TYPES:
        raise InputError("geometry", f"a site is a point or a polygon, got {site.geom_type}")
    if site.area > MAX_AREA_M2:
        raise InputError(
            "geometry", f"the site has {site.area / 1e6:.0f} km²; at most {MAX_AREA_M2 / 1e6:.0f} km²"
        )
    if context.boundary is not None and not context.boundary.covers(site):
        outside = shapely.difference(site, shapely.buffer(context.boundary, EDGE_TOLERANCE_M))
        if not outside.is_empty:
            raise InputError("geometry", "the site lies wholly or partly outside the area's boundary")


def valid_site(geometry: Mapping[str, Any]) -> BaseGeometry:
    """A GeoJSON geometry as a site, in the coordinates it came in.

    Raises
    ------
    InputError
        Field ``geometry``: no Point, Polygon or MultiPolygon, empty, of zero area, with coordinates that are no
        finite numbers, or crossing itself (the message says where).
    """
    if not isinstance(geometry, Mapping) or geometry.get("type") not in SITE_TYPES:
        found = geometry.get("type") if isinstance(geometry, Mapping) else type(geometry).__name__
        raise InputError("geometry", f"expected GeoJSON of type {', '.join(SITE_TYPES)}, got {found!r}")
    _require_positions(geometry.get("coordinates"), SITE_TYPES[geometry["type"]])
    try:
        site = shapely.geometry.shape(geometry)
    except (TypeError, ValueError, IndexError, AttributeError, shapely.errors.ShapelyError) as error:
        raise InputError("geometry", f"not a readable GeoJSON geometry: {error}") from error
    if site.is_empty:
        raise InputError("geometry", "an empty geometry")
    site = shapely.force_2d(site)
    if not site.is_valid:
        raise InputError("geometry", f"the outline is not simple: {shapely.is_valid_reason(site)}")
    if site.geom_type != "Point" and site.area == 0:
        raise InputError("geometry", "a polygon without area")
    return site


def _require_positions(coordinates: Any, depth: int) -> None:
    """Lists nested as deep as the type says, ending in positions of two to four finite numbers."""
    if not isinstance(coordinates, (list, tuple)):
        raise InputError("geometry", f"coordinates {coordinates!r} are not nested as the type says")
    if depth > 0:
        for entry in coordinates:
            _require_positions(entry, depth - 1)
        return
    if len(coordinates) not in (0, 2, 3, 4):
        raise InputError("geometry", f"a position has two numbers, got {coordinates!r}")
    for number in coordinates:
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise InputError("geometry", f"coordinate {number!r} is not a finite number")


def search_radii_m(
    rules: RuleSet, *, largest_influence_m: float = 1500.0, largest_accuracy_m: Mapping[str, float] | None = None
) -> dict[str, float]:
    """How far around a site each layer must be handed in, metres; layers not named are not needed.

    `largest_influence_m` is how far any of the edition's risk points may matter, `largest_accuracy_m` the worst error of
    a position by layer: what is registered that much too far away may be near. At least `MAX_ERROR_M` is taken, and no
    radius is above `FARTHEST_M`.
    """
    reach: dict[str, float] = {}
    for rule in rules.rules:
        is_needed = rule.status == "judged" and not {"siting", "works"}.isdisjoint(rule.applies_to)
        for member in rules.classes[rule.subject_class].members if is_needed else ():
            reach[member.layer] = max(reach.get(member.layer, 0.0), rule.distance_m or 0.0)
    owing = {class_id for kind in rules.project_types.values() for class_id in kind.subject_classes}
    for rule in rules.rules:
        for member in rules.classes[rule.object_class].members if rule.status == "judged" and rule.subject_class in owing else ():
            reach[member.layer] = max(reach.get(member.layer, 0.0), rule.distance_m or 0.0)
    widest_zone_m = max(
        (rule.distance_m or 0.0 for rule in rules.rules if rule.rule_id.startswith("ROAD-L11-")), default=0.0
    )
    reach["roads"] = reach.get("roads", 0.0) + widest_zone_m + MAX_ERROR_M
    screening_m = max((kind.screening_radius_m for kind in rules.project_types.values()), default=0.0)
    of_sources = ("risk_points", "hazard_units", "enterprises", "official_contours")
    reach |= dict.fromkeys(of_sources, largest_influence_m)
    reach["official_distances"] = FARTHEST_M
    reach |= dict.fromkeys((zone.layer for zone in ZONE_KINDS), 0.0)
    reach |= {"protection_targets": screening_m, "buildings": FUEL_STATION_M}
    reach |= dict.fromkeys(("risk_zones", "park_boundaries", "individual_risk", "fire_cover"), 0.0)
    services = service_rules()
    access_m = services["access"].value
    reach["roads"] = max(reach["roads"], access_m)
    reach |= dict.fromkeys(SPOT_LAYERS, access_m + services["black_spot"].value)
    reach["water"] = max(reach.get("water", 0.0), *(rules[rule_id].distance_m or 0.0 for rule_id in RIVER_RULES.values()))
    errors = largest_accuracy_m or {}
    return {
        layer: min(FARTHEST_M, reach_m + max(MAX_ERROR_M, errors.get(layer, 0.0)))
        for layer, reach_m in reach.items()
    }


def search_radius_m(rules: RuleSet, *, largest_influence_m: float = 1500.0) -> float:
    """The largest of `search_radii_m`, metres."""
    return max(search_radii_m(rules, largest_influence_m=largest_influence_m).values())
