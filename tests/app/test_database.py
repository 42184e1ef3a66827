"""Connections of requests: reading ones write nothing, and one that the database ended is replaced unseen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from app.database import Database
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
