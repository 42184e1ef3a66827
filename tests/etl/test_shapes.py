"""Geometries as bytes come to the same rows as geometries as objects, and whatever is not plain is left to shapely."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import (
    GeometryCollection,
    LinearRing,
    LineString,
    MultiLineString,
    MultiPoint,
    MultiPolygon,
    Point,
    Polygon,
)

from etl.batch import FILE, ROW, Batch
from etl.manifest import Manifest
from etl.normalise import normalise
from etl.shapes import Shapes
from layers.catalog import load_catalog
from tests.etl.test_coordinates import AREA

HOLED = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (2, 1), (2, 2)], [(4, 4), (5, 4), (5, 5)]])
PLAIN = [
    Point(1, 2), LineString([(0, 0), (3, 4)]), HOLED, MultiPoint([(1, 1), (2, 2)]), MultiLineString([[(0, 0), (1, 1)], [(5, 5), (6, 7)]]),
    MultiPolygon([HOLED, Polygon([(20, 20), (21, 20), (21, 21)])]), GeometryCollection([Point(7, 8), MultiPoint([(3, 3)]), HOLED]),
    Polygon(), MultiPolygon(), LineString(), GeometryCollection(), None,
]
NUMBERS = st.floats(-1e6, 1e6)
CORNERS = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=3, max_size=6)


def column(geometries: list[object]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(shapely.to_wkb(np.array(geometries, dtype=object), byte_order=1), type=pa.binary())])


def shapes_of(geometries: list[object]) -> Shapes:
    found = Shapes.of(column(geometries))
    assert found is not None
    return found


def test_every_kind_comes_back_as_it_was() -> None:
    shapes = shapes_of(PLAIN)
    assert shapely.to_wkt(shapes.geometries()).tolist() == shapely.to_wkt(np.array(PLAIN, dtype=object)).tolist()
    assert np.array_equal(shapes.coordinates, shapely.get_coordinates(np.array(PLAIN, dtype=object)))


@given(st.lists(st.one_of(st.none(), st.tuples(NUMBERS, NUMBERS).map(Point), CORNERS.map(LineString), CORNERS.map(LinearRing).map(Polygon)), max_size=8))
def test_moving_coordinates_is_moving_geometries(geometries: list[object]) -> None:
    shapes = shapes_of(geometries)
    moved = shapes.with_coordinates(shapes.coordinates * 2 + 1).geometries()
    expected = shapely.transform(np.array(geometries, dtype=object), lambda xy: xy * 2 + 1)
    assert shapely.to_wkb(moved).tolist() == shapely.to_wkb(expected).tolist()


def test_least_coordinate_of_each_geometry() -> None:
    shapes = shapes_of([None, MultiPoint([(5, 1), (3, 9)]), Polygon(), Point(7, 7)])
    assert [None if math.isnan(x) else x for x in shapes.least(shapes.coordinates[:, 0])] == [None, 3.0, None, 7.0]


@pytest.mark.parametrize(
    "wkb",
    [
        shapely.to_wkb(Point(1, 2, 3), byte_order=1), shapely.to_wkb(Point(1, 2), byte_order=0), shapely.to_wkb(Point(), byte_order=1),
        shapely.to_wkb(shapely.set_srid(Point(1, 2), 4490), byte_order=1, include_srid=True), shapely.to_wkb(Point(1, 2), byte_order=1)[:-1],
        shapely.to_wkb(Point(1, 2), byte_order=1) + b"\x00", shapely.to_wkb(HOLED, byte_order=1)[:30], b"\x01", b"",
        b"\x01\x06\x00\x00\x00\xff\xff\xff\xff", b"\x01\x08\x00\x00\x00\x00\x00\x00\x00", shapely.to_wkb(Point(math.inf, 0), byte_order=1),
    ],
)
def test_what_is_not_plain_is_left_alone(wkb: bytes) -> None:
    assert Shapes.of(pa.chunked_array([pa.array([wkb], type=pa.binary())])) is None


@pytest.mark.parametrize("crs", ["EPSG:4544", "EPSG:4490", "GCJ-02", "EPSG:4523"])
@pytest.mark.parametrize("axis_order", ["xy", "yx"])
def test_bytes_and_objects_come_to_the_same_rows(crs: str, axis_order: str) -> None:
    east = 500_000.0 if crs == "EPSG:4544" else 35_500_000.0
    places = [(105.05, 29.05), (105.06, 29.06), (0.0, 95.0)] if crs in ("EPSG:4490", "GCJ-02") else [
        (east, 3_220_000.0), (36_500_000.0, 3_220_000.0), (3_220_000.0, east)]
    given = [Point(xy if axis_order == "xy" else xy[::-1]) for xy in places] + [None, Polygon()]
    manifest = Manifest(
        id="s", layer="fire_stations", title_zh="站", supplier="局", files=("s.gpkg",), reader="vector", crs=crs, axis_order=axis_order,
        fields={}, ignore=("*",),
    )
    results = []
    for is_bytes in (False, True):
        frame = frame_of(given if not is_bytes else [None] * len(given))
        batch = Batch(frame, n_read=len(given), shapes=shapes_of(given) if is_bytes else None)
        rows, problems = normalise(batch, manifest, load_catalog()["fire_stations"], AREA)
        results.append((shapely.to_wkb(rows.geometry.to_numpy()).tolist(), list(rows["positioned"]), problems.table.to_dict("records")))
    assert str(results[0]) == str(results[1])


def frame_of(geometries: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({ROW: range(1, len(geometries) + 1), FILE: "s.gpkg"}, geometry=geometries)
