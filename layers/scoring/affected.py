"""What a change reaches: the surface is computed again only where a changed source, or a changed cell, can be felt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.colouring_sources import Sources, prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.policy import Policy, as_table
from layers.scoring.sources import HCA_PART
from layers.scoring.zoning import RiskSurface, risk_index

TILE_CELLS = 64
"""Side of the squares that are computed again or left."""
COLOURING = ("strength", "help_factor", "radius_m", "level", "trench_id")
"""What of a risk point colours cells, besides its place."""


@dataclass(frozen=True)
class Update:
    """A surface after a change, and how many of its cells were computed again."""

    surface: RiskSurface
    n_cells: int


def updated_surface(
    before: RiskSurface,
    points_before: gpd.GeoDataFrame,
    points: gpd.GeoDataFrame,
    *,
    vulnerability: NDArray[np.float32] | float = 1.0,
    mask: NDArray[np.bool_] | None = None,
) -> Update:
    """The surface of `points`, bit for bit that of `risk_index`, with only the tiles computed that a change reaches.

    Parameters
    ----------
    before : the surface of `points_before` under the same policy, grid and mask
        Its `vulnerability` is the V it was made with.
    points_before, points : rows of `risk_points`, metric CRS
    vulnerability : V now, (rows, cols) float32 or one value
    """
    v = np.broadcast_to(np.asarray(vulnerability, np.float32), before.grid.shape)
    is_touched = changed_cells(before.vulnerability, v)
    for bounds, reach_m in _changed_reach(points_before, points):
        _mark(is_touched, before.grid, bounds, reach_m)
    sources = prepare_sources(points, before.policy)
    index, level, hazard = before.index.copy(), before.level.copy(), before.hazard.copy()
    n_cells = 0
    for rows, cols, tile in before.grid.tiles(TILE_CELLS):
        if is_touched[rows, cols].any():
            inside = None if mask is None else mask[rows, cols]
            found = risk_index(
                reaching(sources, tile), tile, before.policy, vulnerability=np.ascontiguousarray(v[rows, cols]), mask=inside
            )
            index[rows, cols], level[rows, cols], hazard[rows, cols] = found.index, found.level, found.hazard
            n_cells += tile.rows * tile.cols
    now = v if np.ndim(vulnerability) else before.vulnerability
    return Update(replace(before, index=index, level=level, hazard=hazard, vulnerability=np.ascontiguousarray(now)), n_cells)


def changed_cells(before: NDArray[np.float32], after: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Cells whose value is not the same number; `before` may hold one value for all."""
    spread = np.broadcast_to(before, after.shape)
    differs: NDArray[np.bool_] = (spread != after) & ~(np.isnan(spread) & np.isnan(after))
    return differs


def changed_points(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows of either frame the other one does not have alike, as far as cells can tell.

    The parts of one line, and the lines of one trench, are judged together: what one of them adds depends on the others.
    """
    marks = [_marks(frame) for frame in (before, after)]
    keys = [_features(frame) for frame in (before, after)]
    alone = set(marks[0]) ^ set(marks[1])
    features = {key for mark, key in zip([*marks[0], *marks[1]], [*keys[0], *keys[1]], strict=True) if mark in alone}
    one, two = (np.array([key in features for key in found], dtype=bool) for found in keys)
    return one, two


def _features(points: gpd.GeoDataFrame) -> list[str]:
    """What each row is part of: its trench, else its feature."""
    trenches = _plain(points["trench_id"]) if "trench_id" in points else [None] * len(points)
    return [str(trench or str(name).removesuffix(HCA_PART)) for trench, name in zip(trenches, points["point_id"], strict=True)]


def _marks(points: gpd.GeoDataFrame) -> list[tuple[object, ...]]:
    """What of each row decides over cells, in a form that compares: NaN and None are alike."""
    columns = [_plain(points[name]) if name in points else [None] * len(points) for name in COLOURING]
    places = shapely.to_wkb(np.asarray(points.geometry.to_numpy(), dtype=object))
    return list(zip(points["point_id"].astype(str), places, *columns, strict=True))


def _plain(column: pd.Series[float]) -> list[object]:
    return [None if value is None or value != value else value for value in column.to_numpy(dtype=object, na_value=None)]


def _changed_reach(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> Iterator[tuple[NDArray[np.float64], float]]:
    """Box and radius (metres) of every changed source that colours or coloured cells."""
    for frame, is_changed in zip((before, after), changed_points(before, after), strict=True):
        chosen = frame[is_changed]
        radii_m = pd.to_numeric(chosen["radius_m"], errors="coerce").to_numpy(dtype=float)
        for part, radius_m in zip(chosen.geometry.to_numpy(), radii_m, strict=True):
            if part is not None and not part.is_empty and radius_m > 0:
                for box in _boxes(part, float(radius_m)):
                    yield box, float(radius_m)


def _boxes(geometry: BaseGeometry, radius_m: float) -> NDArray[np.float64]:
    """Boxes that together hold a geometry: of a line one for each piece not much longer than the radius."""
    if geometry.geom_type not in ("LineString", "MultiLineString"):
        whole: NDArray[np.float64] = shapely.bounds(shapely.get_parts(geometry)).reshape(-1, 4)
        return whole
    parts = shapely.get_parts(shapely.segmentize(geometry, max(radius_m, 1.0)))
    xy, part = shapely.get_coordinates(parts, return_index=True)
    joined = part[1:] == part[:-1]
    low, high = np.minimum(xy[:-1], xy[1:])[joined], np.maximum(xy[:-1], xy[1:])[joined]
    return np.hstack([low, high])


def _mark(is_touched: NDArray[np.bool_], grid: Grid, bounds: NDArray[np.float64], reach_m: float) -> None:
    """Mark the cells of a box grown by a reach and one cell."""
    west, south, east, north = bounds
    reach_m += grid.cell_m
    top, left = grid.cell_of(west - reach_m, north + reach_m)
    bottom, right = grid.cell_of(east + reach_m, south - reach_m)
    is_touched[max(0, top) : max(0, bottom + 1), max(0, left) : max(0, right + 1)] = True


def reaching(sources: Sources, tile: Grid) -> Sources:
    """The sources that may reach a tile, in their order, the parts of one feature together."""
    west, south, east, north = tile.bounds
    reach_m = sources.radius_m + tile.cell_m
    box = sources.bounds
    is_near = (box[:, 0] - reach_m <= east) & (box[:, 2] + reach_m >= west)
    is_near &= (box[:, 1] - reach_m <= north) & (box[:, 3] + reach_m >= south)
    chosen = np.flatnonzero(np.isin(sources.group, sources.group[is_near]))
    return chosen_sources(sources, chosen)


def chosen_sources(sources: Sources, chosen: NDArray[np.int64]) -> Sources:
    """Some of the sources, in the order given."""
    lengths = (sources.starts[1:] - sources.starts[:-1])[chosen]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(sources.starts.dtype)
    rows = np.repeat(sources.starts[:-1][chosen] - starts[:-1], lengths) + np.arange(starts[-1])
    return Sources(
        sources.positions[chosen], sources.strength[chosen], sources.help_factor[chosen], sources.radius_m[chosen],
        sources.codes[chosen], starts, np.ascontiguousarray(sources.segments[rows]), sources.is_area[chosen],
        sources.bounds[chosen], sources.group[chosen],
    )  # fmt: skip


def is_same_policy(one: Policy, two: Policy) -> bool:
    """Whether two policies are one table: a recorded one and the one of today's file."""
    return json.dumps(as_table(one), sort_keys=True) == json.dumps(as_table(two), sort_keys=True)
