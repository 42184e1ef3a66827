"""Why a place, a zone, a source, a town or a park has its level."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.explanations import Question, explained_feature, explained_zone
from app.parameters import choice, number, plain_text
from app.parts import parts
from app.pinned import pinned_edition
from app.reasons import explanation

blueprint = Blueprint("explain", __name__)


@blueprint.get("/api/explain")
def explain() -> Response:
    """Every contribution to a level, with rules, data and what would change it: of a place, a zone or a feature."""
    zone, feature = (plain_text(name, request.args.get(name, "")) for name in ("zone", "feature"))
    if not zone and not feature:
        lon = number("lon", request.args.get("lon"), least=-180, most=180)
        lat = number("lat", request.args.get("lat"), least=-90, most=90)
    with pinned_edition() as pinned:
        facts = pinned.facts
        policies = [entry["id"] for entry in facts.policies]
        policy = choice("policy", request.args.get("policy", facts.policy), policies)
        ask = Question(pinned.connection, facts, parts().frames, parts().catalog, policy, parts().home, parts().risks)
        if zone:
            return jsonify(explained_zone(ask, zone))
        if feature:
            layer, _, feature_id = feature.partition("/")
            return jsonify(explained_feature(ask, parts().catalog[layer].id, feature_id))
        return jsonify(
            explanation(pinned.connection, facts, parts().frames, lon, lat, policy_id=policy, home=parts().home, risks=parts().risks)
        )
