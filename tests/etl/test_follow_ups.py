"""The follow-up ledger as an input of an edition: recorded, told again by verify, and raising the state of control."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from etl.commands.follow_ups import follow_ups_group
from etl.publish import publish_edition
from etl.score import score_register
from etl.verify import verify_edition
from layers.catalog import load_catalog
from layers.store import engine_from_url

LINE = {"type": "LineString", "coordinates": [[105.2, 29.2], [105.201, 29.2]]}
INSERT = sa.text(
    "INSERT INTO ops.follow_ups (ref, kind, violation_id, rule_id, pipeline_id, enterprise_id, subject_layer, subject_feature_id, subject_name, "
    "edition, evidence, office, person, opened_on, due_on) VALUES ('Z2026-0001', 'occupation', 'V1', 'PIPE-L30-3', :line, :plant, 'pipelines', "
    ":line, '=cmd', 2, CAST(:evidence AS jsonb), '发展改革局', '张三', :opened, :due)"
)


@pytest.fixture(scope="module")
def atlas(atlas_database: str) -> Iterator[sa.Engine]:
    made = engine_from_url(atlas_database)
    yield made
    made.dispose()


def test_overdue_entry_is_recorded_raises_control_and_is_verified(atlas: sa.Engine, home: Path, tmp_path: Path) -> None:
    catalog = load_catalog()
    with atlas.begin() as connection:
        calm = sa.text("SELECT min(feature_id) FROM edition_2.risk_points WHERE source_layer = :layer AND control_level = 'unrated'")
        line, plant = (connection.execute(calm, {"layer": layer}).scalar_one().split(":", 1)[1] for layer in ("pipelines", "enterprises"))
        evidence = {"actual_m": 3.0, "required_m": 5.0, "error_m": 1.0, "line": LINE}
        yesterday = date.today() - timedelta(days=1)
        connection.execute(INSERT, {"line": line, "plant": plant, "evidence": json.dumps(evidence), "opened": yesterday, "due": yesterday})
    scored = score_register(atlas, catalog, home=home)
    assert not scored.is_unchanged and score_register(atlas, catalog, home=home).is_unchanged
    with atlas.connect() as connection:
        row = connection.execute(sa.text("SELECT state, judged_on, actual_m, ST_GeometryType(geom) AS kind FROM edition_3.follow_ups")).one()
        assert row.state == "overdue" and row.judged_on >= date.today() and (row.actual_m, row.kind) == (3.0, "ST_LineString")
        raised = sa.text("SELECT control_level FROM edition_3.risk_points WHERE feature_id = ANY(:ids)")
        assert set(connection.execute(raised, {"ids": [f"pipelines:{line}", f"enterprises:{plant}"]}).scalars()) == {"orange"}
    publish_edition(atlas, catalog, home=home)
    assert verify_edition(atlas, catalog, 3, home=home)["is_same"]
    with atlas.begin() as connection:
        connection.execute(sa.text("UPDATE ops.follow_ups SET closed_on = current_date, closed_reason = 'remedied'"))
    assert verify_edition(atlas, catalog, 3, home=home)["is_same"]  # what the edition recorded, not what the ledger says now
    assert not score_register(atlas, catalog, home=home).is_unchanged


def test_command_lists_and_exports_without_formulas(atlas: sa.Engine, tmp_path: Path) -> None:
    class Given:
        engine = atlas

    with atlas.begin() as connection:
        connection.execute(sa.text("DELETE FROM ops.follow_ups"))
        today = date.today()
        evidence = json.dumps({"actual_m": 3.0, "required_m": 5.0, "line": None})
        connection.execute(INSERT, {"line": "P1", "plant": None, "evidence": evidence, "opened": today, "due": today + timedelta(days=9)})
    runner, target = CliRunner(), tmp_path / "ledger.csv"
    listed = json.loads(runner.invoke(follow_ups_group, ["--json"], obj=Given()).stdout)["follow_ups"]
    assert [(entry["ref"], entry["state"]) for entry in listed] == [("Z2026-0001", "open")]
    assert runner.invoke(follow_ups_group, ["--state", "overdue", "--json"], obj=Given()).stdout.strip().endswith("[]}")
    assert runner.invoke(follow_ups_group, ["export", str(target)], obj=Given()).exit_code == 0
    assert "'=cmd" in target.read_text(encoding="utf-8-sig") and "整改中" in target.read_text(encoding="utf-8-sig")
    with atlas.begin() as connection:
        connection.execute(sa.text("DELETE FROM ops.follow_ups"))
