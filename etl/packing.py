"""Columns of a frame as the bytes PostgreSQL takes in a binary COPY, and hashes over these bytes; no loop over rows in Python.

The layout is that of PostgreSQL's manual, "COPY, binary format": a header, for each row the number of its fields and
for each field its length (-1 for NULL) and its bytes, most significant first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray

from layers.tables import GEOMETRY_COLUMN

if TYPE_CHECKING:
    from etl.shapes import Shapes

HEADER = np.frombuffer(b"PGCOPY\n\xff\r\n\x00" + bytes(8), dtype="uint8")
TRAILER = np.frombuffer(b"\xff\xff", dtype="uint8")
DAYS_TO_2000 = 10_957
MICROSECONDS_TO_2000 = 946_684_800_000_000
"""PostgreSQL counts dates and times from 2000-01-01, Arrow from 1970-01-01."""
MULTI_TYPES = {"MULTIPOINT": 4, "MULTILINESTRING": 5, "MULTIPOLYGON": 6}
SINGLE_TYPES = {4: 1, 5: 2, 6: 3}
"""WKB's number of a multi geometry -> that of its parts."""
KIND_BYTE = 1
"""Where little-endian WKB says the kind of a plane geometry."""
ROWS_AT_ONCE = 4_096
"""Rows written column by column before the next ones: so many stay in a processor's cache meanwhile."""
SEEDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)

COORDINATE_BYTES = 16

Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Packed:
    """One column: the bytes of row i are ``data[starts[i]:starts[i + 1]]``, meaningless where `is_null`."""

    data: Bytes
    starts: NDArray[np.int64]
    is_null: NDArray[np.bool_]


def pack_frame(
    frame: pd.DataFrame, columns: Iterable[sa.Column[object]], *, srid: int, shapes: Shapes | None = None
) -> dict[str, Packed]:
    """The columns that a frame has of a table, in the table's order, by name.

    Parameters
    ----------
    frame : columns named like the table's; ``geometry`` (planar, in the CRS of `srid`, None allowed) is that of ``geom``,
        single ones made multi ones where the column holds these.
    shapes : the geometries of rows that the frame has none for.
    """
    packed = {}
    for column in columns:
        if column.name == GEOMETRY_COLUMN and "geometry" in frame.columns:
            objects = np.asarray(frame["geometry"].to_numpy(), dtype=object)
            packed[column.name] = _ewkb(_wkb(objects) if shapes is None else shapes.packed(objects), srid, _multi_type(column))
        elif column.name in frame.columns:
            packed[column.name] = PACKERS[_kind(column)](frame[column.name])
    return packed


def binary_rows(columns: Sequence[Packed]) -> Bytes:
    """What COPY takes for these columns, header and trailer included."""
    from etl.packing_loops import write_counts, write_fields  # imported here, for numba takes long to import

    n_rows = len(columns[0].is_null)
    sizes = np.full(n_rows, 2 + 4 * len(columns), dtype="int64")
    for column in columns:
        sizes += np.where(column.is_null, 0, np.diff(column.starts))
    ends = len(HEADER) + np.cumsum(sizes)
    out = np.empty((int(ends[-1]) if n_rows else len(HEADER)) + len(TRAILER), dtype="uint8")
    out[: len(HEADER)], out[-len(TRAILER) :] = HEADER, TRAILER
    at = ends - sizes
    for first in range(0, n_rows, ROWS_AT_ONCE):
        some = slice(first, first + ROWS_AT_ONCE)
        write_counts(out, at[some], len(columns))
        for column in columns:
            write_fields(out, at[some], column.data, column.starts[first:], column.is_null[some])
    return out


def row_hashes(columns: Iterable[Packed], *, seed: int = SEEDS[0]) -> Hashes:
    """A 64-bit hash of each row over some columns: equal rows have equal ones, on every machine and in every version."""
    from etl.packing_loops import mix  # imported here, as above

    hashes = np.empty(0, dtype="uint64")
    for number, column in enumerate(columns):
        if number == 0:
            hashes = np.full(len(column.is_null), seed, dtype="uint64")
        mix(hashes, column.data, column.starts, column.is_null)
    return hashes


def text_hashes(texts: pd.Series) -> Hashes:
    """Two 64-bit hashes of each text, rows x 2: no two texts of a delivery share both."""
    packed = _text(texts)
    return np.column_stack([row_hashes([packed], seed=seed) for seed in SEEDS])


def geometry_hashes(geometries: NDArray[np.object_]) -> Hashes:
    """Two 64-bit hashes of each geometry, rows x 2: equal where type, number of parts and every coordinate in its order are."""
    is_null = shapely.is_missing(geometries)
    coordinates = np.ascontiguousarray(shapely.get_coordinates(geometries)).view("uint8").reshape(-1)
    ends = np.cumsum(shapely.get_num_coordinates(geometries)) * COORDINATE_BYTES
    parts = [Packed(coordinates, np.concatenate(([0], ends)), is_null)]
    for number in (shapely.get_type_id, shapely.get_num_geometries, shapely.get_num_interior_rings):
        parts.append(fixed(number(geometries), is_null, ">i4"))
    return np.column_stack([row_hashes(parts, seed=seed) for seed in SEEDS])


def _kind(column: sa.Column[object]) -> str:
    return str(column.type).split("(")[0].split()[0].upper()


def fixed(numbers: NDArray[np.generic], is_null: NDArray[np.bool_], kind: str) -> Packed:
    """Numbers as big-endian bytes of a type such as ``>i8``."""
    width = np.dtype(kind).itemsize
    starts = np.arange(len(numbers) + 1, dtype="int64") * width
    return Packed(np.ascontiguousarray(numbers.astype(kind)).view("uint8"), starts, is_null)


def _arrow(values: pd.Series, kind: pa.DataType) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Values of a column as a plain array of Arrow's numbers, 0 where null, and where it is null."""
    if pa.types.is_integer(kind) and values.dtype == object:
        values = values.astype("Int64")
    array = pa.Array.from_pandas(values, type=kind)
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    is_null = np.asarray(array.is_null().to_numpy(zero_copy_only=False))
    if pa.types.is_temporal(kind):
        array = array.view(pa.int32() if kind == pa.date32() else pa.int64())
    numbers = array.cast(pa.uint8()) if kind == pa.bool_() else array
    return np.asarray(pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)), is_null


def _text(values: pd.Series) -> Packed:
    """Texts; a zero byte, which PostgreSQL takes in no text, becomes U+FFFD."""
    packed = variable(text_array(values))
    if (packed.data == 0).any():
        packed = variable(pc.replace_substring(text_array(values), "\x00", "\ufffd"))
    return packed


def text_array(values: pd.Series) -> pa.LargeStringArray:
    """Texts as Arrow's; what is not a text is written as one, missing values are null.

    Halves of characters (lone surrogates, which JSON can spell) become U+FFFD, the mark of lost text.
    """
    try:
        array = pa.Array.from_pandas(values, type=pa.large_string())
        # A column put together of several batches may have chunks of both widths, which raises here.
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        plain = [None if value is None or value is pd.NA or value != value else str(value) for value in values]
        array = pa.array(plain, type=pa.large_string())
    except UnicodeEncodeError:
        whole = [str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace") for value in values.fillna("")]
        array = pc.if_else(pa.array(values.isna().to_numpy()), None, pa.array(whole, type=pa.large_string()))
    return array


def variable(array: pa.LargeStringArray | pa.LargeBinaryArray) -> Packed:
    """Texts or bytes of Arrow's."""
    _, offsets, data = array.buffers()
    starts = np.frombuffer(offsets, dtype="int64", count=len(array) + 1, offset=array.offset * 8)
    plain = np.frombuffer(data, dtype="uint8") if data is not None else np.empty(0, dtype="uint8")
    return Packed(plain, starts, np.asarray(array.is_null().to_numpy(zero_copy_only=False)))


def _json(values: pd.Series) -> Packed:
    """Version 1 of the binary form of jsonb: a byte, then the text."""
    version, nothing = (pa.scalar(text, type=pa.large_string()) for text in ("\x01", ""))
    return variable(pc.binary_join_element_wise(version, text_array(values), nothing))


def _multi_type(column: sa.Column[object]) -> int:
    """WKB's number of the kind of multi geometry that a column holds, 0 where it holds another kind."""
    return MULTI_TYPES.get(str(getattr(column.type, "geometry_type", "")), 0)


def _wkb(geometries: NDArray[np.object_]) -> Packed:
    return variable(pa.array(shapely.to_wkb(geometries, byte_order=1), type=pa.large_binary()))


def _ewkb(plain: Packed, srid: int, multi_type: int) -> Packed:
    """Little-endian WKB as PostGIS takes it, single geometries made multi ones where `multi_type` (WKB's number) is not 0."""
    from etl.packing_loops import write_ewkb  # imported here, as above

    is_single = np.zeros(len(plain.is_null), dtype=bool)
    is_single[~plain.is_null] = plain.data[plain.starts[:-1][~plain.is_null] + KIND_BYTE] == SINGLE_TYPES.get(multi_type, 0)
    sizes = np.diff(plain.starts) + 4 + np.where(is_single, 9, 0)
    starts = np.concatenate(([0], np.cumsum(np.where(plain.is_null, 0, sizes))))
    data = np.empty(int(starts[-1]), dtype="uint8")
    write_ewkb(data, starts, plain.data, plain.starts, plain.is_null, is_single, multi_type, srid)
    return Packed(data, starts, plain.is_null)


def repeated(value: str | int, n_rows: int) -> Packed:
    """One text or whole number (of 32 bits) in every row."""
    plain = np.frombuffer(value.encode() if isinstance(value, str) else np.array(value, dtype=">i4").tobytes(), dtype="uint8")
    starts = np.arange(n_rows + 1, dtype="int64") * len(plain)
    return Packed(np.tile(plain, n_rows), starts, np.zeros(n_rows, dtype=bool))


def _number(values: pd.Series) -> Packed:
    numbers, is_null = _arrow(values, pa.float64())
    return fixed(numbers, is_null, ">f8")


def _bigint(values: pd.Series) -> Packed:
    return fixed(*_arrow(values, pa.int64()), ">i8")


def _integer(values: pd.Series) -> Packed:
    numbers, is_null = _arrow(values, pa.int32())
    return fixed(numbers, is_null, ">i4")


def _boolean(values: pd.Series) -> Packed:
    return fixed(*_arrow(values, pa.bool_()), "u1")


def _date(values: pd.Series) -> Packed:
    days, is_null = _arrow(values, pa.date32())
    return fixed(days.astype("int64") - DAYS_TO_2000, is_null, ">i4")


def _timestamp(values: pd.Series) -> Packed:
    microseconds, is_null = _arrow(values, pa.timestamp("us"))
    return fixed(microseconds.astype("int64") - MICROSECONDS_TO_2000, is_null, ">i8")


PACKERS = {
    "TEXT": _text, "BIGINT": _bigint, "INTEGER": _integer, "DOUBLE": _number, "BOOLEAN": _boolean, "DATE": _date,
    "TIMESTAMP": _timestamp, "DATETIME": _timestamp, "JSONB": _json,
}
"""First word of a SQL type -> how its column is packed."""
