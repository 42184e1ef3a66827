"""From files on the page to a published edition and back: the server's requests and the worker's tasks fit together."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from etl.progress import silent
from etl.work.tasks import TASKS, Workplace
from etl.work.worker import run_job
from layers.catalog import load_catalog
from layers.errors import ApprovalNeededError, AtlasError
from layers.store import engine_from_url

RENAMED = {"企业编号": "编号", "企业名称": "单位名称", "乡镇街道": "所在乡镇"}
Job = dict[str, Any]


def faulty_enterprises(delivery: Path) -> bytes:
    """The office's list under new column names, in UTF-8, with a name gone, a level nobody knows and one plant less."""
    lines = (delivery / "应急管理局" / "企业台账.csv").read_bytes().decode("gb18030").splitlines()
    rows = list(csv.reader(lines[1:]))
    head = [RENAMED.get(name, name) for name in rows[0]]
    body = [row for row in rows[1:] if len(row) == len(head)]
    body[3][head.index("单位名称")] = ""
    body[5][head.index("风险等级")] = "特大风险"
    out = io.StringIO()
    csv.writer(out).writerows([head, *body[:-1]])
    return out.getvalue().encode("utf-8")


@pytest.fixture(scope="module")
def atlas(atlas_database: str, home: Path) -> Iterator[Flask]:
    app = create_app({"DATABASE_URL": atlas_database, "HOME": home})
    yield app
    app.extensions["riskatlas"].database.engine.dispose()


@pytest.fixture(scope="module")
def workplace(atlas_database: str, home: Path) -> Iterator[Workplace]:
    engine = engine_from_url(atlas_database)
    yield Workplace(engine, load_catalog(), home)
    engine.dispose()


@pytest.fixture(scope="module")
def page(atlas: Flask) -> FlaskClient:
    return atlas.test_client()


Work = Callable[[Any], Job]


@pytest.fixture(scope="module")
def done(page: FlaskClient, workplace: Workplace) -> Work:
    """Runs the job that an answer asks for, as the worker does; the job as the page then sees it."""

    def run(answer: Any) -> Job:
        assert answer.status_code == 200, answer.json
        job = answer.json
        with workplace.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL search_path TO ops, public"))
            connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job["job_id"]})
        status = "succeeded"
        try:
            run_job(job["kind"], job["job_id"], job["args"], workplace)
        except AtlasError:
            status = "failed"
        with workplace.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL search_path TO ops, public"))
            connection.execute(sa.text("UPDATE procrastinate_jobs SET status = CAST(:status AS procrastinate_job_status) WHERE id = :id"),
                               {"id": job["job_id"], "status": status})
        found: Job = page.get(f"/api/jobs/{job['job_id']}").json
        return found

    return run


def uploaded(page: FlaskClient, name: str, content: bytes) -> str:
    upload_id = str(page.post("/api/uploads", json={"title": "企业"}).json["upload_id"])
    page.patch(f"/api/uploads/{upload_id}", json={"label": "2026Q3", "as_of": "2026-09-30"})
    assert page.put(f"/api/uploads/{upload_id}/files/{name}", data=content).status_code == 200
    return upload_id


def confirm(page: FlaskClient, done: Work, upload_id: str, file: dict[str, Any], **decisions: Any) -> Job:
    dataset = file["datasets"][0]
    body = {"file": file["file"], "dataset": dataset["name"], "confirmed_by": "李四",
            "decisions": {"known_source": dataset["known_source"], "ignore": dataset["unmapped_columns"], **decisions}}
    return done(page.put(f"/api/uploads/{upload_id}/sources/{dataset['known_source']}", json=body))


@pytest.fixture(scope="module")
def checked(page: FlaskClient, done: Work, tiny_sample: Path, workplace: Workplace) -> tuple[str, Job]:
    """An upload of the faulty list, recognised, confirmed and checked; ``n_loads`` are those that came of it."""
    upload_id = uploaded(page, "企业台账.csv", faulty_enterprises(tiny_sample / "2026Q2"))
    recognised = done(page.post(f"/api/uploads/{upload_id}/recognition"))
    assert recognised["state"] == "done", recognised["error_en"]
    confirmed = confirm(page, done, upload_id, recognised["result"]["files"][0])
    assert confirmed["state"] == "done", confirmed["error_en"]
    check = done(page.post(f"/api/uploads/{upload_id}/check"))
    with workplace.engine.connect() as connection:
        n_loads = connection.execute(sa.text("SELECT count(*) FROM ops.loads WHERE delivery_label = '2026Q3'")).scalar_one()
    return upload_id, check | {"n_loads": n_loads}


def source_of(check: Job) -> dict[str, Any]:
    assert check["state"] == "done", check["error_en"]
    found: dict[str, Any] = check["result"]["sources"][0]
    return found


def test_check_tells_refused_rows_and_what_would_change(checked: tuple[str, Job]) -> None:
    source = source_of(checked[1])
    assert {"RQ02", "RQ05"} <= set(source["refused_by_rule"])
    assert any(row["value"] == "特大风险" and row["reason_zh"] for row in source["refused"])
    assert source["changes"]["gone"]["n"] >= 1
    assert source["changes"]["gone"]["features"][0]["name"]
    assert source["positions"]


def test_check_tells_features_kept_as_before_and_where_refused_rows_lie(checked: tuple[str, Job]) -> None:
    source = source_of(checked[1])
    held = source["changes"]["held"]
    assert (source["counts"]["n_held"], held["n"]) == (held["n"], len(held["features"])) and held["n"] >= 2
    assert all(row["feature_id"] and row["source_row"] and row["lon"] for row in held["features"][:2])
    assert source["warned_by_rule"]["RC25"] == held["n"]
    assert source["n_refused_placed"] == len(source["refused_positions"]) >= 2


def test_check_writes_nothing(checked: tuple[str, Job]) -> None:
    assert checked[1]["n_loads"] == 0


def test_refused_rows_come_back_as_the_suppliers_workbook(checked: tuple[str, Job], page: FlaskClient) -> None:
    [workbook] = source_of(checked[1])["workbooks"]
    with page.get(f"/api/returned/{workbook['path']}") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    heads = [cell.value for cell in sheet[1]]
    assert heads[:2] == ["编号", "单位名称"]
    assert "错误说明" in heads


def test_file_that_cannot_be_read_is_told_beside_the_others(page: FlaskClient, done: Work) -> None:
    upload_id = uploaded(page, "broken.xlsx", b"PK\x03\x04 nothing")
    found = done(page.post(f"/api/uploads/{upload_id}/recognition"))["result"]["files"][0]
    assert found["datasets"] == []
    assert "不是完好的 Excel 工作簿" in found["error_zh"] and found["error_en"] == found["error"]


def test_confirmation_that_lacks_something_says_what(page: FlaskClient, done: Work) -> None:
    upload_id = uploaded(page, "x.csv", "甲,乙\n1,2\n".encode())
    body = {"file": "x.csv", "dataset": "x", "confirmed_by": "李四", "decisions": {"layer": "enterprises", "title_zh": "名录", "supplier": "某局", "known_source": ""}}
    job = done(page.put(f"/api/uploads/{upload_id}/sources/new_list", json=body))
    assert job["state"] == "failed"
    assert "坐标系" in job["error_zh"]


def test_approval_of_less_than_a_load_would_do_is_asked_for_again(checked: tuple[str, Job], page: FlaskClient, workplace: Workplace) -> None:
    upload_id, source_id = checked[0], source_of(checked[1])["source_id"]
    seen = {"n_lost": 0, "share_pct": 0.0, "newer_held": "2020-06-30"}
    page.patch(f"/api/uploads/{upload_id}", json={"as_of": "2020-03-31"})
    for accepts in ({source_id: seen}, [source_id]):  # the second as a former version wrote it down
        with pytest.raises(ApprovalNeededError, match="2020-03-31, older than those held"):
            TASKS["load"](workplace, silent, upload_id=upload_id, approved_by="张三", accepts=accepts)
    page.patch(f"/api/uploads/{upload_id}", json={"as_of": "2026-09-30"})


def test_approved_load_is_scored_published_and_taken_back(
    checked: tuple[str, Job], page: FlaskClient, done: Work, workplace: Workplace
) -> None:
    upload_id, check = checked
    loss = source_of(check)["loss"]
    approval = {"approved_by": "张三", "note": "第三季度", "accepts_losses": bool(loss["is_large"]), "check_job_id": check["job_id"]}
    loaded = done(page.post(f"/api/uploads/{upload_id}/load", json=approval))
    assert loaded["state"] == "done", loaded["error_en"]
    load_id = loaded["result"]["sources"][0]["load_id"]
    load = page.get(f"/api/loads/{load_id}").json
    assert load["approved_by"] == "张三:第三季度"
    for kind in ("gone", "held"):
        assert load["changes"][kind]["n"] == source_of(check)["changes"][kind]["n"]
    assert load["n_held"] == load["changes"]["held"]["n"]
    assert {row["rule_id"] for row in load["refused"]} == set(source_of(check)["refused_by_rule"])
    rows = page.get(f"/api/rejects?load={load_id}").json["rows"]
    assert len(rows) == sum(row["n"] for row in load["refused"])

    scored = done(page.post("/api/data/editions", json={"is_partial": True}))
    assert scored["state"] == "done", scored["error_en"]
    draft = page.get("/api/data/editions").json["editions"][0]
    assert (draft["status"], draft["label"]) == ("draft", "2026Q3")
    assert draft["effects"]["before"] == 2
    published = done(page.post(f"/api/data/editions/{draft['edition']}/publication", json={"approved_by": "王五", "note": "已核"}))
    assert published["state"] == "done", published["error_en"]
    assert page.get("/api/layers").json["edition"]["edition"] == draft["edition"]
    assert page.get("/api/data/editions").json["editions"][0]["published_by"] == "王五"

    undone = done(page.post(f"/api/loads/{load_id}/rollback", json={"approved_by": "张三", "reason": "报错了"}))
    assert undone["state"] == "done", undone["error_en"]
    assert page.get(f"/api/loads/{load_id}").json["rolled_back_reason"] == "报错了"
    again = page.post(f"/api/loads/{load_id}/rollback", json={"approved_by": "张三", "reason": "再来"})
    assert again.status_code == 409


def test_workbook_of_an_earlier_load_is_made_by_a_job(page: FlaskClient, done: Work) -> None:
    load = next(entry for entry in page.get("/api/loads").json["loads"] if entry["n_refused"] and not entry["rolled_back_at"])
    rows = page.get(f"/api/rejects?load={load['load_id']}").json["rows"]
    job = done(page.post(f"/api/loads/{load['load_id']}/workbook", json={"file": rows[0]["file"]}))
    assert job["state"] == "done", job["error_en"]
    with page.get(f"/api/returned/{job['result']['file']}") as answer:
        assert answer.status_code == 200
