"""What-if questions: an edition's county is held in memory, a question is answered from it, and nothing is kept."""

from __future__ import annotations

import dataclasses
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts
from app.errors import RequestError
from app.frames import FrameMemory
from app.parameters import choice, number, plain_text
from app.pipeline_conflicts import JURISDICTION, rules_date
from app.plain import plain
from app.risk_memory import RiskMemory
from app.societal import limits
from app.texts import Text
from layers.catalog import Catalog
from layers.rasters import persons_on_grid
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.edits import (
    ACTIONS,
    MOST_EDITS,
    MOST_TONNES,
    SOURCE_LAYERS,
    Edit,
)
from layers.scoring.fire_cover import fire_cover
from layers.scoring.grid import Grid
from layers.scoring.major_hazard import load_major_hazard_rules
from layers.scoring.people import residents_at_dwellings
from layers.scoring.policy import Policy
from layers.scoring.risk_reasons import level_at
from layers.scoring.rules import RuleSet
from layers.scoring.targets import strictest_classes
from layers.scoring.unit_risk import ASSESSED_LAYERS
from layers.scoring.what_if import (
    County,
    Outcome,
    risk_of,
    what_if,
    zones_of,
)
from layers.scoring.what_if_risk import RiskChange
from layers.scoring.what_if_societal import Residents, SocietalChange

KEYS = ("edits", "policy", "policy_after")
EDIT_KEYS = ("action", "layer", "id", "chemical", "amount_t", "lon", "lat", "name", "enterprise_id")
COUNTIES_REMEMBERED = 2
DISTANCE_LAYERS = (
    "enterprises", "hazard_units", "unit_chemicals", "pipelines", "pipeline_stations", "pipeline_markers", "power_lines", "roads", "buildings",
    "protection_targets", "fire_stations", "water", "park_boundaries", "official_contours", "official_distances",
    "railways", "fuel_station_equipment", "storage_tanks", "substations", "fireworks_shops", "oil_gas_wells",
    "open_flame_places", "road_structures", "power_cables", "quarries", "airports", "hydraulic_works", "built_up_areas",
    "building_doors", "road_red_lines", "tailings_flow_paths", "towns",
)  # fmt: skip
GROUND_LAYERS = frozenset({"buildings", "roads"})
"""Layers that count where they lie and nowhere else, and that no question changes."""
OWNER_FIELDS = ("enterprise_id", "unit_id")
TOLD_OF_SOURCE = ("name", "kind", "level", "reason_zh", "reason_en", "strength", "radius_m", "s_value", "major_hazard_level", "missing")
TOLD_OF_VIOLATION = (
    "violation_id", "rule_id", "clause", "subject_name", "object_layer", "object_feature_id", "object_name", "required_m",
    "actual_m", "shortfall_m", "certainty",
)  # fmt: skip


NOTE = Text("试算,不入库。改变储量的单元不再采用备案级别;高后果区、事故多发点段、消防时间按本版次。")
RISK_NOTE = Text("个人风险为筛查结果,不作为外部安全防护距离;评价报告按变动前的装置编制,变动企业以筛查代替;新增单元按新建装置的限值核对。")


SOCIETAL_NOTE = Text("社会风险为筛查结果,只计变动企业;新增和移动的单元按已投用计,居民按人口和住宅、周边企业员工在内。")
PEOPLE_CELL_M = 100.0
"""Cells of the residents, as in the scoring of societal risk."""


class CountyMemory:
    """The counties asked of late; each is put together once, by the first who asks."""

    def __init__(self, catalog: Catalog, frames: FrameMemory, rules: RuleSet, home: Path, risks: RiskMemory) -> None:
        self._catalog, self._frames, self._rules, self._home, self._risks = catalog, frames, rules, home, risks
        self._held: OrderedDict[object, County] = OrderedDict()
        self._lock = threading.Lock()

    def county(self, connection: sa.Connection, facts: EditionFacts) -> County:
        """The edition as the what-if functions take it."""
        with self._lock:
            found = self._held.get(facts.edition)
            if found is None:
                found = self._held[facts.edition] = self._read(connection, facts)
            self._held.move_to_end(facts.edition)
            while len(self._held) > COUNTIES_REMEMBERED:
                self._held.popitem(last=False)
        return found

    def _read(self, connection: sa.Connection, facts: EditionFacts) -> County:
        layer_ids = [*_layers_needed(self._catalog), "risk_points", "distance_violations"]
        frames = self._frames_of(connection, facts, layer_ids)
        points, violations = frames.pop("risk_points"), frames.pop("distance_violations")
        outline, grid = facts.in_metres(facts.boundary), _grid(facts)
        home_part = facts.in_metres(shapely.intersection(facts.boundary, shapely.box(*facts.area["home"])))
        county = County(
            frames=frames,
            points=points,
            violations=violations,
            targets=strictest_classes(gpd.GeoDataFrame(frames["protection_targets"]), self._rules.target_sizes),
            policies=computed_policies(facts),
            grid=grid,
            persons=self._persons(facts, grid),
            mask=grid.mask_of(home_part),
            outline=outline,
            cover=fire_cover(frames, outline, facts.metric_crs),
            rules=self._rules,
            on=rules_date(facts),
            crs=facts.metric_crs,
            screening=str(facts.area.get("screening") or ""),
            terrain=str(facts.area.get("terrain") or TERRAINS[0]),
            jurisdiction=str(facts.area.get("jurisdiction") or ""),
            rules_jurisdiction=JURISDICTION,
            known={table.stamp: table.table for table in self._risks.risk(connection, facts).tables},
            residents=self._residents(facts, home_part, frames["buildings"]),
        )
        risk_of(county)
        for policy_id in list(county.policies)[:1]:  # that of the map; the others when they are asked about
            zones_of(county, policy_id)
        return county

    def _frames_of(self, connection: sa.Connection, facts: EditionFacts, layer_ids: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Frames of layers; large ones that nothing is changed in are those that siting holds in memory, if it does."""
        held = self._frames.whole(connection, facts, [name for name in layer_ids if name in GROUND_LAYERS])
        return self._frames.everything(connection, facts, [name for name in layer_ids if name not in held]) | held

    def _persons(self, facts: EditionFacts, grid: Grid) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        paths = [self._home / raster.path for raster in facts.rasters if raster.layer == "population"]
        return persons_on_grid(paths[0], grid, facts.metric_crs) if paths else None

    def _residents(self, facts: EditionFacts, home_part: shapely.Geometry, buildings: pd.DataFrame) -> Residents:
        """Who lives there, as the scoring of societal risk takes it."""
        grid = Grid.for_area(home_part, PEOPLE_CELL_M)
        persons = self._persons(facts, grid)
        known = np.full(grid.shape, np.nan) if persons is None else persons
        return Residents(residents_at_dwellings(known, grid, gpd.GeoDataFrame(buildings)), persons is not None)


def _layers_needed(catalog: Catalog) -> list[str]:
    """Layers of the distance rules and of individual risk, and whatever belongs to an enterprise or a unit."""
    owned = [
        layer.id
        for layer in catalog.loaded
        if layer.has_table and any(entry.name in OWNER_FIELDS for entry in layer.fields)
    ]
    return list(dict.fromkeys([*DISTANCE_LAYERS, *ASSESSED_LAYERS, *owned]))


def _grid(facts: EditionFacts) -> Grid:
    grids = [raster.info["grid"] for raster in facts.rasters if raster.layer == "risk_index"]
    if not grids:
        raise RequestError("ed", Text("本版次没有风险栅格"))
    return Grid(**grids[0])


def computed_policies(facts: EditionFacts) -> dict[str, Policy]:
    """The edition's policies, that of the map first."""
    ids = sorted((entry["id"] for entry in facts.policies), key=lambda name: name != facts.policy)
    return {policy_id: facts.recorded(policy_id) for policy_id in ids}


def choices(facts: EditionFacts) -> dict[str, Any]:
    """What the form offers: policies, named chemicals, and how many changes fit in one question."""
    policies = [
        {"id": policy.id, "title_zh": policy.title_zh, "title_en": policy.title_en} for policy in computed_policies(facts).values()
    ]
    chemicals = load_major_hazard_rules().chemicals
    named = [{"name": row.name_zh, "cas": row.cas} for row in chemicals.itertuples()]
    return {"policies": policies, "chemicals": named, "most_edits": MOST_EDITS, "actions": list(ACTIONS),
            "source_layers": list(SOURCE_LAYERS)}


def source_of(county: County, layer_id: str, feature_id: str) -> dict[str, Any]:
    """An enterprise or unit with the units and amounts that an edit can name."""
    choice("layer", layer_id, SOURCE_LAYERS)
    frame = county.frames[layer_id]
    mine = frame[frame["feature_id"] == feature_id]
    if mine.empty:
        raise RequestError("id", Text("{layer_id} 中没有 {feature_id}", layer_id=layer_id, feature_id=feature_id))
    owner = str(mine["enterprise_id"].iloc[0])
    units, chemicals = county.frames["hazard_units"], county.frames["unit_chemicals"]
    chosen = units[units["enterprise_id"] == owner] if layer_id == "enterprises" else mine
    told = [
        {"layer": "hazard_units", "id": unit["feature_id"], "name": plain(unit["name"]), "chemicals": [
            {"name": plain(row["chemical_name"]), "cas": plain(row["cas"]), "amount_t": plain(row["amount_t"])}
            for row in chemicals[chemicals["unit_id"] == unit["unit_id"]].to_dict("records")
        ]}
        for unit in chosen.to_dict("records")
    ]  # fmt: skip
    return {"layer": layer_id, "id": feature_id, "name": plain(mine["name"].iloc[0]), "enterprise_id": owner,
            "is_plant": layer_id == "enterprises", "units": told}


def read_edits(body: dict[str, Any], facts: EditionFacts) -> list[Edit]:
    """The changes that a request asks for; raises an `InputError` that names the field of a wrong one."""
    edits = body.get("edits", [])
    if not isinstance(edits, list) or len(edits) > MOST_EDITS:
        raise RequestError("edits", Text("应为最多 {most} 项的列表", most=MOST_EDITS))
    if not edits and not body.get("policy_after"):
        raise RequestError("edits", Text("至少需要一项变化"))
    return [_read_edit(entry, f"edits.{place}", facts) for place, entry in enumerate(edits)]


def _read_edit(entry: Any, where: str, facts: EditionFacts) -> Edit:
    if not isinstance(entry, dict):
        raise RequestError(where, Text("应为 JSON 对象"))
    for key in entry:
        if key not in EDIT_KEYS:
            raise RequestError(f"{where}.{key[:40]}", Text("没有这个字段;可用:{known}", known=", ".join(EDIT_KEYS)))
    texts = {key: plain_text(f"{where}.{key}", entry.get(key) or "") for key in ("id", "chemical", "name", "enterprise_id")}
    action = choice(f"{where}.action", entry.get("action"), ACTIONS)
    amount_t = entry.get("amount_t")
    if action in ("amount", "add"):
        amount_t = number(f"{where}.amount_t", amount_t, least=0, most=MOST_TONNES)
    return Edit(
        action=action,
        layer=choice(f"{where}.layer", entry.get("layer", "hazard_units"), SOURCE_LAYERS),
        amount_t=float("nan") if amount_t is None else float(amount_t),
        place=_place(entry, where, facts) if action in ("move", "add") else None,
        **texts,
    )


def _place(entry: dict[str, Any], where: str, facts: EditionFacts) -> shapely.Point:
    lon = number(f"{where}.lon", entry.get("lon"), least=-180, most=180)
    lat = number(f"{where}.lat", entry.get("lat"), least=-90, most=90)
    place: shapely.Point = facts.in_metres(shapely.Point(lon, lat))
    if not facts.ground.cover(place).all():
        raise RequestError(f"{where}.lon", Text("位置在辖区以外"))
    return place


def answer(county: County, facts: EditionFacts, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of ``POST /api/what-if``."""
    edits = read_edits(body, facts)
    known = list(county.policies)
    policy = choice("policy", body.get("policy") or facts.policy, known)
    policy_after = choice("policy_after", body.get("policy_after") or policy, known)
    return told(facts, what_if(county, edits, policy=policy, policy_after=policy_after), policy, policy_after)


def endangered(county: County, facts: EditionFacts, edits: Sequence[Edit]) -> dict[str, Any]:
    """What hazardous units on a site would endanger, by the policy of the map; a site with an area counts whole."""
    policy = facts.policy if facts.policy in county.policies else next(iter(county.policies))
    answer = told(facts, what_if(county, edits, policy=policy), policy, policy)
    return {key: answer[key] for key in ("policy", "levels", "sources", "targets", "violations", "changes", "risk", "societal", "note_zh", "note_en")}


def told(facts: EditionFacts, outcome: Outcome, policy: str, policy_after: str) -> dict[str, Any]:
    """An outcome as JSON, geometries in degrees."""
    grid = outcome.before.grid
    return {
        "policy": policy,
        "policy_after": policy_after,
        "levels": plain(outcome.levels),
        "sources": [_told_source(entry) for entry in outcome.sources],
        "targets": [
            {**{key: plain(value) for key, value in row.items() if key != "geometry"}, "geometry": _geojson(facts, row["geometry"])}
            for row in outcome.targets
        ],
        "violations": {
            "added": _told_rows(facts, outcome.violations_added, TOLD_OF_VIOLATION),
            "gone": _told_rows(facts, outcome.violations_gone, TOLD_OF_VIOLATION),
        },
        "zones": {
            "before": _features(facts, outcome.zones_gone, ("zone_id", "level", "area_m2", "max_index")),
            "after": _features(facts, outcome.zones_new, ("zone_id", "level", "area_m2", "max_index")),
        },
        "changes": _features(facts, outcome.changes, ("level_before", "level_after", "area_m2")),
        "risk": None if outcome.risk is None else _told_risk(facts, outcome.risk),
        "societal": None if outcome.societal is None else _told_societal(facts, outcome, outcome.societal),
        "cells": {"computed": outcome.update.n_cells, "all": grid.rows * grid.cols, "cell_m": grid.cell_m},
        "edition": facts.edition.number,
        "edition_label": facts.edition.label,
        **NOTE.fields("note"),
    }  # fmt: skip


def _told_risk(facts: EditionFacts, risk: RiskChange) -> dict[str, Any]:
    """Contours before and after, and the targets that cross a criterion; geometries in degrees."""
    policy = next((found for found in computed_policies(facts).values() if found.risk_from is not None), None)
    names = ("installation", "risk_per_year", "holds_for_zh", "holds_for_en", "area_before_km2", "area_after_km2")
    contours = [
        {**{name: plain(row[name]) for name in names}, "level": level_at(row["risk_per_year"], policy) if policy else None,
         "before": _geojson(facts, row["geometry_before"]), "after": _geojson(facts, row["geometry"])}
        for row in risk.contours.to_dict("records")
    ]  # fmt: skip
    crossed = [{**{name: plain(value) for name, value in row.items() if name != "geometry"}, "geometry": _geojson(facts, row["geometry"])}
               for row in risk.crossed]  # fmt: skip
    return {
        "contours": contours,
        "crossed": crossed,
        "set_aside": list(risk.set_aside),
        "not_assessed": [plain(dataclasses.asdict(entry)) for entry in risk.not_assessed],
        **RISK_NOTE.fields("note"),
    }


def _told_societal(facts: EditionFacts, outcome: Outcome, societal: SocietalChange) -> dict[str, Any]:
    """F-N curve, expected deaths and band of each touched enterprise before and after, with the lines of the criterion."""
    names = {row["enterprise_id"]: row["name"] for row in outcome.points[["enterprise_id", "name"]].to_dict("records")}
    return {
        "enterprises": [{"name": plain(names.get(row["enterprise_id"])), **plain(row)} for row in societal.rows],
        "limits": limits(rules_date(facts)),
        "not_judged": [plain(dataclasses.asdict(entry)) for entry in societal.not_judged],
        **SOCIETAL_NOTE.fields("note"),
    }


def _told_source(entry: dict[str, Any]) -> dict[str, Any]:
    sides = {
        side: None if entry[side] is None else {name: plain(entry[side].get(name)) for name in TOLD_OF_SOURCE}
        for side in ("before", "after")
    }
    known = entry["after"] or entry["before"]
    return {"point_id": entry["point_id"], "name": plain(known["name"]), "layer": known["source_layer"], "id": known["source_feature_id"], **sides}


def _geojson(facts: EditionFacts, geometry: shapely.Geometry) -> Any:
    return None if geometry is None else shapely.geometry.mapping(shapely.set_precision(facts.in_degrees(geometry), 1e-7, mode="pointwise"))


def _told_rows(facts: EditionFacts, frame: gpd.GeoDataFrame, names: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = frame[list(names)].to_dict("records")
    return [
        {**{str(name): plain(value) for name, value in row.items()}, "line": _geojson(facts, line)}
        for row, line in zip(rows, frame.geometry.to_numpy(), strict=True)
    ]


def _features(facts: EditionFacts, frame: gpd.GeoDataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    rows = frame[list(names)].to_dict("records")
    features = [
        {"type": "Feature", "geometry": _geojson(facts, geometry), "properties": {str(name): plain(value) for name, value in row.items()}}
        for row, geometry in zip(rows, frame.geometry.to_numpy(), strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}
