"""The four-colour map for notebooks and mailing: folium, with the atlas's own styles, words and legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from app import styles
from app.export.expressions import GEOMETRY_TYPE, View, evaluate_rows, plain_value
from app.export.features import KINDS, SheetFeatures, shown_policy
from app.export.html_atlas import inline_assets
from app.export.legend import LegendRow, legend_rows
from app.export.map_drawing import MapContent
from app.export.symbols import SHAPES, Icon, Palette, parse_icon
from app.export.words import sheet_words
from layers.catalog import Catalog, Field, Layer, load_catalog
from layers.crs import WGS84, require_metric

ZOOM = 13.5
"""Zoom whose styles are taken: everything is visible, symbols are of middle size."""
DECIMALS = 6
MOST_POPUP_FIELDS = 10
HATCH_TILE_PX = 8

Style = dict[str, Any]


@dataclass(frozen=True)
class AtlasText:
    """What is written on the map beside it: title, notes below the legend, language ``zh`` or ``en``."""

    title: str
    notes: tuple[str, ...] = ()
    lang: str = "zh"


def atlas_map(
    layers: Mapping[str, pd.DataFrame], text: AtlasText, *, policy: str = "", catalog: Catalog | None = None
) -> folium.Map:
    """A folium map of layers, bottom to top as the map page draws them, without any online tiles.

    Parameters
    ----------
    layers : frames by layer id in the metric CRS; frames without geometry and unplaced features are left out
    text : AtlasText
    policy : whose zones to show; needed where the frames hold several

    Raises
    ------
    CrsMismatchError
        A frame that is not in metres.
    InputError
        An unknown language.
    """
    sheet_words(text.lang)
    policy = shown_policy(layers.values(), policy)
    view = View(ZOOM, {"lang": text.lang, "policy": policy, "strong_hatch": True})
    palette = styles.palette()
    drawn = [
        _DrawnLayer.of(layer, layers[layer.id], view, palette)
        for layer in catalog or load_catalog()
        if layer.id in layers and isinstance(layers[layer.id], gpd.GeoDataFrame)
    ]
    drawn = [layer for layer in drawn if len(layer.features)]
    page = folium.Map(tiles=None, control_scale=True, attributionControl=False)
    for layer in drawn:
        _add(page, layer, text.lang)
    _fit(page, drawn)
    folium.LayerControl(collapsed=True).add_to(page)
    page.get_root().html.add_child(folium.Element(_frame_html(drawn, text, view, palette)))
    return page


def html_atlas(
    layers: Mapping[str, pd.DataFrame], text: AtlasText, node_modules: Path, *, policy: str = ""
) -> bytes:
    """The map of `atlas_map` as one HTML file that opens without a network."""
    page = atlas_map(layers, text, policy=policy)
    return inline_assets(page.get_root().render(), node_modules).encode()


# --- layers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _DrawnLayer:
    """A layer's visible features in degrees, each with its Leaflet style, and the symbols they use."""

    layer: Layer
    features: SheetFeatures
    looks: list[Style]
    icons: set[Icon]

    @classmethod
    def of(cls, layer: Layer, frame: gpd.GeoDataFrame, view: View, palette: Palette) -> _DrawnLayer:
        require_metric(frame)
        placed = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(WGS84)
        geometries = shapely.transform(np.asarray(placed.geometry.array), lambda xy: np.round(xy, DECIMALS))
        kinds = KINDS[shapely.get_type_id(geometries)]
        rows = pd.DataFrame(placed.drop(columns=placed.geometry.name)).assign(**{GEOMETRY_TYPE: kinds})
        features = SheetFeatures(rows.reset_index(drop=True), geometries)
        looks, icons = _looks(layer, features, view, palette)
        seen = np.array([bool(look) for look in looks], bool)
        return cls(layer, features.chosen(seen), [{"fill": False} | look for look in looks if look], icons)


def _looks(
    layer: Layer, features: SheetFeatures, view: View, palette: Palette
) -> tuple[list[Style], set[Icon]]:
    """The Leaflet style of every feature, gathered from the layer's style layers from bottom to top."""
    looks: list[Style] = [{} for _ in range(len(features))]
    icons: set[Icon] = set()
    for style in sorted(styles.layer_style(layer), key=lambda style: style["metadata"]["atlas:order"]):
        if not style.get("minzoom", 0) <= view.zoom < style.get("maxzoom", 24):
            continue
        numbers = np.flatnonzero(features.matching(style.get("filter"), view))
        chosen = features.rows.iloc[numbers]
        for number, look, icon in zip(numbers, *_part_looks(style, chosen, view, palette), strict=True):
            looks[number].update(look)
            if icon is not None:
                icons.add(icon)
    return looks, icons


def _part_looks(
    style: Mapping[str, Any], rows: pd.DataFrame, view: View, palette: Palette
) -> tuple[list[Style], list[Icon | None]]:
    """What one style layer adds to the look of each row, and the symbol it draws."""
    paint, nothing = style.get("paint", {}), [None] * len(rows)

    def values(name: str, default: Any) -> list[Any]:
        return evaluate_rows(paint.get(name, default), rows, view)

    if style["type"] == "fill" and "fill-pattern" in paint:
        names = values("fill-pattern", "")
        hatches = [f"url(#hatch-{name.rpartition('=')[2]})" for name in names]
        return [{"fill": True, "fillColor": hatch, "fillOpacity": 0.85} for hatch in hatches], nothing
    if style["type"] == "fill":
        pairs = zip(values("fill-color", "#000000"), values("fill-opacity", 1.0), strict=True)
        return [{"fill": True, "fillColor": c, "fillOpacity": o, "stroke": False} for c, o in pairs], nothing
    if style["type"] == "line":
        pairs = zip(values("line-color", "#000000"), values("line-width", 1.0), strict=True)
        dash = paint.get("line-dasharray", [])
        return [_line_look(colour, width, dash) for colour, width in pairs], nothing
    if style["type"] == "circle":
        triples = zip(
            values("circle-radius", 5.0),
            values("circle-color", ""),
            values("circle-stroke-color", ""),
            strict=True,
        )
        return [_disc_look(*triple) for triple in triples], nothing
    if "icon-image" in style.get("layout", {}) and style["layout"].get("symbol-placement") != "line":
        names = evaluate_rows(style["layout"]["icon-image"], rows, view)
        icons = [parse_icon(name, palette) for name in names]
        return [_disc_look(icon.size_px / 2.6, icon.fill, icon.line) for icon in icons], [*icons]
    return [{} for _ in range(len(rows))], nothing


def _line_look(colour: str, width_px: float, dash: Sequence[float]) -> Style:
    look: Style = {"stroke": True, "color": colour, "weight": round(width_px, 2), "opacity": 1.0}
    return look | {"dashArray": " ".join(f"{part * width_px:.1f}" for part in dash) if dash else None}


def _disc_look(radius_px: float, fill: str, line: str) -> Style:
    return {
        "radius": round(radius_px, 1), "fill": True, "fillColor": fill, "fillOpacity": 1.0,
        "stroke": True, "color": line, "weight": 1.5, "opacity": 1.0,
    }  # fmt: skip


def _add(page: folium.Map, drawn: _DrawnLayer, lang: str) -> None:
    layer = drawn.layer
    title = layer.title_zh if lang == "zh" else layer.title_en
    shown = [entry for entry in layer.fields if entry.panel and entry.type != "json"][:MOST_POPUP_FIELDS]
    group = folium.FeatureGroup(name=f"{title} ({len(drawn.features):,})")
    collection = _collection(drawn, shown, lang)
    details = [entry.title_zh if lang == "zh" else entry.title_en for entry in shown]
    folium.GeoJson(
        collection,
        marker=folium.CircleMarker(),
        style_function=lambda feature: feature["properties"]["look"],
        tooltip=folium.GeoJsonTooltip(["tip"], labels=False),
        popup=folium.GeoJsonPopup([entry.name for entry in shown], aliases=details) if shown else None,
    ).add_to(group)
    group.add_to(page)


def _collection(drawn: _DrawnLayer, shown: Sequence[Field], lang: str) -> dict[str, Any]:
    """The features as GeoJSON: words instead of codes, all text made harmless for HTML."""
    words = {entry.name: _written(drawn.features.rows, entry, lang) for entry in shown}
    label = drawn.layer.label or ""
    names = words.get(label) or [""] * len(drawn.features)
    levels = words.get("level") or [""] * len(drawn.features)
    features = []
    for i, geometry in enumerate(drawn.features.geometries):
        properties = {name: column[i] for name, column in words.items()}
        properties |= {
            "look": drawn.looks[i],
            "tip": " · ".join(part for part in (names[i], levels[i]) if part),
        }
        features.append(
            {
                "type": "Feature",
                "id": str(i),
                "geometry": shapely.geometry.mapping(geometry),
                "properties": properties,
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _written(rows: pd.DataFrame, entry: Field, lang: str) -> list[str]:
    """A column as people read it: code words, unit, a dash where there is nothing."""
    words = {code.code: code.zh if lang == "zh" else code.en for code in entry.codes}
    cells = rows[entry.name].tolist() if entry.name in rows.columns else [None] * len(rows)
    values = [plain_value(cell) for cell in cells]
    return [_one_value(words.get(value, value) if words else value, entry, lang) for value in values]


def _one_value(value: Any, entry: Field, lang: str) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return sheet_words(lang)["yes" if value else "no"]
    if isinstance(value, float):
        value = f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    return _harmless(f"{value} {entry.unit}" if entry.unit else str(value))


def _harmless(text: str) -> str:
    """Text that neither HTML nor folium's templates take for theirs."""
    return escape(text).replace("{", "&#123;").replace("}", "&#125;")


def _fit(page: folium.Map, drawn: Sequence[_DrawnLayer]) -> None:
    bounds = [shapely.total_bounds(layer.features.geometries) for layer in drawn]
    if bounds:
        west, south = np.min(bounds, axis=0)[:2]
        east, north = np.max(bounds, axis=0)[2:]
        page.fit_bounds([[float(south), float(west)], [float(north), float(east)]])


# --- legend -------------------------------------------------------------------------------------------


def _frame_html(drawn: Sequence[_DrawnLayer], text: AtlasText, view: View, palette: Palette) -> str:
    """Title, legend and notes over the map, and the hatch patterns that its zones refer to."""
    content = MapContent({layer.layer.id: layer.features for layer in drawn})
    content.drawn.update({layer.layer.id: np.ones(len(layer.features), bool) for layer in drawn})
    content.icons.update({layer.layer.id: layer.icons for layer in drawn if layer.icons})
    ids = [layer.layer for layer in drawn]
    rows = legend_rows(
        ids, {layer.id: styles.legend(layer) for layer in ids}, content, view=view, palette=palette
    )
    ink, panel, line = (palette["interface"][name] for name in ("text", "panel", "control"))
    title = sheet_words(text.lang)["legend"]
    entries = "".join(_legend_entry(row, palette) for row in rows)
    notes = "".join(f"<p>{_harmless(note)}</p>" for note in text.notes)
    return f"""
<style>
.leaflet-container {{ background: {palette["base"]["land"]}; }}
.atlas-title, .atlas-legend {{ position: absolute; z-index: 900; background: {panel}; color: {ink};
  border: 1px solid {line}; padding: 8px 12px;
  font: 13px/1.45 "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; }}
.atlas-title {{ top: 10px; left: 56px; font-size: 18px; font-weight: bold; margin: 0; }}
.atlas-legend {{ bottom: 24px; left: 10px; max-width: 280px; max-height: 70%; overflow: auto; }}
.atlas-legend h2 {{ font-size: 13px; font-weight: bold; margin: 6px 0 2px; }}
.atlas-legend li {{ list-style: none; display: flex; align-items: center; gap: 6px; }}
.atlas-legend ul, .atlas-legend p {{ margin: 0; padding: 0; }}
.atlas-legend p {{ border-top: 1px solid {line}; margin-top: 6px; padding-top: 4px; font-size: 12px; }}
</style>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{_patterns(palette)}</defs></svg>
<h1 class="atlas-title">{_harmless(text.title)}</h1>
<section class="atlas-legend" aria-label="{title}"><ul>{entries}</ul>{notes}</section>
"""


def _legend_entry(row: LegendRow, palette: Palette) -> str:
    if not row.symbols:
        return f"<li><h2>{_harmless(row.text)}</h2></li>"
    return f"<li>{''.join(_swatch(symbol, palette) for symbol in row.symbols)} {_harmless(row.text)}</li>"


def _swatch(symbol: Mapping[str, Any], palette: Palette) -> str:
    """A legend symbol as a small picture."""
    if symbol["kind"] == "line":
        dash = " ".join(map(str, symbol.get("dash", ())))
        casing, colour, width = symbol.get("casing", "none"), symbol["color"], symbol["width"]
        under = f'<path d="M1 8H27" stroke="{casing}" stroke-width="{width + 2}"/>'
        return _picture(
            28,
            f'{under}<path d="M1 8H27" stroke="{colour}" stroke-width="{width}" stroke-dasharray="{dash}"/>',
        )
    if symbol["kind"] == "icon":
        return _picture(18, _icon_shape(parse_icon(symbol["image"], palette)))
    fill = f"url(#hatch-{symbol['hatch']})" if "hatch" in symbol else symbol["color"]
    outline = symbol.get("outline", "none")
    return _picture(28, f'<rect x="1" y="1" width="26" height="14" fill="{fill}" stroke="{outline}"/>')


def _picture(width: int, inner: str) -> str:
    return f'<svg width="{width}" height="16" aria-hidden="true">{inner}</svg>'


def _icon_shape(icon: Icon) -> str:
    """A symbol of 12 pixels with its character."""
    colours = f'fill="{icon.fill}" stroke="{icon.line}" stroke-width="1.5"'
    outline = SHAPES[icon.shape]
    if outline is None:
        shape = f'<circle cx="9" cy="8" r="6" {colours}/>'
    else:
        points = " ".join(f"{9 + 6.2 * x:.1f},{8 + 6.2 * y:.1f}" for x, y in outline)
        shape = f'<polygon points="{points}" {colours}/>'
    place = f'x="9" y="11" font-size="8" text-anchor="middle" fill="{icon.ink}"'
    return shape + (f"<text {place}>{escape(icon.character)}</text>" if icon.character else "")


def _patterns(palette: Palette) -> str:
    """One SVG pattern a level: its colour with its screen hatch over it."""
    return "".join(_pattern(level, entry) for level, entry in palette["level"].items())


def _pattern(level: str, entry: Mapping[str, Any]) -> str:
    px, hatch = HATCH_TILE_PX, entry["hatch"]
    rising = f"M-1 {px + 1}L{px + 1} -1M-1 1L1 -1M{px - 1} {px + 1}L{px + 1} {px - 1}"
    falling = f"M-1 -1L{px + 1} {px + 1}M-1 {px - 1}L1 {px + 1}M{px - 1} -1L{px + 1} 1"
    stroke = f'stroke="{entry["hatch_ink"]}" stroke-width="{hatch["width_px"]}" stroke-opacity="0.6"'
    radius = hatch["width_px"] / 2
    marks = {
        "none": "",
        "diagonal": f'<path d="{rising}" {stroke}/>',
        "crossed": f'<path d="{rising}{falling}" {stroke}/>',
        "dots": "".join(
            f'<circle cx="{at}" cy="{at}" r="{radius}" fill="{entry["hatch_ink"]}"/>'
            for at in (px / 4, 3 * px / 4)
        ),
        "dashes": f'<path d="M0 {px / 2}H{px * 0.6}" {stroke}/>',
    }
    return (
        f'<pattern id="hatch-{level}" width="{px}" height="{px}" patternUnits="userSpaceOnUse">'
        f'<rect width="{px}" height="{px}" fill="{entry["fill"]}"/>{marks[hatch["pattern"]]}</pattern>'
    )
