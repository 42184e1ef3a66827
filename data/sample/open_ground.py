"""Ground on which nothing stands: where wells and shops are put without touching what is there."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from data.sample.noise import Floats, Rng

Geometries = NDArray[np.object_]
TRIES, POINTS_A_TRY, BAND_M = 40, 5000, 40.0


class OpenGround:
    """The county's inside, and what new things must keep off.

    Parameters
    ----------
    outline : the county in plane metres
    occupied : (geometries, clearance in metres) of everything to keep off
    """

    def __init__(self, outline: shapely.Geometry, occupied: Iterable[tuple[Geometries, float]]) -> None:
        self.outline = shapely.buffer(outline, -200.0)
        shapely.prepare(self.outline)
        self.occupied = [(shapely.STRtree(shapes), clearance_m) for shapes, clearance_m in occupied]

    def free(self, points: Geometries) -> NDArray[np.bool_]:
        """Which points lie inside the county and clear of everything."""
        is_free = np.asarray(shapely.contains(self.outline, points), bool)
        for tree, clearance_m in self.occupied:
            is_free[tree.query(points, predicate="dwithin", distance=clearance_m)[0]] = False
        return is_free

    def off(self, shapes: Geometries, clearance_m: float) -> OpenGround:
        """The same ground, with more to keep off."""
        wider = copy.copy(self)
        wider.occupied = [*self.occupied, (shapely.STRtree(shapes), clearance_m)]
        return wider

    def scattered(self, rng: Rng, count: int, *, spacing_m: float, near: Floats | None = None, reach_m: float = 0.0) -> Floats:
        """Free places, shape (count, 2), at least `spacing_m` apart; around places of `near` where these are given."""
        west, south, east, north = self.outline.bounds
        chosen: list[Floats] = []
        for _ in range(60):
            xy = rng.uniform((west, south), (east, north), (200, 2))
            if near is not None:
                xy = near[rng.integers(0, len(near), 200)] + rng.uniform(-reach_m, reach_m, (200, 2))
            for place in xy[self.free(shapely.points(xy))]:
                if len(chosen) < count and all(np.hypot(*(place - other)) >= spacing_m for other in chosen):
                    chosen.append(place)
        return np.array(chosen).reshape(-1, 2)


def beside(rng: Rng, ground: OpenGround, targets: Geometries, distance_m: float) -> tuple[int, shapely.Point]:
    """A target (position) and a free place exactly that far from its edge; no other target is nearer.

    A county without such a place raises `ValueError`: the generator asks too much of it.
    """
    tree, bounds = shapely.STRtree(targets), ground.outline.bounds
    for _ in range(TRIES):
        points = shapely.points(rng.uniform(bounds[:2], bounds[2:], (POINTS_A_TRY, 2)))
        (rows, nearest), found_m = tree.query_nearest(points, max_distance=distance_m + BAND_M, return_distance=True, all_matches=False)
        in_band = np.abs(found_m - distance_m) < min(BAND_M, distance_m / 2)
        rows, nearest = rows[in_band], nearest[in_band]
        moved = _exactly(points[rows], targets[nearest], distance_m)
        again_m = tree.query_nearest(moved, return_distance=True, all_matches=False)[1]
        good = np.flatnonzero(ground.free(moved) & (again_m > distance_m - 1e-6))
        if len(good):
            return int(nearest[good[0]]), moved[good[0]]
    raise ValueError(f"no free place {distance_m} m from {len(targets)} targets")


def _exactly(points: Geometries, targets: Geometries, distance_m: float) -> Geometries:
    """The points moved along their shortest lines to the targets until the distance is the one asked for."""
    ends = shapely.get_coordinates(shapely.shortest_line(targets, points)).reshape(-1, 2, 2)
    ahead = ends[:, 1] - ends[:, 0]
    return np.asarray(shapely.points(ends[:, 0] + ahead * (distance_m / np.hypot(*ahead.T))[:, None]))
