"""Lengths, areas and bearings on the ellipsoid of the area's datum."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyproj
import shapely
from shapely.geometry import shape


@lru_cache(maxsize=8)
def _ellipsoid(srid: int) -> pyproj.Geod:
    geod = pyproj.CRS.from_epsg(srid).get_geod()
    return geod if geod is not None else pyproj.Geod(ellps="GRS80")


def measured(geometry: dict[str, Any], srid: int) -> dict[str, Any]:
    """What a geometry measures, geodesic.

    Parameters
    ----------
    geometry : GeoJSON Point, LineString or Polygon in degrees of the storage CRS

    Returns
    -------
    dict
        ``length_m`` (a polygon's: its outline), ``area_m2``, ``bearing_deg`` from the first to the last position of a
        line (0 to 360 from north, clockwise), ``legs`` (length and bearing of each stretch); None where it has none.

    Examples
    --------
    >>> line = {"type": "LineString", "coordinates": [[120.0, 30.0], [120.0, 31.0]]}
    >>> round(measured(line, 4490)["length_m"]), round(measured(line, 4490)["bearing_deg"])
    (110861, 0)
    """
    geod, form = _ellipsoid(srid), shape(geometry)
    if isinstance(form, shapely.Point):
        return {"length_m": None, "area_m2": None, "bearing_deg": None, "legs": []}
    if isinstance(form, shapely.Polygon):
        area_m2, length_m = geod.geometry_area_perimeter(shapely.orient_polygons(form))
        return {"length_m": length_m, "area_m2": abs(area_m2), "bearing_deg": None, "legs": []}
    xy = shapely.get_coordinates(form)
    bearings, _, lengths = geod.inv(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1])
    bearing = float(geod.inv(*xy[0], *xy[-1])[0])
    legs = [{"length_m": float(m), "bearing_deg": float(deg) % 360} for m, deg in zip(lengths, bearings, strict=True)]
    return {"length_m": float(lengths.sum()), "area_m2": None, "bearing_deg": bearing % 360, "legs": legs}
