"""What a site is served by and lies beside: the fire service, its access, river banks, our own risk contours.

Everything takes many sites at once, so that one site and every cell of a county are judged by the same lines of code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.errors import RuleTableError
from layers.scoring.contours import SAME_VALUE
from layers.scoring.measure import NO_PAIRS, Geometries, Integers, Pairs, near_pairs
from layers.scoring.object_classes import ClassIndex, Members, joined, no_members
from layers.scoring.rule_tables import RULES_DIR, read_rules
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.targets import TARGET_CLASSES

TESTS = ("late_fire_service", "access", "black_spot")
RIVER_RULE = "YZ-PARK"
CHEMICAL_PROJECT = "chemical_park_or_project"
SLACK_M = 5.0
"""More than the map stretches within the reach of an access."""
SPOT_LAYERS = ("road_black_spots", "black_spots")
"""The police's list and ours."""


@dataclass(frozen=True)
class ServiceRule:
    """One convention of ``siting_services.csv``; `value` is in the unit that the table states."""

    rule_id: str
    standard_id: str
    clause: str
    value: float
    title_zh: str
    title_en: str
    source_type: str


@lru_cache(maxsize=4)
def service_rules(path: Path = RULES_DIR / "siting_services.csv") -> dict[str, ServiceRule]:
    """The conventions by what they test; `RuleTableError` where one is missing or stands twice."""
    table = read_rules(path, texts=("test", "unit", "title_zh", "title_en"), numbers=("value",), codes={"test": TESTS})
    if sorted(table["test"]) != sorted(TESTS):
        raise RuleTableError(f"{path.name}: one row each of {', '.join(TESTS)}, got {sorted(table['test'])}")
    names = list(ServiceRule.__annotations__)
    return {row["test"]: ServiceRule(**{name: row[name] for name in names}) for row in table.to_dict("records")}


def needs_timely_service(kind: ProjectType) -> bool:
    """Whether a late fire service is a reason: where people are hard to save, and where danger is brought."""
    return kind.is_sensitive or kind.is_hazardous


def late_sites(index: ClassIndex, sites: Geometries) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which sites the fire service reaches too late somewhere, and which no band of its times touches.

    A site that no band touches lies too far from a road for a time to be told.
    """
    bands = _placed(index.frame("fire_cover"))
    if not len(bands):
        return np.zeros(len(sites), bool), np.ones(len(sites), bool)
    begins = pd.to_numeric(bands["minutes_from"], errors="coerce").fillna(0.0).to_numpy(float)
    areas = np.asarray(bands["geometry"].to_numpy(), object)
    is_late = begins >= service_rules()["late_fire_service"].value
    late = touched(areas[is_late], sites)
    return late, ~(late | touched(areas[~is_late], sites))


def touched(areas: Geometries, sites: Geometries) -> NDArray[np.bool_]:
    """Which sites meet one of some areas."""
    if len(sites) == 1:
        return np.array([bool(shapely.intersects(areas, sites[0]).any())])
    found = np.zeros(len(sites), bool)
    found[shapely.STRtree(sites).query(shapely.get_parts(areas), predicate="intersects")[1]] = True
    return found


def access_spots(index: ClassIndex, sites: Geometries) -> tuple[Members, Pairs, NDArray[np.bool_]]:
    """Black spots near where each site is assumed to meet its road; pairs of spot and site.

    The access is the point nearest to the site of the nearest road; distances are from there to the spot. Sites that are
    near enough to a spot but have no road within reach are marked: theirs is not known.
    """
    rules = service_rules()
    access_m, spot_m = rules["access"].value, rules["black_spot"].value
    frames = ((name, _placed(index.frame(name))) for name in SPOT_LAYERS)
    spots = joined([index.layer_members(name, frame) for name, frame in frames if len(frame)])
    has_no_road = np.zeros(len(sites), bool)
    near = np.unique(shapely.STRtree(sites).query(spots.geometry, predicate="dwithin", distance=access_m + spot_m + SLACK_M)[1])
    if not len(near):
        return spots, NO_PAIRS, has_no_road
    at, places = _accesses(index, sites[near], access_m)
    has_no_road[near] = True
    has_no_road[near[at]] = False
    pairs = near_pairs(spots.geometry, places, reach_m=np.full(len(spots), spot_m), crs=index.crs)
    return spots, Pairs(pairs.subject, near[at[pairs.object]], pairs.distance_m, pairs.line), has_no_road


def _accesses(index: ClassIndex, sites: Geometries, within_m: float) -> tuple[Integers, Geometries]:
    """Sites with a road within reach, and the point of the nearest road that is nearest to each."""
    roads = _placed(index.frame("roads"))
    if not len(roads):
        return np.empty(0, np.intp), np.empty(0, object)
    lines = np.asarray(roads["geometry"].to_numpy(), object)
    pairs = near_pairs(lines, sites, reach_m=np.full(len(lines), within_m), crs=index.crs)
    order = np.lexsort((pairs.subject, pairs.distance_m, pairs.object))
    first = np.ones(len(order), bool)
    first[1:] = pairs.object[order][1:] != pairs.object[order][:-1]
    kept = order[first]
    return pairs.object[kept], shapely.points(shapely.get_coordinates(pairs.line[kept]).reshape(-1, 2, 2)[:, 0])


def river_pairs(index: ClassIndex, kind: ProjectType, sites: Geometries, in_force: tuple[Rule, ...]) -> tuple[Rule | None, Members, Pairs]:
    """Rivers within the bank that the Yangtze law keeps free of chemical projects; which rivers are its tributaries is in no layer."""
    rule = next((entry for entry in in_force if entry.rule_id == RIVER_RULE), None)
    if rule is None or CHEMICAL_PROJECT not in kind.object_classes:
        return None, no_members(), NO_PAIRS
    water = _placed(index.frame("water"))
    if not len(water):
        return rule, no_members(), NO_PAIRS
    rivers = index.layer_members("water", water[(water["kind"] == "river").to_numpy(bool, na_value=False)])
    reach_m = np.full(len(rivers), rule.distance_m or 0.0) + rivers.accuracy_m
    return rule, rivers, near_pairs(rivers.geometry, sites, reach_m=reach_m, crs=index.crs)


def screening_contours(index: ClassIndex, rule: Rule) -> pd.DataFrame:
    """Our own contours whose value the limit of a rule forbids, in the order of their risk, highest first."""
    frame = _placed(index.frame("individual_risk"))
    if not len(frame):
        return frame
    limit = np.where(frame["installation"] == "new", rule.limit_new_per_year or np.inf, rule.limit_in_service_per_year or np.inf)
    risk = pd.to_numeric(frame["risk_per_year"], errors="coerce").to_numpy(float)
    chosen = frame[risk >= limit * SAME_VALUE]
    return chosen.sort_values(["risk_per_year", "contour_id"], ascending=[False, True])


def screened_class(rule: Rule, strictest: int) -> bool:
    """Whether a rule's limit is that of the strictest class a site may have."""
    return rule.formula == "risk_contour" and TARGET_CLASSES[strictest] in rule.target_class


def _placed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["geometry"].notna()] if len(frame) and "geometry" in frame else frame.iloc[:0]
