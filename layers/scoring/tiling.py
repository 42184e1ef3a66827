"""A risk surface in tiles: each with the sources that reach into it, so that it does not matter who computes which."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from layers.scoring.affected import reaching
from layers.scoring.colouring_sources import Sources, prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.policy import Policy
from layers.scoring.sharing import Share, alone
from layers.scoring.zoning import RiskSurface, risk_index

TILE_CELLS = 512


@dataclass(frozen=True)
class Tile:
    """What one tile needs: its grid, the sources within reach of it (the halo included), V and mask of its cells."""

    grid: Grid
    sources: Sources
    vulnerability: NDArray[np.float32]
    mask: NDArray[np.bool_] | None


def tiled_surface(
    points: gpd.GeoDataFrame | Sources,
    grid: Grid,
    policy: Policy,
    *,
    vulnerability: NDArray[np.float32] | float = 1.0,
    mask: NDArray[np.bool_] | None = None,
    tile_cells: int = TILE_CELLS,
    share: Share = alone,
) -> RiskSurface:
    """The surface of `risk_index`, bit for bit, for any size of tiles and whoever computes them.

    Parameters
    ----------
    points : rows of `risk_points` in the metric CRS, or what `prepare_sources` made of them
    vulnerability : V, (rows, cols) float32 or one value
    tile_cells : cells along the side of a tile
    """
    sources = points if isinstance(points, Sources) else prepare_sources(points, policy)
    v = np.asarray(vulnerability, np.float32)
    places, tiles = [], []
    for rows, cols, tile in grid.tiles(tile_cells):
        places.append((rows, cols))
        own_v = np.ascontiguousarray(v[rows, cols]) if v.ndim == 2 and v.shape == grid.shape else np.atleast_2d(v)
        tiles.append(Tile(tile, reaching(sources, tile), own_v, None if mask is None else mask[rows, cols]))
    index, hazard = np.empty(grid.shape, np.float32), np.empty(grid.shape, np.float32)
    level = np.empty(grid.shape, np.uint8)
    for (rows, cols), found in zip(places, share(tile_surface, tiles, policy), strict=True):
        index[rows, cols], level[rows, cols], hazard[rows, cols] = found
    return RiskSurface(grid, policy, index, level, hazard, np.ascontiguousarray(np.atleast_2d(v)))


def tile_surface(
    tile: Tile, policy: Policy
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]:
    """Index, level and hazard of one tile."""
    found = risk_index(tile.sources, tile.grid, policy, vulnerability=tile.vulnerability, mask=tile.mask)
    return found.index, found.level, found.hazard
