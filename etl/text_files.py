"""Text tables (CSV, TSV, JSON lines) as rows of text, decoded as the manifest says and never otherwise."""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from etl.batch import ROW, cell_text, column_letters
from etl.manifest import Manifest
from layers.errors import SourceFileError

MAX_CELL_CHARACTERS = 1_000_000
"""A longer cell is no cell but a lost quotation mark, or an attack."""


def decoded(path: Path, encoding: str) -> str:
    """Text of a file; raises `SourceFileError` naming the byte that is not in the encoding."""
    raw = path.read_bytes()
    if not raw.strip():
        raise SourceFileError(path, "an empty file", "a heading and rows")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceFileError(
            path, f"bytes that are not {encoding} (at byte {error.start})", f"text in {encoding}, as its manifest says"
        ) from error
    except UnicodeError as error:
        raise SourceFileError(path, f"bytes that are not {encoding} ({error})", f"text in {encoding}") from error
    except LookupError as error:
        raise SourceFileError(path, f"encoding {encoding!r} in the manifest", "an encoding Python knows") from error
    if "\x00" in text:
        raise SourceFileError(path, "binary content", f"text in {encoding}")
    return text.removeprefix("\ufeff")


def read_text(path: Path, manifest: Manifest) -> pd.DataFrame:
    """A separated file as text columns; a row with more cells than the heading stops the load."""
    text = decoded(path, manifest.encoding or "utf-8-sig")
    names = list(manifest.columns) or None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
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
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError, IndexError) as error:
        raise SourceFileError(path, str(error).strip()[:500], "rows with as many cells as the heading") from error
    _refuse_endless_cells(frame, path)
    heading_rows = 0 if names else manifest.header_rows
    frame.columns = headings([joined_heading(name) for name in frame.columns], path)
    frame = frame.fillna("")
    frame[ROW] = np.arange(len(frame)) + 1 + manifest.skip_rows + heading_rows
    return without_empty(frame)


def _refuse_endless_cells(frame: pd.DataFrame, path: Path) -> None:
    for name in frame.columns:
        if len(frame) and frame[name].str.len().max() > MAX_CELL_CHARACTERS:
            raise SourceFileError(path, f"a cell of more than {MAX_CELL_CHARACTERS:,} characters", "cells people can read")


def joined_heading(name: object) -> str:
    """Heading rows of one column as ``group/column``; empty for a column without heading."""
    parts = name if isinstance(name, tuple) else (name,)
    texts = [str(part).strip() for part in parts if not str(part).startswith("Unnamed:")]
    return "/".join(dict.fromkeys(text for text in texts if text))


def headings(names: list[str], path: Path) -> list[str]:
    """Names of all columns: one without heading is called by its letter, one that occurs twice stops the load."""
    full = [name or f"column {column_letters(position)}" for position, name in enumerate(names)]
    twice = sorted({name for name in full if full.count(name) > 1})
    if twice:
        raise SourceFileError(path, f"the heading {', '.join(twice[:5])} more than once", "a name of its own for each column")
    return full


def without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of text without blank rows, and without columns that have neither heading nor any value."""
    values = frame.drop(columns=[ROW])
    is_blank = values.apply(lambda column: column.str.strip() == "")
    nameless = [name for name in values.columns if str(name).startswith("column ") and bool(is_blank[name].all())]
    return frame[~is_blank.all(axis=1)].drop(columns=nameless).reset_index(drop=True)


def read_json_lines(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One object a line; nested objects become ``outer.inner`` columns."""
    rows = []
    for number, line in enumerate(decoded(path, manifest.encoding or "utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append({**_flat(json.loads(line)), ROW: number})
        except (ValueError, AttributeError, RecursionError) as error:
            raise SourceFileError(path, f"line {number}: {error}", "one JSON object a line") from error
    return pd.DataFrame(rows).fillna("")


def _flat(value: dict[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, entry in value.items():
        if isinstance(entry, dict):
            flat |= _flat(entry, f"{prefix}{key}.")
        else:
            flat[prefix + key] = cell_text(entry)
    return flat
