"""Societal risk: sums by hand, the bands of GB 36894, agreement with individual risk, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from layers.errors import InputError
from layers.scoring import societal_risk as risk
from layers.scoring.individual_risk import individual_risk
from layers.scoring.people import residents_at_dwellings, residents_in_cells, with_staff
from tests.layers.scoring.frames import X, Y, box, layer, point
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
    return residents_in_cells(np.full(GRID.shape, n), GRID)


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


def test_without_any_figure_for_residents_nothing_is_acceptable():
    rows = pd.DataFrame({"band": list(risk.BANDS), "is_incomplete": False})
    nobody = residents_at_dwellings(np.full(GRID.shape, np.nan), GRID, None)
    assert risk.rated_with(rows, nobody, has_population=False).band.tolist() == ["unacceptable", "unrated", "unrated"]
    assert risk.rated_with(rows, nobody, has_population=True).band.tolist() == list(risk.BANDS)
    assert risk.rated_with(rows, people(), has_population=False).band.tolist() == list(risk.BANDS)


def test_ground_without_figures_is_unknown_and_makes_the_sums_incomplete():
    """Half of the raster says nothing: that is not "nobody", so PLL and curve are lower bounds and nothing is acceptable."""
    raster = np.full(GRID.shape, 2.0)
    raster[:, GRID.cols // 2 :] = np.nan
    given = plant(chemical(CHLORINE, 2.0))
    half = risk.societal_risk(given, people=residents_at_dwellings(raster, GRID, None)).enterprises.iloc[0]
    assert half.is_incomplete and 30 < half.unknown_pct < 70
    whole = risk.societal_risk(given, people=people()).enterprises.iloc[0]
    assert not whole.is_incomplete and whole.unknown_pct == 0 and half.pll_per_year < whole.pll_per_year
    rows = pd.DataFrame({"band": list(risk.BANDS), "is_incomplete": True})
    assert risk.rated_with(rows, people(), has_population=True).band.tolist() == ["unacceptable", "alarp", "unrated"]


def test_dwellings_without_a_raster_figure_are_known():
    grid = square(100, 100.0)
    homes = layer({"geometry": box(10, 10, 20, 20)}, use="residential", n_households=2)
    found = residents_at_dwellings(np.full(grid.shape, np.nan), grid, homes)
    assert found.coverage.is_known.sum() == 1 and not found.coverage.is_known.all()


@pytest.mark.parametrize("point", [(0.5, 1e-5), (10, -1e-5), (10, float("nan")), (float("nan"), 1e-5)])
def test_points_that_cannot_be_are_refused(point):
    with pytest.raises(InputError):
        risk.criterion_band(*point)


def test_curve_by_hand():
    n, f = risk.exceedance(np.array([1e-6, 2e-6, 4e-6, 1.0]), np.array([5.0, 50.0, 0.7 + 0.3, 0.2]))
    assert n.tolist() == [1, 5, 50] and f == pytest.approx([7e-6, 3e-6, 2e-6])


def test_curve_falls_and_more_people_mean_more_deaths():
    layers = plant(chemical(CHLORINE, 20.0), chemical(PROPANE, 100.0))
    few, many = (risk.societal_risk(layers, people=people(n)) for n in (1.0, 4.0))
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
    found = risk.societal_risk(layers, people=people(), wind_rose=UNEVEN)
    field = individual_risk(layers, grid=GRID, wind_rose=UNEVEN)
    assert found.pll_per_year == pytest.approx(2 * field.risk_per_year.sum(), rel=0.05)


def test_the_criterion_is_met_or_not_by_each_enterprise():
    units = [unit(), unit("U2", 500.0, 0.0, enterprise_id="E2")]
    layers = plant(chemical(CHLORINE, 1000.0), chemical(PROPANE, 0.5, "U2"), units=units)
    found = risk.societal_risk(layers, people=people(10.0))
    bands = found.enterprises.set_index("enterprise_id").band
    assert risk.BANDS.index(bands["E1"]) < risk.BANDS.index(bands["E2"])
    assert found.enterprises.pll_per_year.sum() == pytest.approx(found.pll_per_year)


def test_nobody_around_is_acceptable_and_says_what_was_not_assessed():
    layers = plant(chemical(CHLORINE, 20.0), chemical(PROPANE, None))
    found = risk.societal_risk(layers, people=people(0.0))
    assert found.pll_per_year == 0 and found.band == "acceptable" and len(found.not_assessed) == 1
    assert found.rule_id == "SR-GB36894"


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
def test_a_cell_that_cannot_be_is_named(value):
    persons = np.full(GRID.shape, 2.0)
    persons[3, 7] = value
    with pytest.raises(InputError, match="row 3 column 7"):
        residents_in_cells(persons, GRID)
    with pytest.raises(InputError, match="shape"):
        residents_in_cells(persons[1:], GRID)


def test_residents_live_in_the_dwellings_of_their_cell():
    grid = square(100, 100.0)
    homes = layer(
        {"geometry": box(-90, 10, -80, 20), "n_households": 3.0},
        {"geometry": box(-60, 10, -50, 20), "n_households": None},
        {"geometry": box(20, 10, 30, 20), "n_households": 2.0, "use": "industrial"},
        {"geometry": box(20, -20, 30, -10), "n_households": 2.0},
        use="residential",
    )
    persons = np.array([[8.0, 5.0], [0.0, np.nan]])
    found = residents_at_dwellings(persons, grid, homes)
    places = {(x - X, y - Y): n for x, y, n in zip(found.x_m, found.y_m, found.persons, strict=True)}
    assert places == {(-85.0, 15.0): 6.0, (-55.0, 15.0): 2.0, (50.0, 50.0): 5.0, (25.0, -15.0): pytest.approx(5.2)}


def test_without_buildings_residents_stand_at_the_centres_and_unknown_cells_are_empty():
    found = residents_at_dwellings(np.array([[8.0, np.nan], [0.0, 1.0]]), square(100, 100.0), None)
    assert found.persons.tolist() == [8.0, 1.0]


def test_staff_of_other_plants_count_and_the_own_does_not():
    staff = layer(
        {"enterprise_id": "E1", "n_persons": 500.0, "geometry": point(5, 5)},
        {"enterprise_id": "E2", "n_persons": 20.0, "geometry": point(60, 0)},
        {"enterprise_id": "E3", "n_persons": 70.0, "geometry": point(0, 60), "status": "closed"},
        {"enterprise_id": "E4", "n_persons": 70.0, "geometry": None},
        status="operating",
    )
    found = risk.societal_risk(plant(chemical(CHLORINE, 20.0)), people=with_staff(people(0.0), staff))
    row = found.enterprises.iloc[0]
    assert 0 < row.most_deaths <= 20 and row.pll_per_year == pytest.approx(row.pll_day_per_year + row.pll_night_per_year)
    assert row.pll_day_per_year > row.pll_night_per_year


def test_curve_of_an_enterprise_falls_and_its_day_and_night_sum_to_it():
    found = risk.societal_risk(plant(chemical(CHLORINE, 20.0)), people=people(20.0))
    curve = found.enterprises.curve.iloc[0]
    assert [entry["n"] for entry in curve] == sorted(entry["n"] for entry in curve)
    for entry in curve:
        assert entry["day"] + entry["night"] == pytest.approx(entry["f"], rel=1e-4)
        upper, _ = risk.societal_limits(np.array([float(entry["n"])]))
        assert found.enterprises.times_limit.iloc[0] >= entry["f"] / upper[0] * (1 - 1e-4)
