"""Reads a geometry that somebody sent: every number is looked at before any geometry is made of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from app.errors import RequestError
from app.parameters import choice, number

MOST_VERTICES = 10_000
DEPTHS = {"Point": 0, "Polygon": 2, "MultiPolygon": 3}
"""How many lists lie around a position of each type."""
LEAST_RING = 4


def site_geometry(value: Any, *, field: str = "geometry") -> shapely.Geometry:
    """A Point, Polygon or MultiPolygon from GeoJSON, in the degrees in which it was sent.

    Raises
    ------
    RequestError
        Another type, unknown keys, coordinates that are no degrees, open rings, too many vertices. Whether the
        polygon crosses itself is not looked at here.
    """
    if not isinstance(value, dict) or set(value) != {"type", "coordinates"}:
        raise RequestError(
            field, "应为只含 type 和 coordinates 的 GeoJSON 几何", "must be GeoJSON with type and coordinates only"
        )
    kind = choice(f"{field}.type", value["type"], list(DEPTHS))
    coordinates = _checked(value["coordinates"], DEPTHS[kind], f"{field}.coordinates", [0])
    if kind == "Point":
        return shapely.Point(coordinates)
    polygons = coordinates if kind == "MultiPolygon" else [coordinates]
    made = [shapely.polygons(shapely.linearrings(rings[0]), holes=_holes(rings)) for rings in polygons]
    return made[0] if kind == "Polygon" else shapely.multipolygons(made)


def _holes(rings: list[Any]) -> Any:
    return [shapely.linearrings(ring) for ring in rings[1:]] or None


def _checked(value: Any, depth: int, field: str, n_seen: list[int]) -> Any:
    """Positions as pairs of numbers, in as many lists as the type has; `n_seen` counts them on the way."""
    if not isinstance(value, list) or (depth and not value):
        raise RequestError(field, "坐标的层级不对", "has not the lists that the type needs")
    if depth == 0:
        n_seen[0] += 1
        return _position(value, field)
    if depth == 1 and n_seen[0] + len(value) > MOST_VERTICES:
        raise RequestError(field, f"顶点不得超过 {MOST_VERTICES} 个", f"must have at most {MOST_VERTICES} vertices")
    found = [_checked(entry, depth - 1, field, n_seen) for entry in value]
    if depth == 1 and (len(found) < LEAST_RING or found[0] != found[-1]):
        raise RequestError(field, "环至少四点,且首尾相同", "rings need four positions, the first again at the end")
    return np.array(found) if depth == 1 else found


def _position(value: list[Any], field: str) -> list[float]:
    if len(value) not in (2, 3) or any(isinstance(entry, str) for entry in value):
        raise RequestError(field, "应为 [经度, 纬度]", "must be [longitude, latitude]")
    return [number(field, value[0], least=-180, most=180), number(field, value[1], least=-90, most=90)]
