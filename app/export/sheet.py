"""Map sheets at exact scale: what the screen shows, with the furniture that paper owes its reader."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app import styles
from app.export import furniture
from app.export.canvas import Canvas, TextStyle
from app.export.expressions import View
from app.export.features import SheetFeatures, one_feature, sheet_features, shown_policy
from app.export.layout import (
    Box,
    Layout,
    Projection,
    map_frame_mm,
    scale_for_extent,
    sheet_layout,
    zoom_of_scale,
)
from app.export.legend import LegendRow, draw_legend, fit_legend, legend_rows
from app.export.map_drawing import MapContent, MapPainter, is_in_zoom
from app.export.statistics import sheet_statistics
from app.export.symbols import Palette
from app.export.words import sheet_words, written_date
from layers.catalog import Catalog, Layer, load_catalog
from layers.crs import WGS84
from layers.errors import InputError

__all__ = ["SheetData", "SheetSpec", "map_frame_mm", "render_sheet", "scale_for_extent"]

PUBLIC_WORDS = ("公开", "public")
DEFAULT_LATITUDE_DEG = 35.0
BOUNDARY = Layer(
    id="area_boundary",
    title_zh="辖区界",
    title_en="Area boundary",
    group="base",
    geometry="MultiPolygon",
    draw_order=405,
)
BOUNDARY_STYLE = {
    "id": "area_boundary-line",
    "type": "line",
    "paint": {"line-color": "@boundary.line", "line-width": 2.0, "line-dasharray": [5, 1.5, 1, 1.5, 1, 1.5]},
    "metadata": {"atlas:layer": "area_boundary", "atlas:order": 405},
}
BOUNDARY_SYMBOL = {"kind": "line", "color": "@boundary.line", "width": 2.0, "dash": [10, 3, 2, 3, 2, 3]}
KIND_OF_AREA = re.compile("[县縣市区區旗]$")
VEIL_OPACITY = 0.6
REST_LINE_MM = 4.0
VERIFIED = ("law_text", "official_text")
"""Values of `source_type` that need no remark: the figure was read in the standard or law itself."""


@dataclass(frozen=True)
class SheetSpec:
    """What is to be printed.

    `centre` is x, y in metres of the metric CRS; `layers` are ids in any order, drawn as the map draws them.
    `policy` is the id of the policy whose zones are shown, needed where the zones hold several.
    `true_north_deg` is clockwise from the sheet's upright; None takes it from the CRS of the layers.
    `area_name` (云沧县) is left out of names on the map that begin with it.
    `watermark` (unit, user, time) lies faintly across the map.
    """

    title: str
    paper: str
    orientation: str
    format: str
    scale_denominator: int
    centre: tuple[float, float]
    layers: tuple[str, ...]
    subtitle: str = ""
    lang: str = "zh"
    dpi: int = 300
    organisation: str = ""
    date: date | None = None
    edition_label: str = ""
    data_as_of: date | None = None
    method: str = ""
    secrecy: str = "内部使用"
    notes: tuple[str, ...] = ()
    crs_line: str = ""
    true_north_deg: float | None = None
    address: str = ""
    policy: str = ""
    policy_title: str = ""
    is_synthetic: bool = False
    area_name: str = ""
    watermark: str = ""


@dataclass(frozen=True)
class SheetData:
    """What it is printed from: frames by layer id in the metric CRS, the area's outline and its towns.

    `focus` is the town of an atlas page: what lies outside it is veiled. Palette, catalog and thus the styles
    are the atlas's own unless given.
    """

    layers: Mapping[str, pd.DataFrame]
    boundary: BaseGeometry | None = None
    towns: gpd.GeoDataFrame | None = None
    focus: BaseGeometry | None = None
    palette: Palette = field(default_factory=styles.palette)
    catalog: Catalog = field(default_factory=load_catalog)


@dataclass(frozen=True)
class DrawnSheet:
    """What stands where on a sheet that was drawn."""

    layout: Layout
    projection: Projection
    content: MapContent
    legend: Sequence[LegendRow]
    scale_bar: furniture.ScaleBar
    blocked: Sequence[Box]


def render_sheet(spec: SheetSpec, data: SheetData) -> bytes:
    """A map sheet as PDF, PNG or SVG.

    Raises
    ------
    InputError
        Unknown paper, orientation, format or language; a scale or resolution out of range; a sheet marked
        public, for which another template is due; several policies and none chosen.
    UnknownLayerError
        A layer that the catalog does not have.
    CrsMismatchError
        A frame that is not in metres.
    """
    check_spec(spec)
    canvas = Canvas(
        sheet_layout(spec.paper, spec.orientation)["page"],
        file_format=spec.format, dpi=spec.dpi, title=spec.title, author=spec.organisation, made_on=spec.date,
    )  # fmt: skip
    draw_sheet(canvas, spec, data)
    return canvas.finish()


def check_spec(spec: SheetSpec) -> None:
    """Raise `InputError` for what no sheet can be made of."""
    if not 100 <= spec.scale_denominator <= 50_000_000:
        raise InputError("scale", f"1:{spec.scale_denominator} is not between 1:100 and 1:50000000")
    if not all(np.isfinite(spec.centre)):
        raise InputError("centre", f"{spec.centre} is no place in metres")
    if spec.secrecy.strip().lower() in PUBLIC_WORDS:
        raise InputError(
            "secrecy", "a public sheet needs the public template, which leaves protected layers out"
        )
    sheet_words(spec.lang)


def draw_sheet(canvas: Canvas, spec: SheetSpec, data: SheetData) -> DrawnSheet:
    """Draw a sheet on a canvas of its page: map, labels, then furniture."""
    layout = sheet_layout(spec.paper, spec.orientation)
    projection = Projection(layout["map"], spec.centre, spec.scale_denominator)
    latitude_deg, true_north_deg = _latitude_and_north(spec, data)
    state = {
        "lang": spec.lang,
        "policy": shown_policy(_frames(spec, data).values(), spec.policy),
        "strong_hatch": True,
        "own_prefix": KIND_OF_AREA.sub("", spec.area_name),
    }
    view = View(zoom_of_scale(spec.scale_denominator, latitude_deg), state)
    content = MapContent(_features(spec, data, projection, view.zoom))
    layers = [layer for layer in (*data.catalog, BOUNDARY) if layer.id in content.features]
    painter = MapPainter(canvas, layout, view, data.palette, content)
    arrow = furniture.north_arrow_box(layout["map"])
    with canvas.clipped(layout["map"]):
        canvas.fill_box(layout["map"], data.palette["base"]["land"])
        painter.draw([style for layer in layers for style in _styles(layer)])
        _veil(canvas, data.focus, projection, data.palette)
        plate = furniture.notes_plate(
            canvas, sheet_notes(spec, content, layers), layout["map"], layout.map_text_pt + 0.5,
            is_first_bold=spec.is_synthetic, spared=_worth_seeing(content),
        )  # fmt: skip
        painter.draw_labels(layout["map"], [arrow, plate.box])
        furniture.draw_watermark(canvas, layout["map"], spec.watermark, data.palette)
    furniture.draw_north_arrow(canvas, arrow, true_north_deg, sheet_words(spec.lang)["north"], data.palette)
    furniture.draw_notes(canvas, plate, data.palette)
    rows = legend_rows(
        layers, {layer.id: _legend(layer) for layer in layers}, content, view=view, palette=data.palette
    )
    bar = furniture.scale_bar(spec.scale_denominator, layout["scale"].w - 12)
    sheet = DrawnSheet(layout, projection, content, rows, bar, (arrow, plate.box))
    _draw_around_map(canvas, spec, data, sheet, state["policy"])
    return sheet


def _worth_seeing(content: MapContent) -> NDArray[np.object_]:
    """Shapes that notes had better not cover, in page millimetres: the area, its rated zones, its symbols."""
    rated = [features for features in content.features.values() if "level" in features.rows]
    outline = [content.features[BOUNDARY.id]] if BOUNDARY.id in content.features else []
    symbols = [shapely.box(box.x, box.y, box.right, box.bottom) for box in content.icon_boxes]
    shapes = [features.geometries for features in (*rated, *outline)]
    return shapely.make_valid(np.concatenate([*shapes, np.array(symbols, object)]))


def _styles(layer: Layer) -> list[dict[str, Any]]:
    return [styles.with_colours(BOUNDARY_STYLE)] if layer is BOUNDARY else styles.layer_style(layer)


def _legend(layer: Layer) -> list[dict[str, Any]]:
    if layer is not BOUNDARY:
        return styles.legend(layer)
    titles = {"label_zh": layer.title_zh, "label_en": layer.title_en}
    return [titles | {"symbol": styles.with_colours(BOUNDARY_SYMBOL)}]


def _geo_frames(data: SheetData) -> list[gpd.GeoDataFrame]:
    frames = [*data.layers.values(), data.towns]
    return [frame for frame in frames if isinstance(frame, gpd.GeoDataFrame) and frame.crs is not None]


def _frames(spec: SheetSpec, data: SheetData) -> dict[str, pd.DataFrame]:
    return {layer_id: data.layers[layer_id] for layer_id in spec.layers if layer_id in data.layers}


def _features(
    spec: SheetSpec, data: SheetData, projection: Projection, zoom: float
) -> dict[str, SheetFeatures]:
    """Features of every layer on the sheet; one of each not drawn at its scale, to say that it is hidden."""
    for layer_id in spec.layers:
        data.catalog[layer_id]
    features = {}
    for layer_id, frame in _frames(spec, data).items():
        is_drawn = any(is_in_zoom(style, zoom) for style in styles.layer_style(data.catalog[layer_id]))
        features[layer_id] = (sheet_features if is_drawn else one_feature)(frame, projection)
    geo_frames = _geo_frames(data)
    if data.boundary is not None and geo_frames:
        outline = gpd.GeoDataFrame(geometry=[data.boundary], crs=geo_frames[0].crs)
        features[BOUNDARY.id] = sheet_features(outline, projection)
    return features


def _latitude_and_north(spec: SheetSpec, data: SheetData) -> tuple[float, float]:
    frames = _geo_frames(data)
    if not frames:
        return DEFAULT_LATITUDE_DEG, spec.true_north_deg or 0.0
    latitude_deg, true_north_deg = latitude_and_true_north(spec.centre, frames[0].crs)
    return latitude_deg, true_north_deg if spec.true_north_deg is None else spec.true_north_deg


def latitude_and_true_north(centre_m: tuple[float, float], crs: Any) -> tuple[float, float]:
    """Latitude of a place given in a projected CRS, and true north there, both in degrees.

    True north is clockwise from the y axis: negative east of the central meridian in the northern hemisphere.

    >>> from layers.crs import metric_crs
    >>> latitude, north = latitude_and_true_north((600_000, 500_000), metric_crs(105.4, 29.0))
    >>> round(latitude, 2), round(north, 2)
    (29.0, -0.5)
    """
    to_earth = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    lon_deg, lat_deg = to_earth.transform(*centre_m)
    step_deg = 1e-4
    x, y = to_earth.transform(lon_deg, lat_deg + step_deg, direction="INVERSE")
    return lat_deg, float(np.degrees(np.arctan2(x - centre_m[0], y - centre_m[1])))


def _veil(canvas: Canvas, focus: BaseGeometry | None, projection: Projection, palette: Palette) -> None:
    """White over everything outside the town of an atlas page."""
    if focus is None:
        return
    frame = projection.frame
    page = shapely.box(frame.x, frame.y, frame.right, frame.bottom)
    canvas.trace(shapely.difference(page, projection.to_sheet(np.array([focus], object))[0]))
    canvas.fill(palette["interface"]["panel"], VEIL_OPACITY)


def sheet_notes(spec: SheetSpec, content: MapContent, layers: Sequence[Layer]) -> list[str]:
    """What a reader must know to read the map rightly, most important first."""
    words = sheet_words(spec.lang)
    hidden = [layer for layer in layers if _is_hidden(content, layer.id)]
    titles = words["separator"].join(
        layer.title_zh if spec.lang == "zh" else layer.title_en for layer in hidden
    )
    candidates = {
        words["synthetic"]: spec.is_synthetic,
        words["screening"]: True,
        words["unrated"]: _any_drawn(content, "level", "unrated"),
        words["assumption"]: _any_drawn(content, "is_assumption", True),
        words["unverified"]: _any_drawn(content, "is_estimated", True) or _any_unverified(content),
        words["dots"]: content.has_dots,
        words["hidden"].format(layers=titles): bool(hidden),
    }
    return [*(note for note, is_due in candidates.items() if is_due), *spec.notes]


def _is_hidden(content: MapContent, layer_id: str) -> bool:
    return bool(len(content.features[layer_id])) and not content.drawn.get(layer_id, np.zeros(1, bool)).any()


def _drawn_values(content: MapContent, column: str) -> list[Any]:
    """Values of a column among the features that are visible."""
    drawn = [(features.rows, content.drawn.get(layer_id)) for layer_id, features in content.features.items()]
    return [
        value
        for rows, seen in drawn
        if seen is not None and column in rows
        for value in rows.loc[seen, column]
    ]


def _any_drawn(content: MapContent, column: str, wanted: Any) -> bool:
    return any(value == wanted for value in _drawn_values(content, column))


def _any_unverified(content: MapContent) -> bool:
    return any(
        isinstance(value, str) and value not in VERIFIED for value in _drawn_values(content, "source_type")
    )


# --- around the map -----------------------------------------------------------------------------------


def _draw_around_map(
    canvas: Canvas, spec: SheetSpec, data: SheetData, sheet: DrawnSheet, policy: str
) -> None:
    palette, layout = data.palette, sheet.layout
    ink = palette["interface"]["text"]
    canvas.stroke_box(layout["map"], furniture.LineStyle(ink, furniture.MAP_LINE_MM))
    canvas.stroke_box(layout["frame"], furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    _draw_head(canvas, spec, layout, ink)
    _draw_foot(canvas, spec, sheet, palette)
    towns = [] if data.towns is None else [town for town in data.towns.geometry if town is not None]
    words = sheet_words(spec.lang)
    furniture.draw_locator(
        canvas, layout["locator"], title=words["locator"], boundary=data.boundary, towns=towns,
        focus=data.focus, projection=sheet.projection, palette=palette,
    )  # fmt: skip
    table = furniture.draw_heading(canvas, words["table"], layout["table"], palette)
    statistics = sheet_statistics(_frames(spec, data), sheet.projection.extent_m, policy=policy)
    furniture.draw_statistics(canvas, table, statistics, words, spec.lang, palette)
    _draw_legend_block(canvas, spec, sheet, palette)


def _draw_head(canvas: Canvas, spec: SheetSpec, layout: Layout, ink: str) -> None:
    is_large = spec.paper == "A3"
    words = sheet_words(spec.lang)
    title, subtitle = (
        TextStyle(22 if is_large else 18, ink, is_bold=True),
        TextStyle(12 if is_large else 10, ink),
    )
    furniture.draw_line_of_text(canvas, spec.title, layout["title"], title, least_pt=11)
    furniture.draw_line_of_text(canvas, spec.subtitle, layout["subtitle"], subtitle, least_pt=7)
    edition = words["edition"].format(edition=spec.edition_label) if spec.edition_label else ""
    furniture.draw_line_of_text(canvas, edition, layout["edition"], TextStyle(9, ink), align="left")
    furniture.draw_line_of_text(
        canvas, spec.secrecy, layout["secrecy"], TextStyle(9, ink, is_bold=True), align="right"
    )


def _draw_foot(canvas: Canvas, spec: SheetSpec, sheet: DrawnSheet, palette: Palette) -> None:
    words, layout = sheet_words(spec.lang), sheet.layout
    style = TextStyle(7.5 if spec.paper == "A3" else 7.0, palette["interface"]["text"])
    furniture.draw_scale_bar(canvas, sheet.scale_bar, spec.scale_denominator, layout["scale"], palette)
    as_of = words["data_as_of"].format(date=written_date(spec.data_as_of, spec.lang))
    method = words["method"].format(method=spec.method) if spec.method else ""
    policy = (
        words["policy"].format(policy=spec.policy_title or spec.policy)
        if spec.policy_title or spec.policy
        else ""
    )
    dated = " · ".join(part for part in (as_of, method) if part)
    furniture.draw_paragraphs(canvas, (spec.crs_line, dated, policy), layout["crs"], style)
    organisation = words["organisation"].format(organisation=spec.organisation) if spec.organisation else ""
    made = words["date"].format(date=written_date(spec.date, spec.lang)) if spec.date else ""
    furniture.draw_paragraphs(canvas, (organisation, made), layout["organisation"], style)
    furniture.draw_qr(canvas, spec.address, layout["qr"], palette)


def _draw_legend_block(canvas: Canvas, spec: SheetSpec, sheet: DrawnSheet, palette: Palette) -> None:
    """The legend; what its box cannot hold goes to a second page, or is counted where there is one page."""
    words, rows = sheet_words(spec.lang), sheet.legend
    box = furniture.draw_heading(canvas, words["legend"], sheet.layout["legend"], palette)
    style = TextStyle(8.0, palette["interface"]["text"])
    if not rows:
        furniture.draw_paragraphs(canvas, (words["none_drawn"],), box, style)
        return
    n_columns = 2 if spec.orientation == "portrait" else 1
    placed = fit_legend(canvas, rows, box, spec.lang, n_columns=n_columns)
    if len(placed) < len(rows) and spec.format != "pdf":
        placed = fit_legend(
            canvas, rows, Box(box.x, box.y, box.w, box.h - REST_LINE_MM), spec.lang, n_columns=n_columns
        )
        rest = words["legend_rest"].format(n=sum(bool(row.symbols) for row in rows[len(placed) :]))
        line = Box(box.x, box.bottom - REST_LINE_MM, box.w, REST_LINE_MM)
        furniture.draw_line_of_text(canvas, rest, line, style, align="left")
    draw_legend(canvas, placed, palette)
    if len(placed) < len(rows) and spec.format == "pdf":
        _draw_second_page(canvas, spec, rows[len(placed) :], sheet.layout, palette)


def _draw_second_page(
    canvas: Canvas, spec: SheetSpec, rows: Sequence[LegendRow], layout: Layout, palette: Palette
) -> None:
    ink = palette["interface"]["text"]
    canvas.new_page()
    canvas.stroke_box(layout["frame"], furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    _draw_head(canvas, spec, layout, ink)
    page = Box(layout["map"].x, layout["map"].y, layout["frame"].w - 8, layout["map"].h)
    box = furniture.draw_heading(canvas, sheet_words(spec.lang)["legend_continued"], page, palette)
    draw_legend(canvas, fit_legend(canvas, rows, box, spec.lang, n_columns=3), palette)
