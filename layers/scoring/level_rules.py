"""The tables that turn facts about a source into a level, and the screening tables, checked on reading."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.errors import RuleTableError
from layers.scoring.policy import POLICIES_DIR, RATED, load_source_classes, load_strengths
from layers.scoring.rule_tables import RULES_DIR, read_rules, require, require_bands, rows_of

CONDITIONS = ("direct_red_reported", "direct_red_unknown", "has_major_hazard")
DIRECT_FIELDS = ("is_untested_process", "has_no_formal_design", "has_uncertified_workers")
"""Fields of an enterprise that state a condition of 应急〔2018〕19号; the fourth is told by its accidents."""
CONTROL_CONDITIONS = ("major_open", "major_overdue", "follow_up_overdue")
MATCHES = ("contains", "prefix", "equals")
CLOSING = " 。.;,、!"
Row = dict[str, Any]
"""A row of a rule table."""


@dataclass(frozen=True)
class LevelRules:
    """Everything `rate_sources` looks up; rows of tables as dictionaries."""

    score_bands: tuple[Row, ...]
    colour_of_hazard_level: dict[int, Row]
    below_bands: tuple[Row, ...]
    direct: tuple[Row, ...]
    direct_conditions: tuple[Row, ...]
    control: dict[str, Row]
    class_of_kind: dict[str, Row]
    pipeline_class: dict[tuple[str, str], Row]
    declarers: tuple[Row, ...]
    basis: dict[str, Row]
    classes: dict[str, Row]
    strengths: dict[tuple[str, str, str], Row]
    negative_words: frozenset[str]

    def direct_conditions_in(self, text: str) -> tuple[Row, ...]:
        """The direct red conditions that a free text names, by the words of the table; none: the text is a question."""
        said = plain_word(text)
        return tuple(row for row in self.direct_conditions if any(plain_word(word) in said for word in row["words"].split("|")))

    def says_none(self, text: str) -> bool:
        """Whether a cell's text means that there is nothing (否, 无, —, none): what one writes instead of a blank."""
        return plain_word(text) in self.negative_words


def plain_word(text: str) -> str:
    """A word for comparison: full-width forms, case and closing punctuation put aside.

    >>> plain_word(" NONE。"), plain_word("0")
    ('none', '0')
    """
    return unicodedata.normalize("NFKC", text).strip(CLOSING).casefold()


@lru_cache(maxsize=16)
def load_level_rules(strengths: str = "source_strengths_2026A", folder: Path = RULES_DIR, on: date | None = None) -> LevelRules:
    """The tables below `folder` as they are in force on a day (`read_rules`); raises `RuleTableError` where one is not consistent."""
    classes = load_source_classes(folder / "policies")
    table = load_strengths(strengths, folder / "policies")
    known = {"source_class": tuple(classes.index)}
    kinds = read_rules(folder / "enterprise_classes.csv", texts=("kind", "source_class"), codes=known, on=on)
    pipes = read_rules(
        folder / "pipeline_classes.csv",
        texts=("kind", "medium", "source_class"),
        flags=("is_assumption",),
        codes=known,
        on=on,
    )
    declarers = read_rules(folder / "declarers.csv", texts=("pattern",), flags=("counts",), on=on)
    basis = read_rules(
        folder / "basis_rules.csv", texts=("use",), codes={"use": ("declared", "filed", "carried", "coarse")}, on=on
    )
    words = read_rules(folder / "negative_words.csv", texts=("word",), on=on)
    require(words.word.ne("").all(), folder / "negative_words.csv", "an empty word")
    return LevelRules(
        score_bands=_bands(folder / "enterprise_score_bands.csv", "score", on, extra=("kinds",)),
        colour_of_hazard_level=_hazard_colours(folder, on),
        below_bands=_bands(folder / "below_major_hazard.csv", "s", on),
        direct=_direct(folder, on),
        direct_conditions=_direct_conditions(folder, on),
        control=_control(folder, on),
        class_of_kind=_unique(kinds, ["kind"], folder / "enterprise_classes.csv"),
        pipeline_class=_unique(pipes, ["kind", "medium"], folder / "pipeline_classes.csv"),
        declarers=rows_of(declarers),
        basis=_unique(basis, ["use"], folder / "basis_rules.csv"),
        classes={str(row["source_class"]): row for row in rows_of(classes)},
        strengths={(row["source_class"], row["form"], row["grade"]): row for row in rows_of(table)},
        negative_words=frozenset(map(plain_word, words.word)),
    )


@lru_cache(maxsize=8)
def load_screening(name: str, folder: Path = RULES_DIR / "screening", on: date | None = None) -> tuple[Row, ...]:
    """A named screening table, the most severe row first; an empty name means none.

    A screening is an assumption from the industry alone. It never says blue: without a figure nothing is low. Where the value
    is a code, the row says it in words (``title_zh``, ``title_en``).
    """
    if not name:
        return ()
    path = folder / f"{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(entry.stem for entry in folder.glob("*.csv")))
        raise RuleTableError(f"no screening table {name!r}; known: {known}")
    table = read_rules(
        path,
        texts=("layer", "field", "match", "value", "title_zh", "title_en", "level", "source_class"),
        codes={
            "layer": ("enterprises", "pipelines"),
            "match": MATCHES,
            "level": RATED[:3],
            "field": ("industry_name", "industry_code", "kind"),
            "source_class": tuple(load_source_classes(POLICIES_DIR).index),
        },
        on=on,
    )
    require(
        not table.duplicated(["layer", "field", "match", "value"]).any(), path, "a condition stands twice"
    )
    require(bool((table["value"] != "").all()), path, "an empty value would match everything")
    return tuple(sorted(rows_of(table), key=lambda row: (RATED.index(row["level"]), row["rule_id"])))


def _unique(table: pd.DataFrame, keys: list[str], path: Path) -> dict[Any, Row]:
    require(not table.duplicated(keys).any(), path, f"{' and '.join(keys)} stand twice")
    return {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows_of(table)}


def _bands(path: Path, name: str, on: date | None, *, extra: tuple[str, ...] = ()) -> tuple[Row, ...]:
    """Bands of a figure, closed below, each with a level; the highest first."""
    table = read_rules(
        path,
        texts=("level", *extra),
        numbers=(f"{name}_from",),
        optional_numbers=(f"{name}_below",),
        codes={"level": RATED},
        on=on,
    )
    require_bands(path, table[f"{name}_from"], table[f"{name}_below"])
    ordered = table.sort_values(f"{name}_from", ascending=False)
    ranks = [RATED.index(level) for level in ordered.level]
    require(
        ranks in (sorted(set(ranks)), sorted(set(ranks), reverse=True)), path, "levels must follow the figure"
    )
    return rows_of(ordered)


def _hazard_colours(folder: Path, on: date | None) -> dict[int, Row]:
    path = folder / "hazard_level_colours.csv"
    table = read_rules(path, texts=("level",), numbers=("major_hazard_level",), codes={"level": RATED}, on=on)
    ordered = table.sort_values("major_hazard_level")
    ranks = [RATED.index(level) for level in ordered.level]
    require(ordered.major_hazard_level.tolist() == [1, 2, 3, 4], path, "levels must be 1 to 4")
    require(ranks == sorted(ranks), path, "a worse hazard level cannot have a better colour")
    return {int(row["major_hazard_level"]): row for row in rows_of(table)}


def _direct(folder: Path, on: date | None) -> tuple[Row, ...]:
    return rows_of(
        read_rules(
            folder / "direct_rules.csv",
            texts=("condition", "kinds", "level", "jurisdiction", "title_zh", "title_en"),
            codes={"condition": CONDITIONS, "level": RATED},
            on=on,
            drops=True,
        )
    )


def _direct_conditions(folder: Path, on: date | None) -> tuple[Row, ...]:
    path = folder / "direct_conditions.csv"
    table = read_rules(path, texts=("field", "words", "title_zh", "title_en"), codes={"field": DIRECT_FIELDS}, on=on, drops=True)
    require(table.empty or sorted(table.field) == sorted(DIRECT_FIELDS), path, "each condition once")
    require(not table.words.str.split("|").map(lambda words: "" in words).any(), path, "an empty word would name every condition")
    return rows_of(table)


def _control(folder: Path, on: date | None) -> dict[str, Row]:
    path = folder / "control_rules.csv"
    table = read_rules(
        path,
        texts=("condition", "level", "title_zh", "title_en"),
        codes={"condition": CONTROL_CONDITIONS, "level": RATED},
        on=on,
    )
    require(sorted(table.condition) == sorted(CONTROL_CONDITIONS), path, "each condition must stand once")
    return {row["condition"]: row for row in rows_of(table)}
