"""All checks of one site in the order of the form, and which rules bind the project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import unused_distances, valid_contours
from layers.scoring.object_classes import ClassIndex, proposal
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.separation import DENSE_AREA, binds_works
from layers.scoring.siting_contours import contour_check
from layers.scoring.siting_distances import distance_check, lacking, passed_rule
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
    NotAssessed,
    Passed,
    Project,
    Reason,
    SiteContext,
)
from layers.scoring.siting_unsettled import codes_check, sends_to_codes, unassessed, undecided_check
from layers.scoring.siting_zones import zone_checks
from layers.scoring.targets import TARGET_CLASSES, class_range

NO_CHECK, BY_CONTOUR, BY_METRES, BY_CODES = "", "contour", "metres", "codes"
"""How a rule is held against a site."""
CORE_LAYERS = (
    ("pipelines", "油气管道", "pipelines"),
    ("roads", "道路", "roads"),
    ("risk_points", "风险点", "risk points"),
)
"""Without these a screening says too little to find "nothing"."""
OLD_CONTOURS = (
    "附近有已过有效期或未注明有效期的等值线,未采用", "contours nearby are expired or without date of validity and were not used",
)  # fmt: skip
OLD_DISTANCES = (
    "附近有已过有效期或未注明有效期的评价报告距离,未采用", "distances of reports nearby are expired or without date of validity and were not used",
)  # fmt: skip


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
    for rule, role, check, said, passed in _steps(in_force, project, kind, context, index):
        if said is not None:
            found.not_assessed.setdefault((said.topic, said.zh), said)
        if check == BY_CONTOUR:
            contour_check(rule, role, member, contours, context, index, found, is_near=CONTOURS in asked)
        elif check == BY_METRES and (passed is None or rule.rule_id in asked):
            distance_check(rule, role, member, context, index, on, found, is_near=rule.rule_id in asked)
        elif check == BY_CODES and rule.rule_id in asked:
            codes_check(rule, member, context, index, found)
        elif passed is not None:
            found.passed.append(passed)
    if n_unused:
        found.leave_out("official_contours", *OLD_CONTOURS)
    if unused_distances(index, on):
        found.leave_out("official_distances", *OLD_DISTANCES)
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


class _Step(NamedTuple):
    """One rule of a kind of project: how it concerns it, which check it needs, and what is said of it wherever the site lies.

    `passed` : what is said where nothing of it is near; None where the check itself must tell
    """

    rule: Rule
    role: str
    check: str
    said: NotAssessed | None = None
    passed: Passed | None = None


def _steps(in_force: tuple[Rule, ...], project: Project, kind: ProjectType, context: SiteContext, index: ClassIndex) -> tuple[_Step, ...]:
    """The rules that a project is held against, in their order; found once a kind of project and edition."""
    kept: dict[Any, Any] = index.kept if context.unstated is None else context.kept
    key = "steps", id(in_force), kind.id, project.is_new
    found: tuple[tuple[Rule, ...], tuple[_Step, ...]] | None = kept.get(key)
    if found is None:  # the rules are kept too: an id is of one thing as long as that thing is there
        found = kept[key] = in_force, tuple(_made_steps(_roles(in_force, project, kind, index.rules), context, index))
    return found[1]


def _made_steps(roles: tuple[tuple[Rule, str], ...], context: SiteContext, index: ClassIndex) -> Iterator[_Step]:
    first_of: dict[str, NotAssessed] = {}
    for rule, role in roles:
        if role in ("object", "review") and rule.formula == "risk_contour":
            yield _Step(rule, role, BY_CONTOUR)
        elif role != "own" and rule.status == "judged":
            said = lacking(rule, context, index)
            if said is not None:  # a missing layer is never a clear one, and is told once a class
                yield _Step(rule, role, NO_CHECK, first_of.setdefault(rule.subject_class, said))
            else:
                yield _Step(rule, role, BY_METRES, passed=None if rule.area_kind == DENSE_AREA else passed_rule(rule, index.rules))
        elif rule.status == "not_assessed":
            yield _Step(rule, role, BY_CODES if sends_to_codes(rule) else NO_CHECK, unassessed(rule, index.rules))


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
