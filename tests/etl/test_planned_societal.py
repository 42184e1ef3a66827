"""Societal risk of what an enterprise plans stands beside that of what it has, as if it were in operation."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from etl.stages.stage import Given
from etl.stages.unit_risk import SOCIETAL_RISK, UNIT_RISK
from layers.catalog import load_catalog
from tests.etl.test_terrain import given


def with_neighbour(asked: Given, **status: str) -> Given:
    """The plant of the terrain's tests with a neighbour that has 300 staff, and some units of another status."""
    units, plants = asked.frames["hazard_units"], asked.frames["enterprises"]
    units = units.assign(status=[status.get(unit, "operating") for unit in units["unit_id"]])
    middle = plants.geometry.iloc[0]
    neighbour = plants.assign(enterprise_id="E9", feature_id="E9", n_persons=300).set_geometry([shapely.Point(middle.x + 150, middle.y)], crs=plants.crs)
    together = gpd.GeoDataFrame(pd.concat([plants, neighbour], ignore_index=True), crs=plants.crs)
    return dataclasses.replace(asked, frames={**asked.frames, "hazard_units": units, "enterprises": together})


def societal(asked: Given) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Rows by feature and the county's figures."""
    found = SOCIETAL_RISK.run(dataclasses.replace(asked, results=dict(UNIT_RISK.run(asked))))
    return found["societal_risk"].set_index("feature_id"), found["societal_risk_parameters"]


@pytest.fixture(scope="module")
def planned() -> tuple[pd.DataFrame, dict[str, Any]]:
    return societal(with_neighbour(given("rural"), U1="planned"))


@pytest.fixture(scope="module")
def standing() -> tuple[pd.DataFrame, dict[str, Any]]:
    return societal(with_neighbour(given("rural")))


def test_a_planned_unit_counts_with_what_stands_as_if_it_stood(
    planned: tuple[pd.DataFrame, dict[str, Any]], standing: tuple[pd.DataFrame, dict[str, Any]]
) -> None:
    row, whole = planned[0].loc["E1:new"], standing[0].loc["E1"]
    assert row.installation == "new" and row.enterprise_id == "E1" and row.n_units == whole.n_units == 2
    assert row.pll_per_year == whole.pll_per_year > 0 and row.curve == whole.curve


def test_every_curve_has_a_key_of_its_own(planned: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    keys = planned[0][load_catalog()["societal_risk"].key[0]]
    assert keys.is_unique and sorted(keys) == ["E1", "E1:new"] == sorted(planned[0].index)


def test_the_county_counts_what_stands_alone(
    planned: tuple[pd.DataFrame, dict[str, Any]], standing: tuple[pd.DataFrame, dict[str, Any]]
) -> None:
    stands = planned[0].loc["E1"]
    assert stands.n_units == 1 and stands.pll_per_year < planned[0].loc["E1:new"].pll_per_year
    assert planned[1]["n_planned"] == 1 == planned[1]["n_enterprises"] and planned[1]["pll_per_year"] == stands.pll_per_year
    assert standing[1]["n_planned"] == 0 and list(standing[0].index) == ["E1"]
