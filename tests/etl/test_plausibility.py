"""Recommended checks: what deserves a second look is accepted, listed with its rule, and nothing else is."""

from __future__ import annotations

import dataclasses
from datetime import date

import geopandas as gpd
import pytest
import shapely

from etl.identity_codes import is_organisation_code, is_region_code
from etl.plausibility import Surroundings, warnings_of
from layers.catalog import Check, load_catalog
from layers.errors import CatalogError
from layers.scoring.edits import MOST_TONNES
from tests.etl.test_coordinates import AREA

CATALOG = load_catalog()
DEGREE_M = 97_400.0
"""Metres of a degree of longitude at 29 degrees north, roughly."""


def found(layer_id: str, geometries: list[object], *checks: Check, others: dict[str, gpd.GeoDataFrame] | None = None, **columns: list[object]) -> list[tuple[int, str]]:
    """Row and rule of every warning about rows given by columns."""
    frame = gpd.GeoDataFrame({"feature_id": [f"F{n}" for n in range(len(geometries))], **columns}, geometry=geometries, crs="EPSG:4490")
    layer = dataclasses.replace(CATALOG[layer_id], checks=checks)
    table = warnings_of(frame, layer, Surroundings(AREA, date(2026, 9, 30), others or {}))
    return list(zip(table["at"].tolist(), table["rule_id"].tolist(), strict=True))


def line(*points: tuple[float, float]) -> shapely.MultiLineString:
    return shapely.MultiLineString([points])


POINT = shapely.Point(105.05, 29.05)


def test_wrong_check_digit_of_a_credit_code_is_told() -> None:
    codes = ["91350100M000100Y43", "91350100M000100Y44", "91350100M00010", None]
    assert found("enterprises", [POINT] * 4, Check("RC02", ("credit_code",)), credit_code=codes) == [(1, "RC02"), (2, "RC02")]


def test_date_after_that_of_the_data_is_told_the_day_itself_is_not() -> None:
    days = [date(2026, 9, 30), date(2026, 10, 1), None]
    assert found("enterprises", [POINT] * 3, Check("RC05", ("declared_on",)), declared_on=days) == [(1, "RC05")]


def test_amount_at_the_limit_is_not_told() -> None:
    assert found("unit_chemicals", [None] * 3, Check("RC06", ("amount_t",), 300.0), amount_t=[300.0, 300.1, None]) == [(1, "RC06")]


def test_questions_are_held_to_the_largest_amount_of_a_load() -> None:
    assert load_catalog()["unit_chemicals"].field("amount_t").max == MOST_TONNES


def test_more_than_a_bunded_group_may_hold_is_refused_and_more_than_usual_asked_about() -> None:
    """600,000 m3 of floating-roof tanks a group (GB 50074-2014 chapter 6): so many tonnes at most."""
    layer = CATALOG["unit_chemicals"]
    amount, check = layer.field("amount_t"), next(one for one in layer.checks if one.rule == "RC06")
    assert amount.max == 600_000 and check.limit == 300_000
    told = found("unit_chemicals", [None] * 3, check, amount_t=[300_000.0, 300_000.1, 600_000.0])
    assert told == [(1, "RC06"), (2, "RC06")]


def test_pressure_that_no_pipe_of_the_diameter_holds_is_told() -> None:
    columns = {"pressure_mpa": [12.0, 19.0], "diameter_mm": [1422.0, 1900.0]}
    assert found("pipelines", [line((105.0, 29), (105.1, 29))] * 2, Check("RC07", ("pressure_mpa", "diameter_mm"), 32000.0), **columns) == [(1, "RC07")]


def test_position_far_from_the_stated_town_is_told() -> None:
    towns = gpd.GeoDataFrame({"name": ["东镇", "西镇"]}, geometry=[shapely.box(105.05, 29, 105.1, 29.1), shapely.box(105, 29, 105.05, 29.1)])
    near = shapely.Point(105.05 - 150 / DEGREE_M, 29.05)
    far = shapely.Point(105.05 - 300 / DEGREE_M, 29.05)
    rows = [POINT, near, far, far, far, None]
    stated = ["东镇", "东镇", "东镇", "西镇", "别处", "东镇"]
    check = Check("RC08", ("town_name",), 200.0, "towns", "name")
    assert found("enterprises", rows, check, others={"towns": towns}, town_name=stated) == [(2, "RC08")]


def test_sliver_is_told_and_a_small_square_is_not() -> None:
    square = shapely.box(105.05, 29.05, 105.05 + 2 / DEGREE_M, 29.05 + 2 / 110_900)
    sliver = shapely.box(105.05, 29.05, 105.06, 29.05 + 0.1 / 110_900)
    assert found("buildings", [square, sliver], Check("RC10", limit=0.3)) == [(1, "RC10")]


def test_second_feature_of_the_same_shape_is_told() -> None:
    box = shapely.box(105.05, 29.05, 105.06, 29.06)
    assert found("buildings", [box, None, shapely.box(105, 29, 105.01, 29.01), box], Check("RC11")) == [(3, "RC11")]


def test_gap_within_a_line_is_told_parts_far_apart_are_not() -> None:
    gap = shapely.MultiLineString([[(105.0, 29), (105.01, 29)], [(105.01 + 5 / DEGREE_M, 29), (105.02, 29)]])
    joined = shapely.MultiLineString([[(105.0, 29), (105.01, 29)], [(105.01, 29), (105.02, 29)]])
    apart = shapely.MultiLineString([[(105.0, 29), (105.01, 29)], [(105.02, 29), (105.03, 29)]])
    assert found("pipelines", [gap, joined, apart, None], Check("RC12", limit=50.0)) == [(0, "RC12")]


def test_line_drawn_over_another_is_told_a_crossing_is_not() -> None:
    lines = [line((105.0, 29), (105.02, 29)), line((105.01, 28.99), (105.01, 29.01)), line((105.01, 29), (105.03, 29))]
    assert found("pipelines", lines, Check("RC13", limit=50.0)) == [(2, "RC13")]


def test_station_off_its_line_is_told() -> None:
    pipelines = gpd.GeoDataFrame({"pipeline_id": ["P1"]}, geometry=[line((105.0, 29), (105.1, 29))])
    rows = [shapely.Point(105.05, 29.001), shapely.Point(105.05, 29.01)]
    check = Check("RC14", ("pipeline_id",), 500.0, "pipelines", "pipeline_id")
    assert found("pipeline_stations", rows, check, others={"pipelines": pipelines}, pipeline_id=["P1", "P1"]) == [(1, "RC14")]


@pytest.mark.parametrize(("text", "is_right"), [("M000100Y4", True), ("M000100Y-4", True), ("M000100Y5", False), ("", False)])
def test_organisation_code_needs_its_check_digit(text: str, is_right: bool) -> None:
    assert is_organisation_code(text) is is_right


@pytest.mark.parametrize(("text", "is_right"), [("510521", True), ("510521104", True), ("510521104201", True), ("51052", False), ("甲", False)])
def test_region_code_has_six_nine_or_twelve_digits(text: str, is_right: bool) -> None:
    assert is_region_code(text) is is_right


def test_unknown_check_of_a_layer_is_refused() -> None:
    with pytest.raises(CatalogError, match="RC99"):
        found("enterprises", [POINT], Check("RC99"))
