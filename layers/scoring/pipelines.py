"""What stands beside one pipeline, in chainage order and in the words of the law; `works_notices` answers who wants to dig.

A result never replaces locating the pipe on site.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError, NoRuleError
from layers.scoring.calibration import chainage_of
from layers.scoring.chainage import Chainage
from layers.scoring.coverage import uncovered_pipelines
from layers.scoring.distances import object_ends, stations_own, violation_id
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Layers, Members
from layers.scoring.pipeline_listed import listed_conflicts
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.separation import apply_rule, falls_short, is_historic, under_rule

VERDICTS = {
    "prohibited": ("禁止", "Prohibited"),
    "possibly_prohibited": ("可能禁止", "Possibly prohibited"),
    "permit_required": ("须申请许可", "Permit required"),
    "see_code": ("须查技术规范", "See the technical code"),
    "nothing_found": ("未发现", "Nothing found"),
    "not_assessed": ("未判定", "Not assessed"),
}
CONFLICT_FIELDS = (
    "violation_id",
    "chainage_m",
    "side",
    "object_layer",
    "object_feature_id",
    "object_name",
    "object_category",
    "distance_m",
    "error_m",
    "required_m",
    "rule_id",
    "verdict",
    "verdict_zh",
    "verdict_en",
    "standard_id",
    "clause",
    "source_type",
    "certainty",
    "is_historic",
    "is_estimated",
    "works_rules",
)
BINDING_CLASSES = ("oil_gas_pipeline", "town_gas_pipe", "pipeline_or_facility")
STATION_CLASS = "attached_facility"
"""Stations and valve chambers of oil and gas pipelines, which own permit bands of their own."""
MAX_BUFFER_M = 1000.0
WARNING_ZH = "本结果不代替现场探测,开挖前须与管道企业现场核实"
WARNING_EN = "This result does not replace locating the pipe on site; verify with the operator before digging"


def potential_impact_radius_m(diameter_mm: float, pressure_mpa: float, rules: RuleSet) -> float:
    """Potential impact radius of a natural gas line, metres: r = 0.099 sqrt(d² p), GB 32167-2015 formula (1).

    Parameters
    ----------
    diameter_mm : outside diameter
    pressure_mpa : maximum allowable operating pressure, gauge
    """
    if not (diameter_mm > 0 and pressure_mpa > 0):
        raise InputError(
            "diameter_mm", f"diameter {diameter_mm} mm and pressure {pressure_mpa} MPa must be positive"
        )
    return float((rules["HCA-PIR"].coefficient or 0.0) * np.sqrt(diameter_mm**2 * pressure_mpa))


def conflicts(
    pipeline: pd.Series[Any],
    layers: Layers,
    rules: RuleSet,
    *,
    buffer_m: float,
    on: date,
    jurisdiction: str = "CN",
    from_m: float | None = None,
    to_m: float | None = None,
    include_clear: bool = False,
    violations: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """What stands within a buffer of one pipeline, in chainage order.

    Parameters
    ----------
    pipeline : a row of the layer ``pipelines``
    layers : all layers, in the metric CRS of `pipeline`'s geometry; marker posts and stations calibrate the chainage
    buffer_m : 0 < buffer_m <= 1000, from the centreline
    from_m, to_m : chainage of the stretch asked for, the whole line when None
    include_clear : also rows of buildings in the buffer that break nothing (未发现)
    violations : rows of ``distance_violations`` that name this pipeline; each on the stretch is in the list whatever the
        buffer, so that the list of a line and that of the county say the same

    Returns
    -------
    GeoDataFrame of `CONFLICT_FIELDS` and the shortest lines
        Buildings closer than a prohibition: 禁止 when certain, 可能禁止 within the error. Crowded buildings and
        flammable sites in the buffer: 须查技术规范 (Art. 31 gives no metres). Permit rules bind works, not what
        stands: ``works_rules`` lists those under which works at the object's place would need a permit, see
        `permit_bands` and `notice`.

    Raises
    ------
    InputError
        The buffer or the chainages are out of range.
    NoRuleError
        No rule covers this pipeline (industrial pipes, kind unknown, town gas of unknown pressure) and no violation names it.
    """
    if not 0 < buffer_m <= MAX_BUFFER_M:
        raise InputError("buffer_m", f"{buffer_m} must be above 0 and at most {MAX_BUFFER_M:g} m")
    index = _one_line_index(pipeline, layers, rules)
    along = chainage_of(pipeline, layers, index.crs)
    listed = _listed_on(pipeline, layers, violations, along, from_m, to_m)
    in_force = _in_force(rules, on, jurisdiction)
    if (violations is None or violations.empty) and is_uncovered(pipeline, rules, on=on, jurisdiction=jurisdiction):
        raise NoRuleError([(_uncovered_facts(pipeline), "buildings and structures")])
    binding = [rule for rule in rules.rules if rule in in_force and rule.subject_class in BINDING_CLASSES]
    binding = [rule for rule in binding if (index.members(rule.subject_class).layer == "pipelines").any()]
    stretch = along.stretch(from_m, to_m)
    frames = [_prohibited(rule, stretch, index, on) for rule in binding if prohibits_building(rule)]
    frames += [
        _see_code(rule, stretch, index, buffer_m) for rule in binding if rule.rule_id.startswith("PIPE-L31-")
    ]
    rows = pd.concat(frames, ignore_index=True) if frames else rows_of(CONFLICT_FIELDS)
    if len(listed):
        rows = pd.concat([listed, rows], ignore_index=True).drop_duplicates(["rule_id", "object_layer", "object_feature_id"], ignore_index=True)
    if include_clear:
        rows = pd.concat([rows, _clear(rows, stretch, index, buffer_m)], ignore_index=True)
    rows["works_rules"] = _works_rules(rows, binding, index)
    return _in_order(rows, along)


def _in_force(rules: RuleSet, on: date, jurisdiction: str) -> set[Rule]:
    return {*rules.in_force(on, jurisdiction, "standing"), *rules.in_force(on, jurisdiction, "siting")}


def is_uncovered(pipeline: pd.Series[Any], rules: RuleSet, *, on: date, jurisdiction: str = "CN") -> bool:
    """Whether no rule says what may stand beside a pipeline: industrial pipes, kind unknown, town gas of unknown pressure."""
    return len(uncovered_pipelines(_line_alone(pipeline, rules), _in_force(rules, on, jurisdiction))) > 0


def _uncovered_facts(pipeline: pd.Series[Any]) -> str:
    """What a pipeline is, as far as rules ask for it, in words."""
    kind, pressure_mpa = pipeline.get("kind"), pipeline.get("pressure_mpa")
    of_kind = "unknown kind" if pd.isna(kind) else f"kind {kind}"
    return f"pipeline of {of_kind} and " + ("unknown pressure" if pd.isna(pressure_mpa) else f"{pressure_mpa:g} MPa")


def _line_alone(pipeline: pd.Series[Any], rules: RuleSet) -> ClassIndex:
    return ClassIndex({"pipelines": gpd.GeoDataFrame([pipeline.to_dict() | {"status": "operating"}])}, rules)


def _listed_on(
    pipeline: pd.Series[Any], layers: Layers, violations: gpd.GeoDataFrame | None, along: Chainage, from_m: float | None, to_m: float | None
) -> pd.DataFrame:
    """Violations that name a line, those whose place on it is on the stretch, as rows of its conflicts."""
    if violations is None or violations.empty:
        return rows_of(CONFLICT_FIELDS)
    rows = listed_conflicts(violations, str(pipeline["feature_id"]), layers)
    rows["verdict_zh"], rows["verdict_en"] = ([VERDICTS[word][at] for word in rows["verdict"]] for at in (0, 1))
    chainage_m = along.at(object_ends(rows["geometry"].to_numpy()))
    low, high = (-np.inf if from_m is None else from_m), (np.inf if to_m is None else to_m)
    return rows[(chainage_m >= low) & (chainage_m <= high)]


def permit_bands(
    pipeline: pd.Series[Any], rules: RuleSet, *, on: date, jurisdiction: str = "CN"
) -> list[dict[str, Any]]:
    """The bands beside a pipeline, and around its stations, in which works need a permit (须申请许可), the narrowest first.

    Each has ``rule_id``, titles, ``subject_class``, ``from_m`` and ``distance_m`` (metres; 0: on the line itself),
    ``activities`` (empty: all construction), ``standard_id`` and ``clause``.
    """
    index = _line_alone(pipeline, rules)
    found = [
        rule
        for rule in rules.rules
        if rule.kind == "permit_required"
        and rule.status == "judged"
        and rule.distance_m is not None
        and rule.is_in_force(on, jurisdiction)
        and _has_band(rule, index)
    ]
    names = ("rule_id", "title_zh", "title_en", "subject_class", "from_m", "distance_m", "standard_id", "clause")
    ordered = sorted(found, key=lambda rule: (rule.distance_m or 0.0, rule.rule_id))
    return [
        {name: getattr(rule, name) for name in names} | {"activities": list(rule.activities)} for rule in ordered
    ]


def _has_band(rule: Rule, index: ClassIndex) -> bool:
    """Whether the one pipeline of an index, or a station that a line like it has, owns the rule's band."""
    if rule.subject_class == STATION_CLASS:
        return len(index.members(BINDING_CLASSES[0])) > 0
    is_of_lines = rule.subject_class in BINDING_CLASSES
    return is_of_lines and bool(under_rule(rule, index.members(rule.subject_class)).any())


def _works_rules(rows: pd.DataFrame, binding: Sequence[Rule], index: ClassIndex) -> list[list[str]]:
    """For each row the permit rules that works at the object's place come under; an error counts as nearer.

    Crossing (a distance of 0) turns on the works, not on the place.
    """
    permits = [
        rule
        for rule in binding
        if rule.kind == "permit_required"
        and rule.status == "judged"
        and rule.distance_m
        and under_rule(rule, index.members(rule.subject_class)).any()
    ]
    nearest_m = rows["distance_m"].to_numpy(float) - np.nan_to_num(rows["error_m"].to_numpy(float))
    is_under = [falls_short(nearest_m, np.full(len(rows), rule.distance_m or 0.0), rule) for rule in permits]
    return [
        [rule.rule_id for rule, is_in in zip(permits, is_under, strict=True) if is_in[at]]
        for at in range(len(rows))
    ]


def _in_order(rows: pd.DataFrame, along: Chainage) -> gpd.GeoDataFrame:
    rows = rows.reindex(columns=[*CONFLICT_FIELDS, "geometry"])
    if len(rows):
        ends = object_ends(rows["geometry"].to_numpy())
        rows["chainage_m"], rows["side"] = along.at(ends), along.side(ends)
        rows.loc[rows["distance_m"] == 0, "side"] = "on"
    rows = rows.sort_values(["chainage_m", "object_layer", "object_feature_id", "rule_id"], ignore_index=True)
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=along.crs)


def _one_line_index(pipeline: pd.Series[Any], layers: Layers, rules: RuleSet) -> ClassIndex:
    """The layers with this pipeline alone, taken as standing: a planned line is asked about before it is laid."""
    frame = layers["pipelines"]
    one = frame[frame["feature_id"] == pipeline["feature_id"]].assign(status="operating")
    return ClassIndex({**layers, "pipelines": one}, rules)


def prohibits_building(rule: Rule) -> bool:
    """Whether a rule forbids buildings as such."""
    return (
        rule.status == "judged" and rule.kind == "prohibited" and rule.object_class == "building_or_structure"
    )


def _line_of(rule: Rule, stretch: BaseGeometry, index: ClassIndex) -> Members:
    members = index.members(rule.subject_class)
    members = members.take(members.layer == "pipelines")
    members.geometry[:] = stretch
    return members


def _prohibited(rule: Rule, stretch: BaseGeometry, index: ClassIndex, on: date) -> pd.DataFrame:
    line, objects = _line_of(rule, stretch, index), index.members(rule.object_class)
    among = index.search_index(rule.object_class)
    findings = apply_rule(rule, line, objects, rules=index.rules, on=on, crs=index.crs, index=among)
    findings = findings.take(~stations_own(objects.take(findings.object), index))
    words = np.where(findings.is_certain, "prohibited", "possibly_prohibited")
    rows = _object_rows(rule, objects.take(findings.object), words)
    rows["distance_m"], rows["error_m"] = findings.actual_m, findings.error_m
    rows["required_m"] = findings.required_m
    rows["certainty"] = np.where(findings.is_certain, "certain", "possible")
    pairs = zip(rows["object_layer"], rows["object_feature_id"], strict=True)
    rows["violation_id"] = [violation_id(rule.rule_id, "pipelines", str(line.feature_id[0]), *pair) for pair in pairs]
    rows["is_estimated"], rows["geometry"] = findings.is_estimated, findings.line
    return rows


def _see_code(rule: Rule, stretch: BaseGeometry, index: ClassIndex, buffer_m: float) -> pd.DataFrame:
    return _within(rule, stretch, index.members(rule.object_class), index, buffer_m, "see_code")


def _within(
    rule: Rule, stretch: BaseGeometry, objects: Members, index: ClassIndex, buffer_m: float, verdict: str
) -> pd.DataFrame:
    line = _line_of(rule, stretch, index)
    reach_m = np.full(len(line), buffer_m)
    pairs = near_pairs(line.geometry, objects.geometry, reach_m=reach_m, crs=index.crs)
    found = objects.take(pairs.object)
    rows = _object_rows(rule, found, np.full(len(found), verdict, object))
    rows["distance_m"] = pairs.distance_m
    rows["error_m"] = np.hypot(line.accuracy_m[pairs.subject], found.accuracy_m)
    rows["is_estimated"], rows["geometry"] = found.is_point, pairs.line
    return rows


def _clear(rows: pd.DataFrame, stretch: BaseGeometry, index: ClassIndex, buffer_m: float) -> pd.DataFrame:
    rule = index.rules["PIPE-L30-3"]
    if not len(index.members(rule.subject_class)):
        return rows_of(CONFLICT_FIELDS)
    near = _within(rule, stretch, index.members("building_or_structure"), index, buffer_m, "nothing_found")
    return near[
        ~near["object_feature_id"].isin(rows.loc[rows["object_layer"] == "buildings", "object_feature_id"])
    ]


def _object_rows(rule: Rule, objects: Members, verdict: Any) -> pd.DataFrame:
    words = [VERDICTS[word] for word in verdict]
    return pd.DataFrame(
        {
            "violation_id": None,
            "object_layer": objects.layer,
            "object_feature_id": objects.feature_id,
            "object_name": objects.name,
            "object_category": objects.category,
            "rule_id": rule.rule_id,
            "verdict": verdict,
            "verdict_zh": [zh for zh, _ in words],
            "verdict_en": [en for _, en in words],
            "standard_id": rule.standard_id,
            "clause": rule.clause,
            "source_type": rule.source_type,
            "certainty": None,
            "is_historic": is_historic(objects, rule.transition_on),
            "required_m": np.nan,
        }
    )


def rows_of(fields: Sequence[str]) -> pd.DataFrame:
    """No rows, with these columns and a geometry."""
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*fields, "geometry")})
