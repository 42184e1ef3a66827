"""Frames of an edition: kept in memory or read each time, they hold the same features."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from app.editions import EditionFacts, published_editions, read_facts
from app.frames import FrameMemory
from layers.catalog import Catalog

EVERYWHERE_M = (400_000.0, 400_000.0, 600_000.0, 600_000.0)
AROUND_E1_M = (499_900.0, 499_900.0, 500_100.0, 500_100.0)
LAYERS = ("enterprises", "buildings", "pipelines", "risk_points", "unit_chemicals", "power_lines")


@pytest.fixture
def reader(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def facts(reader: sa.Connection, catalog: Catalog) -> EditionFacts:
    return read_facts(reader, published_editions(reader)[0], catalog)


@pytest.mark.parametrize("box_m", [EVERYWHERE_M, AROUND_E1_M])
def test_small_layer_kept_and_large_layer_read_are_the_same(
    reader: sa.Connection, facts: EditionFacts, catalog: Catalog, box_m: tuple[float, float, float, float]
) -> None:
    kept = FrameMemory(catalog).within(reader, facts, LAYERS, [box_m])
    read = FrameMemory(catalog, most_features=0).within(reader, facts, LAYERS, [box_m])
    assert list(kept) == list(read) == list(LAYERS)
    for layer_id in LAYERS:
        assert_frame_equal(pd.DataFrame(kept[layer_id].reset_index(drop=True)), pd.DataFrame(read[layer_id]))


def test_only_what_is_near_and_placed_is_there(reader: sa.Connection, facts: EditionFacts, catalog: Catalog) -> None:
    memory = FrameMemory(catalog)
    assert list(memory.within(reader, facts, ["enterprises"], [AROUND_E1_M])["enterprises"]["feature_id"]) == ["E1"]
    everywhere = memory.within(reader, facts, ["enterprises"], [EVERYWHERE_M])["enterprises"]
    assert list(everywhere["feature_id"]) == ["E1", "E2"]


def test_frame_is_metric_and_typed_as_declared(reader: sa.Connection, facts: EditionFacts, catalog: Catalog) -> None:
    points = FrameMemory(catalog).within(reader, facts, ["risk_points"], [EVERYWHERE_M])["risk_points"]
    assert isinstance(points, gpd.GeoDataFrame)
    assert points.crs == facts.metric_crs
    assert points.geometry.iloc[0].distance(points.geometry.iloc[0].__class__(500_000, 500_000)) < 0.01
    assert (points["strength"].dtype, points["is_fire"].dtype) == ("float64", "boolean")
    assert points["reason_zh"].dtype == object


def test_what_a_caller_changes_does_not_reach_the_next(
    reader: sa.Connection, facts: EditionFacts, catalog: Catalog
) -> None:
    memory = FrameMemory(catalog)
    for layer_id in ("enterprises", "unit_chemicals"):
        frame = memory.within(reader, facts, [layer_id], [EVERYWHERE_M])[layer_id]
        frame["feature_id"] = "changed"
        again = memory.within(reader, facts, [layer_id], [EVERYWHERE_M])[layer_id]
        assert len(again)
        assert "changed" not in set(again["feature_id"])
