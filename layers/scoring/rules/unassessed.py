"""Which rules of the table give metres or a formula and are not assessed, by the reason: the one place that counts them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from layers.scoring.field_words import in_words
from layers.scoring.rules import Rule, RuleSet


@dataclass(frozen=True)
class RulesOfReason:
    """Rules that share a reason; `rule_ids` and `clauses` in the order of the table."""

    reason_zh: str
    reason_en: str
    rule_ids: tuple[str, ...]
    clauses: tuple[str, ...]

    @property
    def n_rules(self) -> int:
        return len(self.rule_ids)


def has_metres(rule: Rule) -> bool:
    """Whether a row states a distance or a formula that gives one."""
    return rule.distance_m is not None or bool(rule.formula)


def unassessed_words(rule: Rule, rules: RuleSet) -> tuple[str, str]:
    """Why a rule is not assessed, or what it needs, as people are told it in both languages."""
    layers = (member.layer for name in (rule.object_class, rule.subject_class) for member in rules.classes[name].members)
    return in_words(layers, rule.unassessed_zh, rule.unassessed_en)


def unassessed_with_metres(rules: RuleSet) -> list[RulesOfReason]:
    """Rules with metres or a formula that are not assessed, by reason, most first."""
    return _by_reason(rules, (rule for rule in rules.rules if rule.status == "not_assessed" and has_metres(rule)))


def needing_data(rules: RuleSet) -> list[RulesOfReason]:
    """Rules that are assessed as soon as the data state a certain field or bring a certain layer, by what is asked, most first."""
    return _by_reason(rules, (rule for rule in rules.rules if rule.status == "judged" and rule.unassessed_zh))


def _by_reason(rules: RuleSet, chosen: Iterable[Rule]) -> list[RulesOfReason]:
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in chosen:
        groups.setdefault(unassessed_words(rule, rules), []).append(rule)
    found = [
        RulesOfReason(zh, en, tuple(rule.rule_id for rule in group), tuple(dict.fromkeys(rule.clause for rule in group)))
        for (zh, en), group in groups.items()
    ]
    return sorted(found, key=lambda entry: (-len(entry.rule_ids), entry.reason_zh))
