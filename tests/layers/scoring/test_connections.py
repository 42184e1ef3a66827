"""Leaks of pipes, pumps and loading: those that a unit states, else those of its kind, and what flows out of them."""

import pytest

from layers.errors import InputError
from layers.scoring.consequence.properties import chemical_properties
from layers.scoring.release_scenarios import outflow, unit_scenarios
from tests.layers.scoring.risk_cases import CHLORINE, HEXANE, chemical, plant, unit

UNSTATED = {"pipe_length_m": None, "pipe_diameter_mm": None, "n_pumps": None, "loading_hours_per_year": None}


def leaks(source="CPR18E-1999", kind="tank_farm", substance=CHLORINE, **stated):
    given = plant(chemical(substance, 50.0), units=[unit(kind=kind, **{**UNSTATED, **stated})])
    [found], skipped = unit_scenarios(given, leak_source=source)
    assert not skipped
    return {(entry.equipment, entry.leak): entry for entry in found.scenarios if entry.bore_m}


def test_a_tank_farm_that_states_nothing_has_the_connections_of_its_kind_as_assumptions():
    """50 m of pipe at 3e-7 and 2e-6, a canned pump, 200 h of loading by an arm at 3e-8 and 3e-7."""
    found = {key: entry.frequency_per_year for key, entry in leaks().items()}
    assert found == pytest.approx({
        ("pipe_75_150mm", "full_bore"): 1.5e-5, ("pipe_75_150mm", "leak_10_pct"): 1e-4, ("pump_canned", "full_bore"): 1e-5,
        ("pump_canned", "leak_10_pct"): 5e-5, ("loading_arm", "full_bore"): 6e-6, ("loading_arm", "leak_10_pct"): 6e-5,
    })  # fmt: skip
    assert all(entry.is_assumed and entry.rule_id == "QRA-CONNECTIONS" for entry in leaks().values())


def test_what_a_unit_states_counts_and_a_stated_none_is_none():
    found = leaks(pipe_length_m=200.0, pipe_diameter_mm=200.0, n_pumps=0, loading_hours_per_year=0.0)
    assert set(found) == {("pipe_gt_150mm", "full_bore"), ("pipe_gt_150mm", "leak_10_pct")}
    pipe = found["pipe_gt_150mm", "full_bore"]
    assert (pipe.frequency_per_year, pipe.bore_m, pipe.is_assumed) == (pytest.approx(2e-5), 0.2, False)


def test_other_tables_and_other_kinds():
    assert {key[0] for key in leaks("HJ169-2018")} == {"pipe_75_150mm", "pump_canned", "loading_arm"}
    assert leaks(kind="warehouse") == {} and leaks(kind="production") == {}
    assert ("pump_standard", "full_bore") in leaks(substance=HEXANE)


def test_full_bore_flashes_and_ends_when_it_is_shut_off():
    """80 mm, chlorine: 10,900 kg/m2 s (by hand in the models' test) on 50.3 cm2 is about 55 kg/s, for 10 minutes."""
    flow = outflow("full_bore", chemical_properties("7782-50-5"), 500_000.0, 0.08)
    assert flow.rate_kg_s == pytest.approx(55, rel=0.1) and flow.duration_s == 600.0
    assert outflow("full_bore", chemical_properties("7782-50-5"), 1000.0, 0.08).mass_kg == pytest.approx(1000.0)
    small = outflow("leak_10_pct", chemical_properties("7782-50-5"), 500_000.0, 0.08)
    hole = outflow("hole_10_mm", chemical_properties("7782-50-5"), 500_000.0)
    assert small.rate_kg_s == pytest.approx(hole.rate_kg_s * 0.64) and small.duration_s == 1800.0


@pytest.mark.parametrize("field", ["pipe_length_m", "n_pumps", "loading_hours_per_year"])
def test_connections_that_cannot_be_are_refused_with_the_unit(field):
    with pytest.raises(InputError, match="U1"):
        leaks(**{field: -1.0})
