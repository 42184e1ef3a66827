"""What the tests of the jobs share: a manifest in a line, a batch of rows, the real files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from etl.manifest import Manifest
from etl.read import FILE, ROW, Batch

REAL_CITY = Path(__file__).parents[3].parent / "shared" / "data" / "real" / "kaohsiung"


@pytest.fixture
def real_city() -> Path:
    """Folder of the real city's files; only a checkout without them skips."""
    if not REAL_CITY.is_dir():
        pytest.skip(f"no real data at {REAL_CITY}")
    return REAL_CITY


@pytest.fixture
def manifest() -> Callable[..., Manifest]:
    """A manifest for a job alone; what matters to the test is given by name."""

    def made(**given: Any) -> Manifest:
        basis = {
            "id": "test",
            "layer": "towns",
            "title_zh": "",
            "supplier": "",
            "files": ("*",),
            "reader": "table",
        }
        return Manifest(**(basis | given))

    return made


@pytest.fixture
def batch() -> Callable[[list[dict[str, Any]]], Batch]:
    """Rows of one file as a batch, numbered from 1."""

    def made(rows: list[dict[str, Any]]) -> Batch:
        frame = pd.DataFrame(rows, dtype=object)
        frame[ROW] = range(1, len(frame) + 1)
        frame[FILE] = "rows.csv"
        return Batch(frame, n_read=len(frame))

    return made
