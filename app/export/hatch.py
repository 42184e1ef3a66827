"""Hatching of the risk levels as vectors in millimetres: a level is told without colour, in print above all.

The strokes lie on one grid anchored at the page's corner, so that neighbouring zones of a level match.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.errors import RuleTableError

PATTERNS = ("none", "diagonal", "crossed", "dots", "dashes")
DASH_MM, GAP_MM = 3.0, 2.0
SPECK_MM = 0.05
"""Pieces of a stroke shorter than this are not drawn."""


@dataclass(frozen=True)
class Hatch:
    """A print pattern: `step_mm` between strokes, `width_mm` of a stroke or diameter of a dot."""

    pattern: str
    step_mm: float = 2.0
    width_mm: float = 0.25

    def __post_init__(self) -> None:
        is_drawable = self.pattern == "none" or (self.step_mm > 0 and self.width_mm > 0)
        if self.pattern not in PATTERNS or not is_drawable:
            raise RuleTableError(
                f"hatch {self.pattern!r} {self.step_mm} {self.width_mm}: one of {PATTERNS}, mm > 0"
            )


def hatch_strokes(zone: BaseGeometry, hatch: Hatch) -> BaseGeometry:
    """The strokes of a pattern inside a zone.

    Parameters
    ----------
    zone : valid (Multi)Polygon in millimetres of the page; may be empty.
    hatch : Hatch

    Returns
    -------
    MultiLineString (diagonal, crossed, dashes), MultiPoint (dots: their centres) or an empty collection.
    """
    if zone.is_empty or hatch.pattern == "none":
        return shapely.GeometryCollection()
    if hatch.pattern == "dots":
        return _dots(zone, hatch.step_mm)
    if hatch.pattern == "dashes":
        return _inside(_dash_grid(zone.bounds, hatch.step_mm), zone)
    angles = (45.0, 135.0) if hatch.pattern == "crossed" else (45.0,)
    return _inside(
        np.concatenate([_parallel_lines(zone.bounds, angle, hatch.step_mm) for angle in angles]), zone
    )


def _parallel_lines(bounds: tuple[float, ...], angle_deg: float, step_mm: float) -> NDArray[np.object_]:
    """Lines across the bounds, `step_mm` apart measured at right angles; 45 rises to the right though y runs down the page."""
    along = np.array([np.cos(np.radians(angle_deg)), -np.sin(np.radians(angle_deg))])
    across = np.array([-along[1], along[0]])
    west, south, east, north = bounds
    corners = np.array([[west, south], [west, north], [east, south], [east, north]])
    offsets, reach = corners @ across, corners @ along
    numbers = np.arange(np.ceil(offsets.min() / step_mm), np.floor(offsets.max() / step_mm) + 1)
    starts = numbers[:, None] * step_mm * across + (reach.min() - 1.0) * along
    ends = numbers[:, None] * step_mm * across + (reach.max() + 1.0) * along
    return shapely.linestrings(np.stack([starts, ends], axis=1)) if len(numbers) else np.array([], object)


def _dash_grid(bounds: tuple[float, ...], step_mm: float) -> NDArray[np.object_]:
    """Horizontal dashes, every second row shifted by half a period."""
    west, south, east, north = bounds
    period = DASH_MM + GAP_MM
    rows = np.arange(np.ceil(south / step_mm), np.floor(north / step_mm) + 1)
    columns = np.arange(np.floor(west / period) - 1, np.ceil(east / period) + 1)
    row, column = (grid.ravel() for grid in np.meshgrid(rows, columns))
    x = (column + 0.5 * (row % 2)) * period
    y = row * step_mm
    if not len(x):
        return np.array([], object)
    return shapely.linestrings(np.stack([np.column_stack([x, y]), np.column_stack([x + DASH_MM, y])], axis=1))


def _inside(lines: NDArray[np.object_], zone: BaseGeometry) -> BaseGeometry:
    if not len(lines):
        return shapely.MultiLineString()
    shapely.prepare(zone)
    touching = lines[shapely.intersects(zone, lines)]
    parts = shapely.get_parts(shapely.get_parts(shapely.intersection(touching, zone)))
    is_line = (shapely.get_type_id(parts) == 1) & (shapely.length(parts) > SPECK_MM)
    return shapely.multilinestrings(parts[is_line])


def _dots(zone: BaseGeometry, step_mm: float) -> BaseGeometry:
    """Centres of a staggered grid of dots that lie in the zone."""
    west, south, east, north = zone.bounds
    rise = step_mm / 2
    rows = np.arange(np.ceil(south / rise), np.floor(north / rise) + 1)
    columns = np.arange(np.floor(west / step_mm), np.ceil(east / step_mm) + 1)
    row, column = (grid.ravel() for grid in np.meshgrid(rows, columns))
    x, y = (column + 0.5 * (row % 2)) * step_mm, row * rise
    shapely.prepare(zone)
    within = shapely.contains_xy(zone, x, y)
    return shapely.multipoints(np.column_stack([x[within], y[within]]))
