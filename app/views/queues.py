"""Review queues: the same enterprise in several lists, positions for addresses; lists and decisions."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from app.access import require_admin
from app.bodies import request_body
from app.errors import RequestError
from app.parameters import choice, json_object, number, plain_text, whole_number
from app.parts import parts
from app.queues import MATCH_STATES, PLACE_STATES, match_queue, place_queue
from app.texts import Text
from app.views.pages import A_YEAR_S, LANGUAGES, language
from layers.links import DECISIONS, Decision, Pair, Record, decide_pair, decide_place

blueprint = Blueprint("queues", __name__)
blueprint.before_request(require_admin)
DEFAULT_LIMIT, LARGEST_LIMIT = 50, 500
LONGEST_NAME, LONGEST_REASON = 40, 500


@blueprint.get("/data/matches")
def matches_page() -> Response:
    """Pairs of records that may be one enterprise."""
    return _page("matches")


@blueprint.get("/data/places")
def places_page() -> Response:
    """Positions proposed for rows that came without."""
    return _page("places")


@blueprint.get("/api/matches")
def matches() -> Response:
    """Pairs in one state."""
    state = choice("state", request.args.get("state", "open"), MATCH_STATES)
    with parts().database.reading() as connection:
        return jsonify(match_queue(connection, parts().catalog, state=state, **_window()))


@blueprint.get("/api/places")
def places() -> Response:
    """Proposed positions in one state."""
    state = choice("state", request.args.get("state", "open"), PLACE_STATES)
    with parts().database.reading() as connection:
        return jsonify(place_queue(connection, parts().catalog, state=state, **_window()))


@blueprint.post("/api/matches/decisions")
def decide_match() -> Response:
    """Keep what a person decided about two records."""
    body = json_object(request_body(), ("a", "b", "decision", "by_name", "reason"), ("a", "b", "decision", "by_name"))
    pair = Pair.of(_record("a", body["a"]), _record("b", body["b"]))
    with parts().database.writing() as connection:
        decide_pair(connection, pair, _decision(body))
        return jsonify(counts=match_queue(connection, parts().catalog, state="open", limit=1, offset=0)["counts"])


@blueprint.post("/api/places/decisions")
def decide_position() -> Response:
    """Keep what a person decided about a proposed position."""
    body = json_object(request_body(), ("record", "decision", "by_name", "reason", "lon", "lat"), ("record", "decision", "by_name"))
    seen = None
    if "lon" in body or "lat" in body:
        seen = number("lon", body.get("lon"), least=-180, most=180), number("lat", body.get("lat"), least=-90, most=90)
    with parts().database.writing() as connection:
        decide_place(connection, _record("record", body["record"]), _decision(body), seen=seen)
        return jsonify(counts=place_queue(connection, parts().catalog, state="open", limit=1, offset=0)["counts"])


def _window() -> dict[str, int]:
    return {
        "limit": whole_number("limit", request.args.get("limit", str(DEFAULT_LIMIT)), least=1, most=LARGEST_LIMIT),
        "offset": whole_number("offset", request.args.get("offset", "0")),
    }


def _record(field: str, value: Any) -> Record:
    """Layer and id of a record; the layer has to exist."""
    if not isinstance(value, dict) or set(value) != {"layer", "id"}:
        raise RequestError(field, Text("应为 {layer, id}"))
    layer_id, feature_id = plain_text(f"{field}.layer", value["layer"]), plain_text(f"{field}.id", value["id"])
    return parts().catalog[layer_id].id, feature_id


def _decision(body: dict[str, Any]) -> Decision:
    return Decision(
        choice("decision", body["decision"], DECISIONS),
        plain_text("by_name", body["by_name"], longest=LONGEST_NAME),
        plain_text("reason", body.get("reason", ""), longest=LONGEST_REASON),
    )


def _page(subject: str) -> Response:
    response = make_response(render_template("queue.html", lang=language(), subject=subject))
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", language(), max_age=A_YEAR_S, samesite="Lax", httponly=False)
    response.headers["Cache-Control"] = "no-cache"
    return response
