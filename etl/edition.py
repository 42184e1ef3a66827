"""Writes an edition: an immutable schema with every layer and every result; a reader sees all of it or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.copy import copy_frame
from etl.edition_links import place_confirmed
from etl.edition_tables import meta_table, raster_table
from etl.provenance import write_provenance
from etl.sql import statement
from layers.catalog import Area, Catalog, Layer
from layers.crs import transform_geometry
from layers.store import REGISTER, edition_schema
from layers.tables import GEOMETRY_COLUMN, columns_of_schema, create_at_once, edition_table, ensure_register, value_columns


def create_edition(connection: sa.Connection, edition: int) -> None:
    """An empty schema for a draft; what an interrupted run left under this number is dropped first."""
    schema = edition_schema(edition)
    connection.execute(sa.schema.DropSchema(schema, cascade=True, if_exists=True))
    connection.execute(sa.schema.CreateSchema(schema))


def fill_loaded_layers(connection: sa.Connection, catalog: Catalog, area: Area, edition: int) -> dict[str, int]:
    """Copy the register's current rows of every loaded layer, with confirmed positions and where all of it comes from.

    Returns rows per layer.
    """
    write_provenance(connection, catalog, area, edition)
    counts = {}
    standing = columns_of_schema(connection, REGISTER)
    for layer in catalog.loaded:
        if layer.has_table:
            register = ensure_register(connection, layer, area.srid, standing=standing)
            table = edition_table(layer, area.srid, schema=edition_schema(edition))
            create_at_once(connection, table)
            filled = connection.execute(
                statement(connection, "edition_fill", edition=table, register=register, columns=value_columns(layer))
            )
            place_confirmed(connection, layer, table, area)
            _index(connection, layer, table)
            counts[layer.id] = int(filled.rowcount)
    return counts


def fill_derived_layer(connection: sa.Connection, layer: Layer, area: Area, edition: int, frame: pd.DataFrame) -> int:
    """Write one result; `frame` is in the metric CRS and has the fields of the layer."""
    table = edition_table(layer, area.srid, schema=edition_schema(edition))
    create_at_once(connection, table)
    stored = pd.DataFrame(frame.drop(columns="geometry", errors="ignore"))
    stored["feature_id"] = stored[layer.key[0]]
    if layer.is_drawn:
        geometry = np.asarray(frame.geometry.to_numpy(), dtype=object)
        stored["geometry"] = _multi(transform_geometry(geometry, area.metric_crs, area.storage_crs), layer)
        stored["positioned"] = np.where(shapely.is_missing(geometry), "unplaced", "derived")
    for name in [entry.name for entry in layer.fields if entry.type == "json" and entry.name in stored]:
        stored[name] = [_json_text(value) for value in stored[name]]
    copy_frame(connection, table, stored, srid=area.srid)
    _index(connection, layer, table)
    return len(stored)


def copy_derived_layer(connection: sa.Connection, layer: Layer, area: Area, edition: int, *, before: int) -> int:
    """Take over a derived layer of an earlier edition, byte for byte."""
    table = edition_table(layer, area.srid, schema=edition_schema(edition))
    earlier = edition_table(layer, area.srid, schema=edition_schema(before))
    create_at_once(connection, table)
    copied = connection.execute(statement(connection, "copy_table", after=table, before=earlier))
    _index(connection, layer, table)
    return int(copied.rowcount)


def _json_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _multi(geometries: "np.ndarray[Any, np.dtype[np.object_]]", layer: Layer) -> "np.ndarray[Any, np.dtype[np.object_]]":
    if layer.geometry != "MultiPolygon":
        return geometries
    result = geometries.copy()
    is_single = shapely.get_type_id(geometries) == 3
    result[is_single] = [shapely.multipolygons([polygon]) for polygon in geometries[is_single]]
    return result


def _index(connection: sa.Connection, layer: Layer, table: sa.Table) -> None:
    if layer.is_drawn:
        sa.Index(f"{table.name}_geom", table.c[GEOMETRY_COLUMN], postgresql_using="gist").create(connection)
    for entry in layer.fields:
        if entry.references or entry.name in ("source_feature_id", "subject_feature_id", "object_feature_id"):
            sa.Index(f"{table.name}_{entry.name}", table.c[entry.name]).create(connection)
    preparer = connection.dialect.identifier_preparer
    connection.execute(sa.DDL("ANALYZE %(table)s", context={"table": preparer.format_table(table)}))


def write_meta(
    connection: sa.Connection, edition: int, meta: Mapping[str, Any], rasters: list[dict[str, Any]], outline: BaseGeometry,
    area: Area,
) -> None:
    """What the edition was made from, its rasters and the outline of the area."""
    table, files = meta_table(edition), raster_table(edition)
    table.create(connection)
    files.create(connection)
    connection.execute(sa.insert(table), [{"key": key, "value": _plain(value)} for key, value in meta.items()])
    if rasters:
        connection.execute(sa.insert(files), rasters)
    boundary = sa.Table("boundary", sa.MetaData(), schema=edition_schema(edition))
    connection.execute(
        statement(connection, "edition_boundary", boundary=boundary), {"wkb": shapely.to_wkb(outline), "srid": area.srid}
    )


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, ensure_ascii=False, default=str))


def keep_raster(home: Path, content: bytes, sha256: str) -> str:
    """Write a raster under its hash; returns its path below the home folder."""
    target = home / "rasters" / f"{sha256}.tif"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        part = target.with_suffix(".part")
        part.write_bytes(content)
        part.replace(target)
    return str(target.relative_to(home))
