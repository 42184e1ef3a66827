"""The server of the atlas: pages, tiles and the API, each answer taken from one published edition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The server's parts, in the order in which they are put together.

    Parameters
    ----------
    settings : mapping, optional
        Values by the names of `config.SETTINGS`; what is not given comes from ``RISKATLAS_*`` variables.
    """
    # Imported here: who wants one part, as publication does the tiles, waits for no other.
    from flask import Flask

    from app import (
        config,
        errors,
        metrics,
        packing,
        page_language,
        parts,
        responses,
        tile_door,
        views,
    )
    from app.access import require_for_address

    app = Flask(__name__)
    app.config.from_mapping(config.settings(settings))
    app.url_map.strict_slashes = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    page_language.init_app(app)
    parts.init_app(app)
    metrics.init_app(app)
    packing.init_app(app)
    responses.init_app(app)
    app.before_request(require_for_address)
    errors.init_app(app)
    views.init_app(app)
    tile_door.init_app(app, app.extensions[parts.NAME].tiles)
    return app
