"""What may be a site: sound outlines are taken, unsound ones refused with the field and the place."""

from __future__ import annotations

from typing import Any

import pytest

from layers.errors import InputError
from layers.scoring.siting import valid_site

RING = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.0]]
CROSSING = [[120.0, 31.0], [120.1, 31.1], [120.1, 31.0], [120.0, 31.1], [120.0, 31.0]]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [120.0, 31.0]},
        {"type": "Polygon", "coordinates": [RING]},
        {"type": "MultiPolygon", "coordinates": [[RING]]},
        {"type": "Polygon", "coordinates": [[[x, y, 5.0] for x, y in RING]]},
    ],
)
def test_sound_geometry_is_a_site(geometry: dict[str, Any]) -> None:
    assert valid_site(geometry).is_valid


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (None, "NoneType"),
        ("POINT (1 2)", "str"),
        ({}, "None"),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "LineString"),
        ({"type": "Point"}, "nested"),
        ({"type": "Point", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Point", "coordinates": [float("nan"), 31.0]}, "nan"),
        ({"type": "Point", "coordinates": [120.0, float("inf")]}, "inf"),
        ({"type": "Point", "coordinates": ["120", 31.0]}, "finite"),
        ({"type": "Point", "coordinates": [True, 31.0]}, "finite"),
        ({"type": "Point", "coordinates": [[120.0, 31.0]]}, "geometry"),
        ({"type": "Point", "coordinates": [120.0]}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[120.0, 31.0], [120.1, 31.0]]]}, "readable"),
        ({"type": "Polygon", "coordinates": [[[120.0, 31.0]] * 4]}, "simple|area"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[120.0, 31.0], [120.1, 31.0], [120.2, 31.0], [120.0, 31.0]]],
            },
            "simple|area",
        ),
        ({"type": "Polygon", "coordinates": [CROSSING]}, "Self-intersection"),
        ({"type": "Polygon", "coordinates": RING}, "geometry"),
    ],
)
def test_unsound_geometry_is_refused_with_its_field(geometry: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        valid_site(geometry)
    assert error.value.field == "geometry"
