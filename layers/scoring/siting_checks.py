"""The checks of a siting question that rest on rules: which bind the project, how gravely, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.columns import Columns
from layers.scoring.contours import (
    Contours,
    contour_findings,
    unused_distances,
    valid_contours,
)
from layers.scoring.coverage import PIPE_CLASSES, uncovered_pipelines, without_data
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members, proposal
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.separation import (
    ASSUMED_RAILWAY,
    DENSE_AREA,
    MAX_ERROR_M,
    RAILWAY_AREAS,
    TOLERANCE_M,
    Measured,
    apply_rule,
    binds_works,
    is_placed_well,
    measured_edges,
    under_rule,
)
from layers.scoring.separation import Findings as RuleFindings
from layers.scoring.siting_place import place_checks
from layers.scoring.siting_project import own_checks
from layers.scoring.siting_surroundings import (
    about,
    may_reach,
    metres,
    missing_value,
    near_owners,
    source_check,
)
from layers.scoring.siting_terms import (
    NOT_ENOUGH,
    NOT_MET,
    PERMIT,
    Findings,
    Passed,
    Project,
    Reason,
    SiteContext,
)
from layers.scoring.siting_zones import zone_checks
from layers.scoring.targets import TARGET_CLASSES, class_range

CORE_LAYERS = (
    ("pipelines", "油气管道", "pipelines"),
    ("roads", "道路", "roads"),
    ("risk_points", "风险点", "risk points"),
)
"""Without these a screening says too little to find "nothing"."""
WIDEST_EDGE_M = 500.0
"""More than half a land width, a control zone and the errors of two positions together."""
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
    member = proposal(site, name=project.name or None, classes=target_ranks(site, project, kind, index))
    shapely.prepare(site)
    contours, n_unused = valid_contours(index, on)
    _missing_layers(context, found)
    in_force = index.rules.in_force(on, context.jurisdiction, "siting")
    for rule, role in _roles(in_force, project, kind, index.rules):
        if role in ("object", "review") and rule.formula == "risk_contour":
            _contour_check(rule, role, member, contours, context, index, found)
        elif role and role != "own" and rule.status == "judged":
            _distance_check(rule, role, member, context, index, on, found)
        elif role and rule.status == "not_assessed":
            _silent_check(rule, member, context, index, found)
    if n_unused:
        found.leave_out(
            "official_contours",
            "附近有已过有效期或未注明有效期的等值线,未采用",
            "contours nearby are expired or without date of validity and were not used",
        )
    if unused_distances(index, on):
        found.leave_out(
            "official_distances",
            "附近有已过有效期或未注明有效期的评价报告距离,未采用",
            "distances of reports nearby are expired or without date of validity and were not used",
        )
    _undecided_features(member, context, index, on, found)
    place_checks(member, kind, context, index, in_force, found)
    zone_checks(member, kind, context, index, on, found)
    source_check(member, kind, contours, context, index, on, found)
    own_checks(member, project, kind, context, index, in_force, found)
    geo = index.rules[NEVER_ASSESSED]
    found.leave_out(geo.rule_id, geo.unassessed_zh, geo.unassessed_en)
    return found


def target_ranks(
    site: BaseGeometry, project: Project, kind: ProjectType, index: ClassIndex
) -> tuple[int, int]:
    measures = {"n_persons": float(project.n_persons)} if project.n_persons is not None else {}
    if site.area > 0:
        measures["area_m2"] = float(site.area)
    strictest, mildest = class_range(kind.target_category or None, measures, index.rules.target_sizes)
    return TARGET_CLASSES.index(strictest), TARGET_CLASSES.index(mildest)


def _roles(in_force: tuple[Rule, ...], project: Project, kind: ProjectType, rules: RuleSet) -> tuple[tuple[Rule, str], ...]:
    """The rules that concern a project, each with how; found once a kind of project."""
    key = "roles", id(in_force), kind.id, project.is_new
    found: tuple[tuple[Rule, str], ...] | None = rules.kept.get(key)
    if found is None:
        pairs = ((rule, role_of(rule, project, kind)) for rule in in_force)
        found = rules.kept[key] = tuple((rule, role) for rule, role in pairs if role)
    return found


def role_of(rule: Rule, project: Project, kind: ProjectType) -> str:
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
    """Whether a layer with the rule's subjects is loaded and states what they are known by; a missing one is never a clear one."""
    subject = index.rules.classes[rule.subject_class]
    if any(context.has(member.layer) and not index.whole.is_unstated(member) for member in subject.members):
        return True
    found.leave_out(subject.class_id, *without_data(rule, subject))
    return False


def _subjects_near(rule: Rule, member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> Members | None:
    """Subjects of a rule that may concern the site, found once a class; None where no layer with such is loaded."""
    key = f"subjects {rule.subject_class}"
    if key not in index.kept:
        is_loaded = _is_loaded(rule, context, index, found)
        reach_m = _farthest_m(index.rules, rule.subject_class)
        index.kept[key] = index.near(rule.subject_class, member.geometry[0], reach_m) if is_loaded else None
    subjects: Members | None = index.kept[key]
    return subjects


def _passed(rule: Rule, rules: RuleSet) -> Passed:
    """What is said of a rule that nothing speaks against; made once a rule."""
    key = "passed", rule.rule_id
    found: Passed | None = rules.kept.get(key)
    if found is None:
        found = rules.kept[key] = Passed(rule.rule_id, rule.title_zh, rule.title_en)
    return found


def _distance_check(
    rule: Rule, role: str, member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    subjects = _subjects_near(rule, member, context, index, found)
    if subjects is None or (rule.area_kind == DENSE_AREA and not _inside_plant(member, index)):
        return
    if not len(subjects):
        found.passed.append(_passed(rule, index.rules))
        return
    vague = subjects.take(under_rule(rule, subjects) & ~is_placed_well(subjects))
    text = f"位置误差超过 {MAX_ERROR_M:.0f} m", f"position known to no better than {MAX_ERROR_M:.0f} m"
    missing_value(vague, rule.distance_m or 0.0, text, member, context, found)
    measured = _measured(rule.subject_class, subjects, member, context, index)
    findings = apply_rule(rule, subjects, member, rules=index.rules, on=on, crs=context.crs, measured=measured)
    if not len(findings):
        found.passed.append(_passed(rule, index.rules))
    edges = measured_edges(rule, subjects.take(findings.subject), index.rules, on)
    in_plant = rule.area_kind == "general" and len(findings) and _inside_plant(member, index)
    for position in range(len(findings)):
        one = findings.take(slice(position, position + 1))
        reason = rule_reason(
            one, role, subjects, "厂矿等人口密集地区的保护区可略小,须核定" if in_plant else ""
        )
        reach_m = float(one.required_m[0] + edges.offset_m[position])
        found.reasons.append(
            replace(
                reason,
                share_of_area=_share(member, subjects, one, reach_m),
                obstacle=subjects.geometry[one.subject[0]],
                clear_m=reach_m + float(one.error_m[0]),
            )
        )


def _measured(class_id: str, subjects: Members, member: Members, context: SiteContext, index: ClassIndex) -> Measured | None:
    """The pairs of a class with the site, measured once for all its rules; None where these reach by the mass of each subject."""
    farthest_m = _farthest_m(index.rules, class_id)
    if not np.isfinite(farthest_m):
        return None
    found: Measured | None = index.kept.get(f"measured {class_id}")
    if found is None:
        reach_m = np.full(len(subjects), farthest_m)
        pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach_m, crs=context.crs)
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
    parks = index.table("park_boundaries")
    return parks.n > 0 and bool(shapely.intersects(parks["geometry"], member.geometry[0]).any())


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
    elif rule.distance_m == 0:
        zh = f"{possible_zh}{name}: 位于其范围内" if actual_m <= 0 else f"{possible_zh}{name}: 距其边界 {metres(actual_m)}"
        en = f"{possible_en}{name}: inside it" if actual_m <= 0 else f"{possible_en}{name}: {metres(actual_m)} from its edge"
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
        reason = rule_reason(one, role, contours.members)
        found.reasons.append(
            replace(reason, share_of_area=share, obstacle=area, clear_m=float(one.error_m[0]))
        )
    if not len(findings):
        _contour_clear(rule, member, contours, context, index, found)


def _contour_clear(
    rule: Rule,
    member: Members,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    found: Findings,
) -> None:
    """Passed where a valid contour of an enterprise near the site leaves it out; without one nothing was tested."""
    owners = near_owners(member, context, index)
    has_contour = not owners.isdisjoint(contours.members.enterprise_id)
    inside = shapely.dwithin(contours.members.geometry, member.geometry[0], contours.members.accuracy_m)
    if has_contour or inside.any():
        found.passed.append(Passed(rule.rule_id, rule.title_zh, rule.title_en))
    elif owners:
        found.leave_out(
            "official_contours",
            "影响范围内的企业均无有效的个人风险等值线,GB 36894 未判定",
            "no enterprise within reach has a valid risk contour; GB 36894 was not tested",
        )


def _silent_check(
    rule: Rule, member: Members, context: SiteContext, index: ClassIndex, found: Findings
) -> None:
    """A rule without metres: listed; beside a pipeline, where Art. 31 sends one to the codes, a reason for review."""
    found.leave_out(
        rule.subject_class, f"{rule.clause}: {rule.unassessed_zh}", f"{rule.title_en}: {rule.unassessed_en}"
    )
    if not sends_to_codes(rule):
        return
    code_m = code_reach_m(index.rules)
    subjects = index.members(rule.subject_class)
    subjects = subjects.take(may_reach(subjects.geometry, member.geometry[0], np.full(len(subjects), code_m)))
    reach_m = np.full(len(subjects), code_m)
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach_m, crs=context.crs)
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        title, text = (rule.title_zh, rule.title_en), ("须查技术规范", "see the technical code")
        found.reasons.append(
            about(
                subjects,
                int(at),
                distance_m,
                line,
                kind=rule.kind,
                gravity=PERMIT,
                title=title,
                text=text,
                clear_m=code_m + TOLERANCE_M,
                rule=rule,
            )
        )


def sends_to_codes(rule: Rule) -> bool:
    """Whether a rule without metres sends a project beside a pipeline to the technical codes (Art. 31)."""
    return rule.rule_id.startswith("PIPE-L31-")


def code_reach_m(rules: RuleSet) -> float:
    """As near to a pipeline Art. 31 sends a building to the technical codes, metres."""
    return (rules["PIPE-L35-3a"].distance_m or 0.0) - TOLERANCE_M


def _undecided_features(
    member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    """Lines and roads beside the site whose own data leave it open which row applies: a missing input, never clear."""
    for features, reach_m, text in undecided_features(context, index, on):
        missing_value(features, reach_m, text, member, context, found)


def undecided_features(
    context: SiteContext, index: ClassIndex, on: date
) -> Iterator[tuple[Members, float, tuple[str, str]]]:
    """Such features by what they lack, with the widest distance any row could ask, metres."""
    in_force = index.rules.in_force(on, context.jurisdiction, "siting")
    judged = [rule for rule in in_force if rule.status == "judged"]
    bands = [
        rule for rule in judged if rule.subject_class == "overhead_power_line" and rule.kind == "prohibited"
    ]
    lines = index.members("overhead_power_line")
    if bands and len(lines):
        undecided = lines.take(~np.any([under_rule(rule, lines) for rule in bands], axis=0))
        text = "架空线路电压缺失或不在条例分档内", "voltage of the line unknown or in no band"
        yield undecided, widest_m(bands), text
    tracks, zones = index.members("railway"), [rule for rule in judged if rule.area_kind in RAILWAY_AREAS]
    if zones and len(tracks):
        without = tracks.take(~np.any([_is_kind(index, rule, tracks) & under_rule(rule, tracks) for rule in zones], axis=0))
        yield without, widest_m(zones) + ASSUMED_RAILWAY.offset_m, ("铁路类别或所经地区缺失", "kind of the railway or of its ground unknown")
    pipes = uncovered_pipelines(index, judged)
    pipes = pipes.take(pipes.category != "industrial")
    text = "管道类别或压力缺失", "kind or pressure of the pipeline unknown"
    of_pipes = [rule for rule in judged if rule.subject_class in PIPE_CLASSES]
    yield pipes, widest_m(of_pipes), text
    if index.table("roads").n:
        unclassed = index.chosen("roads", "unclassed", _is_unclassed)
        zones = [rule for rule in judged if rule.subject_class == "highway" and rule.kind == "prohibited"]
        yield unclassed, widest_m(zones), ("道路等级缺失", "class of the road unknown")


def _is_unclassed(roads: Columns) -> NDArray[np.bool_]:
    return np.array([road_class is None for road_class in roads["road_class"]], bool)


def _is_kind(index: ClassIndex, rule: Rule, members: Members) -> NDArray[np.bool_]:
    """Which members of a wider class are subjects of a rule."""
    return np.isin(members.feature_id.astype(str), index.members(rule.subject_class).feature_id.astype(str))


def widest_m(rules: Iterable[Rule]) -> float:
    return max((rule.distance_m or 0.0 for rule in rules), default=0.0)
