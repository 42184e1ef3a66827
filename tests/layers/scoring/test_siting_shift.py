"""The smallest shift: exact beside a line, at a corner, out of an area, and tried by the check before it is told."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import shapely

from layers.errors import InputError
from layers.scoring.flow_paths import reached_ground
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import SitePart, check_parts
from layers.scoring.siting_shift import Shift, barred_shifts, shift_for, shift_for_all
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_terms import Project, Reason, SiteContext
from tests.layers.scoring.frames import (
    CRS,
    X,
    Y,
    box,
    building,
    layer,
    line,
    pipeline,
    point,
    road,
    target,
)
from tests.layers.scoring.siting_questions import ALL_LAYERS

ON = date(2026, 9, 30)
COUNTY = box(-5000, -5000, 5000, 5000)
NOTHING = shapely.difference(box(-9000, -9000, 9000, 9000), COUNTY)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def shifts(layers: dict[str, object], site: shapely.Geometry, rules: RuleSet, kind: str = "industrial") -> tuple[list[Reason], list[Shift | None], Shift | None]:
    context = SiteContext(layers, dict.fromkeys((*ALL_LAYERS, *layers), "loaded"), CRS, boundary=COUNTY)  # type: ignore[arg-type]

    def judge(east_m: float, north_m: float) -> tuple[Reason, ...]:
        moved = shapely.transform(site, lambda xy: xy + (east_m, north_m))
        part = SitePart(moved, Project(kind, n_persons=50))
        try:
            return check_parts([part], context=context, rules=rules, on=ON).whole.reasons
        except InputError:
            pytest.fail("the shift leaves the county")

    reasons = judge(0.0, 0.0)
    given = {"parts": [site], "outside": NOTHING, "judge": judge, "crs": CRS}
    return list(reasons), [shift_for(reason, **given) for reason in reasons], shift_for_all(reasons, **given)


def test_site_beside_a_pipeline_moves_straight_away_by_what_is_short(rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(line((-3000, -2), (3000, -2))))}
    reasons, single, together = shifts(layers, box(-20, 0, 20, 40), rules)
    ban = next(shift for reason, shift in zip(reasons, single, strict=True) if reason.rule_id == "PIPE-L30-3")
    assert ban is not None and together is not None
    assert (ban.metres, ban.bearing_deg) == (pytest.approx(3.0, abs=0.11), pytest.approx(0.0, abs=0.1))
    assert together.metres == pytest.approx(198.0, abs=0.3)  # out of the 200 m of Art. 35 (3)


def test_shift_between_two_roads_clears_both_or_is_not_told(rules: RuleSet) -> None:
    layers = {"roads": layer(
        {**road(line((-3000, -30), (3000, -30)), "national_road"), "feature_id": "a"},
        {**road(line((-3000, 70), (3000, 70)), "national_road"), "feature_id": "b"},
    )}
    reasons, single, together = shifts(layers, box(-20, 0, 20, 40), rules)
    assert reasons and all(single)
    assert together is not None and together.metres > max(shift.metres for shift in single if shift)


@pytest.mark.parametrize("obstacle", [point(0, 0), line((-30, 5), (30, -5)), building(box(-8, -3, 9, 4))["geometry"]])
@pytest.mark.parametrize("site", [
    box(-5, -5, 5, 5), shapely.difference(box(-9, -9, 9, 9), box(-3, 0, 3, 9)), shapely.union(box(-30, 0, -20, 9), box(12, 0, 20, 9)),
])  # fmt: skip
def test_barred_shifts_are_those_that_come_too_near(obstacle: shapely.Geometry, site: shapely.Geometry) -> None:
    barred = barred_shifts(site, obstacle, 7.0, CRS)
    for step in range(200):
        x, y = 60 * math.cos(step * 2.4) * step / 200, 60 * math.sin(step * 2.4) * step / 200
        distance_m = shapely.transform(site, lambda xy: xy + (x, y)).distance(obstacle)  # noqa: B023
        if abs(distance_m - 7.0) > 0.02:
            assert shapely.intersects(barred, shapely.Point(x, y)) == (distance_m < 7.0)


def test_reason_that_no_move_takes_away_has_no_shift(rules: RuleSet) -> None:
    reasons, single, together = shifts({}, box(0, 0, 10, 10), rules, kind="other")
    assert reasons and single == [None] and together is None


def test_shift_stays_in_the_area() -> None:
    outside = shapely.difference(box(-9000, -9000, 9000, 9000), box(-100, -100, 100, 300))
    reason = Reason("prohibited", 1, "", "", "", "", obstacle=line((-3000, -10), (3000, -10)), clear_m=50.0)
    shift = shift_for(reason, [box(-10, 0, 10, 20)], outside=outside, judge=lambda east, north: (), crs=CRS)
    assert shift is not None and shift.north_m == pytest.approx(40.0, abs=0.2)
    near = box(-100, -100, 100, 45)
    assert shift_for(
        reason, [box(-10, 0, 10, 20)], outside=shapely.difference(box(-9000, -9000, 9000, 9000), near),
        judge=lambda east, north: (), crs=CRS,
    ).north_m < -20  # type: ignore[union-attr]
    assert (X, Y) == (500_000.0, 500_000.0)


FLOW = line((0, 0), (300, 500), (200, 2500))


@pytest.mark.parametrize("error_m", [0.0, 20.0])
def test_path_of_tailings_bars_the_very_ground_that_the_check_speaks_of(rules: RuleSet, error_m: float) -> None:
    path = {"geometry": FLOW, "width_m": 200.0, "accuracy_m": error_m}
    context = SiteContext({"tailings_flow_paths": layer(path)}, dict.fromkeys((*ALL_LAYERS, "tailings_flow_paths"), "loaded"), CRS)
    cells, _ = grid_cells(box(-350, -350, 700, 1350), 50.0)
    answer = judge_cells(cells, project=Project("residential", n_persons=50), context=context, rules=rules, on=ON)
    told = np.any([mask for cause, mask in answer.causes.items() if cause.rule_id == "TAIL-HEAD"], axis=0)
    ground = reached_ground(path["geometry"], 1000.0, 100.0, error_m, CRS)
    is_plain = shapely.distance(shapely.boundary(ground), cells) > 0.5
    inside = shapely.intersects(ground, cells)
    assert told[is_plain | inside].sum() > 50
    # Where the outline crosses a cell, the cell meets the ground, and the check must say so too.
    clear = is_plain | (shapely.area(shapely.intersection(ground, cells)) > 50.0)
    assert told[clear].tolist() == inside[clear].tolist()


@pytest.mark.parametrize("at", [(-60, 20), (40, -25), (180, 420), (390, 480), (150, 900), (260, 880), (350, 700)])
def test_shift_off_a_path_of_tailings_is_the_smallest(rules: RuleSet, at: tuple[int, int]) -> None:
    site = shapely.transform(box(0, 0, 30, 20), lambda xy: xy + at)
    layers = {"tailings_flow_paths": layer({"geometry": FLOW, "width_m": 200.0})}
    reasons, single, _ = shifts(layers, site, rules, kind="residential")
    [(reason, shift)] = [pair for pair in zip(reasons, single, strict=True) if pair[0].rule_id == "TAIL-HEAD"]
    assert shift is not None
    context = SiteContext(layers, dict.fromkeys((*ALL_LAYERS, *layers), "loaded"), CRS, boundary=COUNTY)  # type: ignore[arg-type]
    shorter_m = 0.95 * (shift.metres - 0.1)
    for step in range(36):
        by = shorter_m * math.sin(step * math.pi / 18), shorter_m * math.cos(step * math.pi / 18)
        moved = SitePart(shapely.transform(site, lambda xy: xy + by), Project("residential", n_persons=50))  # noqa: B023
        found = check_parts([moved], context=context, rules=rules, on=ON).whole.reasons
        assert "TAIL-HEAD" in {entry.rule_id for entry in found}


def test_shift_away_from_the_nearest_target_does_not_end_at_the_next_one(rules: RuleSet) -> None:
    places = [target(box(-20, north_m, 20, north_m + 40), "school") | {"feature_id": f"T{north_m}"} for north_m in (1300, -1800)]
    site = box(-50, -50, 50, 50)
    reasons, single, _ = shifts({"protection_targets": layer(*places)}, site, rules, kind="hazchem")
    [shift] = [told for reason, told in zip(reasons, single, strict=True) if reason.names_nearest]
    assert shift is not None and shift.metres > 250
    moved = shapely.transform(site, lambda xy: xy + (shift.east_m, shift.north_m))
    assert all(moved.distance(place["geometry"]) >= 1500.0 for place in places)
