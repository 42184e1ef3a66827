"""The zones of a surface: connected cells of one level as polygons, and the ground where a colour is a lower bound."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from layers.crs import require_metric
from layers.scoring.colouring_sources import Sources, prepare_sources
from layers.scoring.outlines import label_regions, region_outlines
from layers.scoring.policy import RATED, Policy
from layers.scoring.zoning import RiskSurface

Floats = NDArray[np.float64]
MAX_SPREAD_M = 2000.0
"""Beyond this the error of a source's position is not drawn: half a county of "at least" would say nothing."""


def zones(
    surface: RiskSurface, points: gpd.GeoDataFrame, *, area: BaseGeometry | None = None
) -> gpd.GeoDataFrame:
    """The four-colour zones of a surface as rows of `risk_zones`, and one of what is not rated.

    Connected cells of one level are one zone; zones of different levels share their edges. The zone of level
    ``unrated`` lies over the others: the surroundings of sources without a level, or of a position too coarse to
    colour, where the colour means "at least".

    Parameters
    ----------
    points : rows of `risk_points`, metric CRS
    area : Polygon or MultiPolygon, metric CRS, optional
        Clips the unrated zone; the others follow the cells of the surface's mask.
    """
    require_metric(points)
    regions, n_rated = label_regions(surface.level)
    outlines, ids = region_outlines(regions, n_rated, surface.grid)
    rows = _zone_rows(surface, regions, outlines, ids)
    rows += _unrated_zone(points, surface.policy, area)
    columns = ["zone_id", "policy", "level", "area_m2", "max_index", "geometry"]
    found = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=points.crs)
    n_sources, is_assumption = _sources_of_zones(found, points, prepare_sources(points, surface.policy))
    found["n_sources"], found["is_assumption"] = n_sources, is_assumption
    found["feature_id"] = found["zone_id"]
    ordered = [
        "feature_id",
        "zone_id",
        "policy",
        "level",
        "area_m2",
        "max_index",
        "n_sources",
        "is_assumption",
    ]
    return found[[*ordered, "geometry"]]


def _zone_rows(
    surface: RiskSurface, regions: NDArray[np.int32], outlines: NDArray[np.object_], ids: NDArray[np.int32]
) -> list[dict[str, object]]:
    grid, policy = surface.grid, surface.policy
    unique, first = np.unique(regions, return_index=True)
    first_cell = dict(zip(unique.tolist(), first.tolist(), strict=True))
    largest = ndimage.maximum(surface.index, regions, ids) if len(ids) else []
    rows: list[dict[str, object]] = []
    for outline, region, top in zip(outlines, ids, largest, strict=True):
        row, col = divmod(first_cell[int(region)], grid.cols)
        level = RATED[int(surface.level[row, col]) - 1]
        # Named for its north-westernmost cell, counted from the origin: the same in every tile and edition.
        zone_id = f"{policy.id}-{level}-{grid.west_cell + col}-{grid.north_cell - row}"
        rows.append(
            {
                "zone_id": zone_id,
                "policy": policy.id,
                "level": level,
                "area_m2": outline.area,
                "max_index": None if np.isnan(top) else float(top),
                "geometry": shapely.multipolygons([outline]),
            }
        )
    return rows


def _unrated_zone(
    points: gpd.GeoDataFrame, policy: Policy, area: BaseGeometry | None
) -> list[dict[str, object]]:
    """Within reach of sources that colour nothing; the colour beneath is a lower bound there."""
    around = points[open_reach_m(points) > 0]
    if around.empty:
        return []
    covered = shapely.union_all(
        shapely.buffer(around.geometry.to_numpy(), open_reach_m(around), quad_segs=8)
    )
    covered = covered if area is None else shapely.intersection(covered, area)
    parts = [part for part in shapely.get_parts(covered) if part.geom_type == "Polygon" and not part.is_empty]
    if not parts:
        return []
    geometry = shapely.multipolygons(parts)
    return [
        {
            "zone_id": f"{policy.id}-unrated",
            "policy": policy.id,
            "level": "unrated",
            "area_m2": geometry.area,
            "max_index": None,
            "geometry": geometry,
        }
    ]


def open_reach_m(points: gpd.GeoDataFrame) -> Floats:
    """How far around each risk point a colour is a lower bound, metres; 0 where a source colours or has no place.

    Unrated sources reach their radius; sources left out for their position (a reach without a radius) reach that and
    the error of the position, at most `MAX_SPREAD_M`; a reach beyond the radius (an amount of explosives that is missing)
    stays open all the way. Frames of older editions know neither.
    """
    radius_m = _numbers(points, "radius_m")
    reach_m, error_m = _numbers(points, "reach_m"), np.nan_to_num(_numbers(points, "accuracy_m"))
    geometry = points.geometry.to_numpy()
    is_placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    is_coarse = np.isnan(radius_m) & (reach_m > 0)
    spread_m = np.where(is_coarse, np.minimum(error_m, MAX_SPREAD_M), 0.0)
    open_m = np.fmax(np.nan_to_num(radius_m), np.nan_to_num(reach_m)) + spread_m
    is_open = is_placed & (is_coarse | (reach_m > radius_m) | (points["level"] == "unrated").to_numpy(bool))
    return np.where(is_open, open_m, 0.0)


def _numbers(points: gpd.GeoDataFrame, name: str) -> Floats:
    """A column as floats, NaN throughout where the frame has none."""
    if name not in points:
        return np.full(len(points), np.nan)
    numbers: Floats = pd.to_numeric(points[name], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return numbers


def _sources_of_zones(
    found: gpd.GeoDataFrame, points: gpd.GeoDataFrame, sources: Sources
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Per zone: how many sources reach it, and whether one of them rests on an assumption."""
    n_sources, is_assumption = np.zeros(len(found), np.int64), np.zeros(len(found), bool)
    is_unrated = (found["level"] == "unrated").to_numpy()
    open_m, rated = open_reach_m(points), points.iloc[sources.positions]
    coloured = (rated, _numbers(rated, "radius_m"), ~is_unrated)
    for members, radius, is_kind in (coloured, (points[open_m > 0], open_m[open_m > 0], is_unrated)):
        if members.empty or not is_kind.any():
            continue
        tree = shapely.STRtree(found.geometry.to_numpy()[is_kind])
        source, zone = tree.query(members.geometry.to_numpy(), predicate="dwithin", distance=radius)
        place = np.flatnonzero(is_kind)[zone]
        np.add.at(n_sources, place, 1)
        is_assumption[place[members["is_assumption"].eq(True).to_numpy()[source]]] = True
    return n_sources, is_assumption
