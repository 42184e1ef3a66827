"""Every doubt about the accepted rows of a source: the layer's checks, and rows another source held first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from etl.ledger import Loading
from etl.manifest import Manifest
from etl.plausibility import checks_of, needs_objects, warnings_of
from etl.shapes import Shapes
from etl.surroundings import read_surroundings, warned
from layers.catalog import Area, Layer
from layers.crs import transform_geometry
from layers.tables import GEOMETRY_COLUMN, register_table

HELD_ELSEWHERE = "RC16"


class Doubter:
    """Finds the doubts about the accepted rows of one source, batch by batch."""

    def __init__(self, connection: sa.Connection, loading: Loading, manifest: Manifest, layer: Layer) -> None:
        self._loading, self._manifest, self._layer = loading, manifest, layer
        self._around = read_surroundings(
            connection, loading.catalog, loading.area, layer, manifest.id, checks_of(layer, loading.area),
            on=loading.delivery.as_of or date.today(),
        )
        self._has_others = _has_others(connection, register_table(layer, loading.area.srid), manifest.id)

    @property
    def needs_objects(self) -> bool:
        """Whether geometries must be objects: a check asks more of them than their bytes tell, or other sources' are beside them."""
        return self._has_others or needs_objects(self._layer, self._loading.area)

    def doubts(self, accepted: pd.DataFrame, shapes: Shapes | None = None) -> pd.DataFrame:
        """Warnings about a batch: ``at``, ``rule_id``, ``field``, ``value``, ``detail``; in row order."""
        return warnings_of(accepted, self._layer, replace(self._around, shapes=shapes))

    def with_held_elsewhere(self, connection: sa.Connection, accepted: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
        """The warnings found about a batch, and those about rows whose number another source holds."""
        if not self._has_others or accepted.empty:
            return found
        more = held_elsewhere(connection, self._loading, self._manifest, self._layer, accepted)
        return pd.concat([found, more], ignore_index=True).sort_values(["at", "rule_id"], kind="stable", ignore_index=True)


def _has_others(connection: sa.Connection, table: sa.Table, source_id: str) -> bool:
    """Whether another source has current features in a layer; its table must be there."""
    others = sa.select(table.c.row_id).where(table.c.to_load.is_(None), table.c.source_id != source_id)
    return bool(connection.execute(sa.select(sa.exists(others))).scalar_one())


def held_elsewhere(
    connection: sa.Connection, loading: Loading, manifest: Manifest, layer: Layer, accepted: pd.DataFrame
) -> pd.DataFrame:
    """Rows whose number another source delivered first, with a value that the register therefore does not show.

    The first source's feature stays as it is: a value that differs from it, or that it lacks, would be lost unseen.
    """
    held = _held(connection, register_table(layer, loading.area.srid), layer, manifest.id, list(accepted["feature_id"]))
    at, names, values, details = [], [], [], []
    for row in accepted[accepted["feature_id"].isin(held)].to_dict("index").items():
        other = held[str(row[1]["feature_id"])]
        lost = _lost(row[1], other, layer, loading.area, manifest.moved_m)
        if lost:
            at.append(row[0])
            names.append(",".join(lost))
            values.append("; ".join(own for own, _ in lost.values()))
            details.append(f"{other['source_id']}: {'; '.join(kept or '-' for _, kept in lost.values())}")
    found = warned(HELD_ELSEWHERE, at, None, values, details)
    return found.assign(field=names) if at else found


def _held(
    connection: sa.Connection, table: sa.Table, layer: Layer, source_id: str, feature_ids: list[str]
) -> dict[str, sa.RowMapping]:
    """Current features of other sources under the numbers given, by number."""
    columns = [table.c.feature_id, table.c.source_id, *(table.c[entry.name] for entry in layer.fields)]
    if layer.is_drawn:
        columns.append(sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]).label(GEOMETRY_COLUMN))
    rows = connection.execute(
        sa.select(*columns).where(
            table.c.to_load.is_(None), table.c.source_id != source_id,
            table.c.feature_id == sa.any_(sa.bindparam("ids", feature_ids, sa.ARRAY(sa.Text()))),
        )
    ).mappings()
    return {str(row["feature_id"]): row for row in rows}


def _lost(
    own: dict[Any, Any], other: sa.RowMapping, layer: Layer, area: Area, moved_m: float
) -> dict[str, tuple[str, str | None]]:
    """Field -> own value and the one that the register keeps, where the own one is neither empty nor the same."""
    lost = {}
    for entry in layer.fields:
        mine, kept = _plain(own[entry.name], entry.type), _plain(other[entry.name], entry.type)
        if mine is not None and mine != kept and entry.type != "json":
            lost[entry.name] = (mine, kept)
    if layer.is_drawn and own["geometry"] is not None:
        apart_m = _apart_m(own["geometry"], other[GEOMETRY_COLUMN], area)
        if apart_m is None or apart_m > moved_m:
            lost["geometry"] = (shapely.to_wkt(shapely.centroid(own["geometry"]), rounding_precision=6), apart_m and f"{apart_m:.0f} m")
    return lost


def _plain(value: Any, kind: str) -> str | None:
    """A value as text that is equal for equal values, however frame and database hold them."""
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return None
    if kind == "number":
        return f"{float(value):.12g}"
    if kind == "date":
        return str(pd.Timestamp(value).date())
    if kind == "timestamp":
        return pd.Timestamp(value).tz_localize(None).isoformat()
    return str(value)


def _apart_m(own: shapely.Geometry, kept: memoryview | None, area: Area) -> float | None:
    if kept is None:
        return None
    pair = np.array([own, shapely.from_wkb(bytes(kept))], dtype=object)
    return float(shapely.distance(*shapely.centroid(transform_geometry(pair, area.storage_crs, area.metric_crs))))
