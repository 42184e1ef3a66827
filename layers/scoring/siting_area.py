"""Where a kind of project could go: the check of a site, made for all cells or parcels of a county at once.

The functions that judge one site judge all cells here, with the cells as the objects of each rule; so a cell's answer is
the answer of the single check of that cell. Nothing is told of a cell but its rank and the causes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.contours import Contours, contour_findings, valid_contours
from layers.scoring.measure import Floats, Geometries, Integers, SearchIndex, near_pairs
from layers.scoring.nearby import CountyLayers
from layers.scoring.object_classes import ClassIndex, Members, proposals
from layers.scoring.rules import ProjectType, Rule, RuleSet
from layers.scoring.separation import DENSE_AREA, apply_rule, is_placed_well, under_rule
from layers.scoring.separation import Findings as RuleFindings
from layers.scoring.siting_checks import (
    CORE_LAYERS,
    held_against,
    role_of,
    target_ranks,
)
from layers.scoring.siting_place import (
    SCREENING_WORDS,
    ZONE_LEVELS,
    ZONE_WORDS,
    has_zones,
    zones_at,
)
from layers.scoring.siting_project import (
    MANUAL,
    NO_CHEMICALS,
    OWED,
    chemical_parks,
    endangered_objects,
    owed_reach_m,
    owed_rules,
)
from layers.scoring.siting_reasons import gravity_of
from layers.scoring.siting_services import (
    CHEMICAL_PROJECT,
    access_spots,
    late_sites,
    needs_timely_service,
    river_pairs,
    screened_class,
    screening_contours,
    service_rules,
    touched,
)
from layers.scoring.siting_surroundings import (
    cover_states,
    sources_of,
)
from layers.scoring.siting_silent import silent_for_sites
from layers.scoring.siting_terms import (
    NOT_ENOUGH,
    NOTHING_FOUND,
    PERMIT,
    Project,
    SiteContext,
)
from layers.scoring.siting_unsettled import (
    code_reach_m,
    sends_to_codes,
    undecided_features,
)
from layers.scoring.siting_zones import zone_pairs

OFFSET_SHARE = 0.37
"""Cells are off the round metres by this share of a cell: zones are drawn on round metres, and an edge on an edge is chance."""
SIMPLER_BY_M = 10.0
"""Objects may lose as much of their shape where it is taken off the reach again."""
MOST_PAIRS = 500_000
"""So many pairs of a feature and a cell near it are listed, some 700 bytes each."""
MOST_SHRINK = 1e-3
"""More than a transverse Mercator makes anything smaller, as a share."""
Step = Callable[[str, str, int, int], None]
"""Told before each step: words in Chinese and English, how many steps are done, how many there are."""


@dataclass(frozen=True)
class Cause:
    """One cause that closes cells, with the rank of the verdict that it leads to."""

    gravity: int
    kind: str
    title_zh: str
    title_en: str
    rule_id: str | None = None
    clause: str | None = None


@dataclass
class AreaAnswer:
    """For n cells: `rank` of the verdict of each (1 worst, 4 nothing found), and the cells of every cause."""

    cells: Geometries
    rank: NDArray[np.int8]
    causes: dict[Cause, NDArray[np.bool_]] = field(default_factory=dict)

    def close(self, cause: Cause, at: Integers | NDArray[np.bool_]) -> None:
        """Note that some cells have a cause."""
        mask = self.causes.get(cause)
        if mask is None:
            mask = self.causes[cause] = np.zeros(len(self.cells), bool)
        mask[at] = True
        self.rank[mask] = np.minimum(self.rank[mask], cause.gravity)

    @property
    def free(self) -> NDArray[np.bool_]:
        """Cells where the check finds nothing."""
        return np.asarray(self.rank == NOTHING_FOUND, bool)

    def main_causes(self) -> tuple[list[Cause], Integers]:
        """Causes by gravity and number of cells, and the first of them that each cell has (-1 where it is free)."""
        order = sorted(
            (cause for cause, mask in self.causes.items() if mask.any()),
            key=lambda cause: (cause.gravity, -int(self.causes[cause].sum()), cause.rule_id or "", cause.title_zh),
        )
        main = np.full(len(self.cells), -1, np.intp)
        for number, cause in enumerate(order):
            main[(main < 0) & self.causes[cause]] = number
        return order, main


def patches(cells: Geometries, *, least_m2: float = 0.0) -> Geometries:
    """Cells joined to polygons where they share an edge, without those smaller than `least_m2`, largest first."""
    if not len(cells):
        return np.empty(0, object)
    parts: Geometries = shapely.get_parts(shapely.coverage_union_all(cells))
    area_m2 = shapely.area(parts)
    # Sums of squares are off by less than a square millimetre.
    order = np.argsort(-area_m2, kind="stable")
    chosen: Geometries = parts[order][area_m2[order] >= least_m2 - 1e-3]
    return chosen


def grid_cells(outline: BaseGeometry, cell_m: float) -> tuple[Geometries, NDArray[np.intp]]:
    """Square cells that lie whole inside an outline, and their row (from the south) and column, shape (n, 2)."""
    west, south, _, _ = outline.bounds
    first_x = (np.floor(west / cell_m) + OFFSET_SHARE) * cell_m
    first_y = (np.floor(south / cell_m) + OFFSET_SHARE) * cell_m
    origin = np.array([first_x, first_y, first_x, first_y])
    # The box around islands far off holds a sea of cells; those around each of them hold few.
    spans = np.floor((shapely.bounds(shapely.get_parts(outline)) - origin) / cell_m).astype(np.intp)
    at = np.unique(np.concatenate([_span(*span) for span in spans.tolist()]), axis=0)
    x, y = first_x + at[:, 1] * cell_m, first_y + at[:, 0] * cell_m
    cells = shapely.box(x, y, x + cell_m, y + cell_m)
    inside = np.zeros(len(cells), bool)
    inside[shapely.STRtree(cells).query(outline, predicate="covers")] = True
    return cells[inside], at[inside]


def _span(west: int, south: int, east: int, north: int) -> NDArray[np.intp]:
    """Rows and columns of the cells of a box, shape (n, 2)."""
    rows, columns = np.arange(max(south, 0), north + 1), np.arange(max(west, 0), east + 1)
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def cells_near(search: SearchIndex, geometries: Geometries, reach_m: Floats, crs: pyproj.CRS) -> NDArray[np.bool_]:
    """Which cells of an index lie within reach of some geometry (metres, one a geometry).

    Pairs are listed where they are few: of hundreds of lines, each kilometres wide, they would fill the memory.
    """
    if _pairs_at_most(search.geometries, geometries, reach_m) > MOST_PAIRS:
        return within_of_any(search.geometries, geometries, reach_m, crs)
    found = np.zeros(len(search.geometries), bool)
    found[near_pairs(geometries, search.geometries, reach_m=reach_m, crs=crs, index=search).object] = True
    return found


def _pairs_at_most(cells: Geometries, geometries: Geometries, reach_m: Floats) -> float:
    """About how many pairs of a geometry and a cell within its reach there are: the ground around each, in cells, and no more than all."""
    if not len(cells) or not len(geometries):
        return 0.0
    around_m2 = shapely.area(geometries) + 2 * shapely.length(geometries) * reach_m + np.pi * reach_m**2
    return float(np.minimum(np.nan_to_num(around_m2) / shapely.area(cells).mean(), len(cells)).sum())


def within_of_any(cells: Geometries, objects: Geometries, reach_m: Floats, crs: pyproj.CRS) -> NDArray[np.bool_]:
    """As `cells_near`: the ground around the objects settles most of a wide reach, the rest is measured."""
    sure_m = reach_m * (1.0 - MOST_SHRINK) - SIMPLER_BY_M
    wide = sure_m > 0
    ground = shapely.union_all(shapely.buffer(shapely.simplify(objects[wide], SIMPLER_BY_M), sure_m[wide]))
    found = touched(np.array([ground], object), shapely.point_on_surface(cells))
    rest = np.flatnonzero(~found)
    found[rest[near_pairs(objects, cells[rest], reach_m=reach_m, crs=crs).object]] = True
    return found


def judge_cells(
    cells: Geometries, *, project: Project, context: SiteContext, rules: RuleSet, on: date, step: Step | None = None
) -> AreaAnswer:
    """What `check_site` would answer for every one of some cells of equal size.

    Parameters
    ----------
    cells : polygons in `context.crs`, inside the area
    context : with all features of the county in its layers
    step : told what is being done; may raise to end it
    """
    kind = project.type(rules)
    answer = AreaAnswer(cells, np.full(len(cells), NOTHING_FOUND, np.int8))
    if not len(cells):
        return answer
    index = county_index(context, rules, on)
    county = _County(project, kind, context, index, rules, on, _members(cells, project, kind, index), SearchIndex(cells))
    steps = (_missing, _rules, _undecided, _zones, _areas, _services, _sources, _own)
    for number, check in enumerate(steps):
        if step is not None:
            step(*STEP_WORDS[check.__name__], number, len(steps))
        check(county, answer)
    return answer


def county_index(context: SiteContext, rules: RuleSet, on: date) -> ClassIndex:
    """The index of all features: that of the edition where one is kept."""
    layers = context.layers
    if isinstance(layers, CountyLayers) and layers.index.on == on:
        return layers.index
    return ClassIndex(layers, rules, crs=context.crs, on=on)


STEP_WORDS = {
    "_missing": ("读取图层", "reading layers"), "_rules": ("距离规则", "distance rules"), "_undecided": ("资料不全的线路", "lines with data missing"),
    "_zones": ("风险区和等值线", "zones and contours"), "_areas": ("保护区和规划", "protected areas and plans"), "_services": ("消防和出入口", "fire service and access"),
    "_sources": ("风险源", "sources of danger"), "_own": ("项目自身", "the project itself"),
}  # fmt: skip


@dataclass(frozen=True)
class _County:
    """What the steps work with."""

    project: Project
    kind: ProjectType
    context: SiteContext
    index: ClassIndex
    rules: RuleSet
    on: date
    cells: Members
    search: SearchIndex

    @property
    def in_force(self) -> tuple[Rule, ...]:
        return self.rules.in_force(self.on, self.context.jurisdiction, "siting")

    def near(self, geometries: Geometries, reach_m: Floats) -> NDArray[np.bool_]:
        """Cells within reach of some geometries."""
        return cells_near(self.search, geometries, reach_m, self.context.crs)


def _members(cells: Geometries, project: Project, kind: ProjectType, index: ClassIndex) -> Members:
    """The cells as proposals; cells of one size have one class."""
    areas = np.round(shapely.area(cells), 3)
    sizes, of_size = np.unique(areas, return_inverse=True)
    first = np.array([cells[np.argmax(of_size == number)] for number in range(len(sizes))], object)
    ranks = np.array([target_ranks(cell, project, kind, index) for cell in first], np.intp)[np.ravel(of_size)]
    return proposals(cells, ranks)


def _missing(county: _County, answer: AreaAnswer) -> None:
    for layer, zh, en in CORE_LAYERS:
        if not county.context.has(layer):
            answer.close(Cause(NOT_ENOUGH, "missing_input", f"缺少图层: {zh}", f"Missing layer: {en}"), np.arange(len(answer.cells)))


def _rules(county: _County, answer: AreaAnswer) -> None:
    contours, _ = valid_contours(county.index, county.on)
    for rule in county.in_force:
        role = role_of(rule, county.project, county.kind)
        if role in ("object", "review") and rule.formula == "risk_contour":
            _contours(rule, role, contours, county, answer)
        elif role and role != "own" and rule.status == "judged":
            _distances(rule, role, county, answer)
        elif role and rule.status == "not_assessed" and sends_to_codes(rule):
            subjects = county.index.members(rule.subject_class)
            near = county.near(subjects.geometry, np.full(len(subjects), code_reach_m(county.rules)))
            answer.close(_cause(rule, PERMIT), near)


def _cause(rule: Rule, gravity: int) -> Cause:
    return Cause(gravity, rule.kind, rule.title_zh, rule.title_en, rule.rule_id, rule.clause)


def _distances(rule: Rule, role: str, county: _County, answer: AreaAnswer) -> None:
    subjects = county.index.members(rule.subject_class)
    if not len(subjects):
        return
    vague = subjects.take(under_rule(rule, subjects) & ~is_placed_well(subjects))
    if len(vague):
        _lacking(county, vague, rule.distance_m or 0.0, ("位置误差过大", "position too coarse"), answer)
    findings = apply_rule(
        rule, subjects, county.cells, rules=county.rules, on=county.on, crs=county.context.crs, index=county.search
    )
    in_plant = np.zeros(len(answer.cells), bool)
    if rule.area_kind in ("general", DENSE_AREA) and len(findings):
        in_plant = touched(_geometries(county, "park_boundaries"), answer.cells)
    if rule.area_kind == DENSE_AREA:
        findings, in_plant = findings.take(in_plant[findings.object]), np.zeros(len(answer.cells), bool)
    for gravity, chosen in _gravities(rule, role, findings, in_plant):
        answer.close(_cause(rule, gravity), chosen)


def _geometries(county: _County, layer: str) -> Geometries:
    table = county.index.table(layer)
    return table["geometry"] if "geometry" in table else np.empty(0, object)


def _gravities(
    rule: Rule, role: str, findings: RuleFindings, in_plant: NDArray[np.bool_]
) -> Iterator[tuple[int, Integers]]:
    """Cells of the findings by the gravity of each; in plants the zone may be narrower."""
    grave = findings.is_certain & ~in_plant[findings.object]
    for is_certain, chosen in ((True, grave), (False, ~grave)):
        if chosen.any():
            yield gravity_of(rule, role, is_certain=is_certain), findings.object[chosen]


def _contours(rule: Rule, role: str, contours: Contours, county: _County, answer: AreaAnswer) -> None:
    if not county.context.has("official_contours"):
        return
    cells = county.cells
    findings = contour_findings(rule, contours, cells, county.index)
    nowhere = np.zeros(len(cells), bool)
    for gravity, chosen in _gravities(rule, role, findings, nowhere):
        answer.close(_cause(rule, gravity), chosen)
    open_class = cells.strictest != cells.mildest
    open_class[findings.object] = False
    if open_class.any():
        at = np.flatnonzero(open_class)
        doubtful = cells.take(at)
        doubtful.mildest[:] = doubtful.strictest
        maybe = contour_findings(rule, contours, doubtful, county.index)
        for gravity, chosen in _gravities(rule, "review", maybe, nowhere[at]):
            answer.close(_cause(rule, gravity), at[chosen])


def _lacking(county: _County, features: Members, reach_m: float | Floats, words: tuple[str, str], answer: AreaAnswer) -> None:
    """Features within reach whose data leave a rule open."""
    if len(features):
        reach = reach_m + np.nan_to_num(features.numbers["outer_offset_m"]) + features.accuracy_m
        answer.close(Cause(NOT_ENOUGH, "missing_input", *words), county.near(features.geometry, reach))


def _undecided(county: _County, answer: AreaAnswer) -> None:
    for features, reach_m, words in undecided_features(county.context, county.index, county.on):
        _lacking(county, features, reach_m, words, answer)
    rules = held_against(county.in_force, county.project, county.kind, county.rules)
    for entry in silent_for_sites(rules, county.context, county.index, county.on):
        if entry.closes_sites:
            words = entry.words(county.rules.classes[entry.class_id])
            _lacking(county, entry.features, entry.reach_m, words, answer)


def _zones(county: _County, answer: AreaAnswer) -> None:
    context, index = county.context, county.index
    for levels, gravity, kind in ZONE_LEVELS:
        for level in levels:
            rows = zones_at(context, index, (level,)) if has_zones(context) else np.empty(0, np.intp)
            areas = index.table("risk_zones")["geometry"][rows] if len(rows) else np.empty(0, object)
            answer.close(Cause(gravity, kind, *ZONE_WORDS[level][:2]), touched(areas, answer.cells))
    if not context.has("individual_risk"):
        return
    ranks = county.cells.strictest
    for rule in county.in_force:
        screened = [rank for rank in np.unique(ranks) if screened_class(rule, int(rank))]
        rows = screening_contours(index, rule) if screened else np.empty(0, np.intp)
        if len(rows):
            inside = touched(index.table("individual_risk")["geometry"][rows], answer.cells) & np.isin(ranks, screened)
            answer.close(Cause(PERMIT, "criterion", *SCREENING_WORDS, rule.rule_id, rule.clause), inside)


def _areas(county: _County, answer: AreaAnswer) -> None:
    """Protected and planned areas that a person must judge."""
    for zone, areas in zone_pairs(county.kind, county.context, county.index, county.on):
        answer.close(Cause(PERMIT, "policy", zone.title_zh, zone.title_en), county.near(areas.geometry, areas.accuracy_m))


def _services(county: _County, answer: AreaAnswer) -> None:
    rules = service_rules()
    if county.context.has("fire_cover") and needs_timely_service(county.kind):
        rule = rules["late_fire_service"]
        late, _ = late_sites(county.index, answer.cells)
        answer.close(Cause(PERMIT, "service", rule.title_zh, rule.title_en, rule.rule_id, rule.clause), late)
    if county.context.has("black_spots") or county.context.has("road_black_spots"):
        rule = rules["black_spot"]
        _, pairs, _ = access_spots(county.index, answer.cells)
        answer.close(Cause(PERMIT, "service", rule.title_zh, rule.title_en, rule.rule_id, rule.clause), pairs.object)


def _sources(county: _County, answer: AreaAnswer) -> None:
    """Unrated sources, coarse ones, ones without a rule or figure, each as far as it reaches."""
    if not county.context.has("risk_points"):
        return
    sources = sources_of(county.index)
    contours, _ = valid_contours(county.index, county.on)
    states = np.array(cover_states(sources, county.kind, contours, county.context, county.index, county.on), object)
    states[sources.error_m > sources.reach_m] = "coarse"
    states[sources.level == "unrated"] = "unrated"
    for state, (kind, zh, en) in SOURCE_CAUSES.items():
        chosen = sources.take(states == state)
        if len(chosen):
            answer.close(Cause(NOT_ENOUGH, kind, zh, en), county.near(chosen.geometry, chosen.reach_m + chosen.error_m))


SOURCE_CAUSES = {
    "unrated": ("unrated_source", "附近有未评级风险源", "An unrated source nearby"),
    "coarse": ("missing_input", "风险源位置不准", "Position of a source too coarse"),
    "no_rule": ("no_rule", "无规则", "No rule"),
    "missing_input": ("missing_input", "规则不给米数或缺资料", "The rule gives no metres or lacks data"),
}


def _own(county: _County, answer: AreaAnswer) -> None:
    """What the project brings along: its park, river banks, those it endangers."""
    kind, everywhere = county.kind, np.arange(len(answer.cells))
    if kind.is_manual:
        answer.close(Cause(NOT_ENOUGH, "missing_input", *MANUAL[:2]), everywhere)
    if CHEMICAL_PROJECT in kind.object_classes:
        if county.context.has("park_boundaries"):
            inside = np.zeros(len(everywhere), bool)
            inside[county.search.tree.query(chemical_parks(county.index), predicate="covers")] = True
            answer.close(Cause(PERMIT, "policy", "不在化工园区内", "Outside every chemical park"), ~inside)
    rule, _, pairs = river_pairs(county.index, kind, answer.cells, county.in_force)
    if rule is not None and county.context.has("water"):
        answer.close(_cause(rule, PERMIT), pairs.object)
    if kind.is_hazardous and kind.asks_amounts and county.project.has_chemicals is False:
        answer.close(Cause(NOT_ENOUGH, "missing_input", *NO_CHEMICALS[:2]), everywhere)
    for objects in endangered_objects(kind, county.context, county.index) if kind.is_hazardous else []:
        words = "本项目对周边的距离未作判断", "Distances owed by the project itself not judged"
        near = county.near(objects.geometry, np.full(len(objects), kind.screening_radius_m))
        answer.close(Cause(NOT_ENOUGH, "missing_input", *words), near)
    for owed in owed_rules(county.project, kind, county.in_force, county.rules) if kind.is_hazardous else ():
        objects = county.index.members(owed.object_class)
        answer.close(Cause(NOT_ENOUGH, "missing_input", *OWED, owed.rule_id, owed.clause), county.near(objects.geometry, owed_reach_m(owed, objects)))
