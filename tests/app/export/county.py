"""A small made-up county in metres of the metric CRS: a few features of every layer the sheet draws."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import LineString, MultiPolygon, Point, Polygon, box

from app.export.sheet import SheetData, SheetSpec
from layers.crs import metric_crs

CRS = metric_crs(105.4, 29.1)
CENTRE = (500_000.0, 500_000.0)
LEVELS = ("red", "orange", "yellow", "blue", "unrated")
KINDS = ("hazchem_producer", "general", "mine", "fuel_station", "crowded_place")


def frame(rows: list[dict], geometries: list) -> gpd.GeoDataFrame:
    ids = [str(i) for i in range(len(rows))]
    return gpd.GeoDataFrame(pd.DataFrame(rows).assign(feature_id=ids), geometry=geometries, crs=CRS)


def zones(policy: str = "weighted_index_2026A") -> gpd.GeoDataFrame:
    """Nested rings: red within orange within yellow within blue, and an unrated patch."""
    x, y = CENTRE
    discs = [Point(x - 2000, y + 1000).buffer(radius) for radius in (900, 1700, 2600, 3600)]
    rings = [
        discs[0],
        discs[1] - discs[0],
        discs[2] - discs[1],
        discs[3] - discs[2],
        box(x + 3000, y - 4000, x + 5000, y - 2600),
    ]
    rows = [
        {
            "zone_id": level,
            "policy": policy,
            "level": level,
            "area_m2": ring.area,
            "is_assumption": level == "yellow",
        }
        for level, ring in zip(LEVELS, rings, strict=True)
    ]
    return frame(rows, [MultiPolygon([ring]) for ring in rings])


def company(i: int) -> str:
    return f"云沧{'宏兴东南北'[i % 5]}{'达顺泰安平'[i // 5 % 5]}化工有限公司"


def risk_points(n: int = 40, spread_m: float = 5000.0, seed: int = 7) -> gpd.GeoDataFrame:
    random = np.random.default_rng(seed)
    places = random.normal(0, spread_m / 2, (n, 2)) + CENTRE
    levels = random.choice(LEVELS, n, p=(0.08, 0.12, 0.3, 0.4, 0.1))
    rows = [
        {
            "point_id": f"P{i}", "name": company(i), "level": level,
            "kind": KINDS[i % 5], "major_hazard_level": 2 if i % 9 == 0 else None, "is_assumption": False,
        }
        for i, level in enumerate(levels)
    ]  # fmt: skip
    return frame(rows, [Point(*place) for place in places])


def towns() -> gpd.GeoDataFrame:
    x, y = CENTRE
    edges = [
        (-9000, -7000, -500, 500),
        (-500, -7000, 9000, 500),
        (-9000, 500, -500, 7000),
        (-500, 500, 9000, 7000),
    ]
    names = ("玄滩镇", "福集镇", "云龙镇", "得胜街道")
    shapes = [MultiPolygon([box(x + w, y + s, x + e, y + n)]) for w, s, e, n in edges]
    return frame([{"town_code": str(i), "name": name} for i, name in enumerate(names)], shapes)


def lines_and_targets() -> dict[str, gpd.GeoDataFrame]:
    x, y = CENTRE
    gas = LineString([(x - 9000, y - 3000), (x - 3000, y - 1500), (x + 2000, y + 500), (x + 9000, y + 3000)])
    oil = LineString([(x - 6000, y + 7000), (x - 1000, y + 2500), (x + 1500, y - 7000)])
    road = LineString([(x - 9000, y + 2000), (x, y + 1200), (x + 9000, y - 1500)])
    targets = [
        {"target_id": f"T{i}", "name": name, "category": category}
        for i, (name, category) in enumerate(
            [
                ("玄滩中学", "school"),
                ("县人民医院", "hospital"),
                ("福集幼儿园", "kindergarten"),
                ("东街居民区", "residential"),
            ]
        )
    ]
    places = [Point(x + dx, y + dy) for dx, dy in ((-3500, -500), (2500, 2500), (1000, -2500), (-1200, 3800))]
    conflict = LineString([(x - 3500, y - 500), (x - 3400, y - 700)])
    park = Polygon([(x + 3000, y + 800), (x + 6000, y + 600), (x + 5600, y + 3400), (x + 3200, y + 3000)])
    river = road.parallel_offset(1500).buffer(180)
    station = {"station_id": "F", "name": "福集消防站", "status": "existing"}
    return {
        "pipelines": frame(
            [
                {"pipeline_id": "G1", "name": "纳安输气线", "medium": "natural_gas", "kind": "transmission"},
                {"pipeline_id": "C1", "name": "兰成原油管道", "medium": "crude_oil", "kind": "transmission"},
            ],
            [gas, oil],
        ),
        "roads": frame([{"road_id": "R1", "name": "国道321", "road_class": "national_road"}], [road]),
        "water": frame([{"water_id": "W", "name": "濑溪河", "kind": "river"}], [river]),
        "protection_targets": frame(targets, places),
        "fire_stations": frame([station], [Point(x + 800, y - 900)]),
        "park_boundaries": frame([{"park_id": "K", "name": "云沧化工园区"}], [park]),
        "distance_violations": frame(
            [
                {
                    "violation_id": "V", "rule_id": "PIPE-L30-3", "actual_m": 82.0, "required_m": 100.0,
                    "certainty": "certain", "is_estimated": True, "source_type": "law_text",
                }
            ],
            [conflict],
        ),
    }  # fmt: skip


def county(**more: pd.DataFrame) -> SheetData:
    layers = {
        "risk_zones": zones(),
        "risk_points": risk_points(),
        "towns": towns(),
        **lines_and_targets(),
        **more,
    }
    return SheetData(layers=layers, boundary=towns().union_all(), towns=towns())


def spec(**changes: object) -> SheetSpec:
    values = {
        "title": "云沧县安全风险四色图",
        "subtitle": "2026年第3季度",
        "paper": "A4",
        "orientation": "landscape",
        "format": "svg",
        "scale_denominator": 100_000,
        "centre": CENTRE,
        "layers": tuple(county().layers),
        "organisation": "云沧县应急管理局",
        "date": date(2026, 11, 21),
        "edition_label": "2026Q3",
        "data_as_of": date(2026, 9, 30),
        "method": "v3.2",
        "crs_line": "CGCS2000 高斯-克吕格 3°带 中央经线105°",
        "address": "http://atlas.example/s/x7k2",
        "policy_title": "综合指数-2026A",
        "is_synthetic": True,
        "area_name": "云沧县",
    }
    return SheetSpec(**(values | changes))
