"""Features that something reaches out from, each as far as it says, asked by place: what may matter there, and no look at the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.measure import Floats, Geometries, Integers

MOST_STRETCH, SLACK_M = 2e-2, 1.0
"""More than the map stretches anywhere in a county, as a share and in metres: also on islands 1,000 km from its meridian."""
NOTHING: frozenset[str] = frozenset()


class Reach(NamedTuple):
    """How far one check reaches from each of some features, metres; below 0 it does not concern the feature."""

    check: str
    geometry: Geometries
    reach_m: Floats


class ReachIndex:
    """All features that some check reaches out from, to be asked by place.

    Parameters
    ----------
    reaches : features that several checks name are one and the same object in each
    always : checks that are named everywhere
    """

    def __init__(self, reaches: Sequence[Reach], always: frozenset[str] = NOTHING) -> None:
        self._checks = tuple(entry.check for entry in reaches)
        self._always = always
        concerned = [np.flatnonzero(entry.reach_m >= 0) for entry in reaches]
        check = np.repeat(np.arange(len(reaches)), [len(chosen) for chosen in concerned])
        pairs = list(zip(reaches, concerned, strict=True))
        geometry: Geometries = np.concatenate([np.empty(0, object), *[entry.geometry[chosen] for entry, chosen in pairs]])
        reach_m = np.concatenate([np.empty(0), *[entry.reach_m[chosen] for entry, chosen in pairs]])
        _, first_of, feature = np.unique([id(shape) for shape in geometry], return_index=True, return_inverse=True)
        order = np.argsort(feature, kind="stable")
        self._geometry: Geometries = geometry[first_of]
        self._check: Integers = check[order]
        self._reach: Floats = reach_m[order] * (1 + MOST_STRETCH) + SLACK_M
        self._first: Integers = np.searchsorted(feature[order], np.arange(len(first_of) + 1))
        self._farthest = np.maximum.reduceat(self._reach, self._first[:-1]) if len(order) else np.empty(0)
        west, south, east, north = shapely.bounds(self._geometry).T
        far = self._farthest
        self._tree = shapely.STRtree(shapely.box(west - far, south - far, east + far, north + far))

    def at(self, site: BaseGeometry) -> frozenset[str]:
        """Checks that may find something at a site."""
        near = self._tree.query(site)
        near = near[shapely.dwithin(self._geometry[near], site, self._farthest[near])] if len(near) else near
        if not len(near):
            return self._always
        distance = shapely.distance(self._geometry[near], site)
        first, counts = self._first[near], self._first[near + 1] - self._first[near]
        entries = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        found = self._check[entries][self._reach[entries] >= np.repeat(distance, counts)]
        return self._always.union([self._checks[number] for number in set(found.tolist())])
