"""Sources of danger and official contours around a site: who may reach it, what settles them, what is told of the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from layers.scoring.levels import rate_sources
from layers.scoring.rules import RuleSet, read_rules
from tests.layers.scoring.frames import box, contour, enterprise, layer, point, unit
from tests.layers.scoring.siting_questions import ON, check, one_source


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _contour(risk_per_year: float, valid_until_on: date = date(2027, 1, 1)) -> dict[str, gpd.GeoDataFrame]:
    return {
        "official_contours": layer(contour(box(-200, -200, 200, 10), risk_per_year, valid_until_on)),
        "enterprises": layer(enterprise(point(0, -100), "hazchem_producer")),
    }


@pytest.mark.parametrize(
    ("kind", "n_persons", "risk_per_year", "found_rule"),
    [
        ("school_hospital_elderly", 10, 3e-6, "IR-GB36894-A"),
        ("school_hospital_elderly", 10, 3e-7, None),
        ("residential", 29, 1e-5, None),
        ("residential", 30, 1e-5, "IR-GB36894-B"),
        ("residential", 100, 3e-6, "IR-GB36894-A"),
    ],
)
def test_project_inside_an_official_contour_is_for_review_as_the_figure_is_unconfirmed(
    kind: str, n_persons: int, risk_per_year: float, found_rule: str | None, rules: RuleSet
) -> None:
    found = check(_contour(risk_per_year), rules, kind=kind, n_persons=n_persons)
    assert [reason.rule_id for reason in found.reasons] == ([found_rule] if found_rule else [])
    assert found.id == ("permit" if found_rule else "nothing_found")


def test_project_of_unstated_size_is_judged_by_the_strictest_class_for_review(rules: RuleSet) -> None:
    found = check(_contour(3e-6), rules, n_persons=None)
    assert [reason.rule_id for reason in found.reasons] == ["IR-GB36894-A"] and "须核定" in found.reasons[
        0
    ].text_zh


def test_expired_contour_is_listed_and_not_used(rules: RuleSet) -> None:
    found = check(_contour(3e-5, date(2026, 9, 29)), rules, kind="school_hospital_elderly")
    assert found.id == "nothing_found"
    assert any("有效期" in entry.zh for entry in found.not_assessed)


@pytest.mark.parametrize(
    ("source", "kind", "verdict"),
    [
        (one_source(), "no_rule", "not_enough"),
        (one_source(radius_m=199.0), None, "nothing_found"),
        (one_source("unrated", radius_m=None), "unrated_source", "not_enough"),
        (one_source(kind="fuel_station"), "missing_input", "not_enough"),
        (one_source(kind="crowded_place"), None, "nothing_found"),
    ],
)
def test_source_whose_radius_reaches_the_site(
    source: dict[str, gpd.GeoDataFrame], kind: str | None, verdict: str, rules: RuleSet
) -> None:
    found = check(source, rules)
    assert found.id == verdict and [reason.kind for reason in found.reasons] == ([kind] if kind else [])
    assert len(found.no_rule) == (kind == "no_rule")


@pytest.mark.parametrize(
    ("fields", "kind", "verdict"),
    [
        ({"radius_m": None, "reach_m": 300.0, "accuracy_m": 2000.0}, "missing_input", "not_enough"),
        ({"radius_m": None, "reach_m": 300.0, "accuracy_m": 2000.0, "kind": "fuel_station"}, "missing_input", "not_enough"),
        ({"radius_m": None, "reach_m": 300.0, "geometry": point(0, -2400), "accuracy_m": 2000.0}, None, "nothing_found"),
        ({"radius_m": None, "reach_m": 300.0, "geometry": point(0, -2200), "accuracy_m": 2000.0}, "missing_input", "not_enough"),
        ({"radius_m": 199.0, "reach_m": 199.0, "accuracy_m": 5.0}, "no_rule", "not_enough"),
        ({"radius_m": None, "reach_m": None, "accuracy_m": 2000.0}, None, "nothing_found"),
        ({"level": "unrated", "radius_m": 80.0, "reach_m": 80.0, "accuracy_m": 130.0}, "unrated_source", "not_enough"),
    ],
)  # fmt: skip
def test_source_whose_position_is_coarse_may_reach_the_site(
    fields: dict[str, Any], kind: str | None, verdict: str, rules: RuleSet
) -> None:
    found = check(one_source(**fields), rules)
    assert [reason.kind for reason in found.reasons] == ([kind] if kind else [])
    assert found.id == verdict


def test_school_beside_chlorine_of_coarse_position_is_not_cleared(rules: RuleSet) -> None:
    plant = layer(enterprise(point(0, -100), "hazchem_producer"), accuracy_m=2000.0)
    units = layer(unit(point(0, -100), n_persons_500m=10), accuracy_m=2000.0)
    chlorine = {"unit_id": "U1", "chemical_name": "氯", "cas": "7782-50-5", "category_symbol": None, "amount_t": 100.0}
    layers = {"enterprises": plant, "hazard_units": units, "unit_chemicals": pd.DataFrame([chlorine])}
    points = rate_sources(layers, on=ON)
    found = check(layers | {"risk_points": points}, rules, kind="school_hospital_elderly")
    assert found.id == "not_enough" and any("位置误差 2000 m" in reason.text_zh for reason in found.reasons)


def test_sources_without_a_position_are_counted_on_every_answer(rules: RuleSet) -> None:
    found = check({}, rules, n_unplaced={"red": 2, "orange": 1, "unrated": 4})
    said = [entry.zh for entry in found.not_assessed if entry.topic == "risk_points"]
    assert len(said) == 1 and "7 个" in said[0] and "3 个" in said[0]
    assert not [entry for entry in check({}, rules).not_assessed if entry.topic == "risk_points"]


def test_contour_rules_are_passed_only_where_a_contour_was_there_to_test(rules: RuleSet) -> None:
    def passed(layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
        return [entry.rule_id for entry in check(layers, rules).passed if entry.rule_id.startswith("IR-")]

    near, valid = one_source(kind="hazchem_producer"), date(2027, 1, 1)
    beside = layer(contour(box(-50, -250, 50, -150), 3e-6, valid))
    elsewhere = layer(contour(box(-50, -9250, 50, -9150), 3e-6, valid, enterprise_id="E9"))
    assert passed({}) == [] and passed(near) == [] and passed(near | {"official_contours": elsewhere}) == []
    assert passed(near | {"official_contours": beside})
    said = [entry.topic for entry in check(near, rules).not_assessed]
    assert "official_contours" in said


def test_valid_contour_of_the_enterprise_settles_its_sources(rules: RuleSet) -> None:
    layers = one_source(kind="hazchem_producer")
    assert check(layers, rules).id == "not_enough"
    far = layer(contour(box(-50, -250, 50, -150), 3e-6, date(2027, 1, 1)))
    assert check(layers | {"official_contours": far}, rules).id == "nothing_found"
