"""Every line of the sample county: its own list of conflicts and the county's list of violations say the same."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
import sqlalchemy as sa

from app.editions import EditionFacts, published_editions, read_facts
from app.frames import FrameMemory
from app.pipeline_conflicts import pipeline_conflicts, pipeline_list
from layers.catalog import Catalog
from layers.scoring.rules import read_rules
from layers.store import engine_from_url

RULES = read_rules()
LEAST_BUFFER_M = 1.0


def _county_by_line(connection: sa.Connection, facts: EditionFacts) -> dict[str, dict[str, Any]]:
    """The county's violations by the line on either side and by number, read whole."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    schema = facts.edition.schema
    for row in connection.execute(sa.text(f'SELECT * FROM "{schema}".distance_violations')).mappings():
        for side, other in (("subject", "object"), ("object", "subject")):
            if row[f"{side}_layer"] == "pipelines":
                found[row[f"{side}_feature_id"]][row["violation_id"]] = {**row, "other": (row[f"{other}_layer"], row[f"{other}_feature_id"])}
    return found


def test_violations_that_name_a_line_are_in_its_own_list(sample_atlas: str, catalog: Catalog) -> None:
    engine = engine_from_url(sample_atlas)
    frames = FrameMemory(catalog)
    with engine.connect() as connection:
        facts = read_facts(connection, published_editions(connection)[0], catalog)
        county = _county_by_line(connection, facts)
        assert {"PIPE-L30-3", "PIPE-GB50251-ROAD"} <= {row["rule_id"] for rows in county.values() for row in rows.values()}
        lines = {line["id"]: line for line in pipeline_list(connection, facts, frames)}
        assert set(county) <= set(lines)
        for line_id, rows in county.items():
            answer = pipeline_conflicts(connection, facts, frames, RULES, line_id, buffer_m=LEAST_BUFFER_M, from_m=None, to_m=None)
            own = {row["violation_id"]: row for row in answer["conflicts"] if row["violation_id"]}
            assert set(own) == set(rows)
            for number, row in rows.items():
                told = own[number]
                assert (told["object"]["layer"], told["object"]["id"]) == row["other"]
                assert (told["rule_id"], told["certainty"]) == (row["rule_id"], row["certainty"])
                assert told["distance_m"] == pytest.approx(row["actual_m"], abs=0.01)
                assert row["chainage_m"] is None or told["chainage_m"] == pytest.approx(row["chainage_m"], abs=0.01)
    engine.dispose()
