"""What else is made for an edition before it is served: `riskatlas.py`, which joins the loading side and the server, puts it here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlalchemy as sa

    from etl.progress import Progress
    from layers.catalog import Catalog

PREPARATIONS: list[Callable[[sa.Engine, Catalog, Path, int, Progress], None]] = []
"""Called with engine, catalog, home, edition and progress, such as for the server's tiles of low zooms."""
