"""Why zones changed colour between two editions: every changed cell shared out among its causes, so that areas add up.

A cell changes because the sources around it did, because other people live there (V), or because the policy's bounds
moved. The three are told apart by exchanging one after the other in every order (Shapley's value of the change of
level); only what pulls in the direction of the change gets a share. Within the sources each has its part of the change
of Σ h³, or all of it where a footprint decides. A cell whose stored level the present functions do not reproduce is a
remainder, named and never spread over the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from layers.scoring import kernels
from layers.scoring.cell_sums import Cells, each_source, levels_of, sums_and_floors
from layers.scoring.colouring_sources import GRID_MAXIMUM, Sources, prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.policy import RATED, Policy
from layers.scoring.risk_changes import RiskSide, risk_shares
from layers.scoring.risk_surface import UnitRisk
from layers.scoring.zoning import lower_bounds

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]
GROUPS = ("sources", "people", "policy")
OTHER_METHOD, NOT_REPRODUCED = "other_method", "not_reproduced"
"""Causes of what is left over: a policy whose method is not taken apart; levels that these functions do not give."""
NO_COLOUR = "none"
METHODS = ("weighted_index", GRID_MAXIMUM)


@dataclass(frozen=True)
class Side:
    """One edition under one policy: its `risk_points` (metric CRS), and arrays (rows, cols) of its grid.

    `level`: uint8, 1 red to 4 blue, 0 no colour. `vulnerability`: float32, V. `risk`: what the policy of individual risk
    rests on, None under others.
    """

    points: gpd.GeoDataFrame
    policy: Policy
    grid: Grid
    level: Codes
    vulnerability: NDArray[np.float32]
    risk: UnitRisk | None = None


@dataclass(frozen=True)
class Changes:
    """Changed cells shared out.

    `shares` has a row for each patch and cause: ``patch``, ``cause`` (a ``point_id``, a report, ``people``, ``policy``,
    ``other_method`` or ``not_reproduced``), ``area_m2``. `patches`: ``patch``, ``before``, ``after`` (levels, ``none``
    without colour), ``area_m2``; connected cells with one change are one patch. `labels` (rows, cols) of `grid` holds
    the patch of each cell, 0 unchanged. The areas of a patch's causes sum to its own.
    """

    grid: Grid
    labels: NDArray[np.int32]
    patches: pd.DataFrame
    shares: pd.DataFrame


def changes_between(before: Side, after: Side) -> Changes:
    """Every cell whose level differs, with its causes; grids of one cell size may cover different ground."""
    before, after = _on_one_grid(before, after)
    changed = before.level != after.level
    rows, cols = np.nonzero(changed)
    cells = Cells(before.grid, rows.astype(np.int64), cols.astype(np.int64))
    labels = _patches(before.level, after.level, changed)
    patch_of = labels[rows, cols]
    patches = _patch_table(before, after, cells, patch_of)
    parts = list(_shares(before, after, cells)) if len(cells) else []
    area = before.grid.cell_area_m2
    table = pd.DataFrame(
        {
            "patch": np.concatenate([patch_of[where] for _, where, _ in parts]) if parts else np.zeros(0, int),
            "cause": np.repeat([cause for cause, _, _ in parts], [len(where) for _, where, _ in parts]) if parts else [],
            "area_m2": np.concatenate([share for _, _, share in parts]) * area if parts else np.zeros(0),
        }
    )
    shares = table[table.area_m2 > 0].groupby(["patch", "cause"], sort=True, as_index=False)["area_m2"].sum()
    return Changes(before.grid, labels, patches, shares)


def _on_one_grid(before: Side, after: Side) -> tuple[Side, Side]:
    """Both on the smallest grid that holds both; ground that an edition did not cover has no colour there."""
    one, two = before.grid, after.grid
    if one == two:
        return before, after
    west, north = min(one.west_cell, two.west_cell), max(one.north_cell, two.north_cell)
    east = max(one.west_cell + one.cols, two.west_cell + two.cols)
    south = min(one.north_cell - one.rows, two.north_cell - two.rows)
    grid = Grid(one.cell_m, west, north, north - south, east - west)
    return _moved(before, grid), _moved(after, grid)


def _moved(side: Side, grid: Grid) -> Side:
    row, col = grid.north_cell - side.grid.north_cell, side.grid.west_cell - grid.west_cell
    level, v = np.zeros(grid.shape, np.uint8), np.ones(grid.shape, np.float32)
    where = (slice(row, row + side.grid.rows), slice(col, col + side.grid.cols))
    level[where], v[where] = side.level, side.vulnerability
    return Side(side.points, side.policy, grid, level, v, side.risk)


def _patches(before: Codes, after: Codes, changed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Connected cells with the same change, numbered from 1."""
    pair = before.astype(np.int32) * (len(RATED) + 1) + after
    labels, n = np.zeros(before.shape, np.int32), 0
    for code in np.unique(pair[changed]):
        found, count = ndimage.label((pair == code) & changed)
        labels += np.where(found > 0, found + n, 0).astype(np.int32)
        n += count
    return labels


def level_name(code: int) -> str:
    """Level of a code of a raster, ``none`` where there is no colour."""
    return RATED[code - 1] if code else NO_COLOUR


def _patch_table(before: Side, after: Side, cells: Cells, patch_of: NDArray[np.int32]) -> pd.DataFrame:
    patches, first, counts = np.unique(patch_of, return_index=True, return_counts=True)
    places = cells.rows[first], cells.cols[first]
    return pd.DataFrame(
        {
            "patch": patches,
            "before": [level_name(code) for code in before.level[places]],
            "after": [level_name(code) for code in after.level[places]],
            "area_m2": counts * before.grid.cell_area_m2,
        }
    )


def _shares(before: Side, after: Side, cells: Cells) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """Cause, cells (positions) and the share of each of these cells that it explains; the shares of a cell sum to 1."""
    everywhere = np.arange(len(cells))
    if before.risk is not None and after.risk is not None:
        yield from risk_shares(*(
            RiskSide(side.risk, side.policy, cells, side.level[cells.rows, cells.cols])
            for side in (before, after) if side.risk is not None
        ))  # fmt: skip
        return
    if before.policy.method not in METHODS or after.policy.method not in METHODS:
        yield OTHER_METHOD, everywhere, np.ones(len(cells))
        return
    one, two = _State.of(before, cells), _State.of(after, cells)
    is_told = (one.stored == one.levels(one, one)) & (two.stored == two.levels(two, two))
    yield NOT_REPRODUCED, everywhere[~is_told], np.ones(int((~is_told).sum()))
    direction = np.where(two.rank(two.stored) >= one.rank(one.stored), 1.0, -1.0)
    weights = _group_weights(one, two, direction)
    weights[:, ~is_told] = 0.0
    for number, group in enumerate(GROUPS):
        if group != "sources":
            yield group, everywhere, weights[number]
    yield from _source_shares(one, two, cells, direction, weights[0])


@dataclass(frozen=True, eq=False)
class _State:
    """What one edition has at the changed cells: sums and floors of its sources, V, and its policy."""

    side: Side
    sources: Sources
    sums: Floats
    floors: Codes
    v: NDArray[np.float32]
    stored: Codes

    @classmethod
    def of(cls, side: Side, cells: Cells) -> _State:
        sources = prepare_sources(side.points, side.policy)
        sums, floors = sums_and_floors(sources, cells, is_maximum=side.policy.method == GRID_MAXIMUM)
        place = cells.rows, cells.cols
        return cls(side, sources, sums, floors, side.vulnerability[place], side.level[place])

    def levels(self, people: _State, policy: _State) -> Codes:
        """Levels of the cells with these sources, the V of one edition and the policy of another."""
        if policy.side.policy.method == GRID_MAXIMUM:
            return self.floors
        found: Codes = levels_of(self.sums, self.floors, people.v, lower_bounds(policy.side.policy))
        return found

    @staticmethod
    def rank(codes: Codes) -> Floats:
        """Height of a level: 0 no colour, 1 blue to 4 red."""
        return np.where(codes == kernels.NO_LEVEL, 0.0, len(RATED) + 1.0 - codes)


def _group_weights(one: _State, two: _State, direction: Floats) -> Floats:
    """Share of each group in each cell, (3, cells): its Shapley value where it pulls in the direction of the change."""
    height = {
        key: _State.rank((one, two)[key[0]].levels((one, two)[key[1]], (one, two)[key[2]])) for key in product((0, 1), repeat=3)
    }
    value = np.zeros((len(GROUPS), len(direction)))
    for order in permutations(range(len(GROUPS))):
        now = [0, 0, 0]
        for group in order:
            then = [*now]
            then[group] = 1
            value[group] += (height[tuple(then)] - height[tuple(now)]) / 6.0
            now = then
    pulling = np.maximum(0.0, value * direction)
    total = pulling.sum(axis=0)
    shares: Floats = np.divide(pulling, total, out=np.zeros_like(pulling), where=total > 0)
    return shares


def _source_shares(
    one: _State, two: _State, cells: Cells, direction: Floats, weight: Floats
) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """The sources' share of each cell, divided among those that changed, by how much each pulls."""
    parts = [part for part in _pulls(one, two, cells, direction) if len(part[1])]
    causes = sorted({cause for cause, _, _ in parts})
    number = {cause: place for place, cause in enumerate(causes)}
    keys = np.concatenate([number[cause] * len(cells) + where for cause, where, _ in parts] or [np.zeros(0, np.int64)])
    pairs, pair = np.unique(keys, return_inverse=True)
    pull = np.bincount(pair, np.concatenate([pull for _, _, pull in parts] or [np.zeros(0)]), len(pairs))
    pull = np.maximum(0.0, pull)
    cause_of, where = pairs // len(cells), pairs % len(cells)
    total = np.bincount(where, pull, len(cells))
    share = np.divide(pull, total[where], out=np.zeros_like(pull), where=total[where] > 0) * weight[where]
    for place, cause in enumerate(causes):
        mine = cause_of == place
        yield cause, where[mine], share[mine]
    is_left = (total <= 0) & (weight > 0)
    yield NOT_REPRODUCED, np.flatnonzero(is_left), weight[is_left]


def _pulls(
    one: _State, two: _State, cells: Cells, direction: Floats
) -> Iterator[tuple[str, NDArray[np.int64], Floats]]:
    """How much each changed source pulls each cell in the direction of its change; parts of one source add up.

    On the worse side the level is held by Σ h³, and each source counts with the change of its own h³, or by a footprint
    (under the grid maximum: by the worst within reach), and those count that hold it there and not on the other side.
    """
    changed = changed_sources(one.side.points, two.side.points)
    by_floor = np.where(direction > 0, _floor_decides(two), _floor_decides(one))
    for sign, state, other in ((1.0, two, one), (-1.0, one, two)):
        keys = state.side.points["point_id"].to_numpy(dtype=object)[state.sources.positions]
        only = np.array([key in changed for key in keys], dtype=bool)
        for given in each_source(state.sources, cells, only=only):
            where = given.cells
            is_worse_side = direction[where] == sign
            holds = given.is_within if state.side.policy.method == GRID_MAXIMUM else given.touches
            code = state.sources.codes[given.source]
            holding = holds & is_worse_side & (state.floors[where] == code) & (other.floors[where] != code)
            by_sum = np.where(is_worse_side, given.cubes, -given.cubes)
            yield str(keys[given.source]), where, np.where(by_floor[where], holding, by_sum)


def _floor_decides(state: _State) -> NDArray[np.bool_]:
    """Where a footprint, or under the grid maximum any source within reach, and not the sum gives the level."""
    if state.side.policy.method == GRID_MAXIMUM:
        return np.ones(len(state.sums), bool)
    none = np.zeros(len(state.sums), np.uint8)
    alone = levels_of(state.sums, none, state.v, lower_bounds(state.side.policy))
    found: NDArray[np.bool_] = (state.floors != kernels.NO_LEVEL) & (alone != state.stored)
    return found


def changed_sources(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> frozenset[str]:
    """Keys of the sources that colour differently: strength, radius, level, help factor or place, or that came or went."""
    names = ["level", "strength", "radius_m", "help_factor", "trench_id"]
    one, two = (_colouring(frame, names) for frame in (before, after))
    gone_or_new = set(one.index).symmetric_difference(two.index)
    both = one.index.intersection(two.index)
    left, right = one.loc[both], two.loc[both]
    differs = np.zeros(len(both), bool)
    for name in (*names, "place"):
        a, b = left[name].to_numpy(dtype=object), right[name].to_numpy(dtype=object)
        differs |= np.array([x != y and not (pd.isna(x) and pd.isna(y)) for x, y in zip(a, b, strict=True)], dtype=bool)
    return frozenset(gone_or_new) | frozenset(both[differs])


def _colouring(points: gpd.GeoDataFrame, names: list[str]) -> pd.DataFrame:
    """What decides how a source colours, by key; sources that colour nothing are left out."""
    frame = pd.DataFrame(points.reindex(columns=["point_id", *names]))
    frame["place"] = points.geometry.to_wkb()
    frame = frame[points.geometry.notna() & (pd.to_numeric(frame["strength"], errors="coerce") > 0)]
    return frame.set_index("point_id")
