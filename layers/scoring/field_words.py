"""What people call a field of a layer, for sentences about what a delivery does not state."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LAYERS = Path(__file__).parents[1]
IN_BRACKETS = re.compile(r" ?\(([a-z][a-z0-9_]*(?:, [a-z][a-z0-9_]*)*)\)")
CODE = re.compile(r"\b([a-z0-9]+(?:_[a-z0-9]+)+)\b(?:(, (?=the |their |whether ))| \(([^()]*)\))?")
"""A code, and how it is explained beside it: after a comma or in brackets."""


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


def in_words(layers: Iterable[str], zh: str, en: str) -> tuple[str, str]:
    """What a rule table says of missing data as people are told it: without the codes that those who deliver the data need.

    A code that is explained beside it gives way to the explanation, any other in English to the title of the field.

    Parameters
    ----------
    layers : what the rule is about; their fields are meant where several layers have one of a name

    >>> in_words(["railways"], "铁路未注明用地宽度(land_width_m)", "railways do not state land_width_m")
    ('铁路未注明用地宽度', 'railways do not state “Width of railway land”')
    >>> in_words([], "桥梁未注明水流方向(flow_deg)", "bridges do not state flow_deg, the direction in which the river flows")
    ('桥梁未注明水流方向', 'bridges do not state the direction in which the river flows')
    >>> in_words([], "无电缆图层(power_cables)", "no layer of cables (power_cables)")
    ('无电缆图层', 'no layer of cables')
    """
    everywhere = (*layers, *_layers())

    def is_code(word: str) -> bool:
        return word in _layers() or field_words(everywhere, word)[1] != word

    def dropped(found: re.Match[str]) -> str:
        return "" if all(map(is_code, found[1].split(", "))) else found[0]

    def named(found: re.Match[str]) -> str:
        if not is_code(found[1]):
            return found[0]
        return found[3] or ("" if found[2] else f"“{field_words(everywhere, found[1])[1]}”")

    return IN_BRACKETS.sub(dropped, zh), CODE.sub(named, IN_BRACKETS.sub(dropped, en))


@cache
def _layers() -> tuple[str, ...]:
    return tuple(sorted(path.parent.name for path in LAYERS.glob("*/layer.toml")))
