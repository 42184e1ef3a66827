"""Rules about parts of places (tanks, equipment, stores, railways): judged as soon as the data carry what the rule asks."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from layers.scoring.distances import find_violations
from layers.scoring.rules import read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, enterprise, layer, line, pipeline, target

ON = date(2026, 9, 30)
RULES = read_rules()
DECISIVE = ("station_grade", "vapour_recovery", "item_group", "fire_class", "gives_off_vapour", "volume_m3", "gb50156_class", "is_high_rise",
            "fire_grade", "depot_group", "phase", "is_outdoor", "n_persons", "carriageway_width_m", "enterprise_id",
            "street_class", "technical_class", "site_road", "is_onsite", "sway_m", "size", "has_dormitory",
            "class_b_item", "petro_facility", "reservoir_size", "is_free_flowing", "has_dwelling")  # fmt: skip
NUMBERS = ("volume_m3", "n_persons", "voltage_kv", "fire_grade", "carriageway_width_m", "outer_offset_m", "sway_m", "class_b_item")
LINES = ("railways", "roads", "power_lines", "power_cables", "road_red_lines")
with (Path(__file__).parents[2] / "reference" / "parts_cases.csv").open(encoding="utf-8", newline="") as lines:
    CASES = list(csv.DictReader(lines))


def _fields(text: str) -> dict[str, Any]:
    stated: dict[str, Any] = dict(part.split("=") for part in text.split(";"))
    words = {"true": True, "false": False}
    return {name: float(value) if name in NUMBERS else words.get(value, value) for name, value in stated.items()}


def _layers(case: Mapping[str, str], distance_m: float) -> dict[str, gpd.GeoDataFrame]:
    """Subject with its northern edge on the line through the centre, object so far north of it; of two owners."""
    south = {"geometry": box(-6, -9, 6, 0), "enterprise_id": "E1", "feature_id": "a"} | _fields(case["subject_fields"])
    north = {"geometry": box(-5, distance_m, 5, distance_m + 8), "enterprise_id": "E2", "feature_id": "b"} | _fields(case["object_fields"])
    for own, name in ((south, "U1"), (north, "U2")):
        own |= {"unit_id": name, "filed_level": None, "status": None}
    if case["subject_layer"] in LINES:
        out_m = south.get("outer_offset_m", 0.0) + south.get("sway_m", 0.0)
        south["geometry"] = line((-50, -out_m), (50, -out_m))
    if case["subject_layer"] == "pipelines":
        south = pipeline(line((-50, 0), (50, 0)), feature_id="a") | _fields(case["subject_fields"])
    if case["object_layer"] in LINES:
        axis_m = distance_m + north.get("carriageway_width_m", 0.0) / 2 + north.get("outer_offset_m", 0.0)
        north["geometry"] = line((-50, axis_m), (50, axis_m))
    if case["object_layer"] == "protection_targets":
        north = target(north["geometry"], "school") | north
    if case["rule_id"].startswith("PWR-OHL-DENSE"):
        plant = {"park_boundaries": layer({"geometry": box(-200, -200, 200, 200), "kind": "chemical"})}
        return plant | {case["subject_layer"]: layer(south), case["object_layer"]: layer(north)}
    if case["subject_layer"] == case["object_layer"]:
        return {case["subject_layer"]: layer(south, north)}
    return {case["subject_layer"]: layer(south), case["object_layer"]: layer(north)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["rule_id"])
def test_pair_just_inside_breaks_and_exactly_at_the_distance_complies(case: dict[str, str]) -> None:
    found = [find_violations(_layers(case, float(case["required_m"]) + step), RULES, on=ON).violations for step in (-0.02, 0.0, 0.02)]
    mine = [rows[rows["rule_id"] == case["rule_id"]] for rows in found]
    assert [len(rows) for rows in mine] == [1, 0, 0]
    row = mine[0].iloc[0]
    assert row["required_m"] == float(case["required_m"]) and row["certainty"] == "certain"
    assert row["shortfall_m"] == pytest.approx(0.02, abs=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["rule_id"])
def test_nothing_is_judged_where_the_data_do_not_carry_it(case: dict[str, str]) -> None:
    """One stated field less on either side: no violation of the rule, never a guess."""
    for side in ("subject_fields", "object_fields"):
        for name in _fields(case[side]):
            if name not in DECISIVE or (name == "enterprise_id" and RULES[case["rule_id"]].owner == "any"):
                continue
            layers = _layers(case, 1.0)
            frame = layers[case[f"{side.split('_')[0]}_layer"]]
            frame[name] = frame[name].astype(object)
            frame.loc[frame["feature_id"] == ("a" if side == "subject_fields" else "b"), name] = None
            assert case["rule_id"] not in set(find_violations(layers, RULES, on=ON).violations["rule_id"]), name


def test_station_with_equipment_is_judged_and_one_without_is_listed() -> None:
    stations = layer(enterprise(box(0, 0, 1, 1).centroid, "fuel_station"), enterprise(box(90, 0, 91, 1).centroid, "fuel_station", enterprise_id="E2", feature_id="E2"))
    equipment = layer({"geometry": box(0, 0, 2, 2), "enterprise_id": "E1", "station_grade": "tank_class_1", "vapour_recovery": "unloading_and_refuelling_recovery"})
    listed = find_violations({"enterprises": stations, "fuel_station_equipment": equipment}, RULES, on=ON).unassessed
    assert listed.set_index("rule_id").loc["FUEL-2021-OPEN", "n"] == 1
    without = find_violations({"enterprises": stations}, RULES, on=ON).unassessed
    assert without.set_index("rule_id").loc["FUEL-2021-OPEN", "n"] == 2


def test_judged_rule_without_any_data_is_said_and_not_passed_over() -> None:
    listed = find_violations({"buildings": layer({"geometry": box(0, 0, 1, 1), "use": "residential"})}, RULES, on=ON).unassessed
    said = dict(zip(listed["subject_class"], listed["zh"], strict=True))
    assert said["oil_gas_well"] == "本期没有油气井数据" and said["liquid_tank"] == "本期没有可燃液体储罐数据"


def test_two_shops_are_one_conflict() -> None:
    shops = layer({"geometry": box(0, 0, 5, 5), "name": "a", "feature_id": "S1"}, {"geometry": box(30, 0, 35, 5), "name": "b", "feature_id": "S2"})
    found = find_violations({"fireworks_shops": shops}, RULES, on=ON).violations
    assert found[["rule_id", "subject_feature_id", "object_feature_id"]].to_numpy().tolist() == [["FW-RETAIL-50", "S1", "S2"]]


def _beside_railway(distance_m: float, **fields: Any) -> SiteVerdict:
    """Housing so far north of the centre of a railway whose embankment ends 4 m out."""
    track = {"geometry": line((-600, 0), (600, 0)), "name": "rail", "kind": "national", "area_kind": "other", "outer_offset_m": 4.0} | fields
    states = dict.fromkeys(("pipelines", "roads", "risk_points", "railways"), "loaded")
    context = SiteContext({"railways": layer(track)}, states, CRS)
    return check_site(box(-20, distance_m, 20, distance_m + 30), project=Project("residential", n_persons=80), context=context, rules=RULES, on=ON)


@pytest.mark.parametrize(
    ("kind", "area_kind", "zone_m"),
    [("national", "city_urban", 8), ("national", "city_suburb_residential", 10), ("enterprise", "village_town_residential", 12), ("national", "other", 15),
     ("high_speed", "city_urban", 10), ("high_speed", "city_suburb_residential", 12), ("high_speed", "village_town_residential", 15), ("high_speed", "other", 20)],
)  # fmt: skip
def test_works_in_the_protection_zone_of_a_railway_need_its_consent(kind: str, area_kind: str, zone_m: float) -> None:
    verdicts = [_beside_railway(4.0 + zone_m + step, kind=kind, area_kind=area_kind) for step in (-0.02, 0.0, 0.02)]
    assert [len(verdict.reasons) for verdict in verdicts] == [1, 0, 0]
    [reason] = verdicts[0].reasons
    assert (reason.gravity, reason.kind, reason.required_m) == (3, "permit_required", zone_m) and "铁路安全管理条例" in str(reason.clause)


def test_railway_that_states_no_kind_or_ground_is_a_missing_input_and_no_offset_is_assumed_wide() -> None:
    for fields in ({"kind": None}, {"area_kind": None}):
        assert [reason.kind for reason in _beside_railway(20.0, **fields).reasons] == ["missing_input"]
    [reason] = _beside_railway(20.0, outer_offset_m=None).reasons
    assert reason.certainty == "possible" and reason.is_estimated and reason.required_m == 15


def test_cells_beside_a_railway_are_answered_as_single_sites() -> None:
    tracks = layer({"geometry": line((-300, -40), (300, 60)), "name": "rail", "kind": "high_speed", "area_kind": "other", "outer_offset_m": 5.0},
                   {"geometry": line((-300, 150), (300, 130)), "name": "spur", "kind": None, "area_kind": "other", "outer_offset_m": None}, accuracy_m=2.0)  # fmt: skip
    context = SiteContext({"railways": tracks}, dict.fromkeys(("pipelines", "roads", "risk_points", "railways"), "loaded"), CRS)
    cells, _ = grid_cells(box(-250, -250, 250, 250), 40.0)
    project = Project("residential", n_persons=80)
    answer = judge_cells(cells, project=project, context=context, rules=RULES, on=ON)
    ranks = [check_site(cell, project=project, context=context, rules=RULES, on=ON).rank for cell in cells]
    assert answer.rank.tolist() == ranks and {2, 3, 4} == set(ranks)


STORE = {"kind": "warehouse", "fire_class": "A", "item_group": "items34_up_to_5t", "unit_id": "U1", "enterprise_id": "E1"}


def test_edge_of_a_road_is_half_its_width_from_the_middle_and_the_line_ends_there() -> None:
    layers = {"hazard_units": layer({"geometry": box(-6, -9, 6, 0)} | STORE), "roads": layer({"geometry": line((-50, 20), (50, 20)), "carriageway_width_m": 14.0})}
    row = find_violations(layers, RULES, on=ON).violations.iloc[0]
    assert row["rule_id"] == "F-3.5.1-offsite_road_edge-items34_up_to_5t" and row["actual_m"] == pytest.approx(13.0, abs=1e-3)
    assert row.geometry.length == pytest.approx(13.0, abs=1e-3)


def test_store_that_stands_on_a_carriageway_has_no_distance_at_all() -> None:
    layers = {"hazard_units": layer({"geometry": box(-6, -9, 6, 0)} | STORE), "roads": layer({"geometry": line((-50, 3), (50, 3)), "carriageway_width_m": 14.0})}
    assert find_violations(layers, RULES, on=ON).violations["actual_m"].tolist() == [0.0]


def test_railway_without_a_stated_edge_is_possibly_too_near_a_well_and_estimated() -> None:
    well = layer({"geometry": box(0, 0, 0.2, 0.2).centroid, "phase": "drilling"})
    rows = find_violations({"oil_gas_wells": well, "railways": layer({"geometry": line((-50, 205), (50, 205)), "kind": "national"})}, RULES, on=ON).violations
    row = rows[rows["rule_id"] == "WELL-200"].iloc[0]
    assert row["certainty"] == "possible" and row["is_estimated"]


def test_roads_and_works_that_do_not_state_what_a_rule_asks_are_counted_and_not_passed_over() -> None:
    layers = {"hazard_units": layer({"geometry": box(-6, -9, 6, 0)} | STORE), "roads": layer({"geometry": line((-50, 3), (50, 3)), "carriageway_width_m": None}),
              "buildings": layer({"geometry": box(-5, 2, 5, 9), "use": "industrial", "enterprise_id": None, "fire_grade": 2.0})}  # fmt: skip
    report = find_violations(layers, RULES, on=ON)
    listed = report.unassessed.set_index("zh")["n"]
    assert len(report.violations) == 0
    assert listed["道路未注明行车道宽度,未判定"] == 1 and listed["厂房未注明所属企业或耐火等级,未判定"] == 1


@pytest.mark.parametrize(("apart_m", "n"), [(-1.0, 1), (0.0, 1), (0.02, 0)], ids=["inside", "at the wall", "apart"])
def test_fireworks_shop_in_a_dwelling_building_is_forbidden(apart_m: float, n: int) -> None:
    layers = {"fireworks_shops": layer({"geometry": box(0, 0, 5, 5), "name": "shop", "feature_id": "S1"}),
              "buildings": layer({"geometry": box(0, 5 + apart_m, 5, 15), "use": "residential", "feature_id": "B1"})}  # fmt: skip
    rows = find_violations(layers, RULES, on=ON).violations
    assert rows["rule_id"].tolist() == ["FW-RETAIL-HOUSE"] * n
