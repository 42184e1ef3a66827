"""The table of high consequence areas (GB 32167-2015 tables 1 and 2) and location classes (GB 50251), checked."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from enum import Enum
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from layers.scoring.rule_tables import RULES_DIR, read_rules, require

TESTS = (
    "households",
    "storeys",
    "settlement",
    "object",
    "location",
    "edge",
    "merge",
    "impact_radius",
    "none",
)
STATUSES = ("judged", "suggested", "not_assessed")


@functools.total_ordering
class HcaGrade(Enum):
    """Grade of a high consequence area: III is the worst (GB 32167-2015 6.1.1.3), the other way round than levels of risk.

    Ordered among themselves only, so that a grade is never compared with the number of a level.

    >>> max(HcaGrade.I, HcaGrade.III).value
    'III'
    """

    I = "I"
    II = "II"
    III = "III"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, HcaGrade):
            return NotImplemented
        return len(self.value) < len(other.value)


@dataclass(frozen=True)
class HcaRule:
    """One row of ``high_consequence.csv``; NaN where a column is empty, lengths in metres.

    `test`: ``households`` (at least `at_least` in `window_m`), ``storeys`` (besides, `share_from` of them in houses of
    `storeys_from` storeys), ``settlement`` (one of `at_least` households), ``object`` (something of `object_class`
    within `strip_m` or the impact radius), ``location`` (a class by households). Diameter and pressure bounds are open.
    """

    rule_id: str
    standard_id: str
    clause: str
    source_type: str
    confidence: str
    subject_class: str
    test: str
    object_class: str
    status: str
    grade: HcaGrade | None
    location_class: int | None
    strip_m: float
    window_m: float
    at_least: float
    share_from: float
    storeys_from: float
    reach: str
    diameter_above_mm: float
    diameter_below_mm: float
    pressure_above_mpa: float
    pressure_below_mpa: float
    title_zh: str
    title_en: str

    @property
    def has_size(self) -> bool:
        """Whether the rule is for lines of some diameter and pressure only."""
        return not all(
            math.isnan(bound)
            for bound in (
                self.diameter_above_mm,
                self.diameter_below_mm,
                self.pressure_above_mpa,
                self.pressure_below_mpa,
            )
        )

    def admits(self, diameter_mm: float, pressure_mpa: float) -> bool:
        """Whether a line's diameter and pressure lie within the open bounds; what is unknown lies within none."""
        return not (
            diameter_mm <= self.diameter_above_mm
            or diameter_mm >= self.diameter_below_mm
            or pressure_mpa <= self.pressure_above_mpa
            or pressure_mpa >= self.pressure_below_mpa
            or (self.has_size and math.isnan(diameter_mm + pressure_mpa))
        )


@dataclass(frozen=True)
class HcaRules:
    """The rows in their order, the two lengths that hold for every area, and what no layer shows."""

    rows: tuple[HcaRule, ...]

    def __getitem__(self, rule_id: str) -> HcaRule:
        return next(row for row in self.rows if row.rule_id == rule_id)

    def of(self, subject_class: str, *tests: str) -> list[HcaRule]:
        return [row for row in self.rows if row.subject_class == subject_class and row.test in tests]

    def not_assessed(self, subject_class: str) -> list[HcaRule]:
        return [
            row for row in self.rows if row.subject_class == subject_class and row.status == "not_assessed"
        ]

    @property
    def edge_m(self) -> float:
        return self["HCA-EDGE"].strip_m

    @property
    def merge_gap_m(self) -> float:
        return self["HCA-MERGE"].strip_m


@lru_cache(maxsize=8)
def load_hca_rules(path: Path = RULES_DIR / "high_consequence.csv", on: date | None = None) -> HcaRules:
    """The checked table of a day; raises `RuleTableError` where a row contradicts itself."""
    numbers = ("location_class", "strip_m", "window_m", "at_least", "share_from", "storeys_from")
    sizes = ("diameter_above_mm", "diameter_below_mm", "pressure_above_mpa", "pressure_below_mpa")
    table = read_rules(
        path,
        texts=("subject_class", "test", "object_class", "status", "grade", "reach", "title_zh", "title_en"),
        optional_numbers=(*numbers, *sizes),
        codes={
            "test": TESTS,
            "status": STATUSES,
            "grade": ("", *(grade.value for grade in HcaGrade)),
            "reach": ("", "impact_radius"),
            "subject_class": ("oil_pipeline", "gas_pipeline", "oil_gas_pipeline"),
        },
        on=on,
    )
    _check(table, path)
    rows = table.drop(columns="note").to_dict("records")
    return HcaRules(tuple(_rule({str(name): value for name, value in row.items()}) for row in rows))


def _rule(row: dict[str, object]) -> HcaRule:
    grade, location = str(row.pop("grade")), float(str(row.pop("location_class")))
    return HcaRule(
        **row,  # type: ignore[arg-type]
        grade=HcaGrade(grade) if grade else None,
        location_class=None if math.isnan(location) else int(location),
    )


def _check(table: pd.DataFrame, path: Path) -> None:
    require(table.rule_id.is_unique, path, "a rule stands twice")
    is_judged = table.status != "not_assessed"
    counts = table.test.isin(["households", "storeys"]) & is_judged
    require(
        bool((table.window_m.gt(0) & table.at_least.gt(0))[counts].all()),
        path,
        "a window needs a length and a number",
    )
    is_object = (table.test == "object") & is_judged
    require(bool((table.test != "none")[is_judged].all()), path, "what is judged needs a test")
    has_reach = table.strip_m.gt(0) | (table.reach != "")
    require(
        bool((has_reach & (table.object_class != ""))[is_object].all()),
        path,
        "an object needs class and reach",
    )
    require(
        bool((table.share_from.between(0, 1) & table.storeys_from.gt(0))[table.test == "storeys"].all()),
        path,
        "prevailing storeys need a share and a number",
    )
    graded = is_judged & table.test.isin(["households", "storeys", "settlement", "object"])
    require(bool((table.grade != "")[graded].all()), path, "a judged row needs a grade")
    classes = table[table.test == "location"].sort_values("location_class")
    require(classes.location_class.tolist() == [1, 2, 3, 4], path, "location classes must be 1 to 4")
    require(classes.at_least.is_monotonic_increasing, path, "households must rise with the location class")
    for rule_id in ("HCA-EDGE", "HCA-MERGE"):
        require(bool(table.strip_m[table.rule_id == rule_id].gt(0).any()), path, f"{rule_id} needs metres")
