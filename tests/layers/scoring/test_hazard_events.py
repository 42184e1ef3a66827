"""Scenarios of a unit: frequencies that add up, distances that the individual risk bears out, clauses, blasts of explosives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from layers.scoring.footprint_grid import N_HALF, RADII_M
from layers.scoring.frequencies import WeatherClass, default_weather, default_wind_rose
from layers.scoring.hazard_events import EVENT_FIELDS, event_rows, explosive_events, reach_m, unit_events
from layers.scoring.individual_risk import risk_table
from layers.scoring.release_scenarios import Scenario

CHLORINE, LPG = "7782-50-5", "74-98-6"
WEATHER = (WeatherClass("D5", "D", 5.0, 0.6), WeatherClass("F1.5", "F", 1.5, 0.4))


def leak(cas: str, name: str = "instantaneous", *, t: float = 10.0, equipment: str = "pressure_vessel", bore_m: float = 0.0) -> Scenario:
    return Scenario("U", "物质", cas, equipment, name, 2e-6, t * 1000, "", bore_m)


def test_ends_of_a_leak_add_up_to_its_frequency() -> None:
    for scenario in (leak(CHLORINE), leak(LPG), leak(LPG, "full_bore", equipment="pump_standard", bore_m=0.08)):
        events = unit_events([scenario], WEATHER, "rural")
        total = sum(event.event_frequency_per_year or 0.0 for event in events)
        assert 0 < total <= 2e-6 * (1 + 1e-12)
        assert all(event.event_frequency_per_year == 2e-6 * event.probability for event in events)  # type: ignore[operator]
    assert sum(event.probability or 0.0 for event in unit_events([leak(CHLORINE)], WEATHER, "rural")) == 1


def test_event_frequency_and_distance_lead_to_their_clauses() -> None:
    events = {event.event: event for event in unit_events([leak(LPG)], WEATHER, "rural")}
    assert set(events) == {"fireball", "flash_fire", "explosion"}
    # 10 t of a gas of high reactivity at once: 0.5 burn at once up to 10 t (CPR 18E table 4.5), of the rest 0.9 late, 0.6 of it as flash
    assert events["fireball"].probability == 0.5 and events["flash_fire"].probability == pytest.approx(0.5 * 0.9 * 0.6)
    assert "火球" in events["fireball"].clause and "10.4.2" in events["explosion"].clause
    assert all(event.leak_clause == "CPR 18E 第3章" and "表4.5" in str(event.probability_clause) for event in events.values())
    pump = unit_events([leak(LPG, "leak_10_pct", equipment="pump_standard", bore_m=0.08)], WEATHER, "rural")[0]
    arm = unit_events([leak(LPG, "full_bore", equipment="loading_arm", bore_m=0.08)], WEATHER, "rural")[0]
    assert arm.leak_rule_id == "LEAK-CPR-LOADING-ARM", "HJ 169 has a loading arm too"
    assert pump.leak_rule_id == "LEAK-CPR-PUMP-STANDARD" and pump.hole_mm == pytest.approx(8)


@pytest.mark.parametrize("name", ["instantaneous", "all_in_10_min", "hole_10_mm"])
def test_individual_risk_beyond_the_distance_is_below_one_in_a_hundred_leaks(name: str) -> None:
    scenario = leak(CHLORINE, name)
    (event,) = unit_events([scenario], WEATHER, "rural")
    table = risk_table([scenario], WEATHER, default_wind_rose(), "rural")
    assert event.distance_m and event.distance_m > (event.half_death_m or 0) > 0
    assert (table[event.distance_m < RADII_M] < 0.01 * 2e-6).all()
    assert (table[event.half_death_m / 2 > RADII_M] > 0).any()  # type: ignore[operator]


def test_worst_weather_is_told_where_weather_matters() -> None:
    (cloud,) = unit_events([leak(CHLORINE, "hole_10_mm")], WEATHER, "rural")
    assert (cloud.weather, cloud.usual_weather) == ("F 1.5 m/s", "D 5 m/s") and cloud.usual_distance_m < cloud.distance_m  # type: ignore[operator]
    ball = unit_events([leak(LPG)], default_weather(), "rural")[0]
    assert ball.event == "fireball" and ball.weather is None and ball.usual_distance_m == ball.distance_m


def test_reach_is_linear_between_radii_and_zero_where_nobody_dies() -> None:
    death = np.zeros((len(RADII_M), N_HALF))
    assert reach_m(death, 0.01) == 0
    death[:3, 4] = 1.0
    assert reach_m(death, 0.01) == pytest.approx(29.9) and reach_m(death, 0.5) == pytest.approx(25)
    death[:, 0] = 1.0
    assert reach_m(death, 0.01) == RADII_M[-1]


def test_explosives_have_the_distances_of_each_limit() -> None:
    rows = pd.DataFrame({"unit_id": ["U", "U", "V", "W"], "chemical_name": ["梯恩梯", "梯恩梯", "梯恩梯", "氯"], "cas": [None] * 4,
                         "category_symbol": ["W1.1"] * 3 + [None], "amount_t": [0.4, 0.6, None, 5.0]})  # fmt: skip
    found = explosive_events({"unit_chemicals": rows})
    assert set(found) == {"U", "V"}
    # by hand: Z = 58.86 m/kg^(1/3) gives 14/Z3 + 4.3/Z2 + 1.1/Z = 0.020 (1e5 Pa), times 10 for a tonne
    assert [event.threshold_pa for event in found["U"]] == [2000, 5000, 9000]
    assert found["U"][0].distance_m == pytest.approx(588.6, abs=0.1)
    assert [round(float(event.distance_m or 0)) for event in found["U"]] == sorted({round(float(event.distance_m or 0)) for event in found["U"]}, reverse=True)
    assert all("GB/T 37243-2019 表1" in event.clause and event.event_frequency_per_year is None for event in found["U"])
    # nothing bounds V but the largest store of any kind: 58.86 m times the cube root of 200,000 kg
    assert len(found["V"]) == 1 and "缺失" in found["V"][0].criterion_zh and "not verified" in found["V"][0].criterion_en
    assert found["V"][0].vessel_t is None and found["V"][0].distance_m == pytest.approx(3442, abs=1)


def test_rows_are_of_their_unit_and_say_what_only_tells() -> None:
    events = unit_events([leak(CHLORINE)], WEATHER, "rural")
    table = event_rows({"B": events, "A": events}, reference=frozenset({"B"}))
    assert list(table.unit_id) == ["A", "B"] and list(table.is_reference) == [False, True]
    assert table.scenario_id.is_unique and set(EVENT_FIELDS) <= set(table.columns)
