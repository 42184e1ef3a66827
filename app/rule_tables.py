"""Every rule table of this version, to be read: the numbers behind each check and colour, and how far each was verified."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from app.config import CODE_DIR
from app.errors import MissingError

CHECKS = "check_rules"
FILES = {CHECKS: CODE_DIR / "etl" / "check_rules.csv"}
COLUMNS = CODE_DIR / "app" / "rule_columns.csv"
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
        found.append({"name": name, "n_rows": len(rows), "confidence": marks})
    return found


def table(name: str) -> dict[str, Any]:
    """One table: its columns in their order with titles, and its rows as text; raises `MissingError`."""
    if name not in tables():
        raise MissingError(f"没有规则表 {name[:60]}", f"no rule table {name[:60]}")
    rows = _rows(name)
    columns = list(rows[0]) if rows else []
    titles = column_titles()
    return {"name": name, "columns": columns, "titles": [titles.get(column, {"zh": column, "en": column}) for column in columns], "rows": [list(row.values()) for row in rows],
            "standards": {row["standard_id"]: row for row in _rows("standards")}}


@cache
def column_titles() -> dict[str, dict[str, str]]:
    """What the columns of the rule tables are called in Chinese and English, by name."""
    with COLUMNS.open(encoding="utf-8", newline="") as stream:
        return {row["name"]: {"zh": row["zh"], "en": row["en"]} for row in csv.DictReader(stream)}


def _rows(name: str) -> list[dict[str, str]]:
    with tables()[name].open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
