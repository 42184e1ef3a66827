"""What the map lies upon: backgrounds, relief, tile sources that an installation switched on."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify

from app.basemaps import (
    RELIEF,
    dem_of,
    description,
    make_relief_tile,
    relief_key,
)
from app.parameters import choice, whole_number
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.tile_store import EMPTY
from app.tiles import tile_address
from app.views.tiles import edition_facts, tile_answer
from basemaps.relief_tiles import KINDS

blueprint = Blueprint("basemaps", __name__)
PNG = "image/png"


@blueprint.get("/api/basemaps")
def basemaps() -> Response:
    """Backgrounds, relief and online sources."""
    with pinned_edition() as pinned:
        return jsonify(description(pinned.facts, parts().catalog, current_app.config["TILE_KEYS"]))


@blueprint.get(f"/tiles/<edition>/{RELIEF}/<kind>/<z>/<x>/<y>.png")
def relief(edition: str, kind: str, z: str, x: str, y: str) -> Response:
    """A tile of the relief; 204 where there is none."""
    facts = edition_facts(whole_number("edition", edition, least=1), present_view())
    address = tile_address(whole_number("z", z), whole_number("x", x), whole_number("y", y))
    kind = choice("kind", kind, KINDS)
    raster = dem_of(facts)
    if raster is None:
        return tile_answer(EMPTY, PNG)
    made = parts().tiles.get(
        relief_key(facts, raster, kind, address), lambda: make_relief_tile(parts().home, raster, kind, address)
    )
    return tile_answer(made, PNG)
