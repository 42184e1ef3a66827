"""Pictures of the map's first view."""

from __future__ import annotations

from flask import Blueprint, Response

from app.errors import ForbiddenError, MissingError
from app.parameters import choice, whole_number
from app.parts import parts
from app.pinned import present_view
from app.texts import LANGUAGES, Text
from app.views.tiles import edition_facts, tile_answer

blueprint = Blueprint("pictures", __name__)
PNG = "image/png"


@blueprint.get("/pictures/<edition>/<view>/<recipe>/<lang>/<step>.png")
def first_picture(edition: str, view: str, recipe: str, lang: str, step: str) -> Response:
    """The map of an edition's first view; 204 where there is none, or not now; 404 where it would be drawn otherwise today."""
    seen = present_view()
    if view != seen.id:
        raise ForbiddenError
    facts = edition_facts(whole_number("edition", edition, least=1), seen)
    pictures = parts().first_pictures
    if recipe != pictures.recipe(facts):
        raise MissingError(Text("没有文件 {name}", name=f"{step}.png"))
    made = pictures.picture(parts().database.reading, facts, choice("lang", lang, LANGUAGES), whole_number("step", step))
    if made is None:
        return Response(status=204, headers={"Cache-Control": "no-store"})
    return tile_answer(made, PNG)
