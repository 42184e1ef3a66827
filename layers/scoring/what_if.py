"""What would change if an amount, a place or a policy were another: only what the change reaches is computed again.

Nothing is stored and nothing here is an edition. The results are, bit for bit, those of scoring the changed data whole;
high consequence areas, black spots and the fire brigade's times, which no hazard unit moves, are taken as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.errors import EditError
from layers.scoring.affected import Update, updated_surface
from layers.scoring.before_after import (
    OpenGround,
    changed_levels,
    levels_of,
    moved_targets,
    only_in,
    open_ground,
    open_row,
)
from layers.scoring.cell_vulnerability import neighbouring_plants, vulnerability
from layers.scoring.consequence.inputs import Floats
from layers.scoring.edits import REPORT_LAYERS, SOURCE_LAYERS, Edit, Frames, edited_frames
from layers.scoring.fire_cover import FireCover, with_help
from layers.scoring.grid import Grid
from layers.scoring.levels import rate_sources
from layers.scoring.places import town_names
from layers.scoring.policy import UNRATED, Policy
from layers.scoring.risk_surface import INDIVIDUAL_RISK, risk_surface, zone_sources
from layers.scoring.rules import RuleSet
from layers.scoring.what_if_distances import changed_violations
from layers.scoring.what_if_risk import (
    RiskChange,
    RiskState,
    risk_change,
    risk_state,
    updated_risk_surface,
)
from layers.scoring.what_if_societal import Residents, SocietalChange, societal_change
from layers.scoring.zone_polygons import zones
from layers.scoring.zoning import RiskSurface, risk_index

RISK = "risk"
"""Key under which a county keeps its state of individual risk."""


@dataclass(frozen=True)
class County:
    """An edition as far as a question about it needs: frames and results in the metric CRS, in key order.

    `surfaces` and `zones` by policy; `persons` per cell, NaN unknown, None without a raster; `mask` True inside the area;
    `targets` are `protection_targets` with the strictest class each may have; `known`: tables of the edition's units by
    their stamp, which need not be computed again. `residents`: who lives there, None where societal risk is not asked.
    """

    frames: Frames
    points: gpd.GeoDataFrame
    violations: gpd.GeoDataFrame
    targets: gpd.GeoDataFrame
    policies: Mapping[str, Policy]
    grid: Grid
    persons: NDArray[np.float64] | None
    mask: NDArray[np.bool_]
    outline: BaseGeometry
    cover: FireCover
    rules: RuleSet
    on: date
    crs: pyproj.CRS
    screening: str = ""
    terrain: str = "rural"
    jurisdiction: str = ""
    rules_jurisdiction: str = "CN"
    known: Mapping[str, Floats] = field(default_factory=dict)
    residents: Residents | None = None
    surfaces: dict[str, RiskSurface] = field(default_factory=dict)
    zones: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    states: dict[str, RiskState] = field(default_factory=dict)
    open_grounds: dict[str, OpenGround] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a question comes to.

    `points`: every risk point after; `sources`: the edited ones before and after. `update`: the surface after, and how
    many cells were computed again. `zones_gone` and `zones_new`: rows of `risk_zones` that only one side has. `changes`:
    where the level differs, with ``level_before``, ``level_after``, ``area_m2``. `levels`: area and persons by level, and of the ground
    that is not rated, which may lie over coloured ground.
    `targets`: protection targets whose cell has another level. `violations_added`, `violations_gone`: rows of
    `distance_violations`, those of the edited sources. `risk`: contours and targets that cross a criterion, whatever the
    policy; None where nothing was edited. `societal`: of the touched enterprises before and after; None besides where
    the county has no residents.
    """

    before: RiskSurface
    update: Update
    points: gpd.GeoDataFrame
    sources: list[dict[str, Any]]
    zones_gone: gpd.GeoDataFrame
    zones_new: gpd.GeoDataFrame
    changes: gpd.GeoDataFrame
    levels: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    violations_added: gpd.GeoDataFrame
    violations_gone: gpd.GeoDataFrame
    risk: RiskChange | None
    societal: SocietalChange | None = None


@dataclass(frozen=True)
class After:
    """The changed data: frames, the enterprises touched, risk points, individual risk."""

    frames: Frames
    affected: frozenset[str]
    points: gpd.GeoDataFrame
    risk: RiskState


def what_if(county: County, edits: Sequence[Edit], *, policy: str, policy_after: str = "") -> Outcome:
    """What some edits, or another policy, would change; `county` stays as it is.

    Raises
    ------
    EditError
        An edit that cannot be: the field is named as ``edits.0.amount_t``.
    """
    after = _after(county, edits)
    before = surface_of(county, policy)
    update = _surface_after(county, after, policy_after or policy)
    old_zones, new_zones = zones_of(county, policy), _zones_after(county, after, update, policy_after or policy)
    gone, added = changed_violations(
        county.violations, county.frames, after.frames, after.affected, rules=county.rules, on=county.on,
        jurisdiction=county.rules_jurisdiction,
    )  # fmt: skip
    return Outcome(
        before=before,
        update=update,
        points=after.points,
        sources=_sources(county.points, after.points, after.affected),
        zones_gone=only_in(old_zones, new_zones),
        zones_new=only_in(new_zones, old_zones),
        changes=changed_levels(before, update.surface, county.crs),
        levels=[*levels_of(before, update.surface, county.persons), _open_row(county, policy, new_zones)],
        targets=moved_targets(county.targets, before, update.surface),
        violations_added=added,
        violations_gone=gone,
        risk=risk_change(risk_of(county), after.risk, after.frames, after.affected) if edits else None,
        societal=_societal(county, after) if edits else None,
    )


def _open_row(county: County, policy: str, after: gpd.GeoDataFrame) -> dict[str, Any]:
    zones = zones_of(county, policy)
    if policy not in county.open_grounds:
        county.open_grounds[policy] = open_ground(zones, county.grid, county.persons)
    before = county.open_grounds[policy]
    sides = [frame.geometry[frame["level"] == UNRATED].to_numpy() for frame in (zones, after)]
    is_same = len(sides[0]) == len(sides[1]) and bool(shapely.equals_identical(*sides).all())
    return open_row(before, before if is_same else open_ground(after, county.grid, county.persons))


def _societal(county: County, after: After) -> SocietalChange | None:
    if county.residents is None:
        return None
    return societal_change(
        county.frames, after.frames, after.affected, residents=county.residents, on=county.on, terrain=county.terrain
    )


def _after(county: County, edits: Sequence[Edit]) -> After:
    frames, affected = edited_frames(county.frames, edits)
    if not edits:
        return After(frames, affected, county.points, risk_of(county))
    risk = risk_state(
        frames, county.targets, on=county.on, grid=county.grid, known=risk_of(county).tables, touched=affected,
        terrain=county.terrain, before=risk_of(county),
    )
    return After(frames, affected, _points_after(county, frames, affected), risk)


def risk_of(county: County) -> RiskState:
    """Individual risk of the county as it is, put together once."""
    if RISK not in county.states:
        county.states[RISK] = risk_state(
            county.frames, county.targets, on=county.on, grid=county.grid, known=county.known, terrain=county.terrain
        )
    return county.states[RISK]


def _points_after(county: County, frames: Frames, affected: frozenset[str]) -> gpd.GeoDataFrame:
    """Every risk point, those of the touched enterprises rated again."""
    if not affected:
        return county.points
    units = frames["hazard_units"]
    of_units = set(units.loc[units["enterprise_id"].isin(affected), "unit_id"])
    mine = {name: _of_enterprises(frame, affected, of_units) for name, frame in frames.items() if _is_of_enterprises(name, frame)}
    rated = rate_sources(mine, on=county.on, screening=county.screening, jurisdiction=county.jurisdiction)
    rated = rated.set_crs(county.crs, allow_override=True)
    rated["town_name"] = town_names(rated, frames["towns"])
    rated = with_help(rated, county.cover)
    others = county.points[~_is_affected(county.points, affected)]
    parts = [part for part in (others, rated[[*county.points.columns]]) if len(part)]
    points = pd.concat(parts or [others], ignore_index=True).sort_values("point_id", kind="stable", ignore_index=True)
    return gpd.GeoDataFrame(points, geometry="geometry", crs=county.crs)


def _is_of_enterprises(name: str, frame: pd.DataFrame) -> bool:
    return name not in ("pipelines", *REPORT_LAYERS) and not {"enterprise_id", "unit_id"}.isdisjoint(frame.columns)


def _of_enterprises(frame: pd.DataFrame, affected: frozenset[str], unit_ids: set[str]) -> pd.DataFrame:
    is_mine = frame["enterprise_id"].isin(affected) if "enterprise_id" in frame else frame["unit_id"].isin(unit_ids)
    return frame[is_mine].reset_index(drop=True)


def _is_affected(points: gpd.GeoDataFrame, affected: Iterable[str]) -> NDArray[np.bool_]:
    is_source = points["source_layer"].isin(SOURCE_LAYERS)
    found: NDArray[np.bool_] = (is_source & points["enterprise_id"].isin(set(affected))).to_numpy(bool)
    return found


def surface_of(county: County, policy_id: str) -> RiskSurface:
    """The surface of the county as it is, made once a policy; raises `EditError` for a policy it does not have."""
    if policy_id not in county.surfaces:
        policy = _policy(county, policy_id)
        if policy.method == INDIVIDUAL_RISK:
            county.surfaces[policy_id] = risk_surface(risk_of(county).unit_risk, county.grid, policy, mask=county.mask)
        else:
            v = _vulnerability(county, county.frames, county.points, policy)
            county.surfaces[policy_id] = risk_index(county.points, county.grid, policy, vulnerability=v, mask=county.mask)
    return county.surfaces[policy_id]


def zones_of(county: County, policy_id: str) -> gpd.GeoDataFrame:
    """The zones of the county as it is, made once a policy."""
    if policy_id not in county.zones:
        surface = surface_of(county, policy_id)
        county.zones[policy_id] = zones(surface, _zone_points(surface.policy, county.points, risk_of(county)), area=county.outline)
    return county.zones[policy_id]


def _zone_points(policy: Policy, points: gpd.GeoDataFrame, risk: RiskState) -> gpd.GeoDataFrame:
    """What a policy takes for sources: risk points, or units and reports themselves."""
    return zone_sources(risk.unit_risk, policy) if policy.method == INDIVIDUAL_RISK else points


def _policy(county: County, policy_id: str) -> Policy:
    if policy_id not in county.policies:
        known = ", ".join(county.policies)
        raise EditError("policy", f"应为 {known} 之一", f"must be one of {known}")
    return county.policies[policy_id]


def _vulnerability(county: County, frames: Frames, points: gpd.GeoDataFrame, policy: Policy) -> NDArray[np.float32]:
    plants = neighbouring_plants(gpd.GeoDataFrame(frames["enterprises"]), points)
    v, _ = vulnerability(county.grid, policy, population=county.persons, targets=county.targets, plants=plants)
    return v


def _surface_after(county: County, after: After, policy_id: str) -> Update:
    before, policy = surface_of(county, policy_id), _policy(county, policy_id)
    if after.points is county.points:
        return Update(before, 0)
    if policy.method == INDIVIDUAL_RISK:
        return updated_risk_surface(before, risk_of(county).unit_risk, after.risk.unit_risk, mask=county.mask)
    v = _vulnerability(county, after.frames, after.points, policy)
    return updated_surface(before, county.points, after.points, vulnerability=v, mask=county.mask)


def _zones_after(county: County, after: After, update: Update, policy_id: str) -> gpd.GeoDataFrame:
    if after.points is county.points:
        return zones_of(county, policy_id)
    return zones(update.surface, _zone_points(update.surface.policy, after.points, after.risk), area=county.outline)


def _sources(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, affected: frozenset[str]) -> list[dict[str, Any]]:
    """The rows of the touched enterprises on both sides, by risk point; None where one side has no such row."""
    sides = []
    for points in (before, after):
        mine = points[_is_affected(points, affected)]
        sides.append({row["point_id"]: row for row in mine.to_dict("records")})
    return [{"point_id": key, "before": sides[0].get(key), "after": sides[1].get(key)} for key in sorted({*sides[0], *sides[1]})]
