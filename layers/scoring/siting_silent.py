"""A site beside features that do not state what a rule asks of them: a missing input, and the rule is not passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from shapely.geometry.base import BaseGeometry

from layers.scoring.measure import Floats, near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.reach_index import Reach, ReachIndex
from layers.scoring.rules import Rule
from layers.scoring.silent import Silent, silent_features
from layers.scoring.siting_surroundings import may_reach, missing_value, vague_reach_m
from layers.scoring.siting_terms import Findings, SiteContext
from layers.scoring.siting_unsettled import UNDECIDED_LAYERS


def silent_for_sites(rules: Sequence[Rule], context: SiteContext, index: ClassIndex, on: date) -> Iterator[Silent]:
    """The silent features of an edition, found once for the same rules; lines and roads are told as undecided ones.

    A field that no row of a layer states counts like one that a single row does not state.
    """
    for part in _parts(index):
        yield from _of_part(part, rules, index, on).entries


class _OfPart(NamedTuple):
    """What is silent about some rules in one part of an edition; the rules are kept too: an id is of one thing as long as that thing is there."""

    rules: Sequence[Rule]
    entries: tuple[Silent, ...]
    around: ReachIndex | None

    def near(self, site: BaseGeometry) -> Iterator[Silent]:
        """Those of which a feature may lie within reach of a site, in their order."""
        if self.around is None:
            return iter(self.entries)
        numbers = sorted(int(name) for name in self.around.at(site))
        return (self.entries[number] for number in numbers)


def _parts(index: ClassIndex) -> tuple[ClassIndex, ...]:
    """All features that are held, and those of layers too large to be held."""
    whole = index.whole
    is_split = any(layer not in whole.layers for layer in index.layers)
    return (whole, index) if is_split else (whole,)


def _of_part(part: ClassIndex, rules: Sequence[Rule], index: ClassIndex, on: date) -> _OfPart:
    key = f"silent {id(rules)}"
    found: _OfPart | None = part.kept.get(key)
    if found is None:
        whole = index.whole
        left_out = (*UNDECIDED_LAYERS, *(whole.layers if part is not whole else ()))
        judged = [rule for rule in rules if rule.status == "judged" and (part is whole or not _is_held(rule, whole))]
        entries = tuple(silent_features(judged, part, on, without=left_out))
        reaches = [Reach(str(number), entry.features.geometry, _reach_m(entry)) for number, entry in enumerate(entries)]
        found = part.kept[key] = _OfPart(rules, entries, None if part is index else ReachIndex(reaches))
    return found


def _is_held(rule: Rule, whole: ClassIndex) -> bool:
    """Whether all features that a rule is about are held: what is silent of them is found in `whole`."""
    return all(member.layer in whole.layers for member in whole.rules.classes[rule.subject_class].members)


def _reach_m(entry: Silent) -> Floats:
    """As far from each feature as its silence matters, metres."""
    return vague_reach_m(0.0, entry.features) + entry.reach_m


def silent_features_check(
    rules: Sequence[Rule], member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    """Silent features within reach of a site: each a missing input that names the field, and their rules are not passed."""
    site = member.geometry[0]
    for entry in (entry for part in _parts(index) for entry in _of_part(part, rules, index, on).near(site)):
        reach_m = _reach_m(entry)
        maybe = np.flatnonzero(may_reach(entry.features.geometry, site, reach_m))
        near = near_pairs(entry.features.geometry[maybe], member.geometry, reach_m=reach_m[maybe], crs=context.crs, index=member.search).subject
        if not len(near):
            continue
        words = entry.words(index.rules.classes[entry.class_id])
        found.leave_out(entry.class_id, *words)
        open_ids = {rule.rule_id for rule in entry.rules}
        found.passed[:] = [rule for rule in found.passed if rule.rule_id not in open_ids]
        if entry.closes_sites:
            chosen = maybe[near]
            missing_value(entry.features.take(chosen), entry.reach_m[chosen], words, member, context, found)
