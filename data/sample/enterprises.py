"""About 3,300 enterprises: the planned plants, special places by kind, and the general trades of a county."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely

from data.sample.hazards import small_unit
from data.sample.lattices import Lattice
from data.sample.names import credit_code, firm_words
from data.sample.noise import Floats, Rng
from data.sample.plants import NEW_PROJECT_ID, PLANTS, PlantPlan
from data.sample.size import Size
from data.sample.streets import addresses
from data.sample.targets import PLANTED_MARKET_ID
from data.sample.towns import SOURCELESS_TOWN, TOWN_PLANS, Towns
from data.sample.trades import EMERGENCY, EXTRA_TRADES, GENERAL_TRADES, LEVEL_ORDER, SITE_TRADES, Trade

AMMONIA_STORE_ID, AMMONIA_STORE_T, MARKET_DISTANCE_M = "YC000041", 6.0, 45.0
FIRST_SITE_NUMBER, FIRST_GENERAL_NUMBER = 101, 1001
DECLARED_SINCE = date(2025, 6, 30)


N_NEW = {2: 14, 3: 10}
"""Firms that first appear in the second and third delivery, besides the new project."""
QUIET_LATTICE = "yuntaiping"
"""The seat of the town without hazardous sources: only small general trades there."""
AREA_SHARES = {"GY02": 0.08, "WL03": 0.02, "HG01": 0.012, "seat": 0.43, "town": 0.23, "country": 0.228}


def build_enterprises(
    rng: Rng,
    sites: pd.DataFrame,
    buildings: pd.DataFrame,
    lattices: dict[str, Lattice],
    towns: Towns,
    places: pd.DataFrame,
    units: pd.DataFrame,
    chemicals: pd.DataFrame,
    size: Size,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Enterprises (position ``x``, ``y`` in the plane), and units and chemicals with the small ones added."""
    spots = _spots_by_area(buildings, lattices)
    rows = [_plant_row(rng, plan, sites) for plan in PLANTS] + [_ammonia_store(rng, places)]
    rows += _site_rows(rng, sites)
    for trade, count, area in EXTRA_TRADES:
        rows += [_trade_row(rng, trade, spot) for spot in rng.permutation(spots[area])[:count]]
    rows += _general_rows(rng, spots, size.n_enterprises - len(rows) + 1 + sum(N_NEW.values()))
    frame = _numbered(rng, pd.DataFrame(rows), towns, lattices).assign(first_quarter=1)
    frame.loc[frame["enterprise_id"] == NEW_PROJECT_ID, "first_quarter"] = 3
    frame.loc[frame.index[-sum(N_NEW.values()) :], "first_quarter"] = np.repeat(
        list(N_NEW), list(N_NEW.values())
    )
    new_units, new_chemicals = _small_units(rng, frame)
    return (
        frame,
        pd.concat([units, new_units], ignore_index=True),
        pd.concat([chemicals, new_chemicals], ignore_index=True),
    )


def _spots_by_area(buildings: pd.DataFrame, lattices: dict[str, Lattice]) -> dict[str, Floats]:
    """Places of buildings an enterprise may occupy, by area; the tiny county shares what it has."""
    xy = buildings[["x", "y"]].to_numpy(float)
    area = np.full(len(xy), "country", dtype=object)
    for lattice in lattices.values():
        inside = shapely.contains_xy(lattice.hull, xy[:, 0], xy[:, 1])
        area[inside] = (
            lattice.plan.id
            if lattice.plan.use == "park" or lattice.plan.id == QUIET_LATTICE
            else lattice.plan.use
        )
    usable = ~buildings["use"].isin(["public", "farm"]).to_numpy()
    area[area == QUIET_LATTICE] = "country"
    return {name: xy[usable & (area == name)] for name in AREA_SHARES}


def _plant_row(rng: Rng, plan: PlantPlan, sites: pd.DataFrame) -> dict[str, object]:
    middle = sites.loc[sites["site_id"] == plan.id, "geometry"].iloc[0].centroid
    code, name = {
        "hazchem_producer": ("2614", "有机化学原料制造"),
        "hazchem_trader": ("5942", "危险化学品仓储"),
    }.get(plan.kind, ("2710", "化学药品原料药制造"))
    return {
        "enterprise_id": plan.id,
        "name": plan.name,
        "short_name": plan.short_name,
        "industry_code": code,
        "industry_name": name,
        "kind": plan.kind,
        "declared_level": plan.declared,
        "control_score": plan.score,
        "n_persons": int(rng.integers(45, 420)),
        "responsible_office": EMERGENCY,
        "products": plan.products,
        "x": middle.x,
        "y": middle.y,
        "in_service_on": date(int(rng.integers(2003, 2019)), int(rng.integers(1, 13)), 8),
    }


def _ammonia_store(rng: Rng, places: pd.DataFrame) -> dict[str, object]:
    """A cold store with 6 t of ammonia, 45 m from a market."""
    market = places.loc[places["target_id"] == PLANTED_MARKET_ID, "geometry"].iloc[0]
    spot = np.array([market.x + MARKET_DISTANCE_M, market.y])
    row = _trade_row(rng, SITE_TRADES["ammonia"], spot)
    return row | {
        "enterprise_id": AMMONIA_STORE_ID,
        "name": "云沧白鹭冷冻食品有限公司",
        "declared_level": "orange",
    }


def _site_rows(rng: Rng, sites: pd.DataFrame) -> list[dict[str, object]]:
    rows, number = [], FIRST_SITE_NUMBER
    for site in sites.itertuples():
        trade = SITE_TRADES.get(str(site.kind))
        if trade is not None:
            middle = site.geometry.centroid
            rows.append(
                _trade_row(rng, trade, np.array([middle.x, middle.y]))
                | {"enterprise_id": f"YC{number:06d}", "site_id": site.site_id}
            )
            number += 1
    return rows


def _trade_row(rng: Rng, trade: Trade, spot: Floats) -> dict[str, object]:
    level = LEVEL_ORDER[int(rng.choice(5, p=trade.levels))]
    return {
        "industry_code": trade.industry_code,
        "industry_name": trade.industry_name,
        "suffix": trade.suffix,
        "kind": trade.kind,
        "declared_level": level,
        "n_persons": int(rng.integers(*trade.persons)),
        "responsible_office": trade.office,
        "products": trade.products,
        "x": float(spot[0]),
        "y": float(spot[1]),
        "in_service_on": date(
            int(rng.integers(1996, 2025)), int(rng.integers(1, 13)), int(rng.integers(1, 29))
        ),
    }


def _general_rows(rng: Rng, spots: dict[str, Floats], count: int) -> list[dict[str, object]]:
    areas = rng.choice(list(AREA_SHARES), count, p=list(AREA_SHARES.values()))
    trades = rng.integers(len(GENERAL_TRADES), size=count)
    rows = []
    for area, trade in zip(areas, trades):
        places = spots[str(area)]
        spot = places[int(rng.integers(len(places)))] + rng.normal(0, 2.5, 2)
        rows.append(_trade_row(rng, GENERAL_TRADES[trade], spot))
    return rows


def _numbered(rng: Rng, frame: pd.DataFrame, towns: Towns, lattices: dict[str, Lattice]) -> pd.DataFrame:
    """Numbers, names, codes, towns, parks and dates of grading."""
    missing = frame["enterprise_id"].isna()
    numbers = FIRST_GENERAL_NUMBER + np.arange(int(missing.sum()))
    frame.loc[missing, "enterprise_id"] = [f"YC{number:06d}" for number in numbers]
    xy = frame[["x", "y"]].to_numpy(float)
    frame["town"] = towns.town_of(xy)
    words = firm_words(rng, len(frame))
    is_unnamed = frame["name"].isna()
    suffixes = frame.loc[is_unnamed, "suffix"]
    frame.loc[is_unnamed, "short_name"] = [word + suffix[:4] for word, suffix in zip(words, suffixes)]
    frame.loc[is_unnamed, "name"] = [f"云沧{word}{suffix}" for word, suffix in zip(words, suffixes)]
    frame["credit_code"] = [
        credit_code(number, is_person_business=persons < 9)
        for number, persons in enumerate(frame["n_persons"], start=1)
    ]
    is_quiet = (frame["town"] == SOURCELESS_TOWN) & frame["declared_level"].notna()
    frame.loc[is_quiet, "declared_level"] = "blue"
    _skip_draws(rng, len(frame))
    frame["address"] = addresses(xy, frame["town"].to_numpy(), towns)
    frame["park_id"] = _park_of(xy, lattices)
    return _with_gaps(rng, _with_grading(rng, frame).drop(columns=["suffix"]))


def _skip_draws(rng: Rng, count: int) -> None:
    """Two draws for each address, as when addresses were random: what is drawn after them stays as it was."""
    for _ in range(count):
        rng.integers(10)
        rng.integers(1, 400)


GAP_SHARES = {
    "industry_code": 0.12,
    "n_persons": 0.13,
    "credit_code": 0.04,
    "in_service_on": 0.15,
    "address": 0.05,
    "declared_on": 0.10,
}
"""Share of the enterprises without chemicals for which an office left a field empty."""


def _with_gaps(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    """Fields emptied at random, as registers are; `industry_name` goes with its code half of the time."""
    is_other = np.arange(len(frame)) > len(PLANTS)
    for name, share in GAP_SHARES.items():
        frame[name] = frame[name].astype(object).where(~(is_other & (rng.random(len(frame)) < share)), None)
    return frame


def _park_of(xy: Floats, lattices: dict[str, Lattice]) -> list[str | None]:
    result: list[str | None] = [None] * len(xy)
    for lattice in lattices.values():
        if lattice.plan.use == "park":
            for row in np.flatnonzero(shapely.contains_xy(lattice.hull, xy[:, 0], xy[:, 1])):
                result[row] = lattice.plan.id
    return result


def _with_grading(rng: Rng, frame: pd.DataFrame) -> pd.DataFrame:
    is_graded = frame["declared_level"].notna()
    days = rng.integers(0, 240, len(frame))
    graded_on = [date.fromordinal(DECLARED_SINCE.toordinal() + int(day)) for day in days]
    frame["declared_on"] = [day if graded else None for day, graded in zip(graded_on, is_graded)]
    town_names = [TOWN_PLANS[town].name for town in frame["town"]]
    is_self = (rng.random(len(frame)) < 0.6) & (frame["kind"] == "general")
    by = [
        f"企业自评/{town}人民政府确认" if own else str(office)
        for town, own, office in zip(town_names, is_self, frame["responsible_office"])
    ]
    frame["declared_by"] = [who if graded else None for who, graded in zip(by, is_graded)]
    frame["status"] = np.where(
        (rng.random(len(frame)) < 0.03) & (frame["kind"] == "general"), "suspended", "operating"
    )
    frame["direct_red"] = None
    frame["remark"] = None
    frame.loc[frame["enterprise_id"] == "YC000022", "direct_red"] = "外部安全防护距离不符合国家标准要求"
    return frame


def _small_units(rng: Rng, frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units of enterprises that are no chemical plants: liquor tanks, ammonia rooms, gas, explosives."""
    plans = (
        ("liquor", "白酒储罐区", "tank_farm", "乙醇", (40.0, 470.0)),
        ("ammonia", "氨制冷机房", "production", "氨", (3.2, 8.6)),
        ("lpg_station", "液化气储罐", "tank_farm", "液化石油气", (12.0, 44.0)),
        ("fuel_station", "埋地油罐", "tank_farm", "汽油", (30.0, 75.0)),
        ("fireworks_store", "成品库", "warehouse", "烟花爆竹(C级)", (12.0, 28.0)),
        ("explosives_store", "炸药库", "warehouse", "工业炸药", (0.4, 0.8)),
    )
    rows, chemicals = [], []
    for kind, name, unit_kind, chemical, (least, most) in plans:
        for member in frame[frame["kind"] == kind].itertuples():
            if kind in ("liquor", "fuel_station") and rng.random() > (0.55 if kind == "liquor" else 0.5):
                continue
            is_planted = member.enterprise_id == AMMONIA_STORE_ID
            amount = AMMONIA_STORE_T if is_planted else float(f"{rng.uniform(least, most):.3g}")
            place = np.array([member.x, member.y]) + (0.0 if is_planted else 6.0)
            row, content = small_unit(
                f"{member.enterprise_id}-01", member.enterprise_id, name, unit_kind, chemical, amount, place
            )
            rows.append(row)
            chemicals.append(content)
    return pd.DataFrame(rows), pd.DataFrame(chemicals)
