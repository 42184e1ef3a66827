"""One colour for the county, for every industry, every enterprise and every park."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.catalog import LEVELS
from layers.crs import require_metric
from layers.scoring.aggregation import (
    AggregationPolicy,
    GroupLevel,
    GroupRule,
    aggregation_for,
    group_level,
    percentile_index,
    shares_of,
)
from layers.scoring.declarations import text_of
from layers.scoring.park_grades import ParkGrade, park_grade
from layers.scoring.sources import level_titles
from layers.scoring.towns import worst
from layers.scoring.zoning import RiskSurface

ANY_POLICY = "any"
"""Stands for the policy where the level follows from the sources alone."""
UNKNOWN_INDUSTRY = ("unknown", "行业不详", "Industry unknown")
DIVISION_DIGITS = 2
STEPS = {
    "percentile": ("指数{percentile:g}%分位 {index:.1f}", "the index at {percentile:g} % is {index:.1f}"),
    "share": ("不少于{share_pct:g}%的成员达到该等级", "at least {share_pct:g} % of the members are of this level or worse"),
    "maximum": ("取成员最高等级", "the worst member decides"),
    "step": ("{n_for_a_step}个及以上{step_zh}成员,上调一级", "{n_for_a_step} or more members of level {step_en} or worse: one level up"),
    "floor": ("有重大等级成员,不低于{floor_zh}", "a member of level major: not below {floor_en}"),
}  # fmt: skip
GROUP_FIELDS = [
    "feature_id", "rating_id", "scope", "group_id", "name", "name_en", "policy", "aggregation", "level", "index_p95",
    "n_members", "n_red", "n_orange", "n_yellow", "n_blue", "n_unrated", "unrated_pct", "is_data_short", "rule_id", "clause",
    "reason_zh", "reason_en",
]  # fmt: skip
PARK_FIELDS = [
    "feature_id", "rating_id", "park_id", "name", "kind", "policy", "aggregation", "level", "basis", "grade", "member_level",
    "index_p95", "n_red", "n_orange", "n_yellow", "n_blue", "n_unrated", "unrated_pct", "is_data_short", "is_disputed",
    "rule_id", "clause", "reason_zh", "reason_en", "geometry",
]  # fmt: skip


def rate_groups(
    enterprises: pd.DataFrame,
    points: gpd.GeoDataFrame,
    surfaces: Iterable[RiskSurface],
    *,
    outline: BaseGeometry,
    county: tuple[str, str, str],
    population: NDArray[np.float64] | None = None,
) -> pd.DataFrame:
    """Rows of `group_ratings`: the county and the industries under each policy, the enterprises once.

    Parameters
    ----------
    enterprises, points : rows of `enterprises` and `risk_points` (metric CRS)
        An enterprise has the worst level of its own row and its units; an industry counts enterprises.
    outline : the area in the metric CRS
    county : key, Chinese and English name of the area
    population : (rows, cols) of the surfaces, persons per cell, NaN unknown
    """
    require_metric(points)
    own = _enterprise_levels(points)
    levels = Counter(points["level"])
    rows = []
    policies: dict[str, AggregationPolicy] = {}
    for surface in surfaces:
        policy = policies.setdefault(surface.policy.id, aggregation_for(surface.policy.method))
        index = percentile_index(outline, surface, policy.county, weights=population)
        rows.append(_group_row("county", county, surface.policy.id, policy, policy.county, levels, index))
        for industry, counts in _by_industry(enterprises, own).items():
            rows.append(_group_row("industry", industry, surface.policy.id, policy, policy.industry, counts))
    worst_member = next(iter(policies.values()), None) or aggregation_for("")
    for row in enterprises[["enterprise_id", "name"]].itertuples(index=False):
        if row.enterprise_id in own:
            subject = (row.enterprise_id, row.name, "")
            counts = own[row.enterprise_id]
            rows.append(_group_row("enterprise", subject, ANY_POLICY, worst_member, worst_member.enterprise, counts))
    return pd.DataFrame(rows, columns=GROUP_FIELDS).sort_values("rating_id", kind="stable", ignore_index=True)


def _enterprise_levels(points: pd.DataFrame) -> dict[str, Counter[str]]:
    """Sources by level of each enterprise: its own row and its units."""
    found: dict[str, Counter[str]] = {}
    for key, level in zip(points["enterprise_id"], points["level"], strict=True):
        if isinstance(key, str):
            found.setdefault(key, Counter())[level] += 1
    return found


def level_of_members(counts: Mapping[str, int]) -> str:
    """The worst rated level among some members, else unrated."""
    rated = [level for level in LEVELS[:4] if counts.get(level)]
    return worst(rated) if rated else LEVELS[4]


def _by_industry(
    enterprises: pd.DataFrame, own: Mapping[str, Counter[str]]
) -> dict[tuple[str, str, str], Counter[str]]:
    """Enterprises by level of each industry: division of GB/T 4754 where a code is on file, else the name on file."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    names: dict[str, Counter[str]] = {}
    keys = []
    for row in enterprises.reindex(columns=["enterprise_id", "industry_code", "industry_name"]).itertuples(index=False):
        code, name = text_of(row.industry_code), text_of(row.industry_name)
        key = _division(code) or name or ""
        names.setdefault(key, Counter())[name or key] += 1
        keys.append((row.enterprise_id, key))
    titles = {key: min(counts, key=lambda name: (-counts[name], name)) for key, counts in names.items()}
    for enterprise_id, key in keys:
        if enterprise_id in own:
            group = (key, titles[key], "") if key else UNKNOWN_INDUSTRY
            found.setdefault(group, Counter())[level_of_members(own[enterprise_id])] += 1
    return dict(sorted(found.items()))


def _division(code: str | None) -> str | None:
    """The two digits of a division within a code of GB/T 4754, with or without its letter: C2611 and 2611 are 26.

    >>> _division("C2611"), _division("26"), _division("x")
    ('26', '26', None)
    """
    digits = "".join(sign for sign in code or "" if sign.isdigit())
    return digits[:DIVISION_DIGITS] if len(digits) >= DIVISION_DIGITS else None


def _group_row(
    scope: str,
    subject: tuple[str, str, str],
    policy_id: str,
    policy: AggregationPolicy,
    rule: GroupRule,
    counts: Mapping[str, int],
    index: float = float("nan"),
) -> dict[str, Any]:
    key, name, name_en = subject
    found = group_level(rule, counts, index=index)
    rating_id = f"{policy_id}:{scope}:{key}"
    reason_zh, reason_en = reason_texts(found, rule, index)
    return {
        "feature_id": rating_id,
        "rating_id": rating_id,
        "scope": scope,
        "group_id": key,
        "name": name,
        "name_en": name_en or None,
        "policy": policy_id,
        "aggregation": policy.title_zh,
        "level": found.level,
        "index_p95": None if np.isnan(index) else index,
        "n_members": sum(counts.values()),
        **{f"n_{level}": counts.get(level, 0) for level in LEVELS},
        **shares_of(counts, rule),
        "rule_id": policy.rule_id,
        "clause": policy.clause,
        "reason_zh": reason_zh,
        "reason_en": reason_en,
    }


def reason_texts(found: GroupLevel, rule: GroupRule, index: float) -> tuple[str, str]:
    """What made a group's level, in words."""
    if not found.steps:
        return "没有已评级的风险源", "no rated source"
    titles = level_titles()
    words = {
        "percentile": rule.percentile, "index": index, "share_pct": rule.share_pct, "n_for_a_step": rule.n_for_a_step,
        "step_zh": titles[rule.step_level][0], "step_en": titles[rule.step_level][1].lower(),
        "floor_zh": titles[rule.red_source_floor][0], "floor_en": titles[rule.red_source_floor][1].lower(),
    }  # fmt: skip
    texts = [tuple(text.format(**words) for text in STEPS[step]) for step in found.steps]
    return ";".join(zh for zh, _ in texts), "; ".join(en for _, en in texts)


# Parks


def rate_parks(
    parks: gpd.GeoDataFrame,
    assessments: pd.DataFrame,
    points: gpd.GeoDataFrame,
    surfaces: Iterable[RiskSurface],
    *,
    on: date,
) -> gpd.GeoDataFrame:
    """Rows of `park_ratings`: the assessed grade of a chemical park decides, else its sources do.

    A source counts in every park that it touches. Where grade and sources differ, that is a dispute.
    """
    require_metric(parks)
    require_metric(points)
    members = _sources_in(parks, points)
    rows = []
    for surface in surfaces:
        policy = aggregation_for(surface.policy.method)
        for number, park in enumerate(parks.to_dict("records")):
            counts = Counter(points["level"].iloc[members[number]])
            index = percentile_index(park["geometry"], surface, policy.park)
            found = group_level(policy.park, counts, index=index)
            rows.append(_park_row(park, park_grade(park, assessments, on=on), found, counts, index, surface.policy.id, policy))
    return gpd.GeoDataFrame(rows, columns=PARK_FIELDS, geometry="geometry", crs=parks.crs)


def _sources_in(parks: gpd.GeoDataFrame, points: gpd.GeoDataFrame) -> list[NDArray[np.int64]]:
    tree = shapely.STRtree(points.geometry.to_numpy())
    park, source = tree.query(parks.geometry.to_numpy(), predicate="intersects")
    return [np.unique(source[park == number]) for number in range(len(parks))]


def _park_row(
    park: Mapping[str, Any],
    grade: ParkGrade | None,
    found: GroupLevel,
    counts: Mapping[str, int],
    index: float,
    policy_id: str,
    policy: AggregationPolicy,
) -> dict[str, Any]:
    by_zh, by_en = reason_texts(found, policy.park, index)
    rating_id = f"{policy_id}:{park['park_id']}"
    computed = {"level": found.level, "basis": "computed" if found.steps else "none", "grade": None, "rule_id": policy.rule_id,
                "clause": policy.clause, "reason_zh": by_zh, "reason_en": by_en, "is_disputed": False}  # fmt: skip
    decided = computed if grade is None else {
        "level": grade.level, "basis": "declared", "grade": grade.grade, "rule_id": grade.rule["rule_id"],
        "clause": grade.rule["clause"], "reason_zh": f"{grade.text_zh};风险源: {by_zh}", "reason_en": f"{grade.text_en}; its sources: {by_en}",
        "is_disputed": grade.is_disputed or (bool(found.steps) and found.level != grade.level),
    }  # fmt: skip
    return {
        "feature_id": rating_id,
        "rating_id": rating_id,
        "park_id": park["park_id"],
        "name": park["name"],
        "kind": park.get("kind"),
        "policy": policy_id,
        "aggregation": policy.title_zh,
        **decided,
        "member_level": found.level,
        "index_p95": None if np.isnan(index) else index,
        **{f"n_{level}": counts.get(level, 0) for level in LEVELS},
        **shares_of(counts, policy.park),
        "geometry": park["geometry"],
    }
