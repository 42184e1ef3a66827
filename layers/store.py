"""Names of the schemas and the way to a database: what the loading side and the server must agree on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Callable

import psycopg2
import sqlalchemy as sa

from layers.errors import EditionError

STAGING, REGISTER, OPS = "staging", "register", "ops"
POSITIONED = ("delivered", "gazetteer", "unplaced")
"""How a feature came by its position: as delivered; found by its address and confirmed; not at all (counted apart)."""


def edition_schema(edition: int) -> str:
    """Schema of an edition; the number comes from the catalogue of editions, never from a request as text."""
    return f"edition_{int(edition)}"


TILE_COVER = "tile_cover"
"""Table of an edition: for each drawn layer the tiles that hold anything, as `layers.tile_cover` packs them."""


def seen_schema(edition: int, view: str) -> str:
    """Schema of a view of an edition: what some roles may see of it; the view is a hash, never text of a request."""
    return f"seen_{int(edition)}_{view}"


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


IDLE_S = 1.0
"""A connection that was used less than so long ago is taken as it is; one that rested longer is first asked whether it lives."""


def engine_from_url(
    url: str, *, pool_size: int = 5, max_overflow: int = 10, statement_timeout_s: int = 0, is_reader: bool = False,
    commits_each: bool = False,
) -> sa.Engine:
    """An engine on any PostGIS >= 3.3; times are UTC, JSON keeps its characters.

    Parameters
    ----------
    url : SQLAlchemy URL; ``postgresql://`` is read as psycopg2.
    pool_size, max_overflow : connections that are kept, and that are opened for a while beyond those.
    statement_timeout_s : seconds after which a statement is given up; 0 means never.
    is_reader : nothing can be written, and each statement stands for itself: no round trips to begin and end a transaction.
    commits_each : each statement is committed by itself.
    """
    options = f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)} -c client_min_messages=warning"
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        max_overflow=max_overflow,
        json_serializer=_to_json,
        connect_args={"options": options + (" -c default_transaction_read_only=on" if is_reader else "")},
        **({"isolation_level": "AUTOCOMMIT"} if is_reader or commits_each else {}),
    )
    sa.event.listen(engine, "checkin", _note_use)
    sa.event.listen(engine, "checkout", _require_alive)
    return engine


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at_s"] = time.monotonic()


def _require_alive(connection: Any, record: Any, _proxy: Any) -> None:
    """Ask a connection that rested whether it lives; one that does not is replaced, and all that are older with it."""
    used_at_s = record.info.get("used_at_s")
    if used_at_s is None or time.monotonic() - used_at_s < IDLE_S:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not connection.autocommit:
            connection.rollback()
    except psycopg2.Error as error:
        raise sa.exc.InvalidatePoolError from error


def served_edition(connection: sa.Connection) -> int | None:
    """The newest published edition, or None while nothing has been published."""
    return connection.execute(
        sa.text("SELECT max(edition) FROM ops.editions WHERE status = 'published'")
    ).scalar_one_or_none()


def require_edition(connection: sa.Connection, edition: int, *, status: str) -> None:
    """Raise `EditionError` unless the edition exists with this status (``draft`` or ``published``)."""
    found = connection.execute(
        sa.text("SELECT status FROM ops.editions WHERE edition = :edition"), {"edition": edition}
    ).scalar_one_or_none()
    if found != status:
        raise EditionError(f"edition {edition} is {found or 'missing'}; expected {status}")


@dataclass(frozen=True)
class Place:
    """Where an installation lives: its home folder and the way to its database, opened only when asked for.

    `open_url` starts the private PostGIS when it is down and returns a SQLAlchemy URL.
    """

    home: Path
    open_url: Callable[[], str]

    @cached_property
    def engine(self) -> sa.Engine:
        return engine_from_url(self.open_url())
