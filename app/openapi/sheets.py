"""Addresses and answers of map sheets."""

from __future__ import annotations

from app.openapi.words import (
    EDITION,
    NUMBER,
    TEXT,
    Schema,
    file_of,
    operation,
    record,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "SheetRequest": {
        **record(
            "title layers",
            title={"type": "string", "maxLength": 60},
            subtitle={"type": "string", "maxLength": 80},
            layers={"type": "array", "items": TEXT, "minItems": 1},
            extent={"type": "array", "items": NUMBER, "minItems": 4, "maxItems": 4,
                    "description": "west, south, east, north in degrees; or center with scale"},
            center={"type": "array", "items": NUMBER, "minItems": 2, "maxItems": 2},
            scale={"type": "number", "description": "denominator"},
            paper={"enum": ["A4", "A3"], "default": "A4"},
            orientation={"enum": ["landscape", "portrait"], "default": "landscape"},
            format={"enum": ["pdf", "png", "svg"], "default": "pdf"},
            lang={"enum": ["zh", "en"], "default": "zh"},
            policy={"type": "string", "description": "an id of the policies of /api/layers"},
            dpi={"type": "integer", "minimum": 72, "maximum": 600, "default": 300, "description": "of a PNG"},
        ),
        "additionalProperties": False,
    },
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/sheets": {"post": operation(
        "newSheet", "A map sheet", file_of("application/pdf", "image/png", "image/svg+xml"), EDITION, body="SheetRequest",
    )},
}  # fmt: skip
