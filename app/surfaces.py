"""Windows of an edition's risk rasters: a cell, or the cells within an outline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
import rasterio.errors
import rasterio.windows
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from app.editions import EditionFacts, Raster
from layers.errors import AtlasError
from layers.scoring.cell_sums import Cells
from layers.scoring.grid import Grid

INDEX_BAND, VULNERABILITY_BAND, LEVEL_BAND = 1, 3, 4
MOST_CELLS_KEPT, RASTERS_KEPT = 4_000_000, 4
"""A raster of at most so many cells (64 MB) is kept in memory, and so many rasters; of a larger one windows are read."""


class EditionFileError(AtlasError):
    """A file that an edition names is missing or cannot be read."""


@dataclass(frozen=True)
class Ground:
    """Cells of an outline with what the raster says of each: index (NaN without), V, level code."""

    cells: Cells
    index: NDArray[np.float32]
    vulnerability: NDArray[np.float32]
    level: NDArray[np.uint8]


def surface_of(facts: EditionFacts, policy_id: str) -> tuple[Raster, Grid]:
    """The risk raster of a policy and its grid."""
    raster = next(entry for entry in facts.rasters if (entry.layer, entry.policy) == ("risk_index", policy_id))
    return raster, Grid(**raster.info["grid"])


def ground_within(home: Path, facts: EditionFacts, policy_id: str, outline_m: shapely.Geometry) -> Ground:
    """The cells whose centre lies within an outline (metric CRS), row by row."""
    raster, grid = surface_of(facts, policy_id)
    part, window = _window_of(grid, outline_m)
    if not part.rows or not part.cols:
        return _ground(grid, window, np.zeros((0, 2), np.int64), *np.zeros((3, 0), np.float32))
    bands = read_window(home, raster, window, (INDEX_BAND, VULNERABILITY_BAND, LEVEL_BAND))
    cells = np.argwhere(geometry_mask([outline_m], part.shape, part.transform, invert=True))
    return _ground(grid, window, cells, *bands[:, cells[:, 0], cells[:, 1]])


def cell_with_index(home: Path, facts: EditionFacts, policy_id: str, outline_m: shapely.Geometry, index: float) -> Ground:
    """One cell within an outline (metric CRS) that has this very index; none where the raster has no such cell."""
    raster, grid = surface_of(facts, policy_id)
    part, window = _window_of(grid, outline_m)
    found = read_window(home, raster, window, (INDEX_BAND,))[0] if part.rows and part.cols else np.zeros((0, 0), np.float32)
    for row, col in np.argwhere(found == np.float32(index)):
        if shapely.intersects(outline_m, shapely.Point(*part.centre(int(row), int(col)))):
            cell = rasterio.windows.Window(window.col_off + col, window.row_off + row, 1, 1)
            v, level = read_window(home, raster, cell, (VULNERABILITY_BAND, LEVEL_BAND))[:, 0]
            return _ground(grid, window, np.array([[row, col]]), found[row, col : col + 1], v, level)
    return _ground(grid, window, np.zeros((0, 2), np.int64), *np.zeros((3, 0), np.float32))


def _window_of(grid: Grid, outline_m: shapely.Geometry) -> tuple[Grid, rasterio.windows.Window]:
    """The part of a grid that holds an outline, and its window in the raster."""
    west, south, east, north = shapely.bounds(outline_m)
    (top, left), (bottom, right) = grid.cell_of(west, north), grid.cell_of(east, south)
    top, left = max(0, top), max(0, left)
    part = grid.window(top, left, max(0, min(grid.rows, bottom + 1) - top), max(0, min(grid.cols, right + 1) - left))
    return part, rasterio.windows.Window(left, top, part.cols, part.rows)


def _ground(
    grid: Grid, window: rasterio.windows.Window, cells: NDArray[np.int64], index: NDArray[np.float32], v: NDArray[np.float32],
    level: NDArray[np.float32],
) -> Ground:  # fmt: skip
    rows, cols = cells[:, 0].astype(np.int64) + int(window.row_off), cells[:, 1].astype(np.int64) + int(window.col_off)
    known_v = np.where(np.isnan(v), np.float32(1.0), v)
    return Ground(Cells(grid, rows, cols), index, known_v, np.nan_to_num(level).astype(np.uint8))


def read_window(home: Path, raster: Raster, window: rasterio.windows.Window, bands: tuple[int, ...]) -> NDArray[np.float32]:
    """Some bands of a window, NaN where the raster has nothing. A raster that is not too large is read once."""
    try:
        rows, cols = Grid(**raster.info["grid"]).shape
        if rows * cols <= MOST_CELLS_KEPT:
            whole = _whole(home / raster.path)
            top, left = int(window.row_off), int(window.col_off)
            return whole[[band - 1 for band in bands], top : top + int(window.height), left : left + int(window.width)]
        with rasterio.open(home / raster.path) as dataset:
            found: NDArray[np.float32] = dataset.read(bands, window=window, masked=True).filled(np.nan)
    except rasterio.errors.RasterioIOError as error:
        raise EditionFileError(f"the risk raster of policy {raster.policy} cannot be read: {error}") from error
    return found


@lru_cache(maxsize=RASTERS_KEPT)
def _whole(path: Path) -> NDArray[np.float32]:
    """All bands of a raster; the file is named by its hash and never changes."""
    with rasterio.open(path) as dataset:
        found: NDArray[np.float32] = dataset.read(masked=True).filled(np.nan)
    return found
