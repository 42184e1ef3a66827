"""The advice letter of a siting case: what was asked, on what basis, the verdict with its reasons, what to do."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.export.reply_letter import Letter
from app.notice_letter import in_words
from app.site_requests import INSTALLATION_WORDS

COLUMNS = ("序号", "部分", "事项", "对象", "实测 m", "应不小于 m", "缺 m", "条款", "性质")
VERDICT_SENTENCES = {
    "not_met": "经筛查,该选址存在不满足项,按现方案不宜实施。",
    "not_enough": "经筛查,现有资料不足,未作判断。",
    "permit": "经筛查,该选址须办理许可或专项论证。",
    "nothing_found": "经筛查,已查项目未发现不满足项。",
}
GRAVITY_WORDS = {1: "不满足", 2: "资料不足", 3: "须办理或核定"}
CONSTRUCTION_WORDS = {"new": "新建", "extension": "改扩建", "temporary": "临时"}
DEMANDS = {
    "prohibited": "对禁止和距离不足的事项,须调整场址或方案后重新筛查。",
    "minimum_distance": "对禁止和距离不足的事项,须调整场址或方案后重新筛查。",
    "permit_required": "对须申请的事项,开工前向条款所指主管部门提出申请。",
    "criterion": "对个人风险等值线内的事项,以有效的评价报告核定。",
    "unrated_source": "对未评级、无规则和缺资料的风险源,由其主管部门核定后再判断。",
    "no_rule": "对未评级、无规则和缺资料的风险源,由其主管部门核定后再判断。",
    "missing_input": "对未评级、无规则和缺资料的风险源,由其主管部门核定后再判断。",
    "service": "对消防到场时间和出入口交通安全,宜作专项论证。",
    "policy": "对园区外的化工项目,须核定入园要求。",
}


def siting_letter(case: dict[str, Any], *, today: date) -> Letter:
    """The letter for a kept case, by its newest judgement that could be made."""
    answer, asked = newest_answer(case), case["request"]
    name = asked.get("name") or "拟建"
    return Letter(
        title=f"关于{name}{'' if name.endswith('项目') else '项目'}选址安全风险筛查的告知",
        number=case["ref"],
        to=f"{asked.get('applicant') or '申请单位'}:",
        verdict=VERDICT_SENTENCES[answer["verdict"]["id"]],
        sections=(
            ("一、项目概况", _project(asked, answer)),
            ("二、依据", _basis(answer)),
            ("三、结论", _reasons(answer)),
            ("四、建议与须办事项", _demands(answer)),
            ("五、说明", _notes(answer)),
        ),
        columns=COLUMNS,
        rows=tuple(_row(number, reason) for number, reason in enumerate(answer["reasons"], start=1)),
        closing=(in_words(today),),
    )


def newest_answer(case: dict[str, Any]) -> dict[str, Any]:
    """What a case was answered last that could be answered."""
    return [case, *(check["answer"] for check in case["checks"] if "error" not in check["answer"])][-1]


def _project(asked: dict[str, Any], answer: dict[str, Any]) -> tuple[str, ...]:
    construction = asked.get("construction") or ("new" if asked.get("is_new", True) else "extension")
    dates = f",{asked['starts_on']} 至 {asked['ends_on']}" if construction == "temporary" else ""
    sent = asked.get("parts") or [asked]
    parts = (_part(number, entry, told) for number, (entry, told) in enumerate(zip(sent, answer.get("parts", []), strict=False), start=1))
    return (f"建设性质:{CONSTRUCTION_WORDS[construction]}{dates}。", *parts, *((f"备注:{asked['note']}",) if asked.get("note") else ()))


def _part(number: int, entry: dict[str, Any], told: dict[str, Any]) -> str:
    words = [f"第{number}部分:{told['project_type']['title_zh']}", f"用地 {told['area_m2'] / 1e4:.2f} 公顷"]
    if entry.get("n_persons") is not None:
        words.append(f"同时最多 {entry['n_persons']} 人")
    if entry.get("height_m") is not None:
        words.append(f"建筑高度 {entry['height_m']:g} m")
    if entry.get("installation"):
        words.append(INSTALLATION_WORDS[entry["installation"]])
    chemicals = entry.get("chemicals") or ([entry] if entry.get("chemical") else [])
    words += [f"{row['chemical']} {row['amount_t']:g} t" for row in chemicals]
    share = told.get("share_of_area")
    return ",".join(words) + f";结论:{told['verdict']['title_zh']}" + (f",涉及用地 {share:.0%}" if share is not None else "") + "。"


def _basis(answer: dict[str, Any]) -> tuple[str, ...]:
    clauses = list(dict.fromkeys(reason["clause"] for reason in answer["reasons"] if reason["clause"]))
    data = f"数据版次{answer['edition_label']}(资料截至{answer['data_as_of'] or '不详'}),规则表版本{answer['rules_version']}。"
    return (*(f"{clause}。" for clause in clauses), data)


def _reasons(answer: dict[str, Any]) -> tuple[str, ...]:
    if not answer["reasons"]:
        return (f"已查 {len(answer['passed'])} 项,未发现不满足项;未查的项目见说明。",)
    lines = (
        f"{number}. {reason['title_zh']}:{reason['text_zh']}" + (f"({reason['clause']})" if reason["clause"] else "") + "。"
        for number, reason in enumerate(answer["reasons"], start=1)
    )
    return tuple(lines)


def _demands(answer: dict[str, Any]) -> tuple[str, ...]:
    found = dict.fromkeys(DEMANDS[reason["kind"]] for reason in answer["reasons"] if reason["kind"] in DEMANDS)
    return (*found, "未列入本函的要求,以主管部门意见为准。")


def _notes(answer: dict[str, Any]) -> tuple[str, ...]:
    unsaid = ";".join(entry["zh"] for entry in answer["not_assessed"])
    legal = answer.get("legal_note_zh")
    return (answer["disclaimer_zh"], *((f"未评估:{unsaid}。",) if unsaid else ()), *((f"{legal}。",) if legal else ()))


def _row(number: int, reason: dict[str, Any]) -> tuple[str, ...]:
    named = reason["object"] or {}
    return (
        str(number), str(reason["part"] + 1), reason["title_zh"], named.get("name") or named.get("id") or "—", _metres(reason["actual_m"]),
        _metres(reason["required_m"]), _metres(reason["shortfall_m"]), reason["clause"] or "无规则",
        ("可能" if reason["certainty"] == "possible" else "") + GRAVITY_WORDS[reason["gravity"]],
    )  # fmt: skip


def _metres(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"
