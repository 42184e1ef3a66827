"""The distances of the whole sample county computed again by PostGIS on the ellipsoid: same pairs, same metres."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from layers.store import engine_from_url

Pairs = dict[tuple[str, str], float]
TOLERANCE_M, TOLERANCE_SHARE = 0.01, 1e-4
CONTROL_ZONE_M = {
    "ROAD-L11-1": ("national_road", 20.0), "ROAD-L11-2": ("provincial_road", 15.0), "ROAD-L11-3": ("county_road", 10.0),
    "ROAD-L11-4": ("township_road", 5.0), "ROAD-L11-5": ("expressway", 30.0),
}
# Degrees that hold the widest reach (90 m) at this latitude; a first sieve that the spatial index serves.
SIEVE_DEG = 0.001
PIPES = """
SELECT s.feature_id, o.feature_id, ST_Distance(s.geom::geography, o.geom::geography) AS actual_m
FROM edition_1.pipelines AS s
JOIN edition_1.buildings AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.kind = 'transmission'
    AND ST_Distance(s.geom::geography, o.geom::geography)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
ROADS = """
SELECT s.feature_id, o.feature_id,
    greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.land_width_m / 2) AS actual_m
FROM edition_1.roads AS s
JOIN edition_1.buildings AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.road_class = :road_class AND s.land_width_m IS NOT NULL
    AND greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.land_width_m / 2)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
OURS = """
SELECT v.subject_feature_id, v.object_feature_id, v.actual_m
FROM edition_1.distance_violations AS v
LEFT JOIN edition_1.roads AS r ON r.feature_id = v.subject_feature_id
WHERE v.rule_id = :rule_id AND (v.subject_layer <> 'roads' OR r.land_width_m IS NOT NULL)
"""


@pytest.fixture(scope="module")
def connection(sample_atlas: str) -> Iterator[sa.Connection]:
    engine = engine_from_url(sample_atlas)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def pairs(connection: sa.Connection, query: str, **values: object) -> Pairs:
    return {(row[0], row[1]): float(row[2]) for row in connection.execute(sa.text(query), values)}


def assert_same(ours: Pairs, postgis: Pairs) -> None:
    assert ours.keys() == postgis.keys()
    for pair, actual_m in postgis.items():
        assert ours[pair] == pytest.approx(actual_m, abs=TOLERANCE_M, rel=TOLERANCE_SHARE), pair


def test_buildings_on_pipelines_are_the_pairs_postgis_finds(connection: sa.Connection) -> None:
    postgis = pairs(connection, PIPES, required_m=5.0, sieve_deg=SIEVE_DEG)
    assert len(postgis) >= 8
    assert_same(pairs(connection, OURS, rule_id="PIPE-L30-3"), postgis)


@pytest.mark.parametrize("rule_id", CONTROL_ZONE_M)
def test_buildings_in_control_zones_are_the_pairs_postgis_finds(connection: sa.Connection, rule_id: str) -> None:
    road_class, required_m = CONTROL_ZONE_M[rule_id]
    postgis = pairs(connection, ROADS, road_class=road_class, required_m=required_m, sieve_deg=SIEVE_DEG)
    assert len(postgis) >= 10
    assert_same(pairs(connection, OURS, rule_id=rule_id), postgis)


STANDING = "coalesce({0}.status, '') NOT IN ('planned', 'closed', 'abandoned') AND {0}.geom IS NOT NULL AND {0}.accuracy_m <= 100"
FIRE = f"""
SELECT s.feature_id, o.feature_id, ST_Distance(s.geom::geography, o.geom::geography) AS actual_m
FROM edition_1.fire_stations AS s
JOIN edition_1.hazard_units AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.status = 'existing' AND s.station_class IN ('special_service', 'class_1', 'class_2', 'small', 'support')
    AND {STANDING.format('s')} AND {STANDING.format('o')}
    AND ST_Distance(s.geom::geography, o.geom::geography) - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
HAZMAT = f"""
WITH unit AS (SELECT * FROM edition_1.hazard_units AS u WHERE {STANDING.format('u').replace('AND u.accuracy_m <= 100', '')}),
hazmat AS (
    SELECT feature_id, geom, accuracy_m FROM unit
    UNION ALL
    SELECT e.feature_id, e.geom, e.accuracy_m FROM edition_1.enterprises AS e
    WHERE e.kind IN ('hazchem_producer', 'hazchem_trader', 'lpg_station', 'fireworks_store', 'explosives_store')
        AND e.enterprise_id NOT IN (SELECT enterprise_id FROM unit) AND {STANDING.format('e').replace('AND e.accuracy_m <= 100', '')}
    UNION ALL
    SELECT p.feature_id, p.geom, p.accuracy_m FROM edition_1.pipeline_stations AS p WHERE p.kind = 'depot'
)
SELECT s.feature_id, o.feature_id,
    greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.land_width_m / 2) AS actual_m
FROM edition_1.roads AS s
JOIN hazmat AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.land_width_m IS NOT NULL AND o.accuracy_m <= 100
    AND s.road_class IN ('expressway', 'national_road', 'provincial_road', 'county_road', 'township_road')
    AND greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.land_width_m / 2)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
POWER = """
SELECT s.feature_id, o.feature_id,
    greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.outer_offset_m) AS actual_m
FROM edition_1.power_lines AS s
JOIN edition_1.buildings AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.voltage_kv BETWEEN :low_kv AND :high_kv AND s.outer_offset_m IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM edition_1.park_boundaries AS p WHERE ST_Intersects(p.geom, ST_PointOnSurface(o.geom)))
    AND greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.outer_offset_m)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
WIDE_SIEVE_DEG = 0.004


def test_hazard_units_near_fire_stations_are_the_pairs_postgis_finds(connection: sa.Connection) -> None:
    postgis = pairs(connection, FIRE, required_m=300.0, sieve_deg=WIDE_SIEVE_DEG)
    assert postgis
    assert_same(pairs(connection, OURS, rule_id="FS-HAZ"), postgis)


def test_dangerous_sites_near_highways_are_the_pairs_postgis_finds(connection: sa.Connection) -> None:
    postgis = pairs(connection, HAZMAT, required_m=100.0, sieve_deg=WIDE_SIEVE_DEG)
    assert len(postgis) >= 5
    assert_same(pairs(connection, OURS, rule_id="ROAD-L18-1"), postgis)


@pytest.mark.parametrize(("rule_id", "low_kv", "high_kv", "required_m"), [("PWR-OHL-35-110kV", 35, 110, 10.0), ("PWR-OHL-154-330kV", 154, 330, 15.0)])
def test_buildings_under_power_lines_are_the_pairs_postgis_finds(
    connection: sa.Connection, rule_id: str, low_kv: float, high_kv: float, required_m: float
) -> None:
    postgis = pairs(connection, POWER, low_kv=low_kv, high_kv=high_kv, required_m=required_m, sieve_deg=SIEVE_DEG)
    assert_same(pairs(connection, OURS, rule_id=rule_id), postgis)


FLAMES = """
SELECT s.feature_id, o.feature_id, ST_Distance(s.geom::geography, o.geom::geography) AS actual_m
FROM edition_1.fuel_station_equipment AS s
JOIN edition_1.open_flame_places AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.station_grade = :grade AND s.vapour_recovery = 'unloading_and_refuelling_recovery' AND s.enterprise_id IS DISTINCT FROM o.enterprise_id
    AND ST_Distance(s.geom::geography, o.geom::geography) - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
STREETS = """
SELECT s.feature_id, o.feature_id, greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - o.carriageway_width_m / 2) AS actual_m
FROM edition_1.fuel_station_equipment AS s
JOIN edition_1.roads AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.station_grade = :grade AND s.vapour_recovery = 'unloading_and_refuelling_recovery' AND o.carriageway_width_m IS NOT NULL
    AND (o.street_class IN ('express', 'main') OR o.street_class IS NULL AND o.technical_class IN ('expressway', 'class_1', 'class_2')) = :is_main
    AND greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - o.carriageway_width_m / 2)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
TANKS = """
SELECT s.feature_id, o.feature_id, ST_Distance(s.geom::geography, o.geom::geography) AS actual_m
FROM edition_1.storage_tanks AS s
JOIN edition_1.buildings AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.kind = 'class_A_B_liquid' AND s.volume_m3 >= :low_m3 AND s.volume_m3 < :high_m3 AND s.status IS DISTINCT FROM 'closed'
    AND o.use IN ('residential', 'public', 'commercial') AND NOT o.is_high_rise AND o.fire_grade IN (1, 2)
    AND ST_Distance(s.geom::geography, o.geom::geography) - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""
SWAYING = """
SELECT s.feature_id, o.feature_id, greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.outer_offset_m - s.sway_m) AS actual_m
FROM edition_1.power_lines AS s
JOIN edition_1.buildings AS o ON ST_DWithin(s.geom, o.geom, :sieve_deg)
WHERE s.voltage_kv BETWEEN :low_kv AND :high_kv AND s.outer_offset_m IS NOT NULL AND s.sway_m IS NOT NULL
    AND EXISTS (SELECT 1 FROM edition_1.park_boundaries AS p WHERE ST_Intersects(p.geom, ST_PointOnSurface(o.geom)))
    AND greatest(0, ST_Distance(s.geom::geography, o.geom::geography) - s.outer_offset_m - s.sway_m)
        - sqrt(s.accuracy_m ^ 2 + o.accuracy_m ^ 2) < :required_m - 0.001
"""


def test_flames_beside_fuel_stations_are_the_pairs_postgis_finds(connection: sa.Connection) -> None:
    postgis = pairs(connection, FLAMES, grade="tank_class_2", required_m=17.5, sieve_deg=SIEVE_DEG)
    assert len(postgis) == 2
    assert_same(pairs(connection, OURS, rule_id="FUEL-2021-tank_class_2-open_flame"), postgis)


@pytest.mark.parametrize(("kind", "is_main", "grade", "required_m"), [
    ("expressway_main_road", True, "tank_class_2", 5.5), ("secondary_road_branch", False, "tank_class_2", 5.0),
    ("expressway_main_road", True, "dispenser_and_vent", 5.0), ("secondary_road_branch", False, "dispenser_and_vent", 5.0),
])  # fmt: skip
def test_roads_beside_fuel_stations_are_the_pairs_postgis_finds(connection: sa.Connection, kind: str, is_main: bool, grade: str, required_m: float) -> None:
    postgis = pairs(connection, STREETS, grade=grade, is_main=is_main, required_m=required_m, sieve_deg=SIEVE_DEG)
    assert_same(pairs(connection, OURS, rule_id=f"FUEL-2021-{grade}-{kind}"), postgis)


@pytest.mark.parametrize(("from_m3", "low_m3", "high_m3", "required_m"), [(50, 50, 200, 15.0), (200, 200, 1000, 20.0), (1000, 1000, 5000, 25.0)])
def test_houses_of_known_fire_grade_beside_tanks_are_the_pairs_postgis_finds(
    connection: sa.Connection, from_m3: int, low_m3: float, high_m3: float, required_m: float
) -> None:
    postgis = pairs(connection, TANKS, low_m3=low_m3, high_m3=high_m3, required_m=required_m, sieve_deg=SIEVE_DEG)
    assert_same(pairs(connection, OURS, rule_id=f"F-4.2.1-class_A_B_liquid-{from_m3}-other_grade12"), postgis)


@pytest.mark.parametrize(("rule_id", "low_kv", "high_kv", "required_m"), [("PWR-OHL-DENSE-66-110kV", 66, 110, 4.0), ("PWR-OHL-DENSE-154-220kV", 154, 220, 5.0)])
def test_buildings_of_parks_beside_swaying_lines_are_the_pairs_postgis_finds(
    connection: sa.Connection, rule_id: str, low_kv: float, high_kv: float, required_m: float
) -> None:
    postgis = pairs(connection, SWAYING, low_kv=low_kv, high_kv=high_kv, required_m=required_m, sieve_deg=SIEVE_DEG)
    assert_same(pairs(connection, OURS, rule_id=rule_id), postgis)
