"""Societal risk before and after a change: the sums of scoring, which side a unit stands on, and when the criterion is crossed."""

from datetime import date

import pandas as pd
import pytest

from layers.scoring.people import with_staff
from layers.scoring.societal_risk import societal_risk
from layers.scoring.what_if_societal import Residents, societal_change
from tests.layers.scoring.frames import layer, point
from tests.layers.scoring.risk_cases import CHLORINE, HEXANE, chemical, plant, unit
from tests.layers.scoring.test_societal_risk import people

ON = date(2026, 9, 30)


def frames(*chemicals, units=()):
    return {**plant(*chemicals, units=units), "weather": pd.DataFrame(), "enterprises": layer(
        {"enterprise_id": "E1", "kind": "hazchem_producer", "status": "operating", "n_persons": 40, "geometry": point(0, 0)},
        {"enterprise_id": "E2", "kind": "hazchem_producer", "status": "operating", "n_persons": 60, "geometry": point(200, 0)},
    )}  # fmt: skip


def changed(before, after, touched=("E1",), residents=None):
    who = residents or Residents(people(20.0), True)
    return societal_change(before, after, frozenset(touched), residents=who, on=ON, terrain="rural")


def test_each_side_is_what_scoring_sums_with_residents_and_the_neighbours_staff():
    before, after = frames(chemical(CHLORINE, 20.0)), frames(chemical(CHLORINE, 60.0))
    [row] = changed(before, after).rows
    for side, layers in (("before", before), ("after", after)):
        whole = societal_risk(layers, people=with_staff(people(20.0), layers["enterprises"]), on=ON).enterprises.iloc[0]
        assert row[side]["pll_per_year"] == whole.pll_per_year and row[side]["curve"] == whole.curve and row[side]["band"] == whole.band
    assert row["after"]["pll_per_year"] > row["before"]["pll_per_year"]


def test_a_plant_that_comes_or_goes_has_one_side():
    none, some = frames(chemical(CHLORINE, 20.0), units=[unit(status="closed")]), frames(chemical(CHLORINE, 20.0))
    [comes], [goes] = changed(none, some).rows, changed(some, none).rows
    assert comes["before"] is None and comes["after"]["n_units"] == 1 and comes["is_crossed"]
    assert goes["after"] is None and not goes["is_above"]


@pytest.mark.parametrize(("persons", "is_above"), [(20.0, False), (4000.0, True)])
def test_the_criterion_is_crossed_where_the_band_changes(persons, is_above):
    residents = Residents(people(persons), True)
    [row] = changed(frames(chemical(CHLORINE, 5.0)), frames(chemical(CHLORINE, 400.0)), residents=residents).rows
    assert row["is_above"] == is_above == (row["after"]["band"] == "unacceptable")
    assert row["is_crossed"] == (row["before"]["band"] != row["after"]["band"])


def test_without_any_figure_for_residents_nothing_is_acceptable():
    nobody = Residents(people(0.0), False)
    [row] = changed(frames(chemical(CHLORINE, 20.0)), frames(chemical(CHLORINE, 21.0)), residents=nobody).rows
    assert row["before"]["band"] == row["after"]["band"] == "unrated"


def test_only_the_touched_enterprises_are_summed_and_what_distances_judge_is_named():
    units = [unit(), unit("U2", 300.0, 0.0, enterprise_id="E2")]
    before = frames(chemical(CHLORINE, 20.0), chemical(CHLORINE, 20.0, "U2"), units=units)
    after = frames(chemical(HEXANE, 1.0), chemical(CHLORINE, 20.0, "U2"), units=units)
    found = changed(before, after)
    assert [row["enterprise_id"] for row in found.rows] == ["E1"] and found.rows[0]["after"] is None
    assert [entry.unit_id for entry in found.not_judged] == ["U1"] and found.not_judged[0].reason_zh
