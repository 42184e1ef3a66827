"""Every rule of the table that gives metres: a hand-made pair just inside, exactly at and just outside its distance.

The distance is read from the table a second time and the edge worked out by hand here, whatever state the rule is in: one
whose data no layer brings yet (not assessed) is measured alike the day that a layer does.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from layers.scoring.rules import Rule, RuleSet, read_rules
from layers.scoring.separation import apply_rule
from tests.layers.scoring.frames import CRS
from tests.layers.scoring.hand_made import STEP_M, has_metres, offset_m, subject, table, target

RULES = read_rules()
ROWS = list(filter(has_metres, table()))


def breaks(rule: Rule, row: dict[str, str], distance_m: float) -> Any:
    return apply_rule(rule, subject(row), target(row, distance_m), rules=RULES, on=date(2026, 9, 30), crs=CRS)


@pytest.mark.parametrize("row", [row for row in ROWS if float(row["distance_m"]) > 0], ids=lambda row: row["rule_id"])
def test_just_inside_breaks_just_outside_complies_and_the_row_says_what_holds_exactly_at_it(row: dict[str, str]) -> None:
    rule = RULES[row["rule_id"]]
    required_m, out_m = float(row["distance_m"]), offset_m(row)
    inside, at, outside = (breaks(rule, row, out_m + required_m + step) for step in (-STEP_M, 0.0, STEP_M))
    assert (len(inside), len(outside)) == (1, 0)
    assert len(at) == (0 if row["exact_complies"] == "true" else 1)
    assert inside.required_m[0] == required_m and inside.actual_m[0] == pytest.approx(required_m - STEP_M, abs=1e-4)
    assert inside.is_certain[0] and inside.line[0].length == pytest.approx(required_m - STEP_M, abs=1e-4)


@pytest.mark.parametrize("row", [row for row in ROWS if float(row["distance_m"]) == 0], ids=lambda row: row["rule_id"])
def test_rule_of_no_metres_forbids_touching_where_it_says_that_touching_breaks_it(row: dict[str, str]) -> None:
    is_broken_by_touch = row["exact_complies"] == "false"
    assert len(breaks(RULES[row["rule_id"]], row, offset_m(row))) == is_broken_by_touch
    assert len(breaks(RULES[row["rule_id"]], row, offset_m(row) + STEP_M)) == 0


def test_no_rule_with_metres_is_left_out_and_the_set_is_whole() -> None:
    assert {row["rule_id"] for row in ROWS} == {rule.rule_id for rule in RULES.rules if rule.distance_m is not None}
    assert len(ROWS) > 400 and isinstance(RULES, RuleSet)
