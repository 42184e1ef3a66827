"""What one load did to the features of a layer: read by the check of an upload and by the pages that show loads."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from layers.catalog import Layer
from layers.tables import register_table

CHANGES = ("added", "changed", "moved", "gone", "held")
"""Kinds of changes; *held* is a feature that stands in its former state because its new row was refused."""
HELD = "RC25"
"""The numbered rule by which a load tells of a held feature."""


@cache
def _words() -> str:
    return Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")


def load_changes(
    connection: sa.Connection, layer: Layer, load_id: int, *, moved_m: float, most: int
) -> dict[str, dict[str, Any]]:
    """Features that a load added, changed, moved, closed or held, by kind.

    Parameters
    ----------
    layer : one with a table in the register.
    moved_m : metres between the middles beyond which a changed feature counts as moved.
    most : features listed of each kind; all are counted.

    Returns
    -------
    dict
        Kind -> ``n`` and ``features``: ``feature_id``, ``source_row``, ``name``, ``lon`` ``lat`` and ``lon_before``
        ``lat_before`` (degrees of the storage CRS, None where there is no position), ``moved_m``, ``fields``
        (field -> [before, after]).
    """
    found: dict[str, dict[str, Any]] = {kind: {"n": 0, "features": []} for kind in CHANGES}
    register = connection.dialect.identifier_preparer.format_table(register_table(layer, 0))
    given = {"load_id": load_id, "moved_m": moved_m, "label": layer.label or "", "most": most, "held_rule": HELD}
    for row in connection.execute(sa.text(_words().format(register=register)), given).mappings():
        entry = dict(row)
        kind = found[entry.pop("kind")]
        kind["n"] = entry.pop("n_of_kind")
        kind["features"].append(entry)
    return found
