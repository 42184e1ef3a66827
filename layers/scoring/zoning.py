"""From rated sources to the four-colour map: the index of every cell, its level, and the zones these form."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from layers.crs import require_metric
from layers.scoring import kernels
from layers.scoring.grid import Grid
from layers.scoring.outlines import label_regions, region_outlines
from layers.scoring.policy import LEVEL_CODES, RATED, Policy
from layers.scoring.sources import HCA_PART

Floats = NDArray[np.float64]
GRID_MAXIMUM = "grid_maximum"
MAX_SPREAD_M = 2000.0
"""Beyond this the error of a source's position is not drawn: half a county of "at least" would say nothing."""


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


@dataclass(frozen=True)
class RiskSurface:
    """The risk of every cell under a policy; arrays of shape (rows, columns) of `grid`, row 0 in the north.

    `index`: float32, 0-100, NaN where no source reaches or outside; all NaN under the grid maximum.
    `level`: uint8, 1 red to 4 blue, 0 no colour. `hazard`: float32, H of the formula, NaN like `index`.
    `vulnerability`: float32, V; shape (1, 1) where one value holds everywhere.
    """

    grid: Grid
    policy: Policy
    index: NDArray[np.float32]
    level: NDArray[np.uint8]
    hazard: NDArray[np.float32]
    vulnerability: NDArray[np.float32]


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


def risk_index(
    points: gpd.GeoDataFrame | Sources,
    grid: Grid,
    policy: Policy,
    *,
    vulnerability: NDArray[np.float32] | float = 1.0,
    help_factor: NDArray[np.float32] | float = 1.0,
    mask: NDArray[np.bool_] | None = None,
) -> RiskSurface:
    """Index and level of every cell of a grid, or of a tile of it: the same bits either way.

    Parameters
    ----------
    points : GeoDataFrame of `risk_points` in the metric CRS, or what `prepare_sources` made of it
        Sources beyond the grid count with what reaches into it.
    vulnerability, help_factor : (rows, cols) float32, or one value
        V and C of the policy.
    mask : (rows, cols) bool, optional
        True inside the area; cells outside are nodata.
    """
    sources = points if isinstance(points, Sources) else prepare_sources(points, policy)
    is_maximum = policy.method == GRID_MAXIMUM
    frame = (float(grid.cell_m), grid.west_cell, grid.north_cell)
    offsets, members = kernels.bucket_by_band(
        sources.bounds, sources.radius_m, grid.north_cell, grid.west_cell, float(grid.cell_m), *grid.shape
    )
    index, hazard = np.empty(grid.shape, np.float32), np.empty(grid.shape, np.float32)
    level = np.empty(grid.shape, np.uint8)
    v, c = _raster(vulnerability), _raster(help_factor)
    inside = np.ones((1, 1), bool) if mask is None else np.ascontiguousarray(mask)

    def fill(band: int) -> None:
        kernels.fill_band(
            band,
            frame,
            members[offsets[band] : offsets[band + 1]],
            sources.starts,
            sources.segments,
            sources.is_area,
            sources.strength,
            sources.radius_m,
            sources.codes,
            sources.group,
            inside,
            v,
            c,
            lower_bounds(policy),
            is_maximum,
            index,
            level,
            hazard,
        )

    _in_threads(fill, len(offsets) - 1)
    return RiskSurface(grid, policy, index, level, hazard, v)


def _in_threads(work: Callable[[int], None], n: int) -> None:
    """Run work on 0 to n - 1, on every core that this process may use; which thread does what changes no result."""
    n_threads = min(n, len(os.sched_getaffinity(0)))
    if n_threads < 2:
        for part in range(n):
            work(part)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(work, range(n)):
            pass


def lower_bounds(policy: Policy) -> Floats:
    """Lower bounds of the index, red to blue; zeros under the grid maximum, which has no index."""
    return np.array(list(policy.index_from or (0.0, 0.0, 0.0, 0.0)), dtype=np.float64)


def _raster(values: NDArray[np.float32] | float) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.atleast_2d(np.asarray(values, dtype=np.float32)))


def vulnerability(
    grid: Grid,
    policy: Policy,
    *,
    population: NDArray[np.float64] | None = None,
    targets: gpd.GeoDataFrame | None = None,
    plants: gpd.GeoDataFrame | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """V of every cell, and where it rests on no population figure.

    Parameters
    ----------
    population : (rows, cols), persons per cell, NaN where unknown; None where there is no raster at all
    targets : rows of `protection_targets` in the metric CRS
        One of a sensitive class in, or reaching into, a cell makes it sensitive.
    plants : rows of `enterprises` from `neighbouring_plants`
        Their ``n_persons`` count as persons of the cell they stand in.

    Returns
    -------
    (rows, cols) float32, (rows, cols) bool
        No figure is not "nobody": such a cell has the policy's `unknown_factor`, more where what is known
        already gives more. A policy without vulnerability gives 1 everywhere.
    """
    rule = policy.vulnerability
    known = np.full(grid.shape, np.nan) if population is None else np.asarray(population, dtype=np.float64)
    is_unknown = np.isnan(known)
    if rule is None:
        return np.ones(grid.shape, np.float32), is_unknown
    persons = np.nan_to_num(known) + _persons_in_cells(grid, plants)
    density_km2 = persons / (grid.cell_area_m2 / 1e6)
    band = np.searchsorted(np.array(rule.density_from_per_km2), density_km2, side="right") - 1
    factor = np.array(rule.factor)[band]
    factor = np.where(is_unknown, np.maximum(factor, rule.unknown_factor), factor)
    factor = np.where(_sensitive_cells(grid, targets, rule.sensitive_classes), rule.sensitive_factor, factor)
    return factor.astype(np.float32), is_unknown


def neighbouring_plants(enterprises: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The enterprises whose staff count as persons: those within reach of a source that is not their own."""
    require_metric(enterprises)
    require_metric(points)
    n_persons = pd.to_numeric(enterprises["n_persons"], errors="coerce")
    staffed = enterprises[
        (n_persons > 0) & enterprises.geometry.notna() & (enterprises["status"] != "closed")
    ]
    radius = pd.to_numeric(points["radius_m"], errors="coerce")
    reaching = points[
        (radius > 0) & pd.to_numeric(points["strength"], errors="coerce").gt(0) & points.geometry.notna()
    ]
    tree = shapely.STRtree(staffed.geometry.to_numpy())
    source, plant = tree.query(
        reaching.geometry.to_numpy(),
        predicate="dwithin",
        distance=radius[reaching.index].to_numpy(dtype=float),
    )
    owner = reaching["enterprise_id"].to_numpy(dtype=object)[source]
    is_other = owner != staffed["enterprise_id"].to_numpy(dtype=object)[plant]
    return staffed.iloc[np.unique(plant[is_other])]


def _persons_in_cells(grid: Grid, plants: gpd.GeoDataFrame | None) -> Floats:
    persons = np.zeros(grid.shape)
    if plants is None or plants.empty:
        return persons
    placed = plants[plants.geometry.notna()]
    rows, cols = grid.cells_of(placed.geometry.x.to_numpy(), placed.geometry.y.to_numpy())
    is_in = (rows >= 0) & (rows < grid.rows) & (cols >= 0) & (cols < grid.cols)
    n_persons = pd.to_numeric(placed["n_persons"], errors="coerce").fillna(0).to_numpy(dtype=float)
    np.add.at(persons, (rows[is_in], cols[is_in]), n_persons[is_in])
    return persons


def _sensitive_cells(
    grid: Grid, targets: gpd.GeoDataFrame | None, classes: tuple[str, ...]
) -> NDArray[np.bool_]:
    if targets is None or targets.empty:
        return np.zeros(grid.shape, bool)
    require_metric(targets)
    wanted = targets[
        targets["target_class"].isin(classes) & targets.geometry.notna() & ~targets.geometry.is_empty
    ]
    if wanted.empty:
        return np.zeros(grid.shape, bool)
    burnt: NDArray[np.uint8] = rasterize(
        wanted.geometry.tolist(),
        out_shape=grid.shape,
        transform=grid.transform,
        all_touched=True,
        dtype="uint8",
    )
    return burnt > 0


def zones(
    surface: RiskSurface, points: gpd.GeoDataFrame, *, area: BaseGeometry | None = None
) -> gpd.GeoDataFrame:
    """The four-colour zones of a surface as rows of `risk_zones`, and one of what is not rated.

    Connected cells of one level are one zone; zones of different levels share their edges. The zone of level
    ``unrated`` lies over the others: the surroundings of sources without a level, or of a position too coarse to
    colour, where the colour means "at least".

    Parameters
    ----------
    points : rows of `risk_points`, metric CRS
    area : Polygon or MultiPolygon, metric CRS, optional
        Clips the unrated zone; the others follow the cells of the surface's mask.
    """
    require_metric(points)
    regions, n_rated = label_regions(surface.level)
    outlines, ids = region_outlines(regions, n_rated, surface.grid)
    rows = _zone_rows(surface, regions, outlines, ids)
    rows += _unrated_zone(points, surface.policy, area)
    columns = ["zone_id", "policy", "level", "area_m2", "max_index", "geometry"]
    found = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=points.crs)
    n_sources, is_assumption = _sources_of_zones(found, points, prepare_sources(points, surface.policy))
    found["n_sources"], found["is_assumption"] = n_sources, is_assumption
    found["feature_id"] = found["zone_id"]
    ordered = [
        "feature_id",
        "zone_id",
        "policy",
        "level",
        "area_m2",
        "max_index",
        "n_sources",
        "is_assumption",
    ]
    return found[[*ordered, "geometry"]]


def _zone_rows(
    surface: RiskSurface, regions: NDArray[np.int32], outlines: NDArray[np.object_], ids: NDArray[np.int32]
) -> list[dict[str, object]]:
    grid, policy = surface.grid, surface.policy
    unique, first = np.unique(regions, return_index=True)
    first_cell = dict(zip(unique.tolist(), first.tolist(), strict=True))
    largest = ndimage.maximum(surface.index, regions, ids) if len(ids) else []
    rows: list[dict[str, object]] = []
    for outline, region, top in zip(outlines, ids, largest, strict=True):
        row, col = divmod(first_cell[int(region)], grid.cols)
        level = RATED[int(surface.level[row, col]) - 1]
        # Named for its north-westernmost cell, counted from the origin: the same in every tile and edition.
        zone_id = f"{policy.id}-{level}-{grid.west_cell + col}-{grid.north_cell - row}"
        rows.append(
            {
                "zone_id": zone_id,
                "policy": policy.id,
                "level": level,
                "area_m2": outline.area,
                "max_index": None if np.isnan(top) else float(top),
                "geometry": shapely.multipolygons([outline]),
            }
        )
    return rows


def _unrated_zone(
    points: gpd.GeoDataFrame, policy: Policy, area: BaseGeometry | None
) -> list[dict[str, object]]:
    """Within reach of sources that colour nothing; the colour beneath is a lower bound there."""
    around = points[open_reach_m(points) > 0]
    if around.empty:
        return []
    covered = shapely.union_all(
        shapely.buffer(around.geometry.to_numpy(), open_reach_m(around), quad_segs=8)
    )
    covered = covered if area is None else shapely.intersection(covered, area)
    parts = [part for part in shapely.get_parts(covered) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        return []
    geometry = shapely.multipolygons(parts)
    return [
        {
            "zone_id": f"{policy.id}-unrated",
            "policy": policy.id,
            "level": "unrated",
            "area_m2": geometry.area,
            "max_index": None,
            "geometry": geometry,
        }
    ]


def open_reach_m(points: gpd.GeoDataFrame) -> Floats:
    """How far around each risk point a colour is a lower bound, metres; 0 where a source colours or has no place.

    Unrated sources reach their radius; sources left out for their position (a reach without a radius) reach that and
    the error of the position, at most `MAX_SPREAD_M`. Frames of older editions know neither.
    """
    radius_m = _numbers(points, "radius_m")
    reach_m, error_m = _numbers(points, "reach_m"), np.nan_to_num(_numbers(points, "accuracy_m"))
    geometry = points.geometry.to_numpy()
    is_placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    is_coarse = np.isnan(radius_m) & (reach_m > 0)
    open_m = np.where(is_coarse, reach_m + np.minimum(error_m, MAX_SPREAD_M), np.nan_to_num(radius_m))
    is_open = is_placed & (is_coarse | (points["level"] == "unrated").to_numpy(bool))
    return np.where(is_open, open_m, 0.0)


def _numbers(points: gpd.GeoDataFrame, name: str) -> Floats:
    """A column as floats, NaN throughout where the frame has none."""
    if name not in points:
        return np.full(len(points), np.nan)
    numbers: Floats = pd.to_numeric(points[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _sources_of_zones(
    found: gpd.GeoDataFrame, points: gpd.GeoDataFrame, sources: Sources
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Per zone: how many sources reach it, and whether one of them rests on an assumption."""
    n_sources, is_assumption = np.zeros(len(found), np.int64), np.zeros(len(found), bool)
    is_unrated = (found["level"] == "unrated").to_numpy()
    open_m, rated = open_reach_m(points), points.iloc[sources.positions]
    coloured = (rated, _numbers(rated, "radius_m"), ~is_unrated)
    for members, radius, is_kind in (coloured, (points[open_m > 0], open_m[open_m > 0], is_unrated)):
        if members.empty or not is_kind.any():
            continue
        tree = shapely.STRtree(found.geometry.to_numpy()[is_kind])
        source, zone = tree.query(members.geometry.to_numpy(), predicate="dwithin", distance=radius)
        place = np.flatnonzero(is_kind)[zone]
        np.add.at(n_sources, place, 1)
        is_assumption[place[members["is_assumption"].eq(True).to_numpy()[source]]] = True
    return n_sources, is_assumption
