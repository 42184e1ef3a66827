"""High consequence areas of oil and gas lines (GB 32167-2015): what was found along routes, merged and told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from layers.catalog import LAYERS_DIR, Layer, load_layer
from layers.scoring.calibration import Calibrated, calibrated
from layers.scoring.chainage import NO_LENGTH_M, Chainage
from layers.scoring.dwellings import dwellings_of, settlements_of
from layers.scoring.high_consequence_findings import (
    GROUND_LAYERS,
    Finding,
    Findings,
    findings_along,
    size_of,
)
from layers.scoring.high_consequence_rules import HcaGrade, HcaRules, load_hca_rules
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.pipelines import potential_impact_radius_m
from layers.scoring.routes import Route, merged, routes_of
from layers.scoring.rules import RuleSet

SUBJECT_CLASSES = ("oil_pipeline", "gas_pipeline")
NAMED = 5
"""So many places are named in a reason; the rest is counted."""


def high_consequence_areas(layers: Mapping[str, pd.DataFrame], rules: RuleSet, *, on: date | None = None) -> gpd.GeoDataFrame:
    """Every high consequence area of the standing oil and natural gas transmission lines.

    Parameters
    ----------
    layers : frames in one metric CRS
        Uses pipelines, pipeline_markers, buildings, protection_targets, enterprises, hazard_units, pipeline_stations, roads, railways,
        water, water_source_zones, nature_areas; one that is missing or empty finds nothing, and a row says so of the last five.
    rules : RuleSet
        Classes of things, and the coefficient of the potential impact radius.
    on : the day whose table holds

    Returns
    -------
    GeoDataFrame
        Rows of `high_consequence_areas` in the order of pipeline and chainage, with ``feature_id`` and geometry. Areas
        run on where one feature of a pipeline continues another, and are cut at their joint. Positions are taken as
        they are: the error of a map does not widen an area.
    """
    table, index = load_hca_rules(on=on), ClassIndex(layers, rules)
    rows: list[dict[str, Any]] = []
    for subject_class in SUBJECT_CLASSES:
        lines = index.members(subject_class)
        if len(lines):
            rows += _areas_of(subject_class, lines, index, table)
    rows.sort(key=lambda row: (row["pipeline_id"], row["from_m"]))
    columns = [
        "feature_id",
        *(entry.name for entry in load_layer(LAYERS_DIR / "high_consequence_areas").fields),
    ]
    found = gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], geometry="geometry", crs=_crs(index))
    return found.astype({"n_households": "Int64", "location_class": "Int64", "suggested_location_class": "Int64",
                         "n_places": "Int64", "from_m": float, "to_m": float, "length_m": float,
                         "impact_radius_m": float})  # fmt: skip


def _crs(index: ClassIndex) -> pyproj.CRS | None:
    is_any = any(isinstance(frame, gpd.GeoDataFrame) and len(frame) for frame in index.layers.values())
    return index.crs if is_any else None


def _areas_of(subject_class: str, lines: Members, index: ClassIndex, table: HcaRules) -> list[dict[str, Any]]:
    routes = routes_of(lines.geometry, np.full(len(lines), subject_class, object), index.crs)
    houses = dwellings_of(index)
    settlements = settlements_of(index, houses)
    rows: list[dict[str, Any]] = []
    for route in routes:
        found = findings_along(subject_class, route, lines, houses, settlements, table, index)
        rows += _rows(subject_class, route, lines, found, table, index)
    return rows


def _rows(
    subject_class: str, route: Route, lines: Members, found: Findings, table: HcaRules, index: ClassIndex
) -> list[dict[str, Any]]:
    if not found.graded:
        return []
    from_m = np.array([max(entry.from_m, 0.0) for entry in found.graded])
    to_m = np.array([min(entry.to_m, route.along.length_m) for entry in found.graded])
    rows, chainages = [], _chainages(lines, route, index)
    for start, stop in merged(from_m, to_m, gap_m=table.merge_gap_m):
        for position, low, high in route.pieces(start, stop):
            before = route.bounds_m[route.lines.index(position)]
            mine = [
                entry
                for entry in found.graded
                if entry.to_m >= before + low and entry.from_m <= before + high
            ]
            chainage = chainages[position]
            ends_m = np.sort(chainage.of_drawn(np.array([low + NO_LENGTH_M, high - NO_LENGTH_M])))
            row = _row(subject_class, lines, position, mine, found, before + low, before + high, index)
            along = Chainage.along(lines.geometry[position], index.crs)
            row |= {
                "from_m": float(ends_m[0].round(3)),
                "to_m": float(ends_m[1].round(3)),
                "length_m": high - low,
                "geometry": _multi(along.between(low, min(high, along.length_m))),
                "reasons": [_reason(entry, chainage, before) for entry in _ordered(mine)],
            }
            row["hca_id"] = row["feature_id"] = f"{row['pipeline_id']}-{row['from_m']:.0f}"
            row["not_assessed_zh"], row["not_assessed_en"] = _unassessed(subject_class, found, table, index)
            rows.append(row)
    return rows


def _multi(line: shapely.Geometry) -> shapely.MultiLineString:
    return shapely.multilinestrings(shapely.get_parts(line))


def _chainages(lines: Members, route: Route, index: ClassIndex) -> dict[int, Calibrated]:
    """The chainage of each feature of a route, by its position."""
    pipelines = index.frame("pipelines").set_index("feature_id", drop=False)
    rows = {position: pipelines.loc[lines.feature_id[position]] for position in route.lines}
    return {position: calibrated(row, index.layers, index.crs) for position, row in rows.items()}


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
        "is_estimated": any(entry.is_estimated for entry in mine) or found.n_unknown > 0 or not certain,
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
    diameter_mm, pressure_mpa = size_of(lines, position)
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
        told = (
            [(f"最多{max(households)}户", f"at most {max(households)} households")[language]]
            if households
            else []
        )
        told += [("、", ", ")[language].join(names[:NAMED])] if names else []
        told += [(f"等{len(names)}处", f"{len(names)} in all")[language]] if len(names) > NAMED else []
        told += (
            [("建议,须人工核定", "a suggestion, to be confirmed")[language]]
            if rule.status == "suggested"
            else []
        )
        texts.append(
            title + (f"({','.join(told)})" if language == 0 else f" ({', '.join(told)})") if told else title
        )
    return texts


def _reason(entry: Finding, chainage: Calibrated, before_m: float) -> dict[str, Any]:
    """A reason as plain values; chainages are the feature's own, which begins `before_m` along the route."""
    rule = entry.rule
    from_m, to_m = np.sort(chainage.of_drawn(np.array([entry.from_m, entry.to_m]) - before_m)).tolist()
    return {
        "rule_id": rule.rule_id,
        "grade": rule.grade.value if rule.grade else None,
        "status": rule.status,
        "from_m": round(from_m, 2),
        "to_m": round(to_m, 2),
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


def _unassessed(subject_class: str, found: Findings, table: HcaRules, index: ClassIndex) -> tuple[str, str]:
    """What no layer shows, the layers without a feature, and how many dwellings have no number of households."""
    rows = table.not_assessed(subject_class)
    zh, en = [row.title_zh for row in rows], [row.title_en for row in rows]
    for layer in _empty_layers(subject_class, table, index):
        zh.append(f"{layer.title_zh}: 本期无数据")
        en.append(f"{layer.title_en}: no data in this edition")
    if found.n_unknown:
        zh.append(f"{found.n_unknown}栋住宅户数不明")
        en.append(f"{found.n_unknown} dwellings without a number of households")
    return ";".join(zh), "; ".join(en)


def _empty_layers(subject_class: str, table: HcaRules, index: ClassIndex) -> list[Layer]:
    """Layers of what lies along lines that the rules ask for and that hold nothing."""
    asked = {member.layer for rule in table.of(subject_class, "object") for member in index.rules.classes[rule.object_class].members}
    return [load_layer(LAYERS_DIR / name) for name in GROUND_LAYERS if name in asked and not index.table(name).n]
