"""Shortest lines between many pairs of features at once: compiled loops over the edges that features are made of.

A feature of any type is a run of straight edges (a point is one of length 0) in blocks of a few with a box each, so
that most edges of a pair are never looked at. Loops run in a fixed order in float64, and the first of equally short
lines is taken: the same pair gives the same bits whatever it is computed with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
FEATURES_A_TURN = 65_536
FEATURES_A_GATHER = 1024
"""Pairs, or features, that one thread takes at a time."""
ROUNDING_M = 1e-6
"""What projections of coordinates of an official zone may be off by, many times over."""
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


def edges_of(geometries: Geometries, *, at: Integers | None = None, n_threads: int = 1) -> Edges:
    """The edges of features; missing and empty ones have none.

    Parameters
    ----------
    at : where each feature stands in the result; as given without it. The features are read as they are given: to
        read them from all over the memory takes longer than to write so.
    """
    at = np.arange(len(geometries)) if at is None else at
    runs, owner = _runs(geometries)
    n_points = np.asarray(shapely.get_num_coordinates(runs), np.intp)
    # A polygon without holes is its outer ring: so many points as it has coordinates.
    xy = np.ascontiguousarray(shapely.get_coordinates(runs))
    kinds = shapely.get_type_id(runs)
    n_edges = np.maximum(n_points - 1, 1)
    each = np.zeros(len(geometries), np.intp)
    np.add.at(each, at[owner], n_edges)
    first, first_block = _starts(each), _starts(-(-each // BLOCK_EDGES))
    made = Edges(
        np.empty((first[-1], 4)), np.empty((first[-1], 4)), np.empty(first[-1], np.bool_), first, first_block,
        np.empty((first_block[-1], 4)), np.full((len(geometries), 4), np.nan), np.zeros(len(geometries), np.bool_),
    )  # fmt: skip
    first_run, is_ring = np.searchsorted(owner, np.arange(len(geometries) + 1)), (kinds == RING) | (kinds == POLYGON)
    first_point = _starts(n_points)

    def fill(low: int) -> None:
        _fill(made, at, xy, first_point, is_ring, first_run, low, min(low + FEATURES_A_TURN, len(geometries)))

    _in_turns(fill, range(0, len(geometries), FEATURES_A_TURN), n_threads)
    return made


def _starts(counts: Integers) -> Integers:
    """Where each of so many things begins, and one more for the end."""
    starts = np.zeros(len(counts) + 1, np.intp)
    np.cumsum(counts, out=starts[1:])
    return starts


def _in_turns(work: Callable[[int], object], starts: Iterable[int], n_threads: int) -> list[object]:
    """The results of turns in their order; compiled loops let go of the interpreter, so that threads run side by side."""
    turns = list(starts)
    if n_threads > 1 and len(turns) > 1:
        with ThreadPoolExecutor(n_threads) as threads:
            return list(threads.map(work, turns))
    return [work(start) for start in turns]


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

    _in_turns(turn, range(0, len(of_a), PAIRS_A_TURN), n_threads)
    return found


@dataclass(frozen=True)
class Within:
    """Pairs within reach, by feature of `a`, then of `b`: positions, distance on the plane, ends of the shortest line."""

    of_a: Integers
    of_b: Integers
    distance: Floats
    line: Floats


FEW = 64
"""So many geometries are taken in their own order: to sort them costs more than it saves."""


def near_by_near(geometries: Geometries) -> Integers:
    """Positions in an order in which what is near in space is mostly near in the order too (Morton's curve)."""
    if len(geometries) <= FEW:
        return np.arange(len(geometries))
    box = shapely.bounds(geometries)
    middle = np.nan_to_num(np.column_stack([box[:, 0] + box[:, 2], box[:, 1] + box[:, 3]]))
    low = middle.min(axis=0, initial=np.inf)
    width = max(float((middle.max(axis=0, initial=-np.inf) - low).max()), 1e-9)
    cell = ((middle - low) / width * (2**16 - 1)).astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        cell = (cell | (cell << np.uint64(shift))) & np.uint64(mask)
    return np.argsort(cell[:, 0] | (cell[:, 1] << np.uint64(1)), kind="stable")


def nearest_within(
    a: Edges, b: Edges, at_b: Integers, first: Integers, candidates: Integers, reach: Floats, turns: Integers, *, n_threads: int = 1
) -> Within:
    """Those of many candidates that lie within reach, with their shortest lines.

    Parameters
    ----------
    at_b : where the edges of a candidate stand in `b`: neighbours in space that are neighbours in memory are read fast
    first, candidates : candidates of feature i of `a` are ``candidates[first[i]:first[i + 1]]``, in any order; the array
        is sorted in place
    reach : on the plane, one a feature of `a`
    turns : the features of `a` in the order in which they are looked at; the result does not depend on it
    """
    n = len(candidates)
    kept, found, distance, line = np.zeros(len(reach), np.intp), np.empty(n, np.intp), np.empty(n), np.empty((n, 4))
    sizes = np.cumsum((first[1:] - first[:-1])[turns])
    bounds = np.unique(np.searchsorted(sizes, np.arange(0, n + PAIRS_A_TURN, PAIRS_A_TURN)).clip(0, len(turns)))
    bounds = np.unique(np.concatenate([[0], bounds, [len(turns)]]))

    def measure(k: int) -> None:
        mine = turns[bounds[k] : bounds[k + 1]]
        _within_reach(a, b, at_b, first, candidates, reach, mine, kept, found, distance, line)

    _in_turns(measure, range(len(bounds) - 1), n_threads)
    into = _starts(kept)
    made = Within(np.empty(into[-1], np.intp), np.empty(into[-1], np.intp), np.empty(into[-1]), np.empty((into[-1], 4)))

    def gather(low: int) -> None:
        high = min(low + FEATURES_A_GATHER, len(reach))
        _gathered(first, into, found, distance, line, low, high, made.of_a, made.of_b, made.distance, made.line)

    _in_turns(gather, range(0, len(reach), FEATURES_A_GATHER), n_threads)
    return made


@njit(cache=True, nogil=True)
def _fill(
    made: Compiled, at: Compiled, xy: Compiled, first_point: Compiled, is_ring: Compiled, first_run: Compiled,
    low: Compiled, high: Compiled,
) -> None:  # fmt: skip
    """Edges, blocks and boxes of the features from `low` on, from the points of their runs."""
    for given in range(low, high):
        feature = at[given]
        edge, n_in_block = made.first[feature], 0
        block = made.first_block[feature] - 1
        for run in range(first_run[given], first_run[given + 1]):
            last = first_point[run + 1] - 1
            for point in range(first_point[run], max(last, first_point[run] + 1)):
                following = min(point + 1, last)
                x1, y1, x2, y2 = xy[point, 0], xy[point, 1], xy[following, 0], xy[following, 1]
                made.xy[edge, 0], made.xy[edge, 1], made.xy[edge, 2], made.xy[edge, 3] = x1, y1, x2, y2
                made.is_ring[edge] = is_ring[run]
                made.is_area[feature] |= is_ring[run]
                box = made.edge_box[edge]
                box[0], box[1], box[2], box[3] = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
                if n_in_block == 0:
                    block += 1
                    made.block[block] = box
                else:
                    _widen(made.block[block], box)
                n_in_block = (n_in_block + 1) % BLOCK_EDGES
                edge += 1
        for number in range(made.first_block[feature], made.first_block[feature + 1]):
            if number == made.first_block[feature]:
                made.box[feature] = made.block[number]
            else:
                _widen(made.box[feature], made.block[number])


@njit(cache=True, inline="always")
def _widen(box: Compiled, other: Compiled) -> None:
    """Make a box hold another."""
    box[0], box[1] = min(box[0], other[0]), min(box[1], other[1])
    box[2], box[3] = max(box[2], other[2]), max(box[3], other[3])


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


@njit(cache=True)
def _two_blocks(
    a: Compiled, low: Compiled, high: Compiled, b: Compiled, from_b: Compiled, to_b: Compiled, best: Compiled, line: Compiled,
    towards: Compiled, ahead: Compiled, back: Compiled,
) -> Compiled:  # fmt: skip
    """Squared distance of two blocks of edges where below `best`, whose line is then kept.

    Along any direction two edges lie at least as far apart as their projections, so edges that do not face the other
    block are passed over. `towards` is that direction, of length 1; `ahead` and `back` take the projections.
    """
    dx, dy = towards
    top, bottom = -np.inf, np.inf
    ax = ay = bx = by = 0.0
    for k in range(low, high):
        one, two = a.xy[k, 0] * dx + a.xy[k, 1] * dy, a.xy[k, 2] * dx + a.xy[k, 3] * dy
        ahead[k - low] = max(one, two)
        if ahead[k - low] > top:
            top = ahead[k - low]
            ax, ay = (a.xy[k, 0], a.xy[k, 1]) if one >= two else (a.xy[k, 2], a.xy[k, 3])
    for m in range(from_b, to_b):
        one, two = b.xy[m, 0] * dx + b.xy[m, 1] * dy, b.xy[m, 2] * dx + b.xy[m, 3] * dy
        back[m - from_b] = min(one, two)
        if back[m - from_b] < bottom:
            bottom = back[m - from_b]
            bx, by = (b.xy[m, 0], b.xy[m, 1]) if one <= two else (b.xy[m, 2], b.xy[m, 3])
    corners2 = (ax - bx) * (ax - bx) + (ay - by) * (ay - by)
    if corners2 < best:
        best = corners2
        line[0], line[1], line[2], line[3] = ax, ay, bx, by
    apart = np.sqrt(best) + ROUNDING_M
    for k in range(low, high):
        if bottom - ahead[k - low] >= apart:
            continue
        for m in range(from_b, to_b):
            if back[m - from_b] - ahead[k - low] >= apart:
                continue
            gap2 = _gap2(a.edge_box, k, b.edge_box, m)
            if gap2 < best:
                found = _two_edges(a.xy, k, b.xy, m, gap2, best, line)
                if found < best:
                    best = found
                    apart = np.sqrt(best) + ROUNDING_M
                    if best == 0.0:
                        return best
    return best


@njit(cache=True, inline="always")
def _towards(a: Compiled, p: Compiled, b: Compiled, q: Compiled) -> Compiled:
    """Direction of length 1 from the middle of one box to that of another; east where they share it."""
    dx = b[q, 0] + b[q, 2] - a[p, 0] - a[p, 2]
    dy = b[q, 1] + b[q, 3] - a[p, 1] - a[p, 3]
    length = np.sqrt(dx * dx + dy * dy)
    return (1.0, 0.0) if length == 0.0 else (dx / length, dy / length)


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


@njit(cache=True)
def _one_pair(
    a: Compiled, i: Compiled, b: Compiled, j: Compiled, limit: Compiled, line: Compiled, ahead: Compiled, back: Compiled
) -> Compiled:
    """Squared distance of two features below `limit`, else `limit`; blocks farther apart are passed over."""
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
            best = _two_blocks(a, low, high, b, from_b, to_b, best, line, _towards(a.block, p, b.block, q), ahead, back)
            if best == 0.0:
                return best
    if best > 0.0 and _gap2(a.box, i, b.box, j) == 0.0 and (_within(a, i, b, j, line) or _within(b, j, a, i, line)):
        return 0.0
    return best


@njit(cache=True, inline="always")
def _limit2(reach: Compiled) -> Compiled:
    """Squared reach, one part in 10^12 more, so that a pair exactly at it is measured."""
    return reach * reach * (1.0 + 1e-12) + 1e-12


@njit(cache=True, nogil=True)
def _nearest(
    a: Compiled, b: Compiled, of_a: Compiled, of_b: Compiled, reach: Compiled, distance2: Compiled, lines: Compiled
) -> None:
    ahead, back = np.empty(BLOCK_EDGES), np.empty(BLOCK_EDGES)
    for n in range(len(of_a)):
        i, j = of_a[n], of_b[n]
        limit = _limit2(reach[n])
        if _gap2(a.box, i, b.box, j) >= limit:
            continue
        best = _one_pair(a, i, b, j, limit, lines[n], ahead, back)
        if best < limit:
            distance2[n] = best


@njit(cache=True, nogil=True)
def _within_reach(
    a: Compiled, b: Compiled, at_b: Compiled, first: Compiled, candidates: Compiled, reach: Compiled, turns: Compiled,
    kept: Compiled, found: Compiled, distance: Compiled, lines: Compiled,
) -> None:  # fmt: skip
    """Writes the pairs within reach of some features to the beginning of what their candidates have room for."""
    ahead, back = np.empty(BLOCK_EDGES), np.empty(BLOCK_EDGES)
    for i in turns:
        limit = _limit2(reach[i])
        mine = candidates[first[i] : first[i + 1]]
        mine.sort()
        n = first[i]
        for candidate in mine:
            j = at_b[candidate]
            if _gap2(a.box, i, b.box, j) >= limit:
                continue
            best = _one_pair(a, i, b, j, limit, lines[n], ahead, back)
            if best < limit:
                found[n], distance[n] = candidate, np.sqrt(best)
                n += 1
        kept[i] = n - first[i]


@njit(cache=True, nogil=True)
def _gathered(
    first: Compiled, into: Compiled, found: Compiled, distance: Compiled, lines: Compiled, low: Compiled, high: Compiled,
    of_a: Compiled, of_b: Compiled, to_distance: Compiled, to_lines: Compiled,
) -> None:  # fmt: skip
    """Copies the pairs of features `low` to `high` side by side."""
    for i in range(low, high):
        n = into[i + 1] - into[i]
        to, start = into[i], first[i]
        of_a[to : to + n] = i
        of_b[to : to + n] = found[start : start + n]
        to_distance[to : to + n] = distance[start : start + n]
        to_lines[to : to + n] = lines[start : start + n]
