"""Recomputes an edition from what it keeps and lists every difference: the same bytes, or a reason to look."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.area import declared_area
from etl.derive import Inputs, derive
from etl.edition import create_edition, fill_derived_layer
from etl.edition_tables import meta_table, raster_table
from etl.frames import frame_reader
from etl.sql import statement
from etl.stamps import code_hash
from etl.surface import surface_bytes
from layers.catalog import Catalog
from layers.store import edition_schema, require_edition
from layers.tables import edition_table

SCRATCH_EDITION = 0
"""Number of the schema that the second computation is written to, inside a transaction that is rolled back."""


def verify_edition(engine: sa.Engine, catalog: Catalog, edition: int, *, home: Path) -> dict[str, Any]:
    """Compute an edition's results again and compare them.

    Returns
    -------
    ``is_same``; ``differences``, result -> rows that only one of both has; ``rasters``, policy -> whether the
    bytes agree; ``is_same_code``, whether functions and rule tables are those the edition was made with.
    """
    with engine.connect() as connection, connection.begin() as transaction:
        require_edition(connection, edition, status="published")
        area, outline = declared_area(connection)
        meta = {row.key: row.value for row in connection.execute(sa.select(meta_table(edition)))}
        kept = connection.execute(sa.select(raster_table(edition))).all()
        rasters = {row.layer: home / row.path for row in reversed(kept) if row.policy is None}
        read = frame_reader(connection, catalog, area, edition)
        results = derive(Inputs(area, outline, date.fromisoformat(meta["on"]), read, rasters))
        create_edition(connection, SCRATCH_EDITION)
        differences = {}
        for layer in catalog.derived:
            if layer.has_table:
                fill_derived_layer(connection, layer, area, SCRATCH_EDITION, results.values[layer.id])
                tables = {name: edition_table(layer, area.srid, schema=edition_schema(number))
                          for name, number in (("one", edition), ("two", SCRATCH_EDITION))}
                differences[layer.id] = int(connection.execute(statement(connection, "count_differences", **tables)).scalar_one())
        hashes = {surface.policy.id: surface_bytes(surface, area)[1] for surface in results.surfaces}
        is_same_raster = {row.policy: hashes.get(row.policy) == row.sha256 for row in kept if row.layer == "risk_index"}
        transaction.rollback()
    is_same = not any(differences.values()) and all(is_same_raster.values())
    return {"edition": edition, "is_same": is_same, "differences": differences, "rasters": is_same_raster,
            "is_same_code": meta["code"] == code_hash()}
