"""Pipelines of one trench: several lines within a few metres are one danger, that of the worst of them.

An accident of a trench is that of its worst line, and one pipe that several offices draw is one pipe. How near, and along how
much of its way, a row of `trenches.csv` says, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.rule_tables import RULES_DIR, origin, read_rules, require

ROUND_SEGMENTS = 4
"""Of a quarter circle in buffers: a length shared is wanted to a per cent, not to a millimetre."""


@dataclass(frozen=True)
class TrenchRule:
    """Lines within `gap_m` and the errors of their positions along `least_share` of the shorter one are of one trench."""

    gap_m: float
    least_share: float
    row: Mapping[str, object]


@lru_cache(maxsize=2)
def load_trench_rule(folder: Path = RULES_DIR) -> TrenchRule:
    """The one row of `trenches.csv`."""
    path = folder / "trenches.csv"
    table = read_rules(path, numbers=("gap_m", "least_share"))
    require(len(table) == 1, path, "one rule")
    row = table.iloc[0]
    require(0 < row.least_share <= 1, path, "a share lies in (0, 1]")
    return TrenchRule(float(row.gap_m), float(row.least_share), {str(name): value for name, value in origin(row).items()})


def trenches(
    keys: Sequence[str], lines: Sequence[BaseGeometry], errors_m: Sequence[float], rule: TrenchRule
) -> dict[str, tuple[str, int]]:
    """Trench and number of its lines, by key of the line; lines by themselves are left out.

    Parameters
    ----------
    keys : one a line, each once
    lines : LineString or MultiLineString, metric CRS
    errors_m : of the positions, metres, NaN where nobody states it (taken as 0)

    Returns
    -------
    dict
        A trench is named for the first of its lines; who shares with a line that shares with a third is of one trench with it.
    """
    order = sorted(range(len(keys)), key=lambda place: keys[place])
    geometry = np.array([lines[place] for place in order], dtype=object)
    error = np.nan_to_num(np.array([errors_m[place] for place in order], dtype=float))
    root = list(range(len(order)))
    for one, other in _near(geometry, error, rule.gap_m):
        first, second = _root(root, one), _root(root, other)
        if first != second and _is_shared(geometry[one], geometry[other], rule.gap_m + float(np.hypot(error[one], error[other])), rule):
            root[max(first, second)] = min(first, second)
    members: dict[int, list[int]] = {}
    for place in range(len(order)):
        members.setdefault(_root(root, place), []).append(place)
    return {
        keys[order[place]]: (keys[order[first]], len(group))
        for first, group in members.items()
        if len(group) > 1
        for place in group
    }


def _near(geometry: NDArray[np.object_], error_m: NDArray[np.float64], gap_m: float) -> list[tuple[int, int]]:
    """Pairs of lines that come close enough at all, the smaller position first."""
    if len(geometry) < 2:
        return []
    reach_m = gap_m + np.hypot(error_m, error_m.max())
    one, other = shapely.STRtree(geometry).query(geometry, predicate="dwithin", distance=reach_m)
    return sorted({(int(min(pair)), int(max(pair))) for pair in zip(one, other, strict=True) if pair[0] != pair[1]})


def _is_shared(one: BaseGeometry, other: BaseGeometry, within_m: float, rule: TrenchRule) -> bool:
    """Whether the shorter line runs beside the longer one along the rule's share of its length."""
    short, long = sorted((one, other), key=lambda line: line.length)
    west, south, east, north = short.bounds
    near = shapely.intersection(long, shapely.box(west - within_m, south - within_m, east + within_m, north + within_m))
    beside = shapely.intersection(short, shapely.buffer(near, within_m, quad_segs=ROUND_SEGMENTS))
    return bool(beside.length >= rule.least_share * short.length)


def _root(root: list[int], place: int) -> int:
    while root[place] != place:
        root[place] = root[root[place]]
        place = root[place]
    return place
