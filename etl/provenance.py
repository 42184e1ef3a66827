"""Where the features of an edition come from, written into the edition itself: loads, what checks said, decisions."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from etl.checks import check_rules
from etl.conversions import Conversion, conversions
from etl.manifest import declared
from etl.sql import statement
from layers.catalog import Area, Catalog
from layers.errors import CatalogError
from layers.store import edition_schema


def write_provenance(connection: sa.Connection, catalog: Catalog, area: Area, edition: int) -> None:
    """The tables ``loads``, ``findings`` and ``decisions`` of an edition, as the ledger stands now."""
    loads = loads_table(edition)
    loads.create(connection)
    rows = connection.execute(sa.text("SELECT * FROM ops.loads_in_force ORDER BY load_id")).mappings()
    told = [_load(row, catalog, area) for row in rows]
    if told:
        connection.execute(sa.insert(loads), told)
    schema = edition_schema(edition)
    rules = json.dumps(check_rules().reset_index().to_dict("records"), ensure_ascii=False)
    for name, given in (("findings", {"rules": rules}), ("decisions", {})):
        table = sa.Table(name, sa.MetaData(), sa.Column("layer", sa.Text()), sa.Column("feature_id", sa.Text()), schema=schema)
        connection.execute(statement(connection, f"edition_{name}", **{name: table}), given)
        sa.Index(f"{name}_feature", table.c.layer, table.c.feature_id).create(connection)


def loads_table(edition: int) -> sa.Table:
    """Every load that an edition could be made from, with what was converted in it."""
    return sa.Table(
        "loads", sa.MetaData(),
        sa.Column("load_id", sa.Integer(), primary_key=True),
        *[sa.Column(name, sa.Text()) for name in ("source_id", "layer", "title_zh", "title_en", "supplier", "supplier_en", "delivery_label", "approved_by")],
        sa.Column("as_of", sa.Date()),
        sa.Column("loaded_at", sa.DateTime(timezone=True)),
        sa.Column("is_full", sa.Boolean(), comment="what the source delivered was all it has"),
        sa.Column("files", JSONB(), comment="name and sha256 of each delivered file"),
        sa.Column("conversions", JSONB(), comment="datum, axes, units, codes"),
        schema=edition_schema(edition),
    )


def _load(row: sa.RowMapping, catalog: Catalog, area: Area) -> dict[str, Any]:
    notes = row["notes"] or {}
    names = ("load_id", "source_id", "layer", "title_zh", "title_en", "supplier", "supplier_en", "delivery_label", "approved_by", "as_of", "loaded_at", "files")
    return {name: row.get(name) for name in names} | {
        "is_full": bool(notes.get("is_full", True)), "conversions": _conversions(notes, catalog, area),
    }


def _conversions(notes: dict[str, Any], catalog: Catalog, area: Area) -> list[Conversion] | None:
    """Those that the load kept; of an earlier version's load, those its manifest asks for; None where neither tells."""
    if "conversions" in notes:
        kept: list[Conversion] = notes["conversions"]
        return kept
    try:
        manifest = declared(notes["manifest"])
        return conversions(manifest, catalog[manifest.layer], area)
    except (KeyError, CatalogError):
        return None
