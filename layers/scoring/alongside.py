"""The stretches of a line that run alongside a road or railway: a rule about lines that run parallel leaves crossings out.

Which bearing still counts as parallel no text that was read says; the figure is this project's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
import shapely.ops
from numpy.typing import NDArray

from layers.scoring.measure import (
    Floats,
    Geometries,
    Integers,
    Pairs,
    local_scale,
    middle_points,
)

Booleans = NDArray[np.bool_]
LAND_BOUNDARIES = ("boundary_of_highway_land", "boundary_of_railway_land")
"""Edges of rules about lines that run parallel to a road or a railway."""
PARALLEL_DEG = 30.0
"""A line runs alongside where it differs from the bearing of the way by no more than this; what meets it more steeply crosses."""
STEP_M = 10.0
"""Bearings are compared over steps of this length, so that a corner of the drawing is no stretch of its own."""
TIE_M = 0.01
"""Segments of a way as near as this to the nearest one count like it: at a corner of the way two are the nearest."""


def alongside_pairs(pairs: Pairs, lines: Geometries, ways: Geometries, reach_m: Floats, crs: pyproj.CRS) -> Pairs:
    """The pairs whose line runs alongside its way within reach, measured from those stretches to what of the way they follow.

    Parameters
    ----------
    pairs : n pairs of line and way, as near as `reach_m` at the nearest point
    lines, ways : the geometries of each pair, in `crs`
    reach_m : of each pair, metres from the middle of the way
    crs : CRS, projected, conformal, in metres
    """
    found = np.array([shortest_alongside(*each) for each in zip(lines, ways, reach_m, strict=True)], object)
    there = np.flatnonzero(shapely.is_geometry(found)) if len(found) else np.empty(0, np.intp)
    line = found[there]
    distance_m = shapely.length(line) / local_scale(crs, middle_points(line))
    return Pairs(pairs.subject[there], pairs.object[there], distance_m, line)


def shortest_alongside(line: shapely.Geometry, way: shapely.Geometry, reach_m: float) -> shapely.LineString | None:
    """The shortest line from the stretches of a line that run alongside a way to what they run alongside; None where it only crosses."""
    near = shapely.intersection(line, shapely.buffer(way, reach_m))
    parts = [part for part in shapely.get_parts(shapely.line_merge(near)) if part.geom_type == "LineString"]
    is_ground = shapely.get_dimensions(way) == 2  # a proposed road is drawn with its land
    edges = shapely.boundary(way) if is_ground else way
    segments = _segments(edges)
    tree, within_m = shapely.STRtree(segments), max(reach_m, edges.length) if is_ground else reach_m
    found = []
    for run, followed in (each for part in parts for each in _alongside(part, segments, tree, within_m)):
        found.append(shapely.shortest_line(run, way if is_ground and shapely.intersects(run, way) else followed))
    return min(found, key=shapely.length, default=None)


def _segments(way: shapely.Geometry) -> Geometries:
    """The straight pieces between the corners of a way, of each of its parts."""
    xy_m, part = shapely.get_coordinates(shapely.get_parts(way), return_index=True)
    is_one = (part[1:] == part[:-1]) & (xy_m[1:] != xy_m[:-1]).any(axis=1)
    return np.asarray(shapely.linestrings(np.stack([xy_m[:-1], xy_m[1:]], axis=1)[is_one]), object)


@dataclass(frozen=True)
class _Beside:
    """Steps of a line and segments of a way within reach of their middles: numbers of both, whether parallel, whether the nearest."""

    step: Integers
    segment: Integers
    is_parallel: Booleans
    is_nearest: Booleans


def _alongside(part: shapely.LineString, segments: Geometries, tree: shapely.STRtree, within_m: float) -> list[tuple[shapely.Geometry, shapely.Geometry]]:
    """The runs of steps of a line that are parallel to the nearest segment of a way, each with the segments that it is parallel to."""
    at_m = np.linspace(0.0, part.length, 1 + max(1, round(part.length / STEP_M)))
    beside = _beside(part, at_m, segments, tree, within_m)
    is_along = np.zeros(len(at_m) - 1, bool)
    is_along[beside.step[beside.is_parallel & beside.is_nearest]] = True
    first = np.flatnonzero(is_along & ~np.concatenate([[False], is_along[:-1]]))
    last = np.flatnonzero(is_along & ~np.concatenate([is_along[1:], [False]])) + 1
    runs = []
    for one, two in zip(first, last, strict=True):
        is_of_run = beside.is_parallel & (beside.step >= one) & (beside.step < two)
        followed = shapely.multilinestrings(segments[np.unique(beside.segment[is_of_run])])
        runs.append((shapely.ops.substring(part, at_m[one], at_m[two]), followed))
    return runs


def _beside(part: shapely.LineString, at_m: Floats, segments: Geometries, tree: shapely.STRtree, within_m: float) -> _Beside:
    """Each step of a line with each segment of a way within so many metres of its middle."""
    middles = shapely.line_interpolate_point(part, (at_m[:-1] + at_m[1:]) / 2)
    step, segment = tree.query(middles, predicate="dwithin", distance=within_m + TIE_M)
    ours = np.diff(shapely.get_coordinates(shapely.line_interpolate_point(part, at_m)), axis=0)[step]
    theirs = np.diff(shapely.get_coordinates(segments).reshape(-1, 2, 2), axis=1)[segment, 0]
    along = np.abs((ours * theirs).sum(axis=1))
    is_parallel = along >= np.cos(np.radians(PARALLEL_DEG)) * np.hypot(*ours.T) * np.hypot(*theirs.T)
    distance_m = shapely.distance(middles[step], segments[segment])
    nearest_m = np.full(len(middles), np.inf)
    np.minimum.at(nearest_m, step, distance_m)
    return _Beside(step, segment, is_parallel, distance_m <= nearest_m[step] + TIE_M)
