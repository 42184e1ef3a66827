"""Where everything stands on a sheet, in millimetres from its top-left corner, and which scale fits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.catalog import read_toml
from layers.errors import InputError

LAYOUTS_FILE = Path(__file__).with_name("layouts.toml")
SCALE_DENOMINATORS = (
    1000,
    2000,
    5000,
    10_000,
    25_000,
    50_000,
    100_000,
    200_000,
    250_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
)
MM_PER_M = 1000.0
MM_PER_PX = 0.26
"""A line of one css pixel on the screen is this wide on paper."""
GROUND_M_PER_PX_ZOOM_0 = 78271.517
"""Ground metres of a css pixel at zoom 0 on the equator, for the 512-pixel tiles of MapLibre."""


@dataclass(frozen=True)
class Box:
    """A rectangle on the page in millimetres, y downwards."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.w / 2, self.y + self.h / 2

    def inset(self, mm: float) -> Box:
        """The box made smaller by `mm` on every side; a negative value makes it larger."""
        return Box(self.x + mm, self.y + mm, self.w - 2 * mm, self.h - 2 * mm)

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge.

        >>> Box(0, 0, 2, 2).overlaps(Box(2, 0, 2, 2)), Box(0, 0, 2, 2).overlaps(Box(1.9, 0, 2, 2))
        (False, True)
        """
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether `other` lies wholly within this box."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class Layout:
    """The boxes of one paper size and orientation, and its least size of map text in points."""

    boxes: Mapping[str, Box]
    map_text_pt: float

    def __getitem__(self, name: str) -> Box:
        return self.boxes[name]


@lru_cache(maxsize=1)
def _layouts() -> dict[str, Layout]:
    tables = read_toml(LAYOUTS_FILE)
    return {
        name: Layout(
            {key: Box(*map(float, value)) for key, value in table.items() if key != "map_text_pt"},
            float(table["map_text_pt"]),
        )
        for name, table in tables.items()
    }


def sheet_layout(paper: str, orientation: str) -> Layout:
    """The layout of a paper (``A4``, ``A3``) held ``landscape`` or ``portrait``; `InputError` for others."""
    layouts = _layouts()
    papers = sorted({name.split("-")[0] for name in layouts})
    if paper not in papers:
        raise InputError("paper", f"{paper!r} is none of {', '.join(papers)}")
    if f"{paper}-{orientation}" not in layouts:
        raise InputError("orientation", f"{orientation!r} is neither landscape nor portrait")
    return layouts[f"{paper}-{orientation}"]


def map_frame_mm(paper: str, orientation: str) -> tuple[float, float]:
    """Width and height of the map on the sheet, in millimetres.

    >>> map_frame_mm("A4", "landscape")
    (213.0, 157.0)
    """
    box = sheet_layout(paper, orientation)["map"]
    return box.w, box.h


def scale_for_extent(extent_m: tuple[float, float], paper: str, orientation: str) -> int:
    """The largest scale of the usual series at which an extent fits into the map frame.

    Parameters
    ----------
    extent_m : width and height on the ground in metres, of the metric CRS; any margin included.
    paper, orientation : as in `sheet_layout`

    Returns
    -------
    Denominator of the scale; the last of the series for what is larger still.

    Raises
    ------
    InputError
        Unknown paper or orientation; an extent that is negative or not a number.

    Examples
    --------
    >>> scale_for_extent((40_000, 30_000), "A4", "landscape")
    200000
    """
    width_mm, height_mm = map_frame_mm(paper, orientation)
    width_m, height_m = extent_m
    if not (math.isfinite(width_m) and math.isfinite(height_m)) or width_m < 0 or height_m < 0:
        raise InputError("extent", f"width and height must be metres of 0 or more, got {extent_m}")
    needed = max(width_m * MM_PER_M / width_mm, height_m * MM_PER_M / height_mm)
    fitting = [denominator for denominator in SCALE_DENOMINATORS if denominator >= needed]
    return fitting[0] if fitting else SCALE_DENOMINATORS[-1]


def zoom_of_scale(denominator: float, latitude_deg: float) -> float:
    """The web map's zoom at which a css pixel covers the same ground as 0.26 mm of the sheet.

    >>> round(zoom_of_scale(50_000, 30.0), 2)
    12.35
    """
    ground_m_per_px = denominator * MM_PER_PX / MM_PER_M
    return math.log2(GROUND_M_PER_PX_ZOOM_0 * math.cos(math.radians(latitude_deg)) / ground_m_per_px)


@dataclass(frozen=True)
class Projection:
    """Metric CRS to sheet: exact scale, the centre of the map frame at `centre_m`, north turned clockwise by `turn_deg`."""

    frame: Box
    centre_m: tuple[float, float]
    denominator: float
    turn_deg: float = 0.0

    @property
    def mm_per_ground_m(self) -> float:
        return MM_PER_M / self.denominator

    @property
    def outline_m(self) -> shapely.Polygon:
        """What the map frame covers, in the metric CRS."""
        half_w = self.frame.w / self.mm_per_ground_m / 2
        half_h = self.frame.h / self.mm_per_ground_m / 2
        corners = np.array([(-half_w, -half_h), (half_w, -half_h), (half_w, half_h), (-half_w, half_h)])
        return shapely.Polygon(corners @ self._turn + self.centre_m)

    @property
    def extent_m(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what the map frame covers, in the metric CRS."""
        return self.outline_m.bounds

    @property
    def _turn(self) -> NDArray[np.float64]:
        """Turns rows of offsets on the sheet (y upwards) to offsets on the ground: counter-clockwise by `turn_deg`."""
        angle = np.radians(self.turn_deg)
        return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])

    def to_sheet(self, geometries: NDArray[np.object_]) -> NDArray[np.object_]:
        """Geometries in metres of the metric CRS moved to millimetres of the page."""
        scale = self.mm_per_ground_m
        middle = np.array(self.frame.centre)
        ground = np.array(self.centre_m)
        matrix = self._turn.T * np.array([scale, -scale])
        return shapely.transform(shapely.force_2d(geometries), lambda xy: (xy - ground) @ matrix + middle)
