"""The OpenAPI 3.1 document of every address, a module a subject; a test compares it with the routes that there are."""

from __future__ import annotations

from itertools import chain
from typing import Any

from app.openapi import (
    basemaps,
    data,
    follow_ups,
    map_page,
    map_tools,
    operations,
    patrol,
    pipelines,
    risk,
    sheets,
    siting,
)
from app.openapi.words import Schema

SUBJECTS = (map_page, basemaps, map_tools, risk, siting, pipelines, follow_ups, patrol, sheets, data, operations)
SCHEMAS: dict[str, Schema] = dict(chain.from_iterable(subject.SCHEMAS.items() for subject in SUBJECTS))
PATHS: dict[str, dict[str, Schema]] = dict(chain.from_iterable(subject.PATHS.items() for subject in SUBJECTS))


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "安全风险一张图 Risk Atlas",
            "version": "1",
            "description": "Every answer comes from one published edition. Coordinates are longitude, latitude in the"
            " area's storage CRS; lengths are metres. Results are a screening, no permit.",
        },
        "servers": [{"url": "/"}],
        "paths": PATHS,
        "components": {"schemas": SCHEMAS},
    }
