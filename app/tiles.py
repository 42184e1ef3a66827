"""Vector tiles: made by PostGIS from the catalog's declarations.

The folder that tiles are kept in is named for all that shapes them (the edition, the layer's declaration, the
statements), so that a change of these starts afresh.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import Edition, EditionFacts
from app.errors import RequestError
from app.texts import Text
from app.tile_store import EMPTY, Tile
from layers.catalog import Field, Layer

LARGEST_ZOOM = 18
LARGEST_TILE_BYTES = 500_000
WEB_WORLD_M = 40_075_016.685578488
"""Width of the world in EPSG:3857, metres at the equator."""
TILE_PX = 512
MARGIN = 64 / 4096
EVERY_FEATURE = 1_000_000
LEVEL_RANK = "coalesce(array_position(ARRAY['red', 'orange', 'yellow', 'blue'], level), 5)"
CLUSTERS = "_clusters"
CLUSTERS_A_SIDE = 8
"""Squares along the side of a tile whose features are one cluster: 64 pixels wide at a whole zoom."""
CLUSTER_CLEAR = 8 / 64
"""Share of a square that a cluster may stand away from its middle: the largest disc and its letter are 48 pixels wide."""
CLUSTER_PUSHED = 16 / 64
"""Share of a square that a cluster may stand away from its mean; pushed further by another, the smaller of the two joins the larger."""
TEXT_TYPES = ("date", "timestamp", "json")


@dataclass(frozen=True)
class TileAddress:
    """Zoom, column and row of a tile, row 0 in the north."""

    z: int
    x: int
    y: int

    @property
    def pixel_m(self) -> float:
        """Width of a pixel of the map in metres of EPSG:3857."""
        return WEB_WORLD_M / 2**self.z / TILE_PX


def tile_address(z: int, x: int, y: int) -> TileAddress:
    """The address, if there is such a tile; raises `RequestError` otherwise."""
    if not 0 <= z <= LARGEST_ZOOM:
        raise RequestError("z", Text("应在 0 至 {most} 之间", most=LARGEST_ZOOM))
    for name, value in (("x", x), ("y", y)):
        if not 0 <= value < 2**z:
            raise RequestError(name, Text("应在 0 至 {most} 之间", most=2 ** z - 1))
    return TileAddress(z, x, y)


def may_hold(facts: EditionFacts, layer: Layer, address: TileAddress) -> bool:
    """Whether a tile of a drawn layer can hold anything; asks no database."""
    if address.z < layer.min_zoom or layer.id not in facts.counts:
        return False
    cover = facts.covers.get(layer.id)
    return cover is None or cover.holds(address.z, address.x, address.y)


def make_tile(
    connection: sa.Connection,
    facts: EditionFacts,
    layer: Layer,
    address: TileAddress,
    *,
    largest_bytes: int = LARGEST_TILE_BYTES,
) -> Tile:
    """A tile of a drawn layer; of one that grows too large the least serious, smallest features are left out."""
    if not may_hold(facts, layer, address):
        return EMPTY
    content, n_features = query_tile(connection, facts, layer, address, EVERY_FEATURE)
    while len(content) > largest_bytes and n_features > 1:
        n_most = int(n_features * min(0.9 * largest_bytes / len(content), 0.9))
        content, n_features = query_tile(connection, facts, layer, address, max(n_most, 1))
    return Tile.of(content if n_features else b"")


def query_tile(
    connection: sa.Connection, facts: EditionFacts, layer: Layer, address: TileAddress, n_most: int
) -> tuple[bytes, int]:
    """Bytes of a tile and the number of its features, as the database gives them."""
    values = {
        "z": address.z, "x": address.x, "y": address.y, "margin": MARGIN, "srid": facts.srid,
        "pixel_m": address.pixel_m, "layer": layer.id, "n_most": n_most, "keeps_small": layer.cluster_zoom > 0,
    }  # fmt: skip
    is_merged = address.z <= layer.merge_zoom and "towns" in facts.counts
    names = _merged_names(facts, layer) if is_merged else _feature_names(facts, layer)
    statement = "merged_tile" if is_merged else "tile"
    row = queries.run(connection, statement, values, table=facts.edition.table(layer.id), **names).one()
    return bytes(row.tile) + _clusters(connection, facts, layer, address), int(row.n_features)


def _clusters(connection: sa.Connection, facts: EditionFacts, layer: Layer, address: TileAddress) -> bytes:
    """A second layer of a tile, `<layer>_clusters`: counts of what is not drawn singly yet, empty where everything is."""
    if address.z > layer.cluster_zoom:
        return b""
    singly = [level for level, zoom in layer.singly_from_zoom.items() if zoom <= address.z]
    values = {
        "z": address.z, "x": address.x, "y": address.y, "srid": facts.srid, "layer": f"{layer.id}{CLUSTERS}",
        "cells": CLUSTERS_A_SIDE, "clear": CLUSTER_CLEAR, "pushed": CLUSTER_PUSHED, "singly": singly,
    }  # fmt: skip
    row = queries.run(connection, "cluster_tile", values, table=facts.edition.table(layer.id), rank=sql.SQL(LEVEL_RANK)).one()
    return bytes(row.tile)


def _feature_names(facts: EditionFacts, layer: Layer) -> dict[str, sql.Composable]:
    fields = [entry for entry in facts.held_fields(layer) if entry.tile]
    names = [sql.Identifier("id"), *[sql.Identifier(entry.name) for entry in fields]]
    columns = [sql.SQL("feature_id AS id"), *[_column(entry) for entry in fields]]
    return {
        "columns": sql.SQL(", ").join(columns),
        "names": sql.SQL(", ").join(names),
        "rank": sql.SQL(LEVEL_RANK if _has_levels(layer) else "2"),
    }


def _merged_names(facts: EditionFacts, layer: Layer) -> dict[str, sql.Composable]:
    return {
        "towns": facts.edition.table("towns"),
        "by": sql.SQL(", ").join(map(sql.Identifier, layer.merge_by)),
        "rank": sql.SQL(LEVEL_RANK if _has_levels(layer) else "2"),
    }


def _has_levels(layer: Layer) -> bool:
    return any(entry.name == "level" for entry in layer.fields)


def _column(entry: Field) -> sql.Composable:
    name = sql.Identifier(entry.name)
    return sql.SQL("{0}::text AS {0}").format(name) if entry.type in TEXT_TYPES else name


def recipe(edition: Edition, layer: Layer) -> str:
    """Names all that shapes the tiles of a layer, in sixteen letters."""
    statements = (queries.text("tile"), queries.text("merged_tile"), queries.text("cluster_tile"))
    shapes = repr((edition.number, edition.created_at, layer, statements, LARGEST_TILE_BYTES, CLUSTERS_A_SIDE, CLUSTER_CLEAR, CLUSTER_PUSHED))
    return hashlib.sha256(shapes.encode()).hexdigest()[:16]


def tile_key(facts: EditionFacts, layer: Layer, address: TileAddress) -> str:
    """Where a tile is kept, below the store's folder."""
    folder = facts.tile_folders.get(layer.id)
    if folder is None:
        edition = facts.edition
        folder = f"{edition.number}/{recipe(edition, layer)}/{edition.view}/{layer.id}"
        facts.tile_folders[layer.id] = folder
    return f"{folder}/{address.z}/{address.x}/{address.y}.mvt"
