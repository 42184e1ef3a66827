"""Properties of chemicals from the library against handbook values, and what is refused."""

import pytest

from layers.errors import InputError
from layers.scoring.consequence.properties import chemical_properties, substance_of


@pytest.mark.parametrize(
    ("cas", "state", "bar_20c", "density", "boiling_k", "net_mj_kg"),
    [
        ("7782-50-5", "liquefied", 6.8, 1410, 239.1, 0),  # handbook values at 20 °C
        ("7664-41-7", "liquefied", 8.6, 610, 239.8, 18.6),
        ("74-98-6", "liquefied", 8.4, 500, 231.0, 46.35),
        ("110-54-3", "liquid", 0.163, 659, 341.9, 45.1),
        ("108-88-3", "liquid", 0.029, 867, 383.8, 40.6),
        ("74-82-8", "gas", None, 422, 111.7, 50.0),
    ],
)
def test_handbook_values(cas, state, bar_20c, density, boiling_k, net_mj_kg):
    found = chemical_properties(cas)
    assert found.state == state
    assert found.liquid_density_kg_m3 == pytest.approx(density, rel=0.01)
    assert found.boiling_point_k == pytest.approx(boiling_k, abs=0.3)
    assert found.heat_of_combustion_j_kg == pytest.approx(net_mj_kg * 1e6, rel=0.015)
    if bar_20c:
        assert found.vapour_pressure_pa == pytest.approx(bar_20c * 1e5, rel=0.06)


@pytest.mark.parametrize("cas", ["", "7782-50-6", "1-2-3", "chlorine", "999999-99-4", None, 7])
def test_what_is_no_substance_is_refused(cas):
    with pytest.raises(InputError, match="cas"):
        chemical_properties(cas)


def test_mixtures_take_the_substance_that_stands_for_them():
    assert substance_of("68476-85-7", "液化石油气") == "74-98-6"
    assert substance_of(None, "汽油(国VI)") == "110-54-3"
    assert substance_of("7782-50-5", "氯") == "7782-50-5"
    with pytest.raises(InputError, match="涂料稀释剂"):
        substance_of(None, "涂料稀释剂")
