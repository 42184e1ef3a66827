"""The sources that colour cells, in key order, as arrays that the compiled loops take."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.crs import require_metric
from layers.scoring.policy import LEVEL_CODES, Policy
from layers.scoring.sources import HCA_PART

Floats = NDArray[np.float64]
GRID_MAXIMUM = "grid_maximum"


@dataclass(frozen=True)
class Sources:
    """Rated sources that have a place and a reach, in key order, as the compiled loops need them.

    `positions` are rows of the frame they came from; `segments` (n, 4) are x1, y1, x2, y2 in metres, those of
    source i from ``starts[i]`` to ``starts[i + 1]``; a point is one segment of length 0. `codes` is the level
    that holds on the footprint (by strength, or for the grid maximum the source's own), 1 red to 4 blue. `strength`
    is C S, the policy's strength times the source's own help factor; `help_factor` is that C. Sources of one `group`
    are parts of one feature, the strongest first, or lines of one trench: each adds to a cell only what goes beyond the
    ones before it, so the worst of them counts once.
    """

    positions: NDArray[np.int64]
    strength: Floats
    help_factor: Floats
    radius_m: Floats
    codes: NDArray[np.uint8]
    starts: NDArray[np.int64]
    segments: Floats
    is_area: NDArray[np.bool_]
    bounds: Floats
    group: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positions)


def prepare_sources(points: gpd.GeoDataFrame, policy: Policy) -> Sources:
    """The sources of `risk_points` (metric CRS) that colour cells, sorted by ``point_id``.

    Left out: unrated ones, ones without a position, and ones whose danger another row carries (no radius).
    """
    require_metric(points)
    order, keys = _key_order(points["point_id"].to_numpy(dtype=object), _trenches(points))
    strength = pd.to_numeric(points["strength"], errors="coerce").to_numpy(dtype=float)
    radius = pd.to_numeric(points["radius_m"], errors="coerce").to_numpy(dtype=float)
    own_code = points["level"].map(LEVEL_CODES).fillna(0).to_numpy(dtype=np.uint8)
    geometry = points.geometry.to_numpy()
    is_usable = (
        (strength > 0)
        & (radius > 0)
        & (own_code > 0)
        & ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    )
    positions = order[is_usable[order]]
    is_maximum = policy.method == GRID_MAXIMUM
    codes = own_code[positions] if is_maximum else _codes_by_strength(strength[positions], policy)
    help_factor = _help_factors(points)[positions]
    starts, segments, is_area = _segments(geometry[positions])
    return Sources(
        positions,
        strength[positions] * help_factor,
        help_factor,
        radius[positions],
        codes,
        starts,
        segments,
        is_area,
        shapely.bounds(geometry[positions]).reshape(-1, 4),
        _groups(keys[positions]),
    )


def _trenches(points: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Trench of each source, None without; frames of editions before the rule of trenches know none."""
    if "trench_id" not in points:
        return np.full(len(points), None, object)
    found: NDArray[np.object_] = points["trench_id"].to_numpy(dtype=object, na_value=None)
    return found


def _key_order(
    point_id: NDArray[np.object_], trench_id: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Positions in key order, and the key of what each is part of: its trench, else its feature.

    A line's areas come just before its rest, the lines of a trench one after the other.
    """
    is_part = np.array([str(name).endswith(HCA_PART) for name in point_id], dtype=bool)
    features = np.array([str(name).removesuffix(HCA_PART) for name in point_id], dtype=object)
    keys = np.array([one or other for one, other in zip(trench_id, features, strict=True)], dtype=object)
    order = np.argsort(~is_part, kind="stable")
    for by in (features, keys):
        order = order[np.argsort(by[order], kind="stable")]
    return order, keys


def _groups(keys: NDArray[np.object_]) -> NDArray[np.int64]:
    """Number of the feature of each source, equal for neighbours with one key."""
    if not len(keys):
        return np.empty(0, np.int64)
    return np.asarray(np.cumsum(np.r_[False, keys[1:] != keys[:-1]]), np.int64)


def _help_factors(points: gpd.GeoDataFrame) -> Floats:
    """C of each source, 1 where it is unknown; frames of editions before the fire cover have no column of it."""
    if "help_factor" not in points:
        return np.ones(len(points))
    factor: Floats = pd.to_numeric(points["help_factor"], errors="coerce").fillna(1.0).to_numpy(dtype=float)
    return factor


def _codes_by_strength(strength: Floats, policy: Policy) -> NDArray[np.uint8]:
    bounds = np.array(list(policy.footprint_from or ()))
    return np.asarray(len(bounds) + 1 - np.searchsorted(bounds[::-1], strength, side="right"), dtype=np.uint8)


def _segments(geometry: NDArray[np.object_]) -> tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]:
    """Segments of points, lines and polygon rings, grouped by geometry in the order given."""
    if len(geometry) and (shapely.get_type_id(geometry) == shapely.GeometryType.POINT).all():
        xy = shapely.get_coordinates(geometry)
        return np.arange(len(xy) + 1), np.hstack([xy, xy]), np.zeros(len(xy), bool)
    parts, owner = shapely.get_parts(geometry, return_index=True)
    kind = shapely.get_type_id(parts)
    is_polygon, is_point = kind == shapely.GeometryType.POLYGON, kind == shapely.GeometryType.POINT
    rings, ring_part = shapely.get_rings(parts[is_polygon], return_index=True)
    strings = np.concatenate([rings, parts[~is_polygon & ~is_point]])
    string_owner = np.concatenate([owner[is_polygon][ring_part], owner[~is_polygon & ~is_point]])
    xy, string = shapely.get_coordinates(strings, return_index=True)
    joined = string[1:] == string[:-1]
    lines = np.hstack([xy[:-1], xy[1:]])[joined] if len(xy) else np.empty((0, 4))
    dots = shapely.get_coordinates(parts[is_point])
    segments = np.vstack([lines, np.hstack([dots, dots])])
    owners = np.concatenate([string_owner[string[:-1][joined]] if len(xy) else owner[:0], owner[is_point]])
    order = np.argsort(owners, kind="stable")
    starts = np.searchsorted(owners[order], np.arange(len(geometry) + 1))
    is_area = np.zeros(len(geometry), bool)
    is_area[owner[is_polygon]] = True
    return starts, np.ascontiguousarray(segments[order]), is_area
