"""Who is where: residents of the population raster put into their dwellings, and the staff of plants."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.errors import InputError
from layers.scoring.consequence.inputs import Floats, assumed
from layers.scoring.grid import Grid

RESIDENT, STAFF = 0, 1


@dataclass(frozen=True)
class Coverage:
    """Cells of a grid of which anybody knows how many live there; no figure is not "nobody"."""

    grid: Grid
    is_known: NDArray[np.bool_]

    def unknown_pct(self, x_m: float, y_m: float, reach_m: float) -> float:
        """Share of the ground around a place, in per cent, that no figure covers; beyond the grid nothing is known."""
        n = int(reach_m / self.grid.cell_m)
        steps = np.arange(-n, n + 1)
        down, right = (part[(steps[:, None] ** 2 + steps**2) <= n * n] for part in np.meshgrid(steps, steps, indexing="ij"))
        row, col = self.grid.cell_of(x_m, y_m)
        rows, cols = row + down, col + right
        is_on = (rows >= 0) & (rows < self.grid.rows) & (cols >= 0) & (cols < self.grid.cols)
        return float(100 * (1 - self.is_known[rows[is_on], cols[is_on]].sum() / len(rows)))


@dataclass(frozen=True)
class People:
    """Places with people: metres of the metric CRS, persons; `enterprise_id` of staff, None for residents.

    `coverage` tells where residents are known at all; None where every place is taken as known.
    """

    x_m: Floats
    y_m: Floats
    persons: Floats
    enterprise_id: NDArray[np.object_]
    coverage: Coverage | None = None

    @property
    def is_staff(self) -> NDArray[np.bool_]:
        return np.asarray(pd.notna(self.enterprise_id), bool)

    def near(self, x_m: float, y_m: float, reach_m: float) -> People:
        """Those in the square around a place."""
        is_near = (np.abs(self.x_m - x_m) <= reach_m) & (np.abs(self.y_m - y_m) <= reach_m)
        return People(self.x_m[is_near], self.y_m[is_near], self.persons[is_near], self.enterprise_id[is_near], self.coverage)


def residents_in_cells(persons: Floats, grid: Grid) -> People:
    """Residents at the centres of their cells.

    Raises
    ------
    InputError
        A cell is NaN or negative; row and column are named.
    """
    values = np.asarray(persons, dtype=np.float64)
    if values.shape != grid.shape:
        raise InputError("persons", f"shape {values.shape} differs from the grid's {grid.shape}")
    wrong = np.argwhere(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        row, col = wrong[0]
        raise InputError(f"persons row {row} column {col}", f"{values[row, col]} must be zero or more")
    rows, cols = np.nonzero(values)
    x_m, y_m = (grid.west_cell + cols + 0.5) * grid.cell_m, (grid.north_cell - rows - 0.5) * grid.cell_m
    return People(np.asarray(x_m, float), np.asarray(y_m, float), values[rows, cols], np.full(len(rows), None, object))


def residents_at_dwellings(persons: Floats, grid: Grid, buildings: gpd.GeoDataFrame | None) -> People:
    """Residents of each cell, spread over the dwellings in it by households; at the centre where it has none.

    Parameters
    ----------
    persons : (rows, cols) of `grid`, persons per cell; NaN where the raster says nothing
        There the households of the dwellings count, with the assumed persons each; a cell without either is unknown
        (`coverage`), and what is summed up over it is incomplete.
    buildings : rows of `buildings` in the grid's CRS, or None
    """
    known = np.asarray(persons, dtype=np.float64)
    homes = _dwellings(buildings, grid)
    if homes is None:
        return replace(residents_in_cells(np.nan_to_num(known), grid), coverage=Coverage(grid, ~np.isnan(known)))
    cells = (homes.row, homes.col)
    total = np.zeros(grid.shape)
    np.add.at(total, cells, homes.households)
    here = known[cells]
    by_share = np.nan_to_num(here) * homes.households / total[cells]
    people = np.where(np.isnan(here), homes.households * assumed("persons_per_household"), by_share)
    elsewhere = residents_in_cells(np.where((total > 0) | np.isnan(known), 0.0, known), grid)
    lived_in = people > 0
    return People(
        np.r_[elsewhere.x_m, homes.x_m[lived_in]],
        np.r_[elsewhere.y_m, homes.y_m[lived_in]],
        np.r_[elsewhere.persons, people[lived_in]],
        np.full(len(elsewhere.x_m) + int(lived_in.sum()), None, object),
        Coverage(grid, (total > 0) | ~np.isnan(known)),
    )


@dataclass(frozen=True)
class Dwellings:
    """Homes on a grid: row and column of the cell, place in metres, households."""

    row: NDArray[np.int64]
    col: NDArray[np.int64]
    x_m: Floats
    y_m: Floats
    households: Floats


def _dwellings(buildings: gpd.GeoDataFrame | None, grid: Grid) -> Dwellings | None:
    """The dwellings on the grid; one household where the number is not known, none in an empty one."""
    if buildings is None or buildings.empty:
        return None
    homes = buildings[(buildings["use"] == "residential") & buildings.geometry.notna()]
    centres = shapely.get_coordinates(shapely.centroid(homes.geometry.to_numpy()))
    households = pd.to_numeric(homes["n_households"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    row, col = grid.cells_of(centres[:, 0], centres[:, 1])
    is_on = (row >= 0) & (row < grid.rows) & (col >= 0) & (col < grid.cols) & ~(households == 0)
    counted = np.where(np.isnan(households), 1.0, households)
    if not is_on.any():
        return None
    return Dwellings(row[is_on], col[is_on], centres[is_on, 0], centres[is_on, 1], counted[is_on])


def with_staff(residents: People, enterprises: gpd.GeoDataFrame | None) -> People:
    """The residents and the staff of plants that are open; each plant leaves out its own when it is judged."""
    if enterprises is None or enterprises.empty:
        return residents
    n_persons = pd.to_numeric(enterprises["n_persons"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    placed = enterprises.geometry.notna().to_numpy() & (n_persons > 0)
    open_ones = enterprises[placed & ~enterprises["status"].isin(["closed", "planned"]).to_numpy()]
    counted = n_persons[enterprises.index.get_indexer(open_ones.index)]
    return People(
        np.r_[residents.x_m, open_ones.geometry.x.to_numpy(float)],
        np.r_[residents.y_m, open_ones.geometry.y.to_numpy(float)],
        np.r_[residents.persons, counted],
        np.concatenate([residents.enterprise_id, open_ones["enterprise_id"].astype(str).to_numpy(object)]),
        residents.coverage,
    )
