"""Finds what stands closer than a rule allows, with the rule, both features and the metres, and says what was not judged.

Only *prohibited* and *minimum distance* rows judge standing objects, and two kinds of *criterion*: official risk
contours and the overpressure of explosives. Permit rules bind works.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.scoring.calibration import chainage_of
from layers.scoring.contours import contour_findings, valid_contours
from layers.scoring.coverage import (
    Note,
    no_rule_pairs,
    unassessed_row,
    unassessed_rules,
)
from layers.scoring.measure import Geometries
from layers.scoring.object_classes import ClassIndex, Layers, Members
from layers.scoring.rules import Rule, RuleSet
from layers.scoring.separation import (
    DENSE_AREA,
    MAX_ERROR_M,
    Findings,
    apply_rule,
    is_historic,
    is_placed_well,
    joined,
    under_rule,
)
from layers.scoring.sharing import Share

VIOLATION_FIELDS = (
    "violation_id",
    "rule_id",
    "rule_kind",
    "subject_layer",
    "subject_feature_id",
    "subject_name",
    "object_layer",
    "object_feature_id",
    "object_name",
    "required_m",
    "actual_m",
    "shortfall_m",
    "error_m",
    "certainty",
    "is_historic",
    "is_estimated",
    "chainage_m",
    "side",
    "standard_id",
    "clause",
    "source_type",
    "town_name",
)
PART_SUBJECTS = 2000
"""Subjects of a rule that one process measures at a time."""
STANDING_KINDS = ("prohibited", "minimum_distance", "criterion")


@dataclass(frozen=True)
class ViolationReport:
    """What `find_violations` found, and what it could not say.

    violations : fields of the layer ``distance_violations``, `feature_id`, and `geometry`: the shortest line (a point
        where both touch) in the metric CRS; sorted by rule, subject, object.
    no_rule_pairs : pairs for which no rule exists at all: subject_kind, object_kind, n_pairs, zh, en.
    unassessed : rules that apply but give no number here: rule_id, n_rules, standard_id, subject_class, object_class,
        n (subjects concerned), zh, en.
    """

    violations: gpd.GeoDataFrame
    no_rule_pairs: pd.DataFrame
    unassessed: pd.DataFrame


def find_violations(
    layers: Layers, rules: RuleSet, *, on: date, jurisdiction: str = "CN", share: Share | None = None
) -> ViolationReport:
    """Standing objects closer than a rule in force on a date allows, certainly or possibly.

    Parameters
    ----------
    layers : layer id -> frame in one metric CRS with the fields of its ``layer.toml``, `feature_id`, `accuracy_m`
    rules : RuleSet
    on : the date whose rules apply
    jurisdiction : rules of another jurisdiction are not applied
    share : who measures the pairs, in parts; the report is the same without it

    Raises
    ------
    CrsMismatchError
        The frames are not all in one projected CRS in metres.
    """
    index = ClassIndex(layers, rules, on=on)
    in_force = rules.in_force(on, jurisdiction, "standing")
    judged = [rule for rule in in_force if rule.status == "judged" and rule.kind in STANDING_KINDS]
    contours, n_unused = valid_contours(index, on)
    frames = []
    notes: list[Note] = []
    measured = {} if share is None else _measured_in_parts(judged, index, on, share)
    for rule in judged:
        if rule.formula == "risk_contour":
            subjects, objects = contours.members, index.members(rule.object_class)
            findings = contour_findings(rule, contours, objects, index) if len(subjects) else None
        else:
            subjects, objects = index.members(rule.subject_class), index.members(rule.object_class)
            findings = _standing_findings(rule, subjects, objects, index, on, notes, measured.get(rule.rule_id))
        if findings is not None and len(findings):
            frames.append(violation_rows(findings, subjects, objects))
    violations = _report_frame(frames, index)
    unassessed = unassessed_rules(index, in_force, on=on, n_unused_contours=n_unused, notes=notes)
    return ViolationReport(violations, no_rule_pairs(index, in_force, contours), unassessed)


def _standing_findings(
    rule: Rule,
    subjects: Members,
    objects: Members,
    index: ClassIndex,
    on: date,
    notes: list[Note],
    measured: Findings | None,
) -> Findings | None:
    if not len(subjects) or not len(objects):
        return None
    findings = measured if measured is not None else apply_rule(
        rule, subjects, objects, rules=index.rules, on=on, crs=index.crs, index=index.search_index(rule.object_class)
    )
    findings = findings.take(of_meant_owners(rule, subjects, objects, findings))
    if rule.subject_class == rule.object_class:
        findings = findings.take(subjects.feature_id[findings.subject] < objects.feature_id[findings.object])
    _note_uncertain(notes, rule, subjects, objects)
    if rule.area_kind == "general":
        in_plant = within_plants(objects.take(findings.object), index)
        sways = np.isfinite(subjects.numbers["sway_m"][findings.subject])
        zh, en = "厂矿等人口密集地区按最大风偏后距离,线路未注明最大风偏", "inside plants the clearance after sway decides; the line states no sway"
        _note(notes, rule, in_plant & ~sways, zh, en)
        findings = findings.take(~in_plant)
    if rule.area_kind == DENSE_AREA:
        findings = findings.take(within_plants(objects.take(findings.object), index))
    if rule.subject_class == "oil_gas_pipeline":
        own = stations_own(objects.take(findings.object), index)
        _note(notes, rule, own, "管道站场自有建筑", "buildings of the pipeline's own stations")
        findings = findings.take(~own)
    return findings


def _measured_in_parts(judged: list[Rule], index: ClassIndex, on: date, share: Share) -> dict[str, Findings]:
    """What falls short of each rule, its subjects in parts."""
    paired = [rule for rule in judged if rule.formula != "risk_contour" and len(index.members(rule.subject_class))]
    paired = [rule for rule in paired if len(index.members(rule.object_class))]
    parts = []
    for rule in paired:
        subjects = index.members(rule.subject_class)
        for start in range(0, len(subjects), PART_SUBJECTS):
            parts.append(Part(rule, start, subjects.take(slice(start, start + PART_SUBJECTS))))
    objects = {name: index.members(name) for name in sorted({rule.object_class for rule in paired})}
    found = share(part_findings, parts, objects, index.rules, on, index.crs)
    of_rule: dict[str, list[Findings]] = {rule.rule_id: [] for rule in paired}
    for part, findings in zip(parts, found, strict=True):
        of_rule[part.rule.rule_id].append(findings)
    return {rule_id: joined(list_) for rule_id, list_ in of_rule.items()}


@dataclass(frozen=True)
class Part:
    """Some of the subjects of a rule, from position `start` on."""

    rule: Rule
    start: int
    subjects: Members


def part_findings(part: Part, objects: Mapping[str, Members], rules: RuleSet, on: date, crs: pyproj.CRS) -> Findings:
    """What falls short of one rule among some of its subjects; positions are those among all of them."""
    found = apply_rule(part.rule, part.subjects, objects[part.rule.object_class], rules=rules, on=on, crs=crs)
    return replace(found, subject=found.subject + part.start)


def _note_uncertain(notes: list[Note], rule: Rule, subjects: Members, objects: Members) -> None:
    n = int((under_rule(rule, subjects) & ~is_placed_well(subjects)).sum() + (~is_placed_well(objects)).sum())
    if n:
        zh, en = (
            f"位置误差超过{MAX_ERROR_M:.0f}米, 未判定",
            f"position worse than {MAX_ERROR_M:.0f} m, not judged",
        )
        notes.append(unassessed_row(rule, n, zh, en))


def _note(notes: list[Note], rule: Rule, left_out: NDArray[np.bool_], zh: str, en: str) -> None:
    if left_out.any():
        notes.append(unassessed_row(rule, int(left_out.sum()), zh, en))


def of_meant_owners(rule: Rule, subjects: Members, objects: Members, findings: Findings) -> NDArray[np.bool_]:
    """Pairs between whose owners a rule holds: of two enterprises, of one (roads inside a plant), or of any; never a feature with itself."""
    one, two = subjects.take(findings.subject), objects.take(findings.object)
    same = (one.layer == two.layer) & (one.feature_id == two.feature_id)
    if rule.owner == "any":
        return np.asarray(~same, bool)
    both = (one.enterprise_id != None) & (one.enterprise_id == two.enterprise_id)
    return np.asarray(~same & (both if rule.owner == "own" else ~both), bool)


def within_plants(objects: Members, index: ClassIndex) -> NDArray[np.bool_]:
    """Objects inside a park boundary: 厂矿 is named as dense area, where line zones may be narrower."""
    return _inside(objects, index.frame("park_boundaries"))


def stations_own(objects: Members, index: ClassIndex) -> NDArray[np.bool_]:
    """Buildings that belong to a pipeline station: half of them or more lies on its ground, or its point in them."""
    stations = index.members("attached_facility")
    own = np.zeros(len(objects), bool)
    if not len(stations) or not len(objects):
        return own
    place, station = shapely.STRtree(stations.geometry).query(objects.geometry, predicate="intersects")
    shared = shapely.area(shapely.intersection(objects.geometry[place], stations.geometry[station]))
    area = shapely.area(objects.geometry[place])
    own[place[(shared >= area / 2) | stations.is_point[station]]] = True
    return own


def _inside(objects: Members, areas: pd.DataFrame) -> NDArray[np.bool_]:
    inside = np.zeros(len(objects), bool)
    if len(areas) and len(objects):
        points = shapely.point_on_surface(objects.geometry)
        place, _ = shapely.STRtree(areas["geometry"].to_numpy()).query(points, predicate="intersects")
        inside[place] = True
    return inside


def violation_rows(findings: Findings, subjects: Members, objects: Members) -> pd.DataFrame:
    """One row a finding with the fields of ``distance_violations`` (chainage and side still empty) and `geometry`."""
    one, two, rule = subjects.take(findings.subject), objects.take(findings.object), findings.rule
    shortfall_m = np.maximum(findings.required_m - findings.actual_m, 0.0)
    return pd.DataFrame(
        {
            "violation_id": [
                violation_id(rule.rule_id, *pair)
                for pair in zip(one.layer, one.feature_id, two.layer, two.feature_id, strict=True)
            ],
            "rule_id": rule.rule_id,
            "rule_kind": rule.kind,
            "subject_layer": one.layer,
            "subject_feature_id": one.feature_id,
            "subject_name": one.name,
            "object_layer": two.layer,
            "object_feature_id": two.feature_id,
            "object_name": two.name,
            "required_m": findings.required_m,
            "actual_m": findings.actual_m,
            "shortfall_m": shortfall_m,
            "error_m": findings.error_m,
            "certainty": np.where(findings.is_certain, "certain", "possible"),
            "is_historic": is_historic(two, rule.transition_on),
            "is_estimated": findings.is_estimated,
            "chainage_m": np.nan,
            "side": None,
            "standard_id": rule.standard_id,
            "clause": rule.clause,
            "source_type": rule.source_type,
            "town_name": None,
            "geometry": findings.line,
        }
    )


def violation_id(rule_id: str, subject_layer: str, subject_id: str, object_layer: str, object_id: str) -> str:
    """The same pair under the same rule has the same number in every edition."""
    text = "\x1f".join((rule_id, subject_layer, subject_id, object_layer, object_id))
    return "V" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _report_frame(frames: list[pd.DataFrame], index: ClassIndex) -> gpd.GeoDataFrame:
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in (*VIOLATION_FIELDS, "geometry")})
    rows = pd.concat(frames, ignore_index=True) if frames else empty
    order = ["rule_id", "subject_layer", "subject_feature_id", "object_layer", "object_feature_id"]
    rows = rows.sort_values(order, ignore_index=True, kind="stable")
    if len(rows):
        _locate(rows, index)
    rows.insert(0, "feature_id", rows["violation_id"])
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=index.crs if len(rows) else None)


def _locate(rows: pd.DataFrame, index: ClassIndex) -> None:
    """Chainage and side of the rows whose subject is a pipeline."""
    side = rows["side"].to_numpy(object, copy=True)
    chainage_m = rows["chainage_m"].to_numpy(float, copy=True)
    pipelines = index.frame("pipelines")
    on_line = rows[rows["subject_layer"] == "pipelines"]
    by_id = pipelines.set_index("feature_id") if len(on_line) else pipelines
    for pipeline_id, group in on_line.groupby("subject_feature_id"):
        row = by_id.loc[pipeline_id]
        ends = object_ends(group["geometry"].to_numpy())
        positions = group.index.to_numpy()
        along = chainage_of(row, index.layers, index.crs)
        chainage_m[positions], side[positions] = along.at(ends), along.side(ends)
    rows["chainage_m"], rows["side"] = chainage_m, side


def object_ends(lines: Geometries) -> Geometries:
    """The object's end of each shortest line: its last point."""
    xy_m, of_line = shapely.get_coordinates(lines, return_index=True)
    last = np.append(of_line[1:] != of_line[:-1], True)
    ends: Geometries = shapely.points(xy_m[last])
    return ends
