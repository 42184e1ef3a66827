"""Every format an office delivers, written here as a small real file and read as delivered."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from etl.dbf_names import names_cut_inside
from etl.file_faults import UNKNOWN, told_zh
from etl.geopackages import OWN_VIEWS
from etl.manifest import Manifest
from etl.read import read_batch, read_batches, read_file
from etl.read_child import survey_in_child
from etl.recognise_files import Survey, survey
from etl.vectors import vector_batches
from layers.errors import SourceFileError

NAMES = ["甲厂", "乙厂"]


def manifest(**given: Any) -> Manifest:
    """A manifest that reads and maps nothing."""
    return Manifest(**{"id": "x", "layer": "enterprises", "title_zh": "企业", "supplier": "局", "files": ("*",),
                       "reader": "vector", "crs": "EPSG:4490", **given})


@pytest.fixture()
def places() -> gpd.GeoDataFrame:
    """Two named places."""
    return gpd.GeoDataFrame({"MC": NAMES}, geometry=shapely.points([[105.05, 29.05], [105.06, 29.06]]), crs="EPSG:4490")


def zipped(archive: Path, files: dict[str, bytes]) -> Path:
    """A zip archive of members by name."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in files.items():
            book.writestr(name, content)
    return archive


def folder_zipped(folder: Path, archive: Path, *, without: str = "") -> Path:
    """A zip of all files of a folder."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
             if path.is_file() and not (without and path.name.endswith(without))}
    return zipped(archive, files)


@pytest.mark.parametrize(
    ("name", "driver", "column"),
    [("a.gpkg", "GPKG", "MC"), ("a.geojson", "GeoJSON", "MC"), ("a.kml", "LIBKML", "MC"), ("a.gdb", "OpenFileGDB", "MC"),
     ("a.tab", "MapInfo File", "MC"), ("a.mif", "MapInfo File", "MC"),
     ("a.geojsonl", "GeoJSONSeq", "MC"), ("a.geojsons", "GeoJSONSeq", "MC"), ("a.jsonl", "GeoJSONSeq", "MC")],
)
def test_vector_format_keeps_names_and_positions(
    tmp_path: Path, places: gpd.GeoDataFrame, name: str, driver: str, column: str
) -> None:
    encoding = {"encoding": "UTF-8"} if driver == "MapInfo File" else {}
    places.to_crs("EPSG:4326").to_file(tmp_path / name, driver=driver, **encoding)
    frame = read_file(tmp_path / name, manifest())
    assert list(frame[column]) == NAMES
    assert shapely.get_coordinates(frame.geometry.to_numpy()).round(6).tolist() == [[105.05, 29.05], [105.06, 29.06]]


@pytest.mark.parametrize(("charset", "stated"), [("Neutral", "gb18030"), ("WindowsSimpChinese", ""), ("WindowsSimpChinese", "gb18030")])
@pytest.mark.parametrize("rows", [1, 2])
def test_mapinfo_texts_are_decoded_by_the_files_own_character_set_else_as_stated(tmp_path: Path, charset: str, stated: str, rows: int) -> None:
    head = f'Version 300\nCharset "{charset}"\nDelimiter ","\nCoordSys Earth Projection 1, 0\nColumns 1\n  MC Char(60)\nData\n\n'
    (tmp_path / "a.mif").write_bytes(head.encode() + b"Point 105.05 29.05\nPoint 105.06 29.06\n")
    (tmp_path / "a.mid").write_bytes("".join(f'"{name}"\n' for name in NAMES).encode("gb18030"))
    given = manifest(encoding=stated) if stated else manifest()
    batches = list(read_batches([tmp_path / "a.mif"], given, tmp_path, rows=rows, as_bytes=True))
    assert [name for batch in batches for name in batch.frame["MC"]] == NAMES
    assert [row for batch in batches for row in batch.frame["_row"]] == [1, 2]
    assert max(len(batch.frame) for batch in batches) == rows


@pytest.mark.parametrize(("codec", "head", "found"), [("gb18030", "单位名称", "gb18030"), ("big5", "單位名稱", "big5"), ("utf-8", "单位名称", "utf-8")])
def test_encoding_of_a_mapinfo_file_without_a_character_set_is_proposed(tmp_path: Path, codec: str, head: str, found: str) -> None:
    names = ["高雄市政府警察局", "三民第一分局"]
    text = f'Version 300\nCharset "Neutral"\nDelimiter ","\nCoordSys Earth Projection 1, 104\nColumns 1\n  {head} Char(60)\nData\n\n'
    (tmp_path / "a.mif").write_bytes(text.encode(codec) + b"Point 120.3 22.6\nPoint 120.31 22.65\n")
    (tmp_path / "a.mid").write_bytes("".join(f'"{name}"\n' for name in names).encode(codec))
    [dataset] = survey(tmp_path / "a.mif").datasets
    assert dataset.settings == {"encoding": found} and list(dataset.frame[head]) == names
    assert list(read_file(tmp_path / "a.mif", manifest(**dataset.settings))[head]) == names


@pytest.mark.parametrize(("name", "driver"), [("a.gpkg", "GPKG"), ("a.geojson", "GeoJSON"), ("a.kml", "LIBKML"), ("a.gdb", "OpenFileGDB")])
@pytest.mark.parametrize("rows", [None, 1])
def test_encoding_stated_for_texts_that_are_always_utf_8_is_refused_unless_it_is_that(
    tmp_path: Path, places: gpd.GeoDataFrame, name: str, driver: str, rows: int | None
) -> None:
    places.to_crs("EPSG:4326").to_file(tmp_path / name, driver=driver)

    def names(encoding: str) -> list[str]:
        batches = vector_batches(tmp_path / name, manifest(encoding=encoding), rows=rows)
        return [text for batch in batches for text in batch["MC"]]

    assert names("utf-8-sig") == names("UTF8") == NAMES
    for encoding, why in (("gb18030", "the encoding gb18030 for a"), ("no such", "encoding 'no such'")):
        with pytest.raises(SourceFileError, match=why) as refused:
            names(encoding)
        assert ("去掉编码" if encoding == "gb18030" else "编码名称不认识") in told_zh(refused.value)


def with_query(path: Path, places: gpd.GeoDataFrame, words: str, *, name: str = "many") -> Path:
    """A GeoPackage of a table ``a`` and of what `words` make of ``many`` beside it, registered as a layer `name`."""
    places.to_file(path, driver="GPKG", layer="a")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(words.replace(" many ", f" {name} "))
        database.execute("INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, 'attributes', ?, 0)", [name, name])
    return path


ENDLESS = "CREATE VIEW many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i AS OGC_FID, 'x' AS MC FROM n"


@pytest.mark.parametrize(
    ("words", "layer"),
    [(ENDLESS, "many"), (ENDLESS, "MANY"), (ENDLESS, ""), ("CREATE VIRTUAL TABLE many USING fts5(MC)", "many"),
     ("CREATE VIRTUAL TABLE many USING fts5([using rtree(])", "")],
)
def test_stored_query_of_a_geopackage_is_not_read(tmp_path: Path, places: gpd.GeoDataFrame, words: str, layer: str) -> None:
    path = with_query(tmp_path / "a.gpkg", places, words)
    with pytest.raises(SourceFileError, match="found the stored query 'many'") as refused:
        read_file(path, manifest(ogr_layer=layer))
    assert told_zh(refused.value).startswith("GeoPackage 里的 many 是查询(视图或虚拟表)")


def test_damaged_list_of_tables_is_refused(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.to_file(tmp_path / "a.gpkg", driver="GPKG")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_master SET name = NULL, sql = x'00ff' WHERE name = 'a'")
    with pytest.raises(SourceFileError, match="damaged file|stored query") as refused:
        read_file(tmp_path / "a.gpkg", manifest())
    assert told_zh(refused.value) != "。".join(UNKNOWN)


def test_table_beside_a_stored_query_and_views_of_the_standard_are_read(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    assert list(read_file(with_query(tmp_path / "a.gpkg", places, ENDLESS), manifest(ogr_layer="a"))["MC"]) == NAMES
    places.to_file(tmp_path / "b.gpkg", driver="GPKG")
    with closing(sqlite3.connect(tmp_path / "b.gpkg")) as database, database:
        database.execute("CREATE VIEW st_spatial_ref_sys AS SELECT srs_id AS srid FROM gpkg_spatial_ref_sys")
    assert list(read_file(tmp_path / "b.gpkg", manifest())["MC"]) == NAMES


@pytest.mark.parametrize("look", [survey, survey_in_child])
def test_tables_beside_a_stored_query_are_offered_and_the_query_is_named_unread(tmp_path: Path, places: gpd.GeoDataFrame, look: Callable[[Path], Survey]) -> None:
    path = with_query(tmp_path / "a.gpkg", places, ENDLESS)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('many', 'geom', 'POINT', 4490, 0, 0)")
    found = look(path)
    assert [(entry.name, entry.n_rows, entry.settings) for entry in found.datasets] == [("a", 2, {"ogr_layer": "a"})]
    assert "1 个查询(视图或虚拟表)未读取:many" in found.datasets[0].warnings[0]["zh"]
    assert list(read_file(path, manifest(**found.datasets[0].settings))["MC"]) == NAMES


@pytest.mark.parametrize("name", OWN_VIEWS)
def test_view_with_a_name_of_the_standard_that_the_file_lists_is_named_and_never_run(tmp_path: Path, places: gpd.GeoDataFrame, name: str) -> None:
    path = with_query(tmp_path / "a.gpkg", places, ENDLESS, name=name.upper())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'POINT', 4490, 0, 0)", [name.upper()])
    found = survey(path)
    assert [entry.name for entry in found.datasets] == ["a"] and f"未读取:{name}" in found.datasets[0].warnings[0]["zh"]
    with pytest.raises(SourceFileError, match=f"stored query '{name}'"):
        read_file(path, manifest(ogr_layer=name))


def test_nothing_but_stored_queries_is_refused(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    path = with_query(tmp_path / "a.gpkg", places, ENDLESS)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_geometry_columns SET table_name = 'many'")
    with pytest.raises(SourceFileError, match="stored query 'many'"):
        survey(path)


def test_list_of_layers_that_is_a_query_is_refused_whatever_layer_is_asked_for(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.to_file(tmp_path / "a.gpkg", driver="GPKG", layer="a")
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as database, database:
        database.execute("ALTER TABLE gpkg_contents RENAME TO kept")
        database.execute("CREATE VIEW gpkg_contents AS SELECT kept.* FROM kept, kept b, kept c")
    for act in (lambda: survey(tmp_path / "a.gpkg"), lambda: read_file(tmp_path / "a.gpkg", manifest(ogr_layer="a"))):
        with pytest.raises(SourceFileError, match="stored query 'gpkg_contents'"):
            act()


def test_fault_inside_an_archive_is_told_of_archive_and_member(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    (tmp_path / "in").mkdir()
    places.to_file(tmp_path / "in" / "企业.shp", encoding="gb18030", engine="pyogrio")
    archive = folder_zipped(tmp_path / "in", tmp_path / "a.shp.zip", without=".cpg")
    with pytest.raises(SourceFileError) as raised:
        read_file(archive, manifest())
    assert str(raised.value).startswith(f"{archive} › 企业.shp: found Chinese attributes and no .cpg")


@pytest.mark.parametrize(("name", "mark"), [("a.jsonl", ""), ("a.ndjson", "\x1e"), ("a.geojsons", "\x1e"), ("a.geojsonl", "")])
def test_features_line_by_line_are_recognised_as_a_map(tmp_path: Path, places: gpd.GeoDataFrame, name: str, mark: str) -> None:
    features = json.loads(places.to_crs("EPSG:4326").to_json())["features"]
    (tmp_path / name).write_text("".join(f"{mark}{json.dumps(feature, ensure_ascii=False)}\n" for feature in features), encoding="utf-8")
    found = survey(tmp_path / name)
    assert (found.reader, [dataset.n_rows for dataset in found.datasets]) == ("vector", [2])
    rows = [batch.shapes or batch.frame.geometry for batch in read_batches([tmp_path / name], manifest(), tmp_path, rows=1, as_bytes=True)]
    assert [len(entry) for entry in rows] == [1, 1]


def test_file_geodatabase_in_a_zip_is_read(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    (tmp_path / "in").mkdir()
    places.to_file(tmp_path / "in" / "a.gdb", driver="OpenFileGDB")
    frame = read_file(folder_zipped(tmp_path / "in", tmp_path / "a.zip"), manifest())
    assert list(frame["MC"]) == NAMES


def test_drawing_is_read_with_its_layer_names(tmp_path: Path) -> None:
    lines = gpd.GeoDataFrame({"Layer": ["GY01_园区"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs="EPSG:4544")
    lines.to_file(tmp_path / "a.dxf", driver="DXF", engine="pyogrio")
    assert read_file(tmp_path / "a.dxf", manifest()).geometry.iloc[0].length == pytest.approx(2**0.5)


def test_zipped_shapefile_without_cpg_is_read_in_the_stated_encoding(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    (tmp_path / "in").mkdir()
    places.to_file(tmp_path / "in" / "企业.shp", encoding="gb18030", engine="pyogrio")
    archive = folder_zipped(tmp_path / "in", tmp_path / "a.shp.zip", without=".cpg")
    assert list(read_file(archive, manifest(encoding="gb18030"))["MC"]) == NAMES
    with pytest.raises(SourceFileError, match="no .cpg"):
        read_file(archive, manifest())


CUT = {"MC": "企业名称", "AA": "重点单位名", "BB": "重点单位址", "CC": "三个字", "DD": "NUMBER"}
"""Names of columns as offices give them: GDAL keeps ten bytes of each, 企业名 and one more, and 重点 of two with a number."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("stated", ["cpg", "manifest", "small letters"])
def test_column_names_cut_inside_a_character_are_read_by_their_whole_ones(tmp_path: Path, places: gpd.GeoDataFrame, stated: str) -> None:
    given = places.assign(AA=NAMES, BB=NAMES[::-1], CC="丙", DD=pd.array([12345678901234567, None], dtype="Int64"))
    given.rename(columns=CUT).to_file(tmp_path / "a.shp", encoding="utf-8", engine="pyogrio")
    label = tmp_path / "a.cpg"
    if stated == "manifest":
        label.unlink()
    elif stated == "small letters":
        label.write_text("utf8")
    asked = manifest(encoding="utf-8" if stated == "manifest" else "")
    for frame in (read_file(tmp_path / "a.shp", asked), *vector_batches(tmp_path / "a.shp", asked, rows=100, as_bytes=True)):
        assert set(frame.columns) >= {"企业名", "重点单", "重点_1", "三个字", "NUMBER"}
        assert [list(frame[name].astype(str)) for name in ("企业名", "重点单", "重点_1")] == [NAMES, NAMES, NAMES[::-1]]
        assert frame["NUMBER"].iloc[0] == "12345678901234567"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_person_is_told_of_column_names_that_were_cut(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.rename(columns=CUT).to_file(tmp_path / "a.shp", encoding="utf-8", engine="pyogrio")
    (found,) = survey(tmp_path / "a.shp").datasets
    assert found.warnings[0]["zh"].endswith("按完整的字读作:企业名")
    places.to_file(tmp_path / "b.shp", encoding="utf-8", engine="pyogrio")
    assert survey(tmp_path / "b.shp").datasets[0].warnings == ()


def test_names_that_are_no_utf_8_are_not_taken_for_cut_ones(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.to_file(tmp_path / "a.shp", encoding="utf-8", engine="pyogrio")
    table = tmp_path / "a.dbf"
    table.write_bytes(table.read_bytes().replace(b"MC".ljust(11, b"\x00"), "企业名称号".encode("gb18030") + b"\x00"))
    assert names_cut_inside(table) == {}
    with pytest.raises(SourceFileError, match="not UTF-8"):
        read_file(tmp_path / "a.shp", manifest())


def test_archive_of_two_shapefiles_asks_which(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.shp", "b.shp"):
        places.to_file(tmp_path / "in" / name, encoding="utf-8", engine="pyogrio")
    archive = folder_zipped(tmp_path / "in", tmp_path / "c.zip")
    with pytest.raises(SourceFileError, match=r"a\.shp, b\.shp.*member"):
        read_file(archive, manifest())
    assert list(read_file(archive, manifest(member="b.shp"))["MC"]) == NAMES


def test_shapefile_lacking_its_table_is_refused(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.to_file(tmp_path / "a.shp", encoding="utf-8", engine="pyogrio")
    (tmp_path / "a.dbf").unlink()
    with pytest.raises(SourceFileError, match="no .dbf"):
        read_file(tmp_path / "a.shp", manifest())


def test_kmz_is_read(tmp_path: Path, places: gpd.GeoDataFrame) -> None:
    places.to_crs("EPSG:4326").to_file(tmp_path / "doc.kml", driver="LIBKML")
    archive = zipped(tmp_path / "a.kmz", {"doc.kml": (tmp_path / "doc.kml").read_bytes(), "files/pin.png": b"\x89PNG"})
    assert list(read_file(archive, manifest())["MC"]) == NAMES


def test_kml_with_two_folders_asks_which(tmp_path: Path) -> None:
    mark = "<Placemark><name>{0}</name><Point><coordinates>105,29</coordinates></Point></Placemark>"
    folders = "".join(f"<Folder><name>{n}</name>{mark.format(n)}</Folder>" for n in ("站场", "阀室"))
    (tmp_path / "a.kml").write_text(
        f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{folders}</Document></kml>',
        encoding="utf-8",
    )
    with pytest.raises(SourceFileError, match="More than one layer"):
        read_file(tmp_path / "a.kml", manifest())
    assert list(read_file(tmp_path / "a.kml", manifest(ogr_layer="阀室"))["Name"]) == ["阀室"]


def esri_page(*features: dict[str, Any]) -> str:
    return json.dumps({"spatialReference": {"wkid": 102100}, "exceededTransferLimit": True, "features": list(features)})


def test_esri_pages_are_read_one_after_the_other(tmp_path: Path) -> None:
    outer = [[0, 0], [0, 4], [4, 4], [4, 0], [0, 0]]
    hole = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]
    (tmp_path / "p1.json").write_text(esri_page({"attributes": {"MC": "甲"}, "geometry": {"rings": [outer, hole]}}))
    (tmp_path / "p2.json").write_text(
        esri_page({"attributes": {"MC": "乙"}, "geometry": {"x": 1, "y": 2}}, {"attributes": {"MC": "丙"}, "geometry": None})
    )
    batch = read_batch([tmp_path / "p1.json", tmp_path / "p2.json"], manifest(reader="esri"), tmp_path)
    assert list(batch.frame["MC"]) == ["甲", "乙", "丙"]
    assert batch.frame.geometry.iloc[0].area == 15
    assert batch.frame.geometry.iloc[2] is None


def test_list_of_esri_pages_in_one_file_is_recognised_and_read(tmp_path: Path) -> None:
    pages = [json.loads(esri_page({"attributes": {"MC": name}, "geometry": {"x": 120.3, "y": 22.6}})) | {"spatialReference": {"wkid": 4326}} for name in "甲乙丙"]
    path = tmp_path / "all.json"
    path.write_text(json.dumps([*pages, {"features": [], "exceededTransferLimit": True}], ensure_ascii=False))
    [dataset] = survey(path).datasets
    assert (dataset.reader, dataset.n_rows, dataset.geometry_type, dataset.crs_found) == ("esri", 3, "Point", "wkid 4326")
    assert ["more pages follow" in remark["en"] for remark in dataset.warnings] == [True]
    frame = read_batch([path], manifest(reader="esri"), tmp_path).frame
    assert list(frame["MC"]) == ["甲", "乙", "丙"] and list(frame["_row"]) == [1, 2, 3]


@pytest.mark.parametrize("page, said", [
    ({"error": {"code": 500}}, "page 2 of 2: .*500"), ([1], "page 2 of 2: a JSON list"),
    ({"features": [], "spatialReference": {"wkid": 3826}}, "pages in 2 spatial references"), ({"features": [], "spatialReference": "x"}, "page 2 of 2"),
])
def test_list_with_a_page_that_does_not_belong_to_it_is_refused(tmp_path: Path, page: Any, said: str) -> None:
    first = json.loads(esri_page({"attributes": {"MC": "甲"}, "geometry": None})) | {"spatialReference": {"wkid": 4326}}
    (tmp_path / "all.json").write_text(json.dumps([first, page]))
    with pytest.raises(SourceFileError, match=said):
        read_file(tmp_path / "all.json", manifest(reader="esri"))


def test_list_of_pages_is_known_by_any_of_them_and_its_reference_by_its_number(tmp_path: Path) -> None:
    page = json.loads(esri_page({"attributes": {"MC": "甲"}, "geometry": None}))
    written = [{"wkid": 102100, "latestWkid": 3857}, {"latestWkid": 3857, "wkid": 102100}, {"wkid": 3857}]
    path = tmp_path / "all.json"
    path.write_text(json.dumps([{"features": []}, *(page | {"spatialReference": reference} for reference in written)]))
    assert [(dataset.reader, dataset.n_rows) for dataset in survey(path).datasets] == [("esri", 3)]
    path.write_text(json.dumps([{"error": {"code": 500}}, page]))
    with pytest.raises(SourceFileError, match="page 1 of 2: .*500"):
        survey(path)


def test_esri_page_with_an_error_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"error": {"code": 498, "message": "Invalid token"}}))
    with pytest.raises(SourceFileError, match="Invalid token"):
        read_file(tmp_path / "p.json", manifest(reader="esri"))


@pytest.mark.parametrize(
    ("written", "stated"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-8", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"),
     ("big5", "big5"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)
def test_text_is_decoded_as_stated(tmp_path: Path, written: str, stated: str) -> None:
    (tmp_path / "a.csv").write_text("名稱\t人數\n大同工廠\t3\n", encoding=written)
    frame = read_file(tmp_path / "a.csv", manifest(reader="table", encoding=stated, separator="\\t"))
    assert list(frame["名稱"]) == ["大同工廠"]


@pytest.mark.parametrize(("written", "stated"), [("gb18030", "utf-8"), ("utf-8", "utf-16"), ("big5", "utf-8-sig")])
def test_text_in_another_encoding_than_stated_stops_and_names_the_likely_one(tmp_path: Path, written: str, stated: str) -> None:
    (tmp_path / "a.csv").write_text("名稱,地址\n大同工廠,高雄市前鎮區\n" if written == "big5" else "名称,地址\n大同工厂,白鹭湾镇\n", encoding=written)
    with pytest.raises(SourceFileError, match=f"not {stated}.*looks like {written}"):
        read_file(tmp_path / "a.csv", manifest(reader="table", encoding=stated))


def test_row_with_more_cells_than_the_heading_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n1,2,3\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match="heading"):
        read_file(tmp_path / "a.csv", manifest(reader="table"))


def book_with_merged_heads(path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "单元"
    sheet.append(["危险化学品单元台账"])
    sheet.append(["编号", "储量(kg)", None, None])
    sheet.append([None, "设计", "实际", None])
    sheet.append(["U1", 12000, 800.5, None])
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A2:A3")
    sheet.merge_cells("B2:C2")
    book.create_sheet("说明").append(["填报说明"])
    book.save(path)
    return path


def test_merged_heads_of_a_workbook_are_joined(tmp_path: Path) -> None:
    path = book_with_merged_heads(tmp_path / "a.xlsx")
    frame = read_file(path, manifest(reader="table", skip_rows=1, header_rows=2))
    assert frame.to_dict("records") == [{"编号": "U1", "储量(kg)/设计": "12000", "储量(kg)/实际": "800.5", "_row": 4}]


def test_workbook_with_two_filled_sheets_asks_which(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("二")):
        sheet.append(["编号"])
        sheet.append([sheet.title])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceFileError, match="filled sheets Sheet, 二"):
        read_file(tmp_path / "a.xlsx", manifest(reader="table"))
    assert list(read_file(tmp_path / "a.xlsx", manifest(reader="table", sheet="二"))["编号"]) == ["二"]


def test_sheets_of_one_heading_are_one_source(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "东镇"
    for sheet, names in ((book.active, "甲乙"), (book.create_sheet("西乡"), "丙")):
        sheet.append(["编号", "名称"])
        for name in names:
            sheet.append([f"E{name}", name])
    book.create_sheet("说明")
    book.save(tmp_path / "a.xlsx")
    frame = read_file(tmp_path / "a.xlsx", manifest(reader="table", sheets=("*",)))
    assert frame[["名称", "_sheet", "_row"]].values.tolist() == [["甲", "东镇", 2], ["乙", "东镇", 3], ["丙", "西乡", 2]]
    assert list(read_file(tmp_path / "a.xlsx", manifest(reader="table", sheets=("西乡",)))["名称"]) == ["丙"]
    with pytest.raises(SourceFileError, match="a sheet 南乡"):
        read_file(tmp_path / "a.xlsx", manifest(reader="table", sheets=("东镇", "南乡")))


def test_sheets_of_different_headings_are_no_one_source(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for sheet, head in ((book.active, "名称"), (book.create_sheet("二"), "厂名")):
        sheet.append(["编号", head])
        sheet.append(["E1", "甲"])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(SourceFileError, match="differ in 厂名, 名称"):
        read_file(tmp_path / "a.xlsx", manifest(reader="table", sheets=("*",)))


@pytest.mark.parametrize(
    ("name", "driver", "file_crs", "manifest_crs", "is_stopped"),
    [
        ("a.shp", "ESRI Shapefile", "EPSG:4544", "EPSG:4544", False),
        ("a.shp", "ESRI Shapefile", "EPSG:4544", "EPSG:2379", True),  # Xi'an 80 in the same zone: some 100 m
        ("a.shp", "ESRI Shapefile", "EPSG:4544", "EPSG:4523", True),  # the other false easting
        ("a.gpkg", "GPKG", "EPSG:4326", "EPSG:4490", False),  # two names of one place
        ("a.gpkg", "GPKG", "EPSG:4326", "GCJ-02", True),
        ("a.geojson", "GeoJSON", "EPSG:4490", "BD-09", True),
        ("a.kml", "LIBKML", "EPSG:4326", "GCJ-02", False),
    ],
)
def test_file_that_states_another_crs_than_its_manifest_stops_the_load(
    tmp_path: Path, places: gpd.GeoDataFrame, name: str, driver: str, file_crs: str, manifest_crs: str, is_stopped: bool
) -> None:
    places.to_crs(file_crs).to_file(tmp_path / name, driver=driver, engine="pyogrio")
    encoding = "utf-8" if driver == "ESRI Shapefile" else ""
    if is_stopped:
        with pytest.raises(SourceFileError, match="the file's own CRS .* expected " + manifest_crs):
            read_file(tmp_path / name, manifest(crs=manifest_crs, encoding=encoding))
    assert len(read_file(tmp_path / name, manifest(crs=manifest_crs, encoding=encoding, crs_overrides_file=is_stopped))) == 2


def test_geojson_without_a_crs_member_states_none(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"MC": "甲"}, '
        '"geometry": {"type": "Point", "coordinates": [105.05, 29.05]}}]}', encoding="utf-8",
    )
    assert list(read_file(tmp_path / "a.geojson", manifest(crs="BD-09"))["MC"]) == ["甲"]


def test_formula_is_read_by_its_value_and_refused_without_one(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append([2, "=A2*2"])
    book.save(tmp_path / "open.xlsx")
    with pytest.raises(SourceFileError, match="formula without its value at B2"):
        read_file(tmp_path / "open.xlsx", manifest(reader="table"))
    with zipfile.ZipFile(tmp_path / "open.xlsx") as given:
        parts = {name: given.read(name) for name in given.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v />", b"<v>4</v>").replace(b"<v></v>", b"<v>4</v>").replace(b"<v/>", b"<v>4</v>")
    frame = read_file(zipped(tmp_path / "computed.xlsx", parts), manifest(reader="table"))
    assert list(frame["b"]) == ["4"]


def test_value_below_no_heading_is_called_by_its_column_letter(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["编号", None])
    book.active.append(["E1", "备忘"])
    book.save(tmp_path / "a.xlsx")
    assert list(read_file(tmp_path / "a.xlsx", manifest(reader="table"))["column B"]) == ["备忘"]


def old_workbook(rows: list[list[str | float]]) -> bytes:
    """The smallest Excel 2.1 file: cells of text and numbers in the records of its time."""
    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    cells = b""
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            place = struct.pack("<HH3x", r, c)
            if isinstance(value, str):
                text = value.encode("cp1252")
                cells += record(0x0004, place + bytes([len(text)]) + text)
            else:
                cells += record(0x0003, place + struct.pack("<d", value))
    return record(0x0009, struct.pack("<HH", 2, 0x10)) + cells + record(0x000A, b"")


def test_old_workbook_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(old_workbook([["code", "n"], ["E1", 12.0]]))
    assert read_file(tmp_path / "a.xls", manifest(reader="table")).to_dict("records") == [{"code": "E1", "n": "12", "_row": 2}]


def test_json_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1, "b": {"c": "甲"}}\n\n{"a": null}\n', encoding="utf-8")
    frame = read_file(tmp_path / "a.jsonl", manifest(reader="table"))
    assert frame[["a", "b.c", "_row"]].values.tolist() == [["1", "甲", 1], ["", "", 3]]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("../../out.csv", b"a\n1\n", "leaves the archive"),
        ("/etc/out.csv", b"a\n1\n", "absolute path"),
        ("c:\\out.csv", b"a\n1\n", "absolute path"),
        ("..\\out.csv", b"a\n1\n", "leaves the archive"),
        ("bomb.csv", b"0" * 200_000_000, "unfolds"),
    ],
)
def test_hostile_archive_is_refused_and_writes_nothing(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    folder = tmp_path / "deep" / "in"
    folder.mkdir(parents=True)
    with pytest.raises(SourceFileError, match=problem):
        read_file(zipped(folder / "a.zip", {name: content}), manifest(reader="table"))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.zip"]


def test_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as book:
        book.writestr(link, "/etc/passwd")
    with pytest.raises(SourceFileError, match="a link"):
        read_file(tmp_path / "a.zip", manifest(reader="table"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.kml", b'<?xml version="1.0"?><!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>'),
        ("a.kml", '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE k []><kml/>'.encode("utf-16")),
        ("a.geojson", b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'),
        ("a.json", b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/x"}'),
        ("a.vrt", b"<OGRVRTDataSource/>"),
    ],
)
def test_file_that_reaches_for_other_files_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFileError):
        read_file(tmp_path / name, manifest())
