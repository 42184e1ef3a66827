"""Words that the delivered files use for our codes; the manifests map them back."""

from __future__ import annotations

LEVEL = {"red": "重大风险", "orange": "较大风险", "yellow": "一般风险", "blue": "低风险"}
LEVEL_COLOUR = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
ENTERPRISE_KIND = {
    "hazchem_producer": "危化品生产",
    "hazchem_trader": "危化品经营(带储存)",
    "hazchem_user": "危化品使用",
    "fuel_station": "加油站",
    "lpg_station": "液化气站",
    "fireworks_store": "烟花爆竹",
    "explosives_store": "民用爆炸物品",
    "mine": "非煤矿山",
    "tailings_pond": "尾矿库",
    "dust": "涉爆粉尘",
    "ammonia": "涉氨制冷",
    "liquor": "白酒",
    "metal_smelting": "金属冶炼",
    "crowded_place": "人员密集场所",
    "general": "一般工贸",
}
ENTERPRISE_STATUS = {"operating": "在业", "suspended": "停产", "planned": "在建", "closed": "关闭"}
UNIT_KIND = {"production": "生产单元", "tank_farm": "储罐区", "warehouse": "库房"}
UNIT_STATUS = {"operating": "在用", "suspended": "停用", "closed": "拆除"}
PIPE_STATUS = {"operating": "在用", "suspended": "停用", "abandoned": "废弃"}
MEDIUM = {
    "natural_gas": "天然气",
    "refined_product": "成品油",
    "steam": "蒸汽",
    "chemical": "化工物料",
    "petrochemical": "石化原料",
    "hydrogen": "氢气",
    "lpg": "液化石油气",
}
DISTANCE_KIND = {
    "external_safety": "外部安全防护距离",
    "explosives": "爆炸物品外部距离",
    "trade_code": "行业标准安全距离",
    "health_environment": "卫生或环境防护距离",
}
SOURCE_GRADE = {"zone_1": "一级", "zone_2": "二级", "quasi": "准保护区"}
NATURE_KIND = {"scenic_area": "风景名胜区", "nature_park": "自然公园"}
NATURE_PART = {"core": "核心", "general": "一般控制区"}
CONTROL = {"prohibited": "禁止", "restricted": "限制"}
PROJECT_GROUP = {"crowded": "住宅和公共建筑"}
TARGET_GROUP = {
    "all": "全部",
    "sensitive_important_general_1": "高敏感、重要和一般一类",
    "general_2": "一般二类",
    "general_3": "一般三类",
}
MARKER_KIND = {"milepost": "里程桩", "equation": "断链桩"}
STATION_KIND = {"station": "站场", "valve_room": "阀室", "depot": "油库"}
FIRE_CLASS = {
    "special_service": "特勤站",
    "class_1": "一级站",
    "class_2": "二级站",
    "small": "小型站",
    "township": "乡镇专职队",
}
FIRE_STATUS = {"existing": "已建", "planned": "规划"}
SEVERITY = {"fatal": "死亡", "injury": "伤人"}
TARGET_CATEGORY = {
    "village": "村庄",
    "school": "学校",
    "kindergarten": "幼儿园",
    "hospital": "医院",
    "nursing_home": "养老院",
    "culture": "文化设施",
    "office": "行政办公",
    "market": "集贸市场",
    "mall": "商场",
    "hotel": "宾馆",
    "station": "车站",
    "religion": "宗教场所",
    "heritage": "文物保护单位",
    "police": "公安机关",
    "park_square": "广场",
}
TARGET_CLASS = {
    "high_sensitive": "高敏感",
    "important": "重要",
    "general_1": "一般一类",
    "general_2": "一般二类",
    "general_3": "一般三类",
}
BUILDING_USE = {
    "residential": "住宅",
    "industrial": "厂房",
    "public": "公共",
    "commercial": "商业",
    "farm": "农用",
}
DANGER_SEVERITY = {"major": "重大", "general": "一般"}
DANGER_STATUS = {"open": "未整改", "closed": "已整改"}
WATER_KIND = {"river": "河流", "reservoir": "水库"}
RAILWAY_KIND = {"high_speed": "高速铁路", "national": "国家铁路", "enterprise": "专用线"}
AREA_KIND = {
    "city_urban": "城市市区",
    "city_suburb_residential": "城市郊区居民居住区",
    "village_town_residential": "村镇居民居住区",
    "other": "其他地区",
}
RAILWAY_STATUS = {"operating": "运营", "planned": "规划"}
STATION_GRADE = {
    "tank_class_1": "一级站埋地油罐",
    "tank_class_2": "二级站埋地油罐",
    "tank_class_3": "三级站埋地油罐",
    "dispenser_and_vent": "加油机、通气管管口",
}
VAPOUR_RECOVERY = {
    "unloading_recovery": "卸油油气回收",
    "unloading_and_refuelling_recovery": "卸油和加油油气回收",
}
TANK_KIND = {"class_A_B_liquid": "甲乙类液体", "lpg": "液化石油气"}
WELL_PHASE = {"drilling": "钻井", "producing": "生产", "shut_in": "关停"}
FLAME_KIND = {"boiler": "锅炉房", "forge": "焊接、锻造"}
STREET_CLASS = {"main": "主干路", "secondary": "次干路", "branch": "支路"}
TECHNICAL_CLASS = {"expressway": "高速公路", "national_road": "一级", "provincial_road": "二级", "county_road": "三级", "township_road": "四级"}
YES_NO = {"True": "是", "False": "否"}
