"""Drinking-water source zones, a scenic area, a forest park, and what the county's plan prohibits around the chemical park."""

from __future__ import annotations

from datetime import date

import pandas as pd
import shapely

from data.sample.planted import straight_place
from data.sample.terrain import Terrain

WELLS_LINE_ID, WELLS_SHARE = "GD-SQ01-04", 0.45
FOREST_LINE_ID, FOREST_SHARE = "GD-CP01", 0.62
PLAN_NAME = "云沧县国土空间总体规划(2021-2035年)"


def build_water_sources(terrain: Terrain, transmission: pd.DataFrame) -> pd.DataFrame:
    """A well field beside a gas line, which crosses two of its three zones, and a reservoir with two."""
    line = transmission.set_index("pipeline_id")["geometry"][WELLS_LINE_ID]
    place, _ = straight_place(line, WELLS_SHARE)
    wells = shapely.Point(place[0] - 330.0, place[1] + 120.0)
    rings = [shapely.buffer(wells, radius_m) for radius_m in (120.0, 600.0, 1500.0)]
    first, second, quasi = rings[0], shapely.difference(rings[1], rings[0]), shapely.difference(rings[2], rings[1])
    lake = shapely.simplify(terrain.reservoirs["云台水库"], 5.0)
    rows = [
        ("SY01-1", "白鹭水厂地下水水源地", "zone_1", first), ("SY01-2", "白鹭水厂地下水水源地", "zone_2", second), ("SY01-3", "白鹭水厂地下水水源地", "quasi", quasi),
        ("SY02-1", "云台水库水源地", "zone_1", shapely.buffer(lake, 100.0)),
        ("SY02-2", "云台水库水源地", "zone_2", shapely.difference(shapely.buffer(lake, 500.0), shapely.buffer(lake, 100.0))),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["zone_id", "name", "grade", "geometry"])


def build_nature_areas(terrain: Terrain, transmission: pd.DataFrame) -> pd.DataFrame:
    """A scenic area around a reservoir, and a forest park that an oil line crosses."""
    line = transmission.set_index("pipeline_id")["geometry"][FOREST_LINE_ID]
    place, _ = straight_place(line, FOREST_SHARE)
    rows = [
        ("ZR01", "龙潭沟风景名胜区", "scenic_area", "general", shapely.buffer(terrain.reservoirs["龙潭沟水库"].centroid, 1400.0)),
        ("ZR02", "望溪森林公园", "nature_park", "general", shapely.buffer(shapely.Point(place[0] + 150.0, place[1] - 90.0), 650.0)),
    ]
    return pd.DataFrame(rows, columns=["area_id", "name", "kind", "part", "geometry"])


def build_planned_prohibitions(parks: pd.DataFrame) -> pd.DataFrame:
    """A belt of 500 m around the chemical park without homes and schools, and an earlier plan that is over."""
    park = parks.set_index("park_id")["geometry"]["HG01"]
    belt = shapely.difference(shapely.buffer(park, 500.0), park)
    words = "园区边界外500米范围内禁止新建住宅、学校、医院、养老机构和商业公共设施"
    rows = [
        ("GK01", "化工园区外围控制带", "prohibited", "crowded", words, PLAN_NAME, date(2022, 1, 1), date(2035, 12, 31), belt),
        ("GK02", "化工园区外围控制带(旧)", "restricted", "crowded", "园区边界外300米范围内限制新建住宅", "云沧县城总体规划(2010-2020年)",
         date(2010, 1, 1), date(2020, 12, 31), shapely.difference(shapely.buffer(park, 300.0), park)),
    ]  # fmt: skip
    columns = ["area_id", "name", "control", "project_group", "words", "plan_name", "valid_from_on", "valid_until_on", "geometry"]
    return pd.DataFrame(rows, columns=columns)
