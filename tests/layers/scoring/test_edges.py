"""The compiled distances beside GEOS: every type, holes, touching and nested features, and the same bits always."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.scoring.edges import PAIRS_A_TURN, Nearest, edges_of, nearest_of_pairs
from layers.scoring.measure import SearchIndex, planar_pairs

SQUARE = shapely.box(0, 0, 10, 10)
RING = shapely.difference(shapely.box(-20, -20, 30, 30), shapely.box(-5, -5, 15, 15))
FEATURES = {
    "square": SQUARE,
    "ring round it": RING,
    "point inside": shapely.Point(3, 4),
    "point on the edge": shapely.Point(10, 5),
    "point beside": shapely.Point(13, 14),
    "line across": shapely.LineString([(-3, 5), (13, 6)]),
    "line inside": shapely.LineString([(2, 2), (4, 4), (5, 2)]),
    "two points": shapely.MultiPoint([(40, 0), (12, 5)]),
    "two lines": shapely.MultiLineString([[(50, 0), (60, 0)], [(11, -1), (11, 11)]]),
    "far and inside": shapely.MultiPolygon([shapely.box(100, 100, 101, 101), shapely.box(4, 4, 5, 5)]),
    "collection": shapely.GeometryCollection([shapely.Point(70, 70), shapely.box(20, 0, 22, 2)]),
    "long boundary": shapely.Point(200, 0).buffer(150, quad_segs=64),
    "sliver": shapely.Polygon([(0, 12), (10, 12.001), (10, 12)]),
}


def measured(a: shapely.Geometry, b: shapely.Geometry, reach: float = 1e6) -> Nearest:
    one, other = (edges_of(np.array([geometry], dtype=object)) for geometry in (a, b))
    return nearest_of_pairs(one, other, np.array([0]), np.array([0]), np.array([reach]))


@pytest.mark.parametrize(("one", "other"), list(product(FEATURES, FEATURES)))
def test_distance_is_that_of_geos_and_the_line_is_as_long(one: str, other: str) -> None:
    a, b = FEATURES[one], FEATURES[other]
    found = measured(a, b)
    distance = float(np.sqrt(found.distance2[0]))
    assert distance == pytest.approx(shapely.distance(a, b), abs=1e-9)
    start, end = shapely.Point(found.line[0, :2]), shapely.Point(found.line[0, 2:])
    assert start.distance(end) == pytest.approx(distance, abs=1e-9)
    assert (start.distance(a), end.distance(b)) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))


COORDINATE = st.floats(-50, 50, allow_nan=False, width=32)
CORNERS = st.lists(st.tuples(COORDINATE, COORDINATE), min_size=3, max_size=12)


@given(CORNERS, CORNERS)
def test_any_two_outlines_measure_as_geos_does_both_ways(first: list[tuple[float, float]], second: list[tuple[float, float]]) -> None:
    a, b = (shapely.MultiPoint(corners).convex_hull for corners in (first, second))
    there, back = measured(a, b), measured(b, a)
    assert np.sqrt(there.distance2[0]) == pytest.approx(shapely.distance(a, b), abs=1e-6)
    assert there.distance2[0] == pytest.approx(back.distance2[0], abs=1e-9)


@given(st.floats(0.001, 400))
def test_pair_at_its_reach_is_measured_and_one_beyond_is_not(gap: float) -> None:
    other = shapely.box(10 + gap, 0, 20 + gap, 10)
    assert np.isfinite(measured(SQUARE, other, reach=gap + 1e-9).distance2[0])
    assert np.isinf(measured(SQUARE, other, reach=gap - 1e-4).distance2[0])


def test_missing_and_empty_features_have_no_edges() -> None:
    edges = edges_of(np.array([None, shapely.Point(), SQUARE, shapely.Polygon()], dtype=object))
    assert np.diff(edges.first).tolist() == [0, 0, 4, 0]
    found = nearest_of_pairs(edges, edges, np.array([0, 1, 2]), np.array([2, 2, 0]), np.full(3, 1e6))
    assert np.isinf(found.distance2).all()


def test_empty_part_of_a_feature_borrows_no_corner_of_its_neighbours() -> None:
    area = shapely.from_wkt("MULTIPOLYGON (((100 0, 101 0, 101 1, 100 0)), EMPTY)")
    edges = edges_of(np.array([shapely.Point(0, 0), area, shapely.Point(50, 0)], dtype=object))
    assert np.diff(edges.first).tolist() == [1, 3, 1]
    assert nearest_of_pairs(edges, edges, np.array([0]), np.array([1]), np.array([1e6])).distance2.tolist() == [10_000.0]
    assert len(edges_of(np.array([area], dtype=object)).xy) == 3


def test_threads_change_no_bit() -> None:
    dice = np.random.default_rng(7)
    corners = dice.uniform(0, 3000, (400, 1, 2)) + dice.uniform(-20, 20, (400, 5, 2))
    hulls = shapely.convex_hull(shapely.multipoints(shapely.points(corners)))
    edges = edges_of(np.asarray(hulls, dtype=object))
    of_a, of_b = (index.ravel() for index in np.indices((400, 400)))
    assert len(of_a) > 2 * PAIRS_A_TURN
    alone, together = (nearest_of_pairs(edges, edges, of_a, of_b, np.full(len(of_a), 500.0), n_threads=n) for n in (1, 2))
    assert alone.distance2.tobytes() == together.distance2.tobytes()
    assert alone.line.tobytes() == together.line.tobytes()


@pytest.mark.parametrize(("n_subjects", "n_objects"), [(1, 30), (30, 1), (12, 30), (1, 0), (0, 1)])
def test_pairs_found_without_a_tree_are_those_of_the_tree_to_the_bit(n_subjects: int, n_objects: int) -> None:
    dice = np.random.default_rng(11)

    def features(n: int) -> np.ndarray:
        middles = dice.uniform(0, 800, (n, 2))
        lines = shapely.linestrings(middles[:, None, :] + dice.uniform(-300, 300, (n, 90, 2)))
        made = np.array([shapely.Point(*middles[i]) if i % 4 == 1 else shapely.box(*middles[i], *(middles[i] + 30)) if i % 4 == 2 else lines[i]
                         for i in range(n)], dtype=object)  # fmt: skip
        made[4::5] = None
        made[5::7] = shapely.Polygon()
        return made

    subjects, objects = features(n_subjects), features(n_objects)
    reach = dice.choice([0.0, 40.0, 250.0], n_subjects)
    without, tree = (planar_pairs(subjects, objects, reach=reach, index=index) for index in (None, SearchIndex(objects)))
    assert [found.tobytes() for found in without] == [found.tobytes() for found in tree]
    assert len(without[0]) or 0 in (n_subjects, n_objects)
