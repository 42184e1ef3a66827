"""Jobs of the worker, asked for and watched through the database: the server knows their names and nothing else of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app import queries
from app.errors import ConflictError, MissingError
from app.texts import Text
from app.uploads import plain

ONE_AT_A_TIME = {"check": "register", "load": "register", "rollback": "register", "score": "edition", "publish": "edition"}
"""Kinds of jobs that wait for each other."""
UNFINISHED = ("waiting", "running", "cancelling")
WORKER_LOCK = 7_218_004
"""The advisory lock that a worker holds as long as it lives."""
MOST_JOBS = 200


def start_job(
    connection: sa.Connection, kind: str, arguments: Mapping[str, Any], *, upload_id: str | None = None, requested_by: str = ""
) -> dict[str, Any]:
    """Ask for a job; one of the same kind and arguments that has not ended is given instead of a second one."""
    for row in queries.run(connection, "jobs", {"upload": upload_id, "most": MOST_JOBS}).mappings():
        if row["kind"] == kind and row["state"] in UNFINISHED and row["args"] == dict(arguments):
            return plain(row)
    job_id = queries.run(connection, "start_job", {
        "kind": kind, "arguments": json.dumps(dict(arguments), ensure_ascii=False), "upload": upload_id,
        "one_at_a_time": ONE_AT_A_TIME.get(kind), "requested_by": requested_by,
    }).scalar_one()  # fmt: skip
    return job(connection, job_id)


def job(connection: sa.Connection, job_id: int) -> dict[str, Any]:
    """One job; raises `MissingError`."""
    row = queries.run(connection, "job", {"job_id": job_id}).mappings().one_or_none()
    if row is None:
        raise MissingError(Text("没有任务 {job_id}", job_id=job_id))
    return plain(row)


def job_list(connection: sa.Connection, *, upload_id: str | None, most: int, results_of: str = "") -> list[dict[str, Any]]:
    """Jobs, newest first, without their results, which may be long, but for one kind."""
    rows = queries.run(connection, "jobs", {"upload": upload_id, "most": most}).mappings()
    return [{name: value for name, value in plain(row).items() if name != "result" or row["kind"] == results_of} for row in rows]


def cancel_job(connection: sa.Connection, job_id: int) -> dict[str, Any]:
    """Take a job back: a waiting one at once, a running one at its next step; raises `ConflictError` for ended ones."""
    job(connection, job_id)
    if not queries.run(connection, "cancel_job", {"job_id": job_id}).scalar_one():
        raise ConflictError(Text("任务已经结束,不能取消"))
    return job(connection, job_id)


def is_worker_alive(connection: sa.Connection) -> bool:
    """Whether a worker is there to run jobs."""
    return bool(queries.run(connection, "worker_is_alive", {"key": WORKER_LOCK}).scalar_one())


def returned_workbook(home: Path, folder: str, name: str) -> Path:
    """A workbook that a job wrote for download; raises `MissingError`."""
    root = (home / "returned").absolute()
    path = root / folder / name
    is_inside = "/" not in folder + name and folder not in ("", ".", "..") and name.endswith(".xlsx")
    if not is_inside or path.is_symlink() or not path.is_file():
        raise MissingError(Text("退回表不存在,请重新生成"))
    return path
