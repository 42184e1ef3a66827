"""What sources give to chosen cells, one source at a time: the raster's own sum, taken apart for many cells at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from layers.scoring import kernels
from layers.scoring.colouring_sources import Sources
from layers.scoring.grid import Grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """Cells of a grid in the order of their rows, n of them."""

    grid: Grid
    rows: Ints
    cols: Ints

    def __len__(self) -> int:
        return len(self.rows)

    def centres(self) -> tuple[Floats, Floats]:
        """x and y of their centres, metres."""
        x_m, y_m = (self.grid.west_cell + self.cols + 0.5) * self.grid.cell_m, (self.grid.north_cell - self.rows - 0.5) * self.grid.cell_m
        return np.asarray(x_m, float), np.asarray(y_m, float)


@dataclass(frozen=True)
class Given:
    """What one source gives: to which of the cells (positions), h³ beyond other parts of its feature, what it touches,
    and where the centre lies within its radius or on its footprint."""

    source: int
    cells: Ints
    cubes: Floats
    touches: Flags
    is_within: Flags


@njit(cache=True)
def _relations(rows, cols, west_cell, north_cell, cell, segments, is_area, distance2, touches):  # type: ignore[no-untyped-def]
    """Squared distance and touch of one footprint for every cell given by row and column."""
    half = 0.5 * cell
    for k in range(len(rows)):
        x, y = (west_cell + cols[k] + 0.5) * cell, (north_cell - rows[k] - 0.5) * cell
        distance2[k], touches[k] = kernels.cell_relation(
            x, y, half, west_cell + cols[k], north_cell - 1 - rows[k], cell, segments, is_area
        )


@njit(cache=True)
def _cubes(distance2, strength, radius):  # type: ignore[no-untyped-def]
    """h³ as the raster computes it, bit for bit."""
    inverse = 1.0 / (radius * radius)
    found = np.empty(len(distance2))
    for k in range(len(distance2)):
        found[k] = kernels.cubed_share(strength, distance2[k], inverse)
    return found


def each_source(sources: Sources, cells: Cells, *, only: Flags | None = None) -> Iterator[Given]:
    """What each source gives to the cells, in the order in which the raster adds them; sources out of reach are left out.

    Parameters
    ----------
    only : bool a source, optional
        Sources that are asked for; parts of one feature count with their other parts whether asked for or not.
    """
    grid, held, held_group = cells.grid, np.zeros(0), -1
    for i in range(len(sources)):
        in_parts = bool(kernels.is_in_parts(sources.group, i))
        if only is not None and not only[i] and not in_parts:
            continue
        near = _near(sources, i, cells)
        if not len(near):
            continue
        part = sources.segments[sources.starts[i] : sources.starts[i + 1]]
        distance2, touches = np.empty(len(near)), np.zeros(len(near), bool)
        _relations(
            cells.rows[near], cells.cols[near], grid.west_cell, grid.north_cell, float(grid.cell_m), part,
            bool(sources.is_area[i]), distance2, touches,
        )  # fmt: skip
        cubes = _cubes(distance2, sources.strength[i], sources.radius_m[i])
        if in_parts:
            if sources.group[i] != held_group:
                held, held_group = np.zeros(len(cells)), int(sources.group[i])
            before = held[near]
            held[near] = np.maximum(before, cubes)
            cubes = np.maximum(0.0, cubes - before)
        if only is None or only[i]:
            is_within = (distance2 < sources.radius_m[i] ** 2) | touches
            yield Given(i, near, cubes, touches, is_within)


def _near(sources: Sources, i: int, cells: Cells) -> Ints:
    """Positions of the cells whose centre lies in a source's box grown by its radius and a cell."""
    grid = cells.grid
    reach = sources.radius_m[i] + grid.cell_m
    west, south, east, north = sources.bounds[i] + np.array([-reach, -reach, reach, reach])
    top, bottom = grid.north_cell - north / grid.cell_m - 0.5, grid.north_cell - south / grid.cell_m - 0.5
    first, last = np.searchsorted(cells.rows, [np.floor(top), np.ceil(bottom) + 1])
    x = (grid.west_cell + cells.cols[first:last] + 0.5) * grid.cell_m
    found: Ints = first + np.flatnonzero((x >= west) & (x <= east))
    return found


def sums_and_floors(sources: Sources, cells: Cells, *, is_maximum: bool) -> tuple[Floats, NDArray[np.uint8]]:
    """Σ h³ of every cell, and the worst level of what holds there: on the footprint, or (grid maximum) within reach."""
    sums, floors = np.zeros(len(cells)), np.zeros(len(cells), np.uint8)
    for given in each_source(sources, cells):
        if not is_maximum:
            sums[given.cells] += given.cubes
        holds = given.cells[given.is_within if is_maximum else given.touches]
        code = sources.codes[given.source]
        worse = (floors[holds] == kernels.NO_LEVEL) | (floors[holds] > code)
        floors[holds[worse]] = code
    return sums, floors


@njit(cache=True)
def levels_of(sums, floors, vulnerability, lower):  # type: ignore[no-untyped-def]
    """Level codes of cells from Σ h³, the footprint's level (0: none), V and the lower bounds of the index."""
    found = np.zeros(len(sums), np.uint8)
    for k in range(len(sums)):
        if sums[k] > 0.0 or floors[k] != kernels.NO_LEVEL:
            _, index = kernels.index_of(sums[k], floors[k], vulnerability[k], 1.0, lower)
            found[k] = kernels.level_code(index, lower)
    return found
