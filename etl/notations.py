"""How people write units, dates, digits, yes and no: told once, for loading and for recognising alike."""

from __future__ import annotations

import re

UNIT_FACTORS = {
    ("kg", "t"): 1e-3, ("g", "t"): 1e-6, ("t", "t"): 1.0, ("万t", "t"): 1e4,
    ("km", "m"): 1e3, ("m", "m"): 1.0, ("cm", "m"): 1e-2, ("mm", "m"): 1e-3, ("ft", "m"): 0.3048, ("mm", "mm"): 1.0, ("cm", "mm"): 10.0, ("m", "mm"): 1e3, ("inch", "mm"): 25.4,
    ("MPa", "MPa"): 1.0, ("kPa", "MPa"): 1e-3, ("bar", "MPa"): 0.1, ("kgf/cm2", "MPa"): 0.0980665,
    ("m", "km"): 1e-3, ("km", "km"): 1.0, ("ha", "km²"): 1e-2, ("亩", "km²"): 1 / 1500, ("km²", "km²"): 1.0,
    ("kV", "kV"): 1.0, ("V", "kV"): 1e-3,
}
"""Delivered unit and ours -> factor; exact by definition (1 亩 = 1/1500 km²)."""

UNIT_NAMES = {unit.lower(): unit for unit, _ in UNIT_FACTORS} | {
    "吨": "t", "公斤": "kg", "千克": "kg", "克": "g", "万吨": "万t", "米": "m", "公里": "km", "千米": "km", "毫米": "mm", "厘米": "cm",
    "metre": "m", "meter": "m", "metres": "m", "meters": "m", "foot": "ft", "feet": "ft",
    "英寸": "inch", "吋": "inch", "inches": "inch", "巴": "bar", "kgf/cm²": "kgf/cm2", "kg/cm2": "kgf/cm2", "kg/cm²": "kgf/cm2", "公斤/平方厘米": "kgf/cm2",
    "兆帕": "MPa", "千帕": "kPa", "公顷": "ha", "平方公里": "km²", "km2": "km²", "千伏": "kV",
}
"""Spelling in a heading, lower case -> unit of `UNIT_FACTORS`."""
UNIT_IN_HEAD = re.compile(r"[(（\[]([^()（）\[\]]{1,9})[)）\]]")
FULL_WIDTH = str.maketrans("０１２３４５６７８９．－＋，／：", "0123456789.-+,/:")
YES = frozenset(("是", "有", "y", "yes", "true", "1", "t"))
NO = frozenset(("否", "无", "n", "no", "false", "0", "f"))
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日", "%Y.%m.%d")
TIME_FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d")


def head_unit(column: str) -> str | None:
    """The unit that a heading states in brackets, in our spelling; None where it states none.

    >>> head_unit("储量(kg)"), head_unit("最大储量（吨）/设计"), head_unit("管径(英寸)"), head_unit("压力(kgf/cm2)"), head_unit("名称(全称)")
    ('kg', 't', 'inch', 'kgf/cm2', None)
    """
    for found in UNIT_IN_HEAD.findall(column):
        unit = UNIT_NAMES.get(found.strip().lower())
        if unit:
            return unit
    return None
