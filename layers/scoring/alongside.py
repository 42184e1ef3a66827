"""The stretches of a line that run alongside a road or railway: a rule about lines that run parallel leaves crossings out.

Which bearing still counts as parallel no text that was read says; the figure is this project's.
"""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
import shapely.ops

from layers.scoring.measure import Floats, Geometries, Pairs, local_scale, middle_points

LAND_BOUNDARIES = ("boundary_of_highway_land", "boundary_of_railway_land")
"""Edges of rules about lines that run parallel to a road or a railway."""
PARALLEL_DEG = 30.0
"""A line runs alongside where it differs from the bearing of the way by no more than this; what meets it more steeply crosses."""
STEP_M = 10.0
"""Bearings are compared over steps of this length, so that a corner of the drawing is no stretch of its own."""


def alongside_pairs(pairs: Pairs, lines: Geometries, ways: Geometries, reach_m: Floats, crs: pyproj.CRS) -> Pairs:
    """The pairs whose line runs alongside its way within reach, measured from those stretches alone.

    Parameters
    ----------
    pairs : n pairs of line and way, as near as `reach_m` at the nearest point
    lines, ways : the geometries of each pair, in `crs`
    reach_m : of each pair, metres from the middle of the way
    crs : CRS, projected, conformal, in metres
    """
    stretches = np.array([stretches_alongside(*each) for each in zip(lines, ways, reach_m, strict=True)], object)
    there = np.flatnonzero(~shapely.is_empty(stretches)) if len(stretches) else np.empty(0, np.intp)
    line = shapely.shortest_line(stretches[there], ways[there])
    distance_m = shapely.length(line) / local_scale(crs, middle_points(line))
    return Pairs(pairs.subject[there], pairs.object[there], distance_m, line)


def stretches_alongside(line: shapely.Geometry, way: shapely.Geometry, reach_m: float) -> shapely.MultiLineString:
    """What of a line within reach of a way runs in its direction; empty where the line only crosses it."""
    near = shapely.intersection(line, shapely.buffer(way, reach_m))
    parts = [part for part in shapely.get_parts(shapely.line_merge(near)) if part.geom_type == "LineString"]
    edges = shapely.boundary(way) if shapely.get_dimensions(way) == 2 else way  # a proposed road is drawn with its land
    ways = shapely.get_parts(shapely.line_merge(edges))
    found = [stretch for part in parts for stretch in _alongside(part, ways[shapely.dwithin(ways, part, reach_m)])]
    return shapely.MultiLineString(found)


def _alongside(part: shapely.LineString, ways: Geometries) -> list[shapely.LineString]:
    """The runs of steps of a line that advance along a way nearly as far as they are long."""
    at_m = np.linspace(0.0, part.length, 1 + max(1, round(part.length / STEP_M)))
    places = shapely.line_interpolate_point(part, at_m)
    step_m = np.hypot(*np.diff(shapely.get_coordinates(places), axis=0).T)
    advance_m = np.abs(np.diff(shapely.line_locate_point(ways[:, None], places[None, :]), axis=1)).max(axis=0, initial=0.0)
    is_along = (advance_m >= np.cos(np.radians(PARALLEL_DEG)) * step_m) & (advance_m > 0)
    first = np.flatnonzero(is_along & ~np.concatenate([[False], is_along[:-1]]))
    last = np.flatnonzero(is_along & ~np.concatenate([is_along[1:], [False]])) + 1
    return [shapely.ops.substring(part, at_m[one], at_m[two]) for one, two in zip(first, last, strict=True)]
