"""The local shift of an old datum is found by what places stand near, and told only where they tell it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import shapely

from etl.recognise import _about_datum
from etl.recognise_datums import Floats, Hypothesis, datum_proposals, placed
from etl.recognise_manifest import _with_accuracy_of_shift
from etl.recognise_shifts import local_shift
from layers.catalog import load_area
from layers.crs import transform_geometry
from tests.etl.test_read_batches import manifest
from tests.etl.test_recognise_datums import SOURCES, along_roads, delivered

AREA = load_area(SOURCES / "sample")


def in_old_datum(crs: str, east_m: float, north_m: float, **given: float) -> tuple[Floats, Floats, Any]:
    """Places near roads as an office delivers them in an old datum, where they truly are, and what is known around."""
    lonlat, around = along_roads(AREA, **given)
    true = placed(Hypothesis("EPSG:4490"), lonlat, AREA)
    back = transform_geometry(shapely.points(true - (east_m, north_m)), AREA.metric_crs, AREA.storage_crs)
    return delivered(shapely.get_coordinates(back), AREA, crs), true, around


@pytest.mark.parametrize(
    ("crs", "east_m", "north_m"), [("EPSG:4610", 88, 31), ("EPSG:4214", -52, 41), ("EPSG:2359", 95, 20), ("EPSG:2411", 60, -25)]
)
def test_shift_of_an_old_datum_is_found_and_puts_places_where_they_are(crs: str, east_m: float, north_m: float) -> None:
    xy, true, around = in_old_datum(crs, east_m, north_m, crooked_m=8.0)
    best, second, *_ = datum_proposals(xy, AREA, around)
    assert best.shift_m is not None and "+towgs84=" in best.crs and best.score > 2 * second.score
    assert np.hypot(*(placed(Hypothesis(best.crs), xy, AREA) - true).T).max() < best.accuracy_m < 20
    assert "平移" in best.evidence_zh and "确认后方可采用" in best.evidence_zh and "to be confirmed" in best.evidence_en
    assert best.name_zh.startswith(("西安80", "北京54")) and "当地平移(东" in best.name_zh and "m E" in best.name
    question, = _about_datum([best, second], None)
    assert question.zh.startswith(f"坐标系是{best.name_zh}吗?") and question.zh.endswith(best.crs) and question.field == "crs"


def test_places_of_the_new_datum_are_given_no_shift() -> None:
    lonlat, around = along_roads(AREA, crooked_m=8.0)
    for crs in ("EPSG:4490", "GCJ-02", "EPSG:4523"):
        assert all(entry.shift_m is None for entry in datum_proposals(delivered(lonlat, AREA, crs), AREA, around))


def test_places_that_stand_anywhere_are_given_no_shift() -> None:
    lonlat, around = along_roads(AREA)
    dice = np.random.default_rng(3)
    anywhere = placed(Hypothesis("EPSG:4490"), lonlat, AREA) + dice.uniform(-900, 900, lonlat.shape)
    assert local_shift(anywhere, around.references) is None


def test_streets_at_equal_distances_tell_no_shift() -> None:
    """Where a move by one block does as well, nothing says which block."""
    lines = [((x, -5000), (x, 5000)) for x in range(-5000, 5001, 60)] + [((-5000, y), (5000, y)) for y in range(-5000, 5001, 60)]
    roads = shapely.linestrings(np.array(lines, dtype=float))
    dice = np.random.default_rng(4)
    places = np.column_stack([dice.integers(-60, 60, 150) * 60.0 + 35.0, dice.integers(-60, 60, 150) * 60.0 + 25.0])
    assert local_shift(places, {"roads": roads}) is None


def test_too_few_places_tell_no_shift() -> None:
    xy, _, around = in_old_datum("EPSG:4610", 88, 31)
    assert all(entry.shift_m is None for entry in datum_proposals(xy[:30], AREA, around))
    assert all(entry.shift_m is None for entry in datum_proposals(xy, AREA, replace(around, references={})))


def test_confirmed_shift_brings_its_accuracy() -> None:
    xy, _, around = in_old_datum("EPSG:4610", 88, 31)
    best = datum_proposals(xy, AREA, around)[0]
    dataset: Any = SimpleNamespace(datums=(best,))
    assert _with_accuracy_of_shift(manifest(crs=best.crs), dataset, {}).accuracy_m == best.accuracy_m
    assert _with_accuracy_of_shift(manifest(crs=best.crs), dataset, {"accuracy_m": 30.0}).accuracy_m is None
    assert _with_accuracy_of_shift(manifest(crs="EPSG:4610"), dataset, {}).accuracy_m is None
