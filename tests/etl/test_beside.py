"""A second process beside a scoring changes no result, and is missed by nobody when it is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

import etl.beside
import etl.derive
from etl.area import declared_area
from etl.beside import APART, Answer, Beside, second_process
from etl.derive import Inputs, derive
from etl.edition import raster_table
from etl.frames import frame_reader
from etl.stages import STAGES
from etl.stages.stage import Given, Stage
from layers.catalog import load_catalog
from layers.errors import CancelledError
from layers.store import engine_from_url

METHOD = tuple(stage for stage in STAGES if stage.name in APART | {"black_spots", "pipeline_bands"})
DOMINO = tuple(stage for stage in STAGES if stage.name == "domino_pairs")


@pytest.fixture(scope="module")
def county(atlas_database: str, home: Path) -> Iterator[Inputs]:
    """The reduced county's second edition; results are compared by their hashes."""
    engine = engine_from_url(atlas_database)
    with engine.connect() as connection:
        area, outline = declared_area(connection)
        read = frame_reader(connection, load_catalog(), area, 2)
        rasters = connection.execute(sa.select(raster_table(2))).all()
        paths = {row.layer: home / row.path for row in rasters if row.policy is None}
        yield Inputs(area, outline, date(2026, 6, 30), read, paths, {"weather": "compared"})
    engine.dispose()


@pytest.fixture
def computed_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the stages that this very process computes."""
    names: list[str] = []

    def noted(stage: Stage, given: Given, *, with_hashes: bool) -> Answer:
        names.append(stage.name)
        return etl.beside.answered(stage, given, with_hashes=with_hashes)

    monkeypatch.setattr(etl.derive, "answered", noted)
    return names


def test_second_process_gives_the_same_bits(county: Inputs, computed_here: list[str]) -> None:
    with second_process() as beside:
        assert beside is not None
        shared = derive(county, stages=METHOD, beside=beside)
    assert set(computed_here) == {stage.name for stage in METHOD} - APART
    alone = derive(county, stages=METHOD)
    assert {name: record.results for name, record in shared.records.items()} == {name: record.results for name, record in alone.records.items()}
    assert list(shared.records) == [stage.name for stage in METHOD]


def test_stage_that_the_process_lost_is_computed_here(county: Inputs, computed_here: list[str]) -> None:
    lost = Beside(subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    found = derive(county, stages=DOMINO, beside=lost)
    lost.end()
    assert computed_here == ["domino_pairs"] and found.records["domino_pairs"].results["domino_pairs"]


def test_process_ends_with_a_run_that_is_taken_back() -> None:
    with pytest.raises(CancelledError), second_process() as beside:
        assert beside is not None and beside.process.poll() is None
        raise CancelledError("taken back")
    assert beside.process.poll() is not None


def test_process_that_cannot_start_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with second_process() as beside:
        assert beside is None


def test_stages_apart_wait_for_nothing_but_each_other() -> None:
    made_there = {name for stage in STAGES if stage.name in APART for name in stage.results}
    assert all(set(stage.after) <= made_there for stage in STAGES if stage.name in APART)
    assert APART <= {stage.name for stage in STAGES}
