"""Looks at a geometry that somebody sent, number by number, before anything is made of it."""

from __future__ import annotations

from typing import Any

from app.errors import RequestError
from app.parameters import choice, number
from app.texts import Text

MOST_VERTICES = 10_000
DEPTHS = {"Point": 0, "Polygon": 2, "MultiPolygon": 3}
"""How many lists lie around a position of each type."""
LINE_DEPTHS = {"LineString": 1, "MultiLineString": 2}
LEAST_RING = 4
LEAST_LINE = 2


def require_site_geometry(value: Any, *, field: str = "geometry") -> dict[str, Any]:
    """The value, when it is a GeoJSON Point, Polygon or MultiPolygon of degrees.

    Raises
    ------
    RequestError
        Another type, unknown keys, coordinates that are no degrees or have a height (other than 0), open rings, too many vertices. Whether a
        polygon crosses itself is not looked at here.
    """
    return _require_geometry(value, DEPTHS, field)


def require_planar_geometry(value: Any, *, field: str = "geometry") -> dict[str, Any]:
    """The same in metres of a projected CRS, east before north."""
    return _require_geometry(value, DEPTHS, field, limits=(MOST_METRES, MOST_METRES))


def require_works_geometry(value: Any, *, field: str = "geometry") -> dict[str, Any]:
    """The same for works, which may be lines too."""
    return _require_geometry(value, DEPTHS | LINE_DEPTHS, field)


Limits = tuple[float, float]
DEGREES: Limits = (180.0, 90.0)
MOST_METRES = 1e8
"""An easting with the number of its zone has eight digits."""


def _require_geometry(value: Any, depths: dict[str, int], field: str, *, limits: Limits = DEGREES) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != {"type", "coordinates"}:
        raise RequestError(
            field, Text("应为只含 type 和 coordinates 的 GeoJSON 几何")
        )
    kind = choice(f"{field}.type", value["type"], list(depths))
    _require_positions(value["coordinates"], depths[kind], f"{field}.coordinates", 0, is_line=kind in LINE_DEPTHS, limits=limits)
    return value


def _require_positions(value: Any, depth: int, field: str, n_before: int, *, is_line: bool, limits: Limits) -> int:
    """Check positions below as many lists as the type has; the number of positions so far."""
    if not isinstance(value, list) or (depth and not value):
        raise RequestError(field, Text("坐标的层级不对"))
    if depth == 0:
        _require_position(value, field, limits)
        return n_before + 1
    if n_before + len(value) > MOST_VERTICES:
        raise RequestError(field, Text("顶点不得超过 {most} 个", most=MOST_VERTICES))
    for entry in value:
        n_before = _require_positions(entry, depth - 1, field, n_before, is_line=is_line, limits=limits)
    if depth == 1 and is_line and len(value) < LEAST_LINE:
        raise RequestError(field, Text("线至少两点"))
    if depth == 1 and not is_line and (len(value) < LEAST_RING or value[0] != value[-1]):
        raise RequestError(field, Text("环至少四点,且首尾相同"))
    return n_before


def _require_position(value: list[Any], field: str, limits: Limits) -> None:
    if len(value) not in (2, 3) or any(isinstance(entry, str) for entry in value):
        raise RequestError(field, Text("应为 [经度, 纬度]"))
    for entry, limit in zip(value[:2], limits, strict=True):
        number(field, entry, least=-limit, most=limit)
    if len(value) == 3 and value[2] != 0:
        raise RequestError(field, Text("坐标带有高程:请给出平面坐标"))
