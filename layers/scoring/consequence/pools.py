"""What a spilled liquid does on the ground: how far it spreads and how fast it evaporates."""

from __future__ import annotations

import numpy as np

from layers.scoring.consequence.inputs import (
    GAS_CONSTANT_J_MOL_K,
    assumed,
    coefficient,
    not_negative,
    positive,
)


def pool_area_m2(spilled_m3: float, *, bund_m2: float) -> float:
    """Area of a pool: the volume at its least depth on rough ground, but no more than the bund holds.

    >>> pool_area_m2(1.0, bund_m2=500.0), pool_area_m2(100.0, bund_m2=500.0)
    (100.0, 500.0)
    """
    volume = float(not_negative("spilled_m3", spilled_m3))
    return min(volume / assumed("pool_depth_min"), float(positive("bund_m2", bund_m2)))


def evaporation_kg_s(
    area_m2: float,
    *,
    wind_m_s: float,
    vapour_pressure_pa: float,
    molar_mass_kg_mol: float,
    temperature_k: float,
) -> float:
    """Evaporation of a pool below its boiling point, Mackay and Matsugu (CPR 14E 3.24, 3.25).

    ``0.004786 u^0.78 d^-0.11 Sc^-0.67 A Pv M/(R T)`` with u at 10 m and d the pool's diameter. The pool keeps its
    temperature (more than real). A vapour pressure above ambient counts as ambient.
    """
    area, wind = float(positive("area_m2", area_m2)), float(positive("wind_m_s", wind_m_s))
    pressure = min(float(not_negative("vapour_pressure_pa", vapour_pressure_pa)), assumed("ambient_pressure"))
    mass = float(positive("molar_mass_kg_mol", molar_mass_kg_mol))
    temperature = float(positive("temperature_k", temperature_k))
    diameter = np.sqrt(4 * area / np.pi)
    transfer = (
        coefficient("evaporation_factor")
        * wind ** coefficient("evaporation_wind_exponent")
        * diameter ** -coefficient("evaporation_diameter_exponent")
        * assumed("schmidt_number") ** -coefficient("evaporation_schmidt_exponent")
    )
    return float(transfer * area * pressure * mass / (GAS_CONSTANT_J_MOL_K * temperature))


def boiling_kg_s(
    area_m2: float, *, boiling_k: float, ground_k: float, heat_of_vaporisation_j_kg: float, duration_s: float
) -> float:
    """Mean boil-off of a pool colder than the ground over a time: ``2 k dT A/(Hv sqrt(pi a t))``.

    Heat comes by conduction from ground at rest alone; k and a in `screening_assumptions.csv`. Zero where the
    liquid boils above the ground's temperature.
    """
    area = float(positive("area_m2", area_m2))
    excess_k = max(0.0, float(positive("ground_k", ground_k)) - float(positive("boiling_k", boiling_k)))
    heat = float(positive("heat_of_vaporisation_j_kg", heat_of_vaporisation_j_kg))
    time = float(positive("duration_s", duration_s))
    depth = np.sqrt(np.pi * assumed("ground_diffusivity") * time)
    return float(2 * assumed("ground_conductivity") * excess_k * area / (heat * depth))
