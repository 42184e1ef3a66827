"""Kill -9 at random moments of load, score and publish: the old edition is served throughout, and the next run ends it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from layers.store import edition_schema, engine_from_url
from tests.conftest import PROJECT

STEPS = ("load", "score", "publish")
ROUNDS = ((0.3, 0.5), (0.5, 0.9))
"""Kills of each step: between which shares of its time. The first comes early, lest a machine that has become idle ends
the step before it is killed."""


def command(step: str, delivery: Path, *more: str) -> list[str]:
    arguments = [str(PROJECT / "data" / "sources" / "sample"), "--data", str(delivery)] if step == "load" else []
    return [sys.executable, str(PROJECT / "riskatlas.py"), step, *arguments, *more]


def run(step: str, delivery: Path, environment: dict[str, str], *, kill_after_s: float | None = None) -> bool:
    """Run a command to its end, or kill it without warning after some time; whether it was killed."""
    process = subprocess.Popen(
        command(step, delivery), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        _, said = process.communicate(timeout=kill_after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return True
    assert process.returncode == 0 or "no draft edition" in said, said
    return False


def seconds(step: str, delivery: Path, environment: dict[str, str]) -> float:
    """How long a command takes here when nobody interrupts it."""
    started = time.perf_counter()
    run(step, delivery, environment)
    return time.perf_counter() - started


def seconds_of_dry_run(delivery: Path, environment: dict[str, str]) -> float:
    """How long loading takes when only the differences to what is there are to be found; it writes nothing."""
    started = time.perf_counter()
    subprocess.run(command("load", delivery, "--dry-run"), env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def served(engine: sa.Engine) -> tuple[int, int] | None:
    """The served edition and its number of risk points: what a reader sees."""
    with engine.connect() as connection:
        edition = connection.execute(
            sa.text("SELECT max(edition) FROM ops.editions WHERE status = 'published'")
        ).scalar_one()
        if edition is None:
            return None
        count = connection.execute(sa.select(sa.func.count()).select_from(sa.table("risk_points", schema=edition_schema(edition)))).scalar_one()
        return edition, count


def contents(engine: sa.Engine, schema: str) -> dict[str, str]:
    """A hash of every table of a schema, row for row, but for numbers and times of loads and the hash of the run."""
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names(schema=schema)
        return {name: _content(connection, schema, name) for name in sorted(tables) if name not in ("meta", "boundary", "loads")}


def _content(connection: sa.Connection, schema: str, name: str) -> str:
    inspected = sa.inspect(connection).get_columns(name, schema=schema)
    columns = [column["name"] for column in inspected if column["name"] not in ("load_id", "from_load", "to_load", "row_id")]
    listed = ", ".join(f'"{column}"' for column in columns)
    current = " WHERE to_load IS NULL" if schema == "register" else ""
    query = f"SELECT md5(coalesce(string_agg(r::text, '' ORDER BY r::text), '')) FROM (SELECT {listed} FROM {schema}.{name}{current}) AS r"
    return str(connection.execute(sa.text(query)).scalar_one())


@pytest.fixture(scope="module")
def environment(database_url: str, home: Path) -> dict[str, str]:
    return {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(home / "interrupted")}


def test_kill_at_random_moments_never_shows_half_and_the_next_run_completes(
    engine: sa.Engine, environment: dict[str, str], tiny_sample: Path, atlas_database: str
) -> None:
    dice = random.Random(20261121)
    first, second = tiny_sample / "2026Q1", tiny_sample / "2026Q2"
    taken_s = {step: seconds(step, first, environment) for step in STEPS}
    taken_s["load"] = seconds_of_dry_run(second, environment)
    before = served(engine)
    assert before is not None
    kills = dict.fromkeys(STEPS, 0)
    for step in STEPS:
        for shares in ROUNDS:
            kills[step] += run(step, second, environment, kill_after_s=taken_s[step] * dice.uniform(*shares))
            assert served(engine) == before or (step == "publish" and served(engine) is not None)
        run(step, second, environment)
    assert kills["load"] and kills["score"], kills
    undisturbed = engine_from_url(atlas_database)
    for schema in ("register", "edition_1", "edition_2"):
        assert contents(engine, schema) == contents(undisturbed, schema), schema
    undisturbed.dispose()
