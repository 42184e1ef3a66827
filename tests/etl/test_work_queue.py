"""Jobs: kept in the database, told step by step, cancelled, and found again after the worker was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from procrastinate.exceptions import JobAborted

from etl.commands.work import jobs_group
from etl.progress import Progress, Step, silent
from etl.work import worker
from etl.work.failures import explained
from etl.work.queue import (
    MOST_ATTEMPTS,
    JobWatch,
    cancel_job,
    jobs,
    resume_interrupted,
    start_job,
    worker_lock,
)
from etl.work.tasks import TASKS, Workplace
from layers.catalog import load_catalog
from layers.errors import (
    EditionError,
    NotFoundError,
    SourceFileError,
    TooManyRefusedError,
)
from layers.store import Place, engine_from_url
from tests.conftest import PROJECT

PATIENCE_S = 240


def started(engine: sa.Engine, kind: str = "nothing", **arguments: Any) -> int:
    with engine.begin() as connection:
        return start_job(connection, kind, arguments, one_at_a_time="edition" if kind == "score" else None)


def job(engine: sa.Engine, job_id: int) -> dict[str, Any]:
    with engine.connect() as connection:
        return next(entry for entry in jobs(connection, limit=1000) if entry["job_id"] == job_id)


def set_running(engine: sa.Engine, job_id: int) -> None:
    """What the queue does when a worker takes a job."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL search_path TO ops, public"))
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job_id})


@pytest.fixture
def workplace(engine: sa.Engine, tmp_path: Path) -> Workplace:
    return Workplace(engine, load_catalog(), tmp_path)


def test_waiting_job_is_cancelled_at_once(engine: sa.Engine) -> None:
    job_id = started(engine)
    assert job(engine, job_id)["state"] == "waiting"
    with engine.begin() as connection:
        cancel_job(connection, job_id)
    cancelled = job(engine, job_id)
    assert cancelled["state"] == "cancelled"
    assert cancelled["finished_at"] is not None


def test_worker_that_holds_other_rules_than_the_files_does_not_score(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.work.tasks.code_hash_held", lambda: "of the tables read at its start")
    with pytest.raises(EditionError, match="restart"):
        TASKS["score"](Workplace(sa.create_engine("postgresql://"), load_catalog(), Path()), silent)


def test_ended_job_cannot_be_cancelled(engine: sa.Engine) -> None:
    job_id = started(engine)
    with engine.begin() as connection:
        cancel_job(connection, job_id)
    with pytest.raises(NotFoundError), engine.begin() as connection:
        cancel_job(connection, job_id)


def test_job_that_was_not_committed_does_not_exist(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        job_id = start_job(connection, "nothing", {})
        connection.rollback()
        assert all(entry["job_id"] != job_id for entry in jobs(connection))


def test_steps_and_result_of_a_job_can_be_read(engine: sa.Engine, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = started(engine)

    def task(place: Workplace, progress: Progress) -> dict[str, Any]:
        progress(Step("第一步", "first", 1, 2))
        assert (job(engine, job_id)["step_zh"], job(engine, job_id)["n_total"]) == ("第一步", 2)
        return {"读取": 7}

    monkeypatch.setitem(worker.TASKS, "nothing", task)
    worker.run_job("nothing", job_id, {}, workplace)
    ended = job(engine, job_id)
    assert ended["result"] == {"读取": 7}
    assert ended["started_at"] <= ended["finished_at"]


def test_running_job_is_cancelled_at_its_next_step(engine: sa.Engine, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = started(engine)
    set_running(engine, job_id)

    def task(place: Workplace, progress: Progress) -> dict[str, Any]:
        progress(Step("一", "one"))
        with engine.begin() as connection:
            cancel_job(connection, job_id)
        assert job(engine, job_id)["state"] == "cancelling"
        progress(Step("二", "two"))
        raise AssertionError("the step after the cancellation went on")

    monkeypatch.setitem(worker.TASKS, "nothing", task)
    with pytest.raises(JobAborted):
        worker.run_job("nothing", job_id, {}, workplace)
    assert job(engine, job_id)["error_zh"] is None


def test_failed_job_says_what_to_do(engine: sa.Engine, workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = started(engine)

    def task(place: Workplace, progress: Progress) -> dict[str, Any]:
        raise SourceFileError("企业.csv", "nothing", "rows")

    monkeypatch.setitem(worker.TASKS, "nothing", task)
    with pytest.raises(SourceFileError):
        worker.run_job("nothing", job_id, {}, workplace)
    failed = job(engine, job_id)
    assert "请用原软件重新导出" in failed["error_zh"]
    assert "企业.csv" in failed["error_en"]


@pytest.mark.parametrize(
    ("error", "says"),
    [(TooManyRefusedError("x"), "退回表"), (OSError(28, "No space left on device"), "磁盘"), (PermissionError(13, "no"), "权限"),
     (ZeroDivisionError("secret"), "程序出错"), (MemoryError(), "内存")],
)  # fmt: skip
def test_every_failure_has_words_in_both_languages(error: Exception, says: str) -> None:
    zh, en = explained(error)
    assert says in zh
    assert en and "secret" not in zh + en


def test_interrupted_job_waits_again_until_it_killed_its_worker_too_often(engine: sa.Engine) -> None:
    job_id = started(engine)
    for attempt in range(1, MOST_ATTEMPTS):
        set_running(engine, job_id)
        with engine.begin() as connection:
            resume_interrupted(connection)
        assert (job(engine, job_id)["state"], job(engine, job_id)["attempts"]) == ("waiting", attempt)
    set_running(engine, job_id)
    with engine.begin() as connection:
        assert resume_interrupted(connection)["failed"] == 1
    assert "不再重试" in job(engine, job_id)["error_zh"]


def test_interrupted_job_that_was_cancelled_is_not_resumed(engine: sa.Engine) -> None:
    job_id = started(engine)
    set_running(engine, job_id)
    with engine.begin() as connection:
        cancel_job(connection, job_id)
        resume_interrupted(connection)
    assert job(engine, job_id)["state"] == "cancelled"


def test_one_worker_at_a_time_holds_the_lock(engine: sa.Engine) -> None:
    with worker_lock(engine) as first, worker_lock(engine) as second:
        assert first is not None
        assert second is None
    with worker_lock(engine) as third:
        assert third is not None


def test_command_lists_jobs_and_cancels_one(engine: sa.Engine, database_url: str, tmp_path: Path) -> None:
    job_id = started(engine)
    place = Place(tmp_path, lambda: database_url)
    listed = CliRunner().invoke(jobs_group, ["--json"], obj=place, catch_exceptions=False)
    assert f'"job_id": {job_id}' in listed.output
    CliRunner().invoke(jobs_group, ["cancel", str(job_id)], obj=place, catch_exceptions=False)
    assert job(engine, job_id)["state"] == "cancelled"
    place.engine.dispose()


def test_steps_in_quick_succession_are_not_all_written(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.work.queue.BETWEEN_NOTES_S", 3600.0)
    job_id = started(engine)
    watch = JobWatch(engine, job_id)
    for number in range(100):
        watch(Step("行", "rows", number, 100))
    assert job(engine, job_id)["n_done"] == 0


@contextmanager
def running_worker(database_url: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(home)}
    process = subprocess.Popen([sys.executable, str(PROJECT / "riskatlas.py"), "worker"], env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=120)


def wait_for(engine: sa.Engine, job_id: int, *states: str) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = job(engine, job_id)
        if found["state"] in states and (found["state"] != "running" or found["step_zh"]):
            return found
        time.sleep(0.05)
    raise AssertionError(f"job {job_id} is {job(engine, job_id)}, not {states}, after {PATIENCE_S} s")


@pytest.fixture
def atlas(atlas_database: str) -> Iterator[sa.Engine]:
    made = engine_from_url(atlas_database)
    yield made
    made.dispose()


def drafts(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT label FROM ops.editions WHERE status = 'draft'")).scalars())


def test_job_of_a_killed_worker_is_found_again_and_done_once(atlas: sa.Engine, atlas_database: str, home: Path) -> None:
    job_id = started(atlas, "score", label="重启")
    with running_worker(atlas_database, home) as first:
        wait_for(atlas, job_id, "running")
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert job(atlas, job_id)["state"] == "running"
    with running_worker(atlas_database, home):
        done = wait_for(atlas, job_id, "done", "failed")
    assert (done["state"], done["attempts"]) == ("done", 2), done["error_en"]
    assert drafts(atlas).count("重启") == 1


def test_running_score_is_cancelled_and_leaves_no_draft(atlas: sa.Engine, atlas_database: str, home: Path) -> None:
    job_id = started(atlas, "score", label="取消")
    with running_worker(atlas_database, home):
        wait_for(atlas, job_id, "running")
        with atlas.begin() as connection:
            cancel_job(connection, job_id)
        assert wait_for(atlas, job_id, "cancelled", "done", "failed")["state"] == "cancelled"
    assert "取消" not in drafts(atlas)
