"""Stages of hazard units: the method each is judged by, individual and societal risk, domino pairs; all screening."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from etl.stages.stage import Given, Stage, joined
from etl.surface import population_on_grid
from layers.scoring.assessment_scope import assessment_methods, covered
from layers.scoring.confirmations import targets_to_confirm
from layers.scoring.contours import is_valid_on
from layers.scoring.domino import domino_pairs
from layers.scoring.frequencies import WeatherClass, WindRose, weather_of
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import INSTALLATIONS, RiskField, individual_risk, risk_contours
from layers.scoring.people import residents_at_dwellings, with_staff
from layers.scoring.release_scenarios import NOT_SOURCES, NotAssessed, UnitScenarios
from layers.scoring.risk_surface import UnitRisk
from layers.scoring.societal_risk import societal_risk

CONTOUR_CELL_M = 25.0
PEOPLE_CELL_M = 100.0
UNIT_LAYERS = ("hazard_units", "unit_chemicals", "enterprises")
METHOD_FIELDS = ["unit_id", "enterprise_id", "name", "method", "reason_zh", "reason_en", "n_scenarios", "reach_m",
                 "has_report", "not_assessed_zh", "not_assessed_en", "rule_id", "clause", "feature_id"]  # fmt: skip


def _unit_risk(given: Given) -> dict[str, Any]:
    """Contours, targets to be confirmed and the method of each unit; an installation with a valid report has none of ours."""
    methods = assessment_methods(given.frames)
    official = _valid_reports(given)
    reported = set(official["enterprise_id"].dropna().astype(str))
    ours, others = covered(_without(given.frames, reported), methods)
    new, _ = covered(_without(given.frames, reported), methods, planned=True)
    known = _known(given)
    standing = _field(given, ours, known)
    fields = [(INSTALLATIONS[0], standing)]
    if len(new["hazard_units"]):
        fields.append((INSTALLATIONS[1], _field(given, new, known)))
    targets = given.frames["protection_targets"]
    contours = [risk_contours(field, installation=name) for name, field in fields]
    confirm = [targets_to_confirm(field, targets, installation=name) for name, field in fields]
    not_assessed = (*standing.not_assessed, *others)
    n_known = sum(table.stamp in known for table in standing.tables)
    found = {
        "individual_risk": joined(contours, given.area),
        "targets_to_confirm": joined(confirm, given.area),
        "unit_methods": _method_rows(given, methods, standing, not_assessed, reported),
        "unit_risk": UnitRisk(standing.tables, official, _open_units(given, methods, standing, reported)).as_plain(),
        "individual_risk_parameters": {**standing.parameters, "cell_m": CONTOUR_CELL_M, "reported": sorted(reported)},
    }
    told = f"{len(standing.tables) - n_known} / {len(standing.tables)} units"
    return {**found, "told": told} if n_known else found


def _known(given: Given) -> dict[str, Any]:
    """Tables of an earlier edition by their stamp."""
    kept = given.before.get("unit_risk")
    return {table.stamp: table.table for table in UnitRisk.from_plain(kept).tables} if kept else {}


def _field(given: Given, layers: dict[str, pd.DataFrame], known: dict[str, Any]) -> RiskField:
    weather, rose = _weather(given)
    grid = Grid.for_area(given.home_part, CONTOUR_CELL_M)
    return individual_risk(layers, grid=grid, weather=weather, wind_rose=rose, known=known)


def _weather(given: Given) -> tuple[tuple[WeatherClass, ...] | None, WindRose | None]:
    return weather_of(given.frames.get("weather")) or (None, None)


def _valid_reports(given: Given) -> gpd.GeoDataFrame:
    frame = given.frames["official_contours"]
    valid = frame[is_valid_on(frame, given.on)] if len(frame) else frame
    return gpd.GeoDataFrame(valid, geometry="geometry", crs=given.area.metric_crs)


def _without(frames: Any, enterprises: set[str]) -> dict[str, pd.DataFrame]:
    units = frames["hazard_units"]
    return {**{name: frames[name] for name in UNIT_LAYERS}, "hazard_units": units[~units["enterprise_id"].isin(enterprises)]}


def _method_rows(
    given: Given, methods: pd.DataFrame, risk: RiskField, not_assessed: tuple[NotAssessed, ...], reported: set[str]
) -> pd.DataFrame:
    """Rows of the layer `unit_methods`: every standing unit with the method that judges it and what is missing."""
    units = given.frames["hazard_units"]
    standing = units[~units["status"].isin(NOT_SOURCES)].set_index("unit_id", drop=False)
    rows = methods[methods.unit_id.isin(standing.index)].copy()
    computed = risk.units.set_index("unit_id")
    rows["name"] = standing["name"].reindex(rows.unit_id).to_numpy()
    for column in ("n_scenarios", "reach_m"):
        rows[column] = computed[column].reindex(rows.unit_id).to_numpy()
    rows["has_report"] = rows.enterprise_id.isin(reported).to_numpy()
    is_judged = dict(zip(rows.unit_id, rows.method == "qra", strict=True))
    for lang in ("zh", "en"):
        said: dict[str, list[str]] = {}
        for entry in not_assessed:
            if is_judged.get(entry.unit_id):
                said.setdefault(entry.unit_id, []).append(_said(entry, lang))
        rows[f"not_assessed_{lang}"] = ["; ".join(said[unit]) if unit in said else None for unit in rows.unit_id]
    rows["feature_id"] = rows.unit_id
    return rows[METHOD_FIELDS].reset_index(drop=True)


def _said(entry: NotAssessed, lang: str) -> str:
    reason = entry.reason_zh if lang == "zh" else entry.reason_en
    return f"{entry.chemical_name}: {reason}" if entry.chemical_name else reason


def _open_units(given: Given, methods: pd.DataFrame, risk: RiskField, reported: set[str]) -> gpd.GeoDataFrame:
    """Placed units that quantitative risk judges, or may judge, without any figure: their surroundings are not rated."""
    units = given.frames["hazard_units"]
    meant = methods.unit_id[methods.method.isin(["qra", "unknown"]) & ~methods.enterprise_id.isin(reported)]
    computed = set(risk.units.unit_id)
    is_open = units["unit_id"].astype(str).isin(set(meant) - computed) & ~units["status"].isin(NOT_SOURCES)
    return gpd.GeoDataFrame(units[is_open & units.geometry.notna()], geometry="geometry", crs=given.area.metric_crs)


def _societal_risk(given: Given) -> dict[str, Any]:
    """F-N curve, expected deaths and band of each enterprise that quantitative risk judges."""
    ours, _ = covered({name: given.frames[name] for name in UNIT_LAYERS}, given.results["unit_methods"])
    weather, rose = _weather(given)
    enterprises = given.frames["enterprises"]
    grid = Grid.for_area(given.home_part, PEOPLE_CELL_M)
    path = given.rasters.get("population")
    persons = population_on_grid(path, grid, given.area) if path else np.full(grid.shape, np.nan)
    people = with_staff(residents_at_dwellings(persons, grid, given.frames["buildings"]), enterprises)
    found = societal_risk(ours, people=people, weather=weather, wind_rose=rose)
    rows = found.enterprises.assign(feature_id=found.enterprises.enterprise_id, standard_id=found.standard_id)
    owners = enterprises.set_index(enterprises["enterprise_id"].astype(str))
    rows["name"] = owners["name"].reindex(rows.enterprise_id).to_numpy()
    geometry = [_middle([unit for unit in found.placed if unit.enterprise_id == name]) for name in rows.enterprise_id]
    together = {"n_enterprises": len(rows), "pll_per_year": found.pll_per_year, "n_persons": float(people.persons.sum()),
                "has_population": path is not None, "not_assessed": len(found.not_assessed)}  # fmt: skip
    return {
        "societal_risk": gpd.GeoDataFrame(rows, geometry=geometry, crs=given.area.metric_crs),
        "societal_risk_parameters": together,
    }


def _middle(units: list[UnitScenarios]) -> Any:
    """The middle of an enterprise's units."""
    points = gpd.points_from_xy([unit.x_m for unit in units], [unit.y_m for unit in units])
    return points.union_all().centroid


def _domino_pairs(given: Given) -> dict[str, Any]:
    weather, _ = _weather(given)
    return {"domino_pairs": domino_pairs(given.frames, weather=weather)}


UNIT_RISK = Stage(
    "unit_risk", "个人风险(筛查)", "individual risk (screening)", _unit_risk,
    results=("individual_risk", "targets_to_confirm", "unit_methods", "unit_risk", "individual_risk_parameters"),
    notes=("individual_risk_parameters",), before=("unit_risk",), is_dated=True,
    layers=(*UNIT_LAYERS, "protection_targets", "official_contours", "weather"),
)  # fmt: skip
SOCIETAL_RISK = Stage(
    "societal_risk", "社会风险(筛查)", "societal risk (screening)", _societal_risk,
    results=("societal_risk", "societal_risk_parameters"), notes=("societal_risk_parameters",),
    layers=(*UNIT_LAYERS, "buildings", "population", "weather"), after=("unit_methods",),
)  # fmt: skip
DOMINO = Stage(
    "domino_pairs", "多米诺筛查", "domino screening", _domino_pairs,
    results=("domino_pairs",), layers=(*UNIT_LAYERS, "weather"),
)  # fmt: skip
