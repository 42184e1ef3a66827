"""What a site lies in and is served by: risk zones, our own risk contours, the fire service, its access."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.columns import numbers
from layers.scoring.measure import Geometries, Integers
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.siting_services import (
    NO_SPOTS,
    ServiceRule,
    access_spots,
    late_sites,
    needs_timely_service,
    screened_class,
    screening_contours,
    service_rules,
)
from layers.scoring.siting_surroundings import metres
from layers.scoring.siting_terms import (
    NOT_ENOUGH,
    PERMIT,
    Findings,
    Passed,
    Reason,
    SiteContext,
)

ZONE_LEVELS = (
    (("red", "orange"), PERMIT, "zone"),
    (("unrated",), NOT_ENOUGH, "unrated_zone"),
)
"""Levels of zones that are a reason, worst first; only the worst of a group is told."""
ZONE_WORDS = {
    "red": ("位于重大风险区内", "In a zone of major risk", "筛查结果, 须核定", "screening, to be reviewed"),
    "orange": ("位于较大风险区内", "In a zone of high risk", "筛查结果, 须核定", "screening, to be reviewed"),
    "unrated": ("位于未评级区内", "In a zone that is not rated", "风险未知", "the risk is unknown"),
}

NO_TIME = "场址离道路过远, 消防到场时间未知", "too far from a road to tell the time of the fire service"
SCREENING_WORDS = "位于本系统筛查的个人风险等值线内", "Inside a screening contour of individual risk"


def place_checks(
    member: Members, kind: ProjectType, context: SiteContext, index: ClassIndex, in_force: tuple[Rule, ...], found: Findings,
    *, has_spots: bool,
) -> None:  # fmt: skip
    """Zones, our own contours, fire service and access, each said once; `has_spots`: a black spot may be near enough."""
    _zones(member, context, index, found)
    _screening(member, context, index, in_force, found)
    if needs_timely_service(kind):
        _fire_service(member, context, index, found)
    _access(member, context, index, found, has_spots=has_spots)


def zones_at(context: SiteContext, index: ClassIndex, levels: tuple[str, ...]) -> Integers:
    """Rows of the zones of the policy of the map that have one of some levels."""
    rows = index.rows("risk_zones")
    if rows is None:
        return np.flatnonzero(_has_level(context, index, levels))
    return np.flatnonzero(_has_level(context, index.whole, levels)[rows])


def _has_level(context: SiteContext, index: ClassIndex, levels: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which zones are of the policy and have one of some levels; found once."""
    key = f"zones {context.policy} {levels}"
    found: NDArray[np.bool_] | None = index.kept.get(key)
    if found is None:
        zones = index.table("risk_zones")
        found = np.isin(zones["level"].astype(str), levels) if zones.n else np.zeros(0, bool)
        if context.policy is not None and zones.n:
            found &= zones["policy"] == context.policy
        index.kept[key] = found
    return found


def has_zones(context: SiteContext) -> bool:
    """Whether the edition has zones, be there any near or not."""
    return context.has("risk_zones") and "risk_zones" in context.layers


def _zones(member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    if not has_zones(context):
        found.leave_out("risk_zones", "本期没有四色风险区", "this edition has no risk zones")
        return
    site, zones = member.geometry[0], index.table("risk_zones")
    for levels, gravity, kind in ZONE_LEVELS:
        rows = zones_at(context, index, levels)
        rows = rows[shapely.intersects(site, zones["geometry"][rows])] if len(rows) else rows
        worst = next((level for level in levels if (zones["level"][rows] == level).any()), None) if len(rows) else None
        if worst is not None:
            found.reasons.append(_zone_reason(rows[zones["level"][rows] == worst], worst, gravity, kind, index, site))


def _zone_reason(rows: Integers, level: str, gravity: int, kind: str, index: ClassIndex, site: BaseGeometry) -> Reason:
    ground = index.ground("risk_zones", rows, shapely.union_all)
    share = share_of(site, ground)
    part = f", 占场址面积 {share:.0%}" if share is not None else ""
    zh, en, remark_zh, remark_en = ZONE_WORDS[level]
    return Reason(
        kind,
        gravity,
        zh,
        en,
        f"场址{zh}{part}; {remark_zh}",
        f"the site reaches in: {en.lower()}; {remark_en}",
        object_layer="risk_zones",
        object_id=str(index.table("risk_zones")["feature_id"][rows[0]]),
        share_of_area=share,
        obstacle=ground,
    )


def share_of(site: BaseGeometry, ground: BaseGeometry) -> float | None:
    """Part of the site's area that lies on some ground, None for points."""
    if site.area == 0:
        return None
    near = shapely.clip_by_rect(ground, *site.bounds)
    return min(1.0, float(shapely.intersection(site, near).area / site.area))


def _screening(member: Members, context: SiteContext, index: ClassIndex, in_force: tuple[Rule, ...], found: Findings) -> None:
    """Inside our own contour of a limit that holds for the site: a reason for review, whatever the official ones say."""
    if not context.has("individual_risk"):
        found.leave_out("individual_risk", "本期没有筛查用个人风险等值线", "this edition has no screening contours of individual risk")
        return
    for rule in _screened_by(in_force, int(member.strictest[0]), index.rules):
        inside = _inside(screening_contours(index, rule), index, member)
        if len(inside):
            found.reasons.append(_contour_reason(rule, inside, index, member.geometry[0]))
        else:
            found.passed.append(Passed(f"{rule.rule_id}-SCREENING", f"{rule.title_zh}(筛查等值线)", f"{rule.title_en} (screening)"))


def _screened_by(in_force: tuple[Rule, ...], strictest: int, rules: RuleSet) -> tuple[Rule, ...]:
    """The rules whose limit is that of a class; found once."""
    key = "screened", id(in_force), strictest
    found: tuple[Rule, ...] | None = rules.kept.get(key)
    if found is None:
        found = rules.kept[key] = tuple(rule for rule in in_force if screened_class(rule, strictest))
    return found


def _inside(rows: Integers, index: ClassIndex, member: Members) -> Integers:
    """Rows of our own contours that the site meets."""
    if not len(rows):
        return rows
    found: Integers = rows[index.meeting("individual_risk", member.geometry[0], rows)]
    return found


def _contour_reason(rule: Rule, rows: Integers, index: ClassIndex, site: BaseGeometry) -> Reason:
    contours, worst = index.table("individual_risk"), rows[0]
    ground = index.ground("individual_risk", rows, shapely.union_all)
    share = share_of(site, ground)
    risk = f"{float(contours['risk_per_year'][worst]):.0e}"
    return Reason(
        "criterion",
        PERMIT,
        *SCREENING_WORDS,
        f"场址落入 {risk}/年 筛查等值线; 须核定, 以评价报告为准",
        f"the site reaches into the screening contour of {risk} a year; to be reviewed, the official report decides",
        rule_id=rule.rule_id,
        object_layer="individual_risk",
        object_id=str(contours["feature_id"][worst]),
        certainty="possible",
        clause=rule.clause,
        standard_id=rule.standard_id,
        source_type=rule.source_type,
        strength=rule.strength,
        is_estimated=True,
        share_of_area=share,
        obstacle=ground,
    )


def _fire_service(member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    rule = service_rules()["late_fire_service"]
    if not context.has("fire_cover"):
        found.leave_out("fire_cover", "本期没有消防站行车时间", "this edition has no times of the fire service")
        return
    late, unknown = late_sites(index, member.geometry)
    if unknown[0]:
        found.leave_out("fire_cover", *NO_TIME)
    elif not late[0]:
        found.passed.append(Passed(rule.rule_id, "消防到场时间", "Time of the fire service"))
    else:
        text = f"场址有部分在 {rule.value:.0f} 分钟以外", f"part of the site is reached later than {rule.value:.0f} min"
        found.reasons.append(_service_reason(rule, text, obstacle=_late_ground(index)))


def _late_ground(index: ClassIndex) -> BaseGeometry:
    begins = np.nan_to_num(numbers(index.table("fire_cover"), "minutes_from"))
    rows = np.flatnonzero(begins >= service_rules()["late_fire_service"].value)
    return index.ground("fire_cover", rows, _collection)


def _collection(areas: Geometries) -> BaseGeometry:
    return shapely.GeometryCollection(list(areas))


def _service_reason(
    rule: ServiceRule, text: tuple[str, str], *, obstacle: BaseGeometry | None = None, spot: tuple[str, str, str | None] | None = None,
    distance_m: float | None = None, line: BaseGeometry | None = None,
) -> Reason:
    layer, spot_id, name = spot or (None, None, None)
    return Reason(
        "service",
        PERMIT,
        rule.title_zh,
        rule.title_en,
        f"{text[0]}; 宜专项论证",
        f"{text[1]}; a special study is advised",
        rule_id=rule.rule_id,
        object_layer=layer,
        object_id=spot_id,
        object_name=name,
        actual_m=distance_m,
        clause=rule.clause,
        standard_id=rule.standard_id,
        source_type=rule.source_type,
        strength="advisory",
        line=line,
        obstacle=obstacle,
    )


def no_road_words() -> tuple[str, str]:
    """What is said of a site whose access nobody can assume."""
    reach_m = service_rules()["access"].value
    return f"{reach_m:.0f} m 内没有道路, 出入口未判定", f"no road within {reach_m:.0f} m; the access was not judged"


def _access(member: Members, context: SiteContext, index: ClassIndex, found: Findings, *, has_spots: bool) -> None:
    rule = service_rules()["black_spot"]
    if not context.has("black_spots") and not context.has("road_black_spots"):
        found.leave_out("black_spots", "本期没有事故多发点段", "this edition has no black spots")
        return
    spots, pairs, has_no_road = access_spots(index, member.geometry) if has_spots else NO_SPOTS
    if has_no_road[0]:
        found.leave_out("access", *no_road_words())
        return
    if not len(pairs.subject):
        found.passed.append(Passed(rule.rule_id, "出入口附近的事故多发点段", "Black spots near the access"))
        return
    nearest = int(np.argmin(pairs.distance_m))
    at, distance_m = int(pairs.subject[nearest]), float(pairs.distance_m[nearest])
    name = spots.name[at] or spots.feature_id[at]
    text = (
        f"假定出入口(最近道路)距 {name} {metres(distance_m)}, 共 {len(pairs.subject)} 处",
        f"the access assumed at the nearest road is {metres(distance_m)} from {name}; {len(pairs.subject)} in all",
    )
    spot = str(spots.layer[at]), str(spots.feature_id[at]), spots.name[at]
    found.reasons.append(_service_reason(rule, text, spot=spot, distance_m=distance_m, line=pairs.line[nearest]))
