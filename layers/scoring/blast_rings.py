"""How far the explosives of a unit are felt: the ground where the overpressure reaches a limit or a damage grade; screening.

All of a unit's explosives go off at once and count as TNT by their kind (`explosives`; GB 6722-2014 formula 3). Limits of protection targets come from
GB/T 37243-2019 table 1, damage grades of buildings from GB 6722-2014 table 4 (`blast_limits.csv`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.consequence.explosions import (
    building_damage_grade,
    explosive_distance_m,
    explosive_overpressure_pa,
    load_blast_limits,
)
from layers.scoring.explosives import Charge, charges, told_largest
from layers.scoring.official_rings import ARC_SEGMENTS
from layers.scoring.release_scenarios import KG_PER_T, NOT_SOURCES
from layers.scoring.targets import TARGET_TITLES

LEAST_DISTANCE_M = 1.0
"""Nearer than this a charge is taken at this distance."""
RING_FIELDS = ("ring_id", "unit_id", "name", "enterprise_id", "chemical_name", "amount_t", "tnt_t", "threshold_pa", "distance_m",
               "is_assumed", "counted_zh", "counted_en", "damage_grade", "damage_clause", "holds_for_zh", "holds_for_en", "is_estimated", "is_reference", "rule_id", "standard_id", "clause",
               "source_type", "confidence", "geometry")  # fmt: skip


@dataclass(frozen=True)
class Blast:
    """What a unit's explosives do at a place: overpressure, damage grade of buildings in words, and its clause.

    `tnt_t`: tonnes of TNT; with `is_assumed` one store of the largest size, for the amount is missing.
    """

    unit_id: str
    tnt_t: float
    distance_m: float
    overpressure_pa: float
    grade: str
    grade_zh: str
    grade_en: str
    clause: str
    is_assumed: bool = False


@lru_cache(maxsize=8)
def listed_pressures(on: date | None = None) -> tuple[float, ...]:
    """Limits of targets and lower bounds of damage grades on a day, Pa, the smallest (farthest) first.

    >>> listed_pressures()
    (2000.0, 5000.0, 9000.0, 25000.0, 40000.0, 55000.0, 76000.0)
    """
    table = load_blast_limits(on=on)
    limits, grades = (table[table.object == name] for name in ("protection_target", "building"))
    return tuple(sorted({*limits.to_pa.astype(float), *(bound for bound in grades.from_pa.astype(float) if bound > 0)}))


def farthest_m(tnt_t: float, on: date | None = None) -> float:
    """Distance to the smallest overpressure that is listed; 0 without an amount that is known."""
    return explosive_distance_m(listed_pressures(on)[0], tnt_t * KG_PER_T) if tnt_t > 0 else 0.0


def blast_at(
    unit_id: str, charge: BaseGeometry, tnt_t: float, place: BaseGeometry, *, is_assumed: bool = False, on: date | None = None
) -> Blast | None:
    """Overpressure and damage at a place of tonnes of TNT; None where no listed pressure is reached or no amount is known."""
    distance_m = float(shapely.distance(charge, place))
    if not tnt_t > 0 or distance_m > farthest_m(tnt_t, on):
        return None
    pressure = float(explosive_overpressure_pa(max(distance_m, LEAST_DISTANCE_M), tnt_t * KG_PER_T))
    grade = damage_grade(pressure, on)
    words = str(grade.subject), str(grade.title_zh), str(grade.title_en), str(grade.clause)
    return Blast(unit_id, tnt_t, distance_m, pressure, *words, is_assumed)


def damage_grade(overpressure_pa: float, on: date | None = None) -> Any:
    """Row of `blast_limits.csv` of the damage grade of buildings at an overpressure; a bound belongs to the worse grade."""
    table = load_blast_limits(on=on)
    rows = table[(table.object == "building") & (table.subject == building_damage_grade(overpressure_pa, on))]
    return next(rows.itertuples())


def blast_rings(layers: Mapping[str, pd.DataFrame], *, reference: frozenset[str] = frozenset(), on: date | None = None) -> gpd.GeoDataFrame:
    """Ground where the explosives of each standing, placed unit reach each listed overpressure, in the order of the units.

    Parameters
    ----------
    layers : ``hazard_units`` (metric CRS), ``unit_chemicals``, and ``enterprises`` whose kinds bound a missing amount
    reference : units whose standard is another one: their rings tell, and decide nothing
    on : the day whose limits are drawn

    Returns
    -------
    GeoDataFrame of polygons in the CRS of the units
        Measured from the unit's footprint. A unit whose amount is missing has one ring, ``is_assumed``: as far as the
        smallest listed overpressure of the largest store of its kind reaches; ``amount_t`` is empty there.
    """
    units = gpd.GeoDataFrame(layers["hazard_units"])
    found = charges(layers)
    rows = []
    for unit in units.sort_values("unit_id", kind="stable").itertuples():
        charge = found.get(str(unit.unit_id))
        if charge is None or not charge.most_t > 0 or unit.status in NOT_SOURCES or unit.geometry is None or unit.geometry.is_empty:
            continue
        pressures = listed_pressures(on)[:1] if charge.is_missing else listed_pressures(on)
        rows += [_ring(unit, charge, pressure, reference, on) for pressure in pressures]
    frame = gpd.GeoDataFrame(rows, columns=list(RING_FIELDS), geometry="geometry", crs=units.crs)
    return frame.assign(feature_id=frame["ring_id"])


def _ring(unit: Any, charge: Charge, pressure: float, reference: frozenset[str], on: date | None) -> tuple[object, ...]:
    distance_m = explosive_distance_m(pressure, charge.most_t * KG_PER_T)
    grade = damage_grade(pressure, on)
    limit = _limit_at(pressure, on)
    rule = grade if limit is None else limit
    zh, en = (None, None) if limit is None else _classes(str(limit.subject))
    ground = shapely.buffer(unit.geometry, distance_m, quad_segs=ARC_SEGMENTS)
    counted = [";".join(filter(None, words)) for words in zip(told_largest(charge), (charge.words_zh, charge.words_en), strict=True)]
    return (
        f"{unit.unit_id}-{pressure:05.0f}", str(unit.unit_id), unit.name, unit.enterprise_id, charge.names,
        None if charge.is_missing else charge.amount_t, charge.most_t, pressure, round(distance_m, 1), charge.is_missing, *counted,
        str(grade.subject), str(grade.clause), zh, en, bool(shapely.get_dimensions(unit.geometry) == 0),
        str(unit.unit_id) in reference, str(rule.rule_id), str(rule.standard_id), str(rule.clause), str(rule.source_type),
        str(rule.confidence), shapely.multipolygons([ground]) if ground.geom_type == "Polygon" else ground,
    )  # fmt: skip


def _limit_at(pressure: float, on: date | None) -> Any:
    """Row of the class of targets whose limit a pressure is, None where it is the bound of a damage grade alone."""
    table = load_blast_limits(on=on)
    rows = table[(table.object == "protection_target") & np.isclose(table.to_pa, pressure)]
    return next(rows.itertuples(), None)


def _classes(names: str) -> tuple[str, str]:
    titles = [TARGET_TITLES[name] for name in names.split("|")]
    return "、".join(zh for zh, _ in titles), ", ".join(en for _, en in titles)
