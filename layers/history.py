"""The history of one feature: every state the register keeps of it, and what changed from one to the next."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from layers.catalog import Layer
from layers.tables import GEOMETRY_COLUMN, register_table

State = dict[str, Any]
SHEET_MARK = " › "
"""Stands between a file and the sheet of it that a row came from."""
LOADS = sa.table(
    "loads", *map(sa.column, ("load_id", "loaded_at", "delivery_label", "as_of", "title_zh", "title_en", "supplier", "supplier_en", "files")), schema="ops"
)


def feature_states(
    connection: sa.Connection, layer: Layer, feature_id: str, *, until_load: int | None = None
) -> list[State]:
    """States of a feature, oldest first; none where it was never loaded.

    Parameters
    ----------
    until_load : leave out what loads after this one brought or ended, as an edition made from it knows nothing of them.

    Returns
    -------
    One object a state: ``from_load``, ``to_load`` (None while current), ``loaded_at``, ``delivery``, ``as_of``,
    ``source_id``, ``title_zh``, ``title_en``, ``supplier``, ``supplier_en`` (None where there is no English), ``file``, ``sha256``, ``row``, ``values`` (fields that are not empty, and
    ``position``: a point as WKT in the storage CRS, of any other geometry its kind, vertices, middle and a hash),
    ``changes`` (field -> [before, after]), ``moved_m`` (metres between the middles before and after, None where not both
    states have a position).
    """
    table = register_table(layer, 0)
    if not sa.inspect(connection).has_table(layer.id, schema=table.schema):
        return []
    names = [entry.name for entry in layer.fields] + ["accuracy_m", "positioned"]
    held = {column["name"] for column in sa.inspect(connection).get_columns(layer.id, schema=table.schema)}
    shown: list[Any] = [table.c[name] if name in held else sa.null().label(name) for name in names]
    shown += _position(table) if layer.is_drawn else []
    query = (
        sa.select(table.c.from_load, table.c.to_load, table.c.source_id, table.c.source_file, table.c.source_row,
                  LOADS.c.loaded_at, LOADS.c.delivery_label, LOADS.c.as_of, LOADS.c.title_zh, LOADS.c.title_en, LOADS.c.supplier, LOADS.c.supplier_en, LOADS.c.files, *shown)
        .select_from(table.outerjoin(LOADS, LOADS.c.load_id == table.c.from_load))
        .where(table.c.feature_id == feature_id)
        .order_by(table.c.row_id)
    )
    if until_load is not None:
        query = query.where(table.c.from_load <= until_load)
    rows = connection.execute(query).mappings().all()
    keys = [*names, *(["position"] if layer.is_drawn else [])]
    return [_state(row, rows[number - 1] if number else None, keys, until_load) for number, row in enumerate(rows)]


def _position(table: sa.Table) -> list[Any]:
    """A position in words, and where the middle was before, so that a move can be told in metres."""
    geometry = table.c[GEOMETRY_COLUMN]
    middle = sa.func.ST_Centroid(geometry)
    before = sa.func.lag(middle).over(order_by=table.c.row_id)
    words = sa.func.concat_ws(
        " ", sa.func.GeometryType(geometry), sa.func.ST_NPoints(geometry), sa.func.ST_AsText(middle, 6),
        sa.func.left(sa.func.md5(sa.func.ST_AsBinary(geometry)), 8),
    )
    text = sa.case((geometry.is_(None), None), (sa.func.GeometryType(geometry) == "POINT", sa.func.ST_AsText(geometry, 7)), else_=words)
    return [text.label("position"), sa.func.ST_DistanceSphere(before, middle).label("moved_m")]


def _state(row: sa.RowMapping, before: sa.RowMapping | None, keys: list[str], until_load: int | None) -> State:
    changes = {key: [before[key], row[key]] for key in keys if before[key] != row[key]} if before else {}
    is_ended = row["to_load"] is not None and (until_load is None or row["to_load"] <= until_load)
    files = row["files"] or []
    name = str(row["source_file"] or "").partition(SHEET_MARK)[0]
    file: dict[str, str] = next((entry for entry in files if len(files) == 1 or entry["name"] == name), {})
    return {
        "from_load": row["from_load"], "to_load": row["to_load"] if is_ended else None, "loaded_at": row["loaded_at"],
        "delivery": row["delivery_label"], "as_of": row["as_of"], "source_id": row["source_id"], "title_zh": row["title_zh"],
        "title_en": row["title_en"] or None, "supplier": row["supplier"], "supplier_en": row["supplier_en"] or None, "file": row["source_file"], "sha256": file.get("sha256"), "row": row["source_row"],
        "values": {key: row[key] for key in keys if row[key] is not None}, "changes": changes,
        "moved_m": row.get("moved_m") if "position" in changes else None,
    }
