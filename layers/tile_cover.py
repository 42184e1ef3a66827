"""Which tiles of the web map's grid hold anything of a layer: an empty tile is then known without a query."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

COVER_ZOOM = 16
"""Tiles are listed at this zoom; nearer ones inherit from it, farther ones hold any of theirs."""
MARGIN = 1 / 64
"""Part of its width by which a tile reaches over its edge."""
FEW_CELLS = 4
"""A feature whose box covers no more tiles than this is taken to be in all of them."""
LIMIT_LATITUDE_DEG = 85.05
KEY_WIDTH, KEY_SHIFT = 2**21, 2**20
"""A cell as one number: columns and rows are less than 2**20 either side of nought."""

Cells = NDArray[np.int64]
Geometries = NDArray[np.object_]


def grid_coordinates(lon_lat: NDArray[np.float64], zoom: int = COVER_ZOOM) -> NDArray[np.float64]:
    """Longitude and latitude (n, 2), degrees, as columns and rows of the tile grid, fractions kept.

    >>> grid_coordinates(np.array([[0.0, 0.0]]), zoom=1).tolist()
    [[1.0, 1.0]]
    """
    lat = np.radians(np.clip(lon_lat[:, 1], -LIMIT_LATITUDE_DEG, LIMIT_LATITUDE_DEG))
    share = np.column_stack([(lon_lat[:, 0] + 180) / 360, (1 - np.arcsinh(np.tan(lat)) / np.pi) / 2])
    return share * 2.0**zoom


def covered_cells(bounds_deg: NDArray[np.float64], shapes_of: Callable[[NDArray[np.intp]], Geometries]) -> Cells:
    """Columns and rows (n, 2) of the tiles of `COVER_ZOOM` that features touch, each once, sorted.

    Parameters
    ----------
    bounds_deg : (n, 4) west, south, east, north of each feature, degrees of a geographic CRS
    shapes_of : gives the geometries (same CRS) of the features at some places of `bounds_deg`: only the
        large ones are asked for. A small feature counts for every tile of its box.
    """
    if not len(bounds_deg):
        return np.empty((0, 2), np.int64)
    north_west = grid_coordinates(bounds_deg[:, [0, 3]])
    south_east = grid_coordinates(bounds_deg[:, [2, 1]])
    first = np.floor(north_west - MARGIN).astype(np.int64)
    last = np.floor(south_east + MARGIN).astype(np.int64)
    n_cells = (last - first + 1).prod(axis=1)
    is_large = n_cells > FEW_CELLS
    cells = [_whole_boxes(first[~is_large], last[~is_large])]
    if is_large.any():
        shapes = shapely.transform(shapes_of(np.flatnonzero(is_large)), grid_coordinates)
        cells.append(_touched(shapes, first[is_large], last[is_large]))
    return _each_once(np.concatenate(cells))


def _each_once(cells: Cells) -> Cells:
    """Cells sorted by column, then row, each once: as one number each, which sorts ten times as fast as a pair."""
    columns, rows = np.divmod(np.unique((cells[:, 0] + KEY_SHIFT) * KEY_WIDTH + cells[:, 1] + KEY_SHIFT), KEY_WIDTH)
    return np.column_stack((columns, rows)) - KEY_SHIFT


def _whole_boxes(first: Cells, last: Cells) -> Cells:
    """Every cell of boxes of at most `FEW_CELLS`."""
    steps = np.array([(i, j) for i in range(FEW_CELLS) for j in range(FEW_CELLS) if (i + 1) * (j + 1) <= FEW_CELLS])
    cells = first[:, None, :] + steps[None, :, :]
    kept: Cells = cells[(cells <= last[:, None, :]).all(axis=2)]
    return kept


def _touched(shapes: Geometries, first: Cells, last: Cells) -> Cells:
    """Cells that shapes (in grid coordinates) touch: squares are halved as long as the shape touches them."""
    shapely.prepare(shapes)
    side = 1 << max(int((last - first).max()).bit_length(), 1)
    low, high = first // side, last // side
    which = np.repeat(np.arange(len(shapes)), 4)
    cells = (low[:, None, :] + np.array([(0, 0), (0, 1), (1, 0), (1, 1)])).reshape(-1, 2)
    is_needed = (cells <= high[which]).all(axis=1)
    which, cells = which[is_needed], cells[is_needed]
    while True:
        corners = cells * side
        boxes = shapely.box(*(corners - MARGIN).T, *(corners + side + MARGIN).T)
        touches = shapely.intersects(shapes[which], boxes)
        which, cells = which[touches], cells[touches]
        if side == 1:
            return np.asarray(cells, dtype=np.int64)
        side //= 2
        which = np.repeat(which, 4)
        cells = (2 * cells[:, None, :] + np.array([(0, 0), (0, 1), (1, 0), (1, 1)])).reshape(-1, 2)


@dataclass(frozen=True)
class TileCover:
    """The tiles of `COVER_ZOOM` that hold anything of a layer, as columns and rows (n, 2)."""

    cells: Cells = field(compare=False)
    _by_zoom: dict[int, frozenset[tuple[int, int]]] = field(default_factory=dict, compare=False, repr=False)

    def holds(self, z: int, x: int, y: int) -> bool:
        """Whether a tile may hold anything; false is certain, also for what reaches over its edge."""
        if z > COVER_ZOOM:
            z, x, y = COVER_ZOOM, x >> (z - COVER_ZOOM), y >> (z - COVER_ZOOM)
        return (x, y) in self._at(z)

    def tiles(self, zoom: int) -> list[tuple[int, int]]:
        """Columns and rows of the tiles of a zoom up to `COVER_ZOOM` that may hold anything, sorted."""
        return sorted(self._at(zoom))

    def _at(self, zoom: int) -> frozenset[tuple[int, int]]:
        known = self._by_zoom.get(zoom)
        if known is None:
            known = self._by_zoom[zoom] = frozenset(map(tuple, _coarser(self.cells, COVER_ZOOM - zoom).tolist()))
        return known

    def packed(self) -> bytes:
        """The cells as bytes, for a table."""
        return zlib.compress(self.cells.astype("<u4").tobytes())

    @classmethod
    def unpacked(cls, content: bytes) -> TileCover:
        """The cover that `packed` wrote."""
        return cls(np.frombuffer(zlib.decompress(content), "<u4").reshape(-1, 2).astype(np.int64))


def _coarser(cells: Cells, n_halvings: int) -> Cells:
    """Tiles `n_halvings` zooms farther that hold any of the cells, or reach one over their edge."""
    if n_halvings == 0 or not len(cells):
        return cells
    side = 1 << n_halvings
    reach = side * MARGIN
    ends = (-reach, 1 + reach)
    corners = [np.floor((cells + [dx, dy]) / side).astype(np.int64) for dx in ends for dy in ends]
    coarse = _each_once(np.concatenate(corners))
    return coarse[((coarse >= 0) & (coarse < 1 << (COVER_ZOOM - n_halvings))).all(axis=1)]
