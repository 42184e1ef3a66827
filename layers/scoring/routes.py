"""Pipelines as they run: features that continue each other are one route, and things beside it have a place along it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from layers.scoring.chainage import Chainage
from layers.scoring.measure import (
    Floats,
    Geometries,
    Integers,
    largest_scale,
    line_pieces,
)

JOINT_M = 1.0
"""Where one line ends and exactly one other begins within so many metres, the second continues the first."""
BUFFER_SEGMENTS = 32


@dataclass(frozen=True)
class Route:
    """Lines that continue each other, measured in true metres from the beginning of the first.

    `lines` are positions of the features; line i runs from ``bounds_m[i]`` to ``bounds_m[i + 1]``.
    """

    lines: tuple[int, ...]
    along: Chainage
    bounds_m: Floats

    def pieces(self, from_m: float, to_m: float) -> list[tuple[int, float, float]]:
        """Position of each feature that a stretch touches, with from and to in metres from that feature's beginning."""
        found = []
        for position, low, high in zip(self.lines, self.bounds_m[:-1], self.bounds_m[1:], strict=True):
            start, stop = max(from_m, low), min(to_m, high)
            if stop > start:
                found.append((position, float(start - low), float(stop - low)))
        return found


@dataclass(frozen=True)
class Spans:
    """Where things stand along one route: entry i is thing ``thing[i]``, from and to in metres of the route."""

    thing: Integers
    from_m: Floats
    to_m: Floats

    def __len__(self) -> int:
        return len(self.thing)


def routes_of(lines: Geometries, kinds: NDArray[np.object_], crs: pyproj.CRS) -> list[Route]:
    """Routes of lines (metric CRS); only lines of one kind continue each other, and a branch begins a route."""
    follower = _followers(lines, kinds)
    heads = sorted(set(range(len(lines))) - set(follower.values()))
    rings = sorted(set(follower) - {line for head in heads for line in _chain(head, follower)})
    routes, seen = [], set[int]()
    for head in [*heads, *rings]:
        if head not in seen:
            chain = _chain(head, follower)
            seen.update(chain)
            routes.append(_route(chain, lines, crs))
    return routes


def _chain(head: int, follower: dict[int, int]) -> list[int]:
    chain = [head]
    while chain[-1] in follower and follower[chain[-1]] != head:
        chain.append(follower[chain[-1]])
    return chain


def _followers(lines: Geometries, kinds: NDArray[np.object_]) -> dict[int, int]:
    """For each line the one line that continues it, where there is exactly one and it continues no other."""
    first = shapely.points([shapely.get_coordinates(line)[0] for line in lines])
    last = shapely.points([shapely.get_coordinates(line)[-1] for line in lines])
    end, start = shapely.STRtree(first).query(last, predicate="dwithin", distance=JOINT_M)
    is_meant = (end != start) & (kinds[end] == kinds[start])
    end, start = end[is_meant], start[is_meant]
    is_single = (np.bincount(end, minlength=len(lines))[end] == 1) & (
        np.bincount(start, minlength=len(lines))[start] == 1
    )
    return dict(zip(end[is_single].tolist(), start[is_single].tolist(), strict=True))


def _route(chain: list[int], lines: Geometries, crs: pyproj.CRS) -> Route:
    lengths = [Chainage.along(lines[position], crs).length_m for position in chain]
    parts = np.concatenate([shapely.get_parts(lines[position]) for position in chain])
    return Route(tuple(chain), Chainage(parts, crs), np.concatenate([[0.0], np.cumsum(lengths)]))


def spans_of_buildings(route: Route, things: Geometries, nearest: Geometries, reach_m: float) -> Spans:
    """Stretch of the route beside each thing: from the first to the last of its corners within reach.

    Parameters
    ----------
    things : points and outlines (metric CRS) that lie within `reach_m` of the route
    nearest : the point of each thing that is nearest to the route
    """
    xy_m, corner_of = shapely.get_coordinates(things, return_index=True)
    corners = np.concatenate([shapely.points(xy_m), nearest])
    owner = np.concatenate([corner_of, np.arange(len(things))])
    chainage_m, distance_m = route.along.nearest(corners)
    is_near = distance_m <= reach_m * (1 + 1e-9) + 1e-6
    is_near[len(xy_m) :] = True
    low, high = np.full(len(things), np.inf), np.full(len(things), -np.inf)
    np.minimum.at(low, owner[is_near], chainage_m[is_near])
    np.maximum.at(high, owner[is_near], chainage_m[is_near])
    return Spans(np.arange(len(things)), low, high)


def spans_of_ground(route: Route, things: Geometries, reach_m: float) -> Spans:
    """Stretches of the route within reach of roads and waters (metric CRS); one thing may have several."""
    pieces, _ = line_pieces(route.along.parts)
    reach = reach_m * largest_scale(route.along.crs, pieces)
    thing, piece = shapely.STRtree(pieces).query(things, predicate="dwithin", distance=reach)
    if not len(thing):
        return Spans(np.empty(0, np.intp), np.empty(0), np.empty(0))
    grown = shapely.bounds(pieces[piece]) + np.array([-reach, -reach, reach, reach])
    # only the part beside the piece is buffered: a river is long and its outline fine
    local = shapely.intersection(things[thing], shapely.box(*grown.T))
    inside = shapely.intersection(pieces[piece], shapely.buffer(local, reach, quad_segs=BUFFER_SEGMENTS))
    parts, of_pair = shapely.get_parts(inside, return_index=True)
    is_line = (shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)
    parts, owner = parts[is_line], thing[of_pair[is_line]]
    ends = [route.along.at(shapely.get_point(parts, end)) for end in (0, -1)]
    return _joined(owner, np.minimum(*ends), np.maximum(*ends))


def _joined(owner: Integers, low: Floats, high: Floats) -> Spans:
    found: list[tuple[int, float, float]] = []
    for thing in np.unique(owner).tolist():
        mine = owner == thing
        found += [(thing, start, stop) for start, stop in merged(low[mine], high[mine], gap_m=JOINT_M)]
    things, starts, stops = zip(*found, strict=True) if found else ((), (), ())
    return Spans(np.array(things, np.intp), np.array(starts, float), np.array(stops, float))


def merged(from_m: Floats, to_m: Floats, *, gap_m: float) -> list[tuple[float, float]]:
    """Stretches in order, those that overlap or lie no more than `gap_m` apart joined."""
    found: list[tuple[float, float]] = []
    for position in np.argsort(from_m, kind="stable"):
        start, stop = float(from_m[position]), float(to_m[position])
        if found and start <= found[-1][1] + gap_m:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return found


def sliding_windows(
    from_m: Floats, to_m: Floats, weight: Floats, window_m: float
) -> tuple[Floats, Floats, Floats]:
    """Every richest position of a window that slides along a route, without steps.

    Whatever stands in a window still stands in it when the window moves on until the first of its things ends at its
    beginning. So one window for each thing, beginning where the thing ends, holds every set that any window holds.

    Parameters
    ----------
    from_m, to_m : where each thing begins and ends along the route; one that touches the window counts
    weight : what each counts

    Returns
    -------
    total, first_m, last_m : arrays, one window a thing
        Sum of the weights in the window, and where the first thing of it begins and the last one ends.
    """
    by_end, by_start = np.argsort(to_m, kind="stable"), np.argsort(from_m, kind="stable")
    ends, starts = to_m[by_end], from_m[by_start]
    n_begun = np.searchsorted(starts, to_m + window_m, side="right")
    n_ended = np.searchsorted(ends, to_m, side="left")
    begun = np.concatenate([[0.0], np.cumsum(weight[by_start])])
    ended = np.concatenate([[0.0], np.cumsum(weight[by_end])])
    total = begun[n_begun] - ended[n_ended]
    first_left = np.minimum.accumulate(from_m[by_end][::-1])[::-1]
    last_begun = np.maximum.accumulate(to_m[by_start])
    return total, first_left[n_ended], last_begun[n_begun - 1]
