"""A file of which only some rows belong to this source: a roster of the whole country, zones of one use.

The other rows are no refusals: they are another source's, or another city's. So the rows read are the
matching ones, and the manifest's title says which part of the file it is.
"""

from __future__ import annotations

from dataclasses import replace

from etl.manifest import Manifest
from etl.read import FILE, Batch
from layers.errors import CatalogError, SourceFileError


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """Rows whose `column` holds one of `values` (see `job_options`); none at all raises `SourceFileError`."""
    return some(pick(batch, manifest), batch, manifest)


def pick(batch: Batch, manifest: Manifest) -> Batch:
    """The rows of a piece that are meant, perhaps none: a file of any size is read in pieces."""
    unknown = set(manifest.job_options) ^ {"column", "values"}
    if unknown:
        raise CatalogError(
            manifest.path, f"job_options of matching_rows are column and values, not {sorted(unknown)}"
        )
    column, values = manifest.job_options["column"], set(manifest.job_options["values"])
    if column not in batch.frame.columns:
        raise SourceFileError(_files(batch), f"no column {column}", "the column that tells which rows are meant")
    is_meant = batch.frame[column].astype(str).str.strip().isin(values)
    return replace(batch, frame=batch.frame[is_meant].reset_index(drop=True), n_read=int(is_meant.sum()))


def some(picked: Batch, batch: Batch, manifest: Manifest) -> Batch:
    """What was picked of a source; raises `SourceFileError` where that is no row at all."""
    if not picked.n_read:
        column, values = manifest.job_options["column"], sorted(manifest.job_options["values"])
        raise SourceFileError(_files(batch), f"no row with {column} among {values}", "at least one such row")
    return picked


def _files(batch: Batch) -> str:
    return ", ".join(sorted(set(batch.frame[FILE]))[:3])
