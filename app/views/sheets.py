"""Map sheets to print."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, make_response, request

from app.bodies import request_body
from app.parameters import json_object
from app.parts import parts
from app.pinned import pinned_edition
from app.sheets import KEYS, make_sheet

blueprint = Blueprint("sheets", __name__)


@blueprint.post("/api/sheets")
def new_sheet() -> Response:
    """A map sheet as PDF, PNG or SVG."""
    body = json_object(request_body(), KEYS, required=("title", "layers"))
    with pinned_edition() as pinned:
        sheet = make_sheet(
            pinned.connection,
            pinned.facts,
            parts().catalog,
            parts().frames,
            body,
            rules_version=parts().rules.version,
            address=request.url_root,
        )
    response = make_response(sheet.content)
    response.mimetype = sheet.mimetype
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(sheet.filename)}"
    response.headers["Cache-Control"] = "no-store"
    return response
