"""Chainage, side, conflicts along a line, works beside it, and the potential impact radius."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from layers.errors import ChainageError, InputError, NoRuleError
from layers.scoring.chainage import Chainage
from layers.scoring.distances import find_violations
from layers.scoring.pipelines import conflicts, permit_bands, potential_impact_radius_m
from layers.scoring.works_notices import notice
from layers.scoring.rules import RuleSet, read_rules
from tests.layers.scoring.frames import (
    CRS,
    X,
    Y,
    box,
    building,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    road,
    target,
)

ON = date(2026, 9, 30)
BENT = line((0, 0), (1000, 0), (1000, 500))
REFERENCE = Path(__file__).parents[2] / "reference" / "impact_radius.csv"


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _points(*xy_m: tuple[float, float]) -> Any:
    return shapely.points([(X + x, Y + y) for x, y in xy_m])


@pytest.mark.parametrize(
    ("x", "y", "chainage_m", "side"),
    [
        (500, 20, 12_500, "left"),
        (500, -20, 12_500, "right"),
        (500, 0, 12_500, "on"),
        (0, 0, 12_000, "on"),
        (980, 200, 13_200, "left"),
        (1020, 200, 13_200, "right"),
        (1010, -10, 13_000, "right"),
        (990, 10, 12_990, "left"),
        (-30, 5, 12_000, "left"),
        (1005, 600, 13_500, "right"),
    ],
)
def test_point_beside_the_line_has_its_chainage_and_side(
    x: float, y: float, chainage_m: float, side: str
) -> None:
    along = Chainage.along(BENT, CRS, 12_000.0)
    assert along.at(_points((x, y)))[0] == pytest.approx(chainage_m, abs=0.001)
    assert along.side(_points((x, y)))[0] == side


def test_point_outside_a_hairpin_keeps_its_side() -> None:
    along = Chainage.along(line((0, 0), (100, 0), (0, 5)), CRS)
    assert along.side(_points((110, -1), (110, 6))).tolist() == ["right", "right"]


def test_gap_between_two_parts_adds_no_chainage() -> None:
    parts = shapely.multilinestrings(
        [*shapely.get_parts(line((0, 0), (100, 0))), *shapely.get_parts(line((300, 0), (400, 0)))]
    )
    along = Chainage.along(parts, CRS)
    assert along.length_m == pytest.approx(200.0, abs=0.001)
    assert along.at(_points((350, 1), (190, 0), (210, 0))) == pytest.approx([150.0, 100.0, 100.0], abs=0.001)


def test_chainage_counts_true_metres_far_from_the_meridian() -> None:
    far = shapely.transform(BENT, lambda xy: xy + [90_000.0, 0.0])
    assert Chainage.along(far, CRS).length_m == pytest.approx(1500.0 / 1.0000999, abs=0.01)


def test_stretch_between_two_chainages_has_their_length() -> None:
    along = Chainage.along(BENT, CRS, 12_000.0)
    stretch = along.between(12_900.0, 13_100.0)
    assert shapely.length(stretch) == pytest.approx(200.0, abs=0.01)
    assert along.at(shapely.points(shapely.get_coordinates(stretch)))[[0, -1]] == pytest.approx(
        [12_900.0, 13_100.0], abs=0.01
    )


@pytest.mark.parametrize(
    ("from_m", "to_m"), [(11_000, 12_500), (12_500, 12_500), (13_000, 12_000), (12_000, 14_000)]
)
def test_stretch_off_the_line_is_refused(from_m: float, to_m: float) -> None:
    with pytest.raises(ChainageError, match=r"(from|to)_m: K1[1-4]\+\d00: must lie within K1"):
        Chainage.along(BENT, CRS, 12_000.0).between(from_m, to_m)


def _along(
    rules: RuleSet, *, buffer_m: float = 200.0, kind: str | None = "transmission", **options: Any
) -> gpd.GeoDataFrame:
    pipelines = layer(pipeline(BENT, kind=kind), accuracy_m=2.0)
    layers = {
        "pipelines": pipelines,
        "buildings": layer(
            building(box(698, 2, 706, 10), accuracy_m=1.0),
            building(box(200, -12, 210, -6), built_year=2003, accuracy_m=1.0),
            building(box(400, 30, 410, 40), accuracy_m=1.0),
        ),
        "protection_targets": layer(
            target(point(300, 162), "school"), target(point(300, 900), "school"), accuracy_m=5.0
        ),
        "enterprises": layer(enterprise(point(1100, 300), "fuel_station"), accuracy_m=20.0),
    }
    return conflicts(pipelines.iloc[0], layers, rules, buffer_m=buffer_m, on=ON, **options)


def test_conflicts_stand_in_chainage_order_with_the_words_of_the_law(rules: RuleSet) -> None:
    found = _along(rules)
    assert found["verdict_zh"].tolist() == ["可能禁止", "须查技术规范", "禁止", "须查技术规范"]
    assert found["rule_id"].tolist() == ["PIPE-L30-3", "PIPE-L31-1", "PIPE-L30-3", "PIPE-L31-2"]
    assert found["side"].tolist() == ["right", "left", "left", "right"]
    assert found["distance_m"].tolist() == pytest.approx([6.0, 162.0, 2.0, 100.0], abs=0.01)
    assert found["chainage_m"].is_monotonic_increasing and found["is_historic"].iloc[0] is True
    assert found["certainty"].tolist() == ["possible", None, "certain", None]


def test_stretch_and_buffer_limit_the_list(rules: RuleSet) -> None:
    assert _along(rules, from_m=12_650, to_m=12_750)["verdict_zh"].tolist() == ["禁止"]
    assert _along(rules, buffer_m=50.0)["rule_id"].tolist() == ["PIPE-L30-3", "PIPE-L30-3"]


def test_clear_buildings_are_listed_on_request_only(rules: RuleSet) -> None:
    words = _along(rules, include_clear=True)["verdict_zh"].tolist()
    assert words.count("未发现") == 1 and len(words) == 5


@pytest.mark.parametrize("buffer_m", [0.0, -5.0, 1000.1, float("nan")])
def test_buffer_out_of_range_is_refused(buffer_m: float, rules: RuleSet) -> None:
    with pytest.raises(InputError, match="buffer_m"):
        _along(rules, buffer_m=buffer_m)


@pytest.mark.parametrize("kind", ["industrial", None])
def test_pipe_that_no_rule_covers_is_no_clear_pipe(kind: str | None, rules: RuleSet) -> None:
    with pytest.raises(NoRuleError):
        _along(rules, kind=kind)


def test_gas_pipe_of_unknown_pressure_is_no_clear_pipe(rules: RuleSet) -> None:
    pipelines = layer(pipeline(BENT, kind="town_gas", pressure_mpa=None))
    with pytest.raises(NoRuleError, match=r"^no rule for: pipeline of kind town_gas and unknown pressure against buildings and structures$"):
        conflicts(pipelines.iloc[0], {"pipelines": pipelines}, rules, buffer_m=200, on=ON)


def test_house_on_a_low_pressure_gas_pipe_is_a_conflict(rules: RuleSet) -> None:
    pipelines = layer(pipeline(BENT, kind="town_gas", pressure_mpa=0.3, diameter_mm=200.0))
    layers = {
        "pipelines": pipelines,
        "buildings": layer(building(box(5, 0.5, 9, 4)), building(box(15, 0.7, 19, 4))),
    }
    found = conflicts(pipelines.iloc[0], layers, rules, buffer_m=50, on=ON)
    assert found["rule_id"].tolist() == ["TGAS-PROT-low_medium_pressure"]


@pytest.mark.parametrize("kind", ["industrial", None])
def test_digger_hears_of_a_pipe_without_a_rule(kind: str | None, rules: RuleSet) -> None:
    pipelines = layer(pipeline(BENT, kind=kind, operator="某化工公司"))
    row = notice(point(500, 100), ["road"], {"pipelines": pipelines}, rules, on=ON).iloc[0]
    assert (row["verdict_zh"], row["operator"]) == ("未判定", "某化工公司")
    assert row["distance_m"] == pytest.approx(100.0)
    assert row["chainage_from_m"] <= 12_500 <= row["chainage_to_m"]


def test_line_with_nothing_beside_it_gives_an_empty_list(rules: RuleSet) -> None:
    pipelines = layer(pipeline(BENT))
    assert conflicts(pipelines.iloc[0], {"pipelines": pipelines}, rules, buffer_m=200, on=ON).empty


@pytest.mark.parametrize(
    ("distance_m", "rule_ids"),
    [
        (49.9, ["PIPE-L35-2a", "PIPE-L35-3a"]),
        (50.0, ["PIPE-L35-3a"]),
        (199.9, ["PIPE-L35-3a"]),
        (200.0, []),
    ],
)
def test_conflict_names_the_permits_that_works_there_need(
    distance_m: float, rule_ids: list[str], rules: RuleSet
) -> None:
    pipelines = layer(pipeline(BENT))
    house = layer(building(box(400, distance_m, 410, distance_m + 10)))
    layers = {"pipelines": pipelines, "buildings": house}
    found = conflicts(pipelines.iloc[0], layers, rules, buffer_m=300, on=ON, include_clear=True)
    assert found["works_rules"].tolist() == [rule_ids]


def test_permit_bands_of_a_transmission_line_and_its_stations(rules: RuleSet) -> None:
    bands = permit_bands(layer(pipeline(BENT)).iloc[0], rules, on=ON)
    metres = {band["rule_id"]: band["distance_m"] for band in bands}
    assert metres == {
        "PIPE-L35-1": 0, "PIPE-L35-2a": 50, "PIPE-L35-2b": 100, "PIPE-L35-3a": 200, "PIPE-L35-3b": 500,
    }  # fmt: skip
    assert all(band["clause"] and band["activities"] for band in bands)


def test_permit_band_of_a_town_gas_pipe_follows_its_pressure(rules: RuleSet) -> None:
    pipe = layer(pipeline(BENT, kind="town_gas", pressure_mpa=0.8)).iloc[0]
    assert [band["rule_id"] for band in permit_bands(pipe, rules, on=ON)] == ["TGAS-CTRL-sub_high_pressure"]


@pytest.mark.parametrize(
    ("distance_m", "activity", "rule_id", "verdict"),
    [
        (4.99, "mechanical_excavation", "PIPE-L30-2", "prohibited"),
        (5.0, "mechanical_excavation", None, None),
        (4.99, "structure", "PIPE-L30-3", "prohibited"),
        (49.99, "road", "PIPE-L35-2a", "permit_required"),
        (50.0, "road", None, None),
        (199.99, "blasting", "PIPE-L35-3a", "permit_required"),
        (200.0, "blasting", None, None),
    ],
)
def test_works_beside_a_line_need_what_the_law_says(
    distance_m: float, activity: str, rule_id: str | None, verdict: str | None, rules: RuleSet
) -> None:
    works = box(200, distance_m, 260, distance_m + 5)
    found = notice(works, [activity], {"pipelines": layer(pipeline(BENT))}, rules, on=ON)
    assert found["rule_id"].tolist() == ([rule_id] if rule_id else [])
    assert found["verdict"].tolist() == ([verdict] if verdict else [])


@pytest.mark.parametrize(
    ("distance_m", "activity", "rule_id"),
    [
        (99.9, "road", "PIPE-L35-2b"),
        (100.0, "road", None),
        (499.9, "mining", "PIPE-L35-3b"),
        (500.0, "mining", None),
    ],
)
def test_works_beside_a_station_need_a_permit(
    distance_m: float, activity: str, rule_id: str | None, rules: RuleSet
) -> None:
    station = {"geometry": box(-20, -20, 0, 20), "name": "station", "kind": "station", "pipeline_id": "P1"}
    found = notice(point(distance_m, 0), [activity], {"pipeline_stations": layer(station)}, rules, on=ON)
    assert found["rule_id"].tolist() == ([rule_id] if rule_id else [])


def test_crossing_works_are_told_by_touching_the_centreline(rules: RuleSet) -> None:
    layers = {"pipelines": layer(pipeline(BENT, operator="gas company"))}
    found = notice(line((500, -30), (500, 30)), ["crossing_over_or_under"], layers, rules, on=ON)
    assert found["rule_id"].tolist() == ["PIPE-L35-1"] and found["operator"].tolist() == ["gas company"]
    beside = notice(line((500, 1), (500, 30)), ["crossing_over_or_under"], layers, rules, on=ON)
    assert beside["verdict"].tolist() == ["not_assessed"] and beside["rule_id"].tolist() == [None]
    assert notice(line((500, 50.1), (500, 80)), ["crossing_over_or_under"], layers, rules, on=ON).empty


@pytest.mark.parametrize("activity", ["sand_dig", "piling", "dredging", "groundwater_pumping", "overhead_telecom_line", "dam"])
@pytest.mark.parametrize(("distance_m", "is_near"), [(0.0, True), (50.0, True), (50.1, False)])
def test_line_beside_works_that_its_rules_do_not_name_is_told_and_not_judged(
    activity: str, distance_m: float, is_near: bool, rules: RuleSet
) -> None:
    lines = {"pipelines": layer(pipeline(BENT, operator="gas company"))}
    works = box(200, distance_m, 260, distance_m + 5)
    found = notice(works, [activity], lines, rules, on=ON)
    assert found["verdict"].tolist() == ["not_assessed"] * is_near
    assert found["operator"].tolist() == ["gas company"] * is_near
    # A kind that is named leaves the other one open.
    both = notice(works, [activity, "deep_rooted_planting"], lines, rules, on=ON)
    assert both["verdict"].tolist() == ["prohibited"] * (distance_m < 5) + ["not_assessed"] * is_near


@pytest.mark.parametrize(("kind", "distance_m"), [("gas", 149.0), ("industrial", 299.0)])
def test_accuracy_of_the_works_counts_for_lines_without_a_word_on_them(kind: str, distance_m: float, rules: RuleSet) -> None:
    line = {} if kind == "gas" else {"kind": kind}
    works, lines = box(200, distance_m, 260, distance_m + 5), {"pipelines": layer(pipeline(BENT, **line))}
    assert notice(works, ["sand_dig"], lines, rules, on=ON).empty
    assert notice(works, ["sand_dig"], lines, rules, on=ON, accuracy_m=100.0)["verdict"].tolist() == ["not_assessed"]


def test_open_mining_is_mining_and_a_blast_under_water_is_a_blast(rules: RuleSet) -> None:
    for activity in ("open_mining", "underwater_blast"):
        found = notice(box(200, 150, 260, 160), [activity], {"pipelines": layer(pipeline(BENT))}, rules, on=ON)
        assert found["rule_id"].tolist() == ["PIPE-L35-3a"]


def test_notice_names_the_stretch_it_touches(rules: RuleSet) -> None:
    found = notice(box(500, 10, 560, 20), ["road"], {"pipelines": layer(pipeline(BENT))}, rules, on=ON).iloc[
        0
    ]
    reach_m = (50.0**2 - 10.0**2) ** 0.5
    assert found["chainage_from_m"] == pytest.approx(12_500 - reach_m, abs=0.5)
    assert found["chainage_to_m"] == pytest.approx(12_560 + reach_m, abs=0.5)


def test_unknown_works_are_refused(rules: RuleSet) -> None:
    for activities in (["picnic"], ["gold_panning"], []):
        with pytest.raises(InputError, match="activities"):
            notice(point(0, 0), activities, {}, rules, on=ON)


@pytest.mark.parametrize(
    "row",
    list(csv.DictReader(REFERENCE.read_text(encoding="utf-8").splitlines())),
    ids=lambda row: row["diameter_mm"],
)
def test_impact_radius_agrees_with_worked_values(row: dict[str, str], rules: RuleSet) -> None:
    radius_m = potential_impact_radius_m(float(row["diameter_mm"]), float(row["pressure_mpa"]), rules)
    assert radius_m == pytest.approx(float(row["radius_m"]), abs=0.06)
    in_imperial_m = (
        0.69 * np.sqrt(float(row["pressure_mpa"]) * 145.0377) * float(row["diameter_mm"]) / 25.4 * 0.3048
    )
    assert radius_m == pytest.approx(in_imperial_m, rel=0.01)


def test_impact_radius_without_pressure_is_refused(rules: RuleSet) -> None:
    with pytest.raises(InputError):
        potential_impact_radius_m(508.0, float("nan"), rules)


def _with_its_violations(rules: RuleSet, **options: Any) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """A gas line alongside a highway, a house on it and a power line beside it: the county's violations, and the line's conflicts."""
    lines = layer(pipeline(line((0, 0), (1000, 0)), medium="natural_gas"), accuracy_m=0.1)
    layers = {
        "pipelines": lines,
        "buildings": layer(building(box(698, 2, 706, 10), accuracy_m=0.1)),
        "roads": layer(road(line((0, 10), (1000, 10)), "national_road", land_width_m=18.0), accuracy_m=0.1),
    }
    violations = find_violations(layers, rules, on=ON).violations
    return violations, conflicts(lines.iloc[0], layers, rules, buffer_m=50, on=ON, violations=violations, **options)


def test_line_lists_every_violation_of_the_county_that_names_it(rules: RuleSet) -> None:
    violations, found = _with_its_violations(rules)
    assert set(violations["subject_layer"]) == {"pipelines", "roads"}
    violations = violations[violations["subject_layer"] == "pipelines"]
    assert set(violations["rule_id"]) == {"PIPE-L30-3", "PIPE-GB50251-ROAD"}
    listed = found.dropna(subset="violation_id").set_index("violation_id").loc[violations["violation_id"]]
    assert listed["distance_m"].tolist() == pytest.approx(violations["actual_m"].tolist())
    assert listed["certainty"].tolist() == violations["certainty"].tolist()
    assert listed["chainage_m"].tolist() == pytest.approx(violations["chainage_m"].tolist(), abs=0.01)
    assert listed.set_index("rule_id")["verdict"].to_dict() == {
        rule_id: "prohibited" if rule_id == "PIPE-L30-3" else "see_code" for rule_id in violations["rule_id"]
    }
    assert len(found.dropna(subset="violation_id")) == len(violations)


def test_violation_off_the_stretch_is_left_out(rules: RuleSet) -> None:
    _, found = _with_its_violations(rules, from_m=12_800.0, to_m=12_900.0)
    assert "PIPE-L30-3" not in set(found["rule_id"])


def test_line_that_is_the_object_of_a_violation_lists_the_other_thing(rules: RuleSet) -> None:
    violations, _ = _with_its_violations(rules)
    turned = violations[violations["rule_id"] == "PIPE-GB50251-ROAD"].copy()
    names = [("subject_" + name, "object_" + name) for name in ("layer", "feature_id", "name")]
    turned = turned.rename(columns={one: two for pair in names for one, two in (pair, pair[::-1])}).set_geometry(turned.geometry.reverse())
    lines = layer(pipeline(line((0, 0), (1000, 0)), kind="industrial"))
    found = conflicts(lines.iloc[0], {"pipelines": lines}, rules, buffer_m=50, on=ON, violations=turned).iloc[0]
    assert (found["object_layer"], found["object_feature_id"]) == ("roads", turned["subject_feature_id"].iloc[0])
    assert found["chainage_m"] == pytest.approx(violations.set_index("rule_id")["chainage_m"]["PIPE-GB50251-ROAD"], abs=0.01)
    assert (found["side"], found["verdict"]) == ("left", "see_code")
