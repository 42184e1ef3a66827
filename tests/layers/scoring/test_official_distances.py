"""Distances that official reports state: who must keep them, until when, and what they say of a proposed site."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from layers.scoring.distances import ViolationReport, find_violations
from layers.scoring.edits import Edit, edited_frames
from layers.scoring.rules import read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, enterprise, layer, stated, target, unit

ON = date(2026, 9, 30)
LATER = date(2027, 9, 30)
STORE = box(-10, -10, 10, 0)
RULES = read_rules()


def _report(distance_m: float, category: str = "school", *, on: date = ON, until: Any = LATER, **fields: Any) -> ViolationReport:
    """A store whose report states 300 m, and a target so far north of its wall."""
    layers = {
        "official_distances": layer(stated(STORE, 300.0, until, **fields)),
        "protection_targets": layer(target(box(-5, distance_m, 5, distance_m + 20), category)),
    }
    return find_violations(layers, RULES, on=on)


@pytest.mark.parametrize(("step_m", "n"), [(-0.02, 1), (0.0, 0), (0.02, 0)])
def test_target_just_inside_breaks_and_exactly_at_the_distance_complies(step_m: float, n: int) -> None:
    found = _report(300.0 + step_m).violations
    assert len(found) == n
    if n:
        row = found.iloc[0]
        assert (row["rule_id"], row["rule_kind"], row["certainty"]) == ("ESD-REPORT-ALL", "minimum_distance", "certain")
        assert (row["required_m"], row["subject_layer"], row["standard_id"]) == (300.0, "official_distances", "GBT37243-2019")
        assert row["shortfall_m"] == pytest.approx(0.02, abs=1e-6) and "评价报告" in row["clause"]


@pytest.mark.parametrize(
    ("group", "target_class", "rule_id"),
    [
        ("sensitive_important_general_1", "high_sensitive", "ESD-REPORT-A"),
        ("sensitive_important_general_1", "general_1", "ESD-REPORT-A"),
        ("sensitive_important_general_1", "general_2", None),
        ("general_2", "general_2", "ESD-REPORT-B"),
        ("general_2", "high_sensitive", None),
        ("general_3", "general_3", "ESD-REPORT-C"),
        ("all", "general_3", "ESD-REPORT-ALL"),
    ],
)
def test_distance_binds_the_targets_that_the_report_names(group: str, target_class: str, rule_id: str | None) -> None:
    layers = {
        "official_distances": layer(stated(STORE, 300.0, LATER, target_group=group)),
        "protection_targets": layer(target(box(-5, 100, 5, 120), "office", target_class=target_class)),
    }
    found = find_violations(layers, RULES, on=ON).violations
    assert found["rule_id"].tolist() == ([rule_id] if rule_id else [])


@pytest.mark.parametrize("until", [date(2026, 9, 29), None, pd.NaT])
def test_distance_of_a_report_that_is_over_or_undated_is_listed_and_not_used(until: Any) -> None:
    report = _report(100.0, until=until)
    assert report.violations.empty
    listed = report.unassessed[report.unassessed["rule_id"] == "ESD-REPORT-ALL"]
    assert listed["n"].tolist() == [1] and "有效期" in listed["zh"].iloc[0]


def test_report_valid_to_this_very_day_is_used() -> None:
    assert len(_report(100.0, until=ON).violations) == 1


def test_position_of_the_installation_makes_it_only_possible() -> None:
    assert _report(298.0, accuracy_m=5.0).violations["certainty"].tolist() == ["possible"]


def test_health_distance_is_no_safety_distance() -> None:
    report = _report(100.0, kind="health_environment")
    assert report.violations.empty and (report.unassessed["rule_id"] == "ESD-REPORT-HEALTH").any()


def _site(distance_m: float, layers: dict[str, gpd.GeoDataFrame], kind: str = "school_hospital_elderly") -> SiteVerdict:
    names = ("pipelines", "roads", "risk_points", "official_distances", "official_contours", "enterprises")
    context = SiteContext(layers, dict.fromkeys(names, "loaded"), CRS)
    project = Project(kind, n_persons=600, has_chemicals=None)
    return check_site(box(-30, distance_m, 30, distance_m + 40), project=project, context=context, rules=RULES, on=ON)


@pytest.mark.parametrize(("distance_m", "rank"), [(299.9, 3), (300.1, 4)])
def test_site_within_the_distance_is_for_review_and_beyond_it_clear(distance_m: float, rank: int) -> None:
    verdict = _site(distance_m, {"official_distances": layer(stated(STORE, 300.0, LATER))})
    assert verdict.rank == rank
    assert [reason.rule_id for reason in verdict.reasons] == (["ESD-REPORT-ALL"] if rank == 3 else [])
    assert rank == 3 or "ESD-REPORT-ALL" in {entry.rule_id for entry in verdict.passed}


def test_site_beside_an_expired_distance_says_that_it_was_not_used() -> None:
    verdict = _site(100.0, {"official_distances": layer(stated(STORE, 300.0, date(2025, 1, 1)))})
    assert verdict.rank == 4 and "official_distances" in {entry.topic for entry in verdict.not_assessed}


def _point(**fields: Any) -> gpd.GeoDataFrame:
    row = {"geometry": STORE, "source_layer": "enterprises", "source_feature_id": "f0", "enterprise_id": "E1", "name": "works",
           "kind": "fireworks_store", "level": "yellow", "radius_m": 400.0, "accuracy_m": 0.0}  # fmt: skip
    return layer(row | fields)


def test_valid_distance_settles_its_enterprise_beside_a_site() -> None:
    layers = {"risk_points": _point(), "enterprises": layer(enterprise(STORE.centroid, "fireworks_store"))}
    assert _site(350.0, layers).rank == 2
    assert _site(350.0, layers | {"official_distances": layer(stated(STORE, 300.0, LATER))}).rank == 4


def test_reports_go_with_their_enterprise() -> None:
    frames = {
        "enterprises": layer(enterprise(STORE.centroid, "fireworks_store", feature_id="E1")),
        "hazard_units": layer(unit(STORE)),
        "unit_chemicals": pd.DataFrame({"unit_id": ["U1"], "amount_t": [1.0]}),
        "official_distances": layer(stated(STORE, 300.0, LATER), stated(STORE, 200.0, LATER, enterprise_id="E2")),
    }
    left, _ = edited_frames(frames, [Edit("remove", layer="enterprises", id="E1")])
    assert left["official_distances"]["enterprise_id"].tolist() == ["E2"]
