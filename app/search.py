"""The one search box: names, numbers and first letters of features, chainages (``K12+300 name``), coordinates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.frames import FrameMemory
from app.initials import INITIALS, InitialsMemory
from app.texts import Text
from app.typed_coordinates import Reading, readings, typed_coordinates
from layers.catalog import Catalog, Layer
from layers.errors import ChainageError
from layers.scoring.calibration import POST_LAYERS, chainage_of
from layers.scoring.chainage import written_chainage

CHAINAGE = re.compile(r"K(\d{1,4})\+(\d{1,3}(?:\.\d{1,3})?)\s*(.*)", re.IGNORECASE)
MOST_PIPELINES = 500
OUTSIDE = Text("辖区以外")
SUB_FIELDS = ("address", "town_name", "road_name", "operator")
"""Fields that tell features of one name apart, best first."""


def search(
    connection: sa.Connection,
    facts: EditionFacts,
    catalog: Catalog,
    initials: InitialsMemory,
    frames: FrameMemory,
    text: str,
    *,
    limit: int,
) -> list[dict[str, Any]]:
    """What a text may mean, best first: ``layer``, ``id``, ``label``, ``sub``, ``lon``, ``lat``, ``level``.

    Longitude and latitude are degrees of the storage CRS, None for a feature without a position. `layer` and
    `id` are None for a mere place; places of one pair in several datums carry ``datum_zh`` and ``datum_en``, and
    ``is_question``: a person has to choose.
    """
    if typed := typed_coordinates(text):
        found = readings(typed, facts)
        return [_place(reading, is_question=len(found) > 1) for reading in found]
    if match := CHAINAGE.fullmatch(text):
        chainage_m = 1000.0 * int(match[1]) + float(match[2])
        return _chainages(connection, facts, frames, chainage_m, match[3])[:limit]
    results = _features(connection, facts, catalog, text, limit)
    if len(results) < limit and INITIALS.fullmatch(text):
        results += _by_initials(connection, facts, catalog, initials, text, limit - len(results))
    _add_levels(connection, facts, results)
    return results


def _place(reading: Reading, *, is_question: bool) -> dict[str, Any]:
    sub = "" if reading.is_inside else f"{OUTSIDE.zh} / {OUTSIDE.en}"
    told = _result(None, None, f"{reading.lon:.6f}, {reading.lat:.6f}", sub, reading.lon, reading.lat)
    datum = {"datum_zh": reading.system_zh, "datum_en": reading.system_en, "error_m": reading.error_m}
    return told | datum | {"is_question": is_question}


def _chainages(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, chainage_m: float, name: str
) -> list[dict[str, Any]]:
    """The places of a chainage on every pipeline of that name that has it, as its posts state it.

    Where none of the lines named has it, each comes without a place, and says from where to where it runs.
    """
    if "pipelines" not in facts.counts:
        return []
    table = facts.edition.table("pipelines")
    parameters = {"like": f"%{_escaped(name)}%", "n_most": MOST_PIPELINES}
    posts = frames.within(connection, facts, POST_LAYERS, [tuple(map(float, shapely.bounds(facts.boundary_m)))])
    found, without = [], []
    for row in queries.run(connection, "pipelines_named", parameters, table=table):
        line = pd.Series({"pipeline_id": row.id, "start_chainage_m": row.start_m, "geometry": facts.in_metres(shapely.from_wkb(bytes(row.wkb)))})
        try:
            places = chainage_of(line, posts, facts.metric_crs).places(chainage_m)
        except ChainageError as error:
            without.append(_result("pipelines", row.id, row.name, " / ".join(error.problem.values()), None, None))
            continue
        for lon, lat in shapely.get_coordinates(facts.in_degrees(np.array(places, dtype=object))):
            label = f"{written_chainage(chainage_m)} {row.name}"
            found.append(_result("pipelines", row.id, label, row.id, float(lon), float(lat)))
    return found or (without if name else [])


def _features(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, text: str, limit: int
) -> list[dict[str, Any]]:
    found: list[tuple[int, int, dict[str, Any]]] = []
    for layer in catalog.loaded:
        if layer.search and layer.id in facts.counts:
            rows = _matches(connection, facts, layer, text, limit)
            found += [(row.distance, -layer.draw_order, _result(*row[:6])) for row in rows]
    found.sort(key=lambda entry: entry[:2])
    return [result for _, _, result in found[:limit]]


def _by_initials(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, initials: InitialsMemory, text: str, limit: int
) -> list[dict[str, Any]]:
    found = initials.found(connection, facts, text, limit)
    made: dict[tuple[str, str], dict[str, Any]] = {}
    for layer in {layer_id for layer_id, _ in found}:
        ids = [feature_id for layer_id, feature_id in found if layer_id == layer]
        parameters = {"layer": layer, "ids": ids}
        rows = queries.run(connection, "search_ids", parameters, table=facts.edition.table(layer), **_shown(facts, catalog[layer]))
        made |= {(layer, row.id): _result(*row) for row in rows}
    return [made[place] for place in found if place in made]


def _matches(
    connection: sa.Connection, facts: EditionFacts, layer: Layer, text: str, limit: int
) -> list[sa.Row[Any]]:
    names = [field.name for field in facts.held_fields(layer)]
    searched = [name for name in layer.search if name in names] or ["feature_id"]
    like = sql.SQL(" OR ").join(sql.SQL("{} ILIKE %(like)s").format(sql.Identifier(name)) for name in searched)
    parameters = {
        "text": text, "like": f"%{_escaped(text)}%", "begins": f"{_escaped(text)}%", "layer": layer.id, "n_most": limit,
    }  # fmt: skip
    return list(
        queries.run(
            connection,
            "search",
            parameters,
            table=facts.edition.table(layer.id),
            matches=like,
            **_shown(facts, layer),
        )
    )


def _shown(facts: EditionFacts, layer: Layer) -> dict[str, sql.Composable]:
    """What the search box shows of a feature: its name, what tells it from others of that name, a point on it."""
    names = [field.name for field in facts.held_fields(layer)]
    sub = next((sql.Identifier(name) for name in SUB_FIELDS if name in names), sql.SQL("''"))
    point = "ST_PointOnSurface(geom)" if layer.is_drawn else "NULL::geometry"
    return {"label": sql.Identifier(layer.label or "feature_id"), "sub": sub, "point": sql.SQL(point)}


def _add_levels(connection: sa.Connection, facts: EditionFacts, results: list[dict[str, Any]]) -> None:
    """Add the level to every result that is rated."""
    if "risk_points" not in facts.counts:
        return
    table = facts.edition.table("risk_points")
    for layer_id in {result["layer"] for result in results}:
        ids = [result["id"] for result in results if result["layer"] == layer_id]
        levels = dict(row[:2] for row in queries.run(connection, "levels_of", {"layer": layer_id, "ids": ids}, table=table))
        for result in results:
            if result["layer"] == layer_id and result["id"] in levels:
                result["level"] = levels[result["id"]]


def _result(
    layer_id: str | None, feature_id: str | None, label: str | None, sub: str | None, lon: float | None, lat: float | None
) -> dict[str, Any]:
    return {"layer": layer_id, "id": feature_id, "label": label or feature_id, "sub": sub or "", "lon": lon, "lat": lat}


def _escaped(text: str) -> str:
    """A text that LIKE takes literally."""
    return re.sub(r"([\\%_])", r"\\\1", text)
