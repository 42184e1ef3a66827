"""Overpressure of explosives on the map: rings by hand, grades of damage, who has none, and how far the hatch reaches."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from app.risk_memory import _notes
from layers.scoring.blast_rings import blast_at, blast_rings, damage_grade, farthest_m
from layers.scoring.policy import load_policy
from layers.scoring.risk_reasons import RiskReasons, risk_reasons
from layers.scoring.risk_surface import UnitRisk, open_radius_m, zone_sources
from layers.scoring.unit_risk import assess
from tests.layers.scoring.frames import CRS, X, Y, point
from tests.layers.scoring.risk_cases import HEXANE, chemical, plant, square, unit

POLICY = load_policy("individual_risk_2026A")
EXPLOSIVE = ("工业炸药", None)
EMPTY_REPORTS = gpd.GeoDataFrame(
    columns=["contour_id", "enterprise_id", "risk_per_year", "valid_until_on", "geometry"], geometry="geometry", crs=CRS
)


def explosives(amount_t: float | None = 10.0, **fields: object) -> dict[str, pd.DataFrame]:
    return plant(chemical(EXPLOSIVE, amount_t, category_symbol="W1.1"), units=[unit(**fields)])


def risk_of(layers: dict[str, pd.DataFrame]) -> UnitRisk:
    given = {**layers, "official_contours": EMPTY_REPORTS, "weather": pd.DataFrame()}
    return assess(given, on=date(2026, 9, 30), grid=square(100)).unit_risk


def test_ten_tonnes_reach_the_distances_by_hand() -> None:
    """Z with 14/Z3 + 4.3/Z2 + 1.1/Z = 0.020, 0.050 and 0.090 is 58.86, 25.77 and 15.86 m/kg^(1/3); Q^(1/3) is 21.544."""
    rings = blast_rings(explosives()).set_index("threshold_pa")
    assert list(rings.index) == [2000, 5000, 9000, 25000, 40000, 55000, 76000]
    assert [rings.distance_m[pa] for pa in (2000, 5000, 9000)] == pytest.approx([1268.1, 555.2, 341.7], abs=0.3)
    assert rings.distance_m.is_monotonic_decreasing
    here = shapely.Point(X, Y)
    for ring in rings.itertuples():
        far = shapely.get_coordinates(ring.geometry)
        from_middle = shapely.distance(shapely.points(far), here)
        assert from_middle.min() >= ring.distance_m - 1 and ring.geometry.contains(here)


def test_each_ring_names_its_damage_and_the_targets_whose_limit_it_is() -> None:
    rings = blast_rings(explosives(), reference=frozenset({"U1"})).set_index("threshold_pa")
    assert list(rings.damage_grade) == ["grade_2", "grade_2", "grade_3", "grade_4", "grade_5", "grade_6", "grade_7"]
    assert rings.holds_for_zh[9000] == "一般三类" and rings.rule_id[9000] == "ESD-BLAST-C"
    assert pd.isna(rings.holds_for_zh[25000]) and rings.rule_id[25000] == "BLAST-DAMAGE" and "表4" in rings.clause[25000]
    assert rings.is_reference.all()


@pytest.mark.parametrize("layers", [explosives(None), explosives(0.0), explosives(status="planned"), explosives(geometry=None)],
                         ids=["amount missing", "none", "planned", "without a place"])  # fmt: skip
def test_what_has_no_amount_no_place_or_does_not_stand_has_no_ring(layers: dict[str, pd.DataFrame]) -> None:
    assert blast_rings(layers).empty


def test_damage_grows_towards_the_charge_and_ends_where_the_rings_end() -> None:
    charge, pressures = shapely.Point(0, 0), []
    for distance_m in (0.0, 90.0, 120.0, 200.0, 500.0, farthest_m(10.0)):
        found = blast_at("U1", charge, 10.0, shapely.Point(distance_m, 0))
        assert found is not None and found.grade == str(damage_grade(found.overpressure_pa).subject)
        pressures.append(found.overpressure_pa)
    assert pressures == sorted(pressures, reverse=True) and pressures[-1] == pytest.approx(2000, rel=1e-3)
    assert blast_at("U1", charge, 10.0, shapely.Point(farthest_m(10.0) + 1, 0)) is None
    assert blast_at("U1", charge, float("nan"), charge) is None


def test_the_hatch_reaches_as_far_as_the_listed_effect_and_never_less_than_the_policy() -> None:
    assert open_radius_m(risk_of(explosives(10.0)), POLICY) == pytest.approx([1268.1], abs=0.3)
    assert list(open_radius_m(risk_of(explosives(0.01)), POLICY)) == [POLICY.unrated_radius_m]
    assert list(open_radius_m(risk_of(explosives(None)), POLICY)) == [POLICY.unrated_radius_m]
    assert zone_sources(risk_of(explosives(10.0)), POLICY).radius_m.iloc[0] == pytest.approx(1268.1, abs=0.3)


def test_an_edition_without_amounts_of_explosives_keeps_its_radius() -> None:
    kept = risk_of(explosives(10.0))
    older = UnitRisk(kept.tables, kept.official, gpd.GeoDataFrame(kept.open_units.drop(columns="explosives_t")))
    assert list(open_radius_m(older, POLICY)) == [POLICY.unrated_radius_m]


def test_a_unit_that_distances_judge_leaves_its_surroundings_open() -> None:
    layers = plant(chemical(HEXANE, 1.0))
    risk = risk_of(layers)
    assert not risk.tables and list(risk.open_units.unit_id) == ["U1"]
    assert list(open_radius_m(risk, POLICY)) == [POLICY.unrated_radius_m]


def test_a_place_is_told_what_the_explosives_would_do_there() -> None:
    risk, grid = risk_of(explosives(10.0)), square(3000, 50.0)
    told = risk_reasons(risk, X + 500, Y, grid=grid, policy=POLICY)
    assert told.open_ids == ("U1",) and [blast.grade for blast in told.blasts] == ["grade_2"]
    notes = _notes("unrated", told)
    assert "次轻度" in notes["notes_zh"][-1] and "minor damage" in notes["notes_en"][-1] and "kPa" in notes["notes_en"][-1]
    far = risk_reasons(risk, X + 1400, Y, grid=grid, policy=POLICY)
    assert far.open_ids == () and far.blasts == () and len(_notes("no_source", far)["notes_zh"]) == 1
    assert isinstance(told, RiskReasons) and point(0.0, 0.0).x == X
