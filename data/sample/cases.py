"""What was planted in the sample county, as data: tests and users of the map look the places up here.

Positions are longitude and latitude (EPSG:4490) in the full county of the default seed; identifiers hold at
every scale. `tests/data/test_sample.py` compares all of it with the delivered files.
"""

from __future__ import annotations

from typing import Any

LonLat = tuple[float, float]

CASES: dict[str, dict[str, Any]] = {
    "village_at_90_m": {
        "what": "plant outside the parks, level 1 ammonia spheres exactly 90 m from a village",
        "enterprise_id": "YC000022",
        "unit_id": "YC000022-01",
        "target_id": "FH-CZ0001",
        "distance_m": 90.0,
        "lon_lat": (105.064685, 29.342149),
    },
    "split_plant": {
        "what": "two benzene units of one plant, S 0.972 and 0.964: together well above the limit",
        "enterprise_id": "YC000029",
        "unit_ids": ("YC000029-01", "YC000029-02"),
        "lon_lat": (105.09572, 29.297974),
    },
    "houses_on_pipe_before_2010": {
        "what": "houses within 5 m of the gas line, finished before 2010-10-01",
        "pipeline_id": "GD-SQ01-04",
        "building_ids": ("JZ000001", "JZ000002", "JZ000003", "JZ000004"),
        "distances_m": (0.0, 1.5, 2.5, 0.8),
        "lon_lat": (105.307601, 29.342774),
    },
    "houses_on_pipe_after_2010": {
        "what": "houses within 5 m of the gas line, finished after 2010-10-01",
        "pipeline_id": "GD-SQ01-04",
        "building_ids": ("JZ000005", "JZ000006", "JZ000007"),
        "distances_m": (0.0, 1.2, 2.0),
        "lon_lat": (105.313964, 29.298996),
    },
    "only_possible_conflict": {
        "what": "house 6 m from a line known to 3 m only: a conflict is possible, not certain",
        "pipeline_id": "GD-CP01",
        "building_ids": ("JZ000008",),
        "distances_m": (6.0,),
        "lon_lat": (105.193564, 29.201146),
    },
    "high_consequence_area": {
        "what": "school 119 m from a gas line of 813 mm and 10 MPa, more than 100 households in 2 km",
        "pipeline_id": "GD-SQ01-04",
        "target_id": "FH-XX001",
        "least_households": 100,
        "lon_lat": (105.333152, 29.285994),
    },
    "reroute": {
        "what": "old stretch abandoned, new one in service since 2023",
        "old_pipeline_id": "GD-SQ01-03",
        "new_pipeline_id": "GD-SQ01-02",
        "lon_lat": (105.291421, 29.371888),
    },
    "ammonia_by_market": {
        "what": "cold store with 6 t of ammonia (limit 10 t), 45 m from a market",
        "enterprise_id": "YC000041",
        "unit_id": "YC000041-01",
        "target_id": "FH-JM001",
        "distance_m": 45.0,
        "lon_lat": (105.24723, 29.402178),
    },
    "liquor_tanks": {
        "what": "38 distilleries, some with tanks just below the limit",
        "unit_id": "YC000174-01",
        "n": 38,
    },
    "dust_plants": {"what": "24 plants with combustible dust", "enterprise_id": "YC000190", "n": 24},
    "fuel_stations": {"what": "34 fuel stations", "enterprise_id": "YC000101", "n": 34},
    "lpg_stations": {"what": "6 LPG filling stations", "enterprise_id": "YC000135", "n": 6},
    "fireworks_stores": {
        "what": "two fireworks stores",
        "enterprise_ids": ("YC000141", "YC000142"),
        "lon_lat": (105.355434, 29.322567),
    },
    "explosives_store": {
        "what": "store of civil explosives",
        "enterprise_id": "YC000143",
        "lon_lat": (105.291783, 29.313964),
    },
    "fire_station_near_hazard": {
        "what": "the chemical park's own fire station, within 300 m of a hazard unit",
        "station_id": "XF02",
        "reach_m": 300.0,
    },
    "tailings_pond": {
        "what": "tailings pond with houses within 1 km below",
        "enterprise_id": "YC000151",
        "lon_lat": (105.331977, 29.292757),
    },
    "report_in_force": {
        "what": "official contours valid until 2027-06-30",
        "enterprise_id": "YC000001",
        "lon_lat": (105.278588, 29.228529),
    },
    "report_expired": {
        "what": "official contours expired on 2025-11-30",
        "enterprise_id": "YC000022",
        "lon_lat": (105.064736, 29.342474),
    },
    "distance_of_a_report": {
        "what": "market 45 m from an ammonia plant whose report states 60 m, valid until 2028-05-31: a violation",
        "enterprise_id": "YC000041",
        "distance_id": "YC000041-J1",
        "target_id": "FH-JM001",
        "required_m": 60.0,
    },
    "distance_of_an_expired_report": {
        "what": "village inside 240 m of a report that expired on 2025-11-30: listed, not judged",
        "enterprise_id": "YC000022",
        "distance_id": "YC000022-J1",
        "target_id": "FH-CZ0001",
        "required_m": 240.0,
    },
    "line_through_protected_areas": {
        "what": "a gas line crosses zones of a drinking-water source, an oil line a forest park",
        "pipeline_ids": ("GD-SQ01-04", "GD-CP01"),
        "zone_ids": ("SY01-2", "SY01-3"),
        "area_id": "ZR02",
    },
    "plan_in_force": {
        "what": "no homes and schools within 500 m of the chemical park; an earlier plan of 300 m is over",
        "area_id": "GK01",
        "expired_area_id": "GK02",
    },
    "wells_beside_things": {
        "what": "wells being drilled at 90 and 99 m (asked: 100) and 112 m from a house, 470 and 530 m from a school (500), 180 and 230 m from a railway (200)",
        "well_ids": ("YQ91-1", "YQ92-1", "YQ93-1", "YQ94-1", "YQ95-1", "YQ96-1", "YQ97-1"),
        "objects": ("house", "house", "house", "school", "school", "railway", "railway"),
        "distances_m": (90.0, 99.0, 112.0, 470.0, 530.0, 180.0, 230.0),
        "lon_lat": (105.15989, 29.33929),
    },
    "transformers_beside_fuel_stations": {
        "what": "outdoor transformers 9.5, 14.5 (possibly) and 22 m from the buried tank of a station of grade 2: 15.5 m asked",
        "enterprise_ids": ("YC000104", "YC000106", "YC000107"),
        "object_ids": ("BD014", "BD015", "BD016"),
        "distances_m": (9.5, 14.5, 22.0),
        "lon_lat": (105.098864, 29.325342),
    },
    "flames_beside_fuel_stations": {
        "what": "workshops and a boiler house with open flame 12, 16.5 (possibly) and 23 m from the buried tank of a station of grade 2: 17.5 m asked",
        "enterprise_ids": ("YC000112", "YC000113", "YC000114"),
        "object_ids": ("MH001", "MH002", "MH003"),
        "distances_m": (12.0, 16.5, 23.0),
        "lon_lat": (105.153741, 29.235848),
    },
    "tanks_beside_fuel_stations": {
        "what": "tanks of liquid of class A or B 10, 15 (possibly) and 20.5 m from the buried tank of a station of grade 2: 15.5 m asked",
        "enterprise_ids": ("YC000108", "YC000109", "YC000111"),
        "object_ids": ("SC-G1", "SC-G2", "SC-G3"),
        "distances_m": (10.0, 15.0, 20.5),
        "lon_lat": (105.024088, 29.327769),
    },
    "fireworks_shops_too_near": {
        "what": "two pairs of shops 38 and 64 m apart (50 asked), two shops 80 and 120 m from the nearest school, kindergarten or hospital (100 asked), one inside a dwelling house",
        "pair_ids": ("YH017", "YH018"),
        "pair_distances_m": (38.0, 64.0),
        "by_school_ids": ("YH019", "YH020"),
        "school_distances_m": (80.0, 120.0),
        "in_house_id": "YH021",
        "lon_lat": (105.194721, 29.327002),
    },
    "target_in_report": {
        "what": "third delivery: police post inside the contour 3e-6 of a report in force: a violation",
        "target_id": "FH-GA090",
        "enterprise_id": "YC000001",
        "limit_per_year": 3e-6,
    },
    "target_to_confirm": {
        "what": "third delivery: temple where our screening exceeds the limit of its class: to be confirmed, no violation",
        "target_id": "FH-ZJ090",
        "enterprise_id": "YC000003",
        "limit_per_year": 3e-6,
    },
    "overdue_major_dangers": {
        "what": "major hidden dangers open after their deadline at the first delivery",
        "danger_ids": ("YH20250001", "YH20250002"),
        "enterprise_ids": ("YC000022", "YC000023"),
    },
    "offices_disagree": {
        "what": "orange by one office, yellow by another",
        "enterprise_id": "YC000027",
        "lon_lat": (105.223415, 29.329398),
    },
    "filed_level_differs": {
        "what": "level on file is not the level that amounts and surroundings give",
        "unit_ids": ("YC000008-01", "YC000016-03"),
        "lon_lat": (105.278736, 29.23275),
    },
    "quiet_town": {
        "what": "town with small general trades only, no hazardous source",
        "town_code": "999901202",
        "lon_lat": (105.082734, 29.246708),
    },
    "true_black_spots": {
        "what": "three and more casualty crashes a year within 500 m of road, every year",
        "lon_lats": (
            (105.094522, 29.39707),
            (105.201543, 29.395717),
            (105.20796, 29.275336),
            (105.164339, 29.321972),
            (105.247489, 29.222477),
            (105.129016, 29.366419),
            (105.224884, 29.293782),
        ),
        "on_police_list": (0, 1, 2, 4, 5),
    },
    "police_list": {
        "what": "nine places: five true, four not",
        "spot_ids": tuple(f"SGD{n:02d}" for n in range(1, 10)),
        "true": 5,
    },
    "rectified_plant": {
        "what": "second delivery: danger closed, red becomes orange",
        "enterprise_id": "YC000013",
        "danger_id": "YH20260003",
        "lon_lat": (105.286066, 29.234656),
    },
    "new_project": {
        "what": "third delivery: new plant in the chemical park with two units (levels 3 and 4)",
        "enterprise_id": "YC000030",
        "unit_ids": ("YC000030-01", "YC000030-02"),
        "lon_lat": (105.297171, 29.225907),
    },
    "closed_plant": {
        "what": "third delivery: plant closed, units removed",
        "enterprise_id": "YC000011",
        "lon_lat": (105.298027, 29.230574),
    },
    "moved_firms": {
        "what": "third delivery: positions corrected by 140 m",
        "enterprise_ids": ("YC000103", "YC001125", "YC001140"),
        "moved_m": 140.4,
    },
    "new_firms": {
        "what": "new general firms in the second and third delivery",
        "n": {"2026Q2": 14, "2026Q3": 10},
    },
    "same_enterprise_twice": {
        "what": "on the environment office's list under another name form, number and place: linked, never merged",
        "enterprise_id": "YC000009",
        "source_number": "WR0009",
    },
    "second_plant": {
        "what": "another plant of the same firm, same code, 760 m away: must not be linked",
        "enterprise_id": "YC000006",
        "source_number": "WR0006",
    },
    "unplaced_firms": {
        "what": "firms without coordinates, accepted",
        "enterprise_ids": ("YC001120", "YC001132", "YC001144", "YC001156"),
    },
}

RULE_OF_FAULT = {
    "required": "RQ02",
    "range": "RQ04",
    "code": "RQ05",
    "date": "RQ06",
    "coordinate": "RQ08",
    "outside": "RQ09",
    "swapped": "RQ10",
    "geometry": "RQ11",
    "duplicate": "RQ13",
    "reference": "RQ14",
}
"""Family of fault -> check that refuses it (`etl/check_rules.csv`)."""

FAULTS: dict[str, dict[str, int]] = {
    "buildings": {"duplicate": 3, "range": 2, "geometry": 2},
    "declared_levels": {"duplicate": 1, "code": 1, "reference": 1},
    "enterprises": {
        "duplicate": 2, "outside": 2, "swapped": 1, "required": 1, "code": 1, "range": 1, "coordinate": 1,
        "date": 1,
    },
    "enterprises_hazchem": {"duplicate": 1},
    "hazard_units": {"reference": 1, "outside": 1, "range": 1, "duplicate": 1},
    "hidden_dangers": {"reference": 1, "required": 1},
    "pipelines_industrial": {"duplicate": 1, "range": 1, "code": 1},
    "protection_places": {"swapped": 1},
    "protection_sites": {"code": 1, "required": 1},
    "protection_villages": {"duplicate": 1},
    "road_accidents": {"duplicate": 5, "outside": 2, "swapped": 1, "required": 1, "date": 1},
    "unit_chemicals": {"duplicate": 1, "range": 1, "reference": 1},
}  # fmt: skip
"""Source -> family of fault -> rows refused, the same in every delivery; others have none."""

REPAIRED = {"buildings": 3, "official_contours": 1, "park_boundaries": 1, "protection_villages": 2}
"""Source -> crossing outlines to be repaired."""

UNPLACED = {"enterprises": 4, "pollution_sources": 10, "protection_places": 2, "road_accidents": 6}
"""Source -> rows accepted without a position."""
