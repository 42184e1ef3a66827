"""Map sheets at exact scale: what the screen shows, with the furniture that paper owes its reader."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
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
from app.export.canvas import Canvas
from app.export.expressions import View
from app.export.features import SheetFeatures, one_feature, sheet_features, shown_policy
from app.export.graticule import draw_graticule
from app.export.ground import draw_relief
from app.export.layout import (
    Box,
    Layout,
    Projection,
    map_frame_mm,
    scale_for_extent,
    sheet_layout,
    zoom_of_scale,
)
from app.export.legend import LegendRow, legend_rows
from app.export.map_drawing import MapContent, MapPainter, is_in_zoom
from app.export.page_numbers import PageNumber, draw_numbers
from app.export.sheet_notes import sheet_notes
from app.export.site_marks import draw_site, draw_site_labels
from app.export.spec import MARKS, SheetData, SheetSpec
from app.export.symbols import Palette
from app.export.tones import sheet_palette
from app.export.words import sheet_words
from app.texts import Text
from layers.catalog import Catalog, Layer
from layers.crs import WGS84
from layers.errors import InputError

__all__ = ["SheetData", "SheetSpec", "map_frame_mm", "scale_for_extent"]

DEFAULT_LATITUDE_DEG = 35.0
BOUNDARY = "area_boundary"
BOUNDARY_TITLE = Text("辖区界")
BOUNDARY_STYLE = {
    "id": f"{BOUNDARY}-line",
    "type": "line",
    "paint": {"line-color": "@boundary.line", "line-width": 2.0, "line-dasharray": [5, 1.5, 1, 1.5, 1, 1.5]},
    "metadata": {"atlas:layer": BOUNDARY, "atlas:order": 405},
}
BOUNDARY_SYMBOL = {"kind": "line", "color": "@boundary.line", "width": 2.0, "dash": [10, 3, 2, 3, 2, 3]}
KIND_OF_AREA = re.compile("[县縣市区區旗]$")
VEIL_OPACITY = 0.6


@dataclass(frozen=True)
class DrawnSheet:
    """What stands where on a sheet that was drawn."""

    layout: Layout
    projection: Projection
    content: MapContent
    legend: Sequence[LegendRow]
    scale_bar: furniture.ScaleBar
    blocked: Sequence[Box]
    palette: Palette
    policy: str
    numbers: Sequence[PageNumber] = ()


def check_spec(spec: SheetSpec, catalog: Catalog | None = None) -> None:
    """Raise `InputError` for what no sheet can be made of."""
    if not 100 <= spec.scale_denominator <= 50_000_000:
        raise InputError("scale", f"1:{spec.scale_denominator} is not between 1:100 and 1:50000000")
    if not all(np.isfinite(spec.centre)):
        raise InputError("centre", f"{spec.centre} is no place in metres")
    if unknown := sorted(spec.marks - set(MARKS)):
        raise InputError("marks", f"{', '.join(unknown)}: none of {', '.join(MARKS)}")
    if spec.is_public:
        _check_public(spec, catalog)
    sheet_words(spec.lang)


def _check_public(spec: SheetSpec, catalog: Catalog | None) -> None:
    """The public template is a whitelist that no wish overrides."""
    if not spec.approval_number:
        raise InputError("approval_number", "a public sheet needs its map approval number (审图号)")
    if catalog is None:
        return
    closed = [layer_id for layer_id in spec.layers if not catalog[layer_id].is_public]
    if closed:
        raise InputError("layers", f"a public sheet does not show {', '.join(closed)}")


def draw_sheet(canvas: Canvas, spec: SheetSpec, data: SheetData) -> DrawnSheet:
    """Draw the map of a sheet on a canvas of its page: features, labels, and the marks that lie upon it."""
    layout = sheet_layout(spec.paper, spec.orientation)
    projection = Projection(layout["map"], spec.centre, spec.scale_denominator, spec.turn_deg)
    palette = sheet_palette("grey" if spec.is_grey else spec.background, is_grey=spec.is_grey)
    latitude_deg, true_north_deg = _latitude_and_north(spec, data)
    state = {
        "lang": spec.lang,
        "policy": shown_policy(shown_frames(spec, data).values(), spec.policy),
        "strong_hatch": True,
        "own_prefix": KIND_OF_AREA.sub("", spec.area_name),
    }
    view = View(zoom_of_scale(spec.scale_denominator, latitude_deg), state)
    content = MapContent(_features(spec, data, projection, view.zoom))
    layers = [layer for layer in (*data.catalog, _boundary_layer()) if layer.id in content.features]
    painter = MapPainter(canvas, layout, view, palette, content)
    arrow = furniture.north_arrow_box(layout["map"])
    scale_within = [layout["scale"]] if layout["map"].holds(layout["scale"]) else []
    with canvas.clipped(layout["map"]):
        canvas.fill_box(layout["map"], palette["base"]["land"])
        draw_relief(canvas, spec, data, projection)
        painter.draw([style for layer in layers for style in _styles(layer, spec)])
        _veil(canvas, data.focus, projection, palette)
        if data.site is not None:
            draw_site(canvas, data.site, projection, palette)
        marks = [arrow] if "north" in spec.marks else []
        if "graticule" in spec.marks:
            marks += draw_graticule(canvas, projection, data.crs, palette, size_pt=layout.map_text_pt)
        _keep_names_within(painter, data.focus, projection)
        marks += scale_within
        plate = _notes_plate(painter, spec, layers, marks, taken=scale_within)
        marks += draw_site_labels(canvas, data.site, projection, palette, [*marks, plate.box]) if data.site is not None else []
        numbers = draw_numbers(canvas, _numbered_places(data, projection), layout["map"], [*marks, plate.box], palette)
        painter.draw_labels(layout["map"], [*marks, plate.box, *(number.box for number in numbers)])
        furniture.draw_watermark(canvas, layout["map"], spec.watermark, palette)
    if "north" in spec.marks:
        furniture.draw_north_arrow(canvas, arrow, true_north_deg, sheet_words(spec.lang)["north"], palette)
    furniture.draw_notes(canvas, plate, palette)
    rows = legend_rows(
        layers, {layer.id: _legend(layer, spec) for layer in layers}, content, view=view, palette=palette
    )
    bar = furniture.scale_bar(spec.scale_denominator, layout["scale"].w - 12)
    sheet = DrawnSheet(layout, projection, content, rows, bar, (arrow, plate.box), palette, state["policy"], numbers)
    return sheet


def _notes_plate(painter: MapPainter, spec: SheetSpec, layers: Sequence[Layer], marks: Sequence[Box], *, taken: Sequence[Box]) -> furniture.NotesPlate:
    """The notes of a sheet, which tell too that beside them and the marks not every label finds room."""
    box, size_pt = painter.layout["map"], painter.layout.map_text_pt + 0.5
    notes, spared = sheet_notes(spec, painter.content, layers), _worth_seeing(painter.content)

    def plate(notes: list[str]) -> furniture.NotesPlate:
        return furniture.notes_plate(painter.canvas, notes, box, size_pt, is_first_bold=spec.is_synthetic, spared=spared, taken=taken)

    found = plate(notes)
    return plate([*notes, sheet_words(spec.lang)["labels_left"]]) if painter.leaves_labels_out(box, [*marks, found.box]) else found


def _worth_seeing(content: MapContent) -> NDArray[np.object_]:
    """Shapes that notes had better not cover, in page millimetres: the area, its rated zones, its symbols."""
    rated = [features for features in content.features.values() if "level" in features.rows]
    outline = [content.features[BOUNDARY]] if BOUNDARY in content.features else []
    symbols = [shapely.box(box.x, box.y, box.right, box.bottom) for box in content.icon_boxes]
    shapes = [features.geometries for features in (*rated, *outline)]
    return shapely.make_valid(np.concatenate([*shapes, np.array(symbols, object)]))


def _styles(layer: Layer, spec: SheetSpec) -> list[dict[str, Any]]:
    """Style layers of a layer in the colours of the sheet."""
    if layer.id == BOUNDARY:
        return [styles.with_colours(BOUNDARY_STYLE, spec.colours)]
    made = [_unhidden(style, layer, spec) for style in styles.layer_style(layer, spec.colours, has_clusters=False)]
    return made if spec.has_hatch or spec.is_grey else [style for style in made if "fill-pattern" not in style.get("paint", {})]


def _unhidden(style: dict[str, Any], layer: Layer, spec: SheetSpec) -> dict[str, Any]:
    """A style layer whose features are drawn singly at every scale where a filter leaves a part of them, as on the screen."""
    singly = style["metadata"].get("atlas:singly")
    is_filtered = any(part.startswith(f"{layer.id}.") for part in spec.filters.split(";"))
    return {**style, "filter": singly} if singly and is_filtered else style


def _legend(layer: Layer, spec: SheetSpec) -> list[dict[str, Any]]:
    if layer.id != BOUNDARY:
        return styles.legend(layer, spec.colours, has_clusters=False)
    titles = {"label_zh": layer.title_zh, "label_en": layer.title_en}
    return [titles | {"symbol": styles.with_colours(BOUNDARY_SYMBOL, spec.colours)}]


def _keep_names_within(painter: MapPainter, focus: BaseGeometry | None, projection: Projection) -> None:
    """On an atlas page nothing beyond its town is named; what is veiled would be louder than what is shown."""
    if focus is None:
        return
    within = projection.to_sheet(np.array([focus], object))[0]
    shapely.prepare(within)
    kept = [request for request in painter.requests if shapely.contains_xy(within, request.x, request.y)]
    painter.requests[:] = kept


@cache
def _boundary_layer() -> Layer:
    """The outline of the area as a layer of its own, drawn by every sheet."""
    return Layer(id=BOUNDARY, title_zh=BOUNDARY_TITLE.zh, title_en=BOUNDARY_TITLE.en, group="base", geometry="MultiPolygon", draw_order=405)


def _numbered_places(data: SheetData, projection: Projection) -> list[tuple[str, tuple[float, float]]]:
    """Page numbers of an index map with their places in page millimetres."""
    places = projection.to_sheet(np.array([shapely.Point(x, y) for x, y, _ in data.numbers], object))
    return [(number, (place.x, place.y)) for (_, _, number), place in zip(data.numbers, places, strict=True)]


def shown_frames(spec: SheetSpec, data: SheetData) -> dict[str, pd.DataFrame]:
    return {layer_id: data.layers[layer_id] for layer_id in spec.layers if layer_id in data.layers}


def _features(
    spec: SheetSpec, data: SheetData, projection: Projection, zoom: float
) -> dict[str, SheetFeatures]:
    """Features of every layer on the sheet; one of each not drawn at its scale, to say that it is hidden."""
    for layer_id in spec.layers:
        data.catalog[layer_id]
    features = {}
    for layer_id, frame in shown_frames(spec, data).items():
        is_drawn = any(is_in_zoom(style, zoom) for style in styles.layer_style(data.catalog[layer_id], has_clusters=False))
        features[layer_id] = (sheet_features if is_drawn else one_feature)(frame, projection)
    if data.boundary is not None and data.crs is not None:
        outline = gpd.GeoDataFrame(geometry=[data.boundary], crs=data.crs)
        features[BOUNDARY] = sheet_features(outline, projection)
    return features


def _latitude_and_north(spec: SheetSpec, data: SheetData) -> tuple[float, float]:
    if data.crs is None:
        return DEFAULT_LATITUDE_DEG, (spec.true_north_deg or 0.0) + spec.turn_deg
    latitude_deg, true_north_deg = latitude_and_true_north(spec.centre, data.crs)
    stated_deg = true_north_deg if spec.true_north_deg is None else spec.true_north_deg
    return latitude_deg, stated_deg + spec.turn_deg


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
    frame = projection.frame.inset(-1.0)
    page = shapely.box(frame.x, frame.y, frame.right, frame.bottom)
    canvas.trace(shapely.difference(page, projection.to_sheet(np.array([focus], object))[0]))
    canvas.fill(palette["interface"]["panel"], VEIL_OPACITY)
