"""Rules that wait for a layer of their own: grounds a project keeps off, quarries, airports, works beside lines and tracks."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import pytest
import shapely

from layers.catalog import load_catalog
from layers.scoring.distances import find_violations
from layers.scoring.works_notices import notice
from layers.scoring.rules import read_rules
from layers.scoring.separation import MAX_ERROR_M
from layers.scoring.siting import check_site, search_radii_m
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_distances import _farthest_m
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, building, enterprise, layer, line, pipeline, power_line, unit

ON = date(2026, 9, 30)
RULES = read_rules()
CORE = ("pipelines", "roads", "risk_points")
GROUNDS = {"active_faults": "HZ-19-GEO-FAULT", "flood_areas": "HZ-19-GEO-FLOOD", "geological_hazard_areas": "HZ-19-GEO-SLIDE"}
WORDS = {"active_faults": "无活动断层图层", "flood_areas": "无易发洪水区域图层", "geological_hazard_areas": "无易发地质灾害区域图层"}
INSIDE, AT, OUTSIDE = -0.02, 0.0, 0.02


def broken(**layers: gpd.GeoDataFrame) -> list[tuple[str, str, str]]:
    rows = find_violations(layers, RULES, on=ON).violations
    return sorted(zip(rows["rule_id"], rows["subject_feature_id"], rows["object_feature_id"], strict=True))


def site(kind: str, south_m: float, frames: dict[str, gpd.GeoDataFrame], *, is_new: bool = True) -> SiteVerdict:
    """A project whose southern edge lies so many metres north of the centre."""
    states = dict.fromkeys((*CORE, *frames), "loaded")
    context = SiteContext(frames, states, CRS)
    project = Project(kind, is_new=is_new, n_persons=20, has_chemicals=True)
    return check_site(box(-20, south_m, 20, south_m + 30), project=project, context=context, rules=RULES, on=ON)


def gravities(verdict: SiteVerdict, rule_id: str) -> list[int]:
    return [reason.gravity for reason in verdict.reasons if reason.rule_id == rule_id]


@pytest.mark.parametrize(("apart_m", "n"), [(299.98, 1), (300.0, 1), (300.02, 0)], ids=["inside", "at", "outside"])
def test_quarries_of_two_owners_lie_more_than_300_m_apart(apart_m: float, n: int) -> None:
    two = [{"geometry": box(-90, -90, 90, 0), "name": "a", "enterprise_id": "E1", "feature_id": "Q1"},
           {"geometry": box(-90, apart_m, 90, apart_m + 50), "name": "b", "enterprise_id": "E2", "feature_id": "Q2"}]  # fmt: skip
    assert broken(quarries=layer(*two)) == [("QUARRY-300", "Q1", "Q2")] * n
    assert not broken(quarries=layer(two[0], two[1] | {"enterprise_id": "E1"})), "two pits of one owner are one quarry"


def test_building_inside_an_airport_is_its_own_and_one_across_its_fence_is_not() -> None:
    airport = layer({"geometry": box(-500, -300, 500, 0), "name": "field", "feature_id": "A"})
    houses = layer(*(building(box(-5, at_m, 5, at_m + 10), feature_id=name) for name, at_m in (("within", -30), ("across", -4), ("near", 4), ("far", 5))))
    assert [row[2] for row in broken(airports=airport, buildings=houses)] == ["across", "near"]


@pytest.mark.parametrize(("step_m", "n"), [(INSIDE, 1), (AT, 1), (OUTSIDE, 0)], ids=["inside", "at", "outside"])
def test_fireworks_store_in_a_built_up_area_is_forbidden(step_m: float, n: int) -> None:
    town = layer({"geometry": box(-500, -500, 500, 0), "name": "town", "feature_id": "T"})
    store = layer(enterprise(box(-5, step_m, 5, step_m + 10), "fireworks_store", feature_id="S"))
    assert broken(built_up_areas=town, enterprises=store) == [("FW-WARE", "T", "S")] * n
    assert gravities(site("fireworks_store", step_m, {"built_up_areas": town}), "FW-WARE") == [1] * n


@pytest.mark.parametrize(("step_m", "n"), [(INSIDE, 1), (AT, 1), (OUTSIDE, 0)], ids=["inside", "at", "outside"])
def test_dangerous_goods_under_one_roof_with_a_stated_dwelling_are_forbidden(step_m: float, n: int) -> None:
    house = building(box(-20, step_m, 20, step_m + 20), has_dwelling=True, feature_id="B")
    rows = broken(hazard_units=layer(unit(box(-5, -10, 5, 0), kind="warehouse", feature_id="U")), buildings=layer(house))
    assert rows == [("FIRE-19", "U", "B")] * n
    assert not broken(hazard_units=layer(unit(box(-5, -10, 5, 0))), buildings=layer(house | {"has_dwelling": None})), "never guessed"


@pytest.mark.parametrize(("step_m", "gravity"), [(INSIDE, [1]), (AT, [1]), (OUTSIDE, [])], ids=["inside", "at", "outside"])
def test_new_chemical_project_keeps_out_of_the_control_range_of_the_yellow_river(step_m: float, gravity: list[int]) -> None:
    frames = {"yellow_river_ranges": layer({"geometry": box(-900, -900, 900, 0), "name": "range"})}
    found = gravities(site("hazchem", step_m, frames), "HH-PARK")
    assert found == ([3] if gravity else []), "a law known by heart is for review"
    assert not gravities(site("hazchem", step_m, frames, is_new=False), "HH-PARK") or RULES["HH-PARK"].is_new_only


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize(("step_m", "n"), [(INSIDE, 1), (OUTSIDE, 0)], ids=["inside", "outside"])
def test_ground_that_gives_way_is_a_reason_for_every_project_and_by_law_for_a_major_hazard(ground: str, step_m: float, n: int) -> None:
    frames = {ground: layer({"geometry": box(-900, -900, 900, 0), "name": "ground"})}
    chemical, housing = site("hazchem", step_m, frames), site("residential", step_m, frames)
    assert gravities(chemical, GROUNDS[ground]) == [3] * n, "whether it is a major hazard follows from its amounts"
    assert [reason.kind for reason in housing.reasons] == ["policy"] * n and not [r for r in chemical.reasons if r.object_layer == ground and r.kind == "policy"]
    others = GROUNDS.keys() - {ground}
    assert others <= {entry.topic for entry in housing.not_assessed} and ground not in {entry.topic for entry in housing.not_assessed}
    unsaid = " ".join(entry.zh for entry in chemical.not_assessed)
    assert all((WORDS[name] in unsaid) == (name != ground) for name in GROUNDS), "a missing layer is named, and never passed"


@pytest.mark.parametrize(
    ("rank", "rule_id", "bank_m"), [("main", "YZ-TAIL-MAIN", 3000.0), ("important_tributary", "YZ-TAIL-TRIB", 1000.0)]
)
def test_new_tailings_pond_keeps_off_the_yangtze(rank: str, rule_id: str, bank_m: float) -> None:
    def ponds(rank: str | None, **more: Any) -> list[list[int]]:
        river = {"water": layer({"geometry": box(-4000, -90, 4000, 0), "name": "river", "kind": "river", "yangtze_rank": rank})}
        return [gravities(site("tailings_pond", bank_m + step_m, river, **more), rule_id) for step_m in (INSIDE, AT, OUTSIDE)]

    assert ponds(rank) == [[1], [], []]
    assert ponds(rank, is_new=False) == [[], [], []] and ponds("none") == [[], [], []]
    assert ponds(None)[0] == ([3] if rank == "main" else []), "a river that states no rank is for review as far as the widest bank reaches"


def test_tailings_pond_above_houses_is_never_found_clear_and_asks_for_no_chemicals() -> None:
    houses = {"protection_targets": layer({"geometry": box(0, 700, 20, 720), "name": "village", "category": "village", "feature_id": "V"} | TARGET)}
    states = dict.fromkeys((*CORE, *houses), "loaded")
    verdict = check_site(box(-20, 0, 20, 30), project=Project("tailings_pond", n_persons=5), context=SiteContext(houses, states, CRS), rules=RULES, on=ON)
    assert verdict.rank == 2 and not RULES.project_types["tailings_pond"].needs_amounts
    assert not [reason for reason in verdict.reasons if "化学品" in reason.text_zh]


TARGET = {"target_class": None, "n_persons": None, "n_households": None, "in_service_on": None, "is_zoned_land": False, "gb50156_class": None}


PATH = {"geometry": line((0, 0), (0, 600), (600, 600)), "name": "path", "width_m": 60.0, "feature_id": "P", "enterprise_id": "E1"}


@pytest.mark.parametrize(("east_m", "n"), [(399.98, 1), (400.0, 0), (400.02, 0)], ids=["inside", "at", "outside"])
def test_pond_is_overhead_where_people_live_within_1000_m_along_the_path_and_not_around_it(east_m: float, n: int) -> None:
    """600 m north, then east: a village at 400 m east lies 1,000 m along the path, and 721 m from the dam."""
    village = {"geometry": box(east_m, 580, east_m + 50, 620), "name": "village", "category": "village", "feature_id": "V"} | TARGET
    rows = find_violations({"tailings_flow_paths": layer(PATH), "protection_targets": layer(village)}, RULES, on=ON).violations
    assert rows["rule_id"].tolist() == ["TAIL-HEAD"] * n
    if n:
        assert rows["actual_m"].iloc[0] == pytest.approx(999.98, abs=1e-3) and rows.geometry.iloc[0].length == pytest.approx(999.98, abs=1e-3)
    beside = village | {"geometry": box(31, 100, 60, 120)}
    assert not broken(tailings_flow_paths=layer(PATH), protection_targets=layer(beside)), "beside the width of the path"
    maybe = find_violations({"tailings_flow_paths": layer(PATH), "protection_targets": layer(beside, accuracy_m=2.0)}, RULES, on=ON).violations
    assert maybe["certainty"].tolist() == ["possible"], "the error of the position may put it into the path"
    assert not broken(tailings_flow_paths=layer(PATH | {"width_m": None}), protection_targets=layer(village | {"geometry": box(-5, 100, 5, 120)}))


STRAIGHT = {"geometry": line((0, 0), (0, 600)), "name": "path", "width_m": 100.0, "feature_id": "P", "enterprise_id": "E1"}


@pytest.mark.parametrize(
    ("south_m", "accuracy_m", "certainty"),
    [
        (-60, 0.0, []), (-20, 0.0, ["certain"]), (-20, 5.0, ["possible"]), (-18, 5.0, ["possible"]), (-9, 5.0, ["certain"]), (-20.02, 0.0, []), (-45, 5.0, []),
        (640, 0.0, []), (603, 5.0, ["possible"]), (597, 5.0, ["possible"]), (590, 5.0, ["certain"]), (606, 5.0, []), (100, 5.0, ["certain"]),
    ],
)  # fmt: skip
def test_place_behind_the_dam_or_beyond_the_end_of_the_path_is_never_reached_for_certain(south_m: float, accuracy_m: float, certainty: list[str]) -> None:
    """A school 20 m deep, 100 m wide path of 600 m: the path has no width behind the dam (0) and beyond its end (600)."""
    school = {"geometry": box(-5, south_m, 5, south_m + 20), "name": "school", "category": "school", "feature_id": "S", "accuracy_m": accuracy_m} | TARGET
    layers = {"tailings_flow_paths": layer(STRAIGHT), "protection_targets": layer(school)}
    assert find_violations(layers, RULES, on=ON).violations["certainty"].tolist() == certainty


@pytest.mark.parametrize(("beside_m", "n"), [(999.0, 1), (1001.0, 0)], ids=["inside", "outside"])
def test_widest_path_that_the_layer_admits_is_found_as_far_as_it_reaches(beside_m: float, n: int) -> None:
    [width] = [field for field in load_catalog()["tailings_flow_paths"].fields if field.name == "width_m"]
    assert width.max is not None and search_radii_m(RULES)["tailings_flow_paths"] >= width.max / 2 + MAX_ERROR_M
    frames = {"tailings_flow_paths": layer(STRAIGHT | {"geometry": line((-beside_m - 20, -300), (-beside_m - 20, 900)), "width_m": width.max})}
    assert gravities(site("residential", 0, frames), "TAIL-HEAD") == [3] * n
    assert _farthest_m(RULES, "tailings_flow_path") >= width.max / 2 + MAX_ERROR_M


def test_homes_below_a_dam_are_for_review_and_move_out_of_the_path_alone() -> None:
    frames = {"tailings_flow_paths": layer(PATH)}
    [reason] = [reason for reason in site("residential", 200.0, frames).reasons if reason.rule_id == "TAIL-HEAD"]
    assert (reason.gravity, reason.actual_m, reason.clear_m) == (3, pytest.approx(200.0, abs=1e-3), 0.0)
    assert reason.share_of_area == pytest.approx(1.0) and reason.obstacle is not None and reason.obstacle.area == pytest.approx(60_000.0, rel=5e-3)


def works(kind: str, ground: shapely.Geometry, **layers: gpd.GeoDataFrame) -> dict[str, str]:
    found = notice(ground, [kind], layers, RULES, on=ON)
    return dict(zip(found["rule_id"], found["verdict"], strict=True))


@pytest.mark.parametrize(
    ("kind", "layer_id", "subject", "rule_id", "distance_m"),
    [
        ("kite", "power_lines", power_line(line((-900, -3), (900, -3)), 110.0), "PWR-KITE", 300.0),
        ("fishing", "hydraulic_works", {"geometry": box(-90, -9, 90, 0), "kind": "hydropower"}, "PWR-DAM", 300.0),
        ("deep_rooted_planting", "airports", {"geometry": box(-900, -900, 900, 0), "name": "field"}, "AIRPORT-5-WORKS", 5.0),
    ],
)  # fmt: skip
def test_works_within_the_distance_are_forbidden(kind: str, layer_id: str, subject: dict[str, Any], rule_id: str, distance_m: float) -> None:
    found = [works(kind, box(-5, distance_m + step_m, 5, distance_m + 20), **{layer_id: layer(subject)}).get(rule_id) for step_m in (INSIDE, AT, OUTSIDE)]
    assert found == ["prohibited", None, None]


@pytest.mark.parametrize(
    ("kind", "layer_id", "fields", "rule_id"),
    [
        ("heavy_vehicle_on_patrol_track", "pipeline_sections", {"kind": "patrol_track"}, "PIPE-L28"),
        ("mining", "pipeline_sections", {"kind": "gas_storage_area"}, "PIPE-L29-2"),
        ("overhead_telecom_line", "pipeline_stations", {"kind": "station"}, "PIPE-L29-1"),
    ],
)  # fmt: skip
def test_works_on_the_ground_itself_are_forbidden_and_beside_it_not(kind: str, layer_id: str, fields: dict[str, str], rule_id: str) -> None:
    ground = {layer_id: layer({"geometry": box(-90, -90, 90, 0), "name": "ground"} | fields)}
    found = [works(kind, box(-5, step_m, 5, 20), **ground).get(rule_id) for step_m in (INSIDE, AT, OUTSIDE)]
    assert found == ["prohibited", "prohibited", None]
    assert rule_id not in works("buried_cable", box(-5, -1, 5, 20), **ground)


@pytest.mark.parametrize(
    ("kind", "rule_id", "distance_m"),
    [("blasting_shallow_hole", "BLAST-FLY-SHALLOW", 200.0), ("blasting_shallow_hole_complex", "BLAST-FLY-SHALLOW-300", 300.0),
     ("blasting_secondary", "BLAST-FLY-BREAK", 300.0), ("blasting_deep_hole", "BLAST-FLY-DEEP", 200.0)],
)  # fmt: skip
def test_people_near_a_blast_are_told_by_its_method_and_what_binds_blasting_binds_each_method(kind: str, rule_id: str, distance_m: float) -> None:
    houses = layer(building(box(-9, -9, 9, 0)))
    found = [works(kind, box(-5, distance_m + step_m, 5, distance_m + 20), buildings=houses).get(rule_id) for step_m in (INSIDE, AT, OUTSIDE)]
    assert found == ["see_code", None, None]
    pipe = layer(pipeline(line((-900, 0), (900, 0))))
    assert works(kind, box(-5, 150, 5, 170), pipelines=pipe, buildings=houses) == {"PIPE-L35-3a": "permit_required", rule_id: "see_code"}
    assert works("blasting", box(-5, 150, 5, 170), pipelines=pipe, buildings=houses) == {"PIPE-L35-3a": "permit_required"}


def test_cells_on_such_grounds_are_answered_as_single_sites() -> None:
    frames = {
        "flood_areas": layer({"geometry": box(-300, -300, -60, 300), "name": "flood"}, accuracy_m=5.0),
        "built_up_areas": layer({"geometry": box(0, -300, 100, 300), "name": "town"}),
        "water": layer({"geometry": box(-6000, -3300, 6000, -3010), "name": "river", "kind": "river", "yangtze_rank": "main"}),
        "yellow_river_ranges": layer({"geometry": box(-300, 50, 300, 90), "name": "range"}),
    }
    context = SiteContext(frames, dict.fromkeys((*CORE, *frames, "protection_targets"), "loaded"), CRS)
    cells, _ = grid_cells(box(-140, -60, 140, 80), 20.0)
    for kind in ("tailings_pond", "fireworks_store", "hazchem", "residential"):
        project = Project(kind, has_chemicals=True)
        answer = judge_cells(cells, project=project, context=context, rules=RULES, on=ON)
        singles = [check_site(cell, project=project, context=context, rules=RULES, on=ON).rank for cell in cells]
        assert answer.rank.tolist() == singles and len(set(singles)) > 1, kind
