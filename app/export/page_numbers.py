"""Page numbers on the index map of an atlas: none on another; one without room stands aside, at the end of a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from app.export.canvas import Canvas, LineStyle, TextStyle
from app.export.layout import Box
from app.export.symbols import Palette

SIZES_PT = (16.0, 13.0, 11.0, 9.0, 7.5, 6.0)
SHARE_AT_HOME = 0.75
"""Numbers are set as large as lets so many stand upon their places."""
RIM_SHARE = 0.8
"""Of the height of the type: what a plate is higher and wider than its number."""
GAP_MM = 0.4
DOT_MM = 0.7
STEP_MM, N_DIRECTIONS = 1.2, 32
CHUNK, MOST_TRIED = 64, 384
"""Free plates that are looked at together, and so many of the nearest for one whose line crosses nothing."""
Place = tuple[float, float]


@dataclass(frozen=True)
class PageNumber:
    """A number on its plate, in page millimetres; `place` is what it numbers, and lies under the plate or at the end of a line."""

    text: str
    box: Box
    place: Place

    @property
    def line(self) -> shapely.LineString | None:
        """From the place to the middle of the plate; None where the plate lies upon its place."""
        x, y = self.place
        is_at_home = self.box.x <= x <= self.box.right and self.box.y <= y <= self.box.bottom
        return None if is_at_home else shapely.LineString([self.place, self.box.centre])


def place_numbers(
    numbers: Sequence[tuple[str, Place]], frame: Box, blocked: Sequence[Box], width_mm: Callable[[str, float], float]
) -> tuple[list[PageNumber], float]:
    """Where page numbers stand, and the size of their type: as large as lets most of them stand where they belong.

    Parameters
    ----------
    numbers : texts with the places they belong to, page millimetres; one beyond the frame counts as lying on its edge
    frame, blocked : the map, and what must not be covered
    width_mm : of a text in a size in points

    Returns
    -------
    Numbers in their order, those that find no place at home as near as there is room; one for which the whole frame has no
    room in the least size is left out. Size in points.
    """
    placed: list[PageNumber] = []
    for size_pt in SIZES_PT:
        ground = _Ground(numbers, size_pt, frame, blocked, width_mm)
        is_least = size_pt == SIZES_PT[-1]
        if ground.fill_at_home() < SHARE_AT_HOME * len(numbers) and not is_least:
            continue
        placed = ground.fill_aside()
        if len(placed) == len(numbers) or is_least:
            return placed, size_pt
    return placed, SIZES_PT[-1]


class _Ground:
    """The map while numbers of one size are placed on it."""

    def __init__(
        self, numbers: Sequence[tuple[str, Place]], size_pt: float, frame: Box, blocked: Sequence[Box], width_mm: Callable[[str, float], float]
    ) -> None:
        room, height = frame.inset(GAP_MM + DOT_MM), TextStyle(size_pt, "").size_mm
        self.frame = frame
        self.texts = [text for text, _ in numbers]
        self.homes = np.array([(np.clip(x, room.x, room.right), np.clip(y, room.y, room.bottom)) for _, (x, y) in numbers]).reshape(-1, 2)
        self.sizes = np.array([(max(width_mm(text, size_pt), height) + RIM_SHARE * height, (1 + RIM_SHARE) * height) for text in self.texts])
        self.taken = [_edges(box.inset(-GAP_MM / 2)) for box in blocked]
        self.ways: list[shapely.Geometry] = []
        self.found: dict[int, PageNumber] = {}

    def fill_at_home(self) -> int:
        """Put every number on its own place that covers nothing there; how many do."""
        for i, home in enumerate(self.homes):
            plate = _plates(home[None], self.sizes[i])
            if self._is_free(plate)[0] and self._spares_homes(i, plate)[0]:
                self._take(i, plate[0])
        return len(self.found)

    def fill_aside(self) -> list[PageNumber]:
        """Put the others where there is room."""
        for i in range(len(self.texts)):
            if i not in self.found and (plate := self._nearest(i)) is not None:
                self._take(i, plate)
        return [self.found[i] for i in sorted(self.found)]

    def _nearest(self, i: int) -> NDArray[np.float64] | None:
        """The nearest plate with nothing in its way; else one whose line crosses others; else any that is free."""
        plates = _plates(self._around(i), self.sizes[i])
        plates = plates[self._is_free(plates)]
        sparing = plates[self._spares_homes(i, plates)]
        for start in range(0, min(len(sparing), MOST_TRIED), CHUNK):
            some = sparing[start : start + CHUNK]
            clear = np.flatnonzero(self._is_clear(i, some))
            if len(clear):
                return some[clear[0]]
        return next(iter([*sparing[:1], *plates[:1]]), None)

    def _around(self, i: int) -> NDArray[np.float64]:
        """Middles of plates, the nearest first, of equally near ones those away from the middle of all places."""
        home = self.homes[i]
        outwards = np.arctan2(*(home - self.homes.mean(axis=0))[::-1])
        turns = np.linspace(-np.pi, np.pi, N_DIRECTIONS, endpoint=False)
        turns = outwards + turns[np.argsort(np.abs(turns), kind="stable")]
        distances = np.arange(self.sizes[i].max() * 0.7, self.frame.w + self.frame.h, STEP_MM)
        directions = np.column_stack([np.cos(turns), np.sin(turns)])
        return home + (distances[:, None, None] * directions).reshape(-1, 2)

    def _take(self, i: int, plate: NDArray[np.float64]) -> None:
        x, y, right, bottom = plate.tolist()
        number = PageNumber(self.texts[i], Box(x, y, right - x, bottom - y), tuple(self.homes[i].tolist()))
        self.found[i] = number
        self.taken.append(_edges(number.box.inset(-GAP_MM / 2)))
        self.ways += [shapely.box(*plate)] if number.line is None else [shapely.box(*plate), number.line]

    def _is_free(self, plates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which plates lie in the frame and on nothing that is taken."""
        left, top, right, bottom = plates.T
        is_free = (left >= self.frame.x) & (top >= self.frame.y) & (right <= self.frame.right) & (bottom <= self.frame.bottom)
        for x, y, to_x, to_y in self.taken:
            is_free &= (left - GAP_MM / 2 >= to_x) | (right + GAP_MM / 2 <= x) | (top - GAP_MM / 2 >= to_y) | (bottom + GAP_MM / 2 <= y)
        return is_free

    def _spares_homes(self, i: int, plates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which plates cover no other number's place."""
        x, y = np.delete(self.homes, i, axis=0).T
        left, top, right, bottom = plates.T[:, :, None]
        is_covered = (x > left - DOT_MM) & (x < right + DOT_MM) & (y > top - DOT_MM) & (y < bottom + DOT_MM)
        return ~is_covered.any(axis=1)

    def _is_clear(self, i: int, plates: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which plates lie on no line, and have lines from their place that cross nothing."""
        middles = (plates[:, :2] + plates[:, 2:]) / 2
        lines = shapely.linestrings(np.stack([np.broadcast_to(self.homes[i], middles.shape), middles], axis=1))
        shapes = shapely.union(lines, shapely.box(*plates.T))
        crossing = shapely.STRtree(self.ways).query(shapes, predicate="intersects")[0]
        return ~np.isin(np.arange(len(plates)), crossing)


def _plates(middles: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left, top, right and bottom of plates (n, 4)."""
    return np.column_stack([middles - size / 2, middles + size / 2])


def _edges(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.right, box.bottom


def draw_numbers(
    canvas: Canvas, numbers: Sequence[tuple[str, Place]], frame: Box, blocked: Sequence[Box], palette: Palette
) -> list[PageNumber]:
    """Write the page numbers of an index map; where they stand."""
    ink, panel = palette["interface"]["text"], palette["interface"]["panel"]
    placed, size_pt = place_numbers(
        numbers, frame, blocked, lambda text, size_pt: canvas.text_width_mm(text, TextStyle(size_pt, ink, is_bold=True))
    )
    style = TextStyle(size_pt, ink, is_bold=True)
    for line, colour, width_mm in ((number.line, *pen) for pen in ((panel, 0.9), (ink, 0.3)) for number in placed):
        if line is not None:
            canvas.trace(line)
            canvas.stroke(LineStyle(colour, width_mm))
    for number in placed:
        _draw_number(canvas, number, style, panel)
    return placed


def _draw_number(canvas: Canvas, number: PageNumber, style: TextStyle, panel: str) -> None:
    """A plate with round ends, and a dot where its line begins."""
    if number.line is not None:
        canvas.trace_circle(number.place, DOT_MM)
        canvas.fill(style.colour)
    box, half = number.box, number.box.h / 2
    canvas.trace(shapely.buffer(shapely.LineString([(box.x + half, box.centre[1]), (box.right - half, box.centre[1] + 1e-6)]), half))
    canvas.fill(panel, 0.9, keep=True)
    canvas.stroke(LineStyle(style.colour, 0.3))
    canvas.text(box.centre[0], box.centre[1] + style.size_mm * 0.36, number.text, style, align="centre")
