"""A site against the rules that ask for metres: which features are near, and what falls short of which rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyproj
import shapely

from layers.scoring.coverage import without_data
from layers.scoring.flow_paths import ALONG_PATH, reached_ground
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import ClassMember, Rule, RuleSet
from layers.scoring.separation import (
    DENSE_AREA,
    MAX_ERROR_M,
    Measured,
    apply_rule,
    is_placed_well,
    line_zone_reach,
    measured_edges,
    under_rule,
    without_sway,
)
from layers.scoring.separation import Findings as RuleFindings
from layers.scoring.siting_reasons import rule_reason
from layers.scoring.siting_surroundings import missing_value
from layers.scoring.siting_terms import Findings, NotAssessed, Passed, SiteContext

NO_SWAY = "厂矿内按最大风偏后距离,线路未注明最大风偏,未判定", "inside plants the clearance after sway decides: the widest sway of the line is not stated, not judged"
WIDEST_EDGE_M = 500.0
"""More than half a land width, a control zone and the errors of two positions together."""


def lacking(rule: Rule, context: SiteContext, index: ClassIndex) -> NotAssessed | None:
    """What is said of a rule whose subjects the edition does not have; looked at once for all sites of an edition."""
    kept: dict[Any, Any] = index.kept if context.unstated is None else context.kept
    key = "lacking", rule.rule_id
    if key not in kept:
        subject = index.rules.classes[rule.subject_class]
        is_loaded = any(context.has(member.layer) and _is_stated(member, context, index) for member in subject.members)
        kept[key] = None if is_loaded else NotAssessed(subject.class_id, *without_data(rule, subject))
    said: NotAssessed | None = kept[key]
    return said


def _is_stated(member: ClassMember, context: SiteContext, index: ClassIndex) -> bool:
    """Whether the edition states the fields by which members of a class are known; what lies near the site alone cannot tell."""
    if context.unstated is None:
        return not index.whole.is_unstated(member)
    return not any((member.layer, name) in context.unstated for name in member.asked_fields)


def _subjects_near(rule: Rule, member: Members, index: ClassIndex) -> Members:
    """Subjects of a rule that may concern the site, found once a class."""
    return index.near(rule.subject_class, member.geometry[0], _farthest_m(index.rules, rule.subject_class))


def passed_rule(rule: Rule, rules: RuleSet) -> Passed:
    """What is said of a rule that nothing speaks against; made once a rule."""
    key = "passed", rule.rule_id
    found: Passed | None = rules.kept.get(key)
    if found is None:
        found = rules.kept[key] = Passed(rule.rule_id, rule.title_zh, rule.title_en)
    return found


def distance_check(
    rule: Rule, role: str, member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings, *, is_near: bool
) -> None:
    """One rule with metres whose subjects are loaded (see `lacking`); `is_near` is false where it is known that none of its subjects is near enough."""
    if rule.area_kind == DENSE_AREA and not _inside_plant(member, index):
        return
    subjects = _subjects_near(rule, member, index) if is_near else None
    if subjects is None or not len(subjects):
        found.passed.append(passed_rule(rule, index.rules))
        return
    vague = subjects.take(under_rule(rule, subjects) & ~is_placed_well(subjects))
    text = f"位置误差超过 {MAX_ERROR_M:.0f} m", f"position known to no better than {MAX_ERROR_M:.0f} m"
    missing_value(vague, rule.distance_m or 0.0, text, member, context, found)
    measured = _measured(rule.subject_class, subjects, member, context, index)
    findings = apply_rule(rule, subjects, member, rules=index.rules, on=on, crs=context.crs, measured=measured)
    if _sway_is_open(rule, subjects, member, context, index, on):
        found.leave_out(rule.subject_class, *NO_SWAY)
    elif not len(findings):
        found.passed.append(passed_rule(rule, index.rules))
    edges = measured_edges(rule, subjects.take(findings.subject), index.rules, on)
    in_plant = rule.area_kind == "general" and len(findings) and _inside_plant(member, index)
    for position in range(len(findings)):
        one = findings.take(slice(position, position + 1))
        reason = rule_reason(
            one, role, subjects, "厂矿等人口密集地区的保护区可略小,须核定" if in_plant else ""
        )
        obstacle, reach_m, error_m = _forbidden(rule, subjects, one, float(edges.offset_m[position]), context.crs)
        found.reasons.append(
            replace(
                reason,
                share_of_area=_share(member, obstacle, reach_m),
                obstacle=obstacle,
                clear_m=reach_m + error_m,
            )
        )


def _sway_is_open(rule: Rule, subjects: Members, member: Members, context: SiteContext, index: ClassIndex, on: date) -> bool:
    """Whether a line near the site states no sway, so that what the rule asks in plants is not known."""
    lines = subjects.take(without_sway(rule, subjects))
    reach_m = line_zone_reach(rule, lines, index.rules, on)
    return len(near_pairs(lines.geometry, member.geometry, reach_m=reach_m, crs=context.crs, index=member.search).subject) > 0


def _measured(class_id: str, subjects: Members, member: Members, context: SiteContext, index: ClassIndex) -> Measured | None:
    """The pairs of a class with the site, measured once for all its rules; None where these reach by the mass of each subject."""
    farthest_m = _farthest_m(index.rules, class_id)
    if not np.isfinite(farthest_m):
        return None
    found: Measured | None = index.kept.get(f"measured {class_id}")
    if found is None:
        reach_m = np.full(len(subjects), farthest_m)
        pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach_m, crs=context.crs, index=member.search)
        found = index.kept[f"measured {class_id}"] = Measured(pairs, farthest_m)
    return found


def _farthest_m(rules: RuleSet, subject_class: str) -> float:
    """Beyond this no rule of the class can bind, whatever the width of land and the error; explosives reach by mass, reports as they state."""
    key = "farthest", subject_class
    found: float | None = rules.kept.get(key)
    if found is None:
        of_class = [rule for rule in rules.by_subject[subject_class] if rule.status == "judged"]
        by_mass = any(rule.formula in ("scaled_distance", "official_distance") for rule in of_class)
        found = rules.kept[key] = np.inf if by_mass else widest_m(of_class) + WIDEST_EDGE_M
    return found


def _inside_plant(member: Members, index: ClassIndex) -> bool:
    """Whether the one site that `index` is for meets a park; looked at once."""
    found: bool | None = index.kept.get("inside a plant")
    if found is None:
        parks = index.table("park_boundaries")
        found = parks.n > 0 and bool(index.meeting("park_boundaries", member.geometry[0]).any())
        index.kept["inside a plant"] = found
    return found


def _forbidden(
    rule: Rule, subjects: Members, one: RuleFindings, offset_m: float, crs: pyproj.CRS
) -> tuple[shapely.Geometry, float, float]:
    """What a site must keep off, by how many metres, and how many more for the error: the subject, or the ground that a path goes over."""
    at, required_m, error_m = int(one.subject[0]), float(one.required_m[0]), float(one.error_m[0])
    if rule.formula == ALONG_PATH:
        half_m = float(subjects.numbers["width_m"][at]) / 2
        return reached_ground(subjects.geometry[at], required_m, half_m, error_m, crs), 0.0, 0.0
    return subjects.geometry[at], required_m + offset_m, error_m


def _share(member: Members, obstacle: shapely.Geometry, reach_m: float) -> float | None:
    """Part of the site's area within the reach of a rule."""
    site = member.geometry[0]
    if site.area == 0:
        return None
    west, south, east, north = site.bounds
    near = shapely.clip_by_rect(
        obstacle, west - reach_m, south - reach_m, east + reach_m, north + reach_m
    )
    return min(1.0, float(shapely.intersection(site, shapely.buffer(near, reach_m)).area / site.area))


def widest_m(rules: Iterable[Rule]) -> float:
    return max((rule.distance_m or 0.0 for rule in rules), default=0.0)
