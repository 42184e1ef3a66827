"""Pages of a map service, point sets of a web map: text as delivered, errors before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.jobs import esri_pages, point_systems
from etl.manifest import Manifest
from layers.errors import SourceFileError


def written(folder: Path, content: Any) -> Path:
    path = folder / "page.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_page_gives_attributes_and_position_as_text(
    tmp_path: Path, manifest: Callable[..., Manifest]
) -> None:
    page = {
        "features": [
            {
                "attributes": {"no": "S2011650", "utmX": 190021.0, "note": None},
                "geometry": {"x": 120.5, "y": 22.5},
            }
        ]
    }
    row = esri_pages.read(written(tmp_path, page), manifest()).iloc[0].to_dict()
    assert row == {
        "no": "S2011650",
        "utmX": "190021",
        "note": "",
        "geometry_x": "120.5",
        "geometry_y": "22.5",
    }


def test_a_feature_without_geometry_has_empty_coordinates(
    tmp_path: Path, manifest: Callable[..., Manifest]
) -> None:
    page = {"features": [{"attributes": {"no": "S1"}, "geometry": None}]}
    assert esri_pages.read(written(tmp_path, page), manifest())["geometry_x"].tolist() == [""]


def test_points_of_all_systems_are_rows(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    points = {
        "重度級": {"points": [{"name": "甲", "trauma": True, "lon": 120.3}]},
        "未分級": {"points": [{"name": "乙"}]},
    }
    frame = point_systems.read(written(tmp_path, {"systems": points}), manifest())
    assert frame.to_dict("records") == [
        {"system": "重度級", "name": "甲", "trauma": "true", "lon": "120.3"},
        {"system": "未分級", "name": "乙", "trauma": "", "lon": ""},
    ]


@pytest.mark.parametrize("job", [esri_pages, point_systems])
@pytest.mark.parametrize(
    "content", ["", "%PDF-1.7", "[]", {"error": {"code": 500}}, {"systems": {}}, {"systems": []}]
)
def test_another_content_stops_the_load(
    tmp_path: Path, manifest: Callable[..., Manifest], job: Any, content: Any
) -> None:
    with pytest.raises(SourceFileError, match="page.json"):
        job.read(written(tmp_path, content), manifest())


def test_bytes_of_another_encoding_stop_the_load(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    path = tmp_path / "page.json"
    path.write_bytes('{"systems": {"消防": {}}}'.encode("big5"))
    with pytest.raises(SourceFileError, match="not UTF-8"):
        point_systems.read(path, manifest())
