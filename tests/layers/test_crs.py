"""Coordinates: published vectors, inverses to the millimetre, and a degree that is never taken for a metre."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers import crs
from layers.errors import CrsMismatchError

REFERENCE = Path(__file__).parents[1] / "reference"
SHIFTS = {
    ("wgs84", "gcj02"): crs.wgs84_to_gcj02, ("gcj02", "bd09"): crs.gcj02_to_bd09, ("bd09", "gcj02"): crs.bd09_to_gcj02,
}
MILLIMETRE_DEG = 1e-8
CHINA = st.tuples(st.floats(75, 134), st.floats(18, 53))


@pytest.mark.parametrize("row", list(pd.read_csv(REFERENCE / "shifted_grids.csv").itertuples()), ids=lambda row: row.origin)
def test_shifted_grid_agrees_with_published_vector(row: object) -> None:
    shift = SHIFTS[row[1], row.to]  # type: ignore[attr-defined]
    lon, lat = shift(np.array([row.lon_from]), np.array([row.lat_from]))  # type: ignore[attr-defined]
    assert np.allclose([lon[0], lat[0]], [row.lon_to, row.lat_to], rtol=0, atol=row.tolerance_deg)  # type: ignore[attr-defined]


@given(CHINA)
def test_inverses_return_to_the_millimetre(position: tuple[float, float]) -> None:
    lon, lat = np.array([position[0]]), np.array([position[1]])
    for there, back in ((crs.wgs84_to_gcj02, crs.gcj02_to_wgs84), (crs.wgs84_to_bd09, crs.bd09_to_wgs84)):
        lon_back, lat_back = back(*there(lon, lat))
        assert np.allclose([lon_back, lat_back], [lon, lat], rtol=0, atol=MILLIMETRE_DEG)


@pytest.mark.parametrize("row", list(pd.read_csv(REFERENCE / "gauss_kruger.csv").itertuples()), ids=lambda row: f"{row.lon}")
def test_gauss_kruger_zone_agrees_with_published_vector(row: object) -> None:
    point = np.array([shapely.Point(row.lon, row.lat)], dtype=object)  # type: ignore[attr-defined]
    for epsg, easting_m in ((row.epsg_cm, row.easting_m), (row.epsg_zone, row.easting_prefixed_m)):  # type: ignore[attr-defined]
        moved = crs.transform_geometry(point, "EPSG:4490", f"EPSG:{epsg}")[0]
        assert (moved.x, moved.y) == pytest.approx((easting_m, row.northing_m), abs=1e-3)  # type: ignore[attr-defined]
        back = crs.transform_geometry(np.array([moved], dtype=object), f"EPSG:{epsg}", "EPSG:4490")[0]
        assert (back.x, back.y) == pytest.approx((row.lon, row.lat), abs=1e-9)  # type: ignore[attr-defined]


def test_metric_crs_measures_like_the_geodesic_within_a_county() -> None:
    metric = crs.metric_crs(105.2, 29.3)
    ends = np.array([shapely.Point(105.05, 29.2), shapely.Point(105.053, 29.203)], dtype=object)
    a, b = crs.transform_geometry(ends, "EPSG:4490", metric)
    _, _, geodesic_m = pyproj.Geod(ellps="GRS80").inv(105.05, 29.2, 105.053, 29.203)
    assert a.distance(b) == pytest.approx(geodesic_m, rel=1e-5)


def test_require_metric_refuses_degrees_and_nothing() -> None:
    for system in ("EPSG:4490", None):
        with pytest.raises(CrsMismatchError):
            crs.require_metric(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)], crs=system))
    crs.require_metric(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)], crs="EPSG:4544"))


def test_missing_geometry_stays_missing_and_heights_are_dropped() -> None:
    given_ = np.array([None, shapely.Point(105, 29, 300)], dtype=object)
    moved = crs.transform_geometry(given_, "EPSG:4326", "EPSG:4544")
    assert moved[0] is None
    assert not shapely.has_z(moved[1])


@pytest.mark.parametrize("target", ["EPSG:4326", "EPSG:4490", "EPSG:4523"])
def test_parameters_of_a_county_move_places_into_every_datum(target: str) -> None:
    """PROJ by itself leaves ``+towgs84`` out on the way to CGCS2000."""
    plain, own = "+proj=longlat +ellps=IAU76 +towgs84=0,0,0", "+proj=longlat +ellps=IAU76 +towgs84=-79.77,-40.13,25.59"
    place = np.array([shapely.Point(105.3, 29.2)], dtype=object)
    metric = [crs.transform_geometry(crs.transform_geometry(place, given, target), target, "EPSG:4523") for given in (plain, own)]
    assert 80 < float(shapely.distance(*metric)[0]) < 95
    xy = crs.coordinates_to_geographic(np.array([[105.3, 29.2]]), own, target)
    assert xy == pytest.approx(shapely.get_coordinates(crs.transform_geometry(place, own, target)))


@given(st.tuples(st.floats(120.1, 121.9), st.floats(22.0, 25.2)))
def test_the_old_datum_of_taiwan_is_reached_and_left_by_the_same_way(position: tuple[float, float]) -> None:
    """Its degrees lie some 850 m from those of TWD97; none is taken for the other in either direction."""
    there = crs.transform_geometry(np.array([shapely.points(*position)]), "EPSG:3824", "EPSG:3821")
    back = crs.transform_geometry(there, "EPSG:3821", "EPSG:3824")
    moved_m = pyproj.Geod(ellps="GRS80").line_length([position[0], there[0].x], [position[1], there[0].y])
    assert 750 < moved_m < 950
    assert np.allclose(shapely.get_coordinates(back), [position], rtol=0, atol=MILLIMETRE_DEG)
