"""The reply to a dig notice as a Word document in the form of an official letter (GB/T 9704 margins and type sizes)."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

BODY_FONT = "仿宋"
HEAD_FONT = "黑体"
TITLE_FONT = "宋体"
BODY_PT = 16
"""三号"""
TITLE_PT = 22
"""二号"""
LINE_PT = 28.95
"""22 lines in a text block 225 mm high."""
TABLE_PT = 10.5
PICTURE_MM = 156
"""Width of the text block."""
PICTURE_HEADING = "附件1 位置图"


@dataclass(frozen=True)
class Letter:
    """Plain values of a letter; `sections` are headings with paragraphs, `rows` a table below its `columns`.

    `picture` is a PNG that goes on a page of its own as the enclosed map, `picture_caption` the words under it.
    """

    title: str
    number: str
    to: str
    verdict: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    closing: tuple[str, ...] = field(default=())
    picture: bytes = b""
    picture_caption: str = ""


def letter_bytes(letter: Letter) -> bytes:
    """The letter as a .docx file."""
    document = Document()
    _page(document)
    _paragraph(document, letter.title, font=TITLE_FONT, size_pt=TITLE_PT, is_bold=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    _paragraph(document, letter.number, align=WD_ALIGN_PARAGRAPH.CENTER)
    _paragraph(document, letter.to)
    _paragraph(document, letter.verdict, is_bold=True, is_indented=True)
    for heading, texts in letter.sections:
        _paragraph(document, heading, font=HEAD_FONT, is_indented=True)
        for text in texts:
            _paragraph(document, text, is_indented=True)
    if letter.rows:
        _table(document, letter)
    for line in letter.closing:
        _paragraph(document, line, align=WD_ALIGN_PARAGRAPH.RIGHT)
    if letter.picture:
        _picture(document, letter)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _picture(document: DocumentType, letter: Letter) -> None:
    """附件1 位置图: as wide as the text block, with its caption."""
    document.add_page_break()
    _paragraph(document, PICTURE_HEADING, font=HEAD_FONT)
    document.add_picture(io.BytesIO(letter.picture), width=Mm(PICTURE_MM))
    _paragraph(document, letter.picture_caption, align=WD_ALIGN_PARAGRAPH.CENTER)


def _page(document: DocumentType) -> None:
    """A4, top 37 and left 28 mm, text block 156 by 225 mm."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.left_margin = Mm(37), Mm(28)
    section.right_margin, section.bottom_margin = Mm(26), Mm(35)


def _paragraph(
    document: DocumentType, text: str, *, font: str = BODY_FONT, size_pt: float = BODY_PT, is_bold: bool = False,
    is_indented: bool = False, align: WD_ALIGN_PARAGRAPH | None = None,
) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = Pt(LINE_PT)
    if is_indented:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size_pt)
    _run(paragraph, text, font=font, size_pt=size_pt, is_bold=is_bold)


def _run(paragraph: Paragraph, text: str, *, font: str, size_pt: float, is_bold: bool = False) -> None:
    run = paragraph.add_run(text)
    run.font.size, run.font.bold, run.font.name = Pt(size_pt), is_bold, font
    run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)


def _table(document: DocumentType, letter: Letter) -> None:
    table = document.add_table(rows=1, cols=len(letter.columns))
    table.style = "Table Grid"
    for cell, text in zip(table.rows[0].cells, letter.columns, strict=True):
        _run(cell.paragraphs[0], text, font=HEAD_FONT, size_pt=TABLE_PT)
    for row in letter.rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            _run(cell.paragraphs[0], text, font=BODY_FONT, size_pt=TABLE_PT)
