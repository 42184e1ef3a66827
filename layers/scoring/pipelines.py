"""What stands beside one pipeline, or is to be dug beside any, in chainage order and in the words of the law.

A result never replaces locating the pipe on site.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError, NoRuleError
from layers.scoring.activities import with_wider_kinds
from layers.scoring.calibration import chainage_of
from layers.scoring.chainage import Chainage
from layers.scoring.coverage import uncovered_pipelines
from layers.scoring.distances import object_ends, stations_own
from layers.scoring.measure import Floats, Pairs, near_pairs
from layers.scoring.object_classes import ClassIndex, Layers, Members, proposal
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.separation import Findings, apply_rule, binds_works, falls_short, is_historic, measured_edges, under_rule
from layers.scoring.silent import Silent, silent_features
from layers.scoring.siting_surroundings import vague_reach_m

VERDICTS = {
    "prohibited": ("禁止", "Prohibited"),
    "possibly_prohibited": ("可能禁止", "Possibly prohibited"),
    "permit_required": ("须申请许可", "Permit required"),
    "see_code": ("须查技术规范", "See the technical code"),
    "nothing_found": ("未发现", "Nothing found"),
    "not_assessed": ("未判定", "Not assessed"),
}
CONFLICT_FIELDS = (
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
NOTICE_FIELDS = (
    "subject_layer",
    "subject_feature_id",
    "subject_name",
    "operator",
    "chainage_from_m",
    "chainage_to_m",
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
    "is_estimated",
)
BINDING_CLASSES = ("oil_gas_pipeline", "town_gas_pipe", "pipeline_or_facility")
STATION_CLASS = "attached_facility"
"""Stations and valve chambers of oil and gas pipelines, which own permit bands of their own."""
MAX_BUFFER_M = 1000.0
NEAREST_STRETCH_M = 1.0
"""Metres beyond the least distance within which a line without a rule counts as nearest to works."""
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
) -> gpd.GeoDataFrame:
    """What stands within a buffer of one pipeline, in chainage order.

    Parameters
    ----------
    pipeline : a row of the layer ``pipelines``
    layers : all layers, in the metric CRS of `pipeline`'s geometry; marker posts and stations calibrate the chainage
    buffer_m : 0 < buffer_m <= 1000, from the centreline
    from_m, to_m : chainage of the stretch asked for, the whole line when None
    include_clear : also rows of buildings in the buffer that break nothing (未发现)

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
        No rule covers this pipeline: industrial pipes, kind unknown, town gas of unknown pressure.
    """
    if not 0 < buffer_m <= MAX_BUFFER_M:
        raise InputError("buffer_m", f"{buffer_m} must be above 0 and at most {MAX_BUFFER_M:g} m")
    index = _one_line_index(pipeline, layers, rules)
    along = chainage_of(pipeline, layers, index.crs)
    in_force = {*rules.in_force(on, jurisdiction, "standing"), *rules.in_force(on, jurisdiction, "siting")}
    if len(uncovered_pipelines(index, in_force)):
        facts = f"pipeline of kind {pipeline.get('kind')}, pressure {pipeline.get('pressure_mpa')} MPa"
        raise NoRuleError([(facts, "building_or_structure")])
    binding = [rule for rule in rules.rules if rule in in_force and rule.subject_class in BINDING_CLASSES]
    binding = [rule for rule in binding if (index.members(rule.subject_class).layer == "pipelines").any()]
    stretch = along.stretch(from_m, to_m)
    frames = [_prohibited(rule, stretch, index, on) for rule in binding if _prohibits_building(rule)]
    frames += [
        _see_code(rule, stretch, index, buffer_m) for rule in binding if rule.rule_id.startswith("PIPE-L31-")
    ]
    rows = pd.concat(frames, ignore_index=True) if frames else _rows_of(CONFLICT_FIELDS)
    if include_clear:
        rows = pd.concat([rows, _clear(rows, stretch, index, buffer_m)], ignore_index=True)
    rows["works_rules"] = _works_rules(rows, binding, index)
    return _in_order(rows, along)


def permit_bands(
    pipeline: pd.Series[Any], rules: RuleSet, *, on: date, jurisdiction: str = "CN"
) -> list[dict[str, Any]]:
    """The bands beside a pipeline, and around its stations, in which works need a permit (须申请许可), the narrowest first.

    Each has ``rule_id``, titles, ``subject_class``, ``from_m`` and ``distance_m`` (metres; 0: on the line itself),
    ``activities`` (empty: all construction), ``standard_id`` and ``clause``.
    """
    index = ClassIndex({"pipelines": gpd.GeoDataFrame([pipeline.to_dict() | {"status": "operating"}])}, rules)
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


def _prohibits_building(rule: Rule) -> bool:
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
        return _rows_of(CONFLICT_FIELDS)
    near = _within(rule, stretch, index.members("building_or_structure"), index, buffer_m, "nothing_found")
    return near[
        ~near["object_feature_id"].isin(rows.loc[rows["object_layer"] == "buildings", "object_feature_id"])
    ]


def _object_rows(rule: Rule, objects: Members, verdict: Any) -> pd.DataFrame:
    words = [VERDICTS[word] for word in verdict]
    return pd.DataFrame(
        {
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


def _rows_of(fields: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*fields, "geometry")})


def notice(
    works: BaseGeometry,
    activities: Sequence[str],
    layers: Layers,
    rules: RuleSet,
    *,
    on: date,
    jurisdiction: str = "CN",
    accuracy_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Pipelines and stations that third-party works touch, with the rules that bind those works.

    Parameters
    ----------
    works : geometry in the metric CRS, not empty
    activities : kinds of works named by the rules, e.g. ``road``, ``engineering_excavation``; ``structure`` for
        anything built

    Returns
    -------
    GeoDataFrame of `NOTICE_FIELDS` and the shortest lines, worst verdict first, then by distance
        Features within a rule's metres that do not state what it asks of them are 未判定, the field named in the words.
        Pipelines within 200 m that no rule covers are 未判定: a pipe without a rule is still a pipe.
        `chainage_from_m` and `chainage_to_m` bound the stretch of pipeline within the rule's distance of the works.
    """
    _require_known(works, activities, rules)
    index, works_member = ClassIndex(layers, rules), proposal(works, accuracy_m=accuracy_m)
    frames = []
    bound = notice_rules(rules, activities, on=on, jurisdiction=jurisdiction)
    for rule in bound:
        subjects = index.members(rule.subject_class)
        if len(subjects):
            found = apply_rule(rule, subjects, works_member, rules=rules, on=on, crs=index.crs)
            frames.append(_notice_rows(rule, found, subjects, index, works, on))
    frames.append(_silent_rows(bound, works_member, index, on))
    frames = [frame for frame in [*frames, _unruled(works, works_member, index, on, jurisdiction)] if len(frame)]
    rows = pd.concat(frames, ignore_index=True) if frames else _rows_of(NOTICE_FIELDS)
    return gpd.GeoDataFrame(_worst_first(rows)[[*NOTICE_FIELDS, "geometry"]], geometry="geometry", crs=index.crs if frames else None)


def _require_known(works: BaseGeometry, activities: Sequence[str], rules: RuleSet) -> None:
    """`InputError` for works without ground, without a kind, or of a kind that no rule names."""
    known = {"structure"} | {name for rule in rules.rules if _binds_notice(rule, rule.activities) for name in rule.activities}
    unknown = sorted(set(activities) - known)
    if unknown or not activities:
        raise InputError("activities", f"unknown {unknown or 'none given'}; known: {', '.join(sorted(known))}")
    if shapely.is_missing(works) or shapely.is_empty(works):
        raise InputError("works", "an empty geometry")


def _worst_first(rows: pd.DataFrame) -> pd.DataFrame:
    order = {word: rank for rank, word in enumerate(VERDICTS)}
    return rows.sort_values(
        ["verdict", "distance_m", "subject_feature_id", "rule_id"],
        ignore_index=True,
        key=lambda column: column.map(order) if column.name == "verdict" else column,
    )


def _unruled(
    ground: BaseGeometry, works: Members, index: ClassIndex, on: date, jurisdiction: str
) -> pd.DataFrame:
    """Pipelines beside the works that no rule covers: whoever digs must hear of them all the same.

    Their stretch is the one nearest to the works, as far as its position is uncertain.
    """
    rules = index.rules
    in_force = [rule for rule in rules.rules if rule.is_in_force(on, jurisdiction)]
    pipes, widest = uncovered_pipelines(index, in_force), rules["PIPE-L35-3a"]
    if not len(pipes):
        return _rows_of(NOTICE_FIELDS)
    reach_m = (widest.distance_m or 0.0) + pipes.accuracy_m
    pairs = near_pairs(pipes.geometry, works.geometry, reach_m=reach_m, crs=index.crs)
    near = pipes.take(pairs.subject)
    error_m = np.hypot(near.accuracy_m, works.accuracy_m[0])
    lines = index.frame("pipelines").set_index("feature_id")
    spans = [
        _span(layer, feature_id, lines, index, shapely.buffer(ground, reach))
        for layer, feature_id, reach in zip(
            near.layer, near.feature_id, pairs.distance_m + np.maximum(error_m, NEAREST_STRETCH_M), strict=True
        )
    ]
    rows = _unassessed_rows(near, pairs, error_m, VERDICTS["not_assessed"])
    spanned = dict(zip(("operator", "chainage_from_m", "chainage_to_m"), zip(*spans, strict=True), strict=True)) if spans else {}
    return rows.assign(**spanned)


def _silent_rows(bound: Sequence[Rule], works: Members, index: ClassIndex, on: date) -> pd.DataFrame:
    """Each feature near the works once for each field that it does not state, by the rule that reaches farthest."""
    found = [_silent(entry, works, index) for entry in silent_features(bound, index, on, without=("pipelines",))]
    rows = pd.concat([_rows_of(NOTICE_FIELDS), *(frame for frame in found if len(frame))], ignore_index=True)
    rows = rows.sort_values("required_m", ascending=False, kind="stable")
    return rows.drop_duplicates(["subject_layer", "subject_feature_id", "verdict_en"])


def _silent(entry: Silent, works: Members, index: ClassIndex) -> pd.DataFrame:
    """Features near the works that do not state what a rule asks of them."""
    reach_m = vague_reach_m(0.0, entry.features) + entry.reach_m + works.accuracy_m[0]
    pairs = near_pairs(entry.features.geometry, works.geometry, reach_m=reach_m, crs=index.crs)
    near, rule = entry.features.take(pairs.subject), entry.rules[0]
    zh, en = VERDICTS["not_assessed"]
    field_zh, field_en = f"{zh}:未注明{entry.field_name}", f"{en}: {entry.field_name} not stated"
    rows = _unassessed_rows(near, pairs, np.hypot(near.accuracy_m, works.accuracy_m[0]), (field_zh, field_en))
    return rows.assign(
        required_m=entry.reach_m[pairs.subject], rule_id=rule.rule_id, standard_id=rule.standard_id, clause=rule.clause,
        source_type=rule.source_type,
    )  # fmt: skip


def _unassessed_rows(near: Members, pairs: Pairs, error_m: Floats, words: tuple[str, str]) -> pd.DataFrame:
    """Rows of a notice about features that nothing is judged of."""
    return pd.DataFrame(
        {
            "subject_layer": near.layer,
            "subject_feature_id": near.feature_id,
            "subject_name": near.name,
            "operator": None,
            "chainage_from_m": np.nan,
            "chainage_to_m": np.nan,
            "distance_m": pairs.distance_m,
            "error_m": error_m,
            "required_m": np.nan,
            "rule_id": None,
            "verdict": "not_assessed",
            "verdict_zh": words[0],
            "verdict_en": words[1],
            "standard_id": None,
            "clause": None,
            "source_type": None,
            "certainty": None,
            "is_estimated": False,
            "geometry": pairs.line,
        }
    )


def notice_rules(rules: RuleSet, activities: Sequence[str], *, on: date, jurisdiction: str = "CN") -> list[Rule]:
    """The rules in force that bind works of these kinds, or of the wider kinds that they are methods of."""
    kinds = sorted(with_wider_kinds(activities))
    return [rule for rule in rules.rules if rule.is_in_force(on, jurisdiction) and _binds_notice(rule, kinds)]


def _binds_notice(rule: Rule, activities: Sequence[str]) -> bool:
    """Whether a rule answers a notice: of highways and power lines only what forbids a kind of works outright."""
    of_others = rule.subject_class in ("highway", "overhead_power_line") and rule.object_class != "activity"
    if rule.status != "judged" or of_others:
        return False
    return binds_works(rule, activities) or ("structure" in activities and _prohibits_building(rule))


def _notice_verdict(rule: Rule, *, is_certain: bool) -> str:
    """A least distance (of people from a blast) is kept by what the technical code asks, and forbids no works by itself."""
    if rule.kind == "prohibited":
        return "prohibited" if is_certain else "possibly_prohibited"
    return "see_code" if rule.kind == "minimum_distance" else "permit_required"


def _notice_rows(
    rule: Rule, findings: Findings, subjects: Members, index: ClassIndex, works: BaseGeometry, on: date
) -> pd.DataFrame:
    touched = subjects.take(findings.subject)
    verdict = [_notice_verdict(rule, is_certain=bool(certain)) for certain in findings.is_certain]
    offset_m = measured_edges(rule, touched, index.rules, on).offset_m
    pipelines = index.frame("pipelines").set_index("feature_id") if len(index.frame("pipelines")) else None
    spans = [
        _span(layer, feature_id, pipelines, index, shapely.buffer(works, reach))
        for layer, feature_id, reach in zip(
            touched.layer, touched.feature_id, findings.required_m + offset_m + findings.error_m, strict=True
        )
    ]
    return pd.DataFrame(
        {
            "subject_layer": touched.layer,
            "subject_feature_id": touched.feature_id,
            "subject_name": touched.name,
            "operator": [operator for operator, _, _ in spans],
            "chainage_from_m": [low for _, low, _ in spans],
            "chainage_to_m": [high for _, _, high in spans],
            "distance_m": findings.actual_m,
            "error_m": findings.error_m,
            "required_m": findings.required_m,
            "rule_id": rule.rule_id,
            "verdict": verdict,
            "verdict_zh": [VERDICTS[word][0] for word in verdict],
            "verdict_en": [VERDICTS[word][1] for word in verdict],
            "standard_id": rule.standard_id,
            "clause": rule.clause,
            "source_type": rule.source_type,
            "certainty": np.where(findings.is_certain, "certain", "possible"),
            "is_estimated": findings.is_estimated,
            "geometry": findings.line,
        }
    )


def _span(
    layer: str, feature_id: str, pipelines: pd.DataFrame | None, index: ClassIndex, reach: BaseGeometry
) -> tuple[str | None, float, float]:
    """Operator, and the chainages between which a pipeline runs within the reach of works."""
    if layer != "pipelines" or pipelines is None:
        return None, float("nan"), float("nan")
    row = pipelines.loc[feature_id]
    inside = shapely.get_coordinates(shapely.intersection(row["geometry"], reach))
    if not len(inside):
        return row.get("operator"), float("nan"), float("nan")
    measures = chainage_of(row, index.layers, index.crs).at(shapely.points(inside))
    return row.get("operator"), float(measures.min()), float(measures.max())
