"""Levels of hazard units, and each danger once: units and the plants that carry them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point

from layers.scoring.zoning import risk_index
from tests.layers.scoring.level_cases import chemical, declared_as, enterprise, rated, unit
from tests.layers.scoring.scoring_cases import GRID, MAXIMUM, WEIGHTED


# Units


@pytest.mark.parametrize(
    ("amount_t", "hazard_level", "level", "strength", "radius_m"),
    [
        (20, 4, "orange", 0.55, 400),
        (50, 3, "orange", 0.70, 700),
        (250, 2, "red", 0.85, 1000),
        (500, 1, "red", 1.0, 1500),
    ],
)
def test_toxic_gas_unit_by_its_hazard_level(amount_t, hazard_level, level, strength, radius_m):
    points = rated([enterprise(kind="hazchem_producer")], [unit()], [chemical(amount_t=amount_t)])
    row = points.loc["hazard_units:u1"]
    assert (row.major_hazard_level, row.level, row.inherent_level) == (hazard_level, level, level)
    assert (row.strength, row.radius_m, row.is_fire) == (strength, radius_m, False)
    assert row.s_value == amount_t / 10


def test_level_on_file_counts_as_declared_and_differs_from_the_computed():
    row = rated([enterprise()], [unit(filed_level=1)], [chemical(amount_t=20)]).loc["hazard_units:u1"]
    assert (row.level, row.basis, row.major_hazard_level, row.is_disputed) == ("red", "declared", 1, True)


def test_unit_on_file_with_unknown_chemicals_takes_the_widest_reach_as_an_assumption():
    row = rated([enterprise()], [unit(filed_level=3)]).loc["hazard_units:u1"]
    assert (row.level, row.radius_m, row.is_assumption) == ("orange", 700, True)


def test_unit_with_a_missing_amount_is_unrated_and_names_it():
    row = rated([enterprise()], [unit()], [chemical(amount_t=None)]).loc["hazard_units:u1"]
    assert row.level == "unrated" and "最大储量" in row.missing and row.radius_m == 300


def test_unit_with_one_missing_amount_is_at_least_what_the_others_make_it():
    benzene = chemical(name="苯", cas="71-43-2", amount_t=None)
    row = rated([enterprise()], [unit()], [chemical(amount_t=250), benzene]).loc["hazard_units:u1"]
    assert (row.level, row.major_hazard_level, row.radius_m, row.is_assumption) == ("red", 2, 1000, True)
    assert "至少" in row.reason_zh and "最大储量" in row.reason_zh and "最大储量" in row.missing
    assert "at least" in row.reason_en


def test_units_are_graded_without_their_enterprise():
    assert list(rated(units=[unit()], chemicals=[chemical()]).level) == ["orange"]


# Each danger once


def test_plant_known_by_its_major_units_only_is_carried_by_them():
    points = rated([enterprise(kind="hazchem_producer")], [unit()], [chemical()])
    plant = points.loc["enterprises:e1"]
    assert plant.level == "orange" and pd.isna(plant.strength) and pd.isna(plant.radius_m)
    assert points.loc["hazard_units:u1"].strength == 0.55


def test_plant_with_its_own_level_adds_what_is_below_a_major_hazard():
    points = rated([enterprise(kind="hazchem_producer", control_score=80)], [unit()], [chemical()])
    assert (points.loc["enterprises:e1"].strength, points.loc["enterprises:e1"].radius_m) == (0.35, 300)
    assert points.loc["hazard_units:u1"].strength == 0.55


def test_unit_below_a_major_hazard_is_carried_by_its_plant():
    points = rated([enterprise(kind="hazchem_user")], [unit()], [chemical(amount_t=6)])
    assert points.loc["enterprises:e1"].strength == 0.35
    small = points.loc["hazard_units:u1"]
    assert small.level == "yellow" and pd.isna(small.strength)


def test_unit_below_a_major_hazard_colours_itself_where_the_plant_has_no_place():
    points = rated([enterprise(kind="hazchem_user", geometry=None)], [unit()], [chemical(amount_t=6)])
    assert points.loc["hazard_units:u1"].strength == 0.35


def test_lpg_station_and_its_tanks_count_as_the_stronger_of_them():
    tanks = [chemical(name="液化石油气", cas="68476-85-7", amount_t=60)]
    points = rated([enterprise(kind="lpg_station")], [unit()], tanks)
    carrier = points.loc["hazard_units:u1"]
    assert (carrier.strength, carrier.radius_m, carrier.level) == (0.60, 300, "orange")
    assert pd.isna(points.loc["enterprises:e1"].strength)


@pytest.mark.parametrize("level", ["blue", "yellow", "orange", "red"])
def test_declared_level_of_a_plant_never_swallows_its_toxic_unit(level):
    points = rated([declared_as(level)], [unit(n_persons_500m=0)], [chemical(amount_t=12)])
    assert (points.loc["hazard_units:u1"].strength, points.loc["hazard_units:u1"].radius_m) == (0.55, 400)
    assert (points.loc["enterprises:e1"].strength == 0.7) == (level == "red")


@pytest.mark.parametrize("level", ["blue", "red"])
def test_explosives_of_a_declared_store_colour_once(level):
    tnt = [chemical(name="三硝基甲苯", cas="118-96-7", amount_t=8)]
    points = rated([declared_as(level, "explosives_store")], [unit()], tnt)
    assert points.strength.notna().sum() == 1 and points.loc["hazard_units:u1"].strength == 0.75


def test_hazchem_plant_declared_blue_does_not_swallow_its_explosives():
    tnt = [chemical(name="三硝基甲苯", cas="118-96-7", amount_t=4)]
    points = rated([declared_as("blue", "hazchem_producer")], [unit()], tnt)
    assert points.loc["hazard_units:u1"].strength == 0.75
    assert points.loc["hazard_units:u1"].radius_m == pytest.approx(58.9 * 4000 ** (1 / 3))
    assert points.loc["enterprises:e1"].strength == 0.2


def test_plant_that_carries_a_unit_is_at_least_as_strong_as_it():
    points = rated([declared_as("blue", "hazchem_user")], [unit()], [chemical(amount_t=6)])
    plant = points.loc["enterprises:e1"]
    assert (plant.level, plant.strength, plant.radius_m) == ("blue", 0.35, 300)
    assert pd.isna(points.loc["hazard_units:u1"].strength) and pd.isna(points.loc["hazard_units:u1"].reach_m)


def test_plant_of_coarse_position_does_not_carry_its_unit():
    points = rated(
        [declared_as("red", "hazchem_user", accuracy_m=2000.0)], [unit(accuracy_m=3.0)], [chemical(amount_t=6)]
    )
    assert points.loc["hazard_units:u1"].radius_m == 300
    plant = points.loc["enterprises:e1"]
    assert pd.isna(plant.radius_m) and (plant.reach_m, plant.accuracy_m) == (300, 2000)


KINDS = ["general", "hazchem_producer", "hazchem_user", "lpg_station", "fuel_station", "ammonia", "explosives_store"]
STORES = [("液氯", "7782-50-5"), ("液化石油气", "68476-85-7"), ("汽油", None), ("三硝基甲苯", "118-96-7")]


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    stores=st.lists(
        st.tuples(st.sampled_from(STORES), st.floats(0.5, 500), st.floats(0, 250)), min_size=1, max_size=3
    ),
    levels=st.lists(st.sampled_from(["red", "orange", "yellow", "blue"]), min_size=2, max_size=2, unique=True),
)
def test_worse_declared_level_never_lowers_a_cell(kind, stores, levels):
    units = [unit(f"u{i}", geometry=Point(1000 + x, 1000)) for i, (_, _, x) in enumerate(stores)]
    chemicals = [chemical(f"u{i}", *what, amount_t=amount) for i, (what, amount, _) in enumerate(stores)]
    worse, milder = sorted(levels, key=["red", "orange", "yellow", "blue"].index)
    for policy in (WEIGHTED, MAXIMUM):
        codes = [
            risk_index(rated([declared_as(level, kind)], units, chemicals), GRID, policy).level
            for level in (worse, milder)
        ]
        shown = [np.where(code == 0, 9, code) for code in codes]
        assert (shown[0] <= shown[1]).all()
