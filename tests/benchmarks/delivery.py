"""Large deliveries of a county that does not exist, the same bytes of content at every run: what loading is measured on."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.crs import transform_geometry

SEED = 20261121
STORAGE_CRS, DELIVERED_CRS = "EPSG:4490", "EPSG:4544"
CENTRE_DEG = (105.3, 29.2)
RADIUS_M = 30_000.0
N_OUTLINE = 2_000
GPKG, GPKG_LAYER = "buildings.gpkg", "建筑物"
USES = {"住宅": "residential", "厂房仓库": "industrial", "公共建筑": "public", "商业": "commercial", "农业设施": "farm"}
AREA_TOML = f"""
id = "bench"
title_zh = "试验县"
title_en = "Bench county"
region_code = "999902"
storage_crs = "{STORAGE_CRS}"
official_crs = "EPSG:4523"
official_crs_zh = "CGCS2000 3度带 35带"
home = [104.9, 28.9, 105.7, 29.5]
jurisdiction = "CN"
office_zh = "试验县应急管理局"
office_en = "Bench county emergency office"
is_synthetic = true
[boundary]
file = "boundary.geojson"
crs = "{STORAGE_CRS}"
"""
BUILDINGS_TOML = f"""
id = "buildings"
layer = "buildings"
title_zh = "建筑物普查"
supplier = "住建局"
files = ["{GPKG}"]
reader = "vector"
ogr_layer = "{GPKG_LAYER}"
crs = "{DELIVERED_CRS}"
[fields]
building_id = "建筑编号"
use = {{ column = "用途", codes = {{ {", ".join(f'"{zh}" = "{code}"' for zh, code in USES.items())} }} }}
n_storeys = "层数"
height_m = "高度"
n_households = "户数"
built_year = "建成年份"
built_on = "建成日期"
"""
ACCIDENTS_TOML = """
id = "accidents"
layer = "road_accidents"
title_zh = "交通事故"
supplier = "交警支队"
files = ["accidents.csv"]
reader = "table"
crs = "EPSG:4490"
x = "经度"
y = "纬度"
[fields]
accident_id = "事故编号"
occurred_at = { column = "发生时间", format = "%Y-%m-%d %H:%M" }
place = "地点"
severity = { column = "后果", codes = { "死亡" = "fatal", "伤人" = "injury", "财损" = "damage" } }
n_deaths = "死亡人数"
n_injured = "受伤人数"
n_parties = "当事方数"
"""
ROWS_AT_ONCE = 250_000


def write_area(folder: Path, source_id: str, manifest: str) -> tuple[Path, Path]:
    """Folders of the area's declaration and of its delivery, the outline written."""
    sources, data = folder / "sources", folder / "data"
    sources.mkdir(parents=True)
    data.mkdir()
    (sources / "area.toml").write_text(AREA_TOML, encoding="utf-8")
    (sources / f"{source_id}.toml").write_text(manifest, encoding="utf-8")
    gpd.GeoSeries([_outline()], crs=DELIVERED_CRS).to_crs(STORAGE_CRS).to_file(data / "boundary.geojson", driver="GeoJSON")
    return sources, data


def write_buildings(folder: Path, n_rows: int) -> tuple[Path, Path]:
    """A GeoPackage of houses in a Gauss-Krueger zone, all inside the county and valid; folders of area and delivery."""
    sources, data = write_area(folder, "buildings", BUILDINGS_TOML)
    dice = np.random.default_rng(SEED)
    built_on = np.datetime64("1970-01-01") + dice.integers(0, 20_000, n_rows)
    frame = gpd.GeoDataFrame(
        {
            "建筑编号": [f"高新区第{number % 97:02d}街坊-{number:07d}号楼" for number in range(n_rows)],
            "用途": dice.choice(list(USES), n_rows),
            "层数": dice.integers(1, 34, n_rows, dtype="int32"),
            "高度": np.round(dice.uniform(3, 110, n_rows), 1),
            "户数": dice.integers(0, 400, n_rows, dtype="int32"),
            "建成年份": built_on.astype("datetime64[Y]").astype("int32") + 1970,
            "建成日期": pd.Series(built_on.astype("datetime64[D]")).dt.date,
        },
        geometry=_houses(dice, n_rows), crs=DELIVERED_CRS,
    )
    frame.to_file(data / GPKG, layer=GPKG_LAYER, driver="GPKG")
    return sources, data


def write_accidents(folder: Path, n_rows: int) -> tuple[Path, Path]:
    """A CSV of points in degrees, written in pieces; folders of area and delivery."""
    sources, data = write_area(folder, "accidents", ACCIDENTS_TOML)
    dice = np.random.default_rng(SEED)
    for first in range(0, n_rows, ROWS_AT_ONCE):
        count = min(ROWS_AT_ONCE, n_rows - first)
        _accidents(dice, first, count).to_csv(
            data / "accidents.csv", mode="a", header=first == 0, index=False, encoding="utf-8"
        )
    return sources, data


def _accidents(dice: np.random.Generator, first: int, count: int) -> pd.DataFrame:
    numbers = np.arange(first, first + count)
    minutes = np.datetime64("2015-01-01T00:00") + dice.integers(0, 6_000_000, count)
    angle, far = dice.uniform(0, 2 * np.pi, count), np.sqrt(dice.uniform(0, 1, count)) * 0.2
    return pd.DataFrame({
        "事故编号": [f"A{number:09d}" for number in numbers],
        "发生时间": np.char.replace(np.datetime_as_string(minutes, unit="m"), "T", " "),
        "地点": [f"国道{number % 40 + 300}线{number % 997}公里{number % 10}00米处" for number in numbers],
        "后果": dice.choice(["死亡", "伤人", "财损"], count, p=[0.02, 0.38, 0.6]),
        "死亡人数": dice.integers(0, 2, count), "受伤人数": dice.integers(0, 4, count), "当事方数": dice.integers(1, 4, count),
        "经度": np.round(CENTRE_DEG[0] + far * np.cos(angle), 6), "纬度": np.round(CENTRE_DEG[1] + far * np.sin(angle), 6),
    })


def _centre_m() -> NDArray[np.float64]:
    centre = np.array([shapely.Point(*CENTRE_DEG)], dtype=object)
    return np.asarray(shapely.get_coordinates(transform_geometry(centre, STORAGE_CRS, DELIVERED_CRS))[0])


def _outline() -> shapely.Polygon:
    """A county with bays: 2,000 vertices, in metres of the delivered zone."""
    angle = np.linspace(0, 2 * np.pi, N_OUTLINE, endpoint=False)
    far_m = RADIUS_M * (1.08 + 0.04 * np.sin(7 * angle) + 0.02 * np.sin(61 * angle) + 0.01 * np.sin(331 * angle))
    return shapely.Polygon(_centre_m() + np.column_stack((far_m * np.cos(angle), far_m * np.sin(angle))))


def _houses(dice: np.random.Generator, n_rows: int) -> NDArray[np.object_]:
    """Turned rectangles, L-shapes and courts with a hole, in metres; some overlap, none is invalid."""
    angle, far_m = dice.uniform(0, 2 * np.pi, n_rows), np.sqrt(dice.uniform(0, 1, n_rows)) * RADIUS_M
    places = _centre_m() + np.column_stack((far_m * np.cos(angle), far_m * np.sin(angle)))
    size = dice.uniform(6, 60, (n_rows, 2))
    turn = dice.uniform(0, np.pi / 2, n_rows)
    box = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    ell = np.array([(0, 0), (1, 0), (1, 0.4), (0.6, 0.4), (0.6, 0.7), (0.3, 0.7), (0.3, 1), (0, 1)])
    kind = dice.choice(3, n_rows, p=[0.55, 0.4, 0.05])
    houses = np.empty(n_rows, dtype=object)
    for number, corners in ((0, box), (1, ell), (2, box)):
        houses[kind == number] = shapely.polygons(_placed(corners, *(part[kind == number] for part in (places, size, turn))))
    is_court = kind == 2
    court = _placed(box * 0.4 + 0.3, *(part[is_court] for part in (places, size, turn)))
    shells = shapely.get_exterior_ring(houses[is_court])
    houses[is_court] = shapely.polygons(shells, holes=shapely.linearrings(court)[:, None])
    return houses


def _placed(
    corners: NDArray[np.float64], places: NDArray[np.float64], size: NDArray[np.float64], turn: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Corner coordinates of many copies of one outline, each with its place, size in metres and turn in radians."""
    scaled = corners[None] * size[:, None]
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    turned = np.stack((scaled[..., 0] * cos - scaled[..., 1] * sin, scaled[..., 0] * sin + scaled[..., 1] * cos), axis=-1)
    return turned + places[:, None]
