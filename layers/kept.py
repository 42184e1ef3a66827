"""Results in a form that can be kept and compared: a digest of their content, and bytes that give the same values back."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import pickle
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import sqlalchemy as sa

from layers.errors import EditionError
from layers.store import edition_schema

QUICK = 1
"""Level of compression: a result is written once and read a few times."""


def results_table(edition: int) -> sa.Table:
    """Results as the scoring had them, in the metric CRS: what the next edition and the server may start from."""
    columns = (sa.Column("name", sa.Text(), primary_key=True), sa.Column("content", sa.LargeBinary(), nullable=False))
    return sa.Table("results", sa.MetaData(), *columns, schema=edition_schema(edition))


def kept_result(connection: sa.Connection, edition: int, name: str, crs: pyproj.CRS) -> Any:
    """A result that an edition keeps, as scoring had it.

    Raises
    ------
    EditionError
        The edition keeps none of this name, or what it keeps cannot be read.
    """
    table = results_table(edition)
    if not sa.inspect(connection).has_table("results", schema=edition_schema(edition)):
        raise EditionError(f"edition {edition} keeps no results")
    content = connection.execute(sa.select(table.c.content).where(table.c.name == name)).scalar_one_or_none()
    try:
        return unpacked(bytes(content or b""), crs)
    except (zlib.error, pickle.UnpicklingError) as error:
        raise EditionError(f"edition {edition} keeps no readable {name}: run `riskatlas score --full`") from error


class _Reader(pickle.Unpickler):
    """Reads what results are made of and nothing else: bytes from a database must not name functions to run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a result")
        return super().find_class(module, name)


def packed(value: Any) -> bytes:
    """A result as bytes; frames without their CRS, which `unpacked` is told."""
    return zlib.compress(pickle.dumps(_plain(value), protocol=5), QUICK)


def unpacked(content: bytes, crs: pyproj.CRS) -> Any:
    """The result that `packed` made bytes of; `UnpicklingError` for anything else."""
    return _whole(_Reader(io.BytesIO(zlib.decompress(content))).load(), crs)


def _plain(value: Any) -> Any:
    """Frames and geometries as arrays and lists, so that little has to be admitted when they are read."""
    if isinstance(value, pd.DataFrame):
        columns = {str(name): _plain_column(pd.DataFrame(value)[name]) for name in value.columns}
        is_placed = isinstance(value, gpd.GeoDataFrame) and value.crs is not None
        return {"~": "frame", "columns": columns, "is_drawn": isinstance(value, gpd.GeoDataFrame), "is_placed": is_placed}
    if isinstance(value, Mapping):
        return {"~": "map", "items": [(key, _plain(entry)) for key, entry in value.items()]}
    return value


def _plain_column(column: pd.Series) -> tuple[str, Any]:
    if str(column.dtype) == "geometry":
        return "geometry", list(shapely.to_wkb(np.asarray(column.to_numpy(), dtype=object)))
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return str(column.dtype), column.to_numpy()
    return str(column.dtype), list(column.to_numpy(dtype=object, na_value=None) if _is_masked(column) else column.to_numpy(dtype=object))


def _is_masked(column: pd.Series) -> bool:
    return str(column.dtype) in ("Int64", "boolean")


def _whole(value: Any, crs: pyproj.CRS) -> Any:
    if not isinstance(value, dict):
        return value
    if value["~"] == "map":
        return {key: _whole(entry, crs) for key, entry in value["items"]}
    frame = pd.DataFrame({name: _whole_column(*column) for name, column in value["columns"].items()})
    if not value["is_drawn"]:
        return frame
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=crs if value["is_placed"] else None)


def _whole_column(kind: str, values: Any) -> Any:
    if kind == "geometry":
        geometry = np.empty(len(values), dtype=object)
        geometry[:] = shapely.from_wkb(np.array(values, dtype=object))
        return gpd.GeoSeries(geometry).array
    if isinstance(values, np.ndarray):
        return values
    if kind == "object":
        found = np.empty(len(values), dtype=object)
        found[:] = values
        return pd.Series(found, dtype=object)  # as it was: an array of texts alone would become text
    return pd.array(values, dtype=kind)


def digest(value: Any) -> str:
    """Hash of a result's content: equal content gives an equal hash, in every process."""
    total = hashlib.sha256()
    for part in _parts(value):
        total.update(len(part).to_bytes(8, "little"))
        total.update(part)
    return total.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if isinstance(value, pd.DataFrame):
        for name in value.columns:
            yield str(name).encode()
            yield from _column_parts(pd.DataFrame(value)[name])
    elif isinstance(value, np.ndarray) and value.dtype != object:
        yield f"{value.dtype}{value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield str(key).encode()
            yield from _parts(entry)
    elif dataclasses.is_dataclass(value):
        for entry in dataclasses.fields(value):
            yield entry.name.encode()
            yield from _parts(getattr(value, entry.name))
    elif isinstance(value, (list, tuple)) and any(not isinstance(entry, _SIMPLE) for entry in value):
        for entry in value:
            yield from _parts(entry)
    else:
        yield json.dumps(value, ensure_ascii=False, default=repr).encode()


_SIMPLE = (str, int, float, bool, type(None))


def _column_parts(column: pd.Series) -> Iterator[bytes]:
    kind, values = _plain_column(column)
    yield kind.encode()
    if isinstance(values, np.ndarray):
        yield np.ascontiguousarray(values).tobytes()
    elif kind == "geometry":
        yield b"".join(b"-" if wkb is None else len(wkb).to_bytes(8, "little") + wkb for wkb in values)
    else:
        yield json.dumps(values, ensure_ascii=False, default=repr).encode()


ADMITTED = frozenset({
    ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"), ("numpy", "dtype"), ("datetime", "date"), ("datetime", "datetime"), ("pandas._libs.missing", "_unpickle_na"),
    ("_codecs", "encode"),
})  # fmt: skip
"""What arrays, dates and missing values are made of."""
