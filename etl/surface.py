"""Rasters between files and the area's grid: population onto cells, risk surfaces into cloud-optimised GeoTIFF."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray

from layers.catalog import Area
from layers.rasters import persons_on_grid
from layers.scoring.grid import Grid
from layers.scoring.policy import Policy
from layers.scoring.zoning import RiskSurface

SURFACE_BANDS = ("index", "hazard", "vulnerability", "level")
"""Bands of a stored surface: I, H and V of the formula (NaN: no source within reach), level 1 red to 4 blue, 0 none."""


def population_on_grid(path: Path, grid: Grid, area: Area) -> NDArray[np.float64]:
    """Persons per cell of the area's `grid`, NaN where the raster says nothing."""
    return persons_on_grid(path, grid, area.metric_crs)


def surface_bytes(surface: RiskSurface, area: Area) -> tuple[bytes, str]:
    """A surface as a cloud-optimised GeoTIFF in the metric CRS, and its SHA-256."""
    vulnerability = np.broadcast_to(surface.vulnerability, surface.grid.shape)
    bands = [surface.index, surface.hazard, vulnerability, surface.level.astype("float32")]
    profile = {
        "driver": "GTiff", "dtype": "float32", "count": len(bands), "height": surface.grid.rows,
        "width": surface.grid.cols, "transform": surface.grid.transform, "crs": area.metric_crs.to_wkt(), "nodata": np.nan,
    }
    with rasterio.MemoryFile() as plain, rasterio.MemoryFile() as cog:
        with plain.open(**profile) as target:
            for number, (band, name) in enumerate(zip(bands, SURFACE_BANDS, strict=True), start=1):
                target.write(np.asarray(band, dtype="float32"), number)
                target.set_band_description(number, name)
        with plain.open() as source:
            rasterio.shutil.copy(source, cog.name, driver="COG", compress="deflate", predictor=3, num_threads=2)
        content: bytes = cog.read()
    return content, hashlib.sha256(content).hexdigest()


def surface_from(path: Path, grid: Grid, policy: Policy) -> RiskSurface:
    """The surface that `surface_bytes` stored, bit for bit but for values that hold everywhere, which come spread out."""
    with rasterio.open(path) as source:
        index, hazard, vulnerability, level = source.read()
    return RiskSurface(grid, policy, index, np.nan_to_num(level).astype(np.uint8), hazard, vulnerability)
