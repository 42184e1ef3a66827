"""The advice letter of a siting case, Chinese or English: what was asked, on what basis, the verdict with its reasons, what to do."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.export.reply_letter import Letter
from app.notice_letter import NO_RULE, data_line, in_words, sentence, written_day
from app.site_requests import CONSTRUCTION_WORDS, INSTALLATION_WORDS
from app.texts import DataText, Text, TextIn

COLUMNS = (
    Text("序号"), Text("部分"), Text("事项"), Text("对象"), Text("实测 m"), Text("应不小于 m"), Text("缺 m"), Text("条款"), Text("性质"),
)  # fmt: skip
HEADINGS = (Text("一、项目概况"), Text("二、依据"), Text("三、结论"), Text("四、建议与须办事项"), Text("五、说明"))
VERDICT_SENTENCES = {
    "not_met": Text("经筛查,该选址存在不满足项,按现方案不宜实施。"),
    "not_enough": Text("经筛查,现有资料不足,未作判断。"),
    "permit": Text("经筛查,该选址须办理许可或专项论证。"),
    "nothing_found": Text("经筛查,已查项目未发现不满足项。"),
}
GRAVITY_WORDS = {1: Text("不满足"), 2: Text("资料不足"), 3: Text("须办理或核定")}
ADJUST = Text("对禁止和距离不足的事项,须调整场址或方案后重新筛查。")
SETTLE = Text("对未评级、无规则和缺资料的风险源,由其主管部门核定后再判断。")
DEMANDS = {
    "prohibited": ADJUST,
    "minimum_distance": ADJUST,
    "permit_required": Text("对须申请的事项,开工前向条款所指主管部门提出申请。"),
    "criterion": Text("对个人风险等值线内的事项,以有效的评价报告核定。"),
    "unrated_source": SETTLE,
    "no_rule": SETTLE,
    "missing_input": SETTLE,
    "service": Text("对消防到场时间和出入口交通安全,宜作专项论证。"),
    "policy": Text("对园区外的化工项目,须核定入园要求。"),
}


def siting_letter(case: dict[str, Any], *, today: date, lang: str) -> Letter:
    """The letter for a kept case, by its newest judgement that could be made; `lang` is ``zh`` or ``en``."""
    answer, asked = newest_answer(case), case["request"]
    applicant = asked.get("applicant") or Text("申请单位")[lang]
    told = (_project(asked, answer, lang), _basis(answer, lang), _reasons(answer, lang), _demands(answer, lang), _notes(answer, lang))
    return Letter(
        title=_title(asked.get("name"))[lang],
        number=case["ref"],
        to=f"{applicant}:",
        verdict=VERDICT_SENTENCES[answer["verdict"]["id"]][lang],
        sections=tuple((heading[lang], lines) for heading, lines in zip(HEADINGS, told, strict=True)),
        columns=tuple(column[lang] for column in COLUMNS),
        rows=tuple(_row(number, reason, lang) for number, reason in enumerate(answer["reasons"], start=1)),
        closing=(in_words(today, lang),),
        details=_details(answer, lang),
        lang=lang,
    )


def newest_answer(case: dict[str, Any]) -> dict[str, Any]:
    """What a case was answered last that could be answered."""
    return [case, *(check["answer"] for check in case["checks"] if "error" not in check["answer"])][-1]


def _title(name: str | None) -> Text:
    if not name:
        return Text("关于拟建项目选址安全风险筛查的告知")
    return Text("关于{name}选址安全风险筛查的告知", name=name) if name.endswith("项目") else Text("关于{name}项目选址安全风险筛查的告知", name=name)


def _project(asked: dict[str, Any], answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    construction = asked.get("construction") or ("new" if asked.get("is_new", True) else "extension")
    kind = CONSTRUCTION_WORDS[construction]
    told = Text("建设性质:{kind}。", kind=kind)
    if construction == "temporary":
        told = Text("建设性质:{kind},{starts_on} 至 {ends_on}。", kind=kind,
                    starts_on=written_day(asked["starts_on"], lang), ends_on=written_day(asked["ends_on"], lang))  # fmt: skip
    sent = asked.get("parts") or [asked]
    parts = (_part(number, entry, told, lang) for number, (entry, told) in enumerate(zip(sent, answer.get("parts", []), strict=False), start=1))
    note = Text("备注:{note}", note=asked.get("note"))
    return (told[lang], *parts, *((note[lang],) if asked.get("note") else ()))


def _part(number: int, entry: dict[str, Any], told: dict[str, Any], lang: str) -> str:
    words = [
        Text("第{number}部分:{kind}", number=number, kind=told["project_type"][f"title_{lang}"]),
        Text("用地 {area:.2f} 公顷", area=told["area_m2"] / 1e4),
    ]
    if entry.get("n_persons") is not None:
        words.append(Text("同时最多 {n} 人", n=entry["n_persons"]))
    if entry.get("height_m") is not None:
        words.append(Text("建筑高度 {height:g} m", height=entry["height_m"]))
    if entry.get("installation"):
        words.append(INSTALLATION_WORDS[entry["installation"]])
    chemicals = entry.get("chemicals") or ([entry] if entry.get("chemical") else [])
    facts = [word[lang] for word in words] + [f"{row['chemical']} {row['amount_t']:g} t" for row in chemicals]
    verdict, share = told["verdict"][f"title_{lang}"], told.get("share_of_area")
    ended = Text("结论:{verdict}。", verdict=verdict) if share is None else Text("结论:{verdict},涉及用地 {share:.0%}。", verdict=verdict, share=share)
    return TextIn("joint", ",")[lang].join(facts) + TextIn("joint", ";")[lang] + ended[lang]


def _basis(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    clauses = dict.fromkeys(reason["clause"] for reason in answer["reasons"] if reason["clause"])
    return (*(sentence(clause, lang) for clause in clauses), data_line(answer, lang))


def _reasons(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    if not answer["reasons"]:
        return (Text("已查 {n} 项,未发现不满足项;未查的项目见说明。", n=len(answer["passed"]))[lang],)
    return tuple(_reason(number, reason, lang) for number, reason in enumerate(answer["reasons"], start=1))


def _reason(number: int, reason: dict[str, Any], lang: str) -> str:
    title, text, clause = reason[f"title_{lang}"], DataText(reason["text_zh"], reason["text_en"].removesuffix(".")), reason["clause"]
    if not clause and text[lang].endswith(title):
        return Text("{number}. {text}。", number=number, text=text)[lang]
    if not clause:
        return Text("{number}. {title}:{text}。", number=number, title=title, text=text)[lang]
    return Text("{number}. {title}:{text}({clause})。", number=number, title=title, text=text, clause=clause)[lang]


def _demands(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    found = dict.fromkeys(DEMANDS[reason["kind"]] for reason in answer["reasons"] if reason["kind"] in DEMANDS)
    return (*(demand[lang] for demand in found), Text("未列入本函的要求,以主管部门意见为准。")[lang])


def _notes(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    n, legal = len(answer["not_assessed"]), answer.get(f"legal_note_{lang}")
    missing = (Text("未评估的检查 {n} 项,不在本结论之内,逐项列于附件2。", n=n)[lang],) if n else ()
    return (answer[f"disclaimer_{lang}"], *missing, *((sentence(legal, lang),) if legal else ()))


def _details(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    """Every check that found nothing, and everything that no check could look at, each in a line of its own."""
    passed = [entry[f"title_{lang}"] for entry in answer["passed"]]
    unsaid = [entry[lang] for entry in answer["not_assessed"]]
    heads = (Text("已查,未发现不满足项({n} 项)", n=len(passed)), Text("未评估({n} 项)", n=len(unsaid)))
    return tuple(line for head, entries in zip(heads, (passed, unsaid), strict=True) if entries
                 for line in (head[lang], *(f"{number}. {entry}" for number, entry in enumerate(entries, start=1))))  # fmt: skip


def _row(number: int, reason: dict[str, Any], lang: str) -> tuple[str, ...]:
    named, gravity = reason["object"] or {}, GRAVITY_WORDS[reason["gravity"]]
    nature = Text("可能{gravity}", gravity=gravity) if reason["certainty"] == "possible" else gravity
    return (
        str(number), str(reason["part"] + 1), reason[f"title_{lang}"], named.get("name") or named.get("id") or "—", _metres(reason["actual_m"]),
        _metres(reason["required_m"]), _metres(reason["shortfall_m"]), reason["clause"] or NO_RULE[lang], nature[lang],
    )  # fmt: skip


def _metres(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"
