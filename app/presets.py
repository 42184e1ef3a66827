"""专题: layers that are shown together for one kind of work, as `layers/presets.toml` declares them."""

from __future__ import annotations

from functools import cache
from typing import Any

from basemaps.backgrounds import backgrounds
from layers.catalog import LAYERS_DIR, Catalog, read_toml
from layers.errors import CatalogError

FILE = LAYERS_DIR / "presets.toml"
LIGHT = "light"
KEYS = {"id", "title_zh", "title_en", "layers", "ground"}


@cache
def _declared() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = read_toml(FILE)["preset"]
    for entry in entries:
        if set(entry) - KEYS or entry.get("ground", LIGHT) not in backgrounds():
            raise CatalogError(FILE, f"a preset holds {', '.join(sorted(KEYS))}; found {entry}")
    return entries


def presets(catalog: Catalog) -> list[dict[str, Any]]:
    """The presets, each with layers that there are, bottom to top; none means those that are visible at first."""
    known = {layer.id for layer in catalog}
    return [
        {"ground": LIGHT, **entry, "layers": [text for text in entry["layers"] if text.partition(":")[0] in known]}
        for entry in _declared()
    ]
