"""The thirty plants with hazardous chemicals: who they are, where they stand, what their units hold.

Amounts are not written here: `hazards.py` sets them so that each unit has the level planned for it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chemical:
    """A chemical of GB 18218-2018: critical quantity (tables 1, 2) and beta (tables 3, 4)."""

    cas: str
    symbol: str
    critical_t: float
    beta: float


CHEMICALS = {
    "氯": Chemical("7782-50-5", "J1", 5, 4),
    "氨": Chemical("7664-41-7", "J3", 10, 2),
    "氟化氢": Chemical("7664-39-3", "J1", 1, 5),
    "环氧乙烷": Chemical("75-21-8", "W2", 10, 2),
    "二氧化硫": Chemical("7446-09-5", "J3", 20, 2),
    "氯化氢(无水)": Chemical("7647-01-0", "J3", 20, 3),
    "氯乙烯": Chemical("75-01-4", "W2", 50, 1.5),
    "氢": Chemical("1333-74-0", "W2", 5, 1.5),
    "乙炔": Chemical("74-86-2", "W2", 1, 1.5),
    "液化石油气": Chemical("68476-85-7", "W2", 50, 1.5),
    "煤气": Chemical("", "W2", 20, 1.5),
    "氧(压缩的或液化的)": Chemical("7782-44-7", "W4", 200, 1),
    "甲醇": Chemical("67-56-1", "W5.3", 500, 1),
    "乙醇": Chemical("64-17-5", "W5.3", 500, 1),
    "甲苯": Chemical("108-88-3", "W5.3", 500, 1),
    "丙酮": Chemical("67-64-1", "W5.3", 500, 1),
    "乙酸乙酯": Chemical("141-78-6", "W5.3", 500, 1),
    "正己烷": Chemical("110-54-3", "W5.3", 500, 1),
    "苯": Chemical("71-43-2", "W5.3", 50, 1),
    "2-丙烯腈": Chemical("107-13-1", "W5.3", 50, 1),
    "苯乙烯": Chemical("100-42-5", "W5.4", 500, 1),
    "汽油": Chemical("86290-81-5", "W5.3", 200, 1),
    "涂料稀释剂": Chemical("", "W5.3", 1000, 1),
    "环氧氯丙烷": Chemical("106-89-8", "W5.4", 20, 1),
    "溴": Chemical("7726-95-6", "J2", 20, 1),
    "甲苯二异氰酸酯(TDI)": Chemical("26471-62-5", "J2", 100, 1),
    "过氧化苯甲酸叔丁酯": Chemical("614-45-9", "W7.2", 50, 1),
    "过氧化甲基乙基酮": Chemical("1338-23-4", "W7.2", 10, 1),
    "碳化钙(电石)": Chemical("75-20-7", "W11", 100, 1),
    "硝酸": Chemical("7697-37-2", "W9.1", 100, 1),
    "硝酸铵肥料": Chemical("", "W9.2", 200, 1),
    "氯酸钠": Chemical("7775-09-9", "W9.1", 100, 1),
    "白磷": Chemical("12185-10-3", "W8", 50, 1),
    "硫磺": Chemical("7704-34-9", "W10", 200, 1),
    "烟花爆竹(C级)": Chemical("", "W1.3", 50, 2),
    "工业炸药": Chemical("", "W1.1", 1, 2),
}


@dataclass(frozen=True)
class UnitPlan:
    """A unit: `level` 1-4 is the level aimed at, 0 stays below the limit; `shares` split S.

    `wanted_s` fixes S exactly (used for a unit just below the limit).
    """

    name: str
    kind: str
    level: int
    shares: dict[str, float]
    wanted_s: float | None = None


@dataclass(frozen=True)
class PlantPlan:
    """A plant: `place` is a block number of the chemical park, or a place in km outside the parks."""

    id: str
    name: str
    short_name: str
    kind: str
    place: int | tuple[float, float]
    units: tuple[UnitPlan, ...]
    products: str = ""
    declared: str | None = None
    score: float | None = None


def _unit(name: str, kind: str, level: int, *chemicals: str, wanted_s: float | None = None) -> UnitPlan:
    first = 0.8 if len(chemicals) > 1 else 1.0
    shares = {chemicals[0]: first}
    shares |= {name: (1 - first) / (len(chemicals) - 1) for name in chemicals[1:]}
    return UnitPlan(name, kind, level, shares, wanted_s)


PRODUCER, TRADER, USER = "hazchem_producer", "hazchem_trader", "hazchem_user"
TANKS, PLANT, STORE = "tank_farm", "production", "warehouse"

PLANTS = (
    PlantPlan(
        "YC000001",
        "云沧盛川氯碱化工有限责任公司",
        "盛川氯碱",
        PRODUCER,
        9,
        (
            _unit("液氯储罐区", TANKS, 1, "氯"),
            _unit("氯乙烯罐区", TANKS, 3, "氯乙烯"),
            _unit("氢气柜", TANKS, 4, "氢"),
            _unit("电解生产单元", PLANT, 4, "氯", "氢"),
        ),
        "烧碱、液氯、聚氯乙烯",
        "red",
        58.5,
    ),
    PlantPlan(
        "YC000002",
        "云沧恒昊氟化工有限公司",
        "恒昊氟化工",
        PRODUCER,
        11,
        (_unit("无水氟化氢罐区", TANKS, 1, "氟化氢"), _unit("氟化反应单元", PLANT, 2, "氟化氢", "氯")),
        "无水氟化氢、含氟中间体",
        "red",
        56.0,
    ),
    PlantPlan(
        "YC000003",
        "云沧瑞泽环氧有限公司",
        "瑞泽环氧",
        PRODUCER,
        13,
        (
            _unit("环氧乙烷罐区", TANKS, 2, "环氧乙烷"),
            _unit("乙氧基化单元", PLANT, 3, "环氧乙烷", "甲醇"),
            _unit("乙醇罐区", TANKS, 4, "乙醇"),
        ),
        "聚醚、表面活性剂",
        "orange",
        66.5,
    ),
    PlantPlan(
        "YC000004",
        "云沧天硫化工有限公司",
        "天硫化工",
        PRODUCER,
        17,
        (
            _unit("二氧化硫罐区", TANKS, 2, "二氧化硫"),
            _unit("液氨罐区", TANKS, 4, "氨"),
            _unit("硫磺库", STORE, 0, "硫磺"),
        ),
        "硫酸、亚硫酸盐",
        "orange",
        63.0,
    ),
    PlantPlan(
        "YC000005",
        "云沧川枫丙烯材料有限公司",
        "川枫丙烯",
        PRODUCER,
        19,
        (
            _unit("丙烯腈罐区", TANKS, 3, "2-丙烯腈"),
            _unit("聚合单元", PLANT, 4, "2-丙烯腈", "苯乙烯"),
            _unit("苯乙烯罐区", TANKS, 4, "苯乙烯"),
        ),
        "ABS树脂",
        "orange",
        68.0,
    ),
    PlantPlan(
        "YC000006",
        "云沧青禾农药有限公司",
        "青禾农药",
        PRODUCER,
        21,
        (
            _unit("氯化氢储罐区", TANKS, 2, "氯化氢(无水)"),
            _unit("溶剂罐区", TANKS, 4, "甲苯", "甲醇"),
            _unit("溴素库", STORE, 4, "溴"),
        ),
        "农药原药",
        "red",
        59.5,
    ),
    PlantPlan(
        "YC000007",
        "云沧宏达溶剂有限公司",
        "宏达溶剂",
        PRODUCER,
        23,
        (_unit("溶剂罐区A", TANKS, 4, "甲醇", "丙酮"), _unit("溶剂罐区B", TANKS, 0, "乙酸乙酯", "乙醇")),
        "工业溶剂",
        "yellow",
        81.0,
    ),
    PlantPlan(
        "YC000008",
        "云沧双枫树脂有限公司",
        "双枫树脂",
        PRODUCER,
        25,
        (_unit("环氧氯丙烷罐区", TANKS, 3, "环氧氯丙烷"), _unit("TDI库", STORE, 4, "甲苯二异氰酸酯(TDI)")),
        "环氧树脂",
        "orange",
        70.5,
    ),
    PlantPlan(
        "YC000009",
        "云沧云石电石有限公司",
        "云石电石",
        PRODUCER,
        27,
        (_unit("电石库", STORE, 4, "碳化钙(电石)"), _unit("乙炔发生单元", PLANT, 4, "乙炔")),
        "电石、乙炔",
        "orange",
        64.0,
    ),
    PlantPlan(
        "YC000010",
        "云沧晟远气体有限公司",
        "晟远气体",
        PRODUCER,
        29,
        (_unit("液氧罐区", TANKS, 4, "氧(压缩的或液化的)"), _unit("氢气充装间", PLANT, 0, "氢")),
        "工业气体",
        "yellow",
        84.0,
    ),
    PlantPlan(
        "YC000011",
        "云沧润远涂料有限公司",
        "润远涂料",
        PRODUCER,
        31,
        (_unit("甲苯罐区", TANKS, 4, "甲苯"), _unit("成品库", STORE, 0, "涂料稀释剂")),
        "油漆、稀释剂",
        "yellow",
        78.0,
    ),
    PlantPlan(
        "YC000012",
        "云沧鑫岳硝酸有限公司",
        "鑫岳硝酸",
        PRODUCER,
        33,
        (_unit("浓硝酸罐区", TANKS, 3, "硝酸"), _unit("硝铵肥料库", STORE, 4, "硝酸铵肥料")),
        "硝酸、复合肥",
        "orange",
        67.0,
    ),
    PlantPlan(
        "YC000013",
        "云沧嘉禾过氧化物有限公司",
        "嘉禾过氧化物",
        PRODUCER,
        35,
        (
            _unit("有机过氧化物库", STORE, 3, "过氧化苯甲酸叔丁酯"),
            _unit("过氧化甲乙酮单元", PLANT, 4, "过氧化甲基乙基酮"),
        ),
        "有机过氧化物引发剂",
        "red",
        57.0,
    ),
    PlantPlan(
        "YC000014",
        "云沧海岳氯酸盐有限公司",
        "海岳氯酸盐",
        PRODUCER,
        37,
        (_unit("氯酸钠库", STORE, 3, "氯酸钠"),),
        "氯酸钠",
        "yellow",
        76.0,
    ),
    PlantPlan(
        "YC000015",
        "云沧卓峰磷业有限公司",
        "卓峰磷业",
        PRODUCER,
        39,
        (_unit("黄磷库", STORE, 4, "白磷"),),
        "黄磷",
        None,
        None,
    ),
    PlantPlan(
        "YC000016",
        "云沧沧枫化学品仓储有限公司",
        "沧枫仓储",
        TRADER,
        41,
        (
            _unit("甲类仓库一", STORE, 4, "乙醇", "丙酮"),
            _unit("甲类仓库二", STORE, 0, "乙酸乙酯", "甲苯"),
            _unit("苯罐区", TANKS, 4, "苯"),
        ),
        "危险化学品仓储",
        "orange",
        72.0,
    ),
    PlantPlan(
        "YC000017",
        "云沧远山油品储运有限公司",
        "远山油库",
        TRADER,
        1,
        (_unit("汽油罐区", TANKS, 3, "汽油"),),
        "成品油储存",
        "orange",
        69.0,
    ),
    PlantPlan(
        "YC000018",
        "云沧川沱液化气储配有限公司",
        "川沱储配",
        TRADER,
        5,
        (_unit("液化石油气球罐区", TANKS, 3, "液化石油气"),),
        "液化石油气",
        "orange",
        71.5,
    ),
    PlantPlan(
        "YC000019",
        "云沧万顺化学品物流有限公司",
        "万顺物流",
        TRADER,
        7,
        (_unit("中转库", STORE, 4, "甲苯", "丙酮", "乙酸乙酯"),),
        "危险化学品中转",
        "yellow",
        80.5,
    ),
    PlantPlan(
        "YC000020",
        "云沧金岭新材料有限公司",
        "金岭新材料",
        USER,
        43,
        (_unit("氢气站", PLANT, 4, "氢"), _unit("甲醇罐", TANKS, 0, "甲醇")),
        "碳纤维",
        "yellow",
        None,
    ),
    PlantPlan(
        "YC000021",
        "云沧云竹制药有限公司",
        "云竹制药",
        USER,
        45,
        (_unit("溶剂罐区", TANKS, 4, "甲醇", "丙酮", "甲苯"), _unit("液氨间", PLANT, 4, "氨")),
        "化学原料药",
        "yellow",
        None,
    ),
    PlantPlan(
        "YC000022",
        "云沧沧江合成氨有限公司",
        "沧江合成氨",
        PRODUCER,
        (-12.6, 4.35),
        (
            _unit("液氨球罐区", TANKS, 1, "氨"),
            _unit("合成单元", PLANT, 3, "氨", "氢"),
            _unit("甲醇罐区", TANKS, 4, "甲醇"),
        ),
        "合成氨、尿素",
        "red",
        54.0,
    ),
    PlantPlan(
        "YC000023",
        "云沧石鹤染化有限公司",
        "石鹤染化",
        PRODUCER,
        (-9.9, 7.6),
        (_unit("液氯库", STORE, 2, "氯"), _unit("硝化单元", PLANT, 4, "硝酸", "甲苯")),
        "染料中间体",
        "red",
        59.0,
    ),
    PlantPlan(
        "YC000024",
        "云沧龙竹焦化有限公司",
        "龙竹焦化",
        PRODUCER,
        (14.4, 3.4),
        (_unit("煤气柜", TANKS, 3, "煤气"), _unit("粗苯罐区", TANKS, 4, "苯")),
        "焦炭、粗苯",
        "orange",
        65.0,
    ),
    PlantPlan(
        "YC000025",
        "云沧河汇生物乙醇有限公司",
        "河汇生物",
        PRODUCER,
        (0.9, -12.4),
        (_unit("乙醇罐区", TANKS, 4, "乙醇"), _unit("浸出单元", PLANT, 4, "正己烷")),
        "燃料乙醇、植物油",
        "orange",
        73.5,
    ),
    PlantPlan(
        "YC000026",
        "云沧沧阳自来水有限公司",
        "沧阳水厂",
        USER,
        (-3.6, 3.6),
        (_unit("加氯间", PLANT, 4, "氯"),),
        "自来水",
        "orange",
        None,
    ),
    PlantPlan(
        "YC000027",
        "云沧雪原冷链食品有限公司",
        "雪原冷链",
        USER,
        (2.3, 3.3),
        (_unit("氨制冷机房", PLANT, 4, "氨"),),
        "冷冻食品",
        "orange",
        None,
    ),
    PlantPlan(
        "YC000028",
        "云沧白鹭湾液化气储配站",
        "白鹭湾储配站",
        TRADER,
        (5.9, 10.1),
        (_unit("液化石油气罐区", TANKS, 3, "液化石油气"),),
        "液化石油气",
        "orange",
        70.0,
    ),
    PlantPlan(
        "YC000029",
        "云沧青萝溶剂仓储有限公司",
        "青萝溶剂仓储",
        TRADER,
        (-10.1, -0.2),
        (
            _unit("苯储罐1#区", TANKS, 0, "苯", wanted_s=0.972),
            _unit("苯储罐2#区", TANKS, 0, "苯", wanted_s=0.964),
        ),
        "溶剂仓储",
        "yellow",
        79.0,
    ),
    PlantPlan(
        "YC000030",
        "云沧启明电子材料有限公司",
        "启明电子材料",
        PRODUCER,
        15,
        (_unit("氢氟酸原料罐区", TANKS, 3, "氟化氢"), _unit("氨气供应单元", PLANT, 4, "氨")),
        "电子级化学品",
        None,
        None,
    ),
)
"""The last one is a new project of the third quarter."""

NEW_PROJECT_ID, CLOSED_PLANT_ID, RECTIFIED_PLANT_ID = "YC000030", "YC000011", "YC000013"
VILLAGE_PLANT_ID, SPLIT_PLANT_ID = "YC000022", "YC000029"
