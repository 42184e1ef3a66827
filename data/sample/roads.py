"""The road network: trunk roads first, then villages and hamlets, each by the cheapest way to what exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from data.sample.lattices import Lattice
from data.sample.noise import Floats, Rng, rounded
from data.sample.plane import km
from data.sample.routing import Graph, Ints, cheapest_path, paths_to_network, without_loops
from data.sample.size import Size
from data.sample.towns import Towns

CLASSES = (
    "expressway",
    "national_road",
    "provincial_road",
    "county_road",
    "township_road",
    "village_road",
    "street",
)
CLASS_ZH = dict(zip(CLASSES, ("高速公路", "国道", "省道", "县道", "乡道", "村道", "城市道路")))
LAND_WIDTH_M = dict(zip(CLASSES, (62.0, 38.0, 30.0, 22.0, 13.0, 8.0, 24.0)))
WIDTH_BLANK_SHARE = dict(zip(CLASSES, (0.0, 0.0, 0.04, 0.08, 0.15, 0.35, 0.30)))
CARRIAGEWAY_M = dict(zip(CLASSES, (26.0, 15.0, 12.0, 8.5, 6.5, 4.5, 12.0)))
REUSE_FACTOR = 0.5
ROUNDING_SHARE = 0.95
"""Length of the rounded roads relative to the edges that they follow."""
TRUNK_ROUTES: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("G999", "national_road", ((0.5, 18.0), "seat", "hehui", (3.5, -19.0))),
    ("S991", "provincial_road", ((-20.0, 3.5), "qingluo", "seat", "WL03", "longzhu", (21.0, 4.0))),
    ("S992", "provincial_road", ((-13.0, 16.0), "shihe", "GY02", "seat", "HG01", "shuangfeng", (20.0, -6.5))),
    ("X901", "county_road", ("bailuwan", "seat")),
    ("X902", "county_road", ("shihe", "bailuwan", "longzhu")),
    ("X903", "county_road", ("longzhu", "shuangfeng")),
    ("X904", "county_road", ("seat", "wangxi", "hehui")),
    ("X905", "county_road", ("wangxi", "yuntaiping", "qingluo")),
    ("X906", "county_road", ("hehui", "HG01")),
    ("X907", "county_road", ("qingluo", "shihe")),
    ("X908", "county_road", ("bailuwan", (6.0, 18.0))),
)
EXPRESSWAY = ("G9991 沧枫高速", ((-4.5, 18.0), (3.0, 5.6), (6.2, -0.6), (11.2, -7.0), (16.0, -12.0)))
EXPRESSWAY_TOWN_CLEARANCE_M = 260.0
INTERCHANGES_KM = ((3.0, 5.6), (10.9, -6.9))


@dataclass
class Network:
    """Edges of the graph that carry a road: best class (position in `CLASSES`) and route, -1 and "" for none.

    `length_km` is the length of all roads along the edges.
    """

    graph: Graph
    edge_class: Ints
    edge_route: NDArray[np.object_]

    def __post_init__(self) -> None:
        pairs = self.graph.edges.tolist()
        self._edge_of = {(a, b): i for i, (a, b) in enumerate(pairs)}
        self.length_km = float(self.graph.length_m[self.edge_class >= 0].sum()) / 1000

    @property
    def nodes(self) -> Ints:
        """Nodes on any road."""
        return np.unique(self.graph.edges[self.edge_class >= 0])

    def weights(self) -> Floats:
        """Cost of edges, cheap where a road is there already."""
        return np.asarray(self.graph.cost_m * np.where(self.edge_class >= 0, REUSE_FACTOR, 1.0))

    def lay(self, path: list[int], road_class: str, route: str) -> None:
        """Make a road along a path; an edge keeps the better class that it has, streets stay streets."""
        rank = CLASSES.index(road_class)
        for a, b in zip(path[:-1], path[1:]):
            edge = self._edge_of.get((a, b), self._edge_of.get((b, a), -1))
            has_none, is_street = self.edge_class[edge] < 0, self.graph.is_street[edge]
            if has_none or (not is_street and rank < self.edge_class[edge]):
                self.edge_class[edge], self.edge_route[edge] = rank, route
                self.length_km += float(self.graph.length_m[edge]) / 1000 if has_none else 0.0


def build_roads(
    rng: Rng, graph: Graph, towns: Towns, lattices: dict[str, Lattice], hamlets: pd.DataFrame, size: Size
) -> pd.DataFrame:
    """Roads between junctions: ``road_id``, ``name``, ``road_class``, ``land_width_m``, ``geometry``."""
    network = Network(
        graph,
        np.where(graph.is_street, CLASSES.index("street"), -1),
        np.where(graph.is_street, "街", "").astype(object),
    )
    expressway, ramps = _expressway(graph, lattices)
    _lay_trunk_routes(network, list(lattices))
    _lay_ramps(network, ramps)
    _lay_settlement_roads(network, hamlets)
    _lay_extra_links(rng, network, hamlets, size, shapely.length(expressway) / 1000)
    chains = _chains(network)
    chains = [
        (CLASSES.index("expressway"), EXPRESSWAY[0], expressway),
        *chains,
        *_ramp_lines(network, expressway, ramps),
    ]
    return _features(rng, chains, towns)


def _expressway(graph: Graph, lattices: dict[str, Lattice]) -> tuple[shapely.LineString, Ints]:
    """Centreline kept away from the towns, and the nodes at its interchanges."""
    hull = shapely.buffer(
        shapely.union_all([lattice.hull for lattice in lattices.values()]), EXPRESSWAY_TOWN_CLEARANCE_M
    )
    near_town = _inside(hull, graph.nodes)[graph.edges].any(axis=1)
    matrix = graph.matrix(
        np.sqrt(graph.cost_m * graph.length_m) * np.where(near_town | graph.is_street, 40.0, 1.0)
    )
    stops = [graph.nearest(km(*place)) for place in EXPRESSWAY[1]]
    path = [stops[0]]
    for start, end in zip(stops[:-1], stops[1:]):
        path += cheapest_path(matrix, start, end)[1:]
    line = shapely.simplify(shapely.LineString(graph.nodes[without_loops(path)]), 260.0)
    smooth = shapely.LineString(rounded(shapely.get_coordinates(line), rounds=4))
    return smooth, np.array([graph.nearest(km(*place)) for place in INTERCHANGES_KM])


def _inside(surface: shapely.Geometry, nodes: Floats) -> NDArray[np.bool_]:
    shapely.prepare(surface)
    return np.asarray(shapely.contains_xy(surface, nodes[:, 0], nodes[:, 1]))


def _lay_trunk_routes(network: Network, lattice_ids: list[str]) -> None:
    graph = network.graph
    for route, road_class, stops in TRUNK_ROUTES:
        nodes = [_stop_node(graph, lattice_ids, stop) for stop in stops]
        for start, end in zip(nodes[:-1], nodes[1:]):
            network.lay(cheapest_path(graph.matrix(network.weights()), start, end), road_class, route)


def _stop_node(graph: Graph, lattice_ids: list[str], stop: object) -> int:
    if isinstance(stop, str):
        number = lattice_ids.index(stop)
        return graph.nearest(graph.nodes[graph.lattice_of == number].mean(axis=0), lattice=number)
    return graph.nearest(km(*stop))  # type: ignore[misc]


def _lay_ramps(network: Network, ramps: Ints) -> None:
    paths = paths_to_network(network.graph.matrix(network.weights()), network.nodes, ramps)
    for path in paths:
        network.lay(path, "county_road", "互通连接线")


def _ramp_lines(
    network: Network, expressway: shapely.LineString, ramps: Ints
) -> list[tuple[int, str, shapely.LineString]]:
    """From each interchange node to the carriageway."""
    ends = shapely.points(network.graph.nodes[ramps])
    feet = [expressway.interpolate(expressway.project(point)) for point in ends]
    rank = CLASSES.index("county_road")
    return [
        (rank, "互通连接线", shapely.LineString([a, b])) for a, b in zip(ends, feet) if a.distance(b) > 1.0
    ]


def _lay_settlement_roads(network: Network, hamlets: pd.DataFrame) -> None:
    """Township roads to the villages, then village roads to the other hamlets."""
    is_centre = hamlets["is_centre"].to_numpy(bool)
    for chosen, road_class in ((is_centre, "township_road"), (~is_centre, "village_road")):
        ends = hamlets["node"].to_numpy()[chosen]
        names = hamlets["village_name"].to_numpy()[chosen]
        paths = paths_to_network(network.graph.matrix(network.graph.cost_m), network.nodes, ends)
        for path, name in zip(paths, names):
            network.lay(path, road_class, f"{name}路" if road_class == "village_road" else f"{name[:-1]}公路")


def _lay_extra_links(
    rng: Rng, network: Network, hamlets: pd.DataFrame, size: Size, expressway_km: float
) -> None:
    """Short links between neighbouring hamlets until the wanted length is there."""
    xy = network.graph.nodes[hamlets["node"].to_numpy()]
    triangles = Delaunay(xy).simplices
    pairs = np.unique(
        np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]]), axis=1),
        axis=0,
    )
    gap_m = np.hypot(*(xy[pairs[:, 0]] - xy[pairs[:, 1]]).T)
    order = np.argsort(gap_m * rng.uniform(0.6, 1.6, len(pairs)))
    nodes, names = hamlets["node"].to_numpy(), hamlets["village_name"].to_numpy()
    matrix = network.graph.matrix(network.weights())
    for number, pair in enumerate(order):
        if network.length_km * ROUNDING_SHARE + expressway_km >= size.road_length_km:
            return
        if number % 40 == 39:
            matrix = network.graph.matrix(network.weights())
        a, b = pairs[pair]
        path = cheapest_path(matrix, int(nodes[a]), int(nodes[b]), limit=2.2 * gap_m[pair])
        network.lay(path, "village_road", f"{names[a]}路")


def _chains(network: Network) -> list[tuple[int, str, shapely.LineString]]:
    """Edges of one class and route between junctions joined to lines, rounded between their ends."""
    kept = np.flatnonzero(network.edge_class >= 0)
    at: dict[int, list[int]] = {}
    for edge in kept:
        for node in network.graph.edges[edge]:
            at.setdefault(int(node), []).append(int(edge))
    kind = {int(e): (int(network.edge_class[e]), str(network.edge_route[e])) for e in kept}
    is_end = {node: len(edges) != 2 or kind[edges[0]] != kind[edges[1]] for node, edges in at.items()}
    done: set[int] = set()
    chains = []
    for node in sorted(node for node, ends in is_end.items() if ends):
        for edge in at[node]:
            if edge not in done:
                path = _walk(network.graph.edges, at, is_end, done, node, edge)
                chains.append((*kind[edge], _road_line(network.graph, path, kind[edge][0])))
    return chains


def _walk(
    edges: Ints, at: dict[int, list[int]], is_end: dict[int, bool], done: set[int], node: int, edge: int
) -> list[int]:
    path = [node]
    while True:
        done.add(edge)
        a, b = (int(v) for v in edges[edge])
        path.append(b if path[-1] == a else a)
        if is_end[path[-1]]:
            return path
        edge = next(e for e in at[path[-1]] if e not in done)


def _road_line(graph: Graph, path: list[int], rank: int) -> shapely.LineString:
    line = shapely.LineString(graph.nodes[path])
    if CLASSES[rank] == "street":
        return line
    tolerance = 55.0 if rank <= CLASSES.index("county_road") else 38.0
    return shapely.LineString(rounded(shapely.get_coordinates(shapely.simplify(line, tolerance)), rounds=3))


def _features(rng: Rng, chains: list[tuple[int, str, shapely.LineString]], towns: Towns) -> pd.DataFrame:
    """Chains cut at the county's border, numbered and given a width."""
    lines = shapely.intersection(np.array([line for _, _, line in chains], dtype=object), towns.outline)
    ranks, routes = [rank for rank, _, _ in chains], [route for _, route, _ in chains]
    frame = pd.DataFrame({"rank": ranks, "name": routes, "geometry": lines})
    frame = frame[shapely.length(frame["geometry"].to_numpy()) > 8.0].sort_values(
        ["rank", "name"], kind="stable"
    )
    frame = frame.reset_index(drop=True)
    frame["road_class"] = [CLASSES[rank] for rank in frame["rank"]]
    frame["road_id"] = [f"DL{number:05d}" for number in range(1, len(frame) + 1)]
    frame["name"] = [_road_name(name, rank) for name, rank in zip(frame["name"], frame["rank"])]
    width = frame["road_class"].map(LAND_WIDTH_M).to_numpy()
    blank = rng.random(len(frame)) < frame["road_class"].map(WIDTH_BLANK_SHARE).to_numpy()
    frame["land_width_m"] = np.where(blank, np.nan, width)
    return frame.drop(columns="rank")


def _road_name(route: str, rank: int) -> str:
    return (
        "" if route == "街" else f"{CLASS_ZH[CLASSES[rank]]}{route}" if route[0] in "GSX" and rank else route
    )
