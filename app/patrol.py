"""Where inspectors go first: levels by town, and the worst places with what is open there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from app import queries
from app.editions import EditionFacts
from app.patrol_records import last_visits
from app.plain import plain
from layers.catalog import LEVELS

MOST_SOURCES = 20
"""Sources that are listed of one place, the worst."""


def patrol(
    connection: sa.Connection,
    facts: EditionFacts,
    *,
    levels: Sequence[str],
    town: str | None,
    limit: int,
    places: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The answer of ``/api/patrol``: an enterprise with all its sources is one place, at its worst level.

    Parameters
    ----------
    levels : those that are listed, of `layers.catalog.LEVELS`
    town : name of the only town that is listed; all when None. The counts by town are those of all levels and towns.
    limit : places at most
    places : keys of the only places that are listed; all when None

    Returns
    -------
    dict
        ``towns``, ``sources`` (worst first) and ``n_found``, their number without the limit. ``n_conflicts`` and
        ``open_dangers`` are None in an edition that has no such layer: no data, which is not none; ``last_visit`` is
        None where nobody recorded any.
    """
    parameters = {"levels": list(LEVELS), "wanted": list(levels), "town": town, "n_most": limit, "places": places}
    rows: list[dict[str, Any]] = []
    if "risk_points" in facts.counts:
        found = queries.run(connection, "patrol_places", parameters, table=facts.edition.table("risk_points"))
        rows = [dict(row) for row in found.mappings()]
    conflicts = _conflicts(connection, facts, rows)
    dangers = _open_dangers(connection, facts, rows)
    addresses = _addresses(connection, facts, rows)
    visits = last_visits(connection, [row["place"] for row in rows])
    return {
        "towns": _towns(connection, facts),
        "n_found": rows[0]["n_found"] if rows else 0,
        "sources": [_place(row, conflicts, dangers, addresses) | {"last_visit": visits.get(row["place"])} for row in rows],
    }


def _place(
    row: dict[str, Any],
    conflicts: dict[tuple[str, str], list[str]] | None,
    dangers: dict[str, list[dict[str, Any]]] | None,
    addresses: dict[str, str],
) -> dict[str, Any]:
    ends = [(source["layer"], source["id"]) for source in row["sources"]]
    n_conflicts = None
    if conflicts is not None:
        n_conflicts = len({violation for end in ends for violation in conflicts.get(end, ())})
    names = ("place", "layer", "id", "enterprise_id", "name", "kind", "level", "town_name", "responsible_office")
    return {name: row[name] for name in names} | {
        "address": addresses.get(row["enterprise_id"]),
        "lon": row["lon"],
        "lat": row["lat"],
        "n_sources": row["n_sources"],
        "reason_zh": row["sources"][0]["reason_zh"],
        "reason_en": row["sources"][0]["reason_en"],
        "reasons": row["sources"][:MOST_SOURCES],
        "n_conflicts": n_conflicts,
        "open_dangers": None if dangers is None else dangers.get(row["enterprise_id"], []),
    }


def _towns(connection: sa.Connection, facts: EditionFacts) -> list[dict[str, Any]]:
    """Every town with its places by level, the town with the worst first; a town without any is there too."""
    counts: dict[str | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(LEVELS, 0))
    points: dict[str, tuple[float, float]] = {}
    if "towns" in facts.counts:
        for town in queries.run(connection, "town_places", table=facts.edition.table("towns")):
            points[town.name] = (town.lon, town.lat)
            counts[town.name] = dict.fromkeys(LEVELS, 0)
    if "risk_points" in facts.counts:
        table = facts.edition.table("risk_points")
        for row in queries.run(connection, "patrol_towns", {"levels": list(LEVELS)}, table=table):
            counts[row.town_name][row.level] = row.n_places
    worst_first = sorted(counts, key=lambda name: (name is None, [-n for n in counts[name].values()], name or ""))
    return [
        {
            "town_name": name,
            "lon": points.get(name or "", (None, None))[0],
            "lat": points.get(name or "", (None, None))[1],
            "counts": counts[name],
            "n_places": sum(counts[name].values()),
        }
        for name in worst_first
    ]


def _conflicts(
    connection: sa.Connection, facts: EditionFacts, rows: list[dict[str, Any]]
) -> dict[tuple[str, str], list[str]] | None:
    """Numbers of the conflicts of every source of the places."""
    if "distance_violations" not in facts.counts:
        return None
    ends = [(source["layer"], source["id"]) for row in rows for source in row["sources"]]
    parameters = {"layers": [layer for layer, _ in ends], "ids": [feature_id for _, feature_id in ends]}
    found = queries.run(connection, "conflict_counts", parameters, table=facts.edition.table("distance_violations"))
    return {(row.layer, row.id): row.violation_ids for row in found}


def _open_dangers(
    connection: sa.Connection, facts: EditionFacts, rows: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]] | None:
    """Hidden dangers that are not remedied, by enterprise."""
    if "hidden_dangers" not in facts.counts:
        return None
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    table = facts.edition.table("hidden_dangers")
    as_of = facts.edition.data_as_of
    for row in queries.run(connection, "open_dangers", {"ids": _enterprises(rows)}, table=table).mappings():
        danger = dict(row)
        is_overdue = bool(as_of and danger["deadline_on"] and danger["deadline_on"] < as_of)
        found[danger.pop("enterprise_id")].append(plain(danger) | {"is_overdue": is_overdue})
    return found


def _addresses(connection: sa.Connection, facts: EditionFacts, rows: list[dict[str, Any]]) -> dict[str, str]:
    if "enterprises" not in facts.counts:
        return {}
    found = queries.run(connection, "addresses", {"ids": _enterprises(rows)}, table=facts.edition.table("enterprises"))
    return {row.enterprise_id: row.address for row in found}


def _enterprises(rows: list[dict[str, Any]]) -> list[str]:
    return [row["enterprise_id"] for row in rows if row["enterprise_id"]]
