"""The regular metric grid that zones stand on, aligned so that every tile of it has the same cells.

Cell centres are computed from whole numbers counted from the origin of the metric CRS, so a cell has bit for
bit the same centre whether it is met in the whole grid or in a tile.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True)
class Grid:
    """Rows and columns of square cells; row 0 is the northernmost.

    `west_cell` and `north_cell` count whole cells from the origin of the metric CRS to the west and north edge:
    the centre of row i, column j lies at ``((west_cell + j + 0.5) cell_m, (north_cell - i - 0.5) cell_m)``.

    >>> grid = Grid(50.0, west_cell=2, north_cell=10, rows=3, cols=4)
    >>> grid.centre(0, 0), grid.cell_of(125.0, 475.0)
    ((125.0, 475.0), (0, 0))
    """

    cell_m: float
    west_cell: int
    north_cell: int
    rows: int
    cols: int

    @classmethod
    def for_area(cls, home: BaseGeometry | tuple[float, float, float, float], cell_m: float = 50.0) -> Grid:
        """The smallest grid that covers a polygon, or west, south, east, north, in metres of the metric CRS."""
        west, south, east, north = home.bounds if isinstance(home, BaseGeometry) else home
        west_cell, north_cell = math.floor(west / cell_m), math.ceil(north / cell_m)
        cols = max(1, math.ceil(east / cell_m) - west_cell)
        rows = max(1, north_cell - math.floor(south / cell_m))
        return cls(cell_m, west_cell, north_cell, rows, cols)

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.cols

    @property
    def cell_area_m2(self) -> float:
        return self.cell_m * self.cell_m

    @property
    def transform(self) -> Affine:
        """From column and row to metres, as rasters store it."""
        return Affine(
            self.cell_m, 0.0, self.west_cell * self.cell_m, 0.0, -self.cell_m, self.north_cell * self.cell_m
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in metres."""
        west, north = self.west_cell * self.cell_m, self.north_cell * self.cell_m
        return west, north - self.rows * self.cell_m, west + self.cols * self.cell_m, north

    def centre(self, row: int, col: int) -> tuple[float, float]:
        """Centre of a cell in metres."""
        return (self.west_cell + col + 0.5) * self.cell_m, (self.north_cell - row - 0.5) * self.cell_m

    def cell_of(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Row and column of the cell that holds a point; west and south edges belong to the cell."""
        return self.north_cell - 1 - math.floor(y_m / self.cell_m), math.floor(
            x_m / self.cell_m
        ) - self.west_cell

    def cells_of(
        self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of many points; those outside have an index outside."""
        rows = self.north_cell - 1 - np.floor(y_m / self.cell_m).astype(np.int64)
        return rows, np.floor(x_m / self.cell_m).astype(np.int64) - self.west_cell

    def holds(self, row: int, col: int) -> bool:
        return 0 <= row < self.rows and 0 <= col < self.cols

    def window(self, row: int, col: int, rows: int, cols: int) -> Grid:
        """A part of the grid with the same cells."""
        return Grid(self.cell_m, self.west_cell + col, self.north_cell - row, rows, cols)

    def tiles(self, size: int) -> Iterator[tuple[slice, slice, Grid]]:
        """Parts of at most `size` by `size` cells that touch at their edges only, with their place in the whole."""
        for row in range(0, self.rows, size):
            for col in range(0, self.cols, size):
                rows, cols = min(size, self.rows - row), min(size, self.cols - col)
                yield slice(row, row + rows), slice(col, col + cols), self.window(row, col, rows, cols)

    def mask_of(self, area: BaseGeometry) -> NDArray[np.bool_]:
        """True where a cell's centre lies in `area` (metric CRS)."""
        inside: NDArray[np.bool_] = geometry_mask([area], self.shape, self.transform, invert=True)
        return inside
