"""GeoPackages as the databases that they are: what they compute while they are read is no delivery."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from layers.errors import SourceFileError

OWN_VIEWS = ("st_geometry_columns", "st_spatial_ref_sys", "geometry_columns", "spatial_ref_sys")
"""Views that the standard itself and ArcGIS put into a GeoPackage; GDAL gives them as layers only where the file lists them as its contents."""
OWN_LISTS = "gpkg_"
"""How the lists of the standard begin, which GDAL reads at opening, whatever layer is asked for."""
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
    chosen = layer.lower()
    for name in queries(path):
        if not chosen or chosen == name or chosen.startswith(f"{name} ("):
            raise _refusal(path, name)


def queries(path: Path) -> list[str]:
    """Names, in small letters, of the views and virtual tables beside the tables of a GeoPackage; none of them is run.

    Raises
    ------
    SourceFileError
        A list that GDAL itself reads whenever it opens the file is no table, or the file is no database that can be read.
    """
    with _database(path) as database:
        found = sorted(_computed(database))
        for name, _ in found:
            if name.startswith(OWN_LISTS):
                raise _refusal(path, name)
        listed = _listed(database) if any(is_own for _, is_own in found) else set()  # no list is a view by now
    return [name for name, is_own in found if not is_own or name in listed]


def drawn_tables(path: Path) -> list[str]:
    """Names of the layers with geometry that are plain tables, as the file lists them: GDAL's own list would ask the views."""
    computed = set(queries(path))
    with _database(path) as database:
        found = [str(name) for (name,) in database.execute("SELECT table_name FROM gpkg_geometry_columns ORDER BY rowid")]
    return [name for name in dict.fromkeys(found) if name.lower() not in computed]


def _refusal(path: Path, name: str) -> SourceFileError:
    return SourceFileError(path, f"the stored query {name[:80]!r} in place of a table", "plain tables: export the layer to a new file")


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as a database that nothing can be written to."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = lambda text: text.decode("utf-8", "replace")
            yield database
    except sqlite3.DatabaseError as error:
        raise SourceFileError(path, f"a damaged file ({error})"[:500], "an undamaged GeoPackage") from error


def _listed(database: sqlite3.Connection) -> set[str]:
    """Names, in small letters, of what the file says that it holds."""
    return {str(name or "").lower() for (name,) in database.execute("SELECT table_name FROM gpkg_contents")}


def _computed(database: sqlite3.Connection) -> Iterator[tuple[str, bool]]:
    """Names, in small letters, of all that is no plain table, and whether it is a view with a name of the standard's own."""
    for kind, *found in database.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"):
        name, words = (str(text or "") for text in found)  # a damaged file may hold anything there
        if kind == "view" or not PLAIN.match(words):
            yield name.lower(), kind == "view" and name.lower() in OWN_VIEWS
