"""What the map, its legend and its panels are drawn from: levels, layers with fields and styles, editions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app import styles
from app.basemaps import relief
from app.editions import Edition, EditionFacts
from app.presets import presets
from app.texts import Text, TextIn
from basemaps.backgrounds import background
from layers.catalog import GROUPS, Catalog, Field, Layer

GROUP_TITLES = {
    "risk": Text("风险"),
    "objects": TextIn("group", "对象"),
    "base": Text("界线与底图"),
}
LIGHT = "light"
SECRECY = "内部使用"


def description(facts: EditionFacts, editions: list[Edition], designs: Designs, ground: str = LIGHT) -> dict[str, Any]:
    """The answer of ``/api/layers`` for one edition upon a background of `basemaps.backgrounds`; plain values only."""
    under, catalog, designed = background(ground), designs.catalog, designs.upon(ground)
    return {
        "area": facts.area,
        "edition": edition_entry(facts.edition, editions),
        "editions": [edition_entry(edition, editions) for edition in editions],
        "levels": styles.levels(under.colours),
        "groups": [
            {"id": group, **GROUP_TITLES[group].fields("title")} for group in GROUPS
        ],
        "layers": [_layer_entry(layer, facts, designed[layer.id]) for layer in catalog],
        "presets": presets(catalog),
        "background": {"id": under.id, "hides": [name for name in under.hides if name in catalog]},
        "relief": relief(facts) if under.has_relief else None,
        "policies": [{name: value for name, value in entry.items() if name != "table"} for entry in facts.policies],
        "policy": facts.policy,
        "method": _method(facts),
        "secrecy": SECRECY,
    }


def edition_entry(edition: Edition, editions: Iterable[Edition]) -> dict[str, Any]:
    """One edition as the API shows it."""
    return {
        "edition": edition.number,
        "label": edition.label,
        "data_as_of": edition.data_as_of.isoformat() if edition.data_as_of else None,
        "published_at": edition.published_at.isoformat() if edition.published_at else None,
        "is_newest": edition.number == max(other.number for other in editions),
    }


def _method(facts: EditionFacts) -> dict[str, str]:
    shown = next((policy for policy in facts.policies if policy["id"] == facts.policy), {})
    return {"zh": shown.get("title_zh", facts.policy), "en": shown.get("title_en", facts.policy)}


class Designs:
    """What of the layers is the same in every edition: fields, styles and legends upon a background, made once a day each.

    Styles follow the day (`styles.TODAY_MARK`): what was made on another day is made anew.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._made: dict[str, tuple[date, dict[str, dict[str, Any]]]] = {}

    def upon(self, ground: str) -> dict[str, dict[str, Any]]:
        """``fields``, ``style`` and ``legend`` by layer; not to be changed."""
        today = date.today()
        day, made = self._made.get(ground, (None, {}))
        if day != today:
            colours = background(ground).colours
            made = {layer.id: _designed(layer, colours) for layer in self.catalog}
            self._made[ground] = (today, made)
        return made


def _designed(layer: Layer, colours: Mapping[str, str]) -> dict[str, Any]:
    return {
        "fields": [_field_entry(field) for field in layer.fields],
        "style": styles.layer_style(layer, colours),
        "legend": styles.legend(layer, colours),
    }


def _layer_entry(layer: Layer, facts: EditionFacts, designed: dict[str, Any]) -> dict[str, Any]:
    n_features, n_unplaced = facts.counts.get(layer.id, (0, 0))
    names = ("id", "title_zh", "title_en", "group", "geometry", "kind", "draw_order", "min_zoom", "max_zoom")
    return {
        **{name: getattr(layer, name) for name in names},
        "visible": layer.visible,
        "label": layer.label,
        "n_features": n_features,
        "n_unplaced": n_unplaced,
        **designed,
        "sources": [_source_entry(source) for source in facts.meta.get("sources", []) if source.get("layer") == layer.id],
    }


def _source_entry(source: dict[str, Any]) -> dict[str, Any]:
    return {name: source.get(name) for name in ("source_id", "title_zh", "title_en", "supplier", "supplier_en", "as_of")}


def _field_entry(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "type": field.type,
        "title_zh": field.title_zh,
        "title_en": field.title_en,
        "unit": field.unit,
        "codes": [{"code": code.code, "zh": code.zh, "en": code.en} for code in field.codes],
        "names_layer": field.names_layer,
        "panel": field.panel,
        "tile": field.tile,
    }
