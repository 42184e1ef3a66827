"""Measures edge to edge between many features at once, close enough to the geodesic to hold against a clause.

A transverse Mercator stretches with the distance from its meridian: 3e-5 at 50 km, 1.2e-4 at 100 km. Every distance is
divided by the local scale at the middle of its shortest line, which leaves less than 1e-6 within 3 km.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import pyproj
import shapely

from layers.scoring.edges import (
    Edges,
    Floats,
    Geometries,
    Integers,
    edges_of,
    near_by_near,
    nearest_within,
)

__all__ = ["Floats", "Geometries", "Integers"]
N_THREADS = max(1, len(os.sched_getaffinity(0)))

LINE, RING, MANY_LINES = 1, 2, 5
"""Type numbers of GEOS."""
PIECE_SEGMENTS = 32
"""Long lines are cut into pieces of so many segments, so that the spatial index and the distance stay local."""
FEW_CELLS = 16
"""So many cells are looked up one by one and kept: a siting question asks for the same few again and again."""
FEW_BOXES = 4096
"""So many pairs of boxes are compared outright: a tree costs more than it saves."""
SCALE_CELL_M = 1000.0
"""The scale changes by less than 3e-6 within such a cell, even 100 km from the meridian."""


@lru_cache(maxsize=8)
def _projection(crs_wkt: str) -> pyproj.Proj:
    return pyproj.Proj(pyproj.CRS.from_wkt(crs_wkt))


def _wkt(crs: pyproj.CRS) -> str:
    """The CRS as text, kept by object: to hash one, as a common cache does, is to write it as text."""
    found = _TEXTS.get(id(crs))
    if found is None:
        if len(_TEXTS) >= MOST_TEXTS:
            _TEXTS.clear()
        found = _TEXTS[id(crs)] = crs, crs.to_wkt()
    return found[1]


MOST_TEXTS = 64
_TEXTS: dict[int, tuple[pyproj.CRS, str]] = {}
"""Text of a CRS by the identity of the object, which is held so that no other takes its place."""


def local_scale(crs: pyproj.CRS, xy_m: Floats) -> Floats:
    """Metres on the map for one metre on the ellipsoid at n places.

    Parameters
    ----------
    crs : CRS
        Projected and conformal, in metres.
    xy_m : array of shape (n, 2)
        East and north in `crs`.
    """
    if not len(xy_m):
        return np.empty(0)
    if len(xy_m) <= FEW_CELLS:
        wkt = _wkt(crs)
        return np.array([_cell_scale(wkt, *cell) for cell in np.floor(xy_m / SCALE_CELL_M).tolist()])
    cells, inverse = np.unique(np.floor(xy_m / SCALE_CELL_M), axis=0, return_inverse=True)
    wkt = _wkt(crs)
    if len(cells) <= FEW_CELLS:
        scale = np.array([_cell_scale(wkt, *cell) for cell in cells.tolist()])
    else:
        scale = _cell_scales(wkt, cells)
    return np.asarray(scale[np.ravel(inverse)], float)


def _cell_scales(crs_wkt: str, cells: Floats) -> Floats:
    projection = _projection(crs_wkt)
    middles = (cells + 0.5) * SCALE_CELL_M
    lon, lat = projection(middles[:, 0], middles[:, 1], inverse=True)
    return np.asarray(projection.get_factors(lon, lat).meridional_scale, float)


@lru_cache(maxsize=4096)
def _cell_scale(crs_wkt: str, x: float, y: float) -> float:
    return float(_cell_scales(crs_wkt, np.array([[x, y]]))[0])


def largest_scale(crs: pyproj.CRS, geometries: Geometries) -> float:
    """The largest local scale, at least 1, anywhere on the bounds of `geometries`: how far a search must reach."""
    boxes = shapely.bounds(geometries)
    boxes = boxes[np.isfinite(boxes[:, 0])]
    if not len(boxes):
        return 1.0
    (west, south), (east, north) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    edges = np.array([(x, y) for x in (west, (west + east) / 2, east) for y in (south, north)])
    return max(1.0, float(local_scale(crs, edges).max()) + 1e-5)


@dataclass(frozen=True)
class Pairs:
    """Pairs of positions in two arrays of geometries, at most one a pair, sorted by subject, then object.

    `distance_m` is edge to edge on the ellipsoid, 0 where they touch; `line` runs from subject to object in the
    metric CRS.
    """

    subject: Integers
    object: Integers
    distance_m: Floats
    line: Geometries

    def take(self, chosen: Any) -> Pairs:
        return Pairs(self.subject[chosen], self.object[chosen], self.distance_m[chosen], self.line[chosen])


NO_PAIRS = Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0, object))


def line_pieces(geometries: Geometries) -> tuple[Geometries, Integers]:
    """Lines cut into pieces of at most `PIECE_SEGMENTS` segments, and the position each came from.

    Points and polygons come back whole; missing and empty geometries have no piece.
    """
    present = np.flatnonzero(~shapely.is_missing(geometries) & ~shapely.is_empty(geometries))
    kinds = shapely.get_type_id(geometries[present])
    is_line = (kinds == LINE) | (kinds == RING) | (kinds == MANY_LINES)
    if not is_line.any():
        return geometries[present], present
    whole, lines = present[~is_line], present[is_line]
    parts, of_line = shapely.get_parts(geometries[lines], return_index=True)
    pieces, of_part = _cut(parts)
    return np.concatenate([geometries[whole], pieces]), np.concatenate([whole, lines[of_line][of_part]])


def _cut(parts: Geometries) -> tuple[Geometries, Integers]:
    xy_m = shapely.get_coordinates(parts)
    n_points = shapely.get_num_coordinates(parts)
    first_point = np.cumsum(n_points) - n_points
    n_pieces = np.maximum(1, -(-(n_points - 1) // PIECE_SEGMENTS))
    of_part = np.repeat(np.arange(len(parts)), n_pieces)
    number = np.arange(len(of_part)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    start = first_point[of_part] + number * PIECE_SEGMENTS
    stop = np.minimum(start + PIECE_SEGMENTS, first_point[of_part] + n_points[of_part] - 1)
    length = stop - start + 1
    of_point = np.repeat(np.arange(len(length)), length)
    within = np.arange(len(of_point)) - np.repeat(np.cumsum(length) - length, length)
    chosen = np.repeat(start, length) + within
    return shapely.linestrings(xy_m[chosen], indices=of_point), of_part


class SearchIndex:
    """Geometries with the tree that finds them and the edges that distances are measured between, each made once."""

    def __init__(self, geometries: Geometries) -> None:
        self.geometries = geometries

    @cached_property
    def tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.geometries)

    @cached_property
    def edges(self) -> tuple[Edges, Integers]:
        """The edges, neighbours in space beside each other, and where those of each geometry stand."""
        order = near_by_near(self.geometries)
        at = np.empty(len(order), np.intp)
        at[order] = np.arange(len(order))
        return edges_of(self.geometries, at=at, n_threads=N_THREADS), at


def planar_pairs(
    subjects: Geometries, objects: Geometries, *, reach: Floats, index: SearchIndex | None = None
) -> tuple[Integers, Integers, Floats, Floats]:
    """Pairs of subject and object within the subject's reach on the plane, at most one a pair.

    Returns
    -------
    Positions of subject and object, distance, and the ends of the shortest line of shape (n, 2, 2), sorted by subject,
    then object.
    """
    pieces, owner = line_pieces(subjects)
    reach = reach[owner]
    if len(pieces) * len(objects) <= FEW_BOXES:
        piece, candidates = _boxes_that_meet(pieces, reach, objects)
    else:
        index = index or SearchIndex(objects)
        piece, candidates = index.tree.query(_reaching(pieces, reach))
    if not len(piece):
        return NO_PAIRS.subject, NO_PAIRS.object, NO_PAIRS.distance_m, np.empty((0, 2, 2))
    index = index or SearchIndex(objects)
    first = np.searchsorted(piece, np.arange(len(pieces) + 1))
    edges, at = index.edges
    near = nearest_within(
        edges_of(pieces), edges, at, first, candidates, reach, near_by_near(pieces), n_threads=N_THREADS
    )
    if np.array_equal(owner, np.arange(len(subjects))):
        return near.of_a, near.of_b, near.distance, near.line.reshape(-1, 2, 2)
    subject = owner[near.of_a]
    order = np.lexsort((near.of_a, near.distance, near.of_b, subject))
    subject, found = subject[order], near.of_b[order]
    is_first = np.ones(len(subject), bool)
    is_first[1:] = (subject[1:] != subject[:-1]) | (found[1:] != found[:-1])
    chosen = order[is_first]
    return subject[is_first], found[is_first], near.distance[chosen], near.line[chosen].reshape(-1, 2, 2)


def near_pairs(
    subjects: Geometries,
    objects: Geometries,
    *,
    reach_m: Floats,
    crs: pyproj.CRS,
    index: SearchIndex | None = None,
) -> Pairs:
    """Pairs of subject and object that lie within the subject's reach, with distance and shortest line.

    Parameters
    ----------
    subjects, objects : arrays of geometries in `crs`, None and empty allowed (they have no pair)
    reach_m : array, one a subject, metres
    crs : CRS, projected, conformal, in metres
    index : `SearchIndex` of `objects`, made here when not given
    """
    if not len(subjects) or not len(objects):
        return NO_PAIRS
    subject, found, planar, ends = planar_pairs(
        subjects, objects, reach=reach_m * largest_scale(crs, subjects), index=index
    )
    if not len(subject):
        return NO_PAIRS
    distance_m = planar / local_scale(crs, ends.mean(axis=1))
    is_near = distance_m <= reach_m[subject]
    return Pairs(subject[is_near], found[is_near], distance_m[is_near], shapely.linestrings(ends[is_near]))


def compile_measures() -> None:
    """Compile the loops over edges once, so that the first question does not wait for the compiler."""
    points = np.array([shapely.Point(0, 0), shapely.Point(1, 1)], dtype=object)
    planar_pairs(points, points, reach=np.array([2.0, 2.0]))


def _boxes_that_meet(subjects: Geometries, reach: Floats, objects: Geometries) -> tuple[Integers, Integers]:
    """Positions of subjects and objects whose boxes meet when those of the subjects are grown by their reach; what a tree finds, without one."""
    (west, south, east, north), theirs = shapely.bounds(subjects).T, shapely.bounds(objects)
    meet = (west - reach)[:, None] <= theirs[:, 2]
    meet &= (east + reach)[:, None] >= theirs[:, 0]
    meet &= (south - reach)[:, None] <= theirs[:, 3]
    meet &= (north + reach)[:, None] >= theirs[:, 1]
    subject, found = np.nonzero(meet)
    return subject, found


def _reaching(geometries: Geometries, reach: Floats) -> Geometries:
    """Boxes that hold all that lies within reach of each geometry."""
    west, south, east, north = shapely.bounds(geometries).T
    boxes: Geometries = shapely.box(west - reach, south - reach, east + reach, north + reach)
    return boxes


def middle_points(lines: Geometries) -> Floats:
    """Middle of lines of two points each, shape (n, 2)."""
    middle: Floats = shapely.get_coordinates(lines).reshape(-1, 2, 2).mean(axis=1)
    return middle


def shortened(pairs: Pairs, offset_m: Floats) -> tuple[Floats, Geometries]:
    """Distance from an edge that lies `offset_m` (metres, one a pair) out from the subject, and its shortest line.

    An object at or within the edge has distance 0 and a point for its line.
    """
    actual_m = np.maximum(pairs.distance_m - offset_m, 0.0)
    ends = shapely.get_coordinates(pairs.line).reshape(-1, 2, 2)
    share = np.divide(offset_m, pairs.distance_m, out=np.ones_like(offset_m), where=pairs.distance_m > 0)
    ends[:, 0] += np.minimum(share, 1.0)[:, None] * (ends[:, 1] - ends[:, 0])
    lines = shapely.linestrings(ends)
    touching = actual_m == 0
    lines[touching] = shapely.points(ends[touching, 1])
    return actual_m, lines


def shortened_back(pairs: Pairs, actual_m: Floats, line: Geometries, offset_m: Floats) -> tuple[Floats, Geometries]:
    """Distances and lines that end at an edge `offset_m` (metres, one a pair) out from the object; a subject at or within it has 0 and a point."""
    back = Pairs(pairs.object, pairs.subject, actual_m, shapely.reverse(_as_lines(line)))
    shorter_m, reversed_line = shortened(back, offset_m)
    return shorter_m, shapely.reverse(reversed_line)


def _as_lines(line: Geometries) -> Geometries:
    """Lines of two points each; a point becomes a line without length."""
    points = shapely.get_type_id(line) == 0
    made = line.copy()
    made[points] = [shapely.LineString([point, point]) for point in line[points]]
    return made


def depths(areas: Geometries, places: Geometries, actual_m: Floats, line: Geometries, crs: pyproj.CRS) -> tuple[Floats, Geometries]:
    """Of places that reach into an area that forbids its own ground: how deep, as a negative distance."""
    inside = np.flatnonzero((shapely.get_dimensions(areas) == 2) & (actual_m == 0))
    if len(inside):
        actual_m, line = actual_m.copy(), line.copy()
        actual_m[inside], line[inside] = signed_distance(areas[inside], places[inside], crs)
    return actual_m, line


def signed_distance(areas: Geometries, places: Geometries, crs: pyproj.CRS) -> tuple[Floats, Geometries]:
    """Metres from each place to the edge of its area, negative for the deepest part of a place that reaches inside."""
    edges = shapely.boundary(areas)
    line = shapely.shortest_line(edges, places)
    inside = np.flatnonzero(shapely.intersects(areas, places))
    line[inside] = [_deepest(edges[i], shapely.intersection(areas[i], places[i])) for i in inside]
    distance_m = shapely.length(line)
    distance_m = distance_m / local_scale(crs, middle_points(line)) if len(line) else distance_m
    distance_m[inside] *= -1
    return distance_m, line


def _deepest(edge: shapely.Geometry, part: shapely.Geometry) -> shapely.Geometry:
    corners = shapely.points(shapely.get_coordinates(part))
    return shapely.shortest_line(edge, corners[np.argmax(shapely.distance(edge, corners))])
