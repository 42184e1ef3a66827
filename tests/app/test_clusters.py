"""Numbers of features in tiles: with those drawn singly they are all there are, and each is counted once."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import styles
from app.tiles import CLUSTER_CLEAR, CLUSTERS_A_SIDE, TILE_PX
from layers.catalog import LEVELS, load_catalog
from layers.store import TILE_COVER, engine_from_url
from tests.app.vector_tile import decoded
from tests.app.vector_tile import places as places_in

WEST, SOUTH, EAST, NORTH = 120.0, 30.0, 120.2, 30.2
N = 60
WIDEST_DISC_PX = 46
"""The disc of many features, 36 pixels, and the letter of its level at the side."""
SINGLY = {8: {"red"}, 9: {"red", "orange"}, 10: {"red", "orange"}}


@pytest.fixture(scope="module", autouse=True)
def points(database_url: str) -> Counter[str]:
    """Sixty more risk points of all levels at steady places, a few too small areas among them."""
    draw = random.Random(7)
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        for number in range(N):
            x, y = draw.uniform(WEST, EAST), draw.uniform(SOUTH, NORTH)
            shape = f"POINT({x} {y})" if number % 5 else f"POLYGON(({x} {y},{x + 1e-5} {y},{x + 1e-5} {y + 1e-5},{x} {y}))"
            connection.execute(sa.text(
                "INSERT INTO edition_1.risk_points (feature_id, point_id, name, kind, level, basis, source_layer, source_feature_id, positioned, geom) "
                "VALUES (:id, :id, :id, 'enterprise', :level, 'computed', 'enterprises', :id, 'delivered', ST_GeomFromText(:shape, 4490))"
            ), {"id": f"C{number}", "level": LEVELS[number % 5], "shape": shape})
        connection.execute(sa.text(f"DELETE FROM edition_1.{TILE_COVER} WHERE layer = 'risk_points'"))
        counts = Counter({row.level: row.n for row in connection.execute(sa.text(
            "SELECT level, count(*) AS n FROM edition_1.risk_points WHERE geom IS NOT NULL AND ST_Dimension(geom) <> 1 GROUP BY level"
        ))})  # fmt: skip
    engine.dispose()
    return counts


def tiles_of(zoom: int) -> list[tuple[int, int]]:
    def at(lon: float, lat: float) -> tuple[int, int]:
        n = 2**zoom
        return int((lon + 180) / 360 * n), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n)

    (x0, y1), (x1, y0) = at(WEST, SOUTH), at(EAST, NORTH)
    return [(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)]


@pytest.mark.parametrize("zoom", [8, 9, 10])
def test_single_and_gathered_features_are_all_of_each_level(client: FlaskClient, points: Counter[str], zoom: int) -> None:
    gathered: Counter[str] = Counter()
    singles: dict[str, str] = {}
    for x, y in tiles_of(zoom):
        tile = decoded(client.get(f"/tiles/1/all/risk_points/{zoom}/{x}/{y}.mvt").data)
        singles |= {feature["id"]: feature["level"] for feature in tile["risk_points"]["features"]}
        for cluster in tile["risk_points_clusters"]["features"]:
            parts = {level: cluster[f"n_{level}"] for level in LEVELS}
            assert sum(parts.values()) == cluster["n"] > 0
            assert cluster["level"] == next(level for level in LEVELS if parts[level])
            gathered.update(parts)
    drawn = Counter(level for level in singles.values() if level in SINGLY[zoom])
    assert +(gathered + drawn) == points
    assert not {level for level, n in gathered.items() if n} & SINGLY[zoom]


def discs(client: FlaskClient, zoom: int) -> dict[tuple[int, int], tuple[float, float]]:
    """Square -> where its disc stands, both counted in squares from the corner of the world."""
    found = {}
    for x, y in tiles_of(zoom):
        tile = client.get(f"/tiles/1/all/risk_points/{zoom}/{x}/{y}.mvt").data
        clusters = decoded(tile)["risk_points_clusters"]["features"]
        for cluster, (u, v) in zip(clusters, places_in(tile, "risk_points_clusters"), strict=True):
            column, row = (int(part) for part in cluster["id"].split("/")[-2:])
            found[x * CLUSTERS_A_SIDE + column, y * CLUSTERS_A_SIDE + row] = ((x + u) * CLUSTERS_A_SIDE, (y + v) * CLUSTERS_A_SIDE)
    return found


def means(database_url: str, zoom: int) -> dict[tuple[int, int], tuple[float, float]]:
    """Square -> mean of its members, from their degrees."""
    engine = engine_from_url(database_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text(
            "SELECT level, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat FROM edition_1.risk_points WHERE geom IS NOT NULL AND ST_Dimension(geom) <> 1"
        )).all()
    engine.dispose()
    squares: dict[tuple[int, int], list[tuple[float, float]]] = {}
    n = 2**zoom * CLUSTERS_A_SIDE
    for row in rows:
        x, y = (row.lon + 180) / 360 * n, (1 - math.asinh(math.tan(math.radians(row.lat))) / math.pi) / 2 * n
        if row.level not in SINGLY[zoom]:
            squares.setdefault((int(x), int(y)), []).append((x, y))
    return {square: (sum(x for x, _ in each) / len(each), sum(y for _, y in each) / len(each)) for square, each in squares.items()}


@pytest.mark.parametrize("zoom", [8, 9, 10])
def test_gathered_features_stand_clear_of_each_other(client: FlaskClient, zoom: int) -> None:
    places = [(u * TILE_PX / CLUSTERS_A_SIDE, v * TILE_PX / CLUSTERS_A_SIDE) for u, v in discs(client, zoom).values()]
    apart = [math.dist(a, b) for a, b in itertools.combinations(places, 2)]
    assert len(apart) > 2 and min(apart) >= WIDEST_DISC_PX


def test_gathered_features_stand_at_their_mean_unless_others_are_beside_them(client: FlaskClient, points: Counter[str], database_url: str) -> None:
    n_beyond = 0
    for zoom in (8, 9, 10):
        found, wanted = discs(client, zoom), means(database_url, zoom)
        assert set(found) == set(wanted)
        for square, place in found.items():
            for axis in (0, 1):
                off = wanted[square][axis] - square[axis] - 0.5
                side = [tuple(square[i] + (math.copysign(1, off) if i == axis else step) for i in (0, 1)) for step in (-1, 0, 1)]
                is_free = not any(near in wanted for near in side)
                n_beyond += is_free and abs(off) > CLUSTER_CLEAR
                held = off if is_free else math.copysign(min(abs(off), CLUSTER_CLEAR), off)
                assert place[axis] - square[axis] - 0.5 == pytest.approx(held, abs=0.005)
    assert n_beyond >= 2


def test_from_zoom_11_every_feature_is_drawn_and_none_is_gathered(client: FlaskClient, points: Counter[str]) -> None:
    found = {}
    for x, y in tiles_of(11):
        answer = client.get(f"/tiles/1/all/risk_points/11/{x}/{y}.mvt")
        tile = decoded(answer.data) if answer.status_code == 200 else {}
        assert "risk_points_clusters" not in tile
        found |= {feature["id"]: feature["level"] for feature in tile.get("risk_points", {"features": []})["features"]}
    assert Counter(found.values()) == points


def test_levels_are_drawn_singly_from_the_zooms_that_the_tiles_count_by() -> None:
    layer = load_catalog()["risk_points"]
    assert dict(layer.singly_from_zoom) == {"red": 8, "orange": 9} and layer.cluster_zoom == 10
    [symbol] = [entry for entry in styles.layer_style(layer) if entry["id"] == "risk_points-symbol"]
    assert symbol["filter"][-1] == [">=", ["zoom"], ["match", ["get", "level"], "red", 8, "orange", 9, layer.cluster_zoom + 1]]


def test_sheets_draw_and_list_no_numbers() -> None:
    layer = load_catalog()["risk_points"]
    assert {entry["source-layer"] for entry in styles.layer_style(layer, has_clusters=False)} == {"risk_points"}
    with_them, without = styles.legend(layer), styles.legend(layer, has_clusters=False)
    assert len(with_them) == len(without) + 1 and not any("cluster?" in str(entry) for entry in without)
