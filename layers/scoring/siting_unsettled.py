"""Rules that give no metres, and features whose own data leave it open which row applies: told, never passed over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
from numpy.typing import NDArray

from layers.scoring.columns import Columns
from layers.scoring.coverage import PIPE_CLASSES, uncovered_pipelines
from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.rules.unassessed import unassessed_words
from layers.scoring.separation import (
    ASSUMED_RAILWAY,
    RAILWAY_AREAS,
    TOLERANCE_M,
    under_rule,
)
from layers.scoring.siting_distances import widest_m
from layers.scoring.siting_surroundings import about, may_reach, missing_value
from layers.scoring.siting_terms import PERMIT, Findings, NotAssessed, SiteContext

UNDECIDED_LAYERS = ("power_lines", "railways", "pipelines", "roads")
"""Layers of features whose data may leave it open which row applies."""


def codes_check(rule: Rule, member: Members, context: SiteContext, index: ClassIndex, found: Findings) -> None:
    """A rule without metres that sends one beside a pipeline to the codes (`sends_to_codes`): a reason for review there."""
    code_m = code_reach_m(index.rules)
    subjects = index.members(rule.subject_class)
    subjects = subjects.take(may_reach(subjects.geometry, member.geometry[0], np.full(len(subjects), code_m)))
    reach_m = np.full(len(subjects), code_m)
    pairs = near_pairs(subjects.geometry, member.geometry, reach_m=reach_m, crs=context.crs, index=member.search)
    for at, distance_m, line in zip(pairs.subject, pairs.distance_m, pairs.line, strict=True):
        title, text = (rule.title_zh, rule.title_en), ("须查技术规范", "see the technical code")
        found.reasons.append(
            about(
                subjects,
                int(at),
                distance_m,
                line,
                kind=rule.kind,
                gravity=PERMIT,
                title=title,
                text=text,
                clear_m=code_m + TOLERANCE_M,
                rule=rule,
            )
        )


def unassessed(rule: Rule, rules: RuleSet) -> NotAssessed:
    """What is said of a rule without metres; made once a rule."""
    key = "unassessed", rule.rule_id
    found: NotAssessed | None = rules.kept.get(key)
    if found is None:
        zh, en = unassessed_words(rule, rules)
        words = f"{rule.clause}: {zh}", f"{rule.title_en}: {en}"
        found = rules.kept[key] = NotAssessed(rule.subject_class, *words)
    return found


def sends_to_codes(rule: Rule) -> bool:
    """Whether a rule without metres sends a project beside a pipeline to the technical codes (Art. 31)."""
    return rule.rule_id.startswith("PIPE-L31-")


def code_reach_m(rules: RuleSet) -> float:
    """As near to a pipeline Art. 31 sends a building to the technical codes, metres."""
    return (rules["PIPE-L35-3a"].distance_m or 0.0) - TOLERANCE_M


def undecided_check(
    member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    """Lines and roads beside the site whose own data leave it open which row applies: a missing input, never clear."""
    for features, reach_m, text in undecided_features(context, index, on):
        missing_value(features, reach_m, text, member, context, found)


def undecided_features(
    context: SiteContext, index: ClassIndex, on: date
) -> Iterator[tuple[Members, float, tuple[str, str]]]:
    """Such features by what they lack, with the widest distance any row could ask, metres."""
    in_force = index.rules.in_force(on, context.jurisdiction, "siting")
    judged = [rule for rule in in_force if rule.status == "judged"]
    bands = [
        rule for rule in judged if rule.subject_class == "overhead_power_line" and rule.kind == "prohibited"
    ]
    lines = index.members("overhead_power_line")
    if bands and len(lines):
        undecided = lines.take(~np.any([under_rule(rule, lines) for rule in bands], axis=0))
        text = "架空线路电压缺失或不在条例分档内", "voltage of the line unknown or in no band"
        yield undecided, widest_m(bands), text
    tracks, zones = index.members("railway"), [rule for rule in judged if rule.area_kind in RAILWAY_AREAS]
    if zones and len(tracks):
        without = tracks.take(~np.any([_is_kind(index, rule, tracks) & under_rule(rule, tracks) for rule in zones], axis=0))
        yield without, widest_m(zones) + ASSUMED_RAILWAY.offset_m, ("铁路类别或所经地区缺失", "kind of the railway or of its ground unknown")
    pipes = uncovered_pipelines(index, judged)
    pipes = pipes.take(pipes.category != "industrial")
    text = "管道类别或压力缺失", "kind or pressure of the pipeline unknown"
    of_pipes = [rule for rule in judged if rule.subject_class in PIPE_CLASSES]
    yield pipes, widest_m(of_pipes), text
    if index.table("roads").n:
        unclassed = index.chosen("roads", "unclassed", _is_unclassed)
        zones = [rule for rule in judged if rule.subject_class == "highway" and rule.kind == "prohibited"]
        yield unclassed, widest_m(zones), ("道路等级缺失", "class of the road unknown")


def _is_unclassed(roads: Columns) -> NDArray[np.bool_]:
    return np.array([road_class is None for road_class in roads["road_class"]], bool)


def _is_kind(index: ClassIndex, rule: Rule, members: Members) -> NDArray[np.bool_]:
    """Which members of a wider class are subjects of a rule."""
    return np.isin(members.feature_id.astype(str), index.members(rule.subject_class).feature_id.astype(str))
