"""Writes one delivery folder a quarter; files in which nothing changed are the same file again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from data.sample import maps, object_maps, protected_maps, tables
from data.sample.assessments import write_assessments
from data.sample.county import County
from data.sample.noise import stream
from data.sample.pollution import write_pollution_sources
from data.sample.quarters import QUARTERS, Quarter, county_at
from data.sample.towns import COUNTY_NAME
from data.sample.weather import write_weather
from data.sample.writers import SYNTHETIC

FOLDERS = (
    "行政区划",
    "应急管理局",
    "管道企业",
    "公安交警",
    "消防救援",
    "园区管委会",
    "自然资源局",
    "交通运输局",
    "供电公司",
    "评价机构",
    "气象局",
    "生态环境局",
)


GATHERING_PLACES = Path("应急管理局") / "防护目标_人员密集场所.xlsx"
"""The same in the first two deliveries; in the third two places more."""


def write_deliveries(county: County, folder: Path, *, seed: int) -> None:
    """All deliveries below `folder`, in order."""
    lasting: list[Path] = []
    for quarter in QUARTERS:
        target = folder / quarter.label
        for name in FOLDERS:
            (target / name).mkdir(parents=True, exist_ok=True)
        state = county_at(county, quarter, stream(seed, "quarters"))
        if quarter.number == 1:
            _write_lasting(target, state)
            lasting = [path.relative_to(target) for path in sorted(target.rglob("*")) if path.is_file()]
        else:
            _repeat(folder / QUARTERS[0].label, target, lasting)
        _write_changing(target, state)
        if quarter.number == 3:
            places = target / GATHERING_PLACES
            places.unlink()  # a link to the first delivery's file
            tables.write_gathering_places(places, state)
        _write_notes(target, quarter)


def _write_lasting(target: Path, county: County) -> None:
    """Files that no quarter changes."""
    maps.write_towns(target / "行政区划", county)
    maps.write_pipelines(target / "管道企业", county)
    maps.write_stations(target / "管道企业" / "站场阀室.kml", county)
    tables.write_markers(target / "管道企业" / "里程桩.csv", county)
    maps.write_fire_stations(target / "消防救援" / "消防站.kml", county)
    maps.write_parks(target / "园区管委会" / "园区边界.dxf", county)
    maps.write_villages(target / "应急管理局" / "防护目标_村庄.geojson", county)
    maps.write_public_sites(target / "应急管理局" / "防护目标_学校医院.geojson", county)
    maps.write_buildings(target / "自然资源局" / "建筑物.gpkg", county)
    maps.write_water(target / "自然资源局" / "水系.geojson", county)
    maps.write_relief(target / "自然资源局" / "数字高程模型.tif", county)
    maps.write_population(target / "自然资源局" / "人口格网.tif", county)
    maps.write_roads(target / "交通运输局" / "道路.gpkg", county)
    maps.write_power_lines(target / "供电公司" / "架空线路.geojson", county)
    maps.write_contours(target / "评价机构" / "个人风险等值线.geojson", county)
    protected_maps.write_water_sources(target / "生态环境局" / "饮用水水源保护区.geojson", county)
    protected_maps.write_nature_areas(target / "自然资源局" / "风景名胜区和自然保护地.geojson", county)
    protected_maps.write_planned_prohibitions(target / "自然资源局" / "规划禁限控区.geojson", county)
    object_maps.write_object_maps(target, county)
    maps.write_official_distances(target / "评价机构" / "外部安全防护距离.geojson", county)
    write_weather(target / "气象局" / "气象条件频率.csv")
    tables.write_black_spots(target / "公安交警" / "事故多发点段.xlsx", county)
    tables.write_gathering_places(target / GATHERING_PLACES, county)
    write_assessments(target)
    write_pollution_sources(target / "生态环境局" / "排污单位名录.csv", county)


def _write_changing(target: Path, county: County) -> None:
    """Files that every quarter brings anew."""
    tables.write_enterprises(target / "应急管理局" / "企业台账.csv", county)
    tables.write_chemical_plants(target / "应急管理局" / "危化品企业台账.xlsx", county)
    tables.write_hidden_dangers(target / "应急管理局" / "隐患台账.csv", county)
    tables.write_declared_levels(target / "应急管理局" / "各部门核定等级.xlsx", county)
    tables.write_accidents(target / "公安交警", county)


def _repeat(first: Path, target: Path, lasting: list[Path]) -> None:
    """Hard links to the first delivery's files, copies where the file system has none."""
    for name in lasting:
        try:
            os.link(first / name, target / name)
        except OSError:
            shutil.copyfile(first / name, target / name)


def _write_notes(target: Path, quarter: Quarter) -> None:
    """What a delivery says of itself."""
    (target / "delivery.toml").write_text(
        f'# {SYNTHETIC} synthetic\nlabel = "{quarter.label}"\nas_of = {quarter.as_of.isoformat()}\n',
        encoding="utf-8",
    )
    (target / "说明.txt").write_text(
        f"{COUNTY_NAME} {quarter.label} 各部门报送数据\n"
        f"本目录全部为{SYNTHETIC}:县、乡镇、企业、人员均为虚构,不代表任何真实地点或单位。\n"
        f"All files are synthetic: county, towns, firms and persons are invented.\n",
        encoding="utf-8",
    )
