"""Relief shading from a digital elevation model, as a cloud-optimised GeoTIFF that the map can lie upon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyproj
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.errors import RasterioIOError
from rasterio.io import DatasetReader
from rasterio.transform import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject

from layers.errors import CrsMismatchError, InputError, SourceFileError

AZIMUTH_DEG, ALTITUDE_DEG = 315.0, 45.0
"""Light from the north-west at half height: the convention of relief maps."""
RELIEF_OPACITY = 0.55
RELIEF_ORDER = 15
"""Place of the shading among the style layers of the screen: above the land, below everything that is drawn upon it."""
NODATA = 0
DARKEST, BRIGHTEST = 1, 255

Heights = NDArray[np.floating]


def hillshade(
    heights_m: Heights,
    cell_m: float,
    *,
    azimuth_deg: float = AZIMUTH_DEG,
    altitude_deg: float = ALTITUDE_DEG,
    exaggeration: float = 1.0,
) -> NDArray[np.uint8]:
    """How brightly a surface is lit: the cosine between its normal and the light, slopes after Horn (1981).

    Parameters
    ----------
    heights_m : (rows, columns), metres; first row north; NaN where there is none. At least 3 by 3 cells.
    cell_m : side of a square cell in metres, > 0
    azimuth_deg : where the light comes from, clockwise from north
    altitude_deg : height of the light above the horizon, 0 to 90
    exaggeration : factor on the heights

    Returns
    -------
    (rows, columns), uint8: 1 (turned away) to 255 (facing the light), 0 where there is no height.

    Raises
    ------
    InputError
        Cells that are no square of positive side, a light below the horizon, or a raster too small.
    """
    if not cell_m > 0 or not 0 <= altitude_deg <= 90:
        raise InputError("relief", f"cell {cell_m} m must be > 0 and altitude {altitude_deg}° from 0 to 90")
    if min(heights_m.shape) < 3:
        raise InputError("relief", f"{heights_m.shape} cells are fewer than 3 by 3")
    east, north = _slopes(np.asarray(heights_m, float) * exaggeration, cell_m)
    azimuth, altitude = np.radians(azimuth_deg), np.radians(altitude_deg)
    towards_light = np.cos(altitude) * (-east * np.sin(azimuth) - north * np.cos(azimuth)) + np.sin(altitude)
    cosine = np.clip(towards_light / np.sqrt(1 + east**2 + north**2), 0, 1)
    shade = np.rint(DARKEST + cosine * (BRIGHTEST - DARKEST))
    return np.where(np.isnan(heights_m), NODATA, np.nan_to_num(shade)).astype(np.uint8)


def _slopes(heights_m: Heights, cell_m: float) -> tuple[Heights, Heights]:
    """Rise per metre to the east and the north; the surface goes on evenly beyond edges and over gaps."""
    padded = np.pad(heights_m, 1, mode="reflect", reflect_type="odd")
    rows, columns = heights_m.shape
    has_gaps = bool(np.isnan(heights_m).any())

    def neighbour(south: int, east: int) -> Heights:
        shifted = padded[1 + south : 1 + south + rows, 1 + east : 1 + east + columns]
        return np.where(np.isnan(shifted), heights_m, shifted) if has_gaps else shifted

    north_west, north_east, south_west, south_east = (neighbour(*cell) for cell in ((-1, -1), (-1, 1), (1, -1), (1, 1)))
    rise_east = (north_east + 2 * neighbour(0, 1) + south_east) - (north_west + 2 * neighbour(0, -1) + south_west)
    rise_north = (north_west + 2 * neighbour(-1, 0) + north_east) - (south_west + 2 * neighbour(1, 0) + south_east)
    return rise_east / (8 * cell_m), rise_north / (8 * cell_m)


def make_relief(dem: Path, target: Path, metric_crs: pyproj.CRS, *, exaggeration: float = 1.0) -> None:
    """Shade a DEM and write it as a cloud-optimised GeoTIFF (uint8, nodata 0) in the metric CRS.

    Parameters
    ----------
    dem : raster of heights in metres with a CRS; any CRS, it is warped to square cells of `metric_crs`
    target : file to write; written whole under another name first
    metric_crs : projected CRS in metres

    Raises
    ------
    SourceFileError
        The DEM cannot be read or states no CRS.
    CrsMismatchError
        `metric_crs` is not in metres.
    """
    if not metric_crs.is_projected or metric_crs.axis_info[0].unit_name != "metre":
        raise CrsMismatchError(f"relief needs a projected CRS in metres, got {metric_crs.name}")
    try:
        with rasterio.open(dem) as source:
            if source.crs is None:
                raise SourceFileError(dem, "no CRS", "a raster that states its CRS")
            heights_m, transform = _warped(source, metric_crs)
    except RasterioIOError as error:
        raise SourceFileError(dem, str(error), "a raster of heights") from error
    shade = hillshade(heights_m, transform.a, exaggeration=exaggeration)
    _write_cog(shade, transform, metric_crs, target)


def _warped(source: DatasetReader, metric_crs: pyproj.CRS) -> tuple[Heights, Affine]:
    """The heights in square cells of the metric CRS, bilinear; NaN where there are none."""
    crs = rasterio.crs.CRS.from_wkt(metric_crs.to_wkt())
    transform, columns, rows = calculate_default_transform(
        source.crs, crs, source.width, source.height, *source.bounds
    )
    heights_m = np.full((rows, columns), np.nan)
    given = source.read(1, masked=True).astype(float).filled(np.nan)
    reproject(
        given, heights_m, src_transform=source.transform, src_crs=source.crs, src_nodata=np.nan,
        dst_transform=transform, dst_crs=crs, dst_nodata=np.nan, resampling=Resampling.bilinear,
    )  # fmt: skip
    return heights_m, transform


def _write_cog(shade: NDArray[np.uint8], transform: Affine, crs: pyproj.CRS, target: Path) -> None:
    part = target.with_suffix(".part.tif")
    profile = {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": NODATA, "transform": transform}
    rows, columns = shade.shape
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile, height=rows, width=columns, crs=crs.to_wkt()) as plain:
            plain.write(shade, 1)
        with memory.open() as plain:
            rasterio.shutil.copy(
                plain, part, driver="COG", compress="deflate", predictor=2, overview_resampling="average"
            )
    part.replace(target)
