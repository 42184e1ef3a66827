"""Addresses and answers of what the map lies upon."""

from __future__ import annotations

from app.openapi.words import (
    EDITION, FLAG, OBJECT, TEXT, TILE_NUMBER, WHOLE, Schema, answer, file_of, list_of, operation,
    or_null, path, record,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Basemaps": record(
        "edition backgrounds relief online",
        edition=WHOLE, relief=or_null(OBJECT), online=list_of(OBJECT),
        backgrounds=list_of(record(
            "id title_zh title_en is_dark has_relief hides land changes",
            id=TEXT, title_zh=TEXT, title_en=TEXT, is_dark=FLAG, has_relief=FLAG, hides=list_of(TEXT), land=TEXT,
            changes=OBJECT,
        )),
    ),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/basemaps": {"get": operation("basemaps", "Backgrounds, relief, online tile sources", answer("Basemaps"), EDITION)},
    "/tiles/{edition}/relief/{kind}/{z}/{x}/{y}.png": {"get": operation(
        "reliefTile", "A tile of the edition's heights", file_of("image/png"),
        path("edition", "Number of a published edition", WHOLE), path("kind", "What", {"enum": ["hillshade", "terrain"]}),
        path("z", "Zoom", TILE_NUMBER), path("x", "Column", TILE_NUMBER), path("y", "Row, 0 in the north", TILE_NUMBER),
        others={"204": "No heights there", "304": "Not changed"},
    )},
}  # fmt: skip
