"""What a plant and its units are judged by: GB 18218, the offices, the diagnostic score, hidden dangers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from layers.scoring.accident_records import fulfilled
from layers.scoring.control_state import judge_control, judge_jobs
from layers.scoring.declarations import deciding, declarations_of, text_of
from layers.scoring.explosives import Charge, charges, together
from layers.scoring.level_rules import LevelRules, Row
from layers.scoring.major_hazard import grade_units, load_major_hazard_rules
from layers.scoring.rule_tables import origin
from layers.scoring.sources import (
    GONE,
    ORDER,
    UNRATED,
    Layers,
    Missing,
    Source,
    accuracy,
    band_of,
    grouped,
    judge_screening,
    level_titles,
    number,
    place,
    plain,
    present,
    records,
    worst,
)
from layers.scoring.unit_reach import has_explosives

# Hazard units


def unit_sources(layers: Layers, rules: LevelRules, *, on: date | None = None) -> list[Source]:
    """A row for each unit that is there, of a plant that is there, whether a major hazard or not."""
    plants = {row["enterprise_id"]: row for row in records(layers, "enterprises")}
    units = [
        row
        for row in present(records(layers, "hazard_units"))
        if plants.get(row["enterprise_id"], {}).get("status") not in GONE
    ]
    if not units:
        return []
    graded = grade_units(pd.DataFrame(units), layers.get("unit_chemicals", pd.DataFrame()), rules=load_major_hazard_rules(on=on))
    by_unit, held = graded.to_dict("index"), charges(layers)
    return [
        _unit_source(row, by_unit[row["unit_id"]], plants.get(row["enterprise_id"], {}), rules, held.get(str(row["unit_id"])))
        for row in units
    ]


def _unit_source(
    row: dict[str, Any], graded: Mapping[Any, Any], plant: Mapping[str, Any], rules: LevelRules, charge: Charge | None
) -> Source:
    form = graded["form"] if isinstance(graded["form"], str) else ""
    source = Source(
        "hazard_units",
        row["unit_id"],
        _unit_name(row, plant),
        "major_hazard",
        place(row),
        accuracy(row),
        row["enterprise_id"],
        text_of(plant.get("responsible_office")),
        text_of(plant.get("town_name")),
        form=form,
        forms=graded["forms"],
        is_fire=any(entry["is_fire"] for entry in graded["forms"]) if form else None,
        s_value=graded["s_value"],
        r_value=graded["r_value"],
        charge=charge,
    )
    _judge_by_standard(source, graded, rules)
    filed = number(row.get("filed_level"))
    if not math.isnan(filed):
        source.is_disputed = source.major_hazard_level is not None and source.major_hazard_level != int(filed)
        source.major_hazard_level = int(filed)
        colour = rules.colour_of_hazard_level[int(filed)]
        source.judge(
            "declared",
            colour["level"],
            rules.basis["filed"],
            f"备案为{int(filed)}级重大危险源",
            f"on file as a major hazard of level {int(filed)}",
            filed_level=int(filed),
        )
    _classify_unit(source, graded)
    return source


def _unit_name(row: Mapping[str, Any], plant: Mapping[str, Any]) -> str | None:
    names = [text_of(plant.get("short_name")) or text_of(plant.get("name")), text_of(row.get("name"))]
    return " ".join(name for name in names if name) or None


def _judge_by_standard(source: Source, graded: Mapping[Any, Any], rules: LevelRules) -> None:
    """GB 18218: the level, or S below 1, or what is missing; and the suspicion of a split."""
    inputs = {
        "s_value": plain(graded["s_value"]),
        "s_known": plain(graded["s_known"]),
        "r_value": plain(graded["r_value"]),
        "r_low_value": plain(graded["r_low_value"]),
        "alpha_low": plain(graded["alpha_low"]),
        "alpha_high": plain(graded["alpha_high"]),
        "chemicals": [{key: plain(value) for key, value in part.items()} for part in graded["chemicals"]],
        "major_hazard_level": plain(graded["major_hazard_level"]),
        "n_persons_500m": plain(graded["n_persons_500m"]),
        "is_suspected_split": bool(graded["is_suspected_split"]),
        "s_plant": plain(graded["s_plant"]),
        "is_lower_bound": bool(graded["is_lower_bound"]),
    }
    split_zh, split_en = _split_texts(source, graded)
    if graded["state"] == UNRATED:
        source.missing = Missing(graded["missing_zh"], graded["missing_en"])
        source.judge(
            "computed",
            None,
            rules.below_bands[0],
            f"无法计算 S:缺少{graded['missing_zh']}{split_zh}",
            f"S cannot be computed: missing {graded['missing_en']}{split_en}",
            **inputs,
        )
    elif graded["state"] == "major":
        level = int(graded["major_hazard_level"])
        source.major_hazard_level = level
        colour = rules.colour_of_hazard_level[level]
        least_zh, least_en = _at_least(source, graded)
        source.judge(
            "computed",
            colour["level"],
            colour,
            f"S={graded['s_value']:.4g},R={graded['r_value']:.4g},{least_zh}{level}级重大危险源{split_zh}",
            f"S = {graded['s_value']:.4g}, R = {graded['r_value']:.4g}: "
            f"major hazard of {least_en}level {level}{split_en}",
            **inputs,
        )
    else:
        band = band_of(rules.below_bands, "s", graded["s_value"])
        kind = rules.classes["explosives"] if has_explosives(source) else band
        source.judge(
            "computed",
            kind.get("inherent_level") or band["level"],
            kind,
            f"S={graded['s_value']:.4g}<1,未构成重大危险源{split_zh}",
            f"S = {graded['s_value']:.4g} < 1: no major hazard{split_en}",
            **inputs,
        )
    if graded["is_assumption"] and graded["state"] != UNRATED:
        source.is_assumption = True
        source.methods[-1]["text_zh"] += f"({graded['assumption_zh']})"
        source.methods[-1]["text_en"] += f" ({graded['assumption_en']})"


def _split_texts(source: Source, graded: Mapping[Any, Any]) -> tuple[str, str]:
    """Words for units none of which reaches S = 1 while the plant does; empty elsewhere."""
    source.is_suspected_split = bool(graded["is_suspected_split"])
    if not source.is_suspected_split:
        return "", ""
    s_plant = graded["s_plant"]
    return (
        f";全厂合计 S={s_plant:.4g} 达到临界量,疑似拆分单元",
        f"; the plant as a whole has S = {s_plant:.4g}: units may have been split",
    )


def _at_least(source: Source, graded: Mapping[Any, Any]) -> tuple[str, str]:
    """Words for a level that rests on the known amounts alone; what is missing is said and asked for."""
    if not graded["is_lower_bound"]:
        return "", ""
    source.missing = Missing(graded["missing_zh"], graded["missing_en"])
    return f"缺少{graded['missing_zh']},至少", f"(missing {graded['missing_en']}) at least "


def _classify_unit(source: Source, graded: Mapping[Any, Any]) -> None:
    """Class, form and grade under which the policy knows the unit."""
    source.inherent = worst(
        entry["result"] for entry in source.results("computed") or source.results("declared")
    )
    if source.major_hazard_level is not None:
        source.grade = str(source.major_hazard_level)
        if not source.form:  # on file, yet nothing known of its chemicals: the widest reach
            source.form, source.forms, source.is_assumption = "toxic_gas", [], True
    elif graded["state"] == "below":
        source.source_class = "explosives" if has_explosives(source) else "hazchem"
        source.form = ""


# Enterprises


BY_ENTERPRISE = ("declared_levels", "hidden_dangers", "follow_ups", "score_items", "work_accidents", "job_risks")
"""Layers whose rows belong to an enterprise and say something of its level."""


def enterprise_sources(
    layers: Layers,
    rules: LevelRules,
    units: list[Source],
    *,
    on: date,
    screening: tuple[Row, ...],
    jurisdiction: str,
) -> list[Source]:
    by_plant: dict[str, list[Source]] = {}
    for unit in units:
        by_plant.setdefault(str(unit.enterprise_id), []).append(unit)
    of = {name: grouped(records(layers, name), "enterprise_id") for name in BY_ENTERPRISE}
    sources = []
    for row in present(records(layers, "enterprises")):
        key = row["enterprise_id"]
        kind_row = rules.class_of_kind.get(
            text_of(row.get("kind")) or "general", rules.class_of_kind["general"]
        )
        source = Source(
            "enterprises",
            key,
            text_of(row.get("name")),
            kind_row["source_class"],
            place(row),
            accuracy(row),
            key,
            text_of(row.get("responsible_office")),
            text_of(row.get("town_name")),
        )
        own = by_plant.get(key, [])
        if source.source_class == "explosives":
            source.charge = together([unit.charge for unit in own if unit.charge], row.get("kind"))
        _judge_direct(source, row, own, rules, jurisdiction)
        _judge_accidents(source, row, of["work_accidents"].get(key, []), on)
        _judge_declared(source, row, of["declared_levels"].get(key, []), rules, on)
        judge_control(
            source, row, dangers=of["hidden_dangers"].get(key, []), follow_ups=of["follow_ups"].get(key, []),
            score_items=of["score_items"].get(key, []), rules=rules, on=on,
        )  # fmt: skip
        _judge_inherent(source, own, rules)
        _compute_enterprise(source)
        judge_jobs(source, of["job_risks"].get(key, []), on=on)
        if not any(source.results(method) for method in ORDER[:3]):
            judge_screening(source, row, screening)
        for unit in own:
            unit.control = source.control
            source.is_suspected_split |= unit.is_suspected_split
        sources.append(source)
    return sources


def _judge_direct(
    source: Source, row: Mapping[str, Any], units: list[Source], rules: LevelRules, jurisdiction: str
) -> None:
    """Direct red: conditions that fields state or a text names, one judgement each; a text that names none is a question."""
    reported = text_of(row.get("direct_red"))
    reported = None if reported is None or rules.says_none(reported) else reported
    named = rules.direct_conditions_in(reported) if reported else ()
    conditions = [one for one in rules.direct_conditions if one in named or _is_true(row.get(one["field"]))]
    unknown = reported if not named else None
    major = [unit.feature_id for unit in units if unit.major_hazard_level is not None]
    kind = text_of(row.get("kind")) or ""
    for rule in (rule for rule in rules.direct if _applies(rule, rules.direct, kind) and jurisdiction.startswith(rule["jurisdiction"])):
        if rule["condition"] == "has_major_hazard" and major:
            _judge_rule(source, rule, "、".join(major), has_major_hazard=major)
        elif rule["condition"] == "direct_red_unknown" and unknown:
            _judge_rule(source, rule, unknown, unknown_text=unknown)
        elif rule["condition"] == "direct_red_reported":
            told = [(one["title_zh"], one["title_en"], {**rule, **origin(one)} if rule["kinds"] else rule, [one["field"]]) for one in conditions]
            told += [(unknown, unknown, rule, [])] if unknown and not rule["kinds"] else []
            for zh, en, cited, codes in told:
                _judge_rule(source, cited, zh, en, direct_red_reported=reported, direct_red_codes=codes)


def _is_true(value: object) -> bool:
    return isinstance(value, (bool, np.bool_)) and bool(value)


def _applies(rule: Row, others: tuple[Row, ...], kind: str) -> bool:
    """A rule for kinds applies to them; one without applies where no other of its condition names the kind."""
    if rule["kinds"]:
        return kind in rule["kinds"].split("|")
    return not any(kind in other["kinds"].split("|") for other in others if other["condition"] == rule["condition"] and other["kinds"])


def _judge_rule(source: Source, rule: Row, zh: str, en: str | None = None, **inputs: object) -> None:
    source.judge("statutory", rule["level"], rule, f"{rule['title_zh']}: {zh}", f"{rule['title_en']}: {en or zh}", **inputs)


def _judge_accidents(source: Source, row: Mapping[str, Any], accidents: list[dict[str, Any]], on: date) -> None:
    """Accidents that are a direct red condition, or else tell of the state of control; the worst rule of each use."""
    found = fulfilled(accidents, kind=text_of(row.get("kind")) or "", on=on)
    for use, method in (("statutory", "statutory"), ("control", "accident")):
        first = next((entry for entry in found if entry[0]["use"] == use), None)
        if first:
            rule, ids, until = first
            source.judge(
                method,
                rule["level"],
                rule,
                f"{rule['title_zh']}({len(ids)}起)",
                f"{rule['title_en']} ({len(ids)})",
                accident_ids=ids,
                until_on=until.isoformat(),
            )


def _judge_declared(
    source: Source, row: Mapping[str, Any], others: list[dict[str, Any]], rules: LevelRules, on: date
) -> None:
    declared = declarations_of(row, others, declarers=rules.declarers, on=on)
    decider = deciding(declared, source.responsible_office)
    for entry in sorted(declared, key=lambda one: one is not decider):
        zh, en = level_titles()[entry.level]
        who = entry.office or "核定单位未注明"
        note_zh, note_en = (
            ("", "") if entry.counts else ("(未经确认,不计)", " (not confirmed, does not count)")
        )
        rule = rules.basis["declared"] if entry.counts or entry.rule is None else entry.rule
        source.judge(
            "declared" if entry.counts else "self_declared",
            entry.level,
            rule,
            f"{who}核定为{zh}风险{note_zh}",
            f"{entry.office or 'office not stated'}: {en}{note_en}",
            office=entry.office,
            declared_on=entry.declared_on.isoformat() if entry.declared_on else None,
        )
    source.is_disputed |= len({entry.level for entry in declared if entry.counts}) > 1


def _judge_inherent(source: Source, units: list[Source], rules: LevelRules) -> None:
    """Inherent hazard: that of the worst unit, or of the kind of installation."""
    level = worst(unit.inherent for unit in units)
    kind = rules.classes[source.source_class]
    if level != UNRATED:
        decider = next(unit for unit in units if unit.inherent == level)
        rule = next(entry for entry in decider.methods if entry["result"] == level)
        source.judge(
            "inherent",
            level,
            rule,
            f"最高单元: {decider.name}",
            f"worst unit: {decider.name}",
            unit_id=decider.feature_id,
            is_assumption=decider.is_assumption,
        )
    elif kind["inherent_level"]:
        source.judge(
            "inherent",
            kind["inherent_level"],
            kind,
            f"按装置类型: {kind['title_zh']}",
            f"by kind of installation: {kind['title_en']}",
            source_class=source.source_class,
        )
    source.inherent = worst(entry["result"] for entry in source.results("inherent"))


def _compute_enterprise(source: Source) -> None:
    """Computed risk level of an enterprise, kept among its methods."""
    decider = computed_from(source.methods)
    if decider is None:
        return
    inputs = decider["inputs"]
    source.judge(
        "computed",
        decider["result"],
        decider,
        decider["text_zh"],
        decider["text_en"],
        by=decider["method"],
        is_generic="source_class" in inputs,
        is_assumption=inputs.get("is_assumption", False),
        is_lower_bound=inputs.get("is_lower_bound", False),
    )
    if inputs.get("is_lower_bound") and inputs.get("missing_zh"):
        source.missing = Missing(inputs["missing_zh"], inputs["missing_en"])


def computed_from(methods: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The judgement that gives an enterprise's computed level: the worst of its score's band, hidden dangers and
    accidents; of inherent hazard too where there is no score, or one of which a part is missing."""

    def of(*names: str) -> list[dict[str, Any]]:
        return [entry for name in names for entry in methods if entry["method"] == name and entry["result"]]

    scored = of("score")
    is_whole = bool(scored) and not scored[0]["inputs"].get("is_lower_bound")
    used = [*scored, *of("hidden_danger", "accident"), *([] if is_whole else of("inherent"))]
    if not used:
        return None
    level = worst(entry["result"] for entry in used)
    return next(entry for entry in used if entry["result"] == level)
