"""The small table of a sheet: levels within its frame, from the features, not from what ink can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import LEVELS

ZONES, POINTS, CONFLICTS = "risk_zones", "risk_points", "distance_violations"
M2_PER_KM2 = 1e6


@dataclass(frozen=True)
class SheetStatistics:
    """Zone area and number of sources by level, and conflicts; None for a layer that is not on the sheet."""

    area_km2: Mapping[str, float] | None
    n_points: Mapping[str, int] | None
    n_conflicts: int | None


def sheet_statistics(
    layers: Mapping[str, pd.DataFrame], within: BaseGeometry, *, policy: str
) -> SheetStatistics:
    """What the layers hold within an outline.

    Parameters
    ----------
    layers : frames by layer id in the metric CRS
    within : what the map frame covers, or the town of an atlas page, metric CRS
    policy : the policy whose zones count
    """
    return SheetStatistics(
        area_km2=_zone_areas_km2(layers.get(ZONES), within, policy),
        n_points=_points_by_level(layers.get(POINTS), within),
        n_conflicts=_n_within(layers.get(CONFLICTS), within),
    )


def _zone_areas_km2(
    frame: pd.DataFrame | None, within: BaseGeometry, policy: str
) -> dict[str, float] | None:
    if not isinstance(frame, gpd.GeoDataFrame):
        return None
    zones = frame[frame["policy"] == policy] if "policy" in frame.columns else frame
    near = zones[_touching(zones, within)]
    shown = shapely.intersection(shapely.make_valid(np.asarray(near.geometry.array)), within)
    areas = pd.Series(shapely.area(shown), dtype=float).groupby(near["level"].to_numpy()).sum()
    return {level: float(areas.get(level, 0.0)) / M2_PER_KM2 for level in LEVELS}


def _touching(frame: gpd.GeoDataFrame, within: BaseGeometry) -> np.ndarray:
    shapely.prepare(within)
    return shapely.intersects(np.asarray(frame.geometry.array), within)


def _points_by_level(frame: pd.DataFrame | None, within: BaseGeometry) -> dict[str, int] | None:
    if not isinstance(frame, gpd.GeoDataFrame):
        return None
    counts = frame.loc[_touching(frame, within), "level"].value_counts()
    return {level: int(counts.get(level, 0)) for level in LEVELS}


def _n_within(frame: pd.DataFrame | None, within: BaseGeometry) -> int | None:
    if not isinstance(frame, gpd.GeoDataFrame):
        return None
    return int(_touching(frame, within).sum())
