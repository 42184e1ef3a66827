"""What people decided, fixed in an edition: confirmed positions, and which records are one enterprise's place."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from etl.sql import statement
from layers.catalog import Area, Catalog, Layer
from layers.store import edition_schema


def place_confirmed(connection: sa.Connection, layer: Layer, table: sa.Table, area: Area) -> int:
    """Give features of an edition's layer the positions that people confirmed for their words; how many got one."""
    basis = [name for name in (layer.identity.address, layer.identity.name) if name]
    if not layer.is_drawn or layer.placement != "optional" or not basis:
        return 0
    placed = connection.execute(
        statement(connection, "edition_place", edition=table, basis=basis), {"layer": layer.id, "srid": area.srid}
    )
    return int(placed.rowcount)


def linked_records_table(edition: int) -> sa.Table:
    """Features that are one enterprise's place: all of them share `entity_id`."""
    columns = (sa.Column("layer", sa.Text(), primary_key=True), sa.Column("feature_id", sa.Text(), primary_key=True),
               sa.Column("entity_id", sa.Text(), nullable=False, index=True))  # fmt: skip
    return sa.Table("linked_records", sa.MetaData(), *columns, schema=edition_schema(edition))


def record_links_table(edition: int) -> sa.Table:
    """The links that join them: on what evidence, decided by whom."""
    keys = [sa.Column(name, sa.Text(), primary_key=True) for name in ("layer_a", "feature_a", "layer_b", "feature_b")]
    facts = [
        sa.Column("score", sa.Double()),
        sa.Column("basis", sa.Text(), comment="certain: by an equal code; accepted: by a person"),
        sa.Column("by_name", sa.Text()),
        sa.Column("linked_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text()),
        sa.Column("evidence", JSONB()),
    ]
    return sa.Table("record_links", sa.MetaData(), *keys, *facts, schema=edition_schema(edition))


def write_links(connection: sa.Connection, catalog: Catalog, edition: int) -> int:
    """Fix the links in force whose records the edition holds; the number of linked records."""
    records, links = linked_records_table(edition), record_links_table(edition)
    records.create(connection)
    links.create(connection)
    present = _present_records(connection, catalog, edition)
    in_force = connection.execute(sa.text("SELECT * FROM ops.links_in_force")).mappings().all()
    kept = [
        {column.name: row[column.name] for column in links.columns}
        for row in in_force
        if (row["layer_a"], row["feature_a"]) in present and (row["layer_b"], row["feature_b"]) in present
    ]
    linked = connection.execute(sa.text("SELECT layer, feature_id, entity_id FROM ops.linked_records")).mappings().all()
    members = [dict(row) for row in linked if (row["layer"], row["feature_id"]) in present]
    if kept:
        connection.execute(sa.insert(links), kept)
    if members:
        connection.execute(sa.insert(records), members)
    return len(members)


def _present_records(connection: sa.Connection, catalog: Catalog, edition: int) -> set[tuple[str, str]]:
    """Keys of the enterprises that the edition holds."""
    found: set[tuple[str, str]] = set()
    for layer in catalog.loaded:
        if layer.identity.is_enterprise:
            table = sa.Table(layer.id, sa.MetaData(), sa.Column("feature_id", sa.Text()), schema=edition_schema(edition))
            found |= {(layer.id, feature_id) for feature_id in connection.execute(sa.select(table.c.feature_id)).scalars()}
    return found


def decisions_stamp(connection: sa.Connection) -> str:
    """Hash of the links and positions in force: an edition is made anew when they change."""
    return str(connection.execute(statement(connection, "decisions_stamp")).scalar_one())
