"""Geometries as the bytes they were delivered in, so that their coordinates are moved without making objects of them first.

Only plane little-endian WKB with finite coordinates is taken (what GDAL hands on for almost every file); anything else is
left to shapely.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from etl.packing import (
    COORDINATE_BYTES,
    KIND_BYTE,
    SEEDS,
    Bytes,
    Hashes,
    Packed,
    fixed,
    row_hashes,
    variable,
)

Floats = NDArray[np.float64]
POINT, POLYGON, LARGEST_KIND = 1, 3, 7
"""WKB's kinds of plane geometries are 1 (point) to 7; shapely's type ids of points and polygons are 0 and 3."""


@dataclass(frozen=True)
class Shapes:
    """A column of geometries: WKB of row i is ``data[starts[i]:starts[i + 1]]``, meaningless where `is_null`.

    Where a frame's column is told by its shapes, a row that is null here has its geometry as an object in the frame, or none.
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

    @cached_property
    def first_runs(self) -> NDArray[np.int64]:
        """The first run of each row, and the number of runs."""
        return np.asarray(np.searchsorted(self.runs[:, 0], self.starts), dtype="int64")

    @cached_property
    def begins(self) -> NDArray[np.int64]:
        """Where the coordinates of each run begin, and their number."""
        return np.concatenate(([0], np.cumsum(self.runs[:, 1])))

    def is_whole(self) -> NDArray[np.bool_]:
        """Rows with a geometry of which every part has coordinates, and every coordinate is a number."""
        is_fit = self.runs[:, 1] > 0
        if not np.isfinite(self.coordinates).all():
            broken = np.flatnonzero(~np.isfinite(self.coordinates).all(axis=1))
            is_fit[np.searchsorted(self.begins, broken, side="right") - 1] = False
        n_fit = np.concatenate(([0], np.cumsum(is_fit)))[self.first_runs]
        n_runs = np.diff(self.first_runs)
        return np.asarray(~self.is_null & (n_runs > 0) & (np.diff(n_fit) == n_runs))

    def is_valid(self, kinds: Iterable[int]) -> NDArray[np.bool_]:
        """Rows that are certainly valid geometries of some of WKB's kinds; False says nothing."""
        from etl.shape_validity import find_valid  # imported here, as above

        is_wanted = np.isin(np.arange(LARGEST_KIND + 1), list(kinds))
        found = np.empty(len(self), dtype=bool)
        find_valid(self.data, self.starts, self.is_null, self.first_runs, self.begins, self.coordinates, is_wanted, found)
        return found

    def first_coordinates(self) -> Floats:
        """The first coordinate of each row, rows x 2; NaN where there is none."""
        found = np.full((len(self), 2), np.nan)
        is_there = ~self.is_null & (np.diff(self.first_runs) > 0)
        found[is_there] = self.coordinates[self.begins[self.first_runs[:-1][is_there]]]
        return found

    def widths(self, scale: tuple[float, float]) -> Floats:
        """Area over half the outline of each row's polygon, coordinates times `scale`; about what shapely has, to 1e-6."""
        from etl.shape_validity import measure  # imported here, as above

        areas, lengths = np.empty(len(self)), np.empty(len(self))
        measure(self.first_runs, self.begins, self.coordinates, *scale, areas, lengths)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(areas / (lengths / 2))

    def hashes(self) -> Hashes:
        """`geometry_hashes` of the rows, all of them points or polygons, single or the one part of a multi geometry."""
        is_point = np.zeros(len(self), dtype=bool)
        is_point[~self.is_null] = self.data[self.starts[:-1][~self.is_null] + KIND_BYTE] == POINT
        n_holes = np.where(is_point, 0, np.diff(self.first_runs) - 1)
        numbers = (np.where(is_point, 0, POLYGON), np.ones(len(self), dtype="int64"), n_holes)
        ends = self.begins[self.first_runs] * COORDINATE_BYTES
        parts = [Packed(self.coordinates.view("uint8").reshape(-1), ends, self.is_null), *(fixed(part, self.is_null, ">i4") for part in numbers)]
        return np.column_stack([row_hashes(parts, seed=seed) for seed in SEEDS])

    def without(self, is_out: NDArray[np.bool_]) -> Shapes:
        """The same rows, some of them without their geometry."""
        return replace(self, is_null=self.is_null | is_out)

    def take(self, is_kept: NDArray[np.bool_]) -> Shapes:
        """Some of the rows, in their order."""
        if is_kept.all():
            return self
        taken = Shapes.of(pa.chunked_array([self._arrow().filter(pa.array(is_kept))]))
        if taken is None:
            raise ValueError("rows of plain geometries are plain geometries")
        return taken

    def objects(self, is_wanted: NDArray[np.bool_]) -> NDArray[np.object_]:
        """The geometries of some rows as objects."""
        return np.asarray(shapely.from_wkb(self._arrow().filter(pa.array(is_wanted)).to_numpy(zero_copy_only=False)))

    def packed(self, objects: NDArray[np.object_]) -> Packed:
        """The WKB of all rows, `objects` for those that are null here."""
        if not self.is_null.any():
            return Packed(self.data, self.starts, self.is_null)
        others = pa.array(shapely.to_wkb(np.where(self.is_null, objects, None), byte_order=1), type=pa.large_binary())
        return variable(pc.if_else(pa.array(self.is_null), others, self._arrow()))

    def _arrow(self) -> pa.LargeBinaryArray:
        is_there = pa.py_buffer(np.packbits(~self.is_null, bitorder="little"))
        return pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(self), [is_there, pa.py_buffer(np.ascontiguousarray(self.starts)), pa.py_buffer(self.data)]
        )

    def geometries(self, n_first: int | None = None) -> NDArray[np.object_]:
        """The geometries as objects, all or the first few of them; None where there is none."""
        n_rows = len(self) if n_first is None else min(n_first, len(self))
        buffers = [None, pa.py_buffer(np.ascontiguousarray(self.starts[: n_rows + 1])), pa.py_buffer(self.data)]
        plain = pa.LargeBinaryArray.from_buffers(pa.large_binary(), n_rows, buffers).to_numpy(zero_copy_only=False)
        return np.asarray(shapely.from_wkb(np.where(self.is_null[:n_rows], None, plain)))
