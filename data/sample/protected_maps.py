"""Delivered maps of protected and planned areas: GeoJSON, EPSG:4490."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from data.sample import words
from data.sample.county import County
from data.sample.faults import Row
from data.sample.plane import delivered
from data.sample.writers import SYNTHETIC, write_geojson


def write_water_sources(path: Path, county: County) -> None:
    rows: list[Row] = [
        {"编号": item["zone_id"], "水源地": item["name"], "级别": words.SOURCE_GRADE[item["grade"]], "数据性质": SYNTHETIC}
        for item in county.water_sources.to_dict("records")
    ]
    _write(path, rows, county.water_sources)


def write_nature_areas(path: Path, county: County) -> None:
    rows: list[Row] = [
        {
            "编号": item["area_id"],
            "名称": item["name"],
            "类别": words.NATURE_KIND[item["kind"]],
            "分区": words.NATURE_PART[item["part"]],
            "数据性质": SYNTHETIC,
        }
        for item in county.nature_areas.to_dict("records")
    ]
    _write(path, rows, county.nature_areas)


def write_planned_prohibitions(path: Path, county: County) -> None:
    rows: list[Row] = [
        {
            "编号": item["area_id"],
            "名称": item["name"],
            "管控方式": words.CONTROL[item["control"]],
            "管控项目": words.PROJECT_GROUP[item["project_group"]],
            "规划原文": item["words"],
            "规划名称": item["plan_name"],
            "施行日期": item["valid_from_on"],
            "有效期至": item["valid_until_on"],
            "数据性质": SYNTHETIC,
        }
        for item in county.planned_prohibitions.to_dict("records")
    ]
    _write(path, rows, county.planned_prohibitions)


def _write(path: Path, rows: list[Row], frame: pd.DataFrame) -> None:
    write_geojson(path, rows, delivered(frame["geometry"].to_numpy(), "EPSG:4490"), name=path.stem)
