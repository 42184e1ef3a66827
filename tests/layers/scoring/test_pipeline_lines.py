"""Bands beside pipelines and the chainage along them: where they lie, which rule draws them, and for which lines."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely

from layers.scoring.pipeline_lines import pipeline_bands, pipeline_chainage
from layers.scoring.rules import read_rules
from tests.layers.scoring.frames import layer, line, pipeline, point

RULES = read_rules()
ON = date(2026, 9, 30)
BENT = line((0, 0), (4000, 0), (4000, 3000))


def lines(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"pipelines": layer(*[row | {"feature_id": row["pipeline_id"]} for row in rows])}


def post(x: float, y: float, chainage_m: float, **fields: Any) -> dict[str, Any]:
    return {"geometry": point(x, y), "pipeline_id": "P1", "name": None, "kind": "milepost", "chainage_m": chainage_m, "back_chainage_m": np.nan} | fields


def test_bands_are_those_of_the_rule_table() -> None:
    stated = {rule.distance_m for rule in RULES.rules if rule.subject_class == "oil_gas_pipeline" and rule.measured_from == "centreline_each_side"
              and rule.status == "judged" and rule.distance_m}  # fmt: skip
    bands = pipeline_bands(lines(pipeline(BENT)), RULES, on=ON)
    assert bands["distance_m"].tolist() == sorted(stated) == [5, 50, 200]
    assert bands["band_id"].tolist() == ["P1/5", "P1/50", "P1/200"]
    assert all(bands["clause"]) and "PIPE-L30-3" in bands["rule_ids"].iloc[0].split()


def test_another_distance_in_the_table_moves_the_band() -> None:
    changed = dataclasses.replace(RULES, rules=tuple(dataclasses.replace(rule, distance_m=80.0) if rule.rule_id == "PIPE-L35-2a" else rule for rule in RULES.rules))
    assert pipeline_bands(lines(pipeline(BENT)), changed, on=ON)["distance_m"].tolist() == [5, 80, 200]


def test_every_place_of_an_outline_lies_at_its_distance() -> None:
    bands = pipeline_bands(lines(pipeline(BENT)), RULES, on=ON)
    for distance_m, outline in zip(bands["distance_m"], bands.geometry, strict=True):
        places = shapely.points(shapely.get_coordinates(shapely.segmentize(outline, 20.0)))
        off_m = np.abs(shapely.distance(places, BENT) - distance_m)
        assert off_m.max() < 0.07, distance_m


def test_town_gas_industrial_and_abandoned_lines_have_no_band_of_the_pipeline_law() -> None:
    found = pipeline_bands(
        lines(pipeline(BENT, pipeline_id="P2", kind="town_gas"), pipeline(BENT, pipeline_id="P3", kind="industrial"), pipeline(BENT, pipeline_id="P4", status="abandoned")),
        RULES, on=ON,
    )  # fmt: skip
    assert len(found) == 0 and found.crs is not None


def test_chainage_stands_every_hundred_metres_from_the_stated_start() -> None:
    found = pipeline_chainage(lines(pipeline(BENT, start_chainage_m=11_960.0)), RULES).set_index("chainage_m")
    assert found.index.tolist() == list(range(12_000, 19_000, 100))
    assert (found.label[12_000], found.label[12_300], bool(found.is_kilometre[12_000]), bool(found.is_kilometre[12_300])) == ("K12", "K12+300", True, False)
    assert shapely.distance(found.geometry[12_300], point(340, 0)) < 0.1
    assert not found.is_calibrated.any()


def test_posts_move_the_chainage() -> None:
    layers = lines(pipeline(BENT, start_chainage_m=0.0)) | {"pipeline_markers": layer(post(1000, 0, 1010.0), post(3000, 0, 3030.0))}
    found = pipeline_chainage(layers, RULES).set_index("chainage_m")
    assert found.is_calibrated.all()
    assert shapely.distance(found.geometry[2000], point(1980.2, 0)) < 0.5


def test_chainage_that_an_equation_leaps_over_has_no_place_and_one_that_stands_twice_has_two() -> None:
    leap = lines(pipeline(BENT, start_chainage_m=0.0)) | {"pipeline_markers": layer(post(2000, 0, 2500.0, kind="equation", back_chainage_m=2000.0), post(3500, 0, 4000.0))}
    stated = pipeline_chainage(leap, RULES).chainage_m.tolist()
    assert 2000.0 in stated and 2500.0 in stated and not {2100.0, 2300.0, 2400.0} & set(stated)
    twice = lines(pipeline(BENT, start_chainage_m=0.0)) | {"pipeline_markers": layer(post(2000, 0, 1700.0, kind="equation", back_chainage_m=2000.0), post(3500, 0, 3200.0))}
    found = pipeline_chainage(twice, RULES)
    assert found.chainage_m.tolist().count(1800.0) == 2 and found.chainage_id.is_unique


def test_line_without_a_stated_chainage_has_no_labels() -> None:
    assert len(pipeline_chainage(lines(pipeline(BENT, start_chainage_m=np.nan)), RULES)) == 0


@pytest.mark.parametrize("kind", ["town_gas", "industrial"])
def test_other_lines_have_no_labels(kind: str) -> None:
    assert len(pipeline_chainage(lines(pipeline(BENT, kind=kind)), RULES)) == 0
