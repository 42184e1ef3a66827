"""Vector tiles: what is in them, how long they are kept, and that each is made once."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.editions import published_editions, read_facts
from app.tiles import EMPTY, Tile, TileStore, make_tile, tile_address
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
    assert {feature["id"] for feature in decoded(answer.data)["risk_zones"]["features"]} == {"Z1", "Z3"}


def test_red_zone_has_its_own_shape_when_zoomed_in(client: FlaskClient) -> None:
    answer = client.get(f"/tiles/1/all/risk_zones/{address_at(120.10005, 30.10005, 16)}.mvt")
    levels = {feature["id"]: feature["level"] for feature in decoded(answer.data)["risk_zones"]["features"]}
    assert levels["Z1"] == "red"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("99/all/enterprises/14/1/1", 404, "not_found"),
        ("1/all/no_such_layer/14/1/1", 404, "unknown_layer"),
        ("1/secret/enterprises/14/1/1", 404, "not_found"),
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
    kept = list((tmp_path / "tiles" / "1").rglob("*.mvt"))
    assert [file.read_bytes() for file in kept] == [content]
    store = TileStore(tmp_path / "tiles", memory_bytes=1000)
    key = str(kept[0].relative_to(tmp_path / "tiles").with_suffix(""))
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


def test_failed_making_is_tried_again(tmp_path: Path) -> None:
    store = TileStore(tmp_path, memory_bytes=10_000)

    def fail() -> Tile:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store.get("1/a/0/0/0", fail)
    assert store.get("1/a/0/0/0", lambda: Tile.of(b"x")).content == b"x"


def test_memory_is_bounded_and_keeps_what_was_used_last(tmp_path: Path) -> None:
    store = TileStore(tmp_path / "nowhere", memory_bytes=3000)
    for name in "abc":
        store.get(name, lambda: Tile.of(b"x" * 700))
    made = store.n_made
    store.get("c", lambda: Tile.of(b"x" * 700))
    assert store.n_made == made == 3
    assert store._kept_bytes <= 3000


def test_disk_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "tiles").write_text("a file where the folder should be")
    store = TileStore(tmp_path / "tiles", memory_bytes=0)
    assert store.get("1/a/0/0/0", lambda: Tile.of(b"x")).content == b"x"
