"""Frames into tables by binary COPY: the one way rows enter the database in bulk."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import psycopg2
import sqlalchemy as sa

from etl.packing import Bytes, Packed, binary_rows, pack_frame

COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT binary)"
PIECE_BYTES = 2**20


class _Stream:
    """Bytes as the driver reads a file: in pieces, copied once."""

    def __init__(self, content: Bytes) -> None:
        self._content = memoryview(content)
        self._at = 0

    def read(self, size: int) -> bytes:
        piece = bytes(self._content[self._at : self._at + size])
        self._at += len(piece)
        return piece


def copy_frame(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame, *, srid: int) -> int:
    """Append a frame to a table; columns missing in the frame stay NULL or take their default.

    Parameters
    ----------
    frame : columns named like the table's; ``geometry`` (any planar geometry, in the CRS of `srid`) goes to ``geom``.
    """
    return copy_packed(connection, table, pack_frame(frame, table.columns, srid=srid))


def copy_packed(connection: sa.Connection, table: sa.Table, packed: Mapping[str, Packed]) -> int:
    """Append rows that are packed already, by column name; returns their number.

    What the driver raises comes as SQLAlchemy's errors, as for any other statement.
    """
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.quote(name) for name in packed)
    statement = COPY.format(table=preparer.format_table(table), columns=columns)
    rows = list(packed.values())
    try:
        with connection.connection.cursor() as cursor:
            cursor.copy_expert(statement, _Stream(binary_rows(rows)), PIECE_BYTES)
    except psycopg2.Error as error:
        raise sa.exc.DBAPIError.instance(statement, None, error, psycopg2.Error) from error
    return len(rows[0].is_null)


def cancel_statement(connection: sa.Connection) -> None:
    """Ask the server to give up what this connection is doing; to be called from another thread."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.cancel()
