"""Hills, rivers and reservoirs: the ground on which towns, roads and pipelines find their way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from data.sample.noise import Floats, Rng, fractal_field, meander, rounded_ring, sampled
from data.sample.plane import km
from data.sample.size import Size

HALF_WIDTH_M, HALF_HEIGHT_M = 20_400.0, 18_600.0
COARSE_CELL_M = 150.0

RIVERS_KM = {
    "沧溪河": [
        (-21, 12),
        (-14.5, 9),
        (-9.5, 4.6),
        (-4.8, 0.4),
        (0.4, -1.2),
        (3.8, -4.6),
        (5, -9),
        (8, -13.2),
        (9, -19),
    ],
    "白鹭河": [(17, 15), (9, 9.4), (4.6, 4.2), (3.4, -0.6), (3.3, -4.0)],
    "望溪河": [(-20, -4), (-10.4, -4.4), (-4, -6.4), (2, -7.1), (4.55, -7.3)],
}
RIVER_WIDTH_M = {"沧溪河": 130.0, "白鹭河": 46.0, "望溪河": 40.0}
SOURCE_HEIGHT_M, FALL_M_PER_KM = 312.0, {"沧溪河": 0.9, "白鹭河": 3.2, "望溪河": 4.5}
MOUNTAINS_KM = [
    (-13.5, -10.5, 5.5, 1.0),
    (13.5, 13.0, 5.0, 0.75),
    (-16.0, 13.5, 4.0, 0.35),
    (16.5, -11.0, 4.5, 0.45),
]
"""East, north, radius in km and height relative to the highest."""
RESERVOIRS_KM = {
    "云台水库": (-9.6, -9.4, 0.62),
    "龙潭沟水库": (12.6, 10.6, 0.38),
    "石鹤水库": (-6.4, 12.4, 0.27),
}
"""Where to look for a hollow, and the surface in km2."""


@dataclass(frozen=True)
class River:
    """A river by its centreline, from source to mouth, and its mean width."""

    name: str
    line: Floats
    width_m: float

    @cached_property
    def polygon(self) -> shapely.Polygon:
        """Surface, wider downstream and uneven as banks are."""
        position = np.linspace(0, 1, len(self.line))
        wobble = 1 + 0.18 * np.sin(position * 160) + 0.12 * np.sin(position * 371 + 1)
        half = self.width_m / 2 * (0.75 + 0.5 * position) * wobble
        ahead = np.gradient(self.line, axis=0)
        across = np.column_stack([-ahead[:, 1], ahead[:, 0]]) / np.hypot(*ahead.T)[:, None]
        ribbon = np.vstack([self.line + across * half[:, None], (self.line - across * half[:, None])[::-1]])
        spine = shapely.buffer(shapely.LineString(self.line), float(half.min()))
        return shapely.union(shapely.make_valid(shapely.Polygon(ribbon)), spine)


@dataclass(frozen=True)
class Terrain:
    """Heights in metres on a grid whose row 0 is the northernmost, with the waters in it."""

    cell_m: float
    heights: Floats
    rivers: tuple[River, ...]
    reservoirs: dict[str, shapely.Polygon]

    @property
    def transform(self) -> rasterio.Affine:
        """Cell to plane; the upper left corner is that of the upper left cell."""
        return rasterio.Affine(self.cell_m, 0, -HALF_WIDTH_M, 0, -self.cell_m, HALF_HEIGHT_M)

    def height_at(self, xy: Floats) -> Floats:
        """Heights in metres at points of the plane, shape (n, 2)."""
        return sampled(self.heights, *self._cells(xy))

    def slope_at(self, xy: Floats) -> Floats:
        """Gradient (east, north) in metres per metre at points of the plane, shape (n, 2)."""
        step = 60.0
        east = self.height_at(xy + [step, 0]) - self.height_at(xy - [step, 0])
        north = self.height_at(xy + [0, step]) - self.height_at(xy - [0, step])
        return np.column_stack([east, north]) / (2 * step)

    def _cells(self, xy: Floats) -> tuple[Floats, Floats]:
        return (HALF_HEIGHT_M - xy[:, 1]) / self.cell_m - 0.5, (xy[:, 0] + HALF_WIDTH_M) / self.cell_m - 0.5

    @cached_property
    def water(self) -> shapely.Geometry:
        """All water surfaces as one geometry, prepared."""
        surface = shapely.union_all([river.polygon for river in self.rivers] + list(self.reservoirs.values()))
        shapely.prepare(surface)
        return surface

    @cached_property
    def south_west_bank(self) -> shapely.Polygon:
        """The land on the right-hand side of the main river (seen downstream)."""
        line = self.rivers[0].line
        far = 60_000.0
        return shapely.make_valid(
            shapely.Polygon([*line, (line[-1][0], -far), (-far, -far), (-far, line[0][1])])
        )


def build_terrain(rng: Rng, size: Size) -> Terrain:
    """The county's ground: rivers first, hills around them, reservoirs in the hollows."""
    rivers = _rivers(rng)
    coarse = _coarse_heights(rng, rivers)
    shape = (round(2 * HALF_HEIGHT_M / size.relief_cell_m), round(2 * HALF_WIDTH_M / size.relief_cell_m))
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    scale = size.relief_cell_m / COARSE_CELL_M
    base = sampled(coarse[0], (rows + 0.5) * scale - 0.5, (columns + 0.5) * scale - 0.5)
    rough = sampled(coarse[1], (rows + 0.5) * scale - 0.5, (columns + 0.5) * scale - 0.5)
    heights = base + rough * 4.5 * fractal_field(rng, shape, exponent=2.6)
    terrain = Terrain(size.relief_cell_m, heights, rivers, {})
    reservoirs = {name: _reservoir(terrain, place) for name, place in RESERVOIRS_KM.items()}
    return Terrain(size.relief_cell_m, _with_water_levels(terrain, reservoirs), rivers, reservoirs)


def _rivers(rng: Rng) -> tuple[River, ...]:
    rivers = []
    for name, points in RIVERS_KM.items():
        line = meander(rng, np.array(points, float) * 1000, rounds=4, strength=0.17)
        rivers.append(River(name, line, RIVER_WIDTH_M[name]))
    main = shapely.LineString(rivers[0].line)
    joined = [rivers[0]]
    for river in rivers[1:]:
        mouth = shapely.get_coordinates(main.interpolate(main.project(shapely.Point(river.line[-1]))))
        joined.append(River(river.name, np.vstack([river.line[:-1], mouth]), river.width_m))
    return tuple(joined)


def _bed_heights(river: River, mouth_m: float | None) -> Floats:
    """Height of the water along a river: from the source downwards, or up from the mouth of a tributary."""
    run_km = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(river.line, axis=0).T))]) / 1000
    fall = run_km * FALL_M_PER_KM[river.name]
    return SOURCE_HEIGHT_M - fall if mouth_m is None else mouth_m + (fall[-1] - fall)


def _coarse_heights(rng: Rng, rivers: tuple[River, ...]) -> tuple[Floats, Floats]:
    """Height and roughness on the coarse grid; low along rivers, rising to the mountains."""
    main = _bed_heights(rivers[0], None)
    tree = cKDTree(rivers[0].line)
    beds = [main] + [_bed_heights(river, float(main[tree.query(river.line[-1])[1]])) for river in rivers[1:]]
    shape = (round(2 * HALF_HEIGHT_M / COARSE_CELL_M), round(2 * HALF_WIDTH_M / COARSE_CELL_M))
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    x = (columns + 0.5) * COARSE_CELL_M - HALF_WIDTH_M
    y = HALF_HEIGHT_M - (rows + 0.5) * COARSE_CELL_M
    distance, nearest = cKDTree(np.vstack([river.line for river in rivers])).query(
        np.column_stack([x.ravel(), y.ravel()])
    )
    distance = distance.reshape(shape)
    level = ndimage.gaussian_filter(np.concatenate(beds)[nearest].reshape(shape), 4)
    away = 1 - np.exp(-((distance / 2600.0) ** 1.4))
    hills = np.clip(0.5 + 0.28 * fractal_field(rng, shape, exponent=3.4), 0, None)
    ridges = np.clip(1 - np.abs(fractal_field(rng, shape, exponent=3.0)) / 1.6, 0, None)
    height = level + 5 + away * (150 * hills + _mountain(x, y) * (180 + 330 * ridges))
    return height, 0.25 + away * (0.6 + 2.4 * _mountain(x, y))


def _mountain(x_m: Floats, y_m: Floats) -> Floats:
    total = np.zeros_like(x_m)
    for east, north, radius, height in MOUNTAINS_KM:
        total += height * np.exp(
            -((x_m / 1000 - east) ** 2 + (y_m / 1000 - north) ** 2) / (2 * (radius / 1.5) ** 2)
        )
    return np.clip(total, 0, 1.2)


def _reservoir(terrain: Terrain, place: tuple[float, float, float]) -> shapely.Polygon:
    """The hollow near a place filled until its surface has the wanted area."""
    centre, wanted_m2, reach_m = km(*place[:2]), place[2] * 1e6, 1500.0
    row, column = (int(v[0]) for v in terrain._cells(centre[None, :]))
    reach = int(reach_m / terrain.cell_m)
    window = ndimage.gaussian_filter(terrain.heights, 120.0 / terrain.cell_m)
    window = window[row - reach : row + reach, column - reach : column + reach]
    rows, columns = np.indices(window.shape)
    window = window + 260 * (np.hypot(rows - reach, columns - reach) / reach) ** 4
    low, high = float(window.min()), float(window.max())
    for _ in range(30):
        level = (low + high) / 2
        filled = _pool(window, level)
        low, high = (level, high) if filled.sum() * terrain.cell_m**2 < wanted_m2 else (low, level)
    corner = terrain.transform @ rasterio.Affine.translation(column - reach, row - reach)
    return _smooth_outline(_pool(window, high), corner)


def _pool(window: Floats, level: float) -> NDArray[np.bool_]:
    labels, _ = ndimage.label(window < level)
    return np.asarray(labels == labels.flat[int(window.argmin())])


def _smooth_outline(mask: NDArray[np.bool_], transform: rasterio.Affine) -> shapely.Polygon:
    shapes = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=transform)
    polygon = max((shapely.geometry.shape(shape) for shape, _ in shapes), key=lambda polygon: polygon.area)
    ring = shapely.get_coordinates(shapely.simplify(polygon.exterior, 1.2 * abs(transform.a)))
    return shapely.Polygon(rounded_ring(ring, rounds=2))


def _with_water_levels(terrain: Terrain, reservoirs: dict[str, shapely.Polygon]) -> Floats:
    """Heights with level surfaces burnt in: reservoirs flat, rivers slightly below their banks."""
    heights = terrain.heights.copy()
    shape = heights.shape
    for polygon in reservoirs.values():
        mask = rasterio.features.geometry_mask(
            [polygon], shape, terrain.transform, invert=True, all_touched=True
        )
        heights[mask] = np.median(heights[mask])
    channel = [river.polygon for river in terrain.rivers]
    mask = rasterio.features.geometry_mask(channel, shape, terrain.transform, invert=True)
    heights[mask] -= 3.5
    return heights
