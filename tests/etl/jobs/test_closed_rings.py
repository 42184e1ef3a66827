"""Closed lines of a drawing become areas, in pieces as well as all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import shapely

from etl.manifest import Manifest
from etl.read import read_batch, read_batches

RING, OPEN = "LINESTRING (0 0, 9 0, 9 9, 0 0)", "LINESTRING (0 0, 9 0, 9 9)"
DRAWN = [RING, OPEN, "LINESTRING (0 0, 1 1, 0 0)", RING, OPEN]


def test_rings_become_areas_and_open_lines_stay_in_every_piece(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    path = tmp_path / "parks.gpkg"
    gpd.GeoDataFrame({"名称": list("甲乙丙丁戊")}, geometry=shapely.from_wkt(DRAWN), crs="EPSG:4544").to_file(path, driver="GPKG")
    source = manifest(reader="vector", crs="EPSG:4544", job="closed_rings")
    pieces = list(read_batches([path], source, tmp_path, rows=2))
    assert [piece.n_read for piece in pieces] == [2, 2, 1]
    kinds = [shape.geom_type for piece in pieces for shape in piece.frame["geometry"]]
    assert kinds == ["Polygon", "LineString", "LineString", "Polygon", "LineString"]
    whole = read_batch([path], source, tmp_path).frame
    assert [shape.wkb for piece in pieces for shape in piece.frame["geometry"]] == [shape.wkb for shape in whole["geometry"]]
