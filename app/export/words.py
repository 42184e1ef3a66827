"""The words of a sheet in its language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from app.texts import LANGUAGES, Text, in_language
from layers.errors import InputError

WORDS = {
    "legend": Text("图例"),
    "legend_continued": Text("图例(续)"),
    "continued": Text("{title}(续)"),
    "legend_rest": Text("另有 {n} 项图例未列出"),
    "locator": Text("位置图"),
    "table": Text("图幅内统计"),
    "table_focus": Text("本乡镇统计"),
    "approval": Text("审图号:{number}"),
    "caption": Text("图× {title}(资料截至{date},{scale})"),
    "atlas": Text("安全风险四色图图册"),
    "index_map": Text("图幅索引"),
    "page_line": Text("第 {page} 页 共 {pages} 页"),
    "summary": Text("各乡镇统计"),
    "summary_of_things": Text("各图幅统计"),
    "thing": Text("对象"),
    "town": Text("乡镇(街道)"),
    "page": Text("页"),
    "persons": Text("人口"),
    "total": Text("合计"),
    "method_title": Text("方法与资料来源"),
    "sources": Text("资料来源"),
    "source_row": Text("{title}({supplier},截至 {date})"),
    "unrated_list": Text("未评级清单(未评级不等于低风险)"),
    "unrated_more": Text("另有 {n} 处未列出"),
    "none_unrated": Text("没有未评级的风险点"),
    "one_scale": Text("各页比例尺统一为 {scale}"),
    "level": Text("等级"),
    "levels": Text("风险等级"),
    "levels_both": Text("风险等级(区 · 点)"),
    "zones": Text("分区 km²"),
    "points": Text("风险点"),
    "conflicts": Text("安全距离冲突"),
    "none_drawn": Text("图幅内无要素"),
    "data_as_of": Text("资料截至 {date}"),
    "method": Text("方法 {method}"),
    "policy": Text("评定方案:{policy}"),
    "edition": Text("版次 {edition}"),
    "organisation": Text("制图单位:{organisation}"),
    "date": Text("制图日期:{date}"),
    "synthetic": Text("合成数据,仅供演示,不反映任何真实地方"),
    "screening": Text("本图为数据筛查结果,不作为许可或执法依据"),
    "unrated": Text("未评级不等于低风险"),
    "dots": Text("小圆点:因比例尺或密集而缩小表示的风险点"),
    "assumption": Text("含假设:部分等级按行业筛查取值,未经核实"),
    "unverified": Text("部分距离依据未经核实的条文数值或估计的量算起点"),
    "hidden": Text("本比例尺不显示:{layers}"),
    "labels_left": Text("部分注记因位置不足未标出"),
    "notes": Text("说明"),
    "north": Text("北"),
    "separator": Text("、"),
    "colon": Text(":"),
    "undated": Text("未注明"),
    "yes": Text("是"),
    "no": Text("否"),
}
"""Words printed on sheets; marks take values where they are printed."""


@cache
def sheet_words(lang: str) -> Mapping[str, str]:
    """Furniture words by key in ``zh`` or ``en``; `InputError` for another language."""
    if lang not in LANGUAGES:
        raise InputError("lang", f"{lang!r} is none of {', '.join(LANGUAGES)}")
    return in_language(WORDS, lang)


def written_date(day: date | None, lang: str) -> str:
    """A date as a sheet prints it.

    >>> written_date(date(2026, 9, 30), "zh"), written_date(date(2026, 9, 30), "en")
    ('2026-09-30', '30 Sep 2026')
    """
    if day is None:
        return sheet_words(lang)["undated"]
    if lang == "zh":
        return day.isoformat()
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day.day} {months[day.month - 1]} {day.year}"
