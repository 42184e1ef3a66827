"""What stands around the map of a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from app.export import furniture
from app.export.canvas import Canvas, TextStyle
from app.export.layout import Box, Layout
from app.export.legend import LegendRow, draw_legend, fit_legend
from app.export.sheet import DrawnSheet, shown_frames
from app.export.spec import SheetData, SheetSpec
from app.export.statistics import sheet_statistics
from app.export.symbols import Palette
from app.export.words import sheet_words, written_date

REST_LINE_MM = 4.0


def draw_around_map(canvas: Canvas, spec: SheetSpec, data: SheetData, sheet: DrawnSheet) -> None:
    """Frame, title, legend, locator, table, scale and origin, each where the layout has it and the marks ask for it."""
    palette, layout = sheet.palette, sheet.layout
    ink = palette["interface"]["text"]
    canvas.stroke_box(layout["map"], furniture.LineStyle(ink, furniture.MAP_LINE_MM))
    canvas.stroke_box(layout["frame"], furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    draw_head(canvas, spec, layout, ink)
    _draw_foot(canvas, spec, sheet, palette)
    towns = [] if data.towns is None else [town for town in data.towns.geometry if town is not None]
    words = sheet_words(spec.lang)
    if "locator" in spec.marks:
        furniture.draw_locator(
            canvas, layout["locator"], title=words["locator"], boundary=data.boundary, towns=towns,
            focus=data.focus, main_part=data.main_part, projection=sheet.projection, palette=palette,
        )  # fmt: skip
    if "table" in spec.marks:
        title = words["table_focus" if data.focus is not None else "table"]
        table = furniture.draw_heading(canvas, title, layout["table"], palette)
        counted = sheet.projection.outline_m if data.focus is None else data.focus
        statistics = sheet_statistics(shown_frames(spec, data), counted, policy=sheet.policy)
        furniture.draw_statistics(canvas, table, statistics, words, spec.lang, palette)
    if "legend" in spec.marks:
        _draw_legend_block(canvas, spec, sheet, palette)


def draw_head(canvas: Canvas, spec: SheetSpec, layout: Layout, ink: str) -> None:
    """Title, subtitle, edition and handling mark."""
    is_large = spec.paper == "A3"
    words = sheet_words(spec.lang)
    title, subtitle = (
        TextStyle(22 if is_large else 18, ink, is_bold=True),
        TextStyle(12 if is_large else 10, ink),
    )
    furniture.draw_line_of_text(canvas, spec.title, layout["title"], title, least_pt=11)
    under = "  ·  ".join(part for part in (spec.page_line, spec.subtitle) if part)
    furniture.draw_line_of_text(canvas, under, layout["subtitle"], subtitle, least_pt=7)
    edition = words["edition"].format(edition=spec.edition_label) if spec.edition_label else ""
    furniture.draw_line_of_text(canvas, edition, layout["edition"], TextStyle(9, ink), align="left")
    furniture.draw_line_of_text(
        canvas, spec.secrecy, layout["secrecy"], TextStyle(9, ink, is_bold=True), align="right"
    )


def _draw_foot(canvas: Canvas, spec: SheetSpec, sheet: DrawnSheet, palette: Palette) -> None:
    words, layout = sheet_words(spec.lang), sheet.layout
    style = TextStyle(7.5 if spec.paper == "A3" else 7.0, palette["interface"]["text"])
    if "scale" in spec.marks:
        furniture.draw_scale_bar(canvas, sheet.scale_bar, spec.scale_denominator, layout["scale"], palette)
    as_of = words["data_as_of"].format(date=written_date(spec.data_as_of, spec.lang))
    method = words["method"].format(method=spec.method) if spec.method else ""
    policy = (
        words["policy"].format(policy=spec.policy_title or spec.policy)
        if spec.policy_title or spec.policy
        else ""
    )
    dated = " · ".join(part for part in (as_of, method) if part)
    crs_line = spec.crs_line if "crs" in spec.marks else ""
    furniture.draw_paragraphs(canvas, (crs_line, dated, policy), layout["crs"], style)
    organisation = words["organisation"].format(organisation=spec.organisation) if spec.organisation else ""
    made = words["date"].format(date=written_date(spec.date, spec.lang)) if spec.date else ""
    approved = words["approval"].format(number=spec.approval_number) if spec.approval_number else ""
    origin = (organisation, " · ".join(part for part in (made, approved) if part))
    furniture.draw_paragraphs(canvas, origin, layout["organisation"], style)
    furniture.draw_qr(canvas, spec.address if "qr" in spec.marks else "", layout["qr"], palette)


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
    has_second = spec.format == "pdf" and not spec.is_single_page
    if len(placed) < len(rows) and not has_second:
        placed = fit_legend(
            canvas, rows, Box(box.x, box.y, box.w, box.h - REST_LINE_MM), spec.lang, n_columns=n_columns
        )
        rest = words["legend_rest"].format(n=sum(bool(row.symbols) for row in rows[len(placed) :]))
        line = Box(box.x, box.bottom - REST_LINE_MM, box.w, REST_LINE_MM)
        furniture.draw_line_of_text(canvas, rest, line, style, align="left")
    draw_legend(canvas, placed, palette)
    if len(placed) < len(rows) and has_second:
        _draw_second_page(canvas, spec, rows[len(placed) :], sheet.layout, palette)


def _draw_second_page(
    canvas: Canvas, spec: SheetSpec, rows: Sequence[LegendRow], layout: Layout, palette: Palette
) -> None:
    ink = palette["interface"]["text"]
    canvas.new_page()
    canvas.stroke_box(layout["frame"], furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    draw_head(canvas, spec, layout, ink)
    page = Box(layout["map"].x, layout["map"].y, layout["frame"].w - 8, layout["map"].h)
    box = furniture.draw_heading(canvas, sheet_words(spec.lang)["legend_continued"], page, palette)
    draw_legend(canvas, fit_legend(canvas, rows, box, spec.lang, n_columns=3), palette)
