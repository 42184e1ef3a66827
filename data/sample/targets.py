"""Protection targets: villages, schools, hospitals and places where people gather."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.sample.buildings import PERSONS_PER_HOUSEHOLD
from data.sample.lattices import Lattice
from data.sample.noise import Rng
from data.sample.pipelines import HIGH_CONSEQUENCE_VILLAGE
from data.sample.planted import ON_PIPE_LINE_ID, settlement_place, straight_place
from data.sample.sites import rectangles
from data.sample.towns import TOWN_PLANS, Towns

HAMLET_REACH_M, YARD_M, OUTLINE_STEP_M = 430.0, 16.0, 0.25
SCHOOL_DISTANCE_M = 140.0
PLANTED_SCHOOL_ID, PLANTED_MARKET_ID = "FH-XX001", "FH-JM001"
PUBLIC_COUNTS = {
    "school": ("XX", "学校", 22, (400, 2600)),
    "kindergarten": ("YE", "幼儿园", 24, (80, 420)),
    "hospital": ("YY", "医院", 12, (120, 900)),
    "nursing_home": ("YL", "养老院", 8, (40, 220)),
    "culture": ("WH", "文化站", 6, (60, 400)),
    "office": ("XZ", "办公楼", 12, (40, 260)),
}
POINT_COUNTS = {
    "market": ("JM", "农贸市场", 12, (200, 1500)),
    "mall": ("SC", "商场", 4, (400, 2500)),
    "hotel": ("BG", "宾馆", 14, (60, 320)),
    "station": ("CZ", "汽车站", 5, (120, 900)),
    "religion": ("ZJ", "寺庙", 6, (20, 160)),
    "heritage": ("WB", "文物点", 5, (5, 60)),
    "police": ("GA", "派出所", 9, (10, 40)),
    "park_square": ("GC", "广场", 5, (100, 1500)),
}
HIGH_SENSITIVE = ("school", "kindergarten", "hospital", "nursing_home", "culture")
IMPORTANT = ("religion", "heritage", "police")


def build_villages(
    buildings: pd.DataFrame, hamlets: pd.DataFrame, lattices: dict[str, Lattice]
) -> pd.DataFrame:
    """One polygon a hamlet around its houses, with households and persons."""
    houses = buildings[buildings["use"] == "residential"].reset_index(drop=True)
    xy = houses[["x", "y"]].to_numpy(float)
    distance, hamlet = cKDTree(hamlets[["x", "y"]].to_numpy()).query(xy)
    hull = shapely.union_all([lattice.hull for lattice in lattices.values()])
    shapely.prepare(hull)
    hamlet = np.where(
        (distance < HAMLET_REACH_M) & ~shapely.contains_xy(hull, xy[:, 0], xy[:, 1]), hamlet, -1
    )
    yards = shapely.buffer(houses["geometry"].to_numpy(), YARD_M, quad_segs=2)
    rows = []
    group: dict[str, int] = {}
    for number, name in enumerate(hamlets["village_name"]):
        group[name] = group.get(name, 0) + 1
        mine = np.flatnonzero(hamlet == number)
        if len(mine) >= 3:
            households = int(houses["n_households"].to_numpy()[mine].sum())
            shape = shapely.simplify(shapely.buffer(shapely.union_all(yards[mine]), -8.0, quad_segs=2), 1.5)
            shape = shapely.set_precision(shape, OUTLINE_STEP_M)
            rows.append(_village_row(number, f"{name}{group[name]}组", households, shape))
    return pd.DataFrame(rows)


def _village_row(number: int, name: str, households: int, shape: shapely.Geometry) -> dict[str, object]:
    persons = round(households * PERSONS_PER_HOUSEHOLD)
    target_class = (
        "general_1"
        if households >= 30 or persons >= 100
        else "general_2"
        if households >= 10
        else "general_3"
    )
    return {
        "target_id": f"FH-CZ{number + 1:04d}",
        "name": name,
        "category": "village",
        "target_class": target_class,
        "n_persons": persons,
        "n_households": households,
        "in_service_on": None,
        "geometry": shape,
    }


def build_public_sites(
    rng: Rng, buildings: pd.DataFrame, transmission: pd.DataFrame, hamlets: pd.DataFrame, towns: Towns
) -> pd.DataFrame:
    """Schools, hospitals and the like as polygons around public buildings; the planted school comes first."""
    public = buildings[buildings["use"] == "public"].reset_index(drop=True)
    order = rng.permutation(len(public))
    rows = [_planted_school(transmission, hamlets)]
    used = 0
    for category, (code, word, count, persons) in PUBLIC_COUNTS.items():
        for number in range(1 + (category == "school"), count + 1):
            if used >= len(order):
                break
            building = public.iloc[order[used]]
            used += 1
            town = int(towns.town_of(np.array([[building["x"], building["y"]]]))[0])
            name = f"{TOWN_PLANS[town].name[:2]}{_ordinal(number)}{word}"
            rows.append(
                _public_row(
                    rng,
                    f"FH-{code}{number:03d}",
                    name,
                    category,
                    persons,
                    shapely.buffer(building["geometry"], 4.0, join_style="mitre"),
                )
            )
    return pd.DataFrame(rows)


def _ordinal(number: int) -> str:
    digits = "零一二三四五六七八九十"
    if number <= 10:
        return f"第{digits[number]}"
    return f"第{digits[number // 10] if number >= 20 else ''}十{digits[number % 10] if number % 10 else ''}"


def _public_row(
    rng: Rng, target_id: str, name: str, category: str, persons: tuple[int, int], shape: shapely.Geometry
) -> dict[str, object]:
    year = int(rng.integers(1986, 2022))
    return {
        "target_id": target_id,
        "name": name,
        "category": category,
        "target_class": target_class(category),
        "n_households": None,
        "n_persons": int(rng.integers(*persons)),
        "in_service_on": date(year, 9, 1),
        "geometry": shape,
    }


def target_class(category: str) -> str | None:
    """Class of GB 36894 where the category alone decides it."""
    return "high_sensitive" if category in HIGH_SENSITIVE else "important" if category in IMPORTANT else None


def _planted_school(transmission: pd.DataFrame, hamlets: pd.DataFrame) -> dict[str, object]:
    """A school whose ground begins 140 m from the gas line, beyond the dense settlement."""
    line = transmission.set_index("pipeline_id")["geometry"][ON_PIPE_LINE_ID]
    share, side = settlement_place(line, hamlets)
    place, angle = straight_place(line, share)
    across = -side * np.array([-np.sin(angle), np.cos(angle)])
    shape = rectangles((place + (SCHOOL_DISTANCE_M + 27.0) * across)[None, :], 84.0, 54.0, angle)[0]
    return {
        "target_id": PLANTED_SCHOOL_ID,
        "name": f"{HIGH_CONSEQUENCE_VILLAGE[:-1]}小学",
        "category": "school",
        "target_class": "high_sensitive",
        "n_persons": 362,
        "n_households": None,
        "in_service_on": date(2001, 9, 1),
        "geometry": shape,
    }


def build_gathering_places(
    rng: Rng, buildings: pd.DataFrame, lattices: dict[str, Lattice], towns: Towns
) -> pd.DataFrame:
    """Markets, malls, hotels and the like as points; the market of the planted case comes first."""
    shops = buildings[buildings["use"] == "commercial"].reset_index(drop=True)
    order = rng.permutation(len(shops))
    rows, used = [_planted_market(lattices)], 0
    for category, (code, word, count, persons) in POINT_COUNTS.items():
        for number in range(1 + (category == "market"), count + 1):
            if used >= len(order):
                break
            place = shops.iloc[order[used]][["x", "y"]].to_numpy(float)
            used += 1
            town = TOWN_PLANS[int(towns.town_of(place[None, :])[0])]
            row = _public_row(
                rng,
                f"FH-{code}{number:03d}",
                f"{town.name[:2]}{_ordinal(number)}{word}",
                category,
                persons,
                shapely.Point(place),
            )
            rows.append(row)
    return pd.DataFrame(rows)


def _planted_market(lattices: dict[str, Lattice]) -> dict[str, object]:
    place = lattices["bailuwan"].blocks[len(lattices["bailuwan"].blocks) // 2].mean(axis=0)
    return {
        "target_id": PLANTED_MARKET_ID,
        "name": "白鹭湾农贸市场",
        "category": "market",
        "target_class": "general_1",
        "n_persons": 800,
        "n_households": None,
        "in_service_on": date(2011, 5, 1),
        "geometry": shapely.Point(place),
    }
