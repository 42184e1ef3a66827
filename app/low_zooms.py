"""Makes the tiles of low zooms when an edition is published: the first view of many people is one of them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from app import queries
from app.editions import Edition, EditionFacts, read_facts
from app.tile_store import TileStore
from app.tiles import TileAddress, make_tile, recipe, tile_key
from layers.catalog import Catalog, Layer

LOW_ZOOMS = range(7, 12)
MADE_MEMORY_BYTES = 0
"""What is made here is read from disk by the server; this process need not remember it."""
TILES = "tiles"
N_MAKERS = min(os.cpu_count() or 1, 4)


def make_low_zooms(
    engine: sa.Engine, catalog: Catalog, home: Path, number: int, told: Callable[[int, int], None]
) -> int:
    """Make every tile of `LOW_ZOOMS` that holds anything of an edition, published or not; how many were made.

    Parameters
    ----------
    home : folder below which the server keeps its tiles
    told : called with the tiles done and all there are; what it raises ends the work, and what is made stays

    Tiles that an earlier draft of this number left are removed.
    """
    with engine.connect() as connection:
        edition = Edition(*queries.run(connection, "one_edition", {"number": number}).one())
        facts = read_facts(connection, edition, catalog)
        store = TileStore(home / TILES, memory_bytes=MADE_MEMORY_BYTES)
        _forget_others(store.folder / str(number), edition, catalog)
    wanted = [(layer, address) for layer in catalog for address in _addresses(facts, layer)]
    makers = _Makers(engine, facts, store)
    with ThreadPoolExecutor(N_MAKERS) as pool:
        try:
            under_way = [pool.submit(makers.make, layer, address) for layer, address in wanted]
            for n_done, made in enumerate(under_way):
                told(n_done, len(wanted))
                made.result()
        finally:
            pool.shutdown(cancel_futures=True)
            makers.end()
    return len(wanted)


class _Makers:
    """Threads that make tiles, each on a connection of its own: the database works on as many of them at a time."""

    def __init__(self, engine: sa.Engine, facts: EditionFacts, store: TileStore) -> None:
        self._engine, self._facts, self._store = engine, facts, store
        self._own = threading.local()
        self._connections: list[sa.Connection] = []

    def make(self, layer: Layer, address: TileAddress) -> None:
        """Make one tile and keep it, unless it is kept already."""
        facts = self._facts
        self._store.get(tile_key(facts, layer, address), lambda: make_tile(self._connection(), facts, layer, address))

    def _connection(self) -> sa.Connection:
        """The connection of the thread that calls."""
        if not hasattr(self._own, "connection"):
            self._own.connection = self._engine.connect()
            self._connections.append(self._own.connection)
        return self._own.connection

    def end(self) -> None:
        """Give the connections back, once no thread is at work."""
        for connection in self._connections:
            connection.close()


def _addresses(facts: EditionFacts, layer: Layer) -> list[TileAddress]:
    cover = facts.covers.get(layer.id)
    if cover is None:
        return []
    zooms = [zoom for zoom in LOW_ZOOMS if zoom >= layer.min_zoom]
    return [TileAddress(zoom, x, y) for zoom in zooms for x, y in cover.tiles(zoom)]


def _forget_others(folder: Path, edition: Edition, catalog: Catalog) -> None:
    """Remove tiles that were made by other statements, declarations or from an earlier draft of the edition."""
    current = {recipe(edition, layer) for layer in catalog if layer.is_drawn}
    for entry in folder.glob("*"):
        if entry.name not in current:
            shutil.rmtree(entry, ignore_errors=True)
