"""Symbols, counts and hatches as the map page draws them (`static/js/symbols.js`), in css pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import cairocffi as cairo

from app.export.canvas import MM_PER_PT, Canvas, LineStyle, TextStyle, rgb

MARGIN_PX = {"icon": 8, "cluster": 14, "figure": 0}
"""What the picture of each kind is wider than its size."""
POLYGONS: dict[str, tuple[tuple[float, float], ...]] = {
    "diamond": ((0, -1), (1, 0), (0, 1), (-1, 0)),
    "square": ((-0.82, -0.82), (0.82, -0.82), (0.82, 0.82), (-0.82, 0.82)),
    "pentagon": ((0, 1), (-0.95, 0.31), (-0.59, -0.81), (0.59, -0.81), (0.95, 0.31)),
    "triangle": ((0, -0.95), (1, 0.8), (-1, 0.8)),
    "house": ((0, -1), (0.92, -0.25), (0.92, 0.9), (-0.92, 0.9), (-0.92, -0.25)),
}
"""Outlines in a square of side 2 around the origin, y downwards."""
ROUND_CORNERS = {"rounded": (0.85, 0.45), "tick": (1.0, None)}
"""Half a side in half sizes, and the radius of a corner (None: two pixels)."""
DROP = {"triangle": 0.28, "house": 0.2, "pentagon": -0.05}
CHARACTER_SHARE = {"diamond": 1.05, "triangle": 1.05, "tick": 1.5}
LEAST_CHARACTER_PX = 7.0
RING_PX, BADGE_PX, FIGURE_PX, FIGURE_CASING_PX = 4.0, 6.5, 12.0, 2.0
CLUSTER_INK = "#1D2329"
HATCH_PX, HATCH_RATIO = 16, 2
DARK = 128

Palette = Mapping[str, Any]
Values = Mapping[str, str]


def parse_name(name: str) -> tuple[str, dict[str, str]]:
    """Kind and values of a picture's name.

    >>> parse_name("cluster?size=24&level=red")
    ('cluster', {'size': '24', 'level': 'red'})
    """
    kind, _, query = name.partition("?")
    return kind, dict(part.partition("=")[::2] for part in query.split("&") if part)


def side_px(name: str) -> float:
    """Width and height of a picture by its name."""
    kind, values = parse_name(name)
    return float(values["size"]) + MARGIN_PX[kind]


def text_style(size_px: float, colour: str, *, is_bold: bool = True, casing_px: float = 0.0, casing: str = "#FFFFFF") -> TextStyle:
    """A text of a size in pixels on a canvas whose unit is a pixel."""
    return TextStyle(size_px / MM_PER_PT, colour, is_bold=is_bold, casing_mm=casing_px, casing_colour=casing)


def draw_symbol(canvas: Canvas, name: str, place: tuple[float, float], palette: Palette, *, angle_deg: float = 0.0) -> None:
    """Draw the picture of a name around a place, turned clockwise by an angle."""
    kind, values = parse_name(name)
    with canvas.shifted(*place):
        canvas.context.rotate(math.radians(angle_deg))
        DRAWING[kind](canvas, values, palette)


def _trace(canvas: Canvas, shape: str, radius: float) -> None:
    if shape in POLYGONS:
        canvas.trace_ring([(x * radius, y * radius) for x, y in POLYGONS[shape]])
    elif shape in ROUND_CORNERS:
        share, corner = ROUND_CORNERS[shape]
        _trace_rounded(canvas, share * radius, 2.0 if corner is None else corner * radius)
    else:
        canvas.trace_circle((0.0, 0.0), radius)


def _trace_rounded(canvas: Canvas, half: float, corner: float) -> None:
    inner = half - corner
    canvas.context.new_sub_path()
    for x, y, start in ((inner, inner, 0), (-inner, inner, 1), (-inner, -inner, 2), (inner, -inner, 3)):
        canvas.context.arc(x, y, corner, start * math.pi / 2, (start + 1) * math.pi / 2)
    canvas.context.close_path()


def _stroke(canvas: Canvas, shape: str, radius: float, colour: str, width: float, dash: tuple[float, ...] = ()) -> None:
    _trace(canvas, shape, radius)
    canvas.stroke(LineStyle(colour, width, dash, is_round=False))


def _fill(canvas: Canvas, shape: str, radius: float, colour: str) -> None:
    _trace(canvas, shape, radius)
    canvas.fill(colour)


def _write(canvas: Canvas, text: str, size_px: float, ink: str, *, y: float = 0.0, casing_px: float = 0.0) -> None:
    """Text around the origin, its ink half way between above and below `y`."""
    style = text_style(size_px, ink, casing_px=casing_px)
    top, height = canvas.ink_extent_mm(text, style)
    canvas.text(0.0, y - top - height / 2, text, style, align="centre")


def _draw_icon(canvas: Canvas, values: Values, palette: Palette) -> None:
    shape, radius, level = values.get("shape", "circle"), float(values["size"]) / 2, values.get("level")
    colours = palette["level"][level] if level else {}
    fill = values.get("fill") or colours["fill"]
    line = values.get("line") or colours.get("outline", fill)
    casing = palette["interface"]["page"] if level == "unrated" and int(fill[1:3], 16) < DARK else "#FFFFFF"
    has_ring = values.get("ring") == "1"
    dash = (3.0, 2.0) if values.get("dash") else (3.0, 1.8) if level == "unrated" else ()
    if has_ring:
        _stroke(canvas, shape, radius + 2.2, casing, 4)
    _stroke(canvas, shape, radius - 0.75, casing, 4.5)
    _fill(canvas, shape, radius - 0.75, fill)
    _stroke(canvas, shape, radius - 0.75, line, 2 if shape == "disc" else 1.5, dash)
    if has_ring:
        _stroke(canvas, shape, radius + 2.2, line, 1.4, dash)
    ink = values.get("ink") or colours.get("chip_text", line)
    if values.get("mark") == "cross":
        _draw_cross(canvas, radius * 0.5, ink)
    if values.get("char"):
        size_px = max(LEAST_CHARACTER_PX, radius * CHARACTER_SHARE.get(shape, 1.18))
        _write(canvas, values["char"], size_px, "#FFFFFF" if shape == "tick" else ink, y=DROP.get(shape, 0.0) * radius)


def _draw_cross(canvas: Canvas, arm: float, colour: str) -> None:
    half = arm * 0.36
    canvas.context.rectangle(-half, -arm, 2 * half, 2 * arm)
    canvas.context.rectangle(-arm, -half, arm - half, 2 * half)
    canvas.context.rectangle(half, -half, arm - half, 2 * half)
    canvas.fill(colour)


def _draw_cluster(canvas: Canvas, values: Values, palette: Palette) -> None:
    radius, level = float(values["size"]) / 2, palette["level"][values["level"]]
    dash = (3.0, 1.8) if values["level"] == "unrated" else ()
    _fill(canvas, "disc", radius + 1, "#FFFFFF")
    _stroke(canvas, "disc", radius - RING_PX / 2, level["fill"], RING_PX)
    _stroke(canvas, "disc", radius - 0.5, level["outline"], 1, dash)
    _stroke(canvas, "disc", radius - RING_PX, level["outline"], 1, dash)
    _write(canvas, values["char"], FIGURE_PX, CLUSTER_INK)
    with canvas.shifted(radius * 0.78, -radius * 0.78):
        _fill(canvas, "disc", BADGE_PX, level["fill"])
        _stroke(canvas, "disc", BADGE_PX, level["outline"], 1)
        _write(canvas, level["colour_en" if values["lang"] == "en" else "colour_zh"][:1], BADGE_PX * 1.45, level["chip_text"])


def _draw_figure(canvas: Canvas, values: Values, palette: Palette) -> None:
    _write(canvas, values["char"], FIGURE_PX, CLUSTER_INK, casing_px=FIGURE_CASING_PX)


DRAWING: dict[str, Callable[[Canvas, Values, Palette], None]] = {"icon": _draw_icon, "cluster": _draw_cluster, "figure": _draw_figure}


@cache
def hatch_picture(pattern: str, step_px: float, width_px: float, ink: str) -> cairo.ImageSurface:
    """The hatch of a level as a picture to be repeated every `HATCH_PX` pixels in both directions."""
    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, HATCH_PX * HATCH_RATIO, HATCH_PX * HATCH_RATIO)
    pen = cairo.Context(surface)
    pen.scale(HATCH_RATIO, HATCH_RATIO)
    pen.set_source_rgb(*rgb(ink))
    pen.set_line_width(width_px)
    HATCHES[pattern](pen, step_px)
    return surface


def _stripes(pen: cairo.Context, step: float, *, is_rising: bool) -> None:
    low, high = (HATCH_PX + 2, -2) if is_rising else (-2, HATCH_PX + 2)
    for i in range(int(3 * HATCH_PX / step) + 1):
        x = -HATCH_PX + i * step
        pen.move_to(x - 2, low)
        pen.line_to(x + HATCH_PX + 2, high)
    pen.stroke()


def _diagonal(pen: cairo.Context, step: float) -> None:
    _stripes(pen, step, is_rising=True)


def _crossed(pen: cairo.Context, step: float) -> None:
    _stripes(pen, step, is_rising=True)
    _stripes(pen, step, is_rising=False)


def _dots(pen: cairo.Context, step: float) -> None:
    radius = pen.get_line_width() / 2
    for row in range(int(HATCH_PX / step) + 1):
        for i in range(int(HATCH_PX / step) + 1):
            pen.new_sub_path()
            pen.arc((step / 2 if row % 2 else 0) + i * step, row * step + step / 4, radius, 0, 2 * math.pi)
    pen.fill()


def _dashes(pen: cairo.Context, step: float) -> None:
    for row in range(int(HATCH_PX / step)):
        start = step if row % 2 else 0.0
        pen.move_to(start, row * step + step / 2)
        pen.line_to(start + step, row * step + step / 2)
    pen.stroke()


HATCHES: dict[str, Callable[[cairo.Context, float], None]] = {"crossed": _crossed, "diagonal": _diagonal, "dots": _dots, "dashes": _dashes}
