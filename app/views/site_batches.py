"""Many sites from a file as a job of the worker: asked for, watched, cancelled, and fetched as rows or a table."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from app import jobs
from app.access import parse_person, person, view_of
from app.bodies import request_body
from app.errors import ConflictError, MissingError
from app.parameters import choice, plain_text
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.site_batch import batch_workbook
from app.site_batch_jobs import KEPT_DAYS, KIND, batch_csv, keep_sites, kept_rows
from app.site_files import sites_of_body
from app.site_requests import crs_choices, project_type_of
from app.table_workbook import MIMETYPE as XLSX
from app.texts import Text

blueprint = Blueprint("site_batches", __name__)
MOST_ROWS = 500
"""Rows that are given at once; all of them are in the table."""
TOLD = ("job_id", "state", "step_zh", "step_en", "n_done", "n_total", "error_zh", "error_en", "requested_at", "finished_at")


@blueprint.post("/api/site-batches/jobs")
def new_batch() -> Response:
    """Ask the worker for a verdict on every site of a file that is sent as the body."""
    title = plain_text("name", request.args.get("name", ""))
    project_type, crs = (plain_text(key, request.args.get(key, "")) for key in ("project_type", "crs"))
    if project_type:
        project_type_of("project_type", project_type, parts().rules)
    with pinned_edition() as pinned:
        if crs:
            choice("crs", crs, crs_choices(pinned.facts))
        edition, target = pinned.edition.number, f"EPSG:{pinned.facts.srid}"
    sites = sites_of_body(title, request_body(), target=target, crs=crs)
    asked = {"edition": edition, "name": keep_sites(parts().home, sites), "project_type": project_type, "title": title, "roles": person().text}
    with parts().database.writing() as connection:
        job = jobs.start_job(connection, KIND, asked)
        is_alive = jobs.is_worker_alive(connection)
    response = jsonify(_plain(job) | {"n_total": len(sites), "has_worker": is_alive})
    response.status_code = 202
    return response


@blueprint.get("/api/site-batches/jobs")
def batches() -> Response:
    """Batches that were asked for, newest first."""
    with parts().database.reading() as connection:
        listed = jobs.job_list(connection, upload_id=None, most=jobs.MOST_JOBS, results_of=KIND)
        found = [job for job in listed if _is_own(job)]
        return jsonify(batches=[_plain(job) for job in found], has_worker=jobs.is_worker_alive(connection), kept_days=KEPT_DAYS)


@blueprint.get("/api/site-batches/jobs/<int:job_id>")
def batch(job_id: int) -> Response:
    """One batch: how far it is, or how many sites have which verdict."""
    with parts().database.reading() as connection:
        return jsonify(_plain(_batch_job(connection, job_id)))


@blueprint.post("/api/site-batches/jobs/<int:job_id>/cancel")
def cancel_batch(job_id: int) -> Response:
    """Take a batch back."""
    with parts().database.writing() as connection:
        _batch_job(connection, job_id)
        return jsonify(_plain(jobs.cancel_job(connection, job_id)))


@blueprint.get("/api/site-batches/jobs/<int:job_id>/rows")
def batch_rows_of(job_id: int) -> Response:
    """The first rows of a finished batch."""
    rows = _rows(job_id)
    return jsonify(rows=rows[:MOST_ROWS], n=len(rows))


@blueprint.get("/api/site-batches/jobs/<int:job_id>/file")
def batch_file(job_id: int) -> Response:
    """All rows of a finished batch as a workbook or CSV."""
    kind = choice("format", request.args.get("format", "xlsx"), ("xlsx", "csv"))
    lang = choice("lang", request.args.get("lang", "zh"), ("zh", "en"))
    rows = _rows(job_id)
    made, mimetype = (batch_workbook(rows, lang), XLSX) if kind == "xlsx" else (batch_csv(rows, lang), "text/csv")
    response = current_app.response_class(made, mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename=sites-{job_id}.{kind}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _rows(job_id: int) -> list[dict[str, Any]]:
    with parts().database.reading() as connection:
        job = _batch_job(connection, job_id)
    if job["state"] != "done":
        raise ConflictError(Text("批量评估尚未完成"))
    return kept_rows(parts().home, job["args"]["name"])


def _batch_job(connection: Any, job_id: int) -> dict[str, Any]:
    job = jobs.job(connection, job_id)
    if not _is_own(job):
        raise MissingError(Text("没有批量任务 {job_id}", job_id=job_id))
    return job


def _is_own(job: dict[str, Any]) -> bool:
    """Whether a job is a batch that shows nothing which the person who asks may not see."""
    if job["kind"] != KIND:
        return False
    return view_of(parse_person(job["args"].get("roles") or "admin"), parts().catalog) == present_view() or person().may("admin")


def _plain(job: dict[str, Any]) -> dict[str, Any]:
    result = job.get("result") or {}
    counts = {name: result.get(name) for name in ("n", "n_refused", "verdicts")}
    return {name: job.get(name) for name in TOLD} | counts | {"edition": job["args"]["edition"], "title": job["args"]["title"]}
