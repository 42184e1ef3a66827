"""What is judged by its bytes alone is what GEOS would say, and a load comes to the same with and without that way."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from shapely import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from etl.intake import _Taker
from etl.load import load_area_data
from etl.packing import geometry_hashes
from etl.plausibility import _parts_alone
from layers.catalog import load_catalog
from tests.etl.small_area import empty_database, write_area
from tests.etl.test_shapes import shapes_of

CATALOG = load_catalog()
ALL_KINDS = (1, 3, 6)
ELL = Polygon([(0, 0), (4, 0), (4, 2), (2, 2), (2, 4), (0, 4)])
COURT = Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (3, 1), (3, 3), (1, 3)], [(5, 5), (7, 5), (7, 7)]])
STRAIGHT = Polygon([(0, 0), (1, 0), (2, 0), (2, 1), (0, 1)])
CERTAIN = [ELL, COURT, STRAIGHT, ELL.reverse(), MultiPolygon([COURT]), Point(1, 2), Polygon([(0, 0), (1, 0), (0, 1)])]
OPEN = [
    None, Polygon(), MultiPolygon([ELL, shapely.affinity.translate(ELL, 9, 9)]), LineString([(0, 0), (1, 1)]), MultiPoint([(1, 1)]),
    Point(0, 0).buffer(1, quad_segs=32), Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), Polygon([(0, 0), (4, 0), (1, 0), (0, 3)]),
    Polygon([(0, 0), (4, 0), (4, 0), (0, 3)]), Polygon([(0, 0), (4, 4), (8, 8)]), Polygon([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)]),
    Polygon(COURT.exterior, [[(0, 1), (3, 1), (3, 3)]]), Polygon(COURT.exterior, [[(20, 20), (21, 20), (21, 21)]]),
    Polygon(COURT.exterior, [[(1, 1), (8, 1), (8, 8), (1, 8)], [(2, 2), (3, 2), (3, 3)]]), Polygon(ELL.exterior, [ELL.exterior]),
]
"""Invalid, of another kind, or not certain: what touches is for GEOS to judge."""
CORNERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=9)
TURNED = st.tuples(st.floats(0.1, 3.0), st.floats(-100, 100))
BUILDINGS_TOML = """
id = "buildings"
layer = "buildings"
title_zh = "建筑物"
supplier = "住建局"
files = ["houses.gpkg"]
reader = "vector"
crs = "EPSG:4490"
max_refused_pct = 100
[fields]
building_id = "编号"
n_storeys = "层数"
"""
MIXED = [
    ELL, COURT, MultiPolygon([ELL]), MultiPolygon([COURT, box(20, 20, 21, 21)]), Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), None, Polygon(),
    box(500, 500, 501, 501), box(5, 5, 5.001, 9), ELL, Point(3, 3), box(97, 97, 103, 103), Polygon([(0, 0), (4, 4), (8, 8)]), box(30, 30, 31, 31),
]
STOREYS = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 900]


def test_what_is_certain_is_valid_and_the_rest_is_left_open() -> None:
    shapes = shapes_of([*CERTAIN, *OPEN])
    assert shapes.is_valid(ALL_KINDS).tolist() == [True] * len(CERTAIN) + [False] * len(OPEN)
    assert not shapes.is_valid((1,))[: len(CERTAIN) - 2].any()


@given(shell=CORNERS, hole=CORNERS, turn=TURNED)
def test_nothing_invalid_is_called_valid(shell: list[tuple[int, int]], hole: list[tuple[int, int]], turn: tuple[float, float]) -> None:
    polygons = [Polygon(shell), Polygon([(-1, -2), (7, -1), (9, 8), (-3, 7)], [shell]), Polygon(shell, [hole])]
    moved = [shapely.affinity.translate(shapely.affinity.rotate(one, turn[0], use_radians=True), turn[1], turn[1]) for one in polygons]
    found = shapes_of([*polygons, *moved]).is_valid(ALL_KINDS)
    assert not (found & ~shapely.is_valid(np.array([*polygons, *moved], dtype=object))).any()


def test_widths_and_hashes_are_those_of_objects() -> None:
    shapes, objects = shapes_of(CERTAIN), np.array(CERTAIN, dtype=object)
    assert np.array_equal(shapes.hashes(), geometry_hashes(_parts_alone(objects)))
    polygons = ~np.isin(shapely.get_type_id(objects), [0])
    expected = shapely.area(objects[polygons]) * 3 / (shapely.length(shapely.transform(objects[polygons], lambda xy: xy * (1, 3))) / 2)
    assert shapes.widths((1, 3))[polygons] == pytest.approx(expected)


def test_some_rows_and_bytes_among_objects() -> None:
    shapes = shapes_of([*CERTAIN, None, ELL])
    is_kept = np.array([True, False] * 4 + [True])
    assert shapely.to_wkt(shapes.take(is_kept).geometries()).tolist() == shapely.to_wkt(shapes.geometries()[is_kept]).tolist()
    without = shapes.without(~is_kept)
    packed = without.packed(shapes.geometries())
    found = [packed.data[a:b].tobytes() if not gone else None for a, b, gone in zip(packed.starts, packed.starts[1:], packed.is_null, strict=False)]
    assert found == shapely.to_wkb(shapes.geometries(), byte_order=1).tolist()


def outcome(engine: sa.Engine) -> list[list[str]]:
    """Every row that a load left, but for the numbers of loads."""
    places = (("register", "buildings"), ("ops", "refused"), ("ops", "warnings"), ("ops", "repaired"))
    numbers = ("load_id", "from_load", "row_id")
    with engine.connect() as connection:
        tables = [sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection) for schema, name in places]
        asked = [sa.select(*(column.cast(sa.Text) for column in table.columns if column.name not in numbers)) for table in tables]
        return [sorted(str(tuple(row)) for row in connection.execute(query)) for query in asked]


@pytest.mark.parametrize("batch_rows", [1000, 5])
def test_a_load_is_the_same_with_bytes_and_with_objects(
    engine: sa.Engine, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    sources, data = write_area(tmp_path, buildings=BUILDINGS_TOML)
    degrees = shapely.transform(np.array(MIXED, dtype=object), lambda xy: xy * 0.001 + (105.0, 29.0))
    rows = {"编号": [f"B{number}" for number in range(len(MIXED) - 1)] + ["B0"], "层数": STOREYS}
    gpd.GeoDataFrame(rows, geometry=degrees, crs="EPSG:4490").to_file(data / "houses.gpkg")
    monkeypatch.setattr("etl.intake.BATCH_ROWS", batch_rows)
    found = []
    for keeps_bytes in (True, False):
        with engine.begin() as connection:
            empty_database(connection)
        with monkeypatch.context() as changed:
            if not keeps_bytes:
                changed.setattr(_Taker, "keeps_bytes", False)
            counts = load_area_data(engine, CATALOG, sources, data, home=home)[0].counts
        found.append([outcome(engine), counts])
    assert found[0] == found[1]
    assert counts["n_accepted"] > 5 and counts["n_refused"] > 3 and counts["n_repaired"] > 0 and counts["n_warned"] > 1
