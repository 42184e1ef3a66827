"""The filters of the screen on paper: a sheet draws what they leave and says which they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

import geopandas as gpd
import sqlalchemy as sa

from app import styles
from app.attribute_table import MOST_IDS, AttributeTable, Rows
from app.editions import EditionFacts
from app.errors import RequestError
from app.row_filters import CLASS, RowFilter, read_filters
from app.texts import SEPARATOR, Text
from layers.catalog import Catalog, Layer

SOURCE_LAYER, SOURCE_ID = "source_layer", "source_feature_id"


def filtered(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, frames: Mapping[str, gpd.GeoDataFrame], text: str
) -> dict[str, gpd.GeoDataFrame]:
    """Frames by layer with the rows that the filters of an address (``flt``) leave, as the map draws them.

    A rating is drawn in place of its source: a filter that leaves the source out leaves the rating out. Raises `RequestError`
    for a filter that cannot be read, of a layer that there is not, or one that leaves more than can be told apart.
    """
    kept = {layer_id: _ids(connection, facts, catalog, layer_id, of_layer) for layer_id, of_layer in by_layer(catalog, text).items()}
    return {layer_id: _left(layer_id, frame, kept) for layer_id, frame in frames.items()}


def by_layer(catalog: Catalog, text: str) -> dict[str, list[RowFilter]]:
    """The filters of an address by layer; raises `RequestError`."""
    found: dict[str, list[RowFilter]] = {}
    for entry in read_filters(text):
        if entry.layer not in catalog or not catalog[entry.layer].is_drawn:
            raise RequestError("flt", Text("没有图层 {layer}", layer=entry.layer))
        found.setdefault(entry.layer, []).append(entry)
    return found


def _ids(connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer_id: str, filters: list[RowFilter]) -> frozenset[str]:
    if layer_id not in facts.columns:
        return frozenset()
    ids = AttributeTable(connection, facts, catalog, catalog[layer_id]).ids(replace(Rows(), filters=filters))
    if len(ids) >= MOST_IDS:
        raise RequestError("flt", Text("筛选结果超过 {most} 个,请再加条件", most=MOST_IDS))
    return frozenset(ids)


def _left(layer_id: str, frame: gpd.GeoDataFrame, kept: Mapping[str, frozenset[str]]) -> gpd.GeoDataFrame:
    if layer_id in kept:
        frame = frame[frame["feature_id"].isin(kept[layer_id])]
    if {SOURCE_LAYER, SOURCE_ID} <= set(frame.columns):
        for source, ids in kept.items():
            if source != layer_id:
                frame = frame[(frame[SOURCE_LAYER] != source) | frame[SOURCE_ID].isin(ids)]
    return frame


def filter_words(catalog: Catalog, text: str, lang: str) -> str:
    """The filters as a sheet says them: layer, field and values by their titles; empty where there is none."""
    parts = [
        f"{_title(catalog[layer_id], lang)} " + SEPARATOR[lang].join(_words(catalog[layer_id], entry, lang) for entry in of_layer)
        for layer_id, of_layer in by_layer(catalog, text).items()
    ]
    return "; ".join(parts)


def _title(entry: object, lang: str) -> str:
    return str(getattr(entry, f"title_{lang}"))


def _words(layer: Layer, entry: RowFilter, lang: str) -> str:
    values = [unquote(value) for value in entry.spec.split(",")]
    if entry.field == CLASS:
        classes = styles.legend(layer)
        chosen = [classes[int(value) - 1][f"label_{lang}"] for value in values if value.isdigit() and 0 < int(value) <= len(classes)]
        return "/".join(chosen)
    held = next((field for field in layer.fields if field.name == entry.field), None)
    if held is None:
        return f"{entry.field}={'/'.join(values)}"
    words = {code.code: getattr(code, lang) for code in held.codes}
    return f"{_title(held, lang)}={'/'.join(words.get(value, value) for value in values)}"
