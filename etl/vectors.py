"""Vector files through GDAL: only formats that offices deliver, told by suffix and by their first bytes.

GDAL itself would follow a file that merely names other files or addresses; such files are refused here.
"""

from __future__ import annotations

import codecs
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError

from etl.archives import refuse_entities
from etl.batch import HEIGHTS, ROW, cell_text, each_value
from etl.dbf_names import BYTES_AS_TEXT, HEADER_END, decoded, names_cut_inside
from etl.geopackages import refuse_queries
from etl.manifest import Manifest
from etl.shapes import Shapes
from layers.crs import SHIFTED_DATUMS, distance_between_m, flat, has_more_than_plane
from layers.errors import SourceFileError

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    ".shp": (b"\x00\x00\x27\x0a",),
    ".gpkg": (b"SQLite format 3\x00",),
    ".geojson": (b"{",), ".json": (b"{",), ".kml": (b"<",),
    ".geojsonl": (b"{", b"\x1e"), ".geojsons": (b"{", b"\x1e"), ".jsonl": (b"{", b"\x1e"), ".ndjson": (b"{", b"\x1e"),
    ".dxf": (b"0", b"999", b"AutoCAD Binary DXF"),
    ".tab": (b"!table",), ".mif": (b"version",),
}
"""Suffix -> how such a file begins, after a byte order mark and blanks; a .gdb is a folder."""
CHARSET, NO_CHARSET = re.compile(rb'charset[ \t]+"?([\w-]+)', re.IGNORECASE), b"neutral"
"""How a MapInfo file names its character set; old ones say that they have none."""
MAPINFO = (".tab", ".mif")
STATED_ENCODING = (".shp", *MAPINFO)
"""Files whose texts are bytes in an encoding that a person may have to state."""
UTF_8 = ("utf-8", "utf-8-sig")
UTF_8_STATED = (*UTF_8, "utf8", "65001")
"""How a manifest or a .cpg names it."""
PIPELINE_WORD = b"gdal_streamed_alg"
HEAD_BYTES = 65_536
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SEVERAL_LAYERS = "More than one layer found"
CRS_FOUND, SHAPES = "crs_found", "shapes"
SAME_PLACE_M = 5.0
"""Two CRSs that put a place closer than this are the same for the map (WGS84, CGCS2000 and TWD97 are)."""
EXACT = {"integer_object_nulls": True}
"""How Arrow hands on whole numbers of a column with gaps: made fractions, as it would, those of 17 digits and more (identity numbers) become others."""
NESTED = (list, dict, np.ndarray)
"""Values of JSON that are no single ones: their text is JSON again."""
EPOCH = pd.Timestamp(0)
"""1970-01-01, which GDAL's stream also tells of a text that is no date; its objects have none then."""
N_COMPARED = 5
N_LOOKED_AT = 1_000
"""Features among which the first with coordinates are looked for."""


def read_vector(path: Path, manifest: Manifest) -> gpd.GeoDataFrame:
    """One layer of a vector file; attributes as text, geometry untouched, `_row` counts features from 1.

    Raises
    ------
    SourceFileError
        The content is not what the suffix says, several layers and none chosen, no features, no geometry, or the
        file states another CRS than the manifest.
    """
    return next(vector_batches(path, manifest))


def vector_batches(
    path: Path, manifest: Manifest, *, rows: int | None = None, as_bytes: bool = False
) -> Iterator[gpd.GeoDataFrame]:
    """A vector layer as `read_vector` reads it, `rows` features at a time (None: all at once).

    With `as_bytes` the geometries of a piece are its ``attrs[SHAPES]`` wherever they can be, and its column is empty.
    """
    check_content(path, manifest)
    with _readable(path, manifest):
        is_plain = rows is None or not _is_for_arrow(path, manifest)
    pieces = _plain_pieces(path, manifest, rows) if is_plain or rows is None else _arrow_pieces(path, manifest, rows, as_bytes=as_bytes)
    first = 1
    while True:
        with _readable(path, manifest):
            piece = next(pieces, None)
        if piece is None:
            break
        if "geometry" not in piece.columns:
            raise SourceFileError(path, "no geometry", "a vector layer")
        if first == 1:
            shapes: Shapes | None = piece.attrs.get(SHAPES)
            geometries = piece["geometry"].to_numpy() if shapes is None else shapes.geometries(N_LOOKED_AT)
            check_stated_crs(path, piece.attrs.get(CRS_FOUND), geometries, manifest)
        if len(piece):
            with _readable(path, manifest):
                texts = _attributes_as_text(piece, first, as_arrow=as_bytes)
            yield texts
        first += len(piece)
    if first == 1:
        raise SourceFileError(path, "no features", "at least one feature")


@contextmanager
def _readable(path: Path, manifest: Manifest) -> Iterator[None]:
    """What GDAL and its readers raise on a damaged file becomes a `SourceFileError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message=SEVERAL_LAYERS)
            yield
    except (DataSourceError, DataLayerError, CRSError, shapely.errors.GEOSException, UserWarning) as error:
        raise SourceFileError(path, str(error)[:500] or "an unreadable file", f"a vector file for {manifest.title_zh}") from error
    except UnicodeDecodeError as error:
        raise SourceFileError(path, f"attributes that are not {manifest.encoding or 'UTF-8'}", "the right encoding") from error
    except (ValueError, TypeError, OverflowError, LookupError, MemoryError, pa.ArrowException) as error:
        raise SourceFileError(path, f"a damaged file ({error})"[:500], f"a vector file for {manifest.title_zh}") from error


def text_encoding(path: Path, manifest: Manifest) -> str | None:
    """The encoding to decode by; None where GDAL turns texts into UTF-8 by itself: all but shapefiles and MapInfo files without a character set."""
    if path.suffix.lower() not in STATED_ENCODING or states_character_set(path):
        return None
    return BYTES_AS_TEXT if cut_names(path, manifest) else manifest.encoding or None


def cut_names(path: Path, manifest: Manifest) -> dict[str, str]:
    """Columns of a shapefile in UTF-8 whose names were cut inside a character, all of its columns then (`names_cut_inside`)."""
    parts = files_beside(path) if path.suffix.lower() == ".shp" else {}
    stated = manifest.encoding or (parts[".cpg"].read_text(encoding="latin-1").strip() if ".cpg" in parts else "utf-8")
    return names_cut_inside(parts[".dbf"]) if ".dbf" in parts and stated.lower() in UTF_8_STATED else {}


def files_beside(path: Path) -> dict[str, Path]:
    """The files that have the name of this one, itself among them, by their suffix in small letters."""
    return {entry.suffix.lower(): entry for entry in path.parent.glob("*") if entry.stem == path.stem}


def states_character_set(path: Path) -> bool:
    """Whether a file is one of MapInfo that names the character set of its texts."""
    if path.suffix.lower() not in MAPINFO:
        return False
    with path.open("rb") as stream:
        found = CHARSET.search(stream.read(HEAD_BYTES))
    return found is not None and found[1].lower() != NO_CHARSET


def _refuse_other_encoding(path: Path, manifest: Manifest) -> None:
    """Stop where a manifest states an encoding that texts of such a file never have: decoded by it they would be other words."""
    if not manifest.encoding or path.suffix.lower() in STATED_ENCODING:
        return
    try:
        is_utf_8 = codecs.lookup(manifest.encoding).name in UTF_8
    except LookupError as error:
        raise SourceFileError(path, f"encoding {manifest.encoding!r}", "a known encoding, or none") from error
    if not is_utf_8:
        raise SourceFileError(
            path, f"the encoding {manifest.encoding} for a {path.suffix.lower()} file, which says its own (UTF-8)", "no `encoding` in the manifest"
        )


def _is_for_arrow(path: Path, manifest: Manifest) -> bool:
    """Whether GDAL's Arrow stream can decode a file: any but MapInfo files in another encoding than UTF-8."""
    encoding = text_encoding(path, manifest)
    return encoding is None or path.suffix.lower() not in MAPINFO or codecs.lookup(encoding).name == "utf-8"


def _plain_pieces(path: Path, manifest: Manifest, rows: int | None, *, first: int = 0) -> Iterator[pd.DataFrame]:
    """Pieces of a layer as objects from feature `first` on, all of it at once where `rows` is None."""
    given = {"layer": manifest.ogr_layer or None, "encoding": text_encoding(path, manifest)}
    cut = cut_names(path, manifest)
    kinds = pyogrio.read_info(path, **given)
    whole = [name for name, kind in zip(kinds["fields"], kinds["dtypes"], strict=True) if kind == "int64"]
    while True:
        frame = pyogrio.read_dataframe(path, fid_as_index=False, skip_features=first, max_features=rows, **given)
        plain = _flattened(_without_zone(pd.DataFrame(frame), path))
        with_gaps = [name for name in whole if plain[name].dtype.kind == "f"] if _is_for_arrow(path, manifest) else []
        if with_gaps:
            exact = pyogrio.read_dataframe(
                path, columns=with_gaps, read_geometry=False, skip_features=first, max_features=rows, use_arrow=True,
                arrow_to_pandas_kwargs=EXACT, **given,
            )
            plain[with_gaps] = exact[with_gaps]
        plain = decoded(plain, cut) if cut else plain
        plain.attrs[CRS_FOUND] = frame.crs.to_wkt() if isinstance(frame, gpd.GeoDataFrame) and frame.crs else None
        if len(plain) or not first:
            yield plain
        if rows is None or len(plain) < rows:
            return
        first += rows


def _check_texts(batch: pa.RecordBatch, path: Path, manifest: Manifest) -> None:
    """GDAL hands on what stands in the file: bytes that are no text would go as far as the database."""
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid as error:
        raise SourceFileError(path, f"attributes that are not {manifest.encoding or 'UTF-8'}", "the right encoding") from error


def _arrow_pieces(path: Path, manifest: Manifest, rows: int, *, as_bytes: bool) -> Iterator[pd.DataFrame]:
    """Pieces of a layer through GDAL's Arrow stream: the file is read once, from its beginning to its end.

    A piece that the stream cannot tell (curves) or may not tell rightly (dates) is read once more as objects.
    """
    given = {"layer": manifest.ogr_layer or None, "encoding": text_encoding(path, manifest)}
    cut = cut_names(path, manifest)
    first = 0
    with pyogrio.open_arrow(path, batch_size=rows, use_pyarrow=True, **given) as (found, stream):
        for batch in stream:
            _check_texts(batch, path, manifest)
            try:
                frame = _of_batch(batch, found["geometry_name"] or "wkb_geometry", path, as_bytes=as_bytes)
                frame = decoded(frame, cut) if cut else frame
            except NotImplementedError:  # shapely's word for curves; GDAL breaks them into segments for objects
                frame = next(_plain_pieces(path, manifest, len(batch), first=first))
            doubtful = [name for name in frame.columns if frame[name].dtype.kind == "M" and (frame[name] == EPOCH).any()]
            if doubtful:
                plain = next(_plain_pieces(path, manifest, len(batch), first=first))
                frame = frame.assign(**{name: plain[name].to_numpy() for name in doubtful})
            frame.attrs[CRS_FOUND] = found["crs"]
            first += len(batch)
            yield frame


def _of_batch(batch: pa.RecordBatch, geometry: str, path: Path, *, as_bytes: bool) -> pd.DataFrame:
    table = pa.Table.from_batches([batch])
    has_geometry = geometry in table.column_names
    plain = table.drop_columns([geometry] if has_geometry else [])
    frame = _without_zone(plain.to_pandas(date_as_object=False, **EXACT), path)
    shapes = Shapes.of(table.column(geometry)) if has_geometry and as_bytes else None
    if has_geometry:
        frame["geometry"] = shapely.from_wkb(table.column(geometry).to_numpy()) if shapes is None else None
    frame = _flattened(frame)
    frame.attrs[SHAPES] = shapes
    return frame


def _flattened(frame: pd.DataFrame) -> pd.DataFrame:
    """Plane geometries; where some came with heights or measures other than nought, a column says which."""
    if "geometry" not in frame.columns:
        return frame
    raw = np.asarray(frame["geometry"].to_numpy(), dtype=object)
    has_more = shapely.has_z(raw) | shapely.has_m(raw)
    if not has_more.any():
        return frame
    frame["geometry"] = flat(raw)
    is_lost = has_more_than_plane(raw)
    return frame.assign(**{HEIGHTS: is_lost}) if is_lost.any() else frame


def _without_zone(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Times of databases as they stand in them: these formats know no zone, and GDAL calls their times UTC."""
    if path.suffix.lower() in (".gpkg", ".gdb"):
        for name in frame.columns[[isinstance(kind, pd.DatetimeTZDtype) for kind in frame.dtypes]]:
            frame[name] = frame[name].dt.tz_localize(None)
    return frame


def states_crs(path: Path) -> bool:
    """Whether a file itself names a CRS; KML and drawings never do, GeoJSON and shapefiles only with a part for it.

    GDAL calls GeoJSON without a `crs` member WGS84, as RFC 7946 has it; offices write any datum into it.
    """
    suffix = path.suffix.lower()
    if suffix in (".geojson", ".json"):
        with path.open("rb") as stream:
            return b'"crs"' in stream.read(HEAD_BYTES)
    if suffix == ".shp":
        return any(entry.suffix.lower() == ".prj" and entry.stem == path.stem for entry in path.parent.glob("*"))
    return suffix in (".gpkg", ".gdb", ".tab", ".mif")


def first_coordinates(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    """The first coordinate of the first few geometries that have one, rows x 2."""
    present = geometries[~shapely.is_missing(geometries) & ~shapely.is_empty(geometries)][:N_COMPARED]
    firsts = [shapely.get_coordinates(geometry)[0] for geometry in present]
    return np.array(firsts, dtype="float64").reshape(-1, 2)


def check_stated_crs(path: Path, found: str | None, geometries: NDArray[np.object_], manifest: Manifest) -> None:
    """Stop where the file's own CRS would put its features elsewhere than the manifest's.

    Compared by where both put the first coordinates, so that two names of one system agree. `crs_overrides_file` in
    the manifest says that a person knows better than the file.
    """
    if not found or not manifest.crs or manifest.crs_overrides_file or not states_crs(path) or _is_same(found, manifest.crs):
        return
    apart_m = distance_between_m(first_coordinates(geometries), found, manifest.crs)
    if apart_m is not None and not apart_m <= SAME_PLACE_M:
        name = pyproj.CRS.from_user_input(found).name
        raise SourceFileError(
            path, f"the file's own CRS {name}" + (f", {apart_m:,.0f} m away" if np.isfinite(apart_m) else ""),
            f"{manifest.crs} as the manifest says, or `crs_overrides_file = true` in it when the file is known to be wrong",
        )


def _is_same(found: str, stated: str) -> bool:
    """Whether a file names the very CRS that its manifest states: looking for the ways to a third one takes a tenth of a second."""
    return stated not in SHIFTED_DATUMS and pyproj.CRS.from_user_input(found) == pyproj.CRS.from_user_input(stated)


def check_content(path: Path, manifest: Manifest, *, is_survey: bool = False) -> None:
    """Stop before GDAL opens what is not the content of its suffix, or would follow it elsewhere.

    `is_survey` says that no layer is read yet: then queries may stand beside tables, and are left alone by the caller.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        if suffix != ".gdb":
            raise SourceFileError(path, "a folder", "a file, or the folder of a file geodatabase (.gdb)")
        _refuse_other_encoding(path, manifest)
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
    _refuse_other_encoding(path, manifest)
    if suffix == ".gpkg" and not is_survey:
        refuse_queries(path, manifest.ogr_layer)
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
    parts = files_beside(path)
    missing = [suffix for suffix in (".dbf", ".shx") if suffix not in parts]
    if missing:
        raise SourceFileError(path, f"no {'、'.join(missing)} beside it", "all parts of the shapefile")
    if manifest.encoding or ".cpg" in parts:
        return
    table = parts[".dbf"].read_bytes()
    records = table[int.from_bytes(table[HEADER_END], "little"):]
    if not records.isascii():
        raise SourceFileError(path, "Chinese attributes and no .cpg", "`encoding` in the manifest, such as gb18030")


def _attributes_as_text(frame: pd.DataFrame, first: int, *, as_arrow: bool) -> gpd.GeoDataFrame:
    if not frame.columns.is_unique:
        raise ValueError(f"several columns named {', '.join(frame.columns[frame.columns.duplicated()].unique())}")
    turn = _as_arrow_text if as_arrow else _as_text
    texts = {name: turn(frame[name]) for name in frame.columns if name not in ("geometry", HEIGHTS)}
    result = gpd.GeoDataFrame(pd.DataFrame(texts, index=frame.index), geometry=frame["geometry"].to_numpy(), crs=None)
    result[ROW] = np.arange(first, first + len(result))
    result.attrs[SHAPES] = frame.attrs.get(SHAPES)
    return result.assign(**{HEIGHTS: frame[HEIGHTS].to_numpy()}) if HEIGHTS in frame.columns else result


def _as_arrow_text(values: pd.Series) -> pd.Series:
    """What `_as_text` gives, held as Arrow holds it or, where numbers and times repeat, as categories of texts."""
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("")
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iufM":
        places, distinct = pd.factorize(values)  # numbers are told apart far sooner than texts
        texts = pd.Index([*_texts_of_distinct(distinct), ""], dtype="str")
        return pd.Series(pd.Categorical.from_codes(np.where(places < 0, len(distinct), places), categories=texts), index=values.index)
    return _as_text(values)


def _texts_of_distinct(values: pd.Index | NDArray[Any]) -> list[str]:
    plain = np.asarray(values)
    if plain.dtype.kind in "iu":
        return [str(number) for number in plain.tolist()]
    if plain.dtype.kind == "M" and (plain == plain.astype("datetime64[D]")).all():
        return np.datetime_as_string(plain.astype("datetime64[D]")).tolist()
    return [cell_text(value) for value in pd.Series(values)]


def _as_text(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("").astype(object)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "iu":
        return pd.Series(pa.array(values).cast(pa.string()).to_numpy(zero_copy_only=False), index=values.index, dtype=object)
    plain = values.astype(object)
    is_nested = plain.map(lambda value: isinstance(value, NESTED))
    if is_nested.any():
        plain = plain.where(~is_nested, plain.map(lambda value: json.dumps(value, ensure_ascii=False, default=_listed)))
    return each_value(plain, lambda value: "" if value is pd.NaT else cell_text(value)).where(plain.notna(), "")


def _listed(value: Any) -> Any:
    """Arrays of numpy within lists of a file, as JSON takes them."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)
