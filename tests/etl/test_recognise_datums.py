"""The right datum comes first by the evidence, and what the evidence does not separate is said to be so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from etl.recognise import _about_datum
from etl.recognise_datums import MOST_PLACES, Floats, Hypothesis, Surroundings, datum_proposals, placed
from layers.catalog import Area, load_area
from layers.crs import SHIFTED_DATUMS, transform_geometry, wgs84_to_bd09, wgs84_to_gcj02

SOURCES = Path(__file__).parents[2] / "data" / "sources"
N = 150


def along_roads(area: Area, *, crooked_m: float = 3.0) -> tuple[Floats, Surroundings]:
    """Places within metres of winding roads, in the area's storage CRS, and what is known around them."""
    random = np.random.default_rng(7)
    west, south, east, north = area.home
    middle = transform_geometry(np.array([shapely.Point((west + east) / 2, (south + north) / 2)]), area.storage_crs, area.metric_crs)[0]
    starts = random.uniform(-6_000, 6_000, (12, 2)) + (middle.x, middle.y)
    steps = random.normal(0, 300, (12, 40, 2)).cumsum(axis=1)
    roads = shapely.linestrings(np.concatenate([start + walk for start, walk in zip(starts, steps, strict=True)]),
                                indices=np.repeat(np.arange(12), 40))
    on_road = shapely.line_interpolate_point(roads[random.integers(0, 12, N)], random.uniform(0, 1, N), normalized=True)
    places = shapely.get_coordinates(on_road) + random.normal(0, crooked_m, (N, 2))
    home = transform_geometry(np.array([shapely.segmentize(shapely.box(*area.home), 0.01)]), area.storage_crs, area.metric_crs)[0]
    degrees = transform_geometry(shapely.points(places), area.metric_crs, area.storage_crs)
    return shapely.get_coordinates(degrees), Surroundings(home, {"roads": roads})


def delivered(lonlat: Floats, area: Area, crs: str) -> Floats:
    """Places of the storage CRS as an office would deliver them in a datum."""
    if crs in SHIFTED_DATUMS:
        shift = {"GCJ-02": wgs84_to_gcj02, "BD-09": wgs84_to_bd09}[crs]
        return np.column_stack(shift(lonlat[:, 0], lonlat[:, 1]))
    moved = pyproj.Transformer.from_crs(area.storage_crs, crs, always_xy=True).transform(lonlat[:, 0], lonlat[:, 1])
    return np.column_stack(moved)


CHINA = ["EPSG:4490", "GCJ-02", "BD-09", "EPSG:4544", "EPSG:4523", "EPSG:4508", "EPSG:4543", "EPSG:3857"]


@pytest.mark.parametrize("axis_order", ["xy", "yx"])
@pytest.mark.parametrize("crs", CHINA)
def test_right_datum_comes_first(crs: str, axis_order: str) -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    xy = delivered(lonlat, area, crs)
    best, *others = datum_proposals(xy if axis_order == "xy" else xy[:, ::-1], area, around)
    assert crs in (best.crs, *best.same_place)
    assert best.axis_order == axis_order
    assert best.median_distance_m is not None and best.median_distance_m < 5
    assert best.n_compared == N
    assert all(entry.score < 0.9 * best.score for entry in others)
    # The picture of the right one shows the places as they are (5 decimals), those of others lie elsewhere.
    assert len(best.places) > N / 2 and np.abs(np.array(best.places) - lonlat[:: -(-N // MOST_PLACES)]).max() < 2e-5
    assert all(not entry.places or entry.places != best.places for entry in others)


@pytest.mark.parametrize("crs", ["EPSG:3826", "EPSG:3825", "EPSG:4326", "GCJ-02"])
def test_right_datum_comes_first_in_taiwan(crs: str) -> None:
    area = load_area(SOURCES / "kaohsiung")
    lonlat, around = along_roads(area)
    best = datum_proposals(delivered(lonlat, area, crs), area, around)[0]
    assert crs in (best.crs, *best.same_place)


def test_wgs84_and_cgcs2000_cannot_be_told_apart() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    best = datum_proposals(lonlat, area, around)[0]
    assert {"EPSG:4490", "EPSG:4326"} <= {best.crs, *best.same_place}
    assert "无法区分" in best.evidence_zh and "cannot be told apart" in best.evidence_en


def test_an_old_datum_that_may_be_meant_is_told_with_the_metres_between() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    best = datum_proposals(lonlat, area, around)[0]
    assert dict(best.apart_m) == {"EPSG:4610": 130.0, "EPSG:4214": 110.0}
    assert "西安80" in best.evidence_zh and "130 m" in best.evidence_zh and "110 m" in best.evidence_en
    question, = _about_datum([best], None)
    assert all(part in question.zh for part in ("EPSG:4490", "CGCS2000 经纬度", "EPSG:4610", "西安80 经纬度", "最多相差约 130 m"))
    assert "up to 130 m from EPSG:4490" in question.en


def test_zones_of_an_old_datum_that_may_be_meant_are_told_with_the_metres_between() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    proposals = datum_proposals(delivered(lonlat, area, "EPSG:4523"), area, replace(around, references={}))
    best = proposals[0]
    assert best.crs == "EPSG:4523" and set(best.apart_m) & {"EPSG:2359", "EPSG:2411"}
    assert all(110 <= metres < 300 for metres in best.apart_m.values())
    question, = _about_datum(proposals, None)
    assert all(question.zh.count(crs) == 1 for crs in best.apart_m) and "最多相差约" in question.zh


def test_former_places_tell_that_no_old_datum_is_meant() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    places = placed(Hypothesis(area.storage_crs), lonlat, area)
    assert datum_proposals(lonlat, area, replace(around, former=places + 4.0))[0].apart_m == {}
    assert datum_proposals(lonlat, area, replace(around, former=places + 60.0))[0].apart_m


def test_a_datum_that_the_file_states_is_not_doubted_for_an_old_one() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    best = datum_proposals(lonlat, area, around, stated=("EPSG:4490",))[0]
    question, = _about_datum([best], None)
    assert "4610" not in question.zh.split("?")[0] and best.is_stated


def test_without_anything_to_compare_with_the_shifted_grids_are_not_told_apart() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    proposals = datum_proposals(lonlat, area, replace(around, references={}))
    assert {entry.crs: bool(entry.not_told_from) for entry in proposals[:3]} == {"EPSG:4490": False, "GCJ-02": True, "BD-09": True}


def test_a_few_places_do_not_decide() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    proposals = datum_proposals(delivered(lonlat, area, "GCJ-02")[:5], area, around)
    assert any(entry.not_told_from for entry in proposals[1:])


def test_former_places_of_the_same_features_decide_where_roads_are_missing() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    former = placed(Hypothesis("EPSG:4490"), lonlat, area) + 4.0
    best = datum_proposals(delivered(lonlat, area, "BD-09"), area, replace(around, references={}, former=former))[0]
    assert (best.crs, best.not_told_from) == ("BD-09", ())
    assert "上次" in best.evidence_zh


def test_features_of_the_same_name_decide_where_the_delivery_has_numbers_of_its_own() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    namesakes = placed(Hypothesis("EPSG:4490"), lonlat, area) + 30.0
    namesakes[20:] = np.nan
    best, *others = datum_proposals(delivered(lonlat, area, "GCJ-02"), area, replace(around, references={}, namesakes=namesakes))
    assert (best.crs, best.n_compared) == ("GCJ-02", 20) and not any(entry.not_told_from for entry in others)
    assert "同名" in best.evidence_zh and "same name" in best.evidence_en


def test_features_far_from_their_former_places_in_every_datum_are_told() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    former = placed(Hypothesis("EPSG:4490"), lonlat, area) + (828.0, -207.0)
    best = datum_proposals(lonlat, area, replace(around, references={}, former=former))[0]
    assert best.score < 0.25 and "与已入库位置不符" in best.evidence_zh and "moved as a whole" in best.evidence_en


def test_taiwan_datum_of_1967_is_told_from_that_of_1997_by_former_places() -> None:
    area = load_area(SOURCES / "kaohsiung")
    x97, y97 = np.random.default_rng(5).uniform((178_000, 2_495_000), (190_000, 2_510_000), (50, 2)).T
    a, b = 0.00001549, 0.000006521  # the customary four figures, good to two metres
    xy = np.column_stack([x97 - 807.8 - a * x97 - b * y97, y97 + 248.6 - a * y97 - b * x97])
    former = placed(Hypothesis("EPSG:3826"), np.column_stack([x97, y97]), area)
    around = Surroundings(shapely.box(*(former.min(axis=0) - 9_000), *(former.max(axis=0) + 9_000)), former=former)
    best, second = datum_proposals(xy, area, around)[:2]
    assert (best.crs, best.not_told_from, second.crs) == ("EPSG:3828", (), "EPSG:3826")
    assert best.median_distance_m is not None and best.median_distance_m < 3 and second.median_distance_m > 800
    degrees = transform_geometry(shapely.points(xy), "EPSG:3828", "EPSG:3821")
    assert np.abs(placed(Hypothesis("EPSG:3821"), shapely.get_coordinates(degrees), area) - former).max() < 3


def test_a_stated_datum_that_cannot_be_is_told_with_its_share() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    proposals = datum_proposals(delivered(lonlat, area, "EPSG:4523"), area, around, stated=("EPSG:4524",))
    assert proposals[0].crs == "EPSG:4523"
    wrong = next(entry for entry in proposals if entry.crs == "EPSG:4524")
    assert (wrong.score, wrong.is_stated) == (0.0, True)


def test_old_datums_come_with_their_assumed_error() -> None:
    area = load_area(SOURCES / "sample")
    lonlat, around = along_roads(area)
    proposals = datum_proposals(delivered(lonlat, area, "EPSG:2379"), area, around, stated=("EPSG:2379",), layer_accuracy_m=2.0)
    assert next(entry for entry in proposals if entry.crs == "EPSG:2379").accuracy_m == 132.0


@pytest.mark.parametrize("crs", [*CHINA, "EPSG:2379", "EPSG:2431"])
def test_places_under_the_right_hypothesis_are_where_they_were(crs: str) -> None:
    area = load_area(SOURCES / "sample")
    lonlat, _ = along_roads(area)
    right = placed(Hypothesis("EPSG:4490"), lonlat, area)
    found = placed(Hypothesis(crs), delivered(lonlat, area, crs), area)
    assert np.hypot(*(found - right).T).max() < 0.01
