"""Hazard units and their chemicals: amounts set so that S and R of GB 18218-2018 give the planned level."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import shapely

from data.sample.buildings import PERSONS_PER_HOUSEHOLD
from data.sample.noise import Floats, Rng
from data.sample.plants import CHEMICALS, NEW_PROJECT_ID, PLANTS, VILLAGE_PLANT_ID, PlantPlan, UnitPlan

ALPHA_STEPS = ((100, 2.0), (50, 1.5), (30, 1.2), (1, 1.0), (0, 0.5))
"""GB 18218-2018 table 5: residents within 500 m of the plant's boundary."""
R_WANTED = {1: (112.0, 142.0), 2: (54.0, 76.0), 3: (11.5, 24.0), 4: (0.8, 4.2)}
LEAST_S, BELOW_S = 1.12, (0.35, 0.82)
VILLAGE_DISTANCE_M = 90.0
EXPOSURE_M = 500.0
UNIT_SPOTS = ((0.24, 0.28), (0.74, 0.70), (0.72, 0.26), (0.28, 0.74))
UNIT_KIND_ZH = {"production": "生产单元", "tank_farm": "储罐区", "warehouse": "库房"}


def residents_within(site: shapely.Polygon, buildings: pd.DataFrame, tree: shapely.STRtree) -> int:
    """Residents of the buildings within 500 m of a plant's boundary."""
    near = tree.query(site, predicate="dwithin", distance=EXPOSURE_M)
    return int(round(buildings["n_households"].to_numpy()[near].sum() * PERSONS_PER_HOUSEHOLD))


def alpha(n_persons: int) -> float:
    """Exposure factor of GB 18218-2018 table 5."""
    return next(value for least, value in ALPHA_STEPS if n_persons >= least)


def build_units(
    rng: Rng, sites: pd.DataFrame, buildings: pd.DataFrame, villages: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units (``unit_id`` ... ``level`` as computed, ``geometry``) and chemicals (... ``amount_t``)."""
    by_id = sites.set_index("site_id")["geometry"]
    tree = shapely.STRtree(buildings["geometry"].to_numpy())
    units, chemicals = [], []
    for plan in PLANTS:
        site = by_id[plan.id]
        n_persons = residents_within(site, buildings, tree)
        for number, unit in enumerate(plan.units, start=1):
            unit_id = f"{plan.id}-{number:02d}"
            amounts = _amounts(rng, unit, alpha(n_persons))
            level = major_hazard_level(amounts, alpha(n_persons))
            place = (
                _village_spot(site, villages)
                if (plan.id, number) == (VILLAGE_PLANT_ID, 1)
                else _spot(site, number)
            )
            units.append(_unit_row(rng, plan, unit, unit_id, n_persons, level, place))
            chemicals += [_chemical_row(unit_id, name, amount) for name, amount in amounts.items()]
    return pd.DataFrame(units), pd.DataFrame(chemicals)


def _amounts(rng: Rng, unit: UnitPlan, plant_alpha: float) -> dict[str, float]:
    """Tonnes of each chemical: S split by the planned shares, S chosen for the wanted R, off every limit."""
    mean_beta = sum(share * CHEMICALS[name].beta for name, share in unit.shares.items())
    if unit.wanted_s is not None:
        wanted_s = unit.wanted_s
    elif unit.level == 0:
        wanted_s = float(rng.uniform(*BELOW_S))
    else:
        wanted_s = max(float(rng.uniform(*R_WANTED[unit.level])) / (plant_alpha * mean_beta), LEAST_S)
    return {name: _tidy(wanted_s * share * CHEMICALS[name].critical_t) for name, share in unit.shares.items()}


def _tidy(amount_t: float) -> float:
    """Three significant figures, as tanks are specified."""
    return float(f"{amount_t:.3g}")


def sums(amounts: dict[str, float]) -> tuple[float, float]:
    """S, and the sum of beta q / Q, of GB 18218-2018 4.2 and 4.3."""
    shares = {name: amount / CHEMICALS[name].critical_t for name, amount in amounts.items()}
    return sum(shares.values()), sum(CHEMICALS[name].beta * share for name, share in shares.items())


def major_hazard_level(amounts: dict[str, float], plant_alpha: float) -> int | None:
    """Level 1 (worst) to 4 of GB 18218-2018 table 6; None below the limit.

    >>> major_hazard_level({"氯": 100.0}, 2.0)
    1
    >>> major_hazard_level({"氨": 9.9}, 2.0) is None
    True
    """
    total, weighted = sums(amounts)
    risk = plant_alpha * weighted
    if total < 1:
        return None
    return 1 if risk >= 100 else 2 if risk >= 50 else 3 if risk >= 10 else 4


def _spot(site: shapely.Polygon, number: int) -> shapely.Point:
    corners = shapely.get_coordinates(site)[:4]
    u, v = UNIT_SPOTS[(number - 1) % len(UNIT_SPOTS)]
    return shapely.Point(corners[0] + u * (corners[1] - corners[0]) + v * (corners[3] - corners[0]))


def _village_spot(site: shapely.Polygon, villages: pd.DataFrame) -> shapely.Point:
    """The place in a plant that is exactly 90 m from the nearest village."""
    polygons = villages["geometry"].to_numpy()
    nearest = shapely.union_all(polygons[shapely.distance(polygons, site) < 600])
    ring = shapely.boundary(shapely.buffer(nearest, VILLAGE_DISTANCE_M, quad_segs=64))
    reach = shapely.intersection(ring, shapely.buffer(site, -12.0))
    if reach.is_empty:
        raise ValueError("no place of the plant is 90 m from a village")
    guess = max(shapely.get_parts(reach), key=lambda part: part.length).interpolate(0.5, normalized=True)
    foot = shapely.get_coordinates(shapely.shortest_line(nearest, guess))
    return shapely.Point(foot[0] + (foot[1] - foot[0]) * VILLAGE_DISTANCE_M / np.hypot(*(foot[1] - foot[0])))


def _unit_row(
    rng: Rng,
    plan: PlantPlan,
    unit: UnitPlan,
    unit_id: str,
    n_persons: int,
    level: int | None,
    place: shapely.Point,
) -> dict[str, object]:
    is_new = plan.id == NEW_PROJECT_ID
    year = 2026 if is_new else int(rng.integers(2004, 2023))
    return {
        "unit_id": unit_id,
        "enterprise_id": plan.id,
        "name": unit.name,
        "kind": unit.kind,
        "n_persons_500m": n_persons,
        "level": level,
        "planned_level": unit.level,
        "in_service_on": date(year, 8 if is_new else int(rng.integers(1, 13)), 20),
        "status": "operating",
        "geometry": place,
    }


def _chemical_row(unit_id: str, name: str, amount_t: float) -> dict[str, object]:
    chemical = CHEMICALS[name]
    return {
        "unit_id": unit_id,
        "chemical_name": name,
        "cas": chemical.cas,
        "category_symbol": chemical.symbol,
        "amount_t": amount_t,
    }


def small_unit(
    unit_id: str, enterprise_id: str, name: str, kind: str, chemical: str, amount_t: float, place: Floats
) -> tuple[dict[str, object], dict[str, object]]:
    """A unit below the limit at an enterprise that is no chemical plant, with its one chemical."""
    row = {
        "unit_id": unit_id,
        "enterprise_id": enterprise_id,
        "name": name,
        "kind": kind,
        "n_persons_500m": None,
        "level": None,
        "planned_level": 0,
        "in_service_on": date(2012, 5, 20),
        "status": "operating",
        "geometry": shapely.Point(place),
    }
    return row, _chemical_row(unit_id, chemical, amount_t)
