"""Why a group of sources has its level: a town, a park, the county, an industry, an enterprise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from app.explained_zones import explained_cell
from app.question import MOST_MEMBERS, Question, answer, data_behind
from app.surfaces import cell_with_index
from app.texts import DataText, Text
from layers.scoring.aggregation import GroupRule, aggregation_for
from layers.scoring.counterfactuals import WhatIf, as_dicts, for_town
from layers.scoring.policy import TownRule
from layers.scoring.sources import UNRATED, level_titles


def _town(ask: Question, key: str) -> dict[str, Any]:
    code = key.rsplit(":", 1)[-1]
    row = ask.feature("town_ratings", f"{ask.policy_id}:{code}")
    rule = ask.facts.recorded(ask.policy_id).town
    told = for_town(row, cuts=list(rule.cuts), n_for_a_step=rule.n_red_for_a_step, max_unrated_pct=rule.max_unrated_pct)
    return _group(ask, "town_ratings", row | _town_reason(rule, row), rule_title=ask.facts.recorded(ask.policy_id).title_zh, told=told)


def _town_reason(rule: TownRule, row: Mapping[str, Any]) -> dict[str, Any]:
    """What made a town's level, in words: the percentile or the worst source, and what the counts add to it."""
    index, n_red = row.get("index_p95"), int(row.get("n_red") or 0)
    if row["level"] == UNRATED:
        return Text("没有已评级的风险源").fields("reason")
    said = [Text("取风险源最高等级")]
    if index is not None:
        said = [Text("人口加权指数{percentile:g}%分位 {index:.1f}", percentile=rule.percentile, index=index)]
    if n_red >= rule.n_red_for_a_step:
        said.append(Text("重大风险源 {n_red} 个(不少于 {n} 个),上调一级", n_red=n_red, n=rule.n_red_for_a_step))
    elif n_red:
        floor_zh, floor_en = level_titles()[rule.red_source_floor]
        said.append(Text("有重大风险源,不低于{floor}", floor=DataText(floor_zh, floor_en.lower())))
    return {"reason_zh": ";".join(text.zh for text in said), "reason_en": "; ".join(text.en for text in said)}


def _park(ask: Question, key: str) -> dict[str, Any]:
    row = ask.feature("park_ratings", f"{ask.policy_id}:{key.rsplit(':', 1)[-1]}")
    policy = aggregation_for(ask.facts.recorded(ask.policy_id).method)
    return _group(ask, "park_ratings", row, rule_title=policy.title_zh, told=_by_rule(policy.park, row))


def _group_row(ask: Question, key: str) -> dict[str, Any]:
    row = ask.feature("group_ratings", key)
    policy = aggregation_for(ask.facts.recorded(ask.policy_id).method)
    rule: GroupRule = getattr(policy, row["scope"])
    row["geometry"] = ask.facts.boundary_m if row["scope"] == "county" else None
    return _group(ask, "group_ratings", row, rule_title=policy.title_zh, told=_by_rule(rule, row))


def _by_rule(rule: GroupRule, row: Mapping[str, Any]) -> list[WhatIf]:
    cuts = list(rule.cuts) if rule.method == "percentile" else []
    index = row.get("index_p95") if cuts else None
    return for_town({**row, "index_p95": index}, cuts=cuts, n_for_a_step=rule.n_for_a_step, max_unrated_pct=rule.max_unrated_pct)


def _group(ask: Question, layer: str, row: Mapping[str, Any], *, rule_title: str, told: Sequence[WhatIf]) -> dict[str, Any]:
    """A group: the cell that the percentile picks, taken apart, its counts, and its red sources."""
    outline, index = row.get("geometry"), row.get("index_p95")
    place: dict[str, Any] = {}
    members: list[dict[str, Any]] = []
    if outline is not None:
        points = ask.points_around(shapely.bounds(outline))
        if index is not None:
            ground = cell_with_index(ask.home, ask.facts, ask.policy_id, outline, float(index))
            place = explained_cell(ask, ground, len(ground.cells) - 1)
        red = points[points["level"] == "red"]
        inside = red[red.geometry.intersects(outline)]
        names = ("point_id", "source_layer", "source_feature_id", "name", "level", "reason_zh", "reason_en", "clause", "responsible_office")
        members = [{name: entry[name] for name in names} for entry in inside.head(MOST_MEMBERS).to_dict("records")]
    counts = {level: row.get(f"n_{level}") for level in ("red", "orange", "yellow", "blue", "unrated")}
    place["would_change"] = as_dicts(told)
    return answer(
        ask, {"layer": layer, "id": row["feature_id"], "name": row.get("name"), "kind": row.get("kind"), "aggregation": row.get("aggregation") or rule_title},
        row, **place, members=members, n_members=sum(int(n or 0) for n in counts.values()), counts=counts,
        rules=[{"rule_id": row.get("rule_id"), "clause": row.get("clause"), "text_zh": row.get("reason_zh"), "text_en": row.get("reason_en")}],
        values={name: row.get(name) for name in ("unrated_pct", "is_data_short", "grade", "member_level", "is_disputed", "n_unplaced", "n_disputed")},
        data=data_behind(ask.facts),
    )  # fmt: skip


GROUPS = {"towns": _town, "town_ratings": _town, "park_boundaries": _park, "park_ratings": _park, "group_ratings": _group_row}
"""Layers whose features are groups of sources, with what explains them."""
