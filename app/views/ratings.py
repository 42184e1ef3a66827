"""Ratings of county, towns, parks, industries and enterprises; disagreements; what is missing."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.parameters import choice
from app.pinned import pinned_edition
from app.ratings import disagreements, enterprise_ratings, missing, ratings

blueprint = Blueprint("ratings", __name__)
SCOPES = ("groups", "enterprises")


@blueprint.get("/api/ratings")
def all_ratings() -> Response:
    """Ratings under a policy; of the enterprises with ``scope=enterprises``."""
    scope = choice("scope", request.args.get("scope", SCOPES[0]), SCOPES)
    with pinned_edition() as pinned:
        policies = [entry["id"] for entry in pinned.facts.policies]
        policy = choice("policy", request.args.get("policy", pinned.facts.policy), policies)
        if scope == "enterprises":
            found = {"enterprises": enterprise_ratings(pinned.connection, pinned.facts)}
        else:
            found = ratings(pinned.connection, pinned.facts, policy)
    return jsonify(found | {"edition": pinned.edition.number})


@blueprint.get("/api/disagreements")
def all_disagreements() -> Response:
    """Where offices or methods say different things of one source."""
    with pinned_edition() as pinned:
        return jsonify({"disagreements": disagreements(pinned.connection, pinned.facts), "edition": pinned.edition.number})


@blueprint.get("/api/missing")
def all_missing() -> Response:
    """Which data are missing, from which office, for how many sources."""
    with pinned_edition() as pinned:
        return jsonify({"missing": missing(pinned.connection, pinned.facts), "edition": pinned.edition.number})
