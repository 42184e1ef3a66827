"""Loops over the bytes of geometries that numba compiles; apart from `shapes`, for a command that reads no geometry starts without numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from etl.byte_copies import copy_bytes

POINT, POLYGON, LARGEST_TYPE = 1, 3, 7
HEAD_BYTES, COUNT_BYTES, COORDINATE_BYTES = 5, 4, 16
NOT_PLAIN = -1


@njit(cache=True, nogil=True)
def _whole_number(data, place):  # type: ignore[no-untyped-def]
    return data[place] | data[place + 1] << 8 | data[place + 2] << 16 | np.int64(data[place + 3]) << 24


@njit(cache=True, nogil=True)
def find_runs(data, starts, is_null, runs):  # type: ignore[no-untyped-def]
    """Runs of coordinates, written to `runs` as far as it has room; their number, or NOT_PLAIN."""
    n_runs = 0
    for row in range(len(is_null)):
        if is_null[row]:
            continue
        place, end, n_open = starts[row], starts[row + 1], 1
        while n_open > 0:
            n_open -= 1
            if place + HEAD_BYTES > end or data[place] != 1:
                return NOT_PLAIN
            kind = _whole_number(data, place + 1)
            place += HEAD_BYTES
            if kind < POINT or kind > LARGEST_TYPE:
                return NOT_PLAIN
            if kind == POINT:
                n_parts, n_coordinates = 1, 1
            else:
                if place + COUNT_BYTES > end:
                    return NOT_PLAIN
                n_coordinates = _whole_number(data, place)
                place += COUNT_BYTES
                n_parts = 1
                if kind > POLYGON:
                    n_open += n_coordinates
                    continue
                if kind == POLYGON:
                    n_parts = n_coordinates
            for _ in range(n_parts):
                if kind == POLYGON:
                    if place + COUNT_BYTES > end:
                        return NOT_PLAIN
                    n_coordinates = _whole_number(data, place)
                    place += COUNT_BYTES
                if place + n_coordinates * COORDINATE_BYTES > end:
                    return NOT_PLAIN
                if n_runs < len(runs):
                    runs[n_runs, 0], runs[n_runs, 1] = place, n_coordinates
                n_runs += 1
                place += n_coordinates * COORDINATE_BYTES
        if place != end:
            return NOT_PLAIN
    return n_runs


@njit(cache=True, nogil=True)
def gather(data, runs, out):  # type: ignore[no-untyped-def]
    """The coordinates of all runs, one behind the other."""
    at = 0
    for run in range(len(runs)):
        n_bytes = runs[run, 1] * COORDINATE_BYTES
        copy_bytes(out, at, data, runs[run, 0], n_bytes)
        at += n_bytes


@njit(cache=True, nogil=True)
def scatter(data, runs, given):  # type: ignore[no-untyped-def]
    """Other coordinates in the places of all runs."""
    at = 0
    for run in range(len(runs)):
        n_bytes = runs[run, 1] * COORDINATE_BYTES
        copy_bytes(data, runs[run, 0], given, at, n_bytes)
        at += n_bytes
