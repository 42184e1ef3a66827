"""属性表: rows, filters, the numbers for the map, and the workbook."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from psycopg2 import sql

from app import styles
from app.attribute_table import Column
from app.expression_sql import condition
from app.queries import Values
from app.row_filters import read_filters
from app.table_workbook import Head, workbook
from layers.catalog import load_catalog


def table(client: FlaskClient, layer: str, **asked: Any) -> dict[str, Any]:
    answer = client.get(f"/api/tables/{layer}", query_string=asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def values(told: dict[str, Any], name: str) -> list[Any]:
    """A column of a table, row by row."""
    at = 3 + [column["name"] for column in told["columns"]].index(name)
    return [row[at] for row in told["rows"]]


def numbers(told: dict[str, Any]) -> list[str]:
    return [row[0] for row in told["rows"]]


def test_rows_carry_level_and_conflicts_and_a_place(client: FlaskClient) -> None:
    told = table(client, "enterprises")
    assert (told["n_total"], told["n_found"], len(told["rows"])) == (3, 3, 3)
    by_id = dict(zip(numbers(told), values(told, "level"), strict=True))
    assert by_id == {"E1": "red", "E2": "unrated", "E/3": None}
    e1 = next(row for row in told["rows"] if row[0] == "E1")
    assert e1[1:3] == [120.1, 30.1]
    assert next(row for row in told["rows"] if row[0] == "E/3")[1:3] == [None, None]
    assert values(table(client, "pipelines"), "n_conflicts") == [1]
    assert values(table(client, "pipelines"), "nearest_conflict_m") == [5.5]


def test_levels_sort_by_danger_and_missing_ones_stand_last(client: FlaskClient) -> None:
    assert numbers(table(client, "enterprises", sort="level")) == ["E1", "E2", "E/3"]
    assert numbers(table(client, "enterprises", sort="level", order="desc")) == ["E2", "E1", "E/3"]


@pytest.mark.parametrize(
    ("flt", "ids"),
    [
        ("enterprises.level:red", ["E1"]),
        ("enterprises.kind:general,mine", ["E/3", "E2"]),
        ("enterprises.name:~50%25", ["E2"]),
        ("enterprises.name:~%25", ["E2"]),
        ("enterprises.n_conflicts:1..", []),
        ("enterprises.kind:general;enterprises.level:unrated", ["E2"]),
        ("pipelines.kind:none", ["E/3", "E1", "E2"]),
    ],
)
def test_filters_leave_what_they_say(client: FlaskClient, flt: str, ids: list[str]) -> None:
    told = table(client, "enterprises", flt=flt)
    assert sorted(numbers(told)) == ids
    assert told["n_found"] == len(ids)
    assert client.get("/api/tables/enterprises/ids", query_string={"flt": flt}).json["ids"] == ids


def test_classes_of_the_legend_filter_the_table_alike(client: FlaskClient) -> None:
    assert values(table(client, "risk_zones", flt="risk_zones.class:1,4"), "level") == ["red", "blue"]
    assert numbers(table(client, "pipelines", flt="pipelines.class:2,3,4")) == []


def test_only_what_is_in_view(client: FlaskClient) -> None:
    told = table(client, "enterprises", bbox="120.09,30.09,120.11,30.105")
    assert (numbers(told), told["n_total"]) == (["E1"], 3)


def test_pages_of_a_table_follow_one_another(client: FlaskClient) -> None:
    pages = [numbers(table(client, "buildings", limit=2, offset=skip)) for skip in (0, 2)]
    assert pages == [["B0", "B1"], ["B2"]]


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "geom"}, {"sort": "name; DROP TABLE x"}, {"order": "down"}, {"bbox": "1,2,3"}, {"bbox": "3,2,1,4"}, {"limit": "501"},
        {"flt": "enterprises.geom:1"}, {"flt": "enterprises.class:99"}, {"flt": "enterprises"}, {"flt": "enterprises.kind:"},
        {"flt": "x.y:z;" * 41}, {"flt": "enterprises.n_conflicts:a..b"}, {"flt": "enterprises.kind:" + "a," * 300},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(client: FlaskClient, asked: dict[str, str]) -> None:
    assert client.get("/api/tables/enterprises", query_string=asked).status_code == 400


def test_layer_without_a_table_is_told(client: FlaskClient) -> None:
    assert client.get("/api/tables/relief").status_code == 404
    assert client.get("/api/tables/nothing").status_code == 404


def test_workbook_says_filter_edition_and_time_and_holds_what_is_filtered(client: FlaskClient) -> None:
    answer = client.get("/api/tables/enterprises/workbook", query_string={"flt": "enterprises.level:red", "lang": "zh"})
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "企业" and "2026Q2" in rows[1][0] and rows[2][0] == "筛选:风险等级 = 重大" and "导出时间" in rows[3][0]
    head = rows.index(next(row for row in rows if row[0] == "编号"))
    assert [row[0] for row in rows[head + 1 :]] == ["E1"]
    level = rows[head].index("风险等级")
    assert rows[head + 1][level] == "重大"


@pytest.mark.parametrize(("lang", "title"), [("zh", "企业"), ("en", "Enterprises")])
def test_workbook_tells_a_layer_by_its_title(lang: str, title: str) -> None:
    table = load_catalog()["distance_violations"]
    column = Column(next(entry for entry in table.fields if entry.name == "subject_layer"), sql.SQL("NULL"))
    titles = {layer.id: layer.title_zh if lang == "zh" else layer.title_en for layer in load_catalog()}
    made = workbook(Head("x", []), [column], [["V1", 120.0, 30.0, "enterprises"]], lang, titles)
    sheet = openpyxl.load_workbook(BytesIO(made)).active
    assert sheet is not None and [cell.value for cell in list(sheet.iter_rows())[-1]] == ["V1", 120.0, 30.0, title]


def test_name_like_a_formula_stays_text_in_the_workbook(client: FlaskClient, database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_1.enterprises SET address = '=1+1' WHERE feature_id = 'E2'"))
    engine.dispose()
    book = openpyxl.load_workbook(BytesIO(client.get("/api/tables/enterprises/workbook").data))
    cells = [cell for row in book.active.iter_rows() for cell in row if cell.value == "=1+1"]  # type: ignore[union-attr]
    assert [cell.data_type for cell in cells] == ["s"]


def test_every_legend_filter_has_its_counterpart_in_sql() -> None:
    filters = [entry["filter"] for layer in load_catalog() for entry in styles.legend(layer) if "filter" in entry]
    assert len(filters) > 50
    for expression in filters:
        columns: list[str] = []
        values = Values()
        condition(expression, lambda name, seen=columns: seen.append(name) or sql.Identifier(name), values)
        assert columns and (values.bound or '"has"' in json.dumps(expression))


def test_filters_are_read_with_their_order_kept() -> None:
    read = read_filters("a.b:1,2;c.d:~x%3By")
    assert [(entry.layer, entry.field, entry.spec) for entry in read] == [("a", "b", "1,2"), ("c", "d", "~x%3By")]


def test_extent_and_row_of_a_feature_are_told_when_asked_for(client: FlaskClient) -> None:
    told = table(client, "enterprises", extent=1, find="E2", sort="level")
    assert told["extent"] == [120.1, 30.1, 120.12, 30.11]
    assert told["found_at"] == 1
    assert table(client, "enterprises", find="E2", flt="enterprises.level:red")["found_at"] is None
    assert table(client, "enterprises", extent=1, flt="enterprises.level:blue")["extent"] is None


def test_presets_name_layers_that_there_are(client: FlaskClient) -> None:
    told = client.get("/api/layers?bg=dark").json
    known = {layer["id"] for layer in told["layers"] if layer["style"]}
    assert [preset["id"] for preset in told["presets"]] == ["four_colours", "pipelines", "siting", "emergency", "blank"]
    assert all(text.partition(":")[0] in known for preset in told["presets"] for text in preset["layers"])
    assert client.get("/api/layers?bg=pink").status_code == 400
