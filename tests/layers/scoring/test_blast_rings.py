"""Overpressure of explosives on the map: rings by hand, grades of damage, who has none, and how far the hatch reaches."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from app.risk_memory import _notes
from layers.errors import RuleTableError
from layers.scoring.blast_rings import blast_at, blast_rings, damage_grade, farthest_m
from layers.scoring.explosives import charges, equivalent_of, load_equivalents, load_largest_stores
from layers.scoring.levels import rate_sources
from layers.scoring.policy import load_policy
from layers.scoring.risk_reasons import RiskReasons, risk_reasons
from layers.scoring.risk_surface import UnitRisk, open_radius_m, zone_sources
from layers.scoring.rule_tables import RULES_DIR
from layers.scoring.unit_risk import assess
from layers.scoring.zone_polygons import open_reach_m
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


@pytest.mark.parametrize("layers", [explosives(0.0), explosives(status="planned"), explosives(geometry=None)],
                         ids=["none", "planned", "without a place"])  # fmt: skip
def test_what_holds_none_has_no_place_or_does_not_stand_has_no_ring(layers: dict[str, pd.DataFrame]) -> None:
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
    assert zone_sources(risk_of(explosives(10.0)), POLICY).radius_m.iloc[0] == pytest.approx(1268.1, abs=0.3)


def test_an_edition_without_amounts_of_explosives_keeps_its_radius() -> None:
    kept = risk_of(explosives(10.0))
    older = UnitRisk(kept.tables, kept.official, gpd.GeoDataFrame(kept.open_units.drop(columns=["explosives_t", "explosives_most_t", "explosives_felt_m"])))
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


@pytest.mark.parametrize(("kind", "most_t", "reach_m"), [("explosives_store", 200, 3442), ("fireworks_store", 20, 1598), ("hazchem_user", 200, 3442)])
def test_an_amount_that_is_missing_keeps_the_ground_open_as_far_as_the_largest_store_is_felt(kind: str, most_t: float, reach_m: float) -> None:
    """Z of 2 kPa is 58.86 m/kg^(1/3); the cube roots of 200,000 and 20,000 kg are 58.48 and 27.14."""
    layers = explosives(None)
    layers["enterprises"] = layers["enterprises"].assign(kind=kind)
    rings = blast_rings(layers)
    assert list(rings.threshold_pa) == [2000] and rings.is_assumed.all() and rings.amount_t.isna().all()
    assert list(rings.tnt_t) == [most_t] and rings.distance_m[0] == pytest.approx(reach_m, abs=1)
    assert "未核实" in rings.counted_zh[0] and "not verified" in rings.counted_en[0]
    risk = risk_of(layers)
    assert open_radius_m(risk, POLICY) == pytest.approx([reach_m], abs=1)
    told = risk_reasons(risk, X + reach_m - 100, Y, grid=square(5000, 50.0), policy=POLICY)
    notes = _notes("unrated", told)
    assert told.open_ids == ("U1",) and told.blasts[0].is_assumed
    assert "数量缺失" in notes["notes_zh"][-1] and "missing" in notes["notes_en"][-1]


def test_what_is_known_beside_what_is_missing_counts_besides() -> None:
    layers = plant(chemical(EXPLOSIVE, 10.0, category_symbol="W1.1"), chemical(("雷管", None), None, category_symbol="W1.1"))
    charge = charges(layers)["U1"]
    assert charge.is_missing and charge.known_tnt_t == 10 and charge.most_t == 210


@pytest.mark.parametrize(("name", "cas", "factor", "is_known"), [
    ("2,4,6-三硝基甲苯(TNT)", None, 1.0, True), ("黑索金", None, 1.2, True), ("某炸药", "121-82-4", 1.2, True), ("粉状乳化炸药", None, 1.1, True),
    ("铵油炸药", None, 1.0, False), ("2号岩石乳化炸药", None, 1.0, False), ("工业炸药", None, 1.0, False),
])  # fmt: skip
def test_a_kind_counts_as_its_row_says_and_the_unknown_one_to_one(name: str, cas: str | None, factor: float, is_known: bool) -> None:
    found = equivalent_of(name, cas)
    assert (found.factor, found.is_known) == (factor, is_known)
    assert is_known or "1:1" in found.words_zh


def test_a_stronger_kind_reaches_farther_by_the_cube_root_and_it_is_said() -> None:
    known, hexogen = (blast_rings(plant(chemical(kind, 10.0, category_symbol="W1.1"))) for kind in (EXPLOSIVE, ("黑索今", "121-82-4")))
    assert hexogen.tnt_t[0] == 12 and hexogen.amount_t[0] == 10
    assert hexogen.distance_m[0] / known.distance_m[0] == pytest.approx(1.2 ** (1 / 3), abs=1e-4)
    assert "1.2" in hexogen.counted_zh[0] and "1:1" in known.counted_zh[0]


def test_colour_follows_the_equivalent_and_a_missing_amount_leaves_the_rest_open() -> None:
    """58.9 Q^(1/3): 12,000 kg of TNT reach 1,348 m, 10,000 kg 1,269 m; of a missing amount 300 m are coloured, 3,442 m open."""
    rated = {name: rate_sources(layers, on=date(2026, 9, 30)).set_index("source_layer").loc["hazard_units"] for name, layers in {
        "plain": explosives(10.0), "hexogen": plant(chemical(("黑索今", "121-82-4"), 10.0, category_symbol="W1.1")), "missing": explosives(None),
        "partly": plant(chemical(EXPLOSIVE, 100.0, category_symbol="W1.1"), chemical(("雷管", None), None, category_symbol="W1.1")),
    }.items()}  # fmt: skip
    assert rated["plain"].radius_m == pytest.approx(1269, abs=1) and rated["plain"].reach_m == rated["plain"].radius_m
    assert rated["hexogen"].radius_m == pytest.approx(1348.5, abs=1)
    assert rated["missing"].radius_m == 300 and rated["missing"].reach_m == pytest.approx(3442, abs=1)
    assert rated["partly"].radius_m == pytest.approx(2734, abs=1) and rated["partly"].reach_m == pytest.approx(3940, abs=2)
    points = gpd.GeoDataFrame([rated["partly"]], geometry="geometry", crs=CRS)
    assert open_reach_m(points) == pytest.approx([3940], abs=2)
    assert any("一座最大库房" in entry["text_zh"] and entry["rule_id"] == "EXPL-MAX-OTHER" for entry in rated["partly"].reasons)


@pytest.mark.parametrize(("table", "old", "new", "said"), [
    ("explosive_equivalents", ",0.86,false", ",0.86,true", "below 1"), ("explosive_equivalents", ",1.27,false", ",1.27,true", "two values"),
    ("explosive_stores", ",,200,", ",,20,", "not smaller"),
])  # fmt: skip
def test_a_table_that_would_draw_a_ring_nearer_is_refused(tmp_path: Path, table: str, old: str, new: str, said: str) -> None:
    text = (RULES_DIR / f"{table}.csv").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / f"{table}.csv").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleTableError, match=said):
        (load_equivalents if table == "explosive_equivalents" else load_largest_stores)(tmp_path)
