"""Which names stand where: areas as `static/js/area_labels.js` places them, and what finds room as MapLibre finds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.export.canvas import ASCENT, NEVER_FIRST, Canvas, TextStyle
from app.export.labels import TakenBoxes
from app.export.layout import Box

MARGIN_PX = 30.0
LEAST_PIECE_PX2 = 900.0
JUST_BELOW_PX = 0.01
FIRST_WIDE = "\u2e80"
"""From this character on a line may be broken before each."""
LINE_HEIGHT = 1.2
"""Distance of two baselines in sizes of the font, as the map library has it."""
BASELINE_EM = 7 / 24
"""So much nearer than its offset says the map library sets a text above or below its place."""

Anchors = Sequence[tuple[str, tuple[float, float]]]
"""Sides or middle of a text that may touch its place, each with its offset in sizes of the font."""


@dataclass(frozen=True)
class Name:
    """A text wanted at a place, pixels of the picture; `padding_px` is how far others stay away, `most_em` how wide a line may be in sizes of the font."""

    text: str
    place: tuple[float, float]
    style: TextStyle
    anchors: Anchors
    padding_px: float
    most_em: float = 10.0


@dataclass(frozen=True)
class PlacedName:
    """A name that found room: its lines, all around the middle of `box`, which holds its padding too."""

    name: Name
    lines: tuple[str, ...]
    box: Box


def anchors_of(layout: Mapping[str, Any]) -> Anchors:
    """The places around its point that a style lets a text have, best first."""
    pairs = layout.get("text-variable-anchor-offset")
    if pairs:
        return [(pairs[i], tuple(pairs[i + 1])) for i in range(0, len(pairs), 2)]
    radius = float(layout.get("text-radial-offset", 0))
    away = {"left": (radius, 0.0), "right": (-radius, 0.0), "top": (0.0, radius), "bottom": (0.0, -radius)}
    names = layout.get("text-variable-anchor", [layout.get("text-anchor", "center")])
    return [(name, away.get(name, (0.0, 0.0))) for name in names]


def area_place(pieces: Iterable[Any], frame: Box) -> tuple[float, float] | None:
    """Where the name of an area stands whose pieces (pixels) lie in the tiles; None where too little of it is seen."""
    seen = [ring for piece in pieces for ring in _outer_rings(piece)]
    inner = frame.inset(MARGIN_PX)
    cut = [shapely.clip_by_rect(shapely.make_valid(ring), inner.x, inner.y, inner.right, inner.bottom) for ring in seen]
    largest = max(cut, key=lambda part: part.area, default=None)
    return None if largest is None or largest.area < LEAST_PIECE_PX2 else _middle(largest)


def _outer_rings(shape: Any) -> list[Any]:
    return [shapely.Polygon(part.exterior) for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]


def _middle(area: Any) -> tuple[float, float] | None:
    """The middle of the widest stretch inside an area, half way up; None where it has parts above and below alone."""
    left, top, right, bottom = area.bounds
    y = (top + bottom) / 2 + JUST_BELOW_PX
    across = shapely.intersection(area, shapely.LineString([(left - 1, y), (right + 1, y)]))
    stretches = [part for part in shapely.get_parts(across) if part.geom_type == "LineString" and not part.is_empty]
    if not stretches:
        return None
    widest = max(stretches, key=lambda part: part.length)
    return float((widest.bounds[0] + widest.bounds[2]) / 2), y


def lines_of(text: str, most_em: float, width_em: Callable[[str], float]) -> tuple[str, ...]:
    """A text in lines of about equal length, broken at spaces and between Chinese characters; one that fills a line is broken too.

    >>> lines_of("高雄加工出口園區", 8, len), lines_of("云沧工业园区", 8, len), lines_of("Chemical park of Xy", 12, len)
    (('高雄加工', '出口園區'), ('云沧工业园区',), ('Chemical', 'park of Xy'))
    """
    n_lines = int(width_em(text) / most_em) + 1
    breaks = [i for i in range(1, len(text)) if text[i - 1] == " " or (text[i] >= FIRST_WIDE and text[i] not in NEVER_FIRST)]
    at = [0]
    for k in range(1, n_lines):
        wanted = width_em(text) * k / n_lines
        later = [i for i in breaks if i > at[-1]]
        if later:
            at.append(min(later, key=lambda i: abs(width_em(text[:i]) - wanted)))
    return tuple(text[start:end].strip() for start, end in pairwise([*at, len(text)]))


def placed_names(names: Iterable[Name], taken: TakenBoxes, canvas: Canvas) -> list[PlacedName]:
    """The names that find room, first come first served; their boxes are `taken` then."""
    found = []
    for name in names:
        lines = lines_of(name.text, name.most_em, lambda text, style=name.style: canvas.text_width_mm(text, style) / style.size_mm)
        size = np.array([max(canvas.text_width_mm(line, name.style) for line in lines), len(lines) * LINE_HEIGHT * name.style.size_mm])
        for anchor, (right_em, down_em) in name.anchors:
            offset_em = np.array([right_em, np.sign(down_em) * max(abs(down_em) - BASELINE_EM, 0)])
            box = _box(np.array(name.place) + offset_em * name.style.size_mm, size + 2 * name.padding_px, anchor)
            if taken.is_free(box):
                taken.add(box)
                found.append(PlacedName(name, lines, box))
                break
    return found


def _box(at: NDArray[np.float64], size: NDArray[np.float64], anchor: str) -> Box:
    """The box of a size that touches a place with a side, or stands around it."""
    share = np.array([{"left": 0.0, "right": 1.0}.get(anchor, 0.5), {"top": 0.0, "bottom": 1.0}.get(anchor, 0.5)])
    x, y = at - share * size
    return Box(float(x), float(y), float(size[0]), float(size[1]))


def draw_name(canvas: Canvas, placed: PlacedName) -> None:
    """Write a name where it was placed."""
    style = placed.name.style
    x, y = placed.box.centre
    for i, line in enumerate(placed.lines):
        middle = y + (i + 0.5 - len(placed.lines) / 2) * LINE_HEIGHT * style.size_mm
        canvas.text(x, middle + (ASCENT - 0.5) * style.size_mm, line, style, align="centre")
