"""The linkage model: what is compared, at which levels, and how much each level weighs (Fellegi and Sunter).

The library (splink on DuckDB) does blocking, comparing and weighing; here stand the conditions, and
`comparisons.csv` holds the probabilities, so that two counties and two years are judged alike.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "comparisons.csv"
PRIOR = 0.00005
"""Probability that two records of different lists taken at random are one place: some thousand of 30 million pairs."""
ELSE = "ELSE"
NEAR_HOUSES = 10
_SHARED = "len(list_intersect(grams_l, grams_r))"
_DICE = f"2.0 * {_SHARED} / greatest(len(grams_l) + len(grams_r), 1)"
_SAME_STREET = "street_l = street_r AND (town_l = town_r OR town_l IS NULL OR town_r IS NULL)"
_DISTANCE = "sqrt(power(x_m_l - x_m_r, 2) + power(y_m_l - y_m_r, 2))"
_OTHER_NUMBER = "coalesce(plant_number_l, 1) <> coalesce(plant_number_r, 1)"
"""Two plants of one firm; a firm that numbers none is its first."""
_SAME_PLANT = "plant_l = plant_r AND plant_l <> ''"
_INSIDE = "(length(core_l) >= 3 AND contains(core_r, core_l) OR length(core_r) >= 3 AND contains(core_l, core_r))"

MISSING = {
    "code": "code_l IS NULL OR code_r IS NULL",
    "name": "core_l IS NULL OR core_r IS NULL",
    "address": "(town_l IS NULL AND street_l IS NULL) OR (town_r IS NULL AND street_r IS NULL)",
    "distance": "x_m_l IS NULL OR x_m_r IS NULL OR isnan(x_m_l) OR isnan(x_m_r)",
}
"""Where a comparison says nothing: a value is missing on one side."""
CONDITIONS = {
    ("code", "equal"): "code_l = code_r",
    ("code", "differs"): ELSE,
    ("name", "same"): "core_l = core_r AND plant_l = plant_r",
    ("name", "other_number"): f"core_l = core_r AND {_OTHER_NUMBER}",
    ("name", "same_one_plant"): "core_l = core_r AND (plant_l = '' OR plant_r = '')",
    ("name", "same_other_plant"): "core_l = core_r",
    ("name", "close"): f"({_DICE} >= 0.6 OR {_INSIDE} OR ({_DICE} >= 0.3 AND {_SAME_PLANT})) AND NOT ({_OTHER_NUMBER})",
    ("name", "similar"): f"{_DICE} >= 0.3 AND NOT ({_OTHER_NUMBER})",
    ("name", "differs"): ELSE,
    ("address", "same_door"): f"{_SAME_STREET} AND house_l = house_r AND sub_house_l = sub_house_r",
    ("address", "same_house"): f"{_SAME_STREET} AND list_has_any(houses_l, houses_r)",
    ("address", "near_house"): f"{_SAME_STREET} AND abs(house_l - house_r) <= {NEAR_HOUSES}",
    ("address", "same_street"): _SAME_STREET,
    ("address", "same_village"): "town_l = town_r AND village_l = village_r",
    ("address", "same_town"): "town_l = town_r",
    ("address", "differs"): ELSE,
    **{("distance", f"within_{limit_m}_m"): f"{_DISTANCE} <= {limit_m}" for limit_m in (30, 100, 300, 1000, 3000)},
    ("distance", "beyond"): ELSE,
}
BLOCKING = (
    "l.code = r.code",
    "l.core = r.core",
    "l.street = r.street AND l.house = r.house AND l.town = r.town",
    "substr(l.core, 1, 2) = substr(r.core, 1, 2)",
    "substr(l.core, 2, 3) = substr(r.core, 2, 3) AND l.town = r.town",
)
"""Pairs that are compared at all: 100,000 records a side give some millions of pairs, not 10,000 millions."""
OTHER_LIST = "l.list_id <> r.list_id"


@dataclass(frozen=True)
class Level:
    """One level of a comparison; `m` and `u` are its shares among pairs of one place and of different places."""

    comparison: str
    level: str
    m: float
    u: float
    title_zh: str
    title_en: str


@cache
def levels() -> tuple[Level, ...]:
    """The rows of `comparisons.csv`, best level first within each comparison."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return tuple(Level(**(row | {"m": float(row["m"]), "u": float(row["u"])})) for row in csv.DictReader(lines))


def comparisons() -> dict[str, list[Level]]:
    """Levels by comparison, in the table's order."""
    return {name: list(found) for name, found in itertools.groupby(levels(), key=lambda level: level.comparison)}


def model_version() -> str:
    """Hash of the table and of the code that takes records apart, compares them and bands the pairs."""
    here = Path(__file__).parent
    files = [TABLE, *sorted(here.glob("*.py")), here.parent / "places" / "folding.py", here.parent / "places" / "grammar.py"]
    return hashlib.sha256(b"\x00".join(path.read_bytes() for path in files)).hexdigest()[:16]


def gamma_of(level: Level) -> int:
    """The number that the library gives a level: 0 for the last, counting up to the best."""
    names = [entry.level for entry in comparisons()[level.comparison]]
    return len(names) - 1 - names.index(level.level)


def settings() -> dict[str, Any]:
    """The model as the library takes it."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "probability_two_random_records_match": PRIOR,
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"{rule} AND {OTHER_LIST}", "sql_dialect": "duckdb"} for rule in BLOCKING
        ],
        "comparisons": [_comparison(name, entries) for name, entries in comparisons().items()],
    }


def _comparison(name: str, entries: list[Level]) -> dict[str, Any]:
    missing = {"sql_condition": MISSING[name], "label_for_charts": "missing", "is_null_level": True}
    return {
        "output_column_name": name,
        "comparison_levels": [missing, *(_level(entry) for entry in entries)],
    }


def _level(entry: Level) -> dict[str, Any]:
    return {
        "sql_condition": CONDITIONS[entry.comparison, entry.level],
        "label_for_charts": entry.level,
        "m_probability": entry.m,
        "u_probability": entry.u,
    }
