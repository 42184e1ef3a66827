"""Strength and reach of a unit of several forms: an amount that is added lowers no cell, and every row is looked up by hand."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import GRID, MAXIMUM, WEIGHTED
from tests.layers.scoring.level_cases import (
    chemical,
    declared_as,
    enterprise,
    rated,
    unit,
)

CHLORINE, LPG, PETROL = ("液氯", "7782-50-5"), ("液化石油气", "68476-85-7"), ("汽油", "8006-61-9")
PHOSGENE, TNT, BLASTING = ("光气", "75-44-5"), ("三硝基甲苯", "118-96-7"), ("炸药", None, "W1.1")
NITRATE = ("硝酸铵", "6484-52-2")
ANY = [CHLORINE, LPG, PETROL, PHOSGENE, TNT, BLASTING, NITRATE]
KINDS = ["general", "hazchem_producer", "lpg_station", "fuel_station", "explosives_store"]


def stored(what, amount_t):
    name, cas, *category = what
    return chemical(name=name, cas=cas, amount_t=amount_t, category=category[0] if category else None)


def unit_row(*held, **fields):
    chemicals = [stored(what, amount_t) for what, amount_t in held]
    return rated((), [unit(n_persons_500m=120, **fields)], chemicals).loc["hazard_units:u1"]


@pytest.mark.parametrize(
    ("held", "strength", "radius_m"),
    [
        ([(CHLORINE, 4.5), (PETROL, 40)], 0.55, 400),  # S 0.9 + 0.2, R 2 (3.6 + 0.2): level 4, toxic gas
        ([(CHLORINE, 4.5), (PETROL, 200)], 0.55, 400),  # petrol alone has S 1 and reaches less far
        ([(CHLORINE, 4.5), (LPG, 10)], 0.55, 400),
        ([(CHLORINE, 4.5), (LPG, 50)], 0.70, 700),  # R 2 (3.6 + 1.5) = 10.2: level 3, toxic gas
        ([(PETROL, 198)], 0.35, 300),
        ([(PETROL, 202)], 0.55, 300),  # never below the row "below a major hazard"
        ([(LPG, 49)], 0.35, 300),
        ([(LPG, 51)], 0.55, 300),
        ([(PETROL, 100_000), (CHLORINE, 0.2)], 1.0, 500),  # 4 x 0.2 / 5 = 0.16: a trace of chlorine does not decide
        ([(PETROL, 100_000), (CHLORINE, 0.25)], 1.0, 500),  # counts as toxic gas of level 4: 400 m
        ([(PETROL, 400), (CHLORINE, 0.25)], 0.55, 400),
        ([(BLASTING, 0.01)], 0.75, 300),
        ([(BLASTING, 0.01), (PETROL, 1)], 0.75, 300),
        ([(BLASTING, 10), (PETROL, 200), (CHLORINE, 5)], 0.85, pytest.approx(58.9 * 10_000 ** (1 / 3))),  # R 2 (20 + 1 + 4) = 50: level 2
    ],
)
def test_strength_and_reach_by_hand(held, strength, radius_m):
    row = unit_row(*held)
    assert (row.strength, row.radius_m) == (strength, radius_m)


def test_level_on_file_holds_for_each_form_of_the_unit():
    row = unit_row((PETROL, 400), (CHLORINE, 0.1), filed_level=2)
    assert (row.strength, row.radius_m) == (0.85, 1000)


def test_reach_that_is_not_of_the_form_that_names_the_unit_is_told():
    told = [entry for entry in unit_row((PETROL, 202)).reasons if entry["method"] == "radius"]
    assert "300 米" in told[0]["text_zh"] and told[0]["rule_id"] == "STR-HAZCHEM-YELLOW"
    assert not [entry for entry in unit_row((CHLORINE, 20)).reasons if entry["method"] == "radius"]


def test_any_part_that_burns_makes_the_danger_one_that_help_slows():
    assert unit_row((CHLORINE, 20), (PETROL, 1)).is_fire and not unit_row((CHLORINE, 20)).is_fire


AMOUNTS_T = st.one_of(st.floats(0, 12), st.floats(0, 600))


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    declared=st.sampled_from([None, "red", "yellow", "blue"]),
    filed=st.sampled_from([None, None, 1, 4]),
    persons=st.sampled_from([None, 0, 60, 200]),
    held=st.lists(st.tuples(st.sampled_from(ANY), AMOUNTS_T, AMOUNTS_T), min_size=2, max_size=3, unique_by=lambda one: one[0]),
)
@example("hazchem_producer", None, None, 120, [(CHLORINE, 4.5, 0), (PETROL, 40, 160)])
@example("hazchem_producer", None, None, 120, [(CHLORINE, 4.5, 0), (LPG, 10, 40)])
@example("general", None, None, 120, [(BLASTING, 10, 0), (PETROL, 0, 200), (CHLORINE, 0, 5)])
@example("general", None, None, 120, [(BLASTING, 0.01, 0), (PETROL, 0, 1)])
@example("hazchem_producer", None, None, 120, [(PETROL, 198, 4), (CHLORINE, 0, 0)])
@example("hazchem_producer", None, None, 120, [(LPG, 49, 2), (CHLORINE, 0, 0)])
def test_added_amount_never_lowers_a_cell(kind, declared, filed, persons, held):
    plant = declared_as(declared, kind) if declared else enterprise(kind=kind)
    units = [unit(n_persons_500m=persons, filed_level=filed)]
    before, after = (
        rated([plant], units, [stored(what, amount_t + share * more_t) for what, amount_t, more_t in held])
        for share in (0, 1)
    )
    for policy in (WEIGHTED, MAXIMUM):
        was, now = (risk_index(points, GRID, policy) for points in (before, after))
        assert (np.where(now.level == 0, 9, now.level) <= np.where(was.level == 0, 9, was.level)).all()
        assert (np.nan_to_num(now.index) >= np.nan_to_num(was.index)).all()
