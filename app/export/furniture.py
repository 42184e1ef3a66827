"""The furniture of a sheet: each block draws itself into its box of the layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import segno
import shapely
from numpy.typing import NDArray

from app.export.canvas import LINE_HEIGHT, MM_PER_PT, Canvas, LineStyle, TextStyle
from app.export.layout import MM_PER_M, Box, Projection
from app.export.statistics import SheetStatistics
from app.export.symbols import Palette, draw_sign
from layers.catalog import LEVELS

FRAME_LINE_MM, MAP_LINE_MM, HAIRLINE_MM = 0.6, 0.3, 0.15
HEADING_PT = 8.5
HEADING_MM = 5.2
NOTE_PAD_MM, NOTE_INSET_MM = 1.6, 2.0
NOTES_SHARE = 0.36
"""Most of the map's width that a line of notes may take."""
NORTH_ARROW_MM = (14.0, 18.0)
NORTH_INSET_MM = 3.0
BAR_HEIGHT_MM = 1.6
WATERMARK_PT, WATERMARK_OPACITY, WATERMARK_GAP_MM = 12.0, 0.06, 36.0
NICE = ((5, 5), (2, 4), (1, 4))
"""Leading figures of a scale bar's length, with the number of its parts."""


def fitted(canvas: Canvas, text: str, style: TextStyle, width_mm: float, least_pt: float) -> TextStyle:
    """The style, smaller in half points down to `least_pt` until the text fits a width."""
    size_pt = style.size_pt
    while (
        size_pt > least_pt
        and canvas.text_width_mm(text, TextStyle(size_pt, style.colour, style.is_bold)) > width_mm
    ):
        size_pt -= 0.5
    return TextStyle(size_pt, style.colour, style.is_bold)


def draw_line_of_text(
    canvas: Canvas, text: str, box: Box, style: TextStyle, *, align: str = "centre", least_pt: float = 7.0
) -> None:
    """One line in the middle of a box, smaller or cut with an ellipsis where it is too long."""
    style = fitted(canvas, text, style, box.w, least_pt)
    x = {"left": box.x, "centre": box.centre[0], "right": box.right}[align]
    baseline = box.centre[1] + style.size_mm * 0.36
    canvas.text(x, baseline, canvas.shortened(text, style, box.w), style, align=align)


def draw_paragraphs(
    canvas: Canvas, texts: Sequence[str], box: Box, style: TextStyle, *, least_pt: float = 5.5
) -> float:
    """Texts one below the other, smaller until all lines fit the box; what still does not fit is cut. Where they end, mm."""
    size_pt = style.size_pt
    lines = _wrapped(canvas, texts, style, box.w)
    while size_pt > least_pt and len(lines) * size_pt * MM_PER_PT * LINE_HEIGHT > box.h:
        size_pt -= 0.25
        style = TextStyle(size_pt, style.colour, style.is_bold)
        lines = _wrapped(canvas, texts, style, box.w)
    step = style.size_mm * LINE_HEIGHT
    drawn = lines[: max(1, int(box.h / step + 0.01))]
    for i, line in enumerate(drawn):
        canvas.text(box.x, box.y + style.size_mm * 0.95 + i * step, line, style)
    return box.y + len(drawn) * step


def _wrapped(canvas: Canvas, texts: Sequence[str], style: TextStyle, width_mm: float) -> list[str]:
    return [line for text in texts if text for line in canvas.wrapped(text, style, width_mm, breaks_words=True)]


def draw_heading(canvas: Canvas, text: str, box: Box, palette: Palette) -> Box:
    """A block's heading over a hairline; what remains of the box below it."""
    ink = palette["interface"]["text"]
    style = TextStyle(HEADING_PT, ink, is_bold=True)
    canvas.text(box.x, box.y + HEADING_PT * MM_PER_PT, text, style)
    canvas.context.move_to(box.x, box.y + HEADING_MM - 1.2)
    canvas.context.line_to(box.right, box.y + HEADING_MM - 1.2)
    canvas.stroke(LineStyle(palette["interface"]["control"], HAIRLINE_MM, is_round=False))
    return Box(box.x, box.y + HEADING_MM, box.w, box.h - HEADING_MM)


# --- scale and north ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ScaleBar:
    """A bar of a round length on the ground: its length there and on paper, and the number of its parts."""

    length_m: float
    length_mm: float
    n_parts: int


def scale_bar(denominator: float, most_mm: float) -> ScaleBar:
    """The longest bar of 1, 2 or 5 times a power of ten metres that is at most `most_mm` long.

    >>> scale_bar(50_000, 50)
    ScaleBar(length_m=2000.0, length_mm=40.0, n_parts=4)
    """
    most_m = most_mm * denominator / MM_PER_M
    power = 10.0 ** np.floor(np.log10(most_m))
    leading, n_parts = next((lead, parts) for lead, parts in NICE if lead * power <= most_m * (1 + 1e-9))
    length_m = float(leading * power)
    return ScaleBar(length_m, length_m * MM_PER_M / denominator, n_parts)


def _ground_length(metres: float, unit: str) -> str:
    return f"{metres / (1000 if unit == 'km' else 1):g}"


def draw_scale_bar(canvas: Canvas, bar: ScaleBar, denominator: int, box: Box, palette: Palette) -> None:
    """The bar with its figures, and the scale as 1:N to its right."""
    ink = palette["interface"]["text"]
    unit = "km" if bar.length_m >= 1000 else "m"
    figures, ratio = TextStyle(7.0, ink), TextStyle(9.0, ink, is_bold=True)
    x, y = box.x + 1.5, box.y + figures.size_mm + 1.2
    part_mm = bar.length_mm / bar.n_parts
    for i in range(bar.n_parts):
        part = Box(x + i * part_mm, y, part_mm, BAR_HEIGHT_MM)
        canvas.fill_box(part, ink if i % 2 == 0 else palette["interface"]["panel"])
    canvas.stroke_box(Box(x, y, bar.length_mm, BAR_HEIGHT_MM), LineStyle(ink, 0.2))
    for share in (0, 0.5, 1):
        text = _ground_length(bar.length_m * share, unit) + (f" {unit}" if share == 1 else "")
        canvas.text(
            x + share * bar.length_mm, y - 0.8, text, figures, align="left" if share == 0 else "centre"
        )
    number = f"1:{denominator:,}".replace(",", " ")
    canvas.text(x, y + BAR_HEIGHT_MM + ratio.size_mm * 0.95 + 0.6, number, ratio)


def north_arrow_box(map_box: Box) -> Box:
    """Where the north arrow stands inside the map."""
    w, h = NORTH_ARROW_MM
    return Box(map_box.right - NORTH_INSET_MM - w, map_box.y + NORTH_INSET_MM, w, h)


def draw_north_arrow(canvas: Canvas, box: Box, true_north_deg: float, letter: str, palette: Palette) -> None:
    """An arrow to true north, `true_north_deg` clockwise from the sheet's upright, on a light plate."""
    ink, panel = palette["interface"]["text"], palette["interface"]["panel"]
    canvas.fill_box(box, panel, 0.85)
    cx, cy = box.centre
    turn = np.radians(true_north_deg)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def turned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [tuple(point) for point in (np.array(points) @ rotation + (cx, cy + 2.2)).tolist()]

    canvas.trace_ring(turned([(0, -6), (3, 5), (0, 2.6)]))
    canvas.fill(ink)
    canvas.trace_ring(turned([(0, -6), (-3, 5), (0, 2.6)]))
    canvas.fill(panel, keep=True)
    canvas.stroke(LineStyle(ink, 0.25))
    x, y = turned([(0, -8.2)])[0]
    style = TextStyle(9.0, ink, is_bold=True)
    canvas.text(x, y + style.size_mm * 0.36, letter, style, align="centre")


# --- blocks -------------------------------------------------------------------------------------------


def draw_locator(
    canvas: Canvas, box: Box, *, title: str, boundary: Any, towns: Sequence[Any], focus: Any, main_part: Any,
    projection: Projection, palette: Palette,
) -> None:  # fmt: skip
    """The area with its towns, the part that the sheet shows outlined; `focus` (a town) filled.

    Islands far off the `main_part` are left out unless the sheet shows ground out there.
    """
    box = draw_heading(canvas, title, box, palette)
    whole = shapely.union_all([shape for shape in (boundary, *towns) if shape is not None])
    canvas.stroke_box(box, LineStyle(palette["interface"]["control"], HAIRLINE_MM))
    if whole.is_empty:
        return
    inner = box.inset(1.5)
    west, south, east, north = located_part(whole, main_part, projection).bounds
    scale = min(inner.w / max(east - west, 1.0), inner.h / max(north - south, 1.0))
    centre = ((west + east) / 2, (south + north) / 2)
    small = Projection(inner, centre, MM_PER_M / scale)

    def traced(shape: Any) -> None:
        canvas.trace(shapely.simplify(small.to_sheet(np.array([shape], object))[0], 0.1))

    line = palette["boundary"]["line"]
    with canvas.clipped(box):
        traced(whole)
        canvas.fill(palette["base"]["land"])
        if focus is not None:
            traced(focus)
            canvas.fill(palette["base"]["road_casing"])
        for town in towns:
            traced(town)
        canvas.stroke(LineStyle(line, 0.12))
        traced(boundary if boundary is not None else whole)
        canvas.stroke(LineStyle(line, 0.3))
        shown = small.to_sheet(np.array([projection.outline_m], object))[0]
        edge = box.inset(0.7)
        canvas.trace(shapely.clip_by_rect(shown, edge.x, edge.y, edge.right, edge.bottom))
        canvas.stroke(LineStyle(palette["interface"]["primary"], 0.5))


def located_part(whole: Any, main_part: Any, projection: Projection) -> Any:
    """The part of an area that a locator shows."""
    if main_part is None or not shapely.contains_xy(main_part, *projection.outline_m.centroid.coords[0]):
        return whole
    part = shapely.intersection(whole, main_part)
    return whole if part.is_empty else part


def draw_statistics(
    canvas: Canvas,
    box: Box,
    statistics: SheetStatistics,
    words: Mapping[str, str],
    lang: str,
    palette: Palette,
) -> None:
    """Levels by row, zone area and number of sources by column; conflicts below."""
    columns = [words["level"]]
    columns += [words["zones"]] if statistics.area_km2 is not None else []
    columns += [words["points"]] if statistics.n_points is not None else []
    rows = [_statistics_row(level, statistics, lang, palette) for level in LEVELS]
    n_rows = len(rows) + 1 + (statistics.n_conflicts is not None)
    row_mm = min(4.2, box.h / n_rows)
    size_pt = min(8.0, row_mm / MM_PER_PT / 1.25)
    style, bold = (
        TextStyle(size_pt, palette["interface"]["text"]),
        TextStyle(size_pt, palette["interface"]["text"], is_bold=True),
    )
    for i, cells in enumerate([columns, *rows]):
        _draw_table_row(
            canvas, cells, Box(box.x, box.y + i * row_mm, box.w, row_mm), bold if i == 0 else style
        )
    for i, level in enumerate(LEVELS):
        chip = Box(box.x, box.y + (i + 1) * row_mm + row_mm * 0.18, 3.2, row_mm * 0.64)
        canvas.fill_box(chip, palette["level"][level]["fill"])
        canvas.stroke_box(chip, LineStyle(palette["level"][level]["outline"], HAIRLINE_MM))
        draw_sign(canvas, palette["level"][level].get("sign", ""), chip.centre, chip.h / 2, palette["level"][level]["outline"])
    if statistics.n_conflicts is not None:
        last = Box(box.x, box.y + (n_rows - 1) * row_mm, box.w, row_mm)
        _draw_table_row(
            canvas, [words["conflicts"], f"{statistics.n_conflicts:,}"], last, style, indent_mm=0.0
        )


def _statistics_row(level: str, statistics: SheetStatistics, lang: str, palette: Palette) -> list[str]:
    row = [palette["level"][level][lang]]
    if statistics.area_km2 is not None:
        row.append(f"{statistics.area_km2[level]:,.2f}" if statistics.area_km2[level] else "0")
    if statistics.n_points is not None:
        row.append(f"{statistics.n_points[level]:,}")
    return row


def _draw_table_row(
    canvas: Canvas, cells: Sequence[str], box: Box, style: TextStyle, *, indent_mm: float = 4.4
) -> None:
    """First cell to the left, figures to the right of equal columns."""
    baseline = box.centre[1] + style.size_mm * 0.36
    n_figures = len(cells) - 1
    figure_mm = box.w * 0.62 / max(n_figures, 2)
    first_mm = box.w - indent_mm - figure_mm * n_figures
    first = fitted(canvas, cells[0], style, first_mm, 5.5)
    canvas.text(box.x + indent_mm, baseline, canvas.shortened(cells[0], first, first_mm), first)
    for i, cell in enumerate(cells[1:]):
        x = box.right - (n_figures - 1 - i) * figure_mm
        figure = fitted(canvas, cell, style, figure_mm - 1, 5.5)
        canvas.text(x, baseline, cell, figure, align="right")


def draw_watermark(canvas: Canvas, box: Box, text: str, palette: Palette) -> None:
    """A text repeated faintly along rising diagonals of a box."""
    if not text:
        return
    style = TextStyle(WATERMARK_PT, palette["interface"]["text"], opacity=WATERMARK_OPACITY)
    step_mm = canvas.text_width_mm(text, style) + WATERMARK_GAP_MM
    for row, y in enumerate(np.arange(box.y, box.bottom + box.w / 2, WATERMARK_GAP_MM)):
        for x in np.arange(box.x - (row % 2) * step_mm / 2, box.right, step_mm):
            canvas.text(float(x), float(y), text, style, angle_deg=-30.0)


def draw_qr(canvas: Canvas, address: str, box: Box, palette: Palette) -> None:
    """The address as a QR code (error correction M) with its quiet zone inside the box."""
    if not address:
        return
    modules = np.array([list(row) for row in segno.make(address, error="m", micro=False).matrix], bool)
    size_mm = box.w / (len(modules) + 4)
    for row, column in np.argwhere(modules).tolist():
        canvas.trace_box(Box(box.x + (column + 2) * size_mm, box.y + (row + 2) * size_mm, size_mm, size_mm))
    canvas.fill(palette["interface"]["text"])


@dataclass(frozen=True)
class NotesPlate:
    """The notes in a corner of the map: box, lines, how many of them are bold, and their size."""

    box: Box
    lines: tuple[str, ...]
    n_bold: int
    size_pt: float


def notes_plate(
    canvas: Canvas,
    notes: Sequence[str],
    map_box: Box,
    size_pt: float,
    *,
    is_first_bold: bool,
    spared: NDArray[np.object_],
    taken: Sequence[Box] = (),
) -> NotesPlate:
    """Notes set in the corner of the map where they cover least of the shapes `spared` (page millimetres).

    The upper right corner is the north arrow's; a corner with something in `taken` is not used.
    """
    width_mm = map_box.w * NOTES_SHARE
    styles = [TextStyle(size_pt, "#000000", is_bold=is_first_bold and i == 0) for i in range(len(notes))]
    wrapped = [canvas.wrapped(note, style, width_mm) for note, style in zip(notes, styles, strict=True)]
    widths = [
        canvas.text_width_mm(line, style)
        for lines, style in zip(wrapped, styles, strict=True)
        for line in lines
    ]
    lines = tuple(line for note in wrapped for line in note)
    h = len(lines) * size_pt * MM_PER_PT * LINE_HEIGHT + 2 * NOTE_PAD_MM - 0.4
    w = max(widths, default=0.0) + 2 * NOTE_PAD_MM
    left, top = map_box.x + NOTE_INSET_MM, map_box.y + NOTE_INSET_MM
    right, bottom = map_box.right - NOTE_INSET_MM - w, map_box.bottom - NOTE_INSET_MM - h
    corners = [Box(left, bottom, w, h), Box(right, bottom, w, h), Box(left, top, w, h)]
    corners = [corner for corner in corners if not any(corner.overlaps(box) for box in taken)] or corners
    plates = [shapely.box(corner.x, corner.y, corner.right, corner.bottom) for corner in corners]
    covered = [shapely.area(shapely.intersection(spared, plate)).sum() for plate in plates]
    n_bold = len(wrapped[0]) if is_first_bold and wrapped else 0
    return NotesPlate(corners[int(np.argmin(covered))], lines, n_bold, size_pt)


def draw_notes(canvas: Canvas, plate: NotesPlate, palette: Palette) -> None:
    """Draw the notes on their white plate; the bold ones stand out."""
    if not plate.lines:
        return
    box = plate.box
    canvas.fill_box(box, palette["interface"]["panel"], 0.92)
    canvas.stroke_box(box, LineStyle(palette["interface"]["control"], HAIRLINE_MM))
    for i, line in enumerate(plate.lines):
        style = TextStyle(plate.size_pt, palette["interface"]["text"], is_bold=i < plate.n_bold)
        y = box.y + NOTE_PAD_MM + style.size_mm * (0.85 + i * LINE_HEIGHT)
        canvas.text(box.x + NOTE_PAD_MM, y, line, style)
