"""一企一档: all that an edition knows of one enterprise's place, office by office, each value with its date."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app import queries
from app.editions import Edition, EditionFacts, EditionMemory
from app.features import feature
from app.texts import Bilingual, DataText, Text
from layers.catalog import LEVELS, Catalog, Layer

MOST_PARTS = 60
"""Parts of one record, such as hazard units, that are told with parts of their own."""
NEAR_M = 500.0
MOST_NEAR = 50
NEAR_LAYERS = ("road_accidents", "road_black_spots")
"""Layers of events that are told where they lie near."""


def dossier(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, feature_id: str, editions: EditionMemory
) -> dict[str, Any]:
    """The answer of ``/api/dossiers``: links, values and levels as the edition fixed them.

    Returns
    -------
    dict
        ``records``: the feature and those linked with it, each with its source, date, position and all fields;
        ``comparison``: every field of them side by side; ``links`` with their evidence; ``parts``: what refers to
        each record, such as hazard units, with parts of their own; ``violations``, ``near`` and ``history`` by edition.

    Raises
    ------
    MissingError
        The edition has no such feature.
    """
    keys = _linked(connection, facts, layer, feature_id)
    found = {key: feature(connection, facts, catalog, catalog[key[0]], key[1]) for key in keys}
    records = [_record(catalog[key[0]], entry) for key, entry in found.items()]
    return {
        "layer": layer.id,
        "id": feature_id,
        "title": records[0]["label"],
        "level": _worst_level(found.values()),
        "records": records,
        "comparison": _comparison(catalog, records),
        "links": _links(connection, facts, keys),
        "parts": [part for key, entry in found.items() for part in _parts(connection, facts, catalog, key, entry)],
        "violations": _violations(found),
        "near": _near(connection, facts, catalog, records),
        "history": [_history(connection, facts, catalog, key, editions) for key in keys],
    }


def _linked(connection: sa.Connection, facts: EditionFacts, layer: Layer, feature_id: str) -> list[tuple[str, str]]:
    """Keys of the feature and of every record that the edition links with it, itself first."""
    own = (layer.id, feature_id)
    if "linked_records" not in facts.columns:
        return [own]
    table = facts.edition.table("linked_records")
    rows = queries.run(connection, "linked_records", {"layer": layer.id, "id": feature_id}, table=table)
    return [own, *((row.layer, row.feature_id) for row in rows if (row.layer, row.feature_id) != own)]


def _links(connection: sa.Connection, facts: EditionFacts, keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    if len(keys) < 2:
        return []
    layers, ids = zip(*keys, strict=True)
    table = facts.edition.table("record_links")
    rows = queries.run(connection, "record_links", {"layers": list(layers), "ids": list(ids)}, table=table)
    return [dict(row) | {"linked_at": row["linked_at"] and row["linked_at"].isoformat()} for row in rows.mappings()]


def _record(layer: Layer, entry: Mapping[str, Any]) -> dict[str, Any]:
    """One office's row: what it is called, where it comes from, where it lies, its fields and its rating."""
    properties, geometry = entry["properties"], entry["geometry"]
    is_point = geometry is not None and geometry["type"] == "Point"
    return {
        "layer": layer.id,
        "id": entry["id"],
        "layer_zh": layer.title_zh,
        "layer_en": layer.title_en,
        "label": (properties.get(layer.label) if layer.label else None) or entry["id"],
        "provenance": properties["provenance"],
        "geometry": geometry if is_point else None,
        "values": {field.name: properties.get(field.name) for field in layer.fields},
        "risk_point": properties["risk_point"],
    }


def _worst_level(entries: Iterable[Mapping[str, Any]]) -> str | None:
    levels = [entry["properties"]["risk_point"]["level"] for entry in entries if entry["properties"]["risk_point"]]
    return min(levels, key=LEVELS.index, default=None)


def _comparison(catalog: Catalog, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every field that a record has, with the value of each office; ``differs`` where two offices say different things."""
    fields = {
        field.name: field
        for record in reversed(records)
        for field in catalog[record["layer"]].fields
        if field.panel and field.type != "json"
    }
    # The first record's fields keep their order and titles, those that others add come after them.
    order = [field.name for record in records for field in catalog[record["layer"]].fields if field.name in fields]
    return [_compared(fields[name], name, records) for name in dict.fromkeys(order)]


def _compared(field: Any, name: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    values = [record["values"].get(name) for record in records]
    return {
        "name": name, "type": field.type, "title_zh": field.title_zh, "title_en": field.title_en, "unit": field.unit,
        "codes": [{"code": code.code, "zh": code.zh, "en": code.en} for code in field.codes],
        "values": values,
        "is_held": [name in record["values"] for record in records],
        "differs": len({_plain(value) for value in values if value not in (None, "")}) > 1,
    }  # fmt: skip


def _plain(value: Any) -> str:
    """A value as it is compared: widths and blanks do not make a difference."""
    return "".join(unicodedata.normalize("NFKC", str(value)).split()).upper()


def _parts(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, key: tuple[str, str], entry: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What refers to a record, layer by layer; what refers to those stands below them."""
    for group in entry["properties"]["related"]:
        layer = catalog[group["layer"]]
        rows = group["features"]
        if _has_parts(catalog, layer):
            rows = [_with_parts(connection, facts, catalog, layer, row) for row in rows[:MOST_PARTS]] + rows[MOST_PARTS:]
        yield {"of_layer": key[0], "of_id": key[1], "layer": layer.id, "layer_zh": layer.title_zh, "layer_en": layer.title_en, "features": rows}


def _has_parts(catalog: Catalog, layer: Layer) -> bool:
    referred = {field.references.split(".")[0] for other in catalog for field in other.fields if field.references}
    return layer.id in referred or layer.is_drawn


def _with_parts(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, row: Mapping[str, Any]
) -> dict[str, Any]:
    whole = feature(connection, facts, catalog, layer, row["id"])["properties"]
    related = [
        group | {"layer_zh": catalog[group["layer"]].title_zh, "layer_en": catalog[group["layer"]].title_en}
        for group in whole["related"]
    ]
    return {**row, "risk_point": whole["risk_point"], "related": related, "n_violations": len(whole["violations"])}


def _violations(found: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Conflicts of all records, each once, the largest shortfall first."""
    by_id = {row["violation_id"]: row for entry in found.values() for row in entry["properties"]["violations"]}
    return sorted(by_id.values(), key=lambda row: (-(row["shortfall_m"] or 0.0), row["violation_id"]))


def _near(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, records: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Events within `NEAR_M` of the first record that has a position, nearest first; counted whole, listed in part."""
    place = next((record["geometry"]["coordinates"] for record in records if record["geometry"]), None)
    if place is None:
        return []
    found = []
    for layer_id in NEAR_LAYERS:
        if layer_id in facts.counts and layer_id in catalog:
            layer = catalog[layer_id]
            parameters = {"lon": place[0], "lat": place[1], "near_m": NEAR_M, "n_most": MOST_NEAR}
            rows = queries.run(connection, "near_features", parameters, table=facts.edition.table(layer_id)).all()
            features = [
                {"id": row.properties["feature_id"], "distance_m": round(row.distance_m, 1)}
                | {field.name: row.properties.get(field.name) for field in layer.fields}
                for row in rows
            ]
            found.append({"layer": layer_id, "layer_zh": layer.title_zh, "layer_en": layer.title_en, "within_m": NEAR_M,
                          "n": rows[0].n if rows else 0, "features": features})  # fmt: skip
    return found


def _history(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, key: tuple[str, str], editions: EditionMemory
) -> dict[str, Any]:
    """What a record said in the editions up to this one: the first, and every change since."""
    layer = catalog[key[0]]
    kept = sorted(
        (entry for entry in editions.published(connection) if entry.number <= facts.edition.number), key=lambda entry: entry.number
    )
    states: list[dict[str, Any]] = []
    before: dict[str, Any] | None = None
    for edition in kept:
        row = _row_in(connection, editions.facts(connection, edition), edition, layer, key[1])
        changes = _changes(layer, before, row)
        if row is not None and (before is None or changes):
            states.append({"edition": edition.number, "label": edition.label, "data_as_of": edition.data_as_of.isoformat() if edition.data_as_of else None,
                           "is_first": before is None, "changes": changes})  # fmt: skip
        before = row if row is not None else before
    return {"layer": key[0], "id": key[1], "states": states}


def _row_in(
    connection: sa.Connection, facts: EditionFacts, edition: Edition, layer: Layer, feature_id: str
) -> dict[str, Any] | None:
    if layer.id not in facts.counts:
        return None
    found = queries.run(connection, "feature_row", {"id": feature_id}, table=edition.table(layer.id)).one_or_none()
    return None if found is None else dict(found.properties)


def _changes(layer: Layer, before: Mapping[str, Any] | None, row: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    if before is None or row is None:
        return []
    names: list[tuple[str, Bilingual]] = [(field.name, DataText(field.title_zh, field.title_en)) for field in layer.fields]
    names.append(("positioned", Text("位置来源")))
    return [
        {"name": name, **title.fields("title"), "before": before.get(name), "after": row.get(name)}
        for name, title in names
        if name in before and name in row and before[name] != row[name]
    ]
