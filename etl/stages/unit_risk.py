"""Stages of hazard units: the method each is judged by, individual and societal risk, domino pairs; all screening."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np

from etl.stages.stage import Given, Stage, joined
from etl.surface import population_on_grid
from layers.scoring.assessment_scope import assessment_methods, covered
from layers.scoring.blast_rings import blast_rings
from layers.scoring.confirmations import targets_to_confirm
from layers.scoring.domino import domino_pairs
from layers.scoring.grid import Grid
from layers.scoring.people import People, residents_at_dwellings, with_staff
from layers.scoring.release_scenarios import UnitScenarios
from layers.scoring.risk_contours import INSTALLATIONS, risk_contours
from layers.scoring.risk_surface import UnitRisk
from layers.scoring.sharing import alone
from layers.scoring.societal_risk import SocietalRisk, rated_with, societal_risk
from layers.scoring.unit_risk import (
    ASSESSED_LAYERS,
    UNIT_LAYERS,
    assess,
    weather_and_rose,
)
from layers.scoring.unit_scenario_rows import scenario_rows

CONTOUR_CELL_M = 25.0
PEOPLE_CELL_M = 100.0


def _unit_risk(given: Given) -> dict[str, Any]:
    """Contours, targets to be confirmed and the method of each unit; an installation with a report's contours has none of ours."""
    known = _known(given)
    layers = {name: given.frames[name] for name in ASSESSED_LAYERS}
    found = assess(layers, on=given.on, grid=Grid.for_area(given.home_part, CONTOUR_CELL_M), known=known,
                   share=given.share or alone, terrain=given.area.terrain)
    targets = given.frames["protection_targets"]
    contours = [risk_contours(field, installation=name, on=given.on) for name, field in found.fields.items()]
    confirm = [targets_to_confirm(field, targets, installation=name, on=given.on) for name, field in found.fields_to_confirm.items()]
    weather, rose = weather_and_rose(layers)
    scenarios, events = scenario_rows(
        found, layers, weather=weather, rose=rose, terrain=given.area.terrain, kept=given.before.get("unit_events"), share=given.share or alone,
        on=given.on,
    )
    n_new = sum(table.stamp not in known for table in found.standing.tables)
    results = {
        "individual_risk": joined(contours, given.area),
        "targets_to_confirm": joined(confirm, given.area),
        "unit_methods": found.method_rows(),
        "unit_scenarios": scenarios,
        "unit_events": events,
        "unit_risk": found.unit_risk.as_plain(),
        "individual_risk_parameters": {
            **found.standing.parameters, "cell_m": CONTOUR_CELL_M, "reported": sorted(found.reported),
        },
    }  # fmt: skip
    return {**results, "told": f"{n_new} / {len(found.standing.tables)} units"} if known else results


def _known(given: Given) -> dict[str, Any]:
    """Tables of an earlier edition by their stamp."""
    kept = given.before.get("unit_risk")
    return {table.stamp: table.table for table in UnitRisk.from_plain(kept).tables} if kept else {}


def _societal_risk(given: Given) -> dict[str, Any]:
    """F-N curve, expected deaths and band of each enterprise that quantitative risk judges, and with what it plans."""
    layers, people = {name: given.frames[name] for name in UNIT_LAYERS}, _people(given)
    # the kept methods are those of standing units
    planned, _ = covered(layers, assessment_methods(layers, on=given.on), planned=True)
    ours, _ = covered(layers, given.results["unit_methods"])
    sides = {name: _societal_side(given, units, people) for name, units in zip(INSTALLATIONS, (ours, planned), strict=True)}
    standing = sides[INSTALLATIONS[0]]
    rows = {name: _societal_rows(given, side, people, name) for name, side in sides.items()}
    together = {
        "n_enterprises": len(standing.enterprises), "pll_per_year": standing.pll_per_year, "n_persons": float(people.persons.sum()),
        "has_population": _has_population(given), "n_not_assessed": len(standing.not_assessed), "terrain": given.area.terrain,
        "n_incomplete": int(standing.enterprises.is_incomplete.sum()), "n_planned": len(sides[INSTALLATIONS[1]].enterprises),
    }  # fmt: skip
    return {"societal_risk": joined(list(rows.values()), given.area), "societal_risk_parameters": together}


def _societal_side(given: Given, units: dict[str, Any], people: People) -> SocietalRisk:
    weather, rose = weather_and_rose(given.frames)
    return societal_risk(units, people=people, weather=weather, wind_rose=rose, terrain=given.area.terrain, on=given.on)


def _societal_rows(given: Given, found: SocietalRisk, people: People, installation: str) -> gpd.GeoDataFrame:
    rows = rated_with(found.enterprises, people, has_population=_has_population(given))
    is_standing = installation == INSTALLATIONS[0]
    curve_ids = rows.enterprise_id if is_standing else rows.enterprise_id + f":{installation}"
    rows = rows.assign(curve_id=curve_ids, feature_id=curve_ids, standard_id=found.standard_id, installation=installation)
    enterprises = given.frames["enterprises"]
    names = enterprises.set_index(enterprises["enterprise_id"].astype(str))["name"]
    rows["name"] = names.reindex(rows.enterprise_id).to_numpy()
    geometry = [_middle([unit for unit in found.placed if unit.enterprise_id == name]) for name in rows.enterprise_id]
    return gpd.GeoDataFrame(rows, geometry=geometry, crs=given.area.metric_crs)


def _has_population(given: Given) -> bool:
    return "population" in given.rasters


def _people(given: Given) -> People:
    """Residents of the raster in their dwellings, and the staff of plants."""
    grid = Grid.for_area(given.home_part, PEOPLE_CELL_M)
    path = given.rasters.get("population")
    persons = population_on_grid(path, grid, given.area) if path else np.full(grid.shape, np.nan)
    return with_staff(residents_at_dwellings(persons, grid, given.frames["buildings"]), given.frames["enterprises"])


def _middle(units: list[UnitScenarios]) -> Any:
    """The middle of an enterprise's units."""
    return gpd.points_from_xy([unit.x_m for unit in units], [unit.y_m for unit in units]).union_all().centroid


def _blast_rings(given: Given) -> dict[str, Any]:
    """How far explosives are felt; for reference where another standard judges the store."""
    methods = given.results["unit_methods"]
    elsewhere = frozenset(methods.unit_id[methods.method == "out_of_scope"].astype(str))
    layers = {name: given.frames[name] for name in UNIT_LAYERS}
    return {"blast_rings": blast_rings(layers, reference=elsewhere, on=given.on)}


def _domino_pairs(given: Given) -> dict[str, Any]:
    weather, _ = weather_and_rose(given.frames)
    return {"domino_pairs": domino_pairs(given.frames, weather=weather, terrain=given.area.terrain)}


UNIT_RISK = Stage(
    "unit_risk", "个人风险(筛查)", "individual risk (screening)", _unit_risk,
    results=("individual_risk", "targets_to_confirm", "unit_methods", "unit_scenarios", "unit_events", "unit_risk", "individual_risk_parameters"),
    notes=("individual_risk_parameters",), before=("unit_risk", "unit_events"), is_dated=True,
    layers=(*ASSESSED_LAYERS, "protection_targets"),
)  # fmt: skip
BLAST_RINGS = Stage(
    "blast_rings", "爆炸物超压范围(筛查)", "overpressure of explosives (screening)", _blast_rings,
    results=("blast_rings",), layers=UNIT_LAYERS, after=("unit_methods",), dated_rules=("blast_limits",),
)  # fmt: skip
SOCIETAL_RISK = Stage(
    "societal_risk", "社会风险(筛查)", "societal risk (screening)", _societal_risk,
    results=("societal_risk", "societal_risk_parameters"), notes=("societal_risk_parameters",),
    layers=(*UNIT_LAYERS, "buildings", "population", "weather"), after=("unit_methods",),
    dated_rules=("societal_risk_criteria", "critical_quantities", "category_quantities"),
)  # fmt: skip
DOMINO = Stage(
    "domino_pairs", "多米诺筛查", "domino screening", _domino_pairs,
    results=("domino_pairs",), layers=(*UNIT_LAYERS, "weather"),
)  # fmt: skip
