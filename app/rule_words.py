"""What the codes in the rule tables are called: closed words, classes, fields and codes of layers, notes.

The tables keep their codes, which the engine reads; words for people stand in ``rule_words.csv`` and ``rule_notes.csv``,
those of a layer's codes (named in ``rule_codes.csv``) and fields in its ``layer.toml``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from app import styles
from app.config import CODE_DIR
from app.texts import Bilingual, DataText, Text, listed
from layers.catalog import LEVELS, Catalog, load_catalog
from layers.scoring.activities import activities, activity_groups
from layers.scoring.field_words import field_words
from layers.scoring.rule_tables import RULES_DIR

WORDS = CODE_DIR / "app" / "rule_words.csv"
NOTES = CODE_DIR / "app" / "rule_notes.csv"
CODES = CODE_DIR / "app" / "rule_codes.csv"
ANY_TABLE = "*"
ANY_VALUE = "*"
LEVEL_COLUMNS = ("level", "inherent_level", "grade")
FIELD_COLUMNS = ("field", "measure")
"""Columns whose values are names of fields, of the layer that the row names or of one of `FIELD_LAYERS`."""
FIELD_LAYERS = ("enterprises", "protection_targets")
SAME_WORDS = {"beta_source_type": "source_type", "beta_confidence": "confidence"}
TITLED_IN_ROW = {"item": "item", "entry": "title"}
"""Codes whose words stand beside them in their row, in columns ``…_zh`` and ``…_en``."""
LIST_SIGN, LIST_SIGNS = "|", ("|", " ")
CONDITION = re.compile(r"(\w+)(!=|>=|<|=)(.+)")
YES, NO = Text("是"), Text("否")
STATED, NOT_STATED = Text("已注明"), Text("未注明")

Row = Mapping[str, str]


def told(table: str, column: str, value: str, row: Row) -> Bilingual:
    """A value of a rule table in words; a number, a name or an id as it stands, several of them as a list.

    >>> told("accident_rules", "kinds", "hazchem_user|mine", {})["en"]
    'Hazardous chemicals user, Mine'
    """
    column = SAME_WORDS.get(column, column)
    if value and column == "conditions":
        return conditions_in_words(row["layer"], value)
    found = _one(table, column, value, row)
    if found is None:
        sign = next((sign for sign in LIST_SIGNS if sign in value), None)
        parts = [_one(table, column, part, row) for part in value.split(sign)] if sign else []
        found = listed_words([part for part in parts if part]) if parts and all(parts) else None
    return found or listed(value.split(LIST_SIGN))


def _one(table: str, column: str, value: str, row: Row) -> Bilingual | None:
    """The words of a single value, where there are any."""
    if column in TITLED_IN_ROW and (title := TITLED_IN_ROW[column]) + "_zh" in row:
        return DataText(row[f"{title}_zh"], row[f"{title}_en"])
    if column == "note":
        return notes().get(value.strip())
    if column == "standard_id" and value in standard_numbers():
        number = standard_numbers()[value]
        return closed_words().get("number", {}).get(number) or DataText(number, number)
    if column in LEVEL_COLUMNS and value in LEVELS:
        return level_words(value)
    return closed_words().get(column, {}).get(value) or _layer_word(table, column, value, row)


def _layer_word(table: str, column: str, value: str, row: Row) -> Bilingual | None:
    """The words of a layer, of one of its fields or of a code of a field."""
    if column == "layer":
        layer = catalog()[value]
        return DataText(layer.title_zh, layer.title_en)
    if column in FIELD_COLUMNS:
        words = field_words((row["layer"],) if "layer" in row else FIELD_LAYERS, value)
        return DataText(*words) if words != (value, value) else None
    if column == "value" and "field" in row:
        return _code_word(row["layer"], row["field"], value)
    fields = (*code_fields().get((table, column), ()), *code_fields().get((ANY_TABLE, column), ()))
    found = (_code_word(layer, field, value) for layer, field in fields)
    return next((words for words in found if words), None)


def _code_word(layer: str, field: str, value: str) -> Bilingual | None:
    codes = catalog()[layer].field(field).codes
    return next((DataText(code.zh, code.en) for code in codes if code.code == value), None)


def conditions_in_words(layer: str, text: str) -> Bilingual:
    """The conditions of a member of a class, as ``kind=river|reservoir;n_persons>=1000`` states them, in words.

    >>> conditions_in_words("protection_targets", "category=village;n_persons>=1000")["en"]
    'Category: Village; Persons: at least 1000'
    >>> conditions_in_words("roads", "street_class!=*;carriageway_width_m=*")["zh"]
    '城市道路等级: 未注明; 行车道(路面)宽度: 已注明'
    """
    told_each = [_condition(layer, *match.groups()) for match in map(CONDITION.fullmatch, text.split(";")) if match]
    return DataText("; ".join(words["zh"] for words in told_each), "; ".join(words["en"] for words in told_each))


def _condition(layer: str, name: str, sign: str, values: str) -> Bilingual:
    title = closed_words()["field"].get(name) or DataText(*field_words((layer,), name))
    if values == ANY_VALUE:
        return _with_title(title, NOT_STATED if sign == "!=" else STATED)
    words = listed_words([_field_value(layer, name, value) for value in values.split("|")])
    return _with_title(title, {"=": words, "!=": Text("不是{words}", words=words), ">=": Text("不小于{words}", words=words), "<": Text("小于{words}", words=words)}[sign])


def _with_title(title: Bilingual, words: Bilingual) -> Bilingual:
    return DataText(f"{title['zh']}: {words['zh']}", f"{title['en']}: {words['en']}")


def _field_value(layer: str, field: str, value: str) -> Bilingual:
    if value in ("true", "false"):
        return YES if value == "true" else NO
    held = catalog()[layer]
    return (_code_word(layer, field, value) if any(entry.name == field for entry in held.fields) else None) or DataText(value, value)


def listed_words(members: list[Bilingual]) -> Bilingual:
    """Words one after another, with the comma of each language."""
    return DataText(listed(words["zh"] for words in members).zh, listed(words["en"] for words in members).en)


def level_words(level: str) -> Bilingual:
    """Colour and word of a level, as ``红 重大``."""
    words = styles.palette()["level"][level]
    zh, en = (" ".join(dict.fromkeys((words[f"colour_{lang}"], words[lang]))) for lang in ("zh", "en"))
    return DataText(zh, en)


@cache
def catalog() -> Catalog:
    """The layers as they are declared, for the titles of their fields and codes."""
    return load_catalog()


@cache
def closed_words() -> dict[str, dict[str, Bilingual]]:
    """The closed words of columns in both languages: column -> value -> words, with classes, works and kinds of sources."""
    found: dict[str, dict[str, Bilingual]] = {}
    for row in _lines(WORDS):
        found.setdefault(row["column"], {})[row["value"]] = DataText(row["zh"], row["en"])
    classes: dict[str, Bilingual] = {row["class_id"]: DataText(row["title_zh"], row["title_en"]) for row in _lines(RULES_DIR / "feature_classes.csv")}
    sources: dict[str, Bilingual] = {row["source_class"]: DataText(row["title_zh"], row["title_en"]) for row in _lines(RULES_DIR / "policies" / "source_classes.csv")}
    works: dict[str, Bilingual] = {name: DataText(kind.title_zh, kind.title_en) for name, kind in activities().items()}
    groups: dict[str, Bilingual] = {name: DataText(group.title_zh, group.title_en) for name, group in activity_groups().items()}
    return found | {
        "subject_class": classes, "object_class": classes, "class_id": classes, "source_class": sources, "activity": works, "part_of": works,
        "activity_group": groups, "activities": works | found["activities"],
    }  # fmt: skip


@cache
def notes() -> dict[str, Bilingual]:
    """The notes of the rule tables in both languages, by the note as it stands there."""
    return {row["note"]: DataText(row["zh"], row["en"] or row["note"]) for row in _lines(NOTES)}


@cache
def code_fields() -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """Fields of layers whose codes a column of a rule table, or of any, takes: (table, column) -> (layer, field)."""
    found: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for row in _lines(CODES):
        key = (row["table"], row["column"])
        found[key] = (*found.get(key, ()), (row["layer"], row["field"]))
    return found


@cache
def standard_numbers() -> dict[str, str]:
    """Numbers of the standards cited, by id."""
    return {row["standard_id"]: row["number"] for row in _lines(RULES_DIR / "standards.csv")}


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
