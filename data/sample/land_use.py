"""Planned use of the blocks of the county seat, the towns and the parks."""

from __future__ import annotations

import pandas as pd
import shapely

from data.sample.lattices import Lattice
from data.sample.noise import Rng

STREET_HALF_WIDTH_M = 12.0
LAND_PLAN_NAME = "云沧县国土空间总体规划(2021-2035年)"
PARK_USE = {"HG01": "三类工业用地", "GY02": "二类工业用地", "WL03": "一类物流仓储用地"}
TOWN_USES = ("城镇住宅用地", "商业用地", "机关团体用地", "教育用地", "公园绿地")
TOWN_SHARES = (0.62, 0.16, 0.07, 0.07, 0.08)


def build_land_use(rng: Rng, lattices: dict[str, Lattice]) -> pd.DataFrame:
    """One zone a block, between the streets."""
    rows = []
    for name, lattice in lattices.items():
        for number, block in enumerate(shapely.polygons(lattice.blocks), start=1):
            use = PARK_USE.get(name) or str(rng.choice(TOWN_USES, p=TOWN_SHARES))
            rows.append(
                {
                    "zone_id": f"YD-{name}-{number:03d}",
                    "plan_name": LAND_PLAN_NAME,
                    "use_name": use,
                    "geometry": shapely.buffer(block, -STREET_HALF_WIDTH_M, join_style="mitre"),
                }
            )
    return pd.DataFrame(rows)
