"""What a person is shown of a load: counts, refused rows with reasons, warnings, repairs, and what would change."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from etl.manifest import Manifest
from layers.catalog import Catalog, Layer
from layers.load_changes import load_changes
from layers.tables import GEOMETRY_COLUMN, register_table

LONGEST_LIST = 200
"""Rows of each list that a job keeps; counts are of all of them."""
MOST_POSITIONS = 2000
DOUBTS = {
    "refused": "SELECT file, source_row, field, value, rule_id, reason_zh, reason_en, advice_zh, advice_en FROM ops.refused "
               "WHERE load_id = :id ORDER BY file, source_row, rule_id LIMIT :limit",
    "warned": "SELECT feature_id, file, source_row, field, value, rule_id, detail FROM ops.warnings "
              "WHERE load_id = :id ORDER BY file, source_row, rule_id LIMIT :limit",
    "repaired": "SELECT feature_id, file, source_row, rule_id, detail FROM ops.repaired "
                "WHERE load_id = :id ORDER BY file, source_row, rule_id LIMIT :limit",
}
COUNTS = (
    "n_read", "n_accepted", "n_added", "n_changed", "n_gone", "n_unchanged", "n_held", "n_merged", "n_refused",
    "n_repaired", "n_unplaced", "n_warned", "n_moved",
)


def inspected(connection: sa.Connection, catalog: Catalog, load_id: int, manifest: Manifest) -> dict[str, Any]:
    """Everything about a load that the page shows, read in the load's own transaction."""
    loads = sa.table("loads", sa.column("load_id"), *map(sa.column, COUNTS), schema="ops")
    counted = sa.select(*(loads.c[name] for name in COUNTS)).where(loads.c.load_id == load_id)
    counts = dict(connection.execute(counted).mappings().one())
    given = {"id": load_id, "limit": LONGEST_LIST}
    doubts = {
        name: [dict(row) for row in connection.execute(sa.text(words), given).mappings()] for name, words in DOUBTS.items()
    }
    by_rule = {
        name: _by_rule(connection, table, load_id)
        for name, table in (("refused_by_rule", "refused"), ("warned_by_rule", "warnings"), ("repaired_by_rule", "repaired"))
    }
    layer = catalog[manifest.layer]
    return {"counts": counts, **doubts, **by_rule,
            "changes": load_changes(connection, layer, load_id, moved_m=manifest.moved_m, most=LONGEST_LIST),
            "positions": _positions(connection, layer, load_id), **_refused_positions(connection, load_id)}


def _by_rule(connection: sa.Connection, name: str, load_id: int) -> dict[str, int]:
    """Rows of a table of doubts of one load, by the rule that raised them."""
    table = sa.table(name, sa.column("load_id"), sa.column("rule_id"), schema="ops")
    counted = sa.select(table.c.rule_id, sa.func.count()).where(table.c.load_id == load_id)
    rows = connection.execute(counted.group_by(table.c.rule_id).order_by(table.c.rule_id))
    return {rule_id: n for rule_id, n in rows}


def _positions(connection: sa.Connection, layer: Layer, load_id: int) -> list[list[float]]:
    """Longitude and latitude of accepted features, for a picture of where they lie; a share of many."""
    if not layer.is_drawn:
        return []
    table = register_table(layer, 0)
    loads = sa.table("loads", sa.column("load_id"), sa.column("source_id"), schema="ops")
    source_id = sa.select(loads.c.source_id).where(loads.c.load_id == load_id).scalar_subquery()
    centre = sa.func.ST_Centroid(table.c[GEOMETRY_COLUMN])
    rows = connection.execute(
        sa.select(sa.func.ST_X(centre), sa.func.ST_Y(centre))
        .where(table.c.source_id == source_id, table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None))
        .order_by(sa.func.md5(table.c.feature_id)).limit(MOST_POSITIONS)
    )
    return [[round(x, 6), round(y, 6)] for x, y in rows]


def _refused_positions(connection: sa.Connection, load_id: int) -> dict[str, Any]:
    """Where refused rows lie whose position could be read, a share of many; and how many such rows there are."""
    refused = sa.table("refused", *map(sa.column, ("load_id", "file", "source_row", "lon", "lat")), schema="ops")
    rows = connection.execute(
        sa.select(refused.c.lon, refused.c.lat, refused.c.file, refused.c.source_row).distinct()
        .where(refused.c.load_id == load_id, refused.c.lon.is_not(None))
        .order_by(refused.c.file, refused.c.source_row)
    ).all()
    share = rows[:: max(1, -(-len(rows) // MOST_POSITIONS))]
    return {"n_refused_placed": len(rows), "refused_positions": [[round(row.lon, 6), round(row.lat, 6)] for row in share]}
