"""The worker: runs the jobs of a database until it is told to stop; whatever kills it, its jobs are found again."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from typing import Any

import procrastinate
import sqlalchemy as sa
from procrastinate.exceptions import JobAborted

from etl.postgis.migrate import migrate
from etl.stamps import code_hash_held
from etl.work.extra import EXTRA_TASKS
from etl.work.failures import explained
from etl.work.queue import (
    JobWatch,
    forget_old,
    queue_app,
    resume_interrupted,
    worker_lock,
)
from etl.work.tasks import TASKS, Workplace
from layers.catalog import load_catalog
from layers.errors import CancelledError
from layers.store import Place

CONCURRENT_JOBS = 2
"""A short job (reading, a workbook) does not wait for a long one; loads and scorings never run two at a time."""
GRACE_S = 3.0
"""Seconds that running jobs get to end when the worker is stopped; then they are left, and resumed at the next start."""
BETWEEN_LOOKS_S = 1.0
POLLING_S = 2.0
LOG = logging.getLogger(__name__)


def run_worker(place: Place, *, ends_with: int | None = None) -> None:
    """Run jobs until SIGTERM or SIGINT, or until the parent process `ends_with` is gone.

    Another worker of the same database is waited for: there is one at a time.
    """
    migrate(place.engine)
    code_hash_held()
    while True:
        with worker_lock(place.engine) as lock:
            if lock is not None:
                with place.engine.begin() as connection:
                    found = resume_interrupted(connection)
                    forget_old(connection)
                if any(found.values()):
                    LOG.warning("jobs of a worker that died: %s", found)
                _watch(lock, ends_with)
                asyncio.run(_work(place))
                return
        _wait_or_end(ends_with)


def _wait_or_end(ends_with: int | None) -> None:
    threading.Event().wait(POLLING_S)
    if ends_with is not None and os.getppid() != ends_with:
        sys.exit(0)


def _watch(lock: sa.Connection, ends_with: int | None) -> None:
    """End the worker when its parent is gone, or its lock with the connection: another one may be at work then."""

    def look() -> None:
        while True:
            threading.Event().wait(BETWEEN_LOOKS_S)
            try:
                lock.execute(sa.text("SELECT 1"))
            except sa.exc.DBAPIError:
                LOG.error("the worker lost its connection to the database and ends; it is started again")
                os._exit(1)
            if ends_with is not None and os.getppid() != ends_with:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=look, daemon=True).start()


async def _work(place: Place) -> None:
    app = queue_app(place.open_url())
    register(app, Workplace(place.engine, load_catalog(), place.home))
    loop = asyncio.get_running_loop()
    async with app.open_async():
        working = asyncio.create_task(app.run_worker_async(
            concurrency=CONCURRENT_JOBS, install_signal_handlers=False, fetch_job_polling_interval=POLLING_S,
            shutdown_graceful_timeout=GRACE_S,
        ))  # fmt: skip

        def stop() -> None:
            # Threads cannot be ended: jobs that go on are left where they are and found again at the next start.
            loop.call_later(GRACE_S, os._exit, 0)
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        try:
            await working
        except asyncio.CancelledError:
            LOG.info("the worker was stopped")


def register(app: procrastinate.App, workplace: Workplace) -> None:
    """Make every kind of job known to the queue."""
    for kind in {**TASKS, **EXTRA_TASKS}:
        app.task(name=kind, pass_context=True)(_runner(kind, workplace))


def _runner(kind: str, workplace: Workplace) -> Any:
    def run(context: procrastinate.JobContext, **arguments: Any) -> None:
        job_id = context.job.id
        if job_id is None:
            raise ValueError("a job that was never kept")
        run_job(kind, job_id, arguments, workplace)

    return run


def run_job(kind: str, job_id: int, arguments: dict[str, Any], workplace: Workplace) -> None:
    """Run one job to its end and note what came of it; raises what the queue needs to know of its end."""
    watch = JobWatch(workplace.engine, job_id)
    watch.begin()
    try:
        result = {**TASKS, **EXTRA_TASKS}[kind](workplace, watch, **arguments)
    except CancelledError as error:
        watch.cancelled()
        raise JobAborted from error
    except Exception as error:  # the outermost line of a job: whatever it is, the person who waits is told
        LOG.exception("job %s (%s) failed", job_id, kind)
        watch.fail(*explained(error))
        raise
    watch.end(result)


def log_to_stderr() -> None:
    """Have the worker's own words, and only warnings of others, on stderr."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("procrastinate.worker").setLevel(logging.CRITICAL)  # failures are told by run_job
