"""Coordinates typed into the search box: degrees, degrees with minutes and seconds, or metres of a Gauss-Krueger zone.

Numbers alone do not say their datum: the same pair lies half a kilometre apart in CGCS2000, GCJ-02 and BD-09. So every
datum that is possible is offered, and a person chooses; only a datum written beside the numbers is taken as said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely

from app.editions import EditionFacts
from app.texts import Bilingual, DataText, Text
from layers.crs import datum_error_m, to_geographic

NUMBER = r"[+-]?\d{1,9}(?:\.\d{0,15})?"
SAME_SIGNS = str.maketrans(dict(zip("\u2032\u2019\u2033\u201d\u201c\u00ba\u02da\u5ea6\u5206\u79d2\uff0c\u3001\uff1a", "''\"\"\"\u00b0\u00b0\u00b0'\",,:", strict=True)))
SIDE_WORDS = (("东经", "E"), ("西经", "W"), ("北纬", "N"), ("南纬", "S"))
ANGLE = re.compile(rf"(?P<first>[EWNSewns]?)\s*(?P<degrees>{NUMBER})\s*°?\s*(?:(?P<minutes>\d{{1,2}}(?:\.\d{{0,10}})?)\s*')?\s*(?:(?P<seconds>\d{{1,2}}(?:\.\d{{0,10}})?)\s*\")?\s*(?P<last>[EWNSewns]?)")
BETWEEN = re.compile(r"\s*[,\s]\s*")
METRES = re.compile(rf"(?:X|北|N)?\s*[=:]?\s*({NUMBER})\s*(?:m|米)?\s*[,\s]\s*(?:Y|东|E)?\s*[=:]?\s*({NUMBER})\s*(?:m|米)?", re.IGNORECASE)
LEAST_METRES = 100_000
PREFIXED_EASTING = 10_000_000
ZONE_SIZE = 1_000_000
SIX_DEGREE_ZONES = range(13, 24)
THREE_DEGREE_ZONES = range(25, 46)
HALF_ZONES_DEG = {3: 1.5, 6: 3.0}
FIRST_CODES = {
    "CGCS2000": {"degrees": 4490, 3: 4534, 6: 4502}, "西安80": {"degrees": 4610, 3: 2370, 6: 2338}, "北京54": {"degrees": 4214, 3: 2422, 6: 21453},
}  # fmt: skip
"""Datum -> EPSG code of its degrees, and of its first 3 and 6 degree zone without a zone number before the easting."""
SHIFTED = ("GCJ-02", "BD-09")
STATED = (
    (re.compile(r"gcj-?\s?02|高德|腾讯|火星", re.IGNORECASE), "GCJ-02"), (re.compile(r"bd-?\s?09|百度", re.IGNORECASE), "BD-09"),
    (re.compile(r"cgcs\s?2000|国家2000|wgs-?\s?84|gps|天地图", re.IGNORECASE), "CGCS2000"),
    (re.compile(r"xi'?an\s?(?:19)?80|西安\s?(?:19)?80", re.IGNORECASE), "西安80"), (re.compile(r"beijing\s?(?:19)?54|北京\s?(?:19)?54", re.IGNORECASE), "北京54"),
)  # fmt: skip
NAMES = {"西安80": Text("西安80"), "北京54": Text("北京54")}
MOST = 8
HOME_LAW = "CN"
OWN_DATUMS = {3824: "TWD97", 4326: "WGS 84", 4490: "CGCS2000"}


@dataclass(frozen=True)
class Typed:
    """A pair as typed: degrees (longitude, latitude) or metres (east, north), and the datum where one was written."""

    x: float
    y: float
    is_metres: bool
    datum: str | None


@dataclass(frozen=True)
class Reading:
    """One way to read a pair: the system's name, the place in degrees of the storage CRS, how far it may be off."""

    system_zh: str
    system_en: str
    lon: float
    lat: float
    error_m: float
    is_inside: bool


def typed_coordinates(text: str) -> Typed | None:
    """The pair that a text is, None when it is none.

    >>> typed_coordinates("120°35′07.1″E 31°17′54″N GCJ-02")
    Typed(x=120.58530555555555, y=31.298333333333332, is_metres=False, datum='GCJ-02')
    >>> typed_coordinates("3465432.1, 40512345.6")
    Typed(x=40512345.6, y=3465432.1, is_metres=True, datum=None)
    >>> typed_coordinates("红星化工") is None
    True
    """
    datum = next((name for words, name in STATED if words.search(text)), None)
    for words, _ in STATED:
        text = words.sub(" ", text)
    text = text.translate(SAME_SIGNS).strip()
    for word, side in SIDE_WORDS:
        text = text.replace(word, side)
    if (metres := METRES.fullmatch(text)) and min(abs(float(part)) for part in metres.groups()) >= LEAST_METRES:
        one, other = map(float, metres.groups())
        # North comes first in a Chinese pair (X 北, Y 东); an easting with a zone number has one digit more.
        north, east = (other, one) if one >= PREFIXED_EASTING else (one, other)
        return Typed(east, north, True, datum)
    return _degrees(text, datum)


def _degrees(text: str, datum: str | None) -> Typed | None:
    for found in BETWEEN.finditer(text):
        one, other = ANGLE.fullmatch(text[: found.start()]), ANGLE.fullmatch(text[found.end() :])
        if one and other:
            break
    else:
        return None
    pair = [(_angle(part), (part["first"] or part["last"]).upper()) for part in (one, other)]
    is_turned = pair[0][1] in ("N", "S") or pair[1][1] in ("E", "W") or abs(pair[1][0]) > 90
    (lon, _), (lat, _) = reversed(pair) if is_turned else pair
    return Typed(lon, lat, False, datum) if abs(lon) <= 180 and abs(lat) <= 90 else None


def _angle(found: re.Match[str]) -> float:
    whole = float(found["degrees"])
    rest = float(found["minutes"] or 0) / 60 + float(found["seconds"] or 0) / 3600
    value = whole + (rest if whole >= 0 else -rest)
    return -value if (found["first"] or found["last"]).upper() in ("W", "S") else value


def readings(typed: Typed, facts: EditionFacts) -> list[Reading]:
    """Every way to read a pair, those inside the area first; one only where the datum was written."""
    made = [reading for reading in _all_readings(typed, facts) if np.isfinite(reading.lon) and np.isfinite(reading.lat)]
    made.sort(key=lambda reading: not reading.is_inside)
    is_somewhere = any(reading.is_inside for reading in made)
    return [reading for reading in made if reading.is_inside or not (typed.is_metres and is_somewhere)][:MOST]


def _all_readings(typed: Typed, facts: EditionFacts) -> Iterator[Reading]:
    if not str(facts.area.get("jurisdiction", HOME_LAW)).startswith(HOME_LAW):
        crs = str(facts.area.get("official_crs") if typed.is_metres else f"EPSG:{facts.srid}")
        name = str(facts.area.get("official_crs_zh", crs)) if typed.is_metres else OWN_DATUMS.get(facts.srid, crs)
        yield _reading(typed, crs, DataText(name, crs if typed.is_metres else name), facts)
        return
    datums = [typed.datum] if typed.datum else (["CGCS2000", "西安80", "北京54"] if typed.is_metres else ["CGCS2000", *SHIFTED, "西安80", "北京54"])
    for datum in datums:
        if typed.is_metres:
            yield from _in_zones(typed, datum, facts)
        else:
            crs = datum if datum in SHIFTED else f"EPSG:{FIRST_CODES[datum]['degrees']}"
            yield _reading(typed, crs, _datum_name(datum), facts)


def _datum_name(datum: str) -> Bilingual:
    return NAMES.get(datum) or DataText(datum, datum)


def _in_zones(typed: Typed, datum: str, facts: EditionFacts) -> Iterator[Reading]:
    """A Gauss-Krueger pair: of the zone that its easting begins with, else of every zone that reaches the area."""
    codes = FIRST_CODES.get(datum)
    if codes is None:
        return
    number, east = (int(typed.x // ZONE_SIZE), typed.x % ZONE_SIZE) if typed.x >= PREFIXED_EASTING else (0, typed.x)
    west, _, far_east, _ = facts.boundary.bounds
    for width, zones in ((3, THREE_DEGREE_ZONES), (6, SIX_DEGREE_ZONES)):
        for zone in zones:
            meridian = 3 * zone if width == 3 else 6 * zone - 3
            reaches = west - HALF_ZONES_DEG[width] <= meridian <= far_east + HALF_ZONES_DEG[width]
            if zone == number or (not number and reaches):
                crs = f"EPSG:{codes[width] + zone - zones[0]}"
                words = Text("{datum} {width}°带 中央经线{meridian}°", datum=_datum_name(datum), width=width, meridian=meridian)
                yield _reading(Typed(east, typed.y, True, datum), crs, words, facts)


def _reading(typed: Typed, crs: str, system: Bilingual, facts: EditionFacts) -> Reading:
    moved = to_geographic(np.array([shapely.Point(typed.x, typed.y)], dtype=object), crs, f"EPSG:{facts.srid}")[0]
    lon, lat = (moved.x, moved.y) if not moved.is_empty else (float("nan"), float("nan"))
    error_m = datum_error_m(crs if crs in SHIFTED else pyproj.CRS.from_user_input(crs).to_string())
    return Reading(system.zh, system.en, lon, lat, error_m, bool(np.isfinite(lon) and shapely.intersects(facts.boundary, shapely.Point(lon, lat))))
