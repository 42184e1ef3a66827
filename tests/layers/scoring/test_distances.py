"""Distances of standing objects: each rule just inside, exactly at and just outside; certainty; what is not judged."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.catalog import load_catalog
from layers.crs import metric_crs
from layers.errors import CrsMismatchError
from layers.scoring.distances import VIOLATION_FIELDS, ViolationReport, find_violations
from layers.scoring.measure import line_pieces, local_scale, near_pairs
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.targets import class_range, class_ranks
from tests.layers.scoring.frames import (
    CRS,
    X,
    Y,
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
REFERENCE = Path(__file__).parents[2] / "reference"
NORTH = line((-400, 0), (400, 0))


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return _kept_rules()


@cache
def _kept_rules() -> RuleSet:
    """Hypothesis cannot take a fixture for each example."""
    return read_rules()


def _reference(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _report(layers: dict[str, gpd.GeoDataFrame], rules: RuleSet, **options: Any) -> ViolationReport:
    return find_violations(layers, rules, on=options.pop("on", ON), **options)


def _house_at(distance_m: float, **fields: Any) -> dict[str, Any]:
    """A house whose south wall is `distance_m` north of the line through the centre."""
    return building(box(-5, distance_m, 5, distance_m + 8), **fields)


def _case(subject: str, distance_m: float) -> dict[str, gpd.GeoDataFrame]:
    """The layers of one row of separation_cases.csv with the object's edge at a distance from the centreline."""
    kind, _, value = subject.partition(" ")
    if kind == "pipeline":
        return {"pipelines": layer(pipeline(NORTH)), "buildings": layer(_house_at(distance_m))}
    if kind == "road":
        return {"roads": layer(road(NORTH, value)), "buildings": layer(_house_at(distance_m))}
    if kind == "power":
        return {
            "power_lines": layer(power_line(NORTH, float(value))),
            "buildings": layer(_house_at(distance_m)),
        }
    if kind == "gas":
        town_gas = pipeline(NORTH, kind="town_gas", pressure_mpa=float(value), diameter_mm=400.0)
        return {"pipelines": layer(town_gas), "buildings": layer(_house_at(distance_m))}
    if kind == "hazmat":
        tanks = unit(box(-20, distance_m, 20, distance_m + 30))
        return {"roads": layer(road(NORTH, value)), "hazard_units": layer(tanks)}
    station = {"geometry": point(0, 0), "name": "brigade", "station_class": value, "status": "existing"}
    return {
        "fire_stations": layer(station),
        "hazard_units": layer(unit(box(-20, distance_m, 20, distance_m + 30))),
    }


@pytest.mark.parametrize("row", _reference("separation_cases.csv"), ids=lambda row: row["rule_id"])
def test_pair_just_inside_breaks_and_exactly_at_the_distance_complies(
    row: dict[str, str], rules: RuleSet
) -> None:
    at_m = float(row["complies_at_m"])
    found = [_report(_case(row["subject"], at_m + step), rules).violations for step in (-0.02, 0.0, 0.02)]
    assert [len(rows) for rows in found] == [1, 0, 0]
    violation = found[0].iloc[0]
    assert violation["rule_id"] == row["rule_id"]
    assert violation["required_m"] == float(row["required_m"])
    assert violation["shortfall_m"] == pytest.approx(0.02, abs=1e-6)
    assert violation["certainty"] == "certain"
    assert violation["geometry"].length == pytest.approx(violation["actual_m"], abs=1e-6)


@pytest.mark.parametrize("voltage_kv", [0.4, 20.0, 132.0, 400.0, 775.0, None])
def test_voltage_between_the_bands_is_not_assessed_and_never_interpolated(
    voltage_kv: float | None, rules: RuleSet
) -> None:
    report = _report(
        {"power_lines": layer(power_line(NORTH, voltage_kv)), "buildings": layer(_house_at(1.0))}, rules
    )
    assert report.violations.empty
    assert report.unassessed["subject_class"].eq("overhead_power_line").any()


def test_power_line_over_a_plant_is_not_assessed(rules: RuleSet) -> None:
    layers = {
        "power_lines": layer(power_line(NORTH, 110.0)),
        "buildings": layer(_house_at(5.0)),
        "park_boundaries": layer({"geometry": box(-50, -50, 50, 50), "kind": "chemical"}),
    }
    report = _report(layers, rules)
    assert report.violations.empty
    assert (report.unassessed["rule_id"] == "PWR-OHL-35-110kV").any()


def test_building_across_the_pipe_has_distance_zero_and_stands_on_the_line(rules: RuleSet) -> None:
    layers = {
        "pipelines": layer(pipeline(NORTH)),
        "buildings": layer(building(box(-5, -3, 5, 3), use="farm")),
    }
    violation = _report(layers, rules).violations.iloc[0]
    assert (violation["actual_m"], violation["shortfall_m"], violation["side"]) == (0.0, 5.0, "on")
    assert violation["geometry"].geom_type == "Point"
    assert 12_395 <= violation["chainage_m"] <= 12_405


@pytest.mark.parametrize("kind", ["town_gas", "industrial", None])
def test_law_does_not_cover_town_gas_and_plant_pipes(kind: str | None, rules: RuleSet) -> None:
    layers = {
        "pipelines": layer(pipeline(NORTH, kind=kind, pressure_mpa=0.3)),
        "buildings": layer(_house_at(2.0)),
    }
    assert _report(layers, rules).violations.empty


@pytest.mark.parametrize("status", ["planned", "abandoned"])
def test_planned_and_abandoned_lines_bind_no_standing_building(status: str, rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(NORTH, status=status)), "buildings": layer(_house_at(2.0))}
    assert _report(layers, rules).violations.empty


def test_stations_own_buildings_are_left_out_and_counted(rules: RuleSet) -> None:
    station = {"geometry": box(-20, -20, 20, 20), "name": "valve", "kind": "valve_room", "pipeline_id": "P1"}
    layers = {
        "pipelines": layer(pipeline(NORTH)),
        "buildings": layer(_house_at(2.0)),
        "pipeline_stations": layer(station),
    }
    report = _report(layers, rules)
    assert report.violations.empty
    own = report.unassessed[report.unassessed["rule_id"] == "PIPE-L30-3"]
    assert own["n"].tolist() == [1]


@pytest.mark.parametrize(
    ("built_year", "built_on", "historic"),
    [
        (2009, None, True),
        (2010, None, None),
        (2011, None, False),
        (None, None, None),
        (2010, date(2010, 9, 30), True),
        (2010, date(2010, 10, 1), False),
    ],
)
def test_house_is_historic_when_built_before_the_law(
    built_year: int | None, built_on: date | None, historic: bool | None, rules: RuleSet
) -> None:
    house = _house_at(2.0, built_year=built_year, built_on=built_on)
    violation = _report(
        {"pipelines": layer(pipeline(NORTH)), "buildings": layer(house)}, rules
    ).violations.iloc[0]
    assert violation["is_historic"] is historic


@pytest.mark.parametrize(
    ("distance_m", "certainty"), [(2.7, "certain"), (2.8, "possible"), (7.2, "possible"), (7.3, None)]
)
def test_certain_and_possible_follow_the_error_of_both_positions(
    distance_m: float, certainty: str | None, rules: RuleSet
) -> None:
    layers = {
        "pipelines": layer(pipeline(NORTH, accuracy_m=2.0)),
        "buildings": layer(_house_at(distance_m, accuracy_m=1.0)),
    }
    found = _report(layers, rules).violations
    assert found["certainty"].tolist() == ([certainty] if certainty else [])
    assert found["error_m"].tolist() == ([pytest.approx(5**0.5)] if certainty else [])


@pytest.mark.parametrize("vague", ["pipelines", "buildings"])
def test_position_known_to_kilometres_only_is_counted_and_not_judged(vague: str, rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(NORTH)), "buildings": layer(_house_at(2.0))}
    layers[vague] = layers[vague].assign(accuracy_m=2000.0)
    report = _report(layers, rules)
    assert report.violations.empty
    assert report.unassessed.set_index("rule_id").loc["PIPE-L30-3", "n"] == 1


def test_road_without_land_width_is_estimated_with_its_own_error(rules: RuleSet) -> None:
    layers = {
        "roads": layer(road(NORTH, "national_road", land_width_m=None)),
        "buildings": layer(_house_at(25.0)),
    }
    violation = _report(layers, rules).violations.iloc[0]
    assert violation["is_estimated"] and violation["actual_m"] == pytest.approx(13.0)
    assert violation["error_m"] == pytest.approx(6.0) and violation["certainty"] == "certain"


@pytest.mark.parametrize("road_class", ["village_road", "street", None])
def test_village_roads_and_streets_have_no_control_zone(road_class: str | None, rules: RuleSet) -> None:
    report = _report({"roads": layer(road(NORTH, road_class)), "buildings": layer(_house_at(2.0))}, rules)
    assert report.violations.empty
    assert report.unassessed.set_index("rule_id").loc["ROAD-L11-4", "n"] == 1


def test_fuel_station_beside_a_road_is_excepted_and_a_chemical_works_is_not(rules: RuleSet) -> None:
    def found(kind: str) -> list[str]:
        layers = {
            "roads": layer(road(NORTH, "county_road")),
            "enterprises": layer(enterprise(point(0, 60), kind)),
        }
        return _report(layers, rules).violations["rule_id"].tolist()

    assert found("fuel_station") == [] and found("general") == []
    assert found("hazchem_trader") == ["ROAD-L18-1"]


def test_enterprise_point_gives_way_to_its_placed_units(rules: RuleSet) -> None:
    layers = {
        "roads": layer(road(NORTH, "county_road")),
        "enterprises": layer(enterprise(point(0, 60), "hazchem_producer")),
        "hazard_units": layer(unit(box(0, 90, 10, 100))),
    }
    assert _report(layers, rules).violations["object_layer"].tolist() == ["hazard_units"]


def test_road_and_hazmat_site_of_another_jurisdiction_are_not_judged(rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(NORTH)), "buildings": layer(_house_at(2.0))}
    assert _report(layers, rules, jurisdiction="TW").violations.empty
    assert _report(layers, rules, on=date(2010, 9, 30)).violations.empty


def _inside_contour(
    category: str, risk_per_year: float, valid_until_on: Any = date(2027, 1, 1), **fields: Any
) -> dict[str, gpd.GeoDataFrame]:
    works = enterprise(point(0, 0), "hazchem_producer", **fields)
    return {
        "official_contours": layer(contour(box(-100, -100, 100, 100), risk_per_year, valid_until_on)),
        "protection_targets": layer(target(point(80, 0), category)),
        "enterprises": layer(works),
    }


@pytest.mark.parametrize(
    ("category", "risk_per_year", "status", "rule_id"),
    [
        ("school", 3e-6, "operating", "IR-GB36894-A"),
        ("school", 3e-7, "operating", None),
        ("school", 3e-7, "planned", "IR-GB36894-A"),
        ("religion", 1e-5, "operating", "IR-GB36894-A"),
        ("hotel", 3e-6, "operating", None),
        ("hotel", 1e-5, "operating", "IR-GB36894-B"),
        ("park_square", 1e-5, "planned", "IR-GB36894-C"),
        ("park_square", 1e-5, "operating", None),
    ],
)
def test_target_inside_an_official_contour_its_class_forbids(
    category: str, risk_per_year: float, status: str, rule_id: str | None, rules: RuleSet
) -> None:
    found = _report(_inside_contour(category, risk_per_year, status=status), rules).violations
    assert found["rule_id"].tolist() == ([rule_id] if rule_id else [])
    if rule_id:
        assert found.iloc[0]["actual_m"] == pytest.approx(-20.0) and found.iloc[0][
            "shortfall_m"
        ] == pytest.approx(20.0)


@pytest.mark.parametrize("valid_until_on", [date(2026, 9, 29), None])
def test_expired_or_undated_contour_is_listed_and_not_used(
    valid_until_on: date | None, rules: RuleSet
) -> None:
    report = _report(_inside_contour("school", 3e-5, valid_until_on), rules)
    assert report.violations.empty
    assert report.unassessed["zh"].str.contains("有效期").any()


def test_contour_valid_to_this_very_day_is_used(rules: RuleSet) -> None:
    assert len(_report(_inside_contour("school", 3e-5, ON), rules).violations) == 1


def test_only_the_contour_reaching_farthest_counts(rules: RuleSet) -> None:
    layers = _inside_contour("school", 3e-5)
    nested = [
        contour(box(-200, -200, 200, 200), 3e-6, date(2027, 1, 1)),
        contour(box(-100, -100, 100, 100), 3e-5, date(2027, 1, 1)),
    ]
    found = _report(layers | {"official_contours": layer(*nested)}, rules).violations
    assert found["shortfall_m"].tolist() == [pytest.approx(120.0)]


def test_zoned_land_is_no_standing_target(rules: RuleSet) -> None:
    layers = _inside_contour("school", 3e-5)
    layers["protection_targets"] = layer(target(point(80, 0), "school", is_zoned_land=True))
    assert _report(layers, rules).violations.empty


def test_overpressure_of_ten_tonnes_of_tnt_reaches_a_school_at_1268_m(rules: RuleSet) -> None:
    chemicals = pd.DataFrame(
        [{"unit_id": "U1", "chemical_name": "梯恩梯", "cas": "118-96-7", "amount_t": 10.0}]
    )
    for distance_m, n in ((1267.9, 1), (1268.1, 0)):
        layers = {
            "hazard_units": layer(unit(point(0, 0))),
            "unit_chemicals": chemicals,
            "protection_targets": layer(target(point(distance_m, 0), "school")),
        }
        assert len(_report(layers, rules).violations) == n


def test_unit_without_a_tnt_mass_has_no_overpressure_distance(rules: RuleSet) -> None:
    chemicals = pd.DataFrame(
        [{"unit_id": "U1", "chemical_name": "硝化棉", "cas": "9004-70-0", "amount_t": 10.0}]
    )
    layers = {
        "hazard_units": layer(unit(point(0, 0))),
        "unit_chemicals": chemicals,
        "protection_targets": layer(target(point(10, 0), "school")),
    }
    assert _report(layers, rules).violations.empty


def _risk_point(kind: str, source_layer: str, radius_m: float, **fields: Any) -> dict[str, Any]:
    return {
        "geometry": point(0, 0),
        "point_id": "R1",
        "source_layer": source_layer,
        "source_feature_id": "f0",
        "enterprise_id": "E1",
        "kind": kind,
        "radius_m": radius_m,
    } | fields


def test_source_near_a_target_without_any_rule_is_counted_as_no_rule(rules: RuleSet) -> None:
    layers = {
        "enterprises": layer(enterprise(point(0, 0), "ammonia")),
        "protection_targets": layer(target(point(200, 0), "school")),
        "risk_points": layer(_risk_point("ammonia", "enterprises", 300.0)),
    }
    counted = _report(layers, rules).no_rule_pairs
    assert counted[["subject_kind", "object_kind", "n_pairs"]].values.tolist() == [["ammonia", "school", 1]]


def test_rule_without_metres_is_not_assessed_rather_than_no_rule(rules: RuleSet) -> None:
    layers = {
        "hazard_units": layer(unit(box(-5, -5, 5, 5), filed_level=1)),
        "protection_targets": layer(target(point(200, 0), "school")),
        "risk_points": layer(_risk_point("major_hazard", "hazard_units", 500.0)),
    }
    report = _report(layers, rules)
    assert report.no_rule_pairs.empty
    assert report.unassessed.set_index("rule_id").loc["HZ-19", "n"] == 1


def test_no_layers_at_all_give_an_empty_report_of_the_layer_declared(rules: RuleSet) -> None:
    found = _report({}, rules).violations
    declared = [entry.name for entry in load_catalog()["distance_violations"].fields]
    assert found.empty and [*found.columns] == ["feature_id", *declared, "geometry"]
    assert list(VIOLATION_FIELDS) == declared


def test_degrees_are_refused(rules: RuleSet) -> None:
    degrees = gpd.GeoDataFrame(layer(_house_at(2.0)), geometry="geometry").to_crs(4326)
    with pytest.raises(CrsMismatchError):
        _report({"buildings": degrees, "pipelines": layer(pipeline(NORTH))}, rules)


def test_same_pair_keeps_its_number(rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(NORTH)), "buildings": layer(_house_at(2.0), _house_at(3.0))}
    one, two = (_report(layers, rules).violations for _ in range(2))
    assert one["violation_id"].tolist() == two["violation_id"].tolist() and one["violation_id"].is_unique


@pytest.mark.parametrize("offset_m", [0.0, 50_000.0, 90_000.0, 150_000.0])
def test_distance_agrees_with_the_geodesic_far_from_the_meridian(offset_m: float) -> None:
    places = shapely.points([[X + offset_m, Y + 3_000.0], [X + offset_m + 800.0, Y + 3_600.0]])
    pairs = near_pairs(places[:1], places[1:], reach_m=np.array([2_000.0]), crs=CRS)
    lon, lat = pyproj.Proj(CRS)(*shapely.get_coordinates(places).T, inverse=True)
    geodesic_m = pyproj.Geod(ellps="GRS80").inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert pairs.distance_m[0] == pytest.approx(geodesic_m, abs=0.005)


def test_pieces_of_a_long_line_cover_it_exactly() -> None:
    xy_m = np.column_stack([np.arange(101.0), np.sin(np.arange(101.0))])
    whole = shapely.linestrings(xy_m)
    pieces, owner = line_pieces(
        np.array([shapely.Point(0, 0), shapely.multilinestrings([whole]), None], object)
    )
    assert owner.tolist() == [0, 1, 1, 1, 1]
    assert shapely.length(pieces).sum() == pytest.approx(whole.length)


coordinates = st.floats(-300, 300, allow_nan=False)
houses = st.lists(
    st.tuples(coordinates, coordinates, st.floats(1, 20), st.floats(1, 20)), min_size=1, max_size=6
)


def _town(
    places: list[tuple[float, float, float, float]], shift_m: float = 0.0
) -> dict[str, gpd.GeoDataFrame]:
    boxes = [building(box(x, y, x + w, y + h), accuracy_m=1.0) for x, y, w, h in places]
    layers = {
        "buildings": layer(*boxes),
        "pipelines": layer(pipeline(NORTH, accuracy_m=2.0)),
        "roads": layer(road(line((0, -400), (50, 400)), "national_road", accuracy_m=3.0)),
    }
    return {name: frame.set_geometry(frame.translate(shift_m, shift_m)) for name, frame in layers.items()}


@settings(max_examples=25, deadline=None)
@given(houses)
def test_moving_everything_changes_no_verdict(places: list[tuple[float, float, float, float]]) -> None:
    rules = _kept_rules()
    here, there = (_report(_town(places, shift), rules).violations for shift in (0.0, 2_000.0))
    assert here["violation_id"].tolist() == there["violation_id"].tolist()
    assert np.allclose(here["actual_m"].astype(float), there["actual_m"].astype(float), atol=0.001)


@settings(max_examples=25, deadline=None)
@given(houses)
def test_distance_is_symmetric(places: list[tuple[float, float, float, float]]) -> None:
    boxes = np.array([box(x, y, x + w, y + h) for x, y, w, h in places], object)
    far = np.full(len(boxes), 2_000.0)
    one = near_pairs(boxes, np.array([NORTH], object), reach_m=far, crs=CRS)
    two = near_pairs(np.array([NORTH], object), boxes, reach_m=far[:1], crs=CRS)
    assert np.allclose(one.distance_m, two.distance_m, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(houses, st.floats(0, 40))
def test_requiring_more_never_removes_a_violation(
    places: list[tuple[float, float, float, float]], more_m: float
) -> None:
    rules = _kept_rules()
    stricter = [
        replace(rule, distance_m=rule.distance_m + more_m)
        if rule.status == "judged" and rule.distance_m
        else rule
        for rule in rules.rules
    ]
    wide = replace(rules, rules=tuple(stricter), by_id={rule.rule_id: rule for rule in stricter})
    few, many = (set(_report(_town(places), table).violations["violation_id"]) for table in (rules, wide))
    assert few <= many


@pytest.mark.parametrize(
    "row",
    _reference("target_classes.csv"),
    ids=lambda row: f"{row['category']}-{row['measure']}-{row['value']}",
)
def test_size_gives_the_class_of_a_target(row: dict[str, str], rules: RuleSet) -> None:
    measures = {row["measure"]: float(row["value"])} if row["measure"] else {}
    assert class_range(row["category"], measures, rules.target_sizes) == (row["strictest"], row["mildest"])


def test_delivered_class_holds_over_the_computed(rules: RuleSet) -> None:
    frame = layer(
        target(point(0, 0), "school", target_class="general_3"),
        target(point(0, 0), "residential", n_persons=5, n_households=40),
    )
    strictest, mildest = class_ranks(frame, rules.target_sizes)
    assert strictest.tolist() == mildest.tolist() == [4, 2]


def test_scale_is_one_at_the_centre_and_grows_with_distance_from_the_meridian() -> None:
    scale = local_scale(metric_crs(120.0, 31.0), np.array([[X, Y], [X + 90_000.0, Y]]))
    assert scale == pytest.approx([1.0, 1.0 + 90_000.0**2 / 2 / 6_366_000.0**2], abs=2e-6)
