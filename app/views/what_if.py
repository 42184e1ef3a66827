"""What would change: questions about an edition, answered and not kept."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.bodies import request_body
from app.parameters import json_object
from app.parts import parts
from app.pinned import pinned_edition
from app.what_if import KEYS, answer, choices, source_of

blueprint = Blueprint("what_if", __name__)


@blueprint.get("/api/what-if")
def offered() -> Response:
    """What a question may be about; the edition is put into memory, so that the first answer is as quick as the next."""
    with pinned_edition() as pinned:
        parts().counties.county(pinned.connection, pinned.facts)
        return jsonify(choices(pinned.facts))


@blueprint.get("/api/what-if/<layer_id>/<path:feature_id>")
def source(layer_id: str, feature_id: str) -> Response:
    """An enterprise or a unit with the units and amounts that a question can change."""
    with pinned_edition() as pinned:
        return jsonify(source_of(parts().counties.county(pinned.connection, pinned.facts), layer_id, feature_id))


@blueprint.post("/api/what-if")
def question() -> Response:
    """What some changes would bring: zones, areas, people, targets, violations."""
    body = json_object(request_body(), KEYS)
    with pinned_edition() as pinned:
        county = parts().counties.county(pinned.connection, pinned.facts)
        return jsonify(answer(county, pinned.facts, body))
