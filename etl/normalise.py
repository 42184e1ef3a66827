"""Delivered columns into our fields: names, units, codes, dates and positions, each turned once and here.

Whatever cannot be turned is a refusal naming row, field and value; nothing becomes a default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from etl.batch import FILE, HEIGHTS, ROW, SHEET, Batch, each_value, same_text
from etl.coordinates import is_in_km, misfits, parsed, zone_of
from etl.delivered_texts import Texts, texts_of
from etl.manifest import FieldSource, Manifest
from etl.mojibake import is_destroyed, original_text
from etl.notations import (
    DATE_FORMATS,
    FULL_WIDTH,
    NO,
    TIME_FORMATS,
    UNIT_FACTORS,
    YES,
    head_unit,
)
from etl.packing import text_array
from etl.shapes import Shapes
from layers.catalog import Area, Field, Layer
from layers.crs import (
    coordinates_to_geographic,
    datum_error_m,
    has_more_than_plane,
    to_geographic,
)
from layers.errors import CatalogError, SourceFileError

RENAMING_ROWS = 2_000
NOTHING_KEPT_AS: dict[str, Any] = {
    "text": "str", "integer": "Int64", "number": "float64", "boolean": "boolean", "date": "datetime64[s]", "timestamp": "datetime64[us]", "json": object,
}
"""Type of a field -> that of a column without a value."""
LARGEST_SHARE = 0.75
"""Different texts of a column, as a share of its rows, up to which each is turned once."""
LARGEST_INTEGER = 2.0**63
"""What the database keeps as a whole number is less."""
LONGEST_TIME = len("2026-01-31 12:00:00.123456")


@dataclass
class Problems:
    """Refusals and repairs found on the way, as rows of the frame: index, field, value, rule."""

    rows: list[pd.DataFrame] = field(default_factory=list)
    flattened: pd.Index = field(default_factory=lambda: pd.Index([]))
    """Rows whose geometry came with heights or measures."""
    in_km: set[str] = field(default_factory=set)
    """Coordinate columns of which some values say kilometres, though their heading does not."""

    def add(self, index: pd.Index, rule_id: str, field_name: str | None, values: pd.Series | None = None) -> None:
        """Note that the rows of `index` break a rule; the first note of a row decides its refusal."""
        if len(index):
            texts = values.loc[index].astype("object") if values is not None else pd.Series(None, index=index, dtype=object)
            self.rows.append(pd.DataFrame({"at": index, "field": field_name, "value": texts.to_numpy(), "rule_id": rule_id}))

    @property
    def table(self) -> pd.DataFrame:
        if not self.rows:
            return pd.DataFrame({"at": [], "field": [], "value": [], "rule_id": []})
        return pd.concat(self.rows, ignore_index=True)


Converter = Callable[[Field, FieldSource, pd.Series, Problems], pd.Series]
"""Texts of a field (None: nothing) into its values; what cannot be turned is noted."""


def check_columns(batch: Batch, manifest: Manifest, layer: Layer) -> None:
    """Stop the load when the file lacks a mapped column, or has one nobody decided about.

    The message names the columns that are probably the missing ones under new names; a person confirms them with
    ``riskatlas recognise FILE --area AREA_DIR --confirm``.
    """
    delivered = {str(name) for name in batch.frame.columns} - {ROW, FILE, SHEET, HEIGHTS, "geometry"}
    missing = sorted(manifest.used_columns - delivered - {SHEET})
    unknown = sorted(delivered - manifest.used_columns - set(manifest.ignore)) if "*" not in manifest.ignore else []
    if missing or unknown:
        found = f"columns {', '.join(sorted(delivered))}"
        wanted = "; ".join(
            part
            for part in (
                _destroyed_headings(unknown) or (_renaming(batch, manifest, layer) if missing and unknown else ""),
                f"also {', '.join(missing)}" if missing else "",
                f"no unknown column: map or ignore {', '.join(unknown)}" if unknown else "",
            )
            if part
        )
        raise SourceFileError(", ".join(sorted(set(batch.frame[FILE]))[:3]), found, wanted)


def _destroyed_headings(unknown: list[str]) -> str:
    """Words about headings that a wrong encoding destroyed; empty where there are none."""
    once = {name: original_text(name) for name in unknown}
    found = ", ".join(f"{name!r} was {text}" for name, text in once.items() if text)
    return f"headings in the right encoding: {found} before they were decoded wrongly" if found else ""


def _renaming(batch: Batch, manifest: Manifest, layer: Layer) -> str:
    # Imported only where a load stops anyway: the dictionaries for headings take a second to open.
    from etl.recognise_columns import columns_of, known_codes, renamed_columns
    from etl.recognise_words import field_words

    sample = batch.frame.head(RENAMING_ROWS)
    names = renamed_columns(manifest, layer, columns_of(sample), field_words(layer, [manifest]), known_codes(layer, [manifest]))
    pairs = ", ".join(f"{old} -> {new}" for old, new in names.items())
    return f"perhaps renamed: {pairs} (`recognise --confirm` accepts it)" if pairs else ""


def normalise(batch: Batch, manifest: Manifest, layer: Layer, area: Area) -> tuple[gpd.GeoDataFrame | pd.DataFrame, Problems]:
    """Rows in our fields and the area's storage CRS.

    Returns
    -------
    frame : one row a delivered row, columns = fields of the layer, ``feature_id``, ``accuracy_m``,
        ``positioned``, ``source_file``, ``source_row`` and, for drawn layers, ``geometry`` (None where missing).
        Texts and dates are objects, None where missing.
    problems : what could not be turned.
    """
    frame, problems, shapes = normalise_shapes(batch, manifest, layer, area)
    if shapes is not None:
        frame["geometry"] = with_objects(frame, shapes, ~shapes.is_null)
    objects = {name: _as_objects(frame[name]) for name in ("feature_id", *_held_otherwise(manifest, layer))}
    return frame.assign(**objects), problems


def _held_otherwise(manifest: Manifest, layer: Layer) -> list[str]:
    """Fields whose columns the loader holds as Arrow or as times, or without a value."""
    return [entry.name for entry in layer.fields if entry.type in ("text", "date") or entry.name not in manifest.fields]


def _as_objects(values: pd.Series) -> pd.Series:
    plain = values.dt.date if values.dtype.kind == "M" else values
    return plain.astype(object).where(values.notna(), None)


def with_objects(frame: pd.DataFrame, shapes: Shapes, is_wanted: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The geometries of a frame, with those of some rows that its shapes hold made objects."""
    geometries = np.array(frame["geometry"].to_numpy(), dtype=object)
    geometries[is_wanted] = shapes.objects(is_wanted)
    return geometries


def normalise_shapes(
    batch: Batch, manifest: Manifest, layer: Layer, area: Area
) -> tuple[gpd.GeoDataFrame | pd.DataFrame, Problems, Shapes | None]:
    """What `normalise` gives, where geometries that came as bytes and are whole stay bytes: the frame has none for these rows.

    Texts stay Arrow's and dates times to the second, which is how they are packed.
    """
    check_columns(batch, manifest, layer)
    problems = Problems()
    delivered = batch.frame
    columns = {entry.name: _filled(entry, manifest, delivered, problems) for entry in layer.fields}
    frame = pd.DataFrame(columns, index=delivered.index)
    frame["feature_id"] = _feature_ids(frame, layer)
    frame["source_file"], frame["source_row"] = delivered[FILE], delivered[ROW].astype("int64")
    frame["accuracy_m"] = _accuracy_m(manifest, layer)
    frame["positioned"] = same_text("delivered", delivered.index)
    if not layer.is_drawn:
        return frame, problems, None
    geometry, shapes = (
        (_geometry(delivered, manifest, area, problems), None) if batch.shapes is None
        else _moved(batch.shapes, manifest, area, delivered.index, problems)
    )
    if HEIGHTS in delivered.columns:
        problems.flattened = delivered.index[delivered[HEIGHTS].eq(True)]
    is_missing = shapely.is_missing(geometry) if shapes is None else shapely.is_missing(geometry) & shapes.is_null
    if is_missing.any():
        frame.loc[is_missing, "positioned"] = "unplaced"
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=area.storage_crs), problems, shapes


def _accuracy_m(manifest: Manifest, layer: Layer) -> float:
    stated = layer.accuracy_m if manifest.accuracy_m is None else manifest.accuracy_m
    return float(stated + (datum_error_m(manifest.crs) if manifest.crs else 0.0))


def _feature_ids(frame: pd.DataFrame, layer: Layer) -> pd.Series:
    texts = {entry.name for entry in layer.fields if entry.type == "text"}
    parts = [(frame[name] if name in texts else each_value(frame[name], str)).fillna("") for name in layer.key]
    ids = (parts[0].str.cat(parts[1:], sep="|") if len(parts) > 1 else parts[0]).astype("str")
    is_empty = np.logical_or.reduce([(part == "").to_numpy() for part in parts])
    return ids.mask(is_empty) if is_empty.any() else ids


def _filled(entry: Field, manifest: Manifest, delivered: pd.DataFrame, problems: Problems) -> pd.Series:
    source = manifest.fields.get(entry.name)
    if source is None:
        return pd.Series(None, index=delivered.index, dtype=NOTHING_KEPT_AS[entry.type])
    if source.value is not None:
        return pd.Series([source.value] * len(delivered), index=delivered.index, dtype=object)
    texts = texts_of(source, delivered, manifest)
    return _each_once(_coded if entry.type == "text" else CONVERTERS[entry.type], entry, source, texts, problems)


def _each_once(convert: Converter, entry: Field, source: FieldSource, texts: Texts, problems: Problems) -> pd.Series:
    """What `convert` makes of texts; where they repeat, each different one is turned once."""
    is_text = entry.type == "text"
    if texts.places is None or len(texts.distinct) > LARGEST_SHARE * len(texts.places):
        return convert(entry, source, texts.series if is_text else texts.objects, problems)
    own, alone = Problems(), replace(texts, places=None, index=pd.RangeIndex(len(texts.distinct)))
    turned = convert(entry, source, alone.series if is_text else alone.objects, own)
    for note in own.rows:
        is_at = np.isin(texts.places, note["at"].to_numpy(dtype="int64"))
        problems.add(texts.index[is_at], str(note["rule_id"].iloc[0]), str(note["field"].iloc[0]), texts.objects)
    return turned.take(texts.places).set_axis(texts.index)


def _coded(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    problems.add(texts.index[is_destroyed(texts)], "RQ15", entry.name, texts)
    if not source.codes and not entry.codes:
        return texts
    codes = (texts.map(source.codes) if source.codes else texts).astype(object)
    is_unknown = texts.notna() & ~codes.isin(entry.code_values if entry.codes else set(source.codes.values()))
    problems.add(texts.index[is_unknown], "RQ05", entry.name, texts)
    return codes.where(codes.notna() & ~is_unknown, None)


def _factor(entry: Field, source: FieldSource) -> float:
    """Factor from the delivered unit, as the manifest or the heading states it, to ours; both must agree."""
    in_head = head_unit(source.column or "") if entry.unit else None
    if source.unit and in_head and in_head != source.unit:
        raise CatalogError(entry.name, f"the heading {source.column!r} says {in_head}, the manifest {source.unit}")
    unit = source.unit or in_head
    if unit is None or unit == entry.unit:
        return 1.0
    try:
        return UNIT_FACTORS[unit, entry.unit or ""]
    except KeyError as error:
        raise CatalogError(entry.name, f"no conversion from {unit} to {entry.unit or 'no unit'}") from error


def _number(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    is_open = texts.notna() & numbers.isna()
    if is_open.any():
        plain = texts[is_open].map(lambda value: value.translate(FULL_WIDTH).replace(",", "") if isinstance(value, str) else value)
        numbers[is_open] = pd.to_numeric(plain, errors="coerce").astype("float64")
    is_bad = texts.notna() & ~np.isfinite(numbers)
    problems.add(texts.index[is_bad], "RQ03", entry.name, texts)
    numbers = numbers.where(np.isfinite(numbers)) * _factor(entry, source)
    is_low = numbers < entry.min if entry.min is not None else False
    is_high = numbers > entry.max if entry.max is not None else False
    problems.add(texts.index[is_low | is_high] if entry.min is not None or entry.max is not None else texts.index[:0], "RQ04", entry.name, texts)
    return numbers


def _integer(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    numbers = _number(entry, source, texts, problems)
    is_broken = numbers.notna() & ((numbers != np.floor(numbers)) | (numbers.abs() >= LARGEST_INTEGER))
    problems.add(texts.index[is_broken], "RQ03", entry.name, texts)
    return numbers.where(~is_broken).astype("Int64")


def _boolean(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    lower = texts.map(lambda value: str(value).lower() if value is not None else None)
    values = lower.map(lambda value: True if value in YES else False if value in NO else None)
    problems.add(texts.index[texts.notna() & values.isna()], "RQ16", entry.name, texts)
    return values.astype("boolean")


def _parsed_times(texts: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    """Times of texts in any of some formats; what can be read in none of them is NaT."""
    places, distinct = pd.factorize(texts)
    plain = pd.Series(_plain_times(distinct), dtype=object)
    times = pd.Series(pd.NaT, index=plain.index, dtype="datetime64[us]")  # finer ones end in 2262, and 9999-12-31 is delivered
    for form in formats:
        is_open = times.isna()
        if is_open.any():
            times[is_open] = pd.to_datetime(plain[is_open], format=form, errors="coerce")
    found = np.append(times.to_numpy(), np.datetime64("NaT"))[places]
    return pd.Series(found, index=texts.index)


def _plain_times(texts: NDArray[np.object_]) -> NDArray[np.object_] | list[str]:
    """Texts of times in plain digits, without what follows the microseconds."""
    array = text_array(pd.Series(texts, dtype=object))
    if pc.all(pc.string_is_ascii(array)).as_py() and pc.max(pc.binary_length(array)).as_py() <= LONGEST_TIME:
        return texts
    return [text.translate(FULL_WIDTH)[:LONGEST_TIME] for text in texts]


def _date(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    times = _parsed_times(texts, (source.format,) if source.format else DATE_FORMATS)
    problems.add(texts.index[texts.notna() & times.isna()], "RQ06", entry.name, texts)
    return pd.Series(times.to_numpy(dtype="datetime64[D]").astype("datetime64[s]"), index=texts.index)


def _timestamp(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    times = _parsed_times(texts, (source.format,) if source.format else TIME_FORMATS)
    problems.add(texts.index[texts.notna() & times.isna()], "RQ06", entry.name, texts)
    return times


def _json(entry: Field, source: FieldSource, texts: pd.Series, problems: Problems) -> pd.Series:
    return texts


CONVERTERS: dict[str, Converter] = {
    "integer": _integer, "number": _number, "boolean": _boolean, "date": _date, "timestamp": _timestamp, "json": _json,
}


def _geometry(delivered: pd.DataFrame, manifest: Manifest, area: Area, problems: Problems) -> NDArray[np.object_]:
    """Geometries in the storage CRS; unreadable coordinates are refused, empty ones stay None."""
    if "geometry" in delivered.columns:
        raw = np.asarray(delivered["geometry"].to_numpy(), dtype=object)
    elif manifest.wkt:
        raw = _from_wkt(delivered[manifest.wkt], problems)
        problems.flattened = delivered.index[has_more_than_plane(raw)]
    elif manifest.x:
        raw = _from_xy(delivered, manifest, problems)
    else:
        return np.full(len(delivered), None, dtype=object)
    raw = np.where(shapely.is_empty(raw), None, raw)
    if manifest.axis_order == "yx":
        raw = shapely.transform(raw, lambda xy: xy[:, ::-1])
    if zone_of(manifest.crs) is not None:
        _check_zone(delivered.index, shapely.bounds(raw)[:, 0], manifest.crs, problems)
    moved = to_geographic(raw, manifest.crs, area.storage_crs)
    return _without_lost(moved, ~shapely.is_missing(raw), delivered.index, problems)


def _moved(
    shapes: Shapes, manifest: Manifest, area: Area, index: pd.Index, problems: Problems
) -> tuple[NDArray[np.object_], Shapes]:
    """What `_geometry` makes of geometries that come as bytes, and what stays bytes of them: all that is whole."""
    xy = shapes.coordinates[:, ::-1] if manifest.axis_order == "yx" else shapes.coordinates
    if zone_of(manifest.crs) is not None:
        _check_zone(index, shapes.least(xy[:, 0]), manifest.crs, problems)
    moved = shapes.with_coordinates(coordinates_to_geographic(xy, manifest.crs, area.storage_crs))
    is_whole = moved.is_whole()
    others = np.full(len(moved), None, dtype=object)
    if not is_whole.all():
        others[~is_whole] = moved.objects(~is_whole)
        others[shapely.is_empty(others)] = None
        others = _without_lost(others, ~shapely.is_missing(others), index, problems)
    return others, moved.without(~is_whole)


def _without_lost(
    moved: NDArray[np.object_], is_there: NDArray[np.bool_], index: pd.Index, problems: Problems
) -> NDArray[np.object_]:
    """Geometries without those that the storage CRS cannot hold, which are told."""
    is_lost = is_there & ~_is_finite(moved)
    problems.add(index[is_lost], "RQ08", "geometry")
    moved[is_lost] = None
    return moved


def _is_finite(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    bounds = shapely.bounds(geometries)
    return np.asarray(np.isfinite(bounds).all(axis=1))


def _from_wkt(texts: pd.Series, problems: Problems) -> NDArray[np.object_]:
    given = texts.where(texts.str.strip() != "", None)
    geometries = shapely.from_wkt(given.to_numpy(dtype=object), on_invalid="ignore")
    problems.add(texts.index[given.notna() & shapely.is_missing(geometries)], "RQ08", str(texts.name), texts)
    return np.asarray(geometries)


def _from_xy(delivered: pd.DataFrame, manifest: Manifest, problems: Problems) -> NDArray[np.object_]:
    """Points of the two coordinate columns; a text that names the other axis says that the columns are swapped."""
    nothing = {"", *manifest.null_values}
    numbers = []
    given = []
    for axis, name in enumerate((manifest.x, manifest.y)):
        text = delivered[name].map(lambda value: str(value).translate(FULL_WIDTH).strip())
        text = text.where(~text.isin(nothing), None)
        found = parsed(text, manifest.crs, axis=axis)
        if found.is_said_km.any() and not is_in_km(name):
            problems.in_km.add(name)
        problems.add(text.index[found.is_other_axis], "RQ10", name, text)
        problems.add(text.index[text.notna() & ~np.isfinite(found.numbers)], "RQ08", name, text)
        numbers.append(found.numbers)
        given.append(text.notna().to_numpy())
    x, y = numbers
    problems.add(delivered.index[given[0] ^ given[1]], "RQ08", f"{manifest.x},{manifest.y}")
    has_both = np.isfinite(x) & np.isfinite(y)
    points = np.full(len(delivered), None, dtype=object)
    points[has_both] = shapely.points(x[has_both], y[has_both])
    return points


def _check_zone(index: pd.Index, west: NDArray[np.float64], crs: str, problems: Problems) -> None:
    """Eastings, of which `west` are the least, must begin with the zone that the stated CRS has, or with none if it has none."""
    is_other, is_northing = misfits(crs, west)
    if not (is_other.any() or is_northing.any()):
        return
    texts = pd.Series(west, index=index).map("{:.1f}".format).astype(object)
    problems.add(index[is_northing], "RQ10", "geometry", texts)
    problems.add(index[is_other], "RQ17", "geometry", texts)
