"""The policy of individual risk: levels by the values of GB 36894, reports before our screening, units without a figure."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from app.risk_memory import _notes
from layers.errors import RuleTableError
from layers.scoring.cell_sums import Cells
from layers.scoring.explain import drawn_level, state_of
from layers.scoring.individual_risk import risk_at
from layers.scoring.outlines import label_regions
from layers.scoring.policy import POLICIES_DIR, RATED, load_policy
from layers.scoring.risk_reasons import RiskPart, RiskReasons, level_at, risk_members, risk_reasons, without_parts
from layers.scoring.risk_surface import UnitRisk, risk_surface, zone_sources
from layers.scoring.towns import rate_towns
from layers.scoring.unit_risk import assess
from layers.scoring.zone_polygons import zones
from tests.layers.scoring.frames import CRS, X, Y, box, point, stated
from tests.layers.scoring.risk_cases import CHLORINE, chemical, plant, square, unit

POLICY = load_policy("individual_risk_2026A")
GRID = square(2000, 50.0)
ON = date(2026, 9, 30)


def report(*contours, until=date(2027, 1, 1), enterprise_id="E1"):
    rows = [
        {"contour_id": f"{value:g}", "enterprise_id": enterprise_id, "risk_per_year": value, "valid_until_on": until, "geometry": shape}
        for value, shape in contours
    ]
    columns = ["contour_id", "enterprise_id", "risk_per_year", "valid_until_on", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=CRS)


def county(*chemicals, units=(), contours=None):
    layers = plant(*chemicals, units=units)
    return {**layers, "official_contours": report() if contours is None else contours, "weather": pd.DataFrame()}


def surface_of(layers, grid=GRID):
    found = assess(layers, on=ON, grid=square(100))
    return found, risk_surface(found.unit_risk, grid, POLICY)


def test_levels_follow_the_values_of_the_standard_bounds_included():
    rings = [(value, box(-half, -half, half, half)) for value, half in ((3e-7, 900), (3e-6, 600), (1e-5, 300), (3e-5, 100))]
    _, surface = surface_of(county(chemical(CHLORINE, 400.0), contours=report(*rings)))
    at = {half: surface.level[GRID.cell_of(X + half - 25, Y)] for half in (100, 300, 600, 900, 950)}
    assert at == {100: 1, 300: 2, 600: 3, 900: 4, 950: 0}


def test_a_valid_report_stands_for_its_installation_and_an_expired_one_does_not():
    layers = county(chemical(CHLORINE, 400.0), contours=report((3e-6, box(-50, -50, 50, 50))))
    found, surface = surface_of(layers)
    assert not found.standing.tables and found.reported == {"E1"}
    assert surface.level[GRID.cell_of(X + 300, Y)] == 0 < surface.level[GRID.cell_of(X + 25, Y)]
    expired = {**layers, "official_contours": report((3e-6, box(-50, -50, 50, 50)), until=date(2026, 9, 29))}
    found, surface = surface_of(expired)
    assert len(found.standing.tables) == 1 and surface.level[GRID.cell_of(X + 300, Y)] > 0


EXPLOSIVE = ("工业炸药", None)


def test_explosives_take_no_gas_out_of_the_risk_and_leave_their_surroundings_open():
    plain, _ = surface_of(county(chemical(CHLORINE, 100.0)))
    mixed, _ = surface_of(county(chemical(CHLORINE, 100.0), chemical(EXPLOSIVE, 0.01, category_symbol="W1.1")))
    alone, _ = surface_of(county(chemical(EXPLOSIVE, 10.0, category_symbol="W1.1")))
    assert np.array_equal(mixed.standing.tables[0].table, plain.standing.tables[0].table)
    assert plain.unit_risk.open_units.empty and not alone.standing.tables
    assert list(mixed.unit_risk.open_units.unit_id) == list(alone.unit_risk.open_units.unit_id) == ["U1"]
    assert "爆炸物" in mixed.method_rows().not_assessed_zh[0]


@pytest.mark.parametrize("kind", ["explosives_store", "fuel_station"])
def test_a_store_of_another_standard_is_open_and_never_taken_for_safe(kind):
    layers = county(chemical(CHLORINE, 5.0))
    layers["enterprises"] = layers["enterprises"].assign(kind=kind)
    found, surface = surface_of(layers)
    assert list(found.methods.method) == ["out_of_scope"] and not found.standing.tables
    assert list(found.unit_risk.open_units.unit_id) == ["U1"] and not surface.level.any()
    area = zones(surface, zone_sources(found.unit_risk, surface.policy), area=box(-5000, -5000, 5000, 5000))
    assert list(area.level) == ["unrated"] and area.geometry.iloc[0].contains(point(0.0, 0.0))


def test_members_of_cells_add_up_and_the_nearest_unit_leads_beside_itself():
    layers = county(chemical(CHLORINE, 5.0), chemical(CHLORINE, 5.0, "U2"), units=[unit(), unit("U2", 1500.0, 0.0)],
                    contours=report((3e-6, box(900, -50, 1000, 50)), (3e-7, box(800, -150, 1100, 150)), enterprise_id="E7"))  # fmt: skip
    found, surface = surface_of(layers)
    rows, cols = np.nonzero(surface.level)
    members, per_year = risk_members(found.unit_risk, Cells(GRID, rows, cols))
    assert np.array_equal(per_year, surface.hazard[rows, cols])
    assert sum(one.n_cells for one in members) == len(rows) and {one.source_id for one in members} >= {"U1", "U2"}
    here = np.array([GRID.cell_of(X + 10, Y + 10)])
    (leader,), _ = risk_members(found.unit_risk, Cells(GRID, here[:, 0], here[:, 1]))
    assert leader.source_id == "U1"


def test_a_report_with_contours_covers_explosives():
    layers = county(chemical(EXPLOSIVE, 10.0, category_symbol="W1.1"), contours=report((3e-6, box(-50, -50, 50, 50))))
    assert surface_of(layers)[0].unit_risk.open_units.empty


@pytest.mark.parametrize(
    ("fields", "holds"),
    [({}, True), ({"kind": "health_environment"}, False), ({"valid_until_on": date(2026, 9, 29)}, False), ({"enterprise_id": "E9"}, False)],
)
def test_a_valid_external_safety_distance_settles_the_targets_and_leaves_our_colours(fields, holds):
    row = stated(point(0.0, 0.0), 300.0, date(2027, 1, 1)) | fields
    distances = gpd.GeoDataFrame([row], geometry="geometry", crs=CRS)
    plain, without = surface_of(county(chemical(CHLORINE, 400.0)))
    found, surface = surface_of({**county(chemical(CHLORINE, 400.0)), "official_distances": distances})
    assert ("E1" in found.reported, bool(found.method_rows().has_report[0])) == (holds, holds)
    assert found.fields_to_confirm["in_service"].risk_per_year.any() != holds
    # the report gives no value to colour by: what was coloured stays so
    assert np.array_equal(surface.level, without.level) and surface.level.any()
    assert found.unit_risk.open_units.empty and plain.unit_risk.open_units.empty


def test_our_screening_of_others_adds_to_a_report():
    units = [unit(), unit("U2", 0.0, 0.0, enterprise_id="E2")]
    layers = county(chemical(CHLORINE, 5.0), chemical(CHLORINE, 5.0, "U2"), units=units,
                    contours=report((3e-6, box(-500, -500, 500, 500))))  # fmt: skip
    found, surface = surface_of(layers)
    (table,) = found.standing.tables
    row, col = GRID.cell_of(X + 25, Y + 25)
    own = risk_at(table, *(np.array([value]) for value in GRID.centre(row, col)))[0]
    assert table.unit.enterprise_id == "E2" and surface.hazard[row, col] == pytest.approx(3e-6 + own, rel=1e-6)


def test_zones_cover_the_raster_and_units_without_a_figure_stay_open():
    units = [unit(), unit("U2", 1500.0, 0.0)]
    layers = county(chemical(CHLORINE, 400.0), chemical(CHLORINE, None, "U2"), units=units)
    found, surface = surface_of(layers)
    sources = zone_sources(found.unit_risk, POLICY)
    made = zones(surface, sources)
    for code, level in enumerate(("red", "orange", "yellow", "blue"), start=1):
        cells_m2 = (surface.level == code).sum() * GRID.cell_area_m2
        assert made.area_m2[made.level == level].sum() == pytest.approx(cells_m2, rel=0.03, abs=1.0)
    (open_zone,) = made[made.level == "unrated"].geometry
    assert open_zone.covers(point(1700.0, 0.0)) and not open_zone.covers(point(0.0, 0.0))
    assert made.n_sources.min() >= 1 and made.max_index.isna().all()


def test_tiles_give_the_very_bits_of_the_whole():
    found, whole = surface_of(county(chemical(CHLORINE, 100.0), contours=report((3e-6, box(-320, -200, 90, 470)))))
    for rows, cols, tile in GRID.tiles(17):
        part = risk_surface(found.unit_risk, tile, POLICY)
        assert np.array_equal(part.level, whole.level[rows, cols])
        assert np.array_equal(part.hazard, whole.hazard[rows, cols], equal_nan=True)


def test_what_is_kept_gives_the_same_surface_and_spares_the_computing():
    layers = county(chemical(CHLORINE, 100.0))
    found, surface = surface_of(layers)
    kept = UnitRisk.from_plain(found.unit_risk.as_plain())
    assert np.array_equal(risk_surface(kept, GRID, POLICY).hazard, surface.hazard, equal_nan=True)
    known = {table.stamp: table.table + 1.0 for table in kept.tables}
    again = assess(layers, on=ON, grid=square(100), known=known)
    assert again.standing.tables[0].table.min() >= 1.0
    changed = assess(county(chemical(CHLORINE, 101.0)), on=ON, grid=square(100), known=known)
    assert changed.standing.tables[0].table.min() == 0.0


def test_a_town_is_as_exposed_as_most_of_its_people():
    _, surface = surface_of(county(chemical(CHLORINE, 400.0)))
    towns = gpd.GeoDataFrame({"town_code": ["a"], "name": ["T"]}, geometry=[box(-2000, -2000, 2000, 2000)], crs=CRS)
    points = gpd.GeoDataFrame({"level": ["red"], "town_name": ["T"], "enterprise_id": ["E1"], "is_assumption": [False]}, geometry=[point(0, 0)], crs=CRS)
    near, far = np.zeros(GRID.shape), np.zeros(GRID.shape)
    near[GRID.cell_of(X + 25, Y)], far[GRID.cell_of(X + 1950, Y + 1950)] = 100.0, 100.0
    levels = [rate_towns(towns, points, surface, population=people, on=ON).iloc[0] for people in (near, far)]
    assert levels[0].level in ("red", "orange", "yellow") and levels[1].level == "blue"
    assert levels[0].index_p95 is None and label_regions(surface.level)[1] > 0


@pytest.mark.parametrize(("old", "new"), [("red = 3e-5\norange", "red = 3e-7\norange"), ("[risk_from]", "[index_from]"), ("individual_risk\"\nstrengths", "grid_maximum\"\nstrengths")])
def test_a_policy_of_risk_that_contradicts_itself_is_not_used(tmp_path, old, new):
    for path in POLICIES_DIR.iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "individual_risk_2026A.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RuleTableError):
        load_policy("individual_risk_2026A", tmp_path)


def test_parts_of_a_place_sum_to_the_rasters_risk_and_give_its_level():
    units = [unit(), unit("U2", 200.0, 100.0), unit("U3", 0.0, 0.0, enterprise_id="E2"), unit("U4", 900.0, 0.0)]
    layers = county(chemical(CHLORINE, 50.0), chemical(CHLORINE, 9.0, "U2"), chemical(CHLORINE, 5.0, "U3"),
                    chemical(CHLORINE, None, "U4"), units=units,
                    contours=report((3e-6, box(-500, -500, 500, 500)), (1e-5, box(-50, -50, 50, 50)), enterprise_id="E2"))  # fmt: skip
    found, surface = surface_of(layers)
    for x, y in ((25, 25), (300, -80), (700, 0), (1900, 1900)):
        row, col = GRID.cell_of(X + x, Y + y)
        told = risk_reasons(found.unit_risk, X + x, Y + y, grid=GRID, policy=POLICY)
        assert told.risk_per_year == pytest.approx(float(np.nan_to_num(surface.hazard[row, col])), rel=1e-6, abs=1e-30)
        assert sum(part.risk_per_year for part in told.parts) == pytest.approx(told.risk_per_year, rel=1e-6)
        assert {"unrated": 0, "red": 1, "orange": 2, "yellow": 3, "blue": 4}[told.level] == surface.level[row, col]
    middle = risk_reasons(found.unit_risk, X + 25, Y + 25, grid=GRID, policy=POLICY)
    assert next(part for part in middle.parts if part.source_layer == "official_contours").risk_per_year == 1e-5
    assert risk_reasons(found.unit_risk, X + 700, Y, grid=GRID, policy=POLICY).open_ids == ("U4",)


def test_without_a_unit_or_a_report_the_rest_is_told():
    units = [unit(), unit("U2", 0.0, 0.0, enterprise_id="E2")]
    layers = county(chemical(CHLORINE, 5.0), chemical(CHLORINE, 400.0, "U2"), units=units,
                    contours=report((3e-5, box(-500, -500, 500, 500))))  # fmt: skip
    found = risk_reasons(surface_of(layers)[0].unit_risk, X + 25, Y + 25, grid=GRID, policy=POLICY)
    told = {one.point_id: one for one in without_parts(found, {"U2": "氯罐区"}, POLICY)}
    ours = next(part.risk_per_year for part in found.parts if part.source_id == "U2")
    assert told["hazard_units:U2"].text_zh == "没有 氯罐区: 3.0e-05/年,重大" and told["hazard_units:U2"].level == "red"
    assert f"{ours:.1e}/年" in told["official_contours:3e-05"].text_zh
    nothing_left = without_parts(risk_reasons(surface_of(county(chemical(CHLORINE, 400.0)))[0].unit_risk, X + 25, Y + 25, grid=GRID, policy=POLICY), {}, POLICY)
    assert [(one.level, one.text_en) for one in nothing_left] == [("unrated", "without U1: 0.0e+00 a year, no colour")]


@pytest.mark.parametrize(("x_m", "has_open", "state", "said"), [
    (25, False, "rated", "筛查"), (25, True, "rated", "下限"), (0, False, "below", "不着色"), (0, True, "unrated", "无法定级"),
])  # fmt: skip
def test_state_level_and_words_of_a_place_agree(x_m, has_open, state, said):
    """A risk too small for a colour beside a unit without a figure is not rated, and never "rated" with no level."""
    parts = (RiskPart("hazard_units", "U1", "E1", 1e-5 if state == "rated" else 1e-9, float(x_m)),)
    found = RiskReasons(level_at(parts[0].risk_per_year, POLICY), parts[0].risk_per_year, parts, ("U2",) if has_open else (), "R", "clause")
    told = state_of(found.level, has_parts=True, has_open=has_open)
    assert told == state and (drawn_level(told, found.level) in RATED) == (state == "rated")
    notes = _notes(told, found)
    assert any(said in note for note in notes["notes_zh"]) and len(notes["notes_en"]) == len(notes["notes_zh"])
