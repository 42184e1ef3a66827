"""The terrain that an area declares decides how clouds spread, and the edition records it."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from etl.stages.stage import Given
from etl.stages.unit_risk import DOMINO, SOCIETAL_RISK, UNIT_RISK
from layers.catalog import Area, load_area
from layers.errors import CatalogError
from layers.kept import digest
from layers.scoring.what_if_risk import risk_state
from tests.conftest import SAMPLE_SOURCES
from tests.layers.scoring.risk_cases import CARBON_MONOXIDE, HEXANE, chemical, plant, unit

ON = date(2026, 6, 30)


def area_of(terrain: str) -> Area:
    """The sample's area, confined to a few kilometres around the plant, with a terrain."""
    return dataclasses.replace(load_area(SAMPLE_SOURCES), terrain=terrain, home=(105.19, 29.29, 105.23, 29.32))


def given(terrain: str) -> Given:
    """A plant with carbon monoxide, which is as heavy as air, and hexane in the middle of the area."""
    area = area_of(terrain)
    middle = gpd.GeoSeries([shapely.Point(105.21, 29.305)], crs=area.storage_crs).to_crs(area.metric_crs).iloc[0]
    layers = plant(chemical(CARBON_MONOXIDE, 60.0), chemical(HEXANE, 2000.0, unit_id="U2"), units=(unit("U1"), unit("U2", x=60.0)))
    units = layers["hazard_units"]
    moved = [shapely.Point(middle.x + 60.0 * number, middle.y) for number in range(len(units))]
    empty = gpd.GeoDataFrame({"enterprise_id": [], "valid_until_on": []}, geometry=[], crs=area.metric_crs)
    layers |= {
        "hazard_units": gpd.GeoDataFrame(units.drop(columns="geometry").assign(feature_id=units["unit_id"], accuracy_m=1.0), geometry=moved, crs=area.metric_crs),
        "enterprises": gpd.GeoDataFrame(layers["enterprises"].assign(name="厂", n_persons=20, feature_id="E1"), geometry=[middle], crs=area.metric_crs),
        "official_contours": empty, "official_distances": empty, "weather": empty, "protection_targets": empty, "buildings": empty,
    }  # fmt: skip
    return Given(area, shapely.box(*area.home), ON, layers, {}, {})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Any]]:
    """Results of the three stages of hazard units by terrain."""
    results: dict[str, dict[str, Any]] = {}
    for terrain in ("rural", "urban"):
        asked = given(terrain)
        own = dict(UNIT_RISK.run(asked))
        asked = dataclasses.replace(asked, results=own)
        results[terrain] = {**own, **SOCIETAL_RISK.run(asked), **DOMINO.run(asked)}
    return results


def test_clouds_over_a_town_give_other_contours_and_the_edition_records_it(found: dict[str, dict[str, Any]]) -> None:
    rural, urban = found["rural"], found["urban"]
    assert [each["individual_risk_parameters"]["terrain"] for each in (rural, urban)] == ["rural", "urban"]
    assert [each["societal_risk_parameters"]["terrain"] for each in (rural, urban)] == ["rural", "urban"]
    outermost = [each["individual_risk"].geometry.area.max() for each in (rural, urban)]
    assert 0 < outermost[1] < outermost[0], "a town thins a cloud"
    assert digest(rural["unit_risk"]) != digest(urban["unit_risk"])


def test_what_if_starts_from_the_risk_of_the_same_terrain(found: dict[str, dict[str, Any]]) -> None:
    asked = given("urban")
    state = risk_state(asked.frames, asked.frames["protection_targets"], on=ON, grid=asked.grid, known={}, terrain="urban")
    assert digest(state.unit_risk.as_plain()) == digest(found["urban"]["unit_risk"])


def test_terrain_that_is_none_is_refused_and_nothing_said_is_rural(tmp_path: Path) -> None:
    text = (SAMPLE_SOURCES / "area.toml").read_text(encoding="utf-8")
    assert load_area(SAMPLE_SOURCES).terrain == "rural"
    (tmp_path / "area.toml").write_text('terrain = "forest"\n' + text, encoding="utf-8")
    with pytest.raises(CatalogError, match="terrain"):
        load_area(tmp_path)
    (tmp_path / "area.toml").write_text('terrain = "urban"\n' + text, encoding="utf-8")
    assert load_area(tmp_path).terrain == "urban"
