"""How levels are computed, to be read: the policies that an edition recorded, the rule tables with their clauses, the assumptions.

Every number comes out of a table; what stands here and in ``method_chapters.toml`` are words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from app import queries
from app.config import CODE_DIR
from app.editions import EditionFacts
from app.rule_rows import Shown, shown
from app.rule_tables import column_titles, table, table_title, tables
from app.rule_words import level_words, told
from app.texts import SEPARATOR, DataText, Text
from layers.catalog import LEVELS, read_toml
from layers.scoring.policy import RATED, as_table
from layers.scoring.rule_tables import Standard, not_in_force, table_digests

CHAPTERS = CODE_DIR / "app" / "method_chapters.toml"
TERMS = CODE_DIR / "app" / "policy_terms.csv"
MOST_ROWS_INLINE = 30
"""A longer table is told by its clauses; its rows have a page of their own."""
LEAST_ROWS_FILTERED = 12
"""A table of fewer rows is seen whole and has no box to filter them."""
MOST_NOTES = 2
LEAST_PLAIN = 1e-3
"""Below it a number is written as a power of ten."""
POWER_OF_TEN = re.compile(r"\d+(\.\d+)?[eE]-\d+")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CUT_TABLES = ("index_from", "footprint_from", "risk_from", "town")
"""Parts of a policy that hold lower bounds by level."""
UNTOLD = ("id", "title_zh", "title_en", "source_zh", "source_en", *CUT_TABLES)
NOTHING = DataText("—", "—")
CONFIDENCES = {"high": Text("已核"), "medium": Text("部分核对"), "low": Text("未核"), "": NOTHING}
OWN_POLICY = "project_policy"
OTHER_TABLES = Text("其他规则表")

Row = dict[str, str]


@cache
def _declared() -> list[dict[str, Any]]:
    chapters: list[dict[str, Any]] = read_toml(CHAPTERS)["chapter"]
    return chapters


def table_names() -> dict[str, DataText]:
    """What every rule table is called, by the name of its file; a new one by that name alone."""
    titles = {name: table_title(name) for name in tables()}
    return {name: DataText(title["title_zh"], title["title_en"]) for name, title in titles.items()}


def chapters(facts: EditionFacts) -> list[dict[str, Any]]:
    """The chapters with their tables; tables that no chapter names stand in one at the end."""
    known = table_names()
    named = {name for chapter in _declared() for name in chapter["tables"]}
    made = [{**chapter, "tables": [name for name in chapter["tables"] if name in known]} for chapter in _declared()]
    rest = [name for name in known if name not in named]
    made += [{"id": "rest", **OTHER_TABLES.fields("title"), **DataText("", "").fields("intro"), "tables": rest}] if rest else []
    return [{**chapter, "tables": [rule_table(name, facts, most_rows=MOST_ROWS_INLINE) for name in chapter["tables"]]} for chapter in made]


def rule_table(name: str, facts: EditionFacts, *, most_rows: int | None = None) -> dict[str, Any]:
    """A rule table to be read: whether its rows are shown, or of one with more than `most_rows` its clauses; raises `MissingError`.

    Returns
    -------
    dict
        ``name``, ``title_zh``, ``title_en``, ``n_rows``, ``confidence`` (rows by how far verified), ``is_changed``
        (whether it differs from the one that the edition was computed by; None where that is not recorded),
        ``not_in_force`` (standards that were not in force on the edition's day: number, first and last day),
        ``is_whole`` (its rows are shown, see `shown_rows`), and ``clauses`` where they are not.
    """
    rows = table_rows(name)
    is_short = most_rows is None or len(rows) <= most_rows
    return {
        "name": name, **table_names()[name].fields("title"), "n_rows": len(rows), "confidence": _counted(rows),
        "is_changed": _is_changed(name, facts), "not_in_force": _not_in_force(name, facts), "is_whole": is_short,
        "clauses": [] if is_short else _clauses(rows),
    }  # fmt: skip


def _not_in_force(name: str, facts: EditionFacts) -> list[Standard]:
    """Standards of a table that were not in force on the day that the edition is scored for."""
    on = facts.meta.get("on")
    return list(not_in_force(name, date.fromisoformat(str(on)))) if on else []


def _is_changed(name: str, facts: EditionFacts) -> bool | None:
    recorded = facts.meta.get("rule_tables", {}).get(name)
    return None if recorded is None else recorded != table_digests().get(name)


def _counted(rows: Iterable[Row]) -> dict[str, int]:
    counts = dict.fromkeys(("high", "medium", "low"), 0)
    for row in rows:
        if row.get("confidence") in counts:
            counts[row["confidence"]] += 1
    return {mark: n for mark, n in counts.items() if n}


def _used_columns(rows: list[Row]) -> list[str]:
    """Columns that hold anything."""
    return [name for name in (rows[0] if rows else ()) if any(row[name] for row in rows)]


@cache
def shown_rows(name: str, lang: str) -> Shown:
    """A rule table as it is read in a language: what belongs together in one cell, in words."""
    rows = table_rows(name)
    return shown(name, _used_columns(rows), rows, lang, title=lambda column: column_titles()[column][lang], write=_written)


def cell(column: str, value: str, lang: str) -> str:
    """A value as it is read: codes of closed columns, levels and standards in words, powers of ten raised.

    >>> cell("confidence", "low", "zh"), cell("value", "", "zh"), cell("largest_per_year", "3e-07", "zh")
    ('未核', '—', '3×10⁻⁷')
    """
    return _written(told("", column, value, {})[lang]) or NOTHING[lang]


def _written(value: str) -> str:
    return figure(float(value)) if POWER_OF_TEN.fullmatch(value) else value


def level_word(level: str, lang: str) -> str:
    """Colour and word of a level, as ``红 重大``."""
    return level_words(level)[lang]


@cache
def standards() -> dict[str, Row]:
    """The standards cited, by id."""
    listed: dict[str, Row] = table("standards")["standards"]
    return listed


def _clauses(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows of one standard and clause in one line, in the order in which they first stand."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.get("standard_id", ""), row.get("clause", "")), []).append(row)
    return [
        {"standard_id": standard_id, "clause": clause, "n": len(of_one), "confidence": _counted(of_one)}
        for (standard_id, clause), of_one in found.items()
    ]


def assumptions() -> list[dict[str, Any]]:
    """What is assumed: rules of this project's own, those not verified, those marked as assumptions; one entry a rule."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for name, title in table_names().items():
        for row in table_rows(name):
            if not _is_assumed(row):
                continue
            key = (name, row.get("rule_id", ""), row.get("clause", ""))
            entry = found.setdefault(key, {"table": name, **title.fields("title"), "rule_id": key[1], "clause": key[2],
                                           "n": 0, "source_type": row.get("source_type", ""), "confidence": row.get("confidence", ""), "notes": []})  # fmt: skip
            entry["n"] += 1
            note = row.get("note", "")
            if note and note not in entry["notes"] and len(entry["notes"]) < MOST_NOTES:
                entry["notes"].append(note)
    return list(found.values())


def _is_assumed(row: Row) -> bool:
    return row.get("confidence") == "low" or row.get("source_type") == OWN_POLICY or row.get("is_assumption") == "true"


def table_rows(name: str) -> list[Row]:
    """Rows of a rule table by column."""
    whole = table(name)
    return [dict(zip(whole["columns"], row, strict=True)) for row in whole["rows"]]


def policy_entries(facts: EditionFacts) -> list[dict[str, Any]]:
    """The policies that the edition was scored by, as it recorded them, the one shown on the map first.

    Returns
    -------
    list of dict
        Titles, sources, ``is_shown``; ``cuts``: name of a part and its lower bounds, red to blue (None where it has
        none); ``values``: every other value by the name of its term.
    """
    entries = sorted(facts.policies, key=lambda entry: entry["id"] != facts.policy)
    return [_policy_entry(facts, entry["id"]) for entry in entries]


def _policy_entry(facts: EditionFacts, policy_id: str) -> dict[str, Any]:
    values = as_table(facts.recorded(policy_id))
    cuts = [(name, [_bound(values[name], level) for level in RATED]) for name in CUT_TABLES if values.get(name)]
    parts = {name: value for name, value in values.items() if name not in UNTOLD and value is not None}
    nested = parts.pop("vulnerability", None) or {}
    town = {name: value for name, value in values["town"].items() if name not in RATED and name != "method" and value}
    told = parts | nested | {"town.method": values["town"]["method"]} | town
    return {
        "id": policy_id, "is_shown": policy_id == facts.policy, "title_zh": values["title_zh"], "title_en": values["title_en"],
        "source_zh": values["source_zh"], "source_en": values["source_en"], "values": told,
        "cuts": [(name, bounds) for name, bounds in cuts if any(bounds)],
    }  # fmt: skip


def _bound(cuts: Mapping[str, Any], level: str) -> float | None:
    """A lower bound; a town's table states none of blue, and none at all where it takes the worst."""
    return None if "method" in cuts and not cuts.get(level) else cuts.get(level)


@cache
def terms() -> dict[str, Row]:
    """What the values of a policy are called, by name."""
    with TERMS.open(encoding="utf-8", newline="") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def term(name: str, lang: str) -> str:
    """What a value of a policy is called."""
    return terms().get(name, {}).get(lang, name)


def figure(value: float) -> str:
    """A number as a person writes it: without idle digits, a yearly frequency as a power of ten.

    >>> figure(0.85), figure(1000.0), figure(3e-05), figure(0.0)
    ('0.85', '1000', '3×10⁻⁵', '0')
    """
    if value == 0 or abs(value) >= LEAST_PLAIN:
        return f"{value:g}"
    digits, power = f"{value:e}".split("e")
    return f"{float(digits):g}×10{str(int(power)).translate(RAISED)}"


def policy_value(value: Any, lang: str) -> str:
    """A value of a policy as text: levels, methods and classes in words, lists with commas."""
    if isinstance(value, (list, tuple)):
        return SEPARATOR[lang].join(policy_value(entry, lang) for entry in value)
    if isinstance(value, float):
        return figure(value)
    if value in LEVELS:
        return level_word(str(value), lang)
    if str(value) in table_names():
        return table_names()[str(value)][lang]
    return term(str(value), lang)


def assumed_sources(connection: sa.Connection, facts: EditionFacts) -> list[dict[str, Any]]:
    """Sources by level, worst first: ``level``, ``n``, ``n_assumed``; none where the edition does not say."""
    if "is_assumption" not in facts.columns.get("risk_points", frozenset()):
        return []
    rows = {row.level: row for row in queries.run(connection, "assumed_sources", table=facts.edition.table("risk_points"))}
    return [{"level": level, "n": rows[level].n, "n_assumed": rows[level].n_assumed} for level in LEVELS if level in rows]


def recorded_versions(facts: EditionFacts) -> Mapping[str, Any]:
    """Libraries and code that the edition was computed with."""
    return {"code": str(facts.meta.get("code", ""))[:12], "libraries": facts.meta.get("versions", {})}
