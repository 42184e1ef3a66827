"""Where could it go, on the whole sample county: a thousand cells are answered as the server's single check answers them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import sqlalchemy as sa

from app.editions import EditionFacts, published_editions, read_facts
from app.frames import FrameMemory
from app.pipeline_conflicts import rules_date
from app.site_checks import site_context
from app.surroundings import SurroundingsMemory
from layers.catalog import Catalog
from layers.scoring.measure import Geometries
from layers.scoring.rules import read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_area import county_index, grid_cells, judge_cells
from layers.scoring.siting_left_out import left_out_of_cells
from layers.scoring.siting_terms import Project
from layers.store import engine_from_url

RULES = read_rules()
KINDS = sorted(RULES.project_types)
N_CELLS = -(-1000 // len(KINDS))
CELL_M = 100.0
N_AT_ONCE, N_THREADS = 60, 8


@pytest.fixture(scope="module")
def connection(sample_atlas: str) -> Iterator[sa.Connection]:
    engine = engine_from_url(sample_atlas)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@pytest.fixture(scope="module")
def facts(connection: sa.Connection, catalog: Catalog) -> EditionFacts:
    return read_facts(connection, published_editions(connection)[0], catalog)


@pytest.fixture(scope="module")
def surroundings(catalog: Catalog) -> SurroundingsMemory:
    return SurroundingsMemory(FrameMemory(catalog), RULES)


@pytest.fixture(scope="module")
def cells(facts: EditionFacts) -> Geometries:
    return grid_cells(facts.boundary_m, CELL_M)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_cells_of_the_county_are_answered_as_the_single_check_answers_them(
    kind: str, connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, cells: Geometries
) -> None:
    is_hazardous = RULES.project_types[kind].is_hazardous
    asked = {"project": Project(kind, n_persons=300, has_chemicals=True if is_hazardous else None), "rules": RULES, "on": rules_date(facts)}
    whole = site_context(facts, surroundings.everything(connection, facts, facts.boundary_m.bounds))
    chosen = np.random.default_rng(KINDS.index(kind)).choice(cells, N_CELLS, replace=False)
    answer = judge_cells(chosen, context=whole, **asked)
    for at, cell in enumerate(chosen):
        near = site_context(facts, surroundings.around(connection, facts, cell.bounds))
        verdict = check_site(cell, context=near, **asked)
        causes = {(cause.gravity, cause.kind, cause.rule_id) for cause, mask in answer.causes.items() if mask[at]}
        assert (answer.rank[at], causes) == (verdict.rank, {(reason.gravity, reason.kind, reason.rule_id) for reason in verdict.reasons})
    assert len(set(answer.rank.tolist())) > 1 or RULES.project_types[kind].is_manual


@pytest.mark.parametrize("kind", KINDS)
def test_what_cells_leave_out_is_what_the_single_checks_leave_out(
    kind: str, connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, cells: Geometries
) -> None:
    """What all cells are told alike is the edition's; all else is found by one look at the county, cell by cell."""
    is_hazardous, on = RULES.project_types[kind].is_hazardous, rules_date(facts)
    project = Project(kind, n_persons=300, has_chemicals=True if is_hazardous else None)
    whole = site_context(facts, surroundings.everything(connection, facts, facts.boundary_m.bounds))
    chosen = np.random.default_rng(100 + KINDS.index(kind)).choice(cells, N_CELLS, replace=False)
    there = left_out_of_cells(
        chosen, project=project, context=whole, index=county_index(whole, RULES, on), on=on, around_m=surroundings.reaches(facts)
    )
    told = []
    for cell in chosen:
        near = site_context(facts, surroundings.around(connection, facts, cell.bounds))
        told.append(set(check_site(cell, project=project, context=near, rules=RULES, on=on).not_assessed))
    alike = set.intersection(*told)
    for at, said in enumerate(told):
        assert said == alike | {entry for entry, mask in there.items() if mask[at]}
    assert there or RULES.project_types[kind].is_manual


def test_threads_that_check_sites_at_once_are_answered_as_one_is(connection: sa.Connection, facts: EditionFacts, catalog: Catalog, cells: Geometries) -> None:
    """Where shapes of the county were shared between threads as GEOS prepares them, the process ended within a few hundred checks."""
    chosen = np.random.default_rng(11).choice(cells, N_AT_ONCE, replace=False)
    alone, together = (SurroundingsMemory(FrameMemory(catalog), RULES) for _ in range(2))
    project, on = Project("school_hospital_elderly", n_persons=300), rules_date(facts)
    together.county(connection, facts)

    def answer(at: int, surroundings: SurroundingsMemory) -> object:
        near = site_context(facts, surroundings.around(connection, facts, chosen[at].bounds))
        verdict = check_site(chosen[at], project=project, context=near, rules=RULES, on=on)
        return verdict.rank, [(reason.kind, reason.rule_id, reason.object_id) for reason in verdict.reasons], len(verdict.passed)

    right = [answer(at, alone) for at in range(len(chosen))]

    def answers(turn: int) -> bool:
        order = np.random.default_rng(turn).permutation(len(chosen))
        return all(answer(int(at), together) == right[at] for at in order)

    with ThreadPoolExecutor(N_THREADS) as threads:
        assert all(threads.map(answers, range(N_THREADS)))
