"""A proposed site on a sheet: its ground in azure, the shortest lines of its reasons in the colour of conflicts."""

from __future__ import annotations

import numpy as np
import shapely
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


def draw_site_labels(canvas: Canvas, site: SiteMarks, projection: Projection, palette: Palette) -> list[Box]:
    """Write the words of the lines at their middle; one that would lie on another is left out. The boxes that they fill."""
    style = TextStyle(LABEL_PT, palette["conflict"]["line"], is_bold=True)
    boxes: list[Box] = []
    for line, words in zip(_on_sheet([line for line, _ in site.lines], projection), (words for _, words in site.lines), strict=True):
        middle = shapely.centroid(line)
        width, height = canvas.text_width_mm(words, style) + 1.2, style.size_mm + 0.8
        box = Box(middle.x - width / 2, middle.y - height / 2, width, height)
        if any(box.overlaps(other) for other in boxes):
            continue
        canvas.fill_box(box, palette["interface"]["panel"], 0.9)
        canvas.text(middle.x, middle.y + style.size_mm * 0.36, words, style, align="centre")
        boxes.append(box)
    return boxes


def _on_sheet(geometries: list[BaseGeometry], projection: Projection) -> list[BaseGeometry]:
    return list(projection.to_sheet(np.array(geometries, object))) if geometries else []
