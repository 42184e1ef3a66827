"""Tables of an edition besides its layers: what it was made from, and its rasters."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from layers.store import edition_schema


def meta_table(edition: int) -> sa.Table:
    """What an edition was made from, by key."""
    columns = (sa.Column("key", sa.Text(), primary_key=True), sa.Column("value", JSONB()))
    return sa.Table("meta", sa.MetaData(), *columns, schema=edition_schema(edition))


def raster_table(edition: int) -> sa.Table:
    """Rasters of an edition: files below the home folder, named by hash."""
    names = ("layer", "policy", "path", "sha256")
    columns = [*(sa.Column(name, sa.Text()) for name in names), sa.Column("info", JSONB())]
    return sa.Table("rasters", sa.MetaData(), *columns, schema=edition_schema(edition))
