"""One blueprint a subject; a view reads the request, calls one function and returns the answer."""

from __future__ import annotations

from flask import Flask

from app.views import (
    catalog_api,
    data,
    data_pages,
    explain,
    features,
    notices,
    operations,
    pages,
    patrol,
    pipelines,
    sheets,
    sites,
    tiles,
    what_if,
)


def init_app(app: Flask) -> None:
    """Register every blueprint."""
    for module in (pages, tiles, catalog_api, features, explain, sites, pipelines, notices, patrol, sheets, operations, what_if):
        app.register_blueprint(module.blueprint)
    for module in (data_pages, data):
        app.register_blueprint(module.blueprint)
