"""Makes the tiles of low zooms when an edition is published: the first view of many people is one of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
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
        for n_done, (layer, address) in enumerate(wanted):
            told(n_done, len(wanted))
            store.get(
                tile_key(facts, layer, address),
                lambda layer=layer, address=address: make_tile(connection, facts, layer, address),  # type: ignore[misc]
            )
    return len(wanted)


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
