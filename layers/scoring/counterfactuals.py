"""What would change a colour: the amount, the distance, the danger closed, the field filled in, each computed and not official."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from layers.scoring import kernels
from layers.scoring.colouring_sources import GRID_MAXIMUM
from layers.scoring.explain import Contribution, Explanation
from layers.scoring.level_rules import load_level_rules
from layers.scoring.levels import deciding_entry
from layers.scoring.major_hazard import load_major_hazard_rules
from layers.scoring.plants import computed_from
from layers.scoring.policy import RATED
from layers.scoring.sources import UNRATED, level_titles
from layers.scoring.zoning import lower_bounds

MOST_SOURCES = 3
"""Sources of a place that are tried, the largest contributions."""
Methods = list[dict[str, Any]]


@dataclass(frozen=True)
class WhatIf:
    """One thing that would change a level: `kind`, the level then (None where it is open), and words with the figures."""

    kind: str
    level: str | None
    text_zh: str
    text_en: str
    point_id: str | None = None


def level_word(level: str | None) -> tuple[str, str]:
    """A level in both languages."""
    zh, en = level_titles().get(level or UNRATED, ("不着色", "No colour"))
    return zh, en.lower()


# A place


def for_place(found: Explanation, missing: Mapping[str, tuple[str, str | None]]) -> list[WhatIf]:
    """What would change the colour of a place: a source gone, more distance to it, an unrated source rated.

    Parameters
    ----------
    missing : name and missing data by ``point_id``, of the sources in `found.unrated_ids`.
    """
    if found.policy.method == GRID_MAXIMUM:
        told = _without_the_worst(found)
    elif found.index is not None and found.policy.index_from is not None:
        told = _by_source(found)
    else:
        told = []
    unrated = [(point_id, *missing[point_id]) for point_id in found.unrated_ids if point_id in missing]
    told += [_unrated(*entry) for entry in unrated[:MOST_SOURCES]]
    more = len(unrated) - MOST_SOURCES
    if more > 0:
        told.append(WhatIf("missing", None, f"另有 {more} 个未评级或位置不准的源可能影响此处", f"{more} more sources without a level or a precise position may matter here"))
    return told


def _unrated(point_id: str, name: str, what: str | None) -> WhatIf:
    zh, en = missing_words(what)
    return WhatIf("missing", None, f"{name} 缺{zh},补齐后此处可能升高", f"may rise once {name} is rated; missing: {en}", point_id)


def missing_words(text: str | None) -> tuple[str, str]:
    """The Chinese and the English half of what a source lacks, each with the office that has it.

    >>> missing_words("核定等级 (a declared level);责任部门: 应急局")
    ('核定等级(责任部门: 应急局)', 'a declared level (office: 应急局)')
    """
    what, _, office = (text or "核定等级 (a declared level)").partition(";责任部门: ")
    zh, _, en = what.partition(" (")
    en = en.removesuffix(")") or zh
    return (f"{zh}(责任部门: {office})", f"{en} (office: {'not stated' if office == '未明确' else office})") if office else (zh, en)


def _without_the_worst(found: Explanation) -> list[WhatIf]:
    deciders = [part for part in found.contributions if part.is_deciding]
    others = [part for part in found.contributions if not part.is_deciding]
    if not deciders:
        return []
    level = min((part.level for part in others), key=RATED.index, default=None)
    names = "、".join(str(part.name or part.source_id) for part in deciders[:MOST_SOURCES])
    more = f"等{len(deciders)}个源" if len(deciders) > MOST_SOURCES else ""
    zh, en = level_word(level)
    return [WhatIf("without", level or UNRATED, f"没有 {names}{more}: {zh}", f"without {names}{' and others' if more else ''}: {en}")]


def _by_source(found: Explanation) -> list[WhatIf]:
    """Of the largest contributions: the level without each, and from how far off it would not hold the present level."""
    total = _total_cubes(found)
    told: list[WhatIf] = []
    for part in found.contributions[:MOST_SOURCES]:
        if not part.share:
            continue
        cube = part.share * total
        floor = _floor_without(found, part)
        index, level = _index_and_level(found, max(0.0, total - cube), floor)
        if level == found.level:
            continue
        zh, en = level_word(level)
        name = str(part.name or part.source_id)
        told.append(WhatIf("without", level, f"没有 {name}: 指数 {index:.1f},{zh}", f"without {name}: index {index:.1f}, {en}", part.point_id))
        told += _farther(found, part, total - cube, floor)
    return told or _all_together(found)


def _total_cubes(found: Explanation) -> float:
    """Σ h³ before it was cut at 1; parts of one line have less than their own h³, so the least quotient is right."""
    quotients = [part.h**3 / part.share for part in found.contributions if part.share and part.h > 0]
    return min(quotients, default=0.0)


def _floor_without(found: Explanation, part: Contribution) -> int:
    """Code of the footprint's level that stays when one source is gone; 0 where none does."""
    rule = found.footprint_rule
    return 0 if rule is None or rule.point_id == part.point_id else RATED.index(rule.level) + 1


def _index_and_level(found: Explanation, cubes: float, floor: int) -> tuple[float, str]:
    lower = lower_bounds(found.policy)
    if not cubes > 0 and not floor:
        return 0.0, UNRATED
    _, index = kernels.index_of(cubes, floor, found.vulnerability, found.help_factor, lower)
    code = kernels.level_code(index, lower)
    return float(index), RATED[code - 1] if code else UNRATED


def _farther(found: Explanation, part: Contribution, other_cubes: float, floor: int) -> list[WhatIf]:
    """The distance from which a source no longer keeps the place at its level, all else as it is."""
    bound = float(lower_bounds(found.policy)[RATED.index(found.level)]) if found.level in RATED else 0.0
    allowed = (bound / (100.0 * found.vulnerability * found.help_factor)) ** 3 - other_cubes
    strength = part.strength * part.help_factor
    h = allowed ** (1 / 3) if allowed > 0 else 0.0
    if not 0 < h < strength:
        return []
    distance_m = part.radius_m * math.sqrt(1.0 - math.sqrt(h / strength))
    if distance_m <= part.distance_m:
        return []
    just_beyond = (allowed + other_cubes) * (1 - 1e-5)  # the index is kept as float32
    _, level = _index_and_level(found, just_beyond, floor)
    zh, en = level_word(level)
    name = str(part.name or part.source_id)
    return [WhatIf(
        "distance", level, f"距 {name} 超过 {math.ceil(distance_m)} 米(现 {part.distance_m:.0f} 米): {zh}",
        f"more than {math.ceil(distance_m)} m from {name} (now {part.distance_m:.0f} m): {en}", part.point_id,
    )]  # fmt: skip


def _all_together(found: Explanation) -> list[WhatIf]:
    if found.level not in RATED or len(found.contributions) < 2:
        return []
    n = len(found.contributions)
    return [WhatIf("together", None, f"没有哪一个源单独决定此处颜色(共 {n} 个源叠加)", f"no source alone decides this colour; {n} add up")]


# A source


def for_source(point: Mapping[str, Any], *, on: date | None = None) -> list[WhatIf]:
    """What would change the level of a row of `risk_points`, from the methods kept with it, by the rules in force on a day."""
    methods = [entry for entry in point.get("reasons") or [] if isinstance(entry, dict)]
    told = _for_unit(methods, on) if point["source_layer"] == "hazard_units" else _for_enterprise(point, methods, on)
    if point.get("missing"):
        zh, en = ("补齐后可能更高", "may be worse once filled in") if point["level"] != UNRATED else ("补齐后可评级", "can be rated once filled in")
        what = missing_words(point["missing"])
        told.append(WhatIf("missing", None, f"{zh}: {what[0]}", f"{en}: {what[1]}"))
    if point.get("is_suspected_split"):
        told.append(WhatIf(
            "split", None, "若各单元应合并为一个单元,全厂 S≥1,构成重大危险源", "if the units are one unit, S of the plant is 1 or more: a major hazard",
        ))  # fmt: skip
    return told


def _for_unit(methods: Methods, on: date | None) -> list[WhatIf]:
    """Amounts and residents at which GB 18218 gives another level; the rest of the unit as it is."""
    computed = next((entry for entry in methods if entry["method"] == "computed" and "chemicals" in entry["inputs"]), None)
    if computed is None:
        return []
    inputs = computed["inputs"]
    if inputs.get("is_lower_bound"):
        return []  # what is not known may hold the level, whatever becomes of the rest
    known = [part for part in inputs["chemicals"] if part.get("share") is not None and part.get("amount_t")]
    if not known or inputs.get("s_value") is None:
        return []
    if inputs.get("r_value") is None:
        return _up_to_major(inputs, known)
    return [*_down_from_major(inputs, known, on), *_fewer_residents(inputs, on)]


def _up_to_major(inputs: Mapping[str, Any], known: list[dict[str, Any]]) -> list[WhatIf]:
    part = max(known, key=lambda one: one["share"])
    amount_t = part["amount_t"] + (1.0 - inputs["s_value"]) * part["critical_t"]
    name = part["chemical_name"]
    return [WhatIf(
        "amount", None, f"{name} 达到 {amount_t:.4g} 吨(现 {part['amount_t']:.4g} 吨)时 S=1,构成重大危险源",
        f"{name} of {amount_t:.4g} t (now {part['amount_t']:.4g} t) makes S = 1: a major hazard",
    )]  # fmt: skip


def _down_from_major(inputs: Mapping[str, Any], known: list[dict[str, Any]], on: date | None) -> list[WhatIf]:
    """Below which amount of the largest part R falls under its level's bound, or S under 1; and where it rises."""
    alpha, r, s = inputs["alpha_high"], inputs["r_value"], inputs["s_value"]
    levels = load_major_hazard_rules(on=on).levels.sort_values("level")
    row = levels[levels.r_from <= r].iloc[0]
    part = max(known, key=lambda one: one["beta"] * one["share"])
    per_t = alpha * part["beta"] / part["critical_t"]
    told = []
    below_major_t = part["amount_t"] - (s - 1.0) * part["critical_t"]
    if row["r_from"] > 0:
        told += _amount(part, part["amount_t"] - (r - row["r_from"]) / per_t, f"{int(row['level']) + 1}级", f"level {int(row['level']) + 1}", "少于", "below")
    told += _amount(part, below_major_t, "不构成重大危险源(S<1)", "no major hazard (S < 1)", "少于", "below")
    if row["level"] > 1:
        upper = float(levels[levels.level == row["level"] - 1].r_from.iloc[0])
        told += _amount(part, part["amount_t"] + (upper - r) / per_t, f"{int(row['level']) - 1}级", f"level {int(row['level']) - 1}", "达到", "from")
    if not any(one.text_zh.startswith(part["chemical_name"] + " 少于") for one in told) and row["r_from"] > 0:
        share = row["r_from"] / r
        told.append(WhatIf(
            "amount", None, f"各物质同比降到现有的 {100 * share:.3g}% 以下: {int(row['level']) + 1}级",
            f"all amounts below {100 * share:.3g} % of the present ones: level {int(row['level']) + 1}",
        ))  # fmt: skip
    return told


def _amount(part: Mapping[str, Any], amount_t: float, zh: str, en: str, sign_zh: str, sign_en: str) -> list[WhatIf]:
    if not amount_t > 0:
        return []
    name, now = part["chemical_name"], part["amount_t"]
    return [WhatIf("amount", None, f"{name} {sign_zh} {amount_t:.4g} 吨(现 {now:.4g} 吨): {zh}", f"{name} {sign_en} {amount_t:.4g} t (now {now:.4g} t): {en}")]


def _fewer_residents(inputs: Mapping[str, Any], on: date | None) -> list[WhatIf]:
    """Residents within 500 m: in which band of α the level would be another."""
    rules = load_major_hazard_rules(on=on)
    weighted = inputs["r_value"] / inputs["alpha_high"]
    level = inputs.get("major_hazard_level")
    told = []
    for row in rules.alphas.sort_values("persons_from", ascending=False).to_dict("records"):
        r = row["alpha"] * weighted
        found = int(rules.levels[rules.levels.r_from <= r].level.min())
        if row["alpha"] >= inputs["alpha_high"] or found == level:
            continue
        now = inputs.get("n_persons_500m")
        known = f"(现 {now:.0f} 人)" if now is not None else "(现在未知,按最不利计)"
        known_en = f" (now {now:.0f})" if now is not None else " (now unknown, the worst taken)"
        told.append(WhatIf(
            "residents", None, f"厂界外500米常住人数不超过 {row['persons_to']:.0f} 人{known}: α={row['alpha']:g},R={r:.4g},{found}级",
            f"at most {row['persons_to']:.0f} residents within 500 m{known_en}: α = {row['alpha']:g}, R = {r:.4g}, level {found}",
        ))  # fmt: skip
        break
    return told


def _for_enterprise(point: Mapping[str, Any], methods: Methods, on: date | None) -> list[WhatIf]:
    """Judgements without which the level would be another; where the offices' word stands in the way, with it renewed."""
    told = []
    for what, texts in CURES.items():
        mine = [entry for entry in methods if entry["method"] == what and entry["result"]]
        if mine:
            told += _cured(point, methods, what, *texts(mine[0]))
    told += [*_deadline(point, methods, on), *_better_score(point, methods, on)]
    return told or _all_of(point, methods)


def _all_of(point: Mapping[str, Any], methods: Methods) -> list[WhatIf]:
    """Where no single change helps: every judgement that holds the level."""
    names = ("statutory", "declared", "score", "hidden_danger", "accident", "inherent")
    mine = [entry for name in names for entry in methods if entry["method"] == name and entry["result"] == point["level"]]
    if len(mine) < 2 or point["level"] not in RATED[:3]:
        return []
    zh, en = "、".join(entry["text_zh"] for entry in mine), ", ".join(entry["text_en"] for entry in mine)
    return [WhatIf("all", None, f"以下 {len(mine)} 项须都改变: {zh}", f"all of these {len(mine)} would have to change: {en}")]


def _cured(point: Mapping[str, Any], methods: Methods, what: str, zh: str, en: str) -> list[WhatIf]:
    for gone, tail in (((what,), ("", "")), ((what, "declared"), RENEWED)):
        level = level_without(point, methods, lambda entry, gone=gone: entry["method"] in gone)  # type: ignore[misc]
        if level != point["level"]:
            then = level_word(level)
            return [WhatIf(what, level, f"{zh}{tail[0]}: {then[0]}", f"{en}{tail[1]}: {then[1]}")]
    return []


RENEWED = (",且部门重新核定", ", and the offices grade anew")


def level_without(point: Mapping[str, Any], methods: Methods, is_gone: Callable[[Mapping[str, Any]], bool]) -> str:
    """The level of a source whose methods lack some of their judgements.

    What is computed of an enterprise follows from the others and is computed anew; that of a line or a black spot is its own.
    """
    is_enterprise = point["source_layer"] == "enterprises"
    kept = [entry for entry in methods if not is_gone(entry) and not (is_enterprise and entry["method"] == "computed")]
    computed = computed_from(kept) if is_enterprise else None
    if computed is not None:
        kept = [*kept, {**computed, "method": "computed"}]
    found = deciding_entry(kept)
    return str(found["result"]) if found else UNRATED


def _ids(entry: Mapping[str, Any], key: str) -> str:
    return "、".join(entry["inputs"].get(key) or [])


CURES: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "statutory": lambda entry: (
        f"直接判定情形消除后({entry['text_zh']})" + (f",事故影响期至 {entry['inputs']['until_on']}" if "until_on" in entry["inputs"] else ""),
        f"once the direct condition is gone ({entry['text_en']})" + (f", counted until {entry['inputs']['until_on']}" if "until_on" in entry["inputs"] else ""),
    ),
    "hidden_danger": lambda entry: (f"重大事故隐患 {_ids(entry, 'danger_ids')} 整改销号后", f"once the hidden dangers {_ids(entry, 'danger_ids')} are closed"),
    "accident": lambda entry: (
        f"事故 {_ids(entry, 'accident_ids')} 自 {entry['inputs'].get('until_on')} 起不再计入", f"from {entry['inputs'].get('until_on')} on the accidents no longer count"
    ),
    "declared": lambda entry: ("没有部门核定时按计算", "by computation alone, without the offices' word"),
}  # fmt: skip
"""Judgements whose going would change a level, with the words for it."""


def _deadline(point: Mapping[str, Any], methods: Methods, on: date | None) -> list[WhatIf]:
    """An open major danger that is not overdue yet becomes so on the day after its deadline."""
    overdue = load_level_rules(on=on).control["major_overdue"]
    mine = [entry for entry in methods if entry["method"] == "hidden_danger" and entry["rule_id"] != overdue["rule_id"]]
    day = mine[0]["inputs"].get("deadline_on") if mine else None
    if not day:
        return []
    worse = [entry | {"result": overdue["level"]} if entry in mine else entry for entry in methods]
    level = level_without(point, worse, lambda entry: False)
    zh, en = level_word(level)
    return [WhatIf("deadline", level, f"{day} 前未整改: {zh}", f"not remedied by {day}: {en}")] if level != point["level"] else []


def _better_score(point: Mapping[str, Any], methods: Methods, on: date | None) -> list[WhatIf]:
    """The score from which its band, and with it the level, would be milder."""
    scored = next((entry for entry in methods if entry["method"] == "score" and entry["result"]), None)
    if scored is None:
        return []
    score = scored["inputs"]["control_score"]
    better = [band for band in load_level_rules(on=on).score_bands if band["score_from"] > score]
    for gone, tail in (((), ("", "")), (("declared",), RENEWED)):
        for band in reversed(better):
            then = [
                entry | {"result": band["level"], "inputs": {**entry["inputs"], "is_lower_bound": False}} if entry is scored else entry
                for entry in methods
            ]  # fmt: skip
            level = level_without(point, then, lambda entry, gone=gone: entry["method"] in gone)  # type: ignore[misc]
            if level != point["level"]:
                zh, en = level_word(level)
                at, now = f"{band['score_from']:g}", f"{score:g}"
                return [WhatIf("score", level, f"诊断分级得分达到 {at} 分(现 {now} 分){tail[0]}: {zh}", f"a score of {at} (now {now}){tail[1]}: {en}")]
    return []


# A group


def for_town(row: Mapping[str, Any], *, cuts: Iterable[float], n_for_a_step: int, max_unrated_pct: float) -> list[WhatIf]:
    """What would change the level of a town, a park or the county that is rated by a percentile of the index.

    Parameters
    ----------
    row : ``level``, ``index_p95``, ``n_red``, ``n_unrated``, ``unrated_pct``
    cuts : lower bounds of red, orange, yellow
    """
    bounds = list(cuts)[:3]
    told: list[WhatIf] = []
    index = row.get("index_p95")
    if index is not None:
        below = [bound for bound in bounds if bound <= index]
        above = [bound for bound in reversed(bounds) if bound > index]
        if below:
            told.append(WhatIf("index", None, f"指数降到 {below[0]:g} 以下(现 {index:.1f}): 低一级", f"index below {below[0]:g} (now {index:.1f}): one level down"))
        if above:
            told.append(WhatIf("index", None, f"指数升到 {above[0]:g}(现 {index:.1f}): 高一级", f"index of {above[0]:g} (now {index:.1f}): one level up"))
    n_red = int(row.get("n_red") or 0)
    if n_for_a_step and n_red >= n_for_a_step:
        told.append(WhatIf("step", None, f"重大风险源少于 {n_for_a_step} 个(现 {n_red} 个): 不再上调一级", f"fewer than {n_for_a_step} red sources (now {n_red}): not lifted a level"))
    elif n_for_a_step and n_red == n_for_a_step - 1:
        told.append(WhatIf("step", None, "再有 1 个重大风险源: 上调一级", "one more red source: one level up"))
    share = row.get("unrated_pct")
    if share is not None and share > max_unrated_pct:
        told.append(WhatIf("missing", None, f"未评级比例降到 {max_unrated_pct:g}% 及以下(现 {share:.1f}%): 资料充分", f"at most {max_unrated_pct:g} % unrated (now {share:.1f} %): data sufficient"))
    return told


def as_dicts(told: Sequence[WhatIf]) -> list[dict[str, Any]]:
    """Plain values for an answer."""
    return [{"kind": one.kind, "level": one.level, "text_zh": one.text_zh, "text_en": one.text_en, "point_id": one.point_id} for one in told]
