"""Rules that wait for what few deliveries state: judged between the right owners and places, and told where the data are silent."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import pytest
import shapely
import shapely.affinity

from layers.scoring.distances import find_violations
from layers.scoring.works_notices import notice
from layers.scoring.rules import read_rules
from layers.scoring.rules.unassessed import has_metres, needing_data, unassessed_with_metres
from layers.scoring.siting import check_site
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import (
    CRS,
    box,
    building,
    contour,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    power_line,
    road,
    target,
    unit,
)

ON = date(2026, 9, 30)
RULES = read_rules()
CORE = ("pipelines", "roads", "risk_points")
PLANT = {"geometry": box(-300, -300, 300, 300), "kind": "chemical"}
TANK = {"geometry": point(0, 0), "station_grade": "tank_class_1", "vapour_recovery": "unloading_and_refuelling_recovery", "enterprise_id": "E1"}
STORE = unit(box(-6, -9, 6, 0), kind="warehouse", fire_class="A", item_group="items34_up_to_5t")


def broken(layers: dict[str, gpd.GeoDataFrame]) -> set[str]:
    return set(find_violations(layers, RULES, on=ON).violations["rule_id"])


def said(layers: dict[str, gpd.GeoDataFrame]) -> dict[str, str]:
    """What was not assessed, by rule."""
    listed = find_violations(layers, RULES, on=ON).unassessed
    return {str(rule_id): "; ".join(rows) for rule_id, rows in listed.groupby("rule_id")["zh"]}


@pytest.mark.parametrize(("owner", "is_judged"), [("E1", True), ("E2", False), (None, False)])
def test_road_inside_a_plant_is_held_against_the_stores_of_that_plant_alone(owner: str | None, is_judged: bool) -> None:
    track = road(line((-50, 8), (50, 8)), None, site_road="onsite_main", enterprise_id=owner, carriageway_width_m=6.0)
    rules = broken({"hazard_units": layer(STORE), "roads": layer(track)})
    assert ("F-3.5.1-onsite_main_road-items34_up_to_5t" in rules) == is_judged
    assert "F-3.5.1-offsite_road_edge-items34_up_to_5t" not in rules, "a road inside a plant is no public road"


def test_flame_of_the_same_plant_is_judged_by_gb50016_and_not_by_the_table_of_fuel_stations() -> None:
    flame = layer({"geometry": point(0, 8), "kind": "boiler", "enterprise_id": "E1"})
    workshop = unit(box(-6, -9, 6, 0), kind="production", fire_class="A")
    assert "F-3.4.2-FIRE" in broken({"hazard_units": layer(workshop), "open_flame_places": flame})
    assert not broken({"fuel_station_equipment": layer(TANK), "open_flame_places": flame})


def test_clearance_after_sway_decides_inside_plants_and_the_zone_outside() -> None:
    power = layer(power_line(line((-900, 0), (900, 0)), 110.0, sway_m=2.0))
    houses = layer(building(box(-5, 8.98, 5, 20)), building(box(500, 12.98, 520, 20)))
    layers = {"power_lines": power, "buildings": houses, "park_boundaries": layer(PLANT)}
    found = find_violations(layers, RULES, on=ON).violations
    told = found[["rule_id", "object_feature_id", "required_m"]].to_numpy().tolist()
    assert told == [["PWR-OHL-35-110kV", "f1", 10.0], ["PWR-OHL-DENSE-66-110kV", "f0", 4.0]]
    assert found["shortfall_m"].to_numpy() == pytest.approx(0.02, abs=1e-5)


def test_line_that_states_no_sway_is_listed_inside_plants_and_not_judged() -> None:
    layers = {"power_lines": layer(power_line(line((-900, 0), (900, 0)), 110.0)), "buildings": layer(building(box(-5, 4, 5, 20))), "park_boundaries": layer(PLANT)}
    assert not broken(layers)
    assert "线路未注明最大风偏" in said(layers)["PWR-OHL-35-110kV"]


def test_field_that_no_feature_states_is_named() -> None:
    layers = {"fuel_station_equipment": layer(TANK), "roads": layer(road(line((-50, 9), (50, 9)), "street", carriageway_width_m=8.0))}
    told = said(layers)
    assert "道路未注明城市道路等级" in told["FUEL-2021-tank_class_1-expressway_main_road"]
    assert "无明火或散发火花地点图层" in told["FUEL-2021-tank_class_1-open_flame"]
    assert not broken(layers)


def test_highway_of_class_1_counts_once_and_as_such() -> None:
    pipe = pipeline(line((-50, 0), (50, 0)), kind="industrial", depot_group="other_liquid_above")
    highway = road(line((-50, 12), (50, 12)), "national_road", technical_class="class_1", carriageway_width_m=20.0)
    rules = [name for name in broken({"pipelines": layer(pipe), "roads": layer(highway)}) if "road" in name]
    assert rules == ["PIPE-GB50074-expressway_class1_road-other_liquid_above"]


def works(where: shapely.Geometry, kind: str, **layers: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    found = notice(where, [kind], layers, RULES, on=ON)
    return sorted(zip(found["rule_id"], found["verdict"], strict=True))


BRIDGE = {"geometry": box(-90, -9, 90, 0), "kind": "bridge", "carries": "road"}
RAIL_BRIDGE = {"geometry": box(-90, -9, 90, 0), "kind": "bridge", "carries": "railway", "flow_deg": 0.0}


@pytest.mark.parametrize(
    ("kind", "layer_id", "subject", "rule_id", "verdict", "distance_m"),
    [
        ("deep_rooted_planting", "pipelines", pipeline(line((-900, 0), (900, 0))), "PIPE-L30-1", "prohibited", 5.0),
        ("quarry", "pipeline_sections", {"geometry": line((-900, 0), (900, 0)), "kind": "tunnel"}, "PIPE-L33-1", "prohibited", 1000.0),
        ("sand_dig", "pipeline_sections", {"geometry": line((-900, 0), (900, 0)), "kind": "river_crossing"}, "PIPE-L32", "prohibited", 500.0),
        ("take_earth", "power_towers", {"geometry": box(-900, -2, 900, 0), "voltage_kv": 110.0}, "PWR-TOWER-66", "prohibited", 10.0),
        ("take_earth", "power_towers", {"geometry": box(-900, -2, 900, 0), "voltage_kv": 35.0}, "PWR-TOWER-35", "prohibited", 5.0),
        ("anchor", "power_cables", {"geometry": line((-900, 0), (900, 0)), "kind": "river"}, "PWR-CABLE-RIVER", "prohibited", 100.0),
        ("quarry", "road_structures", {"geometry": box(-900, -9, 900, 0), "kind": "ferry"}, "ROAD-L17-2", "prohibited", 200.0),
        ("quarry", "road_structures", {"geometry": box(-900, -9, 900, 0), "kind": "tunnel", "carries": "road"}, "ROAD-L17-3", "prohibited", 100.0),
        ("dredging", "road_structures", {"geometry": box(-900, -9, 900, 0), "kind": "bridge", "carries": "road", "size": "large"}, "ROAD-L21", "permit_required", 500.0),
        ("dam", "road_structures", {"geometry": box(-900, -9, 900, 0), "kind": "bridge", "carries": "railway"}, "RAIL-37", "permit_required", 1000.0),
        ("sand_dig", "road_structures", BRIDGE | {"size": "extra_large"}, "ROAD-L20-XL", "prohibited", 500.0),
        ("sand_dig", "road_structures", BRIDGE | {"size": "extra_large", "flow_deg": 0.0}, "ROAD-L20-XL-DOWN", "prohibited", 3000.0),
        ("sand_dig", "road_structures", BRIDGE | {"size": "large", "flow_deg": 10.0}, "ROAD-L20-L-DOWN", "prohibited", 2000.0),
        ("sand_dig", "road_structures", BRIDGE | {"size": "small", "flow_deg": 350.0}, "ROAD-L20-MS-DOWN", "prohibited", 1000.0),
        ("sand_dig", "road_structures", RAIL_BRIDGE | {"length_m": 500.0}, "RAIL-38-L500", "prohibited", 500.0),
        ("sand_dig", "road_structures", RAIL_BRIDGE | {"length_m": 500.0}, "RAIL-38-L500-DOWN", "prohibited", 3000.0),
        ("sand_dig", "road_structures", RAIL_BRIDGE | {"length_m": 499.9}, "RAIL-38-L100-DOWN", "prohibited", 2000.0),
        ("sand_dig", "road_structures", RAIL_BRIDGE | {"length_m": 99.9}, "RAIL-38-L0-DOWN", "prohibited", 1000.0),
        ("mining", "roads", road(line((-900, -15), (900, -15)), "county_road"), "ROAD-L17-1", "prohibited", 100.0),
        ("mining", "roads", road(line((-900, -15), (900, -15)), "township_road"), "ROAD-L17-1b", "prohibited", 50.0),
        ("groundwater_pumping", "railways", {"geometry": line((-900, -4), (900, -4)), "kind": "high_speed", "outer_offset_m": 4.0}, "RAIL-35", "prohibited", 200.0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_works_within_the_distance_of_what_a_law_protects_are_told(
    kind: str, layer_id: str, subject: dict[str, Any], rule_id: str, verdict: str, distance_m: float
) -> None:
    found = [dict(works(box(-5, distance_m + step, 5, distance_m + 20), kind, **{layer_id: layer(subject)})) for step in (-0.02, 0.0, 0.02)]
    assert [rows.get(rule_id) for rows in found] == [verdict, None, None]


@pytest.mark.parametrize(("north_m", "rules"), [(499.9, ["ROAD-L20-XL"]), (500.1, [])])
def test_sand_is_dug_upstream_of_a_bridge_beyond_500_m_and_a_bridge_without_flow_is_asked_about(north_m: float, rules: list[str]) -> None:
    above = works(box(-5, north_m, 5, north_m + 20), "sand_dig", road_structures=layer(BRIDGE | {"size": "extra_large", "flow_deg": 180.0}))
    assert [rule_id for rule_id, _ in above] == rules
    unknown = layer(BRIDGE | {"size": "extra_large", "flow_deg": None})
    asked = works(box(-5, north_m, 5, north_m + 20), "sand_dig", road_structures=unknown)
    assert asked == [*((rule_id, "prohibited") for rule_id in rules), ("ROAD-L20-XL-DOWN", "not_assessed")]
    assert "flow_deg" in {name for member in RULES.classes["road_bridge_extra_large_flow"].members for name in member.asked_fields}


def disc(north_m: float) -> shapely.Polygon:
    return shapely.buffer(point(0, north_m), 20)


LARGE_FLOWING_SOUTH = BRIDGE | {"size": "large", "flow_deg": 180.0}
SLANTED = shapely.affinity.translate(shapely.Polygon([(600, 200), (800, 200), (1000, -1500), (800, -1500)]), 500_000, 500_000)
"""600 m east of the bridge at its nearest, upstream; its edge leaves the bridge downstream."""


@pytest.mark.parametrize(
    ("where", "actual_m"),
    [
        (disc(-1000.0), 971.0),
        (shapely.union(disc(-1000.0), disc(600.0)), 971.0),
        (disc(600.0), None),
        (shapely.union(disc(-2040.0), disc(600.0)), None),
        (SLANTED, 534.06),
    ],
    ids=["downstream", "two parts", "upstream", "too far downstream", "slanted"],
)
def test_works_count_with_what_they_have_downstream_wherever_their_nearest_point_lies(where: shapely.Geometry, actual_m: float | None) -> None:
    found = notice(where, ["sand_dig"], {"road_structures": layer(LARGE_FLOWING_SOUTH)}, RULES, on=ON)
    assert found["rule_id"].tolist() == ([] if actual_m is None else ["ROAD-L20-L-DOWN"])
    if actual_m is not None:
        assert found["distance_m"].iloc[0] == pytest.approx(actual_m, abs=0.1)
        assert found["verdict"].iloc[0] == "prohibited" and found.geometry.iloc[0].length == pytest.approx(actual_m, abs=0.1)
        assert shapely.get_coordinates(found.geometry.iloc[0])[1, 1] < 500_000.0, "the line shown leads downstream"


def test_works_that_touch_the_bridge_are_downstream_too() -> None:
    assert dict(works(box(-5, 0, 5, 20), "sand_dig", road_structures=layer(LARGE_FLOWING_SOUTH)))["ROAD-L20-L-DOWN"] == "prohibited"


def test_works_of_another_kind_and_a_small_bridge_are_not_told() -> None:
    bridge = layer({"geometry": box(-9, -9, 9, 0), "kind": "bridge", "carries": "road", "size": "small"})
    assert works(box(-5, 20, 5, 40), "quarry", road_structures=bridge) == []
    assert works(box(-5, 20, 5, 40), "buried_cable", roads=layer(road(line((-900, 0), (900, 0)), "county_road"))) == []


def chemical_works(distance_m: float, **river: Any) -> SiteVerdict:
    water = layer({"geometry": box(-2000, -90, 2000, 0), "name": "river", "kind": "river", "yangtze_rank": None} | river)
    states = dict.fromkeys((*CORE, "water", "park_boundaries"), "loaded")
    site = box(-20, distance_m, 20, distance_m + 30)
    parks = layer({"geometry": box(-3000, -3000, 3000, 3000), "kind": "chemical"})
    context = SiteContext({"water": water, "park_boundaries": parks}, states, CRS)
    return check_site(site, project=Project("hazchem", has_chemicals=True), context=context, rules=RULES, on=ON)


@pytest.mark.parametrize(("rank", "gravities"), [("tributary", [1, 0, 0]), ("main", [1, 0, 0]), ("none", [0, 0, 0]), (None, [3, 3, 0])])
def test_chemical_project_beside_the_yangtze_is_banned_beside_another_river_not_and_an_open_one_is_for_review(rank: str | None, gravities: list[int]) -> None:
    verdicts = [chemical_works(1000.0 + step, yangtze_rank=rank) for step in (-0.02, 0.0, 0.02)]
    assert [max((reason.gravity for reason in verdict.reasons if reason.rule_id == "YZ-PARK"), default=0) for verdict in verdicts] == gravities
    silent = any("未注明“长江水系”" in entry.zh for entry in verdicts[0].not_assessed)
    assert silent == (rank is None)


def test_cells_in_a_plant_beside_a_swaying_line_and_a_river_are_answered_as_single_sites() -> None:
    frames = {
        "power_lines": layer(power_line(line((-300, -10), (300, 30)), 110.0, sway_m=6.0), accuracy_m=1.0),
        "park_boundaries": layer({"geometry": box(0, -200, 200, 200), "kind": "chemical"}),
        "water": layer({"geometry": box(-400, -1300, 400, -1000), "name": "river", "kind": "river", "yangtze_rank": "tributary"}),
    }
    states = dict.fromkeys((*CORE, *frames), "loaded")
    context, project = SiteContext(frames, states, CRS), Project("hazchem", has_chemicals=True)
    cells, _ = grid_cells(box(-180, -60, 180, 80), 20.0)
    answer = judge_cells(cells, project=project, context=context, rules=RULES, on=ON)
    singles = [check_site(cell, project=project, context=context, rules=RULES, on=ON).rank for cell in cells]
    assert answer.rank.tolist() == singles
    assert len(set(singles)) > 1


def test_every_rule_with_metres_is_assessed_or_stands_in_the_list_with_its_reason() -> None:
    listed = [name for entry in unassessed_with_metres(RULES) for name in entry.rule_ids]
    silent = {rule.rule_id for rule in RULES.rules if has_metres(rule) and rule.status == "not_assessed"}
    assert set(listed) == silent and not listed
    assert all(entry.reason_zh and entry.reason_en for entry in [*unassessed_with_metres(RULES), *needing_data(RULES)])


@pytest.mark.parametrize(
    ("category", "n_persons", "risk_per_year", "rule_id"),
    [
        ("hotel", 29, 3e-5, "IR-2014-1"), ("hotel", 29, 2.9e-5, None), ("hotel", 30, 1e-5, "IR-2014-2"), ("hotel", 99, 9e-6, None),
        ("hotel", 100, 3e-6, "IR-2014-3"), ("school", 20, 3e-6, "IR-2014-3"), ("hotel", None, 1e-3, None),
    ],
)  # fmt: skip
def test_before_march_2019_criteria_go_by_persons_and_since_then_by_class(category: str, n_persons: int | None, risk_per_year: float, rule_id: str | None) -> None:
    layers = {
        "official_contours": layer(contour(box(-100, -100, 100, 100), risk_per_year, date(2030, 1, 1))),
        "protection_targets": layer(target(point(80, 0), category, n_persons=n_persons, feature_id="T")),
        "enterprises": layer(enterprise(point(0, 0), "hazchem_producer")),
    }
    then = find_violations(layers, RULES, on=date(2019, 2, 28))
    assert then.violations["rule_id"].tolist() == ([rule_id] if rule_id else [])
    assert ("未注明人数" in " ".join(then.unassessed["zh"])) == (n_persons is None)
    now = find_violations(layers, RULES, on=date(2019, 3, 1)).violations["rule_id"]
    assert not now.str.startswith("IR-2014").any()


@pytest.mark.parametrize(("north_m", "n"), [(99.98, 1), (100.0, 0), (100.02, 0)], ids=["inside", "at", "outside"])
def test_place_at_the_edge_of_a_contour_of_2018_is_outside_it(north_m: float, n: int) -> None:
    layers = {
        "official_contours": layer(contour(box(-100, -100, 100, 100), 1e-5, date(2030, 1, 1))),
        "protection_targets": layer(target(box(-5, north_m, 5, north_m + 20), "hotel", n_persons=50)),
    }
    assert find_violations(layers, RULES, on=date(2018, 6, 1)).violations["rule_id"].tolist() == ["IR-2014-2"] * n


def test_place_that_the_criteria_of_2014_judge_by_its_kind_is_not_counted_as_unjudged() -> None:
    targets = [target(point(80, 0), category, n_persons=None, feature_id=category) for category in ("school", "hospital", "hotel")]
    layers = {
        "official_contours": layer(contour(box(-100, -100, 100, 100), 3e-6, date(2030, 1, 1)), contour(box(-9, -9, 9, 9), 3e-6, date(2015, 1, 1))),
        "protection_targets": layer(*targets),
        "enterprises": layer(enterprise(point(0, 0), "hazchem_producer")),
    }
    then = find_violations(layers, RULES, on=date(2018, 6, 1))
    assert set(then.violations["object_feature_id"]) == {"school", "hospital"}
    told = then.unassessed.set_index("zh")
    assert told.loc["防护目标未注明人数,未判定", "n"] == 1, "the hotel alone"
    unused = told.loc["等值线已过有效期或未注明有效期,未采用"]
    assert (unused["n"], unused["standard_id"]) == (1, "ANNOUNCE-13-2014"), "a criterion in force that day"
    now = find_violations(layers, RULES, on=date(2019, 3, 1)).unassessed.set_index("zh")
    assert now.loc["等值线已过有效期或未注明有效期,未采用", "rule_id"] == "IR-GB36894-A"
