"""What changed between two editions: sources and zones that changed colour and why, area by level, conflicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.sql import statement
from layers.catalog import Catalog
from layers.comparison import compare_editions
from layers.store import edition_schema, require_edition
from layers.tables import edition_table


def difference(
    engine: sa.Engine, catalog: Catalog, before: int, after: int, *, home: Path | None = None, policy: str = ""
) -> dict[str, Any]:
    """Changes from edition `before` to edition `after`, both published.

    Returns
    -------
    ``levels``: sources whose level changed, came or went (None on that side), worst first; ``area_km2``: per
    policy and level before and after; ``violations``: conflicts added and gone by rule; ``changes`` where `home` is
    given: why zones changed colour under a policy (`layers.comparison.compare_editions`), that of the map when empty.
    """
    with engine.connect() as connection:
        for edition in (before, after):
            require_edition(connection, edition, status="published")
        changed = _compare(connection, catalog, "risk_points", "diff_levels", before, after)
        areas = _compare(connection, catalog, "risk_zones", "diff_areas", before, after)
        violations = _compare(connection, catalog, "distance_violations", "diff_violations", before, after)
        found = compare_editions(connection, catalog, before, after, policy=policy, home=home) if home else None
    told = {"before": before, "after": after, "levels": changed, "area_km2": areas, "violations": violations}
    return told | ({"changes": found} if found else {})


def _compare(
    connection: sa.Connection, catalog: Catalog, layer_id: str, name: str, before: int, after: int
) -> list[dict[str, Any]]:
    tables = {
        side: edition_table(catalog[layer_id], 0, schema=edition_schema(edition))
        for side, edition in (("before", before), ("after", after))
    }
    return [dict(row) for row in connection.execute(statement(connection, name, **tables)).mappings()]
