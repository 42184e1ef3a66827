"""The page's scripts: checked for types, their pure parts tested by node's own runner."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT

HERE = Path(__file__).parent
TSC = PROJECT / "node_modules" / "typescript" / "bin" / "tsc"
STRICT = {"strict", "checkJs", "noEmit"}


def types_of(project: Path) -> "subprocess.CompletedProcess[str]":
    """What the type checker says of a project."""
    return subprocess.run(["node", str(TSC), "-p", str(project)], cwd=PROJECT, capture_output=True, text=True, timeout=180)


def test_scripts_have_no_fault_of_type() -> None:
    done = types_of(PROJECT / "tsconfig.json")
    assert done.returncode == 0, done.stdout


def test_types_are_checked_strictly_over_every_script() -> None:
    settings = json.loads((PROJECT / "tsconfig.json").read_text(encoding="utf-8"))
    assert all(settings["compilerOptions"][name] for name in STRICT)
    assert settings["include"] == ["app/static/js/**/*.js"] and "exclude" not in settings
    assert [path.name for path in (PROJECT / "app" / "static" / "js").glob("*.js") if "@ts-nocheck" in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_pure_parts_of_the_page(file: Path) -> None:
    done = subprocess.run(["node", "--test", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
