"""What is drawn beside and along the lines of the pipeline law: its bands, and the chainage people read on site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from layers.scoring.calibration import calibrated
from layers.scoring.chainage import Chainage, written_chainage
from layers.scoring.object_classes import ClassIndex, Layers, Members
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.separation import under_rule

LINE_CLASS = "oil_gas_pipeline"
FROM_CENTRELINE = "centreline_each_side"
ARC_SEGMENTS = 32
"""Segments a quarter circle: at 200 m an outline departs from the circle by less than 0.07 m."""
POST_STEP_M = 100
KILOMETRE_M = 1000
BAND_FIELDS = ("band_id", "pipeline_id", "pipeline_name", "distance_m", "rule_id", "rule_ids", "standard_id", "clause", "geometry")
POST_FIELDS = ("chainage_id", "pipeline_id", "pipeline_name", "chainage_m", "label", "is_kilometre", "is_calibrated", "geometry")


def pipeline_bands(layers: Layers, rules: RuleSet, *, on: date, jurisdiction: str = "CN") -> gpd.GeoDataFrame:
    """The outlines of the bands that rules lay beside the centreline of a line, one row a line and distance.

    Parameters
    ----------
    layers : frames in one metric CRS; ``pipelines`` is read
    on : the date whose rules are in force

    Returns
    -------
    GeoDataFrame in the CRS of the lines
        ``distance_m``, metres to each side; ``rule_id`` of the first rule, ``rule_ids`` all with that distance. The outline is
        that of all places within the distance, ends included: at a corner it is round, where a line turns back on itself the
        bands are one.
    """
    index = ClassIndex(layers, rules)
    lines = _lines(index)
    rows: list[dict[str, Any]] = []
    for distance_m, of_distance in _by_distance(rules.rules, on, jurisdiction).items():
        concerned = np.logical_or.reduce([under_rule(rule, lines) for rule in of_distance])
        rows += [_band(lines, int(at), distance_m, of_distance) for at in np.flatnonzero(concerned)]
    return _frame(rows, BAND_FIELDS, layers["pipelines"].crs)


def _lines(index: ClassIndex) -> Members:
    members = index.members(LINE_CLASS)
    return members.take(members.layer == "pipelines")


def _by_distance(rules: Iterable[Rule], on: date, jurisdiction: str) -> dict[float, list[Rule]]:
    """Rules that draw a band beside a line, by their distance, the narrowest first."""
    found: dict[float, list[Rule]] = {}
    for rule in rules:
        if rule.subject_class != LINE_CLASS or rule.status != "judged" or rule.measured_from != FROM_CENTRELINE:
            continue
        if rule.distance_m and rule.is_in_force(on, jurisdiction):
            found.setdefault(rule.distance_m, []).append(rule)
    return dict(sorted(found.items()))


def _band(lines: Members, at: int, distance_m: float, rules: list[Rule]) -> dict[str, Any]:
    outline = shapely.boundary(shapely.buffer(lines.geometry[at], distance_m, quad_segs=ARC_SEGMENTS))
    pipeline_id = str(lines.feature_id[at])
    return {
        "band_id": f"{pipeline_id}/{distance_m:g}", "pipeline_id": pipeline_id, "pipeline_name": lines.name[at], "distance_m": distance_m,
        "rule_id": rules[0].rule_id, "rule_ids": " ".join(rule.rule_id for rule in rules), "standard_id": rules[0].standard_id,
        "clause": "; ".join(dict.fromkeys(rule.clause for rule in rules)), "geometry": shapely.multilinestrings(shapely.get_parts(outline)),
    }  # fmt: skip


def pipeline_chainage(layers: Layers, rules: RuleSet) -> gpd.GeoDataFrame:
    """A point every hundred metres of chainage along each line whose chainage is stated on site.

    A line without a start chainage and without a post that states one has none: the length as drawn is no chainage that anyone
    finds outside. At an equation a chainage may stand twice, and one that it leaps over has no place.

    Parameters
    ----------
    layers : frames in one metric CRS; ``pipelines``, and for the calibration ``pipeline_markers`` and ``pipeline_stations``

    Returns
    -------
    GeoDataFrame in the CRS of the lines
        ``chainage_m``, metres; ``label`` as people write it, of a kilometre without its metres; ``is_calibrated`` where posts
        correct the length as drawn.
    """
    frame = layers["pipelines"]
    wanted = set(_lines(ClassIndex(layers, rules)).feature_id)
    rows: list[dict[str, Any]] = []
    for _, line in frame[frame["feature_id"].isin(wanted)].iterrows():
        found = calibrated(line, layers, frame.crs)
        if found.along.knots or not pd.isna(line.get("start_chainage_m")):
            rows += _posts(line, found.along)
    return _frame(rows, POST_FIELDS, frame.crs)


def _posts(line: pd.Series[Any], along: Chainage) -> list[dict[str, Any]]:
    first = int(np.ceil(along.segments[:, 2].min() / POST_STEP_M))
    last = int(np.floor(along.end_m / POST_STEP_M))
    rows = []
    for chainage_m in range(first * POST_STEP_M, (last + 1) * POST_STEP_M, POST_STEP_M):
        for number, place in enumerate(_places(along, chainage_m)):
            rows.append({
                "chainage_id": f"{line['feature_id']}/{chainage_m}" + (f"/{number + 1}" if number else ""), "pipeline_id": line["feature_id"],
                "pipeline_name": line["name"], "chainage_m": float(chainage_m), "label": _label(chainage_m),
                "is_kilometre": chainage_m % KILOMETRE_M == 0, "is_calibrated": bool(along.knots), "geometry": place,
            })  # fmt: skip
    return rows


def _places(along: Chainage, chainage_m: float) -> list[shapely.Point]:
    """Where a chainage lies; nowhere where an equation leaps over it."""
    rows = along.segments
    if not ((rows[:, 2] <= chainage_m) & (chainage_m <= rows[:, 3])).any():
        return []
    return along.places(chainage_m)


def _label(chainage_m: int) -> str:
    """Text of a post.

    >>> _label(12_000), _label(12_300)
    ('K12', 'K12+300')
    """
    text = written_chainage(chainage_m)
    return text.partition("+")[0] if chainage_m % KILOMETRE_M == 0 else text


def _frame(rows: list[Mapping[str, Any]] | list[dict[str, Any]], names: tuple[str, ...], crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(names)), geometry="geometry", crs=crs)
