"""Sources that no map can show are told on every siting answer, and coarse ones are looked for farther away."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from layers.store import engine_from_url

FAR_SITE = {"geometry": {"type": "Point", "coordinates": [120.18, 30.18]}, "project_type": "residential"}
ADD = """
INSERT INTO edition_1.risk_points
    (feature_id, point_id, source_layer, source_feature_id, level, strength, radius_m, reach_m, accuracy_m, positioned, geom)
VALUES
    ('R8', 'R8', 'enterprises', 'E8', 'red', 0.7, 300, 300, NULL, 'unplaced', NULL),
    ('R9', 'R9', 'enterprises', 'E9', 'blue', NULL, NULL, NULL, NULL, 'unplaced', NULL),
    ('R7', 'R7', 'enterprises', 'E7', 'red', NULL, NULL, 400, 3000, 'derived', ST_SetSRID(ST_Point(120.16, 30.18), 4490))
"""


@pytest.fixture(scope="module", autouse=True)
def more_sources(database_url: str) -> None:
    """One source without a position, one such that another row carries, and a coarse one 1.9 km from the site."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(ADD))
    engine.dispose()


def test_unplaced_source_is_told_and_coarse_one_is_found(client: FlaskClient) -> None:
    told = client.post("/api/site-checks", json=FAR_SITE).get_json()
    assert told["verdict"]["id"] == "not_enough"
    said = [entry["zh"] for entry in told["not_assessed"] if entry["topic"] == "risk_points"]
    assert len(said) == 1 and said[0].startswith("本期有 1 个风险源没有位置(其中重大、较大 1 个)")
    assert [reason["object"]["id"] for reason in told["reasons"] if reason["title_zh"] == "风险源位置不准"] == ["E7"]


def test_place_that_only_a_coarse_source_may_reach_is_unrated(client: FlaskClient) -> None:
    told = client.get("/api/explain?lon=120.18&lat=30.18").get_json()
    assert (told["state"], told["unrated"]) == ("unrated", ["R7"])
