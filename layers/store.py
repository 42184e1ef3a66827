"""Names of the schemas and the way to a database: what the loading side and the server must agree on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Callable

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


def engine_from_url(url: str, *, pool_size: int = 5, statement_timeout_s: int = 0) -> sa.Engine:
    """An engine on any PostGIS >= 3.3; times are UTC, JSON keeps its characters.

    Parameters
    ----------
    url : SQLAlchemy URL; ``postgresql://`` is read as psycopg2.
    statement_timeout_s : seconds after which a statement is given up; 0 means never.
    """
    options = f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)} -c client_min_messages=warning"
    return sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg2"),
        pool_size=pool_size,
        pool_pre_ping=True,
        json_serializer=_to_json,
        connect_args={"options": options},
    )


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
