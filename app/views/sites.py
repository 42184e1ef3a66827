"""Siting checks: may this project stand here?"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify

from app.bodies import request_body
from app.cases import judged_again, keep_case, keep_check, kept_case
from app.parameters import json_object, plain_text
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.site_checks import (
    KEYS,
    REQUIRED_KEYS,
    SITE_CHECK,
    project_types,
    read_project,
    read_site,
    site_check,
)
from app.what_if import endangered, read_danger

blueprint = Blueprint("sites", __name__)


@blueprint.get("/api/project-types")
def kinds() -> Response:
    """Kinds of projects that can be checked."""
    return jsonify(project_types=project_types(parts().rules))


@blueprint.post("/api/site-checks")
def new_check() -> Response:
    """A verdict on a site and a project; the answer is given only when it has been kept."""
    body = json_object(request_body(), KEYS, REQUIRED_KEYS)
    with pinned_edition() as pinned:
        answer = _checked(pinned, body)
    with parts().database.writing() as connection:
        ref = keep_case(connection, SITE_CHECK, pinned.facts, body, answer)
    return jsonify({"ref": ref, **answer})


@blueprint.get("/api/site-checks/<ref>")
def check(ref: str) -> Response:
    """A kept siting check, as it was answered; judged again, and that kept too, when a later edition is served."""
    wanted = plain_text("ref", ref)
    with pinned_edition() as pinned:
        case = kept_case(pinned.connection, SITE_CHECK, wanted)
        later = judged_again(SITE_CHECK, case, pinned.facts, partial(_checked, pinned)) if pinned.is_newest else None
    if later:
        with parts().database.writing() as connection:
            keep_check(connection, later)
            case = kept_case(connection, SITE_CHECK, wanted)
    return jsonify(case)


def _checked(pinned: Pinned, body: dict[str, Any]) -> dict[str, Any]:
    project = read_project(body, parts().rules)
    site = read_site(body, pinned.facts)
    danger = read_danger(body, parts().rules.project_types[project.project_type])
    answer = site_check(pinned.connection, pinned.facts, parts().frames, parts().rules, site=site, project=project)
    if danger is None:
        return answer
    county = parts().counties.county(pinned.connection, pinned.facts)
    return answer | {"endangers": endangered(county, pinned.facts, site, danger, project.name)}
