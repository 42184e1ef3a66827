"""What assessors hand in: jobs by LEC and LS, entries of the diagnostic score, accidents at work, the park's grade."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from data.sample.faults import Row
from data.sample.writers import SYNTHETIC, write_csv

FATAL_ACCIDENT = ("SG2025001", "YC001188", date(2025, 8, 20))
"""A death within a year of the first two deliveries and more than a year before the third: yellow, then unrated again."""
ACCIDENTS = (
    (*FATAL_ACCIDENT, "一般事故", 1, 0, "装卸作业人员被挤压"),
    ("SG2024002", "YC000023", date(2024, 5, 11), "较大事故", 3, 2, "受限空间中毒"),
    ("SG2022003", "YC000003", date(2022, 6, 2), "一般事故", 0, 1, "管道泄漏着火"),
)
SCORE_AGREES_ID, SCORE_DIFFERS_ID = "YC000007", "YC000014"
"""Plants whose entries give the band of their stated score, and another one."""
ITEMS = (
    "重大危险源", "物质危险性", "危险化工工艺", "火灾爆炸危险性", "周边环境", "设计与评估", "设备", "自控与安全设施", "人员资质",
    "管理制度", "安全绩效",
)  # fmt: skip
ENTRIES = {
    SCORE_AGREES_ID: {"重大危险源": ("四级", 1), "火灾爆炸危险性": ("甲类场所", 5), "人员资质": ("负责人或安全管理人员未取证", 2)},
    SCORE_DIFFERS_ID: {
        "重大危险源": ("三级", 1), "危险化工工艺": ("危险化工工艺种类", 2), "自控与安全设施": ("缺气体报警", 9), "人员资质": ("负责人或安全管理人员未取证", 2),
    },
}  # fmt: skip
"""81 and 71 points: 100 - 4 - 5 - 10, and 100 - 6 - 4 - 9 - 10."""
JOBS = (
    ("YC000007", "LEC", "储罐区动火作业", 3, 6, 15),
    ("YC000007", "LEC", "装置巡检", 1, 6, 7),
    ("YC000007", "LEC", "受限空间作业", 3, 3, 40),
    ("YC000007", "LS", "物料装卸", 3, None, 3),
    ("YC000014", "LEC", "槽车卸料", 6, 6, 15),
    ("YC000014", "LEC", "高处作业", 4, 3, 15),
    ("YC000014", "LS", "叉车运输", 2, None, 4),
    ("YC001188", "LS", "货物装卸", 4, None, 4),
    ("YC001188", "LS", "配电检修", 3, None, 4),
)
"""The likelihood 4 of 高处作业 is not on the scale of LEC: taken in, and not rated."""


def write_assessments(target: Path) -> None:
    """Four tables, the same in every delivery."""
    write_csv(target / "应急管理局" / "岗位作业风险.csv", _jobs(), encoding="utf-8-sig")
    write_csv(target / "应急管理局" / "诊断分级扣分表.csv", _entries(), encoding="gb18030")
    write_csv(target / "应急管理局" / "生产安全事故.csv", _accidents(), encoding="utf-8-sig")
    write_csv(target / "园区管委会" / "园区安全风险评估.csv", _parks(), encoding="utf-8-sig")


def _jobs() -> list[Row]:
    return [
        {"编号": f"ZY{number:03d}", "企业编号": owner, "作业活动": name, "方法": method, "可能性L": likelihood, "暴露E": exposure,
         "后果C或S": consequence, "评价日期": "2026-01-15", "数据性质": SYNTHETIC}
        for number, (owner, method, name, likelihood, exposure, consequence) in enumerate(JOBS, start=1)
    ]  # fmt: skip


def _entries() -> list[Row]:
    return [
        {"企业编号": owner, "评估项目": item, "扣分或加分内容": entries.get(item, ("无", ""))[0], "数量": entries.get(item, ("无", ""))[1],
         "数据性质": SYNTHETIC}
        for owner, entries in ENTRIES.items()
        for item in ITEMS
    ]  # fmt: skip


def _accidents() -> list[Row]:
    return [
        {"事故编号": number, "企业编号": owner, "发生日期": day.isoformat(), "事故等级": grade, "死亡人数": deaths, "重伤人数": injured,
         "事故概况": text, "数据性质": SYNTHETIC}
        for number, owner, day, grade, deaths, injured, text in ACCIDENTS
    ]  # fmt: skip


def _parks() -> list[Row]:
    return [
        {"园区编号": "HG01", "评估单位": "川南安全评价事务所(虚构)", "等级": "", "得分": 72.5, "评估日期": "2025-11-20", "有效期至": "2028-11-19",
         "数据性质": SYNTHETIC}
    ]  # fmt: skip
