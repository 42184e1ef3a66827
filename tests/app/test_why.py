"""Why a source, a zone or a group has its level, why zones changed, and what is left to settle: on the reduced sample."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import create_app
from data.sample.assessments import FATAL_ACCIDENT, SCORE_DIFFERS_ID
from data.sample.cases import CASES
from layers.store import engine_from_url

POLICIES = ("weighted_index_2026A", "grid_maximum_2026A", "individual_risk_2026A")


@pytest.fixture(scope="module")
def atlas(atlas_database: str) -> Iterator[sa.Engine]:
    engine = engine_from_url(atlas_database)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def sample(atlas_database: str, home: Path) -> Iterator[FlaskClient]:
    """A server on the first two deliveries of the reduced sample."""
    app = create_app({"DATABASE_URL": atlas_database, "HOME": home})
    yield app.test_client()
    app.extensions["riskatlas"].database.engine.dispose()


def answer(client: FlaskClient, path: str, status: int = 200) -> Any:
    found = client.get(path)
    assert found.status_code == status, found.get_json()
    return found.get_json()


def parts_sum(told: Any) -> float:
    return sum(part["value"] for part in told["contributions"])


def words(told: Any) -> str:
    return " ".join(one["text_zh"] for one in told["would_change"])


def test_unit_is_told_by_its_chemicals_that_add_up_to_r(sample: FlaskClient) -> None:
    told = answer(sample, "/api/explain?feature=hazard_units/YC000001-01")
    assert told["figure"]["id"] == "r_value" and parts_sum(told) == pytest.approx(told["figure"]["value"])
    assert any(rule["clause"] for rule in told["rules"]) and {entry["layer"] for entry in told["data"]} == {"hazard_units", "unit_chemicals"}
    # 348 t of chlorine: R = 0.5 x 4 x 348 / 5 = 139.2; below 250 t it is under 100, below 5 t S is under 1
    assert "少于 250 吨" in words(told) and "少于 5 吨" in words(told)


def test_unit_lists_its_scenarios_from_event_to_clause(sample: FlaskClient) -> None:
    told = answer(sample, "/api/explain?feature=hazard_units/YC000001-01")
    assert told["method"]["method"] == "qra" and told["method"]["clause"]
    rows = told["scenarios"]
    assert {row["leak"] for row in rows} >= {"instantaneous", "all_in_10_min", "hole_10_mm"}
    for row in rows:
        assert row["event"] == "toxic" and row["distance_m"] > 0 and row["clause"] and row["leak_clause"] and row["criterion_zh"]
        assert row["event_frequency_per_year"] == pytest.approx(row["leak_frequency_per_year"] * row["probability"])
    plant = answer(sample, "/api/dossiers/enterprises/YC000001")
    units = next(part for part in plant["parts"] if part["layer"] == "hazard_units")["features"]
    unit = next(row for row in units if row["id"] == "YC000001-01")
    assert [len(group["features"]) for group in unit["related"] if group["layer"] == "unit_scenarios"] == [len(rows)]


def test_unit_that_another_standard_judges_names_it_instead_of_scenarios(sample: FlaskClient, atlas: sa.Engine) -> None:
    with atlas.connect() as connection:
        others = connection.execute(sa.text(
            "SELECT m.unit_id, EXISTS (SELECT FROM edition_2.unit_scenarios s WHERE s.unit_id = m.unit_id) AS has_any"
            " FROM edition_2.unit_methods m JOIN edition_2.risk_points p ON p.source_feature_id = m.unit_id"
            " AND p.source_layer = 'hazard_units' WHERE m.method = 'out_of_scope'"
        )).all()  # fmt: skip
    assert others
    for unit_id, has_any in others:
        told = answer(sample, f"/api/explain?feature=hazard_units/{unit_id}")
        assert told["method"]["method"] == "out_of_scope" and told["method"]["reason_zh"] and told["method"]["clause"]
        assert bool(told["scenarios"]) == has_any
        assert all(row["is_reference"] and row["event"] == "overpressure" for row in told["scenarios"])


def test_individual_risk_tells_what_is_left_without_each_unit(sample: FlaskClient, atlas: sa.Engine) -> None:
    with atlas.connect() as connection:
        zone_id = connection.execute(sa.text(
            "SELECT zone_id FROM edition_2.risk_zones WHERE policy = 'individual_risk_2026A' AND level <> 'unrated' ORDER BY area_m2 DESC LIMIT 1"
        )).scalar_one()  # fmt: skip
    zone = answer(sample, f"/api/explain?zone={zone_id}")
    place = zone["place"]
    told = answer(sample, f"/api/explain?policy=individual_risk_2026A&lon={place['lon']}&lat={place['lat']}")
    parts = told["contributions"]
    assert zone["would_change"] == told["would_change"] and parts
    assert [one["point_id"] for one in told["would_change"]] == [part["point_id"] for part in parts[:5]]
    for i, one in enumerate(told["would_change"]):
        rest = float(np.float32(sum(part["risk_per_year"] for place, part in enumerate(parts) if place != i)))
        assert one["kind"] == "without" and f"{rest:.1e}/年" in one["text_zh"] and f"{rest:.1e} a year" in one["text_en"]


def test_split_plant_is_flagged_and_told(sample: FlaskClient) -> None:
    told = answer(sample, f"/api/explain?feature=enterprises/{CASES['split_plant']['enterprise_id']}")
    assert told["values"]["is_suspected_split"] and "合并为一个单元" in words(told)
    listed = answer(sample, "/api/disagreements")["disagreements"]
    assert [row["enterprise_id"] for row in listed if row["kind"] == "split"] == [CASES["split_plant"]["enterprise_id"]]


def test_offices_and_scores_that_differ_are_listed(sample: FlaskClient) -> None:
    listed = answer(sample, "/api/disagreements")["disagreements"]
    assert CASES["offices_disagree"]["enterprise_id"] in {row["enterprise_id"] for row in listed if row["kind"] == "offices"}
    assert SCORE_DIFFERS_ID in {row["enterprise_id"] for row in listed if row["kind"] == "score_items"}
    filed = {row["source_feature_id"] for row in listed if row["kind"] == "filed_computed"}
    assert set(CASES["filed_level_differs"]["unit_ids"]) <= filed


def test_rectified_plant_needs_a_better_score_and_a_new_grading(sample: FlaskClient) -> None:
    told = answer(sample, f"/api/explain?feature=enterprises/{CASES['rectified_plant']['enterprise_id']}")
    assert told["level"] == "orange" and "75 分" in words(told) and "重新核定" in words(told)


def test_fatal_accident_counts_until_its_day(sample: FlaskClient) -> None:
    _, enterprise_id, day, *_ = FATAL_ACCIDENT
    told = answer(sample, f"/api/explain?feature=enterprises/{enterprise_id}")
    assert told["level"] == "yellow" and day.replace(year=day.year + 1).isoformat() in words(told)


@pytest.mark.parametrize("policy", POLICIES)
def test_zones_are_told_by_members_whose_areas_add_up(sample: FlaskClient, atlas: sa.Engine, policy: str) -> None:
    with atlas.connect() as connection:
        zones = connection.execute(
            sa.text("SELECT zone_id, level, area_m2, max_index FROM edition_2.risk_zones WHERE policy = :policy ORDER BY area_m2 DESC LIMIT 12"),
            {"policy": policy},
        ).all()
    for zone in zones:
        told = answer(sample, f"/api/explain?zone={zone.zone_id}")
        assert told["level"] == zone.level and told["policy"]["id"] == policy
        if zone.level == "unrated":
            assert told["members"] and all(member["missing"] for member in told["members"])
            continue
        if policy == "individual_risk_2026A":
            assert told["members"] and parts_sum(told) == pytest.approx(told["figure"]["value"])
        if told["n_members"] <= len(told["members"]):
            assert sum(member["area_m2"] for member in told["members"]) == pytest.approx(zone.area_m2)
        if zone.max_index is not None:
            assert told["figure"]["value"] == pytest.approx(zone.max_index) and parts_sum(told) == pytest.approx(zone.max_index)


def test_towns_and_parks_are_told_by_the_cell_that_decides(sample: FlaskClient, atlas: sa.Engine) -> None:
    with atlas.connect() as connection:
        towns = connection.execute(sa.text("SELECT town_code, index_p95, level FROM edition_2.town_ratings WHERE policy LIKE 'weighted%'")).all()
    for town in towns:
        told = answer(sample, f"/api/explain?feature=towns/{town.town_code}")
        assert told["level"] == town.level and told["counts"]
        if town.index_p95:
            assert parts_sum(told) == pytest.approx(town.index_p95, rel=1e-6)
    park = answer(sample, "/api/explain?feature=park_boundaries/HG01")
    assert park["values"]["grade"] == "C" and park["rules"][0]["rule_id"] == "FC-PARK"


@pytest.mark.parametrize(("path", "is_rated"), [("enterprises/YC000001", True), ("hazard_units/YC000001-01", True), ("park_boundaries/HG01", False)])
def test_feature_is_answered_with_the_reasons_that_a_panel_shows(sample: FlaskClient, path: str, is_rated: bool) -> None:
    plain = answer(sample, f"/api/features/{path}")
    found = answer(sample, f"/api/features/{path}?reasons={POLICIES[0]}")
    reasons = found.pop("reasons")
    assert found == plain
    assert reasons["feature"] == answer(sample, f"/api/explain?feature={path}&policy={POLICIES[0]}")
    place = None
    if is_rated:
        lon, lat = found["geometry"]["coordinates"]
        place = answer(sample, f"/api/explain?lon={lon!r}&lat={lat!r}&policy={POLICIES[0]}")
    assert reasons["place"] == place


def test_reasons_by_an_unknown_policy_are_refused(sample: FlaskClient) -> None:
    assert answer(sample, "/api/features/enterprises/YC000001?reasons=no_such_policy", status=400)["error"]["field"] == "reasons"


def test_county_is_told(sample: FlaskClient) -> None:
    told = answer(sample, "/api/explain?feature=group_ratings/weighted_index_2026A:county:sample")
    assert told["figure"]["value"] == pytest.approx(parts_sum(told), rel=1e-6) and told["subject"]["aggregation"]


@pytest.mark.parametrize("path", ["feature=enterprises/none", "feature=roads/1", "zone=none", "feature=enterprises"])
def test_what_is_not_there_is_not_found(sample: FlaskClient, path: str) -> None:
    assert answer(sample, f"/api/explain?{path}", 404)["error"]["message_zh"]


def test_unknown_layer_is_refused(sample: FlaskClient) -> None:
    assert answer(sample, "/api/explain?feature=nothing/1", 404)["error"]["code"]


def test_place_says_what_would_change_it(sample: FlaskClient) -> None:
    lon, lat = CASES["village_at_90_m"]["lon_lat"]
    told = answer(sample, f"/api/explain?lon={lon}&lat={lat}")
    assert told["would_change"] and told["data"] and sum(part["points"] for part in told["contributions"]) == pytest.approx(told["index"])


@pytest.mark.parametrize("policy", POLICIES)
def test_causes_of_the_changes_add_up(sample: FlaskClient, policy: str) -> None:
    told = answer(sample, f"/api/changes?policy={policy}")
    assert (told["from"]["edition"], told["to"]["edition"]) == (1, 2)
    # between these deliveries no unit changed that the individual risk rests on
    assert told["area_m2"] > 0 or policy == "individual_risk_2026A"
    for pair in told["pairs"]:
        assert sum(cause["area_m2"] for cause in pair["causes"]) == pytest.approx(pair["area_m2"])
    assert sum(cause["area_m2"] for cause in told["causes"]) == pytest.approx(told["area_m2"])
    assert sum(zone["area_m2"] for zone in told["zones"]) == pytest.approx(told["area_m2"]) and told["remainder_m2"] == 0


def test_rectified_plant_is_a_cause_with_its_delivered_rows(sample: FlaskClient) -> None:
    told = answer(sample, "/api/changes?from=1&to=2")
    plant = next(cause for cause in told["causes"] if cause["id"] == CASES["rectified_plant"]["enterprise_id"])
    assert (plant["level_before"], plant["level_after"], plant["kind"]) == ("red", "orange", "load")
    fields = {(row["layer"], field["field"]) for row in plant["inputs"] for field in row["fields"]}
    assert ("hidden_dangers", "status") in fields and ("enterprises", "control_score") in fields
    assert all(row["load_id"] for row in plant["inputs"])


def test_first_edition_has_none_before_it(sample: FlaskClient) -> None:
    assert answer(sample, "/api/changes?to=1", 404)


def test_ratings_have_every_scope(sample: FlaskClient) -> None:
    told = answer(sample, "/api/ratings")
    assert len(told["county"]) == 1 and len(told["parks"]) == 3 and told["industries"] and told["towns"]
    assert {"n_unplaced", "n_assumed", "n_disputed", "unrated_pct"} <= told["towns"][0].keys()
    assert answer(sample, "/api/ratings?scope=enterprises")["enterprises"]
    assert all(row["aggregation_en"].isascii() and row["clause_en"].isascii() for row in (*told["county"], *told["industries"]))


def test_missing_data_name_field_and_office(sample: FlaskClient) -> None:
    rows = answer(sample, "/api/missing")["missing"]
    assert rows and all(row["what_zh"] and row["what_en"] and row["sources"] for row in rows)
    assert any(row["responsible_office"] for row in rows)
