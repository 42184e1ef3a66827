"""Vector tiles: what is in them, how long they are kept, and that each is made once."""

from __future__ import annotations

import dataclasses
import gzip
import math
import multiprocessing
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.editions import published_editions, read_facts
from app.low_zooms import make_low_zooms
from app.tile_store import EMPTY, Tile, TileStore
from app.tiles import make_tile, tile_address, tile_key
from layers.catalog import Catalog
from tests.app.vector_tile import decoded


def address_at(lon: float, lat: float, z: int) -> str:
    x = int((lon + 180) / 360 * 2**z)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**z)
    return f"{z}/{x}/{y}"


@pytest.fixture
def reader(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        yield connection


def test_tile_holds_the_fields_declared_for_tiles_and_the_id(client: FlaskClient) -> None:
    answer = client.get(f"/tiles/1/all/enterprises/{address_at(120.1, 30.1, 14)}.mvt")
    assert answer.status_code == 200
    assert answer.content_type == "application/vnd.mapbox-vector-tile"
    layer = decoded(answer.data)["enterprises"]
    assert layer["extent"] == 4096
    assert layer["features"] == [
        {"id": "E1", "enterprise_id": "E1", "name": "红星化工有限公司", "kind": "hazchem_producer"}
    ]


def test_tile_is_kept_a_year_and_answers_304_to_its_etag(client: FlaskClient) -> None:
    path = f"/tiles/1/all/enterprises/{address_at(120.1, 30.1, 14)}.mvt"
    first = client.get(path)
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    etag = first.headers["ETag"]
    assert not etag.startswith("W/")
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("where", ["14/0/0", "7/0/0", "0/0/0"])
def test_tile_without_features_is_204(client: FlaskClient, where: str) -> None:
    answer = client.get(f"/tiles/1/all/enterprises/{where}.mvt")
    assert (answer.status_code, answer.data) == (204, b"")


def test_small_red_zone_stays_and_small_blue_zone_goes(client: FlaskClient) -> None:
    answer = client.get(f"/tiles/1/all/risk_zones/{address_at(120.1, 30.1, 9)}.mvt")
    assert {feature["level"] for feature in decoded(answer.data)["risk_zones"]["features"]} == {"red", "yellow"}


def test_red_zone_has_its_own_shape_when_zoomed_in(client: FlaskClient) -> None:
    answer = client.get(f"/tiles/1/all/risk_zones/{address_at(120.10005, 30.10005, 16)}.mvt")
    levels = {feature["id"]: feature["level"] for feature in decoded(answer.data)["risk_zones"]["features"]}
    assert levels["Z1"] == "red"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("99/all/enterprises/14/1/1", 404, "not_found"),
        ("1/all/no_such_layer/14/1/1", 404, "unknown_layer"),
        ("1/secret/enterprises/14/1/1", 403, "forbidden"),
        ("1/all/risk_index/14/1/1", 404, "not_found"),
        ("1/all/unit_chemicals/14/1/1", 404, "not_found"),
        ("1/all/enterprises/19/1/1", 400, "bad_request"),
        ("1/all/enterprises/2/4/0", 400, "bad_request"),
        ("1/all/enterprises/2/0/-1", 400, "bad_request"),
        ("1/all/enterprises/2/0/1.5", 400, "bad_request"),
        ("0/all/enterprises/2/0/1", 400, "bad_request"),
        ("1/all/enterprises/2/0/" + "9" * 5000, 400, "bad_request"),
        ("1/all/enterprises/2/0/٣", 400, "bad_request"),
        ('1/all/enterprises"; DROP SCHEMA edition_1;--/2/0/1', 404, "unknown_layer"),
        ("1/all/..%2f..%2fmeta/2/0/1", 404, "not_found"),
        ("1/all/meta/2/0/1", 404, "unknown_layer"),
    ],
)
def test_wrong_address_is_refused(client: FlaskClient, path: str, status: int, code: str) -> None:
    answer = client.get(f"/tiles/{path}.mvt")
    assert answer.status_code == status
    assert answer.json["error"]["code"] == code


def test_tile_is_read_from_disk_by_the_next_process(client: FlaskClient, server: Flask, tmp_path: Path) -> None:
    path = f"/tiles/1/all/towns/{address_at(120.1, 30.1, 10)}.mvt"
    content = client.get(path).data
    kept = list((tmp_path / "tiles" / "1").rglob("*.mvt.gz"))
    assert [gzip.decompress(file.read_bytes()) for file in kept] == [content]
    store = TileStore(tmp_path / "tiles", memory_bytes=1000)
    key = str(kept[0].relative_to(tmp_path / "tiles")).removesuffix(".gz")
    assert store.get(key, lambda: EMPTY).content == content
    assert (store.n_from_disk, store.n_made) == (1, 0)


def test_tile_larger_than_allowed_loses_its_smallest_features(
    reader: sa.Connection, catalog: Catalog
) -> None:
    facts = read_facts(reader, published_editions(reader)[0], catalog)
    z, x, y = map(int, address_at(120.105, 30.1, 10).split("/"))
    address = tile_address(z, x, y)
    whole = make_tile(reader, facts, catalog["risk_zones"], address)
    less = make_tile(reader, facts, catalog["risk_zones"], address, largest_bytes=len(whole.content) - 1)
    n_whole, n_less = (len(decoded(tile.content)["risk_zones"]["features"]) for tile in (whole, less))
    assert n_less < n_whole
    assert "Z1" in {feature["id"] for feature in decoded(less.content)["risk_zones"]["features"]}


def test_simultaneous_misses_make_the_tile_once(tmp_path: Path) -> None:
    store = TileStore(tmp_path, memory_bytes=10_000)
    begun = threading.Barrier(8)

    def make() -> Tile:
        time.sleep(0.05)
        return Tile.of(b"x")

    def ask() -> None:
        begun.wait()
        store.get("1/a/0/0/0", make)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.n_made == 1


def _ask_slowly(folder: Path, begun: Any, made: Any) -> None:
    def make() -> Tile:
        made.put(1)
        time.sleep(0.2)
        return Tile.of(b"x")

    begun.wait()
    TileStore(folder, memory_bytes=0).get("1/a/0/0/0", make)


def test_simultaneous_misses_of_several_processes_make_the_tile_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    begun, made = context.Barrier(3), context.Queue()
    processes = [context.Process(target=_ask_slowly, args=(tmp_path, begun, made)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    made.get(timeout=30)
    assert made.empty()


def test_tile_is_packed_for_those_who_take_gzip(client: FlaskClient) -> None:
    path = f"/tiles/1/all/towns/{address_at(120.1, 30.1, 10)}.mvt"
    plain, packed = client.get(path), client.get(path, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_tile_in_memory_is_answered_as_the_first_time(client: FlaskClient, server: Flask) -> None:
    path = f"/tiles/1/all/towns/{address_at(120.1, 30.1, 10)}.mvt"
    first, again = client.get(path), client.get(path)
    assert server.extensions["riskatlas"].tiles.n_hits == 1
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert {*first.headers.items()} <= {*again.headers.items()}
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert client.post(path).status_code == 405


def test_empty_tile_is_known_without_a_query(client: FlaskClient, server: Flask) -> None:
    client.get("/tiles/1/all/enterprises/14/0/0.mvt")
    store, engine = server.extensions["riskatlas"].tiles, server.extensions["riskatlas"].database.engine
    n_queries = []
    sa.event.listen(engine, "before_cursor_execute", lambda *_: n_queries.append(1))
    assert client.get(f"/tiles/1/all/enterprises/{address_at(120.15, 30.02, 15)}.mvt").status_code == 204
    assert (store.n_known_empty, store.n_made, n_queries) == (2, 0, [])


def test_no_tile_that_holds_anything_is_taken_for_empty(reader: sa.Connection, catalog: Catalog) -> None:
    facts = read_facts(reader, published_editions(reader)[0], catalog)
    unknown = dataclasses.replace(facts, covers={})
    for layer_id, lon, lat in (("towns", 120.2, 30.2), ("pipelines", 120.0, 30.05), ("risk_zones", 120.15, 30.13)):
        layer = catalog[layer_id]
        for zoom in range(layer.min_zoom, 18):
            z, x, y = map(int, address_at(lon, lat, zoom).split("/"))
            for near in [tile_address(z, x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]:
                assert make_tile(reader, facts, layer, near) == make_tile(reader, unknown, layer, near)


def test_low_zooms_are_made_before_they_are_asked_for(
    client: FlaskClient, server: Flask, engine: sa.Engine, catalog: Catalog, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    stale = tmp_path / "tiles" / "1" / "0123456789abcdef"
    stale.mkdir(parents=True)
    n_made = make_low_zooms(engine, catalog, tmp_path, 1, lambda n, of: told.append((n, of)))
    assert told[-1] == (n_made - 1, n_made)
    assert not stale.exists()
    answer = client.get(f"/tiles/1/all/risk_zones/{address_at(120.1, 30.1, 9)}.mvt")
    store = server.extensions["riskatlas"].tiles
    assert (answer.status_code, store.n_made, store.n_from_disk) == (200, 0, 1)


def test_making_of_low_zooms_that_is_taken_back_leaves_whole_tiles_and_no_connection(
    engine: sa.Engine, reader: sa.Connection, catalog: Catalog, tmp_path: Path
) -> None:
    def stop_soon(n_done: int, n_total: int) -> None:
        if n_done == 2:
            raise InterruptedError

    n_out = engine.pool.checkedout()  # type: ignore[attr-defined]
    with pytest.raises(InterruptedError):
        make_low_zooms(engine, catalog, tmp_path, 1, stop_soon)
    assert engine.pool.checkedout() == n_out  # type: ignore[attr-defined]
    facts = read_facts(reader, published_editions(reader)[0], catalog)
    store = TileStore(tmp_path / "tiles", memory_bytes=0)
    kept = sorted((tmp_path / "tiles" / "1").rglob("*.mvt.gz"))
    assert len(kept) >= 2
    for path in kept:
        layer = catalog[path.parts[-4]]
        address = tile_address(int(path.parts[-3]), int(path.parts[-2]), int(path.name.removesuffix(".mvt.gz")))
        assert store.get(tile_key(facts, layer, address), lambda: pytest.fail("is kept")) == make_tile(reader, facts, layer, address)


def test_zones_of_a_level_in_a_town_are_one_at_low_zooms(reader: sa.Connection, catalog: Catalog) -> None:
    facts = read_facts(reader, published_editions(reader)[0], catalog)
    for zoom, wanted in ((9, {"weighted_index_2026A red 330000": 1, "weighted_index_2026A yellow 330000": 1}), (10, None)):
        tile = make_tile(reader, facts, catalog["risk_zones"], tile_address(*map(int, address_at(120.1, 30.1, zoom).split("/"))))
        features = decoded(tile.content)["risk_zones"]["features"]
        merged = {feature["id"]: feature.get("n_merged") for feature in features}
        assert merged == wanted if wanted else set(merged) == {"Z1", "Z3"}


def test_failed_making_is_tried_again(tmp_path: Path) -> None:
    store = TileStore(tmp_path, memory_bytes=10_000)

    def fail() -> Tile:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.get("1/a/0/0/0", fail)
    assert store.get("1/a/0/0/0", lambda: Tile.of(b"x")).content == b"x"


def test_memory_is_bounded_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    store = TileStore(tmp_path / "nowhere", memory_bytes=800)
    for name in "abc":
        store.get(name, lambda: Tile.of(b"x" * 700))
    made = store.n_made
    store.get("c", lambda: Tile.of(b"x" * 700))
    assert store.n_made == made == 3
    assert store._kept_bytes <= 800


def test_disk_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("a file where the folder should be")
    store = TileStore(tmp_path / "tiles", memory_bytes=0)
    assert store.get("1/a/0/0/0", lambda: Tile.of(b"x")).content == b"x"
