"""Vector tiles of a published edition."""

from __future__ import annotations

import dataclasses

from flask import Blueprint, Response, current_app, request

from app import tile_door
from app.access import View
from app.editions import EditionFacts
from app.errors import ForbiddenError, MissingError
from app.parameters import whole_number
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.texts import Text
from app.tile_door import answer
from app.tile_store import EMPTY, Tile
from app.tiles import TileAddress, make_tile, may_hold, tile_address, tile_key
from layers.catalog import Layer

blueprint = Blueprint("tiles", __name__)
ROUTE = "/tiles/<edition>/<view>/<layer_id>/<z>/<x>/<y>.mvt"
MIMETYPE = "application/vnd.mapbox-vector-tile"


@blueprint.get(ROUTE)
def tile(edition: str, view: str, layer_id: str, z: str, x: str, y: str) -> Response:
    """A vector tile; 204 where there is nothing to draw."""
    number = whole_number("edition", edition, least=1)
    address = tile_address(whole_number("z", z), whole_number("x", x), whole_number("y", y))
    layer = _drawn_layer(layer_id)
    seen = present_view()
    if view != seen.id:
        raise ForbiddenError
    facts = edition_facts(number, seen)
    found = _kept_tile(facts, layer, address)
    current_app.extensions[tile_door.NAME].remember(request.environ, tile_key(facts, layer, address), MIMETYPE, ROUTE)
    return tile_answer(found, MIMETYPE)


def _drawn_layer(layer_id: str) -> Layer:
    layer = parts().catalog[layer_id]
    if not layer.is_drawn:
        raise MissingError(Text("图层 {layer_id} 没有矢量瓦片", layer_id=layer_id))
    return layer


def edition_facts(number: int, view: View) -> EditionFacts:
    """What holds for an edition as a view has it: remembered, so that a kept tile asks no database."""
    memory = parts().editions
    edition = memory.known(number)
    facts = memory.known_facts(dataclasses.replace(edition, view=view.id)) if edition else None
    if facts is not None:
        return facts
    with pinned_edition(str(number), view=view) as pinned:
        return pinned.facts


def _kept_tile(facts: EditionFacts, layer: Layer, address: TileAddress) -> Tile:
    def make() -> Tile:
        with parts().database.reading() as connection:
            return make_tile(connection, facts, layer, address)

    store = parts().tiles
    if not may_hold(facts, layer, address):
        store.n_known_empty += 1
        return EMPTY
    return store.get(tile_key(facts, layer, address), make)


def tile_answer(tile: Tile, mimetype: str) -> Response:
    """A tile as it is kept."""
    status, headers, content = answer(tile, mimetype, request.environ)
    return Response(content, status, headers)
