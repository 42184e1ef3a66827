"""Delivered maps: shapefiles, GeoPackages, GeoJSON, KML, a drawing and two rasters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray

from data.sample import words
from data.sample.buildings import PERSONS_PER_HOUSEHOLD
from data.sample.county import County
from data.sample.faults import Row, bow_tie, collapsed, replaced, with_faulty_rows
from data.sample.plane import ORIGIN_M, PLANE_CRS, delivered
from data.sample.roads import CARRIAGEWAY_M, CLASS_ZH
from data.sample.services import PARKS
from data.sample.terrain import HALF_HEIGHT_M, HALF_WIDTH_M
from data.sample.towns import COUNTY_CODE, COUNTY_NAME, TOWN_PLANS
from data.sample.writers import (
    SYNTHETIC,
    write_dxf,
    write_geojson,
    write_geopackage,
    write_kml,
    write_raster,
    write_shapefile,
)

POPULATION_CELL_M = 100.0
IMPORTANT_ABOVE = {"school": 500, "kindergarten": 200}
YEAR_BLANK_EVERY, BUILT_ON_EVERY, FIRE_GRADE_BLANK_EVERY = 21, 31, 9
MAIN_STREET_M, SECONDARY_STREET_M = 450.0, 220.0
SWAY_M = {220.0: 3.2, 110.0: 2.6}
"""Greatest sway of the conductors by voltage, as the grid company states it."""


def write_towns(folder: Path, county: County) -> None:
    """Towns and the county's outline: GeoJSON, EPSG:4490."""
    persons = _town_persons(county)
    rows = [
        {"区划代码": plan.code, "名称": plan.name, "常住人口": count, "备注": SYNTHETIC}
        for plan, count in zip(TOWN_PLANS, persons)
    ]
    polygons = np.array(county.towns.polygons, dtype=object)
    write_geojson(folder / "乡镇界.geojson", rows, delivered(polygons, "EPSG:4490"), name="乡镇界")
    outline = [{"区划代码": COUNTY_CODE, "名称": COUNTY_NAME, "备注": SYNTHETIC}]
    write_geojson(
        folder / "县界.geojson", outline, delivered([county.towns.outline], "EPSG:4490"), name="县界"
    )


def _town_persons(county: County) -> list[int]:
    town = county.towns.town_of(county.buildings[["x", "y"]].to_numpy(float))
    households = county.buildings["n_households"].to_numpy()
    return [
        int(round(households[town == number].sum() * PERSONS_PER_HOUSEHOLD))
        for number in range(len(TOWN_PLANS))
    ]


def write_pipelines(folder: Path, county: County) -> None:
    """Three shapefiles in EPSG:4523 with GBK attributes and short names: gas, oil products, industrial."""
    for name, frame in (
        ("输气管道", county.transmission[county.transmission["medium"] == "natural_gas"]),
        ("成品油管道", county.transmission[county.transmission["medium"] == "refined_product"]),
        ("工业管道", county.industrial),
    ):
        rows = [_pipe_row(item) for item in frame.to_dict("records")]
        lines = frame["geometry"].to_numpy()
        if name == "工业管道":
            rows, lines = _faulty_pipes(rows, lines)
        write_shapefile(folder / f"{name}.shp", rows, delivered(lines, "EPSG:4523"), crs="EPSG:4523")


def _pipe_row(item: dict[str, object]) -> Row:
    return {
        "GDBH": item["pipeline_id"],
        "GDMC": item["name"],
        "QSDW": item["operator"],
        "JZ": words.MEDIUM[str(item["medium"])],
        "WJ_MM": item["diameter_mm"],
        "SJYL_MPA": item["pressure_mpa"],
        "TCRQ": item["in_service_on"].isoformat(),  # type: ignore[attr-defined]
        "QDZH_M": item["start_chainage_m"],
        "SFMD": "是" if item["is_buried"] else "否",
        "ZT": words.PIPE_STATUS[str(item["status"])],
        "BZ": SYNTHETIC,
    }


def _faulty_pipes(rows: list[Row], lines: np.ndarray) -> tuple[list[Row], np.ndarray]:
    """A repeated pipe, a pressure in the wrong unit and an unknown state."""
    tagged = [row | {"_at": number} for number, row in enumerate(rows)]
    faulty = with_faulty_rows(tagged, [None, {"SJYL_MPA": 1600.0}, {"ZT": "不详"}], id_column="GDBH")
    at = [row.pop("_at") for row in faulty]
    return faulty, lines[at]


def write_stations(path: Path, county: County) -> None:
    """Stations and valve rooms: KML, EPSG:4490."""
    rows = [
        {
            "name": item["name"],
            "ZCBH": item["station_id"],
            "GDBH": item["pipeline_id"],
            "LB": words.STATION_KIND[item["kind"]],
            "ZH_M": item["chainage_m"],
        }
        for item in county.stations.to_dict("records")
    ]
    points = shapely.get_coordinates(delivered(county.stations["geometry"].to_numpy(), "EPSG:4490"))
    write_kml(path, rows, points, title=f"站场阀室({SYNTHETIC})")


def write_fire_stations(path: Path, county: County) -> None:
    """Fire stations: KML, GCJ-02 as taken from a web map."""
    rows = [
        {
            "name": item["name"],
            "BH": item["station_id"],
            "ZJ": words.FIRE_CLASS[item["station_class"]],
            "JSZT": words.FIRE_STATUS[item["status"]],
            "XFCS": item["n_vehicles"],
            "ZQRS": item["n_staff"],
        }
        for item in county.fire_stations.to_dict("records")
    ]
    points = shapely.get_coordinates(delivered(county.fire_stations["geometry"].to_numpy(), "GCJ-02"))
    write_kml(path, rows, points, title=f"消防站({SYNTHETIC})")


def write_parks(path: Path, county: County) -> None:
    """Park boundaries: a drawing in EPSG:4544, one layer a park; the logistics park's line crosses itself."""
    polygons = county.parks["geometry"].to_numpy()
    crossed = int(np.flatnonzero(county.parks["park_id"] == "WL03")[0])
    polygons = delivered(replaced(polygons, {crossed: bow_tie(polygons[crossed])}), PLANE_CRS)
    rings = [
        (f"{park_id}_{PARKS[park_id]}", shapely.get_coordinates(polygon.exterior))
        for park_id, polygon in zip(county.parks["park_id"], polygons)
    ]
    write_dxf(path, rings, title=f"{SYNTHETIC} synthetic")


def write_villages(path: Path, county: County) -> None:
    """Villages as polygons: GeoJSON, EPSG:4490; one repeated, two with crossing outlines."""
    rows = [
        {
            "目标编号": item["target_id"],
            "名称": item["name"],
            "防护等级": words.TARGET_CLASS[item["target_class"]],
            "户数": item["n_households"],
            "人数": item["n_persons"],
            "数据性质": SYNTHETIC,
        }
        for item in county.villages.to_dict("records")
    ]
    shapes = county.villages["geometry"].to_numpy()
    shapes = replaced(shapes, {number: bow_tie(shapes[number]) for number in (5, 11)})
    rows, shapes = [*rows, dict(rows[8])], np.append(shapes, shapes[8])
    write_geojson(path, rows, delivered(shapes, "EPSG:4490"), name="村庄")


def write_public_sites(path: Path, county: County) -> None:
    """Schools, hospitals and the like: GeoJSON, EPSG:4490; one of an unknown kind, one without name."""
    rows = [
        {
            "目标编号": item["target_id"],
            "名称": item["name"],
            "类别": words.TARGET_CATEGORY[item["category"]],
            "防护等级": words.TARGET_CLASS.get(item["target_class"]),
            "人数": item["n_persons"],
            "建成日期": item["in_service_on"],
            "GB50156类别": "重要公共建筑物" if is_important(item["category"], item["n_persons"]) else None,
            "数据性质": SYNTHETIC,
        }
        for item in county.public_sites.to_dict("records")
    ]
    shapes = county.public_sites["geometry"].to_numpy()
    rows += [
        dict(rows[3]) | {"目标编号": "FH-ER001", "类别": "培训机构"},
        dict(rows[4]) | {"目标编号": "FH-ER002", "名称": ""},
    ]
    write_geojson(path, rows, delivered(np.append(shapes, shapes[3:5]), "EPSG:4490"), name="学校医院等")


def is_important(category: str, n_persons: float) -> bool:
    """Whether annex B of GB 50156 makes a school or kindergarten of so many persons an important public building."""
    return n_persons > IMPORTANT_ABOVE.get(category, np.inf)


def _is_high_rise(buildings: pd.DataFrame) -> pd.Series:
    """Dwellings above 27 m and others above 24 m with more than one storey (GB 50016)."""
    height_m = buildings["n_storeys"] * 3.0 + 0.6
    return height_m > np.where(buildings["use"] == "residential", 27.0, 24.0)


def _fire_grades(buildings: pd.DataFrame, number: NDArray[np.intp]) -> list[int | None]:
    """Fire-resistance grades by height, age and use; a survey that is not complete leaves every ninth open."""
    year, is_light = buildings["built_year"].to_numpy(), (buildings["use"] == "farm").to_numpy()
    grade = np.select([_is_high_rise(buildings).to_numpy(), is_light, year >= 1990], [1, 4, 2], 3)
    return [None if at % FIRE_GRADE_BLANK_EVERY == 4 else int(value) for at, value in zip(number, grade)]


def write_buildings(path: Path, county: County) -> None:
    """Building footprints: GeoPackage, EPSG:4544; some repeated, crossed, collapsed or impossible."""
    frame = county.buildings
    number = np.arange(len(frame))
    year = frame["built_year"].astype(object).where(number % YEAR_BLANK_EVERY != 7, None)
    built_on = [
        text if isinstance(text, str) else _completion(n, y)
        for text, n, y in zip(frame["built_on"], number, frame["built_year"])
    ]
    table = pd.DataFrame(
        {
            "JZBH": frame["building_id"],
            "YT": frame["use"].map(words.BUILDING_USE),
            "CS": frame["n_storeys"],
            "GD_M": (frame["n_storeys"] * 3.0 + 0.6).round(1),
            "HS": frame["n_households"],
            "JCNF": year,
            "JCRQ": built_on,
            "GCJZ": np.where(_is_high_rise(frame), "是", "否"),
            "NHDJ": pd.array(_fire_grades(frame, number), dtype="Int64"),
        }
    )
    shapes = frame["geometry"].to_numpy()
    extra = table.iloc[[40, 140, 240, 340, 440, 540, 640]].copy()
    extra.loc[extra.index[3:], "JZBH"] = [f"JZ9{n:05d}" for n in range(1, 5)]
    extra.loc[extra.index[3:5], "CS"] = -3
    added = [
        shapes[40],
        shapes[140],
        shapes[240],
        shapes[340],
        shapes[440],
        collapsed(shapes[540]),
        collapsed(shapes[640]),
    ]
    shapes = replaced(shapes, {position: bow_tie(shapes[position]) for position in (60, 160, 260)})
    everything = pd.concat([table, extra], ignore_index=True)
    everything["JCNF"] = everything["JCNF"].astype("Int64")
    write_geopackage(
        path,
        everything,
        delivered(np.append(shapes, np.array(added, dtype=object)), PLANE_CRS),
        crs=PLANE_CRS,
        layer="buildings",
        kind="Polygon",
    )


def _completion(number: int, year: int) -> str | None:
    return f"{year}-{number % 12 + 1:02d}-{number % 28 + 1:02d}" if number % BUILT_ON_EVERY == 3 else None


def write_roads(path: Path, county: County) -> None:
    """Road centrelines: GeoPackage, EPSG:4490."""
    frame = county.roads
    table = pd.DataFrame(
        {
            "路段编号": frame["road_id"],
            "道路名称": frame["name"].where(frame["name"] != "", None),
            "道路等级": frame["road_class"].map(CLASS_ZH),
            "用地宽度": frame["land_width_m"],
            "路面宽度": frame["road_class"].map(CARRIAGEWAY_M).astype(float),
            "技术等级": frame["road_class"].map(words.TECHNICAL_CLASS),
            "城市道路等级": _street_classes(frame),
        }
    )
    lines = np.array(
        [shapely.MultiLineString(list(shapely.get_parts(line))) for line in frame["geometry"]], dtype=object
    )
    write_geopackage(
        path, table, delivered(lines, "EPSG:4490"), crs="EPSG:4490", layer="roads", kind="MultiLineString"
    )


def _street_classes(roads: pd.DataFrame) -> pd.Series:
    """Streets by their length, for the plan that ranks them is invented too; none for highways."""
    length_m = shapely.length(roads["geometry"].to_numpy())
    ranks = np.select([length_m >= MAIN_STREET_M, length_m >= SECONDARY_STREET_M], ["main", "secondary"], "branch")
    return pd.Series(ranks, index=roads.index).map(words.STREET_CLASS).where(roads["road_class"] == "street", None)


def write_water(path: Path, county: County) -> None:
    """Rivers within and just beyond the county, and reservoirs: GeoJSON, EPSG:4490."""
    frame = shapely.buffer(county.towns.outline, 2500.0)
    rows, shapes = [], []
    for number, river in enumerate(county.terrain.rivers, start=1):
        rows.append(
            {
                "编号": f"HL{number:02d}",
                "名称": river.name,
                "类别": words.WATER_KIND["river"],
                "数据性质": SYNTHETIC,
            }
        )
        shapes.append(shapely.intersection(river.polygon, frame))
    for number, (name, polygon) in enumerate(county.terrain.reservoirs.items(), start=1):
        rows.append(
            {
                "编号": f"SK{number:02d}",
                "名称": name,
                "类别": words.WATER_KIND["reservoir"],
                "数据性质": SYNTHETIC,
            }
        )
        shapes.append(polygon)
    write_geojson(path, rows, delivered(np.array(shapes, dtype=object), "EPSG:4490"), name="水系")


def write_power_lines(path: Path, county: County) -> None:
    """Overhead lines: GeoJSON, EPSG:4490."""
    rows = [
        {
            "线路编号": item["line_id"],
            "线路名称": item["name"],
            "电压kV": item["voltage_kv"],
            "边导线距中心m": item["outer_offset_m"],
            "最大风偏m": SWAY_M[item["voltage_kv"]],
            "数据性质": SYNTHETIC,
        }
        for item in county.power_lines.to_dict("records")
    ]
    write_geojson(
        path, rows, delivered(county.power_lines["geometry"].to_numpy(), "EPSG:4490"), name="架空线路"
    )


def write_contours(path: Path, county: County) -> None:
    """Individual-risk contours of two reports: GeoJSON, EPSG:4490; the outline of one crosses itself."""
    rows = [
        {
            "编号": item["contour_id"],
            "企业编号": item["enterprise_id"],
            "个人风险": item["risk_per_year"],
            "评价机构": item["institution"],
            "报告编号": item["report_number"],
            "有效期至": item["valid_until_on"],
            "数据性质": SYNTHETIC,
        }
        for item in county.contours.to_dict("records")
    ]
    shapes = county.contours["geometry"].to_numpy()
    write_geojson(
        path, rows, delivered(replaced(shapes, {6: bow_tie(shapes[6])}), "EPSG:4490"), name="个人风险等值线"
    )


def write_official_distances(path: Path, county: County) -> None:
    """Distances stated in reports, with the outline of the installation: GeoJSON, EPSG:4490."""
    rows = [
        {
            "编号": item["distance_id"],
            "企业编号": item["enterprise_id"],
            "装置设施": item["name"],
            "距离类别": words.DISTANCE_KIND[item["kind"]],
            "适用目标": words.TARGET_GROUP[item["target_group"]],
            "距离m": item["distance_m"],
            "起算位置": item["measured_from"],
            "评价机构": item["institution"],
            "报告编号": item["report_number"],
            "有效期至": item["valid_until_on"],
            "数据性质": SYNTHETIC,
        }
        for item in county.official_distances.to_dict("records")
    ]
    shapes = county.official_distances["geometry"].to_numpy()
    write_geojson(path, rows, delivered(shapes, "EPSG:4490"), name="外部安全防护距离")


def write_relief(path: Path, county: County) -> None:
    """Heights in decimetre steps, nodata beyond two kilometres from the county: GeoTIFF, EPSG:4544."""
    terrain = county.terrain
    wide = shapely.buffer(county.towns.outline, 2000.0)
    beyond = rasterio.features.geometry_mask([wide], terrain.heights.shape, terrain.transform)
    values = np.where(beyond, -9999.0, terrain.heights.round(1)).astype("float32")
    write_raster(path, values, _official(terrain.transform), crs=PLANE_CRS, nodata=-9999.0)


def write_population(path: Path, county: County) -> None:
    """Residents per hectare from the households of the buildings: GeoTIFF, EPSG:4544."""
    shape = (int(2 * HALF_HEIGHT_M / POPULATION_CELL_M), int(2 * HALF_WIDTH_M / POPULATION_CELL_M))
    frame = county.buildings
    row = ((HALF_HEIGHT_M - frame["y"].to_numpy(float)) / POPULATION_CELL_M).astype(int)
    column = ((frame["x"].to_numpy(float) + HALF_WIDTH_M) / POPULATION_CELL_M).astype(int)
    persons = np.bincount(
        row * shape[1] + column,
        weights=frame["n_households"] * PERSONS_PER_HOUSEHOLD,
        minlength=shape[0] * shape[1],
    )
    transform = rasterio.Affine(POPULATION_CELL_M, 0, -HALF_WIDTH_M, 0, -POPULATION_CELL_M, HALF_HEIGHT_M)
    beyond = rasterio.features.geometry_mask([county.towns.outline], shape, transform, all_touched=True)
    values = np.where(beyond, -1.0, persons.reshape(shape).round(1)).astype("float32")
    write_raster(path, values, _official(transform), crs=PLANE_CRS, nodata=-1.0)


def _official(transform: rasterio.Affine) -> rasterio.Affine:
    """The transform of a raster of the plane in EPSG:4544."""
    return rasterio.Affine.translation(*ORIGIN_M) @ transform
