"""Relief tiles: shaded from the north-west, heights to a tenth of a metre, nothing where there is no DEM."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine

from basemaps.relief_tiles import BASE_M, STEP_M, relief_tile, tile_heights
from layers.errors import SourceFileError

WEST, NORTH, CELL_DEG = 120.0, 30.2, 0.0005
N_CELLS = 400
LEVEL_M = 412.3


def tile_at(lon: float, lat: float, z: int) -> tuple[int, int, int]:
    return z, int((lon + 180) / 360 * 2**z), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    """A plain of 412.3 m with a long ridge from south-west to north-east."""
    rows, columns = np.mgrid[:N_CELLS, :N_CELLS]
    ridge = 600 - np.abs(columns + rows - N_CELLS) / math.sqrt(2) * 6
    heights = np.where(np.abs(columns + rows - N_CELLS) < 120, np.maximum(ridge, LEVEL_M), LEVEL_M).astype("float32")
    path = tmp_path / "dem.tif"
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "width": N_CELLS, "height": N_CELLS, "nodata": -9999,
               "crs": "EPSG:4490", "transform": Affine(CELL_DEG, 0, WEST, 0, -CELL_DEG, NORTH)}  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(heights, 1)
    return path


def pixels(png: bytes) -> NDArray[np.uint8]:
    with rasterio.MemoryFile(png) as memory, memory.open() as image:
        return np.asarray(image.read())


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_slope_to_the_north_west_is_lit_and_the_other_one_shaded(dem: Path) -> None:
    grey, alpha = pixels(relief_tile(dem, "hillshade", *tile_at(120.1, 30.1, 12)))
    lit, shaded = (grey == 255) & (alpha > 0), (grey == 0) & (alpha > 0)
    assert lit.any() and shaded.any()
    centre = [np.argwhere(mask).mean(axis=0) for mask in (lit, shaded)]
    assert (centre[0] < centre[1]).all()
    assert np.median(alpha) == 0


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_terrain_holds_heights_to_a_tenth_of_a_metre(dem: Path) -> None:
    red, green, blue = pixels(relief_tile(dem, "terrain", *tile_at(120.02, 30.18, 14))).astype(float)
    assert np.abs(BASE_M + STEP_M * (red * 65536 + green * 256 + blue) - LEVEL_M).max() < 0.06


def test_cells_are_as_wide_as_on_the_ground(dem: Path) -> None:
    z, x, y = tile_at(120.1, 30.1, 12)
    _, cell_m = tile_heights(dem, z, x, y)
    assert cell_m == pytest.approx(40_075_016.69 / 2**z / 256 * math.cos(math.radians(30.1)), rel=1e-3)


@pytest.mark.parametrize("kind", ["hillshade", "terrain"])
def test_tile_beyond_the_dem_is_empty(dem: Path, kind: str) -> None:
    assert relief_tile(dem, kind, *tile_at(121.5, 31.5, 12)) == b""


def test_missing_dem_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceFileError, match=r"none\.tif"):
        relief_tile(tmp_path / "none.tif", "terrain", 12, 1, 1)
