"""Blast of explosives and of vapour clouds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from layers.errors import InputError
from layers.scoring.consequence.inputs import Floats, assumed, positive
from layers.scoring.rule_tables import RULES_DIR, read_rules, require
from layers.scoring.targets import TARGET_CLASSES

BLAST_COEFFICIENTS_PA = (14e5, 4.3e5, 1.1e5)
"""Of 1/Z³, 1/Z² and 1/Z: GB 6722-2014 formula (3), GB/T 37243-2019 5.4; from knowledge, not read."""
SCALED_RANGE = (1e-2, 1e6)
MULTI_ENERGY_J_M3 = 3.5e6


@lru_cache(maxsize=2)
def load_blast_limits(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`blast_limits.csv`: limits of protection targets and persons, damage grades of buildings, in Pa."""
    path = folder / "blast_limits.csv"
    table = read_rules(
        path,
        texts=("subject", "object", "title_zh"),
        numbers=("from_pa",),
        optional_numbers=("to_pa",),
        codes={"object": ("protection_target", "person", "building")},
    )
    classes = [
        name for subject in table[table.object == "protection_target"].subject for name in subject.split("|")
    ]
    require(sorted(classes) == sorted(TARGET_CLASSES), path, "each protection target class once")
    grades = table[table.object == "building"]
    is_joined = (grades.from_pa.to_numpy()[1:] == grades.to_pa.to_numpy()[:-1]).all() and grades.from_pa.iloc[
        0
    ] == 0
    require(
        bool(is_joined) and bool(np.isnan(grades.to_pa.iloc[-1])),
        path,
        "damage grades leave a gap or overlap",
    )
    return table


def overpressure_limit_pa(target_class: str) -> float:
    """Overpressure that a class of protection target may meet (GB/T 37243-2019 table 1)."""
    for row in load_blast_limits().query("object == 'protection_target'").itertuples():
        if target_class in str(row.subject).split("|"):
            return float(row.to_pa)
    raise InputError("target_class", f"{target_class!r} must be one of {', '.join(TARGET_CLASSES)}")


def building_damage_grade(overpressure_pa: float) -> str:
    """Damage grade of buildings, ``grade_1`` (none) to ``grade_7`` (destroyed); a bound belongs to the worse grade.

    >>> building_damage_grade(2000), building_damage_grade(1999)
    ('grade_2', 'grade_1')
    """
    grades = load_blast_limits().query("object == 'building'")
    pressure = float(positive("overpressure_pa", overpressure_pa))
    return str(
        grades.subject.iloc[int(np.searchsorted(grades.from_pa.to_numpy(), pressure, side="right")) - 1]
    )


def explosive_overpressure_pa(distance_m: npt.ArrayLike, tnt_kg: float) -> Floats:
    """Air blast of a charge on flat ground: ``14/Z³ + 4.3/Z² + 1.1/Z`` in 1e5 Pa, Z = R/Q^(1/3), kg of TNT."""
    z = positive("distance_m", distance_m) / np.cbrt(positive("tnt_kg", tnt_kg))
    cube, square, first = BLAST_COEFFICIENTS_PA
    return np.asarray(cube / z**3 + square / z**2 + first / z)


def explosive_distance_m(overpressure_pa: float, tnt_kg: float) -> float:
    """Distance beyond which a charge's overpressure stays below a value; the inverse, by root search.

    >>> round(explosive_distance_m(2000, 1000), 1)
    588.6
    """
    limit = float(positive("overpressure_pa", overpressure_pa))
    low, high = SCALED_RANGE
    bounds = explosive_overpressure_pa([high, low], 1.0)
    if not bounds[0] < limit < bounds[1]:
        raise InputError("overpressure_pa", f"{limit} lies outside the formula's range")
    z = brentq(lambda scaled: float(explosive_overpressure_pa(scaled, 1.0)) - limit, low, high, xtol=1e-10)
    return float(z) * float(np.cbrt(positive("tnt_kg", tnt_kg)))


def tnt_equivalent_kg(
    mass_kg: float, heat_of_combustion_j_kg: float, *, efficiency: float | None = None
) -> float:
    """TNT that a vapour cloud's blast is likened to: ``a W Hc/Q_TNT``, a 0.04 and Q_TNT 4520 kJ/kg by default.

    >>> round(tnt_equivalent_kg(1000, 46.35e6), 2)
    410.18
    """
    yielded = float(positive("efficiency", assumed("tnt_efficiency") if efficiency is None else efficiency))
    energy_kj = (
        float(positive("mass_kg", mass_kg) * positive("heat_of_combustion_j_kg", heat_of_combustion_j_kg))
        / 1000
    )
    return yielded * energy_kj / assumed("tnt_heat")


def multi_energy_overpressure_pa(
    distance_m: npt.ArrayLike, *, cloud_m3: float, curve: Sequence[tuple[float, float]]
) -> Floats:
    """TNO multi-energy, AQ/T 3046-2013 (E.60)-(E.62), on a curve of figure E.1 that the caller has.

    No curve is kept here: none was read from the figure, and none is guessed. `curve` holds scaled distance and
    scaled overpressure, at least two points; logarithms are interpolated and the ends are not passed.

    Raises
    ------
    InputError
        The curve does not rise in distance and fall in pressure, or a distance lies beyond its end.
    """
    points = positive("curve", curve)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
        raise InputError("curve", "needs two or more pairs of scaled distance and scaled overpressure")
    if (np.diff(points[:, 0]) <= 0).any() or (np.diff(points[:, 1]) > 0).any():
        raise InputError("curve", "distances must rise and pressures must not")
    ambient = assumed("ambient_pressure")
    energy_j = MULTI_ENERGY_J_M3 * float(positive("cloud_m3", cloud_m3))
    scaled = positive("distance_m", distance_m) / np.cbrt(energy_j / ambient)
    if (scaled > points[-1, 0]).any():
        raise InputError("distance_m", "lies beyond the curve")
    return np.asarray(ambient * np.exp(np.interp(np.log(scaled), *np.log(points).T)))
