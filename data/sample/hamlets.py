"""Where people live outside the towns: hamlets, grouped into administrative villages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.sample.lattices import Lattice
from data.sample.names import village_names
from data.sample.noise import Floats, Rng
from data.sample.plane import km
from data.sample.routing import Graph
from data.sample.size import Size
from data.sample.terrain import Terrain
from data.sample.towns import TOWN_PLANS, Towns

CANDIDATES_PER_HAMLET = 90
SPACING_SHARE = 0.55
PARK_CLEARANCE_M, TOWN_CLEARANCE_M, WATER_CLEARANCE_M, BORDER_CLEARANCE_M = 900.0, 260.0, 140.0, 320.0
HAMLETS_PER_VILLAGE = 3.3
PLANTED_HAMLETS_KM = {"柳荫村": (-13.2, 4.6), "竹林店村": (13.2, -1.2)}
"""Villages of planted cases: one beside a plant outside the parks, one beside the high-pressure gas line."""


def build_hamlets(
    rng: Rng, terrain: Terrain, towns: Towns, lattices: dict[str, Lattice], graph: Graph, size: Size
) -> pd.DataFrame:
    """Hamlets: ``x``, ``y``, graph ``node``, ``town``, ``village_name``, ``is_centre``, ``n_houses``."""
    xy = _places(rng, terrain, towns, lattices, size)
    open_nodes = np.flatnonzero(graph.lattice_of < 0)
    node = open_nodes[cKDTree(graph.nodes[open_nodes]).query(xy)[1]]
    node, first = np.unique(node, return_index=True)
    order = np.argsort(first)
    node, xy = node[order], graph.nodes[node[order]]
    frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "node": node, "town": towns.town_of(xy)})
    frame["n_houses"] = np.clip(rng.lognormal(4.36, 0.45, len(frame)), 20, 210).round().astype(int)
    return _with_villages(rng, frame[frame["town"] >= 0].reset_index(drop=True))


def _places(rng: Rng, terrain: Terrain, towns: Towns, lattices: dict[str, Lattice], size: Size) -> Floats:
    """Places by weighted dart-throwing: planted ones, then gentle ground; never closer than the spacing."""
    west, south, east, north = towns.outline.bounds
    candidates = rng.uniform([west, south], [east, north], (CANDIDATES_PER_HAMLET * size.n_hamlets, 2))
    allowed = _habitable(terrain, towns, lattices)
    candidates = candidates[shapely.contains_xy(allowed, candidates[:, 0], candidates[:, 1])]
    slope = np.hypot(*terrain.slope_at(candidates).T)
    height = terrain.height_at(candidates)
    weight = np.exp(-slope / 0.09 - np.clip(height - 340, 0, None) / 160)
    order = np.argsort(-np.log(rng.random(len(candidates))) / weight)
    spacing = SPACING_SHARE * np.sqrt(towns.outline.area / size.n_hamlets)
    planted = [km(*place) for place in PLANTED_HAMLETS_KM.values()]
    return _spaced(np.vstack([planted, candidates[order]]), spacing, size.n_hamlets)


def _habitable(terrain: Terrain, towns: Towns, lattices: dict[str, Lattice]) -> shapely.Geometry:
    taken = [
        shapely.buffer(lattice.hull, PARK_CLEARANCE_M if lattice.plan.id == "HG01" else TOWN_CLEARANCE_M)
        for lattice in lattices.values()
    ]
    taken.append(shapely.buffer(terrain.water, WATER_CLEARANCE_M))
    allowed = shapely.difference(shapely.buffer(towns.outline, -BORDER_CLEARANCE_M), shapely.union_all(taken))
    shapely.prepare(allowed)
    return allowed


def _spaced(xy: Floats, spacing_m: float, wanted: int) -> Floats:
    """The first `wanted` places that keep their distance from all earlier ones."""
    near = cKDTree(xy).query_ball_point(xy, spacing_m)
    is_free = np.ones(len(xy), bool)
    chosen: list[int] = []
    for place in range(len(xy)):
        if is_free[place]:
            chosen.append(place)
            is_free[near[place]] = False
            if len(chosen) == wanted:
                break
    return np.asarray(xy[chosen])


def _with_villages(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """Every third hamlet becomes a village's centre; others belong to the nearest centre of their town."""
    is_centre = np.zeros(len(frame), bool)
    is_centre[: len(PLANTED_HAMLETS_KM)] = True
    for town in range(len(TOWN_PLANS)):
        members = np.flatnonzero(frame["town"] == town)
        wanted = max(1, round(len(members) / HAMLETS_PER_VILLAGE))
        is_centre[rng.permutation(members)[:wanted]] = True
    names = village_names(rng, int(is_centre.sum()))
    names[: len(PLANTED_HAMLETS_KM)] = list(PLANTED_HAMLETS_KM)
    owner = np.empty(len(frame), int)
    centres = np.flatnonzero(is_centre)
    for town in range(len(TOWN_PLANS)):
        members = np.flatnonzero(frame["town"] == town)
        own = centres[frame["town"].to_numpy()[centres] == town]
        if len(members):
            tree = cKDTree(frame.loc[own, ["x", "y"]].to_numpy())
            owner[members] = own[tree.query(frame.loc[members, ["x", "y"]].to_numpy())[1]]
    number = {int(centre): i for i, centre in enumerate(centres)}
    village = [number[int(centre)] for centre in owner]
    return frame.assign(is_centre=is_centre, village=village, village_name=[names[v] for v in village])
