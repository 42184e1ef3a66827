"""Areas and their people: nobody is lost, nobody is doubled, an uncounted area is not an empty one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely

from etl.manifest import Manifest
from etl.read import Batch, read_batch
from layers.errors import SourceFileError

LOADER = Callable[..., Batch]


def area(code: str, town: str, west: float) -> dict[str, Any]:
    ring = [[west, 0.0, 0.0], [west + 1, 0.0, 0.0], [west + 1, 1.0, 0.0], [west, 1.0, 0.0], [west, 0.0, 0.0]]
    return {
        "type": "Feature",
        "properties": {"CODEBASE": code, "TOWN_ID": town},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


AREAS = [area("A1", "T1", 0), area("A2", "T1", 1), area("A3", "T2", 2)]


@pytest.fixture
def loaded(tmp_path: Path, manifest: Callable[..., Manifest]) -> LOADER:
    def made(job: str, *counts: tuple[str, Any]) -> Batch:
        areas = {"type": "FeatureCollection", "features": AREAS}
        table = {"RowDataList": [{"CODEBASE": code, "P_CNT": n, "H_CNT": n} for code, n in counts]}
        paths = [tmp_path / "areas.json", tmp_path / "people.json"]
        for path, content in zip(paths, (areas, table)):
            path.write_text(json.dumps(content), encoding="utf-8")
        return read_batch(paths, manifest(reader="vector", job=job), tmp_path)

    return made


def test_an_area_without_a_count_stays_empty_and_zero_stays_zero(loaded: LOADER) -> None:
    result = loaded("area_population", ("A1", 7.0), ("A3", 0.0))
    assert result.frame["P_CNT"].tolist() == ["7", "", "0"]
    assert (result.n_read, result.n_merged) == (5, 2)


def test_heights_of_zero_are_dropped(loaded: LOADER) -> None:
    assert not shapely.has_z(loaded("area_population", ("A1", 7.0)).frame["geometry"].to_numpy()).any()


@pytest.mark.parametrize("counts", [(("A1", 1), ("A9", 2)), (("A1", 1), ("A1", 2)), ()])
def test_people_without_an_area_or_counted_twice_stop_the_load(
    loaded: LOADER, counts: tuple[tuple[str, int], ...]
) -> None:
    with pytest.raises(SourceFileError, match="people.json"):
        loaded("area_population", *counts)


def test_a_town_is_the_outline_of_its_areas_with_their_known_people(loaded: LOADER) -> None:
    result = loaded("dissolved_towns", ("A1", 7), ("A2", 5))
    assert result.frame[["TOWN_ID", "P_CNT"]].values.tolist() == [["T1", "12"], ["T2", ""]]
    assert shapely.area(result.frame["geometry"].to_numpy()).tolist() == [2.0, 1.0]
    assert (result.n_read, result.n_merged) == (5, 3)
