"""Data management by API: files under harmless names, jobs asked for in the database, approval of what was seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.jobs import WORKER_LOCK
from app.openapi import SCHEMAS
from app.rule_tables import column_titles, table, table_titles, tables
from app.uploads import harmless_name
from etl.progress import silent
from etl.work import queue
from etl.work.tasks import Workplace, publish
from layers.catalog import load_catalog
from layers.errors import EditionError, InputError
from layers.store import engine_from_url

CSV = "编号,名称\nE1,甲厂\n".encode("gb18030")


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    made = engine_from_url(database_url)
    yield made
    made.dispose()


@pytest.fixture
def upload_id(client: FlaskClient) -> str:
    answer = client.post("/api/uploads", json={"title": "第三季度"})
    assert answer.status_code == 200, answer.json
    return str(answer.json["upload_id"])


def put(client: FlaskClient, upload_id: str, name: str, content: bytes = CSV) -> Any:
    return client.put(f"/api/uploads/{upload_id}/files/{name}", data=content, content_type="application/octet-stream")


def confirmed(client: FlaskClient, upload_id: str) -> Any:
    body = {"file": "a.csv", "dataset": "a", "decisions": {"layer": "enterprises"}, "confirmed_by": "张三"}
    return client.put(f"/api/uploads/{upload_id}/sources/enterprises_new", json=body)


def finish(engine: sa.Engine, job_id: int, result: dict[str, Any]) -> None:
    """What the worker does at the end of a job."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL search_path TO ops, public"))
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = :id"), {"id": job_id})
        connection.execute(sa.text("UPDATE procrastinate_jobs SET status = 'succeeded' WHERE id = :id"), {"id": job_id})
        connection.execute(sa.text("UPDATE job_notes SET result = CAST(:result AS jsonb), finished_at = now() WHERE job_id = :id"),
                           {"id": job_id, "result": json.dumps(result)})


def test_file_is_kept_as_sent_and_can_be_taken_out(client: FlaskClient, server: Flask, upload_id: str) -> None:
    answer = put(client, upload_id, "企业台账.csv")
    assert answer.json["size_bytes"] == len(CSV)
    kept = Path(server.config["HOME"]) / "uploads" / upload_id / "企业台账.csv"
    assert kept.read_bytes() == CSV
    assert [entry["name"] for entry in client.get(f"/api/uploads/{upload_id}").json["files"]] == ["企业台账.csv"]
    client.delete(f"/api/uploads/{upload_id}/files/企业台账.csv")
    assert not kept.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../../etc/passwd.csv", "passwd.csv"), ("..\\..\\win.csv", "win.csv"), ("a\u202ecsv.csv", "acsv.csv"),
        (".hidden.csv", "hidden.csv"), ("x" * 400 + ".xlsx", "x" * 115 + ".xlsx"), ("a<b>|c.csv", "a_b__c.csv"),
        ("县" * 200 + ".csv", "县" * 82 + ".csv"),
    ],
)  # fmt: skip
def test_hostile_name_becomes_harmless(given: str, kept: str) -> None:
    assert harmless_name(given) == kept


@pytest.mark.parametrize("given", ["a.exe", "a", "", ".csv", "..", "delivery.toml", "a.csv/..", "a.html"])
def test_name_that_no_reader_takes_is_refused(given: str) -> None:
    with pytest.raises(InputError):
        harmless_name(given)


def test_file_never_leaves_its_folder(client: FlaskClient, server: Flask, upload_id: str) -> None:
    assert put(client, upload_id, "..%2f..%2f..%2fescaped.csv").status_code == 200
    home = Path(server.config["HOME"])
    assert [path.relative_to(home).as_posix() for path in home.rglob("escaped.csv")] == [f"uploads/{upload_id}/escaped.csv"]


def test_upload_that_is_too_large_is_refused_before_it_is_written(database_url: str, tmp_path: Path) -> None:
    small = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "LARGEST_UPLOAD_BYTES": 100})
    client = small.test_client()
    upload_id = client.post("/api/uploads", json={}).json["upload_id"]
    assert put(client, upload_id, "a.csv", b"x" * 60).status_code == 200
    assert put(client, upload_id, "b.csv", b"x" * 60).status_code == 409
    assert put(client, upload_id, "c.csv", b"x" * 101).status_code in (409, 413)
    assert [path.name for path in (tmp_path / "uploads" / upload_id).iterdir()] == ["a.csv"]
    small.extensions["riskatlas"].database.engine.dispose()


def test_upload_without_a_length_is_refused(client: FlaskClient, upload_id: str) -> None:
    answer = client.put(f"/api/uploads/{upload_id}/files/a.csv", headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code in (400, 411) or answer.json.get("size_bytes") == 0


@pytest.mark.parametrize("wrong", ["../x", "20261122-0000000000", "x' OR 1=1 --", "a" * 300])
def test_unknown_upload_is_told(client: FlaskClient, wrong: str) -> None:
    assert client.get(f"/api/uploads/{wrong}").status_code in (400, 404)
    assert put(client, wrong, "a.csv").status_code in (400, 404)


def test_files_wait_for_the_job_that_reads_them(client: FlaskClient, upload_id: str) -> None:
    put(client, upload_id, "a.csv")
    job = client.post(f"/api/uploads/{upload_id}/recognition").json
    assert job["state"] == "waiting"
    assert put(client, upload_id, "b.csv").status_code == 409
    assert client.delete(f"/api/uploads/{upload_id}").status_code == 409
    client.post(f"/api/jobs/{job['job_id']}/cancel")
    assert put(client, upload_id, "b.csv").status_code == 200


def test_same_job_is_not_asked_for_twice(client: FlaskClient, upload_id: str) -> None:
    put(client, upload_id, "a.csv")
    first, second = (client.post(f"/api/uploads/{upload_id}/recognition").json["job_id"] for _ in range(2))
    assert first == second


def test_ended_job_cannot_be_cancelled(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    put(client, upload_id, "a.csv")
    job_id = client.post(f"/api/uploads/{upload_id}/recognition").json["job_id"]
    finish(engine, job_id, {"files": []})
    assert client.post(f"/api/jobs/{job_id}/cancel").status_code == 409
    assert client.get(f"/api/jobs/{job_id}").json["result"] == {"files": []}


def test_check_asks_for_confirmed_tables_and_a_label(client: FlaskClient, upload_id: str) -> None:
    put(client, upload_id, "a.csv")
    assert "确认" in client.post(f"/api/uploads/{upload_id}/check").json["error"]["message_zh"]
    assert confirmed(client, upload_id).status_code == 200
    assert "版次" in client.post(f"/api/uploads/{upload_id}/check").json["error"]["message_zh"]
    client.patch(f"/api/uploads/{upload_id}", json={"label": "2026Q3", "as_of": "2026-09-30"})
    assert client.post(f"/api/uploads/{upload_id}/check").json["kind"] == "check"


def checked(client: FlaskClient, engine: sa.Engine, upload_id: str, **source: Any) -> None:
    put(client, upload_id, "a.csv")
    finish(engine, confirmed(client, upload_id).json["job_id"], {})
    client.patch(f"/api/uploads/{upload_id}", json={"label": "2026Q3", "as_of": "2026-09-30"})
    job_id = client.post(f"/api/uploads/{upload_id}/check").json["job_id"]
    entry = {"source_id": "enterprises_new", "is_blocked": False, "loss": {"is_large": False}} | source
    finish(engine, job_id, {"sources": [entry]})


def approve(client: FlaskClient, upload_id: str, **more: Any) -> Any:
    check = client.get(f"/api/uploads/{upload_id}").json["jobs"].get("check")
    body = {"approved_by": "张三", "note": "季报", "check_job_id": check["job_id"] if check else 0, **more}
    return client.post(f"/api/uploads/{upload_id}/load", json=body)


def test_what_was_checked_can_be_approved(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id)
    job = approve(client, upload_id).json
    assert job["args"] == {"upload_id": upload_id, "approved_by": "张三", "note": "季报", "accepts": {}}


def test_nothing_unchecked_is_approved(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    assert approve(client, upload_id).status_code == 409
    checked(client, engine, upload_id)
    put(client, upload_id, "a.csv", CSV + b"E2,x\n")
    assert "重新校验" in approve(client, upload_id).json["error"]["message_zh"]


def test_page_left_open_over_an_earlier_check_approves_nothing(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id)
    earlier = client.get(f"/api/uploads/{upload_id}").json["jobs"]["check"]["job_id"]
    job_id = client.post(f"/api/uploads/{upload_id}/check").json["job_id"]
    finish(engine, job_id, {"sources": [{"source_id": "enterprises_new", "is_blocked": False, "loss": {"is_large": True, "n_lost": 10}}]})
    stale = approve(client, upload_id, check_job_id=earlier, accepts_losses=True)
    assert stale.status_code == 409 and "看过新的结果" in stale.json["error"]["message_zh"]
    assert client.post(f"/api/uploads/{upload_id}/load", json={"approved_by": "张三"}).json["error"]["field"] == "check_job_id"
    assert approve(client, upload_id, accepts_losses=True).json["kind"] == "load"


def test_too_many_refused_rows_cannot_be_approved(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id, is_blocked=True)
    assert "上限" in approve(client, upload_id, accepts_losses=True).json["error"]["message_zh"]


def test_large_loss_is_approved_only_in_so_many_words(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id, loss={"is_large": True, "n_lost": 10, "share_pct": 50.0})
    assert approve(client, upload_id).status_code == 409
    seen = {"n_lost": 10, "share_pct": 50.0, "newer_held": None}
    assert approve(client, upload_id, accepts_losses=True).json["args"]["accepts"] == {"enterprises_new": seen}


def test_older_data_are_approved_only_in_so_many_words(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id, newer_held="2026-12-31")
    assert "早于" in approve(client, upload_id).json["error"]["message_zh"]
    seen = {"n_lost": 0, "share_pct": 0.0, "newer_held": "2026-12-31"}
    assert approve(client, upload_id, accepts_losses=True).json["args"]["accepts"] == {"enterprises_new": seen}


def test_approval_has_a_name(client: FlaskClient, engine: sa.Engine, upload_id: str) -> None:
    checked(client, engine, upload_id)
    assert client.post(f"/api/uploads/{upload_id}/load", json={"approved_by": "  ", "check_job_id": 1}).json["error"]["field"] == "approved_by"


@pytest.mark.parametrize("source_id", ["Area", "area", "a-b", "1a", "a;b", "企业", "x" * 61])
def test_id_of_a_source_is_harmless(client: FlaskClient, upload_id: str, source_id: str) -> None:
    put(client, upload_id, "a.csv")
    body = {"file": "a.csv", "dataset": "a", "decisions": {}, "confirmed_by": "张三"}
    assert client.put(f"/api/uploads/{upload_id}/sources/{source_id}", json=body).status_code == 400


def test_rollback_and_publication_ask_for_name_and_reason(client: FlaskClient) -> None:
    assert client.post("/api/loads/1/rollback", json={"approved_by": "张三", "reason": " "}).json["error"]["field"] == "reason"
    assert client.post("/api/loads/999/rollback", json={"approved_by": "张三", "reason": "错"}).status_code == 404
    assert client.post("/api/data/editions/1/publication", json={"approved_by": "张三"}).status_code == 409
    assert client.post("/api/data/editions/99/publication", json={"approved_by": "张三"}).status_code == 404


def test_draft_scored_anew_is_not_the_one_that_was_looked_at(client: FlaskClient, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO ops.editions (edition, label, status, input_hash) VALUES (9, 'x', 'draft', '')"))
    try:
        (seen,) = [entry["created_at"] for entry in client.get("/api/data/editions").json["editions"] if entry["edition"] == 9]
        stale = client.post("/api/data/editions/9/publication", json={"approved_by": "张三", "created_at": "2026-01-01T00:00:00+00:00"})
        assert stale.status_code == 409
        job = client.post("/api/data/editions/9/publication", json={"approved_by": "张三", "created_at": seen}).json
        assert job["args"]["created_at"] == seen
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE ops.editions SET created_at = created_at + interval '1 second' WHERE edition = 9"))
        place = Workplace(engine, load_catalog(), Path())
        with pytest.raises(EditionError, match="look at the newest"):
            publish(place, silent, edition=9, approved_by="张三", created_at=seen)
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("DELETE FROM ops.editions WHERE edition = 9"))


def test_edition_is_pinned(client: FlaskClient) -> None:
    assert client.put("/api/data/editions/1/pin", json={"is_pinned": True}).status_code == 200
    assert client.get("/api/data/editions").json["editions"][0]["is_pinned"] is True
    assert client.put("/api/data/editions/77/pin", json={"is_pinned": True}).status_code == 404


def test_every_column_of_every_rule_table_has_a_title_in_both_languages(client: FlaskClient) -> None:
    titles = column_titles()
    found = {column for name in tables() for column in table(name)["columns"]}
    assert found == set(titles)
    assert all(entry["zh"] and entry["en"] and not entry["zh"].isascii() for entry in titles.values())
    assert {"zh": "处理建议", "en": "Advice (Chinese)"} in client.get("/api/data/rules/check_rules").json["titles"]


def test_every_rule_table_has_a_title_and_closed_words_are_said_in_both_languages(client: FlaskClient) -> None:
    told = client.get("/api/data/rules").json["tables"]
    assert {entry["name"] for entry in told} == set(table_titles())
    assert all(entry["title_zh"] != entry["name"] and entry["title_en"] and not entry["title_zh"].isascii() for entry in told)
    checks = client.get("/api/data/rules/check_rules").json
    severity = checks["columns"].index("severity")
    assert {row[severity] for row in checks["rows"]} <= set(checks["words"]["severity"])
    assert checks["words"]["severity"]["refuse"] == {"zh": "退回", "en": "Refused"} and checks["title_zh"] == "数据检查规则"
    rules = client.get("/api/data/rules/separation_distances").json
    assert rules["words"]["subject_class"]["highway"] == {"zh": "公路", "en": "highway"}
    for name in ("kind", "status", "strength", "source_type", "exact_complies", "subject_class", "object_class"):
        at = rules["columns"].index(name)
        assert {row[at] for row in rules["rows"]} - {""} <= set(rules["words"][name])


def test_rule_table_is_told_as_its_page_shows_it_in_both_languages(client: FlaskClient) -> None:
    answer = client.get("/api/data/rules/separation_distances").json
    for lang, title in (("zh", "管道中心线5米内禁种深根植物"), ("en", "No deep-rooted planting within 5 m")):
        told = answer["told"][lang]
        assert [column["names"] for column in told["columns"]][:2] == [["rule_id"], [f"title_{lang}"]]
        assert len(told["rows"]) == len(answer["rows"]) and told["rows"][0][:2] == [["PIPE-L30-1"], [title]]
        assert all(len(row) == len(told["columns"]) for row in told["rows"])
    standards = {line["standard_id"] for row in answer["told"]["zh"]["rows"] for cell in row for line in cell if isinstance(line, dict) and "standard_id" in line}
    assert standards and standards <= set(answer["standards"])


def test_rules_are_shown_with_how_far_they_were_verified(client: FlaskClient) -> None:
    tables = {entry["name"]: entry for entry in client.get("/api/data/rules").json["tables"]}
    assert sum(tables["separation_distances"]["confidence"].values()) == tables["separation_distances"]["n_rows"]
    table = client.get("/api/data/rules/check_rules").json
    assert "RQ01" in [row[0] for row in table["rows"]]
    assert client.get("/api/data/rules/..%2fsecret").status_code == 404


@pytest.mark.parametrize("path", ["/api/returned/../secret.xlsx", "/api/returned/x/..", "/api/returned/x/a.toml", "/api/returned/.parts/a.xlsx"])
def test_only_workbooks_of_jobs_are_given_out(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_viewer_manages_nothing(database_url: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE": "viewer"})
    viewer = app.test_client()
    for path in ("/api/uploads", "/api/jobs", "/api/loads", "/api/data/editions", "/data", "/data/rules"):
        answer = viewer.get(path)
        assert answer.status_code == 403, path
        assert answer.json["error"]["code"] == "forbidden"
    assert viewer.post("/api/uploads", json={}).status_code == 403
    assert viewer.put("/api/calendar/2026-11-20", json={"is_working": False}).status_code == 403
    assert viewer.get("/api/layers").json["role"] == "viewer"
    app.extensions["riskatlas"].database.engine.dispose()


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
def test_page_of_another_site_may_not_upload(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.post("/api/uploads", json={}, headers=headers).status_code == 403


def test_server_and_worker_speak_of_the_same_lock() -> None:
    assert WORKER_LOCK == queue.WORKER_LOCK


def test_worker_is_known_to_be_away(client: FlaskClient, engine: sa.Engine) -> None:
    assert client.get("/api/jobs").json["is_worker_alive"] is False
    with queue.worker_lock(engine):
        assert client.get("/api/jobs").json["is_worker_alive"] is True


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/api/data", "DataState"), ("/api/uploads", "Uploads"), ("/api/jobs", "Jobs"), ("/api/loads", "Loads"),
        ("/api/rejects", "Rejects"), ("/api/data/editions", "KeptEditions"), ("/api/data/rules", "RuleTables"),
        ("/api/data/rules/standards", "RuleTable"),
    ],
)  # fmt: skip
def test_answer_is_as_documented(client: FlaskClient, path: str, schema: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200, answer.json
    described = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}
    jsonschema.Draft202012Validator(described).validate(answer.json)


def test_job_and_upload_are_as_documented(client: FlaskClient, upload_id: str) -> None:
    put(client, upload_id, "a.csv")
    job = client.post(f"/api/uploads/{upload_id}/recognition").json
    for value, schema in ((job, "Job"), (client.get(f"/api/uploads/{upload_id}").json, "Upload")):
        jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}).validate(value)
