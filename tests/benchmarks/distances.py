"""All pairs within reach with distance and shortest line, beside the peers, each with the same two threads.

Two cases: a synthetic county, and the lines of the real city (pipelines and main roads) with all that its files show as ground
or place: planned zones, statistical areas, parks, factories, schools, hospitals. No file shows outlines of its buildings.

The peers live in an environment of their own (`requirements-peers.lock`), made at the first run; their data is in
memory and indexed where they keep an index (PostGIS), and only the question is timed. SedonaDB has no shortest line: it
is asked for the distance alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from layers.scoring.measure import N_THREADS, planar_pairs
from layers.store import Place
from tests.benchmarks.real_city import REAL_CITY, city_frames
from tests.benchmarks.result import Measured, median

HERE = Path(__file__).parent
CODE_DIR = HERE.parents[1]
PEERS_DIR = CODE_DIR / ".peers"
N_SUBJECTS = int(os.environ.get("RISKATLAS_BENCH_SUBJECTS", "20000"))
N_OBJECTS = int(os.environ.get("RISKATLAS_BENCH_OBJECTS", "400000"))
N_REPEATS = 3
SIDE_M = 35_000.0
LEAST_REACH_M, MOST_REACH_M = 50.0, 500.0


Case = tuple[str, Any, Any, Any]
"""Its name, subjects, objects and the reach of each subject."""
LINES = ("pipelines_by_company", "pipelines_gas", "pipelines_gem", "pipelines_petroleum", "roads")
GROUNDS = ("land_use_zones", "statistical_areas", "industrial_parks", "factories", "hospitals", "police_stations", "zoned_schools_hospitals")
"""Sources of the real city."""


def run(place: Place) -> Iterator[Measured]:
    """Synthetic plots and buildings of a county, the same at every run; the real city where its files are there."""
    for case, subjects, objects, reach in (county(), *real_city()):
        planar_pairs(subjects[:10], objects[:10], reach=reach[:10])
        times = []
        for _ in range(N_REPEATS):
            started = time.perf_counter()
            subject, found, distance, _ = planar_pairs(subjects, objects, reach=reach)
            times.append(time.perf_counter() - started)
        ours, told = median(times), digest(subject, found, distance)
        for peer in peers(place, subjects, objects, reach):
            yield Measured(
                "distances", f"{case}{len(subject)} pairs", len(subjects) * len(objects), N_REPEATS, ours, "s", peer["peer"], peer["seconds"],
                peer["seconds"] / ours, peer["digest"] == told,
            )  # fmt: skip


def county() -> Case:
    return "", polygons(N_SUBJECTS, 25.0, seed=1), polygons(N_OBJECTS, 9.0, seed=2), reaches(N_SUBJECTS)


def real_city() -> Iterator[Case]:
    """The real lines with all real grounds and places; nothing where the files are not there."""
    if not REAL_CITY.exists():
        return
    _, frames = city_frames((*LINES, *GROUNDS))
    lines, grounds = (_shapes(frames, names) for names in (("pipelines", "roads"), sorted(set(frames) - {"pipelines", "roads"})))
    yield f"real city, {len(lines)} lines x {len(grounds)}: ", lines, grounds, reaches(len(lines))


def _shapes(frames: dict[str, gpd.GeoDataFrame], names: Iterable[str]) -> np.ndarray[Any, Any]:
    """Placed features, valid as the loader makes them."""
    shapes = np.concatenate([frames[name].geometry.to_numpy() for name in names])
    return np.asarray(shapely.make_valid(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]))


def polygons(n: int, size_m: float, *, seed: int) -> np.ndarray[Any, Any]:
    """Rotated rectangles with a corner cut off, 7 vertices a ring, two thirds of them in towns."""
    dice = np.random.default_rng(seed)
    towns = np.random.default_rng(99).uniform(0.1 * SIDE_M, 0.9 * SIDE_M, (12, 2))
    centre = dice.uniform(0, SIDE_M, (n, 2))
    is_town = dice.random(n) < 2 / 3
    centre[is_town] = towns[dice.integers(0, 12, is_town.sum())] + dice.normal(0, 2500, (is_town.sum(), 2))
    outline = np.array([(-1, -0.6), (1, -0.6), (1, 0.2), (0.6, 0.6), (-0.2, 0.6), (-1, 0.6), (-1, -0.6)])
    turn = dice.uniform(0, np.pi, n)
    scale = size_m * dice.uniform(0.5, 1.5, n)
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    x = centre[:, :1] + outline[:, 0] * c[:, None] - outline[:, 1] * s[:, None]
    y = centre[:, 1:] + outline[:, 0] * s[:, None] + outline[:, 1] * c[:, None]
    return np.asarray(shapely.polygons(np.stack([x, y], axis=2)))


def reaches(n: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).uniform(LEAST_REACH_M, MOST_REACH_M, n)


def digest(subject: Any, found: Any, distance: Any) -> str:
    """Hash of the pairs, sorted, and their distances to 0.1 mm: the same result has the same text."""
    order = np.lexsort((found, subject))
    total = f"{float(np.asarray(distance, float)[order].sum()):.3f}"
    pairs = np.stack([np.asarray(subject)[order], np.asarray(found)[order]]).astype(np.int64).tobytes()
    return hashlib.sha256(pairs).hexdigest()[:16] + total


def peers(place: Place, subjects: Any, objects: Any, reach: Any) -> Iterator[dict[str, Any]]:
    """One answer a peer: its name, seconds (median) and digest."""
    python = peer_python()
    with tempfile.TemporaryDirectory() as folder:
        gpd.GeoDataFrame({"id": np.arange(len(subjects)), "reach": reach}, geometry=subjects).to_parquet(Path(folder) / "a.parquet")
        gpd.GeoDataFrame({"id": np.arange(len(objects))}, geometry=objects).to_parquet(Path(folder) / "b.parquet")
        for name in ("geopandas", "duckdb", "sedonadb", "postgis"):
            command = [python, str(HERE / "peers" / "distances.py"), name, folder, str(N_REPEATS), str(N_THREADS), place.open_url()]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{name}: {done.stderr[-2000:]}")
            yield json.loads(done.stdout.splitlines()[-1])


def peer_python() -> str:
    """Python of the peers' environment, which is made when it is not there or its lock has changed."""
    lock = CODE_DIR / "requirements-peers.lock"
    stamp = PEERS_DIR / ".lock"
    python = PEERS_DIR / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        subprocess.run(["python3", "-m", "venv", "--clear", str(PEERS_DIR)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", "-r", str(lock)], check=True)
        stamp.write_bytes(lock.read_bytes())
    return str(python)
