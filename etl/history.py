"""The history of one feature: every state the register keeps of it, and what changed from one to the next."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from layers.catalog import Catalog
from layers.errors import NotFoundError
from layers.tables import GEOMETRY_COLUMN, register_table


def feature_history(engine: sa.Engine, catalog: Catalog, layer_id: str, feature_id: str) -> list[dict[str, Any]]:
    """States of a feature, oldest first.

    Returns
    -------
    One object a state: ``from_load``, ``to_load`` (None while current), ``loaded_at``, ``delivery``, ``source_id``,
    ``file``, ``row``, ``values`` (fields that are not empty, position as WKT), ``changes`` (field -> [before, after]).

    Raises
    ------
    UnknownLayerError, NotFoundError
        There is no such layer, or no such feature was ever loaded.
    """
    layer = catalog[layer_id]
    table = register_table(layer, 0)
    names = [entry.name for entry in layer.fields] + ["accuracy_m", "positioned"]
    shown = [table.c[name] for name in names]
    if layer.is_drawn:
        shown.append(sa.func.ST_AsText(table.c[GEOMETRY_COLUMN], 7).label("position"))
    loads = sa.table("loads", *map(sa.column, ("load_id", "loaded_at", "delivery_label")), schema="ops")
    query = (
        sa.select(table.c.from_load, table.c.to_load, table.c.source_id, table.c.source_file, table.c.source_row,
                  loads.c.loaded_at, loads.c.delivery_label, *shown)
        .select_from(table.outerjoin(loads, loads.c.load_id == table.c.from_load))
        .where(table.c.feature_id == feature_id)
        .order_by(table.c.row_id)
    )
    with engine.connect() as connection:
        is_there = sa.inspect(connection).has_table(layer.id, schema=table.schema)
        rows = connection.execute(query).mappings().all() if is_there else []
    if not rows:
        raise NotFoundError(f"layer {layer_id} never had a feature {feature_id}")
    keys = [*names, *(["position"] if layer.is_drawn else [])]
    return [_state(row, rows[number - 1] if number else None, keys) for number, row in enumerate(rows)]


def _state(row: sa.RowMapping, before: sa.RowMapping | None, keys: list[str]) -> dict[str, Any]:
    changes = {key: [before[key], row[key]] for key in keys if before[key] != row[key]} if before else {}
    return {
        "from_load": row["from_load"], "to_load": row["to_load"], "loaded_at": row["loaded_at"],
        "delivery": row["delivery_label"], "source_id": row["source_id"], "file": row["source_file"],
        "row": row["source_row"], "values": {key: row[key] for key in keys if row[key] is not None}, "changes": changes,
    }
