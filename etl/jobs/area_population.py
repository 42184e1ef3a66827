"""Polygons of the smallest statistical areas and the table that counts their people, joined on `CODEBASE`.

Both kinds of file belong to one source, so that the load records the hash of each and sees either change.
An area without a row in the table keeps empty counts: nobody says that nobody lives there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import shapely

from etl.jobs.json_files import cell_text, json_object
from etl.manifest import Manifest
from etl.read import FILE, Batch, read_vector
from layers.errors import SourceFileError

CODE, PERSONS, HOUSEHOLDS = "CODEBASE", "P_CNT", "H_CNT"
ROWS = "RowDataList"


def read(path: Path, manifest: Manifest) -> pd.DataFrame:
    """A GeoJSON file of areas (heights dropped), or the population table, which has `RowDataList` instead."""
    content = json_object(path)
    if ROWS not in content:
        return read_vector(path, manifest)
    rows = [{name: cell_text(row.get(name)) for name in (CODE, PERSONS, HOUSEHOLDS)} for row in content[ROWS]]
    if not rows:
        raise SourceFileError(path, f"no rows in {ROWS}", "one row for each area")
    return pd.DataFrame(rows, dtype=object)


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """Areas with their counts; the table's rows count as merged.

    A row of the table that fits no area, or comes twice, would be people lost or doubled: `SourceFileError`.
    """
    frame = batch.frame
    is_count = shapely.is_missing(frame["geometry"].to_numpy()) & frame[PERSONS].notna().to_numpy()
    counts, areas = frame[is_count], frame[~is_count].drop(columns=[PERSONS, HOUSEHOLDS])
    _check_counts(counts, areas)
    joined = areas.merge(counts[[CODE, PERSONS, HOUSEHOLDS]], on=CODE, how="left")
    joined[[PERSONS, HOUSEHOLDS]] = joined[[PERSONS, HOUSEHOLDS]].fillna("")
    return replace(batch, frame=joined, n_merged=batch.n_merged + len(counts))


def _check_counts(counts: pd.DataFrame, areas: pd.DataFrame) -> None:
    files = ", ".join(sorted(set(counts[FILE])))
    homeless = sorted(set(counts[CODE]) - set(areas[CODE]))
    repeated = sorted(counts[CODE][counts[CODE].duplicated()])
    if homeless:
        raise SourceFileError(
            files, f"{len(homeless)} codes without an area, such as {homeless[0]}", "areas for all"
        )
    if repeated:
        raise SourceFileError(
            files, f"{len(repeated)} repeated codes, such as {repeated[0]}", "one row for each area"
        )
