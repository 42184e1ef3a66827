"""Tiles beside a constant answer of the same server, beside the bare SQL, and for a hundred clients on a cold city.

Needs `wrk` (the package of Debian and Ubuntu): a client in Python would be what is measured.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import numpy as np
import sqlalchemy as sa

from app import create_app
from app.editions import EditionFacts
from app.parts import parts
from app.pinned import pinned_edition
from app.tiles import EVERY_FEATURE, TileAddress, make_tile, query_tile
from layers.catalog import Layer
from layers.errors import AtlasError
from layers.store import Place
from tests.benchmarks.result import Measured, median

SEED = 20261122
LAYERS = ("risk_zones", "buildings", "risk_points", "roads", "pipelines", "towns", "protection_targets", "water")
WANTED_BYTES = 30_000
N_MADE, N_COLD_TILES = 120, 4000
N_CLIENTS, N_THREADS = 100, 2
KEPT_S, COLD_S = 8, 60
ROUNDS = 3
SERVER = "tests.benchmarks.peers.constant_server"
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
FAULTS = re.compile(r"Non-2xx or 3xx responses: (\d+)|Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
DONE = re.compile(r"(\d+) requests in")


@dataclass(frozen=True)
class Job:
    """A tile of a layer."""

    facts: EditionFacts
    layer: Layer
    address: TileAddress

    @property
    def path(self) -> str:
        at = self.address
        return f"/tiles/{self.facts.edition.number}/all/{self.layer.id}/{at.z}/{at.x}/{at.y}.mvt"


def run(place: Place, scale: float) -> Iterator[Measured]:
    """Needs a published edition; `scale` shortens the runs."""
    if shutil.which("wrk") is None:
        raise AtlasError("bench tiles measures with wrk; run: apt-get install wrk")
    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url()})
    with app.test_request_context(), pinned_edition() as pinned:
        jobs = _jobs(pinned.facts)
        yield from _made(pinned.connection, jobs[: max(int(N_MADE * scale), 10)])
        job = _about_30_kb(pinned.connection, jobs)
    app.extensions["riskatlas"].database.engine.dispose()
    yield from _kept(place, job, scale)
    yield from _cold(place, jobs, scale)


def _jobs(facts: EditionFacts) -> list[Job]:
    """Tiles of several layers and zooms that hold anything, in a random order of a fixed seed."""
    dice = np.random.default_rng(SEED)
    layers = [parts().catalog[name] for name in LAYERS if name in facts.covers]
    jobs = [
        Job(facts, layer, TileAddress(zoom, x, y))
        for layer in layers
        for zoom in range(max(layer.min_zoom, 9), 17)
        for x, y in facts.covers[layer.id].tiles(zoom)
    ]
    return [jobs[i] for i in dice.permutation(len(jobs))]


def _made(connection: sa.Connection, jobs: list[Job]) -> Iterator[Measured]:
    """Server's way (cover, statement, packing) beside the statement alone, one after the other, in turn."""
    ours, bare = [], []
    for number, job in enumerate(jobs):
        steps = [(ours, make_tile, ()), (bare, query_tile, (EVERY_FEATURE,))]
        make_tile(connection, job.facts, job.layer, job.address)  # the database has read the pages
        for times, work, more in steps if number % 2 else steps[::-1]:
            started = time.perf_counter()
            work(connection, job.facts, job.layer, job.address, *more)  # type: ignore[operator]
            times.append((time.perf_counter() - started) * 1000)
    yield Measured("tiles", "made tile", len(jobs), 1, median(ours), "ms", "the SQL itself", median(bare),
                   median(bare) / median(ours))
    worst = max(a - b if a > 1.2 * b else 0.0 for a, b in zip(ours, bare, strict=True))
    late = np.mean([a > max(1.2 * b, b + 1) for a, b in zip(ours, bare, strict=True)])
    yield Measured("tiles", "made tile: most above 1.2 x the SQL", len(jobs), 1, worst, "ms")
    yield Measured("tiles", "made tile: share above 1.2 x and 1 ms", len(jobs), 1, float(late * 100), "%")


def _about_30_kb(connection: sa.Connection, jobs: list[Job]) -> Job:
    sized = [(abs(len(make_tile(connection, job.facts, job.layer, job.address).packed) - WANTED_BYTES), job) for job in jobs[:300]]
    return min(sized, key=lambda pair: pair[0])[1]


def _kept(place: Place, job: Job, scale: float) -> Iterator[Measured]:
    """Requests a second of one kept tile and of a constant of the same size, in turn."""
    with _server(place.open_url(), place.home) as address:
        n_bytes = _size(f"{address}{job.path}")
        rates: dict[str, list[float]] = {job.path: [], f"/bench/{n_bytes}": []}
        for _ in range(ROUNDS):
            for path, found in rates.items():
                report = _wrk(f"{address}{path}", max(KEPT_S * scale, 1), 32)
                found.append(float(RATE.search(report)[1]))  # type: ignore[index]
    ours, constant = (median(found) for found in rates.values())
    yield Measured("tiles", f"kept tile of {n_bytes} bytes", 1, ROUNDS, ours, "1/s", "constant answer", constant, ours / constant)


def _cold(place: Place, jobs: list[Job], scale: float) -> Iterator[Measured]:
    """A hundred clients ask a server without any kept tile for tiles of the whole city."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        script = home / "paths.lua"
        script.write_text(_lua([job.path for job in jobs[:N_COLD_TILES]]))
        for name in ("rasters", "fonts"):
            (home / name).symlink_to(place.home / name)
        with _server(place.open_url(), home) as address:
            seconds = max(COLD_S * scale, 2)
            report = _wrk(address, seconds, N_CLIENTS, script=script)
    faults = FAULTS.findall(report)
    n_errors = sum(int(number) for fault in faults for number in fault if number)
    yield Measured("tiles", f"{N_CLIENTS} clients, cold city: requests", len(jobs), 1, float(DONE.search(report)[1]), "requests")  # type: ignore[index]
    yield Measured("tiles", f"{N_CLIENTS} clients, cold city: rate", len(jobs), 1, float(RATE.search(report)[1]), "1/s")  # type: ignore[index]
    yield Measured("tiles", f"{N_CLIENTS} clients, cold city: errors in {seconds:.0f} s", len(jobs), 1, float(n_errors), "errors", agree=n_errors == 0)


def _lua(paths: list[str]) -> str:
    listed = ",\n".join(f'"{path}"' for path in paths)
    return (
        f"local paths = {{{listed}}}\nlocal at = 0\n"
        "function setup(thread) thread:set('first', math.random(#paths)) end\n"
        "function request() at = at + 1; return wrk.format('GET', paths[(at * 7 + first) % #paths + 1], "
        "{['Accept-Encoding'] = 'gzip'}) end\n"
    )


def _wrk(address: str, seconds: float, n_clients: int, *, script: Path | None = None) -> str:
    more = ["-s", str(script)] if script else ["-H", "Accept-Encoding: gzip"]
    command = ["wrk", f"-t{N_THREADS}", f"-c{n_clients}", f"-d{math.ceil(seconds)}s", "--timeout", "20s", *more, address]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _size(address: str) -> int:
    import urllib.request

    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return len(answer.read())


@contextmanager
def _server(database_url: str, home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(home)}
    process = subprocess.Popen([sys.executable, "-m", SERVER, str(port), "1"], env=environment)
    try:
        _wait(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=20)


def _wait(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            _size(address)
            return
        except OSError:
            time.sleep(0.1)
    raise AtlasError("the server did not start")


