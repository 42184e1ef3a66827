"""Individual risk before and after an assumed change: contours, and protection targets that cross a criterion.

Under every policy: a colour of the index says nothing of a criterion. All of it is screening; a report (official contours)
was made for a plant as it stood, so what a change touches is judged by our screening afterwards, and the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.affected import Update
from layers.scoring.confirmations import targets_to_confirm
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats
from layers.scoring.edits import NEW_UNIT, Frames
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import RiskField
from layers.scoring.release_scenarios import NotAssessed
from layers.scoring.risk_contours import INSTALLATIONS, risk_contours
from layers.scoring.risk_surface import UnitRisk, risk_surface
from layers.scoring.unit_risk import ASSESSED_LAYERS, Assessment, assess
from layers.scoring.zoning import RiskSurface

CONTOUR_CELL_M = 25.0
CROSSING_FIELDS = ("target_id", "target_name", "target_class", "installation", "limit_per_year", "certainty", "enterprise_id",
                   "rule_id", "clause")  # fmt: skip


@dataclass(frozen=True)
class RiskState:
    """Individual risk of a county: `fields` (all that colours) and `fields_to_confirm` by installation on cells of 25 m, rows of `individual_risk` and
    `targets_to_confirm`, what zones rest on, and the enterprises whose reports hold."""

    unit_risk: UnitRisk
    fields: Mapping[str, RiskField]
    fields_to_confirm: Mapping[str, RiskField]
    contours: gpd.GeoDataFrame
    confirm: gpd.GeoDataFrame
    reported: frozenset[str]

    @property
    def tables(self) -> dict[str, Floats]:
        """Tables of the units by their stamp: a unit that a change does not touch is not computed again."""
        return {table.stamp: table.table for field in self.fields.values() for table in field.tables}


@dataclass(frozen=True)
class RiskChange:
    """What a change does to individual risk.

    `contours`: per installation and value of GB 36894 ``area_before_km2``, ``area_after_km2`` and both geometries (None
    without). `crossed`: targets that a criterion is exceeded at on one side only, with ``risk_before``, ``risk_after``,
    ``is_above``; those that get worse first. `set_aside`: enterprises whose valid report does not describe the changed
    plant. `not_assessed`: what of the touched enterprises no figure was made for.
    """

    contours: gpd.GeoDataFrame
    crossed: tuple[dict[str, object], ...]
    set_aside: tuple[str, ...]
    not_assessed: tuple[NotAssessed, ...]


def risk_state(
    frames: Frames, targets: gpd.GeoDataFrame, *, on: date, grid: Grid, known: Mapping[str, Floats],
    touched: frozenset[str] = frozenset(), terrain: str = TERRAINS[0], before: RiskState | None = None,
) -> RiskState:
    """Individual risk of the units in some frames.

    Parameters
    ----------
    grid : of the county; risk is laid on cells of 25 m over the same ground
    known : tables by their stamp that need not be computed
    terrain : of the area, by which clouds spread
    before : the county as it was; cells that no changed unit reaches are taken over from its fields
    touched : enterprises whose reports do not hold any longer; assumed units of theirs are judged as new installations
    """
    layers = {name: frames[name] for name in ASSESSED_LAYERS if name in frames}
    for name in ("official_contours", "official_distances"):
        reports = layers.get(name)
        if touched and reports is not None and len(reports):
            layers[name] = reports[~reports["enterprise_id"].isin(touched)]
    fine = contour_grid(grid)
    was = (before.fields, before.fields_to_confirm) if before else None
    found = assess(layers, on=on, grid=fine, known=known, terrain=terrain, before=was)
    new = _new_installations(layers, fine, on, known, found, terrain)
    fields = {**found.fields, **new}
    contours = [risk_contours(field, installation=name, on=on) for name, field in fields.items()]
    confirm = [
        targets_to_confirm(field, targets, installation=name, on=on) for name, field in {**found.fields_to_confirm, **new}.items()
    ]
    joined = (pd.concat(contours, ignore_index=True), pd.concat(confirm, ignore_index=True))
    return RiskState(found.unit_risk, fields, {**found.fields_to_confirm, **new}, *joined, found.reported)


def _new_installations(
    layers: Frames, grid: Grid, on: date, known: Mapping[str, Floats], after: Assessment, terrain: str
) -> dict[str, RiskField]:
    """Assumed units are new installations: their enterprise is judged by the limits for new ones too."""
    units = layers["hazard_units"]
    is_assumed = units["unit_id"].astype(str).str.startswith(NEW_UNIT)
    if not is_assumed.any():
        return {}
    planned = units.assign(status=units["status"].where(~is_assumed, "planned"))
    tables = {**known, **{table.stamp: table.table for table in after.standing.tables}}
    was = (after.fields, after.fields_to_confirm)
    found = assess({**layers, "hazard_units": planned}, on=on, grid=grid, known=tables, terrain=terrain, before=was)
    return {name: field for name, field in found.fields.items() if name == INSTALLATIONS[1]}


def contour_grid(grid: Grid) -> Grid:
    """Cells of 25 m over the ground of a grid of another size."""
    west, south, east, north = grid.bounds
    return Grid.for_area((west, south, east, north), CONTOUR_CELL_M)


def risk_change(before: RiskState, after: RiskState, frames: Frames, touched: frozenset[str]) -> RiskChange:
    """What differs between two states; `frames` are those after the change, `touched` the enterprises it touches."""
    units = frames["hazard_units"]
    mine = set(units["unit_id"][units["enterprise_id"].isin(touched)].astype(str))
    said = [entry for field in after.fields.values() for entry in field.not_assessed if entry.unit_id in mine]
    return RiskChange(
        contours=_contours(before.contours, after.contours),
        crossed=tuple(_crossed(before.confirm, after.confirm)),
        set_aside=tuple(sorted(touched & before.reported)),
        not_assessed=tuple(dict.fromkeys(said)),
    )


def _contours(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row an installation and value that either side has, the highest value first."""
    one, two = ({(row.installation, row.risk_per_year): row for row in frame.itertuples()} for frame in (before, after))
    values = sorted({value for _, value in (*one, *two)}, reverse=True)
    keys = [(name, value) for name in INSTALLATIONS for value in values if (name, value) in one or (name, value) in two]
    rows = []
    for key in keys:
        was, now = one.get(key), two.get(key)
        known = now if now is not None else was
        rows.append({
            "installation": key[0], "risk_per_year": key[1],
            "holds_for_zh": known.holds_for_zh, "holds_for_en": known.holds_for_en,  # type: ignore[union-attr]
            "area_before_km2": was.area_km2 if was is not None else 0.0,
            "area_after_km2": now.area_km2 if now is not None else 0.0,
            "geometry_before": was.geometry if was is not None else None,
            "geometry": now.geometry if now is not None else None,
        })  # fmt: skip
    columns = ["installation", "risk_per_year", "holds_for_zh", "holds_for_en", "area_before_km2", "area_after_km2",
               "geometry_before", "geometry"]  # fmt: skip
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=after.crs)


def _crossed(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> list[dict[str, object]]:
    """Targets listed on one side alone, or certain on one side and possible on the other."""
    sides = [{row["confirm_id"]: row for row in frame.to_dict("records")} for frame in (before, after)]
    rows = []
    for key in sorted({*sides[0], *sides[1]}):
        was, now = sides[0].get(key), sides[1].get(key)
        if was is not None and now is not None and was["certainty"] == now["certainty"]:
            continue
        known = now or was or {}
        rows.append({
            **{name: known[name] for name in CROSSING_FIELDS}, "is_above": now is not None,
            "risk_before": None if was is None else was["risk_per_year"],
            "risk_after": None if now is None else now["risk_per_year"],
            "geometry": shapely.point_on_surface(known["geometry"]),
        })  # fmt: skip
    return sorted(rows, key=lambda row: (not row["is_above"], str(row["target_id"]), str(row["installation"])))


def updated_risk_surface(
    before: RiskSurface, risk_before: UnitRisk, risk: UnitRisk, *, mask: NDArray[np.bool_] | None = None
) -> Update:
    """The surface of individual risk after a change, bit for bit that of `risk_surface`; only ground in reach is computed."""
    boxes = _changed_boxes(risk_before, risk)
    if not len(boxes):
        return Update(before, 0)
    grid = before.grid
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    (top, left), (bottom, right) = grid.cell_of(west, north), grid.cell_of(east, south)
    top, left = max(0, top), max(0, left)
    height, width = min(grid.rows, bottom + 1) - top, min(grid.cols, right + 1) - left
    if height <= 0 or width <= 0:
        return Update(before, 0)
    where = (slice(top, top + height), slice(left, left + width))
    part = risk_surface(risk, grid.window(top, left, height, width), before.policy, mask=None if mask is None else mask[where])
    level, hazard = before.level.copy(), before.hazard.copy()
    level[where], hazard[where] = part.level, part.hazard
    return Update(replace(before, level=level, hazard=hazard), height * width)


def _changed_boxes(before: UnitRisk, after: UnitRisk) -> Floats:
    """Boxes of what only one side has: a unit's reach, a report's contour."""
    sides: list[dict[tuple[object, ...], tuple[float, ...]]] = []
    for risk in (before, after):
        units: dict[tuple[object, ...], tuple[float, ...]] = {
            (table.stamp, table.unit.unit_id, table.unit.x_m, table.unit.y_m): _square(table.unit.x_m, table.unit.y_m, table.reach_m)
            for table in risk.tables
            if table.n_used
        }
        reports: dict[tuple[object, ...], tuple[float, ...]] = {(str(row.contour_id), row.geometry.wkb): row.geometry.bounds for row in risk.official.itertuples()}
        sides.append({**units, **reports})
    only = [box for one, other in (sides, sides[::-1]) for key, box in one.items() if key not in other]
    return np.array(only, dtype=float).reshape(-1, 4)


def _square(x_m: float, y_m: float, reach_m: float) -> tuple[float, float, float, float]:
    return (x_m - reach_m, y_m - reach_m, x_m + reach_m, y_m + reach_m)
