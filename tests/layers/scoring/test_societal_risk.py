"""Societal risk: sums by hand, the bands of GB 36894, agreement with individual risk, and what is refused."""

import numpy as np
import pytest

from layers.errors import InputError
from layers.scoring import societal_risk as risk
from layers.scoring.individual_risk import individual_risk
from tests.layers.scoring.risk_cases import (
    CHLORINE,
    PROPANE,
    UNEVEN,
    chemical,
    plant,
    square,
    unit,
)

GRID = square(3000, 100.0)


def people(n=2.0):
    return np.full(GRID.shape, n)


@pytest.mark.parametrize(
    ("n_deaths", "frequency", "band"),
    [
        (10, 2e-4, "unacceptable"),  # standards/b test_vectors
        (10, 5e-5, "alarp"),
        (10, 5e-7, "acceptable"),
        (100, 1e-5, "alarp"),
        (100, 1.01e-5, "unacceptable"),
        (30, 1e-5 / 30, "alarp"),
        (1000, 0.9e-8, "acceptable"),
    ],
)
def test_bands_of_gb_36894(n_deaths, frequency, band):
    assert risk.criterion_band(n_deaths, frequency) == band


@pytest.mark.parametrize("point", [(0.5, 1e-5), (10, -1e-5), (10, float("nan")), (float("nan"), 1e-5)])
def test_points_that_cannot_be_are_refused(point):
    with pytest.raises(InputError):
        risk.criterion_band(*point)


def test_curve_by_hand():
    n, f = risk.exceedance(np.array([1e-6, 2e-6, 4e-6, 1.0]), np.array([5.0, 50.0, 0.7 + 0.3, 0.2]))
    assert n.tolist() == [1, 5, 50] and f == pytest.approx([7e-6, 3e-6, 2e-6])


def test_curve_falls_and_more_people_mean_more_deaths():
    layers = plant(chemical(CHLORINE, 20.0), chemical(PROPANE, 100.0))
    few, many = (risk.societal_risk(layers, persons=people(n), persons_grid=GRID) for n in (1.0, 4.0))
    assert (np.diff(many.curve.frequency_per_year) <= 0).all()
    assert (many.curve.frequency_per_year >= few.curve.frequency_per_year).all()
    assert many.pll_per_year == pytest.approx(4 * few.pll_per_year)
    assert many.units.pll_per_year.sum() == pytest.approx(many.pll_per_year)


def test_outdoors_all_day_the_expected_deaths_are_individual_risk_times_people(monkeypatch):
    """Second way: summed over cells; directions are 16 instead of all, so to some per cent."""
    factors = {
        "presence_day": 1,
        "presence_night": 1,
        "indoors_day": 0,
        "indoors_night": 0,
        "heat_outdoor_factor": 1,
    }
    known = risk.assumed
    for module in ("societal_risk", "footprints"):
        monkeypatch.setattr(
            f"layers.scoring.{module}.assumed", lambda name: float(factors.get(name, known(name)))
        )
    layers = plant(chemical(CHLORINE, 20.0))
    found = risk.societal_risk(layers, persons=people(), persons_grid=GRID, wind_rose=UNEVEN)
    field = individual_risk(layers, grid=GRID, wind_rose=UNEVEN)
    assert found.pll_per_year == pytest.approx((field.risk_per_year * people()).sum(), rel=0.05)


def test_the_criterion_is_met_or_not_by_each_enterprise():
    units = [unit(), unit("U2", 500.0, 0.0, enterprise_id="E2")]
    layers = plant(chemical(CHLORINE, 1000.0), chemical(PROPANE, 0.5, "U2"), units=units)
    found = risk.societal_risk(layers, persons=people(10.0), persons_grid=GRID)
    bands = found.enterprises.set_index("enterprise_id").band
    assert risk.BANDS.index(bands["E1"]) < risk.BANDS.index(bands["E2"])
    assert found.enterprises.pll_per_year.sum() == pytest.approx(found.pll_per_year)


def test_nobody_around_is_acceptable_and_says_what_was_not_assessed():
    layers = plant(chemical(CHLORINE, 20.0), chemical(PROPANE, None))
    found = risk.societal_risk(layers, persons=people(0.0), persons_grid=GRID)
    assert found.pll_per_year == 0 and found.band == "acceptable" and len(found.not_assessed) == 1
    assert found.rule_id == "SR-GB36894"


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_a_cell_that_cannot_be_is_named(value):
    persons = people()
    persons[3, 7] = value
    with pytest.raises(InputError, match="row 3 column 7"):
        risk.societal_risk(plant(chemical()), persons=persons, persons_grid=GRID)
    with pytest.raises(InputError, match="shape"):
        risk.societal_risk(plant(chemical()), persons=people()[1:], persons_grid=GRID)
