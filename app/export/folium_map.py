"""The four-colour map for notebooks and mailing: folium, with the atlas's own styles, words and legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from app.export.map_drawing import DEEPEST_ZOOM, MapContent
from app.export.symbols import CROSS, SHAPES, Icon, Palette, parse_icon
from app.export.words import sheet_words
from layers.catalog import LEVELS, Catalog, Field, Layer, load_catalog
from layers.crs import WGS84, require_metric

ZOOM = 13.5
"""Zoom whose styles are taken: everything is visible, symbols are of middle size."""
DECIMALS = 6
MOST_POPUP_FIELDS = 10
HATCH_TILE_PX = 8
LIFTED_FROM = 10_000
LEGEND_ROOM_PX = (300, 60)
"""Left and top of the window that title and legend cover when the map opens."""
ICON_SHARE = 0.95
"""Size of a symbol in the file as a share of its size on the map page."""

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
    view = View(ZOOM, {"lang": text.lang, "policy": policy, "strong_hatch": True, "own_prefix": ""})
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
    """A layer's visible features in degrees, each with its Leaflet path style and its symbol, if any."""

    layer: Layer
    features: SheetFeatures
    looks: list[Style]
    icons: list[Icon | None]

    @classmethod
    def of(cls, layer: Layer, frame: gpd.GeoDataFrame, view: View, palette: Palette) -> _DrawnLayer:
        require_metric(frame)
        placed = frame[~(frame.geometry.isna() | frame.geometry.is_empty)].to_crs(WGS84)
        geometries = shapely.transform(np.asarray(placed.geometry.array), lambda xy: np.round(xy, DECIMALS))
        kinds = KINDS[shapely.get_type_id(geometries)]
        rows = pd.DataFrame(placed.drop(columns=placed.geometry.name)).assign(**{GEOMETRY_TYPE: kinds})
        features = SheetFeatures(rows.reset_index(drop=True), geometries)
        looks, icons = _looks(layer, features, view, palette)
        seen = np.array([bool(look or icon) for look, icon in zip(looks, icons, strict=True)], bool)
        kept = np.flatnonzero(seen)
        return cls(
            layer, features.chosen(seen), [{"fill": False} | looks[i] for i in kept], [icons[i] for i in kept]
        )


def _looks(
    layer: Layer, features: SheetFeatures, view: View, palette: Palette
) -> tuple[list[Style], list[Icon | None]]:
    """Path style and symbol of every feature, gathered from the layer's style layers from bottom to top."""
    looks: list[Style] = [{} for _ in range(len(features))]
    icons: list[Icon | None] = [None] * len(features)
    for style in sorted(styles.layer_style(layer, has_clusters=False), key=lambda style: style["metadata"]["atlas:order"]):
        if not style.get("minzoom", 0) <= view.zoom < style.get("maxzoom", DEEPEST_ZOOM):
            continue
        numbers = np.flatnonzero(features.matching(style.get("filter"), view))
        chosen = features.rows.iloc[numbers]
        for number, look in zip(numbers, _path_looks(style, chosen, view), strict=True):
            looks[number].update(look)
        for number, icon in zip(numbers, _symbols(style, chosen, view, palette), strict=True):
            icons[number] = icon or icons[number]
    return looks, icons


def _path_looks(style: Mapping[str, Any], rows: pd.DataFrame, view: View) -> list[Style]:
    """What a style layer adds to the Leaflet path of each row."""
    paint = style.get("paint", {})

    def values(name: str, default: Any) -> list[Any]:
        return evaluate_rows(paint.get(name, default), rows, view)

    if style["type"] == "fill" and "fill-pattern" in paint:
        hatches = [f"url(#hatch-{name.rpartition('=')[2]})" for name in values("fill-pattern", "")]
        return [{"fill": True, "fillColor": hatch, "fillOpacity": 0.85} for hatch in hatches]
    if style["type"] == "fill":
        pairs = zip(values("fill-color", "#000000"), values("fill-opacity", 1.0), strict=True)
        return [{"fill": True, "fillColor": c, "fillOpacity": o, "stroke": False} for c, o in pairs]
    if style["type"] == "line":
        names = (("line-color", "#000000"), ("line-width", 1.0), ("line-opacity", 1.0))
        columns = zip(*(values(name, default) for name, default in names), strict=True)
        return [_line_look(*look, paint.get("line-dasharray", [])) for look in columns]
    return [{} for _ in range(len(rows))]


def _line_look(colour: str, width_px: float, opacity: float, dash: Sequence[float]) -> Style:
    look: Style = {"stroke": True, "color": colour, "weight": round(width_px, 2), "opacity": opacity}
    return look | {"dashArray": " ".join(f"{part * width_px:.1f}" for part in dash) if dash else None}


def _symbols(style: Mapping[str, Any], rows: pd.DataFrame, view: View, palette: Palette) -> list[Icon | None]:
    """The symbol a style layer gives each row."""
    layout, paint = style.get("layout", {}), style.get("paint", {})
    if style["type"] == "circle":
        names = ("circle-radius", "circle-color", "circle-stroke-color")
        columns = [evaluate_rows(paint.get(name), rows, view) for name in names]
        return [
            Icon("circle", 2 * radius, fill, line, line) for radius, fill, line in zip(*columns, strict=True)
        ]
    if "icon-image" in layout and layout.get("symbol-placement") != "line":
        return [parse_icon(name, palette) for name in evaluate_rows(layout["icon-image"], rows, view)]
    return [None] * len(rows)


def _add(page: folium.Map, drawn: _DrawnLayer, lang: str) -> None:
    layer = drawn.layer
    title = layer.title_zh if lang == "zh" else layer.title_en
    shown = [entry for entry in layer.fields if entry.panel and entry.type != "json"][:MOST_POPUP_FIELDS]
    group = folium.FeatureGroup(name=f"{title} ({len(drawn.features):,})")
    details = [entry.title_zh if lang == "zh" else entry.title_en for entry in shown]
    folium.GeoJson(
        _collection(drawn, shown, lang),
        marker=folium.Marker(icon=folium.DivIcon()),
        style_function=lambda feature: feature["properties"]["look"],
        tooltip=folium.GeoJsonTooltip(["tip"], labels=False),
        popup=folium.GeoJsonPopup([entry.name for entry in shown], aliases=details) if shown else None,
    ).add_to(group)
    group.add_to(page)


def _collection(drawn: _DrawnLayer, shown: Sequence[Field], lang: str) -> dict[str, Any]:
    """The features as GeoJSON: words instead of codes, all text made harmless for HTML.

    A line or an area that bears a symbol is followed by a point for it.
    """
    words = {entry.name: _written(drawn.features.rows, entry, lang) for entry in shown}
    names = words.get(drawn.layer.label or "") or [""] * len(drawn.features)
    levels = words.get("level") or [""] * len(drawn.features)
    features: list[dict[str, Any]] = []
    for i, geometry in enumerate(drawn.features.geometries):
        tip = " · ".join(part for part in (names[i], levels[i]) if part)
        properties = {name: column[i] for name, column in words.items()} | {"tip": tip}
        icon = drawn.icons[i]
        if geometry.geom_type != "Point":
            features.append(_feature(len(features), geometry, properties | {"look": drawn.looks[i]}))
        if icon is not None:
            place = geometry.representative_point()
            features.append(_feature(len(features), place, properties | {"look": _picture_look(icon)}))
    return {"type": "FeatureCollection", "features": features}


def _feature(number: int, geometry: shapely.Geometry, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": str(number),
        "geometry": shapely.geometry.mapping(geometry),
        "properties": dict(properties),
    }


def _picture_look(icon: Icon) -> Style:
    """Options of the Leaflet icon that draws a symbol."""
    side = round(icon.size_px * ICON_SHARE) + 4
    name = f"atlas-icon atlas-{icon.level}" if icon.level else "atlas-icon"
    return {"html": _icon_picture(icon, side), "iconSize": [side, side], "className": name}


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
        page.fit_bounds(
            [[float(south), float(west)], [float(north), float(east)]], padding_top_left=LEGEND_ROOM_PX
        )


# --- legend -------------------------------------------------------------------------------------------


def _frame_html(drawn: Sequence[_DrawnLayer], text: AtlasText, view: View, palette: Palette) -> str:
    """Title, legend and notes over the map, and the hatch patterns that its zones refer to."""
    content = MapContent({layer.layer.id: layer.features for layer in drawn})
    content.drawn.update({layer.layer.id: np.ones(len(layer.features), bool) for layer in drawn})
    content.icons.update({layer.layer.id: {icon for icon in layer.icons if icon} for layer in drawn})
    ids = [layer.layer for layer in drawn]
    rows = legend_rows(
        ids, {layer.id: styles.legend(layer, has_clusters=False) for layer in ids}, content, view=view, palette=palette
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
.atlas-legend {{ bottom: 68px; left: 10px; max-width: 280px; max-height: calc(100% - 150px);
  overflow: auto; }}
.atlas-legend h2 {{ font-size: 13px; font-weight: bold; margin: 6px 0 2px; }}
.atlas-legend li {{ list-style: none; display: flex; align-items: center; gap: 6px; }}
.atlas-legend ul, .atlas-legend p {{ margin: 0; padding: 0; }}
.atlas-legend p {{ border-top: 1px solid {line}; margin-top: 6px; padding-top: 4px; font-size: 12px; }}
{_worst_on_top()}
</style>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs>{_patterns(palette)}</defs></svg>
<h1 class="atlas-title">{_harmless(text.title)}</h1>
<section class="atlas-legend" aria-label="{title}"><ul>{entries}</ul>{notes}</section>
"""


def _worst_on_top() -> str:
    """Rules that lift symbols of worse levels over the others, which Leaflet orders from north to south."""
    lifted = enumerate(reversed(LEVELS), start=LIFTED_FROM)
    return " ".join(f".atlas-{level} {{ z-index: {height} !important; }}" for height, level in lifted)


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
        return _icon_picture(parse_icon(symbol["image"], palette), 18)
    fill = f"url(#hatch-{symbol['hatch']})" if "hatch" in symbol else symbol["color"]
    outline = symbol.get("outline", "none")
    return _picture(28, f'<rect x="1" y="1" width="26" height="14" fill="{fill}" stroke="{outline}"/>')


def _picture(width: int, inner: str) -> str:
    return f'<svg width="{width}" height="16" aria-hidden="true">{inner}</svg>'


def _icon_picture(icon: Icon, side: float) -> str:
    """A symbol as a picture of `side` pixels, with its character or mark."""
    shape = _outline(icon, 6.0 if not icon.has_ring else 4.6)
    ring = _outline(replace(icon, fill="none"), 7.0) if icon.has_ring else ""
    cross = " ".join(f"{8 + 6 * x:.1f},{8 + 6 * y:.1f}" for x, y in CROSS)
    mark = f'<polygon points="{cross}" fill="{icon.ink}"/>' if icon.mark == "cross" else ""
    place = f'x="8" y="10.8" font-size="7.5" font-weight="bold" text-anchor="middle" fill="{icon.ink}"'
    text = f"<text {place}>{escape(icon.character)}</text>" if icon.character else ""
    size = f'width="{side}" height="{side}" viewBox="0 0 16 16"'
    return f'<svg {size} aria-hidden="true">{ring}{shape}{mark}{text}</svg>'


def _outline(icon: Icon, half: float) -> str:
    colours = f'fill="{icon.fill}" stroke="{icon.line}" stroke-width="1.3"'
    points = SHAPES[icon.shape]
    if points is None:
        return f'<circle cx="8" cy="8" r="{half}" {colours}/>'
    placed = " ".join(f"{8 + half * x:.1f},{8 + half * y:.1f}" for x, y in points)
    return f'<polygon points="{placed}" {colours}/>'


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
