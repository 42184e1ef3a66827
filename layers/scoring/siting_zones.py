"""Protected and planned areas that a site reaches into and for which no rule of the tables decides: a person must.

Drinking-water zones I and II have rules of their own (WATER-1, WATER-2); the quasi zone, scenic areas, nature reserves and
what a plan prohibits are told in the words of the area.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray

from layers.scoring.columns import Columns, texts
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import ProjectType
from layers.scoring.siting_place import share_of
from layers.scoring.siting_surroundings import about
from layers.scoring.siting_terms import PERMIT, Findings, Passed, SiteContext

EVERY_PROJECT = "all"
CONTROL_WORDS = {
    "prohibited": ("禁止", "prohibited"), "restricted": ("限制", "restricted"), "controlled": ("控制", "controlled"),
}  # fmt: skip


@dataclass(frozen=True)
class ZoneKind:
    """One kind of area: its layer, a number for the list of what was passed, the title of the reason.

    `missing_*`: what is said where the edition has no such layer; empty where a rule says it already. `answered_by`: a class of
    projects to which a rule about these areas applies, so that nothing more is said of them.
    """

    layer: str
    check_id: str
    title_zh: str
    title_en: str
    missing_zh: str = ""
    missing_en: str = ""
    answered_by: str = ""


QUASI = ZoneKind("water_source_zones", "WATER-QUASI", "位于饮用水水源准保护区内", "In a quasi-protection zone of drinking water")
NATURE = ZoneKind("nature_areas", "NATURE-AREA", "位于风景名胜区或自然保护地内", "In a scenic area or nature reserve",
                  "本期没有风景名胜区和自然保护地数据", "this edition has no scenic areas and nature reserves")  # fmt: skip
PLAN = ZoneKind("planned_prohibitions", "PLAN-CONTROL", "位于规划禁限控区内", "In an area that a plan restricts",
                "无禁止、限制和控制类产业目录图层(禁限控)", "no layer of prohibited, restricted and controlled kinds of industry")  # fmt: skip
GROUNDS = (
    ZoneKind("active_faults", "GROUND-FAULT", "位于活动断层上", "On an active fault", "无活动断层图层", "no layer of active faults", "major_hazard_storage"),
    ZoneKind("flood_areas", "GROUND-FLOOD", "位于易发洪水区域内", "In an area prone to floods", "无洪水图层", "no layer of areas prone to floods", "major_hazard_storage"),
    ZoneKind("geological_hazard_areas", "GROUND-SLIDE", "位于易发地质灾害区域内", "In an area prone to geological hazards", "无地质灾害图层",
             "no layer of areas prone to geological hazards", "major_hazard_storage"),
)  # fmt: skip
"""Ground that gives way: HZ-19-GEO forbids storage that is a major hazard there; every other project is for a person to judge."""
ZONE_KINDS = (QUASI, NATURE, PLAN, *GROUNDS)
OTHER_PLANS = "附近有未施行或已过有效期的规划禁限控区,未采用", "plans nearby that are not yet or no longer in force were not used"


def zones_of(kind: ProjectType) -> list[ZoneKind]:
    """Kinds of areas that no rule answers for a kind of project."""
    return [zone for zone in ZONE_KINDS if not zone.answered_by or zone.answered_by not in (*kind.object_classes, *kind.review_classes)]


def concerned(zone: ZoneKind, kind: ProjectType, index: ClassIndex, on: date) -> Members:
    """The areas of one kind that concern a kind of project on a day, with a position, in the order of their rows."""
    return index.chosen(zone.layer, f"{zone.check_id} {kind.id} {on}", lambda areas: _concern(zone, kind, areas, on))


def _concern(zone: ZoneKind, kind: ProjectType, areas: Columns, on: date) -> NDArray[np.bool_]:
    if zone is QUASI:
        return np.asarray(areas["grade"] == "quasi", bool)
    if zone is NATURE or zone in GROUNDS:
        return np.ones(areas.n, bool)
    groups = (EVERY_PROJECT, *kind.plan_groups)
    named = [kind.is_manual or group in groups for group in areas["project_group"]]
    return np.array(named, bool) & is_in_force(areas, on)


def is_in_force(plans: Columns, on: date) -> NDArray[np.bool_]:
    """Plans that have begun and are not over on a day; one without dates is in force."""
    begins, ends = ([_day(value) for value in texts(plans, name)] for name in ("valid_from_on", "valid_until_on"))
    return np.array([(a is None or a <= on) and (b is None or b >= on) for a, b in zip(begins, ends, strict=True)], bool)


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def zone_checks(member: Members, kind: ProjectType, context: SiteContext, index: ClassIndex, on: date, found: Findings) -> None:
    """Every kind of area: a reason for review for each one that the site reaches into, within the error of its outline."""
    for zone in zones_of(kind):
        if not context.has(zone.layer):
            if zone.missing_zh:
                found.leave_out(zone.layer, zone.missing_zh, zone.missing_en)
            continue
        rows = index.rows(zone.layer)
        if rows is not None and not len(rows):
            found.passed.append(_passed(zone))
            continue
        subjects, told = concerned(zone, kind, index, on), index.table(zone.layer)
        pairs = near_pairs(subjects.geometry, member.geometry, reach_m=subjects.accuracy_m, crs=context.crs, index=member.search)
        for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
            row = int(np.flatnonzero(told["feature_id"] == subjects.feature_id[at])[0])
            text = _words(zone, told, row)
            reason = about(
                subjects, int(at), distance_m, line, kind="policy", gravity=PERMIT, title=(zone.title_zh, zone.title_en),
                text=text, clear_m=float(subjects.accuracy_m[at]),
            )  # fmt: skip
            share = share_of(member.geometry[0], subjects.geometry[at])
            found.reasons.append(replace(reason, share_of_area=share, certainty="certain" if distance_m == 0 else "possible"))
        if not len(pairs.subject):
            found.passed.append(_passed(zone))
        if zone is PLAN and not is_in_force(told, on).all():
            found.leave_out(zone.layer, *OTHER_PLANS)


@cache
def _passed(zone: ZoneKind) -> Passed:
    return Passed(zone.check_id, zone.title_zh.replace("位于", ""), zone.title_en)


def _words(zone: ZoneKind, areas: Columns, row: int) -> tuple[str, str]:
    """What an area says of itself, and that a person must decide."""
    plan = texts(areas, "plan_name")[row] if zone in (NATURE, PLAN) else None
    if zone is PLAN:
        zh, en = CONTROL_WORDS[areas["control"][row]]
        words = areas["words"][row]
        return f"{zh}: {words}(《{plan}》); 须核定", f"{en} by the plan {plan}: {words}; to be reviewed"
    if zone is NATURE and plan:
        return f"须按《{plan}》和主管部门意见核定", f"to be reviewed under {plan} and by the responsible office"
    return "是否允许建设须由主管部门核定", "whether it may be built must be settled by the responsible office"


def zone_pairs(
    kind: ProjectType, context: SiteContext, index: ClassIndex, on: date
) -> Iterator[tuple[ZoneKind, Members]]:
    """For each loaded kind of area those that concern the project: what the check of many sites asks of all cells."""
    for zone in zones_of(kind):
        if context.has(zone.layer):
            yield zone, concerned(zone, kind, index, on)
