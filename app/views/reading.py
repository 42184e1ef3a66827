"""Pages to read: how levels are computed, and help. Their words and tables are written by the server."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request

from app import method, styles
from app.errors import MissingError
from app.export.words import written_date
from app.layer_list import SECRECY
from app.page_language import LANGUAGES, language
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.rule_tables import tables
from app.texts import Text
from app.views.pages import A_YEAR_S
from layers.scoring.rules.unassessed import needing_data, unassessed_with_metres

blueprint = Blueprint("reading", __name__)
DRAWN_IN_HELP = ("risk_zones", "enterprises", "risk_points", "pipelines", "protection_targets", "fire_stations", "road_black_spots", "distance_violations")
"""Layers whose symbols the help shows, in this order, where the catalog has them."""


@blueprint.get("/method")
def method_page() -> Response:
    """How levels are computed: policies of the edition, rule tables, assumptions."""
    with pinned_edition() as pinned:
        facts = pinned.facts
        return _page(
            "method.html", pinned, subject="method", chapters=method.chapters(facts), policies=method.policy_entries(facts),
            assumptions=method.assumptions(), sources=method.assumed_sources(pinned.connection, facts),
            recorded=method.recorded_versions(facts), has_record="rule_tables" in facts.meta,
            unassessed=unassessed_with_metres(parts().rules), needing_data=needing_data(parts().rules),
        )  # fmt: skip


@blueprint.get("/method/<name>")
def method_table_page(name: str) -> Response:
    """One rule table, whole."""
    if name not in tables():
        raise MissingError(Text("没有规则表 {name}", name=name[:60]))
    with pinned_edition() as pinned:
        return _page("method_table.html", pinned, subject="method", table=method.rule_table(name, pinned.facts), least_filtered=method.LEAST_ROWS_FILTERED)


@blueprint.get("/help")
def help_page() -> Response:
    """Keys, symbols, the five levels, what else a place can say, and how to ask why."""
    catalog = parts().catalog
    symbols = [(catalog[name], styles.legend(catalog[name])) for name in DRAWN_IN_HELP if name in catalog]
    with pinned_edition() as pinned:
        return _page("help.html", pinned, subject="help", levels=styles.levels(), symbols=symbols)


def _page(template: str, pinned: Pinned, **values: Any) -> Response:
    """A page in the language of the request; its tables are those of the edition asked for."""
    lang = language()

    def said(zh: str, en: str) -> str:
        return en if lang == "en" else zh

    text = render_template(
        template, lang=lang, said=said, shown_rows=method.shown_rows, cell=method.cell, term=method.term, value=method.policy_value,
        level_word=method.level_word, figure=method.figure, day=lambda at: written_date(at, lang), standards=method.standards(), edition=pinned.edition, area=pinned.facts.area,
        legal_note=pinned.facts.legal_note(lang), secrecy=SECRECY, confidences=method.CONFIDENCES, edition_query=_edition_query(), **values,
    )  # fmt: skip
    response = make_response(text)
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", lang, max_age=A_YEAR_S, samesite="Lax", httponly=False)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _edition_query() -> dict[str, str]:
    """What links of the page carry on: the edition of the address."""
    return {"ed": request.args["ed"]} if request.args.get("ed") else {}
