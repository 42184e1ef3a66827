"""Drinking-water zones, scenic areas, nature reserves and plans: what a site in them is told, what a pipeline crosses."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from layers.scoring.crossings import crossings
from layers.scoring.rules import read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, layer, line, pipeline

ON = date(2026, 9, 30)
RULES = read_rules()
LAYERS = ("pipelines", "roads", "risk_points", "water_source_zones", "nature_areas", "planned_prohibitions")
GROUND = box(-500, -500, 500, 500)


def source(grade: str, **fields: Any) -> dict[str, Any]:
    return {"geometry": GROUND, "zone_id": "Z1", "name": "reservoir", "grade": grade} | fields


def plan(group: str, **fields: Any) -> dict[str, Any]:
    return {"geometry": GROUND, "area_id": "A1", "name": "belt", "control": "prohibited", "project_group": group, "words": "禁止新建",
            "plan_name": "总体规划", "valid_from_on": date(2021, 1, 1), "valid_until_on": date(2035, 12, 31)} | fields  # fmt: skip


def check(layers: dict[str, gpd.GeoDataFrame], kind: str = "residential", *, south_m: float = 0.0, loaded: tuple[str, ...] = LAYERS) -> SiteVerdict:
    """A site 60 m wide whose southern edge is so far north of the centre; the ground of the areas ends at 500 m."""
    context = SiteContext(layers, dict.fromkeys(loaded, "loaded"), CRS)
    project = Project(kind, n_persons=100, has_chemicals=True if kind in ("hazchem", "fuel_station") else None)
    return check_site(box(-30, south_m, 30, south_m + 40), project=project, context=context, rules=RULES, on=ON)


def told(verdict: SiteVerdict) -> list[tuple[int, str | None, str]]:
    return [(reason.gravity, reason.rule_id, reason.kind) for reason in verdict.reasons]


@pytest.mark.parametrize(
    ("grade", "kind", "expected"),
    [
        ("zone_1", "residential", [(1, "WATER-1", "prohibited")]),
        ("zone_1", "park_parking", [(1, "WATER-1", "prohibited")]),
        ("zone_1", "other", [(2, None, "missing_input"), (3, "WATER-1", "prohibited")]),
        ("zone_2", "industrial", [(3, "WATER-2", "prohibited")]),
        ("zone_2", "park_parking", []),
        ("quasi", "residential", [(3, None, "policy")]),
    ],
)
def test_drinking_water_zone_bars_what_its_article_names(grade: str, kind: str, expected: list[tuple[int, str | None, str]]) -> None:
    assert told(check({"water_source_zones": layer(source(grade))}, kind)) == expected


@pytest.mark.parametrize(
    ("south_m", "accuracy_m", "certainty"),
    [(459.98, 0.0, "certain"), (499.98, 0.0, "certain"), (500.02, 0.0, None), (490.0, 20.0, "possible"), (515.0, 20.0, "possible"), (521.0, 20.0, None), (400.0, 20.0, "certain")],
)  # fmt: skip
def test_zone_binds_within_its_edge_and_the_error_of_the_edge_makes_it_possible(south_m: float, accuracy_m: float, certainty: str | None) -> None:
    verdict = check({"water_source_zones": layer(source("zone_1"), accuracy_m=accuracy_m)}, south_m=south_m)
    assert [reason.certainty for reason in verdict.reasons] == ([certainty] if certainty else [])
    assert verdict.rank == {"certain": 1, "possible": 3, None: 4}[certainty]


def test_reason_tells_how_much_of_the_site_lies_in_the_zone_and_how_deep() -> None:
    [reason] = check({"water_source_zones": layer(source("zone_1"))}, south_m=480.0).reasons
    assert reason.share_of_area == pytest.approx(0.5, abs=1e-6) and reason.actual_m == pytest.approx(-20.0, abs=1e-3)
    assert "范围内" in reason.text_zh and reason.clause == "水污染防治法 第65条"


def test_scenic_area_is_for_review() -> None:
    area = {"geometry": GROUND, "area_id": "N1", "name": "云沧山", "kind": "scenic_area", "plan_name": "云沧山风景名胜区总体规划"}
    [reason] = check({"nature_areas": layer(area)}).reasons
    assert (reason.gravity, reason.kind, reason.rule_id) == (3, "policy", None) and "云沧山风景名胜区总体规划" in reason.text_zh


@pytest.mark.parametrize(
    ("group", "kinds"),
    [
        ("all", {"residential", "industrial", "fuel_station", "hazchem"}),
        ("crowded", {"residential"}),
        ("chemical", {"hazchem"}),
        ("hazardous", {"hazchem", "fuel_station"}),
        ("industrial", {"industrial", "hazchem"}),
    ],
)
def test_plan_binds_the_projects_that_it_names_in_its_own_words(group: str, kinds: set[str]) -> None:
    layers = {"planned_prohibitions": layer(plan(group))}
    for kind in ("residential", "industrial", "fuel_station", "hazchem"):
        reasons = [reason for reason in check(layers, kind).reasons if reason.object_layer == "planned_prohibitions"]
        assert bool(reasons) == (kind in kinds)
        assert all(reason.gravity == 3 and "禁止新建" in reason.text_zh and "总体规划" in reason.text_zh for reason in reasons)


@pytest.mark.parametrize(
    ("dates", "binds"),
    [({"valid_until_on": date(2026, 9, 29)}, False), ({"valid_until_on": ON}, True), ({"valid_from_on": date(2026, 10, 1)}, False),
     ({"valid_from_on": ON, "valid_until_on": None}, True)],
)  # fmt: skip
def test_plan_binds_while_it_is_in_force(dates: dict[str, Any], binds: bool) -> None:
    verdict = check({"planned_prohibitions": layer(plan("all", **dates))})
    assert bool(verdict.reasons) == binds
    assert ("planned_prohibitions" in {entry.topic for entry in verdict.not_assessed}) != binds


def test_layer_that_is_not_there_is_not_assessed_and_one_that_is_clear_is_passed() -> None:
    topics = {"water_source_zone_1", "water_source_zone_2", "nature_areas", "planned_prohibitions"}
    assert topics <= {entry.topic for entry in check({}, loaded=("pipelines", "roads", "risk_points")).not_assessed}
    far = {"water_source_zones": layer(source("zone_1")), "planned_prohibitions": layer(plan("all"))}
    verdict = check(far, south_m=900.0)
    assert not topics & {entry.topic for entry in verdict.not_assessed}
    assert {"WATER-1", "WATER-2", "WATER-QUASI", "NATURE-AREA", "PLAN-CONTROL"} <= {entry.rule_id for entry in verdict.passed}


@pytest.mark.parametrize("kind", ["residential", "hazchem", "other"])
def test_every_cell_is_answered_as_the_single_check_answers_it(kind: str) -> None:
    layers = {
        "water_source_zones": layer(source("zone_1", geometry=box(-400, -400, -90, 60)), source("zone_2", geometry=box(-90, -400, 130, 70)),
                                    source("quasi", geometry=box(130, -400, 260, 80)), accuracy_m=12.0),
        "nature_areas": layer({"geometry": box(100, 0, 300, 300), "area_id": "N", "name": "park", "kind": "nature_park"}),
        "planned_prohibitions": layer(plan("chemical", geometry=box(-200, 100, 0, 300)), plan("crowded", geometry=box(-50, 200, 60, 400))),
    }  # fmt: skip
    context = SiteContext(layers, dict.fromkeys(LAYERS, "loaded"), CRS)
    project = Project(kind, n_persons=100, has_chemicals=True if kind == "hazchem" else None)
    cells, _ = grid_cells(GROUND, 50.0)
    answer = judge_cells(cells, project=project, context=context, rules=RULES, on=ON)
    for cell in np.random.default_rng(5).choice(len(cells), 40, replace=False):
        verdict = check_site(cells[cell], project=project, context=context, rules=RULES, on=ON)
        causes = {(cause.gravity, cause.kind, cause.rule_id) for cause, mask in answer.causes.items() if mask[cell]}
        assert answer.rank[cell] == verdict.rank
        assert causes == {(reason.gravity, reason.kind, reason.rule_id) for reason in verdict.reasons}


def test_pipeline_crosses_protected_areas_from_edge_to_edge_with_the_angle() -> None:
    layers = {
        "water_source_zones": layer(source("zone_2", geometry=box(100, -50, 160, 50))),
        "nature_areas": layer({"geometry": box(300, -50, 900, 50), "area_id": "N", "name": "park", "kind": "scenic_area"}),
        "planned_prohibitions": layer(plan("chemical", geometry=box(950, -50, 980, 50))),
        "railways": layer({"geometry": line((200, -100), (300, 0), (400, 100)), "railway_id": "R", "name": "rail", "kind": "national"}),
    }
    found = crossings(layer(pipeline(line((0, 0), (1000, 0)), feature_id="P")).iloc[0], layers, crs=CRS)
    rows = found.set_index("object_layer")
    assert rows.loc["water_source_zones", ["chainage_m", "to_chainage_m"]].tolist() == pytest.approx([12_100, 12_160], abs=0.01)
    assert rows.loc["nature_areas", "to_chainage_m"] - rows.loc["nature_areas", "chainage_m"] == pytest.approx(600, abs=0.01)
    assert rows["object_category"].to_dict() == {
        "water_source_zones": "zone_2", "nature_areas": "scenic_area", "planned_prohibitions": "prohibited", "railways": "national",
    }  # fmt: skip
    assert rows.loc["nature_areas", "angle_deg"] == pytest.approx(90) and rows.loc["railways", "angle_deg"] == pytest.approx(45)
