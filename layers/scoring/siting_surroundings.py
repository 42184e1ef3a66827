"""The sources of danger that may reach a proposed site, and features nearby whose data leave a rule open."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.columns import Columns, Texts, numbers, texts
from layers.scoring.contours import Contours, settled_owners
from layers.scoring.coverage import NO_LAYER_OF_ITS_OWN, SOURCE_LAYERS, is_member
from layers.scoring.measure import (
    NO_PAIRS,
    Floats,
    Geometries,
    Integers,
    Pairs,
    near_pairs,
)
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.reach_index import MOST_STRETCH, SLACK_M
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.siting_terms import NOT_ENOUGH, Findings, Reason, SiteContext

UNRATED_REACH_M = 300.0
"""Influence radius taken for an unrated source that states none: chemicals below a major hazard, 综合指数-2026A."""


def metres(value_m: float) -> str:
    """Metres as people read them: one decimal below 10 m, two where one would hide a shortfall, whole above."""
    if value_m == round(value_m) or abs(value_m) >= 1000:
        return f"{value_m:.0f} m"
    return (
        f"{value_m:.2f} m"
        if abs(value_m) < 1
        else f"{value_m:.1f} m"
        if abs(value_m) < 100
        else f"{value_m:.0f} m"
    )


def missing_value(
    subjects: Members,
    reach_m: float | Floats,
    text: tuple[str, str],
    member: Members,
    context: SiteContext,
    found: Findings,
) -> None:
    """Features within reach (metres, their own error added) whose data leave a rule open: a missing input, said once."""
    if not len(subjects):
        return
    zh, en = text
    said = {(reason.title_zh, reason.object_layer, reason.object_id) for reason in found.reasons}
    reach = vague_reach_m(reach_m, subjects)
    near = may_reach(subjects.geometry, member.geometry[0], reach)
    if not near.any():
        return
    subjects, reach = subjects.take(near), reach[near]
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach, crs=context.crs, index=member.search)
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        if (zh, subjects.layer[at], subjects.feature_id[at]) not in said:
            found.reasons.append(
                about(
                    subjects,
                    int(at),
                    distance_m,
                    line,
                    kind="missing_input",
                    gravity=NOT_ENOUGH,
                    title=text,
                    text=text,
                    clear_m=float(reach[at]),
                )
            )


def vague_reach_m(reach_m: float | Floats, subjects: Members) -> Floats:
    """How far each of some features whose data leave a rule open may matter, metres: its own edge and error added."""
    return reach_m + np.nan_to_num(subjects.numbers["outer_offset_m"]) + subjects.accuracy_m


def about(
    subjects: Members,
    at: int,
    distance_m: float,
    line: BaseGeometry,
    *,
    kind: str,
    gravity: int,
    title: tuple[str, str],
    text: tuple[str, str],
    clear_m: float,
    rule: Rule | None = None,
) -> Reason:
    """A reason about one feature that has a distance but no figure to hold it against."""
    name = subjects.name[at] or subjects.feature_id[at]
    return Reason(
        kind,
        gravity,
        *title,
        f"{name}: 距离 {metres(distance_m)}, {text[0]}",
        f"{name}: at {metres(distance_m)}; {text[1]}",
        rule_id=rule.rule_id if rule else None,
        object_layer=str(subjects.layer[at]),
        object_id=str(subjects.feature_id[at]),
        object_name=subjects.name[at],
        actual_m=float(distance_m),
        clause=rule.clause if rule else None,
        standard_id=rule.standard_id if rule else None,
        source_type=rule.source_type if rule else None,
        strength=rule.strength if rule else None,
        line=line,
        obstacle=subjects.geometry[at],
        clear_m=clear_m,
    )


@dataclass(frozen=True)
class Sources:
    """Placed risk points of layers that own safety distances, one entry a point in every array.

    `reach_m`: how far each may matter, wherever it stands, metres; 0 where another row carries its danger. `error_m`: error of
    its position where it matters, else 0; `accuracy_m` the same as it is stated. `row`: its row in the table of risk points.
    """

    row: Integers
    layer: Texts
    feature_id: Texts
    enterprise_id: Texts
    name: Texts
    level: Texts
    geometry: Geometries
    accuracy_m: Floats
    reach_m: Floats
    error_m: Floats

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: Any) -> Sources:
        """The sources at positions or under a mask."""
        return Sources(**{entry.name: getattr(self, entry.name)[chosen] for entry in fields(self)})


NO_SOURCES = Sources(
    np.empty(0, np.intp), np.empty(0, object), np.empty(0, object), np.empty(0, object), np.empty(0, object), np.empty(0, object),
    np.empty(0, object), np.empty(0), np.empty(0), np.empty(0),
)  # fmt: skip


def sources_of(index: ClassIndex) -> Sources:
    """The sources of danger that an index has, found once."""
    found: Sources | None = index.kept.get("sources")
    if found is None:
        rows, whole = index.rows("risk_points"), _whole(index)
        if rows is None:
            found = _sources(index.table("risk_points"))
        else:
            every = sources_of(whole)
            found = every.take(np.flatnonzero(np.isin(every.row, rows, assume_unique=True)))
        index.kept["sources"] = found
    return found


def _whole(index: ClassIndex) -> ClassIndex:
    """The index of all sources of danger of which one holds some."""
    return index if index.rows("risk_points") is None else index.whole


def _sources(points: Columns) -> Sources:
    if not points.n or "geometry" not in points:
        return NO_SOURCES
    is_source = np.array([layer in SOURCE_LAYERS for layer in points["source_layer"]], bool)
    is_source &= np.array([kind not in NO_LAYER_OF_ITS_OWN for kind in texts(points, "kind")], bool)
    row = np.flatnonzero(is_source & ~shapely.is_missing(points["geometry"]))
    chosen = points.rows(row)
    reach_m, accuracy_m = source_reach_m(chosen), numbers(chosen, "accuracy_m")
    return Sources(
        row, chosen["source_layer"], chosen["source_feature_id"], texts(chosen, "enterprise_id"), texts(chosen, "name"),
        chosen["level"], chosen["geometry"], accuracy_m, reach_m, np.where(reach_m > 0, np.nan_to_num(accuracy_m), 0.0),
    )  # fmt: skip


def source_reach_m(points: Columns) -> Floats:
    """How far each risk point may matter, metres, wherever it stands; 0 where another row carries its danger.

    Editions made before ``reach_m`` have the radius alone.
    """
    reach_m = numbers(points, "reach_m")
    reach_m = np.where(np.isnan(reach_m), numbers(points, "radius_m"), reach_m)
    return np.where(np.isnan(reach_m), np.where(points["level"] == "unrated", UNRATED_REACH_M, 0.0), reach_m)


def source_check(
    member: Members,
    kind: ProjectType,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    on: date,
    found: Findings,
) -> None:
    """Sources that may reach the site: unrated or coarse ones, ones without a rule, ones without the figures."""
    _unplaced_check(context, found)
    near, pairs = near_sources(member, context, index)
    if not len(near):
        return
    states = cover_states(near, kind, contours, context, index, on)
    for at, (state, distance_m, line) in enumerate(zip(states, pairs.distance_m, pairs.line, strict=True)):
        if near.level[at] == "unrated":
            title = "附近有未评级风险源", "An unrated source nearby"
            reason = _source_reason(near, at, "unrated_source", *title, distance_m, line)
        elif near.error_m[at] > near.reach_m[at]:
            reason = _coarse_reason(near, at, distance_m, line)
        elif state != "judged":
            title = (
                ("无规则", "No rule")
                if state == "no_rule"
                else ("规则不给米数或缺资料", "The rule gives no metres or lacks data")
            )
            reason = _source_reason(near, at, state, *title, distance_m, line)
        else:
            continue
        clear_m = float(near.reach_m[at] + near.error_m[at])
        found.reasons.append(replace(reason, obstacle=near.geometry[at], clear_m=clear_m))


def no_near_sources(index: ClassIndex) -> None:
    """Note that none may reach the one site that `index` is for."""
    index.kept["near_sources"] = NO_SOURCES, NO_PAIRS


def near_sources(member: Members, context: SiteContext, index: ClassIndex) -> tuple[Sources, Pairs]:
    """The sources that may reach the one site that `index` is for, each with its pair with the site; found once."""
    found: tuple[Sources, Pairs] | None = index.kept.get("near_sources")
    if found is None:
        found = index.kept["near_sources"] = _near_sources(member, context, index)
    return found


def _near_sources(member: Members, context: SiteContext, index: ClassIndex) -> tuple[Sources, Pairs]:
    sources = sources_of(index) if context.has("risk_points") else NO_SOURCES
    sources = sources.take(may_reach(sources.geometry, member.geometry[0], sources.reach_m + sources.error_m))
    pairs = near_pairs(sources.geometry, member.geometry, reach_m=sources.reach_m + sources.error_m, crs=context.crs, index=member.search)
    return sources.take(pairs.subject), pairs


def may_reach(geometries: Geometries, place: BaseGeometry, reach_m: Floats) -> NDArray[np.bool_]:
    """Which features may lie within their reach of a place: those that do, and some a little farther."""
    mask: NDArray[np.bool_] = shapely.dwithin(place, geometries, reach_m * (1 + MOST_STRETCH) + SLACK_M)
    return mask


def _unplaced_check(context: SiteContext, found: Findings) -> None:
    """Sources without any position may stand beside every site: said on each answer."""
    n = sum(context.n_unplaced.values())
    if not n:
        return
    n_grave = context.n_unplaced.get("red", 0) + context.n_unplaced.get("orange", 0)
    found.leave_out(
        "risk_points",
        f"本期有 {n} 个风险源没有位置(其中重大、较大 {n_grave} 个),可能在场址附近,未判定",
        f"{n} sources of this edition have no position (of them {n_grave} red or orange) and may be near the site",
    )


def _coarse_reason(near: Sources, at: int, distance_m: float, line: BaseGeometry) -> Reason:
    name = near.name[at] if isinstance(near.name[at], str) else str(near.feature_id[at])
    error_m = float(near.accuracy_m[at])
    return Reason(
        "missing_input",
        NOT_ENOUGH,
        "风险源位置不准",
        "Position of a source too coarse",
        f"{name}: 登记位置距离 {metres(distance_m)}, 位置误差 {metres(error_m)}, 场址可能在其影响半径内; 须核实位置",
        f"{name}: registered at {metres(distance_m)} with an error of {metres(error_m)}; the site may lie within "
        "its reach, the position must be surveyed",
        None,
        str(near.layer[at]),
        str(near.feature_id[at]),
        name,
        actual_m=float(distance_m),
        error_m=error_m,
        line=line,
    )


def near_owners(member: Members, context: SiteContext, index: ClassIndex) -> frozenset[str]:
    """Enterprises one of whose sources may reach the site."""
    near, _ = near_sources(member, context, index)
    return frozenset(str(owner) for owner in near.enterprise_id if owner is not None)


def _source_reason(
    near: Sources, at: int, kind: str, zh: str, en: str, distance_m: float, line: BaseGeometry
) -> Reason:
    name = near.name[at] if isinstance(near.name[at], str) else str(near.feature_id[at])
    advice_zh = {
        "no_rule": "无规则, 请人工核定",
        "unrated_source": "等级未定, 影响未知",
        "missing_input": "须按 GB/T 37243 等评价确定距离",
    }[kind]
    advice_en = {
        "no_rule": "no rule, to be settled by a person",
        "unrated_source": "level and reach unknown",
        "missing_input": "the distance follows from an assessment (GB/T 37243 or the code of the trade)",
    }[kind]
    return Reason(
        kind,
        NOT_ENOUGH,
        zh,
        en,
        f"{name}: 距离 {metres(distance_m)}, 在影响半径内; {advice_zh}",
        f"{name}: at {metres(distance_m)}, within its influence radius; {advice_en}",
        None,
        str(near.layer[at]),
        str(near.feature_id[at]),
        name,
        actual_m=float(distance_m),
        line=line,
    )


def cover_states(
    sources: Sources, kind: ProjectType, contours: Contours, context: SiteContext, index: ClassIndex, on: date
) -> list[str]:
    """For each source ``judged`` (a rule with metres or an official contour applied), ``missing_input`` or ``no_rule``."""
    has_metres, is_named = _cover(kind, context.jurisdiction, _whole(index), on)
    places = np.searchsorted(sources_of(_whole(index)).row, sources.row)
    settled = settled_owners(index, contours)
    is_covered = has_metres[places] | np.fromiter((owner in settled for owner in sources.enterprise_id), bool, len(sources))
    words = np.where(is_covered, "judged", np.where(is_named[places], "missing_input", "no_rule"))
    return [str(word) for word in words]


Cover = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _cover(kind: ProjectType, jurisdiction: str, index: ClassIndex, on: date) -> Cover:
    """Which of all sources have a rule with metres about a kind of project, and which have any rule; found once a kind."""
    key = f"cover {kind.id} {jurisdiction} {on}"
    found: Cover | None = index.kept.get(key)
    if found is None:
        found = index.kept[key] = _cover_of(kind, jurisdiction, index, on)
    return found


def _cover_of(kind: ProjectType, jurisdiction: str, index: ClassIndex, on: date) -> Cover:
    classes = {*kind.object_classes, *kind.review_classes}
    rules = [
        rule
        for rule in index.rules.in_force(on, jurisdiction, "siting")
        if rule.object_class in classes and rule.status != "elsewhere" and rule.kind != "permit_required"
    ]
    has_metres = {
        rule.subject_class for rule in rules if rule.status == "judged" and rule.formula != "risk_contour"
    }
    sources = sources_of(index)
    named = sources.layer, sources.feature_id, sources.enterprise_id
    is_covered, is_named = np.zeros(len(sources), bool), np.zeros(len(sources), bool)
    for class_id in sorted({rule.subject_class for rule in rules}):
        if index.rules.classes[class_id].members:
            found = is_member(named, index.members(class_id))
            is_named |= found
            if class_id in has_metres:
                is_covered |= found
    return is_covered, is_named
