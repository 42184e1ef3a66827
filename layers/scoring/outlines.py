"""Cells become polygons: connected cells of one level are one zone, and neighbouring zones share their edges.

Stairs are smoothed by cutting corners at half a cell. Both zones at a corner cut it alike, so nothing gapes or
overlaps. Two neighbours lose to each other as many corners as they win: the few that are left over (four around a
closed outline) stay, so that every zone keeps the area of its cells. Corners where three zones meet, and zones
below `SMOOTH_FROM_CELLS` cells, keep their stairs.
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
"""Fewer cells than these would be more curve than cell."""

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
    """Which grid corners turn, and which must stay: meetings of three, checkerboards, edges of small regions, and odd ones."""
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
    free = np.flatnonzero(is_corner & ~is_kept)
    if len(free):
        is_kept[free[_left_over(around[:, free], vertices[free], _runs(is_corner)[free])]] = True
    return is_corner, is_kept


def _runs(is_corner: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of every corner the shorter of its two straight sides, in cells."""
    at = np.flatnonzero(is_corner)
    gap = np.diff(at, prepend=-1, append=len(is_corner))
    runs = np.zeros(len(is_corner), np.int64)
    runs[at] = np.minimum(gap[:-1], gap[1:])
    return runs


def _left_over(around: Ints, vertices: NDArray[np.int64], run: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Corners between two regions without a partner that turns the other way; those of the longest sides are left over.

    Parameters
    ----------
    around : regions of the four cells at each corner, sorted: one of them alone, the other three times
    run : cells of straight side at each corner
    """
    corner, first, place = np.unique(vertices, axis=0, return_index=True, return_inverse=True)
    low, high = around[0, first], around[3, first]
    is_low = low != around[1, first]  # the corner belongs to the region of the smaller number
    longest = np.zeros(len(corner), np.int64)
    np.maximum.at(longest, place.ravel(), run)
    order = np.lexsort((corner[:, 0], corner[:, 1], -longest, is_low, high, low))
    pair = np.cumsum(np.r_[False, (np.diff(np.stack([low, high])[:, order], axis=1) != 0).any(axis=0)])
    n_low = np.bincount(pair, is_low[order]).astype(np.int64)
    n_high = np.bincount(pair).astype(np.int64) - n_low
    n_over = np.where(is_low[order], (n_low - n_high)[pair], (n_high - n_low)[pair])
    group = 2 * pair + is_low[order]
    rank = np.arange(len(order)) - np.searchsorted(group, group)
    is_over = np.zeros(len(order), bool)
    is_over[order] = rank < n_over
    return is_over[place.ravel()]
