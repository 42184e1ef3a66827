"""Takes one load back: its features return to what they were, or nothing happens; the ledger keeps what was done."""

from __future__ import annotations

import sqlalchemy as sa

from etl.locks import LOAD_LOCK, held
from etl.sql import statement
from layers.catalog import Catalog, Layer
from layers.errors import AtlasError, NotFoundError
from layers.tables import register_table


def rollback_load(
    engine: sa.Engine, catalog: Catalog, load_id: int, *, approved_by: str | None = None, reason: str | None = None
) -> dict[str, int]:
    """Undo a load in the register; who did it and why is written with the deed, in one transaction.

    Raises
    ------
    NotFoundError
        There is no such load, or it was taken back already.
    AtlasError
        A later load changed, closed or brought back features of this one: roll that one back first.
    """
    with held(engine, LOAD_LOCK), engine.begin() as connection:
        layer_id = connection.execute(
            sa.text("SELECT layer FROM ops.loads_in_force WHERE load_id = :id"), {"id": load_id}
        ).scalar_one_or_none()
        if layer_id is None:
            raise NotFoundError(f"no load {load_id} that could be taken back")
        counts = _roll_back(connection, catalog[layer_id], load_id)
        connection.execute(
            sa.text("UPDATE ops.loads SET rolled_back_at = now(), rolled_back_by = coalesce(:by, rolled_back_by), "
                    "rolled_back_reason = coalesce(:reason, rolled_back_reason) WHERE load_id = :id"),
            {"id": load_id, "by": approved_by, "reason": reason},
        )
        return counts


def _roll_back(connection: sa.Connection, layer: Layer, load_id: int) -> dict[str, int]:
    table = register_table(layer, 0) if layer.has_table else _rasters()
    _refuse_if_overtaken(connection, layer, table, load_id)
    removed = connection.execute(sa.delete(table).where(table.c.from_load == load_id)).rowcount
    reopened = connection.execute(sa.update(table).where(table.c.to_load == load_id).values(to_load=None)).rowcount
    return {"removed": removed, "reopened": reopened}


def _rasters() -> sa.Table:
    columns = [sa.Column(name, sa.Integer()) for name in ("from_load", "to_load")]
    return sa.Table("rasters", sa.MetaData(), *columns, schema="register")


def _refuse_if_overtaken(connection: sa.Connection, layer: Layer, table: sa.Table, load_id: int) -> None:
    later = connection.execute(
        sa.select(sa.func.min(table.c.to_load)).where(table.c.from_load == load_id, table.c.to_load.is_not(None))
    ).scalar_one_or_none()
    if later is None and layer.has_table:
        later = connection.execute(statement(connection, "overtaken", table=table), {"load_id": load_id}).scalar_one_or_none()
    if later is not None:
        raise AtlasError(f"load {later} changed features of load {load_id}; roll {later} back first")
