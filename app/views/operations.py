"""For those who operate the server: does it answer, and how much."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify, make_response

from app import metrics
from app.openapi import document
from app.parts import parts

blueprint = Blueprint("operations", __name__)
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 when an edition is served, 503 while none is published; the database is asked."""
    with parts().database.reading() as connection:
        editions = parts().editions.published(connection)
    state = {"status": "ok" if editions else "no_edition", "edition": editions[0].number if editions else None}
    return make_response(jsonify(state), 200 if editions else 503, NO_STORE)


@blueprint.get("/metrics")
def counters() -> Response:
    """Counters of this server process in Prometheus' text format."""
    tiles, pool = parts().tiles, parts().database.engine.pool
    lines = [
        *current_app.extensions[metrics.NAME].lines(),
        "# TYPE riskatlas_tiles_total counter",
        f'riskatlas_tiles_total{{from="memory"}} {tiles.n_hits}',
        f'riskatlas_tiles_total{{from="disk"}} {tiles.n_from_disk}',
        f'riskatlas_tiles_total{{from="database"}} {tiles.n_made}',
        "# TYPE riskatlas_connections_in_use gauge",
        f"riskatlas_connections_in_use {pool.checkedout()}",  # type: ignore[attr-defined]
    ]
    response = make_response("\n".join(lines) + "\n", 200, NO_STORE)
    response.content_type = "text/plain; version=0.0.4; charset=utf-8"
    return response


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """What every address takes and answers."""
    return jsonify(document())
