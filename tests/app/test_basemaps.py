"""What the map lies upon: backgrounds, relief of the edition, online sources only where they are switched on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from layers.store import engine_from_url
from tests.app.test_tiles import address_at

DEM = "rasters/dem.tif"


@pytest.fixture(scope="module", autouse=True)
def edition_with_dem(database_url: str) -> None:
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO edition_1.rasters VALUES ('relief', NULL, :path, 'feed', '{}')"), {"path": DEM}
        )
    engine.dispose()


@pytest.fixture
def with_dem(server: Flask, tmp_path: Path) -> FlaskClient:
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "width": 40, "height": 40, "crs": "EPSG:4490",
               "transform": rasterio.Affine(0.005, 0, 120.0, 0, -0.005, 30.2)}  # fmt: skip
    with rasterio.open(tmp_path / DEM, "w", **profile) as target:
        target.write(np.fromfunction(lambda row, column: 4000 - 90 * row, (40, 40)).astype("float32"), 1)
    return server.test_client()


@pytest.mark.parametrize("kind", ["hillshade", "terrain"])
def test_relief_tile_is_a_picture_kept_a_year(with_dem: FlaskClient, kind: str) -> None:
    answer = with_dem.get(f"/tiles/1/relief/{kind}/{address_at(120.1, 30.1, 11)}.png")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.data.startswith(b"\x89PNG")
    assert "immutable" in answer.headers["Cache-Control"]
    again = with_dem.get(f"/tiles/1/relief/{kind}/{address_at(120.1, 30.1, 11)}.png", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("where", ["11/0/0", "18/218000/108000"])
def test_relief_beyond_the_dem_is_204(with_dem: FlaskClient, where: str) -> None:
    assert with_dem.get(f"/tiles/1/relief/hillshade/{where}.png").status_code == 204


def test_lost_dem_is_plain_land_and_no_error(client: FlaskClient) -> None:
    assert client.get(f"/tiles/1/relief/hillshade/{address_at(120.1, 30.1, 11)}.png").status_code == 204


def test_backgrounds_differ_from_the_light_one_by_what_they_state(client: FlaskClient) -> None:
    answer = client.get("/api/basemaps").json
    by_id = {entry["id"]: entry for entry in answer["backgrounds"]}
    assert list(by_id) == ["light", "dark", "grey", "blank"]
    assert by_id["light"]["changes"] == {}
    assert by_id["dark"]["land"] == "#1E2328"
    assert "#15191D" in str(by_id["dark"]["changes"]["water-fill"])
    assert "roads" in by_id["blank"]["hides"]
    assert answer["relief"]["terrain"]["encoding"] == "mapbox"
    assert answer["online"] == []


def test_colours_of_backgrounds_are_names_of_the_palette() -> None:
    from app.styles import colour
    from basemaps.backgrounds import backgrounds

    for entry in backgrounds().values():
        assert all(colour(name) for name in entry.colours)


@pytest.fixture
def switched_on(database_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "TILE_KEYS": {"tianditu_vector": "secret"}})
    yield app.test_client()
    app.extensions["riskatlas"].database.engine.dispose()


def test_no_host_is_let_in_unless_a_source_is_switched_on(client: FlaskClient, switched_on: FlaskClient) -> None:
    closed, opened = (asked.get("/healthz").headers["Content-Security-Policy"] for asked in (client, switched_on))
    assert "http" not in closed
    assert "connect-src 'self' https://t0.tianditu.gov.cn" in opened
    assert "img-src 'self' https://t0.tianditu.gov.cn" in opened
    assert "script-src 'self';" in opened
    sources = switched_on.get("/api/basemaps").json["online"]
    assert [source["id"] for source in sources] == ["tianditu_vector"]
    assert sources[0]["tiles"][0].endswith("tk=secret")


SHEET = {"title": "晕渲", "layers": ["enterprises"], "extent": [120.0, 30.0, 120.2, 30.2], "format": "png", "dpi": 72, "date": "2026-09-30"}


def test_sheet_shades_the_ground_when_asked_and_never_in_black_and_white(with_dem: FlaskClient) -> None:
    def sheet(**more: object) -> bytes:
        answer = with_dem.post("/api/sheets", json=SHEET | more)
        assert answer.status_code == 200, answer.text
        return answer.data

    assert sheet(relief=True) != sheet(relief=False) == sheet()
    assert sheet(relief=True, colour="grey") == sheet(colour="grey")
    assert sheet(relief=True, background="blank") == sheet(background="blank")


def test_sheet_whose_dem_is_lost_is_plain_land(client: FlaskClient) -> None:
    assert client.post("/api/sheets", json=SHEET | {"relief": True}).data == client.post("/api/sheets", json=SHEET).data
