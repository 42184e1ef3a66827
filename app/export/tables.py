"""A table of text on as many pages as its rows need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.export.canvas import LINE_HEIGHT, MM_PER_PT, Canvas, LineStyle, TextStyle
from app.export.furniture import HAIRLINE_MM, fitted
from app.export.layout import Box
from app.export.symbols import Palette

LARGEST_PT, LEAST_PT = 11.0, 5.5
ROW_PT = 1.9
PAD_MM = 1.2


HEAD_ROWS = 3
"""Rows whose room the headings have: four lines in their size."""


@dataclass(frozen=True)
class Table:
    """Headings and rows of cells; the first `n_text_columns` are text, the rest figures. No row is set smaller than `least_pt`."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_text_columns: int
    least_pt: float


def page_rows(n_rows: int, height_mm: float, least_pt: float) -> list[range]:
    """Which rows stand on each page of a table: none is left out, and pages hold as many as their neighbours, or one more.

    >>> page_rows(10, 40.0, 6.0)
    [range(0, 5), range(5, 10)]
    """
    most = max(1, int(height_mm / (least_pt * ROW_PT * MM_PER_PT)) - HEAD_ROWS)
    n_pages = max(1, -(-n_rows // most))
    ends = [-(-n_rows * page // n_pages) for page in range(n_pages + 1)]
    return [range(start, end) for start, end in zip(ends, ends[1:], strict=False)]


def draw_table(canvas: Canvas, table: Table, page: int, box: Box, palette: Palette) -> None:
    """Draw one page (the first is 0) of a table into a box, in the type and columns of all its pages."""
    pages = page_rows(len(table.rows), box.h, table.least_pt)
    size_pt = min(LARGEST_PT, max(table.least_pt, box.h / ((len(pages[0]) + HEAD_ROWS) * ROW_PT * MM_PER_PT)))
    ink = palette["interface"]["text"]
    style, bold = TextStyle(size_pt, ink), TextStyle(min(size_pt, 9.0), ink, is_bold=True)
    widths = column_widths(canvas, table.head, table.rows, box.w, style, bold)
    head_mm = _draw_head(canvas, table.head, box, widths, bold, table.n_text_columns)
    row_mm = min(size_pt * MM_PER_PT * ROW_PT, (box.h - head_mm) / max(1, len(pages[0])))
    for number, row in enumerate(pages[page]):
        line = Box(box.x, box.y + head_mm + number * row_mm, box.w, row_mm)
        _draw_row(canvas, table.rows[row], line, widths, style, table.n_text_columns)
        canvas.context.move_to(line.x, line.y)
        canvas.context.line_to(line.right, line.y)
        canvas.stroke(LineStyle(palette["interface"]["hairline"], HAIRLINE_MM, is_round=False))


def _draw_row(canvas: Canvas, cells: Sequence[str], line: Box, widths: Sequence[float], style: TextStyle, n_text_columns: int) -> None:
    x = line.x
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        _draw_cell(canvas, cell, Box(x, line.y, width, line.h), style, is_text=i < n_text_columns)
        x += width


def column_widths(canvas: Canvas, head: Sequence[str], rows: Sequence[Sequence[str]], room_mm: float, style: TextStyle, bold: TextStyle) -> list[float]:
    """Each column takes what its cells and the words of its heading need, and an equal part of what is left over."""
    needed = [
        2 * PAD_MM + max([canvas.text_width_mm(cell, style) for cell in cells] + [canvas.text_width_mm(word, bold) for word in title.split()], default=0.0)
        for title, cells in zip(head, zip(*rows, strict=True) if rows else [()] * len(head), strict=True)
    ]
    if sum(needed) > room_mm:
        return [width * room_mm / sum(needed) for width in needed]
    return [width + (room_mm - sum(needed)) / len(needed) for width in needed]


def _draw_head(
    canvas: Canvas, head: Sequence[str], box: Box, widths: Sequence[float], style: TextStyle, n_text_columns: int
) -> float:
    """Headings over their columns, in as many lines as they need; the height they take."""
    lines = [canvas.wrapped(text, style, width - 2 * PAD_MM) for text, width in zip(head, widths, strict=True)]
    step = style.size_mm * LINE_HEIGHT
    height = max(map(len, lines)) * step + PAD_MM
    x = box.x
    for i, (texts, width) in enumerate(zip(lines, widths, strict=True)):
        top = box.y + height - PAD_MM - len(texts) * step
        for row, text in enumerate(texts):
            _draw_cell(canvas, text, Box(x, top + row * step, width, step), style, is_text=i < n_text_columns)
        x += width
    return height


def _draw_cell(canvas: Canvas, text: str, box: Box, style: TextStyle, *, is_text: bool) -> None:
    room = box.w - 2 * PAD_MM
    style = fitted(canvas, text, style, room, LEAST_PT)
    x = box.x + PAD_MM if is_text else box.right - PAD_MM
    baseline = box.centre[1] + style.size_mm * 0.36
    canvas.text(x, baseline, canvas.shortened(text, style, room), style, align="left" if is_text else "right")
