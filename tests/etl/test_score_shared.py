"""`score --workers 2` as a command: the very tables and rasters of the edition that one process scored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from etl.area import declared_area
from etl.commands import editions
from etl.edition import raster_table
from etl.sql import statement
from etl.workers import shared
from layers.catalog import load_catalog
from layers.store import Place, edition_schema
from layers.tables import edition_table


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


def test_score_command_with_two_workers_gives_the_edition_scored_alone(
    atlas_database: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`score --full --workers 2` of the register that edition 2 was scored from, in this process alone."""
    asked: list[tuple[int, str]] = []
    others: set[int] = set()
    n_parts: list[int] = []

    @contextmanager
    def watched(workers: int = 1, scheduler: str = "") -> Iterator[Any]:
        asked.append((workers, scheduler))
        with shared(workers, scheduler) as share:
            assert share is not None
            others.update(share(process_id, list(range(8))))

            def counting(function: Any, items: Any, *common: Any) -> Any:
                n_parts.append(len(items))
                return share(function, items, *common)

            yield counting

    monkeypatch.setattr(editions, "shared", watched)
    place = Place(home, lambda: atlas_database)
    done = CliRunner().invoke(editions.score_command, ["--full", "--workers", "2", "--json"], obj=place, catch_exceptions=False)
    assert done.exit_code == 0 and asked == [(2, "")]
    assert len(others) >= 1 and os.getpid() not in others and sum(n_parts) > 2
    found = differences_of_editions(place.engine, 2, 3)
    place.engine.dispose()
    assert len(found) > 10 and {name: n for name, n in found.items() if n} == {}
