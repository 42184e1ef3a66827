"""How well an enterprise holds its danger: its diagnostic score, its hidden dangers, and its jobs inside the fence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from layers.scoring.declarations import date_of, text_of
from layers.scoring.enterprise_score import EnterpriseScore, enterprise_score, load_score_table
from layers.scoring.job_methods import JobRisk, job_risk, load_job_rules
from layers.scoring.level_rules import LevelRules
from layers.scoring.policy import RATED
from layers.scoring.sources import Source, band_of, level_titles, number, worst

Row = dict[str, Any]
JOB_TITLES = {"lec": ("LEC法", "LEC"), "ls": ("LS矩阵", "LS matrix")}


def judge_control(
    source: Source,
    row: Mapping[str, Any],
    *,
    dangers: list[Row],
    follow_ups: list[Row],
    score_items: list[Row],
    rules: LevelRules,
    on: date,
) -> None:
    """State of control: score of 应急〔2018〕19号, open major hidden dangers, overdue follow-ups, accidents, direct red.

    A total that an office states goes before the sum of the entries; where their bands differ, that is a dispute.
    Accidents and direct conditions are judged before; they count here.
    """
    itemised = enterprise_score(score_items, load_score_table(on=on))
    stated = number(row.get("control_score"))
    if not math.isnan(stated):
        _judge_score(source, row, stated, rules)
    if itemised:
        _judge_items(source, row, itemised, rules, is_second=not math.isnan(stated))
    _judge_dangers(source, dangers, rules, on)
    judge_follow_ups(source, follow_ups, rules)
    names = ("score", "hidden_danger", "accident", "statutory")
    source.control = worst(entry["result"] for name in names for entry in source.results(name))


def _judge_score(source: Source, row: Mapping[str, Any], score: float, rules: LevelRules) -> None:
    band = band_of(rules.score_bands, "score", score)
    applies = _applies(row, band)
    source.judge(
        "score" if applies else "score_not_applicable",
        band["level"] if applies else None,
        band,
        f"诊断分级{score:g}分" + ("" if applies else "(该办法不适用于此类企业,不计)"),
        f"diagnostic score {score:g}" + ("" if applies else " (the method does not cover this kind)"),
        control_score=score,
    )


def _applies(row: Mapping[str, Any], band: Mapping[str, Any]) -> bool:
    return (text_of(row.get("kind")) or "") in band["kinds"].split("|")


def _judge_items(
    source: Source, row: Mapping[str, Any], found: EnterpriseScore, rules: LevelRules, *, is_second: bool
) -> None:
    """The sum of the entries; of a list with gaps at best that much, so that it can show danger and never blue."""
    band = band_of(rules.score_bands, "score", max(0.0, found.score))
    applies = _applies(row, band)
    level = band["level"] if applies and not (found.is_upper_bound and band["level"] == "blue") else None
    missing = "、".join([*found.missing_items, *found.refused])
    zh = f"扣分表{'至多' if found.is_upper_bound else '合计'}{found.score:g}分" + (f"(缺少或不能识别: {missing})" if missing else "")
    en = f"entries give {'at best ' if found.is_upper_bound else ''}{found.score:g}" + (f" (missing or unknown: {missing})" if missing else "")
    source.judge(
        "score_not_applicable" if not applies else "score_items" if is_second else "score",
        level,
        band,
        zh if applies else f"{zh}(该办法不适用于此类企业,不计)",
        en if applies else f"{en} (the method does not cover this kind)",
        control_score=found.score,
        items=[
            {"item": entry.item, "title_zh": entry.title_zh, "title_en": entry.title_en, "lost": entry.lost, "cap": entry.cap,
             "entries": list(entry.entries)}
            for entry in found.items
        ],
        is_lower_bound=found.is_upper_bound,
        missing_zh=f"诊断分级扣分项 {missing}" if missing else None,
        missing_en=f"entries of the score: {missing}" if missing else None,
    )  # fmt: skip
    stated = source.results("score")
    if is_second and level and stated and stated[0]["result"] != level:
        source.is_disputed = True


def _judge_dangers(source: Source, dangers: list[Row], rules: LevelRules, on: date) -> None:
    """Open major hidden dangers, the overdue ones before the others."""
    is_open = [entry for entry in dangers if entry["severity"] == "major" and entry["status"] == "open"]
    late = [entry for entry in is_open if (date_of(entry.get("deadline_on")) or on) < on]
    for condition, found in (("major_overdue", late), ("major_open", is_open)):
        if found:
            rule = rules.control[condition]
            source.judge(
                "hidden_danger",
                rule["level"],
                rule,
                f"{rule['title_zh']}({len(found)}项)",
                f"{rule['title_en']} ({len(found)})",
                danger_ids=sorted(entry["danger_id"] for entry in found),
                deadline_on=min((day.isoformat() for day in map(date_of, (row.get("deadline_on") for row in found)) if day), default=None),
            )
            return


def judge_follow_ups(source: Source, entries: list[Row], rules: LevelRules) -> None:
    """Entries of the ledger that were overdue when the edition was fixed; they count as hidden dangers do."""
    late = sorted(str(entry["ref"]) for entry in entries if entry["state"] == "overdue")
    if not late:
        return
    rule = rules.control["follow_up_overdue"]
    zh, en = f"{rule['title_zh']}({len(late)}项)", f"{rule['title_en']} ({len(late)})"
    source.judge("hidden_danger", rule["level"], rule, zh, en, danger_ids=late)
    source.control = worst((source.control, rule["level"]))


def judge_jobs(source: Source, jobs: list[Row], *, on: date) -> None:
    """One line a method over an enterprise's jobs, told and never counted: they judge what is inside the fence."""
    rules = load_job_rules(on=on)
    found = [(row, job_risk(row, rules)) for row in sorted(jobs, key=lambda row: str(row["job_id"]))]
    for method in JOB_TITLES:
        mine = [(row, risk) for row, risk in found if risk.method == method]
        if mine:
            _tell_jobs(source, method, mine)


def _tell_jobs(source: Source, method: str, mine: list[tuple[Row, JobRisk]]) -> None:
    graded = [(row, risk) for row, risk in mine if risk.level]
    counts = Counter(risk.level for _, risk in graded)
    level = worst(level for level in counts if level)
    title_zh, title_en = JOB_TITLES[method]
    titles = level_titles()
    first = max((pair for pair in graded if pair[1].level == level), key=lambda pair: pair[1].value or 0.0, default=mine[0])
    n_refused = len(mine) - len(graded)
    tail_zh = f";{n_refused}项取值不在表内,未评" if n_refused else ""
    tail_en = f"; {n_refused} not on the scale, not rated" if n_refused else ""
    of_level = [(name, counts[name]) for name in RATED if counts[name]]
    source.judge(
        f"job_{method}",
        None if not graded else level,
        first[1].rule,
        f"厂内作业 {title_zh} {len(mine)}项: " + "、".join(f"{titles[name][0]}{n}" for name, n in of_level)
        + f";最高 {first[0]['name']}(不计入厂外颜色){tail_zh}",
        f"jobs by {title_en}, {len(mine)}: " + ", ".join(f"{titles[name][1].lower()} {n}" for name, n in of_level)
        + f"; worst: {first[0]['name']} (colours nothing beyond the fence){tail_en}",
        n_jobs=len(mine),
        n_refused=n_refused,
        counts={name: n for name, n in of_level},
        worst_job=first[0]["job_id"],
        worst_value=first[1].value,
    )  # fmt: skip
