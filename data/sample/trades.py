"""The trades of a county: what enterprises do, how they are named, who watches and grades them."""

from __future__ import annotations

from dataclasses import dataclass

LEVEL_ORDER = ("red", "orange", "yellow", "blue", None)


@dataclass(frozen=True)
class Trade:
    """A kind of enterprise; `levels` are the shares of `LEVEL_ORDER` among its grades."""

    kind: str
    industry_code: str
    industry_name: str
    suffix: str
    office: str
    levels: tuple[float, float, float, float, float]
    persons: tuple[int, int]
    products: str = ""


EMERGENCY, HOUSING, FIRE, INDUSTRY, POLICE, MARKET = (
    "应急管理局",
    "住房和城乡建设局",
    "消防救援大队",
    "经济和信息化局",
    "公安局",
    "市场监督管理局",
)
OFFICES = (EMERGENCY, HOUSING, FIRE, INDUSTRY, POLICE, MARKET)
SITE_TRADES = {
    "fuel_station": Trade(
        "fuel_station",
        "5265",
        "机动车燃油零售",
        "加油站",
        EMERGENCY,
        (0, 0.2, 0.8, 0, 0),
        (4, 15),
        "汽油、柴油",
    ),
    "lpg_station": Trade(
        "lpg_station",
        "4520",
        "液化石油气生产和供应业",
        "液化气站",
        HOUSING,
        (0, 0.7, 0.3, 0, 0),
        (5, 18),
        "液化石油气",
    ),
    "fireworks_store": Trade(
        "fireworks_store",
        "5169",
        "其他化工产品批发",
        "烟花爆竹有限公司",
        EMERGENCY,
        (1, 0, 0, 0, 0),
        (6, 20),
        "烟花爆竹",
    ),
    "explosives_store": Trade(
        "explosives_store",
        "5169",
        "其他化工产品批发",
        "民用爆破器材有限公司",
        INDUSTRY,
        (1, 0, 0, 0, 0),
        (8, 24),
        "工业炸药",
    ),
    "mine": Trade(
        "mine",
        "1011",
        "石灰石、石膏开采",
        "石灰石矿",
        EMERGENCY,
        (0.45, 0.4, 0.15, 0, 0),
        (18, 120),
        "石灰石",
    ),
    "tailings_pond": Trade(
        "tailings_pond", "0810", "铁矿采选", "选矿厂尾矿库", EMERGENCY, (1, 0, 0, 0, 0), (6, 20), ""
    ),
    "liquor": Trade(
        "liquor", "1512", "白酒制造", "酒业有限公司", MARKET, (0, 0.25, 0.6, 0.05, 0.1), (8, 90), "白酒"
    ),
    "dust": Trade(
        "dust", "2021", "胶合板制造", "木业有限公司", EMERGENCY, (0.04, 0.45, 0.4, 0, 0.11), (20, 160), "板材"
    ),
    "ammonia": Trade(
        "ammonia",
        "1353",
        "肉制品及副产品加工",
        "冷冻食品有限公司",
        EMERGENCY,
        (0, 0.75, 0.25, 0, 0),
        (20, 140),
        "冷冻肉",
    ),
}
EXTRA_TRADES = (
    (
        Trade(
            "dust",
            "3311",
            "金属结构制造",
            "铝业抛光有限公司",
            EMERGENCY,
            (0.16, 0.5, 0.26, 0, 0.08),
            (20, 150),
            "铝制品",
        ),
        12,
        "GY02",
    ),
    (
        Trade(
            "metal_smelting",
            "3130",
            "钢压延加工",
            "铸造有限公司",
            EMERGENCY,
            (0.3, 0.7, 0, 0, 0),
            (60, 300),
            "铸件",
        ),
        4,
        "GY02",
    ),
    (
        Trade(
            "crowded_place",
            "8040",
            "理发及美容服务",
            "量贩歌城",
            FIRE,
            (0, 0.16, 0.6, 0.12, 0.12),
            (8, 60),
            "",
        ),
        46,
        "seat",
    ),
    (
        Trade("crowded_place", "5211", "百货零售", "购物广场", FIRE, (0, 0.2, 0.6, 0.1, 0.1), (15, 220), ""),
        26,
        "seat",
    ),
    (
        Trade("crowded_place", "6110", "旅游饭店", "大酒店", FIRE, (0, 0.16, 0.6, 0.12, 0.12), (15, 120), ""),
        24,
        "town",
    ),
)
GENERAL_LEVELS = (0.0, 0.005, 0.125, 0.742, 0.128)
GENERAL_TRADES = tuple(
    Trade("general", code, name, suffix, office, GENERAL_LEVELS, persons)
    for code, name, suffix, office, persons in (
        ("1310", "谷物磨制", "粮油加工厂", MARKET, (4, 40)),
        ("1391", "淀粉及淀粉制品制造", "淀粉厂", MARKET, (5, 60)),
        ("1411", "糕点、面包制造", "食品厂", MARKET, (4, 50)),
        ("1751", "化纤织造加工", "纺织有限公司", INDUSTRY, (15, 200)),
        ("1819", "其他机织服装制造", "服饰有限公司", INDUSTRY, (10, 180)),
        ("2110", "木质家具制造", "家具厂", EMERGENCY, (5, 80)),
        ("2231", "纸和纸板容器制造", "包装有限公司", EMERGENCY, (8, 90)),
        ("2319", "包装装潢及其他印刷", "印务有限公司", EMERGENCY, (5, 60)),
        ("2921", "塑料薄膜制造", "塑料制品厂", EMERGENCY, (6, 90)),
        ("3021", "水泥制品制造", "建材有限公司", EMERGENCY, (8, 90)),
        ("3031", "粘土砖瓦及建筑砌块制造", "页岩砖厂", EMERGENCY, (15, 80)),
        ("3351", "建筑、家具用金属配件制造", "五金厂", EMERGENCY, (4, 70)),
        ("3484", "机械零部件加工", "机械加工厂", EMERGENCY, (4, 120)),
        ("3670", "汽车零部件及配件制造", "汽配有限公司", EMERGENCY, (10, 260)),
        ("3982", "电子电路制造", "电子有限公司", INDUSTRY, (12, 320)),
        ("5212", "超级市场零售", "超市", MARKET, (3, 40)),
        ("5279", "五金零售", "五金建材经营部", MARKET, (1, 8)),
        ("5430", "道路货物运输", "运输有限公司", EMERGENCY, (5, 120)),
        ("5990", "其他仓储业", "仓储有限公司", EMERGENCY, (3, 40)),
        ("6210", "正餐服务", "餐饮店", MARKET, (3, 40)),
        ("8111", "汽车修理与维护", "汽车维修厂", EMERGENCY, (3, 25)),
        ("4710", "住宅房屋建筑", "建筑工程有限公司", HOUSING, (10, 220)),
    )
)
