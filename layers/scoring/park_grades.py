"""The safety grade of a chemical park: A is the worst and D the best, against the letters some cities give enterprises."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.scoring.declarations import date_of, text_of
from layers.scoring.policy import RATED
from layers.scoring.rule_tables import (
    RULES_DIR,
    read_rules,
    require,
    require_bands,
    rows_of,
)
from layers.scoring.sources import band_of, number

Row = dict[str, Any]
GRADES = ("A", "B", "C", "D")
"""Worst first; the order of the letters of parks alone."""
GRADED_KIND = "chemical"


@dataclass(frozen=True)
class ParkGrade:
    """A park's letter with the colour that goes with it, who gave it, and whether assessments differ."""

    grade: str
    level: str
    rule: Row
    is_disputed: bool
    text_zh: str
    text_en: str


@lru_cache(maxsize=16)
def load_park_bands(folder: Path = RULES_DIR, on: date | None = None) -> tuple[Row, ...]:
    """Bands of the score, the best first; raises `RuleTableError` where the table is not consistent."""
    path = folder / "park_grade_bands.csv"
    table = read_rules(
        path,
        texts=("grade", "level", "title_zh", "title_en"),
        numbers=("score_from",),
        optional_numbers=("score_below",),
        codes={"grade": GRADES, "level": RATED},
        on=on,
    )
    require_bands(path, table.score_from, table.score_below)
    ordered = table.sort_values("score_from", ascending=False)
    require(ordered.grade.tolist() == sorted(GRADES, reverse=True), path, "a higher score must have a later letter")
    return rows_of(ordered)


def grade_of_score(score: float, on: date | None = None) -> Row:
    """The band of a score; a bound belongs to the better grade, as the guide has it.

    >>> grade_of_score(85)["grade"], grade_of_score(84.9)["grade"]
    ('D', 'C')
    """
    return band_of(load_park_bands(on=on), "score", score)


def park_grade(park: Mapping[str, Any], assessments: pd.DataFrame, *, on: date) -> ParkGrade | None:
    """The grade that holds for a park on a day; None for parks of other kinds and without a valid assessment.

    Of one assessor the latest holds; of several the worst, as a dispute. Expired ones and later ones do not count.
    """
    if park.get("kind") != GRADED_KIND:
        return None
    found = {who: letter for who, letter in _letters(park, assessments, on) if letter}
    if not found:
        return None
    worst_letter = min(found.values())
    rule = next(row for row in load_park_bands(on=on) if row["grade"] == worst_letter)
    who = "、".join(sorted(name for name, letter in found.items() if letter == worst_letter))
    return ParkGrade(
        worst_letter,
        rule["level"],
        rule,
        len(set(found.values())) > 1,
        f"{who}评定为 {worst_letter} 级({rule['title_zh']}风险)",
        f"assessed {worst_letter} ({rule['title_en'].lower()} risk) by {who}",
    )


def _letters(park: Mapping[str, Any], assessments: pd.DataFrame, on: date) -> list[tuple[str, str | None]]:
    """Assessors with their latest letter, the one on the park's own row included."""
    own = text_of(park.get("grade"))
    rows = [] if assessments.empty else assessments[assessments["park_id"] == park["park_id"]].to_dict("records")
    valid = [row for row in rows if (date_of(row.get("assessed_on")) or on) <= on <= (date_of(row.get("valid_until_on")) or on)]
    valid.sort(key=lambda row: date_of(row.get("assessed_on")) or date.min)
    given: list[tuple[str, str | None]] = [("园区台账", own)] if own in GRADES else []
    return given + [(text_of(row.get("assessed_by")) or "评估单位未注明", _letter(row, on)) for row in valid]


def _letter(row: Mapping[str, Any], on: date) -> str | None:
    letter, score = text_of(row.get("grade")), number(row.get("score"))
    if letter in GRADES:
        return letter
    return None if math.isnan(score) or score < 0 else str(grade_of_score(score, on)["grade"])
