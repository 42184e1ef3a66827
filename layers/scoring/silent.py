"""Features that do not state what a rule asks of them: each is named where it lies within the rule's metres, never passed over.

Of what an edition as a whole does not state, `coverage.without_data` tells the rule besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from layers.scoring.columns import Columns
from layers.scoring.field_words import field_words
from layers.scoring.flow_paths import ALONG_PATH, first_stretch
from layers.scoring.measure import Floats
from layers.scoring.object_classes import ClassIndex, Members, has_values, joined, meets
from layers.scoring.rules import ClassMember, FeatureClass, Rule
from layers.scoring.separation import STATED_CONDITIONS, required_distance, under_rule

Booleans = NDArray[np.bool_]
OPEN_LISTS = (("hazard_units", "petro_facility"), ("pipelines", "depot_group"))
"""Fields whose codes name the concerned alone: one that is none of them has nothing to state, so a gap is told and closes no site."""
NUMBER_BOUNDS = {
    "voltage_kv": ("voltage_kv_min", "voltage_kv_max"),
    "pressure_mpa": ("pressure_mpa_above", "pressure_mpa_up_to"),
    "volume_m3": ("volume_m3_above", "volume_m3_up_to"),
}
"""Numbers of a subject by which rows of the table are told apart, with the bounds of a row."""


@dataclass(frozen=True)
class Silent:
    """Features of one class that do not state one field, and the rules that therefore leave them open.

    reach_m : as far from each feature the widest of the rules asks for, metres, without errors and edges
    """

    class_id: str
    field_name: str
    rules: tuple[Rule, ...]
    features: Members
    reach_m: Floats

    @property
    def closes_sites(self) -> bool:
        """Whether a site near such a feature is left without a verdict."""
        return not any((layer, self.field_name) in OPEN_LISTS for layer in set(self.features.layer))

    def words(self, entry: FeatureClass) -> tuple[str, str]:
        """What is said of them in both languages; `entry` is their class."""
        return words_for(self.field_name, entry)


def silent_features(
    rules: Sequence[Rule], index: ClassIndex, on: date, *, without: Sequence[str] = ()
) -> Iterator[Silent]:
    """By subject class and field, the standing features that state neither that they are under the rules nor that they are not.

    Parameters
    ----------
    rules : judged ones
    without : layers that are not looked at
    """
    by_class: dict[str, list[Rule]] = {}
    for rule in rules:
        by_class.setdefault(rule.subject_class, []).append(rule)
    for class_id, of_class in by_class.items():
        found: dict[str, list[tuple[Rule | None, Members]]] = {}
        for name, features in not_telling(index, class_id, without=without):
            found.setdefault(name, []).append((None, features))
        members = index.members(class_id)
        members = members.take(~np.isin(members.layer.astype(str), without)) if without else members
        for rule in of_class:
            for name, mask in _left_open(rule, members):
                found.setdefault(name, []).append((rule, members.take(mask)))
        for name, parts in found.items():
            yield _joined(class_id, name, of_class, parts, index, on)


def not_telling(index: ClassIndex, class_id: str, *, without: Sequence[str] = ()) -> list[tuple[str, Members]]:
    """By field, the standing features that may be members of a class and do not state that field; kept with the index."""
    key = f"not telling {class_id} {without}"
    found: list[tuple[str, Members]] | None = index.kept.get(key)
    if found is None:
        declared = [member for member in index.rules.classes[class_id].members if member.layer not in without or _is_open_list(member)]
        found = index.kept[key] = [pair for layer in dict.fromkeys(member.layer for member in declared)
                                   for pair in _of_layer(index, layer, [member for member in declared if member.layer == layer])]  # fmt: skip
    return found


def _is_open_list(member: ClassMember) -> bool:
    """Whether features are known by a field whose codes name the concerned alone; nobody else counts its gaps."""
    return any((member.layer, name) in OPEN_LISTS for name in member.asked_fields)


def _of_layer(index: ClassIndex, layer: str, declared: Sequence[ClassMember]) -> list[tuple[str, Members]]:
    if not index.table(layer).n or not any(member.asked_fields for member in declared):
        return []
    table, features = index.table(layer).rows(index.standing_rows(layer)), index.standing(layer)
    silent: dict[str, Booleans] = {}
    is_member = np.zeros(table.n, bool)
    for member in declared:
        is_possible, is_met = np.ones(table.n, bool), np.ones(table.n, bool)
        for name, values in member.conditions:
            fits = meets(table, name, values)
            is_met &= fits
            is_possible &= fits | (_is_unstated(table, name.rstrip("<>")) if name.rstrip("<>") in member.asked_fields else False)
        is_member |= is_met
        for name in member.asked_fields:
            silent[name] = silent.get(name, np.zeros(table.n, bool)) | (is_possible & _is_unstated(table, name))
    return [(name, features.take(mask & ~is_member)) for name, mask in silent.items() if (mask & ~is_member).any()]


def _is_unstated(table: Columns, name: str) -> Booleans:
    return ~has_values(table[name], ("*",)) if name in table else np.ones(table.n, bool)


def _left_open(rule: Rule, members: Members) -> Iterator[tuple[str, Booleans]]:
    """By field, the members whose silence leaves open whether a row's own conditions cover them."""
    if not len(members):
        return
    unstated: dict[str, Booleans] = {}
    for name in STATED_CONDITIONS:
        if getattr(rule, name):
            stated = members.texts.get(name)
            unstated[name] = np.ones(len(members), bool) if stated is None else np.asarray(stated == None, bool)  # noqa: E711 (an array)
    for name, bounds in NUMBER_BOUNDS.items():
        if any(getattr(rule, bound) is not None for bound in bounds):
            unstated[name] = np.isnan(members.numbers[name])
    for name, mask in unstated.items():
        # What the others ask must be met, or be unstated too.
        is_open = mask & under_rule(_without_conditions(rule, [name]), members)
        for other in unstated:
            is_open |= mask & unstated[other] & under_rule(_without_conditions(rule, [name, other]), members)
        if is_open.any():
            yield name, is_open


def _without_conditions(rule: Rule, names: Sequence[str]) -> Rule:
    """The row as if it did not ask about some fields."""
    changed: dict[str, str | None] = {name: "" for name in names if name in STATED_CONDITIONS}
    changed |= {bound: None for name in names for bound in NUMBER_BOUNDS.get(name, ())}
    return replace(rule, **changed)  # type: ignore[arg-type]


def _joined(
    class_id: str, name: str, of_class: Sequence[Rule], parts: Sequence[tuple[Rule | None, Members]], index: ClassIndex, on: date
) -> Silent:
    """Each feature once, with the widest of the rules that it leaves open; paths as far as a rule goes along them."""
    features = joined([members for _, members in parts])
    reach_m = np.concatenate([_widest_m([rule] if rule else of_class, members, index, on) for rule, members in parts])
    widest = np.lexsort((-reach_m, features.feature_id.astype(str), features.layer.astype(str)))
    keys = np.char.add(features.layer.astype(str), np.char.add("/", features.feature_id.astype(str)))[widest]
    first = widest[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(widest) else widest
    features, reach_m = features.take(first), reach_m[first]
    if any(rule.formula == ALONG_PATH for rule in of_class):
        stretches = [first_stretch(path, metres) for path, metres in zip(features.geometry, reach_m, strict=True)]
        features = replace(features, geometry=np.array(stretches, object))
    rules = tuple(dict.fromkeys(rule for part, _ in parts for rule in ([part] if part else of_class)))
    return Silent(class_id, name, rules, features, reach_m)


def _widest_m(rules: Sequence[Rule], features: Members, index: ClassIndex, on: date) -> Floats:
    asked = [np.nan_to_num(required_distance(rule, features, index.rules, on)) for rule in rules]
    found: Floats = np.max(asked, axis=0) if len(features) else np.empty(0)
    return found


def silent_objects(
    rules: Sequence[Rule], index: ClassIndex, *, without: Sequence[str] = ()
) -> list[tuple[Rule, int, str, str]]:
    """By subject class and field, the first rule whose objects do not state the field, how many, and the words for it."""
    groups: dict[tuple[str, str], tuple[Rule, set[tuple[str, str]], tuple[str, str]]] = {}
    for rule in rules:
        if not index.members(rule.subject_class).feature_id.size:
            continue
        for name, features in not_telling(index, rule.object_class, without=without):
            words = words_for(name, index.rules.classes[rule.object_class])
            _, named, _ = groups.setdefault((rule.subject_class, name), (rule, set(), words))
            named.update(zip(features.layer, features.feature_id, strict=True))
    return [(rule, len(named), *words) for rule, named, words in groups.values()]


def words_for(field_name: str, entry: FeatureClass) -> tuple[str, str]:
    """What is said in both languages of features of a class that do not state a field."""
    zh, en = field_words((member.layer for member in entry.members), field_name)
    return f"{entry.title_zh}:未注明“{zh}”,未判定", f"{entry.title_en}: “{en}” not stated, not judged"
