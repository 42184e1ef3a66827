"""Why zones changed colour between two editions; editions never change, so an answer is computed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.editions import Edition, EditionFacts
from layers.catalog import Catalog
from layers.comparison import compare_editions

REMEMBERED = 24
Key = tuple[Edition, Edition, str]


class ChangeMemory:
    """Change reports asked for of late; bounded, safe for many threads. One is computed at a time."""

    def __init__(self, catalog: Catalog, home: Path) -> None:
        self._catalog, self._home = catalog, home
        self._reports: OrderedDict[Key, dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def report(self, connection: sa.Connection, before: EditionFacts, after: EditionFacts, policy: str) -> dict[str, Any]:
        """The report of two editions under a policy that both were scored by."""
        key = (before.edition, after.edition, policy)
        with self._lock:
            if key not in self._reports:
                self._reports[key] = compare_editions(
                    connection, self._catalog, before.edition.number, after.edition.number, policy=policy, home=self._home
                )
            self._reports.move_to_end(key)
            while len(self._reports) > REMEMBERED:
                self._reports.popitem(last=False)
            return self._reports[key]


def changes(
    connection: sa.Connection, memory: ChangeMemory, before: EditionFacts, after: EditionFacts, policy: str
) -> dict[str, Any]:
    """The answer of ``/api/changes``."""
    found = memory.report(connection, before, after, policy)
    return {"from": _told(before.edition), "to": _told(after.edition), **found}


def _told(edition: Edition) -> dict[str, Any]:
    return {
        "edition": edition.number,
        "label": edition.label,
        "data_as_of": edition.data_as_of.isoformat() if edition.data_as_of else None,
    }
