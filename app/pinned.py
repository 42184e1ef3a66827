"""The edition that a request reads: resolved once at its start, then held to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from flask import request

from app.access import View, person
from app.editions import Edition, EditionFacts, chosen_edition
from app.errors import ForbiddenError
from app.parameters import plain_text
from app.parts import parts
from layers.catalog import Layer

LONGEST_LABEL = 40


@dataclass(frozen=True)
class Pinned:
    """One edition and a connection to read it; what is published meanwhile changes nothing here."""

    connection: sa.Connection
    facts: EditionFacts
    editions: list[Edition]

    @property
    def edition(self) -> Edition:
        return self.facts.edition

    @property
    def is_newest(self) -> bool:
        return self.edition.number == self.editions[0].number


@contextmanager
def pinned_edition(wanted: str | None = None, *, view: View | None = None) -> Iterator[Pinned]:
    """The newest edition, or the one wanted by number or label (``ed`` of the address unless given).

    Its tables hold what the person who asks may see, unless another `view` is given: then the caller must leave out
    of its answer what the person may not.
    """
    memory = parts().editions
    with parts().database.reading() as connection:
        editions = memory.published(connection)
        asked = wanted or plain_text("ed", request.args.get("ed", ""), longest=LONGEST_LABEL)
        edition = chosen_edition(editions, asked)
        yield Pinned(connection, seen_facts(connection, edition, view or present_view()), editions)


def present_view() -> View:
    """What the person who asks may see."""
    return parts().seen.view(person())


def require_exact(layer: Layer) -> None:
    """Raise `ForbiddenError` unless the person may see a layer as it was delivered."""
    if layer.id in present_view().hidden:
        raise ForbiddenError


def seen_facts(connection: sa.Connection, edition: Edition, view: View) -> EditionFacts:
    """The facts of an edition as a view has it."""
    memory = parts().editions
    whole = memory.facts(connection, edition)
    seen = parts().seen.edition(parts().database.engine, whole, view)
    return whole if seen == edition else memory.facts(connection, seen)
