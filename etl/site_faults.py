"""Why a row of a file of sites has no usable place, in both languages; the row is refused alone, with its field named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SiteFault:
    """What is wrong with a row: the column at fault, or ``geometry``, and the words of it."""

    field: str
    zh: str
    en: str


PLACE = "geometry"
EMPTY = SiteFault(PLACE, "没有图形", "has no geometry")
NO_DEGREES = SiteFault(PLACE, "坐标不是经纬度", "has coordinates that are no degrees")
OUTSIDE_CRS = SiteFault(PLACE, "坐标超出坐标系范围", "has coordinates outside the CRS")
HEIGHTS = SiteFault(PLACE, "坐标带有高程:请给出平面坐标", "the coordinates have heights: send them without")
TOO_FEW_CORNERS = SiteFault(PLACE, "少于三个拐点", "has fewer than three corners")


def no_number(column: str) -> SiteFault:
    """A cell of a column of coordinates that holds no number."""
    return SiteFault(column, "坐标缺失或不是数字", "is missing or no number")


def no_words(column: str) -> SiteFault:
    """A cell of a column of well-known text that holds none."""
    return SiteFault(column, "缺失或不是有效的 WKT", "is missing or no well-known text")


def no_site(kind: str) -> SiteFault:
    """A geometry of a kind that a site cannot have."""
    return SiteFault(PLACE, f"{kind} 不能作为场址;应为点或面", f"is a {kind}; expected a point or polygon")
