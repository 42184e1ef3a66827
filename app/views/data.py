"""Data management: uploads, the jobs of the worker, loads, refused rows, editions, rule tables."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request, send_file

from app import queries
from app.access import ROLES, person, require_admin, role
from app.bodies import request_body
from app.errors import ConflictError, MissingError, RequestError
from app.jobs import (
    cancel_job,
    is_worker_alive,
    job,
    job_list,
    returned_workbook,
    start_job,
)
from app.loads import approved_arguments, load_list, load_row, refused_rows, whole_load
from app.method import shown_rows
from app.parameters import choice, json_object, plain_text, whole_number
from app.parts import parts
from app.rule_rows import Line
from app.rule_tables import table, table_list
from app.texts import LANGUAGES, Text
from app.uploads import (
    MOST_FILES,
    SUFFIXES,
    confirm_source,
    drop_file,
    drop_upload,
    harmless_name,
    keep_file,
    new_upload,
    plain,
    require_upload,
    upload_list,
    whole_upload,
)

blueprint = Blueprint("data", __name__)
blueprint.before_request(require_admin)
LONGEST_NOTE = 500
MOST_ROWS = 1000
LARGEST_NUMBER = 2**31 - 1
SEARCHES = ("match", "place")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("/api/data")
def data_state() -> Response:
    """What the pages of data management need before anything else."""
    with parts().database.reading() as connection:
        area = queries.run(connection, "area_declared").one_or_none()
        alive = is_worker_alive(connection)
    declared = None if area is None else {
        name: area.declaration.get(name) for name in ("id", "title_zh", "title_en", "home", "is_synthetic", "storage_crs")
    } | {"outline": area.outline}  # fmt: skip
    layers = [
        {"id": layer.id, "title_zh": layer.title_zh, "title_en": layer.title_en, "geometry": layer.geometry,
         "placement": layer.placement,
         "fields": [{"name": field.name, "title_zh": field.title_zh, "title_en": field.title_en, "type": field.type,
                     "unit": field.unit, "required": field.required,
                     "codes": [{"code": code.code, "zh": code.zh, "en": code.en} for code in field.codes]} for field in layer.fields]}
        for layer in parts().catalog if layer.kind != "derived"
    ]  # fmt: skip
    limits = {"most_bytes": current_app.config["LARGEST_UPLOAD_BYTES"], "most_files": MOST_FILES, "suffixes": list(SUFFIXES)}
    roles = [name for name in ROLES if person().may(name)]
    return jsonify(role=role(), roles=roles, area=declared, is_worker_alive=alive, limits=limits, layers=layers)


# --- uploads ------------------------------------------------------------------------------------------------


@blueprint.get("/api/uploads")
def uploads() -> Response:
    """Uploads, newest first."""
    with parts().database.reading() as connection:
        return jsonify(uploads=upload_list(connection))


@blueprint.post("/api/uploads")
def make_upload() -> Response:
    """Room for files that belong together."""
    body = json_object(request_body(), ("title",))
    title = plain_text("title", body.get("title", ""), longest=80)
    with parts().database.writing() as connection:
        upload_id = new_upload(connection, parts().home, title)
        return jsonify(whole_upload(connection, upload_id))


@blueprint.get("/api/uploads/<upload_id>")
def upload(upload_id: str) -> Response:
    """An upload with files, confirmed sources and the newest job of each kind."""
    with parts().database.reading() as connection:
        return jsonify(whole_upload(connection, upload_id))


@blueprint.patch("/api/uploads/<upload_id>")
def describe_upload(upload_id: str) -> Response:
    """Which delivery the files belong to, and up to which date they hold."""
    body = json_object(request_body(), ("title", "label", "as_of"))
    with parts().database.writing() as connection:
        before = require_upload(connection, upload_id)
        queries.run(connection, "describe_upload", {
            "upload_id": upload_id, "title": plain_text("title", body.get("title", before["title"]), longest=80),
            "label": plain_text("label", body.get("label", before["label"]), longest=40),
            "as_of": _day("as_of", body.get("as_of", before["as_of"])),
        })  # fmt: skip
        return jsonify(whole_upload(connection, upload_id))


@blueprint.delete("/api/uploads/<upload_id>")
def delete_upload(upload_id: str) -> Response:
    """Files and confirmations are gone; what was loaded from them stays."""
    with parts().database.writing() as connection:
        require_upload(connection, upload_id)
        _require_rest(connection, upload_id)
        drop_upload(connection, parts().home, upload_id)
    return jsonify(upload_id=upload_id)


@blueprint.put("/api/uploads/<upload_id>/files/<path:name>")
def put_file(upload_id: str, name: str) -> Response:
    """One file, its content as the body."""
    n_bytes = request.content_length
    if n_bytes is None:
        abort(411)
    most_bytes = current_app.config["LARGEST_UPLOAD_BYTES"]
    request.max_content_length = most_bytes
    with parts().database.writing() as connection:
        require_upload(connection, upload_id)
        _require_rest(connection, upload_id)
        kept = keep_file(connection, parts().home, upload_id, harmless_name(name), request.stream,
                         n_bytes=n_bytes, most_bytes=most_bytes,
                         require_rest=lambda: _require_rest(connection, upload_id))  # fmt: skip
    return jsonify(kept)


@blueprint.delete("/api/uploads/<upload_id>/files/<path:name>")
def delete_file(upload_id: str, name: str) -> Response:
    """A file is taken out of its upload."""
    with parts().database.writing() as connection:
        require_upload(connection, upload_id)
        _require_rest(connection, upload_id)
        drop_file(connection, parts().home, upload_id, harmless_name(name))
        return jsonify(whole_upload(connection, upload_id))


@blueprint.put("/api/uploads/<upload_id>/sources/<source_id>")
def put_source(upload_id: str, source_id: str) -> Response:
    """What a person confirmed about one table: layer, columns, units, codes, datum."""
    body = json_object(request_body(), ("file", "dataset", "decisions", "confirmed_by"), ("file", "dataset", "decisions", "confirmed_by"))
    if not isinstance(body["decisions"], dict):
        raise RequestError("decisions", Text("应为 JSON 对象"))
    body |= {name: plain_text(name, body[name]) for name in ("file", "dataset")}
    body["confirmed_by"] = _name("confirmed_by", body["confirmed_by"])
    with parts().database.writing() as connection:
        require_upload(connection, upload_id)
        confirm_source(connection, upload_id, _source_id(source_id), body)
        arguments = {"upload_id": upload_id, "source_id": source_id}
        return jsonify(start_job(connection, "confirm", arguments, upload_id=upload_id, requested_by=body["confirmed_by"]))


@blueprint.delete("/api/uploads/<upload_id>/sources/<source_id>")
def delete_source(upload_id: str, source_id: str) -> Response:
    """A confirmation is taken back."""
    with parts().database.writing() as connection:
        require_upload(connection, upload_id)
        queries.run(connection, "forget_upload_source", {"upload_id": upload_id, "source_id": _source_id(source_id)})
        return jsonify(whole_upload(connection, upload_id))


@blueprint.post("/api/uploads/<upload_id>/recognition")
def recognise_upload(upload_id: str) -> Response:
    """A job that says what the files are; it decides nothing."""
    return _upload_job(upload_id, "recognise")


@blueprint.post("/api/uploads/<upload_id>/check")
def check_upload(upload_id: str) -> Response:
    """A job that runs the load without keeping anything of it."""
    with parts().database.reading() as connection:
        found = whole_upload(connection, upload_id)
    if not found["sources"]:
        raise ConflictError(Text("请先确认至少一个数据表的对应关系"))
    if not found["label"] or not found["as_of"]:
        raise ConflictError(Text("请填写版次(如 2026Q3)和资料截至日期"))
    return _upload_job(upload_id, "check")


@blueprint.post("/api/uploads/<upload_id>/load")
def load_upload(upload_id: str) -> Response:
    """A person approves what the check found; a job loads it."""
    body = json_object(request_body(), ("approved_by", "note", "accepts_losses", "check_job_id"), ("approved_by", "check_job_id"))
    name, note = _name("approved_by", body["approved_by"]), _note("note", body.get("note", ""))
    with parts().database.writing() as connection:
        found = whole_upload(connection, upload_id)
        arguments = approved_arguments(
            found, check_job_id=body["check_job_id"], approved_by=name, note=note, accepts_losses=body.get("accepts_losses") is True,
        )
        return jsonify(start_job(connection, "load", arguments, upload_id=upload_id, requested_by=name))


def _upload_job(upload_id: str, kind: str) -> Response:
    with parts().database.writing() as connection:
        found = whole_upload(connection, upload_id)
        if not found["files"]:
            raise ConflictError(Text("请先上传文件"))
        return jsonify(start_job(connection, kind, {"upload_id": upload_id}, upload_id=upload_id))


def _require_rest(connection: Any, upload_id: str) -> None:
    """Files do not change under a job that reads them."""
    for row in queries.run(connection, "jobs", {"upload": upload_id, "most": 20}).mappings():
        if row["state"] in ("waiting", "running", "cancelling"):
            raise ConflictError(Text("这次上传正在处理,请等待完成或先取消任务"))


# --- jobs ---------------------------------------------------------------------------------------------------


@blueprint.get("/api/jobs")
def jobs() -> Response:
    """Jobs, newest first."""
    most = whole_number("limit", request.args.get("limit", "50"), least=1, most=200)
    wanted = plain_text("upload", request.args.get("upload", "")) or None
    with parts().database.reading() as connection:
        return jsonify(jobs=job_list(connection, upload_id=wanted, most=most), is_worker_alive=is_worker_alive(connection))


@blueprint.post("/api/jobs")
def new_job() -> Response:
    """A job that looks for proposals in the whole register; people decide on them afterwards."""
    body = json_object(request_body(), ("kind",), ("kind",))
    with parts().database.writing() as connection:
        return jsonify(start_job(connection, choice("kind", body["kind"], SEARCHES), {}))


@blueprint.get("/api/jobs/<job_id>")
def one_job(job_id: str) -> Response:
    """A job: its state, step, result, or what to do where it failed."""
    with parts().database.reading() as connection:
        return jsonify(job(connection, _number("job_id", job_id)) | {"is_worker_alive": is_worker_alive(connection)})


@blueprint.post("/api/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """A job is taken back."""
    with parts().database.writing() as connection:
        return jsonify(cancel_job(connection, _number("job_id", job_id)))


@blueprint.get("/api/returned/<folder>/<name>")
def returned(folder: str, name: str) -> Response:
    """A workbook of refused rows, as a job made it."""
    path = returned_workbook(parts().home, plain_text("folder", folder), plain_text("name", name))
    response = send_file(path, mimetype=XLSX, as_attachment=True, download_name=name, max_age=0)
    response.headers["Cache-Control"] = "no-store"
    return response


# --- loads and refused rows ---------------------------------------------------------------------------------


@blueprint.get("/api/loads")
def loads() -> Response:
    """Loads, newest first."""
    wanted = plain_text("source", request.args.get("source", "")) or None
    with parts().database.reading() as connection:
        return jsonify(loads=load_list(connection, source_id=wanted))


@blueprint.get("/api/loads/<load_id>")
def one_load(load_id: str) -> Response:
    """A load with what it refused, warned of and changed."""
    with parts().database.reading() as connection:
        return jsonify(whole_load(connection, parts().catalog, _number("load_id", load_id)))


@blueprint.post("/api/loads/<load_id>/rollback")
def roll_back(load_id: str) -> Response:
    """A job that takes a load back; it fails with the reason where later loads stand on it."""
    body = json_object(request_body(), ("approved_by", "reason"), ("approved_by", "reason"))
    number, name = _number("load_id", load_id), _name("approved_by", body["approved_by"])
    reason = _note("reason", body["reason"])
    if not reason:
        raise RequestError("reason", Text("请填写撤回的原因"))
    with parts().database.writing() as connection:
        if load_row(connection, number)["rolled_back_at"]:
            raise ConflictError(Text("第 {number} 批已经撤回", number=number))
        arguments = {"load_id": number, "approved_by": name, "reason": reason}
        return jsonify(start_job(connection, "rollback", arguments, requested_by=name))


@blueprint.post("/api/loads/<load_id>/workbook")
def make_workbook(load_id: str) -> Response:
    """A job that writes the refused rows of a load as the supplier's own workbook."""
    body = json_object(request_body() or b"{}", ("file", "with_all_rows"))
    number = _number("load_id", load_id)
    arguments: dict[str, Any] = {"load_id": number, "with_all_rows": body.get("with_all_rows") is True}
    if body.get("file"):
        arguments["file"] = plain_text("file", body["file"])
    with parts().database.writing() as connection:
        load_row(connection, number)
        return jsonify(start_job(connection, "return_rows", arguments))


@blueprint.get("/api/rejects")
def rejects() -> Response:
    """Refused rows, of the newest load of each source unless asked otherwise."""
    given = {name: plain_text(name, request.args.get(name, "")) or None for name in ("source", "rule", "text")}
    load = request.args.get("load")
    wishes = {
        **given, "load_id": _number("load", load) if load else None,
        "newest": request.args.get("all") != "1" and not load,
        "most": whole_number("limit", request.args.get("limit", "200"), least=1, most=MOST_ROWS),
        "skip": whole_number("skip", request.args.get("skip", "0"), most=10**7),
    }  # fmt: skip
    with parts().database.reading() as connection:
        return jsonify(refused_rows(connection, wishes))


# --- editions and rules -------------------------------------------------------------------------------------


@blueprint.get("/api/data/editions")
def all_editions() -> Response:
    """Every edition that is kept, drafts too."""
    with parts().database.reading() as connection:
        found = [plain(row) for row in queries.run(connection, "all_editions").mappings()]
    return jsonify(editions=found)


@blueprint.post("/api/data/editions")
def make_draft() -> Response:
    """A job that scores the register and writes a draft edition."""
    body = json_object(request_body(), ("label", "on", "is_partial"))
    arguments = {"label": plain_text("label", body.get("label", ""), longest=40), "on": _day("on", body.get("on")),
                 "is_partial": body.get("is_partial") is True}
    with parts().database.writing() as connection:
        return jsonify(start_job(connection, "score", arguments))


@blueprint.post("/api/data/editions/<edition>/publication")
def publish_draft(edition: str) -> Response:
    """A person has the draft that was looked at published; one scored anew has the same number and another `created_at`."""
    body = json_object(request_body(), ("approved_by", "note", "created_at"), ("approved_by",))
    number, name = _number("edition", edition), _name("approved_by", body["approved_by"])
    with parts().database.writing() as connection:
        found = {row["edition"]: plain(row) for row in queries.run(connection, "all_editions").mappings()}.get(number)
        if found is None:
            raise MissingError(Text("没有第 {number} 版", number=number))
        if found["status"] != "draft":
            raise ConflictError(Text("第 {number} 版已经发布", number=number))
        if body.get("created_at", found["created_at"]) != found["created_at"]:
            raise ConflictError(Text("草稿已重新评定,请重新查看后再发布"))
        arguments = {"edition": number, "created_at": found["created_at"], "approved_by": name,
                     "note": _note("note", body.get("note", ""))}
        return jsonify(start_job(connection, "publish", arguments, requested_by=name))


@blueprint.put("/api/data/editions/<edition>/pin")
def pin_edition(edition: str) -> Response:
    """Whether an edition is kept when newer ones come."""
    body = json_object(request_body(), ("is_pinned",), ("is_pinned",))
    number = _number("edition", edition)
    with parts().database.writing() as connection:
        given = {"edition": number, "is_pinned": body["is_pinned"] is True}
        if queries.run(connection, "pin_edition", given).one_or_none() is None:
            raise MissingError(Text("没有第 {number} 版", number=number))
    return jsonify(given)


@blueprint.get("/api/data/rules")
def rule_tables() -> Response:
    """Every rule table, with how many of its rows were verified how well."""
    return jsonify(tables=table_list())


@blueprint.get("/api/data/rules/<name>")
def rule_table(name: str) -> Response:
    """One rule table, row by row: as it stands in its file, and as it is read in each language."""
    found = table(plain_text("name", name))
    return jsonify(found | {"told": {lang: _told_rows(found["name"], lang) for lang in LANGUAGES}})


def _told_rows(name: str, lang: str) -> dict[str, Any]:
    """Columns and rows of a rule table as a page shows them: each cell is a list of lines, a line its text or what more is known of it."""
    told = shown_rows(name, lang)
    return {
        "columns": [{"title": column.title, "names": column.columns, "size": column.size, "is_brief": column.is_brief} for column in told.columns],
        "rows": [[[_told_line(line) for line in cell] for cell in row] for row in told.rows],
    }


def _told_line(line: Line) -> str | dict[str, str]:
    more = {"lang": line.lang, "standard_id": line.title}
    return {"text": line.text} | {name: value for name, value in more.items() if value} if any(more.values()) else line.text


# --- values of requests -------------------------------------------------------------------------------------


def _number(field: str, text: str) -> int:
    return whole_number(field, text, most=10**9 - 1)


def _name(field: str, value: Any) -> str:
    found = plain_text(field, value, longest=40)
    if not found:
        raise RequestError(field, Text("请填写姓名"))
    return found


def _note(field: str, value: Any) -> str:
    return plain_text(field, value, longest=LONGEST_NOTE)


def _day(field: str, value: Any) -> str | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(plain_text(field, value, longest=10)).isoformat()
    except ValueError:
        raise RequestError(field, Text("应为日期,如 2026-09-30")) from None


def _source_id(text: str) -> str:
    found = plain_text("source_id", text, longest=60)
    if not found.replace("_", "").isalnum() or not found.isascii() or found != found.lower() or not found[0].isalpha() or found == "area":
        raise RequestError("source_id", Text("应为小写字母、数字和下划线,以字母开头"))
    return found
