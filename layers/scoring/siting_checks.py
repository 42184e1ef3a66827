"""The single checks of a siting question: rules about the site, sources around it, zones, and what it endangers itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import Contours, contour_findings, valid_contours
from layers.scoring.coverage import NO_LAYER_OF_ITS_OWN, SOURCE_LAYERS, is_member
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members, proposal
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.separation import (
    TOLERANCE_M,
    apply_rule,
    binds_works,
    measured_edges,
    under_rule,
)
from layers.scoring.separation import Findings as RuleFindings
from layers.scoring.siting import (
    NOT_ENOUGH,
    NOT_MET,
    PERMIT,
    Findings,
    Passed,
    Project,
    Reason,
    SiteContext,
)
from layers.scoring.targets import TARGET_CLASSES, class_range

CORE_LAYERS = (
    ("pipelines", "油气管道", "pipelines"),
    ("roads", "道路", "roads"),
    ("risk_points", "风险点", "risk points"),
)
"""Without these a screening says too little to find "nothing"."""
UNRATED_REACH_M = 300.0
"""Influence radius taken for an unrated source that states none: hazardous chemicals below a major hazard, 综合指数-2026A."""
NEVER_ASSESSED = "HZ-19-GEO"


def run_checks(
    site: BaseGeometry,
    *,
    project: Project,
    kind: ProjectType,
    context: SiteContext,
    index: ClassIndex,
    on: date,
) -> Findings:
    """Every check of one site, in the order of the form."""
    found = Findings()
    member = proposal(site, name=project.name or None, classes=_target_ranks(site, project, kind, index))
    contours, unused = valid_contours(index, on)
    _missing_layers(context, found)
    for rule in index.rules.in_force(on, context.jurisdiction, "siting"):
        role = _role(rule, project, kind)
        if role in ("object", "review") and rule.formula == "risk_contour":
            _contour_check(rule, role, member, contours, context, index, found)
        elif role and role != "own" and rule.status == "judged":
            _distance_check(rule, role, member, context, index, on, found)
        elif role and rule.status == "not_assessed":
            _silent_check(rule, member, context, index, found)
    if len(unused):
        found.leave_out(
            "official_contours",
            "附近有已过有效期或未注明有效期的等值线,未采用",
            "contours nearby are expired or without date of validity and were not used",
        )
    _undecided_lines(member, context, index, on, found)
    _zones(member, context, found)
    _sources(member, kind, contours, context, index, on, found)
    _own_hazard(member, kind, context, index, found)
    geo = index.rules[NEVER_ASSESSED]
    found.leave_out(geo.rule_id, geo.unassessed_zh, geo.unassessed_en)
    return found


def _target_ranks(
    site: BaseGeometry, project: Project, kind: ProjectType, index: ClassIndex
) -> tuple[int, int]:
    measures = {"n_persons": float(project.n_persons)} if project.n_persons is not None else {}
    if site.area > 0:
        measures["area_m2"] = float(site.area)
    strictest, mildest = class_range(kind.target_category or None, measures, index.rules.target_sizes)
    return TARGET_CLASSES.index(strictest), TARGET_CLASSES.index(mildest)


def _role(rule: Rule, project: Project, kind: ProjectType) -> str:
    """How a rule concerns the project: what it is (``object``), may be (``review``), does (``works``), owes (``own``)."""
    if rule.status == "elsewhere" or (rule.is_new_only and not project.is_new):
        return ""
    if rule.object_class in kind.object_classes:
        return "object"
    if rule.object_class in kind.review_classes:
        return "review"
    if rule.kind == "permit_required" and binds_works(rule, kind.activities):
        return "works"
    return "own" if rule.subject_class in kind.subject_classes else ""


def _missing_layers(context: SiteContext, found: Findings) -> None:
    for layer, zh, en in CORE_LAYERS:
        if not context.has(layer):
            found.reasons.append(
                Reason(
                    "missing_input",
                    NOT_ENOUGH,
                    f"缺少图层: {zh}",
                    f"Missing layer: {en}",
                    f"本期没有{zh}数据,相关检查未做",
                    f"this edition has no {en}; the checks that need them were not made",
                    object_layer=layer,
                )
            )


def _is_loaded(rule: Rule, context: SiteContext, index: ClassIndex, found: Findings) -> bool:
    """Whether a layer with the rule's subjects is loaded; a missing or empty one is never a clear one."""
    subject = index.rules.classes[rule.subject_class]
    if any(context.has(member.layer) for member in subject.members):
        return True
    found.leave_out(
        subject.class_id,
        f"本期没有{subject.title_zh}数据",
        f"this edition has no data on: {subject.title_en}",
    )
    return False


def _distance_check(
    rule: Rule, role: str, member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    if not _is_loaded(rule, context, index, found):
        return
    subjects = index.members(rule.subject_class)
    findings = apply_rule(rule, subjects, member, rules=index.rules, on=on, crs=context.crs)
    if not len(findings):
        found.passed.append(Passed(rule.rule_id, rule.title_zh, rule.title_en))
    edges = measured_edges(rule, subjects.take(findings.subject), index.rules, on)
    in_plant = rule.area_kind == "general" and len(findings) and _inside_plant(member, index)
    for position in range(len(findings)):
        one = findings.take(slice(position, position + 1))
        reason = rule_reason(
            one, role, subjects, "厂矿等人口密集地区的保护区可略小,须核定" if in_plant else ""
        )
        reach_m = float(one.required_m[0] + edges.offset_m[position])
        found.reasons.append(replace(reason, share_of_area=_share(member, subjects, one, reach_m)))


def _inside_plant(member: Members, index: ClassIndex) -> bool:
    parks = index.frame("park_boundaries")
    return len(parks) > 0 and bool(shapely.intersects(parks["geometry"].to_numpy(), member.geometry[0]).any())


def _share(member: Members, subjects: Members, one: RuleFindings, reach_m: float) -> float | None:
    """Part of the site's area within the reach of a rule."""
    site = member.geometry[0]
    if site.area == 0:
        return None
    west, south, east, north = site.bounds
    near = shapely.clip_by_rect(
        subjects.geometry[one.subject[0]], west - reach_m, south - reach_m, east + reach_m, north + reach_m
    )
    return min(1.0, float(shapely.intersection(site, shapely.buffer(near, reach_m)).area / site.area))


def gravity_of(rule: Rule, role: str, *, is_certain: bool) -> int:
    """1 only where a mandatory rule whose text is confirmed is certainly broken by what the project is."""
    is_ban = rule.kind in ("prohibited", "minimum_distance", "criterion")
    breaks = is_ban and role == "object" and rule.strength == "mandatory" and rule.is_confirmed and is_certain
    return NOT_MET if breaks else PERMIT


def rule_reason(one: RuleFindings, role: str, subjects: Members, caveat: str = "") -> Reason:
    """The reason a single finding gives; `caveat` makes it one for review."""
    rule, at = one.rule, int(one.subject[0])
    is_certain = bool(one.is_certain[0])
    required_m, actual_m = float(one.required_m[0]), float(one.actual_m[0])
    shortfall_m = max(required_m - actual_m, 0.0)
    name = subjects.name[at] or subjects.feature_id[at]
    possible_zh, possible_en = ("", "") if is_certain else ("可能: ", "possibly: ")
    zh = (
        f"{possible_zh}{name}: 实 {metres(actual_m)}, 应不小于 {metres(required_m)}, 缺 {metres(shortfall_m)}"
    )
    en = (
        f"{possible_en}{name}: actual {metres(actual_m)}, at least {metres(required_m)} required, "
        f"short by {metres(shortfall_m)}"
    )
    if rule.kind == "permit_required":
        zh = f"{possible_zh}{name}: 距离 {metres(actual_m)}, {metres(required_m)} 以内施工须申请"
        en = f"{possible_en}{name}: at {metres(actual_m)}; works within {metres(required_m)} need an application"
    elif rule.formula == "risk_contour":
        zh = f"{possible_zh}落入个人风险等值线内 {metres(-actual_m)}"
        en = f"{possible_en}inside the individual-risk contour by {metres(-actual_m)}"
    notes_zh = [
        zh,
        caveat,
        "须核定是否属于该类对象" if role == "review" else "",
        "" if rule.is_confirmed else "条文取值未核",
    ]
    notes_en = [
        en,
        "the zone may be narrower in plants" if caveat else "",
        "whether the project is of this class needs review" if role == "review" else "",
        "" if rule.is_confirmed else "figure not confirmed from the standard",
    ]
    gravity = PERMIT if caveat else gravity_of(rule, role, is_certain=is_certain)
    return Reason(
        rule.kind,
        gravity,
        rule.title_zh,
        rule.title_en,
        "; ".join(filter(None, notes_zh)),
        "; ".join(filter(None, notes_en)),
        rule.rule_id,
        str(subjects.layer[at]),
        str(subjects.feature_id[at]),
        subjects.name[at],
        required_m,
        actual_m,
        shortfall_m,
        float(one.error_m[0]),
        "certain" if is_certain else "possible",
        rule.clause,
        rule.standard_id,
        rule.source_type,
        rule.strength,
        bool(one.is_estimated[0]),
        line=one.line[0],
    )


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


def _contour_check(
    rule: Rule,
    role: str,
    member: Members,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    found: Findings,
) -> None:
    """The class the site certainly has decides; the strictest it may have gives a reason for review."""
    if not context.has("official_contours"):
        found.leave_out(
            "official_contours",
            "本期没有个人风险等值线(评价报告)",
            "this edition has no official risk contours",
        )
        return
    findings = contour_findings(rule, contours, member, index)
    strictest = replace(member, mildest=member.strictest)
    if not len(findings) and member.strictest[0] != member.mildest[0]:
        findings, role = contour_findings(rule, contours, strictest, index), "review"
    for position in range(len(findings)):
        one = findings.take(slice(position, position + 1))
        area = contours.members.geometry[one.subject[0]]
        site = member.geometry[0]
        share = float(shapely.intersection(site, area).area / site.area) if site.area else None
        found.reasons.append(replace(rule_reason(one, role, contours.members), share_of_area=share))
    if not len(findings):
        found.passed.append(Passed(rule.rule_id, rule.title_zh, rule.title_en))


def _silent_check(
    rule: Rule, member: Members, context: SiteContext, index: ClassIndex, found: Findings
) -> None:
    """A rule without metres: listed; beside a pipeline, where Art. 31 sends one to the codes, a reason for review."""
    found.leave_out(
        rule.subject_class, f"{rule.clause}: {rule.unassessed_zh}", f"{rule.title_en}: {rule.unassessed_en}"
    )
    if not rule.rule_id.startswith("PIPE-L31-"):
        return
    subjects = index.members(rule.subject_class)
    widest_m = (index.rules["PIPE-L35-3a"].distance_m or 0.0) - TOLERANCE_M
    reach_m = np.full(len(subjects), widest_m)
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach_m, crs=context.crs)
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        name = subjects.name[at] or subjects.feature_id[at]
        found.reasons.append(
            Reason(
                rule.kind,
                PERMIT,
                rule.title_zh,
                rule.title_en,
                f"{name}: 距离 {metres(distance_m)}, 须查技术规范",
                f"{name}: at {metres(distance_m)}; see the technical code",
                rule.rule_id,
                str(subjects.layer[at]),
                str(subjects.feature_id[at]),
                subjects.name[at],
                actual_m=float(distance_m),
                clause=rule.clause,
                standard_id=rule.standard_id,
                source_type=rule.source_type,
                strength=rule.strength,
                line=line,
            )
        )


def _undecided_lines(
    member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    """Power lines beside the site whose voltage no band covers, and pipelines of unknown kind: a missing input."""
    bands = [
        rule
        for rule in index.rules.in_force(on, context.jurisdiction, "siting")
        if rule.subject_class == "overhead_power_line"
        and rule.status == "judged"
        and rule.kind == "prohibited"
    ]
    lines = index.members("overhead_power_line")
    if bands and len(lines):
        undecided = lines.take(~np.any([under_rule(rule, lines) for rule in bands], axis=0))
        widest_m = max(rule.distance_m or 0.0 for rule in bands)
        _missing_value(
            undecided,
            widest_m,
            "架空线路电压缺失或不在条例分档内",
            "voltage of the line unknown or in no band",
            member,
            context,
            found,
        )
    pipelines = index.frame("pipelines")
    if len(pipelines):
        unknown = index.layer_members(
            "pipelines", pipelines[pipelines["kind"].isna() & pipelines["geometry"].notna()]
        )
        reach_m = index.rules["PIPE-L35-3a"].distance_m or 0.0
        _missing_value(
            unknown, reach_m, "管道类别缺失", "kind of the pipeline unknown", member, context, found
        )


def _missing_value(
    subjects: Members,
    reach_m: float,
    zh: str,
    en: str,
    member: Members,
    context: SiteContext,
    found: Findings,
) -> None:
    reach = (
        np.full(len(subjects), reach_m)
        + np.nan_to_num(subjects.numbers["outer_offset_m"])
        + subjects.accuracy_m
    )
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach, crs=context.crs)
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        name = subjects.name[at] or subjects.feature_id[at]
        found.reasons.append(
            Reason(
                "missing_input",
                NOT_ENOUGH,
                zh,
                en,
                f"{name}: 距离 {metres(distance_m)}, {zh}",
                f"{name}: at {metres(distance_m)}; {en}",
                None,
                str(subjects.layer[at]),
                str(subjects.feature_id[at]),
                subjects.name[at],
                actual_m=float(distance_m),
                line=line,
            )
        )


def _zones(member: Members, context: SiteContext, found: Findings) -> None:
    """The worst of the red and orange zones the site reaches into: our own contours, so a reason for review."""
    zones = context.layers.get("risk_zones")
    if not context.has("risk_zones") or zones is None:
        found.leave_out("risk_zones", "本期没有四色风险区", "this edition has no risk zones")
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


def _sources(
    member: Members,
    kind: ProjectType,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    on: date,
    found: Findings,
) -> None:
    """Sources whose influence radius reaches the site: unrated ones, ones without a rule, ones without the figures."""
    points = context.layers.get("risk_points")
    if not context.has("risk_points") or points is None or not len(points):
        return
    is_source = points["source_layer"].isin(SOURCE_LAYERS) & ~points["kind"].isin(NO_LAYER_OF_ITS_OWN)
    points = points[(is_source & points["geometry"].notna()).to_numpy(bool)].reset_index(drop=True)
    radius_m = pd.to_numeric(points["radius_m"], errors="coerce").to_numpy(float, na_value=np.nan)
    is_unrated = (points["level"] == "unrated").to_numpy(bool)
    reach_m = np.where(np.isnan(radius_m), np.where(is_unrated, UNRATED_REACH_M, 0.0), radius_m)
    pairs = near_pairs(points["geometry"].to_numpy(), member.geometry, reach_m=reach_m, crs=context.crs)
    near = points.iloc[pairs.subject].reset_index(drop=True)
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
        elif state != "judged":
            title = (
                ("无规则", "No rule")
                if state == "no_rule"
                else ("规则不给米数或缺资料", "The rule gives no metres or lacks data")
            )
            found.reasons.append(_source_reason(row, state, *title, distance_m, line))


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


def _own_hazard(
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
