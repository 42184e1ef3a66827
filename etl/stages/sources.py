"""Stages of the sources of danger: their levels, and what stands too close to something."""

from __future__ import annotations

from typing import Any

from etl.stages.roads_and_lines import cover_from
from etl.stages.stage import Given, Stage, town_names
from layers.scoring.distances import find_violations
from layers.scoring.fire_cover import with_help
from layers.scoring.levels import rate_sources

RULES_JURISDICTION = "CN"


def _risk_points(given: Given) -> dict[str, Any]:
    areas = given.results["high_consequence_areas"]
    points = rate_sources(
        given.frames.plus(high_consequence_areas=areas), on=given.on, screening=given.area.screening,
        jurisdiction=given.area.jurisdiction,
    )  # fmt: skip
    points["town_name"] = town_names(points, given.frames["towns"])
    return {"risk_points": with_help(points, cover_from(given.results["fire_cover"], given.results["fire_times"]))}


def _distance_violations(given: Given) -> dict[str, Any]:
    layers = given.frames.plus(risk_points=given.results["risk_points"])
    report = find_violations(layers, given.rules, on=given.on, jurisdiction=RULES_JURISDICTION, share=given.share)
    report.violations["town_name"] = town_names(report.violations, given.frames["towns"])
    return {
        "distance_violations": report.violations,
        "no_rule_pairs": report.no_rule_pairs.to_dict("records"),
        "unassessed": report.unassessed.to_dict("records"),
    }


RISK_POINTS = Stage(
    "risk_points", "风险源定级", "levels of the sources", _risk_points,
    results=("risk_points",), is_dated=True,
    layers=("enterprises", "hazard_units", "unit_chemicals", "declared_levels", "hidden_dangers", "follow_ups", "score_items",
            "work_accidents", "job_risks", "pipelines", "road_black_spots", "towns"),
    after=("high_consequence_areas", "fire_cover", "fire_times"),
)  # fmt: skip
DISTANCES = Stage(
    "distance_violations", "安全距离", "safe distances", _distance_violations,
    results=("distance_violations", "no_rule_pairs", "unassessed"), notes=("no_rule_pairs", "unassessed"), is_dated=True,
    layers=("enterprises", "hazard_units", "unit_chemicals", "pipelines", "pipeline_stations", "pipeline_markers", "power_lines", "roads",
            "buildings", "protection_targets", "fire_stations", "water", "park_boundaries", "official_contours",
            "official_distances", "railways", "fuel_station_equipment", "storage_tanks", "substations", "fireworks_shops", "oil_gas_wells",
            "open_flame_places", "road_structures", "power_cables", "quarries", "airports", "hydraulic_works", "built_up_areas",
            "building_doors", "road_red_lines", "tailings_flow_paths", "towns"),
    after=("risk_points",),
)  # fmt: skip
