"""Rings of the distances that reports state: how far they reach, and for which reports there is none."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely

from layers.scoring.distances import find_violations
from layers.scoring.official_rings import official_rings
from layers.scoring.rules import read_rules
from tests.layers.scoring.frames import box, layer, point, stated, target

ON = date(2026, 9, 30)
LATER = date(2027, 9, 30)
STORE = box(-10, -10, 10, 0)


def rings(*rows: dict[str, Any], on: date = ON) -> Any:
    return official_rings({"official_distances": layer(*rows)}, on=on)


def test_every_place_of_a_ring_lies_at_the_stated_distance_of_the_installation() -> None:
    found = rings(stated(STORE, 300.0, LATER, institution="院", report_number="R1"))
    outline = shapely.segmentize(shapely.boundary(found.geometry.iloc[0]), 20.0)
    off_m = np.abs(shapely.distance(shapely.points(shapely.get_coordinates(outline)), STORE) - 300.0)
    assert off_m.max() < 0.1
    assert found.loc[0, ["ring_id", "distance_m", "institution", "report_number"]].tolist() == ["D1", 300.0, "院", "R1"]
    assert found.crs is not None and not found.loc[0, "is_estimated"]


@pytest.mark.parametrize(
    ("until", "n"), [(ON, 1), (date(2026, 9, 29), 0), (None, 0)], ids=["last day", "over", "no validity"]
)
def test_only_reports_that_are_valid_on_the_day_have_a_ring(until: date | None, n: int) -> None:
    assert len(rings(stated(STORE, 300.0, until))) == n


def test_installation_known_as_a_point_has_a_circle_that_is_told_as_estimated() -> None:
    found = rings(stated(point(0, 0), 50.0, LATER), stated(None, 50.0, LATER, distance_id="D2"))
    assert found["distance_id"].tolist() == ["D1"] and found["is_estimated"].tolist() == [True]
    assert found.area.iloc[0] == pytest.approx(np.pi * 50**2, rel=1e-3)


@pytest.mark.parametrize(("step_m", "is_inside"), [(-0.5, True), (0.5, False)])
def test_what_a_report_holds_too_near_stands_in_its_ring(step_m: float, is_inside: bool) -> None:
    layers = {"official_distances": layer(stated(STORE, 300.0, LATER)), "protection_targets": layer(target(box(-5, 300 + step_m, 5, 320), "school"))}
    violations = find_violations(layers, read_rules(), on=ON).violations
    assert bool(len(violations)) is is_inside
    assert bool(official_rings(layers, on=ON).intersects(layers["protection_targets"].geometry.iloc[0]).iloc[0]) is is_inside
