"""Which checks may find anything at a site, told by one look at the county: most have nothing near most sites.

What is told holds too much and never too little: a check that is not named finds nothing, one that is named is made in full.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date

import numpy as np
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError
from layers.scoring.contours import valid_contours
from layers.scoring.measure import Floats
from layers.scoring.nearby import CountyIndex, NearIndex
from layers.scoring.object_classes import ClassIndex, Members, joined, no_members
from layers.scoring.reach_index import Reach, ReachIndex
from layers.scoring.rules import Rule
from layers.scoring.separation import is_placed_well, line_zone_reach, search_reach, under_rule, without_sway
from layers.scoring.siting_project import owed_name, owed_reach_m, owed_rules
from layers.scoring.siting_services import SPOT_LAYERS, every_row, spots_reach_m
from layers.scoring.siting_silent import silent_for_sites
from layers.scoring.siting_surroundings import sources_of, vague_reach_m
from layers.scoring.siting_terms import (
    CONTOURS,
    SILENT,
    SOURCES,
    SPOTS,
    UNDECIDED,
    Project,
    SiteContext,
)
from layers.scoring.siting_unsettled import (
    UNDECIDED_LAYERS,
    code_reach_m,
    sends_to_codes,
    undecided_features,
)


class Everything(Container[str]):
    """Every check: nothing is known beforehand."""

    def __contains__(self, check: object) -> bool:
        return True


EVERYTHING = Everything()
LAYERS_OF_OTHERS = {
    UNDECIDED: UNDECIDED_LAYERS, SPOTS: SPOT_LAYERS, SOURCES: ("risk_points",), CONTOURS: ("official_contours",),
}  # fmt: skip
"""What the checks that are no rule look at."""


def checks_at(site: BaseGeometry, context: SiteContext, index: ClassIndex) -> Container[str]:
    """Names of the checks to be made at a site: ids of rules and `LAYERS_OF_OTHERS`; all where no county is prepared."""
    if not isinstance(index, NearIndex):
        return EVERYTHING
    county, key = index.near_layers.county, f"reach of checks {context.jurisdiction}"
    found: ReachIndex | None = county.kept.get(key)
    if found is None:
        found = county.kept[key] = _reach_index(county, context, index.near_layers.large)
    return found.at(site)


def _reach_index(county: CountyIndex, context: SiteContext, large: frozenset[str]) -> ReachIndex:
    """What is looked at in a county, once; checks about layers that are too large to be held are always made."""
    if county.on is None:
        raise InputError("on", "a county is looked at on a day")
    in_force = [rule for rule in county.rules.in_force(county.on, context.jurisdiction, "siting") if _has_reach(rule)]
    unknown = {rule.rule_id for rule in in_force if not large.isdisjoint(_layers_of(rule, county))}
    if any(not large.isdisjoint(_layers_of(rule, county)) for rule in in_force):
        unknown.add(SILENT)
    owed = _owed(county, context, county.on)
    unknown |= {owed_name(rule) for rule in owed if not large.isdisjoint(_layers_of_class(rule.object_class, county))}
    unknown |= {name for name, layers in LAYERS_OF_OTHERS.items() if not large.isdisjoint(layers)}
    known = [rule for rule in in_force if rule.rule_id not in unknown]
    others = [*_of_others(county, context, county.on), *_of_owed(owed, county)]
    reaches = [*_of_rules(known, county, county.on), *(entry for entry in others if entry.check not in unknown)]
    return ReachIndex(reaches, frozenset(unknown))


def _has_reach(rule: Rule) -> bool:
    return (rule.status == "judged" and rule.formula != "risk_contour") or (rule.status == "not_assessed" and sends_to_codes(rule))


def _layers_of(rule: Rule, county: CountyIndex) -> set[str]:
    return _layers_of_class(rule.subject_class, county)


def _layers_of_class(class_id: str, county: CountyIndex) -> set[str]:
    return {member.layer for member in county.rules.classes[class_id].members}


def _owed(county: CountyIndex, context: SiteContext, on: date) -> tuple[Rule, ...]:
    """The rules that dangerous projects of any kind, new or not, are asked to keep away by."""
    in_force = county.rules.in_force(on, context.jurisdiction, "siting")
    kinds = [(Project(kind.id, is_new=is_new), kind) for kind in county.rules.project_types.values() for is_new in (True, False)]
    owed = [rule for project, kind in kinds if kind.is_hazardous for rule in owed_rules(project, kind, in_force, county.rules)]
    return tuple({rule.rule_id: rule for rule in owed}.values())


def _of_owed(owed: Iterable[Rule], county: CountyIndex) -> Iterator[Reach]:
    for rule in owed:
        objects = county.possible_members(rule.object_class)
        yield Reach(owed_name(rule), objects.geometry, owed_reach_m(rule, objects))


def _of_rules(rules: Iterable[Rule], county: CountyIndex, on: date) -> Iterator[Reach]:
    members = {class_id: county.possible_members(class_id) for class_id in {rule.subject_class for rule in rules}}
    for rule in rules:
        subjects = members[rule.subject_class]
        if rule.status == "judged":
            yield Reach(rule.rule_id, subjects.geometry, _rule_reach_m(rule, subjects, county, on))
        else:
            yield Reach(rule.rule_id, subjects.geometry, np.full(len(subjects), code_reach_m(county.rules)))


def _rule_reach_m(rule: Rule, subjects: Members, county: CountyIndex, on: date) -> Floats:
    """As far from each subject a site without error may fall short of a rule, or be told that the subject is placed badly."""
    covered, is_well = under_rule(rule, subjects), is_placed_well(subjects)
    reach_m = np.full(len(subjects), -1.0)
    well, vague = np.flatnonzero(covered & is_well), np.flatnonzero(covered & ~is_well)
    reach_m[well] = search_reach(rule, subjects.take(well), no_members(), county.rules, on)[0]
    reach_m[vague] = vague_reach_m(rule.distance_m or 0.0, subjects.take(vague))
    swaying = np.flatnonzero(without_sway(rule, subjects))
    if len(swaying):
        reach_m[swaying] = line_zone_reach(rule, subjects.take(swaying), county.rules, on)
    return reach_m


def _of_others(county: CountyIndex, context: SiteContext, on: date) -> Iterator[Reach]:
    for features, widest_m, _ in undecided_features(context, county, on):
        yield Reach(UNDECIDED, features.geometry, vague_reach_m(widest_m, features))
    in_force = [rule for rule in county.rules.in_force(on, context.jurisdiction, "siting") if rule.formula != "risk_contour"]
    for entry in silent_for_sites(in_force, context, county, on):
        yield Reach(SILENT, entry.features.geometry, vague_reach_m(0.0, entry.features) + entry.reach_m)
    spots = joined([county.placed(name, "placed", every_row)[0] for name in SPOT_LAYERS if name in county.layers])
    yield Reach(SPOTS, spots.geometry, np.full(len(spots), spots_reach_m()))
    sources, contours = sources_of(county), valid_contours(county, on)[0].members
    yield Reach(SOURCES, sources.geometry, sources.reach_m + sources.error_m)
    yield Reach(CONTOURS, contours.geometry, contours.accuracy_m)
