"""Fire stations, power lines and the outlines of the parks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from data.sample.lattices import Lattice
from data.sample.noise import Rng
from data.sample.plane import km

FIRE_STATIONS = (
    ("XF01", "沧阳特勤消防站", "special_service", "existing", "seat", (0.22, 0.72), 9, 46),
    ("XF02", "云沧化工园区消防站", "class_1", "existing", "HG01", (0.04, 0.94), 8, 40),
    ("XF03", "石鹤消防站", "class_2", "existing", "shihe", (0.8, 0.2), 4, 22),
    ("XF04", "龙竹镇专职消防队", "township", "existing", "longzhu", (0.2, 0.75), 2, 12),
    ("XF05", "沧阳城东小型消防站(规划)", "small", "planned", "seat", (0.86, 0.4), None, None),
    ("XF06", "工业园区消防站(规划)", "class_2", "planned", "GY02", (0.9, 0.08), None, None),
    ("XF07", "河汇消防站(规划)", "class_2", "planned", "hehui", (0.3, 0.8), None, None),
    ("XF08", "青萝镇专职消防队(规划)", "township", "planned", "qingluo", (0.75, 0.7), None, None),
)
POWER_LINES = (
    (
        "DL-220-1",
        "220kV 枫沧一线",
        220.0,
        7.5,
        ((-20, 7.5), (-13, 6.4), (-6.8, 9.0), (2.2, 7.4), (10.4, 8.4), (21, 9.0)),
    ),
    ("DL-220-2", "220kV 沧化线", 220.0, 7.5, ((2.2, 7.4), (3.4, 0.6), (6.0, -4.2), (7.0, -10.2))),
    (
        "DL-110-1",
        "110kV 沧阳线",
        110.0,
        4.5,
        ((2.2, 7.4), (-1.5, 5.2), (-4.3, 3.2), (-8.6, -1.6), (-13.5, -2.0)),
    ),
    ("DL-110-2", "110kV 望河线", 110.0, 4.5, ((-8.6, -1.6), (-5.4, -7.2), (0.0, -10.2), (7.0, -10.2))),
    ("DL-110-3", "110kV 龙枫线", 110.0, 4.5, ((10.4, 8.4), (14.6, 4.6), (13.9, -3.6), (10.6, -9.6))),
)
SPAN_M = 340.0
PARKS = {"HG01": "云沧化工园区", "GY02": "云沧工业园区", "WL03": "云沧物流园区"}
PARK_KIND = {"HG01": "chemical", "GY02": "industrial", "WL03": "logistics"}


def build_fire_stations(lattices: dict[str, Lattice]) -> pd.DataFrame:
    """Existing and planned stations as points."""
    rows = []
    for station_id, name, station_class, status, lattice, place, vehicles, staff in FIRE_STATIONS:
        rows.append(
            {
                "station_id": station_id,
                "name": name,
                "station_class": station_class,
                "status": status,
                "n_vehicles": vehicles,
                "n_staff": staff,
                "geometry": shapely.Point(lattices[lattice].local(*place)),
            }
        )
    return pd.DataFrame(rows)


def build_power_lines(rng: Rng, outline: shapely.Geometry) -> pd.DataFrame:
    """Overhead lines: straight spans between towers, slight turns at angle towers, cut at the border."""
    rows = []
    for line_id, name, voltage_kv, offset_m, stops in POWER_LINES:
        corners = np.array([km(*stop) for stop in stops])
        turns = [corners[0]]
        for start, end in zip(corners[:-1], corners[1:]):
            count = max(int(np.hypot(*(end - start)) / (4 * SPAN_M)), 1)
            between = np.linspace(start, end, count + 1)[1:]
            between[:-1] += rng.normal(0, 90.0, (count - 1, 2))
            turns += list(between)
        line = shapely.intersection(shapely.LineString(np.array(turns)), outline)
        rows.append(
            {
                "line_id": line_id,
                "name": name,
                "voltage_kv": voltage_kv,
                "outer_offset_m": offset_m,
                "geometry": line,
            }
        )
    return pd.DataFrame(rows)


def build_parks(lattices: dict[str, Lattice]) -> pd.DataFrame:
    """Outlines of the parks, a little beyond their outermost streets."""
    rows = []
    for park_id, name in PARKS.items():
        hull = shapely.simplify(shapely.buffer(lattices[park_id].hull, 18.0, join_style="mitre"), 2.0)
        rows.append(
            {
                "park_id": park_id,
                "name": name,
                "kind": PARK_KIND[park_id],
                "geometry": shapely.Polygon(hull.exterior),
            }
        )
    return pd.DataFrame(rows)
