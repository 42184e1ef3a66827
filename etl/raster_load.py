"""Delivered rasters: checked, rewritten as cloud-optimised GeoTIFF in our unit, named by hash before any row names them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyproj
import rasterio
import rasterio.shutil
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.features import geometry_mask
from rasterio.transform import Affine
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from etl.archives import opened
from etl.ledger import Loading, record_counts, record_load, record_warnings
from etl.manifest import FieldSource, Manifest
from etl.notations import UNIT_FACTORS, UNIT_NAMES
from layers.catalog import Area, Field, Layer
from layers.crs import SHIFTED_DATUMS, distance_between_m, to_geographic, transform_geometry
from layers.errors import SourceFileError

MAX_CELLS = 400_000_000
"""Cells of a delivered raster; a county at 5 m has fewer."""
PIECE_CELLS = 4_000_000
SAME_PLACE_M = 5.0
KILOMETRE_M = 1000.0
DENSITY_RULES = {"RC29": ">", "RC30": "<"}
USUAL_NODATA = (-9999.0, -99999.0, -32768.0, -32767.0, 65535.0, 255.0, -3.4028234663852886e38, 3.4028234663852886e38)
"""Values that programs write for *nothing here*; told of where a raster declares no nodata."""


@dataclass(frozen=True)
class Reading:
    """How a band becomes our values: its number, the factor from the delivered unit, what means nothing."""

    band: int
    factor: float
    unit: str | None
    nodata: float | None


def raster_folder(home: Path) -> Path:
    """Where rasters are kept, loaded and derived alike."""
    return home / "rasters"


def load_raster(
    connection: sa.Connection, loading: Loading, manifest: Manifest, paths: list[Path],
    files: list[tuple[str, str]], input_hash: str,
) -> tuple[dict[str, int], dict[str, int]]:
    """Take in one raster per source; the former one of the same source is closed, or stays where it is the same one.

    Returns
    -------
    Its counts, and warnings by rule.
    """
    if len(paths) != 1:
        raise SourceFileError(loading.data_dir, f"{len(paths)} rasters", "one raster a source")
    layer = loading.catalog[manifest.layer]
    field = layer.fields[0]
    ground = kept_ground(manifest, loading.outline, loading.area)
    target = raster_folder(loading.home) / f"{raster_sha256(files, manifest, ground)}.tif"
    if loading.take_raster is not None:
        info = loading.take_raster(paths[0], manifest, manifest.layer, target, ground)
    else:
        with opened(paths[0], manifest) as path:
            info = checked_raster(path, manifest, field) | {"doubts": raster_doubts(path, manifest, layer)}
            if not loading.is_dry_run:
                write_cog(path, target, manifest, field, ground)
    info["covers_pct"] = covered_pct(paths[0], info["bounds"], manifest, loading.outline, loading.area)
    doubts = pd.DataFrame(info.pop("doubts"), columns=["rule_id", "field", "value", "detail"])
    load_id = record_load(connection, loading, manifest, files, input_hash)
    kept = {"path": str(target.relative_to(loading.home)), "sha256": files[0][1], "info": json.dumps(info)}
    given = {"layer": manifest.layer, "source_id": manifest.id, "load_id": load_id, **kept}
    counts = {"n_read": 1, "n_accepted": 1, _put_in_force(connection, given): 1} | ({"n_warned": 1} if len(doubts) else {})
    record_counts(connection, load_id, counts)
    whole = pd.DataFrame({"feature_id": [manifest.id], "source_file": [files[0][0]], "source_row": [None]})
    record_warnings(connection, manifest, load_id, whole, doubts.assign(at=0))
    return counts, dict(sorted(Counter(doubts["rule_id"]).items()))


def _put_in_force(connection: sa.Connection, given: dict[str, object]) -> str:
    """Make a raster the one of its source: what it is counted as. Its path names its bytes and how they were turned."""
    same = connection.execute(
        sa.text("UPDATE register.rasters SET info = CAST(:info AS jsonb) WHERE source_id = :source_id AND path = :path AND to_load IS NULL"), given
    )
    if same.rowcount:
        return "n_unchanged"
    former = connection.execute(
        sa.text("UPDATE register.rasters SET to_load = :load_id WHERE source_id = :source_id AND to_load IS NULL"), given
    )
    connection.execute(
        sa.text(
            "INSERT INTO register.rasters (layer, source_id, path, sha256, info, from_load) "
            "VALUES (:layer, :source_id, :path, :sha256, CAST(:info AS jsonb), :load_id)"
        ),
        given,
    )
    return "n_changed" if former.rowcount else "n_added"


def raster_sha256(files: list[tuple[str, str]], manifest: Manifest, ground: BaseGeometry | None = None) -> str:
    """Name of a kept raster: of the delivered bytes and of all that decides how they are turned and where they are kept."""
    turned = [manifest.crs, repr(manifest.nodata), *(f"{name}{entry.column}{entry.unit}" for name, entry in manifest.fields.items())]
    turned += [ground.wkb_hex] if ground is not None else []
    return hashlib.sha256("|".join([*(sha for _, sha in files), *turned]).encode()).hexdigest()


def kept_ground(manifest: Manifest, outline: BaseGeometry, area: Area) -> BaseGeometry | None:
    """Where cells of a raster are kept, in its own CRS: the area and `beyond_area_m` of the manifest; None: everywhere."""
    if manifest.beyond_area_m is None:
        return None
    metric = transform_geometry(np.array([outline], dtype=object), area.storage_crs, area.metric_crs)
    wider = np.array([metric[0].buffer(manifest.beyond_area_m)], dtype=object)
    return transform_geometry(wider, area.metric_crs, manifest.crs)[0]


def checked_raster(path: Path, manifest: Manifest, field: Field) -> dict[str, object]:
    """Facts of a raster, its values in our unit.

    Raises
    ------
    SourceFileError
        It cannot be what the layer needs: no GeoTIFF, a picture, no place or another CRS than the manifest's, another
        unit, no values, values out of range (with the likely nodata named).
    """
    try:
        with rasterio.open(path, driver="GTiff") as source:
            _check_form(path, source, manifest)
            _check_crs(path, source, manifest)
            reading = _reading(path, source, manifest, field)
            low, high, total, n_values = _statistics(source, reading)
            n_cells = source.width * source.height
            facts = {
                "rows": source.height, "columns": source.width, "nodata": reading.nodata, "crs": manifest.crs, "unit": field.unit,
                "unit_delivered": reading.unit, "crs_found": source.crs.to_string() if source.crs else None,
                "cell": [abs(value) for value in source.res], "bounds": list(source.bounds), "dtype": source.dtypes[reading.band - 1],
            }
    except (RasterioError, ValueError, MemoryError) as error:
        raise SourceFileError(path, str(error), "a GeoTIFF") from error
    if not n_values:
        raise SourceFileError(path, "no cell with a value", f"values of {field.title_en}")
    _check_range(path, low, high, reading, field)
    return {**facts, "min": low, "max": high, "sum": total, "empty_pct": round(100.0 * (1 - n_values / n_cells), 2)}


def _check_form(path: Path, source: rasterio.DatasetReader, manifest: Manifest) -> None:
    if source.width * source.height > MAX_CELLS:
        raise SourceFileError(path, f"{source.height:,} x {source.width:,} cells", f"at most {MAX_CELLS:,} cells")
    band = _band(path, manifest)
    if band > source.count or (source.count != 1 and not manifest.fields):
        raise SourceFileError(path, f"{source.count} bands", "one band of values, not a picture, or the number of the band as `column`")
    if np.dtype(source.dtypes[band - 1]).kind not in "iuf":
        raise SourceFileError(path, f"cells of {source.dtypes[band - 1]}", "numbers")
    if source.transform.is_identity:
        raise SourceFileError(path, "no place on the ground (no geotransform)", "a georeferenced GeoTIFF, or its .tfw beside it")
    if source.transform.b or source.transform.d:
        raise SourceFileError(path, "a rotated raster", "rows that run east and columns that run south")


def _check_crs(path: Path, source: rasterio.DatasetReader, manifest: Manifest) -> None:
    """A raster is kept in the CRS that its manifest states, which must be the file's own where that says one."""
    if manifest.crs in SHIFTED_DATUMS:
        raise SourceFileError(path, f"a raster in {manifest.crs}", "a raster turned into a CRS by its supplier: cells cannot be moved one by one")
    if source.crs is None or manifest.crs_overrides_file:
        return
    west, south, east, north = source.bounds
    corners = np.array([[west, south], [west, north], [east, south], [east, north], [(west + east) / 2, (south + north) / 2]])
    apart_m = distance_between_m(corners, source.crs.to_wkt(), manifest.crs)
    if apart_m is not None and not apart_m <= SAME_PLACE_M:
        raise SourceFileError(
            path, f"the file's own CRS {source.crs.to_string()[:100]}",
            f"{manifest.crs} as the manifest says, or `crs_overrides_file = true` in it when the file is known to be wrong",
        )


def raster_doubts(path: Path, manifest: Manifest, layer: Layer) -> list[dict[str, str]]:
    """What deserves a second look about a raster that `checked_raster` takes: rule, field, value and detail of each.

    RC28: the file names no CRS, the manifest's is believed. RC29 and RC30, where the layer asks for them: its densest
    square kilometre has more or fewer people than their `limit`, which speaks for another unit or for a value that means nothing.
    """
    field, found = layer.fields[0], []
    limits = {check.rule: check.limit for check in layer.checks if check.rule in DENSITY_RULES and check.limit is not None}
    with rasterio.open(path, driver="GTiff") as source:
        if source.crs is None:
            found.append({"rule_id": "RC28", "field": "geometry", "value": manifest.crs, "detail": ""})
        densest = densest_per_km2(source, manifest.crs, _reading(path, source, manifest, field)) if limits else None
        for rule_id, limit in limits.items():
            sign = DENSITY_RULES[rule_id]
            if densest is not None and (densest > limit if sign == ">" else densest < limit):
                found.append({"rule_id": rule_id, "field": field.name, "value": f"{densest:.6g}", "detail": f"{densest:,.6g} {sign} {limit:,.0f} / km²"})
    return found


def densest_per_km2(source: rasterio.DatasetReader, crs: str, reading: Reading) -> float | None:
    """The most that lies on about one square kilometre (a block of cells, at least one cell), per square kilometre; None: nowhere on the ground.

    Single cells say little: a tower block in a cell of 30 m counts a million people per square kilometre.
    """
    across_m, down_m = cell_size_m(source, crs)
    if not np.isfinite([across_m, down_m]).all():  # nowhere on the ground: the check of what it covers says so
        return None
    columns, rows = (max(1, round(KILOMETRE_M / side_m)) for side_m in (across_m, down_m))
    step = rows * max(1, PIECE_CELLS // (source.width * rows))
    most = 0.0
    for top in range(0, source.height, step):
        window = Window(0, top, source.width, min(step, source.height - top))
        values = np.nan_to_num(_values(source, window, reading))
        blocks = np.add.reduceat(np.add.reduceat(values, np.arange(0, values.shape[0], rows), axis=0), np.arange(0, values.shape[1], columns), axis=1)
        most = max(most, float(blocks.max()))
    return most / (columns * across_m * rows * down_m / KILOMETRE_M**2)


def cell_size_m(source: rasterio.DatasetReader, crs: str) -> tuple[float, float]:
    """Width and height of the cell in the middle of a raster on the ground, metres."""
    system = pyproj.CRS.from_user_input(crs)
    column, row = source.width // 2, source.height // 2
    corners = np.array([source.xy(row + down, column + right, offset="ul") for right, down in ((0, 0), (1, 0), (0, 1))])
    points = to_geographic(shapely.points(corners), crs, system.geodetic_crs or system)
    (west, north), (east, _), (_, south) = shapely.get_coordinates(points)
    geod = system.get_geod()
    if geod is None:
        raise SourceFileError(source.name, f"a CRS without an ellipsoid ({crs})", "a CRS on the ground")
    return float(geod.inv(west, north, east, north)[2]), float(geod.inv(west, north, west, south)[2])


def _band(path: Path, manifest: Manifest) -> int:
    column = next((entry.column for entry in manifest.fields.values()), None) or "1"
    if not column.isdecimal() or int(column) < 1:
        raise SourceFileError(path, f"band {column!r} in the manifest", "the number of a band, from 1")
    return int(column)


def _reading(path: Path, source: rasterio.DatasetReader, manifest: Manifest, field: Field) -> Reading:
    """Band, unit and nodata; the file's own unit and the manifest's must agree."""
    band = _band(path, manifest)
    stated = manifest.fields.get(field.name, FieldSource()).unit
    given = source.units[band - 1] or ""
    in_file = UNIT_NAMES.get(given.lower()) if given else None
    if stated and in_file and stated != in_file:
        raise SourceFileError(path, f"values in {given}", f"values in {stated} as the manifest says")
    unit = stated or in_file
    if given and field.unit and not unit:
        raise SourceFileError(path, f"values in {given!r}", f"values in {field.unit}, or `unit` in the manifest")
    factor = 1.0 if unit is None or unit == field.unit else UNIT_FACTORS.get((unit, field.unit or ""))
    if factor is None:
        raise SourceFileError(path, f"values in {unit}", f"values in {field.unit or 'no unit'}")
    return Reading(band, factor, unit, manifest.nodata if manifest.nodata is not None else source.nodatavals[band - 1])


def _pieces(source: rasterio.DatasetReader) -> Iterator[Window]:
    """Windows of whole rows, none of them large."""
    step = max(1, PIECE_CELLS // source.width)
    for row in range(0, source.height, step):
        yield Window(0, row, source.width, min(step, source.height - row))


def _values(source: rasterio.DatasetReader, window: Window, reading: Reading) -> NDArray[np.float64]:
    """Values of a window in our unit, NaN where there are none; the band's own scale and offset applied."""
    raw = source.read(reading.band, window=window)
    mask = source.read_masks(reading.band, window=window) != 0
    values = raw.astype("float64")
    if reading.nodata is not None:
        mask &= values != reading.nodata
    scale, offset = source.scales[reading.band - 1], source.offsets[reading.band - 1]
    return np.where(mask & np.isfinite(values), (values * scale + offset) * reading.factor, np.nan)


def _statistics(source: rasterio.DatasetReader, reading: Reading) -> tuple[float, float, float, int]:
    """Least, greatest, sum and number of the values."""
    low, high, total, n = np.inf, -np.inf, 0.0, 0
    for window in _pieces(source):
        values = _values(source, window, reading)
        found = values[np.isfinite(values)]
        if len(found):
            low, high = min(low, float(found.min())), max(high, float(found.max()))
            total, n = total + float(found.sum()), n + len(found)
    return low, high, total, n


def _check_range(path: Path, low: float, high: float, reading: Reading, field: Field) -> None:
    if (field.min is None or low >= field.min) and (field.max is None or high <= field.max):
        return
    likely = next((value for value in USUAL_NODATA for extreme in (low, high) if np.isclose(extreme, value * reading.factor)), None)
    advice = f"; {likely:g} looks like nodata: state `nodata = {likely:g}` in the manifest" if likely is not None and reading.nodata != likely else ""
    raise SourceFileError(
        path, f"values from {low:g} to {high:g}", f"{field.title_en} from {field.min:g} to {field.max:g} {field.unit or ''}".rstrip() + advice
    )


def covered_pct(path: Path, bounds: object, manifest: Manifest, outline: BaseGeometry, area: Area) -> float:
    """Share of the area that a raster covers, percent; one that covers nothing of it is refused."""
    west, south, east, north = bounds  # type: ignore[misc]
    frame = shapely.segmentize(shapely.box(west, south, east, north), max(east - west, north - south) / 20)
    there = to_geographic(np.array([frame], dtype=object), manifest.crs, area.storage_crs)[0]
    share = shapely.make_valid(there).intersection(outline).area / outline.area if np.isfinite(there.bounds).all() else 0.0
    if not share:
        raise SourceFileError(path, "a raster that lies outside the area", f"values of {area.title_zh}, in {manifest.crs}")
    return round(100.0 * share, 1)


def write_cog(path: Path, target: Path, manifest: Manifest, field: Field, ground: BaseGeometry | None = None) -> None:
    """A cloud-optimised copy in the manifest's CRS and our unit; written whole and checked, then named.

    Cells that do not touch `ground` (in the manifest's CRS) are left empty; without one all are kept.
    """
    from rio_cogeo.cogeo import cog_validate  # imported here: it takes long to import, and few loads hold rasters

    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    plain, part = target.with_suffix(".plain.tif"), target.with_suffix(".part.tif")
    try:
        _write_plain(path, plain, manifest, field, ground)
        rasterio.shutil.copy(plain, part, driver="COG", compress="deflate")
        is_valid, errors, _ = cog_validate(part, quiet=True)
        if not is_valid:
            raise SourceFileError(path, f"no cloud-optimised GeoTIFF came of it ({'; '.join(errors)[:200]})", "an ordinary GeoTIFF")
        part.replace(target)
    finally:
        plain.unlink(missing_ok=True)
        part.unlink(missing_ok=True)


def _write_plain(path: Path, target: Path, manifest: Manifest, field: Field, ground: BaseGeometry | None) -> None:
    """One band, tiled, piece by piece: as delivered where nothing is to be turned, else as 32-bit floats with NaN for nothing."""
    with rasterio.open(path, driver="GTiff") as source:
        reading = _reading(path, source, manifest, field)
        band = reading.band - 1
        is_turned = (
            reading.factor != 1.0 or source.scales[band] != 1.0 or source.offsets[band] != 0.0 or ground is not None
            or (manifest.nodata is not None and manifest.nodata != source.nodatavals[band])
        )  # fmt: skip
        profile = {
            "driver": "GTiff", "width": source.width, "height": source.height, "count": 1, "crs": manifest.crs,
            "transform": source.transform, "dtype": "float32" if is_turned else source.dtypes[band],
            "nodata": np.nan if is_turned else reading.nodata, "tiled": True, "blockxsize": 256, "blockysize": 256,
            "compress": "deflate", "bigtiff": "if_safer",
        }
        with rasterio.open(target, "w", **profile) as sink:
            for window in _pieces(source):
                piece = _turned(source, window, reading, ground) if is_turned else source.read(reading.band, window=window)
                sink.write(piece, 1, window=window)


def _turned(source: rasterio.DatasetReader, window: Window, reading: Reading, ground: BaseGeometry | None) -> NDArray[np.float32]:
    """Values of a window in our unit, NaN where there are none and in cells that do not touch `ground`."""
    values = _values(source, window, reading).astype("float32")
    if ground is not None:
        east, north = source.transform.c, source.transform.f + source.transform.e * window.row_off
        cells = Affine(source.transform.a, 0.0, east, 0.0, source.transform.e, north)
        values[geometry_mask([ground], values.shape, cells, all_touched=True)] = np.nan
    return values
