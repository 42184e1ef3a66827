"""Why a place has its colour: the edition's sources and rasters around it, handed to the scoring."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio.windows
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts, Raster
from app.explained_zones import place_changes
from app.frames import FrameMemory
from app.plain import plain
from app.question import data_behind
from app.risk_memory import RiskMemory
from app.surfaces import VULNERABILITY_BAND, read_window, surface_of
from app.texts import Text
from layers.scoring.cell_sums import Cells
from layers.scoring.counterfactuals import as_dicts
from layers.scoring.explain import Explanation, drawn_level, explain_point
from layers.scoring.grid import Grid
from layers.scoring.policy import load_policy, policies
from layers.scoring.zone_members import zone_members

OUTSIDE_NOTE = Text("该处在辖区以外。")


def explanation(
    connection: sa.Connection,
    facts: EditionFacts,
    frames: FrameMemory,
    lon: float,
    lat: float,
    *,
    policy_id: str,
    home: Path,
    risks: RiskMemory,
) -> dict[str, Any]:
    """Every contribution to the colour of a place.

    Parameters
    ----------
    lon, lat : degrees of the storage CRS
    policy_id : one of the edition's policies
    home : folder below which the edition's rasters lie

    Returns
    -------
    dict
        The answer of ``/api/explain``; its contributions' ``points`` sum to ``index``. Under the policy of individual
        risk their ``risk_per_year`` sum to that of the place, and there is no index.
    """
    answer = _frame_of_answer(facts, lon, lat, policy_id)
    raster, grid = surface_of(facts, policy_id)
    place = shapely.Point(lon, lat)
    x_m, y_m = map(float, shapely.get_coordinates(facts.in_metres(place))[0])
    row, col = grid.cell_of(x_m, y_m)
    if not grid.holds(row, col) or not shapely.intersects(facts.boundary, place):
        return answer | {"notes_zh": [OUTSIDE_NOTE.zh], "notes_en": [OUTSIDE_NOTE.en]}
    around = {"data": data_behind(facts), "zone": _zone(connection, facts, frames, x_m, y_m, policy_id)}
    policy = facts.recorded(policy_id)
    if policy.risk_from is not None:
        return answer | risks.explained(connection, facts, x_m, y_m, grid=grid, policy=policy) | around
    points = _points_around(connection, facts, frames, x_m, y_m, grid.cell_m)
    found = explain_point(
        x_m,
        y_m,
        points,
        policy,
        grid=grid,
        vulnerability=_vulnerability(home, raster, row, col),
    )
    return answer | _told(found, points) | around


def _frame_of_answer(facts: EditionFacts, lon: float, lat: float, policy_id: str) -> dict[str, Any]:
    """What every answer has, filled in for a place outside."""
    policy = next(entry for entry in facts.policies if entry["id"] == policy_id)
    return {
        "point": {"lon": lon, "lat": lat},
        "policy": {name: policy[name] for name in ("id", "title_zh", "title_en")},
        "level": None,
        "index": None,
        "cell": None,
        "state": "outside",
        "contributions": [],
        "unrated": [],
        "footprint_rule": None,
        "zone": None,
        "notes_zh": [],
        "notes_en": [],
        "would_change": [],
        "data": [],
        "versions": facts.meta.get("versions", {}),
        "edition": facts.edition.number,
        "data_as_of": facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else None,
    }


def _points_around(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, x_m: float, y_m: float, cell_m: float
) -> gpd.GeoDataFrame:
    reach_m = facts.largest_radius_m + 2 * cell_m
    bounds_m = (x_m - reach_m, y_m - reach_m, x_m + reach_m, y_m + reach_m)
    points = frames.within(connection, facts, ["risk_points"], [bounds_m])["risk_points"]
    return gpd.GeoDataFrame(points)


def _vulnerability(home: Path, raster: Raster, row: int, col: int) -> float:
    """V of a cell as the edition's raster has it; 1 where it has none."""
    value = read_window(home, raster, rasterio.windows.Window(col, row, 1, 1), (VULNERABILITY_BAND,))[0, 0, 0]
    return 1.0 if np.isnan(value) else float(value)


def _told(found: Explanation, points: pd.DataFrame) -> dict[str, Any]:
    contributions = [dataclasses.asdict(part) for part in found.contributions]
    for contribution in contributions:
        del contribution["position"]
    return {
        "level": drawn_level(found.state, found.level),
        "index": found.index,
        "cell": {"H": found.hazard, "V": found.vulnerability, "C": found.help_factor},
        "state": found.state,
        "contributions": contributions,
        "unrated": list(found.unrated_ids),
        "footprint_rule": dataclasses.asdict(found.footprint_rule) if found.footprint_rule else None,
        "notes_zh": list(found.notes_zh),
        "notes_en": list(found.notes_en),
        "would_change": as_dicts(place_changes(found, points)),
    }


def _zone(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, x_m: float, y_m: float, policy_id: str
) -> dict[str, Any] | None:
    """The zone of a policy that holds a place, its fields as they are."""
    near = frames.within(connection, facts, ["risk_zones"], [(x_m, y_m, x_m, y_m)]).get("risk_zones")
    if near is None:
        return None
    zones = near[near["policy"] == policy_id]
    holding = zones[shapely.intersects(zones.geometry.to_numpy(), shapely.Point(x_m, y_m))]
    return plain(holding.drop(columns=["geometry", "accuracy_m"]).iloc[0].to_dict()) if len(holding) else None


def compile_loops() -> None:
    """Have the numeric loops compiled, so that the first question does not wait for the compiler."""
    texts = ("point_id", "source_layer", "source_feature_id", "name", "kind", "basis", "reason_zh", "reason_en",
             "rule_id", "clause", "responsible_office")  # fmt: skip
    columns: dict[str, list[Any]] = {name: [""] for name in texts}
    columns |= {"level": ["red"], "strength": [1.0], "radius_m": [100.0], "is_assumption": [False]}
    point = gpd.GeoDataFrame(columns, geometry=[shapely.Point(90.0, 90.0)], crs="EPSG:3857")
    grid = Grid.for_area((0.0, 0.0, 200.0, 200.0))
    cells = Cells(grid, np.zeros(1, np.int64), np.zeros(1, np.int64))
    for policy_id in policies():
        if load_policy(policy_id).risk_from is not None:
            continue  # has no index; its tables are made when they are first asked for
        explain_point(90.0, 90.0, point, load_policy(policy_id), grid=grid)
        zone_members(point, load_policy(policy_id), cells)
