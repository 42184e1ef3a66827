"""JSON as the jobs need it: an object out of a file, a value as the text of a cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from layers.errors import SourceFileError


def json_object(path: Path) -> dict[str, Any]:
    """The object that a UTF-8 JSON file holds; anything else raises `SourceFileError`."""
    value = json_value(path)
    if not isinstance(value, dict):
        raise SourceFileError(path, f"a JSON {type(value).__name__}", "one JSON object")
    return value


def json_value(path: Path) -> Any:
    """Whatever a UTF-8 JSON file holds; a file that is no JSON raises `SourceFileError`."""
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceFileError(
            path, f"bytes that are not UTF-8 (at byte {error.start})", "JSON in UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SourceFileError(path, f"no JSON: {error}", "one JSON object") from error


def cell_text(value: object) -> str:
    """A JSON value as a cell's text: null is empty, whole numbers have no point, lists join by ``;``.

    >>> [cell_text(value) for value in (None, 190021.0, True, ["a", "b"])]
    ['', '190021', 'true', 'a;b']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ";".join(cell_text(entry) for entry in value)
    return str(value)
