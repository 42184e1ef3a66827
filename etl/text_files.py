"""Text tables (CSV, TSV, JSON lines) as rows of text, decoded as the manifest says and never otherwise."""

from __future__ import annotations

import codecs
import itertools
import json
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.batch import ROW, cell_text, column_letters
from etl.encoding import HEAD_BYTES, encoding_of
from etl.manifest import Manifest
from layers.errors import SourceFileError

MAX_CELL_CHARACTERS = 1_000_000
"""A longer cell is no cell but a lost quotation mark, or an attack."""
PIECE_BYTES = 2**20
BYTE_ORDER_MARK = "\ufeff"


def check_text(path: Path, encoding: str) -> None:
    """Raise `SourceFileError` naming the byte that is not in the encoding; reads the file once, in pieces."""
    n_before, is_blank = 0, True
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as stream:
            while piece := stream.read(PIECE_BYTES):
                n_kept = len(decoder.getstate()[0])
                if "\x00" in decoder.decode(piece):
                    raise SourceFileError(path, "binary content", f"text in {encoding}")
                is_blank = is_blank and not piece.strip()
                n_before += len(piece)
            n_kept = len(decoder.getstate()[0])
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        at = n_before - n_kept + error.start
        raise SourceFileError(
            path, f"bytes that are not {encoding} (at byte {at}){_likely(path, encoding)}", f"text in {encoding}, as its manifest says"
        ) from error
    except UnicodeError as error:
        raise SourceFileError(path, f"bytes that are not {encoding} ({error}){_likely(path, encoding)}", f"text in {encoding}") from error
    except LookupError as error:
        raise SourceFileError(path, f"encoding {encoding!r} in the manifest", "an encoding Python knows") from error
    if is_blank:
        raise SourceFileError(path, "an empty file", "a heading and rows")


def _likely(path: Path, encoding: str) -> str:
    """Words about the encoding that the bytes look like, empty where that is the stated one."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    likely, _ = encoding_of(head, is_whole=len(head) < HEAD_BYTES)
    is_stated = codecs.lookup(likely.removesuffix("-sig")).name == codecs.lookup(encoding.removesuffix("-sig")).name
    return "" if is_stated else f"; it looks like {likely}"


@contextmanager
def text_of(path: Path, encoding: str) -> Iterator[TextIO]:
    """The characters of a file that was checked, without its byte order mark; line ends as delivered."""
    check_text(path, encoding)
    with path.open(encoding=encoding, newline="") as stream:
        if stream.read(1) != BYTE_ORDER_MARK:
            stream.seek(0)
        yield stream


def decoded(path: Path, encoding: str) -> str:
    """Text of a file; raises `SourceFileError` naming the byte that is not in the encoding."""
    with text_of(path, encoding) as stream:
        return stream.read()


def read_text(path: Path, manifest: Manifest) -> pd.DataFrame:
    """A separated file as text columns; a row with more cells than the heading stops the load."""
    return next(text_batches(path, manifest), pd.DataFrame())


def text_batches(path: Path, manifest: Manifest, *, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """A separated file as `read_text` reads it, `rows` at a time (None: all at once); memory is that of one piece."""
    before = manifest.skip_rows + (0 if manifest.columns else manifest.header_rows)
    wanted = manifest.used_columns | set(manifest.ignore) if rows else frozenset()
    with text_of(path, manifest.encoding or "utf-8-sig") as stream:
        for frame in _parsed_pieces(stream, path, manifest, rows):
            _refuse_endless_cells(frame, path)
            first = int(frame.index[0]) if rows and len(frame) else 0
            frame.columns = headings([joined_heading(name) for name in frame.columns], path)
            frame = frame.fillna("").reset_index(drop=True)
            frame[ROW] = np.arange(len(frame)) + 1 + first + before
            yield without_empty(frame, wanted=wanted)


def _parsed_pieces(stream: TextIO, path: Path, manifest: Manifest, rows: int | None) -> Iterator[pd.DataFrame]:
    names = list(manifest.columns) or None
    with _parse_errors(path):
        given = pd.read_csv(
            stream,
            sep="\t" if manifest.separator in ("\\t", "\t") else manifest.separator,
            dtype=str,
            keep_default_na=False,
            skiprows=manifest.skip_rows,
            header=None if names else list(range(manifest.header_rows)) if manifest.header_rows > 1 else 0,
            names=names,
            index_col=False,
            skip_blank_lines=False,
            chunksize=rows,
        )
    if rows is None:
        yield given
        return
    while True:
        with _parse_errors(path):
            piece = next(given, None)
        if piece is None:
            return
        yield piece


@contextmanager
def _parse_errors(path: Path) -> Iterator[None]:
    """What pandas raises on a table that is none becomes a `SourceFileError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError, IndexError) as error:
        raise SourceFileError(path, str(error).strip()[:500], "rows with as many cells as the heading") from error


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


def without_empty(frame: pd.DataFrame, *, wanted: Collection[str] = frozenset()) -> pd.DataFrame:
    """A table of text without blank rows, and without columns that have neither heading nor value nor are `wanted`."""
    names = [name for name in frame.columns if name != ROW]
    nameless = [
        name for name in names
        if str(name).startswith("column ") and name not in wanted and bool(_is_blank(frame[name]).all())
    ]
    blank = np.arange(len(frame))
    for name in names:
        blank = blank[_is_blank(frame[name].iloc[blank])]
        if not len(blank):
            break
    return frame.drop(index=frame.index[blank], columns=nameless).reset_index(drop=True)


def _is_blank(texts: pd.Series) -> NDArray[np.bool_]:
    return np.asarray(texts.str.strip() == "", dtype=bool)


def read_json_lines(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One object a line; nested objects become ``outer.inner`` columns."""
    return next(json_line_batches(path, manifest), pd.DataFrame())


def json_line_batches(path: Path, manifest: Manifest, *, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """JSON lines as `read_json_lines` reads them, `rows` at a time (None: all); every piece has all columns."""
    encoding = manifest.encoding or "utf-8-sig"
    names = list(dict.fromkeys(name for row in _json_rows(path, encoding) for name in row)) if rows else None
    objects = _json_rows(path, encoding)
    while piece := list(itertools.islice(objects, rows)):
        yield pd.DataFrame(piece, columns=names).fillna("")


def _json_rows(path: Path, encoding: str) -> Iterator[dict[str, object]]:
    with text_of(path, encoding) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                yield {**_flat(json.loads(line)), ROW: number}
            except (ValueError, AttributeError, RecursionError) as error:
                raise SourceFileError(path, f"line {number}: {error}", "one JSON object a line") from error


def _flat(value: dict[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, entry in value.items():
        if isinstance(entry, dict):
            flat |= _flat(entry, f"{prefix}{key}.")
        else:
            flat[prefix + key] = cell_text(entry)
    return flat
