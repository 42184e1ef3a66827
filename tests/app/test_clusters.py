"""Numbers of features in tiles: with those drawn singly they are all there are, and each is counted once."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Collection, Iterator

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import styles
from app.tiles import CLUSTER_CLEAR, CLUSTER_PUSHED, CLUSTERS_A_SIDE, TILE_PX
from layers.catalog import LEVELS, load_catalog
from layers.store import TILE_COVER, engine_from_url
from tests.app.vector_tile import decoded
from tests.app.vector_tile import places as places_in

WEST, SOUTH, EAST, NORTH = 120.0, 30.0, 120.2, 30.2
N = 60
WIDEST_DISC_PX = 48
"""The disc of ten thousand features, 46 pixels, and the letter of its level at the side."""
SINGLY = {8: {"red"}, 9: {"red", "orange"}, 10: {"red", "orange"}}


@pytest.fixture(scope="module", autouse=True)
def points(database_url: str) -> Counter[str]:
    """Sixty more risk points of all levels at steady places, a few too small areas among them."""
    draw = random.Random(7)
    cover = sa.table(TILE_COVER, sa.column("layer"), schema="edition_1")
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        for number in range(N):
            x, y = draw.uniform(WEST, EAST), draw.uniform(SOUTH, NORTH)
            shape = f"POINT({x} {y})" if number % 5 else f"POLYGON(({x} {y},{x + 1e-5} {y},{x + 1e-5} {y + 1e-5},{x} {y}))"
            connection.execute(sa.text(
                "INSERT INTO edition_1.risk_points (feature_id, point_id, name, kind, level, basis, source_layer, source_feature_id, positioned, geom) "
                "VALUES (:id, :id, :id, 'enterprise', :level, 'computed', 'enterprises', :id, 'delivered', ST_GeomFromText(:shape, 4490))"
            ), {"id": f"C{number}", "level": LEVELS[number % 5], "shape": shape})
        connection.execute(sa.delete(cover).where(cover.c.layer == "risk_points"))
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


Square = tuple[int, int]
Place = tuple[float, float]


def discs(client: FlaskClient, zoom: int) -> dict[Square, tuple[int, Place]]:
    """Square -> how many its disc stands for, and where, both counted in squares from the corner of the world."""
    found = {}
    for x, y in tiles_of(zoom):
        tile = client.get(f"/tiles/1/all/risk_points/{zoom}/{x}/{y}.mvt").data
        clusters = decoded(tile)["risk_points_clusters"]["features"]
        for cluster, (u, v) in zip(clusters, places_in(tile, "risk_points_clusters"), strict=True):
            column, row = (int(part) for part in cluster["id"].split("/")[-2:])
            square = x * CLUSTERS_A_SIDE + column, y * CLUSTERS_A_SIDE + row
            found[square] = cluster["n"], ((x + u) * CLUSTERS_A_SIDE, (y + v) * CLUSTERS_A_SIDE)
    return found


def gathered_squares(database_url: str, zoom: int) -> dict[Square, tuple[int, Place]]:
    """Square -> number and mean of its members, from their degrees."""
    engine = engine_from_url(database_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text(
            "SELECT level, ST_X(ST_PointOnSurface(geom)) AS lon, ST_Y(ST_PointOnSurface(geom)) AS lat FROM edition_1.risk_points WHERE geom IS NOT NULL AND ST_Dimension(geom) <> 1"
        )).all()
    engine.dispose()
    squares: dict[Square, list[Place]] = {}
    n = 2**zoom * CLUSTERS_A_SIDE
    for row in rows:
        x, y = (row.lon + 180) / 360 * n, (1 - math.asinh(math.tan(math.radians(row.lat))) / math.pi) / 2 * n
        if row.level not in SINGLY[zoom]:
            squares.setdefault((int(x), int(y)), []).append((x, y))
    return {square: (len(each), (sum(x for x, _ in each) / len(each), sum(y for _, y in each) / len(each))) for square, each in squares.items()}


def beside(square: Square, squares: Collection[Square]) -> list[Square]:
    steps = itertools.product((-1, 0, 1), repeat=2)
    return [near for step in steps if step != (0, 0) and (near := (square[0] + step[0], square[1] + step[1])) in squares]


def held(square: Square, mean: Place, squares: Collection[Square]) -> Place:
    """The mean, or as near to it as the disc stays clear of those beside it."""
    place = []
    for axis in (0, 1):
        off = mean[axis] - square[axis] - 0.5
        is_free = not any(near[axis] - square[axis] == math.copysign(1, off) for near in beside(square, squares))
        place.append(square[axis] + 0.5 + (off if is_free else math.copysign(min(abs(off), CLUSTER_CLEAR), off)))
    return place[0], place[1]


def givers(squares: dict[Square, tuple[int, Place]]) -> dict[Square, Square]:
    """Square -> the larger one that its members are counted with."""

    def size(square: Square) -> tuple[int, int, int]:
        return squares[square][0], -square[0], -square[1]

    pairs = set()
    for square, (_, mean) in squares.items():
        place = held(square, mean, squares)
        if math.dist(place, mean) > CLUSTER_PUSHED:
            axis = max((0, 1), key=lambda i: (abs(mean[i] - place[i]), -i))
            side = math.copysign(1, mean[axis] - place[axis])
            pushing = [near for near in beside(square, squares) if near[axis] - square[axis] == side]
            pairs.add(tuple(sorted((square, min(pushing, key=lambda near: math.dist(mean, squares[near][1]))), key=size)))
    giving = {small for small, _ in pairs}
    taken: dict[Square, Square] = {}
    for small, large in sorted(pairs, key=lambda pair: size(pair[1])):
        if large not in giving:
            taken[small] = large
    return taken


@pytest.mark.parametrize("zoom", [8, 9, 10])
def test_gathered_features_stand_clear_of_each_other(client: FlaskClient, zoom: int) -> None:
    places = [(u * TILE_PX / CLUSTERS_A_SIDE, v * TILE_PX / CLUSTERS_A_SIDE) for _, (u, v) in discs(client, zoom).values()]
    apart = [math.dist(a, b) for a, b in itertools.combinations(places, 2)]
    assert len(apart) > 2 and min(apart) >= WIDEST_DISC_PX


def test_gathered_features_stand_at_the_mean_of_their_square_or_join_the_larger_beside_it(client: FlaskClient, points: Counter[str], database_url: str) -> None:
    n_given = n_beyond = 0
    for zoom in (8, 9, 10):
        squares = gathered_squares(database_url, zoom)
        given = givers(squares)
        kept = squares.keys() - given.keys()
        found = discs(client, zoom)
        assert set(found) == kept
        for square, (n, place) in found.items():
            mean = squares[square][1]
            assert n == squares[square][0] + sum(squares[small][0] for small, large in given.items() if large == square)
            assert place == pytest.approx(held(square, mean, kept), abs=0.005)
            n_beyond += math.dist(place, [part + 0.5 for part in square]) > CLUSTER_CLEAR * math.sqrt(2)
        n_given += len(given)
    assert n_given >= 2 and n_beyond >= 2


BORDER = 859 / 1024 * 360 - 180
"""Degrees east of the western side of a column of tiles of zoom 10, far from the other points."""


@pytest.fixture
def small_group_beyond_a_border(database_url: str, points: Counter[str]) -> Iterator[None]:
    """Five points in the middle of the last square of a tile, two beside them at the very beginning of the next tile."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        for number, x in enumerate([BORDER - 0.02] * 5 + [BORDER + 0.003] * 2):
            connection.execute(sa.text(
                "INSERT INTO edition_1.risk_points (feature_id, point_id, name, kind, level, basis, source_layer, source_feature_id, positioned, geom) "
                "VALUES (:id, :id, :id, 'enterprise', 'blue', 'computed', 'enterprises', :id, 'delivered', ST_SetSRID(ST_MakePoint(:x, 30.1), 4490))"
            ), {"id": f"B{number}", "x": x})
    yield
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM edition_1.risk_points WHERE feature_id LIKE 'B%'"))
    engine.dispose()


@pytest.mark.usefixtures("small_group_beyond_a_border")
def test_group_that_another_would_push_from_its_place_is_counted_with_it_beyond_the_border_of_a_tile(client: FlaskClient) -> None:
    west, east = (decoded(client.get(f"/tiles/1/all/risk_points/10/{x}/422.mvt").data) for x in (858, 859))
    assert [cluster["n"] for cluster in west["risk_points_clusters"]["features"]] == [7]
    assert "risk_points_clusters" not in east and len(east["risk_points"]["features"]) == 2


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
