"""Where a pipeline crosses roads, railways, waters, power lines, other lines, protected and zoned land: chainage and angle.

No verified rule of the tables gives a least angle, so the angle is told and not judged.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.scoring.calibration import chainage_of
from layers.scoring.chainage import Chainage
from layers.scoring.object_classes import Layers

LINE_LAYERS = ("roads", "railways", "power_lines", "pipelines")
AREA_LAYERS = ("water", "water_source_zones", "nature_areas", "planned_prohibitions", "land_use_zones", "park_boundaries")
CATEGORY_FIELDS = ("road_class", "voltage_kv", "kind", "medium", "zone_class", "grade", "control")
FIELDS = (
    "chainage_m", "to_chainage_m", "angle_deg", "object_layer", "object_feature_id", "object_name", "object_category",
    "error_m", "geometry",
)  # fmt: skip
SAME_PLACE_M = 0.05
"""Crossings of one object closer than this are one: a shared vertex is met by two pieces."""
Geometries = NDArray[np.object_]
Floats = NDArray[np.float64]


def crossings(pipeline: pd.Series[Any], layers: Layers, *, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Every crossing of one pipeline, in chainage order.

    Parameters
    ----------
    pipeline : row of ``pipelines`` with its geometry in the metric `crs`
    layers : frames in `crs`; of `LINE_LAYERS` and `AREA_LAYERS` those that are there are looked at, and the posts that
        calibrate the line

    Returns
    -------
    GeoDataFrame of `FIELDS`
        `chainage_m` and, for an area, `to_chainage_m`, metres, where the line comes in and goes out; `angle_deg` between
        line and object, 0 to 90, of an area with its edge where the line comes in (NaN where it begins inside);
        `error_m` from both positions. Stretches that run exactly along an object are no crossings.
    """
    along = chainage_of(pipeline, layers, crs)
    found = [_line_crossings(pipeline, layers[name], name, along) for name in LINE_LAYERS if _has_rows(layers, name)]
    found += [_area_crossings(pipeline, layers[name], name, along) for name in AREA_LAYERS if _has_rows(layers, name)]
    filled = [frame for frame in found if len(frame)]
    rows = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame({name: [] for name in FIELDS})
    rows = rows.sort_values(["chainage_m", "object_layer", "object_feature_id"], ignore_index=True)
    return gpd.GeoDataFrame(rows[list(FIELDS)], geometry="geometry", crs=crs)


def _has_rows(layers: Layers, name: str) -> bool:
    return name in layers and len(layers[name]) > 0


def _near(pipeline: pd.Series[Any], frame: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    """Features that meet the line, itself left out, in the order of their rows; a road may bear the line's number."""
    met = frame.iloc[np.sort(frame.sindex.query(pipeline["geometry"], predicate="intersects"))]
    if name != "pipelines" or "feature_id" not in pipeline.index:
        return met
    return met[met["feature_id"] != pipeline["feature_id"]]


def _line_crossings(pipeline: pd.Series[Any], frame: gpd.GeoDataFrame, name: str, along: Chainage) -> pd.DataFrame:
    near = _near(pipeline, frame, name)
    of_object, points, angle_deg = _met(pipeline["geometry"], near.geometry.to_numpy())
    rows = _rows(near.iloc[of_object], name, pipeline)
    rows = rows.assign(chainage_m=along.at(points), to_chainage_m=np.nan, angle_deg=angle_deg, geometry=points)
    return _once(rows)


def _area_crossings(pipeline: pd.Series[Any], frame: gpd.GeoDataFrame, name: str, along: Chainage) -> pd.DataFrame:
    """A row for every stretch inside; its angle is that of the crossing of the edge at which it begins."""
    near = _near(pipeline, frame, name)
    inside, of_object = shapely.get_parts(shapely.intersection(near.geometry.to_numpy(), pipeline["geometry"]), return_index=True)
    is_line = shapely.get_type_id(inside) == 1
    inside, of_object = _merged(inside[is_line], of_object[is_line])
    ends_m = np.column_stack([along.at(shapely.get_point(inside, 0)), along.at(shapely.get_point(inside, -1))])
    low, high = ends_m.min(axis=1, initial=np.inf), ends_m.max(axis=1, initial=-np.inf)
    edge_of, points, angle_deg = _met(pipeline["geometry"], shapely.boundary(near.geometry.to_numpy()))
    entry = _angle_at(low, of_object, along.at(points), edge_of, angle_deg)
    rows = _rows(near.iloc[of_object], name, pipeline)
    starts = np.where(ends_m[:, 0] <= ends_m[:, 1], shapely.get_point(inside, 0), shapely.get_point(inside, -1))
    return rows.assign(chainage_m=low, to_chainage_m=high, angle_deg=entry, geometry=starts)


def _merged(parts: Geometries, of_object: NDArray[np.intp]) -> tuple[Geometries, NDArray[np.intp]]:
    """Parts of one object that touch end to end as one stretch each."""
    stretches: list[Any] = []
    owners: list[int] = []
    for owner in np.unique(of_object):
        joined = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts[of_object == owner])))
        stretches += list(joined)
        owners += [int(owner)] * len(joined)
    return np.array(stretches, dtype=object), np.array(owners, dtype=np.intp)


def _angle_at(
    low: Floats, of_object: NDArray[np.intp], edge_m: Floats, edge_of: NDArray[np.intp], angle_deg: Floats
) -> Floats:
    """The angle of the edge crossing at the chainage at which each stretch begins; NaN where there is none."""
    found = np.full(len(low), np.nan)
    for i, (start, owner) in enumerate(zip(low, of_object, strict=True)):
        own = np.flatnonzero((edge_of == owner) & (np.abs(edge_m - start) <= SAME_PLACE_M))
        if len(own):
            found[i] = angle_deg[own[0]]
    return found


def _met(line: shapely.Geometry, objects: Geometries) -> tuple[NDArray[np.intp], Geometries, Floats]:
    """Object, place and angle (degrees, 0 to 90) of every point in which segments of a line and of objects meet."""
    own, _ = _segments(np.array([line], dtype=object))
    theirs, of_object = _segments(objects)
    if not len(theirs):
        return np.zeros(0, np.intp), np.array([], dtype=object), np.zeros(0)
    left, right = shapely.STRtree(theirs).query(own, predicate="intersects")
    points = shapely.intersection(own[left], theirs[right])
    is_point = shapely.get_type_id(points) == 0
    left, right, points = left[is_point], right[is_point], points[is_point]
    return of_object[right], points, _angles(_directions(own[left]), _directions(theirs[right]))


def _segments(geometries: Geometries) -> tuple[Geometries, NDArray[np.intp]]:
    """Every straight segment of lines, and the position of the line it came from."""
    parts, of_line = shapely.get_parts(geometries, return_index=True)
    xy_m, of_part = shapely.get_coordinates(parts, return_index=True)
    is_joined = of_part[:-1] == of_part[1:]
    ends = np.stack([xy_m[:-1][is_joined], xy_m[1:][is_joined]], axis=1)
    return shapely.linestrings(ends), of_line[of_part[:-1][is_joined]]


def _directions(segments: Geometries) -> Floats:
    ends = shapely.get_coordinates(segments).reshape(-1, 2, 2)
    return np.asarray(ends[:, 1] - ends[:, 0], dtype=float)


def _angles(a: Floats, b: Floats) -> Floats:
    cross = np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])
    dot = np.abs((a * b).sum(axis=1))
    return np.asarray(np.degrees(np.arctan2(cross, dot)))


def _rows(objects: gpd.GeoDataFrame, name: str, pipeline: pd.Series[Any]) -> pd.DataFrame:
    category = next((field for field in CATEGORY_FIELDS if field in objects.columns), None)
    stated_m = pipeline.get("accuracy_m")
    own_error_m = 0.0 if pd.isna(stated_m) else float(stated_m)
    return pd.DataFrame(
        {
            "object_layer": name,
            "object_feature_id": objects["feature_id"].to_numpy(),
            "object_name": objects["name"].to_numpy() if "name" in objects.columns else None,
            "object_category": objects[category].to_numpy() if category else None,
            "error_m": np.hypot(own_error_m, np.nan_to_num(pd.to_numeric(objects["accuracy_m"]).to_numpy(float, na_value=np.nan))),
        }
    )


def _once(rows: pd.DataFrame) -> pd.DataFrame:
    """Crossings of one object at one place once, with the largest angle of those that met there."""
    rows = rows.sort_values(["object_feature_id", "chainage_m"], ignore_index=True)
    is_new = (rows["object_feature_id"] != rows["object_feature_id"].shift()) | (rows["chainage_m"].diff() > SAME_PLACE_M)
    largest = rows.groupby(is_new.cumsum())["angle_deg"].transform("max")
    return rows.assign(angle_deg=largest)[is_new]
