"""Why cells changed colour under the policy of individual risk: units, reports and the policy's bounds share each cell.

A cell's risk is a sum over units and reports, so what each of them adds or takes is known outright; sources and bounds are
exchanged in both orders (Shapley), and only what pulls in the direction of the change gets a share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize

from layers.scoring.cell_sums import Cells
from layers.scoring.individual_risk import risk_at
from layers.scoring.policy import LEVEL_CODES, RATED, Policy
from layers.scoring.risk_surface import SAME_VALUE, UnitRisk, bounds

Floats = NDArray[np.float64]
POLICY, NOT_REPRODUCED = "policy", "not_reproduced"
UNIT, REPORT = "hazard_units", "official_contours"
"""Layers whose features add up to a cell's risk: units by their number, reports by their enterprise."""


@dataclass(frozen=True)
class RiskSide:
    """One edition at the cells that changed: its risk, its policy, and the level that its raster has there."""

    risk: UnitRisk
    policy: Policy
    cells: Cells
    stored: NDArray[np.uint8]

    @cached_property
    def parts(self) -> Mapping[str, Floats]:
        """Risk per year of each unit and of each enterprise's report at every cell, by key; those of no effect left out."""
        grid = self.cells.grid
        x = np.asarray((grid.west_cell + self.cells.cols + 0.5) * grid.cell_m, dtype=np.float64)
        y = np.asarray((grid.north_cell - self.cells.rows - 0.5) * grid.cell_m, dtype=np.float64)
        found = {f"{UNIT}:{table.unit.unit_id}": risk_at(table, x, y) for table in self.risk.tables}
        found |= {f"{REPORT}:{key}": self._of_report(rows) for key, rows in _by_enterprise(self.risk.official)}
        return {key: values for key, values in found.items() if values.any()}

    def _of_report(self, rows: gpd.GeoDataFrame) -> Floats:
        """The highest contour of one report around each cell, as the raster has it."""
        grid = self.cells.grid
        shapes = [(row.geometry, float(row.risk_per_year)) for row in rows.sort_values("risk_per_year").itertuples()]
        drawn = rasterize(shapes, out_shape=grid.shape, transform=grid.transform, dtype="float64")
        return np.asarray(drawn[self.cells.rows, self.cells.cols], dtype=float)

    @cached_property
    def total(self) -> NDArray[np.float32]:
        """Risk per year of every cell, added in the order of the raster: units first, then reports."""
        units = np.zeros(len(self.cells))
        reports = np.zeros(len(self.cells))
        for key, values in self.parts.items():
            if key.startswith(UNIT):
                units += values
            else:
                reports += values
        return (units + reports).astype(np.float32)

    def rank(self, policy: Policy) -> Floats:
        """Height of the level of every cell under a policy: 0 no colour, 1 blue to 4 red."""
        code = np.zeros(len(self.cells), np.uint8)
        for name, bound in reversed(list(zip(RATED, bounds(policy), strict=True))):
            code[self.total >= np.float32(bound * SAME_VALUE)] = LEVEL_CODES[name]
        return height(code)


def height(codes: NDArray[np.uint8]) -> Floats:
    """Height of level codes: 0 no colour, 1 blue to 4 red."""
    return np.where(codes == 0, 0.0, len(RATED) + 1.0 - codes)


def _by_enterprise(official: gpd.GeoDataFrame) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    for key, rows in official.groupby(official["enterprise_id"].fillna(""), sort=True):
        yield str(key), gpd.GeoDataFrame(rows)


def risk_shares(before: RiskSide, after: RiskSide) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """Cause, cells (positions) and the share of each of these cells that it explains; the shares of a cell sum to 1.

    Causes are ``hazard_units:<unit>``, ``official_contours:<enterprise>``, ``policy``, and ``not_reproduced`` where an
    edition's stored level is not what its tables give.
    """
    is_told = (height(before.stored) == before.rank(before.policy)) & (height(after.stored) == after.rank(after.policy))
    yield NOT_REPRODUCED, np.flatnonzero(~is_told), np.ones(int((~is_told).sum()))
    direction = np.where(height(after.stored) >= height(before.stored), 1.0, -1.0)
    of_sources, of_policy = _two_shares(before, after, direction)
    yield POLICY, np.flatnonzero(is_told), of_policy[is_told]
    yield from _source_shares(before, after, direction, np.where(is_told, of_sources, 0.0))


def _two_shares(before: RiskSide, after: RiskSide, direction: Floats) -> tuple[Floats, Floats]:
    """Shares of sources and of bounds, each its mean step over both orders where it pulls the way the cell went."""
    start, end = before.rank(before.policy), after.rank(after.policy)
    only_sources, only_policy = after.rank(before.policy), before.rank(after.policy)
    sources = ((only_sources - start) + (end - only_policy)) / 2 * direction
    policy = ((only_policy - start) + (end - only_sources)) / 2 * direction
    pulls = np.maximum(0.0, np.stack([sources, policy]))
    total = pulls.sum(axis=0)
    shares = np.divide(pulls, total, out=np.zeros_like(pulls), where=total > 0)
    return shares[0], shares[1]


def _source_shares(
    before: RiskSide, after: RiskSide, direction: Floats, weight: Floats
) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """The sources' share divided among those whose risk changed the way the cell did, by how much."""
    nothing = np.zeros(len(weight))
    keys = sorted({*before.parts, *after.parts})
    pulls = {
        key: np.maximum(0.0, (after.parts.get(key, nothing) - before.parts.get(key, nothing)) * direction) for key in keys
    }
    total = np.sum([nothing, *pulls.values()], axis=0)
    for key, pull in pulls.items():
        share = np.divide(pull, total, out=np.zeros_like(pull), where=total > 0) * weight
        where = np.flatnonzero(share > 0)
        yield key, where, share[where]
    is_left = (total <= 0) & (weight > 0)
    yield NOT_REPRODUCED, np.flatnonzero(is_left), weight[is_left]
