"""Lists of a day on the phone: the lists, what is recorded at their places with photos, and what keeps their pages offline."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import segno
from flask import (
    Blueprint,
    Response,
    current_app,
    jsonify,
    make_response,
    request,
    send_from_directory,
)

from app import queries
from app.access import person
from app.bodies import request_body
from app.errors import ForbiddenError, MissingError
from app.parameters import plain_text, whole_number
from app.parts import parts
from app.patrol import patrol
from app.patrol_records import (
    MOST_PHOTOS,
    MOST_STOPS,
    keep_list,
    keep_record,
    kept_list,
    new_list,
    new_record,
    one_record,
    records,
)
from app.photos import MOST_BYTES, keep_photo, photo_path, read_photo
from app.pinned import Pinned, pinned_edition
from app.texts import Text
from layers.catalog import LEVELS
from layers.errors import NotFoundError

blueprint = Blueprint("patrol_rounds", __name__)
SCRIPTS_DIR = Path(__file__).parents[1] / "static" / "js"
MODULE_PX = 4
A_YEAR_S = 365 * 24 * 3600


@blueprint.get("/patrol/offline.js")
def offline_worker() -> Response:
    """The service worker of the lists' pages; its address says which pages it may answer for."""
    response = send_from_directory(SCRIPTS_DIR, "patrol_offline.js", mimetype="text/javascript", conditional=True, etag=True)
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.post("/api/patrol/lists")
def new_patrol_list() -> Response:
    """A list of a day under a number."""
    with pinned_edition() as pinned:
        asked = new_list(pinned.facts, request_body())
        found = _sources(pinned, asked["places"])
    missing = [place for place in asked["places"] if place not in found]
    if missing:
        raise MissingError(Text("本版没有 {missing}", missing=missing[0]))
    with parts().database.writing() as connection:
        ref = keep_list(connection, asked)
    return jsonify(ref=ref, path=f"/patrol/{ref}", qr=f"/api/patrol/lists/{ref}/qr.svg")


@blueprint.get("/api/patrol/lists/<ref>")
def patrol_list(ref: str) -> Response:
    """A list with its places as the edition has them now, in order, and what was recorded on it."""
    with parts().database.reading() as connection:
        kept = kept_list(connection, plain_text("ref", ref))
        found_records = [row for row in records(connection, list_ref=kept["ref"]) if _may_see(row)]
    with pinned_edition() as pinned:
        found = _sources(pinned, kept["places"])
    sources = [found[place] for place in kept["places"] if place in found]
    missing = [place for place in kept["places"] if place not in found]
    told_at = datetime.now(UTC).isoformat(timespec="seconds")
    return jsonify(kept | {"made_from": kept["edition"], "edition": pinned.edition.number, "sources": sources,
                           "missing": missing, "records": found_records, "told_at": told_at})  # fmt: skip


@blueprint.get("/api/patrol/lists/<ref>/qr.svg")
def patrol_list_code(ref: str) -> Response:
    """The QR code of a list's page, or of its n-th place there, as this server is reached."""
    with parts().database.reading() as connection:
        places = kept_list(connection, plain_text("ref", ref))["places"]
    n = whole_number("n", request.args["n"], least=1, most=len(places)) if "n" in request.args else None
    made = BytesIO()
    segno.make(f"{request.host_url}patrol/{ref}" + (f"?n={n}" if n else ""), error="m").save(made, kind="svg", scale=MODULE_PX, border=3, dark="black", light="white")
    response = make_response(made.getvalue())
    response.mimetype = "image/svg+xml"
    return response


@blueprint.put("/api/patrol/records/<record_id>")
def put_record(record_id: str) -> Response:
    """What was recorded at a place; the number is the device's, so that a record sent twice is one."""
    record = new_record(record_id, request_body())
    place = _place(record["place"], record["edition"])
    with parts().database.writing() as connection:
        return jsonify(keep_record(connection, record | {"name": place["name"], "town_name": place["town_name"]}))


@blueprint.put("/api/patrol/records/<record_id>/photos/<number>")
def put_photo(record_id: str, number: str) -> Response:
    """A photo as the body, drawn anew as a JPEG; the same number again changes nothing."""
    wanted = whole_number("number", number, least=1, most=MOST_PHOTOS)
    request.max_content_length = MOST_BYTES + 1
    with parts().database.reading() as connection:
        record = _record(connection, record_id)
    if wanted > record["n_photos"]:
        raise MissingError(Text("这条记录只有 {n_photos} 张照片", n_photos=record["n_photos"]))
    if wanted not in record["photos"]:
        photo = read_photo(request.get_data())
        keep_photo(parts().home, photo)
        row = {"record_id": record_id, "number": wanted, "sha256": photo.sha256, "width_px": photo.width_px, "height_px": photo.height_px}
        with parts().database.writing() as connection:
            queries.run(connection, "keep_patrol_photo", row)
    with parts().database.reading() as connection:
        return jsonify(one_record(connection, record_id))


@blueprint.get("/api/patrol/records/<record_id>/photos/<number>")
def record_photo(record_id: str, number: str) -> Response:
    """A photo of a record."""
    wanted = whole_number("number", number, least=1, most=MOST_PHOTOS)
    with parts().database.reading() as connection:
        _record(connection, record_id)
        digest = queries.run(connection, "patrol_photo", {"record_id": record_id, "number": wanted}).scalar_one_or_none()
    path = photo_path(parts().home, digest) if digest else None
    if path is None or not path.is_file():
        raise MissingError(Text("没有这张照片"))
    response = current_app.response_class(path.read_bytes(), mimetype="image/jpeg")
    response.headers["Cache-Control"] = f"private, max-age={A_YEAR_S}, immutable"
    return response


def _sources(pinned: Pinned, places: list[str]) -> dict[str, dict[str, Any]]:
    """Places of any level by their keys, those that the edition has and the person may see."""
    found = patrol(pinned.connection, pinned.facts, levels=LEVELS, town=None, limit=MOST_STOPS, places=places)
    return {source["place"]: source for source in found["sources"]}


def _place(place: str, edition: int) -> dict[str, Any]:
    """A place as the edition on the device has it, else as the newest has it; raises `MissingError`."""
    for wanted in (str(edition), None):
        try:
            with pinned_edition(wanted) as pinned:
                found = _sources(pinned, [place])
        except NotFoundError:
            continue
        if place in found:
            return found[place]
    raise MissingError(Text("没有 {place}", place=place))


def _record(connection: Any, record_id: str) -> dict[str, Any]:
    """A record of a town that the person may see."""
    record = one_record(connection, plain_text("record_id", record_id))
    if not _may_see(record):
        raise ForbiddenError
    return record


def _may_see(record: dict[str, Any]) -> bool:
    towns = person().towns
    return not towns or record["town_name"] in towns
