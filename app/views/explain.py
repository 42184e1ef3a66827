"""Why a place has its colour."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.parameters import choice, number
from app.parts import parts
from app.pinned import pinned_edition
from app.reasons import explanation

blueprint = Blueprint("explain", __name__)


@blueprint.get("/api/explain")
def explain() -> Response:
    """Every contribution to the colour of a place."""
    lon = number("lon", request.args.get("lon"), least=-180, most=180)
    lat = number("lat", request.args.get("lat"), least=-90, most=90)
    with pinned_edition() as pinned:
        facts = pinned.facts
        policies = [entry["id"] for entry in facts.policies]
        policy = choice("policy", request.args.get("policy", facts.policy), policies)
        return jsonify(
            explanation(pinned.connection, facts, parts().frames, lon, lat, policy_id=policy, home=parts().home)
        )
