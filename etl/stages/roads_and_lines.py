"""Stages along lines: high consequence areas of pipelines, black spots of roads, cover by the fire brigade."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from etl.stages.stage import Given, Stage, town_names
from layers.scoring.black_spots import black_spots
from layers.scoring.fire_cover import FireCover, fire_cover, load_fire_rules
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.road_network import RoadNetwork


def _high_consequence_areas(given: Given) -> dict[str, Any]:
    areas = high_consequence_areas(given.frames, given.rules)
    areas["town_name"] = town_names(areas, given.frames["towns"])
    return {"high_consequence_areas": areas}


def _black_spots(given: Given) -> dict[str, Any]:
    found = black_spots(given.frames)
    found.spots["town_name"] = town_names(found.spots, given.frames["towns"])
    return {"black_spots": found.spots, "accidents": dict(found.n_accidents)}


def _fire_cover(given: Given) -> dict[str, Any]:
    cover = fire_cover(given.frames, given.metric_outline, given.area.metric_crs)
    network = cover.network
    times = {"minutes": cover.road_minutes, "xy_m": np.empty((0, 2)) if network is None else network.xy_m}
    return {"fire_cover": cover.bands, "fire_times": times, "fire_stations": dict(cover.n_stations)}


def cover_from(bands: Any, times: dict[str, Any]) -> FireCover:
    """The cover as far as minutes at places need it, from the results of the stage: times at places of the network."""
    n = len(times["xy_m"])
    network = RoadNetwork(times["xy_m"], csr_matrix((n, n))) if n else None
    return FireCover(bands, {}, network, times["minutes"], load_fire_rules())


HIGH_CONSEQUENCE = Stage(
    "high_consequence_areas", "管道高后果区", "high consequence areas", _high_consequence_areas,
    results=("high_consequence_areas",),
    layers=("pipelines", "pipeline_stations", "buildings", "protection_targets", "roads", "water", "enterprises",
            "hazard_units", "unit_chemicals", "power_lines", "fire_stations", "towns"),
)  # fmt: skip
BLACK_SPOTS = Stage(
    "black_spots", "事故多发点段", "road black spots", _black_spots,
    results=("black_spots", "accidents"), notes=("accidents",),
    layers=("road_accidents", "roads", "road_black_spots", "towns"),
    rules=("black_spots.csv", "standards.csv"),
)  # fmt: skip
FIRE_COVER = Stage(
    "fire_cover", "消防站覆盖", "fire cover", _fire_cover,
    results=("fire_cover", "fire_times", "fire_stations"), notes=("fire_stations",),
    layers=("roads", "fire_stations"),
    rules=("fire_cover.csv", "standards.csv"),
)  # fmt: skip
