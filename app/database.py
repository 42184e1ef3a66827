"""Connections for requests: pools, a limit of time for every statement, and nothing written by accident."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from layers.store import engine_from_url


def pool_sizes(pool_size: int) -> dict[str, dict[str, int]]:
    """Connections that the pools of a process keep, and open for a while beyond those.

    Reading is what requests do; a case is kept in a moment, and who keeps one waits rather than opens another connection.

    >>> sum(pool["pool_size"] + pool["max_overflow"] for pool in pool_sizes(8).values())
    24
    """
    half = max(1, pool_size // 2)
    return {
        "reading": {"pool_size": pool_size, "max_overflow": half},
        "writing": {"pool_size": half, "max_overflow": pool_size - half},
        "keeping": {"pool_size": half, "max_overflow": 0},
    }


class Database:
    """Pools of connections that may write, that cannot, and that commit each statement; nothing is connected until a request asks."""

    def __init__(self, url: str, *, pool_size: int, statement_timeout_s: int) -> None:
        sizes = pool_sizes(pool_size)
        self.engine = engine_from_url(url, statement_timeout_s=statement_timeout_s, **sizes["writing"])
        self._reader = engine_from_url(url, statement_timeout_s=statement_timeout_s, is_reader=True, **sizes["reading"])
        self._keeper = engine_from_url(url, statement_timeout_s=statement_timeout_s, commits_each=True, **sizes["keeping"])
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
