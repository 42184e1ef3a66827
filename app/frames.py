"""An edition's features as frames in the metric CRS, the form in which scoring and sheets take them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from layers.catalog import Catalog, Layer

PANDAS_TYPES = {"integer": "Int64", "boolean": "boolean"}
Bounds = tuple[float, float, float, float]
MOST_REMEMBERED = 200_000
"""Features of a layer that are kept in memory; of a larger layer only what is near is read, each time."""
LAYERS_REMEMBERED = 60
SHORTEST_PIECE_M = 500.0
SIMPLER_BY_M = 20.0
BEND_M = 10.0


class FrameMemory:
    """Reads frames of an edition, and keeps whole layers that are not too large: an edition never changes."""

    def __init__(self, catalog: Catalog, *, most_features: int = MOST_REMEMBERED) -> None:
        self._catalog = catalog
        self._most_features = most_features
        self._whole: OrderedDict[tuple[object, str], pd.DataFrame] = OrderedDict()
        self._lock = threading.Lock()

    def within(
        self, connection: sa.Connection, facts: EditionFacts, layer_ids: Iterable[str], boxes_m: Sequence[Bounds]
    ) -> dict[str, pd.DataFrame]:
        """One frame a layer: features whose box meets one of some boxes, and all rows of layers without geometry.

        Parameters
        ----------
        boxes_m : west, south, east, north in metres of the metric CRS, each

        Returns
        -------
        dict
            Columns ``feature_id``, the fields, ``accuracy_m`` and ``geometry`` in the metric CRS, in the order of
            `feature_id`; features without a position and layers that the edition does not have are left out.
        """
        present = [self._catalog[layer_id] for layer_id in layer_ids if layer_id in facts.counts]
        return {layer.id: self._frame(connection, facts, layer, boxes_m) for layer in present}

    def everything(
        self, connection: sa.Connection, facts: EditionFacts, layer_ids: Iterable[str]
    ) -> dict[str, pd.DataFrame]:
        """Every feature of some layers, with or without a position; read each time. Layers the edition lacks are empty."""
        frames = {}
        for layer in [self._catalog[layer_id] for layer_id in layer_ids]:
            if layer.id not in facts.counts:
                frames[layer.id] = _nothing(layer, facts)
            else:
                frames[layer.id] = _read(connection, facts, layer, "all_features" if layer.is_drawn else "features", {})
        return frames

    def is_large(self, facts: EditionFacts, layer_id: str) -> bool:
        """Whether a layer is too large to be held in memory."""
        return facts.counts[layer_id][0] > self._most_features and self._catalog[layer_id].is_drawn

    def whole(self, connection: sa.Connection, facts: EditionFacts, layer_ids: Iterable[str]) -> dict[str, pd.DataFrame]:
        """All features with a position of those layers of the edition that are held in memory; nobody may change the frames."""
        held = [self._catalog[layer_id] for layer_id in layer_ids if layer_id in facts.counts and not self.is_large(facts, layer_id)]
        return {layer.id: self._remembered(connection, facts, layer) for layer in held}

    def _frame(
        self, connection: sa.Connection, facts: EditionFacts, layer: Layer, boxes_m: Sequence[Bounds]
    ) -> pd.DataFrame:
        if self.is_large(facts, layer.id):
            return _read(connection, facts, layer, "features_in_boxes", boxes_in_degrees(facts, boxes_m))
        whole = self._remembered(connection, facts, layer)
        if not isinstance(whole, gpd.GeoDataFrame):
            return whole.copy(deep=False)
        boxes = shapely.box(*np.array(boxes_m, dtype=float).T)
        chosen = np.unique(whole.sindex.query(boxes)[1])
        return whole.copy(deep=False) if len(chosen) == len(whole) else whole.iloc[chosen]

    def _remembered(self, connection: sa.Connection, facts: EditionFacts, layer: Layer) -> pd.DataFrame:
        key = (facts.edition, layer.id)
        with self._lock:
            whole = self._whole.get(key)
        if whole is None:
            whole = _read(connection, facts, layer, "placed_features" if layer.is_drawn else "features", {})
            if isinstance(whole, gpd.GeoDataFrame):
                whole.sindex  # noqa: B018 (made here, once)
        with self._lock:
            self._whole[key] = whole
            self._whole.move_to_end(key)
            while len(self._whole) > LAYERS_REMEMBERED:
                self._whole.popitem(last=False)
        return whole


def boxes_in_degrees(facts: EditionFacts, boxes_m: Sequence[Bounds]) -> dict[str, list[float]]:
    """Boxes of the storage CRS that hold boxes of the metric CRS, bent edges included; by the name of the edge.

    They are a little larger: a long edge of a feature, straight in one CRS, bends in the other.
    """
    outlines = shapely.box(*(np.array(boxes_m, dtype=float) + (-BEND_M, -BEND_M, BEND_M, BEND_M)).T)
    longest_m = max(max(box[2] - box[0], box[3] - box[1]) for box in boxes_m)
    bounds = shapely.bounds(facts.in_degrees(shapely.segmentize(outlines, max(longest_m / 8, 1.0))))
    return dict(zip(("west", "south", "east", "north"), bounds.T.tolist(), strict=True))


def boxes_along(line: shapely.Geometry, reach_m: float) -> list[Bounds]:
    """Boxes that together hold everything within a reach of a line (metric CRS), none much longer than the reach."""
    simple = shapely.simplify(line, SIMPLER_BY_M, preserve_topology=False)
    parts = shapely.segmentize(shapely.get_parts(simple), max(reach_m, SHORTEST_PIECE_M))
    xy = shapely.get_coordinates(parts)
    reach_m += SIMPLER_BY_M
    ends = np.cumsum(shapely.get_num_coordinates(parts))[:-1]
    joined = np.ones(len(xy) - 1, bool)
    joined[ends - 1] = False
    low, high = np.minimum(xy[:-1], xy[1:])[joined] - reach_m, np.maximum(xy[:-1], xy[1:])[joined] + reach_m
    return [tuple(box) for box in np.hstack([low, high]).tolist()]


def _read(
    connection: sa.Connection, facts: EditionFacts, layer: Layer, query: str, parameters: dict[str, Any]
) -> pd.DataFrame:
    names = ["feature_id", *[field.name for field in facts.held_fields(layer)], "accuracy_m"]
    rows = queries.run(
        connection,
        query,
        parameters | {"srid": facts.srid},
        table=facts.edition.table(layer.id),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
    ).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * (len(names) + layer.is_drawn)
    given = dict(zip(names, columns, strict=False))
    nothing = (None,) * len(rows)
    wanted = ["feature_id", *[field.name for field in layer.fields], "accuracy_m"]
    values = {name: _typed(given.get(name, nothing), layer, name) for name in wanted}
    if not layer.is_drawn:
        return pd.DataFrame(values)
    wkb = np.fromiter((None if value is None else bytes(value) for value in columns[-1]), dtype=object, count=len(rows))
    geometry = facts.in_metres(np.asarray(shapely.from_wkb(wkb), dtype=object))
    return gpd.GeoDataFrame(values, geometry=geometry, crs=facts.metric_crs)


def _nothing(layer: Layer, facts: EditionFacts) -> pd.DataFrame:
    """A frame of a layer without a row."""
    values = {name: _typed((), layer, name) for name in ["feature_id", *[field.name for field in layer.fields], "accuracy_m"]}
    return gpd.GeoDataFrame(values, geometry=[], crs=facts.metric_crs) if layer.is_drawn else pd.DataFrame(values)


def _typed(column: tuple[Any, ...], layer: Layer, name: str) -> Any:
    """A column in the type that its field has in every frame; None is NaN in a number, NA in the others."""
    kinds = {"feature_id": "text", "accuracy_m": "number"}
    kind = kinds.get(name) or layer.field(name).type
    if kind in PANDAS_TYPES:
        return pd.array(list(column), dtype=PANDAS_TYPES[kind])
    if kind == "number":
        return np.array(column, dtype=float)
    return pd.Series(np.fromiter(column, dtype=object, count=len(column)), dtype=object)
