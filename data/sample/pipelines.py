"""Transmission pipelines across the county and pressure pipes inside the parks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import shapely
import shapely.ops
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from data.sample.lattices import Lattice, street_edges
from data.sample.markers import stated_m
from data.sample.noise import Floats, Rng
from data.sample.plane import km
from data.sample.routing import Graph, cheapest_path, weight_matrix, without_loops
from data.sample.size import Size
from data.sample.towns import Towns

TRANSMISSION_LENGTH_KM = 49.1
SETTLEMENT_CLEARANCE_M, SETTLEMENT_FACTOR, TOWN_FACTOR = 300.0, 14.0, 60.0
BEND_TOLERANCE_M = 75.0
HIGH_CONSEQUENCE_VILLAGE = "竹林店村"
TRUNK_OFFSET_M = 125.0
"""How far the trunk line runs from the middle of that village."""
REROUTE_START_SHARE, REROUTE_LENGTH_M, REROUTE_OFFSET_M = 0.22, 2300.0, 330.0


@dataclass(frozen=True)
class LinePlan:
    """A transmission line: where it runs (km, or names of planted villages) and what it carries."""

    id: str
    name: str
    operator: str
    medium: str
    diameter_mm: float
    pressure_mpa: float
    in_service_on: date
    stops: tuple[object, ...]


TRUNK = LinePlan(
    "GD-SQ01",
    "沧枫输气干线",
    "川枫天然气管道有限公司",
    "natural_gas",
    813.0,
    10.0,
    date(2009, 6, 18),
    ((7.0, 19.0), (8.6, 8.2), (9.4, 3.0), HIGH_CONSEQUENCE_VILLAGE, (22.0, -9.0)),
)
PRODUCTS = LinePlan(
    "GD-CP01",
    "南枫成品油管道",
    "南枫成品油管道有限公司",
    "refined_product",
    273.1,
    8.0,
    date(2006, 11, 3),
    ((-3.5, -19.0), (0.6, -9.6), (6.0, -8.6)),
)
BRANCH = LinePlan(
    "GD-SQ02",
    "沧阳输气支线",
    "川枫天然气管道有限公司",
    "natural_gas",
    323.9,
    6.3,
    date(2014, 9, 30),
    ((9.4, 3.0), (2.6, 4.6), (-2.4, 8.0), (-9.5, 13.0)),
)
REROUTED_ON = date(2023, 6, 20)


def build_transmission(graph: Graph, towns: Towns, hamlets: pd.DataFrame) -> pd.DataFrame:
    """Transmission lines in plane metres; those in service measure `TRANSMISSION_LENGTH_KM` together."""
    trunk = _routed(TRUNK, graph, towns, hamlets)
    products = _routed(PRODUCTS, graph, towns, hamlets)
    branch_start = shapely.Point(km(*BRANCH.stops[0]))  # type: ignore[misc]
    junction = trunk.interpolate(trunk.project(branch_start))
    branch = _routed(BRANCH, graph, towns, hamlets)
    branch = shapely.LineString([*junction.coords, *branch.coords[1:]])
    parts = _rerouted(trunk)
    used = (
        sum(line.length for line, _ in parts.values() if line is not parts["GD-SQ01-03"][0]) + products.length
    )
    branch = shapely.ops.substring(branch, 0, TRANSMISSION_LENGTH_KM * 1000 - used)
    rows = [_row(TRUNK, line_id, line, start_m) for line_id, (line, start_m) in parts.items()]
    rows += [_row(PRODUCTS, "GD-CP01", products, 0.0), _row(BRANCH, "GD-SQ02", branch, 0.0)]
    return _with_reroute_facts(pd.DataFrame(rows))


def _row(plan: LinePlan, line_id: str, line: shapely.LineString, start_m: float) -> dict[str, object]:
    return {
        "pipeline_id": line_id,
        "name": plan.name,
        "operator": plan.operator,
        "kind": "transmission",
        "medium": plan.medium,
        "diameter_mm": plan.diameter_mm,
        "pressure_mpa": plan.pressure_mpa,
        "in_service_on": plan.in_service_on,
        "start_chainage_m": round(start_m, 1),
        "is_buried": True,
        "status": "operating",
        "geometry": line,
    }


def _with_reroute_facts(frame: pd.DataFrame) -> pd.DataFrame:
    old, new = frame["pipeline_id"] == "GD-SQ01-03", frame["pipeline_id"] == "GD-SQ01-02"
    frame.loc[old, "status"] = "abandoned"
    frame.loc[old, "name"] = f"{TRUNK.name}(废弃旧段)"
    frame.loc[new, "in_service_on"] = REROUTED_ON
    frame.loc[new, "name"] = f"{TRUNK.name}(改线段)"
    return frame


def _routed(plan: LinePlan, graph: Graph, towns: Towns, hamlets: pd.DataFrame) -> shapely.LineString:
    """Way that keeps off settlements and bends seldom, cut at the border."""
    matrix = graph.matrix(graph.cost_m * _avoidance(graph, hamlets))
    nodes = [_stop(graph, hamlets, stop) for stop in plan.stops]
    path = [nodes[0]]
    for start, end in zip(nodes[:-1], nodes[1:]):
        path += cheapest_path(matrix, start, end)[1:]
    line = shapely.simplify(shapely.LineString(graph.nodes[without_loops(path)]), BEND_TOLERANCE_M)
    inside = shapely.get_parts(shapely.intersection(line, towns.outline))
    return max(inside, key=lambda part: part.length)


def _avoidance(graph: Graph, hamlets: pd.DataFrame) -> Floats:
    others = hamlets[hamlets["village_name"] != HIGH_CONSEQUENCE_VILLAGE]
    distance, _ = cKDTree(others[["x", "y"]].to_numpy()).query(graph.nodes)
    factor = np.where(distance < SETTLEMENT_CLEARANCE_M, SETTLEMENT_FACTOR, 1.0)
    factor = np.where(graph.lattice_of >= 0, TOWN_FACTOR, factor)
    return np.asarray(factor[graph.edges].max(axis=1))


def _stop(graph: Graph, hamlets: pd.DataFrame, stop: object) -> int:
    if isinstance(stop, str):
        village = hamlets[hamlets["village_name"] == stop].iloc[0]
        return graph.nearest(
            np.array([village["x"] - TRUNK_OFFSET_M * 0.7, village["y"] - TRUNK_OFFSET_M * 0.7])
        )
    return graph.nearest(km(*stop))  # type: ignore[misc]


def _rerouted(trunk: shapely.LineString) -> dict[str, tuple[shapely.LineString, float]]:
    """Trunk as built: before, new stretch, old stretch, after; with the chainage at which each begins.

    The posts after the reroute kept theirs, so the new stretch ends at a chainage equation.
    """
    start = trunk.length * REROUTE_START_SHARE
    end = start + REROUTE_LENGTH_M
    before, old, after = (
        shapely.ops.substring(trunk, a, b) for a, b in ((0, start), (start, end), (end, trunk.length))
    )
    first, last = np.array(old.coords[0]), np.array(old.coords[-1])
    across = np.array([-(last - first)[1], (last - first)[0]]) / np.hypot(*(last - first))
    bulge = [
        first + (last - first) * share + across * REROUTE_OFFSET_M * rise
        for share, rise in ((0.16, 0.9), (0.5, 1.05), (0.83, 0.92))
    ]
    new = shapely.LineString([first, *bulge, last])
    return {
        "GD-SQ01-01": (before, 0.0),
        "GD-SQ01-02": (new, start),
        "GD-SQ01-03": (old, start),
        "GD-SQ01-04": (after, end),
    }


INDUSTRIAL_MEDIA = (
    ("steam", "蒸汽", 0.34, (108.0, 426.0), (0.8, 3.8)),
    ("chemical", "物料", 0.30, (57.0, 219.0), (0.4, 1.6)),
    ("natural_gas", "天然气", 0.12, (89.0, 325.0), (0.4, 1.6)),
    ("petrochemical", "原料", 0.12, (89.0, 273.0), (0.6, 2.5)),
    ("hydrogen", "氢气", 0.07, (57.0, 159.0), (1.6, 4.0)),
    ("lpg", "液化气", 0.05, (57.0, 108.0), (1.0, 2.2)),
)
RACK_SPACING_M = 0.6
PARK_SHARE = {"HG01": 0.82, "GY02": 0.12, "WL03": 0.06}


def build_industrial(rng: Rng, lattices: dict[str, Lattice], size: Size) -> pd.DataFrame:
    """Pressure pipes along the parks' streets, each on its own place of the rack."""
    rows: list[dict[str, object]] = []
    for park_id, share in PARK_SHARE.items():
        left_m = size.pipe_length_km * 1000 * share
        while left_m > 0:
            line = _rack_pipe(rng, lattices[park_id], len(rows))
            if line.length > left_m:
                line = shapely.ops.substring(line, 0, left_m)
            left_m = left_m - line.length if left_m - line.length > 1.0 else 0.0
            rows.append(_industrial_row(rng, park_id, len(rows) + 1, line))
    return pd.DataFrame(rows)


def _rack_pipe(rng: Rng, lattice: Lattice, number: int) -> shapely.LineString:
    kept = np.flatnonzero(lattice.is_kept.ravel())
    nodes = lattice.nodes.reshape(-1, 2)
    edges = street_edges(lattice)
    length = np.hypot(*(nodes[edges[:, 0]] - nodes[edges[:, 1]]).T) * rng.uniform(0.8, 1.2, len(edges))
    matrix = weight_matrix(edges, length, len(nodes))
    path: list[int] = []
    while len(path) < 4:
        start, end = rng.choice(kept, 2, replace=False)
        path = cheapest_path(matrix, int(start), int(end))
    side = 14.0 + (number % 24) * RACK_SPACING_M
    return shapely.offset_curve(shapely.LineString(nodes[path]), side, join_style="mitre")


def _industrial_row(rng: Rng, park_id: str, number: int, line: shapely.LineString) -> dict[str, object]:
    shares = np.array([row[2] for row in INDUSTRIAL_MEDIA])
    medium, word, _, diameter, pressure = INDUSTRIAL_MEDIA[
        int(rng.choice(len(shares), p=shares / shares.sum()))
    ]
    return {
        "pipeline_id": f"GY-{park_id}-{number:03d}",
        "name": f"{park_id}{word}管{number:03d}",
        "operator": f"{park_id}公用工程公司",
        "kind": "industrial",
        "medium": medium,
        "diameter_mm": float(rng.choice(_standard_sizes(diameter))),
        "pressure_mpa": round(float(rng.uniform(*pressure)), 1),
        "in_service_on": date(int(rng.integers(2006, 2025)), int(rng.integers(1, 13)), 15),
        "start_chainage_m": 0.0,
        "is_buried": bool(rng.random() < 0.15),
        "status": "operating" if rng.random() < 0.95 else "suspended",
        "geometry": line,
    }


def _standard_sizes(bounds: tuple[float, float]) -> NDArray[np.float64]:
    sizes = np.array([57.0, 76.0, 89.0, 108.0, 133.0, 159.0, 219.0, 273.0, 325.0, 426.0])
    return sizes[(sizes >= bounds[0]) & (sizes <= bounds[1])]


def build_stations(transmission: pd.DataFrame) -> pd.DataFrame:
    """Stations and valve rooms on the lines, with their chainage in metres."""
    by_id = transmission.set_index("pipeline_id")
    plans = (
        ("ZC01", "GD-SQ01-01", "白鹭1号阀室", "valve_room", 0.45),
        ("ZC02", "GD-SQ01-04", "龙竹分输站", "station", 0.12),
        ("ZC03", "GD-SQ01-04", "双枫2号阀室", "valve_room", 0.72),
        ("ZC04", "GD-CP01", "望溪阀室", "valve_room", 0.40),
        ("ZC05", "GD-CP01", "云沧成品油库", "depot", 1.0),
        ("ZC06", "GD-SQ02", "沧阳门站", "station", 0.62),
        ("ZC07", "GD-SQ02", "工业园末站", "station", 1.0),
    )
    rows = []
    for station_id, line_id, name, kind, share in plans:
        line, start = by_id.loc[line_id, "geometry"], by_id.loc[line_id, "start_chainage_m"]
        rows.append(
            {
                "station_id": station_id,
                "pipeline_id": line_id,
                "name": name,
                "kind": kind,
                "chainage_m": stated_m(line_id, start, share * line.length),
                "geometry": line.interpolate(share, normalized=True),
            }
        )
    return pd.DataFrame(rows)
