"""Many sites from a file as a job: asked for, taken back, judged by the worker as single checks are, fetched as tables."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from openpyxl import load_workbook

import riskatlas
from app.errors import MissingError
from app.site_batch import batch_body
from app.site_batch_jobs import FOLDER, batch_job, forget_old, keep_sites, kept_rows
from etl.work.tasks import Workplace
from etl.work.worker import run_job
from layers.catalog import Catalog
from layers.errors import CancelledError
from layers.scoring.rules import read_rules

CHINESE = re.compile(r"[\u3400-\u9fff]")
FILE = "name,project_type,lon,lat\n甲,,120.03,30.0502\n=cmd(),industrial,120.08,30.08\n外,,121.5,30.05\n错,castle,120.08,30.08\n"
ASK = "/api/site-batches/jobs?name=sites.csv&project_type=residential"


def _sites(n: int = 4) -> list[dict[str, Any]]:
    rows = list(csv.DictReader(io.StringIO(FILE)))[:n]
    return [
        {"row": number, "geometry": {"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]},
         "properties": {key: row[key] for key in ("name", "project_type") if row[key]}}
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip


def _asked_of(engine: sa.Engine, job_id: int) -> dict[str, Any]:
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT args FROM ops.jobs WHERE job_id = :id"), {"id": job_id}).scalar_one()
    return dict(found if isinstance(found, dict) else json.loads(found))


def _set(engine: sa.Engine, job_id: int, status: str) -> None:
    """What the queue itself notes of a job that a worker takes and ends."""
    with engine.begin() as connection:
        connection.execute(sa.text("SET LOCAL search_path TO ops, public"))
        connection.execute(
            sa.text("UPDATE procrastinate_jobs SET status = CAST(:status AS procrastinate_job_status) WHERE id = :id"),
            {"id": job_id, "status": status},
        )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"project_type": " 住宅 "}, {"project_type": "residential"}), ({"project_type": "HOUSING"}, {"project_type": "residential"}),
        ({"project_type": "castle"}, {"project_type": "castle"}), ({"construction": "改扩建"}, {"construction": "extension"}),
        ({"is_new": "False"}, {"is_new": False}), ({"is_new": "maybe"}, {"is_new": "maybe"}), ({"n_persons": "300.0"}, {"n_persons": 300}),
        ({"n_persons": 300.0}, {"n_persons": 300}), ({"n_persons": "12.5"}, {"n_persons": "12.5"}), ({"n_persons": "inf"}, {"n_persons": "inf"}),
        ({"n_persons": "约100人"}, {"n_persons": "约100人"}), ({"n_persons": " "}, {}),
    ],
)  # fmt: skip
def test_cells_are_read_as_tables_write_them_and_what_is_wrong_stays_as_it_is(written: dict[str, Any], read: dict[str, Any]) -> None:
    body = batch_body({"geometry": None, "properties": written}, "office", read_rules())
    assert body == {"project_type": "office", "geometry": None} | read


def test_batch_is_asked_for_watched_and_taken_back(client: FlaskClient) -> None:
    asked = client.post(ASK, data=FILE.encode())
    assert (asked.status_code, asked.json["state"], asked.json["n_total"], asked.json["title"]) == (202, "waiting", 4, "sites.csv")
    at = f"/api/site-batches/jobs/{asked.json['job_id']}"
    assert asked.json["job_id"] in [batch["job_id"] for batch in client.get("/api/site-batches/jobs").json["batches"]]
    assert client.get(f"{at}/rows").status_code == client.get(f"{at}/file").status_code == 409
    assert client.post(f"{at}/cancel").json["state"] == "cancelled"
    assert client.get("/api/site-batches/jobs/999999").status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "field"),
    [
        ("/api/site-batches/jobs?name=a.csv&project_type=castle", FILE, "project_type"), ("/api/site-batches/jobs?name=a.csv&crs=EPSG:1", FILE, "crs"),
        ("/api/site-batches/jobs?name=a.csv", "", "file"), ("/api/site-batches/jobs?name=a.csv", "name\nx\n", "file"),
    ],
)  # fmt: skip
def test_wrong_batch_is_refused_and_no_job_is_there(client: FlaskClient, path: str, content: str, field: str) -> None:
    before = len(client.get("/api/site-batches/jobs").json["batches"])
    answer = client.post(path, data=content.encode())
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert len(client.get("/api/site-batches/jobs").json["batches"]) == before


def test_file_that_holds_too_many_sites_is_refused_in_each_language_with_the_limit(client: FlaskClient) -> None:
    content = "lon,lat\n" + "120.03,30.05\n" * 10_001
    error = client.post("/api/site-batches/jobs?name=many.csv&project_type=residential", data=content.encode()).json["error"]
    assert error["field"] == "file" and "10001 个场址,一次最多 10000 个" in error["message_zh"]
    assert "many.csv: found 10001 sites; expected at most 10000" in error["message_en"] and not CHINESE.search(error["message_en"])


def test_worker_judges_each_site_as_the_single_request_does(
    client: FlaskClient, engine: sa.Engine, catalog: Catalog, tmp_path: Path
) -> None:
    job_id = client.post(ASK, data=FILE.encode()).json["job_id"]
    _set(engine, job_id, "doing")
    run_job("site_batch", job_id, _asked_of(engine, job_id), Workplace(engine, catalog, tmp_path))
    _set(engine, job_id, "succeeded")
    ended = client.get(f"/api/site-batches/jobs/{job_id}").json
    assert (ended["state"], ended["n"], ended["n_refused"], sum(ended["verdicts"].values())) == ("done", 4, 2, 2)
    assert ended in client.get("/api/site-batches/jobs").json["batches"]
    at = f"/api/site-batches/jobs/{job_id}"
    told = client.get(f"{at}/rows").json
    single = client.post("/api/site-batches", json={"sites": _sites(), "project_type": "residential"}).json["rows"]
    assert told["n"] == 4
    assert told["rows"] == [{key: value for key, value in row.items() if key != "geometry"} for row in single]
    assert [row["error_field"] for row in told["rows"]] == [None, None, "geometry", "project_type"]
    table = list(csv.reader(io.StringIO(client.get(f"{at}/file?format=csv&lang=en").data.decode("utf-8-sig"))))
    assert (table[0][3], table[2][1], table[3][7]) == ("Verdict", "'=cmd()", "geometry")
    book = load_workbook(io.BytesIO(client.get(f"{at}/file").data)).active
    assert [[cell.value for cell in row][3] for row in book.iter_rows()][:2] == ["结论", told["rows"][0]["verdict"]["title_zh"]]
    assert client.get(f"{at}/file?format=pdf").json["error"]["field"] == "format"


def test_rows_without_a_usable_place_are_refused_alone_and_the_others_judged(
    client: FlaskClient, engine: sa.Engine, catalog: Catalog, tmp_path: Path
) -> None:
    content = "name,lon,lat\n甲,120.03,30.0502\n乙,,30.05\n丙,120.03,北\n丁,500000,3300000\n戊,120.03,30.0502\n"
    job_id = client.post(ASK, data=content.encode()).json["job_id"]
    asked = _asked_of(engine, job_id)
    result = batch_job(engine, catalog, tmp_path, lambda n_done, n_total: None, **asked)
    rows = kept_rows(tmp_path, asked["name"])
    assert [(row["row"], row["name"], row["error_field"], row["verdict"] is not None) for row in rows] == [
        (1, "甲", None, True), (2, "乙", "lon", False), (3, "丙", "lat", False), (4, "丁", "geometry", False), (5, "戊", None, True),
    ]  # fmt: skip
    assert (result["n"], result["n_refused"]) == (5, 3)
    assert all(row["error_zh"] and row["error_en"] for row in rows if row["error_field"])
    single = client.post("/api/site-geometries?name=sites.csv", data=content.encode())
    assert (single.status_code, single.json["error"]["field"]) == (400, "file") and "第 2 行 lon" in single.json["error"]["message_zh"]


def test_cancelled_batch_keeps_no_rows_and_old_ones_are_forgotten(
    engine: sa.Engine, catalog: Catalog, database_url: str, tmp_path: Path
) -> None:
    name = keep_sites(tmp_path, _sites())

    def told(n_done: int, n_total: int) -> None:
        raise CancelledError

    with pytest.raises(CancelledError):
        batch_job(engine, catalog, tmp_path, told, edition=1, name=name)
    with pytest.raises(MissingError):
        kept_rows(tmp_path, name)
    path = tmp_path / FOLDER / f"{name}.sites.json"
    forget_old(tmp_path, now=path.stat().st_mtime + 31 * 86400)
    assert not path.exists()


def test_name_of_a_batch_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        kept_rows(tmp_path, "../../etc/passwd")
    assert "site_batch" in riskatlas.EXTRA_TASKS
