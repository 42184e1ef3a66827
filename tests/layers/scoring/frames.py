"""Small hand-made layers for the tests of distances, pipelines and siting; positions are exact unless stated."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import shapely

from layers.crs import metric_crs

CRS = metric_crs(120.585, 31.298)
"""The centre of the plane, 500000 500000, has scale 1: a metre there is a metre on the ellipsoid."""
X, Y = 500_000.0, 500_000.0


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle by metres from the centre."""
    return shapely.box(X + west, Y + south, X + east, Y + north)


def line(*xy_m: tuple[float, float]) -> shapely.MultiLineString:
    """A line by metres from the centre."""
    return shapely.multilinestrings([shapely.linestrings([(X + x, Y + y) for x, y in xy_m])])


def point(x: float, y: float) -> shapely.Point:
    return shapely.Point(X + x, Y + y)


def layer(*features: dict[str, Any], **same: Any) -> gpd.GeoDataFrame:
    """A layer of features, each a mapping with `geometry`; `same` holds for all; accuracy 0 unless stated."""
    rows = [{"feature_id": f"f{i}", "accuracy_m": 0.0} | same | feature for i, feature in enumerate(features)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def building(geometry: shapely.Geometry, **fields: Any) -> dict[str, Any]:
    return {"geometry": geometry, "use": "residential", "built_year": 2015, "built_on": None} | fields


def pipeline(geometry: shapely.Geometry, **fields: Any) -> dict[str, Any]:
    return {
        "geometry": geometry,
        "pipeline_id": "P1",
        "name": "test line",
        "kind": "transmission",
        "medium": "natural_gas",
        "diameter_mm": 508.0,
        "pressure_mpa": 4.0,
        "status": "operating",
        "start_chainage_m": 12_000.0,
    } | fields


def road(geometry: shapely.Geometry, road_class: str | None, **fields: Any) -> dict[str, Any]:
    return {"geometry": geometry, "name": "road", "road_class": road_class, "land_width_m": 30.0} | fields


def power_line(geometry: shapely.Geometry, voltage_kv: float | None, **fields: Any) -> dict[str, Any]:
    return {"geometry": geometry, "name": "power", "voltage_kv": voltage_kv, "outer_offset_m": 3.0} | fields


def unit(geometry: shapely.Geometry | None, **fields: Any) -> dict[str, Any]:
    return {
        "geometry": geometry,
        "unit_id": "U1",
        "enterprise_id": "E1",
        "name": "tank farm",
        "kind": "tank_farm",
        "filed_level": None,
        "in_service_on": None,
        "status": "operating",
    } | fields


def enterprise(geometry: shapely.Geometry | None, kind: str, **fields: Any) -> dict[str, Any]:
    return {
        "geometry": geometry,
        "enterprise_id": "E1",
        "name": "works",
        "kind": kind,
        "status": "operating",
        "in_service_on": None,
    } | fields


def target(geometry: shapely.Geometry | None, category: str, **fields: Any) -> dict[str, Any]:
    return {
        "geometry": geometry,
        "target_id": "T1",
        "name": "place",
        "category": category,
        "target_class": None,
        "n_persons": None,
        "n_households": None,
        "in_service_on": None,
        "is_zoned_land": False,
    } | fields


def stated(geometry: shapely.Geometry, distance_m: float, valid_until_on: Any, **fields: Any) -> dict[str, Any]:
    """A distance that a report states for an installation."""
    return {
        "geometry": geometry,
        "distance_id": "D1",
        "enterprise_id": "E1",
        "name": "store",
        "kind": "external_safety",
        "target_group": "all",
        "distance_m": distance_m,
        "valid_until_on": valid_until_on,
    } | fields


def contour(
    geometry: shapely.Geometry, risk_per_year: float, valid_until_on: Any, **fields: Any
) -> dict[str, Any]:
    return {
        "geometry": geometry,
        "contour_id": "C1",
        "enterprise_id": "E1",
        "risk_per_year": risk_per_year,
        "valid_until_on": valid_until_on,
    } | fields
