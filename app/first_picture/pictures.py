"""Pictures of the first view: which there are, what each shows, and where it is kept."""

from __future__ import annotations

import hashlib
import logging
import math
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain, product
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from app import styles
from app.editions import EditionFacts
from app.export.tones import sheet_palette
from app.first_picture.drawing import AreaName, Tiles, draw_map, is_shown
from app.first_picture.window import TileFeatures, Window, tile_features
from app.layer_list import LIGHT
from app.tile_store import EMPTY, Tile, TileStore
from app.tiles import (
    TILE_PX,
    WEB_WORLD_M,
    TileAddress,
    make_tile,
    may_hold,
    recipe,
    tile_key,
)
from layers.catalog import Catalog, Layer
from layers.tile_cover import grid_coordinates

STEPS_A_ZOOM = 16
"""A picture stands for the zooms around its own: it is shown at most 5 % larger, and 3 % smaller, than it was drawn."""
ZOOMS = (7, 12)
"""From the map's least zoom on, below that at which names of single objects begin."""
PADDING_PX = 24
"""What the map page leaves free around the home extent."""
WIDE, TALL, TALL_PHONE = 2.15, 1.45, 2.0
"""A picture is at least so many times as wide as the map is high, or as high as it is wide, where the home extent fits: maps have other shapes than areas."""
PHONE_PX = 480
MOST_PX = 2600
FRAMES = ((780, 782), (1260, 810), (1260, 964), (876, 746), (706, 650), (626, 602), (1024, 650), (390, 640))
"""Maps as windows of usual sizes have them, width and height: their pictures are drawn before anybody asks."""
KIND_OF_AREA = re.compile("[县縣市区區旗]$")
CODE_VERSION = 1
"""To be raised when the drawing changes, so that pictures are drawn anew."""
FOLDER = "first-view-"
"""What the name of a folder of pictures begins with, beside those of the edition's tiles."""
MOST_RECIPES = 100
KEPT_S = 2 * 86_400
"""So long pictures are kept of which no new one was drawn: those of other rights may be of another recipe than one's own."""
LOG = logging.getLogger(__name__)

Connect = Callable[[], AbstractContextManager[sa.Connection]]


@dataclass(frozen=True)
class _Recipe:
    """All that shapes the pictures of an edition: its name in sixteen letters, and the style layers of each layer."""

    name: str
    styles: Mapping[str, list[dict[str, Any]]]


class FirstPictures:
    """Draws pictures of the first view of editions from their tiles, each once, one at a time in a process."""

    def __init__(self, catalog: Catalog, tiles: TileStore, *, memory_bytes: int) -> None:
        self._layers = [layer for layer in catalog if layer.is_drawn and layer.visible]
        self._tiles = tiles
        self._kept = TileStore(tiles.folder, memory_bytes=memory_bytes, locks=".locks-of-pictures")
        self._recipes: dict[tuple[Any, date], _Recipe] = {}
        self._turn = threading.Lock()
        self._failed: set[str] = set()

    def address(self, facts: EditionFacts, lang: str) -> str:
        """Where the pictures of an edition's first view are in a language, but for the step and the ending."""
        return f"/pictures/{facts.edition.number}/{facts.edition.view}/{self.recipe(facts)}/{lang}/"

    def recipe(self, facts: EditionFacts) -> str:
        """Names all that shapes the pictures of an edition: its data, its tiles, the styles of this day, colours, this drawing."""
        return self._recipe(facts).name

    def picture(self, connect: Connect, facts: EditionFacts, lang: str, step: int, *, waits: bool = False) -> Tile | None:
        """A picture, kept or drawn; empty where there is none of its zoom, None while another is being drawn and where drawing it failed.

        Parameters
        ----------
        connect : makes a connection (a context) to read tiles that are not made yet
        step : its zoom times `STEPS_A_ZOOM`
        waits : for another's drawing to end; who asks for a page had better have its map
        """
        if step not in steps(facts):
            return EMPTY
        edition = facts.edition
        key = f"{edition.number}/{FOLDER}{self.recipe(facts)}/{edition.view}/{lang}/{step}.png"
        kept = self._kept.in_memory(key)
        if kept is not None or key in self._failed or not self._turn.acquire(blocking=waits):
            return kept
        try:
            return self._kept.get(key, lambda: Tile.of(self._drawn(connect, facts, lang, step / STEPS_A_ZOOM)))
        except (sa.exc.SQLAlchemyError, OSError):
            raise
        except Exception:  # a fault of one drawing, whatever it is, keeps no other and no map from coming
            LOG.exception("the picture %s could not be drawn", key)
            self._failed.add(key)
            return None
        finally:
            self._turn.release()

    def forget_others(self, facts: EditionFacts) -> None:
        """Remove pictures of the edition that nobody has drawn of late: of other styles, or of another day."""
        for folder in (self._kept.folder / str(facts.edition.number)).glob(f"{FOLDER}*"):
            with suppress(OSError):  # another process removes it too
                newest_s = max(path.stat().st_mtime for path in [folder, *folder.rglob("*")])
                if folder.name != FOLDER + self.recipe(facts) and newest_s < time.time() - KEPT_S:
                    shutil.rmtree(folder)

    def _recipe(self, facts: EditionFacts) -> _Recipe:
        key = (facts.edition, date.today())
        found = self._recipes.get(key)
        if found is None:
            layers = [layer for layer in self._layers if facts.counts.get(layer.id, (0, 0))[0] > 0]
            held = {layer.id: styles.layer_style(layer) for layer in layers}
            tiles = [recipe(facts.edition, layer) for layer in layers]
            shapes = repr((held, tiles, styles.design_version(), facts.area, facts.policy, CODE_VERSION))
            if len(self._recipes) >= MOST_RECIPES:
                self._recipes.clear()
            found = self._recipes[key] = _Recipe(hashlib.sha256(shapes.encode()).hexdigest()[:16], held)
        return found

    def _drawn(self, connect: Connect, facts: EditionFacts, lang: str, zoom: float) -> bytes:
        window = window_of(facts, zoom)
        shown = {name: [style for style in entries if is_shown(style, zoom)] for name, entries in self._recipe(facts).styles.items()}
        tiles = self._tiles_of(connect, facts, window, [layer for layer in self._layers if shown.get(layer.id)])
        state = {"policy": facts.policy, "lang": lang, "strong_hatch": False, "own_prefix": KIND_OF_AREA.sub("", facts.area["title_zh"])}
        return draw_map(
            window, chain.from_iterable(shown.values()), tiles, palette=sheet_palette(LIGHT, is_grey=False), state=state,
            area=_area_name(facts, window, lang),
        )  # fmt: skip

    def _tiles_of(self, connect: Connect, facts: EditionFacts, window: Window, layers: Sequence[Layer]) -> Tiles:
        def made(layer: Layer, address: TileAddress) -> Tile:
            with connect() as connection:
                return make_tile(connection, facts, layer, address)

        found: dict[str, list[TileFeatures]] = {}
        for layer, address in product(layers, window.tiles()):
            if may_hold(facts, layer, address):
                tile = self._tiles.get(tile_key(facts, layer, address), partial(made, layer, address))
                for name, features in tile_features(tile.content, layer.id, address, window).items():
                    found.setdefault(name, []).append(features)
        return found


def web_metres(lon_lat_deg: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
    """Places (n, 2) in metres of EPSG:3857."""
    return (grid_coordinates(np.asarray(lon_lat_deg, float), zoom=0) - 0.5) * (WEB_WORLD_M, -WEB_WORLD_M)


def home_m(facts: EditionFacts) -> NDArray[np.float64]:
    """South-west and north-east corner (2, 2) of the home extent, metres of EPSG:3857."""
    west, south, east, north = facts.area["home"]
    return web_metres([(west, south), (east, north)])


def fitted_zoom(facts: EditionFacts, frame_px: tuple[int, int]) -> float:
    """The zoom at which the map page shows the home extent in a map of a size."""
    (west, south), (east, north) = home_m(facts)
    room = [size - 2 * PADDING_PX for size in frame_px]
    return math.log2(min(room[0] / (east - west), room[1] / (north - south)) * WEB_WORLD_M / TILE_PX)


def window_of(facts: EditionFacts, zoom: float) -> Window:
    """What a picture shows: the home extent, and around it what maps of usual shapes show besides."""
    corners = home_m(facts)
    width, height = (corners[1] - corners[0]) / WEB_WORLD_M * TILE_PX * 2**zoom + 2 * PADDING_PX
    tall = TALL if width > PHONE_PX else TALL_PHONE
    middle = corners.mean(axis=0)
    return Window(zoom, (float(middle[0]), float(middle[1])), math.ceil(max(width, WIDE * height)), math.ceil(max(height, tall * width)))


def steps(facts: EditionFacts) -> range:
    """Steps of zoom that an edition has pictures of."""
    least, most = (zoom * STEPS_A_ZOOM for zoom in ZOOMS)
    while most > least and _longest_side_px(facts, most - 1) > MOST_PX:
        most -= 1
    return range(least, most)


def _longest_side_px(facts: EditionFacts, step: int) -> int:
    window = window_of(facts, step / STEPS_A_ZOOM)
    return max(window.width_px, window.height_px)


def step_of(zoom: float) -> int:
    """The step of the picture nearest to a zoom, of those that are drawn from tiles of the same whole zoom, as `served_picture.js` finds it.

    >>> step_of(10.33), step_of(10.99)
    (165, 175)
    """
    return min(math.floor(zoom * STEPS_A_ZOOM + 0.5), (math.floor(zoom) + 1) * STEPS_A_ZOOM - 1)


def usual_steps(facts: EditionFacts) -> Iterator[int]:
    """The steps of windows of usual sizes, each once."""
    found = dict.fromkeys(step_of(fitted_zoom(facts, frame)) for frame in FRAMES)
    yield from (step for step in found if step in steps(facts))


def _area_name(facts: EditionFacts, window: Window, lang: str) -> AreaName:
    """The name of the area as `static/js/map_style.js` has it: in the middle of the home extent, below the zoom of towns' names."""
    west, south, east, north = facts.area["home"]
    x, y = window.pixels(web_metres([((west + east) / 2, (south + north) / 2)]))[0]
    text = facts.area.get("title_en") if lang == "en" else None
    return AreaName(text or facts.area["title_zh"], (float(x), float(y)), _AREA_STYLE)


_AREA_STYLE: Mapping[str, Any] = styles.with_colours({
    "id": "area-name", "type": "symbol", "maxzoom": 9,
    "layout": {
        "text-field": "", "text-font": ["Atlas Sans SC Bold"], "text-size": 16, "text-padding": 4,
        "text-variable-anchor": ["center", "bottom", "top", "left", "right"], "text-radial-offset": 1.5,
    },
    "paint": {"text-color": "@base.label", "text-halo-color": "@base.halo", "text-halo-width": 1.6},
})  # fmt: skip
