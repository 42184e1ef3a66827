"""Geometries as the bytes they were delivered in, so that their coordinates are moved without making objects of them first.

Only plane little-endian WKB with finite coordinates is taken (what GDAL hands on for almost every file); anything else is
left to shapely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import shapely
from numba import njit
from numpy.typing import NDArray

from etl.packing import Bytes

POINT, LINE, POLYGON, LARGEST_TYPE = 1, 2, 3, 7
HEAD_BYTES, COUNT_BYTES, COORDINATE_BYTES = 5, 4, 16
NOT_PLAIN = -1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shapes:
    """A column of geometries: WKB of row i is ``data[starts[i]:starts[i + 1]]``, meaningless where `is_null`.

    `runs` are places in `data` where coordinates begin, with the number of coordinates that follow each other there;
    `coordinates` are all of them in order, n x 2.
    """

    data: Bytes
    starts: NDArray[np.int64]
    is_null: NDArray[np.bool_]
    runs: NDArray[np.int64]
    coordinates: Floats

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> Shapes | None:
        """The geometries of a column of WKB; None where one of them is not plain."""
        array = column.cast(pa.large_binary()).combine_chunks()
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        _, offsets, buffer = array.buffers()
        starts = np.frombuffer(offsets, dtype="int64", count=len(array) + 1, offset=array.offset * 8)
        data = np.frombuffer(buffer, dtype="uint8") if buffer is not None else np.empty(0, dtype="uint8")
        is_null = np.asarray(array.is_null().to_numpy(zero_copy_only=False))
        n_runs = _find_runs(data, starts, is_null, np.empty((0, 2), dtype="int64"))
        if n_runs == NOT_PLAIN:
            return None
        runs = np.empty((n_runs, 2), dtype="int64")
        _find_runs(data, starts, is_null, runs)
        found = np.empty(int(runs[:, 1].sum()) * COORDINATE_BYTES, dtype="uint8")
        _gather(data, runs, found)
        coordinates = found.view("<f8").reshape(-1, 2)
        return cls(data, starts, is_null, runs, coordinates) if np.isfinite(coordinates).all() else None

    def __len__(self) -> int:
        return len(self.is_null)

    def __deepcopy__(self, memo: dict[int, object]) -> Shapes:
        return self  # nothing of it changes; pandas copies what a frame carries at every step

    def least(self, values: Floats) -> Floats:
        """The least of the values that each geometry's coordinates have; NaN where it has none."""
        rows = np.searchsorted(self.starts, self.runs[:, 0], side="right") - 1
        found = np.full(len(self), np.nan)
        np.fmin.at(found, np.repeat(rows, self.runs[:, 1]), values)
        return found

    def with_coordinates(self, xy: Floats) -> Shapes:
        """The same geometries at other coordinates, n x 2."""
        xy, data = np.ascontiguousarray(xy, dtype="<f8"), self.data.copy()
        _scatter(data, self.runs, xy.view("uint8").reshape(-1))
        return replace(self, data=data, coordinates=xy)

    def geometries(self, n_first: int | None = None) -> NDArray[np.object_]:
        """The geometries as objects, all or the first few of them; None where there is none."""
        n_rows = len(self) if n_first is None else min(n_first, len(self))
        buffers = [None, pa.py_buffer(np.ascontiguousarray(self.starts[: n_rows + 1])), pa.py_buffer(self.data)]
        plain = pa.LargeBinaryArray.from_buffers(pa.large_binary(), n_rows, buffers).to_numpy(zero_copy_only=False)
        return np.asarray(shapely.from_wkb(np.where(self.is_null[:n_rows], None, plain)))


@njit(cache=True, nogil=True)
def _whole_number(data, place):  # type: ignore[no-untyped-def]
    return data[place] | data[place + 1] << 8 | data[place + 2] << 16 | np.int64(data[place + 3]) << 24


@njit(cache=True, nogil=True)
def _find_runs(data, starts, is_null, runs):  # type: ignore[no-untyped-def]
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
def _gather(data, runs, out):  # type: ignore[no-untyped-def]
    at = 0
    for run in range(len(runs)):
        place = runs[run, 0]
        for byte in range(runs[run, 1] * COORDINATE_BYTES):
            out[at] = data[place + byte]
            at += 1


@njit(cache=True, nogil=True)
def _scatter(data, runs, given):  # type: ignore[no-untyped-def]
    at = 0
    for run in range(len(runs)):
        place = runs[run, 0]
        for byte in range(runs[run, 1] * COORDINATE_BYTES):
            data[place + byte] = given[at]
            at += 1
