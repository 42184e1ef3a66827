"""Keeps the worker running beside the server: a process of its own, started again when it dies, ended with the server.

The server knows of the worker only its command and the jobs in the database; it imports nothing of it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time

from app.config import CODE_DIR

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
HEALTHY_S = 60.0
"""A worker that lived so long is started again at once when it ends."""
END_TIMEOUT_S = 8.0
LOG = logging.getLogger(__name__)


class WorkerProcess:
    """The worker of this server; the environment says where home and database are."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, daemon=True)

    def start(self) -> None:
        """Start the worker, and again whenever it ends."""
        self._thread.start()

    def end(self) -> None:
        """End the worker; what it was doing goes on at the next start."""
        self._is_ending.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()

    def _keep_running(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._is_ending.is_set():
            started = time.monotonic()
            self._process = subprocess.Popen(_command(), stdin=subprocess.DEVNULL, close_fds=False)
            if self._is_ending.is_set():  # the end came while it was being started
                self._process.terminate()
            status = self._process.wait()
            if self._is_ending.is_set():
                return
            pause_s = FIRST_PAUSE_S if time.monotonic() - started > HEALTHY_S else min(pause_s * 2, LONGEST_PAUSE_S)
            LOG.warning("the worker ended with status %s; it is started again in %g s", status, pause_s)
            self._is_ending.wait(pause_s)


def _command() -> list[str]:
    """The command's own worker, run by the Python of the server."""
    return [sys.executable, str(CODE_DIR / "riskatlas.py"), "worker", "--ends-with", str(os.getpid())]
