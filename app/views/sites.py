"""Siting: may this project stand here, what would change the answer, drafts and kept cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, request

from app.bodies import request_body
from app.cases import (
    ALREADY_JUDGED,
    answer_text,
    keep_case,
    kept_case,
    listed_cases,
    newest_case,
    stale_cases,
    told_case,
)
from app.drafts import (
    alternatives,
    draft_of,
    drop_draft,
    listed_drafts,
    new_draft,
    open_draft,
    save_draft,
)
from app.editions import EditionFacts
from app.errors import ConflictError, RequestError
from app.export.reply_letter import letter_bytes
from app.document_language import language_of_document
from app.parameters import choice, json_object, plain_text
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.sheets import Sheet
from app.site_area import KEYS as AREA_KEYS
from app.site_area import PARCEL_LAYERS, area_check, read_area_request
from app.site_area import REQUIRED_KEYS as REQUIRED_AREA_KEYS
from app.site_batch import MOST_AT_ONCE as MOST_IN_BATCH
from app.site_batch import MOST_ROWS, batch_rows, batch_workbook
from app.site_checks import (
    SITE_CHECK,
    listed_site,
    outline_of,
    project_types,
    site_check,
)
from app.site_files import require_places, sites_of_body
from app.site_requests import (
    INSTALLATIONS,
    KEYS,
    Danger,
    SiteRequest,
    crs_choices,
    read_site_request,
)
from app.site_shifts import shifts_of
from app.siting_letter import newest_answer, siting_letter
from app.siting_map import site_map, site_marks
from app.table_workbook import MIMETYPE as XLSX
from app.texts import Text
from app.what_if import choices, endangered
from layers.scoring.what_if import Edit

blueprint = Blueprint("sites", __name__)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MOST_AT_ONCE = 20
"""Kept cases that are judged again in one request."""


@blueprint.get("/api/project-types")
def kinds() -> Response:
    """Kinds of projects that can be checked."""
    return jsonify(project_types=project_types(parts().rules))


@blueprint.get("/api/site-checks/choices")
def offered() -> Response:
    """What the form offers: kinds of projects and of installations, chemicals, systems of coordinates."""
    with pinned_edition() as pinned:
        return jsonify(
            project_types=project_types(parts().rules),
            installations=list(INSTALLATIONS),
            chemicals=choices(pinned.facts)["chemicals"],
            crs=crs_choices(pinned.facts),
            outline=outline_of(pinned.facts),
            parcel_layers=list(PARCEL_LAYERS),
        )


@blueprint.get("/api/site-checks")
def checks() -> Response:
    """Kept cases and drafts, newest first, with the newest judgement of each; how many wait for the newest edition."""
    with pinned_edition() as pinned:
        rows = listed_cases(pinned.connection, SITE_CHECK)
        drafts = listed_drafts(pinned.connection, SITE_CHECK)
        stale = stale_cases(pinned.connection, SITE_CHECK, pinned.editions[0].number)
    return jsonify(cases=[listed_site(row) for row in rows], drafts=[_listed_draft(row) for row in drafts], n_stale=len(stale))


def _listed_draft(row: dict[str, Any]) -> dict[str, Any]:
    form = row["form"]
    return {name: row[name] for name in ("ref", "copied_from", "created_at", "saved_at")} | {"name": str(form.get("name") or "")}


@blueprint.post("/api/site-checks")
def new_check() -> Response:
    """A verdict on a site and a project; the answer is given only when it has been kept.

    One turn from the body to the verdict: who comes later is not slowed by half of what others ask. Who waits for the
    network or the disk, or asks what a project endangers, keeps nobody waiting.
    """
    sent = request_body()
    with pinned_edition() as pinned, parts().check_turns.turn():  # in this order everywhere: who has a turn waits for no connection
        body = json_object(sent, KEYS)
        ref = plain_text("draft", body.pop("draft", ""))
        if ref:
            _require_open(pinned, ref)
        asked, verdict = _verdict(pinned, body)
    if any(asked.dangers):
        with parts().database.reading() as connection:
            verdict |= _endangers(connection, pinned.facts, asked)
    answer = answer_text(verdict)
    ref = keep_case(parts().database, SITE_CHECK, pinned.facts, body, answer, ref=ref)
    return current_app.response_class(told_case(ref, answer), mimetype="application/json")


def _require_open(pinned: Pinned, ref: str) -> None:
    """Raise `MissingError` or `ConflictError` unless a number is that of a draft that has not been judged."""
    if draft_of(pinned.connection, SITE_CHECK, ref)["is_judged"]:
        raise ConflictError(ALREADY_JUDGED)


@blueprint.post("/api/site-checks/recheck")
def recheck() -> Response:
    """Judge kept cases that the newest edition has not judged yet, some at a time; how many are left."""
    with pinned_edition() as pinned:
        stale = stale_cases(pinned.connection, SITE_CHECK, pinned.editions[0].number)
    changed = []
    for ref in stale[:MOST_AT_ONCE]:
        checks_of = newest_case(SITE_CHECK, ref, judged_site)["checks"]
        changed += [ref] if checks_of and checks_of[-1]["has_changed"] else []
    return jsonify(n_checked=len(stale[:MOST_AT_ONCE]), n_left=max(0, len(stale) - MOST_AT_ONCE), changed=changed)


@blueprint.get("/api/site-checks/<ref>")
def check(ref: str) -> Response:
    """A kept siting check, as it was answered; judged again, and that kept too, when a later edition is served.

    ``?draft=1``: of a number that has not been judged, its draft, as ``draft``.
    """
    if request.args.get("draft") == "1":
        with parts().database.reading() as connection:
            found = open_draft(connection, SITE_CHECK, plain_text("ref", ref))
        if found:
            return jsonify(draft=found)
    case = newest_case(SITE_CHECK, ref, judged_site)
    with parts().database.reading() as connection:
        others = alternatives(connection, SITE_CHECK, case["ref"])
    return jsonify(case | {"alternatives": others})


@blueprint.get("/api/site-checks/<ref>/shifts")
def shifts(ref: str) -> Response:
    """The smallest shifts that would take the reasons of a kept case away; trials, not kept."""
    with pinned_edition() as pinned:
        case = kept_case(pinned.connection, SITE_CHECK, plain_text("ref", ref))
        asked = read_site_request(case["request"], pinned.facts, parts().rules)
        return jsonify(shifts_of(pinned.connection, pinned.facts, parts().surroundings, asked=asked))


@blueprint.get("/siting/<ref>/letter")
def letter(ref: str) -> Response:
    """The advice letter of a kept case as a Word document, by its newest judgement."""
    lang = language_of_document()
    case = newest_case(SITE_CHECK, ref, judged_site)
    figure = _map_of(case, is_figure=True, lang=lang)
    told = replace(siting_letter(case, today=date.today(), lang=lang), picture=figure.content, picture_caption=figure.caption)
    response = current_app.response_class(letter_bytes(told), mimetype=DOCX)
    response.headers["Content-Disposition"] = f"attachment; filename={case['ref']}.docx"
    return response


@blueprint.get("/siting/<ref>/map.pdf")
def case_map(ref: str) -> Response:
    """The map of a kept case on a sheet: its ground and the shortest lines of its reasons."""
    lang = language_of_document()
    case = newest_case(SITE_CHECK, ref, judged_site)
    response = current_app.response_class(_map_of(case, is_figure=False, lang=lang).content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f"attachment; filename={case['ref']}.pdf"
    return response


def _map_of(case: dict[str, Any], *, is_figure: bool, lang: str) -> Sheet:
    """The map of a case by its newest judgement, in the edition that judged it or, where that is gone, in the newest."""
    answer = newest_answer(case)
    with pinned_edition() as newest:
        is_kept = any(edition.number == answer["edition"] for edition in newest.editions)
    with pinned_edition(str(answer["edition"]) if is_kept else None) as pinned:
        asked = read_site_request(case["request"], pinned.facts, parts().rules)
        name = case["request"].get("name") or case["ref"]
        return site_map(
            pinned.connection, pinned.facts, parts().catalog, parts().frames, marks=site_marks(pinned.facts, asked, answer),
            title=Text("{name}位置图", name=name)[lang], is_figure=is_figure, lang=lang,
            rules_version=parts().rules.version, address=f"{request.url_root}siting/{case['ref']}",
        )  # fmt: skip


@blueprint.post("/api/site-areas")
def area() -> Response:
    """Where in the area a kind of project would find nothing against it, and what is against it elsewhere."""
    body = json_object(request_body(), AREA_KEYS, REQUIRED_AREA_KEYS)
    with pinned_edition() as pinned:
        asked = read_area_request(body, pinned.facts, parts().rules)
        return jsonify(area_check(pinned.connection, pinned.facts, parts().surroundings, asked=asked))


@blueprint.post("/api/site-geometries")
def geometries() -> Response:
    """The sites in a file that is sent as the body."""
    name = plain_text("name", request.args.get("name", ""))
    crs = request.args.get("crs", "")
    with pinned_edition() as pinned:
        if crs:
            choice("crs", crs, crs_choices(pinned.facts))
        target = f"EPSG:{pinned.facts.srid}"
    return jsonify(sites=require_places(sites_of_body(name, request_body(), target=target, crs=crs)))


@blueprint.post("/api/site-batches")
def batch() -> Response:
    """One verdict for each of some sites; nothing is kept."""
    body = json_object(request_body(), ("sites", "project_type"), ("sites",))
    sites, project_type = body["sites"], plain_text("project_type", body.get("project_type") or "")
    if not isinstance(sites, list) or not 1 <= len(sites) <= MOST_IN_BATCH:
        raise RequestError("sites", Text("应为 1 至 {most} 个场址的列表", most=MOST_IN_BATCH))
    with pinned_edition() as pinned:
        rows = batch_rows(pinned.connection, pinned.facts, parts().surroundings, sites, project_type)
        return jsonify(rows=rows, edition=pinned.edition.number, edition_label=pinned.edition.label)


@blueprint.post("/api/site-batches/workbook")
def batch_as_workbook() -> Response:
    """Rows of a batch as a workbook."""
    body = json_object(request_body(), ("rows", "lang"), ("rows",))
    if not isinstance(body["rows"], list) or len(body["rows"]) > MOST_ROWS:
        raise RequestError("rows", Text("应为最多 {most} 行的列表", most=MOST_ROWS))
    made = batch_workbook(body["rows"], choice("lang", body.get("lang", "zh"), ("zh", "en")))
    response = current_app.response_class(made, mimetype=XLSX)
    response.headers["Content-Disposition"] = "attachment; filename=sites.xlsx"
    return response


@blueprint.post("/api/site-drafts")
def make_draft() -> Response:
    """A new draft under a number of its own; a copy of a case keeps to its family."""
    body = json_object(request_body(), ("form", "copied_from"))
    form = _form(body.get("form", {}))
    with parts().database.writing() as connection:
        ref = new_draft(connection, SITE_CHECK, form, copied_from=plain_text("copied_from", body.get("copied_from") or ""))
        return jsonify(draft_of(connection, SITE_CHECK, ref))


@blueprint.get("/api/site-drafts/<ref>")
def draft(ref: str) -> Response:
    """A draft with what its form holds."""
    with parts().database.reading() as connection:
        return jsonify(draft_of(connection, SITE_CHECK, plain_text("ref", ref)))


@blueprint.put("/api/site-drafts/<ref>")
def save(ref: str) -> Response:
    """Keep what the form of a draft holds now."""
    form = _form(json_object(request_body(), ("form",), ("form",))["form"])
    with parts().database.writing() as connection:
        return jsonify(save_draft(connection, SITE_CHECK, plain_text("ref", ref), form))


@blueprint.delete("/api/site-drafts/<ref>")
def drop(ref: str) -> Response:
    """Forget a draft that has not been judged."""
    with parts().database.writing() as connection:
        drop_draft(connection, SITE_CHECK, plain_text("ref", ref))
    return jsonify(ref=ref)


def _form(form: Any) -> dict[str, Any]:
    if not isinstance(form, dict):
        raise RequestError("form", Text("应为 JSON 对象"))
    return form


def judged_site(pinned: Pinned, body: dict[str, Any]) -> dict[str, Any]:
    """The verdict on what a body of a siting check asks, as it is kept."""
    with parts().check_turns.turn():
        asked, verdict = _verdict(pinned, body)
    return verdict | _endangers(pinned.connection, pinned.facts, asked)


def _verdict(pinned: Pinned, body: dict[str, Any]) -> tuple[SiteRequest, dict[str, Any]]:
    asked = read_site_request(body, pinned.facts, parts().rules)
    return asked, site_check(pinned.connection, pinned.facts, parts().surroundings, asked=asked)


def _endangers(connection: sa.Connection, facts: EditionFacts, asked: SiteRequest) -> dict[str, Any]:
    """What the project endangers, where it brings dangers: as a part of the answer."""
    edits = _edits(asked)
    return {"endangers": endangered(parts().counties.county(connection, facts), facts, edits)} if edits else {}


def _edits(asked: SiteRequest) -> list[Edit]:
    """The dangers of a project as units that are put up on its parts."""

    def edit(danger: Danger, ground: Any) -> Edit:
        return Edit("add", chemical=danger.chemical, amount_t=danger.amount_t, place=ground, name=asked.name)

    pairs = zip(asked.parts, asked.dangers, strict=True)
    return [edit(danger, part.geometry) for part, dangers in pairs for danger in dangers]
