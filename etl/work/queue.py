"""The jobs in PostgreSQL: asked for, watched, cancelled, found again after a crash.

procrastinate keeps them in the schema `ops`; `ops.job_notes` holds what people see of a job besides. The server asks
for jobs by the same SQL functions (`ops.start_job`, `ops.cancel_job`) and reads the view `ops.jobs`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import procrastinate
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from etl.progress import Step
from layers.errors import CancelledError, NotFoundError

SEARCH_PATH = "-c search_path=ops,public -c timezone=UTC"
SEE_QUEUE = "SET LOCAL search_path TO ops, public"
"""The queue's triggers name its tables without a schema."""
WORKER_LOCK = 7_218_004
"""Held by the one worker of a database as long as it lives: whatever is *running* without it was interrupted."""
MOST_CONNECTIONS = 4
"""Of the queue itself, beside those of the worker's engine."""
MOST_ATTEMPTS = 3
"""A job whose worker died so often is not tried again: it may be what kills it."""
KEPT_DAYS = 30
BETWEEN_NOTES_S = 0.25
NOTES = sa.table(
    "job_notes", *map(sa.column, ("job_id", "started_at", "finished_at", "error_zh", "error_en")),
    sa.column("result", JSONB(none_as_null=True)), schema="ops",
)
NOW = sa.func.now()
UNFINISHED = ("waiting", "running", "cancelling")
DIED_ZH = f"执行进程在此任务上中断了 {MOST_ATTEMPTS} 次,已不再重试;请检查内存和磁盘,或把文件分小后再试"
DIED_EN = f"the worker died {MOST_ATTEMPTS} times over this job; check memory and disk, or deliver smaller files"


def queue_app(database_url: str) -> procrastinate.App:
    """procrastinate on the database of a SQLAlchemy URL; its tables are those in `ops`."""
    address = sa.make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(conninfo=address, kwargs={"options": SEARCH_PATH}, min_size=1, max_size=MOST_CONNECTIONS)
    return procrastinate.App(connector=connector)


def start_job(
    connection: sa.Connection, kind: str, arguments: Mapping[str, Any], *, one_at_a_time: str | None = None,
    upload_id: str | None = None, requested_by: str = "",
) -> int:
    """Ask for a job; it becomes visible with the transaction. Jobs that share `one_at_a_time` run in their order."""
    return int(connection.execute(
        sa.text("SELECT ops.start_job(:kind, CAST(:arguments AS jsonb), :one_at_a_time, :upload_id, :requested_by)"),
        {"kind": kind, "arguments": json.dumps(dict(arguments), ensure_ascii=False), "one_at_a_time": one_at_a_time,
         "upload_id": upload_id, "requested_by": requested_by},
    ).scalar_one())


def cancel_job(connection: sa.Connection, job_id: int) -> None:
    """Take a job back: a waiting one at once, a running one at its next step; raises `NotFoundError` for ended ones."""
    if not connection.execute(sa.text("SELECT ops.cancel_job(:id)"), {"id": job_id}).scalar_one():
        raise NotFoundError(f"no job {job_id} that waits or runs")


def jobs(connection: sa.Connection, *, limit: int = 50) -> list[dict[str, Any]]:
    """The newest jobs, newest first."""
    rows = connection.execute(sa.text("SELECT * FROM ops.jobs ORDER BY job_id DESC LIMIT :limit"), {"limit": limit})
    return [dict(row) for row in rows.mappings()]


@contextmanager
def worker_lock(engine: sa.Engine) -> Iterator[sa.Connection | None]:
    """The lock of the one worker, and the connection that holds it; None where another worker is at work."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_ours = connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": WORKER_LOCK}).scalar_one()
        try:
            yield connection if is_ours else None
        finally:
            if is_ours:
                connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": WORKER_LOCK})


def resume_interrupted(connection: sa.Connection) -> dict[str, int]:
    """Put jobs whose worker died back in the queue; to be called by the worker that holds the lock, before it works.

    Every kind of job may be run again from its start: what it had written was rolled back or is recognised.
    """
    given = {"most": MOST_ATTEMPTS, "died_zh": DIED_ZH, "died_en": DIED_EN}
    connection.execute(sa.text(SEE_QUEUE))
    cancelled = connection.execute(sa.text(
        "UPDATE ops.procrastinate_jobs SET status = 'aborted', abort_requested = false "
        "WHERE status = 'doing' AND abort_requested"
    )).rowcount
    failed = connection.execute(sa.text(
        "UPDATE ops.procrastinate_jobs SET status = 'failed', attempts = attempts + 1 "
        "WHERE status = 'doing' AND attempts + 1 >= :most"
    ), given).rowcount
    connection.execute(sa.text(
        "UPDATE ops.job_notes AS notes SET finished_at = now(), "
        "error_zh = CASE WHEN jobs.status = 'failed' THEN :died_zh END, "
        "error_en = CASE WHEN jobs.status = 'failed' THEN :died_en END "
        "FROM ops.procrastinate_jobs AS jobs "
        "WHERE jobs.id = notes.job_id AND jobs.status IN ('failed', 'aborted') AND notes.finished_at IS NULL"
    ), given)
    resumed = connection.execute(sa.text(
        "UPDATE ops.procrastinate_jobs SET status = 'todo', attempts = attempts + 1, worker_id = NULL WHERE status = 'doing'"
    )).rowcount
    return {"resumed": resumed, "cancelled": cancelled, "failed": failed}


def forget_old(connection: sa.Connection) -> int:
    """Delete jobs that ended long ago; what they did stays in the ledgers of loads and editions."""
    connection.execute(sa.text(SEE_QUEUE))
    return connection.execute(sa.text(
        "DELETE FROM ops.procrastinate_jobs AS jobs USING ops.job_notes AS notes "
        "WHERE notes.job_id = jobs.id AND notes.finished_at < now() - make_interval(days => :days)"
    ), {"days": KEPT_DAYS}).rowcount


class JobWatch:
    """Progress of one running job: its steps go to `ops.job_notes`, and a wish to cancel comes back from there."""

    def __init__(self, engine: sa.Engine, job_id: int) -> None:
        self._engine, self._job_id = engine, job_id
        self._lock = threading.Lock()
        self._noted_at, self._noted = 0.0, ""

    def __call__(self, step: Step) -> None:
        """Note a step.

        Raises
        ------
        CancelledError
            Somebody has taken the job back.
        """
        with self._lock:
            now = time.monotonic()
            if step.zh == self._noted and now - self._noted_at < BETWEEN_NOTES_S:
                return
            self._noted_at, self._noted = now, step.zh
            with self._engine.begin() as connection:
                is_cancelled = connection.execute(
                    sa.text(
                        "UPDATE ops.job_notes AS notes SET step_zh = :zh, step_en = :en, n_done = :done, n_total = :total "
                        "FROM ops.procrastinate_jobs AS jobs WHERE notes.job_id = :id AND jobs.id = :id "
                        "RETURNING jobs.abort_requested"
                    ),
                    {"id": self._job_id, "zh": step.zh, "en": step.en, "done": step.n_done, "total": step.n_total},
                ).scalar_one()
        if is_cancelled:
            raise CancelledError(f"job {self._job_id} was cancelled")

    def begin(self) -> None:
        """Note that the job runs now; of an attempt before nothing is left."""
        self._note(started_at=NOW, finished_at=None, result=None, error_zh=None, error_en=None)

    def end(self, result: Mapping[str, Any]) -> None:
        """Note the result of a job that did what it should."""
        plain = json.loads(json.dumps(dict(result), ensure_ascii=False, default=str))
        self._note(finished_at=NOW, result=plain)

    def fail(self, zh: str, en: str) -> None:
        """Note why a job did not do what it should, and what helps."""
        self._note(finished_at=NOW, error_zh=zh, error_en=en)

    def cancelled(self) -> None:
        """Note that a job was taken back."""
        self._note(finished_at=NOW)

    def _note(self, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.update(NOTES).where(NOTES.c.job_id == self._job_id).values(values))
