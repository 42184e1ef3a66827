"""一企一档: one answer for everything known of a place, by every office that knows it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.dossier import dossier
from app.parameters import plain_text
from app.parts import parts
from app.pinned import pinned_edition, require_exact

blueprint = Blueprint("dossiers", __name__)


@blueprint.get("/api/dossiers/<layer_id>/<path:feature_id>")
def one_dossier(layer_id: str, feature_id: str) -> Response:
    """A feature and the records linked with it, value by value, with levels, parts, conflicts and history."""
    layer = parts().catalog[layer_id]
    wanted = plain_text("id", feature_id)
    require_exact(layer)
    with pinned_edition() as pinned:
        found = dossier(pinned.connection, pinned.facts, parts().catalog, layer, wanted, parts().editions)
    return jsonify(found | {"edition": pinned.edition.number})
