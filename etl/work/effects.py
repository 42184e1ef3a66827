"""What a draft edition would change on the map that people see now."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from etl.sql import statement
from layers.catalog import Catalog
from layers.store import edition_schema, served_edition
from layers.tables import edition_table

COMPARED = {"levels": ("risk_points", "diff_levels"), "area_km2": ("risk_zones", "diff_areas"),
            "violations": ("distance_violations", "diff_violations")}
LONGEST_LIST = 100


def effects_of_draft(engine: sa.Engine, catalog: Catalog, edition: int) -> dict[str, Any]:
    """Changes from the served edition to another one; ``before`` is None and the rest empty where none is served.

    Returns
    -------
    ``n_levels`` sources that come, go or change their level, the first of them in ``levels``; ``area_km2`` by policy
    and level; ``violations`` by rule.
    """
    with engine.connect() as connection:
        before = served_edition(connection)
        found: dict[str, Any] = {name: [] for name in COMPARED}
        if before is not None and before != edition:
            for name, (layer_id, words) in COMPARED.items():
                tables = {side: edition_table(catalog[layer_id], 0, schema=edition_schema(number))
                          for side, number in (("before", before), ("after", edition))}
                found[name] = [dict(row) for row in connection.execute(statement(connection, words, **tables)).mappings()]
    return {**found, "before": before, "after": edition, "n_levels": len(found["levels"]), "levels": found["levels"][:LONGEST_LIST]}
