"""Two surfaces of one county beside each other: where levels differ, area and people by level, targets that change level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask, shapes
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.scoring.grid import Grid
from layers.scoring.policy import LEVEL_CODES, UNRATED
from layers.scoring.zoning import RiskSurface

CODE_LEVELS = {0: "none", **{code: level for level, code in LEVEL_CODES.items()}}


@dataclass(frozen=True)
class OpenGround:
    """Ground that is not rated: its area and its residents, None without a raster of them."""

    area_km2: float
    persons: float | None


def only_in(one: gpd.GeoDataFrame, two: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
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


def open_ground(zones: gpd.GeoDataFrame, grid: Grid, persons: NDArray[np.float64] | None) -> OpenGround:
    """Ground that is not rated, whatever lies beneath: km2, and who lives in cells whose centre is in it."""
    unrated = zones.geometry[zones["level"] == UNRATED].to_numpy()
    if not len(unrated):
        return OpenGround(0.0, None if persons is None else 0.0)
    area_km2 = float(shapely.area(unrated).sum() / 1e6)
    if persons is None:
        return OpenGround(area_km2, None)
    is_open = geometry_mask(unrated, (grid.rows, grid.cols), grid.transform, invert=True)
    return OpenGround(area_km2, float(np.nansum(persons[is_open])))


def open_row(before: OpenGround, after: OpenGround) -> dict[str, Any]:
    """A row beside those of `levels_of`; this ground may lie over coloured ground."""
    return {
        "level": UNRATED, "area_before_km2": before.area_km2, "persons_before": before.persons,
        "area_after_km2": after.area_km2, "persons_after": after.persons,
    }  # fmt: skip


def moved_targets(targets: gpd.GeoDataFrame, before: RiskSurface, after: RiskSurface) -> list[dict[str, Any]]:
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
