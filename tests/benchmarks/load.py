"""Loading beside ogr2ogr and GeoPandas: 400,000 polygons into one PostGIS; and the memory of a table of millions of rows.

Ours does all of a load: reading, reprojecting, every check, keeping the file, provenance, merge into the register, indexes.
The peers do their part only: reading, reprojecting, writing a table, a spatial index.
The register has no spatial index, as nothing asks it by place: an edition's tables are asked, and have theirs (`score`).
Without ogr2ogr its line says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import sqlalchemy as sa

from etl.load import load_area_data
from etl.postgis.cluster import Cluster, cluster_for
from etl.postgis.migrate import migrate
from layers.catalog import load_catalog
from layers.store import engine_from_url
from tests.benchmarks.delivery import GPKG, GPKG_LAYER, STORAGE_CRS, write_accidents, write_buildings
from tests.benchmarks.peak import peak_mib
from tests.benchmarks.processor import processor_s
from tests.benchmarks.result import Measured, median

N_POLYGONS = 400_000
N_ROWS = 5_000_000
REPEATS = 3
AGREE_DECIMALS = 9
"""Degrees: 0.1 mm, what two builds of PROJ may differ by and more."""
OGR2OGR_MISSING = "ogr2ogr COPY (not installed: apt-get install gdal-bin; pyogrio's GDAL has no PostgreSQL driver)"
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Bench:
    """A private PostGIS and the delivered files, gone at the end."""

    folder: Path
    cluster: Cluster

    def processor_s(self) -> float:
        """Processor time of this process, its programs and the database so far."""
        return processor_s(self.cluster.status().pid or 0)

    def fresh_database(self, name: str) -> sa.Engine:
        """An engine on an empty database of this name; a former one is dropped."""
        self.cluster.drop_database(name)
        return engine_from_url(self.cluster.create_database(name))


def run(place: object, scale: float = 1.0) -> Iterator[Measured]:
    """Both cases on a PostGIS of their own; `scale` is the share of the full sizes."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-bench-"))
    folder.chmod(0o755)
    bench = Bench(folder, cluster_for(folder / "home"))
    try:
        bench.cluster.ensure_running()
        yield from polygons(bench, int(N_POLYGONS * scale))
        yield from many_rows(bench, int(N_ROWS * scale))
    finally:
        bench.cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def polygons(bench: Bench, n_rows: int, repeats: int = REPEATS) -> Iterator[Measured]:
    """Ours, ogr2ogr and `to_postgis` by turns; the databases are dropped and made anew outside the clock."""
    sources, data = write_buildings(bench.folder / "buildings", n_rows)
    ways: dict[str, Callable[[sa.Engine], None]] = {
        "ours": lambda engine: _load(engine, sources, data, bench.folder / "home"),
        "GeoDataFrame.to_postgis": lambda engine: _to_postgis(engine, data / GPKG),
    }
    ogr2ogr = shutil.which("ogr2ogr")
    if ogr2ogr is not None:
        ways["ogr2ogr COPY"] = lambda engine: _ogr2ogr(ogr2ogr, engine, data / GPKG)
    times: dict[str, list[float]] = {way: [] for way in ways}
    spent: dict[str, list[float]] = {way: [] for way in ways}
    contents: dict[str, str] = {}
    again = []
    for _ in range(repeats):
        for way, work in ways.items():
            engine = bench.fresh_database("bench")
            _make_ready(engine)
            shutil.rmtree(bench.folder / "home" / "files", ignore_errors=True)  # to keep the file is part of every load
            before_s = bench.processor_s()
            times[way].append(_seconds(lambda work=work, engine=engine: work(engine)))
            spent[way].append(bench.processor_s() - before_s)
            contents[way] = _content(engine, "register.buildings" if way == "ours" else "peer.buildings")
            if way == "ours":
                again.append(_seconds(lambda engine=engine: _load(engine, sources, data, bench.folder / "home")))
            engine.dispose()
    ours = median(times["ours"])
    for what, seconds in (("polygons, GeoPackage to register", times), ("the same, processor time of both sides", spent)):
        own = median(seconds.pop("ours"))
        for way, taken in seconds.items():
            yield Measured("load", what, n_rows, repeats, own, "s", way, median(taken), median(taken) / own, contents[way] == contents["ours"])
    if ogr2ogr is None:
        yield Measured("load", "polygons, GeoPackage to register", n_rows, repeats, ours, "s", OGR2OGR_MISSING)
    yield Measured("load", "the same file again", n_rows, repeats, median(again), "s")


def many_rows(bench: Bench, n_rows: int) -> Iterator[Measured]:
    """A table of points in a process of its own: rows, seconds and the most memory that it held."""
    sources, data = write_accidents(bench.folder / "accidents", n_rows)
    command = [sys.executable, str(PROJECT / "riskatlas.py"), "load", str(sources), "--data", str(data)]
    started = time.perf_counter()
    most_mib = peak_mib(command, environment={**os.environ, "RISKATLAS_HOME": str(bench.folder / "home")})
    yield Measured("load", "table of points to register", n_rows, 1, time.perf_counter() - started, "s")
    yield Measured("load", "most memory of the loader", n_rows, 1, most_mib, "MB")


def _make_ready(engine: sa.Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA peer"))


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _load(engine: sa.Engine, sources: Path, data: Path, home: Path) -> None:
    load_area_data(engine, load_catalog(), sources, data, home=home)


def _ogr2ogr(program: str, engine: sa.Engine, path: Path) -> None:
    url = engine.url
    subprocess.run(
        [program, "-f", "PostgreSQL", f"PG:host={url.query['host']} user={url.username} dbname={url.database}", str(path),
         GPKG_LAYER, "-nln", "peer.buildings", "-nlt", "PROMOTE_TO_MULTI", "-t_srs", STORAGE_CRS,
         "-lco", "GEOMETRY_NAME=geom", "-lco", "SPATIAL_INDEX=GIST"],
        check=True, capture_output=True, env={**os.environ, "PG_USE_COPY": "YES"},
    )


def _to_postgis(engine: sa.Engine, path: Path) -> None:
    frame = gpd.read_file(path, layer=GPKG_LAYER).to_crs(STORAGE_CRS).rename_geometry("geom")
    frame.to_postgis("buildings", engine, schema="peer")


def _content(engine: sa.Engine, table: str) -> str:
    """Number of rows and a hash of their rounded geometries that does not depend on order or on parts."""
    query = (
        "SELECT count(*) || ':' || sum(hashtext(ST_AsText(ST_Normalize(ST_Multi(geom)), :decimals))::numeric) "
        f"FROM {table}"
    )
    with engine.connect() as connection:
        return str(connection.execute(sa.text(query), {"decimals": AGREE_DECIMALS}).scalar_one())
