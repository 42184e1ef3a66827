"""The server's SQL, one statement a file; identifiers are quoted by the driver, values are bound."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

QUERIES_DIR = Path(__file__).parent


@cache
def text(name: str) -> str:
    """The statement in ``<name>.sql``, ``{placeholders}`` of identifiers and ``%(parameters)s`` as written."""
    return (QUERIES_DIR / f"{name}.sql").read_text(encoding="utf-8")


class Values:
    """Values of a statement that is put together from parts: each is bound under a name of its own."""

    def __init__(self) -> None:
        self.bound: dict[str, Any] = {}

    def bind(self, value: Any) -> sql.Composable:
        """What stands for a value in the statement."""
        name = f"value_{len(self.bound)}"
        self.bound[name] = value
        return sql.Placeholder(name)


def run(
    connection: sa.Connection,
    name: str,
    parameters: Mapping[str, Any] | None = None,
    **identifiers: sql.Composable,
) -> sa.CursorResult[Any]:
    """Run a statement.

    Parameters
    ----------
    name : str
        File of the statement, without ``.sql``.
    parameters : mapping
        Values, bound by the driver.
    **identifiers : Composable
        What stands for the statement's ``{placeholders}``: names from the catalog, never from a request.
    """
    words = _with_identifiers(connection, name, identifiers) if identifiers else _plain_words(name)
    return connection.exec_driver_sql(words, dict(parameters or {}))


@cache
def _plain_words(name: str) -> str:
    """A statement without placeholders of identifiers, as the driver takes it."""
    return sql.SQL(text(name)).format().as_string(None)


def _with_identifiers(connection: sa.Connection, name: str, identifiers: Mapping[str, sql.Composable]) -> str:
    statement = sql.SQL(text(name)).format(**identifiers)
    return statement.as_string(connection.connection.dbapi_connection)  # type: ignore[arg-type]
