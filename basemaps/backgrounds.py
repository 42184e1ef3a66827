"""Backgrounds of the map and of printed sheets: colours by name, and what is left out upon them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from layers.catalog import read_toml, strict
from layers.errors import InputError

BACKGROUNDS_FILE = Path(__file__).with_name("backgrounds.toml")


@dataclass(frozen=True)
class Background:
    """What lies under the data: `colours` by their dotted names in the palette, layers it `hides`."""

    id: str
    title_zh: str
    title_en: str
    colours: Mapping[str, str] = field(default_factory=dict, hash=False)
    hides: tuple[str, ...] = ()
    is_dark: bool = False
    has_relief: bool = True


@cache
def backgrounds(path: Path = BACKGROUNDS_FILE) -> dict[str, Background]:
    """Every background by its id, in the order of the file; raises `CatalogError` for unknown keys."""
    tables = read_toml(path)["backgrounds"]
    made = [strict(Background, table | {"hides": tuple(table.get("hides", ()))}, path) for table in tables]
    return {background.id: background for background in made}


def background(wanted: str) -> Background:
    """The background of an id; raises `InputError` for another."""
    known = backgrounds()
    if wanted not in known:
        raise InputError("bg", f"{wanted!r} is none of {', '.join(known)}")
    return known[wanted]
