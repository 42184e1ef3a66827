"""Which files a module runs is found by reading their statements of import, as Python's own parser finds them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from etl.code_files import PACKAGES, ROOT, _imported, code_files

FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def parsed(path: Path) -> set[str]:
    """Modules of ours, and names in them, that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            found |= {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names if name.name.split(".")[0] in PACKAGES}
    return found


def test_every_import_of_ours_is_found() -> None:
    assert len(FILES) > 100
    assert {path: parsed(path) - set(_imported(path)) for path in FILES if parsed(path) - set(_imported(path))} == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from etl.a import b, c as d  # why\n", {"etl.a", "etl.a.b", "etl.a.c"}), ("import etl.a as x, os, layers.b\n", {"etl.a", "layers.b"}),
        ("def f():\n    from layers import (\n        a,  # one\n        b,\n    )\n", {"layers", "layers.a", "layers.b"}),
        ("import os\nfrom elsewhere import etl\nfrom etlx import y\n", set()),
    ],
)
def test_forms_of_import(tmp_path: Path, text: str, expected: set[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    assert set(_imported(path)) == expected == parsed(path)


def test_files_of_loading_reach_to_the_end() -> None:
    names = {path.name for path in code_files("etl.load")}
    assert {"load.py", "intake.py", "shape_validity.py", "packing_loops.py", "normalise.py", "catalog.py"} <= names
