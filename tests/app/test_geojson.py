"""A geometry that somebody sent is taken only when it is one."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import RequestError
from app.geojson import MOST_VERTICES, require_site_geometry

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 0]]
HOLE = [[0.5, 0.1], [0.6, 0.1], [0.6, 0.2], [0.5, 0.1]]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [1, 2]), ("Polygon", [SQUARE]), ("Polygon", [SQUARE, HOLE]),
        ("MultiPolygon", [[SQUARE], [HOLE]]),
    ],
)  # fmt: skip
def test_geometry_is_taken_as_it_is(kind: str, coordinates: Any) -> None:
    value = {"type": kind, "coordinates": coordinates}
    assert require_site_geometry(value) is value


@pytest.mark.parametrize(
    "value",
    [
        None, [], "POINT (1 2)", {"type": "Point"}, {"type": "LineString", "coordinates": SQUARE},
        {"type": ["Point"], "coordinates": [1, 2]}, {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [1, 2, 99]}, {"type": "Point", "coordinates": [1]}, {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [181, 0]}, {"type": "Point", "coordinates": [0, 91]},
        {"type": "Point", "coordinates": [float("nan"), 0]}, {"type": "Point", "coordinates": [10**400, 0]},
        {"type": "Point", "coordinates": [True, 0]}, {"type": "Point", "coordinates": [None, 0]},
        {"type": "Point", "coordinates": [1, 2], "crs": {}}, {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[]]}, {"type": "Polygon", "coordinates": [SQUARE[:3]]},
        {"type": "Polygon", "coordinates": SQUARE}, {"type": "Polygon", "coordinates": [[0, 0], [1, 1]]},
        {"type": "Polygon", "coordinates": [SQUARE[:2] + SQUARE[:2] + [[5, 5]]]},
        {"type": "MultiPolygon", "coordinates": [SQUARE]}, {"type": "Polygon", "coordinates": {"0": SQUARE}},
    ],
)  # fmt: skip
def test_what_is_no_geometry_is_refused(value: Any) -> None:
    with pytest.raises(RequestError):
        require_site_geometry(value)


def test_vertices_of_all_rings_count() -> None:
    ring = [[0, 0]] * (MOST_VERTICES // 2)
    require_site_geometry({"type": "Polygon", "coordinates": [ring, ring]})
    with pytest.raises(RequestError, match="vertices"):
        require_site_geometry({"type": "Polygon", "coordinates": [ring, ring, SQUARE]})
