"""Page numbers of an index map: each is there, none on another, and each can be told from its place."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
import shapely

from app.export.layout import Box
from app.export.page_numbers import SIZES_PT, PageNumber, place_numbers
from tests.app.export.county import CENTRE, county, spec
from tests.app.export.test_sheet import drawn

FRAME = Box(12, 29, 213, 157)
CORNER = Box(160, 29, 65, 60)


def placed(places: list[tuple[float, float]]) -> tuple[list[PageNumber], float]:
    """Numbers from 9 on, digits half as wide as high."""
    numbers = [(str(9 + i), place) for i, place in enumerate(places)]
    return place_numbers(numbers, FRAME, [CORNER], lambda text, size_pt: len(text) * size_pt * 0.353 * 0.55)


def assert_apart(numbers: list[PageNumber]) -> None:
    boxes = [number.box for number in numbers]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all(FRAME.holds(box) and not CORNER.overlaps(box) for box in boxes)


def test_numbers_with_room_stand_upon_their_places_in_the_largest_type() -> None:
    numbers, size_pt = placed([(30, 60), (60, 60), (90, 100)])
    assert size_pt == SIZES_PT[0] and [number.line for number in numbers] == [None] * 3
    assert [number.box.centre for number in numbers] == [pytest.approx(place) for place in ((30, 60), (60, 60), (90, 100))]


def test_number_without_room_stands_aside_with_a_line_to_its_place_that_nothing_covers() -> None:
    places = [(50.0, 100.0), (53.0, 101.0), *[(60.0 + 20 * i, 150.0) for i in range(7)]]
    numbers, size_pt = placed(places)
    assert_apart(numbers)
    aside = [number for number in numbers if number.line is not None]
    assert size_pt == SIZES_PT[0] and [number.text for number in aside] == ["9", "10"]
    for number, place in zip(aside, places, strict=False):
        assert number.line is not None and number.line.coords[0] == place
        others = [shapely.box(other.box.x, other.box.y, other.box.right, other.box.bottom) for other in numbers if other is not number]
        assert not shapely.intersects(number.line, others).any() and not shapely.intersects(shapely.Point(place), others).any()
    assert not aside[0].line.intersects(aside[1].line)  # type: ignore[union-attr]


@pytest.mark.parametrize("step_mm", [1.5, 3.5, 8.0])
def test_200_numbers_are_all_there_and_apart(step_mm: float) -> None:
    numbers, _ = placed([(20 + i % 20 * step_mm, 40 + i // 20 * step_mm) for i in range(200)])
    assert [number.text for number in numbers] == [str(9 + i) for i in range(200)]
    assert_apart(numbers)


def test_numbers_of_places_beneath_furniture_or_beyond_the_map_are_seen() -> None:
    numbers, _ = placed([(CORNER.x + 20, CORNER.y + 20), (-50.0, 100.0), (100.0, 400.0)])
    assert len(numbers) == 3
    assert_apart(numbers)


def test_numbers_of_an_index_map_lie_on_no_furniture_and_names_keep_off_them() -> None:
    x, y = CENTRE
    places = tuple((x + 300 * i, y + 200 * (i % 3), str(4 + i)) for i in range(12))
    sheet = drawn(spec(scale_denominator=200_000), replace(county(), numbers=places))
    assert [number.text for number in sheet.numbers] == [str(4 + i) for i in range(12)]
    boxes = [number.box for number in sheet.numbers]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    assert not any(box.overlaps(other) for box in boxes for other in [*sheet.blocked, *(label.box for label in sheet.content.labels)])
