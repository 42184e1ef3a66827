"""A part of the web map as a picture shows it, and what of its tiles lies there."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray

from app.export.expressions import GEOMETRY_TYPE, View, evaluate_rows
from app.export.features import KINDS
from app.export.layout import Box
from app.tiles import CLUSTERS, TILE_PX, WEB_WORLD_M, TileAddress

GRID_PX = 4096
"""Steps of a tile's grid along a side."""
FIELDS = {"id": "feature_id"}
"""Attributes that expressions know by another name than tiles."""


@dataclass(frozen=True)
class Window:
    """Zoom, middle (x, y in metres of EPSG:3857), width and height in css pixels."""

    zoom: float
    centre_m: tuple[float, float]
    width_px: int
    height_px: int

    @property
    def tile_zoom(self) -> int:
        """Zoom of the tiles that are drawn: those of 512 pixels a side, or up to twice as many."""
        return math.floor(self.zoom)

    @property
    def pixel_m(self) -> float:
        return WEB_WORLD_M / 2**self.zoom / TILE_PX

    @property
    def tile_px(self) -> float:
        return TILE_PX * 2 ** (self.zoom - self.tile_zoom)

    def pixels(self, xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Places (n, 2) in metres of EPSG:3857 as pixels from the picture's left and top."""
        return (xy_m - self.centre_m) * (1 / self.pixel_m, -1 / self.pixel_m) + (self.width_px / 2, self.height_px / 2)

    def tiles(self) -> Iterator[TileAddress]:
        """Every tile that lies in the picture."""
        n_tiles = 2**self.tile_zoom
        left, top = self._grid(0, 0)
        right, bottom = self._grid(self.width_px, self.height_px)
        for y in range(max(math.floor(top), 0), min(math.ceil(bottom), n_tiles)):
            for x in range(max(math.floor(left), 0), min(math.ceil(right), n_tiles)):
                yield TileAddress(self.tile_zoom, x, y)

    def _grid(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Column and row of the tile grid, fractions kept, at a place of the picture."""
        tile_m = WEB_WORLD_M / 2**self.tile_zoom
        x_m = self.centre_m[0] + (x_px - self.width_px / 2) * self.pixel_m
        y_m = self.centre_m[1] - (y_px - self.height_px / 2) * self.pixel_m
        return (x_m + WEB_WORLD_M / 2) / tile_m, (WEB_WORLD_M / 2 - y_m) / tile_m

    def box(self, address: TileAddress) -> Box:
        """Where a tile lies in the picture, its edges at whole pixels: two tiles share none and leave none out."""
        left, top = self._grid(0, 0)
        x, right = (round((column - left) * self.tile_px) for column in (address.x, address.x + 1))
        y, bottom = (round((row - top) * self.tile_px) for row in (address.y, address.y + 1))
        return Box(x, y, right - x, bottom - y)


@dataclass(frozen=True)
class TileFeatures:
    """Features of one tile of one of its layers: attributes by row, shapes in pixels of the picture, the tile's box there."""

    rows: pd.DataFrame
    shapes: NDArray[np.object_]
    box: Box

    def __len__(self) -> int:
        return len(self.rows)

    def matching(self, condition: object, view: View) -> TileFeatures:
        """Those that a style's filter lets through."""
        if condition is None:
            return self
        return self.chosen(np.array([bool(value) for value in evaluate_rows(condition, self.rows, view)], bool))

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> TileFeatures:
        return TileFeatures(self.rows.iloc[which] if which.dtype != bool else self.rows[which], self.shapes[which], self.box)


def tile_features(content: bytes, layer_id: str, address: TileAddress, window: Window) -> dict[str, TileFeatures]:
    """What a tile of a layer holds, by the name that the tile gives it: the layer's own, and that of its counts.

    Tiles reach over their edges; what lies there is kept, for a shape that is cut at the edge would be outlined there.
    """
    found = {}
    there = {str(name) for name, _ in pyogrio.list_layers(content)} if content else set()
    for name in sorted(there & {layer_id, f"{layer_id}{CLUSTERS}"}):
        frame = pyogrio.read_dataframe(content, layer=name, X=address.x, Y=address.y, Z=address.z, CLIP="NO")
        if isinstance(frame, gpd.GeoDataFrame) and len(frame):
            found[name] = _in_picture(frame, address, window)
    return found


def _in_picture(frame: gpd.GeoDataFrame, address: TileAddress, window: Window) -> TileFeatures:
    shapes = shapely.transform(np.asarray(frame.geometry.array), window.pixels)
    rows = pd.DataFrame(frame.drop(columns=frame.geometry.name)).rename(columns=FIELDS)
    return TileFeatures(rows.assign(**{GEOMETRY_TYPE: KINDS[shapely.get_type_id(shapes)]}), shapes, window.box(address))
