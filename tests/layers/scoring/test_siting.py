"""Siting: the four verdicts and their order, each check once, refused sites, and what is never called clear."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest

from layers.errors import InputError
from layers.scoring.levels import rate_sources
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import (
    check_site,
    search_radii_m,
    search_radius_m,
    valid_site,
)
from layers.scoring.siting_surroundings import metres
from layers.scoring.siting_terms import Project, Reason, SiteContext, SiteVerdict
from tests.layers.scoring.frames import (
    CRS,
    box,
    building,
    contour,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    power_line,
    road,
    target,
    unit,
)

ON = date(2026, 9, 30)
SITE = box(-20, 0, 20, 40)
FORBIDDEN_WORDS = ("安全", "合格", "批准")
ALL_LAYERS = (
    "pipelines",
    "pipeline_stations",
    "roads",
    "power_lines",
    "risk_points",
    "risk_zones",
    "official_contours",
    "park_boundaries",
    "protection_targets",
    "buildings",
    "hazard_units",
    "enterprises",
    "fire_stations",
)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _context(layers: Mapping[str, gpd.GeoDataFrame], **changes: Any) -> SiteContext:
    """All layers of the edition loaded, those given near the site and the rest far away."""
    states = dict.fromkeys(ALL_LAYERS, "loaded") | changes.pop("states", {})
    return SiteContext(layers, states, CRS, **changes)


def _check(
    layers: Mapping[str, gpd.GeoDataFrame],
    rules: RuleSet,
    *,
    kind: str = "residential",
    site: Any = SITE,
    is_new: bool = True,
    n_persons: int | None = 500,
    **changes: Any,
) -> SiteVerdict:
    project = Project(kind, is_new=is_new, n_persons=n_persons)
    return check_site(site, project=project, context=_context(layers, **changes), rules=rules, on=ON)


def _of(verdict: SiteVerdict, rule_id: str) -> Reason | None:
    return next((reason for reason in verdict.reasons if reason.rule_id == rule_id), None)


def _south(distance_m: float) -> Any:
    """A line east-west whose distance to the site's south edge is given."""
    return line((-400, -distance_m), (400, -distance_m))


def test_clear_site_says_what_was_checked_and_what_was_not(rules: RuleSet) -> None:
    verdict = _check({}, rules)
    assert (verdict.id, verdict.rank, verdict.title_zh) == ("nothing_found", 4, "已查项目未发现不满足项")
    assert not verdict.reasons and {"PIPE-L30-3", "ROAD-L11-1"} <= {entry.rule_id for entry in verdict.passed}
    assert "HZ-19-GEO" in {entry.topic for entry in verdict.not_assessed}
    assert "不属于安全评价" in verdict.disclaimer_zh


@pytest.mark.parametrize(
    ("distance_m", "accuracy_m", "verdict", "certainty"),
    [
        (4.9, 0.0, "not_met", "certain"),
        (5.0, 0.0, "permit", None),
        (4.0, 2.0, "permit", "possible"),
        (6.0, 2.0, "permit", "possible"),
        (199.9, 0.0, "permit", None),
        (200.0, 0.0, "nothing_found", None),
    ],
)
def test_house_beside_a_transmission_line(
    distance_m: float, accuracy_m: float, verdict: str, certainty: str | None, rules: RuleSet
) -> None:
    found = _check({"pipelines": layer(pipeline(_south(distance_m)), accuracy_m=accuracy_m)}, rules)
    ban = _of(found, "PIPE-L30-3")
    assert found.id == verdict and (ban.certainty if ban else None) == certainty


@pytest.mark.parametrize(
    ("distance_m", "rule_ids"),
    [
        (49.9, {"PIPE-L31-1", "PIPE-L35-2a", "PIPE-L35-3a"}),
        (50.0, {"PIPE-L31-1", "PIPE-L35-3a"}),
        (200.0, set()),
    ],
)
def test_permit_rules_of_the_pipeline_law_end_at_their_metres(
    distance_m: float, rule_ids: set[str], rules: RuleSet
) -> None:
    found = _check({"pipelines": layer(pipeline(_south(distance_m)))}, rules)
    assert {reason.rule_id for reason in found.reasons} - {"PIPE-L31-1"} == rule_ids - {"PIPE-L31-1"}
    assert {reason.kind for reason in found.reasons if reason.rule_id != "PIPE-L31-1"} <= {"permit_required"}


def test_crowded_building_near_a_line_is_sent_to_the_technical_code(rules: RuleSet) -> None:
    found = _of(
        _check({"pipelines": layer(pipeline(_south(162.0)))}, rules, kind="school_hospital_elderly"),
        "PIPE-L31-1",
    )
    assert (
        found is not None
        and found.required_m is None
        and "须查技术规范" in found.text_zh
        and found.gravity == 3
    )


@pytest.mark.parametrize(
    ("distance_m", "rule_ids"),
    [(99.9, ["PIPE-L35-2b", "PIPE-L35-3b"]), (100.0, ["PIPE-L35-3b"]), (500.0, [])],
)
def test_permit_zones_of_a_station(distance_m: float, rule_ids: list[str], rules: RuleSet) -> None:
    station = {
        "geometry": box(-10, -distance_m - 20, 10, -distance_m),
        "name": "station",
        "kind": "station",
        "pipeline_id": None,
    }
    found = _check({"pipeline_stations": layer(station)}, rules, kind="office")
    assert sorted(str(reason.rule_id) for reason in found.reasons) == rule_ids


def test_transport_works_near_a_line_need_a_permit_and_are_no_certain_building(rules: RuleSet) -> None:
    found = _check({"pipelines": layer(pipeline(_south(2.0)))}, rules, kind="transport")
    assert (
        found.id == "permit"
        and _of(found, "PIPE-L30-3") is not None
        and _of(found, "PIPE-L35-2a") is not None
    )
    across = _check({"pipelines": layer(pipeline(_south(-10.0)))}, rules, kind="transport")
    assert _of(across, "PIPE-L35-1") is not None


@pytest.mark.parametrize(
    ("kind", "is_new", "edge_m", "rule_id", "verdict"),
    [
        ("school_hospital_elderly", True, 69.9, "ROAD-L14-50", "not_met"),
        ("school_hospital_elderly", True, 70.0, None, "nothing_found"),
        ("school_hospital_elderly", False, 69.9, None, "nothing_found"),
        ("residential", True, 69.9, "ROAD-L14-50", "permit"),
        ("office", True, 19.9, "ROAD-L11-1", "not_met"),
        ("office", True, 20.0, None, "nothing_found"),
        ("hazchem", True, 99.9, "ROAD-L18-1", "not_met"),
        ("fuel_station", True, 99.9, None, "nothing_found"),
    ],
)
def test_site_beside_a_national_road(
    kind: str, is_new: bool, edge_m: float, rule_id: str | None, verdict: str, rules: RuleSet
) -> None:
    roads = layer(road(_south(15.0 + edge_m), "national_road", land_width_m=30.0))
    park = layer({"geometry": box(-900, -900, 900, 900), "kind": "chemical"})
    found = _check({"roads": roads, "park_boundaries": park}, rules, kind=kind, is_new=is_new)
    assert found.id == verdict
    assert [reason.rule_id for reason in found.reasons] == ([rule_id] if rule_id else [])


def test_share_of_the_site_inside_a_control_zone_is_stated(rules: RuleSet) -> None:
    roads = layer(road(_south(15.0 + 10.0), "national_road", land_width_m=30.0))
    reason = _of(_check({"roads": roads}, rules, kind="office"), "ROAD-L11-1")
    assert reason is not None and reason.share_of_area == pytest.approx(10 / 40, abs=0.001)
    assert reason.shortfall_m == pytest.approx(10.0) and reason.line is not None
    assert reason.line.length == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("voltage_kv", "distance_m", "verdict"),
    [
        (110.0, 12.9, "not_met"),
        (110.0, 13.0, "nothing_found"),
        (20.0, 12.9, "not_enough"),
        (None, 12.9, "not_enough"),
    ],
)
def test_site_beside_a_power_line(
    voltage_kv: float | None, distance_m: float, verdict: str, rules: RuleSet
) -> None:
    assert (
        _check({"power_lines": layer(power_line(_south(distance_m), voltage_kv))}, rules, kind="office").id
        == verdict
    )


def test_power_line_zone_in_a_plant_is_for_review(rules: RuleSet) -> None:
    layers = {
        "power_lines": layer(power_line(_south(5.0), 110.0)),
        "park_boundaries": layer({"geometry": SITE, "kind": "industrial"}),
    }
    assert _check(layers, rules, kind="office").id == "permit"


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
    found = _check(_contour(risk_per_year), rules, kind=kind, n_persons=n_persons)
    assert [reason.rule_id for reason in found.reasons] == ([found_rule] if found_rule else [])
    assert found.id == ("permit" if found_rule else "nothing_found")


def test_project_of_unstated_size_is_judged_by_the_strictest_class_for_review(rules: RuleSet) -> None:
    found = _check(_contour(3e-6), rules, n_persons=None)
    assert [reason.rule_id for reason in found.reasons] == ["IR-GB36894-A"] and "须核定" in found.reasons[
        0
    ].text_zh


def test_expired_contour_is_listed_and_not_used(rules: RuleSet) -> None:
    found = _check(_contour(3e-5, date(2026, 9, 29)), rules, kind="school_hospital_elderly")
    assert found.id == "nothing_found"
    assert any("有效期" in entry.zh for entry in found.not_assessed)


def _source(
    level: str = "orange", kind: str = "ammonia", radius_m: float | None = 300.0, **fields: Any
) -> dict[str, gpd.GeoDataFrame]:
    risk_point = {
        "geometry": point(0, -200),
        "point_id": "R1",
        "source_layer": "enterprises",
        "source_feature_id": "f0",
        "enterprise_id": "E1",
        "name": "works",
        "kind": kind,
        "level": level,
        "radius_m": radius_m,
    } | fields
    return {"risk_points": layer(risk_point), "enterprises": layer(enterprise(point(0, -200), kind))}


@pytest.mark.parametrize(
    ("source", "kind", "verdict"),
    [
        (_source(), "no_rule", "not_enough"),
        (_source(radius_m=199.0), None, "nothing_found"),
        (_source("unrated", radius_m=None), "unrated_source", "not_enough"),
        (_source(kind="fuel_station"), "missing_input", "not_enough"),
        (_source(kind="crowded_place"), None, "nothing_found"),
    ],
)
def test_source_whose_radius_reaches_the_site(
    source: dict[str, gpd.GeoDataFrame], kind: str | None, verdict: str, rules: RuleSet
) -> None:
    found = _check(source, rules)
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
    found = _check(_source(**fields), rules)
    assert [reason.kind for reason in found.reasons] == ([kind] if kind else [])
    assert found.id == verdict


def test_school_beside_chlorine_of_coarse_position_is_not_cleared(rules: RuleSet) -> None:
    plant = layer(enterprise(point(0, -100), "hazchem_producer"), accuracy_m=2000.0)
    units = layer(unit(point(0, -100), n_persons_500m=10), accuracy_m=2000.0)
    chlorine = {"unit_id": "U1", "chemical_name": "氯", "cas": "7782-50-5", "category_symbol": None, "amount_t": 100.0}
    layers = {"enterprises": plant, "hazard_units": units, "unit_chemicals": pd.DataFrame([chlorine])}
    points = rate_sources(layers, on=ON)
    found = _check(layers | {"risk_points": points}, rules, kind="school_hospital_elderly")
    assert found.id == "not_enough" and any("位置误差 2000 m" in reason.text_zh for reason in found.reasons)


def test_sources_without_a_position_are_counted_on_every_answer(rules: RuleSet) -> None:
    found = _check({}, rules, n_unplaced={"red": 2, "orange": 1, "unrated": 4})
    said = [entry.zh for entry in found.not_assessed if entry.topic == "risk_points"]
    assert len(said) == 1 and "7 个" in said[0] and "3 个" in said[0]
    assert not [entry for entry in _check({}, rules).not_assessed if entry.topic == "risk_points"]


def test_contour_rules_are_passed_only_where_a_contour_was_there_to_test(rules: RuleSet) -> None:
    def passed(layers: Mapping[str, gpd.GeoDataFrame]) -> list[str]:
        return [entry.rule_id for entry in _check(layers, rules).passed if entry.rule_id.startswith("IR-")]

    near, valid = _source(kind="hazchem_producer"), date(2027, 1, 1)
    beside = layer(contour(box(-50, -250, 50, -150), 3e-6, valid))
    elsewhere = layer(contour(box(-50, -9250, 50, -9150), 3e-6, valid, enterprise_id="E9"))
    assert passed({}) == [] and passed(near) == [] and passed(near | {"official_contours": elsewhere}) == []
    assert passed(near | {"official_contours": beside})
    said = [entry.topic for entry in _check(near, rules).not_assessed]
    assert "official_contours" in said


def test_coarse_line_beyond_the_widest_zone_is_a_missing_input(rules: RuleSet) -> None:
    vague = layer(pipeline(_south(1800.0)), accuracy_m=2000.0)
    assert _check({"pipelines": vague}, rules, kind="office").id == "not_enough"


def test_valid_contour_of_the_enterprise_settles_its_sources(rules: RuleSet) -> None:
    layers = _source(kind="hazchem_producer")
    assert _check(layers, rules).id == "not_enough"
    far = layer(contour(box(-50, -250, 50, -150), 3e-6, date(2027, 1, 1)))
    assert _check(layers | {"official_contours": far}, rules).id == "nothing_found"


@pytest.mark.parametrize(
    ("level", "verdict"), [("red", "permit"), ("orange", "permit"), ("yellow", "nothing_found")]
)
def test_site_in_a_zone_of_ours_is_for_review_only(level: str, verdict: str, rules: RuleSet) -> None:
    zone = {"geometry": box(-50, -50, 50, 10), "policy": "weighted_index_2026A", "level": level}
    found = _check({"risk_zones": layer(zone)}, rules, policy="weighted_index_2026A")
    assert found.id == verdict
    assert [reason.share_of_area for reason in found.reasons] == (
        [pytest.approx(0.25)] if verdict == "permit" else []
    )
    assert _check({"risk_zones": layer(zone)}, rules, policy="grid_maximum_2026A").id == "nothing_found"


def test_chemical_project_outside_a_chemical_park_is_for_review(rules: RuleSet) -> None:
    found = _check(
        {"park_boundaries": layer({"geometry": box(-900, -900, 10, 900), "kind": "chemical"})},
        rules,
        kind="hazchem",
    )
    assert found.id == "permit" and [reason.kind for reason in found.reasons] == ["policy"]
    assert any("长江" in entry.zh for entry in found.not_assessed)


def test_hazardous_project_is_tested_against_the_targets_around_it(rules: RuleSet) -> None:
    layers = {
        "protection_targets": layer(target(point(0, 1_400), "school")),
        "park_boundaries": layer({"geometry": SITE, "kind": "chemical"}),
    }
    found = _check(layers, rules, kind="hazchem")
    assert found.id == "not_enough" and found.reasons[0].object_layer == "protection_targets"
    assert (
        _check({"buildings": layer(building(box(-5, 60, 5, 70)))}, rules, kind="fuel_station").id
        == "not_enough"
    )
    assert (
        _check({"buildings": layer(building(box(-5, 91, 5, 99)))}, rules, kind="fuel_station").id
        == "nothing_found"
    )


def test_fire_station_near_a_chemical_project_is_advisory(rules: RuleSet) -> None:
    station = {
        "geometry": point(0, -250),
        "name": "brigade",
        "station_class": "class_1",
        "status": "existing",
    }
    layers = {
        "fire_stations": layer(station),
        "park_boundaries": layer({"geometry": SITE, "kind": "chemical"}),
    }
    found = _check(layers, rules, kind="hazchem")
    assert found.id == "permit" and found.reasons[0].strength == "advisory"


def test_precedence_is_not_met_then_not_enough_then_permit(rules: RuleSet) -> None:
    permit = {"pipelines": layer(pipeline(_south(100.0)))}
    not_enough = permit | _source()
    not_met = not_enough | {"roads": layer(road(_south(20.0), "national_road"))}
    found = [_check(layers, rules) for layers in (permit, not_enough, not_met)]
    assert [verdict.rank for verdict in found] == [3, 2, 1]
    gravities = [reason.gravity for reason in found[-1].reasons]
    assert gravities == sorted(gravities) and set(gravities) == {1, 2, 3}


@pytest.mark.parametrize("state", ["empty", "missing"])
def test_missing_layer_is_not_assessed_and_never_clear(state: str, rules: RuleSet) -> None:
    found = _check({}, rules, states={"power_lines": state, "official_contours": state, "risk_zones": state})
    assert {"overhead_power_line", "official_contours", "risk_zones"} <= {
        entry.topic for entry in found.not_assessed
    }
    assert not [entry for entry in found.passed if entry.rule_id.startswith(("PWR", "IR"))]
    assert _check({}, rules, states={"roads": state}).id == "not_enough"


def test_line_known_to_kilometres_only_is_a_missing_input_and_no_conflict(rules: RuleSet) -> None:
    vague = layer(pipeline(_south(100.0)), accuracy_m=2000.0)
    found = _check({"pipelines": vague}, rules, kind="office")
    assert found.id == "not_enough" and [reason.kind for reason in found.reasons] == ["missing_input"]


@pytest.mark.parametrize(
    "layers",
    [
        {"pipelines": layer(pipeline(_south(3.0), kind="town_gas", pressure_mpa=None))},
        {"pipelines": layer(pipeline(_south(150.0), kind=None))},
        {"roads": layer(road(_south(20.0), None))},
    ],
    ids=["pressure", "kind", "road_class"],
)
def test_unknown_attribute_of_a_line_beside_the_site_is_a_missing_input(
    layers: dict[str, gpd.GeoDataFrame], rules: RuleSet
) -> None:
    found = _check(layers, rules, kind="office")
    assert found.id == "not_enough" and [reason.kind for reason in found.reasons] == ["missing_input"]


def test_type_other_is_settled_by_a_person(rules: RuleSet) -> None:
    assert _check({}, rules, kind="other").id == "not_enough"


def test_every_type_of_the_form_is_known(rules: RuleSet) -> None:
    kinds = {
        "residential",
        "school_hospital_elderly",
        "commercial_public",
        "office",
        "industrial",
        "hazchem",
        "fuel_station",
        "warehouse",
        "transport",
        "park_parking",
        "other",
    }
    assert set(rules.project_types) == kinds
    assert all(_check({}, rules, kind=kind).rank for kind in kinds)


def test_no_text_calls_a_site_safe_or_approved(rules: RuleSet) -> None:
    layers = _source("unrated") | {
        "pipelines": layer(pipeline(_south(3.0))),
        "roads": layer(road(_south(20.0), "national_road")),
    }
    texts = [verdict.title_zh for verdict in (_check(layers, rules), _check({}, rules))]
    for kind in rules.project_types:
        texts += [reason.text_zh + reason.title_zh for reason in _check(layers, rules, kind=kind).reasons]
    assert not [text for text in texts if any(word in text for word in FORBIDDEN_WORDS)]


def test_unknown_type_and_negative_persons_are_refused(rules: RuleSet) -> None:
    with pytest.raises(InputError, match="project_type"):
        _check({}, rules, kind="castle")
    with pytest.raises(InputError, match="n_persons"):
        _check({}, rules, n_persons=-1)


def test_site_beyond_the_boundary_or_too_large_is_refused(rules: RuleSet) -> None:
    boundary = box(-1000, -1000, 1000, 1000)
    assert _check({}, rules, boundary=boundary).rank == 4
    for site in (box(900, 0, 1100, 100), box(2000, 0, 2100, 100), point(0, 3000)):
        with pytest.raises(InputError, match="geometry"):
            _check({}, rules, site=site, boundary=boundary)
    with pytest.raises(InputError, match="km²"):
        _check({}, rules, site=box(-6000, -6000, 6000, 6000))


def test_point_site_is_judged(rules: RuleSet) -> None:
    found = _check({"pipelines": layer(pipeline(_south(4.0)))}, rules, site=point(0, 0))
    assert found.id == "not_met" and found.reasons[0].share_of_area is None


RING = [[120.0, 31.0], [120.1, 31.0], [120.1, 31.1], [120.0, 31.0]]
CROSSING = [[120.0, 31.0], [120.1, 31.1], [120.1, 31.0], [120.0, 31.1], [120.0, 31.0]]


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "Point", "coordinates": [120.0, 31.0]},
        {"type": "Polygon", "coordinates": [RING]},
        {"type": "MultiPolygon", "coordinates": [[RING]]},
        {"type": "Polygon", "coordinates": [[[x, y, 5.0] for x, y in RING]]},
    ],
)
def test_sound_geometry_is_a_site(geometry: dict[str, Any]) -> None:
    assert valid_site(geometry).is_valid


@pytest.mark.parametrize(
    ("geometry", "says"),
    [
        (None, "NoneType"),
        ("POINT (1 2)", "str"),
        ({}, "None"),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "LineString"),
        ({"type": "Point"}, "nested"),
        ({"type": "Point", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Point", "coordinates": [float("nan"), 31.0]}, "nan"),
        ({"type": "Point", "coordinates": [120.0, float("inf")]}, "inf"),
        ({"type": "Point", "coordinates": ["120", 31.0]}, "finite"),
        ({"type": "Point", "coordinates": [True, 31.0]}, "finite"),
        ({"type": "Point", "coordinates": [[120.0, 31.0]]}, "geometry"),
        ({"type": "Point", "coordinates": [120.0]}, "geometry"),
        ({"type": "Polygon", "coordinates": [[[120.0, 31.0], [120.1, 31.0]]]}, "readable"),
        ({"type": "Polygon", "coordinates": [[[120.0, 31.0]] * 4]}, "simple|area"),
        (
            {
                "type": "Polygon",
                "coordinates": [[[120.0, 31.0], [120.1, 31.0], [120.2, 31.0], [120.0, 31.0]]],
            },
            "simple|area",
        ),
        ({"type": "Polygon", "coordinates": [CROSSING]}, "Self-intersection"),
        ({"type": "Polygon", "coordinates": RING}, "geometry"),
    ],
)
def test_unsound_geometry_is_refused_with_its_field(geometry: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as error:
        valid_site(geometry)
    assert error.value.field == "geometry"


def test_search_reaches_as_far_as_the_widest_check_and_the_worst_error(rules: RuleSet) -> None:
    radii = search_radii_m(rules, largest_influence_m=800.0)
    assert radii["pipeline_stations"] >= 500 + 100 and radii["roads"] >= 100 + 100
    assert radii["risk_points"] == radii["official_contours"] == 900.0
    assert radii["official_distances"] == search_radius_m(rules) == 5000.0
    assert max(radius for layer, radius in search_radii_m(rules).items() if layer != "official_distances") == 1600.0
    coarse = search_radii_m(rules, largest_accuracy_m={"pipelines": 2000.0, "risk_points": 9000.0})
    assert coarse["pipelines"] >= 2200 and coarse["risk_points"] == 5000.0
    assert coarse["roads"] == radii["roads"]


@pytest.mark.parametrize(
    ("value_m", "text"), [(4.9, "4.9 m"), (0.02, "0.02 m"), (82.0, "82 m"), (162.4, "162 m"), (20.0, "20 m")]
)
def test_metres_read_as_people_write_them(value_m: float, text: str) -> None:
    assert metres(value_m) == text
