"""Counts what the distance rules could not say: "no rule", "not assessed" and "complies" are three different answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.columns import Columns
from layers.scoring.contours import Contours, settled_owners, unused_distances
from layers.scoring.field_words import in_words
from layers.scoring.left_open import objects_left_open
from layers.scoring.object_classes import ClassIndex, Members, no_members
from layers.scoring.rules import FeatureClass, Rule
from layers.scoring.rules.unassessed import unassessed_words
from layers.scoring.separation import under_rule
from layers.scoring.silent import silent_features, silent_objects

UNASSESSED_FIELDS = ("rule_id", "n_rules", "standard_id", "subject_class", "object_class", "n", "zh", "en")
NO_RULE_FIELDS = ("subject_kind", "object_kind", "n_pairs", "zh", "en")
SOURCE_LAYERS = ("enterprises", "hazard_units", "pipelines")
"""Risk points of other layers (black spots, crowded places on a road) own no safety distance."""
PART_LAYERS = ("hazard_units", "fuel_station_equipment", "storage_tanks")
"""Layers of parts of enterprises."""
NO_LAYER_OF_ITS_OWN = ("crowded_place",)
"""Kinds of enterprise that are targets rather than sources."""

ANSWERED_BY = {
    "fuel_station": ("fuel_station_equipment",),
    "lpg_station": ("lpg_tank",),
    "unit_of_unknown_fire_class": ("unit_of_known_fire_class",),
}
"""Classes whose members are judged where the data hold members of another class: parts of theirs, or they themselves."""

PIPE_CLASSES = ("oil_gas_pipeline", "oil_pipeline", "gas_pipeline", "town_gas_pipe")

COUNTED_APART = ("pipelines", "power_lines", "railways", "roads")
"""Layers whose gaps are counted by `_undecided_features`."""

Note = dict[str, object]


def unassessed_rules(
    index: ClassIndex,
    in_force: Sequence[Rule],
    *,
    on: date,
    n_unused_contours: int,
    notes: Iterable[Note],
) -> pd.DataFrame:
    """Rules that concern loaded features, or features no layer holds, and give no number here.

    Rows of one table with the same reason are one line (`n_rules`); `n` counts the subjects concerned, missing where
    no layer could hold any.
    """
    rows = [*_silent_rules(index, in_force), *_without_data(index, in_force), *_undecided_features(index, in_force), *_silent_features(index, in_force, on), *notes]
    zh, en = "等值线已过有效期或未注明有效期,未采用", "contours expired or without date of validity, not used"
    rows += _unused_reports("risk_contour", in_force, n_unused_contours, zh, en)
    zh, en = "评价报告所定距离已过有效期或未注明有效期,未采用", "distances of reports that are over or state no validity, not used"
    rows += _unused_reports("official_distance", in_force, unused_distances(index, on), zh, en)
    frame = pd.DataFrame(rows, columns=list(UNASSESSED_FIELDS))
    frame["n"] = frame["n"].astype("Int64")
    return frame.sort_values(["rule_id", "zh"], ignore_index=True)


def _row(
    rule_id: str,
    standard_id: str,
    subject_class: str,
    object_class: str,
    n: int | None,
    zh: str,
    en: str,
    n_rules: int = 1,
) -> Note:
    return dict(
        zip(
            UNASSESSED_FIELDS,
            (rule_id, n_rules, standard_id, subject_class, object_class, n, zh, en),
            strict=True,
        )
    )


def unassessed_row(rule: Rule, n: int, zh: str, en: str) -> Note:
    """A line of the list of what was not judged, for n features under one rule."""
    return _row(rule.rule_id, rule.standard_id, rule.subject_class, rule.object_class, n, zh, en)


def _unused_reports(formula: str, in_force: Sequence[Rule], n: int, zh: str, en: str) -> list[Note]:
    """A line under the first rule in force that goes by what reports state; none where no rule does on that day."""
    rule = next((rule for rule in in_force if rule.formula == formula), None)
    return [unassessed_row(rule, n, zh, en)] if n and rule is not None else []


def _silent_rules(index: ClassIndex, in_force: Sequence[Rule]) -> list[Note]:
    groups: dict[tuple[str, str, str], list[Rule]] = defaultdict(list)
    for rule in in_force:
        if rule.status == "not_assessed":
            groups[rule.standard_id, rule.subject_class, rule.unassessed_zh].append(rule)
    rows = []
    for (standard_id, subject_class, _), group in groups.items():
        n = None
        if index.rules.classes[subject_class].members:
            members = index.members(subject_class)
            concerned = np.any([under_rule(rule, members) for rule in group], axis=0)
            n = int((concerned & ~_is_answered(subject_class, members, index)).sum())
        if n != 0:
            first = group[0]
            words = unassessed_words(first, index.rules)
            rows.append(_row(first.rule_id, standard_id, subject_class, first.object_class, n, *words, len(group)))
    return rows


def _without_data(index: ClassIndex, in_force: Sequence[Rule]) -> list[Note]:
    """Judged rules that nothing was held against: no layer of the edition has their subjects, or their objects."""
    if not any(len(frame) for frame in index.layers.values()):
        return []
    groups: dict[tuple[str, str, str], list[Rule]] = defaultdict(list)
    for rule in in_force:
        if rule.status == "judged" and rule.formula != "risk_contour":
            missing = next((name for name in (rule.subject_class, rule.object_class) if not index.has_data(name)), None)
            if missing:
                groups[rule.standard_id, rule.subject_class, missing].append(rule)
    rows = []
    for (standard_id, subject_class, missing), group in groups.items():
        members = index.members(subject_class)
        n = int(np.any([under_rule(rule, members) for rule in group], axis=0).sum()) if missing != subject_class else None
        if n != 0:
            entry, first = index.rules.classes[missing], group[0]
            zh, en = without_data(first, entry)
            rows.append(_row(first.rule_id, standard_id, subject_class, first.object_class, n, zh, en, len(group)))
    return rows


def without_data(rule: Rule, missing: FeatureClass) -> tuple[str, str]:
    """What is said, in both languages, of a rule for which the data show no member of a class: the field, where the rule names it."""
    said = f"本期没有{missing.title_zh}数据", f"this edition has no data on: {missing.title_en}"
    if not rule.unassessed_zh:
        return said
    zh, en = in_words((member.layer for member in missing.members), rule.unassessed_zh, rule.unassessed_en)
    return f"{said[0]}: {zh}", f"{said[1]}: {en}"


def _is_answered(subject_class: str, members: Members, index: ClassIndex) -> NDArray[np.bool_]:
    """Which members are judged by rows about their parts, or by what they state of themselves."""
    parts = [index.members(name) for name in ANSWERED_BY.get(subject_class, ())]
    owners = {owner for part in parts for owner in part.enterprise_id} - {None}
    answered = {feature_id for part in parts for feature_id in part.feature_id[part.layer == "hazard_units"]}
    of_part = [owner in owners or unit in answered for owner, unit in zip(members.enterprise_id, members.feature_id, strict=True)]
    return np.array(of_part, bool)


def _undecided_features(index: ClassIndex, in_force: Sequence[Rule]) -> list[Note]:
    """Features whose own data leave it open which row applies; a value between two bands is never interpolated."""
    lines, pipes = index.members("overhead_power_line"), index.members("town_gas_pipe")
    stated = [
        rule for rule in in_force if rule.subject_class == "overhead_power_line" and rule.area_kind != "dense"
    ]
    in_band = (
        np.any([under_rule(rule, lines) for rule in stated], axis=0) if stated else np.zeros(len(lines), bool)
    )
    found = [
        (
            "PWR-OHL-35-110kV",
            "overhead_power_line",
            "building_or_structure",
            int((~in_band).sum()),
            "电压缺失或不在条例分档内",
            "voltage unknown or between the bands of the regulation",
        ),
        (
            "TGAS-PROT-sub_high_pressure",
            "town_gas_pipe",
            "building_or_structure",
            int(np.isnan(pipes.numbers["pressure_mpa"]).sum()),
            "燃气管道压力缺失",
            "pressure of the gas pipe unknown",
        ),
        (
            "PIPE-L30-3",
            "oil_gas_pipeline",
            "building_or_structure",
            _n_without(index, "pipelines", "kind", ("industrial",)),
            "管道类别缺失,或为保护法不适用的工业管道",
            "kind unknown, or industrial pipes the law does not cover",
        ),
        (
            "ROAD-L11-4",
            "highway",
            "building_or_structure",
            _n_without(index, "roads", "road_class", ("village_road", "street")),
            "等级缺失,或为条例第11条未列的村道、城市道路",
            "class unknown, or village roads and streets not named in Art. 11",
        ),
        (
            "FS-HAZ",
            "fire_station",
            "hazchem_part",
            _n_without(index, "fire_stations", "station_class", ("township", "foreign")),
            "乡镇专职队等不适用建标152",
            "township and other brigades are outside 建标152",
        ),
        (
            "IR-GB36894-A",
            "hazchem_unit",
            "protection_target",
            _n_open_class(index.members("protection_target")),
            "防护目标规模不明,按可能的最宽类别判",
            "size unknown, judged as the mildest class possible",
        ),
    ]
    by_id = {rule.rule_id: rule for rule in in_force}
    found += [(rule_id, by_id[rule_id].subject_class, by_id[rule_id].object_class, n, zh, en)
              for rule_id, n, zh, en in objects_left_open(index) if rule_id in by_id and len(index.members(by_id[rule_id].subject_class))]
    rows = [_row(row[0], by_id[row[0]].standard_id, *row[1:]) for row in found if row[3] and row[0] in by_id]
    return rows + _unplaced(index, by_id)


def _silent_features(index: ClassIndex, in_force: Sequence[Rule], on: date) -> list[Note]:
    """Features that do not state what a rule asks of its subject or its object, counted a rule and a field."""
    judged = [rule for rule in in_force if rule.status == "judged" and rule.formula != "risk_contour"]
    judged = [rule for rule in judged if index.has_data(rule.subject_class) and index.has_data(rule.object_class)]
    found = [(entry.rules[0], len(entry.features), *entry.words(index.rules.classes[entry.class_id]))
             for entry in silent_features(judged, index, on, without=COUNTED_APART)]  # fmt: skip
    found += silent_objects(judged, index, without=COUNTED_APART)
    return [unassessed_row(*row) for row in found]


def _n_open_class(targets: Members) -> int:
    return int((targets.strictest != targets.mildest).sum())


def _n_without(index: ClassIndex, layer: str, name: str, outside: tuple[str, ...]) -> int:
    frame = index.frame(layer)
    if name not in frame:
        return len(frame)
    return int((frame[name].isna() | frame[name].isin(outside)).sum())


def _unplaced(index: ClassIndex, by_id: dict[str, Rule]) -> list[Note]:
    rows = []
    for layer, rule_id in (
        ("hazard_units", "ROAD-L18-1"),
        ("enterprises", "ROAD-L18-1"),
        ("protection_targets", "IR-GB36894-A"),
    ):
        frame = index.frame(layer)
        if "geometry" not in frame or rule_id not in by_id:
            continue
        n = int(frame["geometry"].isna().sum())
        if n:
            rule = by_id[rule_id]
            rows.append(
                _row(
                    rule_id,
                    rule.standard_id,
                    rule.subject_class,
                    rule.object_class,
                    n,
                    f"{layer}: 无位置",
                    f"{layer}: no position",
                )
            )
    return rows


def uncovered_pipelines(index: ClassIndex, in_force: Iterable[Rule]) -> Members:
    """Standing pipelines that no judged rule covers: industrial pipes, kind unknown, town gas of unknown pressure."""
    pipelines = index.standing("pipelines")
    if not len(pipelines):
        return no_members()
    covered: set[str] = set()
    for rule in in_force:
        if rule.status == "judged" and rule.subject_class in PIPE_CLASSES:
            members = index.members(rule.subject_class)
            covered.update(members.feature_id[under_rule(rule, members) & (members.layer == "pipelines")])
    return pipelines.take(
        np.fromiter((name not in covered for name in pipelines.feature_id), bool, len(pipelines))
    )


def no_rule_pairs(index: ClassIndex, in_force: Sequence[Rule], contours: Contours) -> pd.DataFrame:
    """Pairs of a source and a protection target within the source's influence radius for which no rule exists.

    A rule that exists but gives no metres counts as a rule (it is listed as not assessed); so does a valid official
    contour of the enterprise, and a valid official distance.
    """
    points, targets = _sources(index), index.members("protection_target")
    if not len(points) or not len(targets):
        return pd.DataFrame(columns=list(NO_RULE_FIELDS))
    source, target = shapely.STRtree(targets.geometry).query(
        points["geometry"].to_numpy(), predicate="dwithin", distance=points["radius_m"].to_numpy(float)
    )
    covered = rule_cover(points, targets, index, in_force, contours)
    open_pairs = ~(covered[0][source] & covered[1][target]).any(axis=1)
    pairs = pd.DataFrame(
        {
            "subject_kind": points["kind"].to_numpy(object)[source[open_pairs]],
            "object_kind": targets.category[target[open_pairs]],
        }
    )
    counted = (
        pairs.groupby(["subject_kind", "object_kind"], dropna=False).size().rename("n_pairs").reset_index()
    )
    counted["zh"] = "影响半径内,无规则,请人工核定"
    counted["en"] = "within the influence radius, no rule, to be settled by a person"
    return counted[list(NO_RULE_FIELDS)]


def _sources(index: ClassIndex) -> pd.DataFrame:
    points = index.frame("risk_points")
    if not len(points) or "geometry" not in points:
        return points.iloc[:0]
    is_source = points["source_layer"].isin(SOURCE_LAYERS) & ~points["kind"].isin(NO_LAYER_OF_ITS_OWN)
    return points[(is_source & points["geometry"].notna() & (points["radius_m"] > 0)).to_numpy(bool)]


def rule_cover(
    points: pd.DataFrame, targets: Members, index: ClassIndex, in_force: Sequence[Rule], contours: Contours
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two boolean tables, sources by pair of classes and targets by pair of classes.

    A source and a target have a rule where both are true for one pair.
    """
    of_targets = [
        name
        for name, entry in index.rules.classes.items()
        if any(member.layer == "protection_targets" for member in entry.members)
    ]
    pairs = sorted(
        {
            (rule.subject_class, rule.object_class)
            for rule in in_force
            if rule.status != "elsewhere" and rule.object_class in of_targets
        }
    )
    in_object = {
        name: np.isin(targets.feature_id.astype(str), index.members(name).feature_id.astype(str))
        for name in {two for _, two in pairs}
    }
    named = named_sources(points)
    sources = [is_member(named, index.members(one)) for one, _ in pairs]
    sources.append(
        points["enterprise_id"].isin(settled_owners(index, contours)).to_numpy(bool)
    )
    objects = [in_object[two] for _, two in pairs] + [np.ones(len(targets), bool)]
    return np.column_stack(sources), np.column_stack(objects)


Named = tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]
"""Layer, id and enterprise of the feature that each risk point rests on."""


def named_sources(points: pd.DataFrame | Columns) -> Named:
    """What each risk point rests on."""
    layer, feature_id, owner = (
        np.asarray(points[name], object) for name in ("source_layer", "source_feature_id", "enterprise_id")
    )
    return layer, feature_id, owner


def is_member(points: Named, members: Members) -> NDArray[np.bool_]:
    """Which risk points rest on a member; an enterprise also where one of its units is a member."""
    keys = set(zip(members.layer, members.feature_id, strict=True))
    owners = set(members.enterprise_id[np.isin(members.layer.astype(str), PART_LAYERS)]) - {None}
    rests = (
        (layer, feature_id) in keys or (layer == "enterprises" and enterprise_id in owners)
        for layer, feature_id, enterprise_id in zip(*points, strict=True)
    )
    return np.fromiter(rests, bool, len(points[0]))
