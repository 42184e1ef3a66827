"""A national railway, a high-speed one, a siding into the chemical park and a planned branch, cut into stretches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
import shapely.ops
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

from data.sample.lattices import Lattice
from data.sample.noise import Floats, rounded
from data.sample.plane import km
from data.sample.routing import weight_matrix
from data.sample.terrain import HALF_HEIGHT_M, HALF_WIDTH_M, Terrain

CELL_M = 120.0
HOUSE_CLEARANCE_M, HOUSE_FACTOR = 75.0, 25.0
TOWN_FACTOR, WATER_FACTOR, POOL_FACTOR = 60.0, 4.0, 80.0
BEND_TOLERANCE_M = 12.0
STRETCH_M = 3200.0
SUBURB_M = 700.0
"""How far housing goes on around the county seat's streets."""


@dataclass(frozen=True)
class RailwayPlan:
    """A line: where it runs (km), what it is, and how far its toe lies from the centre of the tracks."""

    id: str
    name: str
    kind: str
    status: str
    outer_offset_m: float | None
    stops_km: tuple[tuple[float, float], ...]


RAILWAYS = (
    RailwayPlan("TL01", "沧枫铁路", "national", "operating", 8.5, ((-17.6, -3.4), (-8.0, -4.6), (1.5, -4.6), (6.2, -5.4), (14.5, -8.6), (18.6, -7.4))),
    RailwayPlan("TL02", "枫南高速铁路", "high_speed", "operating", 9.0, ((-16.6, 6.2), (-9.4, 12.6), (3.0, 13.2))),
    RailwayPlan("TL03", "云沧化工园区专用线", "enterprise", "operating", None, ((6.2, -5.4), (7.7, -5.8))),
    RailwayPlan("TL04", "龙竹支线(规划)", "national", "planned", 8.5, ((8.6, 2.6), (14.2, 3.6), (18.2, 1.4))),
)  # fmt: skip
"""The siding states no offset: how wide its ground is, is not known."""


def build_railways(
    terrain: Terrain, lattices: dict[str, Lattice], outline: shapely.Geometry, buildings: pd.DataFrame, sites: pd.DataFrame
) -> pd.DataFrame:
    """Stretches of at most `STRETCH_M` metres in plane metres, each with the ground it runs through; cut at the border."""
    ground = _ground(terrain, lattices, np.concatenate([buildings["geometry"], sites["geometry"]]))
    rows = []
    for plan in RAILWAYS:
        line = max(shapely.get_parts(shapely.intersection(_routed(plan, *ground), outline)), key=lambda part: part.length)
        for number, stretch in enumerate(_stretches(line), start=1):
            rows.append(
                {
                    "railway_id": f"{plan.id}-{number:02d}",
                    "name": plan.name,
                    "kind": plan.kind,
                    "area_kind": _area_kind(stretch, lattices),
                    "outer_offset_m": plan.outer_offset_m,
                    "status": plan.status,
                    "geometry": stretch,
                }
            )
    return pd.DataFrame(rows)


def _ground(terrain: Terrain, lattices: dict[str, Lattice], occupied: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Nodes of a regular grid, shape (rows, columns, 2), and the cost factor of each."""
    rows, columns = np.mgrid[0 : int(2 * HALF_HEIGHT_M / CELL_M), 0 : int(2 * HALF_WIDTH_M / CELL_M)]
    nodes = np.stack([(columns + 0.5) * CELL_M - HALF_WIDTH_M, (rows + 0.5) * CELL_M - HALF_HEIGHT_M], axis=-1)
    points = shapely.points(nodes)
    near = shapely.STRtree(points.ravel()).query(occupied, predicate="dwithin", distance=HOUSE_CLEARANCE_M)[1]
    factor = np.ones(points.size)
    factor[np.unique(near)] = HOUSE_FACTOR
    factor = factor.reshape(points.shape)
    for surface, times in (
        (shapely.union_all([lattice.hull for lattice in lattices.values()]), TOWN_FACTOR),
        (terrain.water, WATER_FACTOR),
        (shapely.union_all(list(terrain.reservoirs.values())), POOL_FACTOR),
    ):
        shapely.prepare(surface)
        factor = np.where(shapely.contains(surface, points), np.maximum(factor, times), factor)
    return nodes, factor


def _routed(plan: RailwayPlan, nodes: Floats, factor: Floats) -> shapely.LineString:
    """Cheapest way over the grid from stop to stop, with wide bends."""
    flat = nodes.reshape(-1, 2)
    number = np.arange(len(flat)).reshape(factor.shape)
    pairs = ((number[:, :-1], number[:, 1:]), (number[:-1], number[1:]), (number[:-1, :-1], number[1:, 1:]), (number[:-1, 1:], number[1:, :-1]))
    edges = np.concatenate([np.column_stack([a.ravel(), b.ravel()]) for a, b in pairs])
    length = np.hypot(*(flat[edges[:, 0]] - flat[edges[:, 1]]).T)
    matrix = weight_matrix(edges, length * factor.ravel()[edges].mean(axis=1), len(flat))
    stops = [int(np.hypot(*(flat - km(*stop)).T).argmin()) for stop in plan.stops_km]
    path = [stops[0]]
    for start, end in zip(stops[:-1], stops[1:]):
        path += _path(dijkstra(matrix, indices=start, return_predecessors=True)[1], start, end)
    bends = shapely.get_coordinates(shapely.simplify(shapely.LineString(flat[path]), BEND_TOLERANCE_M))
    return shapely.LineString(rounded(bends, rounds=3))


def _path(before: Floats, start: int, end: int) -> list[int]:
    """Nodes after `start` as far as `end`."""
    path = [end]
    while int(before[path[-1]]) != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _stretches(line: shapely.LineString) -> list[shapely.LineString]:
    count = max(int(np.ceil(line.length / STRETCH_M)), 1)
    ends = np.linspace(0.0, line.length, count + 1)
    return [shapely.ops.substring(line, start, end) for start, end in zip(ends[:-1], ends[1:])]


def _area_kind(stretch: shapely.LineString, lattices: dict[str, Lattice]) -> str:
    """The ground by law: what the stretch's nearest street grid makes of it."""
    distance = {name: shapely.distance(stretch, lattice.hull) for name, lattice in lattices.items() if lattice.plan.use != "park"}
    nearest = min(distance, key=lambda name: distance[name])
    if distance[nearest] > SUBURB_M:
        return "other"
    if nearest != "seat":
        return "village_town_residential"
    return "city_urban" if distance[nearest] < SUBURB_M / 4 else "city_suburb_residential"
