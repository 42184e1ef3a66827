"""Siting: the four verdicts and their order, each check once, refused sites, and what is never called clear."""

from __future__ import annotations

import geopandas as gpd
import pytest

from layers.errors import InputError
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import search_radii_m, search_radius_m
from layers.scoring.siting_surroundings import metres
from tests.layers.scoring.frames import (
    box,
    building,
    layer,
    pipeline,
    point,
    power_line,
    road,
    target,
)
from tests.layers.scoring.siting_questions import (
    SITE,
    check,
    one_source,
    reason_of,
    south,
)

FORBIDDEN_WORDS = ("安全", "合格", "批准")


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def test_clear_site_says_what_was_checked_and_what_was_not(rules: RuleSet) -> None:
    verdict = check({}, rules)
    assert (verdict.id, verdict.rank, verdict.title_zh) == ("nothing_found", 4, "已查项目未发现不满足项")
    assert not verdict.reasons and {"PIPE-L30-3", "ROAD-L11-1"} <= {entry.rule_id for entry in verdict.passed}
    assert {"active_faults", "flood_areas", "geological_hazard_areas"} <= {entry.topic for entry in verdict.not_assessed}
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
    found = check({"pipelines": layer(pipeline(south(distance_m)), accuracy_m=accuracy_m)}, rules)
    ban = reason_of(found, "PIPE-L30-3")
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
    found = check({"pipelines": layer(pipeline(south(distance_m)))}, rules)
    assert {reason.rule_id for reason in found.reasons} - {"PIPE-L31-1"} == rule_ids - {"PIPE-L31-1"}
    assert {reason.kind for reason in found.reasons if reason.rule_id != "PIPE-L31-1"} <= {"permit_required"}


def test_crowded_building_near_a_line_is_sent_to_the_technical_code(rules: RuleSet) -> None:
    found = reason_of(
        check({"pipelines": layer(pipeline(south(162.0)))}, rules, kind="school_hospital_elderly"),
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
    found = check({"pipeline_stations": layer(station)}, rules, kind="office")
    assert sorted(str(reason.rule_id) for reason in found.reasons) == rule_ids


def test_transport_works_near_a_line_need_a_permit_and_are_no_certain_building(rules: RuleSet) -> None:
    found = check({"pipelines": layer(pipeline(south(2.0)))}, rules, kind="transport")
    assert (
        found.id == "permit"
        and reason_of(found, "PIPE-L30-3") is not None
        and reason_of(found, "PIPE-L35-2a") is not None
    )
    across = check({"pipelines": layer(pipeline(south(-10.0)))}, rules, kind="transport")
    assert reason_of(across, "PIPE-L35-1") is not None


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
    roads = layer(road(south(15.0 + edge_m), "national_road", land_width_m=30.0))
    park = layer({"geometry": box(-900, -900, 900, 900), "kind": "chemical"})
    found = check({"roads": roads, "park_boundaries": park}, rules, kind=kind, is_new=is_new)
    assert found.id == verdict
    assert [reason.rule_id for reason in found.reasons] == ([rule_id] if rule_id else [])


def test_share_of_the_site_inside_a_control_zone_is_stated(rules: RuleSet) -> None:
    roads = layer(road(south(15.0 + 10.0), "national_road", land_width_m=30.0))
    reason = reason_of(check({"roads": roads}, rules, kind="office"), "ROAD-L11-1")
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
        check({"power_lines": layer(power_line(south(distance_m), voltage_kv))}, rules, kind="office").id
        == verdict
    )


def test_power_line_zone_in_a_plant_is_for_review(rules: RuleSet) -> None:
    layers = {
        "power_lines": layer(power_line(south(5.0), 110.0)),
        "park_boundaries": layer({"geometry": SITE, "kind": "industrial"}),
    }
    assert check(layers, rules, kind="office").id == "permit"


def test_coarse_line_beyond_the_widest_zone_is_a_missing_input(rules: RuleSet) -> None:
    vague = layer(pipeline(south(1800.0)), accuracy_m=2000.0)
    assert check({"pipelines": vague}, rules, kind="office").id == "not_enough"


@pytest.mark.parametrize(
    ("level", "verdict"), [("red", "permit"), ("orange", "permit"), ("yellow", "nothing_found")]
)
def test_site_in_a_zone_of_ours_is_for_review_only(level: str, verdict: str, rules: RuleSet) -> None:
    zone = {"geometry": box(-50, -50, 50, 10), "policy": "weighted_index_2026A", "level": level}
    found = check({"risk_zones": layer(zone)}, rules, policy="weighted_index_2026A")
    assert found.id == verdict
    assert [reason.share_of_area for reason in found.reasons] == (
        [pytest.approx(0.25)] if verdict == "permit" else []
    )
    assert check({"risk_zones": layer(zone)}, rules, policy="grid_maximum_2026A").id == "nothing_found"


def test_chemical_project_outside_a_chemical_park_is_for_review(rules: RuleSet) -> None:
    found = check(
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
    found = check(layers, rules, kind="hazchem")
    assert found.id == "not_enough" and found.reasons[0].object_layer == "protection_targets"
    assert (
        check({"buildings": layer(building(box(-5, 60, 5, 70)))}, rules, kind="fuel_station").id
        == "not_enough"
    )
    assert (
        check({"buildings": layer(building(box(-5, 91, 5, 99)))}, rules, kind="fuel_station").id
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
    found = check(layers, rules, kind="hazchem")
    assert found.id == "permit" and found.reasons[0].strength == "advisory"


def test_precedence_is_not_met_then_not_enough_then_permit(rules: RuleSet) -> None:
    permit = {"pipelines": layer(pipeline(south(100.0)))}
    not_enough = permit | one_source()
    not_met = not_enough | {"roads": layer(road(south(20.0), "national_road"))}
    found = [check(layers, rules) for layers in (permit, not_enough, not_met)]
    assert [verdict.rank for verdict in found] == [3, 2, 1]
    gravities = [reason.gravity for reason in found[-1].reasons]
    assert gravities == sorted(gravities) and set(gravities) == {1, 2, 3}


@pytest.mark.parametrize("state", ["empty", "missing"])
def test_missing_layer_is_not_assessed_and_never_clear(state: str, rules: RuleSet) -> None:
    found = check({}, rules, states={"power_lines": state, "official_contours": state, "risk_zones": state})
    assert {"overhead_power_line", "official_contours", "risk_zones"} <= {
        entry.topic for entry in found.not_assessed
    }
    assert not [entry for entry in found.passed if entry.rule_id.startswith(("PWR", "IR"))]
    assert check({}, rules, states={"roads": state}).id == "not_enough"


def test_line_known_to_kilometres_only_is_a_missing_input_and_no_conflict(rules: RuleSet) -> None:
    vague = layer(pipeline(south(100.0)), accuracy_m=2000.0)
    found = check({"pipelines": vague}, rules, kind="office")
    assert found.id == "not_enough" and [reason.kind for reason in found.reasons] == ["missing_input"]


@pytest.mark.parametrize(
    "layers",
    [
        {"pipelines": layer(pipeline(south(3.0), kind="town_gas", pressure_mpa=None))},
        {"pipelines": layer(pipeline(south(150.0), kind=None))},
        {"roads": layer(road(south(20.0), None))},
    ],
    ids=["pressure", "kind", "road_class"],
)
def test_unknown_attribute_of_a_line_beside_the_site_is_a_missing_input(
    layers: dict[str, gpd.GeoDataFrame], rules: RuleSet
) -> None:
    found = check(layers, rules, kind="office")
    assert found.id == "not_enough" and [reason.kind for reason in found.reasons] == ["missing_input"]


def test_type_other_is_settled_by_a_person(rules: RuleSet) -> None:
    assert check({}, rules, kind="other").id == "not_enough"


def test_every_type_of_the_form_is_known(rules: RuleSet) -> None:
    kinds = {
        "residential",
        "school_hospital_elderly",
        "commercial_public",
        "office",
        "industrial",
        "hazchem",
        "fuel_station",
        "fireworks_store",
        "tailings_pond",
        "warehouse",
        "transport",
        "park_parking",
        "other",
    }
    assert set(rules.project_types) == kinds
    assert all(check({}, rules, kind=kind).rank for kind in kinds)


def test_no_text_calls_a_site_safe_or_approved(rules: RuleSet) -> None:
    layers = one_source("unrated") | {
        "pipelines": layer(pipeline(south(3.0))),
        "roads": layer(road(south(20.0), "national_road")),
    }
    texts = [verdict.title_zh for verdict in (check(layers, rules), check({}, rules))]
    for kind in rules.project_types:
        texts += [reason.text_zh + reason.title_zh for reason in check(layers, rules, kind=kind).reasons]
    assert not [text for text in texts if any(word in text for word in FORBIDDEN_WORDS)]


def test_unknown_type_and_negative_persons_are_refused(rules: RuleSet) -> None:
    with pytest.raises(InputError, match="project_type"):
        check({}, rules, kind="castle")
    with pytest.raises(InputError, match="n_persons"):
        check({}, rules, n_persons=-1)


def test_site_beyond_the_boundary_or_too_large_is_refused(rules: RuleSet) -> None:
    boundary = box(-1000, -1000, 1000, 1000)
    assert check({}, rules, boundary=boundary).rank == 4
    for site in (box(900, 0, 1100, 100), box(2000, 0, 2100, 100), point(0, 3000)):
        with pytest.raises(InputError, match="geometry"):
            check({}, rules, site=site, boundary=boundary)
    with pytest.raises(InputError, match="km²"):
        check({}, rules, site=box(-6000, -6000, 6000, 6000))


def test_point_site_is_judged(rules: RuleSet) -> None:
    found = check({"pipelines": layer(pipeline(south(4.0)))}, rules, site=point(0, 0))
    assert found.id == "not_met" and found.reasons[0].share_of_area is None


def test_search_reaches_as_far_as_the_widest_check_and_the_worst_error(rules: RuleSet) -> None:
    radii = search_radii_m(rules, largest_influence_m=800.0)
    assert radii["pipeline_stations"] >= 500 + 100 and radii["roads"] >= 100 + 100
    assert radii["risk_points"] == radii["official_contours"] == 900.0
    assert radii["official_distances"] == search_radius_m(rules) == 5000.0
    assert max(radius for layer, radius in search_radii_m(rules).items() if layer != "official_distances") == 3100.0
    coarse = search_radii_m(rules, largest_accuracy_m={"pipelines": 2000.0, "risk_points": 9000.0})
    assert coarse["pipelines"] >= 2200 and coarse["risk_points"] == 5000.0
    assert coarse["roads"] == radii["roads"]


@pytest.mark.parametrize(
    ("value_m", "text"), [(4.9, "4.9 m"), (0.02, "0.02 m"), (82.0, "82 m"), (162.4, "162 m"), (20.0, "20 m")]
)
def test_metres_read_as_people_write_them(value_m: float, text: str) -> None:
    assert metres(value_m) == text
