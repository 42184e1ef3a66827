"""What a finding of a rule says: how grave it is, and the words of the reason."""

from __future__ import annotations

from layers.scoring.object_classes import Members
from layers.scoring.rules import Rule
from layers.scoring.separation import Findings as RuleFindings
from layers.scoring.siting_surroundings import metres
from layers.scoring.siting_terms import NOT_MET, PERMIT, Reason


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
