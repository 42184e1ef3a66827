"""Shading agrees with values worked out by hand, and the file written is the one the map needs."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine
from rio_cogeo import cog_validate

from basemaps.relief import hillshade, make_relief
from layers.crs import metric_crs
from layers.errors import CrsMismatchError, InputError, SourceFileError

METRIC = metric_crs(105.4, 29.1)
ROWS, COLUMNS = np.mgrid[0:20, 0:30].astype(float)


def plane(east: float, north: float, cell_m: float = 10.0) -> np.ndarray:
    """Heights that rise by `east` and `north` metres a metre."""
    return 500 + east * COLUMNS * cell_m - north * ROWS * cell_m


@pytest.mark.parametrize(
    ("east", "north", "cosine"),
    [
        (0, 0, np.sqrt(0.5)),  # level ground under a light at 45 degrees
        (np.sqrt(0.5), -np.sqrt(0.5), 1.0),  # a slope of 45 degrees that faces the light in the north-west
        (-np.sqrt(0.5), np.sqrt(0.5), 0.0),  # the same slope turned away: the light grazes it
        (0, 1, 0.146447),  # rises north: normal (0, -1, 1)/√2, light (-1/2, 1/2, √2/2), so (√2/2 - 1/2)/√2
    ],
)
def test_plane_slopes_are_lit_as_worked_by_hand(east, north, cosine):
    shade = hillshade(plane(east, north), 10.0)
    assert np.unique(shade).tolist() == [round(1 + 254 * cosine)]


def test_light_turned_with_the_slope_gives_the_same_shade():
    east_lit = hillshade(plane(-0.3, 0), 10.0, azimuth_deg=90)
    north_lit = hillshade(plane(0, -0.3), 10.0, azimuth_deg=0)
    assert (east_lit == north_lit[0, 0]).all()


def test_cell_size_and_height_scale_cancel():
    assert (hillshade(plane(0.2, 0.1, 10.0), 10.0) == hillshade(plane(0.2, 0.1, 30.0), 30.0)).all()
    assert (hillshade(plane(0.1, 0.1), 10.0, exaggeration=2) == hillshade(plane(0.2, 0.2), 10.0)).all()


def test_gaps_stay_gaps_and_do_not_spread():
    heights = plane(0, 0)
    heights[5, 5] = np.nan
    shade = hillshade(heights, 10.0)
    assert shade[5, 5] == 0
    assert (np.delete(shade.ravel(), 5 * 30 + 5) == shade[0, 0]).all()


@pytest.mark.parametrize(
    ("shape", "options"), [((2, 9), {}), ((9, 9), {"altitude_deg": 120}), ((9, 9), {"cell_m": 0})]
)
def test_impossible_relief_is_refused(shape, options):
    with pytest.raises(InputError):
        hillshade(np.zeros(shape), **({"cell_m": 10.0} | options))


def write_dem(path, heights, crs="EPSG:4490"):
    transform = Affine(0.001, 0, 105.3, 0, -0.001, 29.2)
    rows, columns = heights.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=columns, count=1, dtype="float32", nodata=-9999,
        crs=crs, transform=transform,
    ) as target:  # fmt: skip
        target.write(heights.astype("float32"), 1)
    return path


@pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")  # rasterio's own arithmetic
def test_file_is_a_valid_cog_in_the_metric_crs(tmp_path):
    heights = np.full((200, 300), 500.0)
    heights[:20] = -9999
    target = tmp_path / "relief.tif"
    make_relief(write_dem(tmp_path / "dem.tif", heights), target, METRIC)
    assert cog_validate(target, strict=True)[0]
    with rasterio.open(target) as relief:
        assert relief.crs.is_projected
        assert relief.res[0] == pytest.approx(relief.res[1])
        assert relief.nodata == 0
        lit = relief.read(1)
    assert set(np.unique(lit)) == {0, round(1 + 254 * np.sqrt(0.5))}
    assert not list(tmp_path.glob("*.part.tif"))


def test_dem_without_crs_degrees_and_no_raster_are_refused(tmp_path):
    with pytest.raises(SourceFileError, match="no CRS"):
        make_relief(write_dem(tmp_path / "dem.tif", np.zeros((9, 9)), crs=None), tmp_path / "r.tif", METRIC)
    with pytest.raises(CrsMismatchError):
        make_relief(tmp_path / "dem.tif", tmp_path / "r.tif", METRIC.geodetic_crs)
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(SourceFileError):
        make_relief(tmp_path / "text.tif", tmp_path / "r.tif", METRIC)
