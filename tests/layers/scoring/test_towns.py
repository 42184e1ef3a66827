"""Ratings of towns: percentile by people, steps and floors, and what want of data may not look like."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layers.scoring.towns import rate_towns, weighted_percentile
from layers.scoring.zoning import risk_index
from tests.layers.scoring.scoring_cases import CRS, GRID, MAXIMUM, WEIGHTED, frame, source

ON = date(2026, 9, 30)
WEST, EAST = shapely.box(0, 0, 1000, 2000), shapely.box(1000, 0, 2000, 2000)


def towns(*outlines):
    names = ["西镇", "东镇"][: len(outlines)]
    return gpd.GeoDataFrame(
        {"town_code": [f"5105{n:02d}" for n in range(len(outlines))], "name": names},
        geometry=list(outlines),
        crs=CRS,
    )


def people(at, n_persons=100.0):
    persons = np.zeros(GRID.shape)
    for x, y in at:
        persons[GRID.cell_of(x, y)] = n_persons
    return persons


def rated(points, *, population=None, dangers=None, policy=WEIGHTED, outlines=(WEST, EAST)):
    surface = risk_index(points, GRID, policy)
    frame_of = rate_towns(
        towns(*outlines), points, surface, population=population, hidden_dangers=dangers, on=ON
    )
    return frame_of.set_index("name", drop=False)


def test_people_weigh_the_percentile():
    points = frame(source((525, 525), level="orange"))
    near = rated(points, population=people([(525, 525)])).loc["西镇"]
    far = rated(points, population=people([(525, 1900)])).loc["西镇"]
    assert near.index_p95 == pytest.approx(55) and near.level == "orange"
    assert far.index_p95 == 0 and far.level == "blue"


@pytest.mark.parametrize(
    ("strength", "level"),
    [(0.6, "red"), (0.59, "orange"), (0.4, "orange"), (0.39, "yellow"), (0.2, "yellow"), (0.19, "blue")],
)
def test_cuts_include_their_lower_bound(strength, level):
    points = frame(source((525, 525), level="blue", strength=strength))
    assert rated(points, population=people([(525, 525)])).loc["西镇"].level == level


def test_three_red_sources_lift_the_town_one_level():
    rows = [source((525 + n, 525), level="red", strength=0.35, name=str(n)) for n in range(3)]
    at_home = people([(525, 1900)])
    assert rated(frame(*rows[:2]), population=at_home).loc["西镇"].level == "yellow"  # the floor alone
    populated = people([(525, 525)])
    assert rated(frame(*rows[:2]), population=populated).loc["西镇"].level == "orange"
    assert rated(frame(*rows), population=populated).loc["西镇"].level == "red"


def test_one_red_source_keeps_the_town_from_blue():
    points = frame(source((525, 525), level="red", strength=0.35))
    town = rated(points, population=people([(525, 1900)])).loc["西镇"]
    assert (town.level, town.n_red) == ("yellow", 1)


@pytest.mark.parametrize(("deadline", "level"), [(date(2026, 9, 29), "yellow"), (ON, "blue")])
def test_overdue_major_danger_lifts_the_town(deadline, level):
    points = frame(source((525, 525), level="blue", strength=0.1, owner="e1"))
    dangers = pd.DataFrame(
        [
            {
                "danger_id": "h",
                "enterprise_id": "e1",
                "severity": "major",
                "status": "open",
                "deadline_on": deadline,
            }
        ]
    )
    assert rated(points, population=people([(525, 525)]), dangers=dangers).loc["西镇"].level == level


def test_town_without_sources_is_unrated_never_blue():
    town = rated(frame(source((525, 525))), population=people([(1525, 525)])).loc["东镇"]
    assert (town.level, town.is_data_short, town.n_unrated) == ("unrated", True, 0)
    assert town.index_p95 is None or np.isnan(town.index_p95)


def test_town_with_unrated_sources_only_is_unrated():
    points = frame(source((525, 525), level="unrated", strength=np.nan, radius_m=80))
    town = rated(points, population=people([(525, 525)])).loc["西镇"]
    assert (town.level, town.unrated_pct, town.is_data_short) == ("unrated", 100, True)


@pytest.mark.parametrize(("n_unrated", "is_short"), [(1, False), (2, True)])
def test_more_than_a_fifth_unrated_is_short_of_data(n_unrated, is_short):
    rows = [source((525, 525), name=f"r{n}") for n in range(4)]
    rows += [source((525, 525), level="unrated", strength=np.nan, name=f"u{n}") for n in range(n_unrated)]
    town = rated(frame(*rows), population=people([(525, 525)])).loc["西镇"]
    assert town.is_data_short == is_short and town.level != "unrated"


def test_without_population_cells_weigh_alike_and_data_are_short():
    town = rated(frame(source((525, 525)))).loc["西镇"]
    assert town.is_data_short and town.index_p95 < 45


def test_source_without_a_place_counts_in_the_town_it_names():
    points = frame(source((525, 525)), source((525, 525), level="yellow", name="b"))
    points.loc[1, "geometry"] = None
    points.loc[1, "town_name"] = "东镇"
    found = rated(points, population=people([(525, 525)]))
    assert found.loc["东镇"].n_yellow == 1 and found.loc["西镇"].n_yellow == 0


def test_line_counts_in_every_town_it_crosses():
    points = frame(source(shapely.LineString([(500, 500), (1500, 500)]), level="yellow"))
    assert rated(points).n_yellow.tolist() == [1, 1]


def test_grid_maximum_takes_the_worst_source():
    points = frame(source((525, 525), level="orange"), source((600, 525), level="blue", name="b"))
    town = rated(points, policy=MAXIMUM).loc["西镇"]
    assert town.level == "orange" and town.index_p95 is None or np.isnan(town.index_p95)


def test_town_beside_the_grid_is_unrated():
    beside = shapely.box(5000, 5000, 6000, 6000)
    assert rated(frame(source((5500, 5500))), outlines=(beside,)).loc["西镇"].level == "unrated"


def test_weighted_percentile_of_equal_weights_is_the_value_at_that_share():
    values = np.arange(1.0, 101.0)
    assert weighted_percentile(values, np.ones(100), 95) == 95
