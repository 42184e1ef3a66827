"""Travel times of the fire brigade on small made-up roads, and the factor C that follows."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from layers.errors import RuleTableError
from layers.scoring.explain import explain_point
from layers.scoring.fire_cover import fire_cover, load_fire_rules, with_help
from layers.scoring.road_network import road_network
from layers.scoring.zoning import risk_index
from tests.layers.scoring.frames import CRS, X, Y, box, layer, line, point, road
from tests.layers.scoring.scoring_cases import (
    GRID,
    WEIGHTED,
    frame,
    random_sources,
    source,
)
import itertools

AREA = box(-1000, -1000, 20_000, 1000)
STREET = layer(road(line((0, 0), (20_000, 0)), "street"))


def stations(*features):
    rows = [
        {"geometry": point(0, 0), "station_class": "class_1", "status": "existing"} | row for row in features
    ]
    return layer(*rows)


def cover(roads=STREET, fire_stations=None):
    layers = {"roads": roads, "fire_stations": stations({}) if fire_stations is None else fire_stations}
    return fire_cover(layers, AREA, CRS)


def at(found, *xy):
    return found.minutes_at(np.array([[X + x, Y + y] for x, y in xy], dtype=float))


def test_two_kilometres_of_street_take_one_minute_and_three_quarters_of_four_more():
    assert at(cover(), (2000, 0)) == pytest.approx([1 + 2 / 32 * 60])


def test_last_metres_beyond_the_road_are_walked():
    assert at(cover(), (2000, 250)) == pytest.approx([1 + 3.75 + 0.25 / 5 * 60])


def test_place_far_from_any_road_is_unknown_and_not_far():
    assert np.isnan(at(cover(), (2000, 301))).all()


def test_planned_and_support_stations_do_not_count():
    found = cover(fire_stations=stations({"status": "planned"}, {"station_class": "support"}))
    assert found.n_stations == {"left_out": 2, "used": 0, "no_road": 0} and found.bands.empty


def test_station_without_a_road_is_counted():
    found = cover(fire_stations=stations({}, {"geometry": point(0, 501)}))
    assert found.n_stations == {"left_out": 0, "used": 1, "no_road": 1}


def test_second_station_at_the_same_place_changes_nothing():
    twice = cover(fire_stations=stations({}, {"geometry": point(0, 10)}))
    assert at(twice, (2000, 0)) == pytest.approx([4.75])


def test_nearest_station_by_time_counts():
    found = cover(fire_stations=stations({}, {"geometry": point(4000, 0)}))
    assert at(found, (3000, 0)) == pytest.approx([1 + 1 / 32 * 60])


def test_road_that_ends_on_another_is_joined_and_a_crossing_without_an_end_is_not():
    side = road(line((1000, 1.9), (1000, 900)), "street")
    joined = cover(layer(road(line((0, 0), (20_000, 0)), "street"), side))
    assert at(joined, (1000, 900))[0] == pytest.approx(1 + 1.9 / 32 * 60, rel=0.01)
    bridge = road(line((1050, -900), (1050, 900)), "street")
    crossed = cover(layer(road(line((0, 0), (20_000, 0)), "street"), bridge))
    assert np.isinf(at(crossed, (1050, 900))[0])


def test_times_equal_those_of_a_plain_dijkstra():
    rng = np.random.default_rng(2)
    xy = rng.integers(0, 8, (60, 2)) * 500.0
    lines = {tuple(sorted((tuple(a), tuple(b)))) for a, b in itertools.pairwise(xy) if (a != b).any()}
    roads = layer(*(road(line(a, b), "street") for a, b in sorted(lines)))
    network = road_network(roads, {"street": 60.0})  # a kilometre a minute
    start = np.array([[X + xy[0, 0], Y + xy[0, 1]]])
    found = network.minutes_at(
        np.array([[X + x, Y + y] for x, y in xy]), network.travel_minutes(start, np.zeros(1), 1.0),
        access_m=1.0, access_m_per_min=1e9,
    )  # fmt: skip
    nodes = {point for pair in lines for point in pair}
    best = dict.fromkeys(nodes, np.inf) | {tuple(xy[0]): 0.0}
    for _ in nodes:  # Bellman-Ford over straight roads; places on the way of a road join it too
        for a, b in lines:
            on_way = sorted(
                (p for p in nodes if shapely.LineString([a, b]).distance(shapely.Point(p)) < 1e-9),
                key=lambda p: np.hypot(p[0] - a[0], p[1] - a[1]),
            )
            for one, two in [*itertools.pairwise(on_way), *zip(on_way[1:], on_way, strict=False)]:
                best[two] = min(best[two], best[one] + np.hypot(one[0] - two[0], one[1] - two[1]) / 1000)
    assert found == pytest.approx([best[tuple(place)] for place in xy], abs=1e-6)


def test_bands_include_their_upper_bound_and_cover_what_is_within_reach_of_the_road():
    bands = cover().bands
    assert bands["band"].tolist() == ["1", "2", "3", "4", "5"]
    assert bands.area.sum() == pytest.approx(20_300 * 600, rel=0.03)
    assert shapely.area(shapely.intersection(bands.geometry[0], bands.geometry[1])) == 0


def test_roads_without_local_ones_are_no_network():
    found = cover(layer(road(line((0, 0), (20_000, 0)), "expressway")))
    assert found.bands.empty and np.isnan(at(found, (0, 0))).all()


def test_nothing_loaded_assesses_nothing():
    assert fire_cover({}, AREA, CRS).bands.empty


@pytest.mark.parametrize(
    ("minutes", "factor"), [(0.0, 1.0), (15.0, 1.0), (15.01, 1.05), (30.0, 1.05), (30.01, 1.1), (np.nan, 1.0), (np.inf, 1.0)]
)  # fmt: skip
def test_factor_is_a_penalty_above_fifteen_and_thirty_minutes(minutes, factor):
    assert load_fire_rules().help_factor(np.array([minutes])) == [factor]


def test_only_sources_of_fire_are_penalised_and_a_line_counts_with_its_median():
    far = 10_000  # 19.75 minutes
    rows = [
        source(point(far, 0), name="a"), source(point(far, 0), name="b"), source(point(1000, 0), name="c"),
        source(line((0, 0), (2 * far, 0)), name="d"),
    ]  # fmt: skip
    points = frame(*rows).set_crs(CRS, allow_override=True).assign(is_fire=[True, False, True, True])
    found = with_help(points, cover())
    assert found["help_factor"].tolist() == [1.05, 1.0, 1.0, 1.05]
    assert found["help_minutes"].iloc[0] == pytest.approx(19.75)


def test_explanation_sums_with_late_help_and_tiles_keep_the_same_bits():
    points = random_sources(4, 30).sort_values("point_id", ignore_index=True)
    points["help_factor"] = np.resize([1.0, 1.05, 1.1], len(points))
    whole = risk_index(points, GRID, WEIGHTED)
    for rows, cols, tile in GRID.tiles(17):
        part = risk_index(points, tile, WEIGHTED)
        assert np.array_equal(part.index, whole.index[rows, cols], equal_nan=True)
    late = 0
    for row in range(0, GRID.rows, 7):
        why = explain_point(*GRID.centre(row, row), points, WEIGHTED, grid=GRID)
        if why.index is not None:
            assert np.float32(why.index) == whole.index[row, row]
            assert sum(part.points for part in why.contributions) == pytest.approx(why.index)
            late += any(part.help_factor > 1 for part in why.contributions)
            assert "C" in "".join(why.notes_zh)
    assert late


def test_factor_of_one_changes_no_bit():
    points = random_sources(5, 30)
    assert np.array_equal(
        risk_index(points, GRID, WEIGHTED).index,
        risk_index(points.assign(help_factor=1.0), GRID, WEIGHTED).index,
        equal_nan=True,
    )


def test_table_whose_factor_begins_above_one_is_refused(tmp_path):
    text = load_fire_rules.__wrapped__.__defaults__[0].read_text(encoding="utf-8")
    path = tmp_path / "fire_cover.csv"
    path.write_text(text.replace("help,0,1,", "help,0,0.9,"), encoding="utf-8")
    with pytest.raises(RuleTableError, match="never a credit"):
        load_fire_rules(path)
