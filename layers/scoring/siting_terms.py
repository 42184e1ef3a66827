"""The words of a siting check: what is asked, what is answered, and the four verdicts in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyproj
from shapely.geometry.base import BaseGeometry

from layers.errors import InputError
from layers.scoring.object_classes import Layers
from layers.scoring.rules import ProjectType, RuleSet

NOT_MET, NOT_ENOUGH, PERMIT, NOTHING_FOUND = 1, 2, 3, 4
VERDICTS = {
    NOT_MET: ("not_met", "筛查发现不满足项", "Does not meet, as screened"),
    NOT_ENOUGH: ("not_enough", "资料不足,未作判断", "Not enough information"),
    PERMIT: ("permit", "须办理许可或专项论证", "Permit or expert review needed"),
    NOTHING_FOUND: ("nothing_found", "已查项目未发现不满足项", "Nothing found in what was checked"),
}
DISCLAIMER_ZH = "本结果为数据筛查,依据本期数据和规则表,不属于安全评价、安全条件审查、行政许可或执法依据;以现场实测和主管部门意见为准。"
DISCLAIMER_EN = (
    "This result is a screening of the data and rule tables of this edition. It is no safety assessment, no review of "
    "conditions, no permit and no ground for enforcement; the survey on site and the responsible office decide."
)

UNDECIDED, SILENT, SPOTS, SOURCES, CONTOURS = "undecided features", "silent features", "black spots", "sources", "contours"
"""Checks that are no rule, by name: features whose data leave the row open, features that do not
state what a rule asks, spots of accidents near the access, sources of danger that
may reach the site, official contours that it may lie in."""
CONSTRUCTIONS = ("new", "extension", "temporary")


@dataclass(frozen=True)
class Project:
    """What is to be built on one part of a site.

    `n_persons`: the most persons present at one time, None when not stated. `is_new` is false for an extension of what
    stands. `has_chemicals`: chemicals and amounts of a hazardous project are stated, None where that is not asked.
    """

    project_type: str
    is_new: bool = True
    n_persons: int | None = None
    name: str = ""
    has_chemicals: bool | None = None

    def type(self, rules: RuleSet) -> ProjectType:
        """Its row of ``project_types.toml``; `InputError` for an unknown type or a negative number of persons."""
        if self.n_persons is not None and not 0 <= self.n_persons < 10_000_000:
            raise InputError("n_persons", f"{self.n_persons} is not a number of persons")
        if self.project_type not in rules.project_types:
            known = ", ".join(rules.project_types)
            raise InputError("project_type", f"unknown type {self.project_type!r}; known: {known}")
        return rules.project_types[self.project_type]


@dataclass(frozen=True)
class SiteContext:
    """What the edition knows near a site.

    layers : frames in `crs` with whatever lies within `search_radii_m` of the site
    states : for every layer of the edition ``loaded`` or ``empty``; a layer not named is missing from the edition
    boundary : outline of the area in `crs`, None when it is not to be tested
    policy : whose ``risk_zones`` count, None for all
    n_unplaced : sources of danger of the whole edition that have no position, by level; anyone of them may be near
    unstated : fields, by layer, that no row of the whole edition states; None: what `layers` holds is all there is
    kept : what a caller found once for `states` and `unstated` and wants again, whatever lies near
    """

    layers: Layers
    states: Mapping[str, str]
    crs: pyproj.CRS
    boundary: BaseGeometry | None = None
    policy: str | None = None
    jurisdiction: str = "CN"
    n_unplaced: Mapping[str, int] = field(default_factory=dict)
    unstated: frozenset[tuple[str, str]] | None = None
    kept: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def has(self, layer: str) -> bool:
        return self.states.get(layer) == "loaded"


@dataclass(frozen=True)
class Reason:
    """One reason for a verdict; `gravity` is the rank (1 worst) of the verdict it leads to.

    kind : prohibited, minimum_distance, criterion, permit_required, zone, policy, unrated_source, no_rule, missing_input
    object_* : the feature of the atlas it is about; None for what is missing
    *_m : metres; `actual_m` negative inside a risk contour
    share_of_area : part of the site's area concerned, 0 to 1, None for points
    line : shortest line from the edge the rule measures from to the site, in the metric CRS
    part : which part of the site it is about, counted from 0
    obstacle, clear_m : what the site must keep `clear_m` metres off for the reason to go away; None where no move of the
        site takes it away
    names_nearest : it is about whatever lies within some metres, and the object is but the nearest of it
    """

    kind: str
    gravity: int
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str
    rule_id: str | None = None
    object_layer: str | None = None
    object_id: str | None = None
    object_name: str | None = None
    required_m: float | None = None
    actual_m: float | None = None
    shortfall_m: float | None = None
    error_m: float | None = None
    certainty: str | None = None
    clause: str | None = None
    standard_id: str | None = None
    source_type: str | None = None
    strength: str | None = None
    is_estimated: bool = False
    share_of_area: float | None = None
    line: BaseGeometry | None = None
    part: int = 0
    obstacle: BaseGeometry | None = None
    clear_m: float = 0.0
    names_nearest: bool = False


@dataclass(frozen=True)
class NotAssessed:
    """A check that was not made, and why; `topic` is a class of the rule tables, a layer or a rule."""

    topic: str
    zh: str
    en: str


@dataclass(frozen=True)
class Passed:
    """A rule that was applied and found nothing."""

    rule_id: str
    title_zh: str
    title_en: str


@dataclass(frozen=True)
class SiteVerdict:
    """The answer: the worst reason decides; ties keep the order worst certainty, largest shortfall."""

    id: str
    rank: int
    title_zh: str
    title_en: str
    reasons: tuple[Reason, ...]
    not_assessed: tuple[NotAssessed, ...]
    passed: tuple[Passed, ...]
    rules_version: str
    disclaimer_zh: str = DISCLAIMER_ZH
    disclaimer_en: str = DISCLAIMER_EN

    @property
    def no_rule(self) -> tuple[Reason, ...]:
        """The reasons that say "no rule"."""
        return tuple(reason for reason in self.reasons if reason.kind == "no_rule")


@dataclass
class Findings:
    """What the checks of one site have found so far."""

    reasons: list[Reason] = field(default_factory=list)
    not_assessed: dict[tuple[str, str], NotAssessed] = field(default_factory=dict)
    passed: list[Passed] = field(default_factory=list)

    def leave_out(self, topic: str, zh: str, en: str) -> None:
        """Note a check that is not made, once."""
        self.not_assessed.setdefault((topic, zh), NotAssessed(topic, zh, en))
