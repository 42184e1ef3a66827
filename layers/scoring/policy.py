"""Reads the policies (评定方案): how levels of sources become levels of cells, zones and towns.

A policy is a table of values chosen by name and printed on every map. None of it is a standard.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.catalog import LEVELS, read_toml, strict
from layers.errors import CatalogError, RuleTableError
from layers.scoring.major_hazard import FORMS
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

POLICIES_DIR = RULES_DIR / "policies"
METHODS = ("weighted_index", "grid_maximum", "individual_risk")
UNRATED = LEVELS[4]
RATED = LEVELS[:4]
"""Levels that a colour stands for, worst first; the code of a level in a raster is its place here plus 1."""
LEVEL_CODES = {level: code for code, level in enumerate(RATED, start=1)}
RADIUS_FORMULAS = ("fixed", "blast", "impact")


@dataclass(frozen=True)
class Cuts:
    """Lower bounds of the four levels, included."""

    red: float
    orange: float
    yellow: float
    blue: float

    def __iter__(self) -> Any:
        return iter((self.red, self.orange, self.yellow, self.blue))

    def level_of(self, value: float) -> str:
        """The level whose lower bound `value` reaches; ``unrated`` below the last and for NaN.

        >>> Cuts(70, 45, 20, 2).level_of(45)
        'orange'
        """
        for level, bound in zip(RATED, self, strict=True):
            if value >= bound:
                return level
        return "unrated"


@dataclass(frozen=True)
class Vulnerability:
    """Factor V of a cell by persons per km²; `sensitive_factor` with a sensitive target in the cell."""

    density_from_per_km2: tuple[float, ...]
    factor: tuple[float, ...]
    sensitive_classes: tuple[str, ...]
    sensitive_factor: float
    unknown_factor: float


@dataclass(frozen=True)
class TownRule:
    """How a town gets its colour; the cuts are needed by ``percentile`` only."""

    method: str
    n_red_for_a_step: int
    red_source_floor: str
    max_unrated_pct: float
    percentile: float = 0.0
    red: float = 0.0
    orange: float = 0.0
    yellow: float = 0.0

    @property
    def cuts(self) -> Cuts:
        return Cuts(self.red, self.orange, self.yellow, 0.0)


@dataclass(frozen=True)
class Policy:
    """One way from sources to colours; `index_from`, `footprint_from`, `vulnerability` of a weighted index only.

    `risk_from` are bounds of the individual risk per year; around a unit without a figure `unrated_radius_m` stays open.
    """

    id: str
    title_zh: str
    title_en: str
    version: str
    method: str
    strengths: str
    source_zh: str
    source_en: str
    town: TownRule
    index_from: Cuts | None = None
    footprint_from: Cuts | None = None
    vulnerability: Vulnerability | None = None
    risk_from: Cuts | None = None
    unrated_radius_m: float = 300.0


def policies(folder: Path = POLICIES_DIR) -> tuple[str, ...]:
    """Identifiers of the policies there are, the default first."""
    found = sorted(
        (path.stem for path in folder.glob("*.toml")), key=lambda name: ("weighted" not in name, name)
    )
    return tuple(found)


@lru_cache(maxsize=16)
def load_policy(policy_id: str, folder: Path = POLICIES_DIR) -> Policy:
    """A checked policy; raises `RuleTableError` for an unknown name, key or value."""
    path = folder / f"{policy_id}.toml"
    require(policy_id in policies(folder), path, f"no such policy; known: {', '.join(policies(folder))}")
    try:
        policy = _from_table(read_toml(path), path)
    except CatalogError as error:
        raise RuleTableError(str(error)) from error
    _check(policy, path)
    return policy


def _from_table(table: Mapping[str, Any], path: Path) -> Policy:
    parts: dict[str, Any] = {
        name: strict(part, table[name], path) for name, part in _PARTS.items() if table.get(name) is not None
    }
    plain = {name: value for name, value in table.items() if name not in _PARTS}
    return strict(Policy, plain, path, **parts)


def recorded_policy(table: Mapping[str, Any]) -> Policy:
    """The policy that an edition kept as a table (`as_table`), whatever became of the file since."""
    return _from_table(table, Path("the edition's record"))


_PARTS: dict[str, type[Any]] = {
    "index_from": Cuts,
    "footprint_from": Cuts,
    "risk_from": Cuts,
    "vulnerability": Vulnerability,
    "town": TownRule,
}


def _check(policy: Policy, path: Path) -> None:
    require(policy.id == path.stem, path, f"id {policy.id!r} differs from the file's name")
    require(policy.method in METHODS, path, f"method {policy.method!r} is none of {METHODS}")
    load_strengths(policy.strengths, path.parent)
    town = policy.town
    require(town.method in ("percentile", "maximum"), path, "town.method must be percentile or maximum")
    require(town.red_source_floor in RATED, path, "town.red_source_floor is no level")
    if town.method == "percentile":
        require(
            100 >= town.red > town.orange > town.yellow > 0, path, "town cuts must fall from red to yellow"
        )
        require(0 < town.percentile < 100, path, "town.percentile must lie between 0 and 100")
    require((policy.method == "individual_risk") == (policy.risk_from is not None), path, "risk_from is of individual risk")
    if policy.risk_from is not None:
        values = [1.0, *policy.risk_from, 0.0]
        require(values == sorted(set(values), reverse=True), path, "risk_from must fall from red to blue, above 0")
    if policy.method == "weighted_index":
        _check_index(policy, path)


def _check_index(policy: Policy, path: Path) -> None:
    index, footprint, vulnerability = policy.index_from, policy.footprint_from, policy.vulnerability
    if index is None or footprint is None or vulnerability is None:
        raise RuleTableError(
            f"{path.name}: a weighted index needs index_from, footprint_from and vulnerability"
        )
    for cuts, top in ((index, 100.0), (footprint, 1.0)):
        values = [top, *cuts]
        require(values == sorted(set(values), reverse=True), path, "bounds must fall from red to blue")
    require(footprint.blue == 0 and index.blue > 0, path, "footprint_from.blue is 0, index_from.blue above 0")
    density, factor = vulnerability.density_from_per_km2, vulnerability.factor
    require(len(density) == len(factor) and density[0] == 0, path, "densities begin at 0, one factor each")
    require(list(density) == sorted(set(density)), path, "densities must rise")
    require(list(factor) == sorted(factor) and factor[0] > 0, path, "a factor must not fall as density rises")


def as_table(policy: Policy) -> dict[str, Any]:
    """The policy as plain values, for an edition's record and for printing."""
    return dataclasses.asdict(policy)


@lru_cache(maxsize=4)
def load_source_classes(folder: Path = POLICIES_DIR) -> pd.DataFrame:
    """Kinds of sources that the policies know, indexed by ``source_class``: titles, radius while unrated, fire.

    ``inherent_level`` holds for kinds of one strength: the level of that strength in 综合指数-2026A.
    """
    path = folder / "source_classes.csv"
    table = read_rules(
        path,
        texts=("source_class", "title_zh", "title_en", "inherent_level", "default_office_zh"),
        numbers=("unrated_radius_m",),
        flags=("is_fire",),
        codes={"inherent_level": ("", *RATED)},
    )
    require(table.source_class.is_unique, path, "a source_class stands twice")
    return table.set_index("source_class", drop=False)


@lru_cache(maxsize=4)
def load_strengths(name: str = "source_strengths_2026A", folder: Path = POLICIES_DIR) -> pd.DataFrame:
    """Strength S and radius R by source class, form and grade, indexed by these three.

    An empty form or grade holds for all. ``radius_formula``: ``fixed``; ``blast``, coefficient times the cube
    root of kg TNT; ``impact``, coefficient times sqrt(d² p), at least ``radius_m``. Of a transmission line without
    figures ``assumed_pressure_mpa`` stands for the pressure, ``radius_unknown_m`` for what depends on the diameter.
    """
    path = folder / f"{name}.csv"
    classes = load_source_classes(folder)
    table = read_rules(
        path,
        texts=("source_class", "form", "grade", "radius_formula"),
        numbers=("strength",),
        optional_numbers=("radius_m", "radius_coefficient", "radius_unknown_m", "assumed_pressure_mpa"),
        flags=("is_assumption",),
        codes={
            "source_class": classes.source_class,
            "form": ("", *FORMS),
            "radius_formula": RADIUS_FORMULAS,
            "grade": ("", "1", "2", "3", "4", *RATED),
        },
    )
    is_fixed = table.radius_formula == "fixed"
    has_formula = table.radius_coefficient.gt(0) & table.radius_unknown_m.gt(0)
    require(bool((table.radius_m.gt(0) | ~is_fixed).all()), path, "a fixed radius must be positive")
    require(
        bool((has_formula | is_fixed).all()), path, "a formula needs its coefficient and radius_unknown_m"
    )
    has_pressure = table.assumed_pressure_mpa.gt(0) & table.radius_unknown_m.ge(table.radius_m)
    require(
        bool((has_pressure | (table.radius_formula != "impact")).all()),
        path,
        "an impact radius needs assumed_pressure_mpa, and radius_unknown_m not below radius_m",
    )
    require(bool(table.strength.between(0, 1, inclusive="right").all()), path, "strength lies in (0, 1]")
    keys = ["source_class", "form", "grade"]
    require(not table.duplicated(keys).any(), path, "class, form and grade stand twice")
    _check_monotone(table, path)
    return table.set_index(keys, drop=False).sort_index()


def _check_monotone(table: pd.DataFrame, path: Path) -> None:
    rank = {grade: place for place, grade in enumerate(["1", "2", "3", "4"])} | LEVEL_CODES
    graded = table[table.grade != ""]
    ordered = graded.assign(rank=graded.grade.map(rank)).sort_values("rank", kind="stable")
    for key, part in ordered.groupby(["source_class", "form"]):
        radii = part.radius_m.dropna()
        require(len(part) == 4, path, f"{key}: a graded class needs all four grades")
        require(part.strength.is_monotonic_decreasing, path, f"{key}: strength must fall from worst to best")
        require(radii.is_monotonic_decreasing, path, f"{key}: radius must fall from worst to best")
