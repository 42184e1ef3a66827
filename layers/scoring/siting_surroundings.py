"""The sources of danger that may reach a proposed site, and features nearby whose data leave a rule open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import Contours, settled_owners
from layers.scoring.coverage import NO_LAYER_OF_ITS_OWN, SOURCE_LAYERS, is_member
from layers.scoring.measure import NO_PAIRS, Floats, Pairs, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
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
    reach_m: float,
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
    reach = reach_m + np.nan_to_num(subjects.numbers["outer_offset_m"]) + subjects.accuracy_m
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach, crs=context.crs)
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
    sources = near_sources(member, context, index)
    if not len(sources.near):
        return
    near, reach_m, error_m, pairs = sources.near, sources.reach_m, sources.error_m, sources.pairs
    is_coarse = error_m > reach_m
    states = cover_states(near, kind, contours, context, index, on)
    for position, (state, distance_m, line) in enumerate(
        zip(states, pairs.distance_m, pairs.line, strict=True)
    ):
        row = near.iloc[position]
        if row["level"] == "unrated":
            title = "附近有未评级风险源", "An unrated source nearby"
            reason = _source_reason(row, "unrated_source", *title, distance_m, line)
        elif is_coarse[position]:
            reason = _coarse_reason(row, distance_m, line)
        elif state != "judged":
            title = (
                ("无规则", "No rule")
                if state == "no_rule"
                else ("规则不给米数或缺资料", "The rule gives no metres or lacks data")
            )
            reason = _source_reason(row, state, *title, distance_m, line)
        else:
            continue
        clear_m = float((reach_m + error_m)[position])
        found.reasons.append(replace(reason, obstacle=row["geometry"], clear_m=clear_m))


@dataclass(frozen=True)
class NearSources:
    """Sources that may reach a site, one row each, with their reach and error in metres and the pair with the site."""

    near: pd.DataFrame
    reach_m: Floats
    error_m: Floats
    pairs: Pairs


def near_sources(member: Members, context: SiteContext, index: ClassIndex) -> NearSources:
    """The sources near the one site that `index` is for, found once."""
    found: NearSources | None = index.kept.get("near_sources")
    if found is None:
        found = index.kept["near_sources"] = _near_sources(member, context)
    return found


def _near_sources(member: Members, context: SiteContext) -> NearSources:
    points = context.layers.get("risk_points")
    if not context.has("risk_points") or points is None or not len(points):
        return NearSources(pd.DataFrame({"enterprise_id": []}), np.empty(0), np.empty(0), NO_PAIRS)
    points = placed_sources(points)
    reach_m, error_m = source_reach_m(points), error_of(points)
    pairs = near_pairs(points["geometry"].to_numpy(), member.geometry, reach_m=reach_m + error_m, crs=context.crs)
    near = points.iloc[pairs.subject].reset_index(drop=True)
    return NearSources(near, reach_m[pairs.subject], error_m[pairs.subject], pairs)


def placed_sources(points: pd.DataFrame) -> pd.DataFrame:
    """Placed risk points of layers that own safety distances, as a plain frame."""
    points = pd.DataFrame(points, copy=False)
    is_source = points["source_layer"].isin(SOURCE_LAYERS) & ~points["kind"].isin(NO_LAYER_OF_ITS_OWN)
    return points[(is_source & points["geometry"].notna()).to_numpy(bool)].reset_index(drop=True)


def source_reach_m(points: pd.DataFrame) -> Floats:
    """How far each risk point may matter, metres, wherever it stands; 0 where another row carries its danger.

    Editions made before ``reach_m`` have the radius alone.
    """
    radius_m = _numbers(points, "radius_m")
    reach_m = _numbers(points, "reach_m")
    reach_m = np.where(np.isnan(reach_m), radius_m, reach_m)
    is_unrated = (points["level"] == "unrated").to_numpy(bool)
    return np.where(np.isnan(reach_m), np.where(is_unrated, UNRATED_REACH_M, 0.0), reach_m)


def error_of(points: pd.DataFrame) -> Floats:
    """Error of each position in metres, 0 where it is not stated or the danger is another row's."""
    return np.where(source_reach_m(points) > 0, np.nan_to_num(_numbers(points, "accuracy_m")), 0.0)


def _numbers(points: pd.DataFrame, name: str) -> Floats:
    if name not in points:
        return np.full(len(points), np.nan)
    numbers: Floats = pd.to_numeric(points[name], errors="coerce").to_numpy(float, na_value=np.nan)
    return numbers


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


def _coarse_reason(row: pd.Series[object], distance_m: float, line: BaseGeometry) -> Reason:
    name = row["name"] if isinstance(row["name"], str) else str(row["source_feature_id"])
    error_m = float(row["accuracy_m"])
    return Reason(
        "missing_input",
        NOT_ENOUGH,
        "风险源位置不准",
        "Position of a source too coarse",
        f"{name}: 登记位置距离 {metres(distance_m)}, 位置误差 {metres(error_m)}, 场址可能在其影响半径内; 须核实位置",
        f"{name}: registered at {metres(distance_m)} with an error of {metres(error_m)}; the site may lie within "
        "its reach, the position must be surveyed",
        None,
        str(row["source_layer"]),
        str(row["source_feature_id"]),
        name,
        actual_m=float(distance_m),
        error_m=error_m,
        line=line,
    )


def near_owners(member: Members, context: SiteContext, index: ClassIndex) -> frozenset[str]:
    """Enterprises one of whose sources may reach the site."""
    return frozenset(near_sources(member, context, index).near["enterprise_id"].dropna().astype(str))


def _source_reason(
    row: pd.Series[object], kind: str, zh: str, en: str, distance_m: float, line: BaseGeometry
) -> Reason:
    name = row["name"] if isinstance(row["name"], str) else str(row["source_feature_id"])
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
        str(row["source_layer"]),
        str(row["source_feature_id"]),
        name,
        actual_m=float(distance_m),
        line=line,
    )


def cover_states(
    points: pd.DataFrame,
    kind: ProjectType,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    on: date,
) -> list[str]:
    """For each source ``judged`` (a rule with metres or an official contour applied), ``missing_input`` or ``no_rule``."""
    classes = {*kind.object_classes, *kind.review_classes}
    rules = [
        rule
        for rule in index.rules.in_force(on, context.jurisdiction, "siting")
        if rule.object_class in classes and rule.status != "elsewhere" and rule.kind != "permit_required"
    ]
    has_metres = {
        rule.subject_class for rule in rules if rule.status == "judged" and rule.formula != "risk_contour"
    }
    is_covered = np.array(points["enterprise_id"].isin(settled_owners(index, contours)), bool)
    is_named = np.zeros(len(points), bool)
    for class_id in sorted({rule.subject_class for rule in rules}):
        if index.rules.classes[class_id].members:
            found = is_member(points, index.members(class_id))
            is_named |= found
            if class_id in has_metres:
                is_covered |= found
    words = np.where(is_covered, "judged", np.where(is_named, "missing_input", "no_rule"))
    return [str(word) for word in words]
