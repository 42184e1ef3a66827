"""A site against the official contours of individual risk: the class it certainly has decides, the strictest it may have is for review."""

from __future__ import annotations

from dataclasses import replace

import shapely

from layers.scoring.contours import Contours, contour_findings
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import Rule
from layers.scoring.siting_reasons import rule_reason
from layers.scoring.siting_surroundings import near_owners
from layers.scoring.siting_terms import Findings, Passed, SiteContext

NO_VALID_CONTOUR = (
    "影响范围内的企业均无有效的个人风险等值线,GB 36894 未判定", "no enterprise within reach has a valid risk contour; GB 36894 was not tested",
)  # fmt: skip


def contour_check(
    rule: Rule,
    role: str,
    member: Members,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    found: Findings,
    *,
    is_near: bool,
) -> None:
    """The class the site certainly has decides; the strictest it may have gives a reason for review.

    `is_near` is false where it is known that the site lies in no contour.
    """
    if not context.has("official_contours"):
        found.leave_out(
            "official_contours",
            "本期没有个人风险等值线(评价报告)",
            "this edition has no official risk contours",
        )
        return
    if not is_near:
        _contour_clear(rule, member, contours, context, index, found)
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


def _owners_and_contours(
    member: Members, contours: Contours, context: SiteContext, index: ClassIndex
) -> tuple[frozenset[str], bool]:
    """Enterprises near the one site that `index` is for, and whether a valid contour of one of them, or around the site, is there; found once."""
    found: tuple[frozenset[str], bool] | None = index.kept.get("owners and contours")
    if found is None:
        owners = near_owners(member, context, index)
        has_contour = not owners.isdisjoint(contours.members.enterprise_id)
        inside = shapely.dwithin(contours.members.geometry, member.geometry[0], contours.members.accuracy_m)
        found = index.kept["owners and contours"] = owners, bool(has_contour or inside.any())
    return found


def _contour_clear(
    rule: Rule,
    member: Members,
    contours: Contours,
    context: SiteContext,
    index: ClassIndex,
    found: Findings,
) -> None:
    """Passed where a valid contour of an enterprise near the site leaves it out; without one nothing was tested."""
    owners, is_held_against_one = _owners_and_contours(member, contours, context, index)
    if is_held_against_one:
        found.passed.append(Passed(rule.rule_id, rule.title_zh, rule.title_en))
    elif owners:
        found.leave_out("official_contours", *NO_VALID_CONTOUR)
