"""What would change a level: each told figure is tried, and the level does change there and not before."""

import re
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.scoring.counterfactuals import (
    for_place,
    for_source,
    for_town,
    missing_words,
)
from layers.scoring.explain import explain_point
from layers.scoring.levels import rate_sources
from layers.scoring.policy import RATED
from tests.layers.scoring.scoring_cases import (
    GRID,
    MAXIMUM,
    WEIGHTED,
    frame,
    random_sources,
    source,
)
from tests.layers.scoring.level_cases import (
    ON,
    chemical,
    danger,
    enterprise,
    line,
    placed,
    rated,
    unit,
)


def told(row):
    return for_source(row.to_dict())


def of_kind(found, kind):
    return [one for one in found if one.kind == kind]


def graded(amount_t, persons=10):
    return rated([enterprise()], [unit(n_persons_500m=persons)], [chemical(name="氯", cas="7782-50-5", amount_t=amount_t)]).loc["hazard_units:u1"]


@settings(max_examples=25, deadline=None)
@given(st.floats(5.5, 400.0))
def test_amount_at_which_the_level_of_a_unit_falls_is_right(amount_t):
    row = graded(amount_t)
    for one in of_kind(told(row), "amount"):
        bound = float(re.search(r"(少于|达到) ([\d.]+(?:e[+]\d+)?) 吨", one.text_zh).group(2))
        step = 1e-3 * bound  # the text has four digits
        below, above = graded(bound - step), graded(bound + step)
        assert below.major_hazard_level is pd.NA or below.major_hazard_level != above.major_hazard_level


def test_amounts_by_hand():
    # Q 5 t, β 4, α 1 (10 residents): R = 0.8 q; 62.5 t is the bound of level 2, 125 t of level 1, 5 t of S = 1
    texts = [one.text_zh for one in of_kind(told(graded(100.0)), "amount")]
    assert texts[0].startswith("氯 少于 62.5 吨(现 100 吨): 3级") and "少于 5 吨" in texts[1] and "达到 125 吨" in texts[2]


def test_no_amount_is_promised_to_be_enough_while_another_is_unknown():
    chemicals = [chemical(name="氯", cas="7782-50-5", amount_t=100.0), chemical(name="氨", cas="7664-41-7", amount_t=float("nan"))]
    row = rated([enterprise()], [unit(n_persons_500m=10)], chemicals).loc["hazard_units:u1"]
    assert [one.kind for one in told(row)] == ["missing"]


def test_fewer_residents_lower_the_level():
    # 100 residents: α 2, R = 1.6 x 70 = 112, level 1; at most 99: α 1.5, R = 84, level 2
    text = of_kind(told(graded(70.0, persons=120)), "residents")[0].text_zh
    assert "99 人" in text and "R=84" in text and "2级" in text


def test_unit_below_a_major_hazard_says_how_much_makes_it_one():
    assert "氯 达到 5 吨" in of_kind(told(graded(3.0)), "amount")[0].text_zh


def test_hidden_danger_closed_is_tried():
    row = rated([enterprise(kind="hazchem_producer", control_score=80)], dangers=[danger()]).loc["enterprises:e1"]
    one = of_kind(told(row), "hidden_danger")[0]
    assert row.level == "red" and one.level == "yellow" and "h1" in one.text_zh
    assert rated([enterprise(kind="hazchem_producer", control_score=80)], dangers=[danger(status="closed")]).loc["enterprises:e1", "level"] == "yellow"


def test_entry_closed_leaves_the_level_of_a_line_for_it_never_made_it():
    overdue = {"ref": "Z2026-0001", "state": "overdue", "enterprise_id": None, "pipeline_id": "p1"}
    layers = {"pipelines": placed(line(medium="natural_gas", diameter_mm=1016, pressure_mpa=10)), "follow_ups": pd.DataFrame([overdue])}
    row = rate_sources(layers, on=ON).iloc[0]
    assert (row.level, row.control_level) == ("yellow", "orange")
    assert of_kind(told(row), "hidden_danger") == []


def test_deadline_that_will_pass_is_told():
    row = rated([enterprise(kind="hazchem_producer", control_score=80)], dangers=[danger(deadline=date(2026, 12, 1))]).loc["enterprises:e1"]
    one = of_kind(told(row), "deadline")[0]
    assert row.level == "orange" and one.level == "red" and "2026-12-01" in one.text_zh


def test_score_that_would_do_is_the_band_next():
    row = rated([enterprise(kind="hazchem_producer", control_score=58)]).loc["enterprises:e1"]
    one = of_kind(told(row), "score")[0]
    assert one.level == "orange" and "60 分" in one.text_zh


def test_level_held_by_several_judgements_names_them_all():
    row = rated([enterprise(kind="hazchem_producer", control_score=50, declared_level="red", declared_by="县应急管理局", direct_red="未经设计")], dangers=[danger()])
    one = of_kind(told(row.loc["enterprises:e1"]), "all")[0]
    assert all(word in one.text_zh for word in ("未经设计", "县应急管理局", "50分", "隐患"))


def test_unrated_names_field_and_office():
    row = rated([enterprise(responsible_office="县应急管理局")]).loc["enterprises:e1"]
    one = of_kind(told(row), "missing")[0]
    assert "核定等级" in one.text_zh and "县应急管理局" in one.text_zh


def test_words_of_a_gap_are_told_apart_by_language():
    assert missing_words("清单 (list);责任部门: 甲") == ("清单(责任部门: 甲)", "list (office: 甲)")


@pytest.mark.parametrize("seed", range(4))
def test_distance_and_absence_change_a_place_as_told(seed):
    points = random_sources(seed, 12)
    for x, y in ((400, 400), (1025, 975), (1500, 700)):
        found = explain_point(x, y, points, WEIGHTED, grid=GRID, vulnerability=1.0)
        for one in for_place(found, {}):
            if one.kind == "without":
                again = explain_point(x, y, points[points.point_id != one.point_id], WEIGHTED, grid=GRID, vulnerability=1.0)
                assert again.level == one.level != found.level


def test_distance_by_hand():
    # S 0.85, R 300 m, V 1: orange (45) holds while 0.85 (1 - x²)² >= 0.45, that is x <= 0.5216, 156.5 m
    found = explain_point(1125, 1025, frame(source((1025, 1025), level="red")), WEIGHTED, grid=GRID, vulnerability=1.0)
    one = of_kind(for_place(found, {}), "distance")[0]
    assert found.level == "orange" and one.level == "yellow" and "超过 157 米(现 100 米)" in one.text_zh
    beyond = explain_point(1182, 1025, frame(source((1018, 1025), level="red")), WEIGHTED, grid=GRID, vulnerability=1.0)
    assert beyond.level == "yellow"


def test_under_the_grid_maximum_the_worst_has_to_go():
    found = explain_point(1025, 1025, frame(source((1025, 1025), level="red"), source((1100, 1025), name="b", level="yellow")), MAXIMUM, grid=GRID)
    assert [one.level for one in for_place(found, {})] == ["yellow"]


def test_unrated_neighbour_is_told_with_what_it_lacks():
    points = frame(source((1025, 1025)), source((1100, 1025), name="b", level="unrated", strength=0.0))
    points["reach_m"] = [300.0, 200.0]
    found = explain_point(1050, 1025, points, WEIGHTED, grid=GRID)
    one = of_kind(for_place(found, {"b": ("乙厂", "核定等级 (a declared level);责任部门: 局")}), "missing")[0]
    assert "乙厂" in one.text_zh and "责任部门: 局" in one.text_zh and one.point_id == "b"


def test_town_is_told_by_its_cuts_and_counts():
    found = for_town({"level": "orange", "index_p95": 45.0, "n_red": 3, "unrated_pct": 30.0}, cuts=[60, 40, 20, 0], n_for_a_step=3, max_unrated_pct=20)
    texts = " ".join(one.text_zh for one in found)
    assert all(word in texts for word in ("40 以下", "升到 60", "少于 3 个", "20%"))


def test_levels_told_are_levels():
    row = rated([enterprise(kind="hazchem_producer", control_score=58)]).loc["enterprises:e1"]
    assert all(one.level in (None, *RATED, "unrated") for one in told(row))
    assert rate_sources({}, on=ON).empty
