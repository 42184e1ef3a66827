"""A hand-made area of a few kilometres, written as delivered files: the fixture of the loading tests."""

from __future__ import annotations

import json
from pathlib import Path

import sqlalchemy as sa

AREA_TOML = """
id = "small"
title_zh = "小县"
title_en = "Small county"
region_code = "999901"
storage_crs = "EPSG:4490"
official_crs = "EPSG:4523"
official_crs_zh = "CGCS2000 3度带 35带"
home = [105.0, 29.0, 105.1, 29.1]
jurisdiction = "CN"
office_zh = "小县应急管理局"
office_en = "Small county emergency office"
is_synthetic = true
[boundary]
file = "boundary.geojson"
crs = "EPSG:4490"
"""
ENTERPRISES_TOML = """
id = "enterprises"
layer = "enterprises"
title_zh = "企业名录"
supplier = "小县应急管理局"
files = ["enterprises.csv"]
reader = "table"
encoding = "gb18030"
crs = "EPSG:4490"
x = "经度"
y = "纬度"
max_refused_pct = 60
[fields]
enterprise_id = "编号"
name = "名称"
n_persons = "人数"
kind = { column = "类别", codes = { "一般" = "general", "危化生产" = "hazchem_producer" } }
in_service_on = "投产"
"""
HEAD = "编号,名称,类别,人数,投产,经度,纬度"
GOOD = "E1,甲厂,一般,12,2001-05-06,105.05,29.05"


def empty_database(connection: sa.Connection) -> None:
    """Nothing was ever loaded: every ledger is empty and the register has no tables but that of rasters."""
    connection.execute(sa.text(
        "TRUNCATE ops.refused, ops.repaired, ops.warnings, ops.loads, ops.files, ops.area, ops.deliveries, register.rasters CASCADE"
    ))
    names = set(sa.inspect(connection).get_table_names(schema="register")) - {"rasters"}
    register = sa.MetaData(schema="register")
    register.drop_all(connection, tables=[sa.Table(name, register) for name in sorted(names)])


def square(west: float, south: float, east: float, north: float) -> dict[str, object]:
    """A GeoJSON polygon of a rectangle in degrees."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def write_geojson(path: Path, geometries: list[dict[str, object]], properties: list[dict[str, object]]) -> None:
    """A feature collection in degrees of the file's stated CRS."""
    features = [
        {"type": "Feature", "geometry": geometry, "properties": row}
        for geometry, row in zip(geometries, properties, strict=True)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_area(folder: Path, **manifests: str) -> tuple[Path, Path]:
    """Folders of an area (`sources`) and its delivery (`data`); manifests by id, enterprises by default."""
    sources, data = folder / "sources", folder / "data"
    sources.mkdir(parents=True)
    data.mkdir()
    (sources / "area.toml").write_text(AREA_TOML, encoding="utf-8")
    for name, text in (manifests or {"enterprises": ENTERPRISES_TOML}).items():
        (sources / f"{name}.toml").write_text(text, encoding="utf-8")
    write_geojson(data / "boundary.geojson", [square(105.0, 29.0, 105.1, 29.1)], [{"name": "小县"}])
    return sources, data


def write_enterprises(data: Path, *rows: str, head: str = HEAD, encoding: str = "gb18030") -> None:
    """The enterprises' CSV as their office sends it."""
    (data / "enterprises.csv").write_text("\n".join([head, *rows]) + "\n", encoding=encoding)
