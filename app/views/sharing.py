"""分享: short addresses of map views, and their QR codes."""

from __future__ import annotations

from io import BytesIO

import segno
from flask import Blueprint, Response, jsonify, make_response, redirect, request

from app.bodies import request_body
from app.parameters import json_object, plain_text
from app.parts import parts
from app.short_links import LONGEST_QUERY, checked_query, keep_link, kept_query

blueprint = Blueprint("sharing", __name__)
MODULE_PX = 4


@blueprint.post("/api/links")
def new_link() -> Response:
    """A short address of a view of the map."""
    body = json_object(request_body(), ("query",), ("query",))
    query = checked_query(plain_text("query", body["query"], longest=LONGEST_QUERY + 1))
    with parts().database.writing() as connection:
        code = keep_link(connection, query)
    return jsonify(code=code, path=f"/s/{code}", qr=f"/s/{code}/qr.svg")


@blueprint.get("/s/<code>")
def short_link(code: str) -> Response:
    """The view that a code stands for."""
    with parts().database.reading() as connection:
        query = kept_query(connection, code)
    response = make_response(redirect(f"/?{query}"))
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/s/<code>/qr.svg")
def link_picture(code: str) -> Response:
    """The QR code of a short address, as this server is reached."""
    with parts().database.reading() as connection:
        kept_query(connection, code)
    made = BytesIO()
    segno.make(f"{request.host_url}s/{code}", error="m").save(made, kind="svg", scale=MODULE_PX, border=3, dark="black", light="white")
    response = make_response(made.getvalue())
    response.mimetype = "image/svg+xml"
    return response
