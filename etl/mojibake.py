"""Tells text that a wrong encoding destroyed from text that is merely unusual, and what it once said.

UTF-8 bytes read as Big5, GB18030 or Latin-1 become other characters, as do GB2312 and Big5 bytes read as Latin-1; turned back
they are valid again, which happens to real text only by the rarest chance.
"""

from __future__ import annotations

import re
from typing import AnyStr

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.packing import text_array

LOST = re.compile("\x00|\ufffd|锟斤拷|烫烫烫")
WHOLLY_CHINESE = re.compile(r"[\x20-\x7e\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
CHINESE = re.compile("[\u4e00-\u9fff]")
LEAST_CHARACTERS = 2
ASCII, CHARACTER = rb"[\x01-\x09\x0b-\x7f]*", rb"[\xe2-\xef][\x80-\xbf]{2}"
VALID_UTF8 = re.compile(b"^" + ASCII + b"(?:" + CHARACTER + ASCII + b")+$", re.MULTILINE)
"""A line of bytes that is UTF-8 with a character from U+2000 on: Chinese ones and their punctuation are."""
NO_CHINESE = re.compile("^[\x00-\x09\x0b-\u2fff]+$", re.MULTILINE)
GB_AS_LATIN = re.compile("(?:[\x20-\x7e]|[\xa1-\xa3\xb0-\xf7][\xa1-\xfe])+")
"""GB2312 has Chinese characters from lead byte B0 to F7 and punctuation at A1 to A3."""
BIG5_PAIR = "[\xa1-\xc6\xc9-\xf9][\x40-\x7e\xa1-\xfe]"
BIG5_AS_LATIN = re.compile(f"(?:{BIG5_PAIR}|[\x20-\x7e])+")
BIG5_WORD = re.compile(f"(?:{BIG5_PAIR}){{2}}")
"""Two characters side by side: ``29°N 105°E`` and ``ÅRSMÄSSIG`` have pairs of such bytes too, but never so."""
LEAST_COMMON_SHARE = 2 / 3
"""Of Chinese characters whose lead byte is A4 to C6, the frequent ones of Big5."""
USER_DEFINED = re.compile("[\ue311-\ueeb7]")
BIG5_USER_FIRST, BIG5_USER_LAST = 0xE311, 0xEEB7
"""Private-use characters of Big5's user-defined rows, lead bytes 8E to A0."""

BYTES = np.arange(256, dtype="uint8")
ONE_DIGIT = np.where((BYTES >= ord("0")) & (BYTES <= ord("9")), np.uint8(ord("0")), BYTES)


def _big5_bytes(text: str) -> bytes:
    """Big5 bytes of a text, its user-defined characters included; raises UnicodeEncodeError where there are none."""
    return b"".join(_big5_character(character) for character in text)


def _big5_character(character: str) -> bytes:
    code = ord(character)
    if not BIG5_USER_FIRST <= code <= BIG5_USER_LAST:
        return character.encode("cp950")
    lead, place = divmod(code - BIG5_USER_FIRST, 157)
    return bytes((0x8E + lead, place + (0x40 if place < 0x3F else 0x62)))


WAYS_BACK = (_big5_bytes, lambda text: text.encode("gb18030"), lambda text: text.encode("cp1252"), lambda text: text.encode("latin-1"))


def original_text(text: str) -> str | None:
    """What a destroyed text said, None where it is not destroyed or cannot be told.

    >>> original_text("颲脣\\uebf5"), original_text("è¾²åœ°"), original_text("高雄市"), original_text("Müller & Söhne")
    ('農地', '農地', None, None)
    """
    for encode in WAYS_BACK:
        try:
            found = encode(text).decode("utf-8")
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
        if len(CHINESE.findall(found)) >= LEAST_CHARACTERS and WHOLLY_CHINESE.fullmatch(found) and found != text:
            return found
    return _once_gb(text) or _once_big5(text)


def _once_gb(text: str) -> str | None:
    """What a text of GB2312 bytes read as Latin-1 said: every character beyond ASCII belongs to a pair that is a Chinese one.

    >>> _once_gb("±àºÅ"), _once_gb("Ãû³Æ(kg)"), _once_gb("Müller & Söhne"), _once_gb("é½")
    ('编号', '名称(kg)', None, None)
    """
    if not GB_AS_LATIN.fullmatch(text):
        return None
    try:
        found = text.encode("latin-1").decode("gb2312")
    except UnicodeDecodeError:
        return None
    is_chinese = WHOLLY_CHINESE.fullmatch(found) and len(CHINESE.findall(found)) >= LEAST_CHARACTERS
    return found if is_chinese else None


def _once_big5(text: str) -> str | None:
    """What a text of Big5 bytes read as Latin-1 said.

    Most of its characters must be frequent ones, and half of them begin with a sign that Latin-1 uses in no word
    (``¤`` to ``¿``): second bytes of Big5 may be plain letters, as in words of Western languages.

    >>> _once_big5("°ª¶¯¥«"), _once_big5("¹A¦a"), _once_big5("29°N 105°E"), _once_big5("¿Cómo está?")
    ('高雄市', '農地', None, None)
    """
    if not (BIG5_AS_LATIN.fullmatch(text) and BIG5_WORD.search(text)):
        return None
    try:
        found = text.encode("latin-1").decode("cp950")
    except UnicodeDecodeError:
        return None
    leads = [character.encode("cp950")[0] for character in CHINESE.findall(found)]
    n_common, n_signs = sum(0xA4 <= lead <= 0xC6 for lead in leads), sum(0xA4 <= lead <= 0xBF for lead in leads)
    is_chinese = len(leads) >= LEAST_CHARACTERS and n_common >= LEAST_COMMON_SHARE * len(leads) and 2 * n_signs >= len(leads)
    return found if is_chinese and WHOLLY_CHINESE.fullmatch(found) else None


def is_destroyed(texts: pd.Series) -> pd.Series:
    """Whether each text holds characters that a wrong encoding left behind; missing values are not destroyed.

    A digit stays itself in every encoding here and is part of no other character: texts that differ in digits alone are
    judged once.
    """
    alike = _with_one_digit(text_array(texts))
    unusual = pc.unique(alike.filter(pc.invert(pc.string_is_ascii(alike))))
    bad = [text for text in _candidates(unusual) if LOST.search(text) or original_text(text) is not None]
    if not bad:
        return pd.Series(False, index=texts.index)
    is_bad = pc.fill_null(pc.is_in(alike, value_set=pa.array(bad, type=pa.large_string())), False)
    return pd.Series(is_bad.to_numpy(zero_copy_only=False), index=texts.index)


def _with_one_digit(array: pa.LargeStringArray) -> pa.LargeStringArray:
    """Texts with every ASCII digit written as 0."""
    _, offsets, data = array.buffers()
    if data is None:
        return array
    plain = ONE_DIGIT[np.frombuffer(data, dtype="uint8")]
    is_there = pa.py_buffer(np.packbits(array.is_valid().to_numpy(zero_copy_only=False), bitorder="little"))
    starts = pa.py_buffer(np.frombuffer(offsets, dtype="int64", count=len(array) + 1, offset=array.offset * 8).copy())
    return pa.LargeStringArray.from_buffers(len(array), starts, pa.py_buffer(plain), is_there)


def _candidates(texts: pa.LargeStringArray) -> list[str]:
    """Texts that may be destroyed, found by a few passes over all of them at once; nearly all others are left out.

    A line that turns into UTF-8 with unencodable characters replaced may still be none: `original_text` decides.
    """
    has_lines = pc.match_substring(texts, "\n")
    plain = texts.filter(pc.invert(has_lines))
    lines = pc.binary_join(pa.LargeListArray.from_arrays([0, len(plain)], plain), pa.scalar("\n", pa.large_string()))[0].as_py()
    places = set()
    for encoding in ("cp950", "gb18030"):
        places |= _lines_with(VALID_UTF8, lines.encode(encoding, errors="replace"), b"\n")
    for pattern in (NO_CHINESE, LOST, USER_DEFINED):
        places |= _lines_with(pattern, lines, "\n")
    return [plain[place].as_py() for place in sorted(places)] + texts.filter(has_lines).to_pylist()


def _lines_with(pattern: "re.Pattern[AnyStr]", lines: AnyStr, end: AnyStr) -> set[int]:
    """Numbers of the lines where a pattern, which spans no two of them, is found."""
    starts = [found.start() for found in pattern.finditer(lines)]
    ends = [found.start() for found in re.finditer(end, lines)] if starts else []
    return set(np.searchsorted(ends, starts).tolist())
