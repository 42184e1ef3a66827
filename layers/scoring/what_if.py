"""What would change if an amount, a place or a policy were another: only what the change reaches is computed again.

Nothing is stored and nothing here is an edition. The results are, bit for bit, those of scoring the changed data whole;
high consequence areas, black spots and the fire brigade's times, which no hazard unit moves, are taken as they are.
"""

from __future__ import annotations

import math
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
from rasterio.features import shapes
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.errors import EditError
from layers.scoring.affected import Update, updated_surface
from layers.scoring.distances import find_violations
from layers.scoring.fire_cover import FireCover, with_help
from layers.scoring.grid import Grid
from layers.scoring.levels import rate_sources
from layers.scoring.places import town_names
from layers.scoring.policy import LEVEL_CODES, Policy
from layers.scoring.rules import RuleSet
from layers.scoring.zoning import (
    RiskSurface,
    neighbouring_plants,
    risk_index,
    vulnerability,
    zones,
)

ACTIONS = ("amount", "remove", "move", "add")
SOURCE_LAYERS = ("hazard_units", "enterprises")
NEW_UNIT = "what-if"
"""Begins the number of a unit that is only assumed."""
MOST_EDITS = 20
MOST_TONNES = 1e6
NEAR_M = 10_000.0
"""No distance rule reaches this far; what lies farther from the edited sources is not looked at again."""
THINNED = ("buildings", "protection_targets")
"""Large layers of which only what is near is judged again."""
METHODS = ("weighted_index", "grid_maximum")
"""Policies whose cells follow from the sources alone."""
CODE_LEVELS = {0: "none", **{code: level for level, code in LEVEL_CODES.items()}}
Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Edit:
    """One assumed change of a source.

    `action`: ``amount`` sets the tonnes of a unit's chemical (its level on file, found for the old ones, no longer
    counts), ``remove`` takes a unit or an enterprise with its units
    away, ``move`` puts it elsewhere (an enterprise with its units), ``add`` puts up a new unit. `place` is a point in the
    metric CRS (or the ground of a new unit); `chemical` a name or CAS number, which a unit with one chemical does not need.
    """

    action: str
    layer: str = "hazard_units"
    id: str = ""
    chemical: str = ""
    amount_t: float = math.nan
    place: BaseGeometry | None = None
    name: str = ""
    enterprise_id: str = ""


@dataclass(frozen=True)
class County:
    """An edition as far as a question about it needs: frames and results in the metric CRS, in key order.

    `surfaces` and `zones` by policy; `persons` per cell, NaN unknown, None without a raster; `mask` True inside the area;
    `targets` are `protection_targets` with the strictest class each may have.
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
    jurisdiction: str = ""
    rules_jurisdiction: str = "CN"
    surfaces: dict[str, RiskSurface] = field(default_factory=dict)
    zones: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a question comes to.

    `points`: every risk point after; `sources`: the edited ones before and after. `update`: the surface after, and how
    many cells were computed again. `zones_gone` and `zones_new`: rows of `risk_zones` that only one side has. `changes`:
    where the level differs, with ``level_before``, ``level_after``, ``area_m2``. `levels`: area and persons by level.
    `targets`: protection targets whose cell has another level. `violations_added`, `violations_gone`: rows of
    `distance_violations`, those of the edited sources.
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


def what_if(county: County, edits: Sequence[Edit], *, policy: str, policy_after: str = "") -> Outcome:
    """What some edits, or another policy, would change; `county` stays as it is.

    Raises
    ------
    EditError
        An edit that cannot be: the field is named as ``edits.0.amount_t``.
    """
    frames, affected = edited_frames(county, edits)
    points = _points_after(county, frames, affected)
    before = surface_of(county, policy)
    update = _surface_after(county, frames, points, policy_after or policy)
    old_zones, new_zones = zones_of(county, policy), _zones_after(county, update, points, policy, policy_after)
    gone, added = _violations(county, frames, affected)
    return Outcome(
        before=before,
        update=update,
        points=points,
        sources=_sources(county.points, points, affected),
        zones_gone=_only_in(old_zones, new_zones),
        zones_new=_only_in(new_zones, old_zones),
        changes=changed_levels(before, update.surface, county.crs),
        levels=levels_of(before, update.surface, county.persons),
        targets=_targets(county.targets, before, update.surface),
        violations_added=added,
        violations_gone=gone,
    )


# Edits


def edited_frames(county: County, edits: Sequence[Edit]) -> tuple[dict[str, pd.DataFrame], frozenset[str]]:
    """The frames after some edits, in key order, and the enterprises that they touch."""
    if len(edits) > MOST_EDITS:
        raise EditError("edits", f"一次最多 {MOST_EDITS} 项", f"at most {MOST_EDITS} changes at a time")
    frames, affected = dict(county.frames), set[str]()
    for number, edit in enumerate(edits):
        where = f"edits.{number}"
        if edit.action not in ACTIONS:
            raise EditError(f"{where}.action", f"应为 {', '.join(ACTIONS)} 之一", f"must be one of {', '.join(ACTIONS)}")
        if edit.action == "add":
            affected.add(_add(frames, edit, number, where))
            continue
        owner = _owner(frames, edit, where)
        {"amount": _set_amount, "remove": _remove, "move": _move}[edit.action](frames, edit, where)
        affected.add(owner)
    return frames, frozenset(affected)


def _owner(frames: Frames, edit: Edit, where: str) -> str:
    """Enterprise of the edited source."""
    if edit.layer not in SOURCE_LAYERS:
        raise EditError(f"{where}.layer", f"应为 {', '.join(SOURCE_LAYERS)} 之一", f"must be one of {', '.join(SOURCE_LAYERS)}")
    frame = frames[edit.layer]
    found = frame.loc[frame["feature_id"] == edit.id, "enterprise_id"]
    if found.empty:
        raise EditError(f"{where}.id", f"{edit.layer} 中没有 {edit.id!r}", f"{edit.layer} has no {edit.id!r}")
    return str(found.iloc[0])


def _set_amount(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    if edit.layer != "hazard_units":
        raise EditError(f"{where}.layer", "储量只属于单元 hazard_units", "amounts belong to hazard_units")
    _require_amount(edit, where)
    chemicals = frames["unit_chemicals"]
    mine = chemicals["unit_id"] == edit.id
    if edit.chemical:
        mine &= (chemicals["chemical_name"] == edit.chemical) | (chemicals["cas"] == edit.chemical)
    if not mine.any():
        raise EditError(
            f"{where}.chemical", f"单元 {edit.id} 没有登记 {edit.chemical or '危险化学品'}",
            f"unit {edit.id} holds no {edit.chemical or 'chemical on file'}",
        )  # fmt: skip
    if mine.sum() > 1:
        names = ", ".join(map(str, chemicals.loc[mine, "chemical_name"]))
        raise EditError(
            f"{where}.chemical", f"单元 {edit.id} 有多种: {names};请指明一种", f"unit {edit.id} holds several: {names}; name one"
        )
    frames["unit_chemicals"] = chemicals.assign(amount_t=chemicals["amount_t"].where(~mine, edit.amount_t))
    # The level on file was found for the old amount; what the new one makes of the unit is what is asked.
    units = frames["hazard_units"]
    filed = pd.to_numeric(units["filed_level"], errors="coerce").where(units["feature_id"] != edit.id)
    frames["hazard_units"] = units.assign(filed_level=filed.astype(units["filed_level"].dtype))


def _require_amount(edit: Edit, where: str) -> None:
    if not 0 <= edit.amount_t <= MOST_TONNES:
        raise EditError(
            f"{where}.amount_t", f"应为 0 至 {MOST_TONNES:.0f} 吨", f"must be tonnes, 0 to {MOST_TONNES:.0f}"
        )


def _remove(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    units = frames["hazard_units"]
    is_gone = units["feature_id"] == edit.id if edit.layer == "hazard_units" else units["enterprise_id"] == edit.id
    gone_units = set(units.loc[is_gone, "unit_id"])
    frames["hazard_units"] = _kept(units, ~is_gone)
    frames["unit_chemicals"] = _kept(frames["unit_chemicals"], ~frames["unit_chemicals"]["unit_id"].isin(gone_units))
    if edit.layer == "enterprises":
        frames["enterprises"] = _kept(frames["enterprises"], frames["enterprises"]["feature_id"] != edit.id)


def _kept(frame: pd.DataFrame, is_kept: pd.Series[bool]) -> pd.DataFrame:
    return frame[is_kept].reset_index(drop=True)


def _move(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    place = _require_place(edit, where).centroid
    frame = frames[edit.layer]
    here = frame.loc[frame["feature_id"] == edit.id, "geometry"].iloc[0]
    is_placed = isinstance(here, BaseGeometry) and not here.is_empty
    frames[edit.layer] = _shifted(frame, frame["feature_id"] == edit.id, place, here if is_placed else None)
    if edit.layer == "enterprises":
        units = frames["hazard_units"]
        frames["hazard_units"] = _shifted(units, units["enterprise_id"] == edit.id, place, here if is_placed else None)


def _shifted(frame: pd.DataFrame, is_moved: pd.Series[bool], place: shapely.Point, origin: BaseGeometry | None) -> pd.DataFrame:
    """Rows moved by the way from `origin` to a place; put at the place where either has no position yet."""
    geometry = frame["geometry"].to_numpy(dtype=object).copy()
    for row in np.flatnonzero(is_moved.to_numpy(bool)):
        known = isinstance(geometry[row], BaseGeometry) and not geometry[row].is_empty
        if not known or origin is None:
            geometry[row] = place
            continue
        start = origin.centroid
        geometry[row] = shapely.transform(geometry[row], lambda xy, start=start: xy + (place.x - start.x, place.y - start.y))
    accuracy_m = frame["accuracy_m"].where(~is_moved, 0.0)
    return gpd.GeoDataFrame(frame.assign(accuracy_m=accuracy_m), geometry=geometry, crs=getattr(frame, "crs", None))


def _require_place(edit: Edit, where: str) -> BaseGeometry:
    if edit.place is None or edit.place.is_empty or not np.isfinite(shapely.get_coordinates(edit.place)).all():
        raise EditError(f"{where}.lon", "缺少位置 lon 和 lat", "a place is needed: lon and lat")
    return edit.place


def _add(frames: dict[str, pd.DataFrame], edit: Edit, number: int, where: str) -> str:
    """A unit that stands from now on; returns its enterprise, one of its own where none is named."""
    place = _require_place(edit, where)
    _require_amount(edit, where)
    if not edit.chemical:
        raise EditError(f"{where}.chemical", "缺少危险化学品名称或 CAS 号", "name or CAS number of the chemical is needed")
    if edit.enterprise_id and edit.enterprise_id not in set(frames["enterprises"]["enterprise_id"]):
        raise EditError(
            f"{where}.enterprise_id", f"没有企业 {edit.enterprise_id!r}", f"enterprises has no {edit.enterprise_id!r}"
        )
    unit_id = f"{NEW_UNIT}-{number + 1}"
    owner = edit.enterprise_id or unit_id
    unit = {"feature_id": unit_id, "unit_id": unit_id, "enterprise_id": owner, "name": edit.name or f"{edit.chemical} {edit.amount_t:g} t",
            "status": "operating", "accuracy_m": 0.0, "geometry": place}  # fmt: skip
    is_cas = edit.chemical.replace("-", "").isdigit()
    chemical = {"feature_id": f"{unit_id}|1", "unit_id": unit_id, "amount_t": edit.amount_t,
                "chemical_name": edit.chemical, "cas": edit.chemical if is_cas else None}  # fmt: skip
    frames["hazard_units"] = _with_row(frames["hazard_units"], unit)
    frames["unit_chemicals"] = _with_row(frames["unit_chemicals"], chemical)
    return owner


def _with_row(frame: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with one row more, columns that the row leaves out empty, in key order."""
    columns = {}
    for name in frame.columns:
        values = [*frame[name].to_numpy(dtype=object), row.get(name)]
        kind = frame[name].dtype
        columns[name] = pd.array(values, dtype=kind) if str(kind) in ("Int64", "boolean") else _column(values, str(kind))
    order = np.argsort(np.array(columns["feature_id"], dtype=object), kind="stable")
    grown = pd.DataFrame(columns).iloc[order].reset_index(drop=True)
    if not isinstance(frame, gpd.GeoDataFrame):
        return grown
    return gpd.GeoDataFrame(grown, geometry=grown["geometry"].to_numpy(dtype=object), crs=frame.crs)


def _column(values: list[Any], kind: str) -> Any:
    if kind == "float64":
        return np.array([math.nan if value is None else value for value in values], dtype=float)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return pd.Series(found, dtype=object)


# Results after


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
    return name not in ("pipelines", "official_contours") and not {"enterprise_id", "unit_id"}.isdisjoint(frame.columns)


def _of_enterprises(frame: pd.DataFrame, affected: frozenset[str], unit_ids: set[str]) -> pd.DataFrame:
    is_mine = frame["enterprise_id"].isin(affected) if "enterprise_id" in frame else frame["unit_id"].isin(unit_ids)
    return _kept(frame, is_mine)


def _is_affected(points: gpd.GeoDataFrame, affected: Iterable[str]) -> NDArray[np.bool_]:
    is_source = points["source_layer"].isin(SOURCE_LAYERS)
    found: NDArray[np.bool_] = (is_source & points["enterprise_id"].isin(set(affected))).to_numpy(bool)
    return found


def surface_of(county: County, policy_id: str) -> RiskSurface:
    """The surface of the county as it is, made once a policy; raises `EditError` for a policy it cannot be made of."""
    if policy_id not in county.surfaces:
        policy = _policy(county, policy_id)
        v = _vulnerability(county, county.frames, county.points, policy)
        county.surfaces[policy_id] = risk_index(county.points, county.grid, policy, vulnerability=v, mask=county.mask)
    return county.surfaces[policy_id]


def zones_of(county: County, policy_id: str) -> gpd.GeoDataFrame:
    """The zones of the county as it is, made once a policy."""
    if policy_id not in county.zones:
        county.zones[policy_id] = zones(surface_of(county, policy_id), county.points, area=county.outline)
    return county.zones[policy_id]


def _policy(county: County, policy_id: str) -> Policy:
    known = [name for name, policy in county.policies.items() if policy.method in METHODS]
    if policy_id not in known:
        raise EditError("policy", f"应为 {', '.join(known)} 之一", f"must be one of {', '.join(known)}")
    return county.policies[policy_id]


def _vulnerability(county: County, frames: Frames, points: gpd.GeoDataFrame, policy: Policy) -> NDArray[np.float32]:
    plants = neighbouring_plants(gpd.GeoDataFrame(frames["enterprises"]), points)
    v, _ = vulnerability(county.grid, policy, population=county.persons, targets=county.targets, plants=plants)
    return v


def _surface_after(county: County, frames: Frames, points: gpd.GeoDataFrame, policy_id: str) -> Update:
    before = surface_of(county, policy_id)
    if points is county.points:
        return Update(before, 0)
    v = _vulnerability(county, frames, points, _policy(county, policy_id))
    return updated_surface(before, county.points, points, vulnerability=v, mask=county.mask)


def _zones_after(county: County, update: Update, points: gpd.GeoDataFrame, policy: str, policy_after: str) -> gpd.GeoDataFrame:
    if points is county.points:
        return zones_of(county, policy_after or policy)
    return zones(update.surface, points, area=county.outline)


def _only_in(one: gpd.GeoDataFrame, two: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Zones that the other side does not have alike: another outline, or a level of another policy."""
    marks = set(zip(two["level"], shapely.to_wkb(two.geometry.to_numpy()), strict=True))
    mine = zip(one["level"], shapely.to_wkb(one.geometry.to_numpy()), strict=True)
    return one[np.fromiter((mark not in marks for mark in mine), bool, len(one))].reset_index(drop=True)


def changed_levels(before: RiskSurface, after: RiskSurface, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Where the level of cells differs: one multipolygon for each pair of levels, along the edges of the cells."""
    codes = np.where(before.level != after.level, before.level * 5 + after.level + 1, 0).astype(np.uint8)
    parts: dict[int, list[BaseGeometry]] = {}
    for geometry, code in shapes(codes, codes > 0, 4, before.grid.transform):
        parts.setdefault(int(code) - 1, []).append(shape(geometry))
    rows = [
        {"level_before": CODE_LEVELS[code // 5], "level_after": CODE_LEVELS[code % 5], "geometry": shapely.multipolygons(found)}
        for code, found in sorted(parts.items())
    ]
    frame = gpd.GeoDataFrame(rows, columns=["level_before", "level_after", "geometry"], geometry="geometry", crs=crs)
    return frame.assign(area_m2=frame.geometry.area)


def levels_of(before: RiskSurface, after: RiskSurface, persons: NDArray[np.float64] | None) -> list[dict[str, Any]]:
    """Area and persons under each level, red to blue, before and after; persons None without a raster."""
    rows = []
    for level, code in LEVEL_CODES.items():
        row: dict[str, Any] = {"level": level}
        for side, surface in (("before", before), ("after", after)):
            is_level = surface.level == code
            row[f"area_{side}_km2"] = float(is_level.sum() * surface.grid.cell_area_m2 / 1e6)
            row[f"persons_{side}"] = None if persons is None else float(np.nansum(persons[is_level]))
        rows.append(row)
    return rows


def _targets(targets: gpd.GeoDataFrame, before: RiskSurface, after: RiskSurface) -> list[dict[str, Any]]:
    """Targets that stand under another level than before, those that get worse first."""
    placed = targets[targets.geometry.notna() & ~targets.geometry.is_empty]
    if placed.empty:
        return []
    at = shapely.point_on_surface(placed.geometry.to_numpy())
    rows, cols = before.grid.cells_of(shapely.get_x(at), shapely.get_y(at))
    is_in = (rows >= 0) & (rows < before.grid.rows) & (cols >= 0) & (cols < before.grid.cols)
    one, two = np.zeros(len(placed), int), np.zeros(len(placed), int)
    one[is_in], two[is_in] = before.level[rows[is_in], cols[is_in]], after.level[rows[is_in], cols[is_in]]
    found = []
    for place in np.flatnonzero(one != two):
        row = placed.iloc[int(place)]
        found.append({
            "target_id": row["feature_id"], "name": row["name"], "category": row["category"],
            "level_before": CODE_LEVELS[int(one[place])], "level_after": CODE_LEVELS[int(two[place])],
            "is_worse": bool((two[place] or 9) < (one[place] or 9)), "geometry": at[place],
        })  # fmt: skip
    return sorted(found, key=lambda row: (not row["is_worse"], str(row["target_id"])))


def _sources(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, affected: frozenset[str]) -> list[dict[str, Any]]:
    """The rows of the touched enterprises on both sides, by risk point; None where one side has no such row."""
    sides = []
    for points in (before, after):
        mine = points[_is_affected(points, affected)]
        sides.append({row["point_id"]: row for row in mine.to_dict("records")})
    return [{"point_id": key, "before": sides[0].get(key), "after": sides[1].get(key)} for key in sorted({*sides[0], *sides[1]})]


# Violations


def _violations(
    county: County, frames: Frames, affected: frozenset[str]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Violations of the touched enterprises that are gone, and those that come."""
    if not affected:
        return county.violations.iloc[:0], county.violations.iloc[:0]
    keys = _keys(county.frames, affected) | _keys(frames, affected)
    near = _near(county, frames, affected)
    report = find_violations(near, county.rules, on=county.on, jurisdiction=county.rules_jurisdiction)
    before, after = _rows_of(county.violations, keys), _rows_of(report.violations, keys)
    gone = before[~before["violation_id"].isin(after["violation_id"])]
    added = after[~after["violation_id"].isin(before["violation_id"])]
    return gone.reset_index(drop=True), added.reset_index(drop=True)


def _keys(frames: Frames, affected: frozenset[str]) -> set[tuple[str, str]]:
    return {
        (layer, str(name))
        for layer in SOURCE_LAYERS
        for name in frames[layer].loc[frames[layer]["enterprise_id"].isin(affected), "feature_id"]
    }


def _rows_of(violations: gpd.GeoDataFrame, keys: set[tuple[str, str]]) -> gpd.GeoDataFrame:
    sides = [
        [key in keys for key in zip(violations[f"{side}_layer"], violations[f"{side}_feature_id"].astype(str), strict=True)]
        for side in ("subject", "object")
    ]
    return violations[np.logical_or(*np.array(sides, dtype=bool).reshape(2, -1))]


def _near(county: County, frames: Frames, affected: frozenset[str]) -> dict[str, pd.DataFrame]:
    """The frames with large layers cut down to what a rule could reach from the edited sources, before or after."""
    places = [
        geometry
        for source in (county.frames, frames)
        for layer in SOURCE_LAYERS
        for geometry in source[layer].loc[source[layer]["enterprise_id"].isin(affected), "geometry"]
        if isinstance(geometry, BaseGeometry) and not geometry.is_empty
    ]
    boxes = shapely.box(*(shapely.bounds(np.array(places, dtype=object)) + (-NEAR_M, -NEAR_M, NEAR_M, NEAR_M)).T) if places else []
    near = dict(frames)
    for layer in THINNED:
        frame = frames[layer]
        tree = shapely.STRtree(np.asarray(frame["geometry"].to_numpy(), dtype=object))
        rows = np.unique(np.concatenate([tree.query(box) for box in boxes])) if len(boxes) else np.empty(0, int)
        near[layer] = frame.iloc[rows].reset_index(drop=True)
    return near
