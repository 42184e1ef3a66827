"""Without colour the five states differ on paper: measured on the pixels of a sheet in black and white."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from shapely import MultiPolygon, Point, box

from app.export.layout import sheet_layout
from app.export.render import render_sheet
from app.export.spec import SheetSpec
from tests.app.export.county import CENTRE, LEVELS, county, frame, spec

DPI = 300
PX_PER_MM = DPI / 25.4
TONES = {"red": 45, "orange": 25, "yellow": 0, "blue": 0, "unrated": 0}
"""Ink of the ground under the hatch, per cent (ui.md 7)."""
HATCH_ANGLES = {"red": {45, 135}, "orange": {45}, "yellow": set(), "blue": set(), "unrated": {0}}
"""Directions in which the strokes of a level run, degrees against the horizontal of the page, rising to the right."""
PATCH_MM = 18.0
LEAST_TONE = 15.0
"""Two states differ by so much ink, per cent, or by their hatch."""
LEAST_SIGN = 0.04
"""Part of a symbol's pixels in which two of them are black and white."""
OFFSETS_M = dict(zip(LEVELS, (-4000, -2000, 0, 2000, 4000), strict=True))

Grey = NDArray[np.float64]


def grey_spec(**changes: object) -> SheetSpec:
    bare = {"format": "png", "dpi": DPI, "is_grey": True, "is_synthetic": False, "marks": frozenset(), "scale_denominator": 50_000}
    return spec(**(bare | changes))


def ink(png: bytes) -> Grey:
    """Ink of every pixel, per cent; rows, columns."""
    with pytest.warns(NotGeoreferencedWarning), rasterio.MemoryFile(png) as file, file.open() as image:
        bands = image.read([1, 2, 3]).astype(float)
    assert (bands == bands[0]).all(), "a sheet in black and white has a colour"
    return 100 - bands[0] / 2.55


def around(picture: Grey, offset_m: tuple[float, float], half_mm: float, *, scale: int) -> Grey:
    """The pixels around a place of the ground, counted from the middle of the map."""
    x_mm, y_mm = sheet_layout("A4", "landscape")["map"].centre
    column = (x_mm + offset_m[0] / scale * 1000) * PX_PER_MM
    row = (y_mm - offset_m[1] / scale * 1000) * PX_PER_MM
    half = round(half_mm * PX_PER_MM)
    return picture[round(row) - half : round(row) + half, round(column) - half : round(column) + half]


@pytest.fixture(scope="module", params=[True, False], ids=["hatched", "hatch not wished"])
def zone_patches(request: pytest.FixtureRequest) -> dict[str, Grey]:
    """Ink inside a zone of each level; the hatch cannot be wished away where there is no colour."""
    x, y = CENTRE
    squares = [MultiPolygon([box(x + at - 900, y - 900, x + at + 900, y + 900)]) for at in OFFSETS_M.values()]
    zones = frame([{"zone_id": level, "policy": "p", "level": level, "area_m2": 1.0, "is_assumption": False} for level in LEVELS], squares)
    picture = ink(render_sheet(grey_spec(layers=("risk_zones",), has_hatch=request.param), county(risk_zones=zones)))
    return {level: around(picture, (at, 0), PATCH_MM / 2, scale=50_000) for level, at in OFFSETS_M.items()}


def stroke_angles(patch: Grey) -> set[int]:
    """Directions of 0, 45, 90, 135 degrees in which a pattern has long strokes: where dark pixels follow each other for 2.5 mm."""
    dark = patch > np.median(patch) + 15
    steps = {0: (0, 1), 45: (-1, 1), 90: (1, 0), 135: (1, 1)}
    found = set()
    for angle, (down, right) in steps.items():
        length = round(2.5 * PX_PER_MM / np.hypot(down, right))
        run = dark.copy()
        for i in range(1, length):
            run &= np.roll(dark, (i * down, i * right), axis=(0, 1))
        if run.mean() > 0.001:
            found.add(angle)
    return found


def share_of_hatch(patch: Grey) -> float:
    return float((patch > np.median(patch) + 15).mean())


def test_ground_of_each_level_has_the_tone_it_ought_to_have(zone_patches: dict[str, Grey]) -> None:
    assert {level: pytest.approx(float(np.median(patch)), abs=1) for level, patch in zone_patches.items()} == TONES


def test_strokes_of_each_level_run_in_its_directions(zone_patches: dict[str, Grey]) -> None:
    assert {level: stroke_angles(patch) for level, patch in zone_patches.items()} == HATCH_ANGLES


def test_zones_of_any_two_states_differ_in_tone_or_hatch(zone_patches: dict[str, Grey]) -> None:
    for one, other in itertools.combinations(LEVELS, 2):
        a, b = zone_patches[one], zone_patches[other]
        has_tone = abs(np.median(a) - np.median(b)) >= LEAST_TONE
        has_hatch = stroke_angles(a) != stroke_angles(b) or abs(share_of_hatch(a) - share_of_hatch(b)) >= LEAST_SIGN
        assert has_tone or has_hatch, (one, other)


def point_patches(scale: int, half_mm: float) -> dict[str, Grey]:
    """Ink around a source of each level, alone on its ground."""
    x, y = CENTRE
    spread = scale / 50_000
    rows = [{"point_id": level, "name": "", "level": level, "kind": "crowded_place", "major_hazard_level": None, "is_assumption": False} for level in LEVELS]
    points = frame(rows, [Point(x + at * spread, y) for at in OFFSETS_M.values()])
    picture = ink(render_sheet(grey_spec(layers=("risk_points",), scale_denominator=scale), county(risk_points=points)))
    return {level: around(picture, (at * spread, 0), half_mm, scale=scale) for level, at in OFFSETS_M.items()}


@pytest.mark.parametrize(("scale", "half_mm", "states"), [(25_000, 1.2, LEVELS), (100_000, 1.0, LEVELS), (500_000, 0.55, LEVELS[2:])], ids=["digits", "symbols", "dots"])
def test_points_of_any_two_states_differ_at_every_scale(scale: int, half_mm: float, states: tuple[str, ...]) -> None:
    patches = point_patches(scale, half_mm)
    assert all(patches[level].max() > 80 for level in states), "a point is not drawn"
    for one, other in itertools.combinations(states, 2):
        a, b = patches[one], patches[other]
        has_sign = (np.abs(a - b) > 50).mean() >= LEAST_SIGN
        assert has_sign or abs(np.median(a) - np.median(b)) >= LEAST_TONE, (one, other)


def test_table_of_a_sheet_tells_its_levels_apart() -> None:
    picture = ink(render_sheet(grey_spec(layers=("risk_zones",), marks=frozenset({"table"})), county()))
    room = sheet_layout("A4", "landscape")["table"]
    left, right = (round(mm * PX_PER_MM) for mm in (room.x + 0.3, room.x + 2.9))
    column = picture[round(room.y * PX_PER_MM) : round(room.bottom * PX_PER_MM), left:right]
    pictures = chips(column)
    assert len(pictures) == len(LEVELS)
    for a, b in itertools.combinations(pictures, 2):
        rows = min(len(a), len(b))
        assert np.abs(a[:rows] - b[:rows]).mean() >= LEAST_SIGN * 100


def chips(column: Grey) -> list[Grey]:
    """The grounds of the chips in a strip through all of them: what lies between the outlines of each."""
    lines = np.flatnonzero((column > 60).all(axis=1))
    edges = [int(group.mean()) for group in np.split(lines, np.flatnonzero(np.diff(lines) > 3) + 1)]
    return [column[top + 3 : bottom - 2] for top, bottom in zip(edges[-10::2], edges[-9::2], strict=True)]
