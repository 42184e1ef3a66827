"""测量: what is drawn on the map, measured on the ellipsoid."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.bodies import request_body
from app.errors import RequestError
from app.geojson import require_works_geometry
from app.measuring import measured
from app.parameters import json_object
from app.pinned import pinned_edition
from app.texts import Text

blueprint = Blueprint("measuring", __name__)
MEASURED = ("Point", "LineString", "Polygon")


@blueprint.post("/api/measure")
def measure() -> Response:
    """Length, area and bearing of a geometry."""
    geometry = require_works_geometry(json_object(request_body(), ("geometry",), ("geometry",))["geometry"])
    if geometry["type"] not in MEASURED:
        words = ", ".join(MEASURED)
        raise RequestError("geometry.type", Text("应为其中之一:{known}", known=words))
    with pinned_edition() as pinned:
        return jsonify(measured(geometry, pinned.facts.srid))
