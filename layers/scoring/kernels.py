"""The compiled loops of the zones: what each source adds to each cell within its reach.

Every cell sums its sources in the order they are given (key order), in float64, whatever the tile or the
number of threads; so results are the same bits. Work grows with the cells in reach, not with the grid.
No fast-math anywhere, for the same reason.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

BAND_ROWS = 64
"""Rows that one thread works on at a time; a band's float64 sums stay in the processor's cache."""
NO_LEVEL = 0


@njit(cache=True, inline="always")
def cubed_share(strength, distance2, inverse_radius2):  # type: ignore[no-untyped-def]
    """h³ with h = S (1 - x²)², x² = distance²/R²; zero from the radius on."""
    t = max(0.0, 1.0 - distance2 * inverse_radius2)
    h = strength * t * t
    return h * h * h


@njit(cache=True)
def segment_distance2(px, py, x1, y1, x2, y2):  # type: ignore[no-untyped-def]
    """Squared distance from a point to a segment, which may be a single point."""
    dx, dy = x2 - x1, y2 - y1
    length2 = dx * dx + dy * dy
    t = 0.0
    if length2 > 0.0:
        t = min(1.0, max(0.0, ((px - x1) * dx + (py - y1) * dy) / length2))
    ex, ey = px - (x1 + t * dx), py - (y1 + t * dy)
    return ex * ex + ey * ey


@njit(cache=True)
def segment_meets_cell(cx, cy, half, x1, y1, x2, y2):  # type: ignore[no-untyped-def]
    """Whether a segment touches the closed square of half side `half` round a centre (Liang-Barsky)."""
    start, end = 0.0, 1.0
    for axis in range(2):
        if axis == 0:
            low, high, origin, delta = cx - half, cx + half, x1, x2 - x1
        else:
            low, high, origin, delta = cy - half, cy + half, y1, y2 - y1
        if delta == 0.0:
            if origin < low or origin > high:
                return False
            continue
        a, b = (low - origin) / delta, (high - origin) / delta
        start, end = max(start, min(a, b)), min(end, max(a, b))
    return start <= end


@njit(cache=True)
def crosses_row(y, y1, y2):  # type: ignore[no-untyped-def]
    """Whether a segment crosses the horizontal through y, its lower end included and its upper one not."""
    return (y1 <= y) != (y2 <= y)


@njit(cache=True)
def crossing_x(y, x1, y1, x2, y2):  # type: ignore[no-untyped-def]
    return x1 + (y - y1) * (x2 - x1) / (y2 - y1)


@njit(cache=True)
def cell_relation(cx, cy, half, col, row_y, cell, segments, is_area):  # type: ignore[no-untyped-def]
    """Squared distance from a cell's centre to a footprint, and whether the footprint touches the cell.

    `col` and `row_y` are the cell's whole numbers from the origin: a point belongs to one cell only.
    """
    if len(segments) == 1 and is_point(segments[0]):
        x, y = segments[0, 0], segments[0, 1]
        is_here = math.floor(x / cell) == col and math.floor(y / cell) == row_y
        return segment_distance2(cx, cy, x, y, x, y), is_here
    nearest, touches, n_right = np.inf, False, 0
    for s in range(len(segments)):
        x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        nearest = min(nearest, segment_distance2(cx, cy, x1, y1, x2, y2))
        touches = touches or segment_meets_cell(cx, cy, half, x1, y1, x2, y2)
        if is_area and crosses_row(cy, y1, y2) and crossing_x(cy, x1, y1, x2, y2) > cx:
            n_right += 1
    if n_right % 2 == 1:
        return 0.0, True
    return nearest, touches


@njit(cache=True)
def is_in_parts(group, s):  # type: ignore[no-untyped-def]
    """Whether the source before or after is another part of the same feature."""
    return (s > 0 and group[s - 1] == group[s]) or (s + 1 < len(group) and group[s + 1] == group[s])


@njit(cache=True)
def is_point(segment):  # type: ignore[no-untyped-def]
    return segment[0] == segment[2] and segment[1] == segment[3]


@njit(cache=True)
def bucket_by_band(bounds, radius, north_cell, west_cell, cell, rows, cols):  # type: ignore[no-untyped-def]
    """Which sources reach which band of rows: offsets per band, and positions in the order given.

    A source touches a band when its box grown by its radius (and a cell) does.
    """
    n_bands = (rows + BAND_ROWS - 1) // BAND_ROWS
    first = np.empty(len(radius), np.int64)
    last = np.empty(len(radius), np.int64)
    counts = np.zeros(n_bands + 1, np.int64)
    west, east = west_cell * cell, (west_cell + cols) * cell
    for i in range(len(radius)):
        reach = radius[i] + cell
        top = north_cell - 1 - math.floor((bounds[i, 3] + reach) / cell)
        bottom = north_cell - 1 - math.floor((bounds[i, 1] - reach) / cell)
        is_away = bottom < 0 or top >= rows or bounds[i, 2] + reach < west or bounds[i, 0] - reach > east
        first[i] = 0 if is_away else max(0, top) // BAND_ROWS
        last[i] = -1 if is_away else min(rows - 1, bottom) // BAND_ROWS
        for band in range(first[i], last[i] + 1):
            counts[band + 1] += 1
    offsets = counts
    for band in range(n_bands):
        offsets[band + 1] += offsets[band]
    fill = offsets[:-1].copy()
    members = np.empty(offsets[-1], np.int32)
    for i in range(len(radius)):
        for band in range(first[i], last[i] + 1):
            members[fill[band]] = i
            fill[band] += 1
    return offsets, members


@njit(cache=True, inline="always")
def _worse(level, code):  # type: ignore[no-untyped-def]
    return code if level == NO_LEVEL or code < level else level


@njit(cache=True)
def _add_point(sums, floors, row0, frame, x, y, strength, radius, code, is_maximum):  # type: ignore[no-untyped-def]
    """One point source into the sums (or, for the grid maximum, the levels) of a band."""
    cell, west_cell, north_cell = frame
    n_rows, n_cols = sums.shape
    radius2, inverse = radius * radius, 1.0 / (radius * radius)
    top = max(0, north_cell - 1 - math.floor((y + radius) / cell) - row0)
    bottom = min(n_rows - 1, north_cell - 1 - math.floor((y - radius) / cell) - row0)
    for i in range(top, bottom + 1):
        dy = (north_cell - (row0 + i) - 0.5) * cell - y
        rest = radius2 - dy * dy
        if rest <= 0.0:
            continue
        half = math.sqrt(rest)
        left = max(0, math.floor((x - half) / cell) - west_cell)
        right = min(n_cols - 1, math.floor((x + half) / cell) - west_cell)
        for j in range(left, right + 1):
            dx = (west_cell + j + 0.5) * cell - x
            d2 = dx * dx + dy * dy
            if not is_maximum:
                sums[i, j] += cubed_share(strength, d2, inverse)
            elif d2 < radius2:
                floors[i, j] = _worse(floors[i, j], code)
    i = north_cell - 1 - math.floor(y / cell) - row0
    j = math.floor(x / cell) - west_cell
    if 0 <= i < n_rows and 0 <= j < n_cols:
        floors[i, j] = _worse(floors[i, j], code)


@njit(cache=True)
def _add_shape(  # type: ignore[no-untyped-def]
    sums, floors, nearest, touched, held, row0, frame, segments, is_area, strength, radius, code, is_maximum
):
    """One line or polygon: each cell takes the least distance to any of its segments, then one h.

    `held` has what other parts of the same feature gave to each cell: a part adds only what goes beyond it, so that a
    danger in parts counts once. It is empty where the feature is whole.
    """
    cell, west_cell, north_cell = frame
    n_rows, n_cols = sums.shape
    half = 0.5 * cell
    radius2, inverse = radius * radius, 1.0 / (radius * radius)
    top, bottom, left, right = n_rows, -1, n_cols, -1
    for s in range(len(segments)):
        x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        r0 = max(0, north_cell - 1 - math.floor((max(y1, y2) + radius) / cell) - row0 - 1)
        r1 = min(n_rows - 1, north_cell - 1 - math.floor((min(y1, y2) - radius) / cell) - row0 + 1)
        c0 = max(0, math.floor((min(x1, x2) - radius) / cell) - west_cell - 1)
        c1 = min(n_cols - 1, math.floor((max(x1, x2) + radius) / cell) - west_cell + 1)
        if r0 > r1 or c0 > c1:
            continue
        top, bottom, left, right = min(top, r0), max(bottom, r1), min(left, c0), max(right, c1)
        for i in range(r0, r1 + 1):
            cy = (north_cell - (row0 + i) - 0.5) * cell
            for j in range(c0, c1 + 1):
                cx = (west_cell + j + 0.5) * cell
                d2 = segment_distance2(cx, cy, x1, y1, x2, y2)
                nearest[i, j] = min(nearest[i, j], d2)
                if d2 <= 2.0 * half * half * 1.0000001 and not touched[i, j]:
                    touched[i, j] = segment_meets_cell(cx, cy, half, x1, y1, x2, y2)
    if is_area:
        top, bottom, left, right = _fill_inside(
            nearest, touched, row0, frame, segments, top, bottom, left, right
        )
    for i in range(top, bottom + 1):
        for j in range(left, right + 1):
            d2 = nearest[i, j]
            if not is_maximum and len(held):
                cube = cubed_share(strength, d2, inverse)
                sums[i, j] += max(0.0, cube - held[i, j])
                held[i, j] = max(held[i, j], cube)
            elif not is_maximum:
                sums[i, j] += cubed_share(strength, d2, inverse)
            if touched[i, j] or (is_maximum and d2 < radius2):
                floors[i, j] = _worse(floors[i, j], code)
            nearest[i, j] = np.inf
            touched[i, j] = False


@njit(cache=True)
def _insert(ordered, n, value):  # type: ignore[no-untyped-def]
    """Put a value into the first `n` of a sorted array; a row crosses few segments, and a sort compiles slowly."""
    while n > 0 and ordered[n - 1] > value:
        ordered[n] = ordered[n - 1]
        n -= 1
    ordered[n] = value


@njit(cache=True)
def _fill_inside(nearest, touched, row0, frame, segments, top, bottom, left, right):  # type: ignore[no-untyped-def]
    """Distance 0 where a cell's centre lies inside the polygon (even-odd, so holes stay out); the grown box."""
    cell, west_cell, north_cell = frame
    n_rows, n_cols = nearest.shape
    crossings = np.empty(len(segments), np.float64)
    for i in range(n_rows):
        cy = (north_cell - (row0 + i) - 0.5) * cell
        n = 0
        for s in range(len(segments)):
            x1, y1, x2, y2 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
            if crosses_row(cy, y1, y2):
                _insert(crossings, n, crossing_x(cy, x1, y1, x2, y2))
                n += 1
        for k in range(0, n - 1, 2):
            c0 = max(0, math.floor(crossings[k] / cell) - west_cell - 1)
            c1 = min(n_cols - 1, math.floor(crossings[k + 1] / cell) - west_cell + 1)
            for j in range(c0, c1 + 1):
                cx = (west_cell + j + 0.5) * cell
                if crossings[k] <= cx < crossings[k + 1]:
                    nearest[i, j] = 0.0
                    touched[i, j] = True
                    top, bottom, left, right = min(top, i), max(bottom, i), min(left, j), max(right, j)
    return top, bottom, left, right


@njit(cache=True)
def index_of(cubes, floor_code, vulnerability, help_factor, lower):  # type: ignore[no-untyped-def]
    """H and I of one cell: H = min(1, (Σh³)^(1/3)), I = 100 min(1, H V C), at least the footprint's bound.

    I is rounded to float32 here, so that the level follows from the very number that the raster keeps.
    """
    hazard = min(1.0, cubes ** (1.0 / 3.0))
    index = np.float32(100.0 * min(1.0, hazard * vulnerability * help_factor))
    if floor_code != NO_LEVEL:
        index = max(index, np.float32(lower[floor_code - 1]))
    return hazard, index


@njit(cache=True)
def level_code(index, lower):  # type: ignore[no-untyped-def]
    """1 red to 4 blue by lower bounds, 0 below the last."""
    for code in range(len(lower)):
        if index >= np.float32(lower[code]):
            return code + 1
    return NO_LEVEL


@njit(cache=True)
def _finish_row(sums, floors, is_inside, v, c, lower, is_maximum, index, level, hazard):  # type: ignore[no-untyped-def]
    """One row of sums turned into index, level and hazard; NaN and 0 where no source reaches or outside."""
    has_inside, has_v, has_c = len(is_inside) > 1, len(v) > 1, len(c) > 1
    for j in range(len(sums)):
        index[j], hazard[j], level[j] = np.nan, np.nan, NO_LEVEL
        if not is_inside[j if has_inside else 0]:
            continue
        if is_maximum:
            level[j] = floors[j]
        elif sums[j] > 0.0 or floors[j] != NO_LEVEL:
            h, i = index_of(sums[j], floors[j], v[j if has_v else 0], c[j if has_c else 0], lower)
            index[j], hazard[j], level[j] = i, h, level_code(i, lower)


@njit(cache=True, nogil=True)
def fill_band(  # type: ignore[no-untyped-def]
    band,
    frame,
    mine,
    starts,
    segments,
    is_area,
    strength,
    radius,
    codes,
    group,
    inside,
    vulnerability,
    help_factor,
    lower,
    is_maximum,
    index,
    level,
    hazard,
):
    """One band of rows into `index`, `level`, `hazard`: zero sums, add its sources in order, turn sums into results.

    `mine` are the sources that reach the band; neighbours of one `group` are parts of one feature. `inside`, `vulnerability` and `help_factor` are (rows, cols), or
    (1, 1) where one value holds everywhere. Runs without the interpreter's lock, so bands fill in threads.
    """
    row0 = band * BAND_ROWS
    n_rows, cols = min(BAND_ROWS, index.shape[0] - row0), index.shape[1]
    sums = np.zeros((n_rows, cols), np.float64)
    floors = np.zeros((n_rows, cols), np.uint8)
    has_shapes = False
    for s in mine:
        has_shapes = has_shapes or starts[s + 1] - starts[s] > 1 or not is_point(segments[starts[s]])
    scratch = (n_rows, cols) if has_shapes else (0, 0)
    nearest, touched = np.full(scratch, np.inf), np.zeros(scratch, np.bool_)
    whole = np.zeros((0, 0), np.float64)
    held, held_group = whole, -1
    for s in mine:
        part = segments[starts[s] : starts[s + 1]]
        if len(part) == 1 and is_point(part[0]):
            _add_point(
                sums,
                floors,
                row0,
                frame,
                part[0, 0],
                part[0, 1],
                strength[s],
                radius[s],
                codes[s],
                is_maximum,
            )
        else:
            if is_in_parts(group, s) and group[s] != held_group:
                held, held_group = np.zeros((n_rows, cols), np.float64), group[s]
            _add_shape(
                sums,
                floors,
                nearest,
                touched,
                held if is_in_parts(group, s) else whole,
                row0,
                frame,
                part,
                is_area[s],
                strength[s],
                radius[s],
                codes[s],
                is_maximum,
            )
    for i in range(n_rows):
        r = row0 + i
        _finish_row(
            sums[i],
            floors[i],
            inside[r % len(inside)],
            vulnerability[r % len(vulnerability)],
            help_factor[r % len(help_factor)],
            lower,
            is_maximum,
            index[r],
            level[r],
            hazard[r],
        )
