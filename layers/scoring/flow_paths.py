"""Metres along the path that tailings would take from a dam: where along it a place is reached, and the stretch down to there.

A criterion of the "overhead pond" goes by the path and not by a circle; a place beside the path's width is not reached.
"""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
import shapely.ops

from layers.scoring.measure import Floats, Geometries, local_scale

ALONG_PATH = "along_path"
"""Formula of a rule whose metres run along its subject, from the subject's first point."""


def reached(paths: Geometries, places: Geometries, half_width_m: Floats, crs: pyproj.CRS) -> tuple[Floats, Geometries]:
    """Of n pairs: metres along the path at which its width first meets the place, and the path down to there.

    Parameters
    ----------
    paths : lines in the metric CRS that begin at the toe of the dam
    places : of each pair, within the width or, by the error of its position, beside it: then its nearest point counts
    half_width_m : metres on each side of the path
    """
    stretches, middle = np.empty(len(paths), object), np.empty((len(paths), 2))
    for position, (path, place, half_m) in enumerate(zip(paths, places, half_width_m, strict=True)):
        line = one_line(path)
        inside = shapely.intersection(place, shapely.buffer(line, half_m, cap_style="flat"))
        met = place if inside.is_empty else inside
        at_m = min(shapely.line_locate_point(line, shapely.points(shapely.get_coordinates(met))))
        stretches[position] = shapely.ops.substring(line, 0.0, float(at_m))
        middle[position] = shapely.get_coordinates(shapely.line_interpolate_point(line, float(at_m) / 2))[0]
    return shapely.length(stretches) / local_scale(crs, middle), stretches


def one_line(path: shapely.Geometry) -> shapely.LineString:
    """The path as one line; parts that do not touch are joined in their order."""
    merged = shapely.line_merge(path)
    return merged if merged.geom_type == "LineString" else shapely.linestrings(shapely.get_coordinates(path))


def first_stretch(path: shapely.Geometry, metres: float) -> shapely.Geometry:
    """The path from its beginning for so many metres."""
    return shapely.ops.substring(one_line(path), 0.0, metres)
