"""The pages to read: what /method and /help say comes out of the tables and the edition."""

from __future__ import annotations

import dataclasses
import html
import json
import re

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from app import method, styles
from app.pinned import pinned_edition
from app.rule_commands import rules_command
from app.rule_tables import table, tables
from app.rule_words import closed_words
from layers.catalog import LEVELS
from layers.scoring.policy import as_table, load_policy, policies
from layers.scoring.rule_tables import table_digests

CHINESE = re.compile(r"[\u3400-\u9fff]")
OF_ONE_LANGUAGE = re.compile(r'<(td|th|span|a|abbr)[^>]*lang="zh-CN"[^>]*>.*?</\1>', re.DOTALL)


def words(page: str) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", ["/method", "/method/separation_distances", "/help"])
def test_pages_stand_in_the_frame_in_both_languages(client: FlaskClient, path: str, lang: str) -> None:
    answer = client.get(path, query_string={"lang": lang})
    assert answer.status_code == 200
    assert f'lang="{"en" if lang == "en" else "zh-CN"}"' in answer.text and 'id="workspaces"' in answer.text
    assert "<style" not in answer.text and " style=" not in answer.text
    assert answer.headers["Cache-Control"] == "no-cache"


def test_every_rule_table_stands_on_the_page_once(client: FlaskClient) -> None:
    told = re.findall(r'id="table-(\w+)"', client.get("/method").text)
    assert sorted(told) == sorted(tables())


def test_bounds_are_those_that_the_edition_recorded(server: Flask) -> None:
    policy = load_policy("weighted_index_2026A")
    assert policy.index_from is not None
    other = dataclasses.replace(policy, index_from=dataclasses.replace(policy.index_from, red=77.5))
    with server.test_request_context("/method"), pinned_edition() as pinned:
        recorded = [{**entry, "table": as_table(other)} if entry["id"] == policy.id else entry for entry in pinned.facts.policies]
        facts = dataclasses.replace(pinned.facts, meta=pinned.facts.meta | {"policies": recorded})
        shown = method.policy_entries(facts)[0]
    assert shown["is_shown"] and dict(shown["cuts"])["index_from"] == [77.5, *list(policy.index_from)[1:]]


def test_page_shows_the_bounds_of_the_policy(client: FlaskClient) -> None:
    policy = load_policy("weighted_index_2026A")
    assert policy.index_from is not None
    row = re.search(r"<tr><th scope=\"row\">Index of a cell from</th>(.*?)</tr>", client.get("/method?lang=en").text)
    assert row and re.findall(r"<td>([\d.]+)</td>", row[1]) == [f"{value:g}" for value in policy.index_from]


def test_page_writes_frequencies_and_the_date_as_people_do(client: FlaskClient) -> None:
    en, zh = (words(client.get(f"/method?lang={lang}").text) for lang in ("en", "zh"))
    assert "3×10⁻⁵" in zh and re.search(r"\de-0\d", zh) is None
    assert re.search(r"data as of \d{1,2} [A-Z][a-z]{2} \d{4}", en) and re.search(r"资料截至 \d{4}-\d\d-\d\d", zh)


def test_every_value_of_every_policy_has_a_name() -> None:
    for policy_id in policies():
        values = as_table(load_policy(policy_id))
        names = {name for name in values if name not in method.UNTOLD} | {name for name in method.CUT_TABLES if values.get(name)}
        names |= set(values.get("vulnerability") or ()) | {name for name in values["town"] if name not in (*LEVELS, "method")}
        assert names | {values["method"], values["town"]["method"]} <= method.terms().keys()


def test_a_table_changed_since_the_edition_is_told(server: Flask) -> None:
    with server.test_request_context("/method"), pinned_edition() as pinned:
        told = {}
        for digest in (None, table_digests()["trenches"], "0" * 64):
            meta = {name: value for name, value in pinned.facts.meta.items() if name != "rule_tables"}
            facts = dataclasses.replace(pinned.facts, meta=meta | ({"rule_tables": {"trenches": digest}} if digest else {}))
            told[digest] = method.rule_table("trenches", facts)["is_changed"]
    assert list(told.values()) == [None, False, True]


def test_edition_without_a_record_of_its_tables_says_so(client: FlaskClient) -> None:
    assert "did not record its rule tables" in client.get("/method?lang=en").text


def test_assumptions_are_named_with_clause_and_reason(client: FlaskClient) -> None:
    found = {(entry["table"], entry["rule_id"]) for entry in method.assumptions()}
    for name in tables():
        for row in method.table_rows(name):
            is_own = row.get("source_type") == "project_policy" or row.get("confidence") == "low" or row.get("is_assumption") == "true"
            assert ((name, row.get("rule_id", "")) in found) >= is_own, (name, row)
    assert "TRENCH-ONCE" in words(client.get("/method").text).split("假定的规则")[-1]


def test_sources_that_rest_on_assumptions_are_counted(client: FlaskClient) -> None:
    page = client.get("/method?lang=en").text
    rows = re.findall(r'<tr><th scope="row">(Red Major|Not rated)</th><td>(\d+)</td><td>(\d+)</td></tr>', page)
    assert rows == [("Red Major", "1", "0"), ("Not rated", "1", "0")]


def test_long_table_is_told_by_clauses_and_has_a_page_of_its_own(client: FlaskClient) -> None:
    n_rows = len(table("separation_distances")["rows"])
    assert f"/method/separation_distances?ed=2026Q2\">All {n_rows} rows" in client.get("/method?lang=en&ed=2026Q2").text
    assert client.get("/method/separation_distances").text.count("<tr>") == n_rows + 1


def test_rules_that_are_not_assessed_are_listed_with_reason_and_clause_and_counted_alike_by_the_command(client: FlaskClient) -> None:
    counted = json.loads(CliRunner().invoke(rules_command, ["--json"]).stdout)
    page = words(client.get("/method?lang=en").text)
    assert f"{counted['n_unassessed_with_metres']} rules of the standards give metres" in page
    assert all(name in page for entry in counted["unassessed_with_metres"] for name in (entry["reason_en"], *entry["rule_ids"]))
    assert sum(counted["statuses"].values()) == counted["n_rules"]
    told = {entry["reason_en"] for entry in counted["assessed_where_data_state"]}
    assert "buildings do not state “Has a dormitory”" in told, sorted(told)
    assert all(name in page for name in told) and "has_dormitory" not in page


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_rule_table_tells_missing_data_in_words(client: FlaskClient, lang: str) -> None:
    page = client.get(f"/method/separation_distances?lang={lang}").text
    shown = table("separation_distances")
    column = shown["columns"].index(f"unassessed_{lang}")
    told = {row[column] for row in shown["rows"] if row[column]}
    assert told and all(html.escape(name, quote=False) in page for name in told)
    assert not [name for name in told if re.search(r"[a-z0-9]+_[a-z0-9]+", name)]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_rule_table_tells_kinds_states_and_classes_in_words(client: FlaskClient, lang: str) -> None:
    page = words(client.get(f"/method/separation_distances?lang={lang}").text)
    for column in ("kind", "status", "subject_class", "object_class"):
        used = {row[column] for row in method.table_rows("separation_distances")}
        assert all(closed_words()[column][value][lang] in page for value in used), column
        assert not [value for value in used if "_" in value and re.search(rf"(?<![\w-]){value}(?![\w-])", page)], column


def test_box_to_filter_rows_stands_over_long_tables_only(client: FlaskClient) -> None:
    assert 'id="row-filter"' in client.get("/method/separation_distances").text
    assert 'id="row-filter"' not in client.get("/method/trenches").text + client.get("/method").text


@pytest.mark.parametrize("name", tables())
def test_english_table_marks_what_stays_chinese(client: FlaskClient, name: str) -> None:
    page = client.get(f"/method/{name}?lang=en").text
    body = page[page.index("<tbody>"): page.index("</tbody>")]
    marked = re.sub(r'<(p|span) lang="zh-CN">.*?</\1>', "", body, flags=re.DOTALL)
    assert CHINESE.search(words(re.sub(r'title="[^"]*"', "", marked))) is None


def test_table_that_is_none_is_refused(client: FlaskClient) -> None:
    assert client.get("/method/passwords").status_code == 404
    assert client.get("/method/..%2f..%2fconfig").status_code == 404


def test_english_method_has_chinese_only_where_it_is_marked(client: FlaskClient) -> None:
    page = client.get("/method?lang=en").text
    own = page[page.index('id="policies"'): page.index('id="levels"')]
    assert CHINESE.search(words(OF_ONE_LANGUAGE.sub("", own))) is None


def test_help_names_the_five_levels_and_the_five_kinds_of_nothing(client: FlaskClient) -> None:
    zh, en = client.get("/help?lang=zh").text, client.get("/help?lang=en").text
    for level in styles.levels():
        assert level["zh"] in words(zh) and level["en"] in words(en)
    assert re.findall(r'class="state state-([\w-]+)"', zh) == ["no-rule", "no-data", "zero", "no-permission", "part-failed"]
    assert CHINESE.search(words(en.split("</header>")[1].split("<noscript>")[0])) is None
