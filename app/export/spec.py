"""What is to be printed, and from what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyproj
from shapely.geometry.base import BaseGeometry

from app.export.tones import sheet_colours
from layers.catalog import Catalog, load_catalog

MARKS = ("legend", "north", "scale", "locator", "table", "crs", "qr", "graticule")
"""Pieces of furniture that may be left off."""
PUBLIC_WORDS = ("公开", "public")
DEFAULT_MARKS = frozenset(MARKS) - {"graticule"}


@dataclass(frozen=True)
class SheetSpec:
    """What is to be printed.

    `centre` is x, y in metres of the metric CRS; `layers` are ids in any order, drawn as the map draws them.
    `policy` is the id of the policy whose zones are shown, needed where the zones hold several.
    `true_north_deg` is clockwise from the sheet's upright; None takes it from the CRS of the layers.
    `area_name` (云沧县) is left out of names on the map that begin with it.
    `watermark` (unit, user, time) lies faintly across the map. `turn_deg` turns the map clockwise on the sheet;
    `marks` are the pieces of furniture drawn; `background` is an id of ``basemaps/backgrounds.toml``; `is_grey` prints in
    the tones of black and white; `approval_number` is the 审图号. `is_single_page` counts what the legend has no room for
    instead of adding a page. `page_line` (第 n 页 共 N 页) goes before the subtitle.
    `filters` are those of the screen, as an address has them (``flt``). `has_relief` shades the ground by the DEM.
    """

    title: str
    paper: str
    orientation: str
    format: str
    scale_denominator: int
    centre: tuple[float, float]
    layers: tuple[str, ...]
    subtitle: str = ""
    lang: str = "zh"
    dpi: int = 300
    organisation: str = ""
    date: date | None = None
    edition_label: str = ""
    data_as_of: date | None = None
    method: str = ""
    secrecy: str = "内部使用"
    notes: tuple[str, ...] = ()
    crs_line: str = ""
    true_north_deg: float | None = None
    address: str = ""
    policy: str = ""
    policy_title: str = ""
    is_synthetic: bool = False
    area_name: str = ""
    watermark: str = ""
    turn_deg: float = 0.0
    marks: frozenset[str] = DEFAULT_MARKS
    background: str = "light"
    is_grey: bool = False
    has_hatch: bool = True
    approval_number: str = ""
    is_single_page: bool = False
    page_line: str = ""
    filters: str = ""
    has_relief: bool = False

    @property
    def is_public(self) -> bool:
        """Whether the sheet leaves the house: by the words of its handling mark."""
        return self.secrecy.strip().lower() in PUBLIC_WORDS

    @property
    def colours(self) -> Mapping[str, str]:
        """Colours of the sheet that differ from the palette's, by name."""
        return sheet_colours("grey" if self.is_grey else self.background, is_grey=self.is_grey)


@dataclass(frozen=True)
class SiteMarks:
    """A proposed site as it lies on a map: its grounds, and lines with the words that stand at their middle; metric CRS."""

    grounds: tuple[BaseGeometry, ...] = ()
    lines: tuple[tuple[BaseGeometry, str], ...] = ()


@dataclass(frozen=True)
class SheetData:
    """What it is printed from: frames by layer id in the metric CRS, the area's outline and its towns.

    `main_part` is the ground that the map opens with, without islands far off. `focus` is the town of an atlas page: what lies outside it is veiled. `numbers` are written on an index map, at
    places in the metric CRS. `site` is drawn above everything. `dem` is a raster of heights in metres, of any CRS. The
    catalog and thus the styles are the atlas's own unless given.
    """

    layers: Mapping[str, pd.DataFrame]
    boundary: BaseGeometry | None = None
    main_part: BaseGeometry | None = None
    towns: gpd.GeoDataFrame | None = None
    focus: BaseGeometry | None = None
    numbers: Sequence[tuple[float, float, str]] = ()
    site: SiteMarks | None = None
    dem: Path | None = None
    catalog: Catalog = field(default_factory=load_catalog)

    @property
    def crs(self) -> pyproj.CRS | None:
        """The metric CRS that the frames are in; None where no frame has a geometry."""
        frames = [*self.layers.values(), self.towns]
        return next((frame.crs for frame in frames if isinstance(frame, gpd.GeoDataFrame) and frame.crs is not None), None)
