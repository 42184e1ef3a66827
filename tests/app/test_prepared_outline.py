"""The outline of an area is asked by many threads at once: it is not prepared, for GEOS cannot be asked so by two."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shapely

from app.surfaces import cell_with_index


def test_outline_of_the_area_is_not_prepared_by_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    outline = shapely.box(0, 0, 10, 10)
    part, window = SimpleNamespace(rows=1, cols=1, centre=lambda row, col: (50.0, 50.0)), SimpleNamespace(col_off=0, row_off=0)
    monkeypatch.setattr("app.surfaces.surface_of", lambda *_: (None, None))
    monkeypatch.setattr("app.surfaces._window_of", lambda *_: (part, window))
    monkeypatch.setattr("app.surfaces.read_window", lambda *_: np.array([[[3.0]]], np.float32))
    monkeypatch.setattr("app.surfaces._ground", lambda *_: "none")
    assert cell_with_index(Path("/"), None, "", outline, 3.0) == "none"  # type: ignore[arg-type, comparison-overlap]
    assert not shapely.is_prepared(outline)
