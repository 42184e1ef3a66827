"""Which pages an atlas has: one a town, or one a row that was ticked in a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from app.errors import RequestError
from app.export.atlas import AtlasPage
from app.texts import Text
from layers.catalog import Catalog, Layer

MOST_TOWNS = 500
MOST_ROWS = 200
AROUND_M = 1000.0
"""The page of a row shows at least so much on every side of its middle."""
LONGEST_ID = 200

Frames = Callable[[str], pd.DataFrame | None]


def chosen_towns(frame: pd.DataFrame | None, wanted: Any) -> list[AtlasPage]:
    """The towns of some names or codes in the order asked for, or all of them by code; raises `RequestError`."""
    if frame is None or not len(frame):
        raise RequestError("towns", Text("本版次没有乡镇界,不能分幅"))
    rows = frame.sort_values("town_code")
    by_word = {word: row for row in rows.itertuples() for word in (row.town_code, row.name)}
    if wanted is None:
        chosen = list(rows.itertuples())
    elif not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_TOWNS:
        raise RequestError("towns", Text("应为乡镇名称的列表"))
    else:
        missing = [str(word) for word in wanted if not isinstance(word, str) or word not in by_word]
        if missing:
            raise RequestError("towns", Text("没有乡镇 {missing}", missing=missing[0]))
        chosen = [by_word[word] for word in dict.fromkeys(wanted)]
    return [AtlasPage(row.name, row.geometry, _whole(row.n_persons)) for row in chosen]


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def atlas_pages(catalog: Catalog, request: dict[str, Any], frame_of: Frames) -> list[AtlasPage]:
    """The pages that a request's body asks for (``towns`` or ``rows``); raises `RequestError` for what cannot be.

    `frame_of` gives a layer's features in the metric CRS, None for a layer that the edition does not have.
    """
    if request.get("rows") is None:
        return chosen_towns(frame_of("towns"), request.get("towns"))
    if request.get("towns") is not None:
        raise RequestError("rows", Text("rows 与 towns 只能给一个"))
    return chosen_rows(catalog, request["rows"], frame_of)


def chosen_rows(catalog: Catalog, wanted: Any, frame_of: Frames) -> list[AtlasPage]:
    """A page for each feature that ``{"layer": id, "ids": [...]}`` names, in that order; raises `RequestError`."""
    if not isinstance(wanted, dict) or set(wanted) != {"layer", "ids"} or not isinstance(wanted["ids"], list):
        raise RequestError("rows", Text('应写作 {"layer": 图层, "ids": [编号]}'))
    ids = list(dict.fromkeys(wanted["ids"]))
    if not 0 < len(ids) <= MOST_ROWS or not all(isinstance(entry, str) and len(entry) <= LONGEST_ID for entry in ids):
        raise RequestError("rows", Text("一次可选 1 至 {most} 行", most=MOST_ROWS))
    layer = next((layer for layer in catalog if layer.id == wanted["layer"] and layer.is_drawn), None)
    frame = frame_of(layer.id) if layer else None
    if layer is None or not isinstance(frame, gpd.GeoDataFrame):
        raise RequestError("rows", Text("没有图层 {layer}", layer=wanted["layer"]))
    found = {str(row.feature_id): row for row in frame[frame["feature_id"].astype(str).isin(ids)].itertuples()}
    missing = [entry for entry in ids if entry not in found]
    if missing:
        raise RequestError("rows", Text("{missing} 没有位置或不存在", missing=missing[0]))
    return [_page(layer, found[entry]) for entry in ids]


def _page(layer: Layer, row: Any) -> AtlasPage:
    west, south, east, north = shapely.bounds(row.geometry)
    x, y = (west + east) / 2, (south + north) / 2
    half_x, half_y = max(AROUND_M, (east - west) / 2), max(AROUND_M, (north - south) / 2)
    name = getattr(row, layer.label, None) if layer.label else None
    around = shapely.box(x - half_x, y - half_y, x + half_x, y + half_y)
    return AtlasPage(str(row.feature_id) if name is None or pd.isna(name) else str(name), around, mark=row.geometry)
