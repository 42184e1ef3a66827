"""Relief of a printed map: shaded in the sheet's own grid, so that a page may be turned and have any scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling
from rasterio.windows import Window

from basemaps.relief import hillshade
from basemaps.relief_tiles import EDGE_PX, grey_and_alpha
from layers.errors import CrsMismatchError, InputError, SourceFileError

STRIP_ROWS = 256
"""Rows shaded at a time: a large sheet of 300 dpi takes no more memory than a few tiles."""
MOST_CELLS = 50_000_000


@dataclass(frozen=True)
class SheetGrid:
    """Cells of a map frame: `rows` by `columns` of `cell_m` metres, the first row uppermost on the page.

    `centre_m` is the frame's middle in a metric CRS; `turn_deg` turns north clockwise on the page.
    """

    centre_m: tuple[float, float]
    cell_m: float
    rows: int
    columns: int
    turn_deg: float = 0.0

    @property
    def transform(self) -> Affine:
        """Column and row of the grid with one more cell on every side to metres of the CRS."""
        angle = math.radians(self.turn_deg)
        right, down = self.cell_m * math.cos(angle), self.cell_m * math.sin(angle)
        half_columns, half_rows = self.columns / 2 + EDGE_PX, self.rows / 2 + EDGE_PX
        west = self.centre_m[0] - right * half_columns - down * half_rows
        north = self.centre_m[1] - down * half_columns + right * half_rows
        return Affine(right, down, west, down, -right, north)


def sheet_relief(dem: Path, crs: pyproj.CRS, grid: SheetGrid) -> NDArray[np.uint8] | None:
    """Grey and alpha of the ground of a map frame, lit from the upper left of the page.

    Parameters
    ----------
    dem : raster of heights in metres, any CRS
    crs : metric CRS of `grid`
    grid : at least one cell, `MOST_CELLS` at most

    Returns
    -------
    (2, rows, columns), uint8: grey 0 in shadows and 255 on lit slopes, and opacity; level ground and what has no height
    are transparent. None where the DEM has no height within the frame.

    Raises
    ------
    InputError
        A grid without cells, or too many.
    CrsMismatchError
        `crs` is not in metres.
    SourceFileError
        The DEM cannot be read.
    """
    if not (grid.cell_m > 0 and grid.rows > 0 and grid.columns > 0 and grid.rows * grid.columns <= MOST_CELLS):
        raise InputError("relief", f"{grid.rows} by {grid.columns} cells of {grid.cell_m} m cannot be shaded")
    if not crs.is_projected or crs.axis_info[0].unit_name != "metre":
        raise CrsMismatchError(f"relief needs a projected CRS in metres, got {crs.name}")
    wide, high = grid.columns + 2 * EDGE_PX, grid.rows + 2 * EDGE_PX
    try:
        with rasterio.open(dem) as source, WarpedVRT(
            source, crs=crs.to_wkt(), transform=grid.transform, width=wide, height=high,
            resampling=_resampling(source.res, source.crs, grid.cell_m), dtype="float32", nodata=np.nan,
        ) as warped:  # fmt: skip
            strips = [_strip(warped, top, grid) for top in range(0, grid.rows, STRIP_ROWS)]
    except RasterioIOError as error:
        raise SourceFileError(dem, str(error), "a raster of heights") from error
    shaded = np.concatenate(strips, axis=1)
    return shaded if shaded[1].any() else None


def _resampling(res: tuple[float, float], crs: rasterio.crs.CRS, cell_m: float) -> Resampling:
    """Finer than the DEM its heights are joined by curves: straight joints would show as facets in the light."""
    metres_a_unit = 1.0 if crs is not None and crs.is_projected else math.radians(1) * 6_371_000
    return Resampling.cubic_spline if cell_m < min(res) * metres_a_unit else Resampling.average


def _strip(warped: WarpedVRT, top: int, grid: SheetGrid) -> NDArray[np.uint8]:
    rows = min(STRIP_ROWS, grid.rows - top)
    window = Window(0, top, grid.columns + 2 * EDGE_PX, rows + 2 * EDGE_PX)
    heights_m = warped.read(1, window=window)
    if np.isnan(heights_m).all():
        return np.zeros((2, rows, grid.columns), np.uint8)
    return grey_and_alpha(hillshade(heights_m, grid.cell_m))
