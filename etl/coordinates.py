"""Coordinates as people write them, turned into numbers; whatever is not certain stays unread and is refused.

Degrees: ``105.05``, ``105.05°E``, ``东经105.05度``, ``105°03′20.5″``, ``105-03-20.5``, ``105d3m20s``, ``105 03 20.5``.
Metres: ``35410449.4``, ``410449.4 m``, ``410449.4米``; kilometres where the text or the heading says so: ``410.4494 km``.
Full-width digits are digits.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from etl.notations import head_unit
from layers.crs import SHIFTED_DATUMS

NUMBER = r"\d{1,9}(?:\.\d{0,15})?"
DECIMAL_DEGREES = re.compile(rf"([+-]?{NUMBER})(?:°|度|d|deg)?")
DEGREES_MINUTES_SECONDS = re.compile(
    r"([+-]?)(\d{1,3})(?:°|度|d|:|-|\s)\s*(\d{1,2}(?:\.\d{1,12})?)(?:(?:'|分|m|:|-|\s)\s*(?:(\d{1,2}(?:\.\d{1,12})?)(?:\"|''|秒|s)?)?)?"
)
METRES = re.compile(rf"([+-]?{NUMBER})\s*(?:m|米|公尺|(km|公里|千米))?")
METRES_OF_KM = 1000.0
SIDES = {"e": (0, 1), "w": (0, -1), "n": (1, 1), "s": (1, -1), "东经": (0, 1), "西经": (0, -1), "北纬": (1, 1), "南纬": (1, -1),
         "东": (0, 1), "西": (0, -1), "北": (1, 1), "南": (1, -1)}
"""Mark of a hemisphere -> axis (0 longitude, 1 latitude) and sign."""
SIDE_AT_AN_END = re.compile(r"^(东经|西经|北纬|南纬|[ewns东西北南])[\s:]*(.*)$|^(.*?)\s*([ewns东西北南])$")
SAME_MARKS = str.maketrans({"′": "'", "’": "'", "‘": "'", "´": "'", "″": '"', "”": '"', "“": '"', "º": "°", "˚": "°", "，": ",",
                            "−": "-", "–": "-", "。": "."})
LONGEST_COORDINATE = 40


@dataclass(frozen=True)
class Coordinates:
    """One axis of a table: numbers, NaN where unread; where the text itself names the other axis, and where it says kilometres."""

    numbers: NDArray[np.float64]
    is_other_axis: NDArray[np.bool_]
    is_said_km: NDArray[np.bool_]


def _without_side(text: str) -> tuple[str, int | None, int]:
    """The text without its hemisphere, the axis the hemisphere names, and its sign."""
    found = SIDE_AT_AN_END.match(text)
    if not found:
        return text, None, 1
    mark, rest = (found[1], found[2]) if found[1] else (found[4], found[3])
    axis, sign = SIDES[mark]
    if mark == "s" and re.search(r"\d+m\s*\d", rest):
        return text, None, 1
    return rest, axis, sign


def degrees(text: str) -> tuple[float, int | None]:
    """A longitude or latitude in degrees, NaN where it cannot be read, and the axis its text names.

    >>> degrees("105°03′20.5″")[0] == 105 + 3 / 60 + 20.5 / 3600, degrees("北纬29.05度"), degrees("105-61-00")
    (True, (29.05, 1), (nan, None))
    """
    if len(text) > LONGEST_COORDINATE:
        return float("nan"), None
    plain, axis, sign = _without_side(unicodedata.normalize("NFKC", text.translate(SAME_MARKS)).translate(SAME_MARKS).strip().lower())
    decimal = DECIMAL_DEGREES.fullmatch(plain)
    if decimal:
        value = float(decimal[1])
        return (value * sign if sign == 1 or value >= 0 else float("nan")), axis
    parts = DEGREES_MINUTES_SECONDS.fullmatch(plain)
    if not parts or (parts[4] and "." in parts[3]):
        return float("nan"), axis
    minutes, seconds = float(parts[3]), float(parts[4] or 0)
    if minutes >= 60 or seconds >= 60 or (parts[1] and axis is not None):
        return float("nan"), axis
    value = int(parts[2]) + minutes / 60 + seconds / 3600
    return value * sign * (-1 if parts[1] == "-" else 1), axis


def metres(text: str) -> float:
    """A projected coordinate in metres, NaN where it cannot be read.

    >>> metres("３５４１０４４９．４"), metres("410449.4 米"), metres("178.12公里"), metres("41 里")
    (35410449.4, 410449.4, 178120.0, nan)
    """
    return _metres(text)[0]


def _metres(text: str) -> tuple[float, bool]:
    """What `metres` gives, and whether the text says kilometres."""
    found = METRES.fullmatch(unicodedata.normalize("NFKC", text.translate(SAME_MARKS)).strip().lower())
    if not found or len(text) > LONGEST_COORDINATE:
        return float("nan"), False
    return (round(float(found[1]) * METRES_OF_KM, 9), True) if found[2] else (float(found[1]), False)


def are_lengths(crs: str) -> bool:
    """Whether coordinates of a CRS or shifted datum are lengths, not degrees."""
    return crs not in SHIFTED_DATUMS and bool(pyproj.CRS.from_user_input(crs).is_projected)


def in_metres(crs: str) -> bool:
    """Whether coordinates of a CRS or shifted datum are metres: not degrees, nor the kilometres or feet of a CRS that counts in these.

    >>> in_metres("EPSG:4549"), in_metres("EPSG:4490"), in_metres("+proj=utm +zone=50 +units=km")
    (True, False, False)
    """
    return are_lengths(crs) and all(axis.unit_conversion_factor == 1.0 for axis in pyproj.CRS.from_user_input(crs).axis_info)


def is_in_km(column: str) -> bool:
    """Whether the heading of a coordinate column says kilometres: its bare numbers are these.

    >>> is_in_km("横坐标(km)"), is_in_km("X坐标（公里）"), is_in_km("X(m)")
    (True, True, False)
    """
    return head_unit(column) == "km"


def parsed(texts: pd.Series, crs: str, *, axis: int) -> Coordinates:
    """Texts of one axis (0 east, 1 north) as numbers; None is NaN.

    Plain decimals are read at once, only the rest one by one; those of a metric CRS are kilometres where the heading
    (the name of `texts`) says so.
    """
    plain = pd.to_numeric(texts.where(texts.str.len() <= LONGEST_COORDINATE), errors="coerce")
    numbers = np.array(plain, dtype="float64")
    is_other, is_said_km = np.zeros(len(texts), dtype=bool), np.zeros(len(texts), dtype=bool)
    is_open = texts.notna().to_numpy() & ~np.isfinite(numbers)
    is_length = are_lengths(crs)
    if is_in_km(str(texts.name)) and in_metres(crs):
        numbers = np.round(numbers * METRES_OF_KM, 9)
    for position in np.flatnonzero(is_open):
        text = str(texts.iloc[position])
        if is_length:
            numbers[position], is_said_km[position] = _metres(text)
        else:
            numbers[position], named = degrees(text)
            is_other[position] = named is not None and named != axis
    return Coordinates(numbers, is_other, is_said_km)


@dataclass(frozen=True)
class Zone:
    """How eastings of a Gauss-Krueger CRS begin: with the number of the zone, or (None) without any."""

    number: int | None


@lru_cache(maxsize=64)
def zone_of(crs: str) -> Zone | None:
    """The zone of a transverse Mercator CRS with a false easting of 500 km; None for any other CRS.

    >>> zone_of("EPSG:4523"), zone_of("EPSG:4544"), zone_of("EPSG:4490")
    (Zone(number=35), Zone(number=None), None)
    """
    if crs in SHIFTED_DATUMS:
        return None
    system = pyproj.CRS.from_user_input(crs)
    operation = system.coordinate_operation
    if not system.is_projected or operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    false_easting = next((entry.value for entry in operation.params if entry.name == "False easting"), 0.0)
    number, rest = divmod(false_easting, 1_000_000)
    return Zone(int(number) or None) if rest == 500_000 else None


EIGHT_DIGITS = 10_000_000


def misfits(crs: str, x: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Eastings that cannot be of the stated zone, and those that look like northings (seven digits).

    An easting with a zone number has eight digits, one without has six; the number must be that of the CRS.
    """
    zone = zone_of(crs)
    nothing = np.zeros(len(x), dtype=bool)
    if zone is None:
        return nothing, nothing
    with np.errstate(invalid="ignore"):
        is_northing = (x >= 1_000_000) & (x < EIGHT_DIGITS)
        found = np.floor(x / 1_000_000)
        is_other = np.isfinite(x) & ~is_northing & (found != (zone.number or 0))
    return is_other, is_northing
