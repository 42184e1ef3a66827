"""What a site is served by and lies beside: the fire service, its access, river banks, our own risk contours.

Everything takes many sites at once, so that one site and every cell of a county are judged by the same lines of code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.errors import RuleTableError
from layers.scoring.columns import NO_COLUMNS, Columns, numbers, texts
from layers.scoring.contours import SAME_VALUE
from layers.scoring.measure import NO_PAIRS, Geometries, Integers, Pairs, near_pairs
from layers.scoring.object_classes import ClassIndex, Members, joined, no_members
from layers.scoring.rule_tables import RULES_DIR, read_rules
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.siting_surroundings import may_reach
from layers.scoring.targets import TARGET_CLASSES

TESTS = ("late_fire_service", "access", "black_spot")
CHEMICAL_PROJECT = "chemical_park_or_project"
RIVER_RULES = {CHEMICAL_PROJECT: "YZ-PARK", "tailings_pond": "YZ-TAIL-MAIN"}
"""The widest bank that the Yangtze law keeps free of each class of projects."""
SLACK_M = 10.0
"""More than the map stretches within the reach of an access."""
NOWHERE: Geometries = np.empty(0, object)
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


NO_SPOTS = no_members(), NO_PAIRS, np.zeros(1, bool)
"""What `access_spots` finds for one site without a spot near."""


def late_bands(index: ClassIndex) -> tuple[Geometries, NDArray[np.bool_]]:
    """Ground of the bands of the fire service's times, and which of them are late."""
    rows = index.rows("fire_cover")
    if rows is None:
        return _bands_of(placed(index.table("fire_cover")))
    found: Bands | None = index.whole.kept.get("late bands")
    if found is None:
        found = index.whole.kept["late bands"] = _bands_of(index.whole.table("fire_cover"))
    areas, is_late = found
    return areas[rows], is_late[rows]


Bands = tuple[Geometries, NDArray[np.bool_]]


def _bands_of(bands: Columns) -> Bands:
    begins = np.nan_to_num(numbers(bands, "minutes_from"))
    areas = bands["geometry"] if bands.n and "geometry" in bands else np.full(bands.n, None, object)
    return areas, begins >= service_rules()["late_fire_service"].value


def late_sites(index: ClassIndex, sites: Geometries) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which sites the fire service reaches too late somewhere, and which no band of its times touches.

    A site that no band touches lies too far from a road for a time to be told.
    """
    areas, is_late = late_bands(index)
    if not len(areas):
        return np.zeros(len(sites), bool), np.ones(len(sites), bool)
    if len(sites) == 1 and index.rows("fire_cover") is not None:
        meets = index.meeting("fire_cover", sites[0])
        return np.array([(meets & is_late).any()]), np.array([not meets.any()])
    late = touched(areas[is_late], sites)
    return late, ~(late | touched(areas[~is_late], sites))


def touched(areas: Geometries, sites: Geometries) -> NDArray[np.bool_]:
    """Which sites meet one of some areas."""
    if len(sites) == 1:
        return np.array([bool(shapely.intersects(areas, sites[0]).any())])
    found = np.zeros(len(sites), bool)
    found[shapely.STRtree(sites).query(shapely.get_parts(areas), predicate="intersects")[1]] = True
    return found


def spots_reach_m() -> float:
    """As near to a site a black spot may lie near its access, metres on the map."""
    rules = service_rules()
    return rules["access"].value + rules["black_spot"].value + SLACK_M


def access_spots(index: ClassIndex, sites: Geometries) -> tuple[Members, Pairs, NDArray[np.bool_]]:
    """Black spots near where each site is assumed to meet its road; pairs of spot and site.

    The access is the point nearest to the site of the nearest road; distances are from there to the spot. Sites that are
    near enough to a spot but have no road within reach are marked: theirs is not known.
    """
    access_m, spot_m = service_rules()["access"].value, service_rules()["black_spot"].value
    spots = joined([found for found in (index.chosen(name, "placed", every_row) for name in SPOT_LAYERS) if len(found)])
    has_no_road = np.zeros(len(sites), bool)
    near = np.unique(shapely.STRtree(sites).query(spots.geometry, predicate="dwithin", distance=spots_reach_m())[1])
    if not len(near):
        return spots, NO_PAIRS, has_no_road
    at, places = _accesses(index, sites[near], access_m)
    has_no_road[near] = True
    has_no_road[near[at]] = False
    pairs = near_pairs(spots.geometry, places, reach_m=np.full(len(spots), spot_m), crs=index.crs)
    return spots, Pairs(pairs.subject, near[at[pairs.object]], pairs.distance_m, pairs.line), has_no_road


def _accesses(index: ClassIndex, sites: Geometries, within_m: float) -> tuple[Integers, Geometries]:
    """Sites with a road within reach, and the point of the nearest road that is nearest to each."""
    roads = placed(index.table("roads"))
    lines = roads["geometry"] if roads.n else NOWHERE
    if len(sites) == 1:  # most roads are out of its reach
        lines = lines[shapely.dwithin(lines, sites[0], within_m + SLACK_M)]
    if not len(lines):
        return np.empty(0, np.intp), NOWHERE
    pairs = near_pairs(lines, sites, reach_m=np.full(len(lines), within_m), crs=index.crs)
    order = np.lexsort((pairs.subject, pairs.distance_m, pairs.object))
    first = np.ones(len(order), bool)
    first[1:] = pairs.object[order][1:] != pairs.object[order][:-1]
    kept = order[first]
    return pairs.object[kept], shapely.points(shapely.get_coordinates(pairs.line[kept]).reshape(-1, 2, 2)[:, 0])


def river_pairs(index: ClassIndex, kind: ProjectType, sites: Geometries, in_force: tuple[Rule, ...]) -> tuple[Rule | None, Members, Pairs]:
    """Rivers within the bank that the Yangtze law keeps free of such projects, of which the data do not say whether they are its tributaries."""
    wanted = {rule_id for class_id, rule_id in RIVER_RULES.items() if class_id in kind.object_classes}
    rule = next((entry for entry in in_force if entry.rule_id in wanted), None)
    if rule is None:
        return None, no_members(), NO_PAIRS
    rivers = index.chosen("water", "rivers", _is_open_river)
    if len(sites) == 1:  # most rivers are out of its reach
        rivers = rivers.take(may_reach(rivers.geometry, sites[0], (rule.distance_m or 0.0) + rivers.accuracy_m))
    if not len(rivers):
        return rule, no_members(), NO_PAIRS
    reach_m = np.full(len(rivers), rule.distance_m or 0.0) + rivers.accuracy_m
    return rule, rivers, near_pairs(rivers.geometry, sites, reach_m=reach_m, crs=index.crs)


def _is_open_river(water: Columns) -> NDArray[np.bool_]:
    return np.asarray((water["kind"] == "river") & (texts(water, "yangtze_rank") == None), bool)  # noqa: E711 (an array)


def screening_contours(index: ClassIndex, rule: Rule) -> Integers:
    """Rows of our own contours whose value the limit of a rule forbids, in the order of their risk, highest first."""
    contours = index.table("individual_risk")
    if not contours.n or "geometry" not in contours:
        return np.empty(0, np.intp)
    limit = np.where(contours["installation"] == "new", rule.limit_new_per_year or np.inf, rule.limit_in_service_per_year or np.inf)
    risk = numbers(contours, "risk_per_year")
    chosen = np.flatnonzero((risk >= limit * SAME_VALUE) & ~shapely.is_missing(contours["geometry"]))
    order: Integers = chosen[np.lexsort((contours["contour_id"][chosen].astype(str), -risk[chosen]))]
    return order


def screened_class(rule: Rule, strictest: int) -> bool:
    """Whether a rule's limit is that of the strictest class a site may have."""
    return rule.formula == "risk_contour" and TARGET_CLASSES[strictest] in rule.target_class


def placed(table: Columns) -> Columns:
    """The rows of a layer that have a position."""
    if not table.n or "geometry" not in table:
        return NO_COLUMNS
    missing = shapely.is_missing(table["geometry"])
    return table.rows(~missing) if missing.any() else table


def every_row(table: Columns) -> NDArray[np.bool_]:
    """A test that every row passes."""
    return np.ones(table.n, bool)
