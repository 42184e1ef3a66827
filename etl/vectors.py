"""Vector files through GDAL: only formats that offices deliver, told by suffix and by their first bytes.

GDAL itself would follow a file that merely names other files or addresses; such files are refused here.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError

from etl.archives import refuse_entities
from etl.batch import ROW, cell_text
from etl.manifest import Manifest
from layers.errors import SourceFileError

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".shp": (b"\x00\x00\x27\x0a",),
    ".gpkg": (b"SQLite format 3\x00",),
    ".geojson": (b"{",), ".json": (b"{",), ".kml": (b"<",),
    ".dxf": (b"0", b"999", b"AutoCAD Binary DXF"),
    ".tab": (b"!table",), ".mif": (b"version",),
}
"""Suffix -> how such a file begins, after a byte order mark and blanks; a .gdb is a folder."""
PIPELINE_WORD = b"gdal_streamed_alg"
HEAD_BYTES = 65_536
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEVERAL_LAYERS = "More than one layer found"
DBF_HEADER_END = slice(8, 10)


def read_vector(path: Path, manifest: Manifest) -> gpd.GeoDataFrame:
    """One layer of a vector file; attributes as text, geometry untouched, `_row` counts features from 1.

    Raises
    ------
    SourceFileError
        The content is not what the suffix says, several layers and none chosen, no features, no geometry.
    """
    _check_content(path, manifest)
    try:
        frame = _read(path, manifest)
    except (DataSourceError, DataLayerError, CRSError, shapely.errors.GEOSException, UserWarning) as error:
        raise SourceFileError(path, str(error)[:500] or "an unreadable file", f"a vector file for {manifest.title_zh}") from error
    except UnicodeDecodeError as error:
        raise SourceFileError(path, f"attributes that are not {manifest.encoding or 'UTF-8'}", "the right encoding") from error
    except (ValueError, TypeError, OverflowError, LookupError, MemoryError) as error:
        raise SourceFileError(path, f"a damaged file ({error})"[:500], f"a vector file for {manifest.title_zh}") from error
    if "geometry" not in frame.columns:
        raise SourceFileError(path, "no geometry", "a vector layer")
    if frame.empty:
        raise SourceFileError(path, "no features", "at least one feature")
    return _attributes_as_text(frame)


def _read(path: Path, manifest: Manifest) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message=SEVERAL_LAYERS)
        return pyogrio.read_dataframe(
            path,
            layer=manifest.ogr_layer or None,
            encoding=manifest.encoding or None,
            fid_as_index=False,
            force_2d=True,
        )


def _check_content(path: Path, manifest: Manifest) -> None:
    suffix = path.suffix.lower()
    if path.is_dir():
        if suffix != ".gdb":
            raise SourceFileError(path, "a folder", "a file, or the folder of a file geodatabase (.gdb)")
        return
    if suffix not in SIGNATURES:
        known = ", ".join([*SIGNATURES, ".gdb", ".zip", ".kmz"])
        raise SourceFileError(path, f"a file named {suffix or 'without suffix'}", known)
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    plain = head.removeprefix(BYTE_ORDER_MARK)
    begin = plain if suffix in (".shp", ".gpkg") else plain.lstrip().lower()
    if not begin.startswith(tuple(word if suffix in (".shp", ".gpkg") else word.lower() for word in SIGNATURES[suffix])):
        raise SourceFileError(path, f"content that begins {head[:12]!r}", f"the content of a {suffix} file")
    if PIPELINE_WORD in head:
        raise SourceFileError(path, "instructions to read other files", "features")
    if suffix == ".kml":
        _check_kml(path)
    if suffix == ".shp":
        _check_shapefile(path, manifest)


def _check_kml(path: Path) -> None:
    text = path.read_bytes()
    refuse_entities(text, path)
    if b"<kml" not in text[:HEAD_BYTES].replace(b"\x00", b""):
        raise SourceFileError(path, "XML that is no KML", "a kml element")


def _check_shapefile(path: Path, manifest: Manifest) -> None:
    """A shapefile without .cpg says nothing about its encoding: then the manifest must."""
    parts = {entry.suffix.lower(): entry for entry in path.parent.glob("*") if entry.stem == path.stem}
    missing = [suffix for suffix in (".dbf", ".shx") if suffix not in parts]
    if missing:
        raise SourceFileError(path, f"no {' and no '.join(missing)} beside it", "all parts of the shapefile")
    if manifest.encoding or ".cpg" in parts:
        return
    table = parts[".dbf"].read_bytes()
    records = table[int.from_bytes(table[DBF_HEADER_END], "little"):]
    if not records.isascii():
        raise SourceFileError(path, "Chinese attributes and no .cpg", "`encoding` in the manifest, such as gb18030")


def _attributes_as_text(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    texts = {name: _as_text(frame[name]) for name in frame.columns if name != "geometry"}
    result = gpd.GeoDataFrame(pd.DataFrame(texts, index=frame.index), geometry=frame["geometry"].to_numpy(), crs=None)
    result[ROW] = np.arange(1, len(result) + 1)
    return result


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("").astype(object)
    return values.map(lambda value: "" if value is None or value is pd.NaT or value != value else cell_text(value))
