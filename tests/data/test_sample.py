"""The sample county: same bytes from the same seed, the planted cases, and exactly the planted faults."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from data.sample import generate
from data.sample.cases import CASES, FAULTS, REPAIRED, RULE_OF_FAULT, UNPLACED
from data.sample.names import credit_check, organisation_check
from etl.area import load_boundary, widened
from etl.checks import Checked, check, refused_by_rule
from etl.manifest import Manifest, delivered_files, load_manifests
from etl.normalise import normalise
from etl.read import read_batch
from layers.catalog import Area, load_catalog
from layers.crs import transform_geometry
from layers.scoring.major_hazard import grade_units

SOURCES = Path(__file__).parents[2] / "data" / "sources" / "sample"
QUARTERS = ("2026Q1", "2026Q2", "2026Q3")
LONG_PLACE_TOLERANCE_M = 0.5


@dataclass(frozen=True)
class Delivery:
    """One delivery taken in as the loader takes it in, without a database."""

    area: Area
    sources: dict[str, Checked]

    def layer(self, *source_ids: str) -> gpd.GeoDataFrame:
        """Accepted rows of sources as one frame by feature_id, geometries in the metric CRS."""
        frame = pd.concat([self.sources[source_id].accepted for source_id in source_ids], ignore_index=True)
        frame = frame.set_index("feature_id")
        if "geometry" not in frame.columns:
            return frame
        moved = transform_geometry(frame["geometry"].to_numpy(), self.area.storage_crs, self.area.metric_crs)
        return gpd.GeoDataFrame(frame, geometry=moved, crs=self.area.metric_crs)

    def metric(self, lon: float, lat: float) -> shapely.Point:
        """A place in the metric CRS."""
        return transform_geometry(
            np.array([shapely.Point(lon, lat)]), self.area.storage_crs, self.area.metric_crs
        )[0]

    @cached_property
    def enterprises(self) -> gpd.GeoDataFrame:
        return self.layer("enterprises", "enterprises_hazchem")

    @cached_property
    def pipelines(self) -> gpd.GeoDataFrame:
        return self.layer("pipelines_gas", "pipelines_oil", "pipelines_industrial")

    @cached_property
    def buildings(self) -> gpd.GeoDataFrame:
        return self.layer("buildings")

    @cached_property
    def targets(self) -> gpd.GeoDataFrame:
        return self.layer("protection_villages", "protection_sites", "protection_places")

    @cached_property
    def units(self) -> gpd.GeoDataFrame:
        return self.layer("hazard_units")

    @cached_property
    def grades(self) -> pd.DataFrame:
        """Units graded by the tables of the scoring package, which the generator does not use."""
        units = self.units.rename_axis(None)
        return grade_units(units.drop(columns="geometry"), self.layer("unit_chemicals"))


def taken_in(folder: Path) -> Delivery:
    catalog = load_catalog()
    area, manifests = load_manifests(SOURCES, catalog)
    outline = widened(load_boundary(area, folder), area)
    sources: dict[str, Checked] = {}
    values: dict[str, set[str]] = {}
    for manifest in manifests:
        if manifest.reader != "raster":
            sources[manifest.id] = _checked(manifest, folder, area, outline, values)
    return Delivery(area, sources)


def _checked(
    manifest: Manifest, folder: Path, area: Area, outline: shapely.Geometry, values: dict[str, set[str]]
) -> Checked:
    layer = load_catalog()[manifest.layer]
    batch = read_batch(delivered_files(manifest, folder), manifest, folder)
    frame, problems = normalise(batch, manifest, layer, area)
    known = {entry.name: frozenset(values[entry.references]) for entry in layer.fields if entry.references}
    checked = check(frame, layer, problems, outline=outline, known=known, is_distinct=manifest.distinct)
    for name in checked.accepted.columns.intersection([entry.name for entry in layer.fields]):
        values.setdefault(f"{layer.id}.{name}", set()).update(checked.accepted[name].dropna())
    return checked


@pytest.fixture(scope="module")
def full_folder(home: Path) -> Path:
    generate(home / "sample")
    return home / "sample"


@pytest.fixture(scope="module")
def first(full_folder: Path) -> Delivery:
    return taken_in(full_folder / "2026Q1")


@pytest.fixture(scope="module")
def second(full_folder: Path) -> Delivery:
    return taken_in(full_folder / "2026Q2")


@pytest.fixture(scope="module")
def third(full_folder: Path) -> Delivery:
    return taken_in(full_folder / "2026Q3")


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes(tiny_sample: Path, tmp_path: Path) -> None:
    generate(tmp_path, scale="tiny")
    assert hashes(tmp_path) == hashes(tiny_sample)


def test_another_seed_gives_another_county(tiny_sample: Path, tmp_path: Path) -> None:
    generate(tmp_path, seed=1, scale="tiny")
    assert (
        hashes(tmp_path)["2026Q1/行政区划/县界.geojson"]
        != hashes(tiny_sample)["2026Q1/行政区划/县界.geojson"]
    )


def test_second_call_touches_nothing(tiny_sample: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tiny_sample.rglob("*")}
    generate(tiny_sample, scale="tiny")
    assert {path: path.stat().st_mtime_ns for path in tiny_sample.rglob("*")} == before


def test_files_that_no_quarter_changes_are_the_same_file(tiny_sample: Path) -> None:
    first, third = (hashes(tiny_sample / quarter) for quarter in ("2026Q1", "2026Q3"))
    changed = {name for name in first if first[name] != third[name]}
    assert changed == {
        "delivery.toml", "说明.txt", "应急管理局/企业台账.csv", "应急管理局/危化品企业台账.xlsx",
        "应急管理局/隐患台账.csv", "应急管理局/各部门核定等级.xlsx", "公安交警/道路交通事故_2026.csv",
        "应急管理局/防护目标_人员密集场所.xlsx",
    }  # fmt: skip


@pytest.mark.parametrize("quarter", QUARTERS)
def test_tiny_county_has_the_same_faults(tiny_sample: Path, quarter: str) -> None:
    assert_planted_faults(taken_in(tiny_sample / quarter))


def test_full_county_is_refused_exactly_where_faults_were_planted(first: Delivery, third: Delivery) -> None:
    assert_planted_faults(first)
    assert_planted_faults(third)


def assert_planted_faults(delivery: Delivery) -> None:
    for source_id, checked in delivery.sources.items():
        expected = {RULE_OF_FAULT[family]: count for family, count in FAULTS.get(source_id, {}).items()}
        assert refused_by_rule(checked.refused) == expected, source_id
        assert len(checked.repaired) == REPAIRED.get(source_id, 0), source_id
        assert (checked.accepted["positioned"] == "unplaced").sum() == UNPLACED.get(source_id, 0), source_id
        n_rows = len(checked.accepted) + checked.n_refused
        assert checked.n_refused <= 0.1 * n_rows, source_id


def test_county_measures_831_square_kilometres_in_nine_towns_without_gaps(first: Delivery) -> None:
    towns = first.layer("towns")
    assert towns.area.sum() / 1e6 == pytest.approx(831, rel=0.01)
    assert len(towns) == 9
    polygons = [shapely.get_parts(shape)[0] for shape in first.sources["towns"].accepted["geometry"]]
    assert shapely.coverage_is_valid(polygons)
    assert towns.union_all().area == pytest.approx(towns.area.sum(), rel=1e-9)


def test_main_river_is_a_border_between_towns(first: Delivery) -> None:
    towns, river = first.layer("towns"), first.layer("water").loc["HL01", "geometry"]
    inner = shapely.intersection_all([towns.loc["999901001", "geometry"], towns.loc["999901105", "geometry"]])
    assert inner.length > 3000
    assert shapely.intersection(inner, river.buffer(15)).length > 0.9 * inner.length


def test_counts_are_those_of_a_county_plan(first: Delivery) -> None:
    kinds = first.enterprises["kind"].value_counts()
    assert len(first.enterprises) == 3300
    assert kinds["hazchem_producer"] == 19
    assert kinds["hazchem_trader"] + kinds["hazchem_user"] == 10
    assert len(first.buildings) == 50_000
    assert first.layer("fire_stations")["status"].value_counts().to_dict() == {"existing": 4, "planned": 4}
    assert len(first.layer("hidden_dangers")) == 60


def test_fifty_major_hazards_have_the_planned_levels_by_the_scoring_tables(first: Delivery) -> None:
    grades = first.grades
    assert grades["major_hazard_level"].value_counts().to_dict() == {4: 30, 3: 12, 2: 5, 1: 3}
    major = first.units.loc[grades.index[grades["major_hazard_level"].notna()]]
    in_park = first.enterprises.loc[major["enterprise_id"], "park_id"] == "HG01"
    assert in_park.sum() == 38


def test_amounts_keep_off_the_limits_of_the_levels(first: Delivery) -> None:
    grades = first.grades[first.grades["major_hazard_level"].notna()]
    limits = np.array([10.0, 50.0, 100.0])
    gap = np.abs(grades["r_value"].to_numpy()[:, None] - limits) / limits
    assert gap.min() > 0.05


def test_pipelines_have_the_planned_length(first: Delivery) -> None:
    pipelines = first.pipelines
    in_service = pipelines[(pipelines["kind"] == "transmission") & (pipelines["status"] == "operating")]
    assert in_service.length.sum() / 1000 == pytest.approx(49.1, abs=0.02)
    assert pipelines[pipelines["kind"] == "industrial"].length.sum() / 1000 == pytest.approx(131, abs=0.1)


def test_roads_are_one_connected_network_of_1200_km(first: Delivery) -> None:
    roads = first.layer("roads")
    assert roads.length.sum() / 1000 == pytest.approx(1200, rel=0.04)
    assert set(roads["road_class"]) == {
        "expressway", "national_road", "provincial_road", "county_road", "township_road", "village_road",
        "street",
    }  # fmt: skip
    lines = roads.geometry.to_numpy()
    a, b = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=0.5)
    part = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(len(lines), len(lines))))[1]
    largest = part == np.bincount(part).argmax()
    assert roads.length[largest].sum() > 0.995 * roads.length.sum()


def test_buildings_neither_overlap_nor_stand_in_water(first: Delivery) -> None:
    shapes = first.buildings.geometry.to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    area = shapely.area(shapely.intersection(shapes[a[a < b]], shapes[b[a < b]]))
    assert (area > 1.0).sum() == 0
    assert not len(shapely.STRtree(shapes).query(first.layer("water").union_all(), predicate="intersects"))


def test_population_grid_agrees_with_the_households(first: Delivery, full_folder: Path) -> None:
    with rasterio.open(full_folder / "2026Q1" / "自然资源局" / "人口格网.tif") as source:
        persons = source.read(1, masked=True).sum()
    assert persons == pytest.approx(first.buildings["n_households"].sum() * 2.9, rel=0.001)
    assert persons == pytest.approx(first.layer("towns")["n_persons"].sum(), rel=0.001)


def test_credit_codes_have_valid_check_digits_and_a_region_nobody_uses(first: Delivery) -> None:
    charset, weights = "0123456789ABCDEFGHJKLMNPQRTUWXY", [pow(3, place, 31) for place in range(17)]
    codes = first.enterprises["credit_code"].dropna()
    assert codes.is_unique
    for code in codes:
        total = sum(charset.index(char) * weight for char, weight in zip(code[:17], weights, strict=True))
        assert code[17] == charset[(31 - total % 31) % 31]
        assert code[2:8] == "999901"


def test_check_characters_agree_with_a_code_in_public_use() -> None:
    assert organisation_check("M000100Y") == "4"
    assert credit_check("91350100M000100Y4") == "3"


def test_every_text_file_says_that_it_is_synthetic(tiny_sample: Path) -> None:
    encodings = {
        ".csv": "gb18030",
        ".geojson": "utf-8",
        ".kml": "utf-8",
        ".dxf": "gb18030",
        ".toml": "utf-8",
        ".txt": "utf-8",
    }
    for path in sorted((tiny_sample / "2026Q1").rglob("*")):
        if path.suffix in encodings:
            text = path.read_bytes()
            marks = ("合成数据".encode(encodings[path.suffix]), "合成数据".encode())
            assert any(mark in text for mark in marks), path


def test_missing_data_are_a_tenth_to_a_seventh(first: Delivery) -> None:
    for name in ("declared_level", "n_persons", "industry_code"):
        assert 0.09 < first.enterprises[name].isna().mean() < 0.15, name


def test_declared_levels_are_those_of_a_county(first: Delivery) -> None:
    counts = first.enterprises["declared_level"].value_counts()
    assert 14 <= counts["red"] <= 26
    assert 75 <= counts["orange"] <= 110
    assert 430 <= counts["yellow"] <= 560


# The planted cases


def test_village_is_exactly_90_m_from_the_level_1_unit(first: Delivery) -> None:
    case = CASES["village_at_90_m"]
    unit = first.units.loc[case["unit_id"]]
    assert first.grades.loc[case["unit_id"], "major_hazard_level"] == 1
    assert unit.geometry.distance(first.targets.loc[case["target_id"], "geometry"]) == pytest.approx(
        90.0, abs=0.02
    )
    assert pd.isna(first.enterprises.loc[case["enterprise_id"], "park_id"])
    assert unit.geometry.distance(first.metric(*case["lon_lat"])) < LONG_PLACE_TOLERANCE_M


def test_split_units_are_below_the_limit_and_above_it_together(first: Delivery) -> None:
    s = first.grades.loc[list(CASES["split_plant"]["unit_ids"]), "s_value"]
    assert (s < 1).all() and s.sum() > 1


@pytest.mark.parametrize(
    "name", ["houses_on_pipe_before_2010", "houses_on_pipe_after_2010", "only_possible_conflict"]
)
def test_planted_houses_stand_at_their_distance(first: Delivery, name: str) -> None:
    case = CASES[name]
    line = first.pipelines.loc[case["pipeline_id"], "geometry"]
    found = [
        first.buildings.loc[building_id, "geometry"].distance(line) for building_id in case["building_ids"]
    ]
    assert found == pytest.approx(case["distances_m"], abs=0.02)


def test_no_other_house_stands_within_5_m_of_a_transmission_line(first: Delivery) -> None:
    lines = first.pipelines[first.pipelines["kind"] == "transmission"].union_all()
    near = set(first.buildings.index[first.buildings.distance(lines) < 5])
    planted = (
        CASES["houses_on_pipe_before_2010"]["building_ids"]
        + CASES["houses_on_pipe_after_2010"]["building_ids"]
    )
    assert near == set(planted)


def test_dates_of_the_planted_houses_lie_on_both_sides_of_the_law(first: Delivery) -> None:
    for name, is_before in (("houses_on_pipe_before_2010", True), ("houses_on_pipe_after_2010", False)):
        for house in first.buildings.loc[list(CASES[name]["building_ids"])].itertuples():
            finished = str(house.built_on) if house.built_on else f"{int(house.built_year)}-07-01"
            assert (finished < "2010-10-01") == is_before


def test_conflict_at_6_m_is_possible_and_not_certain(first: Delivery) -> None:
    case = CASES["only_possible_conflict"]
    house = first.buildings.loc[case["building_ids"][0]]
    error_m = house["accuracy_m"] + first.pipelines.loc[case["pipeline_id"], "accuracy_m"]
    assert error_m >= 3.0
    assert case["distances_m"][0] - error_m < 5.0 < case["distances_m"][0]


def test_school_lies_in_a_high_consequence_area(first: Delivery) -> None:
    case = CASES["high_consequence_area"]
    pipeline, school = first.pipelines.loc[case["pipeline_id"]], first.targets.loc[case["target_id"]]
    line = shapely.line_merge(pipeline.geometry)
    assert school.geometry.distance(line) < 200
    assert pipeline["diameter_mm"] > 762 and pipeline["pressure_mpa"] > 6.9
    at = line.project(school.geometry.centroid)
    strip = shapely.ops.substring(line, at - 1000, at + 1000).buffer(200)
    assert (
        first.buildings[first.buildings.intersects(strip)]["n_households"].sum() >= case["least_households"]
    )


def test_ammonia_store_is_beside_the_market_and_below_the_limit(first: Delivery) -> None:
    case = CASES["ammonia_by_market"]
    distance = first.units.loc[case["unit_id"], "geometry"].distance(
        first.targets.loc[case["target_id"], "geometry"]
    )
    assert distance == pytest.approx(case["distance_m"], abs=0.05)
    assert first.grades.loc[case["unit_id"], "s_value"] == pytest.approx(0.6)


def test_fire_station_of_the_park_is_too_near_a_hazard(first: Delivery) -> None:
    case = CASES["fire_station_near_hazard"]
    station = first.layer("fire_stations").loc[case["station_id"], "geometry"]
    assert first.units.distance(station).min() < case["reach_m"]


def test_reroute_has_an_abandoned_and_a_new_stretch_between_the_same_ends(first: Delivery) -> None:
    case = CASES["reroute"]
    old, new = first.pipelines.loc[case["old_pipeline_id"]], first.pipelines.loc[case["new_pipeline_id"]]
    assert (old["status"], new["status"]) == ("abandoned", "operating")
    ends = [shapely.line_merge(pipe.geometry) for pipe in (old, new)]
    for at in (0, -1):
        assert shapely.Point(ends[0].coords[at]).distance(shapely.Point(ends[1].coords[at])) < 0.01


def test_one_report_of_two_has_expired(first: Delivery) -> None:
    contours = first.layer("official_contours")
    until = contours.groupby("enterprise_id")["valid_until_on"].first().map(str)
    assert until[CASES["report_in_force"]["enterprise_id"]] == "2027-06-30"
    assert until[CASES["report_expired"]["enterprise_id"]] == "2025-11-30"


@pytest.mark.parametrize(("name", "is_over"), [("distance_of_a_report", False), ("distance_of_an_expired_report", True)])
def test_target_stands_within_the_distance_of_a_report(first: Delivery, name: str, is_over: bool) -> None:
    case = CASES[name]
    stated = first.layer("official_distances").loc[case["distance_id"]]
    assert stated["distance_m"] == case["required_m"] and stated["enterprise_id"] == case["enterprise_id"]
    assert (str(stated["valid_until_on"]) < "2026-03-31") == is_over
    assert 0 < stated["geometry"].distance(first.targets.loc[case["target_id"], "geometry"]) < case["required_m"] - 10


def test_pipelines_cross_protected_areas(first: Delivery) -> None:
    case = CASES["line_through_protected_areas"]
    gas, oil = (first.pipelines.loc[name, "geometry"] for name in case["pipeline_ids"])
    zones = first.layer("water_source_zones").loc[list(case["zone_ids"]), "geometry"]
    assert (zones.intersection(gas).length > 500).all()
    assert first.layer("nature_areas").loc[case["area_id"], "geometry"].intersection(oil).length > 500


def test_one_plan_of_two_is_over(first: Delivery) -> None:
    case, plans = CASES["plan_in_force"], first.layer("planned_prohibitions")
    assert str(plans.loc[case["area_id"], "valid_until_on"]) > "2026-09-30" > str(plans.loc[case["expired_area_id"], "valid_until_on"])
    assert plans.area.max() > 1e6


def test_wells_are_drilled_at_their_distance_from_house_school_and_railway(first: Delivery) -> None:
    case, targets = CASES["wells_beside_things"], first.targets
    objects = {
        "house": first.buildings.loc[first.buildings["use"] == "residential", "geometry"],
        "school": targets.loc[targets["category"] == "school", "geometry"],
        "railway": first.layer("railways").geometry,
    }
    wells = first.layer("oil_gas_wells").loc[list(case["well_ids"])]
    assert set(wells["phase"]) == {"drilling"}
    found_m = [objects[what].distance(well).min() for what, well in zip(case["objects"], wells.geometry, strict=True)]
    assert found_m == pytest.approx(case["distances_m"], abs=0.01)


@pytest.mark.parametrize(("name", "layer"), [("transformers_beside_fuel_stations", "substations"), ("tanks_beside_fuel_stations", "storage_tanks"), ("flames_beside_fuel_stations", "open_flame_places")])
def test_things_stand_at_their_distance_from_the_tank_of_a_fuel_station(first: Delivery, name: str, layer: str) -> None:
    case = CASES[name]
    tanks = first.layer("fuel_station_equipment").loc[[f"{station}-S1" for station in case["enterprise_ids"]]]
    assert set(tanks["station_grade"]) == {"tank_class_2"}
    objects = first.layer(layer).loc[list(case["object_ids"]), "geometry"]
    assert list(tanks.geometry.distance(objects, align=False)) == pytest.approx(case["distances_m"], abs=0.01)


def test_fireworks_shops_stand_at_their_distance(first: Delivery) -> None:
    case, shops = CASES["fireworks_shops_too_near"], first.layer("fireworks_shops").geometry
    schools = first.targets.loc[first.targets["category"].isin(["school", "kindergarten", "hospital"]), "geometry"]
    apart_m = [shops.drop(shop).distance(shops[shop]).min() for shop in case["pair_ids"]]
    assert apart_m == pytest.approx(case["pair_distances_m"], abs=0.01)
    assert [schools.distance(shops[shop]).min() for shop in case["by_school_ids"]] == pytest.approx(case["school_distances_m"], abs=0.01)
    assert first.buildings.geometry.distance(shops[case["in_house_id"]]).min() == 0


def test_railways_keep_off_houses_and_one_line_is_planned(first: Delivery) -> None:
    railways = first.layer("railways")
    houses = first.buildings.sindex.query(railways.geometry, predicate="dwithin", distance=10.0)
    assert houses.size == 0
    assert set(railways["kind"]) == {"national", "high_speed", "enterprise"}
    assert set(railways["status"]) == {"operating", "planned"}


def test_two_targets_open_beside_plants_in_the_third_delivery(first: Delivery, third: Delivery) -> None:
    """One inside the contour of a report that its class may not be in, one beside a plant without a report."""
    inside, beside = CASES["target_in_report"], CASES["target_to_confirm"]
    assert not {inside["target_id"], beside["target_id"]} & set(first.targets.index)
    contours = third.layer("official_contours")
    mine = contours[(contours["enterprise_id"] == inside["enterprise_id"]) & (contours["risk_per_year"] >= inside["limit_per_year"])]
    place = third.targets.loc[inside["target_id"], "geometry"]
    assert mine.geometry.contains(place).any() and third.targets.loc[inside["target_id"], "target_class"] == "important"
    temple = third.targets.loc[beside["target_id"], "geometry"]
    assert not contours.geometry.buffer(0).contains(temple).any()
    units = third.units[third.units["enterprise_id"] == beside["enterprise_id"]]
    assert units.distance(temple).min() < 300


def test_two_of_eight_major_dangers_are_overdue(first: Delivery) -> None:
    dangers = first.layer("hidden_dangers")
    major = dangers[dangers["severity"] == "major"]
    overdue = major[(major["status"] == "open") & (major["deadline_on"].map(str) < "2026-03-31")]
    assert len(major) == 8
    assert set(overdue.index) == set(CASES["overdue_major_dangers"]["danger_ids"])


def test_two_offices_disagree_on_one_plant(first: Delivery) -> None:
    levels = first.layer("declared_levels")
    n_levels = levels.groupby("enterprise_id")["level"].nunique()
    assert list(n_levels.index[n_levels > 1]) == [CASES["offices_disagree"]["enterprise_id"]]


def test_quiet_town_has_no_hazardous_source(first: Delivery) -> None:
    town = first.layer("towns").loc[CASES["quiet_town"]["town_code"], "geometry"]
    inside = first.enterprises[first.enterprises.intersects(town)]
    assert set(inside["kind"]) == {"general"}
    assert set(inside["declared_level"].dropna()) == {"blue"}
    for source_id in (
        "hazard_units",
        "road_black_spots",
        "pipelines_gas",
        "pipelines_oil",
        "park_boundaries",
    ):
        assert not first.layer(source_id).intersects(town).any(), source_id


def casualty_clusters(accidents: gpd.GeoDataFrame) -> np.ndarray:
    """Middles of all groups of three crashes within 500 m (straight) and 365 days, shape (n, 2)."""
    placed = accidents[~accidents.geometry.isna()]
    xy = shapely.get_coordinates(placed.geometry.to_numpy())
    day = placed["occurred_at"].to_numpy().astype("datetime64[D]").astype(int)
    tree = shapely.STRtree(placed.geometry.to_numpy())
    a, b = tree.query(placed.geometry.to_numpy(), predicate="dwithin", distance=500.0)
    close = (np.abs(day[a] - day[b]) < 365) & (a < b)
    pairs: dict[int, list[int]] = {}
    for one, other in zip(a[close], b[close], strict=True):
        pairs.setdefault(int(one), []).append(int(other))
    linked = {(one, other) for one, others in pairs.items() for other in others}
    middles = [
        xy[[one, other, third]].mean(axis=0)
        for one, others in pairs.items()
        for other, third in itertools.combinations(sorted(others), 2)
        if (other, third) in linked
    ]
    return np.array(middles)


def test_crashes_cluster_at_the_seven_true_black_spots_only(first: Delivery) -> None:
    middles = casualty_clusters(first.layer("road_accidents"))
    spots = [first.metric(*place) for place in CASES["true_black_spots"]["lon_lats"]]
    distance = shapely.distance(shapely.points(middles)[:, None], np.array(spots)[None, :])
    assert distance.min(axis=1).max() < 400
    assert set(distance.argmin(axis=1)) == set(range(7))


def test_crashes_a_year_are_those_of_a_county(first: Delivery) -> None:
    years = first.layer("road_accidents")["occurred_at"].dt.year.value_counts()
    assert all(150 <= years[year] <= 300 for year in range(2021, 2026))


def test_police_list_overlaps_with_the_true_spots_and_differs(first: Delivery) -> None:
    listed = first.layer("road_black_spots")
    spots = [first.metric(*place) for place in CASES["true_black_spots"]["lon_lats"]]
    hit = [number for number, spot in enumerate(spots) if listed.distance(spot).min() < 150]
    assert hit == list(CASES["true_black_spots"]["on_police_list"])
    assert len(listed) == 9


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, case in CASES.items()
        if "enterprise_id" in case and "lon_lat" in case and "unit_id" not in case
    ],
)
def test_enterprises_of_the_cases_stand_where_they_are_said_to(third: Delivery, name: str) -> None:
    case = CASES[name]
    at = third.enterprises.loc[case["enterprise_id"], "geometry"]
    assert at.distance(third.metric(*case["lon_lat"])) < LONG_PLACE_TOLERANCE_M


def test_special_kinds_are_there_in_number(first: Delivery) -> None:
    kinds = {
        "liquor_tanks": "liquor",
        "dust_plants": "dust",
        "fuel_stations": "fuel_station",
        "lpg_stations": "lpg_station",
    }
    for case, kind in kinds.items():
        assert (first.enterprises["kind"] == kind).sum() == CASES[case]["n"]


# What changes from quarter to quarter


def test_rectified_plant_turns_from_red_to_orange(first: Delivery, second: Delivery) -> None:
    case = CASES["rectified_plant"]
    assert first.enterprises.loc[case["enterprise_id"], "declared_level"] == "red"
    assert second.enterprises.loc[case["enterprise_id"], "declared_level"] == "orange"
    assert first.layer("hidden_dangers").loc[case["danger_id"], "status"] == "open"
    assert second.layer("hidden_dangers").loc[case["danger_id"], "status"] == "closed"


def test_new_firms_appear_and_nobody_vanishes(first: Delivery, second: Delivery, third: Delivery) -> None:
    ids = [set(delivery.enterprises.index) for delivery in (first, second, third)]
    assert ids[0] < ids[1] < ids[2]
    assert len(ids[1]) - len(ids[0]) == CASES["new_firms"]["n"]["2026Q2"]
    assert len(ids[2]) - len(ids[1]) == CASES["new_firms"]["n"]["2026Q3"] + 1


def test_new_project_brings_units_of_levels_3_and_4(second: Delivery, third: Delivery) -> None:
    case = CASES["new_project"]
    assert case["enterprise_id"] not in second.enterprises.index
    assert third.enterprises.loc[case["enterprise_id"], "park_id"] == "HG01"
    assert sorted(third.grades.loc[list(case["unit_ids"]), "major_hazard_level"]) == [3, 4]


def test_closed_plant_keeps_its_units_as_removed(third: Delivery) -> None:
    enterprise_id = CASES["closed_plant"]["enterprise_id"]
    assert third.enterprises.loc[enterprise_id, "status"] == "closed"
    units = third.units[third.units["enterprise_id"] == enterprise_id]
    assert set(units["status"]) == {"closed"}
    assert not third.layer("unit_chemicals")["unit_id"].isin(units.index).any()


def test_moved_firms_and_no_others_change_their_place(second: Delivery, third: Delivery) -> None:
    both = second.enterprises.index.intersection(third.enterprises.index)
    moved = second.enterprises.loc[both].geometry.distance(third.enterprises.loc[both].geometry, align=False)
    assert set(both[moved > 1.0]) == set(CASES["moved_firms"]["enterprise_ids"])
    assert moved[moved > 1.0].to_numpy() == pytest.approx(CASES["moved_firms"]["moved_m"], abs=0.3)


@pytest.mark.parametrize(
    ("source_id", "changed"),
    [
        ("unit_chemicals", 0),
        ("hazard_units", 3),  # two units of the closed plant, one of a moved fuel station
        ("enterprises", 3),  # the moved firms
        ("enterprises_hazchem", 1),  # the closed plant
        ("declared_levels", 0),
        ("road_accidents", 0),
    ],
)
def test_nothing_but_the_told_changes_differs_in_the_third_quarter(
    second: Delivery, third: Delivery, source_id: str, changed: int
) -> None:
    before, after = (
        pd.DataFrame(delivery.sources[source_id].accepted)
        .set_index("feature_id")
        .drop(columns=["source_row", "source_file"])
        for delivery in (second, third)
    )
    both = before.index.intersection(after.index)
    differs = (before.loc[both].map(str) != after.loc[both].map(str)).any(axis=1)
    assert differs.sum() == changed
