"""Names by the first letters of their pinyin: ``hfhg`` finds 合肥化工. Read once an edition and layer."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict

import sqlalchemy as sa
from psycopg2 import sql
from pypinyin import Style, lazy_pinyin

from app import queries
from app.editions import Edition, EditionFacts
from layers.catalog import Catalog

INITIALS = re.compile(r"[a-z]{2,16}", re.IGNORECASE)
CHINESE = re.compile("[\u3400-\u9fff]")
COMPANY = re.compile("(股份有限公司|有限责任公司|有限公司)$")
EDITIONS_REMEMBERED = 2
Entry = tuple[str, str, str]
"""First letters, layer, feature id."""


def initials_of(name: str) -> str:
    """First letters of a name's pinyin; other signs stand as they are, what every company is called is left out.

    >>> initials_of("合肥化工有限公司")
    'hfhg'
    """
    return "".join(lazy_pinyin(COMPANY.sub("", name), style=Style.FIRST_LETTER)).lower()


class InitialsMemory:
    """First letters of every name that the search box finds; bounded, safe for many threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: OrderedDict[Edition, list[Entry]] = OrderedDict()
        self._lock = threading.Lock()

    def found(self, connection: sa.Connection, facts: EditionFacts, text: str, limit: int) -> list[tuple[str, str]]:
        """Layer and feature id of names whose first letters hold a text: those that begin with it first, the shortest first."""
        wanted = text.lower()
        hits = [(not letters.startswith(wanted), len(letters), layer, feature_id)
                for letters, layer, feature_id in self._entries(connection, facts) if wanted in letters]  # fmt: skip
        return [(layer, feature_id) for _, _, layer, feature_id in sorted(hits)[:limit]]

    def _entries(self, connection: sa.Connection, facts: EditionFacts) -> list[Entry]:
        with self._lock:
            if facts.edition not in self._kept:
                self._kept[facts.edition] = self._read(connection, facts)
            self._kept.move_to_end(facts.edition)
            while len(self._kept) > EDITIONS_REMEMBERED:
                self._kept.popitem(last=False)
            return self._kept[facts.edition]

    def _read(self, connection: sa.Connection, facts: EditionFacts) -> list[Entry]:
        entries = []
        for layer in self._catalog.loaded:
            if layer.search and layer.label and layer.id in facts.counts:
                rows = queries.run(connection, "names", table=facts.edition.table(layer.id), label=sql.Identifier(layer.label))
                entries += [(initials_of(row.label), layer.id, row.id) for row in rows if CHINESE.search(row.label)]
        return entries
