"""What people call a field of a layer, for sentences about what a delivery does not state."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LAYERS = Path(__file__).parents[1]


def field_words(layers: Iterable[str], name: str) -> tuple[str, str]:
    """The title of a field in Chinese and English, of the first of some layers that has it; its name where none has.

    Source: the titles of the fields in each layer's ``layer.toml``.
    """
    for layer in layers:
        if name in (titles := _titles(layer)):
            return titles[name]
    return name, name


@cache
def _titles(layer: str) -> dict[str, tuple[str, str]]:
    path = LAYERS / layer / "layer.toml"
    declared = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {field["name"]: (field["title_zh"], field["title_en"]) for field in declared.get("fields", ())}
