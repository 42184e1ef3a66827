"""One row for each danger on the map, with its three levels and every method that was tried.

Inherent hazard, state of control and risk level are kept apart. The risk level follows one order: statutory or
direct rule, declared by the responsible office, computed, screening by industry. Without any it is unrated.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import shapely

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.control_state import judge_follow_ups
from layers.scoring.level_rules import LevelRules, load_level_rules, load_screening
from layers.scoring.plants import enterprise_sources, unit_sources
from layers.scoring.policy import RATED
from layers.scoring.sources import (
    ORDER,
    UNRATED,
    Layers,
    Missing,
    Source,
    black_spot_sources,
    grouped,
    pipeline_sources,
    records,
)
from layers.scoring.trenches import load_trench_rule, trenches
from layers.scoring.unit_reach import judged_blast_m, open_ground_m, reach_of_unit

MISSING = {
    "hazchem": (
        "单元与危险化学品最大储量、诊断分级得分或核定等级",
        "units with amounts, diagnostic score or a declared level",
    ),
    "tailings_pond": ("尾矿库等别或核定等级", "grade of the pond or a declared level"),
    "pipeline": ("输送介质", "medium carried"),
    "": ("核定等级", "a declared level"),
}


def rate_sources(
    layers: Layers, *, on: date, screening: str = "", jurisdiction: str = ""
) -> gpd.GeoDataFrame:
    """Every source of danger with its levels, strength and reach: rows of `risk_points`.

    Parameters
    ----------
    layers : frames by layer id, geometry in the area's metric CRS
        Uses enterprises, hazard_units, unit_chemicals, declared_levels, hidden_dangers, follow_ups, score_items, work_accidents,
        job_risks, pipelines, high_consequence_areas, road_black_spots; missing ones count as empty.
    on : date
        The edition's day: later declarations do not count, deadlines before it are overdue, and rules hold that are in force on it.
    screening : str
        Name of a screening table, or empty for none. What it rates is marked as an assumption.
    jurisdiction : str
        Such as ``CN-37``: local direct rules of places it begins with apply too.

    Returns
    -------
    GeoDataFrame sorted by ``point_id``
        The fields of `risk_points`, ``feature_id`` and geometry. ``reasons`` is a list of dictionaries
        (method, result, rule_id, clause, inputs, texts, is_deciding). A danger that another row carries has
        no strength, radius or reach; an unrated one has the radius within which it may matter; one whose position
        is worse than its radius has a reach alone. ``accuracy_m`` is that of the source's row. ``help_minutes`` and
        ``help_factor`` stay empty (unknown) until `fire_cover.with_help` fills them.
    """
    rules, table = load_level_rules(on=on), load_screening(screening, on=on)
    units = unit_sources(layers, rules, on=on)
    enterprises = enterprise_sources(layers, rules, units, on=on, screening=table, jurisdiction=jurisdiction)
    lines = pipeline_sources(layers, rules, table)
    entries = grouped(records(layers, "follow_ups"), "pipeline_id")
    for line in lines:
        judge_follow_ups(line, entries.get(line.feature_id, []), rules)
    sources = [*enterprises, *units, *lines, *black_spot_sources(layers, rules)]
    for source in sources:
        _decide(source)
        _reach(source, rules)
        source.reach_m = _how_far(source, on)
        _leave_out_if_coarse(source, rules)
    _share_trenches(lines)
    _carry_once(enterprises, units, rules)
    placed = [
        frame
        for frame in layers.values()
        if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name
    ]
    crs = next((frame.crs for frame in placed if frame.crs), None)
    rows = [_row(source, rules) for source in sources]
    found = gpd.GeoDataFrame(rows, columns=[*_output_fields(), "accuracy_m", "geometry"], geometry="geometry", crs=crs)
    found["major_hazard_level"] = found["major_hazard_level"].astype("Int64")
    for name in ("s_value", "r_value", "strength", "radius_m", "reach_m", "accuracy_m", "help_minutes", "help_factor"):
        found[name] = found[name].astype(float)
    return found.sort_values("point_id", kind="stable", ignore_index=True)


def _output_fields() -> list[str]:
    return ["feature_id", *(entry.name for entry in load_layer(LAYERS_DIR / "risk_points").fields)]


def _decide(source: Source) -> None:
    """The first method in the order that gave a level decides; declared against computed is a dispute."""
    decider = deciding_entry(source.methods)
    if decider:
        decider["is_deciding"] = True
        source.level, source.basis = decider["result"], decider["method"]
        source.is_assumption |= bool(decider["inputs"].get("is_assumption"))
    declared = source.results("declared")
    # what holds for a kind of installation as such disputes nobody's judgement of one of them
    computed = [entry for entry in source.results("computed") if not entry["inputs"].get("is_generic")]
    if declared and computed and declared[0]["result"] != computed[0]["result"]:
        source.is_disputed = True
    if source.level != UNRATED:
        source.missing = source.missing if _is_lower_bound(source) else None
    elif source.missing is None:
        source.missing = Missing(*MISSING.get(source.source_class, MISSING[""]))


def deciding_entry(methods: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The judgement that gives a source its level: the first of the first method in `ORDER` that has a result."""
    for method in ORDER:
        for entry in methods:
            if entry["method"] == method and entry["result"]:
                return entry
    return None


def _is_lower_bound(source: Source) -> bool:
    """Whether the deciding method had a part of its figures only: the level is at least this."""
    return any(entry["is_deciding"] and entry["inputs"].get("is_lower_bound") for entry in source.methods)


def _reach(source: Source, rules: LevelRules) -> None:
    """Strength and radius of the policy's table for the source's class, form and grade."""
    kind = rules.classes[source.source_class]
    if source.is_fire is None:
        source.is_fire = bool(kind["is_fire"])
    if source.level == UNRATED:
        source.radius_m = kind["unrated_radius_m"]
        return
    if source.layer == "hazard_units":
        reach_of_unit(source, rules)
        return
    keys = [
        (source.source_class, source.form, source.grade),
        (source.source_class, "", source.level),
        (source.source_class, "", ""),
    ]
    row = next((rules.strengths[key] for key in keys if key in rules.strengths), None)
    if row is None:
        return
    source.strength = row["strength"]
    source.is_assumption |= bool(row["is_assumption"])
    if row["radius_formula"] == "blast":
        source.radius_m, source.is_assumption = judged_blast_m(source, row), True
    elif source.radius_m is None:
        source.radius_m = row["radius_m"]


def _how_far(source: Source, on: date) -> float | None:
    """How far a source may matter: as far as it colours, and where an amount of explosives is missing as far as it may be felt."""
    open_m = open_ground_m(source, on)
    return max(source.radius_m or 0.0, open_m) if open_m else source.radius_m


def _carry_once(enterprises: list[Source], units: list[Source], rules: LevelRules) -> None:
    """Each danger colours once. Who carries follows from kinds and radii, so a worse level never lowers a cell.

    A carrier takes at least the strength of what it carries; a major hazard and explosives colour themselves.
    """
    by_plant: dict[str, list[Source]] = {}
    for unit in units:
        by_plant.setdefault(str(unit.enterprise_id), []).append(unit)
    for plant in enterprises:
        own = [
            unit for unit in by_plant.get(plant.feature_id, []) if unit.strength and unit.geometry is not None
        ]
        if own and plant.strength and plant.geometry is None:
            if plant.source_class != "hazchem":
                _leave_to(plant, rules, "其单元", "its units")
        elif own and plant.strength and plant.source_class == "hazchem":
            _carry_hazchem(plant, own, rules)
        elif own and plant.strength:
            _carry_small_units(plant, own, rules)
            _leave_to_units(plant, [unit for unit in own if unit.strength], rules)


def _carry_hazchem(plant: Source, units: list[Source], rules: LevelRules) -> None:
    """The row stands for what is below a major hazard, unless nothing but such units gave it its level."""
    is_only_units = any(
        entry["is_deciding"] and entry["inputs"].get("by") == "inherent" for entry in plant.methods
    )
    if is_only_units and any(_colours_itself(unit) for unit in units):
        _leave_to(plant, rules, "其单元", "its units")
    else:
        _carry_small_units(plant, units, rules)


def _colours_itself(unit: Source) -> bool:
    return unit.major_hazard_level is not None or unit.source_class == "explosives"


def _carry_small_units(plant: Source, units: list[Source], rules: LevelRules) -> None:
    """Units below a major hazard that reach no farther than the plant."""
    for unit in units:
        if not _colours_itself(unit) and (unit.radius_m or 0.0) <= (plant.radius_m or 0.0):
            _raise_to(plant, unit.strength or 0.0, unit.radius_m or 0.0, unit, rules)
            _leave_to(unit, rules, f"企业 {plant.name}", f"the enterprise {plant.name}")


def _leave_to_units(plant: Source, units: list[Source], rules: LevelRules) -> None:
    """A plant no worse, no stronger and of no wider reach than one of its units adds nothing to it.

    Where the kind has one strength whatever its level (a filling station, an explosives store), that strength is the
    danger of its units: the strongest takes it over, whichever level is worse.
    """
    if not units:
        return
    first = max(units, key=lambda unit: (unit.strength or 0.0, unit.radius_m or 0.0))
    strength, radius_m = plant.strength or 0.0, plant.radius_m or 0.0
    is_one_strength = (plant.source_class, "", "") in rules.strengths
    if is_one_strength and strength >= (first.strength or 0.0) and radius_m >= (first.radius_m or 0.0):
        _raise_to(first, strength, radius_m, plant, rules)
    is_within = any(
        strength <= (unit.strength or 0.0)
        and radius_m <= (unit.radius_m or 0.0)
        and (is_one_strength or RATED.index(unit.level) <= RATED.index(plant.level))
        for unit in units
    )
    if is_within:
        _leave_to(plant, rules, "其单元", "its units")


def _raise_to(source: Source, strength: float, radius_m: float, other: Source, rules: LevelRules) -> None:
    """Let a row carry another one's danger: at least its strength and its radius (metres)."""
    if strength <= (source.strength or 0.0) and radius_m <= (source.radius_m or 0.0):
        return
    source.judge(
        "carries",
        None,
        rules.basis["carried"],
        f"计入 {other.name},源强 {strength:g},半径 {radius_m:.0f} 米",
        f"carries {other.name}: strength {strength:g}, radius {radius_m:.0f} m",
        strength=strength,
        radius_m=radius_m,
    )
    source.strength = max(source.strength or 0.0, strength)
    source.radius_m = max(source.radius_m or 0.0, radius_m)
    source.reach_m = max(source.reach_m or 0.0, source.radius_m)


def _leave_to(source: Source, rules: LevelRules, who_zh: str, who_en: str) -> None:
    rule = rules.basis["carried"]
    source.judge(
        "carried",
        None,
        rule,
        f"影响由{who_zh}计入",
        f"its reach is counted with {who_en}",
        strength=source.strength,
        radius_m=source.radius_m,
    )
    source.strength = source.radius_m = source.reach_m = None


def _leave_out_if_coarse(source: Source, rules: LevelRules) -> None:
    """A place known no better than the source reaches colours nothing: it could be anywhere around."""
    if source.radius_m is None or not source.accuracy_m > source.radius_m:
        return
    source.judge(
        "coarse",
        None,
        rules.basis["coarse"],
        f"位置误差 {source.accuracy_m:.0f} 米,大于影响半径 {source.radius_m:.0f} 米,不参与着色",
        f"position known to {source.accuracy_m:.0f} m, worse than its reach of {source.radius_m:.0f} m: colours nothing",
        accuracy_m=source.accuracy_m,
        radius_m=source.radius_m,
    )
    source.missing = Missing("精确位置", "a precise position")
    source.strength = source.radius_m = None


def _share_trenches(lines: list[Source]) -> None:
    """Mark lines that colour and lie in one trench: the worst of them counts there, once."""
    rule = load_trench_rule()
    parts: dict[str, list[Source]] = {}
    for source in lines:
        if source.radius_m is not None and source.geometry is not None:
            parts.setdefault(f"{source.layer}:{source.feature_id}", []).append(source)
    whole = [shapely.union_all([part.geometry for part in mine]) if len(mine) > 1 else mine[0].geometry for mine in parts.values()]
    found = trenches(list(parts), whole, [mine[0].accuracy_m for mine in parts.values()], rule)
    for key, (trench, n_lines) in found.items():
        for source in parts[key]:
            source.trench_id = trench
            source.judge(
                "trench", None, rule.row, f"与另外 {n_lines - 1} 条管道同沟(相距 {rule.gap_m:g} 米加位置误差以内),只计最强一条",
                f"in one trench with {n_lines - 1} other lines (within {rule.gap_m:g} m and the errors of positions): the worst counts once",
                n_lines=n_lines, trench_id=trench,
            )  # fmt: skip


def _row(source: Source, rules: LevelRules) -> dict[str, Any]:
    decider = next((entry for entry in source.methods if entry["is_deciding"]), None)
    office = source.responsible_office or rules.classes[source.source_class]["default_office_zh"] or None
    missing = source.missing or Missing("资料", "data")
    point_id = f"{source.layer}:{source.feature_id}{source.part}"
    return {
        "feature_id": point_id,
        "point_id": point_id,
        "source_layer": source.layer,
        "source_feature_id": source.feature_id,
        "enterprise_id": source.enterprise_id,
        "name": source.name,
        "kind": source.source_class,
        "level": source.level,
        "inherent_level": source.inherent,
        "control_level": source.control,
        "basis": source.basis,
        "rule_id": decider and decider["rule_id"],
        "clause": decider and decider["clause"],
        "reason_zh": decider["text_zh"] if decider else f"缺少{missing.zh}",
        "reason_en": decider["text_en"] if decider else f"missing: {missing.en}",
        "reasons": source.methods,
        "missing": _missing_text(source, office),
        "major_hazard_level": source.major_hazard_level,
        "s_value": source.s_value,
        "r_value": source.r_value,
        "strength": source.strength,
        "radius_m": source.radius_m,
        "reach_m": source.reach_m,
        "accuracy_m": source.accuracy_m,
        "trench_id": source.trench_id,
        "is_fire": bool(source.is_fire),
        "is_assumption": source.is_assumption,
        "is_disputed": source.is_disputed,
        "is_suspected_split": source.is_suspected_split,
        "responsible_office": office,
        "town_name": source.town_name,
        "geometry": source.geometry,
    }


def _missing_text(source: Source, office: str | None) -> str | None:
    """What would let the source be rated, and who has it."""
    told = source.missing
    return told and f"{told.zh} ({told.en});责任部门: {office or '未明确'}"
