"""Delivered maps of what rules of distance speak of: GeoJSON, EPSG:4490."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from data.sample import words
from data.sample.county import County
from data.sample.plane import delivered
from data.sample.writers import SYNTHETIC, write_geojson

Heading = tuple[str, Mapping[str, str] | None]
RAILWAYS: dict[str, Heading] = {
    "railway_id": ("线段编号", None), "name": ("线路名称", None), "kind": ("类别", words.RAILWAY_KIND), "area_kind": ("所经地区", words.AREA_KIND),
    "outer_offset_m": ("坡脚距中心m", None), "status": ("状态", words.RAILWAY_STATUS),
}  # fmt: skip
EQUIPMENT: dict[str, Heading] = {
    "equipment_id": ("设备编号", None), "enterprise_id": ("企业编号", None), "station_grade": ("设备及站级", words.STATION_GRADE),
    "vapour_recovery": ("油气回收", words.VAPOUR_RECOVERY),
}  # fmt: skip
TANKS: dict[str, Heading] = {
    "tank_id": ("储罐编号", None), "enterprise_id": ("企业编号", None), "unit_id": ("单元编号", None), "kind": ("储存介质", words.TANK_KIND),
    "volume_m3": ("容量m3", None), "status": ("状态", words.UNIT_STATUS),
}  # fmt: skip
SUBSTATIONS: dict[str, Heading] = {
    "substation_id": ("编号", None), "name": ("名称", None), "voltage_kv": ("电压kV", None), "is_outdoor": ("室外", words.YES_NO),
}  # fmt: skip
WELLS: dict[str, Heading] = {
    "well_id": ("井号", None), "name": ("井名", None), "phase": ("阶段", words.WELL_PHASE), "is_sour": ("含硫化氢", words.YES_NO),
}  # fmt: skip
SHOPS: dict[str, Heading] = {
    "shop_id": ("零售点编号", None), "name": ("名称", None), "permit_number": ("许可证号", None), "valid_until_on": ("许可有效期至", None),
}  # fmt: skip
FLAMES: dict[str, Heading] = {"place_id": ("编号", None), "name": ("名称", None), "kind": ("类别", words.FLAME_KIND)}
LAND_USE: dict[str, Heading] = {"zone_id": ("编号", None), "plan_name": ("规划名称", None), "use_name": ("用途", None)}


def write_object_maps(target: Path, county: County) -> None:
    """All eight files below a delivery's folder."""
    for path, headings, frame in (
        ("交通运输局/铁路.geojson", RAILWAYS, county.railways),
        ("应急管理局/加油站设备.geojson", EQUIPMENT, county.fuel_station_equipment),
        ("应急管理局/储罐.geojson", TANKS, county.storage_tanks),
        ("供电公司/变配电站.geojson", SUBSTATIONS, county.substations),
        ("自然资源局/油气井.geojson", WELLS, county.oil_gas_wells),
        ("应急管理局/烟花爆竹零售点.geojson", SHOPS, county.fireworks_shops),
        ("自然资源局/规划用地.geojson", LAND_USE, county.land_use),
        ("应急管理局/明火地点.geojson", FLAMES, county.open_flame_places),
    ):
        rows = [_row(item, headings) for item in frame.to_dict("records")]
        write_geojson(target / path, rows, delivered(frame["geometry"].to_numpy(), "EPSG:4490"), name=Path(path).stem)


def _row(item: Mapping[str, object], headings: Mapping[str, Heading]) -> dict[str, object]:
    row = {title: item[name] if codes is None else codes[str(item[name])] for name, (title, codes) in headings.items()}
    blank = {title: None for title, value in row.items() if isinstance(value, float) and np.isnan(value)}
    return {**row, **blank, "数据性质": SYNTHETIC}
