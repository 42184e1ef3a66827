"""Answers of an ArcGIS service kept as files: `features[]` with `attributes` and `geometry`, a page a file or a list of pages in one.

The service's spatial reference is often a private code, so the manifest states the CRS, as for every source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from etl.batch import HEIGHTS, ROW
from etl.jobs.json_files import cell_text, json_value
from etl.manifest import Manifest
from layers.errors import SourceFileError

LEAST_RING = 4
Ring = list[list[float]]


def is_page(value: Any) -> bool:
    """Whether a JSON value is a page of a service with features on it."""
    features = value.get("features") if isinstance(value, dict) else None
    return isinstance(features, list) and bool(features) and isinstance(features[0], dict) and "attributes" in features[0]


def pages_of(path: Path) -> list[dict[str, Any]]:
    """The page that a file holds, or the pages of its list, which must share one spatial reference.

    Raises
    ------
    SourceFileError
        A page is none or holds an error message instead, or pages state several references.
    """
    value = json_value(path)
    pages: list[Any] = value if isinstance(value, list) and value else [value]
    for number, page in enumerate(pages, start=1):
        features = page.get("features") if isinstance(page, dict) else None
        is_whole = isinstance(features, list) and all(isinstance(entry, dict) for entry in features)
        if not is_whole or not isinstance(page.get("spatialReference", {}), dict | None):
            where = f"page {number} of {len(pages)}: " if len(pages) > 1 else ""
            said = str(page.get("error", "no features"))[:200] if isinstance(page, dict) else f"a JSON {type(page).__name__}"
            raise SourceFileError(path, where + said, "a page with a list of features")
    stated = sorted({_reference(page["spatialReference"]) for page in pages if page.get("spatialReference")})
    if len(stated) > 1:
        raise SourceFileError(path, f"pages in {len(stated)} spatial references: {'; '.join(stated)[:200]}", "pages of one spatial reference")
    return pages


def _reference(stated: dict[str, Any]) -> str:
    """A spatial reference by its newest number, or by all that it says; services write the same one in several ways."""
    return str(stated.get("latestWkid") or stated.get("wkid") or sorted(stated.items(), key=str))


def features_of(path: Path) -> list[dict[str, Any]]:
    """Features of all pages of a file in their order; raises as `pages_of`."""
    return [feature for page in pages_of(path) for feature in page["features"]]


def read_esri_json(path: Path, manifest: Manifest) -> gpd.GeoDataFrame:
    """The pages of a file as rows of text with a geometry; `_row` counts features of the file from 1."""
    features = features_of(path)
    rows, geometries, has_more = [], [], []
    for number, feature in enumerate(features, start=1):
        attributes = feature.get("attributes") or {}
        try:
            rows.append({name: cell_text(value) for name, value in attributes.items()})
            given = feature.get("geometry") or {}
            geometries.append(esri_geometry(given))
            has_more.append(_has_more_than_plane(given))
        except (TypeError, ValueError, IndexError, AttributeError, shapely.errors.GEOSException) as error:
            raise SourceFileError(path, f"feature {number}: {error}", "attributes and an Esri geometry") from error
    frame = pd.DataFrame(rows, dtype=object).fillna("")
    frame[ROW] = np.arange(1, len(frame) + 1)
    if any(has_more):
        frame[HEIGHTS] = has_more
    return gpd.GeoDataFrame(frame, geometry=np.array(geometries, dtype=object), crs=None)


def _has_more_than_plane(given: dict[str, Any]) -> bool:
    """Whether a geometry comes with heights or measures other than nought."""
    lines = given.get("rings") or given.get("paths") or [given.get("points") or []]
    further = [given.get("z"), given.get("m"), *(value for line in lines for point in line for value in point[2:])]
    return any(value not in (None, "NaN") and float(value) != 0.0 for value in further)


def esri_geometry(given: dict[str, Any]) -> BaseGeometry | None:
    """Point, multipoint, paths or rings as a geometry; None where there is none.

    Raises ValueError for a geometry of curves, which this reader would have to flatten.
    """
    if "rings" in given:
        return _polygons(given["rings"])
    if "paths" in given:
        return shapely.multilinestrings([_line(path) for path in given["paths"]]) if given["paths"] else None
    if "points" in given:
        return shapely.multipoints([_xy(point) for point in given["points"]]) if given["points"] else None
    if any(name.startswith("curve") for name in given):
        raise ValueError("a geometry with curves")
    if given.get("x") in (None, "NaN") or given.get("y") in (None, "NaN"):
        return None
    return shapely.points(float(given["x"]), float(given["y"]))


def _xy(point: list[float]) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _line(path: Ring) -> BaseGeometry:
    return shapely.linestrings([_xy(point) for point in path])


def _polygons(rings: list[Ring]) -> BaseGeometry | None:
    """Outer rings run clockwise, holes against it; each hole goes to the ring around it."""
    closed = [shapely.linearrings([_xy(point) for point in ring]) for ring in rings if len(ring) >= LEAST_RING]
    outer = [ring for ring in closed if not shapely.is_ccw(ring)]
    holes = [ring for ring in closed if shapely.is_ccw(ring)]
    if not outer:
        outer, holes = holes, []
    shells = [shapely.polygons(ring) for ring in outer]
    inside: list[list[BaseGeometry]] = [[] for _ in shells]
    for hole in holes:
        point = shapely.points(shapely.get_coordinates(hole)[0])
        around = [number for number, shell in enumerate(shells) if shell.intersects(point)]
        if not around:
            raise ValueError("a hole outside every ring")
        inside[around[0]].append(hole)
    polygons = [shapely.polygons(ring, holes=own or None) for ring, own in zip(outer, inside, strict=True)]
    return shapely.multipolygons(polygons) if polygons else None
