"""Dig notices: a reply to third-party works, the calendar of its due date, and the page of a kept one."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify

from app import queries
from app.access import require_admin
from app.bodies import request_body
from app.cases import answer_text, keep_case, kept_case, listed_cases, newest_case
from app.dig_notices import NOTICE, DigNotice, read_notice, read_works, reply, terms_of
from app.editions import EditionFacts
from app.errors import RequestError
from app.export.reply_letter import letter_bytes
from app.notice_letter import notice_letter
from app.document_language import language_of_document
from app.parameters import json_object, plain_text
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.texts import Text
from app.working_days import WorkingDays, office_calendar
from layers.scoring.activities import activities, activity_groups

blueprint = Blueprint("notices", __name__)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.get("/api/activities")
def kinds_of_works() -> Response:
    """Kinds of works that a notice may name, and the groups in which the form lists them."""
    kinds = [
        {"id": kind.activity, "group": kind.activity_group, "title_zh": kind.title_zh, "title_en": kind.title_en}
        for kind in activities().values()
    ]
    groups = [{"id": group.activity_group, "title_zh": group.title_zh, "title_en": group.title_en} for group in activity_groups().values()]
    return jsonify(activities=kinds, groups=groups)


@blueprint.post("/api/dig-notices")
def new_notice() -> Response:
    """A reply to works that were announced; given only when it has been kept."""
    asked = read_notice(request_body(), today=date.today())
    with pinned_edition() as pinned:
        answer = _reply(pinned, asked)
    ref = keep_case(parts().database, NOTICE, pinned.facts, asked.body, answer_text(answer))
    return jsonify({"ref": ref, **answer})


@blueprint.get("/api/dig-notices")
def notices() -> Response:
    """Kept notices, newest first, with the newest judgement of each."""
    with parts().database.reading() as connection:
        rows = listed_cases(connection, NOTICE)
    return jsonify(notices=[_listed(row) for row in rows])


@blueprint.get("/api/dig-notices/<ref>")
def kept_notice(ref: str) -> Response:
    """A kept notice; judged again, and that kept too, when a later edition is served."""
    return jsonify(newest_case(NOTICE, ref, reply_to_kept))


@blueprint.get("/pipelines/notices/<ref>/reply.docx")
def reply_letter(ref: str) -> Response:
    """The reply to a kept notice as a Word document."""
    lang = language_of_document()
    with parts().database.reading() as connection:
        kept = kept_case(connection, NOTICE, plain_text("ref", ref))
    letter = notice_letter(kept, parts().catalog, today=date.today(), lang=lang)
    response = current_app.response_class(letter_bytes(letter), mimetype=DOCX)
    response.headers["Content-Disposition"] = f"attachment; filename={kept['ref']}.docx"
    return response


@blueprint.get("/api/calendar")
def calendar() -> Response:
    """Days on which the office departs from the published holiday calendar."""
    with parts().database.reading() as connection:
        rows = queries.run(connection, "calendar_days").all()
    return jsonify(days=[{"day": row.day.isoformat(), "is_working": row.is_working, "note": row.note} for row in rows])


@blueprint.put("/api/calendar/<day>")
def set_day(day: str) -> Response:
    """Whether the office works on a day: true, false, or null for what the published calendar says."""
    require_admin()
    on = _day(day)
    body = json_object(request_body(), ("is_working", "note"), ("is_working",))
    is_working, note = body["is_working"], plain_text("note", body.get("note", ""))
    if not isinstance(is_working, bool | None):
        raise RequestError("is_working", Text("应为 true、false 或 null"))
    with parts().database.writing() as connection:
        if is_working is None:
            queries.run(connection, "forget_calendar_day", {"day": on})
        else:
            queries.run(connection, "set_calendar_day", {"day": on, "is_working": is_working, "note": note})
    return calendar()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(plain_text("day", text, longest=10))
    except ValueError:
        raise RequestError("day", Text("应为日期,如 2026-11-20")) from None


def _reply(pinned: Pinned, asked: DigNotice) -> dict[str, Any]:
    connection, facts = pinned.connection, pinned.facts
    works = read_works(connection, facts, parts().frames, asked)
    return reply(
        connection, facts, parts().frames, parts().rules, asked=asked, works=works,
        calendar=_calendar(connection, facts), terms=terms_of(current_app.config),
    )  # fmt: skip


def reply_to_kept(pinned: Pinned, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to a notice that came in earlier: its dates were right on that day."""
    dates = {name: date.fromisoformat(request[name]) for name in ("received_on", "starts_on", "ends_on")}
    asked = DigNotice(**dates, activities=tuple(request["activities"]), accuracy_m=float(request.get("accuracy_m", 0)), body=request)
    return _reply(pinned, asked)


def _calendar(connection: sa.Connection, facts: EditionFacts) -> WorkingDays:
    return office_calendar(connection, str(facts.area.get("jurisdiction", "CN"))[:2])


def _listed(row: Any) -> dict[str, Any]:
    request, answer = row.request, row.answer
    return {
        "ref": row.ref,
        "applicant": request["applicant"],
        "name": request["name"],
        "received_on": request["received_on"],
        "due_on": answer.get("due_on"),
        "starts_on": request["starts_on"],
        "ends_on": request["ends_on"],
        "verdict": answer.get("verdict"),
        "n_lines": len(answer.get("lines", [])),
        "edition": row.checked_edition,
        "has_changed": row.has_changed,
    }
