"""Pictures that stand for the map until a browser has drawn it: what they show, where they are kept, who gets them."""

from __future__ import annotations

import dataclasses
import html
import io
import itertools
import json
import math
import os
import re
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from flask import Flask
from flask.testing import FlaskClient
from numpy.typing import NDArray

from app import create_app, styles
from app.export.canvas import Canvas
from app.export.labels import TakenBoxes
from app.export.layout import Box
from app.first_picture.ahead import draw_usual
from app.first_picture.drawing import is_shown, symbol_places
from app.first_picture.labels import (
    Name,
    PlacedName,
    anchors_of,
    area_place,
    placed_names,
)
from app.first_picture.pictures import (
    FRAMES,
    MOST_PX,
    PADDING_PX,
    STEPS_A_ZOOM,
    ZOOMS,
    FirstPictures,
    fitted_zoom,
    home_m,
    step_of,
    steps,
    usual_steps,
    window_of,
)
from app.first_picture.symbols import (
    DRAWING,
    HATCHES,
    draw_symbol,
    parse_name,
    side_px,
    text_style,
)
from app.first_picture.window import Window, tile_features
from app.parts import parts
from app.pinned import pinned_edition
from app.tiles import TileAddress
from layers.catalog import Catalog
from tests.app.vector_tile import places

PALETTE = styles.palette()
AT_Z_11 = 11 * STEPS_A_ZOOM + 5
"""The step at which the small edition of twenty kilometres fits a window of 1440 x 900."""
Picture = NDArray[np.int64]

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def offer(client: FlaskClient, query: str = "", **headers: str) -> dict[str, Any] | None:
    """What the map page is told of its first picture."""
    page = client.get("/" + query, headers=headers).get_data(as_text=True)
    found = re.search(r'data-first-picture="([^"]*)"', page)
    return None if found is None else dict(json.loads(html.unescape(found[1])))


def address(client: FlaskClient, step: int = AT_Z_11) -> str:
    offered = offer(client)
    assert offered is not None
    return f"{offered['address']}{step}.png"


def pixels(png: bytes) -> Picture:
    with rasterio.io.MemoryFile(io.BytesIO(png).read()) as file, file.open() as picture:
        return np.moveaxis(picture.read([1, 2, 3]).astype(int), 0, -1)


def rgb(colour: str) -> Picture:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])


def facts_of(server: Flask) -> Any:
    with server.test_request_context(), pinned_edition() as pinned:
        return pinned.facts


# --- what it shows ----------------------------------------------------------------------------------------


def test_zone_lies_where_the_web_map_has_it_in_the_colour_of_its_level(server: Flask, client: FlaskClient) -> None:
    picture = pixels(client.get(address(client)).data)
    window = window_of(facts_of(server), AT_Z_11 / STEPS_A_ZOOM)
    assert picture.shape[:2] == (window.height_px, window.width_px)
    yellow = rgb(PALETTE["level"]["yellow"]["fill"]) * 0.8 + rgb(PALETTE["base"]["land"]) * 0.2
    is_zone = np.abs(picture - yellow).max(axis=-1) <= 2
    rows, columns = np.nonzero(is_zone)
    west, south, east, north = (web_pixel(window, lon, lat) for lon, lat in ((120.1, 30), (120, 30.08), (120.15, 30), (120, 30.13)))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx((west[0], east[0], north[1], south[1]), abs=3), "its outline takes a pixel or two"
    hatched = is_zone[rows.min() : rows.max(), columns.min() : columns.max()].mean()
    assert 0.6 < hatched < 1, "the zone is hatched, and the line runs below it"


def web_pixel(window: Window, lon: float, lat: float) -> tuple[float, float]:
    """A place in a picture by the formula of the web map itself."""
    world_px = 512 * 2**window.zoom
    share = ((lon + 180) / 360, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2)
    centre = (window.centre_m[0] / 40_075_016.685578488 + 0.5, 0.5 - window.centre_m[1] / 40_075_016.685578488)
    return (share[0] - centre[0]) * world_px + window.width_px / 2, (share[1] - centre[1]) * world_px + window.height_px / 2


def test_symbol_of_a_source_has_the_colour_of_its_level(server: Flask, client: FlaskClient) -> None:
    picture = pixels(client.get(address(client)).data)
    x, y = web_pixel(window_of(facts_of(server), AT_Z_11 / STEPS_A_ZOOM), 120.1, 30.1)
    around = picture[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7].reshape(-1, 3)
    assert (np.abs(around - rgb(PALETTE["level"]["red"]["fill"])).max(axis=1) <= 2).sum() > 25


def test_picture_is_in_the_language_of_the_page(client: FlaskClient) -> None:
    english = offer(client, "?lang=en")
    assert english is not None and english["address"].endswith("/en/")
    step = ZOOMS[0] * STEPS_A_ZOOM + 8  # the area's own name is written
    assert client.get(f"{english['address']}{step}.png").data != client.get(english["address"].replace("/en/", "/zh/") + f"{step}.png").data


def test_every_style_layer_that_is_shown_at_first_is_of_a_kind_that_is_drawn_here(catalog: Catalog) -> None:
    shown = [style for layer in catalog if layer.is_drawn and layer.visible for style in styles.layer_style(layer)]
    shown = [style for style in shown if any(is_shown(style, zoom) for zoom in np.arange(*ZOOMS, 1 / STEPS_A_ZOOM))]
    assert len(shown) > 20
    for style in shown:
        layout = style.get("layout", {})
        assert style["type"] in ("fill", "line", "circle", "symbol"), style["id"]
        assert layout.get("symbol-placement", "point") in ("point", "line"), style["id"]
        assert "text-field" not in layout or style["metadata"].get("atlas:once") or layout.get("symbol-placement") == "line", style["id"]
        assert not ("text-field" in layout and "icon-image" in layout), style["id"]
        kinds = {parse_name(text)[0] for text in re.findall(r'"([a-z]+\?[^"]*)', json.dumps(layout.get("icon-image", "")))}
        assert kinds <= set(DRAWING), style["id"]
    assert all(layer.max_zoom >= ZOOMS[1] for layer in catalog if layer.visible), "no tile is shown larger than it was made"


def test_every_level_has_a_hatch_that_is_drawn(catalog: Catalog) -> None:
    patterns = {level: table["hatch"]["pattern"] for level, table in PALETTE["level"].items()}
    assert set(patterns.values()) - {"none"} == set(HATCHES)
    hidden = [level for level, pattern in patterns.items() if pattern == "none"]
    style = next(entry for entry in styles.layer_style(catalog["risk_zones"]) if entry["id"] == "risk_zones-hatch")
    assert all(f'["!=", ["get", "level"], "{level}"]' in json.dumps(style["filter"]) for level in hidden)


@pytest.mark.parametrize("shape", ["diamond", "square", "pentagon", "triangle", "house", "rounded", "tick", "circle", "disc"])
def test_symbol_stands_in_the_middle_of_its_square_and_not_beyond(shape: str) -> None:
    canvas = Canvas(Box(0, 0, 60, 60), file_format="png", dpi=25.4)
    name = f"icon?size=24&shape={shape}&fill=#C8161D&line=#1D2329"
    draw_symbol(canvas, name, (30.0, 30.0), PALETTE)
    inked = np.argwhere(np.abs(pixels(canvas.finish()) - 255).max(axis=-1) > 60)
    (top, left), (bottom, right) = inked.min(axis=0), inked.max(axis=0) + 1
    half = side_px(name) / 2
    assert 30 - half <= left and right <= 30 + half and 30 - half <= top and bottom <= 30 + half
    assert abs((left + right) / 2 - 30) <= 1 and right - left >= 18


# --- tiles ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zoom", [9.0, 9.3, 10.9375, 11.5])
def test_tiles_of_a_window_leave_nothing_out_and_share_no_pixel(zoom: float) -> None:
    window = Window(zoom, (13_369_000.0, 3_510_000.0), 700, 500)
    count = np.zeros((window.height_px, window.width_px), int)
    for tile in window.tiles():
        box = window.box(tile)
        columns, rows = (slice(max(int(start), 0), max(int(end), 0)) for start, end in ((box.x, box.right), (box.y, box.bottom)))
        count[rows, columns] += 1
        assert window.tile_px - 1 <= box.w <= window.tile_px + 1
    assert (count == 1).all()


def test_places_in_a_tile_are_those_of_another_reader(client: FlaskClient) -> None:
    window = Window(12.0, (float(120.1 / 360 * 40_075_016.685578488), 3_513_000.0), 2000, 2000)
    found: list[tuple[float, float]] = []
    expected: list[tuple[float, float]] = []
    for tile in window.tiles():
        content = client.get(f"/tiles/1/all/risk_points/{tile.z}/{tile.x}/{tile.y}.mvt").data
        features = tile_features(content, "risk_points", tile, window).get("risk_points")
        assert (features is None) == (not content)
        if features is not None:
            found += [(shape.x, shape.y) for shape in features.shapes]
            left, top = window._grid(0, 0)
            expected += [((tile.x + x - left) * window.tile_px, (tile.y + y - top) * window.tile_px) for x, y in places(content, "risk_points")]
    assert len(found) >= 2 and np.array(found) == pytest.approx(np.array(expected), abs=1e-6)


def test_empty_tile_holds_nothing() -> None:
    assert tile_features(b"", "towns", TileAddress(9, 1, 1), Window(9.0, (0.0, 0.0), 10, 10)) == {}


def test_symbol_of_an_area_stands_in_the_tile_that_has_its_place_and_no_other() -> None:
    area, west, east = shapely.box(95, 10, 125, 40), Box(0, 0, 100, 100), Box(100, 0, 100, 100)
    assert len(symbol_places(area, east)) == 1 and not symbol_places(area, west)
    assert symbol_places(shapely.Point(100, 50), east) == [(100, 50)] and not symbol_places(shapely.Point(100, 50), west)


# --- names ------------------------------------------------------------------------------------------------


def test_name_of_an_area_stands_in_its_widest_stretch_half_way_up() -> None:
    fork = shapely.union_all([shapely.box(100, 100, 140, 300), shapely.box(200, 100, 290, 300), shapely.box(100, 280, 290, 300)])
    x, y = area_place([fork], Box(0, 0, 400, 400)) or (0, 0)
    assert (x, y) == pytest.approx((245, 200), abs=0.1)
    assert area_place([shapely.box(100, 100, 120, 120)], Box(0, 0, 400, 400)) is None, "too little of it"
    assert area_place([shapely.box(-500, 100, -100, 300)], Box(0, 0, 400, 400)) is None, "out of sight"
    clasp = shapely.difference(shapely.box(10, 100, 200, 300), shapely.box(28, 140, 300, 260))
    assert area_place([clasp], Box(0, 0, 400, 400)) is None, "its back lies in the margin: there is no stretch half way up"


def test_names_take_the_first_place_that_is_free_and_none_lies_on_another() -> None:
    canvas = Canvas(Box(0, 0, 400, 400), file_format="png", dpi=25.4)
    anchors = anchors_of({"text-variable-anchor-offset": ["center", [0, 0], "top", [0, 0.8], "bottom", [0, -0.8]]})
    wanted = [Name("石鹤镇", (200.0, 200.0), text_style(14, "#000000"), anchors, 6.0) for _ in range(5)]
    disc = Box(194, 194, 12, 12)
    found = placed_names(wanted, TakenBoxes([disc]), canvas)
    down = found[0].box.h / 2 + (0.8 - 7 / 24) * 14
    assert [one.box.centre[1] - 200 for one in found] == pytest.approx([down, -down]), "the others find no room"
    assert placed_names(wanted[:1], TakenBoxes(), canvas)[0].box.centre == pytest.approx((200, 200))
    assert not any(a.box.overlaps(b.box) for a, b in itertools.combinations([*found], 2)) and not any(one.box.overlaps(disc) for one in found)


def test_name_of_the_area_gives_way_to_the_figure_of_a_gathering(server: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[PlacedName] = []
    monkeypatch.setattr("app.first_picture.drawing.draw_name", lambda _, placed: written.append(placed))
    step = int(8.25 * STEPS_A_ZOOM)
    client.get(address(client, step))
    (name,) = [one for one in written if one.name.text == "小样县"]
    x, y = web_pixel(window_of(facts_of(server), step / STEPS_A_ZOOM), 120.12, 30.11)
    figure = Box(x - 10, y - 10, 20, 20)
    assert not name.box.overlaps(figure)
    (middle_x, middle_y), size = name.name.place, name.box
    assert Box(middle_x - size.w / 2, middle_y - size.h / 2, size.w, size.h).overlaps(figure), "it would lie on it"


# --- which there are --------------------------------------------------------------------------------------


def test_usual_windows_have_a_picture_that_covers_them(server: Flask) -> None:
    facts = facts_of(server)
    for frame in FRAMES:
        zoom = fitted_zoom(facts, frame)
        if step_of(zoom) not in steps(facts):
            assert zoom >= ZOOMS[1]
            continue
        assert math.floor(step_of(zoom) / STEPS_A_ZOOM) == math.floor(zoom)
        growth = 2 ** (zoom - step_of(zoom) / STEPS_A_ZOOM)
        assert 0.97 < growth < 1.05
        window = window_of(facts, step_of(zoom) / STEPS_A_ZOOM)
        assert window.width_px * growth >= frame[0] - 1 and window.height_px * growth >= frame[1] - 1
    assert usual_steps(facts) and max(max(window_of(facts, step / STEPS_A_ZOOM).width_px for step in steps(facts)), 0) <= MOST_PX


def test_home_extent_fits_a_map_to_its_padding(server: Flask) -> None:
    facts = facts_of(server)
    zoom = fitted_zoom(facts, (780, 782))
    size = (home_m(facts)[1] - home_m(facts)[0]) / 40_075_016.685578488 * 512 * 2**zoom
    assert max(size[0] - (780 - 2 * PADDING_PX), size[1] - (782 - 2 * PADDING_PX)) == pytest.approx(0, abs=1e-6)


def test_picture_is_drawn_once_kept_a_year_and_answers_304(server: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = address(client)
    first = client.get(path)
    assert (first.status_code, first.content_type) == (200, "image/png")
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert [kept.name for kept in (tmp_path / "tiles" / "1").rglob("*.png.gz")] == [f"{AT_Z_11}.png.gz"]
    monkeypatch.setattr(FirstPictures, "_drawn", lambda *_: pytest.fail("drawn again"))
    other = create_app({"DATABASE_URL": server.config["DATABASE_URL"], "HOME": tmp_path})
    assert other.test_client().get(path).data == first.data
    other.extensions["riskatlas"].database.engine.dispose()


@pytest.mark.parametrize("step", [0, ZOOMS[0] * STEPS_A_ZOOM - 1, ZOOMS[1] * STEPS_A_ZOOM])
def test_there_is_no_picture_of_other_zooms(client: FlaskClient, step: int) -> None:
    assert client.get(address(client, step)).status_code == 204


def test_picture_of_other_styles_language_or_edition_is_not_there(client: FlaskClient) -> None:
    path = address(client)
    recipe = path.split("/")[4]
    assert client.get(path.replace(recipe, "0" * 16)).status_code == 404
    assert client.get(path.replace("/zh/", "/de/")).status_code == 400
    assert client.get(path.replace("/pictures/1/", "/pictures/9/")).status_code == 404
    assert client.get(path.replace(".png", "x.png")).status_code == 400


@pytest.mark.parametrize("query", ["?ed=1", "?bg=dark"])
def test_page_that_begins_otherwise_is_offered_none(client: FlaskClient, query: str) -> None:
    assert offer(client, query) is None


def test_who_sees_less_gets_a_picture_of_that(database_url: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE_HEADER": "X-Roles"})
    client = app.test_client()
    whole, less = offer(client, **{"X-Roles": "admin"}), offer(client, **{"X-Roles": "view"})
    assert whole is not None and less is not None
    if whole["address"] == less["address"]:
        pytest.fail("a viewer sees what an administrator sees")
    assert client.get(f"{whole['address']}{AT_Z_11}.png", headers={"X-Roles": "view"}).status_code == 403
    seen = [client.get(f"{one['address']}{AT_Z_11}.png", headers={"X-Roles": role}).data for one, role in ((whole, "admin"), (less, "view"))]
    assert seen[0] != seen[1], "the line lies in the first only exactly"
    with app.test_request_context():
        assert draw_usual() == 0, "nobody is there to draw for"
    app.extensions["riskatlas"].database.engine.dispose()


def test_usual_pictures_are_drawn_before_anybody_asks_and_old_ones_of_other_styles_go(server: Flask, tmp_path: Path) -> None:
    folders = {name: tmp_path / "tiles" / "1" / f"first-view-{name * 16}" for name in "01"}
    for name, folder in folders.items():
        (folder / "all" / "zh").mkdir(parents=True)
        for path in (folder, folder / "all", folder / "all" / "zh"):
            os.utime(path, (time.time() - 3 * 86_400 * int(name),) * 2)
    with server.test_request_context():
        n_drawn = draw_usual()
        n_usual = len(list(usual_steps(facts_of(server))))
    assert n_drawn == 2 * n_usual > 0
    assert folders["0"].exists() and not folders["1"].exists(), "those of today may be of other rights"
    assert len(list((tmp_path / "tiles" / "1").rglob("*.png.gz"))) == n_drawn


def test_who_may_only_look_has_the_usual_pictures_too(database_url: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE": "view"})
    with app.test_request_context():
        assert draw_usual() > 0
    app.extensions["riskatlas"].database.engine.dispose()


def test_while_one_picture_is_drawn_another_is_not_there(server: Flask, client: FlaskClient) -> None:
    with server.app_context():
        pictures = parts().first_pictures
    with pictures._turn:
        answer = client.get(address(client))
        assert (answer.status_code, answer.headers["Cache-Control"]) == (204, "no-store")
    assert client.get(address(client)).status_code == 200
    with pictures._turn:
        assert client.get(address(client)).status_code == 200, "it is kept"


def test_picture_that_cannot_be_drawn_is_tried_once_and_keeps_no_other_from_being_drawn(
    server: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    drawn = FirstPictures._drawn

    def faulty(self: FirstPictures, connect: Any, facts: Any, lang: str, zoom: float) -> bytes:
        if lang == "zh":
            raise ValueError("no such operator")
        return drawn(self, connect, facts, lang, zoom)

    monkeypatch.setattr(FirstPictures, "_drawn", faulty)
    answers = [client.get(address(client)) for _ in range(3)]
    assert {(answer.status_code, answer.headers["Cache-Control"]) for answer in answers} == {(204, "no-store")}
    assert len(caplog.records) == 1 and "no such operator" in caplog.text
    with server.test_request_context():
        assert draw_usual() == len(list(usual_steps(facts_of(server)))), "those in English"


def test_other_tiles_or_colours_make_other_pictures(server: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = facts_of(server)

    def made(**changes: Any) -> str:
        with server.app_context():
            pictures = FirstPictures(parts().catalog, parts().tiles, memory_bytes=0)
        with monkeypatch.context() as patched:
            for name, value in changes.items():
                patched.setattr(*{"statement": ("app.tiles.CLUSTERS_A_SIDE", value), "palette": ("app.styles.design_version", lambda: value)}[name])
            return pictures.recipe(facts)

    assert len({made(), made(), made(statement=16), made(palette="0" * 16)}) == 3


def test_only_styles_that_follow_the_day_make_pictures_of_a_day(server: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tomorrow(date):
        @classmethod
        def today(cls) -> date:
            return date(2031, 1, 1)

    facts = facts_of(server)
    with server.app_context():
        pictures = parts().first_pictures
    n_features, n_unplaced = 5, 0
    with_ledger = dataclasses.replace(facts, edition=dataclasses.replace(facts.edition, number=7), counts={**facts.counts, "follow_ups": (n_features, n_unplaced)})
    before = pictures.recipe(facts), pictures.recipe(with_ledger)
    for module in ("app.styles", "app.first_picture.pictures"):
        monkeypatch.setattr(f"{module}.date", Tomorrow)
    assert pictures.recipe(facts) == before[0]
    assert pictures.recipe(with_ledger) != before[1]
