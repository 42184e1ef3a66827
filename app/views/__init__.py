"""One blueprint a subject; a view reads the request, calls one function and returns the answer."""

from __future__ import annotations

from flask import Flask

from app.views import (
    attribute_tables,
    basemaps,
    catalog_api,
    changes,
    data,
    data_pages,
    dossiers,
    explain,
    features,
    follow_ups,
    measuring,
    notices,
    operations,
    pages,
    patrol,
    patrol_rounds,
    pictures,
    pipelines,
    queues,
    ratings,
    reading,
    sharing,
    sheets,
    site_batches,
    sites,
    societal,
    tiles,
    what_if,
)


def init_app(app: Flask) -> None:
    """Register every blueprint."""
    for module in (pages, tiles, pictures, basemaps, catalog_api, features, dossiers, explain, sites, site_batches, pipelines, notices, follow_ups, patrol, patrol_rounds, sheets, operations, what_if, changes, ratings, societal, attribute_tables, measuring, sharing, reading):
        app.register_blueprint(module.blueprint)
    for module in (data_pages, data, queues):
        app.register_blueprint(module.blueprint)
