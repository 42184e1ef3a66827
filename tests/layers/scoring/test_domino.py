"""Domino pairs: reach by hand, what escalates and what is too short, certain or possible."""

import shutil

import numpy as np
import pytest

from layers.errors import RuleTableError
from layers.scoring import domino
from layers.scoring.consequence.explosions import explosive_distance_m
from layers.scoring.consequence.properties import chemical_properties, substance_of
from layers.scoring.footprints import exploding_kg
from layers.scoring.frequencies import default_weather
from layers.scoring.rule_tables import RULES_DIR
from tests.layers.scoring.frames import layer, point
from tests.layers.scoring.risk_cases import AMMONIA, CHLORINE, HEXANE, HYDROGEN, NO_CONNECTIONS, PROPANE, chemical, plant

EXPLOSIVE = ("工业炸药", None)


def units(*places, accuracy_m=0.0):
    return layer(
        *({"unit_id": f"U{n}", "geometry": point(x, 0.0)} for n, x in enumerate(places, start=1)),
        enterprise_id="E1", name="unit", kind="tank_farm", status="operating", n_persons_500m=0, accuracy_m=accuracy_m, **NO_CONNECTIONS,
    )  # fmt: skip


def pairs(placed, *chemicals):
    layers = plant(*chemicals) | {"hazard_units": placed}
    return domino.domino_pairs(layers).set_index("pair_id", drop=False)


def test_explosives_reach_as_far_as_the_formula_says():
    """8 t of TNT: 16 kPa at 20 Q^(1/3) times 10.5 = the root of the formula, by the inverse that its own test checks."""
    reach_m = explosive_distance_m(16_000.0, 8000.0)
    found = pairs(units(0.0, reach_m - 1, reach_m + 1), chemical(EXPLOSIVE, 8.0, "U1", category_symbol="W1.1"),
                  chemical(CHLORINE, 5.0, "U2"), chemical(CHLORINE, 5.0, "U3"))  # fmt: skip
    assert list(found.index) == ["U1>U2:overpressure"]
    row = found.iloc[0]
    assert (row.threshold, row.threshold_unit, row.certainty) == (16.0, "kPa", "certain")
    assert row.reach_m == pytest.approx(reach_m) and row.distance_m == pytest.approx(reach_m - 1)


def test_the_threshold_follows_the_equipment_that_is_hit():
    found = pairs(units(0.0, 60.0, 70.0), chemical(HEXANE, 900.0, "U1"), chemical(HEXANE, 1.0, "U2"), chemical(PROPANE, 1.0, "U3"))
    heat = found[(found.source_unit_id == "U1") & (found.effect == "heat")].set_index("target_unit_id")
    assert heat.loc["U2", "threshold"] == 15.0 and heat.loc["U2", "target_equipment"] == "atmospheric"
    assert "U3" not in heat.index or heat.loc["U3", "threshold"] == 45.0


def test_more_of_a_substance_reaches_no_less_and_a_poison_alone_nothing():
    small, large = (pairs(units(0.0, 90.0), chemical(PROPANE, t, "U1"), chemical(AMMONIA, 9.0, "U2")) for t in (20.0, 400.0))
    assert set(small.index) <= set(large.index) and large.reach_m.max() > 0
    assert not (large.source_unit_id == "U2").any()


def test_errors_of_positions_make_a_pair_possible():
    reach_m = explosive_distance_m(16_000.0, 8000.0)
    given = (chemical(EXPLOSIVE, 8.0, "U1", category_symbol="W1.1"), chemical(HYDROGEN, 0.01, "U2"))
    assert pairs(units(0.0, reach_m + 5, accuracy_m=10.0), *given).certainty.tolist() == ["possible"]
    assert pairs(units(0.0, reach_m + 5, accuracy_m=1.0), *given).empty


def test_a_unit_with_tanks_and_pressure_vessels_is_judged_as_both():
    """Its tanks fail at 15 kW/m2 and its vessels at 16 kPa: each effect takes what is hit from farther away."""
    given = (chemical(HEXANE, 900.0, "U1"), chemical(HEXANE, 1.0, "U2"), chemical(PROPANE, 1.0, "U2"))
    alone = pairs(units(0.0, 60.0), *given[:2]).set_index("effect")
    both = pairs(units(0.0, 60.0), *given).query("source_unit_id == 'U1'").set_index("effect")
    assert both.loc["heat", "target_equipment"] == "atmospheric" and both.loc["heat", "reach_m"] == alone.loc["heat", "reach_m"]
    blast = pairs(units(0.0, 60.0), chemical(EXPLOSIVE, 8.0, "U1", category_symbol="W1.1"), *given[1:]).loc["U1>U2:overpressure"]
    assert (blast.target_equipment, blast.threshold) == ("pressurised", 16.0)


def test_a_position_without_a_stated_error_keeps_its_pair_as_possible():
    found = pairs(units(0.0, 60.0, accuracy_m=np.nan), chemical(EXPLOSIVE, 8.0, "U1", category_symbol="W1.1"), chemical(PROPANE, 1.0, "U2"))
    assert "U1>U2:overpressure" in found.index and set(found.certainty) == {"possible"} and found.error_m.isna().all()


def test_removed_and_unplaced_units_and_a_unit_itself_are_no_pairs():
    placed = units(0.0, 10.0, 20.0)
    placed.loc[1, "status"] = "closed"
    placed.loc[2, "geometry"] = None
    assert pairs(placed, *(chemical(PROPANE, 100.0, name) for name in ("U1", "U2", "U3"))).empty
    assert domino.domino_pairs({}).empty


@pytest.mark.parametrize("substance", [PROPANE, HEXANE, HYDROGEN])
@pytest.mark.parametrize("leak", ["all_in_10_min", "hole_10_mm", "full_bore", "leak_10_pct"])
def test_no_leak_fills_a_larger_cloud_than_the_loss_of_all_at_once(substance, leak):
    chemical = chemical_properties(substance_of(substance[1], substance[0]))
    for weather in default_weather():
        clouds = [exploding_kg(name, chemical, 20_000.0, weather, "rural", 0.08) for name in ("instantaneous", leak)]
        assert clouds[1] <= clouds[0]


def test_a_table_without_one_of_the_thresholds_is_not_used(tmp_path):
    name = "escalation_thresholds.csv"
    shutil.copy(RULES_DIR / name, tmp_path / name)
    text = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(text.replace("16,kPa,true", "16,kPa,false"), encoding="utf-8")
    with pytest.raises(RuleTableError, match="each effect"):
        domino.load_thresholds(tmp_path)
