"""What the map may lie upon: backgrounds of our own layers, relief of the edition's DEM, tile sources that are switched on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app import styles
from app.editions import EditionFacts, Raster
from app.tile_store import EMPTY, Tile
from app.tiles import TileAddress
from basemaps.backgrounds import Background, backgrounds
from basemaps.relief import RELIEF_OPACITY, RELIEF_ORDER
from basemaps.relief_tiles import KINDS, LARGEST_ZOOM, TILE_PX, relief_tile
from basemaps.sources import TileSource, offered_sources
from layers.catalog import Catalog
from layers.errors import SourceFileError

RELIEF = "relief"


def description(facts: EditionFacts, catalog: Catalog, keys: Mapping[str, str]) -> dict[str, Any]:
    """The answer of ``/api/basemaps``; `keys` by id of the online sources that the installation switched on."""
    return {
        "edition": facts.edition.number,
        "backgrounds": [_background(entry, catalog) for entry in backgrounds().values()],
        "relief": relief(facts),
        "online": [_online(source, keys[source.id]) for source in offered_sources(keys)],
    }


def _background(entry: Background, catalog: Catalog) -> dict[str, Any]:
    """A background with the properties in which its style layers differ from those of ``/api/layers``."""
    changes = {}
    for layer in catalog:
        for usual, here in zip(styles.layer_style(layer), styles.layer_style(layer, entry.colours), strict=True):
            differing = {
                part: {name: value for name, value in here.get(part, {}).items() if value != usual[part][name]}
                for part in ("paint", "layout")
            }
            if any(differing.values()):
                changes[here["id"]] = {part: values for part, values in differing.items() if values}
    return {
        "id": entry.id, "title_zh": entry.title_zh, "title_en": entry.title_en, "is_dark": entry.is_dark,
        "has_relief": entry.has_relief, "hides": [name for name in entry.hides if name in catalog],
        "land": styles.with_colours("@base.land", entry.colours), "changes": changes,
    }  # fmt: skip


def relief(facts: EditionFacts) -> dict[str, Any] | None:
    """Sources and style layer of the relief; None where the edition has no DEM, and the map is plain land."""
    if dem_of(facts) is None:
        return None
    west, south, east, north = facts.area["home"]
    bounds = [2 * west - east, 2 * south - north, 2 * east - west, 2 * north - south]
    common = {"tileSize": TILE_PX, "maxzoom": LARGEST_ZOOM, "minzoom": 6, "bounds": bounds}
    address = f"/tiles/{facts.edition.number}/{RELIEF}/{{kind}}/{{z}}/{{x}}/{{y}}.png"
    tiles = {kind: [address.replace("{kind}", kind)] for kind in KINDS}
    return {
        "hillshade": {"type": "raster", "tiles": tiles["hillshade"], **common},
        "terrain": {"type": "raster-dem", "encoding": "mapbox", "tiles": tiles["terrain"], **common},
        "layer": {
            "id": "relief-hillshade", "type": "raster", "source": "relief", "paint": {"raster-opacity": RELIEF_OPACITY},
            "metadata": {"atlas:layer": RELIEF, "atlas:order": RELIEF_ORDER},
        },
    }  # fmt: skip


def _online(source: TileSource, key: str) -> dict[str, Any]:
    return {
        "id": source.id, "title_zh": source.title_zh, "title_en": source.title_en, "datum": source.datum,
        "attribution_zh": source.attribution_zh, "attribution_en": source.attribution_en, "maxzoom": source.max_zoom,
        "tiles": tile_addresses(source.url, source.subdomains, key),
        "labels": tile_addresses(source.labels_url, source.subdomains, key) if source.labels_url else [],
    }  # fmt: skip


def tile_addresses(url: str, subdomains: str, key: str) -> list[str]:
    """Addresses of a source, one a subdomain, with the key in its place.

    >>> tile_addresses("https://t{s}.example/{z}?tk={key}", "01", "k")
    ['https://t0.example/{z}?tk=k', 'https://t1.example/{z}?tk=k']
    """
    return [url.replace("{s}", subdomain).replace("{key}", key) for subdomain in subdomains or " "]


def online_hosts(keys: Mapping[str, str]) -> list[str]:
    """Origins that a browser must reach for the sources that are switched on; none by default."""
    hosts = [
        urlsplit(address)
        for source in offered_sources(keys)
        for url in (source.url, source.labels_url)
        for address in tile_addresses(url, source.subdomains, "")
        if url
    ]
    return sorted({f"{host.scheme}://{host.netloc}" for host in hosts})


def dem_of(facts: EditionFacts) -> Raster | None:
    """The edition's raster of heights, if it has one."""
    return next((raster for raster in facts.rasters if raster.layer == RELIEF), None)


def relief_key(facts: EditionFacts, raster: Raster, kind: str, address: TileAddress) -> str:
    """Where a tile is kept, below the store's folder."""
    return f"{facts.edition.number}/{RELIEF}-{raster.sha256[:16]}/{kind}/{address.z}/{address.x}/{address.y}.png"


def make_relief_tile(home: Path, raster: Raster, kind: str, address: TileAddress) -> Tile:
    """A tile of the relief; empty beyond the DEM, beyond its zooms, and where its file is gone."""
    if address.z > LARGEST_ZOOM:
        return EMPTY
    try:
        return Tile.of(relief_tile(home / raster.path, kind, address.z, address.x, address.y))
    except SourceFileError:
        return EMPTY
