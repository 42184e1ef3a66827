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
from layers.scoring.consequence.explosions import explosive_distance_m, vapour_cloud_distances_m
from layers.scoring.consequence.inputs import Floats
from layers.scoring.consequence.properties import chemical_properties, substance_of
from layers.scoring.explosives import charges
from layers.scoring.footprint_grid import RADII_M
from layers.scoring.footprints import exploding_kg, lasting_fire_w_m2
from layers.scoring.frequencies import WeatherClass, checked_weather
from layers.scoring.release_scenarios import KG_PER_T, LEAKS, NOT_SOURCES, Scenario, merged, unit_scenarios
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

EFFECTS = {"heat": ("kW/m2", 1000.0), "overpressure": ("kPa", 1000.0)}
"""Unit of the table, and how many W/m2 or Pa it is."""
EQUIPMENT = ("atmospheric", "pressurised")
RULE_FIELDS = ("rule_id", "standard_id", "clause", "source_type", "confidence")
PAIR_FIELDS = [
    "pair_id", "source_unit_id", "source_name", "source_enterprise_id", "target_unit_id", "target_name",
    "target_enterprise_id", "is_other_enterprise", "effect", "chemical_name", "target_equipment", "threshold",
    "threshold_unit", "reach_m", "reach_tnt_m", "reach_multi_energy_m", "distance_m", "error_m", "certainty", "rule_id", "standard_id", "clause", "source_type",
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
class Threshold:
    """A threshold in use: `limit` in W/m2 or Pa, `told` as the table has it."""

    effect: str
    equipment: str
    limit: float
    told: Mapping[str, object]


@lru_cache(maxsize=1)
def thresholds_in_use() -> tuple[Threshold, ...]:
    """The rows that judge, in the order of the table."""
    table = load_thresholds()
    rows = table[table.is_used].to_dict("records")
    return tuple(
        Threshold(
            row["effect"],
            row["equipment"],
            float(row["threshold"]) * EFFECTS[row["effect"]][1],
            {"threshold": float(row["threshold"]), "threshold_unit": row["unit"]} | {name: row[name] for name in RULE_FIELDS},
        )
        for row in rows
    )


@dataclass(frozen=True)
class Reach:
    """How far an effect of a unit breaks equipment, metres, and the chemical that does it; of a cloud's blast by each model."""

    unit_id: str
    effect: str
    equipment: str
    reach_m: float
    chemical_name: str
    reach_tnt_m: float | None = None
    reach_multi_energy_m: float | None = None
    is_assumed: bool = False


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
    standing = units[~units["status"].isin(NOT_SOURCES) & units.geometry.notna()]
    standing = standing.set_index(standing["unit_id"].astype(str))
    reaches = [reach for reach in _reaches(layers, checked_weather(weather), terrain) if reach.unit_id in standing.index]
    kinds = _equipment_of(standing, layers.get("unit_chemicals"))
    rows = _farthest([row for reach in reaches for row in _pairs(reach, standing, kinds)])
    found = gpd.GeoDataFrame(rows, columns=PAIR_FIELDS, geometry="geometry", crs=units.crs)
    return found.sort_values("pair_id", kind="stable", ignore_index=True)


def _farthest(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """One row a pair and effect: of tanks and pressure vessels those that are hit from farther away."""
    best: dict[object, dict[str, object]] = {}
    for row in rows:
        known = best.get(row["pair_id"])
        if known is None or float(row["reach_m"]) > float(known["reach_m"]):  # type: ignore[arg-type]
            best[row["pair_id"]] = row
    return list(best.values())


def _reaches(layers: Mapping[str, pd.DataFrame], weather: Sequence[WeatherClass], terrain: str) -> list[Reach]:
    """The farthest reach of each unit by effect and equipment."""
    placed, _ = unit_scenarios(layers)
    best: dict[tuple[str, str, str], Reach] = {}
    candidates = [
        reach for unit in placed for scenario in merged(unit.scenarios) for reach in _of_scenario(scenario, tuple(weather), terrain)
    ]
    for reach in [*candidates, *_of_explosives(layers)]:
        key = (reach.unit_id, reach.effect, reach.equipment)
        if reach.reach_m > 0 and (key not in best or reach.reach_m > best[key].reach_m):
            best[key] = reach
    return [best[key] for key in sorted(best)]


def _of_scenario(scenario: Scenario, weather: tuple[WeatherClass, ...], terrain: str) -> list[Reach]:
    """Reaches of a leak; those of a blast by each model in use, the farthest counts."""
    flux, cloud_kg, heat_j_kg = _strengths(scenario.leak, scenario.cas, scenario.vessel_kg, scenario.bore_m, weather, terrain)
    found = []
    for row in thresholds_in_use():
        if row.effect == "heat" and flux is not None:
            reach_m = float(RADII_M[flux >= row.limit].max(initial=0.0))
            found.append(Reach(scenario.unit_id, row.effect, row.equipment, reach_m, scenario.chemical_name))
        elif row.effect == "overpressure" and cloud_kg > 0:
            by_model = vapour_cloud_distances_m(row.limit, cloud_kg=cloud_kg, heat_of_combustion_j_kg=heat_j_kg)
            found.append(Reach(
                scenario.unit_id, row.effect, row.equipment, max(by_model.values()), scenario.chemical_name,
                by_model.get("tnt"), by_model.get("multi_energy"),
            ))  # fmt: skip
    return found


@lru_cache(maxsize=1024)
def _strengths(
    leak: str, cas: str, vessel_kg: float, bore_m: float, weather: tuple[WeatherClass, ...], terrain: str
) -> tuple[Floats | None, float, float]:
    """Heat by distance of the fire that lasts, mass of the largest cloud that may explode, its heat of combustion."""
    chemical = chemical_properties(cas)
    # No leak fills a larger cloud than the loss of all at once, which every vessel has.
    clouds = (exploding_kg(leak, chemical, vessel_kg, entry, terrain, bore_m) for entry in weather)
    cloud_kg = max(clouds) if leak == LEAKS[0] else 0.0
    return lasting_fire_w_m2(leak, chemical, vessel_kg, bore_m), cloud_kg, chemical.heat_of_combustion_j_kg


def _of_explosives(layers: Mapping[str, pd.DataFrame]) -> list[Reach]:
    """Blast of a unit's explosives, all at once, as TNT by their kind; where an amount is missing as much as a store may hold, never certain."""
    return [
        Reach(
            unit_id, row.effect, row.equipment, explosive_distance_m(row.limit, charge.most_t * KG_PER_T), charge.names,
            is_assumed=charge.is_missing,
        )
        for unit_id, charge in charges(layers).items()
        if charge.most_t > 0
        for row in thresholds_in_use()
        if row.effect == "overpressure"
    ]  # fmt: skip


def _equipment_of(units: gpd.GeoDataFrame, rows: pd.DataFrame | None) -> dict[str, frozenset[str]]:
    """What may be hit in a unit: pressure vessels where it holds gas under pressure, tanks where it holds anything else.

    A unit with both is judged as both; the unknown is taken as tanks, which fire breaks first.
    """
    kinds: dict[str, set[str]] = {}
    if rows is not None and len(rows):
        for unit_id, cas, name in zip(rows["unit_id"], rows["cas"], rows["chemical_name"], strict=True):
            kinds.setdefault(str(unit_id), set()).add(_equipment_for(cas, str(name)))
    return {name: frozenset(kinds.get(name, {EQUIPMENT[0]})) for name in units.index}


def _equipment_for(cas: object, name: str) -> str:
    try:
        is_liquid = chemical_properties(substance_of(cas, name)).state == "liquid"
    except InputError:
        return EQUIPMENT[0]
    return EQUIPMENT[0] if is_liquid else EQUIPMENT[1]


def _pairs(reach: Reach, units: gpd.GeoDataFrame, kinds: Mapping[str, frozenset[str]]) -> list[dict[str, object]]:
    """The other units that an effect of one unit reaches."""
    geometry, place = units.geometry.to_numpy(), units.index.get_loc(reach.unit_id)
    distance_m = shapely.distance(geometry[place], geometry)
    accuracy_m = pd.to_numeric(units["accuracy_m"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    error_m = np.hypot(accuracy_m[place], accuracy_m)
    # Positions whose error nobody states are taken as they are, and never called certain.
    known_m, is_stated = np.nan_to_num(error_m), ~np.isnan(error_m)
    is_meant = np.array([reach.equipment in kinds[name] for name in units.index])
    is_meant &= distance_m - known_m < reach.reach_m
    is_meant[place] = False
    rule = next(row for row in thresholds_in_use() if (row.effect, row.equipment) == (reach.effect, reach.equipment))
    names, owners = units["name"].to_numpy(object), units["enterprise_id"].to_numpy(object)
    return [
        {
            "pair_id": f"{reach.unit_id}>{units.index[other]}:{reach.effect}",
            "feature_id": f"{reach.unit_id}>{units.index[other]}:{reach.effect}",
            "source_unit_id": reach.unit_id,
            "source_name": names[place],
            "source_enterprise_id": owners[place],
            "target_unit_id": units.index[other],
            "target_name": names[other],
            "target_enterprise_id": owners[other],
            "is_other_enterprise": bool(owners[place] != owners[other]),
            "effect": reach.effect,
            "chemical_name": reach.chemical_name,
            "target_equipment": reach.equipment,
            "reach_m": reach.reach_m,
            "reach_tnt_m": reach.reach_tnt_m,
            "reach_multi_energy_m": reach.reach_multi_energy_m,
            "distance_m": float(distance_m[other]),
            "error_m": float(error_m[other]),
            "certainty": "certain" if is_stated[other] and not reach.is_assumed and distance_m[other] + error_m[other] < reach.reach_m else "possible",
            **rule.told,
            "geometry": shapely.shortest_line(geometry[place], geometry[other]),
        }
        for other in np.flatnonzero(is_meant)
    ]
