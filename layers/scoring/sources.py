"""What each kind of source is judged by: hazard units, enterprises, pipelines, black spots.

Nothing is decided here; every judgement is kept beside the others for `levels` to choose from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

import pandas as pd
from shapely.geometry.base import BaseGeometry

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.declarations import date_of, deciding, declarations_of, text_of
from layers.scoring.level_rules import LevelRules, Row
from layers.scoring.major_hazard import grade_units
from layers.scoring.policy import RATED
from layers.scoring.rule_tables import origin

Layers = Mapping[str, pd.DataFrame]
GONE = ("closed", "planned", "abandoned")
"""States in which a source is no danger yet or no longer; ``suspended`` still is one."""
UNRATED = "unrated"
ORDER = ("statutory", "declared", "computed", "screening")
"""Methods that give the risk level, the first one that has a result decides."""


@dataclass
class Source:
    """A danger while it is being rated; `methods` collects every judgement on it."""

    layer: str
    feature_id: str
    name: str | None
    source_class: str
    geometry: BaseGeometry | None
    enterprise_id: str | None = None
    responsible_office: str | None = None
    town_name: str | None = None
    form: str = ""
    grade: str = ""
    amount_t: float = math.nan
    radius_m: float | None = None
    inherent: str = UNRATED
    control: str = UNRATED
    level: str = UNRATED
    basis: str = "none"
    is_fire: bool | None = None
    is_assumption: bool = False
    is_disputed: bool = False
    missing: str | None = None
    major_hazard_level: int | None = None
    s_value: float | None = None
    r_value: float | None = None
    strength: float | None = None
    methods: list[dict[str, Any]] = field(default_factory=list)

    def judge(
        self, method: str, level: str | None, rule: Mapping[str, Any], text_zh: str, text_en: str, **inputs: Any
    ) -> None:
        """Keep one method's result; `level` None where it gave none."""
        self.methods.append({
            "method": method, "result": level, **origin(rule), "inputs": inputs,
            "text_zh": text_zh, "text_en": text_en, "is_deciding": False,
        })

    def results(self, method: str) -> list[dict[str, Any]]:
        return [entry for entry in self.methods if entry["method"] == method and entry["result"]]


@lru_cache(maxsize=1)
def _level_titles() -> dict[str, tuple[str, str]]:
    codes = load_layer(LAYERS_DIR / "risk_points").field("level").codes
    return {code.code: (code.zh, code.en) for code in codes}


def _records(layers: Layers, layer_id: str) -> list[dict[str, Any]]:
    frame = layers.get(layer_id)
    if frame is None or frame.empty:
        return []
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _grouped(rows: Iterable[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def _present(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("status") not in GONE]


def _place(row: Mapping[str, Any]) -> BaseGeometry | None:
    geometry = row.get("geometry")
    return geometry if isinstance(geometry, BaseGeometry) and not geometry.is_empty else None


def _number(value: object) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]


def _worst(levels: Iterable[str]) -> str:
    return min((level for level in levels if level in RATED), key=RATED.index, default=UNRATED)


def _band(bands: tuple[Row, ...], name: str, value: float) -> Row:
    """The band that holds a figure; bands come highest first and are closed below."""
    return next(row for row in bands if value >= row[f"{name}_from"])


# Hazard units


def unit_sources(layers: Layers, rules: LevelRules) -> list[Source]:
    """A row for each unit that is there, of a plant that is there, whether a major hazard or not."""
    plants = {row["enterprise_id"]: row for row in _records(layers, "enterprises")}
    units = [
        row for row in _present(_records(layers, "hazard_units"))
        if plants.get(row["enterprise_id"], {}).get("status") not in GONE
    ]
    if not units:
        return []
    graded = grade_units(pd.DataFrame(units), layers.get("unit_chemicals", pd.DataFrame()))
    by_unit = graded.to_dict("index")
    return [_unit_source(row, by_unit[row["unit_id"]], plants.get(row["enterprise_id"], {}), rules) for row in units]


def _unit_source(row: dict[str, Any], graded: Mapping[Any, Any], plant: Mapping[str, Any], rules: LevelRules) -> Source:
    form = graded["form"] if isinstance(graded["form"], str) else ""
    source = Source(
        "hazard_units", row["unit_id"], _unit_name(row, plant), "major_hazard", _place(row), row["enterprise_id"],
        text_of(plant.get("responsible_office")), text_of(plant.get("town_name")),
        form=form, amount_t=_number(graded["amount_t"]),
        is_fire=bool(graded["is_fire"]) if form else None,
        s_value=graded["s_value"], r_value=graded["r_value"],
    )
    _judge_by_standard(source, graded, rules)
    filed = _number(row.get("filed_level"))
    if not math.isnan(filed):
        source.major_hazard_level = int(filed)
        colour = rules.colour_of_hazard_level[int(filed)]
        source.judge("declared", colour["level"], rules.basis["filed"], f"备案为{int(filed)}级重大危险源",
                     f"on file as a major hazard of level {int(filed)}", filed_level=int(filed))
    _classify_unit(source, graded)
    return source


def _unit_name(row: Mapping[str, Any], plant: Mapping[str, Any]) -> str | None:
    names = [text_of(plant.get("short_name")) or text_of(plant.get("name")), text_of(row.get("name"))]
    return " ".join(name for name in names if name) or None


def _judge_by_standard(source: Source, graded: Mapping[Any, Any], rules: LevelRules) -> None:
    """GB 18218: the level, or S below 1, or what is missing; and the suspicion of a split."""
    inputs = {
        "s_value": plain(graded["s_value"]), "s_known": plain(graded["s_known"]),
        "r_value": plain(graded["r_value"]), "r_low_value": plain(graded["r_low_value"]),
        "alpha_low": plain(graded["alpha_low"]), "alpha_high": plain(graded["alpha_high"]),
        "chemicals": [{key: plain(value) for key, value in part.items()} for part in graded["chemicals"]],
        "is_suspected_split": bool(graded["is_suspected_split"]),
    }
    split_zh = ";全厂合计达到临界量,疑似拆分单元" if graded["is_suspected_split"] else ""
    split_en = "; the plant as a whole reaches the critical quantity: units may have been split" if split_zh else ""
    if graded["state"] == UNRATED:
        source.missing = f"{graded['missing_zh']} ({graded['missing_en']})"
        source.judge("computed", None, rules.below_bands[0], f"无法计算 S:缺少{graded['missing_zh']}{split_zh}",
                     f"S cannot be computed: missing {graded['missing_en']}{split_en}", **inputs)
    elif graded["state"] == "major":
        level = int(graded["major_hazard_level"])
        source.major_hazard_level = level
        colour = rules.colour_of_hazard_level[level]
        source.judge(
            "computed", colour["level"], colour,
            f"S={graded['s_value']:.4g},R={graded['r_value']:.4g},{level}级重大危险源{split_zh}",
            f"S = {graded['s_value']:.4g}, R = {graded['r_value']:.4g}: major hazard of level {level}{split_en}", **inputs)
    else:
        kind = rules.classes["explosives" if source.form == "explosive" else "hazchem"]
        band = _band(rules.below_bands, "s", graded["s_value"])
        source.judge("computed", kind["inherent_level"] or band["level"], kind if kind["inherent_level"] else band, f"S={graded['s_value']:.4g}<1,未构成重大危险源{split_zh}",
                     f"S = {graded['s_value']:.4g} < 1: no major hazard{split_en}", **inputs)
    if graded["is_assumption"] and graded["state"] != UNRATED:
        source.is_assumption = True
        source.methods[-1]["text_zh"] += f"({graded['assumption_zh']})"
        source.methods[-1]["text_en"] += f" ({graded['assumption_en']})"


def _classify_unit(source: Source, graded: Mapping[Any, Any]) -> None:
    """Class, form and grade under which the policy knows the unit."""
    source.inherent = _worst(entry["result"] for entry in source.results("computed") or source.results("declared"))
    if source.major_hazard_level is not None:
        source.grade = str(source.major_hazard_level)
        if not source.form:  # on file, yet nothing known of its chemicals: the widest reach
            source.form, source.is_assumption = "toxic_gas", True
    elif graded["state"] == "below":
        source.source_class = "explosives" if source.form == "explosive" else "hazchem"
        source.form = ""


def plain(value: Any) -> Any:
    """A value as JSON holds it: no NaN, no numpy types."""
    if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value


# Enterprises


def enterprise_sources(
    layers: Layers, rules: LevelRules, units: list[Source], *, on: date, screening: tuple[Row, ...], jurisdiction: str
) -> list[Source]:
    by_plant: dict[str, list[Source]] = {}
    for unit in units:
        by_plant.setdefault(str(unit.enterprise_id), []).append(unit)
    declared = _grouped(_records(layers, "declared_levels"), "enterprise_id")
    dangers = _grouped(_records(layers, "hidden_dangers"), "enterprise_id")
    amounts = {
        unit: sum(_number(row.get("amount_t")) for row in rows)
        for unit, rows in _grouped(_records(layers, "unit_chemicals"), "unit_id").items()
    }
    sources = []
    for row in _present(_records(layers, "enterprises")):
        key = row["enterprise_id"]
        kind_row = rules.class_of_kind.get(text_of(row.get("kind")) or "general", rules.class_of_kind["general"])
        source = Source(
            "enterprises", key, text_of(row.get("name")), kind_row["source_class"], _place(row), key,
            text_of(row.get("responsible_office")), text_of(row.get("town_name")),
        )
        own = by_plant.get(key, [])
        if source.source_class == "explosives":
            source.amount_t = sum(amounts.get(unit.feature_id, math.nan) for unit in own) if own else math.nan
        _judge_direct(source, row, own, rules, jurisdiction)
        _judge_declared(source, row, declared.get(key, []), rules, on)
        _judge_control(source, row, dangers.get(key, []), rules, on)
        _judge_inherent(source, own, rules)
        _compute_enterprise(source)
        if not any(source.results(method) for method in ORDER[:3]):
            _judge_screening(source, row, screening)
        for unit in own:
            unit.control = source.control
        sources.append(source)
    return sources


def _judge_direct(source: Source, row: Mapping[str, Any], units: list[Source], rules: LevelRules, jurisdiction: str) -> None:
    reported = text_of(row.get("direct_red"))
    major = [unit.feature_id for unit in units if unit.major_hazard_level is not None]
    facts: dict[str, object] = {"direct_red_reported": reported, "has_major_hazard": major}
    kind = text_of(row.get("kind")) or ""
    for rule in rules.direct:
        named = [one["kinds"].split("|") for one in rules.direct if one["condition"] == rule["condition"] and one["kinds"]]
        applies = kind in rule["kinds"].split("|") if rule["kinds"] else not any(kind in kinds for kinds in named)
        if applies and facts[rule["condition"]] and jurisdiction.startswith(rule["jurisdiction"]):
            detail = reported or "、".join(major)
            source.judge("statutory", rule["level"], rule, f"{rule['title_zh']}: {detail}",
                         f"{rule['title_en']}: {detail}", **{rule["condition"]: facts[rule["condition"]]})


def _judge_declared(
    source: Source, row: Mapping[str, Any], others: list[dict[str, Any]], rules: LevelRules, on: date
) -> None:
    declared = declarations_of(row, others, declarers=rules.declarers, on=on)
    decider = deciding(declared, source.responsible_office)
    for entry in sorted(declared, key=lambda one: one is not decider):
        zh, en = _level_titles()[entry.level]
        who = entry.office or "核定单位未注明"
        note_zh, note_en = ("", "") if entry.counts else ("(未经确认,不计)", " (not confirmed, does not count)")
        rule = rules.basis["declared"] if entry.counts or entry.rule is None else entry.rule
        source.judge(
            "declared" if entry.counts else "self_declared", entry.level, rule,
            f"{who}核定为{zh}风险{note_zh}", f"{entry.office or 'office not stated'}: {en}{note_en}",
            office=entry.office, declared_on=entry.declared_on.isoformat() if entry.declared_on else None,
        )
    source.is_disputed = len({entry.level for entry in declared if entry.counts}) > 1


def _judge_control(
    source: Source, row: Mapping[str, Any], dangers: list[dict[str, Any]], rules: LevelRules, on: date
) -> None:
    """State of control: score of 应急〔2018〕19号, open major hidden dangers, direct red."""
    score = _number(row.get("control_score"))
    if not math.isnan(score):
        band = _band(rules.score_bands, "score", score)
        applies = (text_of(row.get("kind")) or "") in band["kinds"].split("|")
        source.judge("score" if applies else "score_not_applicable", band["level"] if applies else None, band,
                     f"诊断分级{score:g}分" + ("" if applies else "(该办法不适用于此类企业,不计)"),
                     f"diagnostic score {score:g}" + ("" if applies else " (the method does not cover this kind)"),
                     control_score=score)
    is_open = [entry for entry in dangers if entry["severity"] == "major" and entry["status"] == "open"]
    late = [entry for entry in is_open if (date_of(entry.get("deadline_on")) or on) < on]
    for condition, found in (("major_overdue", late), ("major_open", is_open)):
        if found:
            rule = rules.control[condition]
            source.judge("hidden_danger", rule["level"], rule, f"{rule['title_zh']}({len(found)}项)",
                         f"{rule['title_en']} ({len(found)})", danger_ids=sorted(entry["danger_id"] for entry in found))
            break
    shown = [entry["result"] for name in ("score", "hidden_danger", "statutory") for entry in source.results(name)]
    source.control = _worst(shown)


def _judge_inherent(source: Source, units: list[Source], rules: LevelRules) -> None:
    """Inherent hazard: that of the worst unit, or of the kind of installation."""
    worst = _worst(unit.inherent for unit in units)
    kind = rules.classes[source.source_class]
    if worst != UNRATED:
        decider = next(unit for unit in units if unit.inherent == worst)
        rule = next(entry for entry in decider.methods if entry["result"] == worst)
        source.judge("inherent", worst, rule, f"最高单元: {decider.name}", f"worst unit: {decider.name}",
                     unit_id=decider.feature_id)
        source.is_assumption |= decider.is_assumption
    elif kind["inherent_level"]:
        source.judge("inherent", kind["inherent_level"], kind, f"按装置类型: {kind['title_zh']}",
                     f"by kind of installation: {kind['title_en']}", source_class=source.source_class)
    source.inherent = _worst(entry["result"] for entry in source.results("inherent"))


def _compute_enterprise(source: Source) -> None:
    """Computed risk level: the score's band, worsened by hidden dangers; without a score the worse of inherent
    hazard and control."""
    scored = source.results("score")
    used = [*scored, *source.results("hidden_danger"), *([] if scored else source.results("inherent"))]
    if not used:
        return
    level = _worst(entry["result"] for entry in used)
    decider = next(entry for entry in used if entry["result"] == level)
    source.judge("computed", level, decider, decider["text_zh"], decider["text_en"], by=decider["method"],
                 is_generic="source_class" in decider["inputs"])


def _judge_screening(source: Source, row: Mapping[str, Any], screening: tuple[Row, ...]) -> None:
    for rule in screening:
        value = text_of(row.get(rule["field"])) or ""
        is_match = {
            "contains": rule["value"] in value, "prefix": value.startswith(rule["value"]),
            "equals": value == rule["value"],
        }[rule["match"]]
        if rule["layer"] == source.layer and is_match:
            source.judge("screening", rule["level"], rule, f"按行业筛查(假设): {value}",
                         f"screening by industry (assumption): {value}", **{rule["field"]: value})
            source.source_class, source.is_assumption = rule["source_class"], True
            return


# Pipelines and black spots


def pipeline_sources(layers: Layers, rules: LevelRules, screening: tuple[Row, ...]) -> list[Source]:
    """Transmission and industrial lines; town gas is no source of this policy."""
    sources = []
    for row in _present(_records(layers, "pipelines")):
        kind, medium = text_of(row.get("kind")) or "transmission", text_of(row.get("medium")) or ""
        if kind == "town_gas":
            continue
        found = rules.pipeline_class.get((kind, medium))
        source = Source("pipelines", row["pipeline_id"], text_of(row.get("name")),
                        found["source_class"] if found else "pipeline", _place(row))
        if found:
            _judge_kind(source, rules, medium=medium)
            source.is_assumption = bool(found["is_assumption"])
            _impact_radius(source, row, rules, is_natural_gas=medium == "natural_gas")
        else:
            _judge_screening(source, row, screening)
        if not found and medium:
            source.missing = f"方案未给出介质 {medium} 的源强 (the policy has no strength for this medium)"
        sources.append(source)
    return sources


def _judge_kind(source: Source, rules: LevelRules, **inputs: Any) -> None:
    kind = rules.classes[source.source_class]
    source.judge("computed", kind["inherent_level"], kind, f"按装置类型: {kind['title_zh']}",
                 f"by kind of installation: {kind['title_en']}", **inputs)
    source.inherent = kind["inherent_level"]


def _impact_radius(source: Source, row: Mapping[str, Any], rules: LevelRules, *, is_natural_gas: bool) -> None:
    """Potential impact radius r = k sqrt(d² p), at least the policy's; unknown diameter or pressure is assumed."""
    strength = rules.strengths[source.source_class, "", ""]
    if strength["radius_formula"] != "impact":
        return
    diameter_mm, pressure_mpa = _number(row.get("diameter_mm")), _number(row.get("pressure_mpa"))
    computed = strength["radius_coefficient"] * math.sqrt(diameter_mm**2 * pressure_mpa)
    is_known = is_natural_gas and not math.isnan(computed)
    source.radius_m = max(computed, strength["radius_m"]) if is_known else strength["radius_unknown_m"]
    source.is_assumption |= not is_known
    text = "" if is_known else ",外径、压力不全或非天然气,取下限(假设)"
    source.judge("radius", None, strength, f"潜在影响半径 {source.radius_m:.0f} 米{text}",
                 f"potential impact radius {source.radius_m:.0f} m" + (" (assumed)" if text else ""),
                 diameter_mm=plain(diameter_mm), pressure_mpa=plain(pressure_mpa))


def black_spot_sources(layers: Layers, rules: LevelRules) -> list[Source]:
    sources = []
    for row in _records(layers, "road_black_spots"):
        source = Source("road_black_spots", row["spot_id"], text_of(row.get("name")), "black_spot", _place(row))
        _judge_kind(source, rules, n_accidents=plain(row.get("n_accidents")), n_deaths=plain(row.get("n_deaths")))
        sources.append(source)
    return sources
