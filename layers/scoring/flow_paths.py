"""Metres along the path that tailings would take from a dam: where along it a place is reached, and the stretch down to there.

A criterion of the "overhead pond" goes by the path and not by a circle; a place beside the path's width, behind the dam or
beyond the end of the path is not reached.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
import shapely.ops
from numpy.typing import NDArray

from layers.scoring.measure import Floats, Geometries, local_scale

ALONG_PATH = "along_path"
"""Formula of a rule whose metres run along its subject, from the subject's first point."""
QUAD_SEGMENTS = 32


@dataclass(frozen=True)
class Reached:
    """Of n pairs: metres along the path to the place, the path down to there, and whether its width meets the place.

    `is_possible`: it does within the error of the positions. `is_sure`: it does whichever way the error goes.
    """

    along_m: Floats
    stretch: Geometries
    is_possible: NDArray[np.bool_]
    is_sure: NDArray[np.bool_]


def reached(paths: Geometries, places: Geometries, half_width_m: Floats, error_m: Floats, crs: pyproj.CRS) -> Reached:
    """Where along n paths their width first meets a place.

    Parameters
    ----------
    paths : lines in the metric CRS that begin at the toe of the dam
    places : of each pair; one that the width does not meet counts with its nearest point
    half_width_m : metres on each side of the path, which has no width behind its first and beyond its last point
    error_m : of both positions together
    """
    stretches, middle = np.empty(len(paths), object), np.empty((len(paths), 2))
    is_possible, is_sure = np.empty(len(paths), bool), np.empty(len(paths), bool)
    for position, (path, place, half_m, by_m) in enumerate(zip(paths, places, half_width_m, error_m, strict=True)):
        line = one_line(path)
        ground = shapely.buffer(line, half_m, cap_style="flat")
        inside = shapely.intersection(place, ground)
        met = place if inside.is_empty else inside
        at_m = float(min(shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(met)))))
        stretches[position] = shapely.ops.substring(line, 0.0, at_m)
        middle[position] = shapely.get_coordinates(shapely.line_interpolate_point(line, at_m / 2))[0]
        is_possible[position] = shapely.dwithin(place, ground, by_m)
        is_sure[position] = not inside.is_empty and shapely.intersects(_certain_ground(line, half_m, by_m), place)
    return Reached(shapely.length(stretches) / local_scale(crs, middle), stretches, is_possible, is_sure)


def _certain_ground(line: shapely.LineString, half_m: float, error_m: float) -> shapely.Geometry:
    """The width of a path without the margin, on all sides, in which the error of the positions leaves it open."""
    if half_m < error_m or line.length < 2 * error_m:
        return shapely.Polygon()
    return shapely.buffer(shapely.ops.substring(line, error_m, line.length - error_m), half_m - error_m, cap_style="flat")


def one_line(path: shapely.Geometry) -> shapely.LineString:
    """The path as one line; parts that do not touch are joined in their order."""
    merged = shapely.line_merge(path)
    return merged if merged.geom_type == "LineString" else shapely.linestrings(shapely.get_coordinates(path))


def first_stretch(path: shapely.Geometry, metres: float) -> shapely.Geometry:
    """The path from its beginning for so many metres."""
    return shapely.ops.substring(one_line(path), 0.0, metres)


def reached_ground(
    path: shapely.Geometry, metres: float, half_width_m: float, error_m: float, crs: pyproj.CRS
) -> shapely.Geometry:
    """The ground on which a place is, within the error of the positions, fewer than so many metres along the path.

    As wide as the path, with nothing behind its first point and beyond its last one but the error: `reached` says
    possible of what meets it, and no other.
    """
    line = one_line(path)
    middle = shapely.line_interpolate_point(line, min(metres, line.length) / 2)
    to_m = (metres + error_m) * float(local_scale(crs, shapely.get_coordinates(middle))[0])
    first = shapely.ops.substring(line, 0.0, to_m)
    if not error_m:
        return shapely.buffer(first, half_width_m, cap_style="flat")
    within_error = shapely.buffer(shapely.buffer(line, half_width_m, cap_style="flat"), error_m, quad_segs=QUAD_SEGMENTS)
    return shapely.intersection(within_error, shapely.buffer(_begun_before(first, error_m), half_width_m + error_m, cap_style="flat"))


def _begun_before(line: shapely.LineString, metres: float) -> shapely.LineString:
    """A line with so many metres before its first point, straight on."""
    xy = shapely.get_coordinates(line)
    ahead = xy[1] - xy[0]
    return shapely.linestrings(np.vstack([xy[0] - ahead / np.hypot(*ahead) * metres, xy]))
