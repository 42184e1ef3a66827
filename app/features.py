"""One feature with all that an edition says of it: where it comes from, its level, its conflicts, its parts."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.follow_ups import state_on
from app.provenance import provenance
from app.societal import diagrams
from app.texts import Text
from layers.catalog import Catalog, Layer

MOST_RELATED = 200
FOLLOW_UPS = "follow_ups"
ORIGIN_COLUMNS = ("feature_id", "accuracy_m", "positioned", "source_id", "source_file", "source_row", "load_id")


def feature(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, feature_id: str
) -> dict[str, Any]:
    """A feature as GeoJSON in the storage CRS.

    Returns
    -------
    dict
        ``properties`` has every field, and besides ``provenance``, ``violations``, ``risk_point`` (None where
        there is none), ``related``: features of other layers that refer to this one, and ``diagrams``: addresses of
        pictures that belong to it; ``state_today``: of an entry of the ledger its ``state``, ``days_over`` and the day (``on``), else None.

    Raises
    ------
    MissingError
        The edition has no such feature.
    """
    row = _row(connection, facts, layer, feature_id)
    properties = {field.name: row.properties.get(field.name) for field in layer.fields}
    return {
        "type": "Feature",
        "id": feature_id,
        "geometry": row.geometry,
        "properties": properties
        | {
            "provenance": provenance(connection, facts, catalog, layer, row.properties),
            "violations": _violations(connection, facts, catalog, layer, feature_id),
            "risk_point": _risk_point(connection, facts, catalog, layer, feature_id),
            "related": _related(connection, facts, catalog, layer, row.properties),
            "diagrams": diagrams(connection, facts, layer, row.properties),
            "state_today": _state_today(layer, row.properties),
        },
    }


def _state_today(layer: Layer, row: dict[str, Any]) -> dict[str, Any] | None:
    """The state of an entry of the ledger today, which its edition cannot know; None for other features."""
    if layer.id != FOLLOW_UPS or not row.get("due_on"):
        return None
    today = date.today()
    return {**state_on(date.fromisoformat(row["due_on"]), today, is_closed=row.get("closed_on") is not None), "on": today.isoformat()}


def _row(connection: sa.Connection, facts: EditionFacts, layer: Layer, feature_id: str) -> sa.Row[Any]:
    found = None
    if layer.id in facts.counts:
        geometry = sql.Identifier("geom") if layer.is_drawn else sql.SQL("NULL::geometry")
        table = facts.edition.table(layer.id)
        found = queries.run(connection, "feature", {"id": feature_id}, table=table, geometry=geometry).one_or_none()
    if found is None:
        raise MissingError(
            Text("图层 {layer_id} 在版次 {edition_label} 中没有要素 {feature_id}", layer_id=layer.id, edition_label=facts.edition.label, feature_id=feature_id),
        )
    return found


def _violations(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, feature_id: str
) -> list[dict[str, Any]]:
    if "distance_violations" not in facts.counts:
        return []
    table = facts.edition.table("distance_violations")
    parameters = {"layer": layer.id, "id": feature_id, "n_most": MOST_RELATED}
    rows = queries.run(connection, "violations_of", parameters, table=table)
    return [_fields(catalog["distance_violations"], row.properties) | {"line": row.line} for row in rows]


def _risk_point(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, feature_id: str
) -> dict[str, Any] | None:
    if "risk_points" not in facts.counts or layer.id == "risk_points":
        return None
    table = facts.edition.table("risk_points")
    row = queries.run(connection, "risk_point_of", {"layer": layer.id, "id": feature_id}, table=table).first()
    return None if row is None else _fields(catalog["risk_points"], row.properties)


def _related(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, row: dict[str, Any]
) -> list[dict[str, Any]]:
    """Features whose declaration says that one of their fields refers to this layer, layer by layer."""
    found = []
    for other in catalog:
        for field in facts.held_fields(other) if other.id in facts.counts else ():
            if field.references is None:
                continue
            target_layer, target_field = field.references.split(".")
            if target_layer != layer.id or row.get(target_field) is None:
                continue
            parameters = {"value": row[target_field], "n_most": MOST_RELATED}
            table, column = facts.edition.table(other.id), sql.Identifier(field.name)
            rows = queries.run(connection, "related", parameters, table=table, column=column)
            features = [{"id": r.properties["feature_id"], **_fields(other, r.properties)} for r in rows]
            if features:
                found.append({"layer": other.id, "features": features})
    return found


def _fields(layer: Layer, row: dict[str, Any]) -> dict[str, Any]:
    return {field.name: row.get(field.name) for field in layer.fields}
