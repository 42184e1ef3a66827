"""What a heading may mean: titles of our fields, words of offices, headings of all known manifests, and pinyin initials.

Headings are compared in simplified characters, lower case, without blanks and units.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import opencc
from pypinyin import Style, lazy_pinyin
from rapidfuzz import fuzz, process

from etl.manifest import Manifest, load_manifest
from layers.catalog import Catalog, Layer

COLUMN_WORDS = Path(__file__).with_name("column_words.csv")
KNOWN_SOURCES = Path(__file__).parents[1] / "data" / "sources"
ANY_LAYER, KEY_FIELD = "*", "(key)"
X, Y, WKT = "(x)", "(y)", "(wkt)"
LAYER_WORDS = "(layer)"
"""Rows of `column_words.csv` with words that speak for a layer as such, in a file's name or in any heading."""
POSITIONS = (X, Y, WKT)
BRACKETS = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")
NOISE = re.compile(r"[\s_\-·.、,，:：*#'\"“”]+")
UNIT_SUFFIX = re.compile(r"_(mm|cm|m|km|kg|t|mpa|kpa|kv|ha|km2)$", re.IGNORECASE)
ASCII_WORD = re.compile(r"[a-z][a-z0-9]*")
SAVED, OWN, OFFICE, INITIALS, SYLLABLES, PART, LIKE = "saved", "own", "office", "initials", "syllables", "part", "like"
SCORES = {SAVED: 1.0, OWN: 0.97, OFFICE: 0.93, SYLLABLES: 0.9, INITIALS: 0.85, PART: 0.78}
REASONS = {
    SAVED: ("与已确认的映射相同", "as in a confirmed mapping"),
    OWN: ("与字段名相同", "the field's own title"),
    OFFICE: ("常用列名", "a heading offices use"),
    SYLLABLES: ("拼音全拼", "its pinyin"),
    INITIALS: ("拼音首字母", "its pinyin initials"),
    PART: ("含有字段名", "contains the field's title"),
    LIKE: ("列名相近", "a similar heading"),
}
LEAST_LIKENESS = 60.0
LIKENESS_WEIGHT = 0.8
SHORT_INITIALS_WEIGHT = 0.85
GROUP_WEIGHT = 0.97
PARTS_OF_HEADING = re.compile(r"[/.]")
PARTS_OF_NAME = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Likeness:
    """How well a heading fits a field: 0 to 1, and why."""

    score: float
    reason: str


NOTHING = Likeness(0.0, LIKE)


@lru_cache(maxsize=1)
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@lru_cache(maxsize=20_000)
def plain(text: str) -> str:
    """A heading or value as it is compared.

    >>> plain("工廠 名稱"), plain("最大储量（吨）"), plain("WJ_MM")
    ('工厂名称', '最大储量', 'wj')
    """
    full = unicodedata.normalize("NFKC", text).strip()
    shorter = NOISE.sub("", UNIT_SUFFIX.sub("", BRACKETS.sub("", full))) or NOISE.sub("", full)
    return str(_simplifier().convert(shorter)).lower()


@lru_cache(maxsize=20_000)
def initials(text: str) -> str:
    """Pinyin initials of a Chinese word: what ten-letter shapefile columns are made of.

    >>> initials("管道编号"), initials("CAS号")
    ('gdbh', 'cash')
    """
    return "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()


@lru_cache(maxsize=20_000)
def syllables(text: str) -> str:
    """Pinyin of a Chinese word without tones.

    >>> syllables("名称")
    'mingcheng'
    """
    return "".join(lazy_pinyin(text)).lower()


@dataclass(frozen=True)
class FieldWords:
    """Words that stand for one field, by where they come from, all as `plain` gives them."""

    saved: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    office: frozenset[str] = frozenset()

    def likeness(self, heading: str) -> Likeness:
        """How well a heading fits; of a joined heading (``坐标/经度``, ``egis.X``, ``fac_name``) also its last part."""
        whole = self._likeness(plain(heading))
        last = PARTS_OF_HEADING.split(heading)[-1]
        if last and last != heading:
            part = self._likeness(plain(last))
            whole = max(whole, Likeness(part.score * GROUP_WEIGHT, part.reason), key=lambda entry: entry.score)
        word = PARTS_OF_NAME.split(heading)[-1].lower()
        if whole.score < SCORES[PART] and word and word != heading.lower() and word in self.saved | self.own | self.office:
            return Likeness(SCORES[PART], PART)
        return whole

    @cached_property
    def everything(self) -> tuple[str, ...]:
        """All the words, whatever they come from."""
        return tuple(sorted(self.saved | self.own | self.office))

    @cached_property
    def chinese(self) -> tuple[str, ...]:
        return tuple(word for word in self.everything if not word.isascii())

    def _likeness(self, word: str) -> Likeness:
        for reason, words in ((SAVED, self.saved), (OWN, self.own), (OFFICE, self.office)):
            if word in words:
                return Likeness(SCORES[reason], reason)
        if ASCII_WORD.fullmatch(word):
            return _by_pinyin(word, self.chinese)
        ends = any(len(entry) >= 2 and (word.endswith(entry) or word.startswith(entry)) for entry in self.chinese)
        best = process.extractOne(word, self.everything, scorer=fuzz.ratio, score_cutoff=LEAST_LIKENESS)
        like = Likeness(LIKENESS_WEIGHT * best[1] / 100, LIKE) if best else NOTHING
        return Likeness(SCORES[PART], PART) if ends and like.score < SCORES[PART] else like


def _by_pinyin(word: str, chinese: tuple[str, ...]) -> Likeness:
    if any(syllables(entry) == word for entry in chinese):
        return Likeness(SCORES[SYLLABLES], SYLLABLES)
    if len(word) >= 2 and any(initials(entry) == word for entry in chinese):
        return Likeness(SCORES[INITIALS] * (SHORT_INITIALS_WEIGHT if len(word) == 2 else 1.0), INITIALS)
    return NOTHING


@lru_cache(maxsize=1)
def _office_words() -> tuple[tuple[str, str, str], ...]:
    with COLUMN_WORDS.open(encoding="utf-8", newline="") as stream:
        return tuple((row["layer"], row["field"], plain(row["word"])) for row in csv.DictReader(stream))


def layer_words(layer_id: str) -> frozenset[str]:
    """Words that speak for a layer as such."""
    return frozenset(word for of, field, word in _office_words() if of == layer_id and field == LAYER_WORDS)


def known_manifests(catalog: Catalog, manifests: Iterable[Manifest]) -> list[Manifest]:
    """The given manifests and all that come with the atlas: what earlier people confirmed."""
    given = list(manifests)
    paths = {manifest.path.resolve() for manifest in given}
    others = sorted(path for path in KNOWN_SOURCES.glob("*/*.toml") if path.name != "area.toml" and path.resolve() not in paths)
    return given + [load_manifest(path, catalog) for path in others]


def field_words(layer: Layer, known: Iterable[Manifest]) -> dict[str, FieldWords]:
    """Words of every field of a layer and of its position."""
    saved: dict[str, set[str]] = {}
    for manifest in known:
        if manifest.layer != layer.id:
            continue
        for name, source in manifest.fields.items():
            if source.column and not source.pattern:
                saved.setdefault(name, set()).update({plain(source.column), plain(source.column.rsplit("/", 1)[-1])})
        for name, column in zip(POSITIONS, (manifest.x, manifest.y, manifest.wkt), strict=True):
            if column:
                saved.setdefault(name, set()).add(plain(column))
    found = {}
    for name in [entry.name for entry in layer.fields] + list(POSITIONS):
        titles = {entry.title_zh for entry in layer.fields if entry.name == name} | {entry.title_en for entry in layer.fields if entry.name == name}
        own = {plain(text) for text in titles | {name}} if name not in POSITIONS else set()
        office = {word for of, field, word in _office_words() if of == layer.id and field == name}
        generic = {word for of, field, word in _office_words() if of == ANY_LAYER and field in _generic(name, layer)}
        found[name] = FieldWords(frozenset(saved.get(name, set())), frozenset(own), frozenset(office | generic))
    return found


def _generic(name: str, layer: Layer) -> set[str]:
    return {name, KEY_FIELD} if layer.key == (name,) else {name}
