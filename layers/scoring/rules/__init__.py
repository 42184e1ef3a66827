"""Reads the tables of separation rules as data and proves them, so that no number of a standard sits in code.

`read_rules` gives one `RuleSet`; a table that contradicts itself raises `RuleTableError` and no part is used.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from layers.catalog import read_toml, strict
from layers.errors import CatalogError, RuleTableError
from layers.scoring.rule_tables import Standard, is_in_force, standards

RULES_DIR = Path(__file__).parent
TNT_FIELD = "tnt_kg"
"""Field that no layer has: it is computed from the chemicals of a unit."""
TABLES = (
    "separation_distances.csv",
    "feature_classes.csv",
    "class_members.csv",
    "road_land_widths.csv",
    "conductor_offsets.csv",
    "target_sizes.csv",
    "project_types.toml",
    "siting_services.csv",
)


@dataclass(frozen=True)
class Rule:
    """One row of ``separation_distances.csv``: a subject that owns a buffer, an object tested against it.

    `status` is ``judged`` (the engine applies it), ``not_assessed`` (no metres, or facts no layer holds: the reason
    stands in `unassessed_zh`) or ``elsewhere`` (another derived layer answers it). `distance_m` is in metres;
    `exact_complies` tells whether exactly that distance is enough. Voltage bounds are closed; pressure and volume
    bounds are open below and closed above. `applies_to` holds ``standing``, ``works``, ``siting``. `owner` tells between whose
    things the distance holds: empty, of different enterprises; ``own``, of one enterprise; ``any``. A judged row may state
    in `unassessed_zh` which field the data must state before it can be judged.
    """

    rule_id: str
    title_zh: str
    title_en: str
    kind: str
    status: str
    subject_class: str
    object_class: str
    road_class: tuple[str, ...]
    voltage_kv_min: float | None
    voltage_kv_max: float | None
    pressure_mpa_above: float | None
    pressure_mpa_up_to: float | None
    volume_m3_above: float | None
    volume_m3_up_to: float | None
    station_grade: str
    vapour_recovery: str
    item_group: str
    target_class: tuple[str, ...]
    area_kind: str
    is_new_only: bool
    activities: tuple[str, ...]
    other_condition: str
    distance_m: float | None
    from_m: float | None
    exact_complies: bool
    formula: str
    coefficient: float | None
    limit_new_per_year: float | None
    limit_in_service_per_year: float | None
    measured_from: str
    strength: str
    standard_id: str
    clause: str
    source_type: str
    confidence: str
    verified: str
    valid_from: date | None
    valid_to: date | None
    transition_on: date | None
    jurisdiction: str
    applies_to: tuple[str, ...]
    owner: str
    unassessed_zh: str
    unassessed_en: str
    note: str

    @property
    def is_confirmed(self) -> bool:
        """Whether the text itself was read: the article of a law, or a figure of high confidence read in a copy."""
        if self.source_type == "law_text":
            return True
        return self.confidence == "high" and self.source_type in ("secondary_page", "code_reproduction")

    def is_in_force(self, on: date, jurisdiction: str) -> bool:
        """Both ends of the validity are closed; an open end is unlimited."""
        return is_in_force(self.valid_from, self.valid_to, on) and self.jurisdiction == jurisdiction


@dataclass(frozen=True)
class ClassMember:
    """Features of `layer` that belong to a class: those that meet every condition.

    A condition is a field and its admitted values; ``*`` admits any value that is present; ``>=`` is at least a number, ``<`` below it.
    """

    class_id: str
    layer: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def asked_fields(self) -> tuple[str, ...]:
        """Fields of its layer that must be stated before a row can be known as a member."""
        named = (name.rstrip("<>") for name, _ in self.conditions if not name.endswith("!"))
        return tuple(name for name in named if name != TNT_FIELD)


@dataclass(frozen=True)
class FeatureClass:
    """A class of things that rules name, with the layers that hold its members; none: no layer shows them."""

    class_id: str
    title_zh: str
    title_en: str
    members: tuple[ClassMember, ...]


@dataclass(frozen=True)
class AssumedOffset:
    """An assumed distance from a line to the edge a rule measures from, metres, with its error."""

    offset_m: float
    error_m: float


@dataclass(frozen=True)
class ConductorOffset:
    """Assumed distance of the outermost conductor from the line's centre; both voltage bounds are closed."""

    voltage_kv_min: float
    voltage_kv_max: float
    offset: AssumedOffset


@dataclass(frozen=True)
class TargetSize:
    """The GB 36894 class of targets of one category whose `measure` is at least `at_least` and below `below`.

    No measure: the category alone decides.
    """

    category: str
    measure: str
    at_least: float | None
    below: float | None
    target_class: str
    clause: str


@dataclass(frozen=True)
class ProjectType:
    """One development type of the siting form; see the head of ``project_types.toml``."""

    id: str
    title_zh: str
    title_en: str
    object_classes: tuple[str, ...]
    review_classes: tuple[str, ...] = ()
    close_classes: tuple[str, ...] = ()
    subject_classes: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    plan_groups: tuple[str, ...] = ()
    target_category: str = ""
    is_sensitive: bool = False
    is_hazardous: bool = False
    asks_amounts: bool = True
    is_linear: bool = False
    is_manual: bool = False
    screening_radius_m: float = 0.0

    @property
    def needs_amounts(self) -> bool:
        """Whether chemicals and amounts must be stated; a tailings pond is dangerous without them."""
        return self.is_hazardous and self.asks_amounts


@dataclass(frozen=True)
class RuleSet:
    """All rule tables of one folder, proven; `version` is the first 12 hex digits of their SHA-256."""

    rules: tuple[Rule, ...]
    classes: Mapping[str, FeatureClass]
    road_land: Mapping[str, AssumedOffset]
    conductors: tuple[ConductorOffset, ...]
    target_sizes: tuple[TargetSize, ...]
    project_types: Mapping[str, ProjectType]
    version: str
    by_id: Mapping[str, Rule] = field(repr=False)
    _answers: dict[tuple[date, str, str], tuple[Rule, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    kept: dict[object, Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """What a caller found once for these tables and wants again."""

    def __getitem__(self, rule_id: str) -> Rule:
        return self.by_id[rule_id]

    def in_force(self, on: date, jurisdiction: str, applies_to: str) -> tuple[Rule, ...]:
        """Rules of a jurisdiction valid on a date that bind ``standing`` objects, ``works`` or ``siting``."""
        asked = (on, jurisdiction, applies_to)
        if asked not in self._answers:
            self._answers[asked] = tuple(
                rule
                for rule in self.rules
                if applies_to in rule.applies_to and rule.is_in_force(on, jurisdiction)
            )
        return self._answers[asked]

    @cached_property
    def by_subject(self) -> Mapping[str, tuple[Rule, ...]]:
        """All rules by their subject class."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(rule.subject_class, []).append(rule)
        return {class_id: tuple(rules) for class_id, rules in found.items()}


def read_rules(folder: Path = RULES_DIR) -> RuleSet:
    """The rule tables below `folder`, proven as a whole.

    Raises
    ------
    RuleTableError
        A table is missing, has an unknown column or value, a gap where none may be, an overlap, a duplicate, a
        distance that is not positive, or names a class or standard that does not exist.
    """
    from layers.scoring.rules.proof import prove

    known = standards(folder)
    rules = tuple(_dated(_rule(row), known) for row in _rows(folder / "separation_distances.csv", _CONVERTERS))
    ruleset = RuleSet(
        rules=rules,
        classes=read_classes(folder),
        road_land=_road_land(folder),
        conductors=_conductors(folder),
        target_sizes=_target_sizes(folder),
        project_types=_project_types(folder / "project_types.toml"),
        version=_version(folder),
        by_id={rule.rule_id: rule for rule in rules},
    )
    prove(ruleset, standard_ids=set(known))
    return ruleset


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in TABLES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:12]


def _rows(path: Path, columns: Iterable[str] | None = None) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RuleTableError(f"{path.name}: {error}") from error
    found = list(reader.fieldnames or [])
    if columns is not None and found != list(columns):
        wrong = sorted(set(found) ^ set(columns))
        raise RuleTableError(f"{path.name}: columns {wrong or 'in another order'}; expected {list(columns)}")
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise RuleTableError(f"{path.name} line {number}: not as many cells as columns")
    return rows


def _words(separator: str | None) -> Callable[[str], tuple[str, ...]]:
    return lambda text: tuple(part for part in text.split(separator) if part)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _boolean(text: str) -> bool:
    if text not in ("", "true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


_KINDS_OF_COLUMN: dict[str, Callable[[str], object]] = {
    "float | None": _number,
    "bool": _boolean,
    "date | None": _date,
    "str": str,
    "tuple[str, ...]": _words("|"),
}
_CONVERTERS: dict[str, Callable[[str], object]] = {
    name: _KINDS_OF_COLUMN[str(annotation)] for name, annotation in Rule.__annotations__.items()
} | {"applies_to": _words(None)}


def _dated(rule: Rule, known: Mapping[str, Standard]) -> Rule:
    """The rule with the dates of its standard where it states none of its own."""
    standard = known.get(rule.standard_id)
    if standard is None:
        return rule
    return replace(rule, valid_from=rule.valid_from or standard.valid_from, valid_to=rule.valid_to or standard.valid_to)


def _rule(row: Mapping[str, str]) -> Rule:
    values = {}
    for name, convert in _CONVERTERS.items():
        try:
            values[name] = convert(row[name])
        except ValueError as error:
            raise RuleTableError(f"separation_distances.csv {row['rule_id']}: {name}: {error}") from error
    return Rule(**values)  # type: ignore[arg-type]


def _conditions(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    parts = [part.partition("<" if "<" in part else "=") for part in text.split(";") if part]
    return tuple((name + sign.rstrip("="), tuple(values.split("|"))) for name, sign, values in parts)


def read_classes(folder: Path = RULES_DIR) -> dict[str, FeatureClass]:
    """The classes of things that rules name, by id."""
    members: dict[str, list[ClassMember]] = {}
    for row in _rows(folder / "class_members.csv", ("class_id", "layer", "conditions", "note")):
        member = ClassMember(row["class_id"], row["layer"], _conditions(row["conditions"]))
        members.setdefault(row["class_id"], []).append(member)
    classes: dict[str, FeatureClass] = {}
    for row in _rows(folder / "feature_classes.csv", ("class_id", "title_zh", "title_en")):
        if row["class_id"] in classes:
            raise RuleTableError(f"feature_classes.csv: {row['class_id']} stands twice")
        classes[row["class_id"]] = FeatureClass(**row, members=tuple(members.pop(row["class_id"], ())))
    if members:
        raise RuleTableError(f"class_members.csv: unknown classes {sorted(members)}")
    return classes


def _offset(path: Path, row: Mapping[str, str], name: str) -> AssumedOffset:
    try:
        return AssumedOffset(float(row[f"{name}_m"]), float(row[f"{name}_error_m"]))
    except ValueError as error:
        raise RuleTableError(f"{path.name}: {error} in {dict(row)}") from error


def _road_land(folder: Path) -> dict[str, AssumedOffset]:
    path = folder / "road_land_widths.csv"
    rows = _rows(path, ("road_class", "half_width_m", "half_width_error_m", "standard_id", "note"))
    if len({row["road_class"] for row in rows}) != len(rows):
        raise RuleTableError(f"{path.name}: a class stands twice")
    return {row["road_class"]: _offset(path, row, "half_width") for row in rows}


def _conductors(folder: Path) -> tuple[ConductorOffset, ...]:
    path = folder / "conductor_offsets.csv"
    names = (
        "voltage_kv_min",
        "voltage_kv_max",
        "outer_offset_m",
        "outer_offset_error_m",
        "standard_id",
        "note",
    )
    try:
        return tuple(
            ConductorOffset(
                float(row["voltage_kv_min"]), float(row["voltage_kv_max"]), _offset(path, row, "outer_offset")
            )
            for row in _rows(path, names)
        )
    except ValueError as error:
        raise RuleTableError(f"{path.name}: {error}") from error


def _target_sizes(folder: Path) -> tuple[TargetSize, ...]:
    path = folder / "target_sizes.csv"
    try:
        return tuple(
            TargetSize(
                row["category"],
                row["measure"],
                _number(row["at_least"]),
                _number(row["below"]),
                row["target_class"],
                row["clause"],
            )
            for row in _rows(path)
        )
    except (KeyError, ValueError) as error:
        raise RuleTableError(f"{path.name}: {error}") from error


def _project_types(path: Path) -> dict[str, ProjectType]:
    try:
        return {name: strict(ProjectType, table, path, id=name) for name, table in read_toml(path).items()}
    except CatalogError as error:
        raise RuleTableError(str(error)) from error
