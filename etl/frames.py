"""The layers of an edition as frames in the area's metric CRS: what the scoring functions take."""

from __future__ import annotations

from functools import cache
from typing import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from layers.catalog import Area, Catalog, Field, Layer
from layers.crs import transform_geometry
from layers.store import edition_schema
from layers.tables import GEOMETRY_COLUMN, ColumnTypes, columns_of_schema, edition_table

PANDAS_TYPES = {"integer": "Int64", "number": "float64", "boolean": "boolean"}


def frame_reader(
    connection: sa.Connection, catalog: Catalog, area: Area, edition: int
) -> Callable[[str], gpd.GeoDataFrame]:
    """A function from layer id to the frame of an edition, in the order of `feature_id` so that sums run in key order.

    Each layer is read once, when it is first asked for. Layers and fields that an older edition does not have are empty.
    """
    schema = edition_schema(edition)

    @cache
    def present() -> dict[str, ColumnTypes]:
        return columns_of_schema(connection, schema)

    @cache
    def read(layer_id: str) -> gpd.GeoDataFrame:
        layer = catalog[layer_id]
        return _frame(connection, layer, area, edition_table(layer, area.srid, schema=schema), present().get(layer_id, {}))

    return read


def _frame(connection: sa.Connection, layer: Layer, area: Area, table: sa.Table, present: ColumnTypes) -> gpd.GeoDataFrame:
    """A layer's frame; `present` are the columns that its table really has, none where there is no table."""
    wanted = [table.c.feature_id, *(table.c[entry.name] for entry in layer.fields), table.c.accuracy_m]
    columns = [column if column.name in present else sa.null().label(column.name) for column in wanted]
    if layer.is_drawn and present:
        columns.append(sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]).label(GEOMETRY_COLUMN))
    elif layer.is_drawn:
        columns.append(sa.null().label(GEOMETRY_COLUMN))
    query = sa.select(*columns).order_by(sa.collate(table.c.feature_id, "C")) if present else sa.select(*columns).where(sa.false())
    rows = connection.execute(query).all()
    names = [column.key or column.name for column in columns]
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    frame = pd.DataFrame({name: list(given) for name, given in zip(names, values, strict=True)}, dtype=object)
    for entry in layer.fields:
        frame[entry.name] = _typed(frame[entry.name], entry)
    frame["accuracy_m"] = frame["accuracy_m"].astype("float64")
    if not layer.is_drawn:
        return frame
    geometry = _geometries(frame.pop(GEOMETRY_COLUMN))
    return gpd.GeoDataFrame(frame, geometry=transform_geometry(geometry, area.storage_crs, area.metric_crs), crs=area.metric_crs)


def _typed(values: pd.Series, entry: Field) -> pd.Series:
    return values.astype(PANDAS_TYPES[entry.type]) if entry.type in PANDAS_TYPES else values


def _geometries(values: pd.Series) -> "np.ndarray[object, np.dtype[np.object_]]":
    wkb = np.array([None if value is None else bytes(value) for value in values], dtype=object)
    return np.asarray(shapely.from_wkb(wkb), dtype=object)
