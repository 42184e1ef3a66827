"""Five years of casualty crashes: true black spots amid noise, and the police's own list of spots."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from data.sample.noise import Floats, Rng
from data.sample.size import Size
from data.sample.towns import SOURCELESS_TOWN, Towns

FIRST_YEAR = 2021
PARTIAL_YEAR, PARTIAL_DAYS = 2026, (90, 181, 273)
"""Days of 2026 covered by the three deliveries."""
N_TRUE_SPOTS, N_DECOYS = 7, 3
CRASHES_A_YEAR_AT_SPOT = (4, 8)
SPOT_SPREAD_M, APART_M, CLEAR_OF_SPOTS_M, QUIET_RADIUS_M, QUIET_DAYS = 95.0, 2500.0, 1200.0, 620.0, 370
CLASS_WEIGHT = {
    "expressway": 1.6,
    "national_road": 5.0,
    "provincial_road": 4.0,
    "county_road": 2.4,
    "township_road": 1.0,
    "village_road": 0.35,
    "street": 1.3,
}
SPOT_CLASSES = ("national_road", "provincial_road", "county_road")


def build_accidents(
    rng: Rng, roads: pd.DataFrame, towns: Towns, size: Size
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Crashes (``accident_id``, ``occurred_at``, ``road``, ``x``, ``y`` ...) and the true black spots.

    Away from the true spots no three crashes fall within 500 m of road in one year.
    """
    spots = _spots(rng, _eligible(roads, towns))
    rows = _at_spots(rng, spots, size)
    years = list(enumerate(size.n_accidents_a_year, start=FIRST_YEAR)) + [
        (PARTIAL_YEAR, round(size.n_accidents_a_year[-1] * 0.76))
    ]
    rows += _noise(rng, roads, spots, rows, years)
    frame = pd.DataFrame(rows).sort_values("occurred_at", kind="stable").reset_index(drop=True)
    frame["accident_id"] = [
        f"SG{when.year}{number:05d}" for number, when in enumerate(frame["occurred_at"], start=1)
    ]
    return _with_outcome(rng, frame, roads), spots


def _eligible(roads: pd.DataFrame, towns: Towns) -> pd.DataFrame:
    """Trunk roads on which a black spot may lie: none in the town that has no hazardous source."""
    quiet = towns.polygons[SOURCELESS_TOWN]
    away = shapely.distance(roads["geometry"].to_numpy(), quiet) > CLEAR_OF_SPOTS_M
    return roads[
        roads["road_class"].isin(SPOT_CLASSES) & away & (shapely.length(roads["geometry"].to_numpy()) > 400)
    ]


def _spots(rng: Rng, chosen: pd.DataFrame) -> pd.DataFrame:
    """True black spots (the first seven) and decoys that were dangerous once, far from each other."""
    rows: list[dict[str, object]] = []
    for number in rng.permutation(len(chosen)):
        road = chosen.iloc[number]
        place = shapely.get_coordinates(road["geometry"].interpolate(0.5, normalized=True))[0]
        if all(np.hypot(place[0] - row["x"], place[1] - row["y"]) > APART_M for row in rows):
            rows.append(
                {
                    "road": int(chosen.index[number]),
                    "x": place[0],
                    "y": place[1],
                    "is_true": len(rows) < N_TRUE_SPOTS,
                }
            )
        if len(rows) == N_TRUE_SPOTS + N_DECOYS:
            break
    return pd.DataFrame(rows)


def _moment(rng: Rng, year: int, n_days: int = 365) -> datetime:
    hour = int(rng.choice(24, p=_HOURS))
    return datetime(year, 1, 1) + timedelta(
        days=int(rng.integers(n_days)), hours=hour, minutes=int(rng.integers(60))
    )


_HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 7, 7, 6, 6, 5, 4, 5, 6, 6, 7, 8, 9, 8, 6, 4, 3, 2], float)
_HOURS = _HOURS / _HOURS.sum()


def _at_spots(rng: Rng, spots: pd.DataFrame, size: Size) -> list[dict[str, object]]:
    rows = []
    for spot in spots.itertuples():
        years = (
            range(FIRST_YEAR, FIRST_YEAR + len(size.n_accidents_a_year))
            if spot.is_true
            else (FIRST_YEAR, FIRST_YEAR + 2, FIRST_YEAR + 4)
        )
        for year in years:
            count = int(rng.integers(*CRASHES_A_YEAR_AT_SPOT)) if spot.is_true else 2
            first = _moment(rng, year)
            for number in range(count):
                when = _moment(rng, year) if number else first
                place = np.array([spot.x, spot.y]) + rng.normal(0, SPOT_SPREAD_M / 2, 2)
                rows.append({"occurred_at": when, "road": spot.road, "x": place[0], "y": place[1]})
    return rows


def _noise(
    rng: Rng,
    roads: pd.DataFrame,
    spots: pd.DataFrame,
    given: list[dict[str, object]],
    years: list[tuple[int, int]],
) -> list[dict[str, object]]:
    """Crashes by length and class of road, none that would be the third of its place and year."""
    lines = roads["geometry"].to_numpy()
    weight = shapely.length(lines) * roads["road_class"].map(CLASS_WEIGHT).to_numpy()
    spot_tree = cKDTree(spots[["x", "y"]].to_numpy(float))
    rows: list[dict[str, object]] = []
    kept = np.empty((0, 3))
    for year, wanted in years:
        n_days = 365 if year != PARTIAL_YEAR else PARTIAL_DAYS[-1]
        left = max(wanted - sum(row["occurred_at"].year == year for row in given), 0)  # type: ignore[attr-defined]
        number = rng.choice(len(lines), 4 * left + 40, p=weight / weight.sum())
        place = shapely.get_coordinates(
            shapely.line_interpolate_point(lines[number], rng.random(len(number)), normalized=True)
        )
        place = place + rng.normal(0, 4.0, place.shape)
        far = spot_tree.query(place)[0] > CLEAR_OF_SPOTS_M
        for road, spot in zip(number[far], place[far]):
            when = _moment(rng, year, n_days)
            crash = np.array([spot[0], spot[1], when.toordinal()])
            if left > 0 and _n_near(kept, crash) < 2:
                rows.append({"occurred_at": when, "road": int(road), "x": spot[0], "y": spot[1]})
                kept = np.vstack([kept, crash])
                left -= 1
    return rows


def _n_near(kept: Floats, crash: Floats) -> int:
    """Earlier crashes near one in place and within a year of it; columns east, north, day."""
    near = np.abs(kept - crash) < [QUIET_RADIUS_M, QUIET_RADIUS_M, QUIET_DAYS]
    return int(near.all(axis=1).sum())


def _with_outcome(rng: Rng, frame: pd.DataFrame, roads: pd.DataFrame) -> pd.DataFrame:
    count = len(frame)
    is_fatal = rng.random(count) < 0.11
    frame["n_deaths"] = np.where(is_fatal, rng.choice([1, 1, 1, 1, 2, 3], count), 0)
    frame["n_injured"] = np.where(is_fatal, rng.integers(0, 4, count), rng.integers(1, 5, count))
    frame["n_parties"] = rng.choice([1, 2, 2, 2, 3], count)
    frame["severity"] = np.where(is_fatal, "fatal", "injury")
    names = roads["name"].to_numpy()[frame["road"].to_numpy(int)]
    frame["place"] = [
        f"{name or '城区道路'}K{int(k)}+{int(m):03d}"
        for name, k, m in zip(names, rng.integers(1, 40, count), rng.integers(0, 1000, count))
    ]
    return frame


POLICE_SPOTS = ((0, 1, 2, 4, 5), (7, 8), 2)
"""Which true spots and which decoys the police list, and how many places nothing speaks for."""


def build_police_list(
    rng: Rng, accidents: pd.DataFrame, spots: pd.DataFrame, roads: pd.DataFrame, towns: Towns
) -> pd.DataFrame:
    """The police's own list: overlaps with the true spots, misses two, adds four."""
    xy = accidents[["x", "y"]].to_numpy(float)
    listed = [spots.iloc[number] for number in (*POLICE_SPOTS[0], *POLICE_SPOTS[1]) if number < len(spots)]
    chosen = _eligible(roads, towns)
    for number in rng.choice(len(chosen), POLICE_SPOTS[2], replace=False):
        place = shapely.get_coordinates(chosen["geometry"].iloc[number].interpolate(0.3, normalized=True))[0]
        listed.append(pd.Series({"road": int(chosen.index[number]), "x": place[0], "y": place[1]}))
    rows = []
    for number, spot in enumerate(listed, start=1):
        near = np.hypot(xy[:, 0] - spot["x"], xy[:, 1] - spot["y"]) < 260
        road = str(roads["name"].iloc[int(spot["road"])])
        rows.append(
            {
                "spot_id": f"SGD{number:02d}",
                "name": f"{road}第{number}号多发点段",
                "road_name": road,
                "chainage": f"K{int(rng.integers(2, 38))}+{int(rng.integers(0, 10))}00",
                "n_accidents": int(near.sum()),
                "n_deaths": int(accidents["n_deaths"].to_numpy()[near].sum()),
                "listed_on": date(2025, 3, 12),
                "x": float(spot["x"]) + float(rng.normal(0, 15)),
                "y": float(spot["y"]) + float(rng.normal(0, 15)),
            }
        )
    return pd.DataFrame(rows)
