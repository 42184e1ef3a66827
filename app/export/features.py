"""What of a layer lies on the sheet: in page millimetres, cut to the map, without what ink cannot show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from app.export.expressions import GEOMETRY_TYPE, View, evaluate_rows
from app.export.layout import Projection
from layers.crs import require_metric
from layers.errors import InputError

SIMPLIFY_MM = 0.05
MARGIN_MM = 6.0
"""Geometry is kept this far beyond the map, so that cut edges and their outlines stay out of sight."""
SPECK_MM2 = 0.6
SPECK_SIDE_MM = 0.78
"""A red area smaller than a speck is drawn as a square of this side: the worst must not vanish."""

KINDS = np.array(
    ["Point", "LineString", "LineString", "Polygon", "Point", "LineString", "Polygon", "Polygon"]
)
"""Kind of geometry by shapely's type id."""

Geometries = NDArray[np.object_]


@dataclass(frozen=True)
class SheetFeatures:
    """Features of one layer within the sheet, row by row: attributes, and geometries in page millimetres."""

    rows: pd.DataFrame
    geometries: Geometries

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, mask: NDArray[np.bool_]) -> SheetFeatures:
        return SheetFeatures(self.rows[mask], self.geometries[mask])

    def matching(self, condition: object, view: View) -> NDArray[np.bool_]:
        """Which rows a style's filter lets through; no filter lets all."""
        if condition is None:
            return np.ones(len(self), bool)
        return np.array([bool(value) for value in evaluate_rows(condition, self.rows, view)], bool)


def shown_policy(frames: Iterable[pd.DataFrame], asked: str) -> str:
    """The policy whose zones are shown: as asked, or the only one the frames hold; else `InputError`."""
    if asked:
        return asked
    found = sorted(
        {policy for frame in frames if "policy" in frame.columns for policy in frame["policy"].unique()}
    )
    if len(found) > 1:
        raise InputError("policy", f"the layers hold several, choose one of {', '.join(found)}")
    return found[0] if found else ""


def sheet_features(frame: pd.DataFrame, projection: Projection) -> SheetFeatures:
    """Features of a layer that touch the map frame.

    Parameters
    ----------
    frame : GeoDataFrame in the metric CRS; missing and empty geometries are left out. A frame without
        geometry has no features on a sheet.
    projection : Projection

    Raises
    ------
    CrsMismatchError
        The frame is not in metres.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        return SheetFeatures(frame.iloc[:0], np.array([], object))
    near = touching_rows(frame, projection)
    metric = np.asarray(near.geometry.array)
    on_page = _drawable(projection.to_sheet(metric), near, projection)
    kept = ~shapely.is_empty(on_page)
    rows = pd.DataFrame(near.drop(columns=near.geometry.name))[kept]
    return SheetFeatures(_with_kind(rows, on_page[kept]), on_page[kept])


def one_feature(frame: pd.DataFrame, projection: Projection) -> SheetFeatures:
    """The first feature near the map frame, as it is: enough to know that a layer has something there."""
    if not isinstance(frame, gpd.GeoDataFrame) or not len(frame):
        return SheetFeatures(frame.iloc[:0], np.array([], object))
    near = touching_rows(frame, projection).iloc[:1]
    on_page = projection.to_sheet(np.asarray(near.geometry.array))
    return SheetFeatures(_with_kind(pd.DataFrame(near.drop(columns=near.geometry.name)), on_page), on_page)


def touching_rows(frame: gpd.GeoDataFrame, projection: Projection) -> gpd.GeoDataFrame:
    """Rows whose bounds come near the map frame; raises `CrsMismatchError` unless the frame is in metres."""
    require_metric(frame)
    west, south, east, north = projection.extent_m
    reach_m = MARGIN_MM / projection.mm_per_ground_m
    bounds = shapely.bounds(np.asarray(frame.geometry.array))
    near = (bounds[:, 0] <= east + reach_m) & (bounds[:, 2] >= west - reach_m)
    near &= (bounds[:, 1] <= north + reach_m) & (bounds[:, 3] >= south - reach_m)
    return frame[near]


def _with_kind(rows: pd.DataFrame, geometries: Geometries) -> pd.DataFrame:
    return rows.assign(**{GEOMETRY_TYPE: KINDS[shapely.get_type_id(geometries)]}).reset_index(drop=True)


def _drawable(on_page: Geometries, rows: pd.DataFrame, projection: Projection) -> Geometries:
    frame = projection.frame.inset(-MARGIN_MM)
    bounds = shapely.bounds(on_page)
    reaches_out = (bounds[:, 0] < frame.x) | (bounds[:, 1] < frame.y)
    reaches_out |= (bounds[:, 2] > frame.right) | (bounds[:, 3] > frame.bottom)
    cut = on_page.copy()
    cut[reaches_out] = shapely.clip_by_rect(on_page[reaches_out], frame.x, frame.y, frame.right, frame.bottom)
    simple = shapely.simplify(cut, SIMPLIFY_MM, preserve_topology=False)
    return _with_red_specks(simple, cut, rows)


def _with_red_specks(simple: Geometries, cut: Geometries, rows: pd.DataFrame) -> Geometries:
    if "level" not in rows.columns:
        return simple
    is_area = np.isin(shapely.get_type_id(cut), (3, 6)) & ~shapely.is_empty(cut)
    is_speck = is_area & (shapely.area(cut) < SPECK_MM2) & (rows["level"] == "red").to_numpy()
    centres = shapely.get_coordinates(shapely.centroid(cut[is_speck]))
    half = SPECK_SIDE_MM / 2
    simple[is_speck] = shapely.box(*(centres - half).T, *(centres + half).T)
    return simple


def anchor_points(geometries: Geometries) -> NDArray[np.float64]:
    """Where each geometry's symbol stands, (n, 2) mm: the point itself, a line's middle, inside an area."""
    kinds = KINDS[shapely.get_type_id(geometries)]
    points = shapely.point_on_surface(geometries)
    is_line = kinds == "LineString"
    points[is_line] = shapely.line_interpolate_point(
        _longest_parts(geometries[is_line]), 0.5, normalized=True
    )
    return shapely.get_coordinates(points)


def _longest_parts(lines: Geometries) -> Geometries:
    longest = [max(shapely.get_parts(line), key=lambda part: part.length) for line in lines]
    return np.array(longest, object)


def roomiest_places(areas: Geometries) -> NDArray[np.float64]:
    """Centre and radius (n, 3) mm of a large circle inside each area, where its name stands best."""
    parts = _largest_parts(areas)
    radii = [shapely.maximum_inscribed_circle(part, tolerance=1.0) for part in parts]
    return np.array([(*radius.coords[0], radius.length) for radius in radii]).reshape(-1, 3)


def _largest_parts(areas: Geometries) -> Geometries:
    polygons = (shapely.get_parts(area) for area in areas)
    return np.array([max(parts, key=lambda part: part.area) for parts in polygons], object)
