"""Delivered tables: CSV files and workbooks as each office fills them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data.sample import words
from data.sample.accidents import FIRST_YEAR, PARTIAL_YEAR
from data.sample.county import County
from data.sample.faults import Row, swapped, with_faulty_rows
from data.sample.noise import Floats
from data.sample.plane import delivered_points
from data.sample.towns import COUNTY_NAME, TOWN_PLANS
from data.sample.writers import SYNTHETIC, write_csv, write_workbook

UNPLACED_IDS = ("YC001120", "YC001132", "YC001144", "YC001156")
OUTSIDE_LON_LAT = (106.37, 29.61)
"""A place outside the county that a wrong lookup of an address gave."""
N_UNPLACED_ACCIDENTS, N_UNPLACED_PLACES = 6, 2
CHEMICAL_CAS_BLANK_EVERY, FILED_LEVEL_BLANK_EVERY = 9, 13
WRONG_FILED_LEVEL = {"YC000008-01": 4, "YC000016-03": 3}
"""Units whose level on file differs from what amounts and surroundings give."""
HAZCHEM = ("hazchem_producer", "hazchem_trader", "hazchem_user")


def _degrees(xy: Floats, crs: str, digits: int) -> list[tuple[str, str]]:
    return [(f"{x:.{digits}f}", f"{y:.{digits}f}") for x, y in delivered_points(xy, crs)]


def _outside(x_column: str, y_column: str) -> Row:
    return {x_column: f"{OUTSIDE_LON_LAT[0]:.6f}", y_column: f"{OUTSIDE_LON_LAT[1]:.6f}"}


def write_enterprises(path: Path, county: County) -> None:
    """The register of enterprises without the chemical plants: GB 18030 text, BD-09, one title row."""
    frame = county.enterprises[~county.enterprises["kind"].isin(HAZCHEM)]
    places = _degrees(frame[["x", "y"]].to_numpy(float), "BD-09", 6)
    rows: list[Row] = []
    for item, (lon, lat) in zip(frame.to_dict("records"), places):
        is_unplaced = item["enterprise_id"] in UNPLACED_IDS
        level = item["declared_level"]
        rows.append(
            {
                "企业编号": item["enterprise_id"],
                "企业名称": item["name"],
                "简称": item["short_name"],
                "统一社会信用代码": item["credit_code"],
                "地址": item["address"],
                "乡镇街道": TOWN_PLANS[item["town"]].name,
                "行业代码": item["industry_code"],
                "行业名称": item["industry_name"],
                "企业类别": words.ENTERPRISE_KIND[item["kind"]],
                "风险等级": words.LEVEL.get(level),
                "核定单位": item["declared_by"],
                "核定日期": item["declared_on"],
                "从业人数": item["n_persons"],
                "所在园区": item["park_id"],
                "监管部门": item["responsible_office"],
                "经营状态": words.ENTERPRISE_STATUS[item["status"]],
                "投产日期": item["in_service_on"],
                "主要产品": item["products"],
                "备注": item["remark"],
                "经度": "" if is_unplaced else lon,
                "纬度": "" if is_unplaced else lat,
                "填报人": "张三",
                "联系电话": "000-00000000",
            }
        )
    write_csv(
        path,
        _faulty_enterprises(rows),
        encoding="gb18030",
        title=f"{COUNTY_NAME}企业安全风险台账({SYNTHETIC},非真实企业)",
    )


def _faulty_enterprises(rows: list[Row]) -> list[Row]:
    middle = rows[len(rows) // 2]
    changes: list[Row | None] = [
        None,
        None,
        _outside("经度", "纬度"),
        _outside("经度", "纬度"),
        swapped(middle, "经度", "纬度"),
        {"企业名称": ""},
        {"风险等级": "紫色风险"},
        {"从业人数": "-12"},
        {"经度": "待核实", "纬度": "待核实"},
        {"核定日期": "去年底"},
    ]
    return with_faulty_rows(rows, changes, id_column="企业编号")


def write_chemical_plants(path: Path, county: County) -> None:
    """One workbook with plants, units and chemicals; BD-09."""
    title = f"{COUNTY_NAME}危险化学品企业台账({SYNTHETIC})"
    write_workbook(
        path,
        {
            "企业": (title, _plant_rows(county)),
            "单元": (title, _unit_rows(county)),
            "化学品": (title, _chemical_rows(county)),
        },
    )


def _plant_rows(county: County) -> list[Row]:
    frame = county.enterprises[county.enterprises["kind"].isin(HAZCHEM)]
    rows: list[Row] = []
    for item, (lon, lat) in zip(
        frame.to_dict("records"), _degrees(frame[["x", "y"]].to_numpy(float), "BD-09", 7)
    ):
        rows.append(
            {
                "企业编号": item["enterprise_id"],
                "企业名称": item["name"],
                "简称": item["short_name"],
                "统一社会信用代码": item["credit_code"],
                "地址": item["address"],
                "乡镇街道": TOWN_PLANS[item["town"]].name,
                "行业/代码": item["industry_code"],
                "行业/名称": item["industry_name"],
                "企业类别": words.ENTERPRISE_KIND[item["kind"]],
                "风险/等级": words.LEVEL_COLOUR.get(item["declared_level"]),
                "风险/核定单位": item["declared_by"],
                "风险/核定日期": item["declared_on"],
                "风险/诊断得分": item["control_score"],
                "风险/直接判红情形": item["direct_red"],
                "从业人数": item["n_persons"],
                "所在园区": item["park_id"],
                "监管部门": item["responsible_office"],
                "状态": words.ENTERPRISE_STATUS[item["status"]],
                "投产日期": item["in_service_on"],
                "主要产品": item["products"],
                "备注": item["remark"],
                "坐标/经度": lon,
                "坐标/纬度": lat,
            }
        )
    return with_faulty_rows(rows, [None], id_column="企业编号")


def _unit_rows(county: County) -> list[Row]:
    frame = county.units
    xy = np.array([[point.x, point.y] for point in frame["geometry"]])
    rows: list[Row] = []
    places = _degrees(xy, "BD-09", 8)
    for number, item, (lon, lat) in zip(frame.index, frame.to_dict("records"), places):
        rows.append(
            {
                "单元编号": item["unit_id"],
                "企业编号": item["enterprise_id"],
                "单元名称": item["name"],
                "单元类型": words.UNIT_KIND[item["kind"]],
                "重大危险源/备案级别": _filed_level(item, number),
                "重大危险源/厂界外500米人数": item["n_persons_500m"],
                "投用日期": item["in_service_on"],
                "状态": words.UNIT_STATUS[item["status"]],
                "坐标/经度": lon,
                "坐标/纬度": lat,
            }
        )
    changes: list[Row | None] = [
        {"企业编号": "YC999999"},
        _outside("坐标/经度", "坐标/纬度"),
        {"重大危险源/备案级别": "7"},
        None,
    ]
    return with_faulty_rows(rows, changes, id_column="单元编号")


def _filed_level(item: dict[str, Any], number: int) -> int | None:
    level = item["level"]
    if level is None or level != level or number % FILED_LEVEL_BLANK_EVERY == 12:
        return None
    return WRONG_FILED_LEVEL.get(str(item["unit_id"]), int(level))


def _chemical_rows(county: County) -> list[Row]:
    rows: list[Row] = []
    for number, item in zip(county.chemicals.index, county.chemicals.to_dict("records")):
        is_blank = number % CHEMICAL_CAS_BLANK_EVERY == 4
        rows.append(
            {
                "单元编号": item["unit_id"],
                "化学品/名称": item["chemical_name"],
                "化学品/CAS号": None if is_blank else item["cas"],
                "化学品/类别": item["category_symbol"],
                "设计最大量(吨)": item["amount_t"],
            }
        )
    changes: list[Row | None] = [
        None,
        {"化学品/名称": "误填品", "单元编号": rows[-1]["单元编号"], "设计最大量(吨)": -35},
        {"单元编号": "YC000099-01"},
    ]
    return with_faulty_rows(rows, changes, id_column="单元编号")


def write_accidents(folder: Path, county: County) -> None:
    """One file a year: GB 18030 text, GCJ-02; the file of the running year grows."""
    frame = county.accidents
    places = _degrees(frame[["x", "y"]].to_numpy(float), "GCJ-02", 6)
    rows_of: dict[int, list[Row]] = {}
    for number, (item, (lon, lat)) in enumerate(zip(frame.to_dict("records"), places)):
        is_unplaced = item["occurred_at"].year == FIRST_YEAR and number < N_UNPLACED_ACCIDENTS
        rows_of.setdefault(item["occurred_at"].year, []).append(
            {
                "事故编号": item["accident_id"],
                "发生时间": item["occurred_at"],
                "事故地点": item["place"],
                "事故类型": words.SEVERITY[item["severity"]],
                "死亡人数": item["n_deaths"],
                "受伤人数": item["n_injured"],
                "当事方数": item["n_parties"],
                "经度": "" if is_unplaced else lon,
                "纬度": "" if is_unplaced else lat,
            }
        )
    for year, rows in sorted(rows_of.items()):
        write_csv(
            folder / f"道路交通事故_{year}.csv",
            _faulty_accidents(rows, year),
            encoding="gb18030",
            title=f"{COUNTY_NAME}{year}年伤人事故({SYNTHETIC})",
        )


def _faulty_accidents(rows: list[Row], year: int) -> list[Row]:
    middle = rows[len(rows) // 2]
    changes: list[Row | None] = [None]
    if year == FIRST_YEAR + 1:
        changes += [_outside("经度", "纬度"), swapped(middle, "经度", "纬度"), {"发生时间": ""}]
    if year == FIRST_YEAR + 3:
        changes += [_outside("经度", "纬度"), {"发生时间": "2024-13-45 10:00"}]
    return rows if year == PARTIAL_YEAR else with_faulty_rows(rows, changes, id_column="事故编号")


def write_black_spots(path: Path, county: County) -> None:
    """The police's list of black spots: a workbook, GCJ-02."""
    frame = county.police_list
    rows = [
        {
            "点段编号": item["spot_id"],
            "点段名称": item["name"],
            "位置/道路": item["road_name"],
            "位置/桩号": item["chainage"],
            "近五年事故/起数": item["n_accidents"],
            "近五年事故/死亡人数": item["n_deaths"],
            "列入日期": item["listed_on"],
            "坐标/经度": lon,
            "坐标/纬度": lat,
        }
        for item, (lon, lat) in zip(
            frame.to_dict("records"), _degrees(frame[["x", "y"]].to_numpy(float), "GCJ-02", 6)
        )
    ]
    write_workbook(path, {"点段": (f"{COUNTY_NAME}道路交通事故多发点段({SYNTHETIC})", rows)})


def write_gathering_places(path: Path, county: County) -> None:
    """Markets, hotels and the like: a workbook, EPSG:4490; two have no position."""
    frame = county.gathering_places
    xy = np.array([[point.x, point.y] for point in frame["geometry"]])
    rows: list[Row] = []
    for number, (item, (lon, lat)) in enumerate(zip(frame.to_dict("records"), _degrees(xy, "EPSG:4490", 7))):
        is_unplaced = len(frame) - N_UNPLACED_PLACES <= number
        rows.append(
            {
                "目标编号": item["target_id"],
                "名称": item["name"],
                "类别": words.TARGET_CATEGORY[item["category"]],
                "防护等级": words.TARGET_CLASS.get(item["target_class"]),
                "高峰人数": item["n_persons"],
                "建成日期": item["in_service_on"],
                "经度": "" if is_unplaced else lon,
                "纬度": "" if is_unplaced else lat,
            }
        )
    changes: list[Row | None] = [swapped(rows[len(rows) // 2], "经度", "纬度")]
    write_workbook(
        path,
        {
            "场所": (
                f"{COUNTY_NAME}人员密集场所({SYNTHETIC})",
                with_faulty_rows(rows, changes, id_column="目标编号"),
            )
        },
    )


def write_markers(path: Path, county: County) -> None:
    """Marker posts of the lines: UTF-8 text, CGCS2000 degrees."""
    frame = county.markers
    xy = np.array([(place.x, place.y) for place in frame["geometry"]])
    rows = [
        {
            "桩编号": item["marker_id"],
            "管道编号": item["pipeline_id"],
            "桩上文字": item["name"],
            "类别": words.MARKER_KIND[item["kind"]],
            "桩号_m": item["chainage_m"],
            "来向桩号_m": item["back_chainage_m"],
            "经度": lon,
            "纬度": lat,
            "数据性质": SYNTHETIC,
        }
        for item, (lon, lat) in zip(frame.to_dict("records"), _degrees(xy, "EPSG:4490", 8))
    ]
    write_csv(path, rows, encoding="utf-8-sig")


def write_hidden_dangers(path: Path, county: County) -> None:
    """The list of hidden dangers: UTF-8 text with a byte-order mark."""
    rows = [
        {
            "隐患编号": item["danger_id"],
            "企业编号": item["enterprise_id"],
            "隐患级别": words.DANGER_SEVERITY[item["severity"]],
            "隐患内容": item["description"],
            "发现日期": item["found_on"],
            "整改期限": item["deadline_on"],
            "整改责任人": item["responsible_person"],
            "整改状态": words.DANGER_STATUS[item["status"]],
            "数据性质": SYNTHETIC,
        }
        for item in county.hidden_dangers.to_dict("records")
    ]
    changes: list[Row | None] = [{"企业编号": "YC888888"}, {"隐患级别": ""}]
    write_csv(path, with_faulty_rows(rows, changes, id_column="隐患编号"), encoding="utf-8-sig")


def write_declared_levels(path: Path, county: County) -> None:
    """Levels set by the offices: a workbook."""
    rows = [
        {
            "企业编号": item["enterprise_id"],
            "核定部门": item["office"],
            "核定等级": words.LEVEL_COLOUR[item["level"]] + "色",
            "核定日期": item["declared_on"],
        }
        for item in county.declared_levels.to_dict("records")
    ]
    changes: list[Row | None] = [None, {"核定等级": "灰色"}, {"企业编号": "YC777777"}]
    faulty = with_faulty_rows(rows, changes, id_column="企业编号")
    faulty = [row | {"企业编号": str(row["企业编号"]).split("-")[0]} for row in faulty]
    faulty = [row | {"核定部门": "审计局"} if row["核定等级"] == "灰色" else row for row in faulty]
    write_workbook(path, {"核定等级": (f"{COUNTY_NAME}各部门核定风险等级({SYNTHETIC})", faulty)})
