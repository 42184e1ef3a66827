"""High consequence areas of oil and gas lines (GB 32167-2015) by a window that slides along the route without steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.chainage import Chainage
from layers.scoring.dwellings import Dwellings, dwellings_of, settlements_of
from layers.scoring.high_consequence_rules import (
    HcaGrade,
    HcaRule,
    HcaRules,
    load_hca_rules,
)
from layers.scoring.measure import Floats, Geometries, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.pipelines import potential_impact_radius_m
from layers.scoring.routes import (
    Route,
    Spans,
    merged,
    routes_of,
    sliding_windows,
    spans_of_buildings,
    spans_of_ground,
)
from layers.scoring.rules import RuleSet

SUBJECT_CLASSES = ("oil_pipeline", "gas_pipeline")
GROUND_LAYERS = ("roads", "water")
"""What lies along a line rather than beside it: the stretch within reach counts, and no edge is added."""
NAMED = 5
"""So many places are named in a reason; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    """One rule that holds on one stretch of a route, metres from the route's beginning."""

    rule: HcaRule
    from_m: float
    to_m: float
    n_households: int | None = None
    names: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    is_estimated: bool = False
    location_class: int | None = None


@dataclass
class Findings:
    """What was found along one route, and how many dwellings beside it have no number of households."""

    graded: list[Finding] = field(default_factory=list)
    classes: list[Finding] = field(default_factory=list)
    n_unknown: int = 0


def high_consequence_areas(layers: Mapping[str, pd.DataFrame], rules: RuleSet) -> gpd.GeoDataFrame:
    """Every high consequence area of the standing oil and natural gas transmission lines.

    Parameters
    ----------
    layers : frames in one metric CRS
        Uses pipelines, buildings, protection_targets, enterprises, hazard_units, pipeline_stations, roads, water;
        one that is missing or empty finds nothing, and a row says so.
    rules : RuleSet
        Classes of things, and the coefficient of the potential impact radius.

    Returns
    -------
    GeoDataFrame
        Rows of `high_consequence_areas` in the order of pipeline and chainage, with ``feature_id`` and geometry. Areas
        run on where one feature of a pipeline continues another, and are cut at their joint. Positions are taken as
        they are: the error of a map does not widen an area.
    """
    table, index = load_hca_rules(), ClassIndex(layers, rules)
    rows: list[dict[str, Any]] = []
    for subject_class in SUBJECT_CLASSES:
        lines = index.members(subject_class)
        if len(lines):
            rows += _areas_of(subject_class, lines, index, table)
    rows.sort(key=lambda row: (row["pipeline_id"], row["from_m"]))
    columns = ["feature_id", *(entry.name for entry in load_layer(LAYERS_DIR / "high_consequence_areas").fields)]
    found = gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], geometry="geometry", crs=_crs(index))
    return found.astype({"n_households": "Int64", "location_class": "Int64", "suggested_location_class": "Int64",
                         "n_places": "Int64", "from_m": float, "to_m": float, "length_m": float,
                         "impact_radius_m": float})  # fmt: skip


def _crs(index: ClassIndex) -> pyproj.CRS | None:
    is_any = any(isinstance(frame, gpd.GeoDataFrame) and len(frame) for frame in index.layers.values())
    return index.crs if is_any else None


def _areas_of(
    subject_class: str, lines: Members, index: ClassIndex, table: HcaRules
) -> list[dict[str, Any]]:
    routes = routes_of(lines.geometry, np.full(len(lines), subject_class, object), index.crs)
    rows: list[dict[str, Any]] = []
    houses = dwellings_of(index)
    settlements = settlements_of(index, houses)
    for route in routes:
        found = Findings()
        _by_households(subject_class, route, houses, table, index, found)
        for rule in table.of(subject_class, "settlement"):
            found.graded += _by_settlement(rule, route, settlements, table, index)
        for rule in table.of(subject_class, "object"):
            if rule.status == "judged":
                found.graded += _by_object(rule, route, lines, table, index)
        found.graded = _outside_dense_classes(found)
        rows += _rows(subject_class, route, lines, found, table, index)
    return rows


def _near(
    route: Route, things: Geometries, reach_m: float, index: ClassIndex
) -> tuple[NDArray[np.intp], Geometries, Floats]:
    """Positions of the things within reach of a route, the point of each that is nearest, and how far that is."""
    line = np.empty(1, object)
    line[0] = shapely.multilinestrings(route.along.parts)
    pairs = near_pairs(line, things, reach_m=np.array([reach_m]), crs=index.crs)
    return pairs.object, shapely.get_point(pairs.line, -1), pairs.distance_m


def _by_households(
    subject_class: str, route: Route, houses: Dwellings, table: HcaRules, index: ClassIndex, found: Findings
) -> None:
    """Stretches by number of households in the sliding window, and where tall houses prevail among them."""
    window_rules = table.of(subject_class, "households", "storeys", "location")
    strip_m = max(rule.strip_m for rule in window_rules)
    near, nearest, _ = _near(route, houses.geometry, strip_m, index)
    beside = houses.take(near)
    found.n_unknown = int(np.isnan(beside.n_households).sum())
    is_known = ~np.isnan(beside.n_households)
    beside, nearest = beside.take(is_known), nearest[is_known]
    if not len(beside):
        return
    spans = spans_of_buildings(route, beside.geometry, nearest, strip_m)
    for rule in window_rules:
        if rule.at_least > 0:
            target = found.classes if rule.test == "location" else found.graded
            target += _windows(rule, spans, beside, table.edge_m)


def _windows(rule: HcaRule, spans: Spans, houses: Dwellings, edge_m: float) -> list[Finding]:
    total, first_m, last_m = sliding_windows(spans.from_m, spans.to_m, houses.n_households, rule.window_m)
    is_meant = total >= rule.at_least
    if rule.status == "suggested":
        is_tall = np.nan_to_num(houses.n_storeys) >= rule.storeys_from
        tall, _, _ = sliding_windows(
            spans.from_m, spans.to_m, np.where(is_tall, houses.n_households, 0.0), rule.window_m
        )
        is_meant &= tall >= rule.share_from * total
    if not is_meant.any():
        return []
    first_m, last_m, total = first_m[is_meant], last_m[is_meant], total[is_meant]
    found = []
    for start, stop in merged(first_m - edge_m, last_m + edge_m, gap_m=0.0):
        is_in = (first_m - edge_m >= start) & (last_m + edge_m <= stop)
        is_beside = (spans.to_m >= start) & (spans.from_m <= stop)
        found.append(
            Finding(
                rule,
                start,
                stop,
                n_households=round(float(total[is_in].max())),
                is_estimated=bool(houses.is_estimated[is_beside].any()),
                location_class=rule.location_class,
            )
        )
    return found


def _by_settlement(
    rule: HcaRule, route: Route, settlements: Dwellings, table: HcaRules, index: ClassIndex
) -> list[Finding]:
    large = settlements.take(settlements.n_households >= rule.at_least)
    near, nearest, _ = _near(route, large.geometry, rule.strip_m, index)
    if not len(near):
        return []
    beside = large.take(near)
    spans = spans_of_buildings(route, beside.geometry, nearest, rule.strip_m)
    return [
        Finding(
            rule,
            float(spans.from_m[i]) - table.edge_m,
            float(spans.to_m[i]) + table.edge_m,
            n_households=round(float(beside.n_households[i])),
            names=(str(beside.name[i]),),
            objects=(f"protection_targets:{beside.feature_id[i]}",),
            is_estimated=bool(beside.is_estimated[i]),
        )
        for i in range(len(beside))
    ]


def _by_object(
    rule: HcaRule, route: Route, lines: Members, table: HcaRules, index: ClassIndex
) -> list[Finding]:
    """Places, sites, roads and waters within the rule's reach of those lines of the route that the rule is for."""
    things = _foreign(rule.object_class, index, set(lines.feature_id[list(route.lines)]))
    if not len(things):
        return []
    found = []
    for position, low, high in zip(route.lines, route.bounds_m[:-1], route.bounds_m[1:], strict=True):
        reach_m, is_estimated = _reach_m(rule, lines, position, index, table)
        if reach_m is None:
            continue
        for finding in _objects_beside(rule, route, things, reach_m, is_estimated, table, index):
            # the object belongs to the line it lies beside; its edge may run on to the next
            if finding.to_m > low and finding.from_m < high:
                found.append(finding)
    return list(dict.fromkeys(found))


def _foreign(class_id: str, index: ClassIndex, pipeline_ids: set[str]) -> Members:
    """Members of a class but for the stations of the line itself."""
    members = index.members(class_id)
    stations = index.frame("pipeline_stations")
    if "pipeline_id" not in stations:
        return members
    own = set(stations.loc[stations["pipeline_id"].isin(pipeline_ids), "feature_id"])
    return members.take(~((members.layer == "pipeline_stations") & np.isin(members.feature_id.astype(str), list(own))))


def _reach_m(
    rule: HcaRule, lines: Members, position: int, index: ClassIndex, table: HcaRules
) -> tuple[float | None, bool]:
    """How far the rule looks from a line, None where it is not for that line; whether size had to be guessed."""
    diameter_mm, pressure_mpa = _size(lines, position)
    if rule.has_size:
        is_meant = rule.admits(diameter_mm, pressure_mpa)
        return (potential_impact_radius_m(diameter_mm, pressure_mpa, index.rules) if is_meant else None), False
    others = [
        other for other in table.of(rule.subject_class, "object")
        if other.has_size and other.object_class == rule.object_class
    ]  # fmt: skip
    if any(other.admits(diameter_mm, pressure_mpa) for other in others):
        return None, False
    return rule.strip_m, bool(others) and math.isnan(diameter_mm + pressure_mpa)


def _size(lines: Members, position: int) -> tuple[float, float]:
    return float(lines.numbers["diameter_mm"][position]), float(lines.numbers["pressure_mpa"][position])


def _objects_beside(
    rule: HcaRule,
    route: Route,
    things: Members,
    reach_m: float,
    is_estimated: bool,
    table: HcaRules,
    index: ClassIndex,
) -> list[Finding]:
    is_ground = np.isin(things.layer.astype(str), GROUND_LAYERS)
    found = []
    ground = things.take(is_ground)
    if len(ground):
        found += _object_findings(rule, spans_of_ground(route, ground.geometry, reach_m), ground, 0.0, is_estimated)
    places = things.take(~is_ground)
    near, nearest, _ = _near(route, places.geometry, reach_m, index)
    if len(near):
        beside = places.take(near)
        spans = spans_of_buildings(route, beside.geometry, nearest, reach_m)
        found += _object_findings(rule, spans, beside, table.edge_m, is_estimated)
    return found


def _object_findings(
    rule: HcaRule, spans: Spans, things: Members, edge_m: float, is_estimated: bool
) -> list[Finding]:
    found = []
    for thing, start, stop in zip(spans.thing.tolist(), spans.from_m, spans.to_m, strict=True):
        is_assumed = things.layer[thing] == "water" and things.category[thing] == "reservoir"
        found.append(
            Finding(
                rule,
                float(start) - edge_m,
                float(stop) + edge_m,
                names=(str(things.name[thing] or things.feature_id[thing]),),
                objects=(f"{things.layer[thing]}:{things.feature_id[thing]}",),
                is_estimated=is_estimated or is_assumed,
            )
        )
    return found


def _outside_dense_classes(found: Findings) -> list[Finding]:
    """Fuel stations and depots count outside location classes 3 and 4 only (table 2 f)."""
    dense = [entry for entry in found.classes if (entry.location_class or 0) >= 3]
    return [
        entry for entry in found.graded
        if entry.rule.object_class != "flammable_site"
        or not any(area.from_m <= entry.from_m and entry.to_m <= area.to_m for area in dense)
    ]  # fmt: skip


# Rows


def _rows(
    subject_class: str, route: Route, lines: Members, found: Findings, table: HcaRules, index: ClassIndex
) -> list[dict[str, Any]]:
    if not found.graded:
        return []
    from_m = np.array([max(entry.from_m, 0.0) for entry in found.graded])
    to_m = np.array([min(entry.to_m, route.along.length_m) for entry in found.graded])
    start_of = _start_chainages(index)
    rows = []
    for start, stop in merged(from_m, to_m, gap_m=table.merge_gap_m):
        for position, low, high in route.pieces(start, stop):
            before = route.bounds_m[route.lines.index(position)]
            mine = [entry for entry in found.graded if entry.to_m >= before + low and entry.from_m <= before + high]
            begin_m = start_of.get(str(lines.feature_id[position]), 0.0)
            row = _row(subject_class, lines, position, mine, found, before + low, before + high, index)
            along = Chainage.along(lines.geometry[position], index.crs)
            row |= {
                "from_m": begin_m + low,
                "to_m": begin_m + high,
                "length_m": high - low,
                "geometry": _multi(along.between(low, min(high, along.length_m))),
                "reasons": [_reason(entry, begin_m - before) for entry in _ordered(mine)],
            }
            row["hca_id"] = row["feature_id"] = f"{row['pipeline_id']}-{row['from_m']:.0f}"
            row["not_assessed_zh"], row["not_assessed_en"] = _unassessed(subject_class, found, table)
            rows.append(row)
    return rows


def _multi(line: shapely.Geometry) -> shapely.MultiLineString:
    return shapely.multilinestrings(shapely.get_parts(line))


def _start_chainages(index: ClassIndex) -> dict[str, float]:
    frame = index.frame("pipelines")
    if "start_chainage_m" not in frame:
        return {}
    start_m = pd.to_numeric(frame["start_chainage_m"], errors="coerce").fillna(0.0)
    return dict(zip(frame["feature_id"].astype(str), start_m.astype(float), strict=True))


def _ordered(findings: list[Finding]) -> list[Finding]:
    """Worst grade first, what is certain before what is suggested."""
    rank = {grade: -place for place, grade in enumerate(HcaGrade)}
    return sorted(
        findings,
        key=lambda entry: (
            entry.rule.status == "suggested",
            rank[entry.rule.grade or HcaGrade.I],
            entry.rule.rule_id,
            entry.from_m,
        ),
    )


def _row(
    subject_class: str,
    lines: Members,
    position: int,
    mine: list[Finding],
    found: Findings,
    low: float,
    high: float,
    index: ClassIndex,
) -> dict[str, Any]:
    ordered = _ordered(mine)
    certain = [entry for entry in ordered if entry.rule.status == "judged"]
    decider = ordered[0]
    grades = [entry.rule.grade for entry in certain if entry.rule.grade]
    worst = max(entry.rule.grade for entry in ordered if entry.rule.grade)
    grade = max(grades) if grades else worst
    classes = [entry for entry in found.classes if entry.to_m >= low and entry.from_m <= high]
    places = {name for entry in mine for name in entry.objects}
    households = [entry.n_households for entry in [*mine, *classes] if entry.n_households is not None]
    is_gas = subject_class == "gas_pipeline"
    return {
        "pipeline_id": str(lines.feature_id[position]),
        "pipeline_name": lines.name[position],
        "medium_kind": "gas" if is_gas else "oil",
        "grade": grade.value,
        "suggested_grade": worst.value if worst > grade else None,
        "location_class": _class(classes, "judged") if is_gas else None,
        "suggested_location_class": _suggested_class(classes) if is_gas else None,
        "impact_radius_m": _impact_radius_m(lines, position, index) if is_gas else math.nan,
        "n_households": max(households, default=0),
        "n_places": len(places),
        "rule_id": decider.rule.rule_id,
        "rule_ids": " ".join(dict.fromkeys(entry.rule.rule_id for entry in ordered)),
        "reason_zh": ";".join(_texts(ordered, 0)),
        "reason_en": "; ".join(_texts(ordered, 1)),
        "is_estimated": any(entry.is_estimated for entry in mine) or found.n_unknown > 0,
        "standard_id": decider.rule.standard_id,
        "clause": decider.rule.clause,
        "source_type": decider.rule.source_type,
        "confidence": decider.rule.confidence,
    }


def _class(classes: list[Finding], status: str) -> int:
    """Location class by households; class 1 where no more households stand than it allows."""
    return max((entry.location_class or 1 for entry in classes if entry.rule.status == status), default=1)


def _suggested_class(classes: list[Finding]) -> int | None:
    suggested = _class(classes, "suggested")
    return suggested if suggested > _class(classes, "judged") else None


def _impact_radius_m(lines: Members, position: int, index: ClassIndex) -> float:
    diameter_mm, pressure_mpa = _size(lines, position)
    is_known = diameter_mm > 0 and pressure_mpa > 0
    return potential_impact_radius_m(diameter_mm, pressure_mpa, index.rules) if is_known else math.nan


def _texts(findings: list[Finding], language: int) -> list[str]:
    """One text a rule: what it asks, the largest count, the first names."""
    texts = []
    for rule_id in dict.fromkeys(entry.rule.rule_id for entry in findings):
        mine = [entry for entry in findings if entry.rule.rule_id == rule_id]
        rule = mine[0].rule
        names = list(dict.fromkeys(name for entry in mine for name in entry.names))
        households = [entry.n_households for entry in mine if entry.n_households is not None]
        title = (rule.title_zh, rule.title_en)[language]
        told = [(f"最多{max(households)}户", f"at most {max(households)} households")[language]] if households else []
        told += [("、", ", ")[language].join(names[:NAMED])] if names else []
        told += [(f"等{len(names)}处", f"{len(names)} in all")[language]] if len(names) > NAMED else []
        told += [("建议,须人工核定", "a suggestion, to be confirmed")[language]] if rule.status == "suggested" else []
        texts.append(title + (f"({','.join(told)})" if language == 0 else f" ({', '.join(told)})") if told else title)
    return texts


def _reason(entry: Finding, shift_m: float) -> dict[str, Any]:
    """A reason as plain values; chainages are the feature's own and may lie beyond its ends."""
    rule = entry.rule
    return {
        "rule_id": rule.rule_id,
        "grade": rule.grade.value if rule.grade else None,
        "status": rule.status,
        "from_m": round(entry.from_m + shift_m, 2),
        "to_m": round(entry.to_m + shift_m, 2),
        "n_households": entry.n_households,
        "names": list(entry.names),
        "objects": list(entry.objects),
        "is_estimated": entry.is_estimated,
        "title_zh": rule.title_zh,
        "title_en": rule.title_en,
        "standard_id": rule.standard_id,
        "clause": rule.clause,
        "source_type": rule.source_type,
        "confidence": rule.confidence,
    }


def _unassessed(subject_class: str, found: Findings, table: HcaRules) -> tuple[str, str]:
    """What no layer shows, and how many dwellings have no number of households."""
    rows = table.not_assessed(subject_class)
    zh, en = [row.title_zh for row in rows], [row.title_en for row in rows]
    if found.n_unknown:
        zh.append(f"{found.n_unknown}栋住宅户数不明")
        en.append(f"{found.n_unknown} dwellings without a number of households")
    return ";".join(zh), "; ".join(en)
