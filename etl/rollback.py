"""Takes one load back: its features return to what they were, or nothing happens."""

from __future__ import annotations

import sqlalchemy as sa

from layers.catalog import Catalog
from layers.errors import AtlasError, NotFoundError
from layers.tables import register_table


def rollback_load(engine: sa.Engine, catalog: Catalog, load_id: int) -> dict[str, int]:
    """Undo a load in the register.

    Raises
    ------
    NotFoundError
        There is no such load.
    AtlasError
        A later load changed or closed features of this one: roll that one back first.
    """
    with engine.begin() as connection:
        layer_id = connection.execute(
            sa.text("SELECT layer FROM ops.loads WHERE load_id = :id"), {"id": load_id}
        ).scalar_one_or_none()
        if layer_id is None:
            raise NotFoundError(f"no load {load_id}")
        layer = catalog[layer_id]
        if not layer.has_table:
            counts = _roll_back(connection, sa.table("rasters", *map(sa.column, ("from_load", "to_load")), schema="register"), load_id)
        else:
            counts = _roll_back(connection, register_table(layer, 0), load_id)
        for table in ("refused", "repaired", "warnings"):
            connection.execute(sa.text(f"DELETE FROM ops.{table} WHERE load_id = :id"), {"id": load_id})
        connection.execute(sa.text("DELETE FROM ops.loads WHERE load_id = :id"), {"id": load_id})
        return counts


def _roll_back(connection: sa.Connection, table: sa.Table | sa.TableClause, load_id: int) -> dict[str, int]:
    later = connection.execute(
        sa.select(sa.func.min(table.c.to_load)).where(table.c.from_load == load_id, table.c.to_load.is_not(None))
    ).scalar_one_or_none()
    if later is not None:
        raise AtlasError(f"load {later} changed features of load {load_id}; roll {later} back first")
    removed = connection.execute(sa.delete(table).where(table.c.from_load == load_id)).rowcount
    reopened = connection.execute(sa.update(table).where(table.c.to_load == load_id).values(to_load=None)).rowcount
    return {"removed": removed, "reopened": reopened}
