"""The policy *individual risk*: cells coloured by the values of GB 36894, official contours before our screening.

An installation with a valid report has the report's contours and nothing of ours; the other installations' screening adds
to them. A contour says *at least*: between two of them its own value stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from layers.scoring.blast_rings import farthest_m
from layers.scoring.consequence.inputs import Floats
from layers.scoring.footprint_grid import N_ANGLES, RADII_M
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import UnitTable, lay_on
from layers.scoring.policy import LEVEL_CODES, RATED, Policy
from layers.scoring.release_scenarios import UnitScenarios
from layers.scoring.zoning import RiskSurface

INDIVIDUAL_RISK = "individual_risk"
LEAST_RADIUS_M = 1.0
SAME_VALUE = 1 - 1e-9
"""Contours are written with rounding: one drawn at the limit itself reaches it."""


@dataclass(frozen=True)
class UnitRisk:
    """What the zones of individual risk rest on.

    `tables`: the units computed. `official`: valid contours of reports, ``enterprise_id``, ``risk_per_year``, metric CRS.
    `open_units`: placed units that quantitative risk judges or may judge, or that distances or a standard of their own judge,
    and that no figure was made for; ``explosives_t`` what they hold of explosives as TNT (0 none, NaN not known), ``explosives_most_t`` the most that
    may be, ``explosives_felt_m`` how far that is felt.
    """

    tables: tuple[UnitTable, ...]
    official: gpd.GeoDataFrame
    open_units: gpd.GeoDataFrame

    def as_plain(self) -> dict[str, Any]:
        """Frames and one array (units, radii, angles), to be kept."""
        units = pd.DataFrame(
            [(unit.unit_id, unit.enterprise_id, unit.x_m, unit.y_m, stamp) for unit, stamp in self._stamped()],
            columns=UNIT_COLUMNS,
        )
        tables = [entry.table for entry in self.tables]
        array = np.stack(tables) if tables else np.zeros((0, len(RADII_M), N_ANGLES))
        return {"units": units, "tables": array, "official": self.official, "open_units": self.open_units}

    def _stamped(self) -> list[tuple[UnitScenarios, str]]:
        return [(entry.unit, entry.stamp) for entry in self.tables]

    @classmethod
    def from_plain(cls, kept: Mapping[str, Any]) -> UnitRisk:
        """What `as_plain` gave; the leaks behind the tables are not kept."""
        units = kept["units"].itertuples(index=False)
        tables = tuple(
            UnitTable(UnitScenarios(row.unit_id, row.enterprise_id, row.x_m, row.y_m, ()), table, row.stamp)
            for row, table in zip(units, kept["tables"], strict=True)
        )
        return cls(tables, kept["official"], kept["open_units"])


UNIT_COLUMNS = ["unit_id", "enterprise_id", "x_m", "y_m", "stamp"]


def official_risk(official: gpd.GeoDataFrame, grid: Grid) -> Floats:
    """Risk per year that the reports' contours give each cell: the highest contour around it, summed over enterprises."""
    total = np.zeros(grid.shape)
    for _, rows in official.groupby(official["enterprise_id"].fillna(""), sort=True):
        shapes = [(row.geometry, float(row.risk_per_year)) for row in rows.sort_values("risk_per_year").itertuples()]
        total += rasterize(shapes, out_shape=grid.shape, transform=grid.transform, dtype="float64")
    return total


def risk_surface(risk: UnitRisk, grid: Grid, policy: Policy, *, mask: NDArray[np.bool_] | None = None) -> RiskSurface:
    """Individual risk of every cell and its level; ``hazard`` holds the risk per year, NaN where there is none.

    The level follows from the number that is kept (float32). There is no index, and no vulnerability: the criterion
    speaks of a person who stays there, whoever lives there.
    """
    per_year = (lay_on(grid, risk.tables) + official_risk(risk.official, grid)).astype(np.float32)
    if mask is not None:
        per_year[~mask] = 0.0
    level = np.zeros(grid.shape, np.uint8)
    for name, bound in reversed(list(zip(RATED, bounds(policy), strict=True))):
        level[per_year >= np.float32(bound * SAME_VALUE)] = LEVEL_CODES[name]
    hazard = np.where(per_year > 0, per_year, np.float32(np.nan))
    nothing = np.full(grid.shape, np.nan, np.float32)
    return RiskSurface(grid, policy, nothing, level, hazard, np.ones((1, 1), np.float32))


def bounds(policy: Policy) -> tuple[float, ...]:
    """Lower bounds a year of red, orange, yellow and blue."""
    return tuple(policy.risk_from or ())


def zone_sources(risk: UnitRisk, policy: Policy) -> gpd.GeoDataFrame:
    """What the zones count as sources, in the form of `risk_points`: units, reports, and units without a figure.

    A unit reaches as far as its own risk makes blue; one without a figure leaves its surroundings open (`open_radius_m`).
    """
    lowest = bounds(policy)[-1]
    rows = [
        (table.unit.unit_id, "blue", _reach_m(table, lowest), shapely.Point(table.unit.x_m, table.unit.y_m))
        for table in risk.tables
    ]
    rows += [
        (f"report-{row.contour_id}", "blue", LEAST_RADIUS_M, row.geometry)
        for row in risk.official.itertuples()
        if row.risk_per_year >= lowest * SAME_VALUE
    ]
    open_units = zip(risk.open_units["unit_id"].astype(str), open_radius_m(risk, policy), risk.open_units.geometry, strict=True)
    rows += [(unit_id, "unrated", float(radius_m), geometry) for unit_id, radius_m, geometry in open_units]
    frame = pd.DataFrame(rows, columns=["point_id", "level", "radius_m", "geometry"])
    frame = frame.assign(strength=np.where(frame.level == "unrated", 0.0, 1.0), is_assumption=True, accuracy_m=0.0)
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=risk.official.crs)


def open_radius_m(risk: UnitRisk, policy: Policy) -> Floats:
    """How far around each unit without a figure the ground stays open: the policy's radius, or as far as its explosives are felt."""
    if "explosives_felt_m" in risk.open_units:
        felt_m = risk.open_units["explosives_felt_m"].to_numpy(np.float64)
    else:
        felt_m = np.array([farthest_m(tnt_t) for tnt_t in explosives_most_t(risk)], np.float64)
    reach_m: Floats = np.maximum(policy.unrated_radius_m, felt_m)
    return reach_m


def explosives_t(risk: UnitRisk) -> list[float]:
    """Explosives of each unit without a figure, tonnes of TNT; an edition before they were kept has none."""
    if "explosives_t" not in risk.open_units:
        return [0.0] * len(risk.open_units)
    return [float(amount_t) for amount_t in risk.open_units["explosives_t"]]


def explosives_most_t(risk: UnitRisk) -> list[float]:
    """The most of them that may lie there; the same but where an amount is missing."""
    if "explosives_most_t" not in risk.open_units:
        return explosives_t(risk)
    return [float(amount_t) for amount_t in risk.open_units["explosives_most_t"]]


def _reach_m(table: UnitTable, per_year: float) -> float:
    above = np.flatnonzero(table.table.max(axis=1) >= per_year)
    return float(RADII_M[min(above[-1] + 1, len(RADII_M) - 1)]) if len(above) else LEAST_RADIUS_M
