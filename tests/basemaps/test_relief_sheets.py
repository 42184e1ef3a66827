"""Relief of a sheet: lit from the upper left, in its own grid, the same ground whichever way the page is turned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from basemaps.relief_sheets import SheetGrid, sheet_relief
from layers.crs import metric_crs
from layers.errors import CrsMismatchError, InputError, SourceFileError

CRS = metric_crs(120.0, 30.0)
X, Y = 500_000.0, 300_000.0
CELL_M, N_CELLS = 20.0, 200
GRID = SheetGrid(centre_m=(X, Y), cell_m=10.0, rows=300, columns=240)


@pytest.fixture(scope="module")
def cone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hill of 300 m on a plain, 500 m wide, at the middle of the grid."""
    path = tmp_path_factory.mktemp("dem") / "cone.tif"
    rows, columns = np.mgrid[:N_CELLS, :N_CELLS] - (N_CELLS - 1) / 2
    heights = np.maximum(0, 300 - 0.6 * CELL_M * np.hypot(rows, columns)).astype("float32")
    half = CELL_M * N_CELLS / 2
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "width": N_CELLS, "height": N_CELLS, "nodata": -9999,
               "crs": CRS.to_wkt(), "transform": Affine(CELL_M, 0, X - half, 0, -CELL_M, Y + half)}  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(heights, 1)
    return path


def test_hill_is_light_to_the_upper_left_dark_to_the_lower_right_and_clear_around(cone: Path) -> None:
    shaded = sheet_relief(cone, CRS, GRID)
    assert shaded is not None and shaded.shape == (2, 300, 240)
    grey, alpha = shaded
    middle = np.array([150, 120])
    upper_left, lower_right = tuple(middle - 15), tuple(middle + 15)
    assert (grey[upper_left], grey[lower_right]) == (255, 0)
    assert min(alpha[upper_left], alpha[lower_right]) > 40
    assert not alpha[:20].any() and not alpha[:, -20:].any()


def test_turned_page_lights_the_hill_from_its_own_upper_left(cone: Path) -> None:
    """A round hill looks alike from everywhere, so that a turned sheet is the unturned one."""
    upright = sheet_relief(cone, CRS, GRID)
    turned = sheet_relief(cone, CRS, replace(GRID, turn_deg=50.0))
    assert upright is not None and turned is not None
    inner = np.s_[1, 110:190, 80:160]
    assert np.abs(upright[inner].astype(int) - turned[inner].astype(int)).mean() < 4


def test_ground_turns_with_the_page(cone: Path) -> None:
    """A hill 600 m north of the middle lies right of it on a page whose north points to the right."""
    grid = replace(GRID, centre_m=(X, Y - 600.0))
    for turn_deg, (row, column) in {0.0: (90, 120), 90.0: (150, 180)}.items():
        shaded = sheet_relief(cone, CRS, replace(grid, turn_deg=turn_deg))
        assert shaded is not None
        assert np.argwhere(shaded[1] > 40).mean(axis=0) == pytest.approx((row, column), abs=6)


def test_beyond_the_heights_there_is_none(cone: Path) -> None:
    assert sheet_relief(cone, CRS, replace(GRID, centre_m=(X + 90_000, Y))) is None


def test_strips_without_heights_are_clear_and_the_others_unchanged(cone: Path) -> None:
    grid = replace(GRID, rows=1200)
    tall, small = sheet_relief(cone, CRS, grid), sheet_relief(cone, CRS, GRID)
    assert tall is not None and small is not None
    assert not tall[:, :256].any() and not tall[:, -256:].any()
    assert np.array_equal(tall[:, 500:700], small[:, 50:250])


def test_impossible_grid_and_lost_file_are_refused(cone: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        sheet_relief(cone, CRS, replace(GRID, rows=0))
    with pytest.raises(CrsMismatchError):
        sheet_relief(cone, CRS.geodetic_crs, GRID)
    with pytest.raises(SourceFileError):
        sheet_relief(tmp_path / "none.tif", CRS, GRID)
