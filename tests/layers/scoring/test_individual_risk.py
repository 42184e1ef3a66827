"""Individual risk: what must hold for every plant, sums by hand, and what is refused."""

import dataclasses
import shutil
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.errors import CrsMismatchError, InputError, RuleTableError
from layers.scoring import footprint_grid, footprints
from layers.scoring import individual_risk as risk
from layers.scoring.assessment_scope import assessment_methods, covered
from layers.scoring.confirmations import targets_to_confirm
from layers.scoring.consequence.properties import chemical_properties, substance_of
from layers.scoring.footprint_grid import N_ANGLES, RADII_M
from layers.scoring.frequencies import WindRose, default_weather, default_wind_rose
from layers.scoring.leak_ends import outcomes
from layers.scoring.release_scenarios import (
    Scenario,
    unit_scenarios,
)
from layers.scoring.risk_contours import (
    contour_values,
    criterion_limit,
    load_individual_criteria,
    risk_contours,
)
from layers.scoring.rule_tables import RULES_DIR
from tests.layers.scoring.frames import X, Y, box, layer, point
from tests.layers.scoring.risk_cases import (
    AMMONIA,
    CARBON_MONOXIDE,
    CHLORINE,
    HEXANE,
    HYDROGEN,
    NORTH_WIND,
    OXIRANE,
    PROPANE,
    UNEVEN,
    chemical,
    plant,
    square,
    unit,
)

SUBSTANCES = (CHLORINE, AMMONIA, PROPANE, HEXANE, OXIRANE, HYDROGEN)
WEATHER = default_weather()


def table_of(*chemicals, kind="tank_farm", rose=None, weather=WEATHER):
    layers = plant(*chemicals, units=[unit(kind=kind)])
    (placed,), _ = unit_scenarios(layers)
    return risk.risk_table(placed.scenarios, weather, rose or default_wind_rose(), "rural")


@pytest.mark.parametrize("substance", SUBSTANCES, ids=lambda s: s[1])
def test_risk_falls_with_distance_when_wind_blows_from_everywhere_alike(substance):
    table = table_of(chemical(substance, 30.0))
    assert table[0].max() > 0
    assert (np.diff(table, axis=0) <= 0.02 * table[:-1] + 1e-15).all()
    assert (np.diff(table.max(axis=1)[::4]) <= 1e-15).all()
    assert np.ptp(table, axis=1).max() <= 1e-9 * table.max()


@pytest.mark.parametrize("n_sectors", [1, 4, 11])
def test_turning_the_wind_rose_turns_the_risk(n_sectors):
    still = table_of(chemical(), chemical(PROPANE), rose=UNEVEN)
    turned = table_of(chemical(), chemical(PROPANE), rose=UNEVEN.rotated(n_sectors))
    assert turned == pytest.approx(np.roll(still, n_sectors * N_ANGLES // 16, axis=1), rel=1e-9)


def test_a_quarter_turn_of_the_rose_turns_the_map_by_a_quarter():
    layers, grid = plant(chemical(CHLORINE, 3.0)), square(1500)
    still = risk.individual_risk(layers, grid=grid, wind_rose=UNEVEN).risk_per_year
    turned = risk.individual_risk(layers, grid=grid, wind_rose=UNEVEN.rotated(4)).risk_per_year
    assert turned == pytest.approx(np.rot90(still, -1), rel=1e-6, abs=1e-18)


def test_north_wind_carries_poison_to_the_south():
    table = table_of(chemical(), rose=NORTH_WIND)
    far = int(np.searchsorted(RADII_M, 600.0))
    assert table[far, N_ANGLES // 2] > 0 == table[far, 0]


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(SUBSTANCES),
    st.sampled_from(["tank_farm", "production", "warehouse"]),
    st.floats(-1, 3),
    st.floats(1e-3, 1.5),
    st.sampled_from(WEATHER),
)
def test_more_of_a_substance_never_lowers_the_risk_anywhere(substance, kind, exponent, more, weather):
    weather = [dataclasses.replace(weather, share=1.0)]
    small = table_of(chemical(substance, 10.0**exponent), kind=kind, weather=weather)
    large = table_of(chemical(substance, 10.0 ** (exponent + more)), kind=kind, weather=weather)
    assert (large >= small * (1 - 1e-6) - 1e-18).all()


@pytest.mark.parametrize("edge_t", [1.0, 6.0, 10.0, 60.0])
def test_steps_of_direct_ignition_do_not_lower_the_risk(edge_t):
    small, large = (table_of(chemical(PROPANE, edge_t * f)) for f in (0.999, 1.001))
    assert (large >= small * (1 - 1e-6)).all()


def test_tiles_give_the_very_bits_of_the_whole():
    layers = plant(
        chemical(CHLORINE, 5.0), chemical(PROPANE, 80.0, "U2"), units=[unit(), unit("U2", 333.3, -77.7)]
    )
    grid = square(1000)
    whole = risk.individual_risk(layers, grid=grid).risk_per_year
    for rows, cols, tile in grid.tiles(23):
        part = risk.individual_risk(layers, grid=tile).risk_per_year
        assert np.array_equal(part, whole[rows, cols])


def test_units_in_any_order_give_the_same_bits():
    units = [unit(), unit("U2", 90.0, 10.0), unit("U3", -50.0, 40.0)]
    chemicals = [chemical(unit_id=u["unit_id"]) for u in units]
    grid = square(500)
    one = risk.individual_risk(plant(*chemicals, units=units), grid=grid).risk_per_year
    two = risk.individual_risk(plant(*chemicals[::-1], units=units[::-1]), grid=grid).risk_per_year
    assert np.array_equal(one, two)


def test_at_the_source_the_risk_is_the_frequency_of_all_leaks_of_a_poison():
    """CPR 18E: 5e-7 + 5e-7 + 1e-5 a year for a pressure vessel; within the cloud everybody dies."""
    assert table_of(chemical(CHLORINE, 50.0))[0, 0] == pytest.approx(1.1e-5, rel=1e-6)


def test_contents_beyond_one_vessel_count_as_more_vessels():
    assert table_of(chemical(CHLORINE, 1500.0))[0, 0] == pytest.approx(3 * 1.1e-5, rel=1e-6)


def test_probabilities_of_an_event_tree_do_not_exceed_one():
    from layers.scoring.consequence.properties import chemical_properties

    for cas in ("7782-50-5", "74-98-6", "110-54-3", "75-21-8", "1333-74-0"):
        for leak in ("instantaneous", "all_in_10_min", "hole_10_mm"):
            ends = outcomes(leak, chemical_properties(cas), 20_000.0, WEATHER[0], "urban")
            assert 0 < sum(end.probability for end in ends) <= 1 + 1e-12
            for end in ends:
                assert end.death.min() >= 0 and end.death.max() <= 1 + 1e-12
                assert (end.outdoors <= end.death + 1e-12).all()


@pytest.mark.parametrize("leak", ["instantaneous", "all_in_10_min", "hole_10_mm"])
@pytest.mark.parametrize("substance", SUBSTANCES, ids=lambda s: s[1])
def test_ends_that_are_remembered_are_the_ends_as_worked_out(substance, leak):
    asked = (leak, chemical_properties(substance_of(substance[1], substance[0])), 20_000.0, WEATHER[-1], "rural", 0.0)
    worked_out = footprints.ends_of_leak(*asked)
    for ends in (outcomes(*asked), outcomes(*asked)):
        assert [(end.kind, end.probability) for end in ends] == [(end.kind, end.probability) for end in worked_out]
        for end, fresh in zip(ends, worked_out, strict=True):
            for name in ("death", "outdoors", "indoors"):
                assert np.array_equal(getattr(end, name), getattr(fresh, name)), name


def test_no_death_above_the_least_is_passed_over_off_the_axis():
    """The loop leaves out places by their probit before it works the death out; the least itself still counts."""
    radii, least = np.array([0.0, 10.0, 20.0]), 1e-6
    for death in (1e-6 * (1 + 1e-9), 1e-5, 0.5):
        value = np.full(3, 5.0 + NormalDist().inv_cdf(death))
        found = footprint_grid.gaussian_death(radii, value, np.full(3, 1e9), 1.0, least)
        assert found[1, 0] == pytest.approx(death, rel=1e-6)
    below = np.full(3, 5.0 + NormalDist().inv_cdf(1e-6 * (1 - 1e-6)))
    assert not footprint_grid.gaussian_death(radii, below, np.full(3, 1e9), 1.0, least).any()


def test_two_units_add_up():
    grid = square(400)
    one, two = unit(), unit("U2", 100.0, 0.0)
    both = plant(chemical(), chemical(unit_id="U2"), units=[one, two])
    total = risk.individual_risk(both, grid=grid).risk_per_year
    alone = [
        risk.individual_risk(plant(chemical(unit_id=u["unit_id"]), units=[u]), grid=grid).risk_per_year
        for u in (one, two)
    ]
    assert total == pytest.approx(alone[0] + alone[1], rel=1e-12)


@pytest.mark.parametrize("amount", [-1.0, float("inf"), "viel"])
def test_amounts_that_cannot_be_stop_with_unit_and_chemical(amount):
    with pytest.raises(InputError, match="U1 氯 amount_t"):
        risk.individual_risk(plant(chemical(amount_t=amount)), grid=square(100))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (chemical(amount_t=None), "missing"),
        (chemical(amount_t=0.0), "zero"),
        (chemical(("怪物质", "7782-50-6")), "no properties"),
        (chemical(("涂料稀释剂", None)), "no substance stands for it"),
        (chemical(("工业炸药", None), category_symbol="W1.1"), "overpressure"),
        (chemical(("硫磺", "7704-34-9"), category_symbol="W10"), "model|neither"),
        (chemical(("氧", "7782-44-7")), "neither flammable"),
    ],
)
def test_what_cannot_be_computed_is_listed_and_gives_no_value(row, reason):
    field = risk.individual_risk(plant(row), grid=square(100))
    assert field.risk_per_year.max() == 0 and len(field.units) == 0
    (entry,) = field.not_assessed
    assert entry.unit_id == "U1" and pd.Series([entry.reason_en]).str.contains(reason).all()


@pytest.mark.parametrize("kind", ["fuel_station", "lpg_station", "fireworks_store", "explosives_store"])
def test_installations_outside_the_standard_are_left_out_with_the_clause(kind):
    layers = plant(chemical(PROPANE), enterprise_kind=kind)
    field = risk.individual_risk(layers, grid=square(100))
    assert field.risk_per_year.max() == 0 and field.not_assessed[0].rule_id == "ESD-SCOPE"
    assert assessment_methods(layers).method.tolist() == ["out_of_scope"]


def test_planned_and_removed_units_are_no_sources_and_unplaced_ones_are_listed():
    units = [unit(status="planned"), unit("U2", status="closed"), unit("U3", geometry=None)]
    field = risk.individual_risk(plant(chemical(), chemical(unit_id="U3"), units=units), grid=square(100))
    assert field.risk_per_year.max() == 0 and [entry.unit_id for entry in field.not_assessed] == ["U3"]


def test_no_units_at_all_is_no_risk_and_no_contour():
    field = risk.individual_risk({}, grid=square(100))
    assert field.risk_per_year.max() == 0 and risk_contours(field).empty


def test_degrees_weather_rose_and_terrain_that_cannot_be_are_refused():
    layers = plant(chemical())
    degrees = layers | {"hazard_units": layers["hazard_units"].to_crs(4490)}
    with pytest.raises(CrsMismatchError):
        risk.individual_risk(degrees, grid=square(100))
    with pytest.raises(InputError, match="terrain"):
        risk.individual_risk(layers, grid=square(100), terrain="forest")
    with pytest.raises(InputError, match="weather"):
        risk.individual_risk(layers, grid=square(100), weather=[])
    with pytest.raises(InputError, match="wind_rose"):
        risk.individual_risk(layers, grid=square(100), wind_rose=WindRose(np.full((1, 16), 1 / 16), ("D5",)))


@pytest.mark.parametrize(
    "shares", [np.full((1, 16), np.nan), np.full((1, 16), 0.1), np.zeros((1, 0)), -np.eye(1, 16)]
)
def test_a_rose_that_is_no_whole_year_cannot_be_made(shares):
    with pytest.raises(InputError, match="wind_rose"):
        WindRose(shares)


@pytest.mark.parametrize("share", [np.nan, -1.0, 0.5])
def test_weather_that_is_no_whole_year_is_refused(share):
    weather = [dataclasses.replace(WEATHER[0], share=share)]
    with pytest.raises(InputError, match="share"):
        risk.individual_risk(plant(chemical()), grid=square(100), weather=weather)


def test_contours_are_nested_valid_and_as_large_as_their_cells():
    layers = plant(chemical(CHLORINE, 400.0), chemical(PROPANE, 4000.0))
    field = risk.individual_risk(layers, grid=square(6000), wind_rose=UNEVEN)
    contours = risk_contours(field)
    assert set(contours.risk_per_year) <= set(contour_values()) and len(contours) >= 3
    assert contours.is_valid.all() and (contours.geom_type == "MultiPolygon").all()
    assert contours.crs == layers["hazard_units"].crs and set(contours.source) == {"screening"}
    for _, row in contours.iterrows():
        cells_m2 = (field.risk_per_year >= row.risk_per_year).sum() * field.grid.cell_area_m2
        assert row.geometry.area == pytest.approx(cells_m2, rel=0.02)
    for inner, outer in zip(contours.geometry[:-1], contours.geometry[1:], strict=True):
        assert outer.buffer(field.grid.cell_m).contains(inner)
    assert contours.geometry.iloc[0].covers(layers["hazard_units"].geometry.iloc[0])


def test_targets_in_our_contours_are_to_be_confirmed_by_their_class():
    field = risk.individual_risk(plant(chemical(CHLORINE, 1500.0)), grid=square(1000))
    near, far = box(55, 5, 95, 45), point(900, 900)
    common = {"name": "t", "n_persons": None, "n_households": None}
    targets = layer(
        {"target_id": "school", "category": "school", "target_class": None, "geometry": near},
        {"target_id": "market", "category": "market", "target_class": "general_3", "geometry": near},
        {"target_id": "hotel", "category": "hotel", "target_class": None, "geometry": near},
        {"target_id": "away", "category": "school", "target_class": None, "geometry": far},
        {"target_id": "unplaced", "category": "school", "target_class": None, "geometry": None},
        **common,
    )
    found = targets_to_confirm(field, targets).set_index("target_id")
    assert found.loc["school", "limit_per_year"] == 3e-6 and found.loc["school", "certainty"] == "certain"
    assert found.loc["school", "risk_per_year"] > 3e-6
    assert found.loc["hotel", "certainty"] == "possible" and found.loc["hotel", "limit_per_year"] == 3e-6
    assert set(found.index) == {"school", "hotel"} and set(found.result_zh) == {"须核定"}
    assert targets_to_confirm(field, targets.iloc[:0]).empty


def test_method_of_the_standard_follows_gas_and_s_and_then_the_whole_enterprise():
    units = [unit(), unit("U2"), unit("U3", enterprise_id="E2"), unit("U4", enterprise_id="E3")]
    explosive = chemical(("工业炸药", None), 1.0, "U4", category_symbol="W1.1")
    layers = plant(
        chemical(CHLORINE, 5.0),
        chemical(HEXANE, 5.0, "U2"),
        chemical(HEXANE, 900.0, "U3"),
        explosive,
        units=units,
    )
    found = assessment_methods(layers).set_index("unit_id")
    assert found.method.tolist() == ["qra", "qra", "distance", "consequence"]
    assert found.rule_id.tolist() == ["ESD-METHOD-2", "ESD-METHOD-2A", "ESD-METHOD-3", "ESD-METHOD-1"]


def test_explosives_beside_a_gas_leave_the_gas_in_quantitative_risk():
    explosive = chemical(("工业炸药", None), 0.01, category_symbol="W1.1")
    layers = plant(chemical(CHLORINE, 100.0), explosive)
    (row,) = assessment_methods(layers).itertuples()
    assert (row.method, row.has_explosives) == ("qra", True) and "超压" in row.reason_zh
    judged, left_out = covered(layers, assessment_methods(layers))
    assert judged["hazard_units"].unit_id.tolist() == ["U1"] and not left_out
    without = assessment_methods(plant(chemical(CHLORINE, 100.0)))
    assert not without.has_explosives.any()


@pytest.mark.parametrize(
    ("rows", "method"),
    [
        ([chemical(("某新化学品", None), 50.0)], "unknown"),
        ([chemical(("某新化学品", None), 50.0), chemical(HEXANE, 900.0)], "unknown"),
        ([chemical(("某新化学品", None), None), chemical(CHLORINE, 100.0)], "qra"),
        ([chemical(("某新化学品", None), 50.0, category_symbol="W5.4")], "distance"),
        ([chemical(CHLORINE, None)], "unknown"),
        ([chemical(HEXANE, None)], "distance"),
    ],
)
def test_a_chemical_that_no_table_knows_leaves_the_method_open(rows, method):
    found = assessment_methods(plant(*rows))
    assert found.method.tolist() == [method] and not found.has_explosives.any()


@pytest.mark.parametrize("other", [chemical(("某新化学品", None), 5.0), chemical(CHLORINE, None)])
def test_explosives_beside_what_is_not_known_keep_their_overpressure_and_leave_the_rest_open(other):
    explosive = chemical(("工业炸药", None), 0.01, category_symbol="W1.1")
    (row,) = assessment_methods(plant(explosive, other)).itertuples()
    assert (row.method, row.has_explosives) == ("unknown", True) and "超压" in row.reason_zh
    assert assessment_methods(plant(explosive)).method.tolist() == ["consequence"]


def test_units_of_other_methods_are_named_with_theirs_and_give_no_figure():
    units = [unit(), unit("U2", enterprise_id="E2"), unit("U3", enterprise_id="E3", status="planned")]
    layers = plant(chemical(CHLORINE, 6.0), chemical(HEXANE, 900.0, "U2"), chemical(CHLORINE, 6.0, "U3"), units=units)
    judged, left_out = covered(layers, assessment_methods(layers))
    assert judged["hazard_units"].unit_id.tolist() == ["U1"]
    assert [(entry.unit_id, entry.rule_id) for entry in left_out] == [("U2", "ESD-METHOD-3")]
    new, _ = covered(layers, assessment_methods(layers), planned=True)
    assert new["hazard_units"].unit_id.tolist() == ["U3"] and new["hazard_units"].status.tolist() == ["operating"]


def test_a_new_unit_is_judged_with_the_whole_of_its_enterprise():
    units = [unit(), unit("U2", status="planned"), unit("U3", enterprise_id="E2")]
    layers = plant(*(chemical(CHLORINE, 6.0, name) for name in ("U1", "U2", "U3")), units=units)
    new, _ = covered(layers, assessment_methods(layers), planned=True)
    assert new["hazard_units"].unit_id.tolist() == ["U1", "U2"]


def test_oxygen_is_neither_a_toxic_nor_a_flammable_gas():
    layers = plant(chemical(("氧(压缩的或液化的)", "7782-44-7"), 1050.0, category_symbol="W4"))
    assert assessment_methods(layers).method.tolist() == ["distance"]


def test_a_name_of_table_1_stands_for_its_cas_number():
    found, skipped = unit_scenarios(plant(chemical(("氨", None), 20.0)))
    assert {scenario.cas for scenario in found[0].scenarios} == {AMMONIA[1]} and not skipped


def test_hj_169_leaks_can_stand_in_for_cpr_18e():
    found, _ = unit_scenarios(plant(chemical()), leak_source="HJ169-2018")
    assert [scenario.frequency_per_year for scenario in found[0].scenarios] == [5e-6, 5e-6, 1e-4]
    assert isinstance(found[0].scenarios[0], Scenario)


@pytest.mark.parametrize(
    ("ir", "target", "is_new", "is_met"),
    [
        (2.9e-7, "high_sensitive", True, True),  # standards/b test_vectors
        (3.1e-7, "high_sensitive", True, False),
        (3.1e-7, "high_sensitive", False, True),
        (2e-5, "general_3", True, False),
        (2e-5, "general_3", False, True),
    ],
)
def test_criteria_of_gb_36894(ir, target, is_new, is_met):
    assert (ir <= criterion_limit(target, is_new=is_new)) == is_met


def test_criteria_that_contradict_each_other_are_not_used(tmp_path):
    name = "individual_risk_criteria.csv"
    shutil.copy(RULES_DIR / name, tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(
        text.replace("general_2,3e-06,1e-05", "general_2,3e-05,1e-05"), encoding="utf-8"
    )
    with pytest.raises(RuleTableError, match="stricter"):
        load_individual_criteria(tmp_path)


def test_the_middle_of_the_tests_plane_is_a_corner_of_cells():
    assert X % 25 == 0 == Y % 25


def reach(leak, substance, kg, *, at=0.5, kind=None, weather_id="F1.5"):
    """Largest distance at which an end of a leak kills with a probability, metres."""
    weather = next(entry for entry in WEATHER if entry.weather_id == weather_id)
    ends = outcomes(leak, chemical_properties(substance_of(substance[1], substance[0])), kg, weather, "rural")
    death = np.max([end.death for end in ends if kind in (None, end.kind)], axis=0)
    hit = death.max(axis=1) >= at
    return float(RADII_M[hit].max()) if hit.any() else 0.0


@pytest.mark.parametrize("substance", [CHLORINE, AMMONIA, ("氯化氢(无水)", "7647-01-0"), ("二氧化硫", "7446-09-5")])
@pytest.mark.parametrize("kg", [1e3, 5e4, 5e5])
def test_a_leak_of_ten_minutes_reaches_no_farther_than_all_at_once(substance, kg):
    for weather_id in ("D5", "F1.5"):
        slow = reach("all_in_10_min", substance, kg, at=0.01, kind="toxic", weather_id=weather_id)
        assert 0 < slow <= reach("instantaneous", substance, kg, at=0.01, kind="toxic", weather_id=weather_id)


def test_hydrogen_rises_and_does_not_burn_a_kilometre_off():
    """A ton mixed in place to 4 % fills a half sphere of 52 m; the 10 mm hole's jet burns to about 40 m."""
    assert 40 <= reach("instantaneous", HYDROGEN, 1000.0, kind="flash_fire") <= 60
    assert 30 <= reach("hole_10_mm", HYDROGEN, 1000.0, kind="flash_fire") <= 40


def test_distances_stand_where_published_ones_do():
    """Orders of size of published assessments: a ton of chlorine, 25 t of LPG in a fireball, 30 t of ammonia."""
    assert 200 <= reach("all_in_10_min", CHLORINE, 1000.0) <= 500
    assert 120 <= reach("instantaneous", PROPANE, 25_000.0, kind="fire") <= 260
    assert 500 <= reach("instantaneous", AMMONIA, 30_000.0) <= 1200


def three_units(**changes):
    places = {"U1": (0.0, 0.0), "U2": (1500.0, 200.0), "U3": (-1200.0, 900.0)}
    amounts = {"U1": (CHLORINE, 2.0), "U2": (PROPANE, 40.0), "U3": (HYDROGEN, 5.0)}
    for name, (x, y, substance, amount_t) in changes.items():
        places[name], amounts[name] = (x, y), (substance, amount_t)
    kept = [name for name in sorted(places) if amounts[name][1] is not None]
    return plant(*(chemical(*amounts[name], name) for name in kept), units=[unit(name, *places[name]) for name in kept])


@pytest.mark.parametrize("change", [
    {"U2": (1500.0, 200.0, PROPANE, 90.0)}, {"U3": (-1000.0, -700.0, HYDROGEN, 5.0)}, {"U3": (0.0, 0.0, HYDROGEN, None)},
    {"U4": (2600.0, -2500.0, PROPANE, 10.0)}, {"U0": (9000.0, 0.0, HYDROGEN, 1.0)}, {"U2": (1400.0, 150.0, PROPANE, 40.0), "U3": (1700.0, 100.0, HYDROGEN, 9.0)},
    {},
])  # fmt: skip
def test_what_a_change_reaches_alone_is_summed_again_to_the_same_bits(monkeypatch, change):
    grid = square(3000.0)
    before = risk.individual_risk(three_units(), grid=grid)
    whole = risk.individual_risk(three_units(**change), grid=grid)
    summed, lay_on = [], risk.lay_on
    monkeypatch.setattr(risk, "lay_on", lambda part, tables: (summed.append(part.rows * part.cols), lay_on(part, tables))[1])
    held = before.risk_per_year.copy()
    found = risk.individual_risk(three_units(**change), grid=grid, before=before)
    assert found.risk_per_year.tobytes() == whole.risk_per_year.tobytes()
    assert sum(summed) < 0.6 * grid.rows * grid.cols and np.array_equal(before.risk_per_year, held)


def test_windows_that_overlap_become_one():
    windows = [(0, 0, 10, 10), (20, 20, 30, 30), (9, 9, 21, 21), (40, 0, 41, 1)]
    assert sorted(risk._apart(windows)) == [(0, 0, 30, 30), (40, 0, 41, 1)]


@pytest.mark.parametrize(("substance", "is_thinned"), [(AMMONIA, False), (CHLORINE, False), (CARBON_MONOXIDE, True)])
def test_a_town_thins_clouds_as_heavy_as_air_and_never_widens_heavy_ones(substance, is_thinned):
    layers, grid = plant(chemical(substance, 60.0)), square(2000.0)
    rural, urban = (risk.individual_risk(layers, grid=grid, terrain=terrain) for terrain in ("rural", "urban"))
    areas = [(found.risk_per_year >= 3e-7).sum() for found in (rural, urban)]
    if is_thinned:
        assert 0 < areas[1] < 0.5 * areas[0]
    else:
        assert areas[0] > 0 and np.array_equal(rural.risk_per_year, urban.risk_per_year)
