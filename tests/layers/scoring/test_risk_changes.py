"""Changes of colour under the policy of individual risk: units, reports and bounds add up to every changed cell."""

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely

from layers.scoring.changes import NOT_REPRODUCED, Side, changes_between
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import individual_risk
from layers.scoring.policy import Cuts, load_policy
from layers.scoring.risk_surface import UnitRisk, risk_surface
from tests.layers.scoring.frames import CRS, X, Y
from tests.layers.scoring.risk_cases import CHLORINE, PROPANE, chemical, plant, square, unit

GRID = square(3000, 50.0)
POLICY = load_policy("individual_risk_2026A")


def reports(*rows):
    columns = ["contour_id", "enterprise_id", "risk_per_year", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=CRS)


def side(*chemicals, official=(), policy=POLICY):
    names = sorted({entry["unit_id"] for entry in chemicals})
    layers = plant(*chemicals, units=[unit(name, x=600.0 * place) for place, name in enumerate(names)])
    tables = individual_risk(layers, grid=Grid(50.0, 0, 0, 1, 1)).tables if chemicals else ()
    risk = UnitRisk(tables, reports(*official), reports())
    surface = risk_surface(risk, GRID, policy)
    v = np.ones(GRID.shape, np.float32)
    return Side(gpd.GeoDataFrame({"point_id": []}, geometry=[], crs=CRS), policy, GRID, surface.level, v, risk)


def by_cause(changes):
    total = changes.shares.groupby("patch")["area_m2"].sum()
    expected = changes.patches.set_index("patch")["area_m2"]
    assert total.to_numpy() == pytest.approx(expected.loc[total.index].to_numpy()) and len(total) == len(expected)
    return changes.shares.groupby("cause")["area_m2"].sum().to_dict()


def test_the_unit_that_grew_explains_all_of_it():
    before = side(chemical(CHLORINE, 10.0), chemical(PROPANE, 40.0, "U2"))
    after = side(chemical(CHLORINE, 60.0), chemical(PROPANE, 40.0, "U2"))
    assert set(by_cause(changes_between(before, after))) == {"hazard_units:U1"}


def test_two_units_share_by_what_each_adds():
    before = side(chemical(CHLORINE, 10.0), chemical(CHLORINE, 10.0, "U2"))
    after = side(chemical(CHLORINE, 60.0), chemical(CHLORINE, 60.0, "U2"))
    found = by_cause(changes_between(before, after))
    assert found["hazard_units:U1"] == pytest.approx(found["hazard_units:U2"], rel=0.35)
    assert set(found) == {"hazard_units:U1", "hazard_units:U2"}


def test_a_report_that_comes_is_a_cause_of_its_own():
    ring = shapely.Point(X, Y).buffer(700)
    found = by_cause(changes_between(side(), side(official=[("C1", "E9", 1e-5, ring)])))
    assert set(found) == {"official_contours:E9"}


def test_other_bounds_are_the_policys_doing_and_share_with_a_unit():
    strict = dataclasses.replace(POLICY, risk_from=Cuts(1.5e-5, 5e-6, 1.5e-6, 1.5e-7))
    before = side(chemical(CHLORINE, 30.0))
    assert set(by_cause(changes_between(before, side(chemical(CHLORINE, 30.0), policy=strict)))) == {"policy"}
    both = by_cause(changes_between(before, side(chemical(CHLORINE, 90.0), policy=strict)))
    assert set(both) == {"policy", "hazard_units:U1"} and min(both.values()) > 0


def test_levels_that_the_tables_do_not_give_are_left_over_by_name():
    before, after = side(chemical(CHLORINE, 10.0)), side(chemical(CHLORINE, 60.0))
    level = after.level.copy()
    level[:5, :5] = 1
    found = by_cause(changes_between(before, dataclasses.replace(after, level=level)))
    assert found[NOT_REPRODUCED] == 25 * GRID.cell_area_m2
