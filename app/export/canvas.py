"""A page drawn in millimetres by cairo: one set of strokes for PDF, PNG and SVG; cairo embeds the fonts."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import cairocffi as cairo
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from app.export.layout import Box
from layers.errors import InputError

FORMATS = ("pdf", "png", "svg")
FONT_FAMILY = "Noto Sans CJK SC"
MM_PER_INCH = 25.4
PT_PER_INCH = 72.0
MM_PER_PT = MM_PER_INCH / PT_PER_INCH
LINE_HEIGHT = 1.25
"""Distance of two baselines in sizes of the font."""
ASCENT, DESCENT = 0.88, 0.12
"""Height above and below the baseline that a line of Chinese text fills, in sizes of the font."""
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789−", strict=True))
"""Superscripts the font lacks are set as small raised figures."""
DOT_STROKE_MM = 0.02
RAISED_SIZE, RAISED_BY = 0.62, 0.36

Colour = tuple[float, float, float]


def rgb(colour: str) -> Colour:
    """``#RRGGBB`` as three numbers from 0 to 1.

    >>> rgb("#FF0080")[0]
    1.0
    """
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


@dataclass(frozen=True)
class TextStyle:
    """Size in points, weight and colour of a text; `casing_mm` is the half width of its white rim."""

    size_pt: float
    colour: str
    is_bold: bool = False
    casing_mm: float = 0.0
    casing_colour: str = "#FFFFFF"
    opacity: float = 1.0

    @property
    def size_mm(self) -> float:
        return self.size_pt * MM_PER_PT


@dataclass(frozen=True)
class LineStyle:
    """A stroke: width and dash lengths in millimetres of the page."""

    colour: str
    width_mm: float
    dash_mm: tuple[float, ...] = ()
    opacity: float = 1.0
    is_round: bool = True


def _runs(text: str) -> Iterable[tuple[str, bool]]:
    """Pieces of a text that are raised or not, in order."""
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or (text[i] in RAISED) != (text[start] in RAISED):
            piece = text[start:i]
            yield "".join(RAISED.get(character, character) for character in piece), piece[0] in RAISED
            start = i


class Canvas:
    """One document under drawing; coordinates are millimetres from the page's top-left corner, y downwards.

    Parameters
    ----------
    page : Box of the whole page
    file_format : ``pdf``, ``png`` or ``svg``; `InputError` for others
    dpi : pixels per inch of a PNG, `MM_PER_INCH` for one a millimetre; PDF and SVG are vectors
    title, author, made_on : written into a PDF, so that the same input gives the same bytes
    """

    def __init__(
        self,
        page: Box,
        *,
        file_format: str,
        dpi: float = 300,
        title: str = "",
        author: str = "",
        made_on: date | None = None,
    ) -> None:
        if file_format not in FORMATS:
            raise InputError("format", f"{file_format!r} is none of {', '.join(FORMATS)}")
        if not MM_PER_INCH <= dpi <= 1200:
            raise InputError("dpi", f"{dpi} is not between {MM_PER_INCH} and 1200")
        self.page, self.file_format, self.dpi = page, file_format, dpi
        self._buffer = io.BytesIO()
        self._surface, units_per_mm = self._open(page)
        if file_format == "pdf":
            self._describe(title, author, made_on)
        self.context = cairo.Context(self._surface)
        self.context.scale(units_per_mm, units_per_mm)
        self._set_up_text()

    def _open(self, page: Box) -> tuple[cairo.Surface, float]:
        if self.file_format == "png":
            width_px, height_px = (round(mm / MM_PER_INCH * self.dpi) for mm in (page.w, page.h))
            return cairo.ImageSurface(cairo.FORMAT_RGB24, width_px, height_px), self.dpi / MM_PER_INCH
        kind = cairo.PDFSurface if self.file_format == "pdf" else cairo.SVGSurface
        return kind(self._buffer, page.w / MM_PER_PT, page.h / MM_PER_PT), 1 / MM_PER_PT

    def _describe(self, title: str, author: str, made_on: date | None) -> None:
        self._surface.set_metadata(cairo.PDF_METADATA_TITLE, title)
        self._surface.set_metadata(cairo.PDF_METADATA_AUTHOR, author)
        if made_on is not None:
            self._surface.set_metadata(cairo.PDF_METADATA_CREATE_DATE, f"{made_on.isoformat()}T00:00:00")

    def _set_up_text(self) -> None:
        options = cairo.FontOptions()
        options.set_hint_metrics(cairo.HINT_METRICS_OFF)
        options.set_hint_style(cairo.HINT_STYLE_NONE)
        options.set_antialias(cairo.ANTIALIAS_GRAY)
        self.context.set_font_options(options)
        self._faces = {
            is_bold: cairo.ToyFontFace(
                FONT_FAMILY, weight=cairo.FONT_WEIGHT_BOLD if is_bold else cairo.FONT_WEIGHT_NORMAL
            )
            for is_bold in (False, True)
        }
        if self.file_format == "png":
            self.fill_box(self.page, "#FFFFFF")

    # --- shapes ---------------------------------------------------------------------------------------

    def _trace(self, xy: NDArray[np.float64], *, closed: bool) -> None:
        points = xy.tolist()
        self.context.move_to(*points[0])
        for x, y in points[1:]:
            self.context.line_to(x, y)
        if closed:
            self.context.close_path()

    def trace(self, geometry: BaseGeometry) -> None:
        """Add the rings and lines of a geometry (page millimetres) to the path; points are left out."""
        for part in shapely.get_parts(geometry):
            if part.is_empty:
                continue
            if part.geom_type == "Polygon":
                for ring in (part.exterior, *part.interiors):
                    self._trace(shapely.get_coordinates(ring)[:-1], closed=True)
            elif part.geom_type == "LineString":
                self._trace(shapely.get_coordinates(part), closed=False)
            elif part.geom_type.startswith(("Multi", "GeometryCollection")):
                self.trace(part)

    def trace_box(self, box: Box) -> None:
        self.context.rectangle(box.x, box.y, box.w, box.h)

    def trace_circle(self, centre: tuple[float, float], radius_mm: float) -> None:
        self.context.new_sub_path()
        self.context.arc(*centre, radius_mm, 0, 2 * np.pi)

    def trace_ring(self, points: Sequence[tuple[float, float]]) -> None:
        self._trace(np.asarray(points, float), closed=True)

    def fill(self, colour: str, opacity: float = 1.0, *, keep: bool = False) -> None:
        """Fill the path; `keep` leaves it for a stroke."""
        self.context.set_source_rgba(*rgb(colour), opacity)
        self.context.set_fill_rule(cairo.FILL_RULE_EVEN_ODD)
        self.context.fill_preserve() if keep else self.context.fill()

    def stroke(self, line: LineStyle, *, keep: bool = False) -> None:
        """Stroke the path."""
        self.context.set_source_rgba(*rgb(line.colour), line.opacity)
        self.context.set_line_width(line.width_mm)
        self.context.set_dash(list(line.dash_mm))
        is_round = line.is_round and not line.dash_mm
        self.context.set_line_cap(cairo.LINE_CAP_ROUND if is_round else cairo.LINE_CAP_BUTT)
        self.context.set_line_join(cairo.LINE_JOIN_ROUND)
        self.context.stroke_preserve() if keep else self.context.stroke()
        self.context.set_dash([])

    def fill_repeated(self, shape: BaseGeometry, picture: cairo.ImageSurface, origin: tuple[float, float], pixel_mm: float, opacity: float) -> None:
        """Fill a shape with a picture that repeats from `origin` on, each of its pixels `pixel_mm` wide."""
        pattern = cairo.SurfacePattern(picture)
        pattern.set_extend(cairo.EXTEND_REPEAT)
        pattern.set_matrix(cairo.Matrix(xx=1 / pixel_mm, yy=1 / pixel_mm, x0=-origin[0] / pixel_mm, y0=-origin[1] / pixel_mm))
        with _Saved(self):
            self.trace(shape)
            self.context.set_fill_rule(cairo.FILL_RULE_EVEN_ODD)
            self.context.clip()
            self.context.set_source(pattern)
            self.context.paint_with_alpha(opacity)

    def fill_box(self, box: Box, colour: str, opacity: float = 1.0) -> None:
        self.trace_box(box)
        self.fill(colour, opacity)

    def stroke_box(self, box: Box, line: LineStyle) -> None:
        self.trace_box(box)
        self.context.set_line_join(cairo.LINE_JOIN_MITER)
        self.stroke(line)

    def dots(self, points_mm: NDArray[np.float64], diameter_mm: float, colour: str) -> None:
        """Discs at places (n, 2): short strokes with round ends, as some readers leave out points."""
        for x, y in points_mm.tolist():
            self.context.move_to(x - DOT_STROKE_MM / 2, y)
            self.context.line_to(x + DOT_STROKE_MM / 2, y)
        self.context.set_source_rgb(*rgb(colour))
        self.context.set_line_width(diameter_mm)
        self.context.set_line_cap(cairo.LINE_CAP_ROUND)
        self.context.stroke()

    def picture(self, grey_alpha: NDArray[np.uint8], box: Box, opacity: float = 1.0) -> None:
        """Lay a picture of grey and alpha, (2, rows, columns), over a box."""
        grey, alpha = grey_alpha
        rows, columns = grey.shape
        pixels = np.empty((rows, columns, 4), np.uint8)
        pixels[..., :3] = (grey.astype(np.uint16) * alpha // 255).astype(np.uint8)[..., None]
        pixels[..., 3] = alpha
        surface = cairo.ImageSurface.create_for_data(pixels, cairo.FORMAT_ARGB32, columns, rows)
        with _Saved(self):
            self.context.translate(box.x, box.y)
            self.context.scale(box.w / columns, box.h / rows)
            self.context.set_source_surface(surface)
            self.context.paint_with_alpha(opacity)

    def clipped(self, box: Box) -> _Clip:
        """``with canvas.clipped(box):`` draws inside the box only."""
        return _Clip(self, box)

    def shifted(self, x: float, y: float) -> _Shift:
        """``with canvas.shifted(x, y):`` counts from another place of the page."""
        return _Shift(self, x, y)

    # --- text -----------------------------------------------------------------------------------------

    def _set_font(self, style: TextStyle, factor: float = 1.0) -> None:
        self.context.set_font_face(self._faces[style.is_bold])
        self.context.set_font_size(style.size_mm * factor)

    def text_width_mm(self, text: str, style: TextStyle) -> float:
        """Advance of one line of text."""
        width_mm = 0.0
        for piece, is_raised in _runs(text):
            self._set_font(style, RAISED_SIZE if is_raised else 1.0)
            width_mm += self.context.text_extents(piece)[4]
        return width_mm

    def ink_extent_mm(self, text: str, style: TextStyle) -> tuple[float, float]:
        """Where the ink of a line of text begins below its baseline (above it is negative), and its height."""
        self._set_font(style)
        _, top, _, height, *_ = self.context.text_extents(text)
        return top, height

    def text(
        self,
        x: float,
        baseline: float,
        text: str,
        style: TextStyle,
        *,
        align: str = "left",
        angle_deg: float = 0.0,
    ) -> None:
        """One line of text; `align` puts its left, centre or right at `x`, `angle_deg` turns it clockwise."""
        shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * self.text_width_mm(text, style)
        with _Saved(self):
            self.context.translate(x, baseline)
            self.context.rotate(np.radians(angle_deg))
            if style.casing_mm > 0:
                self._rim(text, style, -shift)
            self.context.set_source_rgba(*rgb(style.colour), style.opacity)
            self._show(text, style, -shift, self.context.show_text)

    def _rim(self, text: str, style: TextStyle, x: float) -> None:
        self._show(text, style, x, self.context.text_path)
        self.context.set_source_rgb(*rgb(style.casing_colour))
        self.context.set_line_width(2 * style.casing_mm)
        self.context.set_line_join(cairo.LINE_JOIN_ROUND)
        self.context.stroke()

    def _show(self, text: str, style: TextStyle, x: float, draw) -> None:
        for piece, is_raised in _runs(text):
            self._set_font(style, RAISED_SIZE if is_raised else 1.0)
            self.context.move_to(x, -RAISED_BY * style.size_mm if is_raised else 0.0)
            draw(piece)
            x += self.context.text_extents(piece)[4]

    def wrapped(self, text: str, style: TextStyle, width_mm: float, *, breaks_words: bool = False) -> list[str]:
        """Lines of a text that fit a width: broken at spaces, or anywhere between Chinese characters.

        A word that is wider, such as an address, goes beyond the width unless `breaks_words`.
        """
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line = ""
            for word in _words(paragraph) if not breaks_words else self._pieces(paragraph, style, width_mm):
                if line and self.text_width_mm((line + word).rstrip(), style) > width_mm:
                    lines.append(line.rstrip())
                    line = word.lstrip()
                else:
                    line += word
            lines.append(line.rstrip())
        return lines

    def _pieces(self, paragraph: str, style: TextStyle, width_mm: float) -> list[str]:
        """Words of a paragraph; of one that is wider than a line each character by itself."""
        return [
            piece for word in _words(paragraph)
            for piece in ([word] if self.text_width_mm(word.strip(), style) <= width_mm else list(word))
        ]  # fmt: skip

    def shortened(self, text: str, style: TextStyle, width_mm: float) -> str:
        """The text, or its beginning with an ellipsis where it is wider than `width_mm`."""
        if self.text_width_mm(text, style) <= width_mm:
            return text
        kept = text
        while kept and self.text_width_mm(kept + "…", style) > width_mm:
            kept = kept[:-1]
        return kept.rstrip() + "…"

    # --- the document ---------------------------------------------------------------------------------

    def new_page(self) -> None:
        """Start a further page (PDF only; the other formats hold one)."""
        self.context.show_page()

    def finish(self) -> bytes:
        """The document's bytes; the canvas cannot be used after."""
        if self.file_format == "png":
            self._surface.write_to_png(self._buffer)
            return _with_resolution(self._buffer.getvalue(), self.dpi)
        self._surface.finish()
        return self._buffer.getvalue()


class _Saved:
    """Keeps cairo's state around a block."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def __enter__(self) -> None:
        self.canvas.context.save()

    def __exit__(self, *_: object) -> None:
        self.canvas.context.restore()


class _Clip(_Saved):
    def __init__(self, canvas: Canvas, box: Box) -> None:
        super().__init__(canvas)
        self.box = box

    def __enter__(self) -> None:
        super().__enter__()
        self.canvas.trace_box(self.box)
        self.canvas.context.clip()


class _Shift(_Saved):
    def __init__(self, canvas: Canvas, x: float, y: float) -> None:
        super().__init__(canvas)
        self.x, self.y = x, y

    def __enter__(self) -> None:
        super().__enter__()
        self.canvas.context.translate(self.x, self.y)


NEVER_FIRST = "，。、；：！？）》」』】,.;:!?)%℃"


def _words(paragraph: str) -> list[str]:
    """Pieces a line may be broken between; closing marks stay with what they close.

    >>> _words("资料, 2 km wide")
    ['资', '料,', ' 2', ' km', ' wide']
    """
    words: list[str] = []
    for character in paragraph:
        if (
            words
            and character != " "
            and (character in NEVER_FIRST or (ord(character) < 0x2E80 and ord(words[-1][-1]) < 0x2E80))
        ):
            words[-1] += character
        else:
            words.append(character)
    return words


def _with_resolution(png: bytes, dpi: float) -> bytes:
    """The PNG with a pHYs chunk, so that programs place it at its true size."""
    per_metre = round(dpi / MM_PER_INCH * 1000)
    body = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    chunk = struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body))
    after_header = 8 + 25
    return png[:after_header] + chunk + png[after_header:]
