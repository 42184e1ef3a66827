"""Ratings of parks, industries, enterprises and the county, and the list of disagreements."""

from collections import Counter
from datetime import date

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.scoring.aggregation import aggregation_for, group_level, load_aggregation
from layers.scoring.disagreements import disagreements
from layers.scoring.group_ratings import rate_groups, rate_parks
from layers.scoring.park_grades import grade_of_score
from layers.scoring.policy import RATED
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import (
    CRS,
    GRID,
    MAXIMUM,
    WEIGHTED,
    frame,
    source,
)
from tests.layers.scoring.level_cases import ON, chemical, enterprise, rated, unit

REGION, WORST = load_aggregation("region_2026A"), load_aggregation("worst_member_2026A")
COUNTY = ("x", "某县", "County")


def test_each_method_of_zoning_has_its_aggregation():
    assert aggregation_for("weighted_index") == REGION and aggregation_for("grid_maximum") == WORST
    assert aggregation_for("one that comes later") == WORST


@pytest.mark.parametrize(
    ("rule", "counts", "index", "level", "steps"),
    [
        (REGION.county, {"blue": 9}, 12.0, "blue", ("percentile",)),
        (REGION.county, {"red": 1, "blue": 9}, 12.0, "yellow", ("percentile", "floor")),
        (REGION.county, {"blue": 9}, 60.0, "red", ("percentile",)),
        (REGION.park, {"red": 3}, 30.0, "orange", ("percentile", "step")),
        (REGION.park, {"red": 3}, 80.0, "red", ("percentile",)),
        (REGION.park, {"unrated": 4}, 30.0, "unrated", ()),
        (REGION.industry, {"red": 1, "blue": 19}, 0.0, "red", ("share",)),  # 5 % of 20
        (REGION.industry, {"red": 1, "blue": 20}, 0.0, "yellow", ("share", "floor")),
        (WORST.park, {"orange": 4, "blue": 1}, 0.0, "orange", ("maximum",)),
        (WORST.park, {"orange": 5}, 0.0, "red", ("maximum", "step")),
        (WORST.industry, {"yellow": 1, "unrated": 99}, 0.0, "yellow", ("maximum",)),
    ],
)
def test_levels_of_groups_by_hand(rule, counts, index, level, steps):
    found = group_level(rule, counts, index=index)
    assert (found.level, found.steps) == (level, steps)


@given(
    st.sampled_from([REGION.county, REGION.park, REGION.industry, WORST.park]),
    st.dictionaries(st.sampled_from(RATED), st.integers(1, 9), min_size=1),
    st.floats(0, 100),
)
def test_one_more_red_member_never_makes_a_group_milder(rule, counts, index):
    before, after = group_level(rule, counts, index=index), group_level(rule, Counter(counts) + Counter(red=1), index=index)
    assert RATED.index(after.level) <= RATED.index(before.level)


@pytest.mark.parametrize(("score", "grade"), [(0, "A"), (59.9, "A"), (60, "B"), (70, "C"), (84.9, "C"), (85, "D"), (100, "D")])
def test_grades_of_parks_at_the_bounds(score, grade):
    assert grade_of_score(score)["grade"] == grade  # 85 is D: standards/e test vector


PARK = {"park_id": "p1", "name": "园区", "kind": "chemical", "geometry": shapely.box(0, 0, 1000, 1000)}


def parks(*assessments, park=PARK, points=(), policy=WEIGHTED):
    points = frame(*(points or [source((500, 500), level="blue")]))
    surface = risk_index(points, GRID, policy)
    rows = pd.DataFrame([{"park_id": "p1", **row} for row in assessments])
    ground = type(points)([park], geometry="geometry", crs=CRS)
    return rate_parks(ground, rows, points, [surface], on=ON).iloc[0]


def test_assessed_grade_decides_and_differs_from_the_sources():
    row = parks({"assessed_by": "评价机构", "score": 65.0})
    assert (row.level, row.grade, row.basis, row.member_level) == ("orange", "B", "declared", "blue")
    assert row.is_disputed and row.rule_id == "FC-PARK" and "评价机构" in row.reason_zh


def test_park_without_assessment_has_the_level_of_its_sources():
    row = parks(points=[source((500, 500), level="red"), source((600, 500), level="red", name="b"), source((700, 500), level="red", name="c")])
    assert (row.basis, row.grade, row.n_red) == ("computed", None, 3) and row.level in ("red", "orange", "yellow")


@pytest.mark.parametrize("assessed", [{"assessed_on": date(2027, 1, 1)}, {"valid_until_on": date(2026, 9, 29)}])
def test_assessment_of_later_or_expired_does_not_count(assessed):
    assert parks({"assessed_by": "甲", "grade": "A", **assessed}).basis == "computed"


def test_assessors_that_differ_take_the_worse_letter_as_a_dispute():
    row = parks({"assessed_by": "甲", "grade": "D"}, {"assessed_by": "乙", "grade": "C"})
    assert (row.grade, row.level, row.is_disputed) == ("C", "yellow", True)


def test_other_parks_have_no_letter():
    assert parks({"assessed_by": "甲", "grade": "A"}, park=PARK | {"kind": "logistics"}).grade is None


def groups(enterprises, points, policy=WEIGHTED):
    points = frame(*points)
    found = rate_groups(
        pd.DataFrame(enterprises), points, [risk_index(points, GRID, policy)], outline=shapely.box(*GRID.bounds), county=COUNTY
    )
    return found.set_index("rating_id")


def test_industry_counts_enterprises_once_at_their_worst():
    enterprises = [
        {"enterprise_id": "e1", "name": "甲", "industry_code": "C2611", "industry_name": "化工"},
        {"enterprise_id": "e2", "name": "乙", "industry_code": "2614", "industry_name": "化工"},
        {"enterprise_id": "e3", "name": "丙", "industry_code": None, "industry_name": None},
    ]
    points = [
        source((100, 100), level="blue", name="a", owner="e1"),
        source((110, 100), level="red", name="b", owner="e1"),
        source((900, 900), level="yellow", name="c", owner="e2"),
        source((900, 100), level="blue", name="d", owner="e3"),
    ]
    found = groups(enterprises, points)
    industry = found.loc["weighted_index_2026A:industry:26"]
    assert (industry["n_red"], industry["n_yellow"], industry["n_members"], industry["name"]) == (1, 1, 2, "化工")
    assert found.loc["weighted_index_2026A:industry:unknown", "n_blue"] == 1
    assert found.loc["any:enterprise:e1", "level"] == "red" and found.loc["any:enterprise:e1", "n_members"] == 2


def test_county_is_rated_by_each_policy_with_its_counts():
    points = [source((x, x), level="orange", name=f"s{x}") for x in (300, 900, 1500)]
    enterprises = [{"enterprise_id": "e", "name": "e", "industry_code": None, "industry_name": None}]
    row = groups(enterprises, points).loc["weighted_index_2026A:county:x"]
    assert (row["n_orange"], row["name_en"]) == (3, "County") and row["index_p95"] > 0 and "95" in row["reason_zh"]
    row = groups(enterprises, points, MAXIMUM).loc["grid_maximum_2026A:county:x"]
    assert row["level"] == "orange" and pd.isna(row["index_p95"])


# Disagreements


def listed(*args, **options):
    return disagreements(rated(*args, **options)).set_index("disagreement_id")


def declared(office, level):
    return {"enterprise_id": "e1", "office": office, "level": level, "declared_on": None}


def test_offices_that_differ_are_listed_with_who_decided():
    row = listed([enterprise(responsible_office="县应急管理局")], declared=[declared("县应急管理局", "orange"), declared("市场监管局", "blue")]).iloc[0]
    assert (row["kind"], row["one_side"], row["one_level"], row["other_side"], row["other_level"]) == ("offices", "县应急管理局", "orange", "市场监管局", "blue")
    assert (row["n_steps"], row["level"], row["responsible_office"]) == (2, "orange", "县应急管理局")


def test_level_on_file_and_computed_level_that_differ_are_listed():
    found = listed([enterprise(kind="hazchem_producer")], [unit(filed_level=4)], [chemical(name="氯", cas="7782-50-5", amount_t=500.0)])
    assert found.loc["hazard_units:u1:filed_computed", "n_steps"] == 3  # on file level 4, computed level 1
    found = listed([enterprise(kind="hazchem_producer")], [unit(filed_level=3)], [chemical(amount_t=20.0)])  # R = 4: level 4
    assert found.loc["hazard_units:u1:filed_computed", "n_steps"] == 1  # both are orange


def test_agreement_and_generic_kinds_are_not_listed():
    assert listed([enterprise(kind="fuel_station", declared_level="blue", declared_by="局")]).empty
    same = [declared("甲局", "yellow"), declared("乙局", "yellow")]
    assert listed([enterprise()], declared=same).empty


def test_suspected_split_is_listed_once_a_plant():
    found = listed([enterprise()], [unit("u1"), unit("u2")], [chemical("u1", amount_t=6.0), chemical("u2", amount_t=6.0)])
    assert found.index.tolist() == ["enterprises:e1:split"] and np.isnan(found["n_steps"].astype(float)).all()
