"""The map of a siting case: its ground and the shortest lines of its reasons, as a sheet or as a figure of its letter."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from app.editions import EditionFacts
from app.export.spec import SiteMarks
from app.frames import FrameMemory
from app.sheets import Sheet, make_sheet
from app.site_requests import SiteRequest
from layers.catalog import Catalog

MOST_LINES = 12
"""Shortest lines drawn: those of the gravest reasons, as many as the page of the case shows."""
LEAST_SIDE_M = 150.0
SHARE_AROUND = 0.6
"""Of the site's width and height, shown on every side of it."""
FIGURE_DPI = 200


def site_marks(facts: EditionFacts, asked: SiteRequest, answer: dict[str, Any]) -> SiteMarks:
    """Ground and shortest lines of a case, in the metric CRS; each line with its length and the number of its reason."""
    told = [(number, reason) for number, reason in enumerate(answer["reasons"], start=1) if reason["line"]]
    lines = [(facts.in_metres(shape(reason["line"])), f"{number}: {_metres(reason['actual_m'])}") for number, reason in told[:MOST_LINES]]
    return SiteMarks(grounds=tuple(part.geometry for part in asked.parts), lines=tuple(lines))


def _metres(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} m" if value < 10 else f"{value:.0f} m"


def site_map(
    connection: sa.Connection,
    facts: EditionFacts,
    catalog: Catalog,
    frames: FrameMemory,
    *,
    title: str,
    marks: SiteMarks,
    is_figure: bool,
    lang: str,
    rules_version: str,
    address: str,
) -> Sheet:
    """A4 landscape as PDF, or a figure as PNG, of the layers that the map shows at first.

    Parameters
    ----------
    marks : SiteMarks
        Ground and lines in the metric CRS.
    address : str
        Address that the QR code of the sheet leads to.
    """
    request: dict[str, Any] = {
        "title": title,
        "layers": [layer.id for layer in catalog if layer.is_drawn and layer.visible],
        "extent": _extent(facts, marks.grounds),
        "lang": lang,
    }
    request |= {"kind": "figure", "format": "png", "dpi": FIGURE_DPI} if is_figure else {"format": "pdf"}
    return make_sheet(connection, facts, catalog, frames, request, rules_version=rules_version, address=address, site=marks)


def _extent(facts: EditionFacts, grounds: tuple[BaseGeometry, ...]) -> list[float]:
    """West, south, east, north in degrees: the site and what lies beside it."""
    bounds = [ground.bounds for ground in grounds]
    west, south = (min(box[i] for box in bounds) for i in (0, 1))
    east, north = (max(box[i] for box in bounds) for i in (2, 3))
    around = max(LEAST_SIDE_M, SHARE_AROUND * max(east - west, north - south))
    corners = shape({"type": "LineString", "coordinates": [[west - around, south - around], [east + around, north + around]]})
    return list(facts.in_degrees(corners).bounds)
