"""What would take a reason away: the smallest shift of a site, computed on the plane and then tried by the check itself.

A site moved by t comes nearer than r to an obstacle exactly when t lies in the sum of the obstacle, the mirrored site and a
disc of radius r. The nearest place outside that sum is the smallest shift.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.measure import largest_scale
from layers.scoring.siting_terms import Reason

MOST_SHIFT_M = 1000.0
"""A site that would have to move farther is another site."""
STEP_M = 0.1
"""Shifts are told in whole steps of this, rounded up."""
QUAD_SEGMENTS = 32
ROUNDING = 1.0 / math.cos(math.pi / (4 * QUAD_SEGMENTS))
"""A disc drawn as a polygon is made to hold the whole disc."""
MOST_ROUNDS = 6
Judge = Callable[[float, float], Sequence[Reason]]
"""The reasons of the check at the site moved by so many metres east and north; raises `InputError` outside the area."""


@dataclass(frozen=True)
class Shift:
    """A move of a whole site, metres and degrees from grid north; tried by the check, which no longer gave the reason."""

    east_m: float
    north_m: float

    @property
    def metres(self) -> float:
        return round(math.hypot(self.east_m, self.north_m), 1)

    @property
    def bearing_deg(self) -> float:
        return round(math.degrees(math.atan2(self.east_m, self.north_m)) % 360.0, 1)


def shift_for(
    reason: Reason, parts: Sequence[BaseGeometry], *, outside: BaseGeometry, judge: Judge, crs: pyproj.CRS
) -> Shift | None:
    """The smallest shift that takes one reason away and keeps the site in the area; None where none within reach does.

    A reason that names the nearest of several is gone when it names no other one: what it names on the new place is barred too.
    """
    barred, todo = _outside_shifts(parts, outside, crs), [reason]
    for _ in range(MOST_ROUNDS):
        sums = _barred_by(todo, parts, crs)
        barred = shapely.union_all([barred, *sums])
        shift = _smallest(barred) if sums else None
        if shift is None:
            return None
        todo = [entry for entry in judge(shift.east_m, shift.north_m) if _key(entry) == _key(reason)]
        if not todo:
            return shift
    return None


def _barred_by(reasons: Sequence[Reason], parts: Sequence[BaseGeometry], crs: pyproj.CRS) -> list[BaseGeometry]:
    return [barred_shifts(parts[entry.part], entry.obstacle, entry.clear_m, crs) for entry in reasons if entry.obstacle is not None]


def shift_for_all(
    reasons: Sequence[Reason], parts: Sequence[BaseGeometry], *, outside: BaseGeometry, judge: Judge, crs: pyproj.CRS
) -> Shift | None:
    """The smallest shift found that leaves no reason which a move can take away; None where there is none within reach.

    What the site meets on its new place is barred too, and the next place tried, at most `MOST_ROUNDS` times.
    """
    barred = _outside_shifts(parts, outside, crs)
    todo = [reason for reason in reasons if reason.obstacle is not None]
    if not todo:
        return None
    moved = 0.0, 0.0
    for _ in range(MOST_ROUNDS):
        barred = shapely.union_all([barred, *_barred_by(todo, parts, crs)])
        shift = _smallest(barred)
        if shift is None:
            return None
        moved = shift.east_m, shift.north_m
        todo = [entry for entry in judge(*moved) if entry.obstacle is not None]
        if not todo:
            return shift
    return None


def _key(reason: Reason) -> tuple[str, str | None, str | None, str | None, int]:
    object_id = "" if reason.names_nearest else reason.object_id
    return reason.kind, reason.rule_id, reason.object_layer, object_id, reason.part


def barred_shifts(
    site: BaseGeometry, obstacle: BaseGeometry, clear_m: float, crs: pyproj.CRS
) -> BaseGeometry:
    """Shifts (as points of a plane) that bring a site nearer than `clear_m` to an obstacle or leave it there.

    Only shifts within `MOST_SHIFT_M` are right; of the obstacle nothing farther is looked at.
    """
    clear = clear_m * largest_scale(crs, np.array([site], object)) * ROUNDING
    reach = MOST_SHIFT_M + clear + STEP_M
    west, south, east, north = site.bounds
    near = shapely.clip_by_rect(obstacle, west - reach, south - reach, east + reach, north + reach)
    pieces = _convex_pieces(site)
    sums = [_sum(near, piece) for piece in pieces]
    return shapely.buffer(shapely.union_all(sums), clear, quad_segs=QUAD_SEGMENTS)


def _convex_pieces(site: BaseGeometry) -> list[BaseGeometry]:
    pieces: list[BaseGeometry] = []
    for part in shapely.get_parts(site):
        hull = shapely.convex_hull(part)
        is_convex = math.isclose(hull.area, part.area, rel_tol=1e-9, abs_tol=1e-6)
        pieces += [hull] if is_convex else list(shapely.get_parts(shapely.constrained_delaunay_triangles(part)))
    return pieces


def _sum(obstacle: BaseGeometry, piece: BaseGeometry) -> BaseGeometry:
    """The sum of an obstacle and a mirrored convex piece: along every edge, and the inside of areas."""
    corners = -shapely.get_coordinates(piece)
    edges = _edges(obstacle)
    if not len(edges):
        return shapely.GeometryCollection()
    spread = (edges[:, :, None, :] + corners[None, None, :, :]).reshape(len(edges), -1, 2)
    swept = shapely.convex_hull(shapely.multipoints([shapely.points(points) for points in spread]))
    areas = [part for part in shapely.get_parts(obstacle, return_index=False) if part.area > 0]
    moved = [shapely.transform(area, lambda xy: xy + corners[0]) for area in areas]
    return shapely.union_all([*swept, *moved])


def _edges(obstacle: BaseGeometry) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """Straight edges of any geometry, shape (n, 2, 2); a point is an edge of no length."""
    parts = shapely.get_parts(np.array(_flat(obstacle), object))
    found = []
    for part in parts:
        rings = shapely.get_rings(part) if part.geom_type == "Polygon" else [part]
        for ring in rings:
            xy = shapely.get_coordinates(ring)
            found.append(np.stack([xy[:-1], xy[1:]], axis=1) if len(xy) > 1 else np.stack([xy, xy], axis=1))
    return np.concatenate(found) if found else np.empty((0, 2, 2))


def _flat(geometry: BaseGeometry) -> list[BaseGeometry]:
    if geometry.geom_type != "GeometryCollection":
        return [] if geometry.is_empty else [geometry]
    return [entry for part in geometry.geoms for entry in _flat(part)]


def _outside_shifts(parts: Sequence[BaseGeometry], outside: BaseGeometry, crs: pyproj.CRS) -> BaseGeometry:
    """Shifts that take a part of the site out of the area."""
    return shapely.union_all([barred_shifts(part, outside, 0.0, crs) for part in parts])


def _smallest(barred: BaseGeometry) -> Shift | None:
    """The shortest way out of the barred shifts, in whole steps; None beyond `MOST_SHIFT_M`."""
    here = shapely.Point(0.0, 0.0)
    edge = shapely.boundary(barred)
    if edge.is_empty:
        return None
    x, y = shapely.get_coordinates(shapely.shortest_line(here, edge))[1]
    metres = math.hypot(x, y)
    told = math.ceil(metres / STEP_M + 1e-9) * STEP_M
    if told > MOST_SHIFT_M or metres == 0.0:
        return None
    return Shift(x / metres * told, y / metres * told)
