"""Features without numbers are known by their shape, whichever way they were drawn."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pytest
import shapely

from etl.jobs import same_shape
from etl.jobs.same_shape import shape_keys
from etl.manifest import Manifest
from etl.read import FILE, ROW, Batch


@pytest.mark.parametrize(
    "other, is_same",
    [
        ("LINESTRING (10 0, 0 0)", True),
        ("LINESTRING (0.001 0, 10 0)", True),
        ("LINESTRING (-0.001 0, 10 0)", True),
        ("LINESTRING (0.02 0, 10 0)", False),
        ("LINESTRING (0 0, 5 0, 10 0)", False),
    ],
)
def test_reversed_or_equal_to_the_grid_is_the_same_shape(other: str, is_same: bool) -> None:
    one, two = shape_keys(shapely.from_wkt(["LINESTRING (0 0, 10 0)", other]), grid=0.01)
    assert (one == two) is is_same


def test_a_missing_shape_has_no_key() -> None:
    assert shape_keys(np.array([None], dtype=object), grid=0.01) == [""]


def test_a_line_drawn_for_both_directions_is_one_road(manifest: Callable[..., Manifest]) -> None:
    lines = shapely.from_wkt(
        ["LINESTRING (120 22, 121 22)", "LINESTRING (121 22, 120 22)", "LINESTRING (120 23, 121 23)"]
    )
    frame = gpd.GeoDataFrame({"route": "台1線", "direction": ["south", "north", "north"]}, geometry=lines)
    frame[ROW], frame[FILE] = [1, 2, 3], "roads.geojson"
    result = same_shape.prepare(Batch(frame, 3), manifest(job_options={"grid": 1e-7, "join": ["direction"]}))
    assert result.frame["direction"].tolist() == ["north;south", "north"]
    assert result.n_merged == 1
    assert "geometry" in result.frame
