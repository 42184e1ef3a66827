"""Connections for requests: pools, a limit of time for every statement, and nothing written by accident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from layers.store import engine_from_url


class Database:
    """A pool of connections that may write and one that cannot; nothing is connected until a request asks."""

    def __init__(self, url: str, *, pool_size: int, statement_timeout_s: int) -> None:
        self.engine = engine_from_url(url, pool_size=pool_size, statement_timeout_s=statement_timeout_s)
        self._reader = engine_from_url(url, pool_size=pool_size, statement_timeout_s=statement_timeout_s, is_reader=True)
        sa.event.listen(self.engine, "engine_disposed", lambda _engine: self._reader.dispose())

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection on which nothing can be written."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def keeping(self) -> Iterator[sa.Connection]:
        """A connection on which each statement is committed by itself: no round trips to begin and to end."""
        with self.engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection whose changes are committed at the end, or not at all."""
        with self.engine.begin() as connection:
            yield connection
