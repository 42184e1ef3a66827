"""Stages of the four-colour map: the risk of every cell, the zones these form, one colour a town."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np

from etl.stages.stage import Given, Stage, joined
from etl.surface import population_on_grid
from layers.scoring.affected import is_same_policy, updated_surface
from layers.scoring.cell_vulnerability import neighbouring_plants, vulnerability
from layers.scoring.policy import Policy, load_policy
from layers.scoring.risk_surface import (
    INDIVIDUAL_RISK,
    UnitRisk,
    risk_surface,
    zone_sources,
)
from layers.scoring.targets import strictest_classes
from layers.scoring.tiling import tiled_surface
from layers.scoring.towns import rate_towns
from layers.scoring.zone_polygons import zones
from layers.scoring.zoning import risk_index


def _risk_index(given: Given) -> dict[str, Any]:
    """A risk surface for each policy of the area, on the grid of its home extent."""
    points, grid = given.results["risk_points"], given.grid
    targets = strictest_classes(given.frames["protection_targets"], given.rules.target_sizes)
    plants = neighbouring_plants(given.frames["enterprises"], points)
    persons, mask = persons_on_grid(given), grid.mask_of(given.home_part)
    earlier = {surface.policy.id: surface for surface in given.before.get("risk_index", ())}
    surfaces, told = [], []
    for policy_id in given.area.policies:
        policy = load_policy(policy_id)
        if policy.method == INDIVIDUAL_RISK:
            surfaces.append(risk_surface(UnitRisk.from_plain(given.results["unit_risk"]), grid, policy, mask=mask))
            continue
        v, _ = vulnerability(grid, policy, population=persons, targets=targets, plants=plants)
        was = earlier.get(policy_id)
        if was is not None and was.grid == grid and is_same_policy(was.policy, policy):
            update = updated_surface(was, given.before["risk_points"], points, vulnerability=v, mask=mask)
            surfaces.append(replace(update.surface, policy=policy))
            told.append(f"{policy_id} {update.n_cells:,} / {grid.rows * grid.cols:,} cells")
        elif given.share is not None:
            surfaces.append(tiled_surface(points, grid, policy, vulnerability=v, mask=mask, share=given.share))
        else:
            surfaces.append(risk_index(points, grid, policy, vulnerability=v, mask=mask))
    return {"risk_index": surfaces, "told": ", ".join(told)}


def persons_on_grid(given: Given) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Persons per cell of the grid, None where no raster is loaded."""
    path = given.rasters.get("population")
    return population_on_grid(path, given.grid, given.area) if path else None


def _risk_zones(given: Given) -> dict[str, Any]:
    surfaces = given.results["risk_index"]
    frames = [zones(surface, _sources_under(surface.policy, given), area=given.metric_outline) for surface in surfaces]
    return {"risk_zones": joined(frames, given.area)}


def _sources_under(policy: Policy, given: Given) -> gpd.GeoDataFrame:
    """What a policy takes for sources: the risk points, or under individual risk the units and reports themselves."""
    if policy.method != INDIVIDUAL_RISK:
        points: gpd.GeoDataFrame = given.results["risk_points"]
        return points
    return zone_sources(UnitRisk.from_plain(given.results["unit_risk"]), policy)


def _town_ratings(given: Given) -> dict[str, Any]:
    persons, points = persons_on_grid(given), given.results["risk_points"]
    frames = [
        rate_towns(given.frames["towns"], points, surface, population=persons,
                   hidden_dangers=given.frames.get("hidden_dangers"), on=given.on)
        for surface in given.results["risk_index"]
    ]  # fmt: skip
    return {"town_ratings": joined(frames, given.area)}


RISK_INDEX = Stage(
    "risk_index", "四色分区: 风险指数", "risk of every cell", _risk_index,
    results=("risk_index",), before=("risk_index", "risk_points"),
    layers=("enterprises", "protection_targets", "population"), after=("risk_points", "unit_risk"),
)  # fmt: skip
RISK_ZONES = Stage(
    "risk_zones", "四色分区: 成图", "zones", _risk_zones,
    results=("risk_zones",), after=("risk_points", "risk_index", "unit_risk"),
)  # fmt: skip
TOWN_RATINGS = Stage(
    "town_ratings", "乡镇风险等级", "ratings of towns", _town_ratings,
    results=("town_ratings",), is_dated=True,
    layers=("towns", "hidden_dangers", "population"), after=("risk_points", "risk_index"),
)  # fmt: skip
