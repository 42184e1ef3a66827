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
    unknown = set(manifest.job_options) ^ {"column", "values"}
    if unknown:
        raise CatalogError(
            manifest.path, f"job_options of matching_rows are column and values, not {sorted(unknown)}"
        )
    column, values = manifest.job_options["column"], set(manifest.job_options["values"])
    files = ", ".join(sorted(set(batch.frame[FILE]))[:3])
    if column not in batch.frame.columns:
        raise SourceFileError(files, f"no column {column}", "the column that tells which rows are meant")
    is_meant = batch.frame[column].astype(str).str.strip().isin(values)
    if not is_meant.any():
        raise SourceFileError(files, f"no row with {column} among {sorted(values)}", "at least one such row")
    return replace(batch, frame=batch.frame[is_meant].reset_index(drop=True), n_read=int(is_meant.sum()))
