"""Kill -9 at random moments of load, score and publish: the old edition is served throughout, and the next run ends it."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.conftest import PROJECT

STEPS = ("load", "score", "publish")
ROUNDS = 3
"""Kills of each step; every one at another random moment of it."""


def command(step: str, delivery: Path) -> list[str]:
    arguments = [str(PROJECT / "data" / "sources" / "sample"), "--data", str(delivery)] if step == "load" else []
    return [sys.executable, str(PROJECT / "riskatlas.py"), step, *arguments]


def run(step: str, delivery: Path, environment: dict[str, str], *, kill_after_s: float | None = None) -> None:
    """Run a command to its end, or kill it without warning after some time."""
    process = subprocess.Popen(
        command(step, delivery), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _, said = process.communicate(timeout=kill_after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return
    assert process.returncode == 0 or "no draft edition" in said, said


def served(engine: sa.Engine) -> tuple[int, int] | None:
    """The served edition and its number of risk points: what a reader sees."""
    with engine.connect() as connection:
        edition = connection.execute(
            sa.text("SELECT max(edition) FROM ops.editions WHERE status = 'published'")
        ).scalar_one()
        if edition is None:
            return None
        count = connection.execute(sa.text(f"SELECT count(*) FROM edition_{edition}.risk_points")).scalar_one()
        return edition, count


def counts(environment: dict[str, str]) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "riskatlas.py"), "status", "--json"], env=environment, capture_output=True, check=True
    )
    status = json.loads(done.stdout)
    return {name: status[name] for name in ("edition", "layers", "levels", "rules")}


@pytest.fixture(scope="module")
def environment(database_url: str, home: Path) -> dict[str, str]:
    return {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(home / "interrupted")}


def test_kill_at_random_moments_never_shows_half_and_the_next_run_completes(
    engine: sa.Engine, environment: dict[str, str], tiny_sample: Path
) -> None:
    dice = random.Random(20261121)
    first, second = tiny_sample / "2026Q1", tiny_sample / "2026Q2"
    for step in STEPS:
        run(step, first, environment)
    before = served(engine)
    assert before is not None
    for step in STEPS:
        for _ in range(ROUNDS):
            run(step, second, environment, kill_after_s=dice.uniform(1.0, 5.0))
            if step != "publish":
                assert served(engine) == before
            else:
                assert served(engine) is not None
        run(step, second, environment)
    interrupted = counts(environment)
    assert interrupted["edition"] == 2
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM ops.editions WHERE edition = 2"))
    for step in STEPS:
        run(step, second, environment)
    assert counts(environment) == interrupted
