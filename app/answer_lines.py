"""Answers of the server as the lines that commands print for people, Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.method import level_word
from app.texts import Text
from layers.catalog import LEVELS

ERROR = Text("错误 error")
SIDES = {"added": Text("新增冲突 +"), "gone": Text("消除冲突 -")}
INSTALLATIONS = {"in_service": Text("在役"), "new": Text("新建")}
BANDS = {
    "unacceptable": Text("不可接受"), "alarp": Text("尽可能降低区"), "acceptable": Text("可接受"), "unrated": Text("资料不足,未判定"),
}
NOT_COMPUTED, SET_ASIDE = Text("未计算"), Text("评价报告不再适用")
CROSSED = {True: Text("超过,须核定"), False: Text("不再超过")}


def site_line(number: int, asked: dict[str, Any], answer: dict[str, Any], lang: str) -> str:
    """One kept site: name, verdict, number, how many reasons, the gravest of them."""
    name = asked.get("name") or f"#{number}"
    if "error" in answer:
        return f"{name}\t{ERROR[lang]}\t{answer['error'][f'message_{lang}']}"
    reasons = answer["reasons"]
    first = f"{reasons[0][f'text_{lang}']} ({reasons[0]['clause']})" if reasons else ""
    return f"{name}\t{answer['verdict'][f'title_{lang}']}\t{answer['ref']}\t{len(reasons)}\t{first}"


def batch_line(row: dict[str, Any], lang: str) -> str:
    """One row of a batch: its number and name, verdict, the gravest reason."""
    verdict = row["verdict"][f"title_{lang}"] if row["verdict"] else f"{ERROR[lang]}\t{row[f'error_{lang}']}"
    return f"{row['row']}\t{row['name']}\t{verdict}\t{row.get(f'title_{lang}') or ''}"


def where_lines(answer: dict[str, Any], lang: str) -> list[str]:
    """Free ground and causes of *where could it go*."""
    title = f"title_{lang}"
    free = Text("{kind}\t未发现不满足项 {free:.2f} km²,{n} 块 / {whole:.2f} km²", kind=answer["project_type"][title],
                free=answer["free_area_m2"] / 1e6, n=answer["n_free"], whole=answer["area_m2"] / 1e6)  # fmt: skip
    return [
        free[lang],
        *(f"{verdict[title]}\t{verdict['area_m2'] / 1e6:.2f} km²" for verdict in answer["verdicts"]),
        *(f"  {cause[title]}\t{cause['clause'] or ''}\t{cause['area_m2'] / 1e6:.2f} km²" for cause in answer["causes"]),
        Text("未评估的事项({n})", n=len(answer["not_assessed"]))[lang],
        *(f"  ? {entry[lang]}" for entry in answer["not_assessed"]),
        answer[f"note_{lang}"],
    ]


def what_if_lines(answer: dict[str, Any], lang: str) -> list[str]:
    """A what-if answer: sources, areas, targets, conflicts, individual and societal risk."""
    return [
        *(_source(entry, lang) for entry in answer["sources"]),
        *(_area(row, lang) for row in answer["levels"]),
        *(f"{Text('防护目标')[lang]}\t{row['name']}\t{_word(row['level_before'], lang)} -> {_word(row['level_after'], lang)}" for row in answer["targets"]),
        *(f"{SIDES[side][lang]}\t{row['subject_name']} - {row['object_name'] or row['object_feature_id']}\t{row['clause']}"
          for side in SIDES for row in answer["violations"][side]),
        *(_risk_lines(answer["risk"], lang) if answer["risk"] is not None else ()),
        *(_societal_lines(answer["societal"], lang) if answer["societal"] is not None else ()),
        answer[f"note_{lang}"],
    ]  # fmt: skip


def _word(level: str | None, lang: str) -> str:
    return level_word(level, lang) if level in LEVELS else "-"


def _source(entry: dict[str, Any], lang: str) -> str:
    before, after = (_word((entry[side] or {}).get("level"), lang) for side in ("before", "after"))
    return f"{entry['name']}\t{before} -> {after}\t{(entry['after'] or entry['before'])[f'reason_{lang}']}"


def _area(row: dict[str, Any], lang: str) -> str:
    persons = Text("{before:.0f} -> {after:.0f} 人", before=row["persons_before"] or 0, after=row["persons_after"] or 0)
    return f"{_word(row['level'], lang)}\t{row['area_before_km2']:.3f} -> {row['area_after_km2']:.3f} km²\t{persons[lang]}"


def _societal_lines(societal: dict[str, Any], lang: str) -> Iterator[str]:
    """Expected deaths and band of each changed enterprise, and the curve at the anchors of the criterion."""
    for row in societal["enterprises"]:
        sides = [row["before"], row["after"]]
        pll = ["-" if side is None else f"{side['pll_per_year']:.2e}" for side in sides]
        bands = ["-" if side is None else BANDS[side["band"]][lang] for side in sides]
        told = Text("社会风险 PLL {before} -> {after} 人/年", before=pll[0], after=pll[1])
        yield f"{told[lang]}\t{row['name'] or row['enterprise_id']}\t{bands[0]} -> {bands[1]}"
        for anchor in societal["limits"]:
            at = [_frequency(side, anchor["n_deaths"]) for side in sides]
            if any(value not in ("-", "0") for value in at):
                n, line = int(anchor["n_deaths"]), anchor["unacceptable_above"]
                yield Text("死亡 {n} 人及以上: {before} -> {after} 次/年,上限 {line:.0e}", n=n, before=at[0], after=at[1], line=line)[lang]
    for row in societal["not_judged"]:
        yield f"{NOT_COMPUTED[lang]}\t{row['unit_id']}\t{row[f'reason_{lang}']}"
    yield societal[f"note_{lang}"]


def _frequency(side: dict[str, Any] | None, n_deaths: float) -> str:
    if side is None:
        return "-"
    return next((f"{point['f']:.1e}" for point in side["curve"] if point["n"] == n_deaths), "0")


def _risk_lines(risk: dict[str, Any], lang: str) -> Iterator[str]:
    """Contours and crossed limits of individual risk."""
    for row in risk["contours"]:
        yield Text("个人风险 {risk:.0e} ({installation})\t{before:.3f} -> {after:.3f} 平方公里", risk=row["risk_per_year"],
                   installation=INSTALLATIONS[row["installation"]], before=row["area_before_km2"], after=row["area_after_km2"])[lang]  # fmt: skip
    for row in risk["crossed"]:
        limit = Text("个人风险限值 {limit:.0e} ({installation})", limit=row["limit_per_year"], installation=INSTALLATIONS[row["installation"]])
        yield f"{limit[lang]}\t{row['target_name'] or row['target_id']}\t{CROSSED[row['is_above']][lang]}"
    for key in risk["set_aside"]:
        yield f"{SET_ASIDE[lang]}\t{key}"
    for row in risk["not_assessed"]:
        yield f"{NOT_COMPUTED[lang]}\t{row['unit_id']}\t{row[f'reason_{lang}']}"
