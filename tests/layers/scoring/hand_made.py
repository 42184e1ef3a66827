"""Hand-made geometries, a pair a rule: a subject and an object whose edges lie so many metres apart, worked out by hand from the row of the table.

Two tests read them: ours alone, and the second way through PostGIS.
"""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np

from layers.scoring.object_classes import Members, proposal
from layers.scoring.rule_tables import RULES_DIR
from layers.scoring.targets import TARGET_CLASSES
from tests.layers.scoring.frames import box, line

Row = dict[str, str]
STEP_M = 0.02
LAND_M, CONDUCTOR_M, PIPE_MM, SWAY_M, TNT_KG, STATED_M, CARRIAGEWAY_M, PATH_M = 24.0, 4.0, 400.0, 2.5, 1000.0, 237.0, 7.0, 60.0
KILOVOLTS = 110.0
NORTH_DEG = 0.0
"""The river flows towards the object."""
LINE_ZONE_M = 10.0
"""Zone of a line of `KILOVOLTS` (Art. 10 of the power regulation)."""
CONTROL_ZONE_M = {"national_road": 20.0, "provincial_road": 15.0, "county_road": 10.0, "township_road": 5.0, "expressway": 30.0}
HALF_LENGTH_M = 200.0
ROAD_EDGES = ("road_edge", "offsite_road_edge", "expressway_class1_road", "other_road", "expressway_main_road", "secondary_road_branch",
              "park_main_road", "park_minor_road", "onsite_main_road", "onsite_minor_road", "railway_or_expressway")  # fmt: skip


LAND_EDGES = {"highway_land_boundary": "roads", "railway_land_boundary": "railways"}


def table() -> list[Row]:
    """All rows of the table of distances as they stand in the file."""
    with (RULES_DIR / "separation_distances.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def has_metres(row: Row) -> bool:
    return bool(row["distance_m"])


def required_m(row: Row) -> float:
    """By hand: the metres that the row asks of the hand-made subject."""
    if row["formula"] == "scaled_distance":
        return float(row["coefficient"]) * 10.0  # the cube root of 1,000 kg
    if row["formula"] == "risk_contour":
        return 0.0
    return {"official_distance": STATED_M, "power_zone": LINE_ZONE_M}.get(row["formula"]) or float(row["distance_m"])


def offset_m(row: Row) -> float:
    """By hand: how far out from the centreline the row measures."""
    if row["measured_from"] == "pipe_outer_edge":
        return PIPE_MM / 2000
    if row["subject_class"] == "highway":
        zone = CONTROL_ZONE_M[(row["road_class"] or "county_road").split("|")[0]]
        return LAND_M / 2 + (zone if row["measured_from"] == "outer_edge_of_building_control_zone" else 0.0)
    if row["measured_from"] == "embankment_toe_or_cutting_top_or_bridge_outer_edge":
        return CONDUCTOR_M
    sway_m = SWAY_M if row["measured_from"] == "outer_conductor_after_max_sway" else 0.0
    return CONDUCTOR_M + sway_m if row["subject_class"] == "overhead_power_line" else 0.0


def far_offset_m(row: Row) -> float:
    """By hand: how far the edge that the row measures to lies from the object's middle line."""
    if row["object_class"] in ROAD_EDGES:
        return CARRIAGEWAY_M / 2
    if row["object_class"] in LAND_EDGES:
        return LAND_M / 2
    return CONDUCTOR_M if row["object_class"] == "overhead_line" else 0.0


def subject(row: Row) -> Members:
    """A subject that the row's conditions cover, its northern edge or its middle on the line through the centre."""
    member = proposal(box(-HALF_LENGTH_M, -90, HALF_LENGTH_M, 0) if is_area(row) else line((-HALF_LENGTH_M, 0), (HALF_LENGTH_M, 0)))
    if row["formula"] == "along_path":
        member = proposal(line((0, 0), (0, 1500)))
    road_class = (row["road_class"] or "county_road").split("|")[0]
    voltage = float(row["voltage_kv_min"] or row["voltage_kv_max"] or KILOVOLTS)
    above, up_to = row["pressure_mpa_above"], row["pressure_mpa_up_to"]
    pressure = float(up_to) if up_to else float(above) + 0.1 if above else 4.0
    values = {"voltage_kv": voltage, "pressure_mpa": pressure, "diameter_mm": PIPE_MM, "land_width_m": LAND_M, "outer_offset_m": CONDUCTOR_M,
              "tnt_kg": TNT_KG, "volume_m3": float(row["volume_m3_above"] or 0.0) + 1.0, "sway_m": SWAY_M, "distance_m": STATED_M, "flow_deg": NORTH_DEG, "width_m": PATH_M}  # fmt: skip
    texts = {name: np.array([row[name]], object) for name in ("station_grade", "vapour_recovery", "item_group", "area_kind")}
    return _with_numbers(replace(member, road_class=np.array([road_class], object), texts=texts), values)


def is_area(row: Row) -> bool:
    """Rules that start at an outline: zones, buildings, tanks, contours; the others start at a middle line."""
    edges = ("zone_polygon", "building", "facility_footprint", "outer_wall", "tank wall", "iso_risk_contour", "station_boundary", "shop_boundary",
             "charge_centre", "reported_edge", "river_shoreline", "facility_boundary", "bridge_or_ferry_edge", "foundation_outer_edge", "polygon",
             "footprint", "airport_fence", "mining_boundary", "published_control_range_polygon", "structure")  # fmt: skip
    return row["measured_from"] in edges


def target(row: Row, edge_m: float) -> Members:
    """An object whose edge lies so many metres north of the line through the centre, of the strictest class that the row names."""
    far_m = far_offset_m(row)
    member = proposal(line((-5, edge_m + far_m), (5, edge_m + far_m)) if far_m else box(-5, edge_m, 5, edge_m + 8))
    if row["target_class"]:
        member = replace(member, mildest=np.array([TARGET_CLASSES.index(row["target_class"].split("|")[0])]))
    if row["object_class"] in ROAD_EDGES:
        return _with_numbers(_of_layer(member, "roads"), {"carriageway_width_m": CARRIAGEWAY_M})
    if row["object_class"] in LAND_EDGES:
        return _with_numbers(_of_layer(member, LAND_EDGES[row["object_class"]]), {"land_width_m": LAND_M})
    if row["object_class"] == "overhead_line":
        return _with_numbers(_of_layer(member, "power_lines"), {"outer_offset_m": CONDUCTOR_M})
    return member


def _of_layer(member: Members, layer_id: str) -> Members:
    return replace(member, layer=np.array([layer_id], object))


def _with_numbers(member: Members, values: dict[str, float]) -> Members:
    return replace(member, numbers=dict(member.numbers) | {name: np.array([value]) for name, value in values.items()})
