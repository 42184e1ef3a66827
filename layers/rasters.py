"""People from a raster file onto the cells of a grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.warp import Resampling, reproject

from layers.scoring.grid import Grid

METRE_PER_DEG = 111_320.0
"""Of a degree of latitude, on the sphere: for the size of a raster's cells in degrees."""


def persons_on_grid(path: Path, grid: Grid, crs: pyproj.CRS) -> NDArray[np.float64]:
    """Persons per cell of `grid`, NaN where the raster says nothing; counts are spread by area.

    Parameters
    ----------
    path : raster of persons per cell, in any projected CRS or in degrees
    crs : the metric CRS of the grid
    """
    with rasterio.open(path) as source:
        counts = source.read(1, masked=True).astype("float64").filled(np.nan)
        density = counts / _cell_areas_m2(source)
        target = np.full(grid.shape, np.nan)
        reproject(
            density, target, src_transform=source.transform, src_crs=source.crs, dst_transform=grid.transform,
            dst_crs=rasterio.crs.CRS.from_wkt(crs.to_wkt()), src_nodata=np.nan, dst_nodata=np.nan,
            resampling=Resampling.nearest,
        )  # fmt: skip
    return target * grid.cell_area_m2


def _cell_areas_m2(source: rasterio.DatasetReader) -> NDArray[np.float64]:
    """Area of the cells of each row, as a column; on the sphere where the raster is in degrees."""
    width, height = abs(source.transform.a), abs(source.transform.e)
    if not source.crs.is_geographic:
        return np.full((source.height, 1), width * height)
    rows = source.transform.f + (np.arange(source.height) + 0.5) * source.transform.e
    areas: NDArray[np.float64] = width * METRE_PER_DEG * np.cos(np.radians(rows)) * height * METRE_PER_DEG
    return areas[:, None]
