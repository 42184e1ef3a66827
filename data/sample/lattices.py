"""Street grids of the county seat, the towns and the parks: nodes, streets and the blocks between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample.noise import Floats, Rng
from data.sample.plane import km
from data.sample.terrain import Terrain

WATER_MARGIN_M = 70.0


@dataclass(frozen=True)
class LatticePlan:
    """A street grid as laid out; `angle_deg` turns its columns anticlockwise from east."""

    id: str
    centre_km: tuple[float, float]
    angle_deg: float
    n_columns: int
    n_rows: int
    column_m: float
    row_m: float
    use: str
    roughness: float = 0.08


LATTICE_PLANS = (
    LatticePlan("seat", (-0.9, 2.1), -17.0, 23, 14, 165.0, 132.0, "seat"),
    LatticePlan("shihe", (-8.2, 9.4), 12.0, 7, 4, 125.0, 100.0, "town"),
    LatticePlan("bailuwan", (4.6, 11.3), -35.0, 6, 4, 120.0, 100.0, "town"),
    LatticePlan("longzhu", (12.4, 5.2), 8.0, 7, 5, 125.0, 100.0, "town"),
    LatticePlan("shuangfeng", (11.6, -5.2), -12.0, 6, 5, 125.0, 105.0, "town"),
    LatticePlan("qingluo", (-11.6, 1.2), -24.0, 7, 4, 125.0, 100.0, "town"),
    LatticePlan("hehui", (2.4, -11.6), 52.0, 6, 4, 125.0, 100.0, "town"),
    LatticePlan("wangxi", (-4.2, -8.6), 4.0, 5, 3, 115.0, 95.0, "town"),
    LatticePlan("yuntaiping", (-11.8, -7.6), -8.0, 4, 3, 105.0, 90.0, "town"),
    LatticePlan("HG01", (8.5, -7.6), -9.0, 8, 6, 305.0, 262.0, "park", 0.0),
    LatticePlan("GY02", (-5.3, 6.3), -17.0, 6, 5, 300.0, 255.0, "park", 0.0),
    LatticePlan("WL03", (6.6, 2.1), 14.0, 4, 4, 290.0, 250.0, "park", 0.0),
)
"""Parks carry the number of their boundary: HG01 chemical, GY02 industrial, WL03 logistics."""


@dataclass(frozen=True)
class Lattice:
    """A street grid in the plane: `nodes`, shape (rows + 1, columns + 1, 2), and which `is_kept`."""

    plan: LatticePlan
    nodes: Floats
    is_kept: NDArray[np.bool_]

    @cached_property
    def blocks(self) -> Floats:
        """Quadrilaterals between kept streets, shape (n, 4, 2), counterclockwise from the lower left."""
        kept = self.is_kept
        whole = kept[:-1, :-1] & kept[:-1, 1:] & kept[1:, 1:] & kept[1:, :-1]
        corners = [self.nodes[:-1, :-1], self.nodes[:-1, 1:], self.nodes[1:, 1:], self.nodes[1:, :-1]]
        return np.stack([corner[whole] for corner in corners], axis=1)

    @cached_property
    def hull(self) -> shapely.Polygon:
        """Built-up land: the blocks and the streets around them."""
        blocks = shapely.polygons(np.concatenate([self.blocks, self.blocks[:, :1]], axis=1))
        return shapely.union_all(shapely.buffer(blocks, 12.0, join_style="mitre"))

    def local(self, u: float, v: float) -> Floats:
        """Place at fractions of the grid (0..1 along columns, 0..1 along rows), metres of the plane."""
        angle = np.radians(self.plan.angle_deg)
        east, north = (
            (u - 0.5) * self.plan.n_columns * self.plan.column_m,
            (v - 0.5) * self.plan.n_rows * self.plan.row_m,
        )
        turned = np.array(
            [east * np.cos(angle) - north * np.sin(angle), east * np.sin(angle) + north * np.cos(angle)]
        )
        return km(*self.plan.centre_km) + turned


def build_lattices(rng: Rng, terrain: Terrain) -> dict[str, Lattice]:
    """All street grids, by id; towns thin out towards their edge, parks are ruled."""
    return {plan.id: _lattice(plan, rng, terrain) for plan in LATTICE_PLANS}


def _lattice(plan: LatticePlan, rng: Rng, terrain: Terrain) -> Lattice:
    u, v = np.meshgrid(np.arange(plan.n_columns + 1), np.arange(plan.n_rows + 1))
    bend = 0.0 if plan.use == "park" else 1.0
    east = (u - plan.n_columns / 2) * plan.column_m + bend * 28 * np.sin(v * 0.7 + plan.angle_deg)
    north = (v - plan.n_rows / 2) * plan.row_m + bend * 34 * np.sin(u * 0.45 + plan.angle_deg)
    east = east + rng.uniform(-1, 1, u.shape) * plan.roughness * plan.column_m
    north = north + rng.uniform(-1, 1, u.shape) * plan.roughness * plan.row_m
    angle = np.radians(plan.angle_deg)
    turned = np.stack(
        [east * np.cos(angle) - north * np.sin(angle), east * np.sin(angle) + north * np.cos(angle)], axis=-1
    )
    nodes = turned + km(*plan.centre_km)
    dry = ~shapely.intersects(shapely.points(nodes), shapely.buffer(terrain.water, WATER_MARGIN_M))
    same_bank = shapely.contains_xy(terrain.south_west_bank, nodes[..., 0], nodes[..., 1])
    centre = tuple(km(*plan.centre_km))
    kept = dry & (same_bank == shapely.contains_xy(terrain.south_west_bank, *centre))
    if plan.use != "park":
        kept &= _thinned(plan, rng, east, north)
    return Lattice(plan, nodes, _without_loose_nodes(kept))


def _thinned(plan: LatticePlan, rng: Rng, east: Floats, north: Floats) -> NDArray[np.bool_]:
    """Nodes within an ellipse with a ragged edge."""
    reach = np.hypot(east / (plan.n_columns * plan.column_m), north / (plan.n_rows * plan.row_m)) * 2
    return np.asarray(reach < 1.12 + rng.uniform(-0.14, 0.06, reach.shape))


def _without_loose_nodes(kept: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Nodes that are a corner of at least one whole block."""
    whole = kept[:-1, :-1] & kept[:-1, 1:] & kept[1:, 1:] & kept[1:, :-1]
    result = np.zeros_like(kept)
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            result[rows, columns] |= whole
    return result


def street_edges(lattice: Lattice) -> NDArray[np.int64]:
    """Pairs of node positions (row-major) joined by a street, shape (n, 2)."""
    index = np.arange(lattice.is_kept.size).reshape(lattice.is_kept.shape)
    along = np.stack([index[:, :-1], index[:, 1:]], axis=-1)[lattice.is_kept[:, :-1] & lattice.is_kept[:, 1:]]
    across = np.stack([index[:-1], index[1:]], axis=-1)[lattice.is_kept[:-1] & lattice.is_kept[1:]]
    return np.concatenate([along, across])
