"""Connections of requests: reading ones write nothing, and one that the database ended is replaced unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.cli import serve_command
from app.config import SETTINGS
from app.database import Database, pool_sizes
from etl.postgis.settings import server_settings
from etl.work.queue import MOST_CONNECTIONS
from layers import store


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, pool_size=2, statement_timeout_s=60)
    yield made
    made.engine.dispose()


def _pid(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one())


def test_nothing_is_written_while_reading_and_what_is_written_is_kept(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE ops.made_by_a_test (n integer)"))
        connection.execute(sa.text("INSERT INTO ops.made_by_a_test VALUES (1)"))
    with database.reading() as connection, pytest.raises(sa.exc.InternalError, match="read-only"):
        connection.execute(sa.text("INSERT INTO ops.made_by_a_test VALUES (2)"))
    with database.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.made_by_a_test")).scalar_one() == 1


def test_what_failed_while_writing_is_not_kept(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), database.writing() as connection:
        connection.execute(sa.text("CREATE TABLE ops.half_made (n integer)"))
        connection.execute(sa.text("SELECT 1 / 0"))
    with database.reading() as connection:
        assert connection.execute(sa.text("SELECT to_regclass('ops.half_made')")).scalar_one() is None


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_connection_that_was_ended_while_it_rested_is_replaced(database: Database, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "IDLE_S", 0.0)
    with getattr(database, kind)() as connection:
        ended = _pid(connection)
    other = store.engine_from_url(database.engine.url.render_as_string(hide_password=False))
    with other.begin() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid, 30000)"), {"pid": ended})
    other.dispose()
    with getattr(database, kind)() as connection:
        assert _pid(connection) != ended


def test_connection_is_used_again_and_both_pools_are_closed_with_the_engine(database: Database) -> None:
    pids = []
    for _ in range(2):
        with database.reading() as connection:
            pids.append(_pid(connection))
    assert pids[0] == pids[1]
    database.engine.dispose()
    with database.reading() as connection:
        assert _pid(connection) != pids[0]


COMMANDS_AT_ONCE = 3
RESERVED = 3
"""Connections that PostgreSQL keeps for its superusers."""


def _most(engine: sa.Engine) -> int:
    return int(engine.pool.size() + engine.pool._max_overflow)  # type: ignore[attr-defined]


def test_pools_are_as_large_as_is_said_and_who_keeps_a_case_opens_none_beyond(database_url: str) -> None:
    made = Database(database_url, pool_size=8, statement_timeout_s=60)
    pools = (made._reader, made.engine, made._keeper)
    assert [(pool.pool.size(), _most(pool)) for pool in pools] == [(8, 12), (4, 8), (4, 4)]  # type: ignore[attr-defined]
    small = pool_sizes(1)
    assert [small[name] for name in ("reading", "writing", "keeping")] == [
        {"pool_size": 1, "max_overflow": 1}, {"pool_size": 1, "max_overflow": 0}, {"pool_size": 1, "max_overflow": 0},
    ]  # fmt: skip


def test_all_processes_that_the_product_starts_have_room_in_its_database(database_url: str) -> None:
    pool_size = next(setting.default for setting in SETTINGS if setting.name == "POOL_SIZE")
    n_processes = next(option.type.max for option in serve_command.params if option.name == "workers")  # type: ignore[attr-defined]
    n_served = sum(pool["pool_size"] + pool["max_overflow"] for pool in pool_sizes(pool_size).values())
    command = store.engine_from_url(database_url)
    n_others = MOST_CONNECTIONS + (1 + COMMANDS_AT_ONCE) * _most(command)
    stated = re.search(r"^max_connections = (\d+)$", server_settings(Path("/run"), durable=True), re.MULTILINE)
    assert stated is not None
    assert n_processes * n_served + n_others + RESERVED <= int(stated[1])
