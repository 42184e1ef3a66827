"""Societal risk of the edition, by enterprise, and its F-N diagram."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.fn_diagram import fn_diagram
from app.page_language import LANGUAGES
from app.parameters import choice, plain_text
from app.parts import parts
from app.pinned import pinned_edition
from app.societal import STANDING, societal_risk_of, societal_risks
from layers.scoring.risk_contours import INSTALLATIONS

blueprint = Blueprint("societal", __name__)


@blueprint.get("/api/societal-risk")
def all_of_them() -> Response:
    """F-N curve, expected deaths and band of every enterprise that quantitative risk judges."""
    with pinned_edition() as pinned:
        return jsonify(societal_risks(pinned.connection, pinned.facts, parts().catalog))


def _installation() -> str:
    return choice("installation", request.args.get("installation", STANDING), list(INSTALLATIONS))


@blueprint.get("/api/societal-risk/<enterprise_id>")
def one_of_them(enterprise_id: str) -> Response:
    """The societal risk of one enterprise."""
    wanted = plain_text("enterprise_id", enterprise_id), _installation()
    with pinned_edition() as pinned:
        return jsonify(societal_risk_of(pinned.connection, pinned.facts, parts().catalog, *wanted))


@blueprint.get("/api/societal-risk/<enterprise_id>/diagram.svg")
def diagram(enterprise_id: str) -> Response:
    """Its F-N diagram between the lines of the criterion."""
    wanted = plain_text("enterprise_id", enterprise_id), _installation()
    lang = choice("lang", request.args.get("lang", "zh"), list(LANGUAGES))
    with pinned_edition() as pinned:
        found = societal_risk_of(pinned.connection, pinned.facts, parts().catalog, *wanted)
    return Response(fn_diagram(found, lang=lang), mimetype="image/svg+xml")
