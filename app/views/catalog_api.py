"""What there is: layers, editions, and what a text in the search box may mean."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.access import ROLES, person, role
from app.errors import RequestError
from app.layer_list import LIGHT, description, edition_entry
from app.parameters import choice, plain_text, whole_number
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.search import search
from app.texts import Text
from basemaps.backgrounds import backgrounds

blueprint = Blueprint("catalog_api", __name__)
LONGEST_QUERY = 80
MOST_RESULTS = 50


@blueprint.get("/api/layers")
def layers() -> Response:
    """Everything the map, legend and panels are drawn from; whoever has it already is told so."""
    ground = choice("bg", request.args.get("bg", LIGHT), backgrounds())
    with pinned_edition() as pinned:
        told = description(pinned.facts, pinned.editions, parts().designs, ground) | _may()
        told["layers"] = [layer for layer in told["layers"] if _is_shown(layer["id"])]
        response = jsonify(told)
    response.add_etag()
    return response.make_conditional(request)


def _is_shown(layer_id: str) -> bool:
    return layer_id not in present_view().hidden or parts().catalog[layer_id].coarse_m > 0


def _may() -> dict[str, Any]:
    """What the person who asks may do, and what of the map they see: the view in addresses of tiles, hidden layers."""
    who, view, catalog = person(), present_view(), parts().catalog
    coarse = [name for name in view.hidden if catalog[name].coarse_m]
    return {
        "role": role(), "roles": [name for name in ROLES if who.may(name)], "view": view.id, "towns_seen": list(view.towns),
        "coarse": coarse, "n_hidden_layers": len(view.hidden) - len(coarse),
    }  # fmt: skip


@blueprint.get("/api/editions")
def editions() -> Response:
    """Every published edition, newest first."""
    with parts().database.reading() as connection:
        published = parts().editions.published(connection)
    return jsonify(editions=[edition_entry(edition, published) for edition in published])


@blueprint.get("/api/search")
def search_features() -> Response:
    """Features by name or number, chainages, coordinates of any datum."""
    text = plain_text("q", request.args.get("q", ""), longest=LONGEST_QUERY)
    if not text:
        raise RequestError("q", Text("请输入要查找的内容"))
    limit = whole_number("limit", request.args.get("limit", "8"), least=1, most=MOST_RESULTS)
    with pinned_edition() as pinned:
        results = search(
            pinned.connection, pinned.facts, parts().catalog, parts().initials, parts().frames, text, limit=limit
        )
    return jsonify(results=results, edition=pinned.edition.number)
