"""What a project brings along: chemicals and amounts, those it endangers, its park, the banks of rivers."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

import numpy as np
import shapely

from layers.scoring.measure import Floats, Geometries, Integers, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.siting_services import CHEMICAL_PROJECT, RIVER_RULES, river_pairs
from layers.scoring.siting_surroundings import about, may_reach, metres
from layers.scoring.siting_terms import (
    NOT_ENOUGH,
    PERMIT,
    Findings,
    Project,
    Reason,
    SiteContext,
)

BEYOND_M = 20_000.0
"""As far around a site a project that must stand in a park is told how far the next one is."""
SMALL_REACH_M = 100.0
"""A danger that reaches no farther is held against buildings too."""
MANUAL = (
    "类型未定, 请人工核定", "Type open, to be settled by a person",
    "项目类型未定, 适用规则请人工核定", "the rules that apply must be settled by a person",
)  # fmt: skip
NO_CHEMICALS = (
    "未填写危险化学品和最大储量", "Chemicals and largest amounts not stated",
    "危险类项目须填写物质和最大储量, 才能判断其影响", "a hazardous project must state its chemicals and amounts before its reach can be told",
)  # fmt: skip

OWED = ("本项目应保持的距离未作判断, 设施类别和位置未定", "Distance that the project must keep not judged: kind and place of its units open")


def own_checks(
    member: Members, project: Project, kind: ProjectType, context: SiteContext, index: ClassIndex, in_force: tuple[Rule, ...],
    asked: Container[str], found: Findings,
) -> None:  # fmt: skip
    """Everything that follows from what the project is; `asked`: names of the checks that may find something at the site."""
    if kind.is_manual:
        found.reasons.append(Reason("missing_input", NOT_ENOUGH, *MANUAL))
    if CHEMICAL_PROJECT in kind.object_classes:
        _park(member, context, index, found)
    if not RIVER_RULES.keys().isdisjoint(kind.object_classes):
        _rivers(member, kind, context, index, in_force, found)
    if not kind.is_hazardous:
        return
    if project.has_chemicals is False and kind.asks_amounts:
        found.reasons.append(Reason("missing_input", NOT_ENOUGH, *NO_CHEMICALS))
    _endangered_check(member, kind, context, index, found)
    _owed_check(member, project, kind, context, index, in_force, asked, found)


def owed_rules(project: Project, kind: ProjectType, in_force: tuple[Rule, ...], rules: RuleSet) -> tuple[Rule, ...]:
    """What a dangerous project must keep away from besides those it endangers: by class of object the widest rule of its
    `subject_classes`; found once a kind of project.
    """
    key = "owed", id(in_force), kind.id, project.is_new
    found: tuple[Rule, ...] | None = rules.kept.get(key)
    if found is None:
        found = rules.kept[key] = tuple(_owed_rules(project, kind, in_force, rules))
    return found


def _owed_rules(project: Project, kind: ProjectType, in_force: tuple[Rule, ...], rules: RuleSet) -> Iterator[Rule]:
    told = {"protection_targets"} | ({"buildings"} if kind.screening_radius_m <= SMALL_REACH_M else set())
    widest: dict[str, Rule] = {}
    for rule in in_force:
        is_owed = rule.status == "judged" and rule.subject_class in kind.subject_classes and rule.owner != "own"
        if is_owed and rule.distance_m and (project.is_new or not rule.is_new_only):
            if rule.distance_m > ((widest[rule.object_class].distance_m or 0.0) if rule.object_class in widest else 0.0):
                widest[rule.object_class] = rule
    for class_id, rule in sorted(widest.items()):
        if not {member.layer for member in rules.classes[class_id].members} <= told:
            yield rule


def owed_name(rule: Rule) -> str:
    """The name of the check whether an object of a rule of `owed_rules` is near."""
    return f"owed {rule.rule_id}"


def owed_reach_m(rule: Rule, objects: Members) -> Floats:
    """How far from the middle of each object the rule of `owed_rules` may ask for it, metres."""
    edges_m = np.nan_to_num(objects.numbers["carriageway_width_m"]) / 2 + np.nan_to_num(objects.numbers["outer_offset_m"])
    return (rule.distance_m or 0.0) + edges_m + objects.accuracy_m


def _owed_check(
    member: Members, project: Project, kind: ProjectType, context: SiteContext, index: ClassIndex, in_force: tuple[Rule, ...],
    asked: Container[str], found: Findings,
) -> None:  # fmt: skip
    """The nearest object of each class within the metres of the widest rule: which row applies follows from the project's design."""
    for rule in owed_rules(project, kind, in_force, index.rules):
        entry = index.rules.classes[rule.object_class]
        if not any(context.has(one.layer) for one in entry.members):
            found.leave_out(entry.class_id, f"本期没有{entry.title_zh}数据", f"this edition has no data of: {entry.title_en}")
        if owed_name(rule) not in asked:
            continue
        objects = index.members(rule.object_class)
        reach_m = owed_reach_m(rule, objects)
        near = may_reach(objects.geometry, member.geometry[0], reach_m)
        pairs = near_pairs(objects.take(near).geometry, member.geometry, reach_m=reach_m[near], crs=context.crs, index=member.search)
        if not len(pairs.subject):
            continue
        at, close = int(np.argmin(pairs.distance_m)), objects.take(near).take(pairs.subject)
        text = (
            f"{rule.title_zh}, 最多须 {rule.distance_m:g} m, 由设施的类别、数量和位置定",
            f"{rule.title_en}: up to {rule.distance_m:g} m, by kind, amount and place of the units",
        )
        clear_m = float(reach_m[near][pairs.subject].max())
        reason = about(close, at, pairs.distance_m[at], pairs.line[at], kind="missing_input", gravity=NOT_ENOUGH, title=OWED, text=text, clear_m=clear_m, rule=rule)
        found.reasons.append(replace(reason, obstacle=shapely.GeometryCollection(list(close.geometry)), names_nearest=True))


def _rivers(
    member: Members, kind: ProjectType, context: SiteContext, index: ClassIndex, in_force: tuple[Rule, ...], found: Findings
) -> None:
    if not context.has("water"):
        found.leave_out("water", "本期没有水系数据", "this edition has no rivers")
        return
    rule, rivers, pairs = river_pairs(index, kind, member.geometry, in_force)
    if rule is None:
        return
    text = (
        f"在河岸 {rule.distance_m:.0f} m 内; 是否为长江干支流及其岸线, 须核定",
        f"within {rule.distance_m:.0f} m of a river bank; whether it is the Yangtze or a tributary of it must be settled",
    )
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        clear_m = float((rule.distance_m or 0.0) + rivers.accuracy_m[at])
        title = rule.title_zh, rule.title_en
        found.reasons.append(
            about(rivers, int(at), distance_m, line, kind=rule.kind, gravity=PERMIT, title=title, text=text, clear_m=clear_m, rule=rule)
        )


def endangered_objects(kind: ProjectType, context: SiteContext, index: ClassIndex) -> list[Members]:
    """What a hazardous project is held against: targets, and buildings too where it reaches a few metres only."""
    named = [("protection_target", "protection_targets"), ("building_or_structure", "buildings")]
    loaded = [name for name, layer in named if context.has(layer)]
    return [index.members(name) for name in (loaded[:1] if kind.screening_radius_m > SMALL_REACH_M else loaded)]


def _endangered_check(member: Members, kind: ProjectType, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    around = endangered_objects(kind, context, index)
    if not around:
        found.leave_out(
            "protection_targets",
            "本期没有防护目标和建筑物数据",
            "this edition has neither protection targets nor buildings",
        )
    reach = np.array([kind.screening_radius_m])
    for objects in around:
        objects = objects.take(may_reach(objects.geometry, member.geometry[0], reach))
        pairs = near_pairs(member.geometry, objects.geometry, reach_m=reach, crs=context.crs)
        if len(pairs.object):
            found.reasons.append(_endangered(pairs.distance_m, pairs.object, pairs.line, objects, kind))


def _endangered(
    distance_m: Floats, found: Integers, lines: Geometries, objects: Members, kind: ProjectType
) -> Reason:
    nearest = int(np.argmin(distance_m))
    at = int(found[nearest])
    name = objects.name[at] or objects.feature_id[at]
    return Reason(
        "missing_input",
        NOT_ENOUGH,
        "本项目对周边的距离未作判断",
        "Distances owed by the project itself not judged",
        f"{kind.screening_radius_m:.0f} m 内有 {len(found)} 处目标, 最近为 {name}, {metres(float(distance_m[nearest]))}; "
        "须按 GB/T 37243 或行业标准评价确定距离",
        f"{len(found)} targets within {kind.screening_radius_m:.0f} m, the nearest {name} at "
        f"{metres(float(distance_m[nearest]))}; the distance follows from an assessment",
        None,
        str(objects.layer[at]),
        str(objects.feature_id[at]),
        objects.name[at],
        actual_m=float(distance_m[nearest]),
        line=lines[nearest],
        obstacle=shapely.GeometryCollection(list(objects.geometry[found])),
        names_nearest=True,
        clear_m=kind.screening_radius_m,
    )


def _park(member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    if not context.has("park_boundaries"):
        found.leave_out("park_boundaries", "本期没有园区边界", "this edition has no park boundaries")
        return
    parks = chemical_parks(index)
    if bool(shapely.covers(parks, member.geometry[0])):
        return
    around = shapely.box(*(np.array(member.geometry[0].bounds) + np.array([-1, -1, 1, 1]) * BEYOND_M))
    found.reasons.append(
        Reason(
            "policy",
            PERMIT,
            "不在化工园区内",
            "Outside every chemical park",
            "化工项目位于化工园区外或跨越边界; 入园要求依据待核",
            "a chemical project outside a chemical park or across its edge; the legal basis is to be confirmed",
            object_layer="park_boundaries",
            source_type="none",
            obstacle=None if parks.is_empty else shapely.difference(around, parks),
        )
    )


def chemical_parks(index: ClassIndex) -> shapely.Geometry:
    """The ground of all chemical parks, empty where there is none."""
    parks = index.table("park_boundaries")
    if not parks.n:
        return shapely.MultiPolygon()
    return index.ground("park_boundaries", np.flatnonzero(parks["kind"] == "chemical"), shapely.union_all)
