"""Commands start with what they need and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

import riskatlas
from tests.conftest import PROJECT

SLOW = {"alembic", "app", "docx", "flask", "geopandas", "numba", "pandas", "procrastinate", "pyproj", "rasterio", "scipy", "shapely"}
"""Packages, ours or others', that take a tenth of a second and more to import."""


def imported_by(code: str) -> set[str]:
    """Which of `SLOW` a new process holds when it has run this."""
    ask = f"import sys, json, riskatlas\n{code}\nprint(json.dumps([name for name in {sorted(SLOW)} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", ask], cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", sorted(riskatlas.COMMANDS))
def test_line_of_the_list_is_the_commands_own(name: str) -> None:
    line = riskatlas.COMMANDS[name][1]
    command = riskatlas.main.get_command(click.Context(riskatlas.main), name)
    assert command is not None and command.name == name
    assert line == ("" if command.hidden else command.get_short_help_str(1000))


def test_list_of_commands_imports_none_of_them() -> None:
    assert imported_by("riskatlas.main.main(['--help'], standalone_mode=False)") == set()


def test_status_imports_nothing_that_loads_scores_or_serves() -> None:
    assert imported_by("import etl.commands.status") == set()


def test_recognition_imports_nothing_that_writes_scores_or_serves() -> None:
    assert not imported_by("import etl.commands.recognition") & {"app", "alembic", "docx", "flask", "numba", "procrastinate", "rasterio", "scipy"}


def test_tiles_of_a_publication_import_no_page_of_the_server() -> None:
    assert "docx" in imported_by("from app import create_app; from app import views")
    assert not imported_by("import app.low_zooms") & {"docx", "geopandas", "procrastinate", "rasterio"}
