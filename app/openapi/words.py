"""Words of the document: schemas, parameters and operations that its subjects share."""

from __future__ import annotations

from typing import Any

from layers.catalog import LEVELS

Schema = dict[str, Any]
JSON = "application/json"

NUMBER: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer"}
LON: Schema = {"type": "number", "minimum": -180, "maximum": 180}
LAT: Schema = {"type": "number", "minimum": -90, "maximum": 90}
OBJECT: Schema = {"type": "object"}
DAY: Schema = {"type": "string", "format": "date"}
GEOMETRY: Schema = {"type": ["object", "null"], "description": "GeoJSON geometry, degrees of the area's storage CRS"}
LEVEL: Schema = {"enum": list(LEVELS)}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def record(required: str, optional: dict[str, Schema] | None = None, **properties: Schema) -> Schema:
    """An object: its properties, of which `required` (names between blanks) are always there."""
    return {"type": "object", "properties": properties | (optional or {}), "required": required.split()}


RECORD_KEY: Schema = {**record("layer id", layer=TEXT, id=TEXT), "additionalProperties": False}
ERROR = record(
    "error",
    error=record(
        "code message_zh message_en field", code=TEXT, message_zh=TEXT, message_en=TEXT, field=or_null(TEXT)
    ),
)


def parameter(name: str, place: str, schema: Schema, about: str, *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "schema": schema, "description": about, "required": required or place == "path"}


def path(name: str, about: str, schema: Schema = TEXT) -> Schema:
    return parameter(name, "path", schema, about)


def query(name: str, about: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    return parameter(name, "query", schema, about, required=required)


def operation(
    name: str,
    summary: str,
    content: dict[str, Schema],
    *parameters: Schema,
    body: str | None = None,
    others: dict[str, str] | None = None,
) -> Schema:
    """One operation: what it is called, what 200 brings, its parameters, and other answers that are no error."""
    responses: dict[str, Schema] = {"200": {"description": summary, "content": content}}
    for status, meaning in (others or {}).items():
        responses[status] = {"description": meaning}
    responses["default"] = {"description": "Every failure", "content": {JSON: {"schema": ref("Error")}}}
    operation: Schema = {"operationId": name, "summary": summary, "parameters": list(parameters), "responses": responses}
    if body:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": ref(body)}}}
    return operation


def answer(schema: str) -> dict[str, Schema]:
    return {JSON: {"schema": ref(schema)}}


def file_of(*mimetypes: str) -> dict[str, Schema]:
    return {mimetype: {} for mimetype in mimetypes}


PAGE = file_of("text/html")
EDITION = query("ed", "Edition by number or label; the newest when absent")
LANG = query("lang", "zh or en", {"enum": ["zh", "en"]})
LAYER_ID = path("layer_id", "Id of a layer")
REF = path("ref", "Number of a kept case, such as S2026-0042")
TILE_NUMBER: Schema = {"type": "integer", "minimum": 0}

LIMIT = query("limit", "Rows at most", {"type": "integer", "minimum": 1, "maximum": 500, "default": 50})
OFFSET = query("offset", "Rows left out before", {"type": "integer", "minimum": 0, "default": 0})
UPLOAD_ID = path("upload_id", "Number of an upload")
SOURCE_ID = path("source_id", "Id of a source")
LOAD_ID = path("load_id", "Number of a load", WHOLE)
JOB_ID = path("job_id", "Number of a job", WHOLE)
EDITION_NUMBER = path("edition", "Number of an edition", WHOLE)


def with_file(operation: Schema) -> Schema:
    """The operation with a file as its body."""
    content = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    return operation | {"requestBody": {"required": True, "content": content}}
