"""Frames into tables by COPY: the one way rows enter the database in bulk."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import shapely
import sqlalchemy as sa

from layers.tables import GEOMETRY_COLUMN

ARROW_TYPES = {
    "TEXT": pa.string(), "BIGINT": pa.int64(), "INTEGER": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us"), "DATETIME": pa.timestamp("us"), "JSONB": pa.string(),
}


COPY = "COPY {table} ({columns}) FROM STDIN (FORMAT csv)"


def _arrow_column(values: pd.Series, column: sa.Column[object]) -> pa.Array:
    kind = ARROW_TYPES[str(column.type).split("(")[0].split()[0].upper()]
    if kind == pa.string():
        plain = [None if value is None or value is pd.NA or value != value else str(value) for value in values]
        return pa.array(plain, type=kind)
    if kind == pa.int64() and values.dtype == object:
        values = values.astype("Int64")
    return pa.Array.from_pandas(values.where(values.notna(), None) if values.dtype == object else values, type=kind)


def _wkb_hex(geometries: "np.ndarray[object, np.dtype[np.object_]]", srid: int) -> pa.Array:
    return pa.array(shapely.to_wkb(shapely.set_srid(geometries, srid), hex=True, include_srid=True), type=pa.string())


def copy_frame(connection: sa.Connection, table: sa.Table, frame: pd.DataFrame, *, srid: int) -> int:
    """Append a frame to a table; columns missing in the frame stay NULL.

    Parameters
    ----------
    frame : columns named like the table's; ``geometry`` (any planar geometry, in the CRS of `srid`) goes to ``geom``.
    """
    arrays, names = [], []
    for column in table.columns:
        if column.name == GEOMETRY_COLUMN and "geometry" in frame.columns:
            arrays.append(_wkb_hex(np.asarray(frame["geometry"].to_numpy(), dtype=object), srid))
        elif column.name in frame.columns:
            arrays.append(_arrow_column(frame[column.name], column))
        else:
            continue
        names.append(column.name)
    sink = io.BytesIO()
    pa_csv.write_csv(pa.table(arrays, names=names), sink, pa_csv.WriteOptions(include_header=False))
    sink.seek(0)
    preparer = connection.dialect.identifier_preparer
    columns = ", ".join(preparer.quote(name) for name in names)
    copy = COPY.format(table=preparer.format_table(table), columns=columns)
    with connection.connection.cursor() as cursor:
        cursor.copy_expert(copy, sink)
    return len(frame)


def cancel_statement(connection: sa.Connection) -> None:
    """Ask the server to give up what this connection is doing; to be called from another thread."""
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.cancel()
