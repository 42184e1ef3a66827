"""Styles against the style specification, the palette and the declared fields."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from app import styles
from app.export.expressions import View, evaluate
from app.layer_list import Designs
from basemaps.backgrounds import backgrounds
from layers.catalog import LAYERS_DIR, Layer, load_catalog, load_layer
from layers.errors import CatalogError

PROJECT = Path(__file__).parents[2]
VALIDATOR = PROJECT / "node_modules" / "@maplibre" / "maplibre-gl-style-spec" / "dist" / "index.mjs"
VALIDATE = f"""
import {{ validateStyleMin }} from {json.dumps(VALIDATOR.as_uri())};
let text = ''; for await (const part of process.stdin) text += part;
process.stdout.write(JSON.stringify(validateStyleMin(JSON.parse(text)).map((error) => error.message)));
"""
STATE = {
    "policy": {"default": ""},
    "lang": {"default": "zh"},
    "strong_hatch": {"default": False},
    "own_prefix": {"default": ""},
}
"""Values that a style may ask for with ``global-state``."""
FILTER = f"""
import {{ featureFilter }} from {json.dumps(VALIDATOR.as_uri())};
let text = ''; for await (const part of process.stdin) text += part;
const {{ filters, rows }} = JSON.parse(text);
const drawn = (filter, properties) => featureFilter(filter, "layers[0].filter").filter({{ zoom: 14 }}, {{ type: 1, properties }});
process.stdout.write(JSON.stringify(rows.map((row) => filters.map((filter) => drawn(filter, row)))));
"""
"""Whether the map draws a feature, by the map library's own reading of filters."""
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, text of normal size."""
BACKGROUNDS = backgrounds()
DRAWN = [layer for layer in load_catalog() if layer.is_drawn]
STYLED = [layer for layer in DRAWN if (layer.folder / "style.json").exists()]


def problems_of(style: dict[str, Any]) -> list[str]:
    """What the specification's own validator says of a style."""
    command = ["node", "--input-type=module", "-e", VALIDATE]
    run = subprocess.run(
        command, input=json.dumps(style), capture_output=True, text=True, timeout=60, check=True
    )
    found: list[str] = json.loads(run.stdout)
    return found


def whole_style(layers: list[Layer]) -> dict[str, Any]:
    """A map's style of nothing but our layers."""
    entries = [entry for layer in layers for entry in styles.layer_style(layer)]
    sources = {entry["source"]: {"type": "vector", "tiles": ["/{z}/{x}/{y}"]} for entry in entries}
    return {"version": 8, "sources": sources, "state": STATE, "layers": entries}


def parts_of(value: Any) -> Iterator[Any]:
    """A JSON value and everything inside it."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from parts_of(child)


def test_styles_of_all_layers_follow_the_specification() -> None:
    assert problems_of(whole_style(DRAWN)) == []


def test_validator_finds_a_wrong_style() -> None:
    style = whole_style(DRAWN)
    style["layers"][0]["paint"]["fill-colour"] = "#FFFFFF"
    assert problems_of(style)


@pytest.mark.parametrize("layer", STYLED, ids=lambda layer: layer.id)
def test_style_names_colours_and_never_spells_them(layer: Layer) -> None:
    text = (layer.folder / "style.json").read_text(encoding="utf-8")
    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b|rgba?\(|hsla?\(", text) == []


@pytest.mark.parametrize("layer", DRAWN, ids=lambda layer: layer.id)
def test_every_colour_of_a_style_is_in_the_palette(layer: Layer) -> None:
    known = {value for _, value in styles._colours(styles.palette())}
    for text in (
        part for part in parts_of([styles.layer_style(layer), styles.legend(layer)]) if isinstance(part, str)
    ):
        assert "@" not in text
        assert set(re.findall(r"#[0-9A-Fa-f]{6}", text)) <= known


@pytest.mark.parametrize("layer", DRAWN, ids=lambda layer: layer.id)
def test_fields_that_a_style_reads_are_declared_for_tiles(layer: Layer) -> None:
    in_tiles = {field.name for field in layer.fields if field.tile} | {"id"} | ({"n"} if layer.cluster_zoom else set())
    read = {
        part[1]
        for part in parts_of([styles.layer_style(layer), styles.legend(layer)])
        if isinstance(part, list) and len(part) == 2 and part[0] in ("get", "has")
    }
    assert read <= in_tiles


@pytest.mark.parametrize("layer", DRAWN, ids=lambda layer: layer.id)
def test_symbol_layers_name_the_served_fonts(layer: Layer) -> None:
    for entry in styles.layer_style(layer):
        if "text-field" in entry.get("layout", {}):
            assert entry["layout"]["text-font"][0] in ("Atlas Sans SC", "Atlas Sans SC Bold")


@pytest.mark.parametrize("layer", DRAWN, ids=lambda layer: layer.id)
def test_every_drawn_layer_has_a_legend_in_both_languages(layer: Layer) -> None:
    entries = styles.legend(layer)
    assert entries
    assert all(entry["label_zh"] and entry["label_en"] and entry["symbol"]["kind"] for entry in entries)


def test_levels_come_worst_first_with_five_different_fills() -> None:
    levels = styles.levels()
    assert [level["id"] for level in levels] == ["red", "orange", "yellow", "blue", "unrated"]
    assert len({level["fill"] for level in levels}) == 5


@pytest.mark.parametrize("level", styles.levels(), ids=lambda level: level["id"])
def test_words_on_a_level_and_in_its_ink_can_be_read(level: dict[str, Any]) -> None:
    assert contrast(level["chip_text"], level["fill"]) >= LEAST_CONTRAST
    assert contrast(level["text"], "#FFFFFF") >= LEAST_CONTRAST


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours by WCAG 2.2."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of ``#RRGGBB`` by WCAG 2.2."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_page_colours_are_those_of_the_palette() -> None:
    made = (PROJECT / "app" / "static" / "css" / "palette.css").read_text(encoding="utf-8")
    assert made == styles.stylesheet()


def test_no_file_of_the_page_spells_a_colour_of_its_own() -> None:
    known = {value for _, value in styles._colours(styles.palette())} | {value for entry in BACKGROUNDS.values() for value in entry.colours.values()}
    for path in sorted((PROJECT / "app").glob("**/*")):
        if path.suffix in (".css", ".js", ".svg", ".html"):
            found = set(re.findall(r"#[0-9A-Fa-f]{6}\b", path.read_text(encoding="utf-8")))
            assert found <= known, path


@pytest.mark.parametrize("geometry", ["Point", "MultiLineString", "MultiPolygon", "Geometry"])
def test_layer_folder_without_a_style_is_drawn_all_the_same(tmp_path: Path, geometry: str) -> None:
    layer = _wells(tmp_path, geometry)
    assert problems_of(whole_style([layer])) == []
    assert styles.legend(layer)[0]["label_en"] == "Wells"


def test_unknown_colour_name_is_an_error(tmp_path: Path) -> None:
    layer = _wells(tmp_path, "Point")
    entry = {"id": "point", "type": "circle", "paint": {"circle-color": "@level.purple.fill"}}
    (layer.folder / "style.json").write_text(json.dumps({"layers": [entry]}), encoding="utf-8")
    with pytest.raises(CatalogError, match="level.purple.fill"):
        styles.layer_style(layer)


def test_unknown_key_in_a_style_is_an_error(tmp_path: Path) -> None:
    layer = _wells(tmp_path, "Point")
    (layer.folder / "style.json").write_text('{"layers": [], "legends": []}', encoding="utf-8")
    with pytest.raises(CatalogError, match="legends"):
        styles.layer_style(layer)


def test_legend_stands_for_each_code_of_a_field(tmp_path: Path) -> None:
    folder = tmp_path / "risk_zones"
    shutil.copytree(LAYERS_DIR / "risk_zones", folder)
    entries = styles.legend(load_layer(folder))
    assert [entry["label_zh"] for entry in entries] == ["重大", "较大", "一般", "低", "未评级"]
    assert entries[0]["filter"] == ["==", ["get", "level"], "red"]


def _wells(root: Path, geometry: str) -> Layer:
    folder = root / "wells"
    folder.mkdir()
    (folder / "layer.toml").write_text(
        f'id = "wells"\ntitle_zh = "水井"\ntitle_en = "Wells"\ngroup = "objects"\ngeometry = "{geometry}"\n'
        'draw_order = 600\nkey = ["well_id"]\n'
        'fields = [{ name = "well_id", type = "text", title_zh = "编号", title_en = "Number" }]\n',
        encoding="utf-8",
    )
    return load_layer(folder)


@pytest.mark.parametrize("ground", BACKGROUNDS)
def test_styles_on_every_ground_follow_the_specification(ground: str) -> None:
    entries = [entry for layer in DRAWN for entry in styles.layer_style(layer, BACKGROUNDS[ground].colours)]
    sources = {entry["source"]: {"type": "vector", "tiles": ["/{z}/{x}/{y}"]} for entry in entries}
    assert problems_of({"version": 8, "sources": sources, "state": STATE, "layers": entries}) == []


def test_grounds_differ_in_colours_alone() -> None:
    def shapes(ground: str) -> list[Any]:
        return [
            json.loads(re.sub("#[0-9A-F]{6}", "#", json.dumps(styles.layer_style(layer, BACKGROUNDS[ground].colours)))) for layer in DRAWN
        ]

    assert all(shapes(ground) == shapes("light") for ground in BACKGROUNDS)


@pytest.mark.parametrize("ground", BACKGROUNDS)
def test_words_of_the_interface_and_the_map_can_be_read_on_every_ground(ground: str) -> None:
    def of(name: str) -> str:
        return BACKGROUNDS[ground].colours.get(name) or styles.colour(name)

    pairs = [("interface.text", "interface.panel"), ("interface.muted", "interface.panel"), ("interface.primary", "interface.panel"),
             ("interface.on_bar", "interface.bar"), ("interface.on_primary", "interface.primary"), ("interface.text", "interface.notice"),
             ("base.label", "base.land"), ("conflict.line", "base.land"), ("selection.line", "interface.panel"),
             *[(f"level.{level}.text", "base.land") for level in ("red", "orange", "yellow", "blue", "unrated")],
             *[(f"level.{level}.chip_text", f"level.{level}.fill") for level in ("red", "orange", "yellow", "blue", "unrated")]]  # fmt: skip
    assert [pair for pair in pairs if contrast(of(pair[0]), of(pair[1])) < LEAST_CONTRAST] == []


def test_mark_of_an_overdue_entry_stands_above_every_label_which_keep_off_it() -> None:
    """A name of a line that is drawn over the mark would hide what nobody has remedied in time."""
    layers = [entry for layer in STYLED for entry in styles.layer_style(layer)]
    [mark] = [entry for entry in layers if entry["id"] == "follow_ups-mark"]
    orders = [entry["metadata"]["atlas:order"] for entry in layers if entry["type"] == "symbol" and "text-field" in entry["layout"]]
    assert mark["metadata"]["atlas:order"] > max(orders)
    assert mark["layout"]["icon-allow-overlap"] and not mark["layout"].get("icon-ignore-placement")


TODAY = date.today()
LEDGER = [
    ({"state": state, **({} if days is None else {"due_on": (TODAY + timedelta(days=days)).isoformat()})}, is_overdue, is_open)
    for state, days, is_overdue, is_open in (
        ("open", -1, True, False), ("open", 0, False, True), ("open", 1, False, True), ("open", None, False, True),
        ("overdue", -9, True, False), ("overdue", 5, True, False), ("closed", -9, False, False),
    )
]  # fmt: skip
"""Entries as an edition holds them, days to their deadline, and which mark they have today."""


def ledger_filters() -> list[list[Any]]:
    """Filters of the two marks of the ledger on the map, and of their two classes in the legend."""
    ledger = load_layer(LAYERS_DIR / "follow_ups")
    made = {entry["id"]: entry for entry in styles.layer_style(ledger)}
    return [made["follow_ups-mark"]["filter"], made["follow_ups-mark-open"]["filter"], *(entry["filter"] for entry in styles.legend(ledger))]


def test_entry_is_marked_overdue_from_the_day_after_its_deadline_on_map_and_paper() -> None:
    """An edition fixed before the deadline says open; the mark follows the day."""
    asked = json.dumps({"filters": ledger_filters(), "rows": [row for row, _, _ in LEDGER]})
    run = subprocess.run(["node", "--input-type=module", "-e", FILTER], input=asked, capture_output=True, text=True, timeout=60, check=True)
    expected = [[late, is_open, late, is_open] for _, late, is_open in LEDGER]
    assert json.loads(run.stdout) == expected
    assert [[bool(evaluate(entry, row, View(14.0))) for entry in ledger_filters()] for row, _, _ in LEDGER] == expected


def test_styles_made_on_another_day_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    designs = Designs(load_catalog())
    before = designs.upon("light")["follow_ups"]["legend"][0]["filter"]
    assert designs.upon("light")["follow_ups"]["legend"][0]["filter"] is before

    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return TODAY + timedelta(days=1)

    monkeypatch.setattr("app.layer_list.date", Tomorrow)
    monkeypatch.setattr("app.styles.date", Tomorrow)
    assert (TODAY + timedelta(days=1)).isoformat() in json.dumps(designs.upon("light")["follow_ups"]["legend"][0]["filter"])
