"""Crossings of a pipeline: chainage, angle, areas crossed, and what counts once or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.scoring.crossings import crossings
from tests.layers.scoring.frames import CRS, box, layer, line, pipeline, road

STRAIGHT = line((0, 0), (1000, 0))


def own(geometry: shapely.Geometry = STRAIGHT, **fields: object) -> pd.Series:  # type: ignore[type-arg]
    return layer(pipeline(geometry, **fields)).iloc[0]


def test_road_is_crossed_at_its_chainage_and_angle() -> None:
    layers = {"roads": layer(road(line((300, -100), (300, 100)), "national"), road(line((600, -50), (700, 50)), "county"))}
    found = crossings(own(feature_id="P"), layers, crs=CRS)
    assert found["chainage_m"].tolist() == pytest.approx([12_300, 12_650], abs=0.01)
    assert found["angle_deg"].tolist() == pytest.approx([90, 45])
    assert found["object_category"].tolist() == ["national", "county"]
    assert found.crs == CRS


def test_water_is_crossed_from_bank_to_bank() -> None:
    found = crossings(own(feature_id="P"), {"water": layer({"geometry": box(400, -200, 460, 200), "name": "长河", "kind": "river"})}, crs=CRS)
    row = found.iloc[0]
    assert (row["chainage_m"], row["to_chainage_m"]) == (pytest.approx(12_400, abs=0.01), pytest.approx(12_460, abs=0.01))
    assert (row["angle_deg"], row["object_name"]) == (pytest.approx(90), "长河")


def test_line_that_begins_in_an_area_has_no_angle_there() -> None:
    found = crossings(own(feature_id="P"), {"land_use_zones": layer({"geometry": box(-50, -50, 100, 50)})}, crs=CRS)
    assert np.isnan(found["angle_deg"].iloc[0])
    assert found["to_chainage_m"].iloc[0] == pytest.approx(12_100, abs=0.01)


def test_shared_vertex_counts_once_and_the_line_itself_never() -> None:
    bent = line((0, 0), (500, 0), (1000, 0))
    layers = {
        "roads": layer(road(line((500, -10), (500, 0), (500, 10)), "county")),
        "pipelines": layer(pipeline(bent), feature_id="P"),
    }
    assert len(crossings(own(bent, feature_id="P"), layers, crs=CRS)) == 1


def test_road_that_bears_the_number_of_the_line_is_crossed_all_the_same() -> None:
    layers = {
        "roads": layer(road(line((300, -1), (300, 1)), "county", feature_id="1")),
        "water": layer({"geometry": box(400, -200, 460, 200), "kind": "river", "feature_id": "1"}),
    }
    assert crossings(own(feature_id="1"), layers, crs=CRS)["object_layer"].tolist() == ["roads", "water"]


def test_line_along_a_road_does_not_cross_it() -> None:
    assert crossings(own(feature_id="P"), {"roads": layer(road(line((0, 0), (1000, 0)), "county"))}, crs=CRS).empty


def test_errors_of_both_positions_are_told() -> None:
    layers = {"roads": layer(road(line((300, -1), (300, 1)), "county"), accuracy_m=3.0)}
    assert crossings(own(feature_id="P", accuracy_m=4.0), layers, crs=CRS)["error_m"].tolist() == [5.0]


@given(st.floats(2, 178), st.floats(50, 950))
def test_angle_and_chainage_of_any_straight_crossing(bearing_deg: float, at_m: float) -> None:
    along = np.array([np.cos(np.radians(bearing_deg)), np.sin(np.radians(bearing_deg))]) * 20
    layers = {"power_lines": layer({"geometry": line((at_m - along[0], -along[1]), (at_m + along[0], along[1])), "voltage_kv": 110.0})}
    found = crossings(own(feature_id="P"), layers, crs=CRS)
    assert found["angle_deg"].tolist() == pytest.approx([min(bearing_deg, 180 - bearing_deg)], abs=1e-6)
    assert found["chainage_m"].tolist() == pytest.approx([12_000 + at_m], abs=0.01)


def test_no_layers_give_an_empty_list() -> None:
    assert crossings(own(feature_id="P"), {}, crs=CRS).empty
