"""The pages of data management; they stand before the first edition, too."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from app.access import require_admin
from app.page_language import LANGUAGES, language
from app.views.pages import A_YEAR_S

blueprint = Blueprint("data_pages", __name__)
blueprint.before_request(require_admin)


@blueprint.get("/data")
def data_page() -> Response:
    """Uploads, what waits and runs, and the ways to everything else."""
    return _page("home")


@blueprint.get("/data/uploads/<upload_id>")
def upload_page(upload_id: str) -> Response:
    """One upload, step by step; the page itself asks for it and tells when there is none."""
    return _page("upload")


@blueprint.get("/data/loads")
def loads_page() -> Response:
    """Every load."""
    return _page("loads")


@blueprint.get("/data/loads/<load_id>")
def load_page(load_id: str) -> Response:
    """One load."""
    return _page("load")


@blueprint.get("/data/rejects")
def rejects_page() -> Response:
    """Refused rows."""
    return _page("rejects")


@blueprint.get("/data/editions")
def editions_page() -> Response:
    """Editions: scoring, publication, what changed."""
    return _page("editions")


@blueprint.get("/data/rules")
def rules_page() -> Response:
    """The rule tables."""
    return _page("rules")


def _page(subject: str) -> Response:
    response = make_response(render_template("data.html", lang=language(), subject=subject))
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", language(), max_age=A_YEAR_S, samesite="Lax", httponly=False)
    response.headers["Cache-Control"] = "no-cache"
    return response
