"""Roads as a network: how long a vehicle needs from one of several places to every place on the roads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from layers.crs import require_metric
from layers.scoring.measure import Floats, Geometries, Integers

JOIN_M = 2.0
"""Ends of roads within so many metres of each other, or of another road, are joined. Roads that cross without an end
are not: one of them may be a bridge."""
STEP_M = 100.0
"""Roads are divided into steps of at most so many metres; times are known at their ends."""
M_PER_MIN = 1000.0 / 60.0
SHORTEST_MIN = 1e-9
NEAREST = 4
"""A place is reached from the quickest of so many nearest places on the roads."""


@dataclass(frozen=True)
class RoadNetwork:
    """Places on the roads, metres of the metric CRS, and minutes between neighbouring ones."""

    xy_m: Floats
    minutes: csr_matrix

    @cached_property
    def tree(self) -> cKDTree:
        return cKDTree(self.xy_m)

    def travel_minutes(self, starts_xy_m: Floats, starts_minutes: Floats, reach_m: float) -> Floats:
        """Least minutes to every place of the network from any start; inf where none leads there.

        Parameters
        ----------
        starts_xy_m : array of shape (n, 2)
            Each joins the network at its nearest place, if that is within `reach_m`.
        starts_minutes : minutes lost before that place
        """
        apart, place = self.tree.query(starts_xy_m)
        is_joined = apart <= reach_m
        n = len(self.xy_m)
        if not is_joined.any():
            return np.full(n, np.inf)
        # one more place, from which each start is as far away as it loses minutes before the road; a zero is no way
        joined, first = np.unique(place[is_joined], return_inverse=True)
        least = np.full(len(joined), np.inf)
        np.minimum.at(least, first, np.maximum(starts_minutes[is_joined], SHORTEST_MIN))
        lost = csr_matrix((least, (np.full(len(joined), n), joined)), shape=(n + 1, n + 1))
        pointers = np.append(self.minutes.indptr, self.minutes.indptr[-1])
        grown = csr_matrix((self.minutes.data, self.minutes.indices, pointers), shape=(n + 1, n + 1))
        minutes: Floats = dijkstra(grown + lost, indices=n)[:n]
        return minutes

    def minutes_at(
        self, xy_m: Floats, minutes: Floats, *, access_m: float, access_m_per_min: float
    ) -> Floats:
        """Minutes to places beside the roads; NaN where no road is within `access_m`, inf where none leads there."""
        apart, place = self.tree.query(xy_m, k=min(NEAREST, len(self.xy_m)), distance_upper_bound=access_m)
        apart, place = apart.reshape(len(xy_m), -1), place.reshape(len(xy_m), -1)
        known = np.append(minutes, np.inf)
        total = known[place] + apart / access_m_per_min
        found: Floats = np.where(np.isinf(apart).all(axis=1), np.nan, total.min(axis=1))
        return found


def road_network(roads: gpd.GeoDataFrame, speed_kmh: Mapping[str, float]) -> RoadNetwork | None:
    """The network of the roads whose class has a speed; None where there are none. Metric CRS; both ways alike."""
    require_metric(roads)
    known = roads[
        roads["road_class"].isin(list(speed_kmh)) & roads.geometry.notna() & ~roads.geometry.is_empty
    ]
    if known.empty:
        return None
    lines, road = shapely.get_parts(known.geometry.to_numpy(), return_index=True)
    m_per_min = known["road_class"].map(speed_kmh).to_numpy(float)[road] * M_PER_MIN
    line, measure, is_end = _places(lines)
    xy_m = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], measure))
    node = _joined_places(xy_m, is_end)
    follows = np.flatnonzero(line[1:] == line[:-1])
    length = measure[follows + 1] - measure[follows]
    return _network(xy_m, node, node[follows], node[follows + 1], length / m_per_min[line[follows]])


def _places(lines: Geometries) -> tuple[Integers, Floats, NDArray[np.bool_]]:
    """Line and measure of every place: ends, where another line ends on it, and steps between; in order along lines.

    Also which places are ends.
    """
    length = shapely.length(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)])
    end, touched = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=JOIN_M)
    at_m = shapely.line_locate_point(lines[touched], ends[end])
    n_steps = np.maximum(1, np.ceil(length / STEP_M)).astype(np.intp)
    of_line = np.repeat(np.arange(len(lines)), n_steps + 1)
    number = np.arange(len(of_line)) - np.repeat(np.cumsum(n_steps + 1) - n_steps - 1, n_steps + 1)
    steps = number * np.repeat(length / n_steps, n_steps + 1)
    line, measure = np.concatenate([of_line, touched]), np.concatenate([steps, at_m])
    is_end = np.concatenate(
        [(steps == 0) | (number == np.repeat(n_steps, n_steps + 1)), np.zeros(len(touched), bool)]
    )
    order = np.lexsort((measure, line))
    return line[order], measure[order], is_end[order]


def _joined_places(xy_m: Floats, is_end: NDArray[np.bool_]) -> Integers:
    """Number of the group each place belongs to: an end and the places within `JOIN_M` of it are one."""
    pairs = cKDTree(xy_m).query_pairs(JOIN_M, output_type="ndarray")
    pairs = pairs[is_end[pairs].any(axis=1)]
    near = csr_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy_m),) * 2)
    _, group = connected_components(near, directed=False)
    found: Integers = np.asarray(group, np.intp)
    return found


def _network(xy_m: Floats, node: Integers, one: Integers, two: Integers, minutes: Floats) -> RoadNetwork:
    n = int(node.max()) + 1
    first = np.unique(node, return_index=True)[1]
    is_step = one != two
    low, high = np.minimum(one, two)[is_step], np.maximum(one, two)[is_step]
    order = np.lexsort((minutes[is_step], high, low))
    low, high, kept = low[order], high[order], minutes[is_step][order]
    is_quickest = (
        np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])] if len(low) else np.empty(0, bool)
    )
    low, high, kept = low[is_quickest], high[is_quickest], kept[is_quickest]
    graph = csr_matrix((np.r_[kept, kept], (np.r_[low, high], np.r_[high, low])), shape=(n, n))
    return RoadNetwork(xy_m[first], graph)
