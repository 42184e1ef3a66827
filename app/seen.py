"""What a person may not see is not there: an edition's tables as one view of it holds them.

Each view that is not of everything has a schema of its own beside the edition's, made when it is first asked for. Every
answer (tile, search, count, table, print, letter) reads an edition through `Edition.table`, and so through that schema.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.access import (
    EVERYTHING,
    MOST_KEPT,
    Person,
    View,
    parse_person,
    view_of,
)
from app.editions import Edition, EditionFacts, read_facts
from app.errors import MissingError
from app.texts import Text
from layers.catalog import Catalog, Layer

LINKS = (("enterprise_id", "enterprises"), ("unit_id", "hazard_units"))
"""Fields of rows without a place, and the layer whose features they belong to."""
TOWN_FIELD = "town_name"
AREAS = ("MultiPolygon",)
NAMED_LAYER = "_layer"
"""Ending of fields that hold the id of a layer: rows about a layer that may not be seen are not there either."""
LOCK = 7_218_012
SNAP_SHARE, SIMPLER_SHARE = 1.0, 0.75
"""A line is simplified and its bends moved to a grid, in widths of its band, before the band is drawn around it."""


class SeenEditions:
    """Makes the schemas of views, each once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: set[Edition] = set()
        self._views: dict[str, View] = {}
        self._lock = threading.Lock()

    def view(self, who: Person) -> View:
        """What a person may see, found once for all with the same roles."""
        found = self._views.get(who.text)
        if found is None:
            if len(self._views) >= MOST_KEPT:
                self._views.clear()
            found = self._views[who.text] = view_of(who, self._catalog)
        return found

    def edition(self, engine: sa.Engine, facts: EditionFacts, view: View) -> Edition:
        """An edition as a view has it; its tables are there when this returns.

        Parameters
        ----------
        engine : one that may write; used when the view is asked for the first time
        facts : of the whole edition
        """
        if view.id == EVERYTHING:
            return facts.edition
        seen = dataclasses.replace(facts.edition, view=view.id)
        with self._lock:
            if seen not in self._made:
                _make(engine, self._catalog, facts, seen, view)
                self._made.add(seen)
        return seen


def facts_seen_by(connection: sa.Connection, engine: sa.Engine, catalog: Catalog, *, edition: int, roles: str) -> EditionFacts:
    """A published edition as some roles see it, for work that no request waits for; raises `MissingError`."""
    found = queries.run(connection, "one_edition", {"number": edition}).one_or_none()
    if found is None or found.published_at is None:
        raise MissingError(Text("没有已发布的版次 {edition}", edition=edition))
    facts = read_facts(connection, Edition(*found), catalog)
    seen = SeenEditions(catalog).edition(engine, facts, view_of(parse_person(roles), catalog))
    return facts if seen == facts.edition else read_facts(connection, seen, catalog)


def _make(engine: sa.Engine, catalog: Catalog, facts: EditionFacts, seen: Edition, view: View) -> None:
    """Make a view's schema whole or not at all; another process may have done so."""
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        there = connection.execute(sa.text("SELECT to_regnamespace(:name) IS NOT NULL"), {"name": seen.schema}).scalar_one()
        if there:
            return
        _run(connection, sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(seen.schema)))
        _make_ground(connection, facts.edition, seen, view)
        layers = {layer.id: layer for layer in catalog if layer.id in facts.columns}
        for name in sorted(set(facts.columns) - set(layers)):
            _as_view(connection, facts.edition, seen, name, sql.SQL("true"))
        for layer in sorted(layers.values(), key=lambda layer: (not layer.is_drawn, layer.id)):
            _make_layer(connection, facts, seen, view, layer)


def _run(connection: sa.Connection, statement: sql.Composable) -> None:
    words = statement.as_string(connection.connection.dbapi_connection)  # type: ignore[arg-type]
    connection.exec_driver_sql(words.replace("%", "%%"))


def _make_ground(connection: sa.Connection, edition: Edition, seen: Edition, view: View) -> None:
    """The towns of the view as one outline."""
    _run(connection, sql.SQL(queries.text("seen_ground")).format(
        ground=seen.table("ground"), towns=edition.table("towns"), names=sql.Literal(list(view.towns) or [""]),
    ))  # fmt: skip


def _make_layer(connection: sa.Connection, facts: EditionFacts, seen: Edition, view: View, layer: Layer) -> None:
    columns = facts.columns[layer.id]
    is_hidden = layer.id in view.hidden
    if is_hidden and not layer.coarse_m:
        return _as_view(connection, facts.edition, seen, layer.id, sql.SQL("false"))
    parts = [_of_seen_layers(columns, view), _in_towns(layer, columns, seen, view)]
    condition = sql.SQL(" AND ").join(part for part in parts if part is not None) if any(parts) else sql.SQL("true")
    if is_hidden:
        shape = _band(facts, layer)
    elif view.towns and layer.is_drawn and layer.group != "base" and layer.geometry in AREAS:
        shape = sql.SQL(
            "ST_Multi(ST_CollectionExtract(CASE WHEN ST_Covers((SELECT geom FROM {ground}), geom) THEN geom "
            "ELSE ST_Intersection(ST_MakeValid(geom), (SELECT geom FROM {ground})) END, 3))"
        ).format(ground=seen.table("ground"))
    else:
        return _as_view(connection, facts.edition, seen, layer.id, condition)
    return _as_table(connection, facts, seen, layer, condition, shape)


def _of_seen_layers(columns: frozenset[str], view: View) -> sql.Composable | None:
    """Rows that speak of a hidden layer are left out, whatever field names it."""
    named = sorted(name for name in columns if name.endswith(NAMED_LAYER))
    if not named or not view.hidden:
        return None
    hidden = sql.Literal(list(view.hidden))
    tests = [sql.SQL("coalesce({} <> ALL({}), true)").format(sql.Identifier(name), hidden) for name in named]
    return sql.SQL("({})").format(sql.SQL(" AND ").join(tests))


def _in_towns(layer: Layer, columns: frozenset[str], seen: Edition, view: View) -> sql.Composable | None:
    """Rows in the towns of the view; what has no place counts where its town or its enterprise is."""
    if not view.towns or layer.group == "base":
        return None
    tests: list[sql.Composable] = []
    if layer.is_drawn:
        tests.append(sql.SQL("ST_Intersects(geom, (SELECT geom FROM {}))").format(seen.table("ground")))
    if TOWN_FIELD in columns:
        placeless = sql.SQL("geom IS NULL AND ") if layer.is_drawn else sql.SQL("")
        tests.append(sql.SQL("({}{} = ANY({}))").format(placeless, sql.Identifier(TOWN_FIELD), sql.Literal(list(view.towns))))
    if not layer.is_drawn:
        tests += [
            sql.SQL("{0} IN (SELECT {0} FROM {1})").format(sql.Identifier(name), seen.table(owner))
            for name, owner in LINKS
            if name in columns
        ][:1]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(tests)) if tests else sql.SQL("false")


def _band(facts: EditionFacts, layer: Layer) -> sql.Composable:
    """The outline of a band around a line whose bends are moved: where it runs, but not exactly."""
    return sql.SQL(
        "ST_Multi(ST_Transform(ST_Boundary(ST_Buffer(ST_SnapToGrid(ST_Simplify(ST_Transform(geom, {metric}), {simpler}), "
        "{snap}), {half})), {metric}, {srid}))"
    ).format(
        metric=sql.Literal(str(facts.area["metric_proj4"])), simpler=sql.Literal(layer.coarse_m * SIMPLER_SHARE),
        snap=sql.Literal(layer.coarse_m * SNAP_SHARE), half=sql.Literal(layer.coarse_m / 2), srid=sql.Literal(facts.srid),
    )  # fmt: skip


def _as_view(connection: sa.Connection, edition: Edition, seen: Edition, name: str, condition: sql.Composable) -> None:
    _run(connection, sql.SQL("CREATE VIEW {} AS SELECT * FROM {} WHERE {}").format(seen.table(name), edition.table(name), condition))


def _as_table(
    connection: sa.Connection, facts: EditionFacts, seen: Edition, layer: Layer, condition: sql.Composable, shape: sql.Composable
) -> None:
    """A copy with other shapes: it is asked for by place, and so has an index of its own."""
    kept = [sql.Identifier(name) for name in sorted(facts.columns[layer.id] - {"geom", "accuracy_m"})]
    accuracy: Mapping[bool, Any] = {True: sql.Literal(float(layer.coarse_m)), False: sql.Identifier("accuracy_m")}
    is_coarse = layer.coarse_m > 0
    _run(connection, sql.SQL(
        "CREATE TABLE {} AS SELECT {}, {}::float8 AS accuracy_m, {} AS geom FROM {} WHERE {}"
    ).format(seen.table(layer.id), sql.SQL(", ").join(kept), accuracy[is_coarse], shape, facts.edition.table(layer.id), condition))  # fmt: skip
    _run(connection, sql.SQL("CREATE INDEX ON {} USING gist (geom)").format(seen.table(layer.id)))
    _run(connection, sql.SQL("CREATE INDEX ON {} (feature_id)").format(seen.table(layer.id)))
