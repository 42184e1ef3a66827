"""The follow-up ledger: entries from violations, what happens to them, their photos, and their pages' data."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, current_app, jsonify, request

from app import queries
from app.bodies import request_body
from app.errors import MissingError, RequestError
from app.follow_ups import (
    STATES,
    checks_due,
    keep_checks,
    keep_entry,
    listed,
    new_entry,
    record_event,
    told,
    whole_entry,
)
from app.parameters import plain_text
from app.parts import parts
from app.photos import MOST_BYTES, keep_photo, photo_path, read_photo
from app.pinned import Pinned, pinned_edition
from app.texts import Text
from app.working_days import WorkingDays, office_calendar

blueprint = Blueprint("follow_ups", __name__)
LONGEST_NAME = 120
A_YEAR_S = 365 * 24 * 3600


@blueprint.get("/api/follow-ups")
def follow_ups() -> Response:
    """Every entry, narrowed by state, office, line or enterprise; the newest edition is asked about each first."""
    wanted = {name: plain_text(name, request.args.get(name, "")) for name in ("state", "office", "pipeline_id", "enterprise_id", "violation_id")}
    if wanted["state"] and wanted["state"] not in STATES:
        raise RequestError("state", Text("可用:{known}", known=", ".join(STATES)))
    with pinned_edition() as pinned:
        _check(pinned)
    with parts().database.reading() as connection:
        entries = [told(row, today=date.today()) for row in listed(connection)]
    chosen = [entry for entry in entries if all(not value or entry[name] == value for name, value in wanted.items())]
    counts = {state: sum(entry["state"] == state for entry in entries) for state in STATES}
    return jsonify(follow_ups=chosen, counts=counts, edition=pinned.edition.number)


@blueprint.post("/api/follow-ups")
def new_follow_up() -> Response:
    """An entry for a violation of the edition."""
    with pinned_edition() as pinned:
        entry, said = new_entry(pinned.connection, pinned.facts, request_body(), calendar=_calendar(pinned), today=date.today())
    with parts().database.writing() as connection:
        ref = keep_entry(connection, entry, said)
    return _entry(ref)


@blueprint.get("/api/follow-ups/<ref>")
def follow_up(ref: str) -> Response:
    """One entry with everything that happened to it."""
    wanted = plain_text("ref", ref)
    with pinned_edition() as pinned:
        _check(pinned)
    return _entry(wanted)


@blueprint.post("/api/follow-ups/<ref>/events")
def new_event(ref: str) -> Response:
    """What happened to an entry: a note, a re-check, another deadline or person, its closing or reopening."""
    wanted = plain_text("ref", ref)
    with pinned_edition() as pinned:
        calendar = _calendar(pinned)
    with parts().database.writing() as connection:
        record_event(connection, wanted, request_body(), calendar=calendar, today=date.today())
    return _entry(wanted)


@blueprint.post("/api/follow-ups/<ref>/photos")
def new_photo(ref: str) -> Response:
    """A photo as the body; kept as a JPEG without its notes of camera and place."""
    wanted = plain_text("ref", ref)
    name = plain_text("name", request.args.get("name", ""), longest=LONGEST_NAME)
    request.max_content_length = MOST_BYTES + 1
    with parts().database.reading() as connection:
        whole_entry(connection, wanted, today=date.today())
    photo = read_photo(request.get_data())
    keep_photo(parts().home, photo)
    row = {"ref": wanted, "sha256": photo.sha256, "name": name or photo.sha256[:12], "width_px": photo.width_px, "height_px": photo.height_px}
    with parts().database.writing() as connection:
        queries.run(connection, "keep_follow_up_photo", row)
    return _entry(wanted)


@blueprint.get("/api/follow-ups/<ref>/photos/<digest>")
def photo(ref: str, digest: str) -> Response:
    """A photo of an entry."""
    with parts().database.reading() as connection:
        held = {row.sha256 for row in queries.run(connection, "follow_up_photos", {"ref": plain_text("ref", ref)})}
    path = photo_path(parts().home, digest)
    if digest not in held or not path.is_file():
        raise MissingError(Text("没有这张照片"))
    response = current_app.response_class(path.read_bytes(), mimetype="image/jpeg")
    response.headers["Cache-Control"] = f"private, max-age={A_YEAR_S}, immutable"
    return response


def _entry(ref: str) -> Response:
    with parts().database.reading() as connection:
        return jsonify(whole_entry(connection, ref, today=date.today()))


def _check(pinned: Pinned) -> None:
    """Ask the newest edition about the entries that it has not been asked about."""
    checks = checks_due(pinned.connection, pinned.facts) if pinned.is_newest else []
    if checks:
        with parts().database.writing() as connection:
            keep_checks(connection, checks)


def _calendar(pinned: Pinned) -> WorkingDays:
    return office_calendar(pinned.connection, str(pinned.facts.area.get("jurisdiction", "CN"))[:2])
