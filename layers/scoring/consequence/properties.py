"""Properties of chemicals by CAS number, from the tables of the library `chemicals`; nothing is typed in here.

The library is imported when it is first asked: it takes a third of a second.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from layers.errors import InputError
from layers.scoring.consequence.inputs import GAS_CONSTANT_J_MOL_K, assumed
from layers.scoring.major_hazard import base_name, normal_name
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

STANDARD_T_K = 298.15


@dataclass(frozen=True)
class Chemical:
    """One substance at ambient temperature (`screening_assumptions.csv`); heat of vaporisation at its boiling point.

    `state` is ``gas`` (above its critical temperature), ``liquefied`` (boils below ambient) or ``liquid``.
    `vapour_pressure_pa` (absolute) is the assumed storage pressure of a gas. `vapour_density_kg_m3` holds at
    atmospheric pressure and, for a liquefied gas, at its boiling point. `lower_flammable_limit` is a volume
    fraction, None where the substance does not burn; `heat_of_combustion_j_kg` (net) is 0 then. Heat
    capacities may be missing for liquids, which do not flash.
    """

    cas: str
    name: str
    state: str
    molar_mass_kg_mol: float
    boiling_point_k: float
    vapour_pressure_pa: float
    liquid_density_kg_m3: float
    vapour_density_kg_m3: float
    liquid_heat_capacity_j_kg_k: float | None
    heat_of_vaporisation_j_kg: float
    heat_capacity_ratio: float | None
    heat_of_combustion_j_kg: float
    lower_flammable_limit: float | None

    @property
    def is_flammable(self) -> bool:
        return self.lower_flammable_limit is not None and self.heat_of_combustion_j_kg > 0


@lru_cache(maxsize=2)
def load_surrogates(folder: Path = RULES_DIR) -> dict[str, str]:
    """CAS number or normal name of a mixture -> CAS number of the substance that stands for it."""
    path = folder / "chemical_surrogates.csv"
    table = read_rules(path, texts=("name_zh", "aliases", "cas", "surrogate_cas"))
    found: dict[str, str] = {}
    for row in table.itertuples():
        keys = [*str(row.cas).split("|"), str(row.name_zh), *str(row.aliases).split("|")]
        for key in filter(None, map(normal_name, keys)):
            require(key not in found, path, f"{key} stands twice")
            found[key] = str(row.surrogate_cas)
    return found


def substance_of(cas: object, name: object) -> str:
    """CAS number that a row of `unit_chemicals` is computed with; raises `InputError` where there is none."""
    surrogates = load_surrogates()
    for key in (normal_name(cas), normal_name(name), base_name(name)):
        if key in surrogates:
            return surrogates[key]
    number = normal_name(cas)
    if not number:
        raise InputError("cas", f"{name}: no CAS number, and no substance stands for it")
    return number


@lru_cache(maxsize=512)
def chemical_properties(cas: str) -> Chemical:
    """Properties of the substance with a CAS number, such as ``7782-50-5``.

    Raises
    ------
    InputError
        The number is none, or the library lacks it or one of its boiling point, critical point or
        acentric factor; nothing is estimated in their place.
    """
    record, formula = _record(cas)
    critical_k, critical_pa, omega, boiling_k = (_required(cas, name) for name in ("Tc", "Pc", "omega", "Tb"))
    ambient_k = assumed("ambient_temperature")
    state = "gas" if ambient_k >= critical_k else "liquefied" if boiling_k < ambient_k else "liquid"
    molar_mass = record.MW / 1000.0
    liquid_k = boiling_k if state == "gas" else ambient_k
    gas_cp = _gas_heat_capacity(cas)
    liquid_cp = _liquid_heat_capacity(cas, liquid_k, critical_k, omega, gas_cp, molar_mass)
    if state != "liquid" and (gas_cp is None or liquid_cp is None):
        raise InputError("cas", f"{cas}: the library has no heat capacity")
    limit = _library("LFL", cas)
    heat = _heat_of_combustion(cas, formula, molar_mass) if limit else 0.0
    return Chemical(
        cas=cas,
        name=str(record.common_name),
        state=state,
        molar_mass_kg_mol=molar_mass,
        boiling_point_k=boiling_k,
        vapour_pressure_pa=assumed("gas_storage_pressure")
        if state == "gas"
        else _vapour_pressure(cas, liquid_k, critical_k, critical_pa, omega),
        liquid_density_kg_m3=_liquid_density(cas, liquid_k, critical_k, critical_pa, omega, molar_mass),
        vapour_density_kg_m3=assumed("ambient_pressure")
        * molar_mass
        / (GAS_CONSTANT_J_MOL_K * (boiling_k if state == "liquefied" else ambient_k)),
        liquid_heat_capacity_j_kg_k=liquid_cp,
        heat_of_vaporisation_j_kg=_heat_of_vaporisation(cas, boiling_k, critical_k, critical_pa, molar_mass),
        heat_capacity_ratio=None if gas_cp is None else gas_cp / (gas_cp - GAS_CONSTANT_J_MOL_K),
        heat_of_combustion_j_kg=heat,
        lower_flammable_limit=limit if heat > 0 else None,
    )


def _required(cas: str, name: str) -> float:
    value = _library(name, cas)
    if value is None:
        raise InputError("cas", f"{cas}: the library has no {name}")
    return value


def _library(name: str, cas: str) -> float | None:
    """A constant of the library; None where it has none."""
    import chemicals

    value = chemicals.LFL(CASRN=cas) if name == "LFL" else getattr(chemicals, name)(cas)
    return None if value is None or not np.isfinite(value) else float(value)


@lru_cache(maxsize=1)
def _names() -> Any:
    """The library's short list of substances: the long one takes three seconds to read."""
    from chemicals import identifiers

    database: Any = identifiers.ChemicalMetadataDB
    return database(main_db=os.path.join(identifiers.folder, "chemical identifiers pubchem small.tsv"))


def read_library() -> None:
    """Reads the library now, so that the first question does not wait for it."""
    _names().finish_loading()


def _record(cas: str) -> tuple[Any, dict[str, float]]:
    from chemicals import CAS_to_int, check_CAS
    from chemicals.elements import simple_formula_parser

    is_number = isinstance(cas, str) and _looks_like(cas) and check_CAS(cas)
    record = _names().search_CAS(CAS_to_int(cas)) if is_number else None
    if not record:
        raise InputError("cas", f"{cas!r} is no CAS number of a known substance")
    return record, dict(simple_formula_parser(record.formula))


def _looks_like(cas: str) -> bool:
    parts = cas.split("-")
    return len(parts) == 3 and all(part.isdigit() for part in parts)


def _row(table: Any, cas: str) -> Any:
    return table.loc[cas] if cas in table.index else None


def _vapour_pressure(cas: str, t_k: float, critical_k: float, critical_pa: float, omega: float) -> float:
    """Wagner's equation with VDI's coefficients, else Lee and Kesler."""
    from chemicals import Lee_Kesler, Wagner, vapor_pressure

    row = _row(vapor_pressure.Psat_data_VDI_PPDS_3, cas)
    if row is not None:
        return float(Wagner(t_k, row["Tc"], row["Pc"], row["A"], row["B"], row["C"], row["D"]))
    return float(Lee_Kesler(t_k, critical_k, critical_pa, omega))


def _liquid_density(
    cas: str, t_k: float, critical_k: float, critical_pa: float, omega: float, molar_mass: float
) -> float:
    """VDI's equation in (1 - T/Tc), else Yamada and Gunn's form of Rackett."""
    from chemicals import Yamada_Gunn, volume

    row = _row(volume.rho_data_VDI_PPDS_2, cas)
    if row is None:
        return molar_mass / float(Yamada_Gunn(t_k, critical_k, critical_pa, omega))
    tau = 1.0 - t_k / float(row["Tc"])
    powers = (0.35, 2.0 / 3.0, 1.0, 4.0 / 3.0)
    terms = [float(row[name]) * tau**power for name, power in zip("ABCD", powers, strict=True)]
    return float(row["rhoc"]) + float(sum(terms))


def _heat_of_vaporisation(
    cas: str, boiling_k: float, critical_k: float, critical_pa: float, molar_mass: float
) -> float:
    """At the boiling point: VDI's equation, else Riedel's."""
    from chemicals import Riedel, phase_change

    equation: Any = phase_change.PPDS12
    row = _row(phase_change.phase_change_data_VDI_PPDS_4, cas)
    if row is None:
        return float(Riedel(boiling_k, critical_k, critical_pa)) / molar_mass
    return float(equation(boiling_k, *(float(row[name]) for name in ("Tc", *"ABCDE")))) / molar_mass


def _gas_heat_capacity(cas: str) -> float | None:
    """J/(mol K) of the ideal gas at 25 °C, None where the library has none."""
    from chemicals import TRCCp, heat_capacity

    row = _row(heat_capacity.TRC_gas_data, cas)
    if row is not None:
        return float(TRCCp(STANDARD_T_K, *(float(row[f"a{i}"]) for i in range(8))))
    row = _row(heat_capacity.Cp_data_Poling, cas)
    return None if row is None or not np.isfinite(row["Cpg"]) else float(row["Cpg"])


def _liquid_heat_capacity(
    cas: str, t_k: float, critical_k: float, omega: float, gas_cp_j_mol_k: float | None, molar_mass: float
) -> float | None:
    """J/(kg K): measured at 25 °C, else Rowlinson and Poling; None where neither is to be had."""
    from chemicals import Rowlinson_Poling, heat_capacity

    row = _row(heat_capacity.Cp_data_Poling, cas)
    if row is not None and np.isfinite(row["Cpl"]):
        return float(row["Cpl"]) / molar_mass
    if gas_cp_j_mol_k is None:
        return None
    return float(Rowlinson_Poling(t_k, critical_k, omega, gas_cp_j_mol_k)) / molar_mass


def _heat_of_combustion(cas: str, formula: dict[str, float], molar_mass: float) -> float:
    """Net, J/kg, from the heat of formation of the gas; 0 where the library has none."""
    from chemicals import Hfg, combustion_data

    formation = Hfg(cas)
    if formation is None:
        return 0.0
    net = combustion_data(formula, Hf=float(formation)).LHV
    return max(0.0, -float(net) / molar_mass)
