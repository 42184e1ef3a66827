"""Point symbols as vectors, from the names (``icon?shape=...``) by which the map page draws its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from app.export.canvas import Canvas, LineStyle, TextStyle
from layers.errors import CatalogError

SYMBOL_MM_PER_PX = 0.18
"""Symbols and letters are smaller than lines ask: paper is read from nearer and shows finer detail."""
OUTLINE_PX, CASING_PX = 1.5, 2.0
RING_FACTOR = 1.38
CHARACTER_SHARE = 0.58
"""Height of a symbol's character as a share of the symbol."""
DOT_MM, DOT_LINE_MM = 1.1, 0.15
"""A rated point without room for its symbol."""
SIGN_SHARE = 0.4
"""Radius of a sign's point and half the width of its stroke, in half sizes of what it stands in, the stroke once more halved."""

Palette = Mapping[str, Any]
Points = tuple[tuple[float, float], ...]

SHAPES: dict[str, Points | None] = {
    "circle": None,
    "disc": None,
    "tick": None,
    "diamond": ((0, -1.08), (1.08, 0), (0, 1.08), (-1.08, 0)),
    "square": ((-0.84, -0.84), (0.84, -0.84), (0.84, 0.84), (-0.84, 0.84)),
    "rounded": tuple(
        (sx * 0.5 + 0.38 * np.cos(angle), sy * 0.5 + 0.38 * np.sin(angle))
        for sx, sy, start in ((1, 1, 0), (-1, 1, 90), (-1, -1, 180), (1, -1, 270))
        for angle in np.radians(np.linspace(start, start + 90, 6))
    ),
    "pentagon": tuple((np.sin(angle), np.cos(angle)) for angle in np.radians(np.arange(5) * 72)),
    "house": ((0, -1.05), (0.98, -0.25), (0.8, 0.92), (-0.8, 0.92), (-0.98, -0.25)),
    "triangle": ((0, -1.0), (1.05, 0.82), (-1.05, 0.82)),
}
"""Outlines around (0, 0), y downwards, in half sizes of the symbol; None is drawn by a rule of its own."""
CHARACTER_DROP = {"triangle": 0.22, "house": 0.1, "pentagon": -0.1}
CROSS: Points = (
    (-0.16, -0.5), (0.16, -0.5), (0.16, -0.16), (0.5, -0.16), (0.5, 0.16), (0.16, 0.16),
    (0.16, 0.5), (-0.16, 0.5), (-0.16, 0.16), (-0.5, 0.16), (-0.5, -0.16), (-0.16, -0.16),
)  # fmt: skip


@dataclass(frozen=True)
class Icon:
    """A point symbol: its shape, colours, and the character or mark within.

    `sign` is the hatch of its level, of which a symbol without a character bears a piece on a sheet without colour.
    """

    shape: str
    size_px: float
    fill: str
    line: str
    ink: str
    character: str = ""
    mark: str = ""
    level: str = ""
    has_ring: bool = False
    is_dashed: bool = False
    sign: str = ""

    @property
    def reach_mm(self) -> float:
        """Half the width of the symbol on paper, casing included."""
        half = self.size_px / 2 * (RING_FACTOR if self.has_ring else 1.0) + CASING_PX / 2
        return half * SYMBOL_MM_PER_PX


def parse_icon(name: str, palette: Palette) -> Icon:
    """The symbol that an image name stands for; `CatalogError` for a shape paper does not know.

    A ``level`` brings that level's colours; ``fill``, ``line`` and ``ink`` state others.
    """
    kind, _, query = name.partition("?")
    parts = dict(part.partition("=")[::2] for part in query.split("&") if part)
    shape = parts.get("shape", "circle")
    if kind != "icon" or shape not in SHAPES:
        raise CatalogError(
            "style.json", f"paper does not know the symbol {name!r}; shapes: {', '.join(SHAPES)}"
        )
    level = parts.get("level", "")
    colours = palette["level"].get(level, palette["level"]["unrated"])
    fill = parts.get("fill", colours["fill"])
    line = parts.get("line", colours["outline"] if level else fill)
    return Icon(
        shape=shape,
        size_px=float(parts.get("size", 16)),
        fill=fill,
        line=line,
        ink=parts.get("ink", colours["chip_text"] if level else line),
        character=parts.get("char", ""),
        mark=parts.get("mark", ""),
        level=level,
        has_ring=parts.get("ring") == "1",
        is_dashed=parts.get("dash") == "1",
        sign=colours.get("sign", "") if level else "",
    )


@lru_cache(maxsize=64)
def _outline(shape: str, x: float, y: float, half_mm: float) -> Points:
    return tuple((x + px * half_mm, y + py * half_mm) for px, py in SHAPES[shape] or ())


def _trace(canvas: Canvas, icon: Icon, x: float, y: float, half_mm: float) -> None:
    if SHAPES[icon.shape] is None:
        canvas.trace_circle((x, y), half_mm)
    else:
        canvas.trace_ring(_outline(icon.shape, x, y, half_mm))


def draw_icon(canvas: Canvas, icon: Icon, x: float, y: float, *, casing: str, angle_deg: float = 0.0) -> None:
    """Draw a symbol at a place (mm) with a rim of the colour `casing`; ticks turn with their line."""
    if icon.shape == "tick":
        _draw_tick(canvas, icon, x, y, casing=casing, angle_deg=angle_deg)
        return
    px = SYMBOL_MM_PER_PX
    half_mm = icon.size_px / 2 * px
    rim = LineStyle(casing, (OUTLINE_PX + CASING_PX) * px)
    edge = LineStyle(icon.line, OUTLINE_PX * px, (3 * px, 2 * px) if icon.is_dashed else ())
    if icon.has_ring:
        _trace(canvas, icon, x, y, half_mm * RING_FACTOR)
        canvas.stroke(rim, keep=True)
        canvas.fill(casing, keep=True)
        canvas.stroke(edge)
    _trace(canvas, icon, x, y, half_mm)
    canvas.stroke(rim, keep=True)
    canvas.fill(icon.fill, keep=True)
    canvas.stroke(edge)
    _draw_inside(canvas, icon, x, y, half_mm)


def _draw_inside(canvas: Canvas, icon: Icon, x: float, y: float, half_mm: float) -> None:
    if icon.mark == "cross":
        canvas.trace_ring([(x + px * half_mm, y + py * half_mm) for px, py in CROSS])
        canvas.fill(icon.ink)
    if icon.character:
        size_mm = 2 * half_mm * CHARACTER_SHARE
        style = TextStyle(size_mm / 25.4 * 72, icon.ink, is_bold=True)
        drop = CHARACTER_DROP.get(icon.shape, 0.0) * half_mm
        canvas.text(x, y + drop + size_mm * 0.37, icon.character, style, align="centre")
    elif not icon.mark:
        draw_sign(canvas, icon.sign, (x, y), half_mm, icon.line)


def draw_dot(canvas: Canvas, icon: Icon, place: tuple[float, float]) -> None:
    """The dot that stands for a symbol without room, in the colours of its level."""
    canvas.trace_circle(place, DOT_MM / 2)
    canvas.fill(icon.fill, keep=True)
    canvas.stroke(LineStyle(icon.line, DOT_LINE_MM))
    draw_sign(canvas, icon.sign, place, DOT_MM / 2, icon.line)


def draw_sign(canvas: Canvas, sign: str, place: tuple[float, float], half_mm: float, ink: str) -> None:
    """A point or a stroke of a level's hatch in something too small for the hatch; the others have their tones."""
    reach_mm = half_mm * SIGN_SHARE
    if sign == "dots":
        canvas.trace_circle(place, reach_mm)
        canvas.fill(ink)
    elif sign == "dashes":
        canvas.context.move_to(place[0] - half_mm * 0.6, place[1])
        canvas.context.line_to(place[0] + half_mm * 0.6, place[1])
        canvas.stroke(LineStyle(ink, reach_mm, is_round=False))


def _draw_tick(canvas: Canvas, icon: Icon, x: float, y: float, *, casing: str, angle_deg: float) -> None:
    """A stroke across the line, with its letter beside it."""
    half_mm = icon.size_px / 2 * SYMBOL_MM_PER_PX
    across = np.radians(angle_deg + 90)
    dx, dy = half_mm * np.cos(across), half_mm * np.sin(across)
    canvas.context.move_to(x - dx, y - dy)
    canvas.context.line_to(x + dx, y + dy)
    canvas.stroke(LineStyle(icon.fill, 1.6 * SYMBOL_MM_PER_PX))
    size_mm = 2 * half_mm * 0.7
    style = TextStyle(size_mm / 25.4 * 72, icon.fill, is_bold=True, casing_mm=0.2, casing_colour=casing)
    away = -1 if dy > 0 else 1
    canvas.text(
        x + away * dx * 1.35, y + away * dy * 1.35 + size_mm * 0.37, icon.character, style, align="centre"
    )
