"""Vector tiles of a published edition."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.editions import EVERYTHING, EditionFacts
from app.errors import MissingError
from app.parameters import whole_number
from app.parts import parts
from app.pinned import pinned_edition
from app.responses import A_YEAR
from app.tile_store import EMPTY, Tile
from app.tiles import TileAddress, make_tile, may_hold, tile_address, tile_key
from layers.catalog import Layer

blueprint = Blueprint("tiles", __name__)
MIMETYPE = "application/vnd.mapbox-vector-tile"
VIEWS = (EVERYTHING,)


@blueprint.get("/tiles/<edition>/<view>/<layer_id>/<z>/<x>/<y>.mvt")
def tile(edition: str, view: str, layer_id: str, z: str, x: str, y: str) -> Response:
    """A vector tile; 204 where there is nothing to draw."""
    number = whole_number("edition", edition, least=1)
    address = tile_address(whole_number("z", z), whole_number("x", x), whole_number("y", y))
    layer = _drawn_layer(layer_id)
    if view not in VIEWS:
        raise MissingError("没有这个视图", f"no such view; there is: {', '.join(VIEWS)}")
    return tile_answer(_kept_tile(_facts(number), layer, address), MIMETYPE)


def _drawn_layer(layer_id: str) -> Layer:
    layer = parts().catalog[layer_id]
    if not layer.is_drawn:
        raise MissingError(f"图层 {layer_id} 没有矢量瓦片", f"layer {layer_id} has no vector tiles")
    return layer


def _facts(number: int) -> EditionFacts:
    """What holds for an edition: remembered after the first time, so that a kept tile asks no database."""
    memory = parts().editions
    edition = memory.known(number)
    facts = memory.known_facts(edition) if edition else None
    if facts is not None:
        return facts
    with pinned_edition(str(number)) as pinned:
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
    """A tile as it is kept, packed for those who take gzip: 304 to those who have it, 204 when there is nothing."""
    is_packed = bool(tile.packed) and "gzip" in request.headers.get("Accept-Encoding", "")
    etag = f'"{tile.etag}-gzip"' if is_packed else f'"{tile.etag}"'
    headers = {"Cache-Control": A_YEAR, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers=headers)
    if is_packed:
        headers["Content-Encoding"] = "gzip"
    content = tile.packed if is_packed else tile.content
    return Response(content, 200 if content else 204, headers, mimetype=mimetype)
