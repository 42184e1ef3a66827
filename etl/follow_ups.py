"""The follow-up ledger as an input of the scoring: written into the edition as it stands when the register is fixed."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa

from etl.sql import statement
from layers.catalog import Area, Catalog
from layers.store import edition_schema
from layers.tables import edition_table

LAYER = "follow_ups"


def day_of(on: date) -> date:
    """The day that decides what is overdue: today, or the rules' date where that is later."""
    return max(on, date.today())


def fill_follow_ups(connection: sa.Connection, catalog: Catalog, area: Area, edition: int, on: date) -> int:
    """Write the entries into the edition's table, beside those that a file delivered; returns how many."""
    if LAYER not in catalog:
        return 0
    table = edition_table(catalog[LAYER], area.srid, schema=edition_schema(edition))
    filled = connection.execute(
        statement(connection, "edition_follow_ups", edition=table), {"srid": area.srid, "on_day": day_of(on)}
    )
    return int(filled.rowcount)


def follow_ups_stamp(connection: sa.Connection, on: date) -> list[list[Any]]:
    """What of the ledger decides over an edition: number, whose it is, deadline and state of every entry."""
    rows = connection.execute(
        sa.text("SELECT ref, office, person, due_on, closed_on, closed_reason, due_on < :on_day AS is_late FROM ops.follow_ups ORDER BY ref"),
        {"on_day": day_of(on)},
    )
    return [list(row) for row in rows]
