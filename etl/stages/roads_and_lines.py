"""Stages of what is drawn along lines and around installations: high consequence areas, bands, rings, black spots, fire cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_matrix

from etl.stages.stage import Given, Stage, town_names
from layers.scoring.black_spots import black_spots
from layers.scoring.fire_cover import FireCover, fire_cover, load_fire_rules
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.official_rings import official_rings
from layers.scoring.pipeline_lines import pipeline_bands, pipeline_chainage
from layers.scoring.road_network import RoadNetwork

SITE_LAYERS = ("enterprises", "hazard_units")
SITE_FIELDS = ("feature_id", "enterprise_id", "unit_id", "name", "kind", "status", "accuracy_m", "geometry")
"""What every member of a class carries, whatever the class asks for."""
BESIDE_M = 2000.0
"""No rule about the surroundings of a line reaches this far: strips of 200 m, impact radii below 1 km."""


def _sites_beside_lines(given: Given) -> dict[str, Any]:
    """Enterprises and units that a rule about lines may see, with what decides over their classes and no more.

    A stage of its own, so that a change of staff, or of a plant away from every line, leaves the lines alone. An enterprise
    comes with all its units and a unit with its enterprise: where an enterprise has units they stand for it.
    """
    names = {name for entry in given.rules.classes.values() for member in entry.members for name, _ in member.conditions}
    lines = given.frames["pipelines"].geometry.dropna().to_numpy()
    frames = {name: given.frames[name] for name in SITE_LAYERS}
    near = set[str]()
    for frame in frames.values():
        reach_m = BESIDE_M + np.nan_to_num(frame["accuracy_m"].to_numpy(float))
        rows, _ = shapely.STRtree(lines).query(frame.geometry.to_numpy(), predicate="dwithin", distance=reach_m)
        near.update(frame["enterprise_id"].iloc[np.unique(rows)].astype(str))
    found = {}
    for name, frame in frames.items():
        columns = [column for column in frame.columns if column in names or column in SITE_FIELDS]
        mine = frame[frame["enterprise_id"].astype(str).isin(near)]
        found[name] = mine[columns].reset_index(drop=True)
    return {"sites_beside_lines": found}


def _high_consequence_areas(given: Given) -> dict[str, Any]:
    no_amounts = pd.DataFrame({"feature_id": [], "unit_id": [], "cas": [], "amount_t": []}, dtype=object)
    layers = given.frames.plus(unit_chemicals=no_amounts, **given.results["sites_beside_lines"])
    areas = high_consequence_areas(layers, given.rules, on=given.on)
    areas["town_name"] = town_names(areas, given.frames["towns"])
    return {"high_consequence_areas": areas}


def _pipeline_bands(given: Given) -> dict[str, Any]:
    return {"pipeline_bands": pipeline_bands(given.frames, given.rules, on=given.on)}


def _pipeline_chainage(given: Given) -> dict[str, Any]:
    return {"pipeline_chainage": pipeline_chainage(given.frames, given.rules)}


def _official_rings(given: Given) -> dict[str, Any]:
    return {"official_distance_rings": official_rings(given.frames, on=given.on)}


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


SITES_BESIDE_LINES = Stage(
    "sites_beside_lines", "管道沿线企业", "sites beside pipelines", _sites_beside_lines,
    results=("sites_beside_lines",), layers=("pipelines", *SITE_LAYERS),
)  # fmt: skip
HIGH_CONSEQUENCE = Stage(
    "high_consequence_areas", "管道高后果区", "high consequence areas", _high_consequence_areas,
    results=("high_consequence_areas",),
    layers=("pipelines", "pipeline_stations", "pipeline_markers", "buildings", "protection_targets", "roads", "railways", "water",
            "water_source_zones", "nature_areas", "power_lines", "fire_stations", "towns"),
    after=("sites_beside_lines",), dated_rules=("high_consequence",),
)  # fmt: skip
PIPELINE_BANDS = Stage(
    "pipeline_bands", "管道距离带", "bands beside pipelines", _pipeline_bands,
    results=("pipeline_bands",), layers=("pipelines",), is_dated=True,
)  # fmt: skip
PIPELINE_CHAINAGE = Stage(
    "pipeline_chainage", "管道桩号", "chainage along pipelines", _pipeline_chainage,
    results=("pipeline_chainage",), layers=("pipelines", "pipeline_markers", "pipeline_stations"),
)  # fmt: skip
OFFICIAL_RINGS = Stage(
    "official_distance_rings", "评价报告安全距离范围", "reach of reports' distances", _official_rings,
    results=("official_distance_rings",), layers=("official_distances",), is_dated=True,
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
