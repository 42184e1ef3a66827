"""A site beside features that do not state what a rule asks of them: a missing input, and the rule is not passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from layers.scoring.measure import near_pairs
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import Rule
from layers.scoring.silent import Silent, silent_features
from layers.scoring.siting_surroundings import missing_value, vague_reach_m
from layers.scoring.siting_terms import Findings, SiteContext
from layers.scoring.siting_unsettled import UNDECIDED_LAYERS


def silent_for_sites(rules: Sequence[Rule], context: SiteContext, index: ClassIndex, on: date) -> Iterator[Silent]:
    """The silent features of an edition, found once for the same rules; lines and roads are told as undecided ones.

    A field that no row of a layer states counts like one that a single row does not state.
    """
    whole = index.whole
    is_split = any(layer not in whole.layers for layer in index.layers)
    for part in (whole, index) if is_split else (whole,):
        key = f"silent {id(rules)}"
        if key not in part.kept:
            left_out = (*UNDECIDED_LAYERS, *(whole.layers if part is not whole else ()))
            judged = [rule for rule in rules if rule.status == "judged"]
            # The rules are kept too: an id is of one thing as long as that thing is there.
            part.kept[key] = rules, list(silent_features(judged, part, on, without=left_out))
        yield from part.kept[key][1]


def silent_features_check(
    rules: Sequence[Rule], member: Members, context: SiteContext, index: ClassIndex, on: date, found: Findings
) -> None:
    """Silent features within reach of a site: each a missing input that names the field, and their rules are not passed."""
    for entry in silent_for_sites(rules, context, index, on):
        reach_m = vague_reach_m(0.0, entry.features) + entry.reach_m
        near = near_pairs(entry.features.geometry, member.geometry, reach_m=reach_m, crs=context.crs).subject
        if not len(near):
            continue
        words = entry.words(index.rules.classes[entry.class_id])
        found.leave_out(entry.class_id, *words)
        open_ids = {rule.rule_id for rule in entry.rules}
        found.passed[:] = [rule for rule in found.passed if rule.rule_id not in open_ids]
        if entry.closes_sites:
            for at in near:
                missing_value(entry.features.take([at]), float(entry.reach_m[at]), words, member, context, found)
