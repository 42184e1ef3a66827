"""The shaded ground of a sheet."""

from __future__ import annotations

from app.export.canvas import MM_PER_INCH, Canvas
from app.export.layout import Projection
from app.export.spec import SheetData, SheetSpec
from basemaps.relief import RELIEF_OPACITY
from basemaps.relief_sheets import SheetGrid, sheet_relief
from layers.errors import SourceFileError

LARGEST_DPI = 300
"""Resolution of the shading: that of the sheet, at most this; a vector file takes this."""


def draw_relief(canvas: Canvas, spec: SheetSpec, data: SheetData, projection: Projection) -> bool:
    """Shade the ground as the screen does; whether there was something to shade. A DEM whose file is gone is plain land."""
    if not spec.has_relief or data.dem is None or data.crs is None:
        return False
    dpi = min(canvas.dpi, LARGEST_DPI) if canvas.file_format == "png" else LARGEST_DPI
    cell_mm = MM_PER_INCH / dpi
    frame = projection.frame
    grid = SheetGrid(
        projection.centre_m, cell_mm / projection.mm_per_ground_m, round(frame.h / cell_mm), round(frame.w / cell_mm), projection.turn_deg
    )
    try:
        shaded = sheet_relief(data.dem, data.crs, grid)
    except SourceFileError:
        return False
    if shaded is not None:
        canvas.picture(shaded, frame, RELIEF_OPACITY)
    return shaded is not None
