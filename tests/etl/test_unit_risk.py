"""What an edition of the sample county says of its installations: individual and societal risk, domino, the method of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from layers.store import engine_from_url


@pytest.fixture(scope="module")
def connection(sample_atlas: str) -> Iterator[sa.Connection]:
    engine = engine_from_url(sample_atlas)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def rows(connection: sa.Connection, query: str, **values: Any) -> list[Any]:
    return list(connection.execute(sa.text(query), values).mappings())


def test_contours_stand_at_the_values_of_the_standard_and_are_nested(connection: sa.Connection) -> None:
    contours = rows(connection, "SELECT risk_per_year, area_km2, source, clause FROM edition_1.individual_risk ORDER BY 1 DESC")
    assert [row["risk_per_year"] for row in contours] == [3e-5, 1e-5, 3e-6, 3e-7]
    areas = [row["area_km2"] for row in contours]
    assert areas == sorted(areas) and {row["source"] for row in contours} == {"screening"}
    assert all("GB 36894" in row["clause"] for row in contours)


def test_the_weather_of_the_county_is_used(connection: sa.Connection) -> None:
    (row,) = rows(connection, "SELECT value FROM edition_1.meta WHERE key = 'individual_risk_parameters'")
    assert row["value"]["is_default_weather"] is False and row["value"]["is_default_wind_rose"] is False
    assert "YC000001" in row["value"]["reported"] and "YC000022" not in row["value"]["reported"]


def test_every_standing_unit_is_answered_and_only_some_by_a_figure(connection: sa.Connection) -> None:
    units = rows(connection, "SELECT m.*, e.kind FROM edition_1.unit_methods m JOIN edition_1.enterprises e USING (enterprise_id)")
    n_standing = rows(connection, "SELECT count(*) AS n FROM edition_1.hazard_units WHERE status NOT IN ('planned', 'closed')")[0]["n"]
    assert len(units) == n_standing and all(row["reason_zh"] and row["rule_id"] and row["clause"] for row in units)
    for row in units:
        if row["kind"] in ("fuel_station", "lpg_station", "fireworks_store", "explosives_store"):
            assert row["method"] == "out_of_scope"
        if row["method"] != "qra":
            assert row["reach_m"] is None and row["n_scenarios"] is None
    assert any(row["method"] == "qra" and row["reach_m"] for row in units)


def test_every_unit_with_a_figure_has_its_leaks_listed(connection: sa.Connection) -> None:
    units = rows(connection, "SELECT unit_id, n_scenarios FROM edition_1.unit_methods WHERE n_scenarios IS NOT NULL")
    listed = rows(connection, "SELECT * FROM edition_1.unit_scenarios WHERE leak IS NOT NULL")
    for unit in units:
        mine = [row for row in listed if row["unit_id"] == unit["unit_id"]]
        leaks = {(row["chemical_name"], row["equipment"], row["leak"]): row["leak_frequency_per_year"] for row in mine}
        assert len(leaks) == unit["n_scenarios"] and all(row["clause"] and row["leak_clause"] for row in mine)
        for key, frequency in leaks.items():
            ends = [row["event_frequency_per_year"] for row in mine if (row["chemical_name"], row["equipment"], row["leak"]) == key]
            assert sum(ends) <= frequency * (1 + 1e-9)


def test_a_report_does_not_hide_the_scenarios_and_explosives_of_another_standard_only_tell(connection: sa.Connection) -> None:
    reported = rows(connection, "SELECT s.* FROM edition_1.unit_scenarios s JOIN edition_1.unit_methods m USING (unit_id) WHERE m.has_report")
    assert any(row["distance_m"] > 1000 for row in reported)
    blasts = rows(connection, "SELECT s.*, m.method FROM edition_1.unit_scenarios s JOIN edition_1.unit_methods m USING (unit_id) WHERE event = 'overpressure'")
    assert blasts and all(row["is_reference"] == (row["method"] == "out_of_scope") and "GB/T 37243-2019 表1" in row["clause"] for row in blasts)


def test_what_is_to_be_confirmed_is_no_violation_and_above_its_limit(connection: sa.Connection) -> None:
    found = rows(connection, "SELECT * FROM edition_1.targets_to_confirm")
    assert found and all(row["risk_per_year"] > row["limit_per_year"] and row["result_zh"] == "须核定" for row in found)
    subjects = rows(connection, "SELECT DISTINCT subject_layer FROM edition_1.distance_violations WHERE rule_id LIKE 'IR-%'")
    assert {row["subject_layer"] for row in subjects} <= {"official_contours"}


def test_societal_risk_has_a_falling_curve_for_each_enterprise_that_is_judged(connection: sa.Connection) -> None:
    found = rows(connection, "SELECT * FROM edition_1.societal_risk")
    judged = {row["enterprise_id"] for row in rows(connection, "SELECT enterprise_id FROM edition_1.unit_methods WHERE method = 'qra'")}
    assert found and {row["enterprise_id"] for row in found} <= judged
    for row in found:
        frequencies = [point["f"] for point in row["curve"]]
        assert frequencies == sorted(frequencies, reverse=True)
        assert row["pll_per_year"] == pytest.approx(row["pll_day_per_year"] + row["pll_night_per_year"])
        assert (row["band"] == "unacceptable") == (row["times_limit"] > 1)


def test_domino_pairs_are_nearer_than_the_reach_of_their_threshold(connection: sa.Connection) -> None:
    found = rows(connection, "SELECT * FROM edition_1.domino_pairs")
    assert found and all(row["distance_m"] - row["error_m"] < row["reach_m"] for row in found)
    assert all(row["source_unit_id"] != row["target_unit_id"] and row["standard_id"] and row["clause"] for row in found)


def test_zones_of_individual_risk_stand_beside_those_of_the_other_policies(connection: sa.Connection) -> None:
    areas = {
        row["level"]: row["area_m2"]
        for row in rows(connection, "SELECT level, sum(area_m2) AS area_m2 FROM edition_1.risk_zones WHERE policy = 'individual_risk_2026A' GROUP BY 1")
    }
    contours = {row["risk_per_year"]: row["area_km2"] for row in rows(connection, "SELECT * FROM edition_1.individual_risk")}
    assert areas["red"] < areas["orange"] + areas["red"] < areas["blue"]
    coloured_km2 = sum(area for level, area in areas.items() if level != "unrated") / 1e6
    assert coloured_km2 == pytest.approx(contours[3e-7], rel=0.1)
