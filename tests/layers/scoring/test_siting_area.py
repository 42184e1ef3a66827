"""Where could it go: every cell's answer is that of the single check, on a county made by dice, and on the sample by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from layers.scoring.nearby import CountyIndex, CountyLayers, NearLayers
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import check_site, search_radii_m
from layers.scoring import siting_area
from layers.scoring.measure import SearchIndex
from layers.scoring.siting_area import AreaAnswer, cells_near, grid_cells, judge_cells, patches
from layers.scoring.siting_terms import NOTHING_FOUND, Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import (
    CRS,
    X,
    Y,
    box,
    building,
    contour,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    power_line,
    road,
    target,
    unit,
)  # fmt: skip
from tests.layers.scoring.siting_questions import ALL_LAYERS

ON = date(2026, 9, 30)
HALF_M = 2500.0
COUNTY = shapely.Point(X, Y).buffer(HALF_M)
CELL_M = 100.0
LAYERS = (*ALL_LAYERS, "individual_risk", "fire_cover", "black_spots", "road_black_spots", "water")
KINDS = ("residential", "school_hospital_elderly", "industrial", "hazchem", "fuel_station", "park_parking", "transport")


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _points(dice: np.random.Generator, n: int, **fields: Any) -> gpd.GeoDataFrame:
    levels = dice.choice(["red", "orange", "blue", "unrated"], n)
    rows = [
        {"geometry": point(*dice.uniform(-HALF_M, HALF_M, 2)), "source_layer": "enterprises", "source_feature_id": f"E{i}", "enterprise_id": f"E{i}",
         "name": f"works {i}", "kind": "enterprise", "level": level, "radius_m": float(dice.choice([0, 100, 300])), "reach_m": np.nan,
         "accuracy_m": float(dice.choice([5, 400]))}
        for i, level in enumerate(levels)
    ]  # fmt: skip
    return layer(*rows, **fields)


def _lines(dice: np.random.Generator, n: int, make: Any, **fields: Any) -> gpd.GeoDataFrame:
    ends = dice.uniform(-HALF_M, HALF_M, (n, 3, 2))
    return layer(*(make(line(*map(tuple, xy))) | {"accuracy_m": float(dice.choice([0, 2, 150]))} for xy in ends), **fields)


def _boxes(dice: np.random.Generator, n: int, size_m: float) -> list[Any]:
    return [box(x, y, x + size_m, y + size_m) for x, y in dice.uniform(-HALF_M, HALF_M, (n, 2))]


@pytest.fixture(scope="module")
def county() -> SiteContext:
    dice = np.random.default_rng(20261122)
    spots = [{"geometry": point(*dice.uniform(-HALF_M, HALF_M, 2)), "name": f"spot {i}", "spot_id": f"B{i}"} for i in range(3)]
    bands = [{"geometry": box(-3000, -3000, 500, 3000), "minutes_from": 0.0}, {"geometry": box(500, -3000, 3000, 3000), "minutes_from": 15.0}]
    contours = [{"geometry": area, "installation": "in_service", "risk_per_year": 3e-6, "contour_id": f"I{i}"} for i, area in enumerate(_boxes(dice, 2, 300))]
    zones = [{"geometry": area, "level": level, "policy": "p"} for area, level in zip(_boxes(dice, 8, 250), ["red", "orange", "blue", "unrated"] * 2, strict=True)]
    layers: dict[str, Any] = {
        "pipelines": _lines(dice, 3, pipeline), "roads": _lines(dice, 6, lambda g: road(g, str(dice.choice(["national_road", "county_road", "township_road"])))),
        "power_lines": _lines(dice, 3, lambda g: power_line(g, float(dice.choice([10, 110, 500])))),
        "buildings": layer(*(building(area) for area in _boxes(dice, 40, 20))),
        "protection_targets": layer(*(target(area, "school") for area in _boxes(dice, 4, 60))),
        "hazard_units": layer(*(unit(area, unit_id=f"U{i}", enterprise_id=f"E{i}") for i, area in enumerate(_boxes(dice, 4, 80)))),
        "enterprises": layer(*(enterprise(point(*dice.uniform(-HALF_M, HALF_M, 2)), kind) for kind in ("fuel_station", "hazchem_user", "general"))),
        "risk_points": _points(dice, 12), "risk_zones": layer(*zones), "individual_risk": layer(*contours), "fire_cover": layer(*bands),
        "official_contours": layer(*(contour(area, 3e-6, date(2030, 1, 1), enterprise_id=f"E{i}") for i, area in enumerate(_boxes(dice, 2, 400)))),
        "road_black_spots": layer(*spots), "water": layer({"geometry": box(-2600, 1800, 2600, 1900), "kind": "river", "name": "river"}),
        "park_boundaries": layer({"geometry": box(-800, -800, 900, 700), "kind": "chemical", "name": "park"}),
        "fire_stations": layer({"geometry": point(0, 0), "name": "station", "station_class": "class_1", "status": "existing"}),
    }  # fmt: skip
    return SiteContext(layers, dict.fromkeys(LAYERS, "loaded"), CRS, policy="p")


def _project(kind: str) -> Project:
    is_hazardous = kind in ("hazchem", "fuel_station")
    return Project(kind, n_persons=None if kind == "transport" else 120, has_chemicals=True if is_hazardous else None)


def _judged(kind: str, county: SiteContext, rules: RuleSet) -> AreaAnswer:
    cells, _ = grid_cells(COUNTY, CELL_M)
    return judge_cells(cells, project=_project(kind), context=county, rules=rules, on=ON)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_is_answered_as_the_single_check_answers_it(
    kind: str, county: SiteContext, rules: RuleSet, request: pytest.FixtureRequest
) -> None:
    answer = _judged(kind, county, rules)
    n_checked = 150 if request.config.getoption("--long") else 15
    for cell in np.random.default_rng(1).choice(len(answer.cells), n_checked, replace=False):
        verdict = check_site(answer.cells[cell], project=_project(kind), context=county, rules=rules, on=ON)
        causes = {(cause.gravity, cause.kind, cause.rule_id) for cause, mask in answer.causes.items() if mask[cell]}
        assert answer.rank[cell] == verdict.rank
        assert causes == {(reason.gravity, reason.kind, reason.rule_id) for reason in verdict.reasons}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_a_prepared_county_give_the_answer_of_its_frames(kind: str, county: SiteContext, rules: RuleSet) -> None:
    index = CountyIndex(county.layers, rules, crs=CRS, on=ON)
    radii_m = search_radii_m(rules, largest_influence_m=300.0, largest_accuracy_m=dict.fromkeys(county.layers, 400.0))
    for cell in np.random.default_rng(2).choice(grid_cells(COUNTY, CELL_M)[0], 12, replace=False):
        boxes = {layer_id: shapely.box(*(np.array(cell.bounds) + np.array([-1, -1, 1, 1]) * reach_m)) for layer_id, reach_m in radii_m.items()}
        near = replace(county, layers=NearLayers(index, boxes))
        given = {"project": _project(kind), "rules": rules, "on": ON}
        assert _said(check_site(cell, context=near, **given)) == _said(check_site(cell, context=county, **given))


def _said(verdict: SiteVerdict) -> str:
    """Everything of a verdict but what a site must keep off: of parks, only those near are known."""
    return str(replace(verdict, reasons=tuple(replace(reason, obstacle=None) for reason in verdict.reasons)))


def test_prepared_county_answers_for_its_cells_as_its_frames_do(county: SiteContext, rules: RuleSet) -> None:
    prepared = replace(county, layers=CountyLayers(CountyIndex(county.layers, rules, crs=CRS, on=ON)))
    for kind in ("residential", "hazchem"):
        by_frames, by_arrays = _judged(kind, county, rules), _judged(kind, prepared, rules)
        assert np.array_equal(by_frames.rank, by_arrays.rank)
        assert {cause: mask.tolist() for cause, mask in by_frames.causes.items()} == {cause: mask.tolist() for cause, mask in by_arrays.causes.items()}


def test_county_of_the_dice_has_cells_of_every_verdict(county: SiteContext, rules: RuleSet) -> None:
    assert set(_judged("industrial", county, rules).rank.tolist()) == {1, 2, 3, 4}


def test_cells_lie_whole_inside_and_do_not_overlap() -> None:
    cells, at = grid_cells(COUNTY, CELL_M)
    assert shapely.covers(COUNTY, cells).all() and len(np.unique(at, axis=0)) == len(cells)
    assert shapely.area(cells) == pytest.approx(CELL_M**2)
    assert shapely.union_all(cells).area == pytest.approx(len(cells) * CELL_M**2)
    assert len(cells) * CELL_M**2 > 0.9 * COUNTY.area


def test_cells_of_islands_far_off_are_found_without_the_sea_between() -> None:
    """The box around both holds 10^10 cells, which no memory holds."""
    island = shapely.box(X + 1e7, Y + 5e6, X + 1e7 + 350, Y + 5e6 + 350)
    alone, alone_at = grid_cells(COUNTY, CELL_M)
    both, both_at = grid_cells(shapely.union(COUNTY, island), CELL_M)
    assert (both[: len(alone)] == alone).all() and (both_at[: len(alone)] == alone_at).all()
    there = both[len(alone) :]
    assert len(there) == 9
    assert shapely.covers(island, there).all()


@pytest.mark.parametrize("reach_m", [0.0, 8.0, 60.0, 900.0])
def test_cells_near_many_features_are_those_of_the_pairs(reach_m: float, monkeypatch: pytest.MonkeyPatch) -> None:
    dice, search = np.random.default_rng(3), SearchIndex(grid_cells(COUNTY, CELL_M)[0])
    points = [point(*dice.uniform(-HALF_M, HALF_M, 2)) for _ in range(5)]
    ways = [shapely.LineString([point(*dice.uniform(-HALF_M, HALF_M, 2)) for _ in range(4)]) for _ in range(4)]
    geometries = np.array([*points, *ways, points[0].buffer(300)], object)
    reaches = reach_m * dice.uniform(0.5, 1.0, len(geometries))
    by_pairs = cells_near(search, geometries, reaches, CRS)
    monkeypatch.setattr(siting_area, "MOST_PAIRS", 0)
    assert (cells_near(search, geometries, reaches, CRS) == by_pairs).all()
    assert by_pairs.any() and not by_pairs.all()


def test_parcel_that_goes_around_a_feature_is_not_near_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The centroid of such a parcel lies outside it."""
    around = shapely.difference(shapely.box(X, Y, X + 1000, Y + 1000), shapely.box(X + 200, Y + 200, X + 1000, Y + 800))
    search, feature = SearchIndex(np.array([around], object)), np.array([shapely.centroid(around)], object)
    monkeypatch.setattr(siting_area, "MOST_PAIRS", 0)
    assert [cells_near(search, feature, np.array([reach_m]), CRS).tolist() for reach_m in (20.0, 400.0)] == [[False], [True]]


def test_patches_are_joined_and_the_small_ones_left_out() -> None:
    cells = shapely.box([0, 100, 500], [0, 0, 0], [100, 200, 600], [100, 100, 100])
    assert shapely.area(patches(cells)).tolist() == [20_000, 10_000]
    assert shapely.area(patches(cells, least_m2=20_000)).tolist() == [20_000]
    assert len(patches(cells[:0])) == 0


def test_area_without_cells_is_answered(county: SiteContext, rules: RuleSet) -> None:
    answer = judge_cells(np.empty(0, object), project=_project("office"), context=county, rules=rules, on=ON)
    assert not answer.free.any() and answer.main_causes()[0] == []


def test_main_cause_is_the_gravest(county: SiteContext, rules: RuleSet) -> None:
    answer = _judged("residential", county, rules)
    causes, main = answer.main_causes()
    closed = np.flatnonzero(answer.rank < NOTHING_FOUND)
    assert (main[answer.free] == -1).all()
    assert all(causes[main[cell]].gravity == answer.rank[cell] for cell in closed)
