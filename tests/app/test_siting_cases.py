"""Siting cases: sites of several parts, drafts, alternatives, shifts, the letter, and where a project could go."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pypdf
import pytest
import shapely
import sqlalchemy as sa
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from PIL import Image

from app.rechecks import judge_waiting
from tests.app.test_site_checks import (
    BESIDE_PIPELINE,
    CROSSING,
    ON_PIPELINE,
    SCHOOL,
    square,
)

CHINESE = re.compile(r"[\u3400-\u9fff]")
FAR = square(120.03, 30.15)
TANK = {"geometry": square(120.16, 30.16), "project_type": "hazchem", "chemicals": [{"chemical": "甲醇", "amount_t": 200}], "installation": "storage_tank"}


def asked(client: FlaskClient, *sent: dict[str, Any], **more: Any) -> Any:
    return client.post("/api/site-checks", json={"parts": list(sent), **more})


def part(geometry: Any, kind: str = "industrial", **more: Any) -> dict[str, Any]:
    return {"geometry": geometry, "project_type": kind, **more}


def test_worst_part_decides_and_each_has_a_verdict_of_its_own(client: FlaskClient) -> None:
    told = asked(client, part(FAR, n_persons=20), part(ON_PIPELINE, "residential", n_persons=200)).json
    assert told["verdict"]["id"] == told["parts"][1]["verdict"]["id"] == "not_met"
    assert told["parts"][0]["verdict"]["rank"] > 1
    assert {reason["part"] for reason in told["reasons"] if reason["gravity"] == 1} == {1}
    assert 0 < told["parts"][1]["share_of_area"] < 1
    gravities = [reason["gravity"] for reason in told["reasons"]]
    assert gravities == sorted(gravities)


def test_site_of_one_part_is_answered_alike_with_and_without_the_list(client: FlaskClient) -> None:
    plain = client.post("/api/site-checks", json={"geometry": ON_PIPELINE, "project_type": SCHOOL, "n_persons": 10}).json
    listed = asked(client, part(ON_PIPELINE, SCHOOL, n_persons=10)).json
    assert {**plain, "ref": ""} == {**listed, "ref": ""}


def test_dangerous_part_says_what_it_endangers_and_stands_beside_the_others(client: FlaskClient) -> None:
    told = asked(client, TANK, part(square(120.162, 30.16), "residential", n_persons=90)).json
    assert told["endangers"]["sources"]
    assert "项目各部分之间的距离未作判断" in {reason["title_zh"] for reason in told["reasons"]}
    assert told["verdict"]["rank"] <= 2


def test_dangerous_project_without_amounts_is_not_judged(client: FlaskClient) -> None:
    told = asked(client, part(FAR, "hazchem")).json
    assert "未填写危险化学品和最大储量" in {reason["title_zh"] for reason in told["reasons"]}
    assert told["verdict"]["rank"] <= 2


def test_coordinates_of_a_shifted_grid_are_turned_back(client: FlaskClient) -> None:
    plain, shifted = (asked(client, part(BESIDE_PIPELINE), **more).json for more in ({}, {"crs": "GCJ-02"}))
    distances = [[reason["actual_m"] for reason in told["reasons"] if reason["object"] and reason["object"]["id"] == "P1"] for told in (plain, shifted)]
    assert distances[0] != distances[1]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"parts": []}, "parts"), ({"parts": [part(FAR)] * 21}, "parts"), ({"parts": "x"}, "parts"), ({"parts": [1]}, "parts.0"),
        ({"parts": [part(FAR), part(CROSSING)]}, "parts.1.geometry"), ({"parts": [part(square(121.0, 30.1))]}, "parts.0.geometry"),
        ({"parts": [{"geometry": FAR}]}, "parts.0.project_type"), ({"parts": [part(FAR, "castle")]}, "parts.0.project_type"),
        ({"parts": [part(FAR, colour=1)]}, "parts.0.colour"), ({"parts": [part(FAR, n_persons=-1)]}, "parts.0.n_persons"),
        ({"parts": [part(FAR, height_m=-1)]}, "parts.0.height_m"), ({"parts": [part(FAR, height_m="x")]}, "parts.0.height_m"),
        ({"parts": [part(FAR, installation="storage_tank")]}, "parts.0.installation"),
        ({"parts": [part(FAR, chemicals=[{"chemical": "氯", "amount_t": 1}])]}, "parts.0.chemicals"),
        ({"parts": [part(FAR, "hazchem", chemicals=[{"chemical": "魔法水", "amount_t": 1}])]}, "parts.0.chemicals.0.chemical"),
        ({"parts": [part(FAR, "hazchem", chemicals=[{"chemical": "氯", "amount_t": -1}])]}, "parts.0.chemicals.0.amount_t"),
        ({"parts": [part(FAR, "hazchem", chemicals=[{"chemical": "氯"}])]}, "parts.0.chemicals.0"),
        ({"parts": [part(FAR, "hazchem", installation="castle")]}, "parts.0.installation"),
        ({"parts": [part({"type": "Polygon", "coordinates": []})]}, "parts.0.geometry.coordinates"),
        ({"parts": [part({"type": "LineString", "coordinates": [[120, 30], [121, 30]]})]}, "parts.0.geometry.type"),
        ({"parts": [part({"type": "Point", "coordinates": [500000.0, 3300000.0]})]}, "parts.0.geometry.coordinates"),
        ({"parts": [part({"type": "Point", "coordinates": [*FAR["coordinates"][0][0], 12.5]})]}, "parts.0.geometry.coordinates"),
        ({"parts": [part(FAR)], "crs": "EPSG:9999"}, "crs"), ({"parts": [part(FAR)], "crs": 1}, "crs"),
        ({"parts": [part(FAR)], "geometry": FAR}, "geometry"), ({"parts": [part(FAR)], "construction": "later"}, "construction"),
        ({"parts": [part(FAR)], "construction": "temporary"}, "starts_on"),
        ({"parts": [part(FAR)], "construction": "temporary", "starts_on": "2026-01-02"}, "ends_on"),
        ({"parts": [part(FAR)], "construction": "temporary", "starts_on": "2026-01-02", "ends_on": "2026-01-01"}, "ends_on"),
        ({"parts": [part(FAR)], "starts_on": "x"}, "starts_on"), ({"parts": [part(FAR)], "note": "x" * 1001}, "note"),
        ({"parts": [part(FAR)], "applicant": 5}, "applicant"),
    ],
)  # fmt: skip
def test_wrong_part_names_its_field_and_keeps_nothing(client: FlaskClient, engine: sa.Engine, changes: dict[str, Any], field: str) -> None:
    def n_cases() -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM ops.cases").scalar_one())

    before = n_cases()
    answer = client.post("/api/site-checks", json=changes)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert answer.json["error"]["message_zh"] and n_cases() == before


def test_draft_keeps_its_number_when_it_is_judged(client: FlaskClient) -> None:
    ref = client.post("/api/site-drafts", json={"form": {"name": "二小"}}).json["ref"]
    saved = client.put(f"/api/site-drafts/{ref}", json={"form": {"name": "第二小学"}}).json
    assert (saved["ref"], saved["form"], saved["is_judged"]) == (ref, {"name": "第二小学"}, False)
    listed = client.get("/api/site-checks").json
    assert ref in {entry["ref"] for entry in listed["drafts"]}
    assert client.get(f"/api/site-checks/{ref}?draft=1").json["draft"]["form"] == {"name": "第二小学"}
    assert client.get(f"/api/site-checks/{ref}").status_code == client.get("/api/site-checks/S2000-0001?draft=1").status_code == 404
    assert asked(client, part(FAR, SCHOOL), draft=ref).json["ref"] == ref
    assert client.get(f"/api/site-checks/{ref}?draft=1").json["ref"] == ref
    listed = client.get("/api/site-checks").json
    assert ref not in {entry["ref"] for entry in listed["drafts"]} and ref in {entry["ref"] for entry in listed["cases"]}
    assert client.put(f"/api/site-drafts/{ref}", json={"form": {}}).status_code == 409
    assert asked(client, part(FAR), draft=ref).status_code == 409
    assert client.delete(f"/api/site-drafts/{ref}").status_code == 404


def test_draft_that_another_judged_meanwhile_is_not_judged_twice(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ref = client.post("/api/site-drafts", json={"form": {"name": "二小"}}).json["ref"]
    assert asked(client, part(FAR, SCHOOL), draft=ref).status_code == 200
    before = client.get(f"/api/site-checks/{ref}").json
    monkeypatch.setattr("app.views.sites._require_open", lambda *_: None)  # the other answer was kept after this question
    again = asked(client, part(ON_PIPELINE), draft=ref)
    assert (again.status_code, again.json["error"]["message_zh"]) == (409, "案件已有结论,请复制为新方案")
    assert client.get(f"/api/site-checks/{ref}").json == before


def test_copy_of_a_case_is_its_alternative(client: FlaskClient) -> None:
    first = asked(client, part(FAR)).json["ref"]
    second = client.post("/api/site-drafts", json={"form": {}, "copied_from": first}).json["ref"]
    asked(client, part(ON_PIPELINE), draft=second)
    third = client.post("/api/site-drafts", json={"copied_from": second}).json
    assert third["copied_from"] == first
    assert client.get(f"/api/site-checks/{second}").json["alternatives"] == sorted([first, second, third["ref"]])


@pytest.mark.parametrize(("body", "field"), [({"form": []}, "form"), ({"form": {"a": "\u0000"}}, "form"), ({"colour": 1}, "colour")])
def test_wrong_draft_is_refused(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/api/site-drafts", data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_unknown_draft_is_not_found(client: FlaskClient) -> None:
    for method in ("get", "delete"):
        assert getattr(client, method)("/api/site-drafts/S1999-0001").status_code == 404
    assert client.post("/api/site-drafts", json={"copied_from": "S1999-0001"}).status_code == 404


def test_cases_are_judged_again_in_one_go_and_say_whose_outcome_changed(client: FlaskClient, engine: sa.Engine) -> None:
    same, other = (asked(client, part(ON_PIPELINE)).json["ref"] for _ in range(2))
    with engine.begin() as connection:  # as if they had been judged before the edition that is served
        connection.execute(sa.text("UPDATE ops.cases SET edition = 0, answer = jsonb_set(answer, '{edition}', '0') WHERE ref IN (:a, :b)"), {"a": same, "b": other})
        connection.execute(sa.text("UPDATE ops.cases SET answer = jsonb_set(answer, '{verdict,id}', '\"permit\"') WHERE ref = :b"), {"b": other})
    assert client.get("/api/site-checks").json["n_stale"] == 2
    told = client.post("/api/site-checks/recheck").json
    assert (told["n_checked"], told["n_left"], told["changed"]) == (2, 0, [other])
    listed = {entry["ref"]: entry for entry in client.get("/api/site-checks").json["cases"]}
    assert (listed[same]["has_changed"], listed[other]["has_changed"]) == (False, True)
    assert client.get("/api/site-checks").json["n_stale"] == 0


def test_cases_and_notices_are_judged_by_a_later_edition_though_nobody_asks(client: FlaskClient, server: Flask, engine: sa.Engine) -> None:
    ref = asked(client, part(ON_PIPELINE)).json["ref"]
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.cases SET edition = 0, answer = jsonb_set(jsonb_set(answer, '{edition}', '0'), '{verdict,id}', '\"permit\"') WHERE ref = :ref"), {"ref": ref})
    with server.test_request_context():
        assert ref in judge_waiting()
        assert judge_waiting() == []
    listed = {entry["ref"]: entry for entry in client.get("/api/site-checks").json["cases"]}
    assert listed[ref]["has_changed"] and client.get("/api/site-checks").json["n_stale"] == 0


def test_changed_outcome_is_told_by_every_later_edition_until_it_is_the_first_again(client: FlaskClient, server: Flask, engine: sa.Engine) -> None:
    """Against the answer that was given, not that of the edition before: the badge stays where nothing changes any more."""
    changed, back = (asked(client, part(ON_PIPELINE)).json["ref"] for _ in range(2))
    with engine.begin() as connection:  # kept by edition -1, judged by edition 0: one as now, the other as now at first alone
        connection.execute(sa.text(
            "INSERT INTO ops.case_checks (ref, edition, answer, has_changed) SELECT ref, 0, CASE ref WHEN :b THEN "
            "jsonb_set(answer, '{verdict,id}', '\"permit\"') ELSE answer END, true FROM ops.cases WHERE ref IN (:a, :b)"
        ), {"a": changed, "b": back})  # fmt: skip
        connection.execute(sa.text("UPDATE ops.cases SET edition = -1, answer = jsonb_set(answer, '{edition}', '-1') WHERE ref IN (:a, :b)"), {"a": changed, "b": back})
        connection.execute(sa.text("UPDATE ops.cases SET answer = jsonb_set(answer, '{verdict,id}', '\"permit\"') WHERE ref = :a"), {"a": changed})
    with server.test_request_context():
        assert set(judge_waiting()) == {changed, back}
    listed = {entry["ref"]: entry for entry in client.get("/api/site-checks").json["cases"]}
    assert (listed[changed]["has_changed"], listed[back]["has_changed"]) == (True, False)


def test_cases_wait_where_people_see_different_things(client: FlaskClient, server: Flask, engine: sa.Engine) -> None:
    ref = asked(client, part(ON_PIPELINE)).json["ref"]
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.cases SET edition = 0, answer = jsonb_set(answer, '{edition}', '0') WHERE ref = :ref"), {"ref": ref})
    before, server.config["ROLE_HEADER"] = server.config["ROLE_HEADER"], "X-Role"
    with server.test_request_context():
        assert judge_waiting() == []
        server.config["ROLE_HEADER"] = before
        assert ref in judge_waiting()


def test_shift_takes_the_ban_away_when_the_site_is_checked_there(client: FlaskClient) -> None:
    ref = asked(client, part(square(120.03, 30.05002), n_persons=10)).json["ref"]
    told = client.get(f"/api/site-checks/{ref}/shifts").json
    ban = next(entry for entry in told["shifts"] if entry["rule_id"] == "PIPE-L30-3")
    assert 2 < ban["shift"]["metres"] < 6 and (ban["shift"]["bearing_deg"] < 2 or ban["shift"]["bearing_deg"] > 358)
    there = asked(client, part(ban["shift"]["parts"][0], n_persons=10)).json
    assert "PIPE-L30-3" not in {reason["rule_id"] for reason in there["reasons"]}
    assert told["together"]["metres"] > ban["shift"]["metres"]
    clear = asked(client, part(told["together"]["parts"][0], n_persons=10)).json
    assert [reason["title_zh"] for reason in clear["reasons"]] == [entry["title_zh"] for entry in told["left"]]
    assert "试算" in told["note_zh"]


def test_letter_tells_project_basis_verdict_reasons_and_what_it_is_not(client: FlaskClient) -> None:
    ref = asked(client, part(ON_PIPELINE, SCHOOL, n_persons=600, height_m=12), name="第二小学", applicant="县教育局", note="分两期").json["ref"]
    answer = client.get(f"/siting/{ref}/letter")
    assert answer.headers["Content-Disposition"].endswith(f"{ref}.docx")
    letter = Document(io.BytesIO(answer.data))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    for words in ("关于第二小学项目选址安全风险筛查的告知", "县教育局:", "600 人", "建筑高度 12 m", "不满足项", "石油天然气管道保护法(2010) 第30条", "不属于安全评价", "未评估"):
        assert words in text
    assert all(word not in text for word in ("合格", "批准"))
    assert len(letter.tables[0].rows) > 1
    with Image.open(io.BytesIO(next(part.blob for part in letter.part.package.iter_parts() if part.partname.endswith(".png")))) as picture:
        assert picture.width > picture.height > 500
    told = client.get(f"/api/site-checks/{ref}").json
    unsaid = [entry["zh"] for entry in told["not_assessed"]]
    lines = [paragraph.text for paragraph in letter.paragraphs]
    assert lines[lines.index("附件2 检查项目明细") :][-len(unsaid) :] == [f"{n}. {entry}" for n, entry in enumerate(unsaid, start=1)]
    assert f"已查,未发现不满足项({len(told['passed'])} 项)" in lines and max(map(len, lines)) < 400
    assert "附件1 位置图" in text and "第二小学位置图(资料截至" in text.replace(" ", "")
    assert client.get("/siting/S1900-0001/letter").status_code == 404


def test_letter_in_english_has_no_chinese_but_names_and_clauses(client: FlaskClient) -> None:
    body = part(ON_PIPELINE, SCHOOL, n_persons=600, height_m=12)
    ref = asked(client, body, name="Second school", applicant="Education Bureau", note="in two stages").json["ref"]
    letter = Document(io.BytesIO(client.get(f"/siting/{ref}/letter?lang=en").data))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    for words in ("Screening notice on the safety risk of a site: Second school", "Education Bureau:", "at most 600 persons", "does not meet", "1. The project"):
        assert words in text
    reasons = client.get(f"/api/site-checks/{ref}").json["reasons"]
    names = {reason["clause"] for reason in reasons} | {(reason["object"] or {}).get("name") for reason in reasons}
    for name in sorted(filter(None, names), key=len, reverse=True):
        text = text.replace(name, "")
    assert not CHINESE.search(text)
    assert [cell.text for cell in letter.tables[0].rows[0].cells][:3] == ["No.", "Part", "Matter"]
    assert client.get(f"/siting/{ref}/letter?lang=fr").status_code == 400


def test_map_of_a_case_is_a_sheet_with_its_ground_and_its_lines(client: FlaskClient) -> None:
    ref = asked(client, part(ON_PIPELINE, SCHOOL, n_persons=600), name="第二小学").json["ref"]
    drawn = client.get(f"/siting/{ref}/map.pdf?lang=en")
    assert drawn.headers["Content-Disposition"].endswith(f"{ref}.pdf") and drawn.data.startswith(b"%PDF")
    reader = pypdf.PdfReader(io.BytesIO(drawn.data))
    assert "1: 0.0 m" in reader.pages[0].extract_text()
    assert client.get("/siting/S1900-0001/map.pdf").status_code == 404


def test_area_is_never_free_where_a_layer_is_missing_and_says_all_causes(client: FlaskClient) -> None:
    told = client.post("/api/site-areas", json={"project_type": "industrial", "n_persons": 20, "cell_m": 500}).json
    assert told["n_cells"] > 1000 and told["free_area_m2"] == 0 < told["area_m2"] < told["county_area_m2"]
    assert sum(entry["n_cells"] for entry in told["verdicts"]) == told["n_cells"]
    assert "缺少图层: 道路" in {cause["title_zh"] for cause in told["causes"]}
    assert {"PIPE-L30-3", "PIPE-L35-3a"} <= {cause["rule_id"] for cause in told["causes"]}
    assert sum(feature["properties"]["area_m2"] for feature in told["closed"]["features"]) == pytest.approx(told["area_m2"])


def test_area_names_what_the_single_check_leaves_out_on_the_best_ground(client: FlaskClient) -> None:
    told = client.post("/api/site-areas", json={"project_type": "industrial", "n_persons": 20, "cell_m": 500}).json
    best = min(told["closed"]["features"], key=lambda feature: -feature["properties"]["rank"])
    inside = shapely.get_parts(shapely.geometry.shape(best["geometry"]))[0].point_on_surface().buffer(0.0005)
    body = {"geometry": shapely.geometry.mapping(inside), "project_type": "industrial", "n_persons": 20, "is_new": True}
    single = client.post("/api/site-checks", json=body).json
    layers_missing = {entry["topic"] for entry in single["not_assessed"]}
    assert layers_missing and layers_missing <= {entry["topic"] for entry in told["not_assessed"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "project_type"), ({"project_type": "castle"}, "project_type"), ({"project_type": "industrial", "cell_m": 7}, "cell_m"),
        ({"project_type": "industrial", "cell_m": True}, "cell_m"), ({"project_type": "industrial", "min_area_m2": -1}, "min_area_m2"),
        ({"project_type": "industrial", "by": "parcels"}, "by"), ({"project_type": "industrial", "n_persons": 1.5}, "n_persons"),
        ({"project_type": "industrial", "colour": 1}, "colour"), ({"project_type": "hazchem", "states_chemicals": 1}, "states_chemicals"),
    ],
)  # fmt: skip
def test_wrong_question_about_the_area_names_its_field(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/api/site-areas", json=body)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_batch_gives_one_row_a_site_and_names_what_is_wrong(client: FlaskClient, engine: sa.Engine) -> None:
    sites = [
        {"row": 1, "geometry": ON_PIPELINE, "properties": {"name": "=cmd()", "n_persons": "30"}},
        {"row": 2, "geometry": CROSSING, "properties": {"name": "乙"}},
        {"row": 3, "geometry": FAR, "properties": {"project_type": "castle"}},
        {"row": 4, "geometry": FAR, "properties": {"n_persons": "many"}},
    ]
    with engine.connect() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM ops.cases").scalar_one()
    rows = client.post("/api/site-batches", json={"sites": sites, "project_type": "residential"}).json["rows"]
    assert [(row["row"], row["error_field"]) for row in rows] == [(1, None), (2, "geometry"), (3, "project_type"), (4, "n_persons")]
    assert "residential 住宅" in rows[2]["error_zh"] and "residential Housing" in rows[2]["error_en"]
    assert rows[0]["verdict"]["id"] == "not_met" and rows[0]["clause"]
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ops.cases").scalar_one() == before
    book = client.post("/api/site-batches/workbook", json={"rows": [{**row, "geometry": None} for row in rows], "lang": "zh"})
    table = [[cell.value for cell in row] for row in load_workbook(io.BytesIO(book.data)).active.iter_rows()]
    assert table[0][3] == "结论" and table[1][1] == "'=cmd()" and table[1][3] == "筛查发现不满足项"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/site-batches", {"sites": []}, "sites"), ("/api/site-batches", {"sites": [1]}, "sites"), ("/api/site-batches", {"sites": [{}] * 201}, "sites"),
        ("/api/site-batches/workbook", {"rows": "x"}, "rows"), ("/api/site-batches/workbook", {"rows": [1]}, "rows"),
        ("/api/site-batches/workbook", {"rows": [], "lang": "fr"}, "lang"),
        ("/api/site-geometries?name=a.exe", {}, "name"), ("/api/site-geometries?name=a.csv&crs=EPSG:1", {}, "crs"),
    ],
)  # fmt: skip
def test_wrong_batch_names_its_field(client: FlaskClient, path: str, body: dict[str, Any], field: str) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_empty_file_has_no_sites(client: FlaskClient) -> None:
    assert client.post("/api/site-geometries?name=a.csv", data=b"").json["error"]["field"] == "file"


def test_sites_of_a_file_are_read_outside_the_server(client: FlaskClient) -> None:
    text = "120.03,30.15\n120.031,30.15\n120.031,30.151\n".encode()
    sites = client.post("/api/site-geometries?name=plot.txt", data=text).json["sites"]
    assert sites[0]["geometry"]["type"] == "Polygon"
    assert client.post("/api/site-geometries?name=plot.txt", data=b"nothing").json["error"]["field"] == "file"
