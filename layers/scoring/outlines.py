"""Cells become polygons: connected cells of one level are one zone, and neighbouring zones share their edges.

Stairs are smoothed by cutting corners at half a cell. Both zones at a corner cut it alike, so nothing gapes or
overlaps; around a closed outline the cuts cancel but for four, so no zone gains or loses more than half a cell
per outline. Corners where three zones meet, and zones below `SMOOTH_FROM_CELLS` cells, keep their stairs: with
these no zone moves by more than one per cent of its own area per outline.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from scipy import ndimage
from shapely.geometry import shape

from layers.scoring.grid import Grid

SMOOTH_FROM_CELLS = 50
"""Half a cell is 1 % of this many."""

Ints = NDArray[np.int32]


def label_regions(level: NDArray[np.uint8]) -> tuple[Ints, int]:
    """Regions of equal level, connected over edges (not corners), numbered from 1 in reading order of their level.

    Cells without a level form regions too, numbered after the others. Returns the raster and how many are rated.
    """
    regions = np.zeros(level.shape, np.int32)
    n_rated = n = 0
    for code in (1, 2, 3, 4, 0):
        labels, count = ndimage.label(level == code)
        regions += np.where(labels > 0, labels + n, 0).astype(np.int32)
        n += count
        n_rated = n if code else n_rated
    return regions, n_rated


def region_outlines(regions: Ints, n_rated: int, grid: Grid) -> tuple[NDArray[np.object_], Ints]:
    """Polygons in metres of the regions 1 to `n_rated`, smoothed, and the region of each."""
    is_rated = (regions > 0) & (regions <= n_rated)
    found = sorted(shapes(regions, mask=is_rated, connectivity=4), key=lambda pair: pair[1])
    polygons = np.array([shape(geometry) for geometry, _ in found], dtype=object)
    ids = np.array([int(region) for _, region in found], dtype=np.int32)
    if not len(polygons):
        return polygons, ids
    return _smoothed(polygons, regions, grid), ids


def _smoothed(polygons: NDArray[np.object_], regions: Ints, grid: Grid) -> NDArray[np.object_]:
    """Polygons in cells, with corners cut, in metres."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    vertices, arriving, leaving, ring = _unit_steps(rings)
    is_corner, is_kept = _corners(regions, vertices, arriving, leaving)
    is_cut = is_corner & ~is_kept
    n_out = np.where(is_cut, 2, np.where(is_kept, 1, 0))
    source = np.repeat(np.arange(len(vertices)), n_out)
    is_second = np.r_[False, source[1:] == source[:-1]]
    half = 0.5 * np.where(is_second[:, None], leaving[source], -arriving[source])
    xy = vertices[source] + np.where(is_cut[source][:, None], half, 0.0)
    ring = ring[source]
    is_new = np.r_[True, (xy[1:] != xy[:-1]).any(axis=1) | (ring[1:] != ring[:-1])]
    metres = np.column_stack(
        [(grid.west_cell + xy[:, 0]) * grid.cell_m, (grid.north_cell - xy[:, 1]) * grid.cell_m]
    )
    outlines = shapely.linearrings(metres[is_new], indices=ring[is_new])
    result: NDArray[np.object_] = shapely.polygons(outlines, indices=owner)
    return result


def _unit_steps(rings: NDArray[np.object_]) -> tuple[NDArray[np.int64], ...]:
    """Every grid corner along rings: place (column, row), direction arriving and leaving, number of the ring."""
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    corner = np.rint(xy).astype(np.int64)
    joined = ring[1:] == ring[:-1]
    start, step, edge_ring = corner[:-1][joined], np.diff(corner, axis=0)[joined], ring[:-1][joined]
    length = np.abs(step).sum(axis=1)
    direction = np.sign(step)
    edge = np.repeat(np.arange(len(start)), length)
    along = np.arange(len(edge)) - np.repeat(np.cumsum(length) - length, length)
    vertices = start[edge] + along[:, None] * direction[edge]
    first = np.searchsorted(edge_ring, edge_ring, side="left")
    last = np.searchsorted(edge_ring, edge_ring, side="right") - 1
    previous = np.where(np.arange(len(start)) == first, last, np.arange(len(start)) - 1)
    arriving = np.where((along == 0)[:, None], direction[previous][edge], direction[edge])
    return vertices, arriving, direction[edge], edge_ring[edge]


def _corners(
    regions: Ints, vertices: NDArray[np.int64], arriving: NDArray[np.int64], leaving: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which grid corners turn, and which must stay: meetings of three, checkerboards, edges of small regions."""
    size = np.bincount(regions.ravel())
    size[0] = regions.size  # beyond the grid
    padded = np.pad(regions, 1)
    col, row = vertices[:, 0], vertices[:, 1]
    around = np.sort(
        np.stack([padded[row, col], padded[row, col + 1], padded[row + 1, col], padded[row + 1, col + 1]]),
        axis=0,
    )
    n_regions = 1 + (np.diff(around, axis=0) != 0).sum(axis=0)
    is_checkered = padded[row, col] == padded[row + 1, col + 1]
    is_checkered &= (padded[row, col + 1] == padded[row + 1, col]) & (n_regions == 2)
    is_small = size[around].min(axis=0) < SMOOTH_FROM_CELLS
    is_corner = (arriving != leaving).any(axis=1)
    is_kept = (n_regions > 2) | is_checkered | (is_corner & is_small)
    return is_corner, is_kept
