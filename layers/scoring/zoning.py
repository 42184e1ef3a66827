"""From rated sources to the index of every cell, and its level."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from layers.scoring import kernels
from layers.scoring.colouring_sources import GRID_MAXIMUM, Sources, prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.policy import Policy

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RiskSurface:
    """The risk of every cell under a policy; arrays of shape (rows, columns) of `grid`, row 0 in the north.

    `index`: float32, 0-100, NaN where no source reaches or outside; all NaN under the grid maximum.
    `level`: uint8, 1 red to 4 blue, 0 no colour. `hazard`: float32, H of the formula, NaN like `index`.
    `vulnerability`: float32, V; shape (1, 1) where one value holds everywhere.
    """

    grid: Grid
    policy: Policy
    index: NDArray[np.float32]
    level: NDArray[np.uint8]
    hazard: NDArray[np.float32]
    vulnerability: NDArray[np.float32]


def risk_index(
    points: gpd.GeoDataFrame | Sources,
    grid: Grid,
    policy: Policy,
    *,
    vulnerability: NDArray[np.float32] | float = 1.0,
    help_factor: NDArray[np.float32] | float = 1.0,
    mask: NDArray[np.bool_] | None = None,
) -> RiskSurface:
    """Index and level of every cell of a grid, or of a tile of it: the same bits either way.

    Parameters
    ----------
    points : GeoDataFrame of `risk_points` in the metric CRS, or what `prepare_sources` made of it
        Sources beyond the grid count with what reaches into it.
    vulnerability, help_factor : (rows, cols) float32, or one value
        V and C of the policy.
    mask : (rows, cols) bool, optional
        True inside the area; cells outside are nodata.
    """
    sources = points if isinstance(points, Sources) else prepare_sources(points, policy)
    is_maximum = policy.method == GRID_MAXIMUM
    frame = (float(grid.cell_m), grid.west_cell, grid.north_cell)
    offsets, members = kernels.bucket_by_band(
        sources.bounds, sources.radius_m, grid.north_cell, grid.west_cell, float(grid.cell_m), *grid.shape
    )
    index, hazard = np.empty(grid.shape, np.float32), np.empty(grid.shape, np.float32)
    level = np.empty(grid.shape, np.uint8)
    v, c = _raster(vulnerability), _raster(help_factor)
    inside = np.ones((1, 1), bool) if mask is None else np.ascontiguousarray(mask)

    def fill(band: int) -> None:
        kernels.fill_band(
            band,
            frame,
            members[offsets[band] : offsets[band + 1]],
            sources.starts,
            sources.segments,
            sources.is_area,
            sources.strength,
            sources.radius_m,
            sources.codes,
            sources.group,
            inside,
            v,
            c,
            lower_bounds(policy),
            is_maximum,
            index,
            level,
            hazard,
        )

    _in_threads(fill, len(offsets) - 1)
    return RiskSurface(grid, policy, index, level, hazard, v)


def _in_threads(work: Callable[[int], None], n: int) -> None:
    """Run work on 0 to n - 1, on every core that this process may use; which thread does what changes no result."""
    n_threads = min(n, len(os.sched_getaffinity(0)))
    if n_threads < 2:
        for part in range(n):
            work(part)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(work, range(n)):
            pass


def lower_bounds(policy: Policy) -> Floats:
    """Lower bounds of the index, red to blue; zeros under the grid maximum, which has no index."""
    return np.array(list(policy.index_from or (0.0, 0.0, 0.0, 0.0)), dtype=np.float64)


def _raster(values: NDArray[np.float32] | float) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.atleast_2d(np.asarray(values, dtype=np.float32)))
