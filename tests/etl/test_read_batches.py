"""A source read in pieces is the source read whole: same rows, numbers, columns and refusals."""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from etl.manifest import Manifest
from etl.read import read_batch, read_batches
from layers.errors import SourceFileError

N = 23


def manifest(**given: Any) -> Manifest:
    return Manifest(**{"id": "x", "layer": "enterprises", "title_zh": "企业", "supplier": "局", "files": ("*",),
                       "reader": "vector", "crs": "EPSG:4490", **given})


def same_in_pieces(files: list[Path], source: Manifest, rows: int = 5, *, as_bytes: bool = False) -> None:
    whole = read_batch(files, source, files[0].parent)
    pieces = list(read_batches(files, source, files[0].parent, rows=rows, as_bytes=as_bytes))
    assert len(pieces) > 1
    assert max(len(piece.frame) for piece in pieces) <= rows
    assert sum(piece.n_read for piece in pieces) == whole.n_read
    joined = pd.concat([pd.DataFrame(piece.frame) for piece in pieces], ignore_index=True)[list(whole.frame.columns)]
    for name in whole.frame.columns:
        if name == "geometry":
            if not as_bytes:  # then the column is empty, see test_shape_validity
                assert (shapely.to_wkb(joined[name].to_numpy()) == shapely.to_wkb(whole.frame[name].to_numpy())).all()
        else:
            assert joined[name].astype(object).fillna("-").tolist() == whole.frame[name].astype(object).fillna("-").tolist(), name


@pytest.fixture(scope="module")
def features() -> gpd.GeoDataFrame:
    """Every kind of attribute that GDAL knows, with gaps."""
    numbers = np.arange(N)
    return gpd.GeoDataFrame(
        {
            "MC": [f"甲厂{n}" if n % 7 else None for n in numbers],
            "RS": pd.array([int(n) if n % 5 else None for n in numbers], dtype="Int32"),
            "GD": [n / 10 if n % 4 else None for n in numbers],
            "ZH": pd.array([110_101_199_003_078_881 + int(n) if n % 5 else None for n in numbers], dtype="Int64"),
            "RI": pd.Series([date(1899 + n, 1, 31) if n % 3 else None for n in numbers]),
            "RQ": pd.to_datetime(["2025-01-02 03:04:05" if n % 6 else None for n in numbers]),
            "ZT": [bool(n % 2) for n in numbers],
        },
        geometry=shapely.points(105 + numbers / 100, 29 + numbers / 100), crs="EPSG:4490",
    )


@pytest.mark.parametrize(
    ("name", "driver", "options"),
    [("a.gpkg", "GPKG", {}), ("a.geojson", "GeoJSON", {}), ("a.shp", "ESRI Shapefile", {"encoding": "gb18030"}),
     ("a.gdb", "OpenFileGDB", {"TARGET_ARCGIS_VERSION": "ARCGIS_PRO_3_2_OR_LATER"}), ("a.mif", "MapInfo File", {"encoding": "UTF-8"}), ("a.kml", "LIBKML", {})],
)
def test_vector_in_pieces(tmp_path: Path, features: gpd.GeoDataFrame, name: str, driver: str, options: dict[str, str]) -> None:
    times = {"ESRI Shapefile": features["RQ"].dt.date.astype(str), "OpenFileGDB": features["RQ"].dt.tz_localize("UTC")}
    given = features.assign(RQ=times.get(driver, features["RQ"]))
    (given.to_crs("EPSG:4326") if driver == "LIBKML" else given).to_file(tmp_path / name, driver=driver, engine="pyogrio", **options)
    encoding = options.get("encoding", "") if driver == "ESRI Shapefile" else ""
    same_in_pieces([tmp_path / name], manifest(encoding=encoding))
    same_in_pieces([tmp_path / name], manifest(encoding=encoding), as_bytes=True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_text_in_pieces(tmp_path: Path, encoding: str) -> None:
    lines = ["台账,", "编号,名称,", *(f"E{n},甲厂{n}\u3000,{'备忘' if n == 20 else ''}" if n != 9 else ",," for n in range(N))]
    (tmp_path / "a.csv").write_text("\r\n".join(lines), encoding=encoding, newline="")
    same_in_pieces([tmp_path / "a.csv"], manifest(reader="table", encoding=encoding, skip_rows=1, ignore=("column C",)))


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_bytes_that_are_no_text_are_refused_whichever_way_they_are_read(
    tmp_path: Path, features: gpd.GeoDataFrame, name: str, as_bytes: bool
) -> None:
    path = tmp_path / name
    features[["MC", "geometry"]].to_file(path, engine="pyogrio")
    path.write_bytes(path.read_bytes().replace("甲厂8".encode(), b"\xe7\xff\xb2\xe5\x8e\x828"))
    with pytest.raises(SourceFileError, match=r"that are not UTF-8"):
        list(read_batches([path], manifest(), tmp_path, rows=5, as_bytes=as_bytes))
    with pytest.raises(SourceFileError, match=r"that are not UTF-8"):
        read_batch([path], manifest(), tmp_path)


def test_files_of_different_columns_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 7, encoding="utf-8")
    (tmp_path / "b.csv").write_text("a,c\n" + "1,3\n" * 7, encoding="utf-8")
    same_in_pieces([tmp_path / "a.csv", tmp_path / "b.csv"], manifest(reader="table"))


def test_json_lines_in_pieces(tmp_path: Path) -> None:
    lines = ['{"a": 1, "b": {"c": "甲"}}', "", '{"a": null, "d": 2.0}'] * 4
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    same_in_pieces([tmp_path / "a.jsonl"], manifest(reader="table"), rows=3)


def test_byte_of_another_encoding_at_the_end_stops_before_the_first_piece(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("a\n".encode() + "甲\n".encode() * 400_000 + b"\xff\n")
    with pytest.raises(SourceFileError, match="at byte 1600002"):
        next(read_batches([tmp_path / "a.csv"], manifest(reader="table", encoding="utf-8"), tmp_path))


def test_row_of_too_many_cells_in_a_later_piece_stops(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n" + "1,2\n" * 11 + "1,2,3\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match="as many cells"):
        list(read_batches([tmp_path / "a.csv"], manifest(reader="table"), tmp_path, rows=5))


def changed(path: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Run SQL on a GeoPackage whose triggers call functions that SQLite itself does not have."""
    with closing(sqlite3.connect(path)) as package, package:
        for (name,) in package.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            package.execute(f'DROP TRIGGER "{name}"')
        for statement, values in statements:
            package.execute(statement, values)


def read_in_three_ways(path: Path, name: str) -> list[list[object]]:
    """A column, or the coordinates of the geometries, read whole, in pieces and in pieces as bytes."""
    batches = [[read_batch([path], manifest(), path.parent)]]
    batches += [list(read_batches([path], manifest(), path.parent, rows=2, as_bytes=as_bytes)) for as_bytes in (False, True)]
    if name != "geometry":
        return [[value for batch in way for value in batch.frame[name].astype(object)] for way in batches]
    shapes = [[shape for batch in way for shape in (batch.frame["geometry"] if batch.shapes is None else batch.shapes.geometries())] for way in batches]
    return [[shapely.get_coordinates(shape).round(6).tolist() for shape in way] for way in shapes]


@pytest.mark.parametrize("kind", ["COMPOUNDCURVE", "GEOMETRY"])
def test_arcs_are_broken_into_segments_whichever_way_they_are_read(tmp_path: Path, kind: str) -> None:
    gpd.GeoDataFrame({"MC": list("abc")}, geometry=[shapely.LineString([(105, 29), (105.1, 29)])] * 3, crs=4490).to_file(tmp_path / "a.gpkg", layer="a")
    arc = b"\x01" + struct.pack("<II", 8, 3) + struct.pack("<6d", 105, 29, 105.5, 29.5, 106, 29)
    blob = b"GP\x00\x01" + struct.pack("<i", 4490) + b"\x01" + struct.pack("<II", 9, 1) + arc
    changed(
        tmp_path / "a.gpkg", ("UPDATE a SET geom = ? WHERE MC = 'c'", (blob,)), ("UPDATE gpkg_geometry_columns SET geometry_type_name = ?", (kind,)),
        ("DELETE FROM gpkg_extensions", ()),
    )
    whole, pieces, as_bytes = read_in_three_ways(tmp_path / "a.gpkg", "geometry")
    assert [len(shape) for shape in whole] == [2, 2, 46]
    assert whole == pieces == as_bytes


def test_text_that_is_no_date_stays_what_it_is(tmp_path: Path) -> None:
    days = pd.Series([date(1970, 1, 1), date(2020, 1, 2), date(2020, 1, 3)])
    gpd.GeoDataFrame({"RQ": days}, geometry=shapely.points([105, 105, 105], [29, 29, 29]), crs=4490).to_file(tmp_path / "a.gpkg", layer="a")
    changed(tmp_path / "a.gpkg", ("UPDATE a SET RQ = '2020-13-45' WHERE RQ = '2020-01-03'", ()))
    assert read_in_three_ways(tmp_path / "a.gpkg", "RQ") == [["1970-01-01", "2020-01-02", "2020-13-45"]] * 3


def test_lists_of_a_file_are_read_as_json(tmp_path: Path) -> None:
    given = [{"a": [1, 2], "b": ["甲", "乙"]}, {"a": None, "b": []}, {"a": [3], "b": None}]
    point = {"type": "Point", "coordinates": [105, 29]}
    features = [{"type": "Feature", "geometry": point, "properties": row} for row in given]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert read_in_three_ways(tmp_path / "a.geojson", "a") == [["[1, 2]", "", "[3]"]] * 3
    assert read_in_three_ways(tmp_path / "a.geojson", "b") == [['["甲", "乙"]', "[]", ""]] * 3


def test_two_columns_of_one_name_are_refused(tmp_path: Path, features: gpd.GeoDataFrame) -> None:
    features[["MC", "ZT", "geometry"]].to_file(tmp_path / "a.shp", engine="pyogrio", encoding="utf-8")
    table = tmp_path / "a.dbf"
    table.write_bytes(table.read_bytes().replace(b"ZT\x00", b"MC\x00", 1))
    with pytest.raises(SourceFileError, match="several columns named MC"):
        read_batch([tmp_path / "a.shp"], manifest(), tmp_path)
