"""Tanks of plants and of fuel and gas stations, and transformers beside some of them, at distances that were chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import shapely

from data.sample.lattices import Lattice
from data.sample.noise import Floats, Rng
from data.sample.plants import CLOSED_PLANT_ID, NEW_PROJECT_ID

STATION_GRADES, STATION_SHARES = ("tank_class_1", "tank_class_2", "tank_class_3"), (0.12, 0.44, 0.44)
TANK_SHARE, DISPENSER_SHARE = (0.5, 0.12), (0.5, 0.86)
"""Where in its plot a station has its buried tanks and its pumps, along the road and away from it."""
PLANTED_GRADE = "tank_class_2"
MOVED_STATION_ID = "YC000103"
"""Its position is corrected by a later delivery; nothing is drawn on its plot."""
BESIDE_STATION = (
    ("YC000104", "substation", 9.5), ("YC000106", "substation", 14.5), ("YC000107", "substation", 22.0),
    ("YC000108", "tank", 10.0), ("YC000109", "tank", 15.0), ("YC000111", "tank", 20.5),
    ("YC000112", "flame", 12.0), ("YC000113", "flame", 16.5), ("YC000114", "flame", 23.0),
)  # fmt: skip
"""Stations of grade 2 (15.5 m asked, 17.5 m from open flame): what stands beside them and how far from their tank, certainly inside, possibly, outside."""
FLAMES = (("boiler", "锅炉房"), ("forge", "焊接铺"))
LIQUIDS = ("甲醇", "丙酮", "甲苯", "乙醇", "苯", "汽油", "2-丙烯腈", "苯乙烯", "乙酸乙酯", "环氧氯丙烷")
LPG = "液化石油气"
NEIGHBOUR = "SC"
"""Tanks beside fuel stations belong to nobody on the list: between things of one enterprise these distances do not hold."""
TANK_RADIUS_M, TANK_GAP_M = 6.0, 18.0
TANK_VOLUMES_M3 = (200.0, 500.0, 1000.0)
TOWN_SUBSTATIONS = {
    ("seat", "沧阳"): 110.0, ("HG01", "化工园区"): 110.0, ("GY02", "工业园区"): 35.0, ("WL03", "物流园区"): 10.0, ("shihe", "石鹤"): 35.0,
    ("bailuwan", "白鹭湾"): 10.0, ("longzhu", "龙竹"): 35.0, ("shuangfeng", "双枫"): 35.0, ("qingluo", "青萝"): 10.0, ("hehui", "河汇"): 35.0,
}  # fmt: skip
"""Street grid and name -> kV."""


def build_fuel_station_equipment(rng: Rng, enterprises: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Two points a station: buried tanks and pumps; stations whose position is corrected later have none."""
    plots = sites.set_index("site_id")["geometry"]
    stations = enterprises[(enterprises["kind"] == "fuel_station") & (enterprises["enterprise_id"] != MOVED_STATION_ID)]
    planted = {station for station, _, _ in BESIDE_STATION}
    rows = []
    for item in stations.to_dict("records"):
        grade = str(rng.choice(STATION_GRADES, p=STATION_SHARES))
        old = bool(rng.random() < 0.15)
        if item["enterprise_id"] in planted:
            grade, old = PLANTED_GRADE, False
        recovery = "unloading_recovery" if old else "unloading_and_refuelling_recovery"
        for number, (what, share) in enumerate(((grade, TANK_SHARE), ("dispenser_and_vent", DISPENSER_SHARE)), start=1):
            rows.append(
                {
                    "equipment_id": f"{item['enterprise_id']}-S{number}",
                    "enterprise_id": item["enterprise_id"],
                    "station_grade": what,
                    "vapour_recovery": recovery,
                    "geometry": shapely.Point(_inside(plots[item["site_id"]], share)),
                }
            )
    return pd.DataFrame(rows)


def build_storage_tanks(
    rng: Rng, enterprises: pd.DataFrame, units: pd.DataFrame, chemicals: pd.DataFrame, equipment: pd.DataFrame, buildings: pd.DataFrame
) -> pd.DataFrame:
    """Tanks of the tank farms that hold liquids that burn or LPG, and three put beside fuel stations."""
    stored = chemicals.drop_duplicates("unit_id").set_index("unit_id")["chemical_name"]
    stations = set(enterprises.loc[enterprises["kind"] == "fuel_station", "enterprise_id"])
    left_out = stations | {CLOSED_PLANT_ID, NEW_PROJECT_ID}
    farms = units[(units["kind"] == "tank_farm") & ~units["enterprise_id"].isin(left_out)]
    walls = shapely.STRtree(buildings["geometry"].to_numpy())
    rows: list[dict[str, object]] = []
    for farm in farms.to_dict("records"):
        name = stored.get(farm["unit_id"])
        if name not in (*LIQUIDS, LPG):
            continue
        kind = "lpg" if name == LPG else "class_A_B_liquid"
        for number, place in enumerate(_row_of_places(farm["geometry"], int(rng.integers(2, 4)), walls), start=1):
            volume_m3 = float(rng.choice((50.0, 100.0) if kind == "lpg" else TANK_VOLUMES_M3))
            rows.append(_tank(farm["enterprise_id"], farm["unit_id"], number, kind, volume_m3, place))
    beside = _beside_stations("tank", equipment, walls, lambda place: shapely.buffer(shapely.Point(place), TANK_RADIUS_M / 2, quad_segs=8))
    rows += [_tank(None, None, number, "class_A_B_liquid", 60.0, shape) for number, (_, shape) in enumerate(beside, start=1)]
    return pd.DataFrame(rows)


def _tank(enterprise_id: object, unit_id: object, number: int, kind: str, volume_m3: float, place: Floats | shapely.Polygon) -> dict[str, object]:
    shape = place if isinstance(place, shapely.Polygon) else shapely.buffer(shapely.Point(place), TANK_RADIUS_M, quad_segs=8)
    return {
        "tank_id": f"{unit_id or NEIGHBOUR}-G{number}",
        "enterprise_id": enterprise_id,
        "unit_id": unit_id,
        "kind": kind,
        "volume_m3": volume_m3,
        "status": "operating",
        "geometry": shape,
    }


def build_substations(sites: pd.DataFrame, lattices: dict[str, Lattice], equipment: pd.DataFrame, buildings: pd.DataFrame) -> pd.DataFrame:
    """The three of the grid, one a town and park, and three transformers beside fuel stations."""
    plots = sites[sites["kind"] == "power_substation"]["geometry"]
    walls = shapely.STRtree(buildings["geometry"].to_numpy())
    rows = [_substation(number, f"云沧{number}号变电站", 220.0, True, plot) for number, plot in enumerate(plots, start=1)]
    for (name, title), voltage_kv in TOWN_SUBSTATIONS.items():
        block = shapely.Polygon(lattices[name].blocks[len(lattices[name].blocks) // 2])
        house = shapely.box(*(np.repeat([shapely.get_coordinates(block.centroid)[0]], 2, axis=0).ravel() + (-9, -7, 9, 7)))
        rows.append(_substation(len(rows) + 1, f"{title}配电站", voltage_kv, False, house))
    boxes = _beside_stations("substation", equipment, walls, lambda place: shapely.box(*(place - (4, 3)), *(place + (4, 3))))
    rows += [_substation(len(rows) + number, f"加油站旁{number}号箱变", 10.0, True, box) for number, (_, box) in enumerate(boxes, start=1)]
    return pd.DataFrame(rows)


def build_open_flame_places(equipment: pd.DataFrame, buildings: pd.DataFrame) -> pd.DataFrame:
    """Boiler houses and workshops with open flame beside three fuel stations."""
    walls = shapely.STRtree(buildings["geometry"].to_numpy())
    boxes = _beside_stations("flame", equipment, walls, lambda place: shapely.box(*(place - (3, 2.5)), *(place + (3, 2.5))))
    rows = [
        {"place_id": f"MH{number:03d}", "name": f"加油站旁{number}号{FLAMES[number % 2][1]}", "kind": FLAMES[number % 2][0], "geometry": box}
        for number, (_, box) in enumerate(boxes, start=1)
    ]
    return pd.DataFrame(rows)


def _substation(number: int, name: str, voltage_kv: float, is_outdoor: bool, shape: shapely.Geometry) -> dict[str, object]:
    return {"substation_id": f"BD{number:03d}", "name": name, "voltage_kv": voltage_kv, "is_outdoor": is_outdoor, "geometry": shape}


def _inside(plot: shapely.Polygon, share: tuple[float, float]) -> Floats:
    """Place at shares of a plot's width and depth."""
    corners = shapely.get_coordinates(plot)
    return np.asarray(corners[0] + share[0] * (corners[1] - corners[0]) + share[1] * (corners[3] - corners[0]))


def _row_of_places(middle: shapely.Point, count: int, walls: shapely.STRtree) -> Floats:
    """Places of a row of tanks around a unit's position, shape (count, 2), turned so that it touches least of what is built."""
    offsets = TANK_GAP_M * (np.arange(count) - (count - 1) / 2)
    rows = [
        shapely.get_coordinates(middle)[0] + offsets[:, None] * [np.cos(turn), np.sin(turn)]
        for turn in np.radians(np.arange(0, 180, 15))
    ]
    touched = [len(walls.query(shapely.points(row), predicate="dwithin", distance=TANK_RADIUS_M)[0]) for row in rows]
    return rows[int(np.argmin(touched))]


def _beside_stations(
    what: str, equipment: pd.DataFrame, walls: shapely.STRtree, shape_at: Callable[[Floats], shapely.Polygon]
) -> list[tuple[str, shapely.Polygon]]:
    """The station and the shape put beside its tank, for every row of `BESIDE_STATION` of that kind."""
    points = equipment.set_index("equipment_id")["geometry"]
    found = []
    for station, kind, distance_m in BESIDE_STATION:
        if kind == what:
            tank, pump = points[f"{station}-S1"], points[f"{station}-S2"]
            shapes = [_moved_off(tank, shape_at, turn, distance_m) for turn in np.radians(np.arange(0, 360, 10))]
            free = [shape for shape in shapes if not len(walls.query(shape, predicate="intersects"))]
            found.append((station, max(free, key=pump.distance)))
    return found


def _moved_off(tank: shapely.Point, shape_at: Callable[[Floats], shapely.Polygon], turn_rad: float, distance_m: float) -> shapely.Polygon:
    """The shape in one direction from the tank, its edge exactly so far from it."""
    ahead, off_m = np.array([np.cos(turn_rad), np.sin(turn_rad)]), distance_m
    for _ in range(40):
        shape = shape_at(shapely.get_coordinates(tank)[0] + off_m * ahead)
        off_m += distance_m - shapely.distance(tank, shape)
    return shape
