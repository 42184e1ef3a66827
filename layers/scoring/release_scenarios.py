"""Hazard units become scenarios: which vessel leaks how, how often, how much comes out, and what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.crs import require_metric
from layers.errors import InputError
from layers.scoring.consequence.inputs import GAS_CONSTANT_J_MOL_K, assumed, not_negative
from layers.scoring.consequence.properties import (
    Chemical,
    chemical_properties,
    substance_of,
)
from layers.scoring.consequence.release import (
    airborne_fraction,
    flash_fraction,
    flashing_flux_kg_m2_s,
    gas_hole_rate_kg_s,
    hole_area_m2,
    liquid_hole_rate_kg_s,
)
from layers.scoring.consequence.vulnerability import toxic_probit
from layers.scoring.frequencies import LEAK_SOURCES, leak_frequencies
from layers.scoring.major_hazard import load_major_hazard_rules, lookup_chemicals
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

KG_PER_T = 1000.0
UNIT_KINDS = ("tank_farm", "production", "warehouse")
STATES = ("gas", "liquefied", "liquid")
NOT_SOURCES = ("planned", "closed")
LEAKS = ("instantaneous", "all_in_10_min", "hole_10_mm")
"""Of vessels."""
CONNECTION_LEAKS = {
    "full_bore": "full_bore", "catastrophic": "full_bore", "leak": "leak_10_pct", "leak_10pct_diameter": "leak_10_pct",
    "leak_10pct_diameter_max_50mm": "leak_10_pct",
}  # fmt: skip
"""Leaks of pipes, pumps and loading arms: as the tables name them, and what happens."""
OTHER_NAMES = {
    "pipe_lt_75mm": "pipe_le_75", "pipe_75_150mm": "pipe_75_150", "pipe_gt_150mm": "pipe_gt_150", "pump_standard": "pump_compressor",
    "pump_canned": "pump_compressor",
}  # fmt: skip
"""Names of the same equipment in HJ 169."""
PIPES_TO_MM = ((75.0, "pipe_lt_75mm"), (150.0, "pipe_75_150mm"), (float("inf"), "pipe_gt_150mm"))
STATED = ("pipe_length_m", "pipe_diameter_mm", "n_pumps", "loading_hours_per_year")
"""What a unit may state of its connections."""
MM_PER_M = 1000.0


@dataclass(frozen=True)
class Scenario:
    """One leak of one kind of vessel or connection of a unit; what happens depends on everything but the ids.

    `frequency_per_year` is for all vessels of the unit; `vessel_kg` is what one holds. ``instantaneous`` is the loss of all
    at once, every other leak is continuous: of vessels ``all_in_10_min`` and ``hole_10_mm``, of a connection of `bore_m`
    ``full_bore`` and ``leak_10_pct`` of its diameter.
    """

    unit_id: str
    chemical_name: str
    cas: str
    equipment: str
    leak: str
    frequency_per_year: float
    vessel_kg: float
    rule_id: str = ""
    bore_m: float = 0.0
    is_assumed: bool = False

    @property
    def release(self) -> str:
        return "instantaneous" if self.leak == "instantaneous" else "continuous"


@dataclass(frozen=True)
class NotAssessed:
    """A unit or one of its chemicals that no figure was made for; this never means that it is harmless."""

    unit_id: str
    chemical_name: str
    reason_zh: str
    reason_en: str
    rule_id: str = ""


@dataclass(frozen=True)
class UnitScenarios:
    """A placed unit with its scenarios; x and y in metres of the metric CRS, the middle of its footprint."""

    unit_id: str
    enterprise_id: str
    x_m: float
    y_m: float
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Equipment:
    """Kind of vessel by the leak tables, what one holds at most, and how many are counted at most."""

    name: str
    vessel_t_max: float
    n_vessels_max: float
    rule_id: str


@lru_cache(maxsize=2)
def load_equipment(folder: Path = RULES_DIR) -> dict[tuple[str, str], Equipment]:
    """(kind of unit, state) -> what such a unit is taken to consist of (`unit_equipment.csv`)."""
    path = folder / "unit_equipment.csv"
    table = read_rules(
        path,
        texts=("kind", "state", "equipment"),
        numbers=("vessel_t_max",),
        optional_numbers=("n_vessels_max",),
        codes={"kind": UNIT_KINDS, "state": STATES},
    )
    require(len(table) == len(UNIT_KINDS) * len(STATES), path, "one row for each kind of unit and state")
    require(bool((table.vessel_t_max > 0).all()), path, "a vessel holds something")
    return {
        (str(row.kind), str(row.state)): Equipment(
            str(row.equipment),
            float(row.vessel_t_max),
            float("inf") if pd.isna(row.n_vessels_max) else float(row.n_vessels_max),
            str(row.rule_id),
        )
        for row in table.itertuples()
    }


@dataclass(frozen=True)
class Connection:
    """Pipes (metres), pumps (pieces) or loading (hours a year) of one bore; assumed where the unit states none."""

    equipment: str
    bore_m: float
    amount: float
    rule_id: str
    is_assumed: bool


@lru_cache(maxsize=2)
def load_connections(folder: Path = RULES_DIR) -> dict[tuple[str, str], tuple[Connection, ...]]:
    """(kind of unit, state) -> connections that such a unit is taken to have (`unit_connections.csv`)."""
    path = folder / "unit_connections.csv"
    table = read_rules(
        path, texts=("kind", "state", "equipment"), numbers=("bore_mm", "amount"), codes={"kind": UNIT_KINDS, "state": STATES}
    )
    require(not table.duplicated(["kind", "state", "equipment"]).any(), path, "an equipment stands twice")
    found: dict[tuple[str, str], tuple[Connection, ...]] = {}
    for row in table.itertuples():
        one = Connection(str(row.equipment), float(row.bore_mm) / MM_PER_M, float(row.amount), str(row.rule_id), True)
        found[str(row.kind), str(row.state)] = (*found.get((str(row.kind), str(row.state)), ()), one)
    return found


@lru_cache(maxsize=2)
def load_scope(folder: Path = RULES_DIR) -> dict[str, tuple[str, str, str, str]]:
    """Kind of enterprise outside GB/T 37243 -> reason zh, en, rule id, clause (`qra_scope.csv`)."""
    table = read_rules(folder / "qra_scope.csv", texts=("enterprise_kind", "reason_zh", "reason_en"))
    rows = table[["enterprise_kind", "reason_zh", "reason_en", "rule_id", "clause"]].astype(str)
    return {kind: (zh, en, rule, clause) for kind, zh, en, rule, clause in rows.itertuples(index=False)}


def unit_scenarios(
    layers: Mapping[str, pd.DataFrame], *, leak_source: str = LEAK_SOURCES[0]
) -> tuple[list[UnitScenarios], list[NotAssessed]]:
    """Scenarios of every standing, placed unit in scope, in the order of ``unit_id``, and what is not assessed.

    Parameters
    ----------
    layers : layer id -> frame
        ``hazard_units`` (metric CRS), ``unit_chemicals``, and ``enterprises`` for the scope.

    Raises
    ------
    InputError
        An amount is negative, infinite or no number at all; `field` names unit and chemical.
    CrsMismatchError
        The units are not in a metric CRS.
    """
    units = layers.get("hazard_units")
    if units is None or units.empty:
        return [], []
    require_metric(gpd.GeoDataFrame(units, geometry="geometry", crs=getattr(units, "crs", None)))
    kinds = enterprise_kinds(layers)
    chemicals = _chemicals(layers.get("unit_chemicals"))
    found: list[UnitScenarios] = []
    skipped: list[NotAssessed] = []
    for unit in units.sort_values("unit_id", kind="stable").itertuples():
        if unit.status in NOT_SOURCES:
            continue
        unit_id, enterprise_id = str(unit.unit_id), str(unit.enterprise_id)
        if kinds.get(enterprise_id) in load_scope():
            zh, en, rule_id, _ = load_scope()[kinds[enterprise_id]]
            skipped.append(NotAssessed(unit_id, "", zh, en, rule_id))
            continue
        if unit.geometry is None or unit.geometry.is_empty:
            skipped.append(NotAssessed(unit_id, "", "单元无位置", "the unit has no position"))
            continue
        stated = {name: _stated(unit_id, name, getattr(unit, name, None)) for name in STATED}
        scenarios = _of_unit(unit_id, unit.kind, chemicals.get(unit_id, []), stated, leak_source, skipped)
        if scenarios:
            middle = unit.geometry.centroid
            found.append(UnitScenarios(unit_id, enterprise_id, middle.x, middle.y, tuple(scenarios)))
    return found, skipped


def enterprise_kinds(layers: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Enterprise -> its kind, empty without enterprises."""
    enterprises = layers.get("enterprises")
    if enterprises is None or enterprises.empty:
        return {}
    return dict(zip(enterprises.enterprise_id.astype(str), enterprises.kind, strict=True))


def _chemicals(rows: pd.DataFrame | None) -> dict[str, list[dict[str, object]]]:
    """Rows by unit in the order of their names, with the form that GB 18218 gives them."""
    if rows is None or rows.empty:
        return {}
    columns = ["unit_id", "chemical_name", "cas", "category_symbol", "amount_t"]
    given = rows.reindex(columns=columns).sort_values(
        ["unit_id", "chemical_name"], kind="stable", ignore_index=True
    )
    found = lookup_chemicals(given)
    given["form"] = found["form"]
    # A name of table 1 stands for its CAS number where the row has none.
    listed = load_major_hazard_rules().chemicals.set_index("name_zh")["cas"]
    listed = listed[~listed.index.duplicated()].replace("", None)
    is_without = given["cas"].isna() | (given["cas"].astype(str).str.strip() == "")
    given["cas"] = given["cas"].where(~is_without, found["listed_as"].map(listed))
    by_unit: dict[str, list[dict[str, object]]] = {}
    for row in given.to_dict("records"):
        by_unit.setdefault(str(row["unit_id"]), []).append({str(name): value for name, value in row.items()})
    return by_unit


def _stated(unit_id: str, name: str, value: object) -> float | None:
    """What a unit states of its connections; None where it states nothing, refused where it cannot be."""
    if value is None or value is pd.NA or value != value:
        return None
    return float(not_negative(f"unit {unit_id} {name}", value))  # type: ignore[arg-type]


def _of_unit(
    unit_id: str, kind: object, rows: list[dict[str, object]], stated: Mapping[str, float | None], leak_source: str,
    skipped: list[NotAssessed],
) -> list[Scenario]:
    if not rows:
        skipped.append(NotAssessed(unit_id, "", "缺危险化学品清单", "no list of chemicals"))
    scenarios: list[Scenario] = []
    for row in rows:
        name = str(row["chemical_name"])
        amount_kg = _amount_kg(unit_id, name, row["amount_t"])
        reason = _reason_to_skip(row, amount_kg)
        if reason:
            skipped.append(NotAssessed(unit_id, name, *reason))
            continue
        try:
            chemical = chemical_properties(substance_of(row["cas"], name))
        except InputError as error:
            skipped.append(NotAssessed(unit_id, name, "物性缺失,未计算", f"no properties: {error}"))
            continue
        if not chemical.is_flammable and toxic_probit(chemical.cas) is None:
            en = "neither flammable nor among the 22 poisons with constants"
            skipped.append(NotAssessed(unit_id, name, "不可燃且无毒性概率函数常数", en))
            continue
        scenarios += _of_chemical(unit_id, name, chemical, kind, amount_kg, leak_source)
        scenarios += _of_connections(unit_id, name, chemical, kind, amount_kg, stated, leak_source, 1 / len(rows))
    return scenarios


def _amount_kg(unit_id: str, name: str, amount_t: object) -> float:
    """Kilograms, NaN where unknown; what cannot be is refused with its row."""
    if amount_t is None or amount_t is pd.NA or (isinstance(amount_t, float) and np.isnan(amount_t)):
        return float("nan")
    try:
        amount = float(amount_t)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise InputError(f"unit {unit_id} {name} amount_t", f"{amount_t!r} is not a number") from error
    if not np.isfinite(amount) or amount < 0:
        raise InputError(
            f"unit {unit_id} {name} amount_t", f"{amount} must be a finite number of zero or more"
        )
    return amount * KG_PER_T


def _reason_to_skip(row: dict[str, object], amount_kg: float) -> tuple[str, str, str] | None:
    if row["form"] == "explosive":
        return (
            "爆炸物按事故后果法(超压)",
            "explosives are judged by overpressure, not by frequency",
            "ESD-METHOD-1",
        )
    if row["form"] == "solid":
        return "固体无泄漏扩散模型", "no model of solids", ""
    if np.isnan(amount_kg):
        return "最大储量缺失", "the largest amount is missing", ""
    if amount_kg == 0:
        return "最大储量为零", "the largest amount is zero", ""
    return None


def _of_chemical(
    unit_id: str, name: str, chemical: Chemical, kind: object, amount_kg: float, leak_source: str
) -> list[Scenario]:
    """Three leaks; the unit's amount stands in as many full vessels as it fills, at least one."""
    known = str(kind) if kind in UNIT_KINDS else UNIT_KINDS[0]
    equipment = load_equipment()[known, chemical.state]
    vessel_kg = min(amount_kg, equipment.vessel_t_max * KG_PER_T)
    n_vessels = min(amount_kg / vessel_kg, equipment.n_vessels_max)
    per_vessel = leak_frequencies(_equipment_name(equipment.name, leak_source), source=leak_source)
    return [
        Scenario(
            unit_id,
            name,
            chemical.cas,
            equipment.name,
            leak,
            per_vessel[leak] * n_vessels,
            vessel_kg,
            equipment.rule_id,
        )
        for leak in LEAKS
        if leak in per_vessel
    ]


def _of_connections(
    unit_id: str, name: str, chemical: Chemical, kind: object, amount_kg: float, stated: Mapping[str, float | None],
    leak_source: str, part: float,
) -> list[Scenario]:
    """Leaks of pipes, pumps and loading: those that the unit states (shared among its chemicals), else those of its kind."""
    known = str(kind) if kind in UNIT_KINDS else UNIT_KINDS[0]
    vessel_kg = min(amount_kg, load_equipment()[known, chemical.state].vessel_t_max * KG_PER_T)
    scenarios = []
    for connection in _connections(stated, load_connections().get((known, chemical.state), ()), part):
        per_one = leak_frequencies(_equipment_name(connection.equipment, leak_source), source=leak_source)
        for leak, frequency in per_one.items():
            scenarios.append(Scenario(
                unit_id, name, chemical.cas, connection.equipment, CONNECTION_LEAKS[leak], frequency * connection.amount,
                vessel_kg, connection.rule_id, connection.bore_m, connection.is_assumed,
            ))  # fmt: skip
    return scenarios


def _connections(
    stated: Mapping[str, float | None], assumed_ones: Sequence[Connection], part: float
) -> list[Connection]:
    """Stated lengths, pumps and hours instead of the assumed ones; a stated 0 is none."""
    found = []
    bore_mm = stated["pipe_diameter_mm"]
    for entry in assumed_ones:
        field = "pipe_length_m" if entry.equipment.startswith("pipe") else "n_pumps" if entry.equipment.startswith("pump") else "loading_hours_per_year"
        amount = stated[field]
        equipment = entry.equipment
        if bore_mm and equipment.startswith("pipe"):
            equipment = next(pipe for to_mm, pipe in PIPES_TO_MM if bore_mm < to_mm or pipe == PIPES_TO_MM[-1][1])
        found.append(Connection(
            equipment, bore_mm / MM_PER_M if bore_mm else entry.bore_m, entry.amount if amount is None else amount * part,
            entry.rule_id, amount is None or not bore_mm,
        ))  # fmt: skip
    return [entry for entry in found if entry.amount > 0]


def merged(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """Leaks of one outflow as one with the sum of their frequencies: what a pump and a pipe of one bore let out is the same."""
    found: dict[tuple[object, ...], Scenario] = {}
    for entry in scenarios:
        key = (entry.cas, entry.leak, entry.vessel_kg, entry.bore_m)
        known = found.get(key)
        total = entry.frequency_per_year + (known.frequency_per_year if known else 0.0)
        found[key] = replace(known or entry, frequency_per_year=total)
    return list(found.values())


def _equipment_name(equipment: str, leak_source: str) -> str:
    """HJ 169 has one row for vessels of every kind, and its own names for tanks, pipes and pumps."""
    if leak_source == LEAK_SOURCES[0] or equipment.startswith("loading"):
        return equipment
    if equipment in OTHER_NAMES:
        return OTHER_NAMES[equipment]
    return "atm_single" if equipment.startswith("atmospheric") else "reactor_process_gas_tank_column"


@dataclass(frozen=True)
class Outflow:
    """What leaves the vessel: `mass_kg` in all, at `rate_kg_s` for `duration_s` unless all at once (rate 0).

    `airborne` of it stays in the air as vapour and droplets; `source_kg_m3` is its mass of substance per m3 of
    the cloud at the start and `density_kg_m3` that of the cloud.
    """

    mass_kg: float
    rate_kg_s: float
    duration_s: float
    airborne: float
    source_kg_m3: float
    density_kg_m3: float


def outflow(leak: str, chemical: Chemical, vessel_kg: float, bore_m: float = 0.0) -> Outflow:
    """Outflow of a leak from a vessel that holds `vessel_kg`, or from a connection of a bore; never less from a fuller vessel."""
    longest = assumed("release_time_max")
    if leak == "instantaneous":
        rate, duration, mass = 0.0, 0.0, vessel_kg
    elif leak == "all_in_10_min":
        duration, mass = assumed("emptying_time"), vessel_kg
        rate = mass / duration
    else:
        rate = _rate_kg_s(leak, chemical, bore_m)
        duration = min(assumed("isolation_time") if leak == "full_bore" else longest, vessel_kg / rate)
        mass = rate * duration
    airborne, source, density = _airborne(chemical)
    return Outflow(mass, rate, duration, airborne, source, density)


@lru_cache(maxsize=512)
def _rate_kg_s(leak: str, chemical: Chemical, bore_m: float) -> float:
    """Outflow through the hole of a vessel or of a pipe's wall, or through the whole bore; kg/s."""
    if leak == "hole_10_mm":
        return _hole_rate_kg_s(chemical, assumed("hole_diameter"))
    if leak == "leak_10_pct":
        return _hole_rate_kg_s(chemical, min(assumed("leak_diameter_share") * bore_m, assumed("leak_diameter_max")))
    whole = _hole_rate_kg_s(chemical, bore_m)
    if chemical.state != "liquefied" or chemical.liquid_heat_capacity_j_kg_k is None:
        return whole
    storage_k = assumed("ambient_temperature")
    flux = flashing_flux_kg_m2_s(
        heat_of_vaporisation_j_kg=chemical.heat_of_vaporisation_j_kg,
        vapour_m3_kg=GAS_CONSTANT_J_MOL_K * storage_k / (chemical.vapour_pressure_pa * chemical.molar_mass_kg_mol),
        liquid_m3_kg=1 / chemical.liquid_density_kg_m3,
        heat_capacity_j_kg_k=chemical.liquid_heat_capacity_j_kg_k,
        storage_k=storage_k,
    )
    return min(whole, hole_area_m2(bore_m) * flux)


def _hole_rate_kg_s(chemical: Chemical, diameter_m: float) -> float:
    hole = hole_area_m2(diameter_m)
    if chemical.state == "gas" and chemical.heat_capacity_ratio is not None:
        return gas_hole_rate_kg_s(
            hole,
            pressure_pa=chemical.vapour_pressure_pa,
            temperature_k=assumed("ambient_temperature"),
            molar_mass_kg_mol=chemical.molar_mass_kg_mol,
            heat_capacity_ratio=chemical.heat_capacity_ratio,
        )
    return liquid_hole_rate_kg_s(
        hole,
        density_kg_m3=chemical.liquid_density_kg_m3,
        overpressure_pa=max(0.0, chemical.vapour_pressure_pa - assumed("ambient_pressure")),
        head_m=assumed("liquid_head"),
    )


@lru_cache(maxsize=512)
def _airborne(chemical: Chemical) -> tuple[float, float, float]:
    """Share that stays in the air, its mass per m3 of the first cloud, density of that cloud."""
    vapour = chemical.vapour_density_kg_m3
    if chemical.state == "gas":
        return 1.0, vapour, vapour
    if chemical.state == "liquid" or chemical.liquid_heat_capacity_j_kg_k is None:
        return 0.0, vapour, vapour
    flashed = flash_fraction(
        heat_capacity_j_kg_k=chemical.liquid_heat_capacity_j_kg_k,
        heat_of_vaporisation_j_kg=chemical.heat_of_vaporisation_j_kg,
        storage_k=assumed("ambient_temperature"),
        boiling_k=chemical.boiling_point_k,
    )
    airborne = float(airborne_fraction(flashed))
    vapour_share = min(1.0, flashed / airborne)
    density = 1 / (vapour_share / vapour + (1 - vapour_share) / chemical.liquid_density_kg_m3)
    return airborne, density, density
