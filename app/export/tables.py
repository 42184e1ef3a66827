"""A table of text on a page."""

from __future__ import annotations

from collections.abc import Sequence

from app.export.canvas import LINE_HEIGHT, MM_PER_PT, Canvas, LineStyle, TextStyle
from app.export.furniture import HAIRLINE_MM, fitted
from app.export.layout import Box
from app.export.symbols import Palette

LARGEST_PT, LEAST_PT = 11.0, 5.5
ROW_PT = 1.9
PAD_MM = 1.2


def draw_table(
    canvas: Canvas, head: Sequence[str], rows: Sequence[Sequence[str]], box: Box, palette: Palette, *, n_text_columns: int
) -> None:
    """Draw a table into a box: the first columns are text, the rest figures at the right; smaller where it must."""
    size_pt = min(LARGEST_PT, max(LEAST_PT, box.h / ((len(rows) + 3) * ROW_PT * MM_PER_PT)))
    ink = palette["interface"]["text"]
    style, bold = TextStyle(size_pt, ink), TextStyle(min(size_pt, 9.0), ink, is_bold=True)
    row_mm = size_pt * MM_PER_PT * ROW_PT
    widths = column_widths(canvas, head, rows, box.w, style, bold)
    head_mm = _draw_head(canvas, head, box, widths, bold, n_text_columns)
    for number, cells in enumerate(rows):
        y = box.y + head_mm + number * row_mm
        if y + row_mm > box.bottom:
            return
        x = box.x
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            _draw_cell(canvas, cell, Box(x, y, width, row_mm), style, is_text=i < n_text_columns)
            x += width
        canvas.context.move_to(box.x, y)
        canvas.context.line_to(box.right, y)
        canvas.stroke(LineStyle(palette["interface"]["hairline"], HAIRLINE_MM, is_round=False))


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
