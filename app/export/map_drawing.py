"""Draws the map of a sheet from the layers' MapLibre styles: files, order and colours of the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from app.export.canvas import Canvas, LineStyle, TextStyle
from app.export.expressions import View, evaluate, evaluate_rows
from app.export.features import SheetFeatures, anchor_points, roomiest_places
from app.export.hatch import Hatch, hatch_strokes
from app.export.labels import (
    LabelRequest,
    PlacedLabel,
    TakenBoxes,
    baselines,
    place_labels,
)
from app.export.layout import MM_PER_PX, Box, Layout
from app.export.symbols import (
    SYMBOL_MM_PER_PX,
    Icon,
    Palette,
    draw_dot,
    draw_icon,
    parse_icon,
)

SCREEN_TEXT_PX = 12.0
"""The screen's least text, which becomes the least text of the sheet."""
LABEL_ZOOM_LEAD = 2.5
"""Paper may name things so many zooms earlier than the screen: what finds no room is left out anyway."""
DEEPEST_ZOOM = 24.0
WORST_LEVELS = ("red", "orange")
"""Sources whose dot is drawn over the symbols that leave them no room; the dots of others lie beneath."""
CROWDED_SHARE = 0.75
"""Two symbols may overlap by a quarter; a less serious one that comes nearer becomes a dot."""
DEFAULT_SPACING_PX = 250
LINE_LABEL_REPEAT_MM = 60.0
LINE_LABEL_PLACES = (0.5, 0.35, 0.65, 0.2, 0.8)

StyleLayer = Mapping[str, Any]
PlacedIcon = tuple[Icon, tuple[float, float]]


@dataclass
class MapContent:
    """What came to be drawn: the legend, the notes and the tests ask this.

    `drawn` tells for every layer which of its rows are visible; `icons` the symbols used, by layer.
    """

    features: Mapping[str, SheetFeatures]
    drawn: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    icons: dict[str, set[Icon]] = field(default_factory=dict)
    icon_boxes: list[Box] = field(default_factory=list)
    icon_reach_mm: dict[tuple[float, float], float] = field(default_factory=dict)
    labels: list[PlacedLabel] = field(default_factory=list)
    has_dots: bool = False
    hatched_levels: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class MapPainter:
    """Draws style layers one after another on the map of a canvas and gathers the labels they ask for."""

    canvas: Canvas
    layout: Layout
    view: View
    palette: Palette
    content: MapContent
    requests: list[LabelRequest] = field(default_factory=list)

    def draw(self, style_layers: Sequence[StyleLayer]) -> None:
        """Draw all style layers in the order of the map; labels are only gathered."""
        for style in sorted(style_layers, key=lambda style: style["metadata"]["atlas:order"]):
            layer_id = style["metadata"]["atlas:layer"]
            features = self.content.features[layer_id]
            if not len(features) or not is_in_zoom(style, self.view.zoom):
                continue
            mask = features.matching(style.get("filter"), self.view)
            is_label = style["type"] == "symbol" and "text-field" in style.get("layout", {})
            if not is_label:
                seen = self.content.drawn.setdefault(layer_id, np.zeros(len(features), bool))
                seen |= mask & (
                    evaluate(style.get("paint", {}).get("fill-opacity", 1), {}, self.view) != 0.01
                )
            self._draw_one(style, features, mask, is_label=is_label)

    def _draw_one(
        self, style: StyleLayer, features: SheetFeatures, mask: NDArray[np.bool_], *, is_label: bool
    ) -> None:
        kind = style["type"]
        if kind == "fill" and "fill-pattern" in style["paint"]:
            self._hatch(style, features.chosen(mask))
        elif kind == "fill":
            self._fill(style, features.chosen(mask))
        elif kind == "line":
            self._lines(style, features.chosen(mask))
        elif kind == "circle":
            self._circles(style, features.chosen(mask))
        elif kind == "symbol":
            if "icon-image" in style["layout"]:
                self._symbols(style, features, mask)
            if is_label:
                self._ask_labels(style, features.chosen(mask))

    def _values(self, style: StyleLayer, name: str, rows: pd.DataFrame, default: Any) -> list[Any]:
        value = style.get("paint", {}).get(name, style.get("layout", {}).get(name, default))
        return evaluate_rows(value, rows, self.view)

    def _in_sort_order(self, style: StyleLayer, chosen: SheetFeatures) -> SheetFeatures:
        """Rows in the order the style asks for; what is drawn last lies on top."""
        name = {"symbol": "symbol-sort-key"}.get(style["type"], f"{style['type']}-sort-key")
        if name not in style.get("layout", {}):
            return chosen
        keys = np.array(self._values(style, name, chosen.rows, 0), float)
        order = np.argsort(keys, kind="stable")
        return SheetFeatures(chosen.rows.iloc[order], chosen.geometries[order])

    # --- areas and lines ------------------------------------------------------------------------------

    def _fill(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        chosen = self._in_sort_order(style, chosen)
        colours = self._values(style, "fill-color", chosen.rows, "#000000")
        opacities = self._values(style, "fill-opacity", chosen.rows, 1.0)
        for geometry, colour, opacity in zip(chosen.geometries, colours, opacities, strict=True):
            if opacity > 0.02:
                self.canvas.trace(geometry)
                self.canvas.fill(colour, opacity)

    def _hatch(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        """Hatch of each level upon its dissolved zones, so that no seam shows."""
        names = np.array(self._values(style, "fill-pattern", chosen.rows, ""), object)
        for name in sorted(set(names)):
            level = name.rpartition("=")[2]
            zones = shapely.make_valid(
                shapely.union_all(shapely.make_valid(chosen.geometries[names == name]))
            )
            draw_hatch(self.canvas, zones, self.palette["level"][level])
            self.content.hatched_levels.add(level)

    def _lines(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        chosen = self._in_sort_order(style, chosen)
        colours = self._values(style, "line-color", chosen.rows, "#000000")
        widths = self._values(style, "line-width", chosen.rows, 1.0)
        opacities = self._values(style, "line-opacity", chosen.rows, 1.0)
        offset_px = evaluate(style["paint"].get("line-offset", 0), {}, self.view)
        dash = evaluate(style["paint"].get("line-dasharray", []), {}, self.view)
        strokes = zip(chosen.geometries, zip(colours, widths, opacities, strict=True), strict=True)
        for (colour, width_px, opacity), group in groupby(strokes, key=lambda stroke: stroke[1]):
            width_mm = width_px * MM_PER_PX
            line = LineStyle(colour, width_mm, tuple(part * width_mm for part in dash), opacity)
            for geometry, _ in group:
                self.canvas.trace(_moved_inside(geometry, offset_px * MM_PER_PX))
            self.canvas.stroke(line)

    # --- points ---------------------------------------------------------------------------------------

    def _circles(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        chosen = self._in_sort_order(style, chosen)
        radii = self._values(style, "circle-radius", chosen.rows, 5.0)
        fills = self._values(style, "circle-color", chosen.rows, "#000000")
        edges = self._values(style, "circle-stroke-color", chosen.rows, "#000000")
        widths = self._values(style, "circle-stroke-width", chosen.rows, 0.0)
        places = anchor_points(chosen.geometries).tolist()
        for place, radius, fill, edge, width in zip(places, radii, fills, edges, widths, strict=True):
            self.canvas.trace_circle(tuple(place), (radius + width) * SYMBOL_MM_PER_PX)
            self.canvas.fill(edge)
            self.canvas.trace_circle(tuple(place), radius * SYMBOL_MM_PER_PX)
            self.canvas.fill(fill)

    def _symbols(self, style: StyleLayer, features: SheetFeatures, mask: NDArray[np.bool_]) -> None:
        """Symbols of points; rated ones due at a larger scale or without room become dots of their level."""
        if style["layout"].get("symbol-placement") == "line":
            self._marks_along_lines(style, features.chosen(mask))
            return
        deep = features.matching(style.get("filter"), View(DEEPEST_ZOOM, self.view.state))
        waiting = self._placed_icons(style, features.chosen(deep & ~mask))
        waiting = [(icon, place) for icon, place in waiting if icon.level]
        shown = self._placed_icons(style, features.chosen(mask))
        self.content.icons.setdefault(style["metadata"]["atlas:layer"], set()).update(
            icon for icon, _ in shown
        )
        whole, crowded = _uncrowded(shown)
        for icon, place in [*waiting, *crowded]:
            draw_dot(self.canvas, icon, place)
        for icon, (x, y) in whole:
            draw_icon(self.canvas, icon, x, y, casing=self.palette["base"]["halo"])
            self.content.icon_boxes.append(_icon_box(icon, (x, y)))
            self.content.icon_reach_mm[x, y] = icon.reach_mm
        for icon, place in crowded:
            if icon.level in WORST_LEVELS and _is_apart(place, whole):
                draw_dot(self.canvas, icon, place)
        self.content.has_dots |= bool(waiting or crowded)
        if waiting:
            self.content.drawn[style["metadata"]["atlas:layer"]] |= deep

    def _placed_icons(self, style: StyleLayer, chosen: SheetFeatures) -> list[PlacedIcon]:
        """Symbol and place of every feature in drawing order, the worst last."""
        chosen = self._in_sort_order(style, chosen)
        names = self._values(style, "icon-image", chosen.rows, "")
        places = anchor_points(chosen.geometries).tolist()
        return [(parse_icon(name, self.palette), (x, y)) for name, (x, y) in zip(names, places, strict=True)]

    def _marks_along_lines(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        names = self._values(style, "icon-image", chosen.rows, "")
        spacing_mm = style["layout"].get("symbol-spacing", DEFAULT_SPACING_PX) * MM_PER_PX
        for name, geometry in zip(names, chosen.geometries, strict=True):
            icon = parse_icon(name, self.palette)
            for x, y, angle_deg in places_along(geometry, spacing_mm):
                draw_icon(self.canvas, icon, x, y, casing=self.palette["base"]["halo"], angle_deg=angle_deg)

    # --- labels ---------------------------------------------------------------------------------------

    def _text_style(self, style: StyleLayer, colour: str) -> TextStyle:
        layout, paint = style["layout"], style.get("paint", {})
        size_px = evaluate(layout.get("text-size", SCREEN_TEXT_PX), {}, self.view)
        return TextStyle(
            size_pt=max(1.0, size_px / SCREEN_TEXT_PX) * self.layout.map_text_pt,
            colour=colour,
            is_bold="Bold" in layout.get("text-font", [""])[0],
            casing_mm=paint.get("text-halo-width", 0) * SYMBOL_MM_PER_PX,
            casing_colour=paint.get("text-halo-color", "#FFFFFF"),
        )

    def _ask_labels(self, style: StyleLayer, chosen: SheetFeatures) -> None:
        texts = np.array([text or "" for text in self._values(style, "text-field", chosen.rows, "")], object)
        chosen, texts = chosen.chosen(texts != ""), texts[texts != ""]
        if not len(chosen):
            return
        keys = np.array(self._values(style, "symbol-sort-key", chosen.rows, 0), float)
        metadata = style["metadata"]
        priorities = -metadata.get("atlas:paper_order", metadata["atlas:order"]) + keys / 1000
        placement = style["layout"].get("symbol-placement", "point")
        if placement == "point":
            self._ask_at_points(style, chosen, texts, priorities)
        else:
            self._ask_along_lines(style, chosen, texts, priorities)

    def _ask_at_points(
        self,
        style: StyleLayer,
        chosen: SheetFeatures,
        texts: NDArray[np.object_],
        priorities: NDArray[np.float64],
    ) -> None:
        layout = style["layout"]
        em_px = layout.get("text-radial-offset", abs(layout.get("text-offset", [0, 0])[1]))
        reach_mm = em_px * layout.get("text-size", SCREEN_TEXT_PX) * SYMBOL_MM_PER_PX
        anchors = tuple(layout.get("text-variable-anchor", [layout.get("text-anchor", "center")]))
        is_area = np.isin(shapely.get_type_id(chosen.geometries), (3, 6)) & (anchors == ("center",))
        places = np.empty((len(chosen), 2))
        places[~is_area] = anchor_points(chosen.geometries[~is_area])
        places[is_area] = roomiest_places(chosen.geometries[is_area])[:, :2]
        if anchors == ("center",):
            anchors = ("center", "bottom", "top")
        colours = self._values(style, "text-color", chosen.rows, "#000000")
        may_step_aside = bool(style["metadata"].get("atlas:paper_aside"))
        for text, (x, y), colour, priority in zip(
            texts, places.tolist(), colours, priorities.tolist(), strict=True
        ):
            text_style = self._text_style(style, colour)
            clear_mm = max(reach_mm, self.content.icon_reach_mm.get((x, y), 0.0))
            self.requests.append(
                LabelRequest(text, x, y, text_style, priority, anchors=anchors, reach_mm=clear_mm, may_step_aside=may_step_aside)
            )

    def _ask_along_lines(
        self,
        style: StyleLayer,
        chosen: SheetFeatures,
        texts: NDArray[np.object_],
        priorities: NDArray[np.float64],
    ) -> None:
        colours = np.array(self._values(style, "text-color", chosen.rows, "#000000"), object)
        for text in dict.fromkeys(texts):
            mask = texts == text
            text_style = self._text_style(style, colours[mask][0])
            width_mm = self.canvas.text_width_mm(text, text_style)
            for line in _long_lines(chosen.geometries[mask], width_mm):
                along = tuple(_upright(*_place_on(line, share, width_mm)) for share in LINE_LABEL_PLACES)
                request = LabelRequest(
                    text, *along[0][:2], text_style, float(priorities[mask].min()),
                    along=along, repeat_mm=LINE_LABEL_REPEAT_MM,
                )  # fmt: skip
                self.requests.append(request)

    def placed(self, frame: Box, furniture: Sequence[Box]) -> list[PlacedLabel]:
        """Those of the gathered labels that find room; symbols and `furniture` stay uncovered."""
        blocked = [*furniture, *self.content.icon_boxes]
        return place_labels(self.requests, frame, blocked=blocked, measure=self.canvas.text_width_mm)

    def leaves_labels_out(self, frame: Box, furniture: Sequence[Box]) -> bool:
        """Whether something would be named or measured nowhere; a name that stands in another place is there."""
        found = {label.request.text for label in self.placed(frame, furniture)}
        return any(request.text not in found for request in self.requests)

    def draw_labels(self, frame: Box, furniture: Sequence[Box]) -> None:
        """Place and draw the gathered labels."""
        placed = self.placed(frame, furniture)
        for label in placed:
            self._draw_label(label)
        self.content.labels.extend(placed)

    def _draw_label(self, label: PlacedLabel) -> None:
        style = label.request.style
        if label.request.along:
            x, y = label.box.centre
            angle = np.radians(label.angle_deg)
            drop = style.size_mm * 0.37
            self.canvas.text(
                x - drop * np.sin(angle), y + drop * np.cos(angle), label.lines[0], style,
                align="centre", angle_deg=label.angle_deg,
            )  # fmt: skip
            return
        for x, baseline, line in baselines(label):
            self.canvas.text(x, baseline, line, style, align=label.align)


def is_in_zoom(style: StyleLayer, zoom: float) -> bool:
    """Whether a style layer is drawn on a sheet that corresponds to a zoom."""
    lead = LABEL_ZOOM_LEAD if "text-field" in style.get("layout", {}) else 0.0
    return zoom + lead >= style.get("minzoom", 0) and zoom < style.get("maxzoom", DEEPEST_ZOOM)


def _icon_box(icon: Icon, place: tuple[float, float], share: float = 1.0) -> Box:
    reach = icon.reach_mm * share
    return Box(place[0] - reach, place[1] - reach, 2 * reach, 2 * reach)


def _uncrowded(icons: Sequence[PlacedIcon]) -> tuple[list[PlacedIcon], list[PlacedIcon]]:
    """Symbols with room, and rated ones whose room a later (worse) symbol has taken; order is kept."""
    taken = TakenBoxes()
    whole: list[PlacedIcon] = []
    crowded: list[PlacedIcon] = []
    for icon, place in reversed(icons):
        box = _icon_box(icon, place, CROWDED_SHARE)
        if icon.level and not taken.is_free(box):
            crowded.append((icon, place))
            continue
        taken.add(box)
        whole.append((icon, place))
    return whole[::-1], crowded[::-1]


def _is_apart(place: tuple[float, float], icons: Sequence[PlacedIcon]) -> bool:
    """Whether a dot at a place leaves the characters of all symbols readable."""
    return all(np.hypot(place[0] - x, place[1] - y) > icon.reach_mm * 0.6 for icon, (x, y) in icons)


def draw_hatch(canvas: Canvas, zones: Any, level: Mapping[str, Any]) -> None:
    """Hatch a zone (page millimetres) with the print pattern of a level of the palette."""
    pattern = level["hatch"]
    hatch = Hatch(pattern["pattern"], pattern["print_step_mm"], pattern["print_width_mm"])
    strokes = hatch_strokes(zones, hatch)
    if hatch.pattern == "dots":
        canvas.dots(shapely.get_coordinates(strokes), hatch.width_mm, level["hatch_ink"])
    elif not strokes.is_empty:
        canvas.trace(strokes)
        canvas.stroke(LineStyle(level["hatch_ink"], hatch.width_mm, is_round=False))


def _moved_inside(geometry: Any, offset_mm: float) -> Any:
    """The outline `offset_mm` inside an area, or a line moved to its right."""
    if offset_mm == 0:
        return geometry
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return shapely.buffer(geometry, -offset_mm, join_style="mitre")
    return shapely.offset_curve(geometry, -offset_mm)


def places_along(geometry: Any, spacing_mm: float) -> list[tuple[float, float, float]]:
    """x, y and clockwise angle of marks every `spacing_mm` along a line, the first after half of it."""
    places = []
    for part in shapely.get_parts(geometry):
        for distance in np.arange(spacing_mm / 2, part.length, spacing_mm):
            places.append(_direction_at(part, distance, 1.0))
    return places


def _direction_at(line: Any, distance: float, window_mm: float) -> tuple[float, float, float]:
    """Place on a line and the clockwise angle of the line there, taken over a window."""
    x, y = line.interpolate(distance).coords[0]
    start = line.interpolate(max(0.0, distance - window_mm / 2)).coords[0]
    end = line.interpolate(min(line.length, distance + window_mm / 2)).coords[0]
    return x, y, float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))


def _place_on(line: Any, share: float, width_mm: float) -> tuple[float, float, float]:
    return _direction_at(line, share * line.length, width_mm)


def _upright(x: float, y: float, angle_deg: float) -> tuple[float, float, float]:
    """The same direction, turned so that text reads from the left."""
    if angle_deg > 90:
        return x, y, angle_deg - 180
    return (x, y, angle_deg + 180) if angle_deg <= -90 else (x, y, angle_deg)


def _long_lines(geometries: NDArray[np.object_], least_mm: float) -> list[Any]:
    """The pieces of joined lines or outlines that are long enough to carry a text, longest first."""
    is_area = np.isin(shapely.get_type_id(geometries), (3, 6))
    lines = np.where(is_area, shapely.boundary(geometries), geometries)
    parts = shapely.get_parts(shapely.line_merge(shapely.union_all(lines)))
    return sorted((part for part in parts if part.length >= least_mm), key=lambda part: -part.length)[:4]
