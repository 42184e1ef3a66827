"""Where could it go: the whole area judged for one kind of project, as polygons with the reasons for the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts
from app.errors import RequestError
from app.frames import FrameMemory
from app.parameters import choice, number
from app.pipeline_conflicts import rules_date
from app.site_checks import site_context
from app.site_requests import MOST_PERSONS, project_type_of
from app.surroundings import SurroundingsMemory
from app.texts import Text
from layers.scoring.measure import Geometries
from layers.scoring.rules import RuleSet
from layers.scoring.siting import check_site
from layers.scoring.siting_area import (
    AreaAnswer,
    Step,
    county_index,
    grid_cells,
    judge_cells,
    patches,
)
from layers.scoring.siting_left_out import left_out_of_cells
from layers.scoring.siting_terms import CONSTRUCTIONS, VERDICTS, Project, SiteContext

KEYS = ("project_type", "construction", "n_persons", "states_chemicals", "by", "cell_m", "min_area_m2")
REQUIRED_KEYS = ("project_type",)
CELLS_M = (50, 100, 200, 500)
DEFAULT_CELL_M = 100
GRID = "grid"
PARCEL_LAYERS = ("land_use_zones",)
"""Layers whose areas can be judged whole instead of cells."""
MOST_CELLS = 400_000
MOST_AREA_M2 = 1e9
MOST_PATCHES = 2000
NOTE = Text("按网格逐格筛查,与单个场址检查相同;格内任何更小的场址不会更差。不是规划许可;位置不明的风险源未计入。")


def read_area_request(body: dict[str, Any], facts: EditionFacts, rules: RuleSet) -> dict[str, Any]:
    """What is asked of the area, with defaults; raises `RequestError`."""
    kind = rules.project_types[project_type_of("project_type", body["project_type"], rules)]
    n_persons = body.get("n_persons")
    if n_persons is not None and (type(n_persons) is not int or not 0 <= n_persons <= MOST_PERSONS):
        raise RequestError("n_persons", Text("应为 0 至 {most} 的整数", most=MOST_PERSONS))
    states = body.get("states_chemicals", True)
    if not isinstance(states, bool):
        raise RequestError("states_chemicals", Text("应为 true 或 false"))
    parcels = [layer for layer in PARCEL_LAYERS if facts.counts.get(layer, (0, 0))[0]]
    construction = choice("construction", body.get("construction", "new"), CONSTRUCTIONS)
    return {
        "project": Project(
            kind.id, is_new=construction != "extension", n_persons=n_persons, has_chemicals=states if kind.needs_amounts else None
        ),
        "by": choice("by", body.get("by", GRID), (GRID, *parcels)),
        "cell_m": _cell_m(body.get("cell_m", DEFAULT_CELL_M)),
        "min_area_m2": number("min_area_m2", body.get("min_area_m2", 0), least=0, most=MOST_AREA_M2),
    }


def _cell_m(value: Any) -> int:
    if type(value) is not int or value not in CELLS_M:
        words = ", ".join(map(str, CELLS_M))
        raise RequestError("cell_m", Text("应为其中之一:{known}", known=words))
    return value


def area_check(
    connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, *, asked: dict[str, Any], step: Step | None = None
) -> dict[str, Any]:
    """The answer of ``POST /api/site-areas``."""
    outline = facts.in_metres(facts.boundary)
    rules = surroundings.rules
    context = site_context(facts, surroundings.everything(connection, facts, outline.bounds))
    cells = _places(connection, facts, surroundings.frames, asked, outline)
    answer = judge_cells(cells, project=asked["project"], context=context, rules=rules, on=rules_date(facts), step=step)
    unsaid = _not_assessed(connection, facts, surroundings, context, answer, asked["project"])
    return _told(facts, rules, answer, asked, outline) | {"not_assessed": unsaid}


def _not_assessed(
    connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, whole: SiteContext, answer: AreaAnswer, project: Project
) -> list[dict[str, Any]]:
    """What the single check leaves out on the best ground: ground where nothing is found is not proved safe.

    What the whole edition lacks is said at each cell, so one check tells it; the rest is looked for at every cell.
    """
    best = answer.cells[answer.rank == answer.rank.max(initial=0)]
    if not len(best):
        return []
    on = rules_date(facts)
    near = site_context(facts, surroundings.around(connection, facts, best[0].bounds))
    verdict = check_site(best[0], project=project, context=near, rules=surroundings.rules, on=on)
    index = county_index(whole, surroundings.rules, on)
    there = left_out_of_cells(best, project=project, context=whole, index=index, on=on, around_m=surroundings.reaches(facts))
    return [dict(vars(entry)) for entry in dict.fromkeys((*verdict.not_assessed, *there))]


def _places(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, asked: dict[str, Any], outline: shapely.Geometry
) -> Geometries:
    """The cells, or the parcels of a layer that lie whole inside the area."""
    if asked["by"] != GRID:
        frame = frames.within(connection, facts, [asked["by"]], [outline.bounds])[asked["by"]]
        parcels: Geometries = frame["geometry"].to_numpy()
        inside = facts.ground.cover(parcels) & shapely.is_valid(parcels)
        copies: Geometries = shapely.force_2d(parcels[inside])  # one of them is prepared by the single check; other answers read the remembered ones
        return copies
    n_cells = outline.area / asked["cell_m"] ** 2
    if n_cells > MOST_CELLS:
        raise RequestError("cell_m", Text("网格过细,超过 {most} 格", most=MOST_CELLS))
    return grid_cells(outline, asked["cell_m"])[0]


def _told(facts: EditionFacts, rules: RuleSet, answer: AreaAnswer, asked: dict[str, Any], outline: shapely.Geometry) -> dict[str, Any]:
    area_m2 = shapely.area(answer.cells)
    causes, main = answer.main_causes()
    join: Callable[..., Geometries] = patches if asked["by"] == GRID else _largest_first
    free = join(answer.cells[answer.free], least_m2=asked["min_area_m2"])
    kind = rules.project_types[asked["project"].project_type]
    return {
        "project_type": {"id": kind.id, "title_zh": kind.title_zh, "title_en": kind.title_en},
        "by": asked["by"], "cell_m": asked["cell_m"], "min_area_m2": asked["min_area_m2"],
        "n_cells": len(answer.cells), "area_m2": round(float(area_m2.sum()), 1), "county_area_m2": round(float(outline.area), 1),
        "free_area_m2": round(float(shapely.area(free).sum()), 1), "n_free": len(free),
        "free": _collection(facts, free[:MOST_PATCHES], [{"area_m2": round(float(one.area), 1)} for one in free[:MOST_PATCHES]]),
        "verdicts": [
            {"id": VERDICTS[rank][0], "rank": rank, "title_zh": VERDICTS[rank][1], "title_en": VERDICTS[rank][2],
             "n_cells": int((answer.rank == rank).sum()), "area_m2": round(float(area_m2[answer.rank == rank].sum()), 1)}
            for rank in sorted(VERDICTS)
        ],
        "causes": [
            {"gravity": cause.gravity, "kind": cause.kind, "title_zh": cause.title_zh, "title_en": cause.title_en, "rule_id": cause.rule_id,
             "clause": cause.clause, "n_cells": int(answer.causes[cause].sum()), "area_m2": round(float(area_m2[answer.causes[cause]].sum()), 1)}
            for cause in causes
        ],
        "closed": _closed(facts, answer, main, len(causes), join),
        "edition": facts.edition.number, "edition_label": facts.edition.label, "rules_version": rules.version,
        "n_unplaced": sum(facts.n_unplaced_sources.values()), **NOTE.fields("note"),
    }  # fmt: skip


def _largest_first(parcels: Geometries, *, least_m2: float = 0.0) -> Geometries:
    area_m2 = shapely.area(parcels)
    order = np.argsort(-area_m2, kind="stable")
    chosen: Geometries = parcels[order][area_m2[order] >= least_m2]
    return chosen


def _closed(facts: EditionFacts, answer: AreaAnswer, main: np.ndarray[Any, Any], n_causes: int, join: Callable[..., Geometries]) -> dict[str, Any]:
    """The rest as one feature for the gravest cause of its cells; `cause` counts in the list of causes."""
    chosen = [number for number in range(n_causes) if (main == number).any()]
    grounds = [shapely.multipolygons(shapely.get_parts(join(answer.cells[main == number]))) for number in chosen]
    ranks = [int(answer.rank[main == number].min()) for number in chosen]
    rows = [{"cause": number, "rank": rank, "area_m2": round(float(ground.area), 1)} for number, rank, ground in zip(chosen, ranks, grounds, strict=True)]
    return _collection(facts, np.array(grounds, object), rows)


def _collection(facts: EditionFacts, geometries: Geometries, rows: list[dict[str, Any]]) -> dict[str, Any]:
    degrees = shapely.set_precision(facts.in_degrees(geometries), 1e-7, mode="pointwise")
    features = [
        {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": row}
        for shape, row in zip(degrees, rows, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}
