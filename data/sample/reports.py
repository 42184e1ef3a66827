"""Distances that official reports state for an installation, in force, expired, and one that is no safety distance."""

from __future__ import annotations

from datetime import date

import pandas as pd

REPORTS = (
    ("YC000041", "氨制冷机房", "trade_code", "all", 60.0, "机房外墙", "云沧安评技术有限公司", "YCAP-2025-011", date(2028, 5, 31)),
    ("YC000142", "成品库", "explosives", "all", 220.0, "库房外墙", "云沧安评技术有限公司", "YCAP-2025-017", date(2028, 3, 31)),
    ("YC000143", "炸药库", "explosives", "all", 480.0, "库房外墙", "云沧安评技术有限公司", "YCAP-2025-018", date(2028, 3, 31)),
    ("YC000023", "储罐区", "external_safety", "sensitive_important_general_1", 310.0, "储罐外壁", "川枫安全评价中心", "CFPJ-2024-066", date(2027, 9, 30)),
    ("YC000023", "储罐区", "external_safety", "general_2", 190.0, "储罐外壁", "川枫安全评价中心", "CFPJ-2024-066", date(2027, 9, 30)),
    ("YC000022", "液氨球罐区", "external_safety", "sensitive_important_general_1", 240.0, "储罐外壁", "川枫安全评价中心", "CFPJ-2022-108", date(2025, 11, 30)),
    ("YC000002", "无水氟化氢罐区", "health_environment", "all", 200.0, "装置边界", "云沧环境评价所", "YCHP-2023-009", None),
)  # fmt: skip
"""Enterprise, installation, kind, targets, metres, where from, institution, report, valid until (None: not stated)."""


def build_official_distances(units: pd.DataFrame) -> pd.DataFrame:
    """One row a distance, with the outline of the first unit of its enterprise."""
    rows = []
    for enterprise_id, name, kind, group, distance_m, measured_from, institution, report, valid_until in REPORTS:
        number = sum(row["enterprise_id"] == enterprise_id for row in rows) + 1
        rows.append(
            {
                "distance_id": f"{enterprise_id}-J{number}",
                "enterprise_id": enterprise_id,
                "name": name,
                "kind": kind,
                "target_group": group,
                "distance_m": distance_m,
                "measured_from": measured_from,
                "institution": institution,
                "report_number": report,
                "valid_until_on": valid_until,
                "geometry": units.loc[units["enterprise_id"] == enterprise_id, "geometry"].iloc[0],
            }
        )
    return pd.DataFrame(rows)
