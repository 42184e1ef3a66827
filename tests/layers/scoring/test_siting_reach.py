"""What is looked up beforehand names every check that may find something, and leaves out what lies beyond its reach."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
import shapely

from layers.scoring.measure import Geometries
from layers.scoring.nearby import CountyIndex, NearIndex, NearLayers
from layers.scoring.object_classes import ClassIndex, Layers
from layers.scoring.reach_index import Reach, ReachIndex
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.siting import check_site
from layers.scoring.siting_reach import checks_at
from layers.scoring.siting_terms import (
    CONTOURS,
    SOURCES,
    SPOTS,
    UNDECIDED,
    Project,
    SiteContext,
)
from tests.layers.scoring.frames import (
    CRS,
    box,
    contour,
    enterprise,
    layer,
    line,
    pipeline,
    point,
    power_line,
    road,
    unit,
)

ON = date(2026, 9, 30)
EVERYWHERE = box(-20_000, -20_000, 20_000, 20_000)
LOADED = ("pipelines", "roads", "power_lines", "risk_points", "official_contours", "hazard_units", "enterprises", "black_spots")
OTHERS = {UNDECIDED, SPOTS, SOURCES, CONTOURS}


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


def _county() -> Layers:
    """One feature of each kind around the centre; the site is moved north, away from all of them."""
    source = {"geometry": point(0, 0), "point_id": "R1", "source_layer": "enterprises", "source_feature_id": "f0", "enterprise_id": "E1",
              "name": "works", "kind": "ammonia", "level": "orange", "radius_m": 300.0}  # fmt: skip
    return {
        "pipelines": layer(pipeline(line((-400, 0), (400, 0)))),
        "roads": layer(road(line((-400, -50), (400, -50)), "national_highway"), road(line((-400, 0), (400, 0)), None)),
        "power_lines": layer(power_line(line((-400, 0), (400, 0)), 110.0), power_line(line((-400, 10), (400, 10)), None)),
        "risk_points": layer(source),
        "official_contours": layer(contour(box(-100, -100, 100, 100), 3e-6, date(2027, 1, 1))),
        "hazard_units": layer(unit(point(0, 0), n_persons_500m=10), accuracy_m=500.0),
        "enterprises": layer(enterprise(point(0, 0), "hazchem_producer")),
        "black_spots": layer({"geometry": point(0, 0), "name": "bend", "spot_id": "B1"}),
    }


def _near(rules: RuleSet, *, large: frozenset[str] = frozenset()) -> NearLayers:
    county = _county()
    held = {name: frame for name, frame in county.items() if name not in large}
    index = CountyIndex(held, rules, crs=CRS, on=ON)
    return NearLayers(index, dict.fromkeys(county, EVERYWHERE), large=large, read=lambda name, _: county[name])


def _context(layers: Layers) -> SiteContext:
    return SiteContext(layers, dict.fromkeys(LOADED, "loaded"), CRS)


def _site(north_m: float) -> shapely.Polygon:
    return box(-20, north_m, 20, north_m + 40)


def _shapes(*shapes: shapely.Geometry) -> Geometries:
    return np.array(shapes, object)


@pytest.mark.parametrize(
    ("north_m", "named"),
    [(0.0, {"near", "far"}), (10.0, {"near", "far"}), (13.0, {"far"}), (102.5, {"far"}), (104.0, set())],
)
def test_check_is_named_as_far_as_it_reaches_and_a_little_farther(north_m: float, named: set[str]) -> None:
    post = _shapes(point(0, 0))
    index = ReachIndex([Reach("near", post, np.array([10.0])), Reach("far", post, np.array([100.0])), Reach("none", post, np.array([-1.0]))])
    assert index.at(_site(north_m)) == named


def test_each_feature_has_reaches_of_its_own() -> None:
    posts = _shapes(point(0, 0), point(0, 1000))
    index = ReachIndex([Reach("a", posts, np.array([50.0, -1.0])), Reach("b", posts[1:], np.array([20.0]))], frozenset({"always"}))
    assert [index.at(site) for site in (_site(0), _site(500), _site(950))] == [{"a", "always"}, {"always"}, {"b", "always"}]


def test_feature_is_named_from_an_island_where_the_map_is_stretched_most() -> None:
    """1,000 km from its meridian the map is 1.2 % longer than the ground."""
    index = ReachIndex([Reach("far", _shapes(point(0, 0)), np.array([1500.0]))])
    assert index.at(_site(1490.0 * 1.012)) == {"far"}


def test_county_without_features_names_nothing() -> None:
    assert not ReachIndex([]).at(_site(0)) and not ReachIndex([Reach("a", _shapes(), np.empty(0))]).at(_site(0))


def test_what_is_near_is_named_and_what_is_far_is_not(rules: RuleSet) -> None:
    near = _near(rules)
    beside, far = (checks_at(_site(north_m), _context(near), NearIndex(near, rules)) for north_m in (2.0, 15_000.0))
    assert OTHERS <= set(beside) and {"PIPE-L30-3", "PWR-OHL-110kV"} & set(beside)  # type: ignore[call-overload]
    assert not set(far)  # type: ignore[call-overload]


def test_checks_about_a_layer_that_is_not_held_are_always_made(rules: RuleSet) -> None:
    near = _near(rules, large=frozenset({"roads", "risk_points"}))
    far = checks_at(_site(15_000.0), _context(near), NearIndex(near, rules))
    assert {"ROAD-L11-1", UNDECIDED, SOURCES} <= set(far) and SPOTS not in far  # type: ignore[call-overload]


def test_without_a_prepared_county_every_check_is_made(rules: RuleSet) -> None:
    layers = _county()
    assert {"PIPE-L30-3", SPOTS, "anything"} <= {name for name in ("PIPE-L30-3", SPOTS, "anything") if name in checks_at(
        _site(0), _context(layers), ClassIndex(layers, rules, crs=CRS, on=ON))}  # fmt: skip


@pytest.mark.parametrize("kind", ["residential", "school_hospital_elderly", "hazchem"])
def test_prepared_county_gives_the_answers_of_its_frames_at_every_distance(kind: str, rules: RuleSet) -> None:
    near, frames, project = _near(rules), _county(), Project(kind, n_persons=500)
    for north_m in (0.0, 4.9, 5.1, 11.0, 40.0, 49.0, 99.0, 149.0, 199.0, 299.5, 301.0, 600.0, 1500.0):
        answers = [
            check_site(_site(north_m), project=project, context=_context(layers), rules=rules, on=ON) for layers in (near, frames)
        ]
        told = [[(reason.rule_id, reason.text_zh, reason.part) for reason in answer.reasons] for answer in answers]
        assert told[0] == told[1] and answers[0].passed == answers[1].passed and answers[0].not_assessed == answers[1].not_assessed
