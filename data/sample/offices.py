"""What the offices write down: hidden dangers, levels set by several offices, contours from reports."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import shapely

from data.sample.names import person_name
from data.sample.noise import Rng
from data.sample.plants import PLANTS, RECTIFIED_PLANT_ID, VILLAGE_PLANT_ID

N_DANGERS = 60
DISPUTED_PLANT_ID = "YC000027"
CONTOUR_PLANTS = (
    ("YC000001", "云沧安评技术有限公司", "YCAP-2024-031", date(2027, 6, 30)),
    (VILLAGE_PLANT_ID, "川枫安全评价中心", "CFPJ-2022-108", date(2025, 11, 30)),
)
"""Enterprise, institution, report, valid until; the second report had expired before the first delivery."""
EXPIRED_PLANT_ID = VILLAGE_PLANT_ID
MAJOR_DANGERS = (
    (
        "YC000022",
        "液氨球罐外部安全防护距离不足,未采取有效措施",
        date(2025, 10, 20),
        date(2026, 2, 28),
        "open",
    ),
    ("YC000023", "液氯库事故氯处理装置停用", date(2025, 12, 2), date(2026, 3, 15), "open"),
    (RECTIFIED_PLANT_ID, "有机过氧化物库超量储存且无温度联锁", date(2026, 1, 16), date(2026, 5, 31), "open"),
    ("YC000002", "氟化氢罐区未设置紧急切断阀", date(2026, 2, 10), date(2026, 6, 30), "open"),
    ("YC000006", "反应釜未实现自动化控制", date(2026, 1, 8), date(2026, 7, 31), "open"),
    ("YC000001", "液氯储罐区有毒气体检测报警失效", date(2025, 8, 5), date(2025, 9, 30), "closed"),
    ("YC000016", "甲类仓库与民用建筑间距不符合要求", date(2025, 7, 11), date(2025, 12, 31), "closed"),
    ("YC000017", "油罐区防火堤开裂", date(2026, 3, 3), date(2026, 9, 30), "open"),
)
"""Enterprise, text, found, deadline, state at the first delivery; the first two are overdue then."""
GENERAL_DANGERS = (
    "安全出口堆放杂物",
    "灭火器过期未检",
    "配电箱无漏电保护",
    "特种作业人员证件过期",
    "压力表未校验",
    "除尘系统未定期清灰",
    "未开展应急演练",
    "可燃气体探头被遮挡",
    "安全警示标志缺失",
    "电线私拉乱接",
    "叉车未年检",
    "有限空间未设警示标志",
)


def build_hidden_dangers(rng: Rng, enterprises: pd.DataFrame) -> pd.DataFrame:
    """Sixty hidden dangers as they stand at the first delivery, the eight major ones first."""
    rows = [
        _danger(rng, number, enterprise_id, "major", text, found_on, deadline_on, status)
        for number, (enterprise_id, text, found_on, deadline_on, status) in enumerate(MAJOR_DANGERS, start=1)
    ]
    known = enterprises.loc[enterprises["first_quarter"] == 1, "enterprise_id"].to_numpy()
    ids = rng.permutation(known[len(PLANTS) :])
    for number in range(len(rows) + 1, N_DANGERS + 1):
        found_on = date(2025, 11, 1) + timedelta(days=int(rng.integers(140)))
        text = GENERAL_DANGERS[int(rng.integers(len(GENERAL_DANGERS)))]
        status = "closed" if rng.random() < 0.55 else "open"
        deadline_on = (
            found_on + timedelta(days=int(rng.integers(15, 90)))
            if status == "closed"
            else date(2026, 4, 10) + timedelta(days=int(rng.integers(120)))
        )
        rows.append(_danger(rng, number, str(ids[number]), "general", text, found_on, deadline_on, status))
    return pd.DataFrame(rows)


def _danger(
    rng: Rng,
    number: int,
    enterprise_id: str,
    severity: str,
    text: str,
    found_on: date,
    deadline_on: date,
    status: str,
) -> dict[str, object]:
    return {
        "danger_id": f"YH{found_on.year}{number:04d}",
        "enterprise_id": enterprise_id,
        "severity": severity,
        "description": text,
        "found_on": found_on,
        "deadline_on": deadline_on,
        "responsible_person": person_name(rng),
        "status": status,
    }


def build_declared_levels(rng: Rng, enterprises: pd.DataFrame) -> pd.DataFrame:
    """Levels set by offices for plants and special places; two offices disagree on one plant."""
    known = enterprises[
        enterprises["declared_level"].notna()
        & (enterprises["kind"] != "general")
        & (enterprises["first_quarter"] == 1)
    ]
    rows = [
        _level(row.enterprise_id, row.responsible_office, row.declared_level, row.declared_on)
        for row in known.itertuples()
    ]
    second = known.iloc[np.sort(rng.permutation(len(known))[:30])]
    rows += [
        _level(row.enterprise_id, "乡镇人民政府", row.declared_level, row.declared_on)
        for row in second.itertuples()
    ]
    rows.append(_level(DISPUTED_PLANT_ID, "市场监督管理局", "yellow", date(2025, 10, 16)))
    return pd.DataFrame(rows)


def _level(enterprise_id: str, office: str, level: str, declared_on: date) -> dict[str, object]:
    return {"enterprise_id": enterprise_id, "office": office, "level": level, "declared_on": declared_on}


CONTOUR_RADII_M = {3e-5: 70.0, 1e-5: 130.0, 3e-6: 230.0, 3e-7: 420.0}


def build_contours(units: pd.DataFrame) -> pd.DataFrame:
    """Individual-risk contours of two reports, stretched along the prevailing wind around the first unit."""
    rows = []
    angle = np.linspace(0, 2 * np.pi, 73)[:-1]
    for enterprise_id, institution, report, valid_until in CONTOUR_PLANTS:
        middle = units.loc[units["enterprise_id"] == enterprise_id, "geometry"].iloc[0]
        for number, (risk, radius) in enumerate(CONTOUR_RADII_M.items(), start=1):
            reach = radius * (1 + 0.22 * np.cos(angle - 0.9) + 0.06 * np.cos(3 * angle))
            ring = np.column_stack([middle.x + reach * np.cos(angle), middle.y + reach * np.sin(angle)])
            rows.append(
                {
                    "contour_id": f"{enterprise_id}-{number}",
                    "enterprise_id": enterprise_id,
                    "risk_per_year": risk,
                    "institution": institution,
                    "report_number": report,
                    "valid_until_on": valid_until,
                    "geometry": shapely.Polygon(ring),
                }
            )
    return pd.DataFrame(rows)
