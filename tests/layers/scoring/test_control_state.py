"""State of control: score from its entries, accidents, and jobs that never colour beyond the fence."""

from datetime import date

import pandas as pd
import pytest

from layers.scoring.accident_records import fulfilled
from layers.scoring.enterprise_score import load_score_table
from layers.scoring.levels import rate_sources
from tests.layers.scoring.level_cases import ON, chemical, enterprise, placed, unit


def rated(row, units=(), chemicals=(), **tables):
    layers = {"enterprises": placed(row), "hazard_units": placed(*units), "unit_chemicals": pd.DataFrame(chemicals)}
    layers |= {name: pd.DataFrame([{"enterprise_id": "e1", **one} for one in rows]) for name, rows in tables.items()}
    return rate_sources(layers, on=ON).set_index("point_id").loc["enterprises:e1"]


def whole_list(*entries):
    return [{"item": name, "entry": "", "n": None} for name in load_score_table().caps] + list(entries)


NO_SIS = {"item": "automation_and_safety", "entry": "key_process_without_auto_or_ESD", "n": 1}
UNCERTIFIED = {"item": "qualification", "entry": "each_uncertified_leader_or_manager", "n": 3}
PRODUCER = enterprise(kind="hazchem_producer")


def accident(on, grade="ordinary", deaths=None, key="a1"):
    return {"accident_id": key, "occurred_on": on, "grade": grade, "n_deaths": deaths}


def test_entries_give_the_score_where_nobody_states_one():
    row = rated(PRODUCER, score_items=whole_list(NO_SIS, UNCERTIFIED))  # 100 - 10 - 15 = 75
    assert (row.level, row.control_level, row.basis) == ("yellow", "yellow", "computed") and "75" in row.reason_zh


def test_stated_score_goes_first_and_another_band_is_a_dispute():
    row = rated(PRODUCER | {"control_score": 92}, score_items=whole_list(NO_SIS, UNCERTIFIED))
    assert row.level == "blue" and row.is_disputed


def test_list_with_gaps_shows_danger_but_is_never_blue():
    assert rated(PRODUCER, score_items=[NO_SIS]).level == "unrated"  # at best 90
    row = rated(PRODUCER, score_items=[NO_SIS, UNCERTIFIED])  # at best 75
    assert row.level == "yellow" and "至多" in row.reason_zh and "equipment" in row.missing


def test_list_with_gaps_hides_no_inherent_hazard():
    row = rated(PRODUCER, [unit()], [chemical(name="氯", cas="7782-50-5", amount_t=500.0)], score_items=[NO_SIS, UNCERTIFIED])
    assert row.level == "red"


def test_score_of_a_kind_that_the_method_does_not_cover_gives_no_level():
    assert rated(enterprise(kind="general"), score_items=whole_list(NO_SIS)).level == "unrated"


@pytest.mark.parametrize(
    ("accidents", "level"),
    [
        ([accident(date(2024, 1, 1), "severe")], "red"),
        ([accident(date(2023, 10, 1), "larger"), accident(date(2026, 1, 1), "larger", key="a2")], "red"),
        ([accident(date(2026, 1, 1), deaths=1), accident(date(2026, 2, 1), deaths=2, key="a2")], "red"),
        ([accident(date(2024, 1, 1), "larger")], "orange"),
        ([accident(date(2026, 1, 1), deaths=1)], "yellow"),
        ([accident(date(2026, 1, 1), deaths=0)], "unrated"),
        ([accident(date(2023, 9, 30), "severe")], "unrated"),  # three years ago to the day
        ([accident(date(2026, 10, 1), "severe")], "unrated"),  # after the edition's day
    ],
)
def test_accidents_of_a_producer(accidents, level):
    row = rated(PRODUCER, work_accidents=accidents)
    assert row.level == level and row.control_level == level


def test_direct_red_by_accidents_is_for_producers_and_traders_alone():
    row = rated(enterprise(kind="general"), work_accidents=[accident(date(2024, 1, 1), "severe")])
    assert (row.level, row.basis) == ("orange", "computed")


def test_leap_day_is_counted_to_the_28th():
    assert not fulfilled([accident(date(2025, 2, 28), "larger")], kind="general", on=date(2028, 2, 29))


JOBS = [
    {"job_id": "j1", "name": "动火作业", "method": "lec", "likelihood": 6, "exposure": 10, "consequence": 15},
    {"job_id": "j2", "name": "巡检", "method": "lec", "likelihood": 1, "exposure": 6, "consequence": 7},
    {"job_id": "j3", "name": "登高", "method": "lec", "likelihood": 4, "exposure": 6, "consequence": 7},
]


def test_jobs_are_told_and_never_colour_beyond_the_fence():
    row = rated(enterprise(), job_risks=JOBS)
    assert (row.level, row.inherent_level, row.control_level) == ("unrated", "unrated", "unrated") and not row.strength > 0
    told = next(entry for entry in row.reasons if entry["method"] == "job_lec")
    assert told["result"] == "red" and "动火作业" in told["text_zh"] and told["inputs"]["n_refused"] == 1
    assert not told["is_deciding"]


def test_suspected_split_is_flagged_on_units_and_plant():
    units = [unit("u1"), unit("u2")]
    chemicals = [chemical("u1", amount_t=6.0), chemical("u2", amount_t=6.0)]  # S 0.6 each, 1.2 together
    layers = {"enterprises": placed(enterprise()), "hazard_units": placed(*units), "unit_chemicals": pd.DataFrame(chemicals)}
    points = rate_sources(layers, on=ON).set_index("point_id")
    assert points.is_suspected_split.tolist() == [True] * 3
    assert "S=1.2" in points.loc["hazard_units:u1", "reason_zh"]
