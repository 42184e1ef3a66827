"""The worker beside the server: there without being asked for, there again when it dies, gone with the server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from etl.work.queue import WORKER_LOCK
from layers.store import engine_from_url
from tests.conftest import PROJECT

PATIENCE_S = 240
SERVER = """
import sys
from app.worker_process import WorkerProcess
worker = WorkerProcess()
worker.start()
sys.stdin.read()
worker.end()
"""


def worker_of(parent: int) -> int | None:
    """Process id of the worker that a process keeps, while there is one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat, command = (folder / "stat").read_text(), (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(stat.rpartition(")")[2].split()[1]) == parent and b"worker" in command:
            return int(folder.name)
    return None


def end(server: subprocess.Popen[bytes]) -> None:
    """End a process, and close the pipe to it."""
    server.kill()
    server.wait()
    if server.stdin is not None:
        server.stdin.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < until, f"{what} did not come about in {PATIENCE_S} s"
        time.sleep(0.1)


def test_worker_is_started_again_when_it_dies_and_ends_with_the_server(database_url: str, tmp_path: Path) -> None:
    engine = engine_from_url(database_url)

    def is_alive() -> bool:
        with engine.connect() as connection:
            query = sa.text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :key "
                            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))")
            return bool(connection.execute(query, {"key": WORKER_LOCK}).scalar_one())

    environment = {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    server = subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_until(is_alive, "a worker")
        first = worker_of(server.pid)
        assert first is not None
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: is_alive() and worker_of(server.pid) not in (None, first), "another worker")
        second = worker_of(server.pid)
        server.communicate(b"", timeout=PATIENCE_S)
        assert server.returncode == 0
        wait_until(lambda: not Path(f"/proc/{second}").exists(), "the end of the worker")
    finally:
        end(server)
        engine.dispose()


def test_worker_ends_when_its_server_was_killed(database_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(tmp_path), "PYTHONPATH": str(PROJECT)}
    server = subprocess.Popen([sys.executable, "-c", SERVER], env=environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: worker_of(server.pid) is not None, "a worker")
        worker = worker_of(server.pid)
        server.kill()
        server.wait()
        wait_until(lambda: not Path(f"/proc/{worker}").exists(), "the end of the worker")
    finally:
        end(server)
