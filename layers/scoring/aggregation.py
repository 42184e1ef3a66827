"""From many levels to one: how a county, a park, an industry or an enterprise gets its colour, by a named policy.

No text of the law does this. The policy is a table of values that is printed beside every colour and can be replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from shapely.geometry.base import BaseGeometry

from layers.catalog import read_toml, strict
from layers.errors import CatalogError, RuleTableError
from layers.scoring.policy import RATED, UNRATED, Cuts
from layers.scoring.rule_tables import RULES_DIR, require
from layers.scoring.towns import weighted_percentile, worst
from layers.scoring.zoning import RiskSurface

AGGREGATIONS_DIR = RULES_DIR / "aggregations"
METHODS = ("percentile", "share", "maximum")
SCOPES = ("county", "park", "industry", "enterprise")


@dataclass(frozen=True)
class GroupRule:
    """How one kind of group gets its level.

    ``percentile``: of the index of its cells, by `cuts`; ``share``: the worst level that `share_pct` of the rated
    members have or exceed; ``maximum``: the worst member's. `n_for_a_step` members of `step_level` or worse lift the
    group one level (0: never). With one red member it is never milder than `red_source_floor`.
    """

    method: str
    red_source_floor: str
    max_unrated_pct: float
    percentile: float = 0.0
    red: float = 0.0
    orange: float = 0.0
    yellow: float = 0.0
    share_pct: float = 0.0
    step_level: str = "red"
    n_for_a_step: int = 0

    @property
    def cuts(self) -> Cuts:
        return Cuts(self.red, self.orange, self.yellow, 0.0)


@dataclass(frozen=True)
class AggregationPolicy:
    """A named way of joining levels; `methods` are the methods of zoning policies that it goes with."""

    id: str
    title_zh: str
    title_en: str
    version: str
    rule_id: str
    clause: str
    source_zh: str
    source_en: str
    methods: tuple[str, ...]
    county: GroupRule
    park: GroupRule
    industry: GroupRule
    enterprise: GroupRule


@dataclass(frozen=True)
class GroupLevel:
    """A level with what made it: ``percentile``, ``share``, ``maximum``, then ``step`` and ``floor`` where they counted."""

    level: str
    steps: tuple[str, ...]


@lru_cache(maxsize=8)
def load_aggregation(aggregation_id: str, folder: Path = AGGREGATIONS_DIR) -> AggregationPolicy:
    """A checked policy; raises `RuleTableError` for an unknown name, key or value."""
    path = folder / f"{aggregation_id}.toml"
    require(path.is_file(), path, "no such aggregation")
    try:
        table = read_toml(path)
        rules = {scope: strict(GroupRule, table.pop(scope, {}), path) for scope in SCOPES}
        policy = strict(AggregationPolicy, table, path, **rules)
    except CatalogError as error:
        raise RuleTableError(str(error)) from error
    require(policy.id == path.stem, path, f"id {policy.id!r} differs from the file's name")
    for scope in SCOPES:
        _check(rules[scope], path, scope)
    return policy


def _check(rule: GroupRule, path: Path, scope: str) -> None:
    require(rule.method in METHODS, path, f"{scope}: method {rule.method!r} is none of {METHODS}")
    require({rule.red_source_floor, rule.step_level} <= set(RATED), path, f"{scope}: no such level")
    if rule.method == "percentile":
        require(100 >= rule.red > rule.orange > rule.yellow > 0, path, f"{scope}: cuts must fall from red to yellow")
        require(0 < rule.percentile < 100, path, f"{scope}: percentile must lie between 0 and 100")
    if rule.method == "share":
        require(0 < rule.share_pct <= 100, path, f"{scope}: share_pct must lie in (0, 100]")


def aggregations(folder: Path = AGGREGATIONS_DIR) -> list[AggregationPolicy]:
    """Every policy of joining levels, by the name of its file."""
    return [load_aggregation(path.stem, folder) for path in sorted(folder.glob("*.toml"))]


def aggregation_for(method: str, folder: Path = AGGREGATIONS_DIR) -> AggregationPolicy:
    """The policy that goes with a method of zoning; where none names it, that of the worst member."""
    return next((policy for policy in aggregations(folder) if method in policy.methods), load_aggregation("worst_member_2026A", folder))


def group_level(rule: GroupRule, counts: Mapping[str, int], *, index: float = float("nan")) -> GroupLevel:
    """The level of a group from its members by level, and from its index where the rule looks at one.

    A group without a rated member is unrated, never blue; so is one whose index nobody could compute, unless its red
    members say enough.
    """
    n_of = {level: int(counts.get(level, 0)) for level in RATED}
    if not any(n_of.values()):
        return GroupLevel(UNRATED, ())
    level, steps = _base_level(rule, n_of, index), [rule.method]
    n_counting = sum(n for name, n in n_of.items() if RATED.index(name) <= RATED.index(rule.step_level))
    if level != UNRATED and rule.n_for_a_step and n_counting >= rule.n_for_a_step and level != "red":
        level, steps = RATED[RATED.index(level) - 1], [*steps, "step"]
    if n_of["red"] and (level == UNRATED or worst([level, rule.red_source_floor]) != level):
        level, steps = rule.red_source_floor, [*steps, "floor"]
    return GroupLevel(level, tuple(steps))


def _base_level(rule: GroupRule, n_of: Mapping[str, int], index: float) -> str:
    if rule.method == "percentile":
        return UNRATED if np.isnan(index) else rule.cuts.level_of(index)
    if rule.method == "maximum":
        return worst(level for level in RATED if n_of[level])
    total, so_far = sum(n_of.values()), 0
    for level in RATED:
        so_far += n_of[level]
        if so_far and 100.0 * so_far >= rule.share_pct * total:
            return level
    return UNRATED


def percentile_index(
    outline: BaseGeometry | None, surface: RiskSurface, rule: GroupRule, *, weights: NDArray[np.float64] | None = None
) -> float:
    """The weighted percentile of the index over the cells of an outline (metric CRS); NaN without cells or an index.

    Parameters
    ----------
    weights : (rows, cols), NaN and 0 weigh nothing; without any weight all cells weigh alike.
        Cells that no source reaches weigh with index 0.
    """
    if rule.method != "percentile" or outline is None or not np.isfinite(surface.index).any():
        return float("nan")
    inside = geometry_mask([outline], surface.grid.shape, surface.grid.transform, invert=True)
    index = np.nan_to_num(surface.index[inside].astype(np.float64))
    given = np.ones(len(index)) if weights is None else np.nan_to_num(weights[inside])
    return weighted_percentile(index, given if given.sum() > 0 else np.ones(len(index)), rule.percentile)


def shares_of(counts: Mapping[str, int], rule: GroupRule) -> dict[str, Any]:
    """Share of unrated members in per cent (None without members), and whether that is too many to say much."""
    n_all = sum(counts.values())
    unrated_pct = 100.0 * counts.get(UNRATED, 0) / n_all if n_all else None
    return {"unrated_pct": unrated_pct, "is_data_short": n_all == 0 or (unrated_pct or 0.0) > rule.max_unrated_pct}
