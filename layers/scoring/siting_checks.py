"""All checks of one site in the order of the form, and which rules bind the project."""

from __future__ import annotations

from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import unused_distances, valid_contours
from layers.scoring.object_classes import ClassIndex, proposal
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.separation import binds_works
from layers.scoring.siting_contours import contour_check
from layers.scoring.siting_distances import distance_check
from layers.scoring.siting_place import place_checks
from layers.scoring.siting_project import own_checks
from layers.scoring.siting_reach import checks_at
from layers.scoring.siting_surroundings import no_near_sources, source_check
from layers.scoring.siting_silent import silent_features_check
from layers.scoring.siting_terms import (
    CONTOURS,
    NOT_ENOUGH,
    SILENT,
    SOURCES,
    SPOTS,
    UNDECIDED,
    Findings,
    Project,
    Reason,
    SiteContext,
)
from layers.scoring.siting_unsettled import silent_check, undecided_check
from layers.scoring.siting_zones import zone_checks
from layers.scoring.targets import TARGET_CLASSES, class_range

CORE_LAYERS = (
    ("pipelines", "油气管道", "pipelines"),
    ("roads", "道路", "roads"),
    ("risk_points", "风险点", "risk points"),
)
"""Without these a screening says too little to find "nothing"."""


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
    asked = checks_at(site, context, index)
    if SOURCES not in asked:
        no_near_sources(index)
    for rule, role in _roles(in_force, project, kind, index.rules):
        if role in ("object", "review") and rule.formula == "risk_contour":
            contour_check(rule, role, member, contours, context, index, found, is_near=CONTOURS in asked)
        elif role and role != "own" and rule.status == "judged":
            distance_check(rule, role, member, context, index, on, found, is_near=rule.rule_id in asked)
        elif role and rule.status == "not_assessed":
            silent_check(rule, member, context, index, found, is_near=rule.rule_id in asked)
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
    if UNDECIDED in asked:
        undecided_check(member, context, index, on, found)
    if SILENT in asked:
        silent_features_check(held_against(in_force, project, kind, index.rules), member, context, index, on, found)
    place_checks(member, kind, context, index, in_force, found, has_spots=SPOTS in asked)
    zone_checks(member, kind, context, index, on, found)
    source_check(member, kind, contours, context, index, on, found)
    own_checks(member, project, kind, context, index, in_force, asked, found)
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


def held_against(in_force: tuple[Rule, ...], project: Project, kind: ProjectType, rules: RuleSet) -> tuple[Rule, ...]:
    """The rules with metres that a project's site is held against."""
    key = "held against", id(in_force), kind.id, project.is_new
    found: tuple[Rule, ...] | None = rules.kept.get(key)
    if found is None:
        roles = _roles(in_force, project, kind, rules)
        found = rules.kept[key] = tuple(
            rule for rule, role in roles if role != "own" and rule.status == "judged" and rule.formula != "risk_contour"
        )
    return found


def role_of(rule: Rule, project: Project, kind: ProjectType) -> str:
    """How a rule concerns the project: what it is (``object``), may be (``review``), does (``works``), owes (``own``)."""
    if rule.status == "elsewhere" or (rule.is_new_only and not project.is_new):
        return ""
    if rule.object_class in kind.object_classes:
        return "object"
    if rule.object_class in kind.review_classes or rule.object_class in kind.close_classes:
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
