"""Answers whether a project may stand on a site, in four verdicts, with every reason and everything not checked.

Pure: the caller hands in what lies near the site. The words of the verdicts and their order are those of the siting
form; the answer is a screening of data and never an approval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError
from layers.scoring.object_classes import ClassIndex, Layers
from layers.scoring.rules import ProjectType, RuleSet

NOT_MET, NOT_ENOUGH, PERMIT, NOTHING_FOUND = 1, 2, 3, 4
VERDICTS = {
    NOT_MET: ("not_met", "筛查发现不满足项", "Does not meet, as screened"),
    NOT_ENOUGH: ("not_enough", "资料不足,未作判断", "Not enough information"),
    PERMIT: ("permit", "须办理许可或专项论证", "Permit or expert review needed"),
    NOTHING_FOUND: ("nothing_found", "已查项目未发现不满足项", "Nothing found in what was checked"),
}
DISCLAIMER_ZH = "本结果为数据筛查,依据本期数据和规则表,不属于安全评价、安全条件审查、行政许可或执法依据;以现场实测和主管部门意见为准。"
DISCLAIMER_EN = (
    "This result is a screening of the data and rule tables of this edition. It is no safety assessment, no review of "
    "conditions, no permit and no ground for enforcement; the survey on site and the responsible office decide."
)
MAX_AREA_M2 = 100e6
EDGE_TOLERANCE_M = 1.0
SITE_TYPES = {"Point": 0, "Polygon": 2, "MultiPolygon": 3}
"""GeoJSON types of a site, with how deep their positions are nested."""


@dataclass(frozen=True)
class Project:
    """What is to be built. `n_persons`: the most persons present at one time, None when not stated."""

    project_type: str
    is_new: bool = True
    n_persons: int | None = None
    name: str = ""

    def type(self, rules: RuleSet) -> ProjectType:
        """Its row of ``project_types.toml``; `InputError` for an unknown type or a negative number of persons."""
        if self.n_persons is not None and not 0 <= self.n_persons < 10_000_000:
            raise InputError("n_persons", f"{self.n_persons} is not a number of persons")
        if self.project_type not in rules.project_types:
            known = ", ".join(rules.project_types)
            raise InputError("project_type", f"unknown type {self.project_type!r}; known: {known}")
        return rules.project_types[self.project_type]


@dataclass(frozen=True)
class SiteContext:
    """What the edition knows near a site.

    layers : frames in `crs` with whatever lies within `search_radii_m` of the site
    states : for every layer of the edition ``loaded`` or ``empty``; a layer not named is missing from the edition
    boundary : outline of the area in `crs`, None when it is not to be tested
    policy : whose ``risk_zones`` count, None for all
    """

    layers: Layers
    states: Mapping[str, str]
    crs: pyproj.CRS
    boundary: BaseGeometry | None = None
    policy: str | None = None
    jurisdiction: str = "CN"

    def has(self, layer: str) -> bool:
        return self.states.get(layer) == "loaded"


@dataclass(frozen=True)
class Reason:
    """One reason for a verdict; `gravity` is the rank (1 worst) of the verdict it leads to.

    kind : prohibited, minimum_distance, criterion, permit_required, zone, policy, unrated_source, no_rule, missing_input
    object_* : the feature of the atlas it is about; None for what is missing
    *_m : metres; `actual_m` negative inside a risk contour
    share_of_area : part of the site's area concerned, 0 to 1, None for points
    line : shortest line from the edge the rule measures from to the site, in the metric CRS
    """

    kind: str
    gravity: int
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    rule_id: str | None = None
    object_layer: str | None = None
    object_id: str | None = None
    object_name: str | None = None
    required_m: float | None = None
    actual_m: float | None = None
    shortfall_m: float | None = None
    error_m: float | None = None
    certainty: str | None = None
    clause: str | None = None
    standard_id: str | None = None
    source_type: str | None = None
    strength: str | None = None
    is_estimated: bool = False
    share_of_area: float | None = None
    line: BaseGeometry | None = None


@dataclass(frozen=True)
class NotAssessed:
    """A check that was not made, and why; `topic` is a class of the rule tables, a layer or a rule."""

    topic: str
    zh: str
    en: str


@dataclass(frozen=True)
class Passed:
    """A rule that was applied and found nothing."""

    rule_id: str
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class SiteVerdict:
    """The answer: the worst reason decides; ties keep the order worst certainty, largest shortfall."""

    id: str
    rank: int
    title_zh: str
    title_en: str
    reasons: tuple[Reason, ...]
    not_assessed: tuple[NotAssessed, ...]
    passed: tuple[Passed, ...]
    rules_version: str
    disclaimer_zh: str = DISCLAIMER_ZH
    disclaimer_en: str = DISCLAIMER_EN

    @property
    def no_rule(self) -> tuple[Reason, ...]:
        """The reasons that say "no rule"."""
        return tuple(reason for reason in self.reasons if reason.kind == "no_rule")


@dataclass
class Findings:
    """What the checks of one site have found so far."""

    reasons: list[Reason] = field(default_factory=list)
    not_assessed: dict[tuple[str, str], NotAssessed] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)

    def leave_out(self, topic: str, zh: str, en: str) -> None:
        """Note a check that is not made, once."""
        self.not_assessed.setdefault((topic, zh), NotAssessed(topic, zh, en))


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
    from layers.scoring.siting_checks import run_checks

    kind = project.type(rules)
    _require_within(site, context)
    index = ClassIndex(context.layers, rules, crs=context.crs)
    found = run_checks(site, project=project, kind=kind, context=context, index=index, on=on)
    reasons = sorted(found.reasons, key=_gravest_first)
    rank = min((reason.gravity for reason in reasons), default=NOTHING_FOUND)
    verdict_id, zh, en = VERDICTS[rank]
    return SiteVerdict(
        verdict_id,
        rank,
        zh,
        en,
        tuple(reasons),
        tuple(found.not_assessed.values()),
        tuple(found.passed),
        rules.version,
    )


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


def search_radii_m(rules: RuleSet, *, largest_influence_m: float = 1500.0) -> dict[str, float]:
    """How far around a site each layer must be handed in, metres; layers not named are not needed.

    `largest_influence_m` is the largest ``radius_m`` of the edition's risk points.
    """
    slack_m = 50.0
    reach: dict[str, float] = {}
    for rule in rules.rules:
        is_needed = rule.status == "judged" and not {"siting", "works"}.isdisjoint(rule.applies_to)
        for member in rules.classes[rule.subject_class].members if is_needed else ():
            reach[member.layer] = max(reach.get(member.layer, 0.0), (rule.distance_m or 0.0) + slack_m)
    widest_zone_m = max(
        (rule.distance_m or 0.0 for rule in rules.rules if rule.rule_id.startswith("ROAD-L11-")), default=0.0
    )
    reach["roads"] = reach.get("roads", 0.0) + widest_zone_m + slack_m
    screening_m = max((kind.screening_radius_m for kind in rules.project_types.values()), default=0.0)
    reach |= dict.fromkeys(("risk_points", "hazard_units", "enterprises"), largest_influence_m)
    reach |= {"protection_targets": screening_m, "buildings": 2 * slack_m, "official_contours": slack_m}
    reach |= dict.fromkeys(("risk_zones", "park_boundaries"), slack_m)
    return reach


def search_radius_m(rules: RuleSet, *, largest_influence_m: float = 1500.0) -> float:
    """The largest of `search_radii_m`, metres."""
    return max(search_radii_m(rules, largest_influence_m=largest_influence_m).values())
