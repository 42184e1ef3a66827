"""Addresses and answers of the map's tools: attribute table, measuring, short links."""

from __future__ import annotations

from app.openapi.words import (
    EDITION, FLAG, LANG, LAYER_ID, NUMBER, OBJECT, OFFSET, TEXT, WHOLE, Schema, answer, file_of,
    list_of, operation, or_null, path, query, record,
)  # fmt: skip
from app.table_workbook import MIMETYPE

FILTERED = (
    LAYER_ID, EDITION, query("flt", "Filters, such as enterprises.kind:mine,general;enterprises.name:~燃气;pipelines.pressure_mpa:4..10"),
    query("bbox", "west,south,east,north in degrees"), query("sort", "Name of a column"), query("order", "asc or desc", {"enum": ["asc", "desc"]}),
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "TableRows": record(
        "layer edition columns n_total n_found offset rows extent found_at",
        layer=TEXT, edition=WHOLE, n_total=WHOLE, n_found=WHOLE, offset=WHOLE, columns=list_of(OBJECT), extent=or_null(list_of(NUMBER)), found_at=or_null(WHOLE),
        rows={"type": "array", "items": {"type": "array"}, "description": "feature id, longitude, latitude, then the columns"},
    ),
    "TableIds": record("layer edition ids is_whole", layer=TEXT, edition=WHOLE, ids=list_of(TEXT), is_whole=FLAG),
    "MeasureRequest": {**record("geometry", geometry=OBJECT), "additionalProperties": False},
    "Measured": record(
        "length_m area_m2 bearing_deg legs", length_m=or_null(NUMBER), area_m2=or_null(NUMBER), bearing_deg=or_null(NUMBER), legs=list_of(OBJECT),
    ),
    "LinkRequest": {**record("query", query=TEXT), "additionalProperties": False},
    "Link": record("code path qr", code=TEXT, path=TEXT, qr=TEXT),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/api/tables/{layer_id}": {"get": operation(
        "tableRows", "Rows of a layer with level and conflicts, filtered and sorted", answer("TableRows"), *FILTERED,
        query("limit", "Rows at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 200}), OFFSET,
        query("extent", "1: with the extent of what is found", {"enum": ["1"]}), query("find", "Number of a feature whose row is looked for"),
    )},
    "/api/tables/{layer_id}/ids": {"get": operation("tableIds", "Numbers of the features that a filter leaves", answer("TableIds"), *FILTERED)},
    "/api/tables/{layer_id}/workbook": {"get": operation("tableWorkbook", "The filtered rows as a workbook", file_of(MIMETYPE), *FILTERED, LANG)},
    "/api/measure": {"post": operation("measure", "Length, area and bearing on the ellipsoid", answer("Measured"), EDITION, body="MeasureRequest")},
    "/api/links": {"post": operation("newLink", "A short address of a view of the map", answer("Link"), body="LinkRequest")},
    "/s/{code}": {"get": operation("shortLink", "The view that a code stands for", file_of("text/html"), path("code", "Seven letters"), others={"302": "The view"})},
    "/s/{code}/qr.svg": {"get": operation("linkPicture", "QR code of a short address", file_of("image/svg+xml"), path("code", "Seven letters"))},
}  # fmt: skip
