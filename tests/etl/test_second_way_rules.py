"""Every assessed rule a second time: its hand-made pair just inside, at and just outside the distance goes to PostGIS, which derives the verdict alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
import shapely.affinity
import sqlalchemy as sa

from layers.crs import metric_crs
from layers.scoring.contours import Contours, contour_findings
from layers.scoring.object_classes import ClassIndex, Members
from layers.scoring.rules import read_rules
from layers.scoring.separation import Findings, apply_rule
from tests.layers.scoring import hand_made
from tests.layers.scoring.frames import CRS, box, line
from tests.layers.scoring.hand_made import STEP_M, Row

QUERY = Path(__file__).with_name("hand_made_rules.sql").read_text(encoding="utf-8")
ON = date(2026, 9, 30)
RULES = read_rules()
ROWS = {row["rule_id"]: row for row in hand_made.table()}
JUDGED = [row for row in ROWS.values() if row["status"] == "judged"]
STEPS = {"inside": -STEP_M, "at": 0.0, "outside": STEP_M}
RISK = 1.0
"""A contour of certain death: its value binds every class."""
TOLERANCE_M, TOLERANCE_SHARE = 0.01, 1e-4
STORED = "EPSG:4490"
STRETCHED = metric_crs(121.8, 31.298)
"""A plane whose meridian lies 116 km east of the hand-made pairs: a metre of it is 0.17 per mille short of one on the ground."""
Verdicts = dict[tuple[str, str], tuple[bool, float, float]]
"""Of each rule and step: whether it is broken, metres required, metres apart (0 where our way finds nothing and tells none)."""


@dataclass(frozen=True)
class Pair:
    """A hand-made pair of a rule at one step, in the plane of the frames."""

    row: Row
    step: str
    subject: Members
    object: Members


def hand_made_pairs() -> list[Pair]:
    pairs = []
    for row in JUDGED:
        at_m = hand_made.offset_m(row) + hand_made.required_m(row)
        pairs += [Pair(row, step, hand_made.subject(row), hand_made.target(row, at_m + by_m)) for step, by_m in STEPS.items()]
    return pairs


PAIRS = hand_made_pairs()


def in_crs(geometries: list[shapely.Geometry], crs: pyproj.CRS | str, of: pyproj.CRS | str = CRS) -> np.ndarray[Any, Any]:
    return np.asarray(gpd.GeoSeries(geometries, crs=of).to_crs(crs).array)


def number(members: Members, name: str) -> float | None:
    value = float(members.numbers[name][0])
    return value if np.isfinite(value) else None


def as_stored(pair: Pair, subject: shapely.Geometry, object_: shapely.Geometry) -> dict[str, Any]:
    """What PostGIS is told of a pair: two shapes and what they state."""
    one, two = pair.subject, pair.object
    stated = {name: number(one, name) for name in ("voltage_kv", "diameter_mm", "land_width_m", "outer_offset_m", "sway_m", "tnt_kg", "flow_deg", "width_m")}
    return stated | {
        "rule_id": pair.row["rule_id"], "step": pair.step, "subject": shapely.to_wkt(subject, rounding_precision=14),
        "object": shapely.to_wkt(object_, rounding_precision=14), "road_class": one.road_class[0], "stated_m": number(one, "distance_m"),
        "risk_per_year": RISK, "object_layer": two.layer[0], "object_width_m": number(two, "carriageway_width_m"),
        "object_offset_m": number(two, "outer_offset_m"), "object_land_m": number(two, "land_width_m"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def postgis(engine: sa.Engine) -> Verdicts:
    return derived(engine, PAIRS)


def derived(engine: sa.Engine, made: list[Pair]) -> Verdicts:
    """The verdicts that PostGIS derives from shapes, stated fields and the table's own text, all in one statement."""
    one, two = (in_crs([getattr(pair, side).geometry[0] for pair in made], STORED) for side in ("subject", "object"))
    pairs = [as_stored(*entry) for entry in zip(made, one, two, strict=True)]
    values = {"rules": json.dumps(list(ROWS.values())), "pairs": json.dumps(pairs), "rounding_m": 0.001}
    with engine.connect() as connection:
        rows = connection.execute(sa.text(QUERY), values).all()
    return {(row.rule_id, row.step): (row.is_broken, float(row.required_m), float(row.actual_m)) for row in rows}


def ours(crs: pyproj.CRS, made: list[Pair]) -> Verdicts:
    """Our verdicts on the same shapes, as they come back from the stored coordinates into a metric plane."""
    sides = []
    for side in ("subject", "object"):
        stored = in_crs([getattr(pair, side).geometry[0] for pair in made], STORED)
        sides.append(in_crs(list(stored), crs, STORED))
    found: Verdicts = {}
    for pair, subject, object_ in zip(made, *sides, strict=True):
        findings = judge(pair.row, placed(pair.subject, subject), placed(pair.object, object_), crs)
        metres = (float(findings.required_m[0]), float(findings.actual_m[0])) if len(findings) else (0.0, 0.0)
        found[pair.row["rule_id"], pair.step] = (len(findings) == 1, *metres)
    return found


def placed(member: Members, geometry: shapely.Geometry) -> Members:
    return replace(member, geometry=np.array([geometry], object))


def judge(row: Row, subject: Members, object_: Members, crs: pyproj.CRS) -> Findings:
    rule = RULES[row["rule_id"]]
    if rule.formula == "risk_contour":
        contour = Contours(subject, np.array([RISK]), np.zeros(1, bool))
        return contour_findings(rule, contour, object_, ClassIndex({}, RULES, crs=crs, on=ON))
    return apply_rule(rule, subject, object_, rules=RULES, on=ON, crs=crs)


def test_every_assessed_rule_has_its_pair_and_an_answer_of_postgis(postgis: Verdicts) -> None:
    assert {rule_id for rule_id, _ in postgis} == {rule.rule_id for rule in RULES.rules if rule.status == "judged"}
    assert len(postgis) == 3 * len(JUDGED)


def test_postgis_finds_each_rule_broken_inside_and_kept_outside_and_requires_what_the_hand_worked_out(postgis: Verdicts) -> None:
    for row in JUDGED:
        answers = [postgis[row["rule_id"], step] for step in STEPS]
        assert [is_broken for is_broken, _, _ in answers] == [True, row["exact_complies"] == "false", False], row["rule_id"]
        assert answers[0][1] == pytest.approx(hand_made.required_m(row), abs=1e-6), row["rule_id"]
        assert answers[2][2] == pytest.approx(hand_made.required_m(row) + STEP_M, abs=1e-3), row["rule_id"]


def test_our_verdict_and_metres_are_those_of_postgis_at_every_step(postgis: Verdicts) -> None:
    compare(ours(CRS, PAIRS), postgis, STEPS)


def test_they_are_so_too_where_the_plane_is_stretched(postgis: Verdicts) -> None:
    """Exactly at the distance the rounding of a stretched plane may fall on either side of the millimetre: the metres are compared."""
    compare(ours(STRETCHED, PAIRS), postgis, ("inside", "outside"))


SLANTED = shapely.affinity.translate(shapely.Polygon([(800, -200), (1000, -200), (1200, 1500), (1000, 1500)]), 500_000, 500_000)
SIDED = {
    # name: rule, bearing of the flow, the works or the place, whether the rule binds them, metres by hand
    "two parts": ("ROAD-L20-L-DOWN", 0.0, shapely.union(box(-5, 1000, 5, 1020), box(-5, -620, 5, -600)), True, 1000.0),
    "upstream": ("ROAD-L20-L-DOWN", 0.0, box(-5, -620, 5, -600), False, None),
    "one part too far": ("ROAD-L20-L-DOWN", 0.0, shapely.union(box(-5, 2001, 5, 2020), box(-5, -620, 5, -600)), False, None),
    "slanted": ("ROAD-L20-L-DOWN", 0.0, SLANTED, True, 600 + 200 * 200 / 1700),
    "slanted, its nearest point downstream": ("ROAD-L20-L-DOWN", 150.0, SLANTED, True, 1_060_000 / np.hypot(200, 1700)),
    "across the bridge": ("ROAD-L20-L-DOWN", 0.0, box(-5, -20, 5, 8), True, 0.0),
    "behind the dam": ("TAIL-HEAD", 0.0, box(-5, -40, 5, -20), False, None),
    "across the dam": ("TAIL-HEAD", 0.0, box(-5, -20, 5, 8), True, 0.0),
}
"""The bridge is a line from 200 m west to 200 m east of the centre; the path leads 1,500 m north from it and is 60 m wide."""


def test_works_on_both_sides_of_a_bridge_and_places_behind_a_dam_are_judged_as_postgis_judges_them(engine: sa.Engine) -> None:
    made = []
    for name, (rule_id, flow_deg, ground, _, _) in SIDED.items():
        subject = hand_made.subject(ROWS[rule_id])
        subject = replace(subject, numbers=dict(subject.numbers) | {"flow_deg": np.array([flow_deg])})
        made.append(Pair(ROWS[rule_id], name, subject, placed(hand_made.target(ROWS[rule_id], 0.0), ground)))
    answers, found = derived(engine, made), ours(CRS, made)
    compare(found, answers, SIDED)
    for name, (rule_id, _, _, is_broken, by_hand_m) in SIDED.items():
        assert found[rule_id, name][0] == is_broken, name
        if by_hand_m is not None:
            assert found[rule_id, name][2] == pytest.approx(by_hand_m, abs=0.01), name


def bend(radius_m: float, degrees: float = 90.0) -> list[tuple[float, float]]:
    """Corners, 1 m apart, of an arc around the centre, from the east to the north and on."""
    angles = np.radians(np.linspace(0.0, degrees, 1 + round(np.radians(degrees) * radius_m)))
    return [(radius_m * float(np.cos(angle)), radius_m * float(np.sin(angle))) for angle in angles]


STRAIGHT = line((-300, 0), (300, 0))
BEND, TIGHT_BEND = line(*bend(60.0)), line(*bend(40.0))
HAIRPIN = line((10, -200), *bend(10.0, 180.0), (-10, -200))
CORNER = line((-200, 0), (0, 0), (0, 200))
BESIDE = {
    # name: a way whose land is 24 m wide, a gas line beside it, metres by hand from the edge of that land; None: it only crosses
    "straight across": (STRAIGHT, line((0, -100), (0, 100)), None),
    "across at 45 degrees": (STRAIGHT, line((-100, -100), (100, 100)), None),
    "across at 29 degrees": (STRAIGHT, line((-180, -100), (180, 100)), 0.0),
    "past the end": (STRAIGHT, line((306, -100), (306, 100)), None),
    "alongside too far, then across": (STRAIGHT, line((-200, 40), (0, 40), (0, -100)), None),
    "across, then alongside": (STRAIGHT, line((0, -100), (0, 14), (200, 14)), 2.0),
    "alongside on the land": (STRAIGHT, line((-100, 5), (100, 5)), 0.0),
    "drawing nearer": (STRAIGHT, line((-200, 30), (0, 13), (200, 30)), 1.0),
    "outside a bend": (BEND, line(*bend(73.0)), 1.0),
    "outside a bend, 3 m from the land": (BEND, line(*bend(75.5)), None),
    "inside a bend": (BEND, line(*bend(47.0)), 1.0),
    "outside a tight bend, on the land": (TIGHT_BEND, line(*bend(50.0)), 0.0),
    "inside a tight bend": (TIGHT_BEND, line(*bend(26.0)), 2.0),
    "across a bend": (BEND, line((20, 20), (80, 80)), None),
    "across both legs of a hairpin": (HAIRPIN, line((-100, -80), (100, -80)), None),
    "alongside a leg of a hairpin": (HAIRPIN, line((24, -180), (24, -20)), 2.0),
    "between the legs of a hairpin": (HAIRPIN, line((0, -180), (0, -20)), 0.0),
    "alongside one leg of a corner, across the other": (CORNER, line((-150, 14), (100, 14)), 2.0),
    "beside a piece of 8 m": (line((0, 0), (8, 0)), line((-100, 10), (100, 10)), 0.0),
    "2 m outside the land of a piece of 8 m": (line((0, 0), (8, 0)), line((-100, 14), (100, 14)), 2.0),
    "across a piece of 8 m": (line((0, 0), (8, 0)), line((4, -100), (4, 100)), None),
}


@pytest.mark.parametrize("rule_id", ["PIPE-GB50251-ROAD", "PIPE-GB50251-RAIL"])
def test_stretches_alongside_are_held_against_the_land_and_crossings_are_not_as_postgis_says(rule_id: str, engine: sa.Engine) -> None:
    row = ROWS[rule_id]
    made = [
        Pair(row, name, placed(hand_made.subject(row), pipe), placed(hand_made.target(row, 0.0), way)) for name, (way, pipe, _) in BESIDE.items()
    ]
    answers, found = derived(engine, made), ours(CRS, made)
    compare(found, answers, BESIDE)
    for name, (_, _, by_hand_m) in BESIDE.items():
        assert found[rule_id, name][0] == (by_hand_m is not None), name
        if by_hand_m is not None:
            assert found[rule_id, name][2] == pytest.approx(by_hand_m, abs=0.01), name


def compare(found: Verdicts, postgis: Verdicts, steps: Iterable[str]) -> None:
    for (rule_id, step), (is_broken, required_m, actual_m) in postgis.items():
        our_verdict, our_required_m, our_actual_m = found[rule_id, step]
        if step in steps:
            assert our_verdict == is_broken, (rule_id, step, actual_m)
        if our_verdict:
            assert our_required_m == pytest.approx(required_m, abs=1e-9), rule_id
            assert our_actual_m == pytest.approx(actual_m, abs=TOLERANCE_M, rel=TOLERANCE_SHARE), (rule_id, step)
