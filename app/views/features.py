"""One feature with where it comes from and what holds for it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.access import EVERYTHING
from app.features import feature
from app.history import history
from app.parameters import plain_text
from app.parts import parts
from app.pinned import pinned_edition, require_exact
from app.views.explain import reasons_of

blueprint = Blueprint("features", __name__)


@blueprint.get("/api/features/<layer_id>/<path:feature_id>")
def one_feature(layer_id: str, feature_id: str) -> Response:
    """A feature as GeoJSON with provenance, conflicts and rating; with the reasons of its colour where ``reasons`` names a policy."""
    layer = parts().catalog[layer_id]
    wanted = plain_text("id", feature_id)
    policy = plain_text("reasons", request.args.get("reasons", ""))
    with pinned_edition() as pinned:
        found = feature(pinned.connection, pinned.facts, parts().catalog, layer, wanted)
    told = {"reasons": reasons_of(layer_id, found, policy)} if policy else {}
    return jsonify(found | {"edition": pinned.edition.number} | told)


@blueprint.get("/api/features/<layer_id>/<path:feature_id>/history")
def feature_history(layer_id: str, feature_id: str) -> Response:
    """What became of a feature from delivery to delivery."""
    layer = parts().catalog[layer_id]
    wanted = plain_text("id", feature_id)
    require_exact(layer)
    with pinned_edition() as pinned:
        if pinned.edition.view != EVERYTHING:  # the register holds every town; the edition what this person may see
            feature(pinned.connection, pinned.facts, parts().catalog, layer, wanted)
        found = history(pinned.connection, pinned.facts, layer, wanted)
    return jsonify(found | {"edition": pinned.edition.number})
