"""The environment office's own list of enterprises: other numbers, other spellings, and what is true of each row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from data.sample.county import County
from data.sample.names import credit_code
from data.sample.plane import delivered_points
from data.sample.towns import COUNTY_NAME, TOWN_PLANS
from data.sample.writers import SYNTHETIC, write_csv

EVERY = 13
"""One enterprise in so many is on the office's list, the chemical plants all of them."""
N_CHEMICAL_PLANTS = 29
"""They stand first on the list, in every county."""
OFFICE = "生态环境局"
LISTED_SINCE = date(2024, 1, 8)
OTHER_PLANT_M = (640.0, 410.0)
STRANGERS = ("河汇污水处理厂", "沧阳生活垃圾填埋场", "双枫屠宰场", "石鹤医疗废物处置站", "云沧市政泥砂中转站", "龙竹再生水厂")
TRADITIONAL = str.maketrans("云沧阳双枫龙竹鹤鹭汇业厂电东风丰兴设建华实产机车运储贸营", "雲滄陽雙楓龍竹鶴鷺匯業廠電東風豐興設建華實產機車運儲貿營")
FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}

Row = dict[str, Any]


def pollution_rows(county: County) -> list[Row]:
    """The rows of the list with what is true: ``truth`` is the enterprise's number, None where it is no one's place.

    The ways in which offices differ take turns; `case` names them.
    """
    frame = county.enterprises[county.enterprises["first_quarter"] == 1].reset_index(drop=True)
    is_listed = frame["kind"].str.startswith("hazchem") | (frame.index % EVERY == 5)
    cases = tuple(CASES)
    rows = []
    for number, item in enumerate(frame[is_listed].to_dict("records"), start=1):
        case = cases[number % len(cases)]
        rows.append(CASES[case](_plain(item, number)) | {"case": case})
    rows += [_stranger(name, len(rows) + at) for at, name in enumerate(STRANGERS, start=1)]
    return rows


def _plain(item: Row, number: int) -> Row:
    return {
        "number": f"WR{number:04d}", "truth": item["enterprise_id"], "name": item["name"], "code": _text(item["credit_code"]),
        "address": _text(item["address"]), "town": TOWN_PLANS[item["town"]].name, "x": item["x"], "y": item["y"],
        "persons": item["n_persons"], "on": LISTED_SINCE + timedelta(days=number % 300),
    }  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _same(row: Row) -> Row:
    return row


def _other_form(row: Row) -> Row:
    name = row["name"].replace("有限公司", "有限责任公司").replace("云沧", "云沧县", 1)
    return row | {"name": name, "code": "", "address": row["address"].translate(FULL_WIDTH)}


def _no_place(row: Row) -> Row:
    """No position for the first of them, the same rows at every scale."""
    is_first = int(row["number"][2:]) <= N_CHEMICAL_PLANTS
    return row | {"persons": None} | ({"x": None, "y": None} if is_first else {})


def _traditional(row: Row) -> Row:
    return row | {"name": row["name"].translate(TRADITIONAL), "code": ""}


def _misspelt(row: Row) -> Row:
    """One character wrong, without code, at the same door."""
    return row | {"name": row["name"][:3] + "某" + row["name"][4:], "code": ""}


def _bad_code(row: Row) -> Row:
    return row | {"code": row["code"][:-1] + ("0" if row["code"][-1:] != "0" else "1") if row["code"] else ""}


def _second_plant(row: Row) -> Row:
    """Another plant of the same firm: same code, its own number, its own place."""
    address = f"{COUNTY_NAME}{row['town']}工业南路{100 + int(row['number'][2:])}号"
    return row | {"truth": None, "name": f"{row['name']}二厂", "address": address,
                  "x": row["x"] + OTHER_PLANT_M[0], "y": row["y"] + OTHER_PLANT_M[1]}  # fmt: skip


def _no_address(row: Row) -> Row:
    return row | {"address": "", "code": ""}


def _next_door(row: Row) -> Row:
    """Measured at the gate, which has the number after the next."""
    return row | {"code": "", "x": row["x"] + 38.0, "y": row["y"] - 21.0}


CASES: dict[str, Callable[[Row], Row]] = {
    "same": _same,
    "other_form": _other_form,
    "no_place": _no_place,
    "traditional": _traditional,
    "misspelt": _misspelt,
    "bad_code": _bad_code,
    "second_plant": _second_plant,
    "no_address": _no_address,
    "next_door": _next_door,
}
"""How a row differs from the emergency office's."""


def _stranger(name: str, number: int) -> Row:
    code = credit_code(20_000 + number)
    return {"number": f"WR{number:04d}", "truth": None, "name": name, "code": code, "address": f"{COUNTY_NAME}{TOWN_PLANS[0].name}环保路{number}号",
            "town": TOWN_PLANS[0].name, "x": None, "y": None, "persons": None, "on": LISTED_SINCE, "case": "stranger"}  # fmt: skip


def write_pollution_sources(path: Path, county: County) -> None:
    """The list as the office sends it: GB 18030 text, EPSG:4490, places left empty where it has none."""
    rows = pollution_rows(county)
    placed = pd.DataFrame(rows)[["x", "y"]].dropna()
    degrees = dict(zip(placed.index, delivered_points(placed.to_numpy(float), "EPSG:4490"), strict=True))
    write_csv(
        path,
        [_delivered(row, degrees.get(at)) for at, row in enumerate(rows)],
        encoding="gb18030",
        title=f"{COUNTY_NAME}排污单位名录({SYNTHETIC},非真实单位)",
    )


def _delivered(row: Row, lon_lat: tuple[float, float] | None) -> Row:
    lon, lat = ("", "") if lon_lat is None else (f"{lon_lat[0]:.6f}", f"{lon_lat[1]:.6f}")
    return {
        "管理编号": row["number"], "单位名称": row["name"], "统一社会信用代码": row["code"], "生产经营场所地址": row["address"],
        "职工人数": row["persons"], "列入日期": row["on"], "监管部门": OFFICE, "经度": lon, "纬度": lat,
    }  # fmt: skip
