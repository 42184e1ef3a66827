"""Levels of sources: which method decides, what stays unrated, and that each danger colours once."""

import json
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from layers.catalog import LAYERS_DIR, load_layer
from layers.crs import metric_crs
from layers.errors import RuleTableError
from layers.scoring.disagreements import disagreements
from layers.scoring.level_rules import load_level_rules, load_screening
from layers.scoring.levels import rate_sources
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import GRID, MAXIMUM, WEIGHTED

CRS = metric_crs(105.0, 30.0)
ON = date(2026, 9, 30)


def placed(*rows):
    defaults = [{"geometry": Point(1000, 1000), **row} for row in rows]
    return gpd.GeoDataFrame(defaults, geometry="geometry", crs=CRS) if rows else gpd.GeoDataFrame()


def enterprise(key="e1", kind="general", **fields):
    return {"enterprise_id": key, "name": f"企业{key}", "kind": kind, "status": "operating", **fields}


def unit(key="u1", owner="e1", **fields):
    return {
        "unit_id": key,
        "enterprise_id": owner,
        "name": f"罐区{key}",
        "status": "operating",
        "n_persons_500m": 10,
        **fields,
    }


def chemical(owner="u1", name="液氨", cas="7664-41-7", amount_t=20.0, category=None):
    return {
        "unit_id": owner,
        "chemical_name": name,
        "cas": cas,
        "category_symbol": category,
        "amount_t": amount_t,
    }


def danger(owner="e1", deadline=date(2026, 9, 1), severity="major", status="open", key="h1"):
    return {
        "danger_id": key,
        "enterprise_id": owner,
        "severity": severity,
        "status": status,
        "deadline_on": deadline,
    }


def rated(enterprises=(), units=(), chemicals=(), declared=(), dangers=(), pipelines=(), spots=(), **options):
    layers = {
        "enterprises": placed(*enterprises),
        "hazard_units": placed(*units),
        "unit_chemicals": pd.DataFrame(chemicals),
        "declared_levels": pd.DataFrame(declared),
        "hidden_dangers": pd.DataFrame(dangers),
        "pipelines": placed(*pipelines),
        "road_black_spots": placed(*spots),
    }
    return rate_sources(layers, on=ON, **options).set_index("point_id", drop=False)


def one(**layers):
    return rated(**layers).iloc[0]


def test_output_has_the_declared_fields_and_plain_reasons():
    points = rated([enterprise(kind="hazchem_producer", control_score=80)], [unit()], [chemical()])
    names = [entry.name for entry in load_layer(LAYERS_DIR / "risk_points").fields]
    assert list(points.columns) == ["feature_id", *names, "accuracy_m", "geometry"] and points.crs == CRS
    assert json.loads(json.dumps(points.reasons.tolist(), allow_nan=False))
    assert list(points.index) == sorted(points.index)


def test_empty_layers_give_no_sources():
    assert rate_sources({}, on=ON).empty


def test_shop_without_data_is_unrated_never_blue():
    row = one(enterprises=[enterprise(responsible_office="县应急管理局")])
    assert (row.level, row.basis, row.kind) == ("unrated", "none", "other_enterprise")
    assert "declared_level" in row.missing and "县应急管理局" in row.missing
    assert pd.isna(row.strength) and row.radius_m == 80


@pytest.mark.parametrize("status", ["closed", "planned"])
def test_what_is_gone_or_not_built_is_no_source(status):
    assert rated([enterprise(status=status, declared_level="red")], [unit()], [chemical()]).empty


def test_suspended_enterprise_is_still_a_source():
    assert (
        one(enterprises=[enterprise(status="suspended", declared_level="yellow", declared_by="局")]).level
        == "yellow"
    )


# The order of the methods


def test_direct_red_goes_before_a_declared_level():
    row = one(
        enterprises=[
            enterprise(
                kind="hazchem_producer",
                direct_red="未经正规设计",
                declared_level="yellow",
                declared_by="县应急管理局",
                control_score=95,
            )
        ]
    )
    assert (row.level, row.basis, row.rule_id) == ("red", "statutory", "FC-HAZCHEM-RED")
    assert row.control_level == "red"


@pytest.mark.parametrize(
    "said", ["否", "无", "—", "-", "0", "没有", "no", "None", " N/A ", "不存在", "无。", "未发现", "false"]
)
def test_word_for_none_is_no_direct_red_condition(said):
    row = one(enterprises=[enterprise(kind="general", direct_red=said)])
    assert (row.level, row.control_level) == ("unrated", "unrated")


@pytest.mark.parametrize("said", ["是", "无证上岗", "未经正规设计", "no formal design", "1"])
def test_condition_that_begins_like_a_word_for_none_is_red(said):
    assert one(enterprises=[enterprise(kind="general", direct_red=said)]).level == "red"


@pytest.mark.parametrize(("field", "said", "clause"), [
    ("is_untested_process", "新工艺未经小试直接投产", "新开发工艺"), ("has_no_formal_design", "在役装置未经正规设计。", "正规设计"),
    ("has_uncertified_workers", "电工无证上岗", "特种作业人员"),
])  # fmt: skip
def test_each_direct_red_condition_is_stated_by_its_field_or_named_by_a_text(field, said, clause):
    for given in ({field: True}, {"direct_red": said}):
        row = one(enterprises=[enterprise(kind="hazchem_producer", control_score=95, **given)])
        assert (row.level, row.rule_id) == ("red", "FC-HAZCHEM-RED") and clause in row.clause
        (told,) = [entry for entry in row.reasons if entry["method"] == "statutory"]
        assert told["inputs"]["direct_red_codes"] == [field] and disagreements(pd.DataFrame([row])).empty
    assert one(enterprises=[enterprise(kind="hazchem_producer", control_score=95, **{field: False})]).level == "blue"
    assert one(enterprises=[enterprise(kind="general", **{field: True})]).rule_id == "DIRECT-REPORTED"


def test_two_conditions_are_two_judgements():
    row = one(enterprises=[enterprise(kind="hazchem_trader", has_no_formal_design=True, direct_red="电工无证上岗")])
    assert [entry["inputs"]["direct_red_codes"] for entry in row.reasons if entry["method"] == "statutory"] == [
        ["has_no_formal_design"], ["has_uncertified_workers"],
    ]


@pytest.mark.parametrize("said", ["是", "外部安全防护距离不符合国家标准要求"])
def test_text_that_names_no_condition_stays_red_and_becomes_a_question(said):
    row = one(enterprises=[enterprise(kind="hazchem_producer", control_score=95, direct_red=said)])
    assert (row.level, row.rule_id, row.basis) == ("red", "DIRECT-UNKNOWN", "statutory")
    (asked,) = disagreements(pd.DataFrame([row])).to_dict("records")
    assert asked["kind"] == "direct_red_text" and said in asked["text_zh"] and asked["clause"] == row.clause


def test_direct_red_of_another_kind_rests_on_the_project_policy():
    row = one(enterprises=[enterprise(kind="general", direct_red="未经正规设计")])
    assert (row.level, row.rule_id) == ("red", "DIRECT-REPORTED")


def test_declared_goes_before_computed_and_the_difference_is_flagged():
    row = one(
        enterprises=[
            enterprise(
                kind="hazchem_trader", declared_level="yellow", declared_by="县应急管理局", control_score=58
            )
        ]
    )
    assert (row.level, row.basis, row.control_level) == ("yellow", "declared", "red")
    assert row.is_disputed


def test_declared_goes_before_screening():
    row = one(
        enterprises=[enterprise(industry_code="2614", declared_level="blue", declared_by="局")],
        screening="china_industry_2026A",
    )
    assert (row.level, row.basis, row.is_assumption) == ("blue", "declared", False)


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (89.9, "yellow"),
        (90, "blue"),
        (75, "yellow"),
        (74.9, "orange"),
        (60, "orange"),
        (59.9, "red"),
        (104, "blue"),
        (0, "red"),
    ],
)
def test_score_bands_of_the_diagnosis(score, level):
    row = one(enterprises=[enterprise(kind="hazchem_producer", control_score=score)])
    assert (row.level, row.basis, row.rule_id) == (level, "computed", "FC-HAZCHEM-SCORE")


def test_score_of_another_kind_decides_nothing():
    row = one(enterprises=[enterprise(kind="general", control_score=95)])
    assert row.level == "unrated" and row.control_level == "unrated"
    assert any("不适用" in entry["text_zh"] for entry in row.reasons)


# Offices


def test_responsible_office_wins_over_a_worse_word_and_is_disputed():
    row = one(
        enterprises=[
            enterprise(responsible_office="县应急管理局", declared_level="red", declared_by="镇政府")
        ],
        declared=[
            {
                "enterprise_id": "e1",
                "office": "应急管理局",
                "level": "yellow",
                "declared_on": date(2026, 1, 1),
            }
        ],
    )
    assert row.level == "yellow" and row.is_disputed


def test_without_the_responsible_office_the_worse_level_holds():
    row = one(
        enterprises=[enterprise(responsible_office="县住建局")],
        declared=[
            {"enterprise_id": "e1", "office": office, "level": level, "declared_on": None}
            for office, level in (("镇政府", "blue"), ("县消防大队", "orange"))
        ],
    )
    assert row.level == "orange" and row.is_disputed


def test_latest_word_of_an_office_holds_and_later_ones_than_the_edition_do_not():
    row = one(
        enterprises=[enterprise()],
        declared=[
            {"enterprise_id": "e1", "office": "局", "level": level, "declared_on": day}
            for day, level in (
                (date(2025, 1, 1), "red"),
                (date(2026, 1, 1), "blue"),
                (date(2026, 12, 1), "orange"),
            )
        ],
    )
    assert row.level == "blue" and not row.is_disputed


@pytest.mark.parametrize(
    ("who", "level"), [("企业自评", "unrated"), ("企业自评,镇政府确认", "orange"), ("企业e1", "unrated")]
)
def test_own_word_of_an_enterprise_counts_when_confirmed(who, level):
    assert one(enterprises=[enterprise(declared_level="orange", declared_by=who)]).level == level


# Units


@pytest.mark.parametrize(
    ("amount_t", "hazard_level", "level", "strength", "radius_m"),
    [
        (20, 4, "orange", 0.55, 400),
        (50, 3, "orange", 0.70, 700),
        (250, 2, "red", 0.85, 1000),
        (500, 1, "red", 1.0, 1500),
    ],
)
def test_toxic_gas_unit_by_its_hazard_level(amount_t, hazard_level, level, strength, radius_m):
    points = rated([enterprise(kind="hazchem_producer")], [unit()], [chemical(amount_t=amount_t)])
    row = points.loc["hazard_units:u1"]
    assert (row.major_hazard_level, row.level, row.inherent_level) == (hazard_level, level, level)
    assert (row.strength, row.radius_m, row.is_fire) == (strength, radius_m, False)
    assert row.s_value == amount_t / 10


def test_level_on_file_counts_as_declared_and_differs_from_the_computed():
    row = rated([enterprise()], [unit(filed_level=1)], [chemical(amount_t=20)]).loc["hazard_units:u1"]
    assert (row.level, row.basis, row.major_hazard_level, row.is_disputed) == ("red", "declared", 1, True)


def test_unit_on_file_with_unknown_chemicals_takes_the_widest_reach_as_an_assumption():
    row = rated([enterprise()], [unit(filed_level=3)]).loc["hazard_units:u1"]
    assert (row.level, row.radius_m, row.is_assumption) == ("orange", 700, True)


def test_unit_with_a_missing_amount_is_unrated_and_names_it():
    row = rated([enterprise()], [unit()], [chemical(amount_t=None)]).loc["hazard_units:u1"]
    assert row.level == "unrated" and "amount_t" in row.missing and row.radius_m == 300


def test_unit_with_one_missing_amount_is_at_least_what_the_others_make_it():
    benzene = chemical(name="苯", cas="71-43-2", amount_t=None)
    row = rated([enterprise()], [unit()], [chemical(amount_t=250), benzene]).loc["hazard_units:u1"]
    assert (row.level, row.major_hazard_level, row.radius_m, row.is_assumption) == ("red", 2, 1000, True)
    assert "至少" in row.reason_zh and "amount_t" in row.reason_zh and "amount_t" in row.missing
    assert "at least" in row.reason_en


def test_units_are_graded_without_their_enterprise():
    assert list(rated(units=[unit()], chemicals=[chemical()]).level) == ["orange"]


# Each danger once


def test_plant_known_by_its_major_units_only_is_carried_by_them():
    points = rated([enterprise(kind="hazchem_producer")], [unit()], [chemical()])
    plant = points.loc["enterprises:e1"]
    assert plant.level == "orange" and pd.isna(plant.strength) and pd.isna(plant.radius_m)
    assert points.loc["hazard_units:u1"].strength == 0.55


def test_plant_with_its_own_level_adds_what_is_below_a_major_hazard():
    points = rated([enterprise(kind="hazchem_producer", control_score=80)], [unit()], [chemical()])
    assert (points.loc["enterprises:e1"].strength, points.loc["enterprises:e1"].radius_m) == (0.35, 300)
    assert points.loc["hazard_units:u1"].strength == 0.55


def test_unit_below_a_major_hazard_is_carried_by_its_plant():
    points = rated([enterprise(kind="hazchem_user")], [unit()], [chemical(amount_t=6)])
    assert points.loc["enterprises:e1"].strength == 0.35
    small = points.loc["hazard_units:u1"]
    assert small.level == "yellow" and pd.isna(small.strength)


def test_unit_below_a_major_hazard_colours_itself_where_the_plant_has_no_place():
    points = rated([enterprise(kind="hazchem_user", geometry=None)], [unit()], [chemical(amount_t=6)])
    assert points.loc["hazard_units:u1"].strength == 0.35


def test_lpg_station_and_its_tanks_count_as_the_stronger_of_them():
    tanks = [chemical(name="液化石油气", cas="68476-85-7", amount_t=60)]
    points = rated([enterprise(kind="lpg_station")], [unit()], tanks)
    carrier = points.loc["hazard_units:u1"]
    assert (carrier.strength, carrier.radius_m, carrier.level) == (0.60, 300, "orange")
    assert pd.isna(points.loc["enterprises:e1"].strength)


def declared_as(level, kind="general", **fields):
    return enterprise(kind=kind, declared_level=level, declared_by="局", **fields)


@pytest.mark.parametrize("level", ["blue", "yellow", "orange", "red"])
def test_declared_level_of_a_plant_never_swallows_its_toxic_unit(level):
    points = rated([declared_as(level)], [unit(n_persons_500m=0)], [chemical(amount_t=12)])
    assert (points.loc["hazard_units:u1"].strength, points.loc["hazard_units:u1"].radius_m) == (0.55, 400)
    assert (points.loc["enterprises:e1"].strength == 0.7) == (level == "red")


@pytest.mark.parametrize("level", ["blue", "red"])
def test_explosives_of_a_declared_store_colour_once(level):
    tnt = [chemical(name="三硝基甲苯", cas="118-96-7", amount_t=8)]
    points = rated([declared_as(level, "explosives_store")], [unit()], tnt)
    assert points.strength.notna().sum() == 1 and points.loc["hazard_units:u1"].strength == 0.75


def test_hazchem_plant_declared_blue_does_not_swallow_its_explosives():
    tnt = [chemical(name="三硝基甲苯", cas="118-96-7", amount_t=4)]
    points = rated([declared_as("blue", "hazchem_producer")], [unit()], tnt)
    assert points.loc["hazard_units:u1"].strength == 0.75
    assert points.loc["hazard_units:u1"].radius_m == pytest.approx(58.9 * 4000 ** (1 / 3))
    assert points.loc["enterprises:e1"].strength == 0.2


def test_plant_that_carries_a_unit_is_at_least_as_strong_as_it():
    points = rated([declared_as("blue", "hazchem_user")], [unit()], [chemical(amount_t=6)])
    plant = points.loc["enterprises:e1"]
    assert (plant.level, plant.strength, plant.radius_m) == ("blue", 0.35, 300)
    assert pd.isna(points.loc["hazard_units:u1"].strength) and pd.isna(points.loc["hazard_units:u1"].reach_m)


def test_plant_of_coarse_position_does_not_carry_its_unit():
    points = rated(
        [declared_as("red", "hazchem_user", accuracy_m=2000.0)], [unit(accuracy_m=3.0)], [chemical(amount_t=6)]
    )
    assert points.loc["hazard_units:u1"].radius_m == 300
    plant = points.loc["enterprises:e1"]
    assert pd.isna(plant.radius_m) and (plant.reach_m, plant.accuracy_m) == (300, 2000)


KINDS = ["general", "hazchem_producer", "hazchem_user", "lpg_station", "fuel_station", "ammonia", "explosives_store"]
STORES = [("液氯", "7782-50-5"), ("液化石油气", "68476-85-7"), ("汽油", None), ("三硝基甲苯", "118-96-7")]


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    stores=st.lists(
        st.tuples(st.sampled_from(STORES), st.floats(0.5, 500), st.floats(0, 250)), min_size=1, max_size=3
    ),
    levels=st.lists(st.sampled_from(["red", "orange", "yellow", "blue"]), min_size=2, max_size=2, unique=True),
)
def test_worse_declared_level_never_lowers_a_cell(kind, stores, levels):
    units = [unit(f"u{i}", geometry=Point(1000 + x, 1000)) for i, (_, _, x) in enumerate(stores)]
    chemicals = [chemical(f"u{i}", *what, amount_t=amount) for i, (what, amount, _) in enumerate(stores)]
    worse, milder = sorted(levels, key=["red", "orange", "yellow", "blue"].index)
    for policy in (WEIGHTED, MAXIMUM):
        codes = [
            risk_index(rated([declared_as(level, kind)], units, chemicals), GRID, policy).level
            for level in (worse, milder)
        ]
        shown = [np.where(code == 0, 9, code) for code in codes]
        assert (shown[0] <= shown[1]).all()


# Control


def test_overdue_major_danger_makes_the_control_red():
    row = one(enterprises=[enterprise()], dangers=[danger()])
    assert (row.control_level, row.level, row.rule_id) == ("red", "red", "CONTROL-MAJOR-OVERDUE")


@pytest.mark.parametrize("deadline", [ON, date(2027, 1, 1), None])
def test_major_danger_in_time_makes_the_control_orange(deadline):
    assert one(enterprises=[enterprise()], dangers=[danger(deadline=deadline)]).control_level == "orange"


@pytest.mark.parametrize("change", [{"severity": "general"}, {"status": "closed"}])
def test_other_hidden_dangers_give_no_level(change):
    assert one(enterprises=[enterprise()], dangers=[danger(**change)]).level == "unrated"


def test_overdue_danger_does_not_move_a_declared_level_but_is_flagged():
    row = one(enterprises=[enterprise(declared_level="blue", declared_by="局")], dangers=[danger()])
    assert (row.level, row.control_level, row.is_disputed) == ("blue", "red", True)


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


def line(key="p1", **fields):
    return {
        "pipeline_id": key,
        "name": key,
        "kind": "transmission",
        "status": "operating",
        "geometry": LineString([(0, 0), (1000, 0)]),
        **fields,
    }


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
    assert row.level == "unrated" and "medium" in row.missing and pd.isna(row.strength)
    row = one(pipelines=[line(kind="industrial")], screening="taiwan_industry_2026A")
    assert (row.level, row.basis, row.is_assumption, row.strength) == ("yellow", "screening", True, 0.45)


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


def test_all_methods_are_kept_and_one_decides():
    points = rated(
        [enterprise(kind="hazchem_producer", control_score=80, declared_level="orange", declared_by="局")],
        [unit()],
        [chemical()],
        dangers=[danger()],
    )
    reasons = points.loc["enterprises:e1"].reasons
    assert {"declared", "score", "hidden_danger", "inherent", "computed"} <= {
        entry["method"] for entry in reasons
    }
    assert [entry["method"] for entry in reasons if entry["is_deciding"]] == ["declared"]
    assert all(entry["rule_id"] and entry["clause"] for entry in reasons)


def test_level_tables_are_consistent():
    rules = load_level_rules()
    assert {row["level"] for row in rules.score_bands} == {"red", "orange", "yellow", "blue"}


def test_assumption_on_a_unit_marks_the_plant_only_where_the_unit_decides():
    layers = {"units": [unit(n_persons_500m=None)], "chemicals": [chemical(amount_t=50)]}
    alone = rated([enterprise(kind="hazchem_producer")], **layers)
    assert alone.loc["hazard_units:u1"].is_assumption and alone.loc["enterprises:e1"].is_assumption
    declared = rated([enterprise(kind="hazchem_producer", declared_level="red", declared_by="局")], **layers)
    assert not declared.loc["enterprises:e1"].is_assumption


def test_line_placed_worse_than_its_reach_keeps_its_level_and_colours_nothing():
    line = {"pipeline_id": "p1", "name": "示意走向", "kind": "transmission", "medium": "natural_gas", "status": "operating",
            "geometry": LineString([(0, 0), (5000, 0)])}  # fmt: skip
    coarse = one(pipelines=[{**line, "accuracy_m": 2000.0}])
    precise = one(pipelines=[{**line, "accuracy_m": 2.0}])
    assert pd.isna(coarse.radius_m) and pd.isna(coarse.strength) and precise.radius_m == 318.1
    assert coarse.level == precise.level
    assert (coarse.reach_m, coarse.accuracy_m) == (precise.reach_m, 2000) and precise.reach_m == 318.1
    assert any(reason["method"] == "coarse" for reason in coarse.reasons)


def test_overdue_entry_of_the_ledger_raises_the_state_of_control_of_enterprise_and_line():
    def entry(state, **owner):
        return {"ref": "Z2026-0001", "state": state, "enterprise_id": None, "pipeline_id": None} | owner

    def control(state, **owner):
        layers = {"enterprises": placed(enterprise(kind="enterprise")), "pipelines": placed(line()), "follow_ups": pd.DataFrame([entry(state, **owner)])}
        points = rate_sources(layers, on=ON)
        return dict(zip(points["source_layer"], points["control_level"], strict=True)), points

    before, _ = control("open", enterprise_id="e1", pipeline_id="p1")
    after, points = control("overdue", enterprise_id="e1", pipeline_id="p1")
    assert set(before.values()) == {"unrated"} and set(after.values()) == {"orange"}
    told = [reason for reasons in points["reasons"] for reason in reasons if reason["rule_id"] == "CONTROL-FOLLOW-UP-OVERDUE" and reason["method"] == "hidden_danger"]
    assert len(told) == 2 and told[0]["inputs"]["danger_ids"] == ["Z2026-0001"]
