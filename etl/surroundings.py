"""What the recommended checks of a source may look at besides its own rows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray

from etl.packing import Hashes
from etl.repeats import FirstHolders
from etl.shapes import Shapes
from layers.catalog import Area, Catalog, Check, Layer
from layers.crs import transform_geometry
from layers.tables import GEOMETRY_COLUMN, ensure_register

COLUMNS = ("at", "rule_id", "field", "value", "detail")
SHAPE = "shape_md5"
"""Column of `Surroundings.beside`: MD5 of a geometry, the only part of a multi one, as little-endian WKB."""
LOOKS_BESIDE = {"RC11": SHAPE, "RC13": "geometry", "RC17": None}
"""Checks that compare with the same layer's features of other sources, and what they need of them besides their fields."""


@dataclass(frozen=True)
class Surroundings:
    """What the checks of a source may look at besides its rows.

    `others` holds layer id -> current features in the storage CRS, every field; `beside` the current features of the
    same layer that other sources delivered (``feature_id``, ``source_id`` and what `LOOKS_BESIDE` asks for), None where
    no check asks for them; `holders` what the batches before held; `shapes` are the geometries of
    the rows looked at for which the frame has none, valid points or polygons; `on` is the date up to which the data hold.
    """

    area: Area
    on: date
    others: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    beside: pd.DataFrame | None = None
    holders: dict[str, FirstHolders] = field(default_factory=lambda: defaultdict(FirstHolders))
    shapes: Shapes | None = None

    def held_beside(self, values: pd.Series, name: str) -> pd.Series:
        """Number of the first feature of another source that holds each value of a column of `beside`, else None."""
        if self.beside is None or self.beside.empty:
            return pd.Series(None, index=values.index, dtype=object)
        held = self.beside.dropna(subset=[name]).drop_duplicates(name).set_index(name)["feature_id"]
        return values.map(held).astype(object)

    def first_holders(self, entry: Check, hashes: Hashes, feature_ids: pd.Series) -> pd.Series:
        """Number of the feature of this source that first held what a check compares, None where it is the row's own."""
        key = f"{entry.rule} {','.join(entry.fields)}"
        return self.holders[key].others(hashes, feature_ids)

    def metric(self, geometries: object) -> NDArray[np.object_]:
        """Geometries of the storage CRS in the metric one."""
        return transform_geometry(np.asarray(geometries, dtype=object), self.area.storage_crs, self.area.metric_crs)


def warned(
    rule: str, at: Iterable[int], name: str | None = None, values: Iterable[object] | None = None,
    details: Iterable[object] | None = None,
) -> pd.DataFrame:
    """Warnings as rows: index `at` of the row, rule, field, value as text, detail."""
    rows = list(at)
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.DataFrame({"at": pd.Series(rows, dtype="int64")})
    table["rule_id"], table["field"] = rule, name
    table["value"] = None if values is None else [str(value) for value in values]
    table["detail"] = None if details is None else list(details)
    return table[list(COLUMNS)]


def read_surroundings(
    connection: sa.Connection, catalog: Catalog, area: Area, layer: Layer, source_id: str, checks: list[Check], *, on: date
) -> Surroundings:
    """The surroundings that `checks` of a source of a layer ask for, from the register as it stands."""
    names = sorted({entry.layer for entry in checks if entry.layer})
    others = {name: _features(connection, catalog[name], area) for name in names}
    return Surroundings(area, on, others, _beside(connection, layer, area, source_id, checks))


def _features(connection: sa.Connection, layer: Layer, area: Area) -> gpd.GeoDataFrame:
    """Current placed features of a layer with every field, in key order."""
    table = ensure_register(connection, layer, area.srid)
    names = ["feature_id", *dict.fromkeys(entry.name for entry in layer.fields)]
    columns = [table.c[name] for name in names]
    rows = connection.execute(
        sa.select(*columns, sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]).label("wkb"))
        .where(table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None)).order_by(table.c.feature_id)
    ).all()
    frame = pd.DataFrame([tuple(row)[:-1] for row in rows], columns=names)
    return gpd.GeoDataFrame(frame, geometry=_shapes(row.wkb for row in rows), crs=area.storage_crs)


def _shapes(wkb: Iterable[memoryview]) -> NDArray[np.object_]:
    return np.asarray(shapely.from_wkb(np.array([bytes(one) for one in wkb], dtype=object)))


def _alone(geometry: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The one part of a multi geometry, anything else as it is."""
    has_one = sa.func.ST_NumGeometries(geometry) == 1
    return sa.case((has_one, sa.func.ST_GeometryN(geometry, 1)), else_=geometry)


def _beside(
    connection: sa.Connection, layer: Layer, area: Area, source_id: str, checks: list[Check]
) -> pd.DataFrame | None:
    asking = [entry for entry in checks if entry.rule in LOOKS_BESIDE]
    if not asking:
        return None
    table = ensure_register(connection, layer, area.srid)
    wanted: dict[str, Any] = {name: table.c[name] for entry in asking for name in entry.fields}
    needs = {LOOKS_BESIDE[entry.rule] for entry in asking}
    if SHAPE in needs:
        wanted[SHAPE] = sa.func.md5(sa.func.ST_AsBinary(_alone(table.c[GEOMETRY_COLUMN]), "NDR"))
    if "geometry" in needs:
        wanted["geometry"] = sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN])
    rows = connection.execute(
        sa.select(table.c.feature_id, table.c.source_id, *[column.label(name) for name, column in wanted.items()])
        .where(table.c.to_load.is_(None), table.c.source_id != source_id).order_by(table.c.feature_id)
    ).all()
    frame = pd.DataFrame([tuple(row) for row in rows], columns=["feature_id", "source_id", *wanted])
    if "geometry" in wanted:
        frame["geometry"] = _shapes(frame["geometry"])
    return frame
