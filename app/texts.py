"""Texts of the server: Chinese in the code, English found by it in the gettext catalog of `translations/`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES = ("zh", "en")
CATALOG = Path(__file__).with_name("translations") / "en" / "LC_MESSAGES" / "messages.po"


@lru_cache(maxsize=1)
def english() -> Translations:
    """The English catalog, compiled in memory once a process: no file is made that could be missing or out of date."""
    compiled = BytesIO()
    with CATALOG.open("rb") as file:
        write_mo(compiled, read_po(file, locale="en"))
    compiled.seek(0)
    return Translations(compiled)


class Bilingual(ABC):
    """Words in Chinese and English: ``text.zh``, ``text.en``, or by a language, ``text["en"]``."""

    @abstractmethod
    def __getitem__(self, lang: str) -> str:
        """The words in a language of `LANGUAGES`."""

    @property
    def zh(self) -> str:
        """The Chinese words."""
        return self["zh"]

    @property
    def en(self) -> str:
        """The English words."""
        return self["en"]

    def fields(self, name: str) -> dict[str, str]:
        """Both languages as an answer of the API carries them: ``name_zh`` and ``name_en``."""
        return {f"{name}_{lang}": self[lang] for lang in LANGUAGES}


class DataText(Bilingual):
    """Words that data carry in both languages, such as a title of ``layer.toml``."""

    def __init__(self, zh: str, en: str) -> None:
        self._words = {"zh": zh, "en": en}

    def __getitem__(self, lang: str) -> str:
        return self._words[lang]


class Text(Bilingual):
    """A text of the server, put into words when it is asked for.

    Parameters
    ----------
    message : str
        The Chinese text by which the catalog finds the English one: a literal, or ``pybabel`` cannot extract it.
    values : objects
        What fills the marks of the message, such as ``{most}`` or ``{share:.0%}``; words in both languages
        are filled in in the same language. Without values the message stays as it is, braces and all.

    >>> text = Text("没有任务 {job_id}", job_id=7)
    >>> text.zh, text.en
    ('没有任务 7', 'No job 7')
    """

    def __init__(self, message: str, /, **values: object) -> None:
        self._message = message
        self._values = values

    def __getitem__(self, lang: str) -> str:
        message = {"zh": self._message, "en": self._english()}[lang]
        if not self._values:
            return message
        return message.format(**{name: value[lang] if isinstance(value, Bilingual) else value for name, value in self._values.items()})

    def _english(self) -> str:
        return english().gettext(self._message)


class TextIn(Text):
    """A text that has another English in another place; `context` tells the place, in a word.

    >>> TextIn("table head", "行").en
    'Row'
    """

    def __init__(self, context: str, message: str, /, **values: object) -> None:
        super().__init__(message, **values)
        self._context = context

    def _english(self) -> str:
        return str(english().pgettext(self._context, self._message))


SEPARATOR = Text("、")
"""Between the members of a list."""


def listed(members: Iterable[str]) -> DataText:
    """A list as each language writes it."""
    words = tuple(members)
    return DataText(SEPARATOR.zh.join(words), SEPARATOR.en.join(words))


def in_language(texts: Mapping[str, Bilingual], lang: str) -> dict[str, str]:
    """Texts by key, each in one language; marks stay where a text was given no values."""
    return {key: text[lang] for key, text in texts.items()}
