"""Proves the rule tables: a table that contradicts itself would colour a public map wrongly and is refused whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from layers.errors import RuleTableError
from layers.scoring.rules import Rule, RuleSet, TargetSize

KINDS = ("prohibited", "permit_required", "minimum_distance", "criterion")
STATUSES = ("judged", "not_assessed", "elsewhere")
OWNERS = ("", "own", "any")
STRENGTHS = ("mandatory", "advisory")
SOURCE_TYPES = ("law_text", "secondary_page", "code_reproduction", "derived", "none")
CONFIDENCES = ("high", "medium", "low")
SCOPES = ("standing", "works", "siting")
FORMULAS = ("", "risk_contour", "scaled_distance", "impact_radius", "power_zone", "official_distance", "along_path")
AREA_KINDS = ("", "general", "dense", "city_urban", "city_suburb_residential", "village_town_residential", "other")
LINE_AREAS, RAILWAY_AREAS = AREA_KINDS[1:3], AREA_KINDS[3:]
ROAD_CLASSES = ("expressway", "national_road", "provincial_road", "county_road", "township_road")
TARGET_CLASSES = ("high_sensitive", "important", "general_1", "general_2", "general_3")
STATION_GRADES = ("tank_class_1", "tank_class_2", "tank_class_3")
PLAN_GROUPS = ("chemical", "hazardous", "crowded", "industrial")
STATION_WORDS = ("", *STATION_GRADES, "dispenser_and_vent", "class_1", "class_2", "class_3", "class_4", "class_5")
RECOVERIES = ("no_vapour_recovery", "unloading_recovery", "unloading_and_refuelling_recovery")


def prove(rules: RuleSet, *, standard_ids: set[str]) -> None:
    """Raise `RuleTableError` naming every fault found."""
    faults: list[str] = []
    if not rules.rules:
        faults.append("separation_distances.csv has no rows")
    for rule in rules.rules:
        faults += _rule_faults(rule, rules, standard_ids)
    if not faults:  # rows are compared with each other only once each is sound in itself
        faults += _duplicates(rules.rules) + _overlaps(rules.rules) + _monotone_faults(rules.rules)
    faults += _offset_faults(rules) + _size_faults(rules.target_sizes) + _project_faults(rules)
    if faults:
        raise RuleTableError("; ".join(faults))


def _rule_faults(rule: Rule, rules: RuleSet, standard_ids: set[str]) -> list[str]:
    closed: list[tuple[str, str, Iterable[str]]] = [
        ("kind", rule.kind, KINDS),
        ("status", rule.status, STATUSES),
        ("strength", rule.strength, STRENGTHS),
        ("source_type", rule.source_type, SOURCE_TYPES),
        ("confidence", rule.confidence, CONFIDENCES),
        ("formula", rule.formula, FORMULAS),
        ("area_kind", rule.area_kind, AREA_KINDS),
        ("owner", rule.owner, OWNERS),
        ("subject_class", rule.subject_class, rules.classes),
        ("object_class", rule.object_class, rules.classes),
        ("standard_id", rule.standard_id, standard_ids),
    ]
    closed += [("station_grade", rule.station_grade, STATION_WORDS), ("vapour_recovery", rule.vapour_recovery, ("", *RECOVERIES))]
    closed += [("road_class", value, ROAD_CLASSES) for value in rule.road_class]
    closed += [("target_class", value, TARGET_CLASSES) for value in rule.target_class]
    closed += [("applies_to", value, SCOPES) for value in rule.applies_to]
    faults = [
        f"{rule.rule_id}: unknown {name} {value!r}" for name, value, known in closed if value not in known
    ]
    faults += [
        f"{rule.rule_id}: {name} is empty"
        for name in ("rule_id", "clause", "title_zh", "applies_to")
        if not getattr(rule, name)
    ]
    return faults + _number_faults(rule) + _status_faults(rule)


def _number_faults(rule: Rule) -> list[str]:
    faults = []
    if rule.distance_m is not None and not 0 <= rule.distance_m < 100_000:
        faults.append(f"{rule.rule_id}: distance_m {rule.distance_m} is not a distance")
    if rule.distance_m == 0 and rule.exact_complies:
        faults.append(f"{rule.rule_id}: distance 0 means the footprint itself; touching it cannot comply")
    if rule.coefficient is not None and not rule.coefficient > 0:
        faults.append(f"{rule.rule_id}: coefficient {rule.coefficient} is not positive")
    if rule.from_m is not None and (rule.distance_m is None or not 0 <= rule.from_m < rule.distance_m):
        faults.append(f"{rule.rule_id}: from_m {rule.from_m} is not below distance_m {rule.distance_m}")
    for low, high in (
        (rule.voltage_kv_min, rule.voltage_kv_max),
        (rule.pressure_mpa_above, rule.pressure_mpa_up_to),
        (rule.volume_m3_above, rule.volume_m3_up_to),
    ):
        if low is not None and high is not None and low > high:
            faults.append(f"{rule.rule_id}: bounds {low} to {high} are empty")
    if rule.valid_from and rule.valid_to and rule.valid_from > rule.valid_to:
        faults.append(f"{rule.rule_id}: valid_from is after valid_to")
    return faults


def _status_faults(rule: Rule) -> list[str]:
    if rule.status != "judged":
        missing = not (rule.unassessed_zh and rule.unassessed_en)
        return [f"{rule.rule_id}: {rule.status} without a reason in both languages"] if missing else []
    if rule.formula == "risk_contour":
        low, high = rule.limit_new_per_year, rule.limit_in_service_per_year
        good = low is not None and high is not None and 0 < low <= high < 1
        return (
            [] if good else [f"{rule.rule_id}: limits {low} (new) and {high} (in service) are not in order"]
        )
    if rule.formula == "scaled_distance":
        return [] if rule.coefficient else [f"{rule.rule_id}: formula without coefficient"]
    if rule.formula in ("power_zone", "official_distance"):  # metres of the rows that prohibit building; of the report
        return []
    return [] if rule.distance_m is not None else [f"{rule.rule_id}: judged without metres or formula"]


def _duplicates(rules: Sequence[Rule]) -> list[str]:
    counted = Counter(rule.rule_id for rule in rules)
    return [f"{rule_id} stands twice" for rule_id, n in counted.items() if n > 1]


def _overlaps(rules: Sequence[Rule]) -> list[str]:
    """Judged rows of one kind for one pair of classes may not answer the same case twice."""
    groups: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.status == "judged":
            key = (
                rule.kind,
                rule.subject_class,
                rule.object_class,
                rule.area_kind,
                rule.is_new_only,
                rule.jurisdiction,
                rule.activities,
                rule.station_grade,
                rule.vapour_recovery,
                rule.item_group,
            )
            groups[key].append(rule)
    return [
        f"{first.rule_id} and {second.rule_id} both apply to the same case"
        for group in groups.values()
        for position, first in enumerate(group)
        for second in group[position + 1 :]
        if _meet(first, second)
    ]


def _meet(first: Rule, second: Rule) -> bool:
    infinite = float("inf")

    def bounds(rule: Rule, low: str, high: str) -> tuple[float, float]:
        bottom, top = getattr(rule, low), getattr(rule, high)
        return (-infinite if bottom is None else bottom), (infinite if top is None else top)

    (a, b), (c, d) = (bounds(rule, "voltage_kv_min", "voltage_kv_max") for rule in (first, second))
    meets = a <= d and c <= b
    (a, b), (c, d) = (bounds(rule, "pressure_mpa_above", "pressure_mpa_up_to") for rule in (first, second))
    meets = meets and a < d and c < b
    (a, b), (c, d) = (bounds(rule, "volume_m3_above", "volume_m3_up_to") for rule in (first, second))
    meets = meets and a < d and c < b
    for name in ("road_class", "target_class"):
        one, two = set(getattr(first, name)), set(getattr(second, name))
        meets = meets and (not one or not two or bool(one & two))
    begins = max(filter(None, (first.valid_from, second.valid_from)), default=None)
    ends = min(filter(None, (first.valid_to, second.valid_to)), default=None)
    return meets and (begins is None or ends is None or begins <= ends)


def _monotone_faults(rules: Sequence[Rule]) -> list[str]:
    """What must grow with danger: control zones with the road, line zones with voltage, stations with grade."""
    zones = [rule for rule in rules if rule.rule_id.startswith("ROAD-L11-")]
    zones.sort(
        key=lambda rule: ROAD_CLASSES.index(rule.road_class[0]) if rule.road_class else -1, reverse=True
    )
    lines = [
        rule
        for rule in rules
        if rule.subject_class == "overhead_power_line"
        and rule.kind != "permit_required"
        and rule.voltage_kv_min is not None
        and rule.distance_m is not None
    ]
    faults = _rising(zones)
    for area_kind in LINE_AREAS:
        of_kind = [rule for rule in lines if rule.area_kind == area_kind]
        faults += _rising(sorted(of_kind, key=lambda rule: rule.voltage_kv_min or 0.0))
    faults += _railway_faults(rules)
    tanks = [rule for rule in rules if rule.subject_class == "fuel_station_equipment"]
    by_grade = _grouped(tanks, lambda rule: (rule.object_class, rule.vapour_recovery, rule.standard_id))
    for group in by_grade:
        graded = [rule for rule in group if rule.station_grade in STATION_GRADES]
        faults += _rising(sorted(graded, key=lambda rule: -STATION_GRADES.index(rule.station_grade)))
    for group in _grouped(tanks, lambda rule: (rule.object_class, rule.station_grade, rule.standard_id)):
        faults += _rising(sorted(group, key=lambda rule: -RECOVERIES.index(rule.vapour_recovery)))
    volumes = [rule for rule in rules if rule.volume_m3_above is not None]
    for group in _grouped(volumes, lambda rule: (rule.subject_class, rule.object_class, rule.item_group)):
        ordered = sorted(group, key=lambda rule: rule.volume_m3_above or 0.0)
        faults += _rising(ordered)
        faults += [
            f"{two.rule_id}: gap or overlap after {one.rule_id}"
            for one, two in pairwise(ordered)
            if one.volume_m3_up_to != two.volume_m3_above
        ]
    return faults


def _railway_faults(rules: Sequence[Rule]) -> list[str]:
    """Zones beside railways: wider where fewer people live, and beside high-speed lines than beside others."""
    zones = [rule for rule in rules if rule.area_kind in RAILWAY_AREAS]
    faults: list[str] = []
    for group in _grouped(zones, lambda rule: (rule.subject_class,)):
        faults += _rising(sorted(group, key=lambda rule: RAILWAY_AREAS.index(rule.area_kind)))
        missing = set(RAILWAY_AREAS) - {rule.area_kind for rule in group}
        faults += [f"{group[0].subject_class}: no zone for {area_kind}" for area_kind in sorted(missing)]
    for group in _grouped(zones, lambda rule: (rule.area_kind,)):
        faults += _rising(sorted(group, key=lambda rule: rule.subject_class == "high_speed_railway"))
    return faults


def _grouped(rules: Sequence[Rule], key: Callable[[Rule], tuple[str, ...]]) -> list[list[Rule]]:
    groups: dict[tuple[str, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        groups[key(rule)].append(rule)
    return list(groups.values())


def _rising(rules: Sequence[Rule]) -> list[str]:
    return [
        f"{two.rule_id}: {two.distance_m} m is less than {one.distance_m} m of the milder {one.rule_id}"
        for one, two in pairwise(rules)
        if (two.distance_m or 0.0) < (one.distance_m or 0.0)
    ]


def _offset_faults(rules: RuleSet) -> list[str]:
    offsets = [*rules.road_land.values(), *(row.offset for row in rules.conductors)]
    faults = [
        f"assumed offset {row} is not positive"
        for row in offsets
        if not (row.offset_m > 0 and row.error_m > 0)
    ]
    missing = sorted({name for rule in rules.rules for name in rule.road_class} - set(rules.road_land))
    faults += [f"road_land_widths.csv: no row for {name}" for name in missing]
    bands = sorted(rules.conductors, key=lambda row: row.voltage_kv_min)
    faults += [
        f"conductor_offsets.csv: {one.voltage_kv_max} kV and {two.voltage_kv_min} kV overlap"
        for one, two in pairwise(bands)
        if two.voltage_kv_min <= one.voltage_kv_max
    ]
    return faults


def _size_faults(sizes: Sequence[TargetSize]) -> list[str]:
    faults = [
        f"target_sizes.csv {row.category}: unknown class {row.target_class!r}"
        for row in sizes
        if row.target_class not in TARGET_CLASSES
    ]
    groups: dict[tuple[str, str], list[TargetSize]] = defaultdict(list)
    for row in sizes:
        groups[row.category, row.measure].append(row)
    for (category, measure), group in groups.items():
        ordered = sorted(group, key=lambda row: row.at_least or 0.0)
        ends = [ordered[0].at_least, *(row.below for row in ordered)]
        joined = all(one.below is not None and one.below == two.at_least for one, two in pairwise(ordered))
        if ends[0] is not None or ends[-1] is not None or not joined:
            faults.append(f"target_sizes.csv {category} by {measure or 'category'}: gap or overlap")
    return faults


def _project_faults(rules: RuleSet) -> list[str]:
    categories = {row.category for row in rules.target_sizes} | {""}
    faults = []
    for project in rules.project_types.values():
        named = {*project.object_classes, *project.review_classes, *project.close_classes, *project.subject_classes}
        faults += [
            f"project_types.toml {project.id}: unknown class {name}"
            for name in sorted(named - set(rules.classes))
        ]
        faults += [
            f"project_types.toml {project.id}: unknown group of projects {name}"
            for name in sorted(set(project.plan_groups) - set(PLAN_GROUPS))
        ]
        if project.target_category not in categories:
            faults.append(
                f"project_types.toml {project.id}: unknown target category {project.target_category!r}"
            )
    return faults
