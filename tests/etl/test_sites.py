"""Sites in files that people send: every format, datum and fault; nothing hostile is read in the server."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pyproj
import pytest
import shapely

from etl.sites import sites_in
from layers.errors import SourceFileError

TARGET = "EPSG:4490"
PLOT = shapely.box(120.03, 30.15, 120.031, 30.151)


def frame(crs: str = TARGET) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["第二小学"], "n_persons": ["600"]}, geometry=[PLOT], crs=TARGET).to_crs(crs)


def test_geojson_gives_place_and_properties(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    frame("EPSG:4326").to_file(path)
    site = sites_in(path, target=TARGET)[0]
    assert shapely.geometry.shape(site["geometry"]).equals_exact(PLOT, 1e-6)
    assert (site["row"], site["properties"]["name"], site["properties"]["n_persons"]) == (1, "第二小学", "600")


@pytest.mark.parametrize("suffix", [".gpkg", ".zip"])
def test_projected_file_is_turned_into_degrees(tmp_path: Path, suffix: str) -> None:
    made = tmp_path / "a.gpkg" if suffix == ".gpkg" else tmp_path / "a.shp"
    frame("EPSG:4549").to_file(made)
    if suffix == ".zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for part in tmp_path.glob("a.*"):
                if part.suffix != ".zip":
                    archive.write(part, part.name)
    site = sites_in(tmp_path / f"a{suffix}", target=TARGET)[0]
    assert shapely.geometry.shape(site["geometry"]).symmetric_difference(PLOT).area < 1e-6 * PLOT.area


def test_table_of_points(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("name,lon,lat\n甲,120.03,30.15\n乙,120.04,30.16\n", encoding="utf-8")
    assert [site["geometry"]["coordinates"] for site in sites_in(points, target=TARGET)] == [(120.03, 30.15), (120.04, 30.16)]


def test_table_of_well_known_text(tmp_path: Path) -> None:
    words = tmp_path / "words.csv"
    words.write_text(f'name;wkt\n甲;"{PLOT.wkt}"\n', encoding="utf-8")
    assert shapely.geometry.shape(sites_in(words, target=TARGET)[0]["geometry"]).equals(PLOT)


def test_text_of_a_land_office_is_read_by_its_zone(tmp_path: Path) -> None:
    to_zone = pyproj.Transformer.from_crs(TARGET, "EPSG:4528", always_xy=True)
    corners = [to_zone.transform(x, y) for x, y in list(PLOT.exterior.coords)[:-1]]
    lines = [f"J{number},1,{north:.3f},{east:.3f}" for number, (east, north) in enumerate(corners, start=1)]
    path = tmp_path / "plot.txt"
    path.write_text("[地块坐标]\n4,1.0,1,某地块,面,,,@\n" + "\n".join(lines) + "\n", encoding="gb18030")
    site = sites_in(path, target=TARGET)[0]
    assert shapely.geometry.shape(site["geometry"]).symmetric_difference(PLOT).area < 1e-3 * PLOT.area


def test_text_of_degrees_with_two_plots(tmp_path: Path) -> None:
    path = tmp_path / "plot.txt"
    path.write_text("120.03,30.15\n120.031,30.15\n120.031,30.151\n\n120.04 30.15\n120.041 30.15\n120.041 30.151\n", encoding="utf-8")
    assert len(sites_in(path, target=TARGET)) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "name,place\n甲,乙\n", "no column of coordinates"), ("a.csv", "name,lon,lat\n甲,500000,3300000\n", "no degrees"), ("a.txt", "hello\n", "three lines"), ("a.geojson", "{", "found"),
        ("a.geojson", json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[120, 30], [120.1, 30]]}}]}), "LineString"),
        ("a.txt", "1 500000\n2 3300000\n3 700000\n", "no CRS"),
    ],
)  # fmt: skip
def test_file_without_usable_sites_is_refused(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceFileError, match=words):
        sites_in(path, target=TARGET)


def lines(rows: list[tuple[str, str]]) -> str:
    return "name,lon,lat\n" + "".join(f"{name},{place}\n" for name, place in rows)


COLLECTION = [
    {"type": "Point", "coordinates": [120.03, 30.15]}, {"type": "LineString", "coordinates": [[120, 30], [120.1, 30]]}, None,
    {"type": "Point", "coordinates": [500000, 3300000]}, {"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": [120.04, 30.15]},
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "faults"),
    [
        ("a.csv", lines([("甲", "120.03,30.15"), ("乙", ",30.15"), ("丙", "120.03,北"), ("丁", "500000,3300000"), ("戊", "120.04,30.15")]),
         [None, "lon", "lat", "geometry", None]),
        ("a.csv", f'name;WKT\n甲;"{PLOT.wkt}"\n乙;POINT(120\n丙;\n丁;"LINESTRING(120 30, 120.1 30)"\n', [None, "WKT", "WKT", "geometry"]),
        ("a.geojson", json.dumps({"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"name": "甲"}, "geometry": geometry} for geometry in COLLECTION]}),
         [None, "geometry", "geometry", "geometry", "geometry", None]),
        ("a.csv", "name,wkt\n甲,POINT Z (120.03 30.15 12)\n乙,POINT Z (120.03 30.15 0)\n", ["geometry", None]),
        ("a.txt", "精度=0.1,2\n120.03,30.15\n120.031,30.15\n120.031,30.151\n\n120.04 30.15\n120.041 30.15\n", [None, "geometry"]),
    ],
)  # fmt: skip
def test_row_without_a_usable_place_is_told_alone_and_none_is_lost(tmp_path: Path, name: str, content: str, faults: list[str | None]) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    sites = sites_in(tmp_path / name, target=TARGET)
    assert [site["row"] for site in sites] == list(range(1, len(faults) + 1))
    assert [(site.get("fault") or {}).get("field") for site in sites] == faults
    assert [site["geometry"] is None for site in sites] == [fault is not None for fault in faults]
    assert all(site["fault"]["zh"] and site["fault"]["en"] for site in sites if "fault" in site)


def test_row_that_its_system_cannot_place_is_told_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    far = "9" * 30
    path.write_text(f"3340000 500000\n3340000 500100\n3340100 500100\n\n{far} 500000\n{far} 500100\n{far} 500200\n", encoding="utf-8")
    assert ["fault" in site for site in sites_in(path, target=TARGET, crs="EPSG:4549")] == [False, True]
