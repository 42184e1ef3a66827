"""Delivered files into rows, exactly as delivered: text stays text, nothing is guessed, nothing is dropped.

A file that cannot be read as its manifest says stops the load before anything is written.
"""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pyogrio.errors
from openpyxl.utils.exceptions import InvalidFileException

from etl.manifest import Manifest
from layers.errors import CatalogError, SourceFileError

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm")
JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")
ROW, FILE = "_row", "_file"


@dataclass(frozen=True)
class Refusal:
    """One row that is not accepted, with what was found and what would be right."""

    file: str
    row: int | None
    field: str | None
    value: str | None
    rule_id: str
    reason_zh: str
    reason_en: str
    advice_zh: str = ""
    advice_en: str = ""


@dataclass
class Batch:
    """Rows of one source on their way in.

    `frame` has the delivered columns, ``_row`` (1-based row of the file, heading included for tables) and
    ``_file``; a ``geometry`` column for vectors. `n_merged` counts rows folded into others.
    """

    frame: pd.DataFrame
    n_read: int
    n_merged: int = 0
    refused: list[Refusal] = field(default_factory=list)


def job_module(manifest: Manifest) -> ModuleType | None:
    """The module below `etl/jobs` that a manifest names, or None."""
    if not manifest.job:
        return None
    if not manifest.job.isidentifier():
        raise CatalogError(manifest.path, f"job {manifest.job!r} is no module name")
    try:
        return importlib.import_module(f"etl.jobs.{manifest.job}")
    except ModuleNotFoundError as error:
        raise CatalogError(manifest.path, f"no job etl/jobs/{manifest.job}.py") from error


def read_batch(files: list[Path], manifest: Manifest, data_dir: Path) -> Batch:
    """All files of a source as one batch, after the source's own job where it has one."""
    job = job_module(manifest)
    read = getattr(job, "read", None) or {"table": read_table, "vector": read_vector}[manifest.reader]
    frames = []
    for path in files:
        frame = read(path, manifest)
        if ROW not in frame.columns:
            frame[ROW] = np.arange(1, len(frame) + 1)
        frame[FILE] = str(path.relative_to(data_dir))
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    batch = Batch(frame, n_read=len(frame))
    if job is not None and hasattr(job, "prepare"):
        batch = job.prepare(batch, manifest)
    return batch


def read_table(path: Path, manifest: Manifest) -> pd.DataFrame:
    """CSV, TSV, Excel or JSON lines as text columns; empty cells are empty strings."""
    suffix = path.suffix.lower()
    if suffix in TEXT_SUFFIXES:
        frame = _read_text(path, manifest)
    elif suffix in EXCEL_SUFFIXES:
        frame = _read_excel(path, manifest)
    elif suffix in JSON_LINES_SUFFIXES:
        frame = _read_json_lines(path, manifest)
    else:
        raise SourceFileError(path, f"a file named {suffix or 'without suffix'}", "csv, tsv, txt, xlsx or jsonl")
    if frame.empty:
        raise SourceFileError(path, "no rows", "a heading and at least one row")
    return frame


def _decoded(path: Path, encoding: str) -> str:
    raw = path.read_bytes()
    if not raw.strip():
        raise SourceFileError(path, "an empty file", "a heading and rows")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceFileError(
            path, f"bytes that are not {encoding} (at byte {error.start})", f"text in {encoding}, as its manifest says"
        ) from error
    except LookupError as error:
        raise SourceFileError(path, f"encoding {encoding!r} in the manifest", "an encoding Python knows") from error
    if "\x00" in text:
        raise SourceFileError(path, "binary content", f"text in {encoding}")
    return text


def _read_text(path: Path, manifest: Manifest) -> pd.DataFrame:
    encoding = manifest.encoding or "utf-8-sig"
    text = _decoded(path, encoding)
    names = list(manifest.columns) or None
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep="\t" if manifest.separator in ("\\t", "\t") else manifest.separator,
            dtype=str,
            keep_default_na=False,
            skiprows=manifest.skip_rows,
            header=None if names else list(range(manifest.header_rows)) if manifest.header_rows > 1 else 0,
            names=names,
            index_col=False,
            skip_blank_lines=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceFileError(path, str(error).strip(), "rows with as many cells as the heading") from error
    frame.columns = [_joined_heading(name) for name in frame.columns]
    heading_rows = 0 if names else manifest.header_rows
    frame[ROW] = np.arange(len(frame)) + 1 + manifest.skip_rows + heading_rows
    return _without_blank_rows(frame)


def _joined_heading(name: object) -> str:
    parts = name if isinstance(name, tuple) else (name,)
    texts = [str(part).strip() for part in parts if not str(part).startswith("Unnamed:")]
    return "/".join(dict.fromkeys(text for text in texts if text))


def _without_blank_rows(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame.drop(columns=[ROW])
    is_blank = (values.apply(lambda column: column.str.strip()) == "").all(axis=1)
    return frame[~is_blank].reset_index(drop=True)


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return str(value.isoformat()).replace("T00:00:00", "")
    return str(value)


def _read_excel(path: Path, manifest: Manifest) -> pd.DataFrame:
    try:
        book = openpyxl.load_workbook(path, read_only=False, data_only=True)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, InvalidFileException) as error:
        raise SourceFileError(path, f"no workbook ({error})", "an .xlsx file") from error
    if manifest.sheet and manifest.sheet not in book.sheetnames:
        raise SourceFileError(path, f"sheets {', '.join(book.sheetnames)}", f"a sheet {manifest.sheet}")
    sheet = book[manifest.sheet] if manifest.sheet else book.worksheets[0]
    merged_heads = _merged_values(sheet, manifest.skip_rows + manifest.header_rows)
    rows = [[_cell_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    first = manifest.skip_rows + manifest.header_rows
    if len(rows) < first:
        raise SourceFileError(path, f"{len(rows)} rows", f"{first} heading rows")
    heads = [
        _joined_heading(tuple(merged_heads.get((r, c), rows[r][c]) for r in range(manifest.skip_rows, first)))
        for c in range(len(rows[0]))
    ]
    frame = pd.DataFrame(rows[first:], columns=heads, dtype=object)
    frame[ROW] = np.arange(len(frame)) + first + 1
    return _without_blank_rows(frame.drop(columns=[""], errors="ignore"))


def _merged_values(sheet: object, n_rows: int) -> dict[tuple[int, int], str]:
    """Text of merged heading cells for every cell they cover; keys are 0-based row and column."""
    values: dict[tuple[int, int], str] = {}
    for area in sheet.merged_cells.ranges:  # type: ignore[attr-defined]
        if area.min_row > n_rows:
            continue
        text = _cell_text(sheet.cell(area.min_row, area.min_col).value)  # type: ignore[attr-defined]
        for row in range(area.min_row, area.max_row + 1):
            for column in range(area.min_col, area.max_col + 1):
                values[row - 1, column - 1] = text
    return values


def _read_json_lines(path: Path, manifest: Manifest) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(_decoded(path, manifest.encoding or "utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append({**_flat(json.loads(line)), ROW: number})
        except (json.JSONDecodeError, AttributeError) as error:
            raise SourceFileError(path, f"line {number}: {error}", "one JSON object a line") from error
    return pd.DataFrame(rows).fillna("")


def _flat(value: dict[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, entry in value.items():
        if isinstance(entry, dict):
            flat |= _flat(entry, f"{prefix}{key}.")
        else:
            flat[prefix + key] = _cell_text(entry)
    return flat


def read_vector(path: Path, manifest: Manifest) -> gpd.GeoDataFrame:
    """Any vector file GDAL reads; attributes as text, geometry untouched, `_row` counts features from 1."""
    try:
        frame = pyogrio.read_dataframe(
            path,
            layer=manifest.ogr_layer or None,
            encoding=manifest.encoding or None,
            fid_as_index=False,
            force_2d=True,
        )
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise SourceFileError(path, str(error), f"a vector file for {manifest.title_zh}") from error
    except UnicodeDecodeError as error:
        raise SourceFileError(path, f"attributes that are not {manifest.encoding or 'UTF-8'}", "the right encoding") from error
    if "geometry" not in frame.columns:
        raise SourceFileError(path, "no geometry", "a vector layer")
    if frame.empty:
        raise SourceFileError(path, "no features", "at least one feature")
    return _attributes_as_text(frame)


def _attributes_as_text(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    texts = {
        name: frame[name].map(lambda value: "" if value is None or value is pd.NaT or value != value else _cell_text(value))
        for name in frame.columns
        if name != "geometry"
    }
    result = gpd.GeoDataFrame(pd.DataFrame(texts, index=frame.index), geometry=frame.geometry.to_numpy(), crs=None)
    result[ROW] = np.arange(1, len(result) + 1)
    return result
