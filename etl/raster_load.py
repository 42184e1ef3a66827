"""Delivered rasters: checked, rewritten as cloud-optimised GeoTIFF, named by hash before any row names them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
import sqlalchemy as sa
from rasterio.errors import RasterioError

from etl.archives import opened
from etl.ledger import Loading, record_counts, record_load
from etl.manifest import Manifest
from layers.catalog import Field
from layers.errors import SourceFileError


MAX_CELLS = 400_000_000
"""Cells of a raster that are read at once; a county at 5 m has fewer."""


def raster_folder(home: Path) -> Path:
    """Where rasters are kept, loaded and derived alike."""
    return home / "rasters"


def load_raster(
    connection: sa.Connection, loading: Loading, manifest: Manifest, paths: list[Path],
    files: list[tuple[str, str]], input_hash: str,
) -> dict[str, int]:
    """Take in one raster per source; the former one of the same source is closed."""
    if len(paths) != 1:
        raise SourceFileError(loading.data_dir, f"{len(paths)} rasters", "one raster a source")
    field = loading.catalog[manifest.layer].fields[0]
    target = raster_folder(loading.home) / f"{files[0][1]}.tif"
    if loading.take_raster is not None:
        info = loading.take_raster(paths[0], manifest, manifest.layer, target)
    else:
        with opened(paths[0], manifest) as path:
            info = checked_raster(path, manifest.crs, field)
            if not loading.is_dry_run:
                write_cog(path, target, manifest.crs)
    load_id = record_load(connection, loading, manifest, files, input_hash)
    given = {"layer": manifest.layer, "source_id": manifest.id, "load_id": load_id}
    connection.execute(
        sa.text("UPDATE register.rasters SET to_load = :load_id WHERE source_id = :source_id AND to_load IS NULL"), given
    )
    connection.execute(
        sa.text(
            "INSERT INTO register.rasters (layer, source_id, path, sha256, info, from_load) "
            "VALUES (:layer, :source_id, :path, :sha256, CAST(:info AS jsonb), :load_id)"
        ),
        {**given, "path": str(target.relative_to(loading.home)), "sha256": files[0][1], "info": json.dumps(info)},
    )
    counts = {"n_read": 1, "n_accepted": 1, "n_added": 1}
    record_counts(connection, load_id, counts)
    return counts


def checked_raster(path: Path, crs: str, field: Field) -> dict[str, object]:
    """Size, nodata and range of a raster; raises `SourceFileError` where it cannot be what the layer needs."""
    try:
        with rasterio.open(path, driver="GTiff") as source:
            if source.width * source.height > MAX_CELLS:
                raise SourceFileError(path, f"{source.height:,} x {source.width:,} cells", f"at most {MAX_CELLS:,} cells")
            if source.count != 1:
                raise SourceFileError(path, f"{source.count} bands", "one band of values, not a picture")
            band = source.read(1, masked=True)
            shape, nodata, bounds = source.shape, source.nodata, source.bounds
            crs_found = source.crs.to_string() if source.crs else None
    except (RasterioError, ValueError, MemoryError) as error:
        raise SourceFileError(path, str(error), "a GeoTIFF") from error
    values = np.ma.masked_invalid(band).compressed()
    if not len(values):
        raise SourceFileError(path, "no cell with a value", f"values of {field.title_en}")
    low, high = float(values.min()), float(values.max())
    if (field.min is not None and low < field.min) or (field.max is not None and high > field.max):
        raise SourceFileError(
            path, f"values from {low:g} to {high:g}", f"{field.title_en} from {field.min} to {field.max} {field.unit or ''}"
        )
    return {"rows": shape[0], "columns": shape[1], "nodata": nodata, "min": low, "max": high, "crs": crs,
            "crs_found": crs_found, "sum": float(values.sum()), "bounds": list(bounds)}


def write_cog(path: Path, target: Path, crs: str) -> None:
    """A cloud-optimised copy in the CRS the manifest states; written whole, then named."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    part = target.with_suffix(".part.tif")
    with rasterio.open(path) as source, rasterio.MemoryFile() as memory:
        profile = {**source.profile, "driver": "GTiff", "crs": crs}
        profile.pop("blockxsize", None), profile.pop("blockysize", None), profile.pop("tiled", None)
        with memory.open(**profile) as copy:
            copy.write(source.read())
        with memory.open() as copy:
            rasterio.shutil.copy(copy, part, driver="COG", compress="deflate")
    part.replace(target)
