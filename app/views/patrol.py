"""Where inspectors go first."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.parameters import choice, plain_text, whole_number
from app.patrol import patrol
from app.pinned import pinned_edition
from layers.catalog import LEVELS

blueprint = Blueprint("patrol", __name__)
DEFAULT_LEVELS = "red,orange"
DEFAULT_LIMIT = 200
LARGEST_LIMIT = 1000


@blueprint.get("/api/patrol")
def patrol_list() -> Response:
    """Levels by town and the worst places."""
    wanted = plain_text("level", request.args.get("level", DEFAULT_LEVELS))
    levels = [choice("level", level, LEVELS) for level in wanted.split(",")]
    town = plain_text("town", request.args.get("town", "")) or None
    limit = whole_number("limit", request.args.get("limit", str(DEFAULT_LIMIT)), least=1, most=LARGEST_LIMIT)
    with pinned_edition() as pinned:
        found = patrol(pinned.connection, pinned.facts, levels=levels, town=town, limit=limit)
    return jsonify(found | {"edition": pinned.edition.number})
