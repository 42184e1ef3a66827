"""一企一档: one answer for everything known of a place, by every office that knows it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify

from app.access import person
from app.dossier import dossier
from app.parameters import plain_text
from app.parts import parts
from app.patrol_records import places_of, records
from app.pinned import Pinned, pinned_edition, require_exact

blueprint = Blueprint("dossiers", __name__)


@blueprint.get("/api/dossiers/<layer_id>/<path:feature_id>")
def one_dossier(layer_id: str, feature_id: str) -> Response:
    """A feature and the records linked with it, value by value, with levels, parts, conflicts and history."""
    layer = parts().catalog[layer_id]
    wanted = plain_text("id", feature_id)
    require_exact(layer)
    with pinned_edition() as pinned:
        found = dossier(pinned.connection, pinned.facts, parts().catalog, layer, wanted, parts().editions)
        visits = _visits(pinned, found)
    return jsonify(found | {"patrol_records": visits, "edition": pinned.edition.number})


def _visits(pinned: Pinned, found: dict[str, Any]) -> list[dict[str, Any]] | None:
    """What inspectors recorded at the place, the newest first; None for those who may not see it."""
    if not person().may("patrol"):
        return None
    places = places_of(pinned.connection, pinned.facts, [(record["layer"], record["id"]) for record in found["records"]])
    return records(pinned.connection, places=places)
