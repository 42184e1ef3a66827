"""Statements of the loading side, one file each; identifiers are quoted by the driver, values are bound."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import sqlalchemy as sa

SQL_DIR = Path(__file__).parent


@lru_cache(maxsize=None)
def _text(name: str) -> str:
    return (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")


def statement(connection: sa.Connection, name: str, **identifiers: sa.Table | list[str]) -> sa.TextClause:
    """The statement `name`.sql with its ``{identifier}`` places filled by quoted table or column names.

    A list of names becomes a comma list; every name comes from the catalog, never from a request.
    """
    preparer = connection.dialect.identifier_preparer
    quoted = {
        key: ", ".join(preparer.quote(column) for column in value)
        if isinstance(value, list)
        else preparer.format_table(value)
        for key, value in identifiers.items()
    }
    return sa.text(_text(name).format(**quoted))
