"""What waits for a person: records that may be one enterprise, and positions proposed for addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from layers.catalog import Catalog, Layer
from layers.links import Record, contradictions

MATCH_STATES = ("open", "certain", "accepted", "rejected", "all")
PLACE_STATES = ("open", "accepted", "rejected", "all")
REGISTER = "register"
TOLD_BESIDES = ("kind", "industry_name", "responsible_office", "n_persons", "status")
"""Fields told of a record besides those that identify it, where its layer has them."""


def match_queue(connection: sa.Connection, catalog: Catalog, *, state: str, limit: int, offset: int) -> dict[str, Any]:
    """Pairs of records in one state, the most probable first, with what each office says and why they were paired.

    Returns
    -------
    dict
        ``counts`` by state, ``n_found`` in this state, ``pairs`` with ``a`` and ``b`` (see `_told`), ``score``, ``band``,
        ``state``, ``decision`` (None while there is none), ``evidence``, ``contradicts`` (told apart but linked by a detour).
    """
    counts = dict(queries.run(connection, "match_states").mappings().one())
    rows = queries.run(connection, "match_queue", {"state": state, "limit": limit, "offset": offset}).mappings().all()
    records = _records(connection, catalog, [key for row in rows for key in _ends(row)])
    torn = set(_contradictions(connection))
    pairs = []
    for row in rows:
        a, b = _ends(row)
        pairs.append({"a": records[a], "b": records[b], "score": row["score"], "band": row["band"], "state": row["state"],
                      "decision": _decision(row), "evidence": row["evidence"], "contradicts": (a, b) in torn})  # fmt: skip
    return {"counts": counts, "n_found": counts[state], "pairs": pairs}


def place_queue(connection: sa.Connection, catalog: Catalog, *, state: str, limit: int, offset: int) -> dict[str, Any]:
    """Proposed positions in one state, the surest first.

    Returns
    -------
    dict
        ``counts`` by state, ``n_found``, ``places`` with ``record``, ``lon``, ``lat`` (storage CRS), ``score``,
        ``accuracy_m``, ``method``, ``basis`` (the words that were looked up), ``state``, ``decision``, ``evidence``.
    """
    counts = dict(queries.run(connection, "place_states").mappings().one())
    rows = queries.run(connection, "place_queue", {"state": state, "limit": limit, "offset": offset}).mappings().all()
    records = _records(connection, catalog, [(row["layer"], row["feature_id"]) for row in rows])
    names = ("basis", "lon", "lat", "score", "accuracy_m", "method", "state", "evidence")
    places = [
        {"record": records[row["layer"], row["feature_id"]], "decision": _decision(row)} | {name: row[name] for name in names}
        for row in rows
    ]
    return {"counts": counts, "n_found": counts[state], "places": places}


def _ends(row: Mapping[str, Any]) -> tuple[Record, Record]:
    return (row["layer_a"], row["feature_a"]), (row["layer_b"], row["feature_b"])


def _decision(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if row["decision"] is None:
        return None
    return {"decision": row["decision"], "by_name": row["by_name"], "decided_at": row["decided_at"].isoformat(), "reason": row["reason"]}


def _contradictions(connection: sa.Connection) -> list[tuple[Record, Record]]:
    links = [_ends(row) for row in queries.run(connection, "links_in_force").mappings()]
    rejected = [_ends(row) for row in queries.run(connection, "rejected_pairs").mappings()]
    return contradictions(links, rejected)


def _records(connection: sa.Connection, catalog: Catalog, keys: Iterable[Record]) -> dict[Record, dict[str, Any]]:
    """What the register says now of some records; those it holds no more are told as gone."""
    wanted = list(dict.fromkeys(keys))
    by_layer: dict[str, list[str]] = defaultdict(list)
    for layer_id, feature_id in wanted:
        by_layer[layer_id].append(feature_id)
    sources = {row.source_id: row for row in queries.run(connection, "newest_sources")}
    found: dict[Record, dict[str, Any]] = {}
    for layer_id, ids in by_layer.items():
        if layer_id in catalog:
            table = sql.Identifier(REGISTER, layer_id)
            for row in queries.run(connection, "register_rows", {"ids": ids}, table=table):
                found[layer_id, row.feature_id] = _told(catalog[layer_id], row, sources.get(row.source_id))
    return {key: found.get(key) or _gone(catalog, key) for key in wanted}


def _told(layer: Layer, row: Any, source: Any) -> dict[str, Any]:
    names = [*layer.identity.field_names, *TOLD_BESIDES]
    fields = [field for field in layer.fields if field.name in names]
    label = row.properties.get(layer.label) if layer.label else None
    return {
        "layer": layer.id, "id": row.feature_id, "layer_zh": layer.title_zh, "layer_en": layer.title_en,
        "label": label or row.feature_id, "is_present": True, "source_id": row.source_id,
        "supplier": source.supplier if source else None, "supplier_en": source.supplier_en or None if source else None,
        "title_zh": source.title_zh if source else None, "title_en": source.title_en or None if source else None,
        "as_of": source.as_of.isoformat() if source and source.as_of else None,
        "lon": row.lon, "lat": row.lat, "positioned": row.properties.get("positioned"), "accuracy_m": row.properties.get("accuracy_m"),
        "fields": [{"name": field.name, "title_zh": field.title_zh, "title_en": field.title_en, "type": field.type, "unit": field.unit,
                    "codes": [{"code": code.code, "zh": code.zh, "en": code.en} for code in field.codes],
                    "value": row.properties.get(field.name)} for field in fields],
    }  # fmt: skip


def _gone(catalog: Catalog, key: Record) -> dict[str, Any]:
    layer = next((entry for entry in catalog if entry.id == key[0]), None)
    return {
        "layer": key[0], "id": key[1], "layer_zh": layer.title_zh if layer else key[0], "layer_en": layer.title_en if layer else key[0],
        "label": key[1], "is_present": False, "source_id": None, "supplier": None, "supplier_en": None,
        "title_zh": None, "title_en": None, "as_of": None,
        "lon": None, "lat": None, "positioned": None, "accuracy_m": None, "fields": [],
    }  # fmt: skip
