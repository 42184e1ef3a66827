"""Siting checks of the served edition by eight clients at once, timed at the clients, the median of some rounds; and where a project could go.

Both run on copies of the database, dropped afterwards: checks are kept as cases, and the second one has a million buildings.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import psycopg2.errors
import sqlalchemy as sa

from etl.postgis.cluster import cluster_for
from layers.errors import AtlasError
from layers.store import Place, edition_schema, engine_from_url, served_edition
from tests.benchmarks.result import Measured, median, percentile

N_CHECKS = 300
N_ROUNDS = 5
N_CLIENTS = 8
N_SERVERS = 2
SITE_HALF_DEG = 0.0008
PROJECT_TYPES = ("residential", "school_hospital_elderly", "industrial", "hazchem")
HERE = Path(__file__).parents[2]
START_S, WARM_S = 120.0, 15.0
LONGEST_S = 120
MILLION = 1_000_000


def run(place: Place, scale: float = 1.0) -> Iterator[Measured]:
    """Random squares of about 2.5 ha over the area's home extent; needs a published edition."""
    url = place.open_url()
    for case, n_buildings in (("county", 0), ("a million buildings", MILLION)):
        with _copied(place, url, n_buildings) as copy:
            yield from _served(case, place, copy, max(int(N_CHECKS * scale), N_CLIENTS))


def _served(case: str, place: Place, url: str, n_checks: int) -> Iterator[Measured]:
    with _server(place, url) as port:
        area = json.loads(_asked(port, "GET", "/api/layers")[1])["area"]
        bodies = list(_bodies(area["home"], n_checks))
        _answered(port, bodies[: 4 * N_CLIENTS])
        rounds = [_times(port, bodies) for _ in range(N_ROUNDS)]
        rows, n_answers = _n_features(url), len(rounds[0]) * N_ROUNDS
        yield Measured("siting", f"{case}, {N_CLIENTS} clients, median", rows, n_answers, median([median(times) for times in rounds]), "ms")
        slowest = [percentile(times, 95) for times in rounds]
        yield Measured("siting", f"{case}, {N_CLIENTS} clients, 95th percentile", rows, n_answers, median(slowest), "ms")
        yield Measured("siting", f"{case}, {N_CLIENTS} clients, same, worst round", rows, n_answers, max(slowest), "ms")
        alone = _times(port, bodies[:100], n_clients=1)
        yield Measured("siting", f"{case}, 1 client, 95th percentile", rows, len(alone), percentile(alone, 95), "ms")
        began = time.perf_counter()
        _asked(port, "POST", "/api/site-areas", {"project_type": "residential", "n_persons": 300})
        yield Measured("siting", f"{case}, where could it go", rows, 1, time.perf_counter() - began, "s")


@contextmanager
def _server(place: Place, url: str) -> Iterator[int]:
    """The product's own server on a free port, warmed up as it warms itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {"RISKATLAS_HOME": str(place.home), "RISKATLAS_DATABASE_URL": url}
    command = [sys.executable, str(HERE / "riskatlas.py"), "serve", "--port", str(port), "--no-worker", "--workers", str(N_SERVERS)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        time.sleep(WARM_S)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        try:
            if _asked(port, "GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AtlasError("the server did not start")


def _asked(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_S)
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _answered(port: int, bodies: list[dict[str, Any]], *, n_clients: int = N_CLIENTS) -> list[tuple[int, float]]:
    """Status of each answer and the milliseconds from its question to its last byte; each client keeps its connection.

    Questions are written and answers read as bytes, so that the clients, which share the processors with the server, take
    little of them (0.23 ms a verdict; `http.client` on a new connection each time took 0.83). What an answer says is looked at when all have come.
    """
    waiting = iter([_question(port, body) for body in bodies])
    lock, found = threading.Lock(), list[tuple[bytes, float]]()

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S) as connection, connection.makefile("rb") as answers:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                with lock:
                    question = next(waiting, None)
                if question is None:
                    return
                began = time.perf_counter()
                connection.sendall(question)
                answer = _whole_answer(answers)
                found.append((answer, (time.perf_counter() - began) * 1000))

    with ThreadPoolExecutor(n_clients) as clients:
        for client in [clients.submit(ask) for _ in range(n_clients)]:
            client.result()
    return [(_status(answer), taken) for answer, taken in found]


def _times(port: int, bodies: list[dict[str, Any]], *, n_clients: int = N_CLIENTS) -> list[float]:
    """Milliseconds of each verdict of a round; raises `AtlasError` where no site was answered."""
    times = [taken for status, taken in _answered(port, bodies, n_clients=n_clients) if status == 200]
    if not times:
        raise AtlasError("no site was answered; is an edition published?")
    return times


def _question(port: int, body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /api/site-checks HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _whole_answer(answers: IO[bytes]) -> bytes:
    """Head and body of the next answer of a connection, to the last byte that its head announces."""
    lines = [answers.readline()]
    while lines[-1] not in (b"\r\n", b""):
        lines.append(answers.readline())
    n_bytes = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), None)
    if n_bytes is None:
        raise AtlasError("the server closed the connection, or answered without a length")
    return b"".join(lines) + answers.read(n_bytes)


def _status(answer: bytes) -> int:
    """The status; `AtlasError` unless the answer is JSON to its end and, where it is a verdict, one that was kept."""
    head, _, content = answer.partition(b"\r\n\r\n")
    status, told = int(head[9:12]), json.loads(content)
    if status == 200 and not (told["ref"] and told["verdict"]["id"]):
        raise AtlasError("an answer without number or verdict")
    return status


def _bodies(home: list[float], n_checks: int) -> Iterator[dict[str, Any]]:
    """Three times as many squares as wanted answers: some lie outside the area and are refused."""
    dice = np.random.default_rng(20261121)
    west, south, east, north = home
    for number, (lon, lat) in enumerate(dice.uniform((west, south), (east, north), (n_checks * 2, 2)).tolist()):
        yield {"geometry": _square(lon, lat), "project_type": PROJECT_TYPES[number % 4], "is_new": True}


def _square(lon: float, lat: float) -> dict[str, object]:
    h = SITE_HALF_DEG
    ring = [[lon - h, lat - h], [lon + h, lat - h], [lon + h, lat + h], [lon - h, lat + h], [lon - h, lat - h]]
    return {"type": "Polygon", "coordinates": [ring]}


@contextmanager
def _copied(place: Place, url: str, n_buildings: int) -> Iterator[str]:
    """A copy of a database, so that checks are kept in none that people use; its buildings again and again beside, up to a number."""
    if os.environ.get("RISKATLAS_DATABASE_URL"):
        raise AtlasError("this benchmark copies the database of the private PostGIS; it runs without RISKATLAS_DATABASE_URL")
    cluster, name = cluster_for(place.home), f"bench_siting_{os.getpid()}"
    place.engine.dispose()
    try:
        copy = cluster.create_database(name, str(sa.make_url(url).database))
    except psycopg2.errors.ObjectInUse as error:
        raise AtlasError(
            f"数据库正在使用,不能复制:请先停止本目录的 riskatlas serve 和 worker,再运行此测试 "
            f"(the database of {place.home} is in use and cannot be copied: stop `riskatlas serve` and `worker` of it, then run this again)"
        ) from error
    try:
        engine = engine_from_url(copy)
        with engine.begin() as connection:
            _multiply(connection, n_buildings)
        engine.dispose()
        yield copy
    finally:
        cluster.drop_database(name)


def _multiply(connection: sa.Connection, n_buildings: int) -> None:
    table = sa.Table("buildings", sa.MetaData(), schema=edition_schema(served_edition(connection) or 0), autoload_with=connection)
    n = int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    for turn in range(1, -(-n_buildings // max(n, 1))):
        changed = {
            "feature_id": table.c.feature_id + f"-c{turn}",
            "geom": sa.func.ST_Translate(table.c.geom, 0.0004 * (turn % 5), 0.0004 * (turn // 5)),
        }
        chosen = sa.select(*(changed.get(column.name, column) for column in table.c)).where(~table.c.feature_id.op("~")("-c[0-9]+$"))
        connection.execute(sa.insert(table).from_select([column.name for column in table.c], chosen))
    connection.execute(sa.text("ANALYZE"))


def _n_features(url: str) -> int:
    engine = engine_from_url(url)
    with engine.connect() as connection:
        schema = edition_schema(served_edition(connection) or 0)
        counted = sa.text("SELECT coalesce(sum(n_live_tup), 0) FROM pg_stat_user_tables WHERE schemaname = :schema")
        rows = int(connection.execute(counted, {"schema": schema}).scalar_one())
    engine.dispose()
    return rows
