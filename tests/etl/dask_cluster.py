"""A Dask cluster of a test's own: a scheduler and two workers, started as one starts them by hand."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CONNECT_S = 240
"""As long as a busy machine needs to connect; what `etl.workers.CONNECT_S` is set to beside it."""


@contextmanager
def patient_connections() -> Iterator[None]:
    """Dask waits for a connection as long as a busy machine needs."""
    import dask
    import distributed  # noqa: F401  its defaults come before ours

    with dask.config.set({"distributed.comm.timeouts.connect": f"{CONNECT_S}s"}):
        yield


@contextmanager
def running_cluster() -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """A scheduler and two `dask worker` processes; their address, and the workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "DASK_DISTRIBUTED__WORKER__MEMORY__REBALANCE__MEASURE": "process", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "240s"}
    address, dask = f"tcp://127.0.0.1:{port}", [sys.executable, "-m", "dask"]
    quiet = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--dashboard-address", "127.0.0.1:0"], **quiet)  # type: ignore[call-overload]
    command = [*dask, "worker", address, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
    workers = [subprocess.Popen(command, **quiet) for _ in range(2)]  # type: ignore[call-overload]
    try:
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait(timeout=120)


def wait_for_workers(address: str, n: int) -> None:
    from distributed import Client

    with Client(address, timeout=240) as client:
        client.wait_for_workers(n, timeout=240)
