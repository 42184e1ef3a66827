"""Map styles and legends of the layers, and the page's colours: names in the files, values from the palette."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from basemaps.backgrounds import BACKGROUNDS_FILE, backgrounds
from layers.catalog import LAYERS_DIR, LEVELS, Layer, read_toml
from layers.errors import CatalogError

PALETTE_FILE = LAYERS_DIR / "palette.toml"
TODAY_MARK = '"@today"'
"""What stands in a style.json for the server's own date: a deadline is over from the next day on, edition or not."""
COLOUR_NAME = re.compile(r"@([a-z_]+(?:\.[a-z_]+)+)")
HEX_COLOUR = re.compile(r"#[0-9A-F]{6}")

DEFAULT_LAYERS: dict[str, list[dict[str, Any]]] = {
    "Point": [
        {
            "id": "point",
            "type": "circle",
            "paint": {
                "circle-radius": 4.5,
                "circle-color": "@object.soft",
                "circle-stroke-color": "@object.disc",
                "circle-stroke-width": 1.5,
            },
        }
    ],
    "LineString": [
        {"id": "line", "type": "line", "paint": {"line-color": "@object.line", "line-width": 1.5}}
    ],
    "Polygon": [
        {"id": "fill", "type": "fill", "paint": {"fill-color": "@object.soft", "fill-opacity": 0.15}},
        {"id": "outline", "type": "line", "paint": {"line-color": "@object.line", "line-width": 1.2}},
    ],
}
"""How a layer folder without a style.json is drawn, by the kind of its geometry."""

DEFAULT_SYMBOLS: dict[str, dict[str, Any]] = {
    "Point": {"kind": "icon", "image": "icon?shape=circle&size=10&fill=@object.soft&line=@object.disc"},
    "LineString": {"kind": "line", "color": "@object.line", "width": 1.5},
    "Polygon": {"kind": "fill", "color": "@object.soft", "opacity": 0.15, "outline": "@object.line"},
}


@cache
def design_version(root: Path = LAYERS_DIR) -> str:
    """What decides how the map looks, as one hash of 16 digits; read once a process."""
    held = hashlib.sha256()
    for file in (root / "palette.toml", root / "presets.toml", BACKGROUNDS_FILE, *sorted(root.glob("*/style.json")), *sorted(root.glob("*/layer.toml"))):
        held.update(f"{file.parent.name}/{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return held.hexdigest()[:16]


@cache
def palette() -> dict[str, Any]:
    """Every colour and level word, as ``palette.toml`` holds them; read once."""
    return read_toml(PALETTE_FILE)


def colour(name: str) -> str:
    """The ``#RRGGBB`` value of a colour's dotted name; raises `CatalogError` for a name the palette lacks."""
    value: Any = palette()
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if not isinstance(value, str) or not HEX_COLOUR.fullmatch(value):
        raise CatalogError(PALETTE_FILE, f"no colour named {name!r}")
    return value


def with_colours(value: Any, others: Mapping[str, str] = MappingProxyType({})) -> Any:
    """A copy of a JSON value in which each ``@name`` is the colour of that name; `others` go before the palette.

    >>> with_colours({"line-color": "@level.red.fill", "line-width": 2})
    {'line-color': '#C8161D', 'line-width': 2}
    """
    if isinstance(value, dict):
        return {key: with_colours(entry, others) for key, entry in value.items()}
    if isinstance(value, list):
        return [with_colours(entry, others) for entry in value]
    if isinstance(value, str):
        return COLOUR_NAME.sub(lambda match: others.get(match[1]) or colour(match[1]), value)
    return value


def named_colours() -> dict[str, str]:
    """Every colour of the palette by its dotted name."""
    return dict(_colours(palette()))


def levels(colours: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, Any]]:
    """The five levels, worst first: ``id``, words, rank, colours and hatch; `colours` as in `layer_style`."""
    return [
        {"id": level, **{key: colours.get(f"level.{level}.{key}", value) for key, value in palette()["level"][level].items()}}
        for level in LEVELS
    ]


CLUSTER = "cluster?"
"""Beginning of the names of images that stand for a number of features: tiles hold these, sheets do not."""


def layer_style(layer: Layer, colours: Mapping[str, str] = MappingProxyType({}), *, has_clusters: bool = True) -> list[dict[str, Any]]:
    """MapLibre style layers of a layer, bottom to top, colours filled in; empty for a layer that is not drawn.

    Each has ``metadata`` ``atlas:layer`` (the layer's id) and ``atlas:order`` (its place among all style
    layers of the map, by default the layer's ``draw_order``: a label stands far above its symbol); ``atlas:paper_order``
    where its labels have another place among those of a sheet, whose names find room in that order, and ``atlas:paper_aside``
    where a name may stand beside its area on a sheet, as none of its kind lies next to it. `colours`
    stand for those of the palette by their dotted names, on another background. A sheet has no clusters.
    """
    if not layer.is_drawn:
        return []
    declared = _declared(layer)
    entries = declared["layers"] if declared else _by_geometry(layer, DEFAULT_LAYERS)
    made = [_style_layer(layer, entry, colours) for entry in entries]
    return [entry for entry in made if has_clusters or entry["source-layer"] == layer.id]


def legend(layer: Layer, colours: Mapping[str, str] = MappingProxyType({}), *, has_clusters: bool = True) -> list[dict[str, Any]]:
    """Legend entries of a layer: ``label_zh``, ``label_en``, ``symbol`` and, for a class, its ``filter``.

    An entry with ``each`` (a field with codes) stands for one entry a code, ``$code`` replaced in symbol and
    filter; a layer without a style.json has one entry under its own title.
    """
    if not layer.is_drawn:
        return []
    declared = _declared(layer)
    if declared is None:
        symbols = _by_geometry(layer, {kind: [symbol] for kind, symbol in DEFAULT_SYMBOLS.items()})
        entries = [{"symbol": symbols[0]}]
    else:
        entries = [made for entry in declared.get("legend", []) for made in _each_code(layer, entry)]
    titles = {"label_zh": layer.title_zh, "label_en": layer.title_en}
    kept = [entry for entry in entries if has_clusters or not str(entry["symbol"].get("image", "")).startswith(CLUSTER)]
    return [with_colours(titles | entry, colours) for entry in kept]


def stylesheet() -> str:
    """The palette as CSS custom properties, ``--<table>-<key>``, for the page's own style sheets; a block a background.

    The backgrounds hold for screens: what a page prints is dark on white whatever it stands upon.
    """
    grounds = [_block(f':root[data-ground="{entry.id}"]', entry.colours.items()) for entry in backgrounds().values() if entry.colours]
    blocks = [_block(":root", _colours(palette())), "@media screen {\n", *grounds, "}\n"]
    return "/* Made from layers/palette.toml and basemaps/backgrounds.toml by `python -m app.styles`; a test compares. */\n" + "".join(blocks)


def _block(selector: str, colours: Iterable[tuple[str, str]]) -> str:
    lines = [f"  --{name.replace('.', '-').replace('_', '-')}: {value};" for name, value in colours]
    return "\n".join([f"{selector} {{", *lines, "}", ""])


def _declared(layer: Layer) -> dict[str, Any] | None:
    path = layer.folder / "style.json"
    if not path.exists():
        return None
    try:
        declared: dict[str, Any] = json.loads(path.read_text(encoding="utf-8").replace(TODAY_MARK, json.dumps(date.today().isoformat())))
    except (OSError, ValueError) as error:
        raise CatalogError(path, str(error)) from error
    unknown = sorted(set(declared) - {"layers", "legend"})
    if unknown or "layers" not in declared:
        raise CatalogError(path, f"a style holds layers and legend; found {', '.join(declared)}")
    return declared


def _style_layer(layer: Layer, entry: dict[str, Any], colours: Mapping[str, str]) -> dict[str, Any]:
    metadata = {"atlas:layer": layer.id, "atlas:order": layer.draw_order} | entry.get("metadata", {})
    place = {"id": f"{layer.id}-{entry['id']}", "source": f"atlas-{layer.id}", "source-layer": entry.get("source-layer", layer.id)}
    zooms = {"minzoom": max(layer.min_zoom, entry.get("minzoom", 0))}
    made: dict[str, Any] = with_colours(entry, colours) | place | zooms | {"metadata": metadata}
    return made


def _by_geometry(layer: Layer, table: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    kinds = {"Geometry": ("Polygon", "LineString", "Point")}.get(
        layer.geometry, (layer.geometry.removeprefix("Multi"),)
    )
    entries = [entry for kind in kinds for entry in table[kind]]
    if layer.geometry != "Geometry":
        return entries
    return [_only_kind(entry, kind) for kind in kinds for entry in table[kind]]


def _only_kind(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    is_style = "paint" in entry
    return (
        entry | {"id": f"{kind.lower()}-{entry['id']}", "filter": ["==", ["geometry-type"], kind]}
        if is_style
        else entry
    )


def _each_code(layer: Layer, entry: dict[str, Any]) -> list[dict[str, Any]]:
    if "each" not in entry:
        return [entry]
    template = {key: value for key, value in entry.items() if key != "each"}
    codes = layer.field(entry["each"]).codes
    return [_for_code(template, code.code) | {"label_zh": code.zh, "label_en": code.en} for code in codes]


def _for_code(template: dict[str, Any], code: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(template).replace("$code", code))
    return made


def _colours(table: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in table.items():
        if isinstance(value, dict):
            found += _colours(value, f"{prefix}{key}.")
        elif isinstance(value, str) and HEX_COLOUR.fullmatch(value):
            found.append((prefix + key, value))
    return found


if __name__ == "__main__":
    (Path(__file__).parent / "static" / "css" / "palette.css").write_text(stylesheet(), encoding="utf-8")
