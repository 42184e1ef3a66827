"""What people call a reference system in Chinese: PROJ knows the names in English only."""

from __future__ import annotations

import re

import pyproj

from layers.crs import SHIFTED_DATUMS

MAP_SERVICES = dict(zip(SHIFTED_DATUMS, ("GCJ-02(高德、腾讯地图)", "BD-09(百度地图)"), strict=True))
WORDS = (
    (re.compile(r"China Geodetic Coordinate System 2000"), "CGCS2000"),
    (re.compile(r"Xian 1980"), "西安80"),
    (re.compile(r"(?:New )?Beijing(?: 1954)?(?=$| /)"), "北京54"),
    (re.compile(r"WGS 84"), "WGS84"),
    (re.compile(r" / 3-degree Gauss-Kruger zone (\d+)"), r" 3度带 第\1带"),
    (re.compile(r" / 3-degree Gauss-Kruger CM (\d+)E"), r" 3度带 中央经线\1°"),
    (re.compile(r" / Gauss-Kruger zone (\d+)"), r" 6度带 第\1带"),
    (re.compile(r" / Gauss-Kruger CM (\d+)E"), r" 6度带 中央经线\1°"),
    (re.compile(r" / TM2 zone (\d+)"), r" 二度分带 中央经线\1°"),
)
"""Parts of PROJ's names -> what stands for them; a name of other parts stays as it is."""


def datum_name_zh(datum: str) -> str:
    """The Chinese name of a CRS or shifted datum as a manifest states it.

    >>> datum_name_zh("EPSG:2359"), datum_name_zh("EPSG:4544"), datum_name_zh("EPSG:4610")
    ('西安80 3度带 第35带', 'CGCS2000 3度带 中央经线105°', '西安80 经纬度')
    """
    if datum in MAP_SERVICES:
        return MAP_SERVICES[datum]
    crs = pyproj.CRS.from_user_input(datum)
    name = crs.name
    for pattern, words in WORDS:
        name = pattern.sub(words, name)
    return f"{name} 经纬度" if crs.is_geographic else name
