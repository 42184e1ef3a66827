"""Blast of explosives and of vapour clouds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from layers.errors import InputError
from layers.scoring.consequence.inputs import Floats, assumed, coefficient, positive
from layers.scoring.rule_tables import RULES_DIR, read_rules, require
from layers.scoring.targets import TARGET_CLASSES

SCALED_RANGE = (1e-2, 1e6)
STRENGTHS = range(1, 11)
BLAST_MODELS = ("tnt", "multi_energy")
JOINT_TOLERANCE = 0.03
"""Pieces of a fitted curve meet within this share."""


@lru_cache(maxsize=8)
def load_blast_limits(folder: Path = RULES_DIR, on: date | None = None) -> pd.DataFrame:
    """`blast_limits.csv` of a day: limits of protection targets and persons, damage grades of buildings, in Pa."""
    path = folder / "blast_limits.csv"
    table = read_rules(
        path,
        texts=("subject", "object", "title_zh", "title_en"),
        numbers=("from_pa",),
        optional_numbers=("to_pa",),
        codes={"object": ("protection_target", "person", "building")},
        on=on,
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


def overpressure_limit_pa(target_class: str, on: date | None = None) -> float:
    """Overpressure that a class of protection target may meet (GB/T 37243-2019 table 1)."""
    for row in load_blast_limits(on=on).query("object == 'protection_target'").itertuples():
        if target_class in str(row.subject).split("|"):
            return float(row.to_pa)
    raise InputError("target_class", f"{target_class!r} must be one of {', '.join(TARGET_CLASSES)}")


def building_damage_grade(overpressure_pa: float, on: date | None = None) -> str:
    """Damage grade of buildings, ``grade_1`` (none) to ``grade_7`` (destroyed); a bound belongs to the worse grade.

    >>> building_damage_grade(2000), building_damage_grade(1999)
    ('grade_2', 'grade_1')
    """
    grades = load_blast_limits(on=on).query("object == 'building'")
    pressure = float(positive("overpressure_pa", overpressure_pa))
    return str(
        grades.subject.iloc[int(np.searchsorted(grades.from_pa.to_numpy(), pressure, side="right")) - 1]
    )


def explosive_overpressure_pa(distance_m: npt.ArrayLike, tnt_kg: float) -> Floats:
    """Air blast of a charge on flat ground: ``14/Z³ + 4.3/Z² + 1.1/Z`` in 1e5 Pa, Z = R/Q^(1/3), kg of TNT."""
    z = positive("distance_m", distance_m) / np.cbrt(positive("tnt_kg", tnt_kg))
    cube, square, first = (coefficient(name) for name in ("blast_cube", "blast_square", "blast_first"))
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


@lru_cache(maxsize=2)
def load_multi_energy(folder: Path = RULES_DIR) -> Mapping[int, tuple[Floats, Floats, Floats]]:
    """`multi_energy_curves.csv`: strength 1 to 10 -> upper ends, factors and exponents of its pieces ``a r'^b``."""
    path = folder / "multi_energy_curves.csv"
    table = read_rules(
        path, texts=("exponent",), numbers=("strength", "factor"), optional_numbers=("to_scaled_distance",)
    )
    table = table.assign(exponent=pd.to_numeric(table.exponent, errors="coerce"))
    require(bool(table.exponent.le(0).all()), path, "a curve never rises")
    require(sorted(table.strength.unique()) == list(STRENGTHS), path, "the ten strengths")
    curves = {}
    for strength, rows in table.groupby("strength"):
        ends = rows.to_scaled_distance.fillna(np.inf).to_numpy()
        factor, exponent = rows.factor.to_numpy(), rows.exponent.to_numpy()
        require(bool((np.diff(ends) > 0).all()) and bool(np.isinf(ends[-1])), path, "pieces leave a gap or overlap")
        joints = ends[:-1]
        left, right = factor[:-1] * joints ** exponent[:-1], factor[1:] * joints ** exponent[1:]
        require(bool((np.abs(left / right - 1) < JOINT_TOLERANCE).all()), path, "pieces do not meet")
        curves[int(strength)] = (ends, factor, exponent)
    return MappingProxyType(curves)


def multi_energy_overpressure_pa(distance_m: npt.ArrayLike, *, energy_j: float, strength: int) -> Floats:
    """TNO multi-energy, AQ/T 3046-2013 (E.60)-(E.62): ``p0 a r'^b``, r' = R (p0/E)^(1/3), on the curve of a strength.

    Parameters
    ----------
    energy_j : heat of combustion of the part of the cloud in obstructed ground
    strength : 1 (weak) to 10 (detonation); a table of fits of the published curves (`multi_energy_curves.csv`)
    """
    if strength not in load_multi_energy():
        raise InputError("strength", f"{strength} must be one of 1 to 10")
    ends, factor, exponent = load_multi_energy()[strength]
    ambient = assumed("ambient_pressure")
    scaled = positive("distance_m", distance_m) / np.cbrt(float(positive("energy_j", energy_j)) / ambient)
    piece = np.searchsorted(ends, scaled, side="left")
    return np.asarray(ambient * factor[piece] * scaled ** exponent[piece])


@dataclass(frozen=True)
class BlastModel:
    """A model of vapour cloud explosions in use: the share of the cloud's energy that counts, and its strength if it has one."""

    name: str
    energy_share: float
    strength: int


@lru_cache(maxsize=2)
def blast_models(folder: Path = RULES_DIR) -> tuple[BlastModel, ...]:
    """The models of `vapour_cloud_blast.csv` in use; the worse of them counts at each distance."""
    path = folder / "vapour_cloud_blast.csv"
    table = read_rules(
        path, texts=("model",), numbers=("energy_share",), optional_numbers=("strength",), flags=("is_used",),
        codes={"model": BLAST_MODELS},
    )
    require(table.model.is_unique and bool(table.is_used.any()), path, "each model once, one in use")
    require(bool(table.energy_share.between(0, 1, inclusive="right").all()), path, "a share lies in (0, 1]")
    used = table[table.is_used]
    return tuple(
        BlastModel(str(row.model), float(row.energy_share), 0 if pd.isna(row.strength) else int(row.strength))
        for row in used.itertuples()
    )


def vapour_cloud_pa(distance_m: npt.ArrayLike, *, cloud_kg: float, heat_of_combustion_j_kg: float) -> dict[str, Floats]:
    """Overpressure of a vapour cloud explosion by each model in use: both values are kept, none is chosen here."""
    found = {}
    for model in blast_models():
        if model.name == "tnt":
            tnt_kg = tnt_equivalent_kg(cloud_kg, heat_of_combustion_j_kg, efficiency=model.energy_share)
            found[model.name] = explosive_overpressure_pa(distance_m, tnt_kg)
        else:
            energy_j = model.energy_share * cloud_kg * heat_of_combustion_j_kg
            found[model.name] = multi_energy_overpressure_pa(distance_m, energy_j=energy_j, strength=model.strength)
    return found


def vapour_cloud_distances_m(overpressure_pa: float, *, cloud_kg: float, heat_of_combustion_j_kg: float) -> dict[str, float]:
    """Distance within which each model in use reaches an overpressure, by root search; 0 where it never does."""
    found = {}
    for model in blast_models():
        if model.name == "tnt":
            tnt_kg = tnt_equivalent_kg(cloud_kg, heat_of_combustion_j_kg, efficiency=model.energy_share)
            found[model.name] = explosive_distance_m(overpressure_pa, tnt_kg)
            continue
        ends, factor, exponent = load_multi_energy()[model.strength]
        ambient = assumed("ambient_pressure")
        wanted = float(positive("overpressure_pa", overpressure_pa)) / ambient
        is_falling = exponent < 0
        reached = np.where(factor >= wanted, np.inf, 0.0)
        reached[is_falling] = (factor[is_falling] / wanted) ** (-1 / exponent[is_falling])
        scaled = max((min(end, far) for end, begin, far in zip(ends, [0.0, *ends[:-1]], reached, strict=True) if far > begin), default=0.0)
        energy_j = model.energy_share * cloud_kg * heat_of_combustion_j_kg
        found[model.name] = float(scaled * np.cbrt(energy_j / ambient))
    return found
