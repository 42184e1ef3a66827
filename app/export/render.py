"""From what is asked for to the bytes of a sheet."""

from __future__ import annotations

from app.export.canvas import Canvas
from app.export.layout import sheet_layout
from app.export.sheet import DrawnSheet, check_spec, draw_sheet
from app.export.spec import SheetData, SheetSpec
from app.export.surround import draw_around_map


def render_sheet(spec: SheetSpec, data: SheetData) -> bytes:
    """A map sheet as PDF, PNG or SVG.

    Raises
    ------
    InputError
        Unknown paper, orientation, format or language; a scale or resolution out of range; a sheet marked public
        that shows what the public template leaves out, or has no approval number; several policies and none chosen.
    UnknownLayerError
        A layer that the catalog does not have.
    CrsMismatchError
        A frame that is not in metres.
    """
    check_spec(spec, data.catalog)
    canvas = Canvas(
        sheet_layout(spec.paper, spec.orientation)["page"],
        file_format=spec.format, dpi=spec.dpi, title=spec.title, author=spec.organisation, made_on=spec.date,
    )  # fmt: skip
    draw_page(canvas, spec, data)
    return canvas.finish()


def draw_page(canvas: Canvas, spec: SheetSpec, data: SheetData) -> DrawnSheet:
    """Draw a sheet with everything that stands around its map on a canvas of its page."""
    sheet = draw_sheet(canvas, spec, data)
    draw_around_map(canvas, spec, data, sheet)
    return sheet
