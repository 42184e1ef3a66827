"""The legend of a sheet: only what is drawn, levels first, at sizes a reader can read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from app.export.canvas import MM_PER_PT, Canvas, LineStyle, TextStyle
from app.export.expressions import View
from app.export.layout import MM_PER_PX, Box
from app.export.map_drawing import MapContent, draw_hatch
from app.export.symbols import Palette, draw_icon, parse_icon
from app.export.words import sheet_words
from layers.catalog import LEVELS, Layer

SIZES_PT = (8.0, 7.5, 7.0)
"""Sizes tried for the legend's text; smaller is never printed."""
LEAST_COLUMN_MM = {"zh": 27.0, "en": 34.0}
ROW_PT, LINE_PT = 1.5, 1.12
"""Height of a row of one line, and of each further line, in sizes of its text."""
MAX_LINES = 3
SWATCH_MM, POINT_SWATCH_MM = 7.0, 4.2
SWATCH_GAP_MM = 1.4
COLUMN_GAP_MM = 2.0


@dataclass(frozen=True)
class LegendRow:
    """A heading (no symbols) or an entry; a level has the symbols of its areas and of its points."""

    text: str
    symbols: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class PlacedRow:
    """A row with the lines of its text and the box it fills."""

    row: LegendRow
    lines: tuple[str, ...]
    box: Box
    size_pt: float


def legend_rows(
    layers: Sequence[Layer],
    legends: Mapping[str, Sequence[Mapping[str, Any]]],
    content: MapContent,
    *,
    view: View,
    palette: Palette,
) -> list[LegendRow]:
    """Rows of the legend in their order: levels first, then the layers from the top of the map down."""
    lang = view.state["lang"]
    drawn = {
        layer.id: [entry for entry in legends[layer.id] if _is_drawn(entry, layer.id, content, view, palette)]
        for layer in layers
    }
    entries = [_as_drawn(entry, content, palette) for entries in drawn.values() for entry in entries]
    rows = _level_rows(entries, lang, palette)
    for layer in sorted(layers, key=lambda layer: (layer.group == "base", -layer.draw_order)):
        title = layer.title_zh if lang == "zh" else layer.title_en
        entries = [entry for entry in drawn[layer.id] if not _level_of(entry)]
        named = [LegendRow(entry[f"label_{lang}"], (entry["symbol"],)) for entry in entries]
        if len(named) > 1 or (named and named[0].text != title):
            rows.append(LegendRow(title))
        rows += named
    return rows


def _level_of(entry: Mapping[str, Any]) -> str:
    """The level an entry stands for, or an empty text."""
    hatch: str = entry["symbol"].get("hatch", "")
    return hatch or entry["symbol"].get("image", "").partition("level=")[2].partition("&")[0]


def _as_drawn(entry: Mapping[str, Any], content: MapContent, palette: Palette) -> Mapping[str, Any]:
    """On a sheet without colour a level's symbol has its character only where the map draws characters, else its sign."""
    level = palette["level"].get(_level_of(entry), {})
    has_characters = any(icon.level and icon.character for icons in content.icons.values() for icon in icons)
    if "sign" not in level or has_characters or entry["symbol"]["kind"] != "icon":
        return entry
    image = re.sub("[?&]char=[^&]*", lambda found: found[0][0], entry["symbol"]["image"])
    return {**entry, "symbol": {**entry["symbol"], "image": image}}


def _level_rows(entries: Sequence[Mapping[str, Any]], lang: str, palette: Palette) -> list[LegendRow]:
    """One row a level, worst first, with the symbol of its areas and that of its points."""
    rows = []
    for level in LEVELS:
        of_level = [entry for entry in entries if _level_of(entry) == level]
        by_kind = {entry["symbol"]["kind"]: entry["symbol"] for entry in of_level}
        if by_kind:
            label = max((entry[f"label_{lang}"] for entry in of_level), key=len)
            symbols = tuple(by_kind[kind] for kind in ("fill", "icon") if kind in by_kind)
            rows.append(LegendRow(_level_label(level, label, lang, palette), symbols))
    words = sheet_words(lang)
    has_both = any(len(row.symbols) > 1 for row in rows)
    return [LegendRow(words["levels_both" if has_both else "levels"]), *rows] if rows else []


def _level_label(level: str, label: str, lang: str, palette: Palette) -> str:
    """The level's words with its colour's name, for whoever cannot tell the colour."""
    colour: str = palette["level"][level][f"colour_{lang}"]
    return label if label.startswith(colour) else f"{colour} {label}"


def _is_drawn(
    entry: Mapping[str, Any], layer_id: str, content: MapContent, view: View, palette: Palette
) -> bool:
    seen = content.drawn.get(layer_id)
    if seen is None or not seen.any():
        return False
    if entry.get("filter") is not None:
        return bool((content.features[layer_id].matching(entry["filter"], view) & seen).any())
    return _explains_a_drawn_shape(entry["symbol"], layer_id, content, palette)


def _explains_a_drawn_shape(
    symbol: Mapping[str, Any], layer_id: str, content: MapContent, palette: Palette
) -> bool:
    """An entry that explains a shape or the second outline stands only if such a symbol is on the map."""
    icons = content.icons.get(layer_id)
    if symbol["kind"] != "icon" or icons is None:
        return True
    asked = parse_icon(symbol["image"], palette)
    if asked.has_ring:
        return any(icon.has_ring for icon in icons)
    return any(icon.shape == asked.shape for icon in icons)


def fit_legend(
    canvas: Canvas, rows: Sequence[LegendRow], box: Box, lang: str, *, n_columns: int
) -> list[PlacedRow]:
    """The rows placed in a box: the fewest columns from `n_columns` on and the largest text that hold all.

    Where nothing holds them all, as many of the first rows as fit.
    """
    most = max(n_columns, int((box.w + COLUMN_GAP_MM) // (LEAST_COLUMN_MM[lang] + COLUMN_GAP_MM)))
    best: list[PlacedRow] = []
    for columns in range(n_columns, most + 1):
        for size_pt in SIZES_PT:
            placed = pack_legend(canvas, rows, box, size_pt=size_pt, n_columns=columns)
            if len(placed) > len(best):
                best = placed
            if len(placed) == len(rows):
                return placed
    return best


def pack_legend(
    canvas: Canvas, rows: Sequence[LegendRow], box: Box, *, size_pt: float, n_columns: int
) -> list[PlacedRow]:
    """The first rows that fit into columns of a box at one size; a heading never stands last in a column."""
    column_mm = (box.w - COLUMN_GAP_MM * (n_columns - 1)) / n_columns
    size_mm = size_pt * MM_PER_PT
    texts = [_row_lines(canvas, row, size_pt, column_mm) for row in rows]
    heights = [size_mm * (ROW_PT + LINE_PT * (len(lines) - 1)) for lines in texts]
    placed: list[PlacedRow] = []
    column, y = 0, box.y
    for i, row in enumerate(rows):
        needed = heights[i] if row.symbols else sum(heights[i : i + 2])
        if y + needed > box.bottom + 1e-6:
            column, y = column + 1, box.y
        if column == n_columns:
            break
        x = box.x + column * (column_mm + COLUMN_GAP_MM)
        placed.append(PlacedRow(row, texts[i], Box(x, y, column_mm, heights[i]), size_pt))
        y += heights[i]
    return placed


def _text_start_mm(row: LegendRow) -> float:
    if not row.symbols:
        return 0.0
    return SWATCH_MM + SWATCH_GAP_MM + POINT_SWATCH_MM * (len(row.symbols) - 1)


def _row_lines(canvas: Canvas, row: LegendRow, size_pt: float, column_mm: float) -> tuple[str, ...]:
    style = TextStyle(size_pt, "#000000", is_bold=not row.symbols)
    width_mm = column_mm - _text_start_mm(row)
    lines = canvas.wrapped(row.text, style, width_mm)
    if len(lines) > MAX_LINES:
        lines = [*lines[: MAX_LINES - 1], canvas.shortened(" ".join(lines[MAX_LINES - 1 :]), style, width_mm)]
    return tuple(lines)


def draw_legend(canvas: Canvas, placed: Sequence[PlacedRow], palette: Palette) -> None:
    """Draw rows where they were placed."""
    for entry in placed:
        row, box = entry.row, entry.box
        style = TextStyle(entry.size_pt, palette["interface"]["text"], is_bold=not row.symbols)
        x, swatch_h = box.x, style.size_mm * ROW_PT
        for i, symbol in enumerate(row.symbols):
            width_mm = SWATCH_MM if i == 0 else POINT_SWATCH_MM
            draw_swatch(canvas, symbol, Box(x, box.y + (box.h - swatch_h) / 2, width_mm, swatch_h), palette)
            x += width_mm
        first = box.centre[1] + style.size_mm * (0.36 - LINE_PT / 2 * (len(entry.lines) - 1))
        for i, line in enumerate(entry.lines):
            canvas.text(box.x + _text_start_mm(row), first + i * style.size_mm * LINE_PT, line, style)


def draw_swatch(canvas: Canvas, symbol: Mapping[str, Any], place: Box, palette: Palette) -> None:
    """A legend symbol (``fill``, ``line`` or ``icon``) as it is drawn on the map."""
    if symbol["kind"] == "icon":
        icon = parse_icon(symbol["image"], palette)
        draw_icon(canvas, icon, *place.centre, casing=palette["base"]["halo"])
    elif symbol["kind"] == "line":
        _line_swatch(canvas, symbol, place, palette)
    else:
        _fill_swatch(canvas, symbol, place.inset(place.h * 0.1), palette)


def _fill_swatch(canvas: Canvas, symbol: Mapping[str, Any], place: Box, palette: Palette) -> None:
    canvas.fill_box(place, symbol["color"], symbol.get("opacity", 0.8 if "hatch" in symbol else 1.0))
    if "hatch" in symbol:
        with canvas.shifted(place.x, place.y):
            draw_hatch(canvas, shapely.box(0, 0, place.w, place.h), palette["level"][symbol["hatch"]])
    if symbol.get("outline"):
        canvas.stroke_box(place, LineStyle(symbol["outline"], 0.25))


def _line_swatch(canvas: Canvas, symbol: Mapping[str, Any], place: Box, palette: Palette) -> None:
    y = place.centre[1]
    width_mm = symbol["width"] * MM_PER_PX
    strokes = []
    if symbol.get("band"):
        strokes.append((y + width_mm, LineStyle(symbol["band"], 6 * MM_PER_PX, opacity=0.2, is_round=False)))
    if symbol.get("casing"):
        strokes.append((y, LineStyle(symbol["casing"], width_mm + 2.2 * MM_PER_PX, is_round=False)))
    dash = tuple(part * MM_PER_PX for part in symbol.get("dash", ()))
    strokes.append((y, LineStyle(symbol["color"], width_mm, dash, is_round=False)))
    for height, line in strokes:
        canvas.context.move_to(place.x, height)
        canvas.context.line_to(place.right, height)
        canvas.stroke(line)
    if symbol.get("mark"):
        icon = parse_icon(symbol["mark"], palette)
        draw_icon(canvas, icon, *place.centre, casing=palette["base"]["halo"])
    if symbol.get("bars"):
        for x in (place.x, place.right):
            canvas.context.move_to(x, y - 1.0)
            canvas.context.line_to(x, y + 1.0)
            canvas.stroke(LineStyle(symbol["color"], width_mm, is_round=False))
