"""High consequence areas and location classes on small made-up lines; chainage of the line begins at 12 km."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from layers.errors import RuleTableError
from layers.scoring.explain import explain_point
from layers.scoring.grid import Grid
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.high_consequence_rules import HcaGrade, load_hca_rules
from layers.scoring.levels import rate_sources
from layers.scoring.policy import load_policy
from layers.scoring.routes import sliding_windows
from layers.scoring.rules import read_rules
from layers.scoring.zoning import risk_index
from tests.layers.scoring.frames import (
    box,
    building,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    road,
)

RULES = read_rules()
START_M = 12_000.0
LONG = line((0, 0), (12_000, 0))


def areas(*features, medium="natural_gas", geometry=LONG, **layers):
    pipes = layer(pipeline(geometry, medium=medium), feature_id="P1")
    named = {name: frame for name, frame in layers.items()}
    if features:
        named["buildings"] = layer(*features)
    return high_consequence_areas({"pipelines": pipes, **named}, RULES)


def house(x, y, households, **fields):
    """A house of 10 m by 10 m whose near edge is y metres from the line."""
    return building(box(x, y, x + 10, y + 10), **({"n_households": households, "n_storeys": 2} | fields))


def village(geometry, households, **fields):
    row = {"geometry": geometry, "name": "v", "category": "village", "n_households": households}
    return layer(row | fields, feature_id="V1")


def place(x, y, category="school"):
    return layer({"geometry": point(x, y), "name": "place", "category": category}, feature_id="T1")


def rule_ids(found):
    return [row.split() for row in found["rule_ids"]]


def test_hundred_households_in_two_kilometres_are_grade_two_and_class_three():
    found = areas(house(5000, 50, 60), house(6900, 50, 40))
    assert found[["grade", "location_class", "n_households"]].values.tolist() == [["II", 3, 100]]
    assert rule_ids(found) == [["HCA-GAS-B"]]


def test_ninety_nine_households_are_none():
    assert areas(house(5000, 50, 59), house(6900, 50, 40)).empty


def test_window_of_exactly_two_kilometres_counts_and_a_centimetre_more_does_not():
    assert len(areas(house(5000, 50, 60), house(7010, 50, 40))) == 1  # 5010 to 7010
    assert areas(house(5000, 50, 60), house(7010.05, 50, 40)).empty


def test_area_ends_two_hundred_metres_beyond_the_outermost_buildings():
    found = areas(house(5000, 50, 60), house(6000, 50, 40))
    assert found[["from_m", "to_m"]].values.tolist() == [
        [pytest.approx(START_M + 4800, abs=0.01), pytest.approx(START_M + 6210, abs=0.01)]
    ]
    assert found.geometry.iloc[0].length == pytest.approx(1410, abs=0.01)


def test_building_exactly_two_hundred_metres_away_counts_and_farther_does_not():
    assert len(areas(house(5000, 200, 100))) == 1
    assert areas(house(5000, 200.05, 100)).empty


def test_bins_of_fixed_chainage_would_miss_what_the_window_finds():
    found = areas(house(3900, 50, 50), house(4100, 50, 50))
    assert len(found) == 1


def test_sliding_window_agrees_with_trying_every_position():
    rng = np.random.default_rng(5)
    start = np.sort(rng.uniform(0, 9000, 60))
    stop, weight = start + rng.uniform(1, 40, 60), rng.integers(1, 9, 60).astype(float)
    total, first, last = sliding_windows(start, stop, weight, 2000.0)
    begin = np.concatenate([stop, rng.uniform(-2000, 9000, 3000)])[:, None]
    inside = (start <= begin + 2000.0) & (stop >= begin)
    assert total.max() == (inside * weight).sum(axis=1).max()
    assert np.array_equal(total, (inside[:60] * weight).sum(axis=1))
    assert np.array_equal(first, np.where(inside[:60], start, np.inf).min(axis=1))
    assert np.array_equal(last, np.where(inside[:60], stop, -np.inf).max(axis=1))


def test_prevailing_four_storeys_are_a_suggestion_and_not_the_grade():
    found = areas(house(5000, 50, 60, n_storeys=6), house(5100, 50, 50))
    assert found.loc[0, ["grade", "suggested_grade"]].tolist() == ["II", "III"]
    assert found.loc[0, ["location_class", "suggested_location_class"]].tolist() == [3, 4]


def test_village_counts_where_no_building_of_it_tells():
    found = areas(protection_targets=village(box(5000, 20, 5100, 120), 120))
    assert found["n_households"].tolist() == [120] and found["is_estimated"].all()


def test_households_of_a_village_are_not_counted_beside_those_of_its_buildings():
    outline = village(box(4900, 20, 5200, 150), 90)
    assert areas(house(5000, 50, 60), protection_targets=outline).empty


def test_dwellings_without_a_number_are_told():
    found = areas(house(5000, 50, 100), house(5050, 50, None))
    assert "1 dwellings without a number" in found.loc[0, "not_assessed_en"] and found.loc[0, "is_estimated"]


@pytest.mark.parametrize(
    ("size", "distance_m", "expected"),
    [
        ((813, 10.0), 254.0, ["HCA-GAS-C"]),  # 0.099 sqrt(813² x 10) = 254.5 m
        ((813, 10.0), 255.0, []),
        ((762, 10.0), 199.0, ["HCA-GAS-E"]),  # exactly 762 mm is not above it
        ((219, 1.5), 26.0, ["HCA-GAS-D"]),  # 0.099 sqrt(219² x 1.5) = 26.6 m
        ((219, 1.5), 27.0, []),
        ((508, 4.0), 200.0, ["HCA-GAS-E"]),
        ((508, 4.0), 200.1, []),
    ],
)
def test_specific_place_is_sought_as_far_as_diameter_and_pressure_say(size, distance_m, expected):
    pipes = layer(pipeline(LONG, diameter_mm=float(size[0]), pressure_mpa=size[1]), feature_id="P1")
    found = high_consequence_areas({"pipelines": pipes, "protection_targets": place(5000, distance_m)}, RULES)
    assert [name for row in rule_ids(found) for name in row] == expected


def test_fuel_station_counts_outside_class_three_only():
    stations = layer(enterprise(point(5000, 100), "fuel_station"))
    assert rule_ids(areas(enterprises=stations)) == [["HCA-GAS-F"]]
    dense = areas(house(4500, 50, 60), house(5500, 50, 60), enterprises=stations)
    assert rule_ids(dense) == [["HCA-GAS-B"]]


def test_oil_line_by_a_river_is_grade_three_and_by_a_road_grade_one():
    river = layer({"geometry": box(5000, 100, 5200, 400), "kind": "river", "name": "r"})
    found = areas(medium="crude_oil", water=river)
    assert found[["grade", "rule_ids"]].values.tolist() == [["III", "HCA-OIL-F"]]
    assert found.loc[0, "length_m"] == pytest.approx(200 + 2 * np.sqrt(200**2 - 100**2), abs=0.2)
    crossing = layer(road(line((3000, -500), (3000, 500)), "national_road"))
    found = areas(medium="crude_oil", roads=crossing)
    assert found[["grade", "rule_ids"]].values.tolist() == [["I", "HCA-OIL-D"]]
    assert found.loc[0, "length_m"] == pytest.approx(100, abs=0.2)


def ground(geometry, **fields):
    return layer({"geometry": geometry, "name": "g"} | fields, feature_id="G1")


RESERVE = {"kind": "nature_reserve", "rank": "national"}


@pytest.mark.parametrize(
    ("name", "fields", "distance_m", "expected"),
    [
        ("railways", {"kind": "national"}, 49.99, ("I", "HCA-OIL-D")),
        ("railways", {"kind": "enterprise"}, 50.0, ("I", "HCA-OIL-D")),
        ("railways", {"kind": None}, 50.05, None),
        ("railways", {"kind": "national", "status": "abandoned"}, 10.0, None),
        ("water_source_zones", {"grade": "zone_1"}, 199.95, ("III", "HCA-OIL-F")),
        ("water_source_zones", {"grade": "zone_2"}, 200.0, ("III", "HCA-OIL-F")),
        ("water_source_zones", {"grade": "zone_2"}, 200.05, None),
        ("water_source_zones", {"grade": "quasi"}, 10.0, None),
        ("nature_areas", RESERVE, 199.95, ("II", "HCA-OIL-E")),
        ("nature_areas", RESERVE, 200.0, ("II", "HCA-OIL-E")),
        ("nature_areas", RESERVE, 200.05, None),
        ("nature_areas", {"kind": "national_park", "rank": None}, 10.0, ("II", "HCA-OIL-E")),
        ("nature_areas", {"kind": "scenic_area", "rank": "national"}, 200.0, ("II", "HCA-OIL-E-REVIEW")),
        ("nature_areas", {"kind": "nature_reserve", "rank": None}, 10.0, ("II", "HCA-OIL-E-REVIEW")),
        ("nature_areas", {"kind": "nature_park", "rank": "local"}, 200.05, None),
    ],
)
def test_oil_line_beside_rails_source_areas_and_reserves(name, fields, distance_m, expected):
    shape = line((5000, distance_m), (5200, distance_m)) if name == "railways" else box(5000, distance_m, 5200, 900)
    found = areas(medium="crude_oil", **{name: ground(shape, **fields)})
    assert [tuple(row) for row in found[["grade", "rule_ids"]].values] == ([expected] if expected else [])


def test_stretch_beside_a_reserve_has_no_edge_added_and_what_people_must_judge_is_a_suggestion():
    found = areas(medium="crude_oil", nature_areas=ground(box(5000, 120, 5200, 400), kind="scenic_area", rank="provincial"))
    assert found.loc[0, "length_m"] == pytest.approx(200 + 2 * np.sqrt(200**2 - 120**2), abs=0.2)
    assert found.loc[0, "is_estimated"] and "须人工核定" in found.loc[0, "reason_zh"]
    judged = areas(medium="crude_oil", nature_areas=ground(box(5000, 120, 5200, 400), **RESERVE))
    assert not judged.loc[0, "is_estimated"] and "须人工核定" not in judged.loc[0, "reason_zh"]


def test_gas_lines_have_no_areas_of_rails_sources_and_reserves():
    shapes = {"water_source_zones": ground(box(5000, 10, 5200, 400), grade="zone_1"), "nature_areas": ground(box(5000, 10, 5200, 400), **RESERVE)}
    assert areas(railways=ground(line((3000, -50), (3000, 50)), kind="national"), **shapes).empty


def test_layer_of_the_surroundings_without_data_is_told():
    told = areas(medium="crude_oil", nature_areas=ground(box(5000, 10, 5200, 400), **RESERVE)).loc[0, "not_assessed_en"]
    assert "Railways: no data" in told and "Roads: no data" in told and "nature reserves: no data" not in told
    assert "Railways" not in areas(house(5000, 50, 100)).loc[0, "not_assessed_en"]


def test_village_of_fifty_households_counts_for_oil_and_not_for_gas():
    outline = village(box(5000, 20, 5100, 120), 50)
    assert rule_ids(areas(medium="crude_oil", protection_targets=outline)) == [["HCA-OIL-C"]]
    assert areas(protection_targets=outline).empty
    assert areas(medium="crude_oil", protection_targets=village(box(5000, 20, 5100, 120), 49)).empty


def test_stretches_fifty_metres_apart_are_one_area_of_the_worst_grade():
    river = layer({"geometry": box(5000, 199.99, 5001, 400), "kind": "river", "name": "r"})
    near = layer(road(line((5095, -500), (5095, 500)), "national_road"))
    found = areas(medium="crude_oil", water=river, roads=near)
    assert found["grade"].tolist() == ["III"] and set(rule_ids(found)[0]) == {"HCA-OIL-D", "HCA-OIL-F"}


def test_window_runs_on_where_one_feature_continues_another():
    pipes = layer(
        pipeline(line((0, 0), (5000, 0)), pipeline_id="P1") | {"feature_id": "P1"},
        pipeline(line((5000, 0), (9000, 0)), pipeline_id="P2", start_chainage_m=17_000.0)
        | {"feature_id": "P2"},
    )
    houses = layer(house(4900, 50, 60), house(5300, 50, 60))
    found = high_consequence_areas({"pipelines": pipes, "buildings": houses}, RULES)
    assert found["pipeline_id"].tolist() == ["P1", "P2"] and set(found["grade"]) == {"II"}
    assert found["to_m"].iloc[0] == pytest.approx(found["from_m"].iloc[1], abs=0.01)


def test_town_gas_planned_and_abandoned_lines_have_no_areas():
    for fields in ({"kind": "town_gas"}, {"status": "planned"}, {"status": "abandoned"}):
        pipes = layer(pipeline(LONG, **fields), feature_id="P1")
        assert high_consequence_areas(
            {"pipelines": pipes, "buildings": layer(house(5000, 50, 200))}, RULES
        ).empty


def test_no_layers_at_all_give_no_areas():
    assert high_consequence_areas({}, RULES).empty


def rated(geometry, *houses, **fields):
    layers = {"pipelines": layer(pipeline(geometry, **fields), feature_id="P1"), "buildings": layer(*houses)}
    found = high_consequence_areas(layers, RULES)
    return rate_sources({**layers, "high_consequence_areas": found}, on=date(2026, 3, 31))


def test_areas_of_a_line_are_a_source_of_their_own_and_nothing_is_lost_or_doubled():
    for medium, strengths in (("natural_gas", [0.5, 0.75]), ("crude_oil", [0.45, 0.6])):
        points = rated(LONG, house(5000, 50, 100), medium=medium)
        assert points["point_id"].tolist() == ["pipelines:P1", "pipelines:P1:hca"]
        assert points["strength"].tolist() == strengths and points["level"].tolist() == ["yellow", "orange"]
        inside, outside = points.geometry.iloc[1], points.geometry.iloc[0]
        assert inside.length == pytest.approx(410, abs=0.01)
        assert inside.length + outside.length == pytest.approx(12_000, abs=1e-6)
        assert inside.intersection(outside).length == pytest.approx(0, abs=1e-6)


def test_line_that_is_one_area_is_one_source():
    points = rated(line((0, 0), (400, 0)), house(200, 50, 100))
    assert points["point_id"].tolist() == ["pipelines:P1:hca"]


def test_line_in_parts_counts_once_and_its_shares_sum_to_the_index():
    points = rated(LONG, house(5000, 50, 100))
    grid = Grid.for_area(tuple(points.total_bounds + np.array([-500, -500, 500, 500])))
    policy = load_policy("weighted_index_2026A")
    surface = risk_index(points, grid, policy)
    for x in range(4300, 5500, 30):
        place = point(x, 60)
        why = explain_point(place.x, place.y, points, policy, grid=grid)
        assert why.index == surface.index[why.row, why.col]
        assert sum(part.points for part in why.contributions) == pytest.approx(why.index)
        assert why.hazard == pytest.approx(max(part.h for part in why.contributions))


def test_line_in_parts_is_the_same_in_every_tile():
    points = rated(LONG, house(5000, 50, 100))
    grid = Grid.for_area(tuple(points.total_bounds + np.array([-500, -500, 500, 500])))
    policy = load_policy("weighted_index_2026A")
    whole = risk_index(points, grid, policy).index
    for rows, cols, tile in grid.tiles(13):
        assert np.array_equal(risk_index(points, tile, policy).index, whole[rows, cols], equal_nan=True)


def test_grade_three_is_the_worst_and_is_no_number():
    assert HcaGrade.III > HcaGrade.II > HcaGrade.I
    with pytest.raises(TypeError):
        _ = HcaGrade.III > 1


def test_table_whose_location_classes_lack_one_is_refused(tmp_path):
    text = load_hca_rules.__wrapped__.__defaults__[0].read_text(encoding="utf-8")
    path = tmp_path / "high_consequence.csv"
    path.write_text(
        "\n".join(row for row in text.splitlines() if not row.startswith("LOC-2")), encoding="utf-8"
    )
    with pytest.raises(RuleTableError, match="location classes"):
        load_hca_rules(path)
