"""The same data scored after a rule row and after a policy's bound changed: the report names both, and they add up.

The scoring runs in copies of the checkout with one table edited, as an office that edits its tables would run it: what tells
that the rules are others is the hash that an edition records.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from layers.catalog import load_catalog
from layers.comparison import compare_editions
from layers.store import engine_from_url
from tests.conftest import PROJECT

POLICY = "weighted_index_2026A"
RULES = Path("layers") / "scoring" / "rules"
STRENGTHS, BOUNDS = RULES / "policies" / "source_strengths_2026A.csv", RULES / "policies" / f"{POLICY}.toml"
SCORE = """
import sys
from pathlib import Path
from etl.publish import publish_edition
from etl.score import score_register
from layers.catalog import load_catalog
from layers.store import engine_from_url
engine, home = engine_from_url(sys.argv[1]), Path(sys.argv[2])
score_register(engine, load_catalog(), home=home)
publish_edition(engine, load_catalog(), home=home)
engine.dispose()
"""


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def score(checkout: Path, url: str, home: Path) -> None:
    """Score and publish with the code and the rules of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", SCORE, url, str(home)], cwd=checkout, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def editions(atlas_database: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """Edition 2 as published; 3 of the same data with gas lines of strength 0.6 for 0.5; 4 with red from 60 for 70 besides."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("layers", "etl", "data"):
        shutil.copytree(PROJECT / name, checkout / name, ignore=shutil.ignore_patterns("raw"))
    edit(checkout / STRENGTHS, ",gas_pipeline,,,0.5,", ",gas_pipeline,,,0.6,")
    score(checkout, atlas_database, home)
    edit(checkout / BOUNDS, "[index_from]\nred = 70", "[index_from]\nred = 60")
    score(checkout, atlas_database, home)
    engine = engine_from_url(atlas_database)
    yield engine
    engine.dispose()


def report(editions: sa.Engine, home: Path, before: int, after: int) -> dict[str, Any]:
    with editions.connect() as connection:
        return compare_editions(connection, load_catalog(), before, after, policy=POLICY, home=home)


def areas_by_kind(found: dict[str, Any]) -> dict[str, float]:
    """Area of each kind of cause; those of every pair of levels and of every zone sum to it."""
    for entry in (*found["pairs"], *found["zones"]):
        assert sum(cause["area_m2"] for cause in entry["causes"]) == pytest.approx(entry["area_m2"])
    areas: dict[str, float] = {}
    for cause in found["causes"]:
        areas[cause["kind"]] = areas.get(cause["kind"], 0.0) + cause["area_m2"]
    assert sum(areas.values()) == pytest.approx(found["area_m2"]) and found["remainder_m2"] == 0
    return areas


def test_changed_row_of_a_rule_is_told_as_rules_at_each_source(editions: sa.Engine, home: Path) -> None:
    found = report(editions, home, 2, 3)
    assert not found["is_same_rules"] and set(areas_by_kind(found)) == {"rules"} and found["area_m2"] > 0
    assert {cause["layer"] for cause in found["causes"]} == {"pipelines"}
    assert all("源强 0.5→0.6" in cause["text_zh"] and "rules: strength 0.5 → 0.6" in cause["text_en"] for cause in found["causes"])
    assert all(cause["id"] and "规则变化" in cause["text_zh"] and not cause["inputs"] for cause in found["causes"])


def test_changed_bound_is_told_as_the_policy(editions: sa.Engine, home: Path) -> None:
    found = report(editions, home, 3, 4)
    areas = areas_by_kind(found)
    assert set(areas) == {"policy"} and areas["policy"] > 0
    assert {(pair["before"], pair["after"]) for pair in found["pairs"]} == {("orange", "red")}
    assert found["causes"][0]["text_zh"] == "评定方案变化" and found["causes"][0]["id"] is None


def test_rule_and_bound_together_add_up(editions: sa.Engine, home: Path) -> None:
    areas = areas_by_kind(report(editions, home, 2, 4))
    assert set(areas) == {"rules", "policy"} and min(areas.values()) > 0
