"""Lines of longitude and latitude on a sheet, with their degrees along the edges of the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from app.export.canvas import Canvas, LineStyle, TextStyle
from app.export.layout import Box, Projection
from app.export.symbols import Palette
from layers.crs import WGS84

STEPS_MIN = (0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120)
"""Minutes of arc between two lines; the first with at most `MOST_LINES` across the map."""
MOST_LINES = 6
N_POINTS = 25
LINE_MM = 0.12


def draw_graticule(canvas: Canvas, projection: Projection, crs: Any, palette: Palette, *, size_pt: float) -> list[Box]:
    """Draw the lines over the map; the boxes of their figures, which names must spare."""
    if crs is None:
        return []
    to_earth = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    edge = shapely.get_coordinates(shapely.segmentize(projection.outline_m, projection.outline_m.length / 80))
    lon, lat = to_earth.transform(edge[:, 0], edge[:, 1])
    west, east, south, north = min(lon), max(lon), min(lat), max(lat)
    step = next((m for m in STEPS_MIN if (east - west) * 60 / m <= MOST_LINES and (north - south) * 60 / m <= MOST_LINES), 120) / 60
    boxes = []
    for value in _values(west, east, step):
        line = _line(projection, to_earth, np.full(N_POINTS, value), np.linspace(south, north, N_POINTS))
        boxes += _drawn(canvas, projection, line, _degrees(value, "EW"), palette, size_pt, is_meridian=True)
    for value in _values(south, north, step):
        line = _line(projection, to_earth, np.linspace(west, east, N_POINTS), np.full(N_POINTS, value))
        boxes += _drawn(canvas, projection, line, _degrees(value, "NS"), palette, size_pt, is_meridian=False)
    return boxes


def _values(low: float, high: float, step: float) -> NDArray[np.float64]:
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step


def _line(
    projection: Projection, to_earth: pyproj.Transformer, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> shapely.Geometry:
    x, y = to_earth.transform(lon, lat, direction="INVERSE")
    frame = projection.frame
    on_page = projection.to_sheet(np.array([shapely.LineString(np.column_stack([x, y]))], object))[0]
    return shapely.clip_by_rect(on_page, frame.x, frame.y, frame.right, frame.bottom)


def _degrees(value: float, letters: str) -> str:
    """An angle as degrees and minutes.

    >>> _degrees(120.25, "EW"), _degrees(-7.5, "NS")
    ("120°15'E", "7°30'S")
    """
    value = float(value)
    seconds = round(abs(value) * 3600)
    degrees, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    return f"{degrees}°{minutes:02d}'{f'{rest:02d}″' if rest else ''}{letters[value < 0]}"


def _drawn(
    canvas: Canvas, projection: Projection, line: shapely.Geometry, text: str, palette: Palette, size_pt: float, *,
    is_meridian: bool,
) -> list[Box]:
    """Draw one line and its figure at its southern or western end; nothing where it misses the map."""
    parts = [part for part in shapely.get_parts(line) if part.geom_type == "LineString"]
    if not parts:
        return []
    canvas.trace(line)
    canvas.stroke(LineStyle(palette["interface"]["muted"], LINE_MM))
    ends = np.concatenate([shapely.get_coordinates(part)[[0, -1]] for part in parts])
    x, y = ends[np.argmax(ends[:, 1])] if is_meridian else ends[np.argmin(ends[:, 0])]
    style = TextStyle(size_pt, palette["interface"]["text"], casing_mm=0.4)
    w, frame = canvas.text_width_mm(text, style), projection.frame
    left = min(max(x + 0.6, frame.x + 0.6), frame.right - w - 0.6)
    baseline = min(max(y - 0.8, frame.y + style.size_mm), frame.bottom - 0.8)
    canvas.text(left, baseline, text, style)
    return [Box(left, baseline - style.size_mm, w, style.size_mm * 1.15)]
