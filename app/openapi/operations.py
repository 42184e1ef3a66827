"""Addresses and answers of operation: files of the page, health, metrics."""

from __future__ import annotations

from app.openapi.words import (
    ERROR, JSON, OBJECT, WHOLE, Schema, answer, file_of, operation, or_null, path, record,
)  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Error": ERROR,
    "Health": record("status edition", status={"enum": ["ok", "no_edition"]}, edition=or_null(WHOLE)),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/static/{filename}": {"get": operation("staticFile", "A file of the page", file_of("*/*"), path("filename", "Its path"))},
    "/static/at/{version}/{name}": {"get": operation("staticFileOfVersion", "A file of the page by what the files hold, kept for a year", file_of("*/*"), path("version", "Of all files together"), path("name", "Its path"))},
    "/vendor/{name}": {"get": operation("vendorFile", "A file of a front-end package", file_of("text/javascript", "text/css"), path("name", "Its name"))},
    "/fonts/{name}": {"get": operation("fontFile", "A font of the map", file_of("font/woff2"), path("name", "Its name"))},
    "/api/openapi.json": {"get": operation("openapi", "This document", {JSON: {"schema": OBJECT}})},
    "/healthz": {"get": operation("healthz", "Whether an edition is served", answer("Health"), others={"503": "None is published, or the database is gone"})},
    "/metrics": {"get": operation("metrics", "Counters in Prometheus' text format", file_of("text/plain"))},
}  # fmt: skip
