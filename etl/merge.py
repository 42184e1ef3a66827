"""Accepted rows into the register: staged and merged into what is there, or straight in where nothing is there yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from etl.manifest import Manifest
from etl.packing import Packed, fixed, pack_frame, repeated, row_hashes
from etl.shapes import Shapes
from etl.sql import statement
from layers.catalog import Layer
from layers.load_changes import HELD
from layers.tables import ensure_register, staging_table, value_columns

LONGEST_NAME = 60
RefusedRow = tuple[str, int]
"""File and row of a refused row."""
HASH, ROW_ID = "content_hash", "row_id"


@dataclass(frozen=True)
class Target:
    """Where the rows of one load go first: a staging table, or (`is_direct`) the register itself while it is empty.

    Rows that go straight in bring their numbers, which begin at `first_row_id`: taking each one from the sequence, and
    finding its place in an index that stands already, cost as much as a quarter of the whole COPY.
    """

    layer: Layer
    manifest: Manifest
    srid: int
    load_id: int
    register: sa.Table
    table: sa.Table
    first_row_id: int = 1

    @property
    def is_direct(self) -> bool:
        return self.table is self.register


def open_target(connection: sa.Connection, layer: Layer, manifest: Manifest, *, srid: int, load_id: int) -> Target:
    """Make ready for the rows of a load; to be called once a transaction that holds the lock of loading."""
    register = ensure_register(connection, layer, srid)
    if not connection.execute(sa.select(sa.exists(sa.select(register.c.row_id)))).scalar_one():
        connection.execute(statement(connection, "empty_table", table=register))
        _drop_indexes(connection, register)
        first = connection.execute(sa.select(sa.func.nextval(_sequence(connection, register)))).scalar_one()
        return Target(layer, manifest, srid, load_id, register, register, int(first))
    staging = staging_table(layer, srid, name=f"{layer.id}__{manifest.id}"[:LONGEST_NAME])
    staging.append_column(sa.Column(HASH, sa.BigInteger(), nullable=False))
    staging.drop(connection, checkfirst=True)
    staging.create(connection)
    return Target(layer, manifest, srid, load_id, register, staging)


def _sequence(connection: sa.Connection, register: sa.Table) -> sa.ColumnElement[str]:
    """The sequence that numbers the rows of a register table."""
    name = connection.dialect.identifier_preparer.format_table(register)
    return sa.cast(sa.func.pg_get_serial_sequence(name, ROW_ID), postgresql.REGCLASS())


def _drop_indexes(connection: sa.Connection, register: sa.Table) -> None:
    """Take primary key and indexes from an empty table: built once, behind the rows, they take a third of the time.

    The table is locked until the transaction ends, and with it they are there again or the table is as it was.
    """
    connection.execute(sa.schema.DropConstraint(register.primary_key, if_exists=True))
    for index in register.indexes:
        index.drop(connection, checkfirst=True)


def _build_indexes(connection: sa.Connection, register: sa.Table) -> None:
    """Primary key and indexes again; raises where a key occurs twice."""
    for index in sorted(register.indexes, key=lambda index: str(index.name)):
        index.create(connection)
    connection.execute(sa.schema.AddConstraint(register.primary_key))


def packed_rows(
    target: Target, accepted: pd.DataFrame, shapes: Shapes | None = None, *, n_before: int = 0
) -> dict[str, Packed]:
    """Accepted rows ready to be copied, with the hash of their content; needs no connection.

    `shapes` holds the geometries of rows for which the frame has none; `n_before` rows of the load were packed before.
    """
    names = [column for column in target.table.columns if column.name not in (HASH, ROW_ID, "to_load")]
    packed = pack_frame(accepted, names, srid=target.srid, shapes=shapes)
    hashes = row_hashes(packed[name] for name in value_columns(target.layer)).view("int64")
    starts = np.arange(len(hashes) + 1, dtype="int64") * 8
    is_null = np.zeros(len(hashes), dtype=bool)
    packed[HASH] = Packed(hashes.astype(">i8").view("uint8"), starts, is_null)
    if target.is_direct:
        first = target.first_row_id + n_before
        packed |= {"source_id": repeated(target.manifest.id, len(hashes)), "from_load": repeated(target.load_id, len(hashes))}
        packed[ROW_ID] = fixed(np.arange(first, first + len(hashes)), is_null, ">i8")
    return packed


def merge(
    connection: sa.Connection, target: Target, *, n_rows: int, is_full: bool, held: Mapping[str, RefusedRow] = MappingProxyType({})
) -> dict[str, int]:
    """Take all rows added into the register, opening and closing states; the counts of what that changed.

    `is_full` says that features of the source which were not added are gone, but for those `held`: their new rows were
    refused, and until these are mended the former state stands; each is told of with file and row of its refused row.
    """
    if target.is_direct:
        _build_indexes(connection, target.register)
        if n_rows:
            last = target.first_row_id + n_rows - 1
            connection.execute(sa.select(sa.func.setval(_sequence(connection, target.register), last)))
        nothing = dict.fromkeys(("n_changed", "n_unchanged", "n_merged", "n_gone", "n_held", "n_moved"), 0)
        return {"n_added": n_rows, **nothing}
    connection.execute(statement(connection, "analyze", table=target.table))
    given = {"source_id": target.manifest.id, "load_id": target.load_id, "is_full": is_full, "held": sorted(held)}
    tables = {"register": target.register, "staging": target.table}
    counts = _counted(connection, tables, given)
    if counts["n_changed"] and _rehash_equal(connection, target):
        counts = _counted(connection, tables, given)
    _tell_held(connection, target, held)
    if counts["n_changed"] and target.layer.is_drawn:
        limits = {"source_id": target.manifest.id, "moved_m": target.manifest.moved_m}
        counts["n_moved"] = int(connection.execute(statement(connection, "count_moved", **tables), limits).scalar_one())
    if counts["n_changed"] or counts["n_gone"]:
        connection.execute(statement(connection, "merge_close", **tables), given)
    if counts["n_changed"] or counts["n_added"]:
        connection.execute(statement(connection, "merge_open", columns=value_columns(target.layer), **tables), given)
    target.table.drop(connection)
    return counts


def _counted(connection: sa.Connection, tables: Mapping[str, sa.Table], given: Mapping[str, object]) -> dict[str, int]:
    """What the merge would do, `n_moved` still 0."""
    counted = connection.execute(statement(connection, "merge_counts", **tables), given).mappings().one()
    return {name: int(value) for name, value in counted.items()} | {"n_moved": 0}


def _rehash_equal(connection: sa.Connection, target: Target) -> int:
    """Give features whose values are those held the hash of the columns that there are now; the number of them.

    A field that the layer has got since their load stands in every hash, also where the source does not state it.
    """
    held, new = target.register, target.table
    is_equal = [held.c[name].is_not_distinct_from(new.c[name]) for name in value_columns(target.layer)]
    done = connection.execute(
        sa.update(held).values(content_hash=new.c[HASH])
        .where(held.c.to_load.is_(None), held.c.source_id == target.manifest.id, held.c.feature_id == new.c.feature_id)
        .where(held.c[HASH] != new.c[HASH], *is_equal)
    )
    return done.rowcount


def _tell_held(connection: sa.Connection, target: Target, held: Mapping[str, RefusedRow]) -> None:
    """Warn of every feature that stands in its former state."""
    if held:
        given = {
            "source_id": target.manifest.id, "load_id": target.load_id, "layer": target.layer.id, "rule_id": HELD,
            "keys": list(held), "files": [file for file, _ in held.values()], "rows": [row for _, row in held.values()],
        }
        connection.execute(statement(connection, "held", register=target.register, staging=target.table), given)
