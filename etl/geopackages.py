"""GeoPackages as the databases that they are: what they compute while they are read is no delivery."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from layers.errors import SourceFileError

OWN_VIEWS = ("st_geometry_columns", "st_spatial_ref_sys", "geometry_columns", "spatial_ref_sys")
"""Views that the standard itself and ArcGIS put into a GeoPackage; GDAL never gives them as layers."""
PLAIN = re.compile(
    r"create\s+(?:table\b|virtual\s+table\s+(?:\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|[^\s\"`\[(]+)\s+using\s+rtree\s*\()", re.IGNORECASE
)
"""How SQLite writes down a table that holds its rows, and the spatial index of one."""


def refuse_queries(path: Path, layer: str) -> None:
    """Stop where the layer that is to be read may be a view or a virtual table: a few lines of either make rows without end.

    Parameters
    ----------
    path : Path
        A GeoPackage.
    layer : str
        The layer that is read; empty: the only one that GDAL finds. Views beside a chosen table are never run.

    Raises
    ------
    SourceFileError
        The layer is, or may be, no table; or the file is no database that can be read.
    """
    try:
        names = sorted(_computed(path))
    except sqlite3.DatabaseError as error:
        raise SourceFileError(path, f"a damaged file ({error})"[:500], "an undamaged GeoPackage") from error
    chosen = layer.lower()
    for name in names:
        if not chosen or chosen == name or chosen.startswith(f"{name} ("):
            raise SourceFileError(path, f"the stored query {name[:80]!r} in place of a table", "plain tables: export the layer to a new file")


def _computed(path: Path) -> Iterator[str]:
    """Names, in small letters, of all that is no plain table."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        for kind, *found in database.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"):
            name, words = (str(text or "") for text in found)  # a damaged file may hold anything there
            if not (name.lower() in OWN_VIEWS if kind == "view" else PLAIN.match(words)):
                yield name.lower()
