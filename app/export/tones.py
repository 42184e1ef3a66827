"""Colours of a sheet: those of its background, or the tones of a print without colour."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from app import styles
from basemaps.backgrounds import background
from layers.catalog import LEVELS

FILL_OPACITY = 0.8
"""Zones are drawn with it over white: the tone that reaches the paper is the one the palette states."""
LUMA = (0.2126, 0.7152, 0.0722)


@cache
def sheet_colours(background_id: str, *, is_grey: bool) -> Mapping[str, str]:
    """Colours that stand for those of the palette, by dotted name.

    In grey the levels take the palette's ``tone_pct`` (0 is white) with black outlines, everything else its own lightness.
    """
    others = dict(background(background_id).colours)
    if not is_grey:
        return others
    named = {name: others.get(name, value) for name, value in styles.named_colours().items()}
    greys = {name: grey_of(value) for name, value in named.items()}
    for level in LEVELS:
        tone = styles.palette()["level"][level]["tone_pct"] / 100
        greys[f"level.{level}.fill"] = _grey(1 - tone / FILL_OPACITY)
        greys[f"level.{level}.chip_text"] = "#000000"
        for part in ("outline", "text", "hatch_ink"):
            greys[f"level.{level}.{part}"] = "#1A1A1A"
    return greys


def grey_of(colour: str) -> str:
    """A colour's lightness as grey.

    >>> grey_of("#FFFFFF"), grey_of("#00695C")
    ('#FFFFFF', '#525252')
    """
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return _grey(sum(share * part for share, part in zip(LUMA, parts, strict=True)))


def _grey(lightness: float) -> str:
    return "#" + f"{round(lightness * 255):02X}" * 3


@cache
def sheet_palette(background_id: str, *, is_grey: bool) -> Mapping[str, Any]:
    """The palette with a sheet's colours in their places; in grey the ``sign`` of a level is the pattern of its hatch."""
    made = _replaced(styles.palette(), sheet_colours(background_id, is_grey=is_grey))
    if is_grey:
        made["level"] = {level: {**table, "sign": table["hatch"]["pattern"]} for level, table in made["level"].items()}
    return made


def _replaced(table: Mapping[str, Any], colours: Mapping[str, str], prefix: str = "") -> dict[str, Any]:
    return {
        key: _replaced(value, colours, f"{prefix}{key}.") if isinstance(value, dict) else colours.get(prefix + key, value)
        for key, value in table.items()
    }
