"""The OpenAPI document is valid, complete, and true of what the server answers."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.openapi import SCHEMAS, document


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return schema | {"components": {"schemas": SCHEMAS}}


def test_document_is_valid(client: FlaskClient) -> None:
    OpenAPIV31SpecValidator(client.get("/api/openapi.json").json).validate()


def test_every_route_is_documented_and_every_documented_one_is_there(server: Flask) -> None:
    routes = {
        (re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule), method.lower())
        for rule in server.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    documented = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert documented == routes


def test_path_parameters_are_those_of_the_path() -> None:
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            named = {entry["name"] for entry in operation["parameters"] if entry["in"] == "path"}
            assert named == set(re.findall(r"{([a-z_]+)}", path))


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/api/layers", "Layers"), ("/api/editions", "Editions"), ("/api/features/enterprises/E1", "Feature"),
        ("/api/features/distance_violations/V1", "Feature"), ("/api/search?q=E", "SearchResults"),
        ("/healthz", "Health"), ("/api/nothing", "Error"), ("/api/search", "Error"),
    ],
)  # fmt: skip
def test_answer_is_as_documented(client: FlaskClient, path: str, schema: str) -> None:
    answer = client.get(path).json
    jsonschema.Draft202012Validator(resolved({"$ref": f"#/components/schemas/{schema}"})).validate(answer)
