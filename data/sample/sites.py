"""Ground taken by plants and other special places, settled before houses are built around it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from data.sample.hamlets import PLANTED_HAMLETS_KM
from data.sample.lattices import Lattice
from data.sample.noise import Floats, Rng
from data.sample.plane import km
from data.sample.plants import PLANTS, VILLAGE_PLANT_ID
from data.sample.roads import CARRIAGEWAY_M, LAND_WIDTH_M
from data.sample.terrain import Terrain
from data.sample.towns import SOURCELESS_TOWN, Towns

PLOT_MARGIN_M = 16.0
PLANT_SIZE_M = (230.0, 170.0)
PLANT_REACH_M = 900.0
"""How far a plant may be moved from its planned place to find free ground."""
HAMLET_CLEARANCE_M, PLANT_TO_VILLAGE_M = 350.0, 205.0
PLANT_VILLAGE = "柳荫村"
"""The village that lies 90 m from a tank farm outside the parks."""


@dataclass(frozen=True)
class SiteKind:
    """Places of one kind: how many, their size, and where they are looked for."""

    kind: str
    count: int
    width_m: float
    depth_m: float
    where: str
    spacing_m: float


SITE_KINDS = (
    SiteKind("fuel_station", 34, 46, 36, "main_road", 1100),
    SiteKind("lpg_station", 6, 70, 60, "side_road", 2500),
    SiteKind("fireworks_store", 2, 60, 45, "hills", 4000),
    SiteKind("explosives_store", 1, 60, 45, "hills", 4000),
    SiteKind("mine", 7, 240, 180, "hills", 1500),
    SiteKind("tailings_pond", 1, 330, 230, "hills", 1500),
    SiteKind("liquor", 38, 70, 55, "hamlet", 500),
    SiteKind("dust", 12, 80, 50, "side_road", 700),
    SiteKind("ammonia", 4, 60, 45, "side_road", 1500),
    SiteKind("power_substation", 3, 90, 70, "side_road", 5000),
)


def rectangles(centres: Floats, width_m: Floats, depth_m: Floats, angle_rad: Floats) -> NDArray[np.object_]:
    """Rectangles by centre, shape (n, 2), width along the angle, depth across it; polygons of the plane."""
    width_m, depth_m, angle_rad = np.broadcast_arrays(np.atleast_1d(width_m), depth_m, angle_rad)
    along = np.column_stack([np.cos(angle_rad), np.sin(angle_rad)]) * width_m[:, None] / 2
    across = np.column_stack([-np.sin(angle_rad), np.cos(angle_rad)]) * depth_m[:, None] / 2
    ring = np.stack(
        [-along - across, along - across, along + across, -along + across, -along - across], axis=1
    )
    return np.asarray(shapely.polygons(ring + centres[:, None, :]))


def build_sites(
    rng: Rng,
    terrain: Terrain,
    towns: Towns,
    lattices: dict[str, Lattice],
    hamlets: pd.DataFrame,
    roads: pd.DataFrame,
    pipes: pd.DataFrame,
) -> pd.DataFrame:
    """Plots: ``site_id``, ``kind``, ``geometry``; none overlaps road, water or another."""
    blocked = _blocked(terrain, lattices, roads, pipes)
    rows = _plants(lattices, hamlets, blocked, towns)
    taken = [row["geometry"] for row in rows]
    for kind in SITE_KINDS:
        places = _candidates(rng, kind, towns, terrain, hamlets, roads)
        for number, polygon in enumerate(_free_rectangles(rng, kind, places, blocked, taken), start=1):
            rows.append({"site_id": f"{kind.kind}-{number}", "kind": kind.kind, "geometry": polygon})
            taken.append(polygon)
    return pd.DataFrame(rows)


def _blocked(
    terrain: Terrain, lattices: dict[str, Lattice], roads: pd.DataFrame, pipes: pd.DataFrame
) -> shapely.STRtree:
    half = roads["road_class"].map(CARRIAGEWAY_M).to_numpy() / 2 + 4
    surfaces = [
        *shapely.buffer(roads["geometry"].to_numpy(), half, quad_segs=2),
        *shapely.buffer(pipes["geometry"].to_numpy(), 30.0),
    ]
    hulls = [lattice.hull for lattice in lattices.values()]
    return shapely.STRtree([*surfaces, *hulls, shapely.buffer(terrain.water, 20.0)])


def _plants(
    lattices: dict[str, Lattice], hamlets: pd.DataFrame, blocked: shapely.STRtree, towns: Towns
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    park = lattices["HG01"]
    for plan in PLANTS:
        if isinstance(plan.place, int):
            polygon = shapely.buffer(
                shapely.Polygon(park.blocks[plan.place]), -PLOT_MARGIN_M, join_style="mitre"
            )
        else:
            place, least_m = km(*plan.place), 0.0
            if plan.id == VILLAGE_PLANT_ID:
                place, least_m = village_middle(hamlets, PLANT_VILLAGE), PLANT_TO_VILLAGE_M
            polygon = _free_plot(place, hamlets, blocked, towns, least_m)
        rows.append({"site_id": plan.id, "kind": plan.kind, "geometry": polygon})
    return rows


def village_middle(hamlets: pd.DataFrame, name: str) -> Floats:
    """Middle of a planted village."""
    return np.asarray(hamlets.loc[hamlets["village_name"] == name, ["x", "y"]].to_numpy()[0])


def _free_plot(
    place: Floats, hamlets: pd.DataFrame, blocked: shapely.STRtree, towns: Towns, least_m: float
) -> shapely.Polygon:
    """The nearest free rectangle on growing rings around a place, clear of other hamlets."""
    middles = hamlets[["x", "y"]].to_numpy()
    clearance_m = HAMLET_CLEARANCE_M if least_m == 0 else PLANT_TO_VILLAGE_M - 5.0
    for radius in np.arange(least_m, least_m + PLANT_REACH_M, 25.0):
        for turn in np.linspace(0, 2 * np.pi, 16, endpoint=False):
            centre = place + radius * np.array([np.cos(turn), np.sin(turn)])
            polygon = rectangles(centre[None, :], *PLANT_SIZE_M, 0.25)[0]
            clear = np.hypot(*(middles - centre).T).min() > clearance_m
            if (
                clear
                and len(blocked.query(polygon, predicate="intersects")) == 0
                and towns.outline.contains(polygon)
            ):
                return polygon
    raise ValueError(f"no free ground for a plant near {place}")


def _candidates(
    rng: Rng, kind: SiteKind, towns: Towns, terrain: Terrain, hamlets: pd.DataFrame, roads: pd.DataFrame
) -> Floats:
    """Places to try, shape (n, 3): east, north, angle; never in the town without hazardous sources."""
    finders = {
        "main_road": _along_roads,
        "side_road": _along_roads,
        "hamlet": _beside_hamlets,
        "hills": _in_hills,
    }
    places = finders[kind.where](rng, kind, terrain, hamlets, roads, towns)
    town = towns.town_of(places[:, :2])
    return places[(town >= 0) & (town != SOURCELESS_TOWN)]


def _along_roads(
    rng: Rng, kind: SiteKind, terrain: Terrain, hamlets: pd.DataFrame, roads: pd.DataFrame, towns: Towns
) -> Floats:
    classes = {
        "main_road": ("national_road", "provincial_road", "county_road"),
        "side_road": ("county_road", "township_road"),
    }
    chosen = roads[roads["road_class"].isin(classes[kind.where])]
    lines = chosen["geometry"].to_numpy()
    number = rng.choice(len(lines), 60 * kind.count, p=shapely.length(lines) / shapely.length(lines).sum())
    along = rng.random(len(number)) * shapely.length(lines[number])
    here = shapely.get_coordinates(shapely.line_interpolate_point(lines[number], along))
    there = shapely.get_coordinates(shapely.line_interpolate_point(lines[number], along - 5.0))
    angle = np.arctan2(*(here - there).T[::-1])
    half_road = chosen["road_class"].map(LAND_WIDTH_M).to_numpy()[number] / 2
    off = rng.choice([-1.0, 1.0], len(number)) * (half_road + kind.depth_m / 2 + 9)
    return np.column_stack([here + np.column_stack([-np.sin(angle), np.cos(angle)]) * off[:, None], angle])


def _beside_hamlets(
    rng: Rng, kind: SiteKind, terrain: Terrain, hamlets: pd.DataFrame, roads: pd.DataFrame, towns: Towns
) -> Floats:
    others = hamlets[~hamlets["village_name"].isin(list(PLANTED_HAMLETS_KM))]
    liking = np.where(others["town"].isin([1, 5]), 4.0, 1.0)
    chosen = rng.choice(len(others), 30 * kind.count, p=liking / liking.sum())
    turn, radius = rng.uniform(0, 2 * np.pi, len(chosen)), rng.uniform(90, 260, len(chosen))
    offset = np.column_stack([np.cos(turn), np.sin(turn)]) * radius[:, None]
    return np.column_stack(
        [others[["x", "y"]].to_numpy()[chosen] + offset, rng.uniform(0, np.pi, len(chosen))]
    )


def _in_hills(
    rng: Rng, kind: SiteKind, terrain: Terrain, hamlets: pd.DataFrame, roads: pd.DataFrame, towns: Towns
) -> Floats:
    west, south, east, north = towns.outline.bounds
    xy = rng.uniform([west, south], [east, north], (6000, 2))
    middles = shapely.STRtree(shapely.points(hamlets[["x", "y"]].to_numpy()))
    _, distance = middles.query_nearest(shapely.points(xy), return_distance=True, all_matches=False)
    xy = xy[(distance > 480) & (terrain.height_at(xy) > 400)]
    return np.column_stack([xy, rng.uniform(0, np.pi, len(xy))])


def _free_rectangles(
    rng: Rng, kind: SiteKind, places: Floats, blocked: shapely.STRtree, taken: list[object]
) -> list[shapely.Polygon]:
    polygons = rectangles(places[:, :2], kind.width_m, kind.depth_m, places[:, 2])
    is_free = np.ones(len(polygons), bool)
    is_free[blocked.query(polygons, predicate="intersects")[0]] = False
    is_free[shapely.STRtree(taken).query(polygons, predicate="dwithin", distance=60.0)[0]] = False
    chosen: list[shapely.Polygon] = []
    middles: list[Floats] = []
    for place in np.flatnonzero(is_free):
        middle = places[place, :2]
        if all(np.hypot(*(middle - other)) > kind.spacing_m for other in middles):
            chosen.append(polygons[place])
            middles.append(middle)
        if len(chosen) == kind.count:
            break
    return chosen
