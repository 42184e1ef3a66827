"""Draws the map as the map page does, from the same tiles by the same styles, without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import shapely

from app.export.canvas import MM_PER_INCH, Canvas, LineStyle
from app.export.expressions import View, evaluate, evaluate_rows
from app.export.labels import TakenBoxes
from app.export.layout import Box
from app.export.map_drawing import places_along
from app.first_picture.labels import (
    Name,
    PlacedName,
    anchors_of,
    area_place,
    draw_name,
    placed_names,
)
from app.first_picture.symbols import (
    HATCH_RATIO,
    draw_symbol,
    hatch_picture,
    parse_name,
    side_px,
    text_style,
)
from app.first_picture.window import TileFeatures, Window
from app.tiles import TILE_PX

ICON_PADDING_PX = 2.0
DEFAULT_SPACING_PX = 250.0
DEFAULT_TEXT_PX = 16.0

StyleLayer = Mapping[str, Any]
Tiles = Mapping[str, Sequence[TileFeatures]]
"""Features of every tile in the picture, by the name that the tiles give a layer."""


@dataclass(frozen=True)
class AreaName:
    """The area's own name and where it stands (pixels) while its towns have none."""

    text: str
    place: tuple[float, float]
    style_layer: StyleLayer


def draw_map(window: Window, style_layers: Iterable[StyleLayer], tiles: Tiles, *, palette: Mapping[str, Any], state: Mapping[str, Any], area: AreaName) -> bytes:
    """The map of a window as PNG, a pixel for a css pixel.

    Parameters
    ----------
    style_layers : those that are shown, as `app.styles.layer_style` gives them, colours filled in; any order
    palette : colours and hatches, as `app.styles.palette` holds them
    state : what styles ask of the page: ``policy``, ``lang``, ``strong_hatch``, ``own_prefix``
    area : the area's name, drawn below the zoom from which its towns have theirs
    """
    canvas = Canvas(Box(0, 0, window.width_px, window.height_px), file_format="png", dpi=MM_PER_INCH)
    painter = _Painter(canvas, window, tiles, palette, View(window.zoom, state), View(window.tile_zoom, state))
    canvas.fill_box(canvas.page, palette["base"]["land"])
    shown = [style for style in style_layers if is_shown(style, window.zoom)]
    ordered = sorted(shown, key=lambda style: style["metadata"]["atlas:order"])
    painter.place(_with_area_name(ordered, area.style_layer, window.zoom), area)
    for style in ordered:
        painter.draw(style)
    painter.draw_names()
    return canvas.finish()


def is_shown(style: StyleLayer, zoom: float) -> bool:
    """Whether the map draws a style layer at a zoom."""
    return style.get("minzoom", 0) <= zoom < style.get("maxzoom", 25)


def _with_area_name(ordered: Sequence[StyleLayer], style: StyleLayer, zoom: float) -> list[StyleLayer]:
    """Style layers with that of the area's name where `static/js/map_style.js` has it: it gives way to the figures of gatherings alone."""
    n_below = next((i for i, entry in enumerate(ordered) if entry["metadata"].get("atlas:figure")), len(ordered))
    return [*ordered[:n_below], *([style] if is_shown(style, zoom) else []), *ordered[n_below:]]


@dataclass(frozen=True)
class Symbol:
    """A symbol by its name, where it stands and how it is turned (clockwise); those of a greater `rank` lie above."""

    rank: float
    name: str
    place: tuple[float, float]
    angle_deg: float = 0.0


@dataclass
class _Painter:
    canvas: Canvas
    window: Window
    tiles: Tiles
    palette: Mapping[str, Any]
    view: View
    tile_view: View
    names: list[PlacedName] = field(default_factory=list)
    symbols: dict[str, list[Symbol]] = field(default_factory=dict)

    def _chosen(self, style: StyleLayer) -> list[TileFeatures]:
        """What a style layer draws, tile by tile, in the order it asks for."""
        found = [features.matching(style.get("filter"), self.tile_view) for features in self.tiles.get(style["source-layer"], [])]
        return [self._in_order(style, features) for features in found if len(features)]

    def _in_order(self, style: StyleLayer, features: TileFeatures) -> TileFeatures:
        key = style.get("layout", {}).get(f"{style['type']}-sort-key")
        if key is None:
            return features
        keys = np.array(evaluate_rows(key, features.rows, self.tile_view), float)
        return features.chosen(np.argsort(keys, kind="stable"))

    def _paint(self, style: StyleLayer, name: str, features: TileFeatures, usual: Any) -> list[Any]:
        return evaluate_rows(style.get("paint", {}).get(name, usual), features.rows, self.view)

    # --- areas and lines ------------------------------------------------------------------------------

    def draw(self, style: StyleLayer) -> None:
        """Draw one style layer; what has to find room was placed before, and names are drawn after all others."""
        if style["type"] == "symbol":
            if style["id"] in self.symbols:
                self._draw_symbols(style)
            return
        drawing: dict[str, Callable[[StyleLayer, TileFeatures], None]] = {"fill": self._fill, "line": self._lines, "circle": self._circles}
        for features in self._chosen(style):
            with self.canvas.clipped(features.box):
                drawing[style["type"]](style, features)

    def _fill(self, style: StyleLayer, features: TileFeatures) -> None:
        if "fill-pattern" in style["paint"]:
            self._hatch(style, features)
            return
        colours, opacities = self._paint(style, "fill-color", features, "#000000"), self._paint(style, "fill-opacity", features, 1.0)
        for shape, colour, opacity in zip(features.shapes, colours, opacities, strict=True):
            self.canvas.trace(shape)
            self.canvas.fill(colour, opacity)

    def _hatch(self, style: StyleLayer, features: TileFeatures) -> None:
        names, opacities = self._paint(style, "fill-pattern", features, ""), self._paint(style, "fill-opacity", features, 1.0)
        origin, pixel_px = (features.box.x, features.box.y), self.window.tile_px / TILE_PX / HATCH_RATIO
        for shape, name, opacity in zip(features.shapes, names, opacities, strict=True):
            level = self.palette["level"][parse_name(name)[1]["level"]]
            hatch = level["hatch"]
            picture = hatch_picture(hatch["pattern"], hatch["step_px"], hatch["width_px"], level["hatch_ink"])
            self.canvas.fill_repeated(shape, picture, origin, pixel_px, opacity)

    def _lines(self, style: StyleLayer, features: TileFeatures) -> None:
        colours, widths = self._paint(style, "line-color", features, "#000000"), self._paint(style, "line-width", features, 1.0)
        opacities = self._paint(style, "line-opacity", features, 1.0)
        paint = style.get("paint", {})
        offset, dash = evaluate(paint.get("line-offset", 0), {}, self.view), evaluate(paint.get("line-dasharray", []), {}, self.view)
        is_round = style.get("layout", {}).get("line-cap") == "round"
        growth = self.window.tile_px / TILE_PX  # dashes grow with their tile
        strokes = zip(features.shapes, zip(colours, widths, opacities, strict=True), strict=True)
        for (colour, width, opacity), group in groupby(strokes, key=lambda stroke: stroke[1]):
            for shape, _ in group:
                self.canvas.trace(_outline(shape, offset))
            self.canvas.stroke(LineStyle(colour, width, tuple(part * width * growth for part in dash), opacity, is_round))

    def _circles(self, style: StyleLayer, features: TileFeatures) -> None:
        radii, fills = self._paint(style, "circle-radius", features, 5.0), self._paint(style, "circle-color", features, "#000000")
        widths, edges = self._paint(style, "circle-stroke-width", features, 0.0), self._paint(style, "circle-stroke-color", features, "#000000")
        for shape, radius, fill, width, edge in zip(features.shapes, radii, fills, widths, edges, strict=True):
            for x, y in shapely.get_coordinates(shape):
                self.canvas.trace_circle((x, y), radius + width)
                self.canvas.fill(edge)
                self.canvas.trace_circle((x, y), radius)
                self.canvas.fill(fill)

    # --- symbols --------------------------------------------------------------------------------------

    def _symbols(self, style: StyleLayer) -> list[Symbol]:
        """Every symbol of a style layer, the uppermost last: the greatest sort key, else the southernmost."""
        found = []
        key = style["layout"].get("symbol-sort-key")
        for features in self._chosen(style):
            names = evaluate_rows(style["layout"]["icon-image"], features.rows, self.tile_view)
            ranks = evaluate_rows(key, features.rows, self.tile_view)
            for shape, name, rank in zip(features.shapes, names, ranks, strict=True):
                found += [Symbol(place[1] if key is None else rank, name, place) for place in symbol_places(shape, features.box)]
        return sorted(found, key=lambda symbol: symbol.rank)

    def _along_lines(self, style: StyleLayer) -> list[Symbol]:
        spacing_px = style["layout"].get("symbol-spacing", DEFAULT_SPACING_PX)
        found = []
        for features in self._chosen(style):
            names = evaluate_rows(style["layout"]["icon-image"], features.rows, self.tile_view)
            for shape, name in zip(features.shapes, names, strict=True):
                places = [place for place in places_along(shape, spacing_px) if is_within(place[:2], features.box)]
                found += [Symbol(0.0, name, (x, y), angle_deg) for x, y, angle_deg in places]
        return found

    def _draw_symbols(self, style: StyleLayer) -> None:
        for symbol in self.symbols[style["id"]]:
            draw_symbol(self.canvas, symbol.name, symbol.place, self.palette, angle_deg=symbol.angle_deg)

    # --- names ----------------------------------------------------------------------------------------

    def place(self, style_layers: Sequence[StyleLayer], area: AreaName) -> None:
        """Find room for names and symbols: what lies above comes first; symbols have it and keep others away unless they say otherwise."""
        taken = TakenBoxes()
        for style in reversed(style_layers):
            layout = style.get("layout", {})
            is_along_lines = layout.get("symbol-placement") == "line"
            if "text-field" in layout and not is_along_lines:  # names along lines come with the map itself
                self.names += placed_names(self._names(style, area), taken, self.canvas)
            elif "icon-image" in layout:
                symbols = self._along_lines(style) if is_along_lines else self._symbols(style)
                self.symbols[style["id"]] = self._placed(layout, symbols, taken)

    def _placed(self, layout: Mapping[str, Any], symbols: list[Symbol], taken: TakenBoxes) -> list[Symbol]:
        """The symbols that are drawn, in drawing order; those that keep others away are noted."""
        may_overlap = evaluate(layout.get("icon-allow-overlap", False), {}, self.tile_view)
        overlap = evaluate(layout.get("icon-overlap", "always" if may_overlap else "never"), {}, self.tile_view)
        keeps_away = not evaluate(layout.get("icon-ignore-placement", False), {}, self.tile_view)
        if overlap == "always" and not keeps_away:
            return symbols
        padding, drawn = float(layout.get("icon-padding", ICON_PADDING_PX)), []
        for symbol in symbols:
            half = side_px(symbol.name) / 2 + padding
            box = Box(symbol.place[0] - half, symbol.place[1] - half, 2 * half, 2 * half)
            if overlap == "always" or taken.is_free(box):
                drawn.append(symbol)
                if keeps_away:
                    taken.add(box)
        return drawn

    def _names(self, style: StyleLayer, area: AreaName) -> list[Name]:
        if style is area.style_layer:
            return [self._name(style, area.text, area.place, style["paint"]["text-color"])]
        pieces: dict[str, list[Any]] = {}
        told: dict[str, tuple[str, str]] = {}
        for features in self._chosen(style):
            texts = evaluate_rows(style["layout"]["text-field"], features.rows, self.tile_view)
            colours = self._paint(style, "text-color", features, "#000000")
            for feature_id, shape, text, colour in zip(features.rows["feature_id"], features.shapes, texts, colours, strict=True):
                pieces.setdefault(feature_id, []).append(shape)
                told.setdefault(feature_id, (text or "", colour))
        places = {feature_id: area_place(parts, self.canvas.page) for feature_id, parts in pieces.items()}
        return [self._name(style, told[key][0], place, told[key][1]) for key, place in places.items() if place and told[key][0]]

    def _name(self, style: StyleLayer, text: str, place: tuple[float, float], colour: str) -> Name:
        layout, paint = style["layout"], style["paint"]
        size_px = evaluate(layout.get("text-size", DEFAULT_TEXT_PX), {}, self.view)
        made = text_style(
            size_px, colour, is_bold="Bold" in layout["text-font"][0], casing_px=paint.get("text-halo-width", 0.0),
            casing=paint.get("text-halo-color", "#FFFFFF"),
        )  # fmt: skip
        return Name(text, place, made, anchors_of(layout), float(layout.get("text-padding", 2)), float(layout.get("text-max-width", 10)))

    def draw_names(self) -> None:
        """Write the names that found room, the most important uppermost."""
        for placed in reversed(self.names):
            draw_name(self.canvas, placed)


def is_within(place: tuple[float, float], box: Box) -> bool:
    """Whether a place lies in a tile: at its left or upper edge it does, at the others it lies in the next one."""
    return box.x <= place[0] < box.right and box.y <= place[1] < box.bottom


def symbol_places(shape: Any, box: Box) -> list[tuple[float, float]]:
    """Where the symbols of a shape stand within its tile: at a point, or at the place of each area farthest from its edge."""
    parts = shapely.get_parts(shape)
    points = [shapely.maximum_inscribed_circle(part).coords[0] if part.geom_type == "Polygon" else part.coords[0] for part in parts if not part.is_empty]
    return [place for place in points if is_within(place, box)]


def _outline(shape: Any, offset_px: float) -> Any:
    """The lines of a shape, or its outline moved inside by an offset."""
    if offset_px and shape.geom_type in ("Polygon", "MultiPolygon"):
        return shapely.buffer(shape, -offset_px, join_style="mitre")
    return shape
