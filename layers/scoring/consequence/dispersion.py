"""Gaussian plume and puff with Briggs' spreads, for gases about as heavy as air; heavy ones: `dense_gas`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from layers.errors import InputError
from layers.scoring.consequence.inputs import Floats, not_negative, positive
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

TERRAINS = ("rural", "urban")
STABILITIES = tuple("ABCDEF")
LEAST_DISTANCE_M = 1.0
"""Nearer than this a point source is taken at this distance."""
Spreads = dict[tuple[str, str, str], tuple[float, float, float]]


@lru_cache(maxsize=2)
def load_spreads(folder: Path = RULES_DIR) -> Spreads:
    """(terrain, stability, axis) -> a, k, e of ``a x (1 + k x)^e``, x in m (`dispersion_coefficients.csv`)."""
    path = folder / "dispersion_coefficients.csv"
    table = read_rules(
        path,
        texts=("terrain", "stability", "axis", "exponent"),
        numbers=("a_per_m", "k_per_m"),
        flags=("is_used",),
        codes={
            "terrain": TERRAINS,
            "stability": STABILITIES,
            "axis": "yz",
            "exponent": ("-1", "-0.5", "0", "0.5"),
        },
    )
    table = table[table.is_used]
    rows = zip(
        table.terrain, table.stability, table.axis, table.a_per_m, table.k_per_m, table.exponent, strict=True
    )
    spreads = {(t, s, axis): (float(a), float(k), float(e)) for t, s, axis, a, k, e in rows}
    expected = len(TERRAINS) * len(STABILITIES) * 2
    require(len(spreads) == expected == len(table), path, "one row for each terrain, stability and axis")
    require(bool((table.a_per_m > 0).all()), path, "spreads must be positive")
    return spreads


def spreads_m(x_m: npt.ArrayLike, stability: str, terrain: str) -> tuple[Floats, Floats]:
    """Lateral and vertical spread of a plume at a distance downwind (AQ/T 3046 table E.7, Briggs)."""
    if terrain not in TERRAINS:
        raise InputError("terrain", f"{terrain!r} must be one of {', '.join(TERRAINS)}")
    if stability not in STABILITIES:
        raise InputError("stability", f"{stability!r} must be one of {', '.join(STABILITIES)}")
    x = np.maximum(not_negative("x_m", x_m), LEAST_DISTANCE_M)
    table = load_spreads()
    one, two = (a * x * (1 + k * x) ** e for a, k, e in (table[terrain, stability, axis] for axis in "yz"))
    return one, two


def plume_kg_m3(
    rate_kg_s: float,
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike = 0.0,
    z_m: float = 0.0,
    *,
    wind_m_s: float,
    stability: str,
    terrain: str,
    height_m: float = 0.0,
) -> Floats:
    """Concentration of a steady plume with reflection at the ground, AQ/T 3046-2013 (E.33); 0 upwind.

    ``Q/(2 pi sy sz u) exp(-y²/2sy²) [exp(-(z-H)²/2sz²) + exp(-(z+H)²/2sz²)]``, x downwind, y across, metres.
    """
    rate, wind = not_negative("rate_kg_s", rate_kg_s), positive("wind_m_s", wind_m_s)
    height, z = not_negative("height_m", height_m), not_negative("z_m", z_m)
    x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    sy, sz = spreads_m(np.maximum(x, 0.0), stability, terrain)
    vertical = np.exp(-((z - height) ** 2) / (2 * sz**2)) + np.exp(-((z + height) ** 2) / (2 * sz**2))
    value = rate / (2 * np.pi * sy * sz * wind) * np.exp(-(y**2) / (2 * sy**2)) * vertical
    return np.where(x > 0, value, 0.0)


def puff_kg_m3(
    mass_kg: float,
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike = 0.0,
    z_m: float = 0.0,
    *,
    time_s: float,
    wind_m_s: float,
    stability: str,
    terrain: str,
    height_m: float = 0.0,
) -> Floats:
    """Concentration of a puff some time after its release, its centre ``u t`` downwind, with reflection.

    ``2 M/((2 pi)^1.5 sx sy sz) ...`` at the ground; the spreads are those of a plume at the centre's distance, the
    one along the wind equals the lateral one (no others are in the tables).
    """
    mass, time = not_negative("mass_kg", mass_kg), positive("time_s", time_s)
    centre = float(positive("wind_m_s", wind_m_s) * time)
    height, z = not_negative("height_m", height_m), not_negative("z_m", z_m)
    x, y = np.asarray(x_m, dtype=np.float64), np.asarray(y_m, dtype=np.float64)
    sy, sz = spreads_m(centre, stability, terrain)
    vertical = np.exp(-((z - height) ** 2) / (2 * sz**2)) + np.exp(-((z + height) ** 2) / (2 * sz**2))
    level = np.exp(-((x - centre) ** 2) / (2 * sy**2)) * np.exp(-(y**2) / (2 * sy**2))
    return np.asarray(mass / ((2 * np.pi) ** 1.5 * sy * sy * sz) * level * vertical)


def puff_peak_kg_m3(mass_kg: float, x_m: npt.ArrayLike, *, stability: str, terrain: str) -> Floats:
    """Highest concentration at the ground at each distance while a puff released at the ground passes."""
    sy, sz = spreads_m(x_m, stability, terrain)
    return np.asarray(2 * not_negative("mass_kg", mass_kg) / ((2 * np.pi) ** 1.5 * sy * sy * sz))
