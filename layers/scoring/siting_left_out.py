"""What the check of a site leaves out at one place and not at another, told of many sites at once.

What a whole edition lacks is said at every site alike; `left_out_of_cells` tells the rest, each with the sites that it is said of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.scoring.contours import is_unused, is_valid_on, valid_contours
from layers.scoring.measure import Geometries, SearchIndex, near_pairs
from layers.scoring.object_classes import ClassIndex
from layers.scoring.rules import ProjectType, Rule
from layers.scoring.separation import DENSE_AREA, line_zone_reach, without_sway
from layers.scoring.siting_area import cells_near
from layers.scoring.siting_checks import OLD_CONTOURS, OLD_DISTANCES, held_against, role_of
from layers.scoring.siting_contours import NO_VALID_CONTOUR
from layers.scoring.siting_distances import NO_SWAY, lacking
from layers.scoring.siting_place import NO_TIME, no_road_words
from layers.scoring.siting_services import SPOT_LAYERS, access_spots, late_sites, needs_timely_service, touched
from layers.scoring.siting_silent import silent_for_sites
from layers.scoring.siting_surroundings import sources_of, vague_reach_m
from layers.scoring.siting_terms import NotAssessed, Project, SiteContext
from layers.scoring.siting_zones import OTHER_PLANS, PLAN, is_in_force

Booleans = NDArray[np.bool_]
Said = tuple[NotAssessed, Booleans]


@dataclass(frozen=True)
class _Asked:
    """What is asked: `around_m` tells how far around a site the single check is handed each layer, metres."""

    cells: Geometries
    project: Project
    kind: ProjectType
    context: SiteContext
    index: ClassIndex
    on: date
    around_m: Mapping[str, float]
    search: SearchIndex

    @property
    def in_force(self) -> tuple[Rule, ...]:
        return self.index.rules.in_force(self.on, self.context.jurisdiction, "siting")

    def beside(self, layer: str, chosen: Booleans) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pairs of a chosen row of a layer and a cell whose check is handed that row."""
        rows = np.flatnonzero(chosen & ~shapely.is_missing(self.index.table(layer)["geometry"]))
        west, south, east, north = shapely.bounds(self.index.table(layer)["geometry"][rows]).T
        m = self.around_m.get(layer, 0.0)
        row, cell = self.search.tree.query(shapely.box(west - m, south - m, east + m, north + m))
        return rows[row], cell

    def mask(self, at: NDArray[np.intp]) -> Booleans:
        found = np.zeros(len(self.cells), bool)
        found[at] = True
        return found


def left_out_of_cells(
    cells: Geometries, *, project: Project, context: SiteContext, index: ClassIndex, on: date, around_m: Mapping[str, float]
) -> dict[NotAssessed, Booleans]:
    """What single checks of some cells leave out for what lies there, and the cells where they do.

    Parameters
    ----------
    cells : upright squares or other polygons in `context.crs`; of the latter the box decides what lies beside them
    index : of all features of the county
    around_m : how far around a site each layer is handed to the single check (`search_radii_m`), metres
    """
    kind = project.type(index.rules)
    asked = _Asked(cells, project, kind, context, index, on, around_m, SearchIndex(cells))
    found: dict[NotAssessed, Booleans] = {}
    for check in (_contours, _old_reports, _sway, _silent, _services, _plans) if len(cells) else ():
        for said, mask in check(asked):
            if mask.any():
                found[said] = found.get(said, False) | mask
    return found


def _contours(asked: _Asked) -> Iterator[Said]:
    """Cells that sources of some enterprise may reach, none of which has a valid contour nearby."""
    roles = {role_of(rule, asked.project, asked.kind) for rule in asked.in_force if rule.formula == "risk_contour"}
    if roles.isdisjoint(("object", "review")) or not asked.context.has("official_contours") or not asked.context.has("risk_points"):
        return
    sources = sources_of(asked.index)
    sources = sources.take(np.array([owner is not None for owner in sources.enterprise_id], bool))
    reach_m = sources.reach_m + sources.error_m
    is_left_out, table = cells_near(asked.search, sources.geometry, reach_m, asked.context.crs), asked.index.table("official_contours")
    if table.n:
        row, cell = asked.beside("official_contours", is_valid_on(table, asked.on))
        owning = np.isin(sources.enterprise_id.astype(str), table["enterprise_id"].astype(str))
        sources, reach_m = sources.take(owning), reach_m[owning]
        pairs = near_pairs(sources.geometry, asked.cells, reach_m=reach_m, crs=asked.context.crs, index=asked.search)
        reached = set(zip(sources.enterprise_id[pairs.subject].tolist(), pairs.object.tolist(), strict=True))
        held = [at for owner, at in zip(table["enterprise_id"][row].tolist(), cell.tolist(), strict=True) if (owner, at) in reached]
        is_left_out[np.array(held, np.intp)] = False
        contours = valid_contours(asked.index, asked.on)[0].members
        is_left_out[asked.search.tree.query(contours.geometry, predicate="dwithin", distance=contours.accuracy_m)[1]] = False
    yield NotAssessed("official_contours", *NO_VALID_CONTOUR), is_left_out


def _old_reports(asked: _Asked) -> Iterator[Said]:
    contours, distances = asked.index.table("official_contours"), asked.index.table("official_distances")
    if contours.n:
        yield NotAssessed("official_contours", *OLD_CONTOURS), asked.mask(asked.beside("official_contours", ~is_valid_on(contours, asked.on))[1])
    if distances.n:
        yield NotAssessed("official_distances", *OLD_DISTANCES), asked.mask(asked.beside("official_distances", is_unused(distances, asked.on))[1])


def _sway(asked: _Asked) -> Iterator[Said]:
    """Cells in plants beside lines that do not state how far they sway."""
    rules = held_against(asked.in_force, asked.project, asked.kind, asked.index.rules)
    parks = asked.index.table("park_boundaries")
    if not parks.n:
        return
    for rule in (rule for rule in rules if rule.area_kind == DENSE_AREA and lacking(rule, asked.context, asked.index) is None):
        lines = asked.index.members(rule.subject_class)
        lines = lines.take(without_sway(rule, lines))
        reach_m = line_zone_reach(rule, lines, asked.index.rules, asked.on)
        near = cells_near(asked.search, lines.geometry, reach_m, asked.context.crs)
        yield NotAssessed(rule.subject_class, *NO_SWAY), near & touched(parks["geometry"], asked.cells)


def _silent(asked: _Asked) -> Iterator[Said]:
    rules = held_against(asked.in_force, asked.project, asked.kind, asked.index.rules)
    for entry in silent_for_sites(rules, asked.context, asked.index, asked.on):
        reach_m = vague_reach_m(0.0, entry.features) + entry.reach_m
        words = entry.words(asked.index.rules.classes[entry.class_id])
        yield NotAssessed(entry.class_id, *words), cells_near(asked.search, entry.features.geometry, reach_m, asked.context.crs)


def _services(asked: _Asked) -> Iterator[Said]:
    if asked.context.has("fire_cover") and needs_timely_service(asked.kind):
        yield NotAssessed("fire_cover", *NO_TIME), late_sites(asked.index, asked.cells)[1]
    if any(asked.context.has(layer) for layer in SPOT_LAYERS):
        yield NotAssessed("access", *no_road_words()), access_spots(asked.index, asked.cells)[2]


def _plans(asked: _Asked) -> Iterator[Said]:
    plans = asked.index.table(PLAN.layer)
    if asked.context.has(PLAN.layer) and plans.n:
        yield NotAssessed(PLAN.layer, *OTHER_PLANS), asked.mask(asked.beside(PLAN.layer, ~is_in_force(plans, asked.on))[1])
