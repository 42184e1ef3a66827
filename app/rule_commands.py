"""The command that counts the distance rules: assessed, not assessed and why, answered elsewhere."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import Any

import click

from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.rules.unassessed import RulesOfReason, has_metres, needing_data, unassessed_with_metres


@click.command("rules")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def rules_command(as_json: bool) -> None:
    """Count the distance rules: how many are assessed, and which give metres but are not, each with its reason."""
    counted = rule_counts(read_rules())
    click.echo(json.dumps(counted, ensure_ascii=False) if as_json else "\n".join(_lines(counted)))


def rule_counts(rules: RuleSet) -> dict[str, Any]:
    """Rules in all and by status, those with metres that are not assessed by reason, those that wait for data by field."""
    without = unassessed_with_metres(rules)
    return {
        "version": rules.version,
        "n_rules": len(rules.rules),
        "n_with_metres": sum(map(has_metres, rules.rules)),
        "statuses": dict(sorted(Counter(rule.status for rule in rules.rules).items())),
        "n_unassessed_with_metres": sum(len(entry.rule_ids) for entry in without),
        "unassessed_with_metres": list(map(dataclasses.asdict, without)),
        "assessed_where_data_state": list(map(dataclasses.asdict, needing_data(rules))),
    }


def _lines(counted: dict[str, Any]) -> list[str]:
    statuses = ", ".join(f"{name} {n}" for name, n in counted["statuses"].items())
    lines = [f"规则 rules {counted['n_rules']} ({statuses}); 有米数或公式 with metres or a formula {counted['n_with_metres']}"]
    lines.append(f"有米数而未核定 with metres, not assessed: {counted['n_unassessed_with_metres']}")
    lines += [_line(entry) for entry in counted["unassessed_with_metres"]]
    lines.append("数据注明后即核定 assessed as soon as the data state it:")
    return lines + [_line(entry) for entry in counted["assessed_where_data_state"]]


def _line(entry: dict[str, Any]) -> str:
    told = RulesOfReason(**entry)
    return f"{len(told.rule_ids)}\t{told.reason_zh}\t{told.reason_en}\t{' '.join(told.rule_ids)}"
