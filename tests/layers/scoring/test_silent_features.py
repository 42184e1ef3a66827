"""A feature that does not state what a rule asks is named where it is near, also when other features of the edition state it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import geopandas as gpd
import pytest
import shapely

from layers.scoring.distances import find_violations
from layers.scoring.field_words import field_words
from layers.scoring.nearby import CountyIndex, NearLayers
from layers.scoring.works_notices import notice
from layers.scoring.rules import read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_area import grid_cells, judge_cells
from layers.scoring.siting_terms import Project, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, building, layer, line, pipeline, point, road, target, unit

ON = date(2026, 9, 30)
RULES = read_rules()
CORE = ("pipelines", "roads", "risk_points")
FAR_M = 40_000.0


def pair(silent: dict[str, Any], **stated: Any) -> gpd.GeoDataFrame:
    """The feature in question, and the same far away that states what is asked."""
    return layer(silent, silent | {"geometry": shapely.transform(silent["geometry"], lambda xy: xy + FAR_M)} | stated)


PATH = {"geometry": line((0, -300), (0, 4000)), "width_m": None}
STORE_B = unit(box(-6, -9, 6, 0), kind="warehouse", fire_class="B", class_b_item=None)
STORE_A = unit(box(-6, -9, 6, 0), kind="warehouse", fire_class="A", item_group=None)
LPG = {"geometry": box(-6, -9, 6, 0), "kind": "lpg", "volume_m3": None}
PATHS, STORES_B = pair(PATH, width_m=80.0), pair(STORE_B, class_b_item=1)
STORES_A, TANKS = pair(STORE_A, item_group="items34_above_5t"), pair(LPG, volume_m3=100.0)
SITES = [
    ("tailings_flow_paths", PATHS, "TAIL-HEAD", "width_m", "school_hospital_elderly", 200.0),
    ("hazard_units", STORES_B, "F-3.5.2-B", "class_b_item", "school_hospital_elderly", 25.0),
    ("storage_tanks", TANKS, "F-4.4.1-30", "volume_m3", "residential", 25.0),
]


def context(layer_id: str, frame: gpd.GeoDataFrame) -> SiteContext:
    return SiteContext({layer_id: frame}, dict.fromkeys((*CORE, layer_id), "loaded"), CRS)


def verdict(layer_id: str, frame: gpd.GeoDataFrame, kind: str, north_m: float) -> SiteVerdict:
    site = box(-20, north_m, 20, north_m + 20)
    return check_site(site, project=Project(kind), context=context(layer_id, frame), rules=RULES, on=ON)


def near_context(layer_id: str, frame: gpd.GeoDataFrame) -> SiteContext:
    """The same edition prepared whole, of which what lies around the site is taken."""
    county = CountyIndex({layer_id: frame}, RULES, crs=CRS, on=ON)
    near = NearLayers(county, {layer_id: shapely.box(-5000, -5000, 5000, 5000)})
    return SiteContext(near, dict.fromkeys((*CORE, layer_id), "loaded"), CRS, unstated=frozenset())


def unsaid(layers: Iterable[str], name: str) -> str:
    """What is said in English of a field that is not stated, by its title."""
    return f"“{field_words(layers, name)[1]}” not stated"


@pytest.mark.parametrize(("layer_id", "frame", "rule_id", "name", "kind", "north_m"), SITES)
def test_site_beside_a_silent_feature_is_not_passed(
    layer_id: str, frame: gpd.GeoDataFrame, rule_id: str, name: str, kind: str, north_m: float
) -> None:
    found = verdict(layer_id, frame, kind, north_m)
    assert rule_id not in {rule.rule_id for rule in found.passed}
    assert any(unsaid([layer_id], name) in entry.en for entry in found.not_assessed)
    told = [reason for reason in found.reasons if reason.kind == "missing_input" and unsaid([layer_id], name) in reason.title_en]
    assert {reason.object_id for reason in told} == {"f0"}
    assert found.id == "not_enough"
    site, project = box(-20, north_m, 20, north_m + 20), Project(kind)
    prepared = check_site(site, project=project, context=near_context(layer_id, frame), rules=RULES, on=ON)
    assert prepared.passed == found.passed
    assert [reason.title_en for reason in prepared.reasons] == [reason.title_en for reason in found.reasons]


@pytest.mark.parametrize(("layer_id", "frame", "rule_id", "name", "kind", "north_m"), SITES)
def test_gap_far_away_raises_no_alarm(
    layer_id: str, frame: gpd.GeoDataFrame, rule_id: str, name: str, kind: str, north_m: float
) -> None:
    found = verdict(layer_id, frame, kind, -9000.0)
    assert rule_id in {rule.rule_id for rule in found.passed}
    assert not any(unsaid([layer_id], name) in entry.en for entry in found.not_assessed)
    assert found.id == "nothing_found"


@pytest.mark.parametrize(("layer_id", "frame", "rule_id", "name", "kind", "north_m"), SITES)
def test_cells_beside_silent_features_are_answered_as_single_sites(
    layer_id: str, frame: gpd.GeoDataFrame, rule_id: str, name: str, kind: str, north_m: float
) -> None:
    cells, _ = grid_cells(box(-100, -2200, 100, 300), 100.0)
    asked = {"project": Project(kind), "context": context(layer_id, frame), "rules": RULES, "on": ON}
    singles = [check_site(cell, **asked).rank for cell in cells]
    assert judge_cells(cells, **asked).rank.tolist() == singles
    assert len(set(singles)) > 1


@pytest.mark.parametrize(("layer_id", "frame", "rule_id", "name", "kind", "north_m"), SITES)
def test_field_that_a_whole_edition_does_not_state_closes_sites_near_the_features_alone(
    layer_id: str, frame: gpd.GeoDataFrame, rule_id: str, name: str, kind: str, north_m: float
) -> None:
    silent = frame.iloc[:1]
    near, far = (verdict(layer_id, silent, kind, at_m) for at_m in (north_m, -9000.0))
    assert near.id == "not_enough"
    assert any(unsaid([layer_id], name) in reason.title_en and reason.object_id == "f0" for reason in near.reasons)
    assert far.id == "nothing_found"
    assert rule_id not in {rule.rule_id for rule in near.passed}
    # Tanks are known by their kind, and those far away are passed; of what nobody is known to be, nothing is passed anywhere.
    assert (rule_id in {rule.rule_id for rule in far.passed}) == (layer_id == "storage_tanks")
    cells, _ = grid_cells(box(-100, -2200, 100, 300), 100.0)
    asked = {"project": Project(kind), "context": context(layer_id, silent), "rules": RULES, "on": ON}
    assert judge_cells(cells, **asked).rank.tolist() == [check_site(cell, **asked).rank for cell in cells]


def test_kind_of_petrochemical_facility_that_is_not_stated_is_named_and_closes_no_site() -> None:
    units = pair(unit(box(-6, -9, 6, 0), petro_facility=None), petro_facility="class_AB_process_unit")
    found = verdict("hazard_units", units, "residential", 50.0)
    assert "PETRO-4.1.9-class_AB_process_unit" not in {rule.rule_id for rule in found.passed}
    assert any(unsaid(["hazard_units"], "petro_facility") in entry.en for entry in found.not_assessed)
    assert not any(unsaid(["hazard_units"], "petro_facility") in reason.title_en for reason in found.reasons)


BRIDGE = {"geometry": box(-90, -9, 90, 0), "kind": "bridge", "carries": "road", "size": None, "flow_deg": 0.0, "length_m": None}
WORKS = [
    ("sand_dig", "road_structures", pair(BRIDGE, size="large"), 100.0, "size"),
    ("sand_dig", "road_structures", pair(BRIDGE | {"size": "large", "flow_deg": None}, flow_deg=0.0), 1000.0, "flow_deg"),
    ("sand_dig", "road_structures", pair(BRIDGE | {"carries": "railway"}, length_m=600.0), 100.0, "length_m"),
    ("sand_dig", "road_structures", pair(BRIDGE | {"size": "large", "carries": None}, carries="road"), 100.0, "carries"),
    ("blasting_deep_hole", "buildings", pair(building(box(-6, -9, 6, 0), use=None), use="residential"), 100.0, "use"),
    ("take_earth", "power_towers", pair({"geometry": box(-2, -2, 2, 0), "voltage_kv": None}, voltage_kv=35.0), 4.0, "voltage_kv"),
]


@pytest.mark.parametrize(("kind", "layer_id", "frame", "north_m", "name"), WORKS)
def test_works_beside_a_silent_feature_are_told_of_it(
    kind: str, layer_id: str, frame: gpd.GeoDataFrame, north_m: float, name: str
) -> None:
    found = notice(box(-5, north_m, 5, north_m + 20), [kind], {layer_id: frame}, RULES, on=ON)
    told = found[found["verdict"] == "not_assessed"]
    assert [(row.subject_feature_id, row.verdict_en) for row in told.itertuples()].count(("f0", f"Not assessed: {unsaid([layer_id], name)}")) == 1
    assert f"未注明“{field_words([layer_id], name)[0]}”" in "".join(told["verdict_zh"])
    far = notice(box(-5, -9000, 5, -8980), [kind], {layer_id: frame}, RULES, on=ON)
    assert not len(far)


WELL = {"geometry": point(0, 5), "is_free_flowing": True, "phase": "producing"}
HOMES = pair(target(box(-9, -9, 9, 0), "residential"), n_persons=120)
COUNTED: list[tuple[dict[str, gpd.GeoDataFrame], str, str]] = [
    ({"oil_gas_wells": layer(WELL), "protection_targets": HOMES}, "OILFIELD-WELL", "n_persons"),
    ({"tailings_flow_paths": PATHS, "protection_targets": layer(target(box(-9, 50, 9, 90), "school"))}, "TAIL-HEAD", "width_m"),
    ({"hazard_units": STORES_B, "protection_targets": layer(target(box(-9, 25, 9, 90), "school", gb50156_class="important_public_building"))}, "F-3.5.2-B", "class_b_item"),
    ({"hazard_units": STORES_A, "protection_targets": layer(target(box(-9, 25, 9, 90), "school", gb50156_class="important_public_building"))}, "F-3.5.1-high_rise_civil_or_important_public-items34_up_to_5t", "item_group"),
    ({"hazard_units": layer(unit(box(-6, -9, 6, 0))), "buildings": pair(building(box(-6, 5, 6, 9), has_dwelling=None), has_dwelling=True)}, "", "has_dwelling"),
]  # fmt: skip


@pytest.mark.parametrize(("layers", "rule_id", "name"), COUNTED)
def test_county_list_counts_silent_features(layers: dict[str, gpd.GeoDataFrame], rule_id: str, name: str) -> None:
    listed = find_violations(layers, RULES, on=ON).unassessed
    told = listed[listed["en"].str.contains(unsaid(layers, name), regex=False)]
    assert told["n"].tolist() == [1] * len(told)
    assert len(told) == 1 or not rule_id
    assert not rule_id or told["rule_id"].tolist() == [rule_id]
    assert all(f"未注明“{field_words(layers, name)[0]}”" in said for said in told["zh"])


POWER = {"geometry": line((-900, 0), (900, 0)), "name": "power", "voltage_kv": 110.0, "outer_offset_m": 3.0, "sway_m": None}
PLANT = {"geometry": box(-100, -100, 100, 100), "kind": "chemical"}


@pytest.mark.parametrize(("north_m", "is_open"), [(12.9, True), (13.1, False)])
def test_line_without_sway_beside_a_site_in_a_plant_is_no_passed_rule(north_m: float, is_open: bool) -> None:
    """The zone in plants is no wider than the general one of 10 m from the outermost conductor, 3 m out."""
    frames = {"power_lines": layer(POWER), "park_boundaries": layer(PLANT)}
    states = dict.fromkeys((*CORE, *frames), "loaded")
    site, project = box(-20, north_m, 20, north_m + 20), Project("residential")
    county = CountyIndex(frames, RULES, crs=CRS, on=ON)
    near = NearLayers(county, dict.fromkeys(frames, box(-5000, -5000, 5000, 5000)))
    for context in (SiteContext(frames, states, CRS), SiteContext(near, states, CRS, unstated=frozenset())):
        found = check_site(site, project=project, context=context, rules=RULES, on=ON)
        assert ("PWR-OHL-DENSE-66-110kV" in {rule.rule_id for rule in found.passed}) != is_open
        assert any("sway of the line is not stated" in entry.en for entry in found.not_assessed) == is_open
        assert (found.id == "nothing_found") != is_open


def test_pipe_that_states_no_kind_of_depot_pipe_is_counted_where_others_state_it() -> None:
    pipes = pair(pipeline(line((-300, 0), (300, 0)), kind="industrial", depot_group=None), depot_group="other_liquid_above")
    ways = layer(road(line((-50, 90), (50, 90)), "county_road", technical_class="class_3", carriageway_width_m=8.0))
    told = find_violations({"pipelines": pipes, "roads": ways}, RULES, on=ON).unassessed
    assert told.loc[told["en"].str.contains(unsaid(["pipelines"], "depot_group"), regex=False), "n"].tolist() == [1]
