"""The conflict list of a pipeline on paper: an A4 landscape Word document, and the same as a workbook."""

from __future__ import annotations

import io
from dataclasses import dataclass

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph
from openpyxl import Workbook
from openpyxl.styles import Font

HEAD_FONT, BODY_FONT = "黑体", "宋体"
TITLE_PT, BODY_PT, TABLE_PT = 18, 10.5, 9
MARGIN_MM = 15
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
WIDTH, WIDE = 12, 28


@dataclass(frozen=True)
class ConflictList:
    """Plain values: `head` and `closing` are lines of text, `rows` a table below its `columns`; `wide` columns hold much text."""

    title: str
    head: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int, ...], ...]
    warning: str
    closing: tuple[str, ...]
    wide: tuple[int, ...] = ()


def list_document(found: ConflictList) -> bytes:
    """The list as a .docx file."""
    document = Document()
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Mm(MARGIN_MM))
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _write(title, found.title, font=HEAD_FONT, size_pt=TITLE_PT)
    for line in found.head:
        _write(document.add_paragraph(), line, size_pt=BODY_PT)
    table = document.add_table(rows=1, cols=len(found.columns))
    table.style = "Table Grid"
    for row in (found.columns, *found.rows):
        cells = table.rows[0].cells if row is found.columns else table.add_row().cells
        for cell, value in zip(cells, row, strict=True):
            _write(cell.paragraphs[0], str(value), size_pt=TABLE_PT, font=HEAD_FONT if row is found.columns else BODY_FONT)
    for line in (found.warning, *found.closing):
        _write(document.add_paragraph(), line, size_pt=BODY_PT)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def _write(paragraph: Paragraph, text: str, *, size_pt: float, font: str = BODY_FONT) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.name = Pt(size_pt), font
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)


def list_workbook(found: ConflictList) -> bytes:
    """The list as an .xlsx file; no cell of it is run as a formula."""
    book = Workbook()
    sheet = book.active
    sheet.append([found.title])
    for line in (*found.head, found.warning):
        sheet.append([_harmless(line)])
    sheet.append(list(found.columns))
    for cell in (sheet.cell(1, 1), *sheet[sheet.max_row]):
        cell.font = Font(bold=True)
    sheet.freeze_panes = sheet.cell(sheet.max_row + 1, 1)
    for row in found.rows:
        sheet.append([_harmless(value) for value in row])
    for at in range(len(found.columns)):
        sheet.column_dimensions[sheet.cell(1, at + 1).column_letter].width = WIDE if at in found.wide else WIDTH
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _harmless(value: str | float | int) -> str | float | int:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_SIGNS) else value
