"""The plane the county is drawn in, and the ways from it to the coordinate systems of the delivered files.

Everything inside the generator is in metres east and north of `ORIGIN_M`, a point of EPSG:4544 (CGCS2000,
3-degree Gauss-Kruger, central meridian 105 E). Delivered files are in EPSG:4490, 4544, 4523, GCJ-02 or BD-09.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.crs import transform_geometry, wgs84_to_bd09, wgs84_to_gcj02

Floats = NDArray[np.float64]

PLANE_CRS = "EPSG:4544"
ORIGIN_M = (519_400.0, 3_242_500.0)
ZONE_PREFIX_M = 35_000_000.0
"""EPSG:4523 writes the number of its zone in front of the easting."""


def km(x_km: float, y_km: float) -> Floats:
    """A place of the layout, given in kilometres, in metres of the plane."""
    return np.array([x_km * 1000.0, y_km * 1000.0])


def _shifted(geometries: object, offset: tuple[float, float]) -> NDArray[np.object_]:
    return shapely.transform(np.asarray(geometries, dtype=object), lambda xy: xy + np.array(offset))


def delivered(geometries: object, crs: str) -> NDArray[np.object_]:
    """Geometries of the plane in the CRS or shifted datum of a delivered file, rounded as offices round.

    Metres keep millimetres, degrees eight decimals (about 1 mm).
    """
    official = _shifted(geometries, ORIGIN_M)
    if crs == PLANE_CRS:
        return shapely.transform(official, lambda xy: xy.round(3))
    if crs == "EPSG:4523":
        return shapely.transform(_shifted(official, (ZONE_PREFIX_M, 0.0)), lambda xy: xy.round(3))
    degrees = transform_geometry(official, PLANE_CRS, "EPSG:4490")
    shift = {"EPSG:4490": None, "GCJ-02": wgs84_to_gcj02, "BD-09": wgs84_to_bd09}[crs]
    if shift is not None:
        degrees = shapely.transform(degrees, lambda xy: np.column_stack(shift(xy[:, 0], xy[:, 1])))
    return shapely.transform(degrees, lambda xy: xy.round(8))


def delivered_points(xy: Floats, crs: str) -> Floats:
    """Points of the plane, shape (n, 2), as coordinates of a delivered file, shape (n, 2)."""
    if len(xy) == 0:
        return np.empty((0, 2))
    return shapely.get_coordinates(delivered(shapely.points(xy), crs))


def lon_lat(x_m: float, y_m: float) -> tuple[float, float]:
    """Longitude and latitude (EPSG:4490) of a place of the plane, seven decimals."""
    lon, lat = delivered_points(np.array([[x_m, y_m]]), "EPSG:4490")[0]
    return round(float(lon), 7), round(float(lat), 7)
