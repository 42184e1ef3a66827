"""Addresses and answers of siting checks."""

from __future__ import annotations

from app.openapi.words import (
    EDITION, OBJECT, REF, TEXT, WHOLE, Schema, answer, list_of, operation, record
)  # fmt: skip
from app.parameters import LONGEST_TEXT

SCHEMAS: dict[str, Schema] = {
    "SiteRequest": {
        **record(
            "geometry project_type",
            geometry={
                "type": "object",
                "description": "GeoJSON Point, Polygon or MultiPolygon, degrees of the area's storage CRS",
                "required": ["type", "coordinates"],
            },
            project_type={"type": "string", "description": "an id of /api/project-types"},
            is_new={"type": "boolean", "default": True},
            n_persons={"type": "integer", "minimum": 0},
            name={"type": "string", "maxLength": LONGEST_TEXT},
            chemical={"type": "string", "maxLength": LONGEST_TEXT, "description": "of a hazardous project: what it would endanger"},
            amount_t={"type": "number", "minimum": 0},
        ),
        "additionalProperties": False,
    },
    "SiteCheck": record(
        "ref verdict reasons not_assessed no_rule passed edition rules_version disclaimer_zh disclaimer_en",
        ref=TEXT,
        verdict=record(
            "id rank title_zh title_en",
            id={"enum": ["not_met", "not_enough", "permit", "nothing_found"]},
            rank={"type": "integer", "minimum": 1, "maximum": 4}, title_zh=TEXT, title_en=TEXT,
        ),
        reasons=list_of(OBJECT), not_assessed=list_of(OBJECT), no_rule=list_of(OBJECT), passed=list_of(OBJECT), edition=WHOLE,
        rules_version=TEXT, disclaimer_zh=TEXT, disclaimer_en=TEXT, optional={"endangers": OBJECT},
    ),
    "ProjectTypes": record("project_types", project_types=list_of(record("id title_zh title_en", id=TEXT, title_zh=TEXT, title_en=TEXT))),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/project-types": {"get": operation("projectTypes", "Kinds of projects that can be checked", answer("ProjectTypes"))},
    "/api/site-checks": {"post": operation("newSiteCheck", "A siting check: verdict with reasons", answer("SiteCheck"), EDITION, body="SiteRequest")},
    "/api/site-checks/{ref}": {"get": operation("siteCheck", "A kept siting check", answer("SiteCheck"), REF, EDITION)},
}  # fmt: skip
