"""Black spots on small made-up roads."""

from __future__ import annotations

from datetime import datetime

import pytest

from layers.errors import RuleTableError
from layers.scoring.black_spots import black_spots, load_black_spot_rules
from tests.layers.scoring.frames import layer, line, point, road

ROAD = layer(road(line((0, 0), (5000, 0)), "county_road", name="X1") | {"feature_id": "R1"})


def crash(x, y=0.0, year=2024, severity="injury", place="X1K1+000", geometry=True):
    return {
        "geometry": point(x, y) if geometry else None,
        "occurred_at": datetime(year, 6, 1),
        "severity": severity,
        "place": place,
        "n_deaths": 0,
        "n_injured": 1,
    }


def listed(x, y=0.0):
    row = {"geometry": point(x, y), "spot_id": "L1", "name": "listed", "road_name": "X1", "n_accidents": 4}
    return layer(row | {"feature_id": "L1"})


def found(*crashes, roads=ROAD, **layers):
    return black_spots({"road_accidents": layer(*crashes), "roads": roads, **layers})


def kinds(result):
    return result.spots[["spot_kind", "status"]].values.tolist()


def test_three_casualty_accidents_within_exactly_five_hundred_metres_are_a_spot():
    result = found(crash(1000), crash(1200), crash(1500))
    assert kinds(result) == [["point", "computed_only"]]
    spot = result.spots.iloc[0]
    assert (spot["n_accidents"], spot["most_in_year"], spot["rule_id"]) == (3, 3, "BS-POINT")
    assert spot.geometry.length == pytest.approx(500, abs=0.01)


def test_a_metre_more_is_a_stretch_of_two_kilometres_only():
    assert kinds(found(crash(1000), crash(1200), crash(1501))) == [["segment", "computed_only"]]


def test_accidents_of_two_years_do_not_add_up():
    assert found(crash(1000), crash(1100), crash(1200, year=2023)).spots.empty


def test_damage_only_accidents_do_not_count_and_are_counted():
    result = found(crash(1000), crash(1100), crash(1200, severity="damage"))
    assert result.spots.empty and result.n_accidents["damage"] == 1


def test_every_row_says_how_little_the_definition_is_verified():
    spots = found(crash(1000), crash(1100), crash(1200), road_black_spots=listed(4000)).spots
    assert set(spots["confidence"]) == {"low"} and set(spots["source_type"]) == {"none"}


def test_window_runs_on_where_a_road_is_cut_at_a_junction():
    cut = layer(
        road(line((0, 0), (1100, 0)), "county_road", name="X1") | {"feature_id": "R1"},
        road(line((1100, 0), (5000, 0)), "county_road", name="X1") | {"feature_id": "R2"},
    )
    assert len(found(crash(1000), crash(1100), crash(1200), roads=cut).spots) == 1


def test_accident_belongs_to_the_road_that_its_place_names():
    roads = layer(
        road(line((0, 0), (5000, 0)), "county_road", name="X1") | {"feature_id": "R1"},
        road(line((0, 30), (5000, 30)), "village_road", name="Y2") | {"feature_id": "R2"},
    )
    spots = found(crash(1000, 29), crash(1100, 29), crash(1200, 29), roads=roads).spots
    assert spots["road_name"].tolist() == ["X1"]


def test_police_list_is_compared_within_two_hundred_and_fifty_metres():
    crashes = (crash(1000), crash(1200), crash(1400))  # drawn from 950 to 1450
    assert kinds(found(*crashes, road_black_spots=listed(1200, 250))) == [["point", "matched"]]
    apart = found(*crashes, road_black_spots=listed(1200, 251))
    assert kinds(apart) == [["point", "computed_only"], ["point", "not_assessed"]]
    assert kinds(found(*crashes, road_black_spots=listed(3000))) == [
        ["point", "computed_only"],
        ["point", "listed_only"],
    ]


def test_accidents_without_a_road_or_a_position_are_counted_as_not_assessed():
    result = found(crash(1000, 101), crash(1000, 99, place=None), crash(0, geometry=False))
    assert result.n_accidents == {"casualty": 3, "unplaced": 1, "damage": 0, "used": 1, "no_road": 1}
    no_roads = black_spots({"road_accidents": layer(crash(1000)), "road_black_spots": listed(1000)})
    assert no_roads.n_accidents["no_road"] == 1 and kinds(no_roads) == [["point", "not_assessed"]]


def test_nothing_loaded_gives_nothing():
    assert black_spots({}).spots.empty


def test_table_without_a_window_is_refused(tmp_path):
    text = load_black_spot_rules.__wrapped__.__defaults__[0].read_text(encoding="utf-8")
    path = tmp_path / "black_spots.csv"
    path.write_text(
        "\n".join(row for row in text.splitlines() if ",window," not in row) + "\n", encoding="utf-8"
    )
    with pytest.raises(RuleTableError, match="no window"):
        load_black_spot_rules(path)
