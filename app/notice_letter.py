"""The reply to a kept dig notice in the words of a letter, Chinese or English: what was asked, what binds the works, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from babel.dates import format_date

from app.export.reply_letter import Letter
from app.export.words import written_date
from app.texts import DataText, Text, listed
from layers.catalog import Catalog
from layers.scoring.chainage import written_chainage

COLUMNS = (
    Text("序号"), Text("管线(设施)"), Text("桩号"), Text("距离±误差 m"), Text("规定 m"), Text("判定"), Text("条款"), Text("管道企业"),
)  # fmt: skip
VERDICT_SENTENCES = {
    "prohibited": Text("经核查,拟施工范围内存在法律禁止的作业,不得施工。"),
    "possibly_prohibited": Text("经核查,拟施工范围可能涉及法律禁止的作业,须现场测定管道位置后再定。"),
    "permit_required": Text("经核查,拟施工须按规定提出申请,经批准并与管道企业签订安全防护协议后方可施工。"),
    "see_code": Text("经核查,须按强制性技术规范另行核定。"),
    "not_assessed": Text("经核查,施工范围附近有管道,现有规则不能判定,须与管道企业联系核实。"),
    "nothing_found": Text("经核查,现有数据中未发现施工范围与管道保护规定冲突。"),
}
LEFT_OPEN = Text("经核查,施工范围附近有资料不全、不能判定的对象,须补齐资料或现场核实后再定。")
HEADINGS = (Text("一、告知内容"), Text("二、依据"), Text("三、办理要求"), Text("四、说明"))
DATE_FORMATS = {"zh": "long", "en": "d MMM y"}
PIPE_LAYERS = ("pipelines", "pipeline_stations", "pipeline_sections")
FEW = 3
"""So many things of one kind stand in the table; one more is no reason for a list."""
NO_RULE = Text("无规则")
UNKNOWN_OPERATOR = Text("管道企业(现有数据未载明,须查明)")


def notice_letter(notice: dict[str, Any], layers: Catalog, *, today: date, lang: str) -> Letter:
    """The letter for a kept notice, by its newest judgement that could be made; `lang` is ``zh`` or ``en``.

    Of many things of one layer under one clause the table names the nearest, and the enclosed list all.
    """
    answers = [notice, *(check["answer"] for check in notice["checks"] if "error" not in check["answer"])]
    answer, asked = answers[-1], notice["request"]
    every = tuple(_row(number, row, lang) for number, row in enumerate(answer["touched"], start=1))
    rows = _few_of_each(answer["touched"], every, layers, lang)
    told = ((_asked(asked, answer, lang),), _basis(answer, lang), _demands(answer, lang), _notes(answer, lang))
    return Letter(
        title=_title(asked["name"])[lang],
        number=notice["ref"],
        to=f"{asked['applicant']}:",
        verdict=_verdict_sentence(answer)[lang],
        sections=tuple((heading[lang], lines) for heading, lines in zip(HEADINGS, told, strict=True)),
        columns=tuple(column[lang] for column in COLUMNS),
        rows=rows,
        list_rows=every if len(rows) < len(every) else (),
        closing=(answer[f"office_{lang}"], in_words(today, lang)),
        lang=lang,
    )


def _few_of_each(
    touched: Sequence[dict[str, Any]], rows: Sequence[tuple[str, ...]], layers: Catalog, lang: str
) -> tuple[tuple[str, ...], ...]:
    """The first rows of each layer, verdict and clause, with how many more there are and how near they are; every pipe, for each has its operator."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for at, row in enumerate(touched):
        alike.setdefault((row["subject"]["layer"], row["verdict"], row["verdict_en"], row["clause"]), []).append(at)
    told: list[tuple[str, ...]] = []
    for (layer, _, _, clause), found in alike.items():
        few = found if layer in PIPE_LAYERS or len(found) <= FEW + 1 else found[:FEW]
        told += [rows[at] for at in few]
        others = [touched[at] for at in found[len(few) :]]
        if others:
            nearest = min(others, key=lambda row: row["distance_m"])
            kind = DataText(layers[layer].title_zh, layers[layer].title_en) if layer in layers else layer
            words = Text("另有{n}个{kind},见清单", n=len(others), kind=kind)[lang]
            near = Text("最近 {metres:.1f}", metres=nearest["distance_m"])[lang]
            told.append(("…", words, "—", near, "—", nearest[f"verdict_{lang}"], clause or NO_RULE[lang], "—"))
    return tuple(told)


def _verdict_sentence(answer: dict[str, Any]) -> Text:
    """The verdict in words; where no pipe but a bridge, a tower or a building is left open, no pipeline is spoken of."""
    is_open = answer["verdict"]["id"] == "not_assessed"
    has_pipe = any(row["subject"]["layer"] == "pipelines" for row in answer["touched"])
    return LEFT_OPEN if is_open and not has_pipe else VERDICT_SENTENCES[answer["verdict"]["id"]]


def in_words(day: date, lang: str) -> str:
    """A day as letters write it.

    >>> in_words(date(2026, 9, 3), "zh"), in_words(date(2026, 9, 3), "en")
    ('2026年9月3日', '3 Sep 2026')
    """
    return format_date(day, DATE_FORMATS[lang], locale=lang)


def written_day(told: str, lang: str) -> str:
    """A day of an answer as tables and sheets write it.

    >>> written_day("2026-09-03", "zh"), written_day("2026-09-03", "en")
    ('2026-09-03', '3 Sep 2026')
    """
    return written_date(date.fromisoformat(told), lang)


def data_line(answer: dict[str, Any], lang: str) -> str:
    """Edition, date of the data and version of the rules that an answer rests on."""
    as_of = written_day(answer["data_as_of"], lang) if answer["data_as_of"] else Text("不详")
    words = Text("数据版次{edition}(资料截至{as_of}),规则表版本{rules}。", edition=answer["edition_label"], as_of=as_of, rules=answer["rules_version"])
    return words[lang]


def _title(name: str) -> Text:
    if not name:
        return Text("关于施工告知的复函")
    return Text("关于{name}告知的复函", name=name) if name.endswith("施工") else Text("关于{name}施工告知的复函", name=name)


def _asked(asked: dict[str, Any], answer: dict[str, Any], lang: str) -> str:
    received, starts, ends = (in_words(date.fromisoformat(asked[name]), lang) for name in ("received_on", "starts_on", "ends_on"))
    kinds = listed(answer[f"activities_{lang}"])
    words = Text("你单位{received}来文告知:施工类型为{kinds},施工日期{starts}至{ends},联系电话{phone}。",
                 received=received, kinds=kinds, starts=starts, ends=ends, phone=asked["phone"])  # fmt: skip
    return words[lang]


def _basis(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    clauses = list(dict.fromkeys(row["clause"] for row in answer["touched"] if row["clause"]))
    laws = (Text("{note}。", note=DataText(_law(clause), clause)) for clause in clauses)
    return (*(law[lang] for law in laws), data_line(answer, lang))


def _law(clause: str) -> str:
    """The clause with the law's name in title marks.

    >>> _law("石油天然气管道保护法(2010) 第35条(二)")
    '《石油天然气管道保护法》(2010)第35条(二)'
    """
    name, bracket, rest = clause.partition("(")
    return f"《{name.strip()}》{bracket}{rest.replace(') ', ')', 1)}"


def _demands(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    by_oneself = Text("开工前仍须自行查明地下管线。")[lang]
    if not answer["lines"]:
        return (by_oneself,)
    operators = listed(answer["operators"])[lang] or UNKNOWN_OPERATOR[lang]
    due_on = in_words(date.fromisoformat(answer["due_on"]), lang)
    has_pipe = any(line["layer"] in PIPE_LAYERS for line in answer["lines"])
    first = Text("施工前与{operators}现场核实管道位置。", operators=operators)[lang] if has_pipe else by_oneself
    return (first, Text("本函答复期限为{due_on}。", due_on=due_on)[lang])


def _notes(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    unplaced, legal = answer["n_unplaced_pipelines"], answer[f"legal_note_{lang}"]
    more = (Text("另有{n}条管线没有位置,未能参与比对。", n=unplaced)[lang],) if unplaced else ()
    return (sentence(answer[f"warning_{lang}"], lang), *_not_shown(answer, lang), *more, *((sentence(legal, lang),) if legal else ()))


def _not_shown(answer: dict[str, Any], lang: str) -> tuple[str, ...]:
    titles = [entry[f"title_{lang}"] for entry in answer.get("not_shown", ())]
    return (Text("本期没有以下数据,未作判断:{titles}。", titles=listed(titles))[lang],) if titles else ()


def sentence(words: str, lang: str) -> str:
    """Words with a full stop behind them.

    >>> sentence("Screening only", "en"), sentence("Screening only.", "en")
    ('Screening only.', 'Screening only.')
    """
    return Text("{note}。", note=DataText(words, words.removesuffix(".")))[lang]


def _row(number: int, row: dict[str, Any], lang: str) -> tuple[str, ...]:
    low, high = row["chainage_from_m"], row["chainage_to_m"]
    return (
        str(number),
        row["subject"]["name"] or row["subject"]["id"],
        "—" if low is None else f"{written_chainage(low)}–{written_chainage(high)}",
        f"{row['distance_m']:.1f} ±{row['error_m']:.0f}",
        "—" if row["required_m"] is None else f"{row['required_m']:g}",
        row[f"verdict_{lang}"],
        row["clause"] or NO_RULE[lang],
        row["operator"] or "—",
    )
