"""Vector tiles: made by PostGIS from the catalog's declarations, kept in memory and on disk.

A tile of an edition never changes, so what is kept is never out of date; its folder is named for all that
shapes it (the edition, the layer's declaration, the statement), so that a change of these starts afresh.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import Edition, EditionFacts
from app.errors import RequestError
from layers.catalog import Field, Layer

LARGEST_ZOOM = 18
LARGEST_TILE_BYTES = 500_000
WEB_WORLD_M = 40_075_016.685578488
"""Width of the world in EPSG:3857, metres at the equator."""
TILE_PX = 512
MARGIN = 64 / 4096
EVERY_FEATURE = 1_000_000
LEVEL_RANK = "coalesce(array_position(ARRAY['red', 'orange', 'yellow', 'blue'], level), 5)"
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


@dataclass(frozen=True)
class Tile:
    """Bytes of a tile, none for an empty one, and their strong ETag."""

    content: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> Tile:
        return cls(content, hashlib.sha256(content).hexdigest()[:32])


EMPTY = Tile.of(b"")


def tile_address(z: int, x: int, y: int) -> TileAddress:
    """The address, if there is such a tile; raises `RequestError` otherwise."""
    if not 0 <= z <= LARGEST_ZOOM:
        raise RequestError("z", f"应在 0 至 {LARGEST_ZOOM} 之间", f"must be between 0 and {LARGEST_ZOOM}")
    for name, value in (("x", x), ("y", y)):
        if not 0 <= value < 2**z:
            raise RequestError(name, f"应在 0 至 {2**z - 1} 之间", f"must be between 0 and {2**z - 1}")
    return TileAddress(z, x, y)


def make_tile(
    connection: sa.Connection,
    facts: EditionFacts,
    layer: Layer,
    address: TileAddress,
    *,
    largest_bytes: int = LARGEST_TILE_BYTES,
) -> Tile:
    """A tile of a drawn layer; of one that grows too large the smallest features are left out."""
    if address.z < layer.min_zoom or layer.id not in facts.counts:
        return EMPTY
    content, n_features = _query(connection, facts, layer, address, EVERY_FEATURE)
    while len(content) > largest_bytes and n_features > 1:
        n_most = int(n_features * min(0.9 * largest_bytes / len(content), 0.9))
        content, n_features = _query(connection, facts, layer, address, max(n_most, 1))
    return Tile.of(content if n_features else b"")


def _query(
    connection: sa.Connection, facts: EditionFacts, layer: Layer, address: TileAddress, n_most: int
) -> tuple[bytes, int]:
    fields = [entry for entry in facts.held_fields(layer) if entry.tile]
    names = [sql.Identifier("id"), *[sql.Identifier(entry.name) for entry in fields]]
    columns = [sql.SQL("feature_id AS id"), *[_column(entry) for entry in fields]]
    row = queries.run(
        connection,
        "tile",
        {
            "z": address.z, "x": address.x, "y": address.y, "margin": MARGIN, "srid": facts.srid,
            "pixel_m": address.pixel_m, "layer": layer.id, "n_most": n_most,
        },
        table=facts.edition.table(layer.id),
        columns=sql.SQL(", ").join(columns),
        names=sql.SQL(", ").join(names),
        rank=sql.SQL(LEVEL_RANK if _has_levels(layer) else "2"),
    ).one()  # fmt: skip
    return bytes(row.tile), int(row.n_features)


def _has_levels(layer: Layer) -> bool:
    return any(entry.name == "level" for entry in layer.fields)


def _column(entry: Field) -> sql.Composable:
    name = sql.Identifier(entry.name)
    return sql.SQL("{0}::text AS {0}").format(name) if entry.type in TEXT_TYPES else name


def recipe(edition: Edition, layer: Layer) -> str:
    """Names all that shapes the tiles of a layer, in sixteen letters."""
    shapes = repr((edition, layer, queries.text("tile"), LARGEST_TILE_BYTES))
    return hashlib.sha256(shapes.encode()).hexdigest()[:16]


class TileStore:
    """Keeps tiles in memory (bounded, those used of late) and on disk; makes each missing one once."""

    def __init__(self, folder: Path, *, memory_bytes: int) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._kept_bytes = 0
        self._kept: OrderedDict[str, Tile] = OrderedDict()
        self._lock = threading.Lock()
        self._at_work: dict[str, threading.Lock] = {}
        self.n_hits = self.n_from_disk = self.n_made = 0

    def get(self, key: str, make: Callable[[], Tile]) -> Tile:
        """The tile of a key: from memory, from disk, or made; simultaneous misses wait for one maker.

        Parameters
        ----------
        key : str
            Path of the tile below the store's folder, without ending; built from checked parts alone.
        make : callable
            Makes the tile; what it raises reaches the caller, and the next one tries again.
        """
        if (tile := self._from_memory(key)) is not None:
            return tile
        with self._alone(key):
            if (tile := self._from_memory(key)) is not None:
                return tile
            tile = self._from_disk(key)
            if tile is None:
                tile = make()
                self.n_made += 1
                self._to_disk(key, tile)
            self._to_memory(key, tile)
            return tile

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._at_work.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                if not lock.locked():
                    self._at_work.pop(key, None)

    def _from_memory(self, key: str) -> Tile | None:
        with self._lock:
            tile = self._kept.get(key)
            if tile is not None:
                self._kept.move_to_end(key)
                self.n_hits += 1
            return tile

    def _to_memory(self, key: str, tile: Tile) -> None:
        with self._lock:
            self._kept[key] = tile
            self._kept_bytes += _weight(key, tile)
            while self._kept_bytes > self._memory_bytes:
                old_key, old = self._kept.popitem(last=False)
                self._kept_bytes -= _weight(old_key, old)

    def _from_disk(self, key: str) -> Tile | None:
        try:
            content = self._path(key).read_bytes()
        except OSError:
            return None
        self.n_from_disk += 1
        return Tile.of(content)

    def _to_disk(self, key: str, tile: Tile) -> None:
        """Keep the bytes; a disk that is full or may not be written to costs speed, not the answer."""
        if not tile.content:
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(tile.content)
            os.replace(file.name, path)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.mvt"


def _weight(key: str, tile: Tile) -> int:
    """Bytes that a kept tile takes, the dictionary's own share included roughly."""
    return len(tile.content) + len(key) + 300
