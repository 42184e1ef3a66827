"""A proposed site on a sheet: its ground in azure, the shortest lines of its reasons in the colour of conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from shapely.geometry.base import BaseGeometry

from app.export.canvas import Canvas, LineStyle, TextStyle
from app.export.layout import Box, Projection
from app.export.spec import SiteMarks
from app.export.symbols import Palette

GROUND_OPACITY = 0.1
GROUND_MM = 0.65
CASING_MM = 1.3
DASH_MM = (1.4, 0.7)
LINE_MM = 0.65
POINT_RADIUS_MM = 1.4
LABEL_PT = 8.0
ALONG = (0.5, 0.35, 0.65, 0.2, 0.8)
"""Shares of a line at which its label may lie."""
BESIDE = ((0.0, 0.0), (0.0, -1.0), (0.0, 1.0), (0.7, 0.0), (-0.7, 0.0))
"""How far beside the line, in widths and heights of the label."""


def draw_site(canvas: Canvas, site: SiteMarks, projection: Projection, palette: Palette) -> None:
    """Draw grounds and lines without their words."""
    azure, white, conflict = palette["selection"]["line"], palette["selection"]["casing"], palette["conflict"]["line"]
    for ground in _on_sheet([*site.grounds], projection):
        _trace(canvas, ground)
        canvas.fill(azure, GROUND_OPACITY, keep=True)
        canvas.stroke(LineStyle(white, CASING_MM), keep=True)
        canvas.stroke(LineStyle(azure, GROUND_MM, DASH_MM, is_round=False))
    for line in _on_sheet([line for line, _ in site.lines], projection):
        _trace(canvas, line)
        canvas.stroke(LineStyle(white, CASING_MM), keep=True)
        canvas.stroke(LineStyle(conflict, LINE_MM))


def _trace(canvas: Canvas, geometry: BaseGeometry) -> None:
    """The outline of a geometry; a ring around a point, such as a distance of nought."""
    if geometry.geom_type == "Point":
        canvas.trace_circle((geometry.x, geometry.y), POINT_RADIUS_MM)
    else:
        canvas.trace(geometry)


def draw_site_labels(canvas: Canvas, site: SiteMarks, projection: Projection, palette: Palette, spared: Sequence[Box] = ()) -> list[Box]:
    """Write the words of the lines upon them or beside them, none on another, on `spared` or cut by the frame. The boxes that they fill.

    A line that has no free place along it stays without words: the list of reasons has its length.
    """
    style = TextStyle(LABEL_PT, palette["conflict"]["line"], is_bold=True)
    boxes: list[Box] = []
    for line, words in zip(_on_sheet([line for line, _ in site.lines], projection), (words for _, words in site.lines), strict=True):
        size_mm = canvas.text_width_mm(words, style) + 1.2, style.size_mm + 0.8
        taken = (*boxes, *spared)
        places = (box for box in label_places(line, size_mm) if projection.frame.holds(box))
        box = next((box for box in places if not any(box.overlaps(other) for other in taken)), None)
        if box is None:
            continue
        canvas.fill_box(box, palette["interface"]["panel"], 0.9)
        canvas.text(box.x + box.w / 2, box.y + box.h / 2 + style.size_mm * 0.36, words, style, align="centre")
        boxes.append(box)
    return boxes


def label_places(line: BaseGeometry, size_mm: tuple[float, float]) -> Iterator[Box]:
    """Where a label of this width and height may lie, the best first: on the line from its middle outwards, then beside it."""
    width, height = size_mm
    for right, down in BESIDE:
        for share in ALONG:
            at = line.interpolate(share, normalized=True) if line.geom_type == "LineString" else line.centroid
            yield Box(at.x + (right - 0.5) * width, at.y + (down - 0.5) * height, width, height)


def _on_sheet(geometries: list[BaseGeometry], projection: Projection) -> list[BaseGeometry]:
    return list(projection.to_sheet(np.array(geometries, object))) if geometries else []
