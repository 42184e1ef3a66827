"""Which tiles hold anything: never fewer than do."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.tile_cover import (
    COVER_ZOOM,
    MARGIN,
    TileCover,
    _each_once,
    covered_cells,
    grid_coordinates,
)


def cover_of(*shapes: shapely.Geometry) -> TileCover:
    array = np.array(shapes, dtype=object)
    return TileCover(covered_cells(shapely.bounds(array), lambda places: array[places]))


def reaches(shape: shapely.Geometry, z: int, x: int, y: int) -> bool:
    on_grid = shapely.transform(shape, lambda lon_lat: grid_coordinates(lon_lat, z))
    return bool(shapely.intersects(on_grid, shapely.box(x - MARGIN, y - MARGIN, x + 1 + MARGIN, y + 1 + MARGIN)))


@given(
    lon=st.floats(119, 121), lat=st.floats(29, 31), dx=st.floats(-0.05, 0.05), dy=st.floats(-0.05, 0.05),
    zoom=st.integers(5, COVER_ZOOM + 1), step=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_tile_that_a_line_reaches_is_held(
    lon: float, lat: float, dx: float, dy: float, zoom: int, step: tuple[int, int]
) -> None:
    line = shapely.LineString([(lon, lat), (lon + dx, lat + dy)])
    x, y = np.floor(grid_coordinates(np.array([[lon, lat]]), zoom)[0]).astype(int) + step
    if reaches(line, zoom, x, y):
        assert cover_of(line).holds(zoom, int(x), int(y))


def test_far_tiles_and_the_hollow_of_a_long_diagonal_are_empty() -> None:
    cover = cover_of(shapely.LineString([(120.0, 30.0), (120.2, 30.2)]))
    x, y = np.floor(grid_coordinates(np.array([[120.18, 30.02]]), 15)[0]).astype(int)
    assert not cover.holds(15, int(x), int(y))
    assert not cover.holds(7, 0, 0)


@pytest.mark.parametrize("zoom", [7, 12, COVER_ZOOM])
def test_listed_tiles_are_those_held(zoom: int) -> None:
    cover = cover_of(shapely.Point(120.1, 30.1), shapely.box(120.2, 30.1, 120.4, 30.3))
    assert all(cover.holds(zoom, x, y) for x, y in cover.tiles(zoom))


def test_cover_comes_back_as_it_was_packed_also_empty() -> None:
    for cover in (cover_of(shapely.Point(120.1, 30.1)), cover_of()):
        assert TileCover.unpacked(cover.packed()).tiles(14) == cover.tiles(14)


@given(st.lists(st.tuples(st.integers(-2, 70_000), st.integers(-2, 70_000)), min_size=1, max_size=30))
def test_cells_are_sorted_and_each_there_once(cells: list[tuple[int, int]]) -> None:
    array = np.array(cells * 2, dtype=np.int64)
    assert np.array_equal(_each_once(array), np.unique(array, axis=0))
