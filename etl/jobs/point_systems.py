"""Point sets of a web map: `systems.<name>.points[]`, each point a small object with `lon` and `lat`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from etl.jobs.folding import fold_rows
from etl.jobs.json_files import cell_text, json_object
from etl.manifest import Manifest
from etl.read import Batch
from layers.errors import SourceFileError


def read(path: Path, manifest: Manifest) -> pd.DataFrame:
    """All points of all systems as text, the system's name in `system`; no point raises `SourceFileError`."""
    systems = json_object(path).get("systems")
    if not isinstance(systems, dict):
        raise SourceFileError(path, "no systems", "an object systems.<name>.points[]")
    rows = [
        {"system": name} | {key: cell_text(value) for key, value in point.items()}
        for name, system in systems.items()
        for point in system.get("points", [])
    ]
    if not rows:
        raise SourceFileError(path, "no points", "at least one point")
    return pd.DataFrame(rows, dtype=object).fillna("")


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """Fold points delivered twice when `job_options` (those of `fold_rows`) are given; else leave all."""
    return fold_rows(batch, **manifest.job_options) if manifest.job_options else batch
