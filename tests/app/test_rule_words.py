"""Every rule table in words: no code and no foreign word in a cell, and nothing of a table lost on the way to its page."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from app import method
from app.rule_rows import cell_titles
from app.rule_tables import column_titles, table, tables
from app.rule_words import closed_words, notes, told

LANGUAGES = ("zh", "en")
CODE = re.compile(r"(?<![\w./])[A-Za-z0-9]+_[A-Za-z0-9_]+")
ENGLISH = re.compile(r"(?<![\w./-])[A-Za-z]*[a-z]{3,}(?![\w/-]|\.[a-z])")
CHINESE = re.compile(r"[\u3400-\u9fff]")
IDS = ("rule_id", "cas", "surrogate_cas", "unit")
"""Numbers of rules and chemicals, and units, which are the same everywhere."""
SEARCHED = ("aliases", "not_names", "words", "pattern", "word")
"""Words that are looked for in what offices deliver, in the language in which they stand there."""
CITED = ("clause", "beta_clause", "standard_id", "number", "verified")
"""Clauses and standards by the words of the law; files and addresses at which they were read."""
KEPT = {*IDS, *SEARCHED, *CITED}
KEPT_IN = {"taiwan_industry_2026A": ("value",), "standards": ("title_zh",)}
"""Words looked for in names of trades; titles of foreign works."""
PEOPLE_AND_FUNCTIONS = {"sqrt", "max", "exp", "Gexcon", "Alonso", "van", "den", "Berg", "Eisenberg", "Tsao", "Perry", "Lees", "www"}
"""What a Chinese page writes in Latin letters too: authors, functions of formulas."""


def kept(name: str, column: str) -> bool:
    return column in KEPT or column in KEPT_IN.get(name, ())


def values(row: dict[str, str], lang: str) -> list[tuple[str, str, dict[str, str]]]:
    """Column, value and row of whatever a row holds, but for columns of the other language."""
    other = {"zh": "_en", "en": "_zh"}[lang]
    return [(column, value, row) for column, value in row.items() if value and not (column.endswith(other) and column[:-3] + f"_{lang}" in row)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", tables())
def test_every_cell_is_told_in_words_of_the_page(name: str, lang: str) -> None:
    faults = set()
    for column, value, row in (found for each in method.table_rows(name) for found in values(each, lang)):
        if kept(name, column):
            continue
        words = told(name, column, value, row)[lang]
        foreign = [word for word in ENGLISH.findall(words) if word not in PEOPLE_AND_FUNCTIONS] if lang == "zh" else CHINESE.findall(words)
        if CODE.search(words) or foreign:
            faults.add((column, value, words))
    assert not faults, f"{len(faults)} cells of {name} without words: {sorted(faults)[:20]}"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", tables())
def test_page_shows_no_code_and_marks_what_stays_chinese(name: str, lang: str) -> None:
    table_shown = method.shown_rows(name, lang)
    for row in table_shown.rows:
        for column, lines in zip(table_shown.columns, row, strict=True):
            is_kept = any(kept(name, each) for each in column.columns)
            for line in lines:
                assert is_kept or not CODE.search(line.text), (name, column.name, line)
                assert (line.lang == "zh-CN") == (lang == "en" and CHINESE.search(line.text) is not None), (name, line)
                assert is_kept or not line.lang, (name, column.name, line)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", tables())
def test_nothing_of_a_table_is_lost_on_its_page(name: str, lang: str) -> None:
    page = method.shown_rows(name, lang)
    rows = method.table_rows(name)
    at = {each: position for position, column in enumerate(page.columns) for each in column.columns}
    assert len(page.rows) == len(rows)
    for row, cells in zip(rows, page.rows, strict=True):
        for column, value, _ in values(row, lang):
            text = "\n".join(line.text for line in cells[at[column]])
            words = method.cell("", told(name, column, value, row)[lang], lang)
            assert re.search(rf"(?<![\d.]){re.escape(words)}(?!\d|\.\d)", text), (name, row, column, words, text)


def test_api_keeps_the_values_as_they_stand_in_the_file() -> None:
    given = table("separation_distances")
    at = {column: given["columns"].index(column) for column in ("rule_id", "measured_from", "activities", "kind")}
    row = next(row for row in given["rows"] if row[at["rule_id"]] == "PIPE-L30-1")
    assert [row[at[column]] for column in ("measured_from", "activities", "kind")] == ["centreline_each_side", "deep_rooted_planting", "prohibited"]
    assert given["words"]["measured_from"]["centreline_each_side"] == {"zh": "管道中心线,两侧各计", "en": "Centreline of the pipe, to each side"}


def test_words_and_notes_are_those_that_the_tables_use() -> None:
    held: dict[str, set[str]] = {}
    for name in tables():
        for row in method.table_rows(name):
            for column, value in row.items():
                held.setdefault(column, set()).update({value, value.strip(), *value.split("|"), *value.split(" ")})
    for column, value in (("source_type", "beta_source_type"), ("confidence", "beta_confidence")):
        held[column] |= held[value]
    held["field"] |= {name for text in held["conditions"] for name in re.findall(r"\w+", text)}
    assert set(notes()) - held["note"] == set()
    written = {column: set(words) for column, words in closed_words().items() if column not in ("subject_class", "object_class", "class_id", "source_class", "activity", "part_of", "activity_group", "activities")}
    assert {(column, value) for column, known in written.items() for value in known - held[column]} == set()


def test_bounds_of_volume_are_told_as_the_engine_takes_them() -> None:
    rows = method.table_rows("separation_distances")
    page = method.shown_rows("separation_distances", "zh")
    conditions = [column.name for column in page.columns].index("conditions")
    told_of = {row["rule_id"]: [line.text for line in cells[conditions]] for row, cells in zip(rows, page.rows, strict=True)}
    liquid = next(row for row in rows if row["item_group"] == "class_A_B_liquid" and row["volume_m3_above"] == "50")
    gas = next(row for row in rows if row["subject_class"] == "lpg_tank" and row["volume_m3_above"] == "50")
    assert "容积不小于 50、小于 200 立方米" in told_of[liquid["rule_id"]]
    assert "容积大于 50、不大于 200 立方米" in told_of[gas["rule_id"]]


def test_what_is_missing_is_told_of_assessed_rules_as_a_case_and_of_others_as_the_reason() -> None:
    page = method.shown_rows("separation_distances", "en")
    notes_of = {cells[0][0].text: [line.text for line in cells[-1]] for cells in page.rows}
    assert "Not judged while: no layer of gates and exits" in notes_of["FS-EXIT"]
    assert "Why not assessed: answered by the fire cover" in notes_of["FS-5MIN"]


@pytest.mark.parametrize("name", tables())
def test_table_has_few_columns_and_every_cell_a_title(name: str) -> None:
    page = method.shown_rows(name, "en")
    assert len(page.columns) <= (9 if name == "separation_distances" else 10)
    for column in page.columns:
        assert column.name in (cell_titles() if len(column.columns) > 1 else {*cell_titles(), *column_titles()})
    repeated = Counter(column.title for column in page.columns)
    assert max(repeated.values()) == 1, repeated
