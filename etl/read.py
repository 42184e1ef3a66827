"""Delivered files into rows, exactly as delivered: text stays text, nothing is guessed, nothing is dropped.

A file that cannot be read as its manifest says stops the load before anything is written.
"""

from __future__ import annotations

import csv
import importlib
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePath
from types import ModuleType
from typing import Callable, Iterator

import numpy as np
import pandas as pd

from etl.archives import is_archive, opened
from etl.batch import FILE, RETURNED_COLUMNS, RETURNED_ROW_COLUMN, ROW, SHEET, Batch, Refusal, same_text, with_sheet
from etl.esri_json import read_esri_json
from etl.manifest import Manifest, parts_of
from etl.text_files import json_line_batches, read_json_lines, read_text, text_batches
from etl.vectors import SHAPES, read_vector, vector_batches
from etl.workbook_batches import workbook_batches
from etl.workbooks import read_workbook
from layers.errors import CatalogError, SourceFileError

__all__ = ["FILE", "ROW", "Batch", "Refusal", "job_module", "read_batch", "read_batches", "read_file", "read_table", "read_vector"]

Reader = Callable[[Path, Manifest], pd.DataFrame]
Preparer = Callable[[Batch, Manifest], Batch]
Streamer = Callable[[Path, Manifest, int], Iterator[pd.DataFrame]]
"""Path, manifest and rows of a piece -> the pieces of a file."""
TEXT_SUFFIXES, LINE_SUFFIXES, BOOK_SUFFIXES = (".csv", ".tsv", ".txt"), (".jsonl", ".ndjson"), (".xlsx", ".xlsm")
TABLE_READERS: dict[tuple[str, ...], Reader] = {
    TEXT_SUFFIXES: read_text,
    (".xlsx", ".xlsm", ".xls"): read_workbook,
    LINE_SUFFIXES: read_json_lines,
}
LARGEST_WHOLE_BYTES = 96 * 2**20
"""Files whose rows are held at once, so that a load of them stays below 2 GB: read, checked and packed, rows of short cells take
16 times as much memory as their file (a CSV of 96 MB, 1,110,000 rows: 1,805 MB in all)."""
BATCH_ROWS = 100_000
"""Rows of a piece: some 100 MB of a wide table as text."""


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


def read_table(path: Path, manifest: Manifest) -> pd.DataFrame:
    """CSV, TSV, Excel or JSON lines as text columns; empty cells are empty strings."""
    suffix = path.suffix.lower()
    read = next((reader for suffixes, reader in TABLE_READERS.items() if suffix in suffixes), None)
    if read is None:
        raise SourceFileError(path, f"a file named {suffix or 'without suffix'}", "csv, tsv, txt, xlsx, xls or jsonl")
    frame = read(path, manifest)
    if frame.empty:
        raise SourceFileError(path, "no rows", "a heading and at least one row")
    return frame


READERS: dict[str, Reader] = {"table": read_table, "vector": read_vector, "esri": read_esri_json}


@contextmanager
def _known_structure(path: Path, manifest: Manifest) -> Iterator[None]:
    """A job knows one structure; what a file of another one makes it raise becomes a `SourceFileError`."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, csv.Error) as error:
        raise SourceFileError(
            path, f"a structure that job {manifest.job} does not know ({type(error).__name__}: {str(error)[:200]})",
            "the structure the job was made for",
        ) from error


def read_file(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One delivered file, unpacked where it is an archive, by the source's job or the standard reader."""
    read_by_job = getattr(job_module(manifest), "read", None)
    with opened(path, manifest) as inside:
        if read_by_job:
            with _known_structure(inside, manifest):
                frame: pd.DataFrame = read_by_job(inside, manifest)
        else:
            frame = READERS[manifest.reader](inside, manifest)
    if ROW not in frame.columns:
        frame[ROW] = np.arange(1, len(frame) + 1)
    return frame


def prepared(batch: Batch, manifest: Manifest) -> Batch:
    """A whole source after its job, where that does something with the rows; as it is where not."""
    job = job_module(manifest)
    if job is None or not hasattr(job, "prepare"):
        return batch
    with _known_structure(Path(str(batch.frame[FILE].iloc[0]) if len(batch.frame) else manifest.files[0]), manifest):
        done: Batch = job.prepare(batch, manifest)
    return done


def _refuse_too_large(files: list[Path], manifest: Manifest) -> None:
    """Stop before files are read whole that would not fit: what is read in pieces may be of any size."""
    n_bytes = sum(part.stat().st_size for path in files for part in parts_of(path))
    if n_bytes > LARGEST_WHOLE_BYTES:
        raise SourceFileError(
            ", ".join(path.name for path in files[:3]), f"{n_bytes / 2**20:,.0f} MB that have to be held at once",
            f"at most {LARGEST_WHOLE_BYTES / 2**20:,.0f} MB for a source with "
            + (f"the job {manifest.job}" if manifest.job else "rows compared with each other, an old workbook or JSON pages")
            + f": split it into deliveries of less than {LARGEST_WHOLE_BYTES / 2**20:,.0f} MB (by town, year or kind) loaded one after the other with "
            "`mode = \"add\"`; sources without these (CSV, JSON lines, .xlsx, GeoPackage of one file) are read in pieces and may be of any size",
        )


def read_batch(
    files: list[Path], manifest: Manifest, data_dir: Path, *, read: Reader = read_file, prepare: Preparer = prepared
) -> Batch:
    """All files of a source as one batch, after the source's own job where it has one.

    Columns of a returned workbook are left out. `read` reads one file and `prepare` runs the job; those in a child process
    take their place for files that nobody vouches for. More than `LARGEST_WHOLE_BYTES` is refused.
    """
    _refuse_too_large(files, manifest)
    batches = [_as_batch(read(path, manifest), path, data_dir) for path in files]
    frames = [batch.frame for batch in batches]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    batch = Batch(frame, n_read=len(frame), is_partial=any(entry.is_partial for entry in batches))
    job = job_module(manifest)
    whole = prepare(batch, manifest) if job is not None and hasattr(job, "prepare") else batch
    returned = frozenset[str]().union(*(entry.returned for entry in batches))
    return replace(whole, returned=returned, n_returned=sum(entry.n_returned for entry in batches))


def read_batches(
    files: list[Path], manifest: Manifest, data_dir: Path, *, rows: int = BATCH_ROWS, read: Reader = read_file, prepare: Preparer = prepared,
    as_bytes: bool = False, stream: Streamer | None = None,
) -> Iterator[Batch]:
    """What `read_batch` gives, at most `rows` rows at a time and never more of a file in memory than that.

    Workbooks of Excel 97 to 2003, pages of a service and files of a `read` of one's own are read whole and handed on in pieces; a source
    with a job that is not `is_row_wise` comes as one batch, because such a job may fold rows across all of it. Row numbers go on from piece
    to piece, every piece has the columns of all files, and `is_partial` of any piece holds for the source. With `as_bytes`
    geometries come as `Batch.shapes` where they can. A `read` of one's own may bring a `stream`, used for kinds of files that are read in
    pieces here too.
    """
    job = job_module(manifest)
    if not is_row_wise(manifest) or (job is not None and (read is not read_file or prepare is not prepared)):
        yield read_batch(files, manifest, data_dir, read=read, prepare=prepare)
    elif job is not None and hasattr(job, "pick"):
        yield from _picked(files, manifest, data_dir, job, rows)
    else:
        yield from _plain_batches(files, manifest, data_dir, rows, read, as_bytes=as_bytes, stream=stream)


def is_row_wise(manifest: Manifest) -> bool:
    """Whether a source may come in pieces: it has no job, or one that looks at each row by itself."""
    job = job_module(manifest)
    return job is None or hasattr(job, "pick") or not hasattr(job, "prepare")


def is_returned(path: Path, manifest: Manifest) -> bool:
    """Whether a file holds mended rows alone, told by its first row."""
    return RETURNED_ROW_COLUMN in next(_pieces(path, manifest, 1, read_file)).columns


def pieces_of(path: Path, manifest: Manifest, rows: int) -> Iterator[pd.DataFrame]:
    """One file as `read_file` gives it, at most `rows` rows at a time."""
    return _pieces(path, manifest, rows, read_file)


def _picked(files: list[Path], manifest: Manifest, data_dir: Path, job: ModuleType, rows: int) -> Iterator[Batch]:
    """The pieces of a source as a job that looks at each row by itself leaves them; pieces of which nothing is left are passed over."""
    batch, n_read = None, 0
    for batch in _plain_batches(files, manifest, data_dir, rows, read_file):
        with _known_structure(Path(str(batch.frame[FILE].iloc[0])), manifest):
            picked: Batch = job.pick(batch, manifest)
        picked = replace(picked, returned=batch.returned, n_returned=picked.n_read if batch.returned else 0)
        n_read += picked.n_read
        if picked.n_read:
            yield picked
    if batch is not None and not n_read and hasattr(job, "some"):
        job.some(picked, batch, manifest)


def _plain_batches(
    files: list[Path], manifest: Manifest, data_dir: Path, rows: int, read: Reader, *, as_bytes: bool = False,
    stream: Streamer | None = None,
) -> Iterator[Batch]:
    columns: dict[str, None] = {}
    if len(files) > 1:
        for path in files:
            first = next(_pieces(path, manifest, rows, read, stream=stream), pd.DataFrame())
            columns |= dict.fromkeys(first.columns)
    for path in files:
        for frame in _pieces(path, manifest, rows, read, as_bytes=as_bytes, stream=stream):
            batch = _as_batch(frame, path, data_dir)
            absent = [name for name in columns if name not in frame.columns and name not in RETURNED_COLUMNS]
            for name in absent:
                batch.frame[name] = np.nan
            yield batch


def _as_batch(frame: pd.DataFrame, path: Path, data_dir: Path) -> Batch:
    """Rows of one file, without the columns that a returned workbook adds."""
    shapes = frame.attrs.pop(SHAPES, None)
    is_partial = RETURNED_ROW_COLUMN in frame.columns
    frame = frame.drop(columns=[name for name in RETURNED_COLUMNS if name in frame.columns])
    frame[FILE] = same_text(str(path.relative_to(data_dir)), frame.index)
    if SHEET in frame.columns:
        frame[FILE] = [with_sheet(file, sheet) for file, sheet in zip(frame[FILE], frame[SHEET], strict=True)]
    returned = frozenset(frame[FILE]) if is_partial else frozenset()
    return Batch(frame, n_read=len(frame), is_partial=is_partial, returned=returned, n_returned=len(frame) if is_partial else 0, shapes=shapes)


def _pieces(
    path: Path, manifest: Manifest, rows: int, read: Reader, *, as_bytes: bool = False, stream: Streamer | None = None
) -> Iterator[pd.DataFrame]:
    """One file by pieces, from a reader that streams where there is one."""
    by_pieces = _streaming_reader(path, manifest, as_bytes=as_bytes)
    if read is read_file and by_pieces is not None:
        with opened(path, manifest) as inside:
            n_rows = 0
            for frame in by_pieces(inside, manifest, rows=rows):
                n_rows += len(frame)
                if len(frame):
                    yield frame
        if not n_rows:
            raise SourceFileError(path, "no rows", "a heading and at least one row")
        return
    if read is not read_file and by_pieces is not None and stream is not None:
        yield from stream(path, manifest, rows)
        return
    if read is read_file:  # the child has limits of its own
        _refuse_too_large([path], manifest)
    frame = read(path, manifest)
    for first in range(0, len(frame), rows):
        yield frame.iloc[first : first + rows].reset_index(drop=True)


def _pieces_of_job(job: ModuleType, path: Path, manifest: Manifest, *, rows: int) -> Iterator[pd.DataFrame]:
    """One file as the job reads it, `rows` at a time."""
    pieces = job.pieces(path, manifest, rows=rows)
    while True:
        with _known_structure(path, manifest):
            frame = next(pieces, None)
        if frame is None:
            return
        yield frame


def _streaming_reader(path: Path, manifest: Manifest, *, as_bytes: bool) -> Callable[..., Iterator[pd.DataFrame]] | None:
    job = job_module(manifest)
    if job is not None and hasattr(job, "read"):
        return partial(_pieces_of_job, job) if hasattr(job, "pieces") else None
    if manifest.reader == "vector":
        return partial(vector_batches, as_bytes=as_bytes)
    name = PurePath(manifest.member) if is_archive(path) and manifest.member else path
    suffix = name.suffix.lower()
    if manifest.reader == "table" and suffix in TEXT_SUFFIXES:
        return text_batches
    if manifest.reader == "table" and suffix in BOOK_SUFFIXES:
        return workbook_batches
    return json_line_batches if manifest.reader == "table" and suffix in LINE_SUFFIXES else None
