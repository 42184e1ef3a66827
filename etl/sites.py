"""Sites in files that people send: GeoJSON, shapefile, GeoPackage, drawing, table or text, read in a child with limits."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from etl.read_child import read_in_child, survey_in_child
from etl.recognise_files import Dataset, plain_manifest
from etl.site_faults import EMPTY, HEIGHTS, NO_DEGREES, OUTSIDE_CRS, TOO_FEW_CORNERS, SiteFault, no_number, no_site, no_words
from layers.crs import SHIFTED_DATUMS, to_geographic
from layers.errors import SourceFileError

Geometries = NDArray[np.object_]
Faults = dict[int, SiteFault]
"""Why a row has no usable place, by its position."""
MOST_SITES = 10_000
LARGEST_TEXT_BYTES = 5_000_000
TEXT_SUFFIX = ".txt"
LON_NAMES, LAT_NAMES, WKT_NAMES = ("lon", "lng", "longitude", "x", "经度"), ("lat", "latitude", "y", "纬度"), ("wkt", "geometry", "geom")
SITE_TYPES = ("Point", "Polygon", "MultiPolygon")
GEOGRAPHIC = "EPSG:4326"
FIRST_DEGREES = 400.0
"""A coordinate above is no degree."""
ZONED_EASTING = 1e7
LEAST_CORNERS = 3
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
ZONE_CODES = {3: (25, 45, 4488), 6: (13, 23, 4478)}
"""Width of Gauss-Krueger zones: first and last zone of China, and what is added to a zone for the EPSG code with zone numbers."""


def sites_in(path: Path, *, target: str, crs: str = "") -> list[dict[str, Any]]:
    """Every row of a file: `row` (from 1), `geometry` (GeoJSON in `target`) and `properties` as text.

    A row without a usable place has no `geometry` but a `fault` (`field`, `zh`, `en`); the others are told all the same.

    Parameters
    ----------
    target : the geographic CRS wanted, such as ``EPSG:4490``
    crs : CRS or shifted datum of the file where it states none or a wrong one

    Raises
    ------
    SourceFileError
        No reader takes the file, no row has a usable place, too many rows, or no CRS.
    """
    read = _corners_of_text if path.suffix.lower() == TEXT_SUFFIX else _of_dataset
    geometries, found_crs, rows, faults = read(path)
    if not len(geometries):
        raise SourceFileError(path, "no site", "at least one polygon or point")
    if len(geometries) > MOST_SITES:
        raise SourceFileError(path, f"{len(geometries)} sites", f"at most {MOST_SITES}")
    faults |= dict.fromkeys(_with_heights(geometries), HEIGHTS)
    shapes, faults = _in_target(path, _as_sites(geometries), crs or found_crs, target, faults)
    if len(faults) == len(geometries):
        first = faults[min(faults)]
        raise SourceFileError(path, f"no usable site ({first.field}: {first.en})", "points and polygons inside the CRS")
    return [_told(number, shape, row, faults.get(number - 1)) for number, (shape, row) in enumerate(zip(shapes, rows, strict=True), start=1)]


def _told(number: int, shape: shapely.Geometry | None, row: dict[str, str], fault: SiteFault | None) -> dict[str, Any]:
    if fault is not None:
        return {"row": number, "geometry": None, "properties": row, "fault": dataclasses.asdict(fault)}
    return {"row": number, "geometry": shapely.geometry.mapping(shape), "properties": row}


def _of_dataset(path: Path) -> tuple[Geometries, str, list[dict[str, str]], Faults]:
    found = survey_in_child(path).datasets
    chosen = next((entry for entry in found if entry.reader == "vector"), found[0] if found else None)
    if chosen is None:
        raise SourceFileError(path, "nothing a reader knows", "GeoJSON, SHP (zip), GPKG, DXF, CSV or TXT")
    frame = read_in_child(path, plain_manifest(path, chosen.reader, **_settings(chosen)))
    geometries, crs, faults = _geometries(path, frame, chosen)
    names = [str(name) for name in frame.columns if not str(name).startswith("_") and name != "geometry"]
    texts = [{name: str(value) for name, value in row.items() if isinstance(value, str) and value != ""} for row in frame[names].to_dict("records")]
    return geometries, crs, [{str(key): value for key, value in row.items()} for row in texts], faults


def _settings(dataset: Dataset) -> dict[str, Any]:
    return {"crs": dataset.crs_found, **dataset.settings} if dataset.crs_found and dataset.reader == "vector" else dict(dataset.settings)


def _geometries(path: Path, frame: pd.DataFrame, dataset: Dataset) -> tuple[Geometries, str, Faults]:
    """Geometries of a layer, or of a table's columns of coordinates or well-known text."""
    if "geometry" in frame and dataset.reader == "vector":
        return np.asarray(frame["geometry"].to_numpy(), object), dataset.crs_found or "", {}
    columns = {str(name).strip().lower(): str(name) for name in frame.columns}
    wkt = next((columns[name] for name in WKT_NAMES if name in columns), None)
    if wkt is not None:
        words = [value if isinstance(value, str) else None for value in frame[wkt]]
        made: Geometries = np.asarray(shapely.from_wkt(np.array(words, object), on_invalid="ignore"), object)
        return made, GEOGRAPHIC, {int(at): no_words(wkt) for at in np.flatnonzero(shapely.is_missing(made))}
    lon, lat = (next((columns[name] for name in names if name in columns), None) for names in (LON_NAMES, LAT_NAMES))
    if lon is None or lat is None:
        raise SourceFileError(path, "no column of coordinates", "columns lon and lat, or wkt")
    xy = np.column_stack([pd.to_numeric(frame[name], errors="coerce").to_numpy(float) for name in (lon, lat)])
    is_number = np.isfinite(xy)
    points: Geometries = np.where(is_number.all(axis=1), shapely.points(np.where(is_number, xy, 0.0)), None)
    missing = np.flatnonzero(~is_number.all(axis=1))
    return points, GEOGRAPHIC, {int(at): no_number(lat if is_number[at, 0] else lon) for at in missing}


def _with_heights(geometries: Geometries) -> list[int]:
    """Rows with a height other than 0, which drawings write of what lies on the plane: a site has no third dimension to be judged by."""
    xyz, row = shapely.get_coordinates(geometries, include_z=True, return_index=True)
    return np.unique(row[np.nan_to_num(xyz[:, 2]) != 0]).tolist()


def _as_sites(geometries: Geometries) -> Geometries:
    """Closed lines, as drawings have them, become areas; collections of one kind become one geometry."""
    plane: Geometries = shapely.force_2d(geometries)
    closed = np.isin(shapely.get_type_id(plane), (1, 2, 5)) & shapely.is_closed(plane)
    for at in np.flatnonzero(closed):
        parts = [shapely.Polygon(part) for part in shapely.get_parts(plane[at]) if len(part.coords) > LEAST_CORNERS]
        plane[at] = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return plane


def _in_target(path: Path, geometries: Geometries, crs: str, target: str, faults: Faults) -> tuple[Geometries, Faults]:
    """Geometries in the CRS wanted, and the faults known before with those of rows that are no site there."""
    found = {at: _kind_fault(shape) for at, shape in enumerate(geometries)}
    known = {at: fault for at, fault in found.items() if fault is not None} | faults
    usable = np.array([at for at in range(len(geometries)) if at not in known], int)
    largest = np.array([float(np.abs(shapely.get_coordinates(geometries[at])).max()) for at in usable])
    if not crs:
        if len(largest) and largest.min() > FIRST_DEGREES:
            raise SourceFileError(path, "coordinates in metres and no CRS", "a file that states its CRS, or a CRS chosen by hand")
        crs = GEOGRAPHIC
    if crs not in SHIFTED_DATUMS and pyproj.CRS.from_user_input(crs).is_geographic:
        known |= {int(at): NO_DEGREES for at in usable[largest > FIRST_DEGREES]}
        usable = usable[largest <= FIRST_DEGREES]
    moved: Geometries = np.full(len(geometries), None, object)
    if len(usable):
        moved[usable] = to_geographic(geometries[usable], crs, target)
    lost = [int(at) for at in usable if not np.isfinite(shapely.get_coordinates(moved[at])).all()]
    return moved, known | dict.fromkeys(lost, OUTSIDE_CRS)


def _kind_fault(shape: shapely.Geometry | None) -> SiteFault | None:
    """Why a geometry is no site; None where it is one."""
    if shape is None or shape.is_empty:
        return EMPTY
    return None if shape.geom_type in SITE_TYPES else no_site(shape.geom_type)


def _corners_of_text(path: Path) -> tuple[Geometries, str, list[dict[str, str]], Faults]:
    """Corners one a line, the last two numbers of it: degrees (longitude first) or metres (north first, with its zone).

    A line with ``@``, as land offices write a plot's head, or an empty line begins another plot; lines with ``=`` and
    in brackets stand before the plots.
    """
    if path.stat().st_size > LARGEST_TEXT_BYTES:
        raise SourceFileError(path, "a text of more than 5 MB", "corners of a few plots")
    plots: list[list[tuple[float, float]]] = [[]]
    for line in _text(path).splitlines():
        numbers = [float(text) for text in NUMBER.findall(line.split("J", 1)[-1] if line.startswith("J") else line)]
        if "@" in line or not line.strip():
            plots.append([])
        elif len(numbers) >= 2 and not line.startswith("[") and "=" not in line:
            plots[-1].append((numbers[-2], numbers[-1]))
    plots = [plot for plot in plots if plot]
    whole = [at for at, plot in enumerate(plots) if len(plot) >= LEAST_CORNERS]
    if not whole:
        raise SourceFileError(path, "no three lines with two numbers", "one corner a line")
    rings = [_ring(plots[at]) for at in whole]
    xy, crs = _turned(np.concatenate(rings))
    ends = np.cumsum([len(ring) for ring in rings])
    areas: Geometries = np.full(len(plots), None, object)
    areas[whole] = [shapely.Polygon(part) for part in np.split(xy, ends[:-1])]
    return areas, crs, [{} for _ in plots], dict.fromkeys(set(range(len(plots))) - set(whole), TOO_FEW_CORNERS)


def _ring(plot: list[tuple[float, float]]) -> NDArray[np.float64]:
    corners = plot if plot[0] == plot[-1] else [*plot, plot[0]]
    return np.array(corners, float)


def _turned(pairs: NDArray[np.float64]) -> tuple[NDArray[np.float64], str]:
    """East before north, and the CRS that the size of the easting tells; empty where nothing tells it."""
    if np.abs(pairs).max() <= FIRST_DEGREES:
        return pairs, GEOGRAPHIC
    if pairs[:, 0].max() < pairs[:, 1].max() or pairs[:, 0].max() < ZONED_EASTING:
        pairs = pairs[:, ::-1]
    zone = int(pairs[0, 0] // 1e6)
    for low, high, base in ZONE_CODES.values():
        if low <= zone <= high:
            return pairs, f"EPSG:{base + zone}"
    return pairs, ""


def _text(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceFileError(path, "a text in an unknown encoding", "UTF-8 or GB 18030")
