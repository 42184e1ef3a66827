"""Tiles of a DEM in the web map's grid: shading to lie upon any background, and heights as colours for the browser."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.transform import Affine
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling

from basemaps.relief import BRIGHTEST, DARKEST, hillshade
from layers.errors import SourceFileError

KINDS = ("hillshade", "terrain")
TILE_PX = 256
LARGEST_ZOOM = 14
WORLD_M = 40_075_016.685578488
"""Width of the world in EPSG:3857, metres at the equator."""
EDGE_PX = 1
FLAT = round(DARKEST + math.sin(math.radians(45)) * (BRIGHTEST - DARKEST))
"""How brightly level ground is lit; nothing is laid upon it."""
SHADOW_SHARE, LIGHT_SHARE = 0.62, 0.5
"""Opacity of the deepest shadow and of the brightest slope."""
BASE_M, STEP_M = -10_000.0, 0.1
"""Heights as colours: height = BASE_M + STEP_M * (R * 65536 + G * 256 + B), as MapLibre's ``mapbox`` encoding."""

Heights = NDArray[np.floating]


def relief_tile(dem: Path, kind: str, z: int, x: int, y: int) -> bytes:
    """A PNG tile of 256 pixels of a DEM, empty where the DEM has no height at all.

    Parameters
    ----------
    dem : raster of heights in metres, any CRS
    kind : ``hillshade`` (grey and alpha: black shadows, white slopes, level ground transparent) or ``terrain``
        (RGB, heights in steps of 0.1 m)
    z, x, y : tile of the EPSG:3857 grid, row 0 in the north

    Raises
    ------
    SourceFileError
        The DEM cannot be read.
    """
    heights_m, cell_m = tile_heights(dem, z, x, y)
    inner = heights_m[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX]
    if np.isnan(inner).all():
        return b""
    bands = _terrain(inner) if kind == "terrain" else grey_and_alpha(hillshade(heights_m, cell_m))
    return _png(bands)


def tile_heights(dem: Path, z: int, x: int, y: int) -> tuple[Heights, float]:
    """Heights of a tile and one pixel around it (rows, columns), metres, NaN without; side of a cell on the ground."""
    pixel_m = WORLD_M / 2**z / TILE_PX
    n = TILE_PX + 2 * EDGE_PX
    west = -WORLD_M / 2 + (x * TILE_PX - EDGE_PX) * pixel_m
    north = WORLD_M / 2 - (y * TILE_PX - EDGE_PX) * pixel_m
    try:
        with rasterio.open(dem) as source, WarpedVRT(
            source, crs="EPSG:3857", transform=Affine(pixel_m, 0, west, 0, -pixel_m, north), width=n, height=n,
            resampling=Resampling.bilinear, dtype="float32", nodata=np.nan,
        ) as warped:  # fmt: skip
            heights_m = warped.read(1)
    except RasterioIOError as error:
        raise SourceFileError(dem, str(error), "a raster of heights") from error
    row = y + 0.5
    latitude = math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z)))
    return heights_m, pixel_m * math.cos(latitude)


def grey_and_alpha(shade: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey and alpha of a shading, (2, rows, columns), without its outermost cells."""
    return _grey_and_alpha_of_shades()[:, shade[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX]]


@lru_cache(maxsize=1)
def _grey_and_alpha_of_shades() -> NDArray[np.uint8]:
    """Grey and alpha, (2, 256), of every shade there is: level ground and 0, where there is no height, are transparent."""
    lit = np.arange(256, dtype=float)
    darker = np.clip((FLAT - lit) / (FLAT - DARKEST), 0, 1) * SHADOW_SHARE
    brighter = np.clip((lit - FLAT) / (BRIGHTEST - FLAT), 0, 1) * LIGHT_SHARE
    alpha = np.where(lit == 0, 0.0, np.maximum(darker, brighter))
    return np.stack([np.where(brighter > darker, 255, 0), np.rint(alpha * 255)]).astype(np.uint8)


def _terrain(heights_m: Heights) -> NDArray[np.uint8]:
    """Red, green and blue of heights, (3, rows, columns); where there is none, height 0."""
    steps = np.rint((np.nan_to_num(heights_m) - BASE_M) / STEP_M).astype(np.int64)
    return np.stack([steps >> 16, (steps >> 8) & 255, steps & 255]).astype(np.uint8)


def _png(bands: NDArray[np.uint8]) -> bytes:
    with rasterio.MemoryFile() as memory:
        # Without a place on earth the driver warns; none is written into the picture.
        place = Affine(1, 0, 0, 0, -1, TILE_PX)
        with memory.open(driver="PNG", count=len(bands), height=TILE_PX, width=TILE_PX, dtype="uint8", transform=place) as target:
            target.write(bands)
        content: bytes = memory.read()
    return content
