"""Geometries as the bytes they were delivered in, so that their coordinates are moved without making objects of them first.

Only plane little-endian WKB with finite coordinates is taken (what GDAL hands on for almost every file); anything else is
left to shapely.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from etl.packing import Bytes

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
        from etl.shape_loops import COORDINATE_BYTES, NOT_PLAIN, find_runs, gather  # imported here, for numba takes long to import

        array = column.cast(pa.large_binary()).combine_chunks()
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        _, offsets, buffer = array.buffers()
        starts = np.frombuffer(offsets, dtype="int64", count=len(array) + 1, offset=array.offset * 8)
        data = np.frombuffer(buffer, dtype="uint8") if buffer is not None else np.empty(0, dtype="uint8")
        is_null = np.asarray(array.is_null().to_numpy(zero_copy_only=False))
        n_runs = find_runs(data, starts, is_null, np.empty((0, 2), dtype="int64"))
        if n_runs == NOT_PLAIN:
            return None
        runs = np.empty((n_runs, 2), dtype="int64")
        find_runs(data, starts, is_null, runs)
        found = np.empty(int(runs[:, 1].sum()) * COORDINATE_BYTES, dtype="uint8")
        gather(data, runs, found)
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
        from etl.shape_loops import scatter  # imported here, as above

        xy, data = np.ascontiguousarray(xy, dtype="<f8"), self.data.copy()
        scatter(data, self.runs, xy.view("uint8").reshape(-1))
        return replace(self, data=data, coordinates=xy)

    def geometries(self, n_first: int | None = None) -> NDArray[np.object_]:
        """The geometries as objects, all or the first few of them; None where there is none."""
        n_rows = len(self) if n_first is None else min(n_first, len(self))
        buffers = [None, pa.py_buffer(np.ascontiguousarray(self.starts[: n_rows + 1])), pa.py_buffer(self.data)]
        plain = pa.LargeBinaryArray.from_buffers(pa.large_binary(), n_rows, buffers).to_numpy(zero_copy_only=False)
        return np.asarray(shapely.from_wkb(np.where(self.is_null[:n_rows], None, plain)))
