"""Pipelines, and what stands near them."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, current_app, jsonify, request

from app.conflict_list import chosen_rows, conflict_list
from app.errors import RequestError
from app.export.conflict_list import list_document, list_workbook
from app.follow_ups import listed, told
from app.parameters import number, plain_text
from app.parts import parts
from app.pinned import pinned_edition
from app.pipeline_conflicts import (
    BANDS_M,
    line_places,
    pipeline_conflicts,
    pipeline_crossings,
    pipeline_list,
)
from app.texts import Text
from layers.scoring.chainage import read_chainage, written_chainage
from layers.scoring.pipelines import MAX_BUFFER_M

blueprint = Blueprint("pipelines", __name__)
DEFAULT_BUFFER_M = 200
LEAST_BUFFER_M = 1
LARGEST_CHAINAGE_M = 10_000_000
FILES = {
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", list_document),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", list_workbook),
}


@blueprint.get("/api/pipelines")
def pipelines() -> Response:
    """Every pipeline with its length and chainages."""
    with pinned_edition() as pinned:
        found = pipeline_list(pinned.connection, pinned.facts, parts().frames)
    return jsonify(pipelines=found, edition=pinned.edition.number)


@blueprint.get("/api/pipelines/<path:pipeline_id>/conflicts")
def conflicts(pipeline_id: str) -> Response:
    """What stands near a pipeline, by chainage."""
    wanted = plain_text("pipeline_id", pipeline_id)
    buffer_m = number("buffer_m", request.args.get("buffer_m", DEFAULT_BUFFER_M), least=LEAST_BUFFER_M, most=MAX_BUFFER_M)
    from_m, to_m = (_chainage(name) for name in ("from_m", "to_m"))
    with pinned_edition() as pinned:
        found = pipeline_conflicts(
            pinned.connection, pinned.facts, parts().frames, parts().rules, wanted,
            buffer_m=buffer_m, from_m=from_m, to_m=to_m,
        )  # fmt: skip
    return jsonify(found)


@blueprint.get("/api/pipelines/<path:pipeline_id>/conflict-list")
def paper_list(pipeline_id: str) -> Response:
    """The conflicts of a stretch, of some bands and kinds, as a Word document or a workbook."""
    wanted = plain_text("pipeline_id", pipeline_id)
    kind_of_file, lang = (_one_of(name, choices) for name, choices in (("format", tuple(FILES)), ("lang", ("zh", "en"))))
    chosen_m = _bands(request.args.get("bands", ",".join(map(str, BANDS_M))))
    bands_m = tuple(sorted({*BANDS_M, *chosen_m}))
    from_m, to_m = (_chainage(name) for name in ("from_m", "to_m"))
    with pinned_edition() as pinned:
        answer = pipeline_conflicts(
            pinned.connection, pinned.facts, parts().frames, parts().rules, wanted, buffer_m=bands_m[-1], from_m=from_m, to_m=to_m,
        )  # fmt: skip
        entries = {row.violation_id: told(row, today=date.today()) for row in reversed(listed(pinned.connection)) if row.pipeline_id == wanted}
        facts = pinned.facts
    rows = chosen_rows(
        answer["conflicts"], bands_m=bands_m, chosen_m=chosen_m, kind=plain_text("kind", request.args.get("kind", "")),
        is_open_only=request.args.get("open") == "1", entries=entries,
    )  # fmt: skip
    low, high = (answer[f"{end}_chainage_m"] if value is None else value for end, value in (("start", from_m), ("end", to_m)))
    asked = f"{written_chainage(low)}–{written_chainage(high)}, {', '.join(f'{edge:g}' for edge in sorted(chosen_m))} m"
    as_of = facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else "—"
    made = conflict_list(answer, rows, asked=asked, edition=facts.edition.label, as_of=as_of, lang=lang)
    mimetype, write = FILES[kind_of_file]
    response = current_app.response_class(write(made), mimetype=mimetype)
    response.headers["Content-Disposition"] = f"attachment; filename=conflicts-{facts.edition.number}.{kind_of_file}"
    return response


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    value = request.args.get(name, choices[0])
    if value not in choices:
        raise RequestError(name, Text("可用:{known}", known=", ".join(choices)))
    return value


def _bands(text: str) -> set[float]:
    """Outer edges of the bands that were chosen, metres."""
    return {number("bands", part, least=LEAST_BUFFER_M, most=MAX_BUFFER_M) for part in plain_text("bands", text).split(",")}


@blueprint.get("/api/pipelines/<path:pipeline_id>/crossings")
def line_crossings(pipeline_id: str) -> Response:
    """What a pipeline crosses: roads, waters, power lines, other lines, zoned land."""
    wanted = plain_text("pipeline_id", pipeline_id)
    with pinned_edition() as pinned:
        found = pipeline_crossings(pinned.connection, pinned.facts, parts().frames, wanted)
    return jsonify(found)


@blueprint.get("/api/pipelines/<path:pipeline_id>/place")
def place(pipeline_id: str) -> Response:
    """Where a chainage of a line is, or which chainage a place has."""
    wanted, text = plain_text("pipeline_id", pipeline_id), request.args.get("at")
    at_m, lon_lat = None, None
    if text is not None:
        at_m = read_chainage(plain_text("at", text, longest=20))
        if at_m is None:
            raise RequestError("at", Text("应为桩号,如 K12+300 或 12300(米)"))
    else:
        lon_lat = (number("lon", request.args.get("lon"), least=-180, most=180), number("lat", request.args.get("lat"), least=-90, most=90))
    with pinned_edition() as pinned:
        found = line_places(pinned.connection, pinned.facts, parts().frames, wanted, at_m=at_m, lon_lat=lon_lat)
    return jsonify(pipeline_id=wanted, places=found, edition=pinned.edition.number)


def _chainage(name: str) -> float | None:
    text = request.args.get(name)
    if text is None:
        return None
    written = read_chainage(text) if "+" in text else None
    return number(name, text if written is None else written, least=0, most=LARGEST_CHAINAGE_M)
