"""Column names of shapefiles in UTF-8: a DBF keeps ten bytes of each, and programs cut them inside a Chinese character.

GDAL and what is built upon it (QGIS among others) write such names and cannot read them: four characters have twelve bytes.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import pandas as pd

BYTES_AS_TEXT = "ISO-8859-1"
"""Reads every byte as one character: names and texts are decoded after it."""
HEADER_END = slice(8, 10)
FIELD_BYTES, NAME_BYTES = 32, 11
SAME_NAME = re.compile(rb"_\d{1,2}$")
"""What is put behind a name whose first ten bytes another column has too."""


def names_cut_inside(table: Path) -> dict[str, str]:
    """Columns of a DBF as `BYTES_AS_TEXT` reads them -> by their whole characters; empty where none was cut, or another is not UTF-8 at all."""
    names = _raw_names(table)
    cut = [name for name in names if not _is_utf_8(name)]
    if not cut or not all(_is_cut(name) for name in cut):
        return {}
    found = {name.decode(BYTES_AS_TEXT): name.decode("utf-8") for name in names if name not in cut}
    for name in cut:
        found[name.decode(BYTES_AS_TEXT)] = _not_among(_whole(name), set(found.values()))
    return found


def decoded(frame: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """A frame that was read as `BYTES_AS_TEXT`, with its names whole and its texts in UTF-8; raises `UnicodeDecodeError`."""
    held = [name for name in frame.columns if frame[name].dtype == object or isinstance(frame[name].dtype, pd.StringDtype)]
    texts = {name: pd.Series([_text(value) for value in frame[name]], index=frame.index, dtype=object) for name in held}
    return frame.assign(**texts).rename(columns=names)


def _text(value: object) -> object:
    return value.encode(BYTES_AS_TEXT).decode("utf-8") if isinstance(value, str) else value


def _raw_names(table: Path) -> list[bytes]:
    with table.open("rb") as stream:
        head = stream.read(FIELD_BYTES)
        fields = stream.read(max(0, int.from_bytes(head[HEADER_END], "little") - FIELD_BYTES))
    return [fields[first : first + NAME_BYTES].split(b"\x00")[0] for first in range(0, len(fields) - NAME_BYTES, FIELD_BYTES)]


def _is_utf_8(name: bytes) -> bool:
    try:
        name.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_cut(name: bytes) -> bool:
    """Whether a name that is as long as a DBF keeps them is UTF-8 but for its last character."""
    try:
        return len(name) == NAME_BYTES - 1 and len(_whole(name)) > 0
    except UnicodeDecodeError:
        return False


def _whole(name: bytes) -> str:
    """The whole characters of a cut name, with the number that tells it from another one."""
    number = SAME_NAME.search(name)
    stem = name[: number.start()] if number else name
    return codecs.getincrementaldecoder("utf-8")().decode(stem) + (number[0].decode() if number else "")


def _not_among(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
