"""What is told of many sources together: ratings by county, town, park and industry, disagreements, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.plain import plain
from layers.scoring.aggregation import aggregations
from layers.scoring.counterfactuals import missing_words
from layers.scoring.group_ratings import ANY_POLICY

NAMED_SOURCES = 5
"""Sources that are named of each kind of gap."""
PLACE, NO_PLACE = sql.SQL("ST_PointOnSurface(rating.geom)"), sql.SQL("NULL::geometry")
Rows = list[dict[str, Any]]


def ratings(connection: sa.Connection, facts: EditionFacts, policy_id: str) -> dict[str, Any]:
    """The answer of ``/api/ratings``; a list is None in an edition that has no such layer."""
    groups = _rows(connection, facts, "group_ratings", [policy_id], NO_PLACE)
    by_scope = {scope: [row for row in groups or [] if row["scope"] == scope] for scope in ("county", "industry")}
    return {
        "policy": policy_id,
        "county": by_scope["county"] if groups is not None else None,
        "industries": by_scope["industry"] if groups is not None else None,
        "towns": _rows(connection, facts, "town_ratings", [policy_id], PLACE),
        "parks": _rows(connection, facts, "park_ratings", [policy_id], PLACE),
    }


def enterprise_ratings(connection: sa.Connection, facts: EditionFacts) -> Rows | None:
    """Ratings of the enterprises, which follow from their sources under any policy."""
    return _rows(connection, facts, "group_ratings", [ANY_POLICY], NO_PLACE)


def _rows(connection: sa.Connection, facts: EditionFacts, layer: str, policies: list[str], place: sql.SQL) -> Rows | None:
    if layer not in facts.counts:
        return None
    found = queries.run(connection, "ratings", {"policies": policies}, table=facts.edition.table(layer), place=place)
    return [plain({**row.properties, **_policy_in_words(row.properties), "lon": row.lon, "lat": row.lat}) for row in found]


def _policy_in_words(row: Mapping[str, Any]) -> dict[str, Any]:
    """The policy by which members were joined, and its clause where that is not one of the law; editions keep the Chinese."""
    in_english = english_words()
    return {f"{name}_en": in_english[row[name]] for name in ("aggregation", "clause") if row.get(name) in in_english}


@cache
def english_words() -> dict[str, str]:
    """Titles and clauses of the policies of joining levels in English, by the Chinese."""
    known = aggregations()
    return {policy.title_zh: policy.title_en for policy in known} | {policy.clause: policy.source_en for policy in known}


def disagreements(connection: sa.Connection, facts: EditionFacts) -> Rows | None:
    """Every disagreement with the place of its source; None in an edition that has no list of them."""
    if "disagreements" not in facts.counts:
        return None
    tables = {"table": facts.edition.table("disagreements"), "points": facts.edition.table("risk_points")}
    return [plain({**row.properties, "lon": row.lon, "lat": row.lat}) for row in queries.run(connection, "disagreements", **tables)]


def missing(connection: sa.Connection, facts: EditionFacts) -> Rows | None:
    """What is missing by field, office and town, the most frequent first; None in an edition without risk points."""
    if "risk_points" not in facts.counts:
        return None
    table = facts.edition.table("risk_points")
    rows = queries.run(connection, "missing", {"n_most": NAMED_SOURCES}, table=table).mappings()
    return [plain({**row, **dict(zip(("what_zh", "what_en"), missing_words(row["what"]), strict=True))}) for row in rows]
