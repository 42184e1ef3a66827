"""Decisions about records of one enterprise and about positions: kept as rows, the newest holds, none is changed.

The loading side's commands and the server write through these functions, so that both leave the same state.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from layers.errors import InputError, NotFoundError
from layers.store import OPS

DECISIONS = ("accept", "reject", "undo")
Record = tuple[str, str]
"""Layer and feature id."""


@dataclass(frozen=True)
class Decision:
    """What a person decided: `decision` is one of `DECISIONS`; `undo` takes the newest one back."""

    decision: str
    by_name: str
    reason: str = ""

    def __post_init__(self) -> None:
        if self.decision not in DECISIONS:
            raise InputError("decision", f"must be one of {', '.join(DECISIONS)}")
        if not self.by_name.strip():
            raise InputError("by_name", "somebody has to answer for a decision")


@dataclass(frozen=True)
class Pair:
    """Two records of different lists, the smaller key first."""

    a: Record
    b: Record

    @classmethod
    def of(cls, one: Record, other: Record) -> Pair:
        """The pair of two records in either order; raises `InputError` for a record and itself."""
        if one == other:
            raise InputError("pair", "a record is not its own partner")
        return cls(min(one, other), max(one, other))

    @property
    def parameters(self) -> dict[str, str]:
        return {"layer_a": self.a[0], "feature_a": self.a[1], "layer_b": self.b[0], "feature_b": self.b[1]}


_PAIR_KEY = ("layer_a", "feature_a", "layer_b", "feature_b")
_PROPOSED = ("basis", "lon", "lat", "score", "accuracy_m", "method", "evidence")


def _ops_table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column, _TYPES.get(column)) for column in columns), schema=OPS)


_TYPES: dict[str, Any] = {"evidence": JSONB()}
_MATCH_PAIRS = _ops_table("match_pairs", *_PAIR_KEY, "score", "evidence")
_MATCHES_IN_FORCE = _ops_table("match_decisions_in_force", *_PAIR_KEY, "decision", "score", "evidence")
_PLACE_PROPOSALS = _ops_table("place_proposals", "layer", "feature_id", *_PROPOSED)
_PLACE_DECISIONS = _ops_table("place_decisions", "decision_id", "layer", "feature_id", "decision", "by_name", "reason", *_PROPOSED)


def _is_row(table: sa.TableClause, key: Mapping[str, str]) -> sa.ColumnElement[bool]:
    """That the columns of a key have its values."""
    return sa.and_(*(table.c[name] == value for name, value in key.items()))


def decide_pair(connection: sa.Connection, pair: Pair, decision: Decision) -> None:
    """Keep a decision about a pair, with what was known of it, and renew the linked records.

    Raises
    ------
    NotFoundError
        The pair was never proposed nor decided.
    InputError
        There is no decision to take back.
    """
    known, before = (
        connection.execute(sa.select(*(table.c[name] for name in names)).where(_is_row(table, pair.parameters))).one_or_none()
        for table, names in ((_MATCH_PAIRS, ("score", "evidence")), (_MATCHES_IN_FORCE, ("decision", "score", "evidence")))
    )
    _require_decidable(known or before, before, decision, f"{'/'.join(pair.a)} and {'/'.join(pair.b)}")
    facts = known or before
    connection.execute(
        sa.text(
            "INSERT INTO ops.match_decisions (layer_a, feature_a, layer_b, feature_b, decision, by_name, reason, score, evidence)"
            " VALUES (:layer_a, :feature_a, :layer_b, :feature_b, :decision, :by_name, :reason, :score, CAST(:evidence AS jsonb))"
        ),
        pair.parameters | _told(decision) | {"score": facts.score, "evidence": _json(facts.evidence)},  # type: ignore[union-attr]
    )
    renew_linked_records(connection)


def decide_place(
    connection: sa.Connection, record: Record, decision: Decision, *, seen: tuple[float, float] | None = None
) -> None:
    """Keep a decision about a proposed position, with a copy of the proposal: it survives another search.

    Parameters
    ----------
    seen : longitude and latitude that the person was shown; None where nobody looked

    Raises
    ------
    NotFoundError
        No position was ever proposed for this feature.
    InputError
        There is no decision to take back, or another position is proposed by now than the one that was seen.
    """
    where = {"layer": record[0], "feature_id": record[1]}
    proposals, decisions = _PLACE_PROPOSALS, _PLACE_DECISIONS
    known = connection.execute(
        sa.select(*(proposals.c[name] for name in _PROPOSED)).where(_is_row(proposals, where))
    ).mappings().one_or_none()
    before = connection.execute(
        sa.select(decisions.c.decision, *(decisions.c[name] for name in _PROPOSED)).where(_is_row(decisions, where))
        .order_by(decisions.c.decision_id.desc()).limit(1)
    ).mappings().one_or_none()
    standing = before if before is not None and before["decision"] != "undo" else None
    facts = standing if decision.decision == "undo" else known or before
    _require_decidable(facts or before, standing, decision, "/".join(record))
    # A position that was taken may be turned down as it was taken, whatever is proposed by now.
    shown = [row for row in (facts, standing if decision.decision == "reject" else None) if row is not None]
    if seen is not None and decision.decision != "undo" and seen not in [(row["lon"], row["lat"]) for row in shown]:
        raise InputError("lon", "another position is proposed by now: look at it again (位置建议已更新,请重新查看)")
    values = {name: value for name, value in dict(facts or {}).items() if name != "decision"}
    connection.execute(sa.insert(decisions).values(where | _told(decision) | values))


def _require_decidable(known: object | None, before: object | None, decision: Decision, what: str) -> None:
    if known is None:
        raise NotFoundError(f"nothing is proposed for {what}")
    if decision.decision == "undo" and before is None:
        raise InputError("decision", f"there is no decision on {what} to take back")


def _told(decision: Decision) -> dict[str, str]:
    return {"decision": decision.decision, "by_name": decision.by_name.strip(), "reason": decision.reason.strip()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def renew_linked_records(connection: sa.Connection) -> int:
    """Write `ops.linked_records` anew from the links in force; the number of linked records."""
    links = connection.execute(
        sa.text("SELECT layer_a, feature_a, layer_b, feature_b FROM ops.links_in_force")
    ).all()
    entities = entities_of(((row.layer_a, row.feature_a), (row.layer_b, row.feature_b)) for row in links)
    connection.execute(sa.text("DELETE FROM ops.linked_records"))
    if entities:
        connection.execute(
            sa.text("INSERT INTO ops.linked_records (layer, feature_id, entity_id) VALUES (:layer, :feature_id, :entity_id)"),
            [{"layer": record[0], "feature_id": record[1], "entity_id": entity} for record, entity in sorted(entities.items())],
        )
    return len(entities)


def entities_of(links: Iterable[tuple[Record, Record]]) -> dict[Record, str]:
    """The entity of each linked record: all that hang together bear the name of the smallest of them.

    >>> entities_of([(("b", "1"), ("c", "2")), (("a", "9"), ("c", "2"))])[("b", "1")]
    'a/9'
    """
    parents: dict[Record, Record] = {}
    for one, other in links:
        low, high = sorted((_root(parents, one), _root(parents, other)))
        parents[high] = low
    return {record: "/".join(_root(parents, record)) for record in parents}


def _root(parents: dict[Record, Record], record: Record) -> Record:
    parents.setdefault(record, record)
    while parents[record] != record:
        parents[record] = parents[parents[record]]
        record = parents[record]
    return record


def contradictions(links: Iterable[tuple[Record, Record]], rejected: Iterable[tuple[Record, Record]]) -> list[tuple[Record, Record]]:
    """Pairs that people told apart although other links join them by a detour."""
    entities: Mapping[Record, str] = entities_of(links)
    return [pair for pair in rejected if pair[0] in entities and entities.get(pair[0]) == entities.get(pair[1])]
