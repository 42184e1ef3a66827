"""Every reprojection and every shifted national grid passes here, so that a degree is never taken for a metre.

Axis order is x, y = east, north (or longitude, latitude) everywhere inside (`always_xy`).
Formulas of GCJ-02 and BD-09: `standards/j_coordinates.yaml`, GCJ-FWD, GCJ-INV-N, BD-FWD, BD-INV; they reproduce
the public approximation of the official shift, usually to about a metre.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Callable

import numpy as np
import pyproj
import shapely

from layers.errors import CrsMismatchError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEB_CRS = pyproj.CRS.from_epsg(3857)
WGS84 = pyproj.CRS.from_epsg(4326)

KRASOVSKY_A_M = 6378245.0
KRASOVSKY_EE = 0.006693421622965943
BD_K = np.pi * 3000.0 / 180.0
INVERSE_ROUNDS = 6
SHIFTED_DATUMS = ("GCJ-02", "BD-09")
"""Names a manifest may state besides an EPSG code; the formula's own error is added to the accuracy."""
SHIFT_ACCURACY_M = {"GCJ-02": 1.0, "BD-09": 1.5}
TAIWAN_1967 = "Taiwan Datum 1967"
TAIWAN_1967_GRID, TAIWAN_1997_GRID = pyproj.CRS.from_epsg(3828), pyproj.CRS.from_epsg(3826)
"""TWD67 is turned into TWD97 between these two grids (an operation of the EPSG registry, 7 m): from degrees PROJ knows no way and leaves the 850 m out."""
OLD_DATUM_ACCURACY_M = {"Xian 1980": 130.0, "Beijing 1954": 110.0, TAIWAN_1967: 7.0}
"""Datum -> metres by which a place may be off: when its degrees are taken for CGCS2000 (an assumption), or after TWD67's operation (Taiwan's main island).

No national parameters are published. The shifts of map sheets are reported as 9 m south to 43 m north and 76 to 119 m
east for Xi'an 80, 29 to 62 m and 56 m west to 84 m east for Beijing 54; the diagonals are rounded up. A county that has parameters
of its own states them as a PROJ string with ``+towgs84`` and the accuracy that goes with them.
"""


def metric_crs(lon_deg: float, lat_deg: float) -> pyproj.CRS:
    """Transverse Mercator centred on a place, scale 1 on its meridian, in metres.

    An official zone is up to 6 cm off in 200 m at its edge; this one is not, so the atlas measures in it.
    """
    return pyproj.CRS.from_proj4(
        f"+proj=tmerc +lat_0={lat_deg:.6f} +lon_0={lon_deg:.6f} +k=1 +x_0=500000 +y_0=500000 "
        "+ellps=GRS80 +units=m +no_defs"
    )


def require_metric(gdf: "gpd.GeoDataFrame") -> None:
    """Raise `CrsMismatchError` unless the frame is in a projected CRS with metres as its unit."""
    crs = gdf.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name not in ("metre", "meter", "m"):
        raise CrsMismatchError(f"measuring needs a projected CRS in metres, got {crs and crs.name}")


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _transformed(xy: "Floats", source: pyproj.CRS, target: pyproj.CRS) -> "Floats":
    """Coordinates (n x 2) from one CRS to another.

    One with parameters of its own (``+towgs84``) goes by way of WGS84: PROJ knows the way there by them, and would leave
    them out on the way to any other datum.
    """
    if source.is_bound and target != WGS84:
        return _transformed(_transformed(xy, source, WGS84), WGS84, target)
    if _is_taiwan_1967(source) != _is_taiwan_1967(target) and {source, target} != {TAIWAN_1967_GRID, TAIWAN_1997_GRID}:
        first, second = (TAIWAN_1967_GRID, TAIWAN_1997_GRID) if _is_taiwan_1967(source) else (TAIWAN_1997_GRID, TAIWAN_1967_GRID)
        return _transformed(_transformed(_transformed(xy, source, first), first, second), second, target)
    return np.column_stack(_transformer(source.to_wkt(), target.to_wkt()).transform(xy[:, 0], xy[:, 1]))


def _is_taiwan_1967(crs: pyproj.CRS) -> bool:
    geodetic = crs.geodetic_crs
    return geodetic is not None and geodetic.datum is not None and geodetic.datum.name == TAIWAN_1967 and not crs.is_bound


def flat(geometries: "NDArray[np.object_]") -> "NDArray[np.object_]":
    """Geometries without Z and M, in an array of their own."""
    has_more = shapely.has_z(geometries).any() or shapely.has_m(geometries).any()
    plane: NDArray[np.object_] = shapely.force_2d(geometries) if has_more else np.array(geometries, dtype=object)
    return plane


def has_more_than_plane(geometries: "NDArray[np.object_]") -> "NDArray[np.bool_]":
    """Which geometries have heights (Z) or measures (M) other than nought, that a plane geometry loses."""
    has_more = np.asarray(shapely.has_z(geometries) | shapely.has_m(geometries))
    for place in np.flatnonzero(has_more):
        further = shapely.get_coordinates(geometries[place], include_z=True, include_m=True)[:, 2:]
        has_more[place] = np.any(np.nan_to_num(further) != 0.0)
    return has_more


def transform_geometry(
    geometries: "NDArray[np.object_]", source: pyproj.CRS | str, target: pyproj.CRS | str
) -> "NDArray[np.object_]":
    """Geometries moved from one CRS to another in one vectorised pass; Z is dropped, None stays None."""
    source_crs, target_crs = pyproj.CRS.from_user_input(source), pyproj.CRS.from_user_input(target)
    plane = flat(geometries)
    if source_crs == target_crs:
        return plane
    moved: NDArray[np.object_] = shapely.transform(plane, lambda xy: _transformed(xy, source_crs, target_crs) if len(xy) else xy)
    return moved


def to_geographic(geometries: "NDArray[np.object_]", datum: str, target: pyproj.CRS | str) -> "NDArray[np.object_]":
    """Delivered geometries, in the CRS or shifted datum their manifest states, in the area's geographic CRS."""
    if datum not in SHIFTED_DATUMS:
        return transform_geometry(geometries, datum, target)
    moved: NDArray[np.object_] = shapely.transform(flat(geometries), lambda xy: coordinates_to_geographic(xy, datum, target))
    return moved


def coordinates_to_geographic(xy: "Floats", datum: str, target: pyproj.CRS | str) -> "Floats":
    """Delivered coordinates (n x 2) in the CRS or shifted datum their manifest states, in the area's geographic CRS."""
    if not len(xy):
        return xy
    if datum in SHIFTED_DATUMS:
        unshift = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}[datum]
        xy = np.column_stack(unshift(xy[:, 0], xy[:, 1]))
    source_crs = WGS84 if datum in SHIFTED_DATUMS else pyproj.CRS.from_user_input(datum)
    target_crs = pyproj.CRS.from_user_input(target)
    if source_crs == target_crs:
        return xy
    return _transformed(xy, source_crs, target_crs)


@lru_cache(maxsize=64)
def datum_error_m(datum: str) -> float:
    """Metres that turning a CRS or shifted datum into the area's adds to the error of a position.

    >>> datum_error_m("BD-09"), datum_error_m("EPSG:4544"), datum_error_m("EPSG:2379")
    (1.5, 0.0, 130.0)
    """
    if datum in SHIFTED_DATUMS:
        return SHIFT_ACCURACY_M[datum]
    crs = pyproj.CRS.from_user_input(datum)
    geodetic = None if crs.is_bound else crs.geodetic_crs
    return OLD_DATUM_ACCURACY_M.get(geodetic.datum.name, 0.0) if geodetic is not None and geodetic.datum is not None else 0.0


def distance_between_m(xy: "Floats", one: str, other: str) -> float | None:
    """Metres between where two CRSs or shifted datums put the same coordinates; the largest of all rows.

    Infinite where only one of them can hold the coordinates; None where neither can, or one is no system of the earth.
    """
    places = [_geographic(xy, datum) for datum in (one, other)]
    if any(place is None for place in places) or not len(xy):
        return None
    is_place = [np.isfinite(place).all(axis=1) & (np.abs(place) <= (180.0, 90.0)).all(axis=1) for place in places if place is not None]
    if not (is_place[0] | is_place[1]).any():
        return None
    if (is_place[0] != is_place[1]).any():
        return float("inf")
    a, b = (place[is_place[0]] for place in places if place is not None)
    return float(np.max(WGS84.get_geod().inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]))  # type: ignore[union-attr]


def _geographic(xy: "Floats", datum: str) -> "Floats | None":
    """Coordinates of a datum in WGS84 degrees; None for a drawing's own plane."""
    if datum == "GCJ-02":
        return np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1]))
    if datum == "BD-09":
        return np.column_stack(bd09_to_wgs84(xy[:, 0], xy[:, 1]))
    crs = pyproj.CRS.from_user_input(datum)
    if not (crs.is_projected or crs.is_geographic):
        return None
    return _transformed(xy, crs, WGS84)


def _gcj_delta_deg(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """Shift of WGS84 towards GCJ-02 in degrees (east, north); GCJ-FWD."""
    x, y = lon_deg - 105.0, lat_deg - 35.0
    root, pi = np.sqrt(np.abs(x)), np.pi
    both = 20.0 * np.sin(6.0 * pi * x) + 20.0 * np.sin(2.0 * pi * x)
    north = both + 20.0 * np.sin(pi * y) + 40.0 * np.sin(pi * y / 3.0)
    north += 160.0 * np.sin(pi * y / 12.0) + 320.0 * np.sin(pi * y / 30.0)
    north = north * 2.0 / 3.0 - 100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    east = both + 20.0 * np.sin(pi * x) + 40.0 * np.sin(pi * x / 3.0)
    east += 150.0 * np.sin(pi * x / 12.0) + 300.0 * np.sin(pi * x / 30.0)
    east = east * 2.0 / 3.0 + 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    lat_rad = np.radians(lat_deg)
    m = 1.0 - KRASOVSKY_EE * np.sin(lat_rad) ** 2
    north_deg = north * 180.0 / ((KRASOVSKY_A_M * (1.0 - KRASOVSKY_EE)) / (m * np.sqrt(m)) * pi)
    east_deg = east * 180.0 / (KRASOVSKY_A_M / np.sqrt(m) * np.cos(lat_rad) * pi)
    return east_deg, north_deg


def wgs84_to_gcj02(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """WGS84 degrees to GCJ-02 degrees."""
    east, north = _gcj_delta_deg(np.asarray(lon_deg, float), np.asarray(lat_deg, float))
    return lon_deg + east, lat_deg + north


def _invert(
    forward: Callable[["Floats", "Floats"], tuple["Floats", "Floats"]], lon_deg: "Floats", lat_deg: "Floats"
) -> tuple["Floats", "Floats"]:
    lon, lat = np.array(lon_deg, float), np.array(lat_deg, float)
    for _ in range(INVERSE_ROUNDS):
        east, north = forward(lon, lat)
        lon, lat = lon - (east - lon_deg), lat - (north - lat_deg)
    return lon, lat


def gcj02_to_wgs84(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """GCJ-02 degrees to WGS84 degrees by iteration; the rest is below 1e-6 m against the public formula."""
    return _invert(wgs84_to_gcj02, np.asarray(lon_deg, float), np.asarray(lat_deg, float))


def gcj02_to_bd09(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """GCJ-02 degrees to BD-09 degrees; BD-FWD."""
    lon, lat = np.asarray(lon_deg, float), np.asarray(lat_deg, float)
    z = np.hypot(lon, lat) + 0.00002 * np.sin(lat * BD_K)
    theta = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * BD_K)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def bd09_to_gcj02(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """BD-09 degrees to GCJ-02 degrees by iteration (the one-step public inverse is 0.18 m off)."""
    return _invert(gcj02_to_bd09, np.asarray(lon_deg, float), np.asarray(lat_deg, float))


def bd09_to_wgs84(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """BD-09 degrees to WGS84 degrees."""
    return gcj02_to_wgs84(*bd09_to_gcj02(lon_deg, lat_deg))


def wgs84_to_bd09(lon_deg: "Floats", lat_deg: "Floats") -> tuple["Floats", "Floats"]:
    """WGS84 degrees to BD-09 degrees."""
    return gcj02_to_bd09(*wgs84_to_gcj02(lon_deg, lat_deg))
