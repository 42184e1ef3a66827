"""Which labels a sheet can hold: greedy by priority, four places around a point, none over another or cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.export.canvas import ASCENT, LINE_HEIGHT, TextStyle
from app.export.layout import Box

MAX_LINE_CHARACTERS, MAX_LINES = 8, 2
LATIN_CHARACTERS_PER_WIDE = 2
"""A line holds twice as many Latin letters as Chinese characters."""
GAP_MM = 0.5
"""Free space between a symbol and its label, and between any two labels."""

AROUND = ("left", "right", "bottom", "top")
"""Anchors in the order right, left, above, below of the place."""

Measure = Callable[[str, TextStyle], float]


@dataclass(frozen=True)
class LabelRequest:
    """A text wanted at a place.

    `priority` is smallest for what matters most. `anchors` are the sides of the text that may touch the
    place, best first, as in MapLibre: ``left`` sets the text to its right. `reach_mm` is how far to stay
    away from the place. `along` are places and clockwise angles on a line instead; `repeat_mm` is the least
    distance of two equal texts. One that `may_step_aside` stands its own height above or below the place at worst, as
    the name of an area does where that of a larger one has the middle.
    """

    text: str
    x: float
    y: float
    style: TextStyle
    priority: float
    anchors: tuple[str, ...] = AROUND
    reach_mm: float = 0.0
    along: tuple[tuple[float, float, float], ...] = ()
    repeat_mm: float = 0.0
    may_step_aside: bool = False


@dataclass(frozen=True)
class PlacedLabel:
    """A label that found room: lines, the upright box around it in page millimetres, alignment and angle."""

    request: LabelRequest
    lines: tuple[str, ...]
    box: Box
    align: str = "centre"
    angle_deg: float = 0.0


def _width(text: str) -> float:
    """Length of a text in wide characters."""
    return sum(1.0 if ord(character) >= 0x2E80 else 1 / LATIN_CHARACTERS_PER_WIDE for character in text)


def label_lines(text: str) -> tuple[str, ...]:
    """A label in at most two lines of eight wide characters, the rest cut with an ellipsis.

    >>> label_lines("东城区第一实验小学北校区分校")
    ('东城区第一实验', '小学北校区分校')
    """
    total = _width(text)
    if total <= MAX_LINE_CHARACTERS:
        return (text,)
    if total > MAX_LINE_CHARACTERS * MAX_LINES:
        text = _cut(text, MAX_LINE_CHARACTERS * MAX_LINES - 1) + "…"
        total = _width(text)
    first = _cut(text, -(-total // 2))
    if " " in text:
        first = max(_breaks(text), key=lambda head: -abs(_width(head) - total / 2))
    return first.rstrip(), text[len(first) :].strip()


def _breaks(text: str) -> list[str]:
    return [text[:i] for i, character in enumerate(text) if character == " "]


def _cut(text: str, width: float) -> str:
    end = 0
    while end < len(text) and _width(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def place_labels(
    requests: Iterable[LabelRequest], frame: Box, *, blocked: Sequence[Box] = (), measure: Measure
) -> list[PlacedLabel]:
    """The labels that fit, most important first.

    Parameters
    ----------
    requests : any number; equal priorities keep their order
    frame : the map; a label lies wholly within it, with its casing
    blocked : furniture and symbols that no label may cover
    measure : width in millimetres of a line of text in a style
    """
    taken = TakenBoxes(blocked)
    placed: list[PlacedLabel] = []
    equal: dict[str, list[tuple[float, float]]] = {}
    for request in sorted(requests, key=lambda request: request.priority):
        for label in _candidates(request, measure):
            rim = label.box.inset(-GAP_MM / 2)
            is_repeated = _is_near(equal.get(request.text, []), label.box.centre, request.repeat_mm)
            if frame.inset(GAP_MM).holds(label.box) and not is_repeated and taken.is_free(rim):
                taken.add(rim)
                placed.append(label)
                equal.setdefault(request.text, []).append(label.box.centre)
                break
    return placed


def _is_near(places: list[tuple[float, float]], place: tuple[float, float], distance_mm: float) -> bool:
    return any(np.hypot(x - place[0], y - place[1]) < distance_mm for x, y in places)


def _candidates(request: LabelRequest, measure: Measure) -> Iterator[PlacedLabel]:
    if request.along:
        width, height = measure(request.text, request.style), request.style.size_mm
        for x, y, angle_deg in request.along:
            yield _turned(request, x, y, angle_deg, width, height)
        return
    lines = label_lines(request.text)
    width = max(measure(line, request.style) for line in lines)
    height = request.style.size_mm * (1.0 + LINE_HEIGHT * (len(lines) - 1))
    for anchor in request.anchors:
        yield _anchored(request, lines, anchor, width, height)
    for anchor in ("bottom", "top") if request.may_step_aside else ():
        yield _anchored(request, lines, anchor, width, height, further_mm=height)


def _anchored(
    request: LabelRequest, lines: tuple[str, ...], anchor: str, width: float, height: float, *, further_mm: float = 0.0
) -> PlacedLabel:
    """The label with the side `anchor` of its box at the place, or so much further from it."""
    away = request.reach_mm + GAP_MM + further_mm
    x, y = request.x - width / 2, request.y - height / 2
    if anchor == "left":
        return PlacedLabel(request, lines, Box(request.x + away, y, width, height), "left")
    if anchor == "right":
        return PlacedLabel(request, lines, Box(request.x - away - width, y, width, height), "right")
    if anchor == "bottom":
        y = request.y - away - height
    elif anchor == "top":
        y = request.y + away
    return PlacedLabel(request, lines, Box(x, y, width, height))


def _turned(
    request: LabelRequest, x: float, y: float, angle_deg: float, width: float, height: float
) -> PlacedLabel:
    """A label along a line, in one piece, in the upright box around it."""
    angle = np.radians(angle_deg)
    w = float(abs(width * np.cos(angle)) + abs(height * np.sin(angle)))
    h = float(abs(width * np.sin(angle)) + abs(height * np.cos(angle)))
    return PlacedLabel(request, (request.text,), Box(x - w / 2, y - h / 2, w, h), angle_deg=angle_deg)


def baselines(label: PlacedLabel) -> list[tuple[float, float, str]]:
    """x, baseline and text of every line of an upright label."""
    box, size = label.box, label.request.style.size_mm
    x = {"left": box.x, "centre": box.x + box.w / 2, "right": box.right}[label.align]
    return [(x, box.y + size * (ASCENT + LINE_HEIGHT * i), line) for i, line in enumerate(label.lines)]


class TakenBoxes:
    """Boxes already filled, as one growing array so that a question costs one comparison."""

    def __init__(self, blocked: Sequence[Box] = ()) -> None:
        self._edges = np.empty((max(64, 2 * len(blocked)), 4))
        self._count = 0
        for box in blocked:
            self.add(box)

    def add(self, box: Box) -> None:
        if self._count == len(self._edges):
            self._edges = np.concatenate([self._edges, np.empty_like(self._edges)])
        self._edges[self._count] = box.x, box.y, box.right, box.bottom
        self._count += 1

    def is_free(self, box: Box) -> bool:
        edges: NDArray[np.float64] = self._edges[: self._count]
        hit = (
            (edges[:, 0] < box.right)
            & (edges[:, 2] > box.x)
            & (edges[:, 1] < box.bottom)
            & (edges[:, 3] > box.y)
        )
        return not hit.any()
