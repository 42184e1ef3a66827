"""Reads the body of a request, whole or not at all."""

from __future__ import annotations

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge


def request_body() -> bytes:
    """The body; one larger than the limit raises, also when it came in chunks and its length was not stated."""
    body = request.get_data()
    # Of a body in chunks the framework gives what fits the limit and keeps quiet about the rest.
    if request.content_length is None and len(body) >= current_app.config["LARGEST_BODY_BYTES"]:
        raise RequestEntityTooLarge
    return body
