"""About fifty thousand buildings: blocks in towns and parks, houses along roads and contours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.lattices import Lattice
from data.sample.noise import Floats, Rng
from data.sample.roads import CARRIAGEWAY_M, LAND_WIDTH_M
from data.sample.sites import rectangles
from data.sample.terrain import Terrain
from data.sample.towns import Towns

PERSONS_PER_HOUSEHOLD = 2.9
STREET_SETBACK_M = 15.0
CONTROL_ZONE_M = {
    "expressway": 30.0,
    "national_road": 20.0,
    "provincial_road": 15.0,
    "county_road": 10.0,
    "township_road": 5.0,
}
"""Highway regulation article 11, beyond the road's land; most houses keep off, some stand in it."""
OBEDIENT_SHARE = {
    "expressway": 0.97,
    "national_road": 0.9,
    "provincial_road": 0.88,
    "county_road": 0.82,
    "township_road": 0.7,
}
COLUMNS = ("x", "y", "width_m", "depth_m", "angle_rad", "use", "n_storeys", "n_households", "built_year")


@dataclass(frozen=True)
class BlockPattern:
    """How a block is filled: rows and columns of equal buildings and what they are."""

    columns: int
    rows: int
    width_m: float
    depth_m: float
    use: str
    storeys: tuple[int, int]
    households_per_storey: float
    keep_share: float


PATTERNS = {
    "slabs": BlockPattern(3, 4, 38.0, 13.0, "residential", (6, 11), 4.0, 0.92),
    "towers": BlockPattern(3, 2, 30.0, 22.0, "residential", (17, 27), 4.0, 0.9),
    "old": BlockPattern(8, 6, 11.5, 10.0, "residential", (2, 5), 0.7, 0.86),
    "shops": BlockPattern(5, 3, 20.0, 17.0, "commercial", (2, 6), 0.0, 0.85),
    "public": BlockPattern(2, 2, 40.0, 22.0, "public", (3, 6), 0.0, 0.9),
    "sheds": BlockPattern(3, 3, 66.0, 38.0, "industrial", (1, 2), 0.0, 0.82),
    "works": BlockPattern(5, 4, 32.0, 24.0, "industrial", (1, 3), 0.0, 0.75),
}
PATTERN_SHARES = {
    "seat": {"slabs": 0.30, "towers": 0.09, "old": 0.42, "shops": 0.12, "public": 0.07},
    "town": {"slabs": 0.08, "old": 0.74, "shops": 0.12, "public": 0.06},
    "GY02": {"sheds": 0.75, "works": 0.25},
    "WL03": {"sheds": 1.0},
    "HG01": {"works": 1.0},
}


def build_buildings(
    rng: Rng,
    terrain: Terrain,
    towns: Towns,
    lattices: dict[str, Lattice],
    hamlets: pd.DataFrame,
    roads: pd.DataFrame,
    corridors: list[tuple[NDArray[np.object_], float]],
    sites: pd.DataFrame,
    planted: pd.DataFrame,
    *,
    n_wanted: int,
) -> pd.DataFrame:
    """Buildings that overlap neither each other nor road, water or site; columns `COLUMNS` and ``geometry``.

    `corridors` are lines (pipelines, power lines) with the distance kept free around them. `planted`
    buildings stand where they were put, corridor or not, and come first.
    """
    urban = pd.concat([_block_buildings(rng, lattice) for lattice in lattices.values()], ignore_index=True)
    plants = pd.concat([_plant_buildings(rng, row) for _, row in sites.iterrows()], ignore_index=True)
    rural = pd.concat([_clusters(rng, terrain, hamlets), _ribbons(rng, hamlets, roads)], ignore_index=True)
    rural = _off(
        rural,
        [lattice.hull for lattice in lattices.values()]
        + list(shapely.buffer(sites["geometry"].to_numpy(), 12.0)),
    )
    everything = pd.concat([_thinned(rng, urban, n_wanted, 0.45), plants, rural], ignore_index=True)
    kept = _out_of_control_zones(
        rng, _off_roads_and_water(everything, terrain, towns, roads, corridors), roads
    )
    apart = _without_overlaps(pd.concat([with_geometry(planted), kept], ignore_index=True))
    result = _sized(rng, apart, n_wanted, len(planted))
    numbers = {"n_storeys": int, "n_households": int, "built_year": int}
    return result.astype(numbers).assign(
        building_id=[f"JZ{number:06d}" for number in range(1, len(result) + 1)]
    )


def _thinned(rng: Rng, frame: pd.DataFrame, n_wanted: int, most_share: float) -> pd.DataFrame:
    """At most a share of the wanted number, public buildings first (only the tiny county needs it)."""
    most = int(n_wanted * most_share)
    if len(frame) <= most:
        return frame
    order = np.lexsort((rng.random(len(frame)), frame["use"] != "public"))
    return frame.iloc[np.sort(order[:most])]


def with_geometry(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with their rectangles as ``geometry``."""
    centres = frame[["x", "y"]].to_numpy(float)
    return frame.assign(
        geometry=rectangles(
            centres, *(frame[name].to_numpy(float) for name in ("width_m", "depth_m", "angle_rad"))
        )
    )


def _rows(xy: Floats, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], **columns})


def _block_buildings(rng: Rng, lattice: Lattice) -> pd.DataFrame:
    shares = PATTERN_SHARES.get(lattice.plan.id) or PATTERN_SHARES[lattice.plan.use]
    names = rng.choice(list(shares), len(lattice.blocks), p=list(shares.values()))
    middle = lattice.blocks.mean(axis=(0, 1))
    frames = []
    for block, name in zip(lattice.blocks, names):
        far = np.hypot(*(block.mean(axis=0) - middle)) / np.sqrt(lattice.hull.area)
        frames.append(_filled_block(rng, block, PATTERNS[str(name)], min(float(far), 1.0)))
    return pd.concat(frames, ignore_index=True)


def _filled_block(rng: Rng, block: Floats, pattern: BlockPattern, far: float) -> pd.DataFrame:
    """Buildings in rows parallel to the block's lower street; newer towards the edge of the town."""
    across_m, up_m = np.hypot(*(block[1] - block[0])), np.hypot(*(block[3] - block[0]))
    u, v = np.meshgrid(
        (np.arange(pattern.columns) + 0.5) / pattern.columns, (np.arange(pattern.rows) + 0.5) / pattern.rows
    )
    u = (STREET_SETBACK_M + u.ravel() * (across_m - 2 * STREET_SETBACK_M)) / across_m
    v = (STREET_SETBACK_M + v.ravel() * (up_m - 2 * STREET_SETBACK_M)) / up_m
    kept = rng.random(len(u)) < pattern.keep_share
    u, v = u[kept, None], v[kept, None]
    xy = (1 - u) * (1 - v) * block[0] + u * (1 - v) * block[1] + u * v * block[2] + (1 - u) * v * block[3]
    room = (
        min((across_m - 2 * STREET_SETBACK_M) / pattern.columns - 2.5, pattern.width_m * 1.1),
        min((up_m - 2 * STREET_SETBACK_M) / pattern.rows - 2.5, pattern.depth_m * 1.1),
    )
    count = len(xy)
    storeys = rng.integers(pattern.storeys[0], pattern.storeys[1] + 1, count)
    year = 1978 + 30 * far + rng.gamma(2.2, 4.5, count) + (8 if pattern.storeys[1] > 10 else 0)
    angle = np.arctan2(*(block[1] - block[0])[::-1])
    return _rows(
        xy,
        width_m=room[0] * rng.uniform(0.78, 1.0, count),
        depth_m=room[1] * rng.uniform(0.78, 1.0, count),
        angle_rad=angle,
        use=pattern.use,
        n_storeys=storeys,
        n_households=np.round(storeys * pattern.households_per_storey).astype(int),
        built_year=np.clip(year, 1965, 2025).astype(int),
    )


def _plant_buildings(rng: Rng, site: pd.Series) -> pd.DataFrame:
    """A few sheds inside a plot that stands outside the street grids."""
    corners = shapely.get_coordinates(site["geometry"])[:4]
    if str(site["kind"]) in ("tailings_pond", "mine", "power_substation") or corners.shape[0] < 4:
        return pd.DataFrame(columns=list(COLUMNS))
    shares = rng.permutation(np.array([[0.3, 0.3], [0.7, 0.28], [0.3, 0.72], [0.72, 0.7]]))[
        : rng.integers(1, 4)
    ]
    along, up = corners[1] - corners[0], corners[3] - corners[0]
    size = 0.26 * np.array([np.hypot(*along), np.hypot(*up)])
    return _rows(
        corners[0] + shares[:, :1] * along + shares[:, 1:] * up,
        width_m=size[0],
        depth_m=size[1],
        angle_rad=np.arctan2(along[1], along[0]),
        use="industrial",
        n_storeys=1,
        n_households=0,
        built_year=rng.integers(1992, 2022, len(shares)),
    )


CELL_M = (19.0, 17.0)
CLUSTER_CELLS = 15


def _clusters(rng: Rng, terrain: Terrain, hamlets: pd.DataFrame) -> pd.DataFrame:
    """Houses of each hamlet on a loose grid turned along the contour, one house a cell."""
    middles = hamlets[["x", "y"]].to_numpy()
    slope = terrain.slope_at(middles)
    contour = np.arctan2(slope[:, 0], -slope[:, 1])
    side = np.arange(CLUSTER_CELLS) - (CLUSTER_CELLS - 1) / 2
    cells = np.stack(np.meshgrid(side * CELL_M[0], side * CELL_M[1]), axis=-1).reshape(-1, 2)
    frames = []
    for middle, angle, n_houses in zip(middles, contour, hamlets["n_houses"]):
        reach = np.hypot(cells[:, 0] / 1.7, cells[:, 1]) * rng.uniform(0.6, 1.5, len(cells))
        chosen = cells[np.argsort(reach)[: int(n_houses * 0.75)]] + rng.uniform(
            -2.2, 2.2, (int(n_houses * 0.75), 2)
        )
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        frames.append(_houses(rng, middle + chosen @ turn, angle + rng.normal(0, 0.07, len(chosen))))
    return pd.concat(frames, ignore_index=True)


def _houses(rng: Rng, xy: Floats, angle: Floats) -> pd.DataFrame:
    count = len(xy)
    storeys = rng.choice([1, 2, 3, 4], count, p=[0.22, 0.45, 0.27, 0.06])
    is_farm = rng.random(count) < 0.07
    return _rows(
        xy,
        width_m=rng.uniform(9.0, 14.0, count),
        depth_m=rng.uniform(7.5, 11.5, count),
        angle_rad=angle,
        use=np.where(is_farm, "farm", "residential"),
        n_storeys=np.where(is_farm, 1, storeys),
        n_households=np.where(is_farm, 0, np.where(storeys > 2, rng.integers(1, 4, count), 1)),
        built_year=np.clip(rng.normal(2002, 10, count), 1965, 2025).astype(int),
    )


RIBBON_STEP_M, RIBBON_REACH_M = 19.0, 460.0


def _ribbons(rng: Rng, hamlets: pd.DataFrame, roads: pd.DataFrame) -> pd.DataFrame:
    """Houses strung along village and township roads near the hamlets, set back from the road's land."""
    chosen = roads[roads["road_class"].isin(["village_road", "township_road"])]
    frames = []
    middles = shapely.STRtree(shapely.points(hamlets[["x", "y"]].to_numpy()))
    for road_class, share in (("village_road", 0.74), ("township_road", 0.5)):
        here, angle = _stations(chosen.loc[chosen["road_class"] == road_class, "geometry"].to_numpy())
        _, distance = middles.query_nearest(shapely.points(here), return_distance=True, all_matches=False)
        for side in (-1.0, 1.0):
            wanted = rng.random(len(here)) < share * np.clip(1.25 - distance / RIBBON_REACH_M, 0, 1)
            back = (
                LAND_WIDTH_M[road_class] / 2
                + 8.5
                + rng.gamma(1.6, 2.4, len(here))
                + (4.0 if road_class == "township_road" else 0.0)
            )
            across = np.column_stack([-np.sin(angle), np.cos(angle)]) * (side * back)[:, None]
            frames.append(_houses(rng, (here + across)[wanted], angle[wanted]))
    return pd.concat(frames, ignore_index=True)


def _stations(lines: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Places at equal steps along lines and the direction there."""
    parts = shapely.get_parts(lines)
    steps = np.maximum((shapely.length(parts) / RIBBON_STEP_M).astype(int), 1)
    number = np.repeat(np.arange(len(parts)), steps)
    along = (np.arange(len(number)) - np.repeat(np.cumsum(steps) - steps, steps) + 0.5) * RIBBON_STEP_M
    here = shapely.get_coordinates(shapely.line_interpolate_point(parts[number], along))
    there = shapely.get_coordinates(
        shapely.line_interpolate_point(parts[number], np.maximum(along - 8.0, 0.0))
    )
    ahead = here - there
    return here, np.arctan2(ahead[:, 1], ahead[:, 0])


def _off(frame: pd.DataFrame, surfaces: list[shapely.Geometry]) -> pd.DataFrame:
    """Rows whose centre lies 14 m or more from all surfaces."""
    tree = shapely.STRtree(surfaces)
    hit = tree.query(shapely.points(frame[["x", "y"]].to_numpy(float)), predicate="dwithin", distance=14.0)[0]
    return frame.drop(index=frame.index[np.unique(hit)])


def _off_roads_and_water(
    frame: pd.DataFrame,
    terrain: Terrain,
    towns: Towns,
    roads: pd.DataFrame,
    corridors: list[tuple[NDArray[np.object_], float]],
) -> pd.DataFrame:
    frame = with_geometry(frame.reset_index(drop=True))
    polygons = frame["geometry"].to_numpy()
    is_free = shapely.contains_xy(towns.outline, frame["x"].to_numpy(float), frame["y"].to_numpy(float))
    half = roads["road_class"].map(CARRIAGEWAY_M).to_numpy() / 2 + 2.0
    for lines, distance in [(roads["geometry"].to_numpy(), half), *corridors]:
        wanted = np.broadcast_to(distance, len(lines))
        is_free[
            np.unique(shapely.STRtree(polygons).query(lines, predicate="dwithin", distance=wanted)[1])
        ] = False
    is_free[shapely.STRtree(polygons).query(terrain.water, predicate="dwithin", distance=12.0)] = False
    return frame[is_free]


def _out_of_control_zones(rng: Rng, frame: pd.DataFrame, roads: pd.DataFrame) -> pd.DataFrame:
    """Most of the buildings that would stand in a highway's control zone are not there."""
    tree = shapely.STRtree(frame["geometry"].to_numpy())
    is_gone = np.zeros(len(frame), bool)
    for road_class, zone_m in CONTROL_ZONE_M.items():
        lines = roads.loc[roads["road_class"] == road_class, "geometry"].to_numpy()
        inside = np.unique(
            tree.query(lines, predicate="dwithin", distance=LAND_WIDTH_M[road_class] / 2 + zone_m)[1]
        )
        is_gone[inside] |= rng.random(len(inside)) < OBEDIENT_SHARE[road_class]
    return frame[~is_gone]


def _without_overlaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Of two buildings closer than a metre the later one goes."""
    frame = frame.reset_index(drop=True)
    polygons = frame["geometry"].to_numpy()
    pairs = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=0.8).T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    is_kept = np.ones(len(frame), bool)
    for first, second in pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]:
        if is_kept[first]:
            is_kept[second] = False
    return frame[is_kept].reset_index(drop=True)


def _sized(rng: Rng, frame: pd.DataFrame, n_wanted: int, n_planted: int) -> pd.DataFrame:
    """The planted buildings and as many of the others, taken at random, as are wanted."""
    if len(frame) <= n_wanted:
        return frame
    others = n_planted + rng.permutation(len(frame) - n_planted)[: n_wanted - n_planted]
    return frame.iloc[np.sort(np.concatenate([np.arange(n_planted), others]))].reset_index(drop=True)
