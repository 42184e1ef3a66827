"""Recognises uploaded files; nobody vouches for them, so they are looked at in a process with limits."""

from __future__ import annotations

from glob import escape as glob_escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.area import declared_area
from etl.file_faults import told_zh
from etl.recognise import Recognition, manifest_text, recognise
from etl.work.uploads import ConfirmedSource, Upload, known_manifests
from layers.catalog import Catalog
from layers.errors import InputError, SourceFileError


def recognised(engine: sa.Engine, catalog: Catalog, home: Path, path: Path) -> dict[str, Any]:
    """What a file is, as `etl.recognise` says; a file that cannot be read is told as such, beside the others."""
    try:
        return _recognition(engine, catalog, home, path).as_dict()
    except SourceFileError as error:
        problem = str(error).replace(f"{path}: ", "")
        words = {"error": problem, "error_zh": told_zh(error), "error_en": problem}
        return {"file": path.name, "reader": None, "datasets": [], "warnings": [], **words}


def manifest_of(engine: sa.Engine, catalog: Catalog, home: Path, upload: Upload, source: ConfirmedSource) -> str:
    """The manifest of a dataset as a person confirmed it, in TOML; its file may lie in any folder of a delivery.

    Raises
    ------
    InputError
        Something is still lacking; `field` says what.
    SourceFileError
        The file cannot be read.
    """
    found = _recognition(engine, catalog, home, upload.folder / source.file)
    if source.dataset not in [entry.name for entry in found.datasets]:
        raise InputError("dataset", f"{source.file} has no table {source.dataset!r}")
    decisions = source.decisions | {"id": source.source_id, "files": [f"**/{glob_escape(found.file)}"]}
    return manifest_text(found, source.dataset, decisions, catalog=catalog)


def _recognition(engine: sa.Engine, catalog: Catalog, home: Path, path: Path) -> Recognition:
    with engine.connect() as connection:
        area, _ = declared_area(connection)
        manifests = known_manifests(connection, home, area.id, catalog)
    return recognise(path, area=area, catalog=catalog, manifests=manifests, engine=engine, is_untrusted=True)
