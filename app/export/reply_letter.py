"""A letter as a Word document in the form of an official letter (GB/T 9704 margins and type sizes); English ones in smaller type."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from app.texts import Text

BODY_FONT = "仿宋"
HEAD_FONT = "黑体"
TITLE_FONT = "宋体"
ENGLISH_FONT = "Times New Roman"
"""Of the Latin letters of an English letter; Chinese names within it keep the Chinese faces."""
PICTURE_MM = 156
"""Width of the text block."""
PICTURE_HEADING = Text("附件1 位置图")
LIST_HEADING = Text("附件 全部对象清单")
DETAILS_HEADING = Text("附件2 检查项目明细")


@dataclass(frozen=True)
class TypeSizes:
    """Points of the text, the title, the distance of lines and the table; the first line of a paragraph goes in by so many characters."""

    body_pt: float
    title_pt: float
    line_pt: float
    table_pt: float
    n_indented: float


SIZES = {"zh": TypeSizes(16, 22, 28.95, 10.5, 2), "en": TypeSizes(11.5, 16, 17, 9, 0)}
"""Chinese: 三号 and 二号, 22 lines in a text block 225 mm high."""


@dataclass(frozen=True)
class Letter:
    """Plain values of a letter; `sections` are headings with paragraphs, `rows` a table below its `columns`.

    `list_rows`, where the table names only some, are all rows, on a page of their own. `picture` is a PNG that goes on a page of its own as the enclosed map, `picture_caption` the words under it; `details` are lines
    in small type on the page after it. `lang` is ``zh`` or ``en``.
    """

    title: str
    number: str
    to: str
    verdict: str
    sections: tuple[tuple[str, tuple[str, ...]], ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    closing: tuple[str, ...] = field(default=())
    list_rows: tuple[tuple[str, ...], ...] = ()
    picture: bytes = b""
    picture_caption: str = ""
    details: tuple[str, ...] = ()
    lang: str = "zh"


def letter_bytes(letter: Letter) -> bytes:
    """The letter as a .docx file."""
    document = Document()
    _page(document)
    pen = _Pen(document, letter.lang)
    pen.paragraph(letter.title, font=TITLE_FONT, size_pt=pen.sizes.title_pt, is_bold=True, align=WD_ALIGN_PARAGRAPH.CENTER)
    pen.paragraph(letter.number, align=WD_ALIGN_PARAGRAPH.CENTER)
    pen.paragraph(letter.to)
    pen.paragraph(letter.verdict, is_bold=True, is_indented=True)
    for heading, texts in letter.sections:
        pen.paragraph(heading, font=HEAD_FONT, is_bold=letter.lang == "en", is_indented=True)
        for text in texts:
            pen.paragraph(text, is_indented=True)
    if letter.rows:
        pen.table(letter.columns, letter.rows)
    for line in letter.closing:
        pen.paragraph(line, align=WD_ALIGN_PARAGRAPH.RIGHT)
    if letter.list_rows:
        document.add_page_break()
        pen.paragraph(LIST_HEADING[letter.lang], font=HEAD_FONT)
        pen.table(letter.columns, letter.list_rows)
    if letter.picture:
        pen.picture(letter)
    if letter.details:
        pen.details(letter.details)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _page(document: DocumentType) -> None:
    """A4, top 37 and left 28 mm, text block 156 by 225 mm."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.left_margin = Mm(37), Mm(28)
    section.right_margin, section.bottom_margin = Mm(26), Mm(35)


class _Pen:
    """Writes into a document in the faces and sizes of a language."""

    def __init__(self, document: DocumentType, lang: str) -> None:
        self.document, self.lang, self.sizes = document, lang, SIZES[lang]

    def paragraph(
        self, text: str, *, font: str = BODY_FONT, size_pt: float = 0, is_bold: bool = False,
        is_indented: bool = False, align: WD_ALIGN_PARAGRAPH | None = None,
    ) -> None:  # fmt: skip
        """A paragraph in the type of the text unless told otherwise."""
        size_pt = size_pt or self.sizes.body_pt
        paragraph = self.document.add_paragraph()
        paragraph.alignment = align
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(max(self.sizes.line_pt, size_pt))
        if is_indented and self.sizes.n_indented:
            paragraph.paragraph_format.first_line_indent = Pt(self.sizes.n_indented * size_pt)
        self.run(paragraph, text, font=font, size_pt=size_pt, is_bold=is_bold)

    def run(self, paragraph: Paragraph, text: str, *, font: str, size_pt: float, is_bold: bool = False) -> None:
        """Words at the end of a paragraph."""
        run = paragraph.add_run(text)
        run.font.size, run.font.bold = Pt(size_pt), is_bold
        run.font.name = ENGLISH_FONT if self.lang == "en" else font
        run._element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)

    def table(self, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
        """A ruled table."""
        table = self.document.add_table(rows=1, cols=len(columns))
        table.style = "Table Grid"
        size_pt = self.sizes.table_pt
        for cell, text in zip(table.rows[0].cells, columns, strict=True):
            self.run(cell.paragraphs[0], text, font=HEAD_FONT, size_pt=size_pt)
        for row in rows:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                self.run(cell.paragraphs[0], text, font=BODY_FONT, size_pt=size_pt)

    def details(self, lines: tuple[str, ...]) -> None:
        """附件2 检查项目明细: a line a check, in the type of the table."""
        self.document.add_page_break()
        self.paragraph(DETAILS_HEADING[self.lang], font=HEAD_FONT)
        for line in lines:
            paragraph = self.document.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(2)
            self.run(paragraph, line, font=BODY_FONT, size_pt=self.sizes.table_pt)

    def picture(self, letter: Letter) -> None:
        """附件1 位置图: as wide as the text block, with its caption."""
        self.document.add_page_break()
        self.paragraph(PICTURE_HEADING[self.lang], font=HEAD_FONT)
        self.document.add_picture(io.BytesIO(letter.picture), width=Mm(PICTURE_MM))
        self.paragraph(letter.picture_caption, align=WD_ALIGN_PARAGRAPH.CENTER)
