"""Pipelines, and what stands near them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.errors import RequestError
from app.parameters import number, plain_text
from app.parts import parts
from app.pinned import pinned_edition
from app.pipeline_conflicts import (
    line_places,
    pipeline_conflicts,
    pipeline_crossings,
    pipeline_list,
)
from layers.scoring.chainage import read_chainage
from layers.scoring.pipelines import MAX_BUFFER_M

blueprint = Blueprint("pipelines", __name__)
DEFAULT_BUFFER_M = 200
LEAST_BUFFER_M = 1
LARGEST_CHAINAGE_M = 10_000_000


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
            raise RequestError("at", "应为桩号,如 K12+300 或 12300(米)", "must be a chainage such as K12+300, or metres")
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
