"""What lies around a site: taken from the prepared edition, read anew, or as frames, it gives the same answer to the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts, published_editions, read_facts
from app.frames import FrameMemory
from app.pipeline_conflicts import rules_date
from app.site_checks import _told, bounds_of, site_check, site_context
from app.site_requests import SiteRequest, read_site_request
from app.surroundings import SurroundingsMemory
from layers.catalog import Catalog
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import check_parts, search_radii_m

KINDS = ("residential", "school_hospital_elderly", "industrial", "hazchem", "fuel_station")
N_SITES = 25


@pytest.fixture
def reader(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def facts(reader: sa.Connection, catalog: Catalog) -> EditionFacts:
    return read_facts(reader, published_editions(reader)[0], catalog)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _asked(facts: EditionFacts, rules: RuleSet) -> list[SiteRequest]:
    """Squares and points around the features of the edition and elsewhere."""
    dice = np.random.default_rng(20261122)
    west, south, east, north = shapely.bounds(facts.boundary)
    places = dice.uniform((west + 0.02, south + 0.02), (east - 0.02, north - 0.02), (N_SITES, 2))
    places[::2] = (120.03, 30.05) + dice.normal(0, 0.004, (len(places[::2]), 2))
    sides = dice.choice([0.0, 0.0004, 0.002], N_SITES)
    grounds = [shapely.Point(*xy) if side == 0 else shapely.box(*(xy - side), *(xy + side)) for xy, side in zip(places, sides, strict=True)]
    bodies = [{"geometry": json.loads(shapely.to_geojson(ground)), "project_type": KINDS[at % len(KINDS)]} for at, ground in enumerate(grounds)]
    return [read_site_request(body, facts, rules) for body in bodies]


def _by_frames(reader: sa.Connection, facts: EditionFacts, frames: FrameMemory, rules: RuleSet, asked: SiteRequest) -> Any:
    radii_m = search_radii_m(rules, largest_influence_m=facts.largest_radius_m, largest_accuracy_m=facts.largest_accuracy_m)
    west, south, east, north = bounds_of(asked)
    layers = frames.within(reader, facts, ["unit_chemicals"], [(west, south, east, north)])
    for layer_id, reach_m in radii_m.items():
        layers |= frames.within(reader, facts, [layer_id], [(west - reach_m, south - reach_m, east + reach_m, north + reach_m)])
    verdict = check_parts(asked.parts, context=site_context(facts, layers), rules=rules, on=rules_date(facts))
    return _told(facts, verdict.whole)


@pytest.mark.parametrize("most_features", [200_000, 0])
def test_prepared_edition_answers_as_its_frames_do(
    reader: sa.Connection, facts: EditionFacts, catalog: Catalog, rules: RuleSet, most_features: int
) -> None:
    frames = FrameMemory(catalog)
    surroundings = SurroundingsMemory(FrameMemory(catalog, most_features=most_features), rules)
    n_reasons = 0
    for asked in _asked(facts, rules):
        told = site_check(reader, facts, surroundings, asked=asked)
        by_frames = _by_frames(reader, facts, frames, rules, asked)
        assert json.dumps({key: told[key] for key in by_frames}) == json.dumps(by_frames)
        n_reasons += len(told["reasons"])
    assert n_reasons > N_SITES


@pytest.mark.parametrize("most_features", [200_000, 0])
def test_whole_county_has_each_layer_and_reads_a_large_one_only_when_asked(
    reader: sa.Connection, facts: EditionFacts, catalog: Catalog, rules: RuleSet, most_features: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds_m = facts.boundary_m.bounds
    surroundings = SurroundingsMemory(FrameMemory(catalog, most_features=most_features), rules)
    read: list[str] = []
    monkeypatch.setattr(surroundings, "_read", lambda *given: (read.append(given[2]), SurroundingsMemory._read(surroundings, *given))[1])
    layers, held = surroundings.everything(reader, facts, bounds_m), SurroundingsMemory(FrameMemory(catalog), rules).everything(reader, facts, bounds_m)
    assert sorted(layers) == sorted(held) and len(layers) == len(held) and "nothing" not in layers
    assert read == []
    for _ in range(2):
        assert [list(layers[name]["feature_id"]) for name in sorted(held)] == [list(held[name]["feature_id"]) for name in sorted(held)]
    assert len(read) == len(set(read)) and bool(read) == (most_features == 0)


def test_edition_is_prepared_once_and_few_are_kept(reader: sa.Connection, facts: EditionFacts, catalog: Catalog, rules: RuleSet) -> None:
    surroundings = SurroundingsMemory(FrameMemory(catalog), rules)
    first = surroundings.county(reader, facts)
    assert surroundings.county(reader, facts) is first
    bounds_m = tuple(facts.boundary_m.bounds)
    assert len(surroundings.around(reader, facts, bounds_m).rows("pipelines")) == facts.counts["pipelines"][0] - facts.counts["pipelines"][1]
