"""Map sheets to print, figures of reports, and atlases by town."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import shapely
from flask import Blueprint, Response, jsonify, make_response, request, send_file

from app import jobs
from app.access import parse_person, person, require, view_of
from app.atlas import KEPT_DAYS, PAGES, Given, frame_of, kept_atlas
from app.atlas import KEYS as ATLAS_KEYS
from app.atlas_pages import atlas_pages, chosen_towns
from app.bodies import request_body
from app.errors import ConflictError, MissingError
from app.export.atlas import atlas_numbering
from app.export.figure import caption_of
from app.parameters import json_object
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.sheet_filters import filter_words
from app.sheets import (
    KEYS,
    Sheet,
    frame_in_degrees,
    gathered_layers,
    hidden_layers,
    make_sheet,
    sheet_spec,
    whole_area,
)
from app.texts import Text

blueprint = Blueprint("sheets", __name__)
ATLAS = "atlas"


@blueprint.post("/api/sheets")
def new_sheet() -> Response:
    """A map sheet or a figure as PDF, PNG or SVG."""
    body = json_object(request_body(), KEYS, required=("title", "layers"))
    with pinned_edition() as pinned:
        sheet = make_sheet(
            pinned.connection,
            pinned.facts,
            parts().catalog,
            parts().frames,
            body,
            rules_version=parts().rules.version,
            address=request.url_root,
            home=parts().home,
        )
    return _file(sheet)


def _file(sheet: Sheet) -> Response:
    response = make_response(sheet.content)
    response.mimetype = sheet.mimetype
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(sheet.filename)}"
    response.headers["Cache-Control"] = "no-store"
    if sheet.caption:
        response.headers["Sheet-Caption"] = quote(sheet.caption)
    return response


@blueprint.post("/api/sheets/check")
def check_sheet() -> Response:
    """What would be printed, and what differs from the screen.

    Scale, ground that the map frame covers, layers not drawn at that scale or not for the public, layers whose numbers of
    features (`cluster_zoom`) a sheet leaves out, the filter in words.
    """
    body = json_object(request_body(), KEYS, required=("title", "layers"))
    with pinned_edition() as pinned:
        facts, catalog = pinned.facts, parts().catalog
        spec = sheet_spec(facts, catalog, body, rules_version=parts().rules.version)
        hidden = hidden_layers(facts, catalog, spec)
        left_out = [catalog[layer_id] for layer_id in body["layers"] if layer_id not in spec.layers]
        gathered = gathered_layers(facts, catalog, spec)
        words = filter_words(catalog, spec.filters, spec.lang)
        frame = shapely.geometry.mapping(frame_in_degrees(facts, spec))
    names = [[{"id": layer.id, "title_zh": layer.title_zh, "title_en": layer.title_en} for layer in found] for found in (hidden, left_out, gathered)]
    return jsonify(scale=spec.scale_denominator, frame=frame, hidden=names[0], not_public=names[1], gathered=names[2], filter=words, caption=caption_of(spec))


@blueprint.get("/api/sheets/towns")
def sheet_towns() -> Response:
    """Towns that an atlas may have pages of, in its order."""
    with pinned_edition() as pinned:
        frame = parts().frames.within(pinned.connection, pinned.facts, ["towns"], [whole_area(pinned.facts)]).get("towns")
    has_towns = frame is not None and len(frame) > 0
    return jsonify(towns=[town.name for town in chosen_towns(frame, None)] if has_towns else [])


@blueprint.post("/api/atlases")
def new_atlas() -> Response:
    """Ask the worker for an atlas by town, or of rows of a table; the job that makes it. It is drawn for the person who asks."""
    require("sheets")
    body = json_object(request_body(), ATLAS_KEYS, required=("title", "layers"))
    with pinned_edition() as pinned:
        facts, catalog = pinned.facts, parts().catalog
        asked = {key: value for key, value in body.items() if key not in PAGES}
        spec = sheet_spec(facts, catalog, asked | {"extent": list(facts.area["home"])}, rules_version=parts().rules.version)
        given = Given(pinned.connection, facts, catalog, parts().frames)
        pages = atlas_pages(catalog, body, lambda layer_id: frame_of(given, layer_id))
        n_pages = atlas_numbering(len(pages), spec.paper, spec.orientation).n_pages
        edition = pinned.edition.number
    return _started({"edition": edition, "request": body, "address": request.url_root, "roles": person().text}, n_pages=n_pages)


def _started(arguments: dict[str, Any], **more: Any) -> Response:
    with parts().database.writing() as connection:
        job = jobs.start_job(connection, ATLAS, arguments)
        is_alive = jobs.is_worker_alive(connection)
    response = jsonify(_plain(job) | more | {"has_worker": is_alive})
    response.status_code = 202
    return response


@blueprint.get("/api/atlases")
def atlases() -> Response:
    """Atlases that were asked for, newest first."""
    with parts().database.reading() as connection:
        found = [job for job in jobs.job_list(connection, upload_id=None, most=jobs.MOST_JOBS) if _is_own(job)]
        is_alive = jobs.is_worker_alive(connection)
    return jsonify(atlases=[_plain(job) for job in found], has_worker=is_alive, kept_days=KEPT_DAYS)


@blueprint.get("/api/atlases/<int:job_id>")
def atlas(job_id: int) -> Response:
    """One atlas: how far it is, and its file's name."""
    with parts().database.reading() as connection:
        return jsonify(_plain(_atlas_job(connection, job_id)))


@blueprint.post("/api/atlases/<int:job_id>/cancel")
def cancel_atlas(job_id: int) -> Response:
    """Take an atlas back."""
    with parts().database.writing() as connection:
        _atlas_job(connection, job_id)
        return jsonify(_plain(jobs.cancel_job(connection, job_id)))


@blueprint.post("/api/atlases/<int:job_id>/again")
def atlas_again(job_id: int) -> Response:
    """The same atlas once more: of its own edition, or of the one that ``ed`` names."""
    with parts().database.reading() as connection:
        arguments = dict(_atlas_job(connection, job_id)["args"])
    with pinned_edition(request.args.get("ed") or str(arguments["edition"])) as pinned:
        arguments |= {"edition": pinned.edition.number, "roles": person().text}
    return _started(arguments)


@blueprint.get("/api/atlases/<int:job_id>/file")
def atlas_file(job_id: int) -> Response:
    """The finished atlas as PDF."""
    with parts().database.reading() as connection:
        result = _atlas_job(connection, job_id).get("result")
    if not result:
        raise ConflictError(Text("图册尚未完成"))
    path = kept_atlas(parts().home, result["file"])
    response = send_file(path.absolute(), mimetype="application/pdf", as_attachment=True, download_name=result["filename"])
    response.headers["Cache-Control"] = "no-store"
    return response


def _atlas_job(connection: Any, job_id: int) -> dict[str, Any]:
    job = jobs.job(connection, job_id)
    if not _is_own(job):
        raise MissingError(Text("没有图册任务 {job_id}", job_id=job_id))
    return job


def _is_own(job: dict[str, Any]) -> bool:
    """Whether a job is an atlas that shows nothing which the person who asks may not see."""
    if job["kind"] != ATLAS:
        return False
    return view_of(parse_person(job["args"].get("roles") or "admin"), parts().catalog) == present_view() or person().may("admin")


def _plain(job: dict[str, Any]) -> dict[str, Any]:
    """A job as the page needs it: without the address it was asked from."""
    names = ("job_id", "state", "step_zh", "step_en", "n_done", "n_total", "error_zh", "error_en", "requested_at", "finished_at")
    asked = job["args"] if isinstance(job["args"], dict) else json.loads(job["args"])
    wanted = asked["request"]
    return {name: job.get(name) for name in names} | {
        "edition": asked["edition"], "title": wanted["title"], "towns": wanted.get("towns"), "rows": wanted.get("rows"),
        "has_file": job["state"] == "done",
    }  # fmt: skip
