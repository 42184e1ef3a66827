"""What of some works lies downstream of a bridge, and how far: the half-plane beyond the line through the bridge across the flow.

Works of several parts, or beside the bridge, count with what they have downstream, wherever their nearest point lies.
"""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from layers.scoring.measure import Floats, Geometries, Pairs, local_scale, middle_points

DOWNSTREAM = "downstream"
"""Edge of rules that count metres along a river from a bridge, on the side to which the river flows."""
HALF_PLANE_M = 100_000.0
"""Far beyond what any rule reaches from any bridge."""


def downstream_pairs(
    pairs: Pairs, bridges: Geometries, works: Geometries, flow_deg: Floats, reach_m: Floats, crs: pyproj.CRS
) -> Pairs:
    """The pairs whose works reach downstream of the bridge within its reach, measured to that part of the works alone.

    Parameters
    ----------
    pairs : n pairs of bridge and works, as near as `reach_m` at the nearest point
    bridges, works : the geometries of each pair, in `crs`
    flow_deg : of each pair, bearing to which the river flows, degrees
    reach_m : of each pair, metres from the bridge
    crs : CRS, projected, conformal, in metres

    Returns
    -------
    Pairs, at most n
        Works that touch their bridge lie on both sides of it: their distance stays 0.
    """
    beyond = shapely.intersection(works, half_planes(shapely.centroid(bridges), flow_deg))
    beyond = np.where(pairs.distance_m == 0, works, beyond)
    there = np.flatnonzero(~shapely.is_empty(beyond))
    line = shapely.shortest_line(bridges[there], beyond[there])
    distance_m = shapely.length(line) / local_scale(crs, middle_points(line))
    is_near = distance_m <= reach_m[there]
    kept = there[is_near]
    return Pairs(pairs.subject[kept], pairs.object[kept], distance_m[is_near], line[is_near])


def half_planes(places: Geometries, flow_deg: Floats) -> Geometries:
    """Of n points in a metric CRS the ground to which the river flows from there, as far as `HALF_PLANE_M`."""
    bearing = np.radians(flow_deg)
    ahead = HALF_PLANE_M * np.column_stack([np.sin(bearing), np.cos(bearing)])
    right = ahead[:, ::-1] * (1.0, -1.0)
    at = shapely.get_coordinates(places)
    ring = np.stack([at - right, at + right, at + right + ahead, at - right + ahead], axis=1)
    return np.asarray(shapely.polygons(ring), object)
