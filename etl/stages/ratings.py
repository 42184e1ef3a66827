"""Stages of what is told of many sources together: ratings of parks, industries and the county, and disagreements."""

from __future__ import annotations

from typing import Any

from etl.stages.stage import Given, Stage, joined
from etl.stages.zones import persons_on_grid
from layers.scoring.disagreements import disagreements
from layers.scoring.group_ratings import rate_groups, rate_parks


def _disagreements(given: Given) -> dict[str, Any]:
    return {"disagreements": disagreements(given.results["risk_points"])}


def _park_ratings(given: Given) -> dict[str, Any]:
    found = rate_parks(
        given.frames["park_boundaries"], given.frames["park_assessments"], given.results["risk_points"],
        given.results["risk_index"], on=given.on,
    )  # fmt: skip
    return {"park_ratings": joined([found], given.area)}


def _group_ratings(given: Given) -> dict[str, Any]:
    area = given.area
    return {
        "group_ratings": rate_groups(
            given.frames["enterprises"], given.results["risk_points"], given.results["risk_index"],
            outline=given.metric_outline, county=(area.id, area.title_zh, area.title_en), population=persons_on_grid(given),
        )
    }  # fmt: skip


DISAGREEMENTS = Stage(
    "disagreements", "等级分歧", "disagreements on levels", _disagreements,
    results=("disagreements",), after=("risk_points",), rules=("standards.csv",),
)  # fmt: skip
PARK_RATINGS = Stage(
    "park_ratings", "园区风险等级", "ratings of parks", _park_ratings,
    results=("park_ratings",), is_dated=True,
    layers=("park_boundaries", "park_assessments"), after=("risk_points", "risk_index"),
)  # fmt: skip
GROUP_RATINGS = Stage(
    "group_ratings", "县域、行业、企业等级", "ratings of county, industries, enterprises", _group_ratings,
    results=("group_ratings",), layers=("enterprises", "population"), after=("risk_points", "risk_index"),
)  # fmt: skip
