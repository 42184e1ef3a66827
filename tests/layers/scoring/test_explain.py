"""Why a cell has its colour: the parts sum to the number that the raster shows."""

import numpy as np
import pytest
import shapely

from layers.scoring.explain import drawn_level, explain_point
from layers.scoring.policy import LEVEL_CODES, RATED
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import GRID, MAXIMUM, WEIGHTED, frame, random_sources, source


def level_name(code):
    return {code: level for level, code in LEVEL_CODES.items()}.get(int(code), "unrated")


@pytest.mark.parametrize("policy", [WEIGHTED, MAXIMUM], ids=["weighted", "maximum"])
def test_explanation_is_the_number_of_the_raster(policy):
    rng = np.random.default_rng(11)
    points = random_sources(11, 40)
    v = rng.choice([0.7, 0.85, 1.0, 1.2], GRID.shape).astype(np.float32)
    surface = risk_index(points, GRID, policy, vulnerability=v)
    for _ in range(150):
        row, col = int(rng.integers(GRID.rows)), int(rng.integers(GRID.cols))
        x, y = np.array(GRID.centre(row, col)) + rng.uniform(-24, 24, 2)
        told = explain_point(x, y, points, policy, grid=GRID, vulnerability=v[row, col])
        assert (told.row, told.col) == (row, col)
        assert told.level == level_name(surface.level[row, col])
        shown = surface.index[row, col]
        assert told.index == (None if np.isnan(shown) else pytest.approx(float(shown), rel=1e-6))


def test_points_of_the_contributions_sum_to_the_index():
    points = random_sources(12, 40)
    told = explain_point(1010, 990, points, WEIGHTED, grid=GRID, vulnerability=0.85)
    assert len(told.contributions) > 3
    assert sum(part.points for part in told.contributions) == pytest.approx(told.index, rel=1e-9)
    assert sum(part.share for part in told.contributions) == pytest.approx(1)
    shares = [part.share for part in told.contributions]
    assert shares == sorted(shares, reverse=True)


def test_one_contribution_by_hand():
    told = explain_point(1175, 1025, frame(source((1025, 1025))), WEIGHTED, grid=GRID, vulnerability=0.85)
    part = told.contributions[0]
    assert (part.distance_m, part.h, part.share) == (150, pytest.approx(0.309375), 1)
    assert told.index == part.points == pytest.approx(26.296875, rel=1e-6)
    assert told.state == "rated" and told.footprint_rule is None


def test_two_equal_sources_share_equally():
    points = frame(source((1025, 1025), name="a"), source((1025, 1025), name="b"))
    told = explain_point(1125, 1025, points, WEIGHTED, grid=GRID)
    assert [part.share for part in told.contributions] == [0.5, 0.5]


def test_footprint_rule_is_told_with_the_index_before_it():
    told = explain_point(1025, 1025, frame(source((1025, 1025))), WEIGHTED, grid=GRID, vulnerability=0.7)
    rule = told.footprint_rule
    assert told.index == 45 and told.level == "orange"
    assert (rule.point_id, rule.level, rule.index_from) == ("a", "orange", 45)
    assert rule.index_before == pytest.approx(38.5)
    assert sum(part.points for part in told.contributions) == pytest.approx(45)


def test_place_out_of_reach_is_not_called_safe():
    told = explain_point(1900, 1900, frame(source((1025, 1025))), WEIGHTED, grid=GRID)
    assert (told.state, told.level, told.index) == ("no_source", "unrated", None)
    assert "未登记不等于安全" in told.notes_zh[0]


def test_unrated_source_is_told():
    hidden = source((1025, 1025), level="unrated", strength=np.nan, radius_m=80, name="z")
    told = explain_point(1030, 1030, frame(hidden), WEIGHTED, grid=GRID)
    assert (told.state, told.unrated_ids) == ("unrated", ("z",))
    told = explain_point(1030, 1030, frame(hidden, source((1025, 1025))), WEIGHTED, grid=GRID)
    assert told.state == "rated" and told.unrated_ids == ("z",)
    assert any("下限" in note for note in told.notes_zh)


@pytest.mark.parametrize(("distance_m", "has_open", "state", "drawn", "said"), [
    (0, False, "rated", "red", None), (0, True, "rated", "red", "下限"), (288, False, "below", None, "低于蓝色下限,不着色"),
    (288, True, "unrated", "unrated", "无法定色"), (900, False, "no_source", None, "未登记不等于安全"), (900, True, "unrated", "unrated", "无法定色"),
])  # fmt: skip
def test_state_level_and_words_agree(distance_m, has_open, state, drawn, said):
    """A cell of index below blue is no colour where all is known, and not rated where an open source may reach it."""
    rated = source((1025, 1025), strength=1.0, radius_m=310)
    hidden = source((1025 + distance_m, 1025), level="unrated", strength=np.nan, radius_m=80, name="z")
    told = explain_point(1025 + distance_m, 1025, frame(*([rated, hidden] if has_open else [rated])), WEIGHTED, grid=GRID)
    assert (told.state, drawn_level(told.state, told.level)) == (state, drawn)
    assert (told.state == "rated") == (told.level in RATED)
    assert said is None or any(said in note for note in told.notes_zh)
    assert not any("颜色为下限" in note for note in told.notes_zh) or state == "rated"


def test_source_too_coarse_to_colour_is_told():
    row = source((1025, 1025), level="red", strength=np.nan, radius_m=np.nan, name="c")
    vague = row | {"reach_m": 300.0, "accuracy_m": 500.0}
    told = explain_point(1725, 1025, frame(vague), WEIGHTED, grid=GRID)
    assert (told.state, told.unrated_ids) == ("unrated", ("c",)) and "位置不准" in told.notes_zh[0]
    assert explain_point(1875, 1025, frame(vague), WEIGHTED, grid=GRID).state == "no_source"


def test_grid_maximum_names_the_deciding_member_and_the_others():
    points = frame(
        source((1025, 1025), level="yellow", name="a"), source((1125, 1025), level="red", name="b")
    )
    told = explain_point(1025, 1025, points, MAXIMUM, grid=GRID)
    assert (told.level, told.index) == ("red", None)
    assert [(part.point_id, part.is_deciding) for part in told.contributions] == [("b", True), ("a", False)]


def test_inside_a_polygon_the_distance_is_zero_and_in_its_hole_it_is_not():
    ring = shapely.Point(1025, 1025).buffer(300).difference(shapely.Point(1025, 1025).buffer(150))
    points = frame(source(ring, radius_m=500))
    assert explain_point(1225, 1025, points, WEIGHTED, grid=GRID).contributions[0].distance_m == 0
    in_hole = explain_point(1025, 1025, points, WEIGHTED, grid=GRID).contributions[0]
    assert in_hole.distance_m == pytest.approx(150, abs=1) and not in_hole.is_on_footprint


def test_assumption_is_noted():
    told = explain_point(1025, 1025, frame(source((1025, 1025), assumed=True)), WEIGHTED, grid=GRID)
    assert told.contributions[0].is_assumption and any("假设" in note for note in told.notes_zh)
