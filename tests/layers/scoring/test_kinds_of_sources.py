"""Levels by kind of installation, of pipelines, black spots and by screening."""

import pandas as pd
import pytest
from shapely import LineString

from layers.catalog import load_catalog
from layers.errors import RuleTableError
from layers.scoring.level_rules import load_screening
from layers.scoring.policy import load_source_classes
from tests.layers.scoring.level_cases import chemical, enterprise, line, one, rated, unit


# Kinds of installation, pipelines, black spots, screening


@pytest.mark.parametrize(
    ("kind", "level", "strength", "radius_m"),
    [
        ("fuel_station", "yellow", 0.35, 100),
        ("lpg_station", "orange", 0.60, 300),
        ("dust", "yellow", 0.5, 150),
        ("ammonia", "yellow", 0.5, 300),
        ("crowded_place", "yellow", 0.5, 100),
        ("explosives_store", "orange", 0.75, 300),
    ],
)
def test_kinds_of_one_strength_are_computed_from_the_kind(kind, level, strength, radius_m):
    row = one(enterprises=[enterprise(kind=kind)])
    assert (row.level, row.basis, row.strength, row.radius_m) == (level, "computed", strength, radius_m)


def test_kind_alone_disputes_no_declared_level():
    assert not one(
        enterprises=[enterprise(kind="fuel_station", declared_level="blue", declared_by="局")]
    ).is_disputed


def test_explosives_reach_by_the_cube_root_of_their_amount():
    points = rated(
        [enterprise(kind="explosives_store")], [unit()], [chemical(name="TNT", cas="118-96-7", amount_t=8)]
    )
    carrier = points.loc["hazard_units:u1"]
    assert carrier.radius_m == pytest.approx(58.9 * 20) and carrier.strength == 0.75
    assert carrier.is_assumption and pd.isna(points.loc["enterprises:e1"].strength)


def test_gas_line_reaches_its_potential_impact_radius():
    # 0.099 sqrt(1016^2 x 10) = 318.1 m
    row = one(pipelines=[line(medium="natural_gas", diameter_mm=1016, pressure_mpa=10)])
    assert row.radius_m == pytest.approx(318.1, abs=0.1)
    assert (row.level, row.strength, row.is_assumption) == ("yellow", 0.5, False)


def test_small_gas_line_reaches_at_least_200_m():
    assert one(pipelines=[line(medium="natural_gas", diameter_mm=219, pressure_mpa=4)]).radius_m == 200


@pytest.mark.parametrize(
    ("fields", "radius_m"),
    [
        ({"diameter_mm": 1016}, 318.1),  # 0.099 sqrt(1016^2 x 10), the pressure assumed
        ({"diameter_mm": 1016, "pressure_mpa": 6.3}, 252.5),
        ({"diameter_mm": 508}, 200),
        ({"pressure_mpa": 4.0}, 318.1),
        ({}, 318.1),
    ],
)
def test_gas_line_of_unknown_figures_reaches_as_far_as_a_large_one_may(fields, radius_m):
    row = one(pipelines=[line(medium="natural_gas", **fields)])
    assert row.radius_m == pytest.approx(radius_m, abs=0.1)
    assert row.is_assumption == (len(fields) < 2)


def test_not_knowing_a_figure_of_a_gas_line_never_shortens_its_reach():
    for diameter_mm, pressure_mpa in ((1016, 10), (711, 8), (508, 6.3)):
        whole = one(pipelines=[line(medium="natural_gas", diameter_mm=diameter_mm, pressure_mpa=pressure_mpa)])
        for known in ({"diameter_mm": diameter_mm}, {"pressure_mpa": pressure_mpa}, {}):
            assert one(pipelines=[line(medium="natural_gas", **known)]).radius_m >= whole.radius_m - 0.1


def test_line_of_unknown_medium_is_unrated_unless_screened():
    row = one(pipelines=[line(kind="industrial")])
    assert row.level == "unrated" and "输送介质" in row.missing and pd.isna(row.strength)
    row = one(pipelines=[line(kind="industrial")], screening="taiwan_industry_2026A")
    assert (row.level, row.basis, row.is_assumption, row.strength) == ("yellow", "screening", True, 0.45)


@pytest.mark.parametrize(("kind", "zh", "en"), [("industrial", "工业管道", "industrial pipe"), ("transmission", "长输管道", "transmission pipeline")])
def test_reason_of_a_screened_line_says_its_kind_in_words(kind, zh, en):
    row = one(pipelines=[line(kind=kind)], screening="taiwan_industry_2026A")
    assert row.reason_zh == f"按行业筛查(假设): {zh}"
    assert row.reason_en == f"screening by industry (assumption): {en}"


@pytest.mark.parametrize("fields", [{"kind": "town_gas"}, {"status": "abandoned"}, {"status": "planned"}])
def test_lines_that_are_no_source(fields):
    assert rated(pipelines=[line(**fields)]).empty


def test_black_spot_of_the_police_list():
    row = one(spots=[{"spot_id": "s1", "name": "K12", "n_accidents": 7, "n_deaths": 2}])
    assert (row.level, row.strength, row.radius_m, row.is_fire) == ("yellow", 0.5, 250, False)
    assert row.responsible_office == "公安机关交通管理部门"


@pytest.mark.parametrize(
    ("industry", "level", "kind"),
    [
        ("18化學材料製造業", "orange", "hazchem"),
        ("17石油及煤製品製造業", "orange", "hazchem"),
        ("19化學製品製造業", "yellow", "hazchem"),
        ("化學材料及肥料製造業", "orange", "hazchem"),
        ("24基本金屬製造業", "yellow", "other_enterprise"),
        ("25金屬製品製造業", "unrated", "other_enterprise"),
        ("19化學製品製造業;18化學材料製造業", "orange", "hazchem"),
    ],
)
def test_screening_by_the_factory_registry(industry, level, kind):
    row = one(enterprises=[enterprise(industry_name=industry)], screening="taiwan_industry_2026A")
    assert (row.level, row.kind) == (level, kind)
    assert row.is_assumption == (level != "unrated") == (row.basis == "screening")


def test_screening_never_says_blue_and_unknown_names_are_refused(tmp_path):
    for name in ("taiwan_industry_2026A", "china_industry_2026A"):
        assert {row["level"] for row in load_screening(name)} <= {"red", "orange", "yellow"}
    with pytest.raises(RuleTableError, match="taiwan_industry_2026A"):
        load_screening("no_such_table")


def test_local_direct_rule_applies_in_its_jurisdiction_only():
    layers = {
        "enterprises": [enterprise(kind="hazchem_producer")],
        "units": [unit()],
        "chemicals": [chemical()],
    }
    assert rated(**layers).loc["enterprises:e1"].level == "orange"
    assert rated(**layers, jurisdiction="CN-37-03").loc["enterprises:e1"].rule_id == "FC-DIRECT-MAJOR"


def test_line_placed_worse_than_its_reach_keeps_its_level_and_colours_nothing():
    line = {"pipeline_id": "p1", "name": "示意走向", "kind": "transmission", "medium": "natural_gas", "status": "operating",
            "geometry": LineString([(0, 0), (5000, 0)])}  # fmt: skip
    coarse = one(pipelines=[{**line, "accuracy_m": 2000.0}])
    precise = one(pipelines=[{**line, "accuracy_m": 2.0}])
    assert pd.isna(coarse.radius_m) and pd.isna(coarse.strength) and precise.radius_m == 318.1
    assert coarse.level == precise.level
    assert (coarse.reach_m, coarse.accuracy_m) == (precise.reach_m, 2000) and precise.reach_m == 318.1
    assert any(reason["method"] == "coarse" for reason in coarse.reasons)


def test_kinds_of_risk_points_are_told_in_the_words_of_their_classes():
    [kind] = [entry for entry in load_catalog()["risk_points"].fields if entry.name == "kind"]
    classes = load_source_classes()
    assert {code.code: (code.zh, code.en) for code in kind.codes} == {
        name: (row.title_zh, row.title_en) for name, row in classes.iterrows()
    }
