"""Shapes of an area are asked by many threads at once, from the first moment on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import shapely

from layers.scoring.nearby import CountyIndex
from layers.scoring.risk_reasons import _by_report
from layers.scoring.rules import read_rules
from layers.scoring.shared_shapes import SharedShapes

METRIC = "EPSG:4544"

ROUNDS = """
from concurrent.futures import ThreadPoolExecutor
import numpy as np, shapely
from layers.scoring.shared_shapes import SharedShapes

angle = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
radius = 1000 + 50 * np.sin(angle * 300)
ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
shapes = np.array([shapely.Polygon(ring), shapely.LineString(ring)])
x, y = np.random.default_rng(7).uniform(-1100, 1100, (2, 300))
places = shapely.box(x - 15, y - 15, x + 15, y + 15)
shared = SharedShapes(shapes)
met = np.array([shapely.intersects(shapes, place) for place in places])
covered = np.array([shapely.covers(shapes, place) for place in places])

def ask(turn):
    order = np.random.default_rng(turn).permutation(len(places))
    return all((shared.meet(places[i]) == met[i]).all() and (shared.cover(places[i]) == covered[i]).all() for i in order)

with ThreadPoolExecutor(8) as threads:
    print(met[:, 0].sum(), met[:, 1].sum(), covered[:, 0].sum(), all(threads.map(ask, range(64))))
"""
"""In a process of its own: where threads ask one prepared shape together, GEOS ends it."""


def test_many_threads_are_answered_as_one_is() -> None:
    ran = subprocess.run([sys.executable, "-c", ROUNDS], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    n_met, n_crossing, n_covered, is_alike = ran.stdout.split()
    assert int(n_met) > int(n_covered) > 0 and int(n_crossing) > 0 and is_alike == "True"


def test_rows_and_many_places() -> None:
    squares = shapely.box([0, 10, 20], 0, [5, 15, 25], 5)
    shared, place = SharedShapes(squares), shapely.box(4, 1, 12, 2)
    assert shared.meet(place).tolist() == [True, True, False]
    assert shared.meet(place, np.array([2, 1])).tolist() == [False, True]
    assert SharedShapes(squares[:1]).cover(shapely.points([1, 5, 6], 1)).tolist() == [True, True, False]


def test_shapes_that_were_given_are_not_prepared() -> None:
    squares = np.array([shapely.box(0, 0, 1, 1)])
    SharedShapes(squares)
    assert not shapely.is_prepared(squares).any()


def test_index_of_a_county_leaves_the_frames_that_others_read_unprepared() -> None:
    line, area = shapely.LineString([(0, 0), (50, 1), (100, 0)]), shapely.box(0, 0, 10, 10)
    layers = {"pipelines": gpd.GeoDataFrame({"feature_id": ["P1"]}, geometry=[line], crs=METRIC), "water": gpd.GeoDataFrame({"feature_id": ["W1", "W2"]}, geometry=[area, line], crs=METRIC)}
    index = CountyIndex(layers, read_rules(), crs=layers["water"].crs)
    assert not any(shapely.is_prepared(frame.geometry.to_numpy()).any() for frame in layers.values())
    assert [shapely.is_prepared(index.table(name)["geometry"]).tolist() for name in layers] == [[True], [False, True]]
    assert shapely.equals(index.table("water")["geometry"], layers["water"].geometry.to_numpy()).all()


def test_contours_of_reports_are_not_prepared_by_being_asked() -> None:
    official = gpd.GeoDataFrame({"enterprise_id": ["E1"], "contour_id": ["C1"], "risk_per_year": [1e-5]}, geometry=[shapely.box(0, 0, 10, 10)], crs=METRIC)
    asked = _by_report(SimpleNamespace(official=official), np.array([5.0, 50.0]), np.array([5.0, 50.0]))  # type: ignore[arg-type]
    assert [per_year.tolist() for _, per_year in asked] == [[1e-5, 0.0]]
    assert not shapely.is_prepared(official.geometry.to_numpy()).any()
