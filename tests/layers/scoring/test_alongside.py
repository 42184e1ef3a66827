"""Lines beside ways: whatever a way's bends and however it is delivered, a line at a distance from it is judged by that distance."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.scoring.alongside import shortest_alongside

REACH_M = 15.0
LONG_M = 120.0
"""Length of each way."""


def arc(radius_m: float, angle: float, from_angle: float = 0.0) -> shapely.LineString:
    """An arc around the centre with a corner at every half degree."""
    angles = np.linspace(from_angle, from_angle + angle, 2 + int(np.degrees(angle) * 2))
    return shapely.LineString(radius_m * np.column_stack([np.cos(angles), np.sin(angles)]))


def pieces(way: shapely.LineString, piece_m: float) -> list[shapely.LineString]:
    ends_m = np.append(np.arange(0.0, way.length - 1.0, piece_m), way.length)
    return [shapely.ops.substring(way, *ends) for ends in pairwise(ends_m)]


def nearest_m(pipe: shapely.LineString, ways: list[shapely.LineString]) -> float | None:
    found = [shortest_alongside(pipe, way, REACH_M) for way in ways]
    return min((line.length for line in found if line is not None), default=None)


@settings(max_examples=60, deadline=None)
@given(st.floats(30.0, 1000.0), st.floats(0.5, 20.0), st.sampled_from([-1.0, 1.0]), st.one_of(st.none(), st.floats(5.0, 60.0)))
def test_line_concentric_with_a_bend_is_judged_as_one_beside_a_straight_way(
    radius_m: float, offset_m: float, side: float, piece_m: float | None
) -> None:
    """The way as a whole or in pieces, the line outside or inside the bend; a millimetre from the reach either is right."""
    angle = LONG_M / radius_m
    bent, straight = arc(radius_m, angle), shapely.LineString([(0, 0), (LONG_M, 0)])
    ways = [[way] if piece_m is None else pieces(way, piece_m) for way in (bent, straight)]
    beside_bend = nearest_m(arc(radius_m + side * offset_m, angle), ways[0])
    beside_straight = nearest_m(shapely.LineString([(0, side * offset_m), (LONG_M, side * offset_m)]), ways[1])
    if abs(offset_m - REACH_M) > 0.05:
        assert (beside_bend is None) == (beside_straight is None) == (offset_m > REACH_M)
        if offset_m < REACH_M:
            assert beside_bend == pytest.approx(offset_m, abs=0.02) and beside_straight == pytest.approx(offset_m, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.floats(30.0, 1000.0), st.floats(0.2, 0.8), st.floats(35.0, 90.0), st.one_of(st.none(), st.floats(5.0, 60.0)))
def test_line_that_crosses_a_way_is_not_alongside_wherever_it_crosses(
    leg_m: float, share: float, degrees: float, piece_m: float | None
) -> None:
    """A hairpin with legs 20 m apart, crossed by a straight line well before its end, and the same way delivered in pieces."""
    turn = arc(10.0, np.pi, -np.pi / 2)
    way = shapely.LineString([(-leg_m - 60, -10), *turn.coords, (-leg_m - 60, 10)])
    x, along = -60 - share * leg_m, 30 / np.tan(np.radians(degrees))
    pipe = shapely.LineString([(x - along, -30), (x + along, 30)])
    assert nearest_m(pipe, [way] if piece_m is None else pieces(way, piece_m)) is None


@pytest.mark.parametrize("width_m", [24.0, 60.0])
def test_way_drawn_as_ground_is_met_by_what_runs_upon_it_or_beside_it_and_not_by_a_crossing(width_m: float) -> None:
    ground = shapely.box(-100.0, -width_m / 2, 100.0, width_m / 2)
    asked = {"beside": [(-150, width_m / 2 + 1), (150, width_m / 2 + 1)], "upon": [(-150, 0), (150, 0)], "across": [(0, -150), (0, 150)]}
    found = {name: shortest_alongside(shapely.LineString(pipe), ground, 3.2) for name, pipe in asked.items()}
    assert {name: line and line.length for name, line in found.items()} == {"beside": pytest.approx(1.0), "upon": 0.0, "across": None}
