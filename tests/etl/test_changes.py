"""The three deliveries of the reduced sample: why zones changed, against the planted cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest
import sqlalchemy as sa

from data.sample.assessments import FATAL_ACCIDENT
from data.sample.cases import CASES
from etl.difference import difference
from layers.catalog import load_catalog
from layers.errors import EditionError
from layers.store import edition_schema, engine_from_url
from tests.conftest import SAMPLE_SOURCES, publish_all

POLICY = "weighted_index_2026A"


@pytest.fixture(scope="module")
def atlas(atlas_database: str, tiny_sample: Path, home: Path) -> Iterator[sa.Engine]:
    """A database with all three deliveries published."""
    engine = engine_from_url(atlas_database)
    publish_all(engine, SAMPLE_SOURCES, [tiny_sample / "2026Q3"], home)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def changes(atlas: sa.Engine, home: Path) -> dict[str, Any]:
    """From the second delivery to the third."""
    found: dict[str, Any] = difference(atlas, load_catalog(), 2, 3, home=home)["changes"]
    return found


def of_enterprise(changes: dict[str, Any], enterprise_id: str) -> list[dict[str, Any]]:
    return [cause for cause in changes["causes"] if str(cause["id"] or "").startswith(enterprise_id)]


def test_causes_add_up_to_the_area_that_changed(changes: dict[str, Any]) -> None:
    assert changes["policy"] == POLICY and changes["area_m2"] > 0 and changes["remainder_m2"] == 0
    for pair in changes["pairs"]:
        assert sum(cause["area_m2"] for cause in pair["causes"]) == pytest.approx(pair["area_m2"])
    for zone in changes["zones"]:
        assert sum(cause["area_m2"] for cause in zone["causes"]) == pytest.approx(zone["area_m2"])
    assert sum(pair["area_m2"] for pair in changes["pairs"]) == pytest.approx(changes["area_m2"])


def test_changes_of_level_are_told_with_what_became_worst_first(changes: dict[str, Any]) -> None:
    ranks = {level: rank for rank, level in enumerate(("red", "orange", "yellow", "blue", "unrated", "none"))}
    told = [(ranks[pair["after"]], ranks[pair["before"]]) for pair in changes["pairs"]]
    assert len(told) > 2 and told == sorted(told)


@pytest.mark.parametrize("policy", ["grid_maximum_2026A", "individual_risk_2026A"])
def test_causes_add_up_under_every_policy(atlas: sa.Engine, home: Path, policy: str) -> None:
    found = difference(atlas, load_catalog(), 2, 3, home=home, policy=policy)["changes"]
    assert found["policy"] == policy and found["area_m2"] > 0 and found["remainder_m2"] == 0
    for entry in (*found["pairs"], *found["zones"]):
        assert sum(cause["area_m2"] for cause in entry["causes"]) == pytest.approx(entry["area_m2"])
    assert sum(cause["area_m2"] for cause in found["causes"]) == pytest.approx(found["area_m2"])
    assert all(cause["kind"] in ("load", "date", "surroundings") and cause["name"] for cause in found["causes"] if cause["id"])


def rows_of(atlas: sa.Engine, edition: int, layer: str) -> list[dict[str, Any]]:
    columns = {"distance_violations": ("object_feature_id", "rule_id", "clause", "required_m", "actual_m", "subject_layer"),
               "targets_to_confirm": ("target_id", "risk_per_year", "limit_per_year", "certainty", "clause", "result_zh")}[layer]  # fmt: skip
    table = sa.table(layer, *(sa.column(name) for name in columns), schema=edition_schema(edition))
    with atlas.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(sa.select(table))]


def test_target_inside_a_report_is_a_violation_with_its_clause(atlas: sa.Engine) -> None:
    case = CASES["target_in_report"]
    found = [row for row in rows_of(atlas, 3, "distance_violations")
             if row["object_feature_id"] == case["target_id"] and row["subject_layer"] == "official_contours"]  # fmt: skip
    assert len(found) == 1 and "GB 36894" in found[0]["clause"] and found[0]["actual_m"] < 0 == found[0]["required_m"]
    assert case["target_id"] not in {row["object_feature_id"] for row in rows_of(atlas, 2, "distance_violations")}


def test_market_within_the_distance_of_a_valid_report_is_a_violation_and_that_of_an_expired_one_is_not(atlas: sa.Engine) -> None:
    case, over = CASES["distance_of_a_report"], CASES["distance_of_an_expired_report"]
    [row] = [row for row in rows_of(atlas, 3, "distance_violations") if row["subject_layer"] == "official_distances"]
    assert (row["object_feature_id"], row["rule_id"]) == (case["target_id"], "ESD-REPORT-ALL")
    assert row["actual_m"] < row["required_m"] == case["required_m"] and "评价报告" in row["clause"]
    assert over["target_id"] != row["object_feature_id"]


def test_target_in_our_contour_alone_is_to_be_confirmed_and_no_violation(atlas: sa.Engine) -> None:
    case = CASES["target_to_confirm"]
    [row] = [row for row in rows_of(atlas, 3, "targets_to_confirm") if row["target_id"] == case["target_id"]]
    assert row["risk_per_year"] > row["limit_per_year"] == case["limit_per_year"] and row["certainty"] == "certain"
    assert row["result_zh"] == "须核定" and "GB 36894" in row["clause"]
    contours = [row for row in rows_of(atlas, 3, "distance_violations") if row["subject_layer"] == "official_contours"]
    assert case["target_id"] not in {row["object_feature_id"] for row in contours}


def test_new_project_is_the_largest_cause(changes: dict[str, Any]) -> None:
    first = changes["causes"][0]
    assert first["id"] in CASES["new_project"]["unit_ids"] and first["level_before"] is None and first["kind"] == "load"


def test_closed_plant_is_gone(changes: dict[str, Any]) -> None:
    mine = of_enterprise(changes, CASES["closed_plant"]["enterprise_id"])
    assert mine and all(cause["level_after"] is None and "不再存在" in cause["text_zh"] for cause in mine)


def test_moved_firms_are_told_by_their_move(changes: dict[str, Any]) -> None:
    mine = [cause for key in CASES["moved_firms"]["enterprise_ids"] for cause in of_enterprise(changes, key)]
    assert mine and all(any(row["is_moved"] for row in cause["inputs"]) for cause in mine)


def test_accident_of_more_than_a_year_ago_is_the_passing_of_time(changes: dict[str, Any]) -> None:
    _, enterprise_id, *_ = FATAL_ACCIDENT
    mine = of_enterprise(changes, enterprise_id)
    assert [(cause["kind"], cause["level_before"]) for cause in mine] == [("date", "yellow")]


def test_report_over_two_steps_adds_up_as_well(atlas: sa.Engine, home: Path) -> None:
    found = difference(atlas, load_catalog(), 1, 3, home=home, policy="grid_maximum_2026A")["changes"]
    assert sum(cause["area_m2"] for cause in found["causes"]) == pytest.approx(found["area_m2"])


def test_policy_that_an_edition_does_not_have_is_refused(atlas: sa.Engine, home: Path) -> None:
    with pytest.raises(EditionError, match="policy"):
        difference(atlas, load_catalog(), 1, 2, home=home, policy="no_such_policy")
