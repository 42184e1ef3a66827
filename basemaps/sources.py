"""Online tile sources: declared in sources.toml, offered only where an installation states a key for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layers.catalog import read_toml, strict
from layers.errors import CatalogError

SOURCES_FILE = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True)
class TileSource:
    """A provider of raster tiles in EPSG:3857; `url` and `labels_url` hold {s} {z} {x} {y} and {key}."""

    id: str
    title_zh: str
    title_en: str
    url: str
    attribution_zh: str
    attribution_en: str
    datum: str
    labels_url: str = ""
    subdomains: str = ""
    max_zoom: int = 18
    needs_key: bool = True


def declared_sources(path: Path = SOURCES_FILE) -> list[TileSource]:
    """Every source of the file; raises `CatalogError` for unknown keys or a source whose key has no place."""
    sources = [strict(TileSource, table, path) for table in read_toml(path).get("sources", [])]
    for source in sources:
        if source.needs_key and "{key}" not in source.url:
            raise CatalogError(path, f"source {source.id} needs a key but its url has no {{key}}")
    return sources


def offered_sources(keys: Mapping[str, str]) -> list[TileSource]:
    """The sources an installation has switched on: those named in `keys`, by id; none by default."""
    return [source for source in declared_sources() if keys.get(source.id)]
