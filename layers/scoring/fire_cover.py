"""How long the fire brigade needs: bands of travel time from the standing stations over the roads, and the factor C.

Bands are information. The 5 minutes of GB 51080 hold for urban construction land, which no layer shows; limits of a
station's district need districts, which no layer has either.
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
from rasterio.features import shapes
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.grid import Grid
from layers.scoring.measure import Floats, Geometries
from layers.scoring.road_network import M_PER_MIN, RoadNetwork, road_network
from layers.scoring.rule_tables import ORIGIN_COLUMNS, RULES_DIR, read_rules, require

CELL_M = 100.0
LOCAL_ROADS = ("county_road", "township_road", "village_road", "street")
"""Without any of these the roads are no network for a fire engine: nothing is assessed."""
LINE_STEP_M = 200.0
Row = dict[str, Any]


@dataclass(frozen=True)
class FireRules:
    """Minutes, metres and kilometres an hour of the table; `help_from` rises: (minutes above which it holds, C)."""

    bands: tuple[Row, ...]
    speed_kmh: Mapping[str, float]
    turnout_min: float
    access_m: float
    access_kmh: float
    station_access_m: float
    excluded: tuple[str, ...]
    help_from: tuple[tuple[float, float], ...]

    def help_factor(self, minutes: Floats) -> Floats:
        """C of the policy; 1 where the minutes are unknown (NaN, or inf: no road leads there in the data)."""
        factor = np.ones(len(minutes))
        for above, value in self.help_from:
            factor[np.isfinite(minutes) & (minutes > above)] = value
        return factor


@dataclass(frozen=True)
class FireCover:
    """`bands`: rows of `fire_cover`. `n_stations`: ``used``, ``no_road``, ``left_out`` (planned or without a district)."""

    bands: gpd.GeoDataFrame
    n_stations: Mapping[str, int]
    network: RoadNetwork | None
    road_minutes: Floats
    rules: FireRules

    def minutes_at(self, xy_m: Floats) -> Floats:
        """Minutes from the call to places, metres of the metric CRS; NaN where unknown, inf where no road leads."""
        if self.network is None or not len(xy_m):
            return np.full(len(xy_m), np.nan)
        return self.network.minutes_at(
            xy_m,
            self.road_minutes,
            access_m=self.rules.access_m,
            access_m_per_min=self.rules.access_kmh * M_PER_MIN,
        )


@lru_cache(maxsize=4)
def load_fire_rules(path: Path = RULES_DIR / "fire_cover.csv") -> FireRules:
    """The checked table of bands, speeds and factors; raises `RuleTableError`."""
    table = read_rules(
        path,
        texts=("test", "item", "unit", "title_zh", "title_en"),
        optional_numbers=("value",),
        codes={
            "test": (
                "target",
                "turnout",
                "band",
                "speed",
                "access_speed",
                "access",
                "station_access",
                "excluded",
                "help",
            )
        },
    )
    rows = {test: part.to_dict("records") for test, part in table.groupby("test", sort=False)}
    for test in ("turnout", "band", "speed", "access_speed", "access", "station_access", "help"):
        require(test in rows, path, f"no row of {test}")
    bands = sorted(rows["band"], key=lambda row: int(row["item"]))
    upper = [row["value"] for row in bands]
    require(
        np.isnan(upper[-1]) and upper[:-1] == sorted(set(upper[:-1])),
        path,
        "bands must rise, the last one open",
    )
    speeds = {str(row["item"]): float(row["value"]) for row in rows["speed"]}
    require(all(value > 0 for value in speeds.values()), path, "a speed must be positive")
    steps = sorted((float(row["item"]), float(row["value"])) for row in rows["help"])
    require(steps[0] == (0.0, 1.0), path, "C begins with 1 at 0 minutes: a penalty, never a credit")
    require(
        [value for _, value in steps] == sorted(value for _, value in steps),
        path,
        "C must not fall with time",
    )
    one = {
        test: float(rows[test][0]["value"])
        for test in ("turnout", "access", "access_speed", "station_access")
    }
    excluded = tuple(str(row["item"]) for row in rows.get("excluded", []))
    return FireRules(tuple({str(key): value for key, value in row.items()} for row in bands), speeds, one["turnout"],
                     one["access"], one["access_speed"], one["station_access"], excluded, tuple(steps))  # fmt: skip


def fire_cover(
    layers: Mapping[str, pd.DataFrame], area: BaseGeometry, crs: pyproj.CRS, rules: FireRules | None = None
) -> FireCover:
    """Bands of minutes from the call to the arrival, over an area.

    Parameters
    ----------
    layers : frames in the metric `crs`
        Uses fire_stations (planned and support stations left out) and roads.
    area : the area's outline in `crs`

    Returns
    -------
    FireCover
        Bands do not overlap. What lies farther from a road than the table's access, or where no road of the data leads,
        has no band: not assessed, which is not the same as far away.
    """
    rules = rules or load_fire_rules()
    roads, stations = layers.get("roads"), layers.get("fire_stations")
    chosen, n_stations = _stations(stations, rules)
    network = None
    if roads is not None and len(roads) and len(chosen) and roads["road_class"].isin(LOCAL_ROADS).any():
        network = road_network(gpd.GeoDataFrame(roads), rules.speed_kmh)
    if network is None:
        return FireCover(
            _bands({}, rules, area, crs),
            n_stations | {"used": 0, "no_road": len(chosen)},
            None,
            np.empty(0),
            rules,
        )
    xy_m = shapely.get_coordinates(chosen)
    apart, _ = network.tree.query(xy_m)
    lost_min = rules.turnout_min + apart / (min(rules.speed_kmh.values()) * M_PER_MIN)
    minutes = network.travel_minutes(xy_m, lost_min, rules.station_access_m)
    is_used = apart <= rules.station_access_m
    counts = n_stations | {"used": int(is_used.sum()), "no_road": int((~is_used).sum())}
    cover = FireCover(_bands({}, rules, area, crs), counts, network, minutes, rules)
    return FireCover(_bands(_outlines(cover, area), rules, area, crs), counts, network, minutes, rules)


def _stations(stations: pd.DataFrame | None, rules: FireRules) -> tuple[Geometries, dict[str, int]]:
    """Places of the stations that count."""
    if stations is None or stations.empty:
        return np.empty(0, object), {"left_out": 0}
    geometry = gpd.GeoDataFrame(stations).geometry.to_numpy()
    is_meant = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    is_meant &= (stations["status"] != "planned").to_numpy(bool)
    is_meant &= ~stations["station_class"].isin(rules.excluded).to_numpy(bool)
    return geometry[is_meant], {"left_out": int((~is_meant).sum())}


def _outlines(cover: FireCover, area: BaseGeometry) -> dict[int, BaseGeometry]:
    """Outline of each band, number from 1: cells of 100 m, their stairs smoothed alike on both sides."""
    grid = Grid.for_area(area, CELL_M)
    inside = grid.mask_of(area)
    rows, cols = np.nonzero(inside)
    xy_m = np.column_stack([(grid.west_cell + cols + 0.5) * CELL_M, (grid.north_cell - rows - 0.5) * CELL_M])
    codes = np.zeros(grid.shape, np.uint8)
    codes[rows, cols] = _band_codes(cover.minutes_at(xy_m), cover.rules)
    found = [(shape(geometry), int(code)) for geometry, code in shapes(codes, codes > 0, 4, grid.transform)]
    if not found:
        return {}
    cells = np.array([polygon for polygon, _ in found], dtype=object)
    # every corner of a cell a vertex: neighbours must share theirs, or smoothing tears them apart
    polygons = shapely.coverage_simplify(shapely.segmentize(cells, CELL_M), CELL_M)
    number = np.array([code for _, code in found])
    return {int(code): shapely.multipolygons(polygons[number == code]) for code in np.unique(number)}


def _band_codes(minutes: Floats, rules: FireRules) -> NDArray[np.uint8]:
    """Number of the band, its upper bound included; 0 where unknown."""
    upper = np.array([row["value"] for row in rules.bands[:-1]])
    code = np.searchsorted(upper, minutes, side="left") + 1
    return np.where(np.isfinite(minutes), code, 0).astype(np.uint8)


def _bands(
    outlines: Mapping[int, BaseGeometry], rules: FireRules, area: BaseGeometry, crs: pyproj.CRS
) -> gpd.GeoDataFrame:
    rows = []
    before = 0.0
    for number, rule in enumerate(rules.bands, start=1):
        outline = outlines.get(number)
        if outline is not None:
            rows.append({
                "feature_id": rule["rule_id"], "band_id": rule["rule_id"], "band": str(number),
                "minutes_from": before, "minutes_to": rule["value"],
                "area_km2": outline.area / 1e6, "share_pct": 100 * outline.area / area.area, "geometry": outline,
                "title_zh": rule["title_zh"], "title_en": rule["title_en"], **{name: rule[name] for name in ORIGIN_COLUMNS},
            })  # fmt: skip
        before = rule["value"]
    columns = ["feature_id", *(entry.name for entry in load_layer(LAYERS_DIR / "fire_cover").fields)]
    return gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], geometry="geometry", crs=crs)


def with_help(points: gpd.GeoDataFrame, cover: FireCover) -> gpd.GeoDataFrame:
    """`risk_points` with ``help_minutes`` to each source, and ``help_factor`` C: above 1 for sources whose danger is fire.

    The engine drives to the fire: the time counts at the source, not at the cell it colours. A line counts with the
    median of places each 200 m along it, an outline with a point inside it.
    """
    minutes = _source_minutes(points.geometry.to_numpy(), cover)
    is_fire = points["is_fire"].fillna(False).to_numpy(bool)
    factor = np.where(is_fire, cover.rules.help_factor(minutes), 1.0)
    return points.assign(help_minutes=np.where(np.isfinite(minutes), minutes, np.nan), help_factor=factor)


def _source_minutes(geometry: Geometries, cover: FireCover) -> Floats:
    kind = shapely.get_type_id(geometry)
    is_line = np.isin(kind, (1, 5))
    places, owner = (
        [shapely.point_on_surface(geometry[~is_line & (kind >= 0)])],
        [np.flatnonzero(~is_line & (kind >= 0))],
    )
    for position in np.flatnonzero(is_line):
        for part in shapely.get_parts(geometry[position]):
            at_m = np.arange(min(LINE_STEP_M, part.length) / 2, part.length, LINE_STEP_M)
            places.append(shapely.line_interpolate_point(part, at_m))
            owner.append(np.full(len(at_m), position))
    place, of_source = np.concatenate(places), np.concatenate(owner)
    is_there = ~shapely.is_empty(place)
    found = cover.minutes_at(shapely.get_coordinates(place[is_there]))
    known = pd.Series(np.where(np.isinf(found), np.nan, found)).groupby(of_source[is_there]).median()
    minutes = np.full(len(geometry), np.nan)
    minutes[known.index.to_numpy()] = known.to_numpy()
    return minutes
