"""Shops that sell fireworks, some too near each other, a school or the dwellings above them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely

from data.sample.lattices import Lattice
from data.sample.noise import Floats, Rng
from data.sample.open_ground import Geometries, OpenGround, beside

SHOPS, SPACING_M, TOWN_REACH_M = 16, 260.0, 420.0
WIDTH_M, DEPTH_M = 6.0, 5.0
PAIRS_M = (38.0, 64.0)
"""How far two shops stand from a neighbour: 50 m are asked."""
BY_SCHOOL_M = (80.0, 120.0)
"""How far two shops stand from a school: 100 m are asked."""
PERMITS_UNTIL = date(2027, 12, 31)
NAMES = ("喜庆", "鸿运", "吉祥", "万家", "红火", "新春", "丰年", "好运", "旺角", "平安", "金钟", "宏泰")


def build_fireworks_shops(
    rng: Rng, ground: OpenGround, lattices: dict[str, Lattice], schools: Geometries, houses: Geometries
) -> pd.DataFrame:
    """Shops at the edges of towns, two pairs of neighbours, two beside schools or hospitals and one inside a dwelling house."""
    towns = np.array([shapely.get_coordinates(entry.hull.centroid)[0] for entry in lattices.values() if entry.plan.use == "town"])
    shapes = [_shop(place) for place in ground.scattered(rng, SHOPS, spacing_m=SPACING_M, near=towns, reach_m=TOWN_REACH_M)]
    shapes += [_neighbour(shapes, number, distance_m, ground) for number, distance_m in enumerate(PAIRS_M)]
    for distance_m in BY_SCHOOL_M:
        position, point = beside(rng, ground.off(np.array(shapes), SPACING_M), schools, distance_m + WIDTH_M)
        shapes.append(_moved(_shop(shapely.get_coordinates(point)[0]), schools[position], distance_m))
    shapes.append(_shop(shapely.get_coordinates(houses[0].centroid)[0]))
    return pd.DataFrame(
        {
            "shop_id": [f"YH{number:03d}" for number in range(1, len(shapes) + 1)],
            "name": [f"{NAMES[number % len(NAMES)]}烟花爆竹{number + 1}号店" for number in range(len(shapes))],
            "permit_number": [f"(云沧)YHLS[2026]{number:04d}" for number in range(1, len(shapes) + 1)],
            "valid_until_on": PERMITS_UNTIL,
            "geometry": shapes,
        }
    )


def _shop(place: Floats) -> shapely.Polygon:
    return shapely.box(place[0] - WIDTH_M / 2, place[1] - DEPTH_M / 2, place[0] + WIDTH_M / 2, place[1] + DEPTH_M / 2)


def _neighbour(shapes: list[shapely.Polygon], number: int, distance_m: float, ground: OpenGround) -> shapely.Polygon:
    """A shop beside the first one with room, none of them taken twice."""
    found = []
    for shape in shapes[:SHOPS]:
        for turn in np.radians(np.arange(0, 360, 15)):
            place = shapely.get_coordinates(shape.centroid)[0] + (distance_m + WIDTH_M) * np.array([np.cos(turn), np.sin(turn)])
            if ground.free(np.array([shapely.Point(place)]))[0]:
                found.append(_moved(_shop(place), shape, distance_m))
                break
    return found[number]


def _moved(shop: shapely.Polygon, other: shapely.Geometry, distance_m: float) -> shapely.Polygon:
    """The shop moved along the shortest line until its edge is exactly so far from the other."""
    for _ in range(40):
        (x, y), (other_x, other_y) = shapely.get_coordinates(shapely.shortest_line(shop, other))
        share = 1.0 - distance_m / np.hypot(x - other_x, y - other_y)
        move = np.array([other_x - x, other_y - y]) * share
        shop = shapely.transform(shop, lambda xy: xy + move)  # noqa: B023 (used at once)
    return shop
