"""One run of the linkage on what the register holds now: proposals renewed, decisions untouched, nothing merged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import sqlalchemy as sa

from etl.area import declared_area
from etl.locks import held
from etl.matching.model import model_version
from etl.matching.pairs import PAIR_KEY, candidate_pairs, evidence_of
from etl.matching.records import comparable_records
from etl.places.wording import area_grammar, area_names, worded_frames
from etl.progress import Progress, Step, silent
from etl.sql import statement
from layers.catalog import Area, Catalog
from layers.links import contradictions, renew_linked_records

MATCH_LOCK = 7_218_006


@dataclass
class MatchResult:
    """What a run found: `counts` has records, certain, probable, accepted, rejected, open, linked, contradictions."""

    is_unchanged: bool = False
    counts: dict[str, int] = field(default_factory=dict)


def match_register(engine: sa.Engine, catalog: Catalog, *, progress: Progress = silent) -> MatchResult:
    """Search the register for records of one enterprise in several lists.

    The same register, model and code again is left alone. Pairs that are not found any more are dropped unless
    somebody decided about them; decisions hold by layer and feature id, whatever is loaded later.
    """
    with held(engine, MATCH_LOCK), engine.begin() as connection:
        area, _ = declared_area(connection)
        input_hash = _input_hash(connection, catalog)
        if input_hash == _last_hash(connection):
            return MatchResult(True, match_counts(connection))
        progress(Step("比对: 读取各部门名录", "match: reading the lists"))
        records = enterprise_records(connection, catalog, area)
        progress(Step("比对: 查找同一企业", "match: looking for the same enterprise"))
        pairs = candidate_pairs(records)
        _write_pairs(connection, pairs, records)
        renew_linked_records(connection)
        counts = {"records": len(records)} | match_counts(connection)
        connection.execute(
            sa.text("INSERT INTO ops.search_runs (kind, input_hash, counts) VALUES ('match', :hash, CAST(:counts AS jsonb))"),
            {"hash": input_hash, "counts": json.dumps(counts)},
        )
    return MatchResult(False, counts)


def enterprise_records(connection: sa.Connection, catalog: Catalog, area: Area) -> pd.DataFrame:
    """The comparable records of every layer that holds enterprises."""
    layers = [layer for layer in catalog.loaded if layer.identity.is_enterprise]
    frames: Mapping[str, pd.DataFrame] = worded_frames(connection, catalog, area, layers)
    return comparable_records(frames, catalog, names=area_names(area), grammar=area_grammar(connection, catalog, area))


def _input_hash(connection: sa.Connection, catalog: Catalog) -> str:
    """Hash of what a run rests on: the loads in force of every layer that it reads, confirmed positions, the model."""
    layers = sorted(layer.id for layer in catalog.loaded if layer.identity.field_names)
    loads = connection.execute(
        sa.text("SELECT layer, source_id, max(load_id) FROM ops.loads_in_force WHERE layer = ANY(:layers)"
                " GROUP BY 1, 2 ORDER BY 1, 2"),
        {"layers": layers},
    ).all()
    placed = connection.execute(sa.text("SELECT coalesce(max(decision_id), 0) FROM ops.place_decisions")).scalar_one()
    parts: list[Any] = [[list(row) for row in loads], placed, model_version()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _last_hash(connection: sa.Connection) -> str | None:
    query = sa.text("SELECT input_hash FROM ops.search_runs WHERE kind = 'match' ORDER BY run_id DESC LIMIT 1")
    return connection.execute(query).scalar_one_or_none()


def _write_pairs(connection: sa.Connection, pairs: pd.DataFrame, records: pd.DataFrame) -> None:
    """Bring the proposals to what was found: those found again keep the time they were found first."""
    by_key = {(row.layer, row.feature_id): row for row in records.itertuples()}
    version, rows = model_version(), []
    for pair in pairs.itertuples():
        evidence = evidence_of(pair, by_key[pair.layer_a, pair.feature_a], by_key[pair.layer_b, pair.feature_b])
        values = {name: getattr(pair, name) for name in (*PAIR_KEY, "score", "band")}
        rows.append(values | {"model": version, "evidence": json.dumps(evidence, ensure_ascii=False)})
    connection.execute(sa.text("CREATE TEMPORARY TABLE found_pairs (LIKE ops.match_pairs INCLUDING DEFAULTS) ON COMMIT DROP"))
    if rows:
        connection.execute(
            sa.text("INSERT INTO found_pairs (layer_a, feature_a, layer_b, feature_b, score, band, evidence, model) VALUES"
                    " (:layer_a, :feature_a, :layer_b, :feature_b, :score, :band, CAST(:evidence AS jsonb), :model)"), rows
        )
    connection.execute(statement(connection, "match_drop"))
    connection.execute(statement(connection, "match_renew"))


def match_counts(connection: sa.Connection) -> dict[str, int]:
    """How many pairs are certain, probable, decided and open; how many records are linked; contradictions."""
    row = connection.execute(statement(connection, "match_counts")).mappings().one()
    return {**{name: int(value) for name, value in row.items()}, "contradictions": len(match_contradictions(connection))}


def match_contradictions(connection: sa.Connection) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Pairs told apart by a person that other links join nevertheless."""
    links, rejected = (
        [((row[0], row[1]), (row[2], row[3])) for row in connection.execute(sa.text(query)).all()]
        for query in (
            "SELECT layer_a, feature_a, layer_b, feature_b FROM ops.links_in_force",
            "SELECT layer_a, feature_a, layer_b, feature_b FROM ops.match_decisions_in_force WHERE decision = 'reject'",
        )
    )
    return contradictions(links, rejected)
