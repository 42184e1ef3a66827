"""GB 18218: worked values, what is unknown, and what no change may do."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.errors import RuleTableError
from layers.scoring.major_hazard import (
    exposure_alpha,
    grade_units,
    load_major_hazard_rules,
    lookup_chemicals,
)
from layers.scoring.rule_tables import RULES_DIR

REFERENCE = Path(__file__).parents[2] / "reference" / "major_hazard_units.csv"


def reference_rows():
    with REFERENCE.open(encoding="utf-8") as file:
        return [pytest.param(row, id=row["case"]) for row in csv.DictReader(file)]


def chemical(unit_id="u", *, name=None, cas=None, category=None, amount_t=1.0):
    return {
        "unit_id": unit_id,
        "chemical_name": name,
        "cas": cas,
        "category_symbol": category,
        "amount_t": amount_t,
    }


def graded(*chemicals, n_persons=10, units=("u",)):
    frame = pd.DataFrame(
        [{"unit_id": unit, "enterprise_id": "e", "n_persons_500m": n_persons} for unit in units]
    )
    columns = ["unit_id", "chemical_name", "cas", "category_symbol", "amount_t"]
    return grade_units(frame, pd.DataFrame(list(chemicals), columns=columns))


@pytest.mark.parametrize("row", reference_rows())
def test_reference_units(row):
    chemicals = []
    for entry in row["chemicals"].split("|"):
        key, rest = entry.split(":", 1)
        value, amount = rest.rsplit(":", 1)
        chemicals.append(chemical(**{key: value}, amount_t=float(amount)))
    unit = graded(*chemicals, n_persons=int(row["n_persons_500m"])).loc["u"]
    assert unit.state == row["state"]
    assert unit.s_value == pytest.approx(float(row["s_value"]), abs=1e-9)
    expected_r = float(row["r_value"]) if row["r_value"] else np.nan
    assert unit.r_value == pytest.approx(expected_r, abs=1e-9, nan_ok=True)
    expected_level = float(row["major_hazard_level"]) if row["major_hazard_level"] else np.nan
    assert unit.major_hazard_level == pytest.approx(expected_level, nan_ok=True)
    assert not unit.is_assumption


def test_all_chemicals_and_categories_are_there():
    rules = load_major_hazard_rules()
    assert sorted(map(int, rules.chemicals.no)) == list(range(1, 86))
    assert len(rules.categories) == 24


def test_critical_quantities_of_table_1_are_those_that_were_read():
    with REFERENCE.with_name("critical_quantities.csv").open(encoding="utf-8") as file:
        read = {int(row["no"]): (row["cas"], float(row["critical_t"])) for row in csv.DictReader(file)}
    table = load_major_hazard_rules().chemicals
    used = {int(row.no): (row.cas, row.critical_t) for row in table.itertuples()}
    assert len(read) == 85 and used == read


def test_missing_amount_makes_the_unit_unrated_and_says_so():
    unit = graded(chemical(cas="7782-50-5", amount_t=4.9), chemical(name="氨", amount_t=np.nan)).loc["u"]
    assert unit.state == "unrated" and np.isnan(unit.s_value) and unit.s_known == 0.98
    assert "最大储量" in unit.missing_zh and not unit.is_lower_bound


@pytest.mark.parametrize("unknown", [{"name": "氨", "amount_t": np.nan}, {"name": "某新物质", "amount_t": 5}])
def test_known_amounts_that_make_a_major_hazard_alone_give_at_least_their_level(unknown):
    unit = graded(chemical(cas="7782-50-5", amount_t=100), chemical(**unknown)).loc["u"]
    # S = 100/5 = 20, R = 1 x 4 x 20 = 80: level 2; whatever is missing only adds to both
    assert (unit.state, unit.s_value, unit.r_value, unit.major_hazard_level) == ("major", 20, 80, 2)
    assert unit.is_lower_bound and unit.is_assumption and "下限" in unit.assumption_zh and unit.missing_zh


@pytest.mark.parametrize("bad", [-5.0, np.inf, -np.inf, np.nan])
def test_amount_that_is_none_is_missing_and_lowers_nothing(bad):
    unit = graded(chemical(cas="7782-50-5", amount_t=4.9), chemical(name="氨", amount_t=bad)).loc["u"]
    assert unit.state == "unrated" and unit.s_known == 0.98 and "最大储量" in unit.missing_zh
    unit = graded(chemical(cas="7782-50-5", amount_t=100.0), chemical(name="氨", amount_t=bad)).loc["u"]
    assert unit.major_hazard_level == 2 and unit.is_lower_bound


def test_unit_without_chemicals_is_unrated():
    unit = graded().loc["u"]
    assert unit.state == "unrated" and "清单" in unit.missing_zh


def test_unlisted_chemical_without_category_is_unrated():
    unit = graded(chemical(name="某新物质", amount_t=500)).loc["u"]
    assert unit.state == "unrated" and "类别符号" in unit.missing_zh


def test_unknown_residents_with_one_level_for_both_bounds_are_certain():
    unit = graded(chemical(cas="7664-41-7", amount_t=20), n_persons=None).loc["u"]
    assert (unit.r_low_value, unit.r_value) == (2, 8)
    assert unit.major_hazard_level == 4 and not unit.is_assumption


def test_unknown_residents_with_two_levels_take_the_worse_as_an_assumption():
    unit = graded(chemical(cas="7664-41-7", amount_t=50), n_persons=None).loc["u"]
    assert (unit.r_low_value, unit.r_value) == (5, 20)
    assert unit.major_hazard_level == 3 and unit.is_assumption and "500" in unit.assumption_zh


@pytest.mark.parametrize(
    ("persons", "alpha"),
    [(0, 0.5), (1, 1.0), (29, 1.0), (30, 1.2), (49, 1.2), (50, 1.5), (99, 1.5), (100, 2.0)],
)
def test_alpha_at_the_edges_of_its_bands(persons, alpha):
    low, high = exposure_alpha(pd.Series([persons]))
    assert low[0] == high[0] == alpha


def found(**given_chemical):
    return lookup_chemicals(pd.DataFrame([chemical(**given_chemical)])).iloc[0]


def test_shared_cas_without_a_telling_name_takes_the_smallest_quantity_flagged():
    row = found(name="硝酸铵", cas="6484-52-2")
    assert row.critical_t == 5 and row.is_ambiguous


def test_shared_cas_is_told_apart_by_name():
    row = found(name="硝酸铵肥料", cas="6484-52-2")
    assert row.critical_t == 200 and not row.is_ambiguous


@pytest.mark.parametrize(
    ("name", "cas"), [("盐酸", "7647-01-0"), ("氨水", "7664-41-7"), ("甲醛溶液(37%)", "50-00-0")]
)
def test_solution_is_not_the_listed_gas(name, cas):
    assert found(name=name, cas=cas).match == "none"


def test_name_and_number_that_contradict_are_flagged():
    row = found(name="液氯", cas="71-43-2")
    assert row.is_ambiguous and row.critical_t == 5


def test_widest_form_that_is_a_major_hazard_by_itself_decides_the_reach():
    unit = graded(chemical(name="液氯", amount_t=50), chemical(name="汽油", amount_t=100_000)).loc["u"]
    assert unit["form"] == "toxic_gas"


def test_a_trace_of_toxic_gas_does_not_decide_the_reach():
    unit = graded(chemical(name="液氯", amount_t=0.5), chemical(name="汽油", amount_t=400)).loc["u"]
    assert unit["form"] == "liquid"


def test_split_plant_is_suspected():
    rows = [chemical(unit, cas="7664-41-7", amount_t=6) for unit in ("a", "b")]
    assert graded(*rows, units=("a", "b")).is_suspected_split.all()
    assert not graded(*rows[:1], units=("a", "b")).is_suspected_split.any()


amounts_t = st.floats(min_value=0.001, max_value=10_000)


@settings(max_examples=10, deadline=None)
@given(amount_t=amounts_t, more_t=amounts_t, persons=st.integers(0, 200))
def test_more_amount_never_lowers_the_level(amount_t, more_t, persons):
    less = graded(chemical(cas="7664-41-7", amount_t=amount_t), n_persons=persons).loc["u"]
    more = graded(chemical(cas="7664-41-7", amount_t=amount_t + more_t), n_persons=persons).loc["u"]
    assert np.nan_to_num(more.major_hazard_level, nan=9) <= np.nan_to_num(less.major_hazard_level, nan=9)


@settings(max_examples=10, deadline=None)
@given(amount_t=amounts_t, other_t=amounts_t)
def test_amount_not_told_never_gives_a_worse_level_than_the_amount(amount_t, other_t):
    told = graded(chemical(cas="7664-41-7", amount_t=amount_t), chemical(name="液氯", amount_t=other_t)).loc["u"]
    hidden = graded(chemical(cas="7664-41-7", amount_t=amount_t), chemical(name="液氯", amount_t=np.nan)).loc["u"]
    assert np.nan_to_num(told.major_hazard_level, nan=9) <= np.nan_to_num(hidden.major_hazard_level, nan=9)
    assert hidden.state == ("major" if hidden.s_known >= 1 else "unrated")


@settings(max_examples=10, deadline=None)
@given(amount_t=amounts_t, share=st.floats(0.01, 0.99))
def test_splitting_a_unit_never_raises_r_above_the_whole(amount_t, share):
    whole = graded(chemical("a", cas="7782-50-5", amount_t=amount_t), units=("a",)).r_value.fillna(0)
    parts = graded(
        chemical("a", cas="7782-50-5", amount_t=amount_t * share),
        chemical("b", cas="7782-50-5", amount_t=amount_t * (1 - share)),
        units=("a", "b"),
    ).r_value.fillna(0)
    assert parts.max() <= whole.max() + 1e-9


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("exposure_alpha.csv", "30,49,1.2", "31,49,1.2"),
        ("major_hazard_levels.csv", "level 2,50,100", "level 2,50,90"),
        ("critical_quantities.csv", "7664-41-7,10,2", "7664-41-7,-10,2"),
        ("critical_quantities.csv", "MH-Q-01,GB18218-2018", "MH-Q-01,GB18218-2009"),
        ("category_quantities.csv", "categories 1 and 2,10,1.5", "categories 1 and 2,10,2"),
    ],
)
def test_table_that_contradicts_itself_is_refused(tmp_path, table, old, new):
    for name in ("critical_quantities", "category_quantities", "major_hazard_levels", "exposure_alpha"):
        shutil.copy(RULES_DIR / f"{name}.csv", tmp_path)
    text = (tmp_path / table).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / table).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleTableError, match="csv: "):
        load_major_hazard_rules(tmp_path)
