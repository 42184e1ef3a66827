"""One colour a town, for the report: how its people are exposed, with the counts that stand beside the colour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from layers.crs import require_metric
from layers.scoring.declarations import date_of
from layers.scoring.policy import RATED, Policy, TownRule
from layers.scoring.zoning import RiskSurface

OUTPUT_FIELDS = [
    "feature_id",
    "rating_id",
    "town_code",
    "name",
    "policy",
    "level",
    "index_p95",
    "n_red",
    "n_orange",
    "n_yellow",
    "n_blue",
    "n_unrated",
    "unrated_pct",
    "is_data_short",
    "n_unplaced",
    "n_assumed",
    "n_disputed",
    "geometry",
]


def rate_towns(
    towns: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    surface: RiskSurface,
    *,
    population: NDArray[np.float64] | None = None,
    hidden_dangers: pd.DataFrame | None = None,
    on: date,
) -> gpd.GeoDataFrame:
    """Rows of `town_ratings` under the surface's policy.

    Parameters
    ----------
    towns, points : rows of `towns` and `risk_points`, metric CRS
        A line that crosses several towns counts in each; a source without a position in the town it names.
    population : (rows, cols) of the surface, persons per cell, NaN unknown
        Weights of the percentile. Where a town has no figure all its cells weigh alike and the town is short
        of data. Cells that no source reaches weigh with index 0.
    hidden_dangers : rows of `hidden_dangers`
        A major one, open and past its deadline `on` that day, lifts the town one level.

    Returns
    -------
    GeoDataFrame, one row a town
        ``unrated`` and short of data where no source of the town is rated; that is never blue.
    """
    require_metric(towns)
    require_metric(points)
    policy = surface.policy
    members = _members(towns, points)
    overdue = overdue_major(hidden_dangers, on)
    rows = []
    for number, town in enumerate(towns.to_dict("records")):
        mine = points.iloc[members[number]]
        index, has_people = _town_index(town["geometry"], surface, population)
        rows.append(
            _rating(town, mine, policy, index, has_people, bool(set(mine["enterprise_id"]) & overdue))
        )
    return gpd.GeoDataFrame(rows, columns=OUTPUT_FIELDS, geometry="geometry", crs=towns.crs)


def overdue_major(hidden_dangers: pd.DataFrame | None, on: date) -> frozenset[str]:
    """Enterprises with a major hidden danger that is open past its deadline (the deadline itself is in time)."""
    if hidden_dangers is None or hidden_dangers.empty:
        return frozenset()
    is_open = (hidden_dangers["severity"] == "major") & (hidden_dangers["status"] == "open")
    is_late = [(date_of(deadline) or on) < on for deadline in hidden_dangers["deadline_on"]]
    return frozenset(hidden_dangers["enterprise_id"][is_open & np.array(is_late, dtype=bool)])


def _members(towns: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> list[NDArray[np.int64]]:
    """Positions of the sources of each town: by place, and by the named town for those without one."""
    tree = shapely.STRtree(points.geometry.to_numpy())
    town, source = tree.query(towns.geometry.to_numpy(), predicate="intersects")
    is_unplaced = (points.geometry.isna() | points.geometry.is_empty).to_numpy()
    named = points["town_name"].to_numpy(dtype=object)
    members = []
    for number, name in enumerate(towns["name"]):
        by_name = np.flatnonzero(is_unplaced & (named == name))
        members.append(np.unique(np.concatenate([source[town == number], by_name])))
    return members


def _town_index(
    outline: object, surface: RiskSurface, population: NDArray[np.float64] | None
) -> tuple[float, bool]:
    """The weighted percentile of the index in a town, and whether persons were known; NaN without an index."""
    rule, grid = surface.policy.town, surface.grid
    if rule.method != "percentile" or outline is None:
        return float("nan"), population is not None
    inside = geometry_mask([outline], grid.shape, grid.transform, invert=True)
    is_risk = surface.policy.risk_from is not None  # bounds speak of the risk a year, not of an index
    index = np.nan_to_num((surface.hazard if is_risk else surface.index)[inside].astype(np.float64))
    persons = np.nan_to_num(population[inside]) if population is not None else np.zeros(len(index))
    has_people = bool(persons.sum() > 0)
    weights = persons if has_people else np.ones(len(index))
    return weighted_percentile(index, weights, rule.percentile), has_people


def weighted_percentile(
    values: NDArray[np.float64], weights: NDArray[np.float64], percentile: float
) -> float:
    """The least value that at least `percentile` per cent of the weight does not exceed; NaN without weight.

    >>> weighted_percentile(np.array([10.0, 50.0, 90.0]), np.array([90.0, 5.0, 5.0]), 95)
    50.0
    """
    total = weights.sum()
    if not total > 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order])
    place = np.searchsorted(share, percentile / 100.0 * share[-1] * (1 - 1e-12), side="left")
    return float(values[order][place])


def _rating(
    town: dict[str, Any],
    mine: gpd.GeoDataFrame,
    policy: Policy,
    index: float,
    has_people: bool,
    has_overdue: bool,
) -> dict[str, object]:
    counts = mine["level"].value_counts()
    n_of = {level: int(counts.get(level, 0)) for level in (*RATED, "unrated")}
    n_rated, n_all = len(mine) - n_of["unrated"], len(mine)
    unrated_pct = 100.0 * n_of["unrated"] / n_all if n_all else None
    level = _town_level(policy.town, index, n_of, has_overdue) if n_rated else "unrated"
    is_short = level == "unrated" or not has_people or (unrated_pct or 0.0) > policy.town.max_unrated_pct
    return {
        "feature_id": f"{policy.id}:{town['town_code']}",
        "rating_id": f"{policy.id}:{town['town_code']}",
        "town_code": town["town_code"],
        "name": town["name"],
        "policy": policy.id,
        "level": level,
        "index_p95": None if np.isnan(index) or not n_rated or policy.risk_from is not None else index,
        **{f"n_{name}": count for name, count in n_of.items()},
        "unrated_pct": unrated_pct,
        "is_data_short": is_short,
        "n_unplaced": int((mine.geometry.isna() | mine.geometry.is_empty).sum()),
        "n_assumed": int((mine["is_assumption"] == True).sum()),
        "n_disputed": int((mine["is_disputed"] == True).sum()) if "is_disputed" in mine else 0,
        "geometry": town["geometry"],
    }


def _town_level(rule: TownRule, index: float, n_of: dict[str, int], has_overdue: bool) -> str:
    if rule.method == "maximum":
        level = worst(name for name in RATED if n_of[name])
    else:
        level = rule.cuts.level_of(index)
    is_known = level != "unrated"  # a town beside the grid has no index
    if is_known and (n_of["red"] >= rule.n_red_for_a_step or has_overdue):
        level = RATED[max(0, RATED.index(level) - 1)]
    if not n_of["red"]:
        return level
    return worst([level, rule.red_source_floor]) if is_known else rule.red_source_floor


def worst(levels: Iterable[str]) -> str:
    """The worst of some rated levels."""
    return min(levels, key=RATED.index)
