"""How much comes out: holes in gas and in liquid, and what of a superheated liquid stays in the air."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from layers.errors import InputError
from layers.scoring.consequence.inputs import (
    GAS_CONSTANT_J_MOL_K,
    GRAVITY_M_S2,
    Floats,
    assumed,
    coefficient,
    not_negative,
    positive,
    share,
)


def hole_area_m2(diameter_m: float) -> float:
    """Area of a round hole."""
    return float(np.pi * positive("hole_diameter_m", diameter_m) ** 2 / 4)


def critical_pressure_ratio(heat_capacity_ratio: float) -> float:
    """Downstream over upstream pressure at and below which the flow is choked: (2/(g+1))^(g/(g-1)), AQ/T 3046 (E.13).

    >>> round(critical_pressure_ratio(1.4), 4)
    0.5283
    """
    g = _ratio(heat_capacity_ratio)
    return float((2 / (g + 1)) ** (g / (g - 1)))


def _ratio(heat_capacity_ratio: float) -> float:
    g = float(positive("heat_capacity_ratio", heat_capacity_ratio))
    if g <= 1:
        raise InputError("heat_capacity_ratio", f"{g} must exceed 1")
    return g


def gas_hole_rate_kg_s(
    hole_m2: float,
    *,
    pressure_pa: float,
    temperature_k: float,
    molar_mass_kg_mol: float,
    heat_capacity_ratio: float,
    discharge_coefficient: float | None = None,
    ambient_pa: float | None = None,
) -> float:
    """Initial outflow of an ideal gas through a hole, AQ/T 3046-2013 (E.13)-(E.17).

    Choked: ``Cd A P sqrt(M g/(R T) (2/(g+1))^((g+1)/(g-1)))``; above the critical ratio times
    ``Y = r^(1/g) sqrt(1 - r^((g-1)/g)) sqrt(2/(g-1) ((g+1)/2)^((g+1)/(g-1)))``, r = ambient over upstream
    pressure (Pa absolute). Zero where the vessel is not above ambient pressure.
    """
    g = _ratio(heat_capacity_ratio)
    area, pressure = float(positive("hole_m2", hole_m2)), float(positive("pressure_pa", pressure_pa))
    temperature = float(positive("temperature_k", temperature_k))
    mass = float(positive("molar_mass_kg_mol", molar_mass_kg_mol))
    ambient = float(positive("ambient_pa", assumed("ambient_pressure") if ambient_pa is None else ambient_pa))
    cd = _coefficient(discharge_coefficient, "discharge_coefficient_gas")
    r = ambient / pressure
    if r >= 1:
        return 0.0
    exponent = (g + 1) / (g - 1)
    flux = np.sqrt(mass * g / (GAS_CONSTANT_J_MOL_K * temperature) * (2 / (g + 1)) ** exponent)
    choked = cd * area * pressure * flux
    if r <= critical_pressure_ratio(g):
        return float(choked)
    factor = np.sqrt(2 / (g - 1) * ((g + 1) / 2) ** exponent)
    return float(choked * r ** (1 / g) * np.sqrt(1 - r ** ((g - 1) / g)) * factor)


def _coefficient(value: float | None, parameter: str) -> float:
    return share("discharge_coefficient", assumed(parameter) if value is None else value)


def liquid_hole_rate_kg_s(
    hole_m2: float,
    *,
    density_kg_m3: float,
    overpressure_pa: float,
    head_m: float,
    discharge_coefficient: float | None = None,
) -> float:
    """Initial outflow of a liquid, Bernoulli: ``Cd A rho sqrt(2 dP/rho + 2 g h)``.

    `overpressure_pa` above ambient over the liquid (0 for an open tank), `head_m` of liquid over the hole.
    A hole in a wall is too short for boiling liquids to flash in; through pipes they do (`flashing_flux_kg_m2_s`).
    """
    area, density = float(positive("hole_m2", hole_m2)), float(positive("density_kg_m3", density_kg_m3))
    excess = float(not_negative("overpressure_pa", overpressure_pa))
    head = float(not_negative("head_m", head_m))
    cd = _coefficient(discharge_coefficient, "discharge_coefficient_liquid")
    return float(cd * area * density * np.sqrt(2 * excess / density + 2 * GRAVITY_M_S2 * head))


def flashing_flux_kg_m2_s(
    *, heat_of_vaporisation_j_kg: float, vapour_m3_kg: float, liquid_m3_kg: float, heat_capacity_j_kg_k: float, storage_k: float
) -> float:
    """Mass flux of a saturated liquid that flashes on its way: ``Hv/(vg - vl) / sqrt(T cp)``.

    Homogeneous equilibrium at the end of a pipe (Fauske and Epstein 1988, the equilibrium rate model, from knowledge). It
    holds from about 0.1 m of flow path on; a hole in a wall is too short to flash in and lets liquid out (CCPS 1999).
    """
    heat = float(positive("heat_of_vaporisation_j_kg", heat_of_vaporisation_j_kg))
    cp, temperature = (float(positive(name, value)) for name, value in (("heat_capacity", heat_capacity_j_kg_k), ("storage_k", storage_k)))
    expansion = float(positive("vapour_m3_kg", vapour_m3_kg)) - float(positive("liquid_m3_kg", liquid_m3_kg))
    return float(heat / positive("vapour_m3_kg", expansion) / np.sqrt(temperature * cp))


def flash_fraction(
    *, heat_capacity_j_kg_k: float, heat_of_vaporisation_j_kg: float, storage_k: float, boiling_k: float
) -> float:
    """Mass fraction that turns to vapour at once: ``1 - exp(-cp (T - Tb)/Hv)``; 0 where the liquid is below its
    boiling point."""
    cp = float(positive("heat_capacity_j_kg_k", heat_capacity_j_kg_k))
    heat = float(positive("heat_of_vaporisation_j_kg", heat_of_vaporisation_j_kg))
    superheat = float(positive("storage_k", storage_k)) - float(positive("boiling_k", boiling_k))
    return float(-np.expm1(-cp * max(0.0, superheat) / heat))


def airborne_fraction(flashed: npt.ArrayLike) -> Floats:
    """Mass fraction that stays in the air as vapour and droplets, CPR 18E table 4.8.

    Twice the flash fraction below 0.1, ``(0.8 f - 0.028)/0.26`` up to 0.36, all from there.

    >>> airborne_fraction([0.05, 0.1, 0.36, 0.5]).round(9).tolist()
    [0.1, 0.2, 1.0, 1.0]
    """
    f = not_negative("flashed", flashed)
    middle = (coefficient("airborne_slope") * f - coefficient("airborne_offset")) / coefficient("airborne_divisor")
    from_middle = np.where(f < coefficient("airborne_all_from"), middle, 1.0)
    return np.where(f < coefficient("airborne_small_below"), coefficient("airborne_small_factor") * f, from_middle)
