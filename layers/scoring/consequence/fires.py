"""Heat from pool fires, jet fires and fireballs, in W/m2 at a distance from the source."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.scoring.consequence.inputs import (
    GRAVITY_M_S2,
    Floats,
    assumed,
    coefficient,
    not_negative,
    positive,
    share,
)
from layers.scoring.rule_tables import RULES_DIR, read_rules, require


@lru_cache(maxsize=2)
def load_heat_thresholds(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`heat_flux_thresholds.csv`: what a heat flux (kW/m2) does, the worst first."""
    path = folder / "heat_flux_thresholds.csv"
    table = read_rules(path, texts=("effect_zh", "effect_en"), numbers=("heat_flux_kw_m2",))
    require(bool((np.diff(table.heat_flux_kw_m2) < 0).all()), path, "thresholds must fall")
    require(bool((table.heat_flux_kw_m2 > 0).all()), path, "a threshold must be above zero")
    return table


def heat_effect(heat_w_m2: float) -> str | None:
    """What a heat flux does, in Chinese; a threshold belongs to its effect. None below the mildest.

    >>> heat_effect(12_500), heat_effect(1_000)
    ('木材有明火引燃,塑料熔化;多米诺筛查', None)
    """
    flux_kw_m2 = float(not_negative("heat_w_m2", heat_w_m2)) / 1000
    table = load_heat_thresholds()
    met = table.effect_zh[table.heat_flux_kw_m2 <= flux_kw_m2]
    return None if met.empty else str(met.iloc[0])


def burning_rate_kg_m2_s(
    *,
    heat_of_combustion_j_kg: float,
    heat_of_vaporisation_j_kg: float,
    heat_capacity_j_kg_k: float,
    boiling_k: float,
    ambient_k: float,
) -> float:
    """Burning rate of a large pool: ``0.001 Hc/(cp (Tb - Ta) + Hv)``; below ambient boiling point ``0.001 Hc/Hv``."""
    heat = float(positive("heat_of_combustion_j_kg", heat_of_combustion_j_kg))
    rise_k = max(0.0, float(positive("boiling_k", boiling_k)) - float(positive("ambient_k", ambient_k)))
    cp = float(positive("heat_capacity_j_kg_k", heat_capacity_j_kg_k))
    return (
        coefficient("burning_rate") * heat / (cp * rise_k + float(positive("heat_of_vaporisation_j_kg", heat_of_vaporisation_j_kg)))
    )


def pool_flame_height_m(diameter_m: float, burning_kg_m2_s: float) -> float:
    """Thomas: ``42 D (m/(rho_air sqrt(g D)))^0.61``."""
    diameter = float(positive("diameter_m", diameter_m))
    rate = float(positive("burning_kg_m2_s", burning_kg_m2_s))
    scaled = rate / (assumed("air_density") * np.sqrt(GRAVITY_M_S2 * diameter))
    return float(coefficient("pool_flame_factor") * diameter * scaled ** coefficient("pool_flame_exponent"))


def cylinder_view_factor(x_m: npt.ArrayLike, *, radius_m: float, height_m: float) -> Floats:
    """Largest view factor of an upright cylinder from a point at the ground, x from its axis (CPR 14E annex 6.A).

    ``sqrt(Fv² + Fh²)`` of the upright and the level receiver; 1 at and inside the cylinder's wall.
    """
    radius, height = float(positive("radius_m", radius_m)), float(positive("height_m", height_m))
    scaled = positive("x_m", np.maximum(np.asarray(x_m, np.float64), 1e-9)) / radius
    x = np.maximum(scaled, 1 + 1e-9)
    length = height / radius
    a, b = (1 + x) ** 2 + length**2, (1 - x) ** 2 + length**2
    angle = np.arctan(np.sqrt(a * (x - 1) / (b * (x + 1))))
    side = np.arctan(length / np.sqrt(x**2 - 1)) / (np.pi * x)
    upright = side + length / np.pi * (
        (a - 2 * x) / (x * np.sqrt(a * b)) * angle - np.arctan(np.sqrt((x - 1) / (x + 1))) / x
    )
    level = (np.arctan(np.sqrt((x + 1) / (x - 1))) - (x**2 - 1 + length**2) / np.sqrt(a * b) * angle) / np.pi
    return np.where(scaled <= 1, 1.0, np.minimum(1.0, np.hypot(upright, level)))


def pool_fire_w_m2(
    x_m: npt.ArrayLike, *, diameter_m: float, burning_kg_m2_s: float, heat_of_combustion_j_kg: float
) -> Floats:
    """Solid flame: an upright cylinder that gives off a share of the heat, x from the pool's centre.

    Power of its surface ``f m Hc/(1 + 4 H/D)`` times the view factor; air does not damp it; the flame stands upright.
    """
    height = pool_flame_height_m(diameter_m, burning_kg_m2_s)
    heat = float(positive("heat_of_combustion_j_kg", heat_of_combustion_j_kg))
    surface = assumed("radiated_fraction_pool") * burning_kg_m2_s * heat / (1 + coefficient("pool_flame_side") * height / diameter_m)
    return surface * cylinder_view_factor(x_m, radius_m=diameter_m / 2, height_m=height)


def point_source_w_m2(
    x_m: npt.ArrayLike, *, power_w: float, radiated: float, is_damped: bool = True
) -> Floats:
    """``f P t/(4 pi x²)`` with the damping of air ``t = 1 - 0.0565 ln x`` within 0 to 1, AQ/T 3046-2013 (E.58), (E.59)."""
    x = positive("x_m", x_m)
    damping = np.clip(1 - coefficient("air_damping") * np.log(x), 0.0, 1.0) if is_damped else 1.0
    return np.asarray(
        share("radiated", radiated) * positive("power_w", power_w) * damping / (4 * np.pi * x**2)
    )


def jet_flame_length_m(rate_kg_s: float, heat_of_combustion_j_kg: float) -> float:
    """``(Hc m)^0.444/161.66``, AQ/T 3046-2013 (E.57).

    >>> round(jet_flame_length_m(10, 50e6), 3)
    45.055
    """
    power = positive("heat_of_combustion_j_kg", heat_of_combustion_j_kg) * positive("rate_kg_s", rate_kg_s)
    return float(power ** coefficient("jet_length_exponent") / coefficient("jet_length_divisor"))


def jet_fire_w_m2(x_m: npt.ArrayLike, *, rate_kg_s: float, heat_of_combustion_j_kg: float) -> Floats:
    """Heat of a jet fire at a distance from its point source."""
    power = float(positive("rate_kg_s", rate_kg_s)) * heat_of_combustion_j_kg
    return point_source_w_m2(x_m, power_w=power, radiated=assumed("radiated_fraction_jet"))


def fireball_diameter_m(mass_kg: float) -> float:
    """``5.8 M^(1/3)`` (CCPS)."""
    return float(coefficient("fireball_diameter") * np.cbrt(positive("mass_kg", mass_kg)))


def fireball_duration_s(mass_kg: float) -> float:
    """``0.45 M^(1/3)`` below 30 t, ``2.6 M^(1/6)`` from there (CCPS); the two forms differ by 4 % at 30 t."""
    mass = float(positive("mass_kg", mass_kg))
    if mass < coefficient("fireball_large_from"):
        return float(coefficient("fireball_duration_small") * np.cbrt(mass))
    return float(coefficient("fireball_duration_large") * mass ** (1 / 6))


def fireball_w_m2(x_m: npt.ArrayLike, *, mass_kg: float, heat_of_combustion_j_kg: float) -> Floats:
    """Heat of a fireball whose centre stands 0.75 D above ground, x along the ground.

    Moist air between its skin and the receiver lets ``2.02 (pw l)^-0.09`` pass, at most all; pw the pressure of water
    vapour in Pa, l the way in metres (CPR 14E 6.A).
    """
    diameter = fireball_diameter_m(mass_kg)
    power = float(positive("mass_kg", mass_kg)) * heat_of_combustion_j_kg / fireball_duration_s(mass_kg)
    slant = np.hypot(np.asarray(x_m, np.float64), coefficient("fireball_height") * diameter)
    way = assumed("water_vapour_pressure") * (slant - diameter / 2)
    passed = np.minimum(1.0, coefficient("moist_air_factor") * way ** -coefficient("moist_air_exponent"))
    flux = point_source_w_m2(slant, power_w=power, radiated=assumed("radiated_fraction_fireball"), is_damped=False)
    return np.asarray(passed * flux)
