"""The reply to a kept dig notice in the words of a letter: what was asked, what binds the works, what to do."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.export.reply_letter import Letter
from layers.scoring.chainage import written_chainage

COLUMNS = ("序号", "管线(设施)", "桩号", "距离±误差 m", "规定 m", "判定", "条款", "管道企业")
VERDICT_SENTENCES = {
    "prohibited": "经核查,拟施工范围内存在法律禁止的作业,不得施工。",
    "possibly_prohibited": "经核查,拟施工范围可能涉及法律禁止的作业,须现场测定管道位置后再定。",
    "permit_required": "经核查,拟施工须按规定提出申请,经批准并与管道企业签订安全防护协议后方可施工。",
    "see_code": "经核查,须按强制性技术规范另行核定。",
    "not_assessed": "经核查,施工范围附近有管道,现有规则不能判定,须与管道企业联系核实。",
    "nothing_found": "经核查,现有数据中未发现施工范围与管道保护规定冲突。",
}


def notice_letter(notice: dict[str, Any], *, today: date) -> Letter:
    """The letter for a kept notice, by its newest judgement that could be made."""
    answers = [notice, *(check["answer"] for check in notice["checks"] if "error" not in check["answer"])]
    answer, asked = answers[-1], notice["request"]
    works = f"{asked['name']}施工" if asked["name"] and not asked["name"].endswith("施工") else asked["name"] or "施工"
    return Letter(
        title=f"关于{works}告知的复函",
        number=notice["ref"],
        to=f"{asked['applicant']}:",
        verdict=VERDICT_SENTENCES[answer["verdict"]["id"]],
        sections=(
            ("一、告知内容", (_asked(asked, answer),)),
            ("二、依据", _basis(answer)),
            ("三、办理要求", _demands(answer)),
            ("四、说明", _notes(answer)),
        ),
        columns=COLUMNS,
        rows=tuple(_row(number, row) for number, row in enumerate(answer["touched"], start=1)),
        closing=(answer["office_zh"], in_words(today)),
    )


def in_words(day: date) -> str:
    """A day as letters write it.

    >>> in_words(date(2026, 9, 3))
    '2026年9月3日'
    """
    return f"{day.year}年{day.month}月{day.day}日"


def _asked(asked: dict[str, Any], answer: dict[str, Any]) -> str:
    received, starts, ends = (in_words(date.fromisoformat(asked[name])) for name in ("received_on", "starts_on", "ends_on"))
    return f"你单位{received}来文告知:施工类型为{'、'.join(answer['activities_zh'])},施工日期{starts}至{ends},联系电话{asked['phone']}。"


def _basis(answer: dict[str, Any]) -> tuple[str, ...]:
    clauses = list(dict.fromkeys(row["clause"] for row in answer["touched"] if row["clause"]))
    data = f"数据版次{answer['edition_label']}(资料截至{answer['data_as_of'] or '不详'}),规则表版本{answer['rules_version']}。"
    return (*(_law(clause) for clause in clauses), data)


def _law(clause: str) -> str:
    """The clause with the law's name in title marks.

    >>> _law("石油天然气管道保护法(2010) 第35条(二)")
    '《石油天然气管道保护法》(2010)第35条(二)。'
    """
    name, bracket, rest = clause.partition("(")
    return f"《{name.strip()}》{bracket}{rest.replace(') ', ')', 1)}。"


def _demands(answer: dict[str, Any]) -> tuple[str, ...]:
    if not answer["lines"]:
        return ("开工前仍须自行查明地下管线。",)
    operators = "、".join(answer["operators"]) or "管道企业(现有数据未载明,须查明)"
    return (f"施工前与{operators}现场核实管道位置。", f"本函答复期限为{in_words(date.fromisoformat(answer['due_on']))}。")


def _notes(answer: dict[str, Any]) -> tuple[str, ...]:
    unplaced = answer["n_unplaced_pipelines"]
    more = (f"另有{unplaced}条管线没有位置,未能参与比对。",) if unplaced else ()
    return (f"{answer['warning_zh']}。", *more, *((f"{answer['legal_note_zh']}。",) if answer["legal_note_zh"] else ()))


def _row(number: int, row: dict[str, Any]) -> tuple[str, ...]:
    low, high = row["chainage_from_m"], row["chainage_to_m"]
    return (
        str(number),
        row["subject"]["name"] or row["subject"]["id"],
        "—" if low is None else f"{written_chainage(low)}–{written_chainage(high)}",
        f"{row['distance_m']:.1f} ±{row['error_m']:.0f}",
        "—" if row["required_m"] is None else f"{row['required_m']:g}",
        row["verdict_zh"],
        row["clause"] or "无规则",
        row["operator"] or "—",
    )

