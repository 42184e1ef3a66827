"""What is known of geometries from their coordinates alone, in loops that numba compiles: what is valid beyond doubt needs no object.

Each answer is *certain* or not given: a sign is taken only where rounding cannot have turned it (Shewchuk 1997, "Adaptive
Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates", bound of the first stage of orient2d). Whatever
stays open (long outlines, edges that touch, collinear folds, holes side by side) is left to GEOS.
"""

from __future__ import annotations

import numpy as np
from numba import njit

POINT, POLYGON, MULTI_POLYGON = 1, 3, 6
KIND_BYTE = 1
PARTS_BYTE, PART_KIND_BYTE = 5, 10
"""Where WKB says the kind of a geometry, and of a multi one the number of parts and the kind of the first (little-endian)."""
LEAST_RING, MOST_COORDINATES = 4, 64
"""A ring has at least four coordinates; every edge is compared with every other, so that long outlines are left to GEOS."""
ROUNDING = 4.0 * 2.0**-53
"""(3 + 16 e) e of the paper with e = 2**-53, rounded up."""


@njit(cache=True, nogil=True)
def _side(ax, ay, bx, by, cx, cy):  # type: ignore[no-untyped-def]
    """1 where c lies left of the line from a to b, -1 right, 0 where rounding leaves it open."""
    left, right = (ax - cx) * (by - cy), (ay - cy) * (bx - cx)
    bound = ROUNDING * (abs(left) + abs(right))
    return 1 if left - right > bound else -1 if right - left > bound else 0


@njit(cache=True, nogil=True)
def _apart(xy, a, c):  # type: ignore[no-untyped-def]
    """Whether the edges that begin at a and at c have certainly no point in common."""
    ax, ay, bx, by = xy[a, 0], xy[a, 1], xy[a + 1, 0], xy[a + 1, 1]
    cx, cy, dx, dy = xy[c, 0], xy[c, 1], xy[c + 1, 0], xy[c + 1, 1]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx) or max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return True
    if _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) > 0:
        return True
    return _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) > 0


@njit(cache=True, nogil=True)
def _is_simple(xy, first, last):  # type: ignore[no-untyped-def]
    """Whether the coordinates from `first` to `last` (the same place again) are a ring that certainly touches itself nowhere."""
    if last - first + 1 < LEAST_RING or xy[first, 0] != xy[last, 0] or xy[first, 1] != xy[last, 1]:
        return False
    for edge in range(first, last):
        following = edge + 1 if edge + 1 < last else first
        ax, ay, bx, by = xy[edge, 0], xy[edge, 1], xy[edge + 1, 0], xy[edge + 1, 1]
        cx, cy = xy[following + 1, 0], xy[following + 1, 1]
        if ax == bx and ay == by:
            return False
        if _side(ax, ay, bx, by, cx, cy) == 0 and (bx - ax) * (cx - bx) + (by - ay) * (cy - by) <= 0:
            return False
        for other in range(edge + 2, last):
            if not (edge == first and other == last - 1) and not _apart(xy, edge, other):
                return False
    return True


@njit(cache=True, nogil=True)
def _holds(xy, first, last, place):  # type: ignore[no-untyped-def]
    """Whether a ring certainly has a coordinate inside."""
    is_inside = False
    x, y = xy[place, 0], xy[place, 1]
    for edge in range(first, last):
        if (xy[edge, 1] > y) != (xy[edge + 1, 1] > y):
            side = _side(xy[edge, 0], xy[edge, 1], xy[edge + 1, 0], xy[edge + 1, 1], x, y)
            if side == 0:
                return False
            if (side > 0) == (xy[edge + 1, 1] > xy[edge, 1]):
                is_inside = not is_inside
    return is_inside


@njit(cache=True, nogil=True)
def _is_hole(xy, begins, ring):  # type: ignore[no-untyped-def]
    """Whether a ring certainly lies inside the first one, touching neither it nor an earlier hole; side by side by their boxes."""
    first, last = begins[ring], begins[ring + 1] - 1
    if not _holds(xy, begins[0], begins[1] - 1, first):
        return False
    for edge in range(begins[0], begins[1] - 1):
        for other in range(first, last):
            if not _apart(xy, edge, other):
                return False
    own = xy[first:last]
    for hole in range(1, ring):
        there = xy[begins[hole] : begins[hole + 1] - 1]
        is_beside = False
        for axis in range(2):
            is_beside |= own[:, axis].max() < there[:, axis].min() or there[:, axis].max() < own[:, axis].min()
        if not is_beside:
            return False
    return True


@njit(cache=True, nogil=True)
def _is_valid_polygon(xy, begins):  # type: ignore[no-untyped-def]
    """Whether rings are certainly a valid polygon; `begins` of each one and the end of the last."""
    n_rings = len(begins) - 1
    if n_rings < 1 or begins[n_rings] - begins[0] > MOST_COORDINATES:
        return False
    for ring in range(n_rings):
        if not _is_simple(xy, begins[ring], begins[ring + 1] - 1):
            return False
    for ring in range(1, n_rings):
        if not _is_hole(xy, begins, ring):
            return False
    return True


@njit(cache=True, nogil=True)
def find_valid(data, starts, is_null, first_runs, begins, xy, is_wanted, found):  # type: ignore[no-untyped-def]
    """Which geometries are certainly valid points or polygons (single, or a multi one of one part) of a wanted kind of WKB.

    `begins` of the coordinates of each run, and the end; `first_runs` of each row, and the end; `is_wanted` by kind.
    """
    for row in range(len(is_null)):
        kind = np.int64(0) if is_null[row] else np.int64(data[starts[row] + KIND_BYTE])
        runs = begins[first_runs[row] : first_runs[row + 1] + 1]
        if kind >= len(is_wanted) or not is_wanted[kind]:
            found[row] = False
        elif kind == MULTI_POLYGON:
            at = starts[row] + PARTS_BYTE
            is_one = data[at] == 1 and data[at + 1] == 0 and data[at + 2] == 0 and data[at + 3] == 0
            is_one = is_one and data[starts[row] + PART_KIND_BYTE] == POLYGON
            found[row] = is_one and _is_valid_polygon(xy, runs)
        else:
            found[row] = kind == POINT or (kind == POLYGON and _is_valid_polygon(xy, runs))


@njit(cache=True, nogil=True)
def measure(first_runs, begins, xy, scale_x, scale_y, areas, lengths):  # type: ignore[no-untyped-def]
    """Area (holes taken off, by the shoelace formula) and length of the rings of each row; each axis times its scale."""
    for row in range(len(areas)):
        areas[row] = lengths[row] = 0.0
        for run in range(first_runs[row], first_runs[row + 1]):
            doubled = 0.0
            x0, y0 = xy[begins[run], 0], xy[begins[run], 1]
            for place in range(begins[run], begins[run + 1] - 1):
                x, y = (xy[place, 0] - x0) * scale_x, (xy[place, 1] - y0) * scale_y
                to_x, to_y = (xy[place + 1, 0] - x0) * scale_x, (xy[place + 1, 1] - y0) * scale_y
                doubled += x * to_y - to_x * y
                lengths[row] += np.hypot(to_x - x, to_y - y)
            areas[row] += abs(doubled) / 2 if run == first_runs[row] else -abs(doubled) / 2
