"""What works touch: pipelines, stations, lines, bridges and towers near them, with the rules that bind those works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError
from layers.scoring.activities import activities as known_activities
from layers.scoring.activities import with_wider_kinds
from layers.scoring.calibration import chainage_of
from layers.scoring.coverage import PIPE_CLASSES, uncovered_pipelines
from layers.scoring.field_words import field_words
from layers.scoring.measure import Floats, Pairs, near_pairs
from layers.scoring.object_classes import ClassIndex, Layers, Members, proposal
from layers.scoring.pipelines import VERDICTS, prohibits_building, rows_of
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.separation import Findings, apply_rule, binds_works, measured_edges
from layers.scoring.silent import Silent, silent_features
from layers.scoring.siting_surroundings import vague_reach_m

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
NEAREST_STRETCH_M = 1.0
"""Metres beyond the least distance within which a line without a rule counts as nearest to works."""


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
        Pipelines within 200 m that no rule covers are 未判定: a pipe without a rule is still a pipe. So are those within
        50 m (the widest zone of the law but for blasting, exploring and mining) whose rules do not name one of the kinds.
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
    frames += _unruled(works, works_member, index, activities, on, jurisdiction)
    frames = [frame for frame in frames if len(frame)]
    rows = pd.concat(frames, ignore_index=True) if frames else rows_of(NOTICE_FIELDS)
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
    ground: BaseGeometry, works: Members, index: ClassIndex, activities: Sequence[str], on: date, jurisdiction: str
) -> list[pd.DataFrame]:
    """Pipelines beside the works that no rule covers, or whose rules do not name such works: whoever digs must hear of them all the same."""
    rules = index.rules
    uncovered = uncovered_pipelines(index, [rule for rule in rules.rules if rule.is_in_force(on, jurisdiction)])
    found = [_open_rows(ground, works, index, uncovered, rules["PIPE-L35-3a"], VERDICTS["not_assessed"])]
    for kind in dict.fromkeys(activities):
        found.append(_unnamed(ground, works, index, kind, notice_rules(rules, [kind], on=on, jurisdiction=jurisdiction), uncovered))
    return found


def _unnamed(
    ground: BaseGeometry, works: Members, index: ClassIndex, kind: str, bound: Sequence[Rule], uncovered: Members
) -> pd.DataFrame:
    """Pipelines beside works of a kind on which their rules have no word; a rule of crossings has one of what is crossed."""
    pipes = uncovered_pipelines(index, [rule for rule in bound if rule.distance_m])
    pipes = pipes.take(~np.isin(pipes.feature_id.astype(str), uncovered.feature_id.astype(str)))
    rows = _open_rows(ground, works, index, pipes, index.rules["PIPE-L35-2a"], _unnamed_words(kind))
    speaks_of_crossed = any(rule.distance_m == 0 and rule.subject_class in PIPE_CLASSES for rule in bound)
    return rows[rows["distance_m"] > rows["error_m"]] if speaks_of_crossed else rows


def _unnamed_words(kind: str) -> tuple[str, str]:
    (zh, en), title = VERDICTS["not_assessed"], known_activities()[kind]
    return f"{zh}:条文对此处“{title.title_zh}”没有规定", f"{en}: no article on “{title.title_en}” here"


def _open_rows(
    ground: BaseGeometry, works: Members, index: ClassIndex, pipes: Members, widest: Rule, words: tuple[str, str]
) -> pd.DataFrame:
    """Pipelines within the metres of the widest rule, nothing judged of them.

    Their stretch is the one nearest to the works, as far as its position is uncertain.
    """
    if not len(pipes):
        return rows_of(NOTICE_FIELDS)
    reach_m = (widest.distance_m or 0.0) + np.hypot(pipes.accuracy_m, works.accuracy_m[0])
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
    rows = _unassessed_rows(near, pairs, error_m, words)
    spanned = dict(zip(("operator", "chainage_from_m", "chainage_to_m"), zip(*spans, strict=True), strict=True)) if spans else {}
    return rows.assign(**spanned)


def _silent_rows(bound: Sequence[Rule], works: Members, index: ClassIndex, on: date) -> pd.DataFrame:
    """Each feature near the works once for each field that it does not state, by the rule that reaches farthest."""
    found = [_silent(entry, works, index) for entry in silent_features(bound, index, on, without=("pipelines",))]
    rows = pd.concat([rows_of(NOTICE_FIELDS), *(frame for frame in found if len(frame))], ignore_index=True)
    rows = rows.sort_values("required_m", ascending=False, kind="stable")
    return rows.drop_duplicates(["subject_layer", "subject_feature_id", "verdict_en"])


def _silent(entry: Silent, works: Members, index: ClassIndex) -> pd.DataFrame:
    """Features near the works that do not state what a rule asks of them."""
    reach_m = vague_reach_m(0.0, entry.features) + entry.reach_m + works.accuracy_m[0]
    pairs = near_pairs(entry.features.geometry, works.geometry, reach_m=reach_m, crs=index.crs)
    near, rule = entry.features.take(pairs.subject), entry.rules[0]
    zh, en = VERDICTS["not_assessed"]
    field_zh, field_en = field_words(dict.fromkeys(near.layer), entry.field_name)
    said = f"{zh}:未注明“{field_zh}”", f"{en}: “{field_en}” not stated"
    rows = _unassessed_rows(near, pairs, np.hypot(near.accuracy_m, works.accuracy_m[0]), said)
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
    return binds_works(rule, activities) or ("structure" in activities and prohibits_building(rule))


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
