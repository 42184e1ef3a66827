"""Every rule table of this version, to be read: the numbers behind each check and colour, and how far each was verified."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from app.config import CODE_DIR
from app.errors import MissingError
from app.rule_words import told
from app.texts import Text
from layers.scoring.rules import read_rules
from layers.scoring.rules.unassessed import unassessed_words

CHECKS = "check_rules"
FILES = {CHECKS: CODE_DIR / "etl" / "check_rules.csv"}
COLUMNS = CODE_DIR / "app" / "rule_columns.csv"
TITLES = CODE_DIR / "app" / "rule_table_titles.csv"
RULES_DIR = CODE_DIR / "layers" / "scoring" / "rules"


@cache
def tables() -> dict[str, Path]:
    """File of each rule table by its name, those of the checks first."""
    return FILES | {path.stem: path for path in sorted(RULES_DIR.rglob("*.csv"), key=lambda path: path.stem)}


def table_list() -> list[dict[str, Any]]:
    """Every table with its number of rows, and of those that say how far they were verified."""
    found = []
    for name in tables():
        rows = _rows(name)
        marks: dict[str, int] = {}
        for row in rows:
            if row.get("confidence"):
                marks[row["confidence"]] = marks.get(row["confidence"], 0) + 1
        found.append({"name": name, **table_title(name), "n_rows": len(rows), "confidence": marks})
    return found


def table(name: str) -> dict[str, Any]:
    """One table: its columns in their order with titles, and its rows as text; raises `MissingError`."""
    if name not in tables():
        raise MissingError(Text("没有规则表 {name}", name=name[:60]))
    rows = _rows(name)
    columns = list(rows[0]) if rows else []
    titles = column_titles()
    return {"name": name, **table_title(name), "words": words_of_table(name), "columns": columns, "titles": [titles.get(column, {"zh": column, "en": column}) for column in columns], "rows": [list(row.values()) for row in rows],
            "standards": {row["standard_id"]: row for row in _rows("standards")}}


@cache
def column_titles() -> dict[str, dict[str, str]]:
    """What the columns of the rule tables are called in Chinese and English, by name."""
    return {row["name"]: {"zh": row["zh"], "en": row["en"]} for row in _lines(COLUMNS)}


@cache
def table_titles() -> dict[str, dict[str, str]]:
    """What the rule tables are called in Chinese and English, by name."""
    return {row["name"]: {"title_zh": row["zh"], "title_en": row["en"]} for row in _lines(TITLES)}


@cache
def words_of_table(name: str) -> dict[str, dict[str, dict[str, str]]]:
    """What the values of a table are called in Chinese and English: column -> value -> words, without those that say it themselves."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in _rows(name):
        for column, value in row.items():
            words = told(name, column, value, row) if value else None
            if words and (words["zh"], words["en"]) != (value, value):
                found.setdefault(column, {})[value] = {"zh": words["zh"], "en": words["en"]}
    return found


def table_title(name: str) -> dict[str, str]:
    """What a rule table is called in Chinese and English; one without a title by the name of its file."""
    return table_titles().get(name, {"title_zh": name, "title_en": name})


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _rows(name: str) -> list[dict[str, str]]:
    rows = _lines(tables()[name])
    return [row | _missing_in_words(row) for row in rows] if rows and "unassessed_zh" in rows[0] else rows


def _missing_in_words(row: dict[str, str]) -> dict[str, str]:
    """What a rule lacks, as answers tell it."""
    zh, en = missing_words()[row["rule_id"]]
    return {"unassessed_zh": zh, "unassessed_en": en}


@cache
def missing_words() -> dict[str, tuple[str, str]]:
    """Why each distance rule is not assessed, or what it needs, in Chinese and English, by the rule."""
    rules = read_rules()
    return {rule.rule_id: unassessed_words(rule, rules) for rule in rules.rules}
