"""Shortest lines between many pairs of features at once: compiled loops over the edges that features are made of.

A feature of any type is a run of straight edges (a point is one of length 0) in blocks of a few with a box each, so
that most edges of a pair are never looked at. Loops run in a fixed order in float64, and the first of equally short
lines is taken: the same pair gives the same bits whatever it is computed with.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Geometries = NDArray[np.object_]
Compiled = Any

BLOCK_EDGES = 8
"""Edges in a block with a box of its own."""
PAIRS_A_TURN = 32_768
"""Pairs that one thread takes at a time."""
RING, POLYGON, FIRST_COLLECTION = 2, 3, 4
"""Type numbers of GEOS; collections of all kinds come last."""


class Edges(NamedTuple):
    """Features as edges, in the order of the features; indices as in compressed sparse rows.

    `xy`: n edges of x, y of the start and x, y of the end; `edge_box`: west, south, east, north of each; `is_ring`: edges that bound an area; `first`: first edge
    of each feature, one more than there are features; `first_block` the same of blocks; `block`: west, south, east,
    north of each block; `box`: the same of each feature (NaN where it is empty); `is_area`: features with an area.
    """

    xy: Floats
    edge_box: Floats
    is_ring: NDArray[np.bool_]
    first: Integers
    first_block: Integers
    block: Floats
    box: Floats
    is_area: NDArray[np.bool_]


@dataclass(frozen=True)
class Nearest:
    """Of n pairs: squared distance on the plane (infinite beyond the reach) and the ends of the shortest line, (n, 4)."""

    distance2: Floats
    line: Floats


def edges_of(geometries: Geometries) -> Edges:
    """The edges of features; missing and empty ones have none."""
    runs, owner = _runs(geometries)
    xy, of_run = shapely.get_coordinates(runs, return_index=True)
    n_points = np.bincount(of_run, minlength=len(runs))
    n_edges = np.maximum(n_points - 1, 1)
    of_edge = np.repeat(np.arange(len(runs)), n_edges)
    within = np.arange(len(of_edge)) - np.repeat(np.cumsum(n_edges) - n_edges, n_edges)
    start = np.repeat(np.cumsum(n_points) - n_points, n_edges) + within
    end = np.minimum(start + 1, np.repeat(np.cumsum(n_points), n_edges) - 1)
    kinds = shapely.get_type_id(runs)
    is_ring = (kinds == RING) | (kinds == POLYGON)
    edges_each = np.bincount(owner[of_edge], minlength=len(geometries))
    first = np.concatenate([[0], np.cumsum(edges_each)]).astype(np.intp)
    is_area = np.bincount(owner, weights=is_ring, minlength=len(geometries)) > 0
    ends = np.ascontiguousarray(np.concatenate([xy[start], xy[end]], axis=1))
    edge_box = np.concatenate([np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])], axis=1)
    first_block, block = _blocks(edge_box, first)
    return Edges(ends, edge_box, is_ring[of_edge], first, first_block, block, shapely.bounds(geometries), is_area)


def _runs(geometries: Geometries) -> tuple[Geometries, Integers]:
    """Points, lines, polygons without holes and rings, in the order of the features, and the feature of each."""
    owner = np.flatnonzero(~shapely.is_missing(geometries) & ~shapely.is_empty(geometries))
    parts = geometries[owner]
    while np.any(shapely.get_type_id(parts) >= FIRST_COLLECTION):
        parts, of_part = shapely.get_parts(parts, return_index=True)
        is_filled = ~shapely.is_empty(parts)
        parts, owner = parts[is_filled], owner[of_part[is_filled]]
    has_holes = shapely.get_num_interior_rings(parts) > 0
    if not has_holes.any():
        return parts, owner
    rings, of_polygon = shapely.get_rings(parts[has_holes], return_index=True)
    runs = np.concatenate([parts[~has_holes], rings])
    run_owner = np.concatenate([owner[~has_holes], owner[has_holes][of_polygon]])
    order = np.argsort(run_owner, kind="stable")
    return runs[order], run_owner[order]


def _blocks(edge_box: Floats, first: Integers) -> tuple[Integers, Floats]:
    """First block of each feature, and the box of each block."""
    n_blocks = -(-np.diff(first) // BLOCK_EDGES)
    first_block = np.concatenate([[0], np.cumsum(n_blocks)]).astype(np.intp)
    if not len(edge_box):
        return first_block, np.empty((0, 4))
    if first_block[-1] == len(n_blocks) and n_blocks.all():
        starts = first[:-1]
    else:
        starts = _block_starts(first, first_block, n_blocks)
    low = np.minimum.reduceat(edge_box[:, :2], starts, axis=0)
    high = np.maximum.reduceat(edge_box[:, 2:], starts, axis=0)
    return first_block, np.concatenate([low, high], axis=1)


def _block_starts(first: Integers, first_block: Integers, n_blocks: Integers) -> Integers:
    """First edge of each block."""
    within = np.arange(first_block[-1]) - np.repeat(first_block[:-1], n_blocks)
    return np.asarray(np.repeat(first[:-1], n_blocks) + within * BLOCK_EDGES, np.intp)


def nearest_of_pairs(a: Edges, b: Edges, of_a: Integers, of_b: Integers, reach: Floats, *, n_threads: int = 1) -> Nearest:
    """Shortest lines from features of `a` to features of `b`, for n pairs.

    Parameters
    ----------
    of_a, of_b : positions in `a` and `b`
    reach : on the plane, one a pair; a pair farther apart is not measured
    """
    of_a, of_b = np.ascontiguousarray(of_a, np.intp), np.ascontiguousarray(of_b, np.intp)
    reach = np.ascontiguousarray(reach, float)
    found = Nearest(np.full(len(of_a), np.inf), np.zeros((len(of_a), 4)))

    def turn(start: int) -> None:
        chosen = slice(start, start + PAIRS_A_TURN)
        _nearest(a, b, of_a[chosen], of_b[chosen], reach[chosen], found.distance2[chosen], found.line[chosen])

    starts = range(0, len(of_a), PAIRS_A_TURN)
    if n_threads > 1 and len(starts) > 1:
        with ThreadPoolExecutor(n_threads) as threads:
            list(threads.map(turn, starts))
    else:
        for start in starts:
            turn(start)
    return found


@njit(cache=True, inline="always")
def _gap2(a: Compiled, i: Compiled, b: Compiled, j: Compiled) -> Compiled:
    """Squared distance between two boxes."""
    dx, dy = a[i, 0] - b[j, 2], a[i, 1] - b[j, 3]
    other_x, other_y = b[j, 0] - a[i, 2], b[j, 1] - a[i, 3]
    if other_x > dx:
        dx = other_x
    if other_y > dy:
        dy = other_y
    if dx < 0.0:
        dx = 0.0
    if dy < 0.0:
        dy = 0.0
    return dx * dx + dy * dy


@njit(cache=True, inline="always")
def _foot(px: Compiled, py: Compiled, x1: Compiled, y1: Compiled, x2: Compiled, y2: Compiled) -> Compiled:
    """Squared distance from a point to an edge, and the place on the edge."""
    dx, dy = x2 - x1, y2 - y1
    length2 = dx * dx + dy * dy
    t = 0.0
    if length2 > 0.0:
        t = min(1.0, max(0.0, ((px - x1) * dx + (py - y1) * dy) / length2))
    fx, fy = x1 + t * dx, y1 + t * dy
    return (px - fx) * (px - fx) + (py - fy) * (py - fy), fx, fy


@njit(cache=True, inline="always")
def _meet(p: Compiled, i: Compiled, q: Compiled, j: Compiled) -> Compiled:
    """Whether two edges cross, and where; edges that only touch are left to the distances of their ends."""
    rx, ry = p[i, 2] - p[i, 0], p[i, 3] - p[i, 1]
    sx, sy = q[j, 2] - q[j, 0], q[j, 3] - q[j, 1]
    turn = rx * sy - ry * sx
    if turn == 0.0:
        return False, 0.0, 0.0
    dx, dy = q[j, 0] - p[i, 0], q[j, 1] - p[i, 1]
    t, u = (dx * sy - dy * sx) / turn, (dx * ry - dy * rx) / turn
    return 0.0 <= t <= 1.0 and 0.0 <= u <= 1.0, p[i, 0] + t * rx, p[i, 1] + t * ry


@njit(cache=True, inline="always")
def _two_edges(
    p: Compiled, i: Compiled, q: Compiled, j: Compiled, gap2: Compiled, best: Compiled, line: Compiled
) -> Compiled:
    """Squared distance of two edges, `gap2` that of their boxes, where it is below `best`, whose line is then kept."""
    if gap2 == 0.0:
        crosses, x, y = _meet(p, i, q, j)
        if crosses:
            line[0], line[1], line[2], line[3] = x, y, x, y
            return 0.0
    for k in range(2):
        px, py = p[i, 2 * k], p[i, 2 * k + 1]
        d2, fx, fy = _foot(px, py, q[j, 0], q[j, 1], q[j, 2], q[j, 3])
        if d2 < best:
            best = d2
            line[0], line[1], line[2], line[3] = px, py, fx, fy
    for k in range(2):
        px, py = q[j, 2 * k], q[j, 2 * k + 1]
        d2, fx, fy = _foot(px, py, p[i, 0], p[i, 1], p[i, 2], p[i, 3])
        if d2 < best:
            best = d2
            line[0], line[1], line[2], line[3] = fx, fy, px, py
    return best


@njit(cache=True, inline="always")
def _corners(
    p: Compiled, low: Compiled, high: Compiled, q: Compiled, from_q: Compiled, to_q: Compiled, best: Compiled, line: Compiled
) -> Compiled:
    """The two nearest starts of edges where nearer than `best`: with them most edges need no further look."""
    near_p, near_q = -1, -1
    for k in range(low, high):
        for m in range(from_q, to_q):
            dx, dy = p[k, 0] - q[m, 0], p[k, 1] - q[m, 1]
            d2 = dx * dx + dy * dy
            if d2 < best:
                best, near_p, near_q = d2, k, m
    if near_p >= 0:
        line[0], line[1], line[2], line[3] = p[near_p, 0], p[near_p, 1], q[near_q, 0], q[near_q, 1]
    return best


@njit(cache=True)
def _is_inside(px: Compiled, py: Compiled, edges: Compiled, at: Compiled) -> Compiled:
    """Whether a point lies within the rings of a feature (even-odd)."""
    inside = False
    for k in range(edges.first[at], edges.first[at + 1]):
        if not edges.is_ring[k]:
            continue
        x1, y1, x2, y2 = edges.xy[k, 0], edges.xy[k, 1], edges.xy[k, 2], edges.xy[k, 3]
        if (y1 > py) != (y2 > py) and px < (x2 - x1) * (py - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@njit(cache=True)
def _within(a: Compiled, at: Compiled, b: Compiled, bt: Compiled, line: Compiled) -> Compiled:
    """Whether a part of feature `at` lies inside the area of `bt` although no edges meet; the place goes to `line`."""
    if not b.is_area[bt]:
        return False
    for k in range(a.first[at], a.first[at + 1]):
        is_new_run = k == a.first[at] or a.xy[k, 0] != a.xy[k - 1, 2] or a.xy[k, 1] != a.xy[k - 1, 3]
        if is_new_run and _is_inside(a.xy[k, 0], a.xy[k, 1], b, bt):
            line[0], line[1], line[2], line[3] = a.xy[k, 0], a.xy[k, 1], a.xy[k, 0], a.xy[k, 1]
            return True
    return False


@njit(cache=True, inline="always")
def _one_pair(a: Compiled, i: Compiled, b: Compiled, j: Compiled, limit: Compiled, line: Compiled) -> Compiled:
    """Squared distance of two features below `limit`, else `limit`; blocks and edges farther apart are passed over."""
    best = limit
    for p in range(a.first_block[i], a.first_block[i + 1]):
        if _gap2(a.block, p, b.box, j) >= best:
            continue
        low = a.first[i] + (p - a.first_block[i]) * BLOCK_EDGES
        high = min(low + BLOCK_EDGES, a.first[i + 1])
        for q in range(b.first_block[j], b.first_block[j + 1]):
            if _gap2(a.block, p, b.block, q) >= best:
                continue
            from_b = b.first[j] + (q - b.first_block[j]) * BLOCK_EDGES
            to_b = min(from_b + BLOCK_EDGES, b.first[j + 1])
            best = _corners(a.xy, low, high, b.xy, from_b, to_b, best, line)
            for k in range(low, high):
                if _gap2(a.edge_box, k, b.block, q) >= best:
                    continue
                for m in range(from_b, to_b):
                    gap2 = _gap2(a.edge_box, k, b.edge_box, m)
                    if gap2 < best:
                        best = _two_edges(a.xy, k, b.xy, m, gap2, best, line)
                        if best == 0.0:
                            return best
    return best


@njit(cache=True, nogil=True)
def _nearest(
    a: Compiled, b: Compiled, of_a: Compiled, of_b: Compiled, reach: Compiled, distance2: Compiled, lines: Compiled
) -> None:
    for n in range(len(of_a)):
        i, j = of_a[n], of_b[n]
        # One part in 10^12 more, so that a pair exactly at the reach is measured.
        limit = reach[n] * reach[n] * (1.0 + 1e-12) + 1e-12
        if _gap2(a.box, i, b.box, j) >= limit:
            continue
        best = _one_pair(a, i, b, j, limit, lines[n])
        if best > 0.0 and _gap2(a.box, i, b.box, j) == 0.0 and (_within(a, i, b, j, lines[n]) or _within(b, j, a, i, lines[n])):
            best = 0.0
        if best < limit:
            distance2[n] = best
