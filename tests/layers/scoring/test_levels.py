"""Levels of sources: which method decides, what stays unrated, and that each danger colours once."""

import json
from datetime import date

import pandas as pd
import pytest

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.disagreements import disagreements
from layers.scoring.level_rules import load_level_rules
from layers.scoring.levels import rate_sources
from tests.layers.scoring.level_cases import CRS, ON, chemical, danger, enterprise, line, one, placed, rated, unit


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
    assert "核定等级" in row.missing and "县应急管理局" in row.missing
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
