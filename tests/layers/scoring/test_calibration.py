"""Chainage as the posts state it: there and back, gaps, equations, reroutes, branches, wrong posts, lines drawn backwards."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.errors import ChainageError
from layers.scoring.calibration import calibrated, calibration_facts, chainage_of
from layers.scoring.chainage import Chainage, Knot
from layers.scoring.crossings import crossings
from layers.scoring.distances import find_violations
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.pipelines import conflicts
from layers.scoring.works_notices import notice
from layers.scoring.rules import read_rules
from tests.layers.scoring.frames import CRS, building, box, layer, line, pipeline, point, road

LONG = line((0, 0), (4000, 0), (4000, 6000))
RULES = read_rules()
ON = date(2026, 9, 30)


def post(x: float, y: float, chainage_m: float, **fields: Any) -> dict[str, Any]:
    return {"geometry": point(x, y), "pipeline_id": "P1", "name": None, "kind": "milepost", "chainage_m": chainage_m,
            "back_chainage_m": np.nan} | fields  # fmt: skip


def of(*posts: dict[str, Any], geometry: Any = LONG, start_m: float | None = 0.0) -> Any:
    row = layer(pipeline(geometry, start_chainage_m=np.nan if start_m is None else start_m)).iloc[0]
    return calibrated(row, {"pipeline_markers": layer(*posts)} if posts else {}, CRS)


def at(found: Any, x: float, y: float) -> float:
    return float(found.along.at(np.array([point(x, y)]))[0])


def test_without_posts_the_chainage_is_the_drawn_length() -> None:
    found = of(start_m=12_000.0)
    assert at(found, 500, 30) == pytest.approx(12_500, abs=0.01)
    assert calibration_facts(found)["n_used"] == 0 and found.rms_m is None


def test_between_two_posts_the_stated_difference_is_spread_evenly() -> None:
    found = of(post(1000, 3, 1010.0), post(3000, -3, 3030.0))
    assert at(found, 2000, 0) == pytest.approx(2020, abs=0.01)
    assert at(found, 500, 0) == pytest.approx(505, abs=0.01)  # from the start chainage to the first post
    assert at(found, 3500, 0) == pytest.approx(3530, abs=0.01)  # beyond the last a metre is a metre


def test_residuals_say_what_the_drawing_and_the_neighbours_miss() -> None:
    facts = calibration_facts(of(post(1000, 0, 1010.0), post(2000, 0, 2024.0), post(3000, 0, 3030.0)))
    assert [entry["residual_m"] for entry in facts["posts"]] == pytest.approx([10, 24, 30], abs=0.01)
    assert facts["posts"][1]["check_m"] == pytest.approx(4.0, abs=0.01) and facts["posts"][0]["check_m"] is None
    assert facts["rms_m"] == pytest.approx(4.0, abs=0.01) and facts["largest_m"] == pytest.approx(30, abs=0.01)


def test_equation_leaps_and_the_chainage_leapt_over_is_an_error() -> None:
    found = of(post(1000, 0, 1000.0), post(2000, 0, 2180.0, kind="equation", back_chainage_m=2000.0), post(3000, 0, 3180.0))
    assert at(found, 1999, 0) == pytest.approx(1999, abs=0.01) and at(found, 2001, 0) == pytest.approx(2181, abs=0.01)
    assert found.equations == [(pytest.approx(2000), pytest.approx(2180))]
    with pytest.raises(ChainageError, match=r"K2\+100: the chainage equation leaps from K2\+000 to K2\+180"):
        found.along.places(2100.0)
    assert found.along.between(1900.0, 2100.0).length == pytest.approx(100, abs=0.01)


def test_chainage_that_stands_twice_has_both_places() -> None:
    found = of(post(1000, 0, 1000.0), post(2000, 0, 1900.0, kind="equation", back_chainage_m=2000.0), post(3000, 0, 2900.0))
    assert [round(place.x - 500_000) for place in found.along.places(1950.0)] == [1950, 2050]
    assert found.along.between(1950.0, 1960.0).length == pytest.approx(110, abs=0.01)


def test_measures_are_kept_on_both_sides_of_a_gap() -> None:
    parts = shapely.multilinestrings([*shapely.get_parts(line((0, 0), (2000, 0))), *shapely.get_parts(line((2500, 0), (5000, 0)))])
    found = of(post(1000, 0, 1000.0), post(3000, 0, 3040.0), post(4000, 0, 4040.0), geometry=parts)
    assert at(found, 1999, 0) == pytest.approx(1999, abs=0.01)
    assert at(found, 2000, 0) == pytest.approx(2000, abs=0.01) and at(found, 2500, 0) == pytest.approx(2540, abs=0.01)
    assert found.equations == [(pytest.approx(2000), pytest.approx(2540))]
    with pytest.raises(ChainageError, match="leaps"):
        found.along.places(2300.0)


def test_post_painted_wrong_is_left_out_and_said_so() -> None:
    found = of(post(1000, 0, 1000.0), post(2000, 0, 20_000.0), post(3000, 0, 3000.0), post(3500, 400, 3500.0))
    assert [entry.why for entry in found.posts] == ["", "contradicts", "", "far"]
    assert at(found, 2000, 0) == pytest.approx(2000, abs=0.01)


def test_reroute_without_an_equation_is_estimated_between_its_posts() -> None:
    after = [post(4000, y, 3400.0 + y) for y in (1000.0, 2000.0, 3000.0, 4000.0)]
    found = of(post(1000, 0, 1000.0), post(2000, 0, 2000.0), *after)
    assert not [entry for entry in found.posts if entry.why]
    assert at(found, 4000, 3500) == pytest.approx(6900, abs=0.01)
    (entry,) = found.estimated
    assert (entry.from_m, entry.to_m, entry.difference_m) == (pytest.approx(2000), pytest.approx(4400), pytest.approx(-600, abs=0.1))


def test_line_drawn_against_its_posts_is_turned_with_its_sides() -> None:
    found = of(post(1000, 0, 9000.0), post(3000, 0, 7000.0), start_m=None)
    assert found.is_turned and at(found, 2000, 0) == pytest.approx(8000, abs=0.01)
    assert found.along.side(np.array([point(2000, 20)]))[0] == "right"
    assert found.of_drawn(np.array([2000.0]))[0] == pytest.approx(8000, abs=0.01)


def test_branch_has_the_chainage_of_its_own_posts() -> None:
    main, branch = pipeline(LONG), pipeline(line((1000, 0), (1000, 3000)), pipeline_id="P2", start_chainage_m=0.0)
    posts = layer(post(1000, 0, 12_950.0), post(1000, 2000, 2010.0, pipeline_id="P2"))
    rows = layer(main, branch)
    assert chainage_of(rows.iloc[0], {"pipeline_markers": posts}, CRS).at(np.array([point(1000, 0)]))[0] == pytest.approx(12_950, abs=0.01)
    assert chainage_of(rows.iloc[1], {"pipeline_markers": posts}, CRS).at(np.array([point(1000, 1000)]))[0] == pytest.approx(1005, abs=0.01)


@pytest.mark.parametrize("chainage_m", [-0.1, 10_000.1, 99_000.0])
def test_chainage_beyond_the_line_is_an_error_that_names_its_ends(chainage_m: float) -> None:
    with pytest.raises(ChainageError, match=r"must lie within K0\+000 to K10\+000"):
        of().along.places(chainage_m)


stretches = st.lists(st.tuples(st.floats(20, 900), st.floats(0.7, 1.3), st.floats(-200, 200)), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(stretches, st.floats(0, 1), st.floats(0, 1))
def test_chainage_and_place_are_inverse(rows: list[tuple[float, float, float]], share: float, start: float) -> None:
    """A place has a chainage, and that chainage is at the place (or at one more, where it stands twice)."""
    knots, true_m, told_m = [], 0.0, 1000.0 * start
    for length_m, slope, leap_m in rows:
        true_m, before_m = true_m + length_m, told_m + length_m * slope
        told_m = before_m + leap_m
        knots.append(Knot(true_m, before_m, told_m))
    along = Chainage(shapely.get_parts(LONG), CRS, knots=tuple(knots))
    wanted_m = share * along.length_m
    chainage_m = float(along.of_true(np.array([wanted_m]))[0])
    assert min(abs(true - wanted_m) for true in along.true_of(chainage_m)) < 0.02
    for place in along.places(chainage_m):
        back_m = float(along.at(np.array([place]))[0])
        is_at_knot = min(abs(along.nearest_true(np.array([place]))[0][0] - knot.true_m) for knot in knots) < 0.02
        assert is_at_knot or back_m == pytest.approx(chainage_m, abs=0.02)


def test_every_answer_speaks_in_the_chainage_of_the_posts() -> None:
    posts = layer(post(1000, 0, 50_000.0), post(2000, 0, 51_000.0), post(3000, 0, 52_000.0))
    house = building(box(2500, 2, 2510, 12))
    layers = {"pipelines": layer(pipeline(LONG, start_chainage_m=np.nan)), "buildings": layer(house), "pipeline_markers": posts,
              "roads": layer(road(line((1500, -50), (1500, 50)), "county_road"))}  # fmt: skip
    row = layers["pipelines"].iloc[0]
    assert conflicts(row, layers, RULES, buffer_m=50, on=ON)["chainage_m"].iloc[0] == pytest.approx(51_500, abs=11)
    assert crossings(row, layers, crs=CRS)["chainage_m"].iloc[0] == pytest.approx(50_500, abs=0.1)
    found = find_violations(layers, RULES, on=ON).violations
    assert found.loc[found["rule_id"] == "PIPE-L30-3", "chainage_m"].iloc[0] == pytest.approx(51_500, abs=11)
    told = notice(box(2600, -10, 2620, 10), ["road"], layers, RULES, on=ON)
    assert told["chainage_from_m"].min() == pytest.approx(51_550, abs=60)
    crowd = layer(*(building(box(x, 20, x + 10, 30), n_households=30) for x in range(2000, 2400, 20)))
    areas = high_consequence_areas(layers | {"buildings": crowd}, RULES)
    assert len(areas) and areas["from_m"].min() >= 49_000 and areas["to_m"].max() <= 59_001
