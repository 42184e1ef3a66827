"""`score --workers 2` and `score --scheduler ADDRESS` as commands: the very tables and rasters of the edition that one process scored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from etl.area import declared_area
from etl.commands import editions
from etl.edition import raster_table
from etl.postgis.cluster import Cluster
from etl.sql import statement
from etl.workers import shared
from layers.catalog import load_catalog
from layers.store import Place, edition_schema
from layers.tables import edition_table
from tests.conftest import NUMBERS
from tests.etl.dask_cluster import CONNECT_S, patient_connections, running_cluster, wait_for_workers


@dataclass
class Parts:
    """How processes were asked for (workers, scheduler), their ids, and how many parts they were given each time."""

    asked: list[tuple[int, str]]
    others: set[int]
    n_parts: list[int]


def process_id(_: int) -> int:
    return os.getpid()


def differences_of_editions(engine: sa.Engine, one: int, two: int) -> dict[str, int]:
    """What `verify` compares: rows that only one edition has by derived layer, and rasters of other bytes by policy."""
    catalog = load_catalog()
    found: dict[str, int] = {}
    with engine.connect() as connection:
        srid = declared_area(connection)[0].srid
        for layer in (layer for layer in catalog.derived if layer.has_table):
            tables = {name: edition_table(layer, srid, schema=edition_schema(number)) for name, number in (("one", one), ("two", two))}
            found[layer.id] = int(connection.execute(statement(connection, "count_differences", **tables)).scalar_one())
        hashes = [{row.policy: row.sha256 for row in connection.execute(sa.select(raster_table(number))) if row.layer == "risk_index"}
                  for number in (one, two)]  # fmt: skip
    assert hashes[0]
    return found | {f"raster {policy}": int(hashes[1].get(policy) != sha256) for policy, sha256 in hashes[0].items()}


@pytest.fixture
def own_atlas(cluster: Cluster, tiny_database: str) -> Iterator[str]:
    """URL of a test's own copy of the reduced sample: every test here scores an edition 3 of it."""
    name = f"shared_{next(NUMBERS)}"
    yield cluster.create_database(name, tiny_database)
    cluster.drop_database(name)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parts]:
    """What the command asks of its processes: watched where it calls for them."""
    found = Parts([], set(), [])

    @contextmanager
    def watched(workers: int = 1, scheduler: str = "") -> Iterator[Any]:
        found.asked.append((workers, scheduler))
        with shared(workers, scheduler) as share:
            assert share is not None
            found.others.update(share(process_id, list(range(8))))

            def counting(function: Any, items: Any, *common: Any) -> Any:
                found.n_parts.append(len(items))
                return share(function, items, *common)

            yield counting

    monkeypatch.setattr(editions, "shared", watched)
    monkeypatch.setattr("etl.workers.CONNECT_S", CONNECT_S)
    with patient_connections():
        yield found


def scored_as_alone(database_url: str, home: Path, *options: str) -> None:
    """`score --full` with some options gives the tables and rasters of edition 2, scored from the same register by one process."""
    place = Place(home, lambda: database_url)
    done = CliRunner().invoke(editions.score_command, ["--full", *options, "--json"], obj=place, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = differences_of_editions(place.engine, 2, 3)
    place.engine.dispose()
    assert len(found) > 10 and {name: n for name, n in found.items() if n} == {}


def test_score_command_with_two_workers_gives_the_edition_scored_alone(own_atlas: str, home: Path, parts: Parts) -> None:
    scored_as_alone(own_atlas, home, "--workers", "2")
    assert parts.asked == [(2, "")]
    assert len(parts.others) >= 1 and os.getpid() not in parts.others and sum(parts.n_parts) > 2


def test_score_command_on_a_cluster_gives_the_edition_scored_alone(own_atlas: str, home: Path, parts: Parts) -> None:
    """`score --full --scheduler ADDRESS` on a scheduler and two workers of their own, started as one starts them by hand."""
    with running_cluster() as (address, workers):
        wait_for_workers(address, 2)
        scored_as_alone(own_atlas, home, "--scheduler", address)
        pids = {worker.pid for worker in workers}
    assert parts.asked == [(1, address)]
    assert parts.others and parts.others <= pids and sum(parts.n_parts) > 2
