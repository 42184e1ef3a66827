"""Connections for requests: pools, a limit of time for every statement, and nothing written by accident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from layers.store import engine_from_url


class Database:
    """Pools of connections that may write, that cannot, and that commit each statement; nothing is connected until a request asks."""

    def __init__(self, url: str, *, pool_size: int, statement_timeout_s: int) -> None:
        given = {"statement_timeout_s": statement_timeout_s}
        self.engine = engine_from_url(url, pool_size=pool_size, **given)
        self._reader = engine_from_url(url, pool_size=pool_size, is_reader=True, **given)
        self._keeper = engine_from_url(url, pool_size=max(1, pool_size // 2), commits_each=True, **given)
        sa.event.listen(self.engine, "engine_disposed", self._dispose_others)

    def _dispose_others(self, _engine: sa.Engine) -> None:
        self._reader.dispose()
        self._keeper.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection on which nothing can be written."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def keeping(self) -> Iterator[sa.Connection]:
        """A connection on which each statement is committed by itself: no round trips to begin and to end."""
        with self._keeper.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection whose changes are committed at the end, or not at all."""
        with self.engine.begin() as connection:
            yield connection
