"""Road black spots from the casualty accidents themselves, and beside them the police's own list.

No national text that defines a black spot was found: every row is of low confidence and says so. Computed spots colour
nothing; the listed ones are risk sources as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.catalog import LAYERS_DIR, load_layer
from layers.crs import require_metric
from layers.scoring.chainage import Chainage
from layers.scoring.measure import Geometries, Integers, near_pairs
from layers.scoring.routes import merged, sliding_windows
from layers.scoring.rule_tables import RULES_DIR, origin, read_rules, require

CASUALTY = ("fatal", "injury")
Row = dict[str, Any]


@dataclass(frozen=True)
class BlackSpotRules:
    """`windows` are the definitions, shortest first; distances in metres; `weights` of the equivalent number."""

    windows: tuple[Row, ...]
    snap_m: float
    match_m: float
    weights: Mapping[str, float]


@dataclass(frozen=True)
class RoadRoutes:
    """Roads of one name and class joined into lines, one entry a line, with the roads each is made of."""

    lines: Geometries
    name: NDArray[np.object_]
    road_class: NDArray[np.object_]
    road_id: NDArray[np.object_]


@dataclass(frozen=True)
class BlackSpots:
    """The spots, and what became of every accident: a count that is not there is no safety."""

    spots: gpd.GeoDataFrame
    n_accidents: Mapping[str, int]


@lru_cache(maxsize=4)
def load_black_spot_rules(path: Path = RULES_DIR / "black_spots.csv") -> BlackSpotRules:
    """The checked table of definitions and parameters; raises `RuleTableError`."""
    table = read_rules(
        path,
        texts=("test", "spot_kind", "title_zh", "title_en"),
        optional_numbers=("window_m", "period_years", "at_least", "metres", "weight_fatal", "weight_injury", "weight_damage"),
        codes={"test": ("window", "snap", "match", "weights"), "spot_kind": ("", "point", "segment")},
    )  # fmt: skip
    windows = table[table.test == "window"].sort_values("window_m")
    require(len(windows) > 0, path, "no window")
    require(
        bool((windows.window_m.gt(0) & windows.at_least.gt(1)).all()),
        path,
        "a window needs metres and a number above 1",
    )
    require(bool((windows.period_years == 1).all()), path, "windows are counted by calendar year")
    found: dict[str, Row] = {str(row["test"]): row for row in _records(table)}
    for test in ("snap", "match"):
        require(test in found and found[test]["metres"] > 0, path, f"{test} needs metres")
    weights = {kind: float(found["weights"][f"weight_{kind}"]) for kind in ("fatal", "injury", "damage")}
    return BlackSpotRules(
        tuple(_records(windows)), found["snap"]["metres"], found["match"]["metres"], weights
    )


def _records(table: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def black_spots(layers: Mapping[str, pd.DataFrame], rules: BlackSpotRules | None = None) -> BlackSpots:
    """Stretches of road with many casualty accidents in a year, and the police's list beside them.

    Parameters
    ----------
    layers : frames in one metric CRS
        Uses road_accidents, roads, road_black_spots; missing ones count as empty.

    Returns
    -------
    BlackSpots
        Rows of `black_spots`, worst first: *matched*, *computed_only*, *listed_only*, and *not_assessed* for a listed
        place without a road beside it. A window slides along the road without steps, each calendar year by itself; a
        longer definition adds only stretches on which no shorter one holds. `n_accidents`: ``casualty``, ``used``,
        ``unplaced``, ``no_road`` (no road within reach: not assessed) and ``damage``.
    """
    rules = rules or load_black_spot_rules()
    accidents, counts = _casualties(_frame(layers, "road_accidents"))
    roads, listed = _frame(layers, "roads"), _frame(layers, "road_black_spots")
    crs = next((frame.crs for frame in (accidents, roads, listed) if frame.crs), None)
    rows: list[Row] = []
    routes = None
    if len(accidents) and len(roads):
        require_metric(roads)
        routes = _routes(roads)
        route = _route_of(accidents, routes, rules, roads.crs)
        counts |= {"used": int((route >= 0).sum()), "no_road": int((route < 0).sum())}
        rows = _computed(accidents, route, routes, rules, roads.crs)
    else:
        counts |= {"used": 0, "no_road": len(accidents)}
    rows += _compared(rows, listed, routes, rules, crs)
    columns = ["feature_id", *(entry.name for entry in load_layer(LAYERS_DIR / "black_spots").fields)]
    rows.sort(key=lambda row: (STATUSES.index(row["status"]), -(row.get("n_accidents") or 0), row["spot_id"]))
    spots = gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], geometry="geometry", crs=crs)
    integers = ("n_accidents", "n_deaths", "n_injured", "worst_year", "most_in_year", "n_listed_accidents")
    return BlackSpots(spots.astype(dict.fromkeys(integers, "Int64")), counts)


STATUSES = ("matched", "computed_only", "listed_only", "not_assessed")


def _frame(layers: Mapping[str, pd.DataFrame], layer_id: str) -> gpd.GeoDataFrame:
    frame = layers.get(layer_id)
    return gpd.GeoDataFrame(geometry=[]) if frame is None or frame.empty else gpd.GeoDataFrame(frame)


def _casualties(accidents: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    """Placed casualty accidents, with the numbers of those left out."""
    if accidents.empty:
        return accidents, {"casualty": 0, "unplaced": 0, "damage": 0}
    is_casualty = accidents["severity"].isin(CASUALTY).to_numpy(bool)
    geometry = accidents.geometry.to_numpy()
    is_placed = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    counts = {
        "casualty": int(is_casualty.sum()),
        "unplaced": int((is_casualty & ~is_placed).sum()),
        "damage": int((~is_casualty).sum()),
    }
    return accidents[is_casualty & is_placed].reset_index(drop=True), counts


def _routes(roads: gpd.GeoDataFrame) -> RoadRoutes:
    """Roads joined by name and class, so that a window runs on where a road is cut at its junctions."""
    placed = roads[roads.geometry.notna() & ~roads.geometry.is_empty]
    lines: list[Any] = []
    facts: list[tuple[Any, Any, Any]] = []
    names = placed["name"].where(placed["name"].notna(), "")
    geometry, ids = placed.geometry.to_numpy(), placed["feature_id"].to_numpy(dtype=object)
    for (name, road_class), places in sorted(placed.groupby([names, placed["road_class"].fillna("")]).indices.items()):
        joined = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(geometry[places])))
        of_road = shapely.STRtree(geometry[places])
        for line in shapely.get_parts(joined):
            middle = line.interpolate(0.5, normalized=True)
            lines.append(line)
            facts.append((name, road_class, ids[places[int(of_road.nearest(middle))]]))
    columns = [np.array(column, dtype=object) for column in zip(*facts, strict=True)] or [
        np.empty(0, object)
    ] * 3
    return RoadRoutes(np.array(lines, dtype=object), *columns)


def _route_of(
    accidents: gpd.GeoDataFrame, routes: RoadRoutes, rules: BlackSpotRules, crs: pyproj.CRS
) -> Integers:
    """The route each accident belongs to, -1 where no road is near: the road its place names, else the nearest."""
    geometry = accidents.geometry.to_numpy()
    pairs = near_pairs(routes.lines, geometry, reach_m=np.full(len(routes.lines), rules.snap_m), crs=crs)
    places = accidents["place"].fillna("").astype(str).to_numpy()
    is_named = np.array(
        [bool(routes.name[s]) and places[o].startswith(str(routes.name[s])) for s, o in zip(pairs.subject, pairs.object, strict=True)],
        dtype=bool,
    )  # fmt: skip
    order = np.lexsort((pairs.subject, pairs.distance_m, ~is_named, pairs.object))
    accident, first = np.unique(pairs.object[order], return_index=True)
    found = np.full(len(accidents), -1, np.intp)
    found[accident] = pairs.subject[order][first]
    return found


def _computed(
    accidents: gpd.GeoDataFrame, route: Integers, routes: RoadRoutes, rules: BlackSpotRules, crs: pyproj.CRS
) -> list[Row]:
    rows = []
    years = np.array([moment.year for moment in accidents["occurred_at"]])
    fewest = min(rule["at_least"] for rule in rules.windows)
    for position in np.unique(route[route >= 0]):
        mine = np.flatnonzero(route == position)
        if np.unique(years[mine], return_counts=True)[1].max() < fewest:
            continue  # no window of a year can hold as many
        along = Chainage.along(routes.lines[position], crs)
        at_m = along.at(accidents.geometry.to_numpy()[mine])
        taken: list[tuple[float, float]] = []
        for rule in rules.windows:
            for low, high in _stretches(at_m, years[mine], rule):
                if not any(low <= end and high >= start for start, end in taken):
                    is_in = (at_m >= low) & (at_m <= high)
                    taken.append((low, high))
                    rows.append(
                        _spot(
                            rule,
                            accidents.iloc[mine[is_in]],
                            years[mine[is_in]],
                            routes,
                            position,
                            along,
                            low,
                            high,
                            rules,
                        )
                    )
    return rows


def _stretches(at_m: Any, years: Any, rule: Row) -> list[tuple[float, float]]:
    """From the first to the last accident of every window that reaches the number in some year, joined."""
    low, high = [], []
    for year in np.unique(years):
        mine = at_m[years == year]
        total, first_m, last_m = sliding_windows(mine, mine, np.ones(len(mine)), rule["window_m"])
        low.append(first_m[total >= rule["at_least"]])
        high.append(last_m[total >= rule["at_least"]])
    return merged(np.concatenate(low), np.concatenate(high), gap_m=0.0)


def _spot(
    rule: Row,
    mine: gpd.GeoDataFrame,
    years: Any,
    routes: RoadRoutes,
    position: int,
    along: Chainage,
    low: float,
    high: float,
    rules: BlackSpotRules,
) -> Row:
    """One computed spot, drawn over at least its window's length of road."""
    each, counts = np.unique(years, return_counts=True)
    worst = int(counts.argmax())
    short = max(rule["window_m"] - (high - low), 0.0) / 2
    start, stop = max(low - short, 0.0), min(high + short, along.length_m)
    n_qualified = sum(bool(_stretches_of_year(mine, years, year, along, rule)) for year in each)
    severity = mine["severity"].to_numpy()
    spot_id = f"JS-{routes.road_id[position]}-{low:.0f}"
    return {
        "feature_id": spot_id,
        "spot_id": spot_id,
        "name": f"{routes.name[position] or '无名道路'}计算多发{'点' if rule['spot_kind'] == 'point' else '段'}",
        "spot_kind": rule["spot_kind"],
        "status": "computed_only",
        "road_name": routes.name[position] or None,
        "road_class": routes.road_class[position] or None,
        "length_m": stop - start,
        "n_accidents": len(mine),
        "n_deaths": int(pd.to_numeric(mine["n_deaths"], errors="coerce").sum()),
        "n_injured": int(pd.to_numeric(mine["n_injured"], errors="coerce").sum()),
        "equivalent_number": float(sum(rules.weights[str(kind)] for kind in severity)),
        "years": " ".join(str(year) for year in each),
        "n_years": n_qualified,
        "worst_year": int(each[worst]),
        "most_in_year": int(counts[worst]),
        "geometry": along.between(start, stop),
        **origin(rule),
    }


def _stretches_of_year(
    mine: gpd.GeoDataFrame, years: Any, year: int, along: Chainage, rule: Row
) -> list[tuple[float, float]]:
    chosen = years == year
    return _stretches(along.at(mine.geometry.to_numpy()[chosen]), years[chosen], rule)


def _compared(
    rows: list[Row],
    listed: gpd.GeoDataFrame,
    routes: RoadRoutes | None,
    rules: BlackSpotRules,
    crs: pyproj.CRS | None,
) -> list[Row]:
    """Marks computed spots that the police list; returns rows for listed places that no computed spot is near."""
    if listed.empty or crs is None:
        return []
    placed = listed[listed.geometry.notna() & ~listed.geometry.is_empty].reset_index(drop=True)
    reach = np.full(len(placed), rules.match_m)
    drawn = np.array([row["geometry"] for row in rows] or [None], dtype=object)
    pairs = near_pairs(placed.geometry.to_numpy(), drawn, reach_m=reach, crs=crs)
    for spot, row in zip(pairs.subject.tolist(), pairs.object.tolist(), strict=True):
        mark = rows[row]
        mark["status"] = "matched"
        mark["listed_ids"] = " ".join(filter(None, [mark.get("listed_ids"), placed["spot_id"].iloc[spot]]))
        mark["n_listed_accidents"] = _plus(mark.get("n_listed_accidents"), placed["n_accidents"].iloc[spot])
    rest = placed.iloc[sorted(set(range(len(placed))) - set(pairs.subject.tolist()))]
    has_road = _has_road(rest, routes, rules, crs)
    return [
        _listed(row, is_near) for row, is_near in zip(_records(pd.DataFrame(rest)), has_road, strict=True)
    ]


def _plus(known: int | None, more: Any) -> int | None:
    return known if pd.isna(more) else int(more) + (known or 0)


def _has_road(
    rest: gpd.GeoDataFrame, routes: RoadRoutes | None, rules: BlackSpotRules, crs: pyproj.CRS
) -> list[bool]:
    if routes is None or not len(rest):
        return [False] * len(rest)
    pairs = near_pairs(
        rest.geometry.to_numpy(), routes.lines, reach_m=np.full(len(rest), rules.snap_m), crs=crs
    )
    return [position in set(pairs.subject.tolist()) for position in range(len(rest))]


def _listed(row: Row, has_road: bool) -> Row:
    rule = load_black_spot_rules().windows[0]
    return {
        "feature_id": row["spot_id"],
        "spot_id": row["spot_id"],
        "name": row["name"],
        "spot_kind": "point",
        "status": "listed_only" if has_road else "not_assessed",
        "road_name": row.get("road_name"),
        "listed_ids": row["spot_id"],
        "n_listed_accidents": row.get("n_accidents"),
        "geometry": row["geometry"],
        **origin(rule),
    }
