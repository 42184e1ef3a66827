"""A what-if answer is what scoring the changed data whole gives: points, cells, zones, violations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from etl.area import declared_area
from etl.derive import Inputs, Results, derive
from etl.earlier import layer_digests
from etl.edition import raster_table
from etl.frames import frame_reader
from etl.stages import STAGES
from etl.stages.stage import Given
from etl.stages.unit_risk import PEOPLE_CELL_M
from layers.catalog import load_catalog
from layers.errors import EditError
from layers.rasters import persons_on_grid
from layers.scoring.edits import Edit, edited_frames
from layers.scoring.fire_cover import fire_cover
from layers.scoring.grid import Grid
from layers.scoring.people import residents_at_dwellings
from layers.scoring.policy import load_policy
from layers.scoring.risk_surface import UnitRisk, risk_surface
from layers.scoring.rules import read_rules
from layers.scoring.targets import strictest_classes
from layers.scoring.what_if import County, risk_of, surface_of, what_if, zones_of
from layers.scoring.what_if_societal import Residents
from layers.store import engine_from_url

ON = date(2026, 6, 30)
POLICY, OTHER, RISK = "weighted_index_2026A", "grid_maximum_2026A", "individual_risk_2026A"
COMPARED = ("sites_beside_lines", "high_consequence_areas", "fire_cover", "risk_points", "distance_violations")
METHOD = tuple(stage for stage in STAGES if stage.name in COMPARED)
SOCIETAL = tuple(stage for stage in STAGES if stage.name in (*COMPARED, "unit_risk", "societal_risk"))
WITH_RISK = tuple(stage for stage in STAGES if stage.name in (*COMPARED, "unit_risk"))


@pytest.fixture(scope="module")
def whole(atlas_database: str, home: Path) -> Iterator[tuple[Inputs, Results, County]]:
    """The reduced county scored whole, and the same held for questions."""
    engine = engine_from_url(atlas_database)
    catalog = load_catalog()
    with engine.connect() as connection:
        area, outline = declared_area(connection)
        read = frame_reader(connection, catalog, area, 2)
        rasters = connection.execute(sa.select(raster_table(2))).all()
        paths = {row.layer: home / row.path for row in rasters if row.policy is None}
        frames = {name: read(name) for name in layer_digests(connection, catalog, area, 2)}
        inputs = Inputs(area, outline, ON, read, paths)
        results = derive(inputs, stages=WITH_RISK)
        given = Given(area, outline, ON, {}, {}, {})  # type: ignore[arg-type]
        rules = read_rules()
        yield inputs, results, County(
            frames=frames, points=results.values["risk_points"], violations=results.values["distance_violations"],
            targets=strictest_classes(frames["protection_targets"], rules.target_sizes),
            policies={name: load_policy(name) for name in (POLICY, OTHER, RISK)}, grid=given.grid,
            persons=persons_on_grid(paths["population"], given.grid, area.metric_crs), mask=given.grid.mask_of(given.home_part),
            outline=given.metric_outline, cover=fire_cover(frames, given.metric_outline, area.metric_crs), rules=rules, on=ON,
            crs=area.metric_crs, screening=area.screening, jurisdiction=area.jurisdiction,
            known={table.stamp: table.table for table in UnitRisk.from_plain(results.values["unit_risk"]).tables},
            residents=residents_of(given, paths["population"], frames["buildings"], area.metric_crs),
        )  # fmt: skip
    engine.dispose()


def residents_of(given: Given, population: Path, buildings: Any, crs: Any) -> Residents:
    """Who lives there, as scoring takes it."""
    grid = Grid.for_area(given.home_part, PEOPLE_CELL_M)
    return Residents(residents_at_dwellings(persons_on_grid(population, grid, crs), grid, buildings), True)


def scored_whole(inputs: Inputs, county: County, edits: list[Edit], *, is_without_reports: bool = False) -> tuple[Results, County]:
    """The changed data scored from nothing."""
    frames, touched = edited_frames(county.frames, edits)
    reports = frames["official_contours"]  # written for the plant as it stood
    frames["official_contours"] = reports[~reports["enterprise_id"].isin(touched)] if is_without_reports else reports
    after = derive(Inputs(inputs.area, inputs.outline, ON, frames.__getitem__, inputs.rasters), stages=WITH_RISK if is_without_reports else METHOD)
    return after, replace(county, frames=frames, points=after.values["risk_points"], surfaces={}, zones={}, states={})


def placed_unit(county: County, number: int) -> Any:
    """A unit with a position and exactly one chemical."""
    counts = county.frames["unit_chemicals"]["unit_id"].value_counts()
    single = set(counts[counts == 1].index)
    units = county.frames["hazard_units"]
    return units[units["unit_id"].isin(single) & units.geometry.notna()].iloc[number]


def edits_of(county: County, name: str) -> list[Edit]:
    unit, other = placed_unit(county, 0), placed_unit(county, 3)
    place = shapely.Point(unit["geometry"].centroid.x + 900, unit["geometry"].centroid.y - 700)
    return {
        "amount": [Edit("amount", id=unit["feature_id"], amount_t=4000.0)],
        "remove unit": [Edit("remove", id=unit["feature_id"])],
        "remove plant": [Edit("remove", "enterprises", other["enterprise_id"])],
        "move": [Edit("move", id=unit["feature_id"], place=place)],
        "move plant": [Edit("move", "enterprises", other["enterprise_id"], place=place)],
        "add": [Edit("add", chemical="氯", amount_t=60.0, place=place)],
        "several": [Edit("add", chemical="7782-50-5", amount_t=9.0, place=place, enterprise_id=other["enterprise_id"]),
                    Edit("remove", id=unit["feature_id"])],
    }[name]  # fmt: skip


@pytest.mark.parametrize("name", ["amount", "add"])
def test_societal_risk_is_that_of_scoring_the_changed_data_whole(whole: tuple[Inputs, Results, County], name: str) -> None:
    inputs, _, county = whole
    edits = edits_of(county, name)
    found = what_if(county, edits, policy=POLICY).societal
    assert found is not None
    frames, touched = edited_frames(county.frames, edits)
    after = derive(Inputs(inputs.area, inputs.outline, ON, frames.__getitem__, inputs.rasters), stages=SOCIETAL).values["societal_risk"]
    scored = {row["enterprise_id"]: row for row in after[after["enterprise_id"].isin(touched)].to_dict("records")}
    told = {row["enterprise_id"]: row["after"] for row in found.rows if row["after"]}
    assert told.keys() == scored.keys() and (name != "add" or len(told) == 1)
    for key, row in told.items():
        assert row["band"] == scored[key]["band"] and row["curve"] == scored[key]["curve"]
        assert row["pll_per_year"] == pytest.approx(scored[key]["pll_per_year"], rel=1e-12)


@pytest.mark.parametrize("name", ["amount", "remove unit", "remove plant", "move", "move plant", "add", "several"])
def test_answer_is_what_scoring_the_changed_data_whole_gives(whole: tuple[Inputs, Results, County], name: str) -> None:
    inputs, before, county = whole
    edits = edits_of(county, name)
    outcome = what_if(county, edits, policy=POLICY)
    after, changed = scored_whole(inputs, county, edits)
    surface = surface_of(changed, POLICY)
    for band in ("index", "hazard", "level"):
        assert np.array_equal(getattr(outcome.update.surface, band), getattr(surface, band), equal_nan=band != "level"), band
    points = after.values["risk_points"]
    assert list(outcome.points["point_id"]) == list(points["point_id"])
    assert list(outcome.points["level"]) == list(points["level"]) and list(outcome.points["reason_zh"]) == list(points["reason_zh"])
    ids = {side: set(found.values["distance_violations"]["violation_id"]) for side, found in (("one", before), ("two", after))}
    assert set(outcome.violations_added["violation_id"]) == ids["two"] - ids["one"]
    assert set(outcome.violations_gone["violation_id"]) == ids["one"] - ids["two"]


def judged_units(county: County) -> Any:
    """Placed units that quantitative risk judges and that a table was made for."""
    tables = risk_of(county).unit_risk.tables
    units = county.frames["hazard_units"].set_index("unit_id", drop=False)
    return units.loc[[table.unit.unit_id for table in tables if table.n_used]]


@pytest.mark.parametrize("name", ["amount", "remove plant", "move", "add"])
def test_individual_risk_is_that_of_the_changed_data_whole(whole: tuple[Inputs, Results, County], name: str) -> None:
    inputs, before, county = whole
    edits = risk_edits(county, name)
    outcome = what_if(county, edits, policy=RISK)
    after, _ = scored_whole(inputs, county, edits, is_without_reports=True)
    expected = UnitRisk.from_plain(after.values["unit_risk"])
    surface = risk_surface(expected, county.grid, county.policies[RISK], mask=county.mask)
    assert np.array_equal(outcome.update.surface.level, surface.level)
    assert np.array_equal(outcome.update.surface.hazard, surface.hazard, equal_nan=True)
    assert outcome.update.n_cells < county.grid.rows * county.grid.cols
    contours = after.values["individual_risk"].set_index(["installation", "risk_per_year"])["area_km2"]
    assert outcome.risk is not None
    told = outcome.risk.contours.query("installation == 'in_service' and area_after_km2 > 0")
    assert dict(zip(told["risk_per_year"], told["area_after_km2"], strict=True)) == contours.loc["in_service"].to_dict()
    was = before.values["individual_risk"].query("installation == 'in_service'")
    one = outcome.risk.contours.query("installation == 'in_service' and area_before_km2 > 0")
    assert list(one["area_before_km2"]) == list(was["area_km2"])


def test_targets_that_cross_a_criterion_are_the_difference_of_the_lists(whole: tuple[Inputs, Results, County]) -> None:
    inputs, before, county = whole
    edits = risk_edits(county, "amount")
    outcome = what_if(county, edits, policy=POLICY)
    after, _ = scored_whole(inputs, county, edits, is_without_reports=True)
    lists = [{(row.confirm_id, row.certainty) for row in found.values["targets_to_confirm"].itertuples()} for found in (before, after)]
    assert outcome.risk is not None
    crossed = {(f"{row['target_id']}:{row['installation']}", row["certainty"]) for row in outcome.risk.crossed if row["is_above"]}
    assert crossed == lists[1] - lists[0]


def test_assumed_unit_is_held_against_the_limits_for_new_installations(whole: tuple[Inputs, Results, County]) -> None:
    county = whole[2]
    home = county.frames["protection_targets"].geometry.dropna().iloc[0]
    edit = Edit("add", chemical="氯", amount_t=60.0, place=shapely.Point(home.centroid.x + 150, home.centroid.y))
    risk = what_if(county, [edit], policy=OTHER).risk
    assert risk is not None and "new" in set(risk.contours["installation"])
    crossed = [row for row in risk.crossed if row["installation"] == "new" and row["is_above"]]
    assert crossed and all(row["risk_after"] > row["limit_per_year"] for row in crossed)


def risk_edits(county: County, name: str) -> list[Edit]:
    unit = judged_units(county).iloc[0]
    middle = unit["geometry"].centroid
    place = shapely.Point(middle.x + 900, middle.y - 700)
    chemical = county.frames["unit_chemicals"].query("unit_id == @unit.unit_id").iloc[0]
    return {
        "amount": [Edit("amount", id=unit["feature_id"], chemical=chemical["chemical_name"], amount_t=4 * float(chemical["amount_t"]))],
        "remove plant": [Edit("remove", "enterprises", unit["enterprise_id"])],
        "move": [Edit("move", id=unit["feature_id"], place=place)],
        "add": [Edit("add", chemical="氯", amount_t=60.0, place=place)],
    }[name]


def test_zones_told_are_the_difference_of_all_zones(whole: tuple[Inputs, Results, County]) -> None:
    inputs, _, county = whole
    edits = edits_of(county, "add")
    outcome = what_if(county, edits, policy=POLICY)
    _, changed = scored_whole(inputs, county, edits)
    before, after = (
        {(row.level, row.geometry.wkb) for row in zones_of(side, POLICY).itertuples()} for side in (county, changed)
    )
    assert {(row.level, row.geometry.wkb) for row in outcome.zones_gone.itertuples()} == before - after
    assert {(row.level, row.geometry.wkb) for row in outcome.zones_new.itertuples()} == after - before


def test_changed_area_is_the_difference_of_the_levels(whole: tuple[Inputs, Results, County]) -> None:
    county = whole[2]
    outcome = what_if(county, edits_of(county, "add"), policy=POLICY)
    for row in outcome.levels:
        gained = outcome.changes.loc[outcome.changes["level_after"] == row["level"], "area_m2"].sum()
        lost = outcome.changes.loc[outcome.changes["level_before"] == row["level"], "area_m2"].sum()
        assert (row["area_after_km2"] - row["area_before_km2"]) * 1e6 == pytest.approx(gained - lost, abs=1e-3)


def test_only_the_tiles_in_reach_are_computed(whole: tuple[Inputs, Results, County]) -> None:
    county = whole[2]
    outcome = what_if(county, edits_of(county, "amount"), policy=POLICY)
    assert 0 <= outcome.update.n_cells < county.grid.rows * county.grid.cols / 4


def test_another_policy_alone_moves_no_source(whole: tuple[Inputs, Results, County]) -> None:
    county = whole[2]
    outcome = what_if(county, [], policy=POLICY, policy_after=OTHER)
    assert outcome.points is county.points and outcome.sources == [] and len(outcome.changes)


def test_question_leaves_the_county_as_it_was(whole: tuple[Inputs, Results, County]) -> None:
    county = whole[2]
    before = {name: frame.copy() for name, frame in county.frames.items()}
    what_if(county, edits_of(county, "several"), policy=POLICY)
    assert all(frame.equals(before[name]) for name, frame in county.frames.items())


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (Edit("amount", id="nobody", amount_t=1.0), "edits.0.id"),
        (Edit("amount", "enterprises", "YC000013", amount_t=1.0), "edits.0.layer"),
        (Edit("add", chemical="氯", amount_t=-1.0, place=shapely.Point(0, 0)), "edits.0.amount_t"),
        (Edit("add", chemical="氯", amount_t=float("nan"), place=shapely.Point(0, 0)), "edits.0.amount_t"),
        (Edit("add", amount_t=1.0, place=shapely.Point(0, 0)), "edits.0.chemical"),
        (Edit("add", chemical="氯", amount_t=1.0), "edits.0.lon"),
        (Edit("explode"), "edits.0.action"),
    ],
)
def test_impossible_edit_names_its_field(whole: tuple[Inputs, Results, County], edit: Edit, field: str) -> None:
    with pytest.raises(EditError) as refused:
        what_if(whole[2], [edit], policy=POLICY)
    assert refused.value.field == field
