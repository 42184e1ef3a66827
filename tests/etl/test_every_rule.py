"""Every numbered rule is shown at work: a row just beyond it is told, a row just within it is not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from etl.batch import HEIGHTS, Batch
from etl.checks import check, check_rules
from etl.esri_json import read_esri_json
from etl.manifest import Manifest, load_manifest
from etl.normalise import normalise
from etl.plausibility import CHECKS, Surroundings, needs_all_rows, warnings_of
from etl.read import read_batch
from layers.catalog import Check, load_catalog
from tests.etl.test_coordinates import AREA

CATALOG = load_catalog()
OUTLINE = shapely.box(*AREA.home)
METRE = 1 / 97_400
"""A metre in degrees of longitude at 29 degrees north, roughly."""
HEAD = 'id = "s"\ntitle_zh = "来源"\nsupplier = "局"\nfiles = ["s.csv"]\nreader = "table"\n'
ENTERPRISES = HEAD + """layer = "enterprises"
crs = "EPSG:4490"
x = "x"
y = "y"
[fields]
enterprise_id = "id"
name = "name"
n_persons = "n"
kind = { column = "kind", codes = { "一般" = "general" } }
in_service_on = "on"
"""
STATIONS = HEAD + 'layer = "fire_stations"\ncrs = "EPSG:4490"\nx = "x"\ny = "y"\n[fields]\nstation_id = "id"\nname = "name"\n'
ZONED = STATIONS.replace("EPSG:4490", "EPSG:4523")
PARKS = HEAD + 'layer = "park_boundaries"\ncrs = "EPSG:4490"\nwkt = "wkt"\n[fields]\npark_id = "id"\nname = "name"\n'
TARGETS = HEAD + """layer = "protection_targets"
crs = "EPSG:4490"
x = "x"
y = "y"
[fields]
target_id = "id"
name = "name"
category = { value = "school" }
is_zoned_land = "zoned"
"""
DANGERS = HEAD + """layer = "hidden_dangers"
[fields]
danger_id = "id"
enterprise_id = "enterprise"
severity = { value = "major" }
status = { value = "open" }
"""
GOOD = {"id": "E1", "name": "甲厂", "n": "200000", "kind": "一般", "on": "2001-02-28", "x": "105.05", "y": "29.05"}
STATION = {"id": "S1", "name": "甲站", "x": "105.05", "y": "29.05"}
PLANE = {**STATION, "x": "35505000", "y": "3214000"}
PARK = {"id": "P1", "name": "园区", "wkt": "POLYGON((105.01 29.01,105.02 29.01,105.02 29.02,105.01 29.02,105.01 29.01))"}
TARGET = {"id": "T1", "name": "学校", "zoned": "是", "x": "105.05", "y": "29.05"}
DANGER = {"id": "D1", "enterprise": "E1"}
REFUSED: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "RQ01": (ENTERPRISES, GOOD, {"id": ""}),
    "RQ02": (ENTERPRISES, GOOD, {"name": " "}),
    "RQ03": (ENTERPRISES, GOOD, {"n": "十二"}),
    "RQ04": (ENTERPRISES, GOOD, {"n": "200001"}),
    "RQ05": (ENTERPRISES, GOOD, {"kind": "未知类"}),
    "RQ06": (ENTERPRISES, GOOD, {"on": "2001-02-29"}),
    "RQ07": (STATIONS, STATION, {"x": "", "y": ""}),
    "RQ08": (STATIONS, STATION, {"x": "东经"}),
    "RQ09": (STATIONS, STATION, {"x": "105.4"}),
    "RQ10": (STATIONS, STATION, {"x": "29.05", "y": "105.05"}),
    "RQ11": (PARKS, PARK, {"wkt": "POLYGON((105.01 29.01,105.02 29.01,105.01 29.01,105.02 29.01,105.01 29.01))"}),
    "RQ12": (PARKS, PARK, {"wkt": "LINESTRING(105.01 29.01,105.02 29.01)"}),
    "RQ14": (DANGERS, DANGER, {"enterprise": "E9"}),
    "RQ15": (ENTERPRISES, GOOD, {"name": "锟斤拷锟斤拷"}),
    "RQ16": (TARGETS, TARGET, {"zoned": "也许"}),
    "RQ17": (ZONED, PLANE, {"x": "36505000"}),
}
"""Rule -> manifest, a row that every rule accepts, and what makes it break this one."""


def judged(text: str, folder: Path, *rows: dict[str, str]) -> list[tuple[int, str]]:
    """Row (from 0) and rule of every fault and every repair of rows as delivered."""
    path = folder / "s.toml"
    path.write_text(text, encoding="utf-8")
    manifest: Manifest = load_manifest(path, CATALOG)
    layer = CATALOG[manifest.layer]
    batch = Batch(pd.DataFrame(list(rows)).assign(_row=range(len(rows)), _file="s.csv"), n_read=len(rows))
    frame, problems = normalise(batch, manifest, layer, AREA)
    known = {"enterprise_id": frozenset({"E1"})} if layer.id == "hidden_dangers" else {}
    checked = check(frame, layer, problems, outline=OUTLINE, known=known, is_distinct=False)
    repairs = [(int(at), str(rule)) for at, rule in zip(checked.repaired["at"], checked.repaired["rule_id"], strict=True)]
    return [(int(fault.row or 0), fault.rule_id) for fault in checked.refused] + repairs


@pytest.mark.parametrize("rule", sorted(REFUSED))
def test_row_beyond_a_required_rule_is_refused_for_it_alone(rule: str, tmp_path: Path) -> None:
    manifest, good, change = REFUSED[rule]
    bad = good | change
    if rule != "RQ01" and "id" not in change:
        bad["id"] = "X2"
    assert judged(manifest, tmp_path, good, bad) == [(1, rule)]


def test_repeated_key_is_refused_and_another_key_is_not(tmp_path: Path) -> None:
    assert judged(ENTERPRISES, tmp_path, GOOD, GOOD, {**GOOD, "id": "E2"}) == [(1, "RQ13")]


def test_crossing_outline_is_repaired_and_a_good_one_left_alone(tmp_path: Path) -> None:
    bow_tie = {**PARK, "id": "P2", "wkt": "POLYGON((105.01 29.01,105.02 29.02,105.02 29.01,105.01 29.02,105.01 29.01))"}
    assert judged(PARKS, tmp_path, PARK, bow_tie) == [(1, "RC01")]


@dataclass(frozen=True)
class Doubt:
    """A recommended check, a layer's columns, and the rows: the first is good, the last one deserves a second look."""

    layer: str
    check: dict[str, Any]
    columns: dict[str, list[Any]]
    shapes: list[Any] = field(default_factory=list)
    others: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    jurisdiction: str = "CN"


def line(*points: tuple[float, float]) -> shapely.MultiLineString:
    return shapely.MultiLineString([points])


def shifted(metres: float) -> shapely.Point:
    return shapely.Point(105.05 - metres * METRE, 29.05)


SQUARE = shapely.box(105.05, 29.05, 105.05 + 20 * METRE, 29.05 + 20 / 110_900)
STRIP = shapely.box(105.05, 29.05, 105.06, 29.05 + 0.2 / 110_900)
EAST = line((105.0, 29.05), (105.1, 29.05))
PIPES = {"pipelines": gpd.GeoDataFrame({"pipeline_id": ["P", "Q"], "name": ["白鹭—沧阳输气管道", "沧阳—白鹭输气管道"], "start_chainage_m": [0.0, 0.0]}, geometry=[EAST, EAST])}
TOWNS = {"towns": gpd.GeoDataFrame({"name": ["东镇"]}, geometry=[shapely.box(105.05, 29, 105.1, 29.1)])}
PARKS_BESIDE = {"park_boundaries": gpd.GeoDataFrame({"park_id": ["P1"]}, geometry=[shapely.box(105.05, 29, 105.1, 29.1)])}
ALONG = [shapely.Point(lon, 29.05) for lon in (105.02, 105.04, 105.06, 105.08)]
LATE = [date(2026, 9, 30), date(2026, 10, 1)]
WARNED: dict[str, Doubt] = {
    "RC02": Doubt("enterprises", {"fields": ("credit_code",)}, {"credit_code": ["91350100M000100Y43", "91350100M000100Y44"]}),
    "RC03": Doubt("enterprises", {"fields": ("credit_code",)}, {"credit_code": ["M000100Y4", "M000100Y5"]}),
    "RC04": Doubt("towns", {"fields": ("town_code",)}, {"town_code": ["999901001", "99990100"]}),
    "RC05": Doubt("enterprises", {"fields": ("declared_on",)}, {"declared_on": LATE}),
    "RC06": Doubt("unit_chemicals", {"fields": ("amount_t",), "limit": 300.0}, {"amount_t": [300.0, 300.1]}),
    "RC07": Doubt("pipelines", {"fields": ("pressure_mpa", "diameter_mm"), "limit": 32000.0}, {"pressure_mpa": [16.0, 16.1], "diameter_mm": [2000.0, 2000.0]}),
    "RC08": Doubt("enterprises", {"fields": ("town_name",), "limit": 200.0, "layer": "towns", "match": "name"}, {"town_name": ["东镇"] * 2}, [shifted(190), shifted(210)], TOWNS),
    "RC09": Doubt("enterprises", {"fields": ("park_id",), "limit": 200.0, "layer": "park_boundaries", "match": "park_id"}, {"park_id": ["P1"] * 2}, [shifted(190), shifted(210)], PARKS_BESIDE),
    "RC10": Doubt("buildings", {"limit": 0.3}, {}, [SQUARE, STRIP]),
    "RC11": Doubt("buildings", {}, {}, [SQUARE, STRIP, SQUARE]),
    "RC12": Doubt("pipelines", {"limit": 50.0}, {}, [
        shapely.MultiLineString([[(105.0, 29), (105.01, 29)], [(105.01 + far * METRE, 29), (105.02, 29)]]) for far in (60, 40)]),
    "RC13": Doubt("pipelines", {"limit": 50.0}, {}, [
        line((105.0, 29), (105.02, 29)), line((105.02 - 40 * METRE, 29), (105.02, 29.01)), line((105.02 - 60 * METRE, 29), (105.02, 29), (105.02, 28.99))]),
    "RC14": Doubt("pipeline_stations", {"fields": ("pipeline_id",), "limit": 500.0, "layer": "pipelines", "match": "pipeline_id"}, {"pipeline_id": ["P"] * 2}, [
        shapely.Point(105.05, 29.05 + metres / 110_900) for metres in (490, 510)], PIPES),
    "RC17": Doubt("enterprises", {"fields": ("credit_code",)}, {"credit_code": ["A", "B", "A"]}),
    "RC18": Doubt("enterprises", {"fields": ("town_name",), "layer": "towns", "match": "name"}, {"town_name": ["东镇", "东乡"]}, others=TOWNS),
    "RC19": Doubt("pipelines", {"fields": ("name", "start_chainage_m"), "limit": 50.0}, {"name": ["甲线"] * 2 + ["乙线"] * 2, "start_chainage_m": [0.0, 974.0, 0.0, 974.0]}, [
        line((105.0, 29), (105.01, 29)), line((105.01, 29), (105.03, 29)), line((105.0, 29.02), (105.01, 29.02)), line((105.03, 29.02), (105.01, 29.02))]),
    "RC20": Doubt("pipeline_stations", {"fields": ("pipeline_id", "chainage_m"), "limit": 100.0, "layer": "pipelines", "match": "pipeline_id"},
                  {"pipeline_id": ["P", "P", "Q", "Q"], "chainage_m": [2000.0, 4000.0, 2000.0, 1000.0]}, ALONG, PIPES),
    "RC21": Doubt("pipeline_stations", {"fields": ("pipeline_id", "chainage_m"), "limit": 200.0, "layer": "pipelines", "match": "pipeline_id"},
                  {"pipeline_id": ["P"] * 4, "chainage_m": [2000.0, 4000.0, 5900.0, 8300.0]}, ALONG, PIPES),
    "RC22": Doubt("pipeline_stations", {"fields": ("pipeline_id", "name"), "layer": "pipelines", "match": "pipeline_id"},
                  {"pipeline_id": ["P", "P", "Q", "Q"], "name": ["白鹭首站", "沧阳末站", "白鹭首站", "沧阳末站"]}, ALONG, PIPES),
    "RC23": Doubt("enterprises", {"fields": ("business_number",)}, {"business_number": ["04595257", "04595258"]}, jurisdiction="TW"),
    "RC24": Doubt("towns", {"fields": ("town_code",)}, {"town_code": ["999901001", "999902001"]}),
    "RC27": Doubt("unit_chemicals", {"fields": ("chemical_name", "cas", "category_symbol")}, {
        "chemical_name": ["氯", "某新化学品", "液氯瓶", "某新化学品"], "cas": [None, None, "7782-50-5", None], "category_symbol": [None, "w5.4", None, "W99"]}),
    "RC26": Doubt("enterprises", {"fields": ("direct_red", "kind")}, {
        "direct_red": ["未经正规设计", "无", None, "外部距离不足", "外部距离不足"], "kind": ["hazchem_producer"] * 3 + ["general", "hazchem_trader"]}),
}
TOLD = {"RC20": [2, 3], "RC22": [2, 3]}
"""Rows told where it is not the last one alone: a line's whole row of stations."""


def told(doubt: Doubt, rule: str, jurisdiction: str) -> list[tuple[int, str]]:
    n_rows = len(doubt.shapes) or len(next(iter(doubt.columns.values())))
    shapes = doubt.shapes or [shapely.Point(105.05, 29.05)] * n_rows
    columns = {"feature_id": [f"F{n}" for n in range(n_rows)], **doubt.columns}
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4490")
    layer = dataclasses.replace(CATALOG[doubt.layer], checks=(Check(rule, **doubt.check),))
    area = dataclasses.replace(AREA, jurisdiction=jurisdiction, region_code="999901")
    table = warnings_of(frame, layer, Surroundings(area, date(2026, 9, 30), doubt.others))
    return list(zip(table["at"].tolist(), table["rule_id"].tolist(), strict=True))


@pytest.mark.parametrize("rule", sorted(WARNED))
def test_row_beyond_a_recommended_rule_is_told_and_the_good_ones_are_not(rule: str) -> None:
    doubt = WARNED[rule]
    n_rows = len(doubt.shapes) or len(next(iter(doubt.columns.values())))
    assert told(doubt, rule, doubt.jurisdiction) == [(row, rule) for row in TOLD.get(rule, [n_rows - 1])]


@pytest.mark.parametrize("rule", sorted(rule for rule in WARNED if check_rules().loc[rule, "jurisdiction"]))
def test_rule_of_one_jurisdiction_says_nothing_in_another(rule: str) -> None:
    assert told(WARNED[rule], rule, "TW" if WARNED[rule].jurisdiction == "CN" else "CN") == []


def test_no_numbered_rule_is_without_its_test() -> None:
    shown_elsewhere = {"RQ13", "RC01", "RC15", "RC16", "RC25", "RC28", "RC29", "RC30"}
    assert set(REFUSED) | set(WARNED) | shown_elsewhere == set(check_rules().index)
    assert set(WARNED) == set(CHECKS)


def test_every_rule_has_words_in_both_languages_and_a_known_severity() -> None:
    rules = check_rules()
    assert rules.index.is_unique
    assert (rules.drop(columns="jurisdiction") != "").all(axis=None)
    assert set(rules["severity"][rules.index.str.startswith("RQ")]) == {"refuse"}
    assert set(rules["severity"][rules.index.str.startswith("RC")]) == {"repair", "warn"}


def test_times_years_and_plans_are_judged_by_the_date_of_the_data() -> None:
    years = Doubt("buildings", {"fields": ("built_year",)}, {"built_year": [2026, None, 2027]})
    times = Doubt("road_accidents", {"fields": ("occurred_at",)}, {"occurred_at": [datetime(2026, 9, 30, 23, 59), datetime(2026, 10, 1)]})
    plans = Doubt("pipelines", {"fields": ("in_service_on",)}, {"in_service_on": LATE[::-1] + [LATE[1]], "status": ["planned", "operating", "operating"]})
    assert [told(doubt, "RC05", "CN") for doubt in (years, times, plans)] == [[(2, "RC05")], [(1, "RC05")], [(2, "RC05")]]


def test_values_and_shapes_of_other_sources_count_as_twins() -> None:
    frame = gpd.GeoDataFrame({"feature_id": ["A", "B"], "credit_code": ["X", "Y"]}, geometry=[SQUARE, STRIP], crs="EPSG:4490")
    shape = hashlib.md5(shapely.to_wkb(STRIP, byte_order=1), usedforsecurity=False).hexdigest()
    beside = pd.DataFrame({"feature_id": ["A", "Z"], "source_id": "s2", "credit_code": ["X", "Y"], "shape_md5": [None, shape]})
    layer = dataclasses.replace(CATALOG["enterprises"], checks=(Check("RC11"), Check("RC17", ("credit_code",))))
    table = warnings_of(frame, layer, Surroundings(AREA, date(2026, 9, 30), {}, beside))
    assert table[["at", "rule_id", "detail"]].to_numpy().tolist() == [[1, "RC11", "Z"], [1, "RC17", "Z"]]


def test_line_drawn_over_one_of_another_source_is_told() -> None:
    frame = gpd.GeoDataFrame({"feature_id": ["A"]}, geometry=[line((105.0, 29), (105.02, 29))], crs="EPSG:4490")
    beside = pd.DataFrame({"feature_id": ["Z"], "source_id": "s2", "geometry": [line((105.01, 29), (105.03, 29))]})
    layer = dataclasses.replace(CATALOG["pipelines"], checks=(Check("RC13", limit=50.0),))
    table = warnings_of(frame, layer, Surroundings(AREA, date(2026, 9, 30), {}, beside))
    assert (table["at"].tolist(), table["detail"].iloc[0].split(":")[0]) == ([0], "Z")


@pytest.mark.parametrize(("height_m", "rules"), [(None, []), (0.0, []), (312.5, ["RC15"])])
def test_heights_that_are_left_out_are_told_and_noughts_are_not(height_m: float | None, rules: list[str], tmp_path: Path) -> None:
    place = [105.05, 29.05] if height_m is None else [105.05, 29.05, height_m]
    feature = {"type": "Feature", "properties": {"id": "S1", "name": "甲站"}, "geometry": {"type": "Point", "coordinates": place}}
    (tmp_path / "s.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    text = STATIONS.replace('"table"', '"vector"').replace("s.csv", "s.geojson").replace('x = "x"\ny = "y"\n', "")
    (tmp_path / "s.toml").write_text(text, encoding="utf-8")
    manifest = load_manifest(tmp_path / "s.toml", CATALOG)
    frame, problems = normalise(read_batch([tmp_path / "s.geojson"], manifest, tmp_path), manifest, CATALOG["fire_stations"], AREA)
    checked = check(frame, CATALOG["fire_stations"], problems, outline=OUTLINE, known={}, is_distinct=False)
    assert (list(checked.repaired["rule_id"]), len(checked.accepted)) == (rules, 1)
    assert not shapely.has_z(checked.accepted["geometry"].to_numpy()).any()


@pytest.mark.parametrize(
    ("wkt", "rules"),
    [("POINT (105.05 29.05)", []), ("POINT M (105.05 29.05 7)", ["RC15"]), ("POINT Z (105.05 29.05 0)", []), ("POINT ZM (105.05 29.05 0 3)", ["RC15"])],
)
def test_measures_of_a_text_that_are_left_out_are_told(wkt: str, rules: list[str], tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"id,name,wkt\nS1,甲站,{wkt}\n", encoding="utf-8")
    (tmp_path / "s.toml").write_text(STATIONS.replace('x = "x"\ny = "y"\n', 'wkt = "wkt"\n'), encoding="utf-8")
    manifest = load_manifest(tmp_path / "s.toml", CATALOG)
    frame, problems = normalise(read_batch([tmp_path / "s.csv"], manifest, tmp_path), manifest, CATALOG["fire_stations"], AREA)
    checked = check(frame, CATALOG["fire_stations"], problems, outline=OUTLINE, known={}, is_distinct=False)
    assert (list(checked.repaired["rule_id"]), len(checked.accepted)) == (rules, 1)
    assert not (shapely.has_z(checked.accepted["geometry"].to_numpy()) | shapely.has_m(checked.accepted["geometry"].to_numpy())).any()


@pytest.mark.parametrize(
    ("geometry", "is_told"),
    [({"x": 1, "y": 2}, False), ({"x": 1, "y": 2, "m": 5}, True), ({"hasM": True, "paths": [[[0, 0, 0], [1, 1, 8]]]}, True),
     ({"hasZ": True, "points": [[0, 0, 0]]}, False), ({"x": 1, "y": 2, "z": "NaN"}, False)],
)
def test_measures_of_esri_pages_are_told(geometry: dict[str, Any], is_told: bool, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"features": [{"attributes": {"id": 1}, "geometry": geometry}]}), encoding="utf-8")
    frame = read_esri_json(path, Manifest(id="p", layer="fire_stations", title_zh="页", supplier="局", files=("p.json",), reader="esri"))
    assert bool(frame.get(HEIGHTS, pd.Series([False])).any()) == is_told


@pytest.mark.parametrize(("layer", "is_backwards"), [("pipeline_markers", True), ("pipeline_markers", False), ("pipeline_stations", True)])
def test_line_drawn_against_its_marker_posts_or_stations_is_told_by_their_own_checks(layer: str, is_backwards: bool) -> None:
    ends = [(105.0, 29.0), (105.05, 29.0)]
    drawn = line(*(ends[::-1] if is_backwards else ends))
    others = {"pipelines": gpd.GeoDataFrame({"pipeline_id": ["L1"], "name": ["甲线"], "start_chainage_m": [None]}, geometry=[drawn], crs="EPSG:4490")}
    posts = gpd.GeoDataFrame(
        {"feature_id": ["P0", "P1", "P2"], "pipeline_id": "L1", "name": "桩", "chainage_m": [0.0, 2000.0, 4000.0]},
        geometry=[shapely.Point(105.0 + 2000.0 * n * METRE, 29.0) for n in range(3)], crs="EPSG:4490",
    )
    table = warnings_of(posts, CATALOG[layer], Surroundings(AREA, date(2026, 9, 30), others))
    assert ("RC20" in set(table["rule_id"])) == is_backwards


def test_rules_that_weigh_rows_against_each_other_get_them_all_at_once() -> None:
    assert [needs_all_rows(CATALOG[layer], AREA) for layer in ("pipelines", "pipeline_stations", "buildings")] == [True, True, False]
