"""Index, level and zones of cells: by hand, a second way, and what no tile, thread or order may change."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.errors import CrsMismatchError, RuleTableError
from layers.scoring.cell_vulnerability import neighbouring_plants, vulnerability
from layers.scoring.colouring_sources import prepare_sources
from layers.scoring.grid import Grid
from layers.scoring.outlines import label_regions, region_outlines
from layers.scoring.policy import (
    LEVEL_CODES,
    POLICIES_DIR,
    as_table,
    load_policy,
    load_strengths,
    policies,
    recorded_policy,
)
from layers.scoring.zone_polygons import zones
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import (
    CRS,
    GRID,
    MAXIMUM,
    WEIGHTED,
    frame,
    random_sources,
    source,
)


def brute_force(points, grid, policy, v):
    """The same by shapely, one source after the other over all cells."""
    x = np.array([grid.centre(0, col)[0] for col in range(grid.cols)])
    y = np.array([grid.centre(row, 0)[1] for row in range(grid.rows)])[:, None]
    centres, cells = shapely.points(x + 0 * y, y + 0 * x), shapely.box(x - 25, y - 25, x + 25, y + 25)
    cubes, floor = np.zeros(grid.shape), np.zeros(grid.shape)
    for entry in points.itertuples():
        far = np.minimum(1, shapely.distance(centres, entry.geometry) / entry.radius_m)
        cubes += (entry.strength * (1 - far**2) ** 2) ** 3
        bound = getattr(policy.index_from, policy.footprint_from.level_of(entry.strength))
        floor = np.maximum(floor, bound * shapely.intersects(cells, entry.geometry))
    index = (100 * np.minimum(1, np.minimum(1, np.cbrt(cubes)) * v)).astype(np.float32)
    index = np.where((cubes > 0) | (floor > 0), np.maximum(index, floor), np.nan)
    level = np.vectorize(lambda value: LEVEL_CODES.get(policy.index_from.level_of(value), 0))(
        np.nan_to_num(index, nan=-1)
    )
    return index, level


def test_raster_agrees_with_brute_force():
    points = random_sources(3, 25)
    v = np.random.default_rng(1).choice([0.7, 0.85, 1.0, 1.2], GRID.shape).astype(np.float32)
    surface = risk_index(points, GRID, WEIGHTED, vulnerability=v)
    index, level = brute_force(points, GRID, WEIGHTED, v.astype(float))
    np.testing.assert_allclose(surface.index, index, rtol=1e-6, atol=1e-5)
    assert (surface.level == level).all() and len(np.unique(level)) == 5


def test_one_source_by_hand():
    # cell centre 150 m from the source, R 300: x = 0.5, h = 0.55 (1 - 0.25)^2 = 0.309375
    surface = risk_index(frame(source((1025, 1025))), GRID, WEIGHTED, vulnerability=0.85)
    row, col = GRID.cell_of(1025 + 150, 1025)
    assert surface.index[row, col] == pytest.approx(100 * 0.309375 * 0.85, rel=1e-6)
    assert surface.hazard[row, col] == pytest.approx(0.309375, rel=1e-6)
    assert surface.level[row, col] == LEVEL_CODES["yellow"]


def test_footprint_takes_at_least_the_level_of_its_strength():
    surface = risk_index(frame(source((1001, 1049))), GRID, WEIGHTED, vulnerability=0.7)
    here, beside = GRID.cell_of(1001, 1049), GRID.cell_of(1051, 1049)
    assert surface.index[here] == 45 and surface.level[here] == LEVEL_CODES["orange"]
    assert surface.index[beside] < 45


def test_lower_bound_is_included():
    surface = risk_index(frame(source((1025, 1025), strength=0.7, level="red")), GRID, WEIGHTED)
    assert surface.index[GRID.cell_of(1025, 1025)] == 70
    assert surface.level[GRID.cell_of(1025, 1025)] == LEVEL_CODES["red"]


def test_cells_out_of_reach_have_no_colour():
    surface = risk_index(frame(source((1025, 1025))), GRID, WEIGHTED)
    assert np.isnan(surface.index[GRID.cell_of(1025 + 300, 1025)])
    assert surface.level[GRID.cell_of(1025 + 300, 1025)] == 0
    assert np.isnan(surface.index).sum() > 1000


def test_cells_outside_the_mask_have_no_colour():
    mask = GRID.mask_of(shapely.box(0, 0, 1000, 2000))
    surface = risk_index(frame(source((1000, 1025))), GRID, WEIGHTED, mask=mask)
    assert np.isnan(surface.index[~mask]).all() and not surface.level[~mask].any()
    assert surface.level[mask].any()


def test_three_equal_neighbours_multiply_by_the_cube_root_of_three():
    one = risk_index(frame(source((1025, 1025), strength=0.4, level="yellow")), GRID, WEIGHTED)
    three = risk_index(
        frame(*(source((1025, 1025), strength=0.4, level="yellow", name=n) for n in "abc")), GRID, WEIGHTED
    )
    cell = GRID.cell_of(1025, 1025)
    assert three.index[cell] / one.index[cell] == pytest.approx(3 ** (1 / 3), rel=1e-6)
    assert 3 ** (1 / 3) == pytest.approx(1.44, abs=0.003)


def test_fifty_shops_cannot_make_red():
    shops = [source((1025, 1025), level="blue", radius_m=80, name=f"{n:02d}") for n in range(50)]
    surface = risk_index(frame(*shops), GRID, WEIGHTED, vulnerability=1.2)
    assert LEVEL_CODES["red"] not in surface.level


def test_unrated_and_carried_sources_colour_nothing():
    rows = [
        source((1025, 1025), level="unrated", strength=np.nan),
        source((525, 525), strength=np.nan, name="b"),
    ]
    assert not risk_index(frame(*rows), GRID, WEIGHTED).level.any()


@pytest.mark.parametrize("policy", [WEIGHTED, MAXIMUM], ids=["weighted", "maximum"])
@pytest.mark.parametrize("size", [13, 33])
def test_tiles_give_the_same_bits(policy, size):
    points = random_sources(5, 60)
    grid = Grid(25.0, -10, 90, 100, 95)  # 100 rows: more than one band
    whole = risk_index(points, grid, policy)
    sources = prepare_sources(points, policy)
    index, level = np.empty(grid.shape, np.float32), np.empty(grid.shape, np.uint8)
    for rows, cols, tile in grid.tiles(size):
        part = risk_index(sources, tile, policy)
        index[rows, cols], level[rows, cols] = part.index, part.level
    assert index.tobytes() == whole.index.tobytes() and (level == whole.level).all()


def test_order_of_the_rows_does_not_matter():
    points = random_sources(6, 40)
    shuffled = points.sample(frac=1, random_state=1)
    assert (
        risk_index(points, GRID, WEIGHTED).index.tobytes()
        == risk_index(shuffled, GRID, WEIGHTED).index.tobytes()
    )


@settings(max_examples=20, deadline=None)
@given(
    near=st.floats(0, 400),
    further=st.floats(0, 400),
    strength=st.floats(0.05, 1),
    radius_m=st.floats(40, 400),
)
def test_risk_falls_with_distance(near, further, strength, radius_m):
    cell = Grid(50.0, 0, 1, 1, 1)
    values = [
        risk_index(frame(source((125 + d, 25), strength=strength, radius_m=radius_m)), cell, WEIGHTED).index[
            0, 0
        ]
        for d in (near, near + further)
    ]
    assert np.nan_to_num(values[0]) >= np.nan_to_num(values[1])


def test_grid_maximum_takes_the_worst_member_in_reach():
    points = frame(
        source((525, 1025), level="yellow", name="a"),
        source((725, 1025), level="red", radius_m=200, name="b"),
    )
    surface = risk_index(points, GRID, MAXIMUM)
    assert (
        surface.level[GRID.cell_of(525, 1025)] == LEVEL_CODES["yellow"]
    )  # exactly 200 m from b: out of reach
    assert surface.level[GRID.cell_of(575, 1025)] == LEVEL_CODES["red"]
    assert np.isnan(surface.index).all()


def test_degrees_are_refused():
    with pytest.raises(CrsMismatchError):
        risk_index(frame(source((105, 30))).set_crs("EPSG:4490", allow_override=True), GRID, WEIGHTED)


# Vulnerability


@pytest.mark.parametrize(
    ("persons", "factor"),
    [(0, 0.7), (0.24, 0.7), (0.25, 0.85), (2.49, 0.85), (2.5, 1.0), (12.49, 1.0), (12.5, 1.2), (np.nan, 1.0)],
)
def test_vulnerability_by_density_of_the_cell(persons, factor):
    v, is_unknown = vulnerability(GRID, WEIGHTED, population=np.full(GRID.shape, persons))
    assert v[0, 0] == np.float32(factor)
    assert is_unknown[0, 0] == np.isnan(persons)


def test_without_population_the_factor_is_the_unknown_one():
    v, is_unknown = vulnerability(GRID, WEIGHTED)
    assert (v == 1).all() and is_unknown.all()


def test_sensitive_target_makes_its_cells_sensitive():
    targets = gpd.GeoDataFrame(
        {"target_class": ["high_sensitive", "important", "general_1", "high_sensitive"]},
        geometry=[shapely.Point(110, 110), shapely.box(510, 510, 590, 540), shapely.Point(900, 900), None],
        crs=CRS,
    )
    v, _ = vulnerability(GRID, WEIGHTED, population=np.zeros(GRID.shape), targets=targets)
    assert {tuple(cell) for cell in np.argwhere(v == np.float32(1.2))} == {
        GRID.cell_of(110, 110),
        GRID.cell_of(510, 510),
        GRID.cell_of(560, 510),
    }


def test_staff_count_within_reach_of_another_plant_only():
    enterprises = gpd.GeoDataFrame(
        {"enterprise_id": ["own", "near", "far"], "n_persons": [500, 500, 500], "status": ["operating"] * 3},
        geometry=[shapely.Point(1025, 1025), shapely.Point(1125, 1025), shapely.Point(1825, 1025)],
        crs=CRS,
    )
    plants = neighbouring_plants(enterprises, frame(source((1025, 1025), owner="own")))
    assert list(plants.enterprise_id) == ["near"]
    v, _ = vulnerability(GRID, WEIGHTED, population=np.zeros(GRID.shape), plants=plants)
    assert v[GRID.cell_of(1125, 1025)] == np.float32(1.2) and v[GRID.cell_of(1025, 1025)] == np.float32(0.7)


# Zones


def zoned(points, policy=WEIGHTED, grid=GRID):
    surface = risk_index(points, grid, policy)
    return surface, zones(surface, points)


def test_zones_cover_their_cells_without_gap_or_overlap():
    points = random_sources(8, 60, side_m=4000)
    surface, found = zoned(points, grid=Grid(50.0, 0, 80, 80, 80))
    rated = found[found.level != "unrated"].geometry.to_numpy()
    assert shapely.is_valid(rated).all() and shapely.coverage_is_valid(rated, gap_width=20.0)
    rows, cols = np.nonzero(surface.level)
    x, y = 50.0 * cols + 25.0, 50.0 * (80 - rows) - 25.0
    cells, covered = shapely.union_all(shapely.box(x - 25, y - 25, x + 25, y + 25)), shapely.union_all(rated)
    # corners are cut at half a cell: nothing else of a coloured cell is open, and no colour lies farther out
    assert shapely.hausdorff_distance(cells, covered) <= 36.0
    assert shapely.contains_properly(covered.buffer(0.01), shapely.points(x, y)).all()
    for level, code in LEVEL_CODES.items():
        area = (surface.level == code).sum() * 2500.0
        assert found.area_m2[found.level == level].sum() == pytest.approx(area, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_smoothing_moves_no_area_from_zone_to_zone(seed):
    rng = np.random.default_rng(seed)
    level = np.kron(rng.integers(0, 5, (10, 12)), np.ones((8, 8), int)).astype(np.uint8)
    level = np.where(rng.random(level.shape) < 0.03, rng.integers(0, 5, level.shape), level).astype(np.uint8)
    regions, n_rated = label_regions(level)
    outlines, ids = region_outlines(regions, n_rated, Grid(50.0, 3, 200, *level.shape))
    cells = np.bincount(regions.ravel())[ids]
    assert shapely.is_valid(outlines).all() and shapely.coverage_is_valid(outlines)
    assert shapely.area(outlines) / 2500 == pytest.approx(cells, rel=1e-12)
    assert (np.diff(shapely.get_coordinates(outlines), axis=0) % 50 == 25.0).any(), "stairs were cut at all"
    assert sorted(ids) == list(range(1, n_rated + 1))


def test_zones_of_few_cells_alone_keep_their_stairs():
    level = np.zeros((6, 6), np.uint8)
    level[1:3, 1:4] = level[2, 4] = 2
    outlines, ids = region_outlines(*label_regions(level), Grid(50.0, 3, 200, 6, 6))
    assert shapely.area(outlines).tolist() == [7 * 2500.0] and ids.tolist() == [1]


def test_zone_tells_its_sources_largest_index_and_assumption():
    points = frame(source((525, 525), name="a", assumed=True), source((1525, 1525), level="red", name="b"))
    _, found = zoned(points)
    red = found[found.level == "red"].iloc[0]
    assert red.max_index == 85 and red.n_sources == 1 and not red.is_assumption
    assert found[found.level == "orange"].is_assumption.any()
    assert found.zone_id.is_unique and (found.feature_id == found.zone_id).all()


def test_zone_ids_do_not_depend_on_the_extent_of_the_grid():
    points = random_sources(9, 10, side_m=1200)
    _, one = zoned(points, grid=Grid(50.0, -20, 60, 80, 80))
    _, other = zoned(points, grid=Grid(50.0, -25, 70, 95, 90))
    assert set(one.zone_id) == set(other.zone_id)


def test_unrated_sources_lie_as_one_zone_over_the_others():
    points = frame(
        source((525, 525), name="a"),
        source((525, 525), level="unrated", strength=np.nan, radius_m=80, name="b"),
        source((1525, 525), level="unrated", strength=np.nan, radius_m=80, name="c"),
    )
    _, found = zoned(points)
    unrated = found[found.level == "unrated"]
    assert len(unrated) == 1 and unrated.n_sources.iloc[0] == 2 and unrated.max_index.isna().all()
    assert unrated.area_m2.iloc[0] == pytest.approx(2 * np.pi * 80**2, rel=0.01)


def coarse(name="c", *, accuracy_m=500.0, **fields):
    row = source((1025, 1025), level="red", strength=np.nan, radius_m=np.nan, name=name)
    return row | {"reach_m": 300.0, "accuracy_m": accuracy_m} | fields


@pytest.mark.parametrize(("accuracy_m", "reach_m"), [(500.0, 800.0), (5000.0, 2300.0), (np.nan, 300.0)])
def test_source_too_coarse_to_colour_is_hatched_as_far_as_it_may_matter(accuracy_m, reach_m):
    _, found = zoned(frame(coarse(accuracy_m=accuracy_m)))
    assert found.level.tolist() == ["unrated"] and found.n_sources.tolist() == [1]
    assert found.area_m2.iloc[0] == pytest.approx(np.pi * reach_m**2, rel=0.01)


def test_danger_that_another_row_carries_is_not_hatched():
    _, found = zoned(frame(coarse(reach_m=np.nan)))
    assert found.empty


def test_nothing_registered_gives_no_zones():
    surface, found = zoned(frame(source((525, 525))).iloc[:0])
    assert found.empty and not surface.level.any()


# Policies


def test_policies_are_read_and_name_themselves_proposals():
    assert policies()[0] == "weighted_index_2026A" and len(policies()) >= 2
    for name in policies():
        assert "not a standard" in load_policy(name).source_en


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("orange = 45", "orange = 75"),
        ("factor = [0.7,", "factor = [0.9,"),
        ('version = "2026A"', 'edition = "x"'),
        ("max_unrated_pct = 20", ""),
        ("source_strengths_2026A", "elsewhere"),
        ('"weighted_index"', '"else"'),
    ],
)
def test_policy_that_contradicts_itself_is_refused(tmp_path, old, new):
    for path in POLICIES_DIR.iterdir():
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "weighted_index_2026A.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RuleTableError):
        load_policy("weighted_index_2026A", tmp_path)


def test_unknown_policy_is_refused():
    with pytest.raises(RuleTableError, match="known"):
        load_policy("no_such_policy")


def test_every_strength_has_a_reach():
    table = load_strengths()
    assert (table.radius_m.gt(0) | table.radius_unknown_m.gt(0)).all()


def test_policy_recorded_with_an_edition_reads_back_as_it_was():
    for policy_id in policies():
        policy = load_policy(policy_id)
        assert recorded_policy(json.loads(json.dumps(as_table(policy)))) == policy
