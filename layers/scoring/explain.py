"""Why a place has its colour: the same sum as the raster's, for the one cell that holds the place, taken apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.crs import require_metric
from layers.scoring import kernels
from layers.scoring.colouring_sources import GRID_MAXIMUM, Sources, prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.policy import RATED, Policy
from layers.scoring.zone_polygons import open_reach_m
from layers.scoring.zoning import lower_bounds

STATES = ("rated", "unrated", "below", "no_source")
"""A colour is drawn; none is, for a source without a figure may reach here; all is known and too little for a colour; nobody reaches here."""
NOTES = {
    "no_source": (
        "此处影响范围内没有登记的风险源;未登记不等于安全。",
        "No registered source reaches this place; that does not mean it is safe.",
    ),
    "unrated": (
        "仅有未评级或位置不准的风险源可能影响此处,无法定色。",
        "Only sources without a level or a precise position may reach this place; no colour can be given.",
    ),
    "at_least": (
        "另有未评级或位置不准的风险源可能影响此处,颜色为下限。",
        "Sources without a level or a precise position may reach this place too; the colour is a lower bound.",
    ),
    "assumption": ("结果含假设,见各项说明。", "The result rests on assumptions; see each contribution."),
    "below": ("指数低于蓝色下限,不着色。", "The index is below the bound of blue; no colour is drawn."),
    "below_open": (
        "已计入的指数低于蓝色下限,另有未评级或位置不准的风险源可能影响此处,无法定色。",
        "What is counted stays below the bound of blue, and sources without a level or a precise position may reach this place: no colour can be given.",
    ),
    "help": (
        "救援系数 C 取 1(消防15分钟以内到达、未知或非火灾类)。",
        "Help factor C is 1 (help within 15 minutes, unknown, or no danger of fire).",
    ),
    "late_help": (
        "消防到达超过15分钟的火灾类风险源,源强乘以救援系数 C,见各项。",
        "The strength of fires that help reaches after more than 15 minutes is multiplied by C; see each contribution.",
    ),
}


@dataclass(frozen=True)
class Contribution:
    """What one source gives to a cell. `share` of all, `points` of the index; the points sum to the index.

    Parts of one line share what the strongest of them gives. `h` is C S (1 - x²)², C = `help_factor` of the source, S = `strength`, x = `distance_m` / `radius_m`. Under the grid maximum `share` and `points` are None and
    `is_deciding` marks the worst member. `is_on_footprint`: the source stands on the cell.
    """

    position: int
    point_id: str
    source_layer: str
    source_id: str
    name: str | None
    kind: str | None
    level: str
    distance_m: float
    strength: float
    help_factor: float
    radius_m: float
    h: float
    share: float | None
    points: float | None
    is_on_footprint: bool
    is_deciding: bool
    basis: str | None
    reason_zh: str | None
    reason_en: str | None
    rule_id: str | None
    clause: str | None
    is_assumption: bool
    responsible_office: str | None


@dataclass(frozen=True)
class FootprintRule:
    """The cell stands on a source and takes at least the bound of the level that its strength has."""

    point_id: str
    level: str
    index_from: float
    index_before: float


@dataclass(frozen=True)
class Explanation:
    """The colour of a cell and where it comes from; `state` is one of `STATES`.

    `index`, `hazard` are None where nothing rated reaches, and under the grid maximum. `level` is
    ``unrated`` where no colour is drawn. `unrated_ids`: sources without a
    level, or of a position too coarse to colour, whose reach covers the cell's centre.
    """

    state: str
    level: str
    index: float | None
    hazard: float | None
    vulnerability: float
    help_factor: float
    row: int
    col: int
    centre_m: tuple[float, float]
    policy: Policy
    contributions: tuple[Contribution, ...]
    footprint_rule: FootprintRule | None
    unrated_ids: tuple[str, ...]
    notes_zh: tuple[str, ...]
    notes_en: tuple[str, ...]


def explain_point(
    x_m: float,
    y_m: float,
    points: gpd.GeoDataFrame,
    policy: Policy,
    *,
    grid: Grid,
    vulnerability: float = 1.0,
    help_factor: float = 1.0,
) -> Explanation:
    """Every contribution to the colour of the cell that holds a place.

    Parameters
    ----------
    x_m, y_m : float
        The place, metres of the metric CRS.
    points : rows of `risk_points`, metric CRS
        All of the area, or at least those whose reach covers the cell.
    vulnerability, help_factor : float
        V and C of that cell, as the raster had them.

    Returns
    -------
    Explanation
        Its index is the raster's: the same centre, formula and order. Largest contribution first.
    """
    require_metric(points)
    row, col = grid.cell_of(x_m, y_m)
    centre = grid.centre(row, col)
    near = points.iloc[_candidates(points, centre, grid.cell_m)]
    sources = prepare_sources(near, policy)
    distance2, touches = _relations(sources, grid, row, col)
    h = _strengths_here(sources, distance2)
    is_in = (distance2 < sources.radius_m**2) | touches
    v, c = float(np.float32(vulnerability)), float(np.float32(help_factor))
    if policy.method == GRID_MAXIMUM:
        level, index, hazard, rule = _by_maximum(sources, is_in), None, None, None
        shares = points_of = None
    else:
        level, index, hazard, rule, shares = _by_index(near, sources, h, touches, policy, v, c)
        points_of = None if shares is None or index is None else shares * index
    contributions = _contributions(
        near, sources, distance2, touches, is_in, h, shares, points_of, level, policy
    )
    unrated = _unrated_here(near, centre)
    state = state_of(level, has_parts=bool(contributions), has_open=bool(unrated))
    notes = _notes(state, contributions, unrated)
    return Explanation(
        state,
        level,
        index,
        hazard,
        v,
        c,
        row,
        col,
        centre,
        policy,
        contributions,
        rule,
        unrated,
        tuple(NOTES[note][0] for note in notes),
        tuple(NOTES[note][1] for note in notes),
    )


def state_of(level: str, *, has_parts: bool, has_open: bool) -> str:
    """Which of `STATES` a place is in; what is drawn as a colour is rated, and nothing else is.

    >>> state_of("unrated", has_parts=True, has_open=True), state_of("unrated", has_parts=True, has_open=False)
    ('unrated', 'below')
    """
    if level != "unrated":
        return "rated"
    return "unrated" if has_open else "below" if has_parts else "no_source"


def drawn_level(state: str, level: str) -> str | None:
    """The level that is drawn; ``unrated`` is one, no colour is none."""
    return level if state in ("rated", "unrated") else None


def _candidates(points: gpd.GeoDataFrame, centre: tuple[float, float], cell_m: float) -> np.ndarray:
    """Rows whose box, grown by how far it may matter and a cell, holds the centre."""
    box = shapely.bounds(points.geometry.to_numpy()).reshape(-1, 4)
    radius = pd.to_numeric(points["radius_m"], errors="coerce").fillna(0).to_numpy(dtype=float)
    reach = np.maximum(radius, open_reach_m(points)) + cell_m
    x, y = centre
    is_near = (
        (box[:, 0] - reach <= x)
        & (x <= box[:, 2] + reach)
        & (box[:, 1] - reach <= y)
        & (y <= box[:, 3] + reach)
    )
    return np.flatnonzero(is_near)


def _relations(sources: Sources, grid: Grid, row: int, col: int) -> tuple[np.ndarray, np.ndarray]:
    """Squared distances from the cell's centre to the footprints, and which footprints touch the cell."""
    x, y = grid.centre(row, col)
    distance2, touches = np.empty(len(sources)), np.zeros(len(sources), bool)
    for i in range(len(sources)):
        part = sources.segments[sources.starts[i] : sources.starts[i + 1]]
        distance2[i], touches[i] = kernels.cell_relation(
            x,
            y,
            0.5 * grid.cell_m,
            grid.west_cell + col,
            grid.north_cell - 1 - row,
            float(grid.cell_m),
            part,
            bool(sources.is_area[i]),
        )
    return distance2, touches


def _strengths_here(sources: Sources, distance2: np.ndarray) -> np.ndarray:
    """h of every source at the cell's centre."""
    t = np.maximum(0.0, 1.0 - distance2 * (1.0 / (sources.radius_m * sources.radius_m)))
    h: np.ndarray = sources.strength * t * t
    return h


def _by_maximum(sources: Sources, is_in: np.ndarray) -> str:
    return RATED[int(sources.codes[is_in].min()) - 1] if is_in.any() else "unrated"


def _by_index(
    near: gpd.GeoDataFrame,
    sources: Sources,
    h: np.ndarray,
    touches: np.ndarray,
    policy: Policy,
    v: float,
    c: float,
) -> tuple[str, float | None, float | None, FootprintRule | None, np.ndarray | None]:
    cubes = _beyond_other_parts(h * h * h, sources)
    total = 0.0
    for cube in cubes:  # one after the other, as the raster adds them
        total += cube
    if not total > 0.0 and not touches.any():
        return "unrated", None, None, None, None
    lower = lower_bounds(policy)
    floor_code = int(sources.codes[touches].min()) if touches.any() else kernels.NO_LEVEL
    hazard, index = kernels.index_of(total, floor_code, v, c, lower)
    _, index_before = kernels.index_of(total, kernels.NO_LEVEL, v, c, lower)
    code = kernels.level_code(index, lower)
    rule = None
    if index > index_before:
        decider = int(np.flatnonzero(touches & (sources.codes == floor_code))[0])
        point_id = str(near["point_id"].iloc[sources.positions[decider]])
        rule = FootprintRule(
            point_id, RATED[floor_code - 1], float(lower[floor_code - 1]), float(index_before)
        )
    shares = cubes / total if total > 0.0 else touches / touches.sum()
    return RATED[code - 1] if code else "unrated", float(index), float(hazard), rule, shares


def _beyond_other_parts(cubes: np.ndarray, sources: Sources) -> np.ndarray:
    """What each source adds: parts of one feature only what goes beyond the parts before, as the raster has it."""
    added = cubes.copy()
    for i in range(len(sources)):
        if not kernels.is_in_parts(sources.group, i):
            continue
        others = cubes[(sources.group == sources.group[i]) & (np.arange(len(sources)) < i)]
        added[i] = max(0.0, cubes[i] - max(others, default=0.0))
    return added


def _contributions(
    near: gpd.GeoDataFrame,
    sources: Sources,
    distance2: np.ndarray,
    touches: np.ndarray,
    is_in: np.ndarray,
    h: np.ndarray,
    shares: np.ndarray | None,
    points_of: np.ndarray | None,
    level: str,
    policy: Policy,
) -> tuple[Contribution, ...]:
    found = []
    for i in np.flatnonzero(is_in):
        row = near.iloc[int(sources.positions[i])]
        own = str(row["level"])
        found.append(
            Contribution(
                position=int(sources.positions[i]),
                point_id=str(row["point_id"]),
                source_layer=str(row["source_layer"]),
                source_id=str(row["source_feature_id"]),
                name=_text(row["name"]),
                kind=_text(row["kind"]),
                level=own,
                distance_m=math.sqrt(distance2[i]),
                strength=float(row["strength"]),
                help_factor=float(sources.help_factor[i]),
                radius_m=float(sources.radius_m[i]),
                h=float(h[i]),
                share=None if shares is None else float(shares[i]),
                points=None if points_of is None else float(points_of[i]),
                is_on_footprint=bool(touches[i]),
                is_deciding=policy.method == GRID_MAXIMUM and own == level,
                basis=_text(row["basis"]),
                reason_zh=_text(row["reason_zh"]),
                reason_en=_text(row["reason_en"]),
                rule_id=_text(row["rule_id"]),
                clause=_text(row["clause"]),
                is_assumption=row["is_assumption"] is True or row["is_assumption"] is np.True_,
                responsible_office=_text(row["responsible_office"]),
            )
        )
    if policy.method == GRID_MAXIMUM:
        return tuple(
            sorted(found, key=lambda part: (RATED.index(part.level), part.distance_m, part.point_id))
        )
    return tuple(sorted(found, key=lambda part: (-(part.share or 0.0), part.point_id)))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _unrated_here(near: gpd.GeoDataFrame, centre: tuple[float, float]) -> tuple[str, ...]:
    open_m = open_reach_m(near)
    unrated, open_m = near[open_m > 0], open_m[open_m > 0]
    is_in = shapely.dwithin(unrated.geometry.to_numpy(), shapely.Point(centre), open_m)
    return tuple(sorted(unrated["point_id"][is_in].astype(str)))


def _notes(
    state: str, contributions: tuple[Contribution, ...], unrated: tuple[str, ...]
) -> list[str]:
    if not contributions:
        return [state]
    applies = {
        "below": state == "below",
        "below_open": state == "unrated",
        "at_least": state == "rated" and bool(unrated),
        "assumption": any(part.is_assumption for part in contributions),
        "help": not any(part.help_factor > 1 for part in contributions),
        "late_help": any(part.help_factor > 1 for part in contributions),
    }
    return [note for note, is_true in applies.items() if is_true]
