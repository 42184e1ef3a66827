"""The risk of every cell: 500,000 sources on 49 million cells; on one million cells beside tools one could use instead."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from sklearn.neighbors import BallTree

from layers.scoring.grid import Grid
from layers.scoring.policy import load_policy
from layers.scoring.zoning import RiskSurface, risk_index
from layers.store import Place
from tests.benchmarks.result import Measured, median, seconds_of

POLICY = "weighted_index_2026A"
CELL_M = 50.0
LARGE, N_LARGE = 7000, 500_000
SMALL, N_SMALL = 1000, 10_000
RADII_M = (100.0, 400.0)
METRIC = "EPSG:32648"
REPEATS = 3
SAME_INDEX = 1e-3
"""Index points by which the sums of other tools may differ: they add in another order."""
KIB = 1024
Floats = NDArray[np.float64]


def run(place: Place) -> Iterator[Measured]:
    """Ours on the large grid with its memory and its cost an update; then ours and four others on the small one."""
    # A process of its own: what it takes at most is then the work's, not what ran before.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        seconds, above_raster_mb = pool.submit(_large).result()
    case = f"{N_LARGE:,} sources, {LARGE * LARGE:,} cells"
    yield Measured("zoning", case, N_LARGE, REPEATS, seconds, "s")
    yield Measured("zoning", "memory above the raster", N_LARGE, 1, above_raster_mb, "MB")
    yield from _cost_of_updates()
    yield from _beside_others(place)


def sources(n: int, side: int, *, widen: float = 1.0) -> gpd.GeoDataFrame:
    """Random points over a square of `side` cells, from a fixed seed; radii of `RADII_M` times `widen`."""
    dice = np.random.default_rng(20261122)
    xy = dice.uniform(0, side * CELL_M, (n, 2))
    columns = {
        "point_id": [f"s{i:07d}" for i in range(n)], "strength": dice.uniform(0.2, 0.9, n), "help_factor": 1.0,
        "radius_m": dice.uniform(*RADII_M, n) * widen, "level": "orange",
    }  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=shapely.points(xy), crs=METRIC)


def _grid(side: int) -> Grid:
    return Grid(CELL_M, west_cell=0, north_cell=side, rows=side, cols=side)


def _large() -> tuple[float, float]:
    """Seconds, and megabytes at the peak beyond those before and the surface itself."""
    policy, points = load_policy(POLICY), sources(N_LARGE, LARGE)
    risk_index(sources(100, 64), _grid(64), policy)  # compiled beforehand
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    surface = risk_index(points, _grid(LARGE), policy)
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    raster_kib = sum(band.nbytes for band in (surface.index, surface.level, surface.hazard)) / KIB
    del surface
    times = seconds_of(lambda: risk_index(points, _grid(LARGE), policy), REPEATS)
    return median(times), max(0.0, peak_kib - raster_kib) / KIB


def _cost_of_updates() -> Iterator[Measured]:
    """Nanoseconds a further update, from radii that make four times as many each time: the same where cost is linear."""
    policy, grid = load_policy(POLICY), _grid(SMALL * 2)
    sizes = []
    for widen in (2.0, 4.0, 8.0, 16.0):
        points = sources(N_SMALL, SMALL * 2, widen=widen)
        n_updates = float((np.pi * points["radius_m"] ** 2).sum() / CELL_M**2)
        seconds = min(seconds_of(lambda points=points: risk_index(points, grid, policy), REPEATS))  # type: ignore[misc]
        sizes.append((n_updates, seconds))
    for (fewer, quicker), (more, slower) in pairwise(sizes):
        further = (slower - quicker) / (more - fewer) * 1e9
        yield Measured("zoning", f"a further update, {fewer:,.0f} to {more:,.0f}", N_SMALL, REPEATS, further, "ns")


def _beside_others(place: Place) -> Iterator[Measured]:
    policy, points, grid = load_policy(POLICY), sources(N_SMALL, SMALL), _grid(SMALL)
    ours = risk_index(points, grid, policy)
    seconds = median(seconds_of(lambda: risk_index(points, grid, policy), REPEATS))
    cells = shapely.points(_centres(grid))
    others: dict[str, Callable[[], Floats]] = {
        "scipy cKDTree": lambda: _by_tree(points, grid),
        "scikit-learn BallTree": lambda: _by_balls(points, grid),
        "geopandas sjoin": lambda: _by_join(points, gpd.GeoDataFrame(geometry=cells, crs=METRIC)),
    }
    for peer, cubes in others.items():
        yield _beside(peer, ours, seconds, points, cubes)
    with place.engine.connect() as connection, connection.begin() as transaction:
        _postgis_tables(connection, points, grid)
        yield _beside("PostGIS", ours, seconds, points, lambda: _by_sql(connection, grid))
        transaction.rollback()


def _beside(peer: str, ours: RiskSurface, seconds: float, points: gpd.GeoDataFrame, cubes: Callable[[], Floats]) -> Measured:
    found: list[Floats] = []
    taken = median(seconds_of(lambda: found.append(_index(cubes(), points, ours.grid)), 1))
    agree = bool(np.allclose(np.nan_to_num(ours.index), found[0], atol=SAME_INDEX, rtol=0))
    case = f"{N_SMALL:,} sources, {SMALL * SMALL:,} cells"
    return Measured("zoning", case, N_SMALL, REPEATS, seconds, "s", peer, taken, taken / seconds, agree)


def _index(cubes: Floats, points: gpd.GeoDataFrame, grid: Grid) -> Floats:
    """Index of the cells from the sums of h³: the formula of the policy, and the bound of the footprint's level."""
    policy = load_policy(POLICY)
    index = 100 * np.minimum(1.0, np.cbrt(cubes)).reshape(grid.shape)
    rows, cols = grid.cells_of(points.geometry.x.to_numpy(), points.geometry.y.to_numpy())
    bounds, from_ = np.array(list(policy.index_from or ())), np.array(list(policy.footprint_from or ()))
    level = len(from_) - np.searchsorted(from_[::-1], points["strength"].to_numpy(), side="right")
    np.maximum.at(index, (rows, cols), bounds[level])
    return index


def _centres(grid: Grid) -> Floats:
    cols, rows = np.meshgrid(np.arange(grid.cols), np.arange(grid.rows))
    return np.column_stack([(cols.ravel() + 0.5) * CELL_M, (grid.north_cell - rows.ravel() - 0.5) * CELL_M])


def _cubes(points: gpd.GeoDataFrame, source: NDArray[np.intp], cell: NDArray[np.intp], distance_m: Floats, n: int) -> Floats:
    strength, radius_m = points["strength"].to_numpy()[source], points["radius_m"].to_numpy()[source]
    h = strength * np.maximum(0.0, 1 - (distance_m / radius_m) ** 2) ** 2
    return np.bincount(cell, weights=h**3, minlength=n)


def _by_tree(points: gpd.GeoDataFrame, grid: Grid) -> Floats:
    centres, xy = _centres(grid), shapely.get_coordinates(points.geometry)
    found = cKDTree(centres).query_ball_point(xy, points["radius_m"].to_numpy(), workers=-1)
    source = np.repeat(np.arange(len(xy)), [len(cells) for cells in found])
    cell = np.concatenate(found).astype(int)
    return _cubes(points, source, cell, np.linalg.norm(centres[cell] - xy[source], axis=1), len(centres))


def _by_balls(points: gpd.GeoDataFrame, grid: Grid) -> Floats:
    centres, xy = _centres(grid), shapely.get_coordinates(points.geometry)
    found, apart = BallTree(centres).query_radius(xy, points["radius_m"].to_numpy().copy(), return_distance=True)
    source = np.repeat(np.arange(len(xy)), [len(cells) for cells in found])
    return _cubes(points, source, np.concatenate(found), np.concatenate(apart), len(centres))


def _by_join(points: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> Floats:
    pairs = points[["geometry"]].sjoin(cells, predicate="dwithin", distance=points["radius_m"].to_numpy())
    source, cell = pairs.index.to_numpy(), pairs["index_right"].to_numpy()
    apart = shapely.distance(points.geometry.to_numpy()[source], cells.geometry.to_numpy()[cell])
    return _cubes(points, source, cell, apart, len(cells))


def _postgis_tables(connection: sa.Connection, points: gpd.GeoDataFrame, grid: Grid) -> None:
    """Cells and sources as temporary tables with their indexes; making them is not counted."""
    connection.execute(sa.text(
        "CREATE TEMPORARY TABLE bench_cells ON COMMIT DROP AS SELECT row_no * :cols + col_no AS cell, "
        "ST_Point((col_no + 0.5) * :side, (:north - row_no - 0.5) * :side) AS geom "
        "FROM generate_series(0, :rows - 1) AS row_no, generate_series(0, :cols - 1) AS col_no"
    ), {"cols": grid.cols, "rows": grid.rows, "side": CELL_M, "north": grid.north_cell})
    connection.execute(sa.text(
        "CREATE TEMPORARY TABLE bench_sources (strength float8, radius_m float8, geom geometry) ON COMMIT DROP"
    ))
    place = points.geometry
    rows = pd.DataFrame({"s": points["strength"], "r": points["radius_m"], "x": place.x, "y": place.y})
    connection.execute(
        sa.text("INSERT INTO bench_sources SELECT unnest(:s), unnest(:r), ST_Point(unnest(:x), unnest(:y))"),
        {name: rows[name].tolist() for name in rows},
    )
    for statement in ("CREATE INDEX ON bench_cells USING gist (geom)", "CREATE INDEX ON bench_sources USING gist (geom)",
                      "ANALYZE bench_cells", "ANALYZE bench_sources"):  # fmt: skip
        connection.execute(sa.text(statement))


def _by_sql(connection: sa.Connection, grid: Grid) -> Floats:
    rows = connection.execute(sa.text(
        "SELECT cell, sum(power(strength * power(greatest(0, 1 - power(ST_Distance(c.geom, s.geom) / radius_m, 2)), 2), 3)) "
        "FROM bench_sources AS s JOIN bench_cells AS c ON ST_DWithin(c.geom, s.geom, radius_m) GROUP BY cell"
    )).all()
    cubes = np.zeros(grid.rows * grid.cols)
    cell, total = np.array(rows, dtype=float).T
    cubes[cell.astype(int)] = total
    return cubes
