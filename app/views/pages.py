"""The pages for people, and the files that these need from the packages and from the home folder."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
    send_from_directory,
)

from app.editions import Edition, EditionFacts
from app.errors import MissingError
from app.first_picture.pictures import STEPS_A_ZOOM, steps
from app.front_end_packages import VENDOR_FILES, packed_form
from app.page_language import LANGUAGES, language
from app.parts import parts
from app.pinned import pinned_edition, present_view
from app.responses import A_YEAR
from app.script_bundle import (
    BUNDLE,
    VERSION,
    ScriptBundle,
    ScriptBundleError,
    bundle_folder,
    modules,
    script_bundle,
)
from app.script_graph import scripts_of_page, static_files, static_version
from app.styles import design_version
from app.texts import Text

blueprint = Blueprint("pages", __name__)
A_YEAR_S = 31_536_000
FONT_FILE = re.compile(r"AtlasSansSC-(Regular|Bold)(\.[0-9a-f]{16})?\.woff2")
"""The newest font of a weight, or the one that a hash of its characters names."""


@blueprint.get("/")
def map_page() -> Response:
    """The map; says what to do while nothing is published."""
    is_plain = not request.args.get("ed") and not request.args.get("bg")
    bundle = _bundle()
    static_root = f"/static/at/{static_version()}"
    return _page("map.html", has_picture=is_plain, scripts=bundle.first_view(language()), is_plain=is_plain, static_root=static_root)


def _first_picture(facts: EditionFacts) -> dict[str, Any] | None:
    """Where the pictures of an edition's first view are, and what decides which of them a window shows."""
    offered = steps(facts)
    if not offered:
        return None
    address = parts().first_pictures.address(facts, language())
    return {"address": address, "home": facts.area["home"], "steps": [offered[0], offered[-1]], "a_zoom": STEPS_A_ZOOM}


@blueprint.get("/static/at/<version>/<path:name>")
def static_file_of_version(version: str, name: str) -> Response:
    """A file of ``static/``: kept for a year where the address names this server's version, else asked for again.

    Of its own version a server gives what it read when it started, though newer files have been written since. Scripts of
    the map page's bundle stay under the address of a version before, for pages that are open.
    """
    if version == static_version():
        return _file_of_this_version(name)
    if name.startswith(BUNDLE) and name.endswith(".js") and VERSION.fullmatch(version):
        response = send_from_directory(bundle_folder(parts().home, version), name.removeprefix(BUNDLE), mimetype="text/javascript")
        response.headers["Cache-Control"] = A_YEAR
        return response
    response = current_app.send_static_file(name)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _file_of_this_version(name: str) -> Response:
    held = _bundle().held if name.startswith(BUNDLE) else static_files()
    if name not in held:
        raise MissingError(Text("没有文件 {name}", name=name))
    response = current_app.response_class(held[name], mimetype=mimetypes.guess_type(name)[0])
    response.add_etag()
    response.headers["Cache-Control"] = A_YEAR
    return response.make_conditional(request)


def _bundle() -> ScriptBundle:
    """The map page's scripts; without a bundle the page gets the modules."""
    try:
        return script_bundle(parts().home, parts().front_end)
    except ScriptBundleError as error:
        current_app.logger.warning("%s", error)
        return modules()


@blueprint.get("/pipelines")
def pipelines_page() -> Response:
    """Every pipeline, to choose one."""
    return _page("pipelines.html")


@blueprint.get("/pipelines/notices")
def notices_page() -> Response:
    """Kept dig notices."""
    return _page("notices.html")


@blueprint.get("/pipelines/notices/<ref>")
def notice_page(ref: str) -> Response:
    """One dig notice, or the form of a new one; the page itself asks for it."""
    return _page("notice.html")


@blueprint.get("/pipelines/<path:pipeline_id>")
def pipeline_page(pipeline_id: str) -> Response:
    """What stands near one pipeline; the page itself asks for it and tells when there is no such line."""
    return _page("pipeline.html")


@blueprint.get("/siting")
def siting_cases_page() -> Response:
    """Kept siting cases and drafts."""
    return _page("siting_cases.html")


@blueprint.get("/siting/compare")
def siting_compare_page() -> Response:
    """Alternatives of a project side by side."""
    return _page("siting_compare.html")


@blueprint.get("/siting/where")
def siting_where_page() -> Response:
    """Where in the area a kind of project could go."""
    return _page("siting_where.html")


@blueprint.get("/siting/batch")
def siting_batch_page() -> Response:
    """Many sites from a file."""
    return _page("siting_batch.html")


@blueprint.get("/siting/<ref>")
def siting_case_page(ref: str) -> Response:
    """One siting case: the steps of a draft, or its conclusion; the page itself asks for it."""
    return _page("siting_case.html")


@blueprint.get("/patrol")
def patrol_page() -> Response:
    """Levels by town, the worst places, and the list of a day."""
    return _page("patrol.html")


@blueprint.get("/patrol/<ref>")
def patrol_round_page(ref: str) -> Response:
    """The list of a day, one place at a time; the page itself asks for it."""
    return _page("patrol_round.html", scripts=scripts_of_page("patrol_round_page.js", language()))


@blueprint.get("/patrol/follow-ups")
def follow_ups_page() -> Response:
    """The follow-up ledger."""
    return _page("follow_ups.html")


@blueprint.get("/patrol/follow-ups/<ref>")
def follow_up_page(ref: str) -> Response:
    """One entry, or the form of a new one; the page itself asks for it."""
    return _page("follow_up.html")


@blueprint.get("/sheets")
def sheets_page() -> Response:
    """Sheets, figures and atlases."""
    return _page("sheets.html")


@blueprint.get("/features/<layer_id>/<path:feature_id>")
def dossier_page(layer_id: str, feature_id: str) -> Response:
    """Everything known of one place; the page itself asks for it and tells when there is no such feature."""
    return _page("dossier.html")


@blueprint.get("/patrol/ratings")
def ratings_page() -> Response:
    """One colour for county, towns, parks and industries; disagreements; what is missing."""
    return _page("ratings.html")


def _page(template: str, *, has_picture: bool = False, **values: Any) -> Response:
    """A page of the frame, in the language of the request."""
    with pinned_edition() as pinned:
        if has_picture:
            values["first_picture"] = _first_picture(pinned.facts)
        response = make_response(render_template(template, lang=language(), shown=_shown(pinned.edition), **values))
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", language(), max_age=A_YEAR_S, samesite="Lax", httponly=False)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _shown(edition: Edition) -> str:
    """What a picture of the map that a browser keeps must have been drawn from: edition, rights, scripts, styles."""
    return f"{edition.number}/{edition.created_at:%y%m%d%H%M%S%f}/{present_view().id}/{static_version()}/{design_version()}"


@blueprint.get("/vendor/<name>")
def vendor_file(name: str) -> Response:
    """A file of a front-end package, from a fixed list."""
    if name not in VENDOR_FILES:
        raise MissingError(Text("没有文件 {name}", name=name))
    file = parts().front_end / VENDOR_FILES[name]
    packed = packed_form(file) if file.is_file() and request.accept_encodings["br"] > 0 else None
    if packed is None:
        return _file(parts().front_end, VENDOR_FILES[name])
    response = _file(packed.parent, packed.name, mimetype=mimetypes.guess_type(name)[0])
    response.headers["Content-Encoding"] = "br"
    response.vary.add("Accept-Encoding")
    return response


@blueprint.get("/fonts/<name>")
def font_file(name: str) -> Response:
    """A font of the map, made at publication."""
    if not FONT_FILE.fullmatch(name):
        raise MissingError(Text("没有字体 {name}", name=name))
    return _file(parts().home / "fonts", name, is_named_by_hash=name.count(".") > 1)


def _file(folder: Path, name: str, *, is_named_by_hash: bool = False, mimetype: str | None = None) -> Response:
    """A file with its ETag; kept for a year where the name tells its content, else asked for again."""
    path = folder / name
    if not path.is_file():
        raise MissingError(Text("文件 {name} 尚未安装或生成", name=path.name))
    response = send_from_directory(folder.absolute(), name, conditional=True, etag=True, mimetype=mimetype)
    response.headers["Cache-Control"] = A_YEAR if is_named_by_hash else "no-cache"
    return response
