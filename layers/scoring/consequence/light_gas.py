"""Gases much lighter than air: how far a leak itself carries them, for what it lets go of rises out of reach.

The wind's spreads hold for clouds that stay at the ground; a rising cloud followed by them would burn a kilometre off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from layers.scoring.consequence.inputs import GAS_CONSTANT_J_MOL_K, assumed, coefficient, positive



@dataclass(frozen=True)
class FreeJet:
    """How far from its hole a jet can burn, metres, and how long gas takes to get there, seconds."""

    reach_m: float
    filled_s: float


def free_jet(
    rate_kg_s: float, *, limit_kg_m3: float, molar_mass_kg_mol: float, heat_capacity_ratio: float
) -> FreeJet:
    """A round jet of sonic gas: where its axis falls to the lower flammable limit.

    ``Y = 5.4 de/x``, ``de = sqrt(4 m/(pi w rho_air))``, w the speed of sound in the throat; Y the mass fraction at
    the limit; filled in ``x^2/(2 5.4 w de)``.

    >>> jet = free_jet(0.46, limit_kg_m3=0.00335, molar_mass_kg_mol=0.002016, heat_capacity_ratio=1.405)
    >>> round(jet.reach_m, 1), round(jet.filled_s, 1)
    (39.3, 5.9)
    """
    rate = float(positive("rate_kg_s", rate_kg_s))
    limit = float(positive("limit_kg_m3", limit_kg_m3))
    mass, ratio = float(positive("molar_mass_kg_mol", molar_mass_kg_mol)), float(heat_capacity_ratio)
    throat_k = 2 * assumed("ambient_temperature") / (ratio + 1)
    speed = math.sqrt(ratio * GAS_CONSTANT_J_MOL_K * throat_k / mass)
    air = assumed("air_density")
    width_m = math.sqrt(4 * rate / (math.pi * speed * air))
    fraction = limit / (limit + air)
    decay = coefficient("free_jet_decay")
    reach_m = decay * width_m / fraction
    return FreeJet(reach_m, reach_m**2 / (2 * decay * speed * width_m))


def mixed_radius_m(mass_kg: float, limit_kg_m3: float) -> float:
    """Radius of the half sphere that a mass fills when mixed in place to its lower flammable limit.

    >>> round(mixed_radius_m(1000, 0.00335), 1)
    52.2
    """
    volume = float(positive("mass_kg", mass_kg)) / float(positive("limit_kg_m3", limit_kg_m3))
    return float((3 * volume / (2 * math.pi)) ** (1 / 3))
