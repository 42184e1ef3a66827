"""An earlier edition as the base of a new one: what its stages rested on, and their results as they were."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.derive import Record, Results
from etl.edition_tables import meta_table, raster_table
from etl.sql import statement
from etl.stages import STAGES
from etl.surface import surface_from
from layers.catalog import Area, Catalog, Layer
from layers.errors import EditionError
from layers.kept import kept_result, packed, results_table
from layers.scoring.grid import Grid
from layers.scoring.policy import recorded_policy
from layers.scoring.zoning import RiskSurface
from layers.store import edition_schema
from layers.tables import edition_table, value_columns

SURFACES = "risk_index"
"""The result that is kept as rasters."""
STAGES_KEY = "stages"


class EarlierEdition:
    """Implements `etl.derive.Base` on the tables of an edition."""

    def __init__(self, connection: sa.Connection, edition: int, area: Area, home: Path) -> None:
        self.edition = edition
        self._connection, self._area, self._home = connection, area, home

    @cached_property
    def _meta(self) -> dict[str, Any]:
        rows = self._connection.execute(sa.select(meta_table(self.edition)))
        return {row.key: row.value for row in rows}

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """What each stage rested on; empty for an edition of a version that kept none."""
        kept = self._meta.get(STAGES_KEY, {})
        return {name: Record(**{**record, "why": tuple(record["why"])}) for name, record in kept.items()}

    def result(self, name: str) -> Any:
        """A result as it was; raises `EditionError` where it was not kept whole."""
        if name == SURFACES:
            return self._surfaces()
        return kept_result(self._connection, self.edition, name, self._area.metric_crs)

    def _surfaces(self) -> list[RiskSurface]:
        table = raster_table(self.edition)
        rows = self._connection.execute(sa.select(table).where(table.c.layer == SURFACES)).all()
        policies = {entry["id"]: recorded_policy(entry["table"]) for entry in self._meta["policies"]}
        order = {policy_id: place for place, policy_id in enumerate(policies)}
        surfaces = []
        for row in sorted(rows, key=lambda row: order[row.policy]):
            path = self._home / row.path
            if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != row.sha256:
                raise EditionError(f"{path} is not what edition {self.edition} recorded: run `riskatlas score --full`")
            surfaces.append(surface_from(path, Grid(**row.info["grid"]), policies[row.policy]))
        return surfaces


def earlier_edition(connection: sa.Connection, area: Area, home: Path) -> EarlierEdition | None:
    """The newest published edition, if its stages were recorded."""
    newest = connection.execute(
        sa.text("SELECT max(edition) FROM ops.editions WHERE status = 'published'")
    ).scalar_one_or_none()
    if newest is None or not sa.inspect(connection).has_table("results", schema=edition_schema(newest)):
        return None
    found = EarlierEdition(connection, newest, area, home)
    return found if found.records else None


def kept_names() -> frozenset[str]:
    """Results that later stages or later editions take: all but tables and rasters that nobody asks for again."""
    return frozenset(name for stage in STAGES for name in (*stage.after, *stage.before, *stage.notes)) - {SURFACES}


def packed_results(results: Results) -> dict[str, bytes]:
    """What a run made and the next edition may start from, as bytes by name; nothing is read from a database."""
    made = [name for stage in STAGES if results.records[stage.name].state != "kept" for name in stage.results]
    return {name: packed(results.values[name]) for name in made if name in kept_names()}


def keep_results(
    connection: sa.Connection, edition: int, results: Results, base: EarlierEdition | None, fresh: Mapping[str, bytes]
) -> None:
    """Keep what the next edition may start from: `fresh` ones, and what was taken over, copied as it is."""
    table = results_table(edition)
    table.create(connection)
    taken = [name for stage in STAGES if results.records[stage.name].state == "kept" for name in stage.results if name in kept_names()]
    if base is not None and taken:
        connection.execute(statement(connection, "copy_results", after=table, before=results_table(base.edition)), {"names": taken})
    if fresh:
        connection.execute(sa.insert(table), [{"name": name, "content": content} for name, content in fresh.items()])


def layer_digests(connection: sa.Connection, catalog: Catalog, area: Area, edition: int) -> dict[str, str]:
    """Hash of the content of every loaded layer of an edition."""
    digests = {}
    for layer in catalog.loaded:
        if layer.has_table:
            query = statement(connection, "layer_digest", table=_table(layer, area, edition), columns=value_columns(layer))
            digests[layer.id] = connection.execute(query).scalar_one()
    return digests


def changed_rows(connection: sa.Connection, layer: Layer, area: Area, before: int, after: int) -> dict[str, int]:
    """How many rows of a layer were added, changed and are gone from one edition to another."""
    columns = value_columns(layer)
    inspector = sa.inspect(connection)
    # A layer that came with a later version of the atlas has no table in an earlier edition.
    if not inspector.has_table(layer.id, schema=edition_schema(before)):
        return {}
    present = {column["name"] for column in inspector.get_columns(layer.id, schema=edition_schema(before))}
    if not present >= set(columns):
        return {}
    tables = {"before": _table(layer, area, before), "after": _table(layer, area, after)}
    row = connection.execute(statement(connection, "changed_rows", columns=columns, **tables)).one()
    return {name: int(n) for name, n in row._mapping.items() if n}


def _table(layer: Layer, area: Area, edition: int) -> sa.Table:
    return edition_table(layer, area.srid, schema=edition_schema(edition))
