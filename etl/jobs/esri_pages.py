"""Answers of an ArcGIS map service kept as files: `features[]` with `attributes` and a point, by pages."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from etl.esri_json import features_of
from etl.jobs.folding import fold_rows
from etl.jobs.json_files import cell_text
from etl.manifest import Manifest
from etl.read import Batch


def read(path: Path, manifest: Manifest) -> pd.DataFrame:
    """One page: the attributes as text, `geometry_x` and `geometry_y` as the service gave them.

    The service's spatial reference is often a private code, so the manifest says which columns are the
    position. A page that holds an error message instead of features raises `SourceFileError`.
    """
    rows = []
    for feature in features_of(path):
        point = feature.get("geometry") or {}
        attributes = {name: cell_text(value) for name, value in feature["attributes"].items()}
        rows.append(
            attributes | {"geometry_x": cell_text(point.get("x")), "geometry_y": cell_text(point.get("y"))}
        )
    return pd.DataFrame(rows, dtype=object)


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """Fold rows that tell the same facility again, once for each of its roles; options as in `fold_rows`."""
    return fold_rows(batch, **manifest.job_options)
