"""Why cells changed colour: the causes of every change add up to its area, and name what was changed."""

import dataclasses

import numpy as np
import pytest
import shapely

from layers.scoring.changes import (
    NOT_REPRODUCED,
    OTHER_METHOD,
    Side,
    changed_sources,
    changes_between,
)
from layers.scoring.policy import Cuts
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import (
    GRID,
    MAXIMUM,
    WEIGHTED,
    frame,
    random_sources,
    source,
)


def side(points, policy=WEIGHTED, v=1.0, grid=GRID):
    v = np.broadcast_to(np.float32(v), grid.shape).copy()
    return Side(points, policy, grid, risk_index(points, grid, policy, vulnerability=v).level, v)


def by_cause(changes):
    return changes.shares.groupby("cause")["area_m2"].sum().to_dict()


def assert_adds_up(changes):
    total = changes.shares.groupby("patch")["area_m2"].sum()
    assert total.to_numpy() == pytest.approx(changes.patches.set_index("patch")["area_m2"].loc[total.index].to_numpy())
    assert len(total) == len(changes.patches)


STAYS = source((1500, 1500), name="stays")


@pytest.mark.parametrize("policy", [WEIGHTED, MAXIMUM], ids=["weighted", "maximum"])
def test_one_new_source_explains_everything(policy):
    found = changes_between(side(frame(STAYS), policy), side(frame(STAYS, source((500, 500), level="red", name="new")), policy))
    assert set(by_cause(found)) == {"new"} and set(found.patches["before"]) == {"none"}
    assert by_cause(found)["new"] == (found.labels > 0).sum() * GRID.cell_area_m2
    assert_adds_up(found)


def test_nothing_changed_is_an_empty_report():
    found = changes_between(side(frame(STAYS)), side(frame(STAYS)))
    assert found.patches.empty and found.shares.empty


def test_source_that_rose_and_one_far_off_are_told_apart():
    before = frame(source((400, 400), level="yellow", name="a"), source((1600, 1600), level="red", name="b"))
    after = frame(source((400, 400), level="red", name="a"), source((1600, 1600), level="yellow", name="b"))
    found = changes_between(side(before), side(after))
    worse = found.patches.set_index("patch")
    for row in found.shares.itertuples():
        rank = ["none", "blue", "yellow", "orange", "red"]
        has_risen = rank.index(worse.loc[row.patch, "after"]) > rank.index(worse.loc[row.patch, "before"])
        assert row.cause == ("a" if has_risen else "b")
    assert_adds_up(found)


def test_two_equal_sources_share_equally():
    before = frame(source((1000, 1000), level="blue", name="a"), source((1000, 1000), level="blue", name="b"))
    after = frame(source((1000, 1000), level="red", name="a"), source((1000, 1000), level="red", name="b"))
    causes = by_cause(changes_between(side(before), side(after)))
    assert causes["a"] == pytest.approx(causes["b"]) and set(causes) == {"a", "b"}


def test_more_people_are_a_cause_of_their_own():
    found = changes_between(side(frame(STAYS), v=0.7), side(frame(STAYS), v=1.2))
    assert set(by_cause(found)) == {"people"}
    assert_adds_up(found)


def test_moved_bounds_of_the_policy_are_a_cause_of_their_own():
    stricter = dataclasses.replace(WEIGHTED, index_from=Cuts(60, 35, 15, 2))
    found = changes_between(side(frame(STAYS)), side(frame(STAYS), stricter))
    assert set(by_cause(found)) == {"policy"}


def test_people_and_source_together_share_and_add_up():
    found = changes_between(
        side(frame(source((1000, 1000), level="yellow", name="a")), v=0.7), side(frame(source((1000, 1000), level="orange", name="a")), v=1.2)
    )
    causes = by_cause(found)
    assert set(causes) == {"a", "people"} and min(causes.values()) > 0
    assert_adds_up(found)


def test_level_that_the_functions_do_not_give_is_a_named_remainder():
    wrong = side(frame(STAYS))
    wrong.level[5, 5] = 1
    found = changes_between(side(frame(STAYS)), wrong)
    assert by_cause(found) == {NOT_REPRODUCED: GRID.cell_area_m2}


def test_policy_of_another_method_is_not_taken_apart():
    other = dataclasses.replace(WEIGHTED, method="something_else")
    changed = side(frame(source((400, 400), name="new")))
    found = changes_between(side(frame(STAYS)), dataclasses.replace(changed, policy=other))
    assert set(by_cause(found)) == {OTHER_METHOD}
    assert_adds_up(found)


@pytest.mark.parametrize("policy", [WEIGHTED, MAXIMUM], ids=["weighted", "maximum"])
@pytest.mark.parametrize("seed", [3, 4])
def test_random_changes_add_up_without_a_remainder(policy, seed):
    before, after = random_sources(seed, 40), random_sources(seed, 40)
    after.loc[5:9, "strength"] *= 0.5
    after.loc[10:14, "radius_m"] *= 1.5
    after.loc[15:17, "geometry"] = after.geometry.loc[15:17].translate(180, -90)
    after.loc[18:20, "level"] = "red"
    after = after.drop(index=[21, 22])
    rng = np.random.default_rng(seed)
    v = [rng.choice([0.7, 0.85, 1.0, 1.2], GRID.shape).astype(np.float32) for _ in range(2)]
    found = changes_between(side(before, policy, v[0]), side(after, policy, v[1]))
    assert_adds_up(found)
    causes = by_cause(found)
    assert NOT_REPRODUCED not in causes
    assert set(causes) - {"people"} <= changed_sources(before, after)


def test_moved_grid_is_laid_over_the_other():
    points = frame(STAYS)
    whole, part = side(points), side(points, grid=GRID.window(0, 0, 20, 40))
    found = changes_between(part, whole)
    assert found.grid == GRID and (found.labels[:20] == 0).all()


def test_stretches_of_a_line_that_became_a_consequence_area_explain_the_change():
    line = shapely.LineString([(100, 1000), (1900, 1000)])
    before = frame(source(line, level="yellow", strength=0.5, name="pipelines:P"))
    after = frame(
        source(shapely.LineString([(100, 1000), (900, 1000)]), level="orange", strength=0.75, name="pipelines:P:hca"),
        source(shapely.LineString([(900, 1000), (1900, 1000)]), level="yellow", strength=0.5, name="pipelines:P"),
    )
    found = changes_between(side(before), side(after))
    assert set(by_cause(found)) <= {"pipelines:P:hca", "pipelines:P"} and by_cause(found)["pipelines:P:hca"] > 0
    assert_adds_up(found)
