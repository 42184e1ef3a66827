"""Locks of whole steps: two commands of one kind wait for each other, and a killed one holds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

LOAD_LOCK = 7_218_002
EDITION_LOCK = 7_218_003
"""Held by scoring and publication alike: no draft changes while it is being published."""


@contextmanager
def held(engine: sa.Engine, key: int) -> Iterator[None]:
    """Hold a lock for a block, taken before any transaction of the block reads its first row."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": key})
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": key})
