"""Which units stand within reach of another's fire or blast strong enough to break them: the domino list, a screening.

Fires that last (pools, jets) and blasts escalate; a fireball and a flash fire are too short. No frequency is put on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.crs import require_metric
from layers.errors import InputError
from layers.scoring.consequence.explosions import explosive_distance_m, tnt_equivalent_kg
from layers.scoring.consequence.inputs import Floats
from layers.scoring.consequence.properties import chemical_properties, substance_of
from layers.scoring.footprints import RADII_M, exploding_kg, lasting_fire_w_m2
from layers.scoring.frequencies import WeatherClass, checked_weather
from layers.scoring.major_hazard import lookup_chemicals
from layers.scoring.release_scenarios import KG_PER_T, NOT_SOURCES, Scenario, unit_scenarios
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

EFFECTS = {"heat": ("kW/m2", 1000.0), "overpressure": ("kPa", 1000.0)}
"""Unit of the table, and how many W/m2 or Pa it is."""
EQUIPMENT = ("atmospheric", "pressurised")
PAIR_FIELDS = [
    "pair_id", "source_unit_id", "source_name", "source_enterprise_id", "target_unit_id", "target_name",
    "target_enterprise_id", "is_other_enterprise", "effect", "chemical_name", "target_equipment", "threshold",
    "threshold_unit", "reach_m", "distance_m", "error_m", "certainty", "rule_id", "standard_id", "clause", "source_type",
    "confidence", "feature_id", "geometry",
]  # fmt: skip


@lru_cache(maxsize=2)
def load_thresholds(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`escalation_thresholds.csv`: one row in use for each effect and kind of equipment, others kept beside it."""
    path = folder / "escalation_thresholds.csv"
    table = read_rules(
        path,
        texts=("effect", "equipment", "unit"),
        numbers=("threshold",),
        flags=("is_used",),
        codes={"effect": tuple(EFFECTS), "equipment": EQUIPMENT},
    )
    used = table[table.is_used]
    require(not used.duplicated(["effect", "equipment"]).any(), path, "a threshold in use stands twice")
    require(len(used) == len(EFFECTS) * len(EQUIPMENT), path, "each effect needs a threshold for each equipment")
    units = [EFFECTS[effect][0] for effect in table.effect]
    require((table.unit == units).all() and (table.threshold > 0).all(), path, "a threshold or its unit cannot be")
    return table


@dataclass(frozen=True)
class Reach:
    """How far an effect of a unit breaks equipment, metres, and the chemical that does it."""

    unit_id: str
    effect: str
    equipment: str
    reach_m: float
    chemical_name: str


def domino_pairs(
    layers: Mapping[str, pd.DataFrame],
    *,
    weather: Sequence[WeatherClass] | None = None,
    terrain: str = "rural",
) -> gpd.GeoDataFrame:
    """Pairs of standing, placed units of which the first may break the second: rows of the layer `domino_pairs`.

    Parameters
    ----------
    layers : layer id -> frame
        ``hazard_units`` (metric CRS), ``unit_chemicals``, ``enterprises``.
    weather : classes of the county; the largest cloud of any of them explodes

    Returns
    -------
    GeoDataFrame, LineString from source to target, metric CRS
        One row a pair and effect, nearest of each first. ``distance_m`` edge to edge of the positions on file;
        *certain* where the distance plus the error of both positions stays below the reach.
    """
    units = layers.get("hazard_units")
    if units is None or units.empty:
        return gpd.GeoDataFrame(columns=PAIR_FIELDS, geometry="geometry", crs=getattr(units, "crs", None))
    require_metric(gpd.GeoDataFrame(units, geometry="geometry", crs=units.crs))
    standing = units[~units["status"].isin(NOT_SOURCES) & units.geometry.notna()].set_index("unit_id", drop=False)
    reaches = [reach for reach in _reaches(layers, checked_weather(weather), terrain) if reach.unit_id in standing.index]
    kinds = _equipment_of(standing, layers.get("unit_chemicals"))
    rows = [row for reach in reaches for row in _pairs(reach, standing, kinds)]
    found = gpd.GeoDataFrame(rows, columns=PAIR_FIELDS, geometry="geometry", crs=units.crs)
    return found.sort_values("pair_id", kind="stable", ignore_index=True)


def _reaches(layers: Mapping[str, pd.DataFrame], weather: Sequence[WeatherClass], terrain: str) -> list[Reach]:
    """The farthest reach of each unit by effect and equipment."""
    placed, _ = unit_scenarios(layers)
    best: dict[tuple[str, str, str], Reach] = {}
    candidates = [
        Reach(unit.unit_id, effect, equipment, reach_m, scenario.chemical_name)
        for unit in placed
        for scenario in unit.scenarios
        for effect, equipment, reach_m in _of_scenario(scenario, tuple(weather), terrain)
    ]
    for reach in [*candidates, *_of_explosives(layers)]:
        key = (reach.unit_id, reach.effect, reach.equipment)
        if reach.reach_m > 0 and (key not in best or reach.reach_m > best[key].reach_m):
            best[key] = reach
    return [best[key] for key in sorted(best)]


def _of_scenario(scenario: Scenario, weather: tuple[WeatherClass, ...], terrain: str) -> list[tuple[str, str, float]]:
    used = load_thresholds().query("is_used")
    flux, tnt_kg = _strengths(scenario.leak, scenario.cas, scenario.vessel_kg, weather, terrain)
    found = []
    for row in used.itertuples():
        limit = float(row.threshold) * EFFECTS[str(row.effect)][1]
        if row.effect == "heat" and flux is not None:
            found.append((str(row.effect), str(row.equipment), float(RADII_M[flux >= limit].max(initial=0.0))))
        elif row.effect == "overpressure" and tnt_kg > 0:
            found.append((str(row.effect), str(row.equipment), explosive_distance_m(limit, tnt_kg)))
    return found


@lru_cache(maxsize=1024)
def _strengths(
    leak: str, cas: str, vessel_kg: float, weather: tuple[WeatherClass, ...], terrain: str
) -> tuple[Floats | None, float]:
    """Heat by distance of the fire that lasts, and the TNT that the largest cloud is likened to."""
    chemical = chemical_properties(cas)
    cloud_kg = max(exploding_kg(leak, chemical, vessel_kg, entry, terrain) for entry in weather)
    tnt_kg = tnt_equivalent_kg(cloud_kg, chemical.heat_of_combustion_j_kg) if cloud_kg > 0 else 0.0
    return lasting_fire_w_m2(leak, chemical, vessel_kg), tnt_kg


def _of_explosives(layers: Mapping[str, pd.DataFrame]) -> list[Reach]:
    """Blast of explosives, all of a row at once and taken as TNT."""
    rows = layers.get("unit_chemicals")
    if rows is None or rows.empty:
        return []
    amount_kg = pd.to_numeric(rows["amount_t"], errors="coerce") * KG_PER_T
    is_one = (lookup_chemicals(rows)["form"] == "explosive") & (amount_kg > 0)
    blasts = load_thresholds().query("is_used and effect == 'overpressure'")
    return [
        Reach(str(unit_id), "overpressure", str(row.equipment),
              explosive_distance_m(float(row.threshold) * EFFECTS["overpressure"][1], float(tnt_kg)), str(name))
        for unit_id, name, tnt_kg in zip(rows.unit_id[is_one], rows.chemical_name[is_one], amount_kg[is_one], strict=True)
        for row in blasts.itertuples()
    ]  # fmt: skip


def _equipment_of(units: gpd.GeoDataFrame, rows: pd.DataFrame | None) -> dict[str, str]:
    """A unit with gas under pressure has pressure vessels; everything else, the unknown included, is taken as tanks."""
    kinds = dict.fromkeys(units["unit_id"].astype(str), EQUIPMENT[0])
    if rows is None or rows.empty:
        return kinds
    for unit_id, cas, name in zip(rows["unit_id"], rows["cas"], rows["chemical_name"], strict=True):
        try:
            state = chemical_properties(substance_of(cas, str(name))).state
        except InputError:
            continue
        if state != "liquid":
            kinds[str(unit_id)] = EQUIPMENT[1]
    return kinds


def _pairs(reach: Reach, units: gpd.GeoDataFrame, kinds: Mapping[str, str]) -> list[dict[str, object]]:
    """The other units that an effect of one unit reaches."""
    source = units.loc[reach.unit_id]
    distance_m = shapely.distance(source.geometry, units.geometry.to_numpy())
    error_m = np.hypot(float(source.accuracy_m), units["accuracy_m"].to_numpy(float))
    is_meant = np.array([kinds[str(name)] == reach.equipment for name in units["unit_id"]])
    is_meant &= (units["unit_id"] != reach.unit_id).to_numpy() & (distance_m - error_m < reach.reach_m)
    rule = load_thresholds().query("is_used and effect == @reach.effect and equipment == @reach.equipment").iloc[0]
    return [
        _row(reach, source, units.iloc[place], float(distance_m[place]), float(error_m[place]), rule)
        for place in np.flatnonzero(is_meant)
    ]


def _row(
    reach: Reach, source: pd.Series, target: pd.Series, distance_m: float, error_m: float, rule: pd.Series
) -> dict[str, object]:
    pair_id = f"{reach.unit_id}>{target.unit_id}:{reach.effect}"
    return {
        "pair_id": pair_id,
        "feature_id": pair_id,
        "source_unit_id": reach.unit_id,
        "source_name": source["name"],
        "source_enterprise_id": source.enterprise_id,
        "target_unit_id": target.unit_id,
        "target_name": target["name"],
        "target_enterprise_id": target.enterprise_id,
        "is_other_enterprise": bool(source.enterprise_id != target.enterprise_id),
        "effect": reach.effect,
        "chemical_name": reach.chemical_name,
        "target_equipment": reach.equipment,
        "threshold": float(rule.threshold),
        "threshold_unit": rule.unit,
        "reach_m": reach.reach_m,
        "distance_m": distance_m,
        "error_m": error_m,
        "certainty": "certain" if distance_m + error_m < reach.reach_m else "possible",
        **{name: rule[name] for name in ("rule_id", "standard_id", "clause", "source_type", "confidence")},
        "geometry": shapely.shortest_line(source.geometry, target.geometry),
    }
