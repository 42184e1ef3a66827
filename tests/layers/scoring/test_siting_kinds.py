"""Which kinds of project every rule with metres is held against: none that a project of the form could break is left out."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from layers.scoring.alongside import shortest_alongside
from layers.scoring.rules import Rule, read_rules
from layers.scoring.siting_checks import role_of
from layers.scoring.siting_terms import Project
from tests.layers.scoring.frames import box, layer, line, pipeline, point, unit
from tests.layers.scoring.siting_questions import ON, check, reason_of, south

RULES = read_rules()
NO_KIND_OF_PROJECT = {
    "activity": "works, bound by permit rules through the activities of a project",
    "overhead_line": "no kind of the form is a power line",
    "outdoor_substation": "no kind of the form is a substation",
    "outdoor_substation_35_500kV": "no kind of the form is a substation",
    "fireworks_retail": "no kind of the form is a shop of fireworks",
    "small_quarry": "no kind of the form is a quarry",
    "onsite_main_road": "a road inside the plant of the very store",
    "onsite_minor_road": "a road inside the plant of the very store",
    "onsite_railway_centreline": "a track inside the plant of the very store",
}
"""Objects of rules that no kind of project of the siting form is, and why: such rules stand in the county's list alone."""


def kinds_of(rule: Rule) -> set[str]:
    return {name for name, kind in RULES.project_types.items() if role_of(rule, Project(name), kind) in ("object", "review", "works")}


def test_every_rule_with_metres_is_held_against_some_kind_of_project_but_those_that_none_can_break() -> None:
    judged = [rule for rule in RULES.in_force(ON, "CN", "siting") if rule.status == "judged"]
    assert {rule.object_class for rule in judged if not kinds_of(rule)} == set(NO_KIND_OF_PROJECT)


def store(away_m: float) -> dict[str, Any]:
    own = {"kind": "warehouse", "fire_class": "A", "item_group": "items34_above_5t"}
    return {"hazard_units": layer(unit(box(-20, -60, 20, -away_m), **own))}


def tank(away_m: float) -> dict[str, Any]:
    return {"storage_tanks": layer({"geometry": box(-20, -60, 20, -away_m), "kind": "class_A_B_liquid", "volume_m3": 500.0})}


def depot_pipe(away_m: float) -> dict[str, Any]:
    return {"pipelines": layer(pipeline(south(away_m), medium="crude_oil", depot_group="lpg_class_A_above"))}


def well(away_m: float) -> dict[str, Any]:
    return {"oil_gas_wells": layer({"geometry": point(0, -away_m), "phase": "drilling", "name": "well"})}


@pytest.mark.parametrize(
    ("around", "kind", "rule_id", "required_m"),
    [
        (store, "residential", "F-3.5.1-other_civil_open_flame-items34_above_5t", 40.0),
        (store, "office", "F-3.5.1-high_rise_civil_or_important_public-items34_above_5t", 50.0),
        (store, "warehouse", "F-3.5.1-plant_or_BCDE_store_grade12-items34_above_5t", 20.0),
        (store, "hazchem", "F-3.5.1-class_A_store-items34_above_5t", 20.0),
        (tank, "residential", "F-4.2.1-class_A_B_liquid-200-high_rise_civil", 60.0),
        (tank, "park_parking", "F-4.2.1-class_A_B_liquid-200-other_grade12", 20.0),
        (depot_pipe, "school_hospital_elderly", "PIPE-GB50074-settlement_or_crowded_house-lpg_class_A_above", 40.0),
        (depot_pipe, "residential", "PIPE-GB50074-settlement_or_crowded_house-lpg_class_A_above", 40.0),
        (well, "transport", "WELL-200", 200.0),
    ],
)
def test_project_beside_a_store_tank_pipe_or_well_is_for_review_up_to_the_metres_of_the_table(
    around: Any, kind: str, rule_id: str, required_m: float
) -> None:
    states = {"storage_tanks": "loaded", "oil_gas_wells": "loaded"}
    inside, at, outside = (check(around(required_m + step), RULES, kind=kind, states=states) for step in (-0.02, 0.0, 0.02))
    found = reason_of(inside, rule_id)
    assert found and (found.gravity, found.required_m) == (3, required_m) and "须核定是否属于该类对象" in found.text_zh
    assert found.actual_m == pytest.approx(required_m - 0.02, abs=1e-4)
    for clear in (at, outside):
        assert reason_of(clear, rule_id) is None and rule_id in {entry.rule_id for entry in clear.passed}


def test_store_that_does_not_state_its_goods_leaves_housing_beside_it_without_a_verdict() -> None:
    silent = layer(unit(box(-20, -60, 20, -30), kind="warehouse", fire_class="A", item_group=None))
    verdict = check({"hazard_units": silent}, RULES)
    assert verdict.id == "not_enough" and not any(entry.rule_id.startswith("F-3.5.1-other_civil") for entry in verdict.passed)


def test_metres_of_fire_separation_do_not_settle_a_source_that_reaches_farther() -> None:
    names = {name for kind in RULES.project_types.values() for name in kind.close_classes}
    source = {"point_id": "R1", "source_layer": "hazard_units", "source_feature_id": "f0", "enterprise_id": "E1", "name": "store", "kind": "warehouse",
              "level": "orange", "radius_m": 300.0, "geometry": point(0, -130)}  # fmt: skip
    verdict = check(store(100.0) | {"risk_points": layer(source)}, RULES)
    assert "other_civil_open_flame" in names and verdict.id == "not_enough"


def test_proposed_road_drawn_as_ground_runs_alongside_a_line_by_its_edges() -> None:
    beside, across = line((-300, -2), (300, -2)), line((5, -200), (5, 300))
    ground = box(-200, 0, 200, 30)
    nearest = shortest_alongside(beside, ground, 3.0)
    assert nearest is not None and nearest.length == pytest.approx(2.0)
    assert shortest_alongside(across, ground, 3.0) is None
    verdict = check({"pipelines": layer(pipeline(shapely.get_geometry(beside, 0)))}, RULES, kind="transport", site=ground)
    assert reason_of(verdict, "PIPE-GB50251-ROAD") is not None


@pytest.mark.parametrize(
    ("kind", "layers", "rule_id", "reach_m"),
    [
        ("fuel_station", {"railways": layer({"geometry": south(0.0), "outer_offset_m": 3.0})}, "FUEL-2021-tank_class_1-railway", 18.5),
        ("hazchem", {"railways": layer({"geometry": south(0.0), "outer_offset_m": 3.0})}, "F-3.5.1-offsite_railway_centreline-items34_up_to_5t", 43.0),
        ("hazchem", {"buildings": layer({"geometry": box(-400, -40, 400, 0), "use": "residential", "is_high_rise": True})}, "F-4.2.1-class_A_B_liquid-1000-high_rise_civil", 70.0),
    ],
)
def test_dangerous_project_near_what_it_must_keep_away_from_has_no_verdict(kind: str, layers: Any, rule_id: str, reach_m: float) -> None:
    states = dict.fromkeys(layers, "loaded")
    for away_m, is_told in ((reach_m - 0.02, True), (reach_m + 0.02, False)):
        site = box(-20, away_m, 20, away_m + 40)
        verdict = check(layers, RULES, kind=kind, site=site, states=states)
        found = reason_of(verdict, rule_id)
        assert (found is not None) == is_told
        if found:
            assert (found.gravity, found.kind, verdict.id) == (2, "missing_input", "not_enough") and found.actual_m == pytest.approx(away_m, abs=1e-3)
