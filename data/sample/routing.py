"""A graph over the ground on which roads and pipelines are routed at least cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from data.sample.lattices import Lattice, street_edges
from data.sample.noise import Floats, Rng, fractal_field, sampled
from data.sample.terrain import HALF_HEIGHT_M, HALF_WIDTH_M, Terrain
from data.sample.towns import Towns

Ints = NDArray[np.int64]

EASY_SLOPE = 0.055
"""Gradient at which a road's cost per metre doubles."""
RIVER_FACTOR, RESERVOIR_FACTOR = 11.0, 60.0
JITTER_SHARE = 0.36
DETOUR_STRENGTH = 0.55
"""Spread of a random cost of the ground (fields, groves, owners), so that ways bend on flat land too."""
BEYOND_BORDER_M = 500.0


@dataclass(frozen=True)
class Graph:
    """Nodes and undirected edges; `cost_m` is the length weighted by slope and water.

    `lattice_of` names the street grid of a node (-1 for open land), `is_street` marks edges of the grids.
    """

    nodes: Floats
    edges: Ints
    cost_m: Floats
    length_m: Floats
    lattice_of: Ints
    is_street: NDArray[np.bool_]

    def nearest(self, place: Floats, *, lattice: int | None = None) -> int:
        """Node nearest to a place, of one street grid where asked."""
        distance = np.hypot(*(self.nodes - place).T)
        if lattice is not None:
            distance = np.where(self.lattice_of == lattice, distance, np.inf)
        return int(distance.argmin())

    def matrix(self, weight: Floats) -> csr_array:
        """Symmetric matrix of edge weights for the searches below."""
        return weight_matrix(self.edges, weight, len(self.nodes))


def weight_matrix(edges: Ints, weight: Floats, n_nodes: int) -> csr_array:
    """Both directions of undirected edges as a sparse matrix, shape (n_nodes, n_nodes)."""
    ends = np.concatenate([edges, edges[:, ::-1]])
    return coo_array(
        (np.concatenate([weight, weight]), (ends[:, 0], ends[:, 1])), shape=(n_nodes, n_nodes)
    ).tocsr()


def build_graph(
    rng: Rng, terrain: Terrain, towns: Towns, lattices: dict[str, Lattice], *, cell_m: float
) -> Graph:
    """Jittered grid over the open land, joined to the street grids."""
    hull = shapely.buffer(shapely.union_all([lattice.hull for lattice in lattices.values()]), 0.55 * cell_m)
    shapely.prepare(hull)
    open_nodes, open_edges = _open_land(rng, towns, hull, cell_m)
    nodes, edges, lattice_of = [open_nodes], [open_edges], [np.full(len(open_nodes), -1)]
    is_street = [np.zeros(len(open_edges), bool)]
    tree, count = cKDTree(open_nodes), len(open_nodes)
    for number, lattice in enumerate(lattices.values()):
        grid_nodes, grid_edges, links = _joined_lattice(lattice, tree, cell_m, count)
        nodes.append(grid_nodes)
        lattice_of.append(np.full(len(grid_nodes), number))
        edges += [grid_edges, links]
        is_street += [np.ones(len(grid_edges), bool), np.zeros(len(links), bool)]
        count += len(grid_nodes)
    ground = np.exp(DETOUR_STRENGTH * fractal_field(rng, (300, 330), exponent=1.7))
    return _weighted(
        terrain,
        ground,
        np.concatenate(nodes),
        np.concatenate(edges),
        np.concatenate(lattice_of),
        np.concatenate(is_street),
    )


def _open_land(rng: Rng, towns: Towns, hull: shapely.Geometry, cell_m: float) -> tuple[Floats, Ints]:
    shape = (int(2 * HALF_HEIGHT_M / cell_m), int(2 * HALF_WIDTH_M / cell_m))
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    xy = np.stack([(columns + 0.5) * cell_m - HALF_WIDTH_M, (rows + 0.5) * cell_m - HALF_HEIGHT_M], axis=-1)
    xy = xy + rng.uniform(-JITTER_SHARE, JITTER_SHARE, xy.shape) * cell_m
    wide = shapely.buffer(towns.outline, BEYOND_BORDER_M)
    shapely.prepare(wide)
    kept = shapely.contains_xy(wide, xy[..., 0], xy[..., 1]) & ~shapely.contains_xy(
        hull, xy[..., 0], xy[..., 1]
    )
    number = np.where(kept, np.cumsum(kept).reshape(shape) - 1, -1)
    pairs = [
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
        (number[:-1, 1:], number[1:, :-1]),
    ]
    edges = np.concatenate([np.column_stack([a.ravel(), b.ravel()]) for a, b in pairs])
    return xy[kept], edges[(edges >= 0).all(axis=1)]


def _joined_lattice(lattice: Lattice, tree: cKDTree, cell_m: float, offset: int) -> tuple[Floats, Ints, Ints]:
    """Kept nodes of a street grid, its streets, and links from its rim to the open land."""
    kept = lattice.is_kept.ravel()
    number = np.cumsum(kept) - 1
    nodes = lattice.nodes.reshape(-1, 2)[kept]
    edges = number[street_edges(lattice)]
    degree = np.bincount(edges.ravel(), minlength=len(nodes))
    rim = np.flatnonzero(degree < 4)
    distance, near = tree.query(nodes[rim], k=3, distance_upper_bound=2.4 * cell_m)
    found = np.isfinite(distance)
    links = np.column_stack([np.repeat(rim, found.sum(axis=1)) + offset, near[found]])
    return nodes, edges + offset, links


def _weighted(
    terrain: Terrain,
    ground: Floats,
    nodes: Floats,
    edges: Ints,
    lattice_of: Ints,
    is_street: NDArray[np.bool_],
) -> Graph:
    height = terrain.height_at(nodes)
    length = np.maximum(np.hypot(*(nodes[edges[:, 0]] - nodes[edges[:, 1]]).T), 1.0)
    slope = np.abs(height[edges[:, 0]] - height[edges[:, 1]]) / length
    factor = 1 + np.minimum((slope / EASY_SLOPE) ** 2, 14.0)
    cost = sampled(ground, *((nodes.T + [[HALF_WIDTH_M], [HALF_HEIGHT_M]]) / 125.0)[::-1])
    factor *= (cost[edges[:, 0]] + cost[edges[:, 1]]) / 2
    factor *= np.where(_touches(terrain.water, nodes)[edges].any(axis=1), RIVER_FACTOR, 1.0)
    pools = shapely.union_all(list(terrain.reservoirs.values()))
    factor *= np.where(_touches(pools, nodes)[edges].any(axis=1), RESERVOIR_FACTOR, 1.0)
    factor = np.where(is_street, 0.6, factor)
    return Graph(nodes, edges, length * factor, length, lattice_of, is_street)


def _touches(surface: shapely.Geometry, nodes: Floats) -> NDArray[np.bool_]:
    shapely.prepare(surface)
    return np.asarray(shapely.intersects_xy(surface, nodes[:, 0], nodes[:, 1]))


def cheapest_path(matrix: csr_array, start: int, end: int, *, limit: float = np.inf) -> list[int]:
    """Nodes from start to end, both included; empty where there is no way within the limit."""
    cost, before = dijkstra(matrix, indices=start, return_predecessors=True, limit=limit)
    if not np.isfinite(cost[end]):
        return []
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def without_loops(path: list[int]) -> list[int]:
    """A path with every detour that returns to one of its own nodes cut out."""
    last = {node: position for position, node in enumerate(path)}
    result, position = [], 0
    while position < len(path):
        result.append(path[position])
        position = last[path[position]] + 1
    return result


def paths_to_network(matrix: csr_array, network: Ints, ends: Ints) -> list[list[int]]:
    """For each end the cheapest way to the nearest network node; ways join, none runs beside another."""
    _, before, _ = dijkstra(matrix, indices=network, return_predecessors=True, min_only=True)
    paths = []
    for end in ends:
        path = [int(end)]
        while before[path[-1]] >= 0:
            path.append(int(before[path[-1]]))
        paths.append(path)
    return paths
