"""Siting checks: may this project stand here?"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.bodies import request_body
from app.parameters import json_object, plain_text
from app.parts import parts
from app.pinned import pinned_edition
from app.site_checks import (
    KEYS,
    REQUIRED_KEYS,
    keep_case,
    kept_case,
    project_types,
    read_project,
    read_site,
    site_check,
)

blueprint = Blueprint("sites", __name__)


@blueprint.get("/api/project-types")
def kinds() -> Response:
    """Kinds of projects that can be checked."""
    return jsonify(project_types=project_types(parts().rules))


@blueprint.post("/api/site-checks")
def new_check() -> Response:
    """A verdict on a site and a project; the answer is given only when it has been kept."""
    body = json_object(request_body(), KEYS, REQUIRED_KEYS)
    project = read_project(body, parts().rules)
    with pinned_edition() as pinned:
        site = read_site(body, pinned.facts)
        answer = site_check(
            pinned.connection, pinned.facts, parts().frames, parts().rules, site=site, project=project
        )  # fmt: skip
    with parts().database.writing() as connection:
        ref = keep_case(connection, pinned.facts, body, answer)
    return jsonify({"ref": ref, **answer})


@blueprint.get("/api/site-checks/<ref>")
def check(ref: str) -> Response:
    """A kept siting check, as it was answered."""
    with parts().database.reading() as connection:
        return jsonify(kept_case(connection, plain_text("ref", ref)))
