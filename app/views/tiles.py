"""Vector tiles of a published edition."""

from __future__ import annotations

from flask import Blueprint, Response

from app.editions import Edition
from app.errors import MissingError
from app.parameters import whole_number
from app.parts import parts
from app.pinned import pinned_edition
from app.responses import kept_for_a_year
from app.tiles import Tile, TileAddress, make_tile, recipe, tile_address
from layers.catalog import Layer

blueprint = Blueprint("tiles", __name__)
MIMETYPE = "application/vnd.mapbox-vector-tile"
VIEWS = ("all",)


@blueprint.get("/tiles/<edition>/<view>/<layer_id>/<z>/<x>/<y>.mvt")
def tile(edition: str, view: str, layer_id: str, z: str, x: str, y: str) -> Response:
    """A vector tile; 204 where there is nothing to draw."""
    number = whole_number("edition", edition, least=1)
    address = tile_address(whole_number("z", z), whole_number("x", x), whole_number("y", y))
    layer = _drawn_layer(layer_id)
    if view not in VIEWS:
        raise MissingError("没有这个视图", f"no such view; there is: {', '.join(VIEWS)}")
    found = _kept_tile(_edition(number), view, layer, address)
    return kept_for_a_year(found.content, MIMETYPE, found.etag)


def _drawn_layer(layer_id: str) -> Layer:
    layer = parts().catalog[layer_id]
    if not layer.is_drawn:
        raise MissingError(f"图层 {layer_id} 没有矢量瓦片", f"layer {layer_id} has no vector tiles")
    return layer


def _edition(number: int) -> Edition:
    known = parts().editions.known(number)
    if known is not None:
        return known
    with pinned_edition(str(number)) as pinned:
        return pinned.edition


def _kept_tile(edition: Edition, view: str, layer: Layer, address: TileAddress) -> Tile:
    def make() -> Tile:
        with pinned_edition(str(edition.number)) as pinned:
            return make_tile(pinned.connection, pinned.facts, layer, address)

    folder = f"{edition.number}/{recipe(edition, layer)}/{view}/{layer.id}"
    return parts().tiles.get(f"{folder}/{address.z}/{address.x}/{address.y}", make)
