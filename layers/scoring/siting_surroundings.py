"""What surrounds a proposed site, beyond the rules with metres: sources, zones, parks, and those the project endangers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import Contours
from layers.scoring.coverage import NO_LAYER_OF_ITS_OWN, SOURCE_LAYERS, is_member
from layers.scoring.measure import Floats, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.siting_terms import NOT_ENOUGH, PERMIT, Findings, Reason, SiteContext

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
    )


def zone_check(member: Members, context: SiteContext, found: Findings) -> None:
    """The worst of the red and orange zones the site reaches into: our own contours, so a reason for review."""
    zones = context.layers.get("risk_zones")
    if not context.has("risk_zones") or zones is None:
        found.leave_out("risk_zones", "本期没有四色风险区", "this edition has no risk zones")
        return
    if not len(zones):
        return
    if context.policy is not None:
        zones = zones[zones["policy"] == context.policy]
    site = member.geometry[0]
    for level, zh, en in (("red", "重大", "major"), ("orange", "较大", "high")):
        of_level = zones[zones["level"] == level]
        touched = of_level[shapely.intersects(of_level["geometry"].to_numpy(), site)]
        if len(touched):
            inside = shapely.intersection(shapely.union_all(touched["geometry"].to_numpy()), site)
            share = float(inside.area / site.area) if site.area else None
            part = f", 占场址面积 {share:.0%}" if share is not None else ""
            found.reasons.append(
                Reason(
                    "zone",
                    PERMIT,
                    f"位于{zh}风险区内",
                    f"In a zone of {en} risk",
                    f"场址位于{zh}风险区内{part}; 筛查结果, 须核定",
                    f"the site reaches into a zone of {en} risk; screening, to be reviewed",
                    object_layer="risk_zones",
                    object_id=str(touched["feature_id"].iloc[0]),
                    share_of_area=share,
                )
            )
            return


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
    points = context.layers.get("risk_points")
    if not context.has("risk_points") or points is None or not len(points):
        return
    points = _placed_sources(points)
    reach_m, error_m = source_reach_m(points), error_of(points)
    pairs = near_pairs(
        points["geometry"].to_numpy(), member.geometry, reach_m=reach_m + error_m, crs=context.crs
    )
    near = points.iloc[pairs.subject].reset_index(drop=True)
    is_coarse = (error_m > reach_m)[pairs.subject]
    states = _cover_states(near, kind, contours, context, index, on)
    for position, (state, distance_m, line) in enumerate(
        zip(states, pairs.distance_m, pairs.line, strict=True)
    ):
        row = near.iloc[position]
        if row["level"] == "unrated":
            found.reasons.append(
                _source_reason(
                    row, "unrated_source", "附近有未评级风险源", "An unrated source nearby", distance_m, line
                )
            )
        elif is_coarse[position]:
            found.reasons.append(_coarse_reason(row, distance_m, line))
        elif state != "judged":
            title = (
                ("无规则", "No rule")
                if state == "no_rule"
                else ("规则不给米数或缺资料", "The rule gives no metres or lacks data")
            )
            found.reasons.append(_source_reason(row, state, *title, distance_m, line))


def _placed_sources(points: pd.DataFrame) -> pd.DataFrame:
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


def near_owners(member: Members, context: SiteContext) -> frozenset[str]:
    """Enterprises one of whose sources may reach the site."""
    points = context.layers.get("risk_points")
    if points is None or not len(points):
        return frozenset()
    points = _placed_sources(points)
    reach_m = source_reach_m(points) + error_of(points)
    pairs = near_pairs(points["geometry"].to_numpy(), member.geometry, reach_m=reach_m, crs=context.crs)
    return frozenset(points["enterprise_id"].iloc[pairs.subject].dropna().astype(str))


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


def _cover_states(
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
    settled = [name for name in contours.members.enterprise_id if name]
    is_covered = np.array(points["enterprise_id"].isin(settled), bool)
    is_named = np.zeros(len(points), bool)
    for class_id in sorted({rule.subject_class for rule in rules}):
        if index.rules.classes[class_id].members:
            found = is_member(points, index.members(class_id))
            is_named |= found
            if class_id in has_metres:
                is_covered |= found
    words = np.where(is_covered, "judged", np.where(is_named, "missing_input", "no_rule"))
    return [str(word) for word in words]


def own_hazard_check(
    member: Members, kind: ProjectType, context: SiteContext, index: ClassIndex, found: Findings
) -> None:
    """What the project itself endangers, its park, and the type that only a person can settle."""
    if kind.is_manual:
        found.reasons.append(
            Reason(
                "missing_input",
                NOT_ENOUGH,
                "类型未定, 请人工核定",
                "Type open, to be settled by a person",
                "项目类型未定, 适用规则请人工核定",
                "the rules that apply must be settled by a person",
            )
        )
    if "chemical_park_or_project" in kind.object_classes:
        _park(member, context, index, found)
    if not kind.is_hazardous:
        return
    around = [
        index.members(name)
        for name, layer in (
            ("protection_target", "protection_targets"),
            ("building_or_structure", "buildings"),
        )
        if context.has(layer)
    ]
    if not around:
        found.leave_out(
            "protection_targets",
            "本期没有防护目标和建筑物数据",
            "this edition has neither protection targets nor buildings",
        )
    reach = np.array([kind.screening_radius_m])
    for objects in around[:1] if kind.screening_radius_m > 100 else around:
        pairs = near_pairs(member.geometry, objects.geometry, reach_m=reach, crs=context.crs)
        if len(pairs.object):
            found.reasons.append(_endangered(pairs.distance_m, pairs.object, pairs.line, objects, kind))


def _endangered(
    distance_m: np.ndarray[tuple[int], np.dtype[np.float64]],
    found: np.ndarray[tuple[int], np.dtype[np.intp]],
    lines: np.ndarray[tuple[int], np.dtype[np.object_]],
    objects: Members,
    kind: ProjectType,
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
    )


def _park(member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    if not context.has("park_boundaries"):
        found.leave_out("park_boundaries", "本期没有园区边界", "this edition has no park boundaries")
        return
    parks = index.frame("park_boundaries")
    chemical = parks[parks["kind"] == "chemical"] if len(parks) else parks
    if len(chemical) and bool(
        shapely.covers(shapely.union_all(chemical["geometry"].to_numpy()), member.geometry[0])
    ):
        return
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
        )
    )
