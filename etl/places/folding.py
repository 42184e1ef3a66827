"""One spelling for texts that are to be compared: widths, traditional forms, blanks, numerals."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache

from opencc import OpenCC

NUMERALS = "零一二三四五六七八九"
NUMERAL_VALUES = {**{char: value for value, char in enumerate(NUMERALS)}, "〇": 0, "○": 0, "两": 2, "壹": 1, "贰": 2, "叁": 3}
NUMBER = "[0-9零〇○一二三四五六七八九十百两廿卅]+"
"""Pattern of a number in digits or Chinese numerals."""
ONES = str.maketrans({"ㄧ": "一", "壹": "一", "贰": "二", "貳": "二", "叁": "三", "參": "参"})
"""Characters written for numerals: the phonetic sign that looks like 一, and the forms of banks."""
DASHES = re.compile("[‐‑‒–—―−~～﹣]")


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


@cache
def folded(text: str | None) -> str:
    """The text in half width, simplified characters and upper case, without blanks; empty for None.

    Character references that a web page left behind (``&#33304;``) become their characters.

    >>> folded("臺灣寶綠壯 食品（股）公司")
    '台湾宝绿壮食品(股)公司'
    """
    if not text:
        return ""
    plain = DASHES.sub("-", unicodedata.normalize("NFKC", html.unescape(text)).translate(ONES))
    whole = "".join(plain.split()).encode("utf-8", "replace").decode("utf-8")
    return str(_simplifier().convert(whole)).upper()


def number_of(text: str) -> int | None:
    """The value of a number in digits or Chinese numerals, read by place (一八 = 18) or by name (十八, 一百二十).

    >>> number_of("一八"), number_of("二十五"), number_of("一百零二"), number_of("362"), number_of("廿三"), number_of("路")
    (18, 25, 102, 362, 23, None)
    """
    if text.isascii() and text.isdigit():
        return int(text)
    text = text.replace("廿", "二十").replace("卅", "三十")
    if any(unit in text for unit in "十百"):
        return _named_number(text)
    digits = "".join(char if char.isdigit() and char.isascii() else str(NUMERAL_VALUES.get(char, "x")) for char in text)
    return int(digits) if digits.isdigit() else None


def _named_number(text: str) -> int | None:
    total, digit = 0, None
    for char in text:
        if char in "十百":
            total += (1 if digit is None else digit) * (10 if char == "十" else 100)
            digit = None
        elif char in NUMERAL_VALUES or (char.isascii() and char.isdigit()):
            digit = NUMERAL_VALUES[char] if char in NUMERAL_VALUES else int(char)
        else:
            return None
    return total + (digit or 0)


def in_numerals(text: str) -> str:
    """Single digits as Chinese numerals, as roads are named.

    >>> in_numerals("中正1路"), in_numerals("12街")
    ('中正一路', '十二街')
    """
    return re.sub("[0-9]{1,2}", lambda found: _numeral(int(found.group())), text)


def _numeral(value: int) -> str:
    tens, ones = divmod(value, 10)
    if not tens:
        return NUMERALS[ones]
    return ("" if tens == 1 else NUMERALS[tens]) + "十" + (NUMERALS[ones] if ones else "")
