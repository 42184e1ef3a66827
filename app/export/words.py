"""The words of a sheet in its language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from layers.catalog import read_toml
from layers.errors import InputError

WORDS_FILE = Path(__file__).with_name("words.toml")


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    return read_toml(WORDS_FILE)


def sheet_words(lang: str) -> Mapping[str, str]:
    """Furniture words by key in ``zh`` or ``en``; `InputError` for another language."""
    words = _words()
    if lang not in words:
        raise InputError("lang", f"{lang!r} is none of {', '.join(words)}")
    return words[lang]


def written_date(day: date | None, lang: str) -> str:
    """A date as a sheet prints it.

    >>> written_date(date(2026, 9, 30), "zh"), written_date(date(2026, 9, 30), "en")
    ('2026-09-30', '30 Sep 2026')
    """
    if day is None:
        return sheet_words(lang)["undated"]
    if lang == "zh":
        return day.isoformat()
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day} {months[day.month - 1]} {day.year}"
