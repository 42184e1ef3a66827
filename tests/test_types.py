"""The domain is typed strictly; the type checker is the judge."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import PROJECT


def test_layers_are_typed_strictly() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
