"""Every rule of the table that gives metres: a hand-made pair just inside, exactly at and just outside its distance.

The distance is read from the table a second time and the edge worked out by hand here, whatever state the rule is in: one
whose data no layer brings yet (not assessed) is measured alike the day that a layer does.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from layers.scoring.object_classes import Members, proposal
from layers.scoring.rule_tables import RULES_DIR
from layers.scoring.rules import Rule, RuleSet, read_rules
from layers.scoring.separation import apply_rule
from layers.scoring.targets import TARGET_CLASSES
from tests.layers.scoring.frames import CRS, box, line

STEP_M = 0.02
LAND_M, CONDUCTOR_M, PIPE_MM, SWAY_M = 24.0, 4.0, 400.0, 2.5
RULES = read_rules()
CONTROL_ZONE_M = {"national_road": 20.0, "provincial_road": 15.0, "county_road": 10.0, "township_road": 5.0, "expressway": 30.0}


def table() -> list[dict[str, str]]:
    with (RULES_DIR / "separation_distances.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["distance_m"]]


ROWS = table()


def subject(row: dict[str, str]) -> Members:
    """A straight line that the row's conditions cover."""
    member = proposal(line((-2000, 0), (2000, 0)))
    road_class = (row["road_class"] or "county_road").split("|")[0]
    voltage = float(row["voltage_kv_min"] or row["voltage_kv_max"] or 110.0)
    above, up_to = row["pressure_mpa_above"], row["pressure_mpa_up_to"]
    pressure = float(up_to) if up_to else float(above) + 0.1 if above else 4.0
    numbers = {name: np.array([value]) for name, value in (("voltage_kv", voltage), ("pressure_mpa", pressure), ("diameter_mm", PIPE_MM),
               ("land_width_m", LAND_M), ("outer_offset_m", CONDUCTOR_M), ("tnt_kg", 1000.0), ("volume_m3", volume_m3(row)), ("sway_m", SWAY_M))}  # fmt: skip
    texts = {name: np.array([row[name]], object) for name in ("station_grade", "vapour_recovery", "item_group", "area_kind")}
    return replace(member, road_class=np.array([road_class], object), numbers=numbers, texts=texts)


def volume_m3(row: dict[str, str]) -> float:
    """A volume within the bounds of a row."""
    return float(row["volume_m3_above"] or 0.0) + 1.0


def offset_m(row: dict[str, str]) -> float:
    """By hand: how far out from the centreline the row measures."""
    if row["measured_from"] == "pipe_outer_edge":
        return PIPE_MM / 2000
    if row["subject_class"] == "highway":
        zone = CONTROL_ZONE_M[(row["road_class"] or "county_road").split("|")[0]]
        return LAND_M / 2 + (zone if row["measured_from"] == "outer_edge_of_building_control_zone" else 0.0)
    if row["measured_from"] == "embankment_toe_or_cutting_top_or_bridge_outer_edge":
        return CONDUCTOR_M
    sway_m = SWAY_M if row["measured_from"] == "outer_conductor_after_max_sway" else 0.0
    return CONDUCTOR_M + sway_m if row["subject_class"] == "overhead_power_line" else 0.0


def target(row: dict[str, str], distance_m: float) -> Members:
    """A building whose edge lies at a distance from the line's centre, of the strictest class that the row names."""
    member = proposal(box(-5, distance_m, 5, distance_m + 8))
    if row["target_class"]:
        member.mildest[:] = TARGET_CLASSES.index(row["target_class"].split("|")[0])
    return member


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
