"""A map as a figure of a report: no frame and no title; its caption is delivered apart."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from app.export import furniture
from app.export.canvas import Canvas
from app.export.layout import Box, sheet_layout
from app.export.legend import PlacedRow, draw_legend, fit_legend
from app.export.sheet import DrawnSheet, check_spec, draw_sheet
from app.export.spec import SheetData, SheetSpec
from app.export.words import sheet_words, written_date

PAPER, ORIENTATION = "figure", "wide"
LEGEND_MM = (42.0, 36.0)
INSET_MM = 3.0
BELOW_COLUMNS = 4
BELOW_HEIGHTS_MM = (12.0, 18.0, 24.0, 30.0, 40.0, 60.0, 90.0)
"""Heights tried for a legend below the map: the first that holds it."""
MOST_COVERED = 0.12
"""Share of the legend's box that may lie over the area or its zones; else the legend stands below the map."""


@dataclass(frozen=True)
class Figure:
    """A finished figure and the words that go under it."""

    content: bytes
    caption: str


def render_figure(spec: SheetSpec, data: SheetData) -> Figure:
    """A figure of 156 by 98 mm as PNG, PDF or SVG; its legend inside or, where it would cover the area, below.

    Raises what `app.export.render.render_sheet` raises.
    """
    check_spec(spec, data.catalog)
    page = sheet_layout(PAPER, ORIENTATION)["page"]
    trial, sheet = _drawn(spec, data, page)
    within = _legend_within(trial, sheet, spec)
    if within:
        _finish(trial, sheet, spec, within, _inside(page))
        return Figure(trial.finish(), caption_of(spec))
    below = _legend_below(trial, sheet, spec, page)
    bottom = max((row.box.bottom for row in below), default=page.h)
    canvas, sheet = _drawn(spec, data, Box(0, 0, page.w, bottom + 1 if below else page.h))
    _finish(canvas, sheet, spec, below, None)
    return Figure(canvas.finish(), caption_of(spec))


def _drawn(spec: SheetSpec, data: SheetData, page: Box) -> tuple[Canvas, DrawnSheet]:
    canvas = Canvas(page, file_format=spec.format, dpi=spec.dpi, title=spec.title, author=spec.organisation, made_on=spec.date)
    return canvas, draw_sheet(canvas, spec, data)


def _inside(page: Box) -> Box:
    w, h = LEGEND_MM
    return Box(page.right - INSET_MM - w, page.bottom - INSET_MM - h, w, h)


def _legend_within(canvas: Canvas, sheet: DrawnSheet, spec: SheetSpec) -> list[PlacedRow]:
    """The legend's rows placed in the lower right corner; none where they do not fit or would cover what matters."""
    if "legend" not in spec.marks or not sheet.legend:
        return []
    box = _inside(sheet.layout["page"])
    placed = fit_legend(canvas, sheet.legend, box.inset(1.5), spec.lang, n_columns=1)
    plate = shapely.box(box.x, box.y, box.right, box.bottom)
    rated = [features.geometries for features in sheet.content.features.values() if "level" in features.rows]
    covered = sum(float(shapely.area(shapely.intersection(shapely.make_valid(shapes), plate)).sum()) for shapes in rated)
    is_free = covered <= MOST_COVERED * box.w * box.h and not any(blocked.overlaps(box) for blocked in sheet.blocked)
    return placed if is_free and len(placed) == len(sheet.legend) else []


def _legend_below(canvas: Canvas, sheet: DrawnSheet, spec: SheetSpec, page: Box) -> list[PlacedRow]:
    """The legend's rows in columns below the map, as low as they can be; none where it is not wanted."""
    placed: list[PlacedRow] = []
    for height_mm in BELOW_HEIGHTS_MM if "legend" in spec.marks else ():
        placed = fit_legend(canvas, sheet.legend, Box(1, page.h + 2, page.w - 2, height_mm), spec.lang, n_columns=BELOW_COLUMNS)
        if len(placed) == len(sheet.legend):
            break
    return placed


def _finish(canvas: Canvas, sheet: DrawnSheet, spec: SheetSpec, rows: list[PlacedRow], plate: Box | None) -> None:
    palette, layout = sheet.palette, sheet.layout
    if plate is not None:
        canvas.fill_box(plate, palette["interface"]["panel"], 0.92)
        canvas.stroke_box(plate, furniture.LineStyle(palette["interface"]["control"], furniture.HAIRLINE_MM))
    draw_legend(canvas, rows, palette)
    if "scale" in spec.marks:
        canvas.fill_box(layout["scale"], palette["interface"]["panel"], 0.85)
        furniture.draw_scale_bar(canvas, sheet.scale_bar, spec.scale_denominator, layout["scale"], palette)
    canvas.stroke_box(layout["map"].inset(0.15), furniture.LineStyle(palette["interface"]["text"], furniture.MAP_LINE_MM))


def caption_of(spec: SheetSpec) -> str:
    """The words under the figure; its number is the report's own."""
    as_of, number = written_date(spec.data_as_of, spec.lang), f"1:{spec.scale_denominator:,}".replace(",", " ")
    return sheet_words(spec.lang)["caption"].format(title=spec.title, date=as_of, scale=number)
