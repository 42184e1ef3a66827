"""Answers of one peer to the question of `distances.py`; runs in the peers' environment and imports nothing of ours."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Answer = tuple[Any, Any, Any]
"""Positions of subject and object, and their distance."""


def digest(subject: Any, found: Any, distance: Any) -> str:
    """As in `distances.digest`."""
    subject, found, distance = (np.asarray(values) for values in (subject, found, distance))
    order = np.lexsort((found, subject))
    pairs = np.stack([subject[order], found[order]]).astype(np.int64).tobytes()
    return hashlib.sha256(pairs).hexdigest()[:16] + f"{float(distance[order].astype(float).sum()):.3f}"


def timed(ask: Callable[[], Any], read: Callable[[Any], Answer], n_repeats: int) -> dict[str, Any]:
    """Median seconds of `ask`, and the digest of what `read` finds in its last answer."""
    times = []
    for _ in range(n_repeats):
        started = time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - started)
    return {"seconds": statistics.median(times), "digest": digest(*read(answer))}


def geopandas(folder: Path, n_repeats: int, n_threads: int, url: str) -> dict[str, Any]:
    import geopandas as gpd
    import shapely

    a, b = gpd.read_parquet(folder / "a.parquet"), gpd.read_parquet(folder / "b.parquet")
    left, right, reach = a.geometry.to_numpy(), b.geometry.to_numpy(), a["reach"].to_numpy()

    def ask() -> Any:
        i, j = shapely.STRtree(right).query(left, predicate="dwithin", distance=reach)
        return i, j, shapely.distance(left[i], right[j]), shapely.shortest_line(left[i], right[j])

    return timed(ask, lambda answer: answer[:3], n_repeats)


def duckdb(folder: Path, n_repeats: int, n_threads: int, url: str) -> dict[str, Any]:
    import duckdb
    import duckdb_extension_spatial

    root = Path(duckdb_extension_spatial.__file__).parent
    extension = next(root.rglob("spatial.duckdb_extension"))
    connection = duckdb.connect()
    connection.execute(f"LOAD '{extension}'")
    connection.execute(f"SET threads = {n_threads}")
    for name in "ab":
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder / name}.parquet')")

    def ask() -> Any:
        connection.execute(
            "CREATE OR REPLACE TABLE pairs AS SELECT a.id AS i, b.id AS j, ST_Distance(a.geometry, b.geometry) AS d, "
            "ST_ShortestLine(a.geometry, b.geometry) AS line FROM a JOIN b "
            "ON ST_Intersects(ST_MakeEnvelope(ST_XMin(a.geometry) - a.reach, ST_YMin(a.geometry) - a.reach, "
            "ST_XMax(a.geometry) + a.reach, ST_YMax(a.geometry) + a.reach), b.geometry) "
            "WHERE ST_Distance(a.geometry, b.geometry) <= a.reach"
        )

    def read(_: Any) -> Answer:
        found = connection.execute("SELECT i, j, d FROM pairs").fetchnumpy()
        return found["i"], found["j"], found["d"]

    return timed(ask, read, n_repeats)


def sedonadb(folder: Path, n_repeats: int, n_threads: int, url: str) -> dict[str, Any]:
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:n_threads]))
    import sedonadb

    session = sedonadb.connect()
    for name in "ab":
        session.read_parquet(str(folder / f"{name}.parquet")).to_memtable().to_view(name, True)

    def ask() -> Any:
        return session.sql(
            "SELECT a.id AS i, b.id AS j, ST_Distance(a.geometry, b.geometry) AS d FROM a JOIN b "
            "ON ST_DWithin(a.geometry, b.geometry, a.reach)"
        ).to_arrow_table()

    return timed(ask, lambda table: (table["i"].to_numpy(), table["j"].to_numpy(), table["d"].to_numpy()), n_repeats) | {"has_no_line": True}


def postgis(folder: Path, n_repeats: int, n_threads: int, url: str) -> dict[str, Any]:
    import geopandas as gpd
    import psycopg2

    connection = psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(f"SET max_parallel_workers_per_gather = {max(0, n_threads - 1)}; CREATE SCHEMA IF NOT EXISTS bench")
    _copy(cursor, "a", gpd.read_parquet(folder / "a.parquet"))
    _copy(cursor, "b", gpd.read_parquet(folder / "b.parquet"))

    def ask() -> None:
        cursor.execute("DROP TABLE IF EXISTS bench.pairs")
        cursor.execute(
            "CREATE UNLOGGED TABLE bench.pairs AS SELECT a.id AS i, b.id AS j, ST_Distance(a.geom, b.geom) AS d, "
            "ST_ShortestLine(a.geom, b.geom) AS line FROM bench.a AS a JOIN bench.b AS b ON ST_DWithin(a.geom, b.geom, a.reach)"
        )

    def read(_: Any) -> Answer:
        cursor.execute("SELECT i, j, d FROM bench.pairs")
        rows = np.array(cursor.fetchall(), dtype=float)
        return rows[:, 0].astype(int), rows[:, 1].astype(int), rows[:, 2]

    try:
        return timed(ask, read, n_repeats)
    finally:
        cursor.execute("DROP SCHEMA bench CASCADE")


def _copy(cursor: Any, name: str, frame: Any) -> None:
    import io

    cursor.execute(f"CREATE UNLOGGED TABLE bench.{name} (id int, reach float8, geom geometry)")
    reach = frame["reach"] if "reach" in frame else [0.0] * len(frame)
    lines = "\n".join(f"{i}\t{r}\t{wkb.hex()}" for i, r, wkb in zip(frame["id"], reach, frame.geometry.to_wkb(), strict=True))
    cursor.copy_expert(f"COPY bench.{name} FROM STDIN", io.StringIO(lines))
    cursor.execute(f"CREATE INDEX ON bench.{name} USING gist (geom); ANALYZE bench.{name}")


PEERS = {"geopandas": geopandas, "duckdb": duckdb, "sedonadb": sedonadb, "postgis": postgis}

if __name__ == "__main__":
    peer, folder, n_repeats, n_threads, url = sys.argv[1:]
    print(json.dumps({"peer": peer} | PEERS[peer](Path(folder), int(n_repeats), int(n_threads), url)))
