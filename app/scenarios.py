"""What may happen at a hazard unit, as the edition lists it: the method that judges it, and its scenarios."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from layers.catalog import Catalog

UNIT_LAYER = "hazard_units"
SCENARIOS, METHODS = "unit_scenarios", "unit_methods"
MOST_SCENARIOS = 500


def scenarios_of(connection: sa.Connection, facts: EditionFacts, catalog: Catalog, unit_id: str) -> dict[str, Any]:
    """``scenarios``: rows of `unit_scenarios`, leak by leak; ``method``: the unit's row of `unit_methods`, None without one.

    Both are empty in an edition of before these layers. A unit without scenarios is never harmless for it: ``method`` says
    which standard judges it, or what was missing.
    """
    method = method_of(connection, facts, catalog, unit_id)
    return {"scenarios": _rows(connection, facts, catalog, SCENARIOS, unit_id), "method": method}


def method_of(connection: sa.Connection, facts: EditionFacts, catalog: Catalog, unit_id: str) -> dict[str, Any] | None:
    """The unit's row of `unit_methods`; None where the edition has none."""
    return next(iter(_rows(connection, facts, catalog, METHODS, unit_id)), None)


def _rows(connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer_id: str, unit_id: str) -> list[dict[str, Any]]:
    if layer_id not in facts.counts:
        return []
    table = facts.edition.table(layer_id)
    parameters = {"value": unit_id, "n_most": MOST_SCENARIOS}
    rows = queries.run(connection, "related", parameters, table=table, column=sql.Identifier("unit_id"))
    return [{field.name: row.properties.get(field.name) for field in catalog[layer_id].fields} for row in rows]
